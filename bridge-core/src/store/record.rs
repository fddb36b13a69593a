//! What is stored. Every type here has a snapshot test: a change that old stores cannot read shows up there.

use serde::{Deserialize, Serialize};

use crate::address::{Address, Conversation};
use crate::chat::{Attempt, Choice, Content, Destination, MessageState, Network, Receipt, Room};
use crate::id::{MessageId, PartId, PostId, Timestamp};
use crate::link::StorageSlot;
use crate::part::PartState;
use crate::post::PostState;
use crate::slots::Tried;

/// A message, in or out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) conversation: Conversation,
    pub(crate) text: String,
    /// When it was stored here.
    pub(crate) at: Timestamp,
    pub(crate) way: Way,
}

/// Which way a message goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    In {
        /// TP-SCTS of its first part in RFC 3339. `None` where it is not valid.
        sent_at: Option<String>,
        /// What the reader is told besides the text.
        notes: Vec<String>,
        /// How often the network delivered it.
        count: u32,
        /// As they came, for a report or a later look.
        pdus: Vec<String>,
    },
    Out {
        /// `NAME` of `[person.NAME]`.
        author: String,
        network: Network,
        /// Where it was written.
        origin: Receipt,
        parts: u8,
        /// How often a person asked for it to be sent again.
        again: u32,
    },
}

/// One part of an outgoing message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) conversation: Conversation,
    /// The finished SUBMIT TPDU in hexadecimal, without a service-centre address: a retry sends the same octets.
    pub(crate) tpdu: String,
    pub(crate) report: ReportWish,
    pub(crate) state: PartState,
}

/// What was, or was to be, written into the modem's memory for a part. Stored before, and kept until it is known to be
/// gone from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StagedNote {
    pub(crate) part: PartId,
    /// `None`: the modem has not said where it put it, or whether.
    pub(crate) slot: Option<StorageSlot>,
    pub(crate) tried: Tried,
}

/// What the modem of a line told of the newest sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sends {
    /// The newest TP-MR. `None`: none is known.
    pub(crate) reference: Option<u8>,
    /// Sends since then, each of which may have taken another.
    pub(crate) since: u8,
    /// The newest part in doubt, unless a later one was answered.
    pub(crate) doubtful: Option<PartId>,
}

/// A notice of a line that people were told, by which its repetition is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ToldNotice {
    pub(crate) at: Timestamp,
    /// How often it came since.
    pub(crate) count: u32,
    /// Where that is shown; empty where it is not.
    pub(crate) posts: Vec<PostId>,
}

/// How many notices of a line people were told within an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NoticeHour {
    pub(crate) since: Timestamp,
    pub(crate) told: u32,
}

/// Whether the part asks for a status report (TP-SRR).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportWish {
    Asked,
    NotAsked,
}

/// A status report that no part was found for yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnmatchedReport {
    pub(crate) reference: u8,
    pub(crate) recipient: Address,
    /// TP-SCTS in milliseconds since 1970. `None` where it is not valid.
    pub(crate) submitted_at: Option<Timestamp>,
    /// `None`: delivered.
    pub(crate) failure: Option<String>,
    pub(crate) arrived_at: Timestamp,
}

/// A TPDU that was taken over, by which its repetition is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) at: Timestamp,
    /// Where it stands in the modem until it is freed. `None` once it is free, or where it came without a slot.
    pub(crate) slot: Option<StorageSlot>,
    /// The message that it belongs to. `None` for a status report and for a part of an unfinished set.
    pub(crate) message: Option<MessageId>,
    /// TP-SCTS is valid, so that a network's new delivery of another message differs.
    pub(crate) dated: Dated,
}

/// Whether a TPDU carries a valid time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dated {
    Yes,
    No,
}

/// What has arrived of one concatenated message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FragmentSet {
    pub(crate) conversation: Conversation,
    pub(crate) total: u8,
    /// Part number and PDU, by part number.
    pub(crate) parts: Vec<(u8, String)>,
    pub(crate) last_at: Timestamp,
    /// The message with the gap marked, once it was shown so.
    pub(crate) shown: Option<MessageId>,
}

/// One post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Post {
    pub(crate) network: Network,
    pub(crate) destination: Destination,
    pub(crate) content: Content,
    /// The message in the same chat that it answers.
    pub(crate) reply_to: Option<String>,
    pub(crate) choices: Vec<Choice>,
    /// The message that it is about. `None` for the bridge's own words.
    pub(crate) message: Option<MessageId>,
    pub(crate) conversation: Option<Conversation>,
    /// Where the same was written by a person: nothing need be shown there.
    pub(crate) mirrors: Option<Receipt>,
    pub(crate) made_at: Timestamp,
    pub(crate) state: PostState,
    /// Rises with each change of the content.
    pub(crate) revision: u32,
    /// The revision that the chat shows.
    pub(crate) shown_revision: u32,
}

