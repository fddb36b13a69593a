//! What the network, the SIM or the modem refused with, in words for the person who wrote the message.
//!
//! The numbers are those of 3GPP TS 27.005 §3.2.5 (`+CMS ERROR`), of which 1 to 127 are relay causes of 3GPP TS 24.011
//! §8.2.5.4 and 128 to 255 causes of 3GPP TS 23.040 §9.2.3.22, and those of 3GPP TS 27.007 §9.2 (`+CME ERROR`).

use std::fmt;

/// A final result of a command other than `OK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModemError {
    /// `+CMS ERROR: n`
    Cms(u16),
    /// `+CME ERROR: n`
    Cme(u16),
    /// A bare `ERROR`, or an error in words that we do not know.
    Plain,
    /// `COMMAND NOT SUPPORT`, as some sticks say instead of `ERROR`.
    NotSupported,
}

impl fmt::Display for ModemError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cms(code) => match explain(CMS, *code) {
                Some(words) => write!(formatter, "{words} (+CMS ERROR: {code})"),
                None if *code >= 512 => write!(
                    formatter,
                    "the modem reports a fault of its own (+CMS ERROR: {code})"
                ),
                None => write!(
                    formatter,
                    "the network refused for a reason without a name (+CMS ERROR: {code})"
                ),
            },
            Self::Cme(code) => match explain(CME, *code) {
                Some(words) => write!(formatter, "{words} (+CME ERROR: {code})"),
                None => write!(formatter, "the modem reports a fault (+CME ERROR: {code})"),
            },
            Self::Plain => formatter.write_str("the modem said ERROR and no reason"),
            Self::NotSupported => formatter.write_str("the modem does not know this command"),
        }
    }
}

/// Why a send did not end with a reference. `Display` is for the person who wrote the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The line was not ready; the text says in plain words what it is doing.
    LineDown(String),
    /// The program was stopping, or whoever asked went away.
    Stopped,
    /// The port went away while the modem was being asked.
    PortLost,
    /// The modem did not ask for the message.
    NoPrompt,
    /// No result came in time.
    NoAnswer,
    /// The modem said `OK` and gave no reference: the network's answer is missing.
    NoReference,
    /// The modem or the network refused.
    Refused(ModemError),
    /// The bytes cannot be a TPDU that a modem takes. The text says what is wrong.
    UnusableTpdu(&'static str),
}

impl Cause {
    /// Whether the same message may pass at another time although it was refused: worth a button.
    ///
    /// Causes 38 (network out of order) and 41 (temporary failure) only.
    #[must_use]
    pub fn offers_another_try(&self) -> bool {
        matches!(self, Self::Refused(ModemError::Cms(38 | 41)))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineDown(doing) => write!(formatter, "the line is not ready: {doing}"),
            Self::Stopped => formatter.write_str("the program was stopping"),
            Self::PortLost => formatter.write_str("the modem went away: check its cable and power"),
            Self::NoPrompt => formatter.write_str("the modem did not take the message"),
            Self::NoAnswer => formatter.write_str("the modem did not say what became of it"),
            Self::NoReference => {
                formatter.write_str("the modem said OK, but not that the network took it")
            }
            Self::Refused(error) => error.fmt(formatter),
            Self::UnusableTpdu(wrong) => write!(
                formatter,
                "the message cannot be handed to a modem: {wrong}"
            ),
        }
    }
}

