//! The archive: the same files as in the package, for systems that have no packages of Debian's.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, GzBuilder};

use super::{NAME, Release};

/// The name of the folder that everything in the archive lies in.
pub(super) fn folder(release: &Release<'_>) -> String {
    format!("{NAME}-{}-{}", release.version, release.program.machines())
}

/// Packs what lies in `tree`.
pub(super) fn make(release: &Release<'_>, tree: &Path, out: &Path) -> Result<PathBuf> {
    let name = folder(release);
    let path = out.join(format!("{name}.tar.gz"));
    let tar = Command::new("tar")
        .env("LC_ALL", "C")
        .args(["--create", "--format=ustar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .arg(format!("--mtime=@{}", release.moment.seconds()))
        .arg("--directory")
        .arg(tree.parent().context("a folder lies in another")?)
        .arg(&name)
        .output()
        .context("tar does not run")?;
    ensure!(tar.status.success(), "tar: {}", String::from_utf8_lossy(&tar.stderr));
    let level = if release.quick { Compression::fast() } else { Compression::best() };
    // Neither a name nor a time in its head; and all at once, because what comes out depends on the pieces that go in.
    let mut packed = GzBuilder::new().mtime(0).write(File::create(&path)?, level);
    packed.write_all(&tar.stdout)?;
    packed.finish()?.sync_all()?;
    Ok(path)
}
