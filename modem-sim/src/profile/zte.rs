//! ZTE's MF sticks.

use std::time::Duration;

use super::{Family, chatter, commands, start_up, usual_latencies};
use crate::card::Memory;
use crate::quirks::{EmptySlot, StatusField};
use crate::settings::{Identity, Settings};

/// ZTE MF180.
///
/// - `ZTE CORPORATION` and `MF180`: gammu/gammu issue 119. The firmware is invented.
/// - `SM` with 50 slots, `ME` with 100, reports stored and told as `+CDSI: "SR",50`: an MF626, gammu/gammu issue 209.
/// - `+ZPASR: "UMTS"` before the prompt and before `+CMGS:`, an empty `<stat>` in `+CMGR`: AT-QUIRKS.md rows 3 and 15.
///   `+ZDONR`, `+ZUSIMR` and `+ZEND` are lines that ModemManager's ZTE plugin and others pass over; their values
///   here follow a published log of `+ZDONR: "Orange",234,33,"CS_PS","ROAM_OFF"`, with an invented network.
/// - `AT+ZOPRT=5` and `AT+ZCDRUN=8`: gammu/gammu issue 170.
/// - `+ZGETICCID` for the card's number, a bare `OK` for an empty slot, the lists of `+CPMS=?` and `+CNMI=?`: assumed.
pub(super) fn mf180() -> Settings {
    let all = vec![Memory::Sim, Memory::Modem, Memory::Reports];
    let mut settings = Settings {
        family: Family::Zte,
        identity: Identity {
            capabilities: "+CGSM,+DS".to_owned(),
            ..Identity::new("ZTE CORPORATION", "MF180", "BD_SIMULATEDMF180V1.0")
        },
        sim_busy_for: Duration::from_secs(5),
        access_technology: Some(2),
        first_index: 0,
        report_capacity: 100,
        storages: [all.clone(), all.clone(), all],
        cnmi: ["(0-2)", "(0-3)", "(0,2)", "(0-2)", "(0,1)"].map(str::to_owned),
        ..Settings::default()
    };
    usual_latencies(&mut settings);
    settings.quirks.empty_slot = EmptySlot::BareOk;
    settings.quirks.status_field = StatusField::Empty;
    settings.quirks.lines_around_send = Some("+ZPASR: \"UMTS\"".to_owned());
    settings.quirks.missing_commands = commands(&["+CEREG", "+CPINR"]);
    settings.quirks.start_up_lines = start_up(&[
        (2_000, "+ZUSIMR:2"),
        (5_000, "+ZPASR: \"Limited Service\""),
        (
            6_000,
            "+ZDONR: \"Simulated Mobile\",001,01,\"CS_PS\",\"ROAM_OFF\"",
        ),
        (6_000, "+ZPASR: \"UMTS\""),
    ]);
    settings.quirks.chatter = Some(chatter("+ZUSIMR:2", 2_000));
    settings.quirks.more_chatter = vec![
        chatter("+ZPASR: \"UMTS\"", 40_000),
        chatter(
            "+ZDONR: \"Simulated Mobile\",001,01,\"CS_PS\",\"ROAM_OFF\"",
            61_000,
        ),
    ];
    settings
}
