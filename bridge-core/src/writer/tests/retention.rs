//! What is old is removed with all that hangs on it, and what is not finished stays.

use super::*;
use crate::chat::{Audience, Author, Body, ChatEvent, Place, Receipt, Room, RoomKind, Verdict};
use crate::id::Timestamp;
use crate::person::{Identity, Person, Role};
use crate::store::Writes;
use crate::writer::retention::Position;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
const NUMBER: &str = "+12025550100";

/// A bridge whose workers do at once what they are handed.
struct Played {
    writer: Writer,
    line: TestLine,
    /// Of receipts and events.
    count: u32,
}

impl Played {
    async fn new(folder: &std::path::Path) -> Self {
        Self::opened(opened(folder)).await
    }

    async fn opened(mut writer: Writer) -> Self {
        writer.core.settings.people = People(vec![Person {
            name: "me".to_owned(),
            role: Role::Owner,
            identities: vec![Identity {
                network: Network(NETWORK.to_owned()),
                id: "1".to_owned(),
            }],
        }]);
        let mut played = Self {
            writer,
            line: TestLine::default(),
            count: 0,
        };
        played
            .ask(|reply| Request::AttachChat {
                description: description(),
                reply,
            })
            .await;
        played
    }

    async fn ask<T: Send + 'static>(&mut self, request: impl FnOnce(Reply<T>) -> Request) -> T {
        let mut group = Group::default();
        let answered = ask(&mut self.writer, &mut group, request);
        self.writer.commit(group).await;
        answered.await.unwrap().unwrap()
    }

    fn receipt(&mut self) -> Receipt {
        self.count += 1;
        Receipt {
            place: Place {
                chat: "chat".to_owned(),
                thread: None,
            },
            message: self.count.to_string(),
        }
    }

    async fn receives(&mut self, text: &str) {
        for pdu in self.line.incoming(NUMBER, text) {
            self.ask(|reply| Request::TakeOver {
                line: home(),
                gone: vec![],
                received: vec![(Origin::Direct, pdu)],
                reply,
            })
            .await;
        }
    }

    async fn says(&mut self, text: &str) {
        let Receipt { place, message } = self.receipt();
        let event = ChatEvent {
            id: message.clone(),
            author: Author {
                id: "1".to_owned(),
                name: "Me".to_owned(),
                is_person: true,
            },
            place,
            message,
            reply_to: None,
            audience: Audience::Bridge,
            body: Body::Text(text.to_owned()),
            at: Timestamp(0),
        };
        let verdicts = self
            .ask(|reply| Request::Submit {
                network: Network(NETWORK.to_owned()),
                events: vec![event],
                gaps: Vec::new(),
                cursor: None,
                reply,
            })
            .await;
        assert!(!verdicts.contains(&Verdict::Ignored));
    }

    /// The line sends what is due, and it turns out so.
    async fn sends(&mut self, outcome: Result<Accepted, SendError>) {
        let Claim::Job(part) = self
            .ask(|reply| Request::ClaimPart {
                line: home(),
                reply,
            })
            .await
        else {
            panic!("nothing is due");
        };
        self.ask(|reply| Request::SettlePart {
            id: part.id,
            outcome,
            reading: None,
            then: None,
            reply,
        })
        .await;
    }

    /// The chat shows all that is due.
    async fn shows(&mut self) {
        let network = || Network(NETWORK.to_owned());
        loop {
            let claimed = self
                .ask(|reply| Request::ClaimChat {
                    network: network(),
                    most: 8,
                    reply,
                })
                .await;
            let jobs = match claimed {
                Claim::Job(jobs) => jobs,
                Claim::Wait(Some(at)) if at <= Instant::now() => continue,
                Claim::Wait(_) => return,
            };
            for job in jobs {
                match job {
                    ChatJob::Post { id, room, .. } => {
                        let receipt = self.receipt();
                        if let RoomPlan::Ensure(intent) = room {
                            let room = Room {
                                place: receipt.place.clone(),
                                kind: RoomKind::Shared,
                            };
                            self.ask(|reply| Request::RoomMade {
                                network: network(),
                                destination: intent.destination,
                                room,
                                reply,
                            })
                            .await;
                        }
                        let outcome = PostOutcome::Arrived(receipt);
                        self.ask(|reply| Request::SettlePost { id, outcome, reply })
                            .await;
                    }
                    ChatJob::Rename { id, title, .. } => {
                        let outcome = Ok(());
                        self.ask(|reply| Request::SettleRenaming {
                            id,
                            title,
                            outcome,
                            reply,
                        })
                        .await;
                    }
                    ChatJob::Amend { id, revision, .. } => {
                        self.ask(|reply| Request::SettleAmend {
                            id,
                            revision,
                            outcome: Ok(()),
                            reply,
                        })
                        .await;
                    }
                    ChatJob::Mark { id, state, .. } => {
                        self.ask(|reply| Request::SettleMark {
                            id,
                            shown: state,
                            outcome: Ok(()),
                            reply,
                        })
                        .await;
                    }
                }
            }
        }
    }

    /// Removes what is older than a year.
    async fn sweep(&mut self) {
        let mut from = Some(Position::default());
        while let Some(position) = from {
            let mut group = Group::default();
            let swept = self
                .writer
                .work(&mut group, |work| work.sweep(YEAR, position))
                .unwrap();
            self.writer.commit(group).await;
            from = swept.next();
        }
    }

    fn goes_on(&mut self, by: Duration) {
        let now = self.writer.core.settings.clock.now();
        let then = now.after(by);
        self.writer.core.settings.clock = Clock::new(move || then);
        self.writer.core.witness(then);
    }

    /// How many records of each kind there are.
    fn stored<const N: usize>(&self, kinds: [&str; N]) -> [usize; N] {
        let none = Writes::new();
        let store = self.writer.store.as_ref().unwrap();
        let transaction = Transaction::new(store, &none);
        kinds.map(|kind| {
            let prefix = format!("{kind}\0");
            transaction.keys(prefix.as_bytes(), 1000).unwrap().len()
        })
    }
}

