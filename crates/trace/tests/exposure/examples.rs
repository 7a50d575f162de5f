//! Exposure worked out by hand, and what must not happen.

use bongsu_trace::exposure::{End, Exposure, ExposureError, Limits, Party, Side, exposure};
use bongsu_trace::label::Category;
use bongsu_trace::store::Memory;
use bongsu_trace::{Account, Asset, Flows, Transfer, U256};

use super::ledger;

/// From 100 on exchanges, from 200 on thieves.
fn category(account: Account) -> Option<Category> {
    match account.0 {
        200.. => Some(Category::Theft),
        100.. => Some(Category::Exchange),
        _ => None,
    }
}

fn of(flows: &Memory, account: u32, side: Side, limits: Limits) -> Exposure {
    exposure(flows, Account(account), side, None, category, limits).unwrap()
}

/// End, direct, indirect, thousandths of hops.
fn told(found: &Exposure) -> Vec<(End, u64, u64, u64)> {
    let row = |row: &bongsu_trace::exposure::Row| {
        (row.end, row.direct().to(), row.indirect().to(), row.hops_mean_thousandths())
    };
    found.rows.iter().map(row).collect()
}

const EXCHANGE: End = End::Label(Category::Exchange);
const THEFT: End = End::Label(Category::Theft);

#[test]
fn direct_and_indirect_sources_are_told_apart() {
    // 1 has 60 of an exchange and 40 of a thief, pays 50 to 9; an exchange pays 25 to it directly.
    let (flows, _) =
        ledger([(100, 1, 0, 60), (200, 1, 0, 40), (1, 9, 0, 50), (100, 9, 0, 25), (200, 1, 0, 7)]);
    let found = of(&flows, 9, Side::Sources, Limits::default());
    assert_eq!(told(&found), [(EXCHANGE, 25, 30, 1_545), (THEFT, 0, 20, 2_000)]);
    assert_eq!(found.rows[0].hops_least(), 1);
    let shares: Vec<u32> = found.shares(Asset(0)).into_iter().map(|(_, share)| share).collect();
    assert_eq!(shares, [733_333, 266_667]);
    assert_eq!((found.passed, found.totals[0].amount, found.totals[0].transfers), (1, U256::from(75), 2));
    assert_eq!(
        found.rows[1].largest,
        [Party { account: Account(200), amount: U256::from(20), hops_least: 2 }]
    );
}

#[test]
fn sinks_are_what_was_passed_on_later() {
    // 1 had 10 of its own; of the 30 that it then got of 9 it passes on three quarters of all that it pays.
    let (flows, _) = ledger([
        (100, 1, 0, 10),
        (1, 101, 0, 4),
        (100, 1, 0, 4),
        (9, 1, 0, 30),
        (1, 101, 0, 20),
        (1, 2, 0, 8),
        (2, 200, 0, 8),
    ]);
    let found = of(&flows, 9, Side::Sinks, Limits::default());
    assert_eq!(told(&found), [(EXCHANGE, 0, 15, 2_000), (End::Held, 9, 0, 1_000), (THEFT, 0, 6, 3_000)]);
}

#[test]
fn who_gives_more_than_it_got_leaves_the_rest_unexplained() {
    let (flows, _) = ledger([(200, 1, 0, 10), (1, 9, 0, 30), (1, 9, 0, 5)]);
    let found = of(&flows, 9, Side::Sources, Limits::default());
    assert_eq!(told(&found), [(End::Unexplained, 25, 0, 1_000), (THEFT, 0, 10, 2_000)]);
}

#[test]
fn circles_end_and_the_address_itself_is_one_as_any_other() {
    let (flows, _) = ledger([
        (200, 9, 0, 8),
        (9, 1, 0, 8),
        (1, 2, 0, 8),
        (2, 1, 0, 8),
        (1, 9, 0, 8),
        (9, 9, 0, 8),
        (9, 1, 0, 0),
    ]);
    let found = of(&flows, 9, Side::Sources, Limits::default());
    // Directly, and once more by way of 1, 2, 1 and itself.
    assert_eq!(found.rows[0].by_hop, [(1, U256::from(8)), (5, U256::from(8))]);
    let found = of(&flows, 9, Side::Sinks, Limits::default());
    assert_eq!(told(&found), [(End::Held, 0, 8, 4_000)]);
}

