//! Posts, edits and marks on their way to the homeserver.
//!
//! **Invariant:** nothing is sent a second time from here. A post carries its id twice: as the transaction id, by which
//! the homeserver recognises a repeat for some hours and for one device, and as a content key ([`POST_KEY`]), by which
//! [`find`] recognises it for ever.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bridge_core::chat::{
    Attempt, ChatError, Content, MessageState, OutgoingPost, Place, Probe, Receipt, RoomKind, Sound,
};
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::api::client::relations::get_relating_events_with_rel_type_and_event_type as relating;
use matrix_sdk::ruma::events::TimelineEventType;
use matrix_sdk::ruma::events::relation::RelationType;
use matrix_sdk::ruma::{EventId, OwnedEventId, OwnedTransactionId, UInt};
use matrix_sdk::{Client, Room};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Failure, Request};
use crate::reactions::Reactions;
use crate::rooms;

/// Holds the post's id in the content of each message of ours.
pub(crate) const POST_KEY: &str = "org.sms_bridge.post";

/// How long a homeserver is trusted to know a transaction id; Synapse forgets it after 24 hours.
const TRANSACTION_MEMORY: Duration = Duration::from_secs(20 * 3600);

/// How far back [`find`] looks: pages of [`PAGE`] messages of ours.
const PAGES: u32 = 10;
const PAGE: u32 = 100;

/// Shows a post. `device_since`: when our device was made, in milliseconds since 1970.
pub(crate) async fn post(
    client: &Client,
    post: &OutgoingPost,
    device_since: i64,
) -> Result<Receipt, ChatError> {
    let room = rooms::joined(client, &post.room.place).await?;
    if may_be_forgotten(post, device_since) {
        match find(&room, post)
            .await
            .map_err(|failure| failure.into_chat_error(Request::Repeatable))?
        {
            Probe::Arrived(receipt) => return Ok(receipt),
            Probe::Absent | Probe::CannotTell => {}
        }
    }
    let transaction = OwnedTransactionId::from(format!("sms-bridge-{}", post.id));
    let mut content = content(post);
    if let Content::File { name, text, .. } = &post.content {
        attach(client, &mut content, name, text).await?;
    }
    let event = send(client, &room, content, Some(transaction)).await?;
    Ok(receipt(&room, event))
}

/// Uploads a text file and makes the message one that shows it; what the message says stands beside it (client-server API,
/// "m.file", and MSC2530 captions). A file that is uploaded for nothing harms nobody.
async fn attach(
    client: &Client,
    content: &mut Value,
    name: &str,
    text: &str,
) -> Result<(), ChatError> {
    let kind = "text/plain; charset=utf-8".parse();
    let kind = kind.map_err(|_error| ChatError::Reject {
        cause: "the kind of the file is none".to_owned(),
    })?;
    let octets = text.as_bytes().to_vec();
    let uploaded = client.media().upload(&kind, octets, None).await;
    let uploaded =
        uploaded.map_err(|error| Failure::from(error).into_chat_error(Request::Repeatable))?;
    if let Some(fields) = content.as_object_mut() {
        fields.insert("msgtype".to_owned(), json!("m.file"));
        fields.insert("filename".to_owned(), json!(name));
        fields.insert("url".to_owned(), json!(uploaded.content_uri));
        let info = json!({ "mimetype": "text/plain", "size": text.len() });
        fields.insert("info".to_owned(), info);
    }
    Ok(())
}

/// Replaces what an earlier post says.
pub(crate) async fn amend(
    client: &Client,
    to: &Receipt,
    post: &OutgoingPost,
) -> Result<(), ChatError> {
    let room = rooms::joined(client, &to.place).await?;
    send(client, &room, edited(post, &to.message), None)
        .await
        .map(|_event| ())
}

/// Whether an earlier attempt at this post stands in its room.
pub(crate) async fn probe(client: &Client, post: &OutgoingPost) -> Result<Probe, ChatError> {
    let room = rooms::joined(client, &post.room.place).await?;
    find(&room, post)
        .await
        .map_err(|failure| failure.into_chat_error(Request::Repeatable))
}

