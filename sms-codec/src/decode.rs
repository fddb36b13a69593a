//! From what a modem printed to a TPDU, with a record of what was sloppy on the way.

use crate::address::Address;
use crate::command::Command;
use crate::deliver::Deliver;
use crate::deliver_report::DeliverReport;
use crate::error::{Anomaly, AnomalyKind, DecodeError, Fault, Field};
use crate::reader::Reader;
use crate::status_report::StatusReport;
use crate::submit::Submit;
use crate::submit_report::SubmitReport;
use crate::tpdu::Tpdu;
use crate::wrapping;

/// How to read a PDU. The default fits what `+CMGR`, `+CMGL`, `+CMT` and `+CDS` print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DecodeOptions {
    /// Which way it went, as TP-MTI alone does not tell.
    pub direction: Direction,
    /// Whether a service-centre address stands in front.
    pub service_centre: ServiceCentre,
    /// What to do about anomalies.
    pub leniency: Leniency,
}

/// Which way a TPDU went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// What a SIM or a modem's memory holds and routes: DELIVER, SUBMIT and STATUS-REPORT.
    #[default]
    Stored,
    /// From the network: DELIVER, STATUS-REPORT, SUBMIT-REPORT.
    FromNetwork,
    /// To the network: SUBMIT, COMMAND, DELIVER-REPORT.
    ToNetwork,
}

/// Whether a service-centre address stands in front of a TPDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceCentre {
    /// As modems print it, maybe with a length of zero (3GPP TS 27.005 §3.1).
    #[default]
    InFront,
    /// The TPDU alone.
    Absent,
}

/// What to do about anomalies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leniency {
    /// Read around them and list them.
    #[default]
    Tolerant,
    /// Stop at the first.
    Strict,
}

/// What was made of a PDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The service centre; `None` where there is no address, or an empty one that stands for the SIM's own.
    pub service_centre: Option<Address>,
    /// The message.
    pub tpdu: Tpdu,
    /// Octets of the TPDU alone: the number that `+CMGS` and `+CMGR` give.
    pub tpdu_octets: usize,
    /// What was sloppy, in the order in which it was met.
    pub anomalies: Vec<Anomaly>,
}

/// Decodes the hexadecimal digits of a modem, in either case. What stands around and between them (quotes, the line that a
/// modem prints in front, separators) is recorded as an anomaly.
///
/// # Errors
///
/// [`DecodeError`] where no TPDU can be made of it, or for any anomaly in strict mode.
pub fn decode_hex(text: &str, options: &DecodeOptions) -> Result<Decoded, DecodeError> {
    if let Some(result) = decode_neat_hex(text, options) {
        return result;
    }
    let (octets, anomalies) = wrapping::unwrap(text)?;
    decode_with(&octets, options, anomalies)
}

/// Decodes what is nothing but pairs of digits and not longer than PDUs are, as nearly all are: without memory of its own.
fn decode_neat_hex(text: &str, options: &DecodeOptions) -> Option<Result<Decoded, DecodeError>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut octets = [0; MAX_NEAT_OCTETS];
    let octets = octets.get_mut(..pairs.len())?;
    if !rest.is_empty() {
        return None;
    }
    let mut faults = 0;
    for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
        let (high, low) = (digit(*high), digit(*low));
        faults |= high | low;
        *octet = high << 4 | low & 0x0F;
    }
    (faults & NO_DIGIT == 0).then(|| decode_with(octets, options, Vec::new()))
}

/// A service centre of 12 octets and the longest TPDU with 255 octets of user data are shorter.
const MAX_NEAT_OCTETS: usize = 320;

const NO_DIGIT: u8 = 0x80;

#[inline]
fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        b'A'..=b'F' => character - b'A' + 10,
        b'a'..=b'f' => character - b'a' + 10,
        _ => NO_DIGIT,
    }
}

/// Decodes octets.
///
/// # Errors
///
/// [`DecodeError`] where no TPDU can be made of them, or for any anomaly in strict mode.
pub fn decode(octets: &[u8], options: &DecodeOptions) -> Result<Decoded, DecodeError> {
    decode_with(octets, options, Vec::new())
}

fn decode_with(
    octets: &[u8],
    options: &DecodeOptions,
    anomalies: Vec<Anomaly>,
) -> Result<Decoded, DecodeError> {
    if octets.is_empty() {
        return Err(DecodeError {
            offset: 0,
            fault: Fault::Empty,
        });
    }
    let mut reader = Reader::new(octets, anomalies);
    let read = read(&mut reader, options);
    if let (Leniency::Strict, Some(Anomaly { offset, kind })) =
        (options.leniency, reader.anomalies().first())
    {
        return Err(DecodeError {
            offset: *offset,
            fault: Fault::Anomaly(*kind),
        });
    }
    let (service_centre, tpdu, tpdu_octets) = read?;
    Ok(Decoded {
        service_centre,
        tpdu,
        tpdu_octets,
        anomalies: reader.into_anomalies(),
    })
}

