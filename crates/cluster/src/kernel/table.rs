//! A kernel over an archive, as a table that can be asked in SQL.

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use std::sync::Arc;

use super::{Kernel, KernelExec};
use crate::archive::Pieces;

/// What a kernel makes of pieces of an archive.
#[derive(Debug)]
pub(crate) struct KernelTable {
    pub(crate) pieces: Pieces,
    pub(crate) kernel: Kernel,
}

#[async_trait]
impl TableProvider for KernelTable {
    fn schema(&self) -> SchemaRef {
        self.kernel.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let made: Arc<dyn ExecutionPlan> =
            Arc::new(KernelExec::new(self.pieces.plan()?, self.kernel.clone()));
        let Some(projection) = projection else { return Ok(made) };
        let schema = self.schema();
        let column = |at: &usize| -> (Arc<dyn PhysicalExpr>, String) {
            let name = schema.field(*at).name();
            (Arc::new(Column::new(name, *at)), name.clone())
        };
        let columns: Vec<(Arc<dyn PhysicalExpr>, String)> = projection.iter().map(column).collect();
        Ok(Arc::new(ProjectionExec::try_new(columns, made)?))
    }
}
