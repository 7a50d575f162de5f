//! Transfers from Parquet files.
//!
//! A mapping names columns here as it does in CSV. Their values become the text that CSV would have (`column`), so that the
//! same rows make the same store. The library `parquet` reads the footer and decodes values; pages are cut, checked and unpacked
//! here (`pages`), so that each byte that is taken on what a file says is counted before. Columns that the mapping doesn't name aren't
//! read.
//!
//! **Types.** Whole numbers, decimals, text, and timestamps of any unit. Bytes without a type are addresses or identifiers, and become
//! hexadecimal digits after `0x`; as an amount they are a whole number, the highest byte first. (Old writers have text in them:
//! `binary = "text"` in the mapping says so.) A number with a floating point is never taken: most amounts would be wrong in it.
//!
//! **Damage.** What the library says of a damaged file is told. It panics where texts have no end or lengths are negative, which fuzzing
//! found; so these are looked through before it sees them (`pages`, `differences`). Should it panic for another reason, that ends
//! the load with an error too; nothing of it is kept.

mod cells;
mod column;
mod differences;
mod header;
mod pages;
mod source;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader,
    ParquetStatisticsPolicy,
};

use self::cells::{Cells, Shape, cells, shape};
use self::pages::Pages;
use self::source::Source;
use super::plan::{Plan, Times};
use super::time::TimeForm;
use super::{COLUMNS_MAX, CsvError, Mapping, Options};

pub(super) use self::cells::Role;
pub(super) use self::column::Column;
use self::source::Input;

/// What a Parquet file begins and ends with.
pub(super) const MAGIC: [u8; 4] = *b"PAR1";
/// The same of one that is encrypted.
pub(super) const ENCRYPTED: [u8; 4] = *b"PARE";
/// The bytes that a footer may have: it says where the columns are.
pub const FOOTER_BYTES_MAX: usize = 16 << 20;
/// The bytes that a page may have, packed or unpacked. Of each column that is read, one page is in memory.
pub const PAGE_BYTES_MAX: usize = 128 << 20;
/// The bytes that the page with a column's dictionary may have.
pub const DICTIONARY_BYTES_MAX: usize = 32 << 20;
/// The values that a page may have.
pub const PAGE_VALUES_MAX: u32 = 1 << 26;
/// The bytes that a value may have; names and amounts have far fewer.
pub const VALUE_BYTES_MAX: usize = 1 << 10;
/// The rows that any file may have; more only if it has a byte for each [`ROWS_A_BYTE`]. So nobody makes a file of a few bytes that
/// says to have more rows than can be read in a year.
pub const ROWS_ALWAYS: u64 = 1 << 20;
/// See [`ROWS_ALWAYS`].
pub const ROWS_A_BYTE: u64 = 64;
/// Rows that are read together.
const PIECE_ROWS: u64 = 8 << 10;

/// What is wrong with a file or a page.
#[derive(Debug, Clone, Copy)]
struct Broken(&'static str);

/// Some rows of the columns that are read.
#[derive(Debug, Default)]
pub(super) struct Columns {
    rows: usize,
    /// With each column's place in the file.
    columns: Vec<(usize, Column)>,
}

impl Columns {
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.columns.iter().map(|(place, column)| (*place, column))
    }
}

/// A file whose rows are read in order.
pub(super) struct Reader {
    source: Arc<Source>,
    metadata: ParquetMetaData,
    /// The columns that are read, by their place in the file.
    wanted: Vec<(usize, Shape)>,
    group: usize,
    cells: Vec<Box<dyn Cells>>,
    /// Rows of the group that are left.
    left: u64,
}

impl Reader {
    /// Reads the footer, and lays the mapping over the columns.
    pub(super) fn open(
        input: Box<dyn Input>,
        mapping: &Mapping,
        options: &Options,
    ) -> Result<(Self, Plan), CsvError> {
        let source = Arc::new(Source::new(input).map_err(CsvError::Read)?);
        let metadata = guarded(|| footer(&source).map_err(broken))?;
        let schema = metadata.file_metadata().schema_descr();
        if schema.num_columns() > COLUMNS_MAX {
            return Err(CsvError::ManyColumns { found: schema.num_columns() });
        }
        check_rows(&metadata, source.length()).map_err(broken)?;
        let names: Vec<String> =
            schema.columns().iter().map(|column| column.path().parts().join(".")).collect();
        let mut plan = Plan::new(mapping, Some(&names), options.block_times.as_ref())?;
        let mut wanted: Vec<(usize, Shape)> = Vec::new();
        for (place, role) in plan.roles() {
            let column = schema.column(place);
            let shape = shape(&column, role, mapping.binary).map_err(|reason| CsvError::Type {
                column: plan.name(place),
                found: type_name(&column),
                reason,
            })?;
            if let (Shape::Time(_), Times::Column { form, .. }) = (shape, &mut plan.times) {
                *form = TimeForm::Unix;
            }
            if !wanted.iter().any(|(other, _)| *other == place) {
                wanted.push((place, shape));
            }
        }
        Ok((Self { source, metadata, wanted, group: 0, cells: Vec::new(), left: 0 }, plan))
    }

