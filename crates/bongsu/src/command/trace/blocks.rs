//! Blocks from the files of a node, in the order of the chain.
//!
//! Files are read twice: once for the order, and once for what is in them. A node writes blocks nearly in order, so that few are held
//! in memory while those before them are still to come.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use trace::chain::bitcoin::{BLOCK_BYTES_MAX, Block, BlockFile, Coins, Ledger, Magic, Place, order};

use super::Said;
use crate::answer::Progress;
use crate::exit::Failure;

/// Files that are read, at most: the main chain has some five thousand.
const FILES_MAX: usize = 100_000;
/// Bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 20;
/// The file with the key under which a node keeps the others.
const KEY: &str = "xor.dat";
/// Faults that are told one by one.
const FAULTS_SHOWN: usize = 20;

/// What was read.
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) coins: Coins,
    /// The hashes and times of the blocks of the chain, in order.
    pub(super) chain: Vec<([u8; 32], u32)>,
    /// Blocks that are not of the chain.
    pub(super) beside: usize,
    /// What could not be read, and where.
    pub(super) faults: Vec<String>,
}

/// Reads blocks from files and folders.
///
/// # Errors
/// When a file can't be opened, there is no block in any, or they are not of one chain.
pub(super) fn read(
    named: &[PathBuf],
    magic: Magic,
    say: &mut dyn FnMut(Said<'_>),
) -> Result<Blocks, Failure> {
    let files = files(named)?;
    let (mut places, mut told) = (Vec::new(), Vec::new());
    let mut faults = 0_usize;
    for (path, done) in files.iter().zip(0..) {
        let progress = Progress { what: "ordering blocks".to_owned(), done, total: files.len() as u64 };
        say(Said::Progress(&progress));
        each(path, magic, |block| {
            match block {
                Ok(block) => places.push(Place::from(&block)),
                Err(fault) => {
                    faults += 1;
                    if told.len() < FAULTS_SHOWN {
                        told.push(format!("{}: {fault}", path.display()));
                    }
                }
            }
            Ok(())
        })?;
    }
    if faults > told.len() {
        told.push(format!("and {} more", faults - told.len()));
    }
    let ordered = order(&places);
    if ordered.chain.is_empty() {
        let why = told.first().map(|fault| format!(": {fault}")).unwrap_or_default();
        return Err(Failure::usage(format!("there is no block in what was named{why}")).hint(
            "--network says which chain they are of; a node's files are under a key in xor.dat beside them",
        ));
    }
    let (mut ledger, mut chain) = (Ledger::default(), Vec::with_capacity(ordered.chain.len()));
    let wanted: HashMap<usize, usize> = ordered.chain.iter().copied().zip(0..).collect();
    let (mut waiting, mut at, mut next) = (HashMap::new(), 0, 0);
    for (path, done) in files.iter().zip(0..) {
        let progress = Progress { what: "reading blocks".to_owned(), done, total: files.len() as u64 };
        say(Said::Progress(&progress));
        each(path, magic, |block| {
            let Ok(block) = block else { return Ok(()) };
            if let Some(place) = wanted.get(&at) {
                waiting.insert(*place, block);
            }
            at += 1;
            while let Some(block) = waiting.remove(&next) {
                ledger.add(&block).map_err(|error| Failure::new(error.to_string()))?;
                chain.push((block.hash, block.time));
                next += 1;
            }
            Ok(())
        })?;
    }
    match chain.len() == ordered.chain.len() {
        true => {
            Ok(Blocks { coins: Coins::new(ledger, magic), chain, beside: ordered.beside.len(), faults: told })
        }
        false => Err(Failure::new("the files changed while they were read").hint("read a copy of them")),
    }
}

/// The files that are meant, each with the key under which it is.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
        if !std::fs::metadata(path).map_err(failed)?.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if is_of_node(&path) {
                files.push(path);
            }
        }
        files[before..].sort();
        if files.len() == before {
            return Err(Failure::usage(format!("{} has no files blk*.dat", path.display()))
                .hint("name the folder `blocks` of a node, or single files"));
        }
    }
    match files.len() > FILES_MAX {
        true => Err(Failure::usage(format!("these are more than {FILES_MAX} files"))),
        false => Ok(files),
    }
}

/// Whether a path leads to blocks: a file of a node, or a folder of them.
pub(super) fn are_at(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => behind(path).is_ok_and(|files| !files.is_empty()),
        Ok(_) => is_of_node(path),
        Err(_) => false,
    }
}

/// A node's files that count for who names a folder of them, or the first: all, or that one and those behind it, in order.
pub(super) fn behind(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (folder, first) = match path.is_dir() {
        true => (path, None),
        false => (path.parent().unwrap_or(Path::new(".")), Some(number(path))),
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_of_node(&path) && first.is_none_or(|first| number(&path) >= first) {
            files.push(path);
        }
    }
    files.sort_by_key(|path| number(path));
    Ok(files)
}

/// Which of a node's files it is.
fn number(path: &Path) -> Option<u64> {
    let name = path.file_stem()?.to_str()?;
    name.strip_prefix("blk")?.parse().ok()
}

/// The chain whose blocks a file has, by the mark with which they begin.
pub(super) fn magic(path: &Path) -> Result<Magic, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let mut begin = Vec::new();
    File::open(path).map_err(failed)?.take(4).read_to_end(&mut begin).map_err(failed)?;
    let key = key(path)?;
    let mark: Vec<u8> = begin.iter().zip(key).map(|(byte, key)| byte ^ key).collect();
    let magic = <[u8; 4]>::try_from(mark).ok().and_then(Magic::of_bytes);
    magic.ok_or_else(|| {
        Failure::usage(format!("{} does not begin with a block of Bitcoin", path.display()))
            .hint("a node's files are under a key in xor.dat beside them")
    })
}

/// Whether a file is called as a node calls those with blocks.
fn is_of_node(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let number = name.strip_prefix("blk").and_then(|rest| rest.strip_suffix(".dat"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The key under which a file of a node is; zeros if there is none.
fn key(path: &Path) -> Result<[u8; 8], Failure> {
    let beside = path.with_file_name(KEY);
    if !is_of_node(path) || !beside.exists() {
        return Ok([0; 8]);
    }
    let bytes = std::fs::read(&beside);
    let bytes = bytes.map_err(|error| Failure::usage(format!("{}: {error}", beside.display())))?;
    <[u8; 8]>::try_from(bytes.as_slice()).map_err(|_| {
        Failure::usage(format!("{} has {} bytes, and a key has 8", beside.display(), bytes.len()))
    })
}

/// Hands each block of a file on, or what is wrong in its place.
fn each(
    path: &Path,
    magic: Magic,
    mut take: impl FnMut(Result<Block, String>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(failed)?;
    if !is_of_node(path) && !begins_with_mark(&file, magic).map_err(failed)? {
        let mut bytes = Vec::new();
        File::open(path)
            .map_err(failed)?
            .take(BLOCK_BYTES_MAX as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        return take(Block::read(&bytes, magic.network()).map_err(|error| error.to_string()));
    }
    let file = BufReader::with_capacity(BUFFER_BYTES, File::open(path).map_err(failed)?);
    for block in BlockFile::new(file, magic, key(path)?) {
        take(block.map_err(|fault| fault.to_string()))?;
    }
    Ok(())
}

/// Whether a file has the mark that stands before blocks, and not a block itself.
fn begins_with_mark(file: &File, magic: Magic) -> std::io::Result<bool> {
    let mut begin = Vec::new();
    file.take(4).read_to_end(&mut begin)?;
    Ok(begin == magic.network().magic().to_bytes())
}
