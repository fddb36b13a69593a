//! What is made of the devices that a machine shows.

use super::fake::{Machine, Plug, Stick};
use super::{Candidate, Kind, candidates, device_of};

fn stick(
    path: &'static str,
    (vendor, product): (u16, u16),
    model: &'static str,
    interfaces: Vec<Plug>,
) -> Stick {
    Stick {
        path,
        vendor,
        product,
        model,
        interfaces,
    }
}

fn only(stick: &Stick) -> Option<Candidate> {
    let machine = Machine::new();
    machine.plug_in(stick);
    let mut found = candidates(&machine.sysfs());
    assert!(found.len() <= 1, "{found:?}");
    found.pop()
}

#[test]
fn a_machine_without_usb_has_no_candidate() {
    let machine = Machine::new();
    assert_eq!(candidates(&machine.sysfs()), []);
    let absent = super::Sysfs {
        sys: machine.path("absent"),
        ..machine.sysfs()
    };
    assert_eq!(candidates(&absent), []);
}

#[test]
fn ports_are_grouped_by_their_device_in_the_order_of_interfaces() {
    let machine = Machine::new();
    // Made by hand after the layout of an EC25: diagnosis, positions, AT, PPP, QMI.
    let names = ["ttyUSB3", "ttyUSB10", "ttyUSB4", "ttyUSB5"];
    let mut interfaces: Vec<Plug> = names.into_iter().map(Plug::serial).collect();
    interfaces.push(Plug::without_port((0xff, 0xff, 0xff), Some("qmi_wwan")));
    machine.plug_in(&stick("1-10", (0x2c7c, 0x0125), "EC25", interfaces));
    let acm = Plug {
        codes: (2, 2, 1),
        driver: Some("cdc_acm"),
        port: Some("ttyACM0".to_owned()),
    };
    let data = Plug::without_port((0x0a, 0, 0), Some("cdc_acm"));
    machine.plug_in(&stick("1-2", (0x1546, 0x1102), "SARA", vec![acm, data]));
    let found = candidates(&machine.sysfs());
    let [sara, ec25] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(ec25.to_string(), "Quectel EC25 (2c7c:0125, usb_path 1-10)");
    let order: Vec<&str> = ec25.ports.iter().map(|port| port.name.as_str()).collect();
    assert_eq!(order, names);
    let asked: Vec<&str> = ec25
        .ports_to_ask()
        .iter()
        .map(|port| port.name.as_str())
        .collect();
    assert_eq!(asked, ["ttyUSB4", "ttyUSB5", "ttyUSB3", "ttyUSB10"]);
    assert_eq!((ec25.kind, ec25.interfaces.len()), (Kind::Serial, 5));
    assert_eq!((sara.kind, sara.ports.len()), (Kind::Serial, 1));
    assert_eq!(
        sara.ports.first().map(|port| port.path.clone()),
        Some(machine.path("dev/ttyACM0"))
    );
    let found = device_of(&machine.sysfs(), &machine.path("dev/ttyUSB10"));
    assert_eq!(found.as_ref(), Some(ec25));
    assert_eq!(
        device_of(&machine.sysfs(), &machine.path("dev/ttyS0")),
        None
    );
}

#[test]
fn a_huawei_says_by_its_protocols_which_port_is_which() {
    let port = |protocol, name: &str| Plug {
        codes: (0xff, 2, protocol),
        ..Plug::serial(name)
    };
    // Made by hand: modem, diagnosis, PC user interface.
    let interfaces = vec![port(1, "ttyUSB0"), port(3, "ttyUSB1"), port(2, "ttyUSB2")];
    let found =
        only(&stick("1-1", (0x12d1, 0x1506), "HUAWEI Mobile", interfaces)).expect("a modem");
    let asked: Vec<&str> = found
        .ports_to_ask()
        .iter()
        .map(|port| port.name.as_str())
        .collect();
    assert_eq!(asked, ["ttyUSB2", "ttyUSB0", "ttyUSB1"]);
    assert_eq!(found.to_string(), "HUAWEI Mobile (12d1:1506, usb_path 1-1)");
}

