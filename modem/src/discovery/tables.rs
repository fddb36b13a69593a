//! Facts about models, each from a public table: the USB ids that Linux's drivers and usb_modeswitch know, and
//! ModemManager's rules for port types (`77-mm-*-port-types.rules`).
//!
//! A table only orders what is asked anyway: a model that is missing here works, a little later.

use super::Interface;

/// Those whose USB devices are modems, or show what a modem shows.
const MAKERS: &[(u16, &str)] = &[
    (0x05c6, "Qualcomm"),
    (0x0681, "Siemens"),
    (0x0af0, "Option"),
    (0x0bdb, "Ericsson"),
    (0x106c, "Pantech"),
    (0x1199, "Sierra Wireless"),
    (0x12d1, "Huawei"),
    (0x1410, "Novatel"),
    (0x1546, "u-blox"),
    (0x16d8, "CMOTECH"),
    (0x19d2, "ZTE"),
    (0x1a8d, "BandRich"),
    (0x1bbb, "Alcatel"),
    (0x1bc7, "Telit"),
    (0x1c9e, "Longcheer"),
    (0x1e0e, "SIMCom"),
    (0x1e2d, "Cinterion"),
    (0x2020, "BroadMobi"),
    (0x211f, "Celot"),
    (0x2c7c, "Quectel"),
    (0x2cb7, "Fibocom"),
    (0x2dee, "MeiG"),
    (0x305a, "GosunCn"),
];

/// Those who make modems or phones, and printers, discs or network cards too: theirs is one if it has a serial port.
const MIXED: &[(u16, &str)] = &[
    (0x0421, "Nokia"),
    (0x0489, "Foxconn"),
    (0x04e8, "Samsung"),
    (0x0fce, "Sony Ericsson"),
    (0x1004, "LG"),
    (0x1782, "Spreadtrum"),
    (0x2357, "TP-Link"),
    (0x22b8, "Motorola"),
];

/// What makers of modems make besides: u-blox's satellite receivers 5 to 10.
const NO_MODEMS: &[(u16, std::ops::RangeInclusive<u16>)] = &[(0x1546, 0x01a5..=0x01ab)];

/// Sticks that show a disc first; each is among the devices of usb-modeswitch-data 20191128.
const CD_ROMS: &[(u16, &[u16])] = &[
    (0x05c6, &[0x1000, 0x2000, 0x2001, 0xf000]),
    (0x07d1, &[0xa800, 0xa804]),
    (0x0af0, &[0xd033, 0xd035]),
    (0x1004, &[0x1000, 0x607f, 0x613a]),
    (0x1199, &[0x0fff]),
    (
        0x12d1,
        &[
            0x1446, 0x1449, 0x14d1, 0x14fe, 0x1505, 0x1520, 0x1526, 0x155b, 0x1f01,
        ],
    ),
    (0x1410, &[0x5010, 0x5020, 0x5030, 0x5031]),
    (0x16d8, &[0x6803, 0x700a, 0xf000]),
    (
        0x19d2,
        &[
            0x0003, 0x0026, 0x0040, 0x0053, 0x0083, 0x0101, 0x0103, 0x0115, 0x1001, 0x1007, 0x1009,
            0x2000, 0xfff5, 0xfff6,
        ],
    ),
    (0x1a8d, &[0x1000]),
    (0x1bbb, &[0xf000]),
    (0x1c9e, &[0x1001, 0x9200, 0x9e00, 0xf000]),
    (0x1dd6, &[0x1000]),
    (0x1e0e, &[0xf000]), // the ProLink PHS-100 and other SIMCom sticks
    (0x2001, &[0xa706, 0xa707, 0xa80b]),
    (0x2357, &[0x0200, 0xf000]),
];

/// The rank of the port that is known to take commands and to announce.
pub(super) const FIRST: u8 = 0;
/// Takes commands, and may keep announcements to the other.
const SECOND: u8 = 1;
/// Not known.
const UNKNOWN: u8 = 2;
/// Diagnosis, positions or sound: asked last.
const OTHER: u8 = 3;

