//! Pages built from the standard's tables by hand.

use proptest::prelude::*;

use super::*;
use crate::data_coding::Class;

/// A page with this header, the content filled up to 82 octets.
fn page(header: &str, content: &[u8], filler: u8) -> Vec<u8> {
    let mut octets = crate::hex::decode(header).unwrap();
    octets.extend(content);
    octets.resize(PAGE_OCTETS, filler);
    octets
}

/// The octets of a GSM 7-bit text, padded with carriage returns as §9.4.1.2.5 wants it.
fn padded(text: &str) -> Vec<u8> {
    let mut septets = gsm7::encode(text).unwrap();
    septets.resize(CONTENT_OCTETS * 8 / 7, CARRIAGE_RETURN);
    gsm7::pack(&septets, 0)
}

#[track_caller]
fn read(octets: &[u8]) -> BroadcastPage {
    let decoded = decode_broadcast(octets, Leniency::Strict).unwrap();
    assert_eq!(decoded.anomalies, []);
    decoded.page
}

#[test]
fn fields_stand_where_the_standard_has_them() {
    let found = read(&page("C11000320111", &padded("Storm from 6 pm on"), 0));
    assert_eq!(found.serial_number.scope(), GeographicalScope::Cell);
    assert_eq!(found.serial_number.message_code(), 0x11);
    assert_eq!(found.serial_number.update_number(), 0);
    assert_eq!(found.message_identifier, MessageIdentifier(50));
    assert_eq!((found.page, found.total), (1, 1));
    assert_eq!(found.language().as_deref(), Some("en"));
    assert_eq!(found.text().as_deref(), Some("Storm from 6 pm on"));
    assert_eq!(found.data(), None);

    let found = read(&page("43F711124023", &padded("Second"), 0));
    assert_eq!(found.serial_number.scope(), GeographicalScope::Network);
    assert_eq!(found.serial_number.message_code(), 0x3F);
    assert_eq!(found.serial_number.update_number(), 7);
    assert_eq!((found.page, found.total), (2, 3));
    assert_eq!(found.language(), None);
    assert_eq!(
        found.message_identifier.to_string(),
        "presidential alert, EU-Alert level 1"
    );
    for (octet, scope) in [
        (0x00, "cell, shown at once"),
        (0x40, "network"),
        (0x80, "area"),
        (0xC0, "cell"),
    ] {
        let serial = SerialNumber(u16::from_be_bytes([octet, 0]));
        assert_eq!(serial.scope().to_string(), scope);
    }
}

/// A page is full with 93 characters, of which the last may be a carriage return only where it is padding.
#[test]
fn a_full_page_has_no_padding() {
    let text = "x".repeat(93);
    let found = read(&page("000000000011", &padded(&text), 0));
    assert_eq!(found.text(), Some(text));
}

#[test]
fn the_language_may_stand_in_front() {
    let found = read(&page("000000321011", &padded("de\rGuten Tag"), 0));
    assert_eq!(found.language().as_deref(), Some("de"));
    assert_eq!(found.text().as_deref(), Some("Guten Tag"));
    // Two septets and two spare bits, then UCS-2 padded with U+000D.
    let mut content = gsm7::pack(&gsm7::encode("ru").unwrap(), 0);
    content.extend(ucs2::octets(&"Привет".encode_utf16().collect::<Vec<_>>()));
    while content.len() < CONTENT_OCTETS {
        content.extend([0x00, 0x0D]);
    }
    let found = read(&page("000000321111", &content, 0));
    assert_eq!(found.language().as_deref(), Some("ru"));
    assert_eq!(found.text().as_deref(), Some("Привет"));
    // None is there, though it was announced.
    let found = read(&page("000000321011", &padded("12 km"), 0));
    assert_eq!(found.language(), None);
    assert_eq!(found.text().as_deref(), Some("12 km"));
}

#[test]
fn other_codings_are_data_or_ucs2_or_have_a_header() {
    let found = read(&page("000000324411", &[1, 2, 3], 0));
    assert_eq!(found.text(), None);
    assert_eq!(found.data().map(<[u8]>::len), Some(82));
    let found = read(&page("000000324811", &[0x04, 0x34, 0x04, 0x30], 0x0D));
    assert_eq!(
        found.text().as_deref(),
        Some(&*format!("да{}", "\u{D0D}".repeat(39)))
    );
    // Turkish single shift in a header of four octets, five septets with the fill bits.
    let mut content = vec![0x03, 0x24, 0x01, 0x01];
    let mut septets = vec![gsm7::ESCAPE, 0x73];
    septets.resize(93 - 5, CARRIAGE_RETURN);
    content.extend(gsm7::pack(&septets, 3));
    let found = read(&page("000000329011", &content, 0));
    assert_eq!(found.text().as_deref(), Some("ş"));
    assert_eq!(found.elements().count(), 1);
}

