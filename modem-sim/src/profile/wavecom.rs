//! Wavecom, later Sierra: answers without a final result.

use std::time::Duration;

use super::{Family, commands, start_up, usual_latencies};
use crate::card::Memory;
use crate::settings::{Identity, Settings};

/// Wavecom M1306.
///
/// - `AT+CPIN?` answers `+CPIN: READY` and no `OK`; identity and firmware; `+CPMS: (("SM","BM","SR"),("SM"))`, two lists
///   and a parenthesis too many; `+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)`; `+WIND: 50`; `+GCAP: +CGSM, +FCLASS`:
///   faucamp/python-gsmmodem issue 19. A Sierra SL8084TR does the same with `+CPIN` (gammu/gammu pull request 422).
/// - `BM`, the memory of cell broadcasts, is listed but refused here.
/// - Slots and latencies, and no `+CEREG` and `+CGREG` (a GSM modem), are assumed.
pub(super) fn m1306() -> Settings {
    let mut settings = Settings {
        family: Family::Wavecom,
        identity: Identity {
            capabilities: "+CGSM, +FCLASS".to_owned(),
            ..Identity::new(
                " WAVECOM MODEM  ",
                " MULTIBAND  900E  1800 ",
                "430e09gm.3 1207928 020102 14:41",
            )
        },
        sim_busy_for: Duration::from_secs(4),
        access_technology: None,
        sim_capacity: 20,
        modem_capacity: 0,
        storages: [
            vec![Memory::Sim, Memory::Reports],
            vec![Memory::Sim],
            vec![Memory::Sim],
        ],
        cnmi: ["(0-3)", "(0-3)", "(0-3)", "(0-2)", "(0,1)"].map(str::to_owned),
        ..Settings::default()
    };
    usual_latencies(&mut settings);
    settings.quirks.cpms_memories = 2;
    settings.quirks.cpms_list = Some("((\"SM\",\"BM\",\"SR\"),(\"SM\"))".to_owned());
    settings.quirks.without_final = commands(&["+CPIN?"]);
    settings.quirks.missing_commands = commands(&["+CEREG", "+CGREG", "+CPINR"]);
    settings.quirks.start_up_lines = start_up(&[(1_000, "+WIND: 1"), (5_000, "+WIND: 4")]);
    settings
}
