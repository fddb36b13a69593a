//! What a SIM held at the very first start of its line, seen from a chat and from the line.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

mod world;

use bridge_core::conformance::Counterpart;
use bridge_core::link::{RawPdu, StorageSlot};
use bridge_core::{Arrival, FirstLook, Origin};
use world::{World, home};

const ANN: &str = "+12025550100";

type Held = Vec<(StorageSlot, RawPdu)>;

/// Messages in slots, one of them in three parts.
fn held(world: &World) -> Held {
    let long = "x".repeat(400);
    let pdus = ["one", "two", &long].map(|text| world.line.incoming(ANN, text));
    (1_u16..)
        .zip(pdus.concat())
        .map(|(index, pdu)| {
            let memory = "SM".to_owned();
            (StorageSlot { memory, index }, pdu)
        })
        .collect()
}

/// What is said of each when it is handed over.
async fn hand_over(world: &World, held: &Held) -> Vec<Arrival> {
    let received = held
        .iter()
        .map(|(slot, pdu)| (Origin::Stored(slot.clone()), pdu.clone()));
    let handle = world.bridge.handle();
    handle
        .take_over(&home(), Vec::new(), received.collect())
        .await
        .unwrap()
}

async fn digests(world: &mut World) -> usize {
    let posts = world.chat.timeline().await;
    posts
        .iter()
        .filter(|seen| seen.text.contains("held 3 messages"))
        .count()
}

fn files(folder: &tempfile::TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("sim-home-")).collect()
}

#[tokio::test]
async fn nothing_may_be_freed_before_the_digest_stands() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    let held = held(&world);
    let handle = world.bridge.handle();
    assert_eq!(handle.first_look(&home()).await.unwrap(), FirstLook::Due);
    assert!(!handle.first_look_is_shown(&home()).await.unwrap());
    world.chat.refuse_posts(u32::MAX).await;
    handle.save_first_look(&home(), held.clone()).await.unwrap();
    assert_eq!(handle.first_look(&home()).await.unwrap(), FirstLook::Over);
    for _repeated in 0..2 {
        let arrivals = hand_over(&world, &held).await;
        assert_eq!(arrivals, vec![Arrival::KeptBack; held.len()]);
        assert!(!handle.first_look_is_shown(&home()).await.unwrap());
    }
    // What comes meanwhile is shown as ever, when the chat takes something.
    for pdu in world.line.incoming(ANN, "new") {
        assert_eq!(world.arrives(&pdu).await, Arrival::New);
    }
    let mut world = world.restart(folder.path()).await;
    world.chat.refuse_posts(0).await;
    world.post("held 3 messages").await;
    world.post("new").await;
    world.settled().await;
    let handle = world.bridge.handle();
    assert!(handle.first_look_is_shown(&home()).await.unwrap());
    assert_eq!(
        hand_over(&world, &held).await,
        vec![Arrival::Repeated; held.len()]
    );
    // They are free, and one of them is handed over once more, by the network perhaps.
    let gone: Vec<_> = held.iter().map(|(_, pdu)| pdu.clone()).collect();
    handle.take_over(&home(), gone, Vec::new()).await.unwrap();
    assert_eq!(
        hand_over(&world, &held).await,
        vec![Arrival::Repeated; held.len()]
    );
    world.settled().await;
    let shown: Vec<_> = world
        .chat
        .timeline()
        .await
        .into_iter()
        .map(|seen| seen.text)
        .collect();
    assert_eq!(shown.len(), 2, "{shown:#?}");
    let [file] = files(&folder).try_into().unwrap();
    let lines = std::fs::read_to_string(folder.path().join(file)).unwrap();
    assert_eq!(lines.lines().count(), 3, "{lines}");
}

#[tokio::test]
async fn a_look_that_was_cut_off_begins_anew_and_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path()).await;
    let held = held(&world);
    let handle = world.bridge.handle();
    assert_eq!(handle.first_look(&home()).await.unwrap(), FirstLook::Due);
    let mut world = world.restart(folder.path()).await;
    let handle = world.bridge.handle();
    assert_eq!(handle.first_look(&home()).await.unwrap(), FirstLook::Due);
    // Twice, as after an answer that was lost.
    for _again in 0..2 {
        handle.save_first_look(&home(), held.clone()).await.unwrap();
    }
    world.post("held 3 messages").await;
    let mut world = world.restart(folder.path()).await;
    let handle = world.bridge.handle();
    handle.save_first_look(&home(), held.clone()).await.unwrap();
    world.settled().await;
    assert_eq!(digests(&mut world).await, 1);
    assert_eq!(files(&folder).len(), 1);
}

#[tokio::test]
async fn a_digest_that_the_chat_refuses_is_told_again_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path()).await;
    let held = held(&world);
    let handle = world.bridge.handle();
    handle.first_look(&home()).await.unwrap();
    world.chat.reject_next_post();
    handle.save_first_look(&home(), held.clone()).await.unwrap();
    world.settled().await;
    assert!(!handle.first_look_is_shown(&home()).await.unwrap());
    let mut world = world.restart(folder.path()).await;
    let handle = world.bridge.handle();
    assert_eq!(handle.first_look(&home()).await.unwrap(), FirstLook::Over);
    world.post("held 3 messages").await;
    world.settled().await;
    assert!(handle.first_look_is_shown(&home()).await.unwrap());
    assert_eq!(digests(&mut world).await, 1);
}

#[tokio::test]
async fn a_digest_whose_answer_was_lost_comes_once_more_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    let held = held(&world);
    let handle = world.bridge.handle();
    handle.first_look(&home()).await.unwrap();
    world.chat.lose_next_answer().await;
    handle.save_first_look(&home(), held.clone()).await.unwrap();
    world.settled().await;
    assert!(handle.first_look_is_shown(&home()).await.unwrap());
    assert_eq!(digests(&mut world).await, 2);
}

#[tokio::test]
async fn an_empty_sim_and_a_line_of_an_earlier_version_are_not_spoken_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    let handle = world.bridge.handle();
    assert_eq!(handle.first_look(&home()).await.unwrap(), FirstLook::Due);
    handle.save_first_look(&home(), Vec::new()).await.unwrap();
    assert_eq!(handle.first_look(&home()).await.unwrap(), FirstLook::Over);
    assert!(handle.first_look_is_shown(&home()).await.unwrap());
    assert!(world.chat.timeline().await.is_empty() && files(&folder).is_empty());
    let held = held(&world);
    assert_eq!(
        hand_over(&world, &held).await,
        vec![Arrival::New; held.len()]
    );

    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path()).await;
    let handle = world.bridge.handle();
    assert_eq!(
        hand_over(&world, &held).await,
        vec![Arrival::New; held.len()]
    );
    assert_eq!(handle.first_look(&home()).await.unwrap(), FirstLook::Over);
}
