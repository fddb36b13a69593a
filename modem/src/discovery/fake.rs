//! For tests: a sysfs in a folder, laid out as the kernel does it. Devices and interfaces are folders below
//! `sys/devices`, everything else is links to them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Sysfs;

/// A machine with one USB bus.
pub(crate) struct Machine {
    folder: TempDir,
}

/// One device to plug in.
#[derive(Debug, Clone)]
pub(crate) struct Stick {
    pub(crate) path: &'static str,
    pub(crate) vendor: u16,
    pub(crate) product: u16,
    pub(crate) model: &'static str,
    pub(crate) interfaces: Vec<Plug>,
}

/// One interface: class, subclass and protocol, its driver, and the port that it makes.
#[derive(Debug, Clone)]
pub(crate) struct Plug {
    pub(crate) codes: (u8, u8, u8),
    pub(crate) driver: Option<&'static str>,
    pub(crate) port: Option<String>,
}

impl Plug {
    /// A port of the driver `option`.
    pub(crate) fn serial(port: &str) -> Self {
        Self {
            codes: (0xff, 0xff, 0xff),
            driver: Some("option"),
            port: Some(port.to_owned()),
        }
    }

    pub(crate) fn without_port(codes: (u8, u8, u8), driver: Option<&'static str>) -> Self {
        Self {
            codes,
            driver,
            port: None,
        }
    }
}

impl Machine {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "sys/devices/pci0000:00/0000:00:14.0/usb1",
            "sys/bus/usb/devices",
            "sys/bus/usb/drivers",
            "sys/class/tty",
            "dev",
        ] {
            fs::create_dir_all(folder.path().join(name)).expect("a folder");
        }
        let machine = Self { folder };
        let hub = machine.bus();
        write(&hub, "idVendor", "1d6b");
        write(&hub, "idProduct", "0002");
        symlink(&hub, machine.path("sys/bus/usb/devices/usb1")).expect("a link");
        machine
    }

    pub(crate) fn sysfs(&self) -> Sysfs {
        Sysfs {
            sys: self.path("sys"),
            dev: self.path("dev"),
        }
    }

    /// A file of this machine.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bus(&self) -> PathBuf {
        self.path("sys/devices/pci0000:00/0000:00:14.0/usb1")
    }

    /// Where the folder of a device is.
    pub(crate) fn device(&self, path: &str) -> PathBuf {
        self.bus().join(path)
    }

    pub(crate) fn plug_in(&self, stick: &Stick) {
        let device = self.device(stick.path);
        fs::create_dir_all(&device).expect("a folder");
        let hex = |number: u16| format!("{number:04x}");
        write(&device, "idVendor", &hex(stick.vendor));
        write(&device, "idProduct", &hex(stick.product));
        write(&device, "authorized", "1");
        if !stick.model.is_empty() {
            write(&device, "product", stick.model);
        }
        for (number, plug) in stick.interfaces.iter().enumerate() {
            self.add_interface(stick.path, &device, number, plug);
        }
        // Last, as the kernel announces a device.
        symlink(&device, self.path("sys/bus/usb/devices").join(stick.path)).expect("a link");
    }

    fn add_interface(&self, path: &str, device: &Path, number: usize, plug: &Plug) {
        let name = format!("{path}:1.{number}");
        let interface = device.join(&name);
        fs::create_dir_all(&interface).expect("a folder");
        write(&interface, "bInterfaceNumber", &format!("{number:02x}"));
        let (class, subclass, protocol) = plug.codes;
        write(&interface, "bInterfaceClass", &format!("{class:02x}"));
        write(&interface, "bInterfaceSubClass", &format!("{subclass:02x}"));
        write(&interface, "bInterfaceProtocol", &format!("{protocol:02x}"));
        symlink(&interface, self.path("sys/bus/usb/devices").join(name)).expect("a link");
        if let Some(driver) = plug.driver {
            let folder = self.path("sys/bus/usb/drivers").join(driver);
            fs::create_dir_all(&folder).expect("a folder");
            symlink(folder, interface.join("driver")).expect("a link");
        }
        if let Some(port) = &plug.port {
            let tty = if port.starts_with("ttyACM") {
                interface.join("tty").join(port)
            } else {
                interface.join(port).join("tty").join(port)
            };
            fs::create_dir_all(&tty).expect("a folder");
            let class = self.path("sys/class/tty").join(port);
            drop(fs::remove_file(&class));
            symlink(&tty, class).expect("a link");
        }
    }

    /// Takes a device out, with its ports and device files.
    pub(crate) fn pull_out(&self, stick: &Stick) {
        let devices = self.path("sys/bus/usb/devices");
        drop(fs::remove_file(devices.join(stick.path)));
        for (number, plug) in stick.interfaces.iter().enumerate() {
            drop(fs::remove_file(
                devices.join(format!("{}:1.{number}", stick.path)),
            ));
            if let Some(port) = &plug.port {
                drop(fs::remove_file(self.path("sys/class/tty").join(port)));
                drop(fs::remove_file(self.path("dev").join(port)));
            }
        }
        fs::remove_dir_all(self.device(stick.path)).expect("it was plugged in");
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), format!("{text}\n")).expect("a file");
}
