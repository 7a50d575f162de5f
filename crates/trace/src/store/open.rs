//! Reading a store.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::NAME_BYTES_MAX;
use super::bytes::Bytes;
use super::error::{Damage, StoreError};
use super::files::{Shelf, Stamps, check};
use super::identifier::Identifier;
use super::later::LaterOf;
use super::lists::{TOGETHER, look_up};
use super::manifest::{self, Manifest};
use super::names::Names;
use super::names::key::Key;
use super::of::{Of, OfSide, Side};
use super::segment::Segment;
use crate::{Account, Asset, Flows, Later, Moved, Transfer};

/// How often a store is opened again if it changes while it is being opened.
const TRIES: usize = 16;
/// The file with the assets' decimals, in its folder.
pub(super) const DECIMALS: &str = "decimals";
/// An asset whose decimals nobody has said.
pub(super) const UNKNOWN: u8 = u8::MAX;

/// Where a transfer is in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The number of its block; its time in seconds where the source has no blocks.
    pub block: u64,
    /// Its place in the block; 0 where the source has none.
    pub index: u32,
}

/// Transfers of one chain, as they were when the store was opened.
pub struct Store {
    chain: String,
    accounts: Names,
    assets: Names,
    decimals: Bytes,
    segments: Vec<Arc<Segment>>,
    /// The number of each segment's first transfer; and, last, how many there are.
    starts: Vec<u64>,
    shelf: Shelf<'static>,
    manifest: Manifest,
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Store({}, {} transfers, {} accounts)", self.chain, self.len(), self.accounts())
    }
}

