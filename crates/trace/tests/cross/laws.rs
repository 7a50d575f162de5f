//! Laws, on random chains with bridges and pools.

use std::collections::BTreeMap;

use bongsu_trace::Account;
use bongsu_trace::cross::{Across, Bounds, Crossing, Gate, Pairing};
use bongsu_trace::taint::Method;
use proptest::collection::vec;
use proptest::prelude::*;

use super::books::{Book, NOBODY, conserves, followed, pairing};

const METHODS: [Method; 3] = [Method::Haircut, Method::Fifo, Method::Lifo];

/// Account 0 and 1 are bridges (of one actor, and of no known one), 2 and 3 pools, 4 an exchange, 5 nobody, the others people.
fn account(number: u32) -> u32 {
    match number {
        4 => 90,
        5 => NOBODY,
        other => other,
    }
}

fn book(name: &str) -> Book {
    Book::new(name)
        .door(0, Gate::Bridge, Some("across"))
        .door(1, Gate::Bridge, None)
        .door(2, Gate::Pool, None)
        .door(3, Gate::Pool, Some("swap"))
        .worth(0, "ETH", 3)
        .worth(1, "ETH", 2)
}

type Row = (u32, u32, u32, u64, bool, bool);

/// Three assets, of which two are worth the same; some in one transaction with the one before, and some of the same second.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let (people, bridges, pools) = (|| 6..9_u32, || 0..2_u32, || 2..4_u32);
    let sides = prop_oneof![
        2 => (people(), people()),
        3 => (people(), bridges()),
        3 => (bridges(), people()),
        3 => (people(), pools()),
        3 => (pools(), people()),
        1 => (0..9_u32, 0..9_u32),
    ];
    let amount = prop_oneof![Just(40_u64), Just(39), 0..60_u64];
    vec((sides, 0..3_u32, amount, any::<bool>(), any::<bool>()), 1..50).prop_map(|rows| {
        let row =
            |((from, to), asset, amount, transaction, second)| (from, to, asset, amount, transaction, second);
        rows.into_iter().map(row).collect()
    })
}

fn filled(name: &str, rows: &[Row]) -> Book {
    let mut book = book(name);
    let (mut time, mut transaction) = (0, 0);
    for (from, to, asset, amount, same_transaction, same_second) in rows {
        if !same_transaction {
            transaction += 1;
            time += i64::from(!same_second);
        }
        // Asset 1 is coarser, so that equal worths are frequent.
        let amount = if *asset == 1 { *amount } else { amount * 10 };
        book.pay(time, &format!("{name}{transaction}"), (account(*from), account(*to), *asset, amount));
    }
    book
}

/// Two chains with what was stolen on the first, and pairings of some transactions.
fn world() -> impl Strategy<Value = (Vec<Book>, Vec<Pairing>)> {
    let pairs = vec((any::<bool>(), 1..20_u32, any::<bool>(), 1..20_u32), 0..30);
    (rows(), rows(), vec(any::<prop::sample::Index>(), 1..4), pairs).prop_map(|(one, other, picks, pairs)| {
        let (mut one, other) = (filled("a", &one), filled("b", &other));
        // Much is stolen, by people and not late, so that there is something to cross.
        let is_early = one.transfers.len() as u64 / 2 + 1;
        for transfer in one.transfers.iter_mut().take(3) {
            (transfer.to, transfer.amount) = (Account(6), transfer.amount * bongsu_trace::U256::from(10));
        }
        let can_be: Vec<u64> = (0..is_early)
            .zip(&one.transfers)
            .filter(|(_, row)| !row.amount.is_zero() && row.from != row.to)
            .map(|(number, _)| number)
            .collect();
        let mut stolen: Vec<u64> =
            picks.iter().filter(|_| !can_be.is_empty()).map(|pick| *pick.get(&can_be)).collect();
        stolen.sort_unstable();
        stolen.dedup();
        one.thefts =
            stolen.into_iter().map(|number| bongsu_trace::taint::Theft { number, stolen: None }).collect();
        let name = |is_one: bool| if is_one { "a" } else { "b" };
        let pairings = pairs.into_iter().map(|(from, of, to, paid)| {
            let (from, to) = (name(from), name(to));
            pairing((from, &format!("{from}{of}")), (to, &format!("{to}{paid}")))
        });
        (vec![one, other], pairings.collect())
    })
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (0..3_000_u16, 0..30_i64, 0..=60_u8, prop_oneof![Just(32_u32), 1..4_u32]).prop_map(
        |(fee_basis_points, window, confidence_min, rounds_max)| Bounds {
            fee_basis_points,
            window,
            confidence_min,
            rounds_max,
            ..Bounds::default()
        },
    )
}

