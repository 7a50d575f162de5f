//! Tells members' servers at once that their zones have changed.
//!
//! One thread follows the lines: whenever one grows, and once a second for what time alone changes, it brings the zones of
//! those members up to date who want to be told, and where a serial has changed, each of the member's servers is sent a
//! NOTIFY, signed with the member's key if it has one. A server that does not answer is asked again with growing patience;
//! meanwhile only the newest serial counts. A server that stays silent finds the change itself when it refreshes.
//!
//! Source: RFC 1996.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::base::iana::{Class, Opcode, Rtype};
use domain::base::{Message, MessageBuilder, Name, Serial, Ttl};
use domain::rdata::Soa;
use domain::rdata::tsig::Time48;
use domain::tsig::{ClientTransaction, Key};
use policy::{Level, MemberId};
use tokio::net::UdpSocket;
use tokio::sync::watch;

use super::server::{Server, key_of};
use super::{EXPIRE_S, REFRESH_S, TTL_S};

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

/// A zone's newest serial, for the task that tells one server.
struct Teller {
    serial: watch::Sender<u32>,
}

/// Follows the lines until `stop` is set, and tells servers by tasks of `runtime`. Blocks: run it on a thread of its own.
pub fn follow(server: &Arc<Server>, runtime: &tokio::runtime::Handle, stop: &AtomicBool) {
    let (mut tellers, mut grown) = (HashMap::<Told, Teller>::new(), 0);
    while !stop.load(Ordering::Relaxed) {
        let book = server.deliver.gate.book();
        let mut wanted: HashMap<Told, Option<u32>> = HashMap::new();
        let wants = |member: &&policy::Member| !member.ended && member.level >= Level::Block;
        for member in book.members().filter(wants).filter(|member| !member.zone.notify.is_empty()) {
            let serial = match server.deliver.zone(member.id, false) {
                Ok(zone) => Some(zone.serial),
                Err(error) => {
                    tracing::error!(member = member.handle, %error, "a zone could not be made; tried again");
                    None
                }
            };
            wanted.extend(member.zone.notify.iter().map(|address| ((member.id, *address), serial)));
        }
        // A teller ends when nobody gives it serials any more.
        tellers.retain(|told, _| wanted.contains_key(told));
        for (told, serial) in wanted {
            let Some(serial) = serial else { continue };
            let teller = tellers.entry(told).or_insert_with(|| {
                let (sender, receiver) = watch::channel(serial);
                runtime.spawn(tell(Arc::clone(server), told, receiver));
                Teller { serial: sender }
            });
            teller.serial.send_if_modified(|known| std::mem::replace(known, serial) != serial);
        }
        grown = server.deliver.gate.store().wait_for_growth(grown, LOOK_EVERY);
    }
}

/// Tells one server of each serial, the newest first; what it was at the start too, since nobody knows what the server has.
async fn tell(server: Arc<Server>, (member, address): Told, mut serials: watch::Receiver<u32>) {
    loop {
        let serial = *serials.borrow_and_update();
        let mut told = false;
        for patience in PATIENCE {
            match attempt(&server, member, address, serial, patience).await {
                Ok(()) => {
                    told = true;
                    break;
                }
                Err(error) => tracing::debug!(%address, %error, serial, "a server was not told of its zone"),
            }
            match serials.has_changed() {
                Ok(false) => {}
                Ok(true) => break,
                Err(_) => return,
            }
        }
        if !told && !serials.has_changed().unwrap_or(true) {
            tracing::warn!(%address, serial, "a member's DNS server does not answer when it is told that its zone has changed");
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

/// Sends one NOTIFY and waits for its answer.
async fn attempt(
    server: &Server,
    member: MemberId,
    address: SocketAddr,
    serial: u32,
    patience: Duration,
) -> Result<(), NotTold> {
    let local =
        if address.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((local, 0)).await?;
    socket.connect(address).await?;
    let (message, id) = message(server, member, serial).ok_or(NotTold::Unwritten)?;
    socket.send(&message).await?;
    let answered = async {
        let mut buffer = vec![0; 4_096];
        loop {
            let length = socket.recv(&mut buffer).await?;
            let answer = Message::from_octets(buffer.get(..length).unwrap_or_default());
            // Its code does not matter: who refuses it was told as well, and asking again would change nothing.
            if answer.is_ok_and(|answer| answer.header().qr() && answer.header().id() == id) {
                return Ok(());
            }
        }
    };
    tokio::time::timeout(patience, answered).await.map_err(|_| NotTold::Silent(patience))?
}

/// The NOTIFY with its id (RFC 1996, 3.7: the new SOA stands in the answer section, as a hint).
fn message(server: &Server, member: MemberId, serial: u32) -> Option<(Vec<u8>, u16)> {
    let (book, now) = (server.deliver.gate.book(), (server.deliver.now)());
    let apex: Name<Vec<u8>> = format!("{}.{}.", book.member(member)?.handle, server.origin).parse().ok()?;
    let mut question = MessageBuilder::new_vec().question();
    // All that it guards against is an old answer taken for a new one.
    let id = RandomState::new().hash_one(serial) as u16;
    question.header_mut().set_id(id);
    question.header_mut().set_opcode(Opcode::NOTIFY);
    question.header_mut().set_aa(true);
    question.push((&apex, Rtype::SOA, Class::IN)).ok()?;
    let mut answer = question.answer();
    let (local, mailbox): (Name<Vec<u8>>, Name<Vec<u8>>) =
        ("localhost.".parse().ok()?, "hostmaster.localhost.".parse().ok()?);
    let ttl = Ttl::from_secs;
    let soa =
        Soa::new(local, mailbox, Serial(serial), ttl(REFRESH_S), ttl(REFRESH_S), ttl(EXPIRE_S), ttl(TTL_S));
    answer.push((&apex, Class::IN, ttl(TTL_S), soa)).ok()?;
    let mut additional = answer.additional();
    if let Some(key) = key_of(&book, member, now) {
        let seconds = u64::try_from(now.seconds()).unwrap_or_default() & 0x0000_ffff_ffff_ffff;
        ClientTransaction::<Arc<Key>>::request(Arc::new(key), &mut additional, Time48::from_u64(seconds))
            .ok()?;
    }
    Some((additional.finish(), id))
}
