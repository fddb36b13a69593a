//! Finding the programs that a test talks to, and waiting for what they show.

#![allow(clippy::print_stdout, reason = "what is skipped has to be said")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use super::PATIENCE;

/// Where `cargo xtask test` says that a counterpart is. `None`: it is not there, which was said; the test returns.
pub(crate) fn counterpart(name: &str, variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        let required = std::env::var("SMS_BRIDGE_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|one| one == name),
            "{name} must not be skipped, but {variable} is not set"
        );
        println!("skipped: needs {name}, run cargo xtask test");
    }
    found
}

/// What a simulator of ours says behind `ready` once it can be talked to.
pub(crate) async fn ready(child: &mut Child) -> String {
    let stdout = child.stdout.take().expect("standard output is piped");
    let (mut reader, mut line) = (BufReader::new(stdout), String::new());
    let read = tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await;
    read.expect("it is ready in time")
        .expect("its line is text");
    let words = line.trim().strip_prefix("ready ");
    words.expect("its line says that it is ready").to_owned()
}

/// Looks again and again until something holds, or [`PATIENCE`] is over. The caller asserts what it then sees.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
