//! A small table of our own for common sticks: facts, as they are in each public list of them. Larger tables are read
//! where they are installed (see [`super::sources`]).

use super::plan::{Message, Method, SwitchPlan, Target, UsbId};

struct Family {
    vendor: u16,
    discs: &'static [u16],
    method: Method,
    /// For [`Method::Messages`].
    command: Option<[u8; 6]>,
    /// 0: the vendor stays.
    target_vendor: u16,
    /// Empty: another product than before, which is no disc.
    products: &'static [u16],
}

const fn family(vendor: u16, discs: &'static [u16], method: Method) -> Family {
    Family {
        vendor,
        discs,
        method,
        command: None,
        target_vendor: 0,
        products: &[],
    }
}

/// By one command of the disc (SCSI).
const fn by(vendor: u16, discs: &'static [u16], command: [u8; 6]) -> Family {
    Family {
        command: Some(command),
        ..family(vendor, discs, Method::Messages)
    }
}

/// SIMCom's: a read-only command of the vendor's own.
const SIMCOM: [u8; 6] = [0xbd, 0, 0, 0, 0x02, 0];
/// Longcheer's and Alcatel's.
const LONGCHEER: [u8; 6] = [0x06, 0xf5, 0x04, 0x02, 0x52, 0x70];

const FAMILIES: &[Family] = &[
    // ProLink PHS-100 and PH-300, A-Link 3GU, Option iCON 210.
    Family {
        products: &[0x9000, 0x9100, 0x9200],
        ..by(0x1e0e, &[0xf000], SIMCOM)
    },
    family(
        0x12d1,
        &[
            0x1446, 0x1449, 0x14d1, 0x14fe, 0x1505, 0x1520, 0x1526, 0x155b, 0x1f01,
        ],
        Method::HuaweiNew,
    ),
    family(0x1199, &[0x0fff], Method::Sierra),
    family(0x0af0, &[0xd033, 0xd035], Method::Option),
    family(
        0x19d2,
        &[
            0x0026, 0x0053, 0x0083, 0x0101, 0x0103, 0x0115, 0x1001, 0x1007, 0x1009, 0x2000,
        ],
        Method::StandardEject,
    ),
    family(
        0x1410,
        &[0x5010, 0x5020, 0x5030, 0x5031],
        Method::StandardEject,
    ),
    family(0x1a8d, &[0x1000], Method::StandardEject),
    family(0x07d1, &[0xa800, 0xa804], Method::StandardEject),
    family(0x2001, &[0xa706, 0xa707], Method::StandardEject),
    family(0x2357, &[0x0200, 0xf000], Method::StandardEject),
    family(0x1004, &[0x613a], Method::StandardEject),
    Family {
        target_vendor: 0x1e0e,
        products: &[0xce16, 0xce17, 0xcefe],
        ..family(0x05c6, &[0x2001], Method::StandardEject)
    },
    by(0x1c9e, &[0x1001, 0x9200, 0x9e00], LONGCHEER),
];

/// What this table says of a device; `None`: nothing.
#[must_use]
pub fn known(id: UsbId) -> Option<SwitchPlan> {
    let family = FAMILIES
        .iter()
        .find(|family| family.vendor == id.vendor && family.discs.contains(&id.product))?;
    let vendor = if family.target_vendor == 0 {
        family.vendor
    } else {
        family.target_vendor
    };
    let target = Target {
        vendor: Some(vendor),
        products: family.products.to_vec(),
        class: None,
    };
    let mut plan = SwitchPlan::new(family.method, target);
    plan.messages
        .extend(family.command.as_ref().map(storage_command));
    Some(plan)
}

/// A command of six octets in its wrapper, without data (USB Mass Storage Class, Bulk-Only Transport 1.0 §5.1).
pub(super) fn storage_command(command: &[u8; 6]) -> Message {
    let mut octets = b"USBC\x12\x34\x56\x78".to_vec();
    // No data, outwards, the first unit.
    octets.extend([0; 6]);
    octets.push(6);
    octets.extend(command);
    octets.resize(31, 0);
    Message::of(&octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phs_100_gets_its_message() {
        let plan = known("1e0e:f000".parse().unwrap()).unwrap();
        assert_eq!(
            plan.messages[0].to_string(),
            "555342431234567800000000000006bd000000020000000000000000000000"
        );
        assert!(plan.target.is(
            "1e0e:f000".parse().unwrap(),
            "1e0e:9000".parse().unwrap(),
            0xff
        ));
        assert_eq!(known("1e0e:9000".parse().unwrap()), None);
    }

    #[test]
    fn a_disc_stands_in_one_family() {
        let mut all: Vec<(u16, u16)> = FAMILIES
            .iter()
            .flat_map(|family| family.discs.iter().map(|disc| (family.vendor, *disc)))
            .collect();
        let before = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), before);
        for family in FAMILIES {
            let by_message = family.method == Method::Messages;
            assert_eq!(by_message, family.command.is_some());
        }
    }
}
