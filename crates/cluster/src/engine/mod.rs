//! What runs plans: this process, or a Ballista cluster that is given the same plan.
//!
//! The plan is made here in either case, down to its operators. To a cluster it goes as it is (Ballista takes physical plans since
//! version 55), and its scheduler only cuts it into stages. So nothing has to be registered there but the codec of our operators.

mod codec;
mod roles;
mod run;
mod stores;

pub(crate) use roles::{Executor, Scheduler, executor, scheduler};
pub(crate) use run::{Engine, words};

use ballista_core::extension::SessionConfigExt as _;
use datafusion::common::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use std::sync::Arc;

use codec::Codec;
use stores::Stores;

/// The largest message between the parts: a plan names every piece of an archive.
const MESSAGE_BYTES_MAX: u32 = 256 << 20;
/// Rows that go from one operator to the next at a time.
const BATCH_ROWS: usize = 16_384;

/// The settings that everyone has: whoever makes a plan, the scheduler, and the executors.
pub(crate) fn config(partitions: usize) -> SessionConfig {
    SessionConfig::new_with_ballista()
        .with_ballista_physical_extension_codec(Arc::new(Codec::default()))
        .with_ballista_grpc_client_max_message_size(MESSAGE_BYTES_MAX as usize)
        .with_target_partitions(partitions)
        .with_batch_size(BATCH_ROWS)
        // Pieces are cut by us; a row's number follows from where its piece begins.
        .with_repartition_file_scans(false)
        .set_bool("datafusion.execution.enable_file_stream_work_stealing", false)
}

/// Where files are read from.
fn runtime() -> Result<Arc<RuntimeEnv>> {
    RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(Stores::default())).build_arc()
}

/// A session that makes plans, and runs them here.
///
/// # Errors
/// When the settings do not fit.
pub(crate) fn session(partitions: usize) -> Result<SessionContext> {
    let state = SessionStateBuilder::new()
        .with_config(config(partitions))
        .with_runtime_env(runtime()?)
        .with_default_features()
        .build();
    let session = SessionContext::new_with_state(state);
    for function in crate::function::all() {
        session.register_udaf(function.as_ref().clone());
    }
    Ok(session)
}
