//! The simulator's own small reader and writer of transfer-layer units (3GPP TS 23.040 §9.2).
//!
//! Written apart from the bridge's codec on purpose: a fault in one of them must not cancel itself out in the other.
//! Deliver, submit and status report; GSM 7-bit with the extension table, UCS-2 and plain octets; concatenation with
//! 8-bit and 16-bit references. National language tables are not read: such a part keeps its raw PDU and gets the
//! default table's text.

pub mod address;
pub mod alphabet;
pub mod deliver;
pub mod report;
pub mod submit;
pub mod timestamp;
pub mod user_data;

pub use address::Address;
pub use alphabet::Alphabet;
pub use deliver::Deliver;
pub use report::Report;
pub use submit::Submit;
pub use timestamp::Timestamp;
pub use user_data::{Concatenation, UserData};

/// Why a unit could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TpduError {
    /// The unit ends inside a field.
    #[error("the unit ends inside {0}")]
    Truncated(&'static str),
    /// Octets are left after the last field.
    #[error("{0} octets are left after the last field")]
    Trailing(usize),
    /// TP-MTI names another unit than the one asked for.
    #[error("the message type indicator is {0}")]
    WrongType(u8),
    /// A field holds what the standard does not allow there.
    #[error("{0} is not valid")]
    Invalid(&'static str),
    /// The text does not fit into one unit or has characters outside the alphabet.
    #[error("the text does not fit: {0}")]
    Text(&'static str),
    /// The digits are no hexadecimal octets.
    #[error("not hexadecimal octets")]
    Hex,
}

/// Takes octets off the front of a unit.
#[derive(Debug, Clone)]
pub(crate) struct Octets<'a>(pub(crate) &'a [u8]);

impl<'a> Octets<'a> {
    pub(crate) fn octet(&mut self, field: &'static str) -> Result<u8, TpduError> {
        let (first, rest) = self.0.split_first().ok_or(TpduError::Truncated(field))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn take(
        &mut self,
        count: usize,
        field: &'static str,
    ) -> Result<&'a [u8], TpduError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(TpduError::Truncated(field))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn finish(self) -> Result<(), TpduError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(TpduError::Trailing(self.0.len()))
        }
    }
}

/// Octets from hexadecimal digits of either case.
///
/// # Errors
///
/// [`TpduError::Hex`] for an odd number of digits or another character.
pub fn from_hex(digits: &str) -> Result<Vec<u8>, TpduError> {
    let nibbles = digits
        .chars()
        .map(|c| {
            c.to_digit(16)
                .and_then(|n| u8::try_from(n).ok())
                .ok_or(TpduError::Hex)
        })
        .collect::<Result<Vec<u8>, TpduError>>()?;
    let pairs = nibbles.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(TpduError::Hex);
    }
    Ok(pairs
        .map(|pair| pair.iter().fold(0, |octet, nibble| (octet << 4) | nibble))
        .collect())
}

/// Upper-case hexadecimal digits, as modems print them.
pub fn to_hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

/// A count as one octet of a field; what does not fit is the field's fault.
pub(crate) fn octet_count(count: usize, field: &'static str) -> Result<u8, TpduError> {
    u8::try_from(count).map_err(|_too_large| TpduError::Text(field))
}

/// The service-centre address in front of a TPDU as 27.005 prints and takes it (§3.1, `<pdu>`), split from the TPDU.
///
/// # Errors
///
/// When the address is longer than the octets at hand or not readable.
pub fn split_service_centre(pdu: &[u8]) -> Result<(Option<Address>, &[u8]), TpduError> {
    let mut octets = Octets(pdu);
    let length = octets.octet("the service-centre address")?;
    if length == 0 {
        return Ok((None, octets.0));
    }
    let address = octets.take(usize::from(length), "the service-centre address")?;
    let (type_of_address, digits) = address
        .split_first()
        .ok_or(TpduError::Truncated("the service-centre address"))?;
    let address = Address::from_octets(*type_of_address, digits.len() * 2, digits)?;
    Ok((Some(address), octets.0))
}

/// The same, written; an absent address is a zero length octet.
pub fn join_service_centre(service_centre: Option<&Address>, tpdu: &[u8]) -> Vec<u8> {
    let mut pdu = Vec::with_capacity(tpdu.len() + 12);
    match service_centre {
        Some(address) => {
            let digits = address.octets();
            pdu.push(u8::try_from(digits.len() + 1).unwrap_or(0));
            pdu.push(address.type_of_address());
            pdu.extend_from_slice(&digits);
        }
        None => pdu.push(0),
    }
    pdu.extend_from_slice(tpdu);
    pdu
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_taken_in_either_case_and_printed_in_upper_case() {
        assert_eq!(
            from_hex("07a1FF").map(|octets| to_hex(&octets)),
            Ok("07A1FF".to_owned())
        );
        assert_eq!(from_hex("07A"), Err(TpduError::Hex));
        assert_eq!(from_hex("0G"), Err(TpduError::Hex));
    }

    #[test]
    fn a_service_centre_comes_off_and_goes_back() {
        for (pdu, expected) in [
            ("07912120550591F901", Some("+12025550199")),
            ("0001", None),
            ("07912143658709F101", Some("+12345678901")), // digits padded with F, TS 23.040 §9.1.2.3
        ] {
            let octets = from_hex(pdu).unwrap();
            let (address, tpdu) = split_service_centre(&octets).unwrap();
            assert_eq!(
                address.as_ref().map(ToString::to_string).as_deref(),
                expected,
                "{pdu}"
            );
            assert_eq!(to_hex(&join_service_centre(address.as_ref(), tpdu)), pdu);
        }
        assert_eq!(
            split_service_centre(&[7, 0x91, 0x21]),
            Err(TpduError::Truncated("the service-centre address"))
        );
    }
}
