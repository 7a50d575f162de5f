//! Strangers and forgers at the DNS port: each is told no more than the standards say, and members are served meanwhile.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::base::iana::{Class, Opcode, Rcode, Rtype, TsigRcode};
use domain::base::{Message, MessageBuilder, Name};
use domain::rdata::tsig::{Time48, Tsig};
use domain::tsig::{Algorithm, ClientTransaction, Key};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::certificates::{certificates, config as with_tls};
use crate::node::{Node, Serving, bundle, indicator, port, wait};
use crate::resolver::{dig, named};

const ZONE: &str = "block.rpz.bongsu";
const TIME: Duration = Duration::from_secs(60);

/// A node with one member's zone.
struct Target {
    node: Node,
    serving: Serving,
    key: String,
    secret: Vec<u8>,
    log: PathBuf,
}

impl Target {
    fn new(names: u128, environment: &[(&str, &str)]) -> Self {
        let node = Node::with_members();
        node.json(&["circle", "add", "region", "--member", "exchange", "--member", "block"]);
        let listed: Vec<_> =
            (1..=names).map(|number| indicator(number, &format!("name{number}-k3.top"))).collect();
        let file = node.file("bundle.json", bundle(&listed));
        node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
        let key = node.json(&["member", "tsig", "block"])["tsig"].clone();
        let log = node.dir.path().join("log");
        let serving = node.serve_logged(&log, environment);
        let secret = STANDARD.decode(key["secret"].as_str().unwrap()).unwrap();
        Self { node, serving, key: key["name"].as_str().unwrap().to_owned(), secret, log }
    }

    fn address(&self) -> SocketAddr {
        self.serving.dns.as_ref().unwrap().parse().unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn query(&self, kind: Rtype) -> Query {
        Query {
            kind,
            opcode: Opcode::QUERY,
            key: self.key.clone(),
            secret: self.secret.clone(),
            algorithm: Algorithm::Sha256,
            mac_bytes: None,
            later_s: 0,
        }
    }

    /// A member is answered, over UDP and over TCP.
    fn serves(&self) {
        for stream in [false, true] {
            let code = wait(TIME, || {
                let answer = self.ask(&self.query(Rtype::SOA).signed(), stream)?;
                (answer.header().rcode() == Rcode::NOERROR).then_some(())
            });
            assert!(code.is_some(), "a member is not answered any more; stream: {stream}");
        }
    }

    /// The first message of an answer.
    fn ask(&self, query: &[u8], stream: bool) -> Option<Message<Vec<u8>>> {
        let mut answer = vec![0; 65_535];
        let length = if stream {
            let mut connection = self.connect();
            connection.write_all(&framed(query)).ok()?;
            let mut length = [0; 2];
            connection.read_exact(&mut length).ok()?;
            let length = usize::from(u16::from_be_bytes(length));
            connection.read_exact(&mut answer[..length]).ok()?;
            length
        } else {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            socket.send_to(query, self.address()).unwrap();
            socket.recv(&mut answer).ok()?
        };
        answer.truncate(length);
        Message::from_octets(answer).ok()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(TIME)).unwrap();
        stream
    }
}

/// How a query is signed, rightly or not.
struct Query {
    kind: Rtype,
    opcode: Opcode,
    key: String,
    secret: Vec<u8>,
    algorithm: Algorithm,
    mac_bytes: Option<usize>,
    later_s: i64,
}

impl Query {
    fn signed(&self) -> Vec<u8> {
        let name: Name<Vec<u8>> = ZONE.parse().unwrap();
        let mut question = MessageBuilder::new_vec().question();
        let [a, b, ..] = uuid::Uuid::new_v4().into_bytes();
        question.header_mut().set_id(u16::from_be_bytes([a, b]));
        question.header_mut().set_opcode(self.opcode);
        question.push((name, self.kind, Class::IN)).unwrap();
        let mut message = question.additional();
        let key = self.key.parse().unwrap();
        let key = Key::new(self.algorithm, &self.secret, key, self.mac_bytes, self.mac_bytes).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let time = Time48::from_u64(now.checked_add_signed(self.later_s).unwrap());
        ClientTransaction::request(Arc::new(key), &mut message, time).unwrap();
        message.finish()
    }

    fn unsigned(&self) -> Vec<u8> {
        let name: Name<Vec<u8>> = ZONE.parse().unwrap();
        let mut question = MessageBuilder::new_vec().question();
        question.header_mut().set_opcode(self.opcode);
        question.push((name, self.kind, Class::IN)).unwrap();
        question.finish()
    }
}

