//! Blocks as payments, on random small ledgers: numbers lead where they should, and a trace told as payments says what the trace of outputs does.

use std::collections::BTreeMap;

use bongsu_trace::chain::bitcoin::{
    Block, Coins, Ledger, Magic, Outpoint, Output, Transaction, read_id, written,
};
use bongsu_trace::cross::{Bounds, Chain, Door, Gate, Sum, Transactions as _, follow_across, worths};
use bongsu_trace::taint::outputs::{Fate, Method, OutputId, OutputTheft, Spends as _, follow};
use bongsu_trace::taint::{Limits, Place, TaintError, Theft, Trace, Way};
use bongsu_trace::{Account, Asset, Flows as _, Payments, U256};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const METHODS: [Method; 5] = [Method::Poison, Method::Haircut, Method::Fifo, Method::Lifo, Method::Tiho];

fn id(number: u64) -> [u8; 32] {
    let mut id = [7; 32];
    id[..8].copy_from_slice(&number.to_le_bytes());
    id
}

fn output((owner, satoshi): (u8, u64)) -> Output {
    // Of one nobody can spend, the owner is none.
    let address = (owner > 0).then(|| format!("1owner{owner}"));
    Output { satoshi, address, script: None }
}

/// A transaction a block; each spends some that are unspent, perhaps one that is not there, and pays less than that or more than is known.
fn ledgers() -> impl Strategy<Value = Ledger> {
    let transaction = (vec(any::<Index>(), 0..4), any::<bool>(), vec((0..6_u8, 1..50_u64), 1..4), 0..3_u64);
    vec(transaction, 1..24).prop_map(|rows| {
        let (mut ledger, mut unspent) = (Ledger::default(), Vec::<(Outpoint, u64)>::new());
        for (number, (picks, has_unknown, outputs, fee)) in (0_u64..).zip(rows) {
            let (mut inputs, mut spent) = (Vec::new(), 0);
            for pick in picks.iter().filter(|_| number > 0) {
                if !unspent.is_empty() {
                    let (from, amount) = unspent.remove(pick.index(unspent.len()));
                    spent += amount;
                    inputs.push(from);
                }
            }
            if has_unknown && !inputs.is_empty() {
                inputs.push(Outpoint { transaction: [9; 32], output: u32::try_from(number).unwrap() });
            }
            let is_bound = !inputs.is_empty() && !has_unknown;
            let mut left = if is_bound { spent.saturating_sub(fee) } else { u64::MAX };
            let outputs: Vec<Output> = outputs
                .into_iter()
                .map(|(owner, amount)| {
                    let amount = amount.min(left);
                    left -= amount;
                    output((owner, amount))
                })
                .collect();
            for (place, output) in (0..).zip(&outputs) {
                if output.address.is_some() {
                    let from = Outpoint { transaction: id(number), output: place };
                    unspent.push((from, output.satoshi));
                }
            }
            let transactions = vec![Transaction { id: id(number), inputs, outputs }];
            let time = u32::try_from(1_000 + number * 600).unwrap();
            let (hash, previous, work) = (id(number), id(number.wrapping_sub(1)), [1; 32]);
            let height = (number == 3).then_some(100);
            ledger.add(&Block { hash, previous, time, height, work, transactions }).unwrap();
        }
        ledger
    })
}

fn place(coins: &Coins, account: Account) -> Place {
    match coins.ledger().address(account) {
        _ if coins.is_nobody(account) => Place::Nobody,
        Some("1owner5") => Place::Service,
        _ => Place::Holder,
    }
}

fn sum(parts: impl Iterator<Item = U256>) -> U256 {
    parts.fold(U256::ZERO, |sum, part| sum + part)
}

/// The output that a payment is.
fn which(coins: &Coins, number: u64) -> OutputId {
    let id = read_id(&coins.transaction(number).unwrap()).unwrap();
    OutputId { transaction: coins.ledger().number(&id).unwrap(), index: coins.output(number).unwrap() }
}

/// Paths go from coin to coin: each payment was spent by the transaction of the next, whose giver had it.
fn path_holds(coins: &Coins, trace: &Trace, path: &[u64]) -> Result<(), TestCaseError> {
    for [one, next] in path.array_windows() {
        let spender =
            coins.ledger().spender(which(coins, *one)).map(|by| written(&coins.ledger().id(by).unwrap()));
        prop_assert_eq!(coins.transaction(*next), spender);
        let (got, gave) = (trace.transfer(coins, *one).unwrap(), trace.transfer(coins, *next).unwrap());
        prop_assert_eq!(got.to, gave.from);
    }
    Ok(())
}

