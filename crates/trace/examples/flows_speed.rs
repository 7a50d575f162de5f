//! How fast transfers come into a store, and how fast it answers. Every measurement is a line of JSON.
//!
//! ```text
//! flows_speed generate FILE ROWS     a CSV file, packed if its name ends with .zst: an account for each five transfers
//! flows_speed load FILE FOLDER [MAPPING.toml]    into a new store, or into one that is there
//! flows_speed thefts FOLDER          the receivers of the fifty thefts that `follow` takes, for other programs
//! flows_speed follow FOLDER [small]  opens it, and follows thefts: a small case, and fifty through everything
//! flows_speed agree FOLDER           opens it, follows the small case both ways, and compares all that was found
//! flows_speed ask FOLDER             opens it, and follows an account until 10,000 are reached, without amounts
//! flows_speed verify FOLDER          reads everything and compares checksums
//! ```

mod made;

use std::collections::{HashSet, VecDeque};
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use bongsu_trace::read::{Mapping, Options, file};
use bongsu_trace::store::Writer;
use bongsu_trace::taint::{self, Limits, Method, Theft, Way};
use bongsu_trace::{Account, Flows as _, Store};
use serde_json::json;

/// The program's own, so that what is measured is what it does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows that an account is made for.
const ROWS_AN_ACCOUNT: u64 = 5;
/// Transfers in a block.
const BLOCK_ROWS: u64 = 150;
/// Where block numbers begin.
const BLOCK_FIRST: u64 = 19_000_000;
/// Where times begin, in seconds since 1970-01-01 UTC; a block takes 12.
const TIME_FIRST: u64 = 1_705_000_000;
/// How many accounts are reached in a small case.
const REACHED: usize = 10_000;
/// The accounts with the most transfers, which are services to the small case.
const HUBS: u32 = 10_000;
/// Thefts that are followed through everything, and of the small case.
const THEFTS: usize = 50;
const THEFTS_SMALL: usize = 5_000;
/// How often each case is followed.
const RUNS: usize = 4;

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["generate", file, rows] => generate(file, rows.parse()?),
        ["load", file, folder] => load(file, folder, Mapping::ready("bongsu").unwrap_or_default()),
        ["load", file, folder, mapping] => load(file, folder, &std::fs::read_to_string(mapping)?),
        ["thefts", folder] => thefts(&Store::open(Path::new(folder))?),
        ["follow", folder] => follow(folder, true),
        ["follow", folder, "small"] => follow(folder, false),
        ["agree", folder] => agree(folder),
        ["ask", folder] => ask(folder),
        ["verify", folder] => {
            let began = Instant::now();
            Store::open(Path::new(folder))?.verify()?;
            println!("{}", json!({"what": "verify", "s": began.elapsed().as_secs_f64()}));
            Ok(())
        }
        _ => Err("usage: generate FILE ROWS | load FILE FOLDER [MAPPING] | thefts FOLDER | follow FOLDER [small] | agree FOLDER | ask FOLDER | verify FOLDER".into()),
    }
}

fn generate(file: &str, rows: u64) -> Done {
    let out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    let mut out: Box<dyn Write> = match file.ends_with(".zst") {
        true => Box::new(zstd::Encoder::new(out, 1)?.auto_finish()),
        false => Box::new(out),
    };
    let accounts = u32::try_from((rows / ROWS_AN_ACCOUNT).max(2))?;
    writeln!(out, "block,index,tx,time,from,to,asset,amount")?;
    for (row, made) in (0..rows).zip(made::transfers(accounts)) {
        let (block, index, tx) = (row / BLOCK_ROWS, row % BLOCK_ROWS, made::mixed(row) >> 32);
        let (from, to) = (made::address(made.from), made::address(made.to));
        let (block, time) = (BLOCK_FIRST + block, TIME_FIRST + block * 12);
        writeln!(out, "{block},{index},0x{tx:08x},{time},{from},{to},ETH,{}", made.amount)?;
    }
    out.flush()?;
    drop(out);
    println!("{}", json!({"what": "generate", "rows": rows, "bytes": std::fs::metadata(file)?.len()}));
    Ok(())
}

fn load(from: &str, folder: &str, mapping: &str) -> Done {
    let mapping = Mapping::parse(mapping)?;
    let folder = Path::new(folder);
    let began = Instant::now();
    let mut writer =
        if folder.exists() { Writer::open(folder)? } else { Writer::create(folder, "ethereum")? };
    let (append, report) = file(writer.append(), File::open(from)?, &mapping, &Options::default())?;
    let read = began.elapsed().as_secs_f64();
    let appended = append.finish()?;
    println!(
        "{}",
        json!({"what": "load", "rows": report.rows, "added": appended.added, "read_s": read,
               "s": began.elapsed().as_secs_f64(), "peak_mib": made::peak_mib(), "accounts": writer.store().accounts()})
    );
    Ok(())
}

/// Fifty thefts among the first tenth.
fn early(store: &Store) -> Vec<Theft> {
    made::thefts(store, 0..(store.len() / 10).max(1), THEFTS, |_| true)
}

