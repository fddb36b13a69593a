//! What is written is the text, and nothing would have been cheaper.
//!
//! The costs are worked out here anew, from the tables as they are read and from the lengths in the standard, by trying
//! every way of writing and every place of cutting.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests, which the lints do not take for tests"
)]

use proptest::prelude::*;
use sms_codec::gsm7::Shifts;
use sms_codec::{
    AlphabetChoice, Encoding, Language, Languages, Reference, SegmentError, SegmentOptions,
    Segmentation, gsm7, join, segment,
};
use unicode_segmentation::UnicodeSegmentation;

/// Every way of writing with the tables of some languages.
fn encodings(languages: &[Language]) -> Vec<Encoding> {
    let choices: Vec<Option<Language>> = std::iter::once(None)
        .chain(languages.iter().copied().map(Some))
        .collect();
    let mut encodings = vec![Encoding::Ucs2];
    for locking in &choices {
        if *locking == Some(Language::Spanish) {
            continue;
        }
        for single in &choices {
            encodings.push(Encoding::Gsm7(Shifts {
                locking: *locking,
                single: *single,
            }));
        }
    }
    encodings
}

/// Units that a character takes, found by reading every place of the tables.
fn units(character: char, encoding: Encoding) -> Option<usize> {
    let Encoding::Gsm7(shifts) = encoding else {
        return Some(character.len_utf16());
    };
    let places = (0..128_u8).filter(|septet| *septet != gsm7::ESCAPE);
    let wanted = character.to_string();
    if places
        .clone()
        .any(|septet| gsm7::decode(&[septet], shifts) == wanted)
    {
        return Some(1);
    }
    let extended = |septet: &u8| match shifts.single {
        Some(language) => language.single_shift_character(*septet) == Some(character),
        None => gsm7::decode(&[gsm7::ESCAPE, *septet], shifts) == wanted,
    };
    places.clone().any(|septet| extended(&septet)).then_some(2)
}

/// Units that a part has room for behind its header (3GPP TS 23.040 §9.2.3.24).
fn room(encoding: Encoding, concatenation: Option<Reference>) -> usize {
    let shifts = match encoding {
        Encoding::Gsm7(shifts) => [shifts.locking, shifts.single].iter().flatten().count(),
        Encoding::Ucs2 => 0,
    };
    let elements = 3 * shifts
        + match concatenation {
            None => 0,
            Some(Reference::Eight(_)) => 5,
            Some(Reference::Sixteen(_)) => 6,
        };
    let header = if elements == 0 { 0 } else { 1 + elements };
    match encoding {
        Encoding::Gsm7(_) => 160 - (header * 8).div_ceil(7),
        Encoding::Ucs2 => (140 - header) / 2,
    }
}

/// Fewest parts, and of those ways the fewest grapheme clusters cut.
fn fewest(text: &str, encoding: Encoding, reference: Reference) -> Option<(usize, usize)> {
    let widths = text
        .chars()
        .map(|character| units(character, encoding))
        .collect::<Option<Vec<_>>>()?;
    if widths.iter().sum::<usize>() <= room(encoding, None) {
        return Some((1, 0));
    }
    let room = room(encoding, Some(reference));
    let inside: Vec<bool> = text
        .graphemes(true)
        .flat_map(|cluster| (0..cluster.chars().count()).map(|index| index > 0))
        .collect();
    // The best for the text up to each place, from the start on.
    let mut best = vec![(0, 0)];
    for end in 1..=widths.len() {
        let cut = usize::from(inside.get(end).copied().unwrap_or_default());
        let way = (0..end)
            .rev()
            .take_while(|start| widths[*start..end].iter().sum::<usize>() <= room)
            .map(|start| (best[start].0 + 1, best[start].1 + cut))
            .min();
        best.push(way.unwrap());
    }
    best.last().copied()
}

/// Parts of a segmentation, and how many clusters its cuts go through.
fn found(text: &str, segmentation: &Segmentation) -> (usize, usize) {
    let boundaries: Vec<usize> = text
        .grapheme_indices(true)
        .map(|(offset, _)| offset)
        .chain([text.len()])
        .collect();
    let mut end = 0;
    let mut cut = 0;
    for part in &segmentation.parts {
        end += part.text().unwrap().len();
        cut += usize::from(!boundaries.contains(&end));
    }
    (segmentation.parts.len(), cut)
}

fn check(text: &str, languages: &[Language], reference: Reference) -> Result<(), TestCaseError> {
    let options = SegmentOptions {
        languages: languages.iter().copied().collect(),
        ..SegmentOptions::new(reference)
    };
    let cheapest = segment(text, &options).unwrap();
    let parts: Vec<_> = cheapest.parts.iter().map(Some).collect();
    prop_assert_eq!(&join(&parts, "…").unwrap(), text);
    for part in &cheapest.parts {
        prop_assert_eq!(part.shifts(), cheapest.encoding.shifts());
    }

    let mut fewest_parts = usize::MAX;
    for encoding in encodings(languages) {
        let told = SegmentOptions {
            alphabet: match encoding {
                Encoding::Gsm7(shifts) => AlphabetChoice::Shifted(shifts),
                Encoding::Ucs2 => AlphabetChoice::Ucs2,
            },
            ..options
        };
        let Some(fewest) = fewest(text, encoding, reference) else {
            prop_assert!(matches!(
                segment(text, &told),
                Err(SegmentError::NotInAlphabet(_))
            ));
            continue;
        };
        let segmentation = segment(text, &told).unwrap();
        prop_assert_eq!(found(text, &segmentation), fewest, "in {}", encoding);
        fewest_parts = fewest_parts.min(fewest.0);
        // No part is empty but that of an empty text, and what was read is what was written.
        let read: String = segmentation
            .parts
            .iter()
            .map(|part| part.text().unwrap())
            .collect();
        prop_assert_eq!(&read, text, "in {}", encoding);
        let octets: usize = segmentation
            .parts
            .iter()
            .map(|part| part.octets().len())
            .sum();
        prop_assert_eq!(segmentation.octets, octets, "in {}", encoding);
        prop_assert!(
            (cheapest.parts.len(), cheapest.octets) <= (segmentation.parts.len(), octets),
            "{} is cheaper than {}",
            encoding,
            cheapest.encoding
        );
    }
    prop_assert_eq!(cheapest.parts.len(), fewest_parts);
    Ok(())
}

