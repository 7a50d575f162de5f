//! The house's rules that no compiler checks. They run as an ordinary test too.
//!
//! Arrows point down; what a room must not know, it does not name; licences are permissive; there is one crypto provider
//! and one SQLite; what comes from elsewhere comes from one registry ([`supply`]); every module has its page, every crate its place
//! in ARCHITECTURE.md, every requirement of the ASVS its row ([`asvs`]), what is shipped stands in the docs as it is ([`shipped`]), and README's
//! figures are those that were measured ([`told`]).

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

use crate::bench::told;
use crate::{asvs, shipped, supply};

/// Which rooms each room may enter.
const ARROWS: &[(&str, &[&str])] = &[
    ("bongsu-stix", &[]),
    ("bongsu-line", &["bongsu-stix"]),
    ("bongsu-policy", &["bongsu-stix"]),
    ("bongsu-watch", &["bongsu-stix"]),
    ("bongsu-trace", &["bongsu-stix"]),
    ("bongsu-region", &["bongsu-stix", "bongsu-policy"]),
    ("bongsu-gate", &["bongsu-stix", "bongsu-line", "bongsu-policy", "bongsu-watch"]),
    ("bongsu-exchange", &["bongsu-stix", "bongsu-line", "bongsu-policy", "bongsu-gate", "bongsu-watch"]),
    ("bongsu-deliver", &["bongsu-stix", "bongsu-line", "bongsu-policy", "bongsu-gate", "bongsu-watch"]),
    ("bongsu-search", &["bongsu-stix", "bongsu-line", "bongsu-policy", "bongsu-gate"]),
    (
        "bongsu-cluster",
        &["bongsu-stix", "bongsu-gate", "bongsu-watch", "bongsu-deliver", "bongsu-trace", "bongsu-region"],
    ),
    (
        "bongsu-web",
        &[
            "bongsu-stix",
            "bongsu-line",
            "bongsu-policy",
            "bongsu-gate",
            "bongsu-watch",
            "bongsu-exchange",
            "bongsu-deliver",
            "bongsu-trace",
            "bongsu-region",
            "bongsu-search",
        ],
    ),
];

/// What a folder's sources must not name outside tests, and why.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("crates/stix/src", PURE, "`stix` is pure"),
    ("crates/policy/src", PURE, "`policy` is pure"),
    ("crates/watch/src", PURE, "`watch` is pure"),
    ("crates/region/src", PURE, "`region` is pure"),
    ("crates/gate/src", &["rusqlite", "axum", "http::"], "`gate` knows no SQL and no HTTP"),
    ("crates/exchange/src", &["rusqlite"], "SQL is known in `line` and `search` alone"),
    ("crates/deliver/src", &["rusqlite"], "SQL is known in `line` and `search` alone"),
    ("crates/web/src", &["rusqlite"], "SQL is known in `line` and `search` alone"),
    ("crates/bongsu/src", &["rusqlite"], "SQL is known in `line` and `search` alone"),
    ("crates/bongsu/src", &["datafusion", "ballista"], "the small program knows nothing of DataFusion"),
];
const PURE: &[&str] =
    &["std::fs", "std::net::Tcp", "SystemTime", "Instant::now", "tracing::", "std::env", "rusqlite", "tokio"];

/// Licences under which a dependency may come.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "MIT",
    "MIT-0",
    "MITNFA",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "bzip2-1.0.6",
    "CC0-1.0",
    "ISC",
    "0BSD",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// Files past this many lines want a reason.
const LINES_MAX: usize = 600;

/// Checks everything; the error lists all that is wrong.
pub(crate) fn run() -> Result<()> {
    let metadata = metadata(None)?;
    let root = metadata.workspace_root.as_std_path().to_owned();
    let mut faults = Vec::new();
    arrows(&metadata, &mut faults);
    unused(&metadata, &mut faults)?;
    unlinked(&metadata, &mut faults)?;
    dependencies(&metadata, &mut faults)?;
    sources(&root, &mut faults)?;
    documents(&metadata, &root, &mut faults)?;
    supply::check(&metadata, &root, LICENCES, &mut faults)?;
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        rust_files(&root.join(folder), &mut files)?;
    }
    asvs::check(&root, &files, &mut faults)?;
    shipped::check(&root, &mut faults)?;
    faults.extend(told::check(&root)?);
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{} faults:\n  {}", faults.len(), faults.join("\n  "))
}

/// What cargo knows of the workspace, for one kind of machines alone (Rust's name for them; this one's, if none is named): other systems'
/// dependencies need not be fetched.
pub(crate) fn metadata(triple: Option<&str>) -> Result<Metadata> {
    let said = Command::new("rustc").arg("-vV").output().context("rustc does not run")?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let options = ["--locked", "--offline", "--filter-platform", triple.unwrap_or(host)].map(str::to_owned);
    Ok(MetadataCommand::new().other_options(options).exec()?)
}

fn arrows(metadata: &Metadata, faults: &mut Vec<String>) {
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for package in metadata.workspace_packages() {
        let Some(may_enter) = allowed.get(package.name.as_str()) else { continue };
        let ours = package.dependencies.iter().filter(|dependency| dependency.name.starts_with("bongsu-"));
        for dependency in ours.filter(|dependency| dependency.kind != DependencyKind::Development) {
            if !may_enter.contains(&dependency.name.as_str()) {
                faults.push(format!("{} may not enter {}", package.name, dependency.name));
            }
        }
    }
}

