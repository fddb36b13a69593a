//! What people do, and which bot hears of it.

use serde_json::{Map, Value, json};

use crate::render;
use crate::world::{Chat, ChatKey, Kind, Message, Topic, World};

/// Puts a message into a chat and tells the bots that may see it.
pub(crate) fn deliver(world: &mut World, key: ChatKey, message: Message) -> Option<i32> {
    let message = world.put(key, message)?;
    announce(world, key, &message, "message");
    Some(message.id)
}

/// Tells the bots of a chat of a message, new or edited.
pub(crate) fn announce(world: &mut World, key: ChatKey, message: &Message, kind: &str) {
    let Some(chat) = world.chats.get(&key) else {
        return;
    };
    let rendered = render::message(world, chat, message);
    let kind = match (chat.kind, kind) {
        (Kind::Channel, "message") => "channel_post",
        (Kind::Channel, "edited_message") => "edited_channel_post",
        (_, kind) => kind,
    };
    let hearers: Vec<i64> = world
        .bots
        .keys()
        .copied()
        .filter(|&bot| hears(world, chat, bot, message))
        .collect();
    for bot in hearers {
        if let Some(bot) = world.bots.get_mut(&bot) {
            bot.queue.push(kind, rendered.clone());
        }
    }
}

/// Whether a bot is told of a message (Bots, "Privacy mode"): in groups, with privacy mode on and without being an
/// administrator, only of commands for it, answers to it and service messages.
fn hears(world: &World, chat: &Chat, bot: i64, message: &Message) -> bool {
    if let ChatKey::Private { bot: other, .. } = chat.key {
        return other == bot && !chat.blocked;
    }
    let Some(member) = chat.members.get(&bot).filter(|member| member.is_present()) else {
        return false;
    };
    if message.is_service() {
        return true;
    }
    // Bots do not see what bots write.
    if world.bots.contains_key(&message.from) {
        return false;
    }
    let Some(me) = world.bots.get(&bot) else {
        return false;
    };
    if !me.privacy || member.is_administrator() || chat.kind == Kind::Channel {
        return true;
    }
    let answered = message.reply_to.and_then(|id| chat.messages.get(&id));
    if answered.is_some_and(|answered| answered.from == bot) {
        return true;
    }
    let mention = format!("@{}", me.username());
    match message.text.split_whitespace().next() {
        Some(word) if word.starts_with('/') => match word.split_once('@') {
            Some((_command, name)) => name.eq_ignore_ascii_case(&me.username()),
            None => chat.last_bot.is_none_or(|last| last == bot),
        },
        _ => message.text.contains(&mention),
    }
}

/// What somebody writes.
pub(crate) struct Writing {
    pub(crate) from: i64,
    pub(crate) sender_chat: Option<i64>,
    pub(crate) text: String,
    pub(crate) extra: Option<(String, Value)>,
    pub(crate) reply_to: Option<i32>,
    pub(crate) topic: Option<i32>,
}

/// Somebody writes into a chat.
pub(crate) fn write(world: &mut World, key: ChatKey, writing: Writing) -> Result<i32, String> {
    let chat = world.chats.get(&key).ok_or("no such chat")?;
    let answered = match writing.reply_to {
        None => None,
        Some(id) => Some(chat.messages.get(&id).ok_or("no such message to answer")?),
    };
    let (thread, is_topic) = match chat.kind {
        Kind::Private | Kind::Group | Kind::Channel => (None, false),
        Kind::Supergroup => (answered.map(|it| it.thread.unwrap_or(it.id)), false),
        Kind::Forum => {
            let topic = writing
                .topic
                .or_else(|| answered.filter(|it| it.is_topic).and_then(|it| it.thread));
            match topic {
                Some(id) if chat.topics.contains_key(&id) => (Some(id), true),
                Some(_) => return Err("no such topic".to_owned()),
                None => (None, false),
            }
        }
    };
    let message = Message {
        sender_chat: writing.sender_chat,
        thread,
        is_topic,
        reply_to: writing.reply_to,
        entities: command_entity(&writing.text),
        extra: writing.extra,
        ..Message::new(writing.from, writing.text)
    };
    deliver(world, key, message).ok_or_else(|| "no such chat".to_owned())
}

/// Telegram marks a command at the beginning of a text (Bot API, "MessageEntity", `bot_command`).
fn command_entity(text: &str) -> Vec<Value> {
    match text.split_whitespace().next() {
        Some(word) if text.starts_with('/') && word.len() > 1 => {
            vec![json!({ "type": "bot_command", "offset": 0, "length": crate::html::units(word) })]
        }
        _ => Vec::new(),
    }
}