/// A text out of the characters of some languages, most of them from the tables.
fn text_of(languages: &[Language]) -> BoxedStrategy<String> {
    let national: Vec<char> = languages
        .iter()
        .flat_map(|language| {
            (0..128).flat_map(|septet| {
                [
                    language.locking_character(septet),
                    language.single_shift_character(septet),
                ]
            })
        })
        .flatten()
        .filter(|character| *character != '\u{1b}')
        .collect();
    let plain: Vec<char> = "abc XYZ 0189 @é€[]~|^{}\\\r\n".chars().collect();
    let foreign: Vec<char> = "жß’🙂\u{301}\u{200D}🇳".chars().collect();
    let characters = |foreign_weight| {
        prop_oneof![
            60 => prop::sample::select(plain.clone()),
            30 => prop::sample::select(national.clone()),
            foreign_weight => prop::sample::select(foreign.clone()),
        ]
    };
    let text = |character, most| {
        prop::collection::vec(character, 0..most)
            .prop_map(|characters: Vec<char>| characters.into_iter().collect::<String>())
    };
    // Without anything foreign too, or nearly every long text would be UCS-2.
    prop_oneof![
        text(characters(1).boxed(), 400),
        text(
            prop_oneof![
                prop::sample::select(plain.clone()),
                prop::sample::select(national.clone())
            ]
            .boxed(),
            400
        ),
        text(prop::sample::select(national.clone()).boxed(), 330),
    ]
    .boxed()
}

fn languages() -> impl Strategy<Value = Vec<Language>> {
    prop::sample::subsequence(Language::ALL.to_vec(), 1..=2)
}

fn reference() -> impl Strategy<Value = Reference> {
    prop_oneof![
        any::<u8>().prop_map(Reference::Eight),
        any::<u16>().prop_map(Reference::Sixteen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_is_cheaper(
        (languages, text) in languages().prop_flat_map(|languages| {
            let text = text_of(&languages);
            (Just(languages), text)
        }),
        reference in reference(),
    ) {
        check(&text, &languages, reference)?;
    }

    #[test]
    fn nothing_is_cheaper_without_national_tables(
        text in prop_oneof!["[a-z€ \r\n\\[]{0,400}", "\\PC{0,300}", "[🇳🇴жe\u{301}\u{200D}👩]{0,200}"],
        reference in reference(),
    ) {
        check(&text, &[], reference)?;
    }
}

/// Every pair of tables, with every character that they have, at every length around the ends of one to three parts.
#[test]
fn every_shift_comes_back_at_every_length() {
    for encoding in encodings(&Language::ALL) {
        let Encoding::Gsm7(shifts) = encoding else {
            continue;
        };
        let options = SegmentOptions {
            alphabet: AlphabetChoice::Shifted(shifts),
            ..SegmentOptions::new(Reference::Eight(0xA5))
        };
        let all: Vec<char> = (0..128_u8)
            .filter(|septet| *septet != gsm7::ESCAPE)
            .flat_map(|septet| {
                let main = gsm7::decode(&[septet], shifts);
                let extended = gsm7::decode(&[gsm7::ESCAPE, septet], shifts);
                main.chars().chain(extended.chars()).collect::<Vec<_>>()
            })
            .filter(|character| *character != char::REPLACEMENT_CHARACTER)
            .collect();
        let mut characters = all.iter().cycle();
        for length in (0..4)
            .chain(66..72)
            .chain(140..165)
            .chain([305, 306, 307, 460])
        {
            let text: String = characters.by_ref().take(length).collect();
            let segmentation = segment(&text, &options).unwrap();
            let read: String = segmentation
                .parts
                .iter()
                .map(|part| part.text().unwrap())
                .collect();
            assert_eq!(read, text, "{length} characters in {encoding}");
        }
    }
}

#[test]
fn all_languages_together_are_tried() {
    let options = SegmentOptions {
        languages: Languages::all(),
        ..SegmentOptions::new(Reference::Eight(1))
    };
    for (text, encoding) in [
        (
            "मैं घर पर हूँ, शाम को मिलते हैं",
            "GSM 7-bit with Hindi locking shift",
        ),
        (
            "আমি বাড়িতে আছি, সন্ধ্যায় দেখা হবে",
            "GSM 7-bit with Bengali locking shift",
        ),
        (
            "میں گھر پر ہوں، شام کو ملتے ہیں",
            "GSM 7-bit with Urdu locking and single shift",
        ),
        ("நான் வீட்டில் இருக்கிறேன்", "GSM 7-bit with Tamil locking shift"),
        (
            "Şu an evdeyim, akşam görüşürüz",
            "GSM 7-bit with Turkish locking shift",
        ),
        (
            "Não sei; amanhã talvez às três",
            "GSM 7-bit with Portuguese locking shift",
        ),
        ("Привет", "UCS-2"),
    ] {
        let segmentation = segment(text, &options).unwrap();
        assert_eq!(segmentation.encoding.to_string(), encoding, "{text}");
    }
}
