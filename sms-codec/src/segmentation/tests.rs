use proptest::prelude::*;

use super::*;
use crate::{MAX_OCTETS, join};

const EIGHT: SegmentOptions = SegmentOptions {
    alphabet: AlphabetChoice::Cheapest,
    languages: Languages::NONE,
    substitution: Substitution::Off,
    reference: Reference::Eight(7),
    class: None,
};
const SIXTEEN: SegmentOptions = SegmentOptions {
    reference: Reference::Sixteen(0x1234),
    ..EIGHT
};

fn choose(alphabet: AlphabetChoice) -> SegmentOptions {
    SegmentOptions { alphabet, ..EIGHT }
}

fn allow(languages: &[Language]) -> SegmentOptions {
    SegmentOptions {
        languages: languages.iter().copied().collect(),
        ..EIGHT
    }
}

/// Room: 140 octets less the header of §9.2.3.24.1 or §9.2.3.24.8, in septets or in code units.
#[test]
fn texts_take_as_many_parts_as_the_standard_has_room_for() {
    for (character, count, options, parts, units_left) in [
        ("a", 0, EIGHT, 1, 160),
        ("a", 160, EIGHT, 1, 0),
        ("a", 161, EIGHT, 2, 145),
        ("a", 306, EIGHT, 2, 0),
        ("a", 307, EIGHT, 3, 152),
        ("a", 304, SIXTEEN, 2, 0),
        ("a", 305, SIXTEEN, 3, 151),
        ("€", 80, EIGHT, 1, 0),
        ("€", 81, EIGHT, 2, 143),
        ("€", 153, EIGHT, 3, 151),
        ("ж", 70, EIGHT, 1, 0),
        ("ж", 71, EIGHT, 2, 63),
        ("ж", 134, EIGHT, 2, 0),
        ("ж", 133, SIXTEEN, 3, 65),
        ("🙂", 35, EIGHT, 1, 0),
        ("🙂", 36, EIGHT, 2, 61),
        ("🙂", 67, EIGHT, 3, 65),
        ("a", 153 * 255, EIGHT, 255, 0),
    ] {
        let segmentation = segment(&character.repeat(count), &options).unwrap();
        assert_eq!(
            (segmentation.parts.len(), segmentation.units_left),
            (parts, units_left),
            "{count} times {character}, {:?}",
            options.reference
        );
    }
}

#[test]
fn too_long_a_text_is_refused_with_its_number_of_parts() {
    assert_eq!(
        segment(&"a".repeat(153 * 255 + 1), &EIGHT),
        Err(SegmentError::TooLong { parts: 256 })
    );
    assert_eq!(
        segment(&"ж".repeat(67 * 256 + 1), &EIGHT),
        Err(SegmentError::TooLong { parts: 257 })
    );
}

#[test]
fn the_alphabet_is_the_cheapest_unless_told() {
    let cheapest = segment("it’s", &EIGHT).unwrap();
    assert_eq!(cheapest.encoding, Encoding::Ucs2);
    let told = segment("its", &choose(AlphabetChoice::Ucs2)).unwrap();
    assert_eq!((told.encoding, told.surcharge), (Encoding::Ucs2, None));
    assert_eq!(
        segment("it’s", &choose(AlphabetChoice::Gsm7)),
        Err(SegmentError::NotInAlphabet(NotInAlphabet {
            character: '’',
            offset: 2
        }))
    );
    assert_eq!(
        segment("hello", &EIGHT).unwrap().to_string(),
        "1 part in GSM 7-bit, room for 155 more"
    );
}

/// The tables that a text needs, and how many parts it takes in them.
#[track_caller]
fn check_encoding(text: &str, options: &SegmentOptions, expected: &str) {
    let segmentation = segment(text, options).unwrap();
    let found = format!(
        "{} in {}, {} octets",
        Parts(segmentation.parts.len()),
        segmentation.encoding,
        segmentation.octets
    );
    assert_eq!(found, expected);
    check_parts(text, options).unwrap();
}