    /// Reads the next rows into `columns`; false at the end.
    pub(super) fn next(&mut self, columns: &mut Columns) -> Result<bool, CsvError> {
        while self.left == 0 {
            let Some(rows) = self.metadata.row_groups().get(self.group).map(|group| group.num_rows()) else {
                return Ok(false);
            };
            self.left = u64::try_from(rows).map_err(|_| broken(Broken("a group has fewer than no rows")))?;
            self.cells = guarded(|| self.open_group())?;
            self.group += 1;
        }
        let rows = self.left.min(PIECE_ROWS) as usize;
        columns.rows = rows;
        columns.columns.resize_with(self.wanted.len(), Default::default);
        let group = self.group;
        for ((cells, (place, _)), (at, column)) in
            self.cells.iter_mut().zip(&self.wanted).zip(&mut columns.columns)
        {
            *at = *place;
            column.clear();
            let descriptor = self.metadata.file_metadata().schema_descr().column(*place);
            let bad = |what: String| CsvError::BrokenColumn {
                column: descriptor.path().parts().join("."),
                group,
                what,
            };
            let read = guarded(|| cells.next(rows, column).map_err(|error| bad(plain(&error))))?;
            if read != rows {
                return Err(bad("it has fewer values than the group has rows".to_owned()));
            }
        }
        self.left -= rows as u64;
        Ok(true)
    }

    /// Begins to read the columns of a group.
    fn open_group(&self) -> Result<Vec<Box<dyn Cells>>, CsvError> {
        let Some(group) = self.metadata.row_groups().get(self.group) else { return Ok(Vec::new()) };
        let open = |(place, shape): &(usize, Shape)| {
            let about =
                group.columns().get(*place).ok_or(Broken("a group has fewer columns than the file"))?;
            let of = self.metadata.file_metadata().schema_descr().column(*place);
            let range = range(about, self.source.length())?;
            let width = usize::try_from(of.type_length()).unwrap_or(0);
            let levels = of.max_def_level() > 0;
            let pages = Pages::new(
                Arc::clone(&self.source),
                range,
                about.compression(),
                of.physical_type(),
                levels,
                width,
            );
            cells(of, Box::new(pages), *shape).ok_or(Broken("a column is of a type that isn't read"))
        };
        self.wanted.iter().map(open).collect::<Result<_, Broken>>().map_err(broken)
    }
}

/// Where the pages of a column are.
fn range(about: &ColumnChunkMetaData, length: u64) -> Result<(u64, u64), Broken> {
    const OUTSIDE: Broken = Broken("the footer says that a column is where the file is not");
    if about.file_path().is_some() {
        return Err(Broken("a column is in another file"));
    }
    // Not by the library's own way, which panics where these are negative.
    let first = about
        .dictionary_page_offset()
        .map_or(about.data_page_offset(), |at| at.min(about.data_page_offset()));
    // Some writers say 0 where there is no dictionary; the file begins with the magic number.
    let first = if first == 0 { about.data_page_offset() } else { first };
    let (Ok(first), Ok(bytes)) = (u64::try_from(first), u64::try_from(about.compressed_size())) else {
        return Err(OUTSIDE);
    };
    let end = first.checked_add(bytes).filter(|end| *end <= length).ok_or(OUTSIDE)?;
    Ok((first, end))
}

/// Reads the footer: the last eight bytes say how long it is, and that this is Parquet.
fn footer(source: &Source) -> Result<ParquetMetaData, Broken> {
    const SHORT: Broken = Broken("it ends before its footer");
    let tail = source.length().checked_sub(8).ok_or(SHORT)?;
    let mut end = Vec::new();
    source.read(tail, 8, &mut end).map_err(|_| SHORT)?;
    let (Some(length), Some(magic)) =
        (end.first_chunk().map(|length| u32::from_le_bytes(*length)), end.last_chunk())
    else {
        return Err(SHORT);
    };
    if *magic == ENCRYPTED {
        return Err(Broken("it is encrypted"));
    }
    if *magic != MAGIC {
        return Err(Broken("it doesn't end as it begins; was it copied to its end?"));
    }
    let bytes = length as usize;
    if bytes > FOOTER_BYTES_MAX {
        return Err(Broken("its footer is longer than 16 MiB; write it with larger groups of rows"));
    }
    let at = tail.checked_sub(u64::from(length)).ok_or(SHORT)?;
    let mut footer = Vec::new();
    source.read(at, bytes, &mut footer).map_err(|_| SHORT)?;
    let nothing = ParquetStatisticsPolicy::SkipAll;
    let options = ParquetMetaDataOptions::new()
        .with_encoding_stats_policy(nothing.clone())
        .with_column_stats_policy(nothing.clone())
        .with_size_stats_policy(nothing);
    ParquetMetaDataReader::decode_metadata_with_options(&footer, Some(&options))
        .map_err(|_| Broken("its footer is damaged"))
}

/// Whether there can be as many rows as the footer says.
fn check_rows(metadata: &ParquetMetaData, length: u64) -> Result<(), Broken> {
    let rows = metadata
        .row_groups()
        .iter()
        .try_fold(0_u64, |sum, group| sum.checked_add(u64::try_from(group.num_rows()).ok()?));
    match rows {
        Some(rows) if rows <= ROWS_ALWAYS.max(length.saturating_mul(ROWS_A_BYTE)) => Ok(()),
        _ => Err(Broken("its footer says that it has more rows than fit into its bytes")),
    }
}

fn broken(Broken(what): Broken) -> CsvError {
    CsvError::Parquet { what: what.to_owned() }
}

/// What the library says, without its own words for where.
fn plain(error: &parquet::errors::ParquetError) -> String {
    match error {
        parquet::errors::ParquetError::General(what) => what.clone(),
        other => other.to_string(),
    }
}

/// A panic of the library, told as damage of the file.
fn guarded<T>(work: impl FnOnce() -> Result<T, CsvError>) -> Result<T, CsvError> {
    // Whatever state a panic leaves, the load ends with it.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(broken(Broken("it is damaged"))))
}

/// A column's type as people who write such files know it.
fn type_name(of: &parquet::schema::types::ColumnDescriptor) -> String {
    match of.logical_type_ref() {
        Some(logical) => format!("{} ({logical:?})", of.physical_type()),
        None => of.physical_type().to_string(),
    }
}
