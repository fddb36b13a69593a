//! What people write, on its way to the core.
//!
//! The core's cursor is our own sync token: committed with the events that it covers. The SDK keeps another one, which
//! runs ahead of ours when the program ends between its commit and the core's; `missed.rs` fetches what lies between them by
//! requests past the SDK. Whatever arrives twice that way is recognised by the core.

use std::time::Duration;

use bridge_core::chat::{Audience, Author, Body, ChatEvent, Cursor, Gap, Network, Place};
use bridge_core::{BridgeError, BridgeHandle, Timestamp};
use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::ruma::api::client::filter::{
    Filter as EventFilter, FilterDefinition, LazyLoadOptions, RoomEventFilter,
};
use matrix_sdk::ruma::api::client::sync::sync_events;
use matrix_sdk::ruma::presence::PresenceState;
use matrix_sdk::ruma::{OwnedUserId, UInt};
use matrix_sdk::store::StateStoreDataKey;
use matrix_sdk::sync::SyncResponse;
use matrix_sdk::{Client, Room};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::backoff::Backoff;
use crate::error::Failure;
use crate::event::Said;
use crate::marker;
use crate::missed::{LONG_ANSWER, LeftOut, Stretch, Troubles, stretches};

/// How long the homeserver holds a request when there is nothing to say.
const POLL: Duration = Duration::from_secs(30);

/// How many events of a room's timeline one answer holds at most.
pub(crate) const TIMELINE: u32 = 50;

/// How many events the core is handed at a time.
const CHUNK: usize = 100;

/// Why listening ended.
pub(crate) enum Ended {
    /// The program stops.
    Stopped,
    /// Start again after a while.
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The loop from the homeserver to the core.
pub(crate) struct Sync<'a> {
    pub(crate) client: &'a Client,
    pub(crate) bridge: &'a BridgeHandle,
    pub(crate) stop: &'a CancellationToken,
    pub(crate) network: &'a Network,
    /// Called when the SDK knows its rooms, before what was missed is fetched; and whenever an invitation came.
    pub(crate) on_rooms: &'a (dyn Fn() + Send + std::marker::Sync),
    pub(crate) troubles: Troubles,
}

