//! The DNS server: members' zones by AXFR and IXFR over TCP and TLS; SOA over UDP too.
//!
//! A query must be signed with a key of the member whose zone it is for, or come from where that member's zone may be
//! fetched without one; everything else, an unknown zone too, is REFUSED, so that nobody learns which zones there are.
//! Beside its zone, a member has a catalog zone that names it, `HANDLE._catalog.ORIGIN`, from which its servers can pick it
//! up by themselves.
//!
//! A stranger can't keep the server from its members: after an answer that is none, a connection is closed; one address
//! has a few connections, and one that has asked nothing gives way to one that comes later; and a datagram waits for no
//! other, or is dropped when too many are being answered, as resolvers ask again. Who is refused a transfer is logged.
//!
//! Source: RFC 1035 (4.2.2), RFC 1995 (IXFR), RFC 5936 (AXFR), RFC 7766 (TCP), RFC 8945 (TSIG), RFC 9103 (transfers over TLS),
//! RFC 9432 (catalog zones).

mod counts;
mod query;
mod refusals;
mod signature;
mod stream;
mod writer;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::gather::Deliver;
use counts::Counts;
use refusals::Refusals;
use signature::Seen;
use stream::Streams;

pub(crate) use query::{key_of, time_of};

/// Datagrams that are answered at a time; one more is dropped.
const DATAGRAMS_MAX: usize = 64;
/// Longest query, in bytes: one question, a serial, a signature.
const QUERY_BYTES_MAX: usize = 4_096;

/// What the server answers from.
pub struct Server {
    /// Makes the zones.
    pub deliver: Arc<Deliver>,
    /// The name under which zones stand, such as `rpz.bongsu`.
    pub origin: String,
    /// Whether it serves over TLS as well.
    pub over_tls: bool,
    seen: Seen,
    refusals: Refusals,
    counts: Counts,
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
    /// Answers from `deliver` under `origin`, such as `rpz.bongsu`.
    #[must_use]
    pub fn new(deliver: Arc<Deliver>, origin: String, over_tls: bool) -> Self {
        Self {
            deliver,
            origin,
            over_tls,
            seen: Seen::default(),
            refusals: Refusals::default(),
            counts: Counts::default(),
        }
    }

    /// How many queries were answered how since the start: whole zones, differences, serials alone (which is also what a server gets
    /// that has all), and refusals.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, u64); 4] {
        self.counts.now()
    }

    /// Serves over TCP and UDP until the sockets fail.
    ///
    /// # Errors
    /// When a socket can't be used any more.
    pub async fn run(self: Arc<Self>, tcp: TcpListener, udp: UdpSocket) -> io::Result<()> {
        tokio::try_join!(Streams::new(Arc::clone(&self), None).accept(tcp), self.datagrams(udp, false))
            .map(|_| ())
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
        tokio::try_join!(
            Streams::new(Arc::clone(&self), Some(acceptor)).accept(tcp),
            self.datagrams(udp, true)
        )
        .map(|_| ())
    }

    async fn datagrams(self: Arc<Self>, socket: UdpSocket, encrypted: bool) -> io::Result<()> {
        let (socket, room) = (Arc::new(socket), Arc::new(Semaphore::new(DATAGRAMS_MAX)));
        let mut buffer = vec![0; QUERY_BYTES_MAX];
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
