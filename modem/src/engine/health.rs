//! The health ladder: what is tried, rung by rung, with a modem that does not serve, and when.
//!
//! What comes before: a late answer is drained, a modem without an answer is talked to by ESC and AT (`recovery`), then the
//! port is closed and opened again, which looks for the modem anew (the driver). After that:
//!
//! | what is wrong | for how long | rungs, one after another | healed once |
//! |---|---|---|---|
//! | `Silent`: bring-up does not get through | 3 reopenings, or 20 if it never answered to AT | restart, USB reset | bring-up got through |
//! | `Failing`: AT is answered, and every command fails | 10 minutes and 10 commands | restart, USB reset | a command was taken |
//! | `SimNotReady`: the SIM failed, or one that was there is missed | 10 minutes | radio off and on, restart, USB reset | the modem is ready |
//! | `NoNetwork`: not registered | `network_timeout`; 0: for ever | radio off and on, restart, USB reset | registered |
//!
//! Radio off and on is `+CFUN=4` (or 0) and `+CFUN=1`, and the modem is set up from the beginning. Restart is `+CFUN=1,1`,
//! after which many a stick falls off the bus and comes back as a CD-ROM: the port is closed and waited for. The USB reset is
//! [`Output::ResetUsb`]. Before a further rung the pause is doubled, up to an hour for `Silent` and 6 hours for the others,
//! and after the last rung it begins with the first again. A rung that the modem refuses is followed by the next at once.
//!
//! Nothing is done for a port that is absent: the time that something is wrong counts only while the port is open.
//!
//! **Invariants:** no rung is begun while a command is in flight, so never between Ctrl-Z and the result, nor while the late
//! result of a send is expected; the rungs that were tried are remembered across reopenings until the proof of the table.

use std::time::Duration;

use super::bring_up::BringUp;
use super::command::{AnswerLines, Command};
use super::job::{Job, Radio, Reply};
use super::{Engine, Memories, Output, Port};
use crate::cause::ModemError;
use crate::status::{Blocked, Phase, Registration};

/// Reopenings without success after which more is tried.
const REOPENINGS: u8 = 3;
/// The same for a port on which nobody ever answered: it may well be the wrong one.
const PATIENT_REOPENINGS: u8 = 20;
/// Commands that have to fail in a row.
const FAILURES: u8 = 10;
const SILENT_PAUSE: Duration = Duration::from_secs(60);
const LONG_SILENT_PAUSE: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(600);
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// The radio stays off for so long, and may take so long to come on.
const RADIO_PAUSE: Duration = Duration::from_secs(2);
const RADIO: Duration = Duration::from_secs(30);
/// Restarts in a row that bring-up begins anew for: some modems say at every switching of the radio that they began anew.
const RESTARTS: u8 = 3;
/// Hints at a restart that nobody announced are followed so often at most.
const HINT_PAUSE: Duration = Duration::from_secs(600);

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ill {
    Silent,
    Failing,
    SimNotReady,
    NoNetwork,
}

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rung {
    RadioOffAndOn,
    Restart,
    ResetUsb,
}

impl Ill {
    fn rungs(self) -> &'static [Rung] {
        match self {
            Self::Silent | Self::Failing => &[Rung::Restart, Rung::ResetUsb],
            Self::SimNotReady | Self::NoNetwork => {
                &[Rung::RadioOffAndOn, Rung::Restart, Rung::ResetUsb]
            }
        }
    }

    fn words(self, rung: Rung) -> &'static str {
        match (self, rung) {
            (Self::Silent, Rung::RadioOffAndOn) => {
                "the modem does not answer: switching its radio off and on"
            }
            (Self::Silent, Rung::Restart) => "the modem does not answer: restarting it",
            (Self::Silent, Rung::ResetUsb) => {
                "the modem does not answer: resetting it at its USB port"
            }
            (Self::Failing, Rung::RadioOffAndOn) => {
                "the modem refuses every command: switching its radio off and on"
            }
            (Self::Failing, Rung::Restart) => "the modem refuses every command: restarting it",
            (Self::Failing, Rung::ResetUsb) => {
                "the modem refuses every command: resetting it at its USB port"
            }
            (Self::SimNotReady, Rung::RadioOffAndOn) => {
                "the SIM does not get ready: switching the radio off and on"
            }
            (Self::SimNotReady, Rung::Restart) => {
                "the SIM does not get ready: restarting the modem"
            }
            (Self::SimNotReady, Rung::ResetUsb) => {
                "the SIM does not get ready: resetting the modem at its USB port"
            }
            (Self::NoNetwork, Rung::RadioOffAndOn) => {
                "no network for long: switching the radio off and on"
            }
            (Self::NoNetwork, Rung::Restart) => "still no network: restarting the modem",
            (Self::NoNetwork, Rung::ResetUsb) => {
                "still no network: resetting the modem at its USB port"
            }
        }
    }
}

