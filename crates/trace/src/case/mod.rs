//! Cases: one theft, what is known of where it went, whom that was told to, and what they did.
//!
//! A case is what its [events](Event) add up to, in their order ([`Case::apply`]). Events are small and are kept for ever; what a trace
//! found in full can be made again from the transfers, and is not part of them.

mod event;
mod figures;
mod mails;
mod request;
mod sums;
mod timeline;

pub use event::{Event, EventError};
pub use figures::{Figures, Standing};
pub use mails::ToTell;
pub use request::{Request, State, StateError, Step, WRONG_STEP};
pub use sums::{Alert, Arrival, Sums};
pub use timeline::{Happened, What};

use std::collections::HashSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use stix::Timestamp;

/// Longest handle of a case, in bytes.
pub const HANDLE_BYTES_MAX: usize = 64;
/// Longest title, note, reason or reference, in characters.
pub const TEXT_CHARS_MAX: usize = 2_000;

/// What a case is about, and how it is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Definition {
    /// What people call it.
    pub title: String,
    /// The chains that it is followed on; at least one of them has thefts.
    pub chains: Vec<Chain>,
    /// By which rule taint is passed on: `fifo`, `lifo`, `haircut`, `poison`, or, where all chains are Bitcoin's, `tiho`.
    pub method: String,
    /// Files of labels, each with `=CATEGORY` behind it or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// A file of payments of bridges that belong together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairings: Option<PathBuf>,
    /// A file that says which assets are worth the same on which chains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worths: Option<PathBuf>,
    /// Circles that get what is found, by their handles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub circles: Vec<String>,
    /// Whether circles get what is found as soon as it is found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub share_at_once: bool,
    /// Mail addresses that are told of alerts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts_to: Vec<String>,
    /// The law or the order that a request to freeze stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal: Option<String>,
    /// Whom a service can ask: a person or a desk, with how to reach them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// A chain that a case is followed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Chain {
    /// The folder of its store of transfers; or of blocks of Bitcoin, or the first file of blocks that counts.
    pub store: PathBuf,
    /// What was stolen there, as payments of a victim.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thefts: Vec<Stolen>,
    /// What was stolen there, where value lies in outputs: `TXID`, `TXID:VOUT` or `TXID:VOUT=SATOSHI`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<String>,
}

/// Payments by which something was stolen, as an analyst says it: by addresses and transactions and not by numbers in a store, since a
/// chain can go another way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stolen {
    /// The address that was stolen from.
    pub victim: String,
    /// Addresses that it went to; none: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thieves: Vec<String>,
    /// Transactions by which it went, or the first digits of their identifiers; none: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transactions: Vec<String>,
    /// Assets, by name or contract; none: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<String>,
    /// `ADDRESS=ASSET`: what this address paid in that asset after the first theft was stolen too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub swapped: Vec<String>,
}

/// A case as it stands.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its handle.
    pub handle: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// What it is about.
    pub definition: Definition,
    /// When it was traced last, and what that found; `None` before the first time.
    pub traced: Option<(Timestamp, Vec<Sums>)>,
    /// What came to services, in the order in which it was noticed.
    pub alerts: Vec<Alert>,
    /// Requests to freeze, by number from 1.
    pub requests: Vec<Request>,
    /// What was written to it.
    pub notes: Vec<(Timestamp, String)>,
    /// What went to circles: when, to which, how many objects.
    pub shared: Vec<(Timestamp, String, usize)>,
    /// When it was closed, and why.
    pub closed: Option<(Timestamp, String)>,
    /// The arrivals of which there was an alert.
    known: HashSet<String>,
    /// What is still to be told of alerts by mail.
    mails: mails::Mails,
}

impl Case {
    /// A case that is opened.
    #[must_use]
    pub fn open(handle: &str, definition: Definition, at: Timestamp) -> Self {
        Self {
            handle: handle.to_owned(),
            opened: at,
            definition,
            traced: None,
            alerts: Vec::new(),
            requests: Vec::new(),
            notes: Vec::new(),
            shared: Vec::new(),
            closed: None,
            known: HashSet::new(),
            mails: mails::Mails::default(),
        }
    }

