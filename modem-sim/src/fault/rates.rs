//! Faults by chance: how likely each is, and when the next one comes. Seeded, in virtual time.
//!
//! **Invariant:** the same seed, the same rates and the same bytes at the same times give the same faults; a simulator
//! without rates draws no number for them.

use std::time::Duration;

use super::{CommandSpoil, ModemFault, NetworkTook, NotificationFault, SendFault};
use crate::random::Random;
use crate::simulator::{Due, Simulator};

/// How likely each fault is. Of one list, at most one strikes at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRates {
    /// The same seed, the same faults.
    pub seed: u64,
    /// The probability for each send, from 0 to 1.
    pub sends: Vec<(f64, SendFault)>,
    /// The probability for each command line that does not send, from 0 to 1.
    pub commands: Vec<(f64, CommandSpoil)>,
    /// The probability for each stored message, from 0 to 1.
    pub notifications: Vec<(f64, NotificationFault)>,
    /// How many come in an hour, on the average; the gaps are exponential.
    pub hours: Vec<(f64, ModemFault)>,
}

impl FaultRates {
    /// None at all.
    pub fn none(seed: u64) -> Self {
        Self {
            seed,
            sends: Vec::new(),
            commands: Vec::new(),
            notifications: Vec::new(),
            hours: Vec::new(),
        }
    }

    /// Each kind of fault: about one send in seven, one command in a hundred, one notification in twenty-five, and four an
    /// hour by themselves.
    pub fn usual(seed: u64) -> Self {
        let seconds = Duration::from_secs;
        let after = |code, network| SendFault::AfterSubmit { code, network };
        let line = || "^RSSI:9".to_owned();
        Self {
            seed,
            sends: vec![
                (0.010, SendFault::BeforePrompt { code: 500 }),
                (0.010, after(38, NetworkTook::Nothing)),
                (0.010, after(332, NetworkTook::It)),
                (0.010, after(512, NetworkTook::It)),
                (0.010, after(512, NetworkTook::Nothing)),
                (0.010, SendFault::NoPrompt),
                (0.010, SendFault::LoseAnswer),
                (0.010, SendFault::LateAnswer(seconds(70))),
                (0.010, SendFault::LateAnswer(seconds(135))),
                (0.010, SendFault::OkWithoutReference),
                (0.005, SendFault::BareError),
                (0.010, SendFault::LineBeforeResult("pad".to_owned())),
                (0.010, SendFault::LineBeforePrompt(line())),
                (0.010, SendFault::DoubledResult),
                (0.005, SendFault::DropPort(seconds(8))),
                (0.005, SendFault::PowerLost(seconds(20))),
            ],
            commands: vec![
                (
                    0.001,
                    CommandSpoil::GluedBeforeEcho("^SRVST:2\r\n".to_owned()),
                ),
                (0.001, CommandSpoil::DoubleEcho),
                (0.002, CommandSpoil::LineInAnswer(line())),
                (0.001, CommandSpoil::ArrivalInAnswer),
                (0.001, CommandSpoil::DoubledResult),
                (0.001, CommandSpoil::Fail("+CME ERROR: 515".to_owned())),
                (0.001, CommandSpoil::Fail("+CME ERROR: 14".to_owned())),
                (0.001, CommandSpoil::LateAnswer(seconds(12))),
                (0.002, CommandSpoil::LoseAnswer),
            ],
            notifications: vec![
                (0.020, NotificationFault::Lost),
                (
                    0.010,
                    NotificationFault::As("+CMTI: \"SM\",{index},\"MMS PUSH\",2,1".to_owned()),
                ),
                (0.010, NotificationFault::As("+CMTI: ,-1".to_owned())),
            ],
            hours: vec![
                (0.3, ModemFault::Hang(seconds(20))),
                (0.1, ModemFault::Hang(seconds(400))),
                (0.3, ModemFault::DropPort(seconds(5))),
                (0.2, ModemFault::Reboot(seconds(12))),
                (0.1, ModemFault::CdRom),
                (0.5, ModemFault::NoNetwork(seconds(90))),
                (0.1, ModemFault::Denied(seconds(120))),
                (2.0, ModemFault::Line(line())),
                (0.3, ModemFault::Noise(b"\0\0\xFF\r\n".to_vec())),
                (0.1, ModemFault::ForgetRouting),
            ],
        }
    }

