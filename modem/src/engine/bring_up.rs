//! Setting a modem up: a table of steps, most of which may fail.
//!
//! Each step tries its commands in order until one is taken. A busy SIM or modem is asked again every second for 20 s.
//! A step that fails is left out, unless nothing works without it: then the line is blocked, a person is told what to
//! do, and it is begun anew every minute.
//!
//! The PIN is entered at most once in a bring-up, after the asker's leave, never with fewer than 3 tries left by the
//! modem's own word, and not again in the life of an engine once it was entered and the SIM did not become ready.

use std::time::Duration;

use super::command::{AnswerLines, CARD, Command, NETWORK, SHORT};
use super::job::{Job, Reply};
use super::{Engine, Output, text};
use crate::cause::ModemError;
use crate::config::{DeliveryReports, PinAttempt, PinDecision};
use crate::event::Event;
use crate::redacted::Redacted;
use crate::status::{Blocked, Identity, Incoming, Phase, Registration};
use crate::storage::Memory;

/// Between two attempts at a busy SIM, and how many there are.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
const BUSY_ATTEMPTS: u8 = 20;
/// A blocked line is looked at again.
const BLOCKED_PAUSE: Duration = Duration::from_secs(60);
/// Fewer tries than this are not risked.
const LEAST_TRIES: u8 = 3;

/// One row of the table.
struct Step {
    /// What is done, for people: "setting the modem up: …".
    words: &'static str,
    commands: Commands,
    answer: AnswerLines,
    limit: Duration,
    /// Takes in the lines of the answer.
    note: fn(&mut Engine, &[String]) -> Verdict,
    /// When no command was taken.
    failed: Failed,
}

/// What a step writes, in order until one is taken. None: the step is left out.
enum Commands {
    These(&'static [&'static str]),
    Chosen(fn(&Engine) -> Vec<String>),
    /// Leave to enter the PIN is asked for, if it is wanted.
    AskPin,
}

/// What follows from an answer.
enum Verdict {
    Next,
    /// The answer says nothing: try the next command of the step.
    NextCommand,
    Again,
    Block(Blocked),
}

/// What follows when no command of a step was taken.
enum Failed {
    LeaveOut,
    Block(Blocked),
    Judge(fn(&mut Engine, Option<ModemError>) -> Verdict),
}

const NOTHING: fn(&mut Engine, &[String]) -> Verdict = |_, _| Verdict::Next;

/// A step that may fail.
const fn optional(
    words: &'static str,
    commands: &'static [&'static str],
    answer: AnswerLines,
) -> Step {
    Step {
        words,
        commands: Commands::These(commands),
        answer,
        limit: SHORT,
        note: NOTHING,
        failed: Failed::LeaveOut,
    }
}

