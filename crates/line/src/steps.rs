//! Rows of a line taken some at a time: so many of them or so many bytes, whichever comes first.

use std::ops::ControlFlow;

use crate::backend::{Backend, BackendError, Place, RecordRow};
use crate::record::Seq;
use crate::writer::Kept;

/// Bytes of the records of one step; one record may be longer.
const BYTES: usize = 32 * 1024 * 1024;

/// A step that fills with rows.
pub(crate) struct Step {
    rows: Vec<Kept>,
    bytes: usize,
    most: usize,
}

impl Step {
    /// A step of so many rows at most.
    pub(crate) const fn of(most: usize) -> Self {
        Self { rows: Vec::new(), bytes: 0, most }
    }

    /// Takes a row in; gives all that are there once that is enough.
    pub(crate) fn with(&mut self, row: &RecordRow<'_>) -> Option<Vec<Kept>> {
        if self.rows.is_empty() {
            self.rows.reserve(self.most.min(1_024));
        }
        self.rows.push(Kept::of(row));
        self.bytes += row.body.len();
        (self.rows.len() >= self.most || self.bytes >= BYTES).then(|| self.rest())
    }

    /// Gives what is there.
    pub(crate) fn rest(&mut self) -> Vec<Kept> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }
}

/// Reads the rows behind `after` up to `until`, and hands them on in steps of at most so many rows, or about 32 MiB, while the ones
/// behind are still to be read. `on` must not use this connection; what it refuses ends the reading.
///
/// # Errors
/// What the backend or `on` refuses.
pub(crate) fn in_steps<E: From<BackendError>>(
    backend: &dyn Backend,
    place: Place,
    (after, until): (u64, u64),
    most: usize,
    on: &mut dyn FnMut(Vec<Kept>) -> Result<(), E>,
) -> Result<(), E> {
    let mut after = after;
    // A question has an end, however long the line is: no engine is to sort all of it.
    while after < until {
        let to = until.min(after.saturating_add(most as u64));
        let (mut step, mut refused) = (Step::of(most), None);
        backend.scan_while(place, Seq(after), Seq(to), &mut |row| match step.with(row).map(&mut *on) {
            Some(Err(error)) => {
                refused = Some(error);
                ControlFlow::Break(())
            }
            Some(Ok(())) | None => ControlFlow::Continue(()),
        })?;
        if let Some(error) = refused {
            return Err(error);
        }
        let rest = step.rest();
        if !rest.is_empty() {
            on(rest)?;
        }
        after = to;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::backend::{Batch, Role, Storage};
    use crate::record::{Added, LineId, RecordKind};

    #[test]
    fn a_step_ends_at_a_number_of_rows_or_of_bytes() {
        const LENGTH: usize = 9 * 1024 * 1024;
        let folder = tempfile::tempdir().unwrap();
        let mut backend = Storage::Sqlite(folder.path().join("lines")).open(Role::Writer).unwrap();
        let place = Place { id: LineId::NODE, no: 1 };
        let bodies = [vec![7; LENGTH], vec![7; 10]];
        let row = |seq: u64| RecordRow {
            line: place,
            seq: Seq(seq),
            added: Added(seq.cast_signed()),
            kind: RecordKind::Setting,
            sender: Uuid::nil(),
            terms: None,
            of: None,
            body: &bodies[usize::from(seq > 9)],
            erased: None,
        };
        backend.commit(&Batch { records: (1..=20).map(row).collect(), ..Batch::default() }).unwrap();
        let steps = |(after, until), most| {
            let mut steps = Vec::new();
            in_steps::<BackendError>(&*backend, place, (after, until), most, &mut |rows| {
                steps.push((rows[0].seq.0, rows.len()));
                Ok(())
            })
            .unwrap();
            steps
        };
        assert_eq!(steps((0, 20), 100), [(1, 4), (5, 4), (9, 12)]);
        assert_eq!(steps((0, 20), 6), [(1, 4), (5, 2), (7, 6), (13, 6), (19, 2)]);
        assert_eq!(steps((9, 20), 100), [(10, 11)]);
        assert_eq!(steps((20, 20), 100), []);
        let mut taken = 0;
        let refused = in_steps(&*backend, place, (0, 20), 100, &mut |_| {
            taken += 1;
            Err(BackendError::Unknown)
        });
        assert!(matches!(refused, Err(BackendError::Unknown)));
        assert_eq!(taken, 1, "what is refused ends it");
    }
}
