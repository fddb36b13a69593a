//! gammu reads what we write: 10,000 random texts, each TPDU of them.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which the lints do not take for tests"
)]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use sms_codec::{
    Address, Alphabet, AlphabetChoice, Class, Reference, SegmentOptions, Submit, gsm7, hex, segment,
};

const TEXTS: usize = 10_000;

/// A Python with gammu, or `None` and a word about it.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("SMS_BRIDGE_GAMMU_PYTHON").map(PathBuf::from);
    if python.is_none() {
        let required = std::env::var("SMS_BRIDGE_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|name| name == "python3-gammu"),
            "SMS_BRIDGE_REQUIRE lists python3-gammu, but SMS_BRIDGE_GAMMU_PYTHON names no Python that has it"
        );
        println!("skipped: needs python3-gammu, run cargo xtask test");
    }
    python
}

/// One random text and how it is to be written.
fn random(random: &mut fastrand::Rng) -> (String, SegmentOptions) {
    const PLAIN: &str = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
        ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    const ESCAPED: &str = "^{}\\[~]|€";
    const WIDE: &str = "çğışабвгжя’“”…中文字한글सम\u{5D0}\u{5D1}";
    const PAIRS: &str = "🙂😀👍🇳🇴𝄞";
    let pools: Vec<Vec<char>> = match random.u8(0..4) {
        0 => vec![PLAIN.chars().collect()],
        1 => vec![PLAIN.chars().collect(), ESCAPED.chars().collect()],
        2 => vec![PLAIN.chars().collect(), WIDE.chars().collect()],
        _ => vec![WIDE.chars().collect(), PAIRS.chars().collect()],
    };
    let length = match random.u8(0..4) {
        0 => random.usize(0..12),
        1 => random.usize(60..80),
        2 => random.usize(145..165),
        _ => random.usize(0..500),
    };
    let text: String = (0..length)
        .filter_map(|_| {
            let pool = random.choice(&pools)?;
            random.choice(pool).copied()
        })
        .collect();
    let alphabet = if random.u8(0..8) == 0 {
        AlphabetChoice::Ucs2
    } else {
        AlphabetChoice::Cheapest
    };
    // In UCS-2 gammu writes `~` twice and loses as many characters at the end.
    let text = if alphabet == AlphabetChoice::Ucs2 || gsm7::encode(&text).is_err() {
        text.replace('~', "-")
    } else {
        text
    };
    let reference = if random.bool() {
        Reference::Eight(random.u8(..))
    } else {
        Reference::Sixteen(random.u16(..))
    };
    let options = SegmentOptions {
        alphabet,
        class: match random.u8(0..16) {
            number @ 0..=3 => Class::from_number(number),
            _ => None,
        },
        ..SegmentOptions::new(reference)
    };
    (text, options)
}

#[test]
fn gammu_reads_what_we_write() {
    let Some(python) = python() else { return };
    let mut generator = fastrand::Rng::with_seed(0x23_040);
    let recipient = Address::parse_number("+12025550100").unwrap();
    let mut written = Vec::new();
    for _ in 0..TEXTS {
        let (text, options) = random(&mut generator);
        let segmentation = segment(&text, &options).unwrap();
        let whole: String = segmentation
            .parts
            .iter()
            .map(|part| part.text().unwrap())
            .collect();
        assert_eq!(whole, text);
        for part in segmentation.parts {
            written.push((Submit::new(recipient.clone(), part), options));
        }
    }
    let input: String = written
        .iter()
        .map(|(submit, _)| hex::encode(&submit.emit()) + "\n")
        .collect();

    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/read_with_gammu.py");
    let mut child = Command::new(&python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // In a thread, because the program answers while it still reads.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let output = String::from_utf8(output.stdout).unwrap();

    let mut read = 0;
    let mut wrong = Vec::new();
    for (line, (submit, options)) in output.lines().zip(&written) {
        read += 1;
        let found: Value = serde_json::from_str(line).unwrap();
        if let Err(fault) = compare(&found, submit, options) {
            wrong.push(format!("{}: {fault}", hex::encode(&submit.emit())));
        }
    }
    assert_eq!(read, written.len());
    assert!(
        wrong.is_empty(),
        "{} of {read} TPDUs differ:\n{}",
        wrong.len(),
        wrong
            .iter()
            .take(20)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    );
}

fn compare(found: &Value, submit: &Submit, options: &SegmentOptions) -> Result<(), String> {
    let user_data = &submit.user_data;
    let text = user_data.text().unwrap();
    let ucs2 = user_data.data_coding().alphabet() == Alphabet::Ucs2;
    let place = user_data.concatenation();
    let mut expected = vec![
        ("type", Value::from("Submit")),
        ("number", "+12025550100".into()),
        ("text", text.into()),
        (
            "coding",
            if ucs2 {
                "Unicode_No_Compression".into()
            } else {
                "Default_No_Compression".into()
            },
        ),
        (
            "class",
            options
                .class
                .map_or(-1, |class| i64::from(class.number()))
                .into(),
        ),
    ];
    if let Some(place) = place {
        let reference = match options.reference {
            Reference::Eight(_) => "reference8",
            Reference::Sixteen(_) => "reference16",
        };
        expected.push(("part", place.part.into()));
        expected.push(("total", place.total.into()));
        expected.push((reference, place.reference.into()));
    }
    for (key, expected) in expected {
        if found[key] != expected {
            return Err(format!(
                "{key} is {}, expected {expected}; {found}",
                found[key]
            ));
        }
    }
    Ok(())
}
