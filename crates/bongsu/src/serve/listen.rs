//! The accept loop: TCP or TLS connections in, requests to the router, and a clean end.
//!
//! `axum::serve` has no TLS, no limit on connections and no time limit for a header; this loop has. Each
//! connection gets its peer's address and whether it is encrypted as request extensions. When `stop` turns
//! true, no connection is accepted any more, requests under way may finish within the drain timeout, and
//! idle connections are closed at once. So it goes with one whose client has shown a certificate that does not hold any more, or that
//! nobody is known by any more: it is served nothing, and closed.
//!
//! Places are scarce, and a stranger may not keep them: a connection on which no request is with a handler for as long as
//! a header may take is closed, whether it never said a word, said half an HTTP/2 preface, or was done; a peer that does
//! not read is cut; and one address has a share of the places. Behind a proxy everybody has the proxy's address, so there the
//! shares are the proxy's to give: who ends TLS, or is trusted to say from where requests come, has none. When all places are held, those give way first that have asked nothing yet, then those whose
//! requests were nobody's who is known, however slowly their bodies come and however often they ask: [`Places`] has the
//! order. Who was let in keeps its place while it asks.

use super::stall::Stall;
use super::surfaces::{From, Surfaces};
use super::tls::{Reloading, Shown};
use super::unread::{Lingering, Unread};
use crate::config::Http;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use deliver::zone::peers::{self, Peers};
use deliver::zone::places::{Place, Places};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use policy::Channel;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use web::auth::LetIn;

/// Time for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after `accept` failed, as it does when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Requests at a time on one HTTP/2 connection. Each that is answered packed holds a quarter of a mebibyte as long as it is not read.
const STREAMS_MAX: u32 = 32;
/// Bytes of all header fields of a request over HTTP/2.
const HEADER_BYTES_MAX: u32 = 64 << 10;
/// Bytes of a request over HTTP/1.1 that are held at a time, its whole head among them.
const BUFFER_BYTES_MAX: usize = 128 << 10;
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// Time in which a peer must take some of what is written to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Time after which a connection on which nobody who is known has asked anything is closed.
const STRANGER_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// Silence after which one that was let in may lose its place, if all are held.
const RESTS: Duration = Duration::from_secs(1);
/// Time for what is still being sent when a connection takes no more requests: enough for the longest page over 20 kB/s.
const LINGER: Duration = Duration::from_secs(30 * 60);
/// The same for a connection on which nobody was let in: there is nothing long for a stranger.
const LINGER_STRANGER: Duration = Duration::from_secs(60);
/// The same for a connection whose certificate is nobody's any more.
const LINGER_NOBODY: Duration = Duration::from_secs(10);
/// One address may hold this part of the places.
const SHARE: usize = 4;
/// But so many connections in any case: a browser opens six, and an office shares an address.
const SHARE_CONNECTIONS_MIN: usize = 16;

/// What the loop needs to know.
pub(crate) struct Listener {
    /// The bound socket.
    pub socket: TcpListener,
    /// TLS, if configured.
    pub tls: Option<Arc<Reloading>>,
    /// Limits and timeouts.
    pub http: Http,
}

