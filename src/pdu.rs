//! `sms-bridge pdu`: reads and writes PDUs on the command line, one for each argument or line of standard input.
//!
//! With `--json` there is exactly one object for each input; a bad one is an object too, and the next is read.

mod report;

use std::io::{self, Write};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use sms_codec::{
    Address, AlphabetChoice, Class, DecodeError, DecodeOptions, Direction, Leniency,
    MessageReference, PduLine, Reference, SegmentOptions, Segmentation, ServiceCentre, Submit,
    ValidityPeriod, decode_hex, segment,
};

use report::Report;

use crate::lines::next_line;

/// `sms-bridge pdu …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say what PDUs hold. Without arguments, one is read from each line of standard input.
    #[command(after_help = "\
Examples:
  sms-bridge pdu decode 07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07
  sms-bridge pdu decode --json < pdus.txt")]
    Decode(Decode),
    /// Write the PDU or PDUs of a text, as AT+CMGS takes them.
    #[command(after_help = "\
Examples:
  sms-bridge pdu encode --to +12025550100 --text hello
  sms-bridge pdu encode --to +12025550100 --text 'سلام 😀' --report --json")]
    Encode(Encode),
    /// Say how many parts a text takes, and why.
    #[command(after_help = "\
Examples:
  sms-bridge pdu cost 'It’s me'")]
    Cost(Cost),
}

#[derive(Args)]
pub(crate) struct Decode {
    /// PDUs in hexadecimal digits.
    #[arg(value_name = "HEX")]
    pdus: Vec<String>,
    /// The PDUs begin without a service centre.
    #[arg(long)]
    no_smsc: bool,
    /// Take anything sloppy for an error.
    #[arg(long)]
    strict: bool,
    /// What they are; what a modem hands over tells by itself.
    #[arg(long, value_enum, default_value = "auto")]
    direction: DirectionName,
    /// One JSON object for each PDU.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum DirectionName {
    /// From the network: a message.
    Deliver,
    /// To the network: a message.
    Submit,
    /// From the network: a status report.
    Status,
    /// As a modem's memory holds them: any of these.
    Auto,
}

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
    /// How wide the reference that joins parts is.
    #[arg(long, value_enum, default_value = "8")]
    reference_bits: ReferenceBits,
    /// How the text is written.
    #[arg(long, value_enum, default_value = "auto")]
    alphabet: AlphabetName,
    /// How long the network is to try, like 30m, 12h, 2d or 1w.
    #[arg(long, value_name = "TIME")]
    validity: Option<Period>,
    /// One JSON object with all parts.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Cost {
    text: String,
    /// How the text is written.
    #[arg(long, value_enum, default_value = "auto")]
    alphabet: AlphabetName,
    /// A JSON object.
    #[arg(long)]
    json: bool,
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
            .trim_end_matches(unit)
            .parse()
            .map_err(|_no_number| wrong())?;
        Ok(Self(Duration::from_secs(seconds * u64::from(count))))
    }
}

/// Runs one of the commands.
///
/// # Errors
///
/// What cannot be encoded, and streams that fail. A PDU that cannot be read is shown and makes the exit code 1.
pub(crate) fn run(command: Command) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    let code = match command {
        Command::Decode(decode) => decode.run(&mut out)?,
        Command::Encode(encode) => encode.run(&mut out)?,
        Command::Cost(cost) => cost.run(&mut out)?,
    };
    out.flush()?;
    Ok(code)
}

/// What a PDU says, in lines for people; `None` where nothing can be made of it.
pub(crate) fn describe(pdu: &str, direction: Direction, leniency: Leniency) -> Option<String> {
    let options = DecodeOptions {
        direction,
        leniency,
        ..DecodeOptions::default()
    };
    let decoded = decode_hex(pdu, &options).ok()?;
    Some(Report::new(&decoded).to_string())
}