fn framed(query: &[u8]) -> Vec<u8> {
    [&u16::try_from(query.len()).unwrap().to_be_bytes(), query].concat()
}

/// The code, the one inside the signature, the MAC's length, and whether the server's time is told.
fn told(answer: &Message<Vec<u8>>) -> (Rcode, Option<(TsigRcode, usize, bool)>) {
    let signature = answer.additional().unwrap().limit_to::<Tsig<_, _>>().last();
    let signature = signature.map(|record| {
        let record = record.unwrap();
        let data = record.data();
        (data.error(), data.mac_slice().len(), data.other_time().is_some())
    });
    (answer.header().rcode(), signature)
}

/// RFC 8945, 5.2 and 5.3.2.
#[test]
fn forged_signatures_are_refused_as_the_standard_says() {
    let target = Target::new(1, &[]);
    let query = || target.query(Rtype::SOA);
    let secret = Query { secret: vec![7; 32], ..query() };
    let name = Query { key: "nobody.key".to_owned(), ..query() };
    let algorithm = Query { algorithm: Algorithm::Sha512, ..query() };
    let (early, late) = (Query { later_s: -1_000, ..query() }, Query { later_s: 1_000, ..query() });
    let short = Query { mac_bytes: Some(16), ..query() };
    for stream in [false, true] {
        let ask = |query: &Query| told(&wait(TIME, || target.ask(&query.signed(), stream)).unwrap());
        assert_eq!(ask(&query()), (Rcode::NOERROR, Some((TsigRcode::NOERROR, 32, false))));
        assert_eq!(ask(&secret), (Rcode::NOTAUTH, Some((TsigRcode::BADSIG, 0, false))));
        assert_eq!(ask(&name), (Rcode::NOTAUTH, Some((TsigRcode::BADKEY, 0, false))));
        assert_eq!(ask(&algorithm), (Rcode::NOTAUTH, Some((TsigRcode::BADKEY, 0, false))));
        assert_eq!(ask(&early), (Rcode::NOTAUTH, Some((TsigRcode::BADTIME, 32, true))));
        assert_eq!(ask(&late), (Rcode::NOTAUTH, Some((TsigRcode::BADTIME, 32, true))));
        assert_eq!(ask(&short), (Rcode::NOTAUTH, Some((TsigRcode::BADTRUNC, 0, false))));
    }
    let log = target.log();
    for said in ["(BADSIG(16))", "(BADKEY(17))", "(BADTIME(18))", "(BADTRUNC(22))"] {
        assert!(log.contains(said), "{said}: {log}");
    }
    target.serves();
}

/// Who recorded a member's query does not get the zone by sending it again, also under another id.
#[test]
fn a_recorded_transfer_is_answered_once() {
    let target = Target::new(1, &[]);
    for kind in [Rtype::AXFR, Rtype::IXFR] {
        let mut recorded = target.query(kind).signed();
        let first = target.ask(&recorded, true).unwrap();
        assert_eq!(first.header().rcode(), Rcode::NOERROR);
        assert!(first.header_counts().ancount() > 2);
        for id in [None, Some(7)] {
            recorded[0] = id.unwrap_or(recorded[0]);
            let again = target.ask(&recorded, true).unwrap();
            assert_eq!((again.header().rcode(), again.header_counts().ancount()), (Rcode::REFUSED, 0));
        }
    }
    let soa = target.query(Rtype::SOA).signed();
    for _ in 0..2 {
        let answer = wait(TIME, || target.ask(&soa, false)).unwrap();
        assert_eq!(answer.header().rcode(), Rcode::NOERROR, "a datagram may have been lost");
    }
    assert!(target.log().contains("the same signed query came before"), "{}", target.log());
}

#[test]
fn a_strangers_transfer_is_refused_and_logged() {
    let target = Target::new(1, &[]);
    for kind in [Rtype::AXFR, Rtype::IXFR] {
        let answer = target.ask(&target.query(kind).unsigned(), true).unwrap();
        assert_eq!((answer.header().rcode(), answer.header_counts().ancount()), (Rcode::REFUSED, 0));
        let line = format!("refused: {kind} {ZONE} by 127.0.0.1: it names no key");
        assert!(target.log().contains(&line), "{line}\n{}", target.log());
    }
    // A thousand more are refused as well, and don't fill the disk.
    for _ in 0..1_000 {
        assert_eq!(
            target.ask(&target.query(Rtype::AXFR).unsigned(), true).unwrap().header().rcode(),
            Rcode::REFUSED
        );
    }
    let lines = target.log().lines().count();
    assert!(lines < 300, "{lines} lines");
}

