//! The export that the bridge makes by itself every so often (`export_every`), from which a start after damage goes on.
//!
//! Beside all other work: the writer reads a page of the store as it was when the export began, hands it to a thread that
//! writes the file, and looks for requests again. Whether one is due is said by the names of the files that are there.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::id::Timestamp;
use crate::store::automatic::{self, Piece};
use crate::store::{MaintenanceError, Page, Store, StoreError};
use crate::writer::space::Space;

/// Records in one page: a moment's reading.
const PAGE: usize = 200;
/// Between two pages, for whoever has something to ask.
const PAUSE: Duration = Duration::from_millis(5);
/// Pages that wait to be written.
const WAITING: usize = 4;
/// Between two looks at whether one is due.
const LOOK: Duration = Duration::from_secs(60);
/// After one that failed.
const AGAIN: Duration = Duration::from_secs(3600);

type Written = Result<Option<u64>, MaintenanceError>;

/// When to export, and the export that is being made.
#[derive(Debug)]
pub(super) struct Exports {
    /// `None`: never.
    every: Option<Duration>,
    data_dir: PathBuf,
    next: Instant,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    /// `None`: all was handed over.
    pieces: Option<mpsc::Sender<Piece>>,
    written: oneshot::Receiver<Written>,
}

impl Exports {
    pub(super) fn new(every: Option<Duration>, data_dir: PathBuf, now: Instant) -> Self {
        Self {
            every,
            data_dir,
            next: now,
            running: None,
        }
    }

    /// When to come again. `None`: never.
    pub(super) fn due(&self) -> Option<Instant> {
        self.every.map(|_| self.next)
    }

    /// Whether one is being made.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The store that is read is closed: what was begun is given up.
    pub(super) fn give_up(&mut self, now: Instant) {
        if self.running.take().is_some() {
            self.next = now + LOOK;
        }
    }

    /// Does the next small step, if it is time for it. `time`: what time it is, if that is known for sure.
    pub(super) fn step(
        &mut self,
        store: &Store,
        space: &Space,
        time: Option<Timestamp>,
        now: Instant,
    ) -> Result<(), StoreError> {
        let Some(every) = self.every.filter(|_| self.next <= now) else {
            return Ok(());
        };
        self.next = now + PAUSE;
        let Some(running) = &mut self.running else {
            self.begin_if_due(every, store, space, time, now);
            return Ok(());
        };
        let Some(pieces) = &running.pieces else {
            match running.written.try_recv() {
                Ok(written) => self.ended(written, now),
                Err(oneshot::error::TryRecvError::Empty) => self.next = now + PAUSE * 20,
                Err(oneshot::error::TryRecvError::Closed) => {
                    let failed = "its thread ended".to_owned();
                    self.ended(Err(MaintenanceError::File(failed)), now);
                }
            }
            return Ok(());
        };
        // Nobody else sends there.
        if pieces.capacity() == 0 && !pieces.is_closed() {
            return Ok(());
        }
        let (piece, is_last) = match store.image_page(PAGE)? {
            Page::Records(_) if !space.has_plenty_besides(0) => {
                warn!("no export is made: the disk is full");
                (None, true)
            }
            Page::Records(records) => (Some(Piece::Records(records)), false),
            Page::End => (Some(Piece::End), true),
            Page::Lost => {
                warn!("no export is made: too much changed while it was written");
                (None, true)
            }
        };
        // What went wrong with the file, its thread tells.
        let is_taken = piece.is_some_and(|piece| pieces.try_send(piece).is_ok());
        if is_last || !is_taken {
            running.pieces = None;
            store.end_image();
        }
        Ok(())
    }

    fn begin_if_due(
        &mut self,
        every: Duration,
        store: &Store,
        space: &Space,
        time: Option<Timestamp>,
        now: Instant,
    ) {
        self.next = now + LOOK;
        // While the clock cannot be believed its name would tell a wrong time.
        let Some(time) = time else { return };
        let newest = automatic::newest(&self.data_dir);
        let size = match newest {
            Some((at, _)) if at <= time && time.since(at) < every => return,
            Some((_, octets)) => octets,
            None => 0,
        };
        if !space.has_plenty_besides(size) {
            warn!("no export is made: there is no room on the disk for another one");
            self.next = now + AGAIN;
            return;
        }
        let (pieces, mut handed) = mpsc::channel(WAITING);
        let (tell, written) = oneshot::channel();
        let data_dir = self.data_dir.clone();
        tokio::task::spawn_blocking(move || {
            // Whoever began it may be gone.
            drop(tell.send(automatic::write(&data_dir, time, &mut handed)));
        });
        store.begin_image();
        self.running = Some(Running {
            pieces: Some(pieces),
            written,
        });
        self.next = now;
    }

    fn ended(&mut self, written: Written, now: Instant) {
        self.running = None;
        self.next = now + AGAIN;
        match written {
            Ok(Some(records)) => {
                info!(records, "exported");
                self.next = now + LOOK;
            }
            Ok(None) => {}
            Err(error) => warn!(%error, "an export could not be made"),
        }
    }
}
