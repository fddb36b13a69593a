//! The simulated modem's run loop: bytes and `now` in; bytes, events and the next deadline out.
//!
//! No clock and no I/O: `now` is the time since the start, as an argument, and never runs backwards. After every call,
//! drain [`Simulator::poll_output`], [`Simulator::poll_event`] and ask [`Simulator::poll_timeout`].
//!
//! | phase | bytes are | unsolicited lines |
//! |---|---|---|
//! | `Command` | a command line, echoed | printed while the line is empty |
//! | `Busy` | kept until the answer is out | printed |
//! | `Prompted` | a PDU or text, up to Ctrl-Z or ESC | wait |
//! | hung | kept | wait |
//!
//! **Invariant:** while the port is closed nothing is taken in and nothing comes out, and what the network has for the
//! SIM waits at the message centre.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::arrival::Incoming;
use crate::at::state::{Entry, ModemState, Registration};
use crate::card::Card;
use crate::fault::{LostAnswer, SendFault};
use crate::network::{Event, Network};
use crate::settings::Settings;

/// Bytes of input that are kept while the modem is busy; more are lost, as in an overrun of a real port.
const INPUT_LIMIT: usize = 64 * 1024;
/// Bytes of output that wait for a reader; more are lost.
const OUTPUT_LIMIT: usize = 1024 * 1024;
const LINE_LIMIT: usize = 2_048;
const URC_LIMIT: usize = 1_024;
const EVENT_LIMIT: usize = 4_096;

/// A modem with its SIM and its network.
#[derive(Debug)]
pub struct Simulator {
    pub(crate) settings: Settings,
    pub(crate) modem: ModemState,
    pub(crate) card: Card,
    pub(crate) network: Network,
    pub(crate) now: Duration,
    /// What the network offers; the radio and the SIM decide whether the modem uses it.
    pub(crate) coverage: Registration,
    pub(crate) send_faults: VecDeque<SendFault>,
    pub(crate) lost_answers: Vec<LostAnswer>,
    pub(crate) held_answer: Option<Vec<u8>>,
    pub(crate) pin_tries_left: u8,
    /// TP-MR of the next part; the SIM keeps it (3GPP TS 23.040 §9.2.3.6).
    pub(crate) next_reference: u8,
    pub(crate) next_concatenation: u8,
    pub(crate) random: u64,
    phase: Phase,
    port: Port,
    pub(crate) hung_until: Option<Duration>,
    line: Vec<u8>,
    input: VecDeque<u8>,
    output: Vec<u8>,
    urcs: VecDeque<Urc>,
    events: VecDeque<Event>,
    schedule: BTreeMap<(Duration, u64), Due>,
    last_due: u64,
}

/// Whether the modem can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Plugged in.
    Open,
    /// Gone, as after pulling the plug: what was set up is lost, what the SIM holds is not.
    Closed,
}

#[derive(Debug)]
enum Phase {
    Command,
    Busy { until: Duration, answer: Vec<u8> },
    Prompted { entry: Entry, data: Vec<u8> },
}

/// What the run loop does next with a finished command line or entry.
#[derive(Debug)]
pub(crate) enum Reaction {
    /// Print after that long.
    Answer { after: Duration, answer: Vec<u8> },
    /// Wait for a PDU or text, after printing the prompt (or not).
    Prompt { entry: Entry, prompt: Vec<u8> },
    /// Nothing is printed.
    Silence,
}

/// Something that happens by itself at its time.
#[derive(Debug, Clone)]
pub(crate) enum Due {
    /// A TPDU reaches the message centre's queue for the SIM.
    Tpdu(Vec<u8>),
    /// Someone writes to the SIM.
    Incoming(Incoming),
    /// A result that comes late.
    Answer(Vec<u8>),
    /// An unsolicited line.
    Line(String),
    /// The chatter of the quirk of that name.
    Chatter,
    /// The port comes back.
    PortOpens,
    /// The port goes away for that long.
    PortCloses(Duration),
    /// The SIM is ready.
    SimReady,
    /// Coverage changes.
    Coverage(Registration),
    /// The client should have sent `+CNMA` for the arrival of that number.
    AcknowledgementMissing(u64),
}

