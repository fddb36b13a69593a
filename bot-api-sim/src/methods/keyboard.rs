//! `reply_markup` (Bot API, "InlineKeyboardMarkup", "InlineKeyboardButton").

use serde_json::{Value, json};

use crate::answer::Failure;
use crate::request::Parameters;

/// The inline keyboard of a call. `None` where there is none, or an empty one.
pub(super) fn read(parameters: &Parameters) -> Result<Option<Value>, Failure> {
    let Some(markup) = parameters.json("reply_markup", "reply keyboard markup")? else {
        return Ok(None);
    };
    let Some(rows) = markup.get("inline_keyboard") else {
        // Other keyboards belong to the person's client, not to the message.
        let other = ["keyboard", "remove_keyboard", "force_reply"];
        if other.iter().any(|name| markup.get(name).is_some()) {
            return Ok(None);
        }
        return Err(Failure::bad("object expected as reply markup"));
    };
    let rows = rows.as_array().ok_or_else(|| {
        Failure::bad(
            "field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays",
        )
    })?;
    let mut kept = Vec::new();
    for row in rows {
        let row = row.as_array().ok_or_else(|| {
            Failure::bad(
                "field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays",
            )
        })?;
        for button in row {
            check(button)?;
        }
        if !row.is_empty() {
            kept.push(Value::Array(row.clone()));
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    Ok(Some(json!({ "inline_keyboard": kept })))
}

fn check(button: &Value) -> Result<(), Failure> {
    let text = button.get("text").and_then(Value::as_str);
    if text.is_none_or(str::is_empty) {
        return Err(Failure::bad(
            "can't parse inline keyboard button: Field \"text\" must be of type String",
        ));
    }
    if let Some(data) = button.get("callback_data") {
        // "Data to be sent in a callback query to the bot when the button is pressed, 1-64 bytes".
        let data = data.as_str().unwrap_or_default();
        if !(1..=64).contains(&data.len()) {
            return Err(Failure::bad("BUTTON_DATA_INVALID"));
        }
        return Ok(());
    }
    if let Some(url) = button.get("url").and_then(Value::as_str) {
        let known = ["http://", "https://", "tg://"];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(Failure::bad("BUTTON_URL_INVALID"));
        }
        return Ok(());
    }
    if button.get("copy_text").is_some() {
        return Ok(());
    }
    Err(Failure::bad(
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ))
}
