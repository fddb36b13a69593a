//! Replaces in whole lines everything that is somebody's: numbers, texts, IMEI, IMSI, ICCID, PIN, place.
//!
//! | where | what becomes of it |
//! |---|---|
//! | PDUs | numbers fictional, texts masked, octet by octet ([`super::pdu`]) |
//! | runs of 5 digits and more | a fictional number, the same for the same; of an IMSI the country stays |
//! | texts, names, USSD, in plain or hexadecimal | letters `x`, digits `0` |
//! | PIN, PUK, passwords | `*` |
//! | area and cell in `+CREG` and its like | zeros |
//! | operators, firmware, errors, everything else with a code in front | stays |
//!
//! **Invariant:** what cannot be told is masked. A bare line stays only if it is a known word, or answers a question about
//! the modem itself.

use sms_codec::Direction as PduDirection;

use super::Direction;
use super::arguments::{self, Quote, Words};
use super::mask;
use super::numbers::Numbers;
use super::pdu;

/// Whether a line is all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// It goes on in the next piece, or breaks off.
    Half,
}

/// What the lines so far say about the next one.
#[derive(Debug, Default)]
pub(super) struct Anonymiser {
    numbers: Numbers,
    /// The last command, to recognise its echo, and what was shown of it.
    command: String,
    shown: String,
    /// A message is expected from the modem.
    body: Body,
    /// A text between quotes goes on.
    quote: Quote,
    /// A half line was shown: what comes next is its rest.
    half_from_modem: bool,
    half_to_modem: bool,
}

/// What stands below a header such as `+CMGR:`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Body {
    #[default]
    None,
    /// A PDU or a text.
    Expected,
    /// A text, which may go on.
    Text,
}

