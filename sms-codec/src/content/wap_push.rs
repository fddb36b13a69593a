//! WAP push: a document that the network brings unasked, over port 2948 (WAP-251-PushMessage, WAP-230-WSP §8.2.4.1).
//!
//! A transaction number, `06`, the length of the headers, the content type, headers, and the document itself: an MMS
//! notification ([`mms`](super::mms)), a link ([`ServiceIndication`], [`ServiceLoading`]) or settings.

use super::wbxml::{self, Document};
use super::wsp::{Cursor, Value, text_of};

const PUSH: u8 = 0x06;
const CONFIRMED_PUSH: u8 = 0x07;
const APPLICATION_ID: u8 = 0x2F;

/// A push by its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Push<'a> {
    pub(super) content_type: String,
    /// X-Wap-Application-Id; `None` where there is none.
    pub(super) application: Option<String>,
    pub(super) body: &'a [u8],
    /// It ends inside of its headers.
    pub(super) truncated: bool,
}

impl<'a> Push<'a> {
    /// `None` where it is no push.
    pub(super) fn parse(octets: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(octets);
        let _transaction = cursor.octet()?;
        if !matches!(cursor.octet()?, PUSH | CONFIRMED_PUSH) {
            return None;
        }
        let length = cursor.uintvar()?;
        let mut headers = Cursor::new(cursor.take_up_to(length));
        let content_type = content_type(headers.value()?);
        Some(Self {
            content_type,
            application: application(&mut headers),
            body: cursor.rest(),
            truncated: cursor.is_truncated(),
        })
    }
}

fn content_type(value: Value<'_>) -> String {
    match value {
        Value::Short(number) => well_known_type(u64::from(number)),
        Value::Text(octets) => text_of(octets, 3),
        Value::Data(octets) => {
            // The type and its parameters, of which none changes how these documents are read.
            let mut cursor = Cursor::new(octets);
            match cursor.value() {
                Some(Value::Text(octets)) => text_of(octets, 3),
                Some(value @ (Value::Short(_) | Value::Data(_))) => {
                    value.number().map_or_else(String::new, well_known_type)
                }
                None => String::new(),
            }
        }
    }
}

/// Content types by the numbers that OMA gives them.
fn well_known_type(number: u64) -> String {
    let name = match number {
        0x03 => "text/plain",
        0x06 => "text/x-vCalendar",
        0x07 => "text/x-vCard",
        0x08 => "text/vnd.wap.wml",
        0x14 => "application/vnd.wap.wmlc",
        0x23 => "application/vnd.wap.multipart.mixed",
        0x29 => "application/vnd.wap.wbxml",
        0x2D => "text/vnd.wap.si",
        0x2E => "application/vnd.wap.sic",
        0x2F => "text/vnd.wap.sl",
        0x30 => "application/vnd.wap.slc",
        0x31 => "text/vnd.wap.co",
        0x32 => "application/vnd.wap.coc",
        0x33 => "application/vnd.wap.multipart.related",
        0x34 => "application/vnd.wap.sia",
        0x35 => "text/vnd.wap.connectivity-xml",
        0x36 => "application/vnd.wap.connectivity-wbxml",
        0x3E => "application/vnd.wap.mms-message",
        0x42 => "application/vnd.syncml+wbxml",
        0x43 => "application/vnd.syncml+xml",
        0x44 => "application/vnd.syncml.notification",
        0x4A => "application/vnd.oma.drm.rights+xml",
        0x4B => "application/vnd.oma.drm.rights+wbxml",
        0x0304 => "application/vnd.oma.dd+xml",
        0x030A => "application/vnd.wap.emn+wbxml",
        0x0310 => "application/vnd.wap.loc-xml",
        number => return format!("well-known type 0x{number:02X}"),
    };
    name.to_owned()
}

/// X-Wap-Application-Id among the headers; it and all others are skipped by their first octet.
fn application(headers: &mut Cursor<'_>) -> Option<String> {
    while let Some(first) = headers.rest().first().copied() {
        let is_application = first == APPLICATION_ID | 0x80;
        if first >= 0x80 {
            headers.octet()?;
        } else {
            headers.text();
        }
        let value = headers.value()?;
        if is_application {
            return match value {
                Value::Text(octets) => Some(text_of(octets, 3)),
                Value::Short(_) | Value::Data(_) => value.number().map(application_name),
            };
        }
    }
    None
}

