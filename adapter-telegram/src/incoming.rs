//! Updates as chat events.
//!
//! Pure. Reads the fields that it needs from the update's JSON rather than through a full model of the Bot API: an update
//! with something new in it must not be lost for that.

use bridge_core::Timestamp;
use bridge_core::chat::{Audience, Author, Body, ChatEvent, Place};
use serde_json::Value;

use crate::client::NO_PERSONS;

/// The bot itself, as `getMe` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Me {
    pub(crate) id: i64,
    pub(crate) username: String,
}

/// What an update came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) event: ChatEvent,
    /// The callback query that waits for an answer. `None` for a message.
    pub(crate) callback: Option<String>,
}

/// The kinds of updates that are read here, for `allowed_updates`.
pub(crate) const ALLOWED_UPDATES: [&str; 3] = ["message", "edited_message", "callback_query"];

/// What no SMS can carry, by the field that shows it.
const MEDIA: &[(&str, &str)] = &[
    // An animation also carries a document, so it comes first.
    ("animation", "an animation"),
    ("photo", "a photo"),
    ("voice", "a voice message"),
    ("video_note", "a video message"),
    ("video", "a video"),
    ("audio", "an audio file"),
    ("document", "a file"),
    ("sticker", "a sticker"),
    ("contact", "a contact"),
    // A venue also carries a location.
    ("venue", "a place"),
    ("location", "a location"),
    ("poll", "a poll"),
    ("dice", "a dice"),
    ("game", "a game"),
    ("story", "a story"),
    ("paid_media", "paid media"),
    ("checklist", "a checklist"),
];

/// The update's number.
pub(crate) fn update_id(update: &Value) -> Option<i64> {
    update.get("update_id").and_then(Value::as_i64)
}

/// What somebody did. `None` for what concerns nobody: service messages, commands for other bots, kinds of updates that
/// were not asked for.
pub(crate) fn read(update: &Value, me: &Me, inboxes: &[i64], now: Timestamp) -> Option<Taken> {
    if let Some(query) = update.get("callback_query") {
        return callback(query, now);
    }
    let event = match update.get("edited_message") {
        Some(changed) => edited(update_id(update)?, changed, me, inboxes)?,
        None => message(update.get("message")?, me, inboxes)?,
    };
    Some(Taken {
        event,
        callback: None,
    })
}

fn message(message: &Value, me: &Me, inboxes: &[i64]) -> Option<ChatEvent> {
    let chat = integer(message.get("chat")?, "id")?;
    let id = integer(message, "message_id")?;
    let author = author(message)?;
    if author.id == me.id.to_string() {
        return None;
    }
    let place = place(message)?;
    let answered = answered(message);
    let mut audience = match message.get("chat").and_then(|chat| text(chat, "type")) {
        Some("private") => Audience::Bridge,
        Some(_) | None => Audience::Group,
    };
    if answered.is_some_and(|answered| sender(answered) == Some(me.id)) {
        audience = Audience::Bridge;
    }
    // A topic of an inbox looks like a contact's, so that silence would pass for "sent".
    if place.thread.is_some() && inboxes.contains(&chat) {
        audience = Audience::Bridge;
    }
    let body = match text(message, "text") {
        Some(said) => match command(said, me) {
            Command::None => Body::Text(said.to_owned()),
            Command::Ours(text) => {
                audience = Audience::Bridge;
                Body::Text(text)
            }
            Command::Anothers => return None,
        },
        None => {
            let (_, what) = MEDIA
                .iter()
                .find(|(field, _)| message.get(field).is_some())?;
            Body::Unsupported((*what).to_owned())
        }
    };
    Some(ChatEvent {
        id: format!("{chat}:{id}"),
        author,
        place,
        message: id.to_string(),
        reply_to: answered
            .and_then(|answered| integer(answered, "message_id"))
            .map(|id| id.to_string()),
        audience,
        body,
        at: Timestamp(integer(message, "date")?.saturating_mul(1000)),
    })
}

