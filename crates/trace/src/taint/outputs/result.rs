//! What a trace through outputs found.

use crate::Account;
use crate::taint::slot::NONE;
use crate::taint::{Ended, Way};

use super::OutputId;

/// What has become of a tainted output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is unspent.
    Held,
    /// It was spent.
    Spent {
        /// By which transaction.
        by: u64,
    },
    /// It is a service's.
    Entered,
    /// It is nobody's.
    Burnt,
}

/// An output of which something is tainted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaintedOutput {
    /// Which.
    pub output: OutputId,
    /// Whose; `None` if that can't be said.
    pub owner: Option<Account>,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub time: i64,
    /// What it has, in the smallest unit.
    pub amount: u64,
    /// How much of it is tainted.
    pub tainted: u64,
    /// How many transactions it is from the nearest theft, the theft included: 1 for what was stolen.
    pub hop: u32,
    pub(super) source: u32,
    /// What has become of it.
    pub fate: Fate,
}

impl TaintedOutput {
    /// The tainted output, nearest to a theft of those spent for it, as an index among [`OutputTrace::outputs`]; `None`: it is stolen.
    #[must_use]
    pub fn source(&self) -> Option<usize> {
        (self.source != NONE).then_some(self.source as usize)
    }
}

/// The sums, in the smallest unit. By all methods but poison, `stolen` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutputTotal {
    /// What the thefts took, without what was tainted already.
    pub stolen: u128,
    /// What is tainted of unspent outputs.
    pub held: u128,
    /// What entered services.
    pub entered: u128,
    /// What went into fees, and to nobody.
    pub burnt: u128,
}

/// What a trace through outputs found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputTrace {
    pub(super) ended: Ended,
    pub(super) way: Way,
    pub(super) outputs: Vec<TaintedOutput>,
    pub(super) fees: Vec<(u64, u128)>,
    pub(super) stolen: Vec<(OutputId, u128)>,
    pub(super) total: OutputTotal,
    pub(super) unexplained: u128,
}

impl OutputTrace {
    /// How far it came; numbers are of transactions.
    #[must_use]
    pub fn ended(&self) -> Ended {
        self.ended
    }

    /// Which way it ended in; never [`Way::Choose`].
    #[must_use]
    pub fn way(&self) -> Way {
        self.way
    }

    /// All outputs of which something is or was tainted, in their order.
    #[must_use]
    pub fn outputs(&self) -> &[TaintedOutput] {
        &self.outputs
    }

    /// The transactions with a tainted part of the fee, in order, and how much that was.
    #[must_use]
    pub fn fees(&self) -> &[(u64, u128)] {
        &self.fees
    }

    /// The stolen outputs, in their order, and how much of each was stolen newly, without what was tainted already. By all methods but
    /// poison they add up to [`OutputTotal::stolen`].
    #[must_use]
    pub fn stolen(&self) -> &[(OutputId, u128)] {
        &self.stolen
    }

    /// The sums.
    #[must_use]
    pub fn total(&self) -> OutputTotal {
        self.total
    }

    /// What came into the transactions that were followed, clean, without being known from earlier ones, and not minted.
    #[must_use]
    pub fn unexplained(&self) -> u128 {
        self.unexplained
    }

    /// The outputs by which taint came to one of [`OutputTrace::outputs`], from what was stolen on, itself included.
    #[must_use]
    pub fn path(&self, output: usize) -> Vec<OutputId> {
        let mut path = Vec::new();
        let mut at = self.outputs.get(output);
        while let Some(tainted) = at {
            path.push(tainted.output);
            at = self.outputs.get(tainted.source as usize);
        }
        path.reverse();
        path
    }
}
