//! Rooms: one for each contact, one for the owners; made once, and found again after a crash.
//!
//! A room carries its intent as a state event ([`MARKER`]) from its creation, so that one that was made but never
//! recorded is adopted instead of made again. Persons have no power to change it.

use bridge_core::chat::{
    Attempt, ChatError, Destination, InboxId, Place, Room as Made, RoomIntent, RoomKind,
};
use matrix_sdk::deserialized_responses::RawAnySyncOrStrippedState;
use matrix_sdk::ruma::api::client::membership::joined_rooms;
use matrix_sdk::ruma::api::client::room::create_room;
use matrix_sdk::ruma::api::client::state::get_state_event_for_key;
use matrix_sdk::ruma::events::StateEventType;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use matrix_sdk::{Client, Room, RoomState};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::{info, warn};

use crate::error::{Failure, Request};
use crate::outgoing::harmless;

/// The type of the state event that says what a room of ours is for.
pub(crate) const MARKER: &str = "org.sms_bridge.room";

/// What a room is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    /// The id of the wish that made it.
    intent: String,
    /// For what.
    destination: Destination,
}

impl Marker {
    fn of(intent: &RoomIntent) -> Self {
        Self {
            intent: intent.id.to_string(),
            destination: intent.destination.clone(),
        }
    }
}

/// Finds or makes the room of a contact.
pub(crate) async fn ensure(client: &Client, intent: &RoomIntent) -> Result<Made, ChatError> {
    let Destination::Conversation { .. } = intent.destination else {
        return Err(ChatError::Reject {
            cause: "only a contact gets a room of its own".to_owned(),
        });
    };
    let marker = Marker::of(intent);
    let invite = users(&intent.invite);
    let adopted = match intent.attempt {
        Attempt::First => None,
        Attempt::Repeat => find(client, &|found| *found == marker)
            .await
            .map_err(|failure| failure.into_chat_error(Request::Repeatable))?,
    };
    let room_id = match adopted {
        Some(room_id) => {
            invite_missing(client, &room_id, &invite).await;
            info!(adapter = "matrix", room = %room_id, "room found again");
            room_id
        }
        None => create(client, &intent.title, &marker, invite).await?,
    };
    Ok(made(&room_id, RoomKind::Dedicated))
}

/// Finds or makes the admin room. There is one for the account, whoever wished for it: it is always looked for first.
pub(crate) async fn ensure_admin(
    client: &Client,
    title: &str,
    owners: &[String],
) -> Result<Made, ChatError> {
    let is_admin = |found: &Marker| matches!(found.destination, Destination::Admin { .. });
    let found = find(client, &is_admin)
        .await
        .map_err(|failure| failure.into_chat_error(Request::Repeatable))?;
    let room_id = match found {
        Some(room_id) => room_id,
        None => {
            let marker = Marker {
                intent: "admin".to_owned(),
                destination: Destination::Admin {
                    inbox: InboxId("admin".to_owned()),
                },
            };
            create(client, title, &marker, users(owners)).await?
        }
    };
    Ok(made(&room_id, RoomKind::Shared))
}

fn made(room_id: &RoomId, kind: RoomKind) -> Made {
    Made {
        place: Place {
            chat: room_id.to_string(),
            thread: None,
        },
        kind,
    }
}

/// Makes the room. A homeserver that cannot invite somebody refuses the whole wish, but leaves the room behind: that one
/// is taken then, and whoever can be invited is.
async fn create(
    client: &Client,
    title: &str,
    marker: &Marker,
    invite: Vec<OwnedUserId>,
) -> Result<OwnedRoomId, ChatError> {
    let request = creation(title, marker, invite.clone())?;
    let failure = match client.create_room(request).await {
        Ok(room) => {
            info!(adapter = "matrix", room = %room.room_id(), "room made");
            return Ok(room.room_id().to_owned());
        }
        Err(error) => Failure::from(error),
    };
    let refusal = failure.into_chat_error(Request::Once);
    if matches!(refusal, ChatError::Reject { .. })
        && let Ok(Some(room_id)) = find(client, &|found| found == marker).await
    {
        invite_missing(client, &room_id, &invite).await;
        return Ok(room_id);
    }
    Err(refusal)
}