/// Interface numbers of one model: first, second, others.
struct Layout {
    vendor: u16,
    /// Empty: all of this vendor's that are not named before.
    products: &'static [u16],
    first: u8,
    second: &'static [u8],
    others: &'static [u8],
}

const fn layout(
    vendor: u16,
    products: &'static [u16],
    first: u8,
    second: &'static [u8],
    others: &'static [u8],
) -> Layout {
    Layout {
        vendor,
        products,
        first,
        second,
        others,
    }
}

const LAYOUTS: &[Layout] = &[
    layout(0x1e0e, &[0x9100, 0x9200], 3, &[1], &[]), // ProLink PH-300, SCT UM300
    layout(0x1e0e, &[0xcefe], 2, &[0, 1], &[]),      // A-LINK 3GU
    layout(0x1e0e, &[0x9001], 2, &[3], &[0, 1, 4]),  // SIM7000, SIM7100, SIM7600
    layout(0x1e0e, &[0x9205, 0x9206], 2, &[3, 5], &[0, 1]), // SIM7070, SIM7080, SIM7090
    layout(
        0x2c7c,
        &[0x0125, 0x0191, 0x0195, 0x0296, 0x0306, 0x0800],
        2,
        &[3],
        &[0, 1],
    ),
    layout(0x19d2, &[0x0001], 2, &[0], &[]),
    layout(
        0x19d2,
        &[0x0002, 0x0012, 0x0024, 0x0025, 0x0055],
        4,
        &[2],
        &[],
    ),
    layout(
        0x19d2,
        &[0x0016, 0x0017, 0x0018, 0x0019, 0x0117],
        1,
        &[2],
        &[],
    ),
    layout(
        0x19d2,
        &[
            0x0021, 0x0031, 0x0037, 0x0039, 0x0042, 0x0052, 0x0057, 0x0058, 0x0061, 0x0063, 0x0066,
            0x0078, 0x0082, 0x0104, 0x0106, 0x0108, 0x0122, 0x0123, 0x1008, 0x1010, 0x1254, 0x2002,
            0x2003,
        ],
        1,
        &[3],
        &[],
    ),
];

/// Whose vendor id this is, if modems are made there.
pub(super) fn vendor(vendor: u16) -> Option<&'static str> {
    let known = MAKERS.iter().chain(MIXED).find(|(id, _)| *id == vendor);
    known.map(|(_, name)| *name)
}

/// Whether a device with serial ports is a modem by its vendor.
pub(super) fn may_be_modem(vendor: u16, product: u16) -> bool {
    self::vendor(vendor).is_some() && !is_no_modem(vendor, product)
}

/// Whether a device is a modem by its vendor, whatever it shows.
pub(super) fn must_be_modem(vendor: u16, product: u16) -> bool {
    MAKERS.iter().any(|(id, _)| *id == vendor) && !is_no_modem(vendor, product)
}

fn is_no_modem(vendor: u16, product: u16) -> bool {
    NO_MODEMS
        .iter()
        .any(|(id, products)| *id == vendor && products.contains(&product))
}

pub(super) fn is_cd_rom(vendor: u16, product: u16) -> bool {
    CD_ROMS
        .iter()
        .any(|(id, products)| *id == vendor && products.contains(&product))
}

/// The smaller, the earlier asked.
pub(super) fn rank(vendor: u16, product: u16, interface: &Interface) -> u8 {
    if vendor == 0x12d1 && interface.class == 0xff && matches!(interface.subclass, 1 | 2) {
        // Huawei's interfaces say what they are: the modem port (PPP), the PC user interface, diagnosis, positions.
        return match interface.protocol {
            0x02 | 0x12 => FIRST,
            0x01 | 0x10 => SECOND,
            0x03 | 0x05 | 0x13 | 0x14 => OTHER,
            _ => UNKNOWN,
        };
    }
    let layout = LAYOUTS
        .iter()
        .find(|layout| layout.vendor == vendor && layout.products.contains(&product));
    layout.map_or(UNKNOWN, |layout| {
        let number = interface.number;
        if number == layout.first {
            FIRST
        } else if layout.second.contains(&number) {
            SECOND
        } else if layout.others.contains(&number) {
            OTHER
        } else {
            UNKNOWN
        }
    })
}
