//! Known pairings: the payout of an entry is the one that a table names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use stix::Finding;

use super::fit::fits;
use super::run::{State, World};
use super::swap::left;
use super::{Crossing, Entered, Gate, Pairing, Transactions, Why};
use crate::taint::Place;
use crate::{Account, Asset, Transfer, U256};

/// A pairing whose first transaction something tainted entered a service by.
struct Hit<'c> {
    pairing: &'c Pairing,
    from: usize,
    /// A transfer of that transaction.
    number: u64,
    to: usize,
}

/// The pairs that pairings name, those of a pairing together, in the order of the pairings' chains and transactions.
pub(super) fn pairs<F: Transactions>(world: &World<'_, F>, state: &mut State) -> Vec<Crossing> {
    if world.pairings.is_empty() {
        return Vec::new();
    }
    let hits = hits(world, state);
    look_up(world, state, &hits);
    let mut found = Vec::new();
    let mut sides = Sides::default();
    for hit in &hits {
        match of_pairing(world, state, hit, &mut sides) {
            Ok(pairs) => found.extend(pairs),
            Err(why) => state.tell(told(hit.pairing, why)),
        }
    }
    found
}

fn told(pairing: &Pairing, why: String) -> Finding {
    let Pairing { from_chain, from_transaction, to_chain, to_transaction, .. } = pairing;
    let place = format!("{from_transaction} on {from_chain} to {to_transaction} on {to_chain}");
    Finding::warning("pairing-unused", place, why)
}

/// The pairings that start where something tainted entered, in their order.
fn hits<'c, F: Transactions>(world: &World<'c, F>, state: &mut State) -> Vec<Hit<'c>> {
    let chains: HashMap<&str, usize> =
        world.chains.iter().enumerate().map(|(at, chain)| (chain.name, at)).collect();
    let mut by_start = HashMap::<(usize, &str), Vec<&Pairing>>::new();
    for pairing in world.pairings {
        if let Some(from) = chains.get(pairing.from_chain.as_str()) {
            by_start.entry((*from, &pairing.from_transaction)).or_default().push(pairing);
        }
    }
    let mut first = BTreeMap::<&Pairing, (usize, u64)>::new();
    for (from, entry) in state.open_entries() {
        let transaction = world.chains.get(from).and_then(|chain| chain.flows.transaction(entry.number));
        let Some(transaction) = transaction else { continue };
        for pairing in by_start.get(&(from, transaction.as_str())).into_iter().flatten() {
            first.entry(*pairing).or_insert((from, entry.number));
        }
    }
    let mut hits = Vec::new();
    for (pairing, (from, number)) in first {
        match chains.get(pairing.to_chain.as_str()) {
            Some(to) => hits.push(Hit { pairing, from, number, to: *to }),
            None => state
                .tell(told(pairing, format!("it goes on on {}, which is not followed", pairing.to_chain))),
        }
    }
    hits
}

/// Finds the transfers of the transactions that are paid out by, of those that are not known yet: one reading for each chain.
fn look_up<F: Transactions>(world: &World<'_, F>, state: &mut State, hits: &[Hit<'_>]) {
    let mut wanted = BTreeMap::<usize, BTreeSet<String>>::new();
    for hit in hits {
        let transaction = &hit.pairing.to_transaction;
        if !state.named.contains_key(&(hit.to, transaction.clone())) {
            wanted.entry(hit.to).or_default().insert(transaction.clone());
        }
    }
    for (to, transactions) in wanted {
        let Some(chain) = world.chains.get(to) else { continue };
        let mut found = chain.flows.of_transactions(&transactions);
        for transaction in transactions {
            let numbers = found.remove(&transaction).unwrap_or_default();
            state.named.insert((to, transaction), numbers);
        }
    }
}

/// On which side of pairings within one second a chain is: on one only, so that nothing goes in a circle in which no time passes.
#[derive(Default)]
struct Sides(HashMap<(i64, usize), bool>);

impl Sides {
    fn take(&mut self, time: i64, from: usize, to: usize) -> bool {
        let is_ok = self.0.get(&(time, from)) != Some(&false) && self.0.get(&(time, to)) != Some(&true);
        if is_ok {
            self.0.insert((time, from), true);
            self.0.insert((time, to), false);
        }
        is_ok
    }
}

/// What a pairing pairs, or why it can't be used.
fn of_pairing<F: Transactions>(
    world: &World<'_, F>,
    state: &State,
    hit: &Hit<'_>,
    sides: &mut Sides,
) -> Result<Vec<Crossing>, String> {
    let entered = entered(world, state, hit);
    let payouts = meant(world, hit, &entered, payouts(world, state, hit)?)?;
    let mut pairs = Vec::new();
    for (number, out) in payouts {
        let entered = paid_for(world, hit, &entered, &out)?;
        let is_later = match hit.from == hit.to {
            true => entered.numbers.iter().all(|entry| *entry < number),
            false if entered.time == out.time => sides.take(out.time, hit.from, hit.to),
            false => entered.time < out.time,
        };
        if !is_later {
            return Err("it was paid out before it entered".to_owned());
        }
        pairs.push(Crossing {
            entered: entered.clone(),
            left: left(hit.to, number, &out),
            carried: U256::ZERO,
            confidence: hit.pairing.confidence,
            why: Why::Known,
        });
    }
    // What was paid for one entry stays together.
    pairs.sort_by_key(|one| (one.entered.numbers.first().copied(), one.left.number));
    Ok(pairs)
}

