//! The built program, which may be killed at any instant.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

/// The program in its folder.
pub(crate) struct Bridge {
    folder: PathBuf,
    child: Child,
}

impl Bridge {
    /// Starts it with this configuration.
    pub(crate) fn start(folder: &Path, config: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;

        let file = folder.join("config.toml");
        let data = folder.join("data");
        let text = format!(
            "data_dir = \"{}\"\nlog = \"info,adapter_matrix=debug\"\n{config}",
            data.display()
        );
        std::fs::write(&file, text).expect("the configuration can be written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))
            .expect("its permissions");
        Self {
            folder: folder.to_owned(),
            child: spawn(folder),
        }
    }

    /// SIGKILL, and a new life after `pause`.
    pub(crate) async fn kill(&mut self, pause: std::time::Duration) {
        self.child.kill().await.expect("it can be killed");
        tokio::time::sleep(pause).await;
        self.child = spawn(&self.folder);
    }

    /// SIGKILL.
    pub(crate) async fn end(&mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Whether it ended by itself, which it never should.
    pub(crate) fn has_ended(&mut self) -> Option<String> {
        let ended = self.child.try_wait().expect("it can be asked");
        ended.map(|status| status.to_string())
    }
}

fn spawn(folder: &Path) -> Child {
    let program = std::env::var_os("SMS_BRIDGE_BIN").expect("xtask says where it is");
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("a log file");
    let mut command = Command::new(program);
    command
        .args(["run", "--config"])
        .arg(folder.join("config.toml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("the log once more"))
        .stderr(log)
        .kill_on_drop(true);
    command.spawn().expect("sms-bridge starts")
}
