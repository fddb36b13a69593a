//! A real disk of 8 MB that fills up in the middle of traffic: what cannot be stored is refused and stays where it is, and
//! once there is room everything goes on by itself, each message exactly once.
//!
//! The disk is a tmpfs in a mount namespace of its own: the test runs itself there again.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may be blunt"
)]

mod world;

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bridge_core::chat::{Audience, Author, Body, ChatEvent, Network, Place};
use bridge_core::conformance::{Counterpart, TestLine};
use bridge_core::link::RawPdu;
use bridge_core::{
    Bridge, BridgeError, BridgeHandle, LineName, Origin, People, Role, Settings, Timestamp,
};
use tokio::task::JoinSet;
use world::memory::MemoryChat;
use world::{NUMBER, World, home};

const DISK: &str = "SMS_BRIDGE_TEST_DISK";
const MESSAGES: usize = 160;

/// Runs this test again where a small disk is mounted. `None`: this is it.
fn elsewhere(test: &str) -> Option<()> {
    if std::env::var_os(DISK).is_some() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        program.args(["--user", "--map-root-user"]);
    }
    let script = "mount -t tmpfs -o size=8m tmpfs \"$1\" || exit 77; shift; exec \"$@\"";
    program
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(DISK, folder.path());
    let output = match program.output() {
        Ok(output) => output,
        Err(error) => {
            println!("skipped: needs unshare of util-linux ({error})");
            return Some(());
        }
    };
    let (said, failed) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    if output.status.success() {
        assert!(said.contains("1 passed"), "{said}{failed}");
    } else if output.status.code() == Some(101) {
        panic!("{said}{failed}");
    } else {
        println!("skipped: no disk can be mounted here, run as root ({failed})");
    }
    Some(())
}

/// Something else on the disk.
struct Ballast(PathBuf);

