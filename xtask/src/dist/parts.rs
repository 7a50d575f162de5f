//! What the program is made of: our crates, others' crates that are compiled into it, and those that only take part in compiling it.
//!
//! `cargo tree` says which these are, with the features of the one program and no more; `cargo metadata` and `Cargo.lock` say what
//! they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::Metadata;

use super::NAME;
use super::bundled::{self, Bundled};
use crate::supply::Lock;

/// A package's name and version.
pub(super) type Key = (String, String);

/// One package.
pub(super) struct Part {
    /// An SPDX expression.
    pub(super) licence: String,
    /// SHA-256 of its archive; ours have none.
    pub(super) checksum: Option<String>,
    /// Whether it is in the program, and not only at work while that is compiled.
    pub(super) is_delivered: bool,
    /// Where its sources lie.
    pub(super) folder: PathBuf,
    /// A library in another language that comes with it.
    pub(super) bundled: Option<Bundled>,
    /// What it depends on.
    pub(super) needs: BTreeSet<Key>,
}

/// All of them, by name and version.
pub(super) struct Parts {
    pub(super) all: BTreeMap<Key, Part>,
    /// The program's own package.
    pub(super) program: Key,
}

impl Parts {
    /// Gathers them for machines of one kind.
    pub(super) fn of(metadata: &Metadata, root: &Path, triple: &str) -> Result<Self> {
        let whole = tree(root, triple, "normal,build")?;
        let delivered = tree(root, triple, "normal,no-proc-macro")?;
        let text = std::fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock")?;
        let lock: Lock = toml::from_str(&text).context("Cargo.lock")?;
        let mut all = BTreeMap::new();
        for (key, needs) in whole {
            let (name, version) = &key;
            let package = metadata
                .packages
                .iter()
                .find(|package| package.name.as_str() == name && package.version.to_string() == *version)
                .with_context(|| format!("cargo metadata knows no {name} {version}"))?;
            let locked = lock.package.iter().find(|one| one.name == *name && one.version == *version);
            let folder = package.manifest_path.parent().context("a manifest lies in a folder")?;
            let is_delivered = delivered.contains_key(&key);
            let part = Part {
                licence: package
                    .license
                    .as_deref()
                    .with_context(|| format!("{name} {version} names no licence"))?
                    .replace('/', " OR "),
                checksum: locked.context("Cargo.lock does not have it")?.checksum.clone(),
                is_delivered,
                folder: folder.as_std_path().to_owned(),
                bundled: bundled::within(name, folder.as_std_path())?,
                needs,
            };
            all.insert(key, part);
        }
        let program = all.keys().find(|(name, _)| name == NAME).context("the program is a part")?.clone();
        Ok(Self { all, program })
    }
}

/// Packages below the program along edges of some kinds, each with those that it depends on.
fn tree(root: &Path, triple: &str, edges: &str) -> Result<BTreeMap<Key, BTreeSet<Key>>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root)
        .args(["tree", "--locked", "--offline", "--package", NAME, "--prefix", "depth", "--format", "{p}"])
        .args(["--edges", edges, "--target", triple])
        .output()
        .context("cargo does not run")?;
    ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    read(&String::from_utf8(output.stdout)?)
}

/// Reads lines such as `2serde v1.0.229 (*)`: the depth, the name, the version, remarks. What is below a package stands after it where
/// it is named for the first time.
fn read(said: &str) -> Result<BTreeMap<Key, BTreeSet<Key>>> {
    let mut found: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    let mut above: Vec<Key> = Vec::new();
    for line in said.lines().filter(|line| !line.trim().is_empty()) {
        let named = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
        let (depth, rest) = line.split_at(named);
        let mut words = rest.split_whitespace();
        let (name, version) = (words.next(), words.next().and_then(|word| word.strip_prefix('v')));
        let (Ok(depth), Some(name), Some(version)) = (depth.parse::<usize>(), name, version) else {
            bail!("cargo tree says `{line}`");
        };
        let key = (name.to_owned(), version.to_owned());
        above.truncate(depth);
        if let Some(parent) = above.last() {
            found.entry(parent.clone()).or_default().insert(key.clone());
        }
        found.entry(key.clone()).or_default();
        above.push(key);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_tree_is_read_with_its_edges() {
        let said = "0bongsu v0.1.0 (/x)\n1a v1.0.0\n2b v2.0.0\n1b v2.0.0 (*)\n1c v3.0.0 (proc-macro)\n2a v1.0.0 (*)\n";
        let read = read(said).unwrap();
        let of = |name: &str| {
            let (_, needs) = read.iter().find(|((found, _), _)| found == name).unwrap();
            needs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(of("bongsu"), ["a", "b", "c"]);
        assert_eq!(of("a"), ["b"]);
        assert_eq!(of("c"), ["a"]);
        assert!(of("b").is_empty());
        assert!(super::read("[build-dependencies]\n").is_err());
    }
}
