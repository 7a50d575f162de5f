//! Cleaning tables of what was erased, beside others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bongsu_line::{Database, Options, Seq, Store, verify};
use serde_json::json;

use crate::erasing::{CIRCLE, SENDER, add, id, identity, withdraw};
use crate::home::{Home, settings};
use crate::server::Server;

fn open(folder: &tempfile::TempDir, database: &Database) -> Store {
    let options = Options { database: Some(database.clone()), ..Options::default() };
    let store = Store::open(folder.path(), &options, Arc::new(|| 1_000)).unwrap();
    store.ensure_line(CIRCLE);
    store
}

/// Adds something and erases it.
fn erase(store: &Store, number: u128) {
    let at = add(store, CIRCLE, &identity(number, 1, "a"));
    withdraw(store, CIRCLE, &id("identity", number));
    store.erase(SENDER, &json!({}), &[(CIRCLE, at)]).unwrap();
}

#[test]
fn a_node_starts_while_something_older_is_open_on_the_server() {
    let server = Server::start();
    let (name, other) = (server.database(), server.database());
    let database = settings(&server, &name);
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, &database);
    erase(&store, 1);
    drop(store);
    let mut older = server.client(&other);
    older.batch_execute("BEGIN; CREATE TABLE something (number int)").unwrap();
    let store = open(&folder, &database);
    assert!(store.has_remains().unwrap(), "it is still to be cleaned");
    assert!(store.scrub().unwrap_err().to_string().contains("still under way"));
    older.batch_execute("COMMIT").unwrap();
    store.scrub().unwrap();
    assert!(!store.has_remains().unwrap());
}

#[test]
fn what_is_erased_while_another_cleans_is_still_to_be_cleaned() {
    let home = Home::new();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = [0, 1].map(|at| open(&folders[at], home.database()));
    erase(&one, 1);
    std::thread::scope(|scope| {
        // It has cleaned `record`, and waits for `kept`.
        let mut reading = home.client();
        reading.batch_execute("BEGIN; SELECT count(*) FROM kept").unwrap();
        let cleaning = scope.spawn(|| one.scrub());
        let until = Instant::now() + Duration::from_secs(15);
        let mut looking = home.client();
        let waits =
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'kept'::regclass)";
        while !looking.query_one(waits, &[]).unwrap().get::<_, bool>(0) {
            assert!(Instant::now() < until && !cleaning.is_finished());
            std::thread::sleep(Duration::from_millis(10));
        }
        erase(&other, 2);
        reading.batch_execute("COMMIT").unwrap();
        cleaning.join().unwrap().unwrap();
    });
    assert!(other.has_remains().unwrap());
    other.scrub().unwrap();
    assert!(!other.has_remains().unwrap());
    // What a program of before marked is cleaned as well.
    home.client().batch_execute("INSERT INTO remains (since) VALUES (1)").unwrap();
    one.scrub().unwrap();
    assert!(!one.has_remains().unwrap());
}

#[test]
fn who_reads_is_told_when_tables_are_written_anew_for_long_and_who_copies_waits() {
    // A server of its own: who cleans waits for whatever writes on a server, and this writes for half a minute.
    let server = Server::start();
    let name = server.database();
    let database = settings(&server, &name);
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, &database);
    add(&store, CIRCLE, &identity(1, 1, "a"));
    let mut anew = server.client(&name);
    anew.batch_execute("BEGIN; LOCK TABLE record IN ACCESS EXCLUSIVE MODE").unwrap();
    std::thread::scope(|scope| {
        let checking = scope.spawn(|| verify(folder.path(), Some(&database), &mut |_, _| ()));
        let began = Instant::now();
        let refused = store.records(CIRCLE, Seq(0), 1).unwrap_err().to_string();
        assert!(refused.contains("busy with others") && refused.contains("writes them anew"), "{refused}");
        assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
        assert!(!checking.is_finished());
        anew.batch_execute("COMMIT").unwrap();
        assert!(checking.join().unwrap().unwrap().is_sound());
    });
    assert_eq!(store.records(CIRCLE, Seq(0), 1).unwrap().len(), 1);
}
