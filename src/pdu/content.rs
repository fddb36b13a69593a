//! The key `content`: what a message is besides, or instead of, its text. Each kind has keys of its own; absent is absent.

use serde_json::{Map, Value};
use sms_codec::{
    Content, MailWaiting, MmsExpiry, MmsNotification, Storage, Timestamp, Waiting, WaitingState,
};

/// As a JSON object with `kind` and what that kind has.
pub(super) fn content(content: &Content) -> Value {
    let mut object = Object(Map::new());
    object.put("kind", content.kind());
    object.put("summary", content.to_string());
    match content {
        Content::Silent | Content::ReturnCall | Content::Flash => {}
        Content::Download(protocol_id) => object.put("what", protocol_id.to_string()),
        Content::Mms(mms) => object.mms(mms),
        Content::ServiceIndication(indication) => {
            object.optional("url", indication.url.as_deref());
            object.put("text", indication.text.as_str());
            object.optional("action", indication.action.as_deref());
            object.optional("created", indication.created.as_deref());
            object.optional("expires", indication.expires.as_deref());
            object.optional("id", indication.id.as_deref());
            object.incomplete(indication.truncated);
        }
        Content::ServiceLoading(loading) => {
            object.optional("url", loading.url.as_deref());
            object.optional("action", loading.action.as_deref());
            object.incomplete(loading.truncated);
        }
        Content::Settings(what) => object.put("what", what.as_str()),
        Content::Push(content_type) => object.put("content_type", content_type.as_str()),
        Content::Contact(contact) => {
            object.optional("name", contact.name.as_deref());
            object.put("numbers", contact.numbers.clone());
            object.put("emails", contact.emails.clone());
            object.put("text", contact.text.as_str());
        }
        Content::Appointment(appointment) => {
            object.optional("summary", appointment.summary.as_deref());
            object.optional("start", appointment.start.as_deref());
            object.optional("end", appointment.end.as_deref());
            object.optional("location", appointment.location.as_deref());
            object.put("text", appointment.text.as_str());
        }
        Content::Application(ports) => object.put("port", ports.destination),
        Content::MailWaiting(all) => {
            if let Some(first) = all.first() {
                object.waiting(first);
            }
            if all.len() > 1 {
                let more: Vec<Value> = all
                    .iter()
                    .map(|mail| {
                        let mut object = Object(Map::new());
                        object.waiting(mail);
                        Value::Object(object.0)
                    })
                    .collect();
                object.put("all", more);
            }
        }
        Content::Replace(number) => object.put("number", *number),
        Content::Email(email) => {
            object.optional("from", email.from.as_deref());
            object.optional("name", email.name.as_deref());
            object.optional("subject", email.subject.as_deref());
            object.put("text", email.text.as_str());
        }
    }
    Value::Object(object.0)
}

struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    fn optional<T: Into<Value>>(&mut self, key: &str, value: Option<T>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Said only where something is missing.
    fn incomplete(&mut self, truncated: bool) {
        if truncated {
            self.put("incomplete", true);
        }
    }

    fn mms(&mut self, mms: &MmsNotification) {
        self.optional("from", mms.from.as_deref());
        self.optional("subject", mms.subject.as_deref());
        self.optional("size", mms.size);
        match mms.expiry {
            // Seconds from now on, or a point in time.
            Some(MmsExpiry::After(period)) => self.put("expiry", period.as_secs()),
            Some(MmsExpiry::At(seconds)) => self.optional(
                "expiry",
                Timestamp::from_unix_seconds(seconds, 0).map(|time| time.to_string()),
            ),
            None => {}
        }
        self.optional("url", mms.url.as_deref());
        self.optional("class", mms.class.as_deref());
        self.optional("transaction_id", mms.transaction_id.as_deref());
        self.optional("message_id", mms.message_id.as_deref());
        self.optional("status", mms.status);
        self.incomplete(mms.truncated);
    }

    fn waiting(&mut self, mail: &MailWaiting) {
        self.put(
            "waiting",
            match mail.kind {
                Waiting::Voicemail => "voicemail",
                Waiting::Fax => "fax",
                Waiting::Email => "email",
                Waiting::Video => "video",
                Waiting::Other => "other",
            },
        );
        self.put("active", mail.state == WaitingState::Active);
        self.optional("count", mail.count);
        self.put("store", mail.storage == Storage::Store);
    }
}
