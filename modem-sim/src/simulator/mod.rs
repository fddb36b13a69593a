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
//! `port` takes it away and brings it back, `wire` paces the serial line, `running` moves on from deadline to deadline,
//! `typing` takes the client's bytes.
//!
//! **Invariant:** while the port is closed nothing is taken in and nothing comes out, and what the network has for the
//! SIM waits at the message centre.

mod port;
mod running;
mod typing;
mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::arrival::Incoming;
use crate::at::calls::Ringing;
use crate::at::state::{Entry, ModemState, Registration};
use crate::card::Card;
use crate::fault::{Faults, ModemFault};
use crate::network::{Event, Network};
use crate::quirks::{Chatter, StartUpLine};
use crate::random::Random;
use crate::settings::Settings;
pub(crate) use port::BackAs;
use wire::Wire;

/// Bytes of input that are kept while the modem is busy; more are lost, as in an overrun of a real port.
const INPUT_LIMIT: usize = 64 * 1024;
/// Bytes of output that wait for a reader; more are lost.
const OUTPUT_LIMIT: usize = 1024 * 1024;
const LINE_LIMIT: usize = 2_048;
const URC_LIMIT: usize = 1_024;
const EVENT_LIMIT: usize = 4_096;
/// From the switch out of CD-ROM mode to the port.
const SWITCH: Duration = Duration::from_secs(1);

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
    pub(crate) faults: Faults,
    pub(crate) held_answer: Option<Vec<u8>>,
    /// Where in the answer that is being made unsolicited lines go, by a scripted fault.
    pub(crate) inside: Option<usize>,
    /// The latency of the command line that is being answered.
    pub(crate) latency: Duration,
    /// Whether the modem said that a memory is full; once for each time that it fills.
    pub(crate) full_was_said: bool,
    pub(crate) ringing: Option<Ringing>,
    pub(crate) calls: u64,
    pub(crate) pin_tries_left: u8,
    /// TP-MR of the next part; the SIM keeps it (3GPP TS 23.040 §9.2.3.6).
    pub(crate) next_reference: u8,
    pub(crate) next_concatenation: u8,
    random: Random,
    phase: Phase,
    port: Port,
    port_number: u32,
    back_as: BackAs,
    pub(crate) hung_until: Option<Duration>,
    line: Vec<u8>,
    input: VecDeque<u8>,
    output: Vec<u8>,
    wire: Wire,
    /// When the last byte of a PDU came, and how many came without a pause (`Quirks::overrun`).
    burst: (Duration, usize),
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
    /// The chatter of that place among the quirk's and its followers.
    Chatter(usize),
    /// A ring of the call of that number.
    Ring(u64),
    /// The call of that number ends by itself.
    CallEnds(u64),
    /// The network waits no longer for the entry after that step of a USSD dialogue.
    UssdEnds(u64),
    /// A fault that strikes by itself, and the place of its rate, which says when the next one comes.
    Strike(ModemFault, usize),
    /// The port comes back.
    PortOpens,
    /// The port goes away for that long.
    PortCloses(Duration, BackAs),
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
            modem: ModemState::new(&settings, Duration::ZERO),
            card,
            network: Network::default(),
            now: Duration::ZERO,
            coverage: Registration::Home,
            faults: Faults::default(),
            held_answer: None,
            inside: None,
            latency: Duration::ZERO,
            full_was_said: false,
            ringing: None,
            calls: 0,
            pin_tries_left: settings.pin_tries,
            next_reference: 0,
            next_concatenation: 0,
            random: Random::new(settings.seed),
            phase: Phase::Command,
            port: Port::Open,
            port_number: 0,
            back_as: BackAs::Same,
            hung_until: None,
            line: Vec::new(),
            input: VecDeque::new(),
            output: Vec::new(),
            wire: Wire::default(),
            burst: (Duration::ZERO, 0),
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

    /// Counts the names under which the port came back, from 0: what the number behind `ttyUSB` is to a real stick.
    pub fn port_number(&self) -> u32 {
        self.port_number
    }

    /// Whether the stick shows itself as a CD-ROM and waits for [`Self::switch_mode`].
    pub fn is_cd_rom(&self) -> bool {
        self.port == Port::Closed && self.back_as == BackAs::Switched
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
            let room = INPUT_LIMIT.saturating_sub(self.input.len() + self.wire.arriving());
            let taken = bytes.iter().copied().take(room);
            if self.settings.baud.is_some() {
                self.wire.arrive(self.now, taken);
            } else {
                self.input.extend(taken);
            }
            self.settle();
        }
    }

    /// Time passed: everything due up to `now` happens, in its order.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.advance(now);
    }

    /// Bytes for the client, all that went over the line up to now.
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
        let line = self.wire.next(self.settings.baud);
        scheduled.into_iter().chain(answer).chain(line).min()
    }

    pub(crate) fn restore_coverage(&mut self, at: Duration) {
        self.schedule(at, Due::Coverage(Registration::Home));
    }

    /// A number below `bound`, from the seed.
    pub(crate) fn choose(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    /// At most that much, from the seed.
    pub(crate) fn jitter(&mut self, most: Duration) -> Duration {
        match u64::try_from(most.as_micros()).unwrap_or(0) {
            0 => Duration::ZERO,
            most => Duration::from_micros(self.choose(most.saturating_add(1))),
        }
    }

    pub(crate) fn schedule(&mut self, at: Duration, due: Due) {
        self.last_due += 1;
        self.schedule.insert((at, self.last_due), due);
    }

    /// Forgets the faults that rates scheduled.
    pub(crate) fn forget_strikes(&mut self) {
        self.schedule
            .retain(|_, due| !matches!(due, Due::Strike(..)));
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
        let kept = self.output.len() + self.wire.leaving();
        if self.port == Port::Open && kept + bytes.len() <= OUTPUT_LIMIT {
            if self.settings.baud.is_some() {
                self.wire.leave(self.now, bytes);
            } else {
                self.output.extend_from_slice(bytes);
            }
        }
    }

    fn start_up(&mut self) {
        self.schedule(self.now + self.settings.sim_busy_for, Due::SimReady);
        let chatters = self.chatters().count();
        (0..chatters).for_each(|place| self.schedule_chatter(place));
        for StartUpLine { line, after_ms } in self.settings.quirks.start_up_lines.clone() {
            self.schedule(self.now + Duration::from_millis(after_ms), Due::Line(line));
        }
        let greeting = self.settings.quirks.greeting.clone();
        self.print(greeting.as_bytes());
    }

    fn chatters(&self) -> impl Iterator<Item = &Chatter> {
        let quirks = &self.settings.quirks;
        quirks.chatter.iter().chain(&quirks.more_chatter)
    }

    fn schedule_chatter(&mut self, place: usize) {
        let period = self.chatters().nth(place).map(|chatter| chatter.every_ms);
        if let Some(period) = period {
            let at = self.now + Duration::from_millis(period.max(1));
            self.schedule(at, Due::Chatter(place));
        }
    }
}
