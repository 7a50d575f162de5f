//! Running a plan, here or on a cluster.

use anyhow::{Context as _, Result, bail};
use ballista_core::execution_plans::execute_physical_plan;
use ballista_core::extension::SessionConfigExt as _;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionContext;
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures_util::StreamExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use url::Url;

/// How often a job is given out again whose results were lost with an executor.
const TRIES_MAX: u32 = 5;
/// How long a scheduler may take to answer the first time.
const ANSWER: Duration = Duration::from_secs(10);
/// The port of a scheduler that is named without one.
pub(super) const PORT: u16 = 50050;

/// Who runs plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Engine {
    /// This process.
    Here,
    /// The cluster of a scheduler, by its host and port.
    Cluster(String, u16),
}

impl Engine {
    /// The engine behind an address like `df://10.0.0.7:50050`; without one, this process.
    ///
    /// # Errors
    /// When it is no such address, or nobody answers there.
    pub(crate) async fn at(address: Option<&str>) -> Result<Self> {
        let Some(address) = address else { return Ok(Self::Here) };
        let (host, port) = host_and_port(address)?;
        let answer =
            tokio::time::timeout(ANSWER, TcpStream::connect((host.trim_matches(['[', ']']), port))).await;
        match answer {
            Ok(Ok(_)) => Ok(Self::Cluster(host, port)),
            Ok(Err(error)) => bail!(
                "no scheduler answers at {host}:{port}: {error}; is `bongsu-cluster scheduler` running there?"
            ),
            Err(_) => bail!("no scheduler answers at {host}:{port} within {} seconds", ANSWER.as_secs()),
        }
    }

    /// Runs a plan whose rows come in an order of its own, each with another place in it.
    ///
    /// # Errors
    /// When there can be no such plan.
    pub(crate) async fn sorted(&self, session: &SessionContext, frame: DataFrame) -> Result<Rows> {
        let plan = frame.create_physical_plan().await?;
        Ok(Rows {
            engine: self.clone(),
            session: session.clone(),
            plan,
            stream: None,
            given: 0,
            skipped: 0,
            tries: 0,
        })
    }

    /// Runs a plan and gives all that comes of it.
    ///
    /// # Errors
    /// When it fails, on a cluster also in the fifth try.
    pub(crate) async fn collected(
        &self,
        session: &SessionContext,
        frame: DataFrame,
    ) -> Result<Vec<RecordBatch>> {
        let plan = frame.create_physical_plan().await?;
        let mut tries = 0;
        loop {
            let mut all = Vec::new();
            let outcome: Result<(), DataFusionError> = async {
                let mut stream = self.begin(session, &plan).await?;
                while let Some(rows) = stream.next().await {
                    all.push(rows?);
                }
                Ok(())
            }
            .await;
            match outcome {
                Ok(()) => return Ok(all),
                Err(error) => self.again(&mut tries, error).await?,
            }
        }
    }

    async fn begin(
        &self,
        session: &SessionContext,
        plan: &Arc<dyn ExecutionPlan>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let Self::Cluster(host, port) = self else {
            return execute_stream(Arc::clone(plan), session.task_ctx());
        };
        let config = session.copied_config();
        let codec = config.ballista_physical_extension_codec();
        execute_physical_plan::<PhysicalPlanNode>(
            format!("http://{host}:{port}"),
            &config.ballista_config(),
            Arc::clone(plan),
            codec.as_ref(),
            session.session_id(),
            config.clone(),
        )
        .await
    }

    /// Waits before a job is given out again, if what failed is not the job itself.
    async fn again(&self, tries: &mut u32, error: DataFusionError) -> Result<()> {
        *tries += 1;
        if *self == Self::Here || *tries >= TRIES_MAX || !is_lost(&error.to_string()) {
            return Err(anyhow::anyhow!("{}", words(&error)));
        }
        log_again(*tries, &error);
        tokio::time::sleep(Duration::from_secs(1 << *tries)).await;
        Ok(())
    }
}

fn log_again(tries: u32, error: &DataFusionError) {
    tracing::warn!(tries, %error, "results were lost with an executor; the job is given out again");
}

/// Whether an executor was lost and not the job wrong: results of its last stage lie with executors until they are fetched.
fn is_lost(error: &str) -> bool {
    const SIGNS: [&str; 7] = [
        "Connection refused",
        "transport error",
        "GrpcConnectionError",
        "Grpc connection error",
        "Shuffle fetch partition error",
        "FetchFailed",
        "ExecutorLost",
    ];
    SIGNS.iter().any(|sign| error.contains(sign))
}

/// An error without what DataFusion puts around it.
pub(crate) fn words(error: &DataFusionError) -> String {
    match error {
        DataFusionError::Context(what, why) => format!("{what}: {}", words(why)),
        DataFusionError::Execution(text) | DataFusionError::Plan(text) => text.clone(),
        DataFusionError::External(error) => error.to_string(),
        DataFusionError::Shared(error) => words(error),
        other => other.strip_backtrace(),
    }
}

/// The host and port of a scheduler's address.
///
/// # Errors
/// When it is another address.
pub(super) fn host_and_port(address: &str) -> Result<(String, u16)> {
    let url = Url::parse(address).with_context(|| format!("{address} is no address like df://HOST:PORT"))?;
    match (url.scheme(), url.host_str()) {
        ("df", Some(host)) => Ok((host.to_owned(), url.port().unwrap_or(PORT))),
        _ => bail!("{address} is no address like df://HOST:PORT"),
    }
}

/// What comes of a sorted plan. If results are lost on the way, the job is given out again, and what was given already is passed over:
/// rows come in the same order each time.
pub(crate) struct Rows {
    engine: Engine,
    session: SessionContext,
    plan: Arc<dyn ExecutionPlan>,
    stream: Option<SendableRecordBatchStream>,
    given: usize,
    /// Of the rows that were given before, those that this stream had.
    skipped: usize,
    tries: u32,
}

impl Rows {
    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// When the job fails.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let next = match &mut self.stream {
                Some(stream) => stream.next().await,
                None => match self.engine.begin(&self.session, &self.plan).await {
                    Ok(stream) => {
                        (self.stream, self.skipped) = (Some(stream), 0);
                        continue;
                    }
                    Err(error) => Some(Err(error)),
                },
            };
            match next {
                None => return Ok(None),
                Some(Ok(rows)) => {
                    let known = rows.num_rows().min(self.given - self.skipped);
                    self.skipped += known;
                    let rows = rows.slice(known, rows.num_rows() - known);
                    self.given += rows.num_rows();
                    self.skipped += rows.num_rows();
                    if rows.num_rows() > 0 {
                        return Ok(Some(rows));
                    }
                }
                Some(Err(error)) => {
                    self.stream = None;
                    self.engine.again(&mut self.tries, error).await?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedulers_address_is_df_host_and_port() {
        assert_eq!(host_and_port("df://10.0.0.7:4000").unwrap(), ("10.0.0.7".to_owned(), 4000));
        assert_eq!(host_and_port("df://tower").unwrap(), ("tower".to_owned(), PORT));
        for bad in ["tower:4000", "http://tower", "df://", ""] {
            assert!(host_and_port(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_was_lost_is_told_from_what_is_wrong() {
        assert!(is_lost("Job x failed: Grpc connection error: transport error"));
        assert!(!is_lost("Job x failed: row 7, column amount: it is negative"));
    }
}
