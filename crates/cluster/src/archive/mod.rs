//! Archives: the files that are named, cut into pieces that can be read by themselves.
//!
//! A piece is a row group of a Parquet file, or a whole file of CSV or JSON lines. Each row is known by the number of its file and its
//! own in that file, which two columns beside the file's own carry: so whatever reads a piece, wherever, knows where it is.

mod footer;
mod named;
mod scan;

pub(crate) use named::named;
pub(crate) use scan::{FILE, FIRST, Pieces};

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::datasource::file_format::FileFormat as _;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::execution::object_store::ObjectStoreUrl;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectMeta;
use std::sync::Arc;

/// Most files of one archive, and most pieces: each stands in the plan that is sent around.
const FILES_MAX: usize = 100_000;
const PIECES_MAX: usize = 200_000;
/// Footers that are fetched at a time.
const AT_ONCE: usize = 16;

/// The form of an archive's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Parquet.
    Parquet,
    /// A table with a line of names, packed in this way.
    Csv(Packed),
    /// A JSON object on each line.
    Json(Packed),
}

/// How a file of text is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packed {
    Not,
    Gzip,
    Zstd,
}

impl Packed {
    fn compression(self) -> FileCompressionType {
        match self {
            Self::Not => FileCompressionType::UNCOMPRESSED,
            Self::Gzip => FileCompressionType::GZIP,
            Self::Zstd => FileCompressionType::ZSTD,
        }
    }
}

impl Form {
    /// What a file's name says of its form.
    fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let (name, packed) = match name.rsplit_once('.') {
            Some((rest, "gz")) => (rest, Packed::Gzip),
            Some((rest, "zst")) => (rest, Packed::Zstd),
            _ => (name.as_str(), Packed::Not),
        };
        match (name.rsplit_once('.')?.1, packed) {
            ("parquet" | "pq", Packed::Not) => Some(Self::Parquet),
            ("csv", packed) => Some(Self::Csv(packed)),
            ("jsonl" | "ndjson", packed) => Some(Self::Json(packed)),
            _ => None,
        }
    }
}

/// One file of an archive.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// As it was named, or below the folder that was.
    pub(crate) name: String,
    /// Where it is in its store.
    pub(crate) meta: ObjectMeta,
}

/// A part of a file.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// The number of the file.
    file: u32,
    /// The number of its first row in the file, from 0.
    first: u64,
    /// About how many bytes it has.
    bytes: u64,
    /// Where a row group begins; `None` for the whole file.
    offset: Option<i64>,
}

/// Files of one form in one store.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    pub(crate) store: ObjectStoreUrl,
    pub(crate) form: Form,
    pub(crate) files: Arc<Vec<File>>,
    pub(crate) pieces: Vec<Piece>,
    /// The columns that the files have.
    pub(crate) schema: SchemaRef,
}

impl Archive {
    /// Finds the files that are named (paths, folders or addresses of stores), and looks at what they have.
    ///
    /// # Errors
    /// When there are none, when they are of several forms or stores, and when one can't be read.
    pub(crate) async fn open(state: &dyn Session, names: &[String]) -> Result<Self> {
        let (store, found) = named(state, names).await?;
        let mut form = None;
        let mut files = Vec::new();
        for (name, meta) in found {
            match (Form::of(&name), form) {
                (None, _) => {
                    return plan_err!(
                        "{name} is no archive: its name ends in .parquet, .csv or .jsonl (.gz, .zst)"
                    );
                }
                (Some(one), Some(other)) if one != other => {
                    return plan_err!(
                        "{name} is of another form than the files before it; name files of one form"
                    );
                }
                (one, _) => form = one,
            }
            files.push(File { name, meta });
        }
        let Some(form) = form else { return plan_err!("{} has no archive in it", names.join(", ")) };
        let files = Arc::new(files);
        let mut archive = Self { store, form, files, pieces: Vec::new(), schema: Arc::new(Schema::empty()) };
        archive.look(state).await?;
        if archive.pieces.len() > PIECES_MAX {
            return plan_err!(
                "the archive has {} row groups and {PIECES_MAX} are allowed; pack it into fewer, larger ones",
                archive.pieces.len()
            );
        }
        Ok(archive)
    }

    async fn look(&mut self, state: &dyn Session) -> Result<()> {
        let store = state.runtime_env().object_store(&self.store)?;
        let metas: Vec<ObjectMeta> = self.files.iter().map(|file| file.meta.clone()).collect();
        self.schema = match self.form {
            Form::Parquet => {
                let name = |at: usize| self.files.get(at).map_or_else(String::new, |file| file.name.clone());
                let looks = metas.iter().enumerate().map(|(at, meta)| {
                    let (store, name) = (Arc::clone(&store), name(at));
                    async move {
                        footer::look(&*store, meta)
                            .await
                            .map_err(|error| error.context(format!("{name} can't be read")))
                    }
                });
                let footers: Vec<footer::Footer> =
                    futures_util::stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
                for (footer, number) in footers.iter().zip(0..) {
                    self.pieces.extend(footer.pieces(number));
                }
                Arc::new(Schema::try_merge(footers.into_iter().map(|footer| footer.schema))?)
            }
            Form::Csv(packed) => {
                self.whole_files();
                let format = CsvFormat::default()
                    .with_has_header(true)
                    .with_schema_infer_max_rec(1)
                    .with_file_compression_type(packed.compression());
                scan::texts(&*format.infer_schema(state, &store, &metas).await?)
            }
            Form::Json(packed) => {
                self.whole_files();
                let format = JsonFormat::default()
                    .with_schema_infer_max_rec(10_000)
                    .with_file_compression_type(packed.compression());
                format.infer_schema(state, &store, &metas).await?
            }
        };
        Ok(())
    }

    fn whole_files(&mut self) {
        let piece = |(file, number): (&File, u32)| Piece {
            file: number,
            first: 0,
            bytes: file.meta.size,
            offset: None,
        };
        self.pieces = self.files.iter().zip(0..).map(piece).collect();
    }

    /// Of each file that has several pieces, its number and an archive of its first piece alone.
    pub(crate) fn first_pieces(&self) -> impl Iterator<Item = (u32, Self)> {
        self.pieces.windows(2).filter_map(|pair| match pair {
            [piece, next] if piece.file == next.file && piece.first == 0 => {
                let (store, schema) = (self.store.clone(), Arc::clone(&self.schema));
                let (files, pieces) = (Arc::clone(&self.files), vec![piece.clone()]);
                Some((piece.file, Self { store, form: self.form, files, pieces, schema }))
            }
            _ => None,
        })
    }

    /// The place of a column, by its name.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.schema.fields().iter().position(|field| field.name() == name)
    }

    /// The names of the columns.
    pub(crate) fn columns(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// A file's name by its number.
    pub(crate) fn name(&self, file: u32) -> &str {
        self.files.get(file as usize).map_or("?", |file| &file.name)
    }
}

/// An error of ours, as DataFusion's.
pub(crate) fn said(error: impl std::fmt::Display) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}
