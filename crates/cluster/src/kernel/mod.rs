//! Kernels: what of ours works on rows, here and on executors.
//!
//! A kernel is a description that travels as JSON in a plan (`engine::codec`); whoever runs the plan makes a [`Worker`] of it
//! and gives it the rows of a piece in order. What a kernel needs besides (a watch file, tables of addresses) does not travel: the
//! description names it by address and hash ([`kept`]), and each process fetches it once.

mod exec;
mod fields;
mod hunt;
mod kept;
pub(crate) mod steps;
mod table;
mod transfers;

pub(crate) use exec::KernelExec;
pub(crate) use hunt::{Hunt, Lines, Watched};
pub(crate) use kept::Kept;
pub(crate) use table::KernelTable;
pub(crate) use transfers::Transfers;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::runtime_env::RuntimeEnv;
use serde::{Deserialize, Serialize};
use steps::Steps;

/// One of our kernels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kernel {
    /// What a watch file names, in lines.
    Hunt(Hunt),
    /// Sightings as steps: one row for each hop.
    Steps(Steps),
    /// Transfers as a mapping reads them.
    Transfers(Transfers),
}

/// Where rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    /// The number of the file.
    pub(crate) file: u32,
    /// The number of the first of them, from 0.
    pub(crate) row: u64,
    /// Whether they do not follow those that came before.
    pub(crate) begins: bool,
}

/// A kernel at work on one part.
pub(crate) trait Worker: Send {
    /// What comes of some rows.
    ///
    /// # Errors
    /// When they can't be read, and nothing says that such are to be left out.
    fn take(&mut self, at: At, rows: &RecordBatch) -> Result<RecordBatch>;
}

impl Kernel {
    /// The columns of what it makes.
    pub(crate) fn schema(&self) -> SchemaRef {
        match self {
            Self::Hunt(_) => hunt::schema(),
            Self::Steps(_) => steps::schema(),
            Self::Transfers(_) => transfers::schema(),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Hunt(_) => "hunt",
            Self::Steps(_) => "steps",
            Self::Transfers(_) => "transfers",
        }
    }

    /// Fetches what it needs.
    async fn worker(&self, runtime: &RuntimeEnv) -> Result<Box<dyn Worker>> {
        match self {
            Self::Hunt(hunt) => hunt.worker(runtime).await,
            Self::Steps(steps) => steps.worker(runtime).await,
            Self::Transfers(transfers) => transfers.worker(),
        }
    }
}
