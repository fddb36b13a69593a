//! Peculiarities that real modems have, each with where it was seen. All off by default.

use serde::{Deserialize, Serialize};

/// Which peculiarities the modem has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// What an empty slot reads as.
    pub empty_slot: EmptySlot,
    /// How the prompt ends.
    pub prompt: Prompt,
    /// How USSD texts are written.
    pub ussd_text: UssdText,
    /// How listings write a PDU.
    pub pdu_form: PduForm,
    /// How many memories `+CPMS` takes: 3, or 1 as on some.
    pub cpms_memories: usize,
    /// How listings write `<stat>`.
    pub status_field: StatusField,
    /// The service centre in the PDU of what arrived.
    pub slot_service_centre: SlotServiceCentre,
    /// How the lines of an answer end.
    pub line_end: LineEnd,
    /// The value of `+CPMS=?` where the modem writes it in a way of its own (Wavecom: `(("SM","BM","SR"),("SM"))`).
    pub cpms_list: Option<String>,
    /// How `+CREG` and its like write the cell.
    pub cell_form: CellForm,
    /// A line that comes by itself again and again.
    pub chatter: Option<Chatter>,
    /// More of them.
    pub more_chatter: Vec<Chatter>,
    /// Printed when the power comes, such as `\0\0\r\nRDY\r\n`.
    pub greeting: String,
    /// Lines that follow it, each at its time.
    pub start_up_lines: Vec<StartUpLine>,
    /// A line that comes before each prompt and again before each `+CMGS:` (ZTE: `+ZPASR: "UMTS"`).
    pub lines_around_send: Option<String>,
    /// Whether `+CMSS` changes the status of its slot.
    pub slot_after_send: SlotAfterSend,
    /// Bytes of a PDU get lost when they come faster than the modem can take them; `None` for a modem that takes all.
    pub overrun: Option<Overrun>,
    /// What `AT+CFUN=1,1` does to the port.
    pub after_reset: AfterReset,
    /// The service centre that status reports name, where it is another than the one submitted to (AT-QUIRKS.md row 35);
    /// `None` for the same.
    pub report_service_centre: Option<String>,
    /// What ends a call.
    pub hang_up: HangUp,
    /// A line that is printed whenever something finds the memory full (Huawei: `^SMMEMFULL:"SM"`).
    pub full_line: Option<String>,
    /// How a command that the modem does not have fails.
    pub unknown_command: UnknownCommand,
    /// Commands (such as `+CEREG`) that the modem does not have.
    pub missing_commands: Vec<String>,
    /// Commands (such as `+CMMS`) that fail with `+CMS ERROR: 500`.
    pub refused_commands: Vec<String>,
    /// Commands (such as `+CPIN?`) whose answer ends without `OK` (Wavecom).
    pub without_final: Vec<String>,
    /// Commands (such as `+CMGL=4`) that are never answered (Huawei).
    pub silent_commands: Vec<String>,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            empty_slot: EmptySlot::Error321,
            prompt: Prompt::Bare,
            ussd_text: UssdText::Plain,
            pdu_form: PduForm::Upper,
            cpms_memories: 3,
            status_field: StatusField::Number,
            slot_service_centre: SlotServiceCentre::Written,
            line_end: LineEnd::CrLf,
            cpms_list: None,
            cell_form: CellForm::Quoted,
            chatter: None,
            more_chatter: Vec::new(),
            greeting: String::new(),
            start_up_lines: Vec::new(),
            lines_around_send: None,
            slot_after_send: SlotAfterSend::Changes,
            overrun: None,
            after_reset: AfterReset::SamePort,
            report_service_centre: None,
            hang_up: HangUp::Ath,
            full_line: None,
            unknown_command: UnknownCommand::Error,
            missing_commands: Vec::new(),
            refused_commands: Vec::new(),
            without_final: Vec::new(),
            silent_commands: Vec::new(),
        }
    }
}

/// A line that comes by itself, such as `^BOOT:91409020,0,0,0,6` every 30 s (Huawei).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chatter {
    /// Without line ends.
    pub line: String,
    /// From one to the next.
    pub every_ms: u64,
}

