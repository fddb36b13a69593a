//! The real programs that the tests talk to, and how each gets onto this machine.
//!
//! What goes into the cache folder is installed without asking. A Debian package is installed by root or in CI only;
//! anyone else is told the command.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::virtual_machine;
use crate::workspace::{Workspace, output, run};

/// A program that we did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Counterpart {
    /// Runs the two Python counterparts, and scripts of the tests.
    Python3,
    /// The Matrix homeserver.
    Synapse,
    /// A client of the Bot API, to check bot-api-sim with.
    Aiogram,
    /// `smsd` of smstools, to check modem-sim with.
    Smstools,
    /// `gammu-smsd`, likewise.
    GammuSmsd,
    /// Tells what the store writes and syncs, from outside.
    Strace,
    /// gammu's own PDU reader, to check with what the codec writes.
    Python3Gammu,
    /// QEMU and Debian's kernel, whose USB and serial drivers the modem loop meets there.
    Vm,
}

/// What the tests are told about a counterpart.
#[derive(Debug)]
pub(crate) enum Readiness {
    /// Installed, here.
    Ready(PathBuf),
    /// Could not be installed; the error says what to do.
    Missing(anyhow::Error),
    /// `--without`.
    LeftOut,
}

impl Counterpart {
    /// In the order in which they are set up: Python before what runs on it.
    pub(crate) const ALL: [Self; 8] = [
        Self::Python3,
        Self::Synapse,
        Self::Aiogram,
        Self::Smstools,
        Self::GammuSmsd,
        Self::Strace,
        Self::Python3Gammu,
        Self::Vm,
    ];

    /// The environment variable by which a test finds it.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Python3 => "SMS_BRIDGE_PYTHON3",
            Self::Synapse => "SMS_BRIDGE_SYNAPSE_PYTHON",
            Self::Aiogram => "SMS_BRIDGE_AIOGRAM_PYTHON",
            Self::Smstools => "SMS_BRIDGE_SMSD",
            Self::GammuSmsd => "SMS_BRIDGE_GAMMU_SMSD",
            Self::Strace => "SMS_BRIDGE_STRACE",
            Self::Python3Gammu => "SMS_BRIDGE_GAMMU_PYTHON",
            Self::Vm => "SMS_BRIDGE_VM",
        }
    }

    /// Where it is, if it is installed. Only for those that come as a Debian package.
    pub(crate) fn find(self) -> Option<PathBuf> {
        match self {
            Self::Python3 | Self::Synapse | Self::Aiogram | Self::Python3Gammu | Self::Vm => None,
            Self::Smstools => find_program("smsd"),
            Self::GammuSmsd => find_program("gammu-smsd"),
            Self::Strace => find_program("strace"),
        }
    }

    /// Finds or installs it.
    pub(crate) fn prepare(self, workspace: &Workspace, without: &[Self]) -> Readiness {
        if without.contains(&self) {
            return Readiness::LeftOut;
        }
        let path = match self {
            Self::Python3 => python3(),
            Self::Synapse => python_environment(
                workspace,
                "synapse",
                &[
                    "-m",
                    "synapse.app.homeserver",
                    "--generate-config",
                    "--report-stats=no",
                    "--server-name=localhost",
                ],
                "--config-path",
            ),
            Self::Aiogram => {
                python_environment(workspace, "aiogram", &["-c", "import aiogram"], "")
            }
            Self::Smstools => debian_package("smstools", "smsd"),
            Self::GammuSmsd => debian_package("gammu-smsd", "gammu-smsd"),
            Self::Strace => debian_package("strace", "strace"),
            Self::Python3Gammu => python3_gammu(),
            Self::Vm => virtual_machine::prepare(workspace),
        };
        path.map_or_else(Readiness::Missing, Readiness::Ready)
    }
}

impl fmt::Display for Counterpart {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Python3 => "python3",
            Self::Synapse => "synapse",
            Self::Aiogram => "aiogram",
            Self::Smstools => "smstools",
            Self::GammuSmsd => "gammu-smsd",
            Self::Strace => "strace",
            Self::Python3Gammu => "python3-gammu",
            Self::Vm => "vm",
        })
    }
}

fn python3() -> Result<PathBuf> {
    // `sys.executable` and not the path of `python3`, which may be a wrapper that depends on the working directory.
    let printed = output(
        Command::new("python3").args(["-c", "import ensurepip, sys, venv; print(sys.executable)"]),
    )
    .context(
        "no Python 3 that can make virtual environments: sudo apt-get install python3 python3-venv",
    )?;
    Ok(PathBuf::from(printed.trim_end()))
}