const KINDS: [&str; 8] = [
    "message", "part", "post", "post-of", "mark", "mark-of", "receipt", "outbox",
];

#[tokio::test]
async fn what_is_old_is_removed_with_all_that_hangs_on_it_and_what_is_not_finished_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut played = Played::new(folder.path()).await;
    played.receives("hello").await;
    played.says(&format!("/send {NUMBER} sent")).await;
    played.sends(Ok(Accepted { reference: Some(1) })).await;
    played.says(&format!("/send {NUMBER} doubtful")).await;
    played
        .sends(Err(SendError::Unknown {
            cause: "no answer".to_owned(),
        }))
        .await;
    played.says("/status").await;
    played.shows().await;
    let full = played.stored(KINDS);
    assert_eq!((full[0], full[1]), (3, 2), "{full:?}");

    // Nothing is a year old.
    played.goes_on(YEAR / 2);
    played.sweep().await;
    assert_eq!(played.stored(KINDS), full);

    // One waits to be sent, one to be shown, all the rest of the year and more.
    played.says(&format!("/send {NUMBER} waits")).await;
    played.shows().await;
    played.receives("not shown").await;
    assert_eq!(played.stored(["outbox", "post-due"]), [1, 1]);
    played.goes_on(YEAR * 2);
    played.receives("young").await;
    // The clock fell back behind what is stored: it is not believed.
    let later = played.writer.core.settings.clock.clone();
    played.writer.core.settings.clock = Clock::new(|| Timestamp(0));
    let before = played.stored(KINDS);
    played.sweep().await;
    assert_eq!(played.stored(KINDS), before);

    played.writer.core.settings.clock = later;
    played.sweep().await;
    let [message, part, post, post_of, mark, mark_of, receipt, outbox] = played.stored(KINDS);
    assert_eq!(
        (message, part, outbox),
        (3, 1, 1),
        "waits, not shown, young"
    );
    assert_eq!((post, post_of), (3, 3), "a mirror and two to be shown");
    assert_eq!(
        (mark, mark_of, receipt),
        (2, 2, 2),
        "of the one that waits, where it was written and in its mirror"
    );

    // It goes out and is shown at last: then it may go.
    played.sends(Ok(Accepted { reference: None })).await;
    played.shows().await;
    played.goes_on(YEAR * 2);
    played.sweep().await;
    assert_eq!(played.stored(KINDS), [0; 8]);
    let [rooms] = played.stored(["room"]);
    assert!(rooms > 0, "rooms stay");
    played.receives("again").await;
    played.shows().await;
    assert_eq!(played.stored(["message", "receipt", "room"]), [1, 1, rooms]);
}

#[tokio::test]
async fn many_are_removed_in_batches_and_what_has_no_age_stays() {
    let folder = tempfile::tempdir().unwrap();
    // A clock that nobody set.
    let unset = Clock::new(|| Timestamp(1000));
    let mut played = Played::opened(opened_at(folder.path(), unset)).await;
    played.receives("when?").await;
    played.writer.core.settings.clock = Clock::system();
    for number in 0..120 {
        played.receives(&format!("message {number}")).await;
    }
    played.shows().await;
    played.goes_on(YEAR + YEAR);
    let mut group = Group::default();
    let swept = played
        .writer
        .work(&mut group, |work| work.sweep(YEAR, Position::default()))
        .unwrap();
    played.writer.commit(group).await;
    assert!(swept.next().is_some());
    assert_eq!(played.stored(["message"]), [71]);
    played.sweep().await;
    assert_eq!(played.stored(["message", "post", "receipt"]), [1, 1, 1]);
}
