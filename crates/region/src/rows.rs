//! The source of a table in which no row is endless: its reader keeps a row whole, and one quotation mark without its second makes
//! all that follows one row.

use std::io::{self, Read};

/// Bytes of a row.
pub(crate) const ROW_BYTES_MAX: usize = 1 << 20;

/// A source that is read row by row.
pub(crate) struct Rows<R> {
    source: R,
    left: usize,
}

impl<R> Rows<R> {
    pub(crate) const fn of(source: R) -> Self {
        Self { source, left: ROW_BYTES_MAX }
    }

    /// To be said after each row.
    pub(crate) const fn ended(&mut self) {
        self.left = ROW_BYTES_MAX;
    }
}

/// Why a source with such a row is read no further.
pub(crate) fn endless() -> io::Error {
    let why = format!("a row of more than {ROW_BYTES_MAX} bytes: is a quotation mark without its second?");
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl<R: Read> Read for Rows<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(self.left);
        if most == 0 && !into.is_empty() {
            return Err(endless());
        }
        let count = self.source.read(into.get_mut(..most).unwrap_or_default())?;
        self.left -= count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_may_be_many_and_none_endless() {
        let count = |text: &[u8]| {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(Rows::of(text));
            let (mut record, mut rows) = (csv::ByteRecord::new(), 0_u32);
            while reader.read_byte_record(&mut record)? {
                reader.get_mut().ended();
                rows += 1;
            }
            Ok::<_, csv::Error>(rows)
        };
        assert_eq!(count(&b"a,b\n".repeat(1_000_000)).unwrap(), 1_000_000);
        let endless = [&b"a,b\n\"c"[..], &b",d\n".repeat(1_000_000)].concat();
        assert!(count(&endless).unwrap_err().to_string().contains("without its second"));
    }
}
