//! Lines made anew from copies: as they stood at the last of them, or at an earlier time.
//!
//! Lines are append-only and their times only grow, so how one stood at a time is its beginning. Every row of every copy is read and
//! hashed, and each line has to give the root that each copy has of it, before what came later is left out. What is erased in a later
//! copy is erased in all that is made from it, whatever the time: where the record that says so would be left out, it is said again at
//! the end of the node's line.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::backend::postgres::Settings;
use crate::backend::{Backend, BackendError, Batch, HeadRow, Place, RecordRow, Role, Storage};
use crate::erasing::{Erased, Erasure};
use crate::failure::OpenError;
use crate::merkle::{Frontier, Hash};
use crate::moving::STEP;
use crate::record::{Added, LineId, RecordKind, Seq};
use crate::steps::in_steps;
use crate::store::{FILE, lock, private};
use crate::verify::verify_at;
use crate::writer::Kept;

/// Why lines can't be made from copies.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// There is something in the new place already.
    #[error("there are lines in the new place already: restore into one that is empty")]
    NotEmpty,
    /// No copy was named.
    #[error("there is no copy to restore from")]
    NoCopy,
    /// The copies do not belong together.
    #[error("{} does not go on from the copy before it: {what}", path.display())]
    Gap {
        /// The later copy.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A copy is not what was copied.
    #[error("{}: line {line} is damaged: {what}", path.display())]
    Damaged {
        /// The copy.
        path: PathBuf,
        /// Which line.
        line: LineId,
        /// What is wrong.
        what: String,
    },
    /// Somebody uses the folder, or it can't be used.
    #[error(transparent)]
    Folder(#[from] OpenError),
    /// A place can't be read or written.
    #[error("the lines can't be restored: {0}")]
    Backend(String),
    /// What was written is not what was read.
    #[error("what was written is not what was read: {0}")]
    Differs(String),
}

impl From<BackendError> for RestoreError {
    fn from(error: BackendError) -> Self {
        Self::Backend(error.to_string())
    }
}

/// A line that was made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredLine {
    /// Which.
    pub line: LineId,
    /// Records that it has.
    pub records: u64,
    /// Its root.
    pub root: Hash,
    /// Records that came later, and were left out.
    pub left_out: u64,
}

/// What was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Line by line.
    pub lines: Vec<RestoredLine>,
    /// Records that were erased after the time for which lines were restored, and are erased here too.
    pub erased_later: u64,
}

/// A copy that is read.
struct Copy {
    path: PathBuf,
    backend: Box<dyn Backend>,
    heads: Vec<HeadRow>,
}

impl Copy {
    fn open(path: &Path) -> Result<Self, RestoreError> {
        let failed = |error: BackendError| RestoreError::Backend(format!("{}: {error}", path.display()));
        // What is not there would be made.
        std::fs::metadata(path).map_err(|error| failed(BackendError::Sql(error.to_string())))?;
        let backend = Storage::Sqlite(path.to_owned()).open(Role::Reader).map_err(failed)?;
        let heads = backend.heads().map_err(failed)?;
        Ok(Self { path: path.to_owned(), backend, heads })
    }

    fn head(&self, line: LineId) -> Option<&HeadRow> {
        self.heads.iter().find(|head| head.id == line)
    }

    fn size(&self, line: LineId) -> u64 {
        self.head(line).map_or(0, |head| head.size)
    }

    fn rows(&self, line: LineId, after: Seq, until: Seq) -> Result<Vec<Kept>, RestoreError> {
        let mut rows = Vec::new();
        if let Some(head) = self.head(line) {
            let place = Place { id: line, no: head.no };
            self.backend.scan(place, after, until, &mut |row| rows.push(Kept::of(row)))?;
        }
        Ok(rows)
    }
}

