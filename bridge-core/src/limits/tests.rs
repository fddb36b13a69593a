use super::*;
use crate::address::Address;

const NOW: Timestamp = Timestamp(10_000_000_000);

fn country(code: &str) -> Option<Country> {
    code.parse().ok()
}

fn after(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

fn messages(messages: u32, parts: u32) -> Wish {
    Wish { messages, parts }
}

#[test]
fn where_a_message_goes() {
    let number = |n: &str| Address::Number(n.to_owned());
    let local = |n: &str| Address::Local(n.to_owned());
    let abroad = |c: &str| Reach::Abroad(c.to_owned());
    let somewhere = |c: &str| Reach::Somewhere(c.to_owned());
    let cases = [
        (number("+923001234567"), "PK", Reach::Home),
        (number("+923001234567"), "DE", abroad("PK")),
        (number("+923001234567"), "", somewhere("PK")),
        (number("+12025550100"), "US", Reach::Home),
        // One country code, other countries: a Canadian and a Jamaican number.
        (number("+14165550123"), "US", abroad("CA")),
        (number("+18765550123"), "US", abroad("JM")),
        (number("+447400123456"), "GB", Reach::Home),
        // Guernsey has the country code of the United Kingdom, and prices of its own.
        (number("+447911123456"), "GB", abroad("GG")),
        (number("+4915112345678"), "GB", abroad("DE")),
        // A satellite phone belongs to no country.
        (number("+881612345678"), "PK", abroad("+881")),
        (number("+881612345678"), "", abroad("+881")),
        // Premium rate at home too (0900 in Germany, 09 in the United Kingdom).
        (
            number("+499001234567"),
            "DE",
            Reach::Premium("+499001234567".to_owned()),
        ),
        (
            number("+449098765432"),
            "GB",
            Reach::Premium("+449098765432".to_owned()),
        ),
        (local("8558"), "PK", Reach::ShortCode("8558".to_owned())),
        (local("*100#"), "", Reach::ShortCode("*100#".to_owned())),
        (number("+999999999"), "PK", abroad("+999999999")),
    ];
    for (address, home, expected) in cases {
        assert_eq!(
            Reach::of(&address, country(home)),
            expected,
            "{address} from {home:?}"
        );
    }
}

#[test]
fn places_that_need_no_question() {
    let these = MayText::parse(["de", "8558", "+49 900 1234567"]).unwrap();
    let cases = [
        (Reach::Home, true),
        (Reach::Abroad("DE".to_owned()), true),
        (Reach::Somewhere("DE".to_owned()), true),
        (Reach::Abroad("FR".to_owned()), false),
        (Reach::ShortCode("8558".to_owned()), true),
        (Reach::ShortCode("85580".to_owned()), false),
        (Reach::Premium("+499001234567".to_owned()), true),
    ];
    for (reach, covered) in cases {
        assert_eq!(these.covers(&reach), covered, "{reach:?}");
        assert!(MayText::Everywhere.covers(&reach));
    }
    assert_eq!(
        MayText::parse(["DE", "Everywhere"]),
        Ok(MayText::Everywhere)
    );
    for wrong in ["", "Germany", "+", "12a", "XX"] {
        assert!(MayText::parse([wrong]).is_err(), "{wrong}");
    }
}

#[test]
fn judgements() {
    let limits = Limits::default();
    let part = |parts| Reason::Parts { parts, cost: None };
    let day = |spent, parts| Reason::Day {
        limit: 50,
        spent,
        parts,
    };
    let minute = || Reason::Minute { limit: 10 };
    let code = || Reach::ShortCode("8558".to_owned());
    // Messages and parts of before, questions of before, the new message, where it goes, what is made of it.
    let cases = [
        ((0, 0), 0, 1, None, Judgement::Send),
        ((0, 0), 0, 3, None, Judgement::Send),
        ((0, 0), 0, 4, None, Judgement::Ask(vec![part(4)])),
        ((9, 9), 0, 1, None, Judgement::Send),
        ((10, 10), 0, 1, None, Judgement::Ask(vec![minute()])),
        ((1, 49), 0, 1, None, Judgement::Send),
        ((1, 49), 0, 2, None, Judgement::Ask(vec![day(49, 2)])),
        ((1, 50), 0, 1, None, Judgement::Ask(vec![day(50, 1)])),
        (
            (10, 50),
            0,
            4,
            Some(code()),
            Judgement::Ask(vec![part(4), Reason::Reach(code()), minute(), day(50, 4)]),
        ),
        (
            (0, 0),
            0,
            1,
            Some(code()),
            Judgement::Ask(vec![Reason::Reach(code())]),
        ),
        ((0, 0), 9, 4, None, Judgement::Ask(vec![part(4)])),
        ((0, 0), 10, 4, None, Judgement::Refuse),
        ((10, 10), 10, 1, None, Judgement::Refuse),
        // Whoever was asked a lot may still write what needs no question.
        ((0, 0), 10, 3, None, Judgement::Send),
    ];
    for ((before, parts), asked, whole, reach, expected) in cases {
        let mut spent = Spent::default();
        spent.accept(messages(before, parts), NOW);
        for _ in 0..asked {
            spent.ask(NOW);
        }
        spent.tidy(NOW);
        let judged = judge(&limits, &spent, messages(1, whole), whole, reach.clone());
        assert_eq!(
            judged, expected,
            "{before} {parts} {asked} {whole} {reach:?}"
        );
    }
}

/// However the sends are spread, no minute holds more messages than allowed, and no day more parts.
#[test]
fn no_window_holds_more_than_the_limit() {
    let limits = Limits::default();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut spent, mut now) = (Spent::default(), NOW);
    let mut sent: Vec<(Timestamp, u32)> = Vec::new();
    for _ in 0..20_000 {
        let pause = match random.u8(0..4) {
            0 => 0,
            1 => random.u64(0..3_000),
            2 => random.u64(0..60_000),
            _ => random.u64(0..3_600_000),
        };
        now = now.after(Duration::from_millis(pause));
        spent.tidy(now);
        let wish = messages(1, random.u32(1..=3));
        if judge(&limits, &spent, wish, wish.parts, None) == Judgement::Send {
            spent.accept(wish, now);
            sent.push((now, wish.parts));
        }
        let within = |seconds: u64| {
            let recent = sent
                .iter()
                .rev()
                .take_while(move |(at, _)| now.since(*at) < Duration::from_secs(seconds));
            recent.map(|(_, parts)| *parts)
        };
        assert!(within(60).count() <= 10);
        assert!(within(24 * 3600).sum::<u32>() <= 50);
        assert!(spent.messages.len() <= 14 && spent.parts.len() <= 26);
    }
    // And it does not stay shut.
    assert!(sent.len() > 1_000, "{}", sent.len());
}

