//! How much room the disk has, and what may still be written.
//!
//! The database must not meet a full disk itself: a log that is cut short there can be damaged. So the room is asked for
//! before each commit, and what is new is refused while enough is left to end what was begun. Nothing is lost by that: a
//! refused SMS stays in the modem, and a refused chat message with its network, until they are handed over again.
//!
//! | room left | what may be written |
//! |---|---|
//! | [`Keep::new`] and more | everything |
//! | less | nothing new ([`Need::New`]): no SMS and no chat message is taken over, no part begun |
//! | below ¾ of it | and no post is begun ([`Need::Show`]) |
//! | below ½ of it | and nothing at all: outcomes wait in their workers ([`Need::Outcome`]) |
//! | below [`OPEN`] | the store is not opened |

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, error, info};

use crate::handle::Request;
use crate::store::StoreError;

/// How often the room is looked at where nobody asks for anything.
pub(super) const LOOK: Duration = Duration::from_secs(60);
/// The database writes up to half a MiB and a snapshot when it is opened.
const OPEN: u64 = 768 * KIB;
/// What a write grows to, at most: the database writes whole pages anew now and then.
const GROWTH: u64 = 4;
/// People are told of it once within this.
const QUIET: Duration = Duration::from_secs(3600);
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// What a request needs room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Something is taken over, or a part is begun.
    New,
    /// Something that is stored is to be shown in a chat.
    Show,
    /// What became of something that was begun.
    Outcome,
    /// What was under way when the store was closed.
    Opening,
}

impl Need {
    /// Whatever only reads needs none: it is never refused.
    pub(super) fn of(request: &Request) -> Self {
        match request {
            Request::TakeOver { received, .. } if received.is_empty() => Self::Outcome,
            Request::TakeOver { .. }
            | Request::Submit { .. }
            | Request::AdoptRoom { .. }
            | Request::FirstLookSaved { .. }
            | Request::ClaimPart { .. }
            | Request::ClaimUssd { .. }
            | Request::Pair { .. }
            | Request::LineNotice { .. } => Self::New,
            Request::ClaimChat { .. } => Self::Show,
            Request::LateOutcome { .. }
            | Request::FirstLook { .. }
            | Request::FirstLookShown { .. }
            | Request::Cursor { .. }
            | Request::RoomKind { .. }
            | Request::Members { .. }
            | Request::Pending { .. }
            | Request::AttachLine { .. }
            | Request::AttachChat { .. }
            | Request::SettleStaging { .. }
            | Request::SettleCheck { .. }
            | Request::SlotWork { .. }
            | Request::SlotRead { .. }
            | Request::SlotsCleared { .. }
            | Request::HoldLine { .. }
            | Request::SettlePart { .. }
            | Request::SettleUssd { .. }
            | Request::SettleRenaming { .. }
            | Request::RoomMade { .. }
            | Request::RoomNotMade { .. }
            | Request::SettlePost { .. }
            | Request::SettleAmend { .. }
            | Request::SettleMark { .. }
            | Request::Unfinished { .. }
            | Request::Stop { .. } => Self::Outcome,
        }
    }
}

/// What a disk of this size keeps free, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Keep {
    /// Beyond this nothing new is taken over.
    new: u64,
}

impl Keep {
    fn of_disk(total: u64) -> Self {
        Self {
            new: (total / 64).clamp(2 * MIB, 32 * MIB),
        }
    }

    fn of(self, need: Need) -> u64 {
        match need {
            Need::New => self.new,
            Need::Show => self.new / 4 * 3,
            Need::Outcome => self.new / 2,
            Need::Opening => 0,
        }
    }

    /// There is room again: not at the very line, or people would be told to and fro.
    fn plenty(self) -> u64 {
        self.new / 4 * 5
    }
}

/// The room at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    free: u64,
    keep: Keep,
}

/// Whether people have to make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fullness {
    Room,
    Full,
}

/// The disk under the store.
#[derive(Debug)]
pub(super) struct Space {
    folder: PathBuf,
    /// `None`: nobody knows, and nothing is refused.
    room: Option<Room>,
    fullness: Fullness,
    /// People know that it is full, and are to be told when it is not any more.
    is_known: bool,
    /// When they were told last that it is full.
    told_at: Option<Instant>,
}