/// Makes the lines anew in `folder`, or in `database`, from a whole copy and those of what came since, in their order: as they stood at
/// `until` (microseconds since 1970), or at the last of the copies. `now` is the time at which is said again what was erased later.
/// `progress` is told how many records of how many are done, those that are checked counted again.
///
/// # Errors
/// [`RestoreError`]: what was written until then is of no use, and the copies are as they were.
pub fn restore(
    copies: &[PathBuf],
    (folder, database): (&Path, Option<&Settings>),
    until: Option<i64>,
    now: i64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Restored, RestoreError> {
    let _lock = lock(folder)?;
    let copies = copies.iter().map(|path| Copy::open(path)).collect::<Result<Vec<_>, _>>()?;
    let last = copies.last().ok_or(RestoreError::NoCopy)?;
    let path = folder.join(FILE);
    let to = match database {
        Some(database) => Storage::Postgres(Box::new(database.clone())),
        None => Storage::Sqlite(path.clone()),
    };
    if database.is_none() {
        let failed = |error: std::io::Error| RestoreError::Backend(format!("{}: {error}", path.display()));
        drop(private(&path).map_err(failed)?);
    }
    let mut writer = to.open(Role::Writer)?;
    if !writer.heads()?.is_empty() {
        return Err(RestoreError::NotEmpty);
    }
    let total = 2 * last.heads.iter().map(|head| head.size).sum::<u64>();
    let mut restoring = Restoring {
        copies: &copies,
        until: until.unwrap_or(i64::MAX),
        erased_in: erased_in(&copies)?,
        erased: HashSet::new(),
        said: HashSet::new(),
        said_later: Vec::new(),
        node_last: Added(0),
    };
    let mut restored = Restored::default();
    let mut done = 0;
    for head in &last.heads {
        let mut on = |count| {
            done += count;
            progress(done, total);
        };
        restored.lines.push(restoring.line(head, &mut *writer, &mut on)?);
    }
    restored.erased_later = restoring.say_again(&mut restored.lines, last, &mut *writer, now)?;
    drop(writer);
    let half = total / 2;
    let report = verify_at(&to, &mut |checked, _| progress(half + checked, total))
        .map_err(|error| RestoreError::Backend(error.to_string()))?;
    for line in restored.lines.iter().filter(|line| line.records > 0) {
        let found = report.lines.iter().find(|found| found.line == line.line);
        if found.is_none_or(|found| (found.records, found.root) != (line.records, line.root)) {
            return Err(RestoreError::Differs(format!("line {} has another root", line.line)));
        }
    }
    let fault = report.lines.iter().flat_map(|line| &line.faults).next().or(report.file_fault.as_ref());
    match fault {
        None => Ok(restored),
        Some(fault) => Err(RestoreError::Differs(fault.clone())),
    }
}

/// In which copy a record stands that was erased after the copy in which it came: the last of them.
fn erased_in(copies: &[Copy]) -> Result<HashMap<(LineId, Seq), usize>, RestoreError> {
    let mut erased = HashMap::new();
    for (at, pair) in copies.windows(2).enumerate() {
        let [before, copy] = pair else { continue };
        let gap = |what: String| RestoreError::Gap { path: copy.path.clone(), what };
        for known in &before.heads {
            let size = copy.size(known.id);
            if size < known.size {
                return Err(gap(format!("line {} has {size} records, and had {}", known.id, known.size)));
            }
            let Some(head) = copy.head(known.id) else { continue };
            let place = Place { id: known.id, no: head.no };
            copy.backend.scan(place, Seq(0), Seq(known.size), &mut |row| {
                if row.erased.is_some() {
                    erased.insert((known.id, row.seq), at + 1);
                }
            })?;
        }
    }
    Ok(erased)
}

/// Lines on their way.
struct Restoring<'c> {
    copies: &'c [Copy],
    until: i64,
    erased_in: HashMap<(LineId, Seq), usize>,
    /// What is kept and erased.
    erased: HashSet<(LineId, Seq)>,
    /// What is kept says to be erased.
    said: HashSet<(LineId, Seq)>,
    /// What was left out says to be erased: who wrote it, and what.
    said_later: Vec<(uuid::Uuid, Erasure)>,
    /// The time of the last record of the node's line that is kept.
    node_last: Added,
}

