//! The store through its public face: what goes in comes out, whatever happens in between.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bongsu_trace::store::{Append, Damage, Incoming, Limits, Memory, Place, Store, StoreError, Writer};
use bongsu_trace::{Account, Flows, Later, Transfer, U256};
use proptest::prelude::*;

/// A transfer of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Moved {
    block: u64,
    index: u32,
    transaction: String,
    time: i64,
    from: String,
    to: String,
    asset: String,
    amount: U256,
}

impl Moved {
    fn incoming(&self) -> Incoming<'_> {
        Incoming {
            block: self.block,
            index: self.index,
            transaction: &self.transaction,
            time: self.time,
            from: &self.from,
            to: &self.to,
            asset: &self.asset,
            amount: self.amount,
        }
    }

    fn same(&self) -> (u64, u32, &str, &str, &str, &str, U256) {
        (self.block, self.index, &self.transaction, &self.from, &self.to, &self.asset, self.amount)
    }
}

/// Small sizes, so that a few hundred transfers make several segments and runs.
const SMALL: Limits = Limits { segment_rows: 64, sort_rows: 16 };

fn address(number: u8) -> String {
    if number.is_multiple_of(3) { format!("Tron{number}") } else { format!("0x{number:040x}") }
}

fn moved() -> impl Strategy<Value = Moved> {
    let amount = prop_oneof![
        4 => any::<u64>().prop_map(U256::from),
        1 => Just(U256::ZERO),
        1 => any::<u128>().prop_map(U256::from),
        1 => any::<[u64; 4]>().prop_map(U256::from_limbs),
    ];
    let transaction = prop_oneof![
        6 => (0..5_u8).prop_map(|n| format!("0x{:064x}", n)),
        1 => Just(String::new()),
        1 => (0..3_u8).prop_map(|n| format!("0x{:08x}", n)),
        1 => (0..3_u8).prop_map(|n| format!("signature{n}")),
    ];
    (0..40_u64, 0..4_u32, transaction, 0..=i64::from(u32::MAX), 0..20_u8, 0..20_u8, 0..3_u8, amount).prop_map(
        |(block, index, transaction, time, from, to, asset, amount)| Moved {
            block,
            index,
            transaction,
            time,
            from: address(from),
            to: address(to),
            asset: format!("coin{asset}"),
            amount,
        },
    )
}

/// One append: from which block on is dropped, and what is added, sorted or not.
fn step() -> impl Strategy<Value = (Option<u64>, bool, u64, Vec<Moved>)> {
    let rows = prop::collection::vec(moved(), 0..120);
    (prop::option::weighted(0.2, 0..60_u64), any::<bool>(), 0..60_u64, rows)
}

/// What the store has to hold: sorted, of one place in the order of coming, duplicates left out.
fn apply(model: &mut Vec<Moved>, drop_from: Option<u64>, rows: &[Moved]) -> usize {
    if let Some(block) = drop_from {
        model.retain(|moved| moved.block < block);
    }
    let mut duplicates = 0;
    for moved in rows {
        if model.iter().any(|other| other.same() == moved.same()) {
            duplicates += 1;
        } else {
            model.push(moved.clone());
        }
    }
    model.sort_by_key(|moved| (moved.block, moved.index));
    duplicates
}

fn push_all(append: &mut Append<'_>, rows: &[Moved]) {
    for moved in rows {
        append.push(&moved.incoming()).unwrap();
    }
}

