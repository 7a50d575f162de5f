//! Laws of the account model, on thousands of random small ledgers.

use bongsu_trace::taint::{Ended, Limits, Method, Place, Theft, Trace, Way, follow};
use bongsu_trace::{Account, U256};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::memory::Ledger;
use super::plain::{self, Plain};

const METHODS: [Method; 4] = [Method::Poison, Method::Haircut, Method::Fifo, Method::Lifo];

fn place(account: u32) -> Place {
    match account {
        0 => Place::Service,
        1 => Place::Nobody,
        _ => Place::Holder,
    }
}

/// A ledger of a few accounts, two of which end taint, and two assets; amounts of 0 and transfers to oneself among them.
fn ledgers() -> impl Strategy<Value = Ledger> {
    let row = (0..8_u32, 0..8_u32, 0..2_u32, 0..9_u64);
    vec(row, 0..40).prop_map(|rows| {
        Ledger::new(rows.into_iter().map(|(from, to, asset, amount)| (from, to, asset, U256::from(amount))))
    })
}

/// Up to three thefts, each of a part of its transfer.
fn thefts(ledger: &Ledger, picks: &[(Index, u64)]) -> Vec<(u64, u64)> {
    let can_be: Vec<_> =
        (0..).zip(&ledger.0).filter(|(_, row)| !row.amount.is_zero() && row.from != row.to).collect();
    let mut thefts: Vec<(u64, u64)> = Vec::new();
    for (pick, part) in picks.iter().filter(|_| !can_be.is_empty()) {
        let (number, transfer) = can_be[pick.index(can_be.len())];
        if thefts.iter().all(|(other, _)| *other != number) {
            thefts.push((number, 1 + part % transfer.amount.to::<u64>()));
        }
    }
    thefts
}

fn trace(ledger: &Ledger, thefts: &[(u64, u64)], method: Method, limits: Limits, way: Way) -> Trace {
    let thefts =
        thefts.iter().map(|(number, stolen)| Theft { number: *number, stolen: Some(U256::from(*stolen)) });
    let thefts: Vec<_> = thefts.collect();
    follow(ledger, &thefts, method, |account: Account| place(account.0), limits, way).unwrap()
}

/// All that a trace says, but for the way.
fn told(trace: &Trace) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        trace.ended(),
        trace.totals().to_vec(),
        trace.holders().collect::<Vec<_>>(),
        trace.entries().to_vec(),
        trace.moves().collect::<Vec<_>>(),
        trace.stolen().collect::<Vec<_>>(),
    )
}

fn agrees(trace: &Trace, plain: &Plain) -> Result<(), TestCaseError> {
    let mut found: Vec<_> = trace
        .holders()
        .map(|holder| {
            let sums = [holder.balance, holder.tainted, holder.unexplained].map(|sum| sum.to::<u64>());
            ((holder.account.0, holder.asset.0), sums, (holder.number, holder.hop))
        })
        .collect();
    found.sort_unstable();
    let expected: Vec<_> = plain
        .holdings
        .iter()
        .filter_map(|(key, holding)| {
            let sums = [holding.units.len() as u64, holding.tainted(), holding.unexplained];
            Some((*key, sums, holding.first?))
        })
        .collect();
    prop_assert_eq!(found, expected);
    let entries: Vec<_> = trace
        .entries()
        .iter()
        .map(|entry| (entry.to.0, entry.number, entry.asset.0, entry.tainted.to::<u64>(), entry.hop))
        .collect();
    prop_assert_eq!(&entries, &plain.entries);
    let moves: Vec<_> = trace.moves().map(|(number, amount)| (number, amount.to::<u64>())).collect();
    prop_assert_eq!(&moves, &plain.moves);
    let thefts: Vec<_> = trace.stolen().map(|(number, amount)| (number, amount.to::<u64>())).collect();
    prop_assert_eq!(&thefts, &plain.thefts);
    for total in trace.totals() {
        let stolen = plain.stolen.get(&total.asset.0).copied().unwrap_or_default();
        prop_assert_eq!(total.stolen.to::<u64>(), stolen);
    }
    Ok(())
}

