//! The Bot API's methods: who may call, what goes wrong by a test's wish, and which method it is.
//!
//! Method names are case-insensitive (Bot API, "Making requests").

mod callbacks;
mod chats;
mod keyboard;
mod messages;
mod topics;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::Request;
use axum::response::Response;
use serde_json::Value;

use crate::Shared;
use crate::answer::{Answer, Failure, respond};
use crate::connection::Connection;
use crate::faults::Harm;
use crate::journal;
use crate::request::Parameters;
use crate::updates;
use crate::world::{Call, Chat, ChatKey, Kind, World, now_ms};

/// `/bot<token>/<method>`.
pub(crate) async fn handle(
    State(shared): State<Shared>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Path((bot, method)): Path<(String, String)>,
    request: Request<Body>,
) -> Response {
    let Some(token) = bot.strip_prefix("bot").filter(|token| token.contains(':')) else {
        return respond(Err(Failure::new(404, "Not Found")));
    };
    let Some(bot) = shared.world().bot_by_token(token) else {
        return respond(Err(Failure::new(401, "Unauthorized")));
    };
    let parameters = match Parameters::read(request).await {
        Ok(parameters) => parameters,
        Err(failure) => return respond(Err(failure)),
    };
    let method = method.to_ascii_lowercase();
    let harm = shared
        .world()
        .faults
        .take(&method, parameters.integer("chat_id"));
    let answer = match harm {
        None => call(&shared, bot, &method, &parameters).await,
        Some(Harm::LoseAnswer) => {
            let answer = call(&shared, bot, &method, &parameters).await;
            connection.sever();
            record(&shared, bot, &method, &parameters, 0);
            return respond(answer);
        }
        Some(Harm::LoseCall) => {
            connection.sever();
            record(&shared, bot, &method, &parameters, 0);
            return respond(Err(Failure::new(500, "never seen")));
        }
        Some(Harm::DelayMs(wait)) => {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            call(&shared, bot, &method, &parameters).await
        }
        Some(Harm::RetryAfter(seconds)) => Err(Failure::flood(seconds)),
        Some(Harm::Error { code, description }) => Err(Failure::new(code, description)),
        Some(Harm::LateError { code, description }) => call(&shared, bot, &method, &parameters)
            .await
            .and_then(|_done| Err(Failure::new(code, description))),
    };
    let code = answer.as_ref().map_or_else(|failure| failure.code, |_| 200);
    record(&shared, bot, &method, &parameters, code);
    respond(answer)
}

/// Any other path.
pub(crate) async fn not_found() -> Response {
    std::future::ready(respond(Err(Failure::new(404, "Not Found")))).await
}

fn record(shared: &Shared, bot: i64, method: &str, parameters: &Parameters, code: u16) {
    shared.world().record(Call {
        bot,
        method: method.to_owned(),
        chat: parameters.text("chat_id"),
        code,
        at_ms: now_ms(),
    });
}

async fn call(shared: &Shared, bot: i64, method: &str, parameters: &Parameters) -> Answer {
    if method == "getupdates" {
        return updates::poll(shared, bot, parameters).await;
    }
    let world = &mut *shared.world();
    if writes(method) {
        let id = parameters.integer("chat_id").unwrap_or(0);
        let kind = world.chat(bot, id).map(|chat| chat.kind);
        world.limits.take(bot, id, kind).map_err(Failure::flood)?;
    }
    write_down(world, bot, method, parameters)
}

/// Performs a method, and writes it down if it may have changed something.
pub(crate) fn write_down(
    world: &mut World,
    bot: i64,
    method: &str,
    parameters: &Parameters,
) -> Answer {
    let answer = perform(world, bot, method, parameters)?;
    if !method.starts_with("get") {
        journal::called(world, bot, method, parameters)?;
    }
    Ok(answer)
}

