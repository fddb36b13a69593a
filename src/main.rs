//! The program: command line, configuration, wiring, and the glue between modem and core.
//!
//! | module | what it is |
//! |---|---|
//! | `cli` | subcommands and their options |
//! | `config` | file and environment, with every mistake as a finding |
//! | `run` | `sms-bridge run`: what the configuration asks for, wired together |
//! | `running` | the running parts, watched, and stopped in order |
//! | `sms_link` | between a modem and the core |
//! | `intake` | in which order what came in is stored, and when slots may be freed |
//! | `pin` | leave to enter a SIM's PIN |
//! | `networks` | the chat networks that this build has |
//! | `check` | `sms-bridge check` |
//! | `pdu` | `sms-bridge pdu` |
//! | `modem_command` | `sms-bridge modem`: list, probe, console, record |
//! | `store_command` | `sms-bridge store`: check, export, import, compact |
//! | `contacts_command` | `sms-bridge contacts`: import, export |
//! | `rules_command` | `sms-bridge rules`: test |
//! | `demo` | `sms-bridge demo`: the bridge on a simulated modem (feature `demo`) |
//! | `bench` | `sms-bridge bench`: what `cargo xtask bench` measures (feature `bench`) |
//! | `terminal` | the terminal as a chat network, for the demo |
//! | `typing` | a person at the keyboard |
//! | `lines` | lines of standard input |
//! | `signals` | what asks the program to end |
//! | `logging` | the log |
//! | `terminal_style` | colours, or none |

mod arrivals;
#[cfg(feature = "bench")]
mod bench;
mod check;
mod cli;
mod config;
mod contacts_command;
#[cfg(feature = "demo")]
mod demo;
mod first_start;
mod intake;
mod lines;
mod logging;
mod modem_command;
mod networks;
mod pdu;
mod pin;
mod rules_command;
mod run;
mod running;
mod signals;
mod sms_link;
mod store_command;
#[cfg(feature = "demo")]
mod terminal;
mod terminal_style;
mod typing;
mod usb_command;

use std::process::ExitCode;

fn main() -> ExitCode {
    networks::choose_tls_provider();
    cli::run()
}
