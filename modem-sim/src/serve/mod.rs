//! The simulator, or a replayed transcript, in real time, behind a pseudo-terminal or a TCP port.
//!
//! The only place here with a clock and with I/O. [`Server::run`] moves bytes between the port and the simulator;
//! a [`Handle`] asks it for things and watches the network.

pub mod control_socket;
mod modem;
pub mod port;
pub mod pty;

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::Instant;

pub use control_socket::ControlSocket;
pub use modem::Modem;
pub use port::Place;
pub use pty::Pty;

use crate::control::Request;
use crate::network::Event;
use crate::simulator::Port;
use port::Connection;

/// Bytes that wait for a client which does not read; more are lost, as on a real port.
const PENDING_LIMIT: usize = 256 * 1024;
const REQUESTS: usize = 64;
const EVENTS: usize = 1_024;

/// A modem and its port, ready to run.
#[derive(Debug)]
pub struct Server {
    modem: Modem,
    place: Place,
    connection: Option<Connection>,
    requests: mpsc::Receiver<Asked>,
    events: broadcast::Sender<Event>,
}

/// Asks a running [`Server`] for things. The server stops when its last handle is gone.
#[derive(Debug, Clone)]
pub struct Handle {
    requests: mpsc::Sender<Asked>,
    events: broadcast::Sender<Event>,
}

#[derive(Debug)]
enum Asked {
    Request(Box<Request>, oneshot::Sender<Result<Value, String>>),
    Stop,
}

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The server is gone.
    #[error("the simulator has stopped")]
    Stopped,
    /// The request does not hold.
    #[error("{0}")]
    Refused(String),
}

impl Server {
    /// Opens the port for a [`Simulator`](crate::Simulator) or a [`Replay`](crate::Replay), whose virtual time begins with [`Server::run`].
    ///
    /// # Errors
    ///
    /// When the pseudo-terminal, its link or the TCP port cannot be had.
    pub async fn open(modem: impl Into<Modem>, place: Place) -> io::Result<(Self, Handle)> {
        let modem = modem.into();
        let connection = Connection::open(&place, modem.port_number()).await?;
        let place = connection.same_again(place);
        let (sender, requests) = mpsc::channel(REQUESTS);
        let (events, _) = broadcast::channel(EVENTS);
        let handle = Handle {
            requests: sender,
            events: events.clone(),
        };
        Ok((
            Self {
                modem,
                place,
                connection: Some(connection),
                requests,
                events,
            },
            handle,
        ))
    }

    /// Where a client reaches the modem: `pty=/dev/pts/N link=LINK` or `tcp=127.0.0.1:PORT`.
    pub fn describe(&self) -> String {
        self.connection
            .as_ref()
            .map(Connection::describe)
            .unwrap_or_default()
    }

    /// What a client opens: the link, else the pseudo-terminal itself, else `host:port`.
    pub fn address(&self) -> String {
        self.connection
            .as_ref()
            .map(Connection::address)
            .unwrap_or_default()
    }

    /// Runs until [`Handle::stop`] or until the last handle is gone; then the port and its link are gone too.
    ///
    /// # Errors
    ///
    /// When the port fails or, after a scripted drop, cannot be opened again.
    pub async fn run(mut self) -> io::Result<()> {
        let start = Instant::now();
        let mut pending = Vec::new();
        loop {
            self.modem.handle_timeout(start.elapsed());
            while let Some(event) = self.modem.poll_event() {
                if event == Event::PortClosed {
                    // Also where it is back already: clients must notice.
                    self.connection = None;
                    pending.clear();
                }
                drop(self.events.send(event)); // nobody may be watching
            }
            if self.modem.port() == Port::Open && self.connection.is_none() {
                self.connection =
                    Some(Connection::open(&self.place, self.modem.port_number()).await?);
            }
            if let Some(output) = self.modem.poll_output()
                && pending.len() + output.len() <= PENDING_LIMIT
            {
                pending.extend(output);
            }
            let due = self.modem.poll_timeout().map(|at| start + at);
            tokio::select! {
                asked = self.requests.recv() => match asked {
                    Some(Asked::Request(request, reply)) => {
                        let answer = self.modem.handle_request(start.elapsed(), *request);
                        drop(reply.send(answer)); // the asker may have left
                    }
                    Some(Asked::Stop) | None => return Ok(()),
                },
                read = exchange(self.connection.as_mut(), &mut pending) => {
                    self.modem.handle_input(start.elapsed(), &read?);
                }
                () = sleep_until(due) => {}
            }
        }
    }
}

async fn exchange(
    connection: Option<&mut Connection>,
    pending: &mut Vec<u8>,
) -> io::Result<Vec<u8>> {
    match connection {
        Some(connection) => connection.exchange(pending).await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => tokio::time::sleep(Duration::from_secs(3_600)).await,
    }
}

impl Handle {
    /// Asks for something and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`RequestError`] when the request does not hold or the server has stopped.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the request may or may not have been done.
    pub async fn request(&self, request: Request) -> Result<Value, RequestError> {
        let (reply, answer) = oneshot::channel();
        let asked = Asked::Request(Box::new(request), reply);
        self.requests
            .send(asked)
            .await
            .map_err(|_closed| RequestError::Stopped)?;
        let answered = answer.await.map_err(|_dropped| RequestError::Stopped)?;
        answered.map_err(RequestError::Refused)
    }

    /// What the network does from now on. A slow watcher misses the oldest events.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Ends [`Server::run`].
    pub async fn stop(&self) {
        drop(self.requests.send(Asked::Stop).await); // already stopped is as good
    }
}