/// A place where the state of an outgoing message is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) network: Network,
    pub(crate) receipt: Receipt,
    pub(crate) message: MessageId,
    pub(crate) shown: Option<MessageState>,
    pub(crate) tries: u32,
    pub(crate) due: Timestamp,
}

/// What a message in a chat is about, by which a reply finds its conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReceiptNote {
    pub(crate) conversation: Option<Conversation>,
    pub(crate) message: Option<MessageId>,
}

/// The room of a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoomNote {
    pub(crate) intent: PostId,
    pub(crate) state: RoomState,
}

/// How far a room is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoomState {
    /// The adapter was, or is about to be, asked for it.
    Wanted(Attempt),
    /// It is there.
    Made(Room),
}

/// What a place is used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoomUse {
    /// Everything written there goes to this contact.
    Conversation(Conversation),
    /// Several contacts, or the admin chat.
    Shared,
}

/// A key that is removed some time after this was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expiring {
    /// In hexadecimal.
    pub(crate) key: String,
}

/// What a part is known by until its report has come. Not stored: the keys carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Awaited {
    pub(crate) id: PartId,
    pub(crate) sent_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{InboxId, Place, RoomKind};
    use crate::link::TryAgain;
    use crate::part::{Doubt, HoldReason};
    use crate::slots::Marks;
    use crate::store::{decode, encode};

    /// Old stores hold exactly these octets (behind the version octet): a changed line needs a migration.
    #[test]
    fn stored_forms() {
        let conversation = Conversation {
            line: "home".parse().unwrap(),
            address: Address::Number("+12025550100".to_owned()),
        };
        let place = Place {
            chat: "-100".to_owned(),
            thread: Some("7".to_owned()),
        };
        let receipt = Receipt {
            place: place.clone(),
            message: "42".to_owned(),
        };
        let network = Network("telegram".to_owned());
        let now = Timestamp(1_700_000_000_000);
        let mut forms = String::new();
        let mut add = |name: &str, value: Vec<u8>| {
            let (version, json) = value.split_first().unwrap();
            forms += &format!(
                "{name} {version} {}\n",
                String::from_utf8(json.to_vec()).unwrap()
            );
        };
        let mut message = Message {
            conversation: conversation.clone(),
            text: "hi".to_owned(),
            at: now,
            way: Way::In {
                sent_at: None,
                notes: vec!["n".to_owned()],
                count: 1,
                pdus: vec!["00".to_owned()],
            },
        };
        add("message-in", encode(&message).unwrap());
        message.way = Way::Out {
            author: "me".to_owned(),
            network: network.clone(),
            origin: receipt.clone(),
            parts: 1,
            again: 0,
        };
        add("message-out", encode(&message).unwrap());
        let doubt = || Doubt {
            cause: "c".to_owned(),
            at: now,
        };
        let states = [
            PartState::Queued {
                attempt: 1,
                due: now,
                doubt: None,
            },
            PartState::Held {
                reason: HoldReason::LineDown,
                doubt: Some(doubt()),
            },
            PartState::Held {
                reason: HoldReason::EarlierPart,
                doubt: None,
            },
            PartState::Transmitting {
                attempt: 1,
                at: now,
                doubt: None,
                slot: None,
            },
            PartState::Sent {
                reference: Some(3),
                at: now,
            },
            PartState::Delivered,
            PartState::Failed {
                cause: "c".to_owned(),
                may_try_again: TryAgain::Sensible,
            },
            PartState::Unknown(doubt()),
            PartState::Cancelled,
        ];
        let slot = || StorageSlot {
            memory: "SM".to_owned(),
            index: 3,
        };
        let staged = [
            PartState::Staging {
                attempt: 1,
                at: now,
                doubt: None,
            },
            PartState::Staged {
                attempt: 1,
                due: now,
                slot: slot(),
                doubt: Some(doubt()),
            },
            PartState::Transmitting {
                attempt: 2,
                at: now,
                doubt: None,
                slot: Some(slot()),
            },
        ];
        for state in states.into_iter().chain(staged) {
            let part = Part {
                conversation: conversation.clone(),
                tpdu: "01".to_owned(),
                report: ReportWish::Asked,
                state,
            };
            let stored = encode(&part).unwrap();
            assert_eq!(decode::<Part>(&[], &stored).unwrap(), part);
            add("part", stored);
        }
        let report = UnmatchedReport {
            reference: 7,
            recipient: conversation.address.clone(),
            submitted_at: Some(now),
            failure: None,
            arrived_at: now,
        };
        add("unmatched", encode(&report).unwrap());
        for tried in [
            Tried::Not,
            Tried::Accepted,
            Tried::Refused,
            Tried::Doubted,
            Tried::Over,
        ] {
            let note = StagedNote {
                part: PartId::new(MessageId(1), 2),
                slot: (tried != Tried::Not).then(slot),
                tried,
            };
            add("staged", encode(&note).unwrap());
        }
        add(
            "sends",
            encode(&Sends {
                reference: Some(7),
                since: 1,
                doubtful: Some(PartId(9)),
            })
            .unwrap(),
        );
        for marks in [Marks::Telling, Marks::Silent] {
            add("slot-marks", encode(&marks).unwrap());
        }
        add(
            "told-notice",
            encode(&ToldNotice {
                at: now,
                count: 2,
                posts: vec![PostId(5)],
            })
            .unwrap(),
        );
        add(
            "notice-hour",
            encode(&NoticeHour {
                since: now,
                told: 3,
            })
            .unwrap(),
        );
        add(
            "taken",
            encode(&Taken {
                at: now,
                slot: Some(slot()),
                message: None,
                dated: Dated::Yes,
            })
            .unwrap(),
        );
        let set = FragmentSet {
            conversation: conversation.clone(),
            total: 3,
            parts: vec![(2, "00".to_owned())],
            last_at: now,
            shown: Some(MessageId(1)),
        };
        add("fragments", encode(&set).unwrap());
        let destinations = [
            Destination::Conversation {
                inbox: InboxId("-100".to_owned()),
                conversation: conversation.clone(),
            },
            Destination::Admin {
                inbox: InboxId("1".to_owned()),
            },
            Destination::Place(place.clone()),
        ];
        let contents = [
            Content::Sms {
                from: "f".to_owned(),
                line: None,
                text: "t".to_owned(),
                sent_at: None,
                notes: Vec::new(),
            },
            Content::Mirror {
                to: "t".to_owned(),
                author: "a".to_owned(),
                via: "Matrix".to_owned(),
                text: "t".to_owned(),
            },
            Content::Notice {
                text: "t".to_owned(),
            },
        ];
        let states = [
            PostState::new(now),
            PostState::Posting {
                tries: 1,
                attempt: Attempt::Repeat,
            },
            PostState::Posted {
                receipt: receipt.clone(),
            },
        ];
        for ((destination, content), state) in destinations.into_iter().zip(contents).zip(states) {
            let post = Post {
                network: network.clone(),
                destination,
                content,
                reply_to: Some("1".to_owned()),
                choices: vec![Choice {
                    token: "t".to_owned(),
                    label: "l".to_owned(),
                    command: None,
                }],
                message: Some(MessageId(1)),
                conversation: Some(conversation.clone()),
                mirrors: None,
                made_at: now,
                state,
                revision: 1,
                shown_revision: 0,
            };
            add("post", encode(&post).unwrap());
        }
        for state in [
            PostState::Doubtful {
                cause: "c".to_owned(),
            },
            PostState::Dead {
                cause: "c".to_owned(),
            },
            PostState::Dropped,
        ] {
            add("post-state", encode(&state).unwrap());
        }
        let mark = Mark {
            network,
            receipt,
            message: MessageId(1),
            shown: Some(MessageState::Sent),
            tries: 0,
            due: now,
        };
        add("mark", encode(&mark).unwrap());
        add(
            "room-use",
            encode(&RoomUse::Conversation(conversation.clone())).unwrap(),
        );
        add("room-use", encode(&RoomUse::Shared).unwrap());
        add(
            "expiring",
            encode(&Expiring {
                key: "00".to_owned(),
            })
            .unwrap(),
        );
        let note = ReceiptNote {
            conversation: Some(conversation),
            message: None,
        };
        add("receipt", encode(&note).unwrap());
        let room = Room {
            place,
            kind: RoomKind::Dedicated,
        };
        for state in [RoomState::Wanted(Attempt::First), RoomState::Made(room)] {
            add(
                "room",
                encode(&RoomNote {
                    intent: PostId(5),
                    state,
                })
                .unwrap(),
            );
        }
        expect_test::expect_file!["../../tests/snapshots/records.txt"].assert_eq(&forms);
    }
}
