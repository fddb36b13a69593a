//! What is shown where, and how: rules, quiet hours, codes.

use bridge_core::quiet::Quiet;
use bridge_core::rules::RoomChoice;

use super::*;

#[test]
fn rules() {
    let text = format!(
        "{GOOD}
        [[rule]]
        from = [\"+44*\", \"MyBank\"]
        line = \"home\"
        kind = [\"sms\", \"flash\"]
        contains = \"sale\"
        matches = \"[0-9]+ %\"
        inboxes = [\"matrix\", \"telegram:-1001234567890\"]
        silent = true
        tag = \"adverts\"
        room = \"notices\"
        [[rule]]
        kind = \"data\"
        drop = true
        "
    );
    let (config, findings) = read(&text, &[]);
    assert_eq!(findings, Vec::<String>::new());
    let rules = config.unwrap().rules.0;
    assert_eq!(rules.len(), 2);
    let (first, second) = (&rules[0], &rules[1]);
    assert_eq!(
        (
            first.from.len(),
            first.lines.len(),
            first.kinds.len(),
            first.contains.len()
        ),
        (2, 1, 2, 1)
    );
    assert!(first.matches.is_some() && first.effects.silent && !first.effects.drop);
    assert_eq!(first.effects.inboxes.as_ref().map(Vec::len), Some(2));
    assert_eq!(first.effects.tag, "adverts".parse().ok());
    assert_eq!(first.effects.room, Some(RoomChoice::Notices));
    assert!(second.effects.drop && second.effects.inboxes.is_none());
    let (config, _) = read(GOOD, &[]);
    assert!(config.unwrap().rules.0.is_empty());
}

#[test]
fn quiet_hours() {
    let read_with = |top: &str, line: &str| {
        let text = GOOD.replace("[person.me]", &format!("{line}\n[person.me]"));
        read(&format!("{top}\n{text}"), &[])
    };
    let of_line = |top: &str, line: &str| {
        let (config, findings) = read_with(top, line);
        assert_eq!(findings, Vec::<String>::new());
        config.unwrap().lines[0].quiet
    };
    let night = |hours: &str, offset: Option<&str>| {
        Some(Quiet {
            hours: hours.parse().unwrap(),
            offset: offset.map(|offset| offset.parse().unwrap()),
        })
    };
    let all = "quiet_hours = \"22:00-07:00\"";
    let own = "quiet_hours = \"23:00-06:00\"";
    assert_eq!(of_line("", ""), None);
    assert_eq!(of_line(all, ""), night("22:00-07:00", None));
    assert_eq!(of_line(all, own), night("23:00-06:00", None));
    assert_eq!(of_line("", own), night("23:00-06:00", None));
    assert_eq!(of_line(all, "quiet_hours = \"never\""), None);
    assert_eq!(
        of_line(all, "utc_offset = \"+05:00\""),
        night("22:00-07:00", Some("+05:00"))
    );
    let wrong = |top: &str, line: &str| read_with(top, line).1.join("\n");
    assert!(wrong("quiet_hours = \"22-7\"", "").contains("quiet_hours: \"22-7\" are no hours"));
    assert!(wrong("", "utc_offset = \"5\"").contains("utc_offset: \"5\" is no offset"));
}

#[test]
fn codes_are_for_owners_unless_told_otherwise() {
    let with = |line: &str| read(&format!("{line}\n{GOOD}"), &[]).0.unwrap().codes;
    assert_eq!(with(""), CodesFor::Owner);
    assert_eq!(with("codes = \"owner\""), CodesFor::Owner);
    assert_eq!(with("codes = \"everyone\""), CodesFor::Everyone);
    let wrong = format!("codes = \"nobody\"\n{GOOD}");
    check(&wrong, &["codes: \"nobody\" is none of owner, everyone"]);
}

#[test]
fn wrong_rules() {
    let cases: &[(&str, &[&str])] = &[
        (
            "form = \"8558\"\nsilent = true",
            &["[rule 1]: unknown key form; did you mean from?"],
        ),
        ("from = \"*\"", &["[rule 1] from: * alone is everybody"]),
        (
            "line = \"work\"",
            &["[rule 1] line: there is no [line.work]"],
        ),
        (
            "kind = \"fax\"",
            &["[rule 1] kind: \"fax\" is none of sms, "],
        ),
        ("contains = [\"\"]", &["[rule 1] contains: a word is empty"]),
        (
            "matches = \"(\"",
            &["[rule 1] matches: this is no regular expression"],
        ),
        (
            "inboxes = \"signal\"",
            &["[rule 1] inboxes: \"signal\" is in none of telegram, matrix"],
        ),
        ("inboxes = []", &["[rule 1] inboxes: none is left"]),
        (
            "tag = \"two words\"",
            &["[rule 1] tag: \"two words\" is no tag"],
        ),
        (
            "room = \"mine\"",
            &["[rule 1] room: \"mine\" is none of own, notices"],
        ),
        (
            "drop = true",
            &["[rule 1] drop: this rule fits every message"],
        ),
        (
            "form = \"8558\"\ndrop = true",
            &["[rule 1]: unknown key form; did you mean from?"],
        ),
    ];
    for (rule, expected) in cases {
        check(&format!("{GOOD}\n[[rule]]\n{rule}"), expected);
    }
    check(
        &format!("{GOOD}\n[rule]\nfrom = \"8558\""),
        &["rule is a list of sections: write [[rule]]"],
    );
}