/// The table. It begins after the modem answered to AT.
const STEPS: &[Step] = &[
    optional("switching the echo off", &["ATE0"], AnswerLines::None),
    optional(
        "asking for numbered errors",
        &["AT+CMEE=1"],
        AnswerLines::None,
    ),
    Step {
        note: |engine, lines| engine.note_radio(lines),
        ..optional(
            "asking whether the radio is on",
            &["AT+CFUN?"],
            AnswerLines::Coded("+CFUN"),
        )
    },
    Step {
        commands: Commands::Chosen(|engine| engine.if_asleep("AT+CFUN=1")),
        limit: CARD,
        ..optional("switching the radio on", &[], AnswerLines::None)
    },
    Step {
        note: |engine, lines| engine.note_text(lines, |identity| &mut identity.manufacturer),
        ..optional(
            "asking for the maker",
            &["AT+CGMI", "AT+GMI"],
            AnswerLines::Text(&["+CGMI", "+GMI"]),
        )
    },
    Step {
        note: |engine, lines| engine.note_text(lines, |identity| &mut identity.model),
        ..optional(
            "asking for the model",
            &["AT+CGMM", "AT+GMM"],
            AnswerLines::Text(&["+CGMM", "+GMM"]),
        )
    },
    Step {
        note: |engine, lines| engine.note_text(lines, |identity| &mut identity.firmware),
        ..optional(
            "asking for the firmware",
            &["AT+CGMR", "AT+GMR"],
            AnswerLines::Text(&["+CGMR", "+GMR"]),
        )
    },
    Step {
        note: |engine, lines| engine.note_digits(lines, 14..=16, |identity| &mut identity.imei),
        ..optional(
            "asking for the IMEI",
            &["AT+CGSN", "AT+GSN"],
            AnswerLines::Text(&["+CGSN", "+GSN"]),
        )
    },
    Step {
        note: Engine::note_iccid,
        ..optional(
            "asking for the SIM's number",
            &[
                "AT+CCID",
                "AT+ICCID",
                "AT+QCCID",
                "AT^ICCID?",
                "AT+ZGETICCID",
                "AT+CRSM=176,12258,0,0,10",
            ],
            AnswerLines::Text(&["+CCID", "+ICCID", "+QCCID", "^ICCID", "+ZGETICCID", "+CRSM"]),
        )
    },
    Step {
        note: Engine::note_sim,
        failed: Failed::Judge(Engine::judge_sim),
        ..optional(
            "asking whether the SIM is ready",
            &["AT+CPIN?"],
            AnswerLines::Coded("+CPIN"),
        )
    },
    Step {
        commands: Commands::Chosen(|engine| {
            engine.if_pin_wanted(&["AT+CPINR=\"SIM PIN\"", "AT+CPINR", "AT^CPIN?", "AT+SPIC"])
        }),
        note: Engine::note_tries,
        ..optional(
            "asking how many tries the PIN has",
            &[],
            AnswerLines::Text(&["+CPINR", "^CPIN", "+SPIC"]),
        )
    },
    Step {
        commands: Commands::AskPin,
        ..optional("asking for leave to enter the PIN", &[], AnswerLines::None)
    },
    Step {
        commands: Commands::Chosen(Engine::pin_command),
        limit: CARD,
        failed: Failed::Judge(|_, error| match error {
            Some(ModemError::Cme(12 | 18)) => Verdict::Block(Blocked::PukWanted),
            Some(_) | None => Verdict::Block(Blocked::PinWrong),
        }),
        ..optional("entering the PIN", &[], AnswerLines::None)
    },
    Step {
        commands: Commands::Chosen(|engine| engine.if_pin_entered("AT+CPIN?")),
        note: Engine::note_sim,
        failed: Failed::Judge(Engine::judge_sim),
        ..optional(
            "asking whether the SIM is ready",
            &[],
            AnswerLines::Coded("+CPIN"),
        )
    },
    Step {
        note: |engine, lines| engine.note_digits(lines, 6..=15, |identity| &mut identity.imsi),
        ..optional(
            "asking for the subscriber",
            &["AT+CIMI"],
            AnswerLines::Text(&["+CIMI"]),
        )
    },
    Step {
        note: |engine, lines| {
            engine.note_registration_answer(lines);
            engine.note_asleep(engine.status.registration == Registration::Idle)
        },
        ..optional(
            "asking for the registration",
            &["AT+CREG?"],
            AnswerLines::Coded("+CREG"),
        )
    },
    Step {
        commands: Commands::Chosen(|engine| engine.if_asleep("AT+CFUN=1")),
        limit: CARD,
        ..optional(
            "not registered: switching the radio on",
            &[],
            AnswerLines::None,
        )
    },
    Step {
        commands: Commands::Chosen(|engine| engine.if_asleep("AT+COPS=0")),
        limit: NETWORK,
        ..optional(
            "not registered: letting the modem choose a network, which takes up to 2 minutes",
            &[],
            AnswerLines::None,
        )
    },
    Step {
        commands: Commands::Chosen(|engine| engine.if_asleep("AT+CREG?")),
        note: Engine::note_network,
        ..optional(
            "asking for the registration",
            &[],
            AnswerLines::Coded("+CREG"),
        )
    },
    optional(
        "asking for word of the registration",
        &["AT+CREG=1"],
        AnswerLines::None,
    ),
    Step {
        note: Engine::note_network,
        ..optional(
            "asking for the packet registration",
            &["AT+CGREG?"],
            AnswerLines::Coded("+CGREG"),
        )
    },
    Step {
        note: Engine::note_network,
        ..optional(
            "asking for the packet registration",
            &["AT+CEREG?"],
            AnswerLines::Coded("+CEREG"),
        )
    },
    Step {
        note: |engine, lines| {
            engine.note_signal(lines);
            Verdict::Next
        },
        ..optional(
            "asking for the signal",
            &["AT+CSQ"],
            AnswerLines::Coded("+CSQ"),
        )
    },
    Step {
        limit: NETWORK,
        ..optional(
            "asking for operators by name",
            &["AT+COPS=3,0"],
            AnswerLines::None,
        )
    },
    Step {
        note: |engine, lines| {
            engine.note_operator(lines);
            Verdict::Next
        },
        limit: NETWORK,
        ..optional(
            "asking for the operator",
            &["AT+COPS?"],
            AnswerLines::Coded("+COPS"),
        )
    },
    Step {
        note: |engine, lines| {
            engine.note_service_centre(lines);
            Verdict::Next
        },
        ..optional(
            "asking for the service centre",
            &["AT+CSCA?"],
            AnswerLines::Coded("+CSCA"),
        )
    },
    Step {
        failed: Failed::Block(Blocked::NoPduMode),
        ..optional("switching to PDU mode", &["AT+CMGF=0"], AnswerLines::None)
    },
    optional(
        "letting the modem acknowledge by itself",
        &["AT+CSMS=0"],
        AnswerLines::Coded("+CSMS"),
    ),
    Step {
        note: Engine::note_memories,
        ..optional(
            "asking for the memories",
            &["AT+CPMS=?"],
            AnswerLines::Coded("+CPMS"),
        )
    },
    Step {
        commands: Commands::Chosen(Engine::memory_commands),
        note: Engine::note_memory_chosen,
        limit: CARD,
        failed: Failed::Judge(|engine, _| {
            engine.memories.arguments = 0;
            Verdict::Next
        }),
        ..optional("choosing the memory", &[], AnswerLines::Coded("+CPMS"))
    },
    Step {
        note: Engine::note_routing_offer,
        ..optional(
            "asking how messages are announced",
            &["AT+CNMI=?"],
            AnswerLines::Coded("+CNMI"),
        )
    },
    Step {
        commands: Commands::Chosen(Engine::routing_commands),
        note: |engine, _| {
            engine.note_routing_chosen();
            Verdict::Next
        },
        failed: Failed::Judge(|engine, _| {
            engine.status.incoming = Incoming::Polled;
            Verdict::Next
        }),
        ..optional("having messages announced", &[], AnswerLines::None)
    },
];

