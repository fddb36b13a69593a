//! A real Synapse in a folder of its own, on loopback, ended with the value that holds it.

#![allow(
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what it skips, and ends where it fails"
)]

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::Mutex;

/// A start takes 3 s on an idle machine.
const START: Duration = Duration::from_secs(90);

/// Whether the homeserver slows its users down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limits {
    /// As Synapse comes.
    Default,
    /// Not at all.
    Off,
}

/// A running homeserver.
pub(crate) struct Synapse {
    process: Child,
    folder: TempDir,
    port: u16,
    python: std::ffi::OsString,
    limits: Limits,
}

/// The one that tests share while any of them uses it.
static SHARED: Mutex<Weak<Synapse>> = Mutex::const_new(Weak::new());

impl Synapse {
    /// One without limits that other tests use at the same time, under other names. `None` as in [`start`](Self::start).
    pub(crate) async fn shared() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(Self::start(Limits::Off).await?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// Starts one. `None`, said on standard output, where there is no Synapse and nobody insists on it.
    pub(crate) async fn start(limits: Limits) -> Option<Self> {
        let Some(python) = std::env::var_os("SMS_BRIDGE_SYNAPSE_PYTHON") else {
            let required = std::env::var("SMS_BRIDGE_REQUIRE").unwrap_or_default();
            assert!(
                required.split(',').all(|name| name != "synapse"),
                "SMS_BRIDGE_SYNAPSE_PYTHON is not set: run cargo xtask test"
            );
            println!("skipped: needs synapse, run cargo xtask test");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let port = free_port();
        write_configuration(folder.path(), port);
        let process = spawn(&python, folder.path(), limits);
        let mut synapse = Self {
            process,
            folder,
            port,
            python,
            limits,
        };
        synapse.wait_until_ready().await;
        Some(synapse)
    }

    /// Its client API.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Stops it as a power cut would; everything on disk stays.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("the process can be ended");
        self.process.wait().expect("the process ends");
    }

    /// Starts it again on the same data.
    pub(crate) async fn start_again(&mut self) {
        self.process = spawn(&self.python, self.folder.path(), self.limits);
        self.wait_until_ready().await;
    }

    async fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + START;
        let health = format!("{}/health", self.url());
        loop {
            let answer = reqwest::get(&health).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.process.try_wait().expect("the process can be asked");
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.folder.path().join("log"));
                panic!(
                    "Synapse did not start: {ended:?}\n{}",
                    log.unwrap_or_default()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Synapse {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("loopback has a free port")
        .port()
}

fn spawn(python: &std::ffi::OsStr, folder: &Path, limits: Limits) -> Child {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("the log can be written");
    let mut command = Command::new(python);
    command
        .args(["-m", "synapse.app.homeserver", "-c", "homeserver.yaml"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle of the log"))
        .stderr(log);
    if limits == Limits::Off {
        command.args(["-c", "unlimited.yaml"]);
    }
    command.spawn().expect("Synapse can be started")
}

fn write_configuration(folder: &Path, port: u16) {
    let homeserver = format!(
        r#"server_name: "localhost"
pid_file: "homeserver.pid"
listeners:
  - {{port: {port}, bind_addresses: ["127.0.0.1"], type: http, tls: false, resources: [{{names: [client], compress: false}}]}}
database: {{name: sqlite3, args: {{database: "homeserver.db"}}}}
media_store_path: "media"
signing_key_path: "signing.key"
log_config: "log.yaml"
report_stats: false
trusted_key_servers: []
suppress_key_server_warning: true
bcrypt_rounds: 4
presence: {{enabled: false}}
enable_registration: true
enable_registration_without_verification: true
macaroon_secret_key: "for-tests-only"
form_secret: "for-tests-only"
"#
    );
    let many = "{per_second: 10000, burst_count: 10000}";
    let unlimited = format!(
        "rc_message: {many}\nrc_registration: {many}\n\
         rc_login: {{address: {many}, account: {many}, failed_attempts: {many}}}\n\
         rc_joins: {{local: {many}, remote: {many}}}\nrc_joins_per_room: {many}\n\
         rc_invites: {{per_room: {many}, per_user: {many}, per_issuer: {many}}}\nrc_room_creation: {many}\n"
    );
    let log = "version: 1\nhandlers: {console: {class: logging.StreamHandler}}\n\
               root: {level: WARNING, handlers: [console]}\ndisable_existing_loggers: false\n";
    // 32 octets of zero: nobody else has to trust this server.
    let key = format!("ed25519 a_test {}\n", "A".repeat(43));
    for (name, content) in [
        ("homeserver.yaml", homeserver.as_str()),
        ("unlimited.yaml", &unlimited),
        ("log.yaml", log),
        ("signing.key", &key),
    ] {
        std::fs::File::create(folder.join(name))
            .and_then(|mut file| file.write_all(content.as_bytes()))
            .expect("the configuration can be written");
    }
}
