//! One append: everything that comes with it is kept, or nothing.

use std::sync::{Arc, PoisonError, RwLock};

use super::TRANSFERS_MAX;
use super::batch::{At, Batch, Row};
use super::chain::{Chain, Site};
use super::error::{Damage, StoreError};
use super::files::{NewFolder, Stamps};
use super::identifier::Identifiers;
use super::manifest::{FolderMeta, Manifest};
use super::merge::{Seen, Source, merge};
use super::names::Growing;
use super::names::key::Key;
use super::names::part::{Part, PartMeta};
use super::open::{DECIMALS, UNKNOWN};
use super::record::{ASSETS_MAX, Movement, stored_time};
use super::segment::{Segment, SegmentMeta};
use super::writer::{Writer, named};
use crate::U256;

/// How many transfers that come one by one are gathered.
const TOGETHER: usize = 1 << 14;
/// A segment is joined with what comes after it when it has at most so many times as many transfers.
const JOIN_RATIO: u64 = 2;

/// A transfer that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incoming<'a> {
    /// The number of its block.
    pub block: u64,
    /// Its place in the block.
    pub index: u32,
    /// Its transaction; empty if there is none.
    pub transaction: &'a str,
    /// When, in seconds since 1970-01-01 UTC: from 0 to 2³² − 1.
    pub time: i64,
    /// The address that gives.
    pub from: &'a str,
    /// The address that gets.
    pub to: &'a str,
    /// The asset: its contract's address, or a name for the chain's own coin.
    pub asset: &'a str,
    /// How much, in the asset's smallest unit.
    pub amount: U256,
}

/// What an append has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appended {
    /// Transfers that are new.
    pub added: u64,
    /// Transfers that were there already, or came twice.
    pub duplicates: u64,
    /// Transfers that were dropped because their blocks were.
    pub dropped: u64,
}

/// What is being appended.
#[derive(Debug)]
pub struct Append<'w> {
    writer: &'w mut Writer,
    site: Site,
    accounts: Arc<RwLock<Growing>>,
    assets: Arc<RwLock<Growing>>,
    decimals: Vec<u8>,
    /// The segments that are there and stay.
    base: Vec<(SegmentMeta, Arc<Segment>)>,
    /// Transfers that came one by one.
    pending: Batch,
    /// What came in order.
    chain: Chain,
    seen: Seen,
    /// What came out of order, not sorted yet.
    loose: Batch,
    /// The last place of all that came out of order.
    loose_last: Option<At>,
    /// What came out of order, sorted.
    runs: Vec<Chain>,
    received: u64,
    dropped: u64,
}

impl<'w> Append<'w> {
    pub(super) fn new(writer: &'w mut Writer) -> Self {
        let store = &writer.store;
        let (accounts, assets) = store.names();
        let share = |names: &super::names::Names| Arc::new(RwLock::new(Growing::new(names.clone())));
        let segments = store.segments().iter();
        Self {
            site: Site::new(writer.folder.clone(), store.manifest().next),
            accounts: share(accounts),
            assets: share(assets),
            decimals: store.all_decimals().to_vec(),
            base: segments.map(|segment| (segment.meta.clone(), Arc::clone(segment))).collect(),
            pending: Batch::default(),
            chain: Chain::new(writer.limits.segment_rows),
            seen: Seen::default(),
            loose: Batch::default(),
            loose_last: None,
            runs: Vec::new(),
            received: 0,
            dropped: 0,
            writer,
        }
    }

    /// The chain of the store.
    #[must_use]
    pub fn chain(&self) -> &str {
        self.writer.store.chain()
    }

