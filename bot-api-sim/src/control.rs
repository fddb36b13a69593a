//! The control surface: `POST /control/ACT` with a JSON object; answers are JSON, refusals 400 with `{"error": …}`.
//!
//! | act | body | answer |
//! |---|---|---|
//! | `user` | `id`, `first_name`, `last_name?`, `username?`, `deleted?` | |
//! | `start` | `user`, `silent?`: opens the private chat, and writes `/start` unless silent | `message_id` |
//! | `block`, `unblock` | `user` | |
//! | `chat` | `id`, `type` (`group`, `supergroup`, `forum`, `channel`), `title`, `members`, `bot?` (`member`, `administrator`, `topics`: an administrator who may manage topics), `reactions?` | |
//! | `member` | `chat`, `user`, `status`, `can_manage_topics?` | |
//! | `privacy` | `on` | |
//! | `write` | `chat`, `from`, `text?`, `media?` (`photo`, `voice`, …), `reply_to?`, `topic?`, `as?` (a channel or the group itself) | `message_id` |
//! | `edit` | `chat`, `message_id`, `text` | |
//! | `press` | `chat`, `message_id`, `from`, `label` | `callback_query_id` |
//! | `callback` | `id` | `answered`, `text`, `show_alert` |
//! | `topic` | `chat`, `from`, `name` | `message_thread_id` |
//! | `delete_topic` | `chat`, `message_thread_id` | |
//! | `topics` | `chat` | a list |
//! | `messages` | `chat` | a list, with `reactions`, `buttons` and `silent` |
//! | `type` | `chat`, `type`: it becomes a `forum`, or a `supergroup` again | |
//! | `migrate` | `chat`, `to`: the group becomes a supergroup | |
//! | `fault` | `method?`, `chat?`, `times?`, `after?`, `what`: `"lose_answer"`, `"lose_call"`, `{"delay_ms"}`, `{"retry_after"}`, `{"error": {"code", "description"}}`, `{"late_error": …}` | |
//! | `clear_faults` | | |
//! | `limits` | `on` | |
//! | `next_update_id` | `id` | |
//! | `calls` | | a list of `method`, `chat`, `code`, `at_ms` |
//! | `pending` | | `updates` that no call has acknowledged |
//!
//! With a journal everything but `fault` is kept over a kill; faults end with the server.
//!
//! A chat is named as the bot names it: a private chat by the person's id. Where there are several bots, `bot` names the
//! one that is meant.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

mod setup;

use crate::Shared;
use crate::faults::Fault;
use crate::journal;
use crate::people::{self, Writing};
use crate::render;
use crate::world::{ANONYMOUS, CHANNEL_BOT, Chat, Kind, Message, World};

type Done = Result<Value, String>;

pub(crate) async fn handle(
    State(shared): State<Shared>,
    Path(act): Path<String>,
    body: String,
) -> Response {
    let body = if body.trim().is_empty() { "{}" } else { &body };
    let done = serde_json::from_str(body)
        .map_err(|error| error.to_string())
        .and_then(|body| write_down(&mut shared.world(), &act, body));
    std::future::ready(match done {
        Ok(value) => Json(value).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response(),
    })
    .await
}

/// Performs an act, and writes it down if it changed what a person or bot sees.
pub(crate) fn write_down(world: &mut World, act: &str, body: Value) -> Done {
    let done = perform(world, act, body.clone())?;
    if !matches!(
        act,
        "callback" | "topics" | "messages" | "fault" | "clear_faults" | "calls" | "pending"
    ) {
        journal::acted(world, act, body)?;
    }
    Ok(done)
}

pub(crate) fn perform(world: &mut World, act: &str, body: Value) -> Done {
    let bot = body
        .get("bot_id")
        .and_then(Value::as_i64)
        .or_else(|| world.first_bot())
        .ok_or("there is no bot")?;
    match act {
        "user" => setup::add_user(world, read(body)?),
        "start" => setup::start(world, bot, &read(body)?),
        "block" => setup::block(world, bot, &read(body)?, true),
        "unblock" => setup::block(world, bot, &read(body)?, false),
        "chat" => setup::add_chat(world, bot, read(body)?),
        "type" => setup::set_kind(world, bot, &read(body)?),
        "member" => setup::set_member(world, bot, read(body)?),
        "privacy" => {
            let Switch { on } = read(body)?;
            world.bots.get_mut(&bot).ok_or("no such bot")?.privacy = on;
            done()
        }
        "write" => write(world, bot, read(body)?),
        "edit" => {
            let Edit { chat, message_id, text } = read(body)?;
            people::edit(world, world.key(bot, chat), message_id, &text)?;
            done()
        }
        "press" => {
            let Press { chat, message_id, from, label } = read(body)?;
            let key = world.key(bot, chat);
            let id = people::press(world, key, message_id, from, &label)?;
            Ok(json!({ "callback_query_id": id }))
        }
        "callback" => callback(world, &read(body)?),
        "topic" => {
            let NewTopic { chat, from, name } = read(body)?;
            let key = world.key(bot, chat);
            let id = people::open_topic(world, key, from, &name, 7_322_096, None)
                .ok_or("no such chat")?;
            Ok(json!({ "message_thread_id": id }))
        }
        "delete_topic" => {
            let OldTopic { chat, message_thread_id } = read(body)?;
            people::remove_topic(world, world.key(bot, chat), message_thread_id);
            done()
        }
        "topics" => topics(chat(world, bot, read(body)?)?),
        "messages" => messages(world, bot, read(body)?),
        "migrate" => setup::migrate(world, bot, &read(body)?),
        "fault" => {
            let fault: Fault = read(body)?;
            if world.faults.add(fault) { done() } else { Err("too many faults".to_owned()) }
        }
        "clear_faults" => {
            world.faults.clear();
            done()
        }
        "limits" => {
            let Switch { on } = read(body)?;
            world.limits.on = on;
            done()
        }
        "next_update_id" => {
            let Number { id } = read(body)?;
            world.bots.get_mut(&bot).ok_or("no such bot")?.queue.continue_at(id);
            done()
        }
        "calls" => Ok(world
            .calls
            .iter()
            .map(|call| {
                json!({ "bot": call.bot, "method": call.method, "chat": call.chat, "code": call.code, "at_ms": call.at_ms })
            })
            .collect()),
        "pending" => {
            let waiting = world.bots.get(&bot).map_or(0, |bot| bot.queue.pending());
            Ok(json!({ "updates": waiting }))
        }
        _ => Err(format!("no such act: {act}")),
    }
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    serde_json::from_value(body).map_err(|error| error.to_string())
}

