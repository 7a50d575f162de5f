//! A case over time: what entered services of each category in each hour or day, and what was still held at the end of it.
//!
//! Short cases go by the hour, others by the day, in UTC; hours and days in which nothing happened have no row. By all methods but poison,
//! what was stolen so far is what has entered, was burnt, or is held, to the last unit; by poison sums mean nothing, and so does the
//! timeline.

mod draw;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::label::Category;
use crate::taint::{Place, Trace};
use crate::{Account, Asset, Flows, U256};

pub use draw::Look;

/// Cases that are at most so many hours long go by the hour.
const HOURS_MAX: i64 = 4 * 24;

/// How long the time of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Every {
    /// An hour.
    Hour,
    /// A day, in UTC.
    Day,
}

impl Every {
    /// How many seconds it has.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// What happened in an hour or a day. Amounts are in the asset's smallest unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When it begins, in seconds since 1970-01-01 UTC.
    pub start: i64,
    /// What was stolen, without what was tainted already.
    pub stolen: U256,
    /// What entered services, by category; none is 0.
    pub entered: BTreeMap<Category, U256>,
    /// What came to nobody.
    pub burnt: U256,
    /// What was held at its end.
    pub held: U256,
}

/// A case over time, in one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// The asset.
    pub asset: Asset,
    /// How long the time of a row is.
    pub every: Every,
    /// What happened, in order of time.
    pub rows: Vec<Row>,
}

/// Puts what a trace found in order of time. `category` says what a service is; one of which it says nothing is [`Category::Other`].
#[must_use]
pub fn timeline(
    trace: &Trace,
    flows: &impl Flows,
    asset: Asset,
    category: impl Fn(Account) -> Option<Category>,
) -> Timeline {
    let stolen = trace.stolen().filter_map(|(number, amount)| {
        let transfer = trace.transfer(flows, number).filter(|transfer| transfer.asset == asset)?;
        Some((transfer.time, amount))
    });
    let stolen: Vec<(i64, U256)> = stolen.collect();
    let entries = || trace.entries().iter().filter(|entry| entry.asset == asset);
    let times = || stolen.iter().map(|(time, _)| *time).chain(entries().map(|entry| entry.time));
    let (first, last) = (times().min().unwrap_or_default(), times().max().unwrap_or_default());
    let is_short = last.saturating_sub(first) <= HOURS_MAX * Every::Hour.seconds();
    let every = if is_short { Every::Hour } else { Every::Day };
    let mut rows: BTreeMap<i64, Row> = BTreeMap::new();
    let mut at = |time: i64, add: &dyn Fn(&mut Row)| {
        let start = time.div_euclid(every.seconds()).saturating_mul(every.seconds());
        let nothing = || Row {
            start,
            stolen: U256::ZERO,
            entered: BTreeMap::new(),
            burnt: U256::ZERO,
            held: U256::ZERO,
        };
        add(rows.entry(start).or_insert_with(nothing));
    };
    for (time, amount) in stolen.iter().filter(|(_, amount)| !amount.is_zero()) {
        at(*time, &|row| row.stolen = row.stolen.saturating_add(*amount));
    }
    for entry in entries().filter(|entry| !entry.tainted.is_zero()) {
        at(entry.time, &|row| {
            let sum = match entry.place {
                Place::Nobody => &mut row.burnt,
                _ => row.entered.entry(category(entry.to).unwrap_or(Category::Other)).or_default(),
            };
            *sum = sum.saturating_add(entry.tainted);
        });
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    let mut held = U256::ZERO;
    for row in &mut rows {
        let gone = row.entered.values().fold(row.burnt, |sum, amount| sum.saturating_add(*amount));
        held = held.saturating_add(row.stolen).saturating_sub(gone);
        row.held = held;
    }
    Timeline { asset, every, rows }
}

impl Timeline {
    /// What entered services in all, by category.
    #[must_use]
    pub fn entered(&self) -> BTreeMap<Category, U256> {
        let mut sums: BTreeMap<Category, U256> = BTreeMap::new();
        for (category, amount) in self.rows.iter().flat_map(|row| &row.entered) {
            let sum = sums.entry(*category).or_default();
            *sum = sum.saturating_add(*amount);
        }
        sums
    }

    /// As a table: a column for each category that occurs; amounts in the smallest unit, times as RFC 3339.
    #[must_use]
    pub fn csv(&self) -> String {
        let categories: Vec<Category> = self.entered().into_keys().collect();
        let mut table = String::from("start,stolen");
        for category in &categories {
            let _ = write!(table, ",{}", category.as_str());
        }
        table.push_str(",burnt,held\n");
        for row in &self.rows {
            let start = stix::Timestamp::from_micros(row.start.saturating_mul(1_000_000));
            // Writing to a string does not fail.
            let _ = write!(table, "{start},{}", row.stolen);
            for category in &categories {
                let _ = write!(table, ",{}", row.entered.get(category).copied().unwrap_or_default());
            }
            let _ = writeln!(table, ",{},{}", row.burnt, row.held);
        }
        table
    }
}