/// Applications by the numbers that OMA gives them.
fn application_name(number: u64) -> String {
    let name = match number {
        0x01 => "push.sia",
        0x02 => "wml.ua",
        0x03 => "wta.ua",
        0x04 => "mms.ua",
        0x05 => "push.syncml",
        0x06 => "loc.ua",
        0x07 => "syncml.dm",
        0x08 => "drm.ua",
        0x09 => "emn.ua",
        number => return format!("application 0x{number:02X}"),
    };
    name.to_owned()
}

/// A link with a text (WAP-167-ServiceInd).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceIndication {
    /// Where it leads; `None` where the document names no address.
    pub url: Option<String>,
    /// What it says about that.
    pub text: String,
    /// How urgent: `signal-none`, `signal-low`, `signal-medium`, `signal-high`, or `delete` for one to be taken back.
    pub action: Option<String>,
    /// When it was made, in RFC 3339; `None` where it does not say.
    pub created: Option<String>,
    /// When it ends, in RFC 3339; `None` where it does not say.
    pub expires: Option<String>,
    /// By which a later one replaces it; `None` where it does not say.
    pub id: Option<String>,
    /// It ends before its end.
    pub truncated: bool,
}

/// A link to be loaded at once (WAP-168-ServiceLoad).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceLoading {
    /// Where it leads; `None` where the document names no address.
    pub url: Option<String>,
    /// `execute-low`, `execute-high` or `cache`; `None` stands for `execute-low`.
    pub action: Option<String>,
    /// It ends before its end.
    pub truncated: bool,
}

impl ServiceIndication {
    /// From binary XML.
    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let document = wbxml::read(octets, indication_attribute)?;
        let attribute = |name| document.attribute(name).map(str::to_owned);
        Some(Self {
            url: attribute("href"),
            action: attribute("action"),
            created: attribute("created"),
            expires: attribute("si-expires"),
            id: attribute("si-id"),
            truncated: document.truncated,
            text: document.text,
        })
    }

    /// From XML as text.
    pub(super) fn parse_text(octets: &[u8]) -> Self {
        let text = text_of(octets, super::wsp::UNKNOWN_CHARSET);
        let attribute = |name| xml_attribute(&text, name);
        Self {
            url: attribute("href"),
            action: attribute("action"),
            created: attribute("created"),
            expires: attribute("si-expires"),
            id: attribute("si-id"),
            truncated: !text.contains("</si>"),
            text: xml_text(&text),
        }
    }
}

impl ServiceLoading {
    /// From binary XML.
    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let document = wbxml::read(octets, loading_attribute)?;
        Some(Self {
            url: owned(&document, "href"),
            action: owned(&document, "action"),
            truncated: document.truncated,
        })
    }

    /// From XML as text.
    pub(super) fn parse_text(octets: &[u8]) -> Self {
        let text = text_of(octets, super::wsp::UNKNOWN_CHARSET);
        Self {
            url: xml_attribute(&text, "href"),
            action: xml_attribute(&text, "action"),
            truncated: !text.trim_end().ends_with('>'),
        }
    }
}

fn owned(document: &Document, name: &str) -> Option<String> {
    document.attribute(name).map(str::to_owned)
}

fn indication_attribute(token: u8) -> Option<(&'static str, &'static str)> {
    Some(match token {
        0x05 => ("action", "signal-none"),
        0x06 => ("action", "signal-low"),
        0x07 => ("action", "signal-medium"),
        0x08 => ("action", "signal-high"),
        0x09 => ("action", "delete"),
        0x0A => ("created", ""),
        0x0B => ("href", ""),
        0x0C => ("href", "http://"),
        0x0D => ("href", "http://www."),
        0x0E => ("href", "https://"),
        0x0F => ("href", "https://www."),
        0x10 => ("si-expires", ""),
        0x11 => ("si-id", ""),
        0x12 => ("class", ""),
        _ => return None,
    })
}

fn loading_attribute(token: u8) -> Option<(&'static str, &'static str)> {
    Some(match token {
        0x05 => ("action", "execute-low"),
        0x06 => ("action", "execute-high"),
        0x07 => ("action", "cache"),
        0x08 => ("href", ""),
        0x09 => ("href", "http://"),
        0x0A => ("href", "http://www."),
        0x0B => ("href", "https://"),
        0x0C => ("href", "https://www."),
        _ => return None,
    })
}

