//! A chain's payments, whichever way it keeps value.
//!
//! A [`Store`] keeps transfers between accounts; [`Coins`] are what blocks of Bitcoin hold, where each output is a payment. A case is followed
//! through both alike: it asks who paid whom what and when, by which transaction, and how taint moves is the chain's own matter
//! ([`Transactions::trace`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::chain::bitcoin::Coins;
use crate::cross::Transactions;
use crate::taint::outputs::Method;
use crate::taint::{Limits, Place, TaintError, Theft, Trace, Way};
use crate::{Account, Asset, Flows, Later, Moved, Store, Transfer};

/// The payments of one chain.
#[derive(Debug)]
pub enum Payments {
    /// Between accounts.
    Accounts(Box<Store>),
    /// From output to output.
    Outputs(Box<Coins>),
}

impl From<Store> for Payments {
    fn from(store: Store) -> Self {
        Self::Accounts(Box::new(store))
    }
}

impl From<Coins> for Payments {
    fn from(coins: Coins) -> Self {
        Self::Outputs(Box::new(coins))
    }
}

/// One or the other of two.
#[derive(Clone)]
enum Either<A, B> {
    Accounts(A),
    Outputs(B),
}

impl<A: Iterator<Item = u64>, B: Iterator<Item = u64>> Iterator for Either<A, B> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        match self {
            Self::Accounts(numbers) => numbers.next(),
            Self::Outputs(numbers) => numbers.next(),
        }
    }
}

impl<A: Later, B: Later> Later for Either<A, B> {
    fn given(&mut self) -> Option<u64> {
        match self {
            Self::Accounts(later) => later.given(),
            Self::Outputs(later) => later.given(),
        }
    }

    fn taken(&mut self) -> Option<u64> {
        match self {
            Self::Accounts(later) => later.taken(),
            Self::Outputs(later) => later.taken(),
        }
    }

    fn see_taken(&self, before: u64, most: usize, into: &mut Vec<u64>) {
        match self {
            Self::Accounts(later) => later.see_taken(before, most, into),
            Self::Outputs(later) => later.see_taken(before, most, into),
        }
    }

    fn glance(&self) -> u32 {
        match self {
            Self::Accounts(later) => later.glance(),
            Self::Outputs(later) => later.glance(),
        }
    }
}

impl Payments {
    /// The chain's name.
    #[must_use]
    pub fn chain(&self) -> &str {
        match self {
            Self::Accounts(store) => store.chain(),
            Self::Outputs(coins) => coins.chain(),
        }
    }

    /// The account with an address.
    #[must_use]
    pub fn account(&self, address: &str) -> Option<Account> {
        Transactions::account(self, address)
    }

    /// The address of an account, or what stands for one: `fees`, `unspendable`, `script:…`. `None` if it is not known who that is.
    #[must_use]
    pub fn address(&self, account: Account) -> Option<String> {
        Transactions::address(self, account)
    }

    /// The address of an account, if it is one to which people can pay.
    #[must_use]
    pub fn wallet(&self, account: Account) -> Option<String> {
        match self {
            Self::Accounts(store) => store.address(account),
            Self::Outputs(coins) => coins.wallet(account).map(str::to_owned),
        }
    }

    /// How many assets there are; they are numbered from 0.
    #[must_use]
    pub fn assets(&self) -> u32 {
        match self {
            Self::Accounts(store) => store.assets(),
            Self::Outputs(_) => 1,
        }
    }

    /// The asset with this name, or this contract.
    #[must_use]
    pub fn asset(&self, name: &str) -> Option<Asset> {
        match self {
            Self::Accounts(store) => store.asset(name),
            Self::Outputs(coins) => coins.asset(name),
        }
    }

    /// The name or the contract of an asset.
    #[must_use]
    pub fn asset_name(&self, asset: Asset) -> Option<String> {
        match self {
            Self::Accounts(store) => store.asset_name(asset),
            Self::Outputs(coins) => coins.asset_name(asset).map(str::to_owned),
        }
    }

    /// How many digits an asset's smallest unit is below one, if that is known.
    #[must_use]
    pub fn decimals(&self, asset: Asset) -> Option<u8> {
        match self {
            Self::Accounts(store) => store.decimals(asset),
            Self::Outputs(coins) => Some(coins.decimals()),
        }
    }

    /// The transaction of a payment.
    #[must_use]
    pub fn transaction(&self, number: u64) -> Option<String> {
        Transactions::transaction(self, number)
    }

    /// A payment as people name it: its transaction, and of Bitcoin the place among its outputs too, as in `4a5e…:0`.
    #[must_use]
    pub fn named(&self, number: u64) -> Option<String> {
        match self {
            Self::Accounts(store) => store.transaction(number),
            Self::Outputs(coins) => coins.outpoint(number),
        }
    }

