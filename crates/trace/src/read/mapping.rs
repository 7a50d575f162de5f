//! Mappings: which column of a file says what.
//!
//! A mapping is TOML, and the same for CSV and Parquet (where `delimiter` and `header` say nothing). Columns are named as in the file's first line, or by their number from 1 on:
//!
//! ```toml
//! chain = "ethereum"             # the store's chain has to be the same; may be left out
//! delimiter = ","                # this if left out
//! header = true                  # whether the first line names the columns; true if left out
//! addresses = "hex20"            # only 0x and 40 hexadecimal digits; "any" if left out
//! binary = "bytes"               # what a Parquet file's bytes without a type are; or "text". This if left out
//!
//! block = { column = "block_number" }        # if left out, the time in seconds stands for it
//! index = { column = "log_index" }           # if left out, 0: rows of one block stay in their order
//! transaction = { column = "transaction_hash" }
//! from = { column = "from_address" }
//! to = { column = "to_address", empty = "created" }   # what an empty field means; without it, an error
//!
//! [time]
//! column = "block_timestamp"
//! form = "unix"                  # or "unix-milliseconds", "text"
//! # or, instead of a column: blocks = true, and the times of the blocks are read from a file of their own
//!
//! [amount]
//! column = "value"               # or columns = ["in", "out"], of which all but one are 0, or all are the same
//! unit = "smallest"              # or "whole": then the asset's decimals are needed
//!
//! [asset]
//! column = "token_address"       # or name = "ETH", for all rows
//! empty = "ETH"
//! decimals = { ETH = 18, "0xdac17f958d2ee523a2206206994597c13d831ec7" = 6 }
//! other-decimals = 18            # those of all others; without it, an error where they are needed
//!
//! [[only]]                       # rows in which the column says something else are passed over, and counted
//! column = "status"
//! is = ["1"]
//! ```

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use thiserror::Error;

use super::time::TimeForm;
use crate::store::{Key, NameError};

/// The bytes that a mapping may have.
pub const MAPPING_BYTES_MAX: usize = 4 << 20;
/// The most decimals that an asset can have: ten to this power is the last that fits into 256 bits.
pub const DECIMALS_MAX: u8 = 77;

/// The mappings that come with the program: a name, and the text.
const READY: [(&str, &str); 6] = [
    ("bongsu", include_str!("mappings/bongsu.toml")),
    ("bybit-sample", include_str!("mappings/bybit-sample.toml")),
    ("ethereum-etl-token-transfers", include_str!("mappings/ethereum-etl-token-transfers.toml")),
    ("ethereum-etl-transactions", include_str!("mappings/ethereum-etl-transactions.toml")),
    ("etherscan-tokens", include_str!("mappings/etherscan-tokens.toml")),
    ("etherscan-transactions", include_str!("mappings/etherscan-transactions.toml")),
];

/// Why a text is no mapping.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MappingError {
    /// It is longer than [`MAPPING_BYTES_MAX`].
    #[error("the mapping has {0} bytes and {MAPPING_BYTES_MAX} are allowed")]
    Long(usize),
    /// It isn't TOML, or has keys that a mapping doesn't have.
    #[error("the mapping can't be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// Two of its keys can't be together, or one is needed.
    #[error("the mapping is unclear: {0}")]
    Unclear(&'static str),
    /// A name in it isn't one.
    #[error("the mapping's name {name:?} can't be used: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: NameError,
    },
    /// An asset has more decimals than [`DECIMALS_MAX`].
    #[error("the mapping says {0} decimals and {DECIMALS_MAX} are the most")]
    Decimals(u8),
}

/// A column: its name, or its number from 1 on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Column {
    Number(usize),
    Name(String),
}

/// A column that a row's value is taken from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    pub(crate) column: Column,
    pub(crate) empty: Option<String>,
}

/// Which names of accounts are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Addresses {
    #[default]
    Any,
    Hex20,
}

/// What the bytes of a Parquet file are, where it doesn't say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BinaryForm {
    /// An address or an identifier, or as an amount a whole number.
    #[default]
    Bytes,
    /// Text of a writer that doesn't name it so.
    Text,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Time {
    pub(crate) column: Option<Column>,
    #[serde(default)]
    pub(crate) form: TimeForm,
    pub(crate) empty: Option<String>,
    #[serde(default)]
    pub(crate) blocks: bool,
}

/// What an amount counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    Smallest,
    Whole,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Amount {
    column: Option<Column>,
    #[serde(default)]
    columns: Vec<Column>,
    pub(crate) unit: Unit,
}

