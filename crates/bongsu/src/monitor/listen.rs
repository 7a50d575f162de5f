//! Where an operator's tools ask: a listener of its own, off unless it is set, with figures and nothing else.
//!
//! Beside figures that anybody may know there are such that are for operators alone: how much lies in which circle, from whom the node
//! pulls. So it is not on the port of members, listens on this machine alone, and elsewhere only under a token.

use super::figures::Figures;
use super::ready::Readiness;
use crate::exit::Failure;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use sha2::{Digest as _, Sha256};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at a time: a few tools ask, each once in some seconds.
const CONNECTIONS_MAX: usize = 16;
/// Time for a request's header.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a connection in all.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(300);
/// The form of the text. Source: Prometheus, "Exposition formats".
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether two texts are the same, in a time that does not tell where they differ: their hashes are compared.
fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one) == Sha256::digest(other)
}

/// The listener, bound.
pub(crate) struct Door {
    socket: TcpListener,
    token: Option<Arc<str>>,
}

impl Door {
    /// Binds it.
    ///
    /// # Errors
    /// When the address is taken.
    pub(crate) async fn open(listen: SocketAddr, token: Option<String>) -> Result<Self, Failure> {
        let socket = TcpListener::bind(listen).await.map_err(|error| {
            Failure::new(format!("{listen} can't be listened on: {error}"))
                .hint("is another program on that port? set monitor.listen in the configuration")
        })?;
        Ok(Self { socket, token: token.map(Into::into) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers until it is aborted.
    pub(crate) async fn serve(self, figures: Figures, ready: Readiness) {
        let router = router(figures, &ready, self.token);
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let stream = match self.socket.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection for figures could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (builder, service) = (builder.clone(), TowerToHyperService::new(router.clone()));
            tokio::spawn(async move {
                let connection = builder.serve_connection(TokioIo::new(stream), service);
                // One that ends early asks again.
                let _ended = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
                drop(place);
            });
        }
    }
}

fn router(figures: Figures, ready: &Readiness, token: Option<Arc<str>>) -> Router {
    let figures = Router::new()
        .route("/metrics", get(metrics))
        .with_state(Arc::new(figures))
        .layer(axum::middleware::from_fn_with_state(token, admit));
    Router::new().route("/healthz", get(|| async { "ok\n" })).merge(ready.router()).merge(figures)
}

async fn admit(State(token): State<Option<Arc<str>>>, request: Request, next: Next) -> Response {
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    match token {
        Some(token) if !same(&token, shown.trim()) => {
            let asks = [(header::WWW_AUTHENTICATE, "Bearer")];
            (StatusCode::UNAUTHORIZED, asks, "show the token of monitor.token_file\n").into_response()
        }
        _ => next.run(request).await,
    }
}

async fn metrics(State(figures): State<Arc<Figures>>) -> Response {
    match tokio::task::spawn_blocking(move || figures.text()).await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "the figures could not be gathered\n").into_response(),
    }
}
