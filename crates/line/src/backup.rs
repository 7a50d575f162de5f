//! Copies of what lines have more than an earlier copy: small files, so that one can be made every minute.
//!
//! Such a file has the same tables as a whole copy. Of each line it has the head as it stands, and the rows behind the head of the
//! earlier copy; of what was erased since and lies before it, the rows as they are now. [`crate::restoring`] puts them together.

use std::path::Path;

use crate::backend::sqlite::Sqlite;
use crate::backend::{Backend, BackendError, Batch, HeadRow, Place, RecordRow, Role, Storage};
use crate::erasing::Erasure;
use crate::merkle::Hash;
use crate::moving::STEP;
use crate::record::{LineId, RecordKind, Seq};
use crate::steps::in_steps;
use crate::writer::Kept;

/// What a copy of what came since an earlier one has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Since {
    /// Records that came.
    pub records: u64,
    /// Records of before that were erased.
    pub erased: u64,
}

/// Writes into the new file `to` what `from` has more than the copy in `earlier`.
pub(crate) fn since(from: &dyn Backend, earlier: &Path, to: &Path) -> Result<Since, BackendError> {
    let earlier = Storage::Sqlite(earlier.to_owned()).open(Role::Reader)?;
    from.hold_still()?;
    let copied = copy(from, &*earlier, to);
    from.look_on()?;
    let since = copied?;
    Sqlite::make_plain(to)?;
    Ok(since)
}

fn copy(from: &dyn Backend, earlier: &dyn Backend, to: &Path) -> Result<Since, BackendError> {
    let (known, heads) = (earlier.heads()?, from.heads()?);
    for known in &known {
        let head = heads.iter().find(|head| head.id == known.id);
        goes_on(from, earlier, known, head)?;
    }
    let size_of = |line: LineId| known.iter().find(|known| known.id == line).map_or(0, |known| known.size);
    let mut writer = Storage::Sqlite(to.to_owned()).open(Role::Writer)?;
    let (mut since, mut erased) = (Since::default(), Vec::new());
    for head in &heads {
        let place = Place { id: head.id, no: head.no };
        in_steps(from, place, (size_of(head.id), head.size), STEP, &mut |rows| {
            for row in rows.iter().filter(|row| row.kind == RecordKind::Erasure) {
                erased.extend(std::str::from_utf8(&row.body).ok().and_then(Erasure::from_json));
            }
            since.records += rows.len() as u64;
            write(&mut *writer, place, &rows, Vec::new())
        })?;
    }
    for one in erased.into_iter().flat_map(|erasure| erasure.erased) {
        let Some(head) = heads.iter().find(|head| head.id == one.line) else { continue };
        if one.seq.0 == 0 || one.seq.0 > size_of(one.line) {
            continue;
        }
        let place = Place { id: head.id, no: head.no };
        let rows = read(from, place, Seq(one.seq.0 - 1), one.seq)?;
        since.erased += rows.len() as u64;
        write(&mut *writer, place, &rows, Vec::new())?;
    }
    write(&mut *writer, Place { id: LineId::NODE, no: 0 }, &[], heads)?;
    Ok(since)
}

/// Whether a line goes on from where the earlier copy saw it last.
fn goes_on(
    from: &dyn Backend,
    earlier: &dyn Backend,
    known: &HeadRow,
    head: Option<&HeadRow>,
) -> Result<(), BackendError> {
    let changed = |what: &str| BackendError::Changed { line: known.id, what: what.to_owned() };
    let head = head.filter(|head| head.size >= known.size);
    let head = head.ok_or_else(|| changed("it is shorter than in the earlier copy: make a whole copy"))?;
    if known.size == 0 {
        return Ok(());
    }
    let last = |backend: &dyn Backend, no| -> Result<Option<Hash>, BackendError> {
        let mut leaf = None;
        let place = Place { id: known.id, no };
        backend.scan(place, Seq(known.size - 1), Seq(known.size), &mut |row| leaf = Some(row.leaf()))?;
        Ok(leaf)
    };
    // A copy of what came since has not the last row of a line to which nothing came.
    let same = match last(earlier, known.no)? {
        Some(leaf) => last(from, head.no)? == Some(leaf),
        None => head.size > known.size || head.root == known.root,
    };
    if same { Ok(()) } else { Err(changed("the earlier copy is of another line: make a whole copy")) }
}

fn read(from: &dyn Backend, place: Place, after: Seq, until: Seq) -> Result<Vec<Kept>, BackendError> {
    let mut rows = Vec::new();
    from.scan(place, after, until, &mut |row| rows.push(Kept::of(row)))?;
    Ok(rows)
}

fn write(to: &mut dyn Backend, place: Place, rows: &[Kept], heads: Vec<HeadRow>) -> Result<(), BackendError> {
    let records: Vec<RecordRow<'_>> = rows.iter().map(|row| row.row(place)).collect();
    to.commit(&Batch { records, heads, ..Batch::default() })?;
    to.settle();
    Ok(())
}
