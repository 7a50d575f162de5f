//! The accept loop: TCP or TLS connections in, requests to the router, and a clean end.
//!
//! `axum::serve` has no TLS, no limit on connections and no time limit for a header; this loop has. Each
//! connection gets its peer's address and whether it is encrypted as request extensions. When `stop` turns
//! true, no connection is accepted any more, requests under way may finish within the drain timeout, and
//! idle connections are closed at once.

use crate::config::Http;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use policy::Channel;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// Time for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after `accept` failed, as it does when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Requests at a time on one HTTP/2 connection.
const STREAMS_MAX: u32 = 100;
/// Bytes of all header fields of a request.
const HEADER_BYTES_MAX: u32 = 64 << 10;
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// What the loop needs to know.
pub(crate) struct Listener {
    /// The bound socket.
    pub socket: TcpListener,
    /// TLS, if configured.
    pub tls: Option<TlsAcceptor>,
    /// Limits and timeouts.
    pub http: Http,
}

/// Accepts and serves until `stop` turns true, then drains.
pub(crate) async fn run(listener: Listener, router: Router, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(listener.http.connections_max));
    let server =
        Arc::new(Server { builder: builder(&listener.http), tls: listener.tls, http: listener.http, router });
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            _ = stop.changed() => break,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            accepted = listener.socket.accept() => accepted,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (server, stop) = (Arc::clone(&server), stop.clone());
                tokio::spawn(async move { server.connection(stream, peer, stop, place).await });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener.socket);
    let all = u32::try_from(server.http.connections_max).unwrap_or(u32::MAX);
    let drained = tokio::time::timeout(server.http.drain_timeout(), places.acquire_many(all)).await;
    if drained.is_err() {
        tracing::warn!("connections were still open after {} s and are cut", server.http.drain_timeout_s);
    }
}

struct Server {
    builder: auto::Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    http: Http,
    router: Router,
}

fn builder(http: &Http) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(http.header_timeout());
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL);
    builder
}

impl Server {
    async fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        stop: watch::Receiver<bool>,
        _place: OwnedSemaphorePermit,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "TCP_NODELAY could not be set");
        }
        let Some(tls) = &self.tls else {
            return self.requests(stream, peer, stop).await;
        };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.requests(stream, peer, stop).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "the TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
        }
    }

    async fn requests(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        mut stop: watch::Receiver<bool>,
    ) {
        let channel = Channel { encrypted: self.tls.is_some() || self.http.tls_ends_at_proxy };
        let router = self.router.clone();
        let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(channel);
            router.clone().oneshot(request)
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = stop.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }
}
