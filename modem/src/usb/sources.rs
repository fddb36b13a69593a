//! Which table says what about a device: the configuration first, then what is installed here, then our own.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::file_name::{FileName, Strings};
use super::plan::{SwitchPlan, UsbId};
use super::settings::{self, SettingsError};
use super::{families, openwrt, pack};

/// Files of one folder that are looked at.
const FILES: usize = 8_192;

/// Where tables are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// `/`. Tests name a folder of their own.
    pub root: PathBuf,
    /// The file that the configuration names.
    pub config: Option<PathBuf>,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            root: PathBuf::from("/"),
            config: None,
        }
    }
}

/// Which table said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This file; one of a pack is named behind it.
    File(PathBuf, Option<String>),
    /// Our own table.
    Own,
}

/// Such as `/usr/share/usb_modeswitch/configPack.tar.gz, 12d1:1446`.
impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, None) => write!(formatter, "{}", path.display()),
            Self::File(path, Some(name)) => write!(formatter, "{}, {name}", path.display()),
            Self::Own => formatter.write_str("the table of sms-bridge"),
        }
    }
}

/// What is known of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookup {
    /// What to do, and who says so. `None`: no table has it.
    pub found: Option<(SwitchPlan, Source)>,
    /// Tables that could not be read or understood, in words.
    pub problems: Vec<String>,
}

/// The file that the configuration names is of no use.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{path} cannot be read: {cause}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It cannot be understood.
    #[error("{path}: {cause}")]
    Settings {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: SettingsError,
    },
    /// It names no device: in the old form by `DefaultVendor` and `DefaultProduct`, in the new one by its name.
    #[error(
        "{path} does not say which device it is for: write DefaultVendor and DefaultProduct, or call it VID:PID"
    )]
    NoDevice {
        /// Which.
        path: PathBuf,
    },
}

impl Sources {
    /// Whether `/etc/usb_modeswitch.conf` says that nothing is to be switched by itself.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        let path = self.root.join("etc/usb_modeswitch.conf");
        read(&path, settings::FILE).is_ok_and(|text| settings::is_switching_disabled(&text))
    }

    /// What is known of this device.
    #[must_use]
    pub fn look_up(&self, id: UsbId, strings: &Strings) -> Lookup {
        let mut lookup = Lookup::default();
        lookup.found = self.search(id, strings, &mut lookup.problems);
        lookup
    }

    fn search(
        &self,
        id: UsbId,
        strings: &Strings,
        problems: &mut Vec<String>,
    ) -> Option<(SwitchPlan, Source)> {
        if let Some(path) = &self.config {
            match devices_of(path) {
                Ok(devices) => {
                    let named = devices
                        .into_iter()
                        .find(|(name, _)| name.is_of(id, strings));
                    if let Some((_, plan)) = named {
                        return Some((plan, Source::File(path.clone(), None)));
                    }
                }
                Err(error) => problems.push(error.to_string()),
            }
        }
        let installed = self.root.join("usr/share/usb_modeswitch");
        for folder in [self.root.join("etc/usb_modeswitch.d"), installed.clone()] {
            if let Some(found) = in_folder(&folder, id, strings, problems) {
                return Some(found);
            }
        }
        let archive = installed.join("configPack.tar.gz");
        if let Some(found) = in_pack(&archive, id, strings, problems) {
            return Some(found);
        }
        let table = self.root.join("etc/usb-mode.json");
        if let Some(text) = present(&table, openwrt::FILE, problems) {
            match openwrt::find(&text, id, strings) {
                Ok(Some(plan)) => return Some((plan, Source::File(table, None))),
                Ok(None) => {}
                Err(error) => problems.push(format!("{}: {error}", table.display())),
            }
        }
        families::known(id).map(|plan| (plan, Source::Own))
    }
}

