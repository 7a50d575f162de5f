//! One example for each kind of pair, and for what is none.

use bongsu_trace::cross::{Bounds, CrossError, Gate, Short, Why};
use bongsu_trace::taint::Method;
use bongsu_trace::{Account, Asset, U256};

use super::books::{Book, conserves, followed, pairing};

const BRIDGE: u32 = 50;
const POOL: u32 = 60;
const ETH: u32 = 0;
const USD: u32 = 1;

/// A chain with a bridge, of one actor, and two pools; asset 0 is ETH, of 6 decimals, and asset 1 USD, of 2.
fn chain(name: &str) -> Book {
    Book::new(name)
        .door(BRIDGE, Gate::Bridge, None)
        .door(POOL, Gate::Pool, None)
        .door(POOL + 1, Gate::Pool, None)
        .worth(ETH, "ETH", 6)
        .worth(USD, "USD", 2)
}

fn u(amount: u64) -> U256 {
    U256::from(amount)
}

#[test]
fn a_known_pairing_goes_on_and_is_not_counted_twice() {
    let (mut one, mut other) = (chain("one"), chain("other"));
    one.steal(0, (9, 1, ETH, 1_000));
    one.pay(5, "in", (1, BRIDGE, ETH, 800));
    let paid = other.pay(9, "out", (BRIDGE, 2, USD, 400));
    other.pay(12, "", (2, 95, USD, 100));
    let books = [one, other];
    let pairings = [pairing(("one", "in"), ("other", "out"))];
    let across = followed(&books, &pairings, Method::Fifo, &Bounds::default()).unwrap();
    conserves(&books, &across).unwrap();
    let crossing = &across.crossings[0];
    assert_eq!((crossing.left.number, crossing.carried, crossing.confidence), (paid, u(400), 100));
    assert_eq!((crossing.why, crossing.delay()), (Why::Known, 4));
    let told: Vec<_> = across
        .sums()
        .iter()
        .map(|sum| [sum.stolen, sum.came, sum.held, sum.entered, sum.continued].map(|sum| sum.to::<u64>()))
        .collect();
    assert_eq!(told, [[1_000, 0, 200, 0, 800], [0, 400, 300, 100, 0]]);
    assert!(across.is_continued(0, 1) && !across.is_continued(1, 1));
    assert_eq!((across.rounds, across.short.len(), across.findings.len()), (2, 0, 0));
}

#[test]
fn a_pairing_that_cannot_be_used_is_told_with_its_reason() {
    let start = || {
        let mut one = chain("one");
        one.steal(10, (9, 1, ETH, 1_000));
        one.pay(15, "in", (1, BRIDGE, ETH, 800));
        one
    };
    for (to, word, rows) in [
        ("third", "not followed", vec![]),
        ("other", "no such transaction", vec![]),
        ("other", "no service", vec![(20, (5, 2, ETH, 800))]),
        ("other", "before", vec![(14, (BRIDGE, 2, ETH, 800))]),
        ("other", "several", vec![(20, (BRIDGE, 2, ETH, 790)), (20, (BRIDGE, 3, ETH, 795))]),
    ] {
        let mut other = chain("other");
        for (time, row) in rows {
            other.pay(time, "out", row);
        }
        let pairings = [pairing(("one", "in"), (to, "out"))];
        // No window, so that nothing else pairs them.
        let bounds = Bounds { window: 0, ..Bounds::default() };
        let across = followed(&[start(), other], &pairings, Method::Fifo, &bounds).unwrap();
        assert_eq!((across.crossings.len(), across.findings.len()), (0, 1), "{word}");
        assert!(across.findings[0].message.contains(word), "{word}: {}", across.findings[0]);
    }
}

#[test]
fn of_a_payout_to_many_the_one_that_is_meant_is_known_by_amount_or_address() {
    for (rows, meant) in [(vec![(2, 5_000), (3, 798), (4, 20)], 1), (vec![(2, 799), (1, 100), (4, 798)], 1)] {
        let (mut one, mut other) = (chain("one"), chain("other"));
        one.steal(0, (9, 1, ETH, 1_000));
        one.pay(5, "in", (1, BRIDGE, ETH, 800));
        for (to, amount) in rows {
            other.pay(9, "out", (BRIDGE, to, ETH, amount));
        }
        let pairings = [pairing(("one", "in"), ("other", "out"))];
        let across = followed(&[one, other], &pairings, Method::Fifo, &Bounds::default()).unwrap();
        assert_eq!(across.crossings.iter().map(|one| one.left.number).collect::<Vec<_>>(), [meant]);
    }
}