/// A line that comes once, some time after the power.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartUpLine {
    /// Without line ends.
    pub line: String,
    /// From the power to the line.
    pub after_ms: u64,
}

/// How many bytes of a PDU the modem can take at once. The remedy is 18 bytes, then a pause of 10 ms (some phones,
/// AT-QUIRKS.md row 23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overrun {
    /// What follows without a pause is lost from here on.
    pub burst: usize,
    /// How long a pause has to be.
    pub gap_ms: u64,
}

/// How `+CUSD` writes its text, whatever the coding scheme says (Huawei E160, E3276, Quectel M35 differ).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UssdText {
    /// As it reads.
    Plain,
    /// Packed septets in hexadecimal digits.
    PackedHex,
    /// UCS-2 in hexadecimal digits.
    Ucs2Hex,
}

/// What `+CMGR` says of an empty slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptySlot {
    /// `+CMS ERROR: 321`, invalid memory index (3GPP TS 27.005 §3.2.5).
    Error321,
    /// `OK` and nothing else, as many Huawei and ZTE sticks do.
    BareOk,
}

/// How the prompt of `+CMGS` ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// `\r\n> ` without a line end (3GPP TS 27.005 §3.5.1).
    Bare,
    /// `> \r\n`, seen on some.
    WithLineEnd,
}

/// How `+CMGR` and `+CMGL` write a PDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PduForm {
    /// Upper-case hexadecimal digits.
    Upper,
    /// Lower-case hexadecimal digits.
    Lower,
    /// A quotation mark behind the digits.
    TrailingQuote,
    /// Padded with `FF` to 164 octets of TPDU, as a SIM's record is (seen behind status reports).
    Padded,
}

/// How `+CMGR` and `+CMGL` write `<stat>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusField {
    /// As a number.
    Number,
    /// Not at all: `+CMGR: ,,27` (seen on ZTE).
    Empty,
}

/// The service centre in front of a stored TPDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotServiceCentre {
    /// Its number.
    Written,
    /// Length 0, nothing else: `0006…` (seen with status reports).
    Empty,
}

/// How the lines of an answer end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// `\r\n` (ITU-T V.250 §5.7.1).
    CrLf,
    /// `\r\r\n`: an extra carriage return, seen in listings.
    CrCrLf,
}

/// How `+CREG` and its like write location area and cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellForm {
    /// `"00A1","0000B2C3"` (3GPP TS 27.007 §7.2).
    Quoted,
    /// `A1,B2C3`, no quotation marks and no access technology (Huawei, in gammu's test data `at-creg/huawei.dump`).
    Unquoted,
}

/// What `+CMSS` leaves in its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotAfterSend {
    /// `STO SENT` (3GPP TS 27.005 §3.5.2).
    Changes,
    /// `STO UNSENT` as before. Assumed of some modem: none was found, but a client must not rely on the status.
    Stays,
}

/// What becomes of the port at `AT+CFUN=1,1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterReset {
    /// It comes back.
    SamePort,
    /// It comes back under the next number, as `ttyUSB1` for `ttyUSB0` where a program still holds the old one.
    NewPort,
    /// The stick is a CD-ROM again, until [`Simulator::switch_mode`](crate::Simulator::switch_mode) (a Qualcomm stick,
    /// 05c6:1000 and 05c6:6000, gammu/gammu issue 552).
    CdRom,
}

/// Which command ends a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangUp {
    /// `ATH` as well as `AT+CHUP`.
    Ath,
    /// `AT+CHUP`; `ATH` answers `OK` and the call goes on until `AT+CVHU=0` was given (Huawei E1550, tdelenikas/smslib
    /// issue 5).
    AthAfterCvhu,
}

/// How a command fails that the modem does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownCommand {
    /// `ERROR`.
    Error,
    /// `COMMAND NOT SUPPORT` (Huawei E1752, gammu/gammu issue 138; E173, gammu/wammu issue 44).
    NotSupport,
}
