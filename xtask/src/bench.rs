//! `cargo xtask bench modem`: what the send and receive loop does on a simulated modem, beside a bare AT client, smsd and
//! gammu-smsd on the same simulator in the same run. `cargo xtask bench store` is in `store.rs`, `bench size` in `size.rs`.
//!
//! Measured from outside only, and the same for all: by the simulator's own account of what it took and holds, by
//! `/proc`, and by each program's own sign that it is done (a mark, a file). Not part of CI: its figures are those of the
//! machine. What each figure means stands in `docs/performance.md`.

mod bare;
mod bridge;
mod files;
mod gammu;
mod program;
mod simulator;
mod size;
mod smsd;
mod store;
mod table;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::counterparts::Counterpart;
use crate::leftovers;
use crate::workspace::{self, Workspace};
use bare::Bare;
use bridge::Bridge;
use gammu::Gammu;
use program::Usage;
use simulator::{Pace, Simulator};
use smsd::Smsd;
use table::Figure;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// The modem loop with the store.
    Modem,
    /// The store alone, with few and with many messages in it.
    Store,
    /// The program for routers, on disk and in memory.
    Size,
}

/// How it is measured.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to measure.
    what: What,
    /// One round with fewer messages: about two minutes instead of ten (or twenty).
    #[arg(long)]
    quick: bool,
    /// Rounds for each figure of ours and of the bare client; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Leave a program out.
    #[arg(long, value_name = "NAME")]
    without: Vec<Contender>,
    /// Measure at this pace only.
    #[arg(long, value_name = "PACE")]
    only: Option<Pace>,
    /// Where stores and folders go: a disk, not a memory file system. Else below the target folder.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Contender {
    /// This program, with its store and a chat network that answers at once.
    SmsBridge,
    /// The fewest commands that do it, with nothing stored.
    Bare,
    /// smstools 3.
    Smsd,
    /// gammu.
    GammuSmsd,
}

impl Contender {
    const ALL: [Self; 4] = [Self::SmsBridge, Self::Bare, Self::Smsd, Self::GammuSmsd];

    /// How many messages, so that each takes some seconds whatever its speed.
    fn amounts(self, quick: bool) -> Amounts {
        let full = match self {
            Self::SmsBridge | Self::Bare => Amounts {
                out: 1_000,
                within: 2_000,
                single: 100,
            },
            Self::Smsd => Amounts {
                out: 20,
                within: 200,
                single: 10,
            },
            Self::GammuSmsd => Amounts {
                out: 15,
                within: 1_000,
                single: 20,
            },
        };
        if !quick {
            return full;
        }
        Amounts {
            out: (full.out / 3).max(8),
            within: full.within / 3,
            single: (full.single / 3).max(5),
        }
    }
}

/// Messages in one round.
#[derive(Clone, Copy, Debug)]
struct Amounts {
    /// Outgoing.
    out: u32,
    /// Incoming, all at once.
    within: u32,
    /// Incoming, each after the one before was taken.
    single: u32,
}

/// A program on the simulated modem.
trait Player {
    /// Hands over messages, and waits until the program says that they are sent.
    fn send(&mut self, count: u32, simulator: &mut Simulator) -> Result<()>;
    /// Waits until the program has taken over so many messages in all.
    fn received(&mut self, total: u32, simulator: &mut Simulator) -> Result<()>;
    /// What its processes used so far. `None`: it has none of its own.
    fn usage(&self) -> Option<Usage>;
}

/// Measures, and prints the table.
///
/// # Errors
///
/// Something cannot be built or started, or does not do its work. Figures that are not reached are no error.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    match options.what {
        What::Modem => modem(workspace, options),
        What::Store => store::run(workspace, options),
        What::Size => size::run(workspace, options),
    }
}

