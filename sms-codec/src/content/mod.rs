//! What is not plain text, decoded into what a person can read.
//!
//! The text of a message ([`UserData::text`], [`join`](crate::join)) is all there is to most of them. Some say in TP-PID,
//! TP-DCS or their header that they are something else: mail is waiting, an MMS can be fetched, settings, a business
//! card. [`Content::of`] reads one message, whole or a part of it; [`Content::of_parts`] reads a longer one out of its
//! parts, which all others need that do not fit into one.
//!
//! **Invariants:** no input panics, and what is made of it is bounded by its length and a constant.

mod card;
mod email;
mod mms;
mod waiting;
mod wap_push;
mod wbxml;
mod wsp;

use std::fmt;

pub use card::{Appointment, Contact};
pub use email::Email;
pub use mms::{MmsExpiry, MmsKind, MmsNotification};
pub use waiting::{MailWaiting, Storage};
pub use wap_push::{ServiceIndication, ServiceLoading};

use crate::data_coding::Class;
use crate::join::join;
use crate::protocol_id::ProtocolId;
use crate::tpdu::Tpdu;
use crate::user_data::UserData;
use crate::user_data_header::{Element, Ports};

const WAP_PUSH: u16 = 2948;
const SECURE_WAP_PUSH: u16 = 2949;
const VCARD: u16 = 9204;
const VCALENDAR: u16 = 9205;
const SECURE_VCARD: u16 = 9206;
const SECURE_VCALENDAR: u16 = 9207;
/// 8-bit addresses of the same (3GPP TS 23.040 §9.2.3.24.3 leaves them to be agreed on; Nokia's smart messaging did).
const SHORT_VCARD: u16 = 226;
const SHORT_VCALENDAR: u16 = 228;
const OTA_SETTINGS: u16 = 49_999;
const OTA_BOOKMARKS: u16 = 49_996;

/// What a message is besides, or instead of, its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// TP-PID 40: a message of type 0. A phone acknowledges it and shows nothing (3GPP TS 23.040 §9.2.3.9).
    Silent,
    /// TP-PID 7C to 7F: data for the SIM or the phone itself, such as a command of the network's operator.
    Download(ProtocolId),
    /// A WAP push that announces an MMS, or reports on one.
    Mms(MmsNotification),
    /// A WAP push with a link and a text.
    ServiceIndication(ServiceIndication),
    /// A WAP push with a link to be loaded.
    ServiceLoading(ServiceLoading),
    /// Settings for the phone, over the air: what kind, by its content type or its port.
    Settings(String),
    /// Another WAP push, by its content type.
    Push(String),
    /// A business card.
    Contact(Contact),
    /// An appointment or a task.
    Appointment(Appointment),
    /// Data for an application on the phone.
    Application(Ports),
    /// Mail is waiting, or no longer is; of at least one kind.
    MailWaiting(Vec<MailWaiting>),
    /// TP-PID 5F: somebody wants to be called back.
    ReturnCall,
    /// TP-PID 41 to 47: takes the place of an earlier message with the same number (1 to 7) from the same sender.
    Replace(u8),
    /// An e-mail by way of a gateway: TP-PID 32, or an e-mail header element.
    Email(Email),
    /// Class 0: shown at once and not stored.
    Flash,
}

impl Content {
    /// Of a DELIVER or SUBMIT; `None` where it is plain text or data of no known kind, and for other types.
    pub fn of(tpdu: &Tpdu) -> Option<Self> {
        match tpdu {
            Tpdu::Deliver(deliver) => Self::of_parts(deliver.protocol_id, &[&deliver.user_data]),
            Tpdu::Submit(submit) => Self::of_parts(submit.protocol_id, &[&submit.user_data]),
            Tpdu::StatusReport(_)
            | Tpdu::DeliverReport(_)
            | Tpdu::SubmitReport(_)
            | Tpdu::Command(_) => None,
        }
    }

    /// Of the parts of a message in order, or of one that stands alone; `None` where it is plain text, or data of no
    /// known kind. With parts missing at the end it says what can be said.
    pub fn of_parts(protocol_id: ProtocolId, parts: &[&UserData]) -> Option<Self> {
        let first = *parts.first()?;
        if protocol_id.is_silent() {
            return Some(Self::Silent);
        }
        if matches!(protocol_id.0, 0x7C..=0x7F) {
            return Some(Self::Download(protocol_id));
        }
        if let Some(ports) = first.ports() {
            let starts = first.concatenation().is_none_or(|place| place.part == 1);
            return Some(if starts {
                Self::of_application(ports, parts)
            } else {
                Self::Application(ports)
            });
        }
        let waiting = MailWaiting::all(first);
        if !waiting.is_empty() {
            return Some(Self::MailWaiting(waiting));
        }
        if protocol_id.is_return_call() {
            return Some(Self::ReturnCall);
        }
        if let Some(number) = protocol_id.replace_type() {
            return Some(Self::Replace(number));
        }
        if let Some(email) = email(protocol_id, parts) {
            return Some(Self::Email(email));
        }
        (first.data_coding().class() == Some(Class::Flash)).then_some(Self::Flash)
    }

