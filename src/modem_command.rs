//! `sms-bridge modem`: finds, tests, talks to and records a modem. Needs no configuration, and no store.
//!
//! | module | what it is |
//! |---|---|
//! | `list` | what is plugged in, without opening a port |
//! | `probe` | the driver's bring-up, and a report of it |
//! | `console` | AT commands by hand |
//! | `record` | an anonymised transcript of the driver's bring-up and listening |
//! | `port` | whether a port can be had, and who has it |
//! | `dangerous` | which commands cost money, delete or lock |
//! | `running` | the real driver, watched for a limited time |
//!
//! **Invariant:** nothing here sends, deletes or enters a PIN, but what a person types in the console and confirms.

mod console;
mod dangerous;
mod list;
mod port;
mod probe;
mod record;
mod running;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Subcommand;

/// `sms-bridge modem …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the modems that are plugged in, their ports, and who has them open. Opens no port.
    #[command(after_help = "\
Examples:
  sms-bridge modem list
  sms-bridge modem list --probe                    asks each port whether it answers
  sms-bridge modem list --json")]
    List(list::List),
    /// Set a modem up as the bridge does, and say what works and what does not. Enters no PIN, sends and deletes nothing.
    #[command(after_help = "\
Stop the bridge first: only one program can use a modem. Exit code 1 if the modem cannot be used as it is.

Examples:
  sms-bridge modem probe auto
  sms-bridge modem probe /dev/ttyUSB2
  sms-bridge modem probe tcp://127.0.0.1:4000")]
    Probe(probe::Probe),
    /// Type AT commands and read the answers. Asks before a command that sends, deletes, dials, locks or resets.
    #[command(after_help = "\
The arrow keys bring back earlier commands; Ctrl-D ends. After AT+CMGS=… the next line goes out as the PDU, an empty line
takes it back. Commands may also be piped in, one a line; then nothing is asked, and what is dangerous needs --yes.

Examples:
  sms-bridge modem console /dev/ttyUSB2
  printf 'ATI\\nAT+CSQ\\n' | sms-bridge modem console auto")]
    Console(console::Console),
    /// Write what the bridge and a modem say to each other into a file, for a bug report. Sends and deletes nothing.
    #[command(after_help = "\
Phone numbers, texts, IMEI, IMSI, ICCID and PIN are replaced before they are written. Read the file all the same before you
give it away. Stop the bridge first: only one program can use a modem.

Examples:
  sms-bridge modem record /dev/ttyUSB2 modem.txt
  sms-bridge modem record auto modem.txt --seconds 600")]
    Record(record::Record),
}

/// Does what was asked for.
///
/// # Errors
///
/// The port cannot be had or goes away, or standard output fails.
pub(crate) fn run(command: Command) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let outcome = runtime.block_on(async {
        match command {
            Command::List(list) => list.run().await,
            Command::Probe(probe) => probe.run().await,
            Command::Console(console) => console.run().await,
            Command::Record(record) => record.run().await,
        }
    });
    // The thread that reads standard input may wait for ever.
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}
