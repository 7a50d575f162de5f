//! The tiles of a node's log, fetched as they are needed and believed only as far as they lead to a checkpoint's root.
//!
//! The tiles at the right edge together make the root; every other tile is whole, and its root stands in the tile above it. So
//! each tile is held against what is believed already when it comes, and a leaf that stands in a believed tile is in the tree.
//!
//! Source: C2SP tlog-tiles; RFC 6962, section 2.1.

use std::collections::HashMap;

use line::merkle::tile::{self, LEVELS_MAX, Tile, WIDTH};
use line::merkle::{Hash, prove};
use reqwest::Url;

use crate::pull::{Http, PullError};

/// Tiles of leaves that are kept at hand: 8 MiB.
const LEAF_TILES_MAX: usize = 1_024;
const TILE: &str = "application/octet-stream";

/// Why tiles are of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TilesError {
    /// They can't be had.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// They do not lead to the root that was signed.
    #[error("tile {path} does not lead to the root of the signed checkpoint")]
    Foreign {
        /// Which.
        path: String,
    },
}

/// The tree of one checkpoint.
pub struct Tiles {
    http: Http,
    /// The log's prefix.
    url: Url,
    size: u64,
    known: HashMap<(u8, u64), Vec<Hash>>,
}

/// A tile that is missing.
struct Missing(u8, u64);

impl Tiles {
    /// The tree with this root, whose log stands at `url`. Fetches its right edge.
    ///
    /// # Errors
    /// [`TilesError`].
    pub async fn new(http: &Http, url: &Url, size: u64, root: &Hash) -> Result<Self, TilesError> {
        let mut tiles = Self { http: http.clone(), url: url.clone(), size, known: HashMap::new() };
        for level in 0..LEVELS_MAX {
            let count = tile::hashes(size, level);
            if let Some(edge) = Tile::of(level, count / WIDTH, size) {
                let hashes = tiles.fetch(&edge).await?;
                tiles.known.insert((level, edge.index), hashes);
            }
        }
        match prove::root(size, &mut |level, index| tiles.subtree(level, index)) {
            Ok(made) if made == *root => Ok(tiles),
            _ => Err(TilesError::Foreign { path: "at the right edge".to_owned() }),
        }
    }

    async fn fetch(&self, tile: &Tile) -> Result<Vec<Hash>, TilesError> {
        let path = tile.path();
        let mut url = self.url.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().push("tile").extend(path.split('/'));
        }
        let answer = self.http.get(&url, TILE).await?;
        tile::read(tile, &answer.body).ok_or(TilesError::Foreign { path })
    }

    /// The root of a complete subtree of believed tiles.
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Missing> {
        let (level, tile, first, count) = tile::place(level, index);
        let hashes = self.known.get(&(level, tile)).and_then(|hashes| hashes.get(first..first + count));
        hashes.and_then(tile::join).ok_or(Missing(level, tile))
    }

    /// Sees that a tile is believed, and all that lead from it to the root.
    async fn believe(&mut self, level: u8, index: u64) -> Result<(), TilesError> {
        let (mut at, mut chain) = ((level, index), Vec::new());
        while !self.known.contains_key(&at) {
            let tile = Tile::of(at.0, at.1, self.size).filter(Tile::is_full);
            // What is not full stands at the edge, and is believed.
            let tile = tile.ok_or_else(|| TilesError::Foreign { path: format!("{}/{}", at.0, at.1) })?;
            chain.push(tile);
            at = (at.0 + 1, at.1 / WIDTH);
        }
        if self.known.keys().filter(|(level, _)| *level == 0).count() > LEAF_TILES_MAX {
            let size = self.size;
            let is_edge = |index| Tile::of(0, index, size).is_some_and(|tile| !tile.is_full());
            self.known.retain(|(level, index), _| *level > 0 || is_edge(*index));
        }
        for tile in chain.into_iter().rev() {
            let hashes = self.fetch(&tile).await?;
            let above = self.known.get(&(tile.level + 1, tile.index / WIDTH));
            let place = usize::try_from(tile.index % WIDTH).unwrap_or(usize::MAX);
            let stated = above.and_then(|above| above.get(place));
            if stated.is_none() || tile::join(&hashes).as_ref() != stated {
                return Err(TilesError::Foreign { path: tile.path() });
            }
            self.known.insert((tile.level, tile.index), hashes);
        }
        Ok(())
    }

    /// The leaf with this index; `None` if the tree is smaller.
    ///
    /// # Errors
    /// [`TilesError`].
    pub async fn leaf(&mut self, index: u64) -> Result<Option<Hash>, TilesError> {
        if index >= self.size {
            return Ok(None);
        }
        let place = usize::try_from(index % WIDTH).unwrap_or(usize::MAX);
        self.believe(0, index / WIDTH).await?;
        Ok(self.known.get(&(0, index / WIDTH)).and_then(|hashes| hashes.get(place)).copied())
    }

    /// The proof that the tree continues that of its first `old` leaves, and the root of that one. `old` must not be greater than
    /// its size.
    ///
    /// # Errors
    /// [`TilesError`].
    pub async fn consistency(&mut self, old: u64) -> Result<(Vec<Hash>, Hash), TilesError> {
        loop {
            let mut subtrees = |level, index| self.subtree(level, index);
            let proof = prove::consistency(old, self.size, &mut subtrees);
            let missing = match proof.and_then(|proof| Ok((proof, prove::root(old, &mut subtrees)?))) {
                Ok((proof, root)) => return Ok((proof.unwrap_or_default(), root)),
                Err(missing) => missing,
            };
            self.believe(missing.0, missing.1).await?;
        }
    }
}
