//! The group commit, step by step.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

mod retention;
mod ussd;

use tokio::sync::oneshot;

use super::*;
use crate::chat::{ChatError, InboxId, Place, Receipt, Repeats};
use crate::conformance::TestLine;
use crate::handle::{Arrival, DeliveryReports, LineSettings, Origin, Sending};
use crate::link::RawPdu;
use crate::person::People;
use crate::settings::Clock;

const NETWORK: &str = "memory";

fn home() -> LineName {
    "home".parse().unwrap()
}

fn opened(folder: &std::path::Path) -> Writer {
    opened_at(folder, Clock::system())
}

fn opened_at(folder: &std::path::Path, clock: Clock) -> Writer {
    let line = LineSettings {
        name: home(),
        country: None,
        delivery_reports: DeliveryReports::Skip,
        sending: Sending::OneStep,
    };
    let mut settings = Settings::new(folder.to_owned(), People(vec![]), vec![line])
        .with_limits(&crate::Limits::plenty());
    settings.clock = clock;
    Writer::open(settings).unwrap()
}

fn description() -> crate::chat::Description {
    crate::chat::Description {
        network: Network(NETWORK.to_owned()),
        label: "memory".to_owned(),
        inboxes: vec![InboxId(NETWORK.to_owned())],
        admins: vec![],
        text_limit: 1000,
        repeats: Repeats::Recognised,
        concurrency: 8,
        command_prefix: '/',
    }
}

type Answered<T> = oneshot::Receiver<Result<T, BridgeError>>;

fn ask<T>(
    writer: &mut Writer,
    group: &mut Group,
    request: impl FnOnce(Reply<T>) -> Request,
) -> Answered<T> {
    let (reply, answered) = oneshot::channel();
    assert!(writer.handle(request(reply), group).is_none());
    answered
}

/// Messages come in and the chat's worker asks, all in one commit.
fn arrive_and_claim(
    writer: &mut Writer,
    group: &mut Group,
    pdus: &[RawPdu],
) -> (Answered<Vec<Arrival>>, Answered<Claim<Vec<ChatJob>>>) {
    let received = pdus.iter().map(|pdu| (Origin::Direct, pdu.clone()));
    let received = received.collect();
    let arrived = ask(writer, group, |reply| Request::TakeOver {
        line: home(),
        gone: vec![],
        received,
        reply,
    });
    (arrived, claim_chat(writer, group, 8))
}

fn claim_chat(
    writer: &mut Writer,
    group: &mut Group,
    most: usize,
) -> Answered<Claim<Vec<ChatJob>>> {
    let network = Network(NETWORK.to_owned());
    ask(writer, group, |reply| Request::ClaimChat {
        network,
        most,
        reply,
    })
}

fn jobs(claimed: Result<Claim<Vec<ChatJob>>, BridgeError>) -> usize {
    match claimed.unwrap() {
        Claim::Job(jobs) => jobs.len(),
        Claim::Wait(_) => 0,
    }
}

