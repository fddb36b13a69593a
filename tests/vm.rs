//! A USB modem and the kernel's own drivers, in a virtual machine: `modem-sim` exports a stick by USB/IP, `vhci_hcd` plugs
//! it in, `option` or `cdc_acm` makes its ports. No udevd runs there, and nothing is changed on this machine.
//!
//! One machine for all of it, since its start is what takes long; the steps stand in the order of their running.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use support::bridge::PLENTY;
use support::vm::Vm;

const STICK: &str = "1e0e:9000";
const IMEI: &str = "490154203237518";
const OTHER_IMEI: &str = "356938035643809";
const THIRD_IMEI: &str = "355689075467325";
const ANN: &str = "+12025550100";

#[tokio::test]
async fn the_kernels_drivers_and_the_bridge_share_a_stick() {
    let programs = [
        ("sms-bridge", "SMS_BRIDGE_BIN"),
        ("modem-sim", "SMS_BRIDGE_MODEM_SIM"),
        ("bot-api-sim", "SMS_BRIDGE_BOT_API_SIM"),
    ];
    let Some(mut vm) = Vm::start(&programs).await else {
        return;
    };
    a_client_of_others_lists_the_stick(&mut vm).await;
    plugging_in_makes_ports_and_events(&mut vm).await;
    one_port_talks_at(&mut vm).await;
    a_port_hangs_up_under_its_reader(&mut vm).await;
    the_only_stick_is_found_and_found_again(&mut vm).await;
    two_sticks_keep_their_lines_however_ports_are_numbered(&mut vm).await;
    a_stick_of_class_acm_is_found_too(&mut vm).await;
    vm.power_off().await;
}

/// The stick as others see it: Debian's `usbip` reads the list, and refuses nothing in it.
async fn a_client_of_others_lists_the_stick(vm: &mut Vm) {
    vm.run(&format!("stick first 3240 --imei {IMEI}")).await;
    let listed = vm.run("usbip list -r 127.0.0.1 2>/dev/null").await;
    assert!(
        listed.contains("1-1: ") && listed.contains(&format!("({STICK})")),
        "{listed}"
    );
    for interface in 0..3 {
        let line =
            format!("{interface} - unknown class / unknown subclass / unknown protocol (ff/ff/ff)");
        assert!(listed.contains(&line), "{listed}");
    }
    let refused = vm.run("! usbip attach -r 127.0.0.1 -b 2-1 2>&1").await;
    assert!(
        refused.contains("Attach Request for 2-1 failed"),
        "{refused}"
    );
}

async fn plugging_in_makes_ports_and_events(vm: &mut Vm) {
    assert_eq!(vm.run("ls /dev | grep ttyUSB || true").await, "");
    // busybox's listener gets the kernel's own messages, as there is nobody else to send any.
    vm.run(
        "uevent sh -c 'echo \"$ACTION $SUBSYSTEM $DEVNAME\"' >/run/events & echo $! >/run/listener",
    )
    .await;
    vm.run("plug 3240").await;
    vm.until("test -c /dev/ttyUSB2").await;
    assert_eq!(
        vm.run(&format!("ports {STICK}")).await,
        "ttyUSB0 1-1:1.0\nttyUSB1 1-1:1.1\nttyUSB2 1-1:1.2\n"
    );
    let driver = "basename $(readlink /sys/bus/usb/devices/1-1:1.2/driver)";
    assert_eq!(vm.run(driver).await, "option\n");
    let events = vm
        .until("grep 'add tty ttyUSB2' /run/events && cat /run/events")
        .await;
    for port in ["ttyUSB0", "ttyUSB1"] {
        assert!(events.contains(&format!("add tty {port}")), "{events}");
    }
    vm.run("kill $(cat /run/listener)").await;
    let taken = vm.run("usbip list -r 127.0.0.1 2>&1").await;
    assert!(!taken.contains(STICK), "it is imported already: {taken}");
}

async fn one_port_talks_at(vm: &mut Vm) {
    let answer = vm.run(r"said ttyUSB2 'AT+CGSN\r' 2").await;
    assert!(answer.contains(IMEI) && answer.contains("OK"), "{answer}");
    assert_eq!(vm.run(r"said ttyUSB1 'AT\r' 1").await, "");
    let garbage = vm.run(r"said ttyUSB0 'AT\r' 1").await;
    assert!(
        garbage.contains("^SAT") && garbage.contains('~'),
        "{garbage}"
    );
}

