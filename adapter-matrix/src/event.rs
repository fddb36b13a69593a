//! One event of a room's timeline, as far as a bridge is concerned.
//!
//! Pure. Reads the JSON by itself and takes nothing for granted: events come from other people's clients and servers.

use bridge_core::chat::Body;
use matrix_sdk::ruma::UserId;
use matrix_sdk::ruma::events::AnySyncTimelineEvent;
use matrix_sdk::ruma::serde::Raw;
use serde::Deserialize;
use serde_json::Value;

/// An event that has what every event has.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    event_id: String,
    sender: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    origin_server_ts: i64,
    /// There for state events only.
    state_key: Option<String>,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    unsigned: Value,
    /// Of a redaction, until room version 10; later it stands in the content.
    redacts: Option<String>,
}

/// Something that somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) event_id: String,
    pub(crate) sender: String,
    /// The event that it changes or takes out of the room. `None` where it stands for itself.
    pub(crate) about: Option<String>,
    /// The event that it answers. `None` where it answers none.
    pub(crate) reply_to: Option<String>,
    pub(crate) body: Body,
    /// In milliseconds since 1970, by the sender's homeserver.
    pub(crate) at: i64,
}

/// Reads an event. `None` for what is none.
pub(crate) fn read(raw: &Raw<AnySyncTimelineEvent>) -> Option<Event> {
    serde_json::from_str(raw.json().get()).ok()
}

impl Event {
    /// Whether this is how `user` came into the room, and no change of a name or picture.
    pub(crate) fn is_join_of(&self, user: &UserId) -> bool {
        let membership = |content: &Value| content.get("membership")?.as_str().map(str::to_owned);
        self.kind == "m.room.member"
            && self.state_key.as_deref() == Some(user.as_str())
            && membership(&self.content).as_deref() == Some("join")
            && self
                .unsigned
                .get("prev_content")
                .and_then(membership)
                .as_deref()
                != Some("join")
    }

    /// What was said to the bridge. `None` for state, reactions, notices (other bots) and our own.
    pub(crate) fn said(self, me: &UserId) -> Option<Said> {
        if self.state_key.is_some() || self.sender == me.as_str() {
            return None;
        }
        let relation = self.content.get("m.relates_to");
        let text_of = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let relation_kind = text_of(relation.and_then(|it| it.get("rel_type")));
        let changed = (relation_kind.as_deref() == Some("m.replace"))
            .then(|| text_of(relation.and_then(|it| it.get("event_id"))));
        if let Some(changed) = changed {
            let new = self.content.get("m.new_content")?;
            let Body::Text(text) = message(new, false)? else {
                return None;
            };
            return Some(Said {
                about: Some(changed?),
                body: Body::Edited(text),
                ..Said::of(self)
            });
        }
        if self.kind == "m.room.redaction" {
            let redacts = text_of(self.content.get("redacts")).or_else(|| self.redacts.clone());
            return Some(Said {
                about: Some(redacts?),
                body: Body::Withdrawn,
                ..Said::of(self)
            });
        }
        let answered = text_of(
            relation
                .and_then(|it| it.get("m.in_reply_to"))
                .and_then(|it| it.get("event_id")),
        );
        let in_thread = relation_kind.as_deref() == Some("m.thread");
        let is_fallback = relation
            .and_then(|it| it.get("is_falling_back"))
            .and_then(Value::as_bool)
            .unwrap_or(false);
        // In a thread, a reply for the sake of old clients names the latest message; what is answered is the thread.
        let reply_to = if in_thread && (is_fallback || answered.is_none()) {
            text_of(relation.and_then(|it| it.get("event_id")))
        } else {
            answered
        };
        let body = match self.kind.as_str() {
            "m.room.message" => message(&self.content, reply_to.is_some())?,
            "m.room.encrypted" => Body::Unsupported("an encrypted message".to_owned()),
            "m.sticker" => Body::Unsupported("a sticker".to_owned()),
            "m.poll.start" | "org.matrix.msc3381.poll.start" => {
                Body::Unsupported("a poll".to_owned())
            }
            _ => return None,
        };
        Some(Said {
            reply_to,
            body,
            ..Said::of(self)
        })
    }
}

