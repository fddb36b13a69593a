//! Forum topics (Bot API, "createForumTopic", "editForumTopic", "closeForumTopic", "reopenForumTopic",
//! "deleteForumTopic"): the bot has to be an administrator who may manage topics.

use serde_json::{Map, Value, json};

use crate::answer::{Answer, Failure};
use crate::people;
use crate::request::Parameters;
use crate::world::{ChatKey, Kind, Message, Topic, World};

use super::{done, find_to_write, lookup, lookup_mut, message_id};

/// The colours that a topic's icon may have (Bot API, "createForumTopic", `icon_color`).
const COLOURS: [i64; 6] = [
    7_322_096, 16_766_590, 13_338_331, 9_367_192, 16_749_490, 16_478_047,
];

fn forum(world: &World, bot: i64, parameters: &Parameters) -> Result<ChatKey, Failure> {
    let key = find_to_write(world, bot, parameters)?;
    let chat = lookup(world, key)?;
    match chat.kind {
        Kind::Forum => {}
        Kind::Private | Kind::Group | Kind::Supergroup | Kind::Channel => {
            return Err(Failure::bad("the chat is not a forum"));
        }
    }
    let may = chat
        .members
        .get(&bot)
        .is_some_and(|member| member.is_administrator() && member.can_manage_topics);
    if !may {
        return Err(Failure::bad("not enough rights to create a topic"));
    }
    Ok(key)
}

fn topic<'a>(
    world: &'a mut World,
    key: ChatKey,
    parameters: &Parameters,
) -> Result<(i32, &'a mut Topic), Failure> {
    let id = message_id(parameters, "message_thread_id")
        .ok_or_else(|| Failure::bad("message thread not found"))?;
    let topic = lookup_mut(world, key)?
        .topics
        .get_mut(&id)
        .ok_or_else(|| Failure::bad("message thread not found"))?;
    Ok((id, topic))
}

fn name(parameters: &Parameters) -> Option<String> {
    let name = parameters.text("name")?.trim().to_owned();
    // "Topic name, 1-128 characters".
    Some(name.chars().take(128).collect())
}

pub(super) fn create(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = forum(world, bot, parameters)?;
    let name = name(parameters)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Failure::bad("TOPIC_TITLE_EMPTY"))?;
    let colour = parameters.integer("icon_color").unwrap_or(7_322_096);
    if !COLOURS.contains(&colour) {
        return Err(Failure::bad("invalid icon color specified"));
    }
    let emoji = parameters.text("icon_custom_emoji_id");
    let id = people::open_topic(world, key, bot, &name, colour, emoji.clone())
        .ok_or_else(|| Failure::bad("chat not found"))?;
    let mut result = Map::new();
    result.insert("message_thread_id".to_owned(), json!(id));
    result.insert("name".to_owned(), json!(name));
    result.insert("icon_color".to_owned(), json!(colour));
    if let Some(emoji) = emoji {
        result.insert("icon_custom_emoji_id".to_owned(), json!(emoji));
    }
    Ok(Value::Object(result))
}

pub(super) fn edit(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = forum(world, bot, parameters)?;
    let (id, topic) = topic(world, key, parameters)?;
    let name = name(parameters).filter(|name| !name.is_empty());
    let emoji = parameters.text("icon_custom_emoji_id");
    let renamed = name.filter(|name| *name != topic.name);
    if renamed.is_none() && emoji.is_none() {
        return Err(Failure::bad("TOPIC_NOT_MODIFIED"));
    }
    let mut change = Map::new();
    if let Some(name) = renamed {
        change.insert("name".to_owned(), json!(name));
        topic.name = name;
    }
    if let Some(emoji) = emoji {
        change.insert("icon_custom_emoji_id".to_owned(), json!(emoji));
        topic.icon_custom_emoji_id = Some(emoji);
    }
    announce(
        world,
        key,
        bot,
        id,
        "forum_topic_edited",
        Value::Object(change),
    );
    done()
}

pub(super) fn close(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = forum(world, bot, parameters)?;
    let (id, topic) = topic(world, key, parameters)?;
    if topic.closed {
        return Err(Failure::bad("TOPIC_NOT_MODIFIED"));
    }
    topic.closed = true;
    announce(world, key, bot, id, "forum_topic_closed", json!({}));
    done()
}

pub(super) fn reopen(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = forum(world, bot, parameters)?;
    let (id, topic) = topic(world, key, parameters)?;
    if !topic.closed {
        return Err(Failure::bad("TOPIC_NOT_MODIFIED"));
    }
    topic.closed = false;
    announce(world, key, bot, id, "forum_topic_reopened", json!({}));
    done()
}

pub(super) fn delete(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = forum(world, bot, parameters)?;
    let (id, _topic) = topic(world, key, parameters)?;
    people::remove_topic(world, key, id);
    done()
}

fn announce(world: &mut World, key: ChatKey, bot: i64, id: i32, field: &str, value: Value) {
    let message = Message {
        thread: Some(id),
        is_topic: true,
        ..Message::service(bot, field, value)
    };
    people::deliver(world, key, message);
}
