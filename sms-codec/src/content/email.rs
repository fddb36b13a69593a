//! E-mail to SMS (3GPP TS 23.040 §3.8): an address, and maybe a subject and a name, in front of the text.

/// An e-mail that a gateway made an SMS of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Email {
    /// Who wrote it; `None` where the text does not begin with an address.
    pub from: Option<String>,
    /// The writer's name; `None` where there is none.
    pub name: Option<String>,
    /// The subject; `None` where there is none.
    pub subject: Option<String>,
    /// What follows.
    pub text: String,
}

impl Email {
    /// From the text of a message. `header` is how many characters of it are a header of RFC 822, by the header
    /// element for that (§9.2.3.24.11); 0 where there is no such element.
    pub(super) fn parse(text: &str, header: u8) -> Self {
        if header > 0 {
            return Self::with_header(text, usize::from(header));
        }
        let (address, rest) = text
            .find([' ', '(', '#', '\n'])
            .map_or((text, ""), |end| text.split_at(end));
        // Phones without an @ write * for it (§3.8.1).
        if !address.contains(['@', '*']) {
            return Self {
                text: text.to_owned(),
                ..Self::default()
            };
        }
        let mut email = Self {
            from: Some(address.replace('*', "@")),
            ..Self::default()
        };
        email.text = email.optional_fields(rest).trim().to_owned();
        email
    }

    /// Takes `(subject)`, `##subject#` and `#name#` from the front.
    fn optional_fields<'a>(&mut self, text: &'a str) -> &'a str {
        let mut rest = text;
        loop {
            let (field, behind) = if let Some(inside) = rest.strip_prefix("##") {
                (&mut self.subject, inside.split_once('#'))
            } else if let Some(inside) = rest.strip_prefix('#') {
                (&mut self.name, inside.split_once('#'))
            } else if let Some(inside) = rest.strip_prefix('(') {
                (&mut self.subject, inside.split_once(')'))
            } else {
                return rest;
            };
            match behind {
                Some((found, behind)) if field.is_none() => {
                    *field = Some(found.to_owned());
                    rest = behind;
                }
                Some(_) | None => return rest,
            }
        }
    }

    fn with_header(text: &str, length: usize) -> Self {
        let end = text
            .char_indices()
            .nth(length)
            .map_or(text.len(), |(end, _)| end);
        let (header, body) = text.split_at(end);
        let field = |wanted: &str| {
            header.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case(wanted)
                    .then(|| value.trim().to_owned())
            })
        };
        Self {
            from: field("from"),
            name: None,
            subject: field("subject"),
            text: body.trim().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formats of §3.8.1 and §3.8.2.
    #[test]
    fn address_subject_and_name_are_taken_from_the_text() {
        let email = |from: &str, name: Option<&str>, subject: Option<&str>, text: &str| Email {
            from: Some(from.to_owned()),
            name: name.map(str::to_owned),
            subject: subject.map(str::to_owned),
            text: text.to_owned(),
        };
        for (text, expected) in [
            (
                "a@b.example Hello you",
                email("a@b.example", None, None, "Hello you"),
            ),
            ("a*b.example Hi", email("a@b.example", None, None, "Hi")),
            (
                "a@b.example(Lunch)At 12?",
                email("a@b.example", None, Some("Lunch"), "At 12?"),
            ),
            (
                "a@b.example##Lunch#At 12?",
                email("a@b.example", None, Some("Lunch"), "At 12?"),
            ),
            (
                "a@b.example#Ann B#(Lunch)At 12?",
                email("a@b.example", Some("Ann B"), Some("Lunch"), "At 12?"),
            ),
            (
                "a@b.example (not closed",
                email("a@b.example", None, None, "(not closed"),
            ),
            ("a@b.example", email("a@b.example", None, None, "")),
        ] {
            assert_eq!(Email::parse(text, 0), expected, "{text}");
        }
        let none = Email::parse("no address (here)", 0);
        assert_eq!((none.from, none.text.as_str()), (None, "no address (here)"));
    }

    #[test]
    fn a_header_of_its_own_is_split_off() {
        let header = "From: a@b.example\r\nSubject: Lunch\r\n\r\n";
        let length = u8::try_from(header.chars().count()).unwrap();
        let email = Email::parse(&format!("{header}At 12?"), length);
        assert_eq!(email.from.as_deref(), Some("a@b.example"));
        assert_eq!(email.subject.as_deref(), Some("Lunch"));
        assert_eq!(email.text, "At 12?");
        assert_eq!(Email::parse("short", 200).text, "");
    }
}