#[test]
fn a_swap_pays_the_giver_another_asset_in_the_same_transaction() {
    let mut one = chain("one");
    one.pay(0, "", (8, 1, ETH, 100));
    one.steal(1, (9, 1, ETH, 300));
    // Half of what is swapped is tainted by haircut: three quarters of a holding of 400.
    one.pay(5, "swap", (1, POOL, ETH, 200));
    let paid = one.pay(5, "swap", (POOL, 1, USD, 1_001));
    one.pay(6, "else", (POOL, 1, USD, 7));
    let books = [one];
    let across = followed(&books, &[], Method::Haircut, &Bounds::default()).unwrap();
    conserves(&books, &across).unwrap();
    let [crossing] = across.crossings.as_slice() else { panic!("{:?}", across.crossings) };
    assert_eq!((crossing.left.number, crossing.carried, crossing.confidence), (paid, u(751), 95));
    let why = Why::Swap { same_pool: true, to_giver: true, givers: 1, assets: 1 };
    assert_eq!(crossing.why, why);
}

#[test]
fn through_several_pools_it_is_what_comes_to_the_giver_that_counts() {
    let mut one = chain("one");
    one.steal(1, (9, 1, ETH, 300));
    one.pay(5, "swap", (1, POOL, ETH, 300));
    one.pay(5, "swap", (POOL, POOL + 1, USD, 500));
    let paid = one.pay(5, "swap", (POOL + 1, 1, 2, 40));
    let across = followed(&[one], &[], Method::Fifo, &Bounds::default()).unwrap();
    let told: Vec<_> =
        across.crossings.iter().map(|one| (one.left.number, one.carried, one.confidence)).collect();
    assert_eq!(told, [(paid, u(40), 90)]);
}

#[test]
fn a_swap_in_parts_counts_what_was_paid_in_all() {
    let mut one = chain("one");
    one.steal(1, (9, 1, ETH, 300));
    one.pay(2, "", (8, 1, ETH, 100));
    one.pay(5, "swap", (1, POOL, ETH, 250));
    one.pay(5, "swap", (1, POOL + 1, ETH, 150));
    one.pay(5, "swap", (POOL, 1, USD, 501));
    one.pay(5, "swap", (POOL + 1, 1, USD, 300));
    let books = [one];
    let across = followed(&books, &[], Method::Fifo, &Bounds::default()).unwrap();
    conserves(&books, &across).unwrap();
    let carried: Vec<_> = across.crossings.iter().map(|one| one.carried.to::<u64>()).collect();
    // Three quarters of 801 in sum, of 501 first: 375.75 and 600.75, to the nearest unit.
    assert_eq!(carried, [376, 225]);
    assert_eq!(across.sums()[0].continued, u(300));
}

#[test]
fn whom_a_swap_pays_is_less_sure_the_more_it_can_be() {
    let run = |others: &[(u32, u32, u32, u64)], to: u32| {
        let mut one = chain("one");
        one.steal(1, (9, 1, ETH, 300));
        one.pay(5, "swap", (1, POOL, ETH, 300));
        for row in others {
            one.pay(5, "swap", *row);
        }
        one.pay(5, "swap", (POOL, to, 2, 40));
        let across = followed(&[one], &[], Method::Fifo, &Bounds::default()).unwrap();
        let sure = across.crossings.iter().map(|one| i64::from(one.confidence));
        let unsure = across.unsure.iter().map(|one| -i64::from(one.confidence));
        sure.chain(unsure).collect::<Vec<_>>()
    };
    assert_eq!(run(&[], 1), [95]);
    assert_eq!(run(&[], 5), [75]);
    assert_eq!(run(&[(7, POOL, ETH, 9)], 1), [80]);
    assert_eq!(run(&[(7, POOL, ETH, 9)], 5), [-37]);
    assert_eq!(run(&[(1, POOL, USD, 9)], 1), [-47]);
    // To another who paid himself, and to a service: no pair at all.
    assert!(run(&[(7, POOL, ETH, 9)], 7).is_empty());
    assert!(run(&[], 95).is_empty());
}

