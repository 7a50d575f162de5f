//! Statuses in which something waits, as files: an operator may decide days later, and the node be started anew before.
//!
//! Section 4.3 wants a status to be there for 24 hours after all is done. What is complete was told in the answer to the
//! envelope, and lives in memory; only a pending one has news for its sender, and so only that one is kept here.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use policy::{CircleId, MemberId};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use uuid::Uuid;

/// How long a status is kept after it came.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Most statuses; one that comes when there are so many lives in memory alone.
const FILES_MAX: usize = 10_000;
/// Most bytes that are read of a file: a status has 256 KiB, and some for whose it is.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A status with whose it is.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) member: MemberId,
    /// Where the objects went.
    pub(super) circle: CircleId,
    /// The parcels in which something of it waits for a second person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parcels: Vec<Uuid>,
    /// The status resource.
    pub(super) json: String,
}

/// The folder of statuses, if there is one.
pub(super) struct Lasting {
    folder: Option<PathBuf>,
    /// How many there are.
    files: AtomicUsize,
}

impl Lasting {
    /// Takes the folder, which is made when the first status comes, and lets go what is old.
    pub(super) fn open(folder: Option<PathBuf>) -> Self {
        let swept = folder.as_deref().map_or(Ok(0), sweep);
        let files = swept.unwrap_or_else(|error| {
            tracing::warn!(?folder, %error, "old statuses could not be removed");
            0
        });
        Self { folder, files: AtomicUsize::new(files) }
    }

    /// Keeps a status. What can't be kept is still told in the answer, and lives in memory: it is logged, not refused.
    pub(super) fn keep(&self, id: Uuid, kept: &Kept) {
        let Some(folder) = &self.folder else { return };
        if self.files.fetch_add(1, Ordering::Relaxed) >= FILES_MAX {
            tracing::warn!(folder = %folder.display(), "there are {FILES_MAX} pending statuses: another is not kept");
        } else if let Err(error) = write(folder, id, kept) {
            tracing::warn!(folder = %folder.display(), %error, "a pending status could not be kept");
        }
    }

    /// The status with this id, if it was kept.
    pub(super) fn of(&self, id: Uuid) -> Option<Kept> {
        let path = self.folder.as_ref()?.join(name(id));
        let size = fs::metadata(&path).ok()?.len();
        let text = (size <= FILE_BYTES_MAX).then(|| fs::read(&path).ok()).flatten()?;
        let kept = serde_json::from_slice(&text);
        kept.inspect_err(|error| tracing::warn!(path = %path.display(), %error, "a status is damaged")).ok()
    }
}

fn name(id: Uuid) -> String {
    format!("{id}.json")
}

fn write(folder: &Path, id: Uuid, kept: &Kept) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    // Whole or not at all, and readable by the node alone.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(kept)?)?;
    file.persist(folder.join(name(id)))?;
    Ok(())
}

/// Removes what came too long ago; how many are left.
fn sweep(folder: &Path) -> std::io::Result<usize> {
    let oldest = SystemTime::now().checked_sub(KEPT).unwrap_or(SystemTime::UNIX_EPOCH);
    let files = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        files => files?,
    };
    let mut left = 0;
    for file in files {
        let file = file?;
        if file.metadata()?.modified()? < oldest {
            fs::remove_file(file.path())?;
        } else {
            left += 1;
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(json: &str) -> Kept {
        let member = MemberId::new(Uuid::from_u128(1));
        Kept { member, circle: CircleId::new(Uuid::from_u128(2)), parcels: Vec::new(), json: json.to_owned() }
    }

    #[test]
    fn a_status_is_there_after_a_restart_and_goes_when_it_is_old() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("statuses");
        let open = || Lasting::open(Some(folder.clone()));
        let (first, second) = (Uuid::from_u128(3), Uuid::from_u128(4));
        open().keep(first, &kept("{}"));
        open().keep(second, &kept("[]"));
        assert_eq!(open().of(first).unwrap().json, "{}");
        assert!(open().of(Uuid::from_u128(5)).is_none());
        let old = fs::File::options().write(true).open(folder.join(name(first))).unwrap();
        old.set_modified(SystemTime::now() - KEPT - Duration::from_secs(60)).unwrap();
        let swept = open();
        assert!(swept.of(first).is_none() && swept.of(second).is_some());
        fs::write(folder.join(name(second)), "torn").unwrap();
        assert!(swept.of(second).is_none(), "what is damaged is as good as gone");
        assert!(Lasting::open(None).of(second).is_none());
        let full = Lasting { folder: Some(folder.clone()), files: AtomicUsize::new(FILES_MAX) };
        full.keep(first, &kept("{}"));
        assert!(full.of(first).is_none());
    }
}
