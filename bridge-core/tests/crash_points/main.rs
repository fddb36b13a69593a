//! The bridge ends at any point, in any scenario, and starts again: nothing is lost, nothing is there twice, and only what
//! nobody can know is unknown.
//!
//! Each test plays one scenario. A first life says how often it passes which point of [`bridge_core::crash`]. Then, for each
//! of these visits, a process is ended there, and a second one goes on from what it left behind; and once more with the
//! second one ended too. What the modem got and what stands in the chats is judged from the outside.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may be blunt, and says what it counted"
)]

mod chat;
mod judge;
mod life;
mod modem;
mod script;
mod sweep;
mod world;

use std::path::Path;

/// Time of day in milliseconds.
fn now() -> i64 {
    bridge_core::Clock::system().now().0
}

/// What the other tests start in a process of its own. By itself it does nothing.
#[test]
fn a_life_of_its_own() {
    let Ok(told) = std::env::var(sweep::LIFE) else {
        return;
    };
    let (name, folder) = told.split_once('=').unwrap();
    let all = script::all();
    let scenario = all.iter().find(|scenario| scenario.name == name);
    life::live(Path::new(folder), scenario.unwrap());
}

fn sweep(name: &str) {
    let all = script::all();
    let scenario = all.iter().find(|scenario| scenario.name == name);
    sweep::sweep(scenario.unwrap());
}

macro_rules! scenarios {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                sweep($name);
            }
        )*

        #[test]
        fn each_scenario_is_played() {
            let names: Vec<_> = script::all().iter().map(|scenario| scenario.name).collect();
            assert_eq!(names, [$($name),*]);
        }
    };
}

scenarios! {
    sms_arrive: "sms arrive",
    a_long_sms_arrives: "a long sms arrives out of order",
    a_late_part_arrives: "a part arrives after its gap was shown",
    a_chat_refuses_what_arrives: "a chat refuses what arrives",
    the_unreadable_arrives: "what cannot be read arrives",
    messages_leave: "messages leave",
    a_long_message_leaves: "a long message leaves",
    messages_leave_in_two_steps: "messages leave in two steps",
    a_doubt_is_sent_again: "a message in doubt is sent again",
    a_slot_resolves_a_doubt: "a doubt is resolved by a slot",
    results_come_late: "results come late",
    a_refusal_is_sent_again: "a refused message is sent again",
    a_message_is_called_off: "a message is called off",
    a_conversation: "a conversation",
}
