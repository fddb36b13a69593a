//! A stick that is plugged in: transfers and serial octets in, answers and serial octets out. No socket, no clock.
//!
//! A transfer from the device that finds nothing waits until there is something, as on a bus that polls it; so the
//! octets of a port that nobody has opened stay here, and a stick says what it had to say to whoever opens it next.
//!
//! **Invariant:** every transfer ends once: in an answer of its own or in that of an unlink.

use std::collections::VecDeque;

use super::description::{Description, Port};
use super::storage::{Storage, SwitchCommand};
use super::wire::{self, Command, Direction, Status, Transfer};

/// Transfers that wait at the same time. Linux has four for each port, and one for its interrupts.
const WAITING_LIMIT: usize = 256;
/// Octets that wait to be fetched from one port.
const KEPT: usize = 16 * 1024;

/// More transfers than any driver has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {WAITING_LIMIT} transfers wait")]
pub(super) struct TooMany;

#[derive(Debug)]
pub(super) struct Device {
    description: Description,
    /// Only of a stick that was not switched yet.
    storage: Option<Storage>,
    /// 0 until the host has chosen.
    configuration: u8,
    /// What `SET_LINE_CODING` said last; nobody asks for the speed of a USB modem but it has to be remembered.
    line_coding: Vec<u8>,
    /// In their order.
    waiting: VecDeque<Transfer>,
    from_modem: VecDeque<u8>,
    from_diagnostics: VecDeque<u8>,
    to_modem: Vec<u8>,
    output: Vec<u8>,
}

impl Device {
    pub(super) fn new(description: Description) -> Self {
        Self {
            description,
            storage: None,
            configuration: 0,
            // 9600 8N1.
            line_coding: vec![0x80, 0x25, 0, 0, 0, 0, 8],
            waiting: VecDeque::new(),
            from_modem: VecDeque::new(),
            from_diagnostics: VecDeque::new(),
            to_modem: Vec::new(),
            output: Vec::new(),
        }
    }

    /// A stick that shows a disc, and what switches it.
    pub(super) fn disc(description: Description, switch: SwitchCommand) -> Self {
        let mut device = Self::new(description);
        device.storage = Some(Storage::new(switch));
        device
    }

    /// Whether it was told to be a modem.
    pub(super) fn is_switched(&self) -> bool {
        self.storage.as_ref().is_some_and(Storage::is_switched)
    }

    /// Whether more octets of the modem can be kept.
    pub(super) fn has_room(&self) -> bool {
        self.from_modem.len() < KEPT
    }

    /// Octets that the modem printed.
    pub(super) fn handle_serial(&mut self, octets: &[u8]) {
        self.from_modem.extend(octets);
        self.settle();
    }

    /// A command of the importer.
    pub(super) fn handle_command(&mut self, command: Command) -> Result<(), TooMany> {
        match command {
            Command::Unlink { sequence, victim } => {
                let before = self.waiting.len();
                self.waiting.retain(|transfer| transfer.sequence != victim);
                let status = if self.waiting.len() < before {
                    Status::Unlinked
                } else {
                    Status::Done
                };
                self.output.extend(wire::unlinked(sequence, status));
            }
            Command::Submit(transfer) if transfer.endpoint == 0 => self.control(&transfer),
            Command::Submit(transfer) => self.data(transfer)?,
        }
        Ok(())
    }

    /// What goes to the importer.
    pub(super) fn poll_output(&mut self) -> Option<Vec<u8>> {
        (!self.output.is_empty()).then(|| std::mem::take(&mut self.output))
    }

    /// What goes to the modem.
    pub(super) fn poll_serial(&mut self) -> Option<Vec<u8>> {
        (!self.to_modem.is_empty()).then(|| std::mem::take(&mut self.to_modem))
    }

    fn data(&mut self, transfer: Transfer) -> Result<(), TooMany> {
        let configured = self.configuration != 0;
        match (transfer.direction, self.description.bulk(transfer.endpoint)) {
            (Direction::Out, Some(port)) if configured => {
                let taken = match (port, &mut self.storage) {
                    (Port::At, _) => {
                        self.to_modem.extend(&transfer.data);
                        true
                    }
                    (Port::Diagnostics, _) => {
                        self.answer_on_diagnostics(&transfer.data);
                        true
                    }
                    (Port::Silent, _) => true,
                    (Port::Disc, Some(storage)) => storage.handle_out(&transfer.data),
                    (Port::Disc, None) => false,
                };
                let (status, actual) = if taken {
                    (Status::Done, transfer.data.len())
                } else {
                    (Status::Stalled, 0)
                };
                self.end(transfer.sequence, status, actual, &[]);
            }
            (Direction::In, bulk)
                if configured
                    && (bulk.is_some() || self.description.is_interrupt(transfer.endpoint)) =>
            {
                if self.waiting.len() >= WAITING_LIMIT {
                    return Err(TooMany);
                }
                self.waiting.push_back(transfer);
            }
            (Direction::Out | Direction::In, _) => {
                self.end(transfer.sequence, Status::Stalled, 0, &[]);
            }
        }
        self.settle();
        Ok(())
    }

