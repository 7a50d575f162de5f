//! Files of blocks, as Bitcoin Core keeps them: a mark, a length, a block, in the order in which blocks came.
//!
//! Source: Bitcoin Core, `doc/files.md` (`blocks/blk*.dat`, and `blocks/xor.dat` from version 28 on).

use std::io::{self, Read};

use bitcoin::Network;

use super::BLOCK_BYTES_MAX;
use super::block::Block;

/// Which chain a file's blocks are of, by the mark before each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Magic(Network);

impl Magic {
    /// The main chain.
    pub const MAIN: Self = Self(Network::Bitcoin);
    /// The chain for tests that many share, the third.
    pub const TEST: Self = Self(Network::Testnet);
    /// A chain for tests of one's own.
    pub const REGTEST: Self = Self(Network::Regtest);

    /// Which network that is.
    #[must_use]
    pub const fn network(self) -> Network {
        self.0
    }

    /// The chain's name.
    #[must_use]
    pub const fn chain(self) -> &'static str {
        match self.0 {
            Network::Bitcoin => "bitcoin",
            Network::Regtest => "bitcoin-regtest",
            _ => "bitcoin-testnet",
        }
    }

    /// The chain whose files begin so, with the key undone; `None` if they are of none that is known.
    #[must_use]
    pub fn of_bytes(mark: [u8; 4]) -> Option<Self> {
        [Self::MAIN, Self::TEST, Self::REGTEST].into_iter().find(|magic| magic.bytes() == mark)
    }

    fn bytes(self) -> [u8; 4] {
        self.0.magic().to_bytes()
    }
}

/// What could not be read of a file, and where that begins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: {why}")]
pub struct Fault {
    /// Bytes before it.
    pub at: u64,
    /// What is wrong.
    pub why: String,
}

/// A file of blocks, read block by block.
#[derive(Debug)]
pub struct BlockFile<R> {
    from: R,
    magic: Magic,
    key: [u8; 8],
    at: u64,
    has_ended: bool,
}

impl<R: Read> BlockFile<R> {
    /// Reads blocks from the start of a file. `key` is what is in `xor.dat` beside it; zeros if there is none.
    pub const fn new(from: R, magic: Magic, key: [u8; 8]) -> Self {
        Self { from, magic, key, at: 0, has_ended: false }
    }

    /// Reads, and undoes the key.
    fn fill(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut length = 0;
        while length < to.len() {
            match self.from.read(&mut to[length..]) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        for byte in &mut to[..length] {
            *byte ^= self.key[(self.at % 8) as usize];
            self.at += 1;
        }
        Ok(length)
    }

    /// Finds the next mark; `None` at the end. What stands before it is passed over, and told unless it is the room that a node keeps
    /// free at a file's end.
    fn mark(&mut self) -> Result<Option<()>, Fault> {
        let begins = self.at;
        let failed = |error: io::Error| Fault { at: begins, why: error.to_string() };
        let (mut four, mut is_free) = ([0; 4], true);
        if self.fill(&mut four).map_err(failed)? < 4 {
            return Ok(None);
        }
        while four != self.magic.bytes() {
            // Free room was never written, so that the key is not on it.
            is_free &= (0_u64..4).all(|place| {
                let at = self.at - 4 + place;
                four[place as usize] ^ self.key[(at % 8) as usize] == 0
            });
            let mut next = [0];
            if self.fill(&mut next).map_err(failed)? == 0 {
                return match is_free {
                    true => Ok(None),
                    false => Err(Fault { at: begins, why: self.nothing(&four) }),
                };
            }
            four = [four[1], four[2], four[3], next[0]];
        }
        Ok(Some(()))
    }

    fn nothing(&self, last: &[u8; 4]) -> String {
        format!(
            "no block begins there: they would begin with {:02x?}, and the last bytes are {last:02x?}",
            self.magic.bytes()
        )
    }

    fn block(&mut self) -> Result<Option<Block>, Fault> {
        if self.mark()?.is_none() {
            return Ok(None);
        }
        let begins = self.at - 4;
        let fault = |why: String| Fault { at: begins, why };
        let mut length = [0; 4];
        if self.fill(&mut length).map_err(|error| fault(error.to_string()))? < 4 {
            return Err(fault("the file ends within a block".to_owned()));
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > BLOCK_BYTES_MAX {
            return Err(fault(format!("a block of {length} bytes; the limit is {BLOCK_BYTES_MAX}")));
        }
        let mut bytes = vec![0; length];
        if self.fill(&mut bytes).map_err(|error| fault(error.to_string()))? < length {
            return Err(fault("the file ends within a block".to_owned()));
        }
        Block::read(&bytes, self.magic.0).map(Some).map_err(|error| fault(error.to_string()))
    }
}

impl<R: Read> Iterator for BlockFile<R> {
    type Item = Result<Block, Fault>;

    /// The next block. After a fault, reading goes on at the next mark.
    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let before = self.at;
        let next = self.block().transpose();
        // Where nothing can be read any more, nothing is to be waited for.
        self.has_ended = next.is_none() || self.at == before;
        next
    }
}
