//! `sendMessage`, `sendDocument`, `editMessageText`, `editMessageReplyMarkup`, `deleteMessage`, `setMessageReaction`.

use serde_json::{Value, json};

use crate::answer::{Answer, Failure};
use crate::html::{self, Formatted};
use crate::people;
use crate::reactions;
use crate::render;
use crate::request::{FILE_NAME, Parameters};
use crate::world::{Chat, ChatKey, Kind, Member, Message, World};

use super::{done, find_to_write, keyboard, lookup, lookup_mut, message_id};

/// "Text of the message to be sent, 1-4096 characters after entities parsing"; counted in UTF-16 code units.
const TEXT: usize = 4096;
/// Of a caption.
const CAPTION: usize = 1024;

pub(super) fn send(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find_to_write(world, bot, parameters)?;
    let formatted = formatted(parameters)?;
    let markup = keyboard::read(parameters)?;
    let chat = lookup(world, key)?;
    let reply_to = reply(chat, parameters)?;
    let (thread, is_topic) = thread(chat, bot, parameters, reply_to)?;
    let message = Message {
        entities: formatted.entities,
        thread,
        is_topic,
        reply_to,
        keyboard: markup,
        silent: parameters.flag("disable_notification"),
        link_preview_options: parameters.json("link_preview_options", "link preview options")?,
        ..Message::new(bot, formatted.text)
    };
    let message = world
        .put(key, message)
        .ok_or_else(|| Failure::bad("chat not found"))?;
    Ok(render::message(world, lookup(world, key)?, &message))
}

/// Bot API, "sendDocument", with the file in the request ("Sending files"): either as the field itself, or as another one
/// that it names by `attach://`.
pub(super) fn send_document(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find_to_write(world, bot, parameters)?;
    let named = parameters
        .text("document")
        .ok_or_else(|| Failure::bad("there is no document in the request"))?;
    let (field, content) = match named.strip_prefix("attach://") {
        Some(field) => {
            let content = parameters.text(field);
            let missing = || Failure::bad("there is no document in the request");
            (field, content.ok_or_else(missing)?)
        }
        None => ("document", named.clone()),
    };
    let file_name = parameters.text(&format!("{field}{FILE_NAME}"));
    if content.is_empty() {
        return Err(Failure::bad("file must be non-empty"));
    }
    let caption = caption(parameters)?;
    let markup = keyboard::read(parameters)?;
    let chat = lookup(world, key)?;
    let reply_to = reply(chat, parameters)?;
    let (thread, is_topic) = thread(chat, bot, parameters, reply_to)?;
    let document = json!({
        "file_id": format!("file-{}", content.len()),
        "file_unique_id": format!("unique-{}", content.len()),
        "file_name": file_name,
        "file_size": content.len(),
        "content_of_the_simulator": content,
    });
    let message = Message {
        entities: caption.entities,
        thread,
        is_topic,
        reply_to,
        keyboard: markup,
        silent: parameters.flag("disable_notification"),
        extra: Some(("document".to_owned(), document)),
        ..Message::new(bot, caption.text)
    };
    let message = world
        .put(key, message)
        .ok_or_else(|| Failure::bad("chat not found"))?;
    Ok(render::message(world, lookup(world, key)?, &message))
}

pub(super) fn edit_text(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find_to_write(world, bot, parameters)?;
    let formatted = formatted(parameters)?;
    // Without markup the keyboard goes.
    let markup = keyboard::read(parameters)?;
    let message = own(world, key, bot, parameters, "edit")?;
    if message.text == formatted.text
        && message.entities == formatted.entities
        && message.keyboard == markup
    {
        return Err(not_modified());
    }
    message.text = formatted.text;
    message.entities = formatted.entities;
    message.keyboard = markup;
    edited(world, key, parameters)
}

