//! SMS-DELIVER, from the service centre to the SIM (3GPP TS 23.040 §9.2.2.1).

use super::{Address, Octets, Timestamp, TpduError, UserData};

/// A message to the SIM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliver {
    /// TP-OA, the sender.
    pub from: Address,
    /// TP-PID.
    pub protocol: u8,
    /// TP-DCS.
    pub data_coding: u8,
    /// TP-SCTS, when the service centre got the message.
    pub service_centre_time: Timestamp,
    /// TP-UD.
    pub user_data: UserData,
}

impl Deliver {
    /// TP-DCS alone, wherever it can be read: whether the rest is well formed is not looked at.
    pub(crate) fn data_coding_of(tpdu: &[u8]) -> Option<u8> {
        let mut octets = Octets(tpdu);
        let first = octets.octet("the first octet").ok()?;
        Address::read(&mut octets, "TP-OA").ok()?;
        octets.octet("TP-PID").ok()?;
        let coding = octets.octet("TP-DCS").ok()?;
        (first & 3 == 0).then_some(coding)
    }

    /// Reads a unit.
    ///
    /// # Errors
    ///
    /// When it is none, or ends early, or goes on too long.
    pub fn read(tpdu: &[u8]) -> Result<Self, TpduError> {
        let mut octets = Octets(tpdu);
        let first = octets.octet("the first octet")?;
        if first & 3 != 0 {
            return Err(TpduError::WrongType(first & 3));
        }
        let from = Address::read(&mut octets, "TP-OA")?;
        let protocol = octets.octet("TP-PID")?;
        let data_coding = octets.octet("TP-DCS")?;
        let service_centre_time = Timestamp::read(&mut octets, "TP-SCTS")?;
        let user_data = UserData::read(octets, data_coding, first & 0x40 != 0)?;
        Ok(Self {
            from,
            protocol,
            data_coding,
            service_centre_time,
            user_data,
        })
    }

    /// Writes the unit; TP-MMS is set as "no more messages".
    ///
    /// # Errors
    ///
    /// [`TpduError::Text`] when the text or the sender does not fit.
    pub fn write(&self) -> Result<Vec<u8>, TpduError> {
        let header = if self.user_data.header.is_empty() {
            0
        } else {
            0x40
        };
        let mut tpdu = vec![0x04 | header];
        self.from.write(&mut tpdu)?;
        tpdu.extend([self.protocol, self.data_coding]);
        self.service_centre_time.write(&mut tpdu);
        self.user_data.write(&mut tpdu)?;
        Ok(tpdu)
    }
}

/// The message class of TP-DCS, `None` without one (3GPP TS 23.038 §4).
pub fn message_class(data_coding: u8) -> Option<u8> {
    let has_class = matches!(data_coding >> 4, 1 | 3 | 5 | 7 | 0xF);
    has_class.then_some(data_coding & 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tpdu::{Alphabet, from_hex, to_hex};

    #[test]
    fn messages_are_written_and_read() {
        let time = Timestamp::parse("2026-01-31T12:34:56+05:00").unwrap();
        for (from, data_coding, text, tpdu) in [
            (
                "+12025550100",
                0x00,
                "hellohello",
                "040B912120550501F000006210132143650 20AE8329BFD4697D9EC37",
            ),
            (
                "Bank",
                0x08,
                "سلام",
                "0407D0C2B07B0D00086210132143650 2080633064406270645",
            ),
            ("12345", 0x10, "1", "0405812143F500106210132143650 20131"),
        ] {
            let tpdu = tpdu.replace(' ', "");
            let deliver = Deliver {
                from: Address::new(from),
                protocol: 0,
                data_coding,
                service_centre_time: time,
                user_data: UserData::plain(Alphabet::of_coding(data_coding), text),
            };
            assert_eq!(
                deliver.write().map(|octets| to_hex(&octets)),
                Ok(tpdu.clone()),
                "{text}"
            );
            assert_eq!(Deliver::read(&from_hex(&tpdu).unwrap()), Ok(deliver));
        }
        assert_eq!(Deliver::read(&[0x01]), Err(TpduError::WrongType(1)));
    }

    #[test]
    fn classes() {
        let of = [0x00, 0x10, 0x12, 0x18, 0xF0, 0xF3, 0xC8].map(message_class);
        assert_eq!(
            of,
            [None, Some(0), Some(2), Some(0), Some(0), Some(3), None]
        );
    }
}
