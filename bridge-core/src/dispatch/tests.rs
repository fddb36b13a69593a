//! What workers do while the writer has not answered: the tests play the writer.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::address::LineName;
use crate::conformance::TestLine;
use crate::dispatch::line;
use crate::handle::{BridgeHandle, Reply, Request};
use crate::id::PartId;
use crate::link::LinkPhase;
use crate::writer::{Claim, ClaimedPart, Step};

/// For whatever is to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A line's worker, and the requests that reach its writer.
struct Line {
    link: Arc<TestLine>,
    requests: mpsc::Receiver<Request>,
    stop: CancellationToken,
}

impl Line {
    fn start() -> Self {
        let (sender, requests) = mpsc::channel(8);
        let link = Arc::new(TestLine::default());
        let (stop, waker) = (CancellationToken::new(), Arc::new(Notify::new()));
        tokio::spawn(line::run(
            BridgeHandle::new(sender),
            home(),
            Arc::<TestLine>::clone(&link),
            waker,
            stop.clone(),
        ));
        Self {
            link,
            requests,
            stop,
        }
    }

    async fn request(&mut self) -> Request {
        let request = tokio::time::timeout(PATIENCE, self.requests.recv());
        request.await.unwrap().unwrap()
    }

    /// The next claim; that nothing stands in the modem's memory is said in between.
    async fn claim(&mut self) -> Reply<Claim<ClaimedPart>> {
        let mut request = self.request().await;
        while let Request::SlotWork { reply, .. } = request {
            drop(reply.send(Ok(crate::writer::SlotWork::default())));
            request = self.request().await;
        }
        let Request::ClaimPart { reply, .. } = request else {
            panic!("the worker asked for something else");
        };
        reply
    }

    /// Whose outcome comes next, whether the worker wants to go on, and its answer.
    async fn settlement(&mut self) -> (PartId, bool, Reply<Option<ClaimedPart>>) {
        let Request::SettlePart {
            id, then, reply, ..
        } = self.request().await
        else {
            panic!("the worker asked for something else");
        };
        (id, then.is_some(), reply)
    }
}

fn home() -> LineName {
    "home".parse().unwrap()
}

fn part(number: u64) -> ClaimedPart {
    ClaimedPart {
        id: PartId(number),
        // An SMS-SUBMIT to +1 202 555 0100 that says "hello" (3GPP TS 23.040 §9.2.2.2).
        tpdu: sms_codec::hex::decode("01000B912120550501F0000005E8329BFD06").unwrap(),
        step: Step::Send,
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_next_part_leaves_only_after_the_commit_that_settles_the_one_before() {
    let mut line = Line::start();
    let claim = line.claim().await;
    tokio::task::yield_now().await;
    assert_eq!(line.link.parts(), [], "nothing is claimed yet");
    drop(claim.send(Ok(Claim::Job(part(256)))));
    let (id, goes_on, committed) = line.settlement().await;
    assert_eq!((id, goes_on), (PartId(256), true));
    // Whatever the worker can do by itself is done after this: it is the only other task.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(line.link.parts(), [PartId(256)], "the commit is under way");
    drop(committed.send(Ok(Some(part(512)))));
    let (id, _, committed) = line.settlement().await;
    assert_eq!(id, PartId(512));
    assert_eq!(line.link.parts(), [PartId(256), PartId(512)]);
    drop(committed.send(Ok(None)));
    drop(line.claim().await);
}

#[tokio::test(flavor = "current_thread")]
async fn a_part_that_would_not_be_sent_at_once_is_not_claimed() {
    for down in [true, false] {
        let mut line = Line::start();
        let claim = line.claim().await;
        if down {
            line.link.set_phase(LinkPhase::Down);
        } else {
            line.stop.cancel();
        }
        drop(claim.send(Ok(Claim::Job(part(256)))));
        let (id, goes_on, committed) = line.settlement().await;
        assert_eq!((id, goes_on), (PartId(256), false), "down: {down}");
        drop(committed.send(Ok(None)));
    }
}