pub(super) fn edit_keyboard(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find_to_write(world, bot, parameters)?;
    let markup = keyboard::read(parameters)?;
    let message = own(world, key, bot, parameters, "edit")?;
    if message.keyboard == markup {
        return Err(not_modified());
    }
    message.keyboard = markup;
    edited(world, key, parameters)
}

pub(super) fn delete(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find_to_write(world, bot, parameters)?;
    let id = own(world, key, bot, parameters, "delete")?.id;
    lookup_mut(world, key)?.messages.remove(&id);
    done()
}

/// Bot API, "setMessageReaction": the whole set is replaced; a bot sets one at most, from the list, and one that the
/// chat allows.
pub(super) fn react(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find_to_write(world, bot, parameters)?;
    let wanted = parameters
        .json("reaction", "reaction types")?
        .and_then(|list| list.as_array().cloned())
        .unwrap_or_default();
    let chat = lookup_mut(world, key)?;
    let mut set = Vec::new();
    for one in &wanted {
        let kind = one.get("type").and_then(Value::as_str);
        let emoji = one.get("emoji").and_then(Value::as_str).unwrap_or_default();
        let allowed = chat
            .reactions
            .as_ref()
            .is_none_or(|allowed| allowed.iter().any(|one| one == emoji));
        if kind != Some("emoji") || !reactions::is_reaction(emoji) || !allowed {
            return Err(Failure::bad("REACTION_INVALID"));
        }
        set.push(emoji.to_owned());
    }
    if set.len() > 1 {
        return Err(Failure::bad("REACTIONS_TOO_MANY"));
    }
    let message = message_id(parameters, "message_id")
        .and_then(|id| chat.messages.get_mut(&id))
        .ok_or_else(|| Failure::bad("message to react not found"))?;
    if set.is_empty() {
        message.reactions.remove(&bot);
    } else {
        message.reactions.insert(bot, set);
    }
    done()
}

/// Bot API, "pinChatMessage": in groups the bot has to be an administrator. It hears of its own pin, too.
pub(super) fn pin(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find_to_write(world, bot, parameters)?;
    let chat = lookup(world, key)?;
    let may =
        chat.kind == Kind::Private || chat.members.get(&bot).is_some_and(Member::is_administrator);
    if !may {
        return Err(Failure::bad(
            "not enough rights to manage pinned messages in the chat",
        ));
    }
    let pinned = message_id(parameters, "message_id")
        .and_then(|id| chat.messages.get(&id))
        .ok_or_else(|| Failure::bad("message to pin not found"))?;
    let service = Message {
        thread: pinned.thread,
        is_topic: pinned.is_topic,
        ..Message::service(bot, "pinned_message", render::message(world, chat, pinned))
    };
    people::deliver(world, key, service);
    done()
}

fn not_modified() -> Failure {
    Failure::bad(
        "message is not modified: specified new message content and reply markup are exactly the same as a current \
         content and reply markup of the message",
    )
}

fn edited(world: &mut World, key: ChatKey, parameters: &Parameters) -> Answer {
    let now = world.now();
    let chat = lookup_mut(world, key)?;
    let message = message_id(parameters, "message_id")
        .and_then(|id| chat.messages.get_mut(&id))
        .ok_or_else(|| Failure::bad("message to edit not found"))?;
    message.edit_date = Some(now);
    let message = message.clone();
    Ok(render::message(world, lookup(world, key)?, &message))
}

/// A message that the bot wrote.
fn own<'a>(
    world: &'a mut World,
    key: ChatKey,
    bot: i64,
    parameters: &Parameters,
    verb: &str,
) -> Result<&'a mut Message, Failure> {
    let id = message_id(parameters, "message_id")
        .ok_or_else(|| Failure::bad("message identifier is not specified"))?;
    let message = lookup_mut(world, key)?
        .messages
        .get_mut(&id)
        .ok_or_else(|| Failure::bad(format!("message to {verb} not found")))?;
    if message.from != bot || message.is_service() {
        return Err(Failure::bad(format!(
            "message can't be {verb}{}",
            if verb == "edit" { "ed" } else { "d" }
        )));
    }
    Ok(message)
}

