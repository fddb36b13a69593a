//! Keeping the radio link open between the parts of one message (`+CMMS`, 3GPP TS 27.005 §3.5.6).
//!
//! Asked for before each part that another one follows, as its own header says, so a message of one part costs nothing.
//! A modem that refuses it, or does not answer, is not asked again.

use std::time::Duration;

use sms_codec::{DecodeOptions, Direction, ServiceCentre};

use super::Engine;
use super::job::{Job, Outgoing, Reply, Sending};

/// The modem closes the link by itself if nothing follows within 1 to 5 s (the same section).
const STAYS_OPEN: Duration = Duration::from_secs(1);

/// What is known of the link.
#[derive(Debug, Default)]
pub(super) struct Link {
    refused: bool,
    /// Until when the next command to send must be there.
    open_until: Duration,
    /// Whether the message that is being sent goes through an open link.
    used: bool,
}

impl Engine {
    /// Puts the wish to keep the link open before a part that another one follows.
    pub(super) fn keeping_link(&mut self, now: Duration, job: Job) -> Job {
        self.link.used = now < self.link.open_until;
        let Job::Send(Sending {
            what: Outgoing::Tpdu(tpdu),
            ..
        }) = &job
        else {
            return job;
        };
        if self.link.refused || self.link.used || !another_follows(tpdu) {
            return job;
        }
        self.next.push_front(job);
        Job::KeepLink
    }

    pub(super) fn finish_keeping_link(&mut self, now: Duration, reply: &Reply) {
        match reply {
            Reply::Ok(_) => {
                self.link.used = true;
                self.link.open_until = now + STAYS_OPEN;
            }
            Reply::Error(_) if super::incoming::is_busy(reply) => {}
            Reply::Error(_) | Reply::NoAnswer => self.link.refused = true,
        }
    }

    /// A message was answered: a link that was open stays open for a moment.
    pub(super) fn note_link_used(&mut self, now: Duration) {
        if self.link.used {
            self.link.open_until = now + STAYS_OPEN;
        }
    }

    /// Modem or port began anew.
    pub(super) fn close_link(&mut self) {
        self.link.open_until = Duration::ZERO;
        self.link.used = false;
    }
}

/// Whether this is a part of a message, and not its last.
fn another_follows(tpdu: &[u8]) -> bool {
    let options = DecodeOptions {
        direction: Direction::ToNetwork,
        service_centre: ServiceCentre::Absent,
        ..DecodeOptions::default()
    };
    sms_codec::decode(tpdu, &options)
        .ok()
        .and_then(|decoded| decoded.tpdu.user_data()?.concatenation())
        .is_some_and(|place| place.part < place.total)
}
