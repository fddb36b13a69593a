//! OpenWrt's `/etc/usb-mode.json`: messages, and for each device the cases that it may be.
//!
//! ```json
//! {"messages": ["5553…"], "devices": {"05c6:1000": {"uMa=CELOT": {"t_vendor": 8479, "mode": "StandardEject", "msg": [0]}, "*": {}}}}
//! ```

use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;

use super::file_name::{Condition, Strings};
use super::plan::{Message, Method, SwitchPlan, Target, UsbId};

/// Octets of the file; OpenWrt's has 60 KiB.
pub const FILE: usize = 2 * 1024 * 1024;
/// Messages of one case, and products of one target.
const ITEMS: usize = 256;

/// Why the file says nothing.
#[derive(Debug, Error)]
pub enum OpenwrtError {
    /// Far more than the known one.
    #[error("it is longer than {FILE} octets")]
    TooLong,
    /// No JSON.
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Another file.
    #[error("it has no \"devices\" and \"messages\"")]
    NotATable,
    /// What is said of this device.
    #[error("what it says of {id} cannot be understood: {what}")]
    Device {
        /// Which.
        id: UsbId,
        /// What is wrong.
        what: &'static str,
    },
}

/// What the file says of this device; `None`: nothing.
///
/// # Errors
///
/// When it is no such file, or says something of this device that cannot be understood.
pub fn find(text: &str, id: UsbId, strings: &Strings) -> Result<Option<SwitchPlan>, OpenwrtError> {
    if text.len() > FILE {
        return Err(OpenwrtError::TooLong);
    }
    let table: Value = serde_json::from_str(text)?;
    let (Some(Value::Array(messages)), Some(Value::Object(devices))) =
        (table.get("messages"), table.get("devices"))
    else {
        return Err(OpenwrtError::NotATable);
    };
    let Some(Value::Object(cases)) = devices.get(&id.to_string()) else {
        return Ok(None);
    };
    let special = cases.iter().find(|(name, _)| holds(name, strings));
    let Some((_, case)) = special.or_else(|| cases.iter().find(|(name, _)| *name == "*")) else {
        return Ok(None);
    };
    let Value::Object(case) = case else {
        return Err(OpenwrtError::Device {
            id,
            what: "it is no object",
        });
    };
    plan(case, messages)
        .map(Some)
        .map_err(|what| OpenwrtError::Device { id, what })
}

/// `uMa=CELOT`, or several with colons before each.
fn holds(name: &str, strings: &Strings) -> bool {
    let mut conditions = name.split(':').filter(|one| !one.is_empty()).peekable();
    conditions.peek().is_some()
        && conditions.all(|one| Condition::parse(one).is_some_and(|one| one.holds(strings)))
}

fn plan(case: &Map<String, Value>, messages: &[Value]) -> Result<SwitchPlan, &'static str> {
    let target = Target {
        vendor: number(case, "t_vendor")?,
        products: products(case)?,
        class: number(case, "t_class")?,
    };
    let method = match case.get("mode") {
        None => None,
        Some(Value::String(name)) => method(name)?,
        Some(_) => return Err("its mode is no word"),
    };
    let mut plan = SwitchPlan::new(Method::Plain, target);
    plan.messages = indices(case)?
        .map(|index| message(messages, index))
        .collect::<Result<_, _>>()?;
    plan.configuration = number(case, "config")?;
    plan.alternate_setting = number(case, "alt")?;
    plan.interface = number(case, "interface")?;
    plan.message_endpoint = number::<u8>(case, "msg_endpoint")?.map(|number| number & 0x0f);
    plan.response_endpoint = number::<u8>(case, "response_endpoint")?.map(|number| number & 0x0f);
    let seconds: Option<u16> = number(case, "wait")?;
    plan.wait_before = Duration::from_secs(seconds.unwrap_or(0).min(60).into());
    let delay: Option<u16> = number(case, "release_delay")?;
    plan.release_delay = Duration::from_millis(delay.unwrap_or(0).min(60_000).into());
    plan.reset = flag(case, "reset");
    plan.method = match method {
        Some(method) => method,
        None if !plan.messages.is_empty() => Method::Messages,
        None if plan.configuration == Some(0) => Method::Mbim,
        None if flag(case, "detach_storage")
            || plan.configuration.is_some()
            || plan.alternate_setting.is_some() =>
        {
            Method::Plain
        }
        None => return Err("it names no method"),
    };
    plan.configuration = plan.configuration.filter(|number| *number > 0);
    Ok(plan)
}

