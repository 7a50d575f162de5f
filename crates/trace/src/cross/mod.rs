//! Crossings: what entered a bridge or a pool comes out elsewhere, or as something else, and goes on from there.
//!
//! Taint ends at a service (rule V-9), since what comes out is somebody else's. Of two kinds of services that is not the end of the
//! matter: a **bridge** pays out on another chain what was paid in on this one, and a **pool** gives one asset for another. Where an entry can
//! be paired with its payout, the payout is a [theft](Theft) of the part that was tainted, and [`taint::follow`] goes on from it.
//! [`follow_across`] does that over several chains, one set of transfers for each, until nothing new comes. How taint moves on a chain is the
//! chain's own matter ([`Transactions::trace`]): where value lies in outputs, each output is a payment here, and taint is followed by outputs.
//!
//! **How entries and payouts are paired**, the first that says something counting:
//!
//! 1. **Known**: a [table of pairings](pairings()) names the two transactions. Its confidence is the table's, 100 if it says none. The
//!    payout has to come from a service, since what a holder pays is his.
//! 2. **Swap**: in the transaction by which it entered a pool, a pool pays another asset to the giver (confidence 95, or 90 if it is not
//!    a pool that he paid; 15 less if others paid pools too in this transaction), or, if the giver gets nothing, to an account that
//!    is no service and paid no pool (75 or 70, divided by the number of those who paid). Where the giver paid in several assets, it is not known
//!    which of them bought what, and the confidence is divided by their number. A payout may come before the payment in the transaction, as pools lend
//!    for its duration, if who gets it gives nothing in between.
//! 3. **Amount and time**: a bridge on another chain, or a pool on the same one, pays out an asset of the same [`Worth`], later by
//!    at most [`Bounds::window`], of an amount between *entry × (1 − fee)* and *entry*. Where both services' labels name who runs them, these are the
//!    same. With *f* the part of the allowed fee and *d* the part of the window that it took, both from 0 to 1, the confidence
//!    is (70 − 20·*f* − 20·*d*, and 15 more if labels name the same actor, and 25 more if the payout goes to the giver's own address),
//!    at most 95, times *T* ÷ max(*P*, *T* + *C*): *P* payouts fit this entry, and this payout fits *T* tainted entries and *C* that are
//!    not tainted. So *k* tainted entries and *k* payouts that all fit each other are no doubt, and one stranger's entry that fits as well halves it.
//!    Where the payout goes to the giver's own address, only others that do count.
//!
//! The best pair comes first; of equal ones that to the giver's own address, then the one with less fee, with less delay, the earlier entry and the
//! earlier payout. Each payout is paired once, and so is each entry (a swap, or a known pairing, may have several of both). What is below
//! [`Bounds::confidence_min`] is [listed](Across::unsure) and not followed. The numbers are ours, and are judgements: they order what
//! is found, and are no frequencies.
//!
//! **How much goes on**: of a payout *b* for what entered, *a*, of which *t* is tainted, *b·t/a* to the nearest unit, so that several
//! payouts of one entry carry together what one of their sum would. Where both are worth the same, all of them together never carry more than
//! *t* is worth.
//!
//! **Rounds.** All chains are followed, entries are paired, and the chains to which something crossed are followed again, until no
//! crossing is new and no amount changes, or [`Bounds::rounds_max`]. A pair once made stays. A payout comes later than its entry (by number on
//! one chain, by time between two), so that nothing feeds itself, and as many rounds are needed as the longest way has crossings, and one.
//!
//! **What is not counted twice**: what entered and goes on elsewhere is in [`Sum::continued`], and not in [`Sum::entered`]. On each chain, for
//! each asset and all methods but poison: stolen + came = held + entered + continued + burnt, to the unit.
//!
//! **Cost** of a round, beyond following: for each entry at a pool its block is read; of bridges and pools all that they got and paid within the window of
//! an entry, found by halving, is read once and sorted; and each entry is compared with what is of its size. Where a known pairing is used, all transactions of the
//! chain of its payout are read. [`Bounds`] limit all of it.
//!
//! Source: rule V-9. The shape of matching by amount and time: Yousaf, Kappos, Meiklejohn, "Tracing Transactions Across Cryptocurrency
//! Ledgers" (2019), section 5, who pair deposits and payouts of a swapping service by amount within a fee and by time.

mod carry;
mod fit;
mod known;
mod pairing;
mod passage;
mod result;
mod run;
mod swap;
mod transactions;
mod worth;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub use pairing::{PAIRINGS_MAX, Pairing, pairings};
pub use result::{Across, Crossing, Entered, Left, Short, Sum, Why};
pub use transactions::Transactions;
pub use worth::{Assets, Worth, worths};

use crate::label::{Category, Labels};
use crate::taint::outputs::Method;
use crate::taint::{Limits, Place, TaintError, Theft, Way};
use crate::{Account, Asset};

#[cfg(doc)]
use crate::taint;

/// How many chains are followed at once, at most.
pub const CHAINS_MAX: usize = 256;
/// How many pairs that are not sure enough are listed, at most: the surest.
pub const UNSURE_MAX: usize = 10_000;
/// The fee of all.
const WHOLE: u16 = 10_000;

/// Through what something crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// To another chain.
    Bridge,
    /// Into another asset.
    Pool,
}