/// What a reader of the port sees when the stick is pulled: its end, at once.
async fn a_port_hangs_up_under_its_reader(vm: &mut Vm) {
    vm.run("(cat /dev/ttyUSB2 >/dev/null 2>&1; echo $? >/run/ended) & sleep 0.3")
        .await;
    vm.run(r#"test ! -e /run/ended && ask first '{"do":"drop_port","seconds":1}'"#)
        .await;
    vm.until("test -s /run/ended").await;
    vm.until("test ! -e /dev/ttyUSB2").await;
    vm.run("plug 3240").await;
    vm.until("test -c /dev/ttyUSB2").await;
}

/// `port = "auto"` is enough for a common stick, and it is found again after a pull.
async fn the_only_stick_is_found_and_found_again(vm: &mut Vm) {
    vm.run(
        r#"bot-api-sim --listen 127.0.0.1:8081 --token 1000001:for-tests-only >/run/telegram.log 2>&1 &
        for attempt in $(seq 300); do grep -q ready /run/telegram.log && break; sleep 0.1; done
        act user '{"id":1001,"first_name":"Olga"}'
        act start '{"user":1001,"silent":true}'"#,
    )
    .await;
    start_bridge(vm, "[line.home]\nport = \"auto\"").await;
    arrives(vm, "first", "before the pull").await;
    leaves(vm, "first", "/send", "an answer").await;
    found(vm, "ttyUSB2").await;
    listens_to_the_kernel(vm).await;

    pull(vm, "first", "ttyUSB2").await;
    // A port that has hung up is readable without end: one who does not notice takes a whole processor.
    let share = vm.run("share $(cat /run/bridge.pid) 4").await;
    let share: u32 = share.trim().parse().expect("a number");
    assert!(
        share < 30,
        "{share} % of a processor while the stick is away"
    );
    vm.run("plug 3240").await;
    arrives(vm, "first", "after the pull").await;
    leaves(vm, "first", "/send", "another answer").await;
    stop_bridge(vm).await;
}

/// No udevd runs here, so who hears of devices has the kernel's own announcements: protocol 15, group 1.
async fn listens_to_the_kernel(vm: &mut Vm) {
    vm.run(
        r#"for inode in $(awk '$2 == 15 && $4 == "00000001" { print $NF }' /proc/net/netlink); do
            ls -l /proc/$(cat /run/bridge.pid)/fd | grep -q "socket:.$inode" && exit
        done
        cat /proc/net/netlink; exit 1"#,
    )
    .await;
}

/// Two sticks of one make, told apart by IMEI and by where they are plugged in. One of them is pulled and comes back
/// elsewhere, under other numbers, while a third has its place and its numbers. The other one is not disturbed.
async fn two_sticks_keep_their_lines_however_ports_are_numbered(vm: &mut Vm) {
    pull(vm, "first", "ttyUSB2").await;
    vm.run(&format!("stick second 3241 --imei {OTHER_IMEI}"))
        .await;
    vm.run("plug 3241").await;
    vm.until("test -c /dev/ttyUSB2").await;
    vm.run("plug 3240").await;
    vm.until("test -c /dev/ttyUSB5").await;
    assert_eq!(
        vm.run(&format!("ports {STICK}")).await,
        "ttyUSB0 1-1:1.0\nttyUSB1 1-1:1.1\nttyUSB2 1-1:1.2\n\
         ttyUSB3 1-2:1.0\nttyUSB4 1-2:1.1\nttyUSB5 1-2:1.2\n"
    );
    start_bridge(
        vm,
        &format!(
            "[line.home]\nport = \"auto\"\nimei = \"{IMEI}\"\n\
             [line.work]\nport = \"auto\"\nusb_path = \"1-1\""
        ),
    )
    .await;
    found(vm, "ttyUSB5").await;
    found(vm, "ttyUSB2").await;
    arrives(vm, "first", "to home").await;
    arrives(vm, "second", "to work").await;
    leaves(vm, "first", "/send @home", "from home").await;
    leaves(vm, "second", "/send @work", "from work").await;

    pull(vm, "first", "ttyUSB5").await;
    vm.run(&format!("stick decoy 3242 --imei {THIRD_IMEI}"))
        .await;
    vm.run("plug 3242").await;
    vm.until("test -c /dev/ttyUSB5").await;
    arrives(vm, "second", "work goes on").await;
    vm.run("plug 3240").await;
    found(vm, "ttyUSB8").await;
    arrives(vm, "first", "home again").await;
    leaves(vm, "first", "/send @home", "from home again").await;
    leaves(vm, "second", "/send @work", "still from work").await;
    stop_bridge(vm).await;
    let decoyed = vm.run(r#"ask decoy '{"do":"submitted"}'"#).await;
    assert!(decoyed.contains(r#""messages":[]"#), "{decoyed}");
}

async fn a_stick_of_class_acm_is_found_too(vm: &mut Vm) {
    vm.run("stick acm 3243 --usb 1546:1102 --usb-acm --usb-ports 1 --usb-at-port 0")
        .await;
    vm.run("plug 3243").await;
    vm.until("test -c /dev/ttyACM0").await;
    assert_eq!(vm.run("ports 1546:1102").await, "ttyACM0 1-4:1.0\n");
    start_bridge(vm, "[line.home]\nport = \"auto\"\nusb_path = \"1-4\"").await;
    found(vm, "ttyACM0").await;
    arrives(vm, "acm", "to the fourth").await;
    stop_bridge(vm).await;
}

/// Starts the bridge, with a store of its own, between these lines and the owner's chat.
async fn start_bridge(vm: &mut Vm, lines: &str) {
    let lines = lines.replace("]\nport", &format!("]\n{PLENTY}port"));
    vm.run(&format!(
        r#"umask 077
        rm -rf /run/data
        cat >/run/config.toml <<'END'
data_dir = "/run/data"
log = "info"
[person.me]
role = "owner"
telegram = 1001
[telegram]
token = "1000001:for-tests-only"
api_url = "http://127.0.0.1:8081"
{lines}
END
        sms-bridge run --config /run/config.toml >/run/bridge.log 2>&1 &
        echo $! >/run/bridge.pid"#
    ))
    .await;
    // What comes before that is told in one post.
    let count = lines.matches("[line.").count();
    vm.until(&format!(
        "test $(grep -c 'first look at the SIM is over' /run/bridge.log) -ge {count} || {{ cat /run/bridge.log; false; }}"
    ))
    .await;
}

async fn stop_bridge(vm: &mut Vm) {
    vm.run("kill $(cat /run/bridge.pid)").await;
    vm.until("! test -e /proc/$(cat /run/bridge.pid)").await;
}

/// Pulls a stick, of which this is a port.
async fn pull(vm: &mut Vm, stick: &str, port: &str) {
    let request = r#"{"do":"drop_port","seconds":1}"#;
    vm.run(&format!("ask {stick} '{request}'")).await;
    vm.until(&format!("test ! -e /sys/class/tty/{port}")).await;
}

/// The bridge says that it found a modem at this port.
async fn found(vm: &mut Vm, port: &str) {
    vm.until(&format!(
        "grep 'found the modem' /run/bridge.log | grep '/dev/{port}' || {{ cat /run/bridge.log; false; }}"
    ))
    .await;
}

/// An SMS from Ann comes to the chat.
async fn arrives(vm: &mut Vm, stick: &str, text: &str) {
    let request = format!(r#"{{"do":"deliver","from":"{ANN}","text":"{text}"}}"#);
    vm.run(&format!("ask {stick} '{request}'")).await;
    vm.until(&format!(
        "act messages '{{\"chat\":1001}}' | grep -q '{text}' || {{ cat /run/bridge.log; false; }}"
    ))
    .await;
}

/// The owner writes to Ann, and this stick's network has it.
async fn leaves(vm: &mut Vm, stick: &str, command: &str, text: &str) {
    let written = format!(r#"{{"chat":1001,"from":1001,"text":"{command} {ANN} {text}"}}"#);
    vm.run(&format!("act write '{written}'")).await;
    vm.until(&format!(
        r#"ask {stick} '{{"do":"submitted"}}' | grep -q '"text":"{text}"' || {{ cat /run/bridge.log; false; }}"#
    ))
    .await;
}