/// Dependencies that no source of their package names.
fn unused(metadata: &Metadata, faults: &mut Vec<String>) -> Result<()> {
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().context("a manifest lies in a folder")?;
        let mut files = Vec::new();
        rust_files(folder.as_std_path(), &mut files)?;
        let texts = files.iter().map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
        for dependency in &package.dependencies {
            let name = dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_");
            let named =
                |text: &String| text.contains(&format!("{name}::")) || text.contains(&format!("use {name}"));
            if !texts.iter().any(named) {
                faults.push(format!("{} does not use {}", package.name, dependency.name));
            }
        }
    }
    Ok(())
}

/// Files of tests that no program of their package is made of: where programs are named in the manifest, cargo does not look for more.
fn unlinked(metadata: &Metadata, faults: &mut Vec<String>) -> Result<()> {
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().context("a manifest lies in a folder")?.join("tests");
        if !folder.is_dir() {
            continue;
        }
        let mut files = Vec::new();
        rust_files(folder.as_std_path(), &mut files)?;
        let texts = files.iter().map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
        for path in &files {
            let is_program = package.targets.iter().any(|target| target.src_path.as_std_path() == path);
            let name =
                path.file_stem().filter(|stem| *stem != "mod").or(path.parent().and_then(Path::file_name));
            let name = name.and_then(std::ffi::OsStr::to_str).context("a file has a name")?;
            let line = format!("mod {name};");
            let taken_in = |text: &String| text.lines().any(|of| of.trim() == line);
            if !is_program && !texts.iter().any(taken_in) {
                faults.push(format!("{} is part of no test program of {}", path.display(), package.name));
            }
        }
    }
    Ok(())
}

/// Whether an SPDX expression can be satisfied with permissive licences alone.
fn permissive(expression: &str) -> bool {
    let one = |name: &str| LICENCES.contains(&name.trim_matches(|c: char| c == '(' || c == ')' || c == ' '));
    let any = |alternatives: &str| alternatives.split(" OR ").flat_map(|one| one.split('/')).any(one);
    expression.split(" AND ").all(any)
}

fn dependencies(metadata: &Metadata, faults: &mut Vec<String>) -> Result<()> {
    let resolve = metadata.resolve.as_ref().context("cargo resolved nothing")?;
    let used: HashSet<_> = resolve.nodes.iter().map(|node| &node.id).collect();
    let packages: Vec<&Package> =
        metadata.packages.iter().filter(|package| used.contains(&package.id)).collect();
    for package in &packages {
        let expression = package.license.as_deref().unwrap_or("none");
        if !permissive(expression) {
            faults.push(format!("{} {} has the licence `{expression}`", package.name, package.version));
        }
    }
    for name in ["libsqlite3-sys", "ring", "rustls"] {
        let versions = packages.iter().filter(|package| package.name.as_str() == name).count();
        if versions != 1 {
            faults.push(format!("{name} is there {versions} times, not once"));
        }
    }
    Ok(())
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).with_context(|| folder.display().to_string())?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for path in entries.into_iter().map(|entry| entry.path()) {
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

fn sources(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let mut files = Vec::new();
    for folder in ["crates", "xtask", "fuzz"] {
        rust_files(&root.join(folder), &mut files)?;
    }
    for path in files.iter().filter(|path| !path.components().any(|part| part.as_os_str() == "target")) {
        let text = std::fs::read_to_string(path)?;
        let shown = path.strip_prefix(root).unwrap_or(path).display();
        if !text.starts_with("//!") && !text.starts_with("#![no_main]\n//!") {
            faults.push(format!("{shown} does not open with its page (//!)"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            faults.push(format!("{shown} has {lines} lines"));
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (folder, words, why) in FORBIDDEN {
            let named =
                words.iter().filter(|word| path.starts_with(root.join(folder)) && code.contains(**word));
            faults.extend(named.map(|word| format!("{shown} names `{word}`: {why}")));
        }
    }
    Ok(())
}

fn documents(metadata: &Metadata, root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let map = std::fs::read_to_string(root.join("ARCHITECTURE.md"))?;
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().and_then(|folder| folder.strip_prefix(root).ok());
        let folder = folder.context("a package lies in the workspace")?;
        if !map.contains(&format!("`{folder}`")) {
            faults.push(format!("ARCHITECTURE.md does not show `{folder}`"));
        }
    }
    let rules = std::fs::read_to_string(root.join("docs/releases.md"))?;
    let source = std::fs::read_to_string(root.join("crates/policy/src/rule.rs"))?;
    let codes = source.lines().filter_map(|line| line.trim().strip_suffix(';')?.split('"').nth(1));
    faults.extend(
        codes
            .filter(|code| !rules.contains(&format!("`{code}`")))
            .map(|code| format!("docs/releases.md does not have the rule `{code}`")),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_in_order() {
        super::run().unwrap_or_else(|error| panic!("{error:#}"));
    }

    #[test]
    fn a_licence_must_be_permissive_in_every_part() {
        for good in ["MIT", "MIT OR GPL-3.0", "Apache-2.0/MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
            assert!(super::permissive(good), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND LGPL-2.1", "none", ""] {
            assert!(!super::permissive(bad), "{bad}");
        }
    }
}
