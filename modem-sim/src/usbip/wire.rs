//! The octets of USB/IP 1.1.1: requests before an import, transfers after it. All numbers are big endian, except those
//! inside of descriptors and set-up packets.
//!
//! **Invariant:** nothing that a client writes makes this keep more than [`INPUT_LIMIT`] octets.

/// `0x0111`, in every message before the import.
const VERSION: u16 = 0x0111;
const OP_REQ_DEVLIST: u16 = 0x8005;
const OP_REP_DEVLIST: u16 = 0x0005;
const OP_REQ_IMPORT: u16 = 0x8003;
const OP_REP_IMPORT: u16 = 0x0003;
const USBIP_CMD_SUBMIT: u32 = 1;
const USBIP_CMD_UNLINK: u32 = 2;
const USBIP_RET_SUBMIT: u32 = 3;
const USBIP_RET_UNLINK: u32 = 4;

const REQUEST_HEADER: usize = 8;
const BUS_ID: usize = 32;
const COMMAND_HEADER: usize = 48;

/// The longest transfer that is taken. The serial drivers of Linux ask for 4 KiB.
pub(super) const TRANSFER_LIMIT: usize = 64 * 1024;
/// Octets that wait for the rest of their message.
pub(super) const INPUT_LIMIT: usize = COMMAND_HEADER + TRANSFER_LIMIT;

/// What a client wants before it has a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// The list of devices.
    List,
    /// The device with this bus id.
    Import(String),
}

/// Why no device was handed out (`ST_*` in the kernel's `tools/usb/usbip`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Somebody has it.
    Busy,
    /// There is none of this name.
    NoSuchDevice,
}

/// What an importer wants of its device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// A transfer.
    Submit(Transfer),
    /// A transfer is no longer wanted.
    Unlink {
        /// Number of this command.
        sequence: u32,
        /// Number of the transfer.
        victim: u32,
    },
}

/// One USB request block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transfer {
    pub(super) sequence: u32,
    /// Number of the endpoint, without its direction; 0 for control.
    pub(super) endpoint: u8,
    pub(super) direction: Direction,
    /// Octets that an answer may have.
    pub(super) length: usize,
    /// The set-up packet (USB 2.0 §9.3); only for endpoint 0.
    pub(super) setup: [u8; 8],
    /// What goes to the device; empty for [`Direction::In`].
    pub(super) data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// To the device.
    Out,
    /// From the device.
    In,
}

/// How a transfer ended. The numbers are those of Linux, which the protocol hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Done,
    /// `-EPIPE`: the endpoint stalled, which is how a device says no.
    Stalled,
    /// `-ECONNRESET`: given up on request.
    Unlinked,
}

impl Status {
    fn to_wire(self) -> [u8; 4] {
        let number: i32 = match self {
            Self::Done => 0,
            Self::Stalled => -32,
            Self::Unlinked => -104,
        };
        number.to_be_bytes()
    }
}

/// Why a client is hung up on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("not a request of USB/IP 1.1.1")]
    Request,
    #[error("not a command of USB/IP")]
    Command,
    #[error("a transfer that is too long or isochronous")]
    Transfer,
}

/// Takes the next request off the front of `input`; `None`: more octets are needed.
pub(super) fn take_request(input: &mut Vec<u8>) -> Result<Option<Request>, Malformed> {
    let Some((header, rest)) = input.split_first_chunk::<REQUEST_HEADER>() else {
        return Ok(None);
    };
    let [v0, v1, c0, c1, _, _, _, _] = *header;
    if u16::from_be_bytes([v0, v1]) != VERSION {
        return Err(Malformed::Request);
    }
    let (request, length) = match u16::from_be_bytes([c0, c1]) {
        OP_REQ_DEVLIST => (Request::List, REQUEST_HEADER),
        OP_REQ_IMPORT => {
            let Some((name, _)) = rest.split_first_chunk::<BUS_ID>() else {
                return Ok(None);
            };
            let name = name.split(|octet| *octet == 0).next().unwrap_or_default();
            let name = String::from_utf8_lossy(name).into_owned();
            (Request::Import(name), REQUEST_HEADER + BUS_ID)
        }
        _ => return Err(Malformed::Request),
    };
    input.drain(..length);
    Ok(Some(request))
}

