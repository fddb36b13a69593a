//! What stands around a run of digits, and whether it can be a code there.

use std::ops::RangeInclusive;

use super::words::Hit;

/// Digits of a code.
const DIGITS: RangeInclusive<usize> = 4..=8;
/// Digits and capitals of one that has both.
const MIXED: RangeInclusive<usize> = 5..=10;

/// What may be a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) start: usize,
    pub(super) end: usize,
    /// As it is typed.
    pub(super) code: String,
    /// It looks like something else too: a year, a word.
    pub(super) is_odd: bool,
}

/// A text, as it is and in small letters, character for character.
pub(super) struct Context<'a> {
    shown: &'a [char],
    folded: &'a [char],
}

/// Runs of letters and digits of ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    start: usize,
    end: usize,
}

/// What stands before something that is no code.
const BEFORE: &[&str] = &[
    "order",
    "invoice",
    "tracking",
    "account",
    "acct",
    "a/c",
    "card",
    "ending",
    "ends",
    "flight",
    "room",
    "gate",
    "bus",
    "ref",
    "reference",
    "transaction",
    "txn",
    "ticket",
    "call",
    "dial",
    "reply",
    "to",
    "booking",
    "parcel",
    "shipment",
    "case",
    "year",
    "chapter",
    "page",
    "since",
    "in",
    "top",
    "bestellung",
    "bestellnummer",
    "rechnung",
    "konto",
    "kontonummer",
    "sendung",
    "kundennummer",
    "karte",
    "endend",
    "auf",
    "commande",
    "facture",
    "compte",
    "carte",
    "pedido",
    "factura",
    "cuenta",
    "tarjeta",
    "ordine",
    "fattura",
    "conto",
    "encomenda",
    "conta",
    "cartão",
    "zamówienie",
    "faktura",
    "konta",
    "sipariş",
    "hesap",
    "заказ",
    "счет",
    "счёт",
    "карта",
    "карты",
    "rs",
    "usd",
    "eur",
    "gbp",
    "inr",
    "pkr",
    "aed",
    "sar",
    "chf",
    "try",
    "pln",
    "idr",
    "ngn",
    "kes",
    "tk",
    "订单",
    "尾号",
    "注文番号",
];

/// What stands behind it.
const BEHIND: &[&str] = &[
    "minutes", "minute", "mins", "min", "hours", "hour", "days", "years", "seconds", "points",
    "miles", "gb", "mb", "people", "steps", "euro", "euros", "eur", "usd", "dollars", "rupees",
    "rs", "pkr", "inr", "gbp", "chf", "kr", "zł", "tl", "руб", "minuten", "stunden", "tage",
    "punkte", "minutos", "horas", "puntos", "km", "m", "元", "分钟", "円", "원", "grad", "street",
    "st",
];

impl<'a> Context<'a> {
    pub(super) fn new(shown: &'a [char], folded: &'a [char]) -> Self {
        Self { shown, folded }
    }

    fn at(&self, index: usize) -> Option<char> {
        self.shown.get(index).copied()
    }

    fn before(&self, index: usize) -> Option<char> {
        index.checked_sub(1).and_then(|index| self.at(index))
    }

    fn is_digits(&self, run: Run) -> bool {
        self.text(run).iter().all(char::is_ascii_digit)
    }

    fn text(&self, run: Run) -> &[char] {
        self.shown.get(run.start..run.end).unwrap_or_default()
    }

