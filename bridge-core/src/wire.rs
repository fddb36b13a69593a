//! Between TPDUs and the words of the domain: the only user of `sms-codec`.

use sms_codec::{
    Address as TpAddress, Content, DecodeOptions, Deliver, Languages, Outcome, ProtocolId,
    Reference, ReferenceWidth, SegmentError, SegmentOptions, Status, StatusReport, Submit,
    Timestamp as ScTimestamp, Tpdu, UserData,
};

use crate::address::{Address, Country};
use crate::id::Timestamp;
use crate::link::RawPdu;
use crate::part::Report;
use crate::rules::MessageKind;
use crate::store::record::{Dated, ReportWish};

/// What a modem received.
#[derive(Debug)]
pub(crate) enum Received {
    Sms(IncomingSms),
    Report(IncomingReport),
    /// It cannot be read; the cause in the codec's words.
    Unreadable(String),
}

/// One DELIVER TPDU.
#[derive(Debug)]
pub(crate) struct IncomingSms {
    pub(crate) from: Address,
    /// Of this part alone.
    pub(crate) text: String,
    pub(crate) sent_at: Option<String>,
    /// The same as an instant.
    pub(crate) instant: Option<Timestamp>,
    pub(crate) dated: Dated,
    /// `None` where it is whole.
    pub(crate) place_in_set: Option<PlaceInSet>,
    /// The TPDU without its service-centre address.
    pub(crate) tpdu: String,
}

/// Where a part belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlaceInSet {
    pub(crate) reference: u16,
    pub(crate) bits: u8,
    pub(crate) total: u8,
    pub(crate) number: u8,
}

/// One STATUS-REPORT TPDU.
#[derive(Debug)]
pub(crate) struct IncomingReport {
    pub(crate) reference: u8,
    pub(crate) recipient: Address,
    pub(crate) submitted_at: Option<Timestamp>,
    /// `None` while the service centre is still trying.
    pub(crate) report: Option<Report>,
    /// By which a repetition is recognised. Of a final report without its outcome and the time of it: the first one counts,
    /// and one that comes again by another way is no report of a later message with the same reference.
    pub(crate) tpdu: String,
}

/// Reads what a modem received.
pub(crate) fn read(pdu: &RawPdu, country: Option<Country>) -> Received {
    let decoded = match sms_codec::decode_hex(&pdu.0, &DecodeOptions::default()) {
        Ok(decoded) => decoded,
        Err(error) => return Received::Unreadable(error.to_string()),
    };
    match decoded.tpdu {
        Tpdu::Deliver(deliver) => Received::Sms(sms(&deliver, country)),
        Tpdu::StatusReport(report) => Received::Report(status_report(&report, country)),
        tpdu @ (Tpdu::Submit(_)
        | Tpdu::DeliverReport(_)
        | Tpdu::SubmitReport(_)
        | Tpdu::Command(_)) => Received::Unreadable(format!("it is an {tpdu}")),
    }
}

fn sms(deliver: &Deliver, country: Option<Country>) -> IncomingSms {
    let at = &deliver.service_centre_timestamp;
    IncomingSms {
        from: address(&deliver.originating_address, country),
        text: shown(deliver.protocol_id, &[Some(&deliver.user_data)]),
        sent_at: at.is_valid().then(|| at.to_string()),
        instant: milliseconds(at),
        dated: if at.is_valid() { Dated::Yes } else { Dated::No },
        place_in_set: deliver
            .user_data
            .concatenation()
            .filter(|place| place.total > 1)
            .map(|place| PlaceInSet {
                reference: place.reference,
                bits: match place.width {
                    ReferenceWidth::Eight => 8,
                    ReferenceWidth::Sixteen => 16,
                },
                total: place.total,
                number: place.part,
            }),
        tpdu: sms_codec::hex::encode(&deliver.emit()),
    }
}

fn status_report(report: &StatusReport, country: Option<Country>) -> IncomingReport {
    let failed = || Report::Failed {
        cause: format!("the network reports: {}", report.status.meaning()),
    };
    let outcome = match report.status.outcome() {
        Outcome::Delivered => Some(Report::Delivered),
        // Nothing more will be heard of it, and nothing says that it arrived: "sent" is what is known.
        Outcome::Unconfirmed | Outcome::StillTrying => None,
        Outcome::Failed(_) => Some(failed()),
    };
    let mut known_by = report.clone();
    if outcome.is_some() && report.service_centre_timestamp.is_valid() {
        known_by.discharge_time = report.service_centre_timestamp;
        known_by.status = Status(0);
    }
    IncomingReport {
        reference: report.message_reference.0,
        recipient: address(&report.recipient_address, country),
        submitted_at: milliseconds(&report.service_centre_timestamp),
        report: outcome,
        tpdu: sms_codec::hex::encode(&known_by.emit()),
    }
}

