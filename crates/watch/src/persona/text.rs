//! Texts that are used again: a signature of a text that says how much of two texts is the same and not what stands in them.
//!
//! A text is cut into runs of five words; of all runs the least value under each of 128 hash functions is kept. The share of equal
//! values estimates the share of common runs, with a standard error of at most 0.045. Written as 1,024 hexadecimal digits.
//!
//! Source: A. Broder, "On the resemblance and containment of documents", 1997. The functions are part of the format: FNV-1a of 64
//! bits over a run, words joined by a space, then the mixing step of SplitMix64 with the function's number.

use std::fmt;
use std::fmt::Write as _;

/// Words of a run.
const RUN: usize = 5;
/// Fewest words of a text that is compared: shorter ones are alike by chance.
pub const TEXT_WORDS_MIN: usize = 30;
/// Words of a text that are read.
const TEXT_WORDS_MAX: usize = 50_000;
const FUNCTIONS: usize = 128;

/// What a text is compared by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signature(Box<[u32; FUNCTIONS]>);

impl Signature {
    /// The signature of a text; `None` if that has fewer than [`TEXT_WORDS_MIN`] words.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let words = words(text);
        if words.len() < TEXT_WORDS_MIN {
            return None;
        }
        let mut least = Box::new([u32::MAX; FUNCTIONS]);
        for run in words.windows(RUN) {
            let hash = fnv(run);
            for (function, least) in least.iter_mut().enumerate() {
                *least = (*least).min(mixed(hash, function as u64));
            }
        }
        Some(Self(least))
    }

    /// Reads a signature as it is written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != FUNCTIONS * 8 || !text.is_ascii() {
            return None;
        }
        let mut values = Box::new([0; FUNCTIONS]);
        for (at, value) in values.iter_mut().enumerate() {
            let digits = text
                .get(at * 8..at * 8 + 8)
                .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
            *value = u32::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(values))
    }

    /// How much of two texts is the same, 0 to 100 percent.
    #[must_use]
    pub fn percent(&self, other: &Self) -> u32 {
        let same = self.0.iter().zip(other.0.iter()).filter(|(one, other)| one == other).count();
        u32::try_from(same * 100 / FUNCTIONS).unwrap_or(0)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|value| write!(f, "{value:08x}"))
    }
}

/// Words in lower case. Each sign of a script that writes without spaces is a word.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    for c in text.chars() {
        let stands_alone =
            matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{0e00}'..='\u{0eff}');
        if (stands_alone || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        match c {
            c if stands_alone => words.push(c.to_string()),
            c if c.is_alphanumeric() => word.extend(c.to_lowercase()),
            _ => {}
        }
        if words.len() >= TEXT_WORDS_MAX {
            return words;
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn fnv(run: &[String]) -> u64 {
    let mut joined = String::new();
    for word in run {
        // Writing to a string does not fail.
        let _ = write!(joined, "{word} ");
    }
    let bytes = joined.trim_end().bytes();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014.
fn mixed(hash: u64, function: u64) -> u32 {
    let mut z = hash.wrapping_add((function + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 32) as u32
}