fn modem(workspace: &Workspace, options: &Options) -> Result<bool> {
    let target = build(workspace)?;
    let folder = options.dir.clone().unwrap_or_else(|| target.join("bench"));
    let mark = leftovers::mark();
    let bench = Bench {
        target,
        folder,
        mark: mark.clone(),
        quick: options.quick,
        only: options.only,
    };
    let rounds = if options.quick {
        1
    } else {
        options.rounds.max(1)
    };
    let mut table = table::Table::default();
    let mut outcome = Ok(());
    for contender in Contender::ALL {
        if options.without.contains(&contender) {
            continue;
        }
        let rounds = match contender {
            Contender::SmsBridge | Contender::Bare => rounds,
            // Their figures are averages over long enough a time.
            Contender::Smsd | Contender::GammuSmsd => 1,
        };
        for round in 1..=rounds {
            println!("{contender:?}, round {round} of {rounds}");
            outcome = bench.round(contender, &mut table);
            if outcome.is_err() {
                break;
            }
        }
        if outcome.is_err() {
            break;
        }
    }
    for left in leftovers::end(&mark, leftovers::PATIENCE) {
        println!("left behind and ended: {left}");
    }
    outcome?;
    println!("\n{table}");
    Ok(true)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = workspace.cargo(["build", "--release", "--locked", "--bins"]);
    command.args(["--package", "sms-bridge", "--package", "modem-sim"]);
    command.args(["--no-default-features", "--features", "sms-bridge/bench"]);
    workspace::run(&mut command)?;
    target_folder(workspace)
}

fn target_folder(workspace: &Workspace) -> Result<PathBuf> {
    let metadata = workspace.metadata(&["--no-deps"])?;
    let target = metadata
        .get("target_directory")
        .and_then(serde_json::Value::as_str)
        .context("cargo metadata names no target folder")?;
    Ok(PathBuf::from(target))
}

/// One run's surroundings.
struct Bench {
    target: PathBuf,
    folder: PathBuf,
    mark: String,
    quick: bool,
    only: Option<Pace>,
}

impl Bench {
    /// Everything once.
    fn round(&self, contender: Contender, table: &mut table::Table) -> Result<()> {
        let amounts = contender.amounts(self.quick);
        self.at_no_latency(contender, amounts, table)?;
        self.at_a_baud_rate(contender, amounts, table)?;
        self.with_slow_sends(contender, table)
    }

    fn at_no_latency(
        &self,
        contender: Contender,
        amounts: Amounts,
        table: &mut table::Table,
    ) -> Result<()> {
        let Some(mut stage) = self.stage(contender, Pace::NoLatency)? else {
            return Ok(());
        };
        stage.warm_up()?;
        if let Some(before) = stage.player.usage() {
            let (idle, since) = (self.idle(), Instant::now());
            pause(idle);
            let share = stage.cpu_since(before).as_secs_f64() / since.elapsed().as_secs_f64();
            table.note(Figure::IdleCpu, contender, share * 100.0);
        }
        let before = stage.player.usage();
        table.note(Figure::Out, contender, stage.outgoing(amounts.out)?);
        if let Some(before) = before {
            let each = stage.cpu_since(before).as_secs_f64() / f64::from(amounts.out);
            table.note(Figure::OutCpu, contender, each * 1000.0);
        }
        let before = stage.player.usage();
        table.note(Figure::In, contender, stage.incoming(amounts.within)?);
        if let Some(before) = before {
            let each = stage.cpu_since(before).as_secs_f64() / f64::from(amounts.within);
            table.note(Figure::InCpu, contender, each * 1000.0);
        }
        let mut waits = stage.one_by_one(amounts.single)?;
        table.note(Figure::Freed, contender, table::median(&mut waits));
        table.note(
            Figure::FreedWorst,
            contender,
            waits.iter().copied().fold(0.0, f64::max),
        );
        if let Some(usage) = stage.player.usage() {
            table.note(Figure::Resident, contender, usage.resident_kib / 1024.0);
        }
        Ok(())
    }

    fn at_a_baud_rate(
        &self,
        contender: Contender,
        amounts: Amounts,
        table: &mut table::Table,
    ) -> Result<()> {
        let Some(mut stage) = self.stage(contender, Pace::Baud)? else {
            return Ok(());
        };
        stage.warm_up()?;
        table.note(
            Figure::OutBaud,
            contender,
            stage.outgoing(amounts.out.min(300))?,
        );
        table.note(
            Figure::InBaud,
            contender,
            stage.incoming(amounts.within.min(600))?,
        );
        Ok(())
    }

    fn with_slow_sends(&self, contender: Contender, table: &mut table::Table) -> Result<()> {
        let Some(mut stage) = self.stage(contender, Pace::SlowSends)? else {
            return Ok(());
        };
        stage.warm_up()?;
        let count = if self.quick { 5 } else { 15 };
        table.note(Figure::OutSlow, contender, stage.outgoing(count)?);
        Ok(())
    }

    /// How long a program is watched while nothing happens.
    fn idle(&self) -> Duration {
        Duration::from_secs(if self.quick { 10 } else { 30 })
    }

