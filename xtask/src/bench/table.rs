//! The table: figures by program, and what was to be reached.

use std::collections::BTreeMap;
use std::fmt;

use super::Contender;

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Figure {
    /// Outgoing messages a second at no latency.
    Out,
    /// Incoming, likewise.
    In,
    /// From a delivery to the free slot, in milliseconds: the median.
    Freed,
    /// The same: the longest.
    FreedWorst,
    /// Outgoing messages a second at 115200 baud.
    OutBaud,
    /// Incoming, likewise.
    InBaud,
    /// Outgoing messages a second where each takes 2 s.
    OutSlow,
    /// Resident memory at the end, in MiB.
    Resident,
    /// Processor time for an outgoing message, in milliseconds.
    OutCpu,
    /// Processor time for an incoming message, in milliseconds.
    InCpu,
    /// Processor time while nothing happens, in percent of one core.
    IdleCpu,
}

/// What is to be reached.
enum Aim {
    AtLeast(f64),
    Below(f64),
    /// Of what the bare client reaches.
    Share(f64),
    /// Nothing: printed to compare.
    None,
}

impl Figure {
    const ALL: [Self; 11] = [
        Self::Out,
        Self::In,
        Self::Freed,
        Self::FreedWorst,
        Self::OutBaud,
        Self::InBaud,
        Self::OutSlow,
        Self::Resident,
        Self::OutCpu,
        Self::InCpu,
        Self::IdleCpu,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::Out => "outgoing/s",
            Self::In => "incoming/s",
            Self::Freed => "`+CMTI` to durable and freed, ms, median",
            Self::FreedWorst => "the same, ms, longest",
            Self::OutBaud => "outgoing/s at 115200 baud",
            Self::InBaud => "incoming/s at 115200 baud",
            Self::OutSlow => "outgoing/s with 2 s per send",
            Self::Resident => "resident memory, MiB",
            Self::OutCpu => "CPU ms per outgoing message",
            Self::InCpu => "CPU ms per incoming message",
            Self::IdleCpu => "idle CPU, %",
        }
    }

    fn aim(self) -> Aim {
        match self {
            Self::Out => Aim::AtLeast(100.0),
            Self::In => Aim::AtLeast(400.0),
            Self::Freed => Aim::Below(20.0),
            Self::OutBaud | Self::InBaud => Aim::Share(0.7),
            Self::OutSlow => Aim::AtLeast(0.49),
            Self::IdleCpu => Aim::Below(0.5),
            Self::FreedWorst | Self::Resident | Self::OutCpu | Self::InCpu => Aim::None,
        }
    }
}

/// Every value that was measured.
#[derive(Default)]
pub(super) struct Table(BTreeMap<(Figure, Contender), Vec<f64>>);

impl Table {
    pub(super) fn note(&mut self, figure: Figure, contender: Contender, value: f64) {
        println!("  {}: {}", figure.words(), number(value));
        self.0.entry((figure, contender)).or_default().push(value);
    }

    fn value(&self, figure: Figure, contender: Contender) -> Option<f64> {
        let mut values = self.0.get(&(figure, contender))?.clone();
        Some(median(&mut values))
    }

    /// What was to be reached, and whether it was. `None`: nothing was, or it was not measured.
    fn verdict(&self, figure: Figure) -> (String, Option<bool>) {
        let ours = self.value(figure, Contender::SmsBridge);
        match figure.aim() {
            Aim::AtLeast(least) => (
                format!("at least {}", number(least)),
                ours.map(|ours| ours >= least),
            ),
            Aim::Below(most) => (
                format!("below {}", number(most)),
                ours.map(|ours| ours < most),
            ),
            Aim::Share(share) => {
                let bare = self.value(figure, Contender::Bare);
                let reached = ours.zip(bare).map(|(ours, bare)| ours >= share * bare);
                (format!("{:.0} % of bare", share * 100.0), reached)
            }
            Aim::None => (String::new(), None),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("| | to reach | sms-bridge | | bare AT client | smsd | gammu-smsd |\n")?;
        f.write_str("|---|---|---|---|---|---|---|\n")?;
        for figure in Figure::ALL {
            let (aim, reached) = self.verdict(figure);
            let reached = match reached {
                Some(true) => "reached",
                Some(false) => "**not reached**",
                None => "",
            };
            let cell = |contender| {
                self.value(figure, contender)
                    .map_or_else(String::new, number)
            };
            writeln!(
                f,
                "| {} | {aim} | {} | {reached} | {} | {} | {} |",
                figure.words(),
                cell(Contender::SmsBridge),
                cell(Contender::Bare),
                cell(Contender::Smsd),
                cell(Contender::GammuSmsd),
            )?;
        }
        Ok(())
    }
}

/// The middle one, or the mean of the middle two. Not a number where there is none.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle.wrapping_sub(1)), values.get(middle)) {
        (Some(below), Some(above)) if values.len().is_multiple_of(2) => {
            f64::midpoint(*below, *above)
        }
        (_, Some(middle)) => *middle,
        (_, None) => f64::NAN,
    }
}

/// Three digits that count, as far as they are behind the point.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        medium if medium >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_is_marked() {
        let mut table = Table::default();
        for value in [90.0, 120.0, 99.0] {
            table.note(Figure::Out, Contender::SmsBridge, value);
        }
        table.note(Figure::InBaud, Contender::SmsBridge, 71.0);
        table.note(Figure::InBaud, Contender::Bare, 100.0);
        table.note(Figure::OutBaud, Contender::SmsBridge, 71.0);
        table.note(Figure::Freed, Contender::SmsBridge, 20.0);
        assert_eq!(table.value(Figure::Out, Contender::SmsBridge), Some(99.0));
        let verdict = |figure| table.verdict(figure).1;
        assert_eq!(verdict(Figure::Out), Some(false));
        assert_eq!(verdict(Figure::InBaud), Some(true));
        assert_eq!(
            verdict(Figure::OutBaud),
            None,
            "the bare client was left out"
        );
        assert_eq!(verdict(Figure::Freed), Some(false));
        assert_eq!(verdict(Figure::Resident), None);
        let shown = table.to_string();
        assert!(
            shown.contains("| outgoing/s | at least 100 | 99.0 | **not reached** |  |  |  |"),
            "{shown}"
        );
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]).to_string(), "2");
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]).to_string(), "2.5");
        assert!(median(&mut []).is_nan());
    }
}
