//! Blocks as a row of transactions that taint is followed through, in memory: some 100 bytes an output.

use std::collections::HashMap;

use super::block::{Block, Outpoint};
use crate::Account;
use crate::taint::outputs::{Input, Output, OutputId, Spends, Transaction};

/// Transactions of blocks, in the chain's order.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Where each transaction's inputs and outputs begin, and one more at the end; and its block.
    starts: Vec<(u32, u32)>,
    blocks: Vec<u32>,
    /// The height of each block, if it is known.
    heights: Vec<Option<u64>>,
    times: Vec<u32>,
    ids: Vec<[u8; 32]>,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    /// The transactions by their ids: of two with one id, which early ones have, the later counts.
    numbers: HashMap<[u8; 32], u64>,
    /// By which transaction an output is spent.
    spenders: HashMap<OutputId, u64>,
    addresses: Vec<Box<str>>,
    accounts: HashMap<Box<str>, Account>,
    /// What outputs hold whose transactions are not there.
    amounts: HashMap<Outpoint, u64>,
    fees: u64,
    unknown: u64,
}

/// What can't be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// A transaction spends what another has spent.
    #[error(
        "transaction {transaction} spends output {output} of {from} again: the blocks are not of one chain"
    )]
    SpentTwice {
        /// The transaction's id.
        transaction: String,
        /// Which output.
        output: u32,
        /// The id of the transaction that made it.
        from: String,
    },
    /// A transaction spends an output that the one it names does not have.
    #[error("transaction {transaction} spends output {output} of {from}, which has fewer")]
    NoOutput {
        /// The transaction's id.
        transaction: String,
        /// Which output.
        output: u32,
        /// The id of the transaction that is named.
        from: String,
    },
    /// A transaction pays more than it spends.
    #[error("transaction {0} pays more than it spends")]
    Unbalanced(String),
    /// There are too many.
    #[error("there are more inputs or outputs than can be held in memory at once: begin with a later block")]
    TooMany,
}

impl Ledger {
    /// Says what an output holds whose transaction is not in the blocks that will be added.
    pub fn tell(&mut self, output: Outpoint, satoshi: u64) {
        self.amounts.insert(output, satoshi);
    }

