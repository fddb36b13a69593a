//! The health ladder: which rung is tried when, by the table of `health`, and what proves that it helped. Everything in
//! virtual time; the modem's answers by hand.

use std::time::Duration;

use expect_test::{Expect, expect};

use super::{Bench, seconds, settings};
use crate::engine::Settings;
use crate::status::{Blocked, Phase};

/// From closing the port to opening it again.
const REOPEN: u64 = 30;

/// A bench whose port is opened again whenever the engine wants it, and a list of the rungs with their times.
struct Patient {
    bench: Bench,
    rungs: Vec<String>,
    written: usize,
    told: usize,
    began: Duration,
}

impl Patient {
    fn new(network_timeout: u64) -> Self {
        let settings = Settings {
            network_timeout: seconds(network_timeout),
            ..settings()
        };
        Self {
            bench: Bench::new(settings),
            rungs: Vec::new(),
            written: 0,
            told: 0,
            began: Duration::ZERO,
        }
    }

    /// Brought up against a modem without peculiarities.
    fn ready(network_timeout: u64) -> Self {
        let mut patient = Self::new(network_timeout);
        patient.bench.bring_up();
        assert_eq!(*patient.bench.phase(), Phase::Ready);
        patient.forget();
        patient
    }

    fn forget(&mut self) {
        self.bench.forget();
        (self.written, self.told) = (0, 0);
        self.rungs.clear();
        self.began = self.bench.now;
    }

    /// Lets minutes pass.
    fn live(&mut self, minutes: u64) {
        let end = self.bench.now + seconds(minutes * 60);
        while self.bench.now < end {
            self.bench.run(seconds(1));
            if self.look() {
                self.bench.engine.handle_closed(Phase::NotAnswering);
                self.bench.run(seconds(REOPEN));
                self.bench.engine.handle_opened(self.bench.now);
            }
        }
        self.look();
    }

    /// Notes what is new. Gives whether the port is to be closed.
    fn look(&mut self) -> bool {
        let at = (self.bench.now - self.began).as_secs();
        let time = format!("{}:{:02}:{:02}", at / 3600, at / 60 % 60, at % 60);
        let written = self.bench.written.iter().skip(self.written);
        let commands = written.filter(|written| written.starts_with("AT+CFUN="));
        self.rungs
            .extend(commands.map(|command| format!("{time} {command}")));
        self.written = self.bench.written.len();
        let mut close = false;
        let new = self.bench.told.get(self.told..).unwrap_or_default();
        for told in new.lines() {
            close |= told == "close the port" || told == "reset at the USB port";
            if told == "reset at the USB port" {
                self.rungs.push(format!("{time} reset"));
            }
        }
        self.told = self.bench.told.len();
        close
    }

    #[track_caller]
    fn check(&self, expected: Expect) {
        expected.assert_eq(&format!("{}\n", self.rungs.join("\n")));
    }

    fn phases(&self) -> Vec<&str> {
        let told = self.bench.told.lines();
        let phases = told.filter_map(|told| told.strip_prefix("phase: "));
        let mut phases: Vec<&str> = phases.filter(|phase| phase.contains(": ")).collect();
        phases.dedup();
        phases
    }

    /// The modem says nothing any more.
    fn fall_silent(&mut self) {
        self.bench.silent("", usize::MAX);
    }

    fn recover(&mut self) {
        self.bench.rules.clear();
    }

    fn lose_network(&mut self) {
        self.bench
            .rule("AT+CREG?", usize::MAX, "\r\n+CREG: 1,2\r\n\r\nOK\r\n");
        self.bench
            .rule("AT+CGREG?", usize::MAX, "\r\n+CGREG: 1,2\r\n\r\nOK\r\n");
        self.bench.say("\r\n+CREG: 2\r\n\r\n+CGREG: 2\r\n");
    }
}