/// Accepts and serves until `stop` turns true, then drains.
pub(crate) async fn run(listener: Listener, surfaces: Surfaces, mut stop: watch::Receiver<bool>) {
    let places = Places::new(listener.http.connections_max);
    let (peers, proxies) = (Peers::new(share(&listener.http)), listener.http.proxies());
    let server = Arc::new(Server {
        builder: builder(&listener.http),
        tls: listener.tls,
        http: listener.http,
        surfaces,
    });
    loop {
        let accepted = tokio::select! {
            accepted = listener.socket.accept() => accepted,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let counted = peers.enter(peer.ip());
                if counted.is_none() && !proxies.trusts(peer.ip()) {
                    server.surfaces.monitor().refused_connection();
                    tracing::debug!(%peer, "{peer} has its share of connections: one more is refused");
                    continue;
                };
                let place = tokio::select! {
                    place = places.enter() => place,
                    _ = stop.changed() => break,
                };
                let (server, stop) = (Arc::clone(&server), stop.clone());
                tokio::spawn(async move { server.connection(stream, peer, stop, (place, counted)).await });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener.socket);
    let drained = tokio::time::timeout(server.http.drain_timeout(), places.emptied()).await;
    if drained.is_err() {
        tracing::warn!("connections were still open after {} s and are cut", server.http.drain_timeout_s);
    }
}

/// How many connections one address may hold.
fn share(http: &Http) -> usize {
    match http.tls_ends_at_proxy {
        true => usize::MAX,
        false => (http.connections_max / SHARE).max(SHARE_CONNECTIONS_MIN),
    }
}

struct Server {
    builder: auto::Builder<TokioExecutor>,
    tls: Option<Arc<Reloading>>,
    http: Http,
    surfaces: Surfaces,
}

fn builder(http: &Http) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(http.header_timeout())
        .max_buf_size(BUFFER_BYTES_MAX);
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
        (mut place, _counted): (Place, Option<peers::Place>),
    ) {
        let _open = self.surfaces.monitor().connected();
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "TCP_NODELAY could not be set");
        }
        let unread = Unread::default();
        let stream = Lingering::new(Stall::new(stream, WRITE_TIMEOUT), unread.clone(), stop.clone());
        let Some(tls) = &self.tls else {
            return self.requests((stream, unread), peer, None, stop, place).await;
        };
        let shaken = tokio::select! {
            shaken = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.acceptor().accept(stream)) => shaken,
            () = place.lost() => return,
        };
        match shaken {
            Ok(Ok(stream)) => {
                let shown = Shown::on(stream.get_ref().1, tls).map(Arc::new);
                self.requests((stream, unread), peer, shown, stop, place).await;
            }
            Ok(Err(error)) => tracing::debug!(%peer, %error, "the TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
        }
    }

    async fn requests(
        &self,
        (stream, unread): (impl AsyncRead + AsyncWrite + Unpin + Send + 'static, Unread),
        peer: SocketAddr,
        shown: Option<Arc<Shown>>,
        mut stop: watch::Receiver<bool>,
        mut place: Place,
    ) {
        let channel =
            Channel { encrypted: self.tls.is_some() || self.http.tls_ends_at_proxy, looked_at: false };
        let certificate = shown.as_ref().map(|shown| shown.certificate());
        let (surfaces, from) = (self.surfaces.clone(), From { peer, channel, certificate });
        let counts = Arc::new(Counts { shown, was_known: AtomicBool::new(false), no_more: Notify::new() });
        let judged = Arc::clone(&counts);
        let activity = Activity::new();
        let watched = Arc::clone(&activity);
        let known = Arc::clone(&activity);
        let let_in = LetIn::new(move || known.let_in());
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let under_way = activity.begin();
            let surfaces = counts.now(&surfaces).then(|| surfaces.clone());
            let (let_in, unread) = (let_in.clone(), unread.clone());
            let request = unread.watch(request);
            async move {
                let mut answer = match surfaces {
                    Some(surfaces) => surfaces.answer(request, from, let_in).await,
                    None => refused(),
                };
                unread.tell(&mut answer);
                drop(under_way);
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let loses = loses(&mut place, &watched);
        let mut loses = std::pin::pin!(loses);
        let linger = tokio::select! {
            ended = connection.as_mut() => return told(peer, ended),
            _ = stop.changed() => LINGER,
            () = judged.ended() => return,
            () = judged.no_more.notified() => LINGER_NOBODY,
            () = loses.as_mut() => return,
            before = idle(Arc::clone(&watched), self.http.header_timeout()) => match before {
                Before::Requests if watched.is_known.load(Ordering::Relaxed) => LINGER,
                Before::Requests => LINGER_STRANGER,
                Before::Nothing => Duration::ZERO,
            },
        };
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            ended = tokio::time::timeout(linger, connection) => match ended {
                Ok(ended) => told(peer, ended),
                Err(_) => tracing::debug!(%peer, "a connection took too long and is cut"),
            },
            () = loses => {}
        }
    }
}

/// Whether the certificate of a connection still counts.
struct Counts {
    shown: Option<Arc<Shown>>,
    /// Whether somebody was known by it.
    was_known: AtomicBool,
    /// It does not count any more, as a request has found.
    no_more: Notify,
}

impl Counts {
    /// Whether it counts now; a connection without one always does.
    fn now(&self, surfaces: &Surfaces) -> bool {
        let Some(shown) = &self.shown else { return true };
        let is_known = surfaces.auth().is_known(&shown.certificate());
        let was_known = self.was_known.fetch_or(is_known, Ordering::Relaxed);
        let counts = shown.holds() && (is_known || !was_known);
        if !counts {
            self.no_more.notify_one();
        }
        counts
    }

    /// Waits until what was shown does not hold any more; whatever is being sent then is cut.
    async fn ended(&self) {
        match &self.shown {
            Some(shown) => shown.ends().await,
            None => std::future::pending().await,
        }
    }
}

/// What is said on a connection whose certificate does not count any more.
fn refused() -> Response {
    let told =
        "the certificate of this connection does not count any more: connect again with one that does\n";
    (StatusCode::UNAUTHORIZED, told).into_response()
}

