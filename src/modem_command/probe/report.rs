//! The report of a probe: what was found, what does not work, what to do. Personal values are shortened unless asked for.

use std::fmt;

use modem::discovery::Candidate;
use modem::{Address, Incoming, Phase, Redacted, Status};

use super::heard::Heard;
use crate::typing::plain;

/// Everything that a report is made of.
pub(super) struct Report<'a> {
    pub(super) port: &'a Address,
    pub(super) device: Option<&'a Candidate>,
    pub(super) status: &'a Status,
    pub(super) heard: &'a Heard,
    pub(super) show_numbers: bool,
}

/// What is wrong, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Whether nothing can be sent or received as it is.
    pub(super) is_fatal: bool,
    pub(super) words: String,
}

impl Report<'_> {
    /// Empty for a modem that does everything.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let status = self.status;
        let mut problems = Vec::new();
        let mut add = |is_fatal, words: String| problems.push(Problem { is_fatal, words });
        match &status.phase {
            Phase::Ready => {}
            Phase::Opening
            | Phase::BringingUp { .. }
            | Phase::Recovering
            | Phase::Mending { .. } => add(
                true,
                format!(
                    "it was not ready in time ({}): try again with --timeout 180, or unplug it for a moment",
                    status.phase
                ),
            ),
            Phase::PortAbsent { .. }
            | Phase::PortUnusable { .. }
            | Phase::NotAnswering
            | Phase::Blocked(_)
            | Phase::Stopped => add(true, status.phase.to_string()),
        }
        if status.is_ready() {
            if !status.registration.is_registered() && !status.packet_registration.is_registered() {
                add(
                    true,
                    format!(
                        "it is in no network ({}): check antenna, coverage, credit, and whether the SIM works in a phone",
                        status.registration
                    ),
                );
            }
            if status.service_centre.is_none() {
                add(
                    true,
                    "the SIM names no service centre, so nothing can be sent: ask the operator for its number and set \
                     service_centre in the configuration"
                        .to_owned(),
                );
            }
            for storage in status.storage.iter().filter(|storage| storage.is_full()) {
                add(
                    false,
                    format!(
                        "the memory {} is full, so nothing more can come in: the running bridge empties it",
                        storage.memory
                    ),
                );
            }
            if status.signal.is_some_and(|signal| signal.percent() < 15) {
                add(
                    false,
                    "the signal is weak: another place, or an antenna".to_owned(),
                );
            }
        }
        problems
    }

    fn personal(&self, value: &str, kept: usize) -> String {
        if self.show_numbers {
            return plain(value);
        }
        let front: String = value.chars().take(kept).collect();
        format!(
            "{}… ({} characters, shortened)",
            plain(&front),
            value.chars().count()
        )
    }

    fn redacted(&self, value: Option<&Redacted>, kept: usize) -> String {
        value.map_or_else(
            || "not told".to_owned(),
            |value| self.personal(value.reveal(), kept),
        )
    }

    fn announcements(&self) -> String {
        let how = match self.status.incoming {
            Incoming::Announced => "announced by the modem",
            Incoming::Polled => "not announced; the memory is read every few seconds",
        };
        match self.heard.taken("AT+CNMI=") {
            Some(command) => format!("{how} ({command})"),
            None => how.to_owned(),
        }
    }

    /// What was refused or left without an answer. PIN and numbers never stand in it.
    fn refused(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for command in &self.heard.commands {
            let name = command.text.split(['"', '\'']).next().unwrap_or_default();
            let line = match command.end.as_deref() {
                Some("OK") => continue,
                Some(end) => format!("{name}: {}", plain(end)),
                None => format!("{name}: no answer"),
            };
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: &str| writeln!(f, "{name:<16} {value}");
        let Self { status, heard, .. } = self;
        line("sms-bridge", env!("CARGO_PKG_VERSION"))?;
        match self.device {
            Some(device) => line("port", &format!("{} of {device}", self.port))?,
            None => line("port", &self.port.to_string())?,
        }
        line("state", &plain(&status.phase.to_string()))?;
        if !heard.commands.iter().any(|command| command.end.is_some()) {
            return self.write_problems(f);
        }
        let told = |value: &Option<String>| {
            value
                .as_deref()
                .map_or_else(|| "not told".to_owned(), plain)
        };
        let identity = &status.identity;
        line("manufacturer", &told(&identity.manufacturer))?;
        line("model", &told(&identity.model))?;
        line("firmware", &told(&identity.firmware))?;
        // The first 8 digits name the model, the first 5 or 6 the country and operator.
        line("IMEI", &self.redacted(identity.imei.as_ref(), 8))?;
        line("IMSI", &self.redacted(identity.imsi.as_ref(), 5))?;
        line("ICCID", &self.redacted(identity.iccid.as_ref(), 6))?;
        line(
            "own number",
            &self.redacted(identity.own_number.as_ref(), 3),
        )?;
        line("calls and SMS", &status.registration.to_string())?;
        line("packet data", &status.packet_registration.to_string())?;
        line("operator", &told(&status.operator))?;
        let technology = status.technology.map_or_else(
            || "not told".to_owned(),
            |technology| technology.to_string(),
        );
        line("technology", &technology)?;
        let signal = status.signal.map_or_else(
            || "not known".to_owned(),
            |signal| format!("{} dBm ({} %)", signal.dbm(), signal.percent()),
        );
        line("signal", &signal)?;
        line(
            "service centre",
            &self.redacted(status.service_centre.as_ref(), 3),
        )?;
        let storages: Vec<String> = status
            .storage
            .iter()
            .map(|storage| format!("{} {} of {}", storage.memory, storage.used, storage.total))
            .collect();
        let storages = if storages.is_empty() {
            "not told".to_owned()
        } else {
            storages.join(", ")
        };
        line("memories", &storages)?;
        line("new messages", &self.announcements())?;
        let taken = heard
            .commands
            .iter()
            .filter(|command| command.end.as_deref() == Some("OK"))
            .count();
        let refused = self.refused();
        line("commands", &format!("{taken} taken, {} not", refused.len()))?;
        for refused in refused {
            line("", &refused)?;
        }
        self.write_problems(f)
    }
}

