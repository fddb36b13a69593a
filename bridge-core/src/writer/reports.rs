//! Status reports: which part each is about.
//!
//! A report goes to the unfinished part with its line, reference and recipient whose time of sending is nearest to the
//! report's service-centre time, so that the wrap of references at 256 is harmless; failing that, to the only part to
//! that recipient without a reference that was sent within minutes of that time; with several candidates to none. While
//! another part to that recipient is on its way, the report may be about that one: then only a part with its reference
//! and near in time takes it. What matches nothing is kept, and tried again whenever a part begins to wait for its report.
//!
//! Networks write the recipient as they like: where nothing was sent to just that, and one recipient alone looks like it
//! (`03001234567`, and `+923001234567` on a line whose country is not known), that one is meant.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::{debug, info};

use crate::address::{Address, LineName};
use crate::id::{PartId, Timestamp};
use crate::part::{PartEvent, PartState, Report};
use crate::store::record::{Awaited, UnmatchedReport};
use crate::store::{StoreError, keys};
use crate::time::distance;
use crate::wire::IncomingReport;
use crate::writer::work::Work;

/// Where the reference does not tell, the times of sending have to be this near.
const NEAR: Duration = Duration::from_secs(600);
/// Candidates and kept reports that are looked at.
const MOST: usize = 500;
/// A report that came this long before its part's outcome was stored may still be about it: the modem's answer to a send
/// takes two minutes at most, and may be lost.
const BEFORE_OUTCOME: Duration = Duration::from_secs(300);