fn address(address: &TpAddress, country: Option<Country>) -> Address {
    Address::from_network(&address.to_string(), address.is_alphanumeric(), country)
}

fn milliseconds(at: &ScTimestamp) -> Option<Timestamp> {
    at.unix_seconds()
        .map(|seconds| Timestamp(seconds.saturating_mul(1000)))
}

/// The text of a message out of what has arrived of it: part number and PDU, by number. Missing parts are marked.
pub(crate) fn join(total: u8, arrived: &[(u8, String)]) -> String {
    let mut protocol_id = ProtocolId::DEFAULT;
    let parts: Vec<(u8, UserData)> = arrived
        .iter()
        .filter_map(|(number, pdu)| {
            let decoded = sms_codec::decode_hex(pdu, &DecodeOptions::default()).ok()?;
            match decoded.tpdu {
                Tpdu::Deliver(deliver) => {
                    protocol_id = deliver.protocol_id;
                    Some((*number, deliver.user_data))
                }
                Tpdu::Submit(_)
                | Tpdu::StatusReport(_)
                | Tpdu::DeliverReport(_)
                | Tpdu::SubmitReport(_)
                | Tpdu::Command(_) => None,
            }
        })
        .collect();
    let all: Vec<Option<&UserData>> = (1..=total)
        .map(|number| {
            parts
                .iter()
                .find(|(known, _)| *known == number)
                .map(|(_, user_data)| user_data)
        })
        .collect();
    shown(protocol_id, &all)
}

/// The text, or a line about what it is where it has none that a person can read.
fn shown(protocol_id: ProtocolId, parts: &[Option<&UserData>]) -> String {
    let first_parts: Vec<&UserData> = parts.iter().map_while(|part| *part).collect();
    let content = Content::of_parts(protocol_id, &first_parts);
    let text = sms_codec::join(parts, " […] ");
    match (content, text) {
        (Some(Content::Email(email)), _) if email.from.is_some() => {
            Content::Email(email).to_string()
        }
        (Some(content), _) if !content.leaves_text() => format!("({content})"),
        (Some(content), Some(text)) if text.is_empty() => format!("({content})"),
        (_, Some(text)) => text,
        (_, None) => {
            let octets: usize = parts
                .iter()
                .flatten()
                .map(|user_data| user_data.body().len())
                .sum();
            format!("(This SMS carries {octets} bytes of data for a program, and no text.)")
        }
    }
}

/// What a message is, by its PDUs.
pub(crate) fn kind(pdus: &[String]) -> MessageKind {
    let delivers = pdus.iter().filter_map(|pdu| {
        let decoded = sms_codec::decode_hex(pdu, &DecodeOptions::default()).ok()?;
        match decoded.tpdu {
            Tpdu::Deliver(deliver) => Some(deliver),
            Tpdu::Submit(_)
            | Tpdu::StatusReport(_)
            | Tpdu::DeliverReport(_)
            | Tpdu::SubmitReport(_)
            | Tpdu::Command(_) => None,
        }
    });
    let number = |deliver: &Deliver| deliver.user_data.concatenation().map(|place| place.part);
    let Some(first) = delivers.min_by_key(number) else {
        return MessageKind::Sms;
    };
    let user_data = &first.user_data;
    match Content::of_parts(first.protocol_id, &[user_data]) {
        Some(Content::Mms(_)) => MessageKind::Mms,
        Some(Content::Push(what)) if what == "application/vnd.wap.mms-message" => MessageKind::Mms,
        Some(Content::MailWaiting(_) | Content::ReturnCall) => MessageKind::Voicemail,
        Some(Content::Flash) => MessageKind::Flash,
        Some(
            Content::Silent
            | Content::Download(_)
            | Content::Settings(_)
            | Content::Application(_)
            | Content::Push(_),
        ) => MessageKind::Data,
        Some(
            Content::ServiceIndication(_)
            | Content::ServiceLoading(_)
            | Content::Contact(_)
            | Content::Appointment(_)
            | Content::Replace(_)
            | Content::Email(_),
        )
        | None => match user_data.text() {
            Some(_) => MessageKind::Sms,
            None => MessageKind::Data,
        },
    }
}

