//! Zones over the years and over the network: serials that never go back, and strangers that don't get in the way.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bongsu_deliver::Deliver;
use bongsu_deliver::zone::server::{Arrival, Server};
use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::message_builder::AdditionalBuilder;
use domain::base::{Message, MessageBuilder, Name, Serial, Ttl};
use domain::rdata::tsig::Time48;
use domain::rdata::{Cname, Soa};
use domain::tsig::{Algorithm, ClientTransaction, Key};
use gate::{Gate, NodeKey, Submission};
use line::{Options, Store};
use policy::{Circle, CircleId, Credential, CredentialKind, Entry, Level, Member, MemberId, Terms};
use serde_json::json;
use stix::Timestamp;
use uuid::Uuid;

const MEMBER: MemberId = MemberId::new(Uuid::from_u128(1));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(3));
const KEY: &str = "port.key";
const SECRET: [u8; 32] = [9; 32];
const WAIT: Duration = Duration::from_secs(20);

/// A clock that a test sets.
#[derive(Clone)]
struct Clock(Arc<AtomicI64>);

impl Clock {
    fn at(text: &str) -> Self {
        Self(Arc::new(AtomicI64::new(Timestamp::parse(text).unwrap().micros())))
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

fn open(dir: &Path, clock: &Clock) -> Gate {
    let store_clock = clock.clone();
    let store = Store::open(dir, &Options::default(), Arc::new(move || store_clock.now().micros())).unwrap();
    Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap()
}

fn deliver(gate: &Gate, clock: &Clock) -> Deliver {
    let clock = clock.clone();
    Deliver::new(gate.clone(), None, "tower.test".to_owned(), Arc::new(move || clock.now()))
}

/// One member alone in a circle, with a key.
fn set_up(gate: &Gate, clock: &Clock) {
    let member = Member { name: "Port".to_owned(), level: Level::Exchange, ..Member::new(MEMBER, "port") };
    let circle =
        Circle { title: "Region".to_owned(), members: vec![MEMBER], ..Circle::new(CIRCLE, "region") };
    let key = Credential {
        id: Uuid::from_u128(4),
        member: Some(MEMBER),
        created: clock.now(),
        expires: None,
        revoked: false,
        person: None,
        scopes: None,
        kind: CredentialKind::Tsig {
            name: KEY.to_owned(),
            algorithm: "hmac-sha256".to_owned(),
            secret: SECRET.to_vec(),
        },
    };
    for entry in [Entry::Member(member), Entry::Circle(circle), Entry::Credential(key)] {
        gate.record(MemberId::NODE, entry).unwrap();
    }
}

fn share(gate: &Gate, clock: &Clock, number: u128) {
    let raw = json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--{}", Uuid::from_u128(number)),
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "pattern": format!("[domain-name:value = 'evil-{number}-k3.top']"), "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z", "confidence": 80,
    })
    .to_string();
    let object = Submission { head: stix::read_head(&raw).unwrap(), raw };
    gate.submit(MEMBER, CIRCLE, &Terms::default(), vec![object], clock.now()).unwrap();
}

fn serial(deliver: &Deliver) -> u32 {
    let zone = String::from_utf8(deliver.zone_file(MEMBER, true).unwrap().body.to_vec()).unwrap();
    let soa = zone.lines().find(|line| line.contains(" SOA ")).unwrap();
    soa.split_whitespace().nth(4).unwrap().parse().unwrap()
}

/// A secondary keeps a zone whose serial is later, so a clock that had been ahead froze every zone until it was caught up.
#[test]
fn a_serial_never_goes_back_though_the_clock_does() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::at("2027-03-01T00:00:00Z");
    let mut last = {
        let gate = open(dir.path(), &clock);
        set_up(&gate, &clock);
        share(&gate, &clock, 10);
        let deliver = deliver(&gate, &clock);
        let first = serial(&deliver);
        assert_eq!(i64::from(first), clock.now().seconds());
        share(&gate, &clock, 11);
        let second = serial(&deliver);
        assert!(second > first);
        assert_eq!(serial(&deliver), second, "it stays while nothing changes");
        second
    };
    for (time, number) in [("2026-09-01T00:00:00Z", 12), ("2026-09-01T00:00:01Z", 13)] {
        clock.0.store(Timestamp::parse(time).unwrap().micros(), Ordering::SeqCst);
        let gate = open(dir.path(), &clock);
        let deliver = deliver(&gate, &clock);
        let restarted = serial(&deliver);
        assert!(restarted > last, "{restarted} after {last}");
        share(&gate, &clock, number);
        last = serial(&deliver);
        assert!(last > restarted, "{last} after {restarted}");
    }
}

#[test]
fn what_outlives_a_restart_is_seldom_written() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::at("2026-09-01T00:00:00Z");
    let gate = open(dir.path(), &clock);
    set_up(&gate, &clock);
    let deliver = deliver(&gate, &clock);
    let book = |number| {
        share(&gate, &clock, number);
        clock.0.fetch_add(1_000_000, Ordering::SeqCst);
        serial(&deliver);
        gate.book()
    };
    let first = book(100);
    for number in 101..120 {
        assert!(Arc::ptr_eq(&first, &book(number)), "one entry is enough for minutes of changes");
    }
}