    /// Adds a transfer. They may come in any order; fast is the one of blocks and indexes.
    ///
    /// # Errors
    /// [`StoreError::Name`], [`StoreError::Time`], [`StoreError::Full`]: then the append is as it was before. Others: it can only be
    /// dropped.
    pub fn push(&mut self, incoming: &Incoming<'_>) -> Result<(), StoreError> {
        let time = stored_time(incoming.time)?;
        let from = named("address", Key::parse(incoming.from.as_bytes()))?;
        let to = named("address", Key::parse(incoming.to.as_bytes()))?;
        let asset = named("asset", Key::parse(incoming.asset.as_bytes()))?;
        let mut transaction = Identifiers::default();
        named("transaction", transaction.push_text(incoming.transaction.as_bytes()))?;
        let (from, to) = (self.account(&from)?, self.account(&to)?);
        let asset = self.asset(&asset)?;
        let movement = Movement { from, to, asset, time, amount: incoming.amount };
        let Some(transaction) = transaction.get(0) else { return Ok(()) };
        self.pending.push(Row { at: (incoming.block, incoming.index), movement, transaction });
        if self.pending.len() >= TOGETHER {
            let pending = std::mem::take(&mut self.pending);
            self.add(pending)?;
        }
        Ok(())
    }

    /// Says how many decimals an asset has.
    ///
    /// # Errors
    /// [`StoreError::Decimals`] if it has others already; [`StoreError::Name`], [`StoreError::Full`].
    pub fn set_decimals(&mut self, asset: &str, decimals: u8) -> Result<(), StoreError> {
        let key = named("asset", Key::parse(asset.as_bytes()))?;
        let number = self.asset(&key)?;
        self.set_decimals_of(number, decimals)
    }

    /// Drops all transfers of a block and those behind it that the store has. What is appended comes in their place.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if a segment can't be read.
    pub fn drop_from(&mut self, block: u64) -> Result<(), StoreError> {
        let tail = self.cut_base((block, 0))?;
        let rows = |source: &Source| match source {
            Source::Segment(_, from, to) => u64::from(to - from),
            Source::Batch(..) => 0,
        };
        self.dropped += tail.iter().map(rows).sum::<u64>();
        Ok(())
    }

    /// Keeps what was appended: it is on the disk, and the store's, when this returns.
    ///
    /// # Errors
    /// [`StoreError`]: then the store is as it was.
    pub fn finish(mut self) -> Result<Appended, StoreError> {
        let pending = std::mem::take(&mut self.pending);
        self.add(pending)?;
        let before: u64 = self.base.iter().map(|(meta, _)| u64::from(meta.rows)).sum();
        let accounts = self.account_count();
        self.chain.finish(&self.site, accounts)?;
        let mut new = self.settled(accounts)?;
        let rows = |meta: &SegmentMeta| u64::from(meta.rows);
        let kept: u64 = self.base.iter().map(|(meta, _)| rows(meta)).sum();
        let after = kept + new.iter().map(|(meta, _)| rows(meta)).sum::<u64>();
        if after > TRANSFERS_MAX {
            return Err(StoreError::Full { what: "transfers", limit: TRANSFERS_MAX });
        }
        let added = after - before;
        let appended = Appended { added, duplicates: self.received - added, dropped: self.dropped };
        if new.is_empty() && self.dropped == 0 && self.account_count() == self.writer.store.accounts() {
            return Ok(appended);
        }
        let mut folders: Vec<NewFolder> = Vec::new();
        let manifest = self.manifest(&new, &mut folders)?;
        folders.iter_mut().chain(new.iter_mut().map(|(_, folder)| folder)).for_each(NewFolder::keep);
        drop(self.runs);
        drop(self.chain);
        self.writer.commit(&manifest)?;
        Ok(appended)
    }

    /// The names of accounts and of assets, to be looked up by many.
    pub(crate) fn names(&self) -> (Arc<RwLock<Growing>>, Arc<RwLock<Growing>>) {
        (Arc::clone(&self.accounts), Arc::clone(&self.assets))
    }

    /// The number of an account, which gets one if it has none.
    pub(crate) fn account(&self, key: &Key<'_>) -> Result<u32, StoreError> {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        accounts.number(key).ok_or(StoreError::Full { what: "accounts", limit: u64::from(u32::MAX) })
    }

