//! What was written while nobody listened, and what the homeserver leaves out of an answer: fetched page by page, and where
//! that fails, people are told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bridge_core::chat::{Gap, Place};
use matrix_sdk::Room;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::api::client::sync::sync_events;
use matrix_sdk::ruma::events::AnySyncTimelineEvent;
use matrix_sdk::ruma::presence::PresenceState;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{OwnedRoomId, RoomId, UInt};
use matrix_sdk::sync::SyncResponse;
use tracing::{error, info, warn};

use crate::error::Failure;
use crate::event::{self, Event, Said};
use crate::incoming::{Ended, Sync, TIMELINE, filter};

/// How long the homeserver may take over an account's first answer, or one after a long absence, on top of a request's
/// own time. Asked for the full state, it does not hold its answer back, however long it may.
pub(crate) const LONG_ANSWER: Duration = Duration::from_secs(300);

/// After how many failures in a row to fetch something of one room it is left out, for the sake of the others. The waits
/// between them add up to half a minute: not before a part of the homeserver had time to start again.
const TRIES_OF_A_ROOM: u32 = 6;

/// The longest stretch of one room that is fetched after an absence: pages of [`PAGE`] events.
const PAGES: u32 = 50;
const PAGE: u32 = 100;

/// The homeserver was set up anew, or forgot.
const POSITION_UNKNOWN: &str = "The Matrix homeserver no longer knows up to where I had read (was it set up anew?). What was \
                                written while I was away did not reach me: please send again what bears no mark and \
                                should go out.";

/// Failures in a row to fetch something of one room.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<HashMap<OwnedRoomId, u32>>);

impl Troubles {
    /// Counts a failure to fetch something of a room. `Ok`: it is given up.
    pub(crate) fn give_up(&self, room: &RoomId, failure: Failure) -> Result<(), Failure> {
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
    pub(crate) fn reset(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Part of one room's timeline.
pub(crate) struct Stretch {
    pub(crate) room_id: OwnedRoomId,
    /// Where the events before these begin. `None` where nothing is left out.
    before: Option<String>,
    events: Vec<Raw<AnySyncTimelineEvent>>,
}

/// Why something that was said in a room is not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// The homeserver did not give it, in its words.
    Refused(String),
    /// More than [`PAGES`] pages.
    TooMuch,
}

impl LeftOut {
    /// What people in the room are told.
    pub(crate) fn gap(self, room: &Room) -> Gap {
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
    /// Hands over what lies between the core's position and the present, answer by answer, each with its own position: an
    /// answer may be an old one that the homeserver had kept (Synapse keeps each for two minutes), and end before `theirs`.
    pub(crate) async fn fetch_missed(&self, mut since: String, theirs: &str) -> Result<(), Ended> {
        loop {
            let mut gaps = Vec::new();
            let (missed, next) = match self.fetch_since(&since).await? {
                Some(response) => {
                    let next = response.next_batch.clone();
                    (raw_stretches(response), next)
                }
                None => {
                    gaps.push(Gap {
                        place: None,
                        words: POSITION_UNKNOWN.to_owned(),
                    });
                    (Vec::new(), theirs.to_owned())
                }
            };
            let rooms = missed.len();
            // The SDK's next answer begins at `theirs`, and brings what was said in rooms that it does not know yet.
            let is_past_theirs = missed
                .iter()
                .any(|stretch| self.client.get_room(&stretch.room_id).is_none());
            let position = (!is_past_theirs).then_some(next.as_str());
            self.hand_over(missed, gaps, Some(&since), position).await?;
            info!(
                adapter = "matrix",
                rooms, "fetched what the core had not stored"
            );
            if is_past_theirs || next == theirs || next == since {
                return Ok(());
            }
            since = next;
        }
    }

    /// What happened since `since`, without the SDK. `None`: the homeserver does not know that position.
    async fn fetch_since(&self, since: &str) -> Result<Option<sync_events::v3::Response>, Ended> {
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
            Ok(response) => Ok(Some(response)),
            // The token of a homeserver that was set up anew.
            Err(failure @ Failure::Refused { status: 400, .. }) if failure.is_final() => {
                warn!(adapter = "matrix", error = %failure,
                    "the homeserver does not know our position; what was written meanwhile is not fetched");
                Ok(None)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// What was said in a stretch, with what the homeserver left out of it.
    pub(crate) async fn whole(
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
}

pub(crate) fn stretches(response: SyncResponse) -> Vec<Stretch> {
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
