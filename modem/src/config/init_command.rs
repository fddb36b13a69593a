//! A command of the user's own.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A command of the user's own for the end of bring-up, such as `AT+CGDCONT=1`.
///
/// One line that begins with `AT` and neither sends a message, nor dials, nor enters a PIN, nor resets the modem.
#[derive(Clone, PartialEq, Eq)]
pub struct InitCommand(String);

/// Shows no argument: it may be a name or a password of the network.
impl fmt::Debug for InitCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.split('=').next().unwrap_or_default();
        write!(formatter, "InitCommand({name})")
    }
}

impl InitCommand {
    /// Without the carriage return.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InitCommand {
    type Err = InitCommandError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        /// What would disturb the line, or do what only the bridge may do.
        const NEVER: [&str; 12] = [
            "+CMGS",
            "+CMSS",
            "+CMGW",
            "+CMGD",
            "+CMGC",
            "+CMGF",
            "+CPIN",
            "+CLCK",
            "+CPWD",
            "+CFUN=1,1",
            "+CNMI",
            "+CUSD",
        ];
        let upper = text.trim().to_ascii_uppercase();
        let printable = upper.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let dials = upper.starts_with("ATD") || upper.starts_with("ATA") || upper.contains(";D");
        if !upper.starts_with("AT") || !printable || upper.len() > 200 {
            Err(InitCommandError::NoCommand)
        } else if dials || NEVER.iter().any(|never| upper.contains(never)) {
            Err(InitCommandError::NotAllowed)
        } else {
            Ok(Self(text.trim().to_owned()))
        }
    }
}

/// What is wrong with an own command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InitCommandError {
    /// It is no command.
    #[error("expected one AT command in one line, such as \"AT+CGDCONT=1\"")]
    NoCommand,
    /// It would disturb the bridge.
    #[error(
        "commands that send, delete, dial, enter a PIN or reset the modem are the bridge's own: leave it out"
    )]
    NotAllowed,
}

#[cfg(test)]
mod tests {
    use super::InitCommand;

    #[test]
    fn an_own_command_does_nothing_that_is_the_bridges() {
        for text in [
            "AT+CGDCONT=1",
            "at^curc=0",
            "ATS0=0",
            "AT+QCFG=\"nwscanmode\",1",
        ] {
            assert!(text.parse::<InitCommand>().is_ok(), "{text}");
        }
        for text in [
            "",
            "+CSQ",
            "AT+CMGS=12",
            "at+cmgd=1,4",
            "ATD+12025550100;",
            "AT+CPIN=1234",
            "AT+CSQ\rAT",
            "AT+CFUN=1,1",
            "ATE0;D123;",
            "ATA",
        ] {
            assert!(text.parse::<InitCommand>().is_err(), "{text:?}");
        }
    }
}
