//! Decoding asks for no memory but that of the text.
//!
//! The only test of its program, so that nothing else allocates meanwhile.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which the lints do not take for tests"
)]

use std::alloc::System;
use std::hint::black_box;

use sms_codec::{
    Address, DecodeOptions, Deliver, Reference, SegmentOptions, Tpdu, UserData, decode_hex, hex,
    join, segment,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations during the work. The least of some runs, since the test harness has a thread of its own.
fn allocations<T>(work: impl Fn() -> T) -> usize {
    (0..20)
        .map(|_| {
            let region = Region::new(ALLOCATOR);
            let result = black_box(work());
            let change = region.change();
            drop(result);
            change.allocations + change.reallocations
        })
        .min()
        .unwrap()
}

/// The PDUs of a text, as a modem prints them.
fn delivered(text: &str, sender: &Address) -> Vec<String> {
    let template = "07912120550591F9040C9144770009103200004210025132048005E8329BFD06";
    let Tpdu::Deliver(template) = decode_hex(template, &DecodeOptions::default())
        .unwrap()
        .tpdu
    else {
        return Vec::new();
    };
    let deliver = |user_data: UserData| Deliver {
        user_data,
        originating_address: sender.clone(),
        ..template.clone()
    };
    segment(text, &SegmentOptions::new(Reference::Eight(1)))
        .unwrap()
        .parts
        .into_iter()
        .map(|part| format!("07912120550591F9{}", hex::encode(&deliver(part).emit())))
        .collect()
}

#[test]
fn only_the_text_is_allocated() {
    for sender in [
        Address::parse_number("+12025550100").unwrap(),
        Address::alphanumeric("My [Bank]").unwrap(),
    ] {
        for text in [
            "a".repeat(160),
            "ж".repeat(70),
            "中".repeat(70),
            "🙂".repeat(35),
            "a".repeat(459),
        ] {
            let pdus = delivered(&text, &sender);
            let options = DecodeOptions::default();
            for pdu in &pdus {
                let decoded = decode_hex(pdu, &options).unwrap();
                assert_eq!(
                    allocations(|| decode_hex(pdu, &options)),
                    0,
                    "decoding {pdu}"
                );
                let user_data = decoded.tpdu.user_data().unwrap();
                assert_eq!(allocations(|| user_data.text()), 1, "the text of {pdu}");
            }
            let decoded: Vec<_> = pdus
                .iter()
                .map(|pdu| decode_hex(pdu, &options).unwrap().tpdu)
                .collect();
            let parts: Vec<_> = decoded.iter().map(Tpdu::user_data).collect();
            assert_eq!(allocations(|| join(&parts, "")), 1, "joining {text}");
            assert_eq!(join(&parts, "").as_ref(), Some(&text));
        }
    }
}
