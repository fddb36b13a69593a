//! What `conformance::fill` makes for benchmarks is what real traffic leaves: the same kinds of records, as many of each, and
//! nothing wrong with them.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bridge_core::chat::{Cursor, MessageState};
use bridge_core::conformance::instant::{self, InstantChat};
use bridge_core::conformance::{TestLine, fill};
use bridge_core::link::StorageSlot;
use bridge_core::store::{Report, check};
use bridge_core::{Bridge, Clock, Origin};

/// Each way.
const MESSAGES: u64 = 12;

async fn settled(bridge: &Bridge) {
    loop {
        let pending = bridge.handle().pending().await.unwrap();
        if pending.parts == 0 && pending.posts == 0 && pending.reports == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// One message at a time, as a modem and a chat network hand them over.
async fn traffic(folder: &Path) {
    let mut bridge = Bridge::open(instant::settings(folder.to_owned()))
        .await
        .unwrap();
    let (chat, line) = (Arc::<InstantChat>::default(), Arc::<TestLine>::default());
    let mut shown = chat.shown();
    bridge.attach_chat(chat).await.unwrap();
    let link = Arc::<TestLine>::clone(&line);
    bridge.attach_line(&instant::line(), link).await.unwrap();
    let (handle, network, home) = (bridge.handle(), instant::network(), instant::line());
    let mut gone = Vec::new();
    for number in 0..MESSAGES {
        let contact = instant::contact(number);
        let pdu = line.incoming(&contact, &instant::text(number)).remove(0);
        let slot = StorageSlot {
            memory: "SM".to_owned(),
            index: 1,
        };
        let received = vec![(Origin::Stored(slot), pdu.clone())];
        let before = std::mem::replace(&mut gone, vec![pdu]);
        let taken = handle.take_over(&home, before, received).await;
        taken.unwrap();
        settled(&bridge).await;
        let event = instant::written(number, &contact, Clock::system().now());
        let cursor = Cursor {
            key: "bench".to_owned(),
            value: number.to_string(),
        };
        let submitted = handle.submit(&network, vec![event], Some(cursor));
        submitted.await.unwrap();
        let sent = shown.wait_for(|shown| shown.state == Some(MessageState::Sent));
        drop(sent.await.unwrap());
        let part = line.sent_to(&contact).pop().unwrap();
        let report = line.delivered(&part);
        let taken = handle.sms_arrived(&home, Origin::Direct, report);
        taken.await.unwrap();
        let delivered = shown.wait_for(|shown| shown.state == Some(MessageState::Delivered));
        drop(delivered.await.unwrap());
        settled(&bridge).await;
    }
    bridge.stop().await;
}

fn looked_at(folder: &Path) -> Report {
    let report = check(folder).unwrap();
    assert!(report.is_fine(), "{report:?}");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filled_store_holds_what_real_traffic_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (real, filled) = (folder.path().join("real"), folder.path().join("filled"));
    traffic(&real).await;
    let mut there = 0;
    fill(&filled, 2 * MESSAGES, |count| there = count)
        .await
        .unwrap();
    assert_eq!(there, 2 * MESSAGES);

    let (real, filled) = (looked_at(&real), looked_at(&filled));
    assert_eq!(real.records.get("message"), Some(&(2 * MESSAGES)));
    assert_eq!(real.records, filled.records);
}