impl Space {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            room: None,
            fullness: Fullness::Room,
            is_known: false,
            told_at: None,
        }
    }

    /// Looks how much room there is.
    pub(super) fn look(&mut self) {
        self.room = room(&self.folder);
        let Some(room) = self.room else { return };
        match self.fullness {
            Fullness::Room if room.free < room.keep.of(Need::New) => self.fills_up(room),
            Fullness::Full if room.free >= room.keep.plenty() => {
                info!(free = %shown(room.free), "there is room on the disk again");
                self.fullness = Fullness::Room;
            }
            Fullness::Room | Fullness::Full => {}
        }
    }

    /// Whether so many octets may be written for this.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`]: nothing may be written, and the same may be asked again later.
    pub(super) fn check(&mut self, need: Need, octets: usize) -> Result<(), StoreError> {
        let Some(room) = self.room else { return Ok(()) };
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        let kept = room.keep.of(need);
        if kept.saturating_add(octets.saturating_mul(GROWTH)) <= room.free {
            return Ok(());
        }
        if self.fullness == Fullness::Room {
            self.fills_up(room);
        }
        debug!(?need, octets, "refused for want of room");
        Err(self.full(room, kept))
    }

    /// Whether there is room for so many octets of a file that nobody waits for: plenty has to be left.
    pub(super) fn has_plenty_besides(&self, octets: u64) -> bool {
        self.room
            .is_none_or(|room| room.keep.plenty().saturating_add(octets) <= room.free)
    }

    /// Whether the store may be opened, which writes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Open`]: not now; nothing was touched.
    pub(super) fn check_opening(&mut self) -> Result<(), StoreError> {
        self.look();
        match self.room {
            Some(room) if room.free < OPEN => Err(StoreError::Open {
                path: self.folder.clone(),
                cause: format!(
                    "{}; make room, at least {}. Nothing was touched",
                    self.full(room, OPEN),
                    shown(OPEN)
                ),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// What people are to be told now, once there is somebody to tell it to.
    pub(super) fn news(&self, now: Instant) -> Option<String> {
        let room = self.room?;
        let was_told = self.told_at.is_some_and(|at| now < at + QUIET);
        match self.fullness {
            Fullness::Full if !self.is_known && !was_told => Some(format!(
                "The disk of the bridge is nearly full: {} are free in {}. Until there is room I take over nothing new: \
                 SMS wait in the SIM, which holds few, and what you write here waits and is not sent yet. Please make \
                 room; it then goes on by itself.",
                shown(room.free),
                self.folder.display()
            )),
            Fullness::Room if self.is_known => {
                Some("There is room on the disk of the bridge again: it goes on.".to_owned())
            }
            Fullness::Full | Fullness::Room => None,
        }
    }

    /// They were told [`news`](Self::news).
    pub(super) fn told(&mut self, now: Instant) {
        match self.fullness {
            Fullness::Full => {
                self.is_known = true;
                self.told_at = Some(now);
            }
            Fullness::Room => self.is_known = false,
        }
    }

    fn fills_up(&mut self, room: Room) {
        error!(
            free = %shown(room.free), kept = %shown(room.keep.new), folder = %self.folder.display(),
            "the disk is full: nothing new is taken over until there is room"
        );
        self.fullness = Fullness::Full;
    }

    fn full(&self, room: Room, kept: u64) -> StoreError {
        StoreError::Full {
            free: shown(room.free),
            folder: self.folder.clone(),
            kept: shown(kept),
        }
    }
}

/// `None` where the system does not say: then the database finds out.
fn room(folder: &Path) -> Option<Room> {
    // Before the first start there is only the folder above.
    let disk = folder
        .ancestors()
        .find_map(|folder| rustix::fs::statvfs(folder).ok())?;
    let octets = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Some(Room {
        free: octets(disk.f_bavail),
        keep: Keep::of_disk(octets(disk.f_blocks)),
    })
}

fn shown(octets: u64) -> String {
    let tenths = octets.saturating_mul(10) / MIB;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(free: u64, space: &mut Space) {
        // As `look` does, without a disk.
        space.room = Some(Room {
            free,
            keep: Keep::of_disk(8 * MIB),
        });
    }

    #[test]
    fn what_is_new_is_refused_first_and_outcomes_last() {
        let mut space = Space::new(Path::new("/nonexistent"));
        assert!(space.check(Need::New, usize::MAX).is_ok(), "nobody knows");
        let cases = [
            (8 * MIB, [true, true, true]),
            (2 * MIB + 4 * KIB, [true, true, true]),
            (2 * MIB, [false, true, true]),
            (MIB + 512 * KIB, [false, false, true]),
            (MIB, [false, false, false]),
            (0, [false, false, false]),
        ];
        for (free, allowed) in cases {
            with(free, &mut space);
            let asked = [Need::New, Need::Show, Need::Outcome];
            let found = asked.map(|need| space.check(need, 1024).is_ok());
            assert_eq!(found, allowed, "{free}");
        }
        with(4 * MIB, &mut space);
        assert!(space.check(Need::New, 256 * 1024).is_ok());
        assert!(space.check(Need::New, 1024 * 1024).is_err(), "too large");
    }

    #[test]
    fn large_disks_keep_more_and_small_ones_enough() {
        let kept = |mib: u64| Keep::of_disk(mib * MIB).new / MIB;
        assert_eq!([8, 512, 1_000_000].map(kept), [2, 8, 32]);
        assert!(Keep::of_disk(0).of(Need::Outcome) > OPEN);
    }

    #[test]
    fn people_are_told_once_that_it_is_full_and_once_that_it_goes_on() {
        let now = Instant::now();
        let mut space = Space::new(Path::new("/nonexistent"));
        with(8 * MIB, &mut space);
        assert_eq!(space.news(now), None);
        with(MIB, &mut space);
        assert!(space.check(Need::New, 1).is_err());
        assert!(
            space
                .news(now)
                .is_some_and(|words| words.contains("1.0 MiB"))
        );
        assert!(space.news(now).is_some(), "nobody was told yet");
        space.told(now);
        assert!(space.check(Need::New, 1).is_err());
        assert_eq!(space.news(now), None);
        space.fullness = Fullness::Room;
        assert!(space.news(now).is_some_and(|words| words.contains("room")));
        space.told(now);
        assert_eq!(space.news(now), None);
        assert!(space.check(Need::New, 1).is_err());
        assert_eq!(space.news(now), None, "not again so soon");
        assert!(space.news(now + QUIET).is_some());
    }
}
