//! `port = "auto"` on machines of a folder, whose device files lead to simulated modems behind pseudo-terminals.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use modem_sim::serve::{Handle as Network, Place, Pty};
use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::sync::mpsc;

use super::super::find::Finder;
use super::{Handle, ready, serve, soon, spawn, until};
use crate::config::{Address, Config};
use crate::discovery::fake::{Machine, Plug, Stick};
use crate::event::Event;
use crate::status::Phase;

const FIRST: &str = "490154203237518";
const SECOND: &str = "356938035643809";

/// A stick of a model that no table knows.
fn stick(path: &'static str, ports: &[&str]) -> Stick {
    Stick {
        path,
        vendor: 0x1e0e,
        product: 0x9000,
        model: "HSUPA Modem",
        interfaces: ports.iter().map(|port| Plug::serial(port)).collect(),
    }
}

fn config(machine: &Machine) -> Config {
    let locks = machine.path("locks");
    std::fs::create_dir_all(&locks).expect("a folder");
    Config {
        sysfs: machine.sysfs(),
        lock_folder: locks,
        ..Config::new(Address::Auto)
    }
}

fn with_imei(machine: &Machine, imei: &str) -> Config {
    Config {
        imei: Some(imei.parse().expect("an IMEI")),
        ..config(machine)
    }
}

/// A modem that answers at a port of this machine.
async fn modem(machine: &Machine, port: &str, imei: &str) -> Network {
    let settings = modem_sim::Settings {
        imei: imei.to_owned(),
        ..modem_sim::Settings::default()
    };
    let link = Some(machine.path("dev").join(port));
    serve(settings, Place::Pty { link }).await.0
}

/// A port that is there and says nothing.
fn silent(machine: &Machine, port: &str) -> Pty {
    Pty::open(Some(&machine.path("dev").join(port))).expect("a pseudo-terminal")
}

