//! What people wrote and their network does not give: said once, where it was written if the bridge is at home there.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

mod world;

use bridge_core::chat::{Cursor, Gap, Network, Place};
use bridge_core::conformance::{Counterpart, Who};
use world::{NUMBER, World};

async fn lost(world: &World, place: Option<Place>, words: &str) {
    let gap = Gap {
        place,
        words: words.to_owned(),
    };
    let cursor = Cursor {
        key: "position".to_owned(),
        value: words.to_owned(),
    };
    let network = Network("memory".to_owned());
    let handle = world.bridge.handle();
    handle
        .submit_with_gaps(&network, Vec::new(), vec![gap], Some(cursor))
        .await
        .unwrap();
    let stored = handle.cursor(&network, "position").await.unwrap();
    assert_eq!(stored.as_deref(), Some(words), "with the cursor");
}

fn place(chat: &str) -> Option<Place> {
    Some(Place {
        chat: chat.to_owned(),
        thread: None,
    })
}

#[tokio::test]
async fn a_gap_is_told_once_with_the_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world
        .chat
        .command(Who::Owner, &format!("/send {NUMBER} hello"))
        .await;
    for pdu in world.line.incoming(NUMBER, "so that the chat is known") {
        world.arrives(&pdu).await;
    }
    world.post("so that the chat is known").await;
    world.settled().await;
    lost(&world, None, "somewhere").await;
    lost(&world, place("chat"), "in a room").await;
    lost(
        &world,
        place("elsewhere"),
        "where the bridge is not at home",
    )
    .await;
    let mut world = world.restart(folder.path()).await;
    world.settled().await;
    let shown = world.chat.timeline().await;
    for words in ["somewhere", "in a room", "where the bridge is not at home"] {
        let posts = shown
            .iter()
            .filter(|seen| seen.by_bridge && seen.text == words);
        assert_eq!(posts.count(), 1, "{words}: {shown:#?}");
    }
}