    /// What is no command of its protocol is returned by a diagnostics port of Qualcomm's chips behind an error code, and
    /// a frame ends with 0x7e. The checksum before that is not computed here: the point is that it is no text.
    fn answer_on_diagnostics(&mut self, data: &[u8]) {
        if self.from_diagnostics.len() < KEPT {
            self.from_diagnostics.push_back(0x13);
            self.from_diagnostics.extend(data.iter().take(64));
            self.from_diagnostics.extend([0xc5, 0xf8, 0x7e]);
        }
    }

    /// Gives what there is to the transfers that wait for it.
    fn settle(&mut self) {
        let mut still_waiting = VecDeque::new();
        while let Some(transfer) = self.waiting.pop_front() {
            let kept = match self.description.bulk(transfer.endpoint) {
                Some(Port::At) => &mut self.from_modem,
                Some(Port::Diagnostics) => &mut self.from_diagnostics,
                Some(Port::Disc) => {
                    let storage = self.storage.as_mut();
                    match storage.and_then(|storage| storage.next(transfer.length)) {
                        Some(given) => {
                            self.end(transfer.sequence, Status::Done, given.len(), &given);
                        }
                        None => still_waiting.push_back(transfer),
                    }
                    continue;
                }
                Some(Port::Silent) | None => {
                    still_waiting.push_back(transfer);
                    continue;
                }
            };
            if kept.is_empty() {
                still_waiting.push_back(transfer);
                continue;
            }
            let given: Vec<u8> = kept.drain(..kept.len().min(transfer.length)).collect();
            self.end(transfer.sequence, Status::Done, given.len(), &given);
        }
        self.waiting = still_waiting;
    }

    fn end(&mut self, sequence: u32, status: Status, actual: usize, data: &[u8]) {
        let answer = wire::submitted(sequence, status, actual, data);
        self.output.extend(answer);
    }