fn locks(machine: &Machine) -> Vec<String> {
    let folder = std::fs::read_dir(machine.path("locks")).expect("a folder");
    folder
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn lock_of(machine: &Machine, port: &str) -> String {
    let real = machine
        .path("dev")
        .join(port)
        .canonicalize()
        .expect("a port");
    let number = real
        .file_name()
        .expect("a number")
        .to_string_lossy()
        .into_owned();
    format!("LCK..pts_{number}")
}

/// Waits for words in the phase of a line that cannot be opened.
async fn told(handle: &Handle, words: &str) -> String {
    let status = until(handle, |status| {
        matches!(
            status.phase,
            Phase::PortAbsent { .. } | Phase::PortUnusable { .. }
        ) && status.phase.to_string().contains(words)
    })
    .await;
    status.phase.to_string()
}

fn imei_of(handle: &Handle) -> Option<String> {
    let status = handle.status();
    let status = status.borrow();
    let imei = status.identity.imei.as_ref()?;
    Some(imei.reveal().to_owned())
}

fn start(config: Config) -> (Handle, mpsc::Receiver<Event>) {
    spawn(config)
}

#[tokio::test]
async fn of_three_ports_the_one_that_answers_is_used_and_locked() {
    let machine = Machine::new();
    let _first = silent(&machine, "ttyUSB0");
    let _network = modem(&machine, "ttyUSB1", FIRST).await;
    let _third = silent(&machine, "ttyUSB2");
    machine.plug_in(&stick("1-1", &["ttyUSB0", "ttyUSB1", "ttyUSB2"]));
    let (handle, _events) = start(config(&machine));
    ready(&handle).await;
    assert_eq!(locks(&machine), [lock_of(&machine, "ttyUSB1")]);
    soon(handle.shutdown()).await;
    assert_eq!(locks(&machine), Vec::<String>::new());
}

/// The stick is pulled out and plugged in again elsewhere, another one takes its old place, and all ports are
/// numbered anew: the line follows its modem by the IMEI that it was told at first.
#[tokio::test]
async fn a_modem_is_found_again_however_its_ports_are_numbered() {
    let machine = Machine::new();
    let network = modem(&machine, "ttyUSB0", FIRST).await;
    let first = stick("1-1", &["ttyUSB0"]);
    machine.plug_in(&first);
    let (handle, _events) = start(config(&machine));
    ready(&handle).await;

    network.stop().await;
    machine.pull_out(&first);
    told(&handle, "went away").await;
    told(&handle, "no USB modem is plugged in").await;
    let network = modem(&machine, "ttyUSB3", FIRST).await;
    let second = stick("1-1", &["ttyUSB3"]);
    machine.plug_in(&second);
    ready(&handle).await;

    let _stranger = modem(&machine, "ttyUSB5", SECOND).await;
    machine.plug_in(&stick("1-2", &["ttyUSB5"]));
    network.stop().await;
    machine.pull_out(&second);
    let _again = modem(&machine, "ttyUSB7", FIRST).await;
    machine.plug_in(&stick("1-4", &["ttyUSB7"]));
    until(&handle, |status| !status.is_ready()).await;
    ready(&handle).await;
    assert_eq!(imei_of(&handle).as_deref(), Some(FIRST));
}

#[tokio::test]
async fn two_lines_each_find_their_own_modem_by_imei() {
    let machine = Machine::new();
    let _one = modem(&machine, "ttyUSB0", FIRST).await;
    let _other = modem(&machine, "ttyUSB1", SECOND).await;
    machine.plug_in(&stick("1-1", &["ttyUSB0"]));
    machine.plug_in(&stick("1-2", &["ttyUSB1"]));
    // Crosswise: each looks at the other's modem first or at the same time.
    let (second, _second_events) = start(with_imei(&machine, SECOND));
    let (first, _first_events) = start(with_imei(&machine, FIRST));
    ready(&first).await;
    ready(&second).await;
    assert_eq!(imei_of(&first).as_deref(), Some(FIRST));
    assert_eq!(imei_of(&second).as_deref(), Some(SECOND));
    // A third line whose modem is not there leaves both alone.
    let (third, _third_events) = start(with_imei(&machine, "352099001761481"));
    let words = told(&third, "is not found").await;
    assert!(
        words.contains("usb_path 1-1) is in use by another line"),
        "{words}"
    );
    assert!(first.status().borrow().is_ready() && second.status().borrow().is_ready());
}

#[tokio::test]
async fn of_two_modems_none_is_taken_by_chance() {
    let machine = Machine::new();
    let _one = modem(&machine, "ttyUSB0", FIRST).await;
    let _other = modem(&machine, "ttyUSB1", SECOND).await;
    machine.plug_in(&stick("1-1", &["ttyUSB0"]));
    machine.plug_in(&stick("1-2", &["ttyUSB1"]));
    let (handle, _events) = start(config(&machine));
    let words = told(&handle, "several USB modems").await;
    for expected in ["set usb_path or imei", "usb_path 1-1)", "usb_path 1-2)"] {
        assert!(words.contains(expected), "{words}");
    }
    // Another line that names one of them leaves the other.
    let (named, _named_events) = start(Config {
        usb_path: Some("1-1".parse().expect("a path")),
        ..config(&machine)
    });
    ready(&named).await;
    ready(&handle).await;
    assert_eq!(imei_of(&named).as_deref(), Some(FIRST));
    assert_eq!(imei_of(&handle).as_deref(), Some(SECOND));
}

/// The line that names nothing must not send from the other's SIM while its own modem is away.
#[tokio::test]
async fn the_only_modem_is_left_to_the_line_that_names_its_imei() {
    let machine = Machine::new();
    let _network = modem(&machine, "ttyUSB0", FIRST).await;
    let (named, _named_events) = start(with_imei(&machine, FIRST));
    told(&named, "no USB modem is plugged in").await;
    let (any, _events) = start(config(&machine));
    told(&any, "no USB modem is plugged in").await;
    machine.plug_in(&stick("1-1", &["ttyUSB0"]));
    ready(&named).await;
    // A name counts for as long as its line is there, whether or not the line has the modem.
    let (absent, _absent_events) = start(Config {
        address: "/dev/absent".parse().expect("an address"),
        ..with_imei(&machine, FIRST)
    });
    soon(named.shutdown()).await;
    told(&any, "names the IMEI").await;
    soon(absent.shutdown()).await;
    ready(&any).await;
}

#[tokio::test]
async fn a_line_with_a_named_port_keeps_its_stick() {
    let machine = Machine::new();
    let _one = modem(&machine, "ttyUSB0", FIRST).await;
    machine.plug_in(&stick("1-1", &["ttyUSB0"]));
    let (auto, _auto_events) = start(config(&machine));
    let path = machine.path("dev/ttyUSB0");
    let (named, _named_events) = start(Config {
        address: Address::Path(path.clone()),
        ..config(&machine)
    });
    ready(&named).await;
    told(&auto, "another line of this program has SIMCom HSUPA Modem").await;
    let (same, _same_events) = start(Config {
        address: Address::Path(path),
        ..config(&machine)
    });
    told(&same, "is in use by another line of this program").await;
    assert!(named.status().borrow().is_ready());
}

#[tokio::test]
async fn what_is_plugged_in_instead_of_a_modem_is_said() {
    let machine = Machine::new();
    let (handle, _events) = start(config(&machine));
    told(&handle, "no USB modem is plugged in: waiting for one").await;
    let disc = Stick {
        product: 0xf000,
        interfaces: vec![Plug::without_port((8, 6, 0x50), Some("usb-storage"))],
        ..stick("1-1", &[])
    };
    machine.plug_in(&disc);
    let words = told(
        &handle,
        "(1e0e:f000, usb_path 1-1): it still shows the disc",
    )
    .await;
    assert!(words.contains("usb-modeswitch"), "{words}");
    // The disc becomes a modem.
    machine.pull_out(&disc);
    let _network = modem(&machine, "ttyUSB0", FIRST).await;
    machine.plug_in(&stick("1-1", &["ttyUSB0"]));
    ready(&handle).await;
}

#[tokio::test]
async fn an_adapter_is_used_only_where_it_is_named() {
    let machine = Machine::new();
    let _network = modem(&machine, "ttyUSB0", FIRST).await;
    let cable = Stick {
        vendor: 0x10c4,
        product: 0xea60,
        interfaces: vec![Plug {
            driver: Some("cp210x"),
            ..Plug::serial("ttyUSB0")
        }],
        ..stick("1-3", &[])
    };
    machine.plug_in(&cable);
    let (handle, _events) = start(config(&machine));
    told(&handle, "write usb_path = \"1-3\"").await;
    soon(handle.shutdown()).await;
    let (named, _named_events) = start(Config {
        usb_path: Some("1-3".parse().expect("a path")),
        ..config(&machine)
    });
    ready(&named).await;
    let (elsewhere, _elsewhere_events) = start(Config {
        usb_path: Some("1-4".parse().expect("a path")),
        ..config(&machine)
    });
    told(&elsewhere, "there is no modem at usb_path 1-4").await;
}

/// A port that says nothing and keeps what is written to it.
struct Recorder {
    master: OwnedFd,
    _client: OwnedFd,
}

impl Recorder {
    fn open(machine: &Machine, port: &str) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags).expect("a pseudo-terminal");
        rustix::pty::grantpt(&master).expect("ours");
        rustix::pty::unlockpt(&master).expect("ours");
        let name = rustix::pty::ptsname(&master, Vec::new()).expect("a name");
        let name = PathBuf::from(name.into_string().expect("a path"));
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let client = rustix::fs::open(&name, flags, Mode::empty()).expect("the other side");
        let mut attributes = tcgetattr(&client).expect("a terminal");
        attributes.make_raw();
        tcsetattr(&client, OptionalActions::Now, &attributes).expect("a terminal");
        rustix::fs::fcntl_setfl(&master, OFlags::NONBLOCK).expect("ours");
        std::os::unix::fs::symlink(name, machine.path("dev").join(port)).expect("a link");
        Self {
            master,
            _client: client,
        }
    }

    fn written(&self) -> String {
        let mut all = Vec::new();
        let mut buffer = [0; 512];
        while let Ok(length @ 1..) = rustix::io::read(&self.master, &mut buffer) {
            all.extend_from_slice(&buffer[..length]);
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}

#[tokio::test]
async fn a_stick_that_answers_nowhere_is_said_and_was_asked_nothing_but_at() {
    let machine = Machine::new();
    let port = Recorder::open(&machine, "ttyUSB0");
    machine.plug_in(&stick("1-1", &["ttyUSB0"]));
    let (handle, _events) = start(config(&machine));
    told(&handle, "answers on none of its ports (ttyUSB0)").await;
    let written = port.written();
    assert!(written.contains("AT\r"), "{written:?}");
    let rest = written.replace("AT\r", "").replace('\u{1b}', "");
    assert_eq!(rest, "", "{written:?}");
}

/// A modem that served and then hangs is given to the engine all the same, for it knows what to try.
#[tokio::test]
async fn a_known_modem_that_fell_silent_is_opened_again() {
    let machine = Machine::new();
    let network = modem(&machine, "ttyUSB0", FIRST).await;
    machine.plug_in(&stick("1-1", &["ttyUSB0"]));
    let (handle, _events) = start(config(&machine));
    ready(&handle).await;
    network.stop().await;
    until(&handle, |status| !status.is_ready()).await;
    let _hangs = silent(&machine, "ttyUSB0");
    until(&handle, |status| {
        matches!(status.phase, Phase::BringingUp { .. } | Phase::Recovering)
    })
    .await;
    assert_eq!(locks(&machine), [lock_of(&machine, "ttyUSB0")]);
}

/// A real program that has the port open.
fn sleep_on(port: &Path) -> Child {
    let port = std::fs::File::open(port).expect("the port");
    Command::new("sleep")
        .arg("60")
        .stdin(Stdio::from(port))
        .spawn()
        .expect("a program")
}

fn end(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

#[tokio::test]
async fn a_program_that_holds_the_port_is_named_and_waited_for() {
    let machine = Machine::new();
    let _network = modem(&machine, "ttyUSB0", FIRST).await;
    machine.plug_in(&stick("1-1", &["ttyUSB0"]));
    let sleeper = sleep_on(&machine.path("dev/ttyUSB0"));
    let words = format!(
        "ttyUSB0 is in use by sleep (process {}): stop it",
        sleeper.id()
    );
    let (auto, _auto_events) = start(config(&machine));
    told(&auto, &words).await;
    soon(auto.shutdown()).await;
    let (named, _named_events) = start(Config {
        address: Address::Path(machine.path("dev/ttyUSB0")),
        ..config(&machine)
    });
    told(&named, &words).await;
    end(sleeper);
    ready(&named).await;
}

#[tokio::test]
async fn the_lock_file_of_another_program_is_honoured_until_it_is_gone() {
    let machine = Machine::new();
    let _network = modem(&machine, "ttyUSB0", FIRST).await;
    machine.plug_in(&stick("1-1", &["ttyUSB0"]));
    let config = config(&machine);
    let sleeper = Command::new("sleep").arg("60").spawn().expect("a program");
    let lock = machine.path("locks").join(lock_of(&machine, "ttyUSB0"));
    std::fs::write(&lock, format!("{:10}\n", sleeper.id())).expect("a lock");
    let (handle, _events) = start(config);
    told(
        &handle,
        &format!("is in use by sleep (process {})", sleeper.id()),
    )
    .await;
    end(sleeper);
    ready(&handle).await;
    let text = std::fs::read_to_string(&lock).expect("our lock");
    assert_eq!(text.trim(), std::process::id().to_string());
}

/// Two modems at two ports of one stick stand for one modem with two ports: both answer, one says what comes in.
#[tokio::test]
async fn of_two_ports_that_answer_the_one_that_announces_is_used() {
    let machine = Machine::new();
    let _first = modem(&machine, "ttyUSB0", FIRST).await;
    let settings = modem_sim::Settings {
        imei: SECOND.to_owned(),
        quirks: modem_sim::Quirks {
            chatter: Some(modem_sim::Chatter {
                line: "^RSSI:14".to_owned(),
                every_ms: 300,
            }),
            ..modem_sim::Quirks::default()
        },
        ..modem_sim::Settings::default()
    };
    let link = Some(machine.path("dev/ttyUSB1"));
    let _second = serve(settings, Place::Pty { link }).await;
    machine.plug_in(&stick("1-1", &["ttyUSB0", "ttyUSB1"]));
    let (handle, _events) = start(config(&machine));
    ready(&handle).await;
    assert_eq!(imei_of(&handle).as_deref(), Some(SECOND));
    assert_eq!(locks(&machine), [lock_of(&machine, "ttyUSB1")]);
}

/// What the kernel is told, in order, by looking at the file again and again.
async fn told_to_the_kernel(file: PathBuf) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let now = std::fs::read_to_string(&file).unwrap_or_default();
        let now = now.trim().chars().take(1).collect::<String>();
        if !now.is_empty() && seen.last() != Some(&now) {
            seen.push(now);
        }
        tokio::task::yield_now().await;
    }
    seen
}

