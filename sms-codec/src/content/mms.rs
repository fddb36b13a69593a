//! The notification that an MMS can be fetched (OMA MMS encapsulation, WAP-209 §6.2 and §7).

use std::fmt;
use std::time::Duration;

use super::wsp::{Cursor, Value};
use crate::timestamp::Timestamp;

const CONTENT_LOCATION: u8 = 0x03;
const EXPIRY: u8 = 0x08;
const FROM: u8 = 0x09;
const MESSAGE_CLASS: u8 = 0x0A;
const MESSAGE_ID: u8 = 0x0B;
const MESSAGE_TYPE: u8 = 0x0C;
const MESSAGE_SIZE: u8 = 0x0E;
const STATUS: u8 = 0x15;
const SUBJECT: u8 = 0x16;
const TRANSACTION_ID: u8 = 0x18;
const NOTIFICATION: u8 = 2;
const DELIVERY_REPORT: u8 = 6;
const READ_REPORT: u8 = 8;

/// What a WAP push of type `application/vnd.wap.mms-message` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MmsNotification {
    /// Whether it announces a message or reports on one.
    pub kind: MmsKind,
    /// X-Mms-Content-Location: where the message can be fetched, from within the network.
    pub url: Option<String>,
    /// From, without its address type; `None` where the sender is hidden.
    pub from: Option<String>,
    /// Subject; `None` where there is none.
    pub subject: Option<String>,
    /// X-Mms-Message-Size, in octets.
    pub size: Option<u64>,
    /// X-Mms-Expiry: how long the message is kept.
    pub expiry: Option<MmsExpiry>,
    /// X-Mms-Message-Class, such as `personal` or `advertisement`.
    pub class: Option<String>,
    /// X-Mms-Transaction-ID.
    pub transaction_id: Option<String>,
    /// Message-ID, which reports name.
    pub message_id: Option<String>,
    /// X-Mms-Status of a report, in words.
    pub status: Option<&'static str>,
    /// It ends before its end, as the first part of a longer one does.
    pub truncated: bool,
}

/// X-Mms-Message-Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MmsKind {
    /// M-Notification.ind: a message can be fetched.
    #[default]
    Notification,
    /// M-Delivery.ind: what became of a message that was sent.
    DeliveryReport,
    /// M-Read-Orig.ind: a message that was sent has been read.
    ReadReport,
    /// Another type, by its number.
    Other(u8),
}

/// X-Mms-Expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MmsExpiry {
    /// For that long from the notification on.
    After(Duration),
    /// Until then, in seconds since 1970-01-01T00:00:00Z.
    At(i64),
}

/// RFC 3339, or a number of hours or minutes.
impl fmt::Display for MmsExpiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(period) => match period.as_secs() {
                seconds @ 172_800.. => write!(f, "{} days", seconds / 86_400),
                seconds @ 7_200.. => write!(f, "{} hours", seconds / 3_600),
                seconds => write!(f, "{} minutes", seconds / 60),
            },
            Self::At(seconds) => match Timestamp::from_unix_seconds(*seconds, 0) {
                Some(time) => time.fmt(f),
                None => write!(f, "{seconds} s after 1970"),
            },
        }
    }
}

impl MmsNotification {
    /// From the body of a push.
    pub(super) fn parse(octets: &[u8]) -> Self {
        let mut cursor = Cursor::new(octets);
        let mut found = Self::default();
        // Each turn takes at least two octets.
        while !cursor.rest().is_empty() {
            if found.header(&mut cursor).is_none() {
                break;
            }
        }
        found.truncated = cursor.is_truncated();
        found
    }

    fn header(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let first = cursor.rest().first().copied()?;
        if first < 0x80 {
            // A header by its name, of which none is of use here.
            cursor.text();
            cursor.text();
            return Some(());
        }
        let field = cursor.octet()? & 0x7F;
        let value = cursor.value()?;
        match (field, value) {
            (MESSAGE_TYPE, Value::Short(number)) => {
                self.kind = match number {
                    NOTIFICATION => MmsKind::Notification,
                    DELIVERY_REPORT => MmsKind::DeliveryReport,
                    READ_REPORT => MmsKind::ReadReport,
                    other => MmsKind::Other(other | 0x80),
                }
            }
            (CONTENT_LOCATION, value) => self.url = value.plain_text(),
            (TRANSACTION_ID, value) => self.transaction_id = value.plain_text(),
            (MESSAGE_ID, value) => self.message_id = value.plain_text(),
            (SUBJECT, value) => self.subject = value.encoded_text(),
            (MESSAGE_SIZE, value) => self.size = value.number(),
            (FROM, Value::Data(octets)) => self.from = sender(octets),
            (EXPIRY, Value::Data(octets)) => self.expiry = expiry(octets),
            (MESSAGE_CLASS, Value::Short(number)) => {
                self.class = class_name(number).map(str::to_owned);
            }
            (MESSAGE_CLASS, value) => self.class = value.plain_text(),
            (STATUS, Value::Short(number)) => self.status = status_name(number),
            _ => {}
        }
        Some(())
    }
}

