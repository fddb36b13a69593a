//! What is no message, against every profile of the simulated modem: calls, USSD, the network's time, a sudden refusal,
//! and the link between parts.

use modem_sim::control::Request as Control;
use modem_sim::{Call, CallEnd, Profile, Registration as Offered};

use super::super::seconds;
use super::{Line, Request};
use crate::config::Calls;
use crate::engine::{Engine, Settings};
use crate::status::{Phase, Technology};

fn each(test: impl Fn(&str, Line)) {
    for profile in Profile::ALL {
        test(profile.name(), Line::ready(profile.settings()));
    }
}

fn called(line: &Line) -> Vec<&str> {
    line.told
        .iter()
        .map(String::as_str)
        .filter(|told| told.starts_with("call"))
        .collect()
}

fn call(from: Option<&str>, rings_for: u64) -> Call {
    Call {
        from: from.map(str::to_owned),
        rings_for: seconds(rings_for),
        ends: CallEnd::GivenUp,
    }
}

#[test]
fn a_call_is_told_once_by_every_family() {
    each(|name, mut line| {
        assert!(
            line.simulator
                .call(line.now, call(Some("+12025550123"), 14))
        );
        line.run(seconds(10));
        assert!(called(&line).is_empty(), "{name}: {:?}", line.told);
        line.run(seconds(50));
        assert_eq!(
            called(&line),
            ["call from +12025550123: Missed, 3 rings"],
            "{name}"
        );
        assert!(line.simulator.call(line.now, call(None, 9)));
        line.run(seconds(60));
        assert_eq!(
            called(&line).last(),
            Some(&"call from nobody: Missed, 2 rings"),
            "{name}"
        );
    });
}

#[test]
fn a_call_is_hung_up_with_every_family() {
    for profile in Profile::ALL {
        let mut line = Line::new(profile.settings());
        line.engine = Engine::new(Settings {
            calls: Calls::HangUp,
            ..super::super::settings()
        });
        line.run(seconds(30));
        assert_eq!(line.engine.status().phase, Phase::Ready);
        assert!(
            line.simulator
                .call(line.now, call(Some("+12025550123"), 60))
        );
        line.run(seconds(40));
        // Rung once or twice, not a minute long.
        let hung_up = called(&line)
            .first()
            .is_some_and(|told| told.starts_with("call from +12025550123: HungUp, "));
        assert!(hung_up, "{}: {:?}", profile.name(), line.told);
        assert_eq!(
            called(&line).len(),
            1,
            "{}: {:?}",
            profile.name(),
            line.told
        );
    }
}

#[test]
fn a_dialogue_is_held_with_every_family() {
    each(|name, mut line| {
        let script = line.simulator.settings().ussd.clone();
        let question = script.iter().find(|step| step.more).expect("a question");
        let code = question.request.clone();
        line.ask(Request::Ussd { code });
        // A message goes its way meanwhile.
        line.send();
        line.run(seconds(20));
        let asked = format!("Expected {}", question.reply);
        assert!(
            line.told.iter().any(|told| told.contains(&asked)),
            "{name}: {:?}",
            line.told
        );
        assert_eq!(line.submitted(), 1, "{name}");
        line.told.clear();
        line.ask(Request::UssdEnd);
        line.run(seconds(5));
        assert!(
            line.told
                .iter()
                .any(|told| told.ends_with("the dialogue is over")),
            "{name}: {:?}",
            line.told
        );
        // Nothing is left of it: the network would tell that it tired of waiting.
        line.run(seconds(120));
        assert!(
            !line.told.iter().any(|told| told.starts_with("ussd")),
            "{name}: {:?}",
            line.told
        );
    });
}

#[test]
fn a_dialogue_that_nobody_goes_on_with_is_told_to_be_over() {
    each(|name, mut line| {
        let step = line
            .simulator
            .settings()
            .ussd
            .clone()
            .into_iter()
            .find(|step| step.more);
        let step = step.expect("a question");
        line.simulator.push_ussd(line.now, step.clone());
        line.run(seconds(120));
        let told: Vec<&str> = line
            .told
            .iter()
            .map(String::as_str)
            .filter(|told| told.starts_with("ussd"))
            .collect();
        assert_eq!(
            told,
            [
                format!("ussd, Expected: {}", step.reply).as_str(),
                "ussd, TimedOut: "
            ],
            "{name}"
        );
    });
}

#[test]
fn the_networks_time_is_heard_from_every_family_that_tells() {
    let mut heard = Vec::new();
    for profile in Profile::ALL {
        let mut modem = profile.settings();
        modem.quarter_hours = 8;
        let mut line = Line::ready(modem);
        line.simulator.network_time(line.now);
        line.run(seconds(5));
        let told: Vec<&str> = line
            .told
            .iter()
            .map(String::as_str)
            .filter(|told| told.starts_with("network time"))
            .collect();
        assert!(told.len() <= 1, "{}: {told:?}", profile.name());
        if let Some(told) = told.first() {
            assert!(told.starts_with("network time: 8 quarters"), "{told}");
            heard.push(profile.name());
        }
    }
    assert!(heard.len() >= 5, "{heard:?}");
}

#[test]
fn a_sudden_refusal_is_told_by_every_family() {
    each(|name, mut line| {
        let coverage = Control::Coverage {
            state: Offered::Denied,
            seconds: None,
        };
        line.simulator
            .handle_request(line.now, coverage)
            .expect("a request");
        line.run(seconds(600));
        let denied = line
            .told
            .iter()
            .filter(|told| *told == "registration denied");
        assert_eq!(denied.count(), 1, "{name}: {:?}", line.told);
        assert_eq!(line.engine.status().technology, None, "{name}");
    });
}

#[test]
fn the_technology_is_what_the_modem_says() {
    for act in [Some(0), Some(2), Some(7), None] {
        let line = Line::ready(modem_sim::Settings {
            access_technology: act,
            ..modem_sim::Settings::default()
        });
        let expected = act.and_then(Technology::from_act);
        assert_eq!(line.engine.status().technology, expected);
    }
}

#[test]
fn the_sims_own_number_is_read() {
    let line = Line::ready(modem_sim::Settings::default());
    let own = line.engine.status().identity.own_number.clone();
    assert_eq!(own.as_ref().map(|own| own.reveal()), Some("+12025550198"));
}
