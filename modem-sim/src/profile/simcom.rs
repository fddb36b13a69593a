//! SIMCom: the ProLink PHS-100 stick and the SIM800 module.

use std::time::Duration;

use super::{Family, commands, start_up, usual_latencies};
use crate::card::Memory;
use crate::quirks::AfterReset;
use crate::settings::{Identity, RadioAtStart, Settings};

/// ProLink PHS-100, USB 1e0e:9000.
///
/// - Registration stays `+CREG: 0,0` until `+CFUN=1` or `+COPS=0`, on Linux (AT-QUIRKS.md row 36;
///   the device could not be tried).
/// - Identity: `QUALCOMM INCORPORATED`, `C-180`, `+GCAP: +CGSM,+DS,+ES` are what its sister PHS101 answers to `ATI`
///   (whatnicklife.blogspot.com, "Introducing the Dog to the world", June 2010). The firmware is invented.
/// - `AT+CFUN=1,1` takes the stick back into CD-ROM mode: seen on another Qualcomm stick (gammu/gammu issue 552), assumed
///   here.
/// - `+CPMS=?`, `+CNMI=?` and a missing `+CEREG` (an HSDPA stick): assumed. `MISSED_CALL:` at the end of a call that was
///   not answered: seen on SIMCom's later SIM7600 (Xinyuan-LilyGO/T-SIM7600X issue 44), assumed here.
pub(super) fn prolink_phs100() -> Settings {
    let mut settings = Settings {
        family: Family::Qualcomm,
        identity: Identity {
            capabilities: "+CGSM,+DS,+ES".to_owned(),
            ..Identity::new("QUALCOMM INCORPORATED", "C-180", "C180_SIMULATED_1.0")
        },
        radio: RadioAtStart::Off,
        sim_busy_for: Duration::from_secs(4),
        access_technology: Some(2),
        sim_capacity: 20,
        modem_capacity: 100,
        report_capacity: 0,
        storages: [
            vec![Memory::Sim, Memory::Modem],
            vec![Memory::Sim, Memory::Modem],
            vec![Memory::Sim, Memory::Modem],
        ],
        cnmi: ["(0-2)", "(0-3)", "(0,2)", "(0,1)", "(0,1)"].map(str::to_owned),
        ..Settings::default()
    };
    usual_latencies(&mut settings);
    settings.quirks.after_reset = AfterReset::CdRom;
    settings.quirks.missing_commands = commands(&["+CEREG", "+CPINR"]);
    settings
}

/// SIMCom SIM800.
///
/// - `RDY`, `+CFUN: 1`, `+CPIN: READY`, `Call Ready`, `SMS Ready` at power-up: SIM800 Series AT Command Manual V1.09, the
///   list of unsolicited result codes (`RDY`, `Call Ready`, `SMS Ready`), and Seeed-Studio/GPRS_SIM900 issue 39, where
///   `AT+CMGF=1` fails until they are through. The times between them are assumed.
/// - `+CNMI: (0-3),(0-3),(0,2),(0,1),(0,1)`, so reports come as `+CDS` only: faucamp/python-gsmmodem issue 60.
/// - `*PSUTTZ`, `+CTZV` and `DST` with `+CLTS=1`: the same manual.
/// - Memories: `("SM"),("SM"),("SM")` is what a SIM900A answers (gist itoonx/c36d767594172d7c222447d7fc3614bf); assumed
///   here. `+CCID` without its name before the number, no `+CEREG` (a GSM module): assumed.
pub(super) fn sim800() -> Settings {
    let mut settings = Settings {
        family: Family::Sim800,
        identity: Identity::new("SIMCOM_Ltd", "SIMCOM_SIM800L", "Revision:1418B05SIM800L24"),
        sim_busy_for: Duration::from_secs(5),
        access_technology: None,
        sim_capacity: 20,
        modem_capacity: 0,
        report_capacity: 0,
        storages: [vec![Memory::Sim], vec![Memory::Sim], vec![Memory::Sim]],
        cnmi: ["(0-3)", "(0-3)", "(0,2)", "(0,1)", "(0,1)"].map(str::to_owned),
        ..Settings::default()
    };
    usual_latencies(&mut settings);
    settings.quirks.greeting = "\r\nRDY\r\n".to_owned();
    settings.quirks.start_up_lines = start_up(&[
        (600, "+CFUN: 1"),
        (5_000, "+CPIN: READY"),
        (7_000, "Call Ready"),
        (8_000, "SMS Ready"),
    ]);
    settings.quirks.missing_commands = commands(&["+CEREG", "+CPINR"]);
    settings
}