    fn of_application(ports: Ports, parts: &[&UserData]) -> Self {
        match ports.destination {
            WAP_PUSH | SECURE_WAP_PUSH => Self::of_push(&octets(parts), ports),
            VCARD | SECURE_VCARD | SHORT_VCARD => Self::Contact(Contact::parse(text(parts))),
            VCALENDAR | SECURE_VCALENDAR | SHORT_VCALENDAR => {
                Self::Appointment(Appointment::parse(text(parts)))
            }
            OTA_SETTINGS | OTA_BOOKMARKS => {
                let octets = octets(parts);
                let push = wap_push::Push::parse(&octets);
                Self::Settings(push.map_or_else(
                    || format!("port {}", ports.destination),
                    |push| push.content_type,
                ))
            }
            _ => Self::Application(ports),
        }
    }

    fn of_push(octets: &[u8], ports: Ports) -> Self {
        let Some(push) = wap_push::Push::parse(octets) else {
            return Self::Application(ports);
        };
        let or_push = |found: Option<Self>, content_type: String| match found {
            Some(found) => found,
            None => Self::Push(content_type),
        };
        match push.content_type.as_str() {
            "application/vnd.wap.mms-message" => {
                let mut notification = MmsNotification::parse(push.body);
                notification.truncated |= push.truncated;
                Self::Mms(notification)
            }
            "application/vnd.wap.sic" => or_push(
                ServiceIndication::parse(push.body).map(Self::ServiceIndication),
                push.content_type,
            ),
            "text/vnd.wap.si" => Self::ServiceIndication(ServiceIndication::parse_text(push.body)),
            "application/vnd.wap.slc" => or_push(
                ServiceLoading::parse(push.body).map(Self::ServiceLoading),
                push.content_type,
            ),
            "text/vnd.wap.sl" => Self::ServiceLoading(ServiceLoading::parse_text(push.body)),
            "text/x-vCard" | "text/x-vcard" | "text/vcard" => Self::Contact(Contact::parse(
                wsp::text_of(push.body, wsp::UNKNOWN_CHARSET),
            )),
            "text/x-vCalendar" | "text/x-vcalendar" | "text/calendar" => Self::Appointment(
                Appointment::parse(wsp::text_of(push.body, wsp::UNKNOWN_CHARSET)),
            ),
            "text/vnd.wap.connectivity-xml"
            | "application/vnd.wap.connectivity-wbxml"
            | "application/vnd.syncml+wbxml"
            | "application/vnd.syncml+xml"
            | "application/vnd.syncml.notification"
            | "application/x-wap-prov.browser-settings"
            | "application/x-wap-prov.browser-bookmarks" => Self::Settings(push.content_type),
            _ if push.application.as_deref() == Some("mms.ua") => {
                Self::Push("application/vnd.wap.mms-message".to_owned())
            }
            _ => Self::Push(push.content_type),
        }
    }

    /// The name of its kind, in lower case and with hyphens.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Download(_) => "download",
            Self::Mms(mms) => match mms.kind {
                MmsKind::Notification => "mms-notification",
                MmsKind::DeliveryReport => "mms-delivery-report",
                MmsKind::ReadReport => "mms-read-report",
                MmsKind::Other(_) => "mms",
            },
            Self::ServiceIndication(_) => "service-indication",
            Self::ServiceLoading(_) => "service-loading",
            Self::Settings(_) => "ota-settings",
            Self::Push(_) => "wap-push",
            Self::Contact(_) => "vcard",
            Self::Appointment(_) => "vcalendar",
            Self::Application(_) => "application-data",
            Self::MailWaiting(_) => "message-waiting",
            Self::ReturnCall => "return-call",
            Self::Replace(_) => "replace",
            Self::Email(_) => "email",
            Self::Flash => "flash",
        }
    }

    /// Whether the text of the message, where it has any, is to be read all the same.
    pub fn leaves_text(&self) -> bool {
        match self {
            Self::Mms(_)
            | Self::ServiceIndication(_)
            | Self::ServiceLoading(_)
            | Self::Settings(_)
            | Self::Push(_)
            | Self::Contact(_)
            | Self::Appointment(_)
            | Self::Download(_) => false,
            Self::Email(email) => email.from.is_none(),
            Self::Silent
            | Self::Application(_)
            | Self::MailWaiting(_)
            | Self::ReturnCall
            | Self::Replace(_)
            | Self::Flash => true,
        }
    }
}