/// The room of a place, if the bot is in it.
pub(crate) async fn joined(client: &Client, place: &Place) -> Result<Room, ChatError> {
    let room_id = RoomId::parse(&place.chat).map_err(|error| ChatError::RoomGone {
        cause: format!("not a Matrix room id: {error}"),
    })?;
    let retry = |failure: Failure| failure.into_chat_error(Request::Repeatable);
    if let Some(room) = client.get_room(&room_id) {
        match room.state() {
            RoomState::Joined => return Ok(room),
            RoomState::Left | RoomState::Invited | RoomState::Knocked | RoomState::Banned => {}
        }
    }
    // The SDK may not have heard of a room that was made just before a restart.
    if !is_joined(client, &room_id).await.map_err(retry)? {
        return Err(retry(Failure::NotJoined));
    }
    client
        .join_room_by_id(&room_id)
        .await
        .map_err(|error| retry(error.into()))
}

/// Whether the bot is in a room, as the homeserver says.
pub(crate) async fn is_joined(client: &Client, room_id: &RoomId) -> Result<bool, Failure> {
    Ok(all_joined(client).await?.iter().any(|id| id == room_id))
}

/// Whether a room was made by us for a purpose: what is written there is written to the bridge.
pub(crate) async fn is_ours(room: &Room) -> bool {
    let found = room.get_state_event(marker_type(), "").await;
    match found {
        Ok(Some(RawAnySyncOrStrippedState::Sync(event))) => {
            event
                .get_field::<OwnedUserId>("sender")
                .ok()
                .flatten()
                .as_deref()
                == Some(room.own_user_id())
        }
        Ok(Some(RawAnySyncOrStrippedState::Stripped(_)) | None) | Err(_) => false,
    }
}

/// Joins the rooms to which a known person invited the bot. Invitations by others stay unanswered.
pub(crate) async fn accept_invitations(client: &Client, is_known: impl Fn(&UserId) -> bool) {
    for room in client.invited_rooms() {
        let inviter = match room.invite_details().await {
            Ok(details) => details.inviter_id,
            Err(_incomplete) => continue,
        };
        if !is_known(&inviter) {
            continue;
        }
        match room.join().await {
            Ok(()) => info!(adapter = "matrix", room = %room.room_id(), "invitation accepted"),
            Err(error) => {
                let error = Failure::from(error);
                warn!(adapter = "matrix", room = %room.room_id(), %error, "invitation not accepted");
            }
        }
    }
}

fn marker_type() -> StateEventType {
    StateEventType::from(MARKER)
}

fn creation(
    title: &str,
    marker: &Marker,
    invite: Vec<OwnedUserId>,
) -> Result<create_room::v3::Request, ChatError> {
    let topic = topic(&marker.destination);
    let marker = json!({ "type": MARKER, "state_key": "", "content": marker });
    let no_guests = json!({
        "type": "m.room.guest_access",
        "state_key": "",
        "content": { "guest_access": "forbidden" },
    });
    let mut request = create_room::v3::Request::new();
    // No power levels of our own: a version 12 room refuses its creator in them, and the preset's leave the persons at 0.
    request.preset = Some(create_room::v3::RoomPreset::PrivateChat);
    request.name = Some(harmless(title));
    request.topic = Some(topic);
    request.invite = invite;
    for event in [marker, no_guests] {
        let raw = Raw::new(&event).map_err(|error| ChatError::Reject {
            cause: error.to_string(),
        })?;
        request.initial_state.push(raw.cast_unchecked());
    }
    Ok(request)
}

fn topic(destination: &Destination) -> String {
    match destination {
        Destination::Conversation { conversation, .. } => {
            let (address, line) = (&conversation.address, &conversation.line);
            if address.can_be_answered() {
                format!("SMS with {address}, SIM {line}. What you write here goes out as SMS.")
            } else {
                format!("SMS from {address}, SIM {line}. This sender cannot be answered.")
            }
        }
        Destination::Admin { .. } | Destination::Place(_) => {
            "The SMS bridge: alerts and commands. Write !help.".to_owned()
        }
    }
}

