//! What modems, logs and people put around the digits of a PDU, read around and recorded.
//!
//! White space at either end and digits in either case are nothing to speak of. All else is an anomaly: the line that a
//! modem prints in front (`+CMT:`, `+CMGR:`, `+CMGL:`, `+CDS:`), its `OK` behind, the prompt, a byte order mark, quotes,
//! `0x`, separators between octets, Ctrl-Z. Of each kind the first is recorded.

use crate::error::{Anomaly, AnomalyKind, DecodeError, Fault};

/// The octets of a PDU, and what stood around its digits.
pub(crate) fn unwrap(text: &str) -> Result<(Vec<u8>, Vec<Anomaly>), DecodeError> {
    let mut found = Digits::default();
    let mut only_answers = false;
    let text = match text.trim_start_matches(is_blank).strip_prefix('\u{FEFF}') {
        Some(text) => {
            found.note(AnomalyKind::ByteOrderMark);
            text
        }
        None => text,
    };
    for line in text.split(['\r', '\n']) {
        let line = line.trim_matches(is_blank);
        let line = match line.strip_prefix('>') {
            Some(behind) => {
                found.note(AnomalyKind::ModemLine);
                behind.trim_matches(is_blank)
            }
            None => line,
        };
        if line.is_empty() {
            continue;
        }
        let Some(pdu) = behind_answer(line) else {
            found.line(line)?;
            continue;
        };
        found.note(AnomalyKind::ModemLine);
        only_answers = true;
        found.line(pdu)?;
    }
    if found.octets.is_empty() && found.high.is_none() && only_answers {
        return Err(DecodeError {
            offset: 0,
            fault: Fault::NoPdu,
        });
    }
    if found.high.is_some() {
        found.note(AnomalyKind::HalfOctet);
    }
    Ok((found.octets, found.anomalies))
}

/// What stands in the line of a modem's answer or of a command behind its last space or comma, where that is long enough
/// to be a PDU; `None` where the line is neither.
fn behind_answer(line: &str) -> Option<&str> {
    // A length or an index has fewer digits, a PDU more.
    const SHORTEST: usize = 12;
    let unquoted = line.trim_start_matches(is_quote);
    let is_answer = unquoted.starts_with(['+', '^', '*', '$'])
        || line == "OK"
        || unquoted
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("AT"));
    if !is_answer {
        return None;
    }
    let last = unquoted.rsplit([' ', '\t', ',']).next().unwrap_or_default();
    let digits = last.trim_matches(is_quote);
    let is_pdu = digits.len() >= SHORTEST && digits.chars().all(|found| found.is_ascii_hexdigit());
    Some(if is_pdu { digits } else { "" })
}

#[derive(Debug, Default)]
struct Digits {
    octets: Vec<u8>,
    high: Option<u8>,
    anomalies: Vec<Anomaly>,
}

impl Digits {
    /// Records it where it is the first of its kind.
    fn note(&mut self, kind: AnomalyKind) {
        if !self.anomalies.iter().any(|known| known.kind == kind) {
            self.anomalies.push(Anomaly {
                offset: self.octets.len(),
                kind,
            });
        }
    }