impl Work<'_> {
    pub(super) fn report_arrived(
        &mut self,
        line: &LineName,
        report: IncomingReport,
    ) -> Result<(), StoreError> {
        let IncomingReport {
            reference,
            recipient,
            submitted_at,
            report,
            tpdu: _,
        } = report;
        let Some(report) = report else {
            debug!(%line, "status report: the service centre is still trying");
            return Ok(());
        };
        let failure = match report {
            Report::Delivered => None,
            Report::Failed { cause } => Some(cause),
        };
        let report = UnmatchedReport {
            reference,
            recipient,
            submitted_at,
            failure,
            arrived_at: self.now,
        };
        match self.part_of(line, &report)? {
            Some(part) => self.apply_report(part, report),
            None => {
                let key = keys::unmatched(line, self.next_id());
                debug!(%line, "status report without a part; kept");
                self.expire(&key)?;
                self.transaction.save(key, &report)
            }
        }
    }

    /// Tries the kept reports again: a part to this recipient began to wait.
    pub(super) fn match_kept_reports(
        &mut self,
        line: &LineName,
        recipient: &Address,
    ) -> Result<(), StoreError> {
        for key in self.transaction.keys(&keys::unmatched_prefix(line), MOST)? {
            let Some(report) = self.transaction.load::<UnmatchedReport>(&key)? else {
                continue;
            };
            if !looks_like(&report.recipient, recipient) {
                continue;
            }
            if let Some(part) = self.part_of(line, &report)? {
                self.transaction.remove(key);
                self.apply_report(part, report)?;
            }
        }
        Ok(())
    }

    fn apply_report(&mut self, part: PartId, report: UnmatchedReport) -> Result<(), StoreError> {
        let report = match report.failure {
            None => Report::Delivered,
            Some(cause) => Report::Failed { cause },
        };
        info!(part_id = %part, delivered = (report == Report::Delivered), "status report");
        self.apply_to_part(part, PartEvent::Reported(report))
    }

    fn part_of(
        &self,
        line: &LineName,
        report: &UnmatchedReport,
    ) -> Result<Option<PartId>, StoreError> {
        // It may be about a part that is on its way and has no reference yet.
        let transmitting = self.is_transmitting(line, &report.recipient)?;
        let found = self.part_to(line, &report.recipient, report, transmitting)?;
        if found.is_some() {
            return Ok(found);
        }
        let mut alike = BTreeSet::new();
        for key in self
            .transaction
            .keys(&keys::awaited_of_line_prefix(line), MOST)?
        {
            alike.extend(
                keys::awaited_recipient(&key)
                    .filter(|recipient| looks_like(recipient, &report.recipient)),
            );
        }
        alike.remove(&report.recipient);
        match alike.pop_first() {
            Some(only) if alike.is_empty() => self.part_to(line, &only, report, transmitting),
            Some(_) | None => Ok(None),
        }
    }

    /// The part to this recipient that a report is about.
    fn part_to(
        &self,
        line: &LineName,
        recipient: &Address,
        report: &UnmatchedReport,
        transmitting: bool,
    ) -> Result<Option<PartId>, StoreError> {
        let fits =
            |candidate: &Awaited| candidate.sent_at.since(report.arrived_at) <= BEFORE_OUTCOME;
        let near = |candidate: &Awaited| {
            report
                .submitted_at
                .is_some_and(|at| distance(at, candidate.sent_at) <= NEAR)
        };
        let mut same = self.awaited(line, recipient, Some(report.reference))?;
        same.retain(|candidate| fits(candidate) && (!transmitting || near(candidate)));
        if let Some(nearest) = nearest(&same, report.submitted_at) {
            return Ok(Some(nearest));
        }
        let mut without = self.awaited(line, recipient, None)?;
        without.retain(|candidate| fits(candidate) && near(candidate));
        Ok(match without.as_slice() {
            [only] if !transmitting => Some(only.id),
            _ => None,
        })
    }

    fn is_transmitting(&self, line: &LineName, recipient: &Address) -> Result<bool, StoreError> {
        for key in self.transaction.keys(&keys::outbox_prefix(), MOST)? {
            let Some(id) = keys::last_number(&key).map(PartId) else {
                continue;
            };
            let Some(part) = self.part(id)? else { continue };
            let conversation = &part.conversation;
            if matches!(part.state, PartState::Transmitting { .. })
                && conversation.line == *line
                && looks_like(&conversation.address, recipient)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn awaited(
        &self,
        line: &LineName,
        recipient: &Address,
        reference: Option<u8>,
    ) -> Result<Vec<Awaited>, StoreError> {
        let mut found = Vec::new();
        for key in self
            .transaction
            .keys(&keys::awaited_prefix(line, recipient, reference), MOST)?
        {
            let Some(id) = keys::last_number(&key).map(PartId) else {
                continue;
            };
            let awaited = self.part(id)?.and_then(|part| part.state.awaits_report());
            found.extend(awaited.map(|(_, sent_at)| Awaited { id, sent_at }));
        }
        Ok(found)
    }
}

/// Fewer digits say nothing of whose number ends with them.
const DIGITS: usize = 7;

/// Whether two recipients may be the same, one of them written without its country or without its `+`.
fn looks_like(one: &Address, other: &Address) -> bool {
    match (one, other) {
        _ if one == other => true,
        (Address::Number(number), Address::Local(local))
        | (Address::Local(local), Address::Number(number)) => {
            let number = number.trim_start_matches('+');
            let local = local.trim_start_matches('0');
            number == local || (local.len() >= DIGITS && number.ends_with(local))
        }
        (Address::Number(_), Address::Number(_))
        | (Address::Local(_), Address::Local(_))
        | (Address::Name(_), _)
        | (_, Address::Name(_)) => false,
    }
}

/// The candidate sent nearest to that time, the newest of several; without a time the newest.
fn nearest(candidates: &[Awaited], submitted_at: Option<Timestamp>) -> Option<PartId> {
    let far = |candidate: &Awaited| {
        submitted_at.map_or(Duration::ZERO, |at| distance(at, candidate.sent_at))
    };
    candidates
        .iter()
        .min_by_key(|candidate| (far(candidate), std::cmp::Reverse(candidate.id)))
        .map(|found| found.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_in_time_wins_so_the_wrap_at_256_is_harmless() {
        let candidate = |id, seconds: i64| Awaited {
            id: PartId(id),
            sent_at: Timestamp(seconds * 1000),
        };
        let at = |seconds: i64| Some(Timestamp(seconds * 1000));
        let two = [candidate(1, 100), candidate(2, 5000)];
        let cases = [
            (&two[..0], at(100), None),
            (&two[..], at(101), Some(1)),
            (&two[..], at(4000), Some(2)),
            (&two[..], None, Some(2)),
        ];
        for (candidates, submitted_at, expected) in cases {
            assert_eq!(
                nearest(candidates, submitted_at),
                expected.map(PartId),
                "{submitted_at:?}"
            );
        }
    }
}
