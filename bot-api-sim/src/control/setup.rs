//! Who is there: people, chats, who is in them, and what becomes of a group.

use serde::Deserialize;
use serde_json::json;

use super::{Done, done};
use crate::people::{self, Writing};
use crate::world::{ANONYMOUS, ChatKey, Kind, Member, Message, User, World};

/// Chats and people that there may be.
const CROWD: usize = 10_000;

#[derive(Deserialize)]
pub(super) struct NewUser {
    id: i64,
    first_name: String,
    last_name: Option<String>,
    username: Option<String>,
    #[serde(default)]
    deleted: bool,
}

pub(super) fn add_user(world: &mut World, new: NewUser) -> Done {
    if world.users.len() >= CROWD {
        return Err("too many people".to_owned());
    }
    world.users.insert(
        new.id,
        User {
            id: new.id,
            first_name: new.first_name,
            last_name: new.last_name,
            username: new.username,
            deleted: new.deleted,
        },
    );
    done()
}

#[derive(Deserialize)]
pub(super) struct Start {
    user: i64,
    #[serde(default)]
    silent: bool,
}

pub(super) fn start(world: &mut World, bot: i64, start: &Start) -> Done {
    let user = world.users.get(&start.user).ok_or("no such person")?.id;
    let key = ChatKey::Private { bot, user };
    world.add_chat(key, Kind::Private, "").blocked = false;
    if start.silent {
        return done();
    }
    let message = writing(user, "/start");
    Ok(json!({ "message_id": people::write(world, key, message)? }))
}

fn writing(from: i64, text: &str) -> Writing {
    Writing {
        from,
        sender_chat: None,
        text: text.to_owned(),
        extra: None,
        reply_to: None,
        topic: None,
    }
}

#[derive(Deserialize)]
pub(super) struct Person {
    user: i64,
}

pub(super) fn block(world: &mut World, bot: i64, person: &Person, blocked: bool) -> Done {
    let user = person.user;
    let key = ChatKey::Private { bot, user };
    world.chats.get_mut(&key).ok_or("no such chat")?.blocked = blocked;
    done()
}

#[derive(Deserialize)]
pub(super) struct NewChat {
    id: i64,
    #[serde(rename = "type")]
    kind: String,
    title: String,
    #[serde(default)]
    members: Vec<i64>,
    /// `member`, `administrator` or `topics`.
    bot: Option<String>,
    reactions: Option<Vec<String>>,
}

pub(super) fn add_chat(world: &mut World, bot: i64, new: NewChat) -> Done {
    if world.chats.len() >= CROWD {
        return Err("too many chats".to_owned());
    }
    let kind = match new.kind.as_str() {
        "group" => Kind::Group,
        "supergroup" => Kind::Supergroup,
        "forum" => Kind::Forum,
        "channel" => Kind::Channel,
        other => return Err(format!("no such type of chat: {other}")),
    };
    // Bot API, "Chat", `id`, and the ids of MTProto: supergroups and channels begin with -100.
    let long = new.id <= -1_000_000_000_000;
    if new.id >= 0 || long != kind.has_own_message_ids() {
        return Err("a group's id is negative; a supergroup's or channel's begins with -100 and has 13 digits".to_owned());
    }
    let member = |status: &str, can_manage_topics| Member {
        status: status.to_owned(),
        can_manage_topics,
    };
    let me = match new.bot.as_deref() {
        None | Some("member") => member("member", false),
        Some("administrator") => member("administrator", false),
        Some("topics") => member("administrator", true),
        Some(other) => return Err(format!("no such place for a bot: {other}")),
    };
    let chat = world.add_chat(ChatKey::Group(new.id), kind, &new.title);
    chat.reactions = new.reactions;
    chat.members.insert(bot, me);
    for (index, id) in new.members.into_iter().enumerate() {
        let status = if index == 0 { "creator" } else { "member" };
        chat.members.insert(id, member(status, index == 0));
    }
    done()
}

#[derive(Deserialize)]
pub(super) struct NewKind {
    chat: i64,
    #[serde(rename = "type")]
    kind: String,
}

/// People switch topics on and off in the group's settings.
pub(super) fn set_kind(world: &mut World, bot: i64, new: &NewKind) -> Done {
    let key = world.key(bot, new.chat);
    let chat = world.chats.get_mut(&key).ok_or("no such chat")?;
    chat.kind = match (chat.kind, new.kind.as_str()) {
        (Kind::Supergroup | Kind::Forum, "supergroup") => Kind::Supergroup,
        (Kind::Supergroup | Kind::Forum, "forum") => Kind::Forum,
        (_, other) => return Err(format!("it cannot become this: {other}")),
    };
    done()
}

#[derive(Deserialize)]
pub(super) struct NewMember {
    chat: i64,
    user: i64,
    status: String,
    #[serde(default)]
    can_manage_topics: bool,
}

pub(super) fn set_member(world: &mut World, bot: i64, new: NewMember) -> Done {
    let key = world.key(bot, new.chat);
    let chat = world.chats.get_mut(&key).ok_or("no such chat")?;
    let member = Member {
        status: new.status,
        can_manage_topics: new.can_manage_topics,
    };
    chat.members.insert(new.user, member);
    done()
}

#[derive(Deserialize)]
pub(super) struct Migrate {
    chat: i64,
    to: i64,
}

/// A group becomes a supergroup (Bot API, "Message", `migrate_to_chat_id`).
pub(super) fn migrate(world: &mut World, bot: i64, migrate: &Migrate) -> Done {
    let old = world.key(bot, migrate.chat);
    let chat = world.chats.get(&old).ok_or("no such chat")?;
    let (title, members) = (chat.title.clone(), chat.members.clone());
    let new = ChatKey::Group(migrate.to);
    world.add_chat(new, Kind::Supergroup, &title).members = members;
    let farewell = Message::service(ANONYMOUS, "migrate_to_chat_id", json!(migrate.to));
    people::deliver(world, old, farewell);
    let welcome = Message::service(ANONYMOUS, "migrate_from_chat_id", json!(migrate.chat));
    people::deliver(world, new, welcome);
    world.chats.get_mut(&old).ok_or("no such chat")?.migrated_to = Some(migrate.to);
    done()
}
