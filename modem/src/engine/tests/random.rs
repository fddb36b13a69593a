//! Whatever comes, nothing panics, nothing grows without bound, and every request is answered once.

use proptest::prelude::*;

use super::{Bench, HELLO, seconds, tpdu};
use crate::engine::Request;
use crate::status::Phase;

/// Lines and pieces that mean something, between which bytes mean nothing.
const PIECES: [&str; 24] = [
    "\r\nOK\r\n",
    "\r\nERROR\r\n",
    "\r\n+CMS ERROR: 38\r\n",
    "\r\n+CME ERROR: 14\r\n",
    "> ",
    "\r\n> \r\n",
    "\r\n+CMGS: 7\r\n",
    "+CMTI: \"SM\",1\r\n",
    "+CMTI: ,-1\r\n",
    "+CMTI: \"SM\",65535\r\n",
    "+CDS: 25\r\n",
    "+CDSI: \"SR\",1\r\n",
    "^RSSI:3\r\n",
    "+CUSD: 0,\"a",
    "+CUSD: 1,\"00410042\",72\r\n",
    "+CMGL: 0,1,,24\r\n",
    "+CMGR: ,,\r\n",
    "+CPMS: 1,2,3\r\n",
    "+CREG: 0,0\r\n",
    "+CREG: 9,9,9\r\n",
    "\0",
    "\"",
    "07912120550591F9040B912120550501F000006210100000000005E8329BFD06\r\n",
    "AT\r",
];

fn input() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => (0..PIECES.len()).prop_map(|piece| PIECES[piece].as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

#[derive(Debug, Clone)]
enum Deed {
    Input(Vec<u8>),
    Time(u64),
    Send,
    Delete,
    Inspect,
    Ussd,
    Lose,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => input().prop_map(Deed::Input),
        3 => (0..40_u64).prop_map(Deed::Time),
        2 => Just(Deed::Send),
        1 => Just(Deed::Delete),
        1 => Just(Deed::Inspect),
        1 => Just(Deed::Ussd),
        1 => Just(Deed::Lose),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_request_is_answered_once_whatever_comes(deeds in prop::collection::vec(deed(), 0..60), usual in any::<bool>()) {
        let mut bench = Bench::ready();
        if !usual {
            bench.silent("", usize::MAX);
        }
        let mut asked = 0_u64;
        for deed in deeds {
            match deed {
                Deed::Input(bytes) => {
                    bench.engine.handle_input(bench.now, &bytes);
                    bench.drain();
                }
                Deed::Time(time) => bench.run(seconds(time)),
                Deed::Send => { asked += 1; bench.ask(Request::Send { tag: asked, tpdu: tpdu() }); }
                Deed::Delete => { asked += 1; bench.delete(1, HELLO); }
                Deed::Inspect => { asked += 1; bench.ask(Request::Inspect { slot: super::sim(1) }); }
                Deed::Ussd => { asked += 1; bench.ask(Request::Ussd { code: "*100#".to_owned() }); }
                Deed::Lose => {
                    bench.engine.handle_closed(Phase::PortAbsent { reason: "gone".to_owned() });
                    bench.drain();
                    bench.engine.handle_opened(bench.now);
                    bench.drain();
                }
            }
        }
        bench.engine.handle_closed(Phase::Stopped);
        bench.drain();
        let answers = bench.told.lines().filter(|line| {
            line.split_once(": ").is_some_and(|(id, _)| id.parse::<u64>().is_ok())
        });
        let mut ids: Vec<u64> = answers.filter_map(|line| line.split_once(": ")?.0.parse().ok()).collect();
        ids.sort_unstable();
        prop_assert_eq!(ids, (1..=asked).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_at_any_stage_of_bring_up_do_no_harm(pieces in prop::collection::vec(input(), 0..80)) {
        let mut bench = Bench::new(super::settings());
        bench.silent("", usize::MAX);
        bench.engine.handle_opened(bench.now);
        for piece in pieces {
            bench.engine.handle_input(bench.now, &piece);
            bench.run(seconds(1));
        }
        bench.drain();
        prop_assert!(!bench.written.is_empty());
    }
}

/// What is due was done or moved on: whoever waits for the engine never turns in a circle.
fn check_rest(bench: &mut Bench) {
    let Some(due) = bench.engine.poll_timeout() else {
        return;
    };
    bench.now = bench.now.max(due);
    bench.engine.handle_timeout(bench.now);
    let next = bench.engine.poll_timeout();
    let told = bench.told.len();
    let written = bench.written.len();
    bench.drain();
    let moved = bench.told.len() > told || bench.written.len() > written;
    assert!(
        moved || next.is_none_or(|next| next > bench.now),
        "due {due:?}, at {:?} again {next:?}, phase {}",
        bench.now,
        bench.phase()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_engine_rests_until_it_says(deeds in prop::collection::vec(deed(), 0..40), silent in any::<bool>()) {
        let mut bench = Bench::ready();
        for deed in deeds {
            if silent {
                bench.silent("", 3);
            }
            match deed {
                Deed::Input(bytes) => bench.engine.handle_input(bench.now, &bytes),
                Deed::Time(rounds) => (0..rounds).for_each(|_| check_rest(&mut bench)),
                Deed::Send => bench.send(1),
                Deed::Delete => bench.delete(1, HELLO),
                Deed::Inspect => bench.ask(Request::Inspect { slot: super::sim(1) }),
                Deed::Ussd => bench.ask(Request::Ussd { code: "*100#".to_owned() }),
                Deed::Lose => {
                    bench.engine.handle_closed(Phase::NotAnswering);
                    bench.engine.handle_opened(bench.now);
                }
            }
            bench.drain();
            check_rest(&mut bench);
        }
    }
}

/// A modem out of its mind: prompts, and announcements in memories and slots without end.
#[test]
fn nothing_piles_up_in_the_engine() {
    let mut bench = Bench::ready();
    let mut most = 0;
    for round in 0..20_000_u32 {
        bench.say("> ");
        let name = format!("M{}", round % 7000);
        bench.say(&format!(
            "+CMTI: \"{name}\",{}\r\n+CDSI: \"{name}\"\r\n",
            round % 65_536
        ));
        bench.run(std::time::Duration::from_millis(37));
        bench.forget();
        most = most.max(bench.engine.waiting());
    }
    assert!(most < 600, "{most} things wait");
}
