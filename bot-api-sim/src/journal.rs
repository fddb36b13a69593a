//! What happened, one change to a line, so that a server that was killed comes back as it was.
//!
//! The journal holds the calls and acts that changed something, with their time, in the order in which they did; playing
//! them again makes the same chats, ids and waiting updates, for nothing here is left to chance. A change is in the file
//! before it is answered. The file is not synced to the disk: a kill loses nothing, a power cut may.
//!
//! Kept: people, chats, topics, messages, reactions, buttons pressed, updates that no bot acknowledged, settings. Not kept:
//! scripted faults, the record of calls, and how far a flood limit is used up.
//!
//! **Invariant:** whatever a bot or a person was told to be done is done after a start with the same file.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::Failure;
use crate::request::Parameters;
use crate::world::World;
use crate::{control, methods, updates};

/// The open file.
#[derive(Debug)]
pub(crate) struct Journal(File);

/// One change.
#[derive(Debug, Deserialize, Serialize)]
struct Entry {
    /// Unix time in seconds.
    at: i64,
    #[serde(flatten)]
    change: Change,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    /// A bot called a method.
    Call {
        bot: i64,
        method: String,
        parameters: Map<String, Value>,
    },
    /// Somebody, or the test, did something.
    Act { act: String, body: Value },
}

/// Plays what the file holds and goes on writing behind it. A line that was cut short was never answered, and goes.
pub(crate) fn resume(world: &mut World, path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .with_context(|| format!("failed to open {shown}"))?;
    let whole = play(world, &file).with_context(|| format!("failed to go on from {shown}"))?;
    file.set_len(whole)
        .and_then(|()| file.seek(SeekFrom::End(0)))
        .with_context(|| format!("failed to cut the last line of {shown}"))?;
    world.played_at = None;
    world.journal = Some(Journal(file));
    Ok(())
}

/// Plays every whole line. Returns how many octets they have.
fn play(world: &mut World, file: &File) -> anyhow::Result<u64> {
    let mut lines = BufReader::new(file);
    let mut whole = 0;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let length = lines.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            break;
        }
        let entry: Entry =
            serde_json::from_slice(&line).with_context(|| format!("line {number}"))?;
        world.played_at = Some(entry.at);
        if let Err(error) = redo(world, entry.change) {
            bail!(
                "line {number} cannot be done again: {error} (was it written with other tokens?)"
            );
        }
        whole += u64::try_from(length)?;
    }
    Ok(whole)
}

fn redo(world: &mut World, change: Change) -> Result<(), String> {
    let told = |failure: Failure| failure.description;
    match change {
        Change::Act { act, body } => control::perform(world, &act, body).map(drop),
        Change::Call {
            bot,
            method,
            parameters,
        } => {
            let parameters = Parameters::written(parameters);
            if method == "getupdates" {
                return updates::settle(world, bot, &parameters).map_err(told);
            }
            methods::perform(world, bot, &method, &parameters)
                .map(drop)
                .map_err(told)
        }
    }
}

/// Writes down what a bot did.
pub(crate) fn called(
    world: &mut World,
    bot: i64,
    method: &str,
    parameters: &Parameters,
) -> Result<(), Failure> {
    let change = Change::Call {
        bot,
        method: method.to_owned(),
        parameters: parameters.to_map(),
    };
    append(world, change)
        .map_err(|error| Failure::new(500, format!("Internal Server Error: {error}")))
}

/// Writes down what a person or the test did.
pub(crate) fn acted(world: &mut World, act: &str, body: Value) -> Result<(), String> {
    let act = act.to_owned();
    append(world, Change::Act { act, body })
}

