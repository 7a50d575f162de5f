//! Numbers for clients that want them: MISP names events, attributes and all else by a number of its instance.
//!
//! A number is derived from the UUID, so that it is the same for every member, after every start and on every node, and
//! needs no table. It has 52 bits, which every JSON reader holds exactly. It says nothing that the UUID does not say.
//! Among a million elements two share a number once in some ten thousand nodes; then the number means the first of them,
//! and the UUIDs still tell them apart. What is written to a node is named by UUID alone.

use uuid::Uuid;

/// Bits of a number.
const BITS: u32 = 52;
/// The namespace of what has a name and no UUID, such as tags.
const NAMES: Uuid = Uuid::from_u128(0x5d1c_6f0e_9b3a_4c0f_8a55_7a80_46c2_f1d3);

/// The number of what has this UUID; never 0, which stands for nothing.
pub(super) fn of(uuid: Uuid) -> u64 {
    let (high, low) = uuid.as_u64_pair();
    ((high ^ low.rotate_left(17)) & ((1 << BITS) - 1)).max(1)
}

/// The number of what has a name alone.
pub(super) fn of_name(name: &str) -> u64 {
    of(Uuid::new_v5(&NAMES, name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_every_time_and_fit_every_reader() {
        let uuid = Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_4b8f_950d_210f);
        assert_eq!((of(uuid), of(uuid)), (375_373_133_216_045, 375_373_133_216_045));
        assert_eq!(of(Uuid::nil()), 1);
        assert!(of(Uuid::max()) < 1 << 53 && of_name("tlp:red") != of_name("tlp:green"));
        let many: std::collections::HashSet<u64> =
            (0..100_000_u32).map(|n| of_name(&n.to_string())).collect();
        assert_eq!(many.len(), 100_000);
    }
}