    /// All of them that many times as likely.
    #[must_use]
    pub fn times(mut self, factor: f64) -> Self {
        self.sends.iter_mut().for_each(|(rate, _)| *rate *= factor);
        self.commands
            .iter_mut()
            .for_each(|(rate, _)| *rate *= factor);
        self.notifications
            .iter_mut()
            .for_each(|(rate, _)| *rate *= factor);
        self.hours.iter_mut().for_each(|(rate, _)| *rate *= factor);
        self
    }
}

/// Rates at work.
#[derive(Debug)]
pub(crate) struct Running {
    rates: FaultRates,
    random: Random,
}

impl Running {
    pub(crate) fn send(&mut self) -> Option<SendFault> {
        drawn(&self.rates.sends, &mut self.random)
    }

    pub(crate) fn command(&mut self) -> Option<CommandSpoil> {
        drawn(&self.rates.commands, &mut self.random)
    }

    pub(crate) fn notification(&mut self) -> Option<NotificationFault> {
        drawn(&self.rates.notifications, &mut self.random)
    }

    /// The fault of that place among those that come by the hour, and when it comes next; `None` where it never does.
    fn next(&mut self, place: usize) -> Option<(Duration, ModemFault)> {
        let (rate, fault) = self.rates.hours.get(place)?;
        if *rate <= 0.0 {
            return None;
        }
        let hours = -self.random.share().ln() / *rate;
        let gap = Duration::try_from_secs_f64(hours * 3_600.0).ok()?;
        Some((gap.max(Duration::from_millis(1)), fault.clone()))
    }
}

fn drawn<T: Clone>(faults: &[(f64, T)], random: &mut Random) -> Option<T> {
    if faults.is_empty() {
        return None;
    }
    let mut left = random.share();
    faults
        .iter()
        .find(|(rate, _)| {
            left -= rate;
            left <= 0.0
        })
        .map(|(_, fault)| fault.clone())
}

impl Simulator {
    /// Faults strike at these rates from now on, and no others by themselves.
    pub fn set_rates(&mut self, rates: FaultRates) {
        self.forget_strikes();
        let places = rates.hours.len();
        self.faults.rates = Some(Running {
            random: Random::new(rates.seed),
            rates,
        });
        (0..places).for_each(|place| self.schedule_strike(place));
    }

    pub(crate) fn schedule_strike(&mut self, place: usize) {
        let next = self
            .faults
            .rates
            .as_mut()
            .and_then(|rates| rates.next(place));
        if let Some((gap, fault)) = next {
            self.schedule(self.now + gap, Due::Strike(fault, place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_as_frequent_as_their_rates() {
        let mut running = Running {
            random: Random::new(3),
            rates: FaultRates {
                sends: vec![(0.25, SendFault::Hold), (0.5, SendFault::BareError)],
                hours: vec![(4.0, ModemFault::CdRom), (0.0, ModemFault::CdRom)],
                ..FaultRates::none(3)
            },
        };
        let (mut held, mut errors) = (0, 0);
        for _ in 0..10_000 {
            match running.send() {
                Some(SendFault::Hold) => held += 1,
                Some(_) => errors += 1,
                None => {}
            }
        }
        assert!((2_300..2_700).contains(&held), "{held}");
        assert!((4_800..5_200).contains(&errors), "{errors}");
        let gaps: Duration = (0..1_000)
            .filter_map(|_| running.next(0))
            .map(|(gap, _)| gap)
            .sum();
        let minutes = gaps.as_secs() / 60_000;
        assert!(
            (13..=17).contains(&minutes),
            "{minutes} minutes on the average"
        );
        assert_eq!(running.next(1), None);
        assert_eq!(running.command(), None);
    }
}