fn check(store: &Store, model: &[Moved]) {
    assert_eq!(store.len(), model.len() as u64);
    let mut of: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for (number, moved) in (0..).zip(model) {
        let transfer = store.transfer(number).unwrap();
        assert_eq!(store.address(transfer.from).as_ref(), Some(&moved.from));
        assert_eq!(store.address(transfer.to).as_ref(), Some(&moved.to));
        assert_eq!(store.asset_name(transfer.asset).as_ref(), Some(&moved.asset));
        assert_eq!((transfer.amount, transfer.time), (moved.amount, moved.time));
        assert_eq!(store.place(number), Some(Place { block: moved.block, index: moved.index }));
        assert_eq!(store.transaction(number).unwrap_or_default(), moved.transaction);
        of.entry(&moved.from).or_default().insert(number);
        of.entry(&moved.to).or_default().insert(number);
    }
    for number in 0..20 {
        let address = address(number);
        let Some(account) = store.account(&address) else {
            assert!(!of.contains_key(address.as_str()));
            continue;
        };
        let expected: Vec<u64> = of.get(address.as_str()).into_iter().flatten().copied().collect();
        assert_eq!(store.of(account).collect::<Vec<_>>(), expected);
        let side = |gives: bool| {
            let mine = |moved: &&Moved| address == if gives { &*moved.from } else { &*moved.to };
            let numbered = (0..).zip(model);
            numbered.filter(|(_, moved)| mine(moved)).map(|(number, _)| number).collect::<Vec<u64>>()
        };
        assert_eq!(store.given(account).collect::<Vec<_>>(), side(true));
        assert_eq!(store.taken(account).collect::<Vec<_>>(), side(false));
        for first in [0, 1, model.len() as u64 / 2, model.len() as u64] {
            let behind: Vec<u64> = side(true).into_iter().filter(|number| *number >= first).collect();
            assert_eq!(store.given(account).starting_at(first).collect::<Vec<_>>(), behind);
        }
        for before in [0, model.len() as u64 / 2, model.len() as u64, u64::MAX] {
            let both = [true, false].into_iter().flat_map(side).filter(|number| *number < before);
            assert_eq!(store.count_of(account, before), both.count() as u64, "{address} before {before}");
        }
    }
    check_transactions(store, model);
    for block in 0..42 {
        let first = model.partition_point(|moved| moved.block < block);
        assert_eq!(store.first_of_block(block), first as u64, "block {block}");
    }
    let times = || model.iter().map(|moved| moved.time);
    assert_eq!(store.times(), times().min().zip(times().max()));
    assert_eq!(store.transfer(model.len() as u64), None);
    assert_eq!(store.place(u64::MAX), None);
    assert_eq!(store.of(Account(u32::MAX)).count(), 0);
    for (first, most) in [(0, usize::MAX), (3, 5), (model.len() as u64, 1)] {
        let mut chunk = Vec::new();
        store.chunk(first, most, &mut chunk);
        let one_by_one: Vec<_> =
            (first..).take(most.min(model.len())).map_while(|number| store.transfer(number)).collect();
        assert_eq!(chunk, one_by_one);
    }
    store.verify().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_goes_in_comes_out_in_order_over_several_appends(steps in prop::collection::vec(step(), 1..6)) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(folder.path(), "testnet").unwrap().with_limits(SMALL);
        let mut model = Vec::new();
        for (drop_from, sorted, later, mut rows) in steps {
            rows.iter_mut().for_each(|moved| moved.block = (moved.block / 4 + later).min(40));
            if sorted {
                rows.sort_by_key(|moved| (moved.block, moved.index));
            }
            let before = model.len();
            let mut append = writer.append();
            if let Some(block) = drop_from {
                append.drop_from(block).unwrap();
            }
            push_all(&mut append, &rows);
            let appended = append.finish().unwrap();
            let duplicates = apply(&mut model, drop_from, &rows);
            prop_assert_eq!(appended.duplicates, duplicates as u64);
            prop_assert_eq!(appended.added, (rows.len() - duplicates) as u64);
            prop_assert_eq!(before as u64 + appended.added - appended.dropped, model.len() as u64);
            check(&Store::open(folder.path()).unwrap(), &model);
        }
        drop(writer);
        check(Writer::open(folder.path()).unwrap().store(), &model);
        check(&Store::from_bytes(&files(folder.path())).unwrap(), &model);
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

fn transfer(block: u64, index: u32, from: u8, to: u8, amount: u64) -> Moved {
    Moved {
        block,
        index,
        transaction: format!("0x{block:062x}{:02x}", index % 256),
        time: block as i64 * 12,
        from: address(from),
        to: address(to),
        asset: "coin0".to_owned(),
        amount: U256::from(amount),
    }
}

fn some(blocks: std::ops::Range<u64>) -> Vec<Moved> {
    blocks
        .flat_map(|block| (0..3).map(move |index| transfer(block, index, block as u8 % 7, 9, block)))
        .collect()
}

fn store_with(folder: &Path, rows: &[Moved]) -> Writer {
    let mut writer = Writer::create(folder, "testnet").unwrap().with_limits(SMALL);
    let mut append = writer.append();
    push_all(&mut append, rows);
    append.finish().unwrap();
    writer
}

#[test]
fn one_writes_and_many_read() {
    let folder = tempfile::tempdir().unwrap();
    let rows = some(0..10);
    let mut writer = store_with(folder.path(), &rows);
    assert!(matches!(Writer::open(folder.path()), Err(StoreError::Locked { .. })));
    assert!(matches!(Writer::create(folder.path(), "x"), Err(StoreError::Occupied { .. })));
    let before = Store::open(folder.path()).unwrap();
    let more = some(10..12);
    let mut append = writer.append();
    push_all(&mut append, &more);
    append.finish().unwrap();
    check(&before, &rows);
    check(&Store::open(folder.path()).unwrap(), &[rows, more].concat());
    drop(writer);
    assert_eq!(Writer::open(folder.path()).unwrap().store().chain(), "testnet");
    assert!(matches!(Store::open(&folder.path().join("elsewhere")), Err(StoreError::Absent { .. })));
}

#[test]
fn an_append_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rows = some(0..10);
    let mut writer = store_with(folder.path(), &rows);
    let before = files(folder.path());
    let mut append = writer.append();
    push_all(&mut append, &some(5..100));
    append.drop_from(2).unwrap();
    drop(append);
    assert_eq!(files(folder.path()), before);
    check(writer.store(), &rows);
}