#[tokio::test]
async fn a_modem_is_reset_at_its_usb_port() {
    let machine = Machine::new();
    let _port = silent(&machine, "ttyUSB0");
    machine.plug_in(&stick("1-1", &["ttyUSB0"]));
    let file = machine.device("1-1").join("authorized");
    let named = Config {
        address: Address::Path(machine.path("dev/ttyUSB0")),
        ..config(&machine)
    };
    let finder = Finder::new(&named);
    let (done, seen) =
        soon(async { tokio::join!(finder.reset(), told_to_the_kernel(file.clone())) }).await;
    assert_eq!(done.map(|path| path.to_string()), Ok("1-1".to_owned()));
    assert_eq!(seen, ["1", "0", "1"]);
}

#[tokio::test]
async fn no_reset_disturbs_another_line_or_pretends_to_help() {
    let machine = Machine::new();
    let _port = silent(&machine, "ttyUSB0");
    let _other_port = silent(&machine, "ttyUSB1");
    machine.plug_in(&stick("1-1", &["ttyUSB0", "ttyUSB1"]));
    let named = |address: &str| {
        Finder::new(&Config {
            address: address.parse().expect("an address"),
            ..config(&machine)
        })
    };
    let path = |port: &str| machine.path("dev").join(port).display().to_string();
    let first = named(&path("ttyUSB0"));
    let mut second = named(&path("ttyUSB1"));
    let held = soon(second.open()).await.expect("it is free");
    let words = soon(first.reset())
        .await
        .expect_err("the other line has a port of it");
    assert!(words.contains("another line"), "{words}");
    drop(held);
    let file = machine.device("1-1").join("authorized");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "1\n");
    std::fs::remove_file(&file).expect("it is there");
    let words = soon(first.reset()).await.expect_err("no such file");
    assert!(words.contains("authorized cannot be written"), "{words}");
    assert!(!file.exists());
    for address in ["tcp://127.0.0.1:4000", "/dev/null"] {
        let words = soon(named(address).reset())
            .await
            .expect_err("no USB device");
        assert!(words.contains("no USB device"), "{words}");
    }
}

