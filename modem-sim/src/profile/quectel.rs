//! Quectel's LTE modules.

use std::time::Duration;

use super::{Family, commands, start_up, usual_latencies};
use crate::card::Memory;
use crate::quirks::AfterReset;
use crate::settings::{Identity, Settings};

/// Quectel EC25.
///
/// - The manual is Quectel's "EC25&EC21 AT Commands Manual" V1.3 (2018); only its summary could be read here, so that
///   what follows is assumed unless it says otherwise: `RDY`, `+CPIN: READY`, `+QUSIM: 1`, `+CFUN: 1`, `+QIND: SMS DONE`
///   and `+QIND: PB DONE` at power-up (a log of SIMCom's SIM7600, Xinyuan-LilyGO/T-SIM7600X pull request 41, has the same
///   order `RDY`, `+CPIN: READY`, `SMS DONE`, `PB DONE`), memories `ME`, `SM`, `MT`, none for reports.
/// - `+QCCID`: cnblogs.com/lsgxeva/p/16194339, for an EC20. `ttyUSB2` is its AT port (the same).
/// - `+CEREG` and access technology 7, as every LTE module (3GPP TS 27.007 §10.1.22).
/// - After `AT+CFUN=1,1` it comes back as it was; the number of the port may change (assumed).
pub(super) fn ec25() -> Settings {
    let all = vec![Memory::Modem, Memory::Sim, Memory::Both];
    let mut settings = Settings {
        family: Family::Quectel,
        identity: Identity::new("Quectel", "EC25", "EC25EFAR06A00M4G"),
        sim_busy_for: Duration::from_secs(3),
        access_technology: Some(7),
        first_index: 0,
        modem_capacity: 255,
        report_capacity: 0,
        storages: [all.clone(), all.clone(), all],
        cnmi: ["(0-2)", "(0-3)", "(0,2)", "(0-2)", "(0,1)"].map(str::to_owned),
        ..Settings::default()
    };
    usual_latencies(&mut settings);
    settings.quirks.greeting = "\r\nRDY\r\n".to_owned();
    settings.quirks.after_reset = AfterReset::NewPort;
    settings.quirks.start_up_lines = start_up(&[
        (1_000, "+CFUN: 1"),
        (3_000, "+CPIN: READY"),
        (3_000, "+QUSIM: 1"),
        (5_000, "+QIND: SMS DONE"),
        (6_000, "+QIND: PB DONE"),
    ]);
    settings.quirks.missing_commands = commands(&["+ICCID", "^ICCID"]);
    settings
}
