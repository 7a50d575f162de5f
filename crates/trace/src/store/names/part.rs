//! Names on the disk: a folder with the records, texts and slots of one [`Table`], mapped.

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::table::{RECORD, Table, probe, record, same};
use crate::store::bytes::{Bytes, u64_at};
use crate::store::error::{Damage, StoreError};
use crate::store::files::{NewFolder, Shelf, Stamps, Syncer};

const RECORDS: &str = "records";
const TEXT: &str = "text";
const SLOTS: &str = "slots";

/// What the manifest says of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartMeta {
    /// Its folder.
    pub(crate) folder: String,
    /// The number of its first name.
    pub(crate) base: u32,
    /// How many names it has.
    pub(crate) count: u32,
    /// How many slots it has, as a power of two.
    pub(crate) bits: u32,
    /// Its files.
    pub(crate) files: Stamps,
}

/// Names on the disk.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) meta: PartMeta,
    records: Bytes,
    text: Bytes,
    slots: Bytes,
}

impl Part {
    /// Opens what the manifest names.
    pub(crate) fn open(shelf: &Shelf<'_>, meta: &PartMeta) -> Result<Self, StoreError> {
        let open = |name: &str| shelf.open(&meta.folder, name, &meta.files);
        let part =
            Self { records: open(RECORDS)?, text: open(TEXT)?, slots: open(SLOTS)?, meta: meta.clone() };
        let fits = part.records.len() as u64 == u64::from(meta.count) * RECORD as u64
            && meta.bits <= 32
            && part.slots.len() as u64 == 8 << meta.bits
            && meta.base.checked_add(meta.count).is_some();
        if fits {
            return Ok(part);
        }
        Err(StoreError::damaged(
            shelf.path(&meta.folder),
            Damage::Nonsense("its files don't have as many names as the manifest says"),
        ))
    }

    /// Writes a table as a part.
    pub(crate) fn write(
        table: &Table,
        name: String,
        folder: &NewFolder,
        syncer: &Syncer,
    ) -> Result<PartMeta, StoreError> {
        let mut files = Stamps::new();
        let mut records = folder.file(RECORDS)?;
        records.write(&table.records, syncer)?;
        let mut text = folder.file(TEXT)?;
        text.write(&table.text, syncer)?;
        let mut slots = folder.file(SLOTS)?;
        for some in table.slots.chunks(1 << 14) {
            let bytes: Vec<u8> = some.iter().flat_map(|slot| slot.to_le_bytes()).collect();
            slots.write(&bytes, syncer)?;
        }
        files.insert(RECORDS.to_owned(), records.finish()?);
        files.insert(TEXT.to_owned(), text.finish()?);
        files.insert(SLOTS.to_owned(), slots.finish()?);
        folder.sync()?;
        Ok(PartMeta { folder: name, base: table.base(), count: table.len(), bits: table.bits(), files })
    }

    /// The number of a name.
    #[inline]
    pub(crate) fn find(&self, hash: u32, key: &Key<'_>) -> Option<u32> {
        let slot_at = |at: usize| u64_at(&self.slots, at * 8);
        let is = |number: u32| same(&self.records, &self.text, number, key);
        probe(slot_at, self.meta.bits, hash, is).map(|number| self.meta.base + number)
    }

    /// The name with a number.
    pub(crate) fn key(&self, number: u32) -> Option<Key<'_>> {
        record(&self.records, &self.text, number.checked_sub(self.meta.base)?)
    }

    /// The bytes of its files by name.
    pub(crate) fn files(&self) -> [(&'static str, &[u8]); 3] {
        [(RECORDS, &self.records), (TEXT, &self.text), (SLOTS, &self.slots)]
    }
}
