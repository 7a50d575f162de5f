//! Taint: how far stolen value has come, and where it is now.
//!
//! [`follow`] starts from [thefts](Theft) and goes through all later transfers in their order, by one of four [methods](Method).
//! (Chains on which value lies in outputs have [a module of their own](outputs).) For a transfer of an amount *a* out of a holding
//! *B*, of which *t* is tainted:
//!
//! - **poison** (rule V-1): all of *a* is tainted if *t* > 0, and whatever lies beside something tainted is tainted. Nothing is
//!   lost, and much is gained: its sums exceed what was stolen, and say only whom it can have reached.
//! - **haircut** (V-2): *a·t/B* of it is tainted, to the nearest unit, a half upwards. What does not go stays, so that no unit is
//!   lost or made, and when all else has gone, what is left is exact.
//! - **FIFO** (V-3): units leave in the order in which they came.
//! - **LIFO** (V-4): units leave in the reverse order.
//!
//! What the rules leave open is settled thus:
//!
//! - A holding is an account's balance in one asset: what came less what went, from the first transfer on. Accounts are not
//!   clustered here.
//! - Where more goes out than is known to have come in (data that begin in the middle of a history, minting, fees that are not
//!   transfers), the missing part is clean and was there before all else: FIFO gives it first, LIFO last, and by all methods all
//!   that was held goes with it. It is taken so at the transfer at which it is found missing, and not from the beginning, so that
//!   what comes later never changes what was said before. It is summed up ([`Holder::unexplained`]).
//! - The units of one transfer arrive in the order in which they left. By LIFO, what left last leaves first again.
//! - A theft's stolen part is tainted as it arrives, and comes first in what is transferred. What would have been tainted anyway
//!   counts as part of it: with *m* tainted anyway and *s* stolen, max(*m*, *s*) arrives tainted, and *s − m*, if that is more than
//!   nothing, is newly stolen ([`Total::stolen`]). No unit is tainted twice. The victim is not tainted by the theft.
//! - A transfer of nothing, and one from an account to itself, change nothing.
//! - Taint ends at a [service](Place::Service) and at [nobody](Place::Nobody): what enters is noted ([`Entry`]), and what comes out
//!   is not the thief's (V-9). A theft out of a service is followed.
//!
//! For haircut, FIFO and LIFO and each asset, to the unit: stolen = held + entered + burnt ([`Total`]).
//!
//! **Order.** No method is independent of the order in a block: what is passed on must have arrived before. Two neighbours, neither
//! of them a theft, can change places without changing what anybody holds if no account gives in one and gets in the other, and
//! they have two givers; by FIFO and LIFO also two receivers. Readers therefore keep to the chain's own order, by index.
//!
//! **Time and memory.** Two ways lead to the same result ([`Way`]): the frontier reads the transfers of those reached, from their
//! first on, and nothing else (what somebody held before taint came to him is counted by a second thread, unless he gives before it has come to him); the sweep reads all
//! transfers twice. Both grow linearly with the transfers that they read, except
//! that by FIFO and LIFO a transfer also costs as many steps as it moves parcels, which [`Limits`] bounds.
//!
//! Sources: rules V-1 to V-9. Möser, Böhme, Breuker: Towards Risk Scoring of Bitcoin Transactions (2014) (poison, haircut).
//! Anderson, Shumailov, Ahmed: Making Bitcoin Legal (2018), and with Rietmann: Bitcoin Redux (2018) (FIFO, after Clayton's case
//! of 1816). Meiklejohn, Pomarole, Jordan, Levchenko, McCoy, Voelker, Savage: A Fistful of Bitcoins (2013) (following thefts to
//! services). What they leave open for account chains is settled above, by us.

mod amount;
mod case;
mod due;
mod frontier;
mod held;
pub mod outputs;
mod pages;
mod queue;
mod result;
mod run;
mod share;
mod slot;
mod sweep;