/// How far up one ladder is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Ladder {
    /// Since when it is wrong without a break; `None`: it is not, as far as is known.
    since: Option<Duration>,
    /// Rungs tried since it was last right.
    climbed: u8,
    /// When the last of them was begun.
    last: Option<Duration>,
}

/// What is known of the modem's health. Outlives the port.
#[derive(Debug, Default)]
pub(super) struct Health {
    silent: Ladder,
    failing: Ladder,
    sim_not_ready: Ladder,
    no_network: Ladder,
    /// Reopenings since bring-up last got through, or since the last rung.
    reopenings: u8,
    /// Commands that failed in a row.
    failures: u8,
    /// Whether AT was ever answered.
    answered: bool,
    /// Whether there ever was a SIM.
    had_sim: bool,
    /// How often the modem began anew since bring-up last got through.
    restarts: u8,
    /// The rung that is being tried, in words.
    doing: Option<&'static str>,
    /// Whether the modem echoes although it was told not to.
    echoes: bool,
    /// When a hint at a restart was last followed.
    followed_hint: Option<Duration>,
}

impl Health {
    fn ladder(&mut self, ill: Ill) -> &mut Ladder {
        match ill {
            Ill::Silent => &mut self.silent,
            Ill::Failing => &mut self.failing,
            Ill::SimNotReady => &mut self.sim_not_ready,
            Ill::NoNetwork => &mut self.no_network,
        }
    }

    fn heal(&mut self, ill: Ill) {
        *self.ladder(ill) = Ladder::default();
    }

    fn note_ill(&mut self, now: Duration, ill: Ill) {
        self.ladder(ill).since.get_or_insert(now);
    }

    /// The modem answered to AT.
    pub(super) fn note_answer(&mut self) {
        self.answered = true;
    }

    /// Bring-up got through, or to something that only a person can mend.
    fn note_through(&mut self) {
        self.reopenings = 0;
        self.restarts = 0;
        self.heal(Ill::Silent);
    }

    /// The modem says that it began anew while it was set up. Gives `false` where it says so again and again.
    pub(super) fn note_restart(&mut self) -> bool {
        self.restarts = self.restarts.saturating_add(1);
        self.restarts <= RESTARTS
    }

    /// The modem begins anew: what was wrong has its time again. Rungs that were tried stay in mind.
    pub(super) fn begin_anew(&mut self) {
        self.echoes = false;
        self.no_network.since = None;
    }

    /// The words of the rung that is being tried, for the phase while the port is closed.
    pub(super) fn take_words(&mut self) -> Option<&'static str> {
        self.sim_not_ready.since = None;
        self.failing.since = None;
        self.no_network.since = None;
        self.failures = 0;
        self.doing.take()
    }

    pub(super) fn is_mending(&self) -> bool {
        self.doing.is_some()
    }
}

impl Engine {
    /// When the next rung is due; `None`: nothing is wrong, or nothing is to be done about it.
    fn rung_due(&self, ill: Ill) -> Option<Duration> {
        let (ladder, patience, first, longest) = match ill {
            Ill::Silent => (
                self.health.silent,
                Duration::ZERO,
                SILENT_PAUSE,
                LONG_SILENT_PAUSE,
            ),
            Ill::Failing if self.health.failures < FAILURES => return None,
            Ill::Failing => (self.health.failing, PATIENCE, PATIENCE, LONGEST_PAUSE),
            Ill::SimNotReady => (self.health.sim_not_ready, PATIENCE, PATIENCE, LONGEST_PAUSE),
            Ill::NoNetwork if self.settings.network_timeout.is_zero() => return None,
            Ill::NoNetwork => {
                let timeout = self.settings.network_timeout;
                let longest = LONGEST_PAUSE.max(timeout);
                (self.health.no_network, timeout, timeout, longest)
            }
        };
        let due = ladder.since?.saturating_add(patience);
        let Some(last) = ladder.last else {
            return Some(due);
        };
        let doublings = u32::from(ladder.climbed.min(20));
        let pause = first.saturating_mul(1 << doublings).min(longest);
        Some(due.max(last.saturating_add(pause)))
    }

