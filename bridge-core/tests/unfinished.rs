//! Which part may still get a result from an earlier life of the program, as a line is told before it is connected.

mod world;

use std::time::Duration;

use bridge_core::chat::MessageState;
use bridge_core::link::{Accepted, SendError, TryAgain};
use bridge_core::{Bridge, Clock, LateOutcome, People, Settings, Timestamp, UnfinishedPart};
use world::{NUMBER, World, home};

async fn unfinished(world: &World) -> Option<UnfinishedPart> {
    world
        .bridge
        .handle()
        .unfinished(&home())
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A message with reference 41 goes out, and the program ends while the next is on its way.
async fn interrupted(folder: &tempfile::TempDir) -> World {
    let mut world = World::new(folder.path()).await;
    assert_eq!(unfinished(&world).await, None, "nothing was sent yet");
    world.line.next_outcome(Ok(Accepted {
        reference: Some(41),
    }));
    world.says(&format!("/send {NUMBER} before")).await;
    world.state("before", MessageState::Sent).await;
    assert_eq!(unfinished(&world).await, None, "everything was answered");
    world.line.hang();
    world.says(&format!("/send {NUMBER} interrupted")).await;
    world
        .until("it is on its way", |world| world.line.has_hung())
        .await;
    world.restart(folder.path()).await
}

#[tokio::test]
async fn a_part_that_was_on_its_way_at_the_end_is_named_with_the_reference_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = interrupted(&folder).await;
    let found = unfinished(&world).await.expect("it was on its way");
    assert_eq!(found.last_reference, Some(41));
    assert_eq!(world.line.parts().last(), Some(&found.part));
    // A second end does not make it forgotten.
    world.state("interrupted", MessageState::Unknown).await;
    let mut world = world.restart(folder.path()).await;
    assert_eq!(unfinished(&world).await, Some(found));
    let late = LateOutcome::Accepted(Some(42));
    let handle = world.bridge.handle();
    handle.outcome_arrived_late(found.part, late).await.unwrap();
    world.state("interrupted", MessageState::Sent).await;
    assert_eq!(unfinished(&world).await, None, "it is resolved");
    assert_eq!(world.sent(), ["before", "interrupted"]);
}

#[tokio::test]
async fn what_was_answered_later_or_is_too_old_is_waited_for_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = interrupted(&folder).await;
    world.state("interrupted", MessageState::Unknown).await;
    world.line.next_outcome(Err(SendError::Reject {
        cause: "no credit".to_owned(),
        may_try_again: TryAgain::Pointless,
    }));
    world.says(&format!("/send {NUMBER} refused")).await;
    world.state("refused", MessageState::Failed).await;
    assert_eq!(unfinished(&world).await, None, "a later one was answered");
    world.line.next_outcome(Err(SendError::Unknown {
        cause: "no answer".to_owned(),
    }));
    world.says(&format!("/send {NUMBER} doubtful")).await;
    world.state("doubtful", MessageState::Unknown).await;
    let found = unfinished(&world).await.expect("it is in doubt");
    assert_eq!(
        found.last_reference, None,
        "two others may have taken one each"
    );
    world.bridge.stop().await;
    let mut settings = Settings::new(folder.path().to_owned(), People::default(), Vec::new());
    let later = Clock::system().now().after(Duration::from_secs(160));
    settings.clock = Clock::new(move || -> Timestamp { later });
    let bridge = Bridge::open(settings).await.unwrap();
    let found = bridge.handle().unfinished(&home()).await.unwrap();
    assert_eq!(found, None, "its result does not come any more");
    bridge.stop().await;
}
