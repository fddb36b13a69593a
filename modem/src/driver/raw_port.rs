//! A port without an engine, for a person who talks to the modem by hand.

use std::io;

use super::find::Finder;
use super::port::Port;
use crate::config::Config;
use crate::status::Phase;

/// An open port, to which anything can be written. Nothing is set up, nothing is answered by itself.
#[derive(Debug)]
pub struct RawPort(Port);

impl RawPort {
    /// Opens the port of a line for ourselves alone, and for `auto` finds it first, which takes some seconds.
    ///
    /// # Errors
    ///
    /// [`Phase::PortAbsent`] or [`Phase::PortUnusable`], which say why in plain words and what to do.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn open(config: &Config) -> Result<Self, Phase> {
        Finder::new(config).open().await.map(Self)
    }

    /// Which port it is, as a person is told of it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Reads what there is, waiting for at least one byte. `Ok(0)` means that the port is gone.
    ///
    /// # Errors
    ///
    /// The port cannot be read any more.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).await
    }

    /// Writes all, within 5 s.
    ///
    /// # Errors
    ///
    /// The port takes nothing any more; a part may have left.
    ///
    /// # Cancel safety
    ///
    /// A part may have left.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write(bytes, None).await
    }
}
