//! Taint where value lies in outputs (Bitcoin and its kin): each transaction spends earlier outputs whole, and makes new ones.
//!
//! [`follow`] starts from stolen outputs and goes through all later transactions in their order. A transaction's inputs are units
//! in a row, in the inputs' order; so are its outputs, with the fee as the last. By the five [methods](Method):
//!
//! - **poison** (rule V-1): if anything that goes in is tainted, all that comes out is, wholly. Not conserved.
//! - **haircut** (V-2): each output is as tainted as all inputs together. Shares are rounded by the largest remainder (an earlier
//!   output before a later one with the same), so that their sum is exact.
//! - **FIFO** (V-3): the first units that go in are the first that come out. **LIFO** (V-4): the last.
//! - **TIHO** (V-5): what is tainted fills the highest outputs first, the earlier of two equal ones first, and the fee after all of
//!   them, however high it is: it is what is left over, and nobody's choice of where the value goes.
//!
//! What the rules leave open is settled thus:
//!
//! - An output keeps its units in the order in which they came, for when it is spent.
//! - A fee is burnt ([`OutputTotal::burnt`]); the miner's reward, like all that is minted, is clean.
//! - Where what goes in is not known (the data begin later), it is clean, and as much as is missing: the first such input is taken
//!   to be all of it. Without such an input, what comes out beyond what goes in (no valid block has this) is clean and the first
//!   of the inputs. Both are summed up ([`OutputTrace::unexplained`]).
//! - An output is spent once, by the first who does; for whoever spends it again, it is clean.
//! - A theft is of an output. Its stolen part is tainted when it is made, first in its order; what is tainted already counts as
//!   part of what is stolen, so that no unit is tainted twice. Poison taints the output wholly.
//! - Taint ends at outputs of services and of nobody (V-9). Who owns an output is for the source to say.
//!
//! For all methods but poison, to the unit: stolen = held + entered + burnt. The order of transactions in a block counts only where
//! one spends another's outputs, and there it is given; otherwise they can change places.
//!
//! The frontier looks up who spends each tainted output and reads these transactions only; the sweep reads all from the first theft
//! on, and needs no such index. [`Way::Choose`] begins as a frontier, and goes on as a sweep when it has read a part of all.
//!
//! Sources: as in [`taint`](super). TIHO: Tironsakkul, Maarek, Eross, Just: Probing the Mystery of Cryptocurrency Theft: An
//! Investigation into Methods for Taint Analysis (2019).

mod payments;
mod result;
mod run;
mod split;

use crate::Account;

use super::{Limits, Method as AccountMethod, Place, THEFTS_MAX, TaintError, Way};
use run::{Run, Stolen};

pub(crate) use payments::{Numbered, payments};
pub use result::{Fate, OutputTotal, OutputTrace, TaintedOutput};

/// Which output: of which transaction, and at what place in it, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutputId {
    /// The transaction's number in the order.
    pub transaction: u64,
    /// The output's place.
    pub index: u32,
}

/// What a transaction spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Nothing: it is minted.
    Coinbase,
    /// An earlier output.
    Output(OutputId),
    /// An output that is not among the transactions, with its amount if that is known.
    Unknown(Option<u64>),
}

/// What a transaction makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// Who can spend it; `None` if that can't be said.
    pub owner: Option<Account>,
    /// How much, in the smallest unit.
    pub amount: u64,
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transaction {
    /// When, in seconds since 1970-01-01 UTC.
    pub time: i64,
    /// What it spends, in its order.
    pub inputs: Vec<Input>,
    /// What it makes, in its order, without the fee.
    pub outputs: Vec<Output>,
}

/// Transactions in their order.
pub trait Spends {
    /// How many there are. They are numbered from 0, in order.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes one of them over `into`; whether there is such a one.
    fn read(&self, number: u64, into: &mut Transaction) -> bool;

    /// One output; `None` if there is none such.
    fn output(&self, id: OutputId) -> Option<Output> {
        let mut transaction = Transaction::default();
        let is_there = self.read(id.transaction, &mut transaction);
        transaction.outputs.get(id.index as usize).filter(|_| is_there).copied()
    }

    /// The number of the first transaction that spends an output; `None` if none does. The sweep does not ask for it.
    fn spender(&self, id: OutputId) -> Option<u64>;
}

