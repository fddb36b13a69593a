//! What is looked at from time to time: registration, signal, operator, how full the memories are and what is in them,
//! and whether the modem still announces messages. The safety net under announcements that get lost.

use std::collections::VecDeque;
use std::time::Duration;

use super::Engine;
use super::command::{AnswerLines, CARD, Command, NETWORK};
use super::job::{Check, Job, Reply};
use super::text;
use crate::config::DeliveryReports;
use crate::redacted::Redacted;
use crate::status::{Incoming, Phase, Registration, Signal, Technology};
use crate::storage::Memory;

/// How often memories are looked into where the modem announces nothing.
const POLL: Duration = Duration::from_secs(5);
/// How long a modem may look for no network before its radio is woken, and the pause before that is done again.
const IDLE: Duration = Duration::from_secs(20);
const WAKE_AGAIN: Duration = Duration::from_secs(600);

/// How often memories are looked into that no new message should go to: a modem that came back from a reset may have put
/// one there before it was told where.
const ROUND: Duration = Duration::from_secs(3600);

/// When what is looked at.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    next_check: Duration,
    next_poll: Duration,
    /// When every memory is looked into.
    next_round: Duration,
    queue: VecDeque<Check>,
    /// `+CNMI=` as it was chosen.
    pub(super) routing: Option<String>,
    /// `+CNMI?` as it read afterwards.
    routing_seen: Option<String>,
    /// Since when the modem has not looked for a network; `None` while it does or has one.
    idle_since: Option<Duration>,
    /// The radio is not woken before.
    next_wake: Duration,
}

impl Upkeep {
    pub(super) fn due(&self) -> Duration {
        if self.queue.is_empty() {
            self.next_check.min(self.next_poll)
        } else {
            Duration::ZERO
        }
    }
}

impl Engine {
    /// The modem is set up: what its memories hold is looked at now, everything else later.
    pub(super) fn begin_upkeep(&mut self, now: Duration) {
        self.upkeep.next_check = now + self.settings.poll_interval;
        self.upkeep.next_poll = now + self.poll_pause();
        self.upkeep.next_round = now + ROUND;
        self.upkeep.queue.clear();
        self.upkeep.routing_seen = None;
        self.upkeep.idle_since = None;
        // Bring-up has just tried.
        self.upkeep.next_wake = now + IDLE;
        self.look_at_routing();
        for memory in self.all_memories() {
            self.slots.list(memory);
        }
        self.slots.begin_first_look();
    }

    pub(super) fn next_check(&mut self, now: Duration) -> Option<Job> {
        if now >= self.upkeep.next_check {
            self.upkeep.next_check = now + self.settings.poll_interval;
            self.upkeep.next_poll = now + self.poll_pause();
            let routing = (self.status.incoming == Incoming::Announced).then_some(Check::Routing);
            let all = [
                Check::Registration,
                Check::Signal,
                Check::Operator,
                Check::Storage,
            ];
            // What is under way stays: waking the radio ends with the line ready again.
            for check in all.into_iter().chain(routing) {
                if !self.upkeep.queue.contains(&check) {
                    self.upkeep.queue.push_back(check);
                }
            }
        } else if now >= self.upkeep.next_poll {
            self.upkeep.next_poll = now + self.poll_pause();
            if !self.upkeep.queue.contains(&Check::Storage) {
                self.upkeep.queue.push_back(Check::Storage);
            }
        }
        let check = self.upkeep.queue.pop_front()?;
        match check {
            Check::WakeRadio => self.set_phase(Phase::BringingUp {
                step: "not registered: switching the radio on",
            }),
            Check::ChooseNetwork => self.set_phase(Phase::BringingUp {
                step: "not registered: letting the modem choose a network, which takes up to 2 minutes",
            }),
            Check::Registration
            | Check::Signal
            | Check::Operator
            | Check::Storage
            | Check::Routing
            | Check::RestoreRouting => {}
        }
        Some(Job::Check(check))
    }

    pub(super) fn check_command(&self, check: Check) -> Command {
        match check {
            Check::Registration => Command::new("AT+CREG?", AnswerLines::Coded("+CREG")),
            Check::Signal => Command::new("AT+CSQ", AnswerLines::Coded("+CSQ")),
            Check::Operator => {
                Command::new("AT+COPS?", AnswerLines::Coded("+COPS")).within(NETWORK)
            }
            Check::Storage => Command::new("AT+CPMS?", AnswerLines::Coded("+CPMS")),
            Check::Routing => Command::new("AT+CNMI?", AnswerLines::Coded("+CNMI")),
            Check::RestoreRouting => {
                let routing = self.upkeep.routing.as_deref().unwrap_or("2,1");
                Command::new(format!("AT+CNMI={routing}"), AnswerLines::None)
            }
            Check::WakeRadio => Command::new("AT+CFUN=1", AnswerLines::None).within(CARD),
            Check::ChooseNetwork => Command::new("AT+COPS=0", AnswerLines::None).within(NETWORK),
        }
    }