/// Where bring-up stands.
#[derive(Debug)]
pub(super) struct BringUp {
    step: usize,
    command: usize,
    busy: u8,
    /// `None`: an answer from outside is awaited.
    wait_until: Option<Duration>,
    /// `+CFUN` was not 1, or the registration stays at 0.
    asleep: bool,
    pin: PinState,
    /// `=?` of `+CNMI`; empty if the modem does not tell.
    routing: Vec<String>,
    last_error: Option<ModemError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PinState {
    NotWanted,
    Wanted { tries: Option<u8> },
    Allowed,
    Entered,
}

impl BringUp {
    fn new(now: Duration) -> Self {
        Self {
            step: 0,
            command: 0,
            busy: 0,
            wait_until: Some(now),
            asleep: false,
            pin: PinState::NotWanted,
            routing: Vec::new(),
            last_error: None,
        }
    }

    pub(super) fn due(&self) -> Option<Duration> {
        self.wait_until
    }

    fn advance(&mut self) {
        self.step += 1;
        self.command = 0;
        self.busy = 0;
        self.last_error = None;
    }
}

impl Engine {
    pub(super) fn begin_bring_up(&mut self, now: Duration) {
        self.bring_up = Some(BringUp::new(now));
        self.status.identity = Identity::default();
        self.status.registration = Registration::default();
        self.status.packet_registration = Registration::default();
        self.status.incoming = Incoming::default();
        self.status.storage.clear();
        self.next.push_front(Job::Synchronise {
            left: super::exchange::ATTEMPTS,
        });
        self.next.push_front(Job::Escape);
        self.set_step("talking to the modem");
    }

