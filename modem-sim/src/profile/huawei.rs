//! Huawei's E1xx and E3xx sticks.

use std::time::Duration;

use super::{Family, chatter, commands, start_up, usual_latencies};
use crate::card::Memory;
use crate::quirks::{AfterReset, CellForm, EmptySlot, HangUp, UnknownCommand, UssdText};
use crate::settings::{Identity, Settings};

/// Huawei E173.
///
/// - `+CGMI` answers `huawei`, `+CPMS=?` `("ME","MT","SM","SR")` three times, unknown commands `COMMAND NOT SUPPORT`:
///   gammu/wammu issue 44. The model's and the firmware's spelling are assumed.
/// - `^BOOT`, `^RSSI`, `^MODE`, `^SRVST` by themselves, an empty slot that reads as a bare `OK`, `AT+CMGL=4` that never
///   answers, `+CMS ERROR: 512` where sending meets receiving: AT-QUIRKS.md rows 5, 6, 10, 28
///   and 30. 512 is not in this profile, since it is an accident: script it.
/// - USSD in packed septets as hexadecimal digits whatever the coding scheme: gammu's test data for an E160.
/// - `+CREG: 2,1,4CA,81DE445` without quotation marks: gammu's test data `at-creg/huawei.dump`.
/// - `ME` has 23 slots on an E1752 (gammu/gammu issue 126); assumed here. `AT+CNMI=2,1,0,2` is taken by an E3531
///   (gammu/gammu issue 486); the rest of the list is assumed.
/// - `ATH` does not end a call before `AT+CVHU=0`: an E1550, tdelenikas/smslib issue 5. `^CEND` at its end: assumed.
/// - After a reset the port may come back under another number: assumed of every stick that a program holds open.
pub(super) fn e173() -> Settings {
    let mut settings = common();
    settings.identity = Identity {
        capabilities: "+CGSM,+DS,+ES".to_owned(),
        ..Identity::new("huawei", "E173", "11.126.16.00.00")
    };
    let all = vec![Memory::Modem, Memory::Both, Memory::Sim, Memory::Reports];
    settings.storages = [all.clone(), all.clone(), all];
    settings.modem_capacity = 23;
    settings.quirks.ussd_text = UssdText::PackedHex;
    settings.quirks.silent_commands = commands(&["+CMGL=4"]);
    settings
}

/// Huawei E3531.
///
/// As the E173, but `SM` and `ME` only (50 and 20 slots: gammu/gammu issue 490, `+CPMS: 0,50,0,50,0,20`), USSD as UCS-2 in
/// hexadecimal digits (gammu's test data for an E3276), and `AT+CMGL=4` answers.
pub(super) fn e3531() -> Settings {
    let mut settings = common();
    settings.identity = Identity::new("huawei", "E3531", "22.521.23.00.00");
    let both = vec![Memory::Sim, Memory::Modem];
    settings.storages = [both.clone(), both.clone(), both];
    settings.modem_capacity = 20;
    settings.report_capacity = 0;
    settings.quirks.ussd_text = UssdText::Ucs2Hex;
    settings
}

fn common() -> Settings {
    let mut settings = Settings {
        family: Family::Huawei,
        sim_busy_for: Duration::from_secs(6),
        access_technology: Some(2),
        first_index: 0,
        cnmi: ["(0-2)", "(0-3)", "(0,2,3)", "(0-2)", "(0,1)"].map(str::to_owned),
        ..Settings::default()
    };
    usual_latencies(&mut settings);
    settings.quirks.empty_slot = EmptySlot::BareOk;
    settings.quirks.unknown_command = UnknownCommand::NotSupport;
    settings.quirks.cell_form = CellForm::Unquoted;
    settings.quirks.hang_up = HangUp::AthAfterCvhu;
    settings.quirks.after_reset = AfterReset::NewPort;
    settings.quirks.full_line = Some("^SMMEMFULL:\"SM\"".to_owned());
    settings.quirks.missing_commands = commands(&["+CEREG", "+CPINR"]);
    settings.quirks.start_up_lines = start_up(&[
        (6_000, "^SIMST:1"),
        (6_500, "^SRVST:1"),
        (6_500, "^SRVST:2"),
        (7_000, "^MODE:5,4"),
    ]);
    settings.quirks.chatter = Some(chatter("^BOOT:91409020,0,0,0,6", 30_000));
    settings.quirks.more_chatter = vec![chatter("^RSSI:17", 11_000), chatter("^MODE:5,4", 95_000)];
    settings
}