#[test]
fn a_pool_may_pay_first_but_not_so_that_taint_feeds_itself() {
    let run = |gives_between: bool| {
        let mut one = chain("one");
        one.steal(1, (9, 1, ETH, 300));
        one.pay(5, "swap", (POOL, 1, USD, 40));
        if gives_between {
            one.pay(5, "swap", (1, 4, USD, 40));
        }
        one.pay(5, "swap", (1, POOL, ETH, 300));
        followed(&[one], &[], Method::Fifo, &Bounds::default()).unwrap().crossings.len()
    };
    assert_eq!((run(false), run(true)), (1, 0));
}

#[test]
fn a_bridge_is_crossed_where_amount_and_time_fit() {
    let run = |time: i64, amount: u64| {
        let (mut one, mut other) = (chain("one"), chain("other"));
        other.worths.insert(Asset(ETH), bongsu_trace::cross::Worth { name: "ETH".into(), decimals: 4 });
        one.steal(0, (9, 1, ETH, 2_000_000));
        one.pay(100, "", (1, BRIDGE, ETH, 1_000_000));
        other.pay(time, "", (BRIDGE, 2, ETH, amount));
        other.pay(time + 9, "", (2, 3, ETH, amount));
        let books = [one, other];
        let across = followed(&books, &[], Method::Fifo, &Bounds::default()).unwrap();
        conserves(&books, &across).unwrap();
        let told = across.crossings.first().map(|one| (one.carried.to::<u64>(), one.confidence));
        told.or_else(|| across.unsure.first().map(|one| (0, one.confidence)))
    };
    let hour = 3_600;
    // Without fee, with half of it, with all of it and half of the window.
    assert_eq!(run(101, 10_000), Some((10_000, 70)));
    assert_eq!(run(101, 9_900), Some((9_900, 60)));
    assert_eq!(run(100 + 3 * hour, 9_800), Some((0, 40)));
    assert_eq!(run(101, 9_799), None);
    assert_eq!(run(101, 10_001), None);
    assert_eq!(run(100, 10_000), None, "a payout comes later");
    assert_eq!(run(101 + 6 * hour, 10_000), None);
}

#[test]
fn others_who_fit_make_it_unsure_and_the_own_address_makes_it_sure() {
    let run = |strangers: u64, payouts: &[u32], actors: (Option<&str>, Option<&str>)| {
        let mut one = chain("one").door(BRIDGE, Gate::Bridge, actors.0);
        let mut other = chain("other").door(BRIDGE, Gate::Bridge, actors.1);
        one.steal(0, (9, 1, ETH, 2_000_000));
        for stranger in 0..strangers {
            one.pay(90, "", (20 + u32::try_from(stranger).unwrap(), BRIDGE, ETH, 1_000_000));
        }
        one.pay(100, "", (1, BRIDGE, ETH, 1_000_000));
        for to in payouts {
            other.pay(101, "", (BRIDGE, *to, ETH, 1_000_000));
        }
        let across = followed(&[one, other], &[], Method::Fifo, &Bounds::default()).unwrap();
        let sure = across.crossings.iter().map(|one| (one.left.to.0, one.confidence, true));
        let unsure = across.unsure.iter().map(|one| (one.left.to.0, one.confidence, false));
        sure.chain(unsure).collect::<Vec<_>>()
    };
    assert_eq!(run(0, &[2], (None, None)), [(2, 70, true)]);
    assert_eq!(run(0, &[2], (Some("a"), Some("a"))), [(2, 85, true)]);
    assert_eq!(run(0, &[2], (Some("a"), Some("b"))), []);
    assert_eq!(run(1, &[2], (None, None)), [(2, 35, false)]);
    assert_eq!(run(0, &[2, 3], (None, None)), [(2, 35, false), (3, 35, false)]);
    assert_eq!(run(3, &[2, 1, 3], (None, None)), [(1, 95, true)]);
}

#[test]
fn as_many_payouts_as_tainted_entries_are_no_doubt() {
    let (mut one, mut other) = (chain("one"), chain("other"));
    one.steal(0, (9, 1, ETH, 3_000));
    for time in [100, 110, 120] {
        one.pay(time, "", (1, BRIDGE, ETH, 1_000));
        other.pay(time + 5, "", (BRIDGE, u32::try_from(time).unwrap() / 10, ETH, 1_000));
    }
    let books = [one, other];
    let across = followed(&books, &[], Method::Fifo, &Bounds::default()).unwrap();
    conserves(&books, &across).unwrap();
    let told: Vec<_> = across.crossings.iter().map(|one| (one.entered.numbers[0], one.left.number)).collect();
    assert_eq!(told, [(1, 0), (2, 1), (3, 2)]);
}

