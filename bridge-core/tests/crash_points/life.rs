//! One life of the bridge, in a process of its own: it ends at the point that the environment names, or when nothing is
//! left to do.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bridge_core::chat::Network;
use bridge_core::{
    Bridge, DeliveryReports, Identity, LateOutcome, Limits, LineSettings, People, Person, Role,
    Sending, Settings, crash,
};

use crate::chat::{Adapter, listen};
use crate::modem::{Modem, home, intake};
use crate::script::{Scenario, report};
use crate::world::{KNOWS, Record, SHOWS, Said, World};

/// Between two looks at the world.
const LOOK: Duration = Duration::from_millis(2);
/// How long somebody thinks before they answer.
const THOUGHT: Duration = Duration::from_millis(20);
/// Nothing was left to do for so long.
const QUIET: Duration = Duration::from_millis(40);
/// Longer than any life; back-offs count in seconds.
const LONGEST: Duration = Duration::from_secs(90);

/// Lives. What is left undone after [`LONGEST`] ends it with a panic.
pub(crate) fn live(folder: &Path, scenario: &Scenario) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(folder, scenario));
    let visits = serde_json::to_vec(&crash::visits()).unwrap();
    std::fs::write(folder.join("visits"), visits).unwrap();
    std::process::exit(0);
}

fn settings(folder: &Path, scenario: &Scenario) -> Settings {
    let identity = |network: &str| Identity {
        network: Network(network.to_owned()),
        id: "1".to_owned(),
    };
    let me = Person {
        name: "me".to_owned(),
        role: Role::Owner,
        identities: vec![identity(SHOWS), identity(KNOWS)],
    };
    let line = LineSettings {
        name: home(),
        country: None,
        delivery_reports: DeliveryReports::Ask,
        sending: match scenario.two_steps {
            true => Sending::TwoSteps,
            false => Sending::OneStep,
        },
    };
    let mut settings = Settings::new(folder.to_owned(), People(vec![me]), vec![line])
        .with_limits(&Limits::plenty());
    settings.reassembly_wait = Duration::from_millis(150);
    settings
}

async fn run(folder: &Path, scenario: &Scenario) {
    let world = Arc::new(World::open(folder));
    world.happens(vec![Record::Life]);
    let mut bridge = Bridge::open(settings(folder, scenario)).await.unwrap();
    let handle = bridge.handle();
    let mut listened = Vec::new();
    for network in [SHOWS, KNOWS] {
        let adapter = Arc::new(Adapter::new(Arc::clone(&world), network));
        bridge.attach_chat(adapter).await.unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let listening = listen(
            Arc::clone(&world),
            handle.clone(),
            network,
            Arc::clone(&done),
        );
        tokio::spawn(listening);
        listened.push((network, done));
    }
    let unfinished = handle.unfinished(&home()).await.unwrap();
    let modem = Arc::new(Modem::new(Arc::clone(&world)));
    let line = Arc::<Modem>::clone(&modem);
    bridge.attach_line(&home(), line).await.unwrap();
    if let Some(unfinished) = unfinished.filter(|_| scenario.late_results) {
        let part = unfinished.part;
        let reference = world.act(|state| {
            let mut submissions = state.submissions.iter().rev();
            let came = submissions.find(|submission| submission.part == part.0);
            let came = came.filter(|_| !state.told.contains(&part.0));
            let told = came.map(|_| Record::Told { part: part.0 });
            (told.into_iter().collect(), came.map(|came| came.reference))
        });
        if let Some(reference) = reference {
            let outcome = LateOutcome::Accepted(Some(reference));
            handle.outcome_arrived_late(part, outcome).await.unwrap();
        }
    }
    modem.come_up();
    tokio::spawn(intake(Arc::clone(&world), handle.clone()));

    let (started, mut quiet_since) = (Instant::now(), None);
    loop {
        tokio::time::sleep(LOOK).await;
        if !go_on(&world, scenario) && is_idle(&world, scenario, &listened) {
            let pending = handle.pending().await.unwrap();
            if pending.parts == 0 && pending.posts == 0 && !go_on(&world, scenario) {
                let since = *quiet_since.get_or_insert_with(Instant::now);
                // Slots are cleared away beside everything else; one that may resolve a doubt stays.
                let quiet = if world.state().staged.is_empty() {
                    QUIET
                } else {
                    QUIET * 10
                };
                if since.elapsed() > quiet {
                    return;
                }
                continue;
            }
        }
        quiet_since = None;
        assert!(
            started.elapsed() < LONGEST,
            "something is left undone: {:?} {:#?}",
            handle.pending().await,
            world.state(),
        );
    }
}

/// The world goes on by itself. Whether anything happened.
fn go_on(world: &World, scenario: &Scenario) -> bool {
    // People are not as fast as the bridge.
    let calm = world.quiet() > THOUGHT;
    world.act(|state| {
        let mut records = Vec::new();
        if let Some(step) = scenario.steps.get(state.steps)
            && step.when.is_met(state)
            && (calm || !step.what.is_an_answer())
        {
            records = step.what.records(state);
            records.push(Record::Step);
        } else if let Some(index) = state.submissions.iter().position(|one| !one.reported)
            && scenario.reports
        {
            let report = report(&state.submissions[index]);
            records = vec![Record::Stored(report), Record::Reported(index)];
        } else if scenario.asks_again {
            for (network, chat) in &state.chats {
                let pressed = |index: usize| {
                    chat.said.iter().any(|said| {
                        matches!(said, Said::Pressed { message, .. } if *message == index.to_string())
                    })
                };
                for (index, shown) in chat.messages.iter().enumerate() {
                    let is_asked = |token: &&String| {
                        token.starts_with("again") || token.starts_with("there")
                    };
                    let again = shown.choices.iter().find(is_asked);
                    if let Some(token) = again.filter(|_| !pressed(index)) {
                        let said = Said::Pressed {
                            message: index.to_string(),
                            room: shown.room.clone(),
                            token: token.clone(),
                        };
                        let network = network.clone();
                        records.push(Record::Said { network, said });
                    }
                }
            }
        }
        let happened = !records.is_empty();
        (records, happened)
    })
}

/// Whether all that happened has reached the bridge.
fn is_idle(
    world: &World,
    scenario: &Scenario,
    listened: &[(&'static str, Arc<AtomicUsize>)],
) -> bool {
    let state = world.state();
    state.steps == scenario.steps.len()
        && state.slots.is_empty()
        && listened
            .iter()
            .all(|(network, done)| state.chat(network).said.len() == done.load(Ordering::Relaxed))
}
