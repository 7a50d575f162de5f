//! Chance from a seed: the same seed draws the same world on every machine.

use uuid::Uuid;

/// What every canary word begins with.
pub(super) const WORD: &str = "zqx";
/// Of what the rest of it is made.
pub(super) const LETTERS: &[u8] = b"bcdfghjklmnpqrstvw";
/// What every canary id and digest begins with.
pub(super) const HEX: &str = "5eedcafe";

/// A stream of numbers that follow from a seed. Source: `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, 2014).
#[derive(Debug, Clone)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// True in so many of a hundred cases.
    pub(super) fn in_100(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A word that stands nowhere else.
    pub(super) fn word(&mut self) -> String {
        let rest = (0..9).map(|_| char::from(LETTERS[self.below(LETTERS.len())]));
        WORD.chars().chain(rest).collect()
    }

    /// An id that stands nowhere else.
    pub(super) fn uuid(&mut self) -> Uuid {
        let bits = (u128::from(self.next()) << 64 | u128::from(self.next())) & ((1 << 96) - 1);
        let first = u128::from(u32::from_str_radix(HEX, 16).unwrap()) << 96;
        uuid::Builder::from_u128(first | bits)
            .with_version(uuid::Version::Random)
            .with_variant(uuid::Variant::RFC4122)
            .into_uuid()
    }

    /// An address that stands nowhere else.
    pub(super) fn address(&mut self) -> String {
        let low = u128::from(self.next()) | 0x8000_0000_0000_0001;
        std::net::Ipv6Addr::from_bits(0x2001_0db8_u128 << 96 | low).to_string()
    }

    /// 32 bytes.
    pub(super) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        seed.chunks_mut(8).for_each(|part| part.copy_from_slice(&self.next().to_le_bytes()));
        seed
    }

    /// A digest that stands nowhere else, of 64 digits.
    pub(super) fn digest(&mut self) -> String {
        let rest = (0..56).map(|_| char::from(b"0123456789abcdef"[self.below(16)]));
        HEX.chars().chain(rest).collect()
    }
}