#[test]
fn messages_that_are_none_are_answered_with_an_error_or_not_at_all() {
    let target = Target::new(1, &[]);
    let good = target.query(Rtype::AXFR).unsigned();
    let changed = |at: usize, to: &[u8]| {
        let mut message = good.clone();
        message.splice(at..at + to.len(), to.iter().copied());
        message
    };
    let mut messages = vec![
        Vec::new(),
        vec![0],
        good[..11].to_vec(),
        good[..20].to_vec(),
        vec![0xff; 12],
        vec![0xff; 65_535],
        [&good[..], &vec![0; 60_000]].concat(),
        // A response; a name that leads to itself, forwards, out of the message, or is too long; no question, two.
        changed(2, &[0x80]),
        changed(12, &[0xc0, 12]),
        changed(12, &[0xc0, 14]),
        changed(12, &[0xff, 0xff]),
        [&good[..12], &[63; 4_000]].concat(),
        changed(4, &[0, 0]),
        changed(4, &[0, 2]),
        changed(4, &[0xff, 0xff]),
        changed(10, &[0xff, 0xff]),
    ];
    let opcodes = (1..16).map(|opcode| changed(2, &[opcode << 3]));
    messages.extend(opcodes);
    for message in &messages {
        for stream in [false, true] {
            if !stream && message.len() > 60_000 {
                continue;
            }
            let Some(answer) = target.ask(message, stream) else { continue };
            assert!(answer.header().qr() && answer.header_counts().ancount() == 0, "{message:?}");
            assert_ne!(answer.header().rcode(), Rcode::NOERROR, "{message:?}");
        }
    }
    // What is signed and no query is told so.
    for opcode in [Opcode::NOTIFY, Opcode::UPDATE, Opcode::STATUS, Opcode::from_int(9)] {
        let answer = target.ask(&Query { opcode, ..target.query(Rtype::SOA) }.signed(), true).unwrap();
        assert_eq!(answer.header().rcode(), Rcode::NOTIMP, "{opcode}");
    }
    let response = target.query(Rtype::SOA).signed();
    let response = [&response[..2], &[response[2] | 0x80], &response[3..]].concat();
    assert!(target.ask(&response, false).is_none(), "a response is never answered: two servers would go on");
    target.serves();
}

/// As forged senders would do it: from many addresses, faster than anyone answers. Twice as many take no more memory.
#[test]
fn a_flood_of_datagrams_passes() {
    let target = Target::new(1, &[]);
    let good = target.query(Rtype::AXFR).unsigned();
    let signed = Query { secret: vec![7; 32], ..target.query(Rtype::SOA) }.signed();
    let flood = |network: u8| {
        for number in 0..50_u8 {
            let socket = UdpSocket::bind((Ipv4Addr::new(127, network, number, 1), 0)).unwrap();
            for turn in 0..1_000_usize {
                let message = match turn % 3 {
                    0 => &good[..],
                    1 => &signed[..],
                    _ => &good[..turn % good.len()],
                };
                // A full queue is what a flood makes.
                let _sent = socket.send_to(message, target.address());
            }
        }
        target.serves();
        target.serving.resident_mib()
    };
    let held: Vec<u64> = (20..26).map(flood).collect();
    // It goes up and down with the threads that answer, of which there are 512 at most; what is taken each time would only go up.
    let (most_before, least_after) = (held[..3].iter().max().unwrap(), held[3..].iter().min().unwrap());
    assert!(
        *least_after < most_before + 20 && held.iter().all(|held| *held < 700),
        "MiB after each flood: {held:?}"
    );
}

/// Clients that ask for a large zone and take nothing of it.
#[test]
fn who_asks_for_a_zone_and_never_reads_costs_little_and_stops_nobody() {
    let target = Target::new(20_000, &[]);
    let connection = |number: u8| {
        let address = (Ipv4Addr::new(127, 8, 0, number), 0).into();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind(address)?;
            socket.set_recv_buffer_size(4_096)?;
            socket.connect(target.address()).await?.into_std()
        });
        let stream = stream.unwrap();
        stream.set_nonblocking(false).unwrap();
        stream
    };
    target.serves();
    assert_eq!(
        target.ask(&target.query(Rtype::AXFR).signed(), true).unwrap().header().rcode(),
        Rcode::NOERROR
    );
    let before = target.serving.resident_mib();
    let mut lazy: Vec<TcpStream> = (0..60).map(|number| connection(number / 20 + 1)).collect();
    for stream in &mut lazy {
        stream.write_all(&framed(&target.query(Rtype::AXFR).signed())).unwrap();
    }
    std::thread::sleep(Duration::from_secs(2));
    target.serves();
    let answer = target.ask(&target.query(Rtype::AXFR).signed(), true).unwrap();
    assert!(answer.header_counts().ancount() > 100);
    let after = target.serving.resident_mib();
    assert!(after < before + 150, "{before} MiB before, {after} MiB after");
}

