//! The driver against the simulated modem behind a real pseudo-terminal and a real TCP port.

mod finding;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use modem_sim::serve::{Handle as Network, Place, Server};
use modem_sim::{Incoming, Simulator};
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Handle, spawn};
use crate::config::{Address, Config, Pacing, PinDecision, PinEntry};
use crate::error::{CommandError, SendError};
use crate::event::{Event, Origin};
use crate::status::{Blocked, Phase, Status};
use crate::storage::Deleted;

/// SMS-SUBMIT to +12025550100, "hello" (3GPP TS 23.040 §9.2.2.2).
const SUBMIT: &str = "01000B912120550501F0000005E8329BFD06";

fn tpdu() -> Vec<u8> {
    sms_codec::hex::decode(SUBMIT).expect("hexadecimal")
}

/// Waits for what must come, far longer than it takes: two lines that look at each other's modems may get into each other's
/// way several times, with a longer pause each time.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(120), what)
        .await
        .expect("it came in time")
}

async fn until(handle: &Handle, wanted: impl Fn(&Status) -> bool) -> Status {
    let mut status = handle.status();
    soon(status.wait_for(|status| wanted(status)))
        .await
        .expect("the driver runs")
        .clone()
}

async fn ready(handle: &Handle) {
    until(handle, Status::is_ready).await;
}

async fn next_event(events: &mut mpsc::Receiver<Event>, wanted: impl Fn(&Event) -> bool) -> Event {
    loop {
        let event = soon(events.recv()).await.expect("the driver runs");
        if wanted(&event) {
            return event;
        }
    }
}

/// A simulated modem that runs by itself. The task ends with its last handle.
async fn serve(settings: modem_sim::Settings, place: Place) -> (Network, String) {
    let (server, network) = Server::open(Simulator::new(settings), place)
        .await
        .expect("a port");
    let address = server.address();
    tokio::spawn(server.run());
    (network, address)
}

async fn request(network: &Network, request: &str) -> serde_json::Value {
    let request = serde_json::from_str(request).expect("a request of the simulator");
    soon(network.request(request)).await.expect("an answer")
}

/// The network took a part. A fault that was asked for is told of before that.
async fn taken(watch: &mut broadcast::Receiver<modem_sim::Event>) {
    loop {
        let event = watch.recv().await.expect("the simulator runs");
        if matches!(event, modem_sim::Event::Submitted(_)) {
            return;
        }
    }
}

