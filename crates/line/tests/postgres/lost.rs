//! Connections that are lost in the middle of something.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bongsu_line::{Draft, OpenError, Options, RecordKind, Store};

use crate::between::{Between, Cut};
use crate::erasing::{CIRCLE, SENDER, add, identity};
use crate::home::settings;
use crate::server::Server;

/// A new database, what stands before it, and its name.
fn between() -> (Between, String) {
    let server = Server::shared();
    (Between::new(server), server.database())
}

fn open(folder: &tempfile::TempDir, database: bongsu_line::Database) -> Result<Store, OpenError> {
    let options = Options { database: Some(database), ..Options::default() };
    let store = Store::open(folder.path(), &options, Arc::new(|| 1_000))?;
    store.ensure_line(CIRCLE);
    Ok(store)
}

#[test]
fn a_connection_that_is_lost_during_a_start_is_no_damage() {
    let (between, name) = between();
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, between.settings(&name)).unwrap();
    add(&store, CIRCLE, &identity(1, 1, "a"));
    drop(store);
    for cut in [Cut::Unheard, Cut::Unanswered] {
        between.cut("SELECT seq,", cut, || ());
        let refused = open(&folder, between.settings(&name)).err().unwrap();
        assert!(between.has_cut());
        assert!(matches!(refused, OpenError::Backend(_)), "{refused}");
        assert!(!refused.to_string().contains("restore a backup"), "{refused}");
    }
    assert_eq!(open(&folder, between.settings(&name)).unwrap().root(CIRCLE).unwrap().0, 1);
}

#[test]
fn who_swapped_before_the_connection_was_lost_was_the_first() {
    let (between, name) = between();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = open(&folders[0], between.settings(&name)).unwrap();
    let other = open(&folders[1], settings(Server::shared(), &name)).unwrap();
    let [mine, theirs] = [&one, &other].map(|store| store.beside().unwrap().room("things"));
    mine.get("a").unwrap();
    // It was written, and the answer was lost.
    between.cut("INSERT INTO kept", Cut::Unanswered, || ());
    let first = mine.swap("a", Some(b"spent"), None).unwrap();
    assert!(between.has_cut());
    assert_eq!(first, theirs.get("a").unwrap().map(|kept| kept.version));
    assert_eq!(theirs.swap("a", Some(b"spent"), None).unwrap(), None);
    between.cut("UPDATE kept", Cut::Unanswered, || ());
    let second = mine.swap("a", Some(b"again"), first).unwrap();
    assert!(second > first && second == theirs.get("a").unwrap().map(|kept| kept.version));
    // It was not written.
    between.cut("UPDATE kept", Cut::Unheard, || ());
    let third = mine.swap("a", Some(b"more"), second).unwrap();
    assert!(third > second);
    // Another wrote the very same meanwhile: that was not this one.
    let same = theirs.clone();
    between.cut("UPDATE kept", Cut::Unheard, move || {
        same.swap("a", Some(b"same"), third).unwrap().unwrap();
    });
    assert_eq!(mine.swap("a", Some(b"same"), third).unwrap(), None);
    let same = theirs.clone();
    between.cut("INSERT INTO kept", Cut::Unheard, move || {
        same.swap("b", Some(b"spent"), None).unwrap().unwrap();
    });
    assert_eq!(mine.swap("b", Some(b"spent"), None).unwrap(), None);
    // Of what is gone nobody can say who took it away.
    let version = theirs.get("b").unwrap().map(|kept| kept.version);
    between.cut("DELETE FROM kept", Cut::Unanswered, || ());
    assert!(matches!(mine.swap("b", None, version), Err(bongsu_line::StorageError::Unknown)));
    assert_eq!(theirs.get("b").unwrap(), None);
}

#[test]
fn what_was_written_before_the_connection_was_lost_is_written_once() {
    let (between, name) = between();
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, between.settings(&name)).unwrap();
    let note = |text: &str| vec![Draft::note(RecordKind::Setting, SENDER, text.as_bytes().to_vec())];
    store.append(CIRCLE, note("a")).unwrap();
    for (at, cut) in [Cut::Unheard, Cut::Unanswered].into_iter().enumerate() {
        between.cut("COMMIT", cut, || ());
        let began = Instant::now();
        store.append(CIRCLE, note("b")).unwrap();
        assert!(between.has_cut() && began.elapsed() < Duration::from_secs(30));
        assert_eq!(store.root(CIRCLE).unwrap().0, at as u64 + 2);
    }
    drop(store);
    assert_eq!(open(&folder, settings(Server::shared(), &name)).unwrap().root(CIRCLE).unwrap().0, 3);
}
