use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn card(name: &str, numbers: &[&str]) -> Card {
    Card {
        name: name.to_owned(),
        numbers: numbers.iter().map(|&number| number.to_owned()).collect(),
        senders: Vec::new(),
    }
}

/// The first three are in the form of exports of Android, iOS and an old Nokia; the numbers are made up.
#[test]
fn cards_of_every_version() {
    let cases: &[(&str, &[Card])] = &[
        (
            "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D8=A7;=D8=B9=\r\n=D9=84;;;\r\n\
             TEL;CELL;PREF:0300-1234567\r\nTEL;HOME:+12025550100\r\nEND:VCARD\r\n",
            &[card(
                "\u{639}\u{644} \u{627}",
                &["0300-1234567", "+12025550100"],
            )],
        ),
        (
            "BEGIN:VCARD\nVERSION:3.0\nN:Khan;Ali;;Dr.;\nFN:Ali\\, the\n  one\nitem1.TEL;type=CELL;type=pref:+1 (202)\n  555-0100\n\
             PHOTO;ENCODING=b:AAAA\n AAAA\nEND:VCARD\n",
            &[card("Ali, the one", &["+1 (202) 555-0100"])],
        ),
        (
            "BEGIN:VCARD\r\nVERSION:2.1\r\nN;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg\r\nTEL;VOICE:+12025550100\r\nEND:VCARD",
            &[card("J\u{f6}rg M\u{fc}ller", &["+12025550100"])],
        ),
        (
            "begin:vcard\nversion:4.0\nN:Khan;Ali;;Dr.;\nTEL;VALUE=uri;TYPE=\"voice,home:x\":tel:+1-202-555-0100;ext=5\nEND:VCARD\n",
            &[card("Dr. Ali Khan", &["+1-202-555-0100"])],
        ),
        (
            "BEGIN:VCARD\nFN:\nORG:Acme;Sales\nTEL:8558\nTEL:8558\nEND:VCARD\n",
            &[card("Acme", &["8558"])],
        ),
        (
            "BEGIN:VCARD\nFN:No number\nEND:VCARD\nBEGIN:VCARD\nTEL:8558\nEND:VCARD\n",
            &[],
        ),
        ("BEGIN:VCARD\nFN:Cut off\nTEL:8558\n", &[]),
        ("TEL:8558\nFN:x\nno colon\n\n:\n;:\n", &[]),
        ("", &[]),
    ];
    for (file, expected) in cases {
        assert_eq!(read(file.as_bytes()), *expected, "{file:?}");
    }
}

#[test]
fn what_is_written() {
    let mut ali = card("Ali; Khan", &["+12025550100"]);
    ali.senders.push("MyBank".to_owned());
    assert_eq!(
        write(&[ali]),
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ali\\; Khan\r\nN:Ali\\; Khan;;;;\r\nTEL;TYPE=CELL:+12025550100\r\n\
         X-SMS-SENDER:MyBank\r\nEND:VCARD\r\n"
    );
    let long = write(&[card(&"\u{e4}".repeat(100), &["+12025550100"])]);
    assert!(long.lines().all(|line| line.len() <= 75), "{long}");
}

#[test]
fn sizes_are_bounded() {
    let one = "BEGIN:VCARD\nFN:A\nTEL:8558\nEND:VCARD\n";
    assert_eq!(read(one.repeat(MOST + 5).as_bytes()).len(), MOST);
    let long = format!(
        "BEGIN:VCARD\nFN:{}\nTEL:8558\nEND:VCARD\n",
        "a".repeat(100_000)
    );
    let name = read(long.as_bytes()).remove(0).name;
    assert_eq!(name.len(), LONGEST - "FN:".len());
}

fn cards() -> impl Strategy<Value = Vec<Card>> {
    let text = "[^\\s\\p{C}]([^\\p{C}\\s]| ){0,90}[^\\s\\p{C}]";
    let number = "\\+[1-9][0-9]{6,14}";
    let card = (text, vec(number, 1..4)).prop_map(|(name, mut numbers)| {
        numbers.sort();
        numbers.dedup();
        Card {
            name,
            numbers,
            senders: Vec::new(),
        }
    });
    vec(card, 0..4)
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(cards in cards()) {
        prop_assert_eq!(read(write(&cards).as_bytes()), cards);
    }

    #[test]
    fn no_file_panics(file in vec(any::<u8>(), 0..200), lines in vec("(BEGIN:VCARD|END:VCARD|FN;QUOTED-PRINTABLE:=|TEL:| |=)[=0-9A-F:; ]{0,9}", 0..9)) {
        let _cards = read(&file);
        let _cards = read(lines.join("\n").as_bytes());
    }
}
