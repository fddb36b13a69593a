//! What follows the name of a command or an answer: quoted and bare arguments, each replaced by what it seems to be.

use sms_codec::{hex, ucs2};

use super::mask;
use super::numbers::Numbers;

/// Hexadecimal digits of the shortest text; shorter ones are codes.
const SHORTEST_TEXT: usize = 8;

/// What the words in a line are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// The modem's own, such as `"SM"` or a firmware's name: they stay, only numbers and hexadecimal texts go.
    Technical,
    /// A person's: names and texts.
    Personal,
}

/// Replaces in arguments. Returns whether a quote is still open at the end.
pub(super) fn replace(
    text: &str,
    words: Words,
    kept: usize,
    numbers: &mut Numbers,
) -> (String, Quote) {
    let mut replaced = String::with_capacity(text.len());
    let mut quote = Quote::Closed;
    for (at, piece) in text.split('"').enumerate() {
        if at > 0 {
            replaced.push('"');
            quote = quote.turned();
        }
        match (quote, words) {
            (Quote::Open, _) => replaced.push_str(&quoted(piece, words, kept, numbers)),
            (Quote::Closed, Words::Technical) => {
                replaced.push_str(&numbers.replace(piece, kept));
            }
            (Quote::Closed, Words::Personal) => {
                let mut arguments = piece
                    .split(',')
                    .map(|argument| quoted(argument, words, kept, numbers));
                replaced.push_str(&arguments.next().unwrap_or_default());
                for argument in arguments {
                    replaced.push(',');
                    replaced.push_str(&argument);
                }
            }
        }
    }
    (replaced, quote)
}

/// Whether a text between quotes goes on in the next line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Quote {
    #[default]
    Closed,
    Open,
}

impl Quote {
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Closed => Self::Open,
            Self::Open => Self::Closed,
        }
    }
}

/// One argument without its quotes.
pub(super) fn quoted(text: &str, words: Words, kept: usize, numbers: &mut Numbers) -> String {
    /// How a message is marked, in text mode (3GPP TS 27.005 §3.1), and empty or absent memories.
    const MARKS: [&str; 8] = [
        "REC UNREAD",
        "REC READ",
        "STO UNSENT",
        "STO SENT",
        "ALL",
        "SM",
        "ME",
        "MT",
    ];
    let trimmed = text.trim();
    if is_hexadecimal(trimmed) {
        return hexadecimal(text, words, kept, numbers);
    }
    let no_letters = trimmed
        .chars()
        .all(|character| character.is_ascii() && !character.is_ascii_alphabetic());
    match words {
        Words::Technical => numbers.replace(text, kept),
        Words::Personal if MARKS.contains(&trimmed) => text.to_owned(),
        // A number or a time.
        Words::Personal if no_letters => numbers.replace(text, kept),
        Words::Personal => mask::text(text),
    }
}

fn is_hexadecimal(text: &str) -> bool {
    text.len() >= SHORTEST_TEXT
        && text.len().is_multiple_of(2)
        && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn hexadecimal(text: &str, words: Words, kept: usize, numbers: &mut Numbers) -> String {
    let digits = text.trim();
    let octets = hex::decode(digits).unwrap_or_default();
    let is_ucs2 = octets.len().is_multiple_of(2) && mask::seems_ucs2(&ucs2::code_units(&octets));
    if digits.bytes().all(|digit| digit.is_ascii_digit()) {
        // "00340034" is "44" in UCS-2; a number begins so only where it is dialled abroad, and then not each pair of it.
        let wide = is_ucs2 && octets.iter().step_by(2).all(|&high| high == 0);
        if !wide {
            return numbers.replace(text, kept);
        }
    }
    match words {
        Words::Personal => mask::hexadecimal(text),
        Words::Technical if is_ucs2 => mask::hexadecimal(text),
        Words::Technical => mask::zeros(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: Words, given: &str, expected: &str) {
        let (replaced, _) = replace(given, words, 0, &mut Numbers::default());
        assert_eq!(replaced, expected, "{given}");
    }

    #[test]
    fn each_argument_is_replaced_by_its_kind() {
        check(Words::Technical, "\"SM\",3", "\"SM\",3");
        check(
            Words::Technical,
            "\"+447700900123\",145",
            "\"+121255501000\",145",
        );
        check(Words::Technical, "\"FF007A02\",7", "\"00000000\",7");
        check(
            Words::Personal,
            "1,\"REC READ\",\"+447700900123\",\"Ana\",\"26/01/31,12:00:00+20\"",
            "1,\"REC READ\",\"+121255501000\",\"Xxx\",\"26/01/31,12:00:00+20\"",
        );
        check(
            Words::Personal,
            "\"004100620031\",145",
            "\"005800780030\",145",
        );
        check(Words::Personal, "REC READ,Ana", "REC READ,Xxx");
        check(
            Words::Personal,
            "\"00340037003000300039\"",
            "\"00300030003000300030\"",
        );
    }

    #[test]
    fn an_open_quote_is_noticed() {
        let quote = |text| replace(text, Words::Personal, 0, &mut Numbers::default()).1;
        assert_eq!(quote("0,\"one"), Quote::Open);
        assert_eq!(quote("0,\"one\",15"), Quote::Closed);
    }
}
