//! Who calls, as `+CLIP` and its kin write it.

use super::text;

/// Longer than any number.
const LONGEST_NUMBER: usize = 40;
/// Octets of a number in UCS-2; fewer are a short number that begins with zeros.
const SHORTEST_WIDE: usize = 6;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Caller {
    Untold,
    Withheld,
    Number(String),
}

/// The number at one place, its type behind it, and at another place whether it is valid (1: withheld, 2: not known).
pub(super) fn caller_of(arguments: &[String], number: usize, validity: usize) -> Caller {
    let international = text::number::<u8>(arguments, number + 1).is_some_and(|kind| kind == 145);
    let withheld = text::number::<u8>(arguments, validity).is_some_and(|validity| validity != 0);
    let written = arguments.get(number).map_or("", String::as_str);
    match cleaned(written, international) {
        number if number.is_empty() || withheld => Caller::Withheld,
        number => Caller::Number(number),
    }
}

/// The characters of a number, out of UCS-2 where the modem writes all strings so, with `+` before a country code.
pub(super) fn cleaned(written: &str, international: bool) -> String {
    let mut number: String = unwrapped(written)
        .unwrap_or_else(|| written.to_owned())
        .chars()
        .filter(|character| character.is_ascii_digit() || "+*#".contains(*character))
        .take(LONGEST_NUMBER)
        .collect();
    if international && number.starts_with(|first: char| first.is_ascii_digit()) {
        number.insert(0, '+');
    }
    number
}

/// `002B0031…`: groups of four hexadecimal digits, each a character of a number.
fn unwrapped(written: &str) -> Option<String> {
    let octets = sms_codec::hex::decode(written).ok()?;
    if octets.len() < SHORTEST_WIDE || !octets.len().is_multiple_of(2) {
        return None;
    }
    octets
        .chunks(2)
        .map(|pair| match pair {
            [0, low @ (b'0'..=b'9' | b'+' | b'*' | b'#')] => Some(char::from(*low)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Caller, caller_of, cleaned};
    use crate::engine::text;

    #[test]
    fn numbers_are_read_from_every_spelling() {
        let check = |written: &str, international: bool, expected: &str| {
            assert_eq!(cleaned(written, international), expected, "{written}");
        };
        check("+12025550123", true, "+12025550123");
        check("12025550123", true, "+12025550123");
        check("07700900123", false, "07700900123");
        check(
            "002B00310032003000320035003500350030003100320033",
            true,
            "+12025550123",
        );
        check("0012025550123", false, "0012025550123");
        check("0030", false, "0030");
        check("*#06#", false, "*#06#");
        check("junk", true, "");
        check(&"1".repeat(200), false, &"1".repeat(40));
    }

    /// Shapes after 3GPP TS 27.007 §7.11; numbers of our own.
    #[test]
    fn withheld_numbers_are_none() {
        let check = |line: &str, expected: Caller| {
            assert_eq!(caller_of(&text::arguments(line), 0, 5), expected, "{line}");
        };
        let number = || Caller::Number("+12025550123".to_owned());
        check("+CLIP: \"+12025550123\",145,\"\",0,\"\",0", number());
        check("+CLIP: \"12025550123\",145,,,,0", number());
        check("+CLIP: \"+12025550123\",145", number());
        check("+CLIP: \"\",128,,,,1", Caller::Withheld);
        check("+CLIP: ,128", Caller::Withheld);
        check(
            "+CLIP: \"+12025550123\",145,\"\",0,\"\",1",
            Caller::Withheld,
        );
        check("+CLIP:", Caller::Withheld);
    }
}