#[test]
fn national_tables_are_used_where_they_are_allowed_and_cheaper() {
    use Language::{Hindi, Portuguese, Spanish, Turkish, Urdu};
    // A header of four octets is more than the shorter text saves.
    check_encoding("ş", &allow(&[Turkish]), "1 part in UCS-2, 2 octets");
    let text = "Akşam yemeği";
    check_encoding(text, &EIGHT, "1 part in UCS-2, 24 octets");
    check_encoding(
        text,
        &allow(&[Turkish]),
        "1 part in GSM 7-bit with Turkish locking shift, 15 octets",
    );
    check_encoding(text, &allow(&[Hindi, Urdu]), "1 part in UCS-2, 24 octets");
    check_encoding(
        "Não está aqui, está lá",
        &allow(&[Spanish, Portuguese]),
        "1 part in GSM 7-bit with Portuguese locking shift, 24 octets",
    );
    check_encoding(
        "¿Está aquí?",
        &allow(&[Spanish]),
        "1 part in GSM 7-bit with Spanish single shift, 16 octets",
    );
    // € in the main table, [ behind the escape.
    check_encoding(
        &"€[".repeat(50),
        &allow(&[Turkish]),
        "1 part in GSM 7-bit with Turkish locking shift, 136 octets",
    );
    check_encoding(
        &"मैं घर पर हूँ A".repeat(8),
        &allow(&Language::ALL),
        "1 part in GSM 7-bit with Hindi locking and single shift, 119 octets",
    );
    // In the default alphabet nothing else is cheaper.
    check_encoding(
        "hello",
        &allow(&Language::ALL),
        "1 part in GSM 7-bit, 5 octets",
    );
}

#[test]
fn a_locking_shift_needs_a_table() {
    let shifts = Shifts {
        locking: Some(Language::Spanish),
        single: None,
    };
    assert_eq!(
        segment("x", &choose(AlphabetChoice::Shifted(shifts))),
        Err(SegmentError::NoLockingTable(Language::Spanish))
    );
}

#[track_caller]
fn check_surcharge(text: &str, options: &SegmentOptions, expected: Option<&str>) {
    let surcharge = segment(text, options).unwrap().surcharge;
    assert_eq!(
        surcharge.map(|found| found.to_string()).as_deref(),
        expected
    );
}

#[test]
fn what_is_dear_says_why() {
    let long = |text: &str| format!("{text}{}", " and so on".repeat(14));
    check_surcharge("hello", &EIGHT, None);
    check_surcharge(&long("It's"), &EIGHT, None);
    check_surcharge("It’s", &EIGHT, Some("’ needs UCS-2"));
    check_surcharge(
        &long("It’s"),
        &EIGHT,
        Some("’ needs UCS-2; with ' it is 1 part instead of 3"),
    );
    check_surcharge(
        &long("“It’s” – it’s"),
        &EIGHT,
        Some("“, ’, ” and – need UCS-2; with \", ' and - it is 1 part instead of 3"),
    );
    check_surcharge(
        &long("So 🙂"),
        &EIGHT,
        Some("🙂 needs UCS-2; without 🙂 it is 1 part instead of 3"),
    );
    check_surcharge(
        &long("So 👍🏽❤\u{FE0F}"),
        &EIGHT,
        Some("👍 and ❤ need UCS-2; without 👍 and ❤ it is 1 part instead of 3"),
    );
    check_surcharge(
        &long("It’s\u{A0}\u{200B}🙂"),
        &EIGHT,
        Some(
            "’, U+00A0, U+200B and 🙂 need UCS-2; with ' and a space and without U+200B and 🙂 it is 1 part instead of 3",
        ),
    );
    check_surcharge(
        &"добрый день ".repeat(9),
        &EIGHT,
        Some("д, о, б, р and others need UCS-2"),
    );
    check_surcharge(
        &"[x] ".repeat(33),
        &EIGHT,
        Some("[ and ] take the room of two; with one each it is 1 part instead of 2"),
    );
    check_surcharge(&"[x] ".repeat(25), &EIGHT, None);
    check_surcharge(
        &"İş ".repeat(52),
        &allow(&[Language::Turkish]),
        Some("İ and ş need the Turkish locking shift; without İ and ş it is 1 part instead of 2"),
    );
    check_surcharge(&long("It’s"), &choose(AlphabetChoice::Ucs2), None);
}