    /// Takes an event in. What can't be true of the case as it stands is left out: events were judged when they were made, and an
    /// older program must be able to read on.
    pub fn apply(&mut self, event: Event, at: Timestamp) {
        match event {
            Event::Opened(definition) | Event::Changed(definition) => self.definition = definition,
            Event::Traced(sums) => self.traced = Some((at, sums)),
            Event::Alert(alert) => {
                self.known.extend(alert.arrivals.iter().map(Arrival::key));
                self.alerts.push(alert);
            }
            Event::Gone(keys) => {
                let is_gone = |arrival: &Arrival| keys.contains(&arrival.key());
                for alert in &mut self.alerts {
                    alert.arrivals.retain(|arrival| !is_gone(arrival));
                }
                let empty = |alert: &Alert| alert.arrivals.is_empty();
                while let Some(at) = self.alerts.iter().position(empty) {
                    self.alerts.remove(at);
                    self.mails.gone(at);
                }
                self.known.retain(|key| !keys.contains(key));
            }
            Event::ToTell { to } => {
                for to in to {
                    self.mails.begin(to, self.alerts.len(), at);
                }
            }
            Event::Told { to } => self.mails.told(&to),
            Event::Untold { to, why, is_final } => self.mails.untold(&to, why, is_final),
            Event::Drafted(request) => self.requests.push(request),
            Event::Step { request, step } => {
                if let Some(found) = self.request_mut(request) {
                    found.steps.push(step);
                }
            }
            Event::Shared { circle, objects } => self.shared.push((at, circle, objects)),
            Event::Note(text) => self.notes.push((at, text)),
            Event::Closed(reason) => self.closed = Some((at, reason)),
            Event::Reopened => self.closed = None,
        }
    }

    /// The request with this number.
    #[must_use]
    pub fn request(&self, number: usize) -> Option<&Request> {
        self.requests.get(number.checked_sub(1)?)
    }

    fn request_mut(&mut self, number: usize) -> Option<&mut Request> {
        self.requests.get_mut(number.checked_sub(1)?)
    }

    /// Whether there was an alert of this arrival.
    #[must_use]
    pub fn knows(&self, arrival: &Arrival) -> bool {
        self.known.contains(&arrival.key())
    }

    /// The keys of those that were told of and are not among what is there now.
    #[must_use]
    pub fn gone(&self, now: &[Arrival]) -> Vec<String> {
        let now: HashSet<String> = now.iter().map(Arrival::key).collect();
        let mut gone: Vec<String> = self.known.difference(&now).cloned().collect();
        gone.sort_unstable();
        gone
    }

    /// The alerts that new arrivals make: one for each service and asset, in the order of the first arrival of each.
    #[must_use]
    pub fn news(&self, arrivals: Vec<Arrival>) -> Vec<Alert> {
        let mut alerts: Vec<Alert> = Vec::new();
        let mut fresh = HashSet::new();
        for arrival in arrivals {
            if self.knows(&arrival) || !fresh.insert(arrival.key()) {
                continue;
            }
            let same =
                |alert: &&mut Alert| alert.is_of(&arrival) && alert.arrivals.len() < Alert::ARRIVALS_MAX;
            match alerts.iter_mut().rev().find(same) {
                Some(alert) => alert.arrivals.push(arrival),
                None => alerts.push(Alert { arrivals: vec![arrival] }),
            }
        }
        alerts
    }

    /// All that came to a service, by the name that the alerts have, in order.
    pub fn arrivals<'c>(&'c self, service: &'c str) -> impl Iterator<Item = &'c Arrival> + 'c {
        self.alerts
            .iter()
            .flat_map(|alert| &alert.arrivals)
            .filter(move |arrival| arrival.service.eq_ignore_ascii_case(service))
    }
}

