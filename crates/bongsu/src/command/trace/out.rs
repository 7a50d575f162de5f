//! What was found, in files for others.

use crate::command::case::share::{paid, reached};
use crate::exit::Failure;
use crate::terminal::visible;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use trace::found::{Edge, Look, Named, Shape, Told, graphml, sankey, timeline};
use trace::taint::{Ended, Place};
use trace::{Account, Asset, Flows as _, Store, U256};

use super::found::Found;
use super::time;
use super::transfers::transfer;
use trace::units::short;

/// Columns and boxes of a picture.
const COLUMNS_MAX: usize = 9;
const BOXES_MAX: usize = 14;
/// Payments that a page of a case is made from.
const MOVES_MAX: usize = 100_000;

/// A form of a file, by how its name ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Csv,
    GraphMl,
    Svg,
    Stix,
}

/// The form of each file.
pub(crate) fn forms(paths: &[PathBuf]) -> Result<Vec<(&Path, Form)>, Failure> {
    let form = |path: &Path| match path.extension().and_then(|end| end.to_str()) {
        Some("json") => Some(Form::Json),
        Some("csv") => Some(Form::Csv),
        Some("graphml") => Some(Form::GraphMl),
        Some("svg") => Some(Form::Svg),
        Some("stix") => Some(Form::Stix),
        _ => None,
    };
    let with_form = |path: &PathBuf| {
        form(path).ok_or_else(|| {
            Failure::usage(format!("{} ends in nothing that says what it is to be", path.display()))
                .hint("let it end in .json, .csv, .graphml, .svg or .stix")
        })
    };
    paths.iter().map(|path| Ok((path.as_path(), with_form(path)?))).collect()
}

pub(crate) fn write(found: &Found<'_>, path: &Path, form: Form) -> Result<(), Failure> {
    match form {
        Form::Json => to_file(path, format!("{:#}\n", json(found)).as_bytes()),
        Form::Csv => to_file(path, &csv(found)?),
        Form::Stix => to_file(path, bundle(found).as_bytes()),
        Form::GraphMl => to_file(path, graphml(&edges(found)).as_bytes()),
        Form::Svg => {
            for (at, (_, svg)) in pictures(found).enumerate() {
                match at {
                    0 => to_file(path, svg.as_bytes())?,
                    at => to_file(&path.with_extension(format!("{}.svg", at + 1)), svg.as_bytes())?,
                }
            }
            Ok(())
        }
    }
}

pub(super) fn to_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::new(format!("{} can't be written: {error}", path.display())))
}

/// What was found as a bundle of STIX 2.1. The same trace gives the same bundle.
fn bundle(found: &Found<'_>) -> String {
    let store = found.store;
    let thefts = found
        .thefts
        .iter()
        .filter_map(|number| Some((store.transaction(*number)?, store.transfer(*number)?.time)));
    let (mut key, mut began) = (String::new(), i64::MAX);
    for (transaction, time) in thefts {
        key.push_str(&transaction);
        began = began.min(time);
    }
    let until = store.times().map_or(began, |(_, last)| last);
    let told = Told {
        key: &key,
        title: "Stolen virtual assets",
        method: found.method,
        began: time(began),
        modified: time(until.max(began)),
        tlp: None,
    };
    let all = std::slice::from_ref(found);
    let objects = trace::found::stix(&told, &reached(all, usize::MAX), &paid(all));
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, format!("bongsu-trace:{key}:{until}").as_bytes());
    format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[\n{}\n]}}\n", objects.join(",\n"))
}

