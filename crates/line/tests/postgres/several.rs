//! Several processes beside one database: two stores stand for two processes, each with a folder of its own.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bongsu_line::{Draft, LineId, Outcome, RecordKind, Seq, Store};
use serde_json::json;
use uuid::Uuid;

use crate::between::Between;
use crate::erasing::{CANARY, CIRCLE, SENDER, add, draft, id, identity, withdraw};
use crate::home::{Home, settings};
use crate::server::Server;

/// Stores beside one database.
fn beside(home: &Home, count: usize) -> Vec<(tempfile::TempDir, Store)> {
    let one = |_| {
        let folder = tempfile::tempdir().unwrap();
        let store = home.open_beside(folder.path(), Arc::new(|| 1_000)).unwrap();
        store.ensure_line(CIRCLE);
        (folder, store)
    };
    (0..count).map(one).collect()
}

/// Waits until a store has so many records of the circle.
fn wait_for(store: &Store, size: u64) {
    let (until, mut grown) = (Instant::now() + Duration::from_secs(60), 0);
    while store.root(CIRCLE).unwrap().0 < size {
        assert!(Instant::now() < until, "{} of {size}", store.root(CIRCLE).unwrap().0);
        grown = store.wait_for_growth(grown, Duration::from_secs(1));
    }
}

#[test]
fn what_one_appends_the_other_has_and_judges_by() {
    let home = Home::new();
    let stores = beside(&home, 2);
    let [(_, one), (_, other)] = &stores[..] else { panic!() };
    let at = add(one, CIRCLE, &identity(1, 1, "a"));
    // The other need not have heard of it: it looks before it judges.
    let same = other.append(CIRCLE, vec![draft(&identity(1, 1, "a"))]).unwrap();
    assert_eq!(same, [Outcome::Present { seq: at }]);
    assert_eq!(add(other, CIRCLE, &identity(2, 1, "b")), Seq(at.0 + 1));
    wait_for(one, 2);
    assert_eq!(one.root(CIRCLE).unwrap(), other.root(CIRCLE).unwrap());
    let mut bodies = Vec::new();
    one.bodies(CIRCLE, &[Seq(1), Seq(2)], &mut |seq, _, body| bodies.push((seq, body.to_vec()))).unwrap();
    assert_eq!(bodies.len(), 2);
    assert!(home.verify().is_sound());
}

#[test]
fn a_line_that_another_made_is_there() {
    let home = Home::new();
    let stores = beside(&home, 2);
    let [(_, one), (_, other)] = &stores[..] else { panic!() };
    let line = LineId::new(Uuid::from_u128(0xbeef));
    one.ensure_line(line);
    add(one, line, &identity(1, 1, "a"));
    let until = Instant::now() + Duration::from_secs(60);
    while !other.root(line).is_ok_and(|(size, _)| size == 1) {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_one_erases_is_erased_for_the_other() {
    let home = Home::new();
    let stores = beside(&home, 2);
    let [(_, one), (_, other)] = &stores[..] else { panic!() };
    let at = add(one, CIRCLE, &identity(1, 1, CANARY));
    wait_for(other, 1);
    withdraw(other, CIRCLE, &id("identity", 1));
    wait_for(one, 2);
    one.erase(SENDER, &json!({}), &[(CIRCLE, at)]).unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while !other.look(CIRCLE, |catalogue| catalogue.entry(at).unwrap().erased()).unwrap() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut given = 0;
    other.bodies(CIRCLE, &[at], &mut |_, _, _| given += 1).unwrap();
    assert_eq!(given, 0);
    assert!(home.verify().is_sound());
}

#[test]
fn who_wants_no_more_bodies_has_little_more_of_them_read() {
    const EACH: usize = 512 * 1024;
    let server = Server::shared();
    let between = Between::new(server);
    let folder = tempfile::tempdir().unwrap();
    let database = Some(between.settings(&server.database()));
    let options = bongsu_line::Options { database, ..Default::default() };
    let store = Store::open(folder.path(), &options, Arc::new(|| 1_000)).unwrap();
    store.ensure_line(CIRCLE);
    let of = |number: u8| Draft::note(RecordKind::Setting, SENDER, vec![number; EACH]);
    for some in (0..48).collect::<Vec<u8>>().chunks(8) {
        store.append(CIRCLE, some.iter().map(|number| of(*number)).collect()).unwrap();
    }
    let seqs: Vec<Seq> = (1..=48).map(Seq).collect();
    let few = 12 * 1024 * 1024;
    let (before, mut given) = (between.came(), Vec::new());
    let mut on = |seq, _, body: Cow<'_, [u8]>| {
        given.push((seq, body.len()));
        if given.len() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    store.bodies_while(CIRCLE, &seqs, &mut on).unwrap();
    assert_eq!(given, [1, 2, 3].map(|seq| (Seq(seq), EACH)));
    assert!(between.came() - before < few, "{}", between.came() - before);
    // The next question has its own answer, and its first is given while others are still read.
    let (before, mut first, mut given) = (between.came(), None, Vec::new());
    let mut on = |seq, _, body: &[u8]| {
        first.get_or_insert_with(|| between.came() - before);
        given.push((seq, body[0]));
    };
    store.bodies(CIRCLE, &seqs, &mut on).unwrap();
    assert_eq!(given, (1..=48).zip(0..).map(|(seq, byte)| (Seq(seq), byte)).collect::<Vec<_>>());
    assert!(first.unwrap() < few, "{first:?}");
    // Of what is nearly at its end the rest is let by, over the same connection.
    let mut count = 0;
    let mut on = |_, _, _: Cow<'_, [u8]>| {
        count += 1;
        ControlFlow::Break(())
    };
    store.bodies_while(CIRCLE, &seqs[46..], &mut on).unwrap();
    assert_eq!(count, 1);
    assert_eq!(store.records(CIRCLE, Seq(0), 1).unwrap()[0].body, [0; EACH]);
}

/// A note that says who wrote it, and its number there.
fn note(writer: usize, number: usize) -> Draft {
    Draft::note(RecordKind::Setting, SENDER, format!("{writer} {number}").into_bytes())
}

/// Appends notes until it is told to stop, each until it is acknowledged; gives how many were.
fn write(store: &Store, writer: usize, stop: &AtomicBool) -> BTreeSet<String> {
    let mut acknowledged = BTreeSet::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        match store.append(CIRCLE, vec![note(writer, number)]) {
            Ok(outcomes) => {
                assert!(matches!(outcomes[..], [Outcome::Appended { .. }]), "{outcomes:?}");
                acknowledged.insert(format!("{writer} {number}"));
            }
            Err(error) => assert!(!stop.load(Ordering::Relaxed), "{error}"),
        }
    }
    acknowledged
}

