//! Erasures that are under way, kept in the folder until they are through.
//!
//! An erasure has several steps: what is in force is withdrawn, bytes go from the lines, the store's file is written anew, files that hold
//! something of it are removed. What it is about and what has to be looked for can't be read from the lines any more once
//! the bytes are gone; so both lie in a file of the folder `erasing` from before the first step until after the last, for the
//! owner alone. Whatever breaks an erasure off, it is taken up again: by the serving node within a minute, by the next start, and
//! by `bongsu privacy erase --due`.

use crate::exit::Failure;
use line::Seq;
use policy::CircleId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder's name in the data folder.
pub(super) const FOLDER: &str = "erasing";
/// Bytes of such a file: 20,000 texts of 4 KiB at most, each byte of which may be written as six.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// An erasure that is under way.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unfinished {
    /// Why, as the node's line says it.
    pub(super) why: String,
    /// What members are told.
    pub(super) reason: String,
    /// Objects, each in a circle.
    pub(super) objects: Vec<(CircleId, String)>,
    /// Records of the node's own line.
    pub(super) own: Vec<u64>,
    /// What is looked for in files.
    pub(super) needles: BTreeSet<String>,
}

impl Unfinished {
    pub(super) fn own(&self) -> impl Iterator<Item = Seq> + '_ {
        self.own.iter().copied().map(Seq)
    }

    /// Writes it down; when this returns, it is durable.
    pub(super) fn keep(&self, data: &Path) -> Result<PathBuf, Failure> {
        let folder = data.join(FOLDER);
        let path = folder.join(format!("{}.json", uuid::Uuid::new_v4()));
        let written = std::fs::create_dir_all(&folder).and_then(|()| self.write(&folder, &path));
        written.map_err(|error| {
            Failure::new(format!("what is to be erased can't be noted in {}: {error}", path.display()))
                .hint("nothing was erased; make room, and run it again")
        })?;
        Ok(path)
    }

    /// Writes in the place of `path` that the bytes are gone from the lines, and what is left to be looked for: whoever shares one of the
    /// objects anew by then need not lose it.
    pub(super) fn keep_needles(&self, path: &Path) -> std::io::Result<()> {
        let (why, reason, needles) = (self.why.clone(), self.reason.clone(), self.needles.clone());
        let left = Self { why, reason, needles, ..Self::default() };
        left.write(path.parent().unwrap_or(path), path)
    }

    fn write(&self, folder: &Path, path: &Path) -> std::io::Result<()> {
        // Only its owner can read it.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, self)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    }

    /// Reads one back.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let unread = |why: String| {
            Failure::new(format!("the erasure in {} can't be taken up: {why}", path.display()))
                .hint("erase what it names by hand, then remove the file")
        };
        let length = std::fs::metadata(path).map_err(|error| unread(error.to_string()))?.len();
        if length > FILE_BYTES_MAX {
            return Err(unread(format!("it has {length} bytes; the limit is {FILE_BYTES_MAX}")));
        }
        let text = std::fs::read(path).map_err(|error| unread(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| unread(error.to_string()))
    }
}

/// Those that were not brought to an end, in no order.
pub(super) fn all(data: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = data.join(FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| {
            Failure::new(format!("{} can't be looked through: {error}", folder.display()))
        })?,
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    Ok(paths.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_is_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let data = tempfile::tempdir().unwrap();
        assert_eq!(all(data.path()).unwrap(), Vec::<PathBuf>::new());
        let unfinished = Unfinished {
            why: "asked".to_owned(),
            reason: "erased".to_owned(),
            objects: vec![(
                CircleId::new(uuid::Uuid::from_u128(7)),
                "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd".to_owned(),
            )],
            own: vec![3],
            needles: ["Quillon \"V\"".to_owned()].into(),
        };
        let path = unfinished.keep(data.path()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(all(data.path()).unwrap(), std::slice::from_ref(&path));
        assert_eq!(Unfinished::read(&path).unwrap(), unfinished);
        std::fs::write(&path, "{").unwrap();
        assert!(Unfinished::read(&path).is_err());
    }
}