/// The serials of the answer to an IXFR, and how many rules come with it.
fn difference(deliver: &Arc<Deliver>, held: u32) -> (u32, usize) {
    let server = Server::new(Arc::clone(deliver), "rpz.test".to_owned(), false);
    let name: Name<Vec<u8>> = "port.rpz.test".parse().unwrap();
    let mut question = MessageBuilder::new_vec().question();
    question.push((&name, Rtype::IXFR, Class::IN)).unwrap();
    let mut authority = question.authority();
    let (root, zero) = (Name::<Vec<u8>>::root_vec(), Ttl::from_secs(0));
    let soa = Soa::new(root.clone(), root, Serial(held), zero, zero, zero, zero);
    authority.push((&name, Class::IN, zero, soa)).unwrap();
    let key = Key::new(Algorithm::Sha256, &SECRET, KEY.parse().unwrap(), None, None).unwrap();
    let mut message = authority.additional();
    let time = Time48::from_u64(u64::try_from((deliver.now)().seconds()).unwrap());
    ClientTransaction::request(Arc::new(key), &mut message, time).unwrap();
    let peer = "192.0.2.1".parse().unwrap();
    let answers = server.answers(message.finish(), Arrival { peer, stream: true, encrypted: false });
    let answer = Message::from_octets(answers.into_iter().next().unwrap()).unwrap();
    let first = answer.answer().unwrap().limit_to::<Soa<_>>().next().unwrap().unwrap();
    let rules = answer.answer().unwrap().limit_to::<Cname<_>>().count();
    (first.data().serial().into_int(), rules)
}

#[test]
fn after_a_restart_a_secondary_still_takes_what_has_changed_alone() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::at("2026-09-01T00:00:00Z");
    let begin = || {
        let gate = open(&dir.path().join("data"), &clock);
        Arc::new(deliver(&gate, &clock).keeping(dir.path().join("zones")))
    };
    let node = begin();
    set_up(&node.gate, &clock);
    (1..=50).for_each(|number| share(&node.gate, &clock, number));
    let (held, all) = difference(&node, 1);
    assert_eq!(all, 100, "who has something unknown takes all");
    share(&node.gate, &clock, 51);
    let (second, rules) = difference(&node, held);
    assert!(second > held && rules == 2, "{second} after {held}: {rules}");
    drop(node);

    let node = begin();
    let (third, rules) = difference(&node, second);
    assert!(third > second && rules == 0, "nothing has changed but the serial: {rules}");
    assert_eq!(difference(&node, held), (third, 2), "older serials are known too");
    share(&node.gate, &clock, 52);
    assert_eq!(difference(&node, third).1, 2);
    drop(node);

    // While it is not served, the zone changes.
    let gate = open(&dir.path().join("data"), &clock);
    share(&gate, &clock, 53);
    drop(gate);
    let node = begin();
    assert_eq!(difference(&node, third).1, 4);
    drop(node);

    // A file that is lost or damaged costs a whole transfer, and nothing else.
    for file in std::fs::read_dir(dir.path().join("zones")).unwrap() {
        std::fs::write(file.unwrap().path(), "bongsu zone 1\nrules false .\n+domain").unwrap();
    }
    let node = begin();
    let (last, rules) = difference(&node, third);
    assert!(last > third && rules == 106, "{rules}");
}

/// A server on this machine.
struct Serving {
    address: SocketAddr,
    _dir: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

/// Serves the member's zone; `now` is asked once for each query.
fn serve(now: impl Fn(Timestamp) -> Timestamp + Send + Sync + 'static) -> Serving {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::at("2026-09-01T00:00:00Z");
    let gate = open(dir.path(), &clock);
    set_up(&gate, &clock);
    share(&gate, &clock, 10);
    let deliver = Deliver::new(gate, None, "tower.test".to_owned(), Arc::new(move || now(clock.now())));
    let server = Arc::new(Server::new(Arc::new(deliver), "rpz.test".to_owned(), false));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (tcp, udp) = runtime.block_on(async {
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let udp = tokio::net::UdpSocket::bind(tcp.local_addr().unwrap()).await.unwrap();
        (tcp, udp)
    });
    let address = tcp.local_addr().unwrap();
    runtime.spawn(server.run(tcp, udp));
    Serving { address, _dir: dir, _runtime: runtime }
}

fn question(name: &str, kind: Rtype) -> AdditionalBuilder<Vec<u8>> {
    let name: Name<Vec<u8>> = name.parse().unwrap();
    let mut question = MessageBuilder::new_vec().question();
    question.header_mut().set_id(7);
    question.push((name, kind, Class::IN)).unwrap();
    question.additional()
}

fn unsigned(kind: Rtype) -> Vec<u8> {
    question("port.rpz.test", kind).finish()
}

fn signed(kind: Rtype) -> Vec<u8> {
    signed_about("port.rpz.test", kind)
}

fn signed_about(name: &str, kind: Rtype) -> Vec<u8> {
    let key = Key::new(Algorithm::Sha256, &SECRET, KEY.parse().unwrap(), None, None).unwrap();
    let time = u64::try_from(Timestamp::parse("2026-09-01T00:00:00Z").unwrap().seconds()).unwrap();
    let mut message = question(name, kind);
    ClientTransaction::request(Arc::new(key), &mut message, Time48::from_u64(time)).unwrap();
    message.finish()
}

fn connect(serving: &Serving) -> TcpStream {
    let stream = TcpStream::connect(serving.address).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    stream
}

/// The code of the answer; `None` when the connection is closed instead.
fn ask(stream: &mut TcpStream, query: &[u8]) -> Option<Rcode> {
    let framed = [&u16::try_from(query.len()).unwrap().to_be_bytes(), query].concat();
    stream.write_all(&framed).ok()?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).unwrap();
    Some(Message::from_octets(answer).unwrap().header().rcode())
}

