//! `answerCallbackQuery` (Bot API, "answerCallbackQuery").

use serde_json::json;

use crate::answer::{Answer, Failure};
use crate::request::Parameters;
use crate::world::World;

use super::done;

pub(super) fn answer(world: &mut World, bot: i64, parameters: &Parameters) -> Answer {
    let id = parameters.text("callback_query_id").unwrap_or_default();
    let text = parameters.text("text").unwrap_or_default();
    let callback = world
        .callbacks
        .iter_mut()
        .find(|callback| callback.id == id && callback.bot == bot)
        .ok_or_else(|| {
            Failure::bad("query is too old and response timeout expired or query ID is invalid")
        })?;
    // "Text of the notification, 0-200 characters".
    if text.chars().count() > 200 {
        return Err(Failure::bad("MESSAGE_TOO_LONG"));
    }
    callback.answer = Some(json!({ "text": text, "show_alert": parameters.flag("show_alert") }));
    done()
}