    /// Leave to enter the PIN, or not.
    pub fn handle_pin_decision(&mut self, now: Duration, decision: PinDecision) {
        let Some(bring_up) = &mut self.bring_up else {
            return;
        };
        if bring_up.wait_until.is_some() || !matches!(bring_up.pin, PinState::Wanted { .. }) {
            return;
        }
        match decision {
            PinDecision::Enter => {
                bring_up.pin = PinState::Allowed;
                bring_up.wait_until = Some(now);
                bring_up.advance();
            }
            PinDecision::Refuse => self.block(now, Blocked::PinWithheld),
        }
        self.advance(now);
    }

    /// Starts the next command of bring-up. Gives `false` if there is nothing to start now.
    pub(super) fn continue_bring_up(&mut self, now: Duration) -> bool {
        let Some(bring_up) = &self.bring_up else {
            return false;
        };
        if bring_up.wait_until.is_none_or(|until| until > now) {
            return false;
        }
        let Some(step) = STEPS.get(bring_up.step) else {
            self.bring_up = None;
            self.set_phase(Phase::Ready);
            self.begin_upkeep(now);
            return true;
        };
        if matches!(step.commands, Commands::AskPin) {
            return self.ask_for_pin(now);
        }
        let command = bring_up.command;
        if self.step_commands(step).len() > command {
            self.set_step(step.words);
            if self.is_entering_pin() {
                self.pin_failed = true; // Until the SIM says otherwise.
            }
            self.start(now, Job::BringUp);
        } else if command == 0 {
            self.next_step();
        } else {
            let error = bring_up.last_error;
            let verdict = match &step.failed {
                Failed::LeaveOut => Verdict::Next,
                Failed::Block(blocked) => Verdict::Block(*blocked),
                Failed::Judge(judge) => judge(self, error),
            };
            self.follow(now, verdict);
        }
        true
    }

    pub(super) fn bring_up_command(&self) -> Option<Command> {
        let bring_up = self.bring_up.as_ref()?;
        let step = STEPS.get(bring_up.step)?;
        let text = self.step_commands(step).into_iter().nth(bring_up.command)?;
        Some(Command::new(text, step.answer).within(step.limit))
    }

    pub(super) fn finish_step(&mut self, now: Duration, reply: Reply) {
        let Some(bring_up) = &mut self.bring_up else {
            return;
        };
        let Some(step) = STEPS.get(bring_up.step) else {
            return;
        };
        if bring_up.pin == PinState::Allowed && !matches!(reply, Reply::Error(_)) {
            bring_up.pin = PinState::Entered;
            return bring_up.advance();
        }
        let verdict = match reply {
            Reply::Ok(lines) => (step.note)(self, &lines),
            Reply::Error(error @ (ModemError::Cme(14 | 515) | ModemError::Cms(314)))
                if bring_up.busy < BUSY_ATTEMPTS && bring_up.pin != PinState::Allowed =>
            {
                bring_up.last_error = Some(error);
                Verdict::Again
            }
            Reply::Error(error) => {
                bring_up.last_error = Some(error);
                Verdict::NextCommand
            }
            Reply::NoAnswer => Verdict::NextCommand,
        };
        self.follow(now, verdict);
    }

    fn follow(&mut self, now: Duration, verdict: Verdict) {
        let Some(bring_up) = &mut self.bring_up else {
            return;
        };
        match verdict {
            Verdict::Next => bring_up.advance(),
            Verdict::NextCommand => bring_up.command += 1,
            Verdict::Again if bring_up.busy >= BUSY_ATTEMPTS => bring_up.command += 1,
            Verdict::Again => {
                bring_up.busy += 1;
                bring_up.wait_until = Some(now + BUSY_PAUSE);
            }
            Verdict::Block(blocked) => self.block(now, blocked),
        }
    }

