//! A report for people.

use std::fmt;

use super::{CommandReport, Concat, HeaderElement, Report, Sloppy, Validity};

/// For people: a line for each thing that there is.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: &dyn fmt::Display| writeln!(f, "{name:<16} {value}");
        line("type", &self.kind)?;
        let texts = [
            ("from", &self.from),
            ("to", &self.to),
            ("answer to", &self.reply_to),
            ("time", &self.timestamp),
            ("service centre", &self.smsc),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                line(name, value)?;
            }
        }
        if let Some(reference) = self.message_reference {
            line("reference", &reference)?;
        }
        if let Some(status) = &self.status {
            line(
                "status",
                &format_args!("{} (0x{:02X})", status.meaning, status.code),
            )?;
        }
        if let Some(cause) = self.failure_cause {
            line("failure cause", &format_args!("0x{cause:02X}"))?;
        }
        if let Some(CommandReport {
            code,
            message_number,
        }) = &self.command
        {
            line(
                "command",
                &format_args!("{code} for message {message_number}"),
            )?;
        }
        if let Some(time) = &self.discharge_time {
            line("discharged", time)?;
        }
        if let Some(concat) = &self.concat {
            let Concat {
                part,
                total,
                reference,
                ..
            } = concat;
            line(
                "part",
                &format_args!("{part} of {total} (reference {reference})"),
            )?;
        }
        if let Some(ports) = &self.ports {
            line(
                "ports",
                &format_args!("{} to {}", ports.source, ports.destination),
            )?;
        }
        match &self.validity {
            None => {}
            Some(Validity::Relative { seconds }) => {
                line("valid for", &format_args!("{} min", seconds / 60))?;
            }
            Some(Validity::Absolute { until }) => {
                line("valid until", until)?;
            }
            Some(Validity::Enhanced {
                seconds: Some(seconds),
                ..
            }) => line("valid for", &format_args!("{seconds} s"))?,
            Some(Validity::Enhanced { octets, .. }) => line("validity", octets)?,
        }
        if let Some(broadcast) = &self.broadcast {
            write!(f, "{broadcast}")?;
        }
        let mut line = |name: &str, value: &dyn fmt::Display| writeln!(f, "{name:<16} {value}");
        if let Some(alphabet) = self.alphabet {
            line("alphabet", &alphabet)?;
        }
        if !self.languages.is_empty() {
            line("languages", &self.languages.join(", "))?;
        }
        if let Some(class) = self.class {
            line("class", &class)?;
        }
        for element in &self.elements {
            let HeaderElement {
                identifier,
                kind,
                data,
                meaning,
                ..
            } = element;
            match meaning {
                Some(meaning) => line(
                    "header",
                    &format_args!("{identifier:02X} {kind}: {meaning} ({data})"),
                )?,
                None => line("header", &format_args!("{identifier:02X} {kind} {data}"))?,
            }
        }
        if let Some(summary) = &self.summary {
            line("content", &summary.escape_control())?;
        }
        for Sloppy { offset, message } in &self.anomalies {
            line("odd", &format_args!("octet {offset}: {message}"))?;
        }
        if let Some(data) = &self.data {
            line("data", data)?;
        }
        if let Some(text) = &self.text {
            for (at, part) in text.split('\n').enumerate() {
                line(if at == 0 { "text" } else { "" }, &part.escape_control())?;
            }
        }
        Ok(())
    }
}

/// A text from the air may hold codes that a terminal obeys.
trait EscapeControl {
    fn escape_control(&self) -> String;
}

impl EscapeControl for str {
    fn escape_control(&self) -> String {
        let mut shown = String::with_capacity(self.len());
        for c in self.chars() {
            if c.is_control() {
                shown.extend(c.escape_default());
            } else {
                shown.push(c);
            }
        }
        shown
    }
}
