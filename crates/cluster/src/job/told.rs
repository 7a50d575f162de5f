//! Answers: lines on standard output, and columns of what came of a plan.

use anyhow::{Context as _, Result};
use datafusion::arrow::array::{Array as _, ArrayRef, ArrowPrimitiveType, AsArray as _, PrimitiveArray};
use datafusion::arrow::record_batch::RecordBatch;
use std::io::{self, BufWriter, StdoutLock, Write};

/// Standard output. Whoever reads it may close it early: that is the end, and no error.
pub(super) struct Out {
    to: BufWriter<StdoutLock<'static>>,
    pub(super) is_closed: bool,
}

impl Out {
    pub(super) fn new() -> Self {
        Self { to: BufWriter::with_capacity(1 << 16, io::stdout().lock()), is_closed: false }
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When standard output can't be written, but for its being closed.
    pub(super) fn line(&mut self, text: &str) -> Result<()> {
        let written = writeln!(self.to, "{text}");
        self.looked_at(written)
    }

    /// Lets all of it go.
    ///
    /// # Errors
    /// As [`Out::line`].
    pub(super) fn end(&mut self) -> Result<()> {
        let flushed = self.to.flush();
        self.looked_at(flushed)
    }

    fn looked_at(&mut self, outcome: io::Result<()>) -> Result<()> {
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            outcome => outcome.context("standard output can't be written"),
        }
    }
}

/// Text without anything that steers a terminal.
pub(super) fn visible(text: &[u8]) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in String::from_utf8_lossy(text).chars() {
        match letter {
            '\t' => shown.push(' '),
            steers
                if steers.is_control()
                    || matches!(steers, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                shown.extend(steers.escape_unicode());
            }
            letter => shown.push(letter),
        }
    }
    shown
}

/// A column of numbers.
///
/// # Errors
/// When there is none of that type under the name.
pub(super) fn numbers<'r, T: ArrowPrimitiveType>(
    rows: &'r RecordBatch,
    name: &str,
) -> Result<&'r PrimitiveArray<T>> {
    let column = column(rows, name)?;
    column.as_primitive_opt::<T>().with_context(|| format!("{name} came back as {}", column.data_type()))
}

/// A column by its name.
///
/// # Errors
/// When there is none.
pub(super) fn column<'r>(rows: &'r RecordBatch, name: &str) -> Result<&'r ArrayRef> {
    rows.column_by_name(name).with_context(|| format!("nothing came back as {name}"))
}

/// What stands in a row of a column of text; `None` for null.
///
/// # Errors
/// When the column is no text.
pub(super) fn text<'r>(rows: &'r RecordBatch, name: &str, row: usize) -> Result<Option<&'r str>> {
    let column = column(rows, name)?;
    let texts = column
        .as_string_opt::<i32>()
        .with_context(|| format!("{name} came back as {}", column.data_type()))?;
    Ok(texts.is_valid(row).then(|| texts.value(row)))
}

/// The same of a column of bytes.
///
/// # Errors
/// When the column has no bytes.
pub(super) fn bytes<'r>(rows: &'r RecordBatch, name: &str, row: usize) -> Result<Option<&'r [u8]>> {
    let column = column(rows, name)?;
    let found = match column.as_fixed_size_binary_opt() {
        Some(bytes) => bytes.is_valid(row).then(|| bytes.value(row)),
        None => {
            let bytes = column.as_binary_opt::<i32>();
            let bytes = bytes.with_context(|| format!("{name} came back as {}", column.data_type()))?;
            bytes.is_valid(row).then(|| bytes.value(row))
        }
    };
    Ok(found)
}

/// What stands in a row of a column of numbers; `None` for null.
pub(super) fn at<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_steers_a_terminal_is_spelled_out() {
        assert_eq!(visible(b"a\tb\x1b[2J\xff"), "a b\\u{1b}[2J\u{fffd}");
        assert_eq!(visible("x\u{202e}y".as_bytes()), "x\\u{202e}y");
    }
}
