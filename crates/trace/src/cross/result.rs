//! What following across found.

use std::fmt;

use stix::Finding;

use crate::taint::Trace;
use crate::{Account, Asset, U256};

/// What entered a bridge, a pool or another service, and goes on elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The chain's index among those that were given.
    pub chain: usize,
    /// By which transfers, ascending: one; or those of one transaction.
    pub numbers: Vec<u64>,
    /// Who gave, by the first of them.
    pub from: Account,
    /// Where it entered, by the first of them.
    pub into: Account,
    /// What.
    pub asset: Asset,
    /// How much entered, in the asset's smallest unit.
    pub amount: U256,
    /// How much of it was tainted.
    pub tainted: U256,
    /// When the last of it entered, in seconds since 1970-01-01 UTC.
    pub time: i64,
}

/// What was paid out for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// The chain's index among those that were given.
    pub chain: usize,
    /// By which transfer.
    pub number: u64,
    /// Who paid.
    pub out_of: Account,
    /// Who got it.
    pub to: Account,
    /// What.
    pub asset: Asset,
    /// How much, in the asset's smallest unit.
    pub amount: U256,
    /// When, in seconds since 1970-01-01 UTC.
    pub time: i64,
}

/// Why an entry and a payout are taken to belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A table of pairings says so.
    Known,
    /// Both are of one transaction.
    Swap {
        /// Whether the pool that paid is the one that was paid.
        same_pool: bool,
        /// Whether the giver was paid.
        to_giver: bool,
        /// How many paid pools in this transaction.
        givers: usize,
        /// In how many assets the giver paid pools in it.
        assets: usize,
    },
    /// Amounts and times fit.
    AmountAndTime {
        /// So many payouts fit the entry.
        payouts: usize,
        /// So many tainted entries fit the payout, this one among them.
        tainted: usize,
        /// So many entries that are not tainted fit the payout.
        strangers: usize,
        /// Whether labels name the same actor for both services.
        same_actor: bool,
        /// Whether the payout went to the giver's own address; then only others that do are counted.
        same_address: bool,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Known => write!(f, "a table of pairings names both transactions"),
            Self::Swap { same_pool, to_giver, givers, assets } => {
                let pool = if same_pool { "the pool that was paid" } else { "a pool" };
                let who = if to_giver { "the giver" } else { "somebody who paid nothing" };
                write!(f, "in the same transaction {pool} paid {who}")?;
                if givers > 1 {
                    write!(f, "; {givers} paid pools in it")?;
                }
                if assets > 1 {
                    write!(f, "; the giver paid in {assets} assets")?;
                }
                Ok(())
            }
            Self::AmountAndTime { payouts, tainted, strangers, same_actor, same_address } => {
                let others = if same_address { ", to the giver's own address" } else { "" };
                write!(
                    f,
                    "amount and time fit{others}: {payouts} payouts fit the entry, and the payout fits {tainted} tainted"
                )?;
                write!(f, " entries and {strangers} others")?;
                if same_actor { write!(f, "; both are of one actor") } else { Ok(()) }
            }
        }
    }
}

/// Something that entered a service and left one elsewhere or as something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// What entered.
    pub entered: Entered,
    /// What was paid out for it.
    pub left: Left,
    /// How much of what was paid out is followed as stolen, in its smallest unit; 0 if other payouts of the same entry carry all.
    pub carried: U256,
    /// How sure that is, 0 to 100, on the scale of STIX 2.1 (appendix A).
    pub confidence: u8,
    /// Why.
    pub why: Why,
}

impl Crossing {
    /// How many seconds the payout came after the last of what entered; 0 in one transaction.
    #[must_use]
    pub const fn delay(&self) -> i64 {
        self.left.time.saturating_sub(self.entered.time)
    }

    pub(super) fn payout(&self) -> (usize, u64) {
        (self.left.chain, self.left.number)
    }
}

