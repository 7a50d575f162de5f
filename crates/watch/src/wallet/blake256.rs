//! BLAKE-256 with 14 rounds, a finalist of the SHA-3 competition, which Decred uses.
//!
//! Source: Aumasson, Henzen, Meier, Phan, "SHA-3 proposal BLAKE", version 1.3, sections 2.1.1 to 2.1.3.

/// Longest message: an address's bytes and a digest are shorter. Keeps the length's upper half zero.
const BLOCK_BYTES: usize = 64;

const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The first digits of pi.
const PI: [u32; 16] = [
    0x243f_6a88,
    0x85a3_08d3,
    0x1319_8a2e,
    0x0370_7344,
    0xa409_3822,
    0x299f_31d0,
    0x082e_fa98,
    0xec4e_6c89,
    0x4528_21e6,
    0x38d0_1377,
    0xbe54_66cf,
    0x34e9_0c6c,
    0xc0ac_29b7,
    0xc97c_50dd,
    0x3f84_d5b5,
    0xb547_0917,
];

const ORDER: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

const ROUNDS: usize = 14;

/// The places in the state that each of a round's eight steps mixes.
const STEPS: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

/// The digest of `message`.
pub(super) fn digest(message: &[u8]) -> [u8; 32] {
    let mut state = START;
    let bits = (message.len() as u64) * 8;
    let (whole, rest) = message.as_chunks::<BLOCK_BYTES>();
    let mut done = 0;
    for block in whole {
        done += 512;
        compress(&mut state, block, done);
    }
    // The end: a one, zeros, a one, the length. What holds no bit of the message counts as none.
    let mut last = [0; BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    let mut counter = if rest.is_empty() { 0 } else { bits };
    if rest.len() > 55 {
        compress(&mut state, &last, counter);
        last = [0; BLOCK_BYTES];
        counter = 0;
    }
    last[55] |= 1;
    last[56..].copy_from_slice(&bits.to_be_bytes());
    compress(&mut state, &last, counter);
    let mut out = [0; 32];
    for (bytes, word) in out.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    out
}

fn compress(state: &mut [u32; 8], block: &[u8; BLOCK_BYTES], counter: u64) {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the counter's two halves")]
    let (low, high) = (counter as u32, (counter >> 32) as u32);
    let mut mixed = [0; 16];
    mixed[..8].copy_from_slice(state);
    mixed[8..].copy_from_slice(&PI[..8]);
    for (at, half) in [(12, low), (13, low), (14, high), (15, high)] {
        mixed[at] ^= half;
    }
    for round in 0..ROUNDS {
        let order = ORDER[round % ORDER.len()];
        for (step, [a, b, c, d]) in STEPS.into_iter().enumerate() {
            let (first, second) = (order[2 * step], order[2 * step + 1]);
            mixed[a] = mixed[a].wrapping_add(mixed[b]).wrapping_add(words[first] ^ PI[second]);
            mixed[d] = (mixed[d] ^ mixed[a]).rotate_right(16);
            mixed[c] = mixed[c].wrapping_add(mixed[d]);
            mixed[b] = (mixed[b] ^ mixed[c]).rotate_right(12);
            mixed[a] = mixed[a].wrapping_add(mixed[b]).wrapping_add(words[second] ^ PI[first]);
            mixed[d] = (mixed[d] ^ mixed[a]).rotate_right(8);
            mixed[c] = mixed[c].wrapping_add(mixed[d]);
            mixed[b] = (mixed[b] ^ mixed[c]).rotate_right(7);
        }
    }
    for (at, word) in state.iter_mut().enumerate() {
        *word ^= mixed[at] ^ mixed[at + 8];
    }
}

#[cfg(test)]
mod tests {
    use super::digest;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Source: the proposal's appendix on test vectors: a zero byte, and 72 zero bytes.
    #[test]
    fn the_proposals_own_vectors() {
        let one = "0ce8d4ef4dd7cd8d62dfded9d4edb0a774ae6a41929a74da23109e8f11139c87";
        let more = "d419bad32d504fb7d44d460c42c5593fe544fa4c135dec31e21bd9abdcc22d41";
        assert_eq!(hex(&digest(&[0])), one);
        assert_eq!(hex(&digest(&[0; 72])), more);
    }
}
