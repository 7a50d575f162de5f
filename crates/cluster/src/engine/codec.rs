//! How our operators and functions travel in plans.
//!
//! An operator is its kernel as JSON behind a mark of eight bytes, and its input, which DataFusion writes itself. What does not begin
//! with the mark is Ballista's. Functions have no state and are known by their names.

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::AggregateUDF;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use std::sync::Arc;

use crate::function;
use crate::kernel::{Kernel, KernelExec};

/// What stands before a kernel; its last byte is the version of the form.
const MARK: &[u8; 8] = b"bongsu\0\x01";

/// Writes and reads our operators, and leaves all others to Ballista.
#[derive(Debug, Default)]
pub(super) struct Codec {
    ballista: BallistaPhysicalExtensionCodec,
}

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(kernel) = bytes.strip_prefix(MARK) else {
            return self.ballista.try_decode(bytes, inputs, context, converter);
        };
        let kernel: Kernel = serde_json::from_slice(kernel)
            .map_err(|error| DataFusionError::Plan(format!("a kernel of another version: {error}")))?;
        match inputs {
            [input] => Ok(Arc::new(KernelExec::new(Arc::clone(input), kernel))),
            _ => internal_err!("a kernel has one input and not {}", inputs.len()),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let Some(exec) = node.downcast_ref::<KernelExec>() else {
            return self.ballista.try_encode(node, bytes, converter);
        };
        bytes.extend_from_slice(MARK);
        serde_json::to_writer(bytes, exec.kernel()).map_err(|error| DataFusionError::External(error.into()))
    }

    fn try_decode_udaf(&self, name: &str, bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
        match function::named(name) {
            Some(function) => Ok(function),
            None => self.ballista.try_decode_udaf(name, bytes),
        }
    }

    fn try_encode_udaf(&self, node: &AggregateUDF, bytes: &mut Vec<u8>) -> Result<()> {
        self.ballista.try_encode_udaf(node, bytes)
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<datafusion::logical_expr::ScalarUDF>> {
        self.ballista.try_decode_udf(name, bytes)
    }

    fn try_encode_udf(&self, node: &datafusion::logical_expr::ScalarUDF, bytes: &mut Vec<u8>) -> Result<()> {
        self.ballista.try_encode_udf(node, bytes)
    }
}
