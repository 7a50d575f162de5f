//! Chains in memory, with transactions and addresses.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bongsu_trace::cross::{
    Across, Bounds, Chain, CrossError, Door, Gate, Pairing, Transactions, Worth, follow_across,
};
use bongsu_trace::taint::{Limits, Method, Place, Theft, Way};
use bongsu_trace::{Account, Asset, Flows, Transfer, U256};

/// From this account on, accounts are exchanges; `NOBODY` is where value ends.
pub(crate) const EXCHANGES: u32 = 90;
pub(crate) const NOBODY: u32 = 99;

/// A chain: account 7 has the address `7` there, so that the same number is the same address on all chains.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    pub(crate) name: String,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) transactions: Vec<String>,
    pub(crate) thefts: Vec<Theft>,
    pub(crate) doors: BTreeMap<Account, Door>,
    pub(crate) worths: HashMap<Asset, Worth>,
}

impl Book {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds a transfer, and says its number.
    pub(crate) fn pay(&mut self, time: i64, transaction: &str, row: (u32, u32, u32, u64)) -> u64 {
        let (from, to, asset, amount) = row;
        let (from, to, asset) = (Account(from), Account(to), Asset(asset));
        self.transfers.push(Transfer { from, to, asset, amount: U256::from(amount), time });
        self.transactions.push(transaction.to_owned());
        self.transfers.len() as u64 - 1
    }

    /// The same, and it is stolen.
    pub(crate) fn steal(&mut self, time: i64, row: (u32, u32, u32, u64)) -> u64 {
        let number = self.pay(time, "", row);
        self.thefts.push(Theft { number, stolen: None });
        number
    }

    pub(crate) fn door(mut self, account: u32, gate: Gate, actor: Option<&str>) -> Self {
        self.doors.insert(Account(account), Door { gate, actor: actor.map(Arc::from) });
        self
    }

    pub(crate) fn worth(mut self, asset: u32, name: &str, decimals: u8) -> Self {
        self.worths.insert(Asset(asset), Worth { name: name.into(), decimals });
        self
    }
}

impl Flows for Book {
    fn len(&self) -> u64 {
        self.transfers.len() as u64
    }

    fn transfer(&self, number: u64) -> Option<Transfer> {
        self.transfers.get(usize::try_from(number).ok()?).copied()
    }

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
        let is_theirs = move |one: &Transfer| one.from == account || one.to == account;
        (0..).zip(&self.transfers).filter(move |(_, one)| is_theirs(one)).map(|(number, _)| number)
    }
}

impl Transactions for Book {
    fn account(&self, address: &str) -> Option<Account> {
        address.parse().ok().map(Account)
    }

    fn address(&self, account: Account) -> Option<String> {
        Some(account.0.to_string())
    }

    fn transaction(&self, number: u64) -> Option<String> {
        self.transactions.get(usize::try_from(number).ok()?).filter(|name| !name.is_empty()).cloned()
    }

    fn beside(&self, number: u64) -> Vec<u64> {
        match self.transaction(number) {
            Some(own) => {
                (0..self.len()).filter(|other| self.transaction(*other).as_ref() == Some(&own)).collect()
            }
            None => vec![number],
        }
    }

    fn of_transactions(&self, wanted: &BTreeSet<String>) -> BTreeMap<String, Vec<u64>> {
        let mut found = BTreeMap::<String, Vec<u64>>::new();
        for (number, name) in (0..).zip(&self.transactions).filter(|(_, name)| wanted.contains(*name)) {
            found.entry(name.clone()).or_default().push(number);
        }
        found
    }
}

pub(crate) fn place(account: Account) -> Place {
    match account.0 {
        NOBODY => Place::Nobody,
        EXCHANGES.. => Place::Service,
        _ => Place::Holder,
    }
}

pub(crate) fn followed(
    books: &[Book],
    pairings: &[Pairing],
    method: Method,
    bounds: &Bounds,
) -> Result<Across, CrossError> {
    let chains: Vec<Chain<'_, Book>> = books
        .iter()
        .map(|book| Chain {
            name: &book.name,
            flows: book,
            thefts: &book.thefts,
            place: &place,
            doors: &book.doors,
            worths: &book.worths,
        })
        .collect();
    follow_across(&chains, pairings, method, Limits::default(), Way::Choose, bounds)
}

pub(crate) fn pairing(from: (&str, &str), to: (&str, &str)) -> Pairing {
    let [from_chain, from_transaction, to_chain, to_transaction] =
        [from.0, from.1, to.0, to.1].map(str::to_owned);
    Pairing { from_chain, from_transaction, to_chain, to_transaction, confidence: 100 }
}

/// Nothing is lost or made, on each chain to the unit, and between chains in what it is worth; and nothing is paired twice.
pub(crate) fn conserves(books: &[Book], across: &Across) -> Result<(), String> {
    for sum in across.sums() {
        let (came, went) = (sum.stolen + sum.came, sum.held + sum.entered + sum.continued + sum.burnt);
        if came != went {
            return Err(format!("{came} came and {went} went: {sum:?}"));
        }
    }
    let mut paid = BTreeSet::new();
    let mut owners: HashMap<(usize, u64), &Vec<u64>> = HashMap::new();
    let mut worth_carried: HashMap<(usize, Vec<u64>), (U256, U256)> = HashMap::new();
    for one in &across.crossings {
        if !paid.insert((one.left.chain, one.left.number)) {
            return Err(format!("paid twice: {one:?}"));
        }
        for number in &one.entered.numbers {
            let owner = owners.entry((one.entered.chain, *number)).or_insert(&one.entered.numbers);
            if **owner != one.entered.numbers {
                return Err(format!("entered twice: {one:?}"));
            }
        }
        if one.carried > one.left.amount || one.entered.tainted > one.entered.amount {
            return Err(format!("more than all: {one:?}"));
        }
        let is_later = match one.left.chain == one.entered.chain {
            true => one.delay() >= 0,
            false => one.left.time >= one.entered.time,
        };
        if !is_later {
            return Err(format!("before it entered: {one:?}"));
        }
        let worth = |chain: usize, asset| books[chain].worths.get(&asset);
        let (entered, left) =
            (worth(one.entered.chain, one.entered.asset), worth(one.left.chain, one.left.asset));
        if let Some((entered, left)) = entered.zip(left).filter(|(entered, left)| entered.name == left.name) {
            let fine = |amount: U256, decimals: u8| amount * U256::from(10).pow(U256::from(18 - decimals));
            let sums = worth_carried.entry((one.entered.chain, one.entered.numbers.clone())).or_default();
            sums.0 = fine(one.entered.tainted, entered.decimals);
            sums.1 += fine(one.carried, left.decimals);
        }
    }
    match worth_carried.values().find(|(entered, carried)| carried > entered) {
        Some(sums) => Err(format!("more goes on than entered: {sums:?}")),
        None => Ok(()),
    }
}
