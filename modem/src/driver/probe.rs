//! Which port of a modem to use: the one that answers AT and is told of what comes in.
//!
//! Each port is asked with a few harmless commands and short limits; nothing that changes a setting is sent. Where tables
//! know the port, or only one answers, that is all. Where several answer, the modem's own word decides (Quectel's
//! `+QURCCFG`), then which of them prints something by itself within a few seconds (`^RSSI` on a Huawei), then which
//! accepts `+CNMI`, then the order of the tables. A wrong choice costs time, never a message: the engine polls too.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::port::{Claimed, Opening, Port};
use crate::discovery::{Candidate, SerialPort};
use crate::redacted::Redacted;

/// A modem that is awake answers AT within some milliseconds.
const ANSWER: Duration = Duration::from_millis(700);
/// The first may be taken for the end of something, or for the speed of the line.
const TRIES: usize = 3;
/// Other commands than AT.
const COMMAND: Duration = Duration::from_secs(2);
/// How long several ports are listened to.
const LISTEN: Duration = Duration::from_secs(3);
/// Ports of one device that are asked.
const PORTS: usize = 8;
/// A port that floods without a result has not answered.
const FLOOD: usize = 16 * 1_024;

/// What came of it.
#[derive(Debug)]
pub(super) struct Probed {
    /// The port, still open, if one answers.
    pub(super) found: Option<Found>,
    /// Why ports were not asked, in words.
    pub(super) refused: Vec<String>,
    /// Names of those that were asked and said nothing.
    pub(super) silent: Vec<String>,
}

/// The port to use.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) port: Port,
    /// `bInterfaceNumber`.
    pub(super) interface: u8,
    /// `None`: the modem does not tell it now.
    pub(super) imei: Option<Redacted>,
}

/// A port that answers.
#[derive(Debug)]
struct Answering {
    port: Port,
    interface: u8,
    known: bool,
    /// Whether the modem says that announcements go to this port.
    told: bool,
    accepts_routing: bool,
    speaks: bool,
}

/// Asks the ports of a device that its line has claimed. `first`: the interface that is asked before the others and
/// taken if it answers.
pub(super) async fn probe(candidate: &Candidate, opening: &Opening, first: Option<u8>) -> Probed {
    let mut ports: VecDeque<&SerialPort> = candidate.ports_to_ask().into();
    if let Some(at) = ports
        .iter()
        .position(|port| Some(port.interface.number) == first)
        && let Some(port) = ports.remove(at)
    {
        ports.push_front(port);
    }
    let (mut answering, mut closing) = (Vec::new(), JoinSet::new());
    let (mut refused, mut silent) = (Vec::new(), Vec::new());
    for serial in ports.into_iter().take(PORTS) {
        let mut port = match Port::open_serial(&serial.path, opening, Claimed::Already).await {
            Ok(port) => port,
            Err(phase) => {
                refused.push(phase.to_string());
                continue;
            }
        };
        if !answers(&mut port).await {
            silent.push(serial.name.clone());
            closing.spawn(port.close());
            continue;
        }
        let interface = serial.interface.number;
        let known = candidate.is_known_for_commands(serial) || Some(interface) == first;
        answering.push(Answering {
            port,
            interface,
            known,
            told: false,
            accepts_routing: false,
            speaks: false,
        });
        if known {
            break;
        }
    }
    let found = match choose(candidate, answering, &mut closing).await {
        Some(mut chosen) => Some(Found {
            imei: imei(&mut chosen.port).await,
            port: chosen.port,
            interface: chosen.interface,
        }),
        None => None,
    };
    if found.is_some() {
        // Nobody opens the others while the claim of the device lasts.
        closing.detach_all();
    } else {
        while closing.join_next().await.is_some() {}
    }
    Probed {
        found,
        refused,
        silent,
    }
}

async fn answers(port: &mut Port) -> bool {
    // Leaves the prompt of a message that another program began.
    if port.write(b"\x1b", None).await.is_err() {
        return false;
    }
    for _ in 0..TRIES {
        match ask(port, "AT", ANSWER).await {
            Some(answer) if answer.ok => return true,
            Some(_) | None => {}
        }
    }
    false
}

