//! The disc of a stick before it is switched: bulk-only mass storage (Bulk-Only Transport 1.0) with the SCSI commands that
//! Linux gives a CD-ROM drive. Sans-I/O.
//!
//! It is switched by one command, told by its 31 octets without the tag. The disc is empty: its sectors are zeros.

use std::collections::VecDeque;

/// Of a command block wrapper.
const COMMAND: usize = 31;
/// A sector of a disc.
const SECTOR: u32 = 2_048;
const SECTORS: u32 = 16;
/// Answers that nobody fetched; a host waits for each.
const KEPT: usize = 64;

/// The command that switches a stick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SwitchCommand([u8; COMMAND]);

impl SwitchCommand {
    /// From 62 hexadecimal digits, as in `MessageContent` of usb_modeswitch.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut octets = [0; COMMAND];
        if pairs.len() != COMMAND || !rest.is_empty() {
            return None;
        }
        for (octet, pair) in octets.iter_mut().zip(pairs) {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            *octet = u8::try_from(high? << 4 | low?).ok()?;
        }
        octets.starts_with(b"USBC").then_some(Self(octets))
    }

    /// The host chooses the tag.
    fn is(&self, command: &[u8]) -> bool {
        command.len() == COMMAND && command.get(8..) == self.0.get(8..)
    }
}

/// What SCSI calls a sense key and its qualifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    None,
    /// 5/20: invalid command operation code.
    UnknownCommand,
}

#[derive(Debug)]
pub(super) struct Storage {
    switch: SwitchCommand,
    answers: VecDeque<Vec<u8>>,
    /// Octets of data from the host that are still to come, then the status.
    swallow: usize,
    status: Vec<u8>,
    sense: Sense,
    switched: bool,
}

impl Storage {
    pub(super) fn new(switch: SwitchCommand) -> Self {
        Self {
            switch,
            answers: VecDeque::new(),
            swallow: 0,
            status: Vec::new(),
            sense: Sense::None,
            switched: false,
        }
    }

    pub(super) fn is_switched(&self) -> bool {
        self.switched
    }

    /// What comes to the bulk endpoint. `false`: it is no command, and the endpoint stalls.
    pub(super) fn handle_out(&mut self, octets: &[u8]) -> bool {
        if self.swallow > 0 {
            self.swallow = self.swallow.saturating_sub(octets.len());
            if self.swallow == 0 {
                let status = std::mem::take(&mut self.status);
                self.answers.push_back(status);
            }
            return true;
        }
        let (Some(tag), Some(length), Some(&[flags, _, _, code])) = (
            octets.get(4..8),
            octets.get(8..12).and_then(|four| four.first_chunk::<4>()),
            octets.get(12..16).and_then(|four| four.first_chunk::<4>()),
        ) else {
            return false;
        };
        if octets.len() != COMMAND || !octets.starts_with(b"USBC") || self.answers.len() >= KEPT {
            return false;
        }
        let expected = u32::from_le_bytes(*length);
        let inward = flags & 0x80 != 0;
        let answer = if self.switch.is(octets) {
            self.switched = true;
            Some(Vec::new())
        } else {
            self.answer(code, octets.get(15..COMMAND).unwrap_or_default())
        };
        let failed = answer.is_none();
        let mut data = answer.unwrap_or_default();
        let most = usize::try_from(expected).unwrap_or(usize::MAX);
        data.truncate(if inward { most } else { 0 });
        let residue = expected.saturating_sub(u32::try_from(data.len()).unwrap_or(u32::MAX));
        let mut status = b"USBS".to_vec();
        status.extend(tag);
        status.extend(residue.to_le_bytes());
        status.push(u8::from(failed));
        if !inward && expected > 0 {
            self.swallow = most;
            self.status = status;
            return true;
        }
        // A transfer of less than was asked for ends the data.
        if inward && expected > 0 {
            self.answers.push_back(data);
        }
        self.answers.push_back(status);
        true
    }

    /// What waits to be fetched: one transfer, cut to what fits into it.
    pub(super) fn next(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut answer = self.answers.pop_front()?;
        if answer.len() > length {
            let rest = answer.split_off(length);
            self.answers.push_front(rest);
        }
        Some(answer)
    }

