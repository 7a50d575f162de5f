//! What crossings ask of a chain's transfers, beyond what a trace asks.

use std::collections::{BTreeMap, BTreeSet};

use crate::taint::outputs::Method;
use crate::taint::{Limits, Place, TaintError, Theft, Trace, Way, follow};
use crate::{Account, Flows, Store};

/// Transfers with their transactions, and accounts with their addresses.
///
/// Times do not fall as numbers rise: where they do, by the clocks of those who make blocks, what is at the edge of a window may be missed,
/// and nothing is found that is not there.
pub trait Transactions: Flows + Sync + Sized {
    /// The account with an address.
    fn account(&self, address: &str) -> Option<Account>;

    /// The address of an account.
    fn address(&self, account: Account) -> Option<String>;

    /// The transaction of a transfer.
    fn transaction(&self, number: u64) -> Option<String>;

    /// The numbers of all transfers of a transfer's transaction, ascending, its own among them.
    fn beside(&self, number: u64) -> Vec<u64>;

    /// The numbers of the transfers of some transactions, ascending.
    fn of_transactions(&self, wanted: &BTreeSet<String>) -> BTreeMap<String, Vec<u64>>;

    /// Follows thefts through all later transfers, as taint moves on this chain: from account to account, if it does not say otherwise.
    ///
    /// # Errors
    /// [`TaintError`], as [`follow`].
    fn trace(
        &self,
        thefts: &[Theft],
        method: Method,
        place: impl Fn(Account) -> Place,
        limits: Limits,
        way: Way,
    ) -> Result<Trace, TaintError> {
        follow(self, thefts, method.try_into()?, place, limits, way)
    }
}

impl Transactions for Store {
    fn account(&self, address: &str) -> Option<Account> {
        self.account(address)
    }

    fn address(&self, account: Account) -> Option<String> {
        self.address(account)
    }

    fn transaction(&self, number: u64) -> Option<String> {
        self.transaction(number)
    }

    fn beside(&self, number: u64) -> Vec<u64> {
        self.beside(number)
    }

    fn of_transactions(&self, wanted: &BTreeSet<String>) -> BTreeMap<String, Vec<u64>> {
        self.of_transactions(wanted)
    }
}

/// The number of the first transfer at a time or later: how many there are if all are earlier. Found by halving.
pub(super) fn first_at(flows: &impl Flows, time: i64) -> u64 {
    let (mut low, mut high) = (0, flows.len());
    while low < high {
        let middle = low + (high - low) / 2;
        match flows.transfer(middle) {
            Some(transfer) if transfer.time < time => low = middle + 1,
            _ => high = middle,
        }
    }
    low
}