/// The devices of a file in one of the two forms, with what to do for each.
///
/// # Errors
///
/// When it cannot be read or understood, or names no device.
pub fn devices_of(path: &Path) -> Result<Vec<(FileName, SwitchPlan)>, ConfigError> {
    let text = read(path, settings::FILE).map_err(|cause| ConfigError::Read {
        path: path.to_owned(),
        cause,
    })?;
    let entries = settings::parse(&text).map_err(|cause| ConfigError::Settings {
        path: path.to_owned(),
        cause,
    })?;
    let by_name = path
        .file_name()
        .and_then(|name| FileName::parse(name.to_str()?));
    let mut devices = Vec::new();
    for entry in entries {
        if entry.devices.is_empty() {
            devices.extend(by_name.clone().map(|name| (name, entry.plan)));
            continue;
        }
        for id in entry.devices {
            let name = FileName {
                id,
                conditions: Vec::new(),
            };
            devices.push((name, entry.plan.clone()));
        }
    }
    if devices.is_empty() {
        return Err(ConfigError::NoDevice {
            path: path.to_owned(),
        });
    }
    Ok(devices)
}

fn in_folder(
    folder: &Path,
    id: UsbId,
    strings: &Strings,
    problems: &mut Vec<String>,
) -> Option<(SwitchPlan, Source)> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(FILES);
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let name = closest(names, id, strings)?;
    let path = folder.join(&name);
    let text = present(&path, settings::FILE, problems)?;
    let plan = understood(&text, &path.display(), problems)?;
    Some((plan, Source::File(path, None)))
}

fn in_pack(
    path: &Path,
    id: UsbId,
    strings: &Strings,
    problems: &mut Vec<String>,
) -> Option<(SwitchPlan, Source)> {
    let archive = match File::open(path) {
        Ok(archive) => archive,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            problems.push(format!("{} cannot be read: {error}", path.display()));
            return None;
        }
    };
    let wanted = |name: &str| FileName::parse(name).is_some_and(|name| name.is_of(id, strings));
    let files = match pack::read(archive, wanted) {
        Ok(files) => files,
        Err(error) => {
            problems.push(format!("{} cannot be read: {error}", path.display()));
            return None;
        }
    };
    let name = closest(files.iter().map(|file| file.name.clone()), id, strings)?;
    let text = &files.iter().find(|file| file.name == name)?.text;
    let plan = understood(text, &format_args!("{}, {name}", path.display()), problems)?;
    Some((plan, Source::File(path.to_owned(), Some(name))))
}

/// The name with the most conditions of those that hold.
fn closest(names: impl Iterator<Item = String>, id: UsbId, strings: &Strings) -> Option<String> {
    names
        .filter_map(|name| Some((FileName::parse(&name)?, name)))
        .filter(|(read, _)| read.is_of(id, strings))
        .max_by_key(|(read, _)| read.conditions.len())
        .map(|(_, name)| name)
}

fn understood(
    text: &str,
    place: &dyn fmt::Display,
    problems: &mut Vec<String>,
) -> Option<SwitchPlan> {
    match settings::parse(text) {
        Ok(entries) => entries.into_iter().next().map(|entry| entry.plan),
        Err(error) => {
            problems.push(format!("{place}: {error}"));
            None
        }
    }
}

/// `None`: it is not there, or a problem.
fn present(path: &Path, most: usize, problems: &mut Vec<String>) -> Option<String> {
    match read(path, most) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            problems.push(format!("{} cannot be read: {error}", path.display()));
            None
        }
    }
}