/// A text that its writer changed. `None` for other changes: of a caption, of a live location.
fn edited(update: i64, changed: &Value, me: &Me, inboxes: &[i64]) -> Option<ChatEvent> {
    let event = message(changed, me, inboxes)?;
    let Body::Text(text) = event.body else {
        return None;
    };
    Some(ChatEvent {
        // The same message may be changed several times within a second.
        id: format!("edit:{}:{update}", event.id),
        body: Body::Edited(text),
        at: integer(changed, "edit_date").map_or(event.at, |at| Timestamp(at.saturating_mul(1000))),
        ..event
    })
}

/// A pressed button. Its presser is named even where they write anonymously.
fn callback(query: &Value, now: Timestamp) -> Option<Taken> {
    let id = text(query, "id")?.to_owned();
    let message = query.get("message")?;
    let event = ChatEvent {
        id: format!("callback:{id}"),
        author: person(query.get("from")?)?,
        place: place(message)?,
        message: integer(message, "message_id")?.to_string(),
        reply_to: None,
        audience: Audience::Bridge,
        body: Body::Choice(text(query, "data")?.to_owned()),
        at: now,
    };
    Some(Taken {
        event,
        callback: Some(id),
    })
}

/// Chat and topic. A thread counts where it is a topic: replies in a plain supergroup carry one too.
fn place(message: &Value) -> Option<Place> {
    let is_topic = message.get("is_topic_message").and_then(Value::as_bool) == Some(true);
    let thread = integer(message, "message_thread_id").filter(|_| is_topic);
    Some(Place {
        chat: integer(message.get("chat")?, "id")?.to_string(),
        thread: thread.map(|id| id.to_string()),
    })
}

/// The message that the person answered. The creation of the topic, which every message in it seems to answer, is none.
fn answered(message: &Value) -> Option<&Value> {
    message
        .get("reply_to_message")
        .filter(|answered| answered.get("forum_topic_created").is_none())
}

/// Who wrote. Where a chat speaks (an anonymous administrator, a channel), its own id stands, which no person has.
fn author(message: &Value) -> Option<Author> {
    match message.get("sender_chat") {
        Some(chat) => Some(Author {
            id: integer(chat, "id")?.to_string(),
            name: text(chat, "title").unwrap_or("a group").to_owned(),
            is_person: false,
        }),
        None => person(message.get("from")?),
    }
}

fn person(user: &Value) -> Option<Author> {
    let first = text(user, "first_name").unwrap_or_default();
    let name = match text(user, "last_name") {
        Some(last) => format!("{first} {last}"),
        None => first.to_owned(),
    };
    let id = integer(user, "id")?;
    Some(Author {
        is_person: !NO_PERSONS.contains(&id),
        id: id.to_string(),
        name,
    })
}

fn sender(message: &Value) -> Option<i64> {
    integer(message.get("from")?, "id")
}

enum Command {
    None,
    /// For us, without our name.
    Ours(String),
    Anothers,
}

/// `/send@our_bot …` is ours, `/send@other_bot …` is not, `/send …` is everybody's.
fn command(said: &str, me: &Me) -> Command {
    let end = said.find(char::is_whitespace).unwrap_or(said.len());
    let (word, rest) = said.split_at_checked(end).unwrap_or((said, ""));
    let Some(name) = word.strip_prefix('/').filter(|name| !name.is_empty()) else {
        return Command::None;
    };
    match name.split_once('@') {
        Some((name, bot)) if bot.eq_ignore_ascii_case(&me.username) => {
            Command::Ours(format!("/{name}{rest}"))
        }
        Some(_) => Command::Anothers,
        None => Command::Ours(said.to_owned()),
    }
}

fn integer(object: &Value, field: &str) -> Option<i64> {
    object.get(field).and_then(Value::as_i64)
}

