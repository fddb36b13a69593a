//! A simulator and the time that its test has reached.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::time::Duration;

use modem_sim::{Incoming, Settings, Simulator};

/// "hellohello" to +12025550100, without and with a request for a report.
pub(crate) const SUBMIT: &str = "0001000B912120550501F000000AE8329BFD4697D9EC37";
pub(crate) const SUBMIT_WITH_REPORT: &str = "0021000B912120550501F000000AE8329BFD4697D9EC37";
pub(crate) const OK: &str = "\r\nOK\r\n";

pub(crate) struct Desk {
    pub(crate) simulator: Simulator,
    pub(crate) now: Duration,
}

impl Desk {
    /// Echo off, nothing else set up.
    pub(crate) fn new(settings: Settings) -> Self {
        let mut desk = Self::raw(settings);
        assert_eq!(desk.type_in("ATE0\r"), format!("ATE0\r{OK}"));
        desk
    }

    /// As switched on.
    pub(crate) fn raw(settings: Settings) -> Self {
        Self {
            simulator: Simulator::new(settings),
            now: Duration::ZERO,
        }
    }

    pub(crate) fn type_in(&mut self, bytes: &str) -> String {
        self.simulator.handle_input(self.now, bytes.as_bytes());
        self.read()
    }

    /// A command line and its answer.
    pub(crate) fn command(&mut self, command: &str) -> String {
        self.type_in(&format!("{command}\r"))
    }

    /// What was printed until that much later, deadline by deadline.
    pub(crate) fn wait(&mut self, milliseconds: u64) -> String {
        let end = self.now + Duration::from_millis(milliseconds);
        let mut read = self.read();
        while let Some(due) = self.simulator.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.simulator.handle_timeout(due);
            read.push_str(&self.read());
        }
        self.now = end;
        read
    }

    pub(crate) fn read(&mut self) -> String {
        String::from_utf8_lossy(&self.simulator.poll_output().unwrap_or_default()).into_owned()
    }

    /// Prompt, PDU and Ctrl-Z; what follows Ctrl-Z at once.
    pub(crate) fn send(&mut self, pdu: &str) -> String {
        let length = pdu.len() / 2 - 1;
        assert_eq!(self.command(&format!("AT+CMGS={length}")), "\r\n> ");
        self.type_in(&format!("{pdu}\u{1a}"))
    }

    pub(crate) fn deliver(&mut self, text: &str) -> String {
        let incoming = Incoming::new("+12025550101", text);
        let delivered = self.simulator.deliver(self.now, &incoming);
        assert!(delivered.is_ok(), "{delivered:?}");
        self.read()
    }

    pub(crate) fn submitted(&self) -> usize {
        self.simulator.network().submitted(0).count()
    }

    /// The names of the faults that fired.
    pub(crate) fn fired(&self) -> Vec<&'static str> {
        self.simulator.ledger().map(|fired| fired.fault).collect()
    }
}
