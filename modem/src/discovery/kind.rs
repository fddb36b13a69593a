//! What a USB device is to us, and what to do where it shows no port.
//!
//! By what its interfaces are and which driver has them; the tables only say whose devices are modems at all. Everything
//! that has neither a serial port nor to do with a modem is left out.

use super::{Candidate, Interface, SerialPort, tables};

/// USB class codes.
const COMMUNICATIONS: u8 = 0x02;
const MASS_STORAGE: u8 = 0x08;
const VENDOR_SPECIFIC: u8 = 0xff;
/// The subclass of Android's debug bridge among the vendor specific ones.
const ANDROID_DEBUG: u8 = 0x42;
/// Abstract control model, AT commands (USB CDC PSTN 1.2 §3.2.2.2 and table 5).
const ACM: u8 = 0x02;

/// What a USB device is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A modem with serial ports: this is what is looked for.
    Serial,
    /// A serial port with anything behind it: an adapter cable, a board, a receiver. Used where it is named.
    Adapter,
    /// A stick that still shows the disc with its maker's program.
    CdRom,
    /// A stick that is a router with a page of its own and has no AT port.
    HiLink,
    /// Only QMI, Qualcomm's own protocol.
    QmiOnly,
    /// Only MBIM, the USB forum's protocol for mobile broadband.
    MbimOnly,
    /// Its ports have no driver.
    NoDriver,
}

/// `None`: nothing that a modem could be.
pub(super) fn kind(
    vendor: u16,
    product: u16,
    interfaces: &[Interface],
    ports: &[SerialPort],
) -> Option<Kind> {
    let has = |drivers: &[&str]| {
        interfaces
            .iter()
            .filter_map(|interface| interface.driver.as_deref())
            .any(|driver| drivers.contains(&driver))
    };
    let storage = |interface: &Interface| interface.class == MASS_STORAGE;
    let of_modems = tables::must_be_modem(vendor, product);
    if !ports.is_empty() {
        let driven = has(&["option", "sierra", "qcserial", "hso", "ipw"]);
        return Some(if driven || tables::may_be_modem(vendor, product) {
            Kind::Serial
        } else {
            Kind::Adapter
        });
    }
    if interfaces.is_empty() {
        return None;
    }
    if interfaces.iter().all(storage) && (of_modems || tables::is_cd_rom(vendor, product)) {
        return Some(Kind::CdRom);
    }
    // Before the vendors, for these drivers are modems' alone.
    let (qmi, mbim) = (has(&["qmi_wwan", "qmi_wwan_q"]), has(&["cdc_mbim"]));
    if (of_modems || qmi || mbim) && interfaces.iter().any(unbound) {
        return Some(Kind::NoDriver);
    }
    if mbim {
        return Some(Kind::MbimOnly);
    }
    if qmi {
        return Some(Kind::QmiOnly);
    }
    let network = has(&["cdc_ether", "rndis_host", "cdc_ncm", "huawei_cdc_ncm"]);
    (of_modems && network).then_some(Kind::HiLink)
}

/// Whether an interface could be a serial port and no driver has it.
fn unbound(interface: &Interface) -> bool {
    let serial = is_acm(interface)
        || (interface.class == VENDOR_SPECIFIC && interface.subclass != ANDROID_DEBUG);
    serial && interface.driver.is_none()
}

fn is_acm(interface: &Interface) -> bool {
    interface.class == COMMUNICATIONS && interface.subclass == ACM
}

pub(super) fn advice(candidate: &Candidate) -> Option<String> {
    let (vendor, product) = (candidate.vendor, candidate.product);
    Some(match candidate.kind {
        Kind::Serial => return None,
        Kind::Adapter => {
            let path = &candidate.usb_path;
            format!("if a modem is behind this serial port, write usb_path = \"{path}\" or its port")
        }
        Kind::CdRom => "it still shows the disc with its maker's program: run sms-bridge usb switch; if no table knows it, \
             apt-get install usb-modeswitch-data"
            .to_owned(),
        Kind::HiLink => "it is a router with a web page of its own (HiLink) and has no AT port: \
             use a stick with serial ports, or one with the maker's firmware for them"
            .to_owned(),
        Kind::QmiOnly => "it speaks QMI only and shows no AT port: switch its USB mode to one with serial ports \
             (its maker's AT manual says how), or use another stick"
            .to_owned(),
        Kind::MbimOnly => "it speaks MBIM only and shows no AT port: switch its USB mode to one with serial ports \
             (its maker's AT manual says how), or use another stick"
            .to_owned(),
        Kind::NoDriver if candidate.interfaces.iter().any(is_acm) => {
            "its serial ports have no driver: as root, modprobe cdc-acm (OpenWrt: install kmod-usb-acm)"
                .to_owned()
        }
        Kind::NoDriver => format!(
            "its serial ports have no driver: as root, modprobe option (OpenWrt: install kmod-usb-serial-option), then \
             echo {vendor:04x} {product:04x} > /sys/bus/usb-serial/drivers/option1/new_id"
        ),
    })
}