/// As many files as the system lets this process have.
fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

/// 10,000 strangers connect from as many addresses and say nothing, or one byte of a length, at each port; whoever is cut off
/// leaves it so. BIND goes on transferring the zone and being told, and the pages are there.
#[test]
fn ten_thousand_half_open_connections_keep_no_member_out() {
    raise_limit();
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let (tls_port, port) = (port(), port());
    let mut target = Target::new(5, &[]);
    target.serving.kill();
    let config =
        with_tls(dir.path()).replace("enabled = false", &format!("tls_listen = \"127.0.0.1:{tls_port}\""));
    std::fs::write(target.node.data().join("bongsu.toml"), config).unwrap();
    target.serving = target.node.serve_logged(&target.log, &[]);
    let notify = format!("127.0.0.1:{port}");
    target.node.json(&["member", "zone", "block", "--notify", &notify]);
    let secret = STANDARD.encode(&target.secret);
    let dns = target.address().to_string();
    let _named = named(dir.path(), ZONE, (&target.key, &secret), &dns, port);
    let refused = |name: &str| wait(TIME, || (dig(port, name).0 == "NXDOMAIN").then_some(()));
    refused("name1-k3.top").unwrap_or_else(|| panic!("{}", dig(port, "name1-k3.top").1));
    let before = target.serving.resident_mib();

    let http: SocketAddr = target.serving.url.rsplit('/').next().unwrap().parse().unwrap();
    let ports: [(SocketAddr, u32); 3] =
        [(target.address(), 6_000), (([127, 0, 0, 1], tls_port).into(), 2_000), (http, 2_500)];
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let flood = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut strangers = Vec::new();
            for number in 0..6_000_u32 {
                for (to, _) in ports.iter().filter(|(_, many)| number < *many) {
                    let from = Ipv4Addr::from_bits(Ipv4Addr::new(127, 10, 0, 1).to_bits() + number);
                    let socket = tokio::net::TcpSocket::new_v4().unwrap();
                    socket.bind((from, 0).into()).unwrap();
                    let connected = tokio::time::timeout(Duration::from_secs(1), socket.connect(*to)).await;
                    let Ok(Ok(stream)) = connected else { continue };
                    if number % 2 == 0 {
                        let _cut_off = stream.try_write(&[0]);
                    }
                    strangers.push(stream);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
            strangers
        })
    });
    // Meanwhile, and while they all are there, members are served.
    let mut number = 100;
    let mut peak = 0;
    let mut served = 0;
    while !flood.is_finished() || served < 3 {
        number += 1;
        let name = format!("late{number}-k3.top");
        let file = target.node.file("late.json", bundle(&[indicator(number, &name)]));
        target.node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
        assert!(refused(&name).is_some(), "{}\n{}", dig(port, &name).1, target.log());
        peak = peak.max(target.serving.resident_mib());
        served += usize::from(flood.is_finished());
        target.serves();
        let page = Command::new("curl")
            .args(["-sk", "--max-time", "60", "-o", "/dev/null", "-w", "%{http_code}"])
            .arg(format!("{}/healthz", target.serving.url))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&page.stdout), "200", "the pages");
        let axfr = Command::new("kdig")
            .args(["@127.0.0.1", "-p", &tls_port.to_string(), "+tls", ZONE, "AXFR", "+retry=0", "+time=60"])
            .args(["-y", &format!("hmac-sha256:{}:{secret}", target.key)])
            .output()
            .unwrap_or_else(|error| panic!("kdig: {error}; run scripts/setup"));
        let axfr = String::from_utf8_lossy(&axfr.stdout).into_owned();
        assert!(axfr.contains(&name), "over TLS: {axfr}");
    }
    let strangers = flood.join().unwrap();
    assert!(opened.load(Ordering::Relaxed) > 9_900, "{opened:?}");
    assert!(peak < before + 150, "{before} MiB before, {peak} MiB at most");
    drop(strangers);
}