impl Report<'_> {
    fn write_problems(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = self.problems();
        if problems.is_empty() {
            return writeln!(f, "\nIt works: the bridge can use this modem.");
        }
        writeln!(f)?;
        for problem in problems {
            let level = if problem.is_fatal { "error" } else { "warning" };
            writeln!(f, "{level}: {}", plain(&problem.words))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use modem::transcript::Direction;
    use modem::{Blocked, Identity, Registration, Signal, Technology};

    use super::*;

    fn ready() -> Status {
        Status {
            phase: Phase::Ready,
            identity: Identity {
                model: Some("MF190\u{1b}[2J".to_owned()),
                imei: Some(Redacted::new("490154203237518")),
                imsi: Some(Redacted::new("234150123456789")),
                ..Identity::default()
            },
            registration: Registration::Home,
            signal: Signal::from_rssi(20),
            technology: Some(Technology::Fourth),
            service_centre: Some(Redacted::new("+447700900999")),
            ..Status::default()
        }
    }

    fn shown(status: &Status, show_numbers: bool) -> (String, Vec<Problem>) {
        let mut heard = Heard::default();
        heard.take(Direction::ToModem, b"AT+COPS?\r");
        heard.take(Direction::FromModem, b"+COPS: 0,0,\"X\",7\r\nOK\r\n");
        heard.take(Direction::ToModem, b"AT+CPIN=\"1234\"\r");
        heard.take(Direction::FromModem, b"+CME ERROR: 16\r\n");
        let report = Report {
            port: &Address::Auto,
            device: None,
            status,
            heard: &heard,
            show_numbers,
        };
        (report.to_string(), report.problems())
    }

    #[test]
    fn a_report_shortens_what_is_personal() {
        let (text, problems) = shown(&ready(), false);
        assert_eq!(problems, []);
        for secret in ["490154203", "234150123", "900999", "1234", "\u{1b}"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        for words in [
            "49015420… (15 characters",
            "technology       4G",
            "-73 dBm (64 %)",
            "AT+CPIN=: +CME ERROR: 16",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let (text, _) = shown(&ready(), true);
        assert!(
            text.contains("490154203237518") && text.contains("+447700900999"),
            "{text}"
        );
    }

    #[test]
    fn what_is_wrong_says_what_to_do() {
        let fatal = |status: &Status, words: &str| {
            let (text, problems) = shown(status, false);
            assert!(problems.iter().any(|problem| problem.is_fatal), "{text}");
            assert!(text.contains(words), "{words}: {text}");
        };
        fatal(
            &Status {
                phase: Phase::Blocked(Blocked::SimMissing),
                ..ready()
            },
            "insert one",
        );
        fatal(
            &Status {
                registration: Registration::Denied,
                ..ready()
            },
            "check antenna",
        );
        fatal(
            &Status {
                service_centre: None,
                ..ready()
            },
            "set service_centre",
        );
        fatal(
            &Status {
                phase: Phase::BringingUp { step: "asking" },
                ..ready()
            },
            "--timeout 180",
        );
    }
}