/// All that was found. Amounts are in the asset's smallest unit, as texts: JSON's numbers are not exact.
pub(crate) fn json(found: &Found<'_>) -> Value {
    let (store, trace) = (found.store, &found.trace);
    let address = |account: Account| store.address(account);
    let asset = |asset: Asset| json!({"name": store.asset_name(asset), "decimals": store.decimals(asset)});
    let label = |account: Account| {
        let address = store.address(account)?;
        let label = found.labels.best(&address)?;
        Some(
            json!({"name": label.name, "category": label.category.as_str(), "source": &*label.source, "date": label.date.as_deref(), "confidence": label.confidence}),
        )
    };
    let totals: Vec<Value> = trace
        .totals()
        .iter()
        .map(|total| {
            json!({"asset": asset(total.asset), "stolen": total.stolen.to_string(), "held": total.held.to_string(),
                   "entered": total.entered.to_string(), "burnt": total.burnt.to_string()})
        })
        .collect();
    let services: Vec<Value> = found
        .services
        .iter()
        .map(|service| {
            let entries: Vec<Value> = service
                .entries
                .iter()
                .filter_map(|at| {
                    let entry = trace.entries().get(*at)?;
                    Some(json!({"transfer": transfer(store, entry.number), "tainted": entry.tainted.to_string(), "hop": entry.hop}))
                })
                .collect();
            json!({"name": &*service.name, "category": service.category.as_str(), "asset": asset(service.asset),
                   "tainted": service.tainted.to_string(), "first": time(service.first).to_string(), "last": time(service.last).to_string(),
                   "addresses": service.addresses.iter().map(|account| address(*account)).collect::<Vec<_>>(), "entries": entries})
        })
        .collect();
    let holders: Vec<Value> = found
        .holdings
        .iter()
        .filter_map(|holding| {
            let holder = trace.holder(holding.holder)?;
            Some(json!({"address": address(holding.account), "label": label(holding.account), "asset": asset(holding.asset),
                        "tainted": holding.tainted.to_string(), "balance": holder.balance.to_string(),
                        "unexplained": holder.unexplained.to_string(), "hop": holder.hop, "first": transfer(store, holder.number)}))
        })
        .collect();
    let shapes: Vec<Value> = found
        .patterns
        .iter()
        .map(|pattern| {
            let (chain, count) = match &pattern.shape {
                Shape::PeelChain(chain) => (chain.iter().map(|account| address(*account)).collect(), chain.len()),
                Shape::FanOut(count) | Shape::FanIn(count) | Shape::EqualParts(count) => (Vec::new(), *count),
                Shape::Dormant { .. } => (Vec::new(), 0),
            };
            json!({"shape": pattern.shape.as_str(), "address": address(pattern.account), "asset": asset(pattern.asset),
                   "from": time(pattern.first).to_string(), "to": time(pattern.last).to_string(), "count": count, "addresses": chain})
        })
        .collect();
    let until = match trace.ended() {
        Ended::Complete => Value::Null,
        Ended::AtLimit { next, .. } => json!(transfer(store, next)),
    };
    json!({
        "chain": store.chain(), "method": found.method, "reached": trace.reached(), "not_followed_from": until,
        "thefts": found.thefts.iter().map(|number| transfer(store, *number)).collect::<Vec<_>>(),
        "totals": totals, "services": services, "holders": holders, "shapes": shapes,
        "deposits": found.deposits.as_ref().map(|deposits| deposits.json(found)),
    })
}

/// A text that a spreadsheet takes for a text: it would take some for formulas.
pub(super) fn plain(text: String) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text,
    }
}

/// The tainted transfers, one a row.
fn csv(found: &Found<'_>) -> Result<Vec<u8>, Failure> {
    let store = found.store;
    let failed = |error: csv::Error| Failure::new(format!("the table can't be made: {error}"));
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record(["time", "block", "transaction", "from", "to", "asset", "amount", "tainted"])
        .map_err(failed)?;
    for (number, tainted) in found.trace.moves() {
        let Some(transfer) = store.transfer(number) else { continue };
        let [from, to] =
            [transfer.from, transfer.to].map(|account| store.address(account).unwrap_or_default());
        let block = store.place(number).map(|place| place.block.to_string()).unwrap_or_default();
        let id = store.transaction(number).unwrap_or_default();
        let asset = store.asset_name(transfer.asset).unwrap_or_default();
        let [time, amount, tainted] =
            [time(transfer.time).to_string(), transfer.amount.to_string(), tainted.to_string()];
        rows.write_record([time, block, plain(id), plain(from), plain(to), plain(asset), amount, tainted])
            .map_err(failed)?;
    }
    rows.into_inner().map_err(|error| Failure::new(format!("the table can't be made: {error}")))
}

