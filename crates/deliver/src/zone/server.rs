//! The DNS server: members' zones by AXFR with TSIG, over TCP; SOA over both.
//!
//! Every query must be signed with a key of the member whose zone it is for; everything else, an unknown zone too, is
//! REFUSED, so that nobody learns which zones there are. IXFR is answered with the whole zone, as RFC 1995 allows.
//!
//! A stranger can't keep the server from its members: after an answer that is none, a connection is closed; one address
//! has a few connections; and a datagram waits for no other, or is dropped when too many are being answered, as resolvers
//! ask again.
//!
//! Source: RFC 1035 (4.2.2), RFC 5936 (AXFR), RFC 8945 (TSIG), RFC 7766 (TCP).

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::base::iana::{Class, Opcode, Rcode, Rtype};
use domain::base::message_builder::{AdditionalBuilder, AnswerBuilder, PushError, TreeCompressor};
use domain::base::name::{Name, ToName};
use domain::base::{Message, MessageBuilder, Serial, Ttl};
use domain::rdata::tsig::Time48;
use domain::rdata::{Cname, Ns, Soa};
use domain::tsig::{Algorithm, Key, KeyName, ServerSequence};
use policy::{Book, CredentialKind, Level, MemberId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;

use super::peers::Peers;
use super::serial::Way;
use super::{EXPIRE_S, REFRESH_S, Rules, TTL_S};
use crate::gather::Deliver;

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
/// Bytes of a message before its TSIG; far enough below 65,535 that the signature fits.
const MESSAGE_BYTES_MAX: usize = 60_000;
/// Longest query over UDP, in bytes.
const DATAGRAM_BYTES_MAX: usize = 4_096;

/// What the server answers from.
pub struct Server {
    /// Makes the zones.
    pub deliver: Arc<Deliver>,
    /// The name under which zones stand, such as `rpz.bongsu`.
    pub origin: String,
}

/// A key and whose it is.
#[derive(Clone)]
struct Held(Arc<(Key, MemberId)>);

impl AsRef<Key> for Held {
    fn as_ref(&self) -> &Key {
        &self.0.0
    }
}

/// Whether a client has shown that it gets a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Secondary,
    Stranger,
}

struct Answer {
    messages: Vec<Vec<u8>>,
    standing: Standing,
}

impl Answer {
    /// An answer after which the connection is closed.
    fn stranger(messages: Vec<Vec<u8>>) -> Self {
        Self { messages, standing: Standing::Stranger }
    }
}

type Target = TreeCompressor<Vec<u8>>;
type Signed = ServerSequence<Held>;