/// A virtual environment in the cache folder with the packages of `xtask/python/NAME.txt`, made anew when that file
/// has changed or its Python is gone.
///
/// `check` must succeed before the environment counts as installed; `scratch`, if not empty, is an option of it that
/// takes the path of a file to be written.
fn python_environment(
    workspace: &Workspace,
    name: &str,
    check: &[&str],
    scratch: &str,
) -> Result<PathBuf> {
    let requirements = workspace
        .root
        .join("xtask/python")
        .join(name)
        .with_extension("txt");
    let wanted = fs::read_to_string(&requirements)
        .with_context(|| format!("failed to read {}", requirements.display()))?;
    let environment = workspace.cache.join("python").join(name);
    let python = environment.join("bin/python");
    let marker = environment.join("installed.txt");

    fs::create_dir_all(workspace.cache.join("python"))
        .context("failed to make the cache folder")?;
    let lock = File::create(environment.with_extension("lock"))
        .context("failed to make a lock in the cache folder")?;
    lock.lock()
        .context("failed to lock the cache folder against another cargo xtask")?;

    let runs = || {
        Command::new(&python)
            .args(["-c", ""])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) && runs() {
        return Ok(python);
    }
    let base = python3()?;
    if environment.exists() {
        fs::remove_dir_all(&environment)
            .with_context(|| format!("failed to remove {}", environment.display()))?;
    }
    run(Command::new(base).args(["-m", "venv"]).arg(&environment))?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    run(pip.arg(&requirements)).context("failed to install from PyPI (is this machine online?)")?;
    let mut check_command = Command::new(&python);
    check_command.args(check).current_dir(&environment);
    if !scratch.is_empty() {
        check_command
            .arg(scratch)
            .arg(environment.join("check.yaml"));
    }
    output(&mut check_command)
        .with_context(|| format!("{name} is installed but does not start"))?;
    fs::write(&marker, wanted).with_context(|| format!("failed to write {}", marker.display()))?;
    Ok(python)
}

/// Debian's own Python, because its packages are of no use to another.
fn python3_gammu() -> Result<PathBuf> {
    let python = PathBuf::from("/usr/bin/python3");
    let works = || output(Command::new(&python).args(["-c", "import gammu"]));
    if works().is_ok() {
        return Ok(python);
    }
    let hint = "gammu for Python is not installed: sudo apt-get install python3-gammu";
    install_debian_package("python3-gammu", hint)?;
    works().context("the package python3-gammu is installed, but cannot be imported")?;
    Ok(python)
}

pub(crate) fn debian_package(package: &str, program: &str) -> Result<PathBuf> {
    if let Some(path) = find_program(program) {
        return Ok(path);
    }
    let hint = format!("{program} is not installed: sudo apt-get install {package}");
    install_debian_package(package, &hint)?;
    find_program(program)
        .with_context(|| format!("the package {package} brought no program {program}"))
}

/// Where that is ours to do; elsewhere the hint is the error.
fn install_debian_package(package: &str, hint: &str) -> Result<()> {
    let Some(prefix) = privilege() else {
        bail!("{hint}")
    };
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = prefix
            .iter()
            .copied()
            .chain(["apt-get"])
            .chain(arguments.iter().copied())
            .collect();
        let (first, rest) = words.split_first().context("no command")?;
        // RUNLEVEL keeps the package's own service from being started where init is System V's.
        run(Command::new(first)
            .args(rest)
            .envs([("DEBIAN_FRONTEND", "noninteractive"), ("RUNLEVEL", "1")])
            .stdin(Stdio::null()))
    };
    let install = ["install", "--yes", "--no-install-recommends", package];
    // A fresh machine has no package lists yet.
    apt(&install)
        .or_else(|_| apt(&["update"]).and_then(|()| apt(&install)))
        .with_context(|| hint.to_owned())
}

/// On the path, or where system programs are, which need not be on a user's path.
fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/usr/bin", "/sbin"]
        .into_iter()
        .map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The words before `apt-get` that let it install: none for root, `sudo -n` in CI, `None` where it is not ours to do.
fn privilege() -> Option<&'static [&'static str]> {
    find_program("apt-get")?;
    if output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0") {
        return Some(&[]);
    }
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    (ci && output(Command::new("sudo").args(["-n", "true"])).is_ok()).then_some(&["sudo", "-n"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_command_line_are_names_in_the_closing_line() {
        for counterpart in Counterpart::ALL {
            let on_the_command_line = counterpart.to_possible_value().unwrap();
            assert_eq!(on_the_command_line.get_name(), counterpart.to_string());
        }
    }

    #[test]
    fn a_left_out_counterpart_is_not_looked_for() {
        let workspace = Workspace {
            root: "/nonexistent".into(),
            cache: "/nonexistent".into(),
        };
        for counterpart in Counterpart::ALL {
            assert!(matches!(
                counterpart.prepare(&workspace, &Counterpart::ALL),
                Readiness::LeftOut
            ));
        }
    }

    #[test]
    fn a_system_program_is_found_and_an_absent_one_is_not() {
        assert!(find_program("sh").is_some());
        assert_eq!(find_program("no-such-program-of-sms-bridge"), None);
    }
}