    fn next_step(&mut self) {
        if let Some(bring_up) = &mut self.bring_up {
            bring_up.advance();
        }
    }

    fn block(&mut self, now: Duration, blocked: Blocked) {
        self.set_phase(Phase::Blocked(blocked));
        self.bring_up = Some(BringUp::new(now + BLOCKED_PAUSE));
    }

    /// A blocked line stays blocked in the eyes of people until it is past the reason.
    fn set_step(&mut self, step: &'static str) {
        if !matches!(self.status.phase, Phase::Blocked(_)) {
            self.set_phase(Phase::BringingUp { step });
        }
    }

    fn step_commands(&self, step: &Step) -> Vec<String> {
        match &step.commands {
            Commands::These(commands) => {
                commands.iter().map(|&command| command.to_owned()).collect()
            }
            Commands::Chosen(choose) => choose(self),
            Commands::AskPin => Vec::new(),
        }
    }

    fn note_text(
        &mut self,
        lines: &[String],
        field: fn(&mut Identity) -> &mut Option<String>,
    ) -> Verdict {
        let Some(line) = lines.first() else {
            return Verdict::NextCommand;
        };
        let said = match text::code(line) {
            Some(_) => text::arguments(line).join(","),
            None => line.clone(),
        };
        *field(&mut self.status.identity) = Some(said.chars().take(64).collect());
        Verdict::Next
    }

    fn note_digits(
        &mut self,
        lines: &[String],
        lengths: std::ops::RangeInclusive<usize>,
        field: fn(&mut Identity) -> &mut Option<Redacted>,
    ) -> Verdict {
        let found = lines
            .iter()
            .map(|line| digits_in(line))
            .find(|digits| lengths.contains(&digits.len()));
        let Some(digits) = found else {
            return Verdict::NextCommand;
        };
        *field(&mut self.status.identity) = Some(Redacted::new(digits));
        Verdict::Next
    }

    /// `+CRSM: 144,0,"98…"` is the card's own spelling, each pair of digits swapped.
    fn note_iccid(&mut self, lines: &[String]) -> Verdict {
        let swapped = lines.iter().find(|line| text::code(line) == Some("+CRSM"));
        let digits = match swapped {
            Some(line) => {
                let arguments = text::arguments(line);
                let raw: Vec<char> = arguments
                    .get(2)
                    .map_or_else(Vec::new, |raw| raw.chars().collect());
                let pairs = raw.chunks(2).flat_map(|pair| pair.iter().rev().copied());
                pairs.filter(char::is_ascii_digit).collect()
            }
            None => lines
                .iter()
                .map(|line| digits_in(line))
                .max_by_key(String::len)
                .unwrap_or_default(),
        };
        if (18..=22).contains(&digits.len()) {
            self.status.identity.iccid = Some(Redacted::new(digits));
            Verdict::Next
        } else {
            Verdict::NextCommand
        }
    }

    fn note_radio(&mut self, lines: &[String]) -> Verdict {
        let mode: Option<u8> = lines
            .first()
            .and_then(|line| text::number(&text::arguments(line), 0));
        self.note_asleep(mode.is_some_and(|mode| mode != 1))
    }

    fn note_asleep(&mut self, asleep: bool) -> Verdict {
        if let Some(bring_up) = &mut self.bring_up {
            bring_up.asleep = asleep;
        }
        Verdict::Next
    }

    fn note_network(&mut self, lines: &[String]) -> Verdict {
        self.note_registration_answer(lines);
        Verdict::Next
    }

    fn if_asleep(&self, command: &str) -> Vec<String> {
        let asleep = self
            .bring_up
            .as_ref()
            .is_some_and(|bring_up| bring_up.asleep);
        if asleep {
            vec![command.to_owned()]
        } else {
            Vec::new()
        }
    }

