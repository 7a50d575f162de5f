//! Where several nodes serve beside one database, what one erases is taken out of what the others derived too.
//!
//! The one that erases knows what to look for, and looks through what all keep in the database. Each of the others finds on the
//! node's line that something was erased, and lets all go that it can make anew: indexes, zones, statuses. How far it has seen to
//! that is kept in a file of its folder, so that a node that was stopped meanwhile does it when it begins. Where the line is not the one
//! that was seen any more, because it was restored to how it stood earlier, all is made anew.

use std::collections::BTreeSet;
use std::path::Path;

use deliver::push::Channel as _;
use line::{LineId, RecordKind, Seq, StorageError, Store};

use super::failed;
use crate::exit::Failure;
use crate::node::Node;
use crate::push::mails::Mails;
use crate::push::webhooks::Webhooks;

/// Up to where on the node's line it was seen to.
pub(super) const FILE: &str = "erased.upto";
/// Folders whose files are made anew.
const MADE_ANEW: [&str; 2] = ["zones", "statuses"];
/// Values that are looked through at a time.
const PAGE: u32 = 200;

impl Node {
    /// Lets go what may hold something that was erased since the last time, where others may have erased it; and moves what waits from
    /// when this node was alone to where they take out of it what they erase. To be called before anything is sent.
    ///
    /// # Errors
    /// When the line can't be read, or something can't be removed: it is tried again.
    pub(crate) fn forget_what_others_erased(&self) -> Result<(), Failure> {
        if !self.gate.is_shared() {
            return Ok(());
        }
        let _one_at_a_time = self.erasing.lock();
        let path = self.gate.store().folder().join(FILE);
        let before = std::fs::read_to_string(&path).ok().and_then(|text| Seen::parse(&text));
        let (seen, was_erased) = look_on(self.gate.store(), before).map_err(failed)?;
        if was_erased {
            self.gate.forget_values(&self.places.index).map_err(failed)?;
            self.search.forget().map_err(failed)?;
            for name in MADE_ANEW {
                remove_files(&self.gate.store().folder().join(name)).map_err(failed)?;
            }
            tracing::info!(number = seen.upto.0, "what was made of erased records is made anew");
        }
        // Before it was first seen to, this node was alone, and nobody else has erased anything.
        for channel in [Webhooks::NAME, Mails::NAME] {
            self.outbox(channel).move_in(before.is_some()).map_err(failed)?;
        }
        match before == Some(seen) {
            true => Ok(()),
            false => std::fs::write(&path, seen.text()).map_err(failed),
        }
    }

