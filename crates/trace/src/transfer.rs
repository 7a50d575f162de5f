//! A transfer, and what a trace asks of many of them.

use crate::U256;

/// An address on a chain, as the number that it has in the store: numbers are given out from 0, in the order in which addresses come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(pub u32);

/// What is moved: a chain's own coin or one token contract, as the number that it has in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asset(pub u32);

/// A movement of value on an account chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// Who gives.
    pub from: Account,
    /// Who gets; may be who gives.
    pub to: Account,
    /// What.
    pub asset: Asset,
    /// How much, in the asset's smallest unit; may be 0.
    pub amount: U256,
    /// When, in seconds since 1970-01-01 UTC.
    pub time: i64,
}

/// Transfers in their order.
pub trait Flows {
    /// How many there are. They are numbered from 0, in order.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them; `None` beyond the last.
    fn transfer(&self, number: u64) -> Option<Transfer>;

    /// Looks at some of them, so that memory brings all at the same time, and [`Flows::transfer`] need not wait for one after the other.
    fn glance(&self, _numbers: &[u64]) {}

    /// The same for what leads to some accounts' transfers, and for the first of those before a transfer: so many at most in which each
    /// gives, and so many in which it gets.
    fn glance_of(&self, _accounts: &[(Account, u64)], _most: usize) {}

    /// Appends those from `first` on, in order, `most` of them or as many as there are.
    ///
    /// Whoever goes through all of them asks thus, so that a store can hand over a page at once.
    fn chunk(&self, first: u64, most: usize, into: &mut Vec<Transfer>) {
        into.extend((first..self.len()).take(most).map_while(|number| self.transfer(number)));
    }

    /// The numbers of those in which an account gives or gets, each once, ascending.
    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_;

    /// The numbers of those in which an account gives, from one on, ascending.
    fn given_from(&self, account: Account, first: u64) -> impl Iterator<Item = u64> + Clone + '_ {
        let gives =
            move |number: &u64| self.transfer(*number).is_some_and(|transfer| transfer.from == account);
        self.of(account).skip_while(move |number| *number < first).filter(gives)
    }

    /// The numbers of those in which an account gets, from one on, ascending.
    fn taken_from(&self, account: Account, first: u64) -> impl Iterator<Item = u64> + Clone + '_ {
        let gets = move |number: &u64| self.transfer(*number).is_some_and(|transfer| transfer.to == account);
        self.of(account).skip_while(move |number| *number < first).filter(gets)
    }

    /// How often an account gives or gets in the transfers with numbers below `before`; one to itself counts twice.
    ///
    /// Whoever must not read the transfers of an account that has very many asks this first, so that a store can count without reading
    /// them.
    fn count_of(&self, account: Account, before: u64) -> u64 {
        let transfers = self.of(account).take_while(|number| *number < before);
        let sides =
            |transfer: Transfer| u64::from(transfer.from == account) + u64::from(transfer.to == account);
        transfers.filter_map(|number| self.transfer(number)).map(sides).sum()
    }
}
