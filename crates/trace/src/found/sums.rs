//! Sums by service and by holder.

use std::collections::HashMap;
use std::sync::Arc;

use crate::label::{Category, Label};
use crate::taint::{Place, Trace};
use crate::{Account, Asset, U256};

/// What of one asset came to one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Who runs it, or, where no label says that, what the label calls the address.
    pub name: Arc<str>,
    /// What it is.
    pub category: Category,
    /// What came.
    pub asset: Asset,
    /// How much of it was tainted, in the asset's smallest unit.
    pub tainted: U256,
    /// By which transfers, in order, as indices among [`Trace::entries`].
    pub entries: Vec<usize>,
    /// When the first came, in seconds since 1970-01-01 UTC.
    pub first: i64,
    /// When the last came.
    pub last: i64,
    /// To which of its addresses, in order.
    pub addresses: Vec<Account>,
}

/// Who holds something tainted at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Its index among [`Trace::holders`]; of several, as of outputs of one address, the first.
    pub holder: usize,
    /// Who.
    pub account: Account,
    /// What.
    pub asset: Asset,
    /// How much of it is tainted, in the asset's smallest unit.
    pub tainted: U256,
    /// All that is held of it there; of outputs, all that those hold of which something is tainted.
    pub balance: U256,
}

/// What came to services: for each asset the one that got most first. `label` says whose an address is at which taint ends.
#[must_use]
pub fn services<'l>(trace: &Trace, label: impl Fn(Account) -> Option<&'l Label>) -> Vec<Service> {
    let mut sums: Vec<Service> = Vec::new();
    let mut known: HashMap<(Arc<str>, Category, Asset), usize> = HashMap::new();
    for (at, entry) in trace.entries().iter().enumerate().filter(|(_, entry)| entry.place == Place::Service) {
        let label = label(entry.to);
        let category = label.map_or(Category::Other, |label| label.category);
        let name = label.and_then(|label| label.actor.clone().or_else(|| Some(label.name.as_str().into())));
        let name = name.unwrap_or_else(|| "".into());
        let sum = *known.entry((Arc::clone(&name), category, entry.asset)).or_insert_with(|| {
            sums.push(Service {
                name,
                category,
                asset: entry.asset,
                tainted: U256::ZERO,
                entries: Vec::new(),
                first: entry.time,
                last: entry.time,
                addresses: Vec::new(),
            });
            sums.len() - 1
        });
        let sum = &mut sums[sum];
        // By all methods but poison the sums are within what was stolen; poison's may be anything, and end at the most.
        sum.tainted = sum.tainted.saturating_add(entry.tainted);
        sum.entries.push(at);
        (sum.first, sum.last) = (sum.first.min(entry.time), sum.last.max(entry.time));
        if let Err(place) = sum.addresses.binary_search(&entry.to) {
            sum.addresses.insert(place, entry.to);
        }
    }
    sums.sort_by(|one, other| {
        (one.asset, other.tainted, &one.name).cmp(&(other.asset, one.tainted, &other.name))
    });
    sums
}

/// Who holds something tainted now: for each asset the one with most first.
#[must_use]
pub fn holdings(trace: &Trace) -> Vec<Holding> {
    let mut holdings: Vec<Holding> = Vec::new();
    let mut known: HashMap<(Account, Asset), usize> = HashMap::new();
    for (at, holder) in trace.holders().enumerate().filter(|(_, holder)| !holder.tainted.is_zero()) {
        let (account, asset) = (holder.account, holder.asset);
        let one = *known.entry((account, asset)).or_insert_with(|| {
            let (tainted, balance) = (U256::ZERO, U256::ZERO);
            holdings.push(Holding { holder: at, account, asset, tainted, balance });
            holdings.len() - 1
        });
        let one = &mut holdings[one];
        one.tainted = one.tainted.saturating_add(holder.tainted);
        one.balance = one.balance.saturating_add(holder.balance);
    }
    holdings.sort_by_key(|one| (one.asset, std::cmp::Reverse(one.tainted), one.account));
    holdings
}
