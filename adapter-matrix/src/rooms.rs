//! Rooms: one for each contact, one for the owners; made once, and found again after a crash.
//!
//! A room carries its intent as a state event from its creation (`marker.rs`), so that one that was made but never
//! recorded is adopted instead of made again. Persons have no power to change it.

use std::collections::HashSet;

use bridge_core::chat::{
    Attempt, ChatError, Destination, InboxId, Place, Room as Made, RoomIntent, RoomKind,
};
use matrix_sdk::ruma::api::client::membership::invite_user;
use matrix_sdk::ruma::api::client::room::create_room;
use matrix_sdk::ruma::api::client::state::get_state_event_for_key;
use matrix_sdk::ruma::events::StateEventType;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use matrix_sdk::{Client, Room, RoomState};
use serde::Deserialize;
use serde_json::json;
use tracing::{info, warn};

use crate::error::{Failure, Request};
use crate::marker::{MARKER, Marker, all_joined, find, find_patiently};
use crate::outgoing::harmless;

/// How many persons are invited with the making of a room; the others follow one by one. Synapse refuses a wish for
/// more than its limit of invitations in a burst (10 by default) altogether.
const INVITED_AT_ONCE: usize = 5;

/// Finds or makes the room of a contact.
pub(crate) async fn ensure(client: &Client, intent: &RoomIntent) -> Result<Made, ChatError> {
    match intent.destination {
        Destination::Conversation { .. } | Destination::Notices { .. } => {}
        Destination::Admin { .. } | Destination::Place(_) => {
            return Err(ChatError::Reject {
                cause: "only contacts and notices get a room of their own".to_owned(),
            });
        }
    }
    let marker = Marker::of(intent);
    let invite = users(&intent.invite);
    let adopted = match intent.attempt {
        Attempt::First => None,
        Attempt::Repeat => find_patiently(client, &marker)
            .await
            .map_err(|failure| failure.into_chat_error(Request::Repeatable))?,
    };
    let room_id = match adopted {
        Some(room_id) => {
            invite_missing(client, &room_id, &invite).await?;
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
        Some(room_id) => {
            invite_missing(client, &room_id, &users(owners)).await?;
            room_id
        }
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
/// is taken then, and whoever can be invited is. What fails after the room was made is no
/// `Retry`, by which a first attempt says that there is none: the next one looks for it.
async fn create(
    client: &Client,
    title: &str,
    marker: &Marker,
    invite: Vec<OwnedUserId>,
) -> Result<OwnedRoomId, ChatError> {
    let at_once: Vec<OwnedUserId> = invite.iter().take(INVITED_AT_ONCE).cloned().collect();
    let everybody_at_once = at_once.len() == invite.len();
    let request = creation(title, marker, at_once)?;
    let failure = match client.create_room(request).await {
        Ok(room) => {
            let room_id = room.room_id().to_owned();
            info!(adapter = "matrix", room = %room_id, "room made");
            if !everybody_at_once {
                invite_missing(client, &room_id, &invite)
                    .await
                    .map_err(may_exist)?;
            }
            return Ok(room_id);
        }
        Err(error) => Failure::from(error),
    };
    let refusal = failure.into_chat_error(Request::Once);
    if !matches!(refusal, ChatError::Reject { .. }) {
        return Err(refusal);
    }
    let left_behind = find(client, &|found| found == marker)
        .await
        .map_err(|failure| may_exist(failure.into_chat_error(Request::Repeatable)))?;
    match left_behind {
        Some(room_id) => {
            invite_missing(client, &room_id, &invite)
                .await
                .map_err(may_exist)?;
            Ok(room_id)
        }
        None => Err(refusal),
    }
}

fn may_exist(error: ChatError) -> ChatError {
    ChatError::Unknown {
        cause: error.to_string(),
    }
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

/// Gives a contact's room another name.
pub(crate) async fn rename(client: &Client, room: &Made, title: &str) -> Result<(), ChatError> {
    let found = joined(client, &room.place).await?;
    match found.set_name(harmless(title)).await.map_err(Failure::from) {
        Ok(_event) => Ok(()),
        Err(failure) => Err(failure.into_chat_error(Request::Repeatable)),
    }
}

/// Whether the bot is in a room, as the homeserver says.
pub(crate) async fn is_joined(client: &Client, room_id: &RoomId) -> Result<bool, Failure> {
    Ok(all_joined(client).await?.iter().any(|id| id == room_id))
}

/// Joins the rooms to which a known person invited the bot. Invitations by others stay unanswered. Those that the
/// homeserver refuses for good are added to `refused` and not tried again while they stand there.
///
/// # Errors
///
/// The last failure; all others were tried.
pub(crate) async fn accept_invitations(
    client: &Client,
    is_known: impl Fn(&UserId) -> bool,
    refused: &mut HashSet<OwnedRoomId>,
) -> Result<(), Failure> {
    let mut failed = None;
    for room in client.invited_rooms() {
        if refused.contains(room.room_id()) {
            continue;
        }
        let inviter = match room.invite_details().await {
            Ok(details) => details.inviter_id,
            Err(_incomplete) => continue,
        };
        if !is_known(&inviter) {
            continue;
        }
        match room.join().await.map_err(Failure::from) {
            Ok(()) => info!(adapter = "matrix", room = %room.room_id(), "invitation accepted"),
            Err(error) => {
                warn!(adapter = "matrix", room = %room.room_id(), %error, "invitation not accepted");
                if error.is_final() {
                    refused.insert(room.room_id().to_owned());
                } else {
                    failed = Some(error);
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
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
    // Element's own event, in no specification: otherwise a preview asks the homeserver to open what links a stranger sends.
    let no_previews = json!({
        "type": "org.matrix.room.preview_urls",
        "state_key": "",
        "content": { "disable": true },
    });
    for event in [marker, no_guests, no_previews] {
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
        Destination::Notices { line, .. } => format!(
            "SMS from short codes and senders without a number, SIM {line}. Reply to a message to answer its sender."
        ),
        Destination::Admin { .. } | Destination::Place(_) => {
            "The SMS bridge: alerts and commands. Write !help.".to_owned()
        }
    }
}

/// Who can be invited; what is no user id was reported when the configuration was read.
fn users(ids: &[String]) -> Vec<OwnedUserId> {
    ids.iter().filter_map(|id| UserId::parse(id).ok()).collect()
}

/// What an attempt at inviting somebody came to.
#[derive(Debug)]
enum Invitation {
    /// They are in the room, or invited.
    Stands,
    /// The homeserver does not do it, however often it is asked.
    Refused(Failure),
    /// It may work later.
    Failed(Failure),
}

/// Invites who is neither in the room nor invited: a crash may have come between the room and its invitations.
async fn invite_missing(
    client: &Client,
    room_id: &RoomId,
    invite: &[OwnedUserId],
) -> Result<(), ChatError> {
    let mut outcomes = Vec::with_capacity(invite.len());
    for user in invite {
        let outcome = invite_one(client, room_id, user)
            .await
            .map_err(|failure| failure.into_chat_error(Request::Repeatable))?;
        if let Invitation::Refused(error) | Invitation::Failed(error) = &outcome {
            warn!(adapter = "matrix", room = %room_id, %error, "person not invited");
        }
        outcomes.push(outcome);
    }
    settled(outcomes)
}

/// Whether the room can be used as it is. Who was refused is no reason to hold the posts, nor is a person whose own
/// homeserver fails, as long as somebody is there to read. But a limit passes, and so does a lost connection.
fn settled(outcomes: Vec<Invitation>) -> Result<(), ChatError> {
    let somebody = outcomes
        .iter()
        .any(|outcome| matches!(outcome, Invitation::Stands));
    for outcome in outcomes {
        match outcome {
            Invitation::Stands | Invitation::Refused(_) => {}
            Invitation::Failed(failure) => {
                let error = failure.clone().into_chat_error(Request::Repeatable);
                let about_them = match failure {
                    Failure::Unanswered(_) => true,
                    Failure::Refused { status, .. } => status == 408 || status >= 500,
                    Failure::Unreached(_)
                    | Failure::NotJoined
                    | Failure::Login(_)
                    | Failure::Local(_) => false,
                };
                if !(about_them && somebody) {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// # Errors
///
/// The homeserver did not say who is in the room.
async fn invite_one(
    client: &Client,
    room_id: &RoomId,
    user: &UserId,
) -> Result<Invitation, Failure> {
    let request = get_state_event_for_key::v3::Request::new(
        room_id.to_owned(),
        StateEventType::RoomMember,
        user.to_string(),
    );
    let membership = match client.send(request).await.map_err(Failure::from) {
        Ok(answer) => serde_json::from_str::<Member>(answer.event_or_content.get()).ok(),
        // Never heard of.
        Err(failure) if failure.doubts_membership() => None,
        Err(failure) => return Err(failure),
    };
    if membership.is_some_and(|member| ["join", "invite"].contains(&member.membership.as_str())) {
        return Ok(Invitation::Stands);
    }
    let whom = invite_user::v3::InviteUserId::new(user.to_owned());
    let request = invite_user::v3::Request::new(
        room_id.to_owned(),
        invite_user::v3::InvitationRecipient::UserId(whom),
    );
    Ok(match client.send(request).await.map_err(Failure::from) {
        Ok(_) => Invitation::Stands,
        Err(failure) if failure.is_final() => Invitation::Refused(failure),
        Err(failure) => Invitation::Failed(failure),
    })
}

/// The content of a membership event.
#[derive(Deserialize)]
struct Member {
    membership: String,
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
        let previews: serde_json::Value =
            serde_json::from_str(request.initial_state[2].json().get()).unwrap();
        assert_eq!(previews["type"], "org.matrix.room.preview_urls");
        assert_eq!(previews["content"]["disable"], true);
    }

    #[test]
    fn a_room_is_used_when_somebody_can_read_it() {
        let refused = |status, code: &str| Failure::Refused {
            status,
            code: code.to_owned(),
            message: String::new(),
            after: None,
        };
        let no = || Invitation::Refused(refused(403, "M_FORBIDDEN"));
        let limit = || Invitation::Failed(refused(429, "M_LIMIT_EXCEEDED"));
        let broken = || Invitation::Failed(refused(502, ""));
        let silent = || Invitation::Failed(Failure::Unanswered("time-out".to_owned()));
        let unreached = || Invitation::Failed(Failure::Unreached("down".to_owned()));
        let cases = [
            (vec![], true),
            (vec![Invitation::Stands, Invitation::Stands], true),
            (vec![no()], true),
            (vec![Invitation::Stands, no()], true),
            (vec![Invitation::Stands, limit()], false),
            (vec![Invitation::Stands, unreached()], false),
            (vec![broken(), Invitation::Stands], true),
            (vec![Invitation::Stands, silent()], true),
            (vec![broken()], false),
            (vec![no(), silent()], false),
        ];
        for (outcomes, usable) in cases {
            let words = format!("{outcomes:?}");
            let result = settled(outcomes);
            assert_eq!(result.is_ok(), usable, "{words}");
            assert!(
                matches!(result, Ok(()) | Err(ChatError::Retry { .. })),
                "{words}"
            );
        }
    }

    #[test]
    fn a_sender_without_a_number_is_announced_as_such() {
        let words = topic(&intent(Address::Name("MyBank".to_owned())).destination);
        assert!(words.contains("cannot be answered"), "{words}");
    }
}
