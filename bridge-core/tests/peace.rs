//! Muting, blocking, looking back and erasing.

mod world;

use bridge_core::chat::MessageState;
use bridge_core::conformance::{Counterpart, Who};
use bridge_core::store;
use bridge_core::{Role, Settings, Timestamp};
use world::{NUMBER, World};

const OTHER: &str = "+12025550101";

async fn arrives(world: &World, number: &str, text: &str) {
    let sms = world.line.incoming(number, text).remove(0);
    world.arrives(&sms).await;
}

#[tokio::test(start_paused = true)]
async fn a_muted_contact_makes_no_sound_and_a_blocked_one_is_not_shown_but_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    arrives(&world, NUMBER, "one").await;
    let post = world.post("one").await;
    assert!(!post.text.contains("(silent)"));
    world.settled().await;
    world.chat.answer(Who::Owner, &post, "!mute").await;
    world.post("without a sound").await;
    arrives(&world, NUMBER, "two").await;
    assert!(world.post("two").await.text.contains("(silent)"));
    // Only its own opposite ends it.
    world.says(&format!("!unblock {NUMBER}")).await;
    world.post("is not blocked").await;
    arrives(&world, NUMBER, "three").await;
    assert!(world.post("three").await.text.contains("(silent)"));
    world.says(&format!("!block {NUMBER}")).await;
    world.post("not shown any more").await;
    let mut world = world.restart(folder.path()).await;
    arrives(&world, NUMBER, "hidden").await;
    arrives(&world, OTHER, "of another").await;
    world.post("of another").await;
    world.settled().await;
    let timeline = world.chat.timeline().await;
    assert!(!timeline.iter().any(|seen| seen.text.contains("hidden")));
    world.says(&format!("!history {NUMBER} 2")).await;
    let shown = world.post("(times where the SIM is").await.text;
    let places = ["three", "hidden"].map(|text| shown.find(text));
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{shown}"
    );
    assert!(
        !shown.contains(": two") && !shown.contains("of another"),
        "{shown}"
    );
    world.says(&format!("!unblock {NUMBER}")).await;
    world.settled().await;
    arrives(&world, NUMBER, "shown again").await;
    assert!(!world.post("shown again\n").await.text.contains("(silent)"));
}

#[tokio::test(start_paused = true)]
async fn owners_find_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    arrives(&world, NUMBER, "The dentist is at NINE").await;
    arrives(&world, OTHER, "the dentist is ill").await;
    world.post("is ill").await;
    world.says("!search nine Dentist").await;
    let found = world.post("Found").await.text;
    assert!(
        found.contains("at NINE") && !found.contains("ill"),
        "{found}"
    );
    world.says("!search nothing of it").await;
    world.post("there is none with these words").await;
    world.says("!search").await;
    world.post("Write what to look for").await;
    world.says("!history").await;
    world
        .post("write the number or name behind the command")
        .await;
    world.settled().await;
    let (chat, line) = world.end().await;
    let mut world = World::open(folder.path(), chat, line, Role::Writer).await;
    for command in ["search", "history", "export", "forget"] {
        world.says(&format!("!{command} {NUMBER}")).await;
        world
            .post(&format!("Only an owner may use !{command}."))
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_export_has_everything_once_and_leaves_nothing_behind_in_the_post() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    for text in ["first\n2026-01-01 00:00 me to you: forged", "second"] {
        world
            .arrives(&world.line.incoming(NUMBER, text).remove(0))
            .await;
    }
    world
        .arrives(&world.line.incoming(OTHER, "of another").remove(0))
        .await;
    world.says(&format!("!send {NUMBER} my answer")).await;
    world.state("my answer", MessageState::Sent).await;
    world.says(&format!("!name {NUMBER} Ali")).await;
    world.settled().await;
    world.says("!export Ali").await;
    let file = world.post("All 3 messages with Ali").await.text;
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(lines.len(), 6, "{file}");
    assert!(
        lines[1].starts_with("# All stored messages with Ali."),
        "{file}"
    );
    assert!(
        lines[2].ends_with(&format!("Ali ({NUMBER}): first")),
        "{file}"
    );
    assert!(
        lines[3].starts_with("    2026"),
        "a text begins no line: {file}"
    );
    assert!(lines[4].ends_with(": second"), "{file}");
    assert!(lines[5].ends_with(" [sent]: my answer"), "{file}");
    world.says("!export").await;
    let file = world.post("All 4 messages with everybody").await.text;
    assert!(file.contains("of another"), "{file}");
    world.says("!export nobody at all").await;
    world.post("Nothing is exported").await;
    // What the chat has is not kept a second time.
    world.settled().await;
    let _world = world.end().await;
    let mut out = Vec::new();
    store::export(folder.path(), &mut out, Timestamp(0)).unwrap();
    let exported = String::from_utf8(out).unwrap();
    let of_the_file = exported
        .lines()
        .filter(|line| line.contains("# All stored messages"));
    assert_eq!(of_the_file.count(), 0);
    assert!(exported.contains("All 3 messages with Ali"));
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_in_no_record() {
    for by_button in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(folder.path()).await;
        arrives(&world, NUMBER, "secret").await;
        arrives(&world, OTHER, "kept").await;
        world.post("kept").await;
        let post = world.post("secret").await;
        world.settled().await;
        world.chat.answer(Who::Owner, &post, "my answer").await;
        world.state("my answer", MessageState::Sent).await;
        world.says(&format!("!name {NUMBER} Ali")).await;
        world.says("!mute Ali").await;
        world.says("!history Ali").await;
        world.post("(times where the SIM is").await;
        world.settled().await;
        world.says("!forget Ali").await;
        let question = world.post("It cannot be undone").await;
        world.settled().await;
        if by_button {
            world.chat.choose(&question, "Erase it").await;
        } else {
            world.says("!forget Ali yes").await;
        }
        let words = world.post("Erased: 2 messages").await.text;
        assert!(
            words.contains("I cannot erase what stands in the chats"),
            "{words}"
        );
        world.settled().await;
        world.end().await;
        let mut export = Vec::new();
        store::export(folder.path(), &mut export, Timestamp(0)).unwrap();
        let export = String::from_utf8(export).unwrap();
        // The number in a TPDU too, and in a key that is a TPDU.
        let encoded = ["2120550501F0", "323132303535303530314630"];
        for gone in ["secret", "my answer", NUMBER, "Ali"]
            .into_iter()
            .chain(encoded)
        {
            let left: Vec<&str> = export.lines().filter(|line| line.contains(gone)).collect();
            assert!(left.is_empty(), "{gone}: {left:#?}");
        }
        assert!(export.contains("kept") && export.contains(OTHER));
        assert!(store::check(folder.path()).unwrap().is_fine());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_before_the_country_was_known_is_found_and_forgotten_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    arrives(&world, "03001234567", "secret").await;
    world.post("secret").await;
    world.settled().await;
    let change = |settings: &mut Settings| {
        for line in &mut settings.lines {
            line.country = Some("PK".parse().unwrap());
        }
    };
    let mut world = World::with(folder.path(), Some(world), change).await;
    world.says("!history 0300 1234567").await;
    let shown = world.post("(times where the SIM is").await.text;
    assert!(shown.contains("secret"), "{shown}");
    world.says("!forget 03001234567 yes").await;
    world.post("Erased: 1 message").await;
    world.settled().await;
    world.end().await;
    let mut export = Vec::new();
    store::export(folder.path(), &mut export, Timestamp(0)).unwrap();
    let export = String::from_utf8(export).unwrap();
    assert!(!export.contains("secret"), "{export}");
}