impl Sync<'_> {
    /// Hands over what was said while nobody listened, and returns where to go on. After it the SDK knows its rooms.
    pub(crate) async fn catch_up(&self) -> Result<String, Ended> {
        let key = self.key();
        let mut ours = self
            .asked(|| self.bridge.cursor(self.network, &key))
            .await?;
        let theirs = match self.sdk_token().await? {
            Some(token) => token,
            // What a new device sees first is history: it only tells the SDK its rooms.
            None => {
                let first = self
                    .sync(SyncToken::NoToken, LONG_ANSWER, 1)
                    .await?
                    .next_batch;
                if ours.is_none() {
                    // Before a room is made or joined: whatever is said there comes after a position that the core has.
                    self.submit(Vec::new(), Vec::new(), Some(self.cursor(&first)))
                        .await?;
                    ours = Some(first.clone());
                }
                first
            }
        };
        (self.on_rooms)();
        if ours.as_ref() == Some(&theirs) {
            return Ok(theirs);
        }
        if let Some(since) = ours {
            self.fetch_missed(since, &theirs).await?;
        } else {
            self.hand_over(Vec::new(), Vec::new(), None, Some(&theirs))
                .await?;
        }
        Ok(theirs)
    }

    /// One turn of the loop: waits for the homeserver, hands over, returns the next position.
    pub(crate) async fn turn(&self, position: String) -> Result<String, Ended> {
        // Ahead of ours after a failure in the middle: then its next answer may hold nothing of what we miss.
        if self.sdk_token().await?.as_ref() != Some(&position) {
            return self.catch_up().await;
        }
        let response = self
            .sync(SyncToken::Specific(position.clone()), POLL, TIMELINE)
            .await?;
        let next = response.next_batch.clone();
        let invited = !response.rooms.invited.is_empty();
        if next != position {
            self.hand_over(
                stretches(response),
                Vec::new(),
                Some(&position),
                Some(&next),
            )
            .await?;
        }
        if invited {
            (self.on_rooms)();
        }
        Ok(next)
    }

    /// One cursor for each account: sync tokens of one device serve another.
    fn key(&self) -> String {
        self.client
            .user_id()
            .map(|user| user.to_string())
            .unwrap_or_default()
    }

    fn cursor(&self, position: &str) -> Cursor {
        Cursor {
            key: self.key(),
            value: position.to_owned(),
        }
    }

    async fn sdk_token(&self) -> Result<Option<String>, Failure> {
        let stored = self
            .client
            .state_store()
            .get_kv_data(StateStoreDataKey::SyncToken)
            .await
            .map_err(|error| Failure::Local(format!("failed to read the Matrix store: {error}")))?;
        Ok(stored.and_then(|value| value.into_sync_token()))
    }

    async fn sync(
        &self,
        token: SyncToken,
        poll: Duration,
        timeline: u32,
    ) -> Result<SyncResponse, Ended> {
        let settings = SyncSettings::new()
            .full_state(matches!(token, SyncToken::NoToken))
            .token(token)
            .timeout(poll)
            .filter(filter(timeline))
            .set_presence(PresenceState::Offline);
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ended::Stopped),
            response = Box::pin(self.client.sync_once(settings)) => {
                response.map_err(|error| Ended::Failed(error.into()))
            }
        }
    }

    /// Gives the core all that was said in these stretches, then the position after them, if it is to be kept. Does not
    /// return before it is durable.
    pub(crate) async fn hand_over(
        &self,
        stretches: Vec<Stretch>,
        mut gaps: Vec<Gap>,
        since: Option<&str>,
        next: Option<&str>,
    ) -> Result<(), Ended> {
        let mut events = Vec::new();
        for stretch in stretches {
            let Some(room) = self.client.get_room(&stretch.room_id) else {
                debug!(adapter = "matrix", room = %stretch.room_id, "not known yet");
                continue;
            };
            let mut left_out = None;
            let all_said = self.whole(&room, stretch, since, &mut left_out).await?;
            if !all_said.is_empty() {
                self.adopt(&room).await?;
            }
            for said in all_said {
                events.push(self.chat_event(&room, said, &mut left_out).await?);
                if events.len() >= CHUNK {
                    self.submit(std::mem::take(&mut events), Vec::new(), None)
                        .await?;
                }
            }
            gaps.extend(left_out.map(|why| why.gap(&room)));
        }
        self.submit(events, gaps, next.map(|next| self.cursor(next)))
            .await?;
        self.troubles.reset();
        Ok(())
    }

    /// A room that was made for a contact and never recorded: the homeserver went on making it after the program had
    /// ended, and the next one looked for it too early.
    async fn adopt(&self, room: &Room) -> Result<(), Ended> {
        let place = Place {
            chat: room.room_id().to_string(),
            thread: None,
        };
        let known = self.asked(|| self.bridge.room_kind(self.network, &place));
        if known.await?.is_some() {
            return Ok(());
        }
        match marker::made_for(self.client, room.room_id()).await {
            Ok(Some(destination)) => {
                self.asked(|| self.bridge.adopt_room(self.network, &place, &destination))
                    .await
            }
            Ok(None) => Ok(()),
            // The bot was removed: no room of anybody's.
            Err(failure) if failure.doubts_membership() => Ok(()),
            // To guess would leave what a person wrote unsent: the whole turn is repeated.
            Err(failure) => Err(failure.into()),
        }
    }

    async fn chat_event(
        &self,
        room: &Room,
        said: Said,
        left_out: &mut Option<LeftOut>,
    ) -> Result<ChatEvent, Ended> {
        let sender = OwnedUserId::try_from(said.sender.as_str()).ok();
        let member = match &sender {
            Some(sender) => room.get_member_no_sync(sender).await.ok().flatten(),
            None => None,
        };
        let name = member.map_or_else(|| said.sender.clone(), |member| member.name().to_owned());
        Ok(ChatEvent {
            audience: self.audience(room, &said, left_out).await?,
            id: said.event_id.clone(),
            author: Author {
                id: said.sender,
                name,
                is_person: true,
            },
            place: Place {
                chat: room.room_id().to_string(),
                thread: None,
            },
            message: said.about.unwrap_or(said.event_id),
            reply_to: said.reply_to,
            body: said.body,
            at: Timestamp(said.at),
        })
    }

    /// To the bridge: in a room of ours, in a private chat with it, by a command, by a reply to one of its posts.
    async fn audience(
        &self,
        room: &Room,
        said: &Said,
        left_out: &mut Option<LeftOut>,
    ) -> Result<Audience, Ended> {
        let is_command = match &said.body {
            Body::Text(text) | Body::Edited(text) => text.starts_with(['!', '/']),
            Body::Unsupported(_) | Body::Choice(_) | Body::Withdrawn => false,
        };
        let members = room
            .joined_members_count()
            .saturating_add(room.invited_members_count());
        if is_command || members <= 2 || marker::is_ours(room).await? {
            return Ok(Audience::Bridge);
        }
        let Some(answered) = said
            .reply_to
            .as_deref()
            .and_then(|id| matrix_sdk::ruma::EventId::parse(id).ok())
        else {
            return Ok(Audience::Group);
        };
        let answer = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Ended::Stopped),
            answer = room.event(&answered, None) => answer.map_err(Failure::from),
        };
        match answer {
            Ok(event) if event.sender().as_deref() == Some(room.own_user_id()) => {
                Ok(Audience::Bridge)
            }
            Ok(_) => Ok(Audience::Group),
            // It is not there, or not for the bot's eyes: none of its own.
            Err(failure) if failure.doubts_membership() => Ok(Audience::Group),
            // To guess would drop what a person wrote: the whole turn is repeated.
            Err(failure) => {
                let words = failure.to_string();
                self.troubles.give_up(room.room_id(), failure)?;
                *left_out = Some(LeftOut::Refused(words));
                Ok(Audience::Group)
            }
        }
    }

    async fn submit(
        &self,
        events: Vec<ChatEvent>,
        gaps: Vec<Gap>,
        cursor: Option<Cursor>,
    ) -> Result<(), Ended> {
        let count = events.len();
        let submit = || {
            let (events, gaps, cursor) = (events.clone(), gaps.clone(), cursor.clone());
            self.bridge
                .submit_with_gaps(self.network, events, gaps, cursor)
        };
        let _verdicts = self.asked(submit).await?;
        debug!(adapter = "matrix", events = count, "handed over");
        Ok(())
    }

    /// Asks the core until it answers: what failed stands in its own log too.
    async fn asked<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Ended>
    where
        F: Future<Output = Result<T, BridgeError>>,
    {
        let mut backoff = Backoff::default();
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(BridgeError::Stopping) => return Err(Ended::Stopped),
                Err(error) => {
                    warn!(adapter = "matrix", %error, "the core did not take what was written");
                    self.pause(backoff.next_wait(None)).await?;
                }
            }
        }
    }

    async fn pause(&self, wait: Duration) -> Result<(), Ended> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ended::Stopped),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}

/// What is asked for: messages and state, members as they write; neither typing nor receipts nor presence.
pub(crate) fn filter(timeline: u32) -> sync_events::v3::Filter {
    let mut definition = FilterDefinition::default();
    definition.presence = EventFilter::ignore_all();
    definition.room.ephemeral = RoomEventFilter::ignore_all();
    definition.room.state.lazy_load_options = LazyLoadOptions::Enabled {
        include_redundant_members: false,
    };
    definition.room.timeline.limit = Some(UInt::from(timeline));
    sync_events::v3::Filter::FilterDefinition(definition)
}