/// 3GPP TS 23.038 §5, one of each group.
#[test]
fn codings() {
    use Alphabet::{Data, Gsm7, Ucs2};
    for (octet, alphabet, language, class, reserved) in [
        (0x00, Gsm7, Some("de"), None, false),
        (0x0F, Gsm7, None, None, false),
        (0x10, Gsm7, None, None, false),
        (0x11, Ucs2, None, None, false),
        (0x12, Gsm7, None, None, true),
        (0x23, Gsm7, Some("ru"), None, false),
        (0x25, Gsm7, None, None, true),
        (0x30, Gsm7, None, None, true),
        (0x48, Ucs2, None, None, false),
        (0x55, Data, None, Some(Class::Phone), false),
        (0x4C, Gsm7, None, None, true),
        (0x90, Gsm7, None, None, false),
        (0x9A, Ucs2, None, Some(Class::Sim), false),
        (0xE0, Data, None, None, false),
        (0xF0, Gsm7, None, None, false),
        (0xF7, Data, None, Some(Class::TerminalEquipment), false),
        (0xF8, Gsm7, None, None, true),
    ] {
        let coding = BroadcastCoding::from_octet(octet);
        let found = (
            coding.alphabet(),
            coding.language(),
            coding.class(),
            coding.is_reserved(),
        );
        assert_eq!(found, (alphabet, language, class, reserved), "{octet:02X}");
    }
    assert!(BroadcastCoding::from_octet(0x60).is_compressed());
    assert_eq!(
        BroadcastCoding::from_octet(0x0B).to_string(),
        "GSM 7-bit (el)"
    );
}

#[test]
fn warnings_are_named() {
    for (identifier, emergency, words) in [
        (50, None, "a topic of the GSM Association's list"),
        (4352, Some(Emergency::Etws), "earthquake warning"),
        (
            4371,
            Some(Emergency::Cmas),
            "extreme alert, immediate and observed, EU-Alert level 2",
        ),
        (4379, Some(Emergency::Cmas), "child abduction (AMBER alert)"),
        (
            4392,
            Some(Emergency::Cmas),
            "child abduction (AMBER alert), in a further language",
        ),
        (4398, Some(Emergency::Cmas), "state or local test"),
        (4400, Some(Emergency::Other), "area of a warning"),
        (
            6399,
            Some(Emergency::Other),
            "a warning that is not defined yet",
        ),
        (6400, None, "EU-Info"),
    ] {
        let found = MessageIdentifier(identifier);
        assert_eq!(found.emergency(), emergency, "{identifier}");
        assert_eq!(found.to_string(), words, "{identifier}");
    }
    assert!(MessageIdentifier(4380).is_test() && !MessageIdentifier(4370).is_test());
    let alarming = SerialNumber(0x3000);
    assert!(alarming.asks_for_alarm() && alarming.asks_for_popup());
}

#[test]
fn sloppy_pages_are_read_and_recorded() {
    let kinds = |octets: &[u8]| {
        let decoded = decode_broadcast(octets, Leniency::Tolerant).unwrap();
        let strict = decode_broadcast(octets, Leniency::Strict).unwrap_err();
        assert_eq!(strict.offset, decoded.anomalies[0].offset);
        decoded
            .anomalies
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let full = page("000000320111", &padded("hi"), 0);
    assert_eq!(
        kinds(&full[..16]),
        ["octet 6: 10 octets of content, a page has 82"]
    );
    assert_eq!(
        kinds(&[full.as_slice(), &[0]].concat()),
        ["octet 88: 1 octets behind the TPDU"]
    );
    let lost = page("000000320100", &padded("hi"), 0);
    assert_eq!(
        kinds(&lost),
        ["octet 5: page parameter has the reserved value 0x00"]
    );
    assert_eq!(
        kinds(&page("000000329011", &[0xFF], 0)),
        ["octet 6: the user data header is longer than the user data"]
    );
    let digits = crate::hex::encode(&full).to_lowercase();
    let found =
        decode_broadcast_hex(&format!("+CBM: 88\r\n{digits}\r\n"), Leniency::Tolerant).unwrap();
    assert_eq!(found.page.text().as_deref(), Some("hi"));
    for (text, message) in [
        ("", "octet 0: the PDU is empty"),
        (
            "0000003201",
            "octet 5: the PDU ends before page parameter is complete",
        ),
        (
            "00",
            "octet 0: the PDU ends before serial number is complete",
        ),
    ] {
        let error = decode_broadcast_hex(text, Leniency::Tolerant).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_octets_do_no_harm(octets in prop::collection::vec(any::<u8>(), 0..120)) {
        let tolerant = decode_broadcast(&octets, Leniency::Tolerant);
        let strict = decode_broadcast(&octets, Leniency::Strict);
        match (&tolerant, &strict) {
            (Ok(found), Ok(same)) => prop_assert_eq!(found, same),
            (Ok(found), Err(error)) => prop_assert_eq!(found.anomalies[0].offset, error.offset),
            (Err(_), found) => prop_assert!(found.is_err()),
        }
        if let Ok(DecodedPage { page, .. }) = tolerant {
            prop_assert!((1..=page.total).contains(&page.page) && page.total <= 15);
            prop_assert!(page.text().is_none_or(|text| text.len() <= 82 * 4));
            prop_assert!(page.text().is_none() || page.data().is_none());
            prop_assert!(page.elements().count() <= 82);
            prop_assert!(page.language().is_none_or(|language| language.len() == 2));
            prop_assert!(!page.message_identifier.to_string().is_empty());
        }
    }

    #[test]
    fn what_fits_on_a_page_comes_back(text in "[ -~£¥èé]{0,46}[a-z]") {
        let found = decode_broadcast(&page("000000320F11", &padded(&text.replace('`', "'")), 0), Leniency::Strict);
        prop_assert_eq!(found.unwrap().page.text(), Some(text.replace('`', "'")));
    }
}