    fn line(&mut self, line: &str) -> Result<(), DecodeError> {
        if !line.is_empty() && (!self.octets.is_empty() || self.high.is_some()) {
            self.note(AnomalyKind::Separator);
        }
        let mut backslash = false;
        for character in line.chars() {
            let escaped = std::mem::replace(&mut backslash, character == '\\');
            if let Some(digit) = character
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
            {
                match self.high.take() {
                    None => self.high = Some(digit),
                    Some(high) => self.octets.push(high << 4 | digit),
                }
                continue;
            }
            match (character, self.high) {
                ('x' | 'X', Some(0)) => {
                    self.high = None;
                    self.note(AnomalyKind::Prefix);
                }
                ('x' | 'X', None) if escaped => self.note(AnomalyKind::Prefix),
                ('\\', _) => {}
                ('\u{1A}' | '\0', _) => self.note(AnomalyKind::ControlZ),
                _ if is_quote(character) => self.note(AnomalyKind::Quote),
                _ if character.is_whitespace()
                    || matches!(character, ':' | '-' | ',' | ';' | '.') =>
                {
                    self.note(AnomalyKind::Separator);
                }
                _ => {
                    return Err(DecodeError {
                        offset: self.octets.len(),
                        fault: Fault::NotHex(character),
                    });
                }
            }
        }
        Ok(())
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == '\0'
}

fn is_quote(character: char) -> bool {
    matches!(
        character,
        '"' | '\'' | '`' | '\u{2018}'..='\u{201F}' | '\u{AB}' | '\u{BB}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use AnomalyKind::{ByteOrderMark, ControlZ, HalfOctet, ModemLine, Prefix, Quote, Separator};

    #[track_caller]
    fn check(text: &str, anomalies: &[(usize, AnomalyKind)]) {
        let (octets, found) = unwrap(text).unwrap();
        assert_eq!(crate::hex::encode(&octets), "07912120550591F9", "{text:?}");
        let found: Vec<_> = found
            .iter()
            .map(|found| (found.offset, found.kind))
            .collect();
        assert_eq!(found, anomalies, "{text:?}");
    }

    #[test]
    fn what_stands_around_is_recorded() {
        const PDU: &str = "07912120550591F9";
        check(PDU, &[]);
        check("\t07912120550591f9\r\n", &[]);
        check("07912120550591F9\0\r\n", &[]);
        for line in [
            "+CMT: ,24",
            "+CMGR: 0,,24",
            "+CMGL: 1,1,\"\",24",
            "+CDS: 25",
            "\"+CMT: \"\"Ann\"\",24",
            "AT+CMGS=24",
            "> ",
        ] {
            check(&format!("{line}\r\n{PDU}\r\n"), &[(0, ModemLine)]);
        }
        check(&format!("+CMT: \"Ann\",24 {PDU}"), &[(0, ModemLine)]);
        check(&format!("+CMGW: 24,\"{PDU}\""), &[(0, ModemLine)]);
        check(
            &format!("\r\n+CMGR: 1,,24\r\n{PDU}\r\n\r\nOK\r\n"),
            &[(0, ModemLine)],
        );
        check(&format!("{PDU}\r\n\r\nOK"), &[(8, ModemLine)]);
        check(&format!("> {PDU}\u{1A}"), &[(0, ModemLine), (8, ControlZ)]);
        check(&format!("\u{FEFF}{PDU}"), &[(0, ByteOrderMark)]);
        check(&format!("\"{PDU}\""), &[(0, Quote)]);
        check(&format!("'{PDU}'"), &[(0, Quote)]);
        check(&format!("{PDU}\""), &[(8, Quote)]);
        check(&format!("“{PDU}”,"), &[(0, Quote), (8, Separator)]);
        check(&format!("0x{PDU}"), &[(0, Prefix)]);
        check(
            "0x07, 0x91, 0x21,0x20,0x55,0x05,0x91,0xF9",
            &[(0, Prefix), (1, Separator)],
        );
        check("\\x07\\x91\\x21\\x20\\x55\\x05\\x91\\xF9", &[(0, Prefix)]);
        check("07 91 21 20 55 05 91 F9", &[(1, Separator)]);
        check("07:91:21:20:55:05:91:F9", &[(1, Separator)]);
        check("07912120\r\n550591F9", &[(4, Separator)]);
        check(&format!("{PDU}F"), &[(8, HalfOctet)]);
    }

    #[test]
    fn what_is_none_says_so() {
        let error = |text| unwrap(text).unwrap_err().to_string();
        assert_eq!(
            error("+CMT: \"+12025550100\",,24"),
            "octet 0: a modem's line without a PDU, which stands in the next one"
        );
        assert_eq!(error("07912G"), "octet 2: 'G' is not a hexadecimal digit");
        assert_eq!(error("hello"), "octet 0: 'h' is not a hexadecimal digit");
        assert_eq!(error("07x9"), "octet 1: 'x' is not a hexadecimal digit");
        assert_eq!(unwrap("").unwrap(), (vec![], vec![]));
    }
}