    /// Takes values out of the database that hold something that was erased.
    pub(super) fn forget_in_rooms(&self, needles: &BTreeSet<String>) -> Result<(), Failure> {
        let Some(beside) = self.gate.store().beside().filter(|_| !needles.is_empty()) else { return Ok(()) };
        for name in [exchange::taxii::STATUSES, exchange::taxii::STATUSES_WAITING] {
            let (room, mut after) = (beside.room(name), String::new());
            loop {
                let page = room.page(&after, PAGE).map_err(failed)?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.key);
                for kept in &page {
                    let text = String::from_utf8_lossy(&kept.value);
                    if needles.iter().any(|needle| text.contains(needle.as_str())) {
                        room.remove(&kept.key).map_err(failed)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// How far it was seen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    upto: Seq,
    /// The time of that record, which another line has not at this number; earlier versions did not keep it.
    added: Option<i64>,
}

impl Seen {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let upto = Seq(words.next()?.parse().ok()?);
        Some(Self { upto, added: words.next().and_then(|word| word.parse().ok()) })
    }

    fn text(self) -> String {
        match self.added {
            Some(added) => format!("{} {added}\n", self.upto.0),
            None => format!("{}\n", self.upto.0),
        }
    }

    /// Whether the node's line has that record still.
    fn is_of(self, store: &Store) -> Result<bool, StorageError> {
        if self.upto.0 == 0 {
            return Ok(true);
        }
        let found = store.records(LineId::NODE, Seq(self.upto.0 - 1), 1)?;
        let is_it = |record: &line::Record| {
            record.seq == self.upto && self.added.is_none_or(|added| record.added.0 == added)
        };
        Ok(found.first().is_some_and(is_it))
    }
}

/// How far the node's line goes, and whether others may have erased something since `before`.
fn look_on(store: &Store, before: Option<Seen>) -> Result<(Seen, bool), StorageError> {
    let head = store.look(LineId::NODE, |catalogue| Seen {
        upto: catalogue.head(),
        added: Some(catalogue.head_added().0),
    })?;
    let (mut seen, mut was_erased) = match before {
        // What began with this folder holds nothing older.
        None => (head, false),
        Some(before) if before.is_of(store)? => (before, false),
        // It was restored to how it stood earlier: what was erased since then can't be told by numbers.
        Some(_) => (head, true),
    };
    loop {
        let records = store.records(LineId::NODE, seen.upto, line::store::RECORDS_MAX)?;
        let Some(last) = records.last() else { return Ok((seen, was_erased)) };
        seen = Seen { upto: last.seq, added: Some(last.added.0) };
        was_erased |= records.iter().any(|record| record.kind == RecordKind::Erasure);
    }
}

fn remove_files(folder: &Path) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use line::{Draft, Options};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    /// A line of so many records, of the time `begin`.
    fn store(folder: &Path, begin: i64, count: usize) -> Store {
        let store = Store::open(folder, &Options::default(), Arc::new(move || begin)).unwrap();
        let note = |_| Draft::note(RecordKind::Setting, Uuid::from_u128(1), b"{}".to_vec());
        store.append(LineId::NODE, (0..count).map(note).collect()).unwrap();
        store
    }

    fn erase(store: &Store, seq: u64) {
        store.erase(Uuid::from_u128(1), &json!({}), &[(LineId::NODE, Seq(seq))]).unwrap();
    }

    #[test]
    fn what_is_erased_is_seen_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path(), 1_000, 3);
        let (seen, was_erased) = look_on(&store, None).unwrap();
        assert_eq!((seen.upto, was_erased), (Seq(3), false));
        erase(&store, 2);
        let (later, was_erased) = look_on(&store, Some(seen)).unwrap();
        assert_eq!((later.upto, was_erased), (Seq(4), true));
        assert_eq!(look_on(&store, Some(later)).unwrap(), (later, false));
        assert_eq!(Seen::parse(&later.text()), Some(later));
        // As an earlier version has written it.
        let old = Seen::parse("3\n").unwrap();
        assert_eq!(look_on(&store, Some(old)).unwrap(), (later, true));
    }

    /// The number that was kept lay beyond the end, and what others erased on the way there was never let go.
    #[test]
    fn after_a_restore_to_an_earlier_time_all_is_made_anew_and_what_comes_then_is_seen() {
        let (dir, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let before = look_on(&store(dir.path(), 1_000, 5), None).unwrap().0;
        let store = store(restored.path(), 2_000, 2);
        for before in [before, Seen { added: None, ..before }] {
            let (seen, was_erased) = look_on(&store, Some(before)).unwrap();
            assert_eq!((seen.upto, was_erased), (Seq(2), true));
            assert_eq!(look_on(&store, Some(seen)).unwrap(), (seen, false), "once");
        }
        // So too where it has grown past that number by the time that this node begins.
        erase(&store, 1);
        for _ in 0..4 {
            let note = Draft::note(RecordKind::Setting, Uuid::from_u128(1), b"{}".to_vec());
            store.append(LineId::NODE, vec![note]).unwrap();
        }
        let (seen, was_erased) = look_on(&store, Some(before)).unwrap();
        assert_eq!((seen.upto, was_erased), (Seq(7), true));
    }
}
