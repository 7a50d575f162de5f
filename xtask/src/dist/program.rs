//! The program that is packed: for which machines it is, what of the system it needs, by which compiler it was made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

/// Libraries of the system that a program may need, by the start of their names; the package of Debian's that has each, and how the
/// names of its versions begin.
const LIBRARIES: &[(&str, &str, &str)] = &[
    ("libc.so.", "libc6", "GLIBC_"),
    ("libm.so.", "libc6", "GLIBC_"),
    ("libdl.so.", "libc6", "GLIBC_"),
    ("librt.so.", "libc6", "GLIBC_"),
    ("libpthread.so.", "libc6", "GLIBC_"),
    ("ld-linux", "libc6", "GLIBC_"),
    ("libgcc_s.so.", "libgcc-s1", "GCC_"),
];

/// Abilities of the loader that have a name instead of a number, and the version that has them first. Source: glibc 2.36, "NEWS".
const ABILITIES: &[(&str, &[u32])] = &[("GLIBC_ABI_DT_RELR", &[2, 36])];

/// Machines: as an ELF file's header names them, as Rust does, as Debian does.
const MACHINES: &[(&str, &str, &str)] = &[
    ("Advanced Micro Devices X86-64", "x86_64-unknown-linux-gnu", "amd64"),
    ("AArch64", "aarch64-unknown-linux-gnu", "arm64"),
];

/// An executable file.
pub(super) struct Program {
    pub(super) path: PathBuf,
    /// Rust's name of the machines that it is for.
    pub(super) triple: &'static str,
    /// Debian's name of them.
    pub(super) architecture: &'static str,
    /// What it needs of the system, as a package's `Depends` says it.
    pub(super) depends: Vec<String>,
    /// The version of Rust that it says it was made with.
    pub(super) rust: Option<String>,
    /// In hexadecimal.
    pub(super) sha256: String,
}

impl Program {
    /// Reads what the file says of itself.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| {
            format!("{}: is it built? `cargo build --profile packed --locked`", path.display())
        })?;
        let output = Command::new("readelf")
            .env("LC_ALL", "C")
            .args(["--wide", "--file-header", "--dynamic", "--version-info", "--string-dump=.comment"])
            .arg(path)
            .output()
            .context("readelf does not run (package binutils)")?;
        ensure!(output.status.success(), "{} is no program for Linux", path.display());
        let said = String::from_utf8_lossy(&output.stdout);
        let machine = said.lines().find_map(|line| line.trim().strip_prefix("Machine:")).unwrap_or_default();
        let known = MACHINES.iter().find(|(name, _, _)| *name == machine.trim());
        let &(_, triple, architecture) =
            known.with_context(|| format!("{} is for other machines: {machine}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            triple,
            architecture,
            depends: depends(&said)?,
            rust: rust(&said),
            sha256: hex(&Sha256::digest(&bytes)),
        })
    }

    /// Rust's name of the machines without what all have in common.
    pub(super) fn machines(&self) -> &'static str {
        self.triple.split('-').next().unwrap_or(self.triple)
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The packages with the libraries that are named, in the lowest versions that have all that is asked of them.
fn depends(said: &str) -> Result<Vec<String>> {
    let mut least: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let library = |file: &str| -> Result<(&str, &str)> {
        let known = LIBRARIES.iter().find(|(start, _, _)| file.starts_with(start));
        let &(_, package, versions) =
            known.with_context(|| format!("the program needs {file}, whose package is not known here"))?;
        Ok((package, versions))
    };
    for line in said.lines().filter(|line| line.contains("(NEEDED)")) {
        let file = line.split_once('[').and_then(|(_, rest)| rest.split(']').next());
        least.entry(library(file.context("a library without a name")?)?.0).or_default();
    }
    let needs = said.split_once(".gnu.version_r").map_or("", |(_, needs)| needs);
    let mut file = None;
    for line in needs.lines() {
        if let Some((_, rest)) = line.split_once("File: ") {
            file = rest.split_whitespace().next();
        } else if let Some((_, rest)) = line.split_once("Name: ") {
            let name = rest.split_whitespace().next().unwrap_or_default();
            let (package, versions) = library(file.context("a version of no library")?)?;
            let ability = ABILITIES.iter().find(|(ability, _)| *ability == name);
            let named = || numbers(name.strip_prefix(versions)?);
            let Some(found) = ability.map(|(_, least)| least.to_vec()).or_else(named) else {
                bail!("{package} has no version `{name}`")
            };
            let least = least.entry(package).or_default();
            if *least < found {
                *least = found;
            }
        }
    }
    Ok(least.into_iter().map(|(package, version)| dependency(package, version)).collect())
}

fn dependency(package: &str, mut version: Vec<u32>) -> String {
    while version.len() > 2 && version.last() == Some(&0) {
        version.pop();
    }
    let version: Vec<String> = version.iter().map(u32::to_string).collect();
    match version.is_empty() {
        true => package.to_owned(),
        false => format!("{package} (>= {})", version.join(".")),
    }
}

fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

/// `rustc version 1.95.0 (59807616e 2026-04-14)` among what compilers noted.
fn rust(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("rustc version ")?;
    rest.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{depends, rust};

    const SAID: &str = " 0x0000000000000001 (NEEDED)             Shared library: [libgcc_s.so.1]
 0x0000000000000001 (NEEDED)             Shared library: [libm.so.6]
Version symbols section '.gnu.version' contains 2 entries:
  000:   0 (*local*)       5 (GLIBC_2.99)
Version needs section '.gnu.version_r' contains 2 entries:
  000000: Version: 1  File: libgcc_s.so.1  Cnt: 2
  0x0050:   Name: GCC_3.3  Flags: none  Version: 18
  0x0060:   Name: GCC_4.2.0  Flags: none  Version: 30
  0x0010: Version: 1  File: libm.so.6  Cnt: 2
  0x0070:   Name: GLIBC_2.9  Flags: none  Version: 12
  0x0080:   Name: GLIBC_2.35  Flags: none  Version: 10
  [     0]  rustc version 1.95.0 (59807616e 2026-04-14)
";

    #[test]
    fn a_program_depends_on_the_highest_version_that_it_names() {
        assert_eq!(depends(SAID).unwrap(), ["libc6 (>= 2.35)", "libgcc-s1 (>= 4.2)"]);
        assert_eq!(rust(SAID).unwrap(), "1.95.0");
        let packed = SAID.replace("GLIBC_2.9 ", "GLIBC_ABI_DT_RELR ");
        assert_eq!(depends(&packed).unwrap()[0], "libc6 (>= 2.36)");
        assert!(depends("").unwrap().is_empty(), "nothing of the system is needed");
    }

    #[test]
    fn what_is_not_known_is_an_error_and_no_missing_dependency() {
        let other = SAID.replace("libm.so.6]", "libssl.so.3]");
        assert!(depends(&other).unwrap_err().to_string().contains("libssl.so.3"));
        let private = SAID.replace("GLIBC_2.9 ", "GLIBC_PRIVATE ");
        assert!(depends(&private).unwrap_err().to_string().contains("GLIBC_PRIVATE"));
    }
}
