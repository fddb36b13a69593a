//! `sms-bridge rules`: tries the rules of a configuration, without the bridge.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use bridge_core::codes;
use bridge_core::rules::{DecidedBy, Decision, Effects, Incoming, MessageKind, RoomChoice};
use bridge_core::{Address, LineName};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use crate::cli;
use crate::config::{self, Config, DEFAULT_PATH, Level};

/// `sms-bridge rules …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say which rule decides on a message, and what becomes of it. Nothing is sent or stored.
    #[command(after_help = "\
Examples:
  sms-bridge rules test --from MyBank --text 'Your code is 123456'
  sms-bridge rules test --from +447700900123 --text Hello --line work --contact Ali
  sms-bridge rules test --from +447700900123 --kind call")]
    Test(Test),
}

#[derive(Args)]
pub(crate) struct Test {
    /// The configuration file with the rules.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    config: PathBuf,
    /// Who sends it: a number, a short code or a name.
    #[arg(long, value_name = "SENDER", allow_hyphen_values = true)]
    from: String,
    /// What it says.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        allow_hyphen_values = true
    )]
    text: String,
    /// The SIM that it comes to. [default: the first one]
    #[arg(long, value_name = "LINE")]
    line: Option<LineName>,
    /// What it is.
    #[arg(long, value_name = "KIND", default_value = "sms", value_parser = kinds())]
    kind: String,
    /// What the sender is called in your contacts.
    #[arg(long, value_name = "NAME")]
    contact: Option<String>,
}

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(MessageKind::ALL.map(|(word, _)| word))
}

/// Does what was asked for.
///
/// # Errors
///
/// The configuration cannot be read or has errors, there is no such line, or standard output fails.
pub(crate) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Test(test) => test.run(),
    }
}

impl Test {
    fn run(&self) -> Result<ExitCode> {
        let (config, findings) = config::load(&self.config, config::variables());
        let errors: Vec<_> = findings
            .iter()
            .filter(|finding| finding.level == Level::Error)
            .collect();
        for finding in &errors {
            cli::say(&finding.to_string());
        }
        let Some(config) = config.filter(|_| errors.is_empty()) else {
            bail!("the rules cannot be tried with a configuration that has errors");
        };
        let words = self.words(&config)?;
        writeln!(io::stdout(), "{words}")?;
        Ok(ExitCode::SUCCESS)
    }

    fn words(&self, config: &Config) -> Result<String> {
        let mut lines = config.lines.iter();
        let line = match &self.line {
            Some(name) => lines.find(|line| line.name == *name),
            None => lines.next(),
        };
        let Some(line) = line else {
            let name = self.line.as_ref().map(LineName::as_str).unwrap_or_default();
            bail!("there is no [line.{name}] in the configuration");
        };
        let is_name = self.from.contains(char::is_alphabetic);
        let from = match is_name {
            true => Address::from_network(&self.from, true, None),
            false => Address::typed(&self.from, line.country)?,
        };
        let kind = MessageKind::ALL
            .into_iter()
            .find(|(word, _)| *word == self.kind)
            .map_or(MessageKind::Sms, |(_, kind)| kind);
        let decision = config.rules.decide(&Incoming {
            from: &from,
            contact: self.contact.as_deref(),
            line: &line.name,
            country: line.country,
            kind,
            text: &self.text,
        });
        Ok(words(&decision, &from, &self.text))
    }
}

fn words(decision: &Decision, from: &Address, text: &str) -> String {
    let by = match decision.by {
        DecidedBy::Rule(index) => format!("Rule {} fits.", index.saturating_add(1)),
        DecidedBy::SilentData => "No rule fits; data for a program makes no sound.".to_owned(),
        DecidedBy::Nothing => "No rule fits.".to_owned(),
    };
    let effects = &decision.effects;
    if effects.drop {
        return format!("{by}\nIt is stored and not shown.");
    }
    let Effects {
        inboxes,
        silent,
        tag,
        ..
    } = effects;
    let mut lines = vec![by];
    lines.push(match inboxes {
        None => "It is shown in every inbox.".to_owned(),
        Some(inboxes) => {
            let named: Vec<String> = inboxes.iter().map(ToString::to_string).collect();
            format!("It is shown in {}.", named.join(" and "))
        }
    });
    lines.push(match effects.room_of(from) {
        RoomChoice::Own => "Its sender has a room of their own.".to_owned(),
        RoomChoice::Notices => {
            "It stands in the room for notices, unless its sender was given one of their own."
                .to_owned()
        }
    });
    if codes::find(text).is_some() {
        lines.push("There is a one-time code in it: see codes in the configuration.".to_owned());
    }
    if *silent {
        lines.push("It makes no sound.".to_owned());
    }
    if let Some(tag) = tag {
        lines.push(format!("{tag} stands below it."));
    }
    lines.push(
        "Who is blocked is not shown, and who is muted makes no sound, whatever rules say."
            .to_owned(),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge_core::rules::Rules;

    fn said(rules: &Rules, from: &str, kind: MessageKind) -> String {
        let line: LineName = "home".parse().unwrap();
        let from = Address::from_network(from, from.contains(char::is_alphabetic), None);
        let incoming = Incoming {
            from: &from,
            contact: None,
            line: &line,
            country: None,
            kind,
            text: "",
        };
        words(&rules.decide(&incoming), &from, "Your code is 482913")
    }

    #[test]
    fn words_say_which_rule_and_what_happens() {
        let (mut bank, mut shop) = (rule("MyBank"), rule("85*"));
        bank.effects.inboxes = Some(vec!["matrix".parse().unwrap()]);
        bank.effects.silent = true;
        bank.effects.tag = "bank".parse().ok();
        shop.effects.drop = true;
        let rules = Rules(vec![shop, bank]);
        let cases: &[(&str, MessageKind, &[&str])] = &[
            (
                "8558",
                MessageKind::Sms,
                &["Rule 1 fits", "stored and not shown"],
            ),
            (
                "mybank",
                MessageKind::Sms,
                &[
                    "Rule 2 fits",
                    "one-time code",
                    "shown in matrix.",
                    "no sound",
                    "#bank",
                    "room for notices",
                ],
            ),
            (
                "+447700900123",
                MessageKind::Sms,
                &["No rule fits", "every inbox", "a room of their own"],
            ),
            ("+447700900123", MessageKind::Data, &["makes no sound"]),
        ];
        for (from, kind, expected) in cases {
            let said = said(&rules, from, *kind);
            assert!(expected.iter().all(|words| said.contains(words)), "{said}");
        }
    }

    fn rule(from: &str) -> bridge_core::rules::Rule {
        bridge_core::rules::Rule {
            from: vec![from.parse().unwrap()],
            ..Default::default()
        }
    }
}
