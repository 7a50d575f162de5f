//! What a store says of many accounts together is what reading one transfer after the other says.

use bongsu_trace::store::{Incoming, Limits, Store, Writer};
use bongsu_trace::{Account, Flows, Later, Moved, Transfer, U256};
use proptest::prelude::*;

/// Small segments, so that lists go over several.
const SMALL: Limits = Limits { segment_rows: 128, sort_rows: 16 };

/// A store that is asked for one transfer after the other.
struct Plain<'a>(&'a Store);

impl Flows for Plain<'_> {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn transfer(&self, number: u64) -> Option<Transfer> {
        self.0.transfer(number)
    }

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
        self.0.of(account)
    }
}

/// What comes before, up to so many.
fn earlier(flows: &impl Flows, accounts: &[(Account, u64)], most: usize) -> Vec<(usize, Moved)> {
    let mut all = Vec::new();
    let each = |place, moved| {
        all.push((place, moved));
        all.len() < most
    };
    flows.earlier(accounts, each).unwrap();
    all
}

/// What comes later on either side, and whether what is seen ahead came true.
fn later(flows: &impl Flows, account: Account, first: u64) -> (Vec<u64>, Vec<u64>) {
    let mut later = flows.later(account, first);
    let given = std::iter::from_fn(|| later.given()).collect();
    let taken = std::iter::from_fn(|| {
        let mut seen = Vec::new();
        later.see_taken(u64::MAX, 3, &mut seen);
        let next = later.taken();
        assert!(seen.len() <= 3 && (seen.is_empty() || seen.first().copied() == next), "{seen:?} {next:?}");
        next
    });
    (given, taken.collect())
}

fn written(folder: &std::path::Path, rows: &[(u8, u8, bool, u64)], dropped: Option<u64>) -> Store {
    let mut writer = Writer::create(folder, "testnet").unwrap().with_limits(SMALL);
    // In two appends.
    for (part, rows) in rows.chunks(rows.len() / 2 + 1).enumerate() {
        let mut append = writer.append();
        for (row, (from, to, is_token, amount)) in rows.iter().enumerate() {
            let amount = if *amount % 7 == 0 { U256::MAX - U256::from(*amount) } else { U256::from(*amount) };
            let (from, to) = (format!("0x{from:040x}"), format!("0x{to:040x}"));
            let asset = if *is_token { "TOKEN" } else { "ETH" };
            let (block, transaction, time) = (part as u64 * 1_000 + row as u64, "", 7);
            append
                .push(&Incoming { block, index: 0, transaction, time, from: &from, to: &to, asset, amount })
                .unwrap();
        }
        append.finish().unwrap();
    }
    if let Some(block) = dropped {
        writer.drop_from(block).unwrap();
    }
    Store::open(folder).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn many_together_are_one_after_the_other(
        rows in prop::collection::vec((0..5_u8, 0..5_u8, any::<bool>(), 0..50_u64), 0..700),
        asked in prop::collection::vec((0..6_u32, 0..800_u64), 0..90),
        dropped in prop::option::of(0..1_400_u64),
        most in 1..400_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = written(folder.path(), &rows, dropped);
        let accounts: Vec<_> = asked.iter().map(|(account, number)| (Account(*account), *number)).collect();
        store.glance_later(&accounts);
        prop_assert_eq!(earlier(&store, &accounts, usize::MAX), earlier(&Plain(&store), &accounts, usize::MAX));
        prop_assert_eq!(earlier(&store, &accounts, most), earlier(&Plain(&store), &accounts, most));
        for (account, first) in accounts {
            let found = later(&store, account, first);
            prop_assert_eq!(&found, &later(&Plain(&store), account, first));
            let from = |numbers: &mut dyn Iterator<Item = u64>| numbers.filter(|number| *number >= first).collect::<Vec<_>>();
            prop_assert_eq!(&found.0, &from(&mut store.given(account)));
            prop_assert_eq!(&found.1, &from(&mut store.taken(account)));
        }
    }
}