/// What the devices without an AT port are, and that the advice names what helps.
#[test]
fn what_has_no_port_is_named_with_what_to_do() {
    let bare = Plug::without_port;
    let storage = || bare((8, 6, 0x50), Some("usb-storage"));
    let at = |vendor, product, interfaces| only(&stick("1-1.2", (vendor, product), "", interfaces));
    let check = |found: Option<Candidate>, kind: Kind, words: &str| {
        let found = found.expect("it is listed");
        assert_eq!(found.kind, kind, "{found}");
        let advice = found.advice().unwrap_or_default();
        assert!(advice.contains(words), "{found}: {advice}");
    };
    check(
        at(0x1e0e, 0xf000, vec![storage()]),
        Kind::CdRom,
        "usb-modeswitch",
    );
    check(
        at(0x12d1, 0x9999, vec![storage(), storage()]),
        Kind::CdRom,
        "usb-modeswitch",
    );
    let ether = bare((2, 6, 0), Some("cdc_ether"));
    let hilink = at(
        0x12d1,
        0x14dc,
        vec![ether, bare((0x0a, 6, 0), Some("cdc_ether")), storage()],
    );
    check(hilink, Kind::HiLink, "HiLink");
    let qmi = bare((0xff, 0xff, 0xff), Some("qmi_wwan"));
    check(at(0x1199, 0x9071, vec![qmi.clone()]), Kind::QmiOnly, "QMI");
    let mbim = bare((2, 0x0e, 0), Some("cdc_mbim"));
    check(at(0x413c, 0x81d7, vec![mbim]), Kind::MbimOnly, "MBIM");
    let undriven = bare((0xff, 0xff, 0xff), None);
    check(
        at(0x1e0e, 0x9001, vec![undriven.clone(), undriven, qmi]),
        Kind::NoDriver,
        "echo 1e0e 9001 > /sys/bus/usb-serial/drivers/option1/new_id",
    );
    check(
        at(0x1546, 0x1102, vec![bare((2, 2, 1), None)]),
        Kind::NoDriver,
        "modprobe cdc-acm",
    );
    let adapter = Plug {
        driver: Some("cp210x"),
        ..Plug::serial("ttyUSB0")
    };
    check(
        at(0x10c4, 0xea60, vec![adapter]),
        Kind::Adapter,
        "usb_path = \"1-1.2\"",
    );
    let receiver = Plug {
        codes: (2, 2, 1),
        driver: Some("cdc_acm"),
        port: Some("ttyACM0".to_owned()),
    };
    check(
        at(0x1546, 0x01a8, vec![receiver]),
        Kind::Adapter,
        "usb_path",
    );
}

#[test]
fn what_has_nothing_to_do_with_modems_is_left_out() {
    let bare = Plug::without_port;
    let storage = || bare((8, 6, 0x50), Some("usb-storage"));
    // A flash drive, a Samsung disc, a keyboard, a TP-Link network card, a Samsung printer, an adb interface.
    assert_eq!(
        only(&stick("1-1", (0x0781, 0x5567), "Cruzer", vec![storage()])),
        None
    );
    assert_eq!(
        only(&stick("1-1", (0x04e8, 0x61f5), "T5", vec![storage()])),
        None
    );
    assert_eq!(
        only(&stick(
            "1-1",
            (0x046d, 0xc31c),
            "Keyboard",
            vec![bare((3, 1, 1), Some("usbhid"))]
        )),
        None
    );
    let card = bare((2, 0x0d, 0), Some("cdc_ncm"));
    assert_eq!(
        only(&stick("1-1", (0x2357, 0x0601), "UE300", vec![card])),
        None
    );
    let printer = bare((0xff, 0xff, 0xff), None);
    assert_eq!(
        only(&stick("1-1", (0x04e8, 0x3413), "Printer", vec![printer])),
        None
    );
    let adb = bare((0xff, 0x42, 1), None);
    assert_eq!(
        only(&stick("1-1", (0x19d2, 0x1354), "phone", vec![adb])),
        None
    );
}

/// A device writes its own name.
#[test]
fn what_a_device_says_of_itself_cannot_garble_a_terminal() {
    let machine = Machine::new();
    let model = "Mo\u{1b}[2Jdem\u{202e}\r\nx";
    machine.plug_in(&stick(
        "1-1",
        (0x12d1, 0x1506),
        model,
        vec![Plug::serial("ttyUSB0")],
    ));
    let device = machine.device("1-1");
    std::fs::write(device.join("manufacturer"), [0xff, 0xfe, b'A'].repeat(500)).expect("a file");
    std::fs::write(device.join("serial"), "490154203237518\n").expect("a file");
    let found = candidates(&machine.sysfs());
    let [found] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(found.model.as_deref(), Some("Mo[2Jdemx"));
    assert_eq!(found.manufacturer.as_ref().map(|name| name.len()), Some(64));
    assert!(
        !format!("{found:?} {found}").contains("49015"),
        "a serial number may be the IMEI"
    );
}

#[test]
fn a_device_that_goes_while_it_is_read_is_left_out() {
    let machine = Machine::new();
    machine.plug_in(&stick(
        "1-1",
        (0x12d1, 0x1506),
        "",
        vec![Plug::serial("ttyUSB0")],
    ));
    std::fs::remove_file(machine.device("1-1").join("idProduct")).expect("it was there");
    assert_eq!(candidates(&machine.sysfs()), []);
}
