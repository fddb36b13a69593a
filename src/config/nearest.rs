//! The valid word that a mistyped one was probably meant to be.

/// The candidate with the fewest changes to `word`; `None` where none comes near.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A third of the letters may be wrong, and a short word may still have two.
    let limit = (word.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word.to_lowercase(), candidate), candidate))
        .filter(|&(changes, candidate)| changes <= limit && changes < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, leave out, replace, or swap with their neighbour (optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let mut previous_letter = None;
    for (row, letter) in from.chars().enumerate() {
        let mut now = vec![row + 1];
        for (column, &other) in to.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column) + usize::from(letter != other);
            let mut best = replaced
                .min(at(&last, column + 1) + 1)
                .min(at(&now, column) + 1);
            let swapped = column
                .checked_sub(1)
                .and_then(|left| to.get(left))
                .is_some_and(|&left| left == letter && previous_letter == Some(other));
            if swapped && column > 0 {
                best = best.min(at(&before, column - 1).saturating_add(1));
            }
            now.push(best);
        }
        before = std::mem::replace(&mut last, now);
        previous_letter = Some(letter);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted() {
        let cases = [
            ("", "", 0),
            ("", "abc", 3),
            ("token", "token", 0),
            ("tokn", "token", 1),
            ("toekn", "token", 1),
            ("prot", "port", 1),
            ("kitten", "sitting", 3),
        ];
        for (from, to, expected) in cases {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn only_what_comes_near_is_named() {
        let keys = ["port", "baud", "country", "pin_file", "delivery_reports"];
        let cases = [
            ("prot", Some("port")),
            ("Port", Some("port")),
            ("delivery_report", Some("delivery_reports")),
            ("delivery-reports", Some("delivery_reports")),
            ("contry", Some("country")),
            ("colour_of_the_stick", None),
            ("xy", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
    }
}
