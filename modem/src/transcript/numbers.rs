//! Fictional numbers for real ones, the same for the same.
//!
//! **Invariant:** a run of fewer than [`SHORTEST`] digits is no secret (an index, a code, a service's number) and stays;
//! every longer one is replaced in full, but for what a caller wants kept of its beginning.

use std::collections::{BTreeMap, BTreeSet};

/// Digits of the shortest run that is replaced.
pub(super) const SHORTEST: usize = 5;
/// Different numbers that are told apart; later ones become zeros. No SIM holds so many contacts.
const MOST: usize = 10_000;
/// The beginning of a number that belongs to nobody (+1 212 555 01xx).
const FICTIONAL: &str = "121255501";

/// Which number stands for which.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    known: BTreeMap<String, String>,
    given: BTreeSet<String>,
    /// How many were given of each length with each beginning.
    counts: BTreeMap<(usize, String), usize>,
}

impl Numbers {
    /// Replaces every long run of digits in a text. Of each, `kept` digits stay as they are: the country of an IMSI.
    pub(super) fn replace(&mut self, text: &str, kept: usize) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut run = String::new();
        for character in text.chars() {
            if character.is_ascii_digit() {
                run.push(character);
            } else {
                self.finish(&mut run, kept, &mut replaced);
                replaced.push(character);
            }
        }
        self.finish(&mut run, kept, &mut replaced);
        replaced
    }

    fn finish(&mut self, run: &mut String, kept: usize, replaced: &mut String) {
        if run.len() >= SHORTEST {
            replaced.push_str(&self.fictional(run, kept));
        } else {
            replaced.push_str(run);
        }
        run.clear();
    }

    fn fictional(&mut self, digits: &str, kept: usize) -> String {
        if let Some(known) = self.known.get(digits) {
            return known.clone();
        }
        if self.known.len() >= MOST {
            return "0".repeat(digits.len());
        }
        let kept = digits.get(..kept).unwrap_or_default();
        let front = if kept.is_empty() {
            FICTIONAL.to_owned()
        } else {
            format!("{kept}{}", "0".repeat(digits.len()))
        };
        let count = self
            .counts
            .entry((digits.len(), kept.to_owned()))
            .or_default();
        let number = loop {
            let number = numbered(&front, digits.len(), *count);
            *count += 1;
            // Ends: what is given is bounded.
            if number != digits && !self.given.contains(&number) {
                break number;
            }
        };
        self.given.insert(number.clone());
        self.known.insert(digits.to_owned(), number.clone());
        number
    }
}

/// So many digits, which begin with as much of `front` as there is room for and end with a count of at least two digits.
fn numbered(front: &str, length: usize, count: usize) -> String {
    let count = format!("{count:02}");
    let room = length.saturating_sub(count.len());
    let front: String = front.chars().take(room).collect();
    let middle = room.saturating_sub(front.len());
    format!("{front}{}{count}", "0".repeat(middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_the_same_fictional_one() {
        let mut numbers = Numbers::default();
        let first = numbers.replace("+447700900123 or 447700900123, not 447700900124", 0);
        assert_eq!(first, "+121255501000 or 121255501000, not 121255501001");
        assert_eq!(numbers.replace("447700900124", 0), "121255501001");
    }

    #[test]
    fn lengths_stay_and_short_runs_too() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.replace("1,22,333,4444", 0), "1,22,333,4444");
        for length in 5..40 {
            let digits = "7".repeat(length);
            let fictional = numbers.replace(&digits, 0);
            assert_eq!(fictional.len(), length);
            assert_ne!(fictional, digits);
        }
        let mut distinct = BTreeSet::new();
        for number in 20_000..25_000 {
            distinct.insert(numbers.replace(&number.to_string(), 0));
        }
        assert_eq!(distinct.len(), 5_000, "five digits are enough for as many");
    }

    #[test]
    fn an_imsi_keeps_its_country() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.replace("234150123456789", 3), "234000000000000");
        assert_eq!(numbers.replace("234150123456780", 3), "234000000000001");
    }
}