impl Decode {
    fn run(self, out: &mut impl Write) -> Result<ExitCode> {
        let mut all_read = true;
        if self.pdus.is_empty() {
            let mut input = io::stdin().lock();
            while let Some(line) = next_line(&mut input)? {
                // Between PDUs for a person's eyes an empty line is nothing; for a program it is a line.
                if self.json || !line.trim().is_empty() {
                    all_read &= self.show(&line, out)?;
                }
            }
        }
        for pdu in &self.pdus {
            all_read &= self.show(pdu, out)?;
        }
        Ok(if all_read {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// Whether it could be read.
    fn show(&self, pdu: &str, out: &mut impl Write) -> Result<bool> {
        match self.read(pdu) {
            Ok(report) if self.json => serde_json::to_writer(&mut *out, &report)?,
            Ok(report) => write!(out, "{report}")?,
            Err(error) => {
                if self.json {
                    let object = json!({"error": {"offset": error.offset, "message": error.fault.to_string()}});
                    write!(out, "{object}")?;
                } else {
                    writeln!(out, "error: {error}")?;
                }
                writeln!(out)?;
                return Ok(false);
            }
        }
        writeln!(out)?;
        Ok(true)
    }

    fn read(&self, pdu: &str) -> Result<Report, DecodeError> {
        let options = DecodeOptions {
            direction: match self.direction {
                DirectionName::Deliver | DirectionName::Status => Direction::FromNetwork,
                DirectionName::Submit => Direction::ToNetwork,
                DirectionName::Auto => Direction::Stored,
            },
            service_centre: if self.no_smsc {
                ServiceCentre::Absent
            } else {
                ServiceCentre::InFront
            },
            leniency: if self.strict {
                Leniency::Strict
            } else {
                Leniency::Tolerant
            },
        };
        decode_hex(pdu, &options).map(|decoded| Report::new(&decoded))
    }
}

impl Encode {
    fn run(self, out: &mut impl Write) -> Result<ExitCode> {
        let to = Address::parse_number(&self.to)
            .with_context(|| format!("{} is no phone number", self.to))?;
        let smsc = self
            .smsc
            .map(|number| {
                Address::parse_number(&number)
                    .with_context(|| format!("{number} is no phone number"))
            })
            .transpose()?;
        let [_, low] = self.reference.to_be_bytes();
        let options = SegmentOptions {
            alphabet: self.alphabet.choice(),
            class: self.class.and_then(Class::from_number),
            ..SegmentOptions::new(match self.reference_bits {
                ReferenceBits::Eight => Reference::Eight(
                    u8::try_from(self.reference).context("a reference of 8 bits is 0 to 255")?,
                ),
                ReferenceBits::Sixteen => Reference::Sixteen(self.reference),
            })
        };
        let segmentation = segment(&self.text, &options)?;
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
            if let Some(object) = object.as_object_mut() {
                object.insert("parts".to_owned(), parts.into());
            }
            writeln!(out, "{object}")?;
        } else {
            for line in lines {
                writeln!(out, "{}", line.hex)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Cost {
    fn run(self, out: &mut impl Write) -> Result<ExitCode> {
        let options = SegmentOptions {
            alphabet: self.alphabet.choice(),
            ..SegmentOptions::new(Reference::Eight(0))
        };
        let segmentation = segment(&self.text, &options)?;
        if self.json {
            writeln!(out, "{}", cost(&segmentation))?;
        } else {
            writeln!(out, "{segmentation}")?;
            if let Some(character) = segmentation.costly_character {
                writeln!(
                    out,
                    "'{character}' is not in the GSM 7-bit alphabet, so the whole text is written in UCS-2"
                )?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn cost(segmentation: &Segmentation) -> serde_json::Value {
    let mut object = json!({
        "alphabet": report::alphabet(segmentation.alphabet),
        "parts": segmentation.parts.len(),
        "units": segmentation.units,
        "units_per_part": segmentation.units_per_part,
        "units_left": segmentation.units_left,
    });
    if let (Some(character), Some(object)) = (segmentation.costly_character, object.as_object_mut())
    {
        object.insert("costly_character".to_owned(), character.to_string().into());
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        let seconds = |text: &str| text.parse::<Period>().map(|period| period.0.as_secs());
        assert_eq!(seconds("30m"), Ok(1_800));
        assert_eq!(seconds("2d"), Ok(172_800));
        for wrong in ["", "d", "2", "2y", "-1d", "99999999999d", "2é"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
