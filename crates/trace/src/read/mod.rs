//! Transfers in, from files of others.
//!
//! [`file()`] reads a CSV or a Parquet file, which its first bytes tell, with a [`Mapping`] that says which column is what; [`csv()`] reads
//! CSV from what can't be read from any place. One thread reads the file and cuts it into pieces that end where rows end (for
//! Parquet, it decodes the columns: [`parquet`]); workers parse the pieces side by side; the caller's thread takes what they make in the order of the file,
//! gives new names their numbers, and appends. So the same file always makes the same store, however many workers there are. In
//! memory are a few pieces and the names.
//!
//! Rows that can't be read stop the load, or are skipped and counted if that was asked for; each is told with its line or row, its
//! column and the reason. What an append has taken in isn't the store's before [`Append::finish`](crate::store::Append::finish).

mod amount;
mod block_times;
mod load;
mod mapping;
mod one;
pub mod parquet;
mod parse;
mod pieces;
mod plan;
mod row;
mod time;

use std::{fmt, io};

use thiserror::Error;

pub use self::amount::{AmountError, amount};
pub use self::block_times::{BLOCKS_MAX, BlockTimes};
pub use self::load::{OnMalformed, Options, Report, check, check_file, csv, file};
pub use self::mapping::{DECIMALS_MAX, MAPPING_BYTES_MAX, Mapping, MappingError};
pub use self::one::{Laid, Row};
pub use self::time::{TimeError, TimeForm};
pub use crate::store::NameError;

use crate::store::StoreError;

/// The bytes that a row may have.
pub const ROW_BYTES_MAX: usize = 16 << 20;
/// The columns that a file may have.
pub const COLUMNS_MAX: usize = 4096;
/// How many malformed rows are told one by one.
pub const LISTED_MAX: usize = 100;

/// Why a file couldn't be read. Nothing of it is kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The file can't be read, or its compression is broken.
    #[error("the file can't be read: {0}")]
    Read(#[source] io::Error),
    /// The store refused what was read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row is malformed, and that wasn't to be skipped.
    #[error("{0}; nothing was stored")]
    Malformed(Malformed),
    /// A column that the mapping names isn't there.
    #[error("the mapping names the column {name:?}, and the file has {names:?}")]
    Column {
        /// The column.
        name: String,
        /// Those that are there.
        names: Vec<String>,
    },
    /// The file is of another chain.
    #[error("the mapping is for transfers of {file}, and the store is of {store}")]
    Chain {
        /// The mapping's.
        file: String,
        /// The store's.
        store: String,
    },
    /// The mapping needs the times of blocks, and none were given.
    #[error("the mapping needs the times of the blocks, from a file of their own")]
    NoBlockTimes,
    /// The time that the mapping gives to rows without one isn't one.
    #[error("the mapping's time for rows that have none can't be used: {0}")]
    EmptyTime(#[source] TimeError),
    /// The file is empty, and should begin with the names of its columns.
    #[error("the file is empty; its first line has to name the columns")]
    NoHeader,
    /// More columns than [`COLUMNS_MAX`].
    #[error("the file has {found} columns and {COLUMNS_MAX} are allowed")]
    ManyColumns {
        /// How many there are.
        found: usize,
    },
    /// A row longer than [`ROW_BYTES_MAX`], often because a quote is missing.
    #[error("the row that begins in line {line} is longer than {ROW_BYTES_MAX} bytes; is a quote missing?")]
    LongRow {
        /// The line in which it begins, from 1 on; of the first that may be meant.
        line: u64,
    },
    /// A quote that is never closed; it isn't known which rows are in it, so it can't be skipped.
    #[error("the quote in the row that begins in line {line} is never closed")]
    OpenQuote {
        /// The line in which the row begins, from 1 on.
        line: u64,
    },
    /// A Parquet file is damaged, or has something that isn't read.
    #[error("the Parquet file can't be read: {what}")]
    Parquet {
        /// What is wrong.
        what: String,
    },
    /// A column of a Parquet file is damaged, or packed in a way that isn't read.
    #[error("the column {column} of the Parquet file can't be read in its group {group} of rows: {what}")]
    BrokenColumn {
        /// The column.
        column: String,
        /// The group of rows, from 1 on.
        group: usize,
        /// What is wrong.
        what: String,
    },
    /// A column of a Parquet file is of a type that can't be what the mapping takes it for.
    #[error("the column {column} is of the type {found}: {reason}")]
    Type {
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// Why it can't be taken.
        reason: &'static str,
    },
    /// A worker has ended without a result.
    #[error("a thread that reads rows has failed")]
    Worker,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// CSV, whose lines are counted.
    #[default]
    Csv,
    /// Parquet, whose rows are counted.
    Parquet,
}

impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Csv => "line",
            Self::Parquet => "row",
        })
    }
}

/// A row that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{form} {line}{column}: {reason}", column = column.as_ref().map(|name| format!(", column {name}")).unwrap_or_default())]
pub struct Malformed {
    /// What is counted in such a file.
    pub form: Form,
    /// The line in which it begins, from 1 on; in Parquet, the row.
    pub line: u64,
    /// The column that is wrong, by its name, or by its number where it has none; `None` if it is the row.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

/// Why a row can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// It has more or fewer fields than the first line.
    #[error("it has {found} fields and the first line has {expected}")]
    Fields {
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// There is a quote in the middle of a field, or one is missing at its end.
    #[error("quotes belong at the beginning and the end of a field")]
    Quotes,
    /// A block or an index isn't a whole number.
    #[error("it isn't a whole number")]
    Number,
    /// A block or an index is too large.
    #[error("the number is too large")]
    Large,
    /// It isn't an amount.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// Two columns say different amounts.
    #[error("two columns say different amounts, neither of which is 0")]
    Amounts,
    /// It isn't a time.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// No time is known for the block.
    #[error("no time is known for the block {block}")]
    NoTime {
        /// The block.
        block: u64,
    },
    /// Two different times are given for a block.
    #[error("another time was given for the block {block} before")]
    TwoTimes {
        /// The block.
        block: u64,
    },
    /// It isn't a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A value has more bytes than any that can be meant.
    #[error("it has {bytes} bytes and {limit} are allowed", limit = parquet::VALUE_BYTES_MAX)]
    Long {
        /// How many it has.
        bytes: usize,
    },
    /// A column of bytes has text in it.
    #[error(
        "it is text in a column that doesn't say so; if it all is, write binary = \"text\" in the mapping"
    )]
    TextInBytes,
    /// The amount is in whole coins, and the mapping doesn't say how many decimals the asset has.
    #[error("the mapping doesn't say how many decimals the asset has")]
    Decimals,
}

/// A whole number.
#[inline]
fn number(text: &[u8]) -> Result<u64, Reason> {
    if text.is_empty() {
        return Err(Reason::Number);
    }
    let mut number = 0_u64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(Reason::Number);
        }
        number = number
            .checked_mul(10)
            .and_then(|number| number.checked_add(u64::from(digit)))
            .ok_or(Reason::Large)?;
    }
    Ok(number)
}
