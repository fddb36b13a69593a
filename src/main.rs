//! The program: command line, configuration, wiring, and the glue between modem and core.
//!
//! | module | what it is |
//! |---|---|
//! | `cli` | subcommands and their options |
//! | `config` | file and environment, with every mistake as a finding |
//! | `check` | `sms-bridge check` |
//! | `pdu` | `sms-bridge pdu` |
//! | `logging` | the log |

mod check;
mod cli;
#[allow(
    dead_code,
    reason = "some of it is for `run`, which comes with the core"
)]
mod config;
#[allow(dead_code, reason = "for `run`, which comes with the core")]
mod logging;
mod pdu;
#[allow(dead_code, reason = "for `run`, which comes with the core")]
mod terminal_style;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
