use super::*;

fn rule(change: impl FnOnce(&mut Rule)) -> Rule {
    let mut rule = Rule::default();
    change(&mut rule);
    rule
}

fn senders(all: &[&str]) -> Vec<Sender> {
    all.iter().map(|one| one.parse().unwrap()).collect()
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|&one| one.to_owned()).collect()
}

fn line(name: &str) -> LineName {
    name.parse().unwrap()
}

fn address(shown: &str) -> Address {
    let alphanumeric = shown.contains(char::is_alphabetic);
    Address::from_network(shown, alphanumeric, None)
}

fn fits(rule: &Rule, from: &str, contact: Option<&str>, kind: MessageKind, text: &str) -> bool {
    let (from, line) = (address(from), line("home"));
    let incoming = Incoming {
        from: &from,
        contact,
        line: &line,
        country: "PK".parse().ok(),
        kind,
        text,
    };
    Rules(vec![rule.clone()]).decide(&incoming).by == DecidedBy::Rule(0)
}

#[test]
fn from() {
    // Rule, sender, the name of their contact, whether it fits.
    let cases: &[(&str, &str, Option<&str>, bool)] = &[
        ("+447700900123", "+447700900123", None, true),
        ("+44 7700 900123", "+447700900123", None, true),
        ("+447700900123", "+447700900124", None, false),
        ("+44*", "+447700900123", None, true),
        ("+44 77*", "+447700900123", None, true),
        ("+44*", "+4915112345678", None, false),
        ("+44*", "44", None, false),
        ("0300 1234567", "+923001234567", None, true),
        ("8558", "8558", None, true),
        ("8558", "85580", None, false),
        ("855*", "8558", None, true),
        ("mybank", "MyBank", None, true),
        ("MyBank", "MyBank2", None, false),
        ("my*", "MyBank", None, true),
        ("my*", "+447700900123", Some("My friend"), false),
        ("ali khan", "+447700900123", Some("Ali Khan"), true),
        ("Ali", "+447700900123", Some("Ali Khan"), false),
        ("Ali", "+447700900123", None, false),
    ];
    for &(written, from, contact, expected) in cases {
        let rule = rule(|rule| rule.from = senders(&[written]));
        let found = fits(&rule, from, contact, MessageKind::Sms, "");
        assert_eq!(found, expected, "{written} {from} {contact:?}");
    }
    let several = rule(|rule| rule.from = senders(&["8558", "+44*"]));
    assert!(fits(&several, "8558", None, MessageKind::Sms, ""));
    assert!(fits(&several, "+447700900123", None, MessageKind::Sms, ""));
    assert!(!fits(&several, "8559", None, MessageKind::Sms, ""));
}

#[test]
fn text() {
    let contains = |words: &[&str]| rule(|rule| rule.contains = texts(words));
    let matches = |written: &str| rule(|rule| rule.matches = Some(written.parse().unwrap()));
    let cases = [
        (contains(&["sale"]), "Big SALE today", true),
        (contains(&["sale", "%"]), "50 % off", true),
        (contains(&["ÖFFNUNG"]), "Neue öffnungszeiten", true),
        (contains(&["sale"]), "nothing", false),
        (contains(&["a.c"]), "abc", false),
        (matches("a.c"), "xabcx", true),
        (matches("^Sale"), "sale", false),
        (matches("(?i)^sale"), "SALE", true),
        (matches(r"\d{3}"), "12", false),
    ];
    for (rule, text, expected) in cases {
        let found = fits(&rule, "8558", None, MessageKind::Sms, text);
        assert_eq!(found, expected, "{rule:?} {text}");
    }
}

#[test]
fn line_and_kind_and_all_conditions_together() {
    let work = rule(|rule| rule.lines = vec![line("work")]);
    assert!(!fits(&work, "8558", None, MessageKind::Sms, ""));
    let home = rule(|rule| rule.lines = vec![line("work"), line("home")]);
    assert!(fits(&home, "8558", None, MessageKind::Sms, ""));
    for (_, kind) in MessageKind::ALL {
        let only = rule(|rule| rule.kinds = vec![kind]);
        for (_, other) in MessageKind::ALL {
            assert_eq!(fits(&only, "8558", None, other, ""), kind == other);
        }
    }
    let codes = rule(|rule| rule.kinds = vec![MessageKind::Code]);
    let code = "Your code is 482913";
    assert!(fits(&codes, "8558", None, MessageKind::Sms, code));
    assert!(fits(&codes, "8558", None, MessageKind::Flash, code));
    assert!(!fits(&codes, "8558", None, MessageKind::Data, code));
    assert!(!fits(
        &codes,
        "8558",
        None,
        MessageKind::Sms,
        "Your order 482913"
    ));
    let texts_only = rule(|rule| rule.kinds = vec![MessageKind::Sms]);
    assert!(fits(&texts_only, "8558", None, MessageKind::Sms, code));
    let both = rule(|rule| {
        rule.from = senders(&["8558"]);
        rule.contains = texts(&["sale"]);
    });
    assert!(fits(&both, "8558", None, MessageKind::Sms, "sale"));
    assert!(!fits(&both, "8558", None, MessageKind::Sms, "x"));
    assert!(!fits(&both, "8559", None, MessageKind::Sms, "sale"));
    assert!(fits(&Rule::default(), "8559", None, MessageKind::Sms, "x"));
    assert!(Rule::default().is_for_all() && !both.is_for_all());
}