/// The one that is told of what comes in, as far as can be known.
async fn choose(
    candidate: &Candidate,
    mut answering: Vec<Answering>,
    closing: &mut JoinSet<()>,
) -> Option<Answering> {
    let known = answering.iter().position(|one| one.known);
    if known.is_none() && answering.len() > 1 {
        compare(candidate, &mut answering).await;
    }
    // The first of the best: `max_by_key` alone would give the last.
    let best = || {
        let ranked = answering.iter().enumerate().rev();
        ranked.max_by_key(|(_, one)| (one.told, one.speaks, one.accepts_routing))
    };
    let at = known.or_else(|| best().map(|(at, _)| at))?;
    let chosen = answering.swap_remove(at);
    for other in answering {
        closing.spawn(other.port.close());
    }
    Some(chosen)
}

async fn compare(candidate: &Candidate, answering: &mut [Answering]) {
    let quectel = candidate.vendor == 0x2c7c;
    let mut urc_port = None;
    for one in answering.iter_mut() {
        let routing = ask(&mut one.port, "AT+CNMI=?", COMMAND).await;
        one.accepts_routing = routing.as_ref().is_some_and(|answer| answer.ok);
        one.speaks |= routing.is_some_and(|answer| answer.speaks);
        if quectel && urc_port.is_none() {
            let answer = ask(&mut one.port, "AT+QURCCFG=\"urcport\"", COMMAND).await;
            urc_port = answer.and_then(|answer| urc_interface(&answer.lines));
        }
    }
    for one in answering.iter_mut() {
        one.told = urc_port == Some(one.interface);
    }
    if answering.iter().any(|one| one.told || one.speaks) {
        return;
    }
    // What comes meanwhile waits in the kernel's buffer of each port.
    let end = now() + LISTEN;
    for one in answering.iter_mut() {
        one.speaks = listen(&mut one.port, end).await;
    }
}

/// Quectel's EC2x and later (`+QURCCFG: "urcport","usbat"`): the AT port is interface 2, the modem port 3.
fn urc_interface(lines: &[String]) -> Option<u8> {
    let line = lines.iter().find(|line| line.starts_with("+QURCCFG:"))?;
    if line.contains("\"usbat\"") {
        Some(2)
    } else if line.contains("\"usbmodem\"") {
        Some(3)
    } else {
        None
    }
}

/// Whether the port prints something by itself until then, or has since it was asked last.
async fn listen(port: &mut Port, end: Instant) -> bool {
    let mut lines = Lines::default();
    // Ports after the first are read when the time is over: what is there is read all the same.
    let end = end.max(now() + Duration::from_millis(50));
    loop {
        let mut buffer = [0; 512];
        let Ok(Ok(length @ 1..)) = timeout_at(end, port.read(&mut buffer)).await else {
            return false;
        };
        lines.take(buffer.get(..length).unwrap_or_default());
        if lines.whole.iter().any(|line| is_unsolicited(line, "")) {
            return true;
        }
        if lines.seen > FLOOD {
            return false;
        }
    }
}

/// `AT+CGSN` (3GPP TS 27.007 §5.4). Some need no prefix, some write one.
async fn imei(port: &mut Port) -> Option<Redacted> {
    let answer = ask(port, "AT+CGSN", COMMAND).await?;
    answer.lines.iter().find_map(|line| {
        let value = line.strip_prefix("+CGSN:").unwrap_or(line);
        let digits = value
            .trim()
            .trim_matches('"')
            .split(',')
            .next()?
            .trim_matches('"');
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
        (plain && (14..=17).contains(&digits.len())).then(|| Redacted::new(digits))
    })
}

#[derive(Debug)]
struct Answer {
    lines: Vec<String>,
    /// The result was OK.
    ok: bool,
    /// Something came besides that nobody asked for.
    speaks: bool,
}

