//! u-blox's modules.

use std::time::Duration;

use super::{Family, chatter, commands, start_up, usual_latencies};
use crate::card::Memory;
use crate::settings::{Identity, Settings};

/// u-blox SARA-U201.
///
/// - `+CCID: ` before the card's number, the sections on `+CPMS`, `+CNMI` and `+CSMS`: "u-blox Cellular Modules AT Commands
///   Manual" (UBX-13002752), and §4.12, §9.2, §9.3 and §9.7 of the SARA-R4 manual (UBX-17003787). The lists of values, the
///   message-waiting lines `+UMWI: 0,1`, `+UUSIMSTAT` and the latencies are assumed.
/// - Nothing is printed at power-up (assumed: the greeting text of `+CSGT` is off).
/// - No `+CEREG`: an HSPA module.
pub(super) fn sara_u201() -> Settings {
    let all = vec![Memory::Modem, Memory::Sim, Memory::Both];
    let mut settings = Settings {
        family: Family::Ublox,
        identity: Identity {
            capabilities: "+FCLASS,+CGSM".to_owned(),
            ..Identity::new("u-blox", "SARA-U201", "23.60")
        },
        sim_busy_for: Duration::from_secs(4),
        access_technology: Some(2),
        modem_capacity: 350,
        storages: [
            [all.clone(), vec![Memory::Reports]].concat(),
            all.clone(),
            all,
        ],
        cnmi: ["(0-2)", "(0-3)", "(0,2)", "(0-2)", "(0,1)"].map(str::to_owned),
        ..Settings::default()
    };
    usual_latencies(&mut settings);
    settings.quirks.start_up_lines = start_up(&[(4_000, "+UUSIMSTAT: 4"), (5_000, "+UMWI: 0,1")]);
    settings.quirks.chatter = Some(chatter("+UMWI: 0,1", 600_000));
    settings.quirks.missing_commands = commands(&["+CEREG", "+ICCID", "^ICCID"]);
    settings
}
