//! The worked examples of the rules V-E1, V-E2 and V-E5 (account model), and what the rules leave open.

use bongsu_trace::taint::{
    Ended, Limit, Limits, Method, Place, TaintError, Theft, Total, Trace, Way, follow,
};
use bongsu_trace::{Account, Asset, U256};

use super::memory::Ledger;

const METHODS: [Method; 4] = [Method::Poison, Method::Haircut, Method::Fifo, Method::Lifo];
const WAYS: [Way; 3] = [Way::Choose, Way::Frontier, Way::Sweep];

fn ledger(rows: &[(u32, u32, u64)]) -> Ledger {
    Ledger::new(rows.iter().map(|(from, to, amount)| (*from, *to, 0, U256::from(*amount))))
}

fn theft(number: u64) -> Theft {
    Theft { number, stolen: None }
}

fn place(account: Account) -> Place {
    match account.0 {
        90..=98 => Place::Service,
        99 => Place::Nobody,
        _ => Place::Holder,
    }
}

fn trace(ledger: &Ledger, thefts: &[Theft], method: Method, way: Way) -> Trace {
    follow(ledger, thefts, method, place, Limits::default(), way).unwrap()
}

fn moves(ledger: &Ledger, thefts: &[Theft], method: Method, way: Way) -> Vec<(u64, u64)> {
    trace(ledger, thefts, method, way).moves().map(|(number, amount)| (number, amount.to())).collect()
}

/// Checks what a method says was moved by each transfer after the theft.
fn check(rows: &[(u32, u32, u64)], stolen_by: u64, method: Method, expected: &[(u64, u64)]) {
    for way in WAYS {
        let found = moves(&ledger(rows), &[theft(stolen_by)], method, way);
        let after: Vec<_> = found.into_iter().filter(|(number, _)| *number > stolen_by).collect();
        assert_eq!(after, expected, "{method:?}, {way:?}");
    }
}

/// V-E1 and V-E2, in tenths of a unit: 8 gives 6 clean to A (1), 9 gives the 4 stolen ones; B is 2, C 3, D 4, E 5.
const STORY: [(u32, u32, u64); 6] = [(8, 1, 60), (9, 1, 40), (1, 2, 50), (1, 3, 50), (3, 4, 20), (3, 5, 30)];

#[test]
fn examples_one_and_two() {
    check(&STORY, 1, Method::Poison, &[(2, 50), (3, 50), (4, 20), (5, 30)]);
    check(&STORY, 1, Method::Haircut, &[(2, 20), (3, 20), (4, 8), (5, 12)]);
    check(&STORY, 1, Method::Fifo, &[(3, 40), (4, 10), (5, 30)]);
    check(&STORY, 1, Method::Lifo, &[(2, 40)]);
}

#[test]
fn examples_one_and_two_in_the_units_of_real_coins() {
    for shift in [60, 100, 200] {
        let rows = STORY.map(|(from, to, amount)| (from, to, 0, U256::from(amount) << shift));
        let expected = [(Method::Haircut, [20, 20, 8, 12]), (Method::Fifo, [0, 40, 10, 30])];
        for (method, expected) in expected {
            let found = trace(&Ledger::new(rows), &[theft(1)], method, Way::Sweep);
            let found: Vec<_> = found.moves().skip(1).collect();
            let expected = (2_u64..).zip(expected.map(|amount: u64| U256::from(amount) << shift));
            let expected: Vec<_> = expected.filter(|(_, amount)| *amount != U256::ZERO).collect();
            assert_eq!(found, expected, "{method:?}, 2^{shift}");
        }
    }
}

#[test]
fn example_five() {
    let rows = [(8, 1, 2), (9, 1, 1), (1, 2, 1), (1, 3, 1), (1, 4, 1)];
    check(&rows, 1, Method::Haircut, &[(3, 1)]);
    let rows = rows.map(|(from, to, amount)| (from, to, amount * 10));
    check(&rows, 1, Method::Haircut, &[(2, 3), (3, 4), (4, 3)]);
}

#[test]
fn what_is_given_beyond_what_is_known_is_clean_and_came_first() {
    // 1 has 2 clean, then 4 stolen, and gives 9 to 2, who gives 3, then 6.
    let rows = [(8, 1, 2), (9, 1, 4), (1, 2, 9), (2, 3, 3), (2, 4, 6)];
    check(&rows, 1, Method::Poison, &[(2, 9), (3, 3), (4, 6)]);
    check(&rows, 1, Method::Haircut, &[(2, 4), (3, 1), (4, 3)]);
    check(&rows, 1, Method::Fifo, &[(2, 4), (4, 4)]);
    // What left 1 last, and so lies foremost with 2, is the missing 3.
    check(&rows, 1, Method::Lifo, &[(2, 4), (4, 4)]);
    for way in WAYS {
        let trace = trace(&ledger(&rows), &[theft(1)], Method::Fifo, way);
        assert_eq!(trace.holder(0).unwrap().unexplained, U256::from(3));
        assert_eq!(trace.holder(1).unwrap().unexplained, U256::ZERO);
    }
}