/// An unsolicited line, and whether `+CNMI` rules it.
#[derive(Debug)]
struct Urc {
    text: String,
    kind: UrcKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrcKind {
    /// `+CMTI` and its like.
    Message,
    /// Anything else.
    Other,
}

impl Simulator {
    /// A modem that has just been switched on, at virtual time zero.
    pub fn new(settings: Settings) -> Self {
        let card = Card::new(
            settings.sim_capacity,
            settings.modem_capacity,
            settings.report_capacity,
            settings.first_index,
        );
        let mut simulator = Self {
            modem: ModemState::new(settings.radio, Duration::ZERO),
            card,
            network: Network::default(),
            now: Duration::ZERO,
            coverage: Registration::Home,
            send_faults: VecDeque::new(),
            lost_answers: Vec::new(),
            held_answer: None,
            pin_tries_left: settings.pin_tries,
            next_reference: 0,
            next_concatenation: 0,
            random: settings.seed,
            phase: Phase::Command,
            port: Port::Open,
            hung_until: None,
            line: Vec::new(),
            input: VecDeque::new(),
            output: Vec::new(),
            urcs: VecDeque::new(),
            events: VecDeque::new(),
            schedule: BTreeMap::new(),
            last_due: 0,
            settings,
        };
        simulator.next_reference = u8::try_from(simulator.choose(256)).unwrap_or(0);
        simulator.next_concatenation = u8::try_from(simulator.choose(256)).unwrap_or(0);
        simulator.start_up();
        simulator.advance(Duration::ZERO);
        simulator
    }

    /// Whether the port is there.
    pub fn port(&self) -> Port {
        self.port
    }

    /// The network's side: what was submitted, and what came together.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What the memories hold.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The settings as they are now.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Settings to change while it runs. Capacities, PIN tries and the seed are read at the start only.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Bytes from the client.
    pub fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        self.advance(now);
        if self.port == Port::Open {
            let room = INPUT_LIMIT.saturating_sub(self.input.len());
            self.input.extend(bytes.iter().take(room));
            self.settle();
        }
    }

