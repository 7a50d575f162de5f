//! A chain of headers: each names the one before it, and was worked for as much as the rules ask.
//!
//! Difficulty: on the main chain it changes where a period of 2016 blocks ends, by how long it took, and nowhere else; so a chain of headers begins
//! where a period does. On a chain for tests of one's own it never changes. On the shared chain for tests, blocks that come late
//! may be easy, and only that each meets its own target is checked.
//! Source: Bitcoin Core, `pow.cpp`.

use bitcoin::block::Header;
use bitcoin::consensus::{Params, encode};
use bitcoin::hashes::Hash as _;
use bitcoin::pow::{CompactTarget, Work};

use super::super::{Magic, written};
use super::wire::header_of;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 80;
/// How many blocks back a chain can go another way.
pub const BACK_MAX: u64 = 96;
/// Most headers of a chain that are kept, in some 350 MB: of the main chain all until the year 2066. On chains for tests they cost nothing to make.
pub const CHAIN_MAX: usize = 3_000_000;
/// How many seconds a header's time may be ahead of the clock. Source: Bitcoin Core, `MAX_FUTURE_BLOCK_TIME`.
pub const AHEAD_S_MAX: i64 = 2 * 60 * 60;
/// A header's time is later than the middle one of so many before it. Source: Bitcoin Core, `GetMedianTimePast`.
const MEDIAN_OF: usize = 11;

/// A header that can't be true.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderLie {
    /// It names another block before it.
    #[error("the header of block {0} does not name the block before it")]
    Parent(u64),
    /// It is not the first block of its chain.
    #[error("the first block is {0}, and the chain's is another")]
    First(String),
    /// It was not worked for.
    #[error("the header of block {0} does not meet its target")]
    Work(u64),
    /// Its target is another than the rules say.
    #[error("the header of block {0} has another target than follows from those before it")]
    Target(u64),
    /// Its time is not later than the rules ask.
    #[error("the header of block {0} is not later than the median of the eleven before it")]
    Early(u64),
    /// Its time has not come yet.
    #[error("the header of block {0} is more than two hours ahead of this machine's clock")]
    Ahead(u64),
    /// More than are kept.
    #[error(
        "the chain would have more than {CHAIN_MAX} headers from block {0} on; begin later, with a later theft or checkpoint"
    )]
    Length(u64),
    /// The chain would go back too far.
    #[error("the chain would go another way more than {BACK_MAX} blocks back, before block {0}")]
    Depth(u64),
    /// There is none where one must be.
    #[error("there is no header of block {0}, which comes before the last block that was told")]
    Missing(u64),
    /// Bytes are no chain of headers.
    #[error("no headers: {0}")]
    Form(String),
}

/// What became of a chain to which another one was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is the same, as far as both go.
    Same,
    /// The other one took more work, and counts from this block on.
    Turned {
        /// The first block that is another one.
        from: u64,
    },
    /// The other one took no more work, and counts for nothing.
    Lighter,
}

/// Headers in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    magic: Magic,
    first: u64,
    all: Vec<(Header, [u8; 32])>,
}

/// A header's hash, in the order of bytes in which it is hashed.
#[must_use]
pub fn hash_of(header: &Header) -> [u8; 32] {
    header.block_hash().to_byte_array()
}

/// Compares the times of headers, the first of which is at a height, with the clock's, in seconds since 1970-01-01 UTC.
///
/// # Errors
/// [`HeaderLie::Ahead`] of the first that is too far ahead.
pub fn have_come(start: u64, told: &[Header], now: i64) -> Result<(), HeaderLie> {
    let latest = now.saturating_add(AHEAD_S_MAX);
    let ahead = (start..).zip(told).find(|(_, header)| i64::from(header.time) > latest);
    ahead.map_or(Ok(()), |(height, _)| Err(HeaderLie::Ahead(height)))
}

impl Headers {
    /// None yet, for a chain from about this block on: from the start of its period on the main chain.
    #[must_use]
    pub fn around(magic: Magic, height: u64) -> Self {
        let params = Params::new(magic.network());
        let period = match params.allow_min_difficulty_blocks {
            true => 1,
            false => params.difficulty_adjustment_interval(),
        };
        Self { magic, first: height - height % period, all: Vec::new() }
    }

    /// Which chain they are of.
    #[must_use]
    pub const fn magic(&self) -> Magic {
        self.magic
    }