/// A limit because of which something may not have been found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Short {
    /// [`Bounds::rounds_max`](super::Bounds::rounds_max): further crossings may follow from the last.
    Rounds,
    /// A trace came to a limit of its own ([`Trace::ended`]), and no crossing was looked for after that.
    Trace {
        /// The chain's index.
        chain: usize,
    },
    /// [`Bounds::passages_max`](super::Bounds::passages_max): nothing was paired by amount and time in a round, since who would be compared
    /// was not known in full.
    Passages,
    /// [`Bounds::compared_max`](super::Bounds::compared_max): not all entries were paired by amount and time in a round.
    Compared,
    /// More payouts, or payouts in more assets, than a trace can start from
    /// ([`THEFTS_MAX`](crate::taint::THEFTS_MAX), [`ASSETS_MAX`](crate::taint::ASSETS_MAX)).
    Starts {
        /// The chain's index.
        chain: usize,
    },
    /// More than [`UNSURE_MAX`](super::UNSURE_MAX) pairs were not sure enough; the others are not listed.
    Unsure,
}

/// The sums of one asset on one chain, in its smallest unit. By all methods but poison, `stolen` and `came` are together the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// The chain's index among those that were given.
    pub chain: usize,
    /// What.
    pub asset: Asset,
    /// What the thefts on this chain took.
    pub stolen: U256,
    /// What crossings brought, from other chains or other assets.
    pub came: U256,
    /// What of it holders hold.
    pub held: U256,
    /// What entered services and is not seen to go on.
    pub entered: U256,
    /// What entered services and goes on by a crossing: it is counted there in `came`.
    pub continued: U256,
    /// What came to nobody.
    pub burnt: U256,
}

/// What following across found.
#[derive(Debug, Clone)]
pub struct Across {
    /// The trace of each chain, in the order in which chains were given.
    pub traces: Vec<Trace>,
    /// What crossed and was followed, by when it was paid out.
    pub crossings: Vec<Crossing>,
    /// Pairs that may be crossings, not sure enough to be followed, the surest first: each entry and each payout may be in several.
    pub unsure: Vec<Crossing>,
    /// Pairings that speak of what was followed and can't be used, with the reason.
    pub findings: Vec<Finding>,
    /// How often the chains were followed.
    pub rounds: u32,
    /// The limits that were met; none if all was found.
    pub short: Vec<Short>,
}

impl Across {
    /// Whether what entered by a transfer goes on by a crossing, so that it is not where it entered any more. Looks at all crossings.
    #[must_use]
    pub fn is_continued(&self, chain: usize, number: u64) -> bool {
        let of_chain = self.crossings.iter().filter(|crossing| crossing.entered.chain == chain);
        of_chain.into_iter().any(|crossing| crossing.entered.numbers.binary_search(&number).is_ok())
    }

    /// The sums of each chain and asset that anything tainted is of, ascending.
    #[must_use]
    pub fn sums(&self) -> Vec<Sum> {
        let mut sums = Vec::new();
        for (chain, trace) in self.traces.iter().enumerate() {
            let mut gone: Vec<u64> = self
                .crossings
                .iter()
                .filter(|crossing| crossing.entered.chain == chain)
                .flat_map(|crossing| crossing.entered.numbers.iter().copied())
                .collect();
            gone.sort_unstable();
            gone.dedup();
            for total in trace.totals() {
                // Sums of poison may be anything, and end at the most.
                let add = |sum: U256, part: U256| sum.saturating_add(part);
                let came = self.crossings.iter().map(|crossing| (crossing.left, crossing.carried));
                let came = came.filter(|(left, _)| left.chain == chain && left.asset == total.asset);
                let came = came.map(|(_, carried)| carried).fold(U256::ZERO, add);
                let entries = trace.entries().iter().filter(|entry| entry.asset == total.asset);
                let continued = entries.filter(|entry| gone.binary_search(&entry.number).is_ok());
                let continued = continued.map(|entry| entry.tainted).fold(U256::ZERO, add);
                sums.push(Sum {
                    chain,
                    asset: total.asset,
                    stolen: total.stolen.saturating_sub(came),
                    came,
                    held: total.held,
                    entered: total.entered.saturating_sub(continued),
                    continued,
                    burnt: total.burnt,
                });
            }
        }
        sums
    }
}
