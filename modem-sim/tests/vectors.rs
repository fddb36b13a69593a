//! The simulator's own reader of TPDUs against what other projects' tests say of theirs (`../shared/vectors`).

mod support;

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use modem_sim::tpdu::{Deliver, Report, Submit, from_hex, split_service_centre};
use serde_json::Value;

const FILES: [&str; 5] = [
    "gammu-at-sms-encode",
    "modemmanager",
    "node-pdu",
    "python-messaging",
    "warthog-tpdu",
];

/// Vectors that do not concern a network, and why.
const LEFT_OUT: [(&str, &str); 1] = [(
    "python_messaging-029",
    "an odd number of digits, as a modem may print; a network has octets",
)];

/// Address and text as read; `None` for what is no deliver, submit or report by the vector's own word.
fn read(
    direction: &str,
    pdu: &[u8],
    with_service_centre: bool,
) -> Result<Option<(String, String)>> {
    let tpdu = if with_service_centre {
        split_service_centre(pdu)?.1
    } else {
        pdu
    };
    Ok(match direction {
        "deliver" => {
            let deliver = Deliver::read(tpdu)?;
            Some((deliver.from.to_string(), deliver.user_data.text))
        }
        "submit" => {
            let submit = Submit::read(tpdu)?;
            Some((submit.to.to_string(), submit.user_data.text))
        }
        "status" => Some((Report::read(tpdu)?.recipient.to_string(), String::new())),
        _ => None,
    })
}

#[test]
fn what_other_projects_assert_is_read() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    if !folder.is_dir() {
        let insists = std::env::var("SMS_BRIDGE_REQUIRE_VECTORS").is_ok_and(|value| value == "1");
        ensure!(!insists, "no vectors in {}", folder.display());
        support::say("skipped: no vectors beside this checkout");
        return Ok(());
    }
    let (mut checked, mut differences) = (0, Vec::new());
    for file in FILES {
        let json = std::fs::read_to_string(folder.join(file).with_extension("json"))?;
        let vectors: Vec<Value> = serde_json::from_str(&json)?;
        for vector in vectors
            .iter()
            .filter(|vector| vector.get("expect") == Some(&"ok".into()))
        {
            let field = |name: &str| vector.get(name).and_then(Value::as_str).unwrap_or_default();
            let expected = |name: &str| {
                vector
                    .pointer(&format!("/expected/{name}"))
                    .and_then(Value::as_str)
            };
            let id = field("id");
            let message = matches!(field("direction"), "deliver" | "submit" | "status");
            if !message || LEFT_OUT.iter().any(|(left_out, _)| *left_out == id) {
                continue;
            }
            let included = vector
                .get("smsc_included")
                .and_then(Value::as_bool)
                .context("no smsc_included")?;
            match from_hex(field("pdu"))
                .map_err(Into::into)
                .and_then(|pdu| read(field("direction"), &pdu, included))
            {
                Ok(None) => {}
                Ok(Some((address, text))) => {
                    checked += 1;
                    let digits = |number: &str| number.trim_start_matches('+').to_owned();
                    if expected("address").is_some_and(|wanted| digits(wanted) != digits(&address))
                    {
                        differences.push(format!("{id}: address {address:?} {vector}"));
                    }
                    if expected("text").is_some_and(|wanted| wanted != text) {
                        differences.push(format!("{id}: text {text:?} {vector}"));
                    }
                }
                Err(error) => differences.push(format!("{id}: {error} {vector}")),
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(checked >= 150, "{checked} vectors only");
    Ok(())
}
