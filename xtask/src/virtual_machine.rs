//! The parts of the virtual machine: QEMU on this machine, and in the cache folder Debian's kernel with the modules that
//! a USB modem needs, busybox and `usbip`.
//!
//! The kernel is unpacked, not installed: it is nothing that this machine should boot. It is fetched once; deleting the
//! folder fetches the present one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::counterparts::debian_package;
use crate::workspace::{Workspace, output, run};

/// The modules under `kernel/drivers/usb`, each after those that it needs.
const MODULES: [&str; 8] = [
    "common/usb-common",
    "core/usbcore",
    "usbip/usbip-core",
    "usbip/vhci-hcd",
    "serial/usbserial",
    "serial/usb_wwan",
    "serial/option",
    "class/cdc-acm",
];

/// Finds or installs the parts; the folder with them: `vmlinuz`, `modules/NN-NAME.ko`, `busybox`, `usbip`.
///
/// # Errors
///
/// A package cannot be had, or this machine is none whose programs the kernel could run.
pub(crate) fn prepare(workspace: &Workspace) -> Result<PathBuf> {
    if cfg!(not(target_arch = "x86_64")) {
        bail!(
            "the virtual machine runs this machine's own programs, which is prepared for x86-64 only"
        )
    }
    debian_package("qemu-system-x86", "qemu-system-x86_64")?;
    let usbip = debian_package("usbip", "usbip")?;
    let busybox = debian_package("busybox-static", "busybox")?;

    let folder = workspace.cache.join("vm");
    fs::create_dir_all(&workspace.cache).context("failed to make the cache folder")?;
    let lock = File::create(folder.with_extension("lock"))
        .context("failed to make a lock in the cache folder")?;
    lock.lock()
        .context("failed to lock the cache folder against another cargo xtask")?;
    let marker = folder.join("installed.txt");
    if marker.exists() {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("failed to remove {}", folder.display()))?;
    }
    let unpacked = folder.join("unpacked");
    fs::create_dir_all(&unpacked).context("failed to make a folder in the cache folder")?;
    let package = kernel_package()?;
    let deb = download(&package, &folder)?;
    run(Command::new("dpkg-deb").arg("-x").arg(&deb).arg(&unpacked))?;
    take_kernel(&unpacked, &folder).with_context(|| format!("in the package {package}"))?;
    copy(&usbip, &folder.join("usbip"))?;
    copy(&busybox, &folder.join("busybox"))?;
    fs::remove_dir_all(&unpacked).context("failed to remove the unpacked kernel")?;
    fs::remove_file(&deb).context("failed to remove the kernel's package")?;
    fs::write(&marker, format!("{package}\n")).context("failed to write to the cache folder")?;
    Ok(folder)
}

/// What Debian's present kernel is called: the one that `linux-image-amd64` depends on.
fn kernel_package() -> Result<String> {
    let printed = output(Command::new("apt-cache").args(["depends", "linux-image-amd64"]))
        .context("no kernel of Debian to be had: sudo apt-get update")?;
    named_kernel(&printed).context("linux-image-amd64 names no kernel: sudo apt-get update")
}

fn named_kernel(depends: &str) -> Option<String> {
    depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.starts_with("linux-image-"))
        .map(str::to_owned)
}

/// The file of a package, in this folder.
fn download(package: &str, folder: &Path) -> Result<PathBuf> {
    run(Command::new("apt-get")
        .args(["download", "--quiet", package])
        .current_dir(folder))
    .context("failed to fetch the kernel (is this machine online?)")?;
    only(folder, "deb")
}

/// The kernel and its modules, to where they are looked for.
fn take_kernel(unpacked: &Path, folder: &Path) -> Result<()> {
    let boot = unpacked.join("boot");
    let kernel = entries(&boot)?.into_iter().find(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz-"))
    });
    let kernel = kernel.context("there is no kernel")?;
    copy(&kernel, &folder.join("vmlinuz"))?;
    // Debian 13 has them under /usr.
    let homes = ["lib/modules", "usr/lib/modules"].map(|home| unpacked.join(home));
    let home = homes.iter().find(|home| home.is_dir());
    let home = entries(home.context("there are no modules")?)?;
    let drivers = home
        .first()
        .context("there are no modules")?
        .join("kernel/drivers/usb");
    fs::create_dir(folder.join("modules")).context("failed to make the folder of modules")?;
    for (number, module) in MODULES.iter().enumerate() {
        let name = module.rsplit('/').next().unwrap_or(module);
        let to = folder.join(format!("modules/{number:02}-{name}.ko"));
        let plain = drivers.join(format!("{module}.ko"));
        if plain.exists() {
            copy(&plain, &to)?;
            continue;
        }
        // Debian 13 compresses them.
        let compressed = drivers.join(format!("{module}.ko.xz"));
        ensure!(compressed.exists(), "there is no module {module}");
        let file =
            File::create(&to).with_context(|| format!("failed to write {}", to.display()))?;
        run(Command::new("xz")
            .args(["--decompress", "--stdout"])
            .arg(&compressed)
            .stdout(file))?;
    }
    Ok(())
}

fn only(folder: &Path, extension: &str) -> Result<PathBuf> {
    entries(folder)?
        .into_iter()
        .find(|path| path.extension().is_some_and(|found| found == extension))
        .with_context(|| format!("no .{extension} in {}", folder.display()))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read =
        fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in read {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .with_context(|| format!("failed to copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_what_its_meta_package_depends_on() {
        // As apt-cache of Debian 12 prints it.
        let printed = "linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n";
        assert_eq!(
            named_kernel(printed).as_deref(),
            Some("linux-image-6.1.0-56-amd64")
        );
        assert_eq!(named_kernel("linux-image-amd64\n"), None);
    }

    #[test]
    fn modules_are_taken_in_the_order_of_their_loading() {
        let unpacked = tempfile::tempdir().unwrap();
        let drivers = unpacked
            .path()
            .join("usr/lib/modules/6.12/kernel/drivers/usb");
        for module in MODULES {
            let file = drivers.join(format!("{module}.ko"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, module).unwrap();
        }
        fs::create_dir(unpacked.path().join("boot")).unwrap();
        fs::write(unpacked.path().join("boot/config-6.12"), "").unwrap();
        fs::write(unpacked.path().join("boot/vmlinuz-6.12"), "kernel").unwrap();
        let folder = tempfile::tempdir().unwrap();
        take_kernel(unpacked.path(), folder.path()).unwrap();
        assert_eq!(
            fs::read_to_string(folder.path().join("vmlinuz")).unwrap(),
            "kernel"
        );
        let modules = entries(&folder.path().join("modules")).unwrap();
        let contents: Vec<_> = modules
            .iter()
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
        assert_eq!(contents, MODULES);
    }
}
