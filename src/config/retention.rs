//! How long messages are kept: `"forever"`, or so many days, weeks or years; and how often all of it is exported.

use std::time::Duration;

use super::section::Section;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Repetitions are recognised for a week, and a message is to be there for as long.
const SHORTEST: u32 = 7;

/// Reads `retention`. `None`: everything is kept for ever.
pub(super) fn read(section: &mut Section<'_>) -> Option<Duration> {
    let text = section.text("retention")?;
    if text.trim() == "forever" {
        return None;
    }
    let days = days(text.trim()).filter(|days| *days >= SHORTEST);
    if days.is_none() {
        section.fail_key(
            "retention",
            format!(
                "\"{text}\" is no time that messages can be kept: write \"90d\", \"12w\" or \"1y\", {SHORTEST} days at \
                 least, or \"forever\""
            ),
        );
    }
    days.map(|days| DAY.saturating_mul(days))
}

/// Reads `export_every`. `None`: never.
pub(super) fn read_export_every(section: &mut Section<'_>) -> Option<Duration> {
    let text = section.text("export_every")?;
    if text.trim() == "never" {
        return None;
    }
    let days = days(text.trim()).filter(|days| *days > 0);
    if days.is_none() {
        section.fail_key(
            "export_every",
            format!(
                "\"{text}\" is no time between two exports: write \"1d\", \"1w\", or \"never\""
            ),
        );
    }
    days.map(|days| DAY.saturating_mul(days))
}

fn days(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let each = match text.strip_prefix(digits)?.trim() {
        "d" => 1,
        "w" => 7,
        "y" => 365,
        _ => return None,
    };
    digits.parse::<u32>().ok()?.checked_mul(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_weeks_and_years() {
        let cases = [
            ("90d", Some(90)),
            ("2 w", Some(14)),
            ("1y", Some(365)),
            ("7d", Some(7)),
            ("1d", Some(1)),
            ("0", None),
            ("y", None),
            ("", None),
            ("-1y", None),
            ("1m", None),
            ("99999999999y", None),
            ("999999999y", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(days(text), wanted, "{text}");
        }
    }
}
