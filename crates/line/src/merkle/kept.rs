//! A tree kept in files, so that a tile of a large tree is one read and a proof a few.
//!
//! In a folder of its own lie one file for each level of tiles, which holds that level's hashes one behind the other (32 bytes
//! each), and `head`, which says how many leaves they are of, what they are made from, and the root. Files only grow; `head` is
//! replaced after what it speaks of is on the disk. The newest leaves are kept in memory until there are [`LEAVES_UNWRITTEN_MAX`]
//! of them. All of it is derived: what is missing, torn, or of another making is begun anew, and whoever feeds the tree gives the
//! leaves from [`Kept::size`] on again. 100 million leaves take 3.2 GB.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::prove;
use super::tile::{self, LEVELS_MAX, Tile, WIDTH};
use super::{Frontier, Hash};

/// Leaves that are not in the files yet, beyond which [`Kept::push`] writes them.
pub const LEAVES_UNWRITTEN_MAX: usize = 16_384;
/// The first line of `head`.
const FORM: &str = "bongsu tree 1";
/// Bytes of `head` that are read.
const HEAD_BYTES_MAX: u64 = 4_096;
const HASH_BYTES: u64 = 32;

/// A tree in a folder.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    making: String,
    /// One for each level that has hashes in its file: a node has many small lines.
    files: Vec<File>,
    /// Leaves that are in the files.
    written: u64,
    /// The hashes of each level that are not in its file.
    tails: Vec<Vec<Hash>>,
    frontier: Frontier,
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Kept {
    /// Opens the tree in `folder`, making it if it is not there. `making` names what leaves are made of (a line of text): a tree of
    /// another making, or one that is torn, begins anew.
    ///
    /// # Errors
    /// When the folder can't be read or written.
    pub fn open(folder: &Path, making: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut kept = Self {
            folder: folder.to_owned(),
            making: making.to_owned(),
            files: Vec::new(),
            written: 0,
            tails: vec![Vec::new(); usize::from(LEVELS_MAX)],
            frontier: Frontier::default(),
        };
        if !kept.take_up()? {
            kept.begin_anew()?;
        }
        Ok(kept)
    }

    /// Forgets all leaves.
    ///
    /// # Errors
    /// When the files can't be written.
    pub fn begin_anew(&mut self) -> io::Result<()> {
        self.files.clear();
        let names = std::iter::once("head".to_owned()).chain((0..LEVELS_MAX).map(|level| level.to_string()));
        for name in names {
            match fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.tails.iter_mut().for_each(Vec::clear);
        (self.written, self.frontier) = (0, Frontier::default());
        Ok(())
    }

    /// Takes up what `head` speaks of; whether it is there and holds.
    fn take_up(&mut self) -> io::Result<bool> {
        let mut text = String::new();
        let head = match File::open(self.folder.join("head")) {
            Ok(head) => head,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if head.take(HEAD_BYTES_MAX).read_to_string(&mut text).is_err() {
            return Ok(false);
        }
        let mut lines = text.lines();
        let known = lines.next() == Some(FORM) && lines.next() == Some(self.making.as_str());
        let size = lines.next().and_then(|size| size.parse::<u64>().ok()).filter(|_| known);
        let (Some(size), Some(root)) = (size, lines.next()) else { return Ok(false) };
        for level in (0..LEVELS_MAX).take_while(|level| tile::hashes(size, *level) > 0) {
            let (file, bytes) = (self.file(level)?, tile::hashes(size, level) * HASH_BYTES);
            if file.metadata()?.len() < bytes {
                return Ok(false);
            }
            file.set_len(bytes)?;
        }
        self.written = size;
        let mut roots = Vec::new();
        let mut begin = 0;
        for level in (0..63_u8).rev().filter(|level| size >> level & 1 == 1) {
            roots.push(self.subtree(level, begin >> level)?);
            begin += 1_u64 << level;
        }
        self.frontier = Frontier { size, roots };
        Ok(hex(&self.frontier.root()) == root)
    }

    /// The file of a level; those below it are there then.
    fn file(&mut self, level: u8) -> io::Result<&File> {
        while self.files.len() <= usize::from(level) {
            self.files.push(open(&self.folder.join(self.files.len().to_string()))?);
        }
        Ok(&self.files[usize::from(level)])
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over all of them.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Adds a leaf's hash.
    ///
    /// # Errors
    /// When the files can't be written; the leaf is there all the same, and the next one tries again.
    pub fn push(&mut self, leaf: Hash) -> io::Result<()> {
        let tails = &mut self.tails;
        tails[0].push(leaf);
        self.frontier.push_and(leaf, &mut |level, root| {
            if level.is_multiple_of(tile::HEIGHT)
                && let Some(tail) = tails.get_mut(usize::from(level / tile::HEIGHT))
            {
                tail.push(*root);
            }
        });
        if self.tails[0].len() >= LEAVES_UNWRITTEN_MAX { self.write() } else { Ok(()) }
    }

    /// Writes what is in memory alone.
    ///
    /// # Errors
    /// When the files can't be written; nothing is lost.
    pub fn write(&mut self) -> io::Result<()> {
        if self.tails[0].is_empty() {
            return Ok(());
        }
        for level in 0..LEVELS_MAX {
            let at = tile::hashes(self.written, level) * HASH_BYTES;
            let bytes = self.tails.get(usize::from(level)).map(|tail| tail.as_flattened().to_vec());
            let bytes = bytes.filter(|bytes| !bytes.is_empty());
            if let Some(bytes) = bytes {
                let file = self.file(level)?;
                file.write_all_at(&bytes, at)?;
                file.sync_data()?;
            }
        }
        let (new, head) = (self.folder.join("head.new"), self.folder.join("head"));
        let mut file = open(&new)?;
        file.set_len(0)?;
        let (size, root) = (self.size(), hex(&self.root()));
        file.write_all(format!("{FORM}\n{}\n{size}\n{root}\n", self.making).as_bytes())?;
        file.sync_all()?;
        fs::rename(new, head)?;
        self.written = size;
        self.tails.iter_mut().for_each(Vec::clear);
        Ok(())
    }

    /// The hashes `from..from + count` of a level of tiles, which must be there.
    fn hashes(&self, level: u8, from: u64, count: usize) -> io::Result<Vec<Hash>> {
        let missing = || io::Error::new(io::ErrorKind::UnexpectedEof, "the tree has no such hashes");
        let tail = self.tails.get(usize::from(level)).ok_or_else(missing)?;
        let written = tile::hashes(self.written, level);
        let in_file = usize::try_from(written.saturating_sub(from)).unwrap_or(usize::MAX).min(count);
        let mut hashes = vec![[0; 32]; in_file];
        if in_file > 0 {
            let file = self.files.get(usize::from(level)).ok_or_else(missing)?;
            file.read_exact_at(hashes.as_flattened_mut(), from * HASH_BYTES)?;
        }
        if in_file < count {
            let begin = usize::try_from(from.saturating_sub(written)).map_err(|_| missing())?;
            let rest = tail.get(begin..begin + count - in_file).ok_or_else(missing)?;
            hashes.extend_from_slice(rest);
        }
        Ok(hashes)
    }

    /// The hashes of a tile; `None` if the tree has not so many.
    ///
    /// # Errors
    /// When the files can't be read.
    pub fn tile(&self, tile: &Tile) -> io::Result<Option<Vec<Hash>>> {
        match Tile::of(tile.level, tile.index, self.size()) {
            Some(there) if tile.width <= there.width => {
                self.hashes(tile.level, tile.index * WIDTH, usize::from(tile.width)).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The root of a complete subtree: of 2^level leaves, the index-th of its level.
    ///
    /// # Errors
    /// When the files can't be read, or the tree has no such subtree.
    pub fn subtree(&self, level: u8, index: u64) -> io::Result<Hash> {
        let (level, tile, first, count) = tile::place(level, index);
        let hashes = self.hashes(level, tile * WIDTH + first as u64, count)?;
        tile::join(&hashes).ok_or_else(|| io::Error::other("a subtree that is not complete"))
    }

    /// The hash of the leaf at `index`; `None` if there is none.
    ///
    /// # Errors
    /// When the files can't be read.
    pub fn leaf(&self, index: u64) -> io::Result<Option<Hash>> {
        if index >= self.size() {
            return Ok(None);
        }
        Ok(self.hashes(0, index, 1)?.first().copied())
    }

    /// The root of the tree of the first `size` leaves; `None` if there are fewer.
    ///
    /// # Errors
    /// When the files can't be read.
    pub fn root_of(&self, size: u64) -> io::Result<Option<Hash>> {
        match size <= self.size() {
            true => prove::root(size, &mut |level, index| self.subtree(level, index)).map(Some),
            false => Ok(None),
        }
    }

    /// The audit path of the leaf at `index` in the tree of the first `size` leaves; `None` if there is none.
    ///
    /// # Errors
    /// When the files can't be read.
    pub fn inclusion(&self, index: u64, size: u64) -> io::Result<Option<Vec<Hash>>> {
        match size <= self.size() {
            true => prove::inclusion(index, size, &mut |level, index| self.subtree(level, index)),
            false => Ok(None),
        }
    }

    /// The proof that the tree of the first `size` leaves continues that of the first `old`; `None` if there are fewer.
    ///
    /// # Errors
    /// When the files can't be read.
    pub fn consistency(&self, old: u64, size: u64) -> io::Result<Option<Vec<Hash>>> {
        match size <= self.size() {
            true => prove::consistency(old, size, &mut |level, index| self.subtree(level, index)),
            false => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{self, leaf};

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|at| leaf(&at.to_be_bytes())).collect()
    }

    fn check(kept: &Kept, leaves: &[Hash]) {
        let size = leaves.len() as u64;
        assert_eq!((kept.size(), kept.root()), (size, merkle::root(leaves)));
        for at in [0, 1, 255, 256, 257, 600, leaves.len() - 1] {
            let at = at.min(leaves.len() - 1);
            assert_eq!(kept.inclusion(at as u64, size).unwrap(), merkle::inclusion(leaves, at));
            assert_eq!(kept.consistency(at as u64, size).unwrap(), merkle::consistency(leaves, at));
            assert_eq!(kept.leaf(at as u64).unwrap(), Some(leaves[at]));
        }
        assert_eq!(kept.leaf(size).unwrap(), None);
        assert_eq!(kept.inclusion(0, size + 1).unwrap(), None);
        let first = kept.tile(&Tile { level: 0, index: 0, width: 3 }).unwrap();
        assert_eq!(first.as_deref(), leaves.get(..3));
        assert_eq!(kept.tile(&Tile { level: 0, index: size / WIDTH + 1, width: 1 }).unwrap(), None);
    }

    #[test]
    fn a_tree_is_the_same_in_memory_in_files_and_after_being_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let all = leaves(70_001);
        let mut kept = Kept::open(folder.path(), "a").unwrap();
        for (at, leaf) in all.iter().enumerate() {
            kept.push(*leaf).unwrap();
            if [2, 255, 256, 300, 16_384, 20_000, 65_535, 65_536, 65_537].contains(&at) {
                check(&kept, &all[..=at]);
            }
        }
        check(&kept, &all);
        let written = kept.written;
        assert!(written > 0 && written < 70_001);
        drop(kept);
        let mut kept = Kept::open(folder.path(), "a").unwrap();
        assert_eq!(kept.size(), written, "what was in memory alone is given again");
        all[usize::try_from(written).unwrap()..].iter().for_each(|leaf| kept.push(*leaf).unwrap());
        kept.write().unwrap();
        check(&kept, &all);
        drop(kept);
        check(&Kept::open(folder.path(), "a").unwrap(), &all);
        assert_eq!(Kept::open(folder.path(), "b").unwrap().size(), 0, "of another making");
    }

    #[test]
    fn what_is_torn_begins_anew() {
        for fault in ["short", "changed", "head"] {
            let folder = tempfile::tempdir().unwrap();
            let mut kept = Kept::open(folder.path(), "a").unwrap();
            leaves(1_000).into_iter().for_each(|leaf| kept.push(leaf).unwrap());
            kept.write().unwrap();
            drop(kept);
            let file = open(&folder.path().join("0")).unwrap();
            match fault {
                "short" => file.set_len(999 * 32).unwrap(),
                "changed" => file.write_all_at(&[1], 999 * 32).unwrap(),
                _ => fs::write(folder.path().join("head"), [0xff; 9]).unwrap(),
            }
            let kept = Kept::open(folder.path(), "a").unwrap();
            assert_eq!(kept.size(), 0, "{fault}");
        }
    }

    /// A program that stopped between writing hashes and the head leaves more than the head speaks of.
    #[test]
    fn what_stands_behind_the_head_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Kept::open(folder.path(), "a").unwrap();
        let all = leaves(600);
        all[..500].iter().for_each(|leaf| kept.push(*leaf).unwrap());
        kept.write().unwrap();
        drop(kept);
        open(&folder.path().join("0")).unwrap().write_all_at(&[7; 640], 500 * 32).unwrap();
        let mut kept = Kept::open(folder.path(), "a").unwrap();
        assert_eq!(kept.size(), 500);
        all[500..].iter().for_each(|leaf| kept.push(*leaf).unwrap());
        check(&kept, &all);
    }
}