impl Store {
    /// Opens the store in a folder, for reading.
    ///
    /// Reads the manifest and maps the files that it names: some milliseconds, however much there is.
    ///
    /// # Errors
    /// [`StoreError::Absent`], [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let shelf = Shelf::Folder(folder.to_owned());
        let mut manifest = Manifest::read(folder)?;
        for _ in 1..TRIES {
            match Self::of(shelf.clone(), manifest.clone()) {
                // A writer may have replaced the manifest, and removed what the old one named.
                Err(StoreError::Damaged { damage: Damage::Missing, .. }) => {
                    let now = Manifest::read(folder)?;
                    if now == manifest {
                        break;
                    }
                    manifest = now;
                }
                other => return other,
            }
        }
        Self::of(shelf, manifest)
    }

    /// Opens a store whose files are in memory, by their path in its folder.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn from_bytes(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, StoreError> {
        let Some(bytes) = files.get(manifest::NAME) else {
            return Err(StoreError::Absent { path: Path::new("").to_owned() });
        };
        let manifest =
            Manifest::parse(bytes).map_err(|damage| StoreError::damaged(manifest::NAME, damage))?;
        Self::of(Shelf::Held(files), manifest)
    }

    fn of(shelf: Shelf<'_>, manifest: Manifest) -> Result<Self, StoreError> {
        let accounts = Names::open(&shelf, &manifest.accounts, manifest.seed)?;
        let assets = Names::open(&shelf, &manifest.assets, manifest.seed)?;
        let decimals = match &manifest.decimals {
            Some(meta) => shelf.open(&meta.folder, DECIMALS, &meta.files)?,
            None => Bytes::Held(Vec::new()),
        };
        let (mut segments, mut starts, mut end) = (Vec::new(), vec![0], 0);
        for meta in &manifest.segments {
            let segment = Segment::open(&shelf, meta)?;
            end += u64::from(segment.rows());
            segments.push(Arc::new(segment));
            starts.push(end);
        }
        let ordered = manifest.segments.windows(2).all(|pair| matches!(pair, [a, b] if a.last <= b.first));
        if !ordered || manifest.chain.len() > NAME_BYTES_MAX {
            let damage = Damage::Nonsense("its segments aren't in order");
            return Err(StoreError::damaged(shelf.path(manifest::NAME), damage));
        }
        let shelf = match shelf {
            Shelf::Folder(folder) => Shelf::Folder(folder),
            Shelf::Held(_) => Shelf::Folder(Path::new("").to_owned()),
        };
        let chain = manifest.chain.clone();
        Ok(Self { chain, accounts, assets, decimals, segments, starts, shelf, manifest })
    }

    /// The chain whose transfers these are.
    #[must_use]
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// How many accounts have a number: from 0 to one less than this.
    #[must_use]
    pub fn accounts(&self) -> u32 {
        self.accounts.len()
    }

    /// How many assets have a number: from 0 to one less than this.
    #[must_use]
    pub fn assets(&self) -> u32 {
        self.assets.len()
    }

    /// The account with an address; hexadecimal digits after `0x` in either case. `None` if it has none.
    #[must_use]
    pub fn account(&self, address: &str) -> Option<Account> {
        self.accounts.find(&Key::parse(address.as_bytes()).ok()?).map(Account)
    }

    /// The address of an account, hexadecimal digits in lower case.
    #[must_use]
    pub fn address(&self, account: Account) -> Option<String> {
        self.accounts.key(account.0).map(|key| key.text())
    }

    /// The asset with a name: the address of its contract, or what the source calls the chain's own coin.
    #[must_use]
    pub fn asset(&self, name: &str) -> Option<Asset> {
        self.assets.find(&Key::parse(name.as_bytes()).ok()?).map(Asset)
    }

    /// The name of an asset.
    #[must_use]
    pub fn asset_name(&self, asset: Asset) -> Option<String> {
        self.assets.key(asset.0).map(|key| key.text())
    }

    /// How many decimals an asset has: a whole coin is ten to this power of smallest units. `None` if no source has said it.
    #[must_use]
    pub fn decimals(&self, asset: Asset) -> Option<u8> {
        self.decimals.get(asset.0 as usize).copied().filter(|decimals| *decimals != UNKNOWN)
    }

    /// The transaction of a transfer, as the source writes it, hexadecimal digits in lower case. `None` if it has none.
    #[must_use]
    pub fn transaction(&self, number: u64) -> Option<String> {
        self.identifier_of(number)?.text()
    }

    /// The same as it is kept.
    pub(super) fn identifier_of(&self, number: u64) -> Option<Identifier<'_>> {
        let (segment, row) = self.row(number)?;
        segment.identifier(row)
    }

    /// Where in the chain a transfer is.
    #[must_use]
    pub fn place(&self, number: u64) -> Option<Place> {
        let (segment, row) = self.row(number)?;
        segment.at(row).map(|(block, index)| Place { block, index })
    }

    /// The number of the first transfer in this block or behind it: how many there are if all are before it.
    #[must_use]
    pub fn first_of_block(&self, block: u64) -> u64 {
        let at = (block, 0);
        let segment = self.segments.partition_point(|segment| segment.meta.last < at);
        let start = self.starts.get(segment).copied().unwrap_or_else(|| self.len());
        start + self.segments.get(segment).map_or(0, |segment| u64::from(segment.first_from(at)))
    }

    /// The places of the first and the last transfer.
    #[must_use]
    pub fn places(&self) -> Option<(Place, Place)> {
        let place = |(block, index)| Place { block, index };
        Some((place(self.segments.first()?.meta.first), place(self.segments.last()?.meta.last)))
    }

    /// The earliest and the latest time of a transfer, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn times(&self) -> Option<(i64, i64)> {
        let times = || self.segments.iter().map(|segment| segment.meta.times);
        Some((times().map(|times| times.0).min()?.into(), times().map(|times| times.1).max()?.into()))
    }

    /// The numbers of the transfers in which an account gives, ascending.
    #[must_use]
    pub fn given(&self, account: Account) -> OfSide<'_> {
        OfSide::new(self, account.0, Side::Given)
    }

    /// The numbers of the transfers in which an account gets, ascending.
    #[must_use]
    pub fn taken(&self, account: Account) -> OfSide<'_> {
        OfSide::new(self, account.0, Side::Taken)
    }

    /// Reads all files and compares their checksums: a few seconds for 10 GB that the system has in memory.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for the first file that isn't as it was written.
    pub fn verify(&self) -> Result<(), StoreError> {
        for part in self.accounts.parts().iter().chain(self.assets.parts()) {
            self.verify_files(&part.meta.folder, &part.meta.files, &part.files())?;
        }
        for segment in &self.segments {
            self.verify_files(&segment.meta.folder, &segment.meta.files, &segment.files())?;
        }
        match &self.manifest.decimals {
            Some(meta) => self.verify_files(&meta.folder, &meta.files, &[(DECIMALS, &self.decimals)]),
            None => Ok(()),
        }
    }

    fn verify_files(&self, folder: &str, stamps: &Stamps, files: &[(&str, &[u8])]) -> Result<(), StoreError> {
        for (name, bytes) in files {
            let stamp = stamps.get(*name).copied().ok_or(Damage::Missing);
            stamp.and_then(|stamp| check(bytes, stamp)).map_err(|damage| {
                StoreError::damaged(self.shelf.path(&format!("{folder}/{name}")), damage)
            })?;
        }
        Ok(())
    }

    pub(super) const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(super) fn shelf(&self) -> &Shelf<'static> {
        &self.shelf
    }

    pub(super) const fn names(&self) -> (&Names, &Names) {
        (&self.accounts, &self.assets)
    }

    pub(super) fn all_decimals(&self) -> &[u8] {
        &self.decimals
    }

    pub(super) fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// A segment by its place, and the number of its first transfer.
    pub(super) fn segment(&self, place: usize) -> Option<(u64, &Segment)> {
        Some((*self.starts.get(place)?, self.segments.get(place)?))
    }

    /// The place of the segment that a transfer is in; behind the last transfer, there is no segment at it.
    #[inline]
    pub(super) fn segment_of(&self, number: u64) -> usize {
        self.starts.partition_point(|start| *start <= number).saturating_sub(1)
    }

    #[inline]
    fn row(&self, number: u64) -> Option<(&Segment, u32)> {
        if number >= self.len() {
            return None;
        }
        let (start, segment) = self.segment(self.segment_of(number))?;
        Some((segment, (number - start) as u32))
    }

    /// The transfer in a row of a segment, if its accounts and its asset are known.
    #[inline]
    fn read(&self, segment: &Segment, row: u32) -> Option<Transfer> {
        let movement = segment.movement(row)?;
        let known = movement.from.max(movement.to) < self.accounts() && movement.asset < self.assets();
        known.then_some(Transfer {
            from: Account(movement.from),
            to: Account(movement.to),
            asset: Asset(movement.asset),
            amount: movement.amount,
            time: i64::from(movement.time),
        })
    }
}