impl Anonymiser {
    /// Replaces in bytes that hold at most one line of words, whatever stands between and behind.
    pub(super) fn replace(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        extent: Extent,
    ) -> Vec<u8> {
        let mut replaced = Vec::with_capacity(bytes.len());
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0 | 0x1a | 0x1b);
        for piece in bytes.chunk_by(|one, other| is_end(one) == is_end(other)) {
            if piece.first().is_some_and(is_end) {
                replaced.extend_from_slice(piece);
                *self.half(direction) = false;
                continue;
            }
            // Latin-1, so that every byte is a character.
            let line: String = piece.iter().copied().map(char::from).collect();
            let line = if *self.half(direction) {
                if direction == Direction::FromModem && line.matches('"').count() % 2 == 1 {
                    self.quote = self.quote.turned();
                }
                mask::text(&line)
            } else {
                match direction {
                    Direction::ToModem => self.written(&line),
                    Direction::FromModem => self.read(&line),
                }
            };
            // Nothing that replaces is outside Latin-1.
            replaced.extend(
                line.chars()
                    .map(|character| u8::try_from(character).unwrap_or(b'x')),
            );
        }
        let breaks_off = extent == Extent::Half && bytes.last().is_some_and(|last| !is_end(last));
        *self.half(direction) = breaks_off;
        replaced
    }

    fn half(&mut self, direction: Direction) -> &mut bool {
        match direction {
            Direction::ToModem => &mut self.half_to_modem,
            Direction::FromModem => &mut self.half_from_modem,
        }
    }

    fn written(&mut self, line: &str) -> String {
        let upper = line.trim().to_ascii_uppercase();
        if !upper.starts_with("AT") {
            return match pdu::digits_in_front(line) {
                0..2 => mask::text(line),
                _ => pdu::replace(line, PduDirection::ToNetwork, &mut self.numbers),
            };
        }
        self.body = Body::None;
        self.quote = Quote::Closed;
        let shown = self.command(line, &upper);
        self.command = upper;
        shown.clone_into(&mut self.shown);
        shown
    }

    fn command(&mut self, line: &str, upper: &str) -> String {
        const SECRET: [&str; 5] = ["CPIN", "CPWD", "CLCK", "CPUK", "SPIC"];
        const PERSONAL: [&str; 5] = ["+CUSD", "+CMGS", "+CPBW", "+CPBF", "+CNAP"];
        if SECRET.iter().any(|secret| upper.contains(secret)) {
            return without_secrets(line);
        }
        let personal = PERSONAL.iter().any(|personal| upper.contains(personal));
        let (name, rest) = line.split_at(line.find('=').map_or(0, |at| at + 1));
        let words = if personal {
            Words::Personal
        } else {
            Words::Technical
        };
        let (rest, _) = arguments::replace(rest, words, 0, &mut self.numbers);
        format!("{}{rest}", self.numbers.replace(name, 0))
    }

    fn read(&mut self, line: &str) -> String {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed == ">" {
            return line.to_owned();
        }
        if self.quote == Quote::Open {
            return self.within_quote(line);
        }
        if !self.command.is_empty() && trimmed.eq_ignore_ascii_case(&self.command) {
            return self.shown.clone();
        }
        let code = code(trimmed).filter(|code| self.body != Body::Text || ends_text(code));
        if let Some(code) = code {
            return self.coded(line, &code.to_ascii_uppercase());
        }
        if is_word(trimmed) {
            if is_final(trimmed) {
                self.body = Body::None;
            }
            return line.to_owned();
        }
        self.bare(line)
    }

    /// A line that begins with its name.
    fn coded(&mut self, line: &str, code: &str) -> String {
        self.body = match code {
            "CMGR" | "CMGL" | "CMT" | "CDS" | "CBM" => Body::Expected,
            _ => Body::None,
        };
        let (name, rest) = line.split_at(line.find(':').map_or(line.len(), |at| at + 1));
        let rest = match code {
            "COPS" | "CMS ERROR" | "CME ERROR" => rest.to_owned(),
            "CREG" | "CGREG" | "CEREG" | "C5GREG" => without_place(rest),
            "CUSD" => self.ussd(rest),
            "CRSM" if self.command.starts_with("AT+CRSM=176,12258") => self.swapped(rest),
            "CMGR" | "CMGL" | "CMT" | "CDS" | "CBM" | "CLIP" | "CNUM" | "CPBR" | "CPBF"
            | "CCWA" | "CNAP" | "COLP" | "CLCC" => {
                let (rest, quote) = arguments::replace(rest, Words::Personal, 0, &mut self.numbers);
                self.quote = quote;
                rest
            }
            _ => {
                let kept = kept_digits(code);
                // An open quote of a technical word goes nowhere: see `+CREG: 2,1,"0B,"0100701"` of some sticks.
                arguments::replace(rest, Words::Technical, kept, &mut self.numbers).0
            }
        };
        format!("{name}{rest}")
    }

    /// `m,"text",dcs`, the quotes absent with some modems, and the text over several lines.
    fn ussd(&mut self, rest: &str) -> String {
        let Some((mode, text)) = rest.split_once(',') else {
            return self.numbers.replace(rest, 0);
        };
        if text.matches('"').count() % 2 == 1 {
            self.quote = Quote::Open;
        }
        let (text, coding) = match text.rsplit_once(',') {
            Some((text, coding)) if is_coding(coding) => (text, format!(",{coding}")),
            Some(_) | None => (text, String::new()),
        };
        format!("{mode},{}{coding}", masked(text))
    }

    /// Goes on to the quote that closes.
    fn within_quote(&mut self, line: &str) -> String {
        let Some((text, behind)) = line.rsplit_once('"') else {
            // A final result cannot be told from a text; it ends the quote, lest it never ends.
            if is_final(line.trim()) {
                self.quote = Quote::Closed;
                return line.to_owned();
            }
            return masked(line);
        };
        self.quote = Quote::Closed;
        format!("{}\"{}", masked(text), mask::text(behind))
    }

    /// The card's own spelling of its number: each pair of digits swapped.
    fn swapped(&mut self, rest: &str) -> String {
        let swap = |text: &str| -> String {
            let characters: Vec<char> = text.chars().collect();
            let pairs = characters.chunks(2);
            pairs.flat_map(|pair| pair.iter().rev().copied()).collect()
        };
        let pieces: Vec<String> = rest
            .split('"')
            .enumerate()
            .map(|(at, piece)| {
                if at % 2 == 1 {
                    swap(&self.numbers.replace(&swap(piece), kept_digits("CCID")))
                } else {
                    self.numbers.replace(piece, 0)
                }
            })
            .collect();
        pieces.join("\"")
    }

    /// A line without a name: a message, or the answer to a question about the modem.
    fn bare(&mut self, line: &str) -> String {
        let trimmed = line.trim_start().trim_start_matches("> ");
        let digits = pdu::digits_in_front(trimmed);
        let whole = digits == trimmed.trim_matches(['"', ' ']).len();
        match self.body {
            Body::Expected if digits >= 2 && (whole || digits >= 20) => {
                self.body = Body::None;
                return pdu::replace(line, PduDirection::Stored, &mut self.numbers);
            }
            Body::Expected | Body::Text => {
                self.body = Body::Text;
                return masked(line);
            }
            Body::None => {}
        }
        let question = self.command.get(2..).unwrap_or_default();
        let question = question.trim_start_matches(['+', '^', '*', '$', '%', '#']);
        let name = question.split(['=', '?']).next().unwrap_or_default();
        match name {
            // Its version may hold a date; nothing shorter is a phone number.
            "CGMR" | "GMR" | "CGMM" | "GMM" | "CGMI" | "GMI" => {
                let longest = trimmed
                    .split(|c: char| !c.is_ascii_digit())
                    .map(str::len)
                    .max();
                if longest.is_some_and(|longest| longest <= 8) {
                    line.to_owned()
                } else {
                    self.numbers.replace(line, 0)
                }
            }
            "I" | "CGSN" | "GSN" | "CIMI" | "CCID" | "ICCID" | "QCCID" | "ZGETICCID" => {
                self.numbers.replace(line, kept_digits(name))
            }
            _ if whole && digits > 20 => {
                pdu::replace(line, PduDirection::Stored, &mut self.numbers)
            }
            _ => masked(line),
        }
    }
}

