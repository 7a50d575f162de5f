//! How fast taint is followed, on a synthetic ledger: `taint_speed [transfers] [accounts]`, by default 10 and 2 million.
//!
//! Accounts give and get by a power law, so that there are hubs; amounts are log-normal, in units of 10^-18. Where an account has
//! less than it would give, it gives all; where it has nothing, it is given something from outside first. By each method: 50
//! thefts through everything, also by the sweep alone; the 50 largest early transfers; 50,000 of the largest; 50 with hubs as
//! services; and few reached (10,000 at most), with hubs as services, also by the sweep. A third argument names the one case that
//! is wanted.

#![allow(clippy::print_stdout, reason = "it prints what it measures")]

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

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + '_ {
        let begins = self.begins[account.0 as usize] as usize..self.begins[account.0 as usize + 1] as usize;
        self.numbers[begins].iter().map(|number| u64::from(*number))
    }
}

/// Numbers that look random (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of so many, the first most often.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the count")]
    fn account(&mut self, count: u32) -> u32 {
        (self.part().powi(4) * f64::from(count)) as u32
    }

    /// Log-normal about 1 (that is 10^18 units).
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "amounts are rounded")]
    fn amount(&mut self) -> u128 {
        let (a, b) = (self.part().max(1e-12), self.part());
        let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
        ((2.0 * normal).exp() * 1e18) as u128 + u128::from(self.next() % 1_000)
    }
}

fn ledger(count: usize, accounts: u32) -> Ledger {
    let mut dice = Dice(1);
    let mut balances = vec![0_u128; accounts as usize + 1];
    let mut transfers = Vec::with_capacity(count);
    while transfers.len() < count {
        let mut from = dice.account(accounts);
        let mut to = dice.account(accounts);
        let mut amount = dice.amount();
        let known = balances[from as usize];
        if known == 0 {
            to = from;
            from = accounts;
        } else {
            amount = amount.min(known);
            balances[from as usize] -= amount;
        }
        balances[to as usize] += amount;
        let time = i64::try_from(transfers.len()).unwrap_or_default();
        let (from, to, asset, amount) = (Account(from), Account(to), Asset(0), U256::from(amount));
        transfers.push(Transfer { from, to, asset, amount, time });
    }
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

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    peak.unwrap_or(0_u64) / 1024
}

fn main() {
    let mut given = std::env::args().skip(1).filter_map(|given| given.parse::<usize>().ok());
    let count = given.next().unwrap_or(10_000_000);
    let accounts = given.next().and_then(|given| u32::try_from(given).ok()).unwrap_or(2_000_000);
    let ledger = ledger(count, accounts);
    println!("{count} transfers of {accounts} accounts; {} MiB", peak_mib());
    let mut dice = Dice(2);
    let mut thefts = |from: usize, part: usize, many: usize, hubs: u32| -> Vec<Theft> {
        let can_be = |number: &u64| {
            let transfer = ledger.transfers[usize::try_from(*number).unwrap_or_default()];
            transfer.from != transfer.to && transfer.to.0 >= hubs && transfer.from.0 != accounts
        };
        let numbers = std::iter::repeat_with(|| from as u64 + dice.next() % part as u64).filter(can_be);
        let mut numbers: Vec<_> = numbers.take(many).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|number| Theft { number, stolen: None }).collect()
    };
    let all = Limits::default();
    measure(&ledger, "everything", &thefts(0, count / 10, 50, 0), 0, all, Way::Choose);
    println!("{} MiB", peak_mib());
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
