//! The built program `sms-bridge run` with a configuration of its own.

#![allow(clippy::print_stderr, reason = "a test that fails shows the log")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::counterpart::until;
use super::discretion;
use super::{PATIENCE, program};

/// Keys of a simulated line, which costs nothing.
pub(crate) const PLENTY: &str = "messages_per_minute = 100000\nparts_per_day = 10000000\nconfirm_parts = 255\n\
                                 may_text = [\"everywhere\"]\n";

/// The bridge, running or stopped, with its folder.
pub(crate) struct Bridge {
    folder: TempDir,
    child: Option<Child>,
}

impl Bridge {
    /// Starts the program. `data_dir` and `log` need not be in the configuration; lines may spend what they want.
    pub(crate) fn start(config: &str) -> Self {
        let config = config.replace("[line.home]\n", &format!("[line.home]\n{PLENTY}"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        let file = folder.path().join("config.toml");
        let text = format!(
            "data_dir = \"{}\"\nlog = \"debug\"\n{config}",
            data.display()
        );
        fs::write(&file, text).expect("a file in it");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its permissions");
        let mut bridge = Self {
            folder,
            child: None,
        };
        bridge.restart();
        bridge
    }

    /// Starts it again, after [`stop`](Self::stop) or [`kill`](Self::kill).
    pub(crate) fn restart(&mut self) {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("a log file");
        let mut command = Command::from(program());
        command
            .args(["run", "--config"])
            .arg(self.folder.path().join("config.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log once more"))
            .stderr(log)
            .kill_on_drop(true);
        self.child = Some(command.spawn().expect("sms-bridge starts"));
    }

    /// Waits until the first look at the SIM is over: what comes before that is told in one post.
    pub(crate) async fn looked(&self) {
        until(async || self.log().contains("first look at the SIM is over")).await;
    }

    /// A folder of its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// SIGTERM: it stops within 5 s, with everything stored.
    pub(crate) async fn stop(&mut self) {
        let asked = Instant::now();
        let status = self.signal(Signal::TERM).await;
        assert!(status.success(), "{status}\n{}", self.log());
        assert!(asked.elapsed() < Duration::from_secs(5));
    }

    /// SIGKILL: it has no time for anything.
    pub(crate) async fn kill(&mut self) {
        self.signal(Signal::KILL).await;
    }

    async fn signal(&mut self, signal: Signal) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        let pid = pid
            .and_then(Pid::from_raw)
            .expect("it has not ended by itself");
        rustix::process::kill_process(pid, signal).expect("it can be signalled");
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        let ended = ended.expect("it ends").expect("its end can be seen");
        let told = discretion::indiscreet(&self.log());
        assert!(told.is_empty(), "what the log must not say: {told:#?}");
        ended
    }
}

/// A test that fails shows what the bridge logged.
impl Drop for Bridge {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the bridge's log:\n{}", self.log());
        }
    }
}
