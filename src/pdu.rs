//! `sms-bridge pdu`: reads and writes PDUs on the command line, one for each argument or line of standard input.
//!
//! With `--json` there is exactly one object for each input; a bad one is an object too, and the next is read.

mod broadcast;
mod content;
mod encode;
mod report;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use sms_codec::{
    DecodeError, DecodeOptions, Direction, Leniency, ServiceCentre, decode_broadcast_hex,
    decode_hex,
};

use encode::{Cost, Encode};
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
  sms-bridge pdu cost 'It’s me'
  sms-bridge pdu cost --language turkish 'Akşam görüşürüz'")]
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
    /// From the network to everybody in a cell: a page of a cell broadcast.
    Broadcast,
    /// As a modem's memory holds them: any of these.
    Auto,
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
        let leniency = if self.strict {
            Leniency::Strict
        } else {
            Leniency::Tolerant
        };
        let direction = match self.direction {
            DirectionName::Deliver | DirectionName::Status => Direction::FromNetwork,
            DirectionName::Submit => Direction::ToNetwork,
            DirectionName::Auto => Direction::Stored,
            DirectionName::Broadcast => {
                return decode_broadcast_hex(pdu, leniency)
                    .map(|decoded| Report::of_page(&decoded));
            }
        };
        let options = DecodeOptions {
            direction,
            service_centre: if self.no_smsc {
                ServiceCentre::Absent
            } else {
                ServiceCentre::InFront
            },
            leniency,
        };
        decode_hex(pdu, &options).map(|decoded| Report::new(&decoded))
    }
}
