//! TP-PID: what to do with a message besides showing it (3GPP TS 23.040 §9.2.3.9).

use std::fmt;

/// The protocol identifier octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ProtocolId(pub u8);

impl ProtocolId {
    /// An ordinary message between two phones.
    pub const DEFAULT: Self = Self(0x00);

    /// The number n of "replace short message type n": an earlier message of that number from the same sender is to be
    /// replaced by this one.
    pub fn replace_type(self) -> Option<u8> {
        matches!(self.0, 0x41..=0x47).then_some(self.0 & 0x07)
    }

    /// Short message type 0: acknowledged by the phone and neither shown nor kept.
    pub fn is_silent(self) -> bool {
        self.0 == 0x40
    }

    /// Internet electronic mail: the text begins with an address (§3.8).
    pub fn is_email(self) -> bool {
        self.0 == 0x32
    }

    /// A voice mailbox or the like wants a call back.
    pub fn is_return_call(self) -> bool {
        self.0 == 0x5F
    }
}

impl fmt::Display for ProtocolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0x00 => f.write_str("short message"),
            0x20 | 0x3F => f.write_str("telematic"),
            0x21 => f.write_str("telex"),
            0x22 => f.write_str("group 3 fax"),
            0x23 => f.write_str("group 4 fax"),
            0x24 => f.write_str("voice telephone"),
            0x31 => f.write_str("X.400"),
            0x32 => f.write_str("e-mail"),
            0x40 => f.write_str("short message type 0 (silent)"),
            0x41..=0x47 => write!(f, "replace short message type {}", self.0 & 0x07),
            0x5F => f.write_str("return call"),
            0x7C => f.write_str("ANSI-136 R-DATA"),
            0x7D => f.write_str("ME data download"),
            0x7E => f.write_str("ME de-personalization"),
            0x7F => f.write_str("SIM data download"),
            other => write!(f, "protocol {other:#04x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of §9.2.3.9.
    #[test]
    fn values_mean_what_the_standard_says() {
        assert_eq!(ProtocolId(0x47).replace_type(), Some(7));
        assert_eq!(
            (
                ProtocolId(0x40).replace_type(),
                ProtocolId(0x48).replace_type()
            ),
            (None, None)
        );
        assert!(ProtocolId(0x40).is_silent() && !ProtocolId(0x00).is_silent());
        assert!(ProtocolId(0x5F).is_return_call() && !ProtocolId(0x5E).is_return_call());
        assert_eq!(ProtocolId(0x43).to_string(), "replace short message type 3");
        assert_eq!(ProtocolId(0xC0).to_string(), "protocol 0xc0");
    }
}
