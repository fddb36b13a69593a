//! Parts of longer messages that arrived: kept in their set until it is whole, or has been waited for long enough.

use std::time::Duration;

use crate::address::Conversation;
use crate::id::{MessageId, Timestamp};
use crate::link::RawPdu;
use crate::reassembly::{self, Placement};
use crate::store::record::{FragmentSet, Way};
use crate::store::{StoreError, Walk, keys};
use crate::wire::{self, PlaceInSet, Received};
use crate::writer::work::{Change, Work};

/// How many sets with the same reference are looked at.
const MOST_SETS: usize = 16;
/// A set whose missing parts have not come within this is closed: what comes later opens a new one.
const KEPT_OPEN: Duration = Duration::from_secs(24 * 3600);

impl Work<'_> {
    pub(super) fn fragment_arrived(
        &mut self,
        conversation: Conversation,
        place: PlaceInSet,
        pdu: &RawPdu,
        sent_at: Option<String>,
    ) -> Result<Option<MessageId>, StoreError> {
        let PlaceInSet {
            reference,
            bits,
            total,
            number,
        } = place;
        let prefix = keys::fragments_of(&conversation, reference, bits, total);
        let open = self.transaction.keys(&prefix, MOST_SETS)?;
        let mut sets = Vec::new();
        for key in &open {
            sets.extend(self.transaction.load::<FragmentSet>(key)?);
        }
        let dated = sent_at.as_deref().and_then(Timestamp::parse);
        let at = (dated, self.now);
        let (key, mut set) = match reassembly::place(&sets, number, &pdu.0, at) {
            Placement::There(position) => return Ok(sets.get(position).and_then(|set| set.shown)),
            Placement::Add(position) => match open.get(position).zip(sets.get(position)) {
                Some((key, set)) => (key.clone(), set.clone()),
                None => return Ok(None),
            },
            Placement::Open => {
                let key = keys::fragments(&conversation, reference, bits, total, self.next_id());
                let (parts, last_at) = (Vec::new(), self.now);
                (
                    key,
                    FragmentSet {
                        conversation,
                        total,
                        parts,
                        last_at,
                        sent_at: None,
                        shown: None,
                    },
                )
            }
        };
        set.parts.push((number, pdu.0.clone()));
        set.parts.sort_unstable();
        set.last_at = self.now;
        set.sent_at = dated.or(set.sent_at);
        let whole = reassembly::gap(&set).is_none();
        let message = match (set.shown, whole) {
            (Some(shown), _) => {
                self.update_shown(shown, &set)?;
                Some(shown)
            }
            (None, true) => Some(self.show_set(&set, sent_at)?),
            (None, false) => None,
        };
        if whole {
            self.transaction.remove(key.clone());
            self.changes.push(Change::Set { key, wait: None });
        } else {
            self.transaction.save(key.clone(), &set)?;
            let wait = if message.is_some() {
                KEPT_OPEN
            } else {
                self.core.settings.reassembly_wait
            };
            self.changes.push(Change::Set {
                key,
                wait: Some(wait),
            });
        }
        Ok(message)
    }

    fn show_set(
        &mut self,
        set: &FragmentSet,
        sent_at: Option<String>,
    ) -> Result<MessageId, StoreError> {
        let sent_at = sent_at.or_else(|| {
            let (_, pdu) = set.parts.first()?;
            match wire::read(&RawPdu(pdu.clone()), None) {
                Received::Sms(sms) => sms.sent_at,
                Received::Report(_) | Received::Unreadable(_) => None,
            }
        });
        let way = Way::In {
            sent_at,
            notes: reassembly::gap(set).into_iter().collect(),
            count: 1,
            pdus: set.parts.iter().map(|(_, pdu)| pdu.clone()).collect(),
        };
        self.message_arrived(
            set.conversation.clone(),
            wire::join(set.total, &set.parts),
            way,
        )
    }

    fn update_shown(&mut self, id: MessageId, set: &FragmentSet) -> Result<(), StoreError> {
        let Some(mut message) = self.message(id)? else {
            return Ok(());
        };
        message.text = wire::join(set.total, &set.parts);
        if let Way::In { notes, pdus, .. } = &mut message.way {
            *notes = reassembly::gap(set).into_iter().collect();
            *pdus = set.parts.iter().map(|(_, pdu)| pdu.clone()).collect();
        }
        self.transaction.save(keys::message(id), &message)?;
        self.amend_posts(id, &message)
    }

    /// The wait for a set is over: shows what has come, or closes a set that was shown.
    pub(super) fn show_gap(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        let Some(mut set) = self.transaction.load::<FragmentSet>(&key)? else {
            return Ok(());
        };
        if set.shown.is_some() {
            self.transaction.remove(key);
            return Ok(());
        }
        set.shown = Some(self.show_set(&set, None)?);
        self.transaction.save(key.clone(), &set)?;
        self.changes.push(Change::Set {
            key,
            wait: Some(KEPT_OPEN),
        });
        Ok(())
    }

    pub(super) fn recover_sets(&mut self) -> Result<(), StoreError> {
        let mut walk = Walk::over(keys::fragments_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(set) = self.transaction.load::<FragmentSet>(&key)? else {
                continue;
            };
            let whole_wait = if set.shown.is_some() {
                KEPT_OPEN
            } else {
                self.core.settings.reassembly_wait
            };
            let wait = whole_wait.saturating_sub(self.now.since(set.last_at));
            self.changes.push(Change::Set {
                key,
                wait: Some(wait),
            });
        }
        Ok(())
    }
}
