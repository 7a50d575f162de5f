//! How fast taint is followed, on a synthetic ledger: `taint_speed [transfers] [accounts]`, by default 10 and 2 million.
//!
//! By each method: 50 thefts through everything, also by the sweep alone; the 50 largest early transfers; 50,000 of the largest; 50 with
//! hubs as services; and few reached (10,000 at most), with hubs as services, also by the sweep. A third argument names the one case that
//! is wanted.

mod made;

use std::time::Instant;

use bongsu_trace::taint::{Limits, Method, Place, Theft, Way, follow};
use bongsu_trace::{Account, Asset, Flows, Transfer, U256};

struct Ledger {
    transfers: Vec<Transfer>,
    /// By account, where its numbers begin in `numbers`.
    begins: Vec<u32>,
    numbers: Vec<u32>,
}

impl Flows for Ledger {
    fn len(&self) -> u64 {
        self.transfers.len() as u64
    }

    fn transfer(&self, number: u64) -> Option<Transfer> {
        self.transfers.get(usize::try_from(number).ok()?).copied()
    }

    fn chunk(&self, first: u64, most: usize, into: &mut Vec<Transfer>) {
        let first = usize::try_from(first).unwrap_or(usize::MAX).min(self.transfers.len());
        let rest = &self.transfers[first..];
        into.extend_from_slice(&rest[..most.min(rest.len())]);
    }

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
        let begins = self.begins[account.0 as usize] as usize..self.begins[account.0 as usize + 1] as usize;
        self.numbers[begins].iter().map(|number| u64::from(*number))
    }
}

fn ledger(count: usize, accounts: u32) -> Ledger {
    let made = (0_i64..).zip(made::transfers(accounts).take(count));
    let transfers: Vec<_> = made
        .map(|(time, made)| Transfer {
            from: Account(made.from),
            to: Account(made.to),
            asset: Asset(0),
            amount: U256::from(made.amount),
            time,
        })
        .collect();
    let mut begins = vec![0_u32; accounts as usize + 2];
    let ends = |transfer: &Transfer| {
        [Some(transfer.from), (transfer.to != transfer.from).then_some(transfer.to)].into_iter().flatten()
    };
    transfers.iter().flat_map(ends).for_each(|account| begins[account.0 as usize + 1] += 1);
    for at in 1..begins.len() {
        begins[at] += begins[at - 1];
    }
    let mut next = begins.clone();
    let mut numbers = vec![0; *begins.last().unwrap_or(&0) as usize];
    for (number, transfer) in (0_u32..).zip(&transfers) {
        for account in ends(transfer) {
            numbers[next[account.0 as usize] as usize] = number;
            next[account.0 as usize] += 1;
        }
    }
    Ledger { transfers, begins, numbers }
}

fn is_wanted(name: &str) -> bool {
    std::env::args().nth(3).is_none_or(|only| only == name)
}

fn measure(ledger: &Ledger, name: &str, thefts: &[Theft], hubs: u32, limits: Limits, way: Way) {
    if !is_wanted(name) {
        return;
    }
    let place = |account: Account| if account.0 < hubs { Place::Service } else { Place::Holder };
    for method in [Method::Poison, Method::Haircut, Method::Fifo, Method::Lifo] {
        let (begun, cpu) = (Instant::now(), cpu_ms());
        match follow(ledger, thefts, method, place, limits, way) {
            Ok(trace) => println!(
                "{name:<12} {method:<8?} {:>8.1} ms ({:.1} ms of processor)  {:?}, reached {}, moves {}, entries {}, {:?}",
                begun.elapsed().as_secs_f64() * 1e3,
                cpu_ms() - cpu,
                trace.way(),
                trace.reached(),
                trace.moves().len(),
                trace.entries().len(),
                trace.ended(),
            ),
            Err(error) => println!("{name}: {error}"),
        }
    }
}

/// What the process has had of the processor, in hundredths of a second.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let times = stat.split_whitespace().skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    times.sum::<f64>() * 10.0
}

fn main() {
    let mut given = std::env::args().skip(1).filter_map(|given| given.parse::<usize>().ok());
    let count = given.next().unwrap_or(10_000_000);
    let accounts = given.next().and_then(|given| u32::try_from(given).ok()).unwrap_or(2_000_000);
    let ledger = ledger(count, accounts);
    println!("{count} transfers of {accounts} accounts; {} MiB", made::peak_mib());
    let thefts = |from: usize, part: usize, many: usize, hubs: u32| -> Vec<Theft> {
        let among = from as u64..(from + part) as u64;
        made::thefts(&ledger, among, many, |theft| theft.to.0 >= hubs && theft.from.0 != accounts)
    };
    let all = Limits::default();
    measure(&ledger, "everything", &thefts(0, count / 10, 50, 0), 0, all, Way::Choose);
    println!("{} MiB", made::peak_mib());
    measure(&ledger, "swept", &thefts(0, count / 10, 50, 0), 0, all, Way::Sweep);
    let largest = |of: u64, many: usize| -> Vec<Theft> {
        let mut numbers: Vec<_> = (0..of).collect();
        numbers.sort_by_key(|number| std::cmp::Reverse(ledger.transfers[*number as usize].amount));
        let is_theft = |number: &u64| {
            let transfer = ledger.transfers[*number as usize];
            transfer.from != transfer.to
        };
        let numbers = numbers.into_iter().filter(is_theft).take(many);
        numbers.map(|number| Theft { number, stolen: None }).collect()
    };
    for (name, of, many) in [("largest", count / 100, 50), ("very many", count / 2, 50_000)] {
        if is_wanted(name) {
            measure(&ledger, name, &largest(of as u64, many), 0, all, Way::Choose);
        }
    }
    measure(&ledger, "to services", &thefts(0, count / 10, 50, 10_000), 10_000, all, Way::Choose);
    let few = Limits { reached_max: 10_000, ..all };
    let many = thefts(count / 2, count / 10, 400, 10_000);
    measure(&ledger, "few", &many, 10_000, few, Way::Choose);
    measure(&ledger, "few, swept", &many, 10_000, few, Way::Sweep);
}