async fn submitted(network: &Network) -> usize {
    let answer = request(network, r#"{"do":"submitted"}"#).await;
    answer["submitted"].as_array().map_or(0, Vec::len)
}

fn at(link: &Path) -> Config {
    Config::new(Address::Path(link.to_owned()))
}

async fn over_a_pty(
    settings: modem_sim::Settings,
) -> (Network, Handle, mpsc::Receiver<Event>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("modem");
    let place = Place::Pty {
        link: Some(link.clone()),
    };
    let (network, _) = serve(settings, place).await;
    let (handle, events) = spawn(at(&link));
    ready(&handle).await;
    (network, handle, events, folder)
}

async fn carry_a_message_each_way(
    network: &Network,
    handle: &Handle,
    events: &mut mpsc::Receiver<Event>,
) {
    let accepted = soon(handle.send(1, &tpdu())).await.expect("accepted");
    assert!(accepted.reference.is_some());
    assert_eq!(submitted(network).await, 1);

    let hello = Incoming::new("+12025550100", "hello");
    soon(network.request(modem_sim::control::Request::Deliver(hello)))
        .await
        .expect("delivered");
    let event = next_event(events, |event| matches!(event, Event::Received { .. })).await;
    let Event::Received {
        origin: Origin::Stored(slot),
        pdu,
        ..
    } = event
    else {
        panic!("{event:?}")
    };
    let content = soon(handle.inspect(&slot)).await.expect("an answer");
    assert_eq!(content.pdu.as_ref(), Some(&pdu));
    assert_eq!(soon(handle.delete(&slot, &pdu)).await, Ok(Deleted::Freed));
    assert_eq!(
        soon(handle.delete(&slot, &pdu)).await,
        Ok(Deleted::AlreadyGone)
    );

    let answer = soon(handle.ussd("*100#")).await.expect("an answer");
    assert!(answer.text.reveal().starts_with("Your balance"));
}

#[tokio::test]
async fn a_message_goes_each_way_over_a_pseudo_terminal() {
    let (network, handle, mut events, _folder) = over_a_pty(modem_sim::Settings::default()).await;
    carry_a_message_each_way(&network, &handle, &mut events).await;
    assert_eq!(
        handle.status().borrow().operator.as_deref(),
        Some("Simulated Mobile")
    );
    soon(handle.shutdown()).await;
    assert_eq!(handle.status().borrow().phase, Phase::Stopped);
    assert!(matches!(
        handle.send(2, &tpdu()).await,
        Err(SendError::Retry { .. })
    ));
    assert_eq!(handle.ussd("*100#").await, Err(CommandError::Stopped));
}

#[tokio::test]
async fn a_message_goes_each_way_over_tcp() {
    let place = Place::Tcp("127.0.0.1:0".parse().expect("an address"));
    let (network, address) = serve(modem_sim::Settings::default(), place).await;
    let address = format!("tcp://{address}").parse().expect("an address");
    let (handle, mut events) = spawn(Config::new(address));
    ready(&handle).await;
    carry_a_message_each_way(&network, &handle, &mut events).await;
}

/// Eight messages, the cable pulled among them. What is told `Retry` is given again, as the outbox would.
#[tokio::test]
async fn the_port_goes_away_in_the_middle_of_a_queue_and_returns() {
    let settings = modem_sim::Settings {
        send_latency: Duration::from_millis(50),
        ..modem_sim::Settings::default()
    };
    let (network, handle, mut events, _folder) = over_a_pty(settings).await;
    let mut queue = JoinSet::new();
    for tag in 0..8 {
        let handle = handle.clone();
        queue.spawn(async move {
            loop {
                match handle.send(tag, &tpdu()).await {
                    Err(SendError::Retry { .. }) => ready(&handle).await,
                    other => return other,
                }
            }
        });
    }
    let mut outcomes = vec![
        soon(queue.join_next())
            .await
            .expect("eight were given")
            .expect("no panic"),
    ];
    request(&network, r#"{"do":"drop_port","seconds":0.5}"#).await;
    let hello = Incoming::new("+12025550100", "meanwhile");
    soon(network.request(modem_sim::control::Request::Deliver(hello)))
        .await
        .expect("taken by the network");
    while let Some(outcome) = soon(queue.join_next()).await {
        outcomes.push(outcome.expect("no panic"));
    }
    let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let unknown = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(SendError::Unknown { .. })))
        .count();
    assert_eq!(accepted + unknown, 8, "{outcomes:?}");
    assert!(
        unknown <= 1,
        "only what was on its way is in doubt: {outcomes:?}"
    );
    let submitted = submitted(&network).await;
    assert!(
        (accepted..=8).contains(&submitted),
        "{submitted} submitted, {accepted} accepted"
    );
    next_event(&mut events, |event| {
        matches!(event, Event::PhaseChanged(Phase::PortAbsent { .. }))
    })
    .await;
    next_event(&mut events, |event| matches!(event, Event::Received { .. })).await;
}

#[tokio::test]
async fn an_absent_port_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("modem");
    let (handle, _events) = spawn(at(&link));
    let status = until(&handle, |status| {
        matches!(status.phase, Phase::PortAbsent { .. })
    })
    .await;
    assert!(
        status
            .phase
            .to_string()
            .ends_with("modem is not there: waiting for the modem to be plugged in")
    );
    let refused = soon(handle.send(1, &tpdu())).await;
    assert!(
        matches!(refused, Err(SendError::Retry { .. })),
        "{refused:?}"
    );
    let (_network, _) = serve(
        modem_sim::Settings::default(),
        Place::Pty { link: Some(link) },
    )
    .await;
    ready(&handle).await;
}

#[tokio::test]
async fn what_is_no_serial_port_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for (what, words) in [("file", "is no serial port"), ("", "is no serial port")] {
        let path = folder.path().join(what);
        if !what.is_empty() {
            std::fs::write(&path, "").expect("a file");
        }
        let (handle, _events) = spawn(at(&path));
        let status = until(&handle, |status| {
            matches!(status.phase, Phase::PortUnusable { .. })
        })
        .await;
        assert!(status.phase.to_string().contains(words), "{}", status.phase);
        soon(handle.shutdown()).await;
    }
}

