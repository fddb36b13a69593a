//! gammu-smsd with its backend of files, set up for speed.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::files::Folders;
use super::program::{Program, Usage};
use super::simulator::Simulator;
use super::{Player, text};

/// The running daemon.
pub(super) struct Gammu {
    folders: Folders,
    program: Program,
    next: u32,
}

/// No pauses where it takes none, and none of its looks at battery, signal and network.
fn configuration(folder: &Path) -> String {
    let at = folder.display();
    format!(
        "[gammu]\ndevice = {at}/modem\nconnection = at115200\nsynchronizetime = no\n\
         [smsd]\nservice = files\nlogfile = {at}/gammu.log\ndebuglevel = 0\n\
         inboxpath = {at}/inbox/\noutboxpath = {at}/outbox/\nsentsmspath = {at}/sent/\nerrorsmspath = {at}/error/\n\
         inboxformat = unicode\noutboxformat = unicode\ntransmitformat = auto\ndeliveryreport = no\n\
         commtimeout = 0\nsendtimeout = 30\nloopsleep = 0\nreceivefrequency = 0\nstatusfrequency = 0\n\
         checksecurity = 0\nchecksignal = 0\nchecknetwork = 0\ncheckbattery = 0\n"
    )
}

impl Gammu {
    pub(super) fn start(program: &Path, folder: &Path, mark: &str) -> Result<Self> {
        for name in ["inbox", "outbox", "sent", "error"] {
            std::fs::create_dir(folder.join(name))?;
        }
        let configured = folder.join("gammu-smsdrc");
        std::fs::write(&configured, configuration(folder))?;
        let output = std::fs::File::create(folder.join("gammu.out"))?;
        let mut command = Command::new(program);
        command
            .arg("-c")
            .arg(&configured)
            .current_dir(folder)
            .stdout(output.try_clone()?)
            .stderr(output);
        Ok(Self {
            folders: Folders {
                out: folder.join("outbox"),
                sent: folder.join("sent"),
                within: folder.join("inbox"),
            },
            program: Program::start(&mut command, mark)?,
            next: 0,
        })
    }
}

impl Player for Gammu {
    fn send(&mut self, count: u32, _simulator: &mut Simulator) -> Result<()> {
        let numbers = self.next..self.next + count;
        self.next += count;
        let message = |number| {
            let name = format!(
                "OUTA20260101_000000_{number:06}_+1202555010{}_x.txt",
                number % 10
            );
            (name, utf16(&text(number)))
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

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}
