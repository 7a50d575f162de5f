//! Pieces as DataFusion reads them.

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::config::CsvOptions;
use datafusion::common::{Result, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    CsvSource, FileGroup, FileScanConfigBuilder, FileSource, JsonSource, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::physical_plan::ExecutionPlan;
use std::sync::Arc;

use super::{Archive, Form, Piece};

/// The column with the number of a row's file.
pub(crate) const FILE: &str = "bongsu:file";
/// The column with the number that the first row of a row's piece has in its file.
pub(crate) const FIRST: &str = "bongsu:first";

/// Some of an archive's columns, and into how many parts it is cut.
#[derive(Debug, Clone)]
pub(crate) struct Pieces {
    pub(crate) archive: Arc<Archive>,
    /// The columns that are read, by their places, ascending.
    pub(crate) columns: Vec<usize>,
    /// Into how many parts, which are read side by side.
    pub(crate) parts: usize,
}

impl Pieces {
    /// The plan that reads them; behind the columns it has [`FILE`] and [`FIRST`].
    ///
    /// # Errors
    /// When a column is not there.
    pub(crate) fn plan(&self) -> Result<Arc<dyn ExecutionPlan>> {
        let archive = &*self.archive;
        let beside: Vec<FieldRef> = vec![
            Arc::new(Field::new(FILE, DataType::UInt32, false)),
            Arc::new(Field::new(FIRST, DataType::UInt64, false)),
        ];
        let schema =
            TableSchema::builder(Arc::clone(&archive.schema)).with_table_partition_cols(beside).build();
        let (source, packed): (Arc<dyn FileSource>, _) = match archive.form {
            Form::Parquet => (Arc::new(ParquetSource::new(schema)), None),
            Form::Csv(packed) => {
                let options = CsvOptions {
                    has_header: Some(true),
                    newlines_in_values: Some(true),
                    truncated_rows: Some(true),
                    ..CsvOptions::default()
                };
                (Arc::new(CsvSource::new(schema).with_csv_options(options)), Some(packed))
            }
            Form::Json(packed) => (Arc::new(JsonSource::new(schema)), Some(packed)),
        };
        let width = archive.schema.fields().len();
        let projection = self.columns.iter().copied().chain([width, width + 1]).collect();
        let mut config = FileScanConfigBuilder::new(archive.store.clone(), source)
            .with_projection_indices(Some(projection))?
            .with_file_groups(self.groups());
        if let Some(packed) = packed {
            config = config.with_file_compression_type(packed.compression());
        }
        Ok(DataSourceExec::from_data_source(config.build()))
    }

    /// Pieces that follow one another, about as much in each group.
    fn groups(&self) -> Vec<FileGroup> {
        let pieces = &self.archive.pieces;
        let all: u64 = pieces.iter().map(|piece| piece.bytes.max(1)).sum();
        let parts = self.parts.clamp(1, pieces.len().max(1)) as u64;
        let mut groups: Vec<Vec<PartitionedFile>> = Vec::new();
        let (mut before, mut last) = (0_u64, None);
        for piece in pieces {
            // The part in which a piece's middle lies.
            let middle = u128::from(before + piece.bytes.max(1) / 2);
            let part = (middle * u128::from(parts) / u128::from(all.max(1))) as u64;
            before += piece.bytes.max(1);
            if last != Some(part) {
                groups.push(Vec::new());
                last = Some(part);
            }
            let Some(group) = groups.last_mut() else { continue };
            // Row groups that follow one another are read in one go, so that the footer is read once.
            let follows = group
                .last_mut()
                .filter(|file| file.partition_values.first() == Some(&ScalarValue::from(piece.file)));
            match (follows.and_then(|file| file.range.as_mut()), piece.offset) {
                (Some(range), Some(offset)) => range.end = offset + 1,
                _ => group.extend(self.file(piece)),
            }
        }
        groups.into_iter().map(FileGroup::new).collect()
    }

    fn file(&self, piece: &Piece) -> Option<PartitionedFile> {
        let meta = self.archive.files.get(piece.file as usize)?.meta.clone();
        let file = PartitionedFile::new_from_meta(meta)
            .with_partition_values(vec![ScalarValue::from(piece.file), ScalarValue::from(piece.first)]);
        Some(match piece.offset {
            // A row group is read by whoever has the byte at which it begins.
            Some(offset) => file.with_range(offset, offset + 1),
            None => file,
        })
    }
}

/// The same columns, all as text.
pub(super) fn texts(schema: &Schema) -> SchemaRef {
    let text = |field: &FieldRef| Field::new(field.name(), DataType::Utf8, true);
    Arc::new(Schema::new(schema.fields().iter().map(text).collect::<Vec<_>>()))
}