/// `80` and an address, or `81` where the network is to insert one.
fn sender(octets: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(octets);
    if cursor.octet()? != 0x80 {
        return None;
    }
    let address = cursor.value()?.encoded_text()?;
    let address = address.split("/TYPE=").next().unwrap_or_default();
    (!address.is_empty()).then(|| address.to_owned())
}

/// `80` and a point in time, or `81` and a number of seconds.
fn expiry(octets: &[u8]) -> Option<MmsExpiry> {
    let mut cursor = Cursor::new(octets);
    let token = cursor.octet()?;
    let number = cursor.value()?.number()?;
    match token {
        0x80 => i64::try_from(number).ok().map(MmsExpiry::At),
        0x81 => Some(MmsExpiry::After(Duration::from_secs(number))),
        _ => None,
    }
}

fn class_name(number: u8) -> Option<&'static str> {
    match number {
        0 => Some("personal"),
        1 => Some("advertisement"),
        2 => Some("informational"),
        3 => Some("auto"),
        _ => None,
    }
}

fn status_name(number: u8) -> Option<&'static str> {
    match number {
        0 => Some("expired"),
        1 => Some("retrieved"),
        2 => Some("rejected"),
        3 => Some("deferred"),
        4 => Some("unrecognised"),
        5 => Some("indeterminate"),
        6 => Some("forwarded"),
        7 => Some("unreachable"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by hand from WAP-209 §7.2: every header that is read, and two that are not.
    fn notification() -> Vec<u8> {
        let mut octets = vec![0x8C, 0x82, 0x98];
        octets.extend(b"T1\0\x8D\x90\x89\x17\x80+447700900123/TYPE=PLMN\0");
        // The length of From is patched, as it is counted and not guessed.
        octets[9] = u8::try_from(2 + "+447700900123/TYPE=PLMN".len()).unwrap();
        octets.extend(b"\x96\x05\xEABei\0\x8A\x80\x8E\x02\x74\x00\x88\x05\x81\x03\x01\x19\x40");
        octets.extend(b"X-Own\0value\0\x83http://mms.example/1\0");
        octets
    }

    #[test]
    fn every_header_is_read() {
        assert_eq!(
            MmsNotification::parse(&notification()),
            MmsNotification {
                kind: MmsKind::Notification,
                url: Some("http://mms.example/1".to_owned()),
                from: Some("+447700900123".to_owned()),
                subject: Some("Bei".to_owned()),
                size: Some(29_696),
                expiry: Some(MmsExpiry::After(Duration::from_secs(72_000))),
                class: Some("personal".to_owned()),
                transaction_id: Some("T1".to_owned()),
                message_id: None,
                status: None,
                truncated: false,
            }
        );
    }

    #[test]
    fn a_first_part_says_what_it_can() {
        let whole = notification();
        let found = MmsNotification::parse(&whole[..whole.len() - 5]);
        assert_eq!(found.url.as_deref(), Some("http://mms.examp"));
        assert!(found.truncated);
        for length in 0..whole.len() {
            MmsNotification::parse(&whole[..length]);
        }
    }

    #[test]
    fn reports_and_hidden_senders() {
        let found = MmsNotification::parse(b"\x8C\x86\x8Bm1\0\x89\x01\x81\x95\x81");
        assert_eq!(found.kind, MmsKind::DeliveryReport);
        assert_eq!(found.message_id.as_deref(), Some("m1"));
        assert_eq!((found.from, found.status), (None, Some("retrieved")));
    }

    #[test]
    fn expiries_are_shown_in_words() {
        for (expiry, shown) in [
            (MmsExpiry::After(Duration::from_secs(72_000)), "20 hours"),
            (MmsExpiry::After(Duration::from_secs(259_200)), "3 days"),
            (MmsExpiry::After(Duration::from_secs(600)), "10 minutes"),
            (MmsExpiry::At(1_705_757_020), "2024-01-20T13:23:40Z"),
            (MmsExpiry::At(0), "0 s after 1970"),
        ] {
            assert_eq!(expiry.to_string(), shown);
        }
    }
}
