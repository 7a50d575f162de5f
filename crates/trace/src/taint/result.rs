//! What a trace found: who holds the taint now, what entered where, and by which transfers.

use std::collections::HashMap;

use crate::{Account, Asset, Flows, Transfer, U256};

pub(super) use super::amount::Amounts;
use super::slot::NONE;
use super::{Place, Way};

/// How far a trace came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// To the last transfer.
    Complete,
    /// To a limit. All that is said holds for the time before transfer `next`, which was not followed.
    AtLimit {
        /// Which limit.
        limit: Limit,
        /// The number of the first transfer that was not followed.
        next: u64,
    },
}

/// What can end a trace early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// [`Limits::reached_max`](super::Limits::reached_max).
    Reached,
    /// [`Limits::parcels_max`](super::Limits::parcels_max) or [`Limits::passed_max`](super::Limits::passed_max).
    Parcels,
}

/// An account that taint has reached, in one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) account: Account,
    pub(super) asset: Asset,
    pub(super) number: u64,
    pub(super) source: u32,
    pub(super) hop: u32,
}

/// An account that taint has reached, in one asset, and what it holds at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub account: Account,
    /// What.
    pub asset: Asset,
    /// All that is held of the asset, in its smallest unit.
    pub balance: U256,
    /// How much of it is tainted; 0 if all taint has gone on.
    pub tainted: U256,
    /// What it gave beyond what it is known to have had, at any time.
    pub unexplained: U256,
    /// The transfer by which taint first came.
    pub number: u64,
    /// How many transfers that was from the theft, the theft included: 1 for who got what was stolen.
    pub hop: u32,
    /// The holder who gave by that transfer, as an index among [`Trace::holders`]; `None`: it is the theft.
    pub source: Option<usize>,
}

/// Tainted value that came to a service, or to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The transfer.
    pub number: u64,
    /// When, in seconds since 1970-01-01 UTC.
    pub time: i64,
    /// Who gave.
    pub from: Account,
    /// Where it entered.
    pub to: Account,
    /// What that is; never a holder.
    pub place: Place,
    /// What.
    pub asset: Asset,
    /// How much was transferred, in the asset's smallest unit.
    pub amount: U256,
    /// How much of it was tainted.
    pub tainted: U256,
    /// How many transfers that was from the theft, by the way on which the giver was first reached.
    pub hop: u32,
    pub(super) source: u32,
}

impl Entry {
    /// Who gave, as an index among [`Trace::holders`]; `None`: the transfer is the theft.
    #[must_use]
    pub fn source(&self) -> Option<usize> {
        index(self.source)
    }
}

/// The sums of one asset, in its smallest unit. By all methods but poison, `stolen` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// What.
    pub asset: Asset,
    /// What the thefts took, without what was tainted already.
    pub stolen: U256,
    /// What is tainted of what holders hold.
    pub held: U256,
    /// What entered services.
    pub entered: U256,
    /// What came to nobody.
    pub burnt: U256,
}

/// What a trace found.
#[derive(Debug, Clone)]
pub struct Trace {
    pub(super) ended: Ended,
    pub(super) way: Way,
    pub(super) totals: Vec<Total>,
    pub(super) reached: Vec<Reached>,
    pub(super) balances: Amounts,
    pub(super) tainted: Amounts,
    pub(super) unexplained: Amounts,
    pub(super) entries: Vec<Entry>,
    pub(super) moved: Vec<u64>,
    pub(super) moved_amounts: Amounts,
    pub(super) stolen: Vec<u64>,
    pub(super) stolen_amounts: Amounts,
    /// Who gave, where a transfer has several givers and does not name this one.
    pub(super) givers: HashMap<u64, Account>,
}

impl Trace {
    /// How far it came.
    #[must_use]
    pub fn ended(&self) -> Ended {
        self.ended
    }

    /// Which way led to it; never [`Way::Choose`].
    #[must_use]
    pub fn way(&self) -> Way {
        self.way
    }

    /// The sums of each asset that was stolen, ascending by asset.
    #[must_use]
    pub fn totals(&self) -> &[Total] {
        &self.totals
    }

    /// How many pairs of account and asset taint has reached, services not counted.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.reached.len()
    }

    /// Those whom taint has reached, in the order in which it did.
    pub fn holders(&self) -> impl ExactSizeIterator<Item = Holder> + '_ {
        self.reached.iter().enumerate().map(|(index, reached)| self.with_holding(index, reached))
    }

    /// One of [`Trace::holders`].
    #[must_use]
    pub fn holder(&self, index: usize) -> Option<Holder> {
        self.reached.get(index).map(|reached| self.with_holding(index, reached))
    }

    /// What entered services and what came to nobody, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The transfers that moved something tainted, in order, and how much of each was.
    pub fn moves(&self) -> impl ExactSizeIterator<Item = (u64, U256)> + '_ {
        self.moved
            .iter()
            .enumerate()
            .map(|(index, number)| (*number, self.moved_amounts.get(index).unwrap_or_default()))
    }

    /// A transfer as this trace sees it: where several pay together, as in a transaction of Bitcoin, the giver is one of those from whom
    /// the taint came.
    #[must_use]
    pub fn transfer(&self, flows: &impl Flows, number: u64) -> Option<Transfer> {
        let transfer = flows.transfer(number)?;
        Some(Transfer { from: self.givers.get(&number).copied().unwrap_or(transfer.from), ..transfer })
    }

    /// The thefts, in order, and how much each took newly, without what was tainted already. For each asset they add up to
    /// [`Total::stolen`].
    pub fn stolen(&self) -> impl ExactSizeIterator<Item = (u64, U256)> + '_ {
        let amount = |index: usize| self.stolen_amounts.get(index).unwrap_or_default();
        self.stolen.iter().enumerate().map(move |(index, number)| (*number, amount(index)))
    }

    /// The transfers by which taint first came to a holder, from the theft on; nothing if there is no such holder.
    ///
    /// Each was the first by which taint came to its receiver, so that every one of them comes later than the one before it.
    #[must_use]
    pub fn path(&self, holder: usize) -> Vec<u64> {
        let mut path = Vec::new();
        let mut at = self.reached.get(holder);
        while let Some(reached) = at {
            path.push(reached.number);
            at = self.reached.get(reached.source as usize);
        }
        path.reverse();
        path
    }

    /// The transfers by which tainted value came to where it entered, from the theft on.
    #[must_use]
    pub fn path_of(&self, entry: &Entry) -> Vec<u64> {
        let mut path = entry.source().map(|source| self.path(source)).unwrap_or_default();
        path.push(entry.number);
        path
    }

    fn with_holding(&self, at: usize, reached: &Reached) -> Holder {
        let Reached { account, asset, number, source, hop } = *reached;
        let of = |amounts: &Amounts| amounts.get(at).unwrap_or_default();
        Holder {
            account,
            asset,
            balance: of(&self.balances),
            tainted: of(&self.tainted),
            unexplained: of(&self.unexplained),
            number,
            hop,
            source: index(source),
        }
    }
}

fn index(source: u32) -> Option<usize> {
    (source != NONE).then_some(source as usize)
}
