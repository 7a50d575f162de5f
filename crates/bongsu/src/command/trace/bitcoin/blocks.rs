//! Blocks from the files of a node, in the order of the chain.
//!
//! Files are read twice: once for the order, and once for what is in them. A node writes blocks nearly in order, so that few are held
//! in memory while those before them are still to come.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use trace::chain::bitcoin::{BLOCK_BYTES_MAX, Block, BlockFile, Ledger, Magic, Place, order};

use crate::answer::Progress;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// Files that are read, at most: the main chain has some five thousand.
const FILES_MAX: usize = 100_000;
/// Bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 20;
/// The file with the key under which a node keeps the others.
const KEY: &str = "xor.dat";
/// Faults that are told one by one.
const FAULTS_SHOWN: usize = 20;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) ledger: Ledger,
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
pub(super) fn read(named: &[PathBuf], magic: Magic, terminal: &mut Terminal) -> Result<Blocks, Failure> {
    let files = files(named)?;
    let (mut places, mut blocks) = (Vec::new(), Blocks::default());
    let mut faults = 0_usize;
    for (path, done) in files.iter().zip(0..) {
        let progress = Progress { what: "ordering blocks".to_owned(), done, total: files.len() as u64 };
        let _goes_on = terminal.progress(&progress);
        each(path, magic, |block| {
            match block {
                Ok(block) => places.push(Place::from(&block)),
                Err(fault) => {
                    faults += 1;
                    if blocks.faults.len() < FAULTS_SHOWN {
                        blocks.faults.push(format!("{}: {fault}", path.display()));
                    }
                }
            }
            Ok(())
        })?;
    }
    if faults > blocks.faults.len() {
        blocks.faults.push(format!("and {} more", faults - blocks.faults.len()));
    }
    let ordered = order(&places);
    if ordered.chain.is_empty() {
        let why = blocks.faults.first().map(|fault| format!(": {fault}")).unwrap_or_default();
        return Err(Failure::usage(format!("there is no block in what was named{why}")).hint(
            "--network says which chain they are of; a node's files are under a key in xor.dat beside them",
        ));
    }
    blocks.beside = ordered.beside.len();
    let wanted: HashMap<usize, usize> = ordered.chain.iter().copied().zip(0..).collect();
    let (mut waiting, mut at, mut next) = (HashMap::new(), 0, 0);
    for (path, done) in files.iter().zip(0..) {
        let progress = Progress { what: "reading blocks".to_owned(), done, total: files.len() as u64 };
        let _goes_on = terminal.progress(&progress);
        each(path, magic, |block| {
            let Ok(block) = block else { return Ok(()) };
            if let Some(place) = wanted.get(&at) {
                waiting.insert(*place, block);
            }
            at += 1;
            while let Some(block) = waiting.remove(&next) {
                blocks.ledger.add(&block).map_err(|error| Failure::new(error.to_string()))?;
                blocks.chain.push((block.hash, block.time));
                next += 1;
            }
            Ok(())
        })?;
    }
    match blocks.chain.len() == ordered.chain.len() {
        true => Ok(blocks),
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