/// Reads on from its cursor until it has read up to the end of the line, when it is told that nothing more comes.
fn read(store: &Store, ended: &AtomicBool) -> Vec<String> {
    let (mut cursor, mut grown, mut seen) = (Seq(0), 0, Vec::new());
    loop {
        let was_ended = ended.load(Ordering::Relaxed);
        let page = store.records(CIRCLE, cursor, 50).unwrap();
        match page.last() {
            Some(last) => {
                assert_eq!(page[0].seq, Seq(cursor.0 + 1), "none is skipped");
                cursor = last.seq;
            }
            None if was_ended => return seen,
            None => grown = store.wait_for_growth(grown, Duration::from_millis(200)),
        }
        seen.extend(page.into_iter().map(|record| String::from_utf8(record.body).unwrap()));
    }
}

#[test]
fn while_the_database_is_killed_again_and_again_each_acknowledged_record_is_read_once_by_each() {
    let mut server = Server::start();
    let name = server.database();
    let settings = settings(&server, &name);
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let stores: Vec<Store> = folders
        .iter()
        .map(|folder| {
            let options = bongsu_line::Options { database: Some(settings.clone()), ..Default::default() };
            let store = Store::open(folder.path(), &options, Arc::new(|| 1_000)).unwrap();
            store.ensure_line(CIRCLE);
            store
        })
        .collect();
    let (stop, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    let (acknowledged, seen) = std::thread::scope(|scope| {
        let writers: Vec<_> = stores
            .iter()
            .cycle()
            .take(6)
            .enumerate()
            .map(|(at, store)| {
                let stop = &stop;
                scope.spawn(move || write(store, at, stop))
            })
            .collect();
        let readers: Vec<_> = stores
            .iter()
            .map(|store| {
                let ended = &ended;
                scope.spawn(move || read(store, ended))
            })
            .collect();
        for _ in 0..6 {
            std::thread::sleep(Duration::from_millis(400));
            server.order("kill");
            server.wait();
        }
        std::thread::sleep(Duration::from_millis(300));
        stop.store(true, Ordering::Relaxed);
        let acknowledged: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        ended.store(true, Ordering::Relaxed);
        (acknowledged, readers.into_iter().map(|reader| reader.join().unwrap()).collect::<Vec<_>>())
    });
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    for seen in seen {
        let once: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(once.len(), seen.len(), "nothing is read, or written, twice");
        assert!(acknowledged.iter().all(|one| once.contains(one)), "all that was acknowledged is read");
    }
    drop(stores);
    let report = bongsu_line::verify(folders[0].path(), Some(&settings), &mut |_, _| ()).unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn a_row_that_was_changed_behind_its_back_is_found() {
    let home = Home::new();
    let stores = beside(&home, 2);
    let [(_, one), (_, other)] = &stores[..] else { panic!() };
    add(one, CIRCLE, &identity(1, 1, "a"));
    wait_for(other, 1);
    assert!(home.verify().is_sound());
    let changed = identity(1, 1, "b");
    let done = home.client().execute(
        "UPDATE record SET body = $1 WHERE line = $2 AND seq = 1",
        &[&changed.as_bytes(), &CIRCLE.uuid()],
    );
    assert_eq!(done.unwrap(), 1);
    assert!(!home.verify().is_sound());
    let folder = tempfile::tempdir().unwrap();
    assert!(home.open_beside(folder.path(), Arc::new(|| 0)).is_err());
    // A line that got shorter is not written on: what was acknowledged would be lost without a word.
    let mut client = home.client();
    client.execute("UPDATE line SET size = 0 WHERE id = $1", &[&CIRCLE.uuid()]).unwrap();
    let refused = one.append(CIRCLE, vec![note(0, 0)]).unwrap_err().to_string();
    assert!(refused.contains("has 0 records, and had 1"), "{refused}");
    assert!(one.behind().is_some(), "who serves hears of it");
}

/// Makes a line in the database end after so many records, as a server does that had not got all.
fn fall_back(home: &Home, (size, root): (u64, [u8; 32])) {
    let size = i64::try_from(size).unwrap();
    let mut client = home.client();
    let mut together = client.transaction().unwrap();
    together.execute("DELETE FROM record WHERE line = $1 AND seq > $2", &[&CIRCLE.uuid(), &size]).unwrap();
    let values: [&(dyn postgres::types::ToSql + Sync); 3] = [&size, &&root[..], &CIRCLE.uuid()];
    together.execute("UPDATE line SET size = $1, root = $2 WHERE id = $3", &values).unwrap();
    together.commit().unwrap();
}

/// Waits until a store says why it can't go on.
fn behind(store: &Store) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match store.behind() {
            Some(behind) => return behind,
            None => assert!(Instant::now() < until, "it goes on as if nothing were lost"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn who_only_reads_notices_that_the_database_has_lost_something() {
    let home = Home::new();
    let stores = beside(&home, 1);
    let store = &stores[0].1;
    add(store, CIRCLE, &identity(1, 1, "a"));
    let early = store.root(CIRCLE).unwrap();
    add(store, CIRCLE, &identity(2, 1, "b"));
    let whole = store.root(CIRCLE).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(store.behind(), None);
    fall_back(&home, early);
    assert!(behind(store).contains("it has 1 records, and had 2"), "{}", behind(store));
    // Another writes on from there: as long as before, and another line.
    let others = beside(&home, 1);
    add(&others[0].1, CIRCLE, &identity(3, 1, "c"));
    assert_eq!(others[0].1.root(CIRCLE).unwrap().0, whole.0);
    let until = Instant::now() + Duration::from_secs(60);
    while !behind(store).contains("do not give its root") {
        assert!(Instant::now() < until, "{}", behind(store));
        std::thread::sleep(Duration::from_millis(20));
    }
    // It stays so when the line has become longer.
    add(&others[0].1, CIRCLE, &identity(4, 1, "d"));
    std::thread::sleep(Duration::from_secs(2));
    assert!(store.behind().is_some());
    assert_eq!(others[0].1.behind(), None);
    // A line that is not there at all is shorter, too.
    home.client().execute("DELETE FROM line WHERE id = $1", &[&CIRCLE.uuid()]).unwrap();
    assert!(behind(&others[0].1).contains("it has 0 records, and had 3"), "{}", behind(&others[0].1));
}

#[test]
fn who_appends_while_others_do_is_never_taken_for_one_that_lost_something() {
    let home = Home::new();
    let stores = beside(&home, 2);
    std::thread::scope(|scope| {
        for (writer, (_, store)) in stores.iter().enumerate() {
            scope.spawn(move || {
                for number in 0..300 {
                    store.append(CIRCLE, vec![note(writer, number)]).unwrap();
                    assert_eq!(store.behind(), None);
                }
            });
        }
    });
    stores.iter().for_each(|(_, store)| wait_for(store, 600));
    assert_eq!(stores[0].1.root(CIRCLE).unwrap(), stores[1].1.root(CIRCLE).unwrap());
    assert!(stores.iter().all(|(_, store)| store.behind().is_none()));
}

#[test]
fn tables_of_a_later_version_are_left_alone() {
    let home = Home::new();
    drop(home.open(Arc::new(|| 0)).unwrap());
    home.client().batch_execute("INSERT INTO tables (version) VALUES (3)").unwrap();
    let refused = home.open(Arc::new(|| 0)).err().unwrap().to_string();
    assert!(refused.contains("use a newer program"), "{refused}");
}
