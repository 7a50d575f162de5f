//! Blocks as payments: each output is one from who spent for it to who can spend it, and each fee one to who found the block, taken for nobody.
//!
//! All outputs of a ledger are numbered in the chain's order, each transaction's fee behind its outputs. So Bitcoin stands beside chains of
//! accounts wherever payments are read; taint is followed by outputs all the same ([`Transactions::trace`]). Of several that a
//! transaction spends from, the first that is known is the giver here; a trace knows better ([`Trace::transfer`]).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::OnceLock;

use super::block::{UNSPENDABLE, read_id, written};
use super::{Ledger, Magic};
use crate::cross::Transactions;
use crate::taint::outputs::{
    self, Fate, Input, Method, Numbered, OutputId, OutputTaintError, OutputTheft, OutputTrace, Spends as _,
    payments,
};
use crate::taint::{Limits, Place, TaintError, Theft, Trace, Way};
use crate::{Account, Asset, Flows, Transfer, U256};

/// The only thing that is paid.
const COIN: Asset = Asset(0);
/// How it is called.
const NAME: &str = "BTC";
/// A whole coin is ten to this power of satoshi.
const DECIMALS: u8 = 8;
/// What stands for an address to which fees go.
const FEES: &str = "fees";

/// The payments of blocks.
#[derive(Debug)]
pub struct Coins {
    ledger: Ledger,
    chain: &'static str,
    /// Where not all transactions are there: the outputs of which it is known that they are unspent, or told that it is not.
    ends: Option<HashSet<OutputId>>,
    sides: OnceLock<Sides>,
}

/// The payments of each account, ascending: those that it gives, and those that it gets.
#[derive(Debug)]
struct Sides {
    given: Vec<(Account, u64)>,
    taken: Vec<(Account, u64)>,
}

/// A payment's transaction, and which of its outputs; the fee has none.
type Which = (u64, Option<u32>);

impl Coins {
    /// The payments of a ledger's transactions, of this chain.
    #[must_use]
    pub fn new(ledger: Ledger, magic: Magic) -> Self {
        Self { ledger, chain: magic.chain(), ends: None, sides: OnceLock::new() }
    }

    /// The same, of a ledger that has not all transactions of its blocks: those that were reached from a theft. Of `ends` it was asked who
    /// spends them; what a trace leaves unspent beyond these may be spent all the same.
    #[must_use]
    pub fn with_known_ends(self, ends: HashSet<OutputId>) -> Self {
        Self { ends: Some(ends), ..self }
    }

    /// An output that a trace says is unspent, although nobody was asked who spends it: it came further than what was fetched.
    #[must_use]
    pub fn unasked(&self, found: &OutputTrace) -> Option<String> {
        let ends = self.ends.as_ref()?;
        let is_unasked = |id: OutputId| !ends.contains(&id) && self.ledger.spender(id).is_none();
        let held = found.outputs().iter().filter(|one| one.fate == Fate::Held && one.tainted > 0);
        let one = held.map(|one| one.output).find(|id| is_unasked(*id))?;
        self.outpoint(self.number(one.transaction, Some(one.index)))
    }

    /// What they are made of.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The chain's name: `bitcoin`, or that of a chain for tests.
    #[must_use]
    pub const fn chain(&self) -> &str {
        self.chain
    }

    /// The asset with this name.
    #[must_use]
    pub fn asset(&self, name: &str) -> Option<Asset> {
        name.eq_ignore_ascii_case(NAME).then_some(COIN)
    }

    /// The name of an asset.
    #[must_use]
    pub fn asset_name(&self, asset: Asset) -> Option<&str> {
        (asset == COIN).then_some(NAME)
    }

    /// How many digits the smallest unit is below a whole coin.
    #[must_use]
    pub const fn decimals(&self) -> u8 {
        DECIMALS
    }

    /// The number of a payment: of an output, or with `None` of the transaction's fee.
    #[must_use]
    pub fn number(&self, transaction: u64, output: Option<u32>) -> u64 {
        let (first, count) = self.ledger.outputs_of(transaction).unwrap_or((self.ledger.outputs_in_all(), 0));
        first + transaction + output.map_or(count, u64::from)
    }

