//! A kernel in a plan.

use datafusion::arrow::array::{Array as _, AsArray as _};
use datafusion::arrow::datatypes::{SchemaRef, UInt32Type, UInt64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, Partitioning, PhysicalExpr,
    PlanProperties,
};
use futures_util::{StreamExt as _, TryStreamExt as _};
use std::fmt;
use std::sync::Arc;

use super::{At, Kernel, Worker};
use crate::archive::{FILE, FIRST};

/// Gives a kernel the rows of its input, in their order, part by part.
#[derive(Debug)]
pub(crate) struct KernelExec {
    input: Arc<dyn ExecutionPlan>,
    kernel: Kernel,
    properties: Arc<PlanProperties>,
}

impl KernelExec {
    /// Over an input that has the columns [`FILE`] and [`FIRST`].
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, kernel: Kernel) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(kernel.schema()),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { input, kernel, properties: Arc::new(properties) }
    }

    pub(crate) const fn kernel(&self) -> &Kernel {
        &self.kernel
    }
}

impl DisplayAs for KernelExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KernelExec: {}", self.kernel.name())
    }
}

impl ExecutionPlan for KernelExec {
    fn name(&self) -> &'static str {
        "KernelExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    /// Rows must come as they stand in the files: nobody may deal them out anew.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self::new(input, self.kernel.clone()))),
            Err(children) => internal_err!("a kernel has one input and not {}", children.len()),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, Arc::clone(&context))?;
        tracing::info!(kernel = self.kernel.name(), partition, "a part begins");
        let kernel = self.kernel.clone();
        let stream = async move {
            let worker = kernel.worker(&context.runtime_env()).await?;
            let mut working = Working { worker, schema: kernel.schema(), upto: None };
            Ok::<_, DataFusionError>(input.map(move |rows| working.take(&rows?)))
        };
        let stream = futures_util::stream::once(stream).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}

/// A worker, and how far it has come: the file, the piece's first row, and the number of the next row.
struct Working {
    worker: Box<dyn Worker>,
    schema: SchemaRef,
    upto: Option<(u32, u64, u64)>,
}

impl Working {
    fn take(&mut self, rows: &RecordBatch) -> Result<RecordBatch> {
        let count = rows.num_rows() as u64;
        let place = |name: &str| rows.column_by_name(name).filter(|column| !column.is_empty());
        let file = place(FILE).and_then(|column| Some(column.as_primitive_opt::<UInt32Type>()?.value(0)));
        let first = place(FIRST).and_then(|column| Some(column.as_primitive_opt::<UInt64Type>()?.value(0)));
        let (file, first) = match (file, first) {
            (Some(file), Some(first)) => (file, first),
            _ if count == 0 => return Ok(RecordBatch::new_empty(Arc::clone(&self.schema))),
            _ => return internal_err!("rows do not say where they are"),
        };
        let at = match self.upto {
            Some((same, piece, next)) if (same, piece) == (file, first) => {
                At { file, row: next, begins: false }
            }
            _ => At { file, row: first, begins: true },
        };
        self.upto = Some((file, first, at.row + count));
        self.worker.take(at, rows)
    }
}