    pub(super) fn finish_check(&mut self, now: Duration, check: Check, reply: Reply) {
        let lines = match reply {
            Reply::Ok(lines) => lines,
            Reply::Error(_) | Reply::NoAnswer => Vec::new(),
        };
        match check {
            Check::Registration => {
                self.note_registration_answer(&lines);
                self.wake_if_idle(now);
            }
            Check::Signal => self.note_signal(&lines),
            Check::Operator => self.note_operator(&lines),
            Check::Storage => {
                if let Some(reading) = self.memories.reading.clone() {
                    self.note_storage(&reading, &lines);
                }
                self.compare_receiving(&lines);
                let memories = if now >= self.upkeep.next_round {
                    self.upkeep.next_round = now + ROUND;
                    self.all_memories()
                } else {
                    self.memories_of_new_messages()
                };
                for memory in memories {
                    self.look_into(now, memory);
                }
            }
            Check::Routing => self.compare_routing(now, lines),
            Check::RestoreRouting | Check::WakeRadio => {}
            Check::ChooseNetwork => self.set_phase(Phase::Ready),
        }
    }

    /// `+CREG: n,stat,…`
    pub(super) fn note_registration_answer(&mut self, lines: &[String]) {
        for line in lines {
            self.handle_registration(line);
        }
    }

    fn is_idle(&self) -> bool {
        self.status.registration == Registration::Idle
            && !self.status.packet_registration.is_registered()
    }

    /// The registration fell to 0 by the modem's own word: it is looked at again soon.
    pub(super) fn look_again_if_idle(&mut self, now: Duration) {
        if !self.is_idle() {
            self.upkeep.idle_since = None;
        } else if self.bring_up.is_none() && self.upkeep.idle_since.is_none() {
            self.upkeep.idle_since = Some(now);
            self.upkeep.next_check = self.upkeep.next_check.min(now + IDLE);
        }
    }

    /// A modem that has looked for no network for a while is told to, as in bring-up.
    fn wake_if_idle(&mut self, now: Duration) {
        self.look_again_if_idle(now);
        let idle = self
            .upkeep
            .idle_since
            .is_some_and(|since| now >= since + IDLE);
        if idle && now >= self.upkeep.next_wake {
            self.upkeep.next_wake = now + WAKE_AGAIN;
            self.upkeep.queue = [Check::WakeRadio, Check::ChooseNetwork, Check::Registration]
                .into_iter()
                .chain(self.upkeep.queue.drain(..))
                .collect();
        }
    }

    pub(super) fn note_signal(&mut self, lines: &[String]) {
        if let Some(line) = lines.first() {
            self.status.signal =
                text::number(&text::arguments(line), 0).and_then(Signal::from_rssi);
        }
    }

    pub(super) fn note_operator(&mut self, lines: &[String]) {
        if let Some(line) = lines.first() {
            let arguments = text::arguments(line);
            self.status.operator = arguments.get(2).filter(|name| !name.is_empty()).cloned();
            let technology = text::number(&arguments, 3).and_then(Technology::from_act);
            if self.status.operator.is_some() && technology.is_some() {
                self.status.technology = technology;
            }
        }
    }

    /// `+CSCA: "+12025550199",145`; some modems write the number as UCS-2 in hexadecimal.
    pub(super) fn note_service_centre(&mut self, lines: &[String]) {
        let Some(line) = lines.first() else { return };
        let number = text::arguments(line).into_iter().next().unwrap_or_default();
        let number = if number.len() > 20 {
            super::spelling::spell(&number, None)
        } else {
            number
        };
        self.status.service_centre = (!number.is_empty()).then(|| Redacted::new(number));
    }

    /// Whether the modem still announces messages is looked at at once.
    pub(super) fn look_at_routing(&mut self) {
        let announced = self.status.incoming == Incoming::Announced;
        if announced && !self.upkeep.queue.contains(&Check::Routing) {
            self.upkeep.queue.push_back(Check::Routing);
        }
    }

    /// Some modems forget the routing after a network change or an unacknowledged report.
    fn compare_routing(&mut self, now: Duration, lines: Vec<String>) {
        let Some(line) = lines.into_iter().next() else {
            return;
        };
        let Some(seen) = &self.upkeep.routing_seen else {
            self.upkeep.routing_seen = Some(line);
            return;
        };
        if *seen != line && !self.follow_hint(now, "it forgot how to announce messages") {
            tracing::warn!(
                command = "AT+CNMI",
                "the modem forgot how to announce messages; it is told again"
            );
            self.upkeep.queue.push_back(Check::RestoreRouting);
        }
    }

    fn poll_pause(&self) -> Duration {
        match self.status.incoming {
            Incoming::Announced => self.settings.poll_interval,
            Incoming::Polled => POLL.min(self.settings.poll_interval),
        }
    }

    /// Where new messages and stored reports go.
    fn memories_of_new_messages(&self) -> Vec<Memory> {
        let reports = (self.settings.delivery_reports == DeliveryReports::Wanted
            && self.memories.readable.contains(&Memory::StatusReports))
        .then_some(Memory::StatusReports);
        self.places_of_new_messages()
            .into_iter()
            .chain(reports)
            .collect()
    }

    /// Those, and where messages of an earlier setting may lie.
    fn all_memories(&self) -> Vec<Memory> {
        let mut memories = self.memories_of_new_messages();
        for memory in [Memory::Sim, Memory::Modem] {
            if memories.contains(&Memory::Both) {
                break; // Both of them are in it.
            }
            // A modem that did not say what it has is asked for both.
            let offered = self.memories.readable.contains(&memory)
                || (self.memories.readable.is_empty() && self.memories.arguments > 0);
            if offered && !memories.contains(&memory) {
                memories.push(memory);
            }
        }
        memories
    }
}
