//! A virtual machine with Debian's kernel, in which programs of ours meet the kernel's own USB and serial drivers.
//!
//! Its whole system is an initramfs made here: busybox, the modules, `usbip`, and this machine's own programs with their
//! libraries. It has no disk and no network device. Scripts run one at a time, over a serial port.
//!
//! With hardware virtualization it is there within seconds; without, QEMU emulates the processor and the same takes ten
//! times as long.

#![allow(clippy::print_stderr, reason = "a test that fails shows what happened")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::counterpart::counterpart;

/// Emulated, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(300);
/// With hardware virtualization it boots in two seconds, or not at all.
const PATIENCE_WITH_KVM: Duration = Duration::from_secs(60);

/// A running machine. It ends with this value.
pub(crate) struct Vm {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    folder: TempDir,
    /// Everything that was run, and what it said.
    history: String,
}

impl Vm {
    /// Boots one with these programs in its `/bin`. `None`: QEMU or a program is not there, which was said.
    pub(crate) async fn start(programs: &[(&str, &str)]) -> Option<Self> {
        let parts = counterpart("vm", "SMS_BRIDGE_VM")?;
        let mut found = Vec::new();
        for (name, variable) in programs {
            found.push(((*name).to_owned(), counterpart(name, variable)?));
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let image = folder.path().join("initramfs");
        fs::write(&image, initramfs(&parts, &found)).expect("the initramfs is written");
        if has_hardware_virtualization()
            && let Some(vm) = Self::boot(&parts, &folder, "kvm", "host", PATIENCE_WITH_KVM).await
        {
            return Some(vm.with(folder));
        }
        let vm = Self::boot(&parts, &folder, "tcg", "qemu64", PATIENCE).await;
        Some(vm.expect("the machine boots").with(folder))
    }

    async fn boot(
        parts: &Path,
        folder: &TempDir,
        accelerator: &str,
        processor: &str,
        patience: Duration,
    ) -> Option<Booted> {
        let log = folder.path().join("kernel.log");
        let mut child = Command::new("qemu-system-x86_64")
            .args(["-nodefaults", "-no-user-config", "-no-reboot"])
            .args(["-display", "none", "-machine", "pc", "-m", "768"])
            .args(["-accel", accelerator, "-cpu", processor])
            .arg("-kernel")
            .arg(parts.join("vmlinuz"))
            .arg("-initrd")
            .arg(folder.path().join("initramfs"))
            // What takes long when it is emulated and is of no use here is left out.
            .args([
                "-append",
                "console=ttyS0 loglevel=6 panic=-1 mitigations=off audit=0 \
                 cryptomgr.notests no_timer_check",
            ])
            .arg("-serial")
            .arg(format!("file:{}", log.display()))
            .args(["-serial", "stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("QEMU starts");
        let input = child.stdin.take().expect("standard input is piped");
        let output = child.stdout.take().expect("standard output is piped");
        let mut output = BufReader::new(output).lines();
        let ready = async {
            while let Some(line) = output.next_line().await.ok()? {
                if line == "#ready" {
                    return Some(());
                }
            }
            None
        };
        let ready = tokio::time::timeout(patience, ready).await;
        if let Ok(Some(())) = ready {
            return Some(Booted {
                child,
                input,
                output,
            });
        }
        let log = fs::read_to_string(log).unwrap_or_default();
        eprintln!("no boot with {accelerator}; the kernel's log:\n{log}");
        None
    }

    /// Runs a script; its output, standard error included.
    pub(crate) async fn run(&mut self, script: &str) -> String {
        let (status, output) = self.outcome(script).await;
        assert_eq!(status, 0, "{script}\n{output}");
        output
    }

    /// Runs a script again and again until it succeeds; what it said then.
    pub(crate) async fn until(&mut self, script: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, output) = self.outcome(script).await;
            if status == 0 {
                return output;
            }
            assert!(Instant::now() < deadline, "in vain: {script}\n{output}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn outcome(&mut self, script: &str) -> (i32, String) {
        self.history.push_str(&format!("$ {script}\n"));
        let message = format!("{script}\n#run\n");
        let written = self.input.write_all(message.as_bytes()).await;
        written.expect("the machine takes a script");
        let ended = tokio::time::timeout(PATIENCE, self.read_outcome()).await;
        ended.expect("the script ends in time")
    }

    async fn read_outcome(&mut self) -> (i32, String) {
        let mut output = String::new();
        loop {
            let line = self.output.next_line().await.expect("its output is text");
            let line = line.expect("the machine still runs");
            // A script that ends in the middle of a line has the mark behind it.
            if let Some((rest, status)) = line.split_once("#status ") {
                output.push_str(rest);
                self.history.push_str(rest);
                return (status.trim().parse().expect("a number"), output);
            }
            output.push_str(&line);
            output.push('\n');
            self.history.push_str(&line);
            self.history.push('\n');
        }
    }

    /// Ends it, as one does with a machine.
    pub(crate) async fn power_off(mut self) {
        let written = self.input.write_all(b"poweroff -f\n#run\n").await;
        written.expect("the machine takes a script");
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.expect("it ends in time").expect("its end is seen");
        assert!(status.success(), "QEMU ended with {status}");
    }
}

/// A test that fails shows what was run and what the kernel said.
impl Drop for Vm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("kernel.log"));
            let log = log.unwrap_or_default();
            // What it said at boot is the same each time.
            let lines: Vec<_> = log.lines().rev().take(60).collect();
            let log: String = lines.into_iter().rev().map(|l| format!("{l}\n")).collect();
            eprintln!("in the machine:\n{}\nits kernel:\n{log}", self.history);
        }
    }
}

