//! When Telegram was reached last. It keeps what people write to a bot for 24 hours: after a longer outage some of it may
//! be gone, which nobody but the bridge can notice.

use std::time::Duration;

use bridge_core::chat::{Cursor, Gap, Network};
use bridge_core::{BridgeError, BridgeHandle, Timestamp};

use crate::polling::until_stored;

/// Bot API, "Getting updates": "Incoming updates are stored on the server until the bot receives them either way, but they
/// will not be kept longer than 24 hours."
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How often the time is stored: a flash is written for it.
const STORED_EVERY: Duration = Duration::from_secs(3600);
/// 2020-09-13: a clock that is behind it has not been set since a power cut, and proves no outage.
const CLOCK_IS_SET: Timestamp = Timestamp(1_600_000_000_000);

/// When Telegram was reached last.
#[derive(Debug)]
pub(crate) struct Reached {
    key: String,
    last: Option<Timestamp>,
    stored: Option<Timestamp>,
}

impl Reached {
    /// As an earlier life of the program stored it. `key` is that of the updates.
    ///
    /// # Errors
    ///
    /// The bridge does not know this network, or is stopping.
    pub(crate) async fn read(
        bridge: &BridgeHandle,
        network: &Network,
        key: &str,
    ) -> Result<Self, BridgeError> {
        let key = format!("{key} reached");
        let stored = until_stored(|| bridge.cursor(network, &key)).await?;
        let stored = stored.and_then(|at| at.parse().ok()).map(Timestamp);
        Ok(Self {
            key,
            last: stored,
            stored,
        })
    }

    /// Telegram answered; whoever may have lost something is told, in one commit with the time.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) async fn note(
        &mut self,
        bridge: &BridgeHandle,
        network: &Network,
        now: Timestamp,
    ) -> Result<(), BridgeError> {
        let gap = self.last.and_then(|last| gap(last, now));
        self.last = Some(now);
        let is_due = self
            .stored
            .is_none_or(|stored| stored.since(now).max(now.since(stored)) >= STORED_EVERY);
        if gap.is_none() && !is_due {
            return Ok(());
        }
        let gaps: Vec<Gap> = gap.into_iter().collect();
        let cursor = Cursor {
            key: self.key.clone(),
            value: now.0.to_string(),
        };
        let tell =
            || bridge.submit_with_gaps(network, Vec::new(), gaps.clone(), Some(cursor.clone()));
        until_stored(tell).await?;
        self.stored = Some(now);
        Ok(())
    }
}

/// What is told after an outage from `last` to `now`. `None`: Telegram kept everything.
fn gap(last: Timestamp, now: Timestamp) -> Option<Gap> {
    let outage = now.since(last);
    if last < CLOCK_IS_SET || outage <= KEPT {
        return None;
    }
    let hours = outage.as_secs() / 3600;
    Some(Gap {
        place: None,
        words: format!(
            "I did not reach Telegram for about {hours} hours, since {last}. Telegram keeps what is written to a bot for 24 \
             hours only: what was written there before that may be gone without having reached me. What I have read bears a \
             mark. Please send again what has none and should go out."
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_of_more_than_a_day_is_told_unless_the_clock_was_wrong() {
        let hour = 3600 * 1000;
        let start = 1_700_000_000_000;
        for (last, now, told) in [
            (start, start, None),
            (start, start + 24 * hour, None),
            (start, start + 25 * hour, Some("25 hours, since 2023-11-14")),
            (start, start + 240 * hour, Some("240 hours")),
            // It went back.
            (start, start - 48 * hour, None),
            // It began in 1970 and was set since.
            (5 * hour, start, None),
        ] {
            let words = gap(Timestamp(last), Timestamp(now)).map(|gap| gap.words);
            match (words, told) {
                (None, None) => {}
                (Some(words), Some(told)) => assert!(words.contains(told), "{words}"),
                (words, told) => panic!("{last} {now}: {words:?} instead of {told:?}"),
            }
        }
    }
}
