//! Status reports in any order, in virtual time: what a person sees of them, and what the store holds.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

mod world;

use std::time::Duration;

use bridge_core::chat::MessageState::{self, Delivered, Failed, Queued, Sent, Unknown};
use bridge_core::conformance::Counterpart;
use bridge_core::link::{Accepted, RawPdu, SendError};
use bridge_core::{Arrival, Clock, Country, LateOutcome, Settings, Timestamp};
use sms_codec::{Address, MessageReference, Status, StatusReport};
use tempfile::TempDir;
use world::{NUMBER, World, clock};

const HOUR: Duration = Duration::from_secs(3600);
/// TP-ST (3GPP TS 23.040 §9.2.3.15).
const DELIVERED: u8 = 0x00;
const CONGESTION_STILL_TRYING: u8 = 0x20;
const BUSY_STILL_TRYING: u8 = 0x21;
const VALIDITY_EXPIRED: u8 = 0x46;

/// The report of a part with this reference that the service centre took at `sent` and was done with at `done`.
fn report(to: &str, reference: u8, (sent, done): (Timestamp, Timestamp), status: u8) -> RawPdu {
    let at = |at: Timestamp| sms_codec::Timestamp::from_unix_seconds(at.0 / 1000, 4).unwrap();
    let (reference, to) = (
        MessageReference(reference),
        Address::parse_number(to).unwrap(),
    );
    let report = StatusReport::new(reference, to, at(sent), at(done), Status(status));
    RawPdu(format!("00{}", sms_codec::hex::encode(&report.emit())))
}

/// Three parts in the GSM alphabet, told apart by their letter.
fn three_parts() -> String {
    ["a", "b", "c"].map(|letter| letter.repeat(153)).concat()
}

/// A bridge whose clock goes with the virtual time, and the network's side of it.
struct Bench {
    folder: TempDir,
    clock: Clock,
    country: Option<Country>,
    world: World,
}

impl Bench {
    async fn new() -> Self {
        Self::at_home_in(None).await
    }

    async fn at_home_in(country: Option<&str>) -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), clock::of_the_runtime());
        let country = country.map(|code| code.parse().unwrap());
        let settings = settings(&clock, country);
        let world = World::with(folder.path(), None, settings).await;
        Self {
            folder,
            clock,
            country,
            world,
        }
    }

    async fn restart(self) -> Self {
        let settings = settings(&self.clock, self.country);
        let world = World::with(self.folder.path(), Some(self.world), settings).await;
        Self { world, ..self }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends a message that gets these references, and says when.
    async fn sends(&mut self, to: &str, text: &str, references: &[Option<u8>]) -> Timestamp {
        for &reference in references {
            self.world.line.next_outcome(Ok(Accepted { reference }));
        }
        self.world.says(&format!("/send {to} {text}")).await;
        self.world.state(text, Sent).await;
        self.now()
    }

    /// A message whose outcome nobody knows.
    async fn doubts(&mut self, to: &str, text: &str) -> Timestamp {
        self.world.line.next_outcome(Err(SendError::Unknown {
            cause: "no answer".to_owned(),
        }));
        self.world.says(&format!("/send {to} {text}")).await;
        self.world.state(text, Unknown).await;
        self.now()
    }

    /// A message is on its way, and the modem says nothing.
    async fn hangs(&mut self, to: &str, text: &str) -> Timestamp {
        self.world.line.hang();
        self.world.says(&format!("/send {to} {text}")).await;
        let hung = |world: &World| world.line.has_hung();
        self.world.until("it is on its way", hung).await;
        self.now()
    }

    /// The modem says it after all, of the part that it was asked to send last.
    async fn answers(&self, reference: Option<u8>) {
        let part = self.world.line.parts().pop().unwrap();
        let outcome = LateOutcome::Accepted(reference);
        let handle = self.world.bridge.handle();
        handle.outcome_arrived_late(part, outcome).await.unwrap();
    }

    /// The network reports now.
    async fn reports(&self, to: &str, reference: u8, sent: Timestamp, status: u8) -> Arrival {
        let times = (sent, self.now());
        let pdu = report(to, reference, times, status);
        self.world.arrives(&pdu).await
    }

    /// How many parts wait for their report, as a person is told.
    async fn waiting(&mut self) -> usize {
        let status = self.world.status().await;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("Sent, no delivery report yet: "));
        line.unwrap().parse().unwrap()
    }

    /// All is shown, and these texts are in this state.
    async fn shows(&mut self, states: &[(&str, MessageState)]) {
        self.world.shown().await;
        for (text, state) in states {
            self.world.state(text, *state).await;
        }
    }

    /// In the end so many parts wait for a report, and so many reports for a part.
    async fn holds(self, awaited: usize, unmatched: usize) {
        let stored = self.world.stored(self.folder.path()).await;
        let count = |kind: &str| stored.get(kind).copied().unwrap_or(0);
        assert_eq!((count("awaited"), count("unmatched")), (awaited, unmatched));
    }
}

