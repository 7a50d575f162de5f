//! The package for Debian and its kin, put together by Debian's own `dpkg-deb`. Source: Debian Policy Manual, chapters 5, 6, 10 and 12.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::stage::{self, DOC};
use super::{NAME, Release, moment};

/// What runs when the package is set up and taken away, from `packaging/deb`.
const SCRIPTS: &[&str] = &["postinst", "prerm", "postrm"];
/// What the scripts call.
const FOR_SCRIPTS: &str = "adduser";
const RECOMMENDS: &str = "ca-certificates, fonts-nanum";
const DESCRIPTION: &str = "exchange node for threat intelligence between unequal partners
 Each country or organisation runs a node; partners agree on circles. What one
 shares reaches each in the form that it can use: an advisory, a list for a
 firewall, a response-policy zone, rules for a sensor, or TAXII 2.1.
 .
 One program and one folder of data; no other server is needed.";

/// Makes the package of what lies in `tree`, to which its own files are added.
pub(super) fn make(release: &Release<'_>, tree: &Path, out: &Path) -> Result<PathBuf> {
    let changes = changelog(release)?;
    stage::packed(tree, &format!("{DOC}/changelog.gz"), changes.as_bytes())?;
    // Before its own files are there, which are not counted.
    let (sums, kib) = (md5sums(tree)?, size_kib(tree)?);
    stage::put(tree, "DEBIAN/md5sums", &sums)?;
    stage::put(tree, "DEBIAN/control", control(release, kib).as_bytes())?;
    for script in SCRIPTS {
        let path = release.root.join("packaging/deb").join(script);
        let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
        stage::put(tree, &format!("DEBIAN/{script}"), &text)?;
    }
    stage::settle(tree, release.moment)?;
    let path = out.join(format!("{NAME}_{}_{}.deb", release.version, release.program.architecture));
    let how: &[&str] = if release.quick { &["-Zgzip", "-z1"] } else { &["-Zxz", "-z9"] };
    let output = Command::new("dpkg-deb")
        .env("LC_ALL", "C")
        .env(moment::VARIABLE, release.moment.seconds().to_string())
        .arg("--root-owner-group")
        .args(how)
        .arg("--build")
        .args([tree, path.as_path()])
        .output()
        .context("dpkg-deb does not run (package dpkg)")?;
    ensure!(output.status.success(), "dpkg-deb: {}", String::from_utf8_lossy(&output.stderr));
    Ok(path)
}

fn control(release: &Release<'_>, kib: u64) -> String {
    let mut depends = vec![FOR_SCRIPTS.to_owned()];
    depends.extend(release.program.depends.iter().cloned());
    format!(
        "Package: {NAME}\nVersion: {}\nArchitecture: {}\nMaintainer: {}\nInstalled-Size: {kib}\nDepends: {}\nRecommends: {RECOMMENDS}\nSection: net\nPriority: optional\nDescription: {DESCRIPTION}\n",
        release.version,
        release.program.architecture,
        release.maintainer,
        depends.join(", "),
    )
}

/// In the form that Debian's tools read; what changed for users stands in CHANGELOG.md.
fn changelog(release: &Release<'_>) -> Result<String> {
    Ok(format!(
        "{NAME} ({}) unstable; urgency=medium\n\n  * What changed stands in CHANGELOG.md.gz beside this file.\n\n -- {}  {}\n",
        release.version,
        release.maintainer,
        release.moment.rfc_5322()?,
    ))
}

/// A line for each file, by which `dpkg --verify` sees whether it is as it came.
fn md5sums(tree: &Path) -> Result<Vec<u8>> {
    let mut files = Vec::new();
    list(tree, tree, &mut files)?;
    let output = Command::new("md5sum").current_dir(tree).args(&files).output();
    let output = output.context("md5sum does not run (package coreutils)")?;
    ensure!(output.status.success(), "md5sum: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

fn list(folder: &Path, tree: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for path in stage::sorted(folder)? {
        match path.is_dir() {
            true => list(&path, tree, files)?,
            false => files.push(path.strip_prefix(tree)?.to_owned()),
        }
    }
    Ok(())
}

/// As Debian counts it: each file in whole KiB, a KiB for each folder.
fn size_kib(folder: &Path) -> Result<u64> {
    let mut kib = 1;
    for path in stage::sorted(folder)? {
        kib += match path.is_dir() {
            true => size_kib(&path)?,
            false => std::fs::metadata(&path)?.len().div_ceil(1_024),
        };
    }
    Ok(kib)
}
