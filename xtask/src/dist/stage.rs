//! The files of a release where they will lie: the program, its unit, manual, completions and documentation.

use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, GzBuilder};

use super::Release;
use super::moment::Moment;

/// Documentation in the package.
pub(super) const DOC: &str = "usr/share/doc/bongsu";
/// Where each shell looks for completions.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "usr/share/bash-completion/completions/bongsu"),
    ("zsh", "usr/share/zsh/vendor-completions/_bongsu"),
    ("fish", "usr/share/fish/vendor_completions.d/bongsu.fish"),
];
/// What is taken as it is: from where, to where.
const FILES: &[(&str, &str)] = &[
    ("packaging/bongsu.service", "usr/lib/systemd/system/bongsu.service"),
    ("packaging/bongsu.sysusers", "usr/lib/sysusers.d/bongsu.conf"),
    ("packaging/dns-port.conf", "usr/share/doc/bongsu/examples/dns-port.conf"),
    ("packaging/small.conf", "usr/share/doc/bongsu/examples/small.conf"),
    ("packaging/copyright", "usr/share/doc/bongsu/copyright"),
    ("LICENSE", "usr/share/doc/bongsu/LICENSE"),
    ("README.md", "usr/share/doc/bongsu/README.md"),
];

/// What was made for this release.
pub(super) struct Made<'a> {
    /// The bill of materials.
    pub(super) bill: &'a str,
    /// What the licences of others ask for.
    pub(super) notices: &'a str,
}

/// Fills `tree`, which is not there yet. `maker` is the program as it runs on this machine.
pub(super) fn fill(release: &Release<'_>, maker: &Path, tree: &Path, made: &Made<'_>) -> Result<()> {
    put(tree, "usr/bin/bongsu", &std::fs::read(&release.program.path)?)?;
    for &(from, to) in FILES {
        put(tree, to, &std::fs::read(release.root.join(from)).context(from)?)?;
    }
    documents(&release.root.join("docs"), tree, "usr/share/doc/bongsu/docs")?;
    for &(shell, to) in COMPLETIONS {
        put(tree, to, &said(maker, &["completions", shell])?)?;
    }
    let pages = tempfile::tempdir()?;
    let folder = pages.path().to_str().context("the temporary folder's name is no text")?;
    said(maker, &["man", folder])?;
    for page in sorted(pages.path())? {
        let name = page.file_name().and_then(|name| name.to_str()).context("a page has a name")?;
        packed(tree, &format!("usr/share/man/man1/{name}.gz"), &std::fs::read(&page)?)?;
    }
    let changes = std::fs::read(release.root.join("CHANGELOG.md")).context("CHANGELOG.md")?;
    packed(tree, &format!("{DOC}/CHANGELOG.md.gz"), &changes)?;
    packed(tree, &format!("{DOC}/third-party.txt.gz"), made.notices.as_bytes())?;
    put(tree, &format!("{DOC}/bongsu.cdx.json"), made.bill.as_bytes())?;
    settle(tree, release.moment)
}

/// Gives every file and folder the time of the release, and folders the mode that they have everywhere.
pub(super) fn settle(path: &Path, moment: Moment) -> Result<()> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    if path.is_dir() {
        std::fs::set_permissions(path, Permissions::from_mode(0o755))?;
        for entry in sorted(path)? {
            settle(&entry, moment)?;
        }
    }
    file.set_modified(moment.time())?;
    Ok(())
}

/// Writes a file, with the folders above it; programs lie in `bin` and among the package's scripts.
pub(super) fn put(tree: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = tree.join(name);
    let folder = path.parent().context("a file lies in a folder")?;
    std::fs::create_dir_all(folder)?;
    std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    let is_program = bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"#!");
    std::fs::set_permissions(&path, Permissions::from_mode(if is_program { 0o755 } else { 0o644 }))?;
    Ok(())
}

/// As [`put`], packed as `gzip -9n` does.
pub(super) fn packed(tree: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    packed.write_all(bytes)?;
    put(tree, name, &packed.finish()?)
}

/// What the program says when it is called so.
fn said(program: &Path, args: &[&str]) -> Result<Vec<u8>> {
    let program = program.canonicalize().with_context(|| program.display().to_string())?;
    let output =
        Command::new(&program).env_clear().args(args).output().with_context(|| {
            format!("{} does not run here; name one that does by --with", program.display())
        })?;
    ensure!(
        output.status.success(),
        "{} {}: {}",
        program.display(),
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

fn documents(from: &Path, tree: &Path, to: &str) -> Result<()> {
    for path in sorted(from)? {
        let name = path.file_name().and_then(|name| name.to_str()).context("a document's name is text")?;
        let to = format!("{to}/{name}");
        match path.is_dir() {
            true => documents(&path, tree, &to)?,
            false => put(tree, &to, &std::fs::read(&path)?)?,
        }
    }
    Ok(())
}

/// What lies in a folder, by name.
pub(super) fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
