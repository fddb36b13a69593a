//! `[[rule]]`: what becomes of messages that come in. The first rule that fits decides.

use std::fmt::Display;
use std::str::FromStr;

use bridge_core::LineName;
use bridge_core::rules::{Effects, Inbox, MOST_RULES, MessageKind, RoomChoice, Rule, Rules};
use config::Value;

use super::finding::Finding;
use super::section::Section;

pub(super) const KEYS: &[&str] = &[
    "from", "line", "kind", "contains", "matches", "inboxes", "silent", "drop", "tag", "room",
];

/// The networks that there may be.
const NETWORKS: &[&str] = &["telegram", "matrix"];

pub(super) fn read_all(
    values: Vec<Value>,
    lines: &[LineName],
    findings: &mut Vec<Finding>,
) -> Rules {
    if values.len() > MOST_RULES {
        findings.push(Finding::error(format!(
            "{} [[rule]] are too many: {MOST_RULES} at most",
            values.len()
        )));
    }
    let mut rules = Vec::new();
    for (index, value) in values.into_iter().take(MOST_RULES).enumerate() {
        let path = format!("rule {}", index.saturating_add(1));
        match value.into_table() {
            Ok(table) => {
                let mut section = Section::new(path, table, KEYS, findings);
                rules.push(read(&mut section, lines));
            }
            Err(_) => findings.push(Finding::error(
                "rule: write [[rule]] in two brackets, and its keys below it".to_owned(),
            )),
        }
    }
    Rules(rules)
}

fn read(section: &mut Section<'_>, lines: &[LineName]) -> Rule {
    let from = parsed(section, "from");
    let named: Vec<LineName> = parsed(section, "line");
    for name in named.iter().filter(|name| !lines.contains(name)) {
        section.fail_key("line", format!("there is no [line.{name}]"));
    }
    let kinds = section.texts("kind").unwrap_or_default();
    let kinds = kinds.iter().filter_map(|word| {
        let found = MessageKind::ALL.iter().find(|(known, _)| known == word);
        if found.is_none() {
            let all = MessageKind::ALL.map(|(known, _)| known).join(", ");
            section.fail_key("kind", format!("\"{word}\" is none of {all}"));
        }
        found.map(|(_, kind)| *kind)
    });
    let kinds = kinds.collect();
    let contains = section.texts("contains").unwrap_or_default();
    if contains.iter().any(|word| word.trim().is_empty()) {
        section.fail_key("contains", "a word is empty: everything contains that");
    }
    let matches = section.parsed("matches");
    let inboxes = section
        .has("inboxes")
        .then(|| parsed::<Inbox>(section, "inboxes"));
    for inbox in inboxes.iter().flatten() {
        if !NETWORKS.contains(&inbox.network.0.as_str()) {
            let all = NETWORKS.join(", ");
            section.fail_key("inboxes", format!("\"{inbox}\" is in none of {all}"));
        }
    }
    if inboxes.as_ref().is_some_and(Vec::is_empty) && !section.failed() {
        section.fail_key("inboxes", "none is left: write drop = true instead");
    }
    let rooms = [("own", RoomChoice::Own), ("notices", RoomChoice::Notices)];
    let rule = Rule {
        from,
        lines: named,
        kinds,
        contains,
        matches,
        effects: Effects {
            inboxes,
            silent: section.flag("silent").unwrap_or(false),
            drop: section.flag("drop").unwrap_or(false),
            tag: section.parsed("tag"),
            room: section.word("room", &rooms),
        },
    };
    if rule.effects.drop && rule.is_for_all() && !section.failed() {
        section.fail_key(
            "drop",
            "this rule fits every message, so that nothing would be shown: say which, with from, line, kind, contains or \
             matches",
        );
    }
    rule
}

fn parsed<T>(section: &mut Section<'_>, key: &str) -> Vec<T>
where
    T: FromStr<Err: Display>,
{
    let mut values = Vec::new();
    for text in section.texts(key).unwrap_or_default() {
        match text.parse() {
            Ok(value) => values.push(value),
            Err(error) => section.fail_key(key, error),
        }
    }
    values
}
