//! How fast the index answers and how much memory it takes: `cargo run --release -p bongsu-watch --example index_speed`.
//!
//! Prints lines `name value`, for `cargo xtask bench screening`.

use std::time::Instant;

use bongsu_watch::index::Index;
use bongsu_watch::{Kind, Value, normalise};

/// Indicators in the index, and questions of which each tenth is one of them.
const KNOWN: u64 = 10_000_000;
const ASKED: u64 = 4_000_000;

fn main() {
    let start = Instant::now();
    let mut index = Index::default();
    for n in 0..KNOWN {
        if let Some(value) = value(n) {
            index.add(&value, n, &[]);
        }
    }
    println!("values {}", index.len());
    println!("made_s {:.2}", start.elapsed().as_secs_f64());
    println!("index_bytes {}", index.bytes());
    println!("peak_bytes {}", peak_bytes());
    let texts: Vec<(Kind, String)> = (0..ASKED).map(question).collect();
    let questions: Vec<Value> = texts.iter().filter_map(|(kind, text)| normalise(*kind, text).ok()).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!("threads {threads}");
    rate("one_by_one_per_s", &questions, threads, |values| {
        values.iter().filter(|value| is_there(&index, value)).count()
    });
    rate("values_per_s", &questions, threads, |values| count(&index, values));
    rate("texts_per_s", &texts, threads, |texts| {
        let read = |some: &[(Kind, String)]| -> Vec<Value> {
            some.iter().filter_map(|(kind, text)| normalise(*kind, text).ok()).collect()
        };
        texts.chunks(1_000).map(|some| count(&index, &read(some))).sum()
    });
    let mut snapshot = Vec::new();
    let start = Instant::now();
    let _written = index.frozen().write(b"", &mut snapshot);
    println!("snapshot_bytes {}", snapshot.len());
    println!("snapshot_written_s {:.2}", start.elapsed().as_secs_f64());
    drop(index);
    let start = Instant::now();
    let read = Index::read(&*snapshot).map_or(0, |(index, _)| index.len());
    println!("snapshot_read_s {:.2} of {read}", start.elapsed().as_secs_f64());
}

fn count(index: &Index, values: &[Value]) -> usize {
    let (mut count, mut last) = (0, usize::MAX);
    index.look_each(values, |at, _| {
        count += usize::from(at != last);
        last = at;
    });
    count
}

fn is_there(index: &Index, value: &Value) -> bool {
    let mut is_there = false;
    index.look(value, |_| is_there = true);
    is_there
}

fn rate<T: Sync>(name: &str, questions: &[T], threads: usize, ask: impl Fn(&[T]) -> usize + Sync) {
    let start = Instant::now();
    let (hits, on_cpu_s) = std::thread::scope(|scope| {
        let parts = questions.chunks(questions.len().div_ceil(threads));
        let ask = &ask;
        let count = move |part: &[T]| (ask(part), thread_s());
        let asking: Vec<_> = parts.map(|part| scope.spawn(move || count(part))).collect();
        let done = asking.into_iter().filter_map(|thread| thread.join().ok());
        done.fold((0, 0.0), |(hits, time), (some, took)| (hits + some, time + took))
    });
    let asked = questions.len();
    let rate = asked as f64 / start.elapsed().as_secs_f64();
    println!("{name} {rate:.0} of which {hits} of {asked} found; each core {:.0}", asked as f64 / on_cpu_s);
}

/// The time that this thread has run on a core. Linux alone says so.
fn thread_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e9
}

/// Six in ten are domains, two and a half hashes, one an address, one half a wallet.
fn value(n: u64) -> Option<Value> {
    let (kind, text) = told(n, "bad");
    normalise(kind, &text).ok()
}

/// Each tenth question is about what is there.
fn question(n: u64) -> (Kind, String) {
    let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
    if n.is_multiple_of(10) { told(spread % KNOWN, "bad") } else { told(spread, "fine") }
}

fn told(n: u64, word: &str) -> (Kind, String) {
    let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match n % 20 {
        0..12 => (Kind::Domain, format!("{word}-{spread:x}.example{}.com", n % 977)),
        12..17 => (Kind::Sha256, format!("{spread:016x}{:016x}{:016x}{:016x}", n, spread ^ n, word.len())),
        17..19 => {
            let salt = if word == "bad" { 0 } else { 0x5bd1_e995 };
            #[expect(clippy::cast_possible_truncation, reason = "any address will do")]
            let address = (n as u32).wrapping_mul(2_654_435_761) ^ salt;
            (Kind::Ipv4, std::net::Ipv4Addr::from(address).to_string())
        }
        _ => (Kind::Wallet, format!("0x{spread:016x}{n:016x}{:08x}", word.len())),
    }
}

/// The most memory that this process has had. Linux alone says so.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}