    /// When a rung is due while nothing else goes on.
    pub(super) fn health_due(&self) -> Option<Duration> {
        let due = self.rung_due(Ill::NoNetwork)?;
        Some(due.max(self.late.open_until().unwrap_or_default()))
    }

    /// Begins a rung that is due. Gives whether it did.
    pub(super) fn mend(&mut self, now: Duration) -> bool {
        self.watch_network(now);
        let asks_for_pin = self
            .bring_up
            .as_ref()
            .is_some_and(|bring_up| bring_up.due().is_none());
        if self.health.is_mending() || asks_for_pin || self.late.is_open(now) {
            return false;
        }
        let blocked = matches!(self.status.phase, Phase::Blocked(_));
        let looks = [
            (Ill::NoNetwork, self.bring_up.is_none()),
            (Ill::SimNotReady, blocked),
            (Ill::Failing, self.bring_up.is_none() || blocked),
        ];
        for (ill, applies) in looks {
            if applies && self.rung_due(ill).is_some_and(|due| due <= now) {
                self.climb(now, ill);
                return true;
            }
        }
        false
    }

    fn watch_network(&mut self, now: Duration) {
        if self.bring_up.is_some() {
            return;
        }
        if self.status.registration.is_registered()
            || self.status.packet_registration.is_registered()
        {
            self.health.heal(Ill::NoNetwork);
            return;
        }
        match self.status.registration {
            Registration::Idle | Registration::Searching | Registration::Denied => {
                self.health.note_ill(now, Ill::NoNetwork);
            }
            // Many a modem does not tell.
            Registration::Unclear | Registration::Home | Registration::Roaming => {}
        }
    }

    /// Bring-up got through.
    pub(super) fn note_ready(&mut self) {
        self.health.note_through();
        self.health.heal(Ill::SimNotReady);
        self.health.had_sim |= self.status.identity.imsi.is_some();
    }

    /// Bring-up came to something that only a person can mend, or the ladder.
    pub(super) fn note_blocked(&mut self, now: Duration, blocked: Blocked) {
        self.health.note_through();
        if blocked == Blocked::SimFailure || blocked == Blocked::SimMissing && self.health.had_sim {
            self.health.note_ill(now, Ill::SimNotReady);
        } else {
            self.health.heal(Ill::SimNotReady);
        }
    }

    /// How a command ended that is not part of talking to a silent modem.
    pub(super) fn note_reply(&mut self, now: Duration, reply: &Reply) {
        match reply {
            Reply::Ok(_) => {
                self.health.failures = 0;
                self.health.heal(Ill::Failing);
            }
            Reply::Error(_) | Reply::NoAnswer => {
                self.health.failures = self.health.failures.saturating_add(1);
                self.health.note_ill(now, Ill::Failing);
            }
        }
    }

    /// AT was not answered often enough: the port is opened again, or more is tried.
    pub(super) fn give_up(&mut self, now: Duration) {
        self.health.reopenings = self.health.reopenings.saturating_add(1);
        let most = if self.health.answered {
            REOPENINGS
        } else {
            PATIENT_REOPENINGS
        };
        if self.health.reopenings > most {
            self.health.note_ill(now, Ill::Silent);
            if self.rung_due(Ill::Silent).is_some_and(|due| due <= now) {
                return self.climb(now, Ill::Silent);
            }
        }
        self.close_port();
    }