#[test]
fn a_transfer_of_nothing_and_one_to_oneself_change_nothing() {
    let rows = [(9, 1, 4), (1, 1, 4), (1, 1, 400), (1, 2, 0), (2, 2, 7), (1, 3, 4)];
    for method in METHODS {
        check(&rows, 0, method, &[(5, 4)]);
    }
}

#[test]
fn taint_goes_round_a_circle_without_growing() {
    let rows = [(9, 1, 4), (1, 2, 4), (2, 3, 4), (3, 1, 4), (1, 2, 4)];
    for (method, way) in METHODS.into_iter().flat_map(|method| WAYS.map(|way| (method, way))) {
        let trace = trace(&ledger(&rows), &[theft(0)], method, way);
        assert_eq!(trace.totals()[0].held, U256::from(4));
        assert_eq!((trace.reached(), trace.path(2)), (3, vec![0, 1, 2]));
    }
}

#[test]
fn a_theft_of_what_is_tainted_taints_nothing_twice() {
    // 2 has 4 stolen ones and 2 clean, and is robbed of 5 of the 6.
    let rows = [(9, 1, 4), (1, 2, 4), (8, 2, 2), (2, 3, 6)];
    let thefts = [theft(0), Theft { number: 3, stolen: Some(U256::from(5)) }];
    for method in [Method::Haircut, Method::Fifo, Method::Lifo] {
        let trace = trace(&ledger(&rows), &thefts, method, Way::Choose);
        let asset = Asset(0);
        let five = U256::from(5);
        let expected = Total { asset, stolen: five, held: five, entered: U256::ZERO, burnt: U256::ZERO };
        assert_eq!(trace.totals(), [expected], "{method:?}");
        assert_eq!(trace.holder(2).unwrap().hop, 1, "a theft is where a path begins");
    }
}

#[test]
fn taint_ends_at_services_and_at_nobody() {
    // The service 90 is robbed, gets back 3 from the thief, and pays 3 to 5; 1 more is burnt.
    let rows = [(90, 1, 10), (1, 2, 4), (2, 90, 3), (90, 5, 3), (2, 99, 1), (1, 91, 6), (91, 1, 6)];
    for (method, way) in METHODS.into_iter().flat_map(|method| WAYS.map(|way| (method, way))) {
        let trace = trace(&ledger(&rows), &[theft(0)], method, way);
        let entries: Vec<_> =
            trace.entries().iter().map(|entry| (entry.to.0, entry.number, entry.tainted)).collect();
        let expected = [(90, 2, 3), (99, 4, 1), (91, 5, 6)];
        assert_eq!(entries, expected.map(|(to, number, amount)| (to, number, U256::from(amount))));
        let total = trace.totals()[0];
        assert_eq!([total.held, total.entered, total.burnt].map(|sum| sum.to::<u64>()), [0, 9, 1]);
        assert_eq!(trace.path_of(&trace.entries()[0]), [0, 1, 2]);
        assert_eq!((trace.entries()[0].hop, trace.entries()[0].time), (3, 2));
        assert_eq!(trace.holders().map(|holder| holder.account.0).collect::<Vec<_>>(), [1, 2]);
    }
}

#[test]
fn a_trace_that_comes_to_a_limit_keeps_what_it_has_found() {
    let rows = [(9, 1, 9), (1, 2, 3), (1, 3, 3), (2, 1, 3), (1, 4, 3)];
    for (method, way) in METHODS.into_iter().flat_map(|method| WAYS.map(|way| (method, way))) {
        let with = |reached_max| {
            let limits = Limits { reached_max, ..Limits::default() };
            follow(&ledger(&rows), &[theft(0)], method, place, limits, way).unwrap()
        };
        let trace = with(3);
        assert_eq!(trace.ended(), Ended::AtLimit { limit: Limit::Reached, next: 4 });
        assert_eq!((trace.reached(), trace.totals()[0].held), (3, U256::from(9)));
        assert_eq!(with(4).ended(), Ended::Complete);
    }
}

