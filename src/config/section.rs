//! One table of the configuration, read key by key. Whatever is wrong becomes a finding, and reading goes on.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use config::{Value, ValueKind};
use secrecy::SecretString;

use super::finding::Finding;
use super::nearest::nearest;
use super::secret;

/// A table by key, as crate `config` gives it.
pub(crate) type Table = config::Map<String, Value>;

/// A table with the keys that it may have.
pub(crate) struct Section<'a> {
    /// `line.home`; empty at the top.
    path: String,
    keys: &'static [&'static str],
    table: Table,
    findings: &'a mut Vec<Finding>,
    /// What unknown keys were probably meant to be.
    meant: Vec<&'static str>,
    failed: bool,
}

impl<'a> Section<'a> {
    /// Reports every key of `table` that is none of `keys`.
    pub(crate) fn new(
        path: impl Into<String>,
        table: Table,
        keys: &'static [&'static str],
        findings: &'a mut Vec<Finding>,
    ) -> Self {
        let mut section = Self {
            path: path.into(),
            keys,
            table,
            findings,
            meant: Vec::new(),
            failed: false,
        };
        let mut unknown: Vec<(String, bool)> = section
            .table
            .iter()
            .filter(|(key, _)| !keys.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), matches!(value.kind, ValueKind::Table(_))))
            .collect();
        unknown.sort();
        for (key, is_table) in unknown {
            let meant = nearest(&key, keys.iter().copied());
            let words = section.unknown(&key, is_table, meant);
            section.meant.extend(meant);
            section.fail(words);
        }
        section
    }

    /// Whether anything in this section was wrong so far.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// Whether the key is there, right, wrong or mistyped: one finding for one mistake.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key) || self.meant.contains(&key)
    }

    /// Reports something wrong with the section as a whole.
    pub(crate) fn fail(&mut self, words: String) {
        self.failed = true;
        self.findings.push(Finding::error(words));
    }

    /// Reports something wrong with one key.
    pub(crate) fn fail_key(&mut self, key: &str, words: impl Display) {
        let words = format!("{}: {words}", self.name(key));
        self.fail(words);
    }

    /// Reports something odd about one key.
    pub(crate) fn warn_key(&mut self, key: &str, words: impl Display) {
        let words = format!("{}: {words}", self.name(key));
        self.findings.push(Finding::warning(words));
    }

    /// A section inside this one, by key. `None` where it is absent or no section.
    pub(crate) fn table(&mut self, key: &str) -> Option<Table> {
        let value = self.take(key)?;
        match value.into_table() {
            Ok(table) => Some(table),
            Err(_) => {
                let path = self.inner(key);
                self.fail(format!(
                    "{path} is a section: write [{path}], and its keys below it"
                ));
                None
            }
        }
    }

    /// The sections `[key.NAME]` by name.
    pub(crate) fn named_tables(&mut self, key: &str) -> Vec<(String, Table)> {
        let mut named = Vec::new();
        for (name, value) in self.table(key).into_iter().flatten() {
            match value.into_table() {
                Ok(table) => named.push((name, table)),
                Err(_) => self.fail(format!(
                    "[{key}] has no name: write [{key}.NAME], with a name of your own, above {name} = …"
                )),
            }
        }
        named.sort_by(|(left, _), (right, _)| left.cmp(right));
        named
    }

    /// The sections `[[key]]` in their order, each as it stands there.
    pub(crate) fn tables(&mut self, key: &str) -> Vec<Value> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        match value.into_array() {
            Ok(values) => values,
            Err(_) => {
                self.fail(format!(
                    "{key} is a list of sections: write [[{key}]] in two brackets for each, and its keys below it"
                ));
                Vec::new()
            }
        }
    }

    /// A text. `None` where it is absent or wrong.
    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        let value = self.take(key)?;
        match value.into_string() {
            Ok(text) => Some(text),
            Err(_) => {
                self.fail_key(key, "expected a text in quotes");
                None
            }
        }
    }

    /// A text that the type reads itself; its error says what to write.
    pub(crate) fn parsed<T>(&mut self, key: &str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text(key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail_key(key, error);
                None
            }
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&mut self, key: &str, choices: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if let Some((_, value)) = found {
            return Some(*value);
        }
        let words = choices.iter().map(|&(word, _)| word);
        let meant = match nearest(&text, words.clone()) {
            Some(word) => format!("; did you mean \"{word}\"?"),
            None => String::new(),
        };
        let all = words.collect::<Vec<_>>().join(", ");
        self.fail_key(key, format!("\"{text}\" is none of {all}{meant}"));
        None
    }

    /// True or false.
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.take(key)?;
        match value.into_bool() {
            Ok(flag) => Some(flag),
            Err(_) => {
                self.fail_key(key, "expected true or false");
                None
            }
        }
    }

    /// A whole number.
    pub(crate) fn number(&mut self, key: &str) -> Option<i64> {
        let value = self.take(key)?;
        match value.into_int() {
            Ok(number) => Some(number),
            Err(_) => {
                self.fail_key(key, "expected a whole number");
                None
            }
        }
    }

    /// Whole numbers: a list, one alone, or (from the environment) with commas between them.
    pub(crate) fn numbers(&mut self, key: &str) -> Option<Vec<i64>> {
        let value = self.take(key)?;
        let numbers: Option<Vec<i64>> = match value.clone().into_array() {
            Ok(items) => items.into_iter().map(|item| item.into_int().ok()).collect(),
            Err(_) => value.into_string().ok().and_then(|text| {
                text.split(',')
                    .map(|item| item.trim().parse().ok())
                    .collect()
            }),
        };
        if numbers.is_none() {
            self.fail_key(
                key,
                "expected a list of whole numbers, like [-1001234567890]",
            );
        }
        numbers
    }

    /// Texts: a list, or one alone.
    pub(crate) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.take(key)?;
        let texts: Option<Vec<String>> = match value.clone().into_array() {
            Ok(items) => items
                .into_iter()
                .map(|item| item.into_string().ok())
                .collect(),
            Err(_) => value.into_string().ok().map(|text| vec![text]),
        };
        if texts.is_none() {
            self.fail_key(
                key,
                "expected a list of texts in quotes, like [\"…\", \"…\"]",
            );
        }
        texts
    }

    /// A time span such as `"10 ms"`, `"60s"` or `"1h 30m"`, within bounds or one of `besides`.
    pub(crate) fn duration(
        &mut self,
        key: &str,
        bounds: RangeInclusive<Duration>,
        besides: &[Duration],
    ) -> Option<Duration> {
        let text = self.text(key)?;
        // A bare 0 is as clear as 0s.
        let span = if text.trim() == "0" {
            "0s"
        } else {
            text.as_str()
        };
        let read: Option<Duration> = span
            .parse::<jiff::SignedDuration>()
            .ok()
            .and_then(|span| span.try_into().ok());
        match read {
            Some(span) if bounds.contains(&span) || besides.contains(&span) => Some(span),
            Some(_) | None => {
                let shown = |span: &Duration| {
                    jiff::SignedDuration::try_from(*span)
                        .map_or_else(|_| format!("{span:?}"), |span| format!("{span:#}"))
                };
                let words: Vec<String> = besides.iter().map(shown).collect();
                let or = if words.is_empty() {
                    String::new()
                } else {
                    format!(", or {}", words.join(", "))
                };
                self.fail_key(
                    key,
                    format!(
                        "\"{text}\" is no time from {} to {}{or}: write one like \"10ms\", \"60s\" or \"15m\"",
                        shown(bounds.start()),
                        shown(bounds.end()),
                    ),
                );
                None
            }
        }
    }

    /// A path.
    pub(crate) fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// A secret, from `key` or from the file that `key_file` names. `None` where neither is there, or it is wrong.
    pub(crate) fn secret(
        &mut self,
        key: &'static str,
        file_key: &'static str,
    ) -> Option<SecretString> {
        let written = self.text(key);
        let file = self.path(file_key);
        match (written, file) {
            (Some(_), Some(_)) => {
                let words = format!("{key} is given too: keep one of the two");
                self.fail_key(file_key, words);
                None
            }
            (Some(text), None) if text.trim().is_empty() => {
                self.fail_key(key, "it is empty: write the secret, or leave the key out");
                None
            }
            (Some(text), None) => Some(SecretString::from(text.trim())),
            (None, Some(path)) => match secret::read(&path) {
                Ok(secret) => Some(secret),
                Err(words) => {
                    self.fail_key(file_key, words);
                    None
                }
            },
            (None, None) => None,
        }
    }

    /// How messages call a key: `[line.home] port`.
    pub(crate) fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("[{}] {key}", self.path)
        }
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        // What is not listed in `keys` was reported as unknown: it is never read, so that the list stays true.
        if !self.keys.contains(&key) {
            return None;
        }
        self.table.remove(key)
    }

    fn inner(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn unknown(&self, key: &str, is_table: bool, meant: Option<&str>) -> String {
        let what = if is_table {
            format!("unknown section [{}]", self.inner(key))
        } else if self.path.is_empty() {
            format!("unknown key {key} above the first section")
        } else {
            format!("[{}]: unknown key {key}", self.path)
        };
        match meant {
            Some(meant) => format!("{what}; did you mean {meant}?"),
            None => format!("{what}; valid here: {}", self.keys.join(", ")),
        }
    }
}