    /// Gives numbers to accounts of rows (row, side, name), and puts them there.
    pub(crate) fn number_accounts(
        &self,
        names: &[(u32, u8, Key<'static>)],
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        for (row, side, key) in names {
            let full = StoreError::Full { what: "accounts", limit: u64::from(u32::MAX) };
            batch.set_account(*row, usize::from(*side), accounts.number(key).ok_or(full)?);
        }
        Ok(())
    }

    /// The number of an asset, which gets one if it has none.
    pub(crate) fn asset(&self, key: &Key<'_>) -> Result<u32, StoreError> {
        let mut assets = self.assets.write().unwrap_or_else(PoisonError::into_inner);
        let full = StoreError::Full { what: "assets", limit: u64::from(ASSETS_MAX) };
        assets.number(key).filter(|number| *number < ASSETS_MAX).ok_or(full)
    }

    /// Says how many decimals an asset has.
    pub(crate) fn set_decimals_of(&mut self, asset: u32, decimals: u8) -> Result<(), StoreError> {
        let place = asset as usize;
        if self.decimals.len() <= place {
            self.decimals.resize(place + 1, UNKNOWN);
        }
        match self.decimals.get_mut(place) {
            Some(stored) if *stored == UNKNOWN => *stored = decimals,
            Some(stored) if *stored != decimals => {
                let stored = *stored;
                let assets = self.assets.read().unwrap_or_else(PoisonError::into_inner);
                let asset = assets.key(asset).map(|key| key.text()).unwrap_or_default();
                return Err(StoreError::Decimals { asset, stored, given: decimals });
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds rows whose names have numbers.
    pub(crate) fn add(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.received += batch.len() as u64;
        let batch = batch.sorted();
        let Some((first, last)) = batch.places.first().copied().zip(batch.places.last().copied()) else {
            return Ok(());
        };
        // What came out of order is merged behind the chain: a row of the same place that came after it may not go into the chain,
        // or rows of one place wouldn't stay in the order in which they came.
        let behind = self.loose_last.is_none_or(|last| last < first);
        if behind && self.chain.ends().is_none_or(|(_, last)| last <= first) {
            let (batch, _) = self.seen.filter(batch)?;
            let accounts = self.account_count();
            return self.chain.append(&self.site, batch, accounts);
        }
        self.loose_last = self.loose_last.max(Some(last));
        batch.rows().for_each(|row| self.loose.push(row));
        if self.loose.len() >= self.writer.limits.sort_rows {
            let loose = std::mem::take(&mut self.loose).sorted();
            let accounts = self.account_count();
            let mut run = Chain::new(u32::MAX);
            run.append(&self.site, loose, accounts)?;
            run.finish(&self.site, accounts)?;
            self.runs.push(run);
        }
        Ok(())
    }

    fn account_count(&self) -> u32 {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What was appended as segments that follow the base, merged and joined with its end where that is needed.
    fn settled(&mut self, accounts: u32) -> Result<Vec<(SegmentMeta, NewFolder)>, StoreError> {
        let loose = std::mem::take(&mut self.loose).sorted();
        let chains = std::iter::once(&self.chain).chain(&self.runs);
        let firsts = chains.filter_map(Chain::ends).map(|ends| ends.0);
        let Some(first) = firsts.chain(loose.places.first().copied()).min() else { return Ok(Vec::new()) };
        let overlaps = self.base.last().is_some_and(|(meta, _)| meta.last >= first);
        let mut sources = match overlaps {
            true => self.cut_base(first)?,
            false => self.small_end()?,
        };
        if !overlaps && sources.is_empty() && self.runs.is_empty() && loose.is_empty() {
            return Ok(std::mem::take(&mut self.chain.done));
        }
        for (meta, _) in std::iter::once(&self.chain).chain(&self.runs).flat_map(|chain| &chain.done) {
            let segment = Segment::open(self.writer.store.shelf(), meta)?;
            sources.push(Source::Segment(Arc::new(segment), 0, meta.rows));
        }
        sources.push(Source::Batch(loose, 0));
        let mut merged = Chain::new(self.writer.limits.segment_rows);
        merge(sources, |batch| merged.append(&self.site, batch, accounts))?;
        merged.finish(&self.site, accounts)?;
        Ok(std::mem::take(&mut merged.done))
    }

    /// Takes the rows from a place on out of the base.
    fn cut_base(&mut self, from: At) -> Result<Vec<Source>, StoreError> {
        let mut tail = Vec::new();
        while let Some((meta, segment)) = self.base.pop_if(|(meta, _)| meta.last >= from) {
            let cut = segment.first_from(from).min(meta.rows);
            tail.push(Source::Segment(Arc::clone(&segment), cut, meta.rows));
            if cut > 0 {
                let unreadable = Damage::Nonsense("one of its rows can't be read");
                let cut = segment.cut(cut).ok_or_else(|| StoreError::damaged(&meta.folder, unreadable))?;
                self.base.push((cut, segment));
                break;
            }
        }
        tail.reverse();
        Ok(tail)
    }

    /// Takes segments out of the end of the base that are small against what comes after them.
    fn small_end(&mut self) -> Result<Vec<Source>, StoreError> {
        let loose =
            self.runs.iter().flat_map(|run| &run.done).map(|(meta, _)| u64::from(meta.rows)).sum::<u64>();
        let mut total = self.chain.done.iter().map(|(meta, _)| u64::from(meta.rows)).sum::<u64>() + loose;
        let limit = u64::from(self.writer.limits.segment_rows);
        let mut tail = Vec::new();
        while let Some((meta, segment)) = self.base.pop_if(|(meta, _)| {
            let rows = u64::from(meta.rows);
            rows <= JOIN_RATIO * total && rows + total <= limit
        }) {
            total += u64::from(meta.rows);
            tail.push(Source::Segment(segment, 0, meta.rows));
        }
        tail.reverse();
        Ok(tail)
    }

    /// Writes the names, and says what the store consists of then.
    fn manifest(
        &mut self,
        new: &[(SegmentMeta, NewFolder)],
        folders: &mut Vec<NewFolder>,
    ) -> Result<Manifest, StoreError> {
        let old = self.writer.store.manifest().clone();
        let accounts = self.write_names("accounts", &self.accounts, &old.accounts, folders)?;
        let assets = self.write_names("assets", &self.assets, &old.assets, folders)?;
        let decimals = match self.decimals == self.writer.store.all_decimals() {
            true => old.decimals,
            false => {
                let (name, folder) = self.site.folder("decimals")?;
                let mut out = folder.file(DECIMALS)?;
                out.write(&self.decimals, &self.site.syncer)?;
                let files = Stamps::from([(DECIMALS.to_owned(), out.finish()?)]);
                folder.sync()?;
                folders.push(folder);
                Some(FolderMeta { folder: name, files })
            }
        };
        let kept = self.base.iter().map(|(meta, _)| meta.clone());
        let segments = kept.chain(new.iter().map(|(meta, _)| meta.clone())).collect();
        Ok(Manifest { next: self.site.next(), accounts, assets, decimals, segments, ..old })
    }

    fn write_names(
        &self,
        what: &str,
        names: &RwLock<Growing>,
        old: &[PartMeta],
        folders: &mut Vec<NewFolder>,
    ) -> Result<Vec<PartMeta>, StoreError> {
        let mut names = names.write().unwrap_or_else(PoisonError::into_inner);
        let Some((table, kept)) = names.joined(self.writer.store.shelf())? else { return Ok(old.to_vec()) };
        let (name, folder) = self.site.folder(what)?;
        let part = Part::write(&table, name, &folder, &self.site.syncer)?;
        folders.push(folder);
        Ok(old.iter().take(kept).cloned().chain([part]).collect())
    }
}