#[test]
fn what_is_old_does_not_count() {
    // Seconds after ten messages of five parts in all were accepted: what counts still.
    let cases = [
        (0, (10, 50)),
        (59, (10, 50)),
        (64, (10, 50)),
        (65, (0, 50)),
        (24 * 3600, (0, 50)),
        (25 * 3600 - 1, (0, 50)),
        (25 * 3600, (0, 0)),
    ];
    for (seconds, expected) in cases {
        let mut spent = Spent::default();
        spent.accept(messages(10, 50), NOW);
        spent.tidy(after(seconds));
        assert_eq!((sum(&spent.messages), spent.parts()), expected, "{seconds}");
    }
}

/// A clock that was a year ahead must not shut the line for a year.
#[test]
fn what_a_wrong_clock_counted_ends_in_time() {
    let mut spent = Spent::default();
    spent.accept(messages(10, 50), after(365 * 24 * 3600));
    spent.tidy(NOW);
    assert_eq!((sum(&spent.messages), spent.parts()), (10, 50));
    spent.tidy(after(65));
    assert_eq!((sum(&spent.messages), spent.parts()), (0, 50));
    spent.tidy(after(25 * 3600));
    assert_eq!(spent.parts(), 0);
}

#[test]
fn counters_never_overflow() {
    let mut spent = Spent::default();
    for _ in 0..3 {
        spent.accept(messages(u32::MAX, u32::MAX), NOW);
    }
    spent.tidy(NOW);
    assert_eq!(spent.parts(), u32::MAX);
    let judged = judge(&Limits::default(), &spent, messages(1, 1), 1, None);
    assert!(matches!(judged, Judgement::Ask(_)));
}

#[test]
fn reasons_in_words() {
    let limits = Limits {
        price_per_part: "0.09 EUR".parse().ok(),
        ..Limits::default()
    };
    let cases = [
        (
            vec![parts(&limits, 5)],
            "This takes 5 parts (about 0.45 EUR).",
        ),
        (
            vec![parts(&limits, 1)],
            "This takes 1 part (about 0.09 EUR).",
        ),
        (
            vec![parts(&Limits::default(), 4), Reason::Minute { limit: 10 }],
            "This takes 4 parts. This SIM may send 10 messages a minute.",
        ),
        (
            vec![Reason::Day {
                limit: 50,
                spent: 49,
                parts: 2,
            }],
            "This SIM may send 50 parts a day; 49 were used in the last 24 hours, and this takes 2 more.",
        ),
        (
            vec![Reason::Reach(Reach::ShortCode("8558".to_owned()))],
            "8558 is a short code, which may cost more; this SIM has not texted it before.",
        ),
    ];
    for (reasons, words) in cases {
        assert_eq!(in_words(&reasons), words);
    }
}