fn append(world: &mut World, change: Change) -> Result<(), String> {
    let at = world.now();
    let Some(Journal(file)) = &mut world.journal else {
        return Ok(());
    };
    let entry = Entry { at, change };
    let mut line = serde_json::to_vec(&entry).map_err(|error| error.to_string())?;
    line.push(b'\n');
    // In one piece: a kill leaves all of the line or none, or at worst its beginning.
    file.write_all(&line)
        .map_err(|error| format!("failed to write the journal: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::DEFAULT_TOKEN;

    const BOT: i64 = 1_000_001;
    const FORUM: i64 = -1_002_000_000_001;

    fn world(path: &Path) -> World {
        let mut world = World::default();
        world.add_bot(DEFAULT_TOKEN).unwrap();
        resume(&mut world, path).unwrap();
        world
    }

    fn act(world: &mut World, act: &str, body: Value) -> Value {
        control::write_down(world, act, body).unwrap()
    }

    fn call(world: &mut World, method: &str, parameters: Value) -> Value {
        let parameters = Parameters::written(parameters.as_object().unwrap().clone());
        methods::write_down(world, BOT, method, &parameters).unwrap()
    }

    /// All that can be seen from outside.
    fn seen(world: &mut World) -> Vec<Value> {
        let queue = &world.bots.get(&BOT).unwrap().queue;
        let mut seen = queue.batch(100);
        for (name, chat) in [("messages", 7), ("messages", FORUM), ("topics", FORUM)] {
            seen.push(act(world, name, json!({ "chat": chat })));
        }
        seen
    }

    fn begin(path: &Path) -> World {
        let mut world = world(path);
        act(&mut world, "user", json!({ "id": 7, "first_name": "Ann" }));
        act(&mut world, "start", json!({ "user": 7 }));
        let forum = json!({ "id": FORUM, "type": "forum", "title": "SMS", "members": [7], "bot": "topics" });
        act(&mut world, "chat", forum);
        let topic = call(
            &mut world,
            "createforumtopic",
            json!({ "chat_id": FORUM, "name": "Ben" }),
        );
        let post = json!({ "chat_id": FORUM, "message_thread_id": topic["message_thread_id"], "text": "hello",
            "reply_markup": { "inline_keyboard": [[{ "text": "Yes", "callback_data": "y" }]] } });
        let post = call(&mut world, "sendmessage", post);
        let id = &post["message_id"];
        act(
            &mut world,
            "press",
            json!({ "chat": FORUM, "message_id": id, "from": 7, "label": "Yes" }),
        );
        let thumb = json!([{ "type": "emoji", "emoji": "👍" }]);
        call(
            &mut world,
            "setmessagereaction",
            json!({ "chat_id": FORUM, "message_id": id, "reaction": thumb }),
        );
        world
    }

    #[test]
    fn a_world_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut world = begin(&path);
        let first = world.bots.get(&BOT).unwrap().queue.batch(1);
        let offset = first[0]["update_id"].as_i64().unwrap() + 1;
        let polled = json!({ "offset": offset, "timeout": 30, "allowed_updates": ["message", "callback_query"] });
        let polled = Parameters::written(polled.as_object().unwrap().clone());
        updates::settle(&mut world, BOT, &polled).unwrap();
        let before = seen(&mut world);
        drop(world);
        let mut again = self::world(&path);
        assert_eq!(seen(&mut again), before);
        // And both go on in the same way.
        let next = act(
            &mut again,
            "write",
            json!({ "chat": 7, "from": 7, "text": "more" }),
        );
        assert_eq!(next, json!({ "message_id": 2 }));
    }

    #[test]
    fn what_changed_nothing_is_not_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut world = begin(&path);
        let length = || std::fs::metadata(&path).unwrap().len();
        let before = length();
        seen(&mut world);
        call(&mut world, "getme", json!({}));
        let nothing = Parameters::written(Map::new());
        updates::settle(&mut world, BOT, &nothing).unwrap();
        let refused = Parameters::written(Map::new());
        assert!(methods::write_down(&mut world, BOT, "sendmessage", &refused).is_err());
        assert_eq!(length(), before);
    }

    #[test]
    fn a_line_cut_short_goes_and_any_other_damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut world = begin(&path);
        let before = seen(&mut world);
        drop(world);
        let whole = std::fs::read(&path).unwrap();
        let mut cut = whole.clone();
        cut.extend_from_slice(br#"{"at":1,"act":{"ac"#);
        std::fs::write(&path, cut).unwrap();
        assert_eq!(seen(&mut self::world(&path)), before);
        assert_eq!(std::fs::read(&path).unwrap(), whole);

        std::fs::write(&path, "{}\n").unwrap();
        let mut world = World::default();
        let refused = resume(&mut world, &path).unwrap_err();
        assert!(format!("{refused:#}").contains("line 1"), "{refused:#}");
    }
}
