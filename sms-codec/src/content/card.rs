//! Business cards and appointments, as phones send them to ports 9204 and 9205 (vCard 2.1, vCalendar 1.0).

/// A business card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// `FN`, or `N` with its parts turned round; `None` where there is neither.
    pub name: Option<String>,
    /// Every `TEL`.
    pub numbers: Vec<String>,
    /// Every `EMAIL`.
    pub emails: Vec<String>,
    /// The card as received.
    pub text: String,
}

/// An appointment or a task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Appointment {
    /// `SUMMARY`, or `DESCRIPTION` without one.
    pub summary: Option<String>,
    /// `DTSTART`, as written: `20240120T130000Z`, or without `Z` in local time.
    pub start: Option<String>,
    /// `DTEND` or `DUE`, as written.
    pub end: Option<String>,
    /// `LOCATION`.
    pub location: Option<String>,
    /// The whole as received.
    pub text: String,
}

impl Contact {
    pub(super) fn parse(text: String) -> Self {
        let properties = properties(&text);
        let all = |wanted: &str| -> Vec<String> {
            properties
                .iter()
                .filter(|property| property.name.eq_ignore_ascii_case(wanted))
                .map(|property| property.value.clone())
                .collect()
        };
        let turned = |name: &String| {
            let parts: Vec<&str> = name.split(';').map(str::trim).collect();
            let order = [parts.get(1), parts.get(2), parts.first()];
            let words = order.into_iter().flatten().copied();
            words
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let name = all("FN").into_iter().next();
        Self {
            name: name.or_else(|| all("N").first().map(turned)),
            numbers: all("TEL"),
            emails: all("EMAIL"),
            text,
        }
    }
}

impl Appointment {
    pub(super) fn parse(text: String) -> Self {
        let properties = properties(&text);
        let first = |wanted: &str| {
            properties
                .iter()
                .find(|property| property.name.eq_ignore_ascii_case(wanted))
                .map(|property| property.value.clone())
        };
        Self {
            summary: first("SUMMARY").or_else(|| first("DESCRIPTION")),
            start: first("DTSTART"),
            end: first("DTEND").or_else(|| first("DUE")),
            location: first("LOCATION"),
            text,
        }
    }
}

struct Property {
    name: String,
    value: String,
}

/// The lines `NAME;PARAMETERS:VALUE`, those that were folded joined again.
fn properties(text: &str) -> Vec<Property> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let mut line = line.to_owned();
        let quoted_printable = line
            .split(':')
            .next()
            .is_some_and(|head| head.to_ascii_uppercase().contains("QUOTED-PRINTABLE"));
        if quoted_printable {
            while let (Some(open), Some(next)) = (line.strip_suffix('='), lines.peek()) {
                line = format!("{open}{next}");
                lines.next();
            }
        }
        while let Some(more) = lines.peek().and_then(|next| next.strip_prefix([' ', '\t'])) {
            line.push_str(more);
            lines.next();
        }
        let Some((head, value)) = line.split_once(':') else {
            continue;
        };
        let name = head.split(';').next().unwrap_or_default();
        // A group stands in front of a dot.
        let name = name.rsplit('.').next().unwrap_or_default().trim();
        let value = if quoted_printable {
            decode_quoted_printable(value)
        } else {
            value.to_owned()
        };
        found.push(Property {
            name: name.to_owned(),
            value: value.trim().to_owned(),
        });
    }
    found
}

fn decode_quoted_printable(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((octet, behind)) = rest.split_first() {
        let escaped = behind.split_at_checked(2).and_then(|(digits, behind)| {
            let digits = std::str::from_utf8(digits).ok()?;
            let value = u8::from_str_radix(digits, 16).ok()?;
            (*octet == b'=').then_some((value, behind))
        });
        let (value, behind) = escaped.unwrap_or((*octet, behind));
        octets.push(value);
        rest = behind;
    }
    super::wsp::text_of(&octets, super::wsp::UNKNOWN_CHARSET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card() {
        let contact = Contact::parse(
            "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCl=\r\nler;Ann;;;\r\nTEL;CELL:+12025550100\r\nitem1.TEL:+447700\r\n 900123\r\nEMAIL:a@b.example\r\nEND:VCARD\r\n".to_owned(),
        );
        assert_eq!(contact.name.as_deref(), Some("Ann Müller"));
        assert_eq!(contact.numbers, ["+12025550100", "+447700900123"]);
        assert_eq!(contact.emails, ["a@b.example"]);
    }

    #[test]
    fn an_appointment() {
        let appointment = Appointment::parse(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20240120T130000Z\nDTEND:20240120T140000Z\nSUMMARY:Lunch\nLOCATION:Here\nEND:VEVENT".to_owned(),
        );
        assert_eq!(appointment.summary.as_deref(), Some("Lunch"));
        assert_eq!(appointment.start.as_deref(), Some("20240120T130000Z"));
        assert_eq!(appointment.end.as_deref(), Some("20240120T140000Z"));
        assert_eq!(appointment.location.as_deref(), Some("Here"));
    }

    #[test]
    fn what_is_no_card_has_its_text() {
        let contact = Contact::parse("=:\nnothing\n ;=Z=".to_owned());
        assert_eq!((contact.name, contact.numbers.len()), (None, 0));
        assert_eq!(decode_quoted_printable("=4=ZZ=41"), "=4=ZZA");
    }
}
