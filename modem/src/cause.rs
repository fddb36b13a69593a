//! What the network, the SIM or the modem refused with, in words for the person who wrote the message.
//!
//! The numbers are those of 3GPP TS 27.005 §3.2.5 (`+CMS ERROR`), of which 1 to 127 are relay causes of 3GPP TS 24.011
//! §8.2.5.4 and 128 to 255 causes of 3GPP TS 23.040 §9.2.3.22, and those of 3GPP TS 27.007 §9.2 (`+CME ERROR`).

use std::fmt;

use crate::storage::Memory;

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
                None if (224..=254).contains(code) => write!(
                    formatter,
                    "the recipient's service refused for a reason of its own (+CMS ERROR: {code})"
                ),
                None if *code >= 256 => write!(
                    formatter,
                    "the modem reports a fault without a name (+CMS ERROR: {code})"
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

impl ModemError {
    /// Reads the words that stand instead of a number where numbered errors are refused, in any case; `None` for words
    /// that we do not know. The words are those of the two standards.
    pub(crate) fn cms_in_words(words: &str) -> Option<Self> {
        in_words(CMS_WORDS, words).map(Self::Cms)
    }

    /// The same for `+CME ERROR`.
    pub(crate) fn cme_in_words(words: &str) -> Option<Self> {
        in_words(CME_WORDS, words).map(Self::Cme)
    }

    /// Whether a memory for messages has no room left.
    pub(crate) fn is_memory_full(self) -> bool {
        matches!(self, Self::Cms(322) | Self::Cme(20))
    }
}

/// Compares letters and digits alone: `PH-SIM PIN required` is written in several ways.
fn in_words(table: &[(u16, &str)], words: &str) -> Option<u16> {
    let plain = |text: &str| -> Vec<u8> {
        text.bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|byte| byte.to_ascii_lowercase())
            .take(64)
            .collect()
    };
    let words = plain(words);
    table
        .iter()
        .find(|&&(_, of)| plain(of) == words)
        .map(|&(code, _)| code)
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
    /// The modem cannot send from the memory that the message was stored in.
    UnusableSlot(Memory),
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
            Self::UnusableSlot(memory) => write!(
                formatter,
                "the modem cannot send what is stored in {memory}: was another modem put in?"
            ),
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

/// What each `+CME ERROR` means, as far as SMS, USSD, the SIM and the registration meet it: 0 to 63 and 100 are the general
/// errors (§9.2.1), 103 to 150 those of packet service (§9.2.2), which a network that carries SMS over it gives too. 257 to
/// 264 are those of supplementary services as Qualcomm numbers them, 515 is Huawei's, 680 and 681 are Telit's.
#[rustfmt::skip]
const CME: &[(u16, &str)] = &[
    (0, "the modem had a fault"),
    (1, "the modem has no connection to its radio: unplug it for a moment"),
    (2, "the modem's radio is reserved by something else: stop other programs that use it"),
    (3, "the modem does not allow this now"),
    (4, "the modem does not support this"),
    (5, "the modem is locked to another SIM"),
    (6, "the modem is locked to the first SIM that was put into it"),
    (7, "the modem is locked to the first SIM that was put into it, and wants its unlock code"),
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
    (24, "the text is too long for the modem"),
    (25, "the text holds characters that the modem does not take"),
    (26, "the number is too long"),
    (27, "the number holds characters that the modem does not take: check it"),
    (30, "the modem is not registered in a network: check antenna, SIM and credit"),
    (31, "the network did not answer in time"),
    (32, "the network allows emergency calls only: check the SIM and the credit"),
    (40, "the modem is locked to a network and wants its unlock code"),
    (41, "the modem is locked to a network and its unlock code was wrong too often: ask whoever sold it"),
    (42, "the modem is locked to a part of a network and wants its unlock code"),
    (43, "the modem is locked to a part of a network and its unlock code was wrong too often: ask whoever sold it"),
    (44, "the modem is locked to a provider and wants its unlock code"),
    (45, "the modem is locked to a provider and its unlock code was wrong too often: ask whoever sold it"),
    (46, "the modem is locked to a company and wants its unlock code"),
    (47, "the modem is locked to a company and its unlock code was wrong too often: ask whoever sold it"),
    (48, "the SIM wants the key of its hidden entries"),
    (49, "the modem does not support this way of logging in"),
    (50, "the modem did not accept the command's form"),
    (51, "the modem has this switched off"),
    (52, "somebody ended this at the modem"),
    (53, "the modem may not use the network: something restricts it"),
    (54, "the modem may make emergency calls only: check the SIM and the credit"),
    (55, "the modem does not allow this: something restricts it"),
    (56, "the SIM allows only the numbers that are stored in it: switch this off in a phone"),
    (57, "the modem is used for something else just now: try later"),
    (58, "the modem does not support this alphabet"),
    (59, "the modem did not expect this value"),
    (60, "the modem's system failed: unplug it for a moment"),
    (61, "the modem missed something in the command"),
    (62, "the operator bars this for the SIM: ask the operator"),
    (63, "the network did not take up the notice of waiting messages"),
    (100, "the modem reports an unknown fault"),
    (103, "the network calls this SIM illegal: ask the operator"),
    (106, "the network calls this modem illegal: is its IMEI blocked? Ask the operator"),
    (107, "the network does not allow this service to this SIM"),
    (108, "the network allows this SIM neither packet service nor any other: ask the operator"),
    (111, "this network does not take the SIM: ask the operator"),
    (112, "the network does not take the SIM in this place: ask the operator"),
    (113, "the SIM may not roam here: ask the operator"),
    (114, "this network does not allow packet service to the SIM: ask the operator"),
    (115, "the network has no fitting cell here: try another place or antenna"),
    (122, "the network is congested: try later"),
    (126, "the network has no resources left: try later"),
    (127, "the access point (APN) is missing or unknown"),
    (128, "the network does not know this kind of address"),
    (129, "the network did not take the user name or password"),
    (130, "the network's gateway refused"),
    (131, "the network refused without a reason"),
    (132, "the network does not support this service"),
    (133, "the SIM has no contract for this service: ask the operator"),
    (134, "the service is out of order for the moment: try later"),
    (140, "the network does not support this feature"),
    (141, "the network found the request contradictory"),
    (142, "the network found the request malformed"),
    (143, "the network does not know this connection"),
    (144, "the network found the request contradictory"),
    (145, "the network found the request malformed"),
    (146, "a connection for this is there already"),
    (148, "the network's packet service failed for a reason without a name"),
    (149, "the network did not take the user name or password"),
    (150, "the modem is set to a mode that the network does not serve"),
    (257, "the network rejected the request"),
    (258, "the network or the modem wants it tried again later"),
    (259, "the number to divert to is wrong: check it"),
    (260, "the number to divert to is the SIM's own"),
    (261, "the network does not know this subscriber"),
    (262, "the network does not offer this service"),
    (263, "the network does not know this class of service"),
    (264, "the network sent something that the modem does not know"),
    (515, "the modem is busy: it is tried again by itself"),
    (680, "the modem is registering just now: try again in a minute"),
    (681, "the search for networks was broken off"),
];

/// The words of 3GPP TS 27.005 §3.2.5, as modems write them with `+CMEE=2`.
#[rustfmt::skip]
const CMS_WORDS: &[(u16, &str)] = &[
    (300, "ME failure"), (300, "phone failure"), (301, "SMS service of ME reserved"), (302, "operation not allowed"),
    (303, "operation not supported"), (304, "invalid PDU mode parameter"), (305, "invalid text mode parameter"),
    (310, "SIM not inserted"), (311, "SIM PIN required"), (312, "PH-SIM PIN required"), (313, "SIM failure"),
    (314, "SIM busy"), (315, "SIM wrong"), (316, "SIM PUK required"), (317, "SIM PIN2 required"),
    (318, "SIM PUK2 required"), (320, "memory failure"), (321, "invalid memory index"), (322, "memory full"),
    (330, "SMSC address unknown"), (331, "no network service"), (332, "network timeout"), (332, "network time-out"),
    (340, "no +CNMA acknowledgement expected"), (500, "unknown error"),
];

/// The words of 3GPP TS 27.007 §9.2.
#[rustfmt::skip]
const CME_WORDS: &[(u16, &str)] = &[
    (0, "phone failure"), (1, "no connection to phone"), (2, "phone adaptor link reserved"), (3, "operation not allowed"),
    (4, "operation not supported"), (5, "PH-SIM PIN required"), (6, "PH-FSIM PIN required"), (7, "PH-FSIM PUK required"),
    (10, "SIM not inserted"), (11, "SIM PIN required"), (12, "SIM PUK required"), (13, "SIM failure"), (14, "SIM busy"),
    (15, "SIM wrong"), (16, "incorrect password"), (17, "SIM PIN2 required"), (18, "SIM PUK2 required"),
    (20, "memory full"), (21, "invalid index"), (22, "not found"), (23, "memory failure"), (24, "text string too long"),
    (25, "invalid characters in text string"), (26, "dial string too long"), (27, "invalid characters in dial string"),
    (30, "no network service"), (31, "network timeout"), (32, "network not allowed - emergency calls only"),
    (40, "network personalization PIN required"), (41, "network personalization PUK required"),
    (42, "network subset personalization PIN required"), (43, "network subset personalization PUK required"),
    (44, "service provider personalization PIN required"), (45, "service provider personalization PUK required"),
    (46, "corporate personalization PIN required"), (47, "corporate personalization PUK required"),
    (50, "incorrect parameters"), (100, "unknown"), (100, "unknown error"),
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
            ModemError::Cms(230),
            "the recipient's service refused for a reason of its own (+CMS ERROR: 230)",
        );
        check(
            ModemError::Cms(333),
            "the modem reports a fault without a name (+CMS ERROR: 333)",
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

    /// 3GPP TS 27.005 §3.2.5, 24.011 Annex E-2 and 23.040 §9.2.3.22 name these; 27.007 §9.2 those.
    #[test]
    fn every_code_that_the_standards_name_has_words_of_its_own() {
        let cms = [
            1, 8, 10, 21, 27, 28, 29, 30, 38, 41, 42, 47, 50, 69, 81, 95, 96, 97, 98, 99, 111, 127,
        ]
        .into_iter()
        .chain([128, 129, 130, 143, 144, 145, 159, 160, 161, 175, 176])
        .chain([
            192, 193, 194, 195, 196, 197, 198, 199, 208, 209, 210, 211, 212, 213, 255,
        ])
        .chain(300..=305)
        .chain(310..=318)
        .chain([320, 321, 322, 330, 331, 332, 340, 500]);
        for code in cms {
            assert!(super::explain(CMS, code).is_some(), "+CMS ERROR: {code}");
        }
        let cme = (0..=7)
            .chain(10..=18)
            .chain(20..=27)
            .chain(30..=32)
            .chain(40..=63)
            .chain([100, 103, 106, 107, 108, 111, 112, 113, 114, 115, 122])
            .chain(126..=134)
            .chain([140, 148, 149, 150]);
        for code in cme {
            assert!(super::explain(CME, code).is_some(), "+CME ERROR: {code}");
        }
    }

    #[test]
    fn errors_in_words_are_those_with_numbers() {
        let check = |read: Option<ModemError>, expected: Option<ModemError>| {
            assert_eq!(read, expected);
        };
        check(
            ModemError::cms_in_words("memory full"),
            Some(ModemError::Cms(322)),
        );
        check(
            ModemError::cms_in_words("SIM busy"),
            Some(ModemError::Cms(314)),
        );
        check(
            ModemError::cms_in_words("Network time-out"),
            Some(ModemError::Cms(332)),
        );
        check(ModemError::cms_in_words("quite another fault"), None);
        check(
            ModemError::cme_in_words("SIM PIN required"),
            Some(ModemError::Cme(11)),
        );
        check(
            ModemError::cme_in_words("ph-sim pin required"),
            Some(ModemError::Cme(5)),
        );
        check(ModemError::cme_in_words(""), None);
        for (code, _) in super::CMS_WORDS {
            assert!(super::explain(CMS, *code).is_some(), "{code}");
        }
        for (code, _) in super::CME_WORDS {
            assert!(super::explain(CME, *code).is_some(), "{code}");
        }
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
