//! Finds processes that a test run started and did not end: they hold ports and pseudo-terminals, and eat the machine.
//!
//! Every process of a run carries a mark in its environment, which its children inherit even when they turn themselves
//! into daemons. Linux only; elsewhere there is no `/proc`, and nothing is found.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Carries the mark.
pub(crate) const VARIABLE: &str = "SMS_BRIDGE_TEST_RUN";

/// How long a process may take to end after the test that started it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A mark that no other run has.
pub(crate) fn mark() -> String {
    let since = std::time::UNIX_EPOCH
        .elapsed()
        .map_or(0, |elapsed| elapsed.as_nanos());
    format!("{}-{since}", std::process::id())
}

/// Ends what still carries the mark after `patience`, and says what that was: `smsd (process 4711)`.
pub(crate) fn end(mark: &str, patience: Duration) -> Vec<String> {
    let deadline = Instant::now() + patience;
    let mut found = marked(mark);
    while !found.is_empty() && Instant::now() < deadline {
        pause();
        found = marked(mark);
    }
    for (id, _) in &found {
        // It may have ended by itself just now, which is as good.
        // The shell's own `kill`, as a small system has no program of that name.
        let _ended = Command::new("sh")
            .args(["-c", "kill -KILL \"$0\"", id])
            .output();
    }
    found
        .into_iter()
        .map(|(id, name)| format!("{name} (process {id})"))
        .collect()
}

/// Ids and names of the processes with the mark.
fn marked(mark: &str) -> Vec<(String, String)> {
    let wanted = format!("{VARIABLE}={mark}");
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let holds_mark = |environment: Vec<u8>| {
        environment
            .split(|octet| *octet == 0)
            .any(|entry| entry == wanted.as_bytes())
    };
    processes
        .filter(|process| fs::read(process.path().join("environ")).is_ok_and(holds_mark))
        .map(|process| {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            (
                process.file_name().to_string_lossy().into_owned(),
                name.trim_end().to_owned(),
            )
        })
        .filter(|(id, _)| id.bytes().all(|octet| octet.is_ascii_digit()))
        .collect()
}

#[allow(clippy::disallowed_methods, reason = "xtask has no runtime to block")]
fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_was_left_running_is_ended_and_named() {
        let mark = mark();
        let mut child = Command::new("sleep")
            .arg("60")
            .env(VARIABLE, &mark)
            .spawn()
            .unwrap();
        // Its environment can be read a moment after it was started only.
        let deadline = Instant::now() + PATIENCE;
        let mut named = Vec::new();
        while named.is_empty() && Instant::now() < deadline {
            named = end(&mark, Duration::ZERO);
        }
        assert_eq!(named, [format!("sleep (process {})", child.id())]);
        assert!(!child.wait().unwrap().success(), "it ended by itself");
        assert_eq!(end(&mark, Duration::ZERO), Vec::<String>::new());
    }
}
