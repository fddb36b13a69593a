//! Reading what stands in a line: final results, the code in front, arguments, ranges of `=?` answers.
//!
//! Tolerant throughout: a quote may be missing, a parameter absent or impossible. What cannot be read is `None`.

use crate::cause::ModemError;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Final {
    Ok,
    Error(ModemError),
}

/// Reads a final result; `None` for any other line.
pub(super) fn final_result(line: &str) -> Option<Final> {
    if let Some(code) = line.strip_prefix("+CMS ERROR") {
        let error = numbered(code, ModemError::Cms, ModemError::cms_in_words);
        return Some(Final::Error(error));
    }
    if let Some(code) = line.strip_prefix("+CME ERROR") {
        let error = numbered(code, ModemError::Cme, ModemError::cme_in_words);
        return Some(Final::Error(error));
    }
    match line {
        "OK" => Some(Final::Ok),
        "ERROR" | "TOO MANY PARAMETERS" => Some(Final::Error(ModemError::Plain)),
        "COMMAND NOT SUPPORT" | "COMMAND NOT SUPPORTED" | "NOT SUPPORTED" => {
            Some(Final::Error(ModemError::NotSupported))
        }
        _ => None,
    }
}

fn numbered(
    after: &str,
    error: fn(u16) -> ModemError,
    in_words: fn(&str) -> Option<ModemError>,
) -> ModemError {
    let text = after.trim_start_matches([':', ' ']).trim_end();
    match text.parse() {
        Ok(code) => error(code),
        // In words, where `+CMEE=1` was not taken.
        Err(_not_a_number) => in_words(text).unwrap_or(ModemError::Plain),
    }
}

/// The code in front of the colon of an information response or unsolicited line, such as `+CMTI`.
///
/// `None` for plain text and PDUs.
pub(super) fn code(line: &str) -> Option<&str> {
    let rest = line.strip_prefix(['+', '^', '*', '$', '%', '#'])?;
    let (name, _) = rest.split_once(':')?;
    let fits = (1..=16).contains(&name.len());
    (fits
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b' '))
    .then(|| line.get(..=name.len()))
    .flatten()
}

/// Whether a line cannot belong to any answer in plain text: everything with a code, and the known bare words.
pub(super) fn is_unsolicited(line: &str) -> bool {
    const WORDS: [&str; 13] = [
        "+SMS FULL",
        "RING",
        "NO CARRIER",
        "BUSY",
        "NO ANSWER",
        "NO DIALTONE",
        "RDY",
        "Call Ready",
        "SMS Ready",
        "SMS DONE",
        "PB DONE",
        "NORMAL POWER DOWN",
        "+PACSP0",
    ];
    line.starts_with('^')
        || code(line).is_some()
        || WORDS.contains(&line)
        || line.starts_with("MISSED_CALL")
        || line.starts_with("VOICE CALL")
}

/// Whether a line may be a PDU: hexadecimal in front, whatever follows it.
pub(super) fn is_pdu(line: &str) -> bool {
    let digits = line
        .trim_start_matches(['"', ' '])
        .bytes()
        .take_while(u8::is_ascii_hexdigit)
        .count();
    digits >= 2
}

/// What follows the colon of `+CODE: a,"b",c`, split at commas outside quotes and parentheses, quotes taken off.
pub(super) fn arguments(line: &str) -> Vec<String> {
    let rest = line.split_once(':').map_or(line, |(_, rest)| rest);
    let mut all = Vec::new();
    let mut current = String::new();
    let mut quoted = false;
    let mut depth = 0_u32;
    for character in rest.chars() {
        match character {
            '"' => {
                quoted = !quoted;
                if depth > 0 {
                    current.push(character);
                }
                continue;
            }
            '(' if !quoted => depth = depth.saturating_add(1),
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                all.push(current.trim().to_owned());
                current.clear();
                continue;
            }
            _ => {}
        }
        current.push(character);
    }
    all.push(current.trim().to_owned());
    all
}

/// An argument as a number.
pub(super) fn number<T: std::str::FromStr>(arguments: &[String], index: usize) -> Option<T> {
    arguments.get(index)?.parse().ok()
}

/// Whether a range of a `=?` answer, such as `(0-2)` or `(0,1,3)`, holds a number.
pub(super) fn offers(range: &str, wanted: u8) -> bool {
    range.trim_matches(['(', ')', ' ']).split(',').any(|item| {
        let mut ends = item.splitn(2, '-').map(|end| end.trim().parse::<u8>());
        match (ends.next(), ends.next()) {
            (Some(Ok(low)), Some(Ok(high))) => (low..=high).contains(&wanted),
            (Some(Ok(only)), None) => only == wanted,
            _ => false,
        }
    })
}

