//! Between TPDUs and the words of the domain: the only user of `sms-codec`.

use sms_codec::{
    Address as TpAddress, DecodeOptions, Deliver, Outcome, Reference, ReferenceWidth, SegmentError,
    SegmentOptions, StatusReport, Submit, Timestamp as ScTimestamp, Tpdu, UserData,
};

use crate::address::{Address, Country};
use crate::id::Timestamp;
use crate::link::RawPdu;
use crate::part::Report;
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
        text: shown(&[Some(&deliver.user_data)]),
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
    IncomingReport {
        reference: report.message_reference.0,
        recipient: address(&report.recipient_address, country),
        submitted_at: milliseconds(&report.service_centre_timestamp),
        report: match report.status.outcome() {
            Outcome::Delivered => Some(Report::Delivered),
            // Nothing more will be heard of it, and nothing says that it arrived: "sent" is what is known.
            Outcome::Unconfirmed | Outcome::StillTrying => None,
            Outcome::Failed(_) => Some(failed()),
        },
        tpdu: sms_codec::hex::encode(&report.emit()),
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
    let parts: Vec<(u8, UserData)> = arrived
        .iter()
        .filter_map(|(number, pdu)| {
            let decoded = sms_codec::decode_hex(pdu, &DecodeOptions::default()).ok()?;
            match decoded.tpdu {
                Tpdu::Deliver(deliver) => Some((*number, deliver.user_data)),
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
    shown(&all)
}

fn shown(parts: &[Option<&UserData>]) -> String {
    if let Some(text) = sms_codec::join(parts, " […] ") {
        return text;
    }
    let octets: usize = parts
        .iter()
        .flatten()
        .map(|user_data| user_data.body().len())
        .sum();
    format!("(This SMS carries {octets} bytes of data for a program, and no text.)")
}

/// Writes a text as finished SUBMIT TPDUs in hexadecimal.
pub(crate) fn compose(
    text: &str,
    to: &Address,
    reference: u8,
    report: ReportWish,
) -> Result<Vec<String>, ComposeError> {
    let recipient = TpAddress::parse_number(to.as_str())
        .map_err(|error| ComposeError::Recipient(error.to_string()))?;
    let segmentation = sms_codec::segment(text, &SegmentOptions::new(Reference::Eight(reference)))?;
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