struct Booted {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Booted {
    fn with(self, folder: TempDir) -> Vm {
        Vm {
            child: self.child,
            input: self.input,
            output: self.output,
            folder,
            history: String::new(),
        }
    }
}

/// That `/dev/kvm` can be opened is not enough: on a machine that is itself virtual it may run only kernels made for
/// it, which Debian's is not.
fn has_hardware_virtualization() -> bool {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = processor.lines().find(|line| line.starts_with("flags"));
    let mut words = flags.unwrap_or_default().split_whitespace();
    words.any(|word| word == "vmx" || word == "svm")
        && fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/kvm")
            .is_ok()
}

/// The system of the machine, as an archive.
fn initramfs(parts: &Path, programs: &[(String, PathBuf)]) -> Vec<u8> {
    let mut archive = Archive::default();
    archive.file("init", 0o755, include_bytes!("vm/init"));
    archive.file("functions", 0o644, include_bytes!("vm/functions"));
    archive.program("busybox", &parts.join("busybox"));
    let mut modules: Vec<_> = fs::read_dir(parts.join("modules"))
        .expect("the modules are there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    modules.sort();
    for module in modules {
        let name = module.file_name().expect("a name").to_string_lossy();
        archive.file(&format!("lib/modules/{name}"), 0o644, &read(&module));
    }
    let stripped = tempfile::tempdir().expect("a temporary folder");
    for (name, program) in programs {
        // Most of a program that was built for debugging is what a debugger reads.
        let slim = stripped.path().join(name);
        let mut strip = Blocking::new("strip");
        let status = strip.arg("-o").arg(&slim).arg(program).status();
        let source = if status.is_ok_and(|status| status.success()) {
            &slim
        } else {
            program
        };
        archive.program(name, source);
    }
    archive.program("usbip", &parts.join("usbip"));
    archive.end()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An archive in the format "newc" of cpio, as the kernel's `Documentation/driver-api/early-userspace/buffer-format.rst`
/// describes it.
#[derive(Default)]
struct Archive {
    octets: Vec<u8>,
    there: BTreeSet<String>,
    entries: u32,
}

impl Archive {
    /// A program and the libraries that it loads, under their own paths.
    fn program(&mut self, name: &str, path: &Path) {
        self.file(&format!("bin/{name}"), 0o755, &read(path));
        let listed = Blocking::new("ldd").arg(path).output().expect("ldd runs");
        for word in String::from_utf8_lossy(&listed.stdout).split_whitespace() {
            if let Some(library) = word.strip_prefix('/') {
                self.file(library, 0o755, &read(Path::new(word)));
            }
        }
    }

    /// A file, unless it is there, and the folders above it.
    fn file(&mut self, name: &str, mode: u32, content: &[u8]) {
        let folders = name.match_indices('/').map(|(at, _)| name.split_at(at).0);
        for folder in folders {
            if self.there.insert(folder.to_owned()) {
                self.entry(folder, 0o040_755, &[]);
            }
        }
        if self.there.insert(name.to_owned()) {
            self.entry(name, 0o100_000 | mode, content);
        }
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        let length = |octets: usize| u32::try_from(octets).expect("less than 4 GiB");
        // Inode, mode, owner, group, links, time, size, device, the device that it is, length of the name, checksum.
        let (size, name_size) = (length(content.len()), length(name.len() + 1));
        let fields = [
            self.entries,
            mode,
            0,
            0,
            1,
            0,
            size,
            0,
            0,
            0,
            0,
            name_size,
            0,
        ];
        self.octets.extend(b"070701");
        for field in fields {
            self.octets.extend(format!("{field:08x}").bytes());
        }
        self.octets.extend(name.bytes());
        self.octets.push(0);
        self.pad();
        self.octets.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        let length = self.octets.len().next_multiple_of(4);
        self.octets.resize(length, 0);
    }

    fn end(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.octets
    }
}