#[test]
fn what_a_killed_append_left_is_swept_away() {
    let folder = tempfile::tempdir().unwrap();
    let rows = some(0..10);
    drop(store_with(folder.path(), &rows));
    let before = files(folder.path());
    // As if the power had failed after the segment, or while the manifest was written.
    let left = folder.path().join("segment-0000000099");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("records"), b"half a rec").unwrap();
    fs::write(folder.path().join("manifest.next"), b"bongsu-flows 1234").unwrap();
    check(&Store::open(folder.path()).unwrap(), &rows);
    let mut writer = Writer::open(folder.path()).unwrap().with_limits(SMALL);
    assert_eq!(files(folder.path()), before);
    let mut append = writer.append();
    let more = some(10..20);
    push_all(&mut append, &more);
    append.finish().unwrap();
    check(writer.store(), &[rows, more].concat());
}

#[test]
fn a_reorganisation_of_depth_twelve_puts_other_blocks_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let rows = some(0..100);
    let mut writer = store_with(folder.path(), &rows);
    let mut append = writer.append();
    append.drop_from(88).unwrap();
    let others: Vec<_> = (88..101).map(|block| transfer(block, 1, 3, 4, 77)).collect();
    push_all(&mut append, &others);
    let appended = append.finish().unwrap();
    assert_eq!((appended.dropped, appended.added, appended.duplicates), (36, 13, 0));
    let mut model = rows;
    model.retain(|moved| moved.block < 88);
    model.extend(others);
    check(writer.store(), &model);
    assert_eq!(writer.drop_from(0).unwrap(), model.len() as u64);
    check(writer.store(), &[]);
    assert_eq!(writer.drop_from(0).unwrap(), 0);
}

#[test]
fn days_that_follow_each_other_are_few_segments() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), "testnet")
        .unwrap()
        .with_limits(Limits { segment_rows: 1 << 20, ..SMALL });
    let mut model = Vec::new();
    for day in 0..100 {
        let rows = some(day * 3..day * 3 + 3);
        let mut append = writer.append();
        push_all(&mut append, &rows);
        append.finish().unwrap();
        model.extend(rows);
    }
    check(writer.store(), &model);
    let segments = fs::read_dir(folder.path()).unwrap();
    let segments =
        segments.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("segment"));
    assert!(segments.count() <= 8);
}

/// Found with a Parquet file in small pieces: what came late went behind what had come after it.
#[test]
fn rows_of_one_place_stay_in_the_order_in_which_they_came_however_unordered_the_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), "testnet").unwrap().with_limits(SMALL);
    let mut append = writer.append();
    // Enough for several batches, each of which has a few places, some of them those of other batches.
    let place = |number: u64| [30, 10, 40, 20, 41, 41][(number / 15_000) as usize % 6] + number % 3;
    for number in 0..90_000 {
        let mut moved = transfer(place(number), 0, 1, 2, 3);
        moved.transaction = format!("0x{number:08x}");
        append.push(&moved.incoming()).unwrap();
    }
    append.finish().unwrap();
    let store = writer.store();
    let mut order: Vec<u64> = (0..90_000).collect();
    order.sort_by_key(|number| place(*number));
    for (number, came) in (0..).zip(order) {
        assert_eq!(store.transaction(number), Some(format!("0x{came:08x}")));
    }
}

