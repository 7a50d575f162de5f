//! The sums by which whoever fetched a release sees that it is whole: what `sha256sum --check` reads.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::program::hex;

/// Writes `SHA256SUMS` with a line for each file.
pub(super) fn write(out: &Path, files: &[PathBuf]) -> Result<PathBuf> {
    let mut lines = Vec::new();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).context("a file has a name")?;
        let sum = hex(&Sha256::digest(std::fs::read(file)?));
        lines.push((name.to_owned(), format!("{sum}  {name}\n")));
    }
    lines.sort();
    let text: String = lines.into_iter().map(|(_, line)| line).collect();
    super::write(&out.join("SHA256SUMS"), text.as_bytes())
}