use amount::Amount;
use case::Case;
use queue::Queue;
use run::{Halt, Run};
use share::{Haircut, Poison};
use slot::Rule;

use crate::{Account, Flows, U256};

pub use result::{Ended, Entry, Holder, Limit, Total, Trace};

/// How many thefts one trace starts from, at most.
pub const THEFTS_MAX: usize = 100_000;

/// Of how many assets the thefts of one trace can be, at most.
pub const ASSETS_MAX: usize = 64;

/// By which rule taint moves; see the [module's page](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// All that comes from a tainted holding is tainted. Not conserved.
    Poison,
    /// What leaves a holding is as tainted as the holding.
    Haircut,
    /// First in, first out.
    Fifo,
    /// Last in, first out.
    Lifo,
}

/// A transfer by which something was stolen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theft {
    /// The transfer's number.
    pub number: u64,
    /// How much of it was stolen, in the asset's smallest unit; `None`: all.
    pub stolen: Option<U256>,
}

/// What an account is to a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Somebody who can pass value on.
    Holder,
    /// A labelled service (exchange, mixer, bridge, …), where taint ends.
    Service,
    /// Where value ends: an address that burns it.
    Nobody,
}

/// How far a trace goes. One that comes to a limit ends there, and gives what it has found ([`Ended`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many pairs of account and asset are reached, at most.
    pub reached_max: usize,
    /// Of how many parcels, alternately clean and tainted, one holding consists by FIFO or LIFO, at most.
    pub parcels_max: u32,
    /// How many parcels are passed over by FIFO or LIFO, in all, at most. About 10 ns each.
    pub passed_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { reached_max: 100_000_000, parcels_max: 4_000_000, passed_max: 10_000_000_000 }
    }
}

/// In which way a trace is made. All give the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Way {
    /// The frontier, until it has read a part of all; then the sweep from the beginning.
    #[default]
    Choose,
    /// The transfers of those reached, found by [`Flows::of`]: for cases that reach few. Where a limit or a sum that does not fit is
    /// met among what it counts late, the sweep takes over.
    Frontier,
    /// All transfers, in order: for cases that reach many.
    Sweep,
}

/// Why there is no trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaintError {
    /// Too much is asked for at once.
    #[error("{count} thefts, but at most {limit} can be followed at once; follow them in several traces")]
    TooManyThefts {
        /// So many are given.
        count: usize,
        /// So many can be.
        limit: usize,
    },
    /// Too much is asked for at once.
    #[error(
        "the thefts are of more than {limit} assets; assets are independent, follow them in several traces"
    )]
    TooManyAssets {
        /// So many can be.
        limit: usize,
    },
    /// A theft is named that is not among the transfers.
    #[error("theft: there is no transfer {number}; there are {count}, numbered from 0")]
    NoSuchTransfer {
        /// The number given.
        number: u64,
        /// How many transfers there are.
        count: u64,
    },
    /// A theft is named twice, perhaps with different amounts.
    #[error("theft: transfer {number} is named twice; name it once with the whole stolen amount")]
    NamedTwice {
        /// The transfer.
        number: u64,
    },
    /// A theft moves nothing, or from an account to itself.
    #[error("theft: transfer {number} moves nothing from one account to another")]
    MovesNothing {
        /// The transfer.
        number: u64,
    },
    /// A stolen amount is 0 or more than the transfer's.
    #[error("theft: transfer {number} moves {amount}, so that {stolen} can't be what was stolen by it")]
    StolenAmount {
        /// The transfer.
        number: u64,
        /// What was given as stolen.
        stolen: U256,
        /// What it moves.
        amount: U256,
    },
    /// A sum is too large to be true.
    #[error(
        "with transfer {number}, an account reached by the taint has got more than 2^256 - 1 units of an asset; \
         the asset's transfers can't be true"
    )]
    Overflow {
        /// The transfer with which the sum came to be too large.
        number: u64,
    },
    /// Not all transactions are there, and the trace comes further than those that are.
    #[error(
        "nobody was asked who spends {output}: these transactions were fetched for other thefts, or by another rule or other labels; \
         fetch them again with `bongsu trace electrum`, for the same"
    )]
    Unasked {
        /// The output, as people name it.
        output: String,
    },
    /// The method is none for accounts.
    #[error("TIHO orders a transaction's outputs, and accounts have none: follow by another method")]
    OutputsOnly,
    /// Outputs can't be followed.
    #[error(transparent)]
    Outputs(#[from] outputs::OutputTaintError),
    /// What is followed is not what it was when the trace began.
    #[error("transfer {number} is gone, or it or a label has changed, while it was followed; trace again")]
    Changed {
        /// The transfer at which it was seen.
        number: u64,
    },
}

