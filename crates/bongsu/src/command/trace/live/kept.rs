//! What is kept of a chain: its transfers in a store, and beside them how far it was read.
//!
//! The store is written first and the position behind it; before transfers are dropped, the position is put before them. So the
//! position never says more than the store has, whenever the program is killed: what the store has beyond it is dropped when the next
//! run begins, and read again.

use std::collections::HashSet;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use trace::chain::ethereum::{Block, Follower, Kind, Network, POSITION_BYTES_MAX, Position};
use trace::store::{Appended, Incoming, StoreError, Writer};

use super::super::refused;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// The file with the position, in the store's folder.
const NAME: &str = "live.json";
/// What the coin of a chain of Ethereum's kind can be divided by: ten to this power.
const COIN_DECIMALS: u8 = 18;

/// Blocks that were read and are not kept yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// What the store has from this block on is not the chain's any more.
    pub(super) drop_from: Option<u64>,
    pub(super) blocks: Vec<Block>,
}

impl Pending {
    /// Takes away the blocks from a number on. `kept` is the first block that is not in the store.
    pub(super) fn back(&mut self, from: u64, kept: u64) {
        self.blocks.retain(|block| block.number < from);
        if from < kept {
            self.drop_from = Some(self.drop_from.map_or(from, |before| before.min(from)));
        }
    }

    pub(super) fn transfers(&self) -> usize {
        self.blocks.iter().map(|block| block.moved.len()).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.drop_from.is_none()
    }
}

/// A store, and how far the chain in it was read.
pub(super) struct Kept {
    writer: Writer,
    path: PathBuf,
    network: Network,
    position: Position,
    /// Contracts that were asked how many decimals they have.
    asked: HashSet<[u8; 20]>,
}

impl Kept {
    /// Opens a store and makes it what its position says. One that is new begins at `from`, or at the `newest` block.
    ///
    /// # Errors
    /// When the store holds another chain, or what it holds and what the position says do not fit.
    pub(super) fn open(
        folder: &Path,
        chain: u64,
        network: Network,
        from: Option<u64>,
        newest: u64,
        terminal: &mut Terminal,
    ) -> Result<Self, Failure> {
        let path = folder.join(NAME);
        // Opened first: once the store is locked, nobody else changes the position.
        let opened = Writer::open(folder);
        // Where nothing was read yet, it can still be said where to begin.
        let is_bare = |position: &Position| position.hashes.is_empty() && position.transfers == 0;
        let known = read(&path)?.filter(|position| from.is_none() || !is_bare(position));
        let (begun, writer) = match (&known, opened) {
            (Some(position), Ok(writer)) => {
                if from.is_some_and(|from| from != position.next()) {
                    return Err(Failure::usage(format!(
                        "{} was read up to block {}, so that reading goes on at {}",
                        folder.display(),
                        position.next().saturating_sub(1),
                        position.next()
                    ))
                    .hint("leave --from out, or begin a new store"));
                }
                (position.begun, writer)
            }
            (Some(_), Err(StoreError::Absent { .. })) => {
                return Err(Failure::new(format!("{} speaks of a store that is not there", path.display()))
                    .hint("remove it to begin anew"));
            }
            (None, opened) => {
                let begun = from.unwrap_or(newest);
                let writer = match opened {
                    Err(StoreError::Absent { .. }) => Writer::create(folder, &network.name),
                    opened => opened,
                };
                let writer = writer.map_err(|error| refused(&error))?;
                if let Some((_, last)) = writer.store().places().filter(|(_, last)| last.block >= begun) {
                    return Err(Failure::usage(format!(
                        "{} has transfers up to block {}: what was loaded and what would be read from block {begun} on would stand there twice",
                        folder.display(),
                        last.block
                    ))
                    .hint(format!("say --from {} or a later block, or begin a new store", last.block + 1)));
                }
                (begun, writer)
            }
            (Some(_), Err(error)) => return Err(refused(&error)),
        };
        if writer.store().chain() != network.name || known.as_ref().is_some_and(|known| known.chain != chain)
        {
            return Err(Failure::usage(format!(
                "{} holds {}, and the node is of {} (chain {chain})",
                folder.display(),
                writer.store().chain(),
                network.name
            ))
            .hint("name the store of that chain, or a new one"));
        }
        let position =
            known.unwrap_or(Position { chain, begun, first: begun, hashes: Vec::new(), transfers: 0 });
        let mut kept = Self { writer, path, network, position, asked: HashSet::new() };
        kept.settle(terminal)?;
        Ok(kept)
    }

