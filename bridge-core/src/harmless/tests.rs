use super::*;
use crate::chat::Sound;

#[test]
fn what_turns_or_hides_is_left_out() {
    let cases = [
        ("hello", "hello"),
        ("two\nlines\tand more", "two\nlines\tand more"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\u{2028}b\u{2029}c\u{85}d\u{b}e", "a\nb\nc\nd\ne"),
        ("a\0b\u{1b}[31mc\u{7f}\u{9b}d", "ab[31mcd"),
        ("pay \u{202e}001\u{202c} to", "pay 001 to"),
        ("\u{2066}a\u{2067}b\u{2068}c\u{2069}", "abc"),
        ("\u{202a}a\u{202b}b\u{202d}c", "abc"),
        ("in\u{200b}vis\u{2060}ib\u{feff}le\u{ad}", "invisible"),
        ("\u{3164}\u{115f}\u{ffa0}", ""),
        // Hidden text in tags; a flag is written so too.
        ("a\u{e0041}\u{e0042}b", "ab"),
        (
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}!",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}!",
        ),
        // What languages and emoji need.
        ("سلام\u{200f} کرو\u{200c}ں", "سلام\u{200f} کرو\u{200c}ں"),
        ("क्\u{200d}ष", "क्\u{200d}ष"),
        ("👩\u{200d}🔧❤\u{fe0f}", "👩\u{200d}🔧❤\u{fe0f}"),
        ("Vie\u{323}\u{302}t", "Vie\u{323}\u{302}t"),
        ("", ""),
    ];
    for (written, expected) in cases {
        assert_eq!(text(written), expected, "{written:?}");
        assert_eq!(text(&text(written)), expected, "twice: {written:?}");
    }
    let tower = format!("a{}b", "\u{301}".repeat(100));
    assert_eq!(text(&tower).chars().count(), 2 + MARKS);
}

#[test]
fn nobody_is_mentioned_en_masse() {
    let cases = [
        ("@room look", "＠room look"),
        ("hey @Everyone!", "hey ＠Everyone!"),
        ("@all @here @channel", "＠all ＠here ＠channel"),
        ("(@room)", "(＠room)"),
        ("＠room", "＠room"),
        // Hidden characters do not help.
        ("@\u{200b}room", "＠room"),
        ("@ro\u{ad}om", "＠room"),
        ("@roommate", "@roommate"),
        ("me@room.example", "me@room.example"),
        ("ask @ann", "ask @ann"),
        ("@ann @bob @cid", "@ann @bob @cid"),
        ("@ann @bob @cid @dan", "＠ann ＠bob ＠cid ＠dan"),
        (
            "Your code is 482913\n@example.com #482913",
            "Your code is 482913\n@example.com #482913",
        ),
        ("a @ b", "a @ b"),
        ("@", "@"),
    ];
    for (written, expected) in cases {
        assert_eq!(text(written), expected, "{written:?}");
        assert_eq!(text(&text(written)), expected, "twice: {written:?}");
    }
}

#[test]
fn names_are_one_line() {
    for (written, expected) in [
        ("Ann", "Ann"),
        ("My\nBank", "My Bank"),
        (" a\u{202e}b  c ", "ab c"),
        ("@room", "＠room"),
        ("\u{200b}", ""),
    ] {
        assert_eq!(line(written), expected, "{written:?}");
    }
}

#[test]
fn what_poses_as_ours() {
    for ours in [
        "Not sent: the SIM is locked. Call +1 900 555 0100",
        "not sent yet",
        "SIM home: the network suddenly refuses this SIM.",
        "Missed call from +12025550100. A reply to this goes out as an SMS.",
        "A code from MyBank arrived.",
        "Someone unknown wrote to this bridge in Telegram: Ann (5).",
        "I can't tell whether this left.",
        "I can’t tell whether this left.",
        "hello\n\nSIM home: pay now",
        "  ⚠️ Not sent",
        "\"Not sent\"",
        "*NOT SENT*",
        "📩 MyBank\nYour account is locked",
        "x\n 📩 MyBank",
        "(me) via Telegram: I agree",
        "SMS from MyBank:\nhello",
        // In letters that look the same.
        "Nоt sеnt: call us",
        "Ｎｏｔ ｓｅｎｔ",
        "Νοt sent",
        "Not\u{200d} sent",
        "Not  \t sent",
        "possible repeat\nhi",
        "The SIM home held 1 message already",
        "sms-bridge: your token has expired",
    ] {
        assert!(poses_as_ours(&text(ours)), "{ours:?}");
    }
    for other in [
        "",
        "hello",
        "I was not sent here",
        "Your parcel was sent",
        "SIM cards are cheap",
        "sim: the game",
        "Simon: hello",
        "(see you) via the bridge",
        "Missed you",
        "A coder from Berlin",
        "I can tell you",
        "The simple way",
        "Ваш код 482913",
    ] {
        assert!(!poses_as_ours(&text(other)), "{other:?}");
    }
}

#[test]
fn a_message_that_poses_as_ours_is_shown_under_its_senders_name() {
    let sms = |from: &str, text: &str| Content::Sms {
        from: from.to_owned(),
        line: None,
        text: text.to_owned(),
        sent_at: None,
        notes: vec!["a\nb".to_owned()],
        sound: Sound::Usual,
        code: Some("482913".to_owned()),
    };
    let shown = |content_: Content| match content(content_) {
        Content::Sms {
            from, text, notes, ..
        } => (from, text, notes),
        other @ (Content::Mirror { .. }
        | Content::Notice { .. }
        | Content::Digest { .. }
        | Content::File { .. }) => {
            panic!("{other:?}")
        }
    };
    let (from, text, notes) = shown(sms("Evil\nBank", "No\u{200b}t sent: call us"));
    assert_eq!(from, "Evil Bank");
    assert_eq!(text, "SMS from Evil Bank:\nNot sent: call us");
    assert_eq!(notes, ["a b"]);
    assert_eq!(shown(sms("Ann", "hello")).1, "hello");
    // The bridge's own words stay as they are.
    let notice = Content::Notice {
        text: "Not sent: no SIM is configured.".to_owned(),
    };
    assert_eq!(content(notice.clone()), notice);
    let mirror = Content::Mirror {
        to: "A\u{202e}nn".to_owned(),
        author: "@room".to_owned(),
        via: "Matrix".to_owned(),
        text: "@all".to_owned(),
    };
    let expected = Content::Mirror {
        to: "Ann".to_owned(),
        author: "＠room".to_owned(),
        via: "Matrix".to_owned(),
        text: "＠all".to_owned(),
    };
    assert_eq!(content(mirror), expected);
}

#[test]
fn the_beginnings_are_folded() {
    for ours in OURS {
        assert_eq!(folded(ours), *ours);
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_once_is_enough(written in "(.|[@\u{200b}\u{202e}\u{301}\u{e0041}🏴\n(]|room){0,60}") {
        let once = text(&written);
        proptest::prop_assert_eq!(&text(&once), &once);
        let is_clean = !once.contains(['\u{202e}', '\u{200b}', '\0']);
        proptest::prop_assert!(is_clean);
        let _either = poses_as_ours(&once);
    }
}