    /// The height of the first.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The height behind the last.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.first + self.all.len() as u64
    }

    /// The height and hash of the last.
    #[must_use]
    pub fn tip(&self) -> Option<(u64, [u8; 32])> {
        Some((self.next().checked_sub(1)?, self.all.last()?.1))
    }

    /// The header at a height, and its hash.
    #[must_use]
    pub fn at(&self, height: u64) -> Option<&(Header, [u8; 32])> {
        self.all.get(usize::try_from(height.checked_sub(self.first)?).ok()?)
    }

    /// Adds the next one.
    ///
    /// # Errors
    /// [`HeaderLie`]; then nothing is changed.
    pub fn push(&mut self, header: Header) -> Result<(), HeaderLie> {
        let height = self.next();
        if self.all.len() >= CHAIN_MAX {
            return Err(HeaderLie::Length(self.first));
        }
        let params = Params::new(self.magic.network());
        match self.all.last() {
            Some((_, hash)) if header.prev_blockhash.to_byte_array() != *hash => {
                return Err(HeaderLie::Parent(height));
            }
            Some((last, _))
                if self.expected(height, last, &params).is_some_and(|bits| bits != header.bits) =>
            {
                return Err(HeaderLie::Target(height));
            }
            Some(_) => {}
            None if height == 0 => {
                let first = bitcoin::constants::genesis_block(self.magic.network()).block_hash();
                if header.block_hash() != first {
                    return Err(HeaderLie::First(header.block_hash().to_string()));
                }
            }
            None => {}
        }
        if header.target() > params.max_attainable_target {
            return Err(HeaderLie::Target(height));
        }
        if self.median().is_some_and(|median| header.time <= median) {
            return Err(HeaderLie::Early(height));
        }
        let hash = header.validate_pow(header.target()).map_err(|_| HeaderLie::Work(height))?;
        self.all.push((header, hash.to_byte_array()));
        Ok(())
    }

    /// The middle one of the last headers' times; `None` where those before them are not known.
    fn median(&self) -> Option<u32> {
        let mut times: Vec<u32> =
            self.all.iter().rev().take(MEDIAN_OF).map(|(header, _)| header.time).collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied().filter(|_| times.len() == MEDIAN_OF || self.first == 0)
    }

    /// The target that a header must have behind `last`; `None` if it can't be said.
    fn expected(&self, height: u64, last: &Header, params: &Params) -> Option<CompactTarget> {
        if params.no_pow_retargeting {
            return Some(last.bits);
        }
        if params.allow_min_difficulty_blocks {
            return None;
        }
        let period = params.difficulty_adjustment_interval();
        if !height.is_multiple_of(period) {
            return Some(last.bits);
        }
        let (begin, _) = self.at(height.checked_sub(period)?)?;
        let took = last.time.saturating_sub(begin.time);
        Some(CompactTarget::from_next_work_required(last.bits, took.into(), params))
    }

    /// Compares with what a server says the headers from `start` on are, and takes them where they differ if they took more work.
    ///
    /// # Errors
    /// [`HeaderLie`]; then nothing is changed.
    pub fn turn(&mut self, start: u64, told: &[Header]) -> Result<Turn, HeaderLie> {
        let differs = (start..)
            .zip(told)
            .find(|(height, header)| self.at(*height).is_some_and(|(_, hash)| *hash != hash_of(header)));
        let Some((from, _)) = differs else { return Ok(Turn::Same) };
        if from == start && start > self.first {
            return Err(HeaderLie::Depth(start));
        }
        let kept = usize::try_from(from - self.first).unwrap_or(usize::MAX);
        let mut other = Self { magic: self.magic, first: self.first, all: Vec::new() };
        other.all.extend_from_slice(self.all.get(..kept).unwrap_or_default());
        for (_, header) in (start..).zip(told).filter(|(height, _)| *height >= from) {
            other.push(*header)?;
        }
        match other.work(kept) > self.work(kept) {
            true => {
                *self = other;
                Ok(Turn::Turned { from })
            }
            false => Ok(Turn::Lighter),
        }
    }

    /// How many hashes those took from the `start`th on.
    fn work(&self, start: usize) -> Work {
        let all = self.all.get(start..).unwrap_or_default().iter();
        all.fold(Work::from_be_bytes([0; 32]), |sum, (header, _)| sum + header.work())
    }

    /// They as bytes: the height of the first in eight, the low one first, and each header as it is hashed.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.all.len() * HEADER_BYTES);
        bytes.extend_from_slice(&self.first.to_le_bytes());
        self.all.iter().for_each(|(header, _)| bytes.extend(encode::serialize(header)));
        bytes
    }

    /// Reads [`Headers::written`]; all is checked again.
    ///
    /// # Errors
    /// [`HeaderLie`].
    pub fn read(magic: Magic, bytes: &[u8]) -> Result<Self, HeaderLie> {
        let ends = || HeaderLie::Form("they end within a header".to_owned());
        let (first, rest) = bytes.split_first_chunk::<8>().ok_or_else(ends)?;
        let height = u64::from_le_bytes(*first);
        let mut headers = Self::around(magic, height);
        if headers.first != height || u32::try_from(height).is_err() {
            return Err(HeaderLie::Form(format!("they begin at block {height}, and can't")));
        }
        if !rest.len().is_multiple_of(HEADER_BYTES) {
            return Err(ends());
        }
        for bytes in rest.chunks_exact(HEADER_BYTES) {
            let header = header_of(bytes).map_err(|error| HeaderLie::Form(error.to_string()))?;
            headers.push(header)?;
        }
        Ok(headers)
    }

    /// The hash of the block at a height as people write it; empty if it is not there.
    #[must_use]
    pub fn shown(&self, height: u64) -> String {
        self.at(height).map(|(_, hash)| written(hash)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::block::Version;
    use bitcoin::{BlockHash, TxMerkleNode};

    use super::*;

    /// A header behind another, of a chain for tests, worked for; the number makes it another one.
    fn behind(previous: [u8; 32], number: u32, bits: u32) -> Header {
        let mut header = Header {
            version: Version::TWO,
            prev_blockhash: BlockHash::from_byte_array(previous),
            merkle_root: TxMerkleNode::from_byte_array([number as u8; 32]),
            time: 1_700_000_000 + number,
            bits: CompactTarget::from_consensus(bits),
            nonce: 0,
        };
        while header.validate_pow(header.target()).is_err() {
            header.nonce += 1;
        }
        header
    }

    fn chain(previous: [u8; 32], numbers: std::ops::Range<u32>) -> Vec<Header> {
        let mut all: Vec<Header> = Vec::new();
        for number in numbers {
            let last = all.last().map_or(previous, hash_of);
            all.push(behind(last, number, 0x207f_ffff));
        }
        all
    }

    fn headers(all: &[Header]) -> Headers {
        let mut headers = Headers::around(Magic::REGTEST, 10);
        headers.first = 10;
        all.iter().for_each(|header| headers.push(*header).unwrap());
        headers
    }

    #[test]
    fn each_header_names_the_one_before_and_is_worked_for() {
        let all = chain([9; 32], 0..5);
        let mut headers = headers(&all);
        assert_eq!((headers.next(), headers.tip()), (15, Some((14, hash_of(&all[4])))));
        assert_eq!(headers.push(all[2]), Err(HeaderLie::Parent(15)));
        let mut lazy = behind(hash_of(&all[4]), 5, 0x207f_ffff);
        while lazy.validate_pow(lazy.target()).is_ok() {
            lazy.nonce += 1;
        }
        assert_eq!(headers.push(lazy), Err(HeaderLie::Work(15)));
        let easy = behind(hash_of(&all[4]), 5, 0x207f_fffe);
        assert_eq!(headers.push(easy), Err(HeaderLie::Target(15)));
        assert_eq!(headers.next(), 15, "nothing of that was added");
        let bytes = headers.written();
        assert_eq!(Headers::read(Magic::REGTEST, &bytes), Ok(headers));
        // On the main chain they begin where a period does.
        let told = Headers::read(Magic::MAIN, &bytes).unwrap_err().to_string();
        assert!(told.contains("begin at block 10"), "{told}");
    }

    #[test]
    fn a_time_is_later_than_the_median_before_it_and_not_ahead_of_the_clock() {
        let mut headers = headers(&chain([9; 32], 0..11));
        let mut behind = |number: u32| headers.push(behind(headers.tip().unwrap().1, number, 0x207f_ffff));
        // Of 0 to 10 the middle one is 5.
        assert_eq!(behind(5), Err(HeaderLie::Early(21)));
        assert_eq!(behind(6), Ok(()));
        // Now it is 6, of 1 to 10 and 6.
        assert_eq!(behind(6), Err(HeaderLie::Early(22)));
        assert_eq!(behind(20_000), Ok(()));
        let all: Vec<Header> = headers.all.iter().map(|(header, _)| *header).collect();
        let last = 1_700_000_000 + 20_000;
        assert_eq!(have_come(10, &all, last - AHEAD_S_MAX), Ok(()));
        assert_eq!(have_come(10, &all, last - AHEAD_S_MAX - 1), Err(HeaderLie::Ahead(22)));
        // Where those before are not known, the first few are not compared with them.
        let mut early = Headers::around(Magic::REGTEST, 10);
        for header in chain([9; 32], 0..3) {
            early.push(header).unwrap();
        }
        assert_eq!(early.median(), None);
    }

    #[test]
    fn a_chain_has_an_end() {
        let one = behind([9; 32], 0, 0x207f_ffff);
        let mut headers = headers(&[one]);
        headers.all = vec![headers.all[0]; CHAIN_MAX];
        let next = behind(hash_of(&one), 1, 0x207f_ffff);
        assert_eq!(headers.push(next), Err(HeaderLie::Length(10)));
        headers.all.pop();
        // The others have all the same time.
        assert_eq!(headers.push(next), Ok(()));
    }

    #[test]
    fn what_is_written_is_read_again_and_checked() {
        let first = bitcoin::constants::genesis_block(Magic::REGTEST.network()).header;
        let mut headers = Headers::around(Magic::REGTEST, 0);
        assert!(matches!(headers.push(behind([0; 32], 1, 0x207f_ffff)), Err(HeaderLie::First(_))));
        headers.push(first).unwrap();
        chain(hash_of(&first), 1..9).into_iter().for_each(|header| headers.push(header).unwrap());
        let bytes = headers.written();
        assert_eq!(Headers::read(Magic::REGTEST, &bytes), Ok(headers));
        assert!(Headers::read(Magic::MAIN, &bytes).is_err());
        for cut in [0, 7, 9, 87, bytes.len() - 1] {
            assert!(Headers::read(Magic::REGTEST, &bytes[..cut]).is_err(), "{cut}");
        }
        let mut other = bytes;
        other[8 + 3 * HEADER_BYTES + 40] ^= 1;
        assert!(Headers::read(Magic::REGTEST, &other).is_err());
    }

    #[test]
    fn the_way_that_took_more_work_is_the_chain() {
        let all = chain([9; 32], 0..200);
        let fork = |from: usize, length: u32| {
            let mut told = all[..from].to_vec();
            told.extend(chain(hash_of(&all[from - 1]), 1_000..1_000 + length));
            told
        };
        let turn = |from: usize, length: u32, start: usize| {
            let mut headers = headers(&all);
            let told = headers.turn(10 + start as u64, &fork(from, length)[start..]);
            (told, headers.next())
        };
        assert_eq!(turn(200, 3, 150), (Ok(Turn::Same), 210), "what comes behind is no other way");
        assert_eq!(turn(190, 11, 150), (Ok(Turn::Turned { from: 200 }), 211));
        assert_eq!(turn(190, 10, 150), (Ok(Turn::Lighter), 210));
        assert_eq!(turn(120, 90, 150), (Err(HeaderLie::Depth(160)), 210));
    }

    /// The first time that it became harder to find blocks: at height 32,256, by blocks 30,240 and 32,255.
    #[test]
    fn on_the_main_chain_the_target_follows_from_the_time_that_a_period_took() {
        let mut headers = Headers::around(Magic::MAIN, 30_300);
        assert_eq!(headers.first(), 30_240);
        let mut first = bitcoin::constants::genesis_block(Magic::MAIN.network()).header;
        first.time = 1_261_130_161;
        let mut last = first;
        last.time = 1_262_152_739;
        headers.all = vec![(first, hash_of(&first)); 2_016];
        let params = Params::new(Magic::MAIN.network());
        let bits = |height| headers.expected(height, &last, &params).map(CompactTarget::to_consensus);
        assert_eq!((bits(32_255), bits(32_256)), (Some(0x1d00_ffff), Some(0x1d00_d86a)));
    }
}
