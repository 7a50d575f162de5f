//! Asks a resolver about the test's names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use domain::base::iana::{Rcode, Rtype};
use domain::base::name::Name;
use domain::base::{Message, MessageBuilder};
use domain::rdata::A;
use tokio::net::UdpSocket;

use super::Names;

/// How long each try waits for an answer.
const PATIENCE: Duration = Duration::from_secs(2);
const TRIES: usize = 3;

/// What became of a name that is to be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// It was refused.
    Refused,
    /// It was answered like any other.
    LetThrough,
    /// Nothing can be said: the resolver does not answer, or not even for the name that nobody refuses.
    Unknown,
}

/// What a resolver did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probed {
    /// The test entry itself.
    pub entry: Probe,
    /// A name below it.
    pub below: Probe,
}

impl Probed {
    /// What follows from the answers for a name that nobody refuses, for the entry, and for a name below it: the address of
    /// each, if there was one. Another address than the first one's is a walled garden.
    #[must_use]
    pub fn of(allowed: Option<IpAddr>, entry: Answer, below: Answer) -> Self {
        let Some(allowed) = allowed.filter(|address| !is_nowhere(*address)) else {
            return Self { entry: Probe::Unknown, below: Probe::Unknown };
        };
        let probe = |answer: Answer| match answer {
            Answer::None => Probe::Unknown,
            Answer::No => Probe::Refused,
            Answer::Address(address) if is_nowhere(address) || address != allowed => Probe::Refused,
            Answer::Address(_) => Probe::LetThrough,
        };
        Self { entry: probe(entry), below: probe(below) }
    }
}

/// Where a name that is refused is sent to, if it is sent anywhere.
fn is_nowhere(address: IpAddr) -> bool {
    address.is_unspecified() || address.is_loopback()
}

/// What a resolver said about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing came back.
    None,
    /// That there is no address.
    No,
    /// An address.
    Address(IpAddr),
}

/// Asks `resolver` about a test's names.
pub async fn ask(resolver: SocketAddr, names: &Names) -> Probed {
    let Answer::Address(allowed) = address(resolver, &names.allow).await else {
        return Probed::of(None, Answer::None, Answer::None);
    };
    let entry = address(resolver, &names.refuse).await;
    Probed::of(Some(allowed), entry, address(resolver, &names.below).await)
}

async fn address(resolver: SocketAddr, name: &str) -> Answer {
    for _ in 0..TRIES {
        match tokio::time::timeout(PATIENCE, once(resolver, name)).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(error)) => tracing::debug!(%resolver, %error, "a resolver could not be asked"),
            Err(_) => {}
        }
    }
    Answer::None
}

async fn once(resolver: SocketAddr, name: &str) -> std::io::Result<Answer> {
    let local = match resolver {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((local, 0)).await?;
    socket.connect(resolver).await?;
    let name: Name<Vec<u8>> = format!("{name}.").parse().map_err(std::io::Error::other)?;
    let mut question = MessageBuilder::new_vec().question();
    let [high, low, ..] = uuid::Uuid::new_v4().into_bytes();
    let id = u16::from_be_bytes([high, low]);
    question.header_mut().set_id(id);
    question.header_mut().set_rd(true);
    question.push((&name, Rtype::A)).map_err(std::io::Error::other)?;
    socket.send(&question.finish()).await?;
    let mut buffer = vec![0; 4_096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let Ok(answer) = Message::from_octets(buffer.get(..length).unwrap_or_default()) else { continue };
        let is_ours =
            answer.sole_question().is_ok_and(|asked| asked.qname() == &name && asked.qtype() == Rtype::A);
        if answer.header().id() != id || !answer.header().qr() || !is_ours {
            continue;
        }
        let first = answer.answer().ok().and_then(|answer| answer.limit_to::<A>().flatten().next());
        return Ok(match (answer.header().rcode(), first) {
            (Rcode::NOERROR, Some(record)) => Answer::Address(IpAddr::V4(record.data().addr())),
            (Rcode::NOERROR | Rcode::NXDOMAIN | Rcode::REFUSED, _) => Answer::No,
            // A resolver in trouble says nothing about the name.
            _ => Answer::None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_told_from_what_is_only_not_answered() {
        let [here, other, sink] =
            ["192.0.2.1", "192.0.2.9", "0.0.0.0"].map(|text| text.parse::<IpAddr>().unwrap());
        let entry = |allowed, answer| Probed::of(allowed, answer, Answer::None).entry;
        assert_eq!(entry(Some(here), Answer::No), Probe::Refused);
        assert_eq!(entry(Some(here), Answer::Address(sink)), Probe::Refused);
        assert_eq!(entry(Some(here), Answer::Address(other)), Probe::Refused, "a walled garden");
        assert_eq!(entry(Some(here), Answer::Address(here)), Probe::LetThrough);
        assert_eq!(entry(Some(here), Answer::None), Probe::Unknown);
        assert_eq!(entry(None, Answer::No), Probe::Unknown, "the wildcard may be missing");
        assert_eq!(entry(Some(sink), Answer::No), Probe::Unknown, "all is refused there");
    }
}
