//! What people write, on its way to the core.
//!
//! The core's cursor is our own sync token: committed with the events that it covers. The SDK keeps another one, which
//! runs ahead of ours when the program ends between its commit and the core's; [`Sync::catch_up`] fetches what lies
//! between them by a request past the SDK. Whatever arrives twice that way is recognised by the core.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bridge_core::chat::{Audience, Author, Body, ChatEvent, Cursor, Gap, Network, Place};
use bridge_core::{BridgeError, BridgeHandle, Timestamp};
use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::api::client::filter::{
    Filter as EventFilter, FilterDefinition, LazyLoadOptions, RoomEventFilter,
};
use matrix_sdk::ruma::api::client::sync::sync_events;
use matrix_sdk::ruma::events::AnySyncTimelineEvent;
use matrix_sdk::ruma::presence::PresenceState;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, RoomId, UInt};
use matrix_sdk::store::StateStoreDataKey;
use matrix_sdk::sync::SyncResponse;
use matrix_sdk::{Client, Room};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::backoff::Backoff;
use crate::error::Failure;
use crate::event::{self, Event, Said};
use crate::rooms;

/// How long the homeserver holds a request when there is nothing to say.
const POLL: Duration = Duration::from_secs(30);

/// How long the homeserver may take over an account's first answer, or one after a long absence, on top of a request's
/// own time. Asked for the full state, it does not hold its answer back, however long it may.
const LONG_ANSWER: Duration = Duration::from_secs(300);

/// After how many failures in a row to fetch something of one room it is left out, for the sake of the others. The waits
/// between them add up to half a minute: not before a part of the homeserver had time to start again.
const TRIES_OF_A_ROOM: u32 = 6;

/// The longest stretch of one room that is fetched after an absence: pages of [`PAGE`] events.
const PAGES: u32 = 50;
const PAGE: u32 = 100;

/// How many events of a room's timeline one answer holds at most.
const TIMELINE: u32 = 50;

/// How many events the core is handed at a time.
const CHUNK: usize = 100;

/// The homeserver was set up anew, or forgot.
const POSITION_UNKNOWN: &str = "The Matrix homeserver no longer knows up to where I had read (was it set up anew?). What was \
                                written while I was away did not reach me: please send again what bears no mark and \
                                should go out.";

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

/// Failures in a row to fetch something of one room.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<HashMap<OwnedRoomId, u32>>);

impl Troubles {
    /// Counts a failure to fetch something of a room. `Ok`: it is given up.
    fn give_up(&self, room: &RoomId, failure: Failure) -> Result<(), Failure> {
        // These are about the homeserver or the account, not the room.
        if matches!(failure, Failure::Unreached(_) | Failure::Local(_))
            || failure.is_revoked()
            || failure.after().is_some()
            || matches!(failure, Failure::Refused { status: 429, .. })
        {
            return Err(failure);
        }
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(room.to_owned()).or_default();
        *count = count.saturating_add(1);
        if *count < TRIES_OF_A_ROOM {
            return Err(failure);
        }
        error!(adapter = "matrix", %room, error = %failure, attempt = *count,
            "the homeserver does not give what was written in this room; it is left out, and people are told");
        Ok(())
    }

