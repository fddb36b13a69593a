//! What the slot of a message that was stored in the modem and then sent from there proves. Pure.
//!
//! A modem is believed only after it was seen to tell the truth (`docs/decisions/0005`). Each look at a slot whose outcome
//! is known without it says something of the modem's marks:
//!
//! | the transmission was | the slot reads | the modem's marks are |
//! |---|---|---|
//! | accepted, with a reference | `STO SENT` | `Telling`, unless they were `Silent` before |
//! | accepted, with a reference | `STO UNSENT` | `Silent` |
//! | refused, or not tried | `STO SENT` | `Silent` |
//! | anything else | | as before |
//!
//! A mark counts only for the modem that set it: a SIM may have been moved to another one since.
//!
//! **Invariant:** a slot resolves a doubt only by `STO SENT`, only with `Telling` marks, and only to "sent". `STO UNSENT`
//! proves nothing: the network may have accepted a message whose acknowledgement was lost, or the power may have failed
//! before the mark changed.

use serde::{Deserialize, Serialize};

use crate::link::SlotContent;

/// What is known of how a modem marks what it sent from a slot. Not known: never seen yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Marks {
    /// They changed when the network had accepted a message.
    Telling,
    /// They say nothing: they did not change, or changed without cause.
    Silent,
}

/// What is known, without looking at the slot, of the transmission from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tried {
    /// There was none.
    Not,
    /// The network accepted it, and the modem told the reference.
    Accepted,
    /// It was refused, or could not be begun.
    Refused,
    /// Its outcome is not known.
    Doubted,
    /// The slot has told what it can.
    Over,
}

/// What a slot holds, seen from the part that was stored there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The part, `STO UNSENT`.
    Unsent,
    /// The part, `STO SENT`.
    Sent,
    /// Nothing, or something else.
    NotOurs,
}

/// Reads a slot. TP-MR, the second octet, does not count: the modem writes its own there when it sends (3GPP TS 23.040
/// §9.2.3.6).
pub(crate) fn read(content: &SlotContent, tpdu: &[u8]) -> Reading {
    let (pdu, reading) = match content {
        SlotContent::Empty | SlotContent::Received(_) => return Reading::NotOurs,
        SlotContent::Unsent(pdu) => (pdu, Reading::Unsent),
        SlotContent::Sent(pdu) => (pdu, Reading::Sent),
    };
    let digits: String = pdu
        .0
        .trim_start_matches(['"', ' '])
        .chars()
        .take_while(char::is_ascii_hexdigit)
        .collect();
    let octets = sms_codec::hex::decode(&digits).unwrap_or_default();
    // The service centre stands in front: its length in one octet, and as many more.
    let stored = octets
        .split_first()
        .and_then(|(&length, rest)| rest.get(usize::from(length)..));
    match stored.map(<[u8]>::split_first).zip(tpdu.split_first()) {
        Some((Some((first, rest)), (our_first, our_rest)))
            if first == our_first && rest.get(1..) == our_rest.get(1..) && rest.len() > 1 =>
        {
            reading
        }
        Some(_) | None => Reading::NotOurs,
    }
}

/// What is known of the modem's marks after one more look.
pub(crate) fn observe(before: Option<Marks>, tried: Tried, reading: Reading) -> Option<Marks> {
    match (tried, reading) {
        (Tried::Accepted, Reading::Sent) => before.or(Some(Marks::Telling)),
        (Tried::Accepted, Reading::Unsent) | (Tried::Refused | Tried::Not, Reading::Sent) => {
            Some(Marks::Silent)
        }
        (Tried::Refused | Tried::Not, Reading::Unsent)
        | (Tried::Doubted | Tried::Over, Reading::Sent | Reading::Unsent)
        | (_, Reading::NotOurs) => before,
    }
}

