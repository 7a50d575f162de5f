//! Transfers that look like a chain's: accounts give and get by a power law, so that there are hubs; amounts are log-normal, in units of
//! 10^-18. Where an account has less than it would give, it gives all; where it has nothing, it is given something from outside first.
//! The same number of transfers and accounts always makes the same.

// Each example takes what it needs.
#![allow(dead_code, reason = "several examples share it")]

use bongsu_trace::taint::Theft;
use bongsu_trace::{Flows, Transfer};

/// Numbers that look random (`SplitMix64`).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// From 0 to 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn part(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
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
        ((2.0 * normal).exp() * 1e18) as u128 + u128::from(self.roll() % 1_000)
    }
}

/// A number that looks random, and is another one for each number.
pub(crate) const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A transfer: who gives, who gets, and how much. Who gives from outside has the number behind the last account.
#[derive(Clone, Copy)]
pub(crate) struct Made {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) amount: u128,
}

/// Transfers between so many accounts, without end.
pub(crate) fn transfers(accounts: u32) -> impl Iterator<Item = Made> {
    let mut dice = Dice(1);
    let mut balances = vec![0_u128; accounts as usize + 1];
    std::iter::repeat_with(move || {
        let (mut from, mut to, mut amount) = (dice.account(accounts), dice.account(accounts), dice.amount());
        let known = balances[from as usize];
        if known == 0 {
            (to, from) = (from, accounts);
        } else {
            amount = amount.min(known);
            balances[from as usize] -= amount;
        }
        balances[to as usize] += amount;
        Made { from, to, amount }
    })
}

/// How the address of an account is written.
pub(crate) fn address(account: u32) -> String {
    let number = u64::from(account);
    format!("0x{:016x}{:016x}{:08x}", mixed(number), mixed(number ^ 0x5555), mixed(!number) >> 32)
}

/// Thefts somewhere among some transfers: from one account to another, and as `is` wants them.
pub(crate) fn thefts(
    flows: &impl Flows,
    among: std::ops::Range<u64>,
    many: usize,
    is: impl Fn(&Transfer) -> bool,
) -> Vec<Theft> {
    let mut dice = Dice(2);
    let number = std::iter::repeat_with(|| among.start + dice.roll() % (among.end - among.start));
    let can_be = |number: &u64| {
        flows.transfer(*number).is_some_and(|transfer| transfer.from != transfer.to && is(&transfer))
    };
    let mut numbers: Vec<u64> = number.filter(can_be).take(many).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter().map(|number| Theft { number, stolen: None }).collect()
}

/// The most memory that this process had, in MiB.
pub(crate) fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    peak.unwrap_or(0_u64) / 1024
}
