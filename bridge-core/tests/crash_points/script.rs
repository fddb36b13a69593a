//! What happens in the world, step by step: each scenario is a list of steps that follow each other, whatever becomes of
//! the bridge meanwhile.

use sms_codec::{
    Address, Deliver, MessageReference, Reference, SegmentOptions, Status, StatusReport, Timestamp,
    UserData,
};

use crate::now;
use crate::world::{KNOWS, Record, SHOWS, Said, Shown, State, Submission};

pub(crate) const ALICE: &str = "+12025550100";
pub(crate) const BOB: &str = "+12025550101";

/// A scenario.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Step>,
    /// Messages are stored in the modem before they are sent.
    pub(crate) two_steps: bool,
    /// The network reports what it delivered.
    pub(crate) reports: bool,
    /// A modem whose program ends in the middle of a send tells the next one what became of it.
    pub(crate) late_results: bool,
    /// A person presses "Send again" and "Try again there" wherever it is offered.
    pub(crate) asks_again: bool,
}

/// A step, and when it is time for it.
pub(crate) struct Step {
    pub(crate) when: When,
    pub(crate) what: What,
}

#[derive(Clone, Copy)]
pub(crate) enum When {
    /// At once.
    Now,
    /// A post says this in both chats.
    Shown(&'static str),
    /// The modem was asked to send this, or it failed before.
    Asked(&'static str),
    /// A person's message that says this shows that it was refused, or may have left.
    Failed(&'static str),
}

#[derive(Clone, Copy)]
pub(crate) enum What {
    /// These parts, from 1, of a text arrive.
    Sms {
        from: &'static str,
        text: &'static str,
        parts: &'static [usize],
    },
    /// Something arrives that is no SMS.
    Garbage,
    /// Somebody answers the post that says this.
    Answer {
        network: &'static str,
        post: &'static str,
        text: &'static str,
    },
    /// Somebody writes to a number.
    Send {
        network: &'static str,
        to: &'static str,
        text: &'static str,
    },
    /// Somebody answers their own message that says this.
    AnswerOwn {
        network: &'static str,
        own: &'static str,
        text: &'static str,
    },
}

/// Three parts in the GSM alphabet, told apart by their letter.
pub(crate) const LONG: &str = concat!(
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "ccccc"
);

pub(crate) fn all() -> Vec<Scenario> {
    let sms = |when, from, text| Step {
        when,
        what: What::Sms {
            from,
            text,
            parts: &[1],
        },
    };
    let parts = |when, parts| Step {
        when,
        what: What::Sms {
            from: ALICE,
            text: LONG,
            parts,
        },
    };
    let send = |network, to, text| Step {
        when: When::Now,
        what: What::Send { network, to, text },
    };
    let answer = |network, post, text| Step {
        when: When::Shown(post),
        what: What::Answer {
            network,
            post,
            text,
        },
    };
    let own = |when, network, own, text| Step {
        when,
        what: What::AnswerOwn { network, own, text },
    };
    let with = |name, steps| Scenario {
        name,
        steps,
        two_steps: false,
        reports: true,
        late_results: false,
        asks_again: false,
    };
    vec![
        with(
            "sms arrive",
            vec![
                sms(When::Now, ALICE, "in 1 [flood]"),
                sms(When::Now, BOB, "in 2"),
                sms(When::Shown("in 1"), ALICE, "in 3"),
            ],
        ),
        with(
            "a long sms arrives out of order",
            vec![
                parts(When::Now, &[3, 1]),
                sms(When::Now, BOB, "in between"),
                parts(When::Now, &[2]),
            ],
        ),
        with(
            "a part arrives after its gap was shown",
            vec![
                parts(When::Now, &[3, 1]),
                parts(When::Shown("has not come"), &[2]),
            ],
        ),
        Scenario {
            asks_again: true,
            ..with(
                "a chat refuses what arrives",
                vec![
                    sms(When::Now, ALICE, "in 1 [closed]"),
                    sms(When::Now, BOB, "in 2 [closed]"),
                    sms(When::Shown("in 1"), ALICE, "in 3"),
                ],
            )
        },
        with(
            "what cannot be read arrives",
            vec![
                Step {
                    when: When::Now,
                    what: What::Garbage,
                },
                sms(When::Now, ALICE, "in 1"),
            ],
        ),
        with(
            "messages leave",
            vec![
                send(SHOWS, ALICE, "out 1"),
                send(KNOWS, BOB, "out 2"),
                send(SHOWS, ALICE, "out 3"),
            ],
        ),
        with("a long message leaves", vec![send(KNOWS, ALICE, LONG)]),
        Scenario {
            two_steps: true,
            ..with(
                "messages leave in two steps",
                vec![send(SHOWS, ALICE, "out 1"), send(SHOWS, ALICE, "out 2")],
            )
        },
        Scenario {
            reports: false,
            asks_again: true,
            ..with(
                "a message in doubt is sent again",
                vec![send(SHOWS, ALICE, "out [lost]"), send(KNOWS, BOB, "out 2")],
            )
        },
        Scenario {
            two_steps: true,
            reports: false,
            ..with(
                "a doubt is resolved by a slot",
                vec![
                    send(SHOWS, ALICE, "out 1"),
                    own(When::Asked("out 1"), SHOWS, "out 1", "out 2 [lost]"),
                ],
            )
        },
        Scenario {
            reports: false,
            late_results: true,
            ..with(
                "results come late",
                vec![send(SHOWS, ALICE, "out 1"), send(KNOWS, ALICE, "out 2")],
            )
        },
        with(
            "a refused message is sent again",
            vec![
                send(KNOWS, ALICE, "out [refuse]"),
                own(
                    When::Failed("out [refuse]"),
                    KNOWS,
                    "out [refuse]",
                    "!retry",
                ),
            ],
        ),
        with(
            "a message is called off",
            vec![
                send(SHOWS, ALICE, "out [busy]"),
                own(When::Asked("out [busy]"), SHOWS, "out [busy]", "!cancel"),
            ],
        ),
        with(
            "a conversation",
            vec![
                sms(When::Now, ALICE, "in 1"),
                answer(SHOWS, "in 1", "out 1"),
                answer(KNOWS, "in 1", "out 2"),
                sms(When::Shown("in 1"), ALICE, "in 2"),
            ],
        ),
    ]
}

impl When {
    pub(crate) fn is_met(self, state: &State) -> bool {
        match self {
            Self::Now => true,
            Self::Shown(text) => [SHOWS, KNOWS].iter().all(|network| {
                let mut messages = state.chat(network).messages.iter();
                messages.any(|shown| shown.post.is_some() && shown.text.contains(text))
            }),
            Self::Asked(text) => {
                state.asked.iter().any(|(_, asked, _)| asked == text)
                    || Self::Failed(text).is_met(state)
            }
            Self::Failed(text) => {
                use bridge_core::chat::MessageState as S;
                let mut messages = state.chats.values().flat_map(|chat| &chat.messages);
                messages.any(|shown| {
                    let failed = matches!(shown.state, Some(S::Failed | S::Unknown | S::Delivered));
                    shown.post.is_none() && shown.text.contains(text) && failed
                })
            }
        }
    }
}

impl What {
    pub(crate) fn is_an_answer(self) -> bool {
        matches!(self, Self::Answer { .. })
    }

    pub(crate) fn records(self, state: &State) -> Vec<Record> {
        match self {
            Self::Sms { from, text, parts } => {
                let all = segments(text);
                let pdu = |number: &usize| {
                    let address = Address::parse_number(from).unwrap();
                    let part = all[number - 1].clone();
                    let at = Timestamp::from_unix_seconds(now() / 1000, 0).unwrap();
                    Record::Stored(raw(&Deliver::new(address, at, part).emit()))
                };
                parts.iter().map(pdu).collect()
            }
            Self::Garbage => vec![Record::Stored("00DEADBEEF".to_owned())],
            Self::Answer {
                network,
                post,
                text,
            } => {
                // The last one: one before it may be without a receipt.
                let mut messages = state.chat(network).messages.iter();
                let index = messages
                    .rposition(|shown| shown.post.is_some() && shown.text.contains(post))
                    .unwrap();
                let room = state.chat(network).messages[index].room.clone();
                let reply_to = (network == SHOWS).then(|| index.to_string());
                wrote(state, network, room, reply_to, text.to_owned())
            }
            Self::Send { network, to, text } => {
                let text = format!("!send {to} {text}");
                wrote(state, network, "lobby".to_owned(), None, text)
            }
            Self::AnswerOwn { network, own, text } => {
                let mut messages = state.chat(network).messages.iter();
                let index = messages
                    .position(|shown| shown.post.is_none() && shown.text.contains(own))
                    .unwrap();
                let room = state.chat(network).messages[index].room.clone();
                wrote(
                    state,
                    network,
                    room,
                    Some(index.to_string()),
                    text.to_owned(),
                )
            }
        }
    }
}

fn wrote(
    state: &State,
    network: &str,
    room: String,
    reply_to: Option<String>,
    text: String,
) -> Vec<Record> {
    let message = state.chat(network).messages.len().to_string();
    let shown = Shown {
        post: None,
        room: room.clone(),
        text: text.clone(),
        marked: false,
        reply_to: reply_to.clone(),
        choices: Vec::new(),
        state: None,
    };
    let said = Said::Wrote {
        message,
        room,
        reply_to,
        text,
    };
    let network = network.to_owned();
    vec![
        Record::Posted {
            network: network.clone(),
            shown,
        },
        Record::Said { network, said },
    ]
}

/// The parts of a text as it goes over the air.
pub(crate) fn segments(text: &str) -> Vec<UserData> {
    let options = SegmentOptions::new(Reference::Eight(7));
    sms_codec::segment(text, &options).unwrap().parts
}

/// The report that a part was delivered.
pub(crate) fn report(of: &Submission) -> String {
    let at = || Timestamp::from_unix_seconds(of.at / 1000, 0).unwrap();
    let to = Address::parse_number(&of.to).unwrap();
    let reference = MessageReference(of.reference);
    raw(&StatusReport::new(reference, to, at(), at(), Status(0)).emit())
}

fn raw(tpdu: &[u8]) -> String {
    format!("00{}", sms_codec::hex::encode(tpdu))
}
