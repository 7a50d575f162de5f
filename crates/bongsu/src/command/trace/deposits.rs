//! Addresses that services give to one customer each, and who their customers are, as far as transfers show it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};
use trace::cluster::{Clusters, Deposits, deposits};
use trace::label::{Label, Labels};
use trace::taint::Trace;
use trace::{Account, Asset, Store};

use super::address;
use super::follow::more;
use super::found::Found;
use crate::answer::table;
use crate::terminal::visible;

/// Deposit addresses, and customers.
#[derive(Debug, Clone)]
pub(crate) struct Customers<'l> {
    /// The service of each deposit address.
    services: BTreeMap<Account, &'l Label>,
    /// Addresses of one customer are joined.
    clusters: Clusters,
}

impl<'l> Customers<'l> {
    /// Looks for addresses that pass on to services what they get. Reads the transfers of labelled services and of who pays to them.
    pub(super) fn of(store: &Store, labels: &'l Labels) -> Self {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut named: Vec<&Label> = Vec::new();
        let mut own: BTreeMap<Account, u32> = BTreeMap::new();
        let mut addresses: Vec<&str> = labels.addresses().collect();
        // In one order each time: of several labels of one service, the first gives its name.
        addresses.sort_unstable();
        for address in addresses {
            let Some((account, label)) = store.account(address).zip(labels.service(address)) else {
                continue;
            };
            let name = label.actor.as_deref().unwrap_or(&label.name);
            let number = *numbers.entry(name).or_insert_with(|| {
                named.push(label);
                named.len() as u32 - 1
            });
            own.insert(account, number);
        }
        let accounts: Vec<Account> = own.keys().copied().collect();
        // Tokens are told by their contracts; what has another name is the chain's coin.
        let coin = (0..store.assets())
            .map(Asset)
            .find(|asset| store.asset_name(*asset).is_some_and(|name| !name.starts_with("0x")));
        // Where there is no coin, nothing is kept for fees of anything.
        let bounds = Deposits { coin: Some(coin.unwrap_or(Asset(u32::MAX))), ..Deposits::default() };
        let mut clusters = Clusters::default();
        let found = deposits(store, &bounds, &accounts, |account| own.get(&account).copied(), &mut clusters);
        let services = found.into_iter().filter_map(|(at, number)| Some((at, *named.get(number as usize)?)));
        Self { services: services.collect(), clusters }
    }

    /// The service whose deposit address this is.
    pub(crate) fn service(&self, account: Account) -> Option<&'l Label> {
        self.services.get(&account).copied()
    }

    /// The deposit addresses that tainted value came to.
    fn reached(&self, trace: &Trace) -> Vec<(Account, &'l Label)> {
        let entries = trace.entries().iter().map(|entry| entry.to);
        let all: BTreeSet<Account> = trace.holders().map(|holder| holder.account).chain(entries).collect();
        all.into_iter().filter_map(|account| Some((account, self.service(account)?))).collect()
    }

    /// Addresses that tainted value came to and that are one customer's, where there are several.
    fn customers(&self, trace: &Trace) -> Vec<Vec<Account>> {
        let mut by_root: BTreeMap<Account, BTreeSet<Account>> = BTreeMap::new();
        for holder in trace.holders() {
            by_root.entry(self.clusters.of(holder.account)).or_default().insert(holder.account);
        }
        by_root.into_values().filter(|one| one.len() > 1).map(|one| one.into_iter().collect()).collect()
    }

    /// What of that concerns a trace, for people.
    pub(super) fn shown(&self, found: &Found<'_>, most: usize) -> String {
        let mut text = String::new();
        let reached = self.reached(&found.trace);
        let rows: Vec<Vec<String>> = reached
            .iter()
            .take(most)
            .map(|(account, label)| {
                let kind = label.category.as_str().to_owned();
                vec![visible(label.name.as_bytes()), kind, address(found.payments, *account)]
            })
            .collect();
        if !rows.is_empty() {
            text.push_str("\nDeposit addresses of services, by how they pass on what they get\n");
            text.push_str(&table(&["SERVICE", "KIND", "ADDRESS"], &rows));
            more(reached.len(), most, &mut text);
        }
        let customers = self.customers(&found.trace);
        let rows: Vec<Vec<String>> = customers
            .iter()
            .take(most)
            .map(|one| {
                let addresses = one.iter().map(|account| address(found.payments, *account));
                vec![one.len().to_string(), addresses.collect::<Vec<_>>().join(", ")]
            })
            .collect();
        if !rows.is_empty() {
            text.push_str("\nOne customer each, by the deposit addresses that they pay into\n");
            text.push_str(&table(&["ADDRESSES", ""], &rows));
            more(customers.len(), most, &mut text);
        }
        text
    }

    /// What of that concerns a trace, for programs.
    pub(super) fn json(&self, found: &Found<'_>) -> Value {
        let address = |account: &Account| found.payments.address(*account);
        let reached: Vec<Value> = self
            .reached(&found.trace)
            .iter()
            .map(|(account, label)| {
                json!({"address": address(account), "service": label.name, "category": label.category.as_str()})
            })
            .collect();
        let customers = self.customers(&found.trace);
        let customers: Vec<Vec<Option<String>>> =
            customers.iter().map(|one| one.iter().map(address).collect()).collect();
        json!({"addresses": reached, "customers": customers, "known": self.services.len()})
    }
}
