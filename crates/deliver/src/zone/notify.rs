//! Tells members' servers at once that their zones have changed.
//!
//! One thread follows the lines: whenever one grows, and once a second for what time alone changes, it brings the zones of
//! those members up to date who want to be told, and where a serial has changed, each of the member's servers is sent a
//! NOTIFY, signed with the member's key if it has one and the server takes signed ones. A server that does not answer is asked
//! again with growing patience; meanwhile only the newest serial counts. A server that stays silent finds the change itself when it refreshes.
//!
//! Source: RFC 1996.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::base::iana::{Class, Opcode, Rcode, Rtype};
use domain::base::{Message, MessageBuilder, Name};
use domain::tsig::{ClientTransaction, Key};
use policy::{Level, MemberId};
use tokio::net::UdpSocket;
use tokio::sync::watch;

use super::name_of;
use super::server::{Server, key_of, time_of};
use crate::gather::DeliverError;

/// How often zones are looked at though no line has grown: validity ends, confidence fades, trials end.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Waits for an answer, one for each attempt. Source: RFC 1996, 3.6: not more than a few, with back-off.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
];

/// A server that is to be told, and of whose zone.
type Told = (MemberId, SocketAddr);

/// A zone's newest serials: as it goes without encryption, and over TLS.
type Serials = (u32, Option<u32>);

/// Follows the lines until `stop` is set, and tells servers by tasks of `runtime`. Blocks: run it on a thread of its own.
pub fn follow(server: &Arc<Server>, runtime: &tokio::runtime::Handle, stop: &AtomicBool) {
    let (mut tellers, mut grown) = (HashMap::<Told, watch::Sender<Serials>>::new(), 0);
    while !stop.load(Ordering::Relaxed) {
        let book = server.deliver.gate.book();
        let mut wanted: HashMap<Told, Option<Serials>> = HashMap::new();
        let gives = server.deliver.gives_zones();
        let wants = |member: &&policy::Member| gives && !member.ended && member.level >= Level::Block;
        for member in book.members().filter(wants).filter(|member| !member.zone.notify.is_empty()) {
            let serials = match serials(server, member.id) {
                Ok(serials) => Some(serials),
                Err(error) => {
                    tracing::error!(member = member.handle, %error, "a zone could not be made; tried again");
                    None
                }
            };
            wanted.extend(member.zone.notify.iter().map(|address| ((member.id, *address), serials)));
        }
        // A task ends when nobody gives it serials any more.
        tellers.retain(|told, _| wanted.contains_key(told));
        for (told, serials) in wanted {
            let Some(serials) = serials else { continue };
            let teller = tellers.entry(told).or_insert_with(|| {
                let (sender, receiver) = watch::channel(serials);
                runtime.spawn(tell(Arc::clone(server), told, receiver));
                sender
            });
            teller.send_if_modified(|known| std::mem::replace(known, serials) != serials);
        }
        grown = server.deliver.gate.store().wait_for_growth_as("zones", grown, LOOK_EVERY);
    }
}

fn serials(server: &Server, member: MemberId) -> Result<Serials, DeliverError> {
    let serial = |encrypted| server.deliver.zone(member, encrypted).map(|zone| zone.serial);
    Ok((serial(false)?, if server.over_tls { Some(serial(true)?) } else { None }))
}

/// Tells one server of each serial, the newest first; what it was at the start too, since nobody knows what the server has.
async fn tell(server: Arc<Server>, (member, address): Told, mut serials: watch::Receiver<Serials>) {
    // A server that knows no keys takes a signed message for a malformed one.
    let mut sign = true;
    loop {
        serials.borrow_and_update();
        let mut told = false;
        for patience in PATIENCE {
            let mut answer = attempt(&server, member, address, sign, patience).await;
            if answer.as_ref().is_ok_and(|code| *code != Rcode::NOERROR) {
                answer = attempt(&server, member, address, !sign, patience).await;
                sign ^= answer.as_ref().is_ok_and(|code| *code == Rcode::NOERROR);
            }
            match answer {
                Ok(code) => {
                    told = true;
                    if code != Rcode::NOERROR {
                        tracing::warn!(%address, %code, "a member's DNS server does not want to be told of its zone");
                    }
                    break;
                }
                Err(error) => {
                    tracing::debug!(%address, %error, "a server was not told of its zone");
                    // Silence has taken its time already; a port that nobody listens on says so at once.
                    if !matches!(error, NotTold::Silent(_)) {
                        tokio::time::sleep(patience).await;
                    }
                }
            }
            match serials.has_changed() {
                Ok(false) => {}
                Ok(true) => break,
                Err(_) => return,
            }
        }
        if !told && !serials.has_changed().unwrap_or(true) {
            tracing::warn!(%address, "a member's DNS server does not answer when it is told that its zone has changed");
        }
        if serials.changed().await.is_err() {
            return;
        }
    }
}

/// Why a server was not told.
#[derive(Debug, thiserror::Error)]
enum NotTold {
    #[error("the message can't be written")]
    Unwritten,
    #[error(transparent)]
    Socket(#[from] std::io::Error),
    #[error("no answer within {0:?}")]
    Silent(Duration),
}

/// Sends one NOTIFY and waits for its answer; gives the answer's code.
async fn attempt(
    server: &Server,
    member: MemberId,
    address: SocketAddr,
    sign: bool,
    patience: Duration,
) -> Result<Rcode, NotTold> {
    let local =
        if address.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((local, 0)).await?;
    socket.connect(address).await?;
    let (message, id) = message(server, member, sign).ok_or(NotTold::Unwritten)?;
    socket.send(&message).await?;
    let answered = async {
        let mut buffer = vec![0; 4_096];
        loop {
            let length = socket.recv(&mut buffer).await?;
            let answer = Message::from_octets(buffer.get(..length).unwrap_or_default());
            if let Ok(answer) = answer
                && answer.header().qr()
                && answer.header().id() == id
            {
                return Ok(answer.header().rcode());
            }
        }
    };
    tokio::time::timeout(patience, answered).await.map_err(|_| NotTold::Silent(patience))?
}

/// The NOTIFY with its id. It names no serial (RFC 1996, 3.7, leaves that open): the server asks for the one of the way on
/// which it has the zone.
fn message(server: &Server, member: MemberId, sign: bool) -> Option<(Vec<u8>, u16)> {
    let (book, now) = (server.deliver.gate.book(), (server.deliver.now)());
    let apex: Name<Vec<u8>> = name_of(&book.member(member)?.handle, &server.origin).parse().ok()?;
    let mut question = MessageBuilder::new_vec().question();
    // All that it guards against is an old answer taken for a new one.
    let id = RandomState::new().hash_one(now) as u16;
    question.header_mut().set_id(id);
    question.header_mut().set_opcode(Opcode::NOTIFY);
    question.header_mut().set_aa(true);
    question.push((&apex, Rtype::SOA, Class::IN)).ok()?;
    let mut additional = question.additional();
    if let Some(key) = key_of(&book, member, now).filter(|_| sign) {
        ClientTransaction::<Arc<Key>>::request(Arc::new(key), &mut additional, time_of(now)).ok()?;
    }
    Some((additional.finish(), id))
}
