//! SIGKILL at random instants, each victim at its own pace.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::chance::Chance;
use crate::stage::Stage;

/// How often what was ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kills {
    bridge: usize,
    telegram: usize,
    synapse: usize,
    port: usize,
}

impl fmt::Display for Kills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bridge,
            telegram,
            synapse,
            port,
        } = self;
        let all = bridge + telegram + synapse + port;
        write!(
            f,
            "{all} kills: {bridge} of the program, {telegram} of the Bot API server, {synapse} of Synapse, {port} of the port"
        )
    }
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Kills until then.
pub(crate) async fn run(stage: &Arc<Stage>, seed: u64, until: Instant) -> Kills {
    let (bridge, telegram, synapse, port) = tokio::join!(
        tokio::spawn(end_bridge(Arc::clone(stage), Chance::new(seed, 1), until)),
        tokio::spawn(end_telegram(Arc::clone(stage), Chance::new(seed, 2), until)),
        tokio::spawn(end_synapse(Arc::clone(stage), Chance::new(seed, 3), until)),
        tokio::spawn(end_port(Arc::clone(stage), Chance::new(seed, 4), until)),
    );
    Kills {
        bridge: bridge.expect("no victim is missing"),
        telegram: telegram.expect("no victim is missing"),
        synapse: synapse.expect("no victim is missing"),
        port: port.expect("no victim is missing"),
    }
}

/// Whether there is time for another one after this wait.
async fn wait(wait: Duration, until: Instant) -> bool {
    let left = until.saturating_duration_since(Instant::now());
    tokio::time::sleep(wait.min(left)).await;
    wait < left
}

async fn end_bridge(stage: Arc<Stage>, mut chance: Chance, until: Instant) -> usize {
    let mut kills = 0;
    loop {
        // Most lives are too short to get anything done; some are not.
        let life = match chance.one_in(12) {
            true => chance.between(millis(6_000), millis(14_000)),
            false => chance.between(millis(200), millis(3_000)),
        };
        if !wait(life, until).await {
            return kills;
        }
        let mut bridge = stage.bridge.lock().await;
        let ended = bridge.has_ended();
        assert!(
            ended.is_none(),
            "the bridge ended by itself: {ended:?}, see {}",
            stage.folder.display()
        );
        bridge.kill(chance.between(millis(0), millis(100))).await;
        kills += 1;
    }
}

async fn end_telegram(stage: Arc<Stage>, mut chance: Chance, until: Instant) -> usize {
    let mut kills = 0;
    while wait(chance.between(millis(8_000), millis(30_000)), until).await {
        stage
            .telegram
            .kill(chance.between(millis(0), millis(4_000)))
            .await;
        kills += 1;
    }
    kills
}

async fn end_synapse(stage: Arc<Stage>, mut chance: Chance, until: Instant) -> usize {
    let mut kills = 0;
    while wait(chance.between(millis(20_000), millis(60_000)), until).await {
        let mut synapse = stage.synapse.lock().await;
        synapse.kill();
        tokio::time::sleep(chance.between(millis(0), millis(2_000))).await;
        synapse.start_again().await;
        kills += 1;
    }
    kills
}

async fn end_port(stage: Arc<Stage>, mut chance: Chance, until: Instant) -> usize {
    let mut kills = 0;
    while wait(chance.between(millis(15_000), millis(40_000)), until).await {
        let seconds = 1 + chance.below(3);
        stage
            .modem
            .lock()
            .await
            .ask(json!({ "do": "drop_port", "seconds": seconds }))
            .await;
        kills += 1;
    }
    kills
}
