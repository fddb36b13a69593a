//! Everything that takes part: the program, the modem with its network, two chat networks and somebody in front of them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::bridge::Bridge;
use crate::matrix::MatrixUser;
use crate::modem::Modem;
use crate::synapse::{Limits, Synapse};
use crate::telegram::{OWNER, Telegram};
use crate::{Options, PATIENCE};

/// All of it.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    kept: Mutex<Option<TempDir>>,
    pub(crate) modem: Mutex<Modem>,
    pub(crate) telegram: Telegram,
    pub(crate) synapse: Mutex<Synapse>,
    pub(crate) me: Mutex<MatrixUser>,
    /// The bridge's Matrix account.
    pub(crate) bot: String,
    pub(crate) bridge: Mutex<Bridge>,
}

impl Stage {
    /// Starts everything, and waits until the program is up. `None`: something is not there, which was said.
    pub(crate) async fn set(options: &Options) -> Option<Self> {
        let seed = options.seed.to_string();
        let faults = [
            "--seed",
            &seed,
            "--fault-rates",
            "1",
            "--send-latency",
            "80",
        ];
        let modem = Modem::start(&faults).await?;
        let kept = tempfile::tempdir().expect("a temporary folder");
        let folder = kept.path().to_owned();
        let telegram = Telegram::start(&folder).await?;
        let synapse = Synapse::start(Limits::Off).await?;
        let url = synapse.url();
        let me = MatrixUser::register(&url, "me", "mine").await;
        let bot = MatrixUser::register(&url, "sms", "for tests only").await;
        let config = format!(
            "[person.me]\nrole = \"owner\"\ntelegram = {OWNER}\nmatrix = \"{}\"\n{}\
             [matrix]\nhomeserver = \"{url}\"\nuser = \"{}\"\npassword = \"for tests only\"\n\
             [line.home]\nport = \"{}\"\nmessages_per_minute = 100000\nparts_per_day = 10000000\n\
             confirm_parts = 255\nmay_text = [\"everywhere\"]\n",
            me.id,
            telegram.config(),
            bot.id,
            modem.port().display(),
        );
        let bridge = Bridge::start(&folder, &config);
        let stage = Self {
            folder,
            kept: Mutex::new(Some(kept)),
            modem: Mutex::new(modem),
            telegram,
            synapse: Mutex::new(synapse),
            me: Mutex::new(me),
            bot: bot.id,
            bridge: Mutex::new(bridge),
        };
        // Everything is up once a new SMS stands in both chats; what a SIM holds before the first start is no new one.
        let deadline = Instant::now() + PATIENCE;
        for number in 0_u64.. {
            let text = format!("first {number}.");
            let mut modem = stage.modem.lock().await;
            modem.deliver("+12025550199", &text).await;
            drop(modem);
            tokio::time::sleep(Duration::from_secs(3)).await;
            let shown = stage.telegram.messages().await;
            let shown = shown
                .iter()
                .any(|one| one["text"].to_string().contains("first "));
            let there = stage.me.lock().await.timeline().await;
            if shown && there.iter().any(|one| one.text.contains("first ")) {
                break;
            }
            let ended = stage.bridge.lock().await.has_ended();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "the bridge does not come up ({ended:?}), see {}",
                stage.folder.display()
            );
        }
        Some(stage)
    }

    /// From now on nothing goes wrong any more.
    pub(crate) async fn calm(&self) {
        self.modem
            .lock()
            .await
            .ask(json!({ "do": "fault_rates", "seed": 1, "times": 0 }))
            .await;
        let ended = self.bridge.lock().await.has_ended();
        assert!(ended.is_none(), "the bridge ended by itself: {ended:?}");
    }

    /// Ends everything.
    pub(crate) async fn end(&self, keep: bool) {
        self.bridge.lock().await.end().await;
        self.telegram.end().await;
        self.synapse.lock().await.kill();
        if keep && let Some(kept) = self.kept.lock().await.take() {
            println!("kept: {}", kept.keep().display());
        }
    }
}
