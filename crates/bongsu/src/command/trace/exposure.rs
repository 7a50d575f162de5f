//! `bongsu trace exposure`: from whom an address got what it got, and to whom went what it gave.

use crate::answer::{Answer, table};
use crate::cli::TraceExposureArgs;
use crate::exit::Failure;
use crate::exposure::{Assets, Prices, Teller};
use crate::terminal::{Terminal, visible};
use serde_json::json;
use std::fmt::Write as _;
use trace::exposure::{Exposure, Limits, Row, Side, exposure};
use trace::label::Labels;
use trace::{Account, Payments};

use super::{account, address, amount, labels, opened};

pub(super) fn run(args: &TraceExposureArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let store = Payments::from(opened(&args.store)?);
    let labels = labels::read(&args.labels, &mut |note| terminal.note(note))?;
    let of = account(&store, &args.address)?;
    let limits = Limits { hops_max: args.hops, ..Limits::default() };
    let category = |account: Account| {
        let address = store.address(account)?;
        labels.best(&address).map(|label| label.category)
    };
    let look = |side| {
        exposure(&store, of, side, None, category, limits).map_err(|error| Failure::new(error.to_string()))
    };
    let (sources, sinks) = (look(Side::Sources)?, look(Side::Sinks)?);
    let mut text = format!("{}\n", address(&store, of));
    for (exposure, what, none) in
        [(&sources, "Where it came from", "It got nothing."), (&sinks, "Where it went", "It gave nothing.")]
    {
        let _ = write!(text, "\n{what}\n{}", shown(&store, &labels, exposure, none));
    }
    let teller = Teller { store: &store, labels: &labels, prices: &Prices::default() };
    let [sources, sinks] = [&sources, &sinks].map(|exposure| teller.side(exposure, Assets::All));
    let json = json!({
        "address": store.address(of), "chain": store.chain(), "rule": "haircut",
        "sources": sources, "sinks": sinks,
    });
    Ok(Answer::done(json, text))
}

/// A share in percent with two digits, of parts in a million.
fn percent(ppm: u32) -> String {
    format!("{}.{:02} %", ppm / 10_000, ppm / 100 % 100)
}

/// Hops to the first digit behind the point.
fn mean(row: &Row) -> String {
    let tenths = (row.hops_mean_thousandths() + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The addresses that most of a row is of, by their names.
fn largest(store: &Payments, labels: &Labels, row: &Row) -> String {
    let named = row.largest.iter().take(3).map(|party| {
        let address = address(store, party.account);
        match labels.best(&address).filter(|label| !label.name.is_empty()) {
            Some(label) => visible(label.name.as_bytes()),
            None => trace::units::short(&address),
        }
    });
    let mut named: Vec<String> = named.collect();
    named.dedup();
    named.join(", ")
}

fn shown(store: &Payments, labels: &Labels, exposure: &Exposure, none: &str) -> String {
    let mut rows = Vec::new();
    for total in &exposure.totals {
        for (row, ppm) in exposure.shares(total.asset) {
            rows.push(vec![
                row.end.as_str().to_owned(),
                amount(store, total.asset, row.direct()),
                amount(store, total.asset, row.indirect()),
                percent(ppm),
                row.hops_least().to_string(),
                mean(row),
                row.addresses.to_string(),
                largest(store, labels, row),
            ]);
        }
    }
    match rows.is_empty() {
        true => format!("{none}\n"),
        false => {
            table(&["KIND", "DIRECT", "INDIRECT", "SHARE", "HOPS", "MEAN", "ADDRESSES", "MOST OF IT"], &rows)
        }
    }
}
