//! `cargo xtask bench size`: how large the program for routers is, on disk and in memory, beside smsd and gammu-smsd.
//!
//! Ours is the program as it is handed out (profile `dist`, Telegram only) and as it is used: with its configuration, a
//! store, a modem and a Bot API server. All three are looked at from outside, on the same simulated modem.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::gammu::Gammu;
use super::program::{Program, Usage};
use super::simulator::{Pace, Simulator};
use super::smsd::Smsd;
use super::{Contender, Options, Player, installed, pause, shown, target_folder};
use crate::counterparts::Counterpart;
use crate::leftovers;
use crate::workspace::{self, Workspace, output};

/// The aims of the router build, in MiB.
const PROGRAM: f64 = 6.0;
const RESIDENT: f64 = 12.0;
/// So many SMS come in at once for the busy figure.
const MANY: u32 = 200;
const TOKEN: &str = "1000001:for-measuring-only";
const OWNER: u32 = 1001;

/// Measures, and prints the table.
///
/// # Errors
///
/// Something cannot be built or started, or does not do its work. Figures that are not reached are no error.
pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let target = build(workspace)?;
    let folder = options.dir.clone().unwrap_or_else(|| target.join("bench"));
    let mark = leftovers::mark();
    let idle = Duration::from_secs(if options.quick { 10 } else { 60 });
    let mut rows = Vec::new();
    let mut outcome = Ok(());
    for contender in [Contender::SmsBridge, Contender::Smsd, Contender::GammuSmsd] {
        if options.without.contains(&contender) {
            continue;
        }
        println!("{contender:?}");
        match measure(contender, &target, &folder, idle, &mark) {
            Ok(row) => rows.extend(row),
            Err(error) => outcome = Err(error),
        }
    }
    for left in leftovers::end(&mark, leftovers::PATIENCE) {
        println!("left behind and ended: {left}");
    }
    outcome?;
    println!("\n{}", Table(rows));
    Ok(true)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = workspace.cargo(["build", "--profile", "dist", "--locked", "--bins"]);
    command.args(["--package", "sms-bridge"]);
    command.args(["--no-default-features", "--features", "telegram"]);
    workspace::run(&mut command)?;
    let mut command = workspace.cargo(["build", "--release", "--locked", "--bins"]);
    command.args(["--package", "modem-sim", "--package", "bot-api-sim"]);
    workspace::run(&mut command)?;
    target_folder(workspace)
}

/// `None`: the program is not installed.
fn measure(
    contender: Contender,
    target: &Path,
    folder: &Path,
    idle: Duration,
    mark: &str,
) -> Result<Option<Row>> {
    let program = match contender {
        Contender::SmsBridge => target.join("dist/sms-bridge"),
        Contender::Smsd => match installed(Counterpart::Smstools) {
            Some(program) => program,
            None => return Ok(None),
        },
        Contender::GammuSmsd => match installed(Counterpart::GammuSmsd) {
            Some(program) => program,
            None => return Ok(None),
        },
        Contender::Bare => return Ok(None),
    };
    let folder = folder.join(format!("size-{contender:?}"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("failed to empty {}", shown(&folder)))?;
    }
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("failed to make {}", shown(&folder)))?;
    let sim = target.join("release/modem-sim");
    let mut simulator = Simulator::start(&sim, &folder, Pace::NoLatency, mark)?;
    let bot_api = target.join("release/bot-api-sim");
    let player: Box<dyn Player> = match contender {
        Contender::Smsd => Box::new(Smsd::start(&program, &folder, mark)?),
        Contender::GammuSmsd => Box::new(Gammu::start(&program, &folder, mark)?),
        Contender::SmsBridge | Contender::Bare => {
            Box::new(Router::start(&program, &bot_api, &folder, mark)?)
        }
    };
    // One of each, so that nothing of what comes up once is missing.
    simulator.deliver(0..1)?;
    simulator.until_empty()?;
    pause(idle);
    let quiet = player.usage().context("it has no process")?;
    simulator.deliver(1..1 + MANY)?;
    simulator.until_empty()?;
    pause(idle.min(Duration::from_secs(20)));
    let busy = player.usage().context("it has no process")?;
    Ok(Some(Row {
        contender,
        program: mib(std::fs::metadata(&program)?.len()),
        loaded: mib(libraries(&program)?),
        idle: quiet.resident_kib / 1024.0,
        idle_own: quiet.anonymous_kib / 1024.0,
        busy: busy.peak_kib / 1024.0,
    }))
}