/// Waits until the place is given to another, or nobody who is known has asked anything for too long.
async fn loses(place: &mut Place, activity: &Activity) {
    if tokio::time::timeout(STRANGER_TIMEOUT, stranger(place, activity)).await != Ok(Some(())) {
        return;
    }
    loop {
        rests(activity).await;
        place.answered();
        tokio::select! {
            biased;
            () = activity.asked.notified() => if place.answering().is_err() {
                return;
            },
            () = place.lost() => return,
        }
    }
}

/// Waits until a request is let in, and keeps its place; `None` if the place is given to another before.
async fn stranger(place: &mut Place, activity: &Activity) -> Option<()> {
    tokio::select! {
        biased;
        () = activity.known.notified() => return place.answering().ok(),
        () = activity.asked.notified() => place.asked().ok()?,
        () = place.lost() => return None,
    }
    tokio::select! {
        biased;
        () = activity.known.notified() => place.answering().ok(),
        () = place.lost() => None,
    }
}

/// Waits until no request has been with a handler for [`RESTS`]; the next one is told of again.
async fn rests(activity: &Activity) {
    loop {
        let quiet = activity.quiet();
        if activity.under_way.load(Ordering::Relaxed) == 0 && quiet >= RESTS {
            activity.tells.store(true, Ordering::Relaxed);
            return;
        }
        tokio::time::sleep(RESTS.saturating_sub(quiet).max(RESTS / 10)).await;
    }
}

fn told(peer: SocketAddr, ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// What a connection does: a few numbers, so that a request costs no timer and wakes nobody.
struct Activity {
    began: Instant,
    /// Requests that are with a handler.
    under_way: AtomicUsize,
    /// Milliseconds after `began` at which the last request came or was answered; 0 before the first.
    last_ms: AtomicU64,
    /// Whether the next request is told of.
    tells: AtomicBool,
    /// A request has come: the first, or one after a silence.
    asked: Notify,
    is_known: AtomicBool,
    /// A request was let in as somebody's.
    known: Notify,
}

/// A request that is with a handler, as long as this lives.
struct UnderWay(Arc<Activity>);

impl Activity {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            under_way: AtomicUsize::new(0),
            last_ms: AtomicU64::new(0),
            tells: AtomicBool::new(true),
            asked: Notify::new(),
            is_known: AtomicBool::new(false),
            known: Notify::new(),
        })
    }

    /// A request was let in as somebody's.
    fn let_in(&self) {
        if !self.is_known.swap(true, Ordering::Relaxed) {
            self.known.notify_one();
        }
    }

    /// How long ago the last request came or was answered.
    fn quiet(&self) -> Duration {
        let last = self.last_ms.load(Ordering::Relaxed);
        self.began.elapsed().saturating_sub(Duration::from_millis(last))
    }

    fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.note();
        if self.tells.load(Ordering::Relaxed) && self.tells.swap(false, Ordering::Relaxed) {
            self.asked.notify_one();
        }
        UnderWay(Arc::clone(self))
    }

    fn note(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(now.max(1), Ordering::Relaxed);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.note();
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a connection had brought before it fell silent.
#[derive(Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Requests,
}

/// Waits until no request has been with a handler for `time`.
async fn idle(activity: Arc<Activity>, time: Duration) -> Before {
    loop {
        let last = activity.last_ms.load(Ordering::Relaxed);
        let quiet = activity.quiet();
        let busy = activity.under_way.load(Ordering::Relaxed) > 0;
        match time.checked_sub(quiet).filter(|left| !left.is_zero()) {
            _ if busy => tokio::time::sleep(time).await,
            Some(left) => tokio::time::sleep(left).await,
            None if last == 0 => return Before::Nothing,
            None => return Before::Requests,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_idle_when_nothing_is_with_a_handler_for_a_time() {
        let time = Duration::from_millis(200);
        let activity = Activity::new();
        assert_eq!(idle(Arc::clone(&activity), time).await, Before::Nothing);
        let (first, second) = (activity.begin(), activity.begin());
        let idle = tokio::spawn(idle(Arc::clone(&activity), time));
        tokio::time::sleep(time * 3).await;
        drop(first);
        tokio::time::sleep(time * 3).await;
        assert!(!idle.is_finished(), "a slow handler is work, not silence");
        drop(second);
        assert_eq!(idle.await.unwrap(), Before::Requests);
    }

    #[test]
    fn an_address_has_a_part_of_the_places() {
        let share_of = |connections_max, tls_ends_at_proxy| {
            share(&Http { connections_max, tls_ends_at_proxy, ..Http::default() })
        };
        assert_eq!(share_of(2_000, false), 500);
        assert_eq!(share_of(20, false), SHARE_CONNECTIONS_MIN);
        assert_eq!(share_of(2_000, true), usize::MAX);
    }
}