/// The value of the first attribute with that name in an XML text.
fn xml_attribute(text: &str, name: &str) -> Option<String> {
    for (at, _) in text.match_indices(name) {
        let (before, rest) = text.split_at(at);
        let behind = rest.strip_prefix(name)?.trim_start();
        let whole_name = before.ends_with(char::is_whitespace);
        let (true, Some(behind)) = (whole_name, behind.strip_prefix('=')) else {
            continue;
        };
        let behind = behind.trim_start();
        let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let value = behind.strip_prefix(quote)?;
        return Some(entities(value.split(quote).next().unwrap_or_default()));
    }
    None
}

/// What stands between the tags of an XML text.
fn xml_text(text: &str) -> String {
    let mut found = String::new();
    let mut inside = false;
    for character in text.chars() {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            other if !inside => found.push(other),
            _ => {}
        }
    }
    entities(found.trim())
}

fn entities(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        crate::hex::decode(&hex.replace(' ', "")).unwrap()
    }

    /// `<si><indication href="http://www.example.com/a" si-id="7" created="2001-02-03T04:05:06Z" action="signal-high">
    /// Hi</indication></si>`, written by hand from the tables of WAP-167 §8.
    #[test]
    fn a_link_with_a_text() {
        let push = octets(
            "01 06 01 AE  02 05 6A 00 45 C6 0D 03 6578616D706C65 00 85 03 61 00 11 03 37 00 0A C3 07 20010203040506 08 01 03 4869 00 01 01",
        );
        let push = Push::parse(&push).unwrap();
        assert_eq!(push.content_type, "application/vnd.wap.sic");
        assert_eq!((push.application.as_deref(), push.truncated), (None, false));
        assert_eq!(
            ServiceIndication::parse(push.body).unwrap(),
            ServiceIndication {
                url: Some("http://www.example.com/a".to_owned()),
                text: "Hi".to_owned(),
                action: Some("signal-high".to_owned()),
                created: Some("2001-02-03T04:05:06Z".to_owned()),
                expires: None,
                id: Some("7".to_owned()),
                truncated: false,
            }
        );
    }

    /// `<sl href="https://example.org/x" action="cache"/>`, from the tables of WAP-168 §9.
    #[test]
    fn a_link_to_be_loaded() {
        let document = octets("02 06 6A 00 85 0B 03 6578616D706C65 00 88 03 78 00 07 01");
        assert_eq!(
            ServiceLoading::parse(&document).unwrap(),
            ServiceLoading {
                url: Some("https://example.org/x".to_owned()),
                action: Some("cache".to_owned()),
                truncated: false,
            }
        );
    }

    #[test]
    fn the_same_as_text() {
        let indication = ServiceIndication::parse_text(
            b"<?xml version=\"1.0\"?><si><indication si-id='1' href=\"http://example.com/?a=1&amp;b=2\">Hi &lt;you&gt;</indication></si>",
        );
        assert_eq!(
            indication.url.as_deref(),
            Some("http://example.com/?a=1&b=2")
        );
        assert_eq!(indication.text, "Hi <you>");
        let loading = ServiceLoading::parse_text(b"<sl href='http://example.com/'/>");
        assert_eq!(loading.url.as_deref(), Some("http://example.com/"));
    }

    #[test]
    fn content_types_in_three_spellings() {
        let spelled = |hex: &str| Push::parse(&octets(hex)).map(|push| push.content_type);
        assert_eq!(
            spelled("00 06 01 BE"),
            Some("application/vnd.wap.mms-message".to_owned())
        );
        assert_eq!(
            spelled("00 06 0B 746578742F706C61696E 00"),
            Some("text/plain".to_owned())
        );
        assert_eq!(
            spelled("00 06 04 03 AE 81 EA"),
            Some("application/vnd.wap.sic".to_owned())
        );
        assert_eq!(
            spelled("00 07 04 03 02 03 0A"),
            Some("application/vnd.wap.emn+wbxml".to_owned())
        );
        assert_eq!(spelled("00 05 01 BE"), None);
        assert_eq!(spelled("00"), None);
    }

    #[test]
    fn the_application_is_found_among_other_headers() {
        let push = octets("01 06 07 BE 8D C2 B4 86 AF 84");
        let push = Push::parse(&push).unwrap();
        assert_eq!(push.application.as_deref(), Some("mms.ua"));
    }
}
