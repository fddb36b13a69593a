//! What a page of a cell broadcast says, as keys of the JSON object and as lines for people.

use std::fmt;

use serde::Serialize;
use sms_codec::{BroadcastPage, Emergency};

/// What a page has that no message has.
#[derive(Debug, Serialize)]
pub(super) struct Broadcast {
    /// Page n of m.
    page: Page,
    serial_number: Serial,
    message_identifier: Identifier,
    /// ISO 639 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

#[derive(Debug, Serialize)]
struct Page {
    number: u8,
    total: u8,
}

#[derive(Debug, Serialize)]
struct Serial {
    scope: String,
    message_code: u16,
    update: u8,
}

#[derive(Debug, Serialize)]
struct Identifier {
    number: u16,
    meaning: String,
    /// Absent where it is no warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    emergency: Option<&'static str>,
    test: bool,
}

impl Broadcast {
    pub(super) fn new(page: &BroadcastPage) -> Self {
        let (serial, identifier) = (page.serial_number, page.message_identifier);
        Self {
            page: Page {
                number: page.page,
                total: page.total,
            },
            serial_number: Serial {
                scope: serial.scope().to_string(),
                message_code: serial.message_code(),
                update: serial.update_number(),
            },
            message_identifier: Identifier {
                number: identifier.0,
                meaning: identifier.to_string(),
                emergency: identifier.emergency().map(|kind| match kind {
                    Emergency::Etws => "etws",
                    Emergency::Cmas => "cmas",
                    Emergency::Other => "other",
                }),
                test: identifier.is_test(),
            },
            language: page.language(),
        }
    }
}

impl fmt::Display for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: &dyn fmt::Display| writeln!(f, "{name:<16} {value}");
        let Identifier {
            number, meaning, ..
        } = &self.message_identifier;
        line("channel", &format_args!("{number} ({meaning})"))?;
        let Serial {
            scope,
            message_code,
            update,
        } = &self.serial_number;
        line(
            "message",
            &format_args!("{message_code}, update {update}, {scope}"),
        )?;
        line(
            "page",
            &format_args!("{} of {}", self.page.number, self.page.total),
        )?;
        match &self.language {
            Some(language) => line("language", language),
            None => Ok(()),
        }
    }
}