impl Amount {
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.column.iter().chain(&self.columns)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AssetField {
    pub(crate) column: Option<Column>,
    pub(crate) name: Option<String>,
    pub(crate) empty: Option<String>,
    #[serde(default)]
    decimals: BTreeMap<String, u8>,
    other_decimals: Option<u8>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Only {
    pub(crate) column: Column,
    pub(crate) is: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    chain: Option<String>,
    #[serde(default = "comma")]
    delimiter: char,
    #[serde(default = "yes")]
    header: bool,
    #[serde(default)]
    addresses: Addresses,
    #[serde(default)]
    binary: BinaryForm,
    block: Option<Field>,
    index: Option<Field>,
    transaction: Option<Field>,
    from: Field,
    to: Field,
    time: Time,
    amount: Amount,
    asset: AssetField,
    #[serde(default)]
    only: Vec<Only>,
}

const fn comma() -> char {
    ','
}

const fn yes() -> bool {
    true
}

/// Which column of a file says what.
#[derive(Debug, Clone)]
pub struct Mapping {
    pub(crate) chain: Option<String>,
    pub(crate) delimiter: u8,
    pub(crate) header: bool,
    pub(crate) addresses: Addresses,
    pub(crate) binary: BinaryForm,
    pub(crate) block: Option<Field>,
    pub(crate) index: Option<Field>,
    pub(crate) transaction: Option<Field>,
    pub(crate) from: Field,
    pub(crate) to: Field,
    pub(crate) time: Time,
    pub(crate) amount: Amount,
    pub(crate) asset: AssetField,
    pub(crate) only: Vec<Only>,
    decimals: HashMap<Key<'static>, u8>,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// [`MappingError`], with line and column where the text is no TOML.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        if text.len() > MAPPING_BYTES_MAX {
            return Err(MappingError::Long(text.len()));
        }
        let text: Text = toml::from_str(text)?;
        let delimiter =
            u8::try_from(text.delimiter).ok().filter(|byte| byte.is_ascii() && !b"\"\r\n".contains(byte));
        let delimiter =
            delimiter.ok_or(MappingError::Unclear("the delimiter has to be one ASCII character"))?;
        clear(&text)?;
        let mut decimals = HashMap::new();
        for (asset, number) in &text.asset.decimals {
            decimals.insert(name(asset)?, *number);
        }
        if let Some(number) =
            decimals.values().chain(&text.asset.other_decimals).find(|number| **number > DECIMALS_MAX)
        {
            return Err(MappingError::Decimals(*number));
        }
        let empties = [&text.from.empty, &text.to.empty, &text.asset.empty, &text.asset.name];
        for text in empties.into_iter().flatten() {
            name(text)?;
        }
        Ok(Self {
            chain: text.chain,
            delimiter,
            header: text.header,
            addresses: text.addresses,
            binary: text.binary,
            block: text.block,
            index: text.index,
            transaction: text.transaction,
            from: text.from,
            to: text.to,
            time: text.time,
            amount: text.amount,
            asset: text.asset,
            only: text.only,
            decimals,
        })
    }

    /// The names of the mappings that come with the program.
    pub fn ready_names() -> impl Iterator<Item = &'static str> {
        READY.iter().map(|(name, _)| *name)
    }

    /// The text of a mapping that comes with the program.
    #[must_use]
    pub fn ready(name: &str) -> Option<&'static str> {
        READY.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// The chain whose transfers the file has, if the mapping says it.
    #[must_use]
    pub fn chain(&self) -> Option<&str> {
        self.chain.as_deref()
    }

    /// How many decimals an asset has, if the mapping says it.
    pub(crate) fn decimals(&self, asset: &Key<'_>) -> Option<u8> {
        self.decimals.get(asset).copied().or(self.asset.other_decimals)
    }
}

/// Whether the parts of a mapping fit together.
fn clear(text: &Text) -> Result<(), MappingError> {
    let checks = [
        (text.time.column.is_some() != text.time.blocks, "the time needs either a column or blocks = true"),
        (!text.time.blocks || text.block.is_some(), "blocks = true needs the column of the block"),
        (
            text.asset.column.is_some() != text.asset.name.is_some(),
            "the asset needs either a column or a name",
        ),
        (
            text.amount.column.is_some() == text.amount.columns.is_empty(),
            "the amount needs either a column or columns",
        ),
    ];
    match checks.iter().find(|(good, _)| !good) {
        Some((_, what)) => Err(MappingError::Unclear(what)),
        None => Ok(()),
    }
}

fn name(text: &str) -> Result<Key<'static>, MappingError> {
    let key = Key::parse(text.as_bytes()).map(Key::into_owned);
    key.map_err(|reason| MappingError::Name { name: text.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mappings_that_come_with_the_program_can_be_read() {
        for name in Mapping::ready_names() {
            let mapping = Mapping::parse(Mapping::ready(name).unwrap())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(mapping.header, "{name}");
        }
        assert!(Mapping::ready("other").is_none());
    }

    #[test]
    fn unclear_mappings_are_refused() {
        let good = "
            from = { column = 1 }
            to = { column = 2 }
            time = { column = 3 }
            amount = { column = 4, unit = \"smallest\" }
            asset = { name = \"X\" }
        ";
        Mapping::parse(good).unwrap();
        for (change, into, expected) in [
            ("time = { column = 3 }", "time = { blocks = true }", "column of the block"),
            ("time = { column = 3 }", "time = { column = 3, blocks = true }", "either"),
            ("time = { column = 3 }", "time = { form = \"unix\" }", "either"),
            ("time = { column = 3 }", "time = { column = 3, form = \"julian\" }", "julian"),
            ("time = { column = 3 }", "", "time"),
            ("name = \"X\"", "", "either"),
            ("name = \"X\"", "name = \"X\", column = 5", "either"),
            ("name = \"X\"", "name = \"X Y\"", "spaces"),
            ("name = \"X\"", "name = \"X\", decimals = { \"0xzz\" = 3 }", "hexadecimal"),
            ("name = \"X\"", "name = \"X\", decimals = { X = 78 }", "78"),
            ("name = \"X\"", "name = \"X\", decimals = { X = 300 }", "300"),
            ("column = 4, ", "", "either"),
            ("column = 4, ", "column = 4, columns = [5], ", "either"),
            (", unit = \"smallest\"", "", "unit"),
            ("from =", "fron =", "fron"),
            ("from =", "delimiter = \"ab\"\nfrom =", "delimiter"),
            ("from =", "delimiter = \"\\\"\"\nfrom =", "delimiter"),
            ("from =", "delimiter = \"é\"\nfrom =", "delimiter"),
        ] {
            let text = good.replacen(change, into, 1);
            assert_ne!(text, good, "{change}");
            let error = Mapping::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{into}: {error}");
        }
        assert!(matches!(Mapping::parse(&"#".repeat(MAPPING_BYTES_MAX + 1)), Err(MappingError::Long(_))));
    }
}
