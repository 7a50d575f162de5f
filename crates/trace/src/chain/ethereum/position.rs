//! How far a chain was read, as it is kept from one run to the next.

use serde::{Deserialize, Serialize};

use super::follow::{DEPTH_MAX, Follower};
use super::wire::bytes;

/// Longest text of a position, in bytes: [`DEPTH_MAX`] hashes take a tenth of that.
pub const POSITION_BYTES_MAX: usize = 64 << 10;
/// The version of its form.
const VERSION: u32 = 1;

/// How far a chain was read.
///
/// It is written after the transfers that it speaks of are kept, and before some of them are dropped, so that it never says more than
/// what is there: what a store has beyond it is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The chain's number (`eth_chainId`).
    pub chain: u64,
    /// The first block that was read.
    pub begun: u64,
    /// The number of the first block that is known by its hash.
    pub first: u64,
    /// The hashes from it on, at most [`DEPTH_MAX`]; the last is of the last block that was read.
    pub hashes: Vec<[u8; 32]>,
    /// How many transfers the blocks from `begun` on have.
    pub transfers: u64,
}

/// Why a text is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PositionError {
    /// It is too long.
    #[error("it has {0} bytes; the limit is {POSITION_BYTES_MAX}")]
    TooLarge(usize),
    /// It has another form.
    #[error("{0}")]
    Form(String),
    /// It is of a version that this program doesn't know.
    #[error("it is of version {0}, and this program reads version {VERSION}")]
    Version(u32),
    /// What it says can't be.
    #[error("{0}")]
    Nonsense(&'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    chain_id: u64,
    begun: u64,
    transfers: u64,
    first: u64,
    hashes: Vec<String>,
}

impl Position {
    /// What a follower of a chain knows now.
    #[must_use]
    pub fn of(chain: u64, begun: u64, follower: &Follower, transfers: u64) -> Self {
        let (first, hashes) = follower.known();
        Self { chain, begun, first, hashes: hashes.collect(), transfers }
    }

    /// The next block to read.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.first.saturating_add(self.hashes.len() as u64)
    }

    /// The same without the blocks from this number on.
    #[must_use]
    pub fn before(&self, block: u64) -> Self {
        let kept = usize::try_from(block.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let hashes = self.hashes.iter().take(kept).copied().collect();
        Self { first: self.first.min(block), hashes, ..self.clone() }
    }

    /// Follows on from here.
    #[must_use]
    pub fn follower(&self) -> Follower {
        Follower::behind(self.begun, self.first, self.hashes.iter().copied())
    }

    /// Writes it as JSON, for [`Position::read`].
    #[must_use]
    pub fn written(&self) -> String {
        let written = Written {
            version: VERSION,
            chain_id: self.chain,
            begun: self.begun,
            transfers: self.transfers,
            first: self.first,
            hashes: self.hashes.iter().map(const_hex::encode_prefixed).collect(),
        };
        // Numbers and texts are always written.
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// Reads what [`Position::written`] wrote.
    ///
    /// # Errors
    /// [`PositionError`].
    pub fn read(text: &[u8]) -> Result<Self, PositionError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        if text.len() > POSITION_BYTES_MAX {
            return Err(PositionError::TooLarge(text.len()));
        }
        let form = |error: serde_json::Error| PositionError::Form(error.to_string());
        let Version { version } = serde_json::from_slice(text).map_err(form)?;
        if version != VERSION {
            return Err(PositionError::Version(version));
        }
        let written: Written = serde_json::from_slice(text).map_err(form)?;
        let hashes: Option<Vec<[u8; 32]>> = written.hashes.iter().map(|hash| bytes(hash)).collect();
        let hashes = hashes.ok_or(PositionError::Nonsense("a hash is `0x` and 64 hexadecimal digits"))?;
        if hashes.len() > DEPTH_MAX {
            return Err(PositionError::Nonsense("it has more hashes than are kept"));
        }
        let Written { chain_id: chain, begun, transfers, first, .. } = written;
        if first.checked_add(hashes.len() as u64).is_none() || first < begun {
            return Err(PositionError::Nonsense("its blocks come before the one at which reading began"));
        }
        Ok(Self { chain, begun, first, hashes, transfers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            chain: u64, begun in 0_u64..1 << 40, more in 0_u64..1 << 20, transfers: u64,
            hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..=DEPTH_MAX),
        ) {
            let position = Position { chain, begun, first: begun + more, hashes, transfers };
            prop_assert_eq!(Position::read(position.written().as_bytes()), Ok(position.clone()));
            let (follower, next) = (position.follower(), position.next());
            prop_assert_eq!(follower.next(), next);
            prop_assert_eq!(Position::of(chain, begun, &follower, transfers), position);
        }

        #[test]
        fn what_is_no_position_is_told(text in "\\PC{0,200}") {
            prop_assert!(Position::read(text.as_bytes()).is_err());
        }
    }

    #[test]
    fn blocks_can_be_left_out_from_one_on() {
        let position =
            Position { chain: 1, begun: 5, first: 10, hashes: vec![[1; 32], [2; 32], [3; 32]], transfers: 9 };
        assert_eq!(position.before(12).next(), 12);
        assert_eq!(position.before(12).hashes, [[1; 32], [2; 32]]);
        assert_eq!(position.before(100), position);
        assert_eq!((position.before(7).next(), position.before(7).hashes.len()), (7, 0));
    }

    #[test]
    fn what_can_not_be_is_told() {
        let position = Position { chain: 1, begun: 5, first: 10, hashes: vec![[1; 32]; 2], transfers: 9 };
        let read = |from: &str, to: &str| Position::read(position.written().replace(from, to).as_bytes());
        assert_eq!(read("\"version\":1", "\"version\":2"), Err(PositionError::Version(2)));
        assert!(matches!(read("\"first\":10", "\"first\":4"), Err(PositionError::Nonsense(_))));
        assert!(matches!(read("0x", "0X"), Err(PositionError::Nonsense(_))));
        assert!(matches!(read("\"begun\"", "\"began\""), Err(PositionError::Form(_))));
        let long = Position { hashes: vec![[1; 32]; DEPTH_MAX + 1], ..position };
        assert!(matches!(Position::read(long.written().as_bytes()), Err(PositionError::Nonsense(_))));
        assert!(matches!(
            Position::read(&vec![b' '; POSITION_BYTES_MAX + 1]),
            Err(PositionError::TooLarge(_))
        ));
    }
}
