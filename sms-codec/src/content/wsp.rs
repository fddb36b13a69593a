//! Values of the Wireless Session Protocol, of which WAP pushes and MMS headers are made (WAP-230-WSP §8.4).

/// A cursor over octets that notes when something was promised and is not there.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    truncated: bool,
}

/// A value by its first octet (WAP-230-WSP §8.4.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// One octet with bit 7 set, which is left out here: 0 to 127.
    Short(u8),
    /// Octets up to a zero, which is left out.
    Text(&'a [u8]),
    /// A length and that many octets.
    Data(&'a [u8]),
}

impl<'a> Cursor<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self {
            rest: octets,
            truncated: false,
        }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether something was promised that is not there.
    pub(super) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Notes that something is missing.
    fn missing<T>(&mut self) -> Option<T> {
        self.truncated = true;
        self.rest = &[];
        None
    }

    pub(super) fn octet(&mut self) -> Option<u8> {
        let Some((octet, rest)) = self.rest.split_first() else {
            return self.missing();
        };
        self.rest = rest;
        Some(*octet)
    }

    /// As many octets as there are, up to `count`.
    pub(super) fn take_up_to(&mut self, count: usize) -> &'a [u8] {
        if count > self.rest.len() {
            self.truncated = true;
        }
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// An unsigned integer of seven bits an octet, the last without bit 7; five octets at most.
    pub(super) fn uintvar(&mut self) -> Option<usize> {
        let mut value: u32 = 0;
        for _ in 0..5 {
            let octet = self.octet()?;
            value = value.checked_mul(128)? | u32::from(octet & 0x7F);
            if octet & 0x80 == 0 {
                return usize::try_from(value).ok();
            }
        }
        None
    }

    /// Octets up to a zero, or to the end where there is none.
    pub(super) fn text(&mut self) -> &'a [u8] {
        match self.rest.iter().position(|octet| *octet == 0) {
            Some(end) => {
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest.get(1..).unwrap_or_default();
                text
            }
            None => {
                self.truncated = true;
                std::mem::take(&mut self.rest)
            }
        }
    }

    pub(super) fn value(&mut self) -> Option<Value<'a>> {
        match self.rest.first().copied() {
            None => self.missing(),
            Some(first @ 0x80..) => {
                self.octet()?;
                Some(Value::Short(first & 0x7F))
            }
            Some(0x20..=0x7F) => Some(Value::Text(self.text())),
            Some(first) => {
                self.octet()?;
                let length = if first == 31 {
                    self.uintvar()?
                } else {
                    usize::from(first)
                };
                Some(Value::Data(self.take_up_to(length)))
            }
        }
    }
}

impl<'a> Value<'a> {
    /// A number, from one octet or from several, highest first; `None` where they are more than seven.
    pub(super) fn number(self) -> Option<u64> {
        match self {
            Self::Short(number) => Some(u64::from(number)),
            Self::Data(octets) if octets.len() <= 7 => Some(
                octets
                    .iter()
                    .fold(0, |number, octet| number << 8 | u64::from(*octet)),
            ),
            Self::Data(_) | Self::Text(_) => None,
        }
    }

    /// A text, with or without a character set in front (WAP-209 §7.2.9).
    pub(super) fn encoded_text(self) -> Option<String> {
        match self {
            Self::Short(_) => None,
            Self::Text(octets) => Some(text_of(unquoted(octets), UNKNOWN_CHARSET)),
            Self::Data(octets) => {
                let mut cursor = Cursor::new(octets);
                let charset = cursor.value()?.number()?;
                Some(text_of(
                    unquoted(cursor.rest()),
                    u32::try_from(charset).unwrap_or(UNKNOWN_CHARSET),
                ))
            }
        }
    }

    /// A text without a character set.
    pub(super) fn plain_text(self) -> Option<String> {
        match self {
            Self::Text(octets) => Some(text_of(unquoted(octets), UNKNOWN_CHARSET)),
            Self::Short(_) | Self::Data(_) => None,
        }
    }
}

/// A text that begins with an octet above 7F, or that is quoted, has one octet more in front (WAP-230-WSP §8.4.2.1).
fn unquoted(octets: &[u8]) -> &[u8] {
    match octets {
        [0x7F | b'"', rest @ ..] => rest,
        octets => octets,
    }
}

/// Read as UTF-8 where it is that, else as Latin 1.
pub(super) const UNKNOWN_CHARSET: u32 = 0;

/// The text of octets in a character set by its IANA number (MIBenum); zeros at the end are left out.
pub(super) fn text_of(octets: &[u8], charset: u32) -> String {
    match charset {
        1000 | 1013 | 1015 => {
            let units = crate::ucs2::code_units(octets);
            let text = crate::ucs2::decode(&units);
            text.trim_start_matches('\u{FEFF}')
                .trim_end_matches('\0')
                .to_owned()
        }
        4 => latin_1(octets),
        _ => match std::str::from_utf8(octets) {
            Ok(text) => text.trim_end_matches('\0').to_owned(),
            // Cut within a character by the end of a part.
            Err(error) if error.error_len().is_none() && charset != UNKNOWN_CHARSET => {
                let (whole, _) = octets.split_at(error.valid_up_to());
                String::from_utf8_lossy(whole).into_owned()
            }
            Err(_) => latin_1(octets),
        },
    }
}

fn latin_1(octets: &[u8]) -> String {
    octets
        .iter()
        .take_while(|octet| **octet != 0)
        .map(|octet| char::from(*octet))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart_by_their_first_octet() {
        let mut cursor = Cursor::new(b"\x85text\0\x02\x01\x02\x1F\x03abc");
        assert_eq!(cursor.value(), Some(Value::Short(5)));
        assert_eq!(cursor.value(), Some(Value::Text(b"text")));
        assert_eq!(cursor.value(), Some(Value::Data(&[1, 2])));
        assert_eq!(cursor.value(), Some(Value::Data(b"abc")));
        assert!(!cursor.is_truncated());
        assert_eq!(cursor.value(), None);
        assert!(cursor.is_truncated());
    }

    #[test]
    fn what_is_cut_off_is_read_as_far_as_it_goes() {
        let mut cursor = Cursor::new(b"http");
        assert_eq!(cursor.value(), Some(Value::Text(b"http")));
        assert!(cursor.is_truncated());
        let mut cursor = Cursor::new(b"\x05ab");
        assert_eq!(cursor.value(), Some(Value::Data(b"ab")));
        assert!(cursor.is_truncated());
    }

    #[test]
    fn numbers() {
        assert_eq!(Cursor::new(&[0x81, 0x00]).uintvar(), Some(128));
        assert_eq!(Cursor::new(&[0xFF; 9]).uintvar(), None);
        assert_eq!(Value::Data(&[1, 0x19, 0x40]).number(), Some(72_000));
        assert_eq!(Value::Data(&[0xFF; 8]).number(), None);
    }

    #[test]
    fn texts_have_a_character_set_or_none() {
        assert_eq!(text_of("é".as_bytes(), 106), "é");
        assert_eq!(text_of(b"\xE9", UNKNOWN_CHARSET), "é");
        assert_eq!(text_of(b"\xC3\xA9", 4), "Ã©");
        assert_eq!(text_of(b"\x04\x14\x04\x30", 1000), "Да");
        assert_eq!(
            Value::Text(b"\"quoted").plain_text().as_deref(),
            Some("quoted")
        );
        assert_eq!(text_of(b"caf\xC3", 106), "caf");
        assert_eq!(
            Value::Data(b"\xEAHallo\0").encoded_text().as_deref(),
            Some("Hallo")
        );
    }
}
