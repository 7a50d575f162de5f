//! Rounds: all chains are followed, what entered is paired, and what was paid out is followed in the next round.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use stix::Finding;

use super::carry::carry;
use super::worth::{Scales, Worth};
use super::{Across, Bounds, Chain, CrossError, Crossing, Gate, Pairing, Short, Transactions, UNSURE_MAX};
use super::{fit, known, swap};
use crate::taint::outputs::Method;
use crate::taint::{ASSETS_MAX, Ended, Entry, Limits, Place, THEFTS_MAX, Theft, Trace, Way};
use crate::{Account, Asset, U256};

/// What stays the same through all rounds.
pub(super) struct World<'c, F> {
    pub(super) chains: &'c [Chain<'c, F>],
    pub(super) scales: Scales,
    pub(super) pairings: &'c [Pairing],
    pub(super) bounds: &'c Bounds,
}

impl<F: Transactions> World<'_, F> {
    /// What an asset is worth.
    pub(super) fn worth(&self, chain: usize, asset: Asset) -> Option<&Worth> {
        self.chains.get(chain)?.worths.get(&asset)
    }

    /// The account on another chain with the same address.
    pub(super) fn twin(&self, from: usize, account: Account, to: usize) -> Option<Account> {
        if from == to {
            return Some(account);
        }
        self.chains.get(to)?.flows.account(&self.chains.get(from)?.flows.address(account)?)
    }

    /// What an account is.
    pub(super) fn place(&self, chain: usize, account: Account) -> Place {
        self.chains.get(chain).map_or(Place::Holder, |chain| place(chain, account))
    }
}

fn place<F>(chain: &Chain<'_, F>, account: Account) -> Place {
    match chain.doors.contains_key(&account) {
        true => Place::Service,
        false => (chain.place)(account),
    }
}

/// What is known in a round.
pub(super) struct State {
    pub(super) traces: Vec<Trace>,
    crossings: Vec<Crossing>,
    /// Payouts that are paired, and thefts: nothing else is paid by them.
    paid: HashSet<(usize, u64)>,
    /// Entries that are paired.
    gone: HashSet<(usize, u64)>,
    /// The numbers of the transfers of transactions that pairings name, by chain; empty if there are none.
    pub(super) named: HashMap<(usize, String), Vec<u64>>,
    unsure: Vec<Crossing>,
    findings: BTreeMap<String, Finding>,
    short: BTreeSet<Short>,
}

impl State {
    /// Whether a payout can still be paired.
    pub(super) fn is_free(&self, chain: usize, number: u64) -> bool {
        !self.paid.contains(&(chain, number))
    }

    /// Whether an entry can still be paired.
    pub(super) fn is_open(&self, chain: usize, number: u64) -> bool {
        !self.gone.contains(&(chain, number))
    }

    /// What entered services and can still be paired, of all chains, each with its chain.
    pub(super) fn open_entries(&self) -> impl Iterator<Item = (usize, &Entry)> + '_ {
        let all = self.traces.iter().enumerate();
        let all = all.flat_map(|(chain, trace)| trace.entries().iter().map(move |entry| (chain, entry)));
        all.filter(|(chain, entry)| entry.place == Place::Service && self.is_open(*chain, entry.number))
    }

    /// How much of what entered by a transfer is tainted.
    pub(super) fn tainted(&self, chain: usize, number: u64) -> U256 {
        let entries = self.traces.get(chain).map(Trace::entries).unwrap_or_default();
        let at = entries.binary_search_by_key(&number, |entry| entry.number);
        at.ok().and_then(|at| entries.get(at)).map_or(U256::ZERO, |entry| entry.tainted)
    }

    /// Tells of a pairing that can't be used; once.
    pub(super) fn tell(&mut self, finding: Finding) {
        self.findings.entry(finding.path.clone()).or_insert(finding);
    }

    pub(super) fn cut(&mut self, short: Short) {
        self.short.insert(short);
    }
}