/// Whether a text can be a case's handle: small letters, digits and hyphens, and not a hyphen first.
#[must_use]
pub fn is_handle(text: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= HANDLE_BYTES_MAX && !text.starts_with('-') && text.bytes().all(is_sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::U256;
    use crate::label::Category;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn case() -> Case {
        let definition = Definition {
            title: "A theft".to_owned(),
            chains: Vec::new(),
            method: "fifo".to_owned(),
            labels: Vec::new(),
            pairings: None,
            worths: None,
            circles: Vec::new(),
            share_at_once: false,
            alerts_to: Vec::new(),
            legal: None,
            contact: None,
        };
        Case::open("theft", definition, at(0))
    }

    pub(super) fn arrival(transaction: &str, service: &str, tainted: u64) -> Arrival {
        Arrival {
            chain: "ethereum".to_owned(),
            transaction: transaction.to_owned(),
            block: 7,
            time: 100,
            from: "0xaa".to_owned(),
            to: "0xbb".to_owned(),
            service: service.to_owned(),
            category: Category::Exchange,
            asset: "ETH".to_owned(),
            decimals: Some(18),
            amount: U256::from(tainted),
            tainted: U256::from(tainted),
            hop: 2,
        }
    }

    #[test]
    fn only_what_is_new_makes_an_alert() {
        let mut case = case();
        let news =
            case.news(vec![arrival("1", "binance", 5), arrival("2", "okx", 7), arrival("3", "Binance", 1)]);
        let told: Vec<(&str, usize)> =
            news.iter().map(|alert| (alert.service(), alert.arrivals.len())).collect();
        assert_eq!(told, [("binance", 2), ("okx", 1)]);
        for alert in news {
            case.apply(Event::Alert(alert), at(1));
        }
        assert!(case.news(vec![arrival("2", "okx", 7), arrival("1", "binance", 5)]).is_empty());
        let more = case.news(vec![arrival("2", "okx", 7), arrival("4", "okx", 2)]);
        assert_eq!((more.len(), more[0].arrivals[0].transaction.as_str()), (1, "4"));
        assert_eq!(case.arrivals("BINANCE").count(), 2);
    }

    #[test]
    fn what_a_chain_took_back_counts_no_more_and_is_told_again_if_it_comes_again() {
        let mut case = case();
        for alert in case.news(vec![arrival("1", "okx", 5), arrival("2", "okx", 7)]) {
            case.apply(Event::Alert(alert), at(1));
        }
        let gone = case.gone(&[arrival("2", "okx", 7)]);
        assert_eq!(gone, [arrival("1", "okx", 5).key()]);
        case.apply(Event::Gone(gone), at(2));
        assert_eq!((case.arrivals("okx").count(), case.alerts[0].tainted()), (1, U256::from(7)));
        assert_eq!(case.news(vec![arrival("1", "okx", 5), arrival("2", "okx", 7)]).len(), 1);
        case.apply(Event::Gone(case.gone(&[])), at(3));
        assert!(case.alerts.is_empty());
    }

    #[test]
    fn what_is_to_be_told_waits_until_it_is_told_or_given_up() {
        let mut case = case();
        let waiting = |case: &Case| -> Vec<(String, Vec<String>, bool)> {
            let of = |(to, waiting): (&str, &ToTell)| {
                let alerts = case.untold(waiting).iter().map(|alert| alert.service().to_owned()).collect();
                (to.to_owned(), alerts, waiting.is_over)
            };
            case.mails().map(of).collect()
        };
        let alert = |case: &mut Case, transaction: &str, service: &str, second: i64| {
            case.apply(Event::ToTell { to: vec!["a@x.test".to_owned()] }, at(second));
            for alert in case.news(vec![arrival(transaction, service, 5)]) {
                case.apply(Event::Alert(alert), at(second));
            }
        };
        let one = |services: &[&str], is_over| {
            vec![("a@x.test".to_owned(), services.iter().map(|one| (*one).to_owned()).collect(), is_over)]
        };
        alert(&mut case, "1", "okx", 1);
        case.apply(Event::Told { to: "a@x.test".to_owned() }, at(2));
        assert_eq!(waiting(&case), []);
        alert(&mut case, "2", "binance", 3);
        let untold = |is_final| Event::Untold { to: "a@x.test".to_owned(), why: "451".to_owned(), is_final };
        case.apply(untold(false), at(4));
        alert(&mut case, "3", "kraken", 5);
        assert_eq!(waiting(&case), one(&["binance", "kraken"], false));
        assert_eq!(case.mails().next().unwrap().1.since, at(3), "since the first of them");
        // The first that was told of is taken back: what is to be told stays the same.
        case.apply(Event::Gone(vec![arrival("1", "okx", 5).key()]), at(6));
        assert_eq!(waiting(&case), one(&["binance", "kraken"], false));
        case.apply(Event::Gone(vec![arrival("2", "binance", 5).key()]), at(6));
        assert_eq!(waiting(&case), one(&["kraken"], false));
        case.apply(untold(true), at(7));
        assert_eq!(waiting(&case), one(&["kraken"], true));
        alert(&mut case, "4", "bitso", 8);
        assert_eq!(waiting(&case), one(&["bitso"], false), "what was given up is not tried again");
    }

    #[test]
    fn a_long_row_of_arrivals_is_several_alerts() {
        let many =
            (0..Alert::ARRIVALS_MAX + 1).map(|number| arrival(&number.to_string(), "okx", 1)).collect();
        let counts: Vec<usize> = case().news(many).iter().map(|alert| alert.arrivals.len()).collect();
        assert_eq!(counts, [Alert::ARRIVALS_MAX, 1]);
    }

    #[test]
    fn handles_are_what_a_path_and_a_shell_take() {
        for good in ["bybit-2025", "a", "7"] {
            assert!(is_handle(good), "{good}");
        }
        for bad in ["", "-a", "A", "a/b", "..", "a b", "é", &"a".repeat(65)] {
            assert!(!is_handle(bad), "{bad}");
        }
    }
}
