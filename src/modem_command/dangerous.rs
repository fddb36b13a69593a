//! Which commands cost money, delete, lock or cut off. Pure.
//!
//! **Invariant:** what is asked about, or tried (`=?`), does nothing; everything else of these commands counts, wherever in
//! the line it stands, in whatever case and with whatever blanks between.

/// What such a command does; `None` for a harmless one.
pub(super) fn why(command: &str) -> Option<&'static str> {
    const DOES: [(&str, &str); 19] = [
        ("+CMGS", "sends a message"),
        ("+CMSS", "sends a message"),
        ("+CMGC", "sends a command to the network"),
        ("+CMGD", "deletes messages"),
        ("+QMGDA", "deletes messages"),
        ("+CPBW", "changes the phone book"),
        ("+CPIN=", "uses up a try of the PIN if it is wrong"),
        ("+CPUK", "uses up a try of the PUK if it is wrong"),
        (
            "+CLCK",
            "locks or unlocks the SIM, and uses up a try of the PIN if it is wrong",
        ),
        (
            "+CPWD",
            "changes the PIN, and uses up a try of it if it is wrong",
        ),
        (
            "+CUSD",
            "asks the network something, which may cost money or book something",
        ),
        ("+CFUN=1,1", "restarts the modem"),
        ("+CFUN=0", "switches the modem off"),
        ("+CPOF", "switches the modem off"),
        ("^RESET", "restarts the modem"),
        ("+CRESET", "restarts the modem"),
        ("+EGMR", "changes the modem's serial number"),
        ("^SETPORT", "changes which ports the modem shows"),
        ("^U2DIAG", "changes which ports the modem shows"),
    ];
    let plain: String = command
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if plain == "A/" {
        return Some("repeats the last command, whatever that was");
    }
    let body = plain.strip_prefix("AT").unwrap_or(&plain);
    if body.starts_with('D') || plain.contains(";D") {
        return Some("dials");
    }
    if body.starts_with('A') {
        return Some("answers a call");
    }
    DOES.iter()
        .find(|(name, _)| does(&plain, name))
        .map(|(_, what)| *what)
}

/// Whether one of the places where it stands does more than ask.
fn does(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let behind = line.get(at + name.len()..).unwrap_or_default();
        let behind = if name.ends_with('=') {
            behind.trim_start_matches('=')
        } else {
            behind
        };
        let asks = |mark: &str| {
            behind
                .strip_prefix(mark)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(';'))
        };
        !(asks("?") || asks("=?"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_something_is_told_from_what_asks() {
        let dangerous = [
            "AT+CMGS=18",
            "at + cmgs = 18",
            "AT+CSQ;+CMGD=1,4",
            "AT+CMSS=3",
            "AT+CPIN=\"1234\"",
            "AT+CLCK=\"SC\",1,\"1234\"",
            "AT+CPWD=\"SC\",\"1234\",\"1235\"",
            "ATD+12025550100;",
            "atdt12025550100",
            "AT+CSQ;D112;",
            "ATA",
            "AT+CFUN=1,1",
            "AT+CFUN=1, 1",
            "AT+CUSD=1,\"*100#\",15",
            "AT+CMGS?;+CMGS=1",
            "AT\t+CM\u{8}GS=1",
            "A/",
            "AT+CPIN==\"1234\"",
        ];
        for command in dangerous {
            assert!(why(command).is_some(), "{command:?}");
        }
        let harmless = [
            "AT",
            "ATI",
            "ATZ",
            "AT+CSQ",
            "AT+CPIN?",
            "AT+CPIN=?",
            "AT+CMGS=?",
            "AT+CLCK=?",
            "AT+CUSD?",
            "AT+CUSD=?",
            "AT+CFUN=1",
            "AT+CFUN?",
            "AT+CMGL=4",
            "AT+CMGR=1",
            "AT+CMGF=0",
            "AT+COPS=?",
            "AT+CMGD=?;+CSQ",
            "AT&D2",
        ];
        for command in harmless {
            assert_eq!(why(command), None, "{command:?}");
        }
    }
}
