#![no_main]
//! Files of labels: a label that is read has an address and a source, and is found again by its address in either case.

use libfuzzer_sys::fuzz_target;
use trace::label::{ADDRESS_BYTES_MAX, Category, Columns, Labels, NAME_BYTES_MAX, table, tag_pack};

fuzz_target!(|data: &[u8]| {
    let columns = Columns {
        address: "address".to_owned(),
        name: Some("label".to_owned()),
        category: None,
        otherwise: Category::Exchange,
        source: "test".into(),
        date: None,
        confidence: 40,
    };
    let packs = std::str::from_utf8(data).ok().and_then(|text| tag_pack(text, Category::Other).ok());
    let tables = table(data, &columns).ok();
    let mut labels = Labels::default();
    for (read, _) in packs.into_iter().chain(tables) {
        for (address, label) in &read {
            assert!(address.len() <= ADDRESS_BYTES_MAX && label.name.len() <= NAME_BYTES_MAX);
            assert!(!label.source.is_empty() && label.confidence <= 100);
        }
        let addresses: Vec<String> = read.iter().map(|(address, _)| address.clone()).collect();
        labels.add(read);
        for address in addresses {
            assert!(labels.best(&address).is_some());
        }
    }
});