#[test]
fn what_comes_back_is_followed_and_so_are_ways_of_many_crossings() {
    let (mut one, mut other) = (chain("one"), chain("other"));
    one.steal(0, (9, 1, ETH, 1_000));
    one.pay(10, "", (1, BRIDGE, ETH, 1_000));
    other.pay(20, "", (BRIDGE, 1, ETH, 995));
    other.pay(30, "swap", (1, POOL, ETH, 995));
    other.pay(30, "swap", (POOL, 1, USD, 300));
    other.pay(40, "", (1, BRIDGE, USD, 300));
    one.pay(50, "", (BRIDGE, 1, USD, 299));
    one.pay(60, "", (1, 95, USD, 299));
    let books = [one, other];
    let across = followed(&books, &[], Method::Fifo, &Bounds::default()).unwrap();
    conserves(&books, &across).unwrap();
    assert_eq!((across.crossings.len(), across.rounds), (3, 4));
    let entry = across.traces[0].entries().last().unwrap();
    assert_eq!((entry.to, entry.tainted, entry.asset), (Account(95), u(299), Asset(USD)));

    let bounds = Bounds { rounds_max: 2, ..Bounds::default() };
    let across = followed(&books, &[], Method::Fifo, &bounds).unwrap();
    conserves(&books, &across).unwrap();
    assert_eq!((across.crossings.len(), across.rounds, across.short), (1, 2, vec![Short::Rounds]));
}

#[test]
fn several_payouts_carry_no_more_than_entered() {
    let (mut one, mut other) = (chain("one"), chain("other"));
    one.pay(0, "", (8, 1, ETH, 500));
    one.steal(1, (9, 1, ETH, 500));
    one.pay(5, "in", (1, BRIDGE, ETH, 1_000));
    // Rounded one by one, each would carry 2; and in all it pays more than entered.
    for _ in 0..400 {
        other.pay(9, "out", (BRIDGE, 2, ETH, 3));
    }
    let books = [one, other];
    let pairings = [pairing(("one", "in"), ("other", "out"))];
    let across = followed(&books, &pairings, Method::Haircut, &Bounds::default()).unwrap();
    conserves(&books, &across).unwrap();
    let carried = across.crossings.iter().map(|one| one.carried.to::<u64>()).sum::<u64>();
    assert_eq!((across.crossings.len(), carried), (400, 500));
}

#[test]
fn limits_end_it_and_are_told() {
    let (mut one, mut other) = (chain("one"), chain("other"));
    one.steal(0, (9, 1, ETH, 3_000));
    for time in [100, 110, 120] {
        one.pay(time, "", (1, BRIDGE, ETH, 1_000));
        other.pay(time + 5, "", (BRIDGE, 2, ETH, 1_000));
    }
    let books = [one, other];
    for (bounds, short, found) in [
        (Bounds { passages_max: 6, ..Bounds::default() }, vec![], 3),
        (Bounds { passages_max: 5, ..Bounds::default() }, vec![Short::Passages], 0),
        // One entry in each round, so that it isn't seen that the others fit each other.
        (Bounds { compared_max: 1, ..Bounds::default() }, vec![Short::Compared], 2),
        (Bounds { compared_max: 0, ..Bounds::default() }, vec![Short::Compared], 0),
    ] {
        let across = followed(&books, &[], Method::Fifo, &bounds).unwrap();
        assert_eq!((across.crossings.len(), &across.short), (found, &short), "{bounds:?}");
    }
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let check = |books: &[Book], bounds: Bounds| followed(books, &[], Method::Fifo, &bounds).unwrap_err();
    let two = [chain("one"), chain("one")];
    assert!(matches!(check(&two, Bounds::default()), CrossError::SameName { .. }));
    let many: Vec<Book> = (0..257).map(|number| chain(&number.to_string())).collect();
    assert!(matches!(check(&many, Bounds::default()), CrossError::ManyChains { count: 257 }));
    for bounds in [
        Bounds { fee_basis_points: 10_001, ..Bounds::default() },
        Bounds { confidence_min: 101, ..Bounds::default() },
        Bounds { window: -1, ..Bounds::default() },
        Bounds { rounds_max: 0, ..Bounds::default() },
    ] {
        assert!(matches!(check(&[], bounds), CrossError::Bound { .. }));
    }
    let mut one = chain("one");
    one.steal(0, (1, 1, ETH, 5));
    let error = check(&[one], Bounds::default());
    assert!(error.to_string().starts_with("on one: theft"), "{error}");
}
