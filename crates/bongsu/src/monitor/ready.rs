//! Whether a node can do its work: what a load balancer asks before it sends somebody.
//!
//! Alive is who answers at all (`/healthz`). Ready is who can also read the lines, write to the disk and take what is brought. What is
//! looked at is kept for a second, and one look runs at a time, so that asking often costs nothing; what is said names no file.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// The path.
pub(crate) const PATH: &str = "/ready";
/// For how long a look counts.
const KEPT: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// What is written to see whether the disk takes it.
const PROBE: [u8; 512] = [0; 512];

/// What a node lacks.
type Lacks = Vec<&'static str>;

#[derive(Default)]
struct Looked {
    last: Option<(Instant, Lacks)>,
    /// A look that took too long, and still runs.
    slow: Option<JoinHandle<Lacks>>,
}

/// Looks whether a node is ready.
#[derive(Clone)]
pub(crate) struct Readiness {
    store: line::Store,
    folder: PathBuf,
    looked: Arc<Mutex<Looked>>,
}

impl Readiness {
    /// Of the node with these lines.
    pub(crate) fn new(store: line::Store) -> Self {
        let folder = store.folder().to_owned();
        Self { store, folder, looked: Arc::default() }
    }

    /// What is missing; nothing, if it is ready.
    pub(crate) async fn lacks(&self) -> Lacks {
        let mut looked = self.looked.lock().await;
        if let Some((at, lacks)) = &looked.last
            && at.elapsed() < KEPT
        {
            return lacks.clone();
        }
        let mut look = looked.slow.take().unwrap_or_else(|| {
            let (store, folder) = (self.store.clone(), self.folder.clone());
            tokio::task::spawn_blocking(move || look(&store, &folder))
        });
        let lacks = match tokio::time::timeout(PATIENCE, &mut look).await {
            Ok(Ok(lacks)) => lacks,
            Ok(Err(_panicked)) => vec!["it could not be looked"],
            Err(_slow) => {
                looked.slow = Some(look);
                vec!["the store does not answer"]
            }
        };
        looked.last = Some((Instant::now(), lacks.clone()));
        lacks
    }

    async fn answer(self) -> Response {
        let lacks = self.lacks().await;
        match lacks.is_empty() {
            true => "ready\n".into_response(),
            false => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", lacks.join(", ")))
                .into_response(),
        }
    }

    /// What answers at [`PATH`].
    pub(crate) fn router(&self) -> Router {
        let this = self.clone();
        Router::new().route(PATH, get(move || this.clone().answer()))
    }
}

fn look(store: &line::Store, folder: &std::path::Path) -> Lacks {
    let mut lacks = Vec::new();
    if let Err(error) = store.check() {
        tracing::warn!(%error, "not ready: the lines can't be read");
        lacks.push("the lines can't be read");
    }
    let load = store.load();
    if load.bytes > load.bytes_max {
        lacks.push("more waits to be written than may");
    }
    let write = || {
        let mut file = tempfile::Builder::new().prefix(".ready-").tempfile_in(folder)?;
        file.write_all(&PROBE)?;
        file.as_file().sync_data()
    };
    if let Err(error) = write() {
        tracing::warn!(%error, "not ready: the disk takes no writes");
        lacks.push("the disk takes no writes");
    }
    lacks
}
