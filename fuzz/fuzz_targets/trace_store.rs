#![no_main]
//! A store of transfers of which a file was changed or cut: it is refused or read, and nothing it says makes a reader fail.
//!
//! The input says which file, where and by what.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use trace::store::{Incoming, Writer};
use trace::{Account, Asset, Flows as _, Store, U256};

/// The files of a small store.
fn files() -> &'static BTreeMap<String, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let folder = dir.path().join("store");
        let mut writer = Writer::create(&folder, "test").unwrap_or_else(|error| panic!("{error}"));
        for day in 0..2_u64 {
            let mut append = writer.append();
            for index in 0..40_u32 {
                let [from, to] = [index % 7, index % 5 + 3].map(|number| format!("0x{number:040x}"));
                let incoming = Incoming {
                    block: day * 100 + u64::from(index / 4),
                    index: index % 4,
                    transaction: &format!("0x{index:064x}"),
                    time: 1_700_000_000 + i64::from(index),
                    from: &from,
                    to: &to,
                    asset: if index % 3 == 0 { "ETH" } else { "0x00000000000000000000000000000000000000aa" },
                    amount: if index % 11 == 0 { U256::MAX } else { U256::from(index) },
                };
                append.push(&incoming).unwrap_or_else(|error| panic!("{error}"));
            }
            append.finish().unwrap_or_else(|error| panic!("{error}"));
        }
        drop(writer);
        let mut files = BTreeMap::new();
        gather(&folder, "", &mut files);
        files
    })
}

fn gather(folder: &Path, before: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => gather(&entry.path(), &format!("{name}/"), files),
            false => drop(files.insert(name, std::fs::read(entry.path()).unwrap_or_default())),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&[which, high, low, cut], new)) = data.split_first_chunk::<4>() else { return };
    let mut files = files().clone();
    let count = files.len();
    let Some(file) = files.values_mut().nth(usize::from(which) % count) else { return };
    let at = (usize::from(high) << 8 | usize::from(low)) % (file.len() + 1);
    for (place, byte) in new.iter().enumerate() {
        match file.get_mut(at + place) {
            Some(old) => *old = *byte,
            None => file.push(*byte),
        }
    }
    if cut & 1 == 1 {
        file.truncate(at);
    }
    let Ok(store) = Store::from_bytes(&files) else { return };
    for number in 0..store.len().min(200) {
        let _transfer = store.transfer(number);
        let _id = store.transaction(number);
        let _place = store.place(number);
    }
    for account in (0..store.accounts().min(50)).map(Account) {
        // Of a file that was changed they may be in no order, but they are numbers of transfers.
        assert!(store.of(account).take(1_000).all(|number| number < store.len()));
        if let Some(address) = store.address(account) {
            let _account = store.account(&address);
        }
    }
    for asset in (0..store.assets().min(50)).map(Asset) {
        let _name = store.asset_name(asset);
        let _decimals = store.decimals(asset);
    }
    let mut all = Vec::new();
    store.chunk(0, 1_000, &mut all);
    let _verified = store.verify();
});