/// The text after entity parsing.
fn formatted(parameters: &Parameters) -> Result<Formatted, Failure> {
    let formatted = parsed(parameters, "text", "entities")?;
    if formatted.text.is_empty() {
        return Err(Failure::bad("message text is empty"));
    }
    if html::units(&formatted.text) > TEXT {
        return Err(Failure::bad("message is too long"));
    }
    Ok(formatted)
}

/// "Document caption, 0-1024 characters after entities parsing".
fn caption(parameters: &Parameters) -> Result<Formatted, Failure> {
    let formatted = parsed(parameters, "caption", "caption_entities")?;
    if html::units(&formatted.text) > CAPTION {
        return Err(Failure::bad("message caption is too long"));
    }
    Ok(formatted)
}

fn parsed(parameters: &Parameters, text: &str, entities: &str) -> Result<Formatted, Failure> {
    let source = parameters.text(text).unwrap_or_default();
    let mode = parameters.text("parse_mode").unwrap_or_default();
    Ok(match mode.to_ascii_lowercase().as_str() {
        "" => Formatted {
            text: source.trim().to_owned(),
            entities: parameters
                .json(entities, "message entities")?
                .and_then(|list| list.as_array().cloned())
                .unwrap_or_default(),
        },
        "html" => html::parse(&source)
            .map_err(|error| Failure::bad(format!("can't parse entities: {error}")))?,
        _ => return Err(Failure::bad("unsupported parse_mode")),
    })
}

/// Bot API, "ReplyParameters".
fn reply(chat: &Chat, parameters: &Parameters) -> Result<Option<i32>, Failure> {
    let object = parameters.json("reply_parameters", "reply parameters")?;
    let (wanted, lenient) = match &object {
        Some(object) => (
            object.get("message_id").and_then(Value::as_i64),
            object
                .get("allow_sending_without_reply")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        ),
        None => (
            parameters.integer("reply_to_message_id"),
            parameters.flag("allow_sending_without_reply"),
        ),
    };
    let Some(wanted) = wanted.filter(|&id| id != 0) else {
        return Ok(None);
    };
    let found = i32::try_from(wanted)
        .ok()
        .filter(|id| chat.messages.contains_key(id));
    match found {
        None if !lenient => Err(Failure::bad("message to be replied not found")),
        found => Ok(found),
    }
}

/// Where a message goes: a thread id is an error in private chats and for the General topic (id 1), counts in forums,
/// and is ignored in other groups, where replies make threads of their own.
fn thread(
    chat: &Chat,
    bot: i64,
    parameters: &Parameters,
    reply_to: Option<i32>,
) -> Result<(Option<i32>, bool), Failure> {
    let wanted = parameters
        .integer("message_thread_id")
        .filter(|&id| id != 0);
    let not_found = || Failure::bad("message thread not found");
    let answered = reply_to.and_then(|id| chat.messages.get(&id));
    match chat.kind {
        Kind::Private if wanted.is_some() => Err(not_found()),
        Kind::Private | Kind::Group | Kind::Channel => Ok((None, false)),
        Kind::Supergroup => Ok((answered.map(|it| it.thread.unwrap_or(it.id)), false)),
        Kind::Forum => {
            let id = match wanted {
                Some(id) => i32::try_from(id).map_err(|_error| not_found())?,
                // An answer stands where the answered message stands.
                None => match answered.filter(|it| it.is_topic).and_then(|it| it.thread) {
                    Some(id) => id,
                    None => return Ok((None, false)),
                },
            };
            let topic = chat.topics.get(&id).ok_or_else(not_found)?;
            let manages = chat
                .members
                .get(&bot)
                .is_some_and(|member| member.is_administrator() && member.can_manage_topics);
            if topic.closed && !manages {
                return Err(Failure::bad("TOPIC_CLOSED"));
            }
            Ok((Some(id), true))
        }
    }
}
