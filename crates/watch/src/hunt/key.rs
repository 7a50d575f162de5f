//! Keys: 64 bits for each text, network or address that is looked for.
//!
//! A text is taken from its end, letter by letter, so that one pass over `a.b.example` gives the keys of `example`, `b.example` and
//! itself. Case does not count. Keys only choose what is compared: two texts with one key cost a comparison and no more.

use std::net::IpAddr;

use ipnet::IpNet;

const STEP: u64 = 0x517c_c1b7_2722_0a95;
const START: u64 = 0x243f_6a88_85a3_08d3;

/// A key while its text is read from the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading(u64);

impl Reading {
    pub(super) const fn new() -> Self {
        Self(START)
    }

    /// Takes the byte before those that were taken.
    #[inline]
    pub(super) const fn take(&mut self, byte: u8) {
        self.0 = (self.0.rotate_left(5) ^ (byte | 0x20) as u64).wrapping_mul(STEP);
    }

    /// The key of what was taken.
    #[inline]
    pub(super) const fn key(self) -> u64 {
        mixed(self.0)
    }
}

/// Spreads what each bit says over all bits. Source: Stafford's variant 13 of the finaliser of MurmurHash3.
#[inline]
const fn mixed(mut key: u64) -> u64 {
    key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

/// The key of a text.
pub(super) fn text_key(text: &str) -> u64 {
    let mut reading = Reading::new();
    text.bytes().rev().for_each(|byte| reading.take(byte));
    reading.key()
}

/// The key of a text by which something longer is found that has it in it.
pub(super) const fn anchor_key(key: u64) -> u64 {
    mixed(key ^ 0x0a2c_402d)
}

/// The key of an address.
#[inline]
pub(super) fn address_key(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => mixed(u64::from(u32::from(address)) | 1 << 40),
        IpAddr::V6(address) => {
            let bits = u128::from(address);
            mixed(mixed((bits >> 64) as u64 ^ START).wrapping_add(bits as u64))
        }
    }
}

/// The key of a network, with no bits set behind its prefix.
#[inline]
pub(super) fn network_key(network: IpNet) -> u64 {
    mixed(address_key(network.addr()) ^ (u64::from(network.prefix_len()) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_from_the_end_gives_the_keys_of_all_above() {
        let mut reading = Reading::new();
        let text = "WWW.Evil.example";
        for (at, byte) in text.bytes().enumerate().rev() {
            reading.take(byte);
            assert_eq!(reading.key(), text_key(&text[at..].to_ascii_lowercase()));
        }
    }

    #[test]
    fn what_differs_has_keys_that_differ() {
        let network = |text: &str| network_key(text.parse().unwrap());
        let keys = [
            text_key("1.2.3.4"),
            address_key([1, 2, 3, 4].into()),
            network("1.2.3.4/32"),
            network("1.2.3.0/24"),
            network("1.2.3.0/25"),
            network("::/24"),
            anchor_key(text_key("1.2.3.4")),
        ];
        let different: std::collections::HashSet<u64> = keys.into_iter().collect();
        assert_eq!(different.len(), keys.len());
    }
}
