//! TP-FCS: why a message was not taken (3GPP TS 23.040 §9.2.3.22).

use std::fmt;

/// The failure cause octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FailureCause(pub u8);

/// The cause in plain words.
impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x80 => "telematic interworking is not supported",
            0x81 => "short message type 0 is not supported",
            0x82 => "the message cannot be replaced",
            0x83..=0x8F => "a fault with the protocol identifier",
            0x90 => "the alphabet is not supported",
            0x91 => "the message class is not supported",
            0x92..=0x9F => "a fault with the data coding scheme",
            0xA0 => "the command cannot be carried out",
            0xA1 => "the command is not supported",
            0xA2..=0xAF => "a fault with the command",
            0xB0 => "this kind of message is not supported",
            0xC0 => "the service centre is busy",
            0xC1 => "no subscription with this service centre",
            0xC2 => "the service centre has failed",
            0xC3 => "the recipient's number is not valid",
            0xC4 => "the recipient is barred",
            0xC5 => "rejected as a duplicate",
            0xC6 | 0xC7 => "the validity period is not supported",
            0xD0 => "the SIM's memory for messages is full",
            0xD1 => "the SIM has no memory for messages",
            0xD2 => "an error in the phone",
            0xD3 => "the memory is full",
            0xD4 => "the SIM's application is busy",
            0xD5 => "the SIM could not take the data",
            0xE0..=0xFE => "a cause of the application's own",
            0xFF => "an unspecified cause",
            _ => "a cause that the standard reserves",
        })
    }
}
