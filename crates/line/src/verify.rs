//! Checks a store from outside: everything is computed anew from the rows.

use std::path::Path;

use crate::backend::postgres::Settings;
use crate::backend::{Backend, BackendError, Role, Storage};
use crate::erasing::Account;
use crate::load::Loading;
use crate::merkle::Hash;
use crate::record::LineId;
use crate::store::FILE;

/// Why a store could not be checked.
#[derive(Debug, thiserror::Error)]
#[error("the store can't be read: {0}")]
pub struct VerifyError(String);

/// What the check found in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineReport {
    /// Which line.
    pub line: LineId,
    /// Records counted.
    pub records: u64,
    /// The root computed from them.
    pub root: Hash,
    /// What is wrong; empty when all is well.
    pub faults: Vec<String>,
}

/// What the check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Line by line.
    pub lines: Vec<LineReport>,
    /// What the database says of its own file, when it is not well.
    pub file_fault: Option<String>,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.file_fault.is_none() && self.lines.iter().all(|line| line.faults.is_empty())
    }
}

/// Reads every record of the store in `folder`, or in `database` if it is there, and checks numbers, times, bytes and roots. What was
/// erased is checked by the hash that was kept of it, and must be what the node's line says was erased.
///
/// `progress` is told how many records of how many are done. Works beside a running node: it checks each line up
/// to the head that it found at the start.
///
/// # Errors
/// [`VerifyError`] when the store can't be read at all; what is wrong in it is in the report.
pub fn verify(
    folder: &Path,
    database: Option<&Settings>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<VerifyReport, VerifyError> {
    let storage = match database {
        Some(database) => Storage::Postgres(Box::new(database.clone())),
        None => Storage::Sqlite(folder.join(FILE)),
    };
    verify_at(&storage, progress)
}

pub(crate) fn verify_at(
    storage: &Storage,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<VerifyReport, VerifyError> {
    let failed = |error: BackendError| VerifyError(error.to_string());
    let read = |backend: Box<dyn Backend>| {
        backend.hold_still()?;
        Ok((backend.heads()?, backend))
    };
    let (heads, backend) = match storage.open(Role::Reader).and_then(read) {
        // A program that was ended while it made the file left a journal, which is to be rolled back first.
        Err(BackendError::ReadOnly) => storage.open(Role::Mover).and_then(read),
        found => found,
    }
    .map_err(failed)?;
    let total = heads.iter().map(|head| head.size).sum();
    let mut report = VerifyReport { file_fault: backend.fault().map_err(failed)?, ..VerifyReport::default() };
    let (mut done, mut account) = (0, Account::default());
    for head in heads {
        let mut read = || {
            done += 1;
            progress(done, total);
        };
        let (loading, scanned) = Loading::whole(&*backend, &head, &mut read).map_err(failed)?;
        let Loading { frontier, mut faults, erased, said, .. } = loading;
        account.read(head.id, erased, said);
        if let Err(error) = scanned {
            faults.push(error.to_string());
        }
        if frontier.size() != head.size {
            faults.push(format!("{} of {} records are there", frontier.size(), head.size));
        } else if frontier.root() != head.root {
            faults.push("the records do not give the stored root: something was changed".to_owned());
        }
        report.lines.push(LineReport {
            line: head.id,
            records: frontier.size(),
            root: frontier.root(),
            faults,
        });
    }
    for (line, fault) in account.faults() {
        let of_line = report.lines.iter_mut().find(|found| found.line == line);
        of_line.into_iter().for_each(|found| found.faults.push(fault.clone()));
    }
    Ok(report)
}