    /// Everything that may be a code, by what it is made of and what stands around it.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let runs = self.runs();
        let mut found = Vec::new();
        let mut rest = runs.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            if !self.is_digits(*first) {
                found.extend(self.mixed(*first));
                continue;
            }
            let mut chain = vec![*first];
            while let Some((next, after)) = rest.split_first()
                && self.continues(chain.last().copied().unwrap_or(*first), *next)
            {
                chain.push(*next);
                rest = after;
            }
            found.extend(self.of_chain(&chain));
        }
        found
    }

    fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (index, c) in self.shown.iter().enumerate() {
            if !c.is_ascii_alphanumeric() {
                continue;
            }
            let end = index.saturating_add(1);
            match runs.last_mut() {
                Some(last) if last.end == index => last.end = end,
                Some(_) | None => runs.push(Run { start: index, end }),
            }
        }
        runs
    }

    /// Digits, one character that numbers are grouped by, digits.
    fn continues(&self, run: Run, next: Run) -> bool {
        next.start == run.end.saturating_add(1)
            && self.is_digits(next)
            && self
                .at(run.end)
                .is_some_and(|c| matches!(c, ' ' | '-' | '\u{a0}' | '\u{2011}' | '\u{2013}'))
    }

    fn of_chain(&self, chain: &[Run]) -> Vec<Candidate> {
        let (Some(first), Some(last)) = (chain.first(), chain.last()) else {
            return Vec::new();
        };
        let lengths: Vec<usize> = chain.iter().map(|run| run.end - run.start).collect();
        let whole = Run {
            start: first.start,
            end: last.end,
        };
        match lengths.as_slice() {
            [_] => self.digits(whole).into_iter().collect(),
            [3, 3] | [4, 4] | [2, 2, 2] | [3, 3, 3] => self.digits(whole).into_iter().collect(),
            // Somebody's phone, a date, or a code and the minutes that it is good for.
            _ => {
                let all_spaces = chain
                    .iter()
                    .rev()
                    .skip(1)
                    .all(|run| self.at(run.end) == Some(' '));
                let is_phone = lengths.iter().sum::<usize>() >= 9
                    && lengths.iter().all(|n| *n <= 5)
                    || matches!(self.before(whole.start), Some('+' | '('));
                if !all_spaces || is_phone {
                    return Vec::new();
                }
                let each = chain.iter().filter_map(|run| self.digits(*run));
                each.collect()
            }
        }
    }

    fn digits(&self, run: Run) -> Option<Candidate> {
        let code: String = self
            .text(run)
            .iter()
            .filter(|c| c.is_ascii_digit())
            .collect();
        let is_grouped = code.len() != run.end - run.start;
        let most = if is_grouped { 9 } else { *DIGITS.end() };
        if !(*DIGITS.start()..=most).contains(&code.len()) || !self.may_stand(run) {
            return None;
        }
        let is_year = code.len() == 4 && ("1900"..="2039").contains(&code.as_str());
        Some(Candidate {
            start: run.start,
            end: run.end,
            code,
            is_odd: is_year,
        })
    }

    /// `A1B2C3`
    fn mixed(&self, run: Run) -> Option<Candidate> {
        let text = self.text(run);
        let count = |is: fn(&char) -> bool| text.iter().filter(|c| is(c)).count();
        let (digits, capitals) = (count(char::is_ascii_digit), count(char::is_ascii_uppercase));
        let is_one = MIXED.contains(&text.len())
            && digits + capitals == text.len()
            && digits >= 2
            && capitals >= 1;
        (is_one && self.may_stand(run)).then(|| Candidate {
            start: run.start,
            end: run.end,
            code: text.iter().collect(),
            is_odd: true,
        })
    }

    /// Whether what stands around it leaves it to be a code.
    fn may_stand(&self, run: Run) -> bool {
        let before = self.before(run.start);
        let before_that = run.start.checked_sub(2).and_then(|index| self.at(index));
        let behind = self.at(run.end);
        let behind_that = self.at(run.end.saturating_add(1));
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let joins = match before {
            Some(
                '+' | '*' | '/' | '=' | '&' | '_' | '$' | '€' | '£' | '¥' | '₹' | '₺' | '₽' | '₩'
                | '•' | '@',
            ) => true,
            Some('.' | ',' | ':') => is_digit(before_that),
            // `G-123456`, but no `covid-2019` and no range.
            Some('-') => !before_that.is_some_and(|c| c.is_ascii_uppercase() || c.is_whitespace()),
            Some('?') => before_that.is_some_and(char::is_alphanumeric),
            Some(_) | None => false,
        };
        let goes_on = match behind {
            Some('%' | '/' | '$' | '€' | '£' | '₹' | '₺' | '₽' | '₩' | '_' | '@' | '°') => {
                true
            }
            Some('.') => {
                is_digit(behind_that) || behind_that.is_some_and(|c| c.is_ascii_lowercase())
            }
            Some(',' | ':') => is_digit(behind_that),
            Some('-') => behind_that.is_some_and(char::is_alphanumeric),
            Some(_) | None => false,
        };
        let spaced = behind == Some(' ')
            && behind_that.is_some_and(|c| matches!(c, '€' | '$' | '£' | '%' | '₹' | '₽'));
        let priced = before == Some(' ')
            && before_that.is_some_and(|c| matches!(c, '€' | '$' | '£' | '₹' | '¥' | '+' | '*'));
        !joins
            && !goes_on
            && !spaced
            && !priced
            && !BEFORE.contains(&self.word_before(run.start).as_str())
            && !BEHIND.contains(&self.word_behind(run.end).as_str())
    }

    /// The word before it, over a number sign, a full stop of an abbreviation and the like.
    fn word_before(&self, start: usize) -> String {
        let head = self.folded.get(..start).unwrap_or_default();
        let is_gap = |c: &char| c.is_whitespace() || matches!(c, '#' | '.' | '"' | '(' | '№');
        // A sentence that ended has nothing to say of it.
        let gap = head.iter().rev().take_while(|c| is_gap(c)).count();
        let word = head.iter().rev().skip(gap).take(20);
        let word: Vec<char> = word
            .take_while(|c| c.is_alphanumeric() || **c == '/')
            .copied()
            .collect();
        word.into_iter().rev().collect()
    }

    fn word_behind(&self, end: usize) -> String {
        let tail = self.folded.get(end..).unwrap_or_default().iter();
        let word = tail.skip_while(|c| **c == ' ').take(20);
        word.take_while(|c| c.is_alphabetic()).collect()
    }

    /// How far a word is from it.
    pub(super) fn distance(&self, hit: &Hit, candidate: &Candidate, sentence: usize) -> usize {
        let between = if hit.end <= candidate.start {
            hit.end..candidate.start
        } else {
            candidate.end..hit.start
        };
        let length = between.len();
        let ends = between.filter(|index| {
            let (next, after) = (index.saturating_add(1), index.saturating_add(2));
            match self.at(*index) {
                Some('。') => true,
                // An abbreviation goes on in small letters.
                Some('.' | '!' | '?' | ';') => {
                    self.at(next).is_some_and(char::is_whitespace)
                        && !self.at(after).is_some_and(char::is_lowercase)
                }
                Some(_) | None => false,
            }
        });
        length.saturating_add(ends.count().saturating_mul(sentence))
    }
}
