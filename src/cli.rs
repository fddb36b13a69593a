//! The command line: what can be asked for, and how it ends.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::DEFAULT_PATH;
use crate::{
    check, contacts_command, modem_command, pdu, rules_command, store_command, usb_command,
};

/// SMS from a USB modem in your chat: each phone number is a Telegram topic or a Matrix room.
#[derive(Parser)]
#[command(name = "sms-bridge", version, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sms-bridge demo                                  try it: no modem, no account, nothing leaves this computer
  sms-bridge check --config config.toml            what is wrong with a configuration, and what to do
  sms-bridge run --config config.toml              bridge until SIGTERM or Ctrl-C
  sms-bridge store export --config config.toml     everything that is stored, as JSON lines
  sms-bridge contacts import contacts.vcf          the names in your phone
  sms-bridge rules test --from MyBank --text Hi    which rule decides, and what happens
  sms-bridge modem list                            which modems are plugged in, and which port would be used
  sms-bridge usb switch                            make a modem of a stick that shows a CD-ROM
  sms-bridge pdu decode 07911326040000F0040B…      what a PDU says";

#[derive(Subcommand)]
enum Command {
    /// Bridge until SIGTERM or Ctrl-C.
    #[command(after_help = "\
Examples:
  sms-bridge run
  sms-bridge run --config config.toml
  SMS_BRIDGE__LOG=debug sms-bridge run             any key can be set by the environment")]
    Run(Configured),
    /// Check configuration, secrets, ports and accounts: one line for each finding, exit code 1 on an error.
    #[command(after_help = "\
Examples:
  sms-bridge check
  sms-bridge check --config config.toml && systemctl restart sms-bridge")]
    Check(Configured),
    /// Read and write PDUs, the form in which modems hand SMS over.
    #[command(subcommand)]
    Pdu(pdu::Command),
    /// Find, test and talk to a modem, without any configuration.
    #[command(subcommand)]
    Modem(modem_command::Command),
    /// Make modems of sticks that show a disc first.
    #[command(subcommand)]
    Usb(usb_command::Command),
    /// Look after what is stored: check, export, import, compact. The bridge must not run.
    #[command(subcommand)]
    Store(store_command::Command),
    /// Names of a phone's contacts, as vCards: import, export. The bridge must not run.
    #[command(subcommand)]
    Contacts(contacts_command::Command),
    /// Try what the rules of a configuration make of a message.
    #[command(subcommand)]
    Rules(rules_command::Command),
    /// Chat with two simulated friends: the real bridge on a simulated modem. Nothing leaves this computer.
    #[cfg(feature = "demo")]
    #[command(after_help = "\
Examples:
  sms-bridge demo
  printf '/send +12025550100 hello\\n' | sms-bridge demo")]
    Demo,
    /// The benchmark's way in; see `cargo xtask bench`.
    #[cfg(feature = "bench")]
    #[command(hide = true)]
    Bench(crate::bench::Options),
}

#[derive(Args)]
struct Configured {
    /// The configuration file; config.example.toml lists every key.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    config: PathBuf,
}

/// Runs the program as its arguments say.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Run(configured) => crate::run::run(&configured.config),
        Command::Check(configured) => check::run(&configured.config),
        Command::Pdu(command) => pdu::run(command),
        Command::Modem(command) => modem_command::run(command),
        Command::Usb(command) => usb_command::run(command),
        Command::Store(command) => store_command::run(command),
        Command::Contacts(command) => contacts_command::run(command),
        Command::Rules(command) => rules_command::run(command),
        #[cfg(feature = "demo")]
        Command::Demo => crate::demo::run(),
        #[cfg(feature = "bench")]
        Command::Bench(options) => crate::bench::run(options),
    };
    outcome.unwrap_or_else(|error| {
        // Whoever reads our output stopped reading: not worth a word.
        let closed = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if closed != Some(io::ErrorKind::BrokenPipe) {
            say(&format!("error: {error:#}"));
        }
        ExitCode::FAILURE
    })
}

/// One line to standard error.
pub(crate) fn say(words: &str) {
    // With standard error closed there is nobody left to tell.
    drop(writeln!(io::stderr().lock(), "{words}"));
}