/// Makes `state` the only one of our marks on a message.
pub(crate) async fn show_state(
    client: &Client,
    on: &Receipt,
    state: MessageState,
    reactions: &Reactions,
) -> Result<(), ChatError> {
    let room = rooms::joined(client, &on.place).await?;
    let target = EventId::parse(&on.message).map_err(|error| ChatError::Reject {
        cause: format!("not a Matrix event id: {error}"),
    })?;
    let ours = match own_reactions(client, &room, &target).await {
        Ok(ours) => ours,
        Err(failure) => return Err(refused(client, &room, failure).await),
    };
    let wanted = reactions.of(state);
    if !wanted.is_empty() && !ours.iter().any(|(_, key)| key == wanted) {
        let content = json!({
            "m.relates_to": { "rel_type": "m.annotation", "event_id": target, "key": wanted },
        });
        let sent = room.send_raw("m.reaction", content).await;
        match sent.map_err(Failure::from) {
            Ok(_) => {}
            // It stands there already: a repeat that the relations did not show yet.
            Err(Failure::Refused { code, .. }) if code == "M_DUPLICATE_ANNOTATION" => {}
            Err(failure) => return Err(refused(client, &room, failure).await),
        }
    }
    for (event, key) in ours {
        if key == wanted {
            continue;
        }
        if let Err(error) = room.redact(&event, None, None).await {
            return Err(refused(client, &room, Failure::from(error)).await);
        }
    }
    Ok(())
}

async fn send(
    client: &Client,
    room: &Room,
    content: Value,
    transaction: Option<OwnedTransactionId>,
) -> Result<OwnedEventId, ChatError> {
    let mut sending = room.send_raw("m.room.message", content);
    if let Some(transaction) = &transaction {
        sending = sending.with_transaction_id(transaction);
    }
    match sending.await {
        Ok(sent) => Ok(sent.response.event_id),
        Err(error) => Err(refused(client, room, Failure::from(error)).await),
    }
}

/// A refusal may mean that the bot was removed and this side has not heard of it.
async fn refused(client: &Client, room: &Room, failure: Failure) -> ChatError {
    if failure.doubts_membership() {
        match rooms::is_joined(client, room.room_id()).await {
            Ok(true) => {}
            Ok(false) => return Failure::NotJoined.into_chat_error(Request::Repeatable),
            Err(unsure) => return unsure.into_chat_error(Request::Repeatable),
        }
    }
    failure.into_chat_error(Request::Repeatable)
}

/// Whether the homeserver may no longer recognise an earlier attempt by its transaction id.
fn may_be_forgotten(post: &OutgoingPost, device_since: i64) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let oldest = now
        .saturating_sub(TRANSACTION_MEMORY)
        .max(Duration::from_millis(
            u64::try_from(device_since).unwrap_or(0),
        ));
    match post.attempt {
        Attempt::Repeat => true,
        Attempt::First => Duration::from_micros(post.id.0) < oldest,
    }
}

/// Looks for a post's content key among our messages in the room, newest first.
async fn find(room: &Room, post: &OutgoingPost) -> Result<Probe, Failure> {
    let me = room.own_user_id();
    let key = post.id.to_string();
    let mut from: Option<String> = None;
    for _page in 0..PAGES {
        let mut options = MessagesOptions::backward().from(from.as_deref());
        options.limit = UInt::from(PAGE);
        options.filter.senders = Some(vec![me.to_owned()]);
        options.filter.types = Some(vec![
            "m.room.message".to_owned(),
            "m.room.encrypted".to_owned(),
        ]);
        let page = room.messages(options).await?;
        for event in &page.chunk {
            let Ok(ours) = event.raw().deserialize_as_unchecked::<Ours>() else {
                continue;
            };
            if ours.sender == me.as_str() && ours.content.post.as_deref() == Some(&key) {
                return Ok(Probe::Arrived(Receipt {
                    place: post.room.place.clone(),
                    message: ours.event_id,
                }));
            }
            // Nothing older can be an attempt at a post that did not exist then; an hour for clocks that disagree.
            if ours.origin_server_ts.saturating_add(3_600_000) < post.id.0 / 1000 {
                return Ok(Probe::Absent);
            }
        }
        match page.end {
            Some(end) => from = Some(end),
            None => return Ok(Probe::Absent),
        }
    }
    Ok(Probe::CannotTell)
}

