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
    /// A line that comes by itself again and again.
    pub chatter: Option<Chatter>,
    /// Printed when the power comes, such as `\0\0\r\nRDY\r\n`.
    pub greeting: String,
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
            chatter: None,
            greeting: String::new(),
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
