//! Mail is waiting: by TP-DCS (3GPP TS 23.038 §4) or by elements of the user data header (3GPP TS 23.040 §9.2.3.24.2 and
//! §9.2.3.24.13).

use std::fmt;

use crate::data_coding::{DataCoding, Waiting, WaitingHandling, WaitingState};
use crate::user_data::UserData;
use crate::user_data_header::Element;

const ENHANCED_VOICE_MAIL: u8 = 0x23;

/// One kind of mail that is waiting, or no longer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailWaiting {
    /// What kind of mail.
    pub kind: Waiting,
    /// Whether any is waiting.
    pub state: WaitingState,
    /// How many, where 255 stands for 255 or more; `None` where the message does not say.
    pub count: Option<u8>,
    /// Whether the text is worth keeping.
    pub storage: Storage,
}

/// What to do with the text of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Keep it.
    Store,
    /// Only the indication matters.
    Discard,
}

impl MailWaiting {
    /// All that a message says of mail. Elements of the header go before TP-DCS (§9.2.3.24.2).
    pub(super) fn all(user_data: &UserData) -> Vec<Self> {
        let mut found: Vec<Self> = user_data.elements().filter_map(Self::of_element).collect();
        if let DataCoding::MessageWaiting {
            kind,
            state,
            handling,
        } = user_data.data_coding()
            && found.iter().all(|known| known.kind != kind)
        {
            found.push(Self {
                kind,
                state,
                count: None,
                storage: match handling {
                    WaitingHandling::Discard => Storage::Discard,
                    WaitingHandling::StoreGsm7 | WaitingHandling::StoreUcs2 => Storage::Store,
                },
            });
        }
        found
    }

    fn of_element(element: Element<'_>) -> Option<Self> {
        let (kind, stored, count) = match element {
            Element::SpecialMessage {
                kind,
                indication,
                count,
            } => (kind, indication & 0x80 != 0, count),
            Element::Other {
                identifier: ENHANCED_VOICE_MAIL,
                data: [flags, digits, _, rest @ ..],
            } => {
                let count = rest.get(usize::from(*digits).div_ceil(2))?;
                (Waiting::Voicemail, flags & 0x10 != 0, *count)
            }
            Element::Other { .. }
            | Element::Concatenation(_)
            | Element::Ports(_)
            | Element::SingleShift(_)
            | Element::LockingShift(_)
            | Element::Ems(_)
            | Element::EmailHeader { .. }
            | Element::ReplyAddress(_) => return None,
        };
        Some(Self {
            kind,
            state: if count == 0 {
                WaitingState::Inactive
            } else {
                WaitingState::Active
            },
            count: Some(count),
            storage: if stored {
                Storage::Store
            } else {
                Storage::Discard
            },
        })
    }
}

/// `voice mail waiting: 3`.
impl fmt::Display for MailWaiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind;
        match (self.state, self.count) {
            (WaitingState::Inactive, _) => write!(f, "no {kind} waiting"),
            (WaitingState::Active, Some(count)) => write!(f, "{kind} waiting: {count}"),
            (WaitingState::Active, None) => write!(f, "{kind} waiting"),
        }
    }
}