impl Server {
    /// Serves until the sockets fail.
    ///
    /// # Errors
    /// When a socket can't be used any more.
    pub async fn run(self: Arc<Self>, tcp: TcpListener, udp: UdpSocket) -> io::Result<()> {
        tokio::try_join!(Arc::clone(&self).accept(tcp), self.datagrams(udp)).map(|_| ())
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) -> io::Result<()> {
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
            let server = Arc::clone(&self);
            tokio::spawn(async move {
                if let Err(error) = server.connection(stream).await {
                    tracing::debug!(%peer, %error, "a DNS connection ended");
                }
                drop((permit, counted));
            });
        }
    }

    async fn connection(self: Arc<Self>, mut stream: TcpStream) -> io::Result<()> {
        let mut patience = FIRST;
        loop {
            let Ok(length) = tokio::time::timeout(patience, stream.read_u16()).await else { return Ok(()) };
            let mut query = vec![0; usize::from(length?)];
            tokio::time::timeout(patience, stream.read_exact(&mut query)).await??;
            let server = Arc::clone(&self);
            let answer = tokio::task::spawn_blocking(move || server.answer(query, true)).await;
            let answer = answer.map_err(|error| io::Error::other(error.to_string()))?;
            for message in answer.messages {
                let length = u16::try_from(message.len()).map_err(io::Error::other)?;
                let mut framed = Vec::with_capacity(message.len() + 2);
                framed.extend_from_slice(&length.to_be_bytes());
                framed.extend_from_slice(&message);
                tokio::time::timeout(WRITE, stream.write_all(&framed)).await??;
            }
            if answer.standing == Standing::Stranger {
                return stream.shutdown().await;
            }
            patience = IDLE;
        }
    }

    async fn datagrams(self: Arc<Self>, socket: UdpSocket) -> io::Result<()> {
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
                server.datagram(query, &socket, peer).await;
                drop(permit);
            });
        }
    }

    async fn datagram(self: Arc<Self>, query: Vec<u8>, socket: &UdpSocket, peer: SocketAddr) {
        let answers = tokio::task::spawn_blocking(move || self.answers(query, false)).await;
        if let Some(answer) = answers.unwrap_or_default().first()
            && let Err(error) = socket.send_to(answer, peer).await
        {
            tracing::debug!(%peer, %error, "a DNS answer could not be sent");
        }
    }

    /// The messages that answer a query; none for what is no query at all.
    #[must_use]
    pub fn answers(&self, query: Vec<u8>, stream: bool) -> Vec<Vec<u8>> {
        self.answer(query, stream).messages
    }

    fn answer(&self, query: Vec<u8>, stream: bool) -> Answer {
        let Ok(mut message) = Message::from_octets(query) else { return Answer::stranger(Vec::new()) };
        if message.header().qr() {
            return Answer::stranger(Vec::new());
        }
        let book = self.deliver.gate.book();
        let now = (self.deliver.now)();
        let seconds = u64::try_from(now.seconds()).unwrap_or_default() & 0x0000_ffff_ffff_ffff;
        let time = Time48::from_u64(seconds);
        let mut signed = match Signed::request(&keys(&book, now), &mut message, time) {
            Ok(Some(signed)) => signed,
            Ok(None) => return Answer::stranger(failure(&message, Rcode::REFUSED, None, time)),
            Err(error) => {
                tracing::info!(error = %error.error(), "a DNS query's signature does not hold");
                let built = error.build_message(&message, builder());
                return Answer::stranger(built.map(|built| vec![octets(built)]).unwrap_or_default());
            }
        };
        if message.header().opcode() != Opcode::QUERY {
            return Answer::stranger(failure(&message, Rcode::NOTIMP, Some(&mut signed), time));
        }
        let member = signed.wrapped_key().0.1;
        match self.zone(&book, member, &message, stream, &mut signed, time) {
            Ok(messages) => Answer { messages, standing: Standing::Secondary },
            Err(rcode) => Answer::stranger(failure(&message, rcode, Some(&mut signed), time)),
        }
    }

    fn zone(
        &self,
        book: &Book,
        member: MemberId,
        message: &Message<Vec<u8>>,
        stream: bool,
        signed: &mut Signed,
        time: Time48,
    ) -> Result<Vec<Vec<u8>>, Rcode> {
        let question = message.sole_question().map_err(|_| Rcode::FORMERR)?;
        let profile = book.member(member).filter(|member| !member.ended && member.level >= Level::Block);
        let profile = profile.ok_or(Rcode::REFUSED)?;
        let apex: Name<Vec<u8>> =
            format!("{}.{}", profile.handle, self.origin).parse().map_err(|_| Rcode::SERVFAIL)?;
        if question.qclass() != Class::IN || !question.qname().name_eq(&apex) {
            return Err(Rcode::REFUSED);
        }
        let transfer = matches!(question.qtype(), Rtype::AXFR | Rtype::IXFR);
        if !transfer && question.qtype() != Rtype::SOA {
            return Err(Rcode::REFUSED);
        }
        let gathered = self.deliver.gather(member, Level::Block, false).map_err(|error| {
            tracing::error!(%error, "a zone could not be made");
            Rcode::SERVFAIL
        })?;
        let rules = Rules::of(&gathered, apex.len());
        let serial = self.deliver.serial(member, Way::Transfer, &rules).map_err(|error| {
            tracing::error!(%error, "a zone's serial could not be set aside");
            Rcode::SERVFAIL
        })?;
        let soa = soa(serial).map_err(|_| Rcode::SERVFAIL)?;
        let mut sender = Sender { message, signed, time, messages: Vec::new() };
        let written = if transfer && stream {
            sender.transfer(&apex, &soa, &rules)
        } else {
            // A transfer over UDP: the SOA alone sends the client to TCP (RFC 1995, section 2).
            sender.one(&apex, &soa)
        };
        written.map_err(|error| {
            tracing::error!(%error, "a zone could not be written");
            Rcode::SERVFAIL
        })?;
        Ok(sender.messages)
    }
}