impl Restoring<'_> {
    fn line(
        &mut self,
        head: &HeadRow,
        to: &mut dyn Backend,
        on: &mut dyn FnMut(u64),
    ) -> Result<RestoredLine, RestoreError> {
        let (line, place) = (head.id, Place { id: head.id, no: head.no });
        // All that was copied, and what of it is kept.
        let (mut whole, mut kept) = (Frontier::default(), Frontier::default());
        let copies = self.copies;
        for copy in copies {
            let Some(head) = copy.head(line) else { continue };
            let damaged = |what: String| RestoreError::Damaged { path: copy.path.clone(), line, what };
            let span = (whole.size(), head.size);
            in_steps(&*copy.backend, Place { id: line, no: head.no }, span, STEP, &mut |mut rows| {
                for row in &mut rows {
                    if let Some(later) = self.erased_in.get(&(line, row.seq)) {
                        let found = copies
                            .get(*later)
                            .map(|copy| copy.rows(line, Seq(row.seq.0.saturating_sub(1)), row.seq));
                        *row = found
                            .transpose()?
                            .and_then(|mut found| found.pop())
                            .ok_or_else(|| damaged(format!("record {} is missing", row.seq.0)))?;
                    }
                    whole.push(row.row(place).leaf());
                    if row.seq.0 != whole.size() {
                        return Err(damaged(format!("number {} is missing", whole.size())));
                    }
                }
                let count = rows.len() as u64;
                self.keep(rows, place, &mut kept, to)?;
                on(count);
                Ok(())
            })?;
            if whole.size() < head.size {
                return Err(damaged(format!("number {} is missing", whole.size() + 1)));
            }
            if whole.size() == head.size && whole.root() != head.root {
                return Err(damaged("its records do not give the root that it had".to_owned()));
            }
        }
        let left_out = whole.size() - kept.size();
        Ok(RestoredLine { line, records: kept.size(), root: kept.root(), left_out })
    }

    /// Writes what of some rows is kept.
    fn keep(
        &mut self,
        mut rows: Vec<Kept>,
        place: Place,
        frontier: &mut Frontier,
        to: &mut dyn Backend,
    ) -> Result<(), RestoreError> {
        // Times grow along a line: behind the first that is too late, all are.
        let count = rows.iter().take_while(|row| row.added.0 <= self.until).count();
        let later = rows.split_off(count);
        let is_node = place.id == LineId::NODE;
        let erasures = |rows: &[Kept]| {
            let rows = rows.iter().filter(|row| is_node && row.kind == RecordKind::Erasure);
            let read =
                |row: &Kept| Some((row.sender, Erasure::from_json(std::str::from_utf8(&row.body).ok()?)?));
            rows.filter_map(read).collect::<Vec<_>>()
        };
        self.said_later.extend(erasures(&later));
        let said = erasures(&rows).into_iter().flat_map(|(_, erasure)| erasure.erased);
        self.said.extend(said.map(|erased| (erased.line, erased.seq)));
        let erased = rows.iter().filter(|row| row.erased.is_some());
        self.erased.extend(erased.map(|row| (place.id, row.seq)));
        if let (true, Some(row)) = (is_node, rows.last()) {
            self.node_last = row.added;
        }
        if rows.is_empty() {
            return Ok(());
        }
        let records: Vec<RecordRow<'_>> = rows.iter().map(|row| row.row(place)).collect();
        records.iter().for_each(|row| frontier.push(row.leaf()));
        append(to, place, records, frontier)
    }

    /// Says again at the end of the node's line what was erased later. Gives how many records that are.
    fn say_again(
        self,
        lines: &mut [RestoredLine],
        last: &Copy,
        to: &mut dyn Backend,
        now: i64,
    ) -> Result<u64, RestoreError> {
        let mut unsaid: HashSet<_> = self.erased.difference(&self.said).copied().collect();
        let count = unsaid.len() as u64;
        if unsaid.is_empty() {
            return Ok(0);
        }
        let nobody = || RestoreError::Differs("nothing says of a record that it is erased".to_owned());
        let node = lines.iter_mut().find(|line| line.line == LineId::NODE).ok_or_else(nobody)?;
        let no = last.head(LineId::NODE).ok_or_else(nobody)?.no;
        let place = Place { id: LineId::NODE, no };
        let mut frontier = Frontier::default();
        // The tree is needed as it stands, to go on from it.
        to.scan(place, Seq(0), Seq(node.records), &mut |row| frontier.push(row.leaf()))?;
        let mut added = self.node_last;
        for (sender, Erasure { erased, note }) in self.said_later {
            let erased: Vec<Erased> =
                erased.into_iter().filter(|one| unsaid.remove(&(one.line, one.seq))).collect();
            if erased.is_empty() {
                continue;
            }
            added = Added(now.max(added.0 + 1));
            let body = Erasure { erased, note }.to_json().into_bytes();
            let seq = Seq(frontier.size() + 1);
            let kind = RecordKind::Erasure;
            let row = RecordRow {
                line: place,
                seq,
                added,
                kind,
                sender,
                terms: None,
                of: None,
                body: &body,
                erased: None,
            };
            frontier.push(row.leaf());
            append(to, place, vec![row], &frontier)?;
        }
        (node.records, node.root) = (frontier.size(), frontier.root());
        if unsaid.is_empty() { Ok(count) } else { Err(nobody()) }
    }
}

fn append(
    to: &mut dyn Backend,
    place: Place,
    records: Vec<RecordRow<'_>>,
    frontier: &Frontier,
) -> Result<(), RestoreError> {
    to.begin(&[place])?;
    let heads = vec![HeadRow { no: place.no, id: place.id, size: frontier.size(), root: frontier.root() }];
    to.commit(&Batch { records, heads, ..Batch::default() })?;
    to.settle();
    Ok(())
}
