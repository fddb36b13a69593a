//! What stands behind a port: a simulator, or a transcript that answers.

use std::time::Duration;

use serde_json::Value;

use crate::control::Request;
use crate::network::Event;
use crate::replay::Replay;
use crate::simulator::{Port, Simulator};

/// A simulator or a replay, for [`Server::open`](super::Server::open).
#[derive(Debug)]
pub enum Modem {
    /// A modem with its SIM and its network.
    Simulator(Box<Simulator>),
    /// A transcript that answers. It takes no requests, has no network and its port never goes away.
    Replay(Replay),
}

impl From<Simulator> for Modem {
    fn from(simulator: Simulator) -> Self {
        Self::Simulator(Box::new(simulator))
    }
}

impl From<Replay> for Modem {
    fn from(replay: Replay) -> Self {
        Self::Replay(replay)
    }
}

impl Modem {
    pub(super) fn handle_timeout(&mut self, now: Duration) {
        match self {
            Self::Simulator(simulator) => simulator.handle_timeout(now),
            Self::Replay(replay) => replay.handle_timeout(now),
        }
    }

    pub(super) fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        match self {
            Self::Simulator(simulator) => simulator.handle_input(now, bytes),
            Self::Replay(replay) => replay.handle_input(now, bytes),
        }
    }

    pub(super) fn handle_request(
        &mut self,
        now: Duration,
        request: Request,
    ) -> Result<Value, String> {
        match self {
            Self::Simulator(simulator) => simulator.handle_request(now, request),
            Self::Replay(_) => Err("a replayed transcript takes no requests".to_owned()),
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Simulator(simulator) => simulator.poll_output(),
            Self::Replay(replay) => replay.poll_output(),
        }
    }

    pub(super) fn poll_event(&mut self) -> Option<Event> {
        match self {
            Self::Simulator(simulator) => simulator.poll_event(),
            Self::Replay(_) => None,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        match self {
            Self::Simulator(simulator) => simulator.poll_timeout(),
            Self::Replay(replay) => replay.poll_timeout(),
        }
    }

    pub(super) fn port(&self) -> Port {
        match self {
            Self::Simulator(simulator) => simulator.port(),
            Self::Replay(_) => Port::Open,
        }
    }

    pub(super) fn port_number(&self) -> u32 {
        match self {
            Self::Simulator(simulator) => simulator.port_number(),
            Self::Replay(_) => 0,
        }
    }
}
