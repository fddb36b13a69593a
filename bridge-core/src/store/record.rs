//! What is stored. Every type here has a snapshot test: a change that old stores cannot read shows up there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Conversation, LineName};
use crate::chat::{
    Attempt, Choice, Content, Destination, InboxId, MessageState, Network, Place, Receipt, Room,
};
use crate::id::{MessageId, PartId, PostId, Timestamp};
use crate::link::{Sim, StorageSlot, UssdInput};
use crate::part::PartState;
use crate::person::Role;
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
        /// When they did last. `None`: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked_at: Option<Timestamp>,
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
    /// The modem that was to write or to send it last, which set the mark. `None`: not noted, and no mark is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) modem: Option<String>,
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
    /// TP-SCTS of the last part that has a valid one. `None`: none had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent_at: Option<Timestamp>,
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
    /// The outage that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outage: Option<u64>,
    /// The question that it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) question: Option<u64>,
    /// The stranger whom it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stranger: Option<u64>,
    /// The USSD dialogue whose answer it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ussd: Option<u64>,
    /// The line whose SIM is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sim: Option<u64>,
}

/// Somebody who was let in, or paired, or is ignored. Whoever stands in the configuration is what it says there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// `None`: they are ignored, and nobody is told of them.
    pub(crate) role: Option<Role>,
    /// The owner who decided. Empty: they paired.
    pub(crate) by: String,
    pub(crate) at: Timestamp,
}

/// Somebody unknown who wrote, while an owner may decide on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stranger {
    pub(crate) network: Network,
    pub(crate) id: String,
    pub(crate) name: String,
    /// Where they wrote.
    pub(crate) place: Place,
    /// Where the owners are asked.
    pub(crate) notices: Vec<PostId>,
}

/// What a person wrote, while they are asked whom it is for; or a `/send` of which something is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Question {
    /// Empty: it is asked for.
    pub(crate) text: String,
    /// The SIM that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<LineName>,
    /// Whom it is for. `None`: that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Conversation>,
    /// Where it was written.
    pub(crate) origin: Receipt,
    pub(crate) state: QuestionState,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QuestionState {
    Open,
    /// Whom it is for is known; another question asks for the text.
    Answered,
    /// The message is on its way, or left.
    Sent,
    /// The person does not want it any more.
    Dropped,
}

/// A dialogue with the network by USSD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ussd {
    pub(crate) line: LineName,
    pub(crate) network: Network,
    /// Where the last that is said was written.
    pub(crate) origin: Receipt,
    pub(crate) state: UssdState,
}

/// How far a dialogue is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UssdState {
    /// This is to be said.
    Waiting(UssdInput),
    /// Something was, or is about to be, said.
    UnderWay,
    /// The network waits for a reply.
    Open,
    /// It is to be ended.
    Ending,
    /// Nothing is said any more.
    Over,
}

/// Which SIM a line has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SimNote {
    /// The one that may send.
    pub(crate) accepted: Sim,
    /// Another one is in its place, and an owner is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other: Option<OtherSim>,
}

/// A SIM that an owner has not agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OtherSim {
    pub(crate) sim: Sim,
    /// The question's number.
    pub(crate) question: u64,
    /// Where it is asked.
    pub(crate) notices: Vec<PostId>,
}

/// Posts that one inbox refused, or may not show, and what people were told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outage {
    pub(crate) network: Network,
    pub(crate) inbox: InboxId,
    pub(crate) since: Timestamp,
    /// Why the last of them was given up.
    pub(crate) cause: String,
    /// So many proved not to be shown.
    pub(crate) refused: u32,
    /// Of so many nobody knows.
    pub(crate) doubtful: u32,
    /// What they say, as far as there is room for it.
    pub(crate) listed: String,
    /// How many are not listed.
    pub(crate) unlisted: u32,
    /// Whose they all are. `None`: of several contacts, or of none.
    pub(crate) conversation: Option<Conversation>,
    /// Where people are told.
    pub(crate) notices: Vec<PostId>,
    /// Something was shown there since.
    pub(crate) is_over: bool,
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

/// That a contact's room is to be called as the contact is called by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Renaming {
    pub(crate) network: Network,
    pub(crate) room: Room,
    pub(crate) address: Address,
    pub(crate) tries: u32,
    pub(crate) due: Timestamp,
}

/// What a place is used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoomUse {
    /// Everything written there goes to this contact.
    Conversation(Conversation),
    /// The senders of a line that have no room of their own, and nobody else.
    Notices,
    /// Several contacts, or the admin chat.
    Shared,
}

/// The first look at what a line's SIM held. None is stored before the first start of the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FirstLookNote {
    pub(crate) at: Timestamp,
    /// What is held is saved under this name in the data folder.
    pub(crate) file: String,
    pub(crate) state: FirstLookState,
}

/// How far the first look is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FirstLookState {
    /// Begun: nothing is known of what is held.
    Looking,
    /// The file is written; the slots stay as they are until one of the posts stands in its chat.
    Saved { text: String, posts: Vec<PostId> },
    /// The slots may be freed, or there were none.
    Over,
}

/// An owner agreed that a line texts there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confirmed {
    /// `NAME` of `[person.NAME]`.
    pub(crate) by: String,
    pub(crate) at: Timestamp,
}

/// A key that is removed some time after this was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expiring {
    /// In hexadecimal.
    pub(crate) key: String,
}

/// How many records there are. Written with each commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// How many commits there were, this one included.
    pub(crate) commits: u64,
    /// By kind, this record not counted.
    pub(crate) records: BTreeMap<String, u64>,
}

/// A record that could not be read, under a key that ends with its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Quarantined {
    /// Its octets, in hexadecimal.
    pub(crate) value: String,
    pub(crate) cause: String,
}

/// That this store was made anew from something older.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restored {
    /// When. What was written before may have been taken over already.
    pub(crate) at: Timestamp,
    pub(crate) from: RestoredFrom,
    /// What the damaged store is called now. `None`: none was damaged.
    pub(crate) aside: Option<String>,
    /// What was under way in it is in doubt by now.
    pub(crate) is_settled: bool,
    /// The networks whose admin chats were told.
    pub(crate) told: Vec<Network>,
}

/// What a store was made anew from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RestoredFrom {
    /// What could still be read of the damaged one.
    Itself,
    /// An export of this time.
    Export(Timestamp),
    /// Nothing: it began empty.
    Nothing,
}

/// What a part is known by until its report has come. Not stored: the keys carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Awaited {
    pub(crate) id: PartId,
    pub(crate) sent_at: Timestamp,
}

#[cfg(test)]
mod tests;
