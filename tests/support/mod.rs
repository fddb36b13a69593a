//! What the end-to-end tests share: the built program, its counterparts, and patience with a limit.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "each test program uses a part of it"
)]

pub(crate) mod bench;
pub(crate) mod bridge;
pub(crate) mod counterpart;
pub(crate) mod discretion;
pub(crate) mod matrix;
pub(crate) mod modem;
pub(crate) mod synapse;
pub(crate) mod telegram;
pub(crate) mod vm;

use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it. Generous: the machine may be busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The built program with no configuration in its environment.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sms-bridge"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SMS_BRIDGE__") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the program to its end with something on standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Output {
    use std::io::Write;

    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let input = input.to_owned();
    // On a thread of its own, as the program may write more than a pipe holds before it reads everything.
    let writer = std::thread::spawn(move || {
        // A program that ends before it read everything closes the pipe.
        drop(stdin.write_all(input.as_bytes()));
    });
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    output
}

/// What a program wrote to standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a program wrote to standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Waits for a process to end; `None` where it does not in time.
pub(crate) fn wait_for_end(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().expect("the process can be waited for") {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        pause();
    }
}

/// Between two looks at something that is waited for.
#[expect(
    clippy::disallowed_methods,
    reason = "there is no runtime here that it could block"
)]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
