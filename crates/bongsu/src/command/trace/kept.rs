//! Where a chain's payments are kept: in a store that transfers were loaded into, in the files of a node of Bitcoin, or in what was fetched
//! from an Electrum server.

use std::path::Path;
use std::time::SystemTime;

use trace::Payments;
use trace::store::MANIFEST;

use super::{Said, blocks, electrum, opened};
use crate::exit::Failure;

/// Opens them: the folder of a store, a folder of blocks, the first of a node's files of blocks that counts, or a folder of what was fetched.
///
/// # Errors
/// When there is none of them, or it can't be read.
pub(crate) fn open(path: &Path, say: &mut dyn FnMut(Said<'_>)) -> Result<Payments, Failure> {
    let read = if electrum::is_at(path) {
        electrum::blocks(path, None)?
    } else if path.join(MANIFEST).exists() || !blocks::are_at(path) {
        return opened(path).map(Payments::from);
    } else {
        let files = blocks::behind(path)?;
        let first = files.first();
        let first = first.ok_or_else(|| Failure::usage(format!("{} has no blocks", path.display())))?;
        blocks::read(&files, blocks::magic(first)?, say)?
    };
    for fault in &read.faults {
        say(Said::Unread(fault));
    }
    Ok(Payments::from(read.coins))
}

/// What changes whenever they do: when something was written last, and how many bytes there are.
pub(crate) type Version = (SystemTime, u64);

/// The version of what is there now.
///
/// # Errors
/// When it can't be looked at.
pub(crate) fn version(path: &Path) -> Result<Version, Failure> {
    let manifest = path.join(MANIFEST);
    let files = if electrum::is_at(path) {
        vec![electrum::document(path)]
    } else if !manifest.exists() && blocks::are_at(path) {
        blocks::behind(path)?
    } else {
        vec![manifest]
    };
    let mut version = (SystemTime::UNIX_EPOCH, 0_u64);
    for file in files {
        let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
        let found = std::fs::metadata(&file).map_err(failed)?;
        version.0 = version.0.max(found.modified().map_err(failed)?);
        version.1 = version.1.saturating_add(found.len());
    }
    Ok(version)
}
