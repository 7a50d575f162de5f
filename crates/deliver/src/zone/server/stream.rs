//! Queries over connections: TCP, and TLS above it.
//!
//! A connection that has asked nothing costs little, so there may be many; few are answered at a time. Strangers
//! can't keep members out: see [`Places`].

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::{Arrival, QUERY_BYTES_MAX, Server, Standing};
use crate::zone::peers::Peers;
use crate::zone::places::{Place, Places};

/// Connections at a time; one more takes the place of one that has asked nothing.
const CONNECTIONS_MAX: usize = 1_000;
/// Connections at a time from one address; one more is closed at once. A secondary transfers some zones side by side.
const CONNECTIONS_EACH_MAX: usize = 20;
/// Queries that are answered at a time; one more waits.
const ANSWERING_MAX: usize = 100;
/// Time for the handshake and the first query of a connection: a client opens one because it has something to ask.
const FIRST: Duration = Duration::from_secs(10);
/// Time without a query after which a connection is closed (RFC 7766, 6.2.3).
const IDLE: Duration = Duration::from_secs(30);
/// Time in which a client must take a message.
const WRITE: Duration = Duration::from_secs(30);
/// Messages of a transfer that wait for the client to take them.
const MESSAGES_AHEAD: usize = 2;
/// Pause after `accept` failed, as it does when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the connections of one port share.
#[derive(Clone)]
pub(super) struct Streams {
    server: Arc<Server>,
    tls: Option<TlsAcceptor>,
    answering: Arc<Semaphore>,
}

impl Streams {
    pub(super) fn new(server: Arc<Server>, tls: Option<TlsAcceptor>) -> Self {
        Self { server, tls, answering: Arc::new(Semaphore::new(ANSWERING_MAX)) }
    }

    /// Accepts connections and answers them.
    pub(super) async fn accept(self, listener: TcpListener) -> io::Result<()> {
        let (places, peers) = (Places::new(CONNECTIONS_MAX), Peers::new(CONNECTIONS_EACH_MAX));
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a DNS connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Some(counted) = peers.enter(peer.ip()) else {
                tracing::debug!(%peer, "{peer} has its share of DNS connections: one more is refused");
                continue;
            };
            let place = places.enter().await;
            let streams = self.clone();
            tokio::spawn(async move {
                let encrypted = streams.tls.is_some();
                let arrival = Arrival { peer: peer.ip(), stream: true, encrypted };
                if let Err(error) = streams.connection(stream, arrival, place).await {
                    tracing::debug!(%peer, %error, "a DNS connection ended");
                }
                drop(counted);
            });
        }
    }

    async fn connection(&self, stream: TcpStream, arrival: Arrival, mut place: Place) -> io::Result<()> {
        let first = Instant::now() + FIRST;
        let Some(tls) = &self.tls else { return self.queries(stream, arrival, place, first).await };
        let shaken = tokio::select! {
            shaken = tokio::time::timeout_at(first, tls.accept(stream)) => shaken,
            () = place.lost() => return Ok(()),
        };
        match shaken {
            Ok(stream) => self.queries(stream?, arrival, place, first).await,
            Err(_) => Ok(()),
        }
    }

    /// Answers one query after the other.
    async fn queries(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        arrival: Arrival,
        mut place: Place,
        mut until: Instant,
    ) -> io::Result<()> {
        loop {
            let asked = async {
                let Some(query) = query(&mut stream).await? else { return Ok(None) };
                let permit = Arc::clone(&self.answering).acquire_owned().await.map_err(io::Error::other)?;
                Ok::<_, io::Error>(Some((query, permit)))
            };
            let asked = tokio::select! {
                asked = tokio::time::timeout_at(until, asked) => asked,
                () = place.lost() => return Ok(()),
            };
            let Ok(asked) = asked else { return Ok(()) };
            let Some((query, permit)) = asked? else { return Ok(()) };
            place.answering().map_err(io::Error::other)?;
            let standing = self.answer(query, &mut stream, arrival).await?;
            drop(permit);
            if standing == Standing::Stranger {
                return tokio::time::timeout(WRITE, stream.shutdown()).await?;
            }
            place.answered();
            until = Instant::now() + IDLE;
        }
    }

    async fn answer(
        &self,
        query: Vec<u8>,
        stream: &mut (impl AsyncWrite + Unpin),
        arrival: Arrival,
    ) -> io::Result<Standing> {
        let (send, mut messages) = mpsc::channel::<Vec<u8>>(MESSAGES_AHEAD);
        let server = Arc::clone(&self.server);
        // It ends when the client has gone: nobody takes its messages then.
        let answering = tokio::task::spawn_blocking(move || {
            server.answer(query, arrival, &mut |message| send.blocking_send(message).is_ok())
        });
        while let Some(message) = messages.recv().await {
            let length = u16::try_from(message.len()).map_err(io::Error::other)?;
            let mut framed = Vec::with_capacity(message.len() + 2);
            framed.extend_from_slice(&length.to_be_bytes());
            framed.extend_from_slice(&message);
            tokio::time::timeout(WRITE, stream.write_all(&framed)).await??;
        }
        tokio::time::timeout(WRITE, stream.flush()).await??;
        answering.await.map_err(io::Error::other)
    }
}

/// The next query (RFC 1035, 4.2.2); nothing when the client has closed, or says that it is longer than any query is.
async fn query(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let length = match stream.read_u16().await {
        Ok(length) => usize::from(length),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > QUERY_BYTES_MAX {
        tracing::debug!(length, "a DNS query is longer than {QUERY_BYTES_MAX} bytes");
        return Ok(None);
    }
    let mut query = vec![0; length];
    stream.read_exact(&mut query).await?;
    Ok(Some(query))
}
