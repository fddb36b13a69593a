//! A clock that is wrong makes nothing stale, lets nothing expire, and sends nothing late; in virtual time.

mod world;

use std::path::Path;
use std::time::Duration;

use bridge_core::Settings;
use bridge_core::chat::MessageState;
use bridge_core::conformance::Counterpart;
use bridge_core::link::LinkPhase;
use world::clock::{self, Wrong};
use world::{NUMBER, World};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const YEAR: i64 = 365 * 24 * 3_600_000;

/// How a clock goes wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    In1970,
    YearBack,
    YearAhead,
}

const FAULTS: [Fault; 3] = [Fault::In1970, Fault::YearBack, Fault::YearAhead];

impl Fault {
    fn befalls(self, clock: &Wrong) {
        match self {
            Self::In1970 => clock.in_1970(),
            Self::YearBack => clock.by(-YEAR),
            Self::YearAhead => clock.by(YEAR),
        }
    }
}

fn settings(clock: &Wrong) -> impl FnOnce(&mut Settings) + use<> {
    let clock = clock.clock();
    |settings| settings.clock = clock
}

/// A message waits for its line, which is down.
async fn waiting(folder: &Path, clock: &Wrong) -> World {
    let mut world = World::with(folder, None, settings(clock)).await;
    world.line.set_phase(LinkPhase::Down);
    // Not at the moment of the start itself.
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.says(&format!("/send {NUMBER} waiting")).await;
    world.state("waiting", MessageState::Queued).await;
    world
}

/// The program is off for so long.
async fn off(world: World, folder: &Path, clock: &Wrong, wait: Duration) -> World {
    let (chat, line) = world.end().await;
    tokio::time::sleep(wait).await;
    let how = (bridge_core::Role::Owner, bridge_core::Sending::OneStep);
    World::open_changed(folder, chat, line, how, settings(clock)).await
}

async fn told(world: &mut World, words: &str) -> usize {
    let timeline = world.chat.timeline().await;
    let told = timeline.iter().filter(|seen| seen.text.contains(words));
    told.count()
}

fn clock_of_the_runtime() -> Wrong {
    Wrong::beside(clock::of_the_runtime())
}

#[tokio::test(start_paused = true)]
async fn after_a_start_with_a_wrong_clock_what_waited_is_asked_about_and_does_not_expire() {
    for fault in FAULTS {
        let folder = tempfile::tempdir().unwrap();
        let clock = clock_of_the_runtime();
        let world = waiting(folder.path(), &clock).await;
        fault.befalls(&clock);
        let mut world = off(world, folder.path(), &clock, 10 * MINUTE).await;
        world.line.set_phase(LinkPhase::Ready);
        // First it waits for somebody who knows the time.
        tokio::time::sleep(2 * MINUTE).await;
        assert!(world.sent().is_empty(), "{fault:?}");
        assert_eq!(told(&mut world, "still send it?").await, 0, "{fault:?}");
        let question = world
            .post("I can't tell for how long: still send it?")
            .await;
        // However long nobody answers, and however often it starts.
        tokio::time::sleep(8 * 24 * HOUR).await;
        let mut world = off(world, folder.path(), &clock, MINUTE).await;
        tokio::time::sleep(8 * 24 * HOUR).await;
        assert!(world.sent().is_empty(), "{fault:?}");
        world.state("waiting", MessageState::Queued).await;
        assert_eq!(told(&mut world, "still send it?").await, 1, "{fault:?}");
        assert_eq!(told(&mut world, "Not sent").await, 0, "{fault:?}");
        world.chat.choose(&question, "Send").await;
        world.state("waiting", MessageState::Sent).await;
        assert_eq!(world.sent(), ["waiting"], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn once_the_clock_is_right_what_waited_goes_or_is_asked_about_or_expires() {
    // How long the program was off, and what becomes of it.
    let cases = [
        (10 * MINUTE, None),
        (5 * HOUR, Some("This waited for 5 hours: still send it?")),
        (20 * HOUR, Some("This waited for 20 hours: still send it?")),
    ];
    for fault in FAULTS {
        for (wait, words) in cases {
            let folder = tempfile::tempdir().unwrap();
            let clock = clock_of_the_runtime();
            let world = waiting(folder.path(), &clock).await;
            fault.befalls(&clock);
            let mut world = off(world, folder.path(), &clock, wait).await;
            world.line.set_phase(LinkPhase::Ready);
            tokio::time::sleep(MINUTE).await;
            assert!(world.sent().is_empty(), "{fault:?} {wait:?}");
            // NTP puts it right, and an SMS that was sent just now speaks for it.
            clock.by(0);
            let sms = world.line.incoming("+12025550101", "hello").remove(0);
            world.arrives(&sms).await;
            match words {
                None => {
                    world.state("waiting", MessageState::Sent).await;
                    assert_eq!(told(&mut world, "still send it?").await, 0);
                }
                Some(words) => {
                    world.post(words).await;
                    tokio::time::sleep(10 * MINUTE).await;
                    assert!(world.sent().is_empty(), "{fault:?} {wait:?}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_jump_while_the_question_is_open_lets_nothing_expire() {
    for fault in FAULTS {
        let folder = tempfile::tempdir().unwrap();
        let clock = clock_of_the_runtime();
        let mut world = waiting(folder.path(), &clock).await;
        tokio::time::sleep(2 * HOUR).await;
        world.line.set_phase(LinkPhase::Ready);
        let question = world.post("This waited for 2 hours: still send it?").await;
        fault.befalls(&clock);
        tokio::time::sleep(2 * HOUR).await;
        world.state("waiting", MessageState::Queued).await;
        let mut world = off(world, folder.path(), &clock, MINUTE).await;
        tokio::time::sleep(2 * HOUR).await;
        world.state("waiting", MessageState::Queued).await;
        clock.by(0);
        tokio::time::sleep(2 * HOUR).await;
        world.state("waiting", MessageState::Queued).await;
        assert!(world.sent().is_empty(), "{fault:?}");
        assert_eq!(told(&mut world, "Not sent").await, 0, "{fault:?}");
        world.chat.choose(&question, "Send").await;
        world.state("waiting", MessageState::Sent).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_jump_while_it_waits_is_not_counted() {
    for fault in FAULTS {
        for (wait, goes) in [(20 * MINUTE, true), (2 * HOUR, false)] {
            let folder = tempfile::tempdir().unwrap();
            let clock = clock_of_the_runtime();
            let mut world = waiting(folder.path(), &clock).await;
            tokio::time::sleep(wait / 2).await;
            fault.befalls(&clock);
            tokio::time::sleep(wait / 2).await;
            world.line.set_phase(LinkPhase::Ready);
            if goes {
                world.state("waiting", MessageState::Sent).await;
            } else {
                world.post("This waited for 2 hours: still send it?").await;
                assert!(world.sent().is_empty(), "{fault:?}");
            }
        }
    }
}
