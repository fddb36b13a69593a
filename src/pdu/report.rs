//! What a PDU says, as JSON and for people. What is absent in the PDU is absent here.

mod text;

use super::broadcast::Broadcast;
use super::content;
use serde::Serialize;
use sms_codec::{
    Address, Alphabet, Anomaly, Content, Decoded, DecodedPage, Element, Elements, Ems,
    MessageReference, Status, Timestamp, Tpdu, UserData, ValidityPeriod, hex,
};

/// One decoded PDU. The names of its fields are the keys of the JSON object.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    smsc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Whom an answer is to go to instead of `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    /// RFC 3339, in the service centre's zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    /// The octets in hexadecimal digits, where they are no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_raw: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alphabet: Option<&'static str>,
    /// National languages whose tables the text uses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    languages: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_coding: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concat: Option<Concat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<Ports>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_reference: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discharge_time: Option<String>,
    /// TP-FCS.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_cause: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<CommandReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validity: Option<Validity>,
    /// Hexadecimal, for what is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    elements: Vec<HeaderElement>,
    /// What it is besides, or instead of, its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    anomalies: Vec<Sloppy>,
    /// What only a page of a cell broadcast has.
    #[serde(flatten)]
    broadcast: Option<Broadcast>,
    /// The same as `content`, for people.
    #[serde(skip)]
    summary: Option<String>,
}

#[derive(Debug, Serialize)]
struct Concat {
    reference: u16,
    total: u8,
    part: u8,
    bits: u8,
}

#[derive(Debug, Serialize)]
struct Ports {
    source: u16,
    destination: u16,
}

#[derive(Debug, Serialize)]
struct StatusReport {
    code: u8,
    meaning: String,
    #[serde(rename = "final")]
    is_final: bool,
}

#[derive(Debug, Serialize)]
struct CommandReport {
    /// TP-CT.
    code: u8,
    /// TP-MN: the message that it is about.
    message_number: u8,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase", tag = "format")]
enum Validity {
    Relative {
        /// From the moment the service centre gets it.
        seconds: u64,
    },
    Absolute {
        until: String,
    },
    Enhanced {
        /// As in the relative format; absent where the service centre's own applies.
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
        /// One attempt, whatever the period.
        single_shot: bool,
        /// Hexadecimal.
        octets: String,
    },
}

#[derive(Debug, Serialize)]
struct HeaderElement {
    /// Information element identifier (3GPP TS 23.040 §9.2.3.24).
    identifier: u8,
    kind: &'static str,
    /// Hexadecimal.
    data: String,
    /// What it does, for people; absent where it is not decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<String>,
    /// Characters of the text in front of what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format>,
}

/// How characters look, from `position` on.
#[derive(Debug, Serialize)]
struct Format {
    /// How many characters; absent where it is all to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u8>,
    styles: Vec<&'static str>,
    size: &'static str,
    alignment: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreground: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    background: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Sloppy {
    /// In octets.
    offset: usize,
    message: String,
}

/// The alphabet's name on the command line.
pub(super) fn alphabet(alphabet: Alphabet) -> &'static str {
    match alphabet {
        Alphabet::Gsm7 => "gsm7",
        Alphabet::Data => "data",
        Alphabet::Ucs2 => "ucs2",
    }
}

impl Report {
    pub(super) fn new(decoded: &Decoded) -> Self {
        let content = Content::of(&decoded.tpdu);
        let report = Self {
            summary: content.as_ref().map(ToString::to_string),
            content: content.as_ref().map(content::content),
            smsc: decoded.service_centre.as_ref().map(Address::to_string),
            anomalies: sloppy(&decoded.anomalies),
            ..Self::default()
        };
        match &decoded.tpdu {
            Tpdu::Deliver(deliver) => Self {
                kind: "deliver",
                from: Some(deliver.originating_address.to_string()),
                timestamp: time(deliver.service_centre_timestamp),
                timestamp_raw: raw(deliver.service_centre_timestamp),
                protocol_id: Some(deliver.protocol_id.0),
                ..report.with_user_data(&deliver.user_data)
            },
            Tpdu::Submit(submit) => Self {
                kind: "submit",
                to: Some(submit.destination_address.to_string()),
                protocol_id: Some(submit.protocol_id.0),
                message_reference: reference(submit.message_reference),
                validity: submit.validity.map(validity),
                ..report.with_user_data(&submit.user_data)
            },
            Tpdu::StatusReport(status) => Self {
                kind: "status-report",
                to: Some(status.recipient_address.to_string()),
                timestamp: time(status.service_centre_timestamp),
                timestamp_raw: raw(status.service_centre_timestamp),
                discharge_time: time(status.discharge_time),
                message_reference: reference(status.message_reference),
                status: Some(describe(status.status)),
                protocol_id: status.protocol_id.map(|id| id.0),
                data_coding: status.data_coding.map(|coding| coding.octet()),
                ..report.with_optional(status.user_data.as_ref())
            },
            Tpdu::SubmitReport(answer) => Self {
                kind: "submit-report",
                timestamp: time(answer.service_centre_timestamp),
                timestamp_raw: raw(answer.service_centre_timestamp),
                failure_cause: answer.failure_cause.map(|cause| cause.0),
                protocol_id: answer.protocol_id.map(|id| id.0),
                data_coding: answer.data_coding.map(|coding| coding.octet()),
                ..report.with_optional(answer.user_data.as_ref())
            },
            Tpdu::DeliverReport(answer) => Self {
                kind: "deliver-report",
                failure_cause: answer.failure_cause.map(|cause| cause.0),
                protocol_id: answer.protocol_id.map(|id| id.0),
                data_coding: answer.data_coding.map(|coding| coding.octet()),
                ..report.with_optional(answer.user_data.as_ref())
            },
            Tpdu::Command(command) => Self {
                kind: "command",
                to: Some(command.destination_address.to_string()),
                protocol_id: Some(command.protocol_id.0),
                message_reference: reference(command.message_reference),
                command: Some(CommandReport {
                    code: command.command_type.0,
                    message_number: command.message_number.0,
                }),
                data: Some(hex::encode(command.command_data.octets())),
                ..report
            },
        }
    }

