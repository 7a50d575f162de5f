//! The DNS server: members' zones by AXFR and IXFR over TCP and TLS; SOA over UDP too.
//!
//! A query must be signed with a key of the member whose zone it is for, or come from where that member's zone may be
//! fetched without one; everything else, an unknown zone too, is REFUSED, so that nobody learns which zones there are.
//! Beside its zone, a member has a catalog zone that names it, `HANDLE._catalog.ORIGIN`, from which its servers can pick it
//! up by themselves.
//!
//! A stranger can't keep the server from its members: after an answer that is none, a connection is closed; one address
//! has a few connections; and a datagram waits for no other, or is dropped when too many are being answered, as resolvers
//! ask again.
//!
//! Source: RFC 1035 (4.2.2), RFC 1995 (IXFR), RFC 5936 (AXFR), RFC 7766 (TCP), RFC 8945 (TSIG), RFC 9103 (transfers over TLS),
//! RFC 9432 (catalog zones).

mod query;
mod writer;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

use super::peers::Peers;
use crate::gather::Deliver;

pub(crate) use query::{key_of, time_of};

/// Connections at a time; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 100;
/// Connections at a time from one address; one more is closed at once. A secondary transfers some zones side by side.
const CONNECTIONS_EACH_MAX: usize = 20;
/// Datagrams that are answered at a time; one more is dropped.
const DATAGRAMS_MAX: usize = 64;
/// Time for the first query of a connection: a client opens one because it has something to ask.
const FIRST: Duration = Duration::from_secs(10);
/// Time without a query after which a connection is closed (RFC 7766, 6.2.3).
const IDLE: Duration = Duration::from_secs(30);
/// Time in which a client must take a message.
const WRITE: Duration = Duration::from_secs(30);
/// Messages of a transfer that wait for the client to take them.
const MESSAGES_AHEAD: usize = 8;
/// Longest query over UDP, in bytes.
const DATAGRAM_BYTES_MAX: usize = 4_096;

/// What the server answers from.
pub struct Server {
    /// Makes the zones.
    pub deliver: Arc<Deliver>,
    /// The name under which zones stand, such as `rpz.bongsu`.
    pub origin: String,
    /// Whether it serves over TLS as well.
    pub over_tls: bool,
}

/// How a query came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// From which address.
    pub peer: IpAddr,
    /// Over a connection, and not as a datagram.
    pub stream: bool,
    /// Over TLS, or to the port where TLS is spoken.
    pub encrypted: bool,
}

/// Whether a client has shown that it gets a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Secondary,
    Stranger,
}

impl Server {
    /// Serves over TCP and UDP until the sockets fail.
    ///
    /// # Errors
    /// When a socket can't be used any more.
    pub async fn run(self: Arc<Self>, tcp: TcpListener, udp: UdpSocket) -> io::Result<()> {
        tokio::try_join!(Arc::clone(&self).accept(tcp, None), self.datagrams(udp, false)).map(|_| ())
    }

    /// Serves over TLS (RFC 7858, RFC 9103) until a socket fails; `acceptor` is to offer the protocol `dot`. Datagrams on the same
    /// port are answered with serials of what goes over TLS: Unbound asks there first, before it opens a connection.
    ///
    /// # Errors
    /// When a socket can't be used any more.
    pub async fn run_tls(
        self: Arc<Self>,
        tcp: TcpListener,
        udp: UdpSocket,
        acceptor: TlsAcceptor,
    ) -> io::Result<()> {
        tokio::try_join!(Arc::clone(&self).accept(tcp, Some(acceptor)), self.datagrams(udp, true)).map(|_| ())
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, tls: Option<TlsAcceptor>) -> io::Result<()> {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let peers = Peers::new(CONNECTIONS_EACH_MAX);
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return Ok(()) };
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a DNS connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some(counted) = peers.enter(peer.ip()) else {
                tracing::debug!(%peer, "{peer} has its share of DNS connections: one more is refused");
                continue;
            };
            let (server, tls) = (Arc::clone(&self), tls.clone());
            tokio::spawn(async move {
                let arrival = Arrival { peer: peer.ip(), stream: true, encrypted: tls.is_some() };
                let ended = match tls {
                    None => server.connection(stream, arrival).await,
                    Some(tls) => match tokio::time::timeout(FIRST, tls.accept(stream)).await {
                        Ok(Ok(stream)) => server.connection(stream, arrival).await,
                        Ok(Err(error)) => Err(error),
                        Err(_) => Ok(()),
                    },
                };
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "a DNS connection ended");
                }
                drop((permit, counted));
            });
        }
    }

    async fn connection(
        self: Arc<Self>,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        arrival: Arrival,
    ) -> io::Result<()> {
        let mut patience = FIRST;
        loop {
            let Ok(length) = tokio::time::timeout(patience, stream.read_u16()).await else { return Ok(()) };
            let mut query = vec![0; usize::from(length?)];
            tokio::time::timeout(patience, stream.read_exact(&mut query)).await??;
            let (send, mut messages) = mpsc::channel::<Vec<u8>>(MESSAGES_AHEAD);
            let server = Arc::clone(&self);
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
            stream.flush().await?;
            if answering.await.map_err(io::Error::other)? == Standing::Stranger {
                return stream.shutdown().await;
            }
            patience = IDLE;
        }
    }

    async fn datagrams(self: Arc<Self>, socket: UdpSocket, encrypted: bool) -> io::Result<()> {
        let (socket, room) = (Arc::new(socket), Arc::new(Semaphore::new(DATAGRAMS_MAX)));
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            let (length, peer) = match socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                // An ICMP error of an earlier answer; the socket goes on.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error),
            };
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                tracing::debug!(%peer, "a DNS datagram was dropped: {DATAGRAMS_MAX} are being answered");
                continue;
            };
            let query = buffer.get(..length).unwrap_or_default().to_vec();
            let (server, socket) = (Arc::clone(&self), Arc::clone(&socket));
            tokio::spawn(async move {
                server.datagram(query, &socket, peer, encrypted).await;
                drop(permit);
            });
        }
    }

    async fn datagram(
        self: Arc<Self>,
        query: Vec<u8>,
        socket: &UdpSocket,
        peer: SocketAddr,
        encrypted: bool,
    ) {
        let arrival = Arrival { peer: peer.ip(), stream: false, encrypted };
        let answers = tokio::task::spawn_blocking(move || self.answers(query, arrival)).await;
        if let Some(answer) = answers.unwrap_or_default().first()
            && let Err(error) = socket.send_to(answer, peer).await
        {
            tracing::debug!(%peer, %error, "a DNS answer could not be sent");
        }
    }

    /// The messages that answer a query; none for what is no query at all.
    #[must_use]
    pub fn answers(&self, query: Vec<u8>, arrival: Arrival) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        self.answer(query, arrival, &mut |message| {
            messages.push(message);
            true
        });
        messages
    }
}