fn edges(found: &Found<'_>) -> Vec<Edge> {
    let store = found.store;
    let moves =
        found.trace.moves().filter_map(|(number, tainted)| Some((number, tainted, store.transfer(number)?)));
    moves
        .map(|(number, tainted, transfer)| {
            let [from, to] = [transfer.from, transfer.to].map(|account| named(found, account));
            let [from_id, to_id] =
                [transfer.from, transfer.to].map(|account| store.address(account).unwrap_or_default());
            Edge {
                from: (from_id, from),
                to: (to_id, to),
                asset: store.asset_name(transfer.asset).unwrap_or_default(),
                transaction: store.transaction(number).unwrap_or_default(),
                time: time(transfer.time).to_string(),
                amount: transfer.amount,
                tainted,
            }
        })
        .collect()
}

fn named(found: &Found<'_>, account: Account) -> Named {
    let address = found.store.address(account).unwrap_or_default();
    match found.labels.best(&address) {
        Some(label) if !label.name.is_empty() => {
            Named { text: visible(label.name.as_bytes()), category: Some(label.category) }
        }
        Some(label) => Named { text: short(&address), category: Some(label.category) },
        None => Named { text: short(&address), category: None },
    }
}

/// A picture for each asset that was stolen, with the asset.
pub(crate) fn pictures<'f>(found: &'f Found<'_>) -> impl Iterator<Item = (Asset, String)> + 'f {
    found.trace.totals().iter().map(|total| (total.asset, picture(found, total.asset)))
}

/// What entered services when, and what was still held, as a picture.
pub(crate) fn over_time(found: &Found<'_>, asset: Asset) -> String {
    let store = found.store;
    let unit = short(&store.asset_name(asset).unwrap_or_default());
    let title = format!("When the stolen {unit} entered services on {}", store.chain());
    let category = |account: Account| {
        let address = store.address(account)?;
        found.labels.service(&address).map(|label| label.category)
    };
    let look = timeline::Look { title: &title, unit: &unit, decimals: store.decimals(asset).unwrap_or(0) };
    timeline::timeline(&found.trace, store, asset, category).svg(&look)
}

/// The tainted payments, for programs: at most [`MOVES_MAX`], the largest stolen parts first.
pub(crate) fn moves(found: &Found<'_>) -> Vec<Value> {
    let mut all: Vec<(u64, U256)> = found.trace.moves().collect();
    all.sort_by_key(|(number, tainted)| (std::cmp::Reverse(*tainted), *number));
    all.truncate(MOVES_MAX);
    let named = |account: Account| {
        let address = found.store.address(account)?;
        let label = found.labels.best(&address)?;
        Some(json!({"name": label.name, "category": label.category.as_str()}))
    };
    let of = |(number, tainted): &(u64, U256)| {
        let mut value = transfer(found.store, *number)?;
        let moved = found.store.transfer(*number)?;
        value["tainted"] = json!(tainted.to_string());
        value["chain"] = json!(found.store.chain());
        value["from_label"] = json!(named(moved.from));
        value["to_label"] = json!(named(moved.to));
        Some(value)
    };
    all.iter().filter_map(of).collect()
}

fn picture(found: &Found<'_>, asset: Asset) -> String {
    let store: &Store = found.store;
    let name = store.asset_name(asset).unwrap_or_default();
    let unit = short(&name);
    let title = format!("Where the stolen {unit} went on {}, followed by {}", store.chain(), found.method);
    let look = Look {
        title: &title,
        unit: &unit,
        decimals: store.decimals(asset).unwrap_or(0),
        columns_max: COLUMNS_MAX,
        boxes_max: BOXES_MAX,
    };
    // What is nobody's is told as such.
    let nobody: std::collections::HashSet<Account> = found
        .trace
        .entries()
        .iter()
        .filter(|entry| entry.place == Place::Nobody)
        .map(|entry| entry.to)
        .collect();
    sankey(&found.trace, &found.thefts, store, asset, &look, |account| match nobody.contains(&account) {
        true => Named { text: "burnt".to_owned(), category: None },
        false => named(found, account),
    })
}