    /// `+CPIN: READY` and its kin.
    fn note_sim(&mut self, lines: &[String]) -> Verdict {
        let said = lines
            .first()
            .and_then(|line| text::arguments(line).into_iter().next())
            .unwrap_or_default();
        match said.as_str() {
            "" | "READY" => {
                self.note_pin_accepted();
                Verdict::Next
            }
            "SIM PIN" => self.want_pin(),
            "SIM PUK" => Verdict::Block(Blocked::PukWanted),
            "NOT INSERTED" | "NOT READY" if self.is_waiting_for_sim() => Verdict::Again,
            "NOT INSERTED" | "NOT READY" => Verdict::Block(Blocked::SimMissing),
            _ => Verdict::Block(Blocked::OtherLock),
        }
    }

    fn note_pin_accepted(&mut self) {
        let entered = self
            .bring_up
            .as_ref()
            .is_some_and(|bring_up| bring_up.pin == PinState::Entered);
        self.pin_failed = false;
        if entered {
            self.event(Event::PinAccepted);
        }
    }

    fn is_waiting_for_sim(&self) -> bool {
        self.bring_up
            .as_ref()
            .is_some_and(|bring_up| bring_up.busy < BUSY_ATTEMPTS)
    }

    fn want_pin(&mut self) -> Verdict {
        let Some(bring_up) = &mut self.bring_up else {
            return Verdict::Next;
        };
        match bring_up.pin {
            // It was taken and the card still starts.
            PinState::Entered if bring_up.busy < BUSY_ATTEMPTS => Verdict::Again,
            PinState::Entered => Verdict::Block(Blocked::PinWrong),
            PinState::NotWanted | PinState::Wanted { .. } | PinState::Allowed
                if self.settings.pin.is_none() =>
            {
                Verdict::Block(Blocked::PinWanted)
            }
            PinState::NotWanted | PinState::Wanted { .. } | PinState::Allowed
                if self.pin_failed =>
            {
                let told = self.status.phase == Phase::Blocked(Blocked::PinWrong);
                Verdict::Block(if told {
                    Blocked::PinWrong
                } else {
                    Blocked::PinWithheld
                })
            }
            PinState::NotWanted | PinState::Wanted { .. } | PinState::Allowed => {
                bring_up.pin = PinState::Wanted { tries: None };
                Verdict::Next
            }
        }
    }

    fn judge_sim(&mut self, error: Option<ModemError>) -> Verdict {
        match error {
            Some(ModemError::Cme(10) | ModemError::Cms(310)) => Verdict::Block(Blocked::SimMissing),
            Some(ModemError::Cme(13..=15) | ModemError::Cms(313..=315)) => {
                Verdict::Block(Blocked::SimFailure)
            }
            Some(ModemError::Cme(11) | ModemError::Cms(311)) => self.want_pin(),
            Some(ModemError::Cme(12) | ModemError::Cms(316)) => Verdict::Block(Blocked::PukWanted),
            Some(ModemError::Cme(5 | 17 | 18 | 40) | ModemError::Cms(312 | 317 | 318)) => {
                Verdict::Block(Blocked::OtherLock)
            }
            // A modem without the command, or without an answer just now: what follows shows whether the SIM works.
            Some(_) | None => Verdict::Next,
        }
    }

    fn if_pin_wanted(&self, commands: &[&str]) -> Vec<String> {
        match self.bring_up.as_ref().map(|bring_up| bring_up.pin) {
            Some(PinState::Wanted { .. }) => {
                commands.iter().map(|&command| command.to_owned()).collect()
            }
            Some(PinState::NotWanted | PinState::Allowed | PinState::Entered) | None => Vec::new(),
        }
    }