#[test]
fn a_modem_that_fell_silent_is_restarted_and_then_reset() {
    let mut patient = Patient::ready(0);
    patient.fall_silent();
    patient.live(30);
    patient.check(expect![[r#"
        0:03:22 AT+CFUN=1,1
        0:06:27 reset
        0:10:57 AT+CFUN=1,1
        0:19:17 reset
    "#]]);
    let phases = patient.phases();
    assert!(
        phases.contains(&"the modem does not answer: restarting it"),
        "{phases:?}"
    );
    assert!(
        phases.contains(&"the modem does not answer: resetting it at its USB port"),
        "{phases:?}"
    );
    // The proof is that bring-up gets through. Then the ladder begins at its foot again.
    patient.recover();
    patient.live(5);
    assert_eq!(*patient.bench.phase(), Phase::Ready);
    patient.forget();
    patient.fall_silent();
    patient.live(10);
    patient.check(expect![[r#"
        0:02:38 AT+CFUN=1,1
        0:05:43 reset
    "#]]);
}

/// The pauses are doubled, up to an hour.
#[test]
fn a_modem_that_stays_silent_is_left_alone_for_longer_and_longer() {
    let mut patient = Patient::ready(0);
    patient.fall_silent();
    patient.live(12 * 60);
    assert!(
        (14..=20).contains(&patient.rungs.len()),
        "{:?}",
        patient.rungs
    );
    let last = patient.rungs.len() - 1;
    let restarts = patient.rungs.iter().filter(|rung| rung.ends_with("=1,1"));
    assert!(
        restarts.count().abs_diff(last / 2) <= 1,
        "both in turn: {:?}",
        patient.rungs
    );
}

/// It may be the wrong port, so whoever wrote it down has time to see it.
#[test]
fn a_port_on_which_nobody_ever_answered_is_given_more_time() {
    let mut patient = Patient::new(900);
    patient.fall_silent();
    patient.bench.engine.handle_opened(patient.bench.now);
    patient.live(13);
    assert_eq!(patient.rungs, [""; 0]);
    patient.live(10);
    assert_eq!(patient.rungs.len(), 1, "{:?}", patient.rungs);
}

/// AT is answered, and then nothing more: an answer to AT alone is no proof.
#[test]
fn a_modem_that_hangs_in_every_bring_up_is_restarted() {
    let mut patient = Patient::ready(0);
    patient.bench.silent("AT", usize::MAX);
    patient.live(1);
    // Each opening is followed by one good answer.
    for _ in 0..5 {
        patient.bench.rule("AT", 1, "\r\nOK\r\n");
        patient.live(2);
    }
    assert!(
        patient
            .rungs
            .first()
            .is_some_and(|rung| rung.ends_with("AT+CFUN=1,1")),
        "{:?}",
        patient.rungs
    );
}

#[test]
fn without_a_network_the_radio_the_modem_and_its_port_are_tried() {
    let mut patient = Patient::ready(900);
    patient.lose_network();
    patient.live(14);
    assert_eq!(patient.rungs, [""; 0]);
    patient.live(48 * 60);
    patient.check(expect![[r#"
        0:15:00 AT+CFUN=4
        0:15:02 AT+CFUN=1
        0:45:00 AT+CFUN=1,1
        1:45:00 reset
        3:45:00 AT+CFUN=4
        3:45:02 AT+CFUN=1
        7:45:00 AT+CFUN=1,1
        13:45:00 reset
        19:45:00 AT+CFUN=4
        19:45:02 AT+CFUN=1
        25:45:00 AT+CFUN=1,1
        31:45:00 reset
        37:45:00 AT+CFUN=4
        37:45:02 AT+CFUN=1
        43:45:00 AT+CFUN=1,1
    "#]]);
    let phases = patient.phases();
    for words in [
        "no network for long: switching the radio off and on",
        "still no network: restarting the modem",
        "still no network: resetting the modem at its USB port",
    ] {
        assert!(phases.contains(&words), "{words}: {phases:?}");
    }
    // The proof is the registration; it is set up from the beginning after each rung, so it serves.
    patient.recover();
    patient.live(2);
    patient.bench.say("\r\n+CREG: 1\r\n");
    patient.forget();
    patient.lose_network();
    patient.live(20);
    patient.check(expect![[r#"
        0:15:00 AT+CFUN=4
        0:15:02 AT+CFUN=1
    "#]]);
}

#[test]
fn a_registration_in_between_takes_the_ladder_to_its_foot() {
    let mut patient = Patient::ready(600);
    for _ in 0..5 {
        patient.lose_network();
        patient.live(9);
        patient.recover();
        patient.bench.say("\r\n+CREG: 5\r\n");
        patient.live(2);
    }
    assert_eq!(patient.rungs, [""; 0]);
}

/// A modem that does not tell its registration, a time of zero, and packet service alone.
#[test]
fn a_network_that_is_not_missed_is_not_looked_for() {
    let mut patient = Patient::ready(0);
    patient.lose_network();
    patient.live(24 * 60);
    assert_eq!(patient.rungs, [""; 0]);

    let mut patient = Patient::new(900);
    for command in ["AT+CREG", "AT+CGREG", "AT+CEREG"] {
        patient.bench.rule(command, usize::MAX, "\r\nERROR\r\n");
    }
    patient.bench.bring_up();
    patient.live(24 * 60);
    assert_eq!(patient.rungs, [""; 0]);

    let mut patient = Patient::ready(900);
    let searching = "\r\n+CREG: 1,2\r\n\r\nOK\r\n";
    patient.bench.rule("AT+CREG?", usize::MAX, searching);
    patient.bench.say("\r\n+CREG: 2\r\n");
    patient.live(24 * 60);
    assert_eq!(patient.rungs, [""; 0]);
}

/// The flight mode is not known everywhere, nor is the restart.
#[test]
fn a_rung_that_is_refused_is_followed_by_the_next() {
    let mut patient = Patient::ready(900);
    patient.lose_network();
    patient
        .bench
        .rule("AT+CFUN=4", usize::MAX, "\r\n+CME ERROR: 50\r\n");
    patient
        .bench
        .rule("AT+CFUN=1,1", usize::MAX, "\r\nERROR\r\n");
    patient.live(50);
    patient.check(expect![[r#"
        0:15:00 AT+CFUN=4
        0:15:00 AT+CFUN=0
        0:15:02 AT+CFUN=1
        0:45:00 AT+CFUN=1,1
        0:45:00 reset
    "#]]);
}

/// A radio that answers nothing to being switched off is switched on all the same, and the modem is set up.
#[test]
fn a_radio_is_never_left_off() {
    let mut patient = Patient::ready(900);
    patient.lose_network();
    patient.bench.silent("AT+CFUN=4", 1);
    patient.live(17);
    patient.check(expect![[r#"
        0:15:00 AT+CFUN=4
        0:15:33 AT+CFUN=1
    "#]]);
    assert_eq!(*patient.bench.phase(), Phase::Ready);
}

#[test]
fn a_sim_that_fails_for_long_is_helped_and_one_that_was_never_there_is_not() {
    let mut patient = Patient::ready(900);
    patient
        .bench
        .rule("AT+CPIN?", usize::MAX, "\r\n+CME ERROR: 13\r\n");
    patient.bench.say("\r\n+CPIN: NOT READY\r\n");
    patient.live(60);
    assert_eq!(*patient.bench.phase(), Phase::Blocked(Blocked::SimFailure));
    patient.check(expect![[r#"
        0:10:01 AT+CFUN=4
        0:10:03 AT+CFUN=1
        0:30:01 AT+CFUN=1,1
    "#]]);

    let mut patient = Patient::ready(900);
    patient
        .bench
        .rule("AT+CPIN?", usize::MAX, "\r\n+CME ERROR: 10\r\n");
    patient.bench.say("\r\n+CPIN: NOT READY\r\n");
    patient.live(15);
    assert_eq!(patient.rungs.len(), 2, "it was there: {:?}", patient.rungs);

    let mut patient = Patient::new(900);
    patient
        .bench
        .rule("AT+CPIN?", usize::MAX, "\r\n+CME ERROR: 10\r\n");
    patient
        .bench
        .rule("AT+CIMI", usize::MAX, "\r\n+CME ERROR: 10\r\n");
    patient.bench.bring_up();
    patient.live(24 * 60);
    assert_eq!(*patient.bench.phase(), Phase::Blocked(Blocked::SimMissing));
    assert_eq!(patient.rungs, [""; 0]);
}

/// Only a person can mend these.
#[test]
fn a_lock_is_not_shaken() {
    for (says, blocked) in [
        ("+CPIN: SIM PIN", Blocked::PinWanted),
        ("+CPIN: SIM PUK", Blocked::PukWanted),
        ("+CPIN: PH-NET PIN", Blocked::OtherLock),
    ] {
        let mut patient = Patient::ready(900);
        patient
            .bench
            .rule("AT+CPIN?", usize::MAX, &format!("\r\n{says}\r\n\r\nOK\r\n"));
        patient.bench.say(&format!("\r\n{says}\r\n"));
        patient.live(24 * 60);
        assert_eq!(*patient.bench.phase(), Phase::Blocked(blocked));
        assert_eq!(patient.rungs, [""; 0], "{says}");
    }
}

#[test]
fn a_modem_that_answers_at_and_refuses_everything_is_restarted() {
    let mut patient = Patient::ready(900);
    patient.bench.rule("AT+", usize::MAX, "\r\nERROR\r\n");
    patient.bench.rule("ATE0", usize::MAX, "\r\nERROR\r\n");
    patient.live(45);
    patient.check(expect![[r#"
        0:10:45 AT+CFUN=1,1
        0:10:45 reset
    "#]]);
    patient.recover();
    patient.live(5);
    assert_eq!(*patient.bench.phase(), Phase::Ready);
}

/// Nothing is written between Ctrl-Z and the result, whatever is due, and a late result is waited for.
#[test]
fn nothing_is_mended_while_a_message_may_be_leaving() {
    let mut patient = Patient::ready(60);
    patient.lose_network();
    patient.bench.run(seconds(50));
    patient.bench.silent("^Z", 1);
    patient.bench.send(1);
    patient.bench.forget();
    patient.bench.run(seconds(148));
    assert_eq!(patient.bench.written, [""; 0]);
    patient.forget();
    patient.live(9);
    assert_eq!(patient.rungs, [""; 0], "a late result is expected");
    patient.bench.say("\r\n+CMGS: 7\r\n\r\nOK\r\n");
    assert!(
        patient
            .bench
            .told
            .contains("late, tag 1: accepted, reference 7"),
        "{}",
        patient.bench.told
    );
    patient.live(2);
    assert!(!patient.rungs.is_empty());
}

/// What waits is answered that nothing was done.
#[test]
fn what_waits_for_its_turn_is_answered() {
    let mut patient = Patient::ready(900);
    patient.lose_network();
    patient.live(14);
    patient.forget();
    patient
        .bench
        .rule_after("AT+CFUN=4", 1, Some("\r\nOK\r\n"), seconds(5));
    patient.bench.run(seconds(70));
    patient
        .bench
        .rule_after("AT+CFUN=4", 1, Some("\r\nOK\r\n"), seconds(5));
    patient.bench.send(1);
    patient.bench.run(seconds(1));
    assert!(
        patient
            .bench
            .told
            .contains("phase: no network for long: switching the radio off and on"),
        "{}",
        patient.bench.told
    );
    assert!(patient.bench.told.contains("1: "), "{}", patient.bench.told);
}

/// A port that is absent is waited for: its time does not count, and nothing is reset.
#[test]
fn an_absent_port_is_waited_for() {
    let mut patient = Patient::ready(900);
    patient.lose_network();
    patient.live(10);
    let absent = || Phase::PortAbsent {
        reason: "gone".to_owned(),
    };
    patient.bench.engine.handle_closed(absent());
    patient.live(24 * 60);
    patient.bench.engine.handle_opened(patient.bench.now);
    patient.live(14);
    assert_eq!(patient.rungs, [""; 0]);
    patient.live(3);
    assert_eq!(patient.rungs.len(), 2, "{:?}", patient.rungs);
}

/// A modem that began anew without a word shows by what it forgot, or by its SIM.
#[test]
fn a_restart_that_only_shows_is_set_up_again_once() {
    let check = |rule: Option<(&str, &str)>, says: &str| {
        let mut bench = Bench::ready();
        bench.run(seconds(30));
        bench.forget();
        if let Some((begins, answer)) = rule {
            bench.rule(begins, usize::MAX, answer);
        }
        bench.say(says);
        bench.run(seconds(70));
        let set_up = bench
            .written
            .iter()
            .filter(|written| *written == "AT+CMGF=0");
        (set_up.count(), bench)
    };
    let forgotten = "\r\n+CNMI: 0,0,0,0,0\r\n\r\nOK\r\n";
    assert_eq!(check(Some(("AT+CNMI?", forgotten)), "").0, 1, "routing");
    assert_eq!(
        check(Some(("AT+CSQ", "\r\n+CME ERROR: 13\r\n")), "").0,
        1,
        "SIM"
    );
    assert_eq!(
        check(Some(("AT+CSQ", "\r\n+CME ERROR: 30\r\n")), "").0,
        0,
        "network"
    );
    assert_eq!(check(None, "").0, 0, "nothing");

    // It echoes again: the routing is looked at at once. One that only echoes is left as it is.
    let mut bench = Bench::ready();
    bench.run(seconds(61));
    bench.forget();
    bench.rule("AT+CMGR=1", 1, "AT+CMGR=1\r\r\nOK\r\n");
    bench.say("\r\n+CMTI: \"SM\",1\r\n");
    bench.run(seconds(5));
    assert_eq!(bench.written, ["AT+CMGR=1", "AT+CNMI?"]);
    bench.forget();
    bench.rule("AT+CNMI?", 1, forgotten);
    bench.rule("AT+CMGR=1", 1, "AT+CMGR=1\r\r\nOK\r\n");
    bench.say("\r\n+CMTI: \"SM\",1\r\n");
    bench.run(seconds(5));
    assert_eq!(
        bench.written,
        ["AT+CMGR=1"],
        "it echoes, as is known by now"
    );
}