/// Who can be invited; what is no user id was reported when the configuration was read.
fn users(ids: &[String]) -> Vec<OwnedUserId> {
    ids.iter().filter_map(|id| UserId::parse(id).ok()).collect()
}

async fn all_joined(client: &Client) -> Result<Vec<OwnedRoomId>, Failure> {
    Ok(client
        .send(joined_rooms::v3::Request::new())
        .await?
        .joined_rooms)
}

/// Looks for a marker over all rooms that the bot is in: in the SDK's store for those it knows, else at the homeserver.
async fn find(
    client: &Client,
    is_wanted: &(dyn Fn(&Marker) -> bool + Send + Sync),
) -> Result<Option<OwnedRoomId>, Failure> {
    for room_id in all_joined(client).await? {
        let known = client.get_room(&room_id).filter(Room::is_synced);
        let marker = match known {
            Some(room) => match room.get_state_event(marker_type(), "").await? {
                Some(RawAnySyncOrStrippedState::Sync(event)) => {
                    event.get_field::<Marker>("content").ok().flatten()
                }
                Some(RawAnySyncOrStrippedState::Stripped(_)) | None => None,
            },
            None => ask_for_marker(client, &room_id).await?,
        };
        if marker.as_ref().is_some_and(is_wanted) {
            return Ok(Some(room_id));
        }
    }
    Ok(None)
}

async fn ask_for_marker(client: &Client, room_id: &RoomId) -> Result<Option<Marker>, Failure> {
    let request =
        get_state_event_for_key::v3::Request::new(room_id.to_owned(), marker_type(), String::new());
    match client.send(request).await.map_err(Failure::from) {
        Ok(answer) => Ok(serde_json::from_str(answer.event_or_content.get()).ok()),
        Err(failure) if failure.doubts_membership() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A crash may have come between the room and its invitations. One that fails is no reason to hold the post.
async fn invite_missing(client: &Client, room_id: &RoomId, invite: &[OwnedUserId]) {
    let Ok(room) = joined(
        client,
        &Place {
            chat: room_id.to_string(),
            thread: None,
        },
    )
    .await
    else {
        return;
    };
    for user in invite {
        // Whoever is there or invited already is refused by the homeserver with 403.
        match room.invite_user_by_id(user).await.map_err(Failure::from) {
            Ok(()) => {}
            Err(failure) if failure.doubts_membership() => {}
            Err(error) => {
                warn!(adapter = "matrix", room = %room_id, %error, "person not invited");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bridge_core::{Address, Conversation, PostId};

    use super::*;

    fn intent(address: Address) -> RoomIntent {
        RoomIntent {
            id: PostId(42),
            destination: Destination::Conversation {
                inbox: InboxId("rooms".to_owned()),
                conversation: Conversation {
                    line: "home".parse().unwrap(),
                    address,
                },
            },
            title: "Ann\u{202e}".to_owned(),
            invite: vec!["@me:example.org".to_owned(), "nobody".to_owned()],
            attempt: Attempt::First,
        }
    }

    #[test]
    fn a_room_is_private_named_marked_and_lists_no_creator() {
        let intent = intent(Address::Number("+12025550100".to_owned()));
        let request = creation(&intent.title, &Marker::of(&intent), users(&intent.invite)).unwrap();
        assert_eq!(request.name.as_deref(), Some("Ann"));
        assert_eq!(
            request.topic.as_deref(),
            Some("SMS with +12025550100, SIM home. What you write here goes out as SMS.")
        );
        assert_eq!(request.invite, ["@me:example.org"]);
        assert!(request.power_level_content_override.is_none());
        let marker: serde_json::Value =
            serde_json::from_str(request.initial_state[0].json().get()).unwrap();
        let found: Marker = serde_json::from_value(marker["content"].clone()).unwrap();
        assert_eq!(found, Marker::of(&intent));
    }

    #[test]
    fn a_sender_without_a_number_is_announced_as_such() {
        let words = topic(&intent(Address::Name("MyBank".to_owned())).destination);
        assert!(words.contains("cannot be answered"), "{words}");
    }
}