#[test]
fn look_alikes_are_written_plainly_only_where_asked_and_cheaper() {
    let plainly = SegmentOptions {
        substitution: Substitution::LookAlikes,
        ..EIGHT
    };
    let read = |text: &str, options: &SegmentOptions| {
        let segmentation = segment(text, options).unwrap();
        let parts: Vec<_> = segmentation.parts.iter().map(Some).collect();
        let substituted: String = segmentation
            .substituted
            .iter()
            .map(|found| found.character)
            .collect();
        (join(&parts, "").unwrap(), substituted)
    };
    let told = |text: &str, substituted: &str| (text.to_owned(), substituted.to_owned());
    assert_eq!(read("It’s…", &EIGHT), told("It’s…", ""));
    assert_eq!(read("It’s…", &plainly), told("It's...", "’…"));
    // UCS-2 it is anyway, so the text stays as it is.
    assert_eq!(read("It’s 🙂", &plainly), told("It’s 🙂", ""));
    assert_eq!(read("plain", &plainly), told("plain", ""));
    let gsm7 = SegmentOptions {
        alphabet: AlphabetChoice::Gsm7,
        ..plainly
    };
    assert_eq!(read("It’s", &gsm7), told("It's", "’"));
    assert!(segment("It’s 🙂", &gsm7).is_err());
}

#[test]
fn clusters_stay_together_where_that_costs_no_part() {
    let ends = |text: &str| -> Vec<String> {
        let segmentation = segment(text, &EIGHT).unwrap();
        let texts = segmentation.parts.iter().map(|part| part.text().unwrap());
        texts.collect()
    };
    // 67 code units a part; an accent of its own, a flag of two pairs, a family with joiners.
    for cluster in ["e\u{301}", "🇳🇴", "👨\u{200D}👩\u{200D}👧", "हि"] {
        for before in 60..67 {
            let text = format!("{}{cluster}{}", "ж".repeat(before), "ж".repeat(20));
            let parts = ends(&text);
            assert_eq!(parts.len(), 2, "{cluster} behind {before}");
            assert!(
                parts.iter().any(|part| part.contains(cluster)),
                "{cluster} behind {before}"
            );
        }
    }
    let lines = |behind| format!("{}\r\n{}", "a".repeat(152), "b".repeat(behind));
    let cut = |behind: usize, at: usize| -> [String; 2] {
        let text = lines(behind);
        let (first, second) = text.split_at(at);
        [first.to_owned(), second.to_owned()]
    };
    assert_eq!(ends(&lines(151)), cut(151, 152));
    // Here the second part has no room for the CR.
    assert_eq!(ends(&lines(152)), cut(152, 153));
    // A cluster longer than a part has to be cut.
    assert_eq!(ends(&format!("ж{}", "\u{301}".repeat(100))).len(), 2);
}

#[test]
fn a_class_goes_into_every_part() {
    let options = SegmentOptions {
        class: Some(Class::Flash),
        ..EIGHT
    };
    let segmentation = segment(&"a".repeat(200), &options).unwrap();
    for part in segmentation.parts {
        assert_eq!(part.data_coding().octet(), 0x10);
    }
}

fn check_parts(text: &str, options: &SegmentOptions) -> Result<(), TestCaseError> {
    let segmentation =
        segment(text, options).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let total = segmentation.parts.len();
    let mut read = String::new();
    for (index, part) in segmentation.parts.iter().enumerate() {
        prop_assert!(part.octets().len() <= MAX_OCTETS);
        // Readable by itself: a pair that was cut would leave U+FFFD or lose its half.
        read.push_str(&part.text().unwrap());
        let place = part
            .concatenation()
            .map(|found| (usize::from(found.part), usize::from(found.total)));
        prop_assert_eq!(place, (total > 1).then_some((index + 1, total)));
    }
    prop_assert_eq!(&read, text);
    let parts: Vec<_> = segmentation.parts.iter().map(Some).collect();
    prop_assert_eq!(join(&parts, "…").unwrap(), text);
    Ok(())
}

proptest! {
    #[test]
    fn gsm7_texts_come_back(text in "[@£ a-zà\n\r€{}\\[\\]^|~]{0,700}") {
        check_parts(&text, &EIGHT)?;
        check_parts(&text, &SIXTEEN)?;
        check_parts(&text, &SegmentOptions { alphabet: AlphabetChoice::Ucs2, ..EIGHT })?;
    }

    #[test]
    fn any_text_comes_back(text in "\\PC{0,400}") {
        check_parts(&text, &EIGHT)?;
        check_parts(&text, &SIXTEEN)?;
    }
}