/// Takes the next command off the front of `input`; `None`: more octets are needed.
pub(super) fn take_command(input: &mut Vec<u8>) -> Result<Option<Command>, Malformed> {
    let Some((header, rest)) = input.split_first_chunk::<COMMAND_HEADER>() else {
        return Ok(None);
    };
    let words = header.as_chunks::<4>().0;
    let word = |index: usize| words.get(index).map_or(0, |word| u32::from_be_bytes(*word));
    let (command, length) = match word(0) {
        USBIP_CMD_SUBMIT => {
            let length = usize::try_from(word(6))
                .ok()
                .filter(|length| *length <= TRANSFER_LIMIT)
                .ok_or(Malformed::Transfer)?;
            // Number of isochronous packets: 0, or -1 from later kernels, where there are none.
            if !matches!(word(8), 0 | u32::MAX) {
                return Err(Malformed::Transfer);
            }
            let endpoint = u8::try_from(word(4)).ok().filter(|number| *number < 16);
            let (direction, data) = match word(3) {
                0 => match rest.get(..length) {
                    Some(data) => (Direction::Out, data.to_vec()),
                    None => return Ok(None),
                },
                1 => (Direction::In, Vec::new()),
                _ => return Err(Malformed::Command),
            };
            let taken = COMMAND_HEADER + data.len();
            let setup = header.last_chunk::<8>().copied().unwrap_or_default();
            let transfer = Transfer {
                sequence: word(1),
                endpoint: endpoint.ok_or(Malformed::Command)?,
                direction,
                length,
                setup,
                data,
            };
            (Command::Submit(transfer), taken)
        }
        USBIP_CMD_UNLINK => {
            let unlink = Command::Unlink {
                sequence: word(1),
                victim: word(5),
            };
            (unlink, COMMAND_HEADER)
        }
        _ => return Err(Malformed::Command),
    };
    input.drain(..length);
    Ok(Some(command))
}

/// The list of devices, each as [`device`](super::Description) with its interfaces.
pub(super) fn list(devices: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut reply = reply_header(OP_REP_DEVLIST, 0);
    let count = u32::try_from(devices.len()).unwrap_or(u32::MAX);
    reply.extend(count.to_be_bytes());
    for (device, interfaces) in devices {
        reply.extend(device);
        reply.extend(interfaces);
    }
    reply
}

/// A device that was handed out; transfers follow on the same connection.
pub(super) fn imported(device: &[u8]) -> Vec<u8> {
    let mut reply = reply_header(OP_REP_IMPORT, 0);
    reply.extend(device);
    reply
}

/// A device that was not.
pub(super) fn refused(refusal: Refusal) -> Vec<u8> {
    let status = match refusal {
        Refusal::Busy => 2,
        Refusal::NoSuchDevice => 4,
    };
    reply_header(OP_REP_IMPORT, status)
}

fn reply_header(code: u16, status: u32) -> Vec<u8> {
    let mut reply = Vec::new();
    reply.extend(VERSION.to_be_bytes());
    reply.extend(code.to_be_bytes());
    reply.extend(status.to_be_bytes());
    reply
}

/// The end of a transfer. `actual` is what the device took or gave; `data` what it gave.
pub(super) fn submitted(sequence: u32, status: Status, actual: usize, data: &[u8]) -> Vec<u8> {
    let mut reply = command_header(USBIP_RET_SUBMIT, sequence, status);
    reply.extend(u32::try_from(actual).unwrap_or(u32::MAX).to_be_bytes());
    reply.resize(COMMAND_HEADER, 0);
    reply.extend(data);
    reply
}

/// What came of an unlink: [`Status::Unlinked`], or [`Status::Done`] where the transfer had ended before.
pub(super) fn unlinked(sequence: u32, status: Status) -> Vec<u8> {
    let mut reply = command_header(USBIP_RET_UNLINK, sequence, status);
    reply.resize(COMMAND_HEADER, 0);
    reply
}

