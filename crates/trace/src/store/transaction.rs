//! The transfers of a transaction.

use std::collections::{BTreeMap, BTreeSet};

use super::identifier::{Form, Identifiers};
use super::open::Store;
use crate::Flows as _;

/// So many transfers of a block are looked at for those of one transaction, at most: more than any chain's blocks have today.
const BLOCK_TRANSFERS_MAX: u64 = 1 << 17;

impl Store {
    /// The numbers of all transfers of the transaction that a transfer belongs to, ascending, its own among them; only its own if it
    /// has none.
    ///
    /// Compares the identifiers of its block's transfers, of the 131,072 about it if there are more.
    #[must_use]
    pub fn beside(&self, number: u64) -> Vec<u64> {
        let own = self.identifier_of(number).filter(|identifier| identifier.form != Form::None);
        let (Some(own), Some(place)) = (own, self.place(number)) else {
            return if number < self.len() { vec![number] } else { Vec::new() };
        };
        let end = place.block.checked_add(1).map_or_else(|| self.len(), |next| self.first_of_block(next));
        let first = self.first_of_block(place.block).max(number.saturating_sub(BLOCK_TRANSFERS_MAX / 2));
        let end = end.min(number.saturating_add(BLOCK_TRANSFERS_MAX / 2));
        (first..end).filter(|other| self.identifier_of(*other) == Some(own)).collect()
    }

    /// The numbers of the transfers of some transactions, which are written as the source does; hexadecimal digits in either case. One that
    /// has none, or can be none, is left out.
    ///
    /// Reads the identifiers of all transfers: about a second for 100 million.
    #[must_use]
    pub fn of_transactions(&self, wanted: &BTreeSet<String>) -> BTreeMap<String, Vec<u64>> {
        let mut keys = Identifiers::default();
        let mut names: Vec<&String> = Vec::new();
        for name in wanted.iter().filter(|name| !name.is_empty()) {
            if keys.push_text(name.as_bytes()).is_ok() {
                names.push(name);
            }
        }
        let by_key: std::collections::HashMap<_, _> = (0..)
            .zip(names)
            .filter_map(|(row, name)| keys.get(row).map(|identifier| (identifier, name)))
            .collect();
        let mut found = BTreeMap::<String, Vec<u64>>::new();
        if by_key.is_empty() {
            return found;
        }
        for number in 0..self.len() {
            let Some(name) = self.identifier_of(number).and_then(|identifier| by_key.get(&identifier)) else {
                continue;
            };
            found.entry((*name).clone()).or_default().push(number);
        }
        found
    }
}