#[test]
fn limits_end_a_way_and_say_why() {
    let chain =
        || vec![(200, 1, 0, 1_000), (1, 2, 0, 1_000), (2, 3, 0, 1_000), (3, 9, 0, 1_000), (100, 9, 0, 1)];
    let (flows, _) = ledger(chain());
    let ends = |limits: Limits| told(&of(&flows, 9, Side::Sources, limits))[0];
    let limits = Limits::default();
    assert_eq!(ends(limits), (THEFT, 0, 1_000, 4_000));
    assert_eq!(ends(Limits { hops_max: 4, ..limits }), (THEFT, 0, 1_000, 4_000));
    assert_eq!(ends(Limits { hops_max: 3, ..limits }), (End::Far, 0, 1_000, 3_000));
    assert_eq!(ends(Limits { hops_max: 1, ..limits }), (End::Far, 1_000, 0, 1_000));
    assert_eq!(ends(Limits { ppm_min: 1_000_000, ..limits }), (End::Small, 1_000, 0, 1_000));
    assert_eq!(ends(Limits { hub_transfers_max: 1, ..limits }), (End::Hub, 1_000, 0, 1_000));
    assert_eq!(ends(Limits { transfers_max: 5, ..limits }), (End::Budget, 0, 1_000, 2_000));
    assert_eq!(ends(Limits { transfers_max: 1, ..limits }), (End::Large, 1_000, 0, 1_000));
    // An address that is labelled is told even then.
    let found = of(&flows, 9, Side::Sources, Limits { transfers_max: 1, ..limits });
    assert_eq!(told(&found)[1], (EXCHANGE, 1, 0, 1_000));
}

#[test]
fn a_hub_with_very_many_transfers_is_not_read() {
    let crowd = (0..1_000_000_u32).map(|other| (1_000 + other, 1, 0, 1));
    let (flows, _) = ledger(crowd.chain([(1, 9, 0, 700_000)]));
    let nobody = |_: Account| None;
    let found = exposure(&flows, Account(9), Side::Sources, None, nobody, Limits::default()).unwrap();
    assert_eq!(told(&found), [(End::Hub, 700_000, 0, 1_000)]);
    assert_eq!(found.read, 1);
    let found = exposure(&flows, Account(1), Side::Sources, None, nobody, Limits::default()).unwrap();
    assert_eq!((told(&found), found.rows[0].addresses), (vec![(End::Large, 1_000_000, 0, 1_000)], 0));
}

#[test]
fn few_are_named_and_all_are_counted() {
    let (flows, _) = ledger((0..30).map(|at| (200 + at, 9, 0, 1 + u64::from(at) % 7)));
    let found = of(&flows, 9, Side::Sources, Limits { parties_max: 3, ..Limits::default() });
    let named: Vec<u32> = found.rows[0].largest.iter().map(|party| party.account.0).collect();
    assert_eq!((found.rows[0].addresses, named), (30, vec![206, 213, 220]));
}

#[test]
fn assets_are_apart_and_the_largest_amounts_hold() {
    let mut transfers = ledger([(200, 1, 0, 1), (100, 1, 1, 1), (1, 9, 0, 1), (1, 9, 1, 1)]).1;
    transfers[0].amount = U256::MAX;
    transfers[2].amount = U256::MAX;
    let found = of(&transfers.clone().into(), 9, Side::Sources, Limits::default());
    let ends: Vec<_> = found.rows.iter().map(|row| (row.asset.0, row.end, row.amount())).collect();
    assert_eq!(ends, [(0, THEFT, U256::MAX), (1, EXCHANGE, U256::from(1))]);
    transfers.push(transfers[2]);
    let told =
        exposure(&Memory::from(transfers), Account(9), Side::Sources, None, category, Limits::default());
    assert_eq!(told, Err(ExposureError::Overflow { account: Account(9), number: 4 }));
}

/// Transfers of which one can't be read.
struct Damaged(Memory);

impl Flows for Damaged {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn transfer(&self, number: u64) -> Option<Transfer> {
        self.0.transfer(number).filter(|_| number != 0)
    }

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
        self.0.of(account)
    }
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_wrong_number() {
    let (flows, _) = ledger([(200, 1, 0, 5), (1, 9, 0, 5)]);
    let told = exposure(&Damaged(flows), Account(9), Side::Sources, None, category, Limits::default());
    assert_eq!(told, Err(ExposureError::Unreadable { number: 0 }));
}

#[test]
fn an_address_without_transfers_has_no_exposure() {
    let (flows, _) = ledger([]);
    for side in [Side::Sources, Side::Sinks] {
        let found = of(&flows, 9, side, Limits::default());
        assert!(found.rows.is_empty() && found.totals.is_empty());
    }
}