    /// What a page of a cell broadcast says.
    pub(super) fn of_page(decoded: &DecodedPage) -> Self {
        let page = &decoded.page;
        let coding = page.data_coding;
        Self {
            kind: "broadcast",
            text: page.text(),
            data: page.data().map(hex::encode),
            alphabet: Some(alphabet(coding.alphabet())),
            class: coding.class().map(sms_codec::Class::number),
            data_coding: Some(coding.octet()),
            elements: header_elements(page.elements()),
            anomalies: sloppy(&decoded.anomalies),
            broadcast: Some(Broadcast::new(page)),
            ..Self::default()
        }
    }

    fn with_optional(self, user_data: Option<&UserData>) -> Self {
        match user_data {
            Some(user_data) => self.with_user_data(user_data),
            None => self,
        }
    }

    fn with_user_data(self, user_data: &UserData) -> Self {
        let coding = user_data.data_coding();
        let shifts = user_data.shifts();
        let mut languages: Vec<String> = [shifts.locking, shifts.single]
            .into_iter()
            .flatten()
            .map(|language| language.to_string())
            .collect();
        languages.dedup();
        Self {
            text: user_data.text(),
            data: user_data.data().map(hex::encode),
            alphabet: Some(alphabet(coding.alphabet())),
            languages,
            class: coding.class().map(sms_codec::Class::number),
            data_coding: Some(coding.octet()),
            concat: user_data.concatenation().map(|parts| Concat {
                reference: parts.reference,
                total: parts.total,
                part: parts.part,
                bits: parts.width.bits(),
            }),
            ports: user_data.ports().map(|ports| Ports {
                source: ports.source,
                destination: ports.destination,
            }),
            reply_to: user_data.reply_address().map(|found| found.to_string()),
            elements: header_elements(user_data.elements()),
            ..self
        }
    }
}

fn sloppy(anomalies: &[Anomaly]) -> Vec<Sloppy> {
    anomalies
        .iter()
        .map(|anomaly| Sloppy {
            offset: anomaly.offset,
            message: anomaly.kind.to_string(),
        })
        .collect()
}

fn header_elements(elements: Elements<'_>) -> Vec<HeaderElement> {
    elements
        .with_octets()
        .map(|(element, octets)| header_element(&element, octets))
        .collect()
}

fn time(timestamp: Timestamp) -> Option<String> {
    timestamp.is_valid().then(|| timestamp.to_string())
}

fn raw(timestamp: Timestamp) -> Option<String> {
    (!timestamp.is_valid()).then(|| hex::encode(&timestamp.octets()))
}

#[expect(clippy::unnecessary_wraps, reason = "absent in other types of TPDU")]
fn reference(reference: MessageReference) -> Option<u8> {
    Some(reference.0)
}

fn describe(status: Status) -> StatusReport {
    StatusReport {
        code: status.0,
        meaning: status.to_string(),
        is_final: status.is_final(),
    }
}

fn validity(period: ValidityPeriod) -> Validity {
    match period {
        ValidityPeriod::Relative(period) => Validity::Relative {
            seconds: period.duration().as_secs(),
        },
        ValidityPeriod::Absolute(until) => Validity::Absolute {
            until: until.to_string(),
        },
        ValidityPeriod::Enhanced(octets) => Validity::Enhanced {
            seconds: period.duration().map(|period| period.as_secs()),
            single_shot: period.is_single_shot(),
            octets: hex::encode(&octets),
        },
    }
}

fn header_element(element: &Element<'_>, data: &[u8]) -> HeaderElement {
    let ems = match element {
        Element::Ems(ems) => Some(ems),
        Element::Concatenation(_)
        | Element::SpecialMessage { .. }
        | Element::Ports(_)
        | Element::EmailHeader { .. }
        | Element::ReplyAddress(_)
        | Element::SingleShift(_)
        | Element::LockingShift(_)
        | Element::Other { .. } => None,
    };
    HeaderElement {
        identifier: element.identifier(),
        kind: element.name(),
        data: hex::encode(data),
        meaning: ems.map(ToString::to_string),
        position: ems.and_then(Ems::position),
        format: ems.and_then(format),
    }
}

fn format(ems: &Ems<'_>) -> Option<Format> {
    let Ems::TextFormatting(found) = ems else {
        return None;
    };
    Some(Format {
        length: Some(found.length).filter(|length| *length > 0),
        styles: found.styles().collect(),
        size: found.size.name(),
        alignment: found.alignment.name(),
        foreground: found.colours.map(|(colour, _)| colour.name()),
        background: found.colours.map(|(_, colour)| colour.name()),
    })
}
