//! What goes wrong on one day, by seed, and the calm after it.

use std::time::Duration;

use modem::DeliveryReports;
use modem::engine::Settings;
use modem_sim::card::Memory;
use modem_sim::{FaultRates, Incoming, Profile, Registration, Simulator};

use crate::ledger::Totals;
use crate::line::Line;

/// With faults, and without.
const STORMY: Duration = Duration::from_secs(20 * 3600);
const CALM: Duration = Duration::from_secs(4 * 3600);

/// What a day came to, or several.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Day {
    pub(crate) days: u64,
    pub(crate) totals: Totals,
    pub(crate) reopenings: u64,
    pub(crate) kills: u64,
    pub(crate) switches: u64,
    pub(crate) resets: u64,
}

impl Day {
    /// Hours in a day.
    pub(crate) const HOURS: u64 = 24;

    pub(crate) fn plus(self, other: &Self) -> Self {
        Self {
            days: self.days + other.days,
            totals: self.totals.plus(other.totals),
            reopenings: self.reopenings + other.reopenings,
            kills: self.kills + other.kills,
            switches: self.switches + other.switches,
            resets: self.resets + other.resets,
        }
    }
}

/// Plays one day.
///
/// # Errors
///
/// What was lost, doubled, untrue or stuck, with the last things that happened.
pub(crate) fn day(profile: Profile, seed: u64, trace: bool) -> Result<Day, String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let settings = modem_sim::Settings {
        seed,
        // Small, so that it fills up.
        sim_capacity: 8,
        ..profile.settings()
    };
    // From a bad day to one that nobody has seen.
    let rates = FaultRates::usual(seed).times(f64::from(random.u8(1..24)));
    let simulator = Simulator::new(settings).with_rates(rates);
    let mut line = Line::new(engine_settings(), simulator);
    line.trace = trace;
    let mut deeds = Deeds::default();
    match play(&mut line, &mut random, &mut deeds) {
        Ok(()) => Ok(Day {
            days: 1,
            totals: line.ledger.totals,
            reopenings: line.reopenings,
            kills: line.kills,
            switches: line.switches,
            resets: line.resets,
        }),
        Err(words) => {
            for fired in line.simulator.ledger() {
                deeds.push(
                    Duration::from_millis(fired.at_ms),
                    format!("{} {}", fired.fault, fired.detail),
                );
            }
            Err(format!(
                "{words}\n  at {:.1?}, {} parts not settled, phase: {}\n  before:\n{}",
                line.now,
                line.parts.len(),
                line.phase(),
                deeds.last(40)
            ))
        }
    }
}

fn engine_settings() -> Settings {
    let mut config = modem::Config::new(modem::Address::Auto);
    config.delivery_reports = DeliveryReports::Wanted;
    Settings::from(&config)
}

/// What happened, for whoever looks into a day that went wrong.
#[derive(Default)]
struct Deeds(Vec<(Duration, String)>);

impl Deeds {
    fn push(&mut self, at: Duration, words: String) {
        self.0.push((at, words));
    }

    fn last(&mut self, count: usize) -> String {
        self.0.sort_by_key(|(at, _)| *at);
        let from = self.0.len().saturating_sub(count);
        let last = self.0.get(from..).unwrap_or_default();
        let lines = last
            .iter()
            .map(|(at, words)| format!("    {at:.1?} {words}\n"));
        lines.collect()
    }
}

fn play(line: &mut Line, random: &mut fastrand::Rng, deeds: &mut Deeds) -> Result<(), String> {
    let mut delivered = 0;
    // Half of the days the program is never killed, and nothing at all may be mistaken.
    let deeds_of_day = if random.bool() { 16 } else { 15 };
    while line.now < STORMY {
        let words = happen(line, random.u8(..deeds_of_day), random, &mut delivered);
        deeds.push(line.now, words);
        // Mostly close together, sometimes an hour apart.
        let pause = match random.u8(..8) {
            0 => random.u64(..3_600_000),
            1..3 => random.u64(..300_000),
            _ => random.u64(..20_000),
        };
        line.run(Duration::from_millis(pause))?;
    }
    line.simulator.clear_faults();
    line.simulator.set_coverage(line.now, Registration::Home);
    line.run(CALM)?;
    if !line.is_ready() {
        return Err("the line is not ready after the calm".to_owned());
    }
    let mut parts = std::mem::take(&mut line.parts);
    line.ledger.close(&mut parts)?;
    let used: usize = [Memory::Sim, Memory::Modem]
        .into_iter()
        .map(|memory| line.simulator.card().used(memory))
        .sum();
    if used > 0 {
        return Err(format!("{used} messages are left in the modem"));
    }
    Ok(())
}

/// One thing that people or the machine do; what the modem does by itself comes by the rates.
fn happen(line: &mut Line, deed: u8, random: &mut fastrand::Rng, delivered: &mut u64) -> String {
    match deed {
        0..8 => {
            line.write();
            "someone writes in the chat".to_owned()
        }
        8..14 => {
            *delivered += 1;
            let message = Incoming::new("+12025550100", &format!("number {delivered}"));
            match line.simulator.deliver(line.now, &message) {
                Ok(_) => format!("SMS {delivered}"),
                Err(error) => format!("no SMS: {error}"),
            }
        }
        14 => {
            line.ask_again();
            "someone asks again".to_owned()
        }
        _ => {
            let away = Duration::from_millis(random.u64(..60_000));
            line.kill(away);
            format!("killed for {away:?}")
        }
    }
}
