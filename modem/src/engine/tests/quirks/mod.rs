//! What modems do: one test for each peculiarity, named after it. The bytes are our own, in the manner of the capture or
//! report that each comment names by its row in the team's list of quirks. Row 23 (bytes dropped by a phone that is written
//! to too fast) has its test with the port, in `driver`.

mod reading;
mod sending;
mod setup;

use expect_test::Expect;

use super::{Bench, HELLO, seconds};

/// What is told when one send meets these answers.
fn check_send(rules: &[(&str, &str)], expected: Expect) -> Bench {
    let mut bench = Bench::ready();
    for (begins, says) in rules {
        bench.rule(begins, 1, says);
    }
    bench.send(1);
    bench.run(seconds(30));
    expected.assert_eq(&bench.told);
    bench
}

/// What is told when these bytes come by themselves and slots read so.
fn check_input(rules: &[(&str, &str)], input: &str, expected: Expect) -> Bench {
    let mut bench = Bench::ready();
    for (begins, says) in rules {
        bench.rule(begins, 1, says);
    }
    bench.say(input);
    bench.run(seconds(1));
    expected.assert_eq(&bench.told);
    bench
}

fn hello() -> String {
    format!("\r\n+CMGR: 0,,24\r\n{HELLO}\r\n\r\nOK\r\n")
}