fn method(name: &str) -> Result<Option<Method>, &'static str> {
    Ok(Some(match name {
        "Generic" => return Ok(None),
        "StandardEject" => Method::StandardEject,
        "Huawei" => Method::Huawei,
        "HuaweiNew" => Method::HuaweiNew,
        "Sierra" => Method::Sierra,
        "Sequans" => Method::Sequans,
        "Option" => Method::Option,
        "Quanta" => Method::Quanta,
        "Kobil" => Method::Kobil,
        "Sony" => Method::Sony,
        "GCT" => Method::Gct,
        "Qisda" => Method::Qisda,
        "MobileAction" => Method::MobileAction,
        "Cisco" => Method::Cisco,
        "Blackberry" => Method::Blackberry,
        _ => return Err("its mode is not known"),
    }))
}

fn flag(case: &Map<String, Value>, name: &str) -> bool {
    matches!(case.get(name), Some(Value::Bool(true)))
}

fn number<N: TryFrom<u64>>(
    case: &Map<String, Value>,
    name: &str,
) -> Result<Option<N>, &'static str> {
    let Some(value) = case.get(name) else {
        return Ok(None);
    };
    let number = value.as_u64().and_then(|number| N::try_from(number).ok());
    number.map(Some).ok_or("a number does not fit")
}

fn products(case: &Map<String, Value>) -> Result<Vec<u16>, &'static str> {
    let Some(value) = case.get("t_product") else {
        return Ok(Vec::new());
    };
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)) => std::slice::from_ref(one),
    };
    let product = |value: &Value| value.as_u64().and_then(|number| u16::try_from(number).ok());
    list.iter()
        .take(ITEMS)
        .map(|value| product(value).ok_or("a product does not fit"))
        .collect()
}

fn indices(case: &Map<String, Value>) -> Result<impl Iterator<Item = &Value>, &'static str> {
    match case.get("msg") {
        None => Ok([].iter().take(ITEMS)),
        Some(Value::Array(list)) => Ok(list.iter().take(ITEMS)),
        Some(_) => Err("its messages are no list"),
    }
}

fn message(messages: &[Value], index: &Value) -> Result<Message, &'static str> {
    let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
    let message = index.and_then(|index| messages.get(index));
    let text = message.and_then(Value::as_str);
    text.ok_or("there is no such message")?
        .parse()
        .map_err(|_error| "a message is not hexadecimal")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{
        "messages": ["555342431234567800000000000006bd000000020000000000000000000000", "xx"],
        "devices": {
            "1e0e:f000": {"*": {"t_vendor": 7694, "t_product": [36864, 37120], "msg": [0], "response": true}},
            "12d1:1446": {"*": {"t_vendor": 4817, "t_product": [4097], "mode": "HuaweiNew", "msg": []}},
            "05c6:1000": {
                ":uMa=CELOT": {"t_vendor": 8479, "mode": "StandardEject", "msg": []},
                "uMa=DGT": {"config": 2}
            },
            "1bad:0001": {"*": {"msg": [1]}},
            "1bad:0002": {"*": {"msg": [7]}},
            "1bad:0003": {"*": {"mode": "Frobnicate"}},
            "1bad:0004": {"*": {"t_vendor": 65536, "mode": "Huawei"}},
            "1bad:0005": {"*": {}}
        }
    }"#;

    fn look(id: &str, maker: &str) -> Result<Option<SwitchPlan>, OpenwrtError> {
        let strings = Strings {
            manufacturer: maker.to_owned(),
            ..Strings::default()
        };
        find(TABLE, id.parse().unwrap(), &strings)
    }

    #[test]
    fn devices_are_found_by_id_and_case() {
        let plan = look("1e0e:f000", "").unwrap().unwrap();
        assert_eq!(plan.method, Method::Messages);
        assert_eq!(plan.target.products, [0x9000, 0x9100]);
        assert_eq!(plan.messages.len(), 1);
        let plan = look("12d1:1446", "").unwrap().unwrap();
        assert_eq!(plan.method, Method::HuaweiNew);
        let plan = look("05c6:1000", "CELOT Inc").unwrap().unwrap();
        assert_eq!(plan.method, Method::StandardEject);
        let plan = look("05c6:1000", "DGT").unwrap().unwrap();
        assert_eq!((plan.method, plan.configuration), (Method::Plain, Some(2)));
        assert!(look("05c6:1000", "").unwrap().is_none());
        assert!(look("1234:5678", "").unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for id in [
            "1bad:0001",
            "1bad:0002",
            "1bad:0003",
            "1bad:0004",
            "1bad:0005",
        ] {
            let error = look(id, "").unwrap_err().to_string();
            assert!(error.contains(id), "{error}");
        }
        let id = "1e0e:f000".parse().unwrap();
        for text in ["", "[]", "{", r#"{"devices": {}}"#, &"[".repeat(100_000)] {
            assert!(find(text, id, &Strings::default()).is_err());
        }
    }
}