/// The keys that hold now.
fn keys(book: &Book, now: stix::Timestamp) -> HashMap<(KeyName, Algorithm), Held> {
    let mut keys = HashMap::new();
    for credential in book.tsig_keys().filter(|credential| credential.holds(now)) {
        let (CredentialKind::Tsig { name, algorithm, secret }, Some(member)) =
            (&credential.kind, credential.member)
        else {
            continue;
        };
        let (Ok(name), Ok(algorithm)) = (name.parse::<KeyName>(), algorithm.parse::<Algorithm>()) else {
            continue;
        };
        if let Ok(key) = Key::new(algorithm, secret, name.clone(), None, None) {
            keys.insert((name, algorithm), Held(Arc::new((key, member))));
        }
    }
    keys
}

type ZoneName = Name<Vec<u8>>;
type ZoneSoa = Soa<ZoneName>;

fn soa(serial: u32) -> Result<ZoneSoa, domain::base::name::FromStrError> {
    let ttl = Ttl::from_secs;
    Ok(Soa::new(
        "localhost.".parse()?,
        "hostmaster.localhost.".parse()?,
        Serial(serial),
        ttl(REFRESH_S),
        ttl(REFRESH_S),
        ttl(EXPIRE_S),
        ttl(TTL_S),
    ))
}

/// Writes a transfer, message by message.
struct Sender<'a> {
    message: &'a Message<Vec<u8>>,
    signed: &'a mut Signed,
    time: Time48,
    messages: Vec<Vec<u8>>,
}

impl Sender<'_> {
    fn begin(&self) -> Result<AnswerBuilder<Target>, PushError> {
        let mut answer = builder().start_answer(self.message, Rcode::NOERROR)?;
        answer.header_mut().set_aa(true);
        answer.set_push_limit(MESSAGE_BYTES_MAX);
        Ok(answer)
    }

    fn end(&mut self, mut answer: AnswerBuilder<Target>) -> Result<(), PushError> {
        answer.clear_push_limit();
        let mut additional = answer.additional();
        self.signed.answer(&mut additional, self.time)?;
        self.messages.push(octets(additional));
        Ok(())
    }

    fn one(&mut self, apex: &ZoneName, soa: &ZoneSoa) -> Result<(), PushError> {
        let mut answer = self.begin()?;
        answer.push((apex, Class::IN, TTL_S, soa.clone()))?;
        self.end(answer)
    }

    fn transfer(&mut self, apex: &ZoneName, soa: &ZoneSoa, rules: &Rules) -> Result<(), PushError> {
        let mut answer = self.begin()?;
        answer.push((apex, Class::IN, TTL_S, soa.clone()))?;
        let (local, root) = (Name::<Vec<u8>>::vec_from_str("localhost."), Name::root_vec());
        if let Ok(local) = local {
            answer.push((apex, Class::IN, TTL_S, Ns::new(local)))?;
        }
        for owner in &rules.owners {
            let Ok(name) = format!("{owner}.{apex}").parse::<ZoneName>() else { continue };
            let record = (name, Class::IN, TTL_S, Cname::new(&root));
            if answer.push(record.clone()).is_err() {
                self.end(answer)?;
                answer = self.begin()?;
                answer.push(record)?;
            }
        }
        let last = (apex, Class::IN, TTL_S, soa.clone());
        if answer.push(last.clone()).is_err() {
            self.end(answer)?;
            answer = self.begin()?;
            answer.push(last)?;
        }
        self.end(answer)
    }
}

fn builder() -> MessageBuilder<Target> {
    // A fresh vector takes a header, so this does not fail.
    match MessageBuilder::from_target(TreeCompressor::new(Vec::new())) {
        Ok(builder) => builder,
        Err(never) => match never {},
    }
}

fn octets(message: AdditionalBuilder<Target>) -> Vec<u8> {
    message.finish().into_target()
}

fn failure(
    message: &Message<Vec<u8>>,
    rcode: Rcode,
    signed: Option<&mut Signed>,
    time: Time48,
) -> Vec<Vec<u8>> {
    let answer = || -> Result<Vec<u8>, PushError> {
        let mut additional = builder().start_answer(message, rcode)?.additional();
        if let Some(signed) = signed {
            signed.answer(&mut additional, time)?;
        }
        Ok(octets(additional))
    };
    answer().into_iter().collect::<Vec<_>>()
}