pub(super) fn follow<F: Transactions>(
    chains: &[Chain<'_, F>],
    pairings: &[Pairing],
    how: (Method, Limits, Way),
    bounds: &Bounds,
) -> Result<Across, CrossError> {
    let world = World { chains, scales: Scales::new(chains), pairings, bounds };
    let thefts = chains
        .iter()
        .enumerate()
        .flat_map(|(at, chain)| chain.thefts.iter().map(move |theft| (at, theft.number)));
    let mut state = State {
        traces: chains.iter().map(|chain| traced(chain, chain.thefts, how)).collect::<Result<_, _>>()?,
        crossings: Vec::new(),
        paid: thefts.collect(),
        gone: HashSet::new(),
        named: HashMap::new(),
        unsure: Vec::new(),
        findings: BTreeMap::new(),
        short: BTreeSet::new(),
    };
    let mut rounds = 1;
    loop {
        for (chain, trace) in state.traces.iter().enumerate() {
            if trace.ended() != Ended::Complete {
                state.short.insert(Short::Trace { chain });
            }
        }
        if state.short.iter().any(|short| matches!(short, Short::Trace { .. })) {
            break;
        }
        let before = state.crossings.clone();
        pair(&world, &mut state);
        let changed = changed(&before, &state.crossings);
        if changed.is_empty() {
            break;
        }
        if rounds >= bounds.rounds_max {
            // What was followed last is what is told.
            state.crossings = before;
            state.short.insert(Short::Rounds);
            break;
        }
        for at in changed {
            if let (Some(chain), Some(trace)) = (chains.get(at), state.traces.get_mut(at)) {
                *trace = traced(chain, &starts(at, chain, &state.crossings), how)?;
            }
        }
        rounds += 1;
    }
    Ok(told(state, rounds))
}

fn told(mut state: State, rounds: u32) -> Across {
    state.crossings.sort_by_key(|one| (one.left.time, one.left.chain, one.left.number));
    let unsure = std::mem::take(&mut state.unsure);
    let mut unsure: Vec<Crossing> = unsure
        .into_iter()
        .filter(|one| {
            state.is_free(one.left.chain, one.left.number)
                && one.entered.numbers.iter().all(|number| state.is_open(one.entered.chain, *number))
        })
        .collect();
    unsure.sort_by_key(|one| {
        let first = one.entered.numbers.first().copied();
        (std::cmp::Reverse(one.confidence), one.entered.chain, first, one.left.chain, one.left.number)
    });
    if unsure.len() > UNSURE_MAX {
        unsure.truncate(UNSURE_MAX);
        state.short.insert(Short::Unsure);
    }
    Across {
        traces: state.traces,
        crossings: state.crossings,
        unsure,
        findings: state.findings.into_values().collect(),
        rounds,
        short: state.short.into_iter().collect(),
    }
}

fn traced<F: Transactions>(
    chain: &Chain<'_, F>,
    thefts: &[Theft],
    (method, limits, way): (Method, Limits, Way),
) -> Result<Trace, CrossError> {
    chain
        .flows
        .trace(thefts, method, |account| place(chain, account), limits, way)
        .map_err(|source| CrossError::Taint { chain: chain.name.to_owned(), source })
}

/// What a chain's trace starts from: what was stolen there, and what was paid out there.
fn starts<F>(at: usize, chain: &Chain<'_, F>, crossings: &[Crossing]) -> Vec<Theft> {
    let came = crossings.iter().filter(|one| one.left.chain == at && !one.carried.is_zero());
    let came = came.map(|one| Theft { number: one.left.number, stolen: Some(one.carried) });
    chain.thefts.iter().copied().chain(came).collect()
}

/// The chains to which something crosses that did not before, or not as much.
fn changed(before: &[Crossing], now: &[Crossing]) -> BTreeSet<usize> {
    let carried = |crossings: &[Crossing]| -> HashMap<(usize, u64), U256> {
        crossings.iter().map(|one| (one.payout(), one.carried)).collect()
    };
    let (before, now) = (carried(before), carried(now));
    let is_other = |(payout, carried): &(&(usize, u64), &U256)| before.get(*payout) != Some(*carried);
    now.iter().filter(is_other).map(|((chain, _), _)| *chain).collect()
}

/// Pairs what can be paired, the surest way first, and says of all crossings how much goes on.
fn pair<F: Transactions>(world: &World<'_, F>, state: &mut State) {
    state.unsure.clear();
    let found = known::pairs(world, state);
    accept(world, state, found);
    let found = swap::pairs(world, state);
    accept(world, state, found);
    for gate in [Gate::Bridge, Gate::Pool] {
        let found = fit::pairs(world, state, gate);
        accept(world, state, found);
    }
    let mut crossings = std::mem::take(&mut state.crossings);
    carry(&mut crossings, world.chains, &world.scales, |chain, number| state.tainted(chain, number));
    state.crossings = crossings;
}

/// Takes what was found, the best first, if it is sure enough and nothing else has taken it before. Those of one transaction or pairing follow each
/// other and are taken together.
fn accept<F: Transactions>(world: &World<'_, F>, state: &mut State, found: Vec<Crossing>) {
    let mut starts = Starts::of(world, &state.crossings);
    let mut open: Option<Vec<u64>> = None;
    for mut one in found {
        // As if it were the only payout: what is listed may exclude each other.
        let alone = std::slice::from_mut(&mut one);
        carry(alone, world.chains, &world.scales, |chain, number| state.tainted(chain, number));
        let chain = one.entered.chain;
        let is_group = open.as_ref().is_some_and(|numbers| *numbers == one.entered.numbers);
        let is_open = is_group || one.entered.numbers.iter().all(|number| state.is_open(chain, *number));
        if one.carried.is_zero() || !is_open || !state.is_free(one.left.chain, one.left.number) {
            continue;
        }
        if one.confidence < world.bounds.confidence_min {
            state.unsure.push(one);
            continue;
        }
        if !starts.take(&one) {
            state.cut(Short::Starts { chain: one.left.chain });
            continue;
        }
        state.paid.insert(one.payout());
        state.gone.extend(one.entered.numbers.iter().map(|number| (chain, *number)));
        open = Some(one.entered.numbers.clone());
        state.crossings.push(one);
    }
}

/// How much each chain's trace starts from.
struct Starts(Vec<(usize, BTreeSet<Asset>)>);

impl Starts {
    fn of<F: Transactions>(world: &World<'_, F>, crossings: &[Crossing]) -> Self {
        let of_chain = |chain: &Chain<'_, F>| {
            let transfers = chain.thefts.iter().filter_map(|theft| chain.flows.transfer(theft.number));
            (chain.thefts.len(), transfers.map(|transfer| transfer.asset).collect())
        };
        let mut starts = Self(world.chains.iter().map(of_chain).collect());
        for one in crossings {
            starts.take(one);
        }
        starts
    }

    /// Adds a crossing, if it is not too much.
    fn take(&mut self, one: &Crossing) -> bool {
        let Some((count, assets)) = self.0.get_mut(one.left.chain) else { return false };
        let is_too_much =
            *count >= THEFTS_MAX || (assets.len() >= ASSETS_MAX && !assets.contains(&one.left.asset));
        if !is_too_much {
            *count += 1;
            assets.insert(one.left.asset);
        }
        !is_too_much
    }
}