/// One command and its result; `None` if none came in time.
async fn ask(port: &mut Port, command: &str, limit: Duration) -> Option<Answer> {
    let exchange = async {
        port.write(format!("{command}\r").as_bytes(), None)
            .await
            .ok()?;
        let mut lines = Lines::default();
        let mut buffer = [0; 512];
        loop {
            let length = port
                .read(&mut buffer)
                .await
                .ok()
                .filter(|length| *length > 0)?;
            lines.take(buffer.get(..length)?);
            if let Some(ok) = lines.whole.iter().find_map(|line| result(line)) {
                let speaks = lines.whole.iter().any(|line| is_unsolicited(line, command));
                return Some(Answer {
                    lines: lines.whole,
                    ok,
                    speaks,
                });
            }
            if lines.seen > FLOOD {
                return None;
            }
        }
    };
    timeout(limit, exchange).await.ok().flatten()
}

/// Whether a line ends a command, and how.
fn result(line: &str) -> Option<bool> {
    let error = ["ERROR", "+CME ERROR", "+CMS ERROR", "COMMAND NOT SUPPORT"];
    if line == "OK" {
        Some(true)
    } else {
        error
            .iter()
            .any(|error| line.starts_with(error))
            .then_some(false)
    }
}

/// Whether nobody asked for this line. `$` is left out: satellite receivers print it without end.
fn is_unsolicited(line: &str, command: &str) -> bool {
    let asked = command
        .strip_prefix("AT")
        .and_then(|rest| rest.split(['=', '?']).next())
        .filter(|name| !name.is_empty());
    let answers = asked.is_some_and(|asked| line.starts_with(asked));
    let begins = line.starts_with(['^', '+', '%', '*', '_']) || line == "RING";
    begins && !answers && result(line).is_none()
}

#[derive(Debug, Default)]
struct Lines {
    rest: Vec<u8>,
    whole: Vec<String>,
    seen: usize,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        self.seen += bytes.len();
        for &byte in bytes {
            if matches!(byte, b'\r' | b'\n') {
                let line = String::from_utf8_lossy(&self.rest).trim().to_owned();
                if !line.is_empty() {
                    self.whole.push(line);
                }
                self.rest.clear();
            } else if byte != 0 {
                self.rest.push(byte);
            }
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::{Lines, is_unsolicited, result, urc_interface};

    #[test]
    fn lines_end_however_a_modem_ends_them() {
        let mut lines = Lines::default();
        lines.take(b"AT\r\r\nO");
        lines.take(b"K\r\n\0\r\n^RSSI");
        assert_eq!(lines.whole, ["AT", "OK"]);
    }

    #[test]
    fn results_and_chatter_are_told_apart() {
        let check = |line: &str, expected: Option<bool>, unsolicited: bool| {
            assert_eq!(result(line), expected, "{line}");
            assert_eq!(is_unsolicited(line, "AT+CNMI=?"), unsolicited, "{line}");
        };
        check("OK", Some(true), false);
        check("ERROR", Some(false), false);
        check("+CME ERROR: 14", Some(false), false);
        check("COMMAND NOT SUPPORT", Some(false), false);
        check("AT+CNMI=?", None, false);
        check("+CNMI: (0-3),(0-3)", None, false);
        check("^RSSI:14", None, true);
        check("+CMTI: \"SM\",3", None, true);
        check("$GPGGA,,,,,,0,,,,,,,,*66", None, false);
    }

    /// The forms that Quectel's AT manuals give under `AT+QURCCFG` Configure URC Indication Option.
    #[test]
    fn a_quectel_says_where_its_announcements_go() {
        let of = |line: &str| urc_interface(&[line.to_owned()]);
        assert_eq!(of("+QURCCFG: \"urcport\",\"usbat\""), Some(2));
        assert_eq!(of("+QURCCFG: \"urcport\",\"usbmodem\""), Some(3));
        assert_eq!(of("+QURCCFG: \"urcport\",\"uart1\""), None);
        assert_eq!(of("OK"), None);
    }
}
