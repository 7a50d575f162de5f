//! Tiles: 256 neighbouring hashes of every eighth level, the form in which a tree is kept and handed out.
//!
//! A tile of level 0 has hashes of leaves; one of level 1 the roots of whole tiles of level 0, and so on. The levels in
//! between are computed. A tile that is full never changes; one at the right edge has as many hashes as there are so far.
//!
//! Source: C2SP tlog-tiles, "Merkle Tree".

use super::{Hash, node};

/// Hashes of a full tile.
pub const WIDTH: u64 = 256;
/// Levels of the tree in one tile.
pub const HEIGHT: u8 = 8;
/// Levels of tiles that a tree of 2^63 leaves can have.
pub const LEVELS_MAX: u8 = 8;
/// Characters of a path that are read.
const PATH_CHARS_MAX: usize = 64;

/// Which tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    /// The level of tiles, from 0 for the leaves.
    pub level: u8,
    /// The number in the level, from 0.
    pub index: u64,
    /// Hashes, 1 to 256.
    pub width: u16,
}

/// How many hashes the tiles of a level have together in a tree of `size` leaves.
#[must_use]
pub const fn hashes(size: u64, level: u8) -> u64 {
    match level {
        0..LEVELS_MAX => size >> (level as u32 * HEIGHT as u32),
        _ => 0,
    }
}

impl Tile {
    /// The tile as the tree of `size` leaves has it; `None` if it has none.
    #[must_use]
    pub fn of(level: u8, index: u64, size: u64) -> Option<Self> {
        let begin = index.checked_mul(WIDTH)?;
        let width = hashes(size, level).checked_sub(begin)?.min(WIDTH);
        let width = u16::try_from(width).ok().filter(|width| *width > 0)?;
        Some(Self { level, index, width })
    }

    /// Whether it will never change.
    #[must_use]
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == WIDTH
    }

    /// Its path below `tile/`: `0/x001/234` or `1/005.p/12`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut parts = vec![format!("{:03}", self.index % 1_000)];
        let mut rest = self.index / 1_000;
        while rest > 0 {
            parts.push(format!("x{:03}", rest % 1_000));
            rest /= 1_000;
        }
        parts.reverse();
        let part = if self.is_full() { String::new() } else { format!(".p/{}", self.width) };
        format!("{}/{}{part}", self.level, parts.join("/"))
    }

    /// Reads such a path; `None` if it is none, or not written in the one way that there is.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        if path.len() > PATH_CHARS_MAX {
            return None;
        }
        let (level, rest) = path.split_once('/')?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok()?),
            None => (rest, u16::try_from(WIDTH).ok()?),
        };
        let mut index = 0_u64;
        for part in number.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            index = index.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
        }
        let tile = Self { level: level.parse().ok()?, index, width };
        (tile.level < LEVELS_MAX && (1..=WIDTH).contains(&u64::from(width)) && tile.path() == path)
            .then_some(tile)
    }
}

/// Where the complete subtree (`level`, `index`) stands: in which tile, from which hash on, and how many.
#[must_use]
pub const fn place(level: u8, index: u64) -> (u8, u64, usize, usize) {
    let inner = level % HEIGHT;
    let first = index << inner;
    (level / HEIGHT, first / WIDTH, (first % WIDTH) as usize, 1 << inner)
}

/// The root over hashes of one level whose count is a power of two; `None` if it is not.
#[must_use]
pub fn join(hashes: &[Hash]) -> Option<Hash> {
    if !hashes.len().is_power_of_two() {
        return None;
    }
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.chunks_exact(2).map(|pair| node(&pair[0], &pair[1])).collect();
    }
    level.first().copied()
}

/// The hashes of a tile's bytes; `None` if there are not as many as it has.
#[must_use]
pub fn read(tile: &Tile, bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && hashes.len() == usize::from(tile.width)).then(|| hashes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_in_one_way() {
        let check = |level, index, width, path: &str| {
            let tile = Tile { level, index, width };
            assert_eq!(tile.path(), path);
            assert_eq!(Tile::parse(path), Some(tile));
        };
        check(0, 0, 256, "0/000");
        check(3, 1_234_067, 256, "3/x001/x234/067");
        check(1, 5, 17, "1/005.p/17");
        check(0, 999_999_999_999, 1, "0/x999/x999/x999/999.p/1");
        for bad in [
            "",
            "0",
            "0/",
            "00/000",
            "0/0",
            "0/0000",
            "0/001/002",
            "0/x000/001",
            "0/x001/x002",
            "8/000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "-1/000",
            "0/+01",
            "0/000/",
            "0/000.p/",
            "0/000.p/1/2",
            "0/x001/2",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
            &"0/000".repeat(20),
        ] {
            assert_eq!(Tile::parse(bad), None, "{bad}");
        }
    }

    /// The example of C2SP tlog-tiles, "Partial Tiles".
    #[test]
    fn a_tree_of_70000_has_the_tiles_that_the_specification_names() {
        let width = |level, index| Tile::of(level, index, 70_000).map(|tile| tile.width);
        assert_eq!((width(0, 272), width(0, 273), width(0, 274)), (Some(256), Some(112), None));
        assert_eq!((width(1, 0), width(1, 1), width(1, 2)), (Some(256), Some(17), None));
        assert_eq!((width(2, 0), width(2, 1), width(3, 0)), (Some(1), None, None));
        assert_eq!((Tile::of(0, 1, 256), Tile::of(1, 0, 256).map(|tile| tile.width)), (None, Some(1)));
        assert_eq!(Tile::of(0, u64::MAX, u64::MAX), None);
    }
}
