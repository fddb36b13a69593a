//! Binary XML (WAP-192-WBXML), as far as service indications and service loading need it.
//!
//! **Invariant:** what is written is bounded by [`MAX_TEXT`] a field, however often a document refers to one string.

use super::wsp::{Cursor, text_of};

/// Octets that one attribute or text keeps.
const MAX_TEXT: usize = 2048;

const SWITCH_PAGE: u8 = 0x00;
const END: u8 = 0x01;
const ENTITY: u8 = 0x02;
const INLINE_STRING: u8 = 0x03;
const LITERAL: u8 = 0x04;
const TABLE_STRING: u8 = 0x83;
const OPAQUE: u8 = 0xC3;
const HAS_ATTRIBUTES: u8 = 0x80;

/// What a token of an attribute stands for: the attribute's name and how its value begins.
pub(super) type AttributeStart = fn(u8) -> Option<(&'static str, &'static str)>;

/// What was found, in the order of the document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// Names and values of all attributes of all tags.
    attributes: Vec<(&'static str, String)>,
    /// Everything between tags.
    pub(super) text: String,
    /// It ended before its last tag was closed.
    pub(super) truncated: bool,
}

impl Document {
    /// The value of the first attribute with that name.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads a document whose attributes are in one code page. `None` where there is no header.
pub(super) fn read(octets: &[u8], start: AttributeStart) -> Option<Document> {
    let mut cursor = Cursor::new(octets);
    let _version = cursor.octet()?;
    if cursor.uintvar()? == 0 {
        // The public identifier is a string of the table instead of a number.
        cursor.uintvar()?;
    }
    let charset = u32::try_from(cursor.uintvar()?).ok()?;
    let table_length = cursor.uintvar()?;
    let table = cursor.take_up_to(table_length);
    let mut reading = Reading {
        cursor,
        charset,
        table,
        start,
        document: Document::default(),
    };
    let complete = reading.body().is_some();
    reading.document.truncated = !complete || reading.cursor.is_truncated();
    Some(reading.document)
}

struct Reading<'a> {
    cursor: Cursor<'a>,
    charset: u32,
    table: &'a [u8],
    start: AttributeStart,
    document: Document,
}

impl Reading<'_> {
    /// Each turn takes at least one octet.
    fn body(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            let token = self.cursor.octet()?;
            match token {
                SWITCH_PAGE => {
                    self.cursor.octet()?;
                }
                END => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(());
                    }
                }
                ENTITY | INLINE_STRING | TABLE_STRING | OPAQUE => {
                    let text = self.string(token)?;
                    append(&mut self.document.text, &text);
                }
                tag => {
                    if tag & 0x3F == LITERAL {
                        self.cursor.uintvar()?;
                    }
                    if tag & HAS_ATTRIBUTES != 0 {
                        self.attributes()?;
                    }
                    if tag & 0x40 != 0 {
                        depth += 1;
                    } else if depth == 0 {
                        return Some(());
                    }
                }
            }
        }
    }

    fn attributes(&mut self) -> Option<()> {
        // An attribute that is not known is read and left out.
        let mut current: Option<(&'static str, String)> = None;
        loop {
            let Some(token) = self.cursor.octet() else {
                self.keep(current);
                return None;
            };
            match token {
                END => {
                    self.keep(current);
                    return Some(());
                }
                SWITCH_PAGE => {
                    self.cursor.octet()?;
                }
                ENTITY | INLINE_STRING | TABLE_STRING | OPAQUE => {
                    let text = self.string(token);
                    if let (Some((name, value)), Some(text)) = (&mut current, text) {
                        match (token, *name) {
                            (OPAQUE, "created" | "si-expires") => append(value, &date(&text)),
                            _ => append(value, &text),
                        }
                    }
                }
                0x85..=0x88 => {
                    if let Some((_, value)) = &mut current {
                        append(value, domain(token));
                    }
                }
                LITERAL => {
                    self.cursor.uintvar()?;
                    self.keep(current.take());
                }
                0x80.. => {}
                token => {
                    self.keep(current.take());
                    current =
                        (self.start)(token).map(|(name, beginning)| (name, beginning.to_owned()));
                }
            }
        }
    }

    fn keep(&mut self, attribute: Option<(&'static str, String)>) {
        // There are fewer names than this in any of the languages.
        if self.document.attributes.len() < 32 {
            self.document.attributes.extend(attribute);
        }
    }

    /// A string by its token; opaque octets become hexadecimal digits.
    fn string(&mut self, token: u8) -> Option<String> {
        match token {
            INLINE_STRING => Some(text_of(self.cursor.text(), self.charset)),
            TABLE_STRING => {
                let offset = self.cursor.uintvar()?;
                let found = self.table.get(offset..).unwrap_or_default();
                let found = found.get(..MAX_TEXT).unwrap_or(found);
                Some(text_of(Cursor::new(found).text(), self.charset))
            }
            ENTITY => {
                let code = u32::try_from(self.cursor.uintvar()?).ok()?;
                Some(
                    char::from_u32(code)
                        .unwrap_or(char::REPLACEMENT_CHARACTER)
                        .into(),
                )
            }
            _ => {
                let length = self.cursor.uintvar()?;
                Some(crate::hex::encode(self.cursor.take_up_to(length)))
            }
        }
    }
}

fn append(text: &mut String, more: &str) {
    if text.len() + more.len() <= MAX_TEXT {
        text.push_str(more);
    }
}

/// The ends of addresses that have a token of their own.
fn domain(token: u8) -> &'static str {
    match token {
        0x85 => ".com/",
        0x86 => ".edu/",
        0x87 => ".net/",
        _ => ".org/",
    }
}

