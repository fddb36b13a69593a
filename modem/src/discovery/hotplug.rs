//! Notices that a device came or went, without udev: by the kernel's own announcements (netlink, group 1), or where they
//! are not to be had (containers) by looking at the list of devices each second.
//!
//! An announcement only says when to look; what is there is read from sysfs.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
use tokio::io::unix::AsyncFd;

use super::Sysfs;

/// The group of the kernel's own announcements. udevd's, in group 2, come later and only where it runs.
const KERNEL: u32 = 1;
/// One announcement; the kernel's limit is 2 KiB of variables and a path.
const LARGEST: usize = 8_192;
/// Announcements that are thrown away at once; more than a socket keeps.
const WAITING: usize = 10_000;
/// Between two looks where nothing is announced.
const LOOK: Duration = Duration::from_secs(1);
/// A stick comes with several ports, and udevd sets their owner after the kernel announced them.
const SETTLE: Duration = Duration::from_millis(300);

/// Watches for devices that come and go.
#[derive(Debug)]
pub(crate) struct Hotplug {
    root: Sysfs,
    socket: Option<AsyncFd<OwnedFd>>,
    seen: Vec<String>,
}

impl Hotplug {
    /// Must be called inside a tokio runtime. Needs no rights; what is refused is replaced by looking.
    pub(crate) fn watch(root: &Sysfs) -> Self {
        let socket = match open() {
            // A sysfs of a test is announced by nobody.
            Ok(socket) if *root == Sysfs::default() => Some(socket),
            Ok(_) => None,
            Err(error) => {
                tracing::debug!(%error, "no announcements of devices: looking each second");
                None
            }
        };
        Self {
            root: root.clone(),
            socket,
            seen: Vec::new(),
        }
    }

    /// What is there now is known; only what changes from here on counts.
    pub(crate) fn look(&mut self) {
        if let Some(socket) = &self.socket {
            let mut buffer = vec![0; LARGEST];
            for _ in 0..WAITING {
                match receive(socket.get_ref(), &mut buffer) {
                    Ok(_) => {}
                    Err(error) if is_overrun(&error) => {}
                    Err(_) => break,
                }
            }
        }
        self.seen = self.list();
    }

    /// Waits until a device came or went since [`Hotplug::look`], and its ports had time to appear.
    ///
    /// # Cancel safety
    ///
    /// What came since the last look is noticed by the next call where it is looked for, and lost where it is announced.
    pub(crate) async fn change(&mut self) {
        match &self.socket {
            Some(socket) => {
                if let Err(error) = announced(socket).await {
                    tracing::debug!(%error, "no announcements of devices any more: looking each second");
                    self.socket = None;
                    rest(LOOK).await;
                }
            }
            None => {
                while self.list() == self.seen {
                    rest(LOOK).await;
                }
            }
        }
        rest(SETTLE).await;
    }

    /// Devices, interfaces and ports by name.
    fn list(&self) -> Vec<String> {
        let folders: [PathBuf; 2] = [
            self.root.sys.join("bus/usb/devices"),
            self.root.sys.join("class/tty"),
        ];
        let mut names: Vec<String> = folders
            .iter()
            .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().take(4_096))
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with("pty"))
            .collect();
        names.sort();
        names
    }
}

fn open() -> io::Result<AsyncFd<OwnedFd>> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        flags,
        Some(KOBJECT_UEVENT),
    )?;
    rustix::net::bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
    #[expect(
        deprecated,
        reason = "the safe form: OwnedFd keeps its descriptor open as AsyncFd wants it"
    )]
    AsyncFd::new(socket)
}

/// Waits for one that matters.
async fn announced(socket: &AsyncFd<OwnedFd>) -> io::Result<()> {
    let mut buffer = vec![0; LARGEST];
    loop {
        let mut ready = socket.readable().await?;
        let Ok(received) = ready.try_io(|socket| receive(socket.get_ref(), &mut buffer)) else {
            continue;
        };
        let length = match received {
            Ok(length) => length,
            // Announcements were lost: something happened.
            Err(error) if is_overrun(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        if Announcement::parse(buffer.get(..length).unwrap_or_default())
            .is_some_and(|announcement| announcement.matters())
        {
            return Ok(());
        }
    }
}

/// Whether more was announced than the socket could keep.
fn is_overrun(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error())
}

fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    let (length, _) = rustix::net::recv(socket, buffer, RecvFlags::empty())?;
    Ok(length)
}