/// Any method but `getUpdates`, which waits.
pub(crate) fn perform(
    world: &mut World,
    bot: i64,
    method: &str,
    parameters: &Parameters,
) -> Answer {
    match method {
        "getme" => chats::me(world, bot),
        "getwebhookinfo" => chats::webhook_info(world, bot),
        "deletewebhook" => chats::delete_webhook(world, bot, parameters),
        "getchat" => chats::chat(world, bot, parameters),
        "getchatmember" => chats::member(world, bot, parameters),
        "getchatadministrators" => chats::administrators(world, bot, parameters),
        "getchatmembercount" => chats::member_count(world, bot, parameters),
        "setmycommands" => chats::set_commands(world, bot, parameters),
        "getmycommands" => chats::commands(world, bot, parameters),
        "deletemycommands" => chats::delete_commands(world, bot, parameters),
        "sendchataction" => chats::action(world, bot, parameters),
        "sendmessage" => messages::send(world, bot, parameters),
        "senddocument" => messages::send_document(world, bot, parameters),
        "editmessagetext" => messages::edit_text(world, bot, parameters),
        "editmessagereplymarkup" => messages::edit_keyboard(world, bot, parameters),
        "deletemessage" => messages::delete(world, bot, parameters),
        "setmessagereaction" => messages::react(world, bot, parameters),
        "pinchatmessage" => messages::pin(world, bot, parameters),
        "answercallbackquery" => callbacks::answer(world, bot, parameters),
        "createforumtopic" => topics::create(world, bot, parameters),
        "editforumtopic" => topics::edit(world, bot, parameters),
        "closeforumtopic" => topics::close(world, bot, parameters),
        "reopenforumtopic" => topics::reopen(world, bot, parameters),
        "deleteforumtopic" => topics::delete(world, bot, parameters),
        _ => Err(Failure::new(404, "Not Found: method not found")),
    }
}

/// What counts towards flood limits.
fn writes(method: &str) -> bool {
    ["send", "edit", "set", "create", "close", "reopen", "delete"]
        .iter()
        .any(|verb| method.starts_with(verb))
        && !method.ends_with("commands")
        && !method.ends_with("webhook")
}

/// The chat that a call means, where the bot may see it.
fn find(world: &World, bot: i64, parameters: &Parameters) -> Result<ChatKey, Failure> {
    let text = parameters
        .text("chat_id")
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Failure::bad("chat_id is empty"))?;
    let id: i64 = text
        .parse()
        .map_err(|_error| Failure::bad("chat not found"))?;
    let key = world.key(bot, id);
    match world.chats.get(&key) {
        Some(chat) => {
            if let Some(new) = chat.migrated_to {
                let mut failure = Failure::bad("group chat was upgraded to a supergroup chat");
                failure.parameters = Some(serde_json::json!({ "migrate_to_chat_id": new }));
                return Err(failure);
            }
            Ok(key)
        }
        None => {
            // The bot knows people from the groups that it shares with them, but may not write first.
            let known = world
                .chats
                .values()
                .any(|chat| chat.members.contains_key(&id) && chat.members.contains_key(&bot));
            if known {
                return Err(Failure::forbidden(
                    "bot can't initiate conversation with a user",
                ));
            }
            Err(Failure::bad("chat not found"))
        }
    }
}

/// The chat that a call writes to, where the bot may write.
fn find_to_write(world: &World, bot: i64, parameters: &Parameters) -> Result<ChatKey, Failure> {
    let key = find(world, bot, parameters)?;
    let chat = lookup(world, key)?;
    match chat.kind {
        Kind::Private => {
            if world.users.get(&chat.id).is_some_and(|user| user.deleted) {
                return Err(Failure::forbidden("user is deactivated"));
            }
            if chat.blocked {
                return Err(Failure::forbidden("bot was blocked by the user"));
            }
        }
        Kind::Group | Kind::Supergroup | Kind::Forum | Kind::Channel => {
            let what = match chat.kind {
                Kind::Group => "group",
                Kind::Channel => "channel",
                Kind::Private | Kind::Supergroup | Kind::Forum => "supergroup",
            };
            match chat.members.get(&bot) {
                Some(member) if member.is_present() => {}
                Some(member) if member.status == "kicked" => {
                    return Err(Failure::forbidden(&format!(
                        "bot was kicked from the {what} chat"
                    )));
                }
                Some(_) | None => {
                    return Err(Failure::forbidden(&format!(
                        "bot is not a member of the {what} chat"
                    )));
                }
            }
        }
    }
    Ok(key)
}

fn lookup(world: &World, key: ChatKey) -> Result<&Chat, Failure> {
    world
        .chats
        .get(&key)
        .ok_or_else(|| Failure::bad("chat not found"))
}

fn lookup_mut(world: &mut World, key: ChatKey) -> Result<&mut Chat, Failure> {
    world
        .chats
        .get_mut(&key)
        .ok_or_else(|| Failure::bad("chat not found"))
}

/// A message id; out of range is one that does not exist.
fn message_id(parameters: &Parameters, name: &str) -> Option<i32> {
    parameters
        .integer(name)
        .and_then(|id| i32::try_from(id).ok())
}

/// What most methods answer.
fn done() -> Answer {
    Ok(Value::Bool(true))
}