    /// `+CPINR: SIM PIN,3,3`, `^CPIN: SIM PIN,,10,3,10,3` (code, tries of the code asked for, PUK, PIN, …), `+SPIC: 3,…`
    fn note_tries(&mut self, lines: &[String]) -> Verdict {
        let tries = lines.iter().find_map(|line| {
            let arguments = text::arguments(line);
            match text::code(line)? {
                "+CPINR" if arguments.first().is_some_and(|name| name == "SIM PIN") => {
                    text::number(&arguments, 1)
                }
                "^CPIN" => text::number(&arguments, 1).or_else(|| text::number(&arguments, 3)),
                "+SPIC" => text::number(&arguments, 0),
                _ => None,
            }
        });
        match (tries, &mut self.bring_up) {
            (Some(tries), Some(bring_up)) => {
                bring_up.pin = PinState::Wanted { tries: Some(tries) };
                Verdict::Next
            }
            _ => Verdict::NextCommand,
        }
    }

    fn ask_for_pin(&mut self, now: Duration) -> bool {
        let Some(bring_up) = &mut self.bring_up else {
            return false;
        };
        match bring_up.pin {
            PinState::NotWanted | PinState::Allowed | PinState::Entered => {
                bring_up.advance();
                true
            }
            PinState::Wanted { tries: Some(tries) } if tries < LEAST_TRIES => {
                self.block(now, Blocked::PinWithheld);
                true
            }
            PinState::Wanted { tries } => {
                bring_up.wait_until = None;
                let iccid = self.status.identity.iccid.clone();
                self.outputs.push_back(Output::AskPin(PinAttempt {
                    iccid,
                    tries_left: tries,
                }));
                false
            }
        }
    }

    fn pin_command(&self) -> Vec<String> {
        match (&self.settings.pin, self.is_entering_pin()) {
            (Some(pin), true) => vec![format!("AT+CPIN=\"{}\"", pin.reveal())],
            (Some(_) | None, _) => Vec::new(),
        }
    }

    fn is_entering_pin(&self) -> bool {
        self.bring_up
            .as_ref()
            .is_some_and(|bring_up| bring_up.pin == PinState::Allowed)
    }

    fn if_pin_entered(&self, command: &str) -> Vec<String> {
        let entered = self
            .bring_up
            .as_ref()
            .is_some_and(|bring_up| bring_up.pin == PinState::Entered);
        if entered {
            vec![command.to_owned()]
        } else {
            Vec::new()
        }
    }

    /// `+CPMS=?`: three groups, one group, names without parentheses, or nothing at all.
    fn note_memories(&mut self, lines: &[String]) -> Verdict {
        let groups = lines
            .first()
            .map(|line| text::arguments(line))
            .unwrap_or_default();
        let read = |index: usize| -> Vec<Memory> {
            groups.get(index).map_or_else(Vec::new, |group| {
                text::names(group)
                    .into_iter()
                    .filter_map(Memory::parse)
                    .collect()
            })
        };
        let readable = read(0);
        let preferred = |offered: &[Memory]| -> Option<Memory> {
            let wanted =
                self.settings
                    .storage
                    .iter()
                    .chain(&[Memory::Sim, Memory::Modem, Memory::Both]);
            wanted
                .into_iter()
                .find(|memory| offered.contains(memory))
                .or_else(|| offered.first())
                .cloned()
        };
        let writing = preferred(&read(1)).or_else(|| preferred(&readable));
        let receiving = preferred(&read(2)).or_else(|| preferred(&readable));
        self.memories.arguments = if readable.is_empty() {
            0
        } else {
            groups.len().clamp(1, 3)
        };
        self.memories.readable = readable;
        self.memories.writing = writing;
        self.memories.receiving = receiving;
        Verdict::Next
    }