    /// A turn went through: all rooms start over.
    fn reset(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Part of one room's timeline.
struct Stretch {
    room_id: OwnedRoomId,
    /// Where the events before these begin. `None` where nothing is left out.
    before: Option<String>,
    events: Vec<Raw<AnySyncTimelineEvent>>,
}

/// Why something that was said in a room is not read.
#[derive(Debug, PartialEq, Eq)]
enum LeftOut {
    /// The homeserver did not give it, in its words.
    Refused(String),
    /// More than [`PAGES`] pages.
    TooMuch,
}

impl LeftOut {
    /// What people in the room are told.
    fn gap(self, room: &Room) -> Gap {
        Gap {
            place: Some(Place {
                chat: room.room_id().to_string(),
                thread: None,
            }),
            words: self.words(room.name().as_deref()),
        }
    }

    /// With the room's name, since they may read it in the admin room.
    fn words(&self, name: Option<&str>) -> String {
        let room = name.map_or_else(|| "a room".to_owned(), |name| format!("the room {name}"));
        let why = match self {
            Self::Refused(cause) => format!("the homeserver did not give it to me ({cause})"),
            Self::TooMuch => "it was too much while I was away".to_owned(),
        };
        format!(
            "I could not read everything that was written in {room}: {why}. What I have read bears a mark. Please send \
             again what has none and should go out."
        )
    }
}

impl Sync<'_> {
    /// Hands over what was said while nobody listened, and returns where to go on. After it the SDK knows its rooms.
    pub(crate) async fn catch_up(&self) -> Result<String, Ended> {
        let key = self.key();
        let mut ours = loop {
            match self.bridge.cursor(self.network, &key).await {
                Ok(cursor) => break cursor,
                Err(BridgeError::Stopping) => return Err(Ended::Stopped),
                Err(error) => {
                    warn!(adapter = "matrix", %error, "cursor not read");
                    self.pause(Duration::from_secs(1)).await?;
                }
            }
        };
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
        let mut gaps = Vec::new();
        let missed = match &ours {
            Some(since) => self.fetch_since(since, &mut gaps).await?,
            None => Vec::new(),
        };
        if ours.is_some() {
            info!(
                adapter = "matrix",
                rooms = missed.len(),
                "fetched what the core had not stored"
            );
        }
        self.hand_over(missed, gaps, ours.as_deref(), &theirs)
            .await?;
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
            self.hand_over(stretches(response), Vec::new(), Some(&position), &next)
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

    /// What happened since `since`, without the SDK.
    async fn fetch_since(&self, since: &str, gaps: &mut Vec<Gap>) -> Result<Vec<Stretch>, Ended> {
        let mut request = sync_events::v3::Request::new();
        request.since = Some(since.to_owned());
        request.filter = Some(filter(TIMELINE));
        request.set_presence = PresenceState::Offline;
        let patient = self.client.request_config().timeout(LONG_ANSWER);
        let answer = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Ended::Stopped),
            answer = self.client.send(request).with_request_config(patient) => {
                answer.map_err(Failure::from)
            }
        };
        match answer {
            Ok(response) => Ok(raw_stretches(response)),
            // The token of a homeserver that was set up anew.
            Err(failure @ Failure::Refused { status: 400, .. }) if failure.is_final() => {
                warn!(adapter = "matrix", error = %failure,
                    "the homeserver does not know our position; what was written meanwhile is not fetched");
                gaps.push(Gap {
                    place: None,
                    words: POSITION_UNKNOWN.to_owned(),
                });
                Ok(Vec::new())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Gives the core all that was said in these stretches, then the cursor. Does not return before it is durable.
    async fn hand_over(
        &self,
        stretches: Vec<Stretch>,
        mut gaps: Vec<Gap>,
        since: Option<&str>,
        next: &str,
    ) -> Result<(), Ended> {
        let mut events = Vec::new();
        for stretch in stretches {
            let Some(room) = self.client.get_room(&stretch.room_id) else {
                continue;
            };
            let mut left_out = None;
            for said in self.whole(&room, stretch, since, &mut left_out).await? {
                events.push(self.chat_event(&room, said, &mut left_out).await?);
                if events.len() >= CHUNK {
                    self.submit(std::mem::take(&mut events), Vec::new(), None)
                        .await?;
                }
            }
            gaps.extend(left_out.map(|why| why.gap(&room)));
        }
        self.submit(events, gaps, Some(self.cursor(next))).await?;
        self.troubles.reset();
        Ok(())
    }

    /// What was said in a stretch, with what the homeserver left out of it.
    async fn whole(
        &self,
        room: &Room,
        stretch: Stretch,
        since: Option<&str>,
        left_out: &mut Option<LeftOut>,
    ) -> Result<Vec<Said>, Ended> {
        let me = room.own_user_id();
        let mut events = read_all(&stretch.events);
        let mut before = stretch.before;
        for page in 0..PAGES {
            // What was said before the bot joined was not said to it.
            if events.iter().any(|event| event.is_join_of(me)) {
                break;
            }
            let Some(from) = before.take() else { break };
            let mut options = MessagesOptions::backward().from(from.as_str());
            options.to = since.map(ToOwned::to_owned);
            options.limit = UInt::from(PAGE);
            let answer = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Ended::Stopped),
                answer = room.messages(options) => answer.map_err(Failure::from),
            };
            let older = match answer {
                Ok(older) => older,
                // The bot was removed: what it may no longer see is gone for it.
                Err(failure) if failure.doubts_membership() => break,
                Err(failure) => {
                    let words = failure.to_string();
                    self.troubles.give_up(room.room_id(), failure)?;
                    *left_out = Some(LeftOut::Refused(words));
                    break;
                }
            };
            let mut earlier: Vec<Event> = older
                .chunk
                .iter()
                .rev()
                .filter_map(|event| event::read(event.raw()))
                .collect();
            earlier.append(&mut events);
            events = earlier;
            before = older.end;
            if page + 1 == PAGES && before.is_some() {
                warn!(adapter = "matrix", room = %room.room_id(),
                    "too much was written during an absence; the oldest of it is left out");
                *left_out = Some(LeftOut::TooMuch);
            }
        }
        let joined = events.iter().rposition(|event| event.is_join_of(me));
        Ok(events
            .into_iter()
            .skip(joined.map_or(0, |at| at + 1))
            .filter_map(|event| event.said(me))
            .collect())
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
            },
            place: Place {
                chat: room.room_id().to_string(),
                thread: None,
            },
            message: said.event_id,
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
            Body::Text(text) => text.starts_with(['!', '/']),
            Body::Unsupported(_) | Body::Choice(_) => false,
        };
        let members = room
            .joined_members_count()
            .saturating_add(room.invited_members_count());
        if is_command || members <= 2 || rooms::is_ours(room).await? {
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
        let mut backoff = Backoff::default();
        loop {
            let answer = self
                .bridge
                .submit_with_gaps(self.network, events.clone(), gaps.clone(), cursor.clone())
                .await;
            match answer {
                Ok(_verdicts) => {
                    debug!(adapter = "matrix", events = count, "handed over");
                    return Ok(());
                }
                Err(BridgeError::Stopping) => return Err(Ended::Stopped),
                Err(error) => {
                    warn!(adapter = "matrix", events = count, %error, "not handed over");
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
fn filter(timeline: u32) -> sync_events::v3::Filter {
    let mut definition = FilterDefinition::default();
    definition.presence = EventFilter::ignore_all();
    definition.room.ephemeral = RoomEventFilter::ignore_all();
    definition.room.state.lazy_load_options = LazyLoadOptions::Enabled {
        include_redundant_members: false,
    };
    definition.room.timeline.limit = Some(UInt::from(timeline));
    sync_events::v3::Filter::FilterDefinition(definition)
}

fn stretches(response: SyncResponse) -> Vec<Stretch> {
    let joined = response
        .rooms
        .joined
        .into_iter()
        .map(|(room_id, update)| (room_id, update.timeline));
    let left = response
        .rooms
        .left
        .into_iter()
        .map(|(room_id, update)| (room_id, update.timeline));
    joined
        .chain(left)
        .map(|(room_id, timeline)| Stretch {
            room_id,
            before: timeline.prev_batch.filter(|_| timeline.limited),
            events: timeline
                .events
                .into_iter()
                .map(|event| event.into_raw())
                .collect(),
        })
        .collect()
}

fn raw_stretches(response: sync_events::v3::Response) -> Vec<Stretch> {
    let joined = response
        .rooms
        .join
        .into_iter()
        .map(|(room_id, update)| (room_id, update.timeline));
    let left = response
        .rooms
        .leave
        .into_iter()
        .map(|(room_id, update)| (room_id, update.timeline));
    joined
        .chain(left)
        .map(|(room_id, timeline)| Stretch {
            room_id,
            before: timeline.prev_batch.filter(|_| timeline.limited),
            events: timeline.events,
        })
        .collect()
}

fn read_all(events: &[Raw<AnySyncTimelineEvent>]) -> Vec<Event> {
    events.iter().filter_map(event::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rooms_trouble_holds_the_others_for_a_while_only() {
        let room = RoomId::parse("!a:example.org").unwrap();
        let other = RoomId::parse("!b:example.org").unwrap();
        let broken = || Failure::Refused {
            status: 500,
            code: "M_UNKNOWN".to_owned(),
            message: String::new(),
            after: None,
        };
        let troubles = Troubles::default();
        for _try in 1..TRIES_OF_A_ROOM {
            assert!(troubles.give_up(&room, broken()).is_err());
        }
        assert!(troubles.give_up(&other, broken()).is_err());
        assert!(troubles.give_up(&room, broken()).is_ok());
        troubles.reset();
        assert!(troubles.give_up(&room, broken()).is_err());
    }

    #[test]
    fn what_is_left_out_is_said_with_the_reason_and_what_to_do() {
        let refused = LeftOut::Refused("M_UNKNOWN: broken".to_owned()).words(Some("Ann"));
        for part in ["the room Ann", "M_UNKNOWN: broken", "send again"] {
            assert!(refused.contains(part), "{refused}");
        }
        let much = LeftOut::TooMuch.words(None);
        assert!(
            much.contains("a room") && much.contains("too much"),
            "{much}"
        );
    }

    #[test]
    fn a_homeserver_that_is_away_is_no_rooms_trouble() {
        let room = RoomId::parse("!a:example.org").unwrap();
        let limit = |code: &str, status| Failure::Refused {
            status,
            code: code.to_owned(),
            message: String::new(),
            after: None,
        };
        for failure in [
            Failure::Unreached("down".to_owned()),
            Failure::Local("disk full".to_owned()),
            limit("M_LIMIT_EXCEEDED", 429),
            limit("M_UNKNOWN_TOKEN", 401),
            limit("M_RESOURCE_LIMIT_EXCEEDED", 403),
        ] {
            let troubles = Troubles::default();
            for _try in 0..TRIES_OF_A_ROOM * 2 {
                assert!(
                    troubles.give_up(&room, failure.clone()).is_err(),
                    "{failure}"
                );
            }
        }
    }
}
