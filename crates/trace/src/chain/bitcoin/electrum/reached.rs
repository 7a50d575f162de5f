//! What was reached of a chain, and what is known of where it ends.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bitcoin::block::Header;

use super::super::{Block, Coins, Ledger, LedgerError, Magic, Outpoint, written};
use super::{Headers, Proven, hash_of};
use crate::taint::outputs::OutputId;

/// What does not go with what was reached before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReachedLie {
    /// Two blocks at one height.
    #[error("block {0} is another one than that of an earlier transaction at this height")]
    Block(u64),
    /// Two transactions at one place.
    #[error("transactions {one} and {other} are said to be at the same place of block {height}")]
    Place {
        /// The block's height.
        height: u64,
        /// The one that was there.
        one: String,
        /// The one that came.
        other: String,
    },
    /// A transaction in two blocks.
    #[error("transaction {0} is said to be in two blocks")]
    Twice(String),
}

/// The transactions of a block that were reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) header: Header,
    pub(super) hash: [u8; 32],
    /// By their places in the block.
    pub(super) transactions: BTreeMap<u32, Proven>,
}

/// Transactions of a chain that were reached from a theft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub(super) magic: Magic,
    pub(super) blocks: BTreeMap<u64, Part>,
    heights: HashMap<[u8; 32], u64>,
    /// What outputs hold that are spent here, and whose transactions are not here.
    pub(super) amounts: HashMap<Outpoint, u64>,
    /// The last block up to which it was asked who spends what.
    pub(super) upto: Option<(u64, [u8; 32])>,
    /// Outputs that are unspent up to there.
    pub(super) unspent: BTreeSet<Outpoint>,
    /// Outputs of which that is not known, and why.
    pub(super) left: BTreeMap<Outpoint, String>,
}

impl Reached {
    /// Nothing yet.
    #[must_use]
    pub fn new(magic: Magic) -> Self {
        Self {
            magic,
            blocks: BTreeMap::new(),
            heights: HashMap::new(),
            amounts: HashMap::new(),
            upto: None,
            unspent: BTreeSet::new(),
            left: BTreeMap::new(),
        }
    }

    /// Which chain it is of.
    #[must_use]
    pub const fn magic(&self) -> Magic {
        self.magic
    }