/// An account through which something crosses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// What it is.
    pub gate: Gate,
    /// Who runs it, by the short name that several labels share; `None` if no label says it.
    pub actor: Option<Arc<str>>,
}

/// A chain, and what was stolen there.
#[derive(Clone, Copy)]
pub struct Chain<'c, F> {
    /// Its name, as pairings have it.
    pub name: &'c str,
    /// Its transfers.
    pub flows: &'c F,
    /// What was stolen on it; may be nothing.
    pub thefts: &'c [Theft],
    /// What an account is to a trace; must say the same each time. Doors are services, whatever it says.
    pub place: &'c dyn Fn(Account) -> Place,
    /// Its bridges and pools.
    pub doors: &'c BTreeMap<Account, Door>,
    /// What its assets are worth, for pairing by amount. An asset that is not named is paired by transactions only.
    pub worths: &'c HashMap<Asset, Worth>,
}

/// How far crossings are looked for, and how sure they have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How much a bridge keeps of what is paid in, at most, in hundredths of a percent.
    pub fee_basis_points: u16,
    /// How much later a payout comes than its entry, at most, in seconds.
    pub window: i64,
    /// How sure a crossing has to be to be followed, from 0 to 100.
    pub confidence_min: u8,
    /// How often the chains are followed, at most.
    pub rounds_max: u32,
    /// How many payments into and out of bridges or pools are looked at in a round, at most. About 150 bytes of memory each.
    pub passages_max: usize,
    /// How many pairs of payments are compared in a round, at most. About 20 ns each.
    pub compared_max: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            fee_basis_points: 200,
            window: 6 * 3_600,
            confidence_min: 50,
            rounds_max: 32,
            passages_max: 8_000_000,
            compared_max: 1_000_000_000,
        }
    }
}

/// Why there is no trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrossError {
    /// More chains than [`CHAINS_MAX`].
    #[error("{count} chains, but at most {CHAINS_MAX} can be followed at once")]
    ManyChains {
        /// So many are given.
        count: usize,
    },
    /// Two chains have one name, so that pairings can't say which of them they mean.
    #[error("two chains are called {name:?}; put their transfers into one store")]
    SameName {
        /// The name.
        name: String,
    },
    /// A bound that can't be one.
    #[error("{what} can't be {value}: it is from {least} to {most}")]
    Bound {
        /// Which.
        what: &'static str,
        /// What was given.
        value: i64,
        /// The least that can be.
        least: i64,
        /// The most that can be.
        most: i64,
    },
    /// An asset can't be compared with others.
    #[error(
        "nobody has said how many decimals {asset} has on {chain}, and so its amounts can't be compared with those of another chain; \
         load a file that says it, or leave it out of the table"
    )]
    Decimals {
        /// The chain.
        chain: String,
        /// The asset.
        asset: String,
    },
    /// A chain can't be followed.
    #[error("on {chain}: {source}")]
    Taint {
        /// The chain.
        chain: String,
        /// Why.
        source: TaintError,
    },
}

/// The bridges and pools of a chain, as labels know them.
#[must_use]
pub fn doors(flows: &impl Transactions, labels: &Labels) -> BTreeMap<Account, Door> {
    let door = |address: &str| {
        let label = labels.service(address)?;
        let gate = match label.category {
            Category::Bridge => Gate::Bridge,
            Category::Pool => Gate::Pool,
            _ => return None,
        };
        Some((flows.account(address)?, Door { gate, actor: label.actor.clone() }))
    };
    labels.addresses().filter_map(door).collect()
}

/// Follows thefts on several chains, and through bridges and pools from one to the other; see the [module's page](self).
///
/// The order of `chains` decides between crossings that are equal in all else, and that of `pairings` nothing.
///
/// # Errors
/// [`CrossError`]. Limits are no errors; see [`Across::short`].
pub fn follow_across<F: Transactions>(
    chains: &[Chain<'_, F>],
    pairings: &[Pairing],
    method: impl Into<Method>,
    limits: Limits,
    way: Way,
    bounds: &Bounds,
) -> Result<Across, CrossError> {
    check(chains, bounds)?;
    run::follow(chains, pairings, (method.into(), limits, way), bounds)
}

fn check<F>(chains: &[Chain<'_, F>], bounds: &Bounds) -> Result<(), CrossError> {
    if chains.len() > CHAINS_MAX {
        return Err(CrossError::ManyChains { count: chains.len() });
    }
    let mut names: Vec<&str> = chains.iter().map(|chain| chain.name).collect();
    names.sort_unstable();
    if let Some([name, _]) = names.array_windows().find(|[name, next]| name == next) {
        return Err(CrossError::SameName { name: (*name).to_owned() });
    }
    for (what, value, least, most) in [
        ("fee_basis_points", i64::from(bounds.fee_basis_points), 0, i64::from(WHOLE)),
        ("confidence_min", i64::from(bounds.confidence_min), 0, 100),
        ("window", bounds.window, 0, i64::from(u32::MAX)),
        ("rounds_max", i64::from(bounds.rounds_max), 1, i64::from(u32::MAX)),
    ] {
        if !(least..=most).contains(&value) {
            return Err(CrossError::Bound { what, value, least, most });
        }
    }
    Ok(())
}