fn conserves(trace: &Trace) -> Result<(), TestCaseError> {
    for total in trace.totals() {
        prop_assert_eq!(total.stolen, total.held + total.entered + total.burnt);
    }
    Ok(())
}

/// Each step of a path gives to the giver of the next, later, and moves something tainted.
fn paths_lead_back(trace: &Trace, ledger: &Ledger, thefts: &[(u64, u64)]) -> Result<(), TestCaseError> {
    let moves: Vec<_> = trace.moves().map(|(number, _)| number).collect();
    for (index, holder) in trace.holders().enumerate() {
        let path = trace.path(index);
        prop_assert_eq!(path.len(), holder.hop as usize);
        prop_assert!(thefts.iter().any(|(number, _)| *number == path[0]));
        prop_assert!(path.iter().all(|number| moves.binary_search(number).is_ok()));
        let rows: Vec<_> = path.iter().map(|number| ledger.0[usize::try_from(*number).unwrap()]).collect();
        prop_assert!(rows.array_windows().all(|[row, next]| row.to == next.from && row.time < next.time));
        prop_assert_eq!(rows.last().map(|row| row.to), Some(holder.account));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn each_method_equals_its_definition_in_both_ways(ledger in ledgers(), picks in vec((any::<Index>(), 0..9_u64), 1..4)) {
        let thefts = thefts(&ledger, &picks);
        let mut poisoned = Vec::new();
        for method in METHODS {
            let found = trace(&ledger, &thefts, method, Limits::default(), Way::Sweep);
            let frontier = trace(&ledger, &thefts, method, Limits::default(), Way::Frontier);
            prop_assert_eq!(told(&found), told(&frontier));
            agrees(&found, &plain::follow(&ledger.0, &thefts, method, place))?;
            paths_lead_back(&found, &ledger, &thefts)?;
            let moves: Vec<_> = found.moves().collect();
            if method == Method::Poison {
                poisoned = moves;
                continue;
            }
            conserves(&found)?;
            for (number, amount) in moves {
                let at = poisoned.binary_search_by_key(&number, |(number, _)| *number);
                prop_assert!(at.is_ok_and(|at| poisoned[at].1 >= amount), "poison misses {}", number);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_global_rejects: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn limits_end_both_ways_at_one_place(
        ledger in ledgers(),
        picks in vec((any::<Index>(), 0..9_u64), 1..4),
        reached_max in 0..6_usize,
        parcels_max in 1..5_u32,
    ) {
        let thefts = thefts(&ledger, &picks);
        let limits = Limits { reached_max, parcels_max, ..Limits::default() };
        for method in METHODS {
            let found = trace(&ledger, &thefts, method, limits, Way::Sweep);
            let frontier = trace(&ledger, &thefts, method, limits, Way::Frontier);
            prop_assert_eq!(told(&found), told(&frontier));
            // What was found is what is found in the transfers up to there.
            let Ended::AtLimit { next, .. } = found.ended() else { continue };
            let before = Ledger(ledger.0[..usize::try_from(next).unwrap()].to_vec());
            let thefts: Vec<_> = thefts.iter().copied().filter(|(number, _)| *number < next).collect();
            agrees(&found, &plain::follow(&before.0, &thefts, method, place))?;
        }
    }

    /// Amounts that need all 256 bits are followed as those that need few.
    #[test]
    fn a_larger_unit_changes_nothing(ledger in ledgers(), picks in vec((any::<Index>(), 0..9_u64), 1..4), shift in 0..245_usize) {
        let thefts = thefts(&ledger, &picks);
        let mut large = ledger.clone();
        large.0.iter_mut().for_each(|row| row.amount <<= shift);
        for method in [Method::Poison, Method::Fifo, Method::Lifo] {
            let small = trace(&ledger, &thefts, method, Limits::default(), Way::Choose);
            let of = thefts.iter().map(|(number, stolen)| Theft { number: *number, stolen: Some(U256::from(*stolen) << shift) });
            let of: Vec<_> = of.collect();
            let large = follow(&large, &of, method, |account| place(account.0), Limits::default(), Way::Choose).unwrap();
            let moves: Vec<_> = small.moves().map(|(number, amount)| (number, amount << shift)).collect();
            prop_assert_eq!(large.moves().collect::<Vec<_>>(), moves);
        }
    }

    /// Of any amounts whatever, nothing is lost, and no account has more tainted than it has.
    #[test]
    fn large_and_uneven_amounts_are_conserved(
        rows in vec((2..6_u32, 2..6_u32, any::<[u64; 4]>(), 0..256_usize), 1..40),
        pick: Index,
    ) {
        let rows = rows.into_iter().map(|(from, to, limbs, down)| (from, to, 0, U256::from_limbs(limbs) >> down.max(6)));
        let ledger = Ledger::new(rows);
        let number = pick.index(ledger.0.len()) as u64;
        for method in [Method::Haircut, Method::Fifo, Method::Lifo] {
            let by = |way| follow(&ledger, &[Theft { number, stolen: None }], method, |account| place(account.0), Limits::default(), way);
            let Ok(found) = by(Way::Sweep) else { continue };
            prop_assert_eq!(told(&found), told(&by(Way::Frontier).unwrap()));
            conserves(&found)?;
            prop_assert!(found.holders().all(|holder| holder.tainted <= holder.balance));
        }
    }

    /// Neighbours that have nothing to do with each other can change places (see the module's page).
    #[test]
    fn what_is_independent_can_change_places(ledger in ledgers(), picks in vec((any::<Index>(), 0..9_u64), 1..4), swap: Index) {
        let thefts = thefts(&ledger, &picks);
        prop_assume!(ledger.0.len() > 1);
        let at = swap.index(ledger.0.len() - 1);
        let (a, b) = (ledger.0[at], ledger.0[at + 1]);
        let touches_theft = thefts.iter().any(|(number, _)| [at as u64, at as u64 + 1].contains(number));
        prop_assume!(!touches_theft && a.from != b.to && a.to != b.from && a.from != b.from);
        let mut swapped = ledger.clone();
        swapped.0.swap(at, at + 1);
        for method in METHODS {
            if a.to == b.to && matches!(method, Method::Fifo | Method::Lifo) {
                continue;
            }
            let held = |ledger: &Ledger| {
                let found = trace(ledger, &thefts, method, Limits::default(), Way::Choose);
                let mut held: Vec<_> = found.holders().map(|holder| (holder.account, holder.asset, holder.balance, holder.tainted)).collect();
                held.sort_unstable();
                held
            };
            prop_assert_eq!(held(&ledger), held(&swapped));
        }
    }
}

/// Many pages of transfers, read by a thread of their own.
#[test]
fn both_ways_agree_on_a_large_ledger() {
    let mut state = 1_u64;
    let mut roll = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let account = |roll: u64| u32::try_from(roll * roll / 100).unwrap();
    let rows = (0..30_000).map(|_| {
        let (from, to) = (account(roll(400)), account(roll(400)));
        (from, to, u32::try_from(roll(2)).unwrap(), U256::from(roll(1_000)))
    });
    let ledger = Ledger::new(rows);
    let thefts: Vec<_> = (100..110)
        .filter(|number| ledger.0[*number].from != ledger.0[*number].to)
        .map(|number| (number as u64, 1))
        .collect();
    for method in METHODS {
        for reached_max in [usize::MAX, 300] {
            let limits = Limits { reached_max, ..Limits::default() };
            let found = trace(&ledger, &thefts, method, limits, Way::Sweep);
            let frontier = trace(&ledger, &thefts, method, limits, Way::Frontier);
            assert_eq!((found.way(), frontier.way()), (Way::Sweep, Way::Frontier));
            assert!(found.moves().len() > 3, "{method:?}: {}", found.moves().len());
            assert_eq!(told(&found), told(&frontier), "{method:?}");
        }
    }
}
