//! Screening: in memory, and over HTTP beside the same server's bare answer.
//!
//! Clients write their requests as bytes and read answers by their length: what is measured is the server, as far as that is
//! possible on the same cores. The bare answer is `/healthz` of the same node, without log-in.

use std::io::{Read as _, Write as _};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::Client;
use super::node::{MEMBER, Node, OBJECTS};
use super::objects;
use super::table::{Figure, Table};

/// Indicators in the node, brought in envelopes of so many.
const KNOWN: u64 = 100_000;
const PER_ENVELOPE: u64 = 1_000;
/// Connections that ask at once.
const CONNECTIONS: usize = 16;
/// How long each is asked.
const TIME: Duration = Duration::from_secs(5);
/// What is asked for: this part of the bare answer's rate.
const GOAL: f64 = 0.8;
/// Values of a batch, and how many batches are timed.
const BATCH: u64 = 10_000;
const BATCHES: usize = 11;

/// Measures.
pub(crate) fn run(node: &Node, table: &mut Table) -> Result<()> {
    in_memory(table)?;
    let serving = node.serve()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let mut client = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
        for first in (0..KNOWN).step_by(PER_ENVELOPE as usize) {
            client.post(OBJECTS, objects::envelope(first, PER_ENVELOPE)).await?;
        }
        over_http(&serving.host, node, table).await
    })
}

/// The index by itself, in a process of its own.
fn in_memory(table: &mut Table) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "run",
            "--release",
            "--quiet",
            "--locked",
            "--package",
            "bongsu-watch",
            "--example",
            "index_speed",
        ])
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let figure = |name: &str| -> Result<f64> {
        let line =
            said.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
    };
    let mut add = |name: &str, value: f64, unit: &str, goal: &str| {
        table.add(&Figure { name, value, unit, goal, ratio: None });
    };
    add("10 M values in memory", figure("index_bytes")? / 1e6, "MB", "≤ 600");
    add("… the process's most memory while they are read", figure("peak_bytes")? / 1e6, "MB", "≤ 600");
    add("screened in process, values in normal form", figure("values_per_s")?, "values/s", "≥ 10 M");
    add("screened in process, texts", figure("texts_per_s")?, "values/s", "");
    add("a snapshot of 10 M values read at a start", figure("snapshot_read_s")?, "s", "");
    Ok(())
}

