//! People, chats and messages as the Bot API's objects (Bot API, "Available types").

use serde_json::{Map, Value, json};

use crate::world::{ANONYMOUS, Bot, CHANNEL_BOT, Chat, Kind, Member, Message, World};

/// Whether the message that a message answers is spelled out: one level deep only (Bot API, "Message",
/// `reply_to_message`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    WithReply,
    WithoutReply,
}

pub(crate) fn bot(bot: &Bot) -> Value {
    json!({
        "id": bot.id,
        "is_bot": true,
        "first_name": format!("Simulated bot {}", bot.id),
        "username": bot.username(),
    })
}

/// `getMe` says more than "User" elsewhere does.
pub(crate) fn me(it: &Bot) -> Value {
    let mut me = bot(it);
    if let Some(fields) = me.as_object_mut() {
        fields.insert("can_join_groups".to_owned(), json!(true));
        fields.insert("can_read_all_group_messages".to_owned(), json!(!it.privacy));
        fields.insert("supports_inline_queries".to_owned(), json!(false));
        fields.insert("can_connect_to_business".to_owned(), json!(false));
        fields.insert("has_main_web_app".to_owned(), json!(false));
    }
    me
}

pub(crate) fn user(world: &World, id: i64) -> Value {
    if let Some(it) = world.bots.get(&id) {
        return bot(it);
    }
    if id == ANONYMOUS {
        return json!({ "id": id, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot" });
    }
    if id == CHANNEL_BOT {
        return json!({ "id": id, "is_bot": true, "first_name": "Channel", "username": "Channel_Bot" });
    }
    let mut fields = Map::new();
    fields.insert("id".to_owned(), json!(id));
    fields.insert("is_bot".to_owned(), json!(false));
    match world.users.get(&id) {
        Some(person) => {
            fields.insert("first_name".to_owned(), json!(person.first_name));
            if let Some(name) = &person.last_name {
                fields.insert("last_name".to_owned(), json!(name));
            }
            if let Some(name) = &person.username {
                fields.insert("username".to_owned(), json!(name));
            }
            fields.insert("language_code".to_owned(), json!("en"));
        }
        None => {
            fields.insert("first_name".to_owned(), json!(""));
        }
    }
    Value::Object(fields)
}

/// "Chat": the short form that stands in messages.
pub(crate) fn chat(world: &World, chat: &Chat) -> Value {
    let mut fields = Map::new();
    fields.insert("id".to_owned(), json!(chat.id));
    fields.insert("type".to_owned(), json!(chat.kind.word()));
    match chat.kind {
        Kind::Private => {
            if let Some(person) = world.users.get(&chat.id) {
                fields.insert("first_name".to_owned(), json!(person.first_name));
                if let Some(name) = &person.last_name {
                    fields.insert("last_name".to_owned(), json!(name));
                }
                if let Some(name) = &person.username {
                    fields.insert("username".to_owned(), json!(name));
                }
            }
        }
        Kind::Group | Kind::Supergroup | Kind::Channel | Kind::Forum => {
            fields.insert("title".to_owned(), json!(chat.title));
        }
    }
    if chat.kind == Kind::Forum {
        fields.insert("is_forum".to_owned(), json!(true));
    }
    Value::Object(fields)
}

/// "ChatFullInfo": what `getChat` answers.
pub(crate) fn full_chat(world: &World, it: &Chat) -> Value {
    let mut full = chat(world, it);
    if let Some(fields) = full.as_object_mut() {
        fields.insert("accent_color_id".to_owned(), json!(0));
        fields.insert("max_reaction_count".to_owned(), json!(11));
        fields.insert(
            "accepted_gift_types".to_owned(),
            json!({ "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false, "gifts_from_channels": false }),
        );
        match it.kind {
            Kind::Private => {}
            Kind::Group | Kind::Supergroup | Kind::Forum | Kind::Channel => {
                fields.insert("permissions".to_owned(), permissions());
            }
        }
        if let Some(allowed) = &it.reactions {
            let list: Vec<Value> = allowed.iter().map(|emoji| reaction(emoji)).collect();
            fields.insert("available_reactions".to_owned(), json!(list));
        }
    }
    full
}

fn permissions() -> Value {
    let names = [
        "can_send_messages",
        "can_send_audios",
        "can_send_documents",
        "can_send_photos",
        "can_send_videos",
        "can_send_video_notes",
        "can_send_voice_notes",
        "can_send_polls",
        "can_send_other_messages",
        "can_add_web_page_previews",
        "can_change_info",
        "can_invite_users",
        "can_pin_messages",
        "can_manage_topics",
    ];
    names
        .iter()
        .map(|&name| (name.to_owned(), json!(true)))
        .collect::<Map<_, _>>()
        .into()
}

/// "ChatMember", by status.
pub(crate) fn member(world: &World, id: i64, member: Option<&Member>) -> Value {
    let user = user(world, id);
    let status = member.map_or("left", |member| member.status.as_str());
    match status {
        "creator" => json!({ "status": status, "user": user, "is_anonymous": false }),
        "administrator" => json!({
            "status": status,
            "user": user,
            "can_be_edited": false,
            "is_anonymous": false,
            "can_manage_chat": true,
            "can_delete_messages": true,
            "can_manage_video_chats": false,
            "can_restrict_members": false,
            "can_promote_members": false,
            "can_send_welcome_messages": false,
            "can_change_info": true,
            "can_invite_users": true,
            "can_post_stories": false,
            "can_edit_stories": false,
            "can_delete_stories": false,
            "can_pin_messages": true,
            "can_manage_topics": member.is_some_and(|member| member.can_manage_topics),
        }),
        "kicked" => json!({ "status": status, "user": user, "until_date": 0 }),
        _ => json!({ "status": status, "user": user }),
    }
}

/// "ReactionTypeEmoji".
pub(crate) fn reaction(emoji: &str) -> Value {
    json!({ "type": "emoji", "emoji": emoji })
}

/// "Message".
pub(crate) fn message(world: &World, in_chat: &Chat, it: &Message) -> Value {
    message_to(world, in_chat, it, Depth::WithReply)
}

fn message_to(world: &World, in_chat: &Chat, it: &Message, depth: Depth) -> Value {
    let mut fields = Map::new();
    fields.insert("message_id".to_owned(), json!(it.id));
    if in_chat.kind != Kind::Channel {
        fields.insert("from".to_owned(), user(world, it.from));
    }
    if let Some(sender) = it.sender_chat {
        let sender = world
            .chats
            .get(&crate::world::ChatKey::Group(sender))
            .map_or_else(
                || json!({ "id": sender, "type": "channel", "title": "A channel" }),
                |sender| chat(world, sender),
            );
        fields.insert("sender_chat".to_owned(), sender);
    }
    fields.insert("chat".to_owned(), chat(world, in_chat));
    fields.insert("date".to_owned(), json!(it.date));
    if let Some(date) = it.edit_date {
        fields.insert("edit_date".to_owned(), json!(date));
    }
    if let Some(thread) = it.thread {
        fields.insert("message_thread_id".to_owned(), json!(thread));
    }
    if it.is_topic {
        fields.insert("is_topic_message".to_owned(), json!(true));
    }
    // A message in a topic that answers nothing answers the creation of the topic.
    let answers = it.reply_to.or(if it.is_topic { it.thread } else { None });
    let answered = answers
        .filter(|&id| id != it.id && depth == Depth::WithReply)
        .and_then(|id| in_chat.messages.get(&id));
    if let Some(answered) = answered {
        fields.insert(
            "reply_to_message".to_owned(),
            message_to(world, in_chat, answered, Depth::WithoutReply),
        );
    }
    match &it.extra {
        Some((field, value)) => {
            fields.insert(field.clone(), value.clone());
            if !it.text.is_empty() {
                fields.insert("caption".to_owned(), json!(it.text));
            }
        }
        None => {
            fields.insert("text".to_owned(), json!(it.text));
            if !it.entities.is_empty() {
                fields.insert("entities".to_owned(), json!(it.entities));
            }
        }
    }
    if let Some(options) = &it.link_preview_options {
        fields.insert("link_preview_options".to_owned(), options.clone());
    }
    if let Some(keyboard) = &it.keyboard {
        fields.insert("reply_markup".to_owned(), keyboard.clone());
    }
    Value::Object(fields)
}