/// The octets of the shared libraries that a program loads.
fn libraries(program: &Path) -> Result<u64> {
    let listed = output(Command::new("ldd").arg(program))?;
    let mut octets = 0;
    for line in listed.lines() {
        // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, `/lib64/ld-linux-x86-64.so.2 (0x…)`.
        let path = line.split_whitespace().find(|word| word.starts_with('/'));
        if let Some(path) = path {
            octets += std::fs::metadata(path)
                .with_context(|| format!("failed to look at {path}"))?
                .len();
        }
    }
    Ok(octets)
}

#[allow(clippy::cast_precision_loss, reason = "sizes of files")]
fn mib(octets: u64) -> f64 {
    octets as f64 / 1024.0 / 1024.0
}

/// The bridge as it is used, with a Bot API server beside it.
struct Router {
    program: Program,
    _bot_api: Program,
}

impl Router {
    fn start(program: &Path, bot_api: &Path, folder: &Path, mark: &str) -> Result<Self> {
        let mut command = Command::new(bot_api);
        command.args(["--token", TOKEN]).stdout(Stdio::piped());
        let mut bot_api = Program::start(&mut command, mark)?;
        let mut ready = String::new();
        BufReader::new(bot_api.output()?).read_line(&mut ready)?;
        let url = ready
            .split_whitespace()
            .last()
            .unwrap_or_default()
            .to_owned();
        ensure!(url.starts_with("http://"), "bot-api-sim did not start");
        act(&url, "user", &json!({ "id": OWNER, "first_name": "Olga" }))?;
        act(&url, "start", &json!({ "user": OWNER, "silent": true }))?;
        let file = folder.join("config.toml");
        let (data, modem) = (folder.join("data"), folder.join("modem"));
        let text = format!(
            "data_dir = \"{}\"\n[line.home]\nport = \"{}\"\nmay_text = [\"everywhere\"]\n[person.me]\nrole = \"owner\"\ntelegram = {OWNER}\n\
             [telegram]\ntoken = \"{TOKEN}\"\napi_url = \"{url}\"\n",
            data.display(),
            modem.display()
        );
        std::fs::write(&file, text)?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
        let log = std::fs::File::create(folder.join("log"))?;
        let mut command = Command::new(program);
        command
            .args(["run", "--config"])
            .arg(&file)
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(Self {
            program: Program::start(&mut command, mark)?,
            _bot_api: bot_api,
        })
    }
}

impl Player for Router {
    fn send(&mut self, _count: u32, _simulator: &mut Simulator) -> Result<()> {
        anyhow::bail!("nothing is sent here")
    }

    fn received(&mut self, _total: u32, _simulator: &mut Simulator) -> Result<()> {
        anyhow::bail!("nothing is counted here")
    }

    fn usage(&self) -> Option<Usage> {
        Some(self.program.usage())
    }
}

/// Somebody does something in front of the Bot API server.
fn act(url: &str, act: &str, body: &Value) -> Result<()> {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let body = body.to_string();
    write!(
        stream,
        "POST /control/{act} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{act}: {answer}");
    Ok(())
}

/// One program's figures, in MiB.
struct Row {
    contender: Contender,
    program: f64,
    /// Shared libraries.
    loaded: f64,
    idle: f64,
    /// What of `idle` is no file's: what it costs for sure.
    idle_own: f64,
    busy: f64,
}

struct Table(Vec<Row>);

/// What it is, what is to be reached, and where it stands.
type Line = (&'static str, Option<f64>, fn(&Row) -> f64);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| MiB | to reach | {} |",
            self.cells(|row| format!("{:?}", row.contender))
        )?;
        writeln!(f, "|---|---|{}", "---|".repeat(self.0.len()))?;
        let lines: [Line; 5] = [
            ("program on disk", Some(PROGRAM), |row| row.program),
            ("shared libraries that it loads", None, |row| row.loaded),
            ("resident, idle", Some(RESIDENT), |row| row.idle),
            ("of it not backed by files", None, |row| row.idle_own),
            ("resident at most, with 200 SMS at once", None, |row| {
                row.busy
            }),
        ];
        for (words, aim, figure) in lines {
            let aim = aim.map_or_else(String::new, |aim| format!("at most {aim:.0}"));
            let cells = self.cells(|row| format!("{:.1}", figure(row)));
            writeln!(f, "| {words} | {aim} | {cells} |")?;
        }
        Ok(())
    }
}

impl Table {
    fn cells(&self, cell: impl Fn(&Row) -> String) -> String {
        self.0.iter().map(cell).collect::<Vec<_>>().join(" | ")
    }
}
