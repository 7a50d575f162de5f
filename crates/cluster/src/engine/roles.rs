//! The two roles of a cluster: one scheduler, and executors that ask it for work and are given it.

use anyhow::{Context as _, Result, bail};
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::extension::SessionConfigExt as _;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::start_server;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use super::run::host_and_port;
use super::{MESSAGE_BYTES_MAX, config, runtime};

/// A scheduler.
#[derive(Debug, Clone)]
pub(crate) struct Scheduler {
    /// Where it listens.
    pub(crate) bind: SocketAddr,
    /// After how many seconds of silence an executor counts as lost.
    pub(crate) silence: u64,
    /// Whether an address is allowed that others can reach.
    pub(crate) is_unprotected: bool,
}

/// An executor.
#[derive(Debug, Clone)]
pub(crate) struct Executor {
    /// The scheduler's address.
    pub(crate) scheduler: String,
    /// Where it listens, and under which address others reach it.
    pub(crate) bind: IpAddr,
    /// The port at which results are fetched, and the one at which tasks come.
    pub(crate) ports: (u16, u16),
    /// How many tasks it works on at a time.
    pub(crate) cores: usize,
    /// Where results lie until they are fetched; a folder of its own that goes with it if none is said.
    pub(crate) work: Option<PathBuf>,
    /// The bytes that sums and sorts may take before they go to the disk.
    pub(crate) memory: Option<u64>,
    /// How often it says that it is there, in seconds.
    pub(crate) beat: u64,
    /// Whether an address is allowed that others can reach.
    pub(crate) is_unprotected: bool,
}

/// Refuses an address that others can reach, unless that was asked for.
fn protected(address: IpAddr, is_unprotected: bool) -> Result<()> {
    if address.is_loopback() || is_unprotected {
        return Ok(());
    }
    bail!(
        "{address} can be reached by others, and a cluster asks nobody who they are: whoever reaches it reads all files that it can read; \
         bind it to loopback and tunnel, or say --unprotected in a network that nobody else is in"
    )
}

/// Runs a scheduler until the process ends.
///
/// # Errors
/// When the address is taken or not allowed.
pub(crate) async fn scheduler(scheduler: &Scheduler) -> Result<()> {
    protected(scheduler.bind.ip(), scheduler.is_unprotected)?;
    let made = SchedulerConfig {
        external_host: scheduler.bind.ip().to_string(),
        bind_host: scheduler.bind.ip().to_string(),
        bind_port: scheduler.bind.port(),
        scheduling_policy: TaskSchedulingPolicy::PushStaged,
        task_distribution: TaskDistributionPolicy::RoundRobin,
        executor_timeout_seconds: scheduler.silence.max(2),
        expire_dead_executor_interval_seconds: (scheduler.silence / 2).clamp(1, 15),
        no_executors_grace_period_seconds: scheduler.silence.max(2) * 2,
        grpc_server_max_decoding_message_size: MESSAGE_BYTES_MAX,
        grpc_server_max_encoding_message_size: MESSAGE_BYTES_MAX,
        grpc_client_max_message_size: MESSAGE_BYTES_MAX,
        override_config_producer: Some(Arc::new(settings)),
        override_session_builder: Some(Arc::new(state)),
        override_physical_codec: Some(settings().ballista_physical_extension_codec()),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&made).await.context("the scheduler can't be set up")?;
    let address = scheduler.bind;
    start_server(cluster, address, Arc::new(made))
        .await
        .with_context(|| format!("the scheduler can't listen at {address}"))
}

/// Runs an executor until it is told to end.
///
/// # Errors
/// When the scheduler does not answer, or an address is taken or not allowed.
pub(crate) async fn executor(executor: &Executor) -> Result<()> {
    protected(executor.bind, executor.is_unprotected)?;
    let (host, port) = host_and_port(&executor.scheduler)?;
    let own = match executor.work {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new().prefix("bongsu-executor-").tempdir().context("no folder for results")?,
        ),
    };
    let work = executor.work.clone().or_else(|| own.as_ref().map(|own| own.path().to_owned()));
    let made = ExecutorProcessConfig {
        bind_host: executor.bind.to_string(),
        external_host: Some(executor.bind.to_string()),
        port: executor.ports.0,
        grpc_port: executor.ports.1,
        scheduler_host: host,
        scheduler_port: port,
        scheduler_connect_timeout_seconds: 30,
        vcores: executor.cores.max(1),
        task_scheduling_policy: TaskSchedulingPolicy::PushStaged,
        work_dir: work.map(|work| work.to_string_lossy().into_owned()),
        job_data_ttl_seconds: 86_400,
        job_data_clean_up_interval_seconds: 600,
        grpc_max_decoding_message_size: MESSAGE_BYTES_MAX,
        grpc_max_encoding_message_size: MESSAGE_BYTES_MAX,
        executor_heartbeat_interval_seconds: executor.beat.max(1),
        memory_pool_size: executor.memory,
        override_config_producer: Some(Arc::new(settings)),
        override_runtime_producer: Some(Arc::new(|_: &SessionConfig| runtime())),
        override_physical_codec: Some(settings().ballista_physical_extension_codec()),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(made)).await.context("the executor ended")
}

fn settings() -> SessionConfig {
    config(std::thread::available_parallelism().map_or(1, usize::from))
}

/// A session of the scheduler, which only reads plans and cuts them.
fn state(config: SessionConfig) -> datafusion::common::Result<SessionState> {
    let state = SessionStateBuilder::new().with_config(config).with_runtime_env(runtime()?);
    Ok(state.with_default_features().build())
}