    /// Which of its transaction's outputs a payment of Bitcoin is, from 0; a fee is none, and neither is a payment between accounts.
    #[must_use]
    pub fn output(&self, number: u64) -> Option<u32> {
        match self {
            Self::Accounts(_) => None,
            Self::Outputs(coins) => coins.output(number),
        }
    }

    /// Whether value lies in outputs.
    #[must_use]
    pub const fn is_of_outputs(&self) -> bool {
        matches!(self, Self::Outputs(_))
    }

    /// The block of a payment, by its height, if that is known.
    #[must_use]
    pub fn block(&self, number: u64) -> Option<u64> {
        match self {
            Self::Accounts(store) => store.place(number).map(|place| place.block),
            Self::Outputs(coins) => coins.height(number),
        }
    }

    /// The times of the first and the last payment, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn times(&self) -> Option<(i64, i64)> {
        match self {
            Self::Accounts(store) => store.times(),
            Self::Outputs(coins) => coins.times(),
        }
    }
}

impl Flows for Payments {
    fn len(&self) -> u64 {
        match self {
            Self::Accounts(store) => store.len(),
            Self::Outputs(coins) => coins.len(),
        }
    }

    fn transfer(&self, number: u64) -> Option<Transfer> {
        match self {
            Self::Accounts(store) => store.transfer(number),
            Self::Outputs(coins) => coins.transfer(number),
        }
    }

    fn glance(&self, numbers: &[u64]) {
        if let Self::Accounts(store) = self {
            store.glance(numbers);
        }
    }

    fn glance_later(&self, accounts: &[(Account, u64)]) {
        if let Self::Accounts(store) = self {
            store.glance_later(accounts);
        }
    }

    fn chunk(&self, first: u64, most: usize, into: &mut Vec<Transfer>) {
        match self {
            Self::Accounts(store) => store.chunk(first, most, into),
            Self::Outputs(coins) => coins.chunk(first, most, into),
        }
    }

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
        match self {
            Self::Accounts(store) => Either::Accounts(Flows::of(&**store, account)),
            Self::Outputs(coins) => Either::Outputs(Flows::of(&**coins, account)),
        }
    }

    fn given_from(&self, account: Account, first: u64) -> impl Iterator<Item = u64> + Clone + '_ {
        match self {
            Self::Accounts(store) => Either::Accounts(store.given_from(account, first)),
            Self::Outputs(coins) => Either::Outputs(coins.given_from(account, first)),
        }
    }

    fn taken_from(&self, account: Account, first: u64) -> impl Iterator<Item = u64> + Clone + '_ {
        match self {
            Self::Accounts(store) => Either::Accounts(store.taken_from(account, first)),
            Self::Outputs(coins) => Either::Outputs(coins.taken_from(account, first)),
        }
    }

    fn later(&self, account: Account, first: u64) -> impl Later + '_ {
        match self {
            Self::Accounts(store) => Either::Accounts(store.later(account, first)),
            Self::Outputs(coins) => Either::Outputs(coins.later(account, first)),
        }
    }

    fn earlier(
        &self,
        accounts: &[(Account, u64)],
        each: impl FnMut(usize, Moved) -> bool,
    ) -> Result<(), u64> {
        match self {
            Self::Accounts(store) => store.earlier(accounts, each),
            Self::Outputs(coins) => coins.earlier(accounts, each),
        }
    }

    fn count_of(&self, account: Account, before: u64) -> u64 {
        match self {
            Self::Accounts(store) => store.count_of(account, before),
            Self::Outputs(coins) => coins.count_of(account, before),
        }
    }
}

impl Transactions for Payments {
    fn account(&self, address: &str) -> Option<Account> {
        match self {
            Self::Accounts(store) => store.account(address),
            Self::Outputs(coins) => Transactions::account(&**coins, address),
        }
    }

    fn address(&self, account: Account) -> Option<String> {
        match self {
            Self::Accounts(store) => store.address(account),
            Self::Outputs(coins) => Transactions::address(&**coins, account),
        }
    }

    fn transaction(&self, number: u64) -> Option<String> {
        match self {
            Self::Accounts(store) => store.transaction(number),
            Self::Outputs(coins) => Transactions::transaction(&**coins, number),
        }
    }

    fn beside(&self, number: u64) -> Vec<u64> {
        match self {
            Self::Accounts(store) => store.beside(number),
            Self::Outputs(coins) => coins.beside(number),
        }
    }

    fn of_transactions(&self, wanted: &BTreeSet<String>) -> BTreeMap<String, Vec<u64>> {
        match self {
            Self::Accounts(store) => store.of_transactions(wanted),
            Self::Outputs(coins) => coins.of_transactions(wanted),
        }
    }

    fn trace(
        &self,
        thefts: &[Theft],
        method: Method,
        place: impl Fn(Account) -> Place,
        limits: Limits,
        way: Way,
    ) -> Result<Trace, TaintError> {
        match self {
            Self::Accounts(store) => store.trace(thefts, method, place, limits, way),
            Self::Outputs(coins) => coins.trace(thefts, method, place, limits, way),
        }
    }
}