    /// The data of a command; `None`: it fails.
    fn answer(&mut self, code: u8, command: &[u8]) -> Option<Vec<u8>> {
        let sense = std::mem::replace(&mut self.sense, Sense::None);
        Some(match code {
            // TEST UNIT READY, START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL.
            0x00 | 0x1b | 0x1e => Vec::new(),
            // REQUEST SENSE, in the fixed form.
            0x03 => {
                let (key, qualifier) = match sense {
                    Sense::None => (0, 0),
                    Sense::UnknownCommand => (5, 0x20),
                };
                let mut data = vec![0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, qualifier];
                data.resize(18, 0);
                data
            }
            // INQUIRY: a CD-ROM drive with a medium that can be taken out.
            0x12 => {
                let mut data = vec![0x05, 0x80, 0x02, 0x02, 31, 0, 0, 0];
                data.extend(b"SIMULATECD-ROM          1.00");
                data
            }
            // READ CAPACITY.
            0x25 => [SECTORS - 1, SECTOR]
                .into_iter()
                .flat_map(u32::to_be_bytes)
                .collect(),
            // READ (10).
            0x28 => {
                let count = command.get(7..9).and_then(|two| two.first_chunk::<2>());
                let count = u16::from_be_bytes(*count?).min(8);
                vec![0; usize::from(count) * 2_048]
            }
            // READ TOC: one track of data.
            0x43 => vec![
                0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 0, 16,
            ],
            _ => {
                self.sense = Sense::UnknownCommand;
                return None;
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends where it fails")]
mod tests {
    use super::*;

    const SWITCH: &str = "555342431234567800000000000006bd000000020000000000000000000000";

    fn storage() -> Storage {
        Storage::new(SwitchCommand::parse(SWITCH).unwrap())
    }

    /// A command of the host's with its tag, the octets that it wants, and the command block.
    fn command(tag: u8, length: u32, block: &[u8]) -> Vec<u8> {
        let mut octets = b"USBC".to_vec();
        octets.extend([tag, 0, 0, 0]);
        octets.extend(length.to_le_bytes());
        octets.extend([
            if length > 0 { 0x80 } else { 0 },
            0,
            u8::try_from(block.len()).unwrap(),
        ]);
        octets.extend(block);
        octets.resize(COMMAND, 0);
        octets
    }

    #[test]
    fn a_command_has_data_and_thirteen_octets_of_status() {
        let mut storage = storage();
        assert!(storage.handle_out(&command(7, 36, &[0x12, 0, 0, 0, 36, 0])));
        let data = storage.next(36).unwrap();
        assert_eq!((data.len(), data[0], data[1]), (36, 5, 0x80));
        assert_eq!(storage.next(13).unwrap(), b"USBS\x07\0\0\0\0\0\0\0\0");
        assert_eq!(storage.next(13), None);
        assert!(!storage.is_switched());
    }

    #[test]
    fn a_command_that_it_does_not_know_fails_and_says_why() {
        let mut storage = storage();
        assert!(storage.handle_out(&command(1, 0, &[0xaa, 0, 0, 0, 0, 0])));
        assert_eq!(storage.next(13).unwrap(), b"USBS\x01\0\0\0\0\0\0\0\x01");
        assert!(storage.handle_out(&command(2, 18, &[0x03, 0, 0, 0, 18, 0])));
        let sense = storage.next(64).unwrap();
        assert_eq!((sense.len(), sense[2], sense[12]), (18, 5, 0x20));
        assert_eq!(storage.next(13).unwrap()[12], 0);
        // Less than it was asked for: an empty transfer, and all of it is left over.
        assert!(storage.handle_out(&command(3, 8, &[0xaa])));
        assert_eq!(storage.next(8).unwrap(), b"");
        assert_eq!(storage.next(13).unwrap(), b"USBS\x03\0\0\0\x08\0\0\0\x01");
    }

    #[test]
    fn it_is_switched_by_its_command_under_any_tag_and_by_no_other() {
        let mut storage = storage();
        assert!(storage.handle_out(&command(1, 0, &[0x1b, 0, 0, 0, 2, 0])));
        assert!(!storage.is_switched());
        assert!(storage.handle_out(&command(9, 0, &[0xbd, 0, 0, 0, 2, 0])));
        assert!(storage.is_switched());
        assert_eq!(storage.next(13).unwrap().len(), 13);
        assert_eq!(storage.next(13).unwrap(), b"USBS\x09\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn what_is_no_command_stalls() {
        let mut storage = storage();
        for wrong in [&b""[..], b"USBC", &[0; 31], &[b'U'; 512]] {
            assert!(!storage.handle_out(wrong));
        }
        assert_eq!(SwitchCommand::parse(&SWITCH.replacen('5', "", 1)), None);
        assert_eq!(SwitchCommand::parse(&SWITCH.replace('b', "x")), None);
        assert_eq!(SwitchCommand::parse(&"0".repeat(62)), None);
    }
}