fn done() -> Done {
    Ok(json!({}))
}

#[derive(Deserialize)]
struct Switch {
    on: bool,
}

#[derive(Deserialize)]
struct Number {
    id: i64,
}

#[derive(Deserialize)]
struct NewMessage {
    chat: i64,
    from: i64,
    #[serde(default)]
    text: String,
    media: Option<String>,
    reply_to: Option<i32>,
    topic: Option<i32>,
    /// Not as themselves, but as this channel or as the group (an anonymous administrator).
    #[serde(rename = "as")]
    sender: Option<i64>,
}

fn write(world: &mut World, bot: i64, new: NewMessage) -> Done {
    let key = world.key(bot, new.chat);
    let chat = world.chats.get(&key).ok_or("no such chat")?;
    if chat.kind == Kind::Private && chat.id != new.from {
        return Err("a private chat is between one person and the bot".to_owned());
    }
    if !world.users.contains_key(&new.from) {
        return Err("no such person".to_owned());
    }
    let extra = match new.media {
        None => None,
        Some(kind) => {
            let value = people::medium(&kind).ok_or_else(|| format!("no such medium: {kind}"))?;
            Some((kind, value))
        }
    };
    let from = match new.sender {
        None => new.from,
        Some(sender) if sender == new.chat => ANONYMOUS,
        Some(_) => CHANNEL_BOT,
    };
    let writing = Writing {
        from,
        sender_chat: new.sender,
        text: new.text,
        extra,
        reply_to: new.reply_to,
        topic: new.topic,
    };
    Ok(json!({ "message_id": people::write(world, key, writing)? }))
}

#[derive(Deserialize)]
struct Edit {
    chat: i64,
    message_id: i32,
    text: String,
}

#[derive(Deserialize)]
struct Press {
    chat: i64,
    message_id: i32,
    from: i64,
    label: String,
}

#[derive(Deserialize)]
struct Which {
    id: String,
}

fn callback(world: &World, which: &Which) -> Done {
    let callback = world
        .callbacks
        .iter()
        .find(|callback| callback.id == which.id)
        .ok_or("no such callback query")?;
    let field = |name: &str| {
        let answer = callback.answer.as_ref();
        answer.and_then(|answer| answer.get(name)).cloned()
    };
    Ok(json!({
        "answered": callback.answer.is_some(),
        "text": field("text"),
        "show_alert": field("show_alert"),
    }))
}

#[derive(Deserialize)]
struct NewTopic {
    chat: i64,
    from: i64,
    name: String,
}

#[derive(Deserialize)]
struct OldTopic {
    chat: i64,
    message_thread_id: i32,
}

#[derive(Deserialize)]
struct InChat {
    chat: i64,
}

fn chat(world: &World, bot: i64, within: InChat) -> Result<&Chat, String> {
    world
        .chat(bot, within.chat)
        .ok_or_else(|| "no such chat".to_owned())
}

fn topics(chat: &Chat) -> Done {
    let topics = chat.topics.iter();
    Ok(topics
        .map(|(id, topic)| {
            json!({
                "message_thread_id": id,
                "name": topic.name,
                "closed": topic.closed,
                "icon_color": topic.icon_color,
                "icon_custom_emoji_id": topic.icon_custom_emoji_id,
            })
        })
        .collect())
}

/// Every message as a person sees it: the Bot API's object, the reactions on it, and its buttons' labels.
fn messages(world: &World, bot: i64, within: InChat) -> Done {
    let chat = chat(world, bot, within)?;
    let shown = |message: &Message| {
        let mut object = render::message(world, chat, message);
        let reactions: Vec<&String> = message.reactions.values().flatten().collect();
        let labels: Vec<&Value> = message
            .keyboard
            .iter()
            .filter_map(|keyboard| keyboard.get("inline_keyboard").and_then(Value::as_array))
            .flatten()
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(|button| button.get("text"))
            .collect();
        if let Some(fields) = object.as_object_mut() {
            fields.insert("reactions".to_owned(), json!(reactions));
            fields.insert("buttons".to_owned(), json!(labels));
            fields.insert(
                "by_bot".to_owned(),
                json!(world.bots.contains_key(&message.from)),
            );
            fields.insert("silent".to_owned(), json!(message.silent));
            fields.insert("service".to_owned(), json!(message.is_service()));
            fields.insert("answers".to_owned(), json!(message.reply_to));
        }
        object
    };
    Ok(chat.messages.values().map(shown).collect())
}