    /// As many arguments as `+CPMS=?` has groups, then fewer: some modems take three only, some one only.
    fn memory_commands(&self) -> Vec<String> {
        let receiving = self.memories.receiving.clone().unwrap_or(Memory::Sim);
        let memory =
            if self.memories.readable.contains(&receiving) || self.memories.readable.is_empty() {
                receiving.clone()
            } else {
                self.memories
                    .readable
                    .first()
                    .cloned()
                    .unwrap_or(Memory::Sim)
            };
        let writing = self
            .memories
            .writing
            .clone()
            .unwrap_or_else(|| receiving.clone());
        let names: Vec<String> = [memory, writing, receiving]
            .iter()
            .map(|memory| format!("\"{memory}\""))
            .collect();
        let most = self.memories.arguments.max(1);
        let counts = [most, 3, 1]
            .into_iter()
            .enumerate()
            .filter(|&(at, count)| at == 0 || count != most);
        counts
            .map(|(_, count)| format!("AT+CPMS={}", names.get(..count).unwrap_or(&names).join(",")))
            .collect()
    }

    fn note_memory_chosen(&mut self, lines: &[String]) -> Verdict {
        let Some(bring_up) = &self.bring_up else {
            return Verdict::Next;
        };
        let taken = self
            .memory_commands()
            .into_iter()
            .nth(bring_up.command)
            .unwrap_or_default();
        let names: Vec<Memory> = text::names(taken.trim_start_matches("AT+CPMS="))
            .into_iter()
            .filter_map(Memory::parse)
            .collect();
        self.memories.arguments = names.len();
        self.memories.reading = names.first().cloned();
        self.memories.receiving = names.last().cloned();
        if let Some(memory) = names.into_iter().next() {
            self.note_storage(&memory, lines);
        }
        Verdict::Next
    }

    fn note_routing_offer(&mut self, lines: &[String]) -> Verdict {
        if let (Some(bring_up), Some(line)) = (&mut self.bring_up, lines.first()) {
            bring_up.routing = text::arguments(line);
        }
        Verdict::Next
    }

    /// `mode,mt,bm,ds,bfr`: the best that `+CNMI=?` offers first, then what more modems take.
    fn routing_commands(&self) -> Vec<String> {
        let offer = self
            .bring_up
            .as_ref()
            .map(|bring_up| bring_up.routing.as_slice())
            .unwrap_or_default();
        let first = |place: usize, wanted: &[u8]| -> u8 {
            let offered = |number: &&u8| {
                offer
                    .get(place)
                    .is_none_or(|range| text::offers(range, **number))
            };
            wanted.iter().find(offered).copied().unwrap_or(0)
        };
        let stored = self.memories.readable.contains(&Memory::StatusReports);
        let reports: &[u8] = match self.settings.delivery_reports {
            DeliveryReports::Wanted if stored => &[2, 1, 0],
            DeliveryReports::Wanted => &[1, 0],
            DeliveryReports::Unwanted => &[0],
        };
        let mode = first(0, &[2, 1, 3, 0]);
        let reported = first(3, reports);
        let buffered = first(4, &[0, 1]);
        let mut routings = vec![format!("{mode},1,0,{reported},{buffered}")];
        for fallback in [
            "2,1,0,1,0",
            "1,1,0,1,0",
            "2,1,0,0,0",
            "1,1,0,0,0",
            "2,1",
            "1,1",
        ] {
            let unwanted = fallback.contains("0,1,0") && reports == [0];
            if !unwanted && routings.iter().all(|routing| routing != fallback) {
                routings.push(fallback.to_owned());
            }
        }
        routings
            .into_iter()
            .map(|routing| format!("AT+CNMI={routing}"))
            .collect()
    }

    fn note_routing_chosen(&mut self) {
        let Some(bring_up) = &self.bring_up else {
            return;
        };
        let announces = bring_up
            .routing
            .get(1)
            .is_none_or(|range| text::offers(range, 1));
        let taken = self.routing_commands().into_iter().nth(bring_up.command);
        self.upkeep.routing = taken
            .as_deref()
            .and_then(|taken| taken.strip_prefix("AT+CNMI="))
            .map(str::to_owned);
        self.status.incoming = if announces {
            Incoming::Announced
        } else {
            Incoming::Polled
        };
    }
}

fn digits_in(line: &str) -> String {
    let after = text::code(line)
        .and_then(|code| line.get(code.len()..))
        .unwrap_or(line);
    after.chars().filter(char::is_ascii_digit).collect()
}
