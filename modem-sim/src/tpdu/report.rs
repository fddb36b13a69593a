//! SMS-STATUS-REPORT, what became of a submitted message (3GPP TS 23.040 §9.2.2.3).

use super::{Address, Octets, Timestamp, TpduError};

/// The fate of one submitted part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// TP-MR that the part was submitted with.
    pub reference: u8,
    /// TP-RA, the recipient of the part.
    pub recipient: Address,
    /// TP-SCTS, when the service centre got the part.
    pub service_centre_time: Timestamp,
    /// TP-DT, when the fate was known.
    pub discharge_time: Timestamp,
    /// TP-ST: 0 is delivered, 0x40 and above failed (3GPP TS 23.040 §9.2.3.15).
    pub status: u8,
}

impl Report {
    /// Reads a unit; optional fields behind TP-ST are passed over.
    ///
    /// # Errors
    ///
    /// When it is none or ends early.
    pub fn read(tpdu: &[u8]) -> Result<Self, TpduError> {
        let mut octets = Octets(tpdu);
        let first = octets.octet("the first octet")?;
        if first & 3 != 2 {
            return Err(TpduError::WrongType(first & 3));
        }
        Ok(Self {
            reference: octets.octet("TP-MR")?,
            recipient: Address::read(&mut octets, "TP-RA")?,
            service_centre_time: Timestamp::read(&mut octets, "TP-SCTS")?,
            discharge_time: Timestamp::read(&mut octets, "TP-DT")?,
            status: octets.octet("TP-ST")?,
        })
    }

    /// Writes the unit without optional fields.
    ///
    /// # Errors
    ///
    /// [`TpduError::Text`] when the recipient does not fit.
    pub fn write(&self) -> Result<Vec<u8>, TpduError> {
        let mut tpdu = vec![0x06, self.reference];
        self.recipient.write(&mut tpdu)?;
        self.service_centre_time.write(&mut tpdu);
        self.discharge_time.write(&mut tpdu);
        tpdu.push(self.status);
        Ok(tpdu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tpdu::to_hex;

    #[test]
    fn a_report_is_written_and_read() {
        let report = Report {
            reference: 43,
            recipient: Address::new("+12025550100"),
            service_centre_time: Timestamp::parse("2026-01-31T12:34:56Z").unwrap(),
            discharge_time: Timestamp::parse("2026-01-31T12:35:01Z").unwrap(),
            status: 0,
        };
        let tpdu = report.write().unwrap();
        assert_eq!(
            to_hex(&tpdu),
            "062B0B912120550501F0621013214365006210132153100000"
        );
        assert_eq!(Report::read(&tpdu), Ok(report));
        assert_eq!(Report::read(&[0x04]), Err(TpduError::WrongType(0)));
    }
}
