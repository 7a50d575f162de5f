//! Where a chain's payments are kept: in a store that transfers were loaded into, or in the files of a node of Bitcoin.

use std::path::Path;
use std::time::SystemTime;

use trace::Payments;
use trace::store::MANIFEST;

use super::{Said, blocks, opened};
use crate::exit::Failure;

/// Opens them: the folder of a store, a folder of blocks, or the first of a node's files of blocks that counts.
///
/// # Errors
/// When there is neither, or it can't be read.
pub(crate) fn open(path: &Path, say: &mut dyn FnMut(Said<'_>)) -> Result<Payments, Failure> {
    if path.join(MANIFEST).exists() || !blocks::are_at(path) {
        return opened(path).map(Payments::from);
    }
    let files = blocks::behind(path)?;
    let first = files.first().ok_or_else(|| Failure::usage(format!("{} has no blocks", path.display())))?;
    let read = blocks::read(&files, blocks::magic(first)?, say)?;
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
    let files = match !manifest.exists() && blocks::are_at(path) {
        true => blocks::behind(path)?,
        false => vec![manifest],
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