#[tokio::test]
async fn what_is_claimed_in_the_commit_of_its_message_is_handed_out_after_it_and_not_if_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = opened(folder.path());
    let mut group = Group::default();
    let attached = ask(&mut writer, &mut group, |reply| Request::AttachChat {
        description: description(),
        reply,
    });
    writer.commit(group).await;
    attached.await.unwrap().unwrap();
    let line = TestLine::default();
    let mut pdus = Vec::new();
    for number in ["+12025550100", "+12025550101", "+12025550100"] {
        pdus.extend(line.incoming(number, "hello"));
    }

    let mut group = Group::default();
    let (arrived, claimed) = arrive_and_claim(&mut writer, &mut group, &pdus);
    group.failed = Some("the disk is full".to_owned());
    writer.commit(group).await;
    assert!(arrived.await.unwrap().is_err() && claimed.await.unwrap().is_err());
    assert_eq!(
        writer
            .queues
            .values()
            .map(|(queue, _)| queue.len())
            .sum::<usize>(),
        0
    );

    let mut group = Group::default();
    let (mut arrived, mut claimed) = arrive_and_claim(&mut writer, &mut group, &pdus);
    assert!(!group.writes.is_empty());
    assert!(
        arrived.try_recv().is_err() && claimed.try_recv().is_err(),
        "answered before the commit"
    );
    writer.commit(group).await;
    assert_eq!(arrived.await.unwrap().unwrap(), vec![Arrival::New; 3]);
    assert_eq!(jobs(claimed.await.unwrap()), 2, "one of each conversation");

    let mut group = Group::default();
    let claimed = claim_chat(&mut writer, &mut group, 8);
    assert!(group.writes.is_empty());
    writer.commit(group).await;
    assert_eq!(
        jobs(claimed.await.unwrap()),
        0,
        "the third is behind the first"
    );
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_set_aside_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = opened(folder.path());
    let mut group = Group::default();
    drop(ask(&mut writer, &mut group, |reply| Request::AttachChat {
        description: description(),
        reply,
    }));
    writer.commit(group).await;
    let line = TestLine::default();
    let mut group = Group::default();
    let first = line.incoming("+12025550100", "first");
    let (arrived, _) = arrive_and_claim(&mut writer, &mut group, &first);
    writer.commit(group).await;
    assert!(arrived.await.unwrap().is_ok());
    let taken = {
        let none = BTreeMap::new();
        let transaction = Transaction::new(writer.store.as_ref().unwrap(), &none);
        transaction.keys(b"taken\0", 10).unwrap()
    };
    let broken = taken.into_iter().map(|key| (key, Some(b"\x01{".to_vec())));
    let store = writer.store.as_ref().unwrap();
    store.commit_blocking(broken.collect()).unwrap();

    // The record by which its repetition would be recognised is lost; everything else goes on.
    let mut group = Group::default();
    let mut both = first;
    both.extend(line.incoming("+12025550101", "second"));
    let (arrived, claimed) = arrive_and_claim(&mut writer, &mut group, &both);
    writer.commit(group).await;
    assert_eq!(arrived.await.unwrap().unwrap(), vec![Arrival::New; 2]);
    assert_eq!(jobs(claimed.await.unwrap()), 1, "the other's is in hand");
    let mut group = Group::default();
    let status = writer.work(&mut group, |work| work.status_text()).unwrap();
    assert!(status.ends_with("cannot be read, set aside: 1"), "{status}");
}

fn ids(claimed: Result<Claim<Vec<ChatJob>>, BridgeError>) -> Vec<crate::id::PostId> {
    let Claim::Job(jobs) = claimed.unwrap() else {
        return Vec::new();
    };
    let id = |job| match job {
        ChatJob::Post { id, .. } => id,
        ChatJob::Amend { .. } | ChatJob::Rename { .. } | ChatJob::Mark { .. } => panic!("no post"),
    };
    jobs.into_iter().map(id).collect()
}

/// Two SMS of two contacts are claimed, the first is put off for this reason, and the second arrives: what is due then?
async fn due_after(failed: ChatError) -> (Vec<crate::id::PostId>, Vec<crate::id::PostId>) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = opened(folder.path());
    let mut group = Group::default();
    let _attached = ask(&mut writer, &mut group, |reply| Request::AttachChat {
        description: description(),
        reply,
    });
    let line = TestLine::default();
    let pdus = ["+12025550100", "+12025550101"].map(|number| line.incoming(number, "hello"));
    let (_, claimed) = arrive_and_claim(&mut writer, &mut group, &pdus.concat());
    writer.commit(group).await;
    let posts = ids(claimed.await.unwrap());
    let receipt = Receipt {
        place: Place {
            chat: "1".to_owned(),
            thread: None,
        },
        message: "2".to_owned(),
    };
    let outcomes = [PostOutcome::Failed(failed), PostOutcome::Arrived(receipt)];
    let mut group = Group::default();
    for (&id, outcome) in posts.iter().zip(outcomes) {
        let waiting = claim_chat(&mut writer, &mut group, 8);
        let _settled = ask(&mut writer, &mut group, |reply| Request::SettlePost {
            id,
            outcome,
            reply,
        });
        writer.commit(group).await;
        assert_eq!(ids(waiting.await.unwrap()), [], "nothing is due meanwhile");
        group = Group::default();
    }
    let claimed = claim_chat(&mut writer, &mut group, 8);
    writer.commit(group).await;
    (posts, ids(claimed.await.unwrap()))
}

#[tokio::test]
async fn a_network_that_answers_again_gets_at_once_what_waited_for_it() {
    let cause = || "no way there".to_owned();
    let (posts, due) = due_after(ChatError::Retry {
        cause: cause(),
        after: None,
    })
    .await;
    assert_eq!(due, posts[..1]);
    let (posts, due) = due_after(ChatError::Unknown { cause: cause() }).await;
    assert_eq!(due, posts[..1]);
    let (_, due) = due_after(ChatError::Retry {
        cause: cause(),
        after: Some(Duration::from_secs(30)),
    })
    .await;
    assert_eq!(due, [], "the network asked for that wait");
}