impl Said {
    /// Who and when.
    fn of(event: Event) -> Self {
        Self {
            event_id: event.event_id,
            sender: event.sender,
            about: None,
            reply_to: None,
            body: Body::Withdrawn,
            at: event.origin_server_ts,
        }
    }
}

fn message(content: &Value, is_reply: bool) -> Option<Body> {
    let what = match content.get("msgtype")?.as_str()? {
        "m.text" => {
            let text = content.get("body")?.as_str()?;
            let text = if is_reply {
                without_fallback(text)
            } else {
                text
            };
            return Some(Body::Text(text.to_owned()));
        }
        // Other bots.
        "m.notice" => return None,
        // A device that wants to verify ours: nothing that a person said.
        "m.key.verification.request" => return None,
        "m.emote" => "an action (/me)",
        "m.image" => "a picture",
        "m.video" => "a video",
        "m.audio" if content.get("org.matrix.msc3245.voice").is_some() => "a voice message",
        "m.audio" => "a sound",
        "m.file" => "a file",
        "m.location" => "a location",
        _ => "a message of this kind",
    };
    Some(Body::Unsupported(what.to_owned()))
}

/// The quotation that clients put before a reply until version 1.13 of the specification: lines with `>`, the first of
/// them with the quoted person in `<>`, and an empty line. Quotations that the person typed stay.
fn without_fallback(body: &str) -> &str {
    if !body.starts_with("> <") && !body.starts_with("> * <") {
        return body;
    }
    let mut rest = body;
    while rest.starts_with('>') {
        match rest.split_once('\n') {
            Some((_quoted, after)) => rest = after,
            None => return body,
        }
    }
    rest.strip_prefix('\n').unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::user_id;
    use serde_json::json;

    use super::*;

    fn said(kind: &str, content: Value) -> Option<Said> {
        let event: Event = serde_json::from_value(json!({
            "event_id": "$e", "sender": "@ann:example.org", "type": kind, "origin_server_ts": 5, "content": content,
        }))
        .unwrap();
        event.said(user_id!("@sms:example.org"))
    }

    #[test]
    fn what_is_said_and_what_is_not() {
        let text = |text: &str| Some(Body::Text(text.to_owned()));
        let refused = |what: &str| Some(Body::Unsupported(what.to_owned()));
        let message = |content| ("m.room.message", content);
        let cases = [
            (
                message(json!({"msgtype": "m.text", "body": "hi"})),
                text("hi"),
            ),
            (message(json!({"msgtype": "m.text", "body": ""})), text("")),
            (message(json!({"msgtype": "m.notice", "body": "hi"})), None),
            (
                message(json!({"msgtype": "m.emote", "body": "waves"})),
                refused("an action (/me)"),
            ),
            (
                message(json!({"msgtype": "m.image", "body": "p.jpg"})),
                refused("a picture"),
            ),
            (
                message(json!({"msgtype": "m.audio", "body": "v", "org.matrix.msc3245.voice": {}})),
                refused("a voice message"),
            ),
            (
                message(json!({"msgtype": "org.new", "body": "v"})),
                refused("a message of this kind"),
            ),
            (message(json!({"msgtype": "m.text", "body": 7})), None),
            // Redacted.
            (message(json!({})), None),
            (("m.sticker", json!({"body": "cat"})), refused("a sticker")),
            (
                ("m.room.encrypted", json!({})),
                refused("an encrypted message"),
            ),
            (
                (
                    "m.reaction",
                    json!({"m.relates_to": {"rel_type": "m.annotation", "key": "x"}}),
                ),
                None,
            ),
            (("org.example.other", json!("text")), None),
        ];
        for ((kind, content), expected) in cases {
            let words = content.to_string();
            assert_eq!(
                said(kind, content).map(|said| said.body),
                expected,
                "{words}"
            );
        }
    }

    #[test]
    fn what_is_changed_or_taken_back() {
        let edit = |new: Value, event: Value| {
            json!({"msgtype": "m.text", "body": "* ho", "m.new_content": new,
                "m.relates_to": {"rel_type": "m.replace", "event_id": event}})
        };
        let text = json!({"msgtype": "m.text", "body": "ho"});
        let found = said("m.room.message", edit(text.clone(), json!("$a"))).unwrap();
        assert_eq!(found.about.as_deref(), Some("$a"));
        assert_eq!(found.body, Body::Edited("ho".to_owned()));
        assert_eq!(found.event_id, "$e");
        for content in [
            edit(text, json!(7)),
            edit(json!({"msgtype": "m.image", "body": "p.jpg"}), json!("$a")),
            edit(json!("ho"), json!("$a")),
        ] {
            assert_eq!(said("m.room.message", content), None);
        }
        let found = said("m.room.redaction", json!({"redacts": "$a"})).unwrap();
        assert_eq!(
            (found.about.as_deref(), found.body),
            (Some("$a"), Body::Withdrawn)
        );
        assert_eq!(said("m.room.redaction", json!({"reason": "oops"})), None);
        let old: Event = serde_json::from_value(json!({
            "event_id": "$e", "sender": "@ann:example.org", "type": "m.room.redaction", "redacts": "$b", "content": {},
        }))
        .unwrap();
        let found = old.said(user_id!("@sms:example.org")).unwrap();
        assert_eq!(found.about.as_deref(), Some("$b"));
    }

    #[test]
    fn replies_lose_their_quotation_and_threads_answer_their_root() {
        let reply = |event: &str| json!({"m.in_reply_to": {"event_id": event}});
        let cases = [
            (
                "> <@sms:example.org> old\n> more\n\nnew",
                reply("$a"),
                "new",
                Some("$a"),
            ),
            (
                "> typed by hand\nnew",
                reply("$a"),
                "> typed by hand\nnew",
                Some("$a"),
            ),
            (
                "> <only a quotation>",
                reply("$a"),
                "> <only a quotation>",
                Some("$a"),
            ),
            ("> <@x> y\n\nz", json!({}), "> <@x> y\n\nz", None),
            (
                "in a thread",
                json!({"rel_type": "m.thread", "event_id": "$root", "is_falling_back": true,
                    "m.in_reply_to": {"event_id": "$latest"}}),
                "in a thread",
                Some("$root"),
            ),
            (
                "a reply in a thread",
                json!({"rel_type": "m.thread", "event_id": "$root", "is_falling_back": false,
                    "m.in_reply_to": {"event_id": "$one"}}),
                "a reply in a thread",
                Some("$one"),
            ),
        ];
        for (body, relation, text, reply_to) in cases {
            let found = said(
                "m.room.message",
                json!({"msgtype": "m.text", "body": body, "m.relates_to": relation}),
            )
            .unwrap();
            assert_eq!(found.body, Body::Text(text.to_owned()));
            assert_eq!(found.reply_to.as_deref(), reply_to, "{body}");
        }
    }

    #[test]
    fn only_coming_in_is_a_join() {
        let member = |membership: &str, before: Option<&str>| -> Event {
            serde_json::from_value(json!({
                "event_id": "$e", "sender": "@sms:example.org", "type": "m.room.member",
                "state_key": "@sms:example.org", "content": {"membership": membership},
                "unsigned": before.map_or_else(|| json!({}), |it| json!({"prev_content": {"membership": it}})),
            }))
            .unwrap()
        };
        let me = user_id!("@sms:example.org");
        assert!(member("join", None).is_join_of(me));
        assert!(member("join", Some("invite")).is_join_of(me));
        assert!(!member("join", Some("join")).is_join_of(me));
        assert!(!member("leave", Some("join")).is_join_of(me));
        assert!(!member("join", None).is_join_of(user_id!("@ann:example.org")));
    }
}