/// The names in one group of `+CPMS=?`, such as `("SM","ME")`.
pub(super) fn names(group: &str) -> Vec<&str> {
    group
        .trim_matches(['(', ')', ' '])
        .split(',')
        .map(|name| name.trim().trim_matches('"'))
        .collect()
}

/// Whether a quote was opened and not closed, so that the text may go on in the next line.
pub(super) fn has_open_quote(line: &str) -> bool {
    line.matches('"').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::{Final, arguments, code, final_result, is_pdu, is_unsolicited, names, offers};
    use crate::cause::ModemError;

    #[test]
    fn final_results_are_told_from_everything_else() {
        let check = |line: &str, expected: Option<Final>| {
            assert_eq!(final_result(line), expected, "{line}");
        };
        check("OK", Some(Final::Ok));
        check("ERROR", Some(Final::Error(ModemError::Plain)));
        check("+CMS ERROR: 38", Some(Final::Error(ModemError::Cms(38))));
        check("+CME ERROR:515", Some(Final::Error(ModemError::Cme(515))));
        check(
            "+CME ERROR: SIM busy",
            Some(Final::Error(ModemError::Cme(14))),
        );
        check(
            "+CME ERROR: 99999999",
            Some(Final::Error(ModemError::Plain)),
        );
        check(
            "COMMAND NOT SUPPORT",
            Some(Final::Error(ModemError::NotSupported)),
        );
        check("+CMGS: 3", None);
        check("OKAY", None);
    }

    #[test]
    fn codes_are_found_in_front() {
        let check = |line: &str, expected: Option<&str>| assert_eq!(code(line), expected, "{line}");
        check("+CMTI: \"SM\",1", Some("+CMTI"));
        check("^RSSI:3", Some("^RSSI"));
        check("+ZPASR: \"UMTS\"", Some("+ZPASR"));
        check("0791", None);
        check("Model: X", None);
        check("+", None);
        check("+CMGS", None);
        check("+é: 1", None);
    }

    #[test]
    fn noise_is_told_from_answers() {
        for noise in ["RING", "^BOOT:91409020,0,0,0,6", "+CREG: 1", "RDY", "^MODE"] {
            assert!(is_unsolicited(noise), "{noise}");
        }
        for answer in [
            "SIMCOM_SIM800",
            "0006AB",
            "MULTIBAND  900E  1800",
            "Manufacturer: I",
        ] {
            assert!(!is_unsolicited(answer), "{answer}");
        }
        assert!(
            is_pdu("07912\"")
                && is_pdu("0891ab")
                && is_pdu("00040B91JUNK")
                && !is_pdu("pad")
                && !is_pdu("")
        );
    }

    #[test]
    fn arguments_keep_their_places() {
        let check = |line: &str, expected: &[&str]| assert_eq!(arguments(line), expected, "{line}");
        check(
            "+CMTI: \"SM\",1,\"MMS PUSH\",2,1",
            &["SM", "1", "MMS PUSH", "2", "1"],
        );
        check("+CMTI: ,-1", &["", "-1"]);
        check("+CMGR: ,,27", &["", "", "27"]);
        check("+CREG: 2,1,\"0B,\"0100701\",7", &["2", "1", "0B,0100701,7"]);
        check(
            "+COPS: 0,0,\"Friendly, Inc\",7",
            &["0", "0", "Friendly, Inc", "7"],
        );
        check(
            "+CNMI: (0-2),(0,1,3),(0),(0,1),(0,1)",
            &["(0-2)", "(0,1,3)", "(0)", "(0,1)", "(0,1)"],
        );
        check("+CPMS: ", &[""]);
        check("+CPMS: ((((", &["(((("]);
    }

    #[test]
    fn ranges_and_names_are_read() {
        assert!(offers("(0-2)", 2) && !offers("(0-2)", 3));
        assert!(offers("(0,1,3)", 3) && !offers("(0,1,3)", 2));
        assert!(offers("0-3", 1) && offers("(2)", 2) && !offers("", 0) && !offers("(a-b)", 0));
        let groups = arguments("+CPMS: (\"SM\", \"ME\", \"SM_P\"), (\"SM\"),(\"SM\")");
        assert_eq!(
            groups.first().map(|group| names(group)),
            Some(vec!["SM", "ME", "SM_P"])
        );
    }
}