#[tokio::test]
async fn what_waited_when_the_program_ended_is_due_when_its_network_answers_after_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let line = TestLine::default();
    let attach = |writer: &mut Writer, group: &mut Group| {
        drop(ask(writer, group, |reply| Request::AttachChat {
            description: description(),
            reply,
        }));
    };
    let settle = |writer: &mut Writer, group: &mut Group, id, outcome| {
        drop(ask(writer, group, |reply| Request::SettlePost {
            id,
            outcome,
            reply,
        }));
    };
    let mut writer = opened(folder.path());
    let mut group = Group::default();
    attach(&mut writer, &mut group);
    let first = line.incoming("+12025550100", "first");
    let (_, claimed) = arrive_and_claim(&mut writer, &mut group, &first);
    writer.commit(group).await;
    let waits = ids(claimed.await.unwrap())[0];
    let mut group = Group::default();
    let away = ChatError::Retry {
        after: None,
        cause: "it is away".to_owned(),
    };
    settle(&mut writer, &mut group, waits, PostOutcome::Failed(away));
    writer.commit(group).await;
    drop(writer);

    let mut writer = opened(folder.path());
    let mut group = Group::default();
    attach(&mut writer, &mut group);
    let second = line.incoming("+12025550101", "second");
    let (_, claimed) = arrive_and_claim(&mut writer, &mut group, &second);
    writer.commit(group).await;
    let posted = ids(claimed.await.unwrap());
    assert!(!posted.contains(&waits), "it waits still");
    let receipt = Receipt {
        place: Place {
            chat: "1".to_owned(),
            thread: None,
        },
        message: "2".to_owned(),
    };
    let mut group = Group::default();
    settle(
        &mut writer,
        &mut group,
        posted[0],
        PostOutcome::Arrived(receipt),
    );
    writer.commit(group).await;
    let mut group = Group::default();
    let claimed = claim_chat(&mut writer, &mut group, 8);
    writer.commit(group).await;
    assert_eq!(ids(claimed.await.unwrap()), [waits]);
}

#[tokio::test]
async fn a_database_that_is_opened_anew_has_little_to_read_and_nothing_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = opened(folder.path());
    let mut group = Group::default();
    drop(ask(&mut writer, &mut group, |reply| Request::AttachChat {
        description: description(),
        reply,
    }));
    writer.commit(group).await;
    let line = TestLine::default();
    let mut pdus = line.incoming("+12025550100", "first");
    pdus.extend(line.incoming("+12025550100", "second"));
    let mut group = Group::default();
    let (arrived, claimed) = arrive_and_claim(&mut writer, &mut group, &pdus);
    writer.commit(group).await;
    assert!(arrived.await.unwrap().is_ok());
    let first = ids(claimed.await.unwrap());
    assert_eq!(first.len(), 1, "the second is behind it");

    assert_eq!(writer.renewal.due(), None);
    writer.renewal.after = 1;
    assert!(writer.renewal.due().is_some());
    let snapshots = || {
        let entries = std::fs::read_dir(folder.path().join("store")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.starts_with("snap."))
            .collect::<Vec<_>>()
    };
    let before = snapshots();
    writer.renew().await;
    assert_ne!(snapshots(), before, "where everything stands is noted");
    assert_eq!(writer.renewal.due(), None);

    // The worker still has the first, and gets the second when it gives that back.
    let mut group = Group::default();
    let none = claim_chat(&mut writer, &mut group, 8);
    writer.commit(group).await;
    assert_eq!(jobs(none.await.unwrap()), 0);
    let mut group = Group::default();
    let settled = ask(&mut writer, &mut group, |reply| Request::SettlePost {
        id: first[0],
        outcome: PostOutcome::Arrived(Receipt {
            place: Place {
                chat: "chat".to_owned(),
                thread: None,
            },
            message: "1".to_owned(),
        }),
        reply,
    });
    let second = claim_chat(&mut writer, &mut group, 8);
    writer.commit(group).await;
    settled.await.unwrap().unwrap();
    assert_eq!(ids(second.await.unwrap()).len(), 1);
}
