//! Accounts: what the simulated network knows beside what the line was told.

use std::collections::{BTreeMap, BTreeSet};

use modem_sim::Event;
use sms_codec::hex;

use crate::line::Part;

/// What is wrong is told at once or by [`Ledger::close`].
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// By part: how often it may have been submitted, how often it was, and the references.
    written: BTreeMap<u64, Written>,
    /// TPDUs in the modem that were not received yet.
    outstanding: BTreeSet<String>,
    received: BTreeSet<String>,
    /// After a kill the result of a send of before may come late and be taken for that of the first one after it, where
    /// nothing tells them apart: `docs/testing.md` says what is left of it.
    pub(crate) may_misread: bool,
    pub(crate) totals: Totals,
}

#[derive(Debug, Default)]
struct Written {
    allowed: u32,
    references: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Totals {
    pub(crate) faults: u64,
    pub(crate) written: u64,
    pub(crate) submitted: u64,
    pub(crate) sent: u64,
    pub(crate) unknown: u64,
    pub(crate) failed: u64,
    pub(crate) asked_again: u64,
    pub(crate) delivered: u64,
    pub(crate) received: u64,
    pub(crate) recognised: u64,
    /// Told to be sent by another part's result, on days with kills.
    pub(crate) misread: u64,
}

impl Totals {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            faults: self.faults + other.faults,
            written: self.written + other.written,
            submitted: self.submitted + other.submitted,
            sent: self.sent + other.sent,
            unknown: self.unknown + other.unknown,
            failed: self.failed + other.failed,
            asked_again: self.asked_again + other.asked_again,
            delivered: self.delivered + other.delivered,
            received: self.received + other.received,
            recognised: self.recognised + other.recognised,
            misread: self.misread + other.misread,
        }
    }
}

impl Ledger {
    pub(crate) fn wrote(&mut self, number: u64) {
        self.totals.written += 1;
        self.written.insert(
            number,
            Written {
                allowed: 1,
                references: Vec::new(),
            },
        );
    }

    pub(crate) fn asked_again(&mut self, number: u64) {
        self.totals.asked_again += 1;
        if let Some(written) = self.written.get_mut(&number) {
            written.allowed += 1;
        }
    }

    /// Something that the simulator logged.
    ///
    /// # Errors
    ///
    /// A part was submitted more often than people asked.
    pub(crate) fn happened(&mut self, event: Event) -> Result<(), String> {
        if let Event::Submitted(submission) = &event {
            self.totals.submitted += 1;
            let number: u64 = submission
                .text
                .trim_start_matches("part ")
                .parse()
                .map_err(|_odd| {
                    format!(
                        "the network has a text that nobody wrote: {}",
                        submission.text
                    )
                })?;
            let written = self
                .written
                .get_mut(&number)
                .ok_or_else(|| format!("part {number} was submitted and not written"))?;
            written.references.push(submission.reference);
            if written.references.len() > usize::try_from(written.allowed).unwrap_or(usize::MAX) {
                return Err(format!(
                    "part {number} was submitted {} times and asked for {} times",
                    written.references.len(),
                    written.allowed
                ));
            }
        }
        if let Event::Fault(_) = event {
            self.totals.faults += 1;
        }
        if let Event::Delivered { tpdu } = event {
            self.totals.delivered += 1;
            self.outstanding.insert(tpdu.to_ascii_uppercase());
        }
        Ok(())
    }

    /// A PDU that the line passed on.
    ///
    /// # Errors
    ///
    /// It is none that was delivered.
    pub(crate) fn received(&mut self, pdu: &str) -> Result<(), String> {
        let tpdu = without_service_centre(pdu).ok_or_else(|| format!("no PDU: {pdu}"))?;
        // A modem may pad what it stored.
        let is_it = |delivered: &&String| tpdu.starts_with(delivered.as_str());
        if self.received.iter().any(|known| is_it(&known)) {
            self.totals.recognised += 1;
            return Ok(());
        }
        let found = self.outstanding.iter().find(is_it).cloned();
        let delivered = found.ok_or_else(|| format!("received and never delivered: {tpdu}"))?;
        self.outstanding.remove(&delivered);
        self.received.insert(delivered);
        self.totals.received += 1;
        Ok(())
    }

    /// Compares everything after a calm time; what is settled is forgotten, so that a long run stays small.
    ///
    /// # Errors
    ///
    /// What does not add up.
    pub(crate) fn close(&mut self, parts: &mut BTreeMap<u64, Part>) -> Result<(), String> {
        if let Some(lost) = self.outstanding.first() {
            return Err(format!("delivered to the modem and never received: {lost}"));
        }
        for (number, part) in &*parts {
            let references = self
                .written
                .get(number)
                .map(|written| written.references.as_slice())
                .unwrap_or_default();
            match part {
                Part::Sent(reference) => {
                    self.totals.sent += 1;
                    let fits = match reference {
                        Some(reference) => references.contains(reference),
                        None => !references.is_empty(),
                    };
                    if !fits && self.may_misread {
                        self.totals.misread += 1;
                    } else if !fits {
                        return Err(format!(
                            "part {number} is told to be sent as {reference:?}; the network has {references:?}"
                        ));
                    }
                }
                Part::Unknown => self.totals.unknown += 1,
                Part::Failed if references.is_empty() => self.totals.failed += 1,
                // Asked for again after a doubt, and refused then: the doubt of the first try is the core's to keep.
                Part::Failed
                    if self
                        .written
                        .get(number)
                        .is_some_and(|written| written.allowed > 1) =>
                {
                    self.totals.failed += 1;
                }
                Part::Failed => {
                    return Err(format!(
                        "part {number} is told to have failed; the network has it"
                    ));
                }
                Part::Queued { .. } | Part::Transmitting => {
                    return Err(format!("part {number} is still {part:?} after a calm time"));
                }
            }
        }
        parts.clear();
        self.written.clear();
        self.received.clear();
        Ok(())
    }
}

/// The part of that number as a TPDU: SMS-SUBMIT to +12025550100 that asks for a report (3GPP TS 23.040 §9.2.2.2).
pub(crate) fn tpdu(number: u64) -> Vec<u8> {
    let text: Vec<u8> = format!("part {number}").into_bytes();
    // ASCII letters, digits and blanks are the same in the GSM 7-bit default alphabet (3GPP TS 23.038 §6.2.1).
    let mut octets = vec![
        0x21, 0x00, 0x0B, 0x91, 0x21, 0x20, 0x55, 0x05, 0x01, 0xF0, 0x00, 0x00,
    ];
    octets.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    let (mut bits, mut count) = (0_u16, 0);
    for septet in text {
        bits |= u16::from(septet & 0x7F) << count;
        count += 7;
        if count >= 8 {
            octets.extend(bits.to_le_bytes().first());
            bits >>= 8;
            count -= 8;
        }
    }
    if count > 0 {
        octets.extend(bits.to_le_bytes().first());
    }
    octets
}

fn without_service_centre(pdu: &str) -> Option<String> {
    let digits: String = pdu
        .trim_start_matches('"')
        .chars()
        .take_while(char::is_ascii_hexdigit)
        .collect();
    let octets = hex::decode(digits.get(..digits.len() / 2 * 2)?).ok()?;
    let (length, rest) = octets.split_first()?;
    let tpdu = rest.get(usize::from(*length)..)?;
    Some(tpdu.iter().map(|octet| format!("{octet:02X}")).collect())
}