#[test]
fn the_first_rule_that_fits_decides() {
    let silent = rule(|rule| {
        rule.from = senders(&["8558"]);
        rule.effects.silent = true;
    });
    let dropped = rule(|rule| {
        rule.from = senders(&["85*"]);
        rule.effects.drop = true;
    });
    let rules = Rules(vec![silent, dropped]);
    let decide = |from: &str, kind| {
        let (from, line) = (address(from), line("home"));
        rules.decide(&Incoming {
            from: &from,
            contact: None,
            line: &line,
            country: None,
            kind,
            text: "",
        })
    };
    let found = decide("8558", MessageKind::Sms);
    assert_eq!(found.by, DecidedBy::Rule(0));
    assert!(found.effects.silent && !found.effects.drop);
    let found = decide("8559", MessageKind::Sms);
    assert_eq!(found.by, DecidedBy::Rule(1));
    assert!(!found.effects.silent && found.effects.drop);
    let found = decide("1", MessageKind::Sms);
    assert_eq!(found.by, DecidedBy::Nothing);
    assert_eq!(found.effects, Effects::default());
    let found = decide("1", MessageKind::Data);
    assert_eq!(found.by, DecidedBy::SilentData);
    assert!(found.effects.silent && !found.effects.drop);
}

#[test]
fn where_it_is_shown() {
    let effects = |inboxes: &[&str]| Effects {
        inboxes: Some(inboxes.iter().map(|one| one.parse().unwrap()).collect()),
        ..Effects::default()
    };
    let shows = |effects: &Effects, network: &str, inbox: &str| {
        effects.shows_in(&Network(network.to_owned()), &InboxId(inbox.to_owned()))
    };
    assert!(shows(&Effects::default(), "matrix", "x"));
    assert!(shows(&effects(&["matrix"]), "matrix", "x"));
    assert!(!shows(&effects(&["matrix"]), "telegram", "x"));
    assert!(shows(
        &effects(&["matrix", "telegram:-1"]),
        "telegram",
        "-1"
    ));
    assert!(!shows(&effects(&["telegram:-1"]), "telegram", "-12"));
    assert!(!shows(&effects(&[]), "matrix", "x"));
    let dropped = Effects {
        drop: true,
        ..effects(&["matrix"])
    };
    assert!(!shows(&dropped, "matrix", "x"));
}

#[test]
fn who_shares_a_room() {
    for (from, expected) in [
        ("MyBank", RoomChoice::Notices),
        ("8558", RoomChoice::Notices),
        ("116117", RoomChoice::Notices),
        ("03001234567", RoomChoice::Own),
        ("+447700900123", RoomChoice::Own),
    ] {
        let from = address(from);
        assert_eq!(Effects::default().room_of(&from), expected, "{from}");
        for choice in [RoomChoice::Own, RoomChoice::Notices] {
            let told = Effects {
                room: Some(choice),
                ..Effects::default()
            };
            assert_eq!(told.room_of(&from), choice);
        }
    }
}

#[test]
fn what_cannot_be_meant() {
    assert_eq!("*".parse::<Sender>(), Err(RuleError::Everybody));
    assert_eq!(" ".parse::<Sender>(), Err(RuleError::Nobody));
    for wrong in ["", ":1", "telegram:", "Telegram chat"] {
        assert!(wrong.parse::<Inbox>().is_err(), "{wrong}");
    }
    for wrong in ["", "#", "two words", "a-b", "1", "<b>"] {
        assert!(wrong.parse::<Tag>().is_err(), "{wrong}");
    }
    assert_eq!("#bank".parse::<Tag>().unwrap().to_string(), "#bank");
    assert!(matches!(
        "(".parse::<Pattern>(),
        Err(PatternError::Wrong(_))
    ));
    assert_eq!(
        r"(\w{100}){100}".parse::<Pattern>().err(),
        Some(PatternError::TooLarge)
    );
}

#[test]
fn no_text_makes_a_pattern_slow() {
    let hostile: Pattern = "(a+)+$".parse().unwrap();
    let text = "a".repeat(39_000) + "b";
    let begin = std::time::Instant::now();
    assert!(!hostile.is_in(&text));
    assert!(begin.elapsed() < std::time::Duration::from_secs(5));
}
