//! What a room of ours says of itself, by which it is found again: a state event with the intent, in it from its creation.

use std::time::Duration;

use bridge_core::chat::{Destination, RoomIntent};
use matrix_sdk::deserialized_responses::RawAnySyncOrStrippedState;
use matrix_sdk::ruma::api::client::membership::joined_rooms;
use matrix_sdk::ruma::api::client::state::{get_state_event_for_key, get_state_events};
use matrix_sdk::ruma::events::StateEventType;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use matrix_sdk::{Client, Room};
use serde::{Deserialize, Serialize};

use crate::error::Failure;

/// The type of the state event that says what a room of ours is for.
pub(crate) const MARKER: &str = "org.sms_bridge.room";

/// How long a homeserver is given to end the making of a room for which nobody waits any more. One that takes longer leaves
/// a stray room, which is adopted when somebody writes there ([`made_for`]).
const STILL_BEING_MADE: Duration = Duration::from_secs(3);

/// What a room is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    /// The id of the wish that made it.
    pub(crate) intent: String,
    /// For what.
    pub(crate) destination: Destination,
}

impl Marker {
    pub(crate) fn of(intent: &RoomIntent) -> Self {
        Self {
            intent: intent.id.to_string(),
            destination: intent.destination.clone(),
        }
    }
}

/// Whether a room was made by us for a purpose: what is written there is written to the bridge.
pub(crate) async fn is_ours(room: &Room) -> Result<bool, Failure> {
    match room.get_state_event(marker_type(), "").await? {
        Some(RawAnySyncOrStrippedState::Sync(event)) => {
            let sender = event.get_field::<OwnedUserId>("sender").ok().flatten();
            Ok(sender.as_deref() == Some(room.own_user_id()))
        }
        Some(RawAnySyncOrStrippedState::Stripped(_)) | None => Ok(false),
    }
}

fn marker_type() -> StateEventType {
    StateEventType::from(MARKER)
}

pub(crate) async fn all_joined(client: &Client) -> Result<Vec<OwnedRoomId>, Failure> {
    Ok(client
        .send(joined_rooms::v3::Request::new())
        .await?
        .joined_rooms)
}

/// The room of a marker, which may appear in a moment only.
pub(crate) async fn find_patiently(
    client: &Client,
    marker: &Marker,
) -> Result<Option<OwnedRoomId>, Failure> {
    let found = find(client, &|found| found == marker).await?;
    if found.is_some() {
        return Ok(found);
    }
    tokio::time::sleep(STILL_BEING_MADE).await;
    find(client, &|found| found == marker).await
}

/// Looks for a marker of ours over all rooms that the bot is in: in the SDK's store for those it knows, else at the
/// homeserver.
pub(crate) async fn find(
    client: &Client,
    is_wanted: &(dyn Fn(&Marker) -> bool + Send + Sync),
) -> Result<Option<OwnedRoomId>, Failure> {
    let Some(me) = client.user_id() else {
        return Err(Failure::Local("not logged in to Matrix".to_owned()));
    };
    for room_id in all_joined(client).await? {
        let marker = marker(client, &room_id, me).await?;
        if marker.as_ref().is_some_and(is_wanted) {
            return Ok(Some(room_id));
        }
    }
    Ok(None)
}

/// What the bridge once made this room for. `None` for a room that it did not make.
pub(crate) async fn made_for(
    client: &Client,
    room_id: &RoomId,
) -> Result<Option<Destination>, Failure> {
    let Some(me) = client.user_id() else {
        return Ok(None);
    };
    let marker = marker(client, room_id, me).await?;
    Ok(marker.map(|marker| marker.destination))
}

async fn marker(client: &Client, room_id: &RoomId, me: &UserId) -> Result<Option<Marker>, Failure> {
    let Some(room) = client.get_room(room_id).filter(Room::is_synced) else {
        return ask_for_marker(client, room_id, me).await;
    };
    Ok(match room.get_state_event(marker_type(), "").await? {
        Some(RawAnySyncOrStrippedState::Sync(event)) => trusted(event.json().get(), me),
        Some(RawAnySyncOrStrippedState::Stripped(_)) | None => None,
    })
}

/// A state event as far as it matters here.
#[derive(Deserialize)]
struct StateEvent {
    #[serde(rename = "type", default)]
    kind: String,
    sender: OwnedUserId,
    content: serde_json::Value,
}

/// The marker in a state event that the bot itself set. Whoever else has the power to write one in their own room could
/// have the bot take that room for a contact's.
pub(crate) fn trusted(event: &str, me: &UserId) -> Option<Marker> {
    let event: StateEvent = serde_json::from_str(event).ok()?;
    if event.kind != MARKER || event.sender != me {
        return None;
    }
    serde_json::from_value(event.content).ok()
}

async fn ask_for_marker(
    client: &Client,
    room_id: &RoomId,
    me: &UserId,
) -> Result<Option<Marker>, Failure> {
    let mut request =
        get_state_event_for_key::v3::Request::new(room_id.to_owned(), marker_type(), String::new());
    request.format = get_state_event_for_key::v3::StateEventFormat::Event;
    let answer = match client.send(request).await.map_err(Failure::from) {
        Ok(answer) => answer.event_or_content,
        Err(failure) if failure.doubts_membership() => return Ok(None),
        Err(failure) => return Err(failure),
    };
    if serde_json::from_str::<StateEvent>(answer.get()).is_ok() {
        return Ok(trusted(answer.get(), me));
    }
    // A homeserver that knows no `format` gives the content alone: then only the whole state names who set it.
    let request = get_state_events::v3::Request::new(room_id.to_owned());
    let state = client.send(request).await?.room_state;
    Ok(state
        .iter()
        .find_map(|event| trusted(event.json().get(), me)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_marker_of_our_own_is_trusted() {
        let marker = Marker {
            intent: "42".to_owned(),
            destination: Destination::Admin {
                inbox: bridge_core::chat::InboxId("admin".to_owned()),
            },
        };
        let me = UserId::parse("@sms:example.org").unwrap();
        let cases = [
            (MARKER, "@sms:example.org", true),
            (MARKER, "@mallory:example.org", false),
            ("m.room.topic", "@sms:example.org", false),
        ];
        for (kind, sender, expected) in cases {
            let event =
                json!({ "type": kind, "sender": sender, "state_key": "", "content": marker });
            let found = trusted(&event.to_string(), &me);
            assert_eq!(found.is_some(), expected, "{kind} by {sender}");
        }
        assert_eq!(trusted("{}", &me), None);
    }
}