async fn over_http(host: &str, node: &Node, table: &mut Table) -> Result<()> {
    let authorization = format!("Authorization: Bearer {}\r\n", node.reader_token);
    let ask = |path: &str, log_in: bool| {
        let log_in = if log_in { authorization.as_str() } else { "" };
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{log_in}\r\n").into_bytes()
    };
    let known: Vec<u8> = ask(&format!("/screening/value?value={}", objects::domain_in("example", 7)), true);
    let other = ask("/screening/value?value=www.harmless-k3.com", true);
    let first = Connection::open(host).await?.ask(&known).await?;
    if !String::from_utf8_lossy(&first).contains("\"result\":\"match\"") {
        bail!("what is known was not found: {}", String::from_utf8_lossy(&first));
    }
    let hello = rate(host, &ask("/healthz", false)).await?;
    let unknown = rate(host, &other).await?;
    let found = rate(host, &known).await?;
    let hello = f64::midpoint(hello, rate(host, &ask("/healthz", false)).await?);
    let bare = "the same server's bare answer";
    table.add(&Figure {
        name: "screened over HTTP, one value, not known",
        value: unknown,
        unit: "requests/s",
        goal: "≥ 0.80",
        ratio: Some((bare, unknown / hello)),
    });
    table.add(&Figure {
        name: "screened over HTTP, one value, known",
        value: found,
        unit: "requests/s",
        goal: "",
        ratio: Some((bare, found / hello)),
    });
    let waits = |request: &[u8]| tokio::task::block_in_place(|| late(host, request, GOAL * hello / 2.0));
    // Beside it what the machine itself lets wait, with a client on the server's own cores.
    let (late, floor) = (waits(&other)?, waits(&ask("/healthz", false))?);
    table.add(&Figure {
        name: "… at half of what is asked for, one in a hundred waits",
        value: late.as_secs_f64() * 1e3,
        unit: "ms",
        goal: "≤ 2",
        ratio: Some(("what the bare answer waits at that load", late.as_secs_f64() / floor.as_secs_f64())),
    });
    for one_in in [100, 10] {
        let name = format!("a batch of 10,000 values, 1 in {one_in} known");
        let value = |n: u64| match n % one_in {
            0 => objects::domain_in("example", n * 7 % KNOWN),
            _ => format!("w{n}.harmless-k3.com"),
        };
        let body = (0..BATCH).map(value).collect::<Vec<String>>().join("\n");
        let request = format!(
            "POST /screening/values HTTP/1.1\r\nHost: {host}\r\n{authorization}Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut connection = Connection::open(host).await?;
        let mut times = Vec::new();
        for _ in 0..BATCHES {
            let begun = Instant::now();
            connection.ask(request.as_bytes()).await?;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        table.add(&Figure {
            name: &name,
            value: times.get(BATCHES / 2).copied().unwrap_or_default().as_secs_f64() * 1e3,
            unit: "ms",
            goal: "≤ 15",
            ratio: None,
        });
    }
    Ok(())
}

/// Requests a second over some connections, one after the other on each.
async fn rate(host: &str, request: &[u8]) -> Result<f64> {
    let (request, until) = (Arc::new(request.to_vec()), Instant::now() + TIME);
    let count = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut asking = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(host).await?;
        let (request, count) = (Arc::clone(&request), Arc::clone(&count));
        asking.push(tokio::spawn(async move {
            while Instant::now() < until {
                connection.ask(&request).await?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        }));
    }
    for task in asking {
        task.await??;
    }
    Ok(count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

/// How long one in a hundred waits if so many are asked a second. A request that is late in being sent has waited already.
///
/// One thread looks after all connections and sleeps between two looks: timers of the runtime wait for whole milliseconds, and a
/// client that never sleeps takes a core from the server. What it sees is at most some tenths of a millisecond late.
fn late(host: &str, request: &[u8], rate: f64) -> Result<Duration> {
    const BETWEEN_LOOKS: Duration = Duration::from_micros(30);
    struct Asking {
        stream: std::net::TcpStream,
        due: Instant,
        is_asked: bool,
    }
    let is_end = |read: &[u8]| read.ends_with(b"}") || read.ends_with(b"ok\n");
    let between = Duration::from_secs_f64(CONNECTIONS as f64 / rate);
    let begun = Instant::now() + Duration::from_millis(50);
    let open = |number: usize| -> Result<Asking> {
        let stream = std::net::TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let due = begun + between.mul_f64(number as f64 / CONNECTIONS as f64);
        Ok(Asking { stream, due, is_asked: false })
    };
    let mut connections = (0..CONNECTIONS).map(open).collect::<Result<Vec<_>>>()?;
    let (mut read, mut times) = (vec![0; 1 << 16], Vec::new());
    while begun.elapsed() < TIME {
        for one in &mut connections {
            if one.is_asked {
                match one.stream.read(&mut read) {
                    // Answers are short, and end with the end of their JSON, or with `ok`.
                    Ok(have) if is_end(&read[..have]) => {
                        times.push(one.due.elapsed());
                        one.is_asked = false;
                        one.due += between;
                    }
                    Ok(_) => bail!("half an answer came"),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if !one.is_asked && one.due <= Instant::now() {
                one.stream.write_all(request)?;
                one.is_asked = true;
            }
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    times.sort_unstable();
    times.get(times.len() * 99 / 100).copied().context("nothing was asked")
}

/// A connection over which requests go as they are.
struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(1 << 16) })
    }

    /// Sends a request and gives the answer's body, which must say how long it is, or come in chunks.
    async fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.stream.write_all(request).await?;
        self.read.clear();
        let head = loop {
            if let Some(at) = memchr::memmem::find(&self.read, b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let text = String::from_utf8_lossy(&self.read[..head]).to_ascii_lowercase();
        if !text.starts_with("http/1.1 200") {
            bail!("{text}");
        }
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
        let end = match length {
            Some(length) => head + length.trim().parse::<usize>()?,
            None => usize::MAX,
        };
        while self.read.len() < end && !(end == usize::MAX && self.read.ends_with(b"\r\n0\r\n\r\n")) {
            self.more().await?;
        }
        Ok(self.read[head..].to_vec())
    }

    async fn more(&mut self) -> Result<()> {
        let mut piece = [0; 1 << 16];
        match self.stream.read(&mut piece).await? {
            0 => bail!("the connection was closed"),
            count => self.read.extend_from_slice(&piece[..count]),
        }
        Ok(())
    }
}
