//! The table of start-up steps: what is written in order, what is taken from the answers, what a refusal leads to.

use std::time::Duration;

use super::super::Engine;
use super::super::command::{AnswerLines, CARD, NETWORK, SHORT};
use crate::cause::ModemError;
use crate::status::{Blocked, Incoming, Registration};

/// One row of the table.
pub(super) struct Step {
    /// What is done, for people: "setting the modem up: …".
    pub(super) words: &'static str,
    pub(super) commands: Commands,
    pub(super) answer: AnswerLines,
    pub(super) limit: Duration,
    /// Takes in the lines of the answer.
    pub(super) note: fn(&mut Engine, &[String]) -> Verdict,
    /// When no command was taken.
    pub(super) failed: Failed,
}

/// What a step writes, in order until one is taken. None: the step is left out.
pub(super) enum Commands {
    These(&'static [&'static str]),
    Chosen(fn(&Engine) -> Vec<String>),
    /// Leave to enter the PIN is asked for, if it is wanted.
    AskPin,
}

/// What follows from an answer.
pub(super) enum Verdict {
    Next,
    /// The answer says nothing: try the next command of the step.
    NextCommand,
    Again,
    Block(Blocked),
}

/// What follows when no command of a step was taken.
pub(super) enum Failed {
    LeaveOut,
    /// The same, and a warning is written for each command: somebody configured them.
    Warn,
    Block(Blocked),
    Judge(fn(&mut Engine, Option<ModemError>) -> Verdict),
}

/// Whether a step asks for the state of the SIM, which is the first thing to know before a PIN is entered.
pub(super) fn asks_for_sim(step: &Step) -> bool {
    matches!(step.commands, Commands::These(["AT+CPIN?"]))
}

pub(super) const NOTHING: fn(&mut Engine, &[String]) -> Verdict = |_, _| Verdict::Next;

/// A step that may fail.
pub(super) const fn optional(
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
pub(super) const STEPS: &[Step] = &[
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
        note: Engine::note_imei,
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
            engine.note_own_number(lines);
            Verdict::Next
        },
        ..optional(
            "asking for the SIM's phone number",
            &["AT+CNUM"],
            AnswerLines::Coded("+CNUM"),
        )
    },
    // With 2 instead of 1 the technology is told too.
    optional(
        "asking for word of the registration",
        &["AT+CREG=2", "AT+CREG=1"],
        AnswerLines::None,
    ),
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
        "asking for word of the packet registration",
        &["AT+CGREG=2", "AT+CGREG=1"],
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
    optional(
        "asking for word of the packet registration",
        &["AT+CEREG=2", "AT+CEREG=1"],
        AnswerLines::None,
    ),
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
    optional(
        "asking for word of the time",
        &["AT+CTZR=1", "AT+CLTS=1"],
        AnswerLines::None,
    ),
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
    Step {
        commands: Commands::Chosen(Engine::quiet_commands),
        note: |engine, _| {
            engine.note_quiet();
            Verdict::Next
        },
        ..optional(
            "having messages stored without a word, as they are looked for every few seconds",
            &[],
            AnswerLines::None,
        )
    },
    optional(
        "asking for what the network says by USSD",
        &["AT+CUSD=1"],
        AnswerLines::None,
    ),
    optional(
        "asking for the kind of each call",
        &["AT+CRC=1"],
        AnswerLines::None,
    ),
    optional(
        "asking for the number of each caller",
        &["AT+CLIP=1"],
        AnswerLines::None,
    ),
    optional(
        "asking for word of a second caller",
        &["AT+CCWA=1"],
        AnswerLines::None,
    ),
    Step {
        commands: Commands::Chosen(Engine::init_commands),
        // Each of them, whatever became of the one before.
        note: |_, _| Verdict::NextCommand,
        limit: CARD,
        failed: Failed::Warn,
        ..optional(
            "writing the commands of the configuration",
            &[],
            AnswerLines::None,
        )
    },
];
