//! Contacts as vCards: 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350) are read, 3.0 is written, which every phone takes.
//!
//! Pure. Only names and numbers are looked at; pictures and all else are passed over. No input is an error: what is no card
//! is none.

/// More cards are not read.
const MOST: usize = 10_000;
/// A longer line holds neither a name nor a number.
const LONGEST: usize = 8 * 1024;
/// A line is folded before it has more octets (RFC 2426 §2.6).
const FOLDED: usize = 75;
/// An alphanumeric sender, which is no number: a property of ours.
const SENDER: &str = "X-SMS-SENDER";

/// The name and numbers of one vCard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// FN, else N, else ORG. Empty where there is none of them.
    pub name: String,
    /// TEL, as they are written.
    pub numbers: Vec<String>,
    /// Alphanumeric senders, in files of this program only.
    pub senders: Vec<String>,
}

/// Reads every card of a file that has a name and a number.
#[must_use]
pub fn read(file: &[u8]) -> Vec<Card> {
    let file = String::from_utf8_lossy(file);
    let mut cards = Vec::new();
    let mut open: Option<Draft> = None;
    for line in unfolded(&file) {
        let Some(property) = property(&line) else {
            continue;
        };
        match (property.name.as_str(), &mut open) {
            ("BEGIN", _) if is_card(&property) => open = Some(Draft::default()),
            ("END", _) if is_card(&property) => {
                let card = open.take().map(Draft::finish);
                let whole = |card: &Card| {
                    !(card.name.is_empty() || card.numbers.is_empty() && card.senders.is_empty())
                };
                cards.extend(card.filter(whole));
                if cards.len() >= MOST {
                    break;
                }
            }
            (_, Some(draft)) => draft.take(&property),
            (_, None) => {}
        }
    }
    cards
}

/// Writes cards as vCard 3.0, with CRLF.
#[must_use]
pub fn write(cards: &[Card]) -> String {
    let mut file = String::new();
    for card in cards {
        let name = escaped(&card.name);
        file.push_str("BEGIN:VCARD\r\nVERSION:3.0\r\n");
        fold(&mut file, &format!("FN:{name}"));
        fold(&mut file, &format!("N:{name};;;;"));
        for number in &card.numbers {
            fold(&mut file, &format!("TEL;TYPE=CELL:{}", escaped(number)));
        }
        for sender in &card.senders {
            fold(&mut file, &format!("{SENDER}:{}", escaped(sender)));
        }
        file.push_str("END:VCARD\r\n");
    }
    file
}

/// What was seen of a card so far.
#[derive(Default)]
struct Draft {
    formatted: String,
    structured: String,
    organisation: String,
    numbers: Vec<String>,
    senders: Vec<String>,
}

impl Draft {
    fn take(&mut self, property: &Property<'_>) {
        let value = property.text();
        match property.name.as_str() {
            "FN" if self.formatted.is_empty() => self.formatted = unescaped(&value),
            "N" if self.structured.is_empty() => {
                let parts = components(&value);
                // Family name; given name; further names; before; behind.
                let order = [3, 1, 2, 0, 4];
                let words = order.iter().filter_map(|&place| parts.get(place));
                let words: Vec<&str> = words.map(|word| word.trim()).collect();
                self.structured = joined(&words);
            }
            "ORG" if self.organisation.is_empty() => {
                self.organisation = components(&value).into_iter().next().unwrap_or_default();
            }
            "TEL" => {
                let number = unescaped(&value);
                let number = match number.get(..4) {
                    // RFC 3966: parameters stand behind a semicolon.
                    Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => {
                        let number = number.get(4..).unwrap_or_default();
                        number.split(';').next().unwrap_or_default().to_owned()
                    }
                    Some(_) | None => number,
                };
                add(&mut self.numbers, number);
            }
            SENDER => add(&mut self.senders, unescaped(&value)),
            _ => {}
        }
    }

    fn finish(self) -> Card {
        let names = [self.formatted, self.structured, self.organisation];
        let named = names.iter().map(|name| name.trim());
        Card {
            name: named
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or_default()
                .to_owned(),
            numbers: self.numbers,
            senders: self.senders,
        }
    }
}