#[tokio::test]
async fn a_send_whose_caller_went_away_is_told_late() {
    let (network, handle, mut events, _folder) = over_a_pty(modem_sim::Settings::default()).await;
    request(&network, r#"{"do":"hold_next_send"}"#).await;
    let mut watch = network.subscribe();
    let message = tpdu();
    let mut gone = Box::pin(handle.send(7, &message));
    tokio::select! {
        outcome = &mut gone => panic!("{outcome:?}"),
        () = soon(taken(&mut watch)) => {}
    }
    // A second one that waits its turn behind it is taken back.
    let mut waiting = [
        Box::pin(handle.send(8, &message)),
        Box::pin(handle.send(9, &message)),
    ];
    for send in &mut waiting {
        assert!(futures_poll(send).await.is_none());
    }
    drop(gone);
    drop(waiting);
    request(&network, r#"{"do":"release"}"#).await;
    let is_late = |event: &Event| matches!(event, Event::LateOutcome { .. });
    let mut late = Vec::new();
    while late.len() < 3 {
        if let Event::LateOutcome { tag, outcome } = next_event(&mut events, is_late).await {
            late.push((tag, outcome.is_ok()));
        }
    }
    assert!(late.contains(&(7, true)), "{late:?}");
    let sent = late.iter().filter(|(_, sent)| *sent).count();
    assert_eq!(submitted(&network).await, sent, "{late:?}");
}

/// One poll of a future.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}

#[tokio::test]
async fn stopping_leaves_what_is_on_its_way_unknown_and_takes_back_the_rest() {
    let (network, handle, _events, _folder) = over_a_pty(modem_sim::Settings::default()).await;
    request(&network, r#"{"do":"hold_next_send"}"#).await;
    let mut watch = network.subscribe();
    let message = tpdu();
    let (first, second, ()) = soon(async {
        tokio::join!(handle.send(1, &message), handle.send(2, &message), async {
            taken(&mut watch).await;
            handle.shutdown().await;
        })
    })
    .await;
    assert!(matches!(first, Err(SendError::Unknown { .. })), "{first:?}");
    assert!(matches!(second, Err(SendError::Retry { .. })), "{second:?}");
    assert_eq!(submitted(&network).await, 1);
}

#[tokio::test]
async fn the_pin_is_entered_once_its_gate_allows_it() {
    for (decision, expected) in [
        (PinDecision::Enter, Phase::Ready),
        (PinDecision::Refuse, Phase::Blocked(Blocked::PinWithheld)),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("modem");
        let settings = modem_sim::Settings {
            pin: Some("1234".to_owned()),
            ..modem_sim::Settings::default()
        };
        let (_network, _) = serve(
            settings,
            Place::Pty {
                link: Some(link.clone()),
            },
        )
        .await;
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let gate = Arc::new(move |_attempt| {
            counter.fetch_add(1, Ordering::SeqCst);
            Box::pin(std::future::ready(decision))
                as std::pin::Pin<Box<dyn Future<Output = PinDecision> + Send>>
        });
        let pin = "1234".parse().expect("digits");
        let (handle, _events) = spawn(Config {
            pin: Some(PinEntry { pin, gate }),
            ..at(&link)
        });
        until(&handle, |status| status.phase == expected).await;
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

/// Many more messages than events may wait, taken slowly: none is lost.
#[tokio::test]
async fn a_slow_taker_loses_no_message() {
    let settings = modem_sim::Settings {
        sim_capacity: 30,
        ..modem_sim::Settings::default()
    };
    let (network, handle, mut events, _folder) = over_a_pty(settings).await;
    for number in 0..120 {
        let message = Incoming::new("+12025550100", &format!("number {number}"));
        soon(network.request(modem_sim::control::Request::Deliver(message)))
            .await
            .expect("taken");
    }
    let mut bodies = std::collections::BTreeSet::new();
    while bodies.len() < 120 {
        let event = next_event(&mut events, |event| matches!(event, Event::Received { .. })).await;
        let Event::Received {
            origin: Origin::Stored(slot),
            pdu,
            ..
        } = event
        else {
            continue;
        };
        bodies.insert(pdu.as_str().to_owned());
        soon(handle.delete(&slot, &pdu)).await.expect("freed");
    }
}

/// Row 23 of the list of quirks: a phone that drops bytes of a long PDU which come without a pause takes it in pieces.
#[tokio::test]
async fn a_phone_that_is_written_to_too_fast_takes_pieces() {
    // SMS-SUBMIT to +12025550100 with 140 octets of 8-bit data, by hand after 3GPP TS 23.040 §9.2.2.2.
    let mut long = vec![
        0x01, 0x00, 0x0B, 0x91, 0x21, 0x20, 0x55, 0x05, 0x01, 0xF0, 0x00, 0x04, 140,
    ];
    long.extend(0..140);
    for (pacing, expected) in [(Some((18, 20)), 1), (None, 0)] {
        let mut settings = modem_sim::Settings::default();
        settings.quirks.overrun = Some(modem_sim::Overrun {
            burst: 60,
            gap_ms: 10,
        });
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("modem");
        let place = Place::Pty {
            link: Some(link.clone()),
        };
        let (network, _) = serve(settings, place).await;
        let mut config = at(&link);
        config.pacing = pacing.map(|(piece, pause)| Pacing {
            piece,
            pause: Duration::from_millis(pause),
        });
        let (handle, _events) = spawn(config);
        ready(&handle).await;
        let sent = soon(handle.send(1, &long)).await;
        assert_eq!(sent.is_ok(), expected == 1, "{pacing:?}: {sent:?}");
        assert_eq!(submitted(&network).await, expected, "{pacing:?}");
        handle.shutdown().await;
    }
}