/// Writes a text as finished SUBMIT TPDUs in hexadecimal, with the tables of these languages where that is cheaper.
pub(crate) fn compose(
    text: &str,
    to: &Address,
    reference: u8,
    report: ReportWish,
    languages: Languages,
) -> Result<Vec<String>, ComposeError> {
    let recipient = TpAddress::parse_number(to.as_str())
        .map_err(|error| ComposeError::Recipient(error.to_string()))?;
    let options = SegmentOptions {
        languages,
        ..SegmentOptions::new(Reference::Eight(reference))
    };
    let segmentation = sms_codec::segment(text, &options)?;
    let asked = report == ReportWish::Asked;
    let emit = |part| {
        sms_codec::hex::encode(
            &Submit::new(recipient.clone(), part)
                .with_status_report(asked)
                .emit(),
        )
    };
    Ok(segmentation.parts.into_iter().map(emit).collect())
}

/// Why a text cannot be sent, in words for its writer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    #[error("this number cannot be reached by SMS: {0}")]
    Recipient(String),
    #[error("{0}; cut it into shorter messages")]
    Text(#[from] SegmentError),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From +447700900123, with this first octet, TP-PID, TP-DCS and user data.
    fn deliver(first: &str, protocol: &str, coding: &str, user_data: &str) -> String {
        let user_data = user_data.replace(' ', "");
        format!("00{first}0C91447700091032{protocol}{coding}42100251320480{user_data}")
    }

    #[track_caller]
    fn check(pdu: String, text: &str) {
        match read(&RawPdu(pdu), None) {
            Received::Sms(sms) => assert_eq!(sms.text, text),
            other @ (Received::Report(_) | Received::Unreadable(_)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_text_is_a_line_that_can_be_read() {
        check(deliver("04", "00", "00", "05E8329BFD06"), "hello");
        check(deliver("04", "00", "10", "05E8329BFD06"), "hello");
        check(deliver("04", "42", "00", "05E8329BFD06"), "hello");
        check(deliver("04", "00", "C8", "00"), "(voice mail waiting)");
        check(deliver("04", "00", "D8", "05E8329BFD06"), "hello");
        check(deliver("04", "32", "00", "05E8329BFD06"), "hello");
        check(
            deliver(
                "44",
                "00",
                "04",
                "17 0605040B8423F0 01 06 01BE 8C82 98 31 00 83 612E62 00",
            ),
            "(MMS, at a.b)",
        );
        check(
            deliver("44", "00", "04", "09 06050415810000 0102"),
            "(This SMS carries 2 bytes of data for a program, and no text.)",
        );
    }

    #[test]
    fn kinds() {
        let port = |port: &str, body: &str| {
            let user_data = format!("060504{port}0000{body}").replace(' ', "");
            let length = user_data.len() / 2;
            deliver("44", "00", "04", &format!("{length:02X}{user_data}"))
        };
        let mms = "0106 01BE 8C82 98 31 00 83 612E62 00";
        let cases = [
            (deliver("04", "00", "00", "05E8329BFD06"), MessageKind::Sms),
            (
                deliver("04", "00", "10", "05E8329BFD06"),
                MessageKind::Flash,
            ),
            (deliver("04", "00", "C8", "00"), MessageKind::Voicemail),
            (
                deliver("04", "00", "D8", "05E8329BFD06"),
                MessageKind::Voicemail,
            ),
            (
                deliver("04", "5F", "00", "05E8329BFD06"),
                MessageKind::Voicemail,
            ),
            (port("0B84", mms), MessageKind::Mms),
            (port("1581", "0102"), MessageKind::Data),
            (deliver("04", "00", "04", "020102"), MessageKind::Data),
            (deliver("04", "40", "00", "05E8329BFD06"), MessageKind::Data),
            ("nothing".to_owned(), MessageKind::Sms),
        ];
        for (pdu, expected) in cases {
            assert_eq!(kind(std::slice::from_ref(&pdu)), expected, "{pdu}");
        }
        assert_eq!(kind(&[]), MessageKind::Sms);
    }

    #[test]
    fn a_long_mms_notification_is_read_out_of_its_parts() {
        let part = |number: &str, body: &str| {
            let header = format!("0B00030702{number}05040B8423F0");
            let user_data = format!("{header}{body}").replace(' ', "");
            let length = user_data.len() / 2;
            deliver("44", "00", "04", &format!("{length:02X}{user_data}"))
        };
        let first = part("01", "0106 01BE 8C82 98 31 00 83 61");
        let second = part("02", "2E62 00");
        assert_eq!(
            join(2, &[(2, second.clone()), (1, first.clone())]),
            "(MMS, at a.b)"
        );
        assert_eq!(join(2, &[(1, first)]), "(MMS, at a)");
        assert_eq!(
            join(2, &[(2, second)]),
            "(This SMS carries 3 bytes of data for a program, and no text.)"
        );
    }
}