#[test]
fn a_hundred_thousand_duplicates_are_counted_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), "testnet").unwrap();
    let one = transfer(5, 0, 1, 2, 3);
    let mut other = one.clone();
    other.index = 1;
    let mut append = writer.append();
    for number in 0..100_001 {
        append.push(&one.incoming()).unwrap();
        if number == 50_000 {
            append.push(&other.incoming()).unwrap();
        }
    }
    let appended = append.finish().unwrap();
    assert_eq!((appended.added, appended.duplicates), (2, 100_000));
    let mut append = writer.append();
    (0..100_000).for_each(|_| append.push(&one.incoming()).unwrap());
    let appended = append.finish().unwrap();
    assert_eq!((appended.added, appended.duplicates), (0, 100_000));
    check(writer.store(), &[one, other]);
}

#[test]
fn missing_and_shortened_files_are_told_and_nothing_panics() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = some(0..30);
    rows[3].amount = U256::MAX;
    rows[5].transaction = "odd".to_owned();
    drop(store_with(folder.path(), &rows));
    let whole = files(folder.path());
    for name in whole.keys().filter(|name| *name != "lock") {
        let path = folder.path().join(name);
        let bytes = &whole[name];
        fs::remove_file(&path).unwrap();
        let error = Store::open(folder.path()).unwrap_err();
        let absent = matches!(error, StoreError::Absent { .. });
        let missing =
            matches!(&error, StoreError::Damaged { damage: Damage::Missing, path: told } if *told == path);
        assert!(absent || missing, "{error}");
        if !bytes.is_empty() {
            fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
            let error = Store::open(folder.path()).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        }
        fs::write(&path, bytes).unwrap();
    }
    check(&Store::open(folder.path()).unwrap(), &rows);
}

/// The transfers of each transaction are those that bear its name, in one block or in all.
fn check_transactions(store: &Store, model: &[Moved]) {
    let named = |name: &str, in_block: Option<u64>| -> Vec<u64> {
        let is_meant =
            |moved: &Moved| moved.transaction == name && in_block.is_none_or(|block| moved.block == block);
        (0..).zip(model).filter(|(_, moved)| is_meant(moved)).map(|(number, _)| number).collect()
    };
    let mut wanted = BTreeSet::from(["nowhere".to_owned(), String::new(), "a b".to_owned()]);
    let mut expected = BTreeMap::new();
    for (number, moved) in (0..).zip(model) {
        let own = &moved.transaction;
        let beside: Vec<u64> = match own.is_empty() {
            true => vec![number],
            false => named(own, Some(moved.block)),
        };
        assert_eq!(store.beside(number), beside);
        if !own.is_empty() {
            wanted.insert(own.clone());
            expected.insert(own.clone(), named(own, None));
        }
    }
    assert_eq!(store.of_transactions(&wanted), expected);
    assert_eq!(store.beside(model.len() as u64), Vec::<u64>::new());
}

/// Reads everything that can be read.
fn read_all(store: &Store) {
    for number in 0..store.len() + 1 {
        if let Some(transfer) = store.transfer(number) {
            assert!(transfer.from.0 < store.accounts() && transfer.to.0 < store.accounts());
        }
        let _ = (store.place(number), store.transaction(number), store.beside(number));
    }
    for account in 0..store.accounts() + 1 {
        let account = Account(account);
        assert!(store.of(account).all(|number| number < store.len()));
        // What is damaged may be told as such, or be another number.
        let _ = store.earlier(&[(account, 3), (account, u64::MAX)], |_, _| true);
        let mut later = store.later(account, 3);
        while later.given().or_else(|| later.taken()).is_some_and(|number| number < store.len()) {}
        if let Some(address) = store.address(account) {
            let _ = store.account(&address);
        }
    }
    for block in 0..40 {
        assert!(store.first_of_block(block) <= store.len());
    }
}