impl Flows for Store {
    fn len(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// One of them; `None` beyond the last, and where the files are damaged.
    #[inline]
    fn transfer(&self, number: u64) -> Option<Transfer> {
        let (segment, row) = self.row(number)?;
        self.read(segment, row)
    }

    #[inline]
    fn glance(&self, numbers: &[u64]) {
        let touch =
            |number: &u64| self.row(*number).and_then(|(segment, row)| segment.touch(row)).unwrap_or(0);
        // Nothing is done with the sum; without it, nothing would be read.
        std::hint::black_box(numbers.iter().fold(0_u8, |sum, number| sum ^ touch(number)));
    }

    fn glance_later(&self, accounts: &[(Account, u64)]) {
        let mut found = Vec::with_capacity(TOGETHER);
        for accounts in accounts.chunks(TOGETHER) {
            look_up(self, accounts, |numbers, first| numbers.end > first, &mut found);
        }
    }

    fn chunk(&self, first: u64, most: usize, into: &mut Vec<Transfer>) {
        let (mut number, mut left) = (first, u32::try_from(most).unwrap_or(u32::MAX));
        while let Some((segment, row)) = self.row(number).filter(|_| left > 0) {
            let count = left.min(segment.rows() - row);
            for row in row..row + count {
                let Some(transfer) = self.read(segment, row) else { return };
                into.push(transfer);
            }
            number += u64::from(count);
            left -= count;
        }
    }

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
        Of::new(self, account.0)
    }

    fn given_from(&self, account: Account, first: u64) -> impl Iterator<Item = u64> + Clone + '_ {
        self.given(account).starting_at(first)
    }

    fn taken_from(&self, account: Account, first: u64) -> impl Iterator<Item = u64> + Clone + '_ {
        self.taken(account).starting_at(first)
    }

    fn later(&self, account: Account, first: u64) -> impl Later + '_ {
        LaterOf::new(self, account.0, first)
    }

    fn earlier(
        &self,
        accounts: &[(Account, u64)],
        each: impl FnMut(usize, Moved) -> bool,
    ) -> Result<(), u64> {
        super::earlier::earlier(self, accounts, each)
    }

    fn count_of(&self, account: Account, before: u64) -> u64 {
        super::of::count(self, account.0, before)
    }
}