/// All that is told of crossings, with chains by name and accounts by address.
fn told(books: &[Book], across: &Across) -> Vec<String> {
    let one = |crossing: &Crossing| {
        let Crossing { entered, left, carried, confidence, why } = crossing;
        let (from, to) = (&books[entered.chain].name, &books[left.chain].name);
        format!(
            "{from} {:?} {} {to} {} {carried} {confidence} {why:?}",
            entered.numbers, entered.tainted, left.number
        )
    };
    let mut told: Vec<String> = across.crossings.iter().chain(&across.unsure).map(one).collect();
    told.sort();
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_made_and_each_payout_is_paired_once((books, pairings) in world(), bounds in bounds()) {
        for method in METHODS {
            let across = followed(&books, &pairings, method, &bounds).unwrap();
            if let Err(why) = conserves(&books, &across) {
                return Err(TestCaseError::fail(why));
            }
            prop_assert!(across.crossings.iter().all(|one| one.confidence >= bounds.confidence_min));
            prop_assert!(across.unsure.iter().all(|one| one.confidence < bounds.confidence_min));
        }
    }

    /// All of one worth, that is stolen once, is never more anywhere than was stolen: what goes round in bridges feeds nothing.
    #[test]
    fn of_one_worth_no_more_arrives_than_was_stolen((books, pairings) in world(), bounds in bounds()) {
        let fine = |asset: u32, amount: bongsu_trace::U256| amount.to::<u64>() * if asset == 1 { 10 } else { 1 };
        let books: Vec<Book> = books.into_iter().map(|mut book| {
            for transfer in &mut book.transfers {
                transfer.asset.0 %= 2;
            }
            book
        }).collect();
        for method in METHODS {
            let across = followed(&books, &pairings, method, &bounds).unwrap();
            let sums = across.sums();
            let stolen: u64 = sums.iter().map(|sum| fine(sum.asset.0, sum.stolen)).sum();
            let arrived: u64 = sums.iter().map(|sum| fine(sum.asset.0, sum.held + sum.entered + sum.burnt)).sum();
            prop_assert!(arrived <= stolen, "{} arrived of {}", arrived, stolen);
        }
    }

    #[test]
    fn the_same_is_found_each_time_and_in_any_order((books, pairings) in world(), bounds in bounds(), turn in 0..30_usize) {
        let across = followed(&books, &pairings, Method::Fifo, &bounds).unwrap();
        let again = followed(&books, &pairings, Method::Fifo, &bounds).unwrap();
        prop_assert_eq!(&across.crossings, &again.crossings);
        prop_assert_eq!(&across.unsure, &again.unsure);
        let mut turned = pairings;
        if !turned.is_empty() {
            let count = turned.len();
            turned.rotate_left(turn % count);
        }
        let again = followed(&books, &turned, Method::Fifo, &bounds).unwrap();
        prop_assert_eq!(told(&books, &across), told(&books, &again));
    }

    /// With numbers of accounts given out in another order, the same is found.
    #[test]
    fn accounts_numbers_decide_nothing((books, _) in world(), bounds in bounds()) {
        let other = |account: Account| match account.0 {
            0..4 => Account(3 - account.0),
            6..9 => Account(14 - account.0),
            _ => account,
        };
        let turned: Vec<Book> = books.iter().cloned().map(|mut book| {
            for transfer in &mut book.transfers {
                (transfer.from, transfer.to) = (other(transfer.from), other(transfer.to));
            }
            let doors: BTreeMap<_, _> = book.doors.into_iter().map(|(account, door)| (other(account), door)).collect();
            book.doors = doors;
            book
        }).collect();
        let across = followed(&books, &[], Method::Lifo, &bounds).unwrap();
        let again = followed(&turned, &[], Method::Lifo, &bounds).unwrap();
        prop_assert_eq!(told(&books, &across), told(&turned, &again));
    }
}

/// The random chains are no empty show.
#[test]
fn random_chains_have_crossings_of_each_kind() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeMap::<&str, u32>::new();
    for _ in 0..300 {
        let (books, pairings) = world().new_tree(&mut runner).unwrap().current();
        let bounds = bounds().new_tree(&mut runner).unwrap().current();
        let across = followed(&books, &pairings, Method::Haircut, &bounds).unwrap();
        for one in &across.crossings {
            let kind = match one.why {
                bongsu_trace::cross::Why::Known => "known",
                bongsu_trace::cross::Why::Swap { .. } => "swap",
                _ if one.left.chain == one.entered.chain => "pool",
                _ => "bridge",
            };
            *kinds.entry(kind).or_default() += 1;
        }
        if across.rounds > 2 {
            *kinds.entry("several rounds").or_default() += 1;
        }
    }
    assert!(kinds.len() == 5 && kinds.values().all(|count| *count >= 3), "{kinds:?}");
}