/// By which rule taint moves; see the [module's page](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// If anything in is tainted, all out is. Not conserved.
    Poison,
    /// All outputs are as tainted as all inputs together.
    Haircut,
    /// First in, first out.
    Fifo,
    /// Last in, first out.
    Lifo,
    /// Tainted in, highest out.
    Tiho,
}

impl From<AccountMethod> for Method {
    fn from(method: AccountMethod) -> Self {
        match method {
            AccountMethod::Poison => Self::Poison,
            AccountMethod::Haircut => Self::Haircut,
            AccountMethod::Fifo => Self::Fifo,
            AccountMethod::Lifo => Self::Lifo,
        }
    }
}

impl TryFrom<Method> for AccountMethod {
    type Error = TaintError;

    /// # Errors
    /// [`TaintError::OutputsOnly`]: TIHO says what a transaction does, and accounts have none.
    fn try_from(method: Method) -> Result<Self, TaintError> {
        Ok(match method {
            Method::Poison => Self::Poison,
            Method::Haircut => Self::Haircut,
            Method::Fifo => Self::Fifo,
            Method::Lifo => Self::Lifo,
            Method::Tiho => return Err(TaintError::OutputsOnly),
        })
    }
}

/// An output with which something was stolen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputTheft {
    /// Which.
    pub output: OutputId,
    /// How much of it was stolen; `None`: all.
    pub stolen: Option<u64>,
}

/// Why there is no trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutputTaintError {
    /// Too much is asked for at once.
    #[error("{count} thefts, but at most {limit} can be followed at once; follow them in several traces")]
    TooManyThefts {
        /// So many are given.
        count: usize,
        /// So many can be.
        limit: usize,
    },
    /// A theft is named that is not there.
    #[error("theft: transaction {} has no output {}, or there is no such transaction", .0.transaction, .0.index)]
    NoSuchOutput(OutputId),
    /// A theft is named twice, perhaps with different amounts.
    #[error("theft: output {} of transaction {} is named twice; name it once with the whole stolen amount", .0.index, .0.transaction)]
    NamedTwice(OutputId),
    /// A stolen amount is 0 or more than the output's.
    #[error("theft: output {} of transaction {} has {amount}, so that {stolen} can't be what was stolen", output.index, output.transaction)]
    StolenAmount {
        /// The output.
        output: OutputId,
        /// What was given as stolen.
        stolen: u64,
        /// What it has.
        amount: u64,
    },
    /// What is followed is not what it was when the trace began.
    #[error("transaction {number} is gone, though there are {count}; trace again")]
    Changed {
        /// The transaction.
        number: u64,
        /// How many there should be.
        count: u64,
    },
}

/// Follows stolen outputs through all later transactions.
///
/// Of the [`Limits`], `reached_max` is how many outputs are tainted, at most. A transaction that would go past a limit is not followed.
///
/// # Errors
/// [`OutputTaintError`]: thefts that are not thefts, transactions that vanish. Limits are not errors; see [`OutputTrace::ended`].
///
/// Source: rules V-1 to V-5, V-9.
pub fn follow(
    spends: &impl Spends,
    thefts: &[OutputTheft],
    method: Method,
    place: impl Fn(Account) -> Place,
    limits: Limits,
    way: Way,
) -> Result<OutputTrace, OutputTaintError> {
    let stolen = stolen(spends, thefts)?;
    Run::new(spends, stolen, method, place, limits).follow(way)
}

/// Thefts with their amounts, ascending.
fn stolen(spends: &impl Spends, thefts: &[OutputTheft]) -> Result<Vec<Stolen>, OutputTaintError> {
    if thefts.len() > THEFTS_MAX {
        return Err(OutputTaintError::TooManyThefts { count: thefts.len(), limit: THEFTS_MAX });
    }
    let mut all = Vec::with_capacity(thefts.len());
    for OutputTheft { output, stolen } in thefts.iter().copied() {
        let Output { amount, .. } = spends.output(output).ok_or(OutputTaintError::NoSuchOutput(output))?;
        let stolen = stolen.unwrap_or(amount);
        if stolen == 0 || stolen > amount {
            return Err(OutputTaintError::StolenAmount { output, stolen, amount });
        }
        all.push(Stolen { output, amount: stolen });
    }
    all.sort_unstable_by_key(|theft| theft.output);
    match all.array_windows().find(|[theft, next]| theft.output == next.output) {
        Some([theft, _]) => Err(OutputTaintError::NamedTwice(theft.output)),
        None => Ok(all),
    }
}
