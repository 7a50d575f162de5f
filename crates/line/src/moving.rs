//! Moving all lines from a file of SQLite into a database of PostgreSQL, and back.
//!
//! Rows are copied as they are, what was erased included, and each step leaves the lines whole up to where it came. At the end every
//! line in the new place is computed anew from its rows, and has to give the root that it has in the old one.

use std::path::Path;

use crate::backend::postgres::Settings;
use crate::backend::sqlite::Sqlite;
use crate::backend::{Backend, BackendError, Batch, HeadRow, Place, RecordRow, Role, Storage};
use crate::failure::OpenError;
use crate::merkle::Frontier;
use crate::steps::in_steps;
use crate::store::{FILE, lock, private};
use crate::verify::{VerifyReport, verify_at};

/// Records copied in one transaction, unless they are large.
pub(crate) const STEP: usize = 4_096;

/// Which way lines are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the file into the database.
    IntoDatabase,
    /// From the database into the file.
    IntoFile,
}

/// Why lines can't be moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// There is something in the new place already.
    #[error("there are lines in the new place already: move into one that is empty")]
    NotEmpty,
    /// Somebody uses the folder, or it can't be used.
    #[error(transparent)]
    Folder(#[from] OpenError),
    /// A place can't be read or written.
    #[error("the lines can't be moved: {0}")]
    Backend(String),
    /// What was written is not what was read.
    #[error("what was written is not what was read: {0}; the old place is as it was")]
    Differs(String),
}

impl From<BackendError> for MoveError {
    fn from(error: BackendError) -> Self {
        Self::Backend(error.to_string())
    }
}

/// Moves all lines between the file in `folder` and `database`, as they stand when it begins; the old place stays as it is. Nobody
/// may append meanwhile: what came later would be missing in the new place. `progress` is told how many records of how many are
/// done, those that are checked counted again.
///
/// # Errors
/// [`MoveError`].
pub fn migrate(
    folder: &Path,
    database: &Settings,
    way: Way,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<VerifyReport, MoveError> {
    let _lock = lock(folder)?;
    let path = folder.join(FILE);
    let (file, database) = (Storage::Sqlite(path.clone()), Storage::Postgres(Box::new(database.clone())));
    let (from, to) = match way {
        Way::IntoDatabase => (&file, &database),
        Way::IntoFile => {
            drop(private(&path).map_err(|error| MoveError::Backend(format!("{}: {error}", path.display())))?);
            (&database, &file)
        }
    };
    let mut writer = to.open(Role::Writer)?;
    if !writer.heads()?.is_empty() {
        return Err(MoveError::NotEmpty);
    }
    let reader = from.open(Role::Reader)?;
    reader.hold_still()?;
    let heads = reader.heads()?;
    let total = 2 * heads.iter().map(|head| head.size).sum::<u64>();
    let mut done = 0;
    copy(&*reader, &mut *writer, &heads, &mut |count| {
        done += count;
        progress(done, total);
    })?;
    reader.look_on()?;
    drop(writer);
    let half = total / 2;
    let report = verify_at(to, &mut |checked, _| progress(half + checked, total))
        .map_err(|error| MoveError::Backend(error.to_string()))?;
    for head in &heads {
        let found = report.lines.iter().find(|line| line.line == head.id);
        let same = found.is_some_and(|line| line.records == head.size && line.root == head.root);
        if !same && head.size > 0 {
            return Err(MoveError::Differs(format!("line {} has another root", head.id)));
        }
    }
    match report.is_sound() {
        true => Ok(report),
        false => Err(MoveError::Differs("the check of the new place found faults".to_owned())),
    }
}

/// Writes everything into a new file of SQLite, as it stands now.
pub(crate) fn into_file(from: &dyn Backend, to: &Path) -> Result<(), BackendError> {
    from.hold_still()?;
    let copied = from.heads().and_then(|heads| {
        let mut writer = Storage::Sqlite(to.to_owned()).open(Role::Writer)?;
        copy(from, &mut *writer, &heads, &mut |_| ())?;
        drop(writer);
        Sqlite::make_plain(to)
    });
    from.look_on()?;
    copied
}

fn copy(
    from: &dyn Backend,
    to: &mut dyn Backend,
    heads: &[HeadRow],
    on: &mut dyn FnMut(u64),
) -> Result<(), BackendError> {
    for head in heads {
        let place = Place { id: head.id, no: head.no };
        let mut frontier = Frontier::default();
        in_steps(from, place, (0, head.size), STEP, &mut |rows| {
            let records: Vec<RecordRow<'_>> = rows.iter().map(|row| row.row(place)).collect();
            records.iter().for_each(|row| frontier.push(row.leaf()));
            let (size, root) = (frontier.size(), frontier.root());
            to.begin(&[place])?;
            let heads = vec![HeadRow { no: head.no, id: head.id, size, root }];
            to.commit(&Batch { records, heads, erasures: Vec::new() })?;
            to.settle();
            on(rows.len() as u64);
            Ok::<_, BackendError>(())
        })?;
    }
    Ok(())
}
