//! What the footer of a Parquet file says: its columns, and where its row groups are.

use datafusion::arrow::datatypes::Schema;
use datafusion::common::{Result, plan_err};
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};

use super::Piece;

/// The bytes behind the footer: its length, and the mark.
const END: u64 = 8;
/// The largest footer that is read.
const FOOTER_BYTES_MAX: u64 = 64 << 20;

/// What is read of a footer.
pub(super) struct Footer {
    pub(super) schema: Schema,
    /// For each row group where it begins, its rows, and its bytes when unpacked.
    groups: Vec<(i64, u64, u64)>,
}

impl Footer {
    /// The row groups that have rows, as pieces of the file with this number.
    pub(super) fn pieces(&self, file: u32) -> Vec<Piece> {
        let mut first = 0;
        let mut pieces = Vec::new();
        for (offset, rows, bytes) in &self.groups {
            if *rows > 0 {
                pieces.push(Piece { file, first, bytes: *bytes, offset: Some(*offset) });
            }
            first += rows;
        }
        pieces
    }
}

/// Reads a footer.
///
/// # Errors
/// When the file is no Parquet, or can't be read.
pub(super) async fn look(store: &dyn ObjectStore, meta: &ObjectMeta) -> Result<Footer> {
    // The library takes what the end says for true.
    let end = store.get_range(&meta.location, meta.size.saturating_sub(END)..meta.size).await?;
    let length = match *end {
        [a, b, c, d, b'P', b'A', b'R', b'1'] => u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => return plan_err!("it is no Parquet file"),
    };
    if length > FOOTER_BYTES_MAX || length + END + 4 > meta.size {
        return plan_err!("its footer would have {length} bytes; the file has {}", meta.size);
    }
    let metadata = DFParquetMetadata::new(store, meta).fetch_metadata().await?;
    let file = metadata.file_metadata();
    let schema = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata())?;
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    let groups = metadata.row_groups().iter().filter(|group| group.num_columns() > 0).map(|group| {
        let column = group.column(0);
        let offset = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
        (offset, number(group.num_rows()), number(group.total_byte_size()))
    });
    Ok(Footer { schema, groups: groups.collect() })
}
