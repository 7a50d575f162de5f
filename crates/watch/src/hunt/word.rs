//! Words: where in a log a value may stand.
//!
//! A word is a run of letters, digits, `-`, `_`, `.` and bytes beyond ASCII. What stands around it, quotes, brackets, colons,
//! slashes, tabs, does not matter, so that logs of all formats are read alike. A block of 64 bytes is told apart at once, into bits,
//! and words are found between the changes of those bits.

/// Bytes of a block.
const BLOCK: usize = 64;

/// Shortest word that is looked at although it has no dot in it: a Bitcoin address.
const LONG_MIN: usize = 25;
/// Longest word that is looked at. A name has 253 bytes at most (RFC 1035), in Unicode some more.
pub(super) const WORD_BYTES_MAX: usize = 512;

/// Which words are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Those that have a dot in them, or are as long as hashes and wallets are.
    Telling,
    /// All.
    All,
}

/// Whether a word is among those that [`Wanted::Telling`] gives.
pub(super) fn is_telling(word: &str) -> bool {
    word.len() >= LONG_MIN || word.get(1..).is_some_and(|rest| rest.contains('.'))
}

/// Gives the bounds of each word in `text`, and whether it has a dot behind its first byte.
#[inline]
pub(super) fn words(text: &[u8], wanted: Wanted, mut take: impl FnMut(usize, usize, bool)) {
    // Where the open word begins, and where the last dot stood.
    let (mut start, mut is_open, mut last_dot) = (0_usize, false, 0_usize);
    let mut end = |start: usize, end: usize, last_dot: usize| {
        let (length, has_dot) = (end - start, last_dot > start);
        if (has_dot || length >= LONG_MIN || wanted == Wanted::All) && length <= WORD_BYTES_MAX {
            take(start, end, has_dot);
        }
    };
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    // Zeros stand behind the text, so that its last word ends.
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    for (at, block) in blocks.iter().chain(std::iter::once(&last)).enumerate() {
        let base = at * BLOCK;
        let (word, dots) = (mask(block, is_word), mask(block, |byte| byte == b'.'));
        let mut changes = word ^ (word << 1 | u64::from(is_open));
        while changes != 0 {
            let bit = changes.trailing_zeros();
            changes &= changes - 1;
            let place = base + bit as usize;
            if is_open {
                let before = dots & ((1 << bit) - 1);
                if before != 0 {
                    last_dot = base + 63 - before.leading_zeros() as usize;
                }
                end(start, place, last_dot);
            } else {
                start = place;
            }
            is_open = !is_open;
        }
        if dots != 0 {
            last_dot = base + 63 - dots.leading_zeros() as usize;
        }
    }
}

/// Whether a byte is part of a word.
#[inline]
pub(super) const fn is_word(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let digit = byte.wrapping_sub(b'0') < 10;
    letter | digit | (byte == b'-') | (byte == b'.') | (byte == b'_') | (byte >= 0x80)
}

/// A bit for each byte of a block for which something holds, the first the lowest.
#[inline]
fn mask(block: &[u8; BLOCK], holds: impl Fn(u8) -> bool) -> u64 {
    let mut bytes = [0_u8; BLOCK];
    for (to, from) in bytes.iter_mut().zip(block) {
        *to = u8::from(holds(*from));
    }
    let (eights, _) = bytes.as_chunks::<8>();
    // The product gathers the lowest bits of eight bytes in its highest byte.
    let bits = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    eights.iter().enumerate().fold(0, |mask, (at, eight)| mask | bits(eight) << (8 * at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &[u8], wanted: Wanted) -> Vec<(usize, usize, bool)> {
        let mut found = Vec::new();
        words(text, wanted, |start, end, has_dot| found.push((start, end, has_dot)));
        found
    }

    /// The same, byte by byte.
    fn slowly(text: &[u8], wanted: Wanted) -> Vec<(usize, usize, bool)> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let length = text[at..].iter().take_while(|byte| is_word(**byte)).count();
            if length > 0 && length <= WORD_BYTES_MAX {
                let has_dot = text[at + 1..at + length].contains(&b'.');
                if has_dot || length >= LONG_MIN || wanted == Wanted::All {
                    found.push((at, at + length, has_dot));
                }
            }
            at += length.max(1);
        }
        found
    }

    proptest! {
        #[test]
        fn words_are_found_wherever_they_stand(text in proptest::collection::vec(
            prop_oneof![Just(b'.'), Just(b' '), Just(b'a'), Just(b'7'), any::<u8>()], 0..400)
        ) {
            for wanted in [Wanted::Telling, Wanted::All] {
                prop_assert_eq!(found(&text, wanted), slowly(&text, wanted));
            }
        }

        #[test]
        fn long_words_end_where_they_end(before in 0_usize..130, length in 1_usize..700, after in 0_usize..130) {
            let text = [" ".repeat(before), "a".repeat(length), " ".repeat(after)].concat();
            prop_assert_eq!(found(text.as_bytes(), Wanted::Telling), slowly(text.as_bytes(), Wanted::Telling));
        }
    }
}