    /// Which payment a number is of.
    fn which(&self, number: u64) -> Option<Which> {
        let (mut low, mut high) = (0, self.ledger.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.number(middle, Some(0)) <= number {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        let transaction = low.checked_sub(1)?;
        let (_, count) = self.ledger.outputs_of(transaction)?;
        let place = number - self.number(transaction, Some(0));
        match place.cmp(&count) {
            std::cmp::Ordering::Less => Some((transaction, Some(u32::try_from(place).ok()?))),
            std::cmp::Ordering::Equal => Some((transaction, None)),
            std::cmp::Ordering::Greater => None,
        }
    }

    /// A payment as people name it: its transaction and its place, as in `4a5e…:0`; a fee by its transaction alone.
    #[must_use]
    pub fn outpoint(&self, number: u64) -> Option<String> {
        let (transaction, output) = self.which(number)?;
        let id = written(&self.ledger.id(transaction)?);
        Some(output.map_or_else(|| id.clone(), |output| format!("{id}:{output}")))
    }

    /// Which of its transaction's outputs a payment is; a fee is none.
    #[must_use]
    pub fn output(&self, number: u64) -> Option<u32> {
        self.which(number)?.1
    }

    /// The height of a payment's block, if it is known.
    #[must_use]
    pub fn height(&self, number: u64) -> Option<u64> {
        self.ledger.height(self.which(number)?.0)
    }

    /// The times of the first and the last transaction.
    #[must_use]
    pub fn times(&self) -> Option<(i64, i64)> {
        let time = |transaction: u64| self.ledger.time(transaction);
        Some((time(0)?, time(self.ledger.len().checked_sub(1)?)?))
    }

    /// Whether nobody can spend what an account got.
    #[must_use]
    pub fn is_nobody(&self, account: Account) -> bool {
        account == self.fees() || self.ledger.account(UNSPENDABLE) == Some(account)
    }

    /// An account's address, if it has one to which people can pay.
    #[must_use]
    pub fn wallet(&self, account: Account) -> Option<&str> {
        let address = self.ledger.address(account)?;
        (address != UNSPENDABLE && !address.contains(':')).then_some(address)
    }

    /// A trace through the outputs, told as one of payments.
    #[must_use]
    pub fn told(&self, found: &OutputTrace) -> Trace {
        payments(found, self)
    }

    fn fees(&self) -> Account {
        Account(self.ledger.accounts())
    }

    /// Who spends from outputs that are not there.
    fn unknown(&self) -> Account {
        Account(self.ledger.accounts().saturating_add(1))
    }

    /// The first owner of what a transaction spends.
    fn payer(&self, transaction: u64) -> Account {
        let owner = |input: &Input| match input {
            Input::Output(id) => self.ledger.output(*id)?.owner,
            Input::Coinbase | Input::Unknown(_) => None,
        };
        self.ledger.inputs(transaction).iter().find_map(owner).unwrap_or_else(|| self.unknown())
    }

    /// What a transaction spends beyond what it pays, as far as what it spends is known.
    fn fee(&self, transaction: u64) -> u64 {
        let amount = |input: &Input| match input {
            Input::Output(id) => self.ledger.output(*id).map_or(0, |output| output.amount),
            Input::Unknown(amount) => amount.unwrap_or_default(),
            Input::Coinbase => 0,
        };
        let spent = self.ledger.inputs(transaction).iter().map(amount).fold(0, u64::saturating_add);
        let paid = self.ledger.outputs(transaction).iter().map(|output| output.amount);
        spent.saturating_sub(paid.fold(0, u64::saturating_add))
    }

    fn sides(&self) -> &Sides {
        self.sides.get_or_init(|| {
            let all = self.len();
            let (mut given, mut taken) = (Vec::new(), Vec::new());
            for (number, transfer) in (0..all).filter_map(|number| Some((number, self.transfer(number)?))) {
                given.push((transfer.from, number));
                taken.push((transfer.to, number));
            }
            given.sort_unstable();
            taken.sort_unstable();
            Sides { given, taken }
        })
    }
}

/// The payments of an account among some in order, from one on.
fn of(all: &[(Account, u64)], account: Account, first: u64) -> impl Iterator<Item = u64> + Clone + '_ {
    let start = all.partition_point(|one| *one < (account, first));
    let rest = all.get(start..).unwrap_or_default().iter();
    rest.take_while(move |(owner, _)| *owner == account).map(|(_, number)| *number)
}

impl Flows for Coins {
    fn len(&self) -> u64 {
        self.ledger.outputs_in_all() + self.ledger.len()
    }