    /// How many transactions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heights.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heights.is_empty()
    }

    /// The height of the block of a transaction that is there.
    #[must_use]
    pub fn height(&self, id: &[u8; 32]) -> Option<u64> {
        self.heights.get(id).copied()
    }

    /// A transaction that is there.
    #[must_use]
    pub fn get(&self, id: &[u8; 32]) -> Option<&Proven> {
        self.blocks.get(self.heights.get(id)?)?.transactions.values().find(|one| one.id() == id)
    }

    /// The hashes and times of the blocks of which something is there, in order.
    pub fn blocks(&self) -> impl Iterator<Item = ([u8; 32], u32)> + '_ {
        self.blocks.values().map(|part| (part.hash, part.header.time))
    }

    /// The last block up to which it was asked who spends what: its height and hash.
    #[must_use]
    pub const fn upto(&self) -> Option<(u64, [u8; 32])> {
        self.upto
    }

    /// Outputs of which it is not known who spends them, and why.
    pub fn left(&self) -> impl Iterator<Item = (&Outpoint, &str)> {
        self.left.iter().map(|(output, why)| (output, why.as_str()))
    }

    /// The outputs that a transaction spends of which neither the amount nor the transaction is there.
    #[must_use]
    pub fn wants(&self, proven: &Proven) -> Vec<Outpoint> {
        let inputs = proven.transaction().inputs.iter().copied();
        inputs
            .filter(|from| !self.heights.contains_key(&from.transaction) && !self.amounts.contains_key(from))
            .collect()
    }

    /// Says what an output holds whose transaction is not there.
    pub fn tell(&mut self, output: Outpoint, satoshi: u64) {
        self.amounts.insert(output, satoshi);
    }

    /// Adds a transaction; whether it was not there.
    ///
    /// # Errors
    /// [`ReachedLie`].
    pub fn add(&mut self, proven: Proven) -> Result<bool, ReachedLie> {
        let (id, height, position) = (*proven.id(), proven.height(), proven.proof.position);
        if let Some(before) = self.heights.get(&id) {
            return match *before == height {
                true => Ok(false),
                false => Err(ReachedLie::Twice(written(&id))),
            };
        }
        let (header, hash) = (proven.header, hash_of(&proven.header));
        let new = || Part { header, hash, transactions: BTreeMap::new() };
        if self.blocks.get(&height).is_some_and(|part| part.hash != hash) {
            return Err(ReachedLie::Block(height));
        }
        let part = self.blocks.entry(height).or_insert_with(new);
        if let Some(there) = part.transactions.get(&position) {
            let (one, other) = (written(there.id()), written(&id));
            return Err(ReachedLie::Place { height, one, other });
        }
        part.transactions.insert(position, proven);
        self.heights.insert(id, height);
        Ok(true)
    }

    /// Takes away what is in blocks that are not, or not any more, among these headers; says how many transactions that were.
    pub fn keep_on(&mut self, headers: &Headers) -> usize {
        let before = self.heights.len();
        let is_there =
            |height: u64, hash: &[u8; 32]| headers.at(height).is_some_and(|(_, there)| there == hash);
        self.blocks.retain(|height, part| is_there(*height, &part.hash));
        let ids = self.blocks.values().flat_map(|part| part.transactions.values());
        let kept: HashMap<[u8; 32], u64> = ids.map(|one| (*one.id(), one.height())).collect();
        self.heights = kept;
        let spent = self.spent();
        self.amounts.retain(|output, _| spent.contains(output));
        if self.upto.is_some_and(|(height, hash)| !is_there(height, &hash)) {
            self.settle(None, BTreeSet::new(), BTreeMap::new());
        }
        before - self.heights.len()
    }

    /// All outputs that the transactions spend.
    fn spent(&self) -> HashSet<Outpoint> {
        let all = self.blocks.values().flat_map(|part| part.transactions.values());
        all.flat_map(|one| one.transaction().inputs.iter().copied()).collect()
    }

    /// Says up to which block it was asked who spends what, and what is unspent there, or not known, and why; whether any of that is new.
    /// What is spent by a transaction that is there is neither.
    pub fn settle(
        &mut self,
        upto: Option<(u64, [u8; 32])>,
        mut unspent: BTreeSet<Outpoint>,
        mut left: BTreeMap<Outpoint, String>,
    ) -> bool {
        let spent = self.spent();
        unspent.retain(|output| !spent.contains(output));
        left.retain(|output, _| !spent.contains(output));
        let is_new = (self.upto, &self.unspent, &self.left) != (upto, &unspent, &left);
        (self.upto, self.unspent, self.left) = (upto, unspent, left);
        is_new
    }

    /// The payments of all that is there.
    ///
    /// # Errors
    /// [`LedgerError`]: what is there is of several chains, or too much.
    pub fn coins(&self) -> Result<Coins, LedgerError> {
        let mut ledger = Ledger::default();
        for (output, satoshi) in &self.amounts {
            ledger.tell(*output, *satoshi);
        }
        for (height, part) in &self.blocks {
            ledger.add(&Block {
                hash: part.hash,
                previous: *AsRef::<[u8; 32]>::as_ref(&part.header.prev_blockhash),
                time: part.header.time,
                height: Some(*height),
                work: part.header.work().to_be_bytes(),
                transactions: part.transactions.values().map(|one| one.transaction().clone()).collect(),
            })?;
        }
        let known = self.unspent.iter().chain(self.left.keys());
        let known = known.filter_map(|output| {
            let transaction = ledger.number(&output.transaction)?;
            Some(OutputId { transaction, index: output.output })
        });
        let known = known.collect();
        Ok(Coins::new(ledger, self.magic).with_known_ends(known))
    }
}