fn add(list: &mut Vec<String>, text: String) {
    let text = text.trim();
    if !text.is_empty() && list.len() < 100 && !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

fn joined(words: &[&str]) -> String {
    let words: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// One property: `group.NAME;PARAMETER=…:value`.
struct Property<'a> {
    /// In capitals.
    name: String,
    is_quoted_printable: bool,
    value: &'a str,
}

impl Property<'_> {
    fn text(&self) -> String {
        if self.is_quoted_printable {
            quoted_printable(self.value)
        } else {
            self.value.to_owned()
        }
    }
}

fn is_card(property: &Property<'_>) -> bool {
    property.value.trim().eq_ignore_ascii_case("VCARD")
}

fn property(line: &str) -> Option<Property<'_>> {
    let mut is_quoted = false;
    let colon = line.char_indices().find(|&(_, c)| {
        is_quoted ^= c == '"';
        c == ':' && !is_quoted
    });
    let (head, value) = line.split_at_checked(colon?.0)?;
    let value = value.get(1..)?;
    let mut head = head.split(';');
    let name = head.next()?;
    let name = name.rsplit('.').next().unwrap_or(name).trim();
    Some(Property {
        name: name.to_ascii_uppercase(),
        is_quoted_printable: head.any(is_quoted_printable),
        value,
    })
}

/// A parameter of vCard 2.1, where `ENCODING=` may be left out.
fn is_quoted_printable(parameter: &str) -> bool {
    let value = parameter.rsplit('=').next().unwrap_or(parameter);
    value.trim().eq_ignore_ascii_case("QUOTED-PRINTABLE")
}

/// The lines of a file as they were before they were folded. What is too long is cut.
fn unfolded(file: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in file.lines() {
        let folded = line.strip_prefix([' ', '\t']);
        match (lines.last_mut(), is_open, folded) {
            // Quoted-printable is broken with a `=` at the end of the line, and what follows begins as it is.
            (Some(last), true, _) => {
                last.pop();
                append(last, line);
            }
            (Some(last), false, Some(rest)) => append(last, rest),
            (_, _, _) => {
                lines.push(String::new());
                if let Some(last) = lines.last_mut() {
                    append(last, line);
                }
            }
        }
        let last = lines.last().map(String::as_str).unwrap_or_default();
        is_open = last.ends_with('=') && property(last).is_some_and(|it| it.is_quoted_printable);
    }
    lines
}

fn append(line: &mut String, more: &str) {
    let room = LONGEST.saturating_sub(line.len());
    let end = more.floor_char_boundary(room);
    line.push_str(more.get(..end).unwrap_or_default());
}

/// RFC 2045 §6.7. Where the octets are no UTF-8 they are read as ISO 8859-1, which old phones wrote.
fn quoted_printable(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let octet = digits
            .filter(|digits| first == b'=' && digits.bytes().all(|c| c.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = match octet {
            Some(_) => behind.get(2..).unwrap_or_default(),
            None => behind,
        };
        octets.push(octet.unwrap_or(first));
    }
    match String::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => error
            .as_bytes()
            .iter()
            .map(|&octet| char::from(octet))
            .collect(),
    }
}

/// The parts of a structured value, which stand between semicolons.
fn components(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, parts.last_mut()) {
            (';', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(chars.next().map(meant)),
            (c, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    parts
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next().map(meant)),
            c => text.push(c),
        }
    }
    text
}

/// What a character behind a backslash stands for.
fn meant(c: char) -> char {
    match c {
        'n' | 'N' => ' ',
        c => c,
    }
}

fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => value.extend(['\\', c]),
            c if c.is_control() => value.push(' '),
            c => value.push(c),
        }
    }
    value
}

/// One line, folded.
fn fold(file: &mut String, line: &str) {
    let mut rest = line;
    let mut room = FOLDED;
    while rest.len() > room {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(room));
        file.push_str(head);
        file.push_str("\r\n ");
        rest = tail;
        room = FOLDED - 1;
    }
    file.push_str(rest);
    file.push_str("\r\n");
}

#[cfg(test)]
mod tests;