/// Root may open everything, so the program is started again as nobody.
#[tokio::test]
async fn who_may_not_open_the_port_is_told_what_to_do() {
    const PORT: &str = "MODEM_TEST_FORBIDDEN_PORT";
    if let Some(port) = std::env::var_os(PORT) {
        let config = Config {
            lock_folder: PathBuf::from("/absent"),
            ..Config::new(Address::Path(PathBuf::from(port)))
        };
        let refused = Finder::new(&config).open().await;
        let Err(Phase::PortUnusable { reason }) = refused else {
            panic!("{refused:?}")
        };
        println!("{reason}");
        return;
    }
    let pty = Pty::open(None).expect("a pseudo-terminal");
    let test = "driver::tests::finding::who_may_not_open_the_port_is_told_what_to_do";
    let asked = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--nocapture"])
        .env(PORT, pty.path())
        .output();
    let output = match asked {
        Ok(output) if rustix::process::geteuid().is_root() => output,
        Ok(_) | Err(_) => {
            println!("skipped: this needs root and setpriv");
            return;
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() && said.is_empty() {
        println!("skipped: nobody may not run this program here");
        return;
    }
    let path = pty.path().display();
    let words = format!("this user may not open {path} (permission denied): usermod -aG");
    assert!(said.contains(&words), "{said}");
}

/// A disc that a table knows is told to be a modem; here no such device is on the bus, and the line says that it stayed one.
#[tokio::test]
async fn a_disc_is_switched_unless_that_is_disabled() {
    let machine = Machine::new();
    machine.plug_in(&Stick {
        path: "1-1",
        vendor: 0x1e0e,
        product: 0xf000,
        model: "PHS-100",
        interfaces: vec![Plug::without_port((8, 6, 0x50), Some("usb-storage"))],
    });
    let root = machine.path("root");
    let etc = root.join("etc");
    std::fs::create_dir_all(etc.join("usb_modeswitch.d")).expect("a folder");
    // Chosen because it needs nothing of the device: it has no ports whatever is done.
    let table = etc.join("usb_modeswitch.d/1e0e:f000");
    std::fs::write(&table, "Configuration=0\n").expect("a file");
    let sources = crate::usb::sources::Sources { root, config: None };
    let start_with = || {
        start(Config {
            usb: Some(sources.clone()),
            ..config(&machine)
        })
    };
    let (handle, _events) = start_with();
    told(&handle, "sms-bridge usb switch").await;
    drop(handle);
    std::fs::write(etc.join("usb_modeswitch.conf"), "DisableSwitching=1\n").expect("a file");
    std::fs::write(&table, "StandardEject=1\n").expect("a file");
    let (handle, _events) = start_with();
    told(&handle, "sms-bridge usb switch").await;
}
