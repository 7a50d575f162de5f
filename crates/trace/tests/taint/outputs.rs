//! Laws of taint through outputs, on thousands of random small ledgers, and the worked example V-E4.

use std::collections::BTreeMap;

use bongsu_trace::Account;
use bongsu_trace::taint::outputs::{
    Fate, Input, Method, Output, OutputId, OutputTaintError, OutputTheft, OutputTrace, Spends, Transaction,
    follow,
};
use bongsu_trace::taint::{Ended, Limit, Limits, Place, Way};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const METHODS: [Method; 5] = [Method::Poison, Method::Haircut, Method::Fifo, Method::Lifo, Method::Tiho];

#[derive(Debug, Clone, Default)]
struct Chain(Vec<Transaction>);

impl Spends for Chain {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, number: u64, into: &mut Transaction) -> bool {
        let found = self.0.get(usize::try_from(number).unwrap());
        found.is_some_and(|transaction| {
            into.clone_from(transaction);
            true
        })
    }

    fn spender(&self, id: OutputId) -> Option<u64> {
        let spends = |transaction: &Transaction| transaction.inputs.contains(&Input::Output(id));
        (id.transaction + 1..self.len()).find(|number| spends(&self.0[usize::try_from(*number).unwrap()]))
    }
}

fn place(account: Account) -> Place {
    match account.0 {
        0 => Place::Service,
        1 => Place::Nobody,
        _ => Place::Holder,
    }
}

fn owner(number: u32) -> Option<Account> {
    (number < 7).then_some(Account(number))
}

fn id(transaction: u64, index: u32) -> OutputId {
    OutputId { transaction, index }
}

fn trace(chain: &Chain, thefts: &[(OutputId, u64)], method: Method, limits: Limits, way: Way) -> OutputTrace {
    let thefts: Vec<_> = thefts
        .iter()
        .map(|(output, stolen)| OutputTheft { output: *output, stolen: Some(*stolen) })
        .collect();
    follow(chain, &thefts, method, place, limits, way).unwrap()
}

/// What the definitions say, unit by unit.
#[derive(Debug, Default)]
struct Plain {
    /// Of each output that is or was tainted, how much of it is.
    tainted: BTreeMap<OutputId, u64>,
    fees: Vec<(u64, u64)>,
    stolen: u64,
    unexplained: u64,
}

fn count(units: &[bool]) -> usize {
    units.iter().filter(|unit| **unit).count()
}

fn clean(amount: usize) -> Vec<bool> {
    vec![false; amount]
}

/// Deals the units that go in to outputs of so many units each, the fee being the last.
fn deal(method: Method, inputs: Vec<Vec<bool>>, outputs: &[usize]) -> Vec<Vec<bool>> {
    let mut units: Vec<bool> = inputs.into_iter().flatten().collect();
    let tainted = count(&units);
    let first = |tainted: usize, amount: usize| (0..amount).map(|unit| unit < tainted).collect::<Vec<_>>();
    match method {
        Method::Poison => outputs.iter().map(|amount| vec![tainted > 0; *amount]).collect(),
        Method::Fifo | Method::Lifo => {
            if method == Method::Lifo {
                units.reverse();
            }
            let mut units = units.into_iter();
            outputs.iter().map(|amount| units.by_ref().take(*amount).collect()).collect()
        }
        Method::Tiho => {
            let (_, but_fee) = outputs.split_last().unwrap();
            let mut given = vec![0; outputs.len()];
            for _ in 0..tainted {
                let has_room = |at: &usize| given[*at] < outputs[*at];
                let highest = (0..but_fee.len())
                    .filter(has_room)
                    .max_by_key(|at| (outputs[*at], std::cmp::Reverse(*at)));
                given[highest.unwrap_or(but_fee.len())] += 1;
            }
            outputs.iter().zip(given).map(|(amount, given)| first(given, *amount)).collect()
        }
        Method::Haircut => {
            let all = units.len().max(1);
            let mut given: Vec<_> = outputs.iter().map(|amount| tainted * amount / all).collect();
            let mut rests: Vec<_> = outputs.iter().map(|amount| tainted * amount % all).collect();
            while given.iter().sum::<usize>() < tainted {
                let most = *rests.iter().max().unwrap();
                let at = rests.iter().position(|rest| *rest == most).unwrap();
                given[at] += 1;
                rests[at] = 0;
            }
            outputs.iter().zip(given).map(|(amount, given)| first(given, *amount)).collect()
        }
    }
}