#[test]
fn changed_bytes_are_found_by_verifying_and_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = some(0..10);
    rows[3].amount = U256::MAX;
    rows[5].transaction = "odd".to_owned();
    drop(store_with(folder.path(), &rows));
    let mut files = files(folder.path());
    let names: Vec<_> = files.keys().filter(|name| *name != "lock" && *name != "manifest").cloned().collect();
    for name in names {
        for place in 0..files[&name].len() {
            for value in [0xff, 0x00, 0x80] {
                let byte = std::mem::replace(&mut files.get_mut(&name).unwrap()[place], value);
                if byte != value && (place < 64 || place.is_multiple_of(7)) {
                    let store = Store::from_bytes(&files).unwrap();
                    read_all(&store);
                    let error = store.verify().unwrap_err();
                    assert!(matches!(error, StoreError::Damaged { damage: Damage::Checksum, .. }));
                }
                files.get_mut(&name).unwrap()[place] = byte;
            }
        }
    }
}

#[test]
fn what_is_no_transfer_is_refused_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), "testnet").unwrap();
    let good = transfer(1, 0, 1, 2, 3);
    let mut append = writer.append();
    for change in [
        |moved: &mut Moved| moved.time = -1,
        |moved: &mut Moved| moved.time = 1 << 32,
        |moved: &mut Moved| moved.from = String::new(),
        |moved: &mut Moved| moved.to = "0xnothex".to_owned(),
        |moved: &mut Moved| moved.asset = "a".repeat(129),
        |moved: &mut Moved| moved.transaction = "a b".to_owned(),
    ] {
        let mut bad = good.clone();
        change(&mut bad);
        let error = append.push(&bad.incoming()).unwrap_err();
        assert!(matches!(error, StoreError::Time { .. } | StoreError::Name { .. }), "{error}");
    }
    append.push(&good.incoming()).unwrap();
    assert_eq!(append.finish().unwrap().added, 1);
    check(writer.store(), &[good]);
    assert!(matches!(Writer::create(folder.path(), "a b"), Err(StoreError::Name { .. })));
}

#[test]
fn an_asset_has_one_number_of_decimals() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = store_with(folder.path(), &some(0..1));
    let mut append = writer.append();
    append.set_decimals("coin0", 18).unwrap();
    append.set_decimals("coin0", 18).unwrap();
    append.push(&transfer(7, 0, 1, 2, 3).incoming()).unwrap();
    append.finish().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.decimals(store.asset("coin0").unwrap()), Some(18));
    let mut append = writer.append();
    let error = append.set_decimals("coin0", 6).unwrap_err();
    assert!(matches!(error, StoreError::Decimals { stored: 18, given: 6, .. }), "{error}");
}

#[test]
fn a_damaged_store_is_not_merged_into_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_with(folder.path(), &some(0..10)));
    let records = files(folder.path()).into_iter().find(|(name, _)| name.ends_with("/blocks")).unwrap().0;
    let path = folder.path().join(records);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, vec![0xff; bytes.len()]).unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let mut append = writer.append();
    push_all(&mut append, &some(5..6));
    let error = append.finish().unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

proptest! {
    #[test]
    fn in_memory_it_is_the_same(rows in prop::collection::vec((0..6_u32, 0..6_u32, any::<u64>()), 0..50)) {
        let transfers: Vec<_> = rows.iter().map(|(from, to, amount)| Transfer {
            from: Account(*from),
            to: Account(*to),
            asset: bongsu_trace::Asset(0),
            amount: U256::from(*amount),
            time: 7,
        }).collect();
        let memory = Memory::from(transfers.clone());
        prop_assert_eq!(memory.len(), transfers.len() as u64);
        for account in 0..6 {
            let expected: Vec<u64> = (0..transfers.len() as u64)
                .filter(|number| {
                    let transfer = transfers[*number as usize];
                    transfer.from.0 == account || transfer.to.0 == account
                })
                .collect();
            prop_assert_eq!(memory.of(Account(account)).collect::<Vec<_>>(), expected);
            let sides = rows.iter().map(|(from, to, _)| u64::from(*from == account) + u64::from(*to == account));
            prop_assert_eq!(memory.count_of(Account(account), u64::MAX), sides.sum::<u64>());
        }
        prop_assert_eq!(memory.transfer(transfers.len() as u64), None);
    }
}
