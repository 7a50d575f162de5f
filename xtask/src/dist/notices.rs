//! What the licences of others ask for: their texts and names go along with the program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::parts::Parts;

/// How the names of such files begin, whatever their case.
const NAMES: &[&str] = &["license", "licence", "unlicense", "notice", "copyright"];
/// Folders within a crate in which there are none that count.
const NOT_IN: &[&str] = &["target", "tests", "test", "benches", "examples", "src", ".git"];
/// How deep they lie.
const DEPTH: usize = 4;
/// A licence is a text of some pages.
const BYTES_MAX: u64 = 256 << 10;
/// Data that is compiled into the program, and what is said of it.
const DATA: &[&str] = &[
    "crates/watch/data/SOURCE.md",
    "crates/region/data/SOURCE.md",
    "crates/bongsu/demo-data/SOURCE.md",
    "crates/bongsu/demo-data/ATTACK-LICENSE.txt",
];

/// One text: who is named in it or under it, then each licence once, with the crates that came with it.
pub(super) fn text(root: &Path, parts: &Parts) -> Result<String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut out = String::from("Bongsu holds the work of others, under their licences.\n\n");
    let delivered = parts.all.iter().filter(|(_, part)| part.is_delivered && part.checksum.is_some());
    for ((name, version), part) in delivered {
        let _ = writeln!(out, "{name} {version}: {}", part.licence);
        let mut files = Vec::new();
        find(&part.folder, DEPTH, &mut files)?;
        for file in files {
            let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
            let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
            texts.entry(text.trim().to_owned()).or_default().push(format!("{name} {version}"));
        }
    }
    if texts.is_empty() {
        bail!("no crate came with its licence: are the sources there?");
    }
    for (text, mut of) in texts {
        of.dedup();
        let _ = write!(out, "\n{}\nOf {}:\n\n{text}\n", "=".repeat(72), of.join(", "));
    }
    for data in DATA {
        let text = std::fs::read_to_string(root.join(data)).context(*data)?;
        let _ = write!(out, "\n{}\n{}\n", "=".repeat(72), text.trim());
    }
    Ok(out)
}

fn find(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).with_context(|| folder.display().to_string())?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let about = entry.metadata()?;
        if about.is_dir() {
            if depth > 1 && !NOT_IN.contains(&name.as_str()) {
                find(&entry.path(), depth - 1, found)?;
            }
        } else if about.is_file()
            && about.len() <= BYTES_MAX
            && NAMES.iter().any(|start| name.starts_with(start))
        {
            found.push(entry.path());
        }
    }
    Ok(())
}