fn plain(chain: &Chain, thefts: &[(OutputId, u64)], method: Method) -> Plain {
    let mut plain = Plain::default();
    // The units of each output that is unspent, and a holder's.
    let mut unspent: BTreeMap<OutputId, Vec<bool>> = BTreeMap::new();
    for (number, transaction) in (0..).zip(&chain.0) {
        let mut inputs: Vec<Vec<bool>> = Vec::new();
        let (mut open, mut unexplained) = (None, 0);
        for (at, input) in transaction.inputs.iter().enumerate() {
            let known = match input {
                Input::Coinbase => None,
                Input::Unknown(amount) => {
                    unexplained += amount.unwrap_or_default();
                    amount.map(|amount| clean(usize::try_from(amount).unwrap()))
                }
                Input::Output(id) if id.transaction < number => {
                    let amount = chain.output(*id).map(|output| usize::try_from(output.amount).unwrap());
                    unspent.remove(id).or_else(|| amount.map(clean))
                }
                Input::Output(_) => None,
            };
            if known.is_none() && open.is_none() {
                open = Some(at);
            }
            inputs.push(known.unwrap_or_default());
        }
        let mut amounts: Vec<_> =
            transaction.outputs.iter().map(|output| usize::try_from(output.amount).unwrap()).collect();
        let missing = amounts.iter().sum::<usize>().saturating_sub(inputs.iter().map(Vec::len).sum());
        match open {
            Some(at) => inputs[at] = clean(missing),
            None => inputs.insert(0, clean(missing)),
        }
        if open.is_none_or(|at| transaction.inputs[at] != Input::Coinbase) {
            unexplained += missing as u64;
        }
        let is_touched = inputs.iter().any(|input| count(input) > 0);
        amounts.push(inputs.iter().map(Vec::len).sum::<usize>() - amounts.iter().sum::<usize>());
        let mut dealt = deal(method, inputs, &amounts);
        let fee = count(&dealt.pop().unwrap());
        if fee > 0 {
            plain.fees.push((number, fee as u64));
        }
        let mut is_theft = false;
        for (index, (output, mut units)) in (0..).zip(transaction.outputs.iter().zip(dealt)) {
            let id = id(number, index);
            if let Some((_, stolen)) = thefts.iter().find(|(theft, _)| *theft == id) {
                let more = usize::try_from(*stolen).unwrap().saturating_sub(count(&units));
                plain.stolen += more as u64;
                units.iter_mut().filter(|unit| !**unit).take(more).for_each(|unit| *unit = true);
                if method == Method::Poison {
                    units.fill(true);
                }
                is_theft = true;
            }
            let tainted = count(&units);
            if tainted > 0 {
                plain.tainted.insert(id, tainted as u64);
            }
            let is_held = output.owner.is_none_or(|owner| place(owner) == Place::Holder);
            unspent.insert(id, if is_held { units } else { clean(units.len()) });
        }
        if is_touched || is_theft {
            plain.unexplained += unexplained;
        }
    }
    plain
}

/// Transactions that spend earlier, spent, later and unknown outputs, mint, and make up to four outputs; some make more than they spend.
fn chains() -> impl Strategy<Value = Chain> {
    let input = (0..12_u8, any::<Index>(), 0..9_u64);
    let output = (0..9_u32, 0..9_u64);
    vec((vec(input, 0..4), vec(output, 0..5)), 1..25).prop_map(|rows| {
        let mut ids = Vec::new();
        let mut chain = Chain::default();
        for (number, (inputs, outputs)) in (0..).zip(rows) {
            let input = |(kind, pick, amount): (u8, Index, u64)| match kind {
                0 => Input::Coinbase,
                1 => Input::Unknown(Some(amount)),
                2 => Input::Unknown(None),
                3 => Input::Output(id(number + amount / 4, 0)),
                _ if ids.is_empty() => Input::Coinbase,
                _ => Input::Output(ids[pick.index(ids.len())]),
            };
            let inputs = inputs.into_iter().map(input).collect();
            let outputs: Vec<_> =
                outputs.into_iter().map(|(of, amount)| Output { owner: owner(of), amount }).collect();
            ids.extend((0..).zip(&outputs).map(|(index, _)| id(number, index)));
            let time = i64::try_from(number).unwrap();
            chain.0.push(Transaction { time, inputs, outputs });
        }
        chain
    })
}

