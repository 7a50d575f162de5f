//! Transfers in memory: for tests, and for what is too small for a store.

use std::collections::HashMap;

use crate::{Account, Flows, Transfer};

/// Transfers in memory, in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    transfers: Vec<Transfer>,
    of: HashMap<Account, Vec<u64>>,
}

impl From<Vec<Transfer>> for Memory {
    fn from(transfers: Vec<Transfer>) -> Self {
        let mut of: HashMap<Account, Vec<u64>> = HashMap::new();
        for (number, transfer) in (0..).zip(&transfers) {
            of.entry(transfer.from).or_default().push(number);
            if transfer.to != transfer.from {
                of.entry(transfer.to).or_default().push(number);
            }
        }
        Self { transfers, of }
    }
}

impl Flows for Memory {
    fn len(&self) -> u64 {
        self.transfers.len() as u64
    }

    fn transfer(&self, number: u64) -> Option<Transfer> {
        self.transfers.get(usize::try_from(number).ok()?).copied()
    }

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
        self.of.get(&account).into_iter().flatten().copied()
    }
}
