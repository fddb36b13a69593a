//! The line that a modem wants behind the prompt of `+CMGS` or `+CMGW` (3GPP TS 27.005 §4.3).

use crate::address::{Address, MAX_ADDRESS_OCTETS};
use crate::hex;

/// A TPDU ready for a modem.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PduLine {
    /// Octets of the TPDU, the service-centre address not counted: the parameter of `+CMGS`.
    pub length: usize,
    /// Service-centre address and TPDU as hexadecimal digits, without Ctrl-Z.
    pub hex: String,
}

impl PduLine {
    /// Of the octets of a TPDU. Without a service centre the line begins with `00`: the SIM's own is used.
    pub fn new(service_centre: Option<&Address>, tpdu: &[u8]) -> Self {
        let hex = match service_centre {
            Some(address) => {
                let mut octets = Vec::with_capacity(MAX_ADDRESS_OCTETS);
                address.emit_service_centre(&mut octets);
                hex::encode_all(&[&octets, tpdu])
            }
            None => hex::encode_all(&[&[0], tpdu]),
        };
        Self {
            length: tpdu.len(),
            hex,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3GPP TS 24.011 §8.2.5.1: the length counts octets, the type included.
    #[test]
    fn the_service_centre_stands_in_front_and_is_not_counted() {
        let line = PduLine::new(None, &[0x01, 0x00]);
        assert_eq!((line.length, line.hex.as_str()), (2, "000100"));
        let service_centre = Address::parse_number("+12025550199").unwrap();
        let line = PduLine::new(Some(&service_centre), &[0x01, 0x00]);
        assert_eq!(
            (line.length, line.hex.as_str()),
            (2, "07912120550591F90100")
        );
        let short = Address::parse_number("1234").unwrap();
        assert_eq!(PduLine::new(Some(&short), &[]).hex, "03812143");
    }
}