/// One line, or a few, for a person.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("silent message (type 0)"),
            Self::Download(protocol_id) => {
                write!(f, "data for the SIM or the phone ({protocol_id})")
            }
            Self::Mms(mms) => mms.fmt(f),
            Self::ServiceIndication(indication) => {
                f.write_str("link")?;
                if !indication.text.is_empty() {
                    write!(f, ": {}", indication.text)?;
                }
                optional(f, " ", indication.url.as_deref())
            }
            Self::ServiceLoading(loading) => {
                f.write_str("link to be opened")?;
                optional(f, ": ", loading.url.as_deref())
            }
            Self::Settings(what) => write!(f, "settings for a phone ({what})"),
            Self::Push(what) => write!(f, "WAP push ({what})"),
            Self::Contact(contact) => {
                write!(
                    f,
                    "contact: {}",
                    contact.name.as_deref().unwrap_or("no name")
                )?;
                for found in contact.numbers.iter().chain(&contact.emails) {
                    write!(f, ", {found}")?;
                }
                Ok(())
            }
            Self::Appointment(appointment) => {
                let summary = appointment.summary.as_deref().unwrap_or("no title");
                write!(f, "appointment: {summary}")?;
                optional(f, ", ", appointment.start.as_deref())?;
                optional(f, " to ", appointment.end.as_deref())?;
                optional(f, ", ", appointment.location.as_deref())
            }
            Self::Application(ports) => {
                write!(f, "data for an application (port {})", ports.destination)
            }
            Self::MailWaiting(waiting) => {
                for (at, mail) in waiting.iter().enumerate() {
                    let between = if at == 0 { "" } else { ", " };
                    write!(f, "{between}{mail}")?;
                }
                Ok(())
            }
            Self::ReturnCall => f.write_str("wants to be called back"),
            Self::Replace(number) => write!(f, "replaces message {number} of this sender"),
            Self::Email(email) => {
                write!(
                    f,
                    "e-mail from {}",
                    email.from.as_deref().unwrap_or("someone")
                )?;
                optional(f, " ", email.name.as_deref())?;
                optional(f, ", ", email.subject.as_deref())?;
                write!(f, ": {}", email.text)
            }
            Self::Flash => f.write_str("flash message (class 0)"),
        }
    }
}

impl fmt::Display for MmsNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            MmsKind::Notification => "MMS",
            MmsKind::DeliveryReport => "report on an MMS",
            MmsKind::ReadReport => "an MMS was read",
            MmsKind::Other(_) => "MMS signalling",
        })?;
        optional(f, " from ", self.from.as_deref())?;
        optional(f, ": ", self.subject.as_deref())?;
        optional(f, ", ", self.status)?;
        if let Some(size) = self.size {
            write!(f, ", {} kB", size.div_ceil(1000))?;
        }
        match self.expiry {
            Some(MmsExpiry::After(_)) => {
                optional(
                    f,
                    ", kept for ",
                    self.expiry.map(|at| at.to_string()).as_deref(),
                )?;
            }
            Some(MmsExpiry::At(_)) => {
                optional(
                    f,
                    ", kept until ",
                    self.expiry.map(|at| at.to_string()).as_deref(),
                )?;
            }
            None => {}
        }
        optional(f, ", at ", self.url.as_deref())
    }
}

fn optional(f: &mut fmt::Formatter<'_>, before: &str, value: Option<&str>) -> fmt::Result {
    match value {
        Some(value) => write!(f, "{before}{value}"),
        None => Ok(()),
    }
}

fn email(protocol_id: ProtocolId, parts: &[&UserData]) -> Option<Email> {
    let header = parts.first()?.elements().find_map(|element| match element {
        Element::EmailHeader { length } => Some(length),
        Element::Concatenation(_)
        | Element::SpecialMessage { .. }
        | Element::Ports(_)
        | Element::ReplyAddress(_)
        | Element::SingleShift(_)
        | Element::LockingShift(_)
        | Element::Ems(_)
        | Element::Other { .. } => None,
    });
    if header.is_none() && !protocol_id.is_email() {
        return None;
    }
    let parts: Vec<Option<&UserData>> = parts.iter().copied().map(Some).collect();
    Some(Email::parse(&join(&parts, "")?, header.unwrap_or_default()))
}

/// What stands behind the headers, whatever TP-DCS takes it for.
fn octets(parts: &[&UserData]) -> Vec<u8> {
    parts.iter().flat_map(|part| part.body()).copied().collect()
}

/// As text where it is text, and else read as one.
fn text(parts: &[&UserData]) -> String {
    let all: Vec<Option<&UserData>> = parts.iter().copied().map(Some).collect();
    join(&all, "").unwrap_or_else(|| wsp::text_of(&octets(parts), wsp::UNKNOWN_CHARSET))
}

#[cfg(test)]
mod tests;
