//! The world outside the bridge: a modem with its memories, the network behind it, and two chat networks. It outlives the
//! process of the bridge in a journal, one line for each effect, and is judged from that journal alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bridge_core::chat::MessageState;
use serde::{Deserialize, Serialize};

/// The chat network that shows a repeated post twice, as Telegram does.
pub(crate) const SHOWS: &str = "shows";
/// The chat network that knows a post by its id, as Matrix does.
pub(crate) const KNOWS: &str = "knows";

/// One effect in the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Record {
    /// A process of the bridge began.
    Life,
    /// The script went one step on.
    Step,
    /// The network stored something in the modem's memory.
    Stored(String),
    /// A slot was freed.
    Freed(u16),
    /// The bridge wrote a message to be sent into the modem's memory.
    Staged {
        slot: u16,
        tpdu: String,
    },
    StagedSent(u16),
    Unstaged(u16),
    /// The modem was asked to send.
    Asked {
        part: u64,
        text: String,
    },
    /// The network took a part.
    Submitted {
        part: u64,
        to: String,
        text: String,
        reference: u8,
        at: i64,
    },
    /// The bridge was told what became of a part.
    Told {
        part: u64,
    },
    /// The report of a submitted part went to the modem.
    Reported(usize),
    RoomMade {
        network: String,
        destination: String,
    },
    /// The adapter was asked to show a post.
    Called {
        network: String,
        post: u64,
    },
    Posted {
        network: String,
        shown: Shown,
    },
    Amended {
        network: String,
        message: String,
        text: String,
    },
    State {
        network: String,
        message: String,
        state: MessageState,
    },
    /// A person did something.
    Said {
        network: String,
        said: Said,
    },
}

/// A message in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// Whose. `None`: a person's.
    pub(crate) post: Option<u64>,
    pub(crate) room: String,
    pub(crate) text: String,
    pub(crate) marked: bool,
    pub(crate) reply_to: Option<String>,
    /// The tokens of its buttons.
    pub(crate) choices: Vec<String>,
    pub(crate) state: Option<MessageState>,
}

/// What a person did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    Wrote {
        message: String,
        room: String,
        reply_to: Option<String>,
        text: String,
    },
    Pressed {
        message: String,
        room: String,
        token: String,
    },
}

/// A part that the network took.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) part: u64,
    pub(crate) to: String,
    pub(crate) text: String,
    pub(crate) reference: u8,
    pub(crate) at: i64,
    pub(crate) reported: bool,
}

/// One chat network.
#[derive(Debug, Default)]
pub(crate) struct Chat {
    pub(crate) messages: Vec<Shown>,
    pub(crate) said: Vec<Said>,
    pub(crate) rooms: Vec<String>,
    /// Which posts were asked for in which life.
    pub(crate) called: Vec<(u64, u32)>,
}

/// Where everything stands.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) lives: u32,
    pub(crate) steps: usize,
    /// What came in, by slot.
    pub(crate) slots: BTreeMap<u16, String>,
    /// What is to be sent, by slot, and whether it was.
    pub(crate) staged: BTreeMap<u16, (String, bool)>,
    pub(crate) submissions: Vec<Submission>,
    /// Which parts the modem was asked to send, and in which life.
    pub(crate) asked: Vec<(u64, String, u32)>,
    pub(crate) told: BTreeSet<u64>,
    pub(crate) chats: BTreeMap<String, Chat>,
}

impl State {
    pub(crate) fn chat(&self, network: &str) -> &Chat {
        &self.chats[network]
    }

    /// How often somebody asked for what a chat did not show to be tried there again.
    pub(crate) fn asks_there(&self) -> usize {
        let said = self.chats.values().flat_map(|chat| &chat.said);
        said.filter(
            |said| matches!(said, Said::Pressed { token, .. } if token.starts_with("there")),
        )
        .count()
    }

    pub(crate) fn asked_there(&self) -> bool {
        self.asks_there() > 0
    }