/// What entered by a pairing's first transaction, by asset: what bridges got, or, if none got anything, what services got. Only where something of it
/// is tainted.
fn entered<F: Transactions>(world: &World<'_, F>, state: &State, hit: &Hit<'_>) -> BTreeMap<Asset, Entered> {
    let mut entered = BTreeMap::<Asset, Entered>::new();
    let Some(chain) = world.chains.get(hit.from) else { return entered };
    let numbers = chain.flows.beside(hit.number);
    let transfers = numbers.iter().filter_map(|number| Some((*number, chain.flows.transfer(*number)?)));
    let all: Vec<(u64, Transfer)> =
        transfers.filter(|(_, one)| world.place(hit.from, one.to) == Place::Service).collect();
    let is_bridge =
        |account: Account| chain.doors.get(&account).is_some_and(|door| door.gate == Gate::Bridge);
    let has_bridge = all.iter().any(|(_, transfer)| is_bridge(transfer.to));
    for (number, transfer) in all {
        if (has_bridge && !is_bridge(transfer.to)) || !state.is_open(hit.from, number) {
            continue;
        }
        let of_asset = entered.entry(transfer.asset).or_insert_with(|| Entered {
            chain: hit.from,
            numbers: Vec::new(),
            from: transfer.from,
            into: transfer.to,
            asset: transfer.asset,
            amount: U256::ZERO,
            tainted: U256::ZERO,
            time: transfer.time,
        });
        of_asset.numbers.push(number);
        of_asset.amount = of_asset.amount.saturating_add(transfer.amount);
    }
    entered.retain(|_, one| one.numbers.iter().any(|number| !state.tainted(hit.from, *number).is_zero()));
    entered
}

/// What services, or nobody (who makes new coins), paid to others by a pairing's second transaction.
fn payouts<F: Transactions>(
    world: &World<'_, F>,
    state: &State,
    hit: &Hit<'_>,
) -> Result<Vec<(u64, Transfer)>, String> {
    let transaction = &hit.pairing.to_transaction;
    let numbers = state.named.get(&(hit.to, transaction.clone())).map(Vec::as_slice).unwrap_or_default();
    let chain = world.chains.get(hit.to).filter(|_| !numbers.is_empty());
    let chain = chain.ok_or_else(|| {
        format!("there is no such transaction on {}; load its transfers up to then", hit.pairing.to_chain)
    })?;
    let transfers = numbers.iter().filter_map(|number| Some((*number, chain.flows.transfer(*number)?)));
    let paid = transfers.filter(|(_, one)| {
        one.from != one.to
            && !one.amount.is_zero()
            && world.place(hit.to, one.from) != Place::Holder
            && world.place(hit.to, one.to) != Place::Nobody
            && !chain.doors.contains_key(&one.to)
    });
    let paid: Vec<(u64, Transfer)> = paid.collect();
    if paid.is_empty() {
        let why = "no service pays anybody in it; label who pays as a bridge, and say who says so";
        return Err(why.to_owned());
    }
    Ok(paid.into_iter().filter(|(number, _)| state.is_free(hit.to, *number)).collect())
}

/// Of payouts to several, those to the one who is meant: by amount, or by address.
fn meant<F: Transactions>(
    world: &World<'_, F>,
    hit: &Hit<'_>,
    entered: &BTreeMap<Asset, Entered>,
    payouts: Vec<(u64, Transfer)>,
) -> Result<Vec<(u64, Transfer)>, String> {
    let is_one = |payouts: &[(u64, Transfer)]| {
        payouts.iter().map(|(_, out)| out.to).collect::<BTreeSet<_>>().len() == 1
    };
    if payouts.is_empty() || is_one(&payouts) {
        return Ok(payouts);
    }
    let has_amount = |out: &Transfer| entered.values().any(|entered| fits_in(world, hit, entered, out));
    let by_amount: Vec<_> = payouts.iter().copied().filter(|(_, out)| has_amount(out)).collect();
    if is_one(&by_amount) {
        return Ok(by_amount);
    }
    let has_address = |out: &Transfer| {
        entered.values().any(|entered| world.twin(hit.from, entered.from, hit.to) == Some(out.to))
    };
    let by_address: Vec<_> = payouts.into_iter().filter(|(_, out)| has_address(out)).collect();
    match is_one(&by_address) {
        true => Ok(by_address),
        false => {
            Err("several are paid in it, and neither amount nor address says who of them is meant".to_owned())
        }
    }
}

/// Whether a payout is worth what entered, but for the fee.
fn fits_in<F: Transactions>(world: &World<'_, F>, hit: &Hit<'_>, entered: &Entered, out: &Transfer) -> bool {
    let worths = world.worth(hit.from, entered.asset).zip(world.worth(hit.to, out.asset));
    let Some((of_entry, of_payout)) = worths else { return false };
    let fine = world.scales.fine(entered.amount, of_entry).zip(world.scales.fine(out.amount, of_payout));
    of_entry.name == of_payout.name
        && fine.is_some_and(|(entry, payout)| fits(entry, payout, world.bounds.fee_basis_points))
}

/// For what of that which entered a payout was made.
fn paid_for<'e, F: Transactions>(
    world: &World<'_, F>,
    hit: &Hit<'_>,
    entered: &'e BTreeMap<Asset, Entered>,
    out: &Transfer,
) -> Result<&'e Entered, String> {
    let name = world.worth(hit.to, out.asset).map(|worth| &worth.name);
    let is_same =
        |one: &&Entered| name.is_some() && world.worth(hit.from, one.asset).map(|worth| &worth.name) == name;
    let mut same = entered.values().filter(is_same);
    match (entered.len(), same.next(), same.next()) {
        (1, ..) => entered.values().next(),
        (_, only, None) => only,
        _ => None,
    }
    .ok_or_else(|| "it entered in several assets, and none of them is worth what was paid out".to_owned())
}
