//! How fast transfers come into a store, and how fast it answers.
//!
//! ```text
//! flows_speed generate FILE ROWS [short|hash [FIRST]]    a CSV file, from this row on: 2 million addresses for 10 million rows, some used far more than others
//! flows_speed load FILE FOLDER [MAPPING.toml]    into a new store, with time and peak memory
//! flows_speed ask FOLDER                         opens it, and follows an account until 10,000 are reached
//! flows_speed verify FOLDER                      reads everything and compares checksums
//! ```

use std::collections::{HashSet, VecDeque};
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use bongsu_trace::read::{Mapping, Options, csv};
use bongsu_trace::store::Writer;
use bongsu_trace::{Account, Flows as _, Store};

/// Rows that an address is made for.
const ROWS_AN_ADDRESS: u64 = 5;
/// Transfers in a block.
const BLOCK_ROWS: u64 = 150;
/// Where block numbers begin.
const BLOCK_FIRST: u64 = 19_000_000;
/// Where times begin, in seconds since 1970-01-01 UTC; a block takes 12.
const TIME_FIRST: u64 = 1_705_000_000;
/// How many accounts are reached when an account is followed.
const REACHED: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["generate", file, rows] => generate(file, 0, rows.parse()?, false),
        ["generate", file, rows, form] => generate(file, 0, rows.parse()?, *form == "hash"),
        ["generate", file, rows, form, first] => generate(file, first.parse()?, rows.parse()?, *form == "hash"),
        ["load", file, folder] => load(file, folder, Mapping::ready("bongsu").unwrap_or_default()),
        ["load", file, folder, mapping] => load(file, folder, &std::fs::read_to_string(mapping)?),
        ["ask", folder] => ask(folder),
        ["verify", folder] => {
            let began = Instant::now();
            Store::open(Path::new(folder))?.verify()?;
            println!("verified in {:.2} s", began.elapsed().as_secs_f64());
            Ok(())
        }
        _ => Err("usage: generate FILE ROWS [short|hash] | load FILE FOLDER [MAPPING] | ask FOLDER | verify FOLDER".into()),
    }
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn generate(file: &str, first: u64, rows: u64, hash: bool) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    let mut dice = Dice(first);
    let addresses = (rows / ROWS_AN_ADDRESS).max(2) as f64;
    let address = |dice: &mut Dice| {
        // The n-th address is used about one n-th as often as the first one.
        let rank = (dice.part() * addresses.ln()).exp() as u64;
        format!("0x{:016x}{:016x}{:08x}", mixed(rank), mixed(rank ^ 0x5555), mixed(!rank) >> 32)
    };
    writeln!(out, "block,index,tx,time,from,to,asset,amount")?;
    for row in first..first + rows {
        let block = row / BLOCK_ROWS;
        let tx = match hash {
            true => {
                format!("0x{:016x}{:016x}{:016x}{:016x}", mixed(row), mixed(!row), mixed(row ^ 0x3333), row)
            }
            false => format!("0x{:08x}", mixed(row) >> 32),
        };
        let (from, to) = (address(&mut dice), address(&mut dice));
        let asset = ["ETH", "USDT", "USDC", "WETH", "DAI"][(dice.roll() % 5) as usize];
        let amount = dice.roll() >> (dice.roll() % 50);
        let zeros = ["", "", "000000", "000000000000"][(dice.roll() % 4) as usize];
        let (block, time) = (BLOCK_FIRST + block, TIME_FIRST + block * 12);
        writeln!(out, "{block},{},{tx},{time},{from},{to},{asset},{amount}{zeros}", row % BLOCK_ROWS)?;
    }
    out.flush()?;
    println!("{rows} rows, {} bytes", std::fs::metadata(file)?.len());
    Ok(())
}

/// The most memory that this process had, in MB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? / 1_000)
}

fn load(file: &str, folder: &str, mapping: &str) -> Result<(), Box<dyn Error>> {
    let mapping = Mapping::parse(mapping)?;
    let folder = Path::new(folder);
    let began = Instant::now();
    let mut writer =
        if folder.exists() { Writer::open(folder)? } else { Writer::create(folder, "ethereum")? };
    let (append, report) = csv(writer.append(), File::open(file)?, &mapping, &Options::default())?;
    let read = began.elapsed().as_secs_f64();
    let appended = append.finish()?;
    let all = began.elapsed().as_secs_f64();
    println!(
        "{} rows read in {read:.2} s, durable after {all:.2} s, peak {} MB",
        report.rows,
        peak().unwrap_or(0)
    );
    println!("{appended:?}; {:?}", writer.store());
    Ok(())
}

fn ask(folder: &str) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let store = Store::open(Path::new(folder))?;
    println!("opened in {:.2} ms: {store:?}", began.elapsed().as_secs_f64() * 1e3);
    for start in [5_000, 50_000, 5_000] {
        let began = Instant::now();
        let (reached, transfers) = follow(&store, Account(start));
        let taken = began.elapsed().as_secs_f64() * 1e3;
        println!("from account {start}: {reached} accounts through {transfers} transfers in {taken:.2} ms");
    }
    println!("peak {} MB", peak().unwrap_or(0));
    Ok(())
}

/// Follows what an account gives, and those who get it, each only to its first few transfers, until enough accounts are reached.
fn follow(store: &Store, start: Account) -> (usize, u64) {
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
