//! What is typed, or piped: lines, and on a terminal each change of the line on the way.

use std::io::{self, BufReader, Read, Stdin};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;

use super::editor::{Edited, Editor};
use crate::lines::next_line;

/// What was read ahead.
const AHEAD: usize = 16;

/// Something from standard input. Its end is the end of the channel.
#[derive(Debug)]
pub(crate) enum Input {
    /// The line being typed, as it stands.
    Typing(String),
    /// A whole line.
    Line(String),
}

/// The terminal gives each key at once and shows none by itself, until this is dropped. Ctrl-C stays a signal.
pub(crate) struct KeyByKey {
    before: Termios,
}

impl KeyByKey {
    /// # Errors
    ///
    /// Standard input is no terminal.
    pub(crate) fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut modes = before.clone();
        modes
            .local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
        Ok(Self { before })
    }
}

impl Drop for KeyByKey {
    fn drop(&mut self) {
        // A terminal that is gone needs no modes.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Reads standard input on a thread of its own: nothing can interrupt a read of it.
///
/// # Errors
///
/// There is no thread to be had.
pub(crate) fn read(keys: Keys) -> io::Result<mpsc::Receiver<io::Result<Input>>> {
    let (sender, inputs) = mpsc::channel(AHEAD);
    let reader = std::thread::Builder::new().name("stdin".to_owned());
    reader.spawn(move || match keys {
        Keys::Lines => read_lines(&sender),
        Keys::Each => read_keys(&sender),
    })?;
    Ok(inputs)
}

/// How standard input is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Line by line: from a pipe or file.
    Lines,
    /// Key by key, under [`KeyByKey`].
    Each,
}

type Sender = mpsc::Sender<io::Result<Input>>;

fn read_lines(sender: &Sender) {
    let mut input = BufReader::new(io::stdin());
    while let Some(line) = next_line(&mut input).transpose() {
        let failed = line.is_err();
        if sender.blocking_send(line.map(Input::Line)).is_err() || failed {
            return;
        }
    }
}

fn read_keys(sender: &Sender) {
    let mut editor = Editor::default();
    let mut input = io::stdin();
    loop {
        let mut typing = None;
        for octet in keys(&mut input) {
            let next = match octet.map(|octet| editor.key(octet)) {
                Ok(Edited::Unchanged) => continue,
                Ok(Edited::Line(text)) => {
                    typing = Some(text);
                    continue;
                }
                Ok(Edited::Finished(line)) => Ok(Input::Line(line)),
                Ok(Edited::End) => return,
                Err(error) => Err(error),
            };
            typing = None;
            let failed = next.is_err();
            if sender.blocking_send(next).is_err() || failed {
                return;
            }
        }
        if let Some(text) = typing
            && sender.blocking_send(Ok(Input::Typing(text))).is_err()
        {
            return;
        }
    }
}

/// What one read gives; an end of file is an octet too, that of Ctrl-D.
fn keys(input: &mut Stdin) -> impl Iterator<Item = io::Result<u8>> {
    let mut buffer = [0; 1024];
    let (octets, error) = match input.read(&mut buffer) {
        Ok(0) => (vec![0x0d, 0x04], None),
        Ok(length) => (buffer.iter().take(length).copied().collect(), None),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => (Vec::new(), None),
        Err(error) => (Vec::new(), Some(error)),
    };
    octets.into_iter().map(Ok).chain(error.map(Err))
}