/// Digits `YYYYMMDDhhmmss`, zeros at the end left out, as RFC 3339 in UTC; as they are where they are no date.
fn date(digits: &str) -> String {
    let is_date = (8..=14).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    if !is_date {
        return digits.to_owned();
    }
    let mut padded = digits.to_owned();
    padded.extend(std::iter::repeat_n('0', 14 - digits.len()));
    let mut shown = String::with_capacity(20);
    for (index, digit) in padded.chars().enumerate() {
        match index {
            4 | 6 => shown.push('-'),
            8 => shown.push('T'),
            10 | 12 => shown.push(':'),
            _ => {}
        }
        shown.push(digit);
    }
    shown.push('Z');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(token: u8) -> Option<(&'static str, &'static str)> {
        match token {
            0x0B => Some(("href", "")),
            0x0A => Some(("created", "")),
            _ => None,
        }
    }

    #[test]
    fn strings_of_the_table_do_not_multiply() {
        // A table of 2,000 octets and 2,000 references to its beginning.
        let mut octets = vec![0x02, 0x05, 0x6A, 0x8F, 0x50];
        octets.extend([b'a'; 2000]);
        octets.push(0x45);
        octets.extend([TABLE_STRING, 0x00].repeat(2000));
        octets.push(END);
        let document = read(&octets, start).unwrap();
        assert!(document.text.len() <= MAX_TEXT);
        assert!(!document.truncated);
    }

    #[test]
    fn dates_are_written_out() {
        assert_eq!(date("20010203"), "2001-02-03T00:00:00Z");
        assert_eq!(date("20010203040506"), "2001-02-03T04:05:06Z");
        assert_eq!(date("2001"), "2001");
        assert_eq!(date("2001020A"), "2001020A");
    }

    #[test]
    fn entities_and_unknown_attributes() {
        // <x created="…" y="z" href="a&#x41;.com/">t</x>
        let octets = crate::hex::decode(
            "02056A00C50AC304200102033003037A000B03610002418501 037400 01"
                .replace(' ', "")
                .as_str(),
        )
        .unwrap();
        let document = read(&octets, start).unwrap();
        assert_eq!(document.attribute("created"), Some("2001-02-03T00:00:00Z"));
        assert_eq!(document.attribute("href"), Some("aA.com/"));
        assert_eq!(document.text, "t");
        assert!(!document.truncated);
    }
}