/// One octet more than may be, so that what is too long is seen to be.
fn read(path: &Path, most: usize) -> io::Result<String> {
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut octets = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut octets)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::plan::Method;
    use super::*;

    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        }

        fn sources(&self, config: Option<PathBuf>) -> Sources {
            Sources {
                root: self.0.path().to_owned(),
                config,
            }
        }
    }

    fn method(lookup: &Lookup) -> Option<Method> {
        lookup.found.as_ref().map(|(plan, _)| plan.method)
    }

    #[test]
    fn the_nearer_table_goes_first() {
        let machine = Machine::new();
        let id = "12d1:1446".parse().unwrap();
        let strings = Strings::default();
        let own = machine.sources(None).look_up(id, &strings);
        assert_eq!(own.found.unwrap().1, Source::Own);
        machine.file(
            "etc/usb-mode.json",
            r#"{"messages": [], "devices": {"12d1:1446": {"*": {"mode": "Huawei"}}}}"#,
        );
        let look = |config| machine.sources(config).look_up(id, &strings);
        assert_eq!(method(&look(None)), Some(Method::Huawei));
        machine.file("usr/share/usb_modeswitch/12d1:1446", "SierraMode=1\n");
        assert_eq!(method(&look(None)), Some(Method::Sierra));
        machine.file("etc/usb_modeswitch.d/12d1:1446", "KobilMode=1\n");
        assert_eq!(method(&look(None)), Some(Method::Kobil));
        let config = machine.file(
            "etc/usb_switch.conf",
            "DefaultVendor=0x12d1\nDefaultProduct=0x1446\nSonyMode=1\n",
        );
        let found = look(Some(config.clone()));
        assert_eq!(method(&found), Some(Method::Sony));
        assert_eq!(found.found.unwrap().1, Source::File(config, None));
    }

    #[test]
    fn the_file_with_the_most_conditions_is_taken() {
        let machine = Machine::new();
        for (name, key) in [
            ("05c6:1000", "SonyMode"),
            ("05c6:1000:uMa=Option", "OptionMode"),
            ("05c6:1000:uMa=CELOT", "StandardEject"),
        ] {
            let path = format!("usr/share/usb_modeswitch/{name}");
            machine.file(&path, &format!("{key}=1\n"));
        }
        let of = |maker: &str| {
            let strings = Strings {
                manufacturer: maker.to_owned(),
                ..Strings::default()
            };
            let id = "05c6:1000".parse().unwrap();
            method(&machine.sources(None).look_up(id, &strings))
        };
        assert_eq!(of("Option N.V."), Some(Method::Option));
        assert_eq!(of("CELOT"), Some(Method::StandardEject));
        assert_eq!(of("other"), Some(Method::Sony));
    }

    #[test]
    fn a_table_that_cannot_be_understood_is_named_and_passed() {
        let machine = Machine::new();
        machine.file("etc/usb_modeswitch.d/1e0e:f000", "MessageContent=\"xx\"\n");
        machine.file("usr/share/usb_modeswitch/configPack.tar.gz", "no archive");
        machine.file("etc/usb-mode.json", "{");
        let missing = machine.0.path().join("none.conf");
        let lookup = machine
            .sources(Some(missing))
            .look_up("1e0e:f000".parse().unwrap(), &Strings::default());
        assert_eq!(lookup.found.unwrap().1, Source::Own);
        for (problem, words) in lookup.problems.iter().zip([
            "none.conf cannot be read",
            "1e0e:f000: line 1",
            "configPack.tar.gz cannot be read",
            "usb-mode.json: it is no JSON",
        ]) {
            assert!(problem.contains(words), "{problem}");
        }
        assert_eq!(lookup.problems.len(), 4);
    }

    #[test]
    fn a_file_has_to_say_which_device_it_is_for() {
        let machine = Machine::new();
        let path = machine.file("usb_switch.conf", "HuaweiMode=1\n");
        let error = devices_of(&path).unwrap_err().to_string();
        assert!(
            error.contains("DefaultVendor and DefaultProduct"),
            "{error}"
        );
        let path = machine.file("12d1:1001", "HuaweiMode=1\n");
        assert_eq!(devices_of(&path).unwrap().len(), 1);
    }

    #[test]
    fn switching_can_be_disabled() {
        let machine = Machine::new();
        assert!(!machine.sources(None).is_disabled());
        machine.file("etc/usb_modeswitch.conf", "DisableSwitching=1\n");
        assert!(machine.sources(None).is_disabled());
    }
}
