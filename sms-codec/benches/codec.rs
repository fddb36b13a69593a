//! Decoding, encoding and segmentation, beside `sms-pdu` where it does the same work.
//!
//! ```sh
//! cargo bench -p sms-codec
//! ```
//!
//! Before anything is measured, all are checked to give the same result. Divan prints what each asked of the allocator
//! below its times. What `docs/performance.md` says of it was printed by this.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up is to end"
)]

use std::fmt::Write;

use divan::{AllocProfiler, Bencher, black_box};
use sms_codec::{
    Address, Deliver, Languages, PduLine, Reference, SegmentOptions, Submit, Tpdu, UserData, hex,
    segment,
};
use sms_pdu::gsm_encoding::GsmMessageData;
use sms_pdu::hex::HexData;
use sms_pdu::pdu::{DeliverPdu, PduAddress, SubmitPdu};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const NUMBER: &str = "+12025550100";

fn main() {
    for parts in [gsm7_160(), ucs2_70(), concatenated()] {
        assert_eq!(ours::decode(&parts), sms_pdu_decode(&parts));
    }
    for text in [english(160), russian(70)] {
        // From TP-UDL on: in front of it the other asks for class 1, which ours leaves to the phone.
        assert_eq!(
            ours::encode(&text).get(26..),
            sms_pdu_encode(&text).get(26..)
        );
    }
    for text in [english(1_600), russian(1_600)] {
        let (ours, theirs) = (ours::segment(&text), GsmMessageData::encode_message(&text));
        assert_eq!(ours.len(), theirs.len());
    }
    divan::main();
}

/// Plain sentences, as long as wanted.
fn english(characters: usize) -> String {
    let sentence =
        "Hello, see you at 8 pm in front of the station (the usual place); bring 2 tickets! ";
    sentence.chars().cycle().take(characters).collect()
}

fn russian(characters: usize) -> String {
    let sentence = "Привет, увидимся в 8 вечера у вокзала, на обычном месте; возьми билеты! ";
    sentence.chars().cycle().take(characters).collect()
}

/// The DELIVER TPDUs of a text, as a modem prints them.
fn delivered(text: &str) -> Vec<String> {
    let template = "07912120550591F9040C9144770009103200004210025132048005E8329BFD06";
    let Tpdu::Deliver(template) = sms_codec::decode_hex(template, &Default::default())
        .unwrap()
        .tpdu
    else {
        return Vec::new();
    };
    let deliver = |user_data: UserData| Deliver {
        user_data,
        ..template.clone()
    };
    ours::segment(text)
        .into_iter()
        .map(|part| format!("07912120550591F9{}", hex::encode(&deliver(part).emit())))
        .collect()
}

fn gsm7_160() -> Vec<String> {
    delivered(&english(160))
}

fn ucs2_70() -> Vec<String> {
    delivered(&russian(70))
}

/// Three parts.
fn concatenated() -> Vec<String> {
    delivered(&english(459))
}

mod ours {
    use super::*;

    pub(super) fn decode(pdus: &[String]) -> String {
        let read = |pdu: &String| sms_codec::decode_hex(pdu, &Default::default()).unwrap();
        if let [pdu] = pdus {
            return read(pdu).tpdu.user_data().unwrap().text().unwrap();
        }
        let parts: [_; 3] = std::array::from_fn(|index| pdus.get(index).map(read));
        let parts = parts.each_ref().map(|part| part.as_ref()?.tpdu.user_data());
        sms_codec::join(&parts, "").unwrap()
    }

    pub(super) fn encode(text: &str) -> String {
        let recipient = Address::parse_number(NUMBER).unwrap();
        let mut parts = segment(text).into_iter();
        let submit = Submit::new(recipient, parts.next().unwrap());
        PduLine::new(None, &submit.emit()).hex
    }

    pub(super) fn segment(text: &str) -> Vec<UserData> {
        let options = SegmentOptions::new(Reference::Eight(42));
        super::segment(text, &options).unwrap().parts
    }
}

fn sms_pdu_decode(pdus: &[String]) -> String {
    let mut text = String::new();
    for pdu in pdus {
        let octets = HexData::decode(pdu).unwrap();
        let deliver = DeliverPdu::try_from(octets.as_slice()).unwrap();
        text.push_str(&deliver.get_message_data().decode_message().unwrap().text);
    }
    text
}

fn sms_pdu_encode(text: &str) -> String {
    let recipient: PduAddress = NUMBER.parse().unwrap();
    let mut parts = GsmMessageData::encode_message(text).into_iter();
    let submit = SubmitPdu::make_simple_message(recipient, parts.next().unwrap());
    let (octets, _) = submit.as_bytes();
    let mut line = String::new();
    write!(line, "{}", HexData(&octets)).unwrap();
    line
}

macro_rules! compare {
    ($row:ident, $input:expr, ours: $ours:expr, sms_pdu: $sms_pdu:expr) => {
        #[divan::bench_group]
        mod $row {
            use super::*;

            #[divan::bench]
            fn ours(bencher: Bencher<'_, '_>) {
                let input = $input;
                bencher.bench_local(|| $ours(black_box(&input)));
            }

            #[divan::bench]
            fn sms_pdu(bencher: Bencher<'_, '_>) {
                let input = $input;
                bencher.bench_local(|| $sms_pdu(black_box(&input)));
            }
        }
    };
}

compare!(decode_gsm7_160, gsm7_160(), ours: |pdus: &Vec<String>| ours::decode(pdus), sms_pdu: |pdus: &Vec<String>| sms_pdu_decode(pdus));
compare!(decode_ucs2_70, ucs2_70(), ours: |pdus: &Vec<String>| ours::decode(pdus), sms_pdu: |pdus: &Vec<String>| sms_pdu_decode(pdus));
compare!(decode_concatenated, concatenated(), ours: |pdus: &Vec<String>| ours::decode(pdus), sms_pdu: |pdus: &Vec<String>| sms_pdu_decode(pdus));
compare!(encode_gsm7_160, english(160), ours: |text: &String| ours::encode(text), sms_pdu: |text: &String| sms_pdu_encode(text));
compare!(encode_ucs2_70, russian(70), ours: |text: &String| ours::encode(text), sms_pdu: |text: &String| sms_pdu_encode(text));
compare!(segment_gsm7_1600, english(1_600), ours: |text: &String| ours::segment(text), sms_pdu: |text: &String| GsmMessageData::encode_message(text));
compare!(segment_ucs2_1600, russian(1_600), ours: |text: &String| ours::segment(text), sms_pdu: |text: &String| GsmMessageData::encode_message(text));

/// What no other has: the cheapest of all national tables.
#[divan::bench]
fn segment_1600_with_every_language(bencher: Bencher<'_, '_>) {
    let text: String = "Şu an evdeyim, akşam görüşürüz. "
        .chars()
        .cycle()
        .take(1_600)
        .collect();
    let options = SegmentOptions {
        languages: Languages::all(),
        ..SegmentOptions::new(Reference::Eight(42))
    };
    bencher.bench_local(|| segment(black_box(&text), &options));
}