    /// Time passed: everything due up to `now` happens, in its order.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.advance(now);
    }

    /// Bytes for the client, all that there are.
    pub fn poll_output(&mut self) -> Option<Vec<u8>> {
        if self.output.is_empty() {
            None
        } else {
            Some(std::mem::take(&mut self.output))
        }
    }

    /// What the network did.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`] at the latest; `None` while nothing is to come.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let scheduled = self.schedule.first_key_value().map(|((at, _), _)| *at);
        let answer = match (&self.phase, self.hung_until) {
            (_, Some(until)) => Some(until),
            (Phase::Busy { until, .. }, None) => Some(*until),
            (Phase::Command | Phase::Prompted { .. }, None) => None,
        };
        scheduled.into_iter().chain(answer).min()
    }

    pub(crate) fn restore_coverage(&mut self, at: Duration) {
        self.schedule(at, Due::Coverage(Registration::Home));
    }

    /// A number below `bound`, from the seed (splitmix64).
    pub(crate) fn choose(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }

    pub(crate) fn schedule(&mut self, at: Duration, due: Due) {
        self.last_due += 1;
        self.schedule.insert((at, self.last_due), due);
    }

    pub(crate) fn event(&mut self, event: Event) {
        if self.events.len() >= EVENT_LIMIT {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    pub(crate) fn urc(&mut self, kind: UrcKind, text: String) {
        if self.urcs.len() < URC_LIMIT {
            self.urcs.push_back(Urc { text, kind });
        }
    }

    /// Forgets message lines that were kept back (`<bfr>` 1 of `+CNMI`).
    pub(crate) fn forget_message_lines(&mut self) {
        self.urcs.retain(|urc| urc.kind != UrcKind::Message);
    }

    pub(crate) fn print(&mut self, bytes: &[u8]) {
        if self.port == Port::Open && self.output.len() + bytes.len() <= OUTPUT_LIMIT {
            self.output.extend_from_slice(bytes);
        }
    }

    pub(crate) fn close_port(&mut self, duration: Duration) {
        self.port = Port::Closed;
        self.modem = ModemState::new(self.settings.radio, self.now + duration);
        self.phase = Phase::Command;
        self.hung_until = None;
        self.held_answer = None;
        self.line.clear();
        self.input.clear();
        self.output.clear();
        self.urcs.clear();
        self.schedule.retain(|_, due| {
            !matches!(
                due,
                Due::Answer(_) | Due::PortOpens | Due::SimReady | Due::Chatter
            )
        });
        self.event(Event::PortClosed);
        self.schedule(self.now + duration, Due::PortOpens);
    }

    fn start_up(&mut self) {
        self.schedule(self.now + self.settings.sim_busy_for, Due::SimReady);
        self.schedule_chatter();
        let greeting = self.settings.quirks.greeting.clone();
        self.print(greeting.as_bytes());
    }

    fn schedule_chatter(&mut self) {
        if let Some(chatter) = &self.settings.quirks.chatter {
            let period = Duration::from_millis(chatter.every_ms.max(1));
            self.schedule(self.now + period, Due::Chatter);
        }
    }

    fn advance(&mut self, now: Duration) {
        while let Some(at) = self.poll_timeout().filter(|at| *at <= now) {
            self.now = self.now.max(at);
            if self.hung_until.is_some_and(|until| until <= self.now) {
                self.hung_until = None;
            }
            if let Some(entry) = self
                .schedule
                .first_entry()
                .filter(|entry| entry.key().0 <= self.now)
            {
                let due = entry.remove();
                self.happen(due);
            }
            self.settle();
        }
        self.now = self.now.max(now);
        self.settle();
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Tpdu(tpdu) => {
                self.network.queue(tpdu);
                self.deliver_waiting();
            }
            Due::Incoming(incoming) => {
                // Checked when it was scheduled; a friend's reply always fits.
                if let Ok(tpdus) = self.tpdus_of(&incoming) {
                    tpdus.into_iter().for_each(|tpdu| self.network.queue(tpdu));
                }
                self.deliver_waiting();
            }
            Due::Answer(answer) => self.print(&answer),
            Due::Line(line) => self.urc(UrcKind::Other, line),
            Due::Chatter => {
                if let Some(chatter) = self.settings.quirks.chatter.clone() {
                    self.urc(UrcKind::Other, chatter.line);
                    self.schedule_chatter();
                }
            }
            Due::PortOpens => {
                self.port = Port::Open;
                self.event(Event::PortOpened);
                self.start_up();
            }
            Due::PortCloses(duration) => self.close_port(duration),
            // What comes to be registered now was not before.
            Due::SimReady => self.registration_may_have_changed(Registration::None),
            Due::Coverage(coverage) => self.change_coverage(coverage),
            Due::AcknowledgementMissing(arrival) => self.acknowledgement_missing(arrival),
        }
    }

    /// Does all that can be done at this instant.
    pub(crate) fn settle(&mut self) {
        loop {
            if self.port == Port::Closed || self.hung_until.is_some() {
                return;
            }
            match std::mem::replace(&mut self.phase, Phase::Command) {
                Phase::Busy { until, answer } => {
                    if until > self.now {
                        self.print_urcs();
                        self.phase = Phase::Busy { until, answer };
                        return;
                    }
                    self.print(&answer);
                }
                Phase::Command => {
                    if self.line.is_empty() {
                        self.print_urcs();
                    }
                    let Some(byte) = self.input.pop_front() else {
                        return;
                    };
                    self.command_byte(byte);
                }
                Phase::Prompted { entry, data } => {
                    let Some(byte) = self.input.pop_front() else {
                        self.phase = Phase::Prompted { entry, data };
                        return;
                    };
                    self.entry_byte(byte, entry, data);
                }
            }
        }
    }

    fn print_urcs(&mut self) {
        let messages_wait = self.modem.message_lines_wait();
        let (waiting, due): (VecDeque<Urc>, VecDeque<Urc>) = std::mem::take(&mut self.urcs)
            .into_iter()
            .partition(|urc| urc.kind == UrcKind::Message && messages_wait);
        self.urcs = waiting;
        for urc in due {
            self.print(format!("\r\n{}\r\n", urc.text).as_bytes());
        }
    }

    fn command_byte(&mut self, byte: u8) {
        if self.modem.echo && byte != 0 {
            self.print(&[byte]);
        }
        match byte {
            b'\r' => {
                let line = std::mem::take(&mut self.line);
                let reaction = self.command_line(&String::from_utf8_lossy(&line));
                self.react(reaction);
            }
            // Line feeds, NULs, and the ESC and Ctrl-Z of an entry that is over already.
            b'\n' | 0 | 0x1B | 0x1A => {}
            0x08 => drop(self.line.pop()),
            _ if self.line.len() < LINE_LIMIT => self.line.push(byte),
            _ => {}
        }
    }

    fn entry_byte(&mut self, byte: u8, entry: Entry, mut data: Vec<u8>) {
        match byte {
            0x1A => {
                if self.modem.echo {
                    self.print(b"\r\n");
                }
                let reaction = self.finish_entry(entry, &data);
                self.react(reaction);
            }
            // 3GPP TS 27.005 §3.5.1: cancelled by ESC.
            0x1B => self.print(b"\r\nOK\r\n"),
            _ => {
                if self.modem.echo {
                    self.print(&[byte]);
                }
                if byte == b'\r' && self.modem.text_mode {
                    self.print(b"\n> ");
                }
                if data.len() < LINE_LIMIT {
                    data.push(byte);
                }
                self.phase = Phase::Prompted { entry, data };
            }
        }
    }

    fn react(&mut self, reaction: Reaction) {
        match reaction {
            Reaction::Silence => {}
            Reaction::Answer { after, answer } if after.is_zero() => self.print(&answer),
            Reaction::Answer { after, answer } => {
                self.phase = Phase::Busy {
                    until: self.now + after,
                    answer,
                }
            }
            Reaction::Prompt { entry, prompt } => {
                self.print(&prompt);
                self.phase = Phase::Prompted {
                    entry,
                    data: Vec::new(),
                };
            }
        }
    }
}
