//! Settings that change while it runs.

use std::time::Duration;

use serde::Deserialize;

use crate::quirks::Quirks;
use crate::settings::{Friend, Reports, UssdStep};
use crate::simulator::Simulator;

/// Settings to change.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// From the acceptance of a message to its report.
    pub report_delay_ms: Option<u64>,
    /// From Ctrl-Z to the result.
    pub send_latency_ms: Option<u64>,
    /// From a command to its answer.
    pub command_latency_ms: Option<u64>,
    /// At most that much more.
    pub send_jitter_ms: Option<u64>,
    /// At most that much more.
    pub command_jitter_ms: Option<u64>,
    /// Bits a second of the serial line; 0 for a line that takes no time.
    pub baud: Option<u32>,
    /// What reports say.
    pub reports: Option<Reports>,
    /// Strength of the signal.
    pub signal: Option<u8>,
    /// The friends, all of them.
    pub friends: Option<Vec<Friend>>,
    /// The refused recipients with their codes, all of them.
    pub refused: Option<std::collections::BTreeMap<String, u16>>,
    /// The USSD script, all of it.
    pub ussd: Option<Vec<UssdStep>>,
    /// The peculiarities, all of them: those that are absent are off.
    pub quirks: Option<Quirks>,
    /// The card's number, as when another SIM is put in (drop the port, too).
    pub iccid: Option<String>,
    /// The card's subscriber.
    pub imsi: Option<String>,
    /// The card's phone number.
    pub own_number: Option<String>,
}

impl Simulator {
    pub(super) fn change(&mut self, change: Change) {
        let settings = self.settings_mut();
        let Change {
            report_delay_ms,
            send_latency_ms,
            command_latency_ms,
            send_jitter_ms,
            command_jitter_ms,
            baud,
            reports,
            signal,
            friends,
            refused,
            ussd,
            quirks,
            iccid,
            imsi,
            own_number,
        } = change;
        let duration =
            |milliseconds: Option<u64>, old| milliseconds.map_or(old, Duration::from_millis);
        settings.report_delay = duration(report_delay_ms, settings.report_delay);
        settings.send_latency = duration(send_latency_ms, settings.send_latency);
        settings.command_latency = duration(command_latency_ms, settings.command_latency);
        settings.send_jitter = duration(send_jitter_ms, settings.send_jitter);
        settings.command_jitter = duration(command_jitter_ms, settings.command_jitter);
        if let Some(baud) = baud {
            settings.baud = (baud > 0).then_some(baud);
        }
        settings.reports = reports.unwrap_or(settings.reports);
        settings.signal = signal.unwrap_or(settings.signal);
        for (setting, wanted) in [
            (&mut settings.iccid, iccid),
            (&mut settings.imsi, imsi),
            (&mut settings.own_number, own_number),
        ] {
            if let Some(wanted) = wanted {
                *setting = wanted;
            }
        }
        if let Some(quirks) = quirks {
            settings.quirks = quirks;
        }
        if let Some(friends) = friends {
            settings.friends = friends;
        }
        if let Some(refused) = refused {
            settings.refused = refused;
        }
        if let Some(ussd) = ussd {
            settings.ussd = ussd;
        }
    }
}
