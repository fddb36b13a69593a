use super::*;

#[test]
fn grammar() {
    let send = |line, number, text| Parsed::Command(Command::Send { line, number, text });
    let incomplete =
        |line, number, text| Parsed::Command(Command::SendIncomplete { line, number, text });
    let ussd = |line, code| Parsed::Command(Command::Ussd { line, code });
    let named = |number, name| Parsed::Command(Command::Name { number, name });
    let treat = |how, who| Parsed::Command(Command::Treat { how, who });
    let history = |who, count| Parsed::Command(Command::History { who, count });
    let forget = |who, sure| Parsed::Command(Command::Forget { who, sure });
    let cases = [
        ("hello", Parsed::Text("hello")),
        ("  hello \n", Parsed::Text("hello")),
        ("//path", Parsed::Text("/path")),
        ("!!wow", Parsed::Text("!wow")),
        ("/", Parsed::Text("/")),
        ("!", Parsed::Text("!")),
        ("! hi", Parsed::Text("! hi")),
        ("/1", Parsed::Text("/1")),
        ("", Parsed::Text("")),
        ("/help", Parsed::Command(Command::Help)),
        ("/start", Parsed::Command(Command::Help)),
        ("!HELP", Parsed::Command(Command::Help)),
        ("/help@my_bot", Parsed::Command(Command::Help)),
        ("/status", Parsed::Command(Command::Status)),
        ("!retry", Parsed::Command(Command::Retry)),
        ("/cancel", Parsed::Command(Command::Cancel)),
        ("/yes", Parsed::Command(Command::Retry)),
        ("!no", Parsed::Command(Command::Cancel)),
        (
            "/nonsense x",
            Parsed::Command(Command::NotKnown("nonsense")),
        ),
        ("/send", incomplete(None, "", "")),
        ("/send @work", incomplete(Some("work"), "", "")),
        ("/send +12025550100", incomplete(None, "+12025550100", "")),
        (
            "/send @ +12025550100 x",
            incomplete(Some("+12025550100"), "x", ""),
        ),
        ("/ussd", ussd(None, "")),
        ("!ussd *100# ", ussd(None, "*100#")),
        ("/ussd @work *#21#", ussd(Some("work"), "*#21#")),
        (
            "/send +12025550100 hello there",
            send(None, "+12025550100", "hello there"),
        ),
        (
            "/send@my_bot +12025550100 hello",
            send(None, "+12025550100", "hello"),
        ),
        (
            "/send\n+12025550100\nline 1\nline 2",
            send(None, "+12025550100", "line 1\nline 2"),
        ),
        (
            "/send @work +12025550100 hi",
            send(Some("work"), "+12025550100", "hi"),
        ),
        (
            "/send +1 (202) 555-0100 hi",
            send(None, "+1 (202) 555-0100", "hi"),
        ),
        (
            "/send +1 202 555 0100 5 minutes",
            send(None, "+1 202 555 0100", "5 minutes"),
        ),
        (
            "/send +44 20 7946 0123 2 things",
            send(None, "+44 20 7946 0123", "2 things"),
        ),
        (
            "/send +47 412 34 567 5 minutes",
            send(None, "+47 412 34 567", "5 minutes"),
        ),
        (
            "/send +65 9123 4567 10 people",
            send(None, "+65 9123 4567", "10 people"),
        ),
        ("/send +12 3 hello", incomplete(None, "", "+12 3 hello")),
        ("/send 8558 STOP", send(None, "8558", "STOP")),
        (
            "/allow READ",
            Parsed::Command(Command::Allow(Some(Access::Read))),
        ),
        (
            "!allow write ",
            Parsed::Command(Command::Allow(Some(Access::Write))),
        ),
        ("/allow", Parsed::Command(Command::Allow(None))),
        ("/allow owner", Parsed::Command(Command::Allow(None))),
        ("/ignore", Parsed::Command(Command::Ignore)),
        ("/people", Parsed::Command(Command::People)),
        ("/people remove", Parsed::Command(Command::People)),
        (
            "/people remove Ann Smith",
            Parsed::Command(Command::RemovePerson("Ann Smith")),
        ),
        ("/send Ali hi", send(None, "Ali", "hi")),
        (
            "/send \"Ali Khan\" hi you",
            send(None, "Ali Khan", "hi you"),
        ),
        (
            "/send @work “Ali Khan” hi",
            send(Some("work"), "Ali Khan", "hi"),
        ),
        ("/send \"\" hi", incomplete(None, "", "hi")),
        ("/send \"Ali Khan\"", incomplete(None, "Ali Khan", "")),
        ("/name Ali Khan", named(None, "Ali Khan")),
        (
            "/name +1 (202) 555-0100 Ali Khan ",
            named(Some("+1 (202) 555-0100"), "Ali Khan"),
        ),
        ("/name 8558 Shop", named(Some("8558"), "Shop")),
        ("/name", named(None, "")),
        ("/contacts", Parsed::Command(Command::Contacts(""))),
        ("/contacts ali ", Parsed::Command(Command::Contacts("ali"))),
        ("/room", Parsed::Command(Command::Room(""))),
        ("/room MyBank ", Parsed::Command(Command::Room("MyBank"))),
        ("/mute", treat(Treat::Mute, "")),
        ("/unmute Ali Khan ", treat(Treat::Unmute, "Ali Khan")),
        ("/block 8558", treat(Treat::Block, "8558")),
        ("/unblock 8558", treat(Treat::Unblock, "8558")),
        ("/history", history("", None)),
        ("/history 20", history("", Some(20))),
        ("/history 8558", history("8558", None)),
        ("/history Ali Khan 5", history("Ali Khan", Some(5))),
        ("/history +12025550100 5", history("+12025550100", Some(5))),
        ("/history +1 202 555 010", history("+1 202 555 010", None)),
        (
            "/search two words ",
            Parsed::Command(Command::Search("two words")),
        ),
        ("/export", Parsed::Command(Command::Export(""))),
        (
            "!export Ali Khan ",
            Parsed::Command(Command::Export("Ali Khan")),
        ),
        ("/forget Ali Khan", forget("Ali Khan", Sure::No)),
        ("/forget Ali Khan  YES", forget("Ali Khan", Sure::Yes)),
        ("/forget yes", forget("yes", Sure::No)),
    ];
    for (written, expected) in cases {
        assert_eq!(parse(written), expected, "{written:?}");
    }
}