#[test]
fn alternate_parcels_are_limited_and_those_of_one_kind_are_not() {
    let mut rows = vec![(9, 1, 1_000), (8, 2, 10)];
    rows.extend((0..100).flat_map(|_| [(1, 2, 1), (8, 2, 1)]));
    let with = |parcels_max, rows: &[(u32, u32, u64)], method| {
        let limits = Limits { parcels_max, ..Limits::default() };
        follow(&ledger(rows), &[theft(0)], method, place, limits, Way::Choose).unwrap().ended()
    };
    for method in [Method::Fifo, Method::Lifo] {
        assert_eq!(with(201, &rows, method), Ended::Complete);
        assert_eq!(with(200, &rows, method), Ended::AtLimit { limit: Limit::Parcels, next: 202 });
        let clean: Vec<_> = rows.iter().copied().filter(|(from, ..)| *from != 1).chain([(1, 2, 1)]).collect();
        assert_eq!(with(2, &clean, method), Ended::Complete);
        let tainted: Vec<_> = rows.iter().copied().filter(|row| *row != (8, 2, 1)).collect();
        assert_eq!(with(2, &tainted, method), Ended::Complete);
    }
}

#[test]
fn what_is_no_theft_is_refused() {
    let ledger = ledger(&[(9, 1, 4), (1, 1, 4), (1, 2, 0)]);
    let error = |thefts: &[Theft]| {
        follow(&ledger, thefts, Method::Fifo, place, Limits::default(), Way::Choose).unwrap_err()
    };
    let of = |stolen: u64| Theft { number: 0, stolen: Some(U256::from(stolen)) };
    assert_eq!(error(&[theft(3)]), TaintError::NoSuchTransfer { number: 3, count: 3 });
    assert_eq!(error(&[theft(1)]), TaintError::MovesNothing { number: 1 });
    assert_eq!(error(&[theft(2)]), TaintError::MovesNothing { number: 2 });
    assert_eq!(error(&[of(4), theft(0)]), TaintError::NamedTwice { number: 0 });
    for stolen in [0, 5] {
        let expected =
            TaintError::StolenAmount { number: 0, stolen: U256::from(stolen), amount: U256::from(4) };
        assert_eq!(error(&[of(stolen)]), expected);
    }
}

#[test]
fn a_sum_that_overflows_is_told_if_taint_comes_to_it_and_else_not() {
    let most = U256::MAX;
    let one = U256::from(1);
    let rows = [(8, 2, 0, most), (8, 2, 0, one), (9, 1, 0, one), (2, 3, 0, one), (1, 2, 0, one)];
    for (method, way) in METHODS.into_iter().flat_map(|method| WAYS.map(|way| (method, way))) {
        let with = |rows: &[_]| {
            let ledger = Ledger::new(rows.iter().copied());
            follow(&ledger, &[theft(2)], method, place, Limits::default(), way)
        };
        assert_eq!(with(&rows).unwrap_err(), TaintError::Overflow { number: 1 }, "{method:?}, {way:?}");
        assert_eq!(with(&rows[..4]).unwrap().reached(), 1);
        let rows = [(8, 1, 0, one), (8, 1, 0, one), (9, 1, 0, one), (8, 1, 0, most)];
        assert_eq!(with(&rows).unwrap_err(), TaintError::Overflow { number: 3 });
    }
}

#[test]
fn nothing_stolen_is_nothing_found() {
    for way in WAYS {
        let trace = trace(&ledger(&STORY), &[], Method::Haircut, way);
        assert_eq!((trace.reached(), trace.totals().len(), trace.ended()), (0, 0, Ended::Complete));
    }
}

/// A hub that thousands pay into and that pays thousands costs as much as it has transfers, and no more.
#[test]
fn a_hub_is_passed_in_time_linear_in_its_transfers() {
    const MANY: u32 = 20_000;
    let hub = 2;
    let mut rows: Vec<_> = (0..MANY).map(|payer| (1_000 + payer, hub, 2)).collect();
    rows.extend([(9, 1, 50), (1, hub, 50)]);
    rows.extend((0..MANY).flat_map(|payer| [(1_000 + payer, hub, 1), (hub, 50_000 + payer, 2)]));
    let passed_max = rows.len() as u64;
    let limits = Limits { parcels_max: 3, passed_max, ..Limits::default() };
    for (method, way) in
        [Method::Fifo, Method::Lifo].into_iter().flat_map(|method| WAYS.map(|way| (method, way)))
    {
        let trace = follow(&ledger(&rows), &[theft(u64::from(MANY))], method, place, limits, way).unwrap();
        assert_eq!(trace.ended(), Ended::Complete, "{method:?}, {way:?}");
        assert_eq!(trace.totals()[0].held, U256::from(50));
    }
}