proptest! {
    #[test]
    fn numbers_lead_to_outputs_and_fees(ledger in ledgers()) {
        let coins = Coins::new(ledger, Magic::MAIN);
        let (mut number, mut fees) = (0, U256::ZERO);
        for transaction in 0..coins.ledger().len() {
            let mut made = bongsu_trace::taint::outputs::Transaction::default();
            assert!(coins.ledger().read(transaction, &mut made));
            let name = written(&coins.ledger().id(transaction).unwrap());
            let first = number;
            for (index, output) in (0..).zip(&made.outputs) {
                let transfer = coins.transfer(number).unwrap();
                prop_assert_eq!(number, coins.number(transaction, Some(index)));
                prop_assert_eq!((Some(transfer.to), transfer.amount), (output.owner, U256::from(output.amount)));
                prop_assert_eq!(coins.outpoint(number), Some(format!("{name}:{index}")));
                prop_assert!(coins.taken_from(transfer.to, number).next() == Some(number));
                prop_assert!(coins.given_from(transfer.from, 0).any(|given| given == number));
                number += 1;
            }
            let fee = coins.transfer(number).unwrap();
            prop_assert!(coins.is_nobody(fee.to) && coins.outpoint(number) == Some(name.clone()));
            prop_assert_eq!(number, coins.number(transaction, None));
            fees += fee.amount;
            prop_assert_eq!(coins.beside(first), (first..=number).collect::<Vec<u64>>());
            let wanted = [name.clone(), "no transaction".to_owned()].into();
            prop_assert_eq!(coins.of_transactions(&wanted), [(name, (first..=number).collect())].into());
            number += 1;
        }
        prop_assert_eq!((coins.len(), coins.transfer(number)), (number, None));
        // Where what is spent is not all known, a fee is what is known to be one.
        prop_assert!(fees >= U256::from(coins.ledger().fees()));
        for transaction in 0..coins.ledger().len() {
            let height = coins.height(coins.number(transaction, None));
            prop_assert_eq!(height, transaction.checked_sub(3).map(|after| 100 + after));
        }
    }

    #[test]
    fn a_trace_told_as_payments_says_what_that_of_outputs_does(
        ledger in ledgers(), picks in vec((any::<Index>(), any::<bool>()), 1..4),
    ) {
        let coins = Coins::new(ledger, Magic::MAIN);
        let paid: Vec<u64> = (0..coins.len())
            .filter(|number| coins.output(*number).is_some() && !coins.transfer(*number).unwrap().amount.is_zero())
            .collect();
        prop_assume!(!paid.is_empty());
        let mut thefts: Vec<Theft> = picks
            .iter()
            .map(|(pick, is_part)| {
                let number = paid[pick.index(paid.len())];
                Theft { number, stolen: is_part.then_some(U256::from(1)) }
            })
            .collect();
        thefts.sort_by_key(|theft| theft.number);
        thefts.dedup_by_key(|theft| theft.number);
        for method in METHODS {
            let place = |account: Account| place(&coins, account);
            let trace = coins.trace(&thefts, method, place, Limits::default(), Way::Choose).unwrap();
            let starts: Vec<OutputTheft> = thefts.iter().map(|theft| OutputTheft {
                output: which(&coins, theft.number),
                stolen: theft.stolen.map(|stolen| stolen.to::<u64>()),
            }).collect();
            let found = follow(coins.ledger(), &starts, method, place, Limits::default(), Way::Sweep).unwrap();
            let (total, sums) = (trace.totals()[0], found.total());
            prop_assert_eq!(
                [total.stolen, total.held, total.entered, total.burnt],
                [sums.stolen, sums.held, sums.entered, sums.burnt].map(U256::from)
            );
            prop_assert_eq!(sum(trace.stolen().map(|(_, newly)| newly)), total.stolen);
            prop_assert_eq!(sum(trace.holders().map(|holder| holder.tainted)), total.held);
            let of = |place: Place| sum(trace.entries().iter().filter(|one| one.place == place).map(|one| one.tainted));
            prop_assert_eq!((of(Place::Service), of(Place::Nobody)), (total.entered, total.burnt));
            prop_assert!(trace.entries().is_sorted_by_key(|entry| entry.number));
            prop_assert!(trace.moves().map(|(number, _)| number).is_sorted());
            let all = sum(found.outputs().iter().map(|output| U256::from(output.tainted)));
            let fees = sum(found.fees().iter().map(|(_, fee)| U256::from(*fee)));
            prop_assert_eq!(sum(trace.moves().map(|(_, tainted)| tainted)), all + fees);
            if method != Method::Poison {
                prop_assert_eq!(total.stolen, total.held + total.entered + total.burnt);
            }
            let held = found.outputs().iter().filter(|output| output.fate == Fate::Held).count();
            prop_assert_eq!(trace.holders().filter(|holder| !holder.tainted.is_zero()).count(), held);
            for holder in 0..trace.reached() {
                path_holds(&coins, &trace, &trace.path(holder))?;
            }
            for entry in trace.entries() {
                prop_assert_eq!(entry.asset, Asset(0));
                prop_assert_eq!(trace.transfer(&coins, entry.number).map(|transfer| transfer.from), Some(entry.from));
                path_holds(&coins, &trace, &trace.path_of(entry))?;
            }
        }
    }
}

