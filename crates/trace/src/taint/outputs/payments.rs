//! A trace through outputs told as one of payments, so that whatever reads traces reads this one too.
//!
//! Each tainted output is a payment to its owner, from the owner of the tainted output nearest to a theft of those that were spent for it; the tainted
//! part of a fee is a payment to nobody. A holder is an output that is no service's, so that paths go from output to output as coins did,
//! and not by way of all that an address ever got.

use std::collections::HashMap;

use crate::taint::result::{Entry, Reached, Total, Trace};
use crate::taint::slot::NONE;
use crate::taint::{Ended, Place};
use crate::{Account, Asset, Flows, U256};

use super::{Fate, OutputTrace};

/// How outputs are numbered as payments.
pub(crate) trait Numbered: Flows {
    /// The number of an output of a transaction, or, with `None`, of its fee: higher than those of its outputs, lower than those of the next.
    fn payment(&self, transaction: u64, output: Option<u32>) -> u64;

    /// What is paid.
    fn coin(&self) -> Asset;

    /// Who owns what nobody is known to.
    fn somebody(&self) -> Account;
}

/// Tells a trace so. The payments are those of `flows`.
pub(crate) fn payments(found: &OutputTrace, flows: &impl Numbered) -> Trace {
    let mut told = Told::default();
    for (at, output) in found.outputs().iter().enumerate() {
        let number = flows.payment(output.output.transaction, Some(output.output.index));
        let source = told.source(output.source());
        if let Some(giver) = output.source().and_then(|source| found.outputs().get(source)?.owner) {
            told.givers.insert(number, giver);
        }
        let tainted = u128::from(output.tainted);
        told.moved.push((number, tainted));
        match output.fate {
            Fate::Held | Fate::Spent { .. } => {
                let is_held = output.fate == Fate::Held;
                let of = |amount: u128| if is_held { amount } else { 0 };
                told.known.insert(at, told.reached.len() as u32);
                told.balances.push(of(output.amount.into()));
                told.tainted.push(of(tainted));
                let account = output.owner.unwrap_or_else(|| flows.somebody());
                told.reached.push(Reached { account, asset: flows.coin(), number, source, hop: output.hop });
            }
            Fate::Entered => told.entry(flows, number, Place::Service, (tainted, output.hop, source)),
            Fate::Burnt => told.entry(flows, number, Place::Nobody, (tainted, output.hop, source)),
        }
    }
    told.fees(found, flows);
    told.finish(found, flows)
}

#[derive(Default)]
struct Told {
    reached: Vec<Reached>,
    balances: Vec<u128>,
    tainted: Vec<u128>,
    entries: Vec<Entry>,
    moved: Vec<(u64, u128)>,
    givers: HashMap<u64, Account>,
    /// Which of those who are reached an output is.
    known: HashMap<usize, u32>,
}

impl Told {
    fn source(&self, output: Option<usize>) -> u32 {
        output.and_then(|source| self.known.get(&source)).copied().unwrap_or(NONE)
    }

    fn entry(
        &mut self,
        flows: &impl Numbered,
        number: u64,
        place: Place,
        (tainted, hop, source): (u128, u32, u32),
    ) {
        let Some(transfer) = flows.transfer(number) else { return };
        self.entries.push(Entry {
            number,
            time: transfer.time,
            from: self.givers.get(&number).copied().unwrap_or(transfer.from),
            to: transfer.to,
            place,
            asset: flows.coin(),
            amount: transfer.amount.max(U256::from(tainted)),
            tainted: U256::from(tainted),
            hop,
            source,
        });
    }

    /// The tainted parts of fees, each paid by who spent the output nearest to a theft.
    fn fees(&mut self, found: &OutputTrace, flows: &impl Numbered) {
        let mut spent: HashMap<u64, usize> = HashMap::new();
        for (at, output) in found.outputs().iter().enumerate() {
            if let Fate::Spent { by } = output.fate {
                let nearest = spent.entry(by).or_insert(at);
                if found.outputs().get(*nearest).is_some_and(|nearest| output.hop < nearest.hop) {
                    *nearest = at;
                }
            }
        }
        for (transaction, tainted) in found.fees() {
            let number = flows.payment(*transaction, None);
            let nearest = spent.get(transaction).copied();
            let payer = nearest.and_then(|at| found.outputs().get(at));
            if let Some(giver) = payer.and_then(|payer| payer.owner) {
                self.givers.insert(number, giver);
            }
            let hop = payer.map_or(0, |payer| payer.hop).saturating_add(1);
            self.moved.push((number, *tainted));
            self.entry(flows, number, Place::Nobody, (*tainted, hop, self.source(nearest)));
        }
    }

    fn finish(mut self, found: &OutputTrace, flows: &impl Numbered) -> Trace {
        self.entries.sort_by_key(|entry| entry.number);
        self.moved.sort_unstable();
        let (moved, moved_amounts): (Vec<u64>, Vec<u128>) = self.moved.into_iter().unzip();
        let stolen = found.stolen().iter();
        let (stolen, stolen_amounts): (Vec<u64>, Vec<u128>) =
            stolen.map(|(id, newly)| (flows.payment(id.transaction, Some(id.index)), *newly)).unzip();
        let sums = found.total();
        let total = Total {
            asset: flows.coin(),
            stolen: U256::from(sums.stolen),
            held: U256::from(sums.held),
            entered: U256::from(sums.entered),
            burnt: U256::from(sums.burnt),
        };
        let ended = match found.ended() {
            Ended::Complete => Ended::Complete,
            Ended::AtLimit { limit, next } => Ended::AtLimit { limit, next: flows.payment(next, Some(0)) },
        };
        Trace {
            ended,
            way: found.way(),
            totals: if stolen.is_empty() { Vec::new() } else { vec![total] },
            unexplained: vec![0_u128; self.reached.len()].into(),
            reached: self.reached,
            balances: self.balances.into(),
            tainted: self.tainted.into(),
            entries: self.entries,
            moved,
            moved_amounts: moved_amounts.into(),
            stolen,
            stolen_amounts: stolen_amounts.into(),
            givers: self.givers,
        }
    }
}
