//! The TCP port on which the stick is exported, and the task for each client.
//!
//! **Invariant:** dropped, it hangs up on its importer, whose kernel then sees the stick pulled.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::description::{BUS_ID, Description};
use super::device::Device;
use super::wire::{self, INPUT_LIMIT, Refusal, Request};

/// Clients at the same time; one of them at most is the importer.
const CLIENTS: usize = 8;
/// Pieces of serial octets under way in each direction.
const PIECES: usize = 16;
/// How long a client may take over its request, and over reading what it is told.
const PATIENCE: Duration = Duration::from_secs(10);
/// From the command that switches a stick until it leaves. A stick that leaves at once makes its host wait for seconds.
const UNTIL_GONE: Duration = Duration::from_millis(600);
/// How long it is away then.
const AWAY: Duration = Duration::from_millis(1_200);

/// A stick that can be imported, and the modem's end of its serial octets.
#[derive(Debug)]
pub(crate) struct Export {
    address: SocketAddr,
    from_host: mpsc::Receiver<Vec<u8>>,
    to_host: mpsc::Sender<Vec<u8>>,
    _server: JoinSet<()>,
}

/// What the stick is at the moment. One that is plugged in anew is what it was at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A disc.
    Disc,
    /// A modem, from then on; not to be had before.
    Modem(Instant),
}

/// The host's end of the serial octets. Who holds it has imported the stick.
#[derive(Debug)]
struct Plug {
    from_modem: mpsc::Receiver<Vec<u8>>,
    to_modem: mpsc::Sender<Vec<u8>>,
    mode: Mode,
}

impl Plug {
    /// What can be imported; `None`: the stick is away.
    fn device(&self, stick: &Description) -> Option<(Description, Device)> {
        match (self.mode, stick.before()) {
            (Mode::Disc, Some((disc, switch))) => Some((disc.clone(), Device::disc(disc, switch))),
            (Mode::Modem(from), _) if Instant::now() < from => None,
            (Mode::Disc | Mode::Modem(_), _) => Some((stick.clone(), Device::new(stick.clone()))),
        }
    }
}

impl Export {
    /// Listens. Call it within a tokio runtime.
    ///
    /// # Errors
    ///
    /// When the address cannot be had within a second. The port of an export that was just dropped is free a moment
    /// later.
    pub(crate) async fn open(address: SocketAddr, description: Description) -> io::Result<Self> {
        let listener = listen(address).await?;
        let address = listener.local_addr()?;
        let (to_modem, from_host) = mpsc::channel(PIECES);
        let (to_host, from_modem) = mpsc::channel(PIECES);
        let plug = Plug {
            from_modem,
            to_modem,
            mode: Mode::Disc,
        };
        let mut server = JoinSet::new();
        server.spawn(serve(listener, description, Arc::new(Mutex::new(plug))));
        Ok(Self {
            address,
            from_host,
            to_host,
            _server: server,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until octets came, or until `pending` was taken off (then nothing is returned).
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing was moved.
    pub(crate) async fn exchange(&mut self, pending: &mut Vec<u8>) -> io::Result<Vec<u8>> {
        let gone = || io::Error::other("nobody can import the USB device any more");
        tokio::select! {
            octets = self.from_host.recv() => octets.ok_or_else(gone),
            place = self.to_host.reserve(), if !pending.is_empty() => {
                place.map_err(|_closed| gone())?.send(std::mem::take(pending));
                Ok(Vec::new())
            }
        }
    }
}

async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let bind = async {
        loop {
            match TcpListener::bind(address).await {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                bound => return bound,
            }
        }
    };
    match timeout(Duration::from_secs(1), bind).await {
        Ok(bound) => bound,
        Err(_elapsed) => TcpListener::bind(address).await,
    }
}

/// Ends when no more clients can be accepted.
async fn serve(listener: TcpListener, description: Description, plug: Arc<Mutex<Plug>>) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { return };
                if clients.len() < CLIENTS {
                    let (description, plug) = (description.clone(), Arc::clone(&plug));
                    clients.spawn(async move {
                        // A client that leaves in the middle, or does not speak the protocol.
                        drop(converse(stream, description, &plug).await);
                    });
                }
            }
            Some(_ended) = clients.join_next() => {}
        }
    }
}

async fn converse(
    mut stream: TcpStream,
    description: Description,
    plug: &Mutex<Plug>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = Vec::new();
    match timeout(PATIENCE, request(&mut stream, &mut input)).await?? {
        Request::List => {
            let free = plug.try_lock().ok();
            let device = free.and_then(|plug| plug.device(&description));
            let devices = device.map(|(description, _)| description.exported());
            say(&mut stream, &wire::list(devices.as_slice())).await
        }
        Request::Import(name) if name != BUS_ID => {
            say(&mut stream, &wire::refused(Refusal::NoSuchDevice)).await
        }
        Request::Import(_) => {
            let Ok(mut plug) = plug.try_lock() else {
                return say(&mut stream, &wire::refused(Refusal::Busy)).await;
            };
            let Some((description, device)) = plug.device(&description) else {
                return say(&mut stream, &wire::refused(Refusal::NoSuchDevice)).await;
            };
            let (exported, _) = description.exported();
            say(&mut stream, &wire::imported(&exported)).await?;
            plugged_in(&mut stream, input, device, &mut plug).await
        }
    }
}

async fn request(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<Request> {
    loop {
        if let Some(request) = wire::take_request(input).map_err(io::Error::other)? {
            return Ok(request);
        }
        read(stream, input).await?;
    }
}

/// Runs until the importer leaves, or the stick does because it was switched.
async fn plugged_in(
    stream: &mut TcpStream,
    mut input: Vec<u8>,
    mut device: Device,
    plug: &mut Plug,
) -> io::Result<()> {
    let mut leaves: Option<Instant> = None;
    loop {
        while let Some(command) = wire::take_command(&mut input).map_err(io::Error::other)? {
            device.handle_command(command).map_err(io::Error::other)?;
        }
        if let Some(output) = device.poll_output() {
            say(stream, &output).await?;
        }
        if let Some(octets) = device.poll_serial() {
            plug.to_modem.send(octets).await.map_err(io::Error::other)?;
        }
        if device.is_switched() && leaves.is_none() {
            let at = Instant::now() + UNTIL_GONE;
            plug.mode = Mode::Modem(at + AWAY);
            leaves = Some(at);
        }
        let gone = async {
            match leaves {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = gone => return Ok(()),
            read = read(stream, &mut input) => read?,
            Some(octets) = plug.from_modem.recv(), if device.has_room() => device.handle_serial(&octets),
        }
    }
}

/// Reads something; the end of the stream is an error.
async fn read(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<()> {
    let room = INPUT_LIMIT.saturating_sub(input.len());
    let limit = u64::try_from(room).unwrap_or(u64::MAX);
    match stream.take(limit).read_buf(input).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

async fn say(stream: &mut TcpStream, octets: &[u8]) -> io::Result<()> {
    timeout(PATIENCE, stream.write_all(octets)).await?
}