    /// Adds a block behind those that are there; all of it or, if something is wrong, nothing.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn add(&mut self, block: &Block) -> Result<(), LedgerError> {
        let before = (self.starts.len(), self.inputs.len(), self.outputs.len());
        let (fees, unknown) = (self.fees, self.unknown);
        let mut replaced = Vec::new();
        let number = self.blocks.last().map_or(0, |last| last + 1);
        // Where a block does not say it, it is one more than that of the block before.
        let last = self.heights.last().copied().flatten();
        let height = block.height.or_else(|| last?.checked_add(1));
        for transaction in &block.transactions {
            if let Err(error) = self.add_one(transaction, number, block.time, &mut replaced) {
                self.take_back(before, &replaced);
                (self.fees, self.unknown) = (fees, unknown);
                return Err(error);
            }
        }
        self.heights.push(height);
        Ok(())
    }

    fn add_one(
        &mut self,
        transaction: &super::Transaction,
        block: u32,
        time: u32,
        replaced: &mut Vec<([u8; 32], Option<u64>)>,
    ) -> Result<(), LedgerError> {
        let named = || super::written(&transaction.id);
        let starts = u32::try_from(self.inputs.len()).ok().zip(u32::try_from(self.outputs.len()).ok());
        self.starts.push(starts.ok_or(LedgerError::TooMany)?);
        self.blocks.push(block);
        self.times.push(time);
        self.ids.push(transaction.id);
        let number = self.starts.len() as u64 - 1;
        replaced.push((transaction.id, self.numbers.insert(transaction.id, number)));
        let (mut spent, mut is_known) = (0_u64, true);
        for from in &transaction.inputs {
            let input = self.input(*from, number, &named)?;
            let amount = match input {
                Input::Output(id) => self.output(id).map(|output| output.amount),
                Input::Unknown(amount) => amount,
                Input::Coinbase => None,
            };
            self.unknown += u64::from(amount.is_none());
            is_known &= amount.is_some();
            spent = spent.saturating_add(amount.unwrap_or_default());
            self.inputs.push(input);
        }
        if transaction.inputs.is_empty() {
            self.inputs.push(Input::Coinbase);
        }
        let mut paid = 0_u64;
        for output in &transaction.outputs {
            paid = paid.saturating_add(output.satoshi);
            let owner = Some(self.named(&output.owner()));
            self.outputs.push(Output { owner, amount: output.satoshi });
        }
        if !transaction.inputs.is_empty() && is_known {
            self.fees += spent.checked_sub(paid).ok_or_else(|| LedgerError::Unbalanced(named()))?;
        }
        Ok(())
    }

    fn input(
        &mut self,
        from: Outpoint,
        number: u64,
        named: &impl Fn() -> String,
    ) -> Result<Input, LedgerError> {
        let Some(transaction) = self.numbers.get(&from.transaction).copied().filter(|made| *made < number)
        else {
            return Ok(Input::Unknown(self.amounts.get(&from).copied()));
        };
        let id = OutputId { transaction, index: from.output };
        let wrong = |twice: bool| {
            let (transaction, output, from) = (named(), from.output, super::written(&from.transaction));
            match twice {
                true => LedgerError::SpentTwice { transaction, output, from },
                false => LedgerError::NoOutput { transaction, output, from },
            }
        };
        if self.output(id).is_none() {
            return Err(wrong(false));
        }
        match self.spenders.insert(id, number) {
            None => Ok(Input::Output(id)),
            Some(before) => {
                self.spenders.insert(id, before);
                Err(wrong(true))
            }
        }
    }

    /// Undoes what was added since.
    fn take_back(&mut self, before: (usize, usize, usize), replaced: &[([u8; 32], Option<u64>)]) {
        for input in self.inputs.drain(before.1..) {
            if let Input::Output(id) = input {
                self.spenders.remove(&id);
            }
        }
        // The input at which it stopped is not among them, but names an output of this number.
        self.spenders.retain(|_, number| *number < before.0 as u64);
        for (id, number) in replaced.iter().rev() {
            match number {
                Some(number) => self.numbers.insert(*id, *number),
                None => self.numbers.remove(id),
            };
        }
        self.starts.truncate(before.0);
        self.blocks.truncate(before.0);
        self.times.truncate(before.0);
        self.ids.truncate(before.0);
        self.outputs.truncate(before.2);
    }

    fn named(&mut self, address: &str) -> Account {
        if let Some(account) = self.accounts.get(address) {
            return *account;
        }
        // As many as there are outputs at most, whose number is held to 32 bits.
        let account = Account(self.addresses.len() as u32);
        self.addresses.push(address.into());
        self.accounts.insert(address.into(), account);
        account
    }

    /// The number of an address, or of what stands for one ([`super::Output::owner`]); `None` if no output is of it.
    #[must_use]
    pub fn account(&self, address: &str) -> Option<Account> {
        self.accounts.get(address).copied()
    }

    /// The address with a number, or what stands for one.
    #[must_use]
    pub fn address(&self, account: Account) -> Option<&str> {
        self.addresses.get(account.0 as usize).map(AsRef::as_ref)
    }

    /// The number of a transaction by its id, in the order of bytes in which it is hashed.
    #[must_use]
    pub fn number(&self, id: &[u8; 32]) -> Option<u64> {
        self.numbers.get(id).copied()
    }

    /// The id of a transaction.
    #[must_use]
    pub fn id(&self, number: u64) -> Option<[u8; 32]> {
        self.ids.get(usize::try_from(number).ok()?).copied()
    }

    /// In which of the blocks a transaction is, from 0.
    #[must_use]
    pub fn block(&self, number: u64) -> Option<u32> {
        self.blocks.get(usize::try_from(number).ok()?).copied()
    }

    /// The height of a transaction's block, if it is known.
    #[must_use]
    pub fn height(&self, number: u64) -> Option<u64> {
        self.heights.get(self.block(number)? as usize).copied().flatten()
    }

    /// When a transaction was made, in seconds since 1970-01-01 UTC, as its block says.
    #[must_use]
    pub fn time(&self, number: u64) -> Option<i64> {
        self.times.get(usize::try_from(number).ok()?).map(|time| i64::from(*time))
    }

    /// How many addresses, and what stands for them, are known: numbers below have one.
    pub(super) fn accounts(&self) -> u32 {
        self.addresses.len() as u32
    }

    /// How many outputs there are.
    pub(super) fn outputs_in_all(&self) -> u64 {
        self.outputs.len() as u64
    }

    /// How many outputs come before a transaction's, and how many it has.
    pub(super) fn outputs_of(&self, number: u64) -> Option<(u64, u64)> {
        let (_, outputs) = self.ranges(number)?;
        Some((outputs.start as u64, outputs.len() as u64))
    }

    /// What a transaction spends.
    pub(super) fn inputs(&self, number: u64) -> &[Input] {
        self.ranges(number).and_then(|(inputs, _)| self.inputs.get(inputs)).unwrap_or_default()
    }

    /// What a transaction makes.
    pub(super) fn outputs(&self, number: u64) -> &[Output] {
        self.ranges(number).and_then(|(_, outputs)| self.outputs.get(outputs)).unwrap_or_default()
    }

    /// The fees of all transactions of which it is known what they spend, in satoshi.
    #[must_use]
    pub const fn fees(&self) -> u64 {
        self.fees
    }

    /// How many inputs spend outputs of which it is not known what they hold.
    #[must_use]
    pub const fn unknown(&self) -> u64 {
        self.unknown
    }

    fn ranges(&self, number: u64) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
        let at = usize::try_from(number).ok()?;
        let (inputs, outputs) = *self.starts.get(at)?;
        let end = self.starts.get(at + 1).map(|(inputs, outputs)| (*inputs as usize, *outputs as usize));
        let end = end.unwrap_or((self.inputs.len(), self.outputs.len()));
        Some((inputs as usize..end.0, outputs as usize..end.1))
    }
}

impl Spends for Ledger {
    fn len(&self) -> u64 {
        self.starts.len() as u64
    }

    fn read(&self, number: u64, into: &mut Transaction) -> bool {
        let Some((inputs, outputs)) = self.ranges(number) else { return false };
        into.time = self.times.get(number as usize).copied().unwrap_or_default().into();
        into.inputs.clear();
        into.inputs.extend_from_slice(&self.inputs[inputs]);
        into.outputs.clear();
        into.outputs.extend_from_slice(&self.outputs[outputs]);
        true
    }

    fn output(&self, id: OutputId) -> Option<Output> {
        let (_, outputs) = self.ranges(id.transaction)?;
        self.outputs.get(outputs)?.get(id.index as usize).copied()
    }

    fn spender(&self, id: OutputId) -> Option<u64> {
        self.spenders.get(&id).copied()
    }
}