/// Service centre, TPDU, and how many octets of it there are.
fn read(
    reader: &mut Reader<'_>,
    options: &DecodeOptions,
) -> Result<(Option<Address>, Tpdu, usize), DecodeError> {
    let service_centre = match options.service_centre {
        ServiceCentre::InFront => Address::parse_service_centre(reader)?,
        ServiceCentre::Absent => None,
    };
    let start = reader.offset();
    let tpdu = Tpdu::parse(reader, options.direction)?;
    let end = reader.offset();
    let rest = reader.rest();
    if !rest.is_empty() {
        let octets = rest.len();
        let padding = rest.iter().all(|octet| *octet == 0xFF);
        let kind = if padding {
            AnomalyKind::TrailingPadding { octets }
        } else {
            AnomalyKind::TrailingOctets { octets }
        };
        reader.flag(end, kind);
    }
    Ok((service_centre, tpdu, end - start))
}

impl Tpdu {
    fn parse(reader: &mut Reader<'_>, direction: Direction) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let Some(first) = reader.rest().first() else {
            return Err(reader.truncated(Field::FirstOctet));
        };
        match (first & 0x03, direction) {
            (0, Direction::Stored | Direction::FromNetwork) => {
                Deliver::parse(reader).map(Self::Deliver)
            }
            (0, Direction::ToNetwork) => DeliverReport::parse(reader).map(Self::DeliverReport),
            (1, Direction::Stored | Direction::ToNetwork) => {
                Submit::parse(reader).map(Self::Submit)
            }
            (1, Direction::FromNetwork) => SubmitReport::parse(reader).map(Self::SubmitReport),
            (2, Direction::Stored | Direction::FromNetwork) => {
                StatusReport::parse(reader).map(Self::StatusReport)
            }
            (2, Direction::ToNetwork) => Command::parse(reader).map(Self::Command),
            // A phone is to take the reserved type for a DELIVER (3GPP TS 23.040 §9.2.3.1).
            (reserved, Direction::Stored | Direction::FromNetwork) => {
                reader.flag(
                    start,
                    AnomalyKind::ReservedValue(Field::FirstOctet, reserved),
                );
                Deliver::parse(reader).map(Self::Deliver)
            }
            (reserved, Direction::ToNetwork) => {
                Err(reader.fault(start, Fault::ReservedMessageType(reserved)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HELLO: &str = "07912120550591F9040C9144770009103200004210025132048005E8329BFD06";

    #[track_caller]
    fn check(text: &str, anomalies: &[(usize, AnomalyKind)]) {
        let decoded = decode_hex(text, &DecodeOptions::default()).unwrap();
        assert_eq!(decoded.tpdu.user_data().unwrap().text().unwrap(), "hello");
        assert_eq!(decoded.tpdu_octets, 24);
        let found: Vec<_> = decoded
            .anomalies
            .iter()
            .map(|anomaly| (anomaly.offset, anomaly.kind))
            .collect();
        assert_eq!(found, anomalies);
        let strict = DecodeOptions {
            leniency: Leniency::Strict,
            ..DecodeOptions::default()
        };
        let error = decode_hex(text, &strict)
            .err()
            .map(|error| (error.offset, error.fault));
        assert_eq!(
            error,
            anomalies
                .first()
                .map(|(offset, kind)| (*offset, Fault::Anomaly(*kind)))
        );
    }

    /// What modems put around a PDU (one of them each was seen in the wild).
    #[test]
    fn what_modems_add_is_read_around() {
        check(HELLO, &[]);
        check(&HELLO.to_lowercase(), &[]);
        check(&format!("  {HELLO}\r\n"), &[]);
        check(
            &HELLO.replace("7700", "77\r\n00"),
            &[(13, AnomalyKind::Separator)],
        );
        check(
            &format!("+CMT: ,24\r\n{HELLO}\r\n"),
            &[(0, AnomalyKind::ModemLine)],
        );
        check(&format!("{HELLO}\""), &[(32, AnomalyKind::Quote)]);
        check(&format!("\"{HELLO}\""), &[(0, AnomalyKind::Quote)]);
        check(&format!("{HELLO}0"), &[(32, AnomalyKind::HalfOctet)]);
        check(
            &format!("{HELLO}FFFF"),
            &[(32, AnomalyKind::TrailingPadding { octets: 2 })],
        );
        check(
            &format!("{HELLO}00FF"),
            &[(32, AnomalyKind::TrailingOctets { octets: 2 })],
        );
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (text, message) in [
            ("", "octet 0: the PDU is empty"),
            ("\"\"", "octet 0: the PDU is empty"),
            (
                "+CMT: ,24",
                "octet 0: a modem's line without a PDU, which stands in the next one",
            ),
            ("00ZZ", "octet 1: 'Z' is not a hexadecimal digit"),
            ("00", "octet 1: the PDU ends before first octet is complete"),
            ("0003", "octet 2: the PDU ends before TP-OA is complete"),
            ("FF", "octet 0: service-centre address cannot be 255 long"),
            (
                "0791",
                "octet 2: the PDU ends before service-centre address is complete",
            ),
            ("00041591", "octet 2: TP-OA cannot be 21 long"),
            (
                "0004029121",
                "octet 5: the PDU ends before TP-PID is complete",
            ),
        ] {
            assert_eq!(
                decode_hex(text, &DecodeOptions::default())
                    .unwrap_err()
                    .to_string(),
                message,
                "{text}"
            );
        }
    }

    #[test]
    fn the_direction_decides_what_a_type_is() {
        let name = |hex, direction| {
            let options = DecodeOptions {
                direction,
                service_centre: ServiceCentre::Absent,
                leniency: Leniency::Tolerant,
            };
            decode_hex(hex, &options)
                .map(|decoded| decoded.tpdu.to_string())
                .unwrap_or_default()
        };
        let bare = HELLO.strip_prefix("07912120550591F9").unwrap();
        assert_eq!(name(bare, Direction::Stored), "SMS-DELIVER");
        assert_eq!(name(bare, Direction::FromNetwork), "SMS-DELIVER");
        assert_eq!(name("00D300", Direction::ToNetwork), "SMS-DELIVER-REPORT");
        assert_eq!(
            name("01000B912120550501F0000005E8329BFD06", Direction::Stored),
            "SMS-SUBMIT"
        );
        assert_eq!(
            name("01000B912120550501F0000005E8329BFD06", Direction::ToNetwork),
            "SMS-SUBMIT"
        );
        assert_eq!(
            name("010042100251320480", Direction::FromNetwork),
            "SMS-SUBMIT-REPORT"
        );
        assert_eq!(
            name(
                "022A0B912120550501F0421002513204804210025132258000",
                Direction::Stored
            ),
            "SMS-STATUS-REPORT"
        );
        assert_eq!(
            name("02010002020B912120550501F000", Direction::ToNetwork),
            "SMS-COMMAND"
        );
    }

    fn options() -> impl Strategy<Value = DecodeOptions> {
        (
            prop::sample::select(vec![
                Direction::Stored,
                Direction::FromNetwork,
                Direction::ToNetwork,
            ]),
            prop::sample::select(vec![ServiceCentre::InFront, ServiceCentre::Absent]),
            prop::sample::select(vec![Leniency::Tolerant, Leniency::Strict]),
        )
            .prop_map(|(direction, service_centre, leniency)| DecodeOptions {
                direction,
                service_centre,
                leniency,
            })
    }

    /// Reads everything that can be read of it.
    fn exhaust(decoded: &Decoded) {
        let user_data = decoded.tpdu.user_data();
        let text = user_data.and_then(|found| crate::join(&[Some(found), None, Some(found)], "…"));
        assert_eq!(
            text.is_some(),
            user_data.is_some_and(|found| found.text().is_some())
        );
        assert!(!format!("{decoded:?} {}", decoded.tpdu).is_empty());
        assert!(
            decoded
                .anomalies
                .iter()
                .all(|anomaly| !anomaly.to_string().is_empty())
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn random_octets_do_no_harm(octets in prop::collection::vec(any::<u8>(), 0..300), options in options()) {
            if let Ok(decoded) = decode(&octets, &options) {
                exhaust(&decoded);
                if decoded.anomalies.is_empty() && options.leniency == Leniency::Strict {
                    let end = octets.len();
                    prop_assert_eq!(decoded.tpdu_octets <= end, true);
                }
            }
        }

        /// One octet of a good PDU changed, or the end cut off.
        #[test]
        fn damaged_pdus_do_no_harm(place in 0_usize..32, value in any::<u8>(), length in 0_usize..=32, options in options()) {
            let mut octets = crate::hex::decode(HELLO).unwrap();
            octets[place] = value;
            octets.truncate(length);
            if let Ok(decoded) = decode(&octets, &options) {
                exhaust(&decoded);
            }
        }

        /// What decodes without anomaly is emitted as it was, whatever it is.
        #[test]
        fn emitting_is_the_inverse_of_parsing(
            first in any::<u8>(),
            tail in prop::collection::vec(any::<u8>(), 0..40),
            direction in prop::sample::select(vec![Direction::Stored, Direction::FromNetwork, Direction::ToNetwork]),
        ) {
            // A possible address and date in the right place let most of them through.
            let mut octets = vec![first];
            octets.extend(crate::hex::decode("0B912120550501F0000042100251320480").unwrap());
            octets.extend(tail);
            let options = DecodeOptions { direction, service_centre: ServiceCentre::Absent, leniency: Leniency::Strict };
            if let Ok(decoded) = decode(&octets, &options) {
                prop_assert_eq!(crate::hex::encode(&decoded.tpdu.emit()), crate::hex::encode(&octets));
            }
        }

        #[test]
        fn random_text_does_no_harm(text in "\\PC{0,60}") {
            if let Ok(decoded) = decode_hex(&text, &DecodeOptions::default()) {
                exhaust(&decoded);
            }
        }
    }
}
