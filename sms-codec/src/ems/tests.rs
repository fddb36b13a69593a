use super::*;

#[track_caller]
fn check(identifier: u8, hex: &str, shown: &str) {
    let octets = crate::hex::decode(hex).unwrap();
    let ems = Ems::parse(identifier, &octets).unwrap();
    assert_eq!(ems.identifier(), identifier);
    assert_eq!(ems.to_string(), shown);
}

/// From the tables of §9.2.3.24.10.1.
#[test]
fn every_element_says_what_it_does() {
    check(0x0A, "190620", "characters 26 to 31 italic");
    check(0x0A, "210410", "characters 34 to 37 bold");
    check(0x0A, "270504", "characters 40 to 44 large");
    check(0x0A, "2E0508", "characters 47 to 51 small");
    check(
        0x0A,
        "0000D19A",
        "characters from 1 on bold, underlined, struck, centre, bright red on white",
    );
    check(0x0B, "0503", "tada behind 5 characters");
    check(0x0B, "050A", "a reserved sound behind 5 characters");
    check(
        0x0C,
        "00424547494E",
        "melody of 5 octets behind 0 characters",
    );
    check(0x0D, "0204", "wow behind 2 characters");
    let pixels = |octets: usize| format!("07{}", "55".repeat(octets));
    check(
        0x0E,
        &pixels(128),
        "animation of 16 × 16 pixels behind 7 characters",
    );
    check(
        0x0F,
        &pixels(32),
        "animation of 8 × 8 pixels behind 7 characters",
    );
    check(
        0x10,
        &pixels(128),
        "picture of 32 × 32 pixels behind 7 characters",
    );
    check(
        0x11,
        &pixels(32),
        "picture of 16 × 16 pixels behind 7 characters",
    );
    check(
        0x12,
        "01020A00FF",
        "picture of 16 × 10 pixels behind 1 characters",
    );
    check(0x13, "02", "2 objects that belong together");
    check(
        0x14,
        "01012C0009000542",
        "vCard of 300 octets behind 5 characters",
    );
    check(0x15, "010007", "object 1 again behind 7 characters");
    check(0x16, "000100AA", "256 compressed octets");
    check(0x17, "0201", "must not be passed on");
    check(0x18, "03AABB", "graphic of 2 octets behind 3 characters");
    check(0x19, "03AA", "graphic of 1 octets behind 3 characters");
    check(0x1A, "01", "objects asked for: 0x01");
}

#[test]
fn wrong_lengths_are_none_of_them() {
    for identifier in TEXT_FORMATTING..=DATA_REQUEST {
        assert!(Ems::has(identifier));
        assert_eq!(Ems::parse(identifier, &[]), None, "{identifier:02X}");
    }
    for (identifier, octets) in [
        (0x0A, 5),
        (0x0B, 3),
        (0x0E, 127),
        (0x11, 34),
        (0x13, 2),
        (0x14, 6),
        (0x15, 4),
    ] {
        assert_eq!(
            Ems::parse(identifier, &vec![0; octets]),
            None,
            "{identifier:02X}"
        );
    }
    assert!(!Ems::has(0x09) && !Ems::has(0x1B));
}

#[test]
fn a_format_is_readable_as_values() {
    let Some(Ems::TextFormatting(found)) = Ems::parse(0x0A, &[3, 4, 0xA6, 0x6E]) else {
        panic!("no text formatting")
    };
    assert_eq!((found.start, found.length), (3, 4));
    assert_eq!(found.alignment, Alignment::Right);
    assert_eq!(found.size, FontSize::Large);
    assert_eq!(found.styles().collect::<Vec<_>>(), ["italic", "struck"]);
    let colours = found
        .colours
        .map(|(front, back)| (front.name(), back.name()));
    assert_eq!(colours, Some(("bright blue", "dark blue")));
}
