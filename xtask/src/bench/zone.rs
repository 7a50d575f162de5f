//! A zone of a million names: transferred whole, transferred as a difference, in memory; and many servers told of a change.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::client::Client;
use super::node::{MEMBER, Node, OBJECTS, Serving};
use super::objects;
use super::resolver::{Key, Policy, Resolver, free_port, question};
use super::table::{Figure, Table};

const ENVELOPE: u64 = 1_000;
/// Names that are new in a difference.
const NEW: u64 = 100;
/// Servers that are told.
const SERVERS: usize = 200;
/// Members that these belong to: each may have so many.
const MEMBERS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(900);
/// The size for which the goals are, and whose figures have no size in their names.
const NAMES: u64 = 1_000_000;
const SOA: u16 = 6;
const IXFR: u16 = 251;

/// The zone that is measured.
const ZONE: &str = "bind.rpz.bongsu";

pub(crate) fn run(program: &Path, dir: &Path, names: u64, table: &mut Table) -> Result<()> {
    let node = Node::new(program, &dir.join("node"))?;
    let key = node.block_member("bind")?;
    node.json(&["member", "zone", "bind", "--from", "127.0.0.1"])?;
    let serving = node.serve()?;
    let dns = serving.dns.context("the node serves no DNS")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // A connection of its own each time: between two posts, minutes may pass.
    let post = |from: u64, count: u64| {
        runtime.block_on(async {
            let mut client = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
            client.post(OBJECTS, objects::envelope_in("top", from, count)).await
        })
    };
    for from in (0..names).step_by(usize::try_from(ENVELOPE)?) {
        post(from, ENVELOPE.min(names - from))?;
    }
    let alone = serving.memory_mib()?;
    let told = |figures: &[(&str, f64, &str, &str)], table: &mut Table| {
        for &(name, value, unit, goal) in figures {
            let (name, goal) = match names {
                NAMES => (name.to_owned(), goal),
                _ => (format!("{names} names: {name}"), ""),
            };
            table.add(&Figure { name: &name, value, unit, goal, ratio: None });
        }
    };
    let (made, transferred) = whole(dir, dns, &key)?;
    told(
        &[
            ("zone made for the first time", made, "s", ""),
            ("zone transferred whole into BIND (AXFR)", transferred, "s", "≤ 15"),
        ],
        table,
    );
    let held = serial(ZONE, dns)?;
    post(names, NEW)?;
    let started = Instant::now();
    let (records, bytes) = difference(ZONE, dns, held)?;
    let seconds = started.elapsed().as_secs_f64();
    ensure!(records as u64 == 2 * NEW + 4, "{records} records in the difference of {NEW} names");
    let memory = serving.memory_mib()? - alone;
    let last = notices(&node, &serving, &mut |number| post(names + NEW + number, 1))?;
    told(
        &[
            ("difference of 100 names (IXFR)", seconds * 1_000.0, "ms", "≤ 100"),
            ("difference of 100 names, on the wire", bytes as f64 / 1_024.0, "KiB", ""),
            ("posted to the last of 200 servers told (NOTIFY)", last, "s", "≤ 2"),
        ],
        table,
    );
    let name = format!("memory for a zone of {names} names");
    let goal = if names == NAMES { "≤ 400" } else { "" };
    table.add(&Figure { name: &name, value: memory, unit: "MiB", goal, ratio: None });
    Ok(())
}

/// Seconds until the zone is made, and those of a whole transfer into BIND, from its start to its first answer from the zone.
fn whole(dir: &Path, dns: u16, key: &Key) -> Result<(f64, f64)> {
    let started = Instant::now();
    serial(ZONE, dns)?;
    let ready = started.elapsed();
    let started = Instant::now();
    let policy = Policy { dir, port: free_port()?, world: 1, zone: ZONE, primary: dns };
    let bind = Resolver::bind(&policy, key)?;
    while started.elapsed() < PATIENCE {
        let answer = bind.ask(ZONE, SOA, Duration::from_millis(200))?;
        if answer.is_some_and(|answer| answer.get(3).is_some_and(|flags| flags & 15 == 0) && answer[7] == 1) {
            return Ok((ready.as_secs_f64(), started.elapsed().as_secs_f64()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("BIND has no zone after {PATIENCE:?}")
}

/// A zone's serial, asked over TCP.
pub(super) fn serial(zone: &str, dns: u16) -> Result<u32> {
    let mut stream = connect(dns, &question(zone, SOA, false))?;
    let answer = message(&mut stream)?;
    // Its data ends with the serial and four more numbers; no record follows.
    let at = answer.len().checked_sub(20).context("a short answer")?;
    let bytes = answer.get(at..at + 4).context("a short answer")?;
    Ok(u32::from_be_bytes(bytes.try_into()?))
}

/// The difference since a serial: how many records, and how many bytes.
pub(super) fn difference(zone: &str, dns: u16, held: u32) -> Result<(usize, usize)> {
    let mut query = question(zone, IXFR, false);
    // One record in the authority section: the SOA of the zone as it is held, under the question's name.
    query[9] = 1;
    let mut soa = vec![0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0];
    soa.extend_from_slice(&held.to_be_bytes());
    soa.extend_from_slice(&[0; 16]);
    query.extend_from_slice(&soa);
    let mut stream = connect(dns, &query)?;
    let answer = message(&mut stream)?;
    let count = answer.get(6..8).context("a short answer")?;
    Ok((usize::from(u16::from_be_bytes(count.try_into()?)), answer.len()))
}

fn connect(dns: u16, query: &[u8]) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", dns))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&[&u16::try_from(query.len())?.to_be_bytes(), query].concat())?;
    Ok(stream)
}

fn message(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(message)
}

/// Seconds from a POST to the notice at the last of many servers, each of which answers.
fn notices(node: &Node, serving: &Serving, post: &mut dyn FnMut(u64) -> Result<()>) -> Result<f64> {
    let sockets: Vec<UdpSocket> =
        (0..SERVERS).map(|_| UdpSocket::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    for (number, sockets) in sockets.chunks(SERVERS / MEMBERS).enumerate() {
        let member = format!("many-{number}");
        node.block_member(&member)?;
        let addresses: Vec<String> =
            sockets.iter().map(|socket| Ok(socket.local_addr()?.to_string())).collect::<Result<_>>()?;
        let mut args = vec!["member", "zone", &member];
        addresses.iter().for_each(|address| args.extend(["--notify", address]));
        node.json(&args)?;
    }
    ensure!(serving.memory_mib()? > 0.0, "the node has ended");
    // Each is told once at the start, of what there is.
    for socket in &sockets {
        socket.set_read_timeout(Some(PATIENCE))?;
        answer(socket)?;
    }
    let (sent, received) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for socket in &sockets {
            let sent = sent.clone();
            scope.spawn(move || sent.send(answer(socket).map(|()| Instant::now())));
        }
        let started = Instant::now();
        post(0)?;
        let mut last = started;
        for _ in &sockets {
            last = last.max(received.recv()??);
        }
        Ok((last - started).as_secs_f64())
    })
}

/// Waits for a notice and answers it.
fn answer(socket: &UdpSocket) -> Result<()> {
    let mut buffer = [0; 4_096];
    let (length, from) = socket.recv_from(&mut buffer).context("no notice came")?;
    let query = buffer.get_mut(..length).context("a notice")?;
    ensure!(query.len() > 12 && query[2] >> 3 & 15 == 4, "this is no notice");
    query[2] |= 0x80;
    socket.send_to(query, from)?;
    Ok(())
}
