//! What a few models have to be told, octet by octet, as it was once recorded; nobody knows what each of it means.

use super::plan::Message;

/// To Qisda's.
pub(super) const QISDA: [u8; 16] = [
    0x05, 0x8c, 0x04, 0x08, 0xa0, 0xee, 0x20, 0x00, 0x5c, 0x01, 0x04, 0x08, 0x98, 0xcd, 0xea, 0xbf,
];

/// Reads and writes registers by a command of the vendor's own, 0xfd: tag, octets that come, register, value.
pub(super) fn cisco() -> Vec<Message> {
    const READ: [u8; 5] = [0x00, 0x02, 0x00, 0x00, 0x80];
    const WRITE: [u8; 5] = [0; 5];
    let steps: [([u8; 4], [u8; 5], [u8; 9]); 11] = [
        (
            [0xf8, 0x3b, 0xcd, 0x81],
            READ,
            [0, 0, 0, 0x03, 0, 0, 0, 0x01, 0],
        ),
        (
            [0x98, 0x43, 0x00, 0x82],
            READ,
            [0, 0, 0, 0x07, 0, 0, 0, 0x01, 0],
        ),
        (
            [0x98, 0x43, 0x00, 0x82],
            WRITE,
            [0, 0x01, 0, 0x07, 0x10, 0, 0, 0, 0],
        ),
        (
            [0x98, 0x43, 0x00, 0x82],
            READ,
            [0, 0x02, 0, 0x23, 0, 0, 0, 0x01, 0],
        ),
        (
            [0x98, 0x43, 0x00, 0x82],
            WRITE,
            [0, 0x03, 0, 0x23, 0x82, 0, 0, 0, 0],
        ),
        (
            [0x98, 0x43, 0x00, 0x82],
            READ,
            [0, 0x02, 0, 0x26, 0, 0, 0, 0x01, 0],
        ),
        (
            [0x98, 0x43, 0x00, 0x82],
            WRITE,
            [0, 0x03, 0, 0x26, 0xc8, 0, 0, 0, 0],
        ),
        (
            [0xd8, 0x4c, 0x04, 0x82],
            READ,
            [0, 0, 0x10, 0x73, 0, 0, 0, 0x01, 0],
        ),
        (
            [0xd8, 0x4c, 0x04, 0x82],
            READ,
            [0, 0x02, 0, 0x24, 0, 0, 0, 0x01, 0],
        ),
        (
            [0xd8, 0x4c, 0x04, 0x82],
            WRITE,
            [0, 0x03, 0, 0x24, 0x13, 0, 0, 0, 0],
        ),
        (
            [0xd8, 0x4c, 0x04, 0x82],
            WRITE,
            [0, 0x01, 0x10, 0x73, 0x24, 0, 0, 0, 0],
        ),
    ];
    steps
        .iter()
        .map(|(tag, data, register)| {
            let mut octets = b"USBC".to_vec();
            octets.extend(tag);
            octets.extend(data);
            octets.extend([0x00, 0x0a, 0xfd]);
            octets.extend(register);
            octets.resize(31, 0);
            Message::of(&octets)
        })
        .collect()
}

/// MobileAction's: twice, by control transfers.
pub(super) const MOBILE_ACTION_FIRST: [u8; 8] = [0xb0, 0x04, 0x00, 0x00, 0x02, 0x90, 0x26, 0x86];

const A: [u8; 8] = [0x37, 0x01, 0xfe, 0xdb, 0xc1, 0x33, 0x1f, 0x83];
const B: [u8; 8] = [0x37, 0x0e, 0xb5, 0x9d, 0x3b, 0x8a, 0x91, 0x51];
const C: [u8; 8] = [0x34, 0x87, 0xba, 0x0d, 0xfc, 0x8a, 0x91, 0x51];
const D: [u8; 8] = [0x33, 0x04, 0xfe, 0x00, 0xf4, 0x6c, 0x1f, 0xf0];
const E: [u8; 8] = [0x32, 0x07, 0xfe, 0xf0, 0x29, 0xb9, 0x3a, 0xf0];

/// MobileAction's: reports out, each followed by so many in.
pub(super) const MOBILE_ACTION: [([u8; 8], usize); 8] = [
    (A, 1),
    (B, 1),
    (C, 63),
    (A, 1),
    (B, 1),
    (C, 73),
    (D, 1),
    (E, 1),
];
