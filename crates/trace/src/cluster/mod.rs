//! Clusters: addresses that one holder has, by heuristics that are named.
//!
//! Who spends outputs of several addresses together has their keys ([`Inputs`]); who takes part in a CoinJoin has not the others', so
//! that such transactions join nothing (rule V-6). Which output is change is guessed ([`Change`]), and off unless asked for (V-7). On
//! chains of accounts, those who pay into one address that an exchange gave to one customer are that customer ([`deposits`]).
//!
//! A heuristic is no proof: PayJoin breaks the first, and one wrong guess of change joins two strangers for good.
//!
//! Source: Meiklejohn and others, "A Fistful of Bitcoins", 2013 (inputs, change); Goldfeder and others, "When the cookie meets the
//! blockchain", 2018 (CoinJoin); Victor, "Address Clustering Heuristics for Ethereum", 2020 (deposits).

mod change;
mod deposit;
mod inputs;
mod spends;

pub use change::Change;
pub use deposit::{Deposits, deposits};
pub use inputs::{Coin, Inputs, Payment, is_coin_join};
pub use spends::{Joined, join};

use crate::Account;

/// Accounts, joined where they are one holder's. Costs 5 bytes an account.
#[derive(Debug, Clone, Default)]
pub struct Clusters {
    parents: Vec<u32>,
    ranks: Vec<u8>,
    joined: u64,
}

impl Clusters {
    /// Joins two accounts; says whether they were apart before.
    pub fn join(&mut self, one: Account, other: Account) -> bool {
        self.grow(one.0.max(other.0));
        let (one, other) = (self.root(one.0), self.root(other.0));
        if one == other {
            return false;
        }
        let (low, high) = match self.ranks[one as usize].cmp(&self.ranks[other as usize]) {
            std::cmp::Ordering::Less => (one, other),
            std::cmp::Ordering::Greater => (other, one),
            std::cmp::Ordering::Equal => {
                self.ranks[one as usize] += 1;
                (other, one)
            }
        };
        self.parents[low as usize] = high;
        self.joined += 1;
        true
    }

    /// Joins all of them; gives how many times that joined what was apart.
    pub fn join_all(&mut self, accounts: impl IntoIterator<Item = Account>) -> u64 {
        let mut accounts = accounts.into_iter();
        let Some(first) = accounts.next() else { return 0 };
        accounts.map(|other| u64::from(self.join(first, other))).sum()
    }

    /// The account that stands for an account's cluster: itself, if nothing was joined to it.
    #[must_use]
    pub fn of(&self, account: Account) -> Account {
        let mut at = account.0;
        while let Some(parent) = self.parents.get(at as usize).filter(|parent| **parent != at) {
            at = *parent;
        }
        Account(at)
    }

    /// The clusters of more than one account, each in order. Looks at all accounts.
    #[must_use]
    pub fn all(&self) -> Vec<Vec<Account>> {
        let mut by_root = std::collections::BTreeMap::<Account, Vec<Account>>::new();
        for account in (0..self.parents.len() as u32).map(Account) {
            by_root.entry(self.of(account)).or_default().push(account);
        }
        by_root.into_values().filter(|cluster| cluster.len() > 1).collect()
    }

    /// How often something was joined that was apart.
    #[must_use]
    pub const fn joined(&self) -> u64 {
        self.joined
    }

    fn grow(&mut self, account: u32) {
        let length = account as usize + 1;
        if self.parents.len() < length {
            self.parents.extend(self.parents.len() as u32..length as u32);
            self.ranks.resize(length, 0);
        }
    }

    /// The root of a tree, whose path is halved on the way.
    fn root(&mut self, mut at: u32) -> u32 {
        while self.parents[at as usize] != at {
            let above = self.parents[self.parents[at as usize] as usize];
            self.parents[at as usize] = above;
            at = above;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Equal to colouring all that was joined, over and over.
        #[test]
        fn clusters_are_what_is_joined_in_whatever_order(pairs in proptest::collection::vec((0_u32..30, 0_u32..30), 0..40)) {
            let (mut clusters, mut colours) = (Clusters::default(), (0..30).collect::<Vec<u32>>());
            for (one, other) in &pairs {
                let (from, to) = (colours[*one as usize], colours[*other as usize]);
                prop_assert_eq!(clusters.join(Account(*one), Account(*other)), from != to);
                colours.iter_mut().filter(|colour| **colour == from).for_each(|colour| *colour = to);
            }
            for one in 0..30 {
                for other in 0..30 {
                    let is_one = colours[one as usize] == colours[other as usize];
                    prop_assert_eq!(clusters.of(Account(one)) == clusters.of(Account(other)), is_one);
                }
            }
            let sizes: usize = clusters.all().iter().map(|cluster| cluster.len() - 1).sum();
            prop_assert_eq!(sizes as u64, clusters.joined());
        }
    }
}
