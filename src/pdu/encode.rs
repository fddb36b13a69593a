//! `sms-bridge pdu encode` and `sms-bridge pdu cost`: a text as PDUs, and what it takes.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use sms_codec::{
    Address, AlphabetChoice, Class, Language, Languages, MessageReference, PduLine, Reference,
    RelativePeriod, SegmentError, SegmentOptions, Segmentation, Submit, Substitution,
    ValidityPeriod, segment,
};

use super::report;

#[derive(Args)]
pub(crate) struct Encode {
    /// The recipient, with + and the country code, or a short code.
    #[arg(long, value_name = "NUMBER")]
    to: String,
    /// What to say.
    #[arg(long)]
    text: String,
    /// The service centre to name in front; without it the SIM's own is used.
    #[arg(long, value_name = "NUMBER")]
    smsc: Option<String>,
    /// Ask for a status report.
    #[arg(long)]
    report: bool,
    /// 0 (shown at once, not stored) to 3.
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=3))]
    class: Option<u8>,
    /// TP-MR, and the reference that joins the parts of a long text; modems overwrite the former.
    #[arg(long, default_value_t = 0)]
    reference: u16,
    /// How long the network is to try, like 30m, 12h, 2d or 1w.
    #[arg(long, value_name = "TIME")]
    validity: Option<Period>,
    #[command(flatten)]
    writing: Writing,
    /// One JSON object with all parts.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Cost {
    text: String,
    #[command(flatten)]
    writing: Writing,
    /// A JSON object.
    #[arg(long)]
    json: bool,
}

/// How a text is written.
#[derive(Args)]
struct Writing {
    /// How the text is written.
    #[arg(long, value_enum, default_value = "auto")]
    alphabet: AlphabetName,
    /// How wide the reference that joins parts is.
    #[arg(long, value_enum, default_value = "8")]
    reference_bits: ReferenceBits,
    /// A language whose national tables the recipient's phone has; may be given several times.
    #[arg(long, value_name = "NAME")]
    language: Vec<Language>,
    /// Write typographic quotes, dashes and spaces plainly where that is cheaper.
    #[arg(long)]
    substitute: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum ReferenceBits {
    #[value(name = "8")]
    Eight,
    #[value(name = "16")]
    Sixteen,
}

#[derive(Clone, Copy, ValueEnum)]
enum AlphabetName {
    /// The cheapest that has every character.
    Auto,
    Gsm7,
    Ucs2,
}

impl AlphabetName {
    fn choice(self) -> AlphabetChoice {
        match self {
            Self::Auto => AlphabetChoice::Cheapest,
            Self::Gsm7 => AlphabetChoice::Gsm7,
            Self::Ucs2 => AlphabetChoice::Ucs2,
        }
    }
}

impl Writing {
    fn segment(&self, text: &str, reference: u16, class: Option<Class>) -> Result<Segmentation> {
        let reference =
            match self.reference_bits {
                ReferenceBits::Eight => Reference::Eight(u8::try_from(reference).context(
                    "a reference of 8 bits is 0 to 255; use --reference-bits 16 for more",
                )?),
                ReferenceBits::Sixteen => Reference::Sixteen(reference),
            };
        let languages: Languages = self.language.iter().copied().collect();
        let options = SegmentOptions {
            alphabet: self.alphabet.choice(),
            languages,
            substitution: if self.substitute {
                Substitution::LookAlikes
            } else {
                Substitution::Off
            },
            class,
            ..SegmentOptions::new(reference)
        };
        segment(text, &options).map_err(|error| match error {
            SegmentError::NotInAlphabet(_) => {
                anyhow!("{error}; leave --alphabet gsm7 out to have it written in UCS-2")
            }
            SegmentError::TooLong { .. } => anyhow!("{error}; cut it into shorter messages"),
            SegmentError::NoLockingTable(_) => anyhow!(error),
        })
    }
}

/// A time as a person writes it: `2d`.
#[derive(Clone, Copy)]
struct Period(Duration);

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no time; write a number and m, h, d or w, like 2d");
        let unit = text.chars().next_back().ok_or_else(wrong)?;
        let seconds: u64 = match unit {
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(wrong()),
        };
        let count: u32 = text
            .strip_suffix(unit)
            .and_then(|count| count.parse().ok())
            .ok_or_else(wrong)?;
        let period = Duration::from_secs(seconds * u64::from(count));
        let longest = RelativePeriod(u8::MAX);
        if period > longest.duration() {
            return Err(format!(
                "no network tries longer than {longest}; write at most that"
            ));
        }
        Ok(Self(period))
    }
}

