//! How tainted value was moved: shapes that launderers use and that are known by name.
//!
//! A shape is what transfers look like, and no proof of why: an employer pays many too.
//!
//! Source: Meiklejohn and others, 2013, section 5 (peeling chains); FATF, "Virtual Assets Red Flag Indicators", 2020 (structuring, fan-in,
//! fan-out, dormant addresses). The bounds are ours.

use std::collections::{HashMap, HashSet};

use crate::taint::Trace;
use crate::{Account, Asset, Flows, U256};

/// From where on a shape is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Links of a peeling chain, at least.
    pub links_min: usize,
    /// What each link passes on in one transfer of what it passes on at all, in percent, at least.
    pub passed_percent_min: u8,
    /// Others, that one pays or is paid by, at least.
    pub others_min: usize,
    /// Within how many seconds.
    pub within: i64,
    /// For how many seconds something lies, at least, to be dormant.
    pub dormant_for: i64,
    /// Payments of one size, at least.
    pub equal_min: usize,
    /// By how much they may differ, in percent of the least.
    pub equal_percent_max: u8,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            links_min: 4,
            passed_percent_min: 80,
            others_min: 10,
            within: 86_400,
            dormant_for: 30 * 86_400,
            equal_min: 5,
            equal_percent_max: 2,
        }
    }
}

/// A shape that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What it looks like.
    pub shape: Shape,
    /// Where: who pays or is paid, or where the chain begins.
    pub account: Account,
    /// In what.
    pub asset: Asset,
    /// When it began, in seconds since 1970-01-01 UTC.
    pub first: i64,
    /// When it ended; of what is dormant still, when the data end.
    pub last: i64,
}

/// What transfers of tainted value look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// One address after the other passes on nearly all, and little goes off each time: the addresses, in order.
    PeelChain(Vec<Account>),
    /// To so many others in a short time.
    FanOut(usize),
    /// From so many others in a short time.
    FanIn(usize),
    /// Nothing was moved for long; whether something has been since.
    Dormant {
        /// Whether it went on.
        woke: bool,
    },
    /// So many payments of nearly the same size in a short time.
    EqualParts(usize),
}

impl Shape {
    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::PeelChain(_) => "peel-chain",
            Self::FanOut(_) => "fan-out",
            Self::FanIn(_) => "fan-in",
            Self::Dormant { .. } => "dormant",
            Self::EqualParts(_) => "equal-parts",
        }
    }
}

/// A transfer of something tainted.
#[derive(Debug, Clone, Copy)]
struct Move {
    from: Account,
    to: Account,
    tainted: U256,
    time: i64,
}

type Key = (Account, Asset);

/// The shapes that a trace shows, by when they begin. `until` is when the data end, in seconds since 1970-01-01 UTC. Linear in the tainted
/// transfers, but for sorting.
#[must_use]
pub fn patterns(trace: &Trace, flows: &impl Flows, until: i64, bounds: &Bounds) -> Vec<Pattern> {
    let (mut out, mut into) = (HashMap::<Key, Vec<Move>>::new(), HashMap::<Key, Vec<Move>>::new());
    for (number, tainted) in trace.moves() {
        let Some(transfer) = trace.transfer(flows, number) else { continue };
        let one = Move { from: transfer.from, to: transfer.to, tainted, time: transfer.time };
        out.entry((one.from, transfer.asset)).or_default().push(one);
        into.entry((one.to, transfer.asset)).or_default().push(one);
    }
    let mut found = Vec::new();
    for ((account, asset), moves) in &out {
        let mut take =
            |shape, first, last| found.push(Pattern { shape, account: *account, asset: *asset, first, last });
        if let Some((others, first, last)) = most_others(moves, |one| one.to, bounds) {
            take(Shape::FanOut(others), first, last);
        }
        if let Some((count, first, last)) = equal_parts(moves, bounds) {
            take(Shape::EqualParts(count), first, last);
        }
    }
    for ((account, asset), moves) in &into {
        if let Some((others, first, last)) = most_others(moves, |one| one.from, bounds) {
            found.push(Pattern {
                shape: Shape::FanIn(others),
                account: *account,
                asset: *asset,
                first,
                last,
            });
        }
    }
    found.extend(peel_chains(&out, bounds));
    found.extend(dormant(trace, &into, &out, until, bounds));
    found.sort_by(|one, other| {
        (one.first, one.account, one.asset, one.shape.as_str()).cmp(&(
            other.first,
            other.account,
            other.asset,
            other.shape.as_str(),
        ))
    });
    found
}