fn settings(clock: &Clock, country: Option<Country>) -> impl FnOnce(&mut Settings) + use<> {
    let clock = clock.clone();
    move |settings| {
        settings.clock = clock;
        settings
            .lines
            .iter_mut()
            .for_each(|line| line.country = country);
    }
}

#[tokio::test(start_paused = true)]
async fn before_the_answer_of_the_modem() {
    let mut bench = Bench::new().await;
    let sent = bench.hangs(NUMBER, "overtaken").await;
    bench.reports(NUMBER, 5, sent, DELIVERED).await;
    bench.shows(&[("overtaken", Queued)]).await;
    assert_eq!(bench.waiting().await, 0);
    bench.answers(Some(5)).await;
    bench.shows(&[("overtaken", Delivered)]).await;
    // That the line's own call never ends changes nothing about it.
    tokio::time::sleep(HOUR).await;
    bench.shows(&[("overtaken", Delivered)]).await;
    let timeline = bench.world.chat.timeline().await;
    assert!(!timeline.iter().any(|seen| seen.text.contains("can't tell")));
    bench.holds(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn before_the_answer_with_another_message_to_the_same_recipient_waiting() {
    let mut bench = Bench::new().await;
    // The same reference, 256 messages ago.
    let first = bench.sends(NUMBER, "the first", &[Some(5)]).await;
    tokio::time::sleep(3 * HOUR).await;
    let second = bench.hangs(NUMBER, "the second").await;
    bench.reports(NUMBER, 5, second, DELIVERED).await;
    bench.shows(&[("the first", Sent)]).await;
    bench.answers(Some(5)).await;
    bench
        .shows(&[("the first", Sent), ("the second", Delivered)])
        .await;
    bench.reports(NUMBER, 5, first, DELIVERED).await;
    bench.shows(&[("the first", Delivered)]).await;
    bench.holds(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn for_some_parts_only() {
    let mut bench = Bench::new().await;
    let references = [Some(7), Some(8), Some(9)];
    let sent = bench.sends(NUMBER, &three_parts(), &references).await;
    bench.reports(NUMBER, 9, sent, DELIVERED).await;
    bench.reports(NUMBER, 7, sent, DELIVERED).await;
    bench.shows(&[("aaa", Sent)]).await;
    assert_eq!(bench.waiting().await, 1);
    tokio::time::sleep(24 * HOUR).await;
    bench.shows(&[("aaa", Sent)]).await;
    // One that failed is named.
    bench.reports(NUMBER, 8, sent, VALIDITY_EXPIRED).await;
    bench.shows(&[("aaa", Failed)]).await;
    bench.world.post("Not sent (part 2 of 3): ").await;
    bench.holds(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn hours_late_and_after_a_restart() {
    let mut bench = Bench::new().await;
    let sent = bench
        .sends(NUMBER, "to a phone that is off", &[Some(7)])
        .await;
    tokio::time::sleep(20 * HOUR).await;
    let other = bench.sends(NUMBER, "much later", &[Some(8)]).await;
    let mut bench = bench.restart().await;
    assert_eq!(bench.waiting().await, 2);
    tokio::time::sleep(20 * HOUR).await;
    bench.reports(NUMBER, 7, sent, DELIVERED).await;
    bench
        .shows(&[("a phone that is off", Delivered), ("much later", Sent)])
        .await;
    let mut bench = bench.restart().await;
    bench.reports(NUMBER, 8, other, DELIVERED).await;
    bench.shows(&[("much later", Delivered)]).await;
    assert_eq!(bench.waiting().await, 0);
    bench.holds(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn past_the_wrap_of_the_reference_the_nearest_time_of_sending_decides() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let mut bench = Bench::new().await;
        let texts = ["round one", "round two", "round three"];
        let mut sent = Vec::new();
        for text in texts {
            sent.push(bench.sends(NUMBER, text, &[Some(200)]).await);
            tokio::time::sleep(HOUR).await;
        }
        let mut states = texts.map(|text| (text, Sent));
        for which in order {
            // The service centre's clock is two minutes ahead.
            let time = sent[which].after(Duration::from_secs(120));
            bench.reports(NUMBER, 200, time, DELIVERED).await;
            states[which].1 = Delivered;
            bench.shows(&states).await;
        }
        bench.holds(0, 0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_reference_belongs_to_its_recipient() {
    let mut bench = Bench::new().await;
    let sent = bench.sends(NUMBER, "to one", &[Some(7)]).await;
    bench.sends("+12025550101", "to another", &[Some(7)]).await;
    bench.reports("+12025550101", 7, sent, DELIVERED).await;
    bench
        .shows(&[("to one", Sent), ("to another", Delivered)])
        .await;
    // Nobody was sent this.
    bench.reports("+12025550102", 7, sent, DELIVERED).await;
    bench.shows(&[("to one", Sent)]).await;
    bench.holds(1, 1).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_part_in_doubt_it_resolves_the_doubt() {
    let mut bench = Bench::new().await;
    let sent = bench.doubts(NUMBER, "doubtful").await;
    let question = bench.world.post("I can't tell whether this left").await;
    tokio::time::sleep(HOUR).await;
    bench.reports(NUMBER, 99, sent, DELIVERED).await;
    bench.shows(&[("doubtful", Delivered)]).await;
    // Whoever answers the question now sends nothing again.
    bench.world.chat.choose(&question, "Send again").await;
    bench.shows(&[("doubtful", Delivered)]).await;
    assert_eq!(bench.world.sent(), ["doubtful"]);
    bench.holds(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_part_in_doubt_it_may_say_that_it_failed() {
    let mut bench = Bench::new().await;
    let sent = bench.doubts(NUMBER, "doubtful").await;
    let mut bench = bench.restart().await;
    tokio::time::sleep(HOUR).await;
    bench.reports(NUMBER, 99, sent, VALIDITY_EXPIRED).await;
    bench.shows(&[("doubtful", Failed)]).await;
    bench.world.post("Not sent: the network reports: ").await;
    bench.holds(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn of_the_only_part_without_a_reference() {
    let mut bench = Bench::new().await;
    let sent = bench.sends(NUMBER, "no reference", &[None]).await;
    bench.sends("+12025550101", "to another", &[None]).await;
    bench.reports(NUMBER, 99, sent, DELIVERED).await;
    bench
        .shows(&[("no reference", Delivered), ("to another", Sent)])
        .await;
    bench.holds(1, 0).await;
}

#[tokio::test(start_paused = true)]
async fn of_one_of_several_that_may_be_meant_it_is_for_nobody() {
    let mut bench = Bench::new().await;
    let sent = bench.sends(NUMBER, "this", &[None]).await;
    bench.doubts(NUMBER, "or that").await;
    bench.reports(NUMBER, 99, sent, DELIVERED).await;
    bench.shows(&[("this", Sent), ("or that", Unknown)]).await;
    assert_eq!(bench.waiting().await, 2);
    // The late answer says which it is not, and so which it is.
    bench.answers(Some(12)).await;
    bench.shows(&[("this", Delivered), ("or that", Sent)]).await;
    bench.reports(NUMBER, 12, sent, DELIVERED).await;
    bench.shows(&[("or that", Delivered)]).await;
    bench.holds(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn kept_until_the_reference_is_known_even_over_a_restart() {
    let mut bench = Bench::new().await;
    // Two in doubt: neither is the only one.
    let sent = bench.doubts(NUMBER, "first in doubt").await;
    let first = bench.world.line.parts().pop().unwrap();
    bench.doubts(NUMBER, "second in doubt").await;
    bench.reports(NUMBER, 31, sent, DELIVERED).await;
    bench.reports(NUMBER, 30, sent, VALIDITY_EXPIRED).await;
    let mut bench = bench.restart().await;
    bench
        .shows(&[("first in doubt", Unknown), ("second in doubt", Unknown)])
        .await;
    let outcome = LateOutcome::Accepted(Some(30));
    let handle = bench.world.bridge.handle();
    handle.outcome_arrived_late(first, outcome).await.unwrap();
    bench
        .shows(&[("first in doubt", Failed), ("second in doubt", Delivered)])
        .await;
    bench.holds(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn that_says_it_is_not_there_yet_and_then_that_it_is() {
    let mut bench = Bench::new().await;
    let sent = bench.sends(NUMBER, "not yet", &[Some(7)]).await;
    for status in [CONGESTION_STILL_TRYING, BUSY_STILL_TRYING] {
        tokio::time::sleep(HOUR).await;
        bench.reports(NUMBER, 7, sent, status).await;
        bench.shows(&[("not yet", Sent)]).await;
        assert_eq!(bench.waiting().await, 1);
    }
    tokio::time::sleep(HOUR).await;
    bench.reports(NUMBER, 7, sent, DELIVERED).await;
    bench.shows(&[("not yet", Delivered)]).await;
    // One that was overtaken takes nothing back.
    bench.reports(NUMBER, 7, sent, BUSY_STILL_TRYING).await;
    bench.shows(&[("not yet", Delivered)]).await;
    bench.holds(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_failure_is_told_once_and_the_first_final_one_counts() {
    let mut bench = Bench::new().await;
    let sent = bench.sends(NUMBER, "in vain", &[Some(7)]).await;
    tokio::time::sleep(HOUR).await;
    let pdu = report(NUMBER, 7, (sent, bench.now()), VALIDITY_EXPIRED);
    assert_eq!(bench.world.arrives(&pdu).await, Arrival::New);
    assert_eq!(bench.world.arrives(&pdu).await, Arrival::Repeated);
    bench.shows(&[("in vain", Failed)]).await;
    tokio::time::sleep(HOUR).await;
    // Again, with another time; and one that says the opposite.
    bench.reports(NUMBER, 7, sent, VALIDITY_EXPIRED).await;
    bench.reports(NUMBER, 7, sent, DELIVERED).await;
    bench.shows(&[("in vain", Failed)]).await;
    let timeline = bench.world.chat.timeline().await;
    let told = timeline
        .iter()
        .filter(|seen| seen.text.contains("the network reports"));
    assert_eq!(told.count(), 1);
    assert_eq!(bench.waiting().await, 0);
}

#[tokio::test(start_paused = true)]
async fn that_comes_twice_is_not_taken_for_that_of_a_later_message() {
    let mut bench = Bench::new().await;
    let first = bench.sends(NUMBER, "the first", &[Some(7)]).await;
    bench.reports(NUMBER, 7, first, DELIVERED).await;
    tokio::time::sleep(HOUR).await;
    let second = bench.sends(NUMBER, "the second", &[Some(7)]).await;
    // Of the first once more, by another way, so that its time of delivery differs.
    bench.reports(NUMBER, 7, first, DELIVERED).await;
    bench
        .shows(&[("the first", Delivered), ("the second", Sent)])
        .await;
    let mut bench = bench.restart().await;
    bench.reports(NUMBER, 7, second, VALIDITY_EXPIRED).await;
    bench
        .shows(&[("the first", Delivered), ("the second", Failed)])
        .await;
    bench.holds(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn with_the_recipient_in_another_form() {
    // As written, as the network writes it, and the SIM's country.
    let cases = [
        ("+923001234567", "+923001234567", None),
        ("+923001234567", "03001234567", Some("PK")),
        ("03001234567", "+923001234567", Some("PK")),
        ("0300-1234567", "923001234567", Some("PK")),
        ("+923001234567", "03001234567", None),
        ("+923001234567", "923001234567", None),
        ("+923001234567", "00923001234567", None),
        ("+923001234567", "3001234567", None),
        // Short codes.
        ("1234", "1234", None),
        ("1234", "+1234", None),
        ("1234", "1234", Some("PK")),
    ];
    for (written, reported, country) in cases {
        let mut bench = Bench::at_home_in(country).await;
        bench.sends("+12025550101", "to another", &[Some(7)]).await;
        let sent = bench.sends(written, "hello", &[Some(7)]).await;
        bench.reports(reported, 7, sent, DELIVERED).await;
        bench.world.settled().await;
        let timeline = bench.world.chat.timeline().await;
        let own = timeline
            .iter()
            .find(|seen| !seen.by_bridge && seen.text.ends_with("hello"));
        let state = own.unwrap().state;
        assert_eq!(state, Some(Delivered), "{written} {reported} {country:?}");
        bench.shows(&[("to another", Sent)]).await;
        bench.holds(1, 0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_recipient_that_only_looks_alike_is_for_nobody() {
    // A short code is no end of a number, and two numbers with the same end are two.
    for (written, reported) in [
        ("+923001234567", "4567"),
        ("4567", "+923001234567"),
        ("+923001234567", "+443001234567"),
        ("1234", "+11234"),
    ] {
        let mut bench = Bench::new().await;
        let sent = bench.sends(written, "hello", &[Some(7)]).await;
        bench.reports(reported, 7, sent, DELIVERED).await;
        bench.shows(&[("hello", Sent)]).await;
        bench.holds(1, 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn that_fits_two_recipients_in_another_form_is_for_nobody() {
    let mut bench = Bench::new().await;
    let sent = bench.sends("+923001234567", "to one", &[Some(7)]).await;
    bench
        .sends("+443001234567", "to the other", &[Some(7)])
        .await;
    bench.reports("03001234567", 7, sent, DELIVERED).await;
    bench
        .shows(&[("to one", Sent), ("to the other", Sent)])
        .await;
    bench.holds(2, 1).await;
}
