//! What values become under a record's key.

use std::hash::Hasher as _;
use std::net::IpAddr;

use siphasher::sip::SipHasher13;

/// A record's key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 16]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The key with these bytes, which should be random.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes, as they stand in the record.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// What a name in normal form becomes.
    #[must_use]
    pub fn name(&self, name: &[u8]) -> u64 {
        self.hash(b'n', name)
    }

    /// What an address becomes: each bit turned or not by what stands before it, so that two addresses have as many first bits in
    /// common as before. Source: Xu, Fan, Ammar, Moon, "Prefix-Preserving IP Address Anonymization", ICNP 2002, section 3.
    #[must_use]
    pub fn address(&self, address: IpAddr) -> u128 {
        match address {
            IpAddr::V4(address) => self.veiled(u128::from(u32::from(address)), 32, 32),
            IpAddr::V6(address) => self.veiled(address.into(), 128, 128),
        }
    }

    /// The first and the last of what the addresses of a network become.
    pub(super) fn network(&self, first: IpAddr, prefix: u32) -> (u128, u128) {
        let (bits, width) = match first {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (address.into(), 128),
        };
        let veiled = self.veiled(bits, width, prefix.min(width));
        let free = width - prefix.min(width);
        let low = veiled.checked_shl(free).unwrap_or(0);
        let rest = if free == 128 { u128::MAX } else { (1_u128 << free) - 1 };
        (low, low | rest)
    }

    /// The first `upto` of the lowest `width` bits, veiled.
    fn veiled(&self, bits: u128, width: u32, upto: u32) -> u128 {
        (0..upto).fold(0, |veiled, at| {
            let from_here = bits >> (width - 1 - at);
            let mut before = [0; 18];
            // At most 128 and 127.
            (before[0], before[1]) = (width as u8, at as u8);
            before[2..].copy_from_slice(&(from_here >> 1).to_le_bytes());
            let turn = u128::from(self.hash(b'a', &before) & 1);
            veiled << 1 | ((from_here & 1) ^ turn)
        })
    }

    fn hash(&self, what: u8, bytes: &[u8]) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write_u8(what);
        hasher.write(bytes);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn networks_stay_together(key in any::<[u8; 16]>(), a: u32, b: u32, prefix in 0_u32..=32) {
            let key = Key::new(key);
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            let (low, high) = key.network(IpAddr::V4((a & mask).into()), prefix);
            let veiled = key.address(IpAddr::V4(b.into()));
            prop_assert_eq!((low..=high).contains(&veiled), a & mask == b & mask);
            let own = key.address(IpAddr::V4(a.into()));
            prop_assert!((low..=high).contains(&own));
            prop_assert_eq!(own == veiled, a == b);
        }

        #[test]
        fn networks_of_ipv6_stay_together(a: u128, b: u128, prefix in 0_u32..=128, shared in 0_u32..=128) {
            let key = Key::new([7; 16]);
            let mask = |length: u32| u128::MAX.checked_shl(128 - length).unwrap_or(0);
            let b = a & mask(shared) | b & !mask(shared);
            let (low, high) = key.network(IpAddr::V6((a & mask(prefix)).into()), prefix);
            let inside = (low..=high).contains(&key.address(IpAddr::V6(b.into())));
            prop_assert_eq!(inside, a & mask(prefix) == b & mask(prefix));
        }
    }

    #[test]
    fn another_key_makes_something_else_of_it() {
        let (a, b) = (Key::new([1; 16]), Key::new([2; 16]));
        assert_ne!(a.name(b"evil.top"), b.name(b"evil.top"));
        assert_ne!(a.address([45, 1, 2, 3].into()), b.address([45, 1, 2, 3].into()));
    }
}