    /// Drops what the store has beyond the position, and compares the rest.
    fn settle(&mut self, terminal: &mut Terminal) -> Result<(), Failure> {
        let next = self.next();
        let beyond = self.writer.store().places().is_some_and(|(_, last)| last.block >= next);
        if beyond {
            let dropped = self.writer.drop_from(next).map_err(|error| refused(&error))?;
            terminal.note(&format!(
                "{dropped} transfers from block {next} on were written by a run that was cut off: they are read again"
            ));
        }
        let found = self.transfers_before(next);
        if found != self.position.transfers {
            return Err(Failure::new(format!(
                "the store has {found} transfers of the blocks {} to {}, and there were {} when {} was written",
                self.position.begun,
                next.saturating_sub(1),
                self.position.transfers,
                self.path.display()
            ))
            .hint("it is not the store that was read, or something else wrote to it: begin a new one"));
        }
        self.write(&self.position)
    }

    /// The first block that is not there.
    pub(super) fn next(&self) -> u64 {
        self.position.next()
    }

    /// The block at which reading began.
    pub(super) const fn begun(&self) -> u64 {
        self.position.begun
    }

    pub(super) fn follower(&self) -> Follower {
        self.position.follower()
    }

    /// Tokens in these blocks of which it is not known how many decimals they have, and that were not asked yet.
    pub(super) fn without_decimals(&mut self, blocks: &[Block]) -> Vec<String> {
        let store = self.writer.store();
        let mut contracts = Vec::new();
        for moved in blocks.iter().flat_map(|block| &block.moved) {
            let Kind::Token { contract, .. } = moved.kind else { continue };
            if self.asked.insert(contract) {
                let written = written(&contract);
                if store.asset(&written).and_then(|asset| store.decimals(asset)).is_none() {
                    contracts.push(written);
                }
            }
        }
        contracts
    }

    /// Keeps blocks, and drops what is not the chain's any more: durably, when this returns.
    ///
    /// # Errors
    /// When the store or the position can't be written; the next run mends what is between.
    pub(super) fn commit(
        &mut self,
        pending: &Pending,
        follower: &Follower,
        decimals: &[(String, u8)],
    ) -> Result<Appended, Failure> {
        let store_failed = |error: StoreError| refused(&error);
        if let Some(from) = pending.drop_from {
            let mut before = self.position.before(from);
            before.transfers = self.transfers_before(from);
            self.write(&before)?;
            self.position = before;
        }
        let mut append = self.writer.append();
        if let Some(from) = pending.drop_from {
            append.drop_from(from).map_err(store_failed)?;
        }
        for block in &pending.blocks {
            add(&mut append, block, self.network.coin)?;
        }
        if pending.transfers() > 0 {
            append.set_decimals(self.network.coin, COIN_DECIMALS).map_err(store_failed)?;
        }
        for (contract, decimals) in decimals {
            append.set_decimals(contract, *decimals).map_err(store_failed)?;
        }
        let appended = append.finish().map_err(store_failed)?;
        let (chain, begun) = (self.position.chain, self.position.begun);
        let transfers = self.transfers_before(follower.next());
        self.position = Position::of(chain, begun, follower, transfers);
        self.write(&self.position)?;
        Ok(appended)
    }

    /// How many transfers the blocks have from the first that was read to before this one.
    fn transfers_before(&self, block: u64) -> u64 {
        let store = self.writer.store();
        store.first_of_block(block).saturating_sub(store.first_of_block(self.position.begun))
    }

    /// Writes the position, whole or not at all.
    fn write(&self, position: &Position) -> Result<(), Failure> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".live-").tempfile_in(folder)?;
            file.write_all(position.written().as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|error| Failure::new(format!("{} can't be written: {error}", self.path.display())))
    }
}

fn read(path: &Path) -> Result<Option<Position>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(format!("{} can't be read: {error}", path.display()))
            .hint("take the store's folder from a backup, or begin a new store")
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    let mut text = Vec::new();
    file.take(POSITION_BYTES_MAX as u64 + 1).read_to_end(&mut text).map_err(|error| failed(&error))?;
    Position::read(&text).map(Some).map_err(|error| failed(&error))
}

fn add(append: &mut trace::store::Append<'_>, block: &Block, coin: &str) -> Result<(), Failure> {
    for (moved, index) in block.moved.iter().zip(0..) {
        let contract = match moved.kind {
            Kind::Token { contract, .. } => Some(written(&contract)),
            Kind::Own | Kind::Inside(_) => None,
        };
        let incoming = Incoming {
            block: block.number,
            index,
            transaction: &written(&moved.transaction),
            time: i64::try_from(block.time).unwrap_or(i64::MAX),
            from: &written(&moved.from),
            to: &written(&moved.to),
            asset: contract.as_deref().unwrap_or(coin),
            amount: moved.amount,
        };
        append.push(&incoming).map_err(|error| {
            Failure::new(format!("block {}: {error}", block.number))
                .hint("the store holds what came before this block")
        })?;
    }
    Ok(())
}

/// Bytes as people write them.
fn written(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