#[test]
fn help_names_every_command() {
    let text = help('!');
    for row in TABLE {
        assert!(text.contains(&format!("\n!{}", row.name)), "{}", row.name);
    }
}

#[test]
fn every_command_of_the_table_is_one() {
    for row in TABLE {
        for mark in ['/', '!'] {
            let written = format!("{mark}{} x", row.name);
            let parsed = parse(&written);
            assert!(
                !matches!(
                    parsed,
                    Parsed::Command(Command::NotKnown(_)) | Parsed::Text(_)
                ),
                "{written}"
            );
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics(written in ".{0,80}") {
        let _parsed = parse(&written);
    }

    #[test]
    fn no_command_panics(
        word in "(send|name|contacts|mute|history|forget|search|x)",
        arguments in "([ \"“”@+0-9a-z()\u{660}-\u{669}]|yes| ){0,40}",
    ) {
        let written = format!("/{word} {arguments}");
        proptest::prop_assert!(!matches!(parse(&written), Parsed::Text(_)));
    }

    /// What is written for a command is read as it was meant.
    #[test]
    fn what_is_sent_to_a_name_is_read_as_it_was_meant(
        name in "\\p{L}[\\p{L}0-9]{0,9}( [\\p{L}0-9]{1,9}){0,3}",
        text in "[^\\s\\p{C}]([^\\p{C}\\s]| ){0,40}[^\\s\\p{C}]",
    ) {
        let written = format!("/send \"{name}\" {text}");
        let (line, number, text) = (None, name.as_str(), text.as_str());
        proptest::prop_assert_eq!(parse(&written), Parsed::Command(Command::Send { line, number, text }));
        let written = format!("/name {name}");
        let (number, name) = (None, name.as_str());
        proptest::prop_assert_eq!(parse(&written), Parsed::Command(Command::Name { number, name }));
    }
}
