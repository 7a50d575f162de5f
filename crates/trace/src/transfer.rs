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

/// What a transfer moved, seen from one of its two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The transfer's number.
    pub number: u64,
    /// Whether the account gave; else it got.
    pub gives: bool,
    /// What.
    pub asset: Asset,
    /// How much, in the asset's smallest unit; may be 0.
    pub amount: U256,
}

/// The transfers of an account from one on. Those in which it gives and those in which it gets come each for themselves, ascending.
pub trait Later {
    /// The number of the next in which it gives.
    fn given(&mut self) -> Option<u64>;

    /// The number of the next in which it gets.
    fn taken(&mut self) -> Option<u64>;

    /// Appends numbers that [`Later::taken`] will say next, `most` of them or fewer, all before a transfer.
    fn see_taken(&self, before: u64, most: usize, into: &mut Vec<u64>);

    /// Looks at what the next numbers are read from, so that memory brings what is asked of many such at the same time. What it says means
    /// nothing.
    fn glance(&self) -> u32 {
        0
    }
}

/// Both sides, one beside the other.
struct Sides<G, T> {
    given: G,
    taken: T,
}

impl<G, T> Later for Sides<G, T>
where
    G: Iterator<Item = u64>,
    T: Iterator<Item = u64> + Clone,
{
    fn given(&mut self) -> Option<u64> {
        self.given.next()
    }

    fn taken(&mut self) -> Option<u64> {
        self.taken.next()
    }

    fn see_taken(&self, before: u64, most: usize, into: &mut Vec<u64>) {
        into.extend(self.taken.clone().take_while(|number| *number < before).take(most));
    }
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

    /// The same for what leads to some accounts' transfers, each from one on.
    fn glance_later(&self, _accounts: &[(Account, u64)]) {}

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

    /// What an account gives and gets from a transfer on.
    ///
    /// Whoever follows many accounts asks this, so that a store looks up both sides at once.
    fn later(&self, account: Account, first: u64) -> impl Later + '_ {
        Sides { given: self.given_from(account, first), taken: self.taken_from(account, first) }
    }

    /// Goes through what some accounts gave and got, each before a transfer: account by account, and of each in order. Transfers of an
    /// account to itself are left out. `each` gets the account's place among those asked for, and says whether to go on.
    ///
    /// Whoever wants to know what many accounts had asks this, so that a store can look at the memory of all of them together.
    ///
    /// # Errors
    /// The number of a transfer that can't be read.
    fn earlier(
        &self,
        accounts: &[(Account, u64)],
        mut each: impl FnMut(usize, Moved) -> bool,
    ) -> Result<(), u64> {
        for (place, (account, before)) in accounts.iter().copied().enumerate() {
            for number in self.of(account).take_while(|number| *number < before) {
                let Transfer { from, to, asset, amount, .. } = self.transfer(number).ok_or(number)?;
                if from != to && !each(place, Moved { number, gives: from == account, asset, amount }) {
                    return Ok(());
                }
            }
        }
        Ok(())
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