/// A text in letters or in hexadecimal digits.
fn masked(text: &str) -> String {
    let inner = text.trim_matches('"');
    let is_hex = inner.len() >= 4
        && inner.len().is_multiple_of(2)
        && inner.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_hex {
        text.replace(inner, &mask::hexadecimal(inner))
    } else {
        mask::text(text)
    }
}

/// Digits that tell the country, or what kind of card it is.
fn kept_digits(code: &str) -> usize {
    match code {
        "CIMI" => 3,
        "CCID" | "ICCID" | "QCCID" | "ZGETICCID" => 2,
        _ => 0,
    }
}

/// The name in front of the colon, or all of a line such as `^MODE`, without the sign.
fn code(line: &str) -> Option<&str> {
    let rest = line.strip_prefix(['+', '^', '*', '$', '%', '#'])?;
    let name = rest.split(':').next()?;
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let fits = (1..=16).contains(&name.len())
        && (plain || matches!(name, "CMS ERROR" | "CME ERROR"))
        && name.starts_with(|first: char| first.is_ascii_alphabetic());
    fits.then_some(name)
}

/// What ends a message in text mode; anything else that looks like a name may be written by a person.
fn ends_text(code: &str) -> bool {
    matches!(
        code,
        "CMGR"
            | "CMGL"
            | "CMT"
            | "CMTI"
            | "CDS"
            | "CDSI"
            | "CBM"
            | "CMS ERROR"
            | "CME ERROR"
            | "CREG"
            | "CGREG"
            | "CEREG"
            | "CUSD"
            | "CLIP"
            | "CSQ"
    )
}

fn is_final(line: &str) -> bool {
    matches!(
        line,
        "OK" | "ERROR"
            | "COMMAND NOT SUPPORT"
            | "COMMAND NOT SUPPORTED"
            | "NOT SUPPORTED"
            | "TOO MANY PARAMETERS"
    )
}

/// What modems say in plain words, and nobody else.
fn is_word(line: &str) -> bool {
    is_final(line)
        || matches!(
            line,
            "RING"
                | "NO CARRIER"
                | "BUSY"
                | "NO ANSWER"
                | "NO DIALTONE"
                | "CONNECT"
                | "RDY"
                | "Call Ready"
                | "SMS Ready"
                | "SMS DONE"
                | "PB DONE"
                | "NORMAL POWER DOWN"
                | "READY"
                | "+PACSP0"
        )
}

fn is_coding(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// Every run of 4 digits and more, which may be a PIN, a PUK or a password.
fn without_secrets(line: &str) -> String {
    without_runs(line, 4, '*', |character| character.is_ascii_digit())
}

/// Area and cell tell where the modem stands.
fn without_place(rest: &str) -> String {
    without_runs(rest, 2, '0', |character| character.is_ascii_hexdigit())
}

fn without_runs(line: &str, shortest: usize, with: char, counts: fn(&char) -> bool) -> String {
    let characters: Vec<char> = line.chars().collect();
    characters
        .chunk_by(|one, other| counts(one) == counts(other))
        .flat_map(|run| {
            let replaced = run.first().is_some_and(counts) && run.len() >= shortest;
            run.iter()
                .map(move |&character| if replaced { with } else { character })
        })
        .collect()
}