fn thefts(store: &Store) -> Done {
    for theft in early(store) {
        let transfer = store.transfer(theft.number).ok_or("a theft is gone")?;
        println!("{}", store.address(transfer.to).ok_or("an address is gone")?);
    }
    Ok(())
}

/// The services of the small case, and its thefts.
fn small_case(store: &Store) -> (HashSet<Account>, Vec<Theft>) {
    let hubs: HashSet<Account> = (0..HUBS).filter_map(|hub| store.account(&made::address(hub))).collect();
    let half = store.len() / 2;
    let small = made::thefts(store, half..half + (store.len() / 10).max(1), THEFTS_SMALL, |theft| {
        !hubs.contains(&theft.to)
    });
    (hubs, small)
}

/// Compares both ways, and fails where they differ.
fn agree(folder: &str) -> Done {
    let store = Store::open(Path::new(folder))?;
    let (hubs, thefts) = small_case(&store);
    let place = |account: Account| {
        if hubs.contains(&account) { taint::Place::Service } else { taint::Place::Holder }
    };
    let limits = Limits { reached_max: REACHED, ..Limits::default() };
    for method in [Method::Poison, Method::Haircut, Method::Fifo, Method::Lifo] {
        let [one, other] = [Way::Frontier, Way::Sweep].map(|way| {
            let trace = taint::follow(&store, &thefts, method, place, limits, way)?;
            let (holders, moves) = (trace.holders().collect::<Vec<_>>(), trace.moves().collect::<Vec<_>>());
            let stolen = trace.stolen().collect::<Vec<_>>();
            Ok::<_, taint::TaintError>((
                trace.ended(),
                trace.totals().to_vec(),
                holders,
                trace.entries().to_vec(),
                moves,
                stolen,
            ))
        });
        let (one, other) = (one?, other?);
        if one != other {
            return Err(format!("the two ways differ by {method:?}").into());
        }
        println!(
            "{}",
            json!({"what": "agree", "method": format!("{method:?}").to_lowercase(), "holders": one.2.len(), "entries": one.3.len(), "moves": one.4.len()})
        );
    }
    Ok(())
}

fn follow(folder: &str, all: bool) -> Done {
    let began = Instant::now();
    let store = Store::open(Path::new(folder))?;
    println!("{}", json!({"what": "open", "ms": began.elapsed().as_secs_f64() * 1e3, "rows": store.len()}));
    let (hubs, small) = small_case(&store);
    let few = Limits { reached_max: REACHED, ..Limits::default() };
    let everything = early(&store);
    let none = HashSet::new();
    for method in [Method::Haircut, Method::Fifo] {
        measure("small", &store, &small, method, (&hubs, few))?;
    }
    for method in [Method::Haircut, Method::Fifo].into_iter().filter(|_| all) {
        measure("everything", &store, &everything, method, (&none, Limits::default()))?;
    }
    println!("{}", json!({"what": "peak", "mib": made::peak_mib()}));
    Ok(())
}

/// Follows thefts some times: the first may have to bring the files into memory, or into this process.
fn measure(
    case: &str,
    store: &Store,
    thefts: &[Theft],
    method: Method,
    (services, limits): (&HashSet<Account>, Limits),
) -> Done {
    let place = |account: Account| {
        if services.contains(&account) { taint::Place::Service } else { taint::Place::Holder }
    };
    let (mut first, mut again, mut thread) = (None, f64::INFINITY, f64::INFINITY);
    let mut reached = 0;
    for _ in 0..RUNS {
        let (began, cpu) = (Instant::now(), processor_ms());
        let trace = taint::follow(store, thefts, method, place, limits, Way::Choose)?;
        let took = began.elapsed().as_secs_f64() * 1e3;
        if first.is_some() {
            (again, thread) = (took.min(again), (processor_ms() - cpu).min(thread));
        }
        first.get_or_insert(took);
        reached = trace.reached();
    }
    println!(
        "{}",
        json!({"what": case, "method": format!("{method:?}").to_lowercase(), "first_ms": first, "again_ms": again,
               "again_thread_ms": thread, "reached": reached})
    );
    Ok(())
}

/// What the first thread has had of a processor: what a busy machine does not add to.
fn processor_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e6
}

fn ask(folder: &str) -> Done {
    let store = Store::open(Path::new(folder))?;
    for start in [5_000, 50_000, 5_000] {
        let began = Instant::now();
        let (reached, transfers) = reach(&store, Account(start));
        let ms = began.elapsed().as_secs_f64() * 1e3;
        println!(
            "{}",
            json!({"what": "ask", "from": start, "accounts": reached, "transfers": transfers, "ms": ms})
        );
    }
    Ok(())
}

/// Follows what an account gives, and those who get it, each only to its first few transfers, until enough accounts are reached.
fn reach(store: &Store, start: Account) -> (usize, u64) {
    let (mut reached, mut open) = (HashSet::from([start]), VecDeque::from([start]));
    let mut transfers = 0;
    while let Some(account) = open.pop_front() {
        for number in store.of(account).take(64) {
            transfers += 1;
            let Some(transfer) = store.transfer(number) else { continue };
            if transfer.from == account && reached.insert(transfer.to) {
                open.push_back(transfer.to);
            }
        }
        if reached.len() >= REACHED {
            break;
        }
    }
    (reached.len(), transfers)
}