/// Somebody edits their text.
pub(crate) fn edit(world: &mut World, key: ChatKey, id: i32, text: &str) -> Result<(), String> {
    let now = world.now();
    let chat = world.chats.get_mut(&key).ok_or("no such chat")?;
    let message = chat.messages.get_mut(&id).ok_or("no such message")?;
    text.clone_into(&mut message.text);
    message.edit_date = Some(now);
    let message = message.clone();
    announce(world, key, &message, "edited_message");
    Ok(())
}

/// Somebody presses a button, found by its label. Returns the callback query's id.
pub(crate) fn press(
    world: &mut World,
    key: ChatKey,
    id: i32,
    from: i64,
    label: &str,
) -> Result<String, String> {
    let chat = world.chats.get(&key).ok_or("no such chat")?;
    let message = chat.messages.get(&id).ok_or("no such message")?.clone();
    let rows = message
        .keyboard
        .as_ref()
        .and_then(|keyboard| keyboard.get("inline_keyboard"))
        .and_then(Value::as_array)
        .ok_or("the message has no buttons")?;
    let data = rows
        .iter()
        .filter_map(Value::as_array)
        .flatten()
        .find(|button| button.get("text").and_then(Value::as_str) == Some(label))
        .and_then(|button| button.get("callback_data"))
        .cloned()
        .ok_or("no such button")?;
    let bot = message.from;
    let rendered = render::message(world, chat, &message);
    let callback = world.add_callback(bot);
    let query = json!({
        "id": callback,
        "from": render::user(world, from),
        "message": rendered,
        "chat_instance": format!("{}", key_number(key)),
        "data": data,
    });
    if let Some(bot) = world.bots.get_mut(&bot) {
        bot.queue.push("callback_query", query);
    }
    Ok(callback)
}

fn key_number(key: ChatKey) -> i64 {
    match key {
        ChatKey::Private { user, .. } => user,
        ChatKey::Group(id) => id,
    }
}

/// Opens a topic: a service message, whose id is the topic's.
pub(crate) fn open_topic(
    world: &mut World,
    key: ChatKey,
    from: i64,
    name: &str,
    icon_color: i64,
    icon_custom_emoji_id: Option<String>,
) -> Option<i32> {
    let mut created = Map::new();
    created.insert("name".to_owned(), json!(name));
    created.insert("icon_color".to_owned(), json!(icon_color));
    if let Some(emoji) = &icon_custom_emoji_id {
        created.insert("icon_custom_emoji_id".to_owned(), json!(emoji));
    }
    let message = Message::service(from, "forum_topic_created", Value::Object(created));
    let message = world.put(key, message)?;
    let chat = world.chats.get_mut(&key)?;
    chat.topics.insert(
        message.id,
        Topic {
            name: name.to_owned(),
            icon_color,
            icon_custom_emoji_id,
            closed: false,
        },
    );
    let stored = chat.messages.get_mut(&message.id)?;
    stored.thread = Some(message.id);
    stored.is_topic = true;
    let stored = stored.clone();
    // Telegram tells the bot of its own service messages too.
    announce(world, key, &stored, "message");
    Some(message.id)
}

/// A topic goes, and all that was written in it.
pub(crate) fn remove_topic(world: &mut World, key: ChatKey, id: i32) {
    if let Some(chat) = world.chats.get_mut(&key) {
        chat.topics.remove(&id);
        chat.messages
            .retain(|_, message| !(message.is_topic && message.thread == Some(id)));
    }
}

/// A medium as the Bot API shows it, by its field's name.
pub(crate) fn medium(kind: &str) -> Option<Value> {
    let file = |more: Value| {
        let mut all = json!({ "file_id": "sim-file", "file_unique_id": "sim", "file_size": 1000 });
        if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        all
    };
    Some(match kind {
        "photo" => json!([file(json!({ "width": 90, "height": 90 }))]),
        "voice" => file(json!({ "duration": 2 })),
        "audio" => file(json!({ "duration": 2 })),
        "video" => file(json!({ "duration": 2, "width": 90, "height": 90 })),
        "video_note" => file(json!({ "duration": 2, "length": 90 })),
        "document" => file(json!({ "file_name": "a.txt" })),
        "sticker" => file(
            json!({ "type": "regular", "width": 90, "height": 90, "is_animated": false, "is_video": false }),
        ),
        "contact" => json!({ "phone_number": "+12025550100", "first_name": "Ann" }),
        "location" => json!({ "latitude": 1.5, "longitude": 2.5 }),
        "dice" => json!({ "emoji": "🎲", "value": 3 }),
        _ => return None,
    })
}