    /// Requests to endpoint 0 (USB 2.0 §9.4; CDC PSTN subclass 1.2 §6.3). What it does not know it stalls.
    fn control(&mut self, transfer: &Transfer) {
        let [
            kind,
            request,
            value_low,
            value_high,
            _,
            _,
            length_low,
            length_high,
        ] = transfer.setup;
        let length = usize::from(u16::from_le_bytes([length_low, length_high]));
        let answer: Option<Vec<u8>> = match (kind, request) {
            // GET_STATUS of the device, an interface, an endpoint: neither powered by itself nor halted.
            (0x80..=0x82, 0) => Some(vec![0, 0]),
            (0x80, 6) => self.description.descriptor(value_high, value_low),
            (0x80, 8) => Some(vec![self.configuration]),
            (0x81, 10) => Some(vec![0]),
            (0x00, 9) if value_low <= 1 => {
                self.configuration = value_low;
                Some(Vec::new())
            }
            // SET_INTERFACE, to the only setting; CLEAR_FEATURE, of a halt.
            (0x01, 11) if value_low == 0 => Some(Vec::new()),
            (0x02, 1) => Some(Vec::new()),
            // GET_MAX_LUN, reset of bulk-only storage.
            (0xa1, 0xfe) if self.storage.is_some() => Some(vec![0]),
            (0x21, 0xff) if self.storage.is_some() => Some(Vec::new()),
            // SET_LINE_CODING, GET_LINE_CODING, SET_CONTROL_LINE_STATE.
            (0x21, 0x20) if transfer.data.len() == 7 => {
                self.line_coding.clone_from(&transfer.data);
                Some(Vec::new())
            }
            (0xa1, 0x21) => Some(self.line_coding.clone()),
            (0x21, 0x22) => Some(Vec::new()),
            _ => None,
        };
        match answer {
            Some(mut answer) => {
                answer.truncate(length.min(transfer.length));
                let actual = match transfer.direction {
                    Direction::In => answer.len(),
                    Direction::Out => transfer.data.len(),
                };
                self.end(transfer.sequence, Status::Done, actual, &answer);
            }
            None => self.end(transfer.sequence, Status::Stalled, 0, &[]),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends where it fails")]
mod tests {
    use super::super::description::Layout;
    use super::*;

    fn device() -> Device {
        let id = "1e0e:9000".parse().unwrap();
        Device::new(Description::new(id, Layout::Vendor, 3, 2).unwrap())
    }

    fn configured() -> Device {
        let mut device = device();
        let answers = submit(
            &mut device,
            1,
            0,
            Direction::Out,
            [0, 9, 1, 0, 0, 0, 0, 0],
            b"",
        );
        assert_eq!(answers, [(1, 0, Vec::new())]);
        device
    }

    fn submit(
        device: &mut Device,
        sequence: u32,
        endpoint: u8,
        direction: Direction,
        setup: [u8; 8],
        data: &[u8],
    ) -> Vec<Answer> {
        let transfer = Transfer {
            sequence,
            endpoint,
            direction,
            length: 64,
            setup,
            data: data.to_vec(),
        };
        device.handle_command(Command::Submit(transfer)).unwrap();
        answers(device)
    }

    /// Sequence, status, data.
    type Answer = (u32, i32, Vec<u8>);

    fn answers(device: &mut Device) -> Vec<Answer> {
        let output = device.poll_output().unwrap_or_default();
        let (mut rest, mut answers) = (output.as_slice(), Vec::new());
        while let Some((header, after)) = rest.split_first_chunk::<48>() {
            let word = |index: usize| *header.as_chunks::<4>().0.get(index).unwrap();
            let submitted = word(0) == [0, 0, 0, 3];
            let actual = if submitted {
                u32::from_be_bytes(word(6))
            } else {
                0
            };
            let actual = usize::try_from(actual).unwrap();
            // The length of what went out is said, but nothing follows.
            let (data, after) = after.split_at(actual.min(after.len()));
            answers.push((
                u32::from_be_bytes(word(1)),
                i32::from_be_bytes(word(5)),
                data.to_vec(),
            ));
            rest = after;
        }
        answers
    }

    fn read(device: &mut Device, sequence: u32, endpoint: u8) -> Vec<Answer> {
        submit(device, sequence, endpoint, Direction::In, [0; 8], b"")
    }

    fn write(device: &mut Device, sequence: u32, endpoint: u8, data: &[u8]) -> Vec<Answer> {
        submit(device, sequence, endpoint, Direction::Out, [0; 8], data)
    }

    #[test]
    fn only_the_at_port_leads_to_the_modem() {
        let mut device = configured();
        for (endpoint, expected) in [(1, None), (2, None), (3, Some(b"AT\r".to_vec()))] {
            assert_eq!(
                write(&mut device, 10, endpoint, b"AT\r"),
                [(10, 0, Vec::new())]
            );
            assert_eq!(device.poll_serial(), expected, "endpoint {endpoint}");
        }
        device.handle_serial(b"\r\nOK\r\n");
        assert_eq!(read(&mut device, 11, 2), []);
        assert_eq!(read(&mut device, 12, 3), [(12, 0, b"\r\nOK\r\n".to_vec())]);
        let garbage = read(&mut device, 13, 1);
        assert_eq!(garbage, [(13, 0, b"\x13AT\r\xc5\xf8\x7e".to_vec())]);
    }

    #[test]
    fn a_disc_answers_its_commands_until_it_is_switched() {
        let message = "555342431234567800000000000006bd000000020000000000000000000000";
        let switch = SwitchCommand::parse(message).unwrap();
        let id = "1e0e:f000".parse().unwrap();
        let stick = Description::new("1e0e:9000".parse().unwrap(), Layout::Vendor, 3, 2).unwrap();
        let stick = stick.with_disc(super::super::description::Disc { id, switch });
        let (before, switch) = stick.before().unwrap();
        let mut device = Device::disc(before, switch);
        let mut get = |kind, length| {
            let setup = [0x80, 6, 0, kind, 0, 0, length, 0];
            submit(&mut device, 1, 0, Direction::In, setup, b"")
                .remove(0)
                .2
        };
        assert_eq!(get(1, 18).get(8..12), Some(&[0x0e, 0x1e, 0x00, 0xf0][..]));
        let configuration = get(2, 64);
        assert_eq!(configuration.len(), 9 + 9 + 7 + 7);
        assert_eq!(configuration.get(14..17), Some(&[8, 6, 0x50][..]));
        submit(
            &mut device,
            2,
            0,
            Direction::Out,
            [0, 9, 1, 0, 0, 0, 0, 0],
            b"",
        );
        let luns = submit(
            &mut device,
            3,
            0,
            Direction::In,
            [0xa1, 0xfe, 0, 0, 0, 0, 1, 0],
            b"",
        );
        assert_eq!(luns, [(3, 0, vec![0])]);
        // A transfer in that finds nothing is held.
        assert_eq!(read(&mut device, 4, 1), []);
        let unlink = Command::Unlink {
            sequence: 40,
            victim: 4,
        };
        device.handle_command(unlink).unwrap();
        assert_eq!(answers(&mut device), [(40, -104, Vec::new())]);
        assert_eq!(
            write(&mut device, 5, 1, b"no command"),
            [(5, -32, Vec::new())]
        );
        let mut octets = [0; 31];
        for (octet, pair) in octets.iter_mut().zip(message.as_bytes().as_chunks::<2>().0) {
            let text = std::str::from_utf8(pair).unwrap();
            *octet = u8::from_str_radix(text, 16).unwrap();
        }
        assert!(!device.is_switched());
        assert_eq!(write(&mut device, 6, 1, &octets), [(6, 0, Vec::new())]);
        let status = b"USBS\x12\x34\x56\x78\0\0\0\0\0".to_vec();
        assert_eq!(read(&mut device, 8, 1), [(8, 0, status)]);
        assert!(device.is_switched());
        assert_eq!(
            read(&mut device, 7, 8),
            [(7, -32, Vec::new())],
            "it has no interrupts"
        );
    }

    #[test]
    fn a_transfer_that_waits_ends_once() {
        let mut device = configured();
        for sequence in 20..23 {
            assert_eq!(read(&mut device, sequence, 3), []);
        }
        let unlink = |victim| Command::Unlink {
            sequence: 30,
            victim,
        };
        device.handle_command(unlink(20)).unwrap();
        assert_eq!(answers(&mut device), [(30, -104, Vec::new())]);
        // The oldest that is left gets as much as it wanted, the next one the rest.
        device.handle_serial(&[b'x'; 65]);
        assert_eq!(
            answers(&mut device),
            [(21, 0, vec![b'x'; 64]), (22, 0, b"x".to_vec())]
        );
        device.handle_command(unlink(21)).unwrap();
        assert_eq!(answers(&mut device), [(30, 0, Vec::new())]);
    }

    #[test]
    fn what_it_does_not_have_is_stalled() {
        let mut device = device();
        let stalled = |sequence| [(sequence, -32, Vec::new())];
        assert_eq!(read(&mut device, 1, 3), stalled(1), "not configured yet");
        assert_eq!(write(&mut device, 2, 3, b"AT\r"), stalled(2));
        assert_eq!(device.poll_serial(), None);
        let mut device = configured();
        assert_eq!(read(&mut device, 3, 7), stalled(3));
        assert_eq!(read(&mut device, 4, 9), [], "interrupts wait for ever");
        assert_eq!(write(&mut device, 5, 9, b"x"), stalled(5));
        for setup in [
            [0, 9, 2, 0, 0, 0, 0, 0],
            [0x40, 1, 0, 0, 0, 0, 0, 0],
            [0x80, 6, 0, 15, 0, 0, 5, 0],
        ] {
            let answers = submit(&mut device, 6, 0, Direction::Out, setup, b"");
            assert_eq!(answers, stalled(6), "{setup:02x?}");
        }
    }

    #[test]
    fn descriptors_are_cut_to_what_was_asked_for() {
        let mut device = device();
        let mut get = |setup| submit(&mut device, 7, 0, Direction::In, setup, b"");
        let device_descriptor = get([0x80, 6, 0, 1, 0, 0, 8, 0]);
        assert_eq!(device_descriptor, [(7, 0, vec![18, 1, 0, 2, 0, 0, 0, 64])]);
        let whole = get([0x80, 6, 0, 1, 0, 0, 64, 0]);
        assert_eq!(whole.first().map(|(_, _, data)| data.len()), Some(18));
    }

    #[test]
    fn there_is_an_end_to_what_it_keeps() {
        let mut device = configured();
        let transfer = Transfer {
            sequence: 1,
            endpoint: 3,
            direction: Direction::In,
            length: 64,
            setup: [0; 8],
            data: Vec::new(),
        };
        for _ in 0..WAITING_LIMIT {
            device
                .handle_command(Command::Submit(transfer.clone()))
                .unwrap();
        }
        assert_eq!(
            device.handle_command(Command::Submit(transfer)),
            Err(TooMany)
        );
        let mut device = configured();
        assert!(device.has_room());
        device.handle_serial(&vec![0; KEPT]);
        assert!(!device.has_room());
    }
}
