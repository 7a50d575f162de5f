//! The times of blocks, from a file of their own, for sources whose transfers have none.

use std::collections::HashMap;
use std::io::Read;

use super::pieces::Pieces;
use super::row::Rows;
use super::time::{TimeForm, time};
use super::{CsvError, Form, Malformed, Reason};

/// The most blocks whose times are kept: a hundred years of one in six seconds, 24 bytes for each.
pub const BLOCKS_MAX: usize = 1 << 29;

/// The time of each block.
#[derive(Debug, Default, Clone)]
pub struct BlockTimes {
    times: HashMap<u64, u32>,
}

impl BlockTimes {
    /// Reads a CSV file whose first line names two of the columns as given; the times are Unix seconds, RFC 3339, or date and time
    /// with a space between. gzip and zstd are read too.
    ///
    /// # Errors
    /// [`CsvError`]; a malformed row, or two times for one block, stop it.
    pub fn read(input: impl Read + Send, block: &str, timestamp: &str) -> Result<Self, CsvError> {
        let mut pieces = Pieces::new(input)?;
        let names = pieces.header(b',')?;
        let find = |name: &str| {
            let missing = || CsvError::Column { name: name.to_owned(), names: names.clone() };
            names.iter().position(|known| known == name).ok_or_else(missing)
        };
        let (block_at, time_at) = (find(block)?, find(timestamp)?);
        let mut times = Self::default();
        let mut line = pieces.lines();
        let mut piece = Vec::new();
        while let Some(quotes) = pieces.next(&mut piece)? {
            let mut rows = Rows::new(&piece, b',', quotes);
            while let Some(row) = rows.next_row() {
                let bad = |column: &str, reason| {
                    CsvError::Malformed(Malformed {
                        form: Form::Csv,
                        line: line + row.line + 1,
                        column: Some(column.to_owned()),
                        reason,
                    })
                };
                if row.fields.len() != names.len() {
                    let reason = Reason::Fields { found: row.fields.len(), expected: names.len() };
                    return Err(bad(block, reason));
                }
                let field = |place: usize| row.fields.get(place).copied().unwrap_or_default();
                let number = super::number(field(block_at)).map_err(|reason| bad(block, reason))?;
                let text = field(time_at);
                let form = if text.iter().all(u8::is_ascii_digit) { TimeForm::Unix } else { TimeForm::Text };
                let time = time(text, form).map_err(|reason| bad(timestamp, reason.into()))?;
                if times.times.insert(number, time).is_some_and(|other| other != time) {
                    return Err(bad(timestamp, Reason::TwoTimes { block: number }));
                }
                if times.times.len() > BLOCKS_MAX {
                    return Err(bad(block, Reason::Large));
                }
            }
            if let Some(open) = rows.open() {
                return Err(CsvError::OpenQuote { line: line + open + 1 });
            }
            line += rows.lines();
        }
        Ok(times)
    }

    /// The time of a block, in seconds since 1970-01-01 UTC.
    pub(crate) fn get(&self, block: u64) -> Option<u32> {
        self.times.get(&block).copied()
    }
}
