//! smsd of smstools 3, set up for speed.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::files::Folders;
use super::program::{Program, Usage};
use super::simulator::Simulator;
use super::{Player, text};

/// The running daemon.
pub(super) struct Smsd {
    folders: Folders,
    program: Program,
    next: u32,
}

/// The shortest pauses that it takes, receiving in front, and messages taken straight from `+CMGL`, which doubled what it
/// takes in. `poll_faster` stays at its default: other values were no faster, and with 1 some files in `sent` were once of
/// messages that the simulated network had not taken, which was not looked into further.
fn configuration(folder: &Path) -> String {
    let at = folder.display();
    format!(
        "devices = GSM1\n\
         outgoing = {at}/outgoing\nchecked = {at}/checked\nincoming = {at}/incoming\n\
         failed = {at}/failed\nsent = {at}/sent\n\
         infofile = {at}/smsd.working\npidfile = {at}/smsd.pid\nlogfile = {at}/smsd.log\n\
         loglevel = 3\ndelaytime = 1\ndelaytime_mainprocess = 1\nerrorsleeptime = 1\n\
         [GSM1]\ndevice = {at}/modem\nincoming = high\nbaudrate = 115200\nrtscts = no\ninit = AT\n\
         check_network = 0\ncheck_memory_method = 31\n"
    )
}

impl Smsd {
    pub(super) fn start(program: &Path, folder: &Path, mark: &str) -> Result<Self> {
        for name in ["outgoing", "checked", "incoming", "failed", "sent"] {
            std::fs::create_dir(folder.join(name))?;
        }
        let configured = folder.join("smsd.conf");
        std::fs::write(&configured, configuration(folder))?;
        let output = std::fs::File::create(folder.join("smsd.out"))?;
        let mut command = Command::new(program);
        command
            .args(["-t", "-c"])
            .arg(&configured)
            .current_dir(folder)
            .stdout(output.try_clone()?)
            .stderr(output);
        Ok(Self {
            folders: Folders {
                out: folder.join("outgoing"),
                sent: folder.join("sent"),
                within: folder.join("incoming"),
            },
            program: Program::start(&mut command, mark)?,
            next: 0,
        })
    }
}

impl Player for Smsd {
    fn send(&mut self, count: u32, _simulator: &mut Simulator) -> Result<()> {
        let numbers = self.next..self.next + count;
        self.next += count;
        let message = |number| {
            let file = format!("To: 1202555010{}\n\n{}", number % 10, text(number));
            (format!("message{number:06}"), file.into_bytes())
        };
        self.folders.send(numbers.map(message).collect())
    }

    fn received(&mut self, total: u32, _simulator: &mut Simulator) -> Result<()> {
        self.folders.received(total)
    }

    fn usage(&self) -> Option<Usage> {
        Some(self.program.usage())
    }
}
