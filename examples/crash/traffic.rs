//! Messages both ways, as a person and their contacts write them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Options;
use crate::chance::Chance;
use crate::stage::Stage;

const CONTACTS: u64 = 6;

/// What was written, each text like no other.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Texts of SMS for the SIM.
    pub(crate) incoming: Vec<String>,
    pub(crate) outgoing: Vec<Outgoing>,
}

/// Something that a person wrote.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) place: Place,
    pub(crate) text: String,
}

/// Where it was written, and its id there.
#[derive(Debug)]
pub(crate) enum Place {
    Telegram(i64),
    Matrix { room: String, event: String },
}

/// Writes until then.
pub(crate) async fn run(stage: Arc<Stage>, options: Options, until: Instant) -> Written {
    let pace = options.pace.max(1);
    // Two of three come in.
    let incoming = incoming(&stage, Chance::new(options.seed, 11), pace * 2 / 3, until);
    let telegram = telegram(&stage, Chance::new(options.seed, 12), pace / 6, until);
    let matrix = matrix(&stage, Chance::new(options.seed, 13), pace / 6, until);
    let (incoming, mut outgoing, more) = tokio::join!(incoming, telegram, matrix);
    outgoing.extend(more);
    Written { incoming, outgoing }
}

/// Waits for the next one. Whether there is time for it.
async fn next(chance: &mut Chance, a_minute: u64, until: Instant) -> bool {
    let mean = Duration::from_secs(60) / u32::try_from(a_minute.max(1)).unwrap_or(1);
    tokio::time::sleep(chance.between(Duration::ZERO, mean * 2)).await;
    Instant::now() < until
}

fn number(chance: &mut Chance) -> String {
    format!("+1202555010{}", chance.below(CONTACTS))
}

/// One of four has several parts.
fn text(chance: &mut Chance, head: &str) -> String {
    let words = match chance.one_in(4) {
        true => 20 + chance.below(20),
        false => chance.below(8),
    };
    let words = (0..words)
        .map(|word| format!(" word{word}"))
        .collect::<String>();
    format!("{head}.{words}")
}

async fn incoming(stage: &Stage, mut chance: Chance, a_minute: u64, until: Instant) -> Vec<String> {
    let mut written = Vec::new();
    while next(&mut chance, a_minute, until).await {
        let text = text(&mut chance, &format!("in {}", written.len()));
        stage
            .modem
            .lock()
            .await
            .deliver(&number(&mut chance), &text)
            .await;
        written.push(text);
    }
    written
}

async fn telegram(
    stage: &Stage,
    mut chance: Chance,
    a_minute: u64,
    until: Instant,
) -> Vec<Outgoing> {
    let mut written = Vec::new();
    while next(&mut chance, a_minute, until).await {
        let text = text(&mut chance, &format!("telegram {}", written.len()));
        let command = format!("/send {} {text}", number(&mut chance));
        let place = Place::Telegram(stage.telegram.write(&command).await);
        written.push(Outgoing { place, text });
    }
    written
}

async fn matrix(stage: &Stage, mut chance: Chance, a_minute: u64, until: Instant) -> Vec<Outgoing> {
    let mut written = Vec::new();
    // Rooms are made as contacts write: the list is looked at again now and then.
    let mut rooms: BTreeMap<String, String> = BTreeMap::new();
    while next(&mut chance, a_minute, until).await {
        let mut me = stage.me.lock().await;
        if rooms.is_empty() || chance.one_in(8) {
            for room in me.join_all().await {
                if let Entry::Vacant(unknown) = rooms.entry(room) {
                    let name = me.room(unknown.key()).await.name;
                    unknown.insert(name);
                }
            }
        }
        let contacts: Vec<&String> = rooms
            .iter()
            .filter(|(_, name)| name.starts_with('+'))
            .map(|(room, _)| room)
            .collect();
        let index = chance.below(contacts.len() as u64);
        let Some(room) = usize::try_from(index)
            .ok()
            .and_then(|index| contacts.get(index))
        else {
            continue;
        };
        let text = text(&mut chance, &format!("matrix {}", written.len()));
        let place = Place::Matrix {
            room: String::clone(room),
            event: me.say(room, &text).await,
        };
        written.push(Outgoing { place, text });
    }
    written
}