fn thefts(chain: &Chain, picks: &[(Index, u64)]) -> Vec<(OutputId, u64)> {
    let all = (0..).zip(&chain.0).flat_map(|(number, transaction)| {
        (0..).zip(&transaction.outputs).map(move |(index, output)| (id(number, index), output.amount))
    });
    let can_be: Vec<_> = all.filter(|(_, amount)| *amount > 0).collect();
    let mut thefts: Vec<(OutputId, u64)> = Vec::new();
    for (pick, part) in picks.iter().filter(|_| !can_be.is_empty()) {
        let (output, amount) = can_be[pick.index(can_be.len())];
        if thefts.iter().all(|(other, _)| *other != output) {
            thefts.push((output, 1 + part % amount));
        }
    }
    thefts
}

fn agrees(trace: &OutputTrace, plain: &Plain) -> Result<(), TestCaseError> {
    let found: Vec<_> = trace.outputs().iter().map(|output| (output.output, output.tainted)).collect();
    prop_assert_eq!(found, plain.tainted.clone().into_iter().collect::<Vec<_>>());
    let fees: Vec<_> = plain.fees.iter().map(|(number, fee)| (*number, u128::from(*fee))).collect();
    prop_assert_eq!(trace.fees(), fees);
    prop_assert_eq!(trace.unexplained(), u128::from(plain.unexplained));
    prop_assert_eq!(trace.total().stolen, u128::from(plain.stolen));
    Ok(())
}