impl Ballast {
    /// Fills the disk until so much is left.
    fn fill(folder: &Path, left: u64) -> Self {
        let path = folder.join("ballast");
        let mut file = File::options()
            .append(true)
            .create(true)
            .open(&path)
            .unwrap();
        let chunk = [1_u8; 4096];
        while free(folder) > left {
            match file.write_all(&chunk) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
        Self(path)
    }

    fn remove(self) {
        std::fs::remove_file(self.0).unwrap();
    }
}

fn free(folder: &Path) -> u64 {
    let disk = rustix::fs::statvfs(folder).unwrap();
    disk.f_bavail * disk.f_frsize
}

/// What a modem does with what it received: hands it over until it is taken.
async fn receive(
    bridge: BridgeHandle,
    line: LineName,
    pdus: Vec<RawPdu>,
    refused: Arc<AtomicUsize>,
) {
    for pdu in pdus {
        let arrived = || bridge.sms_arrived(&line, Origin::Direct, pdu.clone());
        while let Err(error) = arrived().await {
            assert!(error.to_string().contains("the disk is full"), "{error}");
            refused.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What a chat network does with what people wrote.
async fn write(bridge: BridgeHandle, texts: Vec<String>, refused: Arc<AtomicUsize>) {
    for text in texts {
        while let Err(error) = submit(&bridge, &text).await {
            assert!(error.to_string().contains("the disk is full"), "{error}");
            refused.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn submit(bridge: &BridgeHandle, text: &str) -> Result<(), BridgeError> {
    let event = ChatEvent {
        id: text.to_owned(),
        author: Author {
            id: "1".to_owned(),
            name: "Me".to_owned(),
            is_person: true,
        },
        place: Place {
            chat: "chat".to_owned(),
            thread: None,
        },
        message: text.to_owned(),
        reply_to: None,
        audience: Audience::Bridge,
        body: Body::Text(format!("/send {NUMBER} {text}")),
        at: Timestamp(0),
    };
    let network = Network("memory".to_owned());
    bridge.submit(&network, vec![event], None).await.map(drop)
}

/// What is posted, without the bridge's own words.
async fn count(world: &mut World, text: &str) -> usize {
    let timeline = world.chat.timeline().await;
    let posts = timeline.iter().filter(|seen| seen.by_bridge);
    posts.filter(|seen| seen.text.contains(text)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_refuses_what_is_new_and_goes_on_when_there_is_room() {
    if elsewhere("a_disk_that_fills_up_refuses_what_is_new_and_goes_on_when_there_is_room")
        .is_some()
    {
        return;
    }
    let disk = PathBuf::from(std::env::var_os(DISK).unwrap());
    let data = disk.join("data");
    let line: Arc<TestLine> = Arc::default();
    let mut world = World::open(&data, MemoryChat::default(), Arc::clone(&line), Role::Owner).await;
    let incoming: Vec<String> = (0..MESSAGES).map(|n| format!("in {n}.")).collect();
    let outgoing: Vec<String> = (0..MESSAGES).map(|n| format!("out {n}.")).collect();
    let ballast = Ballast::fill(&disk, 2 * 1024 * 1024 + 400 * 1024);

    // Traffic both ways fills up what is left.
    let refused: [Arc<AtomicUsize>; 2] = Default::default();
    let pdus = incoming
        .iter()
        .flat_map(|text| line.incoming("+12025550111", text))
        .collect();
    let mut traffic = JoinSet::new();
    let [refused_in, refused_out] = refused.clone();
    traffic.spawn(receive(world.bridge.handle(), home(), pdus, refused_in));
    traffic.spawn(write(world.bridge.handle(), outgoing.clone(), refused_out));
    world
        .until("both ways are refused", |_| {
            refused
                .iter()
                .all(|count| count.load(Ordering::Relaxed) > 2)
        })
        .await;
    let told = world.post("disk of the bridge is nearly full").await;
    assert!(told.text.contains("free in"), "{}", told.text);
    assert!(count(&mut world, "in 0.").await == 1 && !world.sent().is_empty());

    // Something else takes the rest: nothing at all is written, and what only reads still works.
    let ballast = {
        drop(ballast);
        Ballast::fill(&disk, 0)
    };
    assert!(free(&disk) < 8192, "{}", free(&disk));
    let length = || std::fs::metadata(data.join("store/db")).unwrap().len();
    // What was under way while the disk filled up ends in the first round.
    let mut log = None;
    for _round in 0..2 {
        let before = refused
            .each_ref()
            .map(|count| count.load(Ordering::Relaxed));
        world
            .until("both are refused again and again", |_| {
                let now = refused
                    .each_ref()
                    .map(|count| count.load(Ordering::Relaxed));
                now.iter()
                    .zip(before)
                    .all(|(now, before)| *now > before + 10)
            })
            .await;
        world.bridge.handle().pending().await.unwrap();
        if log.is_none() {
            // The database's own thread wakes twice a second, and may have something left from before.
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
        assert!(
            log.is_none_or(|log| log == length()),
            "something was written"
        );
        log = Some(length());
    }

    // There is room: everything goes on by itself.
    ballast.remove();
    let all = async {
        while let Some(ended) = traffic.join_next().await {
            ended.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .unwrap();
    world.settled().await;
    world.post("There is room on the disk").await;
    assert_eq!(count(&mut world, "nearly full").await, 1, "told once");
    assert_eq!(count(&mut world, "possible repeat").await, 0);
    for text in &incoming {
        assert_eq!(count(&mut world, &format!("\n{text}")).await, 1, "{text}");
    }
    assert_eq!(world.sent(), outgoing, "in order, each once");

    // A start on a full disk changes nothing, and says what to do.
    let World { bridge, chat, .. } = world;
    bridge.stop().await;
    let ballast = Ballast::fill(&disk, 0);
    let settings = Settings::new(data.clone(), People::default(), Vec::new());
    let error = Bridge::open(settings).await.err().unwrap().to_string();
    assert!(
        error.contains("the disk is full") && error.contains("make room"),
        "{error}"
    );
    ballast.remove();
    let mut world = World::open(&data, chat, line, Role::Owner).await;
    submit(&world.bridge.handle(), &outgoing[0]).await.unwrap();
    world.settled().await;
    assert_eq!(world.sent().len(), MESSAGES, "it is known as a repetition");
    assert_eq!(count(&mut world, "in 7.").await, 1);
}
