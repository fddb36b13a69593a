//! Quiet hours: what is shown in them makes no sound.

use crate::address::{Address, LineName};
use crate::id::Timestamp;
use crate::limits::Reach;
use crate::quiet::{Quiet, UtcOffset};
use crate::store::{StoreError, keys};
use crate::writer::work::Work;

impl Work<'_> {
    /// Whether it was quiet on this line then.
    pub(super) fn is_quiet(&self, line: &LineName, at: Timestamp) -> Result<bool, StoreError> {
        let Some(Quiet { hours, .. }) = self.core.settings.quiet.get(line) else {
            return Ok(false);
        };
        let offset = self.offset(line)?.unwrap_or_default();
        Ok(hours.is_quiet(at, offset))
    }

    /// What time it is where a line is at home. `None`: nobody has told yet.
    pub(super) fn offset(&self, line: &LineName) -> Result<Option<UtcOffset>, StoreError> {
        let configured = self.core.settings.quiet.get(line);
        match configured.and_then(|quiet| quiet.offset) {
            Some(offset) => Ok(Some(offset)),
            None => self.transaction.load(&keys::offset(line)),
        }
    }

    /// Learns what time it is where a line is at home. A service centre tells its own time, and that of somebody abroad
    /// is abroad.
    pub(super) fn note_offset(
        &mut self,
        line: &LineName,
        from: &Address,
        sent_at: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(told) = sent_at.and_then(UtcOffset::of_time) else {
            return Ok(());
        };
        match Reach::of(from, self.core.country(line)) {
            Reach::Abroad(_) => return Ok(()),
            Reach::Home | Reach::Somewhere(_) | Reach::ShortCode(_) | Reach::Premium(_) => {}
        }
        let key = keys::offset(line);
        if self.transaction.load::<UtcOffset>(&key)? == Some(told) {
            return Ok(());
        }
        self.transaction.save(key, &told)
    }
}