#[test]
fn a_secondary_may_ask_again_and_a_stranger_is_answered_once() {
    let serving = serve(|now| now);
    let mut secondary = connect(&serving);
    for kind in [Rtype::SOA, Rtype::AXFR, Rtype::SOA] {
        assert_eq!(ask(&mut secondary, &signed(kind)), Some(Rcode::NOERROR), "{kind}");
    }
    let mut stranger = connect(&serving);
    assert_eq!(ask(&mut stranger, &unsigned(Rtype::SOA)), Some(Rcode::REFUSED));
    assert_eq!(stranger.read(&mut [0; 1]).unwrap(), 0, "then the connection is closed");
    let mut secondary = connect(&serving);
    assert_eq!(ask(&mut secondary, &signed(Rtype::A)), Some(Rcode::REFUSED));
    assert_eq!(secondary.read(&mut [0; 1]).unwrap(), 0, "also after what failed");
}

#[test]
fn one_address_has_its_share_of_connections() {
    let serving = serve(|now| now);
    let mut silent: Vec<TcpStream> = (0..21).map(|_| connect(&serving)).collect();
    let mut last = silent.pop().unwrap();
    assert!(matches!(last.read(&mut [0; 1]), Ok(0) | Err(_)), "one over is closed at once");
    silent.pop();
    let answered = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        ask(&mut connect(&serving), &signed(Rtype::SOA)) == Some(Rcode::NOERROR)
    });
    assert!(answered, "a place that is given back can be taken");
}

/// One answer at a time: whoever made the server think held up everybody's queries.
#[test]
fn a_datagram_waits_for_no_other() {
    let (first, go_on) = (Arc::new(AtomicBool::new(true)), Arc::new((Mutex::new(false), Condvar::new())));
    let (is_first, gone_on) = (Arc::clone(&first), Arc::clone(&go_on));
    let serving = serve(move |now| {
        if is_first.swap(false, Ordering::SeqCst) {
            let (may, changed) = &*gone_on;
            let waited = changed.wait_timeout_while(may.lock().unwrap(), WAIT, |may| !*may).unwrap();
            assert!(!waited.1.timed_out());
        }
        now
    });
    let socket = || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(serving.address).unwrap();
        socket.set_read_timeout(Some(WAIT / 2)).unwrap();
        socket.send(&signed(Rtype::SOA)).unwrap();
        socket
    };
    let code = |socket: &UdpSocket| {
        let mut answer = vec![0; 4_096];
        let length = socket.recv(&mut answer).unwrap();
        answer.truncate(length);
        Message::from_octets(answer).unwrap().header().rcode()
    };
    let slow = socket();
    while first.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(code(&socket()), Rcode::NOERROR);
    *go_on.0.lock().unwrap() = true;
    go_on.1.notify_all();
    assert_eq!(code(&slow), Rcode::NOERROR);
}

/// With nothing to write there was no answer at all: over UDP the client waited, over TCP it held its connection.
#[test]
fn a_member_without_fires_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::at("2026-09-01T00:00:00Z");
    let gate = open(dir.path(), &clock);
    set_up(&gate, &clock);
    let server = Server::new(Arc::new(deliver(&gate, &clock)), "rpz.test".to_owned(), false);
    let peer = "192.0.2.1".parse().unwrap();
    let records = |stream| {
        let query = signed_about("port._fires.rpz.test", Rtype::TXT);
        let answers = server.answers(query, Arrival { peer, stream, encrypted: false });
        let [answer] = <[Vec<u8>; 1]>::try_from(answers).unwrap();
        let answer = Message::from_octets(answer).unwrap();
        let header = answer.header();
        assert_eq!((header.rcode(), header.aa(), header.tc()), (Rcode::NOERROR, true, false));
        answer.header_counts().ancount()
    };
    assert_eq!([records(false), records(true)], [1, 1]);
    let left = Circle { title: "Region".to_owned(), ..Circle::new(CIRCLE, "region") };
    gate.record(MemberId::NODE, Entry::Circle(left)).unwrap();
    assert_eq!([records(false), records(true)], [0, 0], "it is in no circle any more");
}