    fn chat_mut(&mut self, network: &str) -> &mut Chat {
        self.chats.entry(network.to_owned()).or_default()
    }

    fn apply(&mut self, record: Record) {
        match record {
            Record::Life => self.lives += 1,
            Record::Step => self.steps += 1,
            Record::Stored(pdu) => {
                let free = (1..).find(|index| !self.slots.contains_key(index));
                self.slots.extend(free.map(|index| (index, pdu)));
            }
            Record::Freed(index) => drop(self.slots.remove(&index)),
            Record::Staged { slot, tpdu } => drop(self.staged.insert(slot, (tpdu, false))),
            Record::StagedSent(slot) => {
                if let Some((_, sent)) = self.staged.get_mut(&slot) {
                    *sent = true;
                }
            }
            Record::Unstaged(slot) => drop(self.staged.remove(&slot)),
            Record::Asked { part, text } => self.asked.push((part, text, self.lives)),
            Record::Submitted {
                part,
                to,
                text,
                reference,
                at,
            } => {
                self.told.remove(&part);
                self.submissions.push(Submission {
                    part,
                    to,
                    text,
                    reference,
                    at,
                    reported: false,
                });
            }
            Record::Told { part } => drop(self.told.insert(part)),
            Record::Reported(index) => self.submissions[index].reported = true,
            Record::RoomMade {
                network,
                destination,
            } => self.chat_mut(&network).rooms.push(destination),
            Record::Called { network, post } => {
                let life = self.lives;
                self.chat_mut(&network).called.push((post, life));
            }
            Record::Posted { network, shown } => self.chat_mut(&network).messages.push(shown),
            Record::Amended {
                network,
                message,
                text,
            } => {
                let index: usize = message.parse().unwrap();
                self.chat_mut(&network).messages[index].text = text;
            }
            Record::State {
                network,
                message,
                state,
            } => {
                let index: usize = message.parse().unwrap();
                self.chat_mut(&network).messages[index].state = Some(state);
            }
            Record::Said { network, said } => self.chat_mut(&network).said.push(said),
        }
    }
}

/// The world, for a process that lives in it.
pub(crate) struct World {
    state: Mutex<State>,
    journal: Mutex<File>,
    /// When something happened last.
    last: Mutex<Instant>,
}

impl World {
    pub(crate) fn open(folder: &Path) -> Self {
        let path = folder.join("world");
        let state = Self::read(folder);
        let journal = OpenOptions::new().create(true).append(true).open(path);
        Self {
            state: Mutex::new(state),
            journal: Mutex::new(journal.unwrap()),
            last: Mutex::new(Instant::now()),
        }
    }

    /// The world as the last process left it.
    pub(crate) fn read(folder: &Path) -> State {
        let mut state = State::default();
        for network in [SHOWS, KNOWS] {
            state.chat_mut(network);
        }
        let journal = std::fs::read_to_string(folder.join("world")).unwrap_or_default();
        for line in journal.lines() {
            let records: Vec<Record> = serde_json::from_str(line).unwrap();
            records.into_iter().for_each(|record| state.apply(record));
        }
        state
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long nothing happened.
    pub(crate) fn quiet(&self) -> Duration {
        self.last.lock().unwrap().elapsed()
    }

    /// Something happens, all of it or nothing.
    pub(crate) fn happens(&self, records: Vec<Record>) {
        self.act(|_| (records, ()));
    }

    /// What happens hangs on how things stand.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&State) -> (Vec<Record>, T)) -> T {
        let mut state = self.state();
        let (records, result) = act(&state);
        if !records.is_empty() {
            let mut line = serde_json::to_vec(&records).unwrap();
            line.push(b'\n');
            self.journal.lock().unwrap().write_all(&line).unwrap();
            records.into_iter().for_each(|record| state.apply(record));
            *self.last.lock().unwrap() = Instant::now();
        }
        result
    }
}