    /// The next rung of a ladder.
    fn climb(&mut self, now: Duration, ill: Ill) {
        let ladder = self.health.ladder(ill);
        let rungs = ill.rungs();
        let at = usize::from(ladder.climbed) % rungs.len();
        ladder.climbed = ladder.climbed.saturating_add(1);
        ladder.last = Some(now);
        let rung = rungs.get(at).copied().unwrap_or(Rung::Restart);
        self.health.reopenings = 0;
        let doing = ill.words(rung);
        tracing::warn!(
            ?rung,
            ?ill,
            "the modem does not serve; a rung of the health ladder is tried"
        );
        self.forget_everything();
        self.set_phase(Phase::Mending { doing });
        self.health.doing = Some(doing);
        self.bring_up = Some(BringUp::new(now));
        self.turn_away();
        match rung {
            Rung::RadioOffAndOn => {
                self.begin_bring_up(now);
                self.next.push_front(Job::Radio(Radio::On));
                self.next.push_front(Job::Radio(Radio::Off { mode: 4 }));
            }
            Rung::Restart => self.next.push_front(Job::Restart { ill }),
            Rung::ResetUsb => {
                self.port = Port::Closing;
                self.outputs.push_back(Output::ResetUsb);
            }
        }
    }

    /// What was set up in the modem does not hold any more, and what was under way is lost.
    pub(super) fn forget_everything(&mut self) {
        self.transmits.clear();
        self.lose_everything();
        self.late.forget();
        self.direct = None;
        self.slots.forget();
        self.memories = Memories::default();
    }

    pub(super) fn radio_command(radio: Radio) -> Command {
        let mode = match radio {
            Radio::Off { mode } => mode,
            Radio::On => 1,
        };
        Command::new(format!("AT+CFUN={mode}"), AnswerLines::None).within(RADIO)
    }

    pub(super) fn restart_command() -> Command {
        Command::new("AT+CFUN=1,1", AnswerLines::None)
    }

    pub(super) fn finish_radio(&mut self, now: Duration, radio: Radio, reply: &Reply) {
        match (radio, reply) {
            // Not every modem has the flight mode.
            (Radio::Off { mode: 4 }, Reply::Error(_)) => {
                self.next.push_front(Job::Radio(Radio::Off { mode: 0 }));
            }
            (Radio::Off { .. }, _) => self.quiet_until = self.quiet_until.max(now + RADIO_PAUSE),
            (Radio::On, _) => self.health.doing = None, // Bring-up goes on.
        }
    }

    pub(super) fn finish_restart(&mut self, now: Duration, ill: Ill, reply: &Reply) {
        match reply {
            Reply::Error(_) => {
                self.health.doing = None;
                self.climb(now, ill);
            }
            Reply::Ok(_) | Reply::NoAnswer => self.close_port(),
        }
    }

    /// The modem writes our command back, which it was told not to do: perhaps it began anew without a word.
    pub(super) fn note_echo(&mut self, line: &str) {
        match &self.bring_up {
            Some(bring_up) => self.health.echoes |= bring_up.is_past_echo(),
            None if self.health.echoes => {}
            None => {
                let ours = self
                    .in_flight
                    .as_ref()
                    .is_some_and(|in_flight| in_flight.is_command(line));
                if ours {
                    self.health.echoes = true;
                    self.look_at_routing();
                }
            }
        }
    }

    /// Sets the modem up from the beginning because something looks as if it had begun anew without a word. Gives `false`
    /// if that was done shortly before: then it is in its nature.
    pub(super) fn follow_hint(&mut self, now: Duration, hint: &'static str) -> bool {
        let recently = self
            .health
            .followed_hint
            .is_some_and(|last| now < last.saturating_add(HINT_PAUSE));
        if self.bring_up.is_some()
            || self.port != Port::Open
            || self.in_flight.is_some()
            || recently
        {
            return false;
        }
        tracing::warn!(
            hint,
            "the modem seems to have begun anew; it is set up again"
        );
        self.health.followed_hint = Some(now);
        self.handle_restart(now);
        true
    }

    /// The SIM is not what it was when the modem was set up.
    pub(super) fn look_for_lost_sim(&mut self, now: Duration, error: ModemError) {
        let lost = matches!(
            error,
            ModemError::Cme(10..=13) | ModemError::Cms(310 | 311 | 313 | 316)
        );
        if lost {
            self.follow_hint(now, "the SIM is not ready any more");
        }
    }
}