    /// A fresh simulator with the program on it. `None`: the program is not installed, or this pace is not wanted.
    fn stage(&self, contender: Contender, pace: Pace) -> Result<Option<Stage>> {
        if self.only.is_some_and(|only| only != pace) {
            return Ok(None);
        }
        let folder = self.folder.join(format!("{contender:?}"));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("failed to empty {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("failed to make {}", folder.display()))?;
        let program = self.target.join("release/modem-sim");
        let simulator = Simulator::start(&program, &folder, pace, &self.mark)?;
        let player: Box<dyn Player> = match contender {
            Contender::SmsBridge => {
                let program = self.target.join("release/sms-bridge");
                Box::new(Bridge::start(&program, &folder, &self.mark)?)
            }
            Contender::Bare => Box::new(Bare::start(&folder)?),
            Contender::Smsd => {
                let Some(program) = installed(Counterpart::Smstools) else {
                    return Ok(None);
                };
                Box::new(Smsd::start(&program, &folder, &self.mark)?)
            }
            Contender::GammuSmsd => {
                let Some(program) = installed(Counterpart::GammuSmsd) else {
                    return Ok(None);
                };
                Box::new(Gammu::start(&program, &folder, &self.mark)?)
            }
        };
        Ok(Some(Stage {
            contender,
            player,
            simulator,
            came: 0,
        }))
    }
}

fn installed(counterpart: Counterpart) -> Option<PathBuf> {
    let path = counterpart.find();
    if path.is_none() {
        println!("{counterpart} is not installed: its column stays empty");
    }
    path
}

/// A program on a simulator. The program goes first when this is dropped.
struct Stage {
    contender: Contender,
    player: Box<dyn Player>,
    simulator: Simulator,
    /// Messages delivered so far.
    came: u32,
}

impl Stage {
    /// One to each contact, so that every room is there, and one in: what comes up once is no part of a figure.
    fn warm_up(&mut self) -> Result<()> {
        let count = if self.simulator.is_slow() {
            1
        } else {
            bridge::CONTACTS
        };
        self.player.send(count, &mut self.simulator)?;
        self.incoming(1).map(drop)
    }

    /// Messages a second, from handing them over until the program says that all are sent.
    fn outgoing(&mut self, count: u32) -> Result<f64> {
        let taken = self.simulator.status()?.submitted;
        let since = Instant::now();
        self.player.send(count, &mut self.simulator)?;
        let took = since.elapsed();
        let taken = self.simulator.status()?.submitted - taken;
        if taken != u64::from(count) {
            let words = format!("the network took {taken} messages instead of {count}");
            match self.contender {
                Contender::SmsBridge | Contender::Bare => anyhow::bail!(words),
                // A fault of theirs is no reason to end.
                Contender::Smsd | Contender::GammuSmsd => println!("  {words}"),
            }
        }
        Ok(f64::from(count) / took.as_secs_f64())
    }

    /// Messages a second, from the first delivery until the program has taken over all and every slot is free.
    fn incoming(&mut self, count: u32) -> Result<f64> {
        let since = Instant::now();
        self.simulator.deliver(self.came..self.came + count)?;
        self.came += count;
        self.simulator.until_empty()?;
        self.player.received(self.came, &mut self.simulator)?;
        Ok(f64::from(count) / since.elapsed().as_secs_f64())
    }

    /// For each of some messages the time from its delivery until its slot is free, in milliseconds.
    fn one_by_one(&mut self, count: u32) -> Result<Vec<f64>> {
        let mut waits = Vec::new();
        for _ in 0..count {
            // At no fixed phase of the program's own pauses.
            pause(Duration::from_millis(u64::from(97 + 53 * (self.came % 7))));
            let since = Instant::now();
            self.simulator.deliver(self.came..self.came + 1)?;
            self.simulator.until_empty()?;
            waits.push(since.elapsed().as_secs_f64() * 1000.0);
            self.came += 1;
        }
        self.player.received(self.came, &mut self.simulator)?;
        Ok(waits)
    }

    fn cpu_since(&self, before: Usage) -> Duration {
        let now = self.player.usage().map_or(before.cpu, |usage| usage.cpu);
        now.saturating_sub(before.cpu)
    }
}

/// Text of outgoing and incoming messages: what a person writes, and short enough for one part.
fn text(number: u32) -> String {
    format!("Message {number}: the shop is open until six, see you there.")
}

/// Looks every so often until the deadline.
fn until<T>(
    what: &str,
    patience: Duration,
    pace: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "still waiting for {what} after {patience:?}"
        );
        pause(pace);
    }
}

#[allow(clippy::disallowed_methods, reason = "xtask has no runtime to block")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