    fn transfer(&self, number: u64) -> Option<Transfer> {
        let (transaction, output) = self.which(number)?;
        let (to, amount) = match output {
            Some(index) => {
                let output = self.ledger.output(OutputId { transaction, index })?;
                (output.owner.unwrap_or_else(|| self.unknown()), output.amount)
            }
            None => (self.fees(), self.fee(transaction)),
        };
        Some(Transfer {
            from: self.payer(transaction),
            to,
            asset: COIN,
            amount: U256::from(amount),
            time: self.ledger.time(transaction)?,
        })
    }

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
        let mut all: Vec<u64> = self.given_from(account, 0).chain(self.taken_from(account, 0)).collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
    }

    fn given_from(&self, account: Account, first: u64) -> impl Iterator<Item = u64> + Clone + '_ {
        of(&self.sides().given, account, first)
    }

    fn taken_from(&self, account: Account, first: u64) -> impl Iterator<Item = u64> + Clone + '_ {
        of(&self.sides().taken, account, first)
    }
}

impl Numbered for Coins {
    fn payment(&self, transaction: u64, output: Option<u32>) -> u64 {
        self.number(transaction, output)
    }

    fn coin(&self) -> Asset {
        COIN
    }

    fn somebody(&self) -> Account {
        self.unknown()
    }
}

impl Transactions for Coins {
    fn account(&self, address: &str) -> Option<Account> {
        self.ledger.account(address)
    }

    fn address(&self, account: Account) -> Option<String> {
        match account == self.fees() {
            true => Some(FEES.to_owned()),
            false => self.ledger.address(account).map(str::to_owned),
        }
    }

    fn transaction(&self, number: u64) -> Option<String> {
        self.ledger.id(self.which(number)?.0).map(|id| written(&id))
    }

    fn beside(&self, number: u64) -> Vec<u64> {
        let Some((transaction, _)) = self.which(number) else { return Vec::new() };
        (self.number(transaction, Some(0))..=self.number(transaction, None)).collect()
    }

    fn of_transactions(&self, wanted: &BTreeSet<String>) -> BTreeMap<String, Vec<u64>> {
        let of = |id: &String| {
            let transaction = self.ledger.number(&read_id(id)?)?;
            Some((id.clone(), self.beside(self.number(transaction, None))))
        };
        wanted.iter().filter_map(of).collect()
    }

    /// By outputs: the numbers of thefts are those of outputs.
    fn trace(
        &self,
        thefts: &[Theft],
        method: Method,
        place: impl Fn(Account) -> Place,
        limits: Limits,
        way: Way,
    ) -> Result<Trace, TaintError> {
        let theft = |theft: &Theft| {
            let (number, count) = (theft.number, self.len());
            let (transaction, output) =
                self.which(number).ok_or(TaintError::NoSuchTransfer { number, count })?;
            let index = output.ok_or(TaintError::MovesNothing { number })?;
            let output = OutputId { transaction, index };
            let amount = self.ledger.output(output).map_or(0, |output| output.amount);
            let stolen = theft.stolen.map(|stolen| {
                let wrong = OutputTaintError::StolenAmount { output, stolen: u64::MAX, amount };
                u64::try_from(stolen).map_err(|_| TaintError::Outputs(wrong))
            });
            Ok(OutputTheft { output, stolen: stolen.transpose()? })
        };
        let thefts = thefts.iter().map(theft).collect::<Result<Vec<_>, TaintError>>()?;
        let found = outputs::follow(&self.ledger, &thefts, method, place, limits, way)?;
        match self.unasked(&found) {
            Some(output) => Err(TaintError::Unasked { output }),
            None => Ok(self.told(&found)),
        }
    }
}