#[test]
fn what_is_no_output_is_no_theft() {
    let mut ledger = Ledger::default();
    let transactions =
        vec![Transaction { id: id(1), inputs: Vec::new(), outputs: vec![output((1, 50)), output((0, 0))] }];
    let block = Block { hash: id(1), previous: id(0), time: 7, height: None, work: [1; 32], transactions };
    ledger.add(&block).unwrap();
    let coins = Coins::new(ledger, Magic::REGTEST);
    let trace = |number: u64, stolen: Option<U256>| {
        let thefts = [Theft { number, stolen }];
        coins
            .trace(&thefts, Method::Tiho, |account| place(&coins, account), Limits::default(), Way::Choose)
            .map(|trace| trace.totals().to_vec())
    };
    assert!(matches!(trace(0, None), Ok(totals) if totals[0].held == U256::from(50)));
    assert_eq!(trace(2, None), Err(TaintError::MovesNothing { number: 2 }));
    assert_eq!(trace(3, None), Err(TaintError::NoSuchTransfer { number: 3, count: 3 }));
    for wrong in [U256::from(51), U256::MAX, U256::ZERO] {
        assert!(matches!(trace(0, Some(wrong)), Err(TaintError::Outputs(_))), "{wrong}");
    }
    assert_eq!((coins.chain(), coins.height(0)), ("bitcoin-regtest", None));
    let owner = coins.transfer(0).unwrap().to;
    assert_eq!(coins.wallet(owner), Some("1owner1"));
    assert_eq!(coins.wallet(coins.transfer(1).unwrap().to), None, "nobody can spend it");
    assert_eq!(coins.address(coins.transfer(0).unwrap().from), None, "it was minted");
}

/// A transaction alone in its block: when, whose first output it spends, and to whom it gives how much.
type Row<'a> = (u32, Option<u64>, &'a [(u8, u64)]);

/// One transaction a block, of two chains: on the first, 90 coins go to a bridge, in whose hands 30 of somebody else's are too; on the second it
/// pays 89 of them to another address, out of 100, and that one goes on.
#[test]
fn what_a_bridge_pays_out_in_outputs_is_followed_on() {
    let chain = |magic: Magic, rows: &[Row<'_>]| {
        let mut ledger = Ledger::default();
        for (number, (time, spends, outputs)) in (0_u64..).zip(rows) {
            let inputs = spends.iter().map(|from| Outpoint { transaction: id(*from), output: 0 }).collect();
            let outputs = outputs.iter().copied().map(output).collect();
            let transactions = vec![Transaction { id: id(number), inputs, outputs }];
            let (hash, previous, work) = (id(number), id(number.wrapping_sub(1)), [1; 32]);
            let block = Block { hash, previous, time: *time, height: None, work, transactions };
            ledger.add(&block).unwrap();
        }
        Payments::from(Coins::new(ledger, magic))
    };
    let from = chain(
        Magic::MAIN,
        &[(1_000, None, &[(1, 100)]), (2_000, Some(0), &[(5, 90), (2, 8)]), (2_100, None, &[(5, 30)])],
    );
    let to = chain(
        Magic::REGTEST,
        &[
            (500, None, &[(5, 100)]),
            (2_600, Some(0), &[(3, 89), (5, 10)]),
            (9_000, Some(1), &[(4, 80), (3, 7)]),
        ],
    );
    let all = [&from, &to];
    let door = |payments: &Payments| {
        let bridge = payments.account("1owner5").unwrap();
        [(bridge, Door { gate: Gate::Bridge, actor: None })].into()
    };
    let doors: [BTreeMap<Account, Door>; 2] = all.map(door);
    let worths = all.map(|payments| worths(payments, [("BTC", "BTC")]).unwrap());
    let place = |at: usize| {
        let nobody = all[at];
        move |account: Account| match nobody {
            Payments::Outputs(coins) if coins.is_nobody(account) => Place::Nobody,
            _ => Place::Holder,
        }
    };
    let (here, there) = (place(0), place(1));
    let places: [&dyn Fn(Account) -> Place; 2] = [&here, &there];
    let thefts = [Theft { number: 0, stolen: None }];
    for method in METHODS {
        let chains: Vec<Chain<'_, Payments>> = (0..2)
            .map(|at| Chain {
                name: all[at].chain(),
                flows: all[at],
                thefts: if at == 0 { &thefts } else { &[] },
                place: places[at],
                doors: &doors[at],
                worths: &worths[at],
            })
            .collect();
        let across =
            follow_across(&chains, &[], method, Limits::default(), Way::Choose, &Bounds::default()).unwrap();
        assert_eq!(across.short, []);
        let [crossing] = across.crossings.as_slice() else { panic!("{method:?}: {across:?}") };
        assert_eq!((crossing.entered.amount, crossing.left.amount), (U256::from(90), U256::from(89)));
        assert_eq!(
            (crossing.entered.tainted, crossing.carried),
            (U256::from(90), U256::from(89)),
            "{method:?}"
        );
        let sums = across.sums();
        let parts = |at: usize| {
            let Sum { stolen, came, held, entered, continued, burnt, .. } = sums[at];
            [stolen, came, held, entered, continued, burnt].map(|part| part.to::<u64>())
        };
        // Two went into the fee, and eight are held here; on the other side two more went into a fee.
        assert_eq!(parts(0), [100, 0, 8, 0, 90, 2], "{method:?}");
        assert_eq!(parts(1), [0, 89, 87, 0, 0, 2], "{method:?}");
    }
}
