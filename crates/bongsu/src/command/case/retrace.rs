//! `bongsu case trace`: a case followed through the transfers that are there now.

use crate::answer::{Answer, Progress, Watcher, counted, table};
use crate::cli::CaseTraceArgs;
use crate::command::trace::across::Followed;
use crate::command::trace::found::Found;
use crate::command::trace::{UNKNOWN, when};
use crate::exit::{Exit, Failure};
use crate::node::Node;
use crate::terminal::visible;
use serde_json::json;
use std::ops::ControlFlow;
use trace::Account;
use trace::case::{Alert, Arrival, Case, Event, Sums};
use trace::cross::Sum;
use trace::taint::{Entry, Place};
use trace::units::told;

use super::{files, followed, share, telling};

pub(super) fn run(node: &Node, args: &CaseTraceArgs, watch: &mut Watcher<'_>) -> Result<Answer, Failure> {
    let handles: Vec<String> = node.cases.look(|cases| match &args.handle {
        Some(handle) => Ok(vec![cases.get(handle)?.handle.clone()]),
        None => {
            Ok(cases.all().filter(|case| case.closed.is_none()).map(|case| case.handle.clone()).collect())
        }
    })?;
    let (mut text, mut told, mut any, mut failed) = (String::new(), Vec::new(), false, None);
    for handle in &handles {
        let progress = Progress { what: format!("following {handle}"), done: 0, total: 0 };
        if let ControlFlow::Break(()) = watch(progress) {
            return Err(Failure::new("interrupted; what was traced so far is kept"));
        }
        match again(node, handle) {
            Ok(alerts) => {
                any |= !alerts.is_empty();
                text.push_str(&said(handle, &alerts));
                let waiting = node.cases.look(|cases| Ok(telling::waiting(cases.get(handle)?)))?;
                waiting.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
                told.push(json!({"case": handle, "alerts": alerts, "mails": waiting}));
            }
            Err(failure) if handles.len() > 1 => {
                text.push_str(&format!("{handle}: {failure}\n"));
                told.push(json!({"case": handle, "failed": failure.to_string()}));
                failed = Some(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    if handles.is_empty() {
        text.push_str("No case is open.\n");
    }
    let exit = match (&failed, any) {
        (Some(_), _) => Exit::Failed,
        (None, true) => Exit::Findings,
        (None, false) => Exit::Done,
    };
    Ok(Answer::done(json!({"cases": told}), text).ending(exit))
}

/// Follows a case again, keeps what was found, tells who is to be told, and gives the alerts that are new.
///
/// # Errors
/// When the case is unknown, or what it is followed through can't be read. Who could not be told of it is told later: the case says so.
pub(crate) fn again(node: &Node, handle: &str) -> Result<Vec<Alert>, Failure> {
    let definition = node.cases.look(|cases| Ok(cases.get(handle)?.definition.clone()))?;
    let alerts = followed(&definition, |found| {
        let sums = sums(found);
        let mut arrivals: Vec<Arrival> = found.founds.iter().flat_map(arrivals).collect();
        arrivals.sort_by_key(|arrival| arrival.time);
        files::keep(node, handle, found)?;
        node.cases.happens(handle, |cases| {
            let case: &Case = cases.get(handle)?;
            let gone = case.gone(&arrivals);
            let gone = (!gone.is_empty()).then_some(Event::Gone(gone));
            let alerts = case.news(arrivals);
            let is_new = case.traced.as_ref().is_none_or(|(_, before)| *before != sums);
            let traced = is_new.then_some(Event::Traced(sums));
            let to = definition.alerts_to.clone();
            let to_tell = (!to.is_empty() && !alerts.is_empty()).then_some(Event::ToTell { to });
            let alerted = alerts.iter().cloned().map(Event::Alert);
            let events = traced.into_iter().chain(gone).chain(to_tell).chain(alerted).collect();
            Ok((events, alerts))
        })
    })?;
    if definition.share_at_once {
        share::all(node, handle)?;
    }
    node.alerting.tell(node, handle)?;
    Ok(alerts)
}

/// What is where, those that were stolen from before what came by crossings.
fn sums(followed: &Followed<'_>) -> Vec<Sums> {
    let of = |sum: &Sum| {
        let found = followed.founds.get(sum.chain)?;
        let payments = found.payments;
        let holdings = found.holdings.iter().filter(|holding| holding.asset == sum.asset);
        let first = found.thefts.iter().filter_map(|number| found.transfer(*number));
        let first = first.filter(|theft| theft.asset == sum.asset).map(|theft| theft.time).min();
        Some(Sums {
            chain: payments.chain().to_owned(),
            asset: payments.asset_name(sum.asset).unwrap_or_default(),
            decimals: payments.decimals(sum.asset),
            stolen: sum.stolen,
            came: sum.came,
            held: sum.held,
            entered: sum.entered,
            crossed: sum.continued,
            burnt: sum.burnt,
            holders: holdings.count(),
            began: first.unwrap_or_default(),
            until: payments.times().map_or(0, |(_, last)| last),
        })
    };
    let mut all: Vec<Sums> = followed.sums.iter().filter_map(of).collect();
    all.sort_by_key(|sums| sums.stolen.is_zero());
    all
}

/// The service that an address is labelled as.
pub(super) fn service(found: &Found<'_>, account: Account) -> (String, trace::label::Category) {
    let address = found.payments.address(account).unwrap_or_default();
    match found.labels.service(&address) {
        Some(label) => {
            let name = label.actor.as_deref().unwrap_or(&label.name);
            let name = if name.is_empty() { address.as_str() } else { name };
            (name.to_owned(), label.category)
        }
        None => (address, trace::label::Category::Other),
    }
}

/// An entry as a case keeps it.
pub(super) fn arrival(found: &Found<'_>, entry: &Entry) -> Arrival {
    let payments = found.payments;
    let (service, category) = service(found, entry.to);
    Arrival {
        chain: payments.chain().to_owned(),
        transaction: payments.named(entry.number).unwrap_or_default(),
        block: payments.block(entry.number).unwrap_or_default(),
        time: entry.time,
        from: payments.address(entry.from).unwrap_or_else(|| UNKNOWN.to_owned()),
        to: payments.address(entry.to).unwrap_or_default(),
        service,
        category,
        asset: payments.asset_name(entry.asset).unwrap_or_default(),
        decimals: payments.decimals(entry.asset),
        amount: entry.amount,
        tainted: entry.tainted,
        hop: entry.hop,
    }
}

fn arrivals<'f>(found: &'f Found<'_>) -> impl Iterator<Item = Arrival> + 'f {
    let entries = found.trace.entries().iter().filter(|entry| entry.place == Place::Service);
    entries.map(move |entry| arrival(found, entry))
}

/// An amount for people, of an asset by its name.
pub(super) fn amount(units: trace::U256, asset: &str, decimals: Option<u8>) -> String {
    visible(told(units, asset, decimals).as_bytes())
}

/// What [`row`] has of an alert.
pub(super) const ALERT: [&str; 6] = ["SERVICE", "KIND", "STOLEN", "TRANSFERS", "FIRST (UTC)", "LAST (UTC)"];

/// An alert as a row of a table.
pub(super) fn row(alert: &Alert) -> Option<Vec<String>> {
    let (first, last) = (alert.arrivals.first()?, alert.arrivals.last()?);
    Some(vec![
        visible(alert.service().as_bytes()),
        first.category.as_str().to_owned(),
        amount(alert.tainted(), &first.asset, first.decimals),
        alert.arrivals.len().to_string(),
        when(first.time),
        when(last.time),
    ])
}

fn said(handle: &str, alerts: &[Alert]) -> String {
    if alerts.is_empty() {
        return format!("{handle}: nothing new came to a service.\n");
    }
    let rows: Vec<Vec<String>> = alerts.iter().filter_map(row).collect();
    let count = counted(alerts.len() as u64, "alert");
    format!("{handle}: {count}. Next: bongsu case request {handle} SERVICE\n{}", table(&ALERT, &rows))
}