/// A message of ours in a timeline.
#[derive(Deserialize)]
struct Ours {
    event_id: String,
    sender: String,
    #[serde(default)]
    origin_server_ts: u64,
    #[serde(default)]
    content: OursContent,
}

#[derive(Default, Deserialize)]
struct OursContent {
    #[serde(rename = "org.sms_bridge.post")]
    post: Option<String>,
}

/// Our reactions on a message, with their keys. Asked of the homeserver, so that a restart knows them too.
async fn own_reactions(
    client: &Client,
    room: &Room,
    target: &EventId,
) -> Result<Vec<(OwnedEventId, String)>, Failure> {
    let mut ours = Vec::new();
    let mut from = None;
    for _page in 0..PAGES {
        let mut request = relating::v1::Request::new(
            room.room_id().to_owned(),
            target.to_owned(),
            RelationType::Annotation,
            TimelineEventType::Reaction,
        );
        request.limit = Some(UInt::from(PAGE));
        request.from = from;
        let page = client.send(request).await?;
        for raw in &page.chunk {
            let Ok(found) = raw.deserialize_as_unchecked::<Reaction>() else {
                continue;
            };
            if found.sender == room.own_user_id().as_str() {
                ours.push((found.event_id, found.content.relates_to.key));
            }
        }
        match page.next_batch {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    Ok(ours)
}

#[derive(Deserialize)]
struct Reaction {
    event_id: OwnedEventId,
    sender: String,
    content: ReactionContent,
}

#[derive(Deserialize)]
struct ReactionContent {
    #[serde(rename = "m.relates_to")]
    relates_to: Annotation,
}

#[derive(Deserialize)]
struct Annotation {
    key: String,
}

fn receipt(room: &Room, event: OwnedEventId) -> Receipt {
    Receipt {
        place: Place {
            chat: room.room_id().to_string(),
            thread: None,
        },
        message: event.to_string(),
    }
}

/// The whole content of a new message.
fn content(post: &OutgoingPost) -> Value {
    let mut content = shown(post);
    if let (Value::Object(fields), Some(answered)) = (&mut content, &post.reply_to) {
        fields.insert(
            "m.relates_to".to_owned(),
            json!({ "m.in_reply_to": { "event_id": answered } }),
        );
    }
    content
}

/// The whole content of an edit (Matrix specification, "Event replacements").
fn edited(post: &OutgoingPost, target: &str) -> Value {
    let new = shown(post);
    let mut content = new.clone();
    if let Value::Object(fields) = &mut content {
        for key in ["body", "formatted_body"] {
            if let Some(Value::String(text)) = fields.get_mut(key) {
                text.insert_str(0, "* ");
            }
        }
        fields.insert("m.new_content".to_owned(), new);
        fields.insert(
            "m.relates_to".to_owned(),
            json!({ "rel_type": "m.replace", "event_id": target }),
        );
    }
    content
}

/// What a post says, without its relations. `m.mentions` is there and empty: so neither a name nor `@room` in a text
/// rings anybody (Matrix specification, "User and room mentions").
fn shown(post: &OutgoingPost) -> Value {
    let text = Text::of(post);
    let mut content = json!({
        "msgtype": text.kind,
        "body": text.plain,
        "m.mentions": {},
    });
    if let Value::Object(fields) = &mut content {
        fields.insert(POST_KEY.to_owned(), Value::String(post.id.to_string()));
        if text.has_markup {
            fields.insert("format".to_owned(), json!("org.matrix.custom.html"));
            fields.insert("formatted_body".to_owned(), Value::String(text.html));
        }
    }
    content
}

/// A text as it grows, plain and as HTML.
struct Text {
    /// `m.text` rings; `m.notice` does not, and no bot answers it.
    kind: &'static str,
    plain: String,
    html: String,
    has_markup: bool,
}

impl Text {
    fn of(post: &OutgoingPost) -> Self {
        let mut text = Self {
            kind: "m.notice",
            plain: String::new(),
            html: String::new(),
            has_markup: false,
        };
        match &post.content {
            Content::Sms {
                from,
                line,
                text: said,
                sent_at,
                notes,
                sound,
                code,
            } => {
                // `m.notice` makes no sound unless a person wants one.
                text.kind = match sound {
                    Sound::Usual => "m.text",
                    Sound::Silent => "m.notice",
                };
                // The room of one contact bears the name and shows the time.
                if post.room.kind == RoomKind::Shared {
                    text.marked("strong", from);
                    let details = [line, sent_at].into_iter().flatten();
                    for detail in details {
                        text.add(" · ");
                        text.add(detail);
                    }
                    text.add("\n");
                }
                text.with_code(said, code.as_deref());
                for note in notes {
                    text.add("\n");
                    text.marked("em", &format!("({note})"));
                }
            }
            Content::Mirror {
                to,
                author,
                via,
                text: said,
            } => {
                let head = match post.room.kind {
                    RoomKind::Dedicated => format!("({author}) via {via}:"),
                    RoomKind::Shared => format!("({author}) via {via} to {to}:"),
                };
                text.marked("strong", &head);
                text.add(" ");
                text.add(said);
            }
            // Both are `m.notice`, which makes no sound unless a person wants one (default push rule `.m.rule.suppress_notices`).
            Content::Notice { text: said } | Content::Digest { text: said } => text.add(said),
            Content::File { caption, .. } => text.add(caption),
        }
        for choice in &post.choices {
            if let Some(command) = &choice.command {
                text.add("\n");
                text.add(&choice.label);
                text.add(": reply ");
                text.marked("code", &format!("!{command}"));
            }
        }
        text
    }

    fn add(&mut self, words: &str) {
        let words = harmless(words);
        self.html.push_str(&escape(&words));
        self.plain.push_str(&words);
    }

    /// The code in it can be told from the rest at a glance, and is taken whole by a double click.
    fn with_code(&mut self, words: &str, code: Option<&str>) {
        match code.and_then(|code| Some((code, words.split_once(code)?))) {
            Some((code, (before, behind))) => {
                self.add(before);
                self.marked("code", code);
                self.add(behind);
            }
            None => self.add(words),
        }
    }

    fn marked(&mut self, element: &str, words: &str) {
        self.has_markup = true;
        self.html.push_str(&format!("<{element}>"));
        self.add(words);
        self.html.push_str(&format!("</{element}>"));
    }
}

/// Without the characters that turn the reading direction of what follows them, by which a text can pass for another.
/// The plain marks (U+200E, U+200F, U+061C), which Urdu and Hebrew texts use, stay.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\0'))
        .collect()
}

fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\n' => html.push_str("<br>"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use bridge_core::PostId;
    use bridge_core::chat::{Choice, Room};

    use super::*;

    fn a_post(kind: RoomKind, content: Content) -> OutgoingPost {
        OutgoingPost {
            id: PostId(1_700_000_000_000_000),
            room: Room {
                place: Place {
                    chat: "!room".to_owned(),
                    thread: None,
                },
                kind,
            },
            content,
            reply_to: None,
            choices: Vec::new(),
            attempt: Attempt::First,
        }
    }

    fn sms(text: &str, notes: &[&str]) -> Content {
        Content::Sms {
            from: "+12025550100".to_owned(),
            line: None,
            text: text.to_owned(),
            sent_at: Some("2026-11-22T21:00:00+05:00".to_owned()),
            notes: notes.iter().map(|&note| note.to_owned()).collect(),
            sound: Sound::Usual,
            code: None,
        }
    }

    #[test]
    fn a_code_can_be_told_from_the_rest() {
        let with = |text: &str, told: &str| {
            let mut content = sms(text, &[]);
            if let Content::Sms { code, .. } = &mut content {
                *code = Some(told.to_owned());
            }
            Text::of(&a_post(RoomKind::Dedicated, content)).html
        };
        assert_eq!(
            with("<b> 482913 is it", "482913"),
            "&lt;b&gt; <code>482913</code> is it"
        );
        assert_eq!(with("482 913", "482913"), "482 913");
    }

    #[test]
    fn what_a_post_looks_like() {
        let mirror = Content::Mirror {
            to: "Ann".to_owned(),
            author: "me".to_owned(),
            via: "Telegram".to_owned(),
            text: "on <my> way".to_owned(),
        };
        let notice = Content::Notice {
            text: "two\nlines".to_owned(),
        };
        let cases = [
            (
                RoomKind::Dedicated,
                sms("hi @room", &[]),
                "m.text",
                "hi @room",
                None,
            ),
            (
                RoomKind::Dedicated,
                sms("a\u{202e}b", &["received 2 times"]),
                "m.text",
                "ab\n(received 2 times)",
                Some("ab<br><em>(received 2 times)</em>"),
            ),
            (
                RoomKind::Shared,
                sms("<b>&", &[]),
                "m.text",
                "+12025550100 · 2026-11-22T21:00:00+05:00\n<b>&",
                Some("<strong>+12025550100</strong> · 2026-11-22T21:00:00+05:00<br>&lt;b&gt;&amp;"),
            ),
            (
                RoomKind::Dedicated,
                mirror.clone(),
                "m.notice",
                "(me) via Telegram: on <my> way",
                Some("<strong>(me) via Telegram:</strong> on &lt;my&gt; way"),
            ),
            (
                RoomKind::Shared,
                mirror,
                "m.notice",
                "(me) via Telegram to Ann: on <my> way",
                Some("<strong>(me) via Telegram to Ann:</strong> on &lt;my&gt; way"),
            ),
            (RoomKind::Dedicated, notice, "m.notice", "two\nlines", None),
        ];
        for (kind, what, msgtype, body, html) in cases {
            let content = content(&a_post(kind, what));
            assert_eq!(content["msgtype"], msgtype);
            assert_eq!(content["body"], body);
            assert_eq!(content["formatted_body"].as_str(), html, "{body}");
            assert_eq!(content["m.mentions"], json!({}), "{body}");
            assert_eq!(content[POST_KEY], "1700000000000000", "{body}");
        }
    }

    #[test]
    fn choices_are_commands_to_reply_with() {
        let mut post = a_post(
            RoomKind::Dedicated,
            Content::Notice {
                text: "I can't tell whether this left.".to_owned(),
            },
        );
        post.choices = vec![
            Choice {
                token: "t".to_owned(),
                label: "Send again".to_owned(),
                command: Some("retry".to_owned()),
            },
            Choice {
                token: "u".to_owned(),
                label: "Leave it".to_owned(),
                command: None,
            },
        ];
        post.reply_to = Some("$asked".to_owned());
        let content = content(&post);
        assert_eq!(
            content["body"],
            "I can't tell whether this left.\nSend again: reply !retry"
        );
        assert_eq!(
            content["m.relates_to"]["m.in_reply_to"]["event_id"],
            "$asked"
        );
    }

    #[test]
    fn an_edit_replaces_and_keeps_the_key() {
        let content = edited(
            &a_post(RoomKind::Dedicated, sms("whole", &["late"])),
            "$old",
        );
        assert_eq!(content["body"], "* whole\n(late)");
        assert_eq!(content["m.new_content"]["body"], "whole\n(late)");
        assert_eq!(content["m.relates_to"]["rel_type"], "m.replace");
        assert_eq!(content["m.relates_to"]["event_id"], "$old");
        assert_eq!(
            content["m.new_content"][POST_KEY].as_str(),
            Some("1700000000000000")
        );
    }

    #[test]
    fn old_posts_and_posts_of_an_earlier_device_are_looked_for() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut post = a_post(RoomKind::Dedicated, sms("x", &[]));
        let micros = |age: Duration| u64::try_from((now - age).as_micros()).unwrap();
        let millis = |age: Duration| i64::try_from((now - age).as_millis()).unwrap();
        let (minute, hour, day) = (
            Duration::from_secs(60),
            Duration::from_secs(3600),
            Duration::from_secs(86_400),
        );
        let cases = [
            (minute, hour, Attempt::First, false),
            (minute, hour, Attempt::Repeat, true),
            (day, 2 * day, Attempt::First, true),
            (hour, minute, Attempt::First, true),
        ];
        for (post_age, device_age, attempt, expected) in cases {
            post.id = PostId(micros(post_age));
            post.attempt = attempt;
            assert_eq!(may_be_forgotten(&post, millis(device_age)), expected);
        }
    }
}