fn text<'a>(object: &'a Value, field: &str) -> Option<&'a str> {
    object.get(field).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn me() -> Me {
        Me {
            id: 99,
            username: "our_bot".to_owned(),
        }
    }

    /// A message from Ann (5) with these fields on top. Shapes: Bot API, "Message".
    fn taken(chat: Value, more: Value) -> Option<ChatEvent> {
        let mut message = json!({
            "message_id": 10,
            "date": 1_700_000_000,
            "from": { "id": 5, "is_bot": false, "first_name": "Ann", "last_name": "Lee" },
            "chat": chat,
        });
        let fields = message.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let update = json!({ "update_id": 1, "message": message });
        read(&update, &me(), &[-7], Timestamp(7)).map(|taken| taken.event)
    }

    fn private() -> Value {
        json!({ "id": 5, "type": "private" })
    }

    fn group() -> Value {
        json!({ "id": -100, "type": "supergroup" })
    }

    #[test]
    fn a_private_message() {
        let event = taken(private(), json!({ "text": "hi" })).unwrap();
        assert_eq!(event.id, "5:10");
        assert_eq!(
            (event.author.id.as_str(), event.author.name.as_str()),
            ("5", "Ann Lee")
        );
        assert_eq!(
            event.place,
            Place {
                chat: "5".to_owned(),
                thread: None
            }
        );
        assert_eq!(event.message, "10");
        assert_eq!(event.reply_to, None);
        assert_eq!(event.audience, Audience::Bridge);
        assert_eq!(event.body, Body::Text("hi".to_owned()));
        assert_eq!(event.at, Timestamp(1_700_000_000_000));
    }

    #[test]
    fn whom_a_message_is_for() {
        let ours = json!({ "message_id": 3, "from": { "id": 99 } });
        let theirs = json!({ "message_id": 3, "from": { "id": 6 } });
        let cases = [
            (
                json!({ "text": "talk" }),
                Some((Audience::Group, "talk", None)),
            ),
            (
                json!({ "text": "/help" }),
                Some((Audience::Bridge, "/help", None)),
            ),
            (
                json!({ "text": "/send@Our_Bot +1 x" }),
                Some((Audience::Bridge, "/send +1 x", None)),
            ),
            (json!({ "text": "/send@other_bot +1 x" }), None),
            (json!({ "text": "/" }), Some((Audience::Group, "/", None))),
            (
                json!({ "text": "yes", "reply_to_message": ours }),
                Some((Audience::Bridge, "yes", Some("3"))),
            ),
            (
                json!({ "text": "yes", "reply_to_message": theirs }),
                Some((Audience::Group, "yes", Some("3"))),
            ),
        ];
        for (more, expected) in cases {
            let event = taken(group(), more.clone());
            let seen = event.as_ref().map(|event| {
                let Body::Text(text) = &event.body else {
                    panic!("no text");
                };
                (event.audience, text.as_str(), event.reply_to.as_deref())
            });
            assert_eq!(seen, expected, "{more}");
        }
    }

    #[test]
    fn topics_and_threads() {
        let implicit = json!({ "message_id": 4, "from": { "id": 99 }, "forum_topic_created": { "name": "x" } });
        let event = taken(
            group(),
            json!({ "text": "hi", "message_thread_id": 4, "is_topic_message": true, "reply_to_message": implicit }),
        )
        .unwrap();
        assert_eq!(event.place.thread.as_deref(), Some("4"));
        assert_eq!((event.reply_to, event.audience), (None, Audience::Group));
        let inbox = json!({ "id": -7, "type": "supergroup" });
        for (more, audience) in [
            (
                json!({ "text": "hi", "message_thread_id": 4, "is_topic_message": true }),
                Audience::Bridge,
            ),
            (json!({ "text": "hi" }), Audience::Group),
        ] {
            assert_eq!(taken(inbox.clone(), more).unwrap().audience, audience);
        }
        let reply = json!({ "message_id": 4, "from": { "id": 99 } });
        let event = taken(
            group(),
            json!({ "text": "hi", "message_thread_id": 4, "reply_to_message": reply }),
        )
        .unwrap();
        assert_eq!(event.place.thread, None);
        assert_eq!(event.reply_to.as_deref(), Some("4"));
    }

    #[test]
    fn service_messages_and_our_own_are_nothing() {
        assert_eq!(
            taken(group(), json!({ "forum_topic_created": { "name": "x" } })),
            None
        );
        assert_eq!(taken(group(), json!({ "pinned_message": {} })), None);
        assert_eq!(
            taken(group(), json!({ "from": { "id": 99 }, "text": "x" })),
            None
        );
        let edited = json!({ "update_id": 1, "edited_message": { "message_id": 1 } });
        assert_eq!(read(&edited, &me(), &[], Timestamp(0)), None);
        assert_eq!(
            read(
                &json!({ "update_id": 1, "news": 17 }),
                &me(),
                &[],
                Timestamp(0)
            ),
            None
        );
        assert_eq!(read(&json!(null), &me(), &[], Timestamp(0)), None);
    }

    #[test]
    fn what_no_sms_can_carry_is_named() {
        for (more, what) in [
            (json!({ "photo": [], "caption": "look" }), "a photo"),
            (json!({ "voice": {} }), "a voice message"),
            (json!({ "sticker": {} }), "a sticker"),
            (json!({ "animation": {}, "document": {} }), "an animation"),
            (json!({ "venue": {}, "location": {} }), "a place"),
            (json!({ "contact": {} }), "a contact"),
        ] {
            let event = taken(private(), more).unwrap();
            assert_eq!(event.body, Body::Unsupported(what.to_owned()));
        }
    }

    #[test]
    fn whoever_hides_behind_a_chat_is_nobody_known() {
        let anonymous = json!({ "id": 1_087_968_824, "is_bot": true, "first_name": "Group" });
        let event = taken(
            group(),
            json!({ "text": "/send +1 x", "from": anonymous, "sender_chat": { "id": -100, "title": "Home" } }),
        )
        .unwrap();
        assert_eq!(
            (event.author.id.as_str(), event.author.is_person),
            ("-100", false)
        );
        // Where Telegram leaves the chat out.
        let event = taken(group(), json!({ "text": "x", "from": anonymous })).unwrap();
        assert!(!event.author.is_person);
        let channel = json!({ "update_id": 1, "channel_post": { "message_id": 1, "text": "x", "chat": { "id": -7 } } });
        assert_eq!(read(&channel, &me(), &[], Timestamp(0)), None);
    }

    #[test]
    fn a_changed_message() {
        let changed = |more: Value| {
            let mut message = json!({
                "message_id": 10, "date": 100, "edit_date": 160, "chat": private(),
                "from": { "id": 5, "first_name": "Ann" },
            });
            let fields = message.as_object_mut().unwrap();
            fields.extend(more.as_object().unwrap().clone());
            let update = json!({ "update_id": 12, "edited_message": message });
            read(&update, &me(), &[], Timestamp(7)).map(|taken| taken.event)
        };
        let event = changed(json!({ "text": "new" })).unwrap();
        assert_eq!(
            (event.id.as_str(), event.message.as_str()),
            ("edit:5:10:12", "10")
        );
        assert_eq!(event.body, Body::Edited("new".to_owned()));
        assert_eq!(event.at, Timestamp(160_000));
        assert_eq!(changed(json!({ "photo": [], "caption": "new" })), None);
        assert_eq!(changed(json!({ "text": "/send@other_bot x" })), None);
    }

    #[test]
    fn a_pressed_button() {
        let update = json!({ "update_id": 1, "callback_query": {
            "id": "77", "from": { "id": 6, "first_name": "Ben" }, "data": "token",
            "message": {
                "message_id": 8, "date": 0, "chat": { "id": -100, "type": "supergroup" }, "message_thread_id": 4,
                "is_topic_message": true, "from": { "id": 99 },
            },
        }});
        let taken = read(&update, &me(), &[-7], Timestamp(7)).unwrap();
        assert_eq!(taken.callback.as_deref(), Some("77"));
        assert_eq!(taken.event.author.id, "6");
        assert_eq!(taken.event.message, "8");
        assert_eq!(taken.event.place.thread.as_deref(), Some("4"));
        assert_eq!(taken.event.body, Body::Choice("token".to_owned()));
        assert_eq!(taken.event.at, Timestamp(7));
    }
}