/// Whether a look proves that a transmission in doubt was accepted.
pub(crate) fn proves_sent(marks: Option<Marks>, tried: Tried, reading: Reading) -> bool {
    marks == Some(Marks::Telling) && tried == Tried::Doubted && reading == Reading::Sent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::RawPdu;

    const MARKS: [Option<Marks>; 3] = [None, Some(Marks::Telling), Some(Marks::Silent)];
    const TRIED: [Tried; 5] = [
        Tried::Not,
        Tried::Accepted,
        Tried::Refused,
        Tried::Doubted,
        Tried::Over,
    ];
    const READINGS: [Reading; 3] = [Reading::Unsent, Reading::Sent, Reading::NotOurs];

    /// The table at the head of this module, whole: every look that changes what is known, and every proof.
    #[test]
    fn what_a_look_says() {
        let mut table = String::new();
        for before in MARKS {
            for tried in TRIED {
                for reading in READINGS {
                    let after = observe(before, tried, reading);
                    if after != before {
                        table += &format!("{before:?} + {tried:?}, {reading:?} = {after:?}\n");
                    }
                    if proves_sent(before, tried, reading) {
                        table += &format!("{before:?} + {tried:?}, {reading:?} ! sent\n");
                    }
                }
            }
        }
        expect_test::expect![[r#"
            None + Not, Sent = Some(Silent)
            None + Accepted, Unsent = Some(Silent)
            None + Accepted, Sent = Some(Telling)
            None + Refused, Sent = Some(Silent)
            Some(Telling) + Not, Sent = Some(Silent)
            Some(Telling) + Accepted, Unsent = Some(Silent)
            Some(Telling) + Refused, Sent = Some(Silent)
            Some(Telling) + Doubted, Sent ! sent
        "#]]
        .assert_eq(&table);
    }

    /// PDUs made by hand from 3GPP TS 23.040 §9.2.2.2: a SUBMIT, with and without a service centre in front.
    #[test]
    fn a_slot_is_ours_only_with_our_tpdu() {
        let tpdu = sms_codec::hex::decode("11000B912120550501F0000005E8329BFD06").unwrap();
        let cases = [
            ("0011000B912120550501F0000005E8329BFD06", Reading::Unsent),
            (
                "069121436587F911000B912120550501F0000005E8329BFD06",
                Reading::Unsent,
            ),
            // The reference that the modem gave it; lower case; a quotation mark behind it.
            ("0011070b912120550501f0000005e8329bfd06\"", Reading::Unsent),
            // Another recipient, another length, other bits, no TPDU, no octets.
            ("0011000B912120550502F0000005E8329BFD06", Reading::NotOurs),
            ("0011000B912120550501F0000005E8329BFD0600", Reading::NotOurs),
            ("0011000B912120550501F0000005E8329BFD", Reading::NotOurs),
            ("0031000B912120550501F0000005E8329BFD06", Reading::NotOurs),
            ("0011", Reading::NotOurs),
            ("00", Reading::NotOurs),
            ("FF11", Reading::NotOurs),
            ("", Reading::NotOurs),
            ("zz", Reading::NotOurs),
        ];
        for (pdu, expected) in cases {
            let pdu = || RawPdu(pdu.to_owned());
            let sent = match expected {
                Reading::Unsent => Reading::Sent,
                other @ (Reading::Sent | Reading::NotOurs) => other,
            };
            assert_eq!(
                read(&SlotContent::Unsent(pdu()), &tpdu),
                expected,
                "{pdu:?}",
                pdu = pdu().0
            );
            assert_eq!(read(&SlotContent::Sent(pdu()), &tpdu), sent);
            assert_eq!(read(&SlotContent::Received(pdu()), &tpdu), Reading::NotOurs);
        }
        assert_eq!(read(&SlotContent::Empty, &tpdu), Reading::NotOurs);
        assert_eq!(
            read(&SlotContent::Unsent(RawPdu("00".to_owned())), &[]),
            Reading::NotOurs
        );
    }
}