/// One announcement: `ACTION@DEVPATH`, then variables, each ended by a zero octet.
#[derive(Debug, Default, PartialEq, Eq)]
struct Announcement<'a> {
    action: &'a [u8],
    subsystem: &'a [u8],
}

impl<'a> Announcement<'a> {
    /// `None`: not the kernel's. udevd's begin with `libudev`.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = bytes.split(|byte| *byte == 0);
        if !fields.next()?.contains(&b'@') {
            return None;
        }
        let mut announcement = Self::default();
        for field in fields {
            if let Some(action) = field.strip_prefix(b"ACTION=") {
                announcement.action = action;
            } else if let Some(subsystem) = field.strip_prefix(b"SUBSYSTEM=") {
                announcement.subsystem = subsystem;
            }
        }
        Some(announcement)
    }

    /// A port or a USB device that came, went, or got its driver.
    fn matters(&self) -> bool {
        let subsystem = matches!(self.subsystem, b"tty" | b"usb" | b"usb-serial");
        subsystem && matches!(self.action, b"add" | b"remove" | b"bind" | b"change")
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the watch is the driver's, where time enters"
)]
async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::fake::{Machine, Plug, Stick};
    use super::{Announcement, Hotplug, open};
    use tokio::time::timeout;

    /// Made by hand after the form in the kernel's `lib/kobject_uevent.c`.
    #[test]
    fn announcements_are_read() {
        let check = |bytes: &[u8], expected: Option<bool>| {
            let matters = Announcement::parse(bytes).map(|announcement| announcement.matters());
            assert_eq!(matters, expected, "{}", String::from_utf8_lossy(bytes));
        };
        let add = b"add@/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.2/ttyUSB2/tty/ttyUSB2\0ACTION=add\0\
            DEVPATH=/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.2/ttyUSB2/tty/ttyUSB2\0SUBSYSTEM=tty\0\
            MAJOR=188\0MINOR=2\0DEVNAME=ttyUSB2\0SEQNUM=4711\0";
        check(add, Some(true));
        check(
            b"remove@/devices/usb1/1-1\0ACTION=remove\0SUBSYSTEM=usb\0DEVTYPE=usb_device\0",
            Some(true),
        );
        check(
            b"bind@/devices/usb1/1-1\0ACTION=bind\0SUBSYSTEM=usb\0",
            Some(true),
        );
        check(
            b"add@/devices/virtual/net/veth0\0ACTION=add\0SUBSYSTEM=net\0",
            Some(false),
        );
        check(b"add@/devices/usb1\0", Some(false));
        check(
            b"libudev\0\xfe\xed\xca\xfeSUBSYSTEM=tty\0ACTION=add\0",
            None,
        );
        check(b"", None);
        check(b"\0\0\0", None);
        check(b"@", Some(false));
        // Cut off anywhere, it is never more than it says.
        for length in 0..add.len() {
            let cut = add.get(..length).unwrap_or_default();
            let matters =
                Announcement::parse(cut).is_some_and(|announcement| announcement.matters());
            assert_eq!(
                matters,
                cut.windows(13).any(|part| part == b"SUBSYSTEM=tty"),
                "{length}"
            );
        }
    }

    #[tokio::test]
    async fn the_kernel_is_listened_to_where_it_may_be_and_looked_at_otherwise() {
        let hotplug = Hotplug::watch(&super::Sysfs::default());
        assert_eq!(hotplug.socket.is_some(), open().is_ok());
    }

    #[tokio::test]
    async fn a_device_that_comes_is_noticed_by_looking() {
        let machine = Machine::new();
        let mut hotplug = Hotplug::watch(&machine.sysfs());
        hotplug.look();
        let nothing = timeout(Duration::from_millis(50), hotplug.change()).await;
        assert!(nothing.is_err(), "nothing came");
        machine.plug_in(&Stick {
            path: "1-1",
            vendor: 0x12d1,
            product: 0x1506,
            model: "",
            interfaces: vec![Plug::serial("ttyUSB0")],
        });
        let came = timeout(Duration::from_secs(30), hotplug.change()).await;
        assert!(came.is_ok(), "it came");
    }
}