/// The stretch within which there are most others, if they are enough. Moves are in order.
fn most_others(
    moves: &[Move],
    other: impl Fn(&Move) -> Account,
    bounds: &Bounds,
) -> Option<(usize, i64, i64)> {
    if moves.len() < bounds.others_min {
        return None;
    }
    let (mut counts, mut start) = (HashMap::<Account, usize>::new(), 0);
    let mut best: Option<(usize, i64, i64)> = None;
    for (end, one) in moves.iter().enumerate() {
        *counts.entry(other(one)).or_default() += 1;
        while one.time - moves[start].time > bounds.within {
            let left = other(&moves[start]);
            if let Some(count) = counts.get_mut(&left) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&left);
                }
            }
            start += 1;
        }
        let others = counts.len();
        if others >= bounds.others_min && best.is_none_or(|(most, ..)| others > most) {
            best = Some((others, moves[start].time, moves[end].time));
        }
    }
    best
}

/// The most payments of nearly one size within the time, if they are enough.
fn equal_parts(moves: &[Move], bounds: &Bounds) -> Option<(usize, i64, i64)> {
    if moves.len() < bounds.equal_min {
        return None;
    }
    let mut sorted: Vec<&Move> = moves.iter().filter(|one| !one.tainted.is_zero()).collect();
    sorted.sort_by_key(|one| (one.tainted, one.time));
    let (mut start, mut best) = (0, None::<(usize, i64, i64)>);
    while start < sorted.len() {
        let least = sorted[start].tainted;
        let roof = least.saturating_add(least / U256::from(100) * U256::from(bounds.equal_percent_max));
        let end = start + sorted[start..].partition_point(|one| one.tainted <= roof);
        let mut times: Vec<i64> = sorted[start..end].iter().map(|one| one.time).collect();
        times.sort_unstable();
        let mut first = 0;
        for (last, time) in times.iter().enumerate() {
            while time - times[first] > bounds.within {
                first += 1;
            }
            let count = last + 1 - first;
            if count >= bounds.equal_min && best.is_none_or(|(most, ..)| count > most) {
                best = Some((count, times[first], *time));
            }
        }
        start = end;
    }
    best
}

/// Chains in which each address passes on nearly all of what it passes on to the next, and little to one or two others.
fn peel_chains(out: &HashMap<Key, Vec<Move>>, bounds: &Bounds) -> Vec<Pattern> {
    let mut next: HashMap<Key, (Account, i64)> = HashMap::new();
    for (key, moves) in out {
        let Some(most) = moves.iter().max_by_key(|one| one.tainted) else { continue };
        let sum = moves.iter().fold(U256::ZERO, |sum, one| sum.saturating_add(one.tainted));
        // Compared as sums of parts, so that nothing overflows: percent of a hundredth.
        let is_most = most.tainted >= sum / U256::from(100) * U256::from(bounds.passed_percent_min);
        if is_most && (2..=3).contains(&moves.len()) && most.to != key.0 {
            next.insert(*key, (most.to, most.time));
        }
    }
    let followed: HashSet<Key> = next.iter().map(|((_, asset), (to, _))| (*to, *asset)).collect();
    let mut found = Vec::new();
    for (key, (_, first)) in next.iter().filter(|(key, _)| !followed.contains(*key)) {
        let (mut chain, mut seen, mut at, mut last) = (vec![key.0], HashSet::from([key.0]), *key, *first);
        while let Some((to, time)) = next.get(&at) {
            last = *time;
            if !seen.insert(*to) {
                break;
            }
            chain.push(*to);
            at = (*to, key.1);
        }
        if chain.len() > bounds.links_min {
            let shape = Shape::PeelChain(chain);
            found.push(Pattern { shape, account: key.0, asset: key.1, first: *first, last });
        }
    }
    found
}

/// Where something tainted lay for long before it went on, or lies still.
fn dormant(
    trace: &Trace,
    into: &HashMap<Key, Vec<Move>>,
    out: &HashMap<Key, Vec<Move>>,
    until: i64,
    bounds: &Bounds,
) -> Vec<Pattern> {
    let mut found = Vec::new();
    for holder in trace.holders() {
        let key = (holder.account, holder.asset);
        let Some(came) = into.get(&key) else { continue };
        let empty = Vec::new();
        let went = out.get(&key).unwrap_or(&empty);
        // All that happened there, in order, and whether it went on after the longest rest.
        let mut times: Vec<i64> = came.iter().chain(went).map(|one| one.time).collect();
        times.sort_unstable();
        let rests = times.windows(2).map(|pair| (pair[0], pair[1], true));
        let still =
            (!holder.tainted.is_zero()).then(|| times.last().map(|last| (*last, until, false))).flatten();
        let longest = rests.chain(still).max_by_key(|(first, last, _)| last - first);
        if let Some((first, last, woke)) =
            longest.filter(|(first, last, _)| last - first >= bounds.dormant_for)
        {
            let shape = Shape::Dormant { woke };
            found.push(Pattern { shape, account: holder.account, asset: holder.asset, first, last });
        }
    }
    found
}
