//! The languages of the ladder beside English and Korean, which advisories speak too: the pages that a member of the level `read` opens
//! are all said in them. Texts are looked up by their English; what has none here stays English.
//!
//! A text that is new on one of those pages needs a line in each table; the tests name what lacks one.

mod fr;
mod id;
#[cfg(test)]
mod tests;
mod vi;

use std::cmp::Ordering;

pub(in crate::page) use fr::TEXTS as FRENCH;
pub(in crate::page) use id::TEXTS as INDONESIAN;
pub(in crate::page) use vi::TEXTS as VIETNAMESE;

/// English texts, in the order of their bytes, each with what is said for it. `{}` in both stands for what is put in.
pub(in crate::page) type Texts = &'static [(&'static str, &'static str)];

/// What is said for an English text, if that is known. It is `const`, as all that says texts, and so compares the bytes by itself.
pub(in crate::page) const fn of(texts: Texts, english: &str) -> Option<&'static str> {
    let (mut low, mut high) = (0, texts.len());
    while low < high {
        let middle = low.midpoint(high);
        let (known, text) = texts[middle];
        match order(known.as_bytes(), english.as_bytes()) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Some(text),
        }
    }
    None
}

const fn order(a: &[u8], b: &[u8]) -> Ordering {
    let mut at = 0;
    while at < a.len() && at < b.len() {
        if a[at] != b[at] {
            return if a[at] < b[at] { Ordering::Less } else { Ordering::Greater };
        }
        at += 1;
    }
    if a.len() == b.len() {
        Ordering::Equal
    } else if a.len() < b.len() {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}
