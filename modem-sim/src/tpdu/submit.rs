//! SMS-SUBMIT, from the SIM to the service centre (3GPP TS 23.040 §9.2.2.2).

use super::{Address, Octets, TpduError, UserData};

/// A message from the SIM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submit {
    /// TP-SRR, whether a status report is wanted.
    pub report_requested: bool,
    /// TP-MR as the sender wrote it; the modem replaces it.
    pub reference: u8,
    /// TP-DA, the recipient.
    pub to: Address,
    /// TP-PID.
    pub protocol: u8,
    /// TP-DCS.
    pub data_coding: u8,
    /// TP-VP as its octets: none, one (relative) or seven (enhanced, absolute).
    pub validity: Vec<u8>,
    /// TP-UD.
    pub user_data: UserData,
}

impl Submit {
    /// Reads a unit as strictly as a network: no octet too few, none too many.
    ///
    /// # Errors
    ///
    /// When it is none or a field does not hold.
    pub fn read(tpdu: &[u8]) -> Result<Self, TpduError> {
        let mut octets = Octets(tpdu);
        let first = octets.octet("the first octet")?;
        if first & 3 != 1 {
            return Err(TpduError::WrongType(first & 3));
        }
        let reference = octets.octet("TP-MR")?;
        let to = Address::read(&mut octets, "TP-DA")?;
        let protocol = octets.octet("TP-PID")?;
        let data_coding = octets.octet("TP-DCS")?;
        let validity_octets = match (first >> 3) & 3 {
            0 => 0,
            2 => 1,
            _ => 7,
        };
        let validity = octets.take(validity_octets, "TP-VP")?.to_vec();
        let user_data = UserData::read(octets, data_coding, first & 0x40 != 0)?;
        Ok(Self {
            report_requested: first & 0x20 != 0,
            reference,
            to,
            protocol,
            data_coding,
            validity,
            user_data,
        })
    }

    /// Writes the unit. A validity of seven octets is taken as absolute.
    ///
    /// # Errors
    ///
    /// [`TpduError`] when the text, the recipient or the validity does not fit.
    pub fn write(&self) -> Result<Vec<u8>, TpduError> {
        let header = if self.user_data.header.is_empty() {
            0
        } else {
            0x40
        };
        let report = if self.report_requested { 0x20 } else { 0 };
        let validity_format = match self.validity.len() {
            0 => 0x00,
            1 => 0x10,
            7 => 0x18,
            _ => return Err(TpduError::Invalid("TP-VP")),
        };
        let mut tpdu = vec![0x01 | header | report | validity_format, self.reference];
        self.to.write(&mut tpdu)?;
        tpdu.extend([self.protocol, self.data_coding]);
        tpdu.extend_from_slice(&self.validity);
        self.user_data.write(&mut tpdu)?;
        Ok(tpdu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tpdu::{Alphabet, from_hex, to_hex};

    #[test]
    fn messages_are_read_and_written() {
        for (tpdu, to, text, validity, report) in [
            // The field order of 3GPP TS 23.040 §9.2.2.2, with no, a relative and an absolute validity period.
            (
                "01000B912120550501F000000AE8329BFD4697D9EC37",
                "+12025550100",
                "hellohello",
                "",
                false,
            ),
            (
                "31000B912120550501F00000AA0AE8329BFD4697D9EC37",
                "+12025550100",
                "hellohello",
                "AA",
                true,
            ),
            (
                "19050581214 3F5000862101321436502020041",
                "12345",
                "A",
                "62101321436502",
                false,
            ),
        ] {
            let tpdu = tpdu.replace(' ', "");
            let submit = Submit::read(&from_hex(&tpdu).unwrap()).unwrap();
            assert_eq!(
                (
                    submit.to.to_string().as_str(),
                    submit.user_data.text.as_str()
                ),
                (to, text)
            );
            assert_eq!(
                (to_hex(&submit.validity).as_str(), submit.report_requested),
                (validity, report)
            );
            assert_eq!(submit.write().map(|octets| to_hex(&octets)), Ok(tpdu));
        }
    }

    #[test]
    fn a_part_in_the_middle_of_an_alphabet_is_read() {
        let part = UserData {
            alphabet: Alphabet::Gsm7,
            header: vec![0, 3, 7, 2, 1],
            text: "a€".to_owned(),
        };
        let submit = Submit {
            report_requested: true,
            reference: 0,
            to: Address::new("+12025550100"),
            protocol: 0,
            data_coding: 0,
            validity: vec![],
            user_data: part,
        };
        assert_eq!(Submit::read(&submit.write().unwrap()), Ok(submit));
    }

    #[test]
    fn malformed_units_are_refused() {
        for (tpdu, error) in [
            ("", TpduError::Truncated("the first octet")),
            ("00", TpduError::WrongType(0)),
            ("01000B9121", TpduError::Truncated("TP-DA")),
            ("11000B912120550501F000", TpduError::Truncated("TP-DCS")),
            (
                "01000B912120550501F00000 0AE832",
                TpduError::Truncated("TP-UD"),
            ),
            ("01000B912120550501F000000131FF", TpduError::Trailing(1)),
        ] {
            let octets = from_hex(&tpdu.replace(' ', "")).unwrap();
            assert_eq!(Submit::read(&octets), Err(error), "{tpdu}");
        }
    }
}