fn explain(table: &[(u16, &'static str)], code: u16) -> Option<&'static str> {
    table
        .iter()
        .find(|&&(of, _)| of == code)
        .map(|&(_, words)| words)
}

/// What each `+CMS ERROR` means and what the sender can do.
#[rustfmt::skip]
const CMS: &[(u16, &str)] = &[
    (1, "nobody has this number: check it"),
    (8, "the operator bars sending from this SIM: ask the operator"),
    (10, "sending is barred on this SIM: ask the operator, or check the credit"),
    (17, "the network had a fault"),
    (21, "the network rejected the message: check the number and the credit"),
    (22, "the recipient's memory is full: try later"),
    (27, "the recipient cannot be reached or has no service: check the number"),
    (28, "the network does not know this SIM's subscriber: ask the operator"),
    (29, "the operator refuses this service to the SIM: ask the operator"),
    (30, "the network does not know this SIM's subscriber: ask the operator"),
    (38, "the network is out of order, probably for longer: try again later"),
    (41, "the network failed for the moment: try again"),
    (42, "the network is congested: it is tried again by itself"),
    (47, "the network has no resources left: it is tried again by itself"),
    (50, "the SIM has no contract for this service: ask the operator"),
    (69, "the network does not offer this service"),
    (81, "the network did not recognise the message's reference"),
    (95, "the network found the message malformed"),
    (96, "the network missed something in the message"),
    (97, "the network does not know this kind of message"),
    (98, "the network did not expect this message now"),
    (99, "the network does not know a part of the message"),
    (111, "the network reports a protocol error"),
    (127, "the network reports an interworking fault"),
    (128, "the service centre does not support such messages"),
    (129, "the recipient cannot be sent messages of this kind"),
    (130, "the service centre cannot replace the message"),
    (143, "the service centre rejects the protocol of the message"),
    (144, "the service centre does not support this alphabet"),
    (145, "the recipient's phone does not support this message class"),
    (159, "the service centre rejects the coding of the message"),
    (160, "the service centre cannot do this"),
    (161, "the service centre does not support this command"),
    (175, "the service centre rejects the command"),
    (176, "the service centre does not support this kind of message"),
    (192, "the service centre is busy: try later"),
    (193, "the operator's service centre does not serve this SIM: check the service centre number and the credit"),
    (194, "the service centre's system failed: try later"),
    (195, "the service centre does not accept this number: check it"),
    (196, "the recipient is barred"),
    (197, "the service centre already has this message"),
    (198, "the service centre does not support this validity period"),
    (199, "the service centre does not support this validity period"),
    (208, "the SIM's memory is full"),
    (209, "the SIM cannot store messages"),
    (210, "the receiving phone reports an error"),
    (211, "the receiving phone's memory is full: try later"),
    (212, "the receiving phone's SIM is busy"),
    (213, "the receiving phone's SIM reports an error"),
    (255, "the service centre refused without a reason"),
    (300, "the modem had a fault"),
    (301, "the modem reserves its SMS service for something else"),
    (302, "the modem does not allow this now"),
    (303, "the modem does not support this"),
    (304, "the modem did not accept the message's form"),
    (305, "the modem did not accept the command's form"),
    (310, "there is no SIM in the modem: insert one"),
    (311, "the SIM wants its PIN: set pin_file in the configuration"),
    (312, "the SIM is locked to another phone: it wants the phone's PIN"),
    (313, "the SIM failed: take it out and put it in again"),
    (314, "the SIM is busy: it is tried again by itself"),
    (315, "the SIM is of the wrong kind"),
    (316, "the SIM is locked and wants its PUK: unlock it in a phone"),
    (317, "the SIM wants its PIN2"),
    (318, "the SIM is locked and wants its PUK2: unlock it in a phone"),
    (320, "the modem's message memory failed"),
    (321, "the modem has no such slot"),
    (322, "the modem's message memory is full"),
    (330, "the service centre number is missing: set service_centre in the configuration"),
    (331, "the modem is not registered in a network: check antenna, SIM and credit"),
    (332, "the network did not answer in time"),
    (340, "the modem did not expect an acknowledgement"),
    (500, "the modem reports an unknown error"),
    (512, "the modem reports a fault of its own"),
];

/// What each `+CME ERROR` means, as far as bring-up and USSD meet it.
#[rustfmt::skip]
const CME: &[(u16, &str)] = &[
    (0, "the modem had a fault"),
    (3, "the modem does not allow this now"),
    (4, "the modem does not support this"),
    (5, "the modem is locked to another SIM"),
    (10, "there is no SIM in the modem: insert one"),
    (11, "the SIM wants its PIN: set pin_file in the configuration"),
    (12, "the SIM is locked and wants its PUK: unlock it in a phone"),
    (13, "the SIM failed: take it out and put it in again"),
    (14, "the SIM is busy: it is tried again by itself"),
    (15, "the SIM is of the wrong kind"),
    (16, "the PIN is wrong: correct it before the SIM locks itself"),
    (17, "the SIM wants its PIN2"),
    (18, "the SIM is locked and wants its PUK2: unlock it in a phone"),
    (20, "the memory is full"),
    (21, "the modem has no such slot"),
    (22, "the modem did not find it"),
    (23, "the modem's memory failed"),
    (30, "the modem is not registered in a network: check antenna, SIM and credit"),
    (31, "the network did not answer in time"),
    (32, "the network allows emergency calls only: check the SIM and the credit"),
    (40, "the modem is locked to a network and wants its unlock code"),
    (50, "the modem did not accept the command's form"),
    (100, "the modem reports an unknown fault"),
    (103, "the network calls this SIM illegal: ask the operator"),
    (107, "the network does not allow this service to this SIM"),
    (132, "the network does not support this service"),
    (257, "the network rejected the request"),
    (258, "the network or the modem wants it tried again later"),
    (515, "the modem is busy: it is tried again by itself"),
];

#[cfg(test)]
mod tests {
    use super::{CME, CMS, Cause, ModemError};

    #[test]
    fn both_tables_are_sorted_and_without_repeats() {
        assert!(CMS.is_sorted_by(|left, right| left.0 < right.0));
        assert!(CME.is_sorted_by(|left, right| left.0 < right.0));
    }

    #[test]
    fn every_code_reads_as_words_with_its_number() {
        let check = |error: ModemError, expected: &str| assert_eq!(error.to_string(), expected);
        check(
            ModemError::Cms(1),
            "nobody has this number: check it (+CMS ERROR: 1)",
        );
        check(
            ModemError::Cms(222),
            "the network refused for a reason without a name (+CMS ERROR: 222)",
        );
        check(
            ModemError::Cms(538),
            "the modem reports a fault of its own (+CMS ERROR: 538)",
        );
        check(
            ModemError::Cme(10),
            "there is no SIM in the modem: insert one (+CME ERROR: 10)",
        );
        check(
            ModemError::Cme(999),
            "the modem reports a fault (+CME ERROR: 999)",
        );
        check(ModemError::Plain, "the modem said ERROR and no reason");
    }

    #[test]
    fn another_try_is_offered_for_the_two_passing_causes() {
        for code in 0..=600 {
            let offers = Cause::Refused(ModemError::Cms(code)).offers_another_try();
            assert_eq!(offers, code == 38 || code == 41, "{code}");
        }
        assert!(!Cause::NoAnswer.offers_another_try());
    }
}
