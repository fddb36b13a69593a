//! Names: who is called what, and whom somebody means.

mod world;

use bridge_core::chat::MessageState;
use bridge_core::conformance::Counterpart;
use bridge_core::conformance::Who;
use bridge_core::vcard::{self, Card};
use bridge_core::{Role, Settings, store};
use world::{NUMBER, World};

const OTHER: &str = "+12025550101";

#[tokio::test(start_paused = true)]
async fn a_name_shows_on_posts_and_is_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world
        .arrives(&world.line.incoming(NUMBER, "before").remove(0))
        .await;
    let post = world.post("before").await;
    assert!(post.text.starts_with(NUMBER), "{}", post.text);
    world.settled().await;
    world.chat.answer(Who::Owner, &post, "!name Ali Khan").await;
    world.post("is called Ali Khan from now on").await;
    world.settled().await;
    // It is stored.
    let mut world = world.restart(folder.path()).await;
    world
        .arrives(&world.line.incoming(NUMBER, "after").remove(0))
        .await;
    let post = world.post("after").await;
    assert!(post.text.starts_with("Ali Khan\n"), "{}", post.text);
    for (written, text) in [
        ("!send \"ali  khan\" one", "one"),
        ("!send Ali two", "two"),
        ("!send +1 202 555 0100 three", "three"),
    ] {
        world.says(written).await;
        world.state(text, MessageState::Sent).await;
    }
    assert_eq!(world.sent(), ["one", "two", "three"]);
    world.says("!send Al four").await;
    world.post("\"Al\" is no phone number").await;
    world.says("!contacts").await;
    world.post(&format!("Ali Khan – {NUMBER}")).await;
    world.settled().await;
    assert_eq!(world.sent().len(), 3, "a part of a word is nobody's name");
}

#[tokio::test(start_paused = true)]
async fn an_ambiguous_name_sends_nothing_and_says_which_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.says(&format!("!name {NUMBER} Ali Khan")).await;
    world.says(&format!("!name {OTHER} Ali Raza")).await;
    world.says("!send ali hi").await;
    world
        .post("several contacts are called so: \"Ali Khan\", \"Ali Raza\"")
        .await;
    world.says("!send khan hi").await;
    world.state("khan hi", MessageState::Sent).await;
    assert_eq!(world.sent(), ["hi"]);
    // The same name for both makes one contact of them, who has two numbers.
    world.says(&format!("!name {OTHER} ALI khan")).await;
    world.post("who has 2 numbers").await;
    world.says("!send Khan hello").await;
    world
        .post(&format!(
            "has several numbers; write one of them: {NUMBER}, {OTHER}"
        ))
        .await;
    world.says("!contacts raza").await;
    world.post("No contact has \"raza\"").await;
    world
        .arrives(&world.line.incoming(OTHER, "it is me").remove(0))
        .await;
    let post = world.post("it is me").await;
    assert!(
        post.text.starts_with(&format!("ALI khan ({OTHER})")),
        "{}",
        post.text
    );
    assert_eq!(world.sent(), ["hi"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_name_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    for (written, words) in [
        ("!name", "a name needs at least one letter"),
        ("!name +12025550100", "a name needs at least one letter"),
        ("!name Ali", "in reply to a message of theirs"),
        ("!name 0300 Ali", "is called Ali from now on"),
        ("!name 03001234567 Ali", "lacks its country"),
        ("!name +12025550100 @home", "cannot begin with"),
    ] {
        world.says(written).await;
        world.post(words).await;
    }
    let (chat, line) = world.end().await;
    let mut world = World::open(folder.path(), chat, line, Role::Reader).await;
    world.says("!name +12025550100 Ali").await;
    world.post("not name contacts").await;
    world.says("!contacts 2025550100").await;
    world.post("No contact has").await;
}

#[tokio::test(start_paused = true)]
async fn a_contact_keeps_their_room_when_the_country_of_the_sim_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.chat.give_rooms();
    for (number, text) in [("03001234567", "first"), ("8558", "code")] {
        world
            .arrives(&world.line.incoming(number, text).remove(0))
            .await;
    }
    let first = world.post("first").await;
    world.settled().await;
    let change = |settings: &mut Settings| {
        for line in &mut settings.lines {
            line.country = Some("PK".parse().unwrap());
        }
    };
    let mut world = World::with(folder.path(), Some(world), change).await;
    for (number, text) in [
        ("03001234567", "second"),
        ("00923001234567", "third"),
        ("+923001234567", "fourth"),
        ("8558", "fifth"),
        ("+923001234568", "sixth"),
    ] {
        world
            .arrives(&world.line.incoming(number, text).remove(0))
            .await;
        let place = world.post(text).await.place;
        let is_theirs = !matches!(number, "8558" | "+923001234568");
        assert_eq!(place == first.place, is_theirs, "{text}");
    }
    assert_eq!(
        world.chat.rooms(),
        ["03001234567", "Notices", "+923001234568"]
    );
}

#[tokio::test(start_paused = true)]
async fn names_come_from_a_phone_and_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.says(&format!("!name {NUMBER} Somebody")).await;
    world.post("is called Somebody").await;
    let (chat, line) = world.end().await;
    let file = "BEGIN:VCARD\nFN:Ali\nTEL:0300 1234567\nTEL:+1 202 555 0100\nEND:VCARD\n\
                BEGIN:VCARD\nFN:Bea\nTEL:12\nTEL:no number\nEND:VCARD\n\
                BEGIN:VCARD\nFN:1\nTEL:8558\nEND:VCARD\n";
    let cards = vcard::read(file.as_bytes());
    let country = Some("PK".parse().unwrap());
    let imported = store::import_contacts(folder.path(), &cards, country).unwrap();
    assert_eq!(imported.numbers, 3);
    let left_out: Vec<bool> = imported
        .left_out
        .iter()
        .zip([
            "Bea: \"no number\" is no phone number",
            "\"1\": a name needs",
        ])
        .map(|(words, expected)| words.starts_with(expected))
        .collect();
    assert_eq!(left_out, [true, true], "{:?}", imported.left_out);
    // The same again changes nothing.
    store::import_contacts(folder.path(), &cards, country).unwrap();
    let cards = store::export_contacts(folder.path()).unwrap();
    let card = |name: &str, numbers: &[&str]| Card {
        name: name.to_owned(),
        numbers: numbers.iter().map(|&number| number.to_owned()).collect(),
        senders: Vec::new(),
    };
    assert_eq!(
        cards,
        [
            card("Ali", &["+923001234567", NUMBER]),
            card("Bea", &["12"])
        ]
    );
    assert!(store::check(folder.path()).unwrap().is_fine());
    let mut world = World::open(folder.path(), chat, line, Role::Owner).await;
    world.says("!contacts").await;
    world
        .post(&format!("Ali – +923001234567, {NUMBER}\nBea – 12"))
        .await;
    world.says("!send somebody hi").await;
    world.post("\"somebody\" is no phone number").await;
}
