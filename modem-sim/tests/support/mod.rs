//! A running `modem-sim` and what tests do with it. Processes are ended by id, each in a group of its own.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

/// A process that ends with this value, its children included.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Option<Pid>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .context("failed to start")?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        Ok(Self { child, group })
    }

    /// SIGTERM, and whether it ended in time.
    pub(crate) async fn stop(&mut self, patience: Duration) -> Result<std::process::ExitStatus> {
        if let Some(pid) = self.group {
            rustix::process::kill_process(pid, Signal::TERM)?;
        }
        let ended = tokio::time::timeout(patience, self.child.wait()).await;
        Ok(ended.context("it did not end in time")??)
    }

    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _mostly_gone = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }
}

/// A running simulator in a folder of its own.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) process: Process,
    pub(crate) ready: String,
    control: BufReader<UnixStream>,
    folder: TempDir,
}

impl Bench {
    /// Starts the program with `--pty modem` in a fresh folder.
    pub(crate) async fn start(options: &[&str]) -> Result<Self> {
        let folder = TempDir::new()?;
        let modem = folder.path().join("modem");
        Self::start_in(
            folder,
            &[&["--pty", &modem.display().to_string()], options].concat(),
        )
        .await
    }

    pub(crate) async fn start_in(folder: TempDir, options: &[&str]) -> Result<Self> {
        let socket = folder.path().join("control");
        let mut command = Command::new(env!("CARGO_BIN_EXE_modem-sim"));
        command
            .args(options)
            .arg("--control")
            .arg(&socket)
            .stdout(Stdio::piped());
        let mut process = Process::start(&mut command)?;
        let stdout = process.child.stdout.take().context("no standard output")?;
        let mut ready = String::new();
        let line = BufReader::new(stdout).read_line(&mut ready).await?;
        ensure!(line > 0, "modem-sim ended before it was ready");
        let control = BufReader::new(UnixStream::connect(&socket).await?);
        let ready = ready.trim().to_owned();
        Ok(Self {
            process,
            ready,
            control,
            folder,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn modem(&self) -> PathBuf {
        self.folder.path().join("modem")
    }

    /// A request as it stands, and its answer.
    pub(crate) async fn ask_raw(&mut self, line: &str) -> Result<Value> {
        self.control
            .get_mut()
            .write_all(format!("{line}\n").as_bytes())
            .await?;
        let mut answer = String::new();
        let answered = self.control.read_line(&mut answer);
        tokio::time::timeout(Duration::from_secs(10), answered)
            .await
            .context("no answer on the control socket")??;
        Ok(serde_json::from_str(&answer)?)
    }

    /// A request that has to succeed.
    pub(crate) async fn ask(&mut self, request: Value) -> Result<Value> {
        let answer = self.ask_raw(&request.to_string()).await?;
        ensure!(
            answer.get("ok") == Some(&Value::Bool(true)),
            "{request}: {answer}"
        );
        Ok(answer)
    }

    pub(crate) async fn deliver(&mut self, from: &str, text: &str, order: &[u8]) -> Result<()> {
        let request = json!({ "do": "deliver", "from": from, "text": text, "order": order });
        self.ask(request).await.map(drop)
    }

    /// The texts of all whole messages, in order of submission.
    pub(crate) async fn messages(&mut self) -> Result<Vec<String>> {
        let answer = self.ask(json!({ "do": "submitted" })).await?;
        Ok(strings(&answer, "messages", "text"))
    }
}

/// The field of each object in a list.
pub(crate) fn strings(answer: &Value, list: &str, field: &str) -> Vec<String> {
    let items = answer.get(list).and_then(Value::as_array);
    let text = |item: &Value| item.get(field).and_then(Value::as_str).map(str::to_owned);
    items.into_iter().flatten().filter_map(text).collect()
}

/// A command over the pseudo-terminal and what was printed until `OK`. An end of file or an error is an error here.
pub(crate) async fn command(modem: &Path, written: &str) -> Result<String> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let port = rustix::fs::open(modem, flags, Mode::empty())?;
    rustix::io::write(&port, written.as_bytes())?;
    let mut read = Vec::new();
    until("OK", Duration::from_secs(20), async || {
        let mut buffer = [0; 256];
        match rustix::io::read(&port, &mut buffer) {
            Ok(count) => read.extend(buffer.iter().take(count)),
            Err(rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        let text = String::from_utf8_lossy(&read).into_owned();
        Ok(text.ends_with("OK\r\n").then_some(text))
    })
    .await
}

/// Looks every so often until the deadline.
pub(crate) async fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("still waiting for {what} after {patience:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The program by its variable or on the search path. `None`, said on standard output, where it is missing and
/// `SMS_BRIDGE_REQUIRE` does not insist on it, or where that names others and so leaves it out.
pub(crate) fn program(name: &str, variable: &str, package: &str) -> Result<Option<PathBuf>> {
    let required = std::env::var("SMS_BRIDGE_REQUIRE").unwrap_or_default();
    let insists = required
        .split(',')
        .any(|required| required.trim() == package);
    if !required.is_empty() && !insists {
        say(&format!("skipped: {package} was left out"));
        return Ok(None);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let on_path = || {
        folders
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())
    };
    let found = std::env::var_os(variable)
        .map(PathBuf::from)
        .or_else(on_path);
    match found {
        None if insists => {
            bail!("{name} is missing: install {package} (apt-get install {package})")
        }
        None => say(&format!("skipped: {name} is missing, install {package}")),
        Some(_) => {}
    }
    Ok(found)
}

pub(crate) fn say(line: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stdout(), "{line}"));
}
