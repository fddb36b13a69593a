//! What a cell broadcast is about (3GPP TS 23.041 §9.4.1.2.2).

use std::fmt;

/// Message identifier, which people know as the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageIdentifier(pub u16);

/// A warning of the authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Emergency {
    /// Earthquake and tsunami warning system: 4352 to 4359.
    Etws,
    /// Commercial mobile alert system, which is EU-Alert, KPAS and others too: 4370 to 4399.
    Cmas,
    /// All others from 4352 to 6399, which are kept for warnings.
    Other,
}

impl MessageIdentifier {
    /// What kind of warning it is; `None` where it is none.
    pub fn emergency(self) -> Option<Emergency> {
        match self.0 {
            0x1100..=0x1107 => Some(Emergency::Etws),
            0x1112..=0x112F => Some(Emergency::Cmas),
            0x1108..=0x1111 | 0x1130..=0x18FF => Some(Emergency::Other),
            _ => None,
        }
    }

    /// Whether it is a test or an exercise, which phones show only to those who asked for it.
    pub fn is_test(self) -> bool {
        matches!(
            self.0,
            0x1103 | 0x111C | 0x111D | 0x1129 | 0x112A | 0x112E | 0x112F
        )
    }

    /// Whether it is the text of a warning in further languages.
    pub fn is_in_further_language(self) -> bool {
        matches!(self.0, 0x111F..=0x112B | 0x112D | 0x112F)
    }
}

/// In words: `presidential alert, EU-Alert level 1`.
impl fmt::Display for MessageIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x0000..=0x03E7 => "a topic of the GSM Association's list",
            0x03E8..=0x03EB => "assistance data for locating phones",
            0x1000..=0x10FF => "data for the SIM",
            0x1100 => "earthquake warning",
            0x1101 => "tsunami warning",
            0x1102 => "earthquake and tsunami warning",
            0x1103 => "test of the earthquake and tsunami warning system",
            0x1104 => "other emergency",
            0x1105..=0x1107 => "earthquake and tsunami warning system",
            0x1112 | 0x111F => "presidential alert, EU-Alert level 1",
            0x1113 | 0x1120 => "extreme alert, immediate and observed, EU-Alert level 2",
            0x1114 | 0x1121 => "extreme alert, immediate and likely, EU-Alert level 2",
            0x1115 | 0x1122 => "extreme alert, expected and observed, EU-Alert level 3",
            0x1116 | 0x1123 => "extreme alert, expected and likely, EU-Alert level 3",
            0x1117 | 0x1124 => "severe alert, immediate and observed, EU-Alert level 3",
            0x1118 | 0x1125 => "severe alert, immediate and likely, EU-Alert level 3",
            0x1119 | 0x1126 => "severe alert, expected and observed, EU-Alert level 3",
            0x111A | 0x1127 => "severe alert, expected and likely, EU-Alert level 3",
            0x111B | 0x1128 => "child abduction (AMBER alert)",
            0x111C | 0x1129 => "required monthly test",
            0x111D | 0x112A => "exercise",
            0x111E | 0x112B => "alert for the operator's use",
            0x112C | 0x112D => "public safety alert, EU-Alert level 4",
            0x112E | 0x112F => "state or local test",
            0x1130 => "area of a warning",
            0x1108..=0x1111 | 0x1131..=0x18FF => "a warning that is not defined yet",
            0x1900 => "EU-Info",
            0xA000..=0xAFFF => "a topic of the operator",
            _ => "a topic that is not defined yet",
        })?;
        if self.is_in_further_language() {
            f.write_str(", in a further language")?;
        }
        Ok(())
    }
}