/// Device, direction and endpoint are 0 in what a server says.
fn command_header(command: u32, sequence: u32, status: Status) -> Vec<u8> {
    let mut header = Vec::with_capacity(COMMAND_HEADER);
    header.extend(command.to_be_bytes());
    header.extend(sequence.to_be_bytes());
    header.extend([0; 12]);
    header.extend(status.to_wire());
    header
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends where it fails")]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        crate::tpdu::from_hex(&text.replace([' ', '\n'], "")).unwrap()
    }

    /// The commands of the example in the kernel's `usbip_protocol.rst`, captured by its authors.
    const CAPTURED_IN: &str = "00000001 00000d05 0001000f 00000001 00000001 \
                               00000200 00000040 ffffffff 00000000 00000004 00000000 00000000";

    #[test]
    fn a_captured_submit_is_read() {
        let mut input = hex(CAPTURED_IN);
        let expected = Transfer {
            sequence: 0x0d05,
            endpoint: 1,
            direction: Direction::In,
            length: 0x40,
            setup: [0; 8],
            data: Vec::new(),
        };
        assert_eq!(
            take_command(&mut input),
            Ok(Some(Command::Submit(expected)))
        );
        assert!(input.is_empty());
    }

    #[test]
    fn whatever_is_cut_off_waits_for_the_rest() {
        let mut submit = hex("00000001 00000007 00010002 00000000 00000001 \
                              00000000 00000003 00000000 00000000 00000000 00000000 00000000");
        submit.extend(b"AT\r");
        for length in 0..submit.len() {
            let mut input: Vec<u8> = submit.iter().copied().take(length).collect();
            assert_eq!(take_command(&mut input), Ok(None), "{length} octets");
            assert_eq!(input.len(), length);
        }
        submit.push(b'x');
        let Ok(Some(Command::Submit(transfer))) = take_command(&mut submit) else {
            panic!("the whole command is read");
        };
        assert_eq!(transfer.data, b"AT\r");
        assert_eq!(submit, b"x");

        let mut import = hex("0111 8003 00000000");
        assert_eq!(take_request(&mut import), Ok(None));
        import.extend(b"1-1");
        import.resize(40, 0);
        let expected = Request::Import("1-1".to_owned());
        assert_eq!(take_request(&mut import), Ok(Some(expected)));
    }

    #[test]
    fn what_is_not_the_protocol_is_refused() {
        for (request, expected) in [
            ("0106 8005 00000000", Malformed::Request),
            ("0111 8007 00000000", Malformed::Request),
        ] {
            assert_eq!(take_request(&mut hex(request)), Err(expected), "{request}");
        }
        let with = |from: &str, to: &str| hex(&CAPTURED_IN.replacen(from, to, 1));
        for (mut command, expected) in [
            (with("00000001", "00000009"), Malformed::Command),
            (
                with("00000001 00000001", "00000002 00000001"),
                Malformed::Command,
            ),
            (
                with("00000001 00000001", "00000001 00000010"),
                Malformed::Command,
            ),
            (with("00000040", "7fffffff"), Malformed::Transfer),
            (with("00000000", "00000002"), Malformed::Transfer),
        ] {
            assert_eq!(take_command(&mut command), Err(expected));
        }
    }

    #[test]
    fn answers_are_laid_out_as_the_protocol_says() {
        let done = submitted(0x0d05, Status::Done, 2, b"OK");
        assert_eq!(done.len(), 50);
        assert!(done.starts_with(&hex(
            "00000003 00000d05 00000000 00000000 00000000 00000000 00000002"
        )));
        assert!(done.ends_with(b"\0OK"));
        let given_up = unlinked(0x0d06, Status::Unlinked);
        assert_eq!(given_up.len(), 48);
        // -ECONNRESET
        assert!(given_up.starts_with(&hex(
            "00000004 00000d06 00000000 00000000 00000000 ffffff98 00"
        )));
        assert_eq!(refused(Refusal::Busy), hex("0111 0003 00000002"));
        assert_eq!(list(&[]), hex("0111 0005 00000000 00000000"));
    }
}