/// Follows thefts through all later transfers.
///
/// `place` says what an account is; it must say the same each time. It is asked where taint would enter an account, and not
/// for every transfer.
///
/// # Errors
/// [`TaintError`]: thefts that are not thefts, sums that overflow. Limits are not errors; see [`Trace::ended`].
///
/// Source: rules V-1 to V-5, V-9.
pub fn follow(
    flows: &(impl Flows + Sync),
    thefts: &[Theft],
    method: Method,
    place: impl Fn(Account) -> Place,
    limits: Limits,
    way: Way,
) -> Result<Trace, TaintError> {
    let case = Case::new(flows, thefts, place, limits)?;
    match in_width::<u128, _, _>(flows, &case, method, way) {
        Err(Halt::Overflow(_)) => in_width::<U256, _, _>(flows, &case, method, way),
        done => done,
    }
    .map_err(|halt| match halt {
        Halt::Overflow(number) => TaintError::Overflow { number },
        Halt::Changed(number) | Halt::Limit(_, number) => TaintError::Changed { number },
    })
}

/// `amount` × `part` ÷ `whole`, to the nearest unit, halves upwards; `part` or `amount` is at most `whole`, which is not 0.
pub(crate) fn share(amount: U256, part: U256, whole: U256) -> U256 {
    amount.share(part, whole)
}

fn in_width<N, F, P>(flows: &F, case: &Case<P>, method: Method, way: Way) -> Result<Trace, Halt>
where
    N: Amount,
    result::Amounts: From<Vec<N>>,
    F: Flows + Sync,
    P: Fn(Account) -> Place,
{
    match method {
        Method::Poison => by_rule(flows, case, || Poison, way),
        Method::Haircut => by_rule(flows, case, || Haircut, way),
        Method::Fifo => by_rule(flows, case, Queue::<N, false>::default, way),
        Method::Lifo => by_rule(flows, case, Queue::<N, true>::default, way),
    }
}

/// Of how many transfers the frontier may read one, before the sweep takes over: a start in vain costs less than a tenth of what
/// the sweep costs, and most cases that the frontier does faster end before.
const FRONTIER_PART: u64 = 32;

fn by_rule<N, F, P, R>(flows: &F, case: &Case<P>, rule: impl Fn() -> R, way: Way) -> Result<Trace, Halt>
where
    N: Amount,
    result::Amounts: From<Vec<N>>,
    F: Flows + Sync,
    P: Fn(Account) -> Place,
    R: Rule<N>,
{
    let budget = match way {
        Way::Choose => flows.len() / FRONTIER_PART,
        Way::Frontier => u64::MAX,
        Way::Sweep => 0,
    };
    if budget > 0 {
        let mut run = Run::new(case, rule());
        if let frontier::Outcome::Done(ended) = frontier::follow(flows, &mut run, budget)? {
            return run.finish(ended, Way::Frontier);
        }
    }
    let mut run = Run::new(case, rule());
    let ended = sweep::follow(flows, &mut run)?;
    run.finish(ended, Way::Sweep)
}