/// Fates are what the places and the transactions say, sums are those of the outputs, and paths lead back to thefts.
fn is_consistent(
    trace: &OutputTrace,
    chain: &Chain,
    thefts: &[(OutputId, u64)],
) -> Result<(), TestCaseError> {
    let sum = |fate: fn(Fate) -> bool| -> u128 {
        trace
            .outputs()
            .iter()
            .filter(|output| fate(output.fate))
            .map(|output| u128::from(output.tainted))
            .sum()
    };
    let total = trace.total();
    prop_assert_eq!(total.held, sum(|fate| fate == Fate::Held));
    prop_assert_eq!(total.entered, sum(|fate| fate == Fate::Entered));
    let fees: u128 = trace.fees().iter().map(|(_, fee)| fee).sum();
    prop_assert_eq!(total.burnt, sum(|fate| fate == Fate::Burnt) + fees);
    for (index, output) in trace.outputs().iter().enumerate() {
        let place = output.owner.map_or(Place::Holder, place);
        let expected = match (place, chain.spender(output.output)) {
            (Place::Service, _) => Fate::Entered,
            (Place::Nobody, _) => Fate::Burnt,
            (Place::Holder, Some(by)) => Fate::Spent { by },
            (Place::Holder, None) => Fate::Held,
        };
        prop_assert_eq!(output.fate, expected);
        let path = trace.path(index);
        prop_assert_eq!(path.len(), output.hop as usize);
        prop_assert!(thefts.iter().any(|(theft, _)| *theft == path[0]));
        prop_assert!(path.array_windows().all(|[from, to]| chain.spender(*from) == Some(to.transaction)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn each_method_equals_its_definition_in_both_ways(chain in chains(), picks in vec((any::<Index>(), 0..9_u64), 1..4)) {
        let thefts = thefts(&chain, &picks);
        let mut poisoned = BTreeMap::new();
        for method in METHODS {
            let found = trace(&chain, &thefts, method, Limits::default(), Way::Sweep);
            let frontier = trace(&chain, &thefts, method, Limits::default(), Way::Frontier);
            prop_assert_eq!(found.outputs(), frontier.outputs());
            prop_assert_eq!(found.fees(), frontier.fees());
            prop_assert_eq!((found.total(), found.unexplained()), (frontier.total(), frontier.unexplained()));
            let plain = plain(&chain, &thefts, method);
            agrees(&found, &plain)?;
            is_consistent(&found, &chain, &thefts)?;
            if method == Method::Poison {
                poisoned = plain.tainted;
                continue;
            }
            let total = found.total();
            prop_assert_eq!(total.stolen, total.held + total.entered + total.burnt);
            for (output, tainted) in plain.tainted {
                prop_assert!(poisoned.get(&output).is_some_and(|all| *all >= tainted));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn limits_end_all_ways_at_one_place(
        chain in chains(),
        picks in vec((any::<Index>(), 0..9_u64), 1..4),
        reached_max in 0..6_usize,
        parcels_max in 1..4_u32,
    ) {
        let thefts = thefts(&chain, &picks);
        let limits = Limits { reached_max, parcels_max, ..Limits::default() };
        for method in METHODS {
            let found = trace(&chain, &thefts, method, limits, Way::Sweep);
            for way in [Way::Frontier, Way::Choose] {
                let other = trace(&chain, &thefts, method, limits, way);
                prop_assert_eq!((found.ended(), found.outputs(), found.total()), (other.ended(), other.outputs(), other.total()));
            }
            prop_assert!(found.outputs().len() <= reached_max);
            let Ended::AtLimit { next, .. } = found.ended() else { continue };
            let before = Chain(chain.0[..usize::try_from(next).unwrap()].to_vec());
            let thefts: Vec<_> = thefts.iter().copied().filter(|(theft, _)| theft.transaction < next).collect();
            agrees(&found, &plain(&before, &thefts, method))?;
        }
    }
}

/// What a transaction spends, by transaction and place, and what it makes; it mints if it spends nothing.
type Row<'a> = (&'a [(u64, u32)], &'a [u64]);

fn simple(rows: &[Row<'_>]) -> Chain {
    let transaction = |(inputs, outputs): &Row<'_>| Transaction {
        time: 0,
        inputs: match inputs {
            [] => vec![Input::Coinbase],
            _ => inputs.iter().map(|(number, index)| Input::Output(id(*number, *index))).collect(),
        },
        outputs: outputs.iter().map(|amount| Output { owner: None, amount: *amount }).collect(),
    };
    Chain(rows.iter().map(transaction).collect())
}

#[test]
fn example_four_with_its_fee() {
    let chain = simple(&[(&[], &[50]), (&[], &[50]), (&[(0, 0), (1, 0)], &[90])]);
    for (method, output, fee) in
        [(Method::Haircut, 45, Some(5)), (Method::Fifo, 50, None), (Method::Lifo, 40, Some(10))]
    {
        for way in [Way::Choose, Way::Frontier, Way::Sweep] {
            let found = trace(&chain, &[(id(0, 0), 50)], method, Limits::default(), way);
            assert_eq!(found.outputs()[1].tainted, output, "{method:?}");
            assert_eq!(found.fees().first().map(|(_, fee)| *fee), fee);
            assert_eq!(found.outputs()[0].fate, Fate::Spent { by: 2 });
        }
    }
}

#[test]
fn units_keep_their_order_from_transaction_to_transaction() {
    // 3 tainted before 7 clean; FIFO: [ttt c][cccccc]; LIFO: [cccc][ccc ttt], whose last leave first.
    let chain = simple(&[
        (&[], &[3]),
        (&[], &[7]),
        (&[(0, 0), (1, 0)], &[4, 6]),
        (&[(2, 0)], &[3, 1]),
        (&[(2, 1)], &[2, 4]),
    ]);
    let found = |method| {
        let found = trace(&chain, &[(id(0, 0), 3)], method, Limits::default(), Way::Choose);
        found.outputs()[1..].iter().map(|output| (output.output, output.tainted)).collect::<Vec<_>>()
    };
    assert_eq!(found(Method::Fifo), [(id(2, 0), 3), (id(3, 0), 3)]);
    assert_eq!(found(Method::Lifo), [(id(2, 1), 3), (id(4, 0), 2), (id(4, 1), 1)]);
}

#[test]
fn a_transaction_past_a_limit_is_not_followed() {
    let chain = simple(&[(&[], &[4]), (&[(0, 0)], &[2, 2]), (&[(1, 0)], &[1, 1])]);
    let limits = Limits { reached_max: 3, ..Limits::default() };
    let found = trace(&chain, &[(id(0, 0), 4)], Method::Fifo, limits, Way::Choose);
    assert_eq!(found.ended(), Ended::AtLimit { limit: Limit::Reached, next: 2 });
    assert_eq!((found.outputs().len(), found.total().held), (3, 4));
}

#[test]
fn what_is_no_theft_is_refused() {
    let chain = simple(&[(&[], &[4, 0])]);
    let error = |thefts: &[(OutputId, Option<u64>)]| {
        let thefts: Vec<_> =
            thefts.iter().map(|(output, stolen)| OutputTheft { output: *output, stolen: *stolen }).collect();
        follow(&chain, &thefts, Method::Fifo, place, Limits::default(), Way::Choose).unwrap_err()
    };
    let output = id(0, 0);
    assert_eq!(error(&[(id(0, 2), None)]), OutputTaintError::NoSuchOutput(id(0, 2)));
    assert_eq!(error(&[(id(1, 0), None)]), OutputTaintError::NoSuchOutput(id(1, 0)));
    assert_eq!(error(&[(output, None), (output, Some(1))]), OutputTaintError::NamedTwice(output));
    assert_eq!(error(&[(output, Some(5))]), OutputTaintError::StolenAmount { output, stolen: 5, amount: 4 });
    let zero = id(0, 1);
    assert_eq!(error(&[(zero, None)]), OutputTaintError::StolenAmount { output: zero, stolen: 0, amount: 0 });
}
