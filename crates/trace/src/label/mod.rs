//! Labels: whose an address is, said by whom and when (rule V-8).
//!
//! Labels come from files: GraphSense's tag packs ([`tag_pack`]), tables ([`table`]), lists of sanctioned addresses. Several may
//! speak of one address, and may differ: all are kept, and
//! [`Labels::service`] says whether a trace stops there.

mod category;
mod pack;
mod table;

pub use category::Category;
pub use pack::tag_pack;
pub use table::{Columns, table};

use std::collections::HashMap;
use std::sync::Arc;

use stix::Finding;

/// Longest address, in bytes: those of Cardano are the longest in use.
pub const ADDRESS_BYTES_MAX: usize = 128;
/// Longest name, in bytes. What is longer is cut.
pub const NAME_BYTES_MAX: usize = 256;

/// What is said of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Whose it is, as people call it: `Binance 10`.
    pub name: String,
    /// What it is.
    pub category: Category,
    /// Who runs it, by a short name that several labels share: `binance`.
    pub actor: Option<Arc<str>>,
    /// Who says so: an address of the web, or a list's name.
    pub source: Arc<str>,
    /// Since when, `2022-05-16`; `None` if that is not said.
    pub date: Option<Arc<str>>,
    /// How sure that is, 0 to 100, on the scale of STIX 2.1 (appendix A).
    pub confidence: u8,
}

/// Labels by address.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    by_address: HashMap<Box<str>, Vec<Label>>,
    count: usize,
}

/// What was read of a file: labels with their addresses, and what could not be read.
pub type Read = (Vec<(String, Label)>, Vec<Finding>);

impl Labels {
    /// Adds labels. The same again is one.
    pub fn add(&mut self, labels: impl IntoIterator<Item = (String, Label)>) {
        for (address, label) in labels {
            let said = self.by_address.entry(normal(&address).into_boxed_str()).or_default();
            if !said.contains(&label) {
                // The surest first, and of equals the one that came first.
                let at = said.partition_point(|other| other.confidence >= label.confidence);
                said.insert(at, label);
                self.count += 1;
            }
        }
    }

    /// All that is said of an address, the surest first.
    #[must_use]
    pub fn of(&self, address: &str) -> &[Label] {
        self.by_address.get(normal(address).as_str()).map_or(&[], Vec::as_slice)
    }

    /// What stops a trace there, the surest word of it: an address that is sanctioned may be a mixer's, or a thief's own.
    #[must_use]
    pub fn service(&self, address: &str) -> Option<&Label> {
        self.of(address).iter().find(|label| label.category.is_service())
    }

    /// What an address is shown as: that the address is sanctioned, if anybody says so, else what is surest.
    #[must_use]
    pub fn best(&self, address: &str) -> Option<&Label> {
        let said = self.of(address);
        said.iter().find(|label| label.category == Category::Sanctioned).or(said.first())
    }

    /// The addresses of which something is said, in no order.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.by_address.keys().map(AsRef::as_ref)
    }

    /// How many labels there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// An address in one spelling: those of Ethereum in small letters, since capitals are a checksum (EIP-55), and so those of Bech32, which
/// may be written in either case (BIP 173). All others mean something by their case.
#[must_use]
pub fn normal(address: &str) -> String {
    let is_hex = |digits: &str| digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_evm = address.strip_prefix("0x").or_else(|| address.strip_prefix("0X")).is_some_and(is_hex);
    let has_small = address.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_bech32 =
        !has_small && ["BC1", "TB1", "LTC1", "ADDR1"].iter().any(|start| address.starts_with(start));
    if is_evm || is_bech32 { address.to_ascii_lowercase() } else { address.to_owned() }
}

/// A text as it may stand in a label.
fn short(text: &str) -> String {
    let text = text.trim();
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= NAME_BYTES_MAX);
    text[..end.last().unwrap_or_default()].to_owned()
}

/// Whether a text can be an address.
fn is_address(text: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-');
    (8..=ADDRESS_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_sign)
}

/// The day that a text begins with, `2022-05-16` or `2023-08-16 12:18:52`.
fn day(text: &str) -> Option<Arc<str>> {
    let day = text.get(..10)?;
    stix::Timestamp::parse(&format!("{day}T00:00:00Z")).is_ok().then(|| day.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(category: Category, confidence: u8) -> Label {
        let (name, source) = (category.as_str().to_owned(), "test".into());
        Label { name, category, actor: None, source, date: None, confidence }
    }

    #[test]
    fn spellings_of_one_address_are_one_and_others_are_not() {
        for (one, other) in [
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED"),
            ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        ] {
            assert_eq!(normal(one), normal(other));
        }
        assert_ne!(
            normal("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            normal("1a1zp1ep5qgefi2dmptftl5slmv7divfna")
        );
    }

    #[test]
    fn the_surest_word_counts_and_a_sanction_before_all() {
        let (mut labels, address) = (Labels::default(), "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa");
        assert!(labels.best(address).is_none() && labels.is_empty());
        let said = [label(Category::Other, 20), label(Category::Exchange, 80), label(Category::Mixer, 80)];
        labels.add(said.iter().cloned().map(|label| (address.to_owned(), label)));
        labels.add([(address.to_owned(), said[0].clone())]);
        assert_eq!(labels.len(), 3);
        let order: Vec<Category> = labels.of(address).iter().map(|label| label.category).collect();
        assert_eq!(order, [Category::Exchange, Category::Mixer, Category::Other]);
        labels.add([(address.to_owned(), label(Category::Sanctioned, 10))]);
        assert_eq!(labels.best(address).unwrap().category, Category::Sanctioned);
    }

    #[test]
    fn names_are_cut_between_letters() {
        let cut = short(&"봉".repeat(200));
        assert_eq!(cut.len(), 255);
        assert_eq!(short("  a b "), "a b");
    }
}
