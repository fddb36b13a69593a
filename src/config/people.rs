//! `[person.NAME]`: who is known, by id, and what they may do.

use std::collections::HashMap;

use bridge_core::chat::Network;
use bridge_core::{Identity, People, Person, Role};

use super::Networks;
use super::finding::Finding;
use super::section::{Section, Table};

pub(super) const KEYS: &[&str] = &["role", "telegram", "matrix"];

/// Every anonymous administrator of a Telegram group appears under this id.
const ANONYMOUS_ADMIN: i64 = 1_087_968_824;

/// Whether everybody could be read. Where not, nobody is missed: one finding for one mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Complete,
    Incomplete,
}

pub(super) fn read_all(
    tables: Vec<(String, Table)>,
    networks: Networks,
    section_mistyped: bool,
    findings: &mut Vec<Finding>,
) -> (People, Reading) {
    let mut people = Vec::new();
    let mut all_read = !section_mistyped;
    for (name, table) in tables {
        let Some(checked) = super::checked_name("person", &name, findings) else {
            all_read = false;
            continue;
        };
        let mut section = Section::new(format!("person.{checked}"), table, KEYS, findings);
        match read(&name, networks, &mut section) {
            Some(person) => people.push(person),
            None => all_read = false,
        }
        all_read &= !section.failed();
    }
    report_twins(&people, findings);
    if all_read && !people.iter().any(|person| person.role == Role::Owner) {
        findings.push(Finding::error(
            "no owner is configured: add a section [person.me] with role = \"owner\" and your id, like telegram = 123456789",
        ));
    }
    let reading = if all_read {
        Reading::Complete
    } else {
        Reading::Incomplete
    };
    (People(people), reading)
}

fn read(name: &str, networks: Networks, section: &mut Section<'_>) -> Option<Person> {
    let had_role = section.has("role");
    let roles = [
        ("owner", Role::Owner),
        ("writer", Role::Writer),
        ("reader", Role::Reader),
    ];
    let role = section.word("role", &roles);
    if !had_role {
        section.fail_key("role", "it is missing: write owner, writer or reader");
    }
    let mut identities = Vec::new();
    if let Some(id) = section
        .number("telegram")
        .and_then(|id| telegram_id(id, section))
    {
        identities.push(identity("telegram", id));
        if !networks.telegram {
            section.warn_key(
                "telegram",
                "there is no section [telegram], so this id is of no use",
            );
        }
    }
    if let Some(id) = section.text("matrix").and_then(|id| matrix_id(id, section)) {
        identities.push(identity("matrix", id));
        if !networks.matrix {
            section.warn_key(
                "matrix",
                "there is no section [matrix], so this id is of no use",
            );
        }
    }
    if identities.is_empty() && !section.failed() {
        section.fail(format!(
            "[person.{name}] has no id: add telegram = 123456789 (@userinfobot tells yours) or matrix = \"@me:example.org\""
        ));
    }
    Some(Person {
        name: name.to_owned(),
        role: role?,
        identities,
    })
}

fn telegram_id(id: i64, section: &mut Section<'_>) -> Option<String> {
    let wrong = match id {
        ANONYMOUS_ADMIN => {
            "this is the id of every anonymous group administrator; write the person's own id, and switch \
             \"remain anonymous\" off for them"
        }
        ..=0 => {
            "a person's id is a positive number; a negative one is a group's and belongs into [telegram] inbox"
        }
        _ => return Some(id.to_string()),
    };
    section.fail_key("telegram", wrong);
    None
}

fn matrix_id(id: String, section: &mut Section<'_>) -> Option<String> {
    if is_matrix_id(&id) {
        return Some(id);
    }
    section.fail_key(
        "matrix",
        format!("\"{id}\" is no Matrix id; write one like \"@me:example.org\""),
    );
    None
}

/// `@localpart:server.name`, loosely: the server decides.
pub(super) fn is_matrix_id(id: &str) -> bool {
    let parts = id.strip_prefix('@').and_then(|rest| rest.split_once(':'));
    parts.is_some_and(|(local, server)| {
        !local.is_empty()
            && !server.is_empty()
            && !id.chars().any(char::is_whitespace)
            && id.len() <= 255
    })
}

fn identity(network: &str, id: String) -> Identity {
    Identity {
        network: Network(network.to_owned()),
        id,
    }
}

/// One id for two persons leaves open what it may do.
fn report_twins(people: &[Person], findings: &mut Vec<Finding>) {
    let mut seen: HashMap<&Identity, &str> = HashMap::new();
    for person in people {
        for identity in &person.identities {
            if let Some(other) = seen.insert(identity, &person.name) {
                findings.push(Finding::error(format!(
                    "[person.{}] {}: [person.{other}] has the same id; keep it in one of them",
                    person.name, identity.network
                )));
            }
        }
    }
}
