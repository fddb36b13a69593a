//! Methods that look, and the bot's own settings.

use serde_json::{Value, json};

use crate::answer::{Answer, Failure};
use crate::render;
use crate::request::Parameters;
use crate::world::{Bot, World};

use super::{done, find, find_to_write, lookup};

fn this(world: &World, bot: i64) -> Result<&Bot, Failure> {
    world
        .bots
        .get(&bot)
        .ok_or_else(|| Failure::new(401, "Unauthorized"))
}

pub(super) fn me(world: &World, bot: i64) -> Answer {
    Ok(render::me(this(world, bot)?))
}

pub(super) fn webhook_info(world: &World, bot: i64) -> Answer {
    Ok(json!({
        "url": "",
        "has_custom_certificate": false,
        "pending_update_count": this(world, bot)?.queue.pending(),
    }))
}

pub(super) fn delete_webhook(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    if parameters.flag("drop_pending_updates")
        && let Some(bot) = world.bots.get_mut(&bot)
    {
        bot.queue.clear();
    }
    done()
}

pub(super) fn chat(world: &World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find(world, bot, parameters)?;
    let chat = lookup(world, key)?;
    Ok(render::full_chat(world, chat))
}

pub(super) fn member(world: &World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find(world, bot, parameters)?;
    let chat = lookup(world, key)?;
    let user = parameters
        .integer("user_id")
        .ok_or_else(|| Failure::bad("invalid user_id specified"))?;
    if !world.users.contains_key(&user) && !world.bots.contains_key(&user) {
        return Err(Failure::bad("user not found"));
    }
    Ok(render::member(world, user, chat.members.get(&user)))
}

pub(super) fn administrators(world: &World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find(world, bot, parameters)?;
    let chat = lookup(world, key)?;
    let administrators: Vec<Value> = chat
        .members
        .iter()
        .filter(|(id, member)| member.is_administrator() && !world.bots.contains_key(id))
        .map(|(id, member)| render::member(world, *id, Some(member)))
        .collect();
    Ok(json!(administrators))
}

pub(super) fn member_count(world: &World, bot: i64, parameters: &Parameters) -> Answer {
    let key = find(world, bot, parameters)?;
    let chat = lookup(world, key)?;
    let present = chat.members.values().filter(|member| member.is_present());
    Ok(json!(present.count()))
}

pub(super) fn action(world: &World, bot: i64, parameters: &Parameters) -> Answer {
    find_to_write(world, bot, parameters)?;
    done()
}

/// Under which key commands are kept: scope and language.
fn scope(parameters: &Parameters) -> Result<String, Failure> {
    let scope = parameters.json("scope", "BotCommandScope")?;
    let language = parameters.text("language_code").unwrap_or_default();
    let scope = scope.unwrap_or_else(|| json!({ "type": "default" }));
    Ok(format!("{scope} {language}"))
}

/// Bot API, "setMyCommands" and "BotCommand": at most 100, names of 1-32 lower-case letters, digits and underscores,
/// descriptions of 1-256 characters.
pub(super) fn set_commands(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let commands = parameters
        .json("commands", "commands")?
        .ok_or_else(|| Failure::bad("commands not specified"))?;
    let list = commands
        .as_array()
        .ok_or_else(|| Failure::bad("expected an Array of BotCommand"))?;
    if list.len() > 100 {
        return Err(Failure::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    for command in list {
        let field = |name: &str| {
            let text = command.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let name = field("command");
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > 32 || !name.chars().all(allowed) {
            return Err(Failure::bad("BOT_COMMAND_INVALID"));
        }
        if !(1..=256).contains(&field("description").chars().count()) {
            return Err(Failure::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    let scope = scope(parameters)?;
    if let Some(bot) = world.bots.get_mut(&bot) {
        bot.commands.insert(scope, commands);
    }
    done()
}

pub(super) fn commands(world: &World, bot: i64, parameters: &Parameters) -> Answer {
    let scope = scope(parameters)?;
    let commands = this(world, bot)?.commands.get(&scope);
    Ok(commands.cloned().unwrap_or_else(|| json!([])))
}

pub(super) fn delete_commands(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let scope = scope(parameters)?;
    if let Some(bot) = world.bots.get_mut(&bot) {
        bot.commands.remove(&scope);
    }
    done()
}