impl Encode {
    pub(super) fn run(self, out: &mut impl Write) -> Result<ExitCode> {
        let to = number(&self.to)?;
        let smsc = self.smsc.as_deref().map(number).transpose()?;
        let class = self.class.and_then(Class::from_number);
        let segmentation = self.writing.segment(&self.text, self.reference, class)?;
        let [_, low] = self.reference.to_be_bytes();
        let lines: Vec<PduLine> = segmentation
            .parts
            .iter()
            .map(|part| {
                let submit = Submit::new(to.clone(), part.clone())
                    .with_status_report(self.report)
                    .with_message_reference(MessageReference(low));
                let submit = match self.validity {
                    Some(Period(period)) => submit.with_validity(ValidityPeriod::at_least(period)),
                    None => submit,
                };
                PduLine::new(smsc.as_ref(), &submit.emit())
            })
            .collect();
        if self.json {
            let parts: Vec<_> = lines
                .iter()
                .map(|line| json!({"pdu": line.hex, "length": line.length}))
                .collect();
            let mut object = cost(&segmentation);
            object.insert("parts".to_owned(), parts.into());
            writeln!(out, "{}", Value::Object(object))?;
        } else {
            for line in lines {
                writeln!(out, "{}", line.hex)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn number(text: &str) -> Result<Address> {
    Address::parse_number(text).with_context(|| format!("{text} is no phone number"))
}

impl Cost {
    pub(super) fn run(self, out: &mut impl Write) -> Result<ExitCode> {
        let segmentation = self.writing.segment(&self.text, 0, None)?;
        if self.json {
            writeln!(out, "{}", Value::Object(cost(&segmentation)))?;
        } else {
            writeln!(out, "{segmentation}")?;
            if let Some(surcharge) = &segmentation.surcharge {
                writeln!(out, "{surcharge}")?;
            }
            if !segmentation.substituted.is_empty() {
                writeln!(out, "written plainly: {}", Substituted(&segmentation))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `’ as ', … as ...`.
struct Substituted<'a>(&'a Segmentation);

impl fmt::Display for Substituted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, found) in self.0.substituted.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{found}")?;
        }
        Ok(())
    }
}

/// What is absent is absent here.
fn cost(segmentation: &Segmentation) -> Map<String, Value> {
    let shifts = segmentation.encoding.shifts();
    let surcharge = segmentation.surcharge.as_ref();
    let substituted: Vec<_> = segmentation
        .substituted
        .iter()
        .map(|found| json!({"character": found.character, "instead": found.instead}))
        .collect();
    [
        (
            "alphabet",
            Some(report::alphabet(segmentation.alphabet()).into()),
        ),
        (
            "locking_shift",
            shifts.locking.map(|language| language.to_string().into()),
        ),
        (
            "single_shift",
            shifts.single.map(|language| language.to_string().into()),
        ),
        ("parts", Some(segmentation.parts.len().into())),
        ("octets", Some(segmentation.octets.into())),
        ("units", Some(segmentation.units.into())),
        ("units_per_part", Some(segmentation.units_per_part.into())),
        ("units_left", Some(segmentation.units_left.into())),
        (
            "costly_character",
            surcharge
                .and_then(|found| found.characters.first())
                .map(|character| character.to_string().into()),
        ),
        ("why", surcharge.map(|found| found.to_string().into())),
        (
            "cheaper_parts",
            surcharge
                .and_then(|found| found.cheaper.as_ref())
                .map(|cheaper| cheaper.parts.into()),
        ),
        (
            "substituted",
            (!substituted.is_empty()).then(|| substituted.into()),
        ),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        let seconds = |text: &str| text.parse::<Period>().map(|period| period.0.as_secs());
        assert_eq!(seconds("30m"), Ok(1_800));
        assert_eq!(seconds("2d"), Ok(172_800));
        assert_eq!(seconds("63w"), Ok(38_102_400));
        for wrong in [
            "",
            "d",
            "2",
            "2y",
            "-1d",
            "99999999999d",
            "2é",
            "2dd",
            "64w",
        ] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
