//! What was found, in files for others.

use crate::answer::{Answer, counted};
use crate::cli::OutArgs;
use crate::command::case::share::{paid, reached};
use crate::exit::Failure;
use crate::terminal::visible;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use trace::cross::Crossing;
use trace::found::{Edge, Look, Named, Shape, Told, graphml, sankey, timeline};
use trace::taint::{Ended, Place};
use trace::{Account, Asset, U256};

use super::across::Followed;
use super::found::Found;
use super::{UNKNOWN, time};
use super::{crossings, transfers};
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

/// The files that are asked for, each with its form, and whether a picture is to be shown instead of a text.
pub(super) struct Asked<'a> {
    pub(super) files: Vec<(&'a Path, Form)>,
    pub(super) is_shown: bool,
}

impl<'a> Asked<'a> {
    /// What the options ask for.
    pub(super) fn of(args: &'a OutArgs) -> Result<Self, Failure> {
        let (mut files, mut is_shown) = (forms(&args.out)?, false);
        match args.svg.as_deref() {
            Some(path) if path == Path::new("-") => is_shown = true,
            Some(path) => files.push((path, Form::Svg)),
            None => {}
        }
        Ok(Self { files, is_shown })
    }

    /// The answer: the picture, if that is asked for, and else the text.
    pub(super) fn answer(
        &self,
        founds: &[Found<'_>],
        json: Value,
        text: String,
        note: &mut dyn FnMut(&str),
    ) -> Result<Answer, Failure> {
        if !self.is_shown {
            return Ok(Answer::done(json, text));
        }
        let mut all = founds.iter().flat_map(pictures);
        let (_, first) = all.next().ok_or_else(|| Failure::new("nothing was stolen that can be drawn"))?;
        let more = all.count() as u64;
        if more > 0 {
            note(&format!("{} of other assets: --svg=FILE writes all", counted(more, "more picture")));
        }
        Ok(Answer::document(json, first.into_bytes()))
    }
}

/// Writes what was found on all chains into a file.
pub(super) fn write(followed: &Followed<'_>, path: &Path, form: Form) -> Result<(), Failure> {
    let founds = &followed.founds;
    match form {
        Form::Json => to_file(path, format!("{:#}\n", whole(followed)).as_bytes()),
        Form::Csv => to_file(path, &csv(founds)?),
        Form::Stix => to_file(path, bundle(founds).as_bytes()),
        Form::GraphMl => {
            let crossed = followed.across.crossings.iter().filter_map(|one| crossed(founds, one));
            let all: Vec<Edge> = founds.iter().flat_map(edges).chain(crossed).collect();
            to_file(path, graphml(&all).as_bytes())
        }
        Form::Svg => drawn(founds, path),
    }
}

/// Writes a picture for each asset on each chain: the first into the file, the others beside it.
pub(super) fn drawn(founds: &[Found<'_>], path: &Path) -> Result<(), Failure> {
    for (at, (_, svg)) in founds.iter().flat_map(pictures).enumerate() {
        match at {
            0 => to_file(path, svg.as_bytes())?,
            at => to_file(&path.with_extension(format!("{}.svg", at + 1)), svg.as_bytes())?,
        }
    }
    Ok(())
}

/// All that was found on all chains: of the first, with what crossed, and of the others.
pub(super) fn whole(followed: &Followed<'_>) -> Value {
    let mut all = followed.founds.iter().map(json);
    let mut value = all.next().unwrap_or_default();
    value["also"] = all.collect();
    value["crossings"] = crossings::json(followed);
    value["sums"] = followed.sums.iter().filter_map(|sum| {
        let payments = followed.founds.get(sum.chain)?.payments;
        Some(json!({
            "chain": payments.chain(), "asset": payments.asset_name(sum.asset), "decimals": payments.decimals(sum.asset),
            "stolen": sum.stolen.to_string(), "came": sum.came.to_string(), "held": sum.held.to_string(),
            "entered": sum.entered.to_string(), "continued": sum.continued.to_string(), "burnt": sum.burnt.to_string(),
        }))
    }).collect();
    value
}

pub(super) fn to_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::new(format!("{} can't be written: {error}", path.display())))
}

/// What was found as a bundle of STIX 2.1. The same trace gives the same bundle.
pub(super) fn bundle(founds: &[Found<'_>]) -> String {
    let (mut key, mut began, mut until) = (String::new(), i64::MAX, i64::MIN);
    for found in founds {
        let thefts = found.thefts.iter();
        for number in thefts {
            let theft = found.payments.named(*number).zip(found.transfer(*number));
            if let Some((named, transfer)) = theft {
                key.push_str(&named);
                began = began.min(transfer.time);
            }
        }
        until = until.max(found.payments.times().map_or(i64::MIN, |(_, last)| last));
    }
    // By one rule on all chains.
    let method = founds.first().map_or("", |found| found.method);
    let told = Told {
        key: &key,
        title: "Stolen virtual assets",
        method,
        began: time(began),
        modified: time(until.max(began)),
        tlp: None,
    };
    let objects = trace::found::stix(&told, &reached(founds, usize::MAX), &paid(founds));
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, format!("bongsu-trace:{key}:{until}").as_bytes());
    format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[\n{}\n]}}\n", objects.join(",\n"))
}

/// All that was found. Amounts are in the asset's smallest unit, as texts: JSON's numbers are not exact.
pub(crate) fn json(found: &Found<'_>) -> Value {
    let (payments, trace) = (found.payments, &found.trace);
    let transfer = |number: u64| moved(found, number);
    let address = |account: Account| payments.address(account);
    let asset =
        |asset: Asset| json!({"name": payments.asset_name(asset), "decimals": payments.decimals(asset)});
    let label = |account: Account| {
        let address = payments.address(account)?;
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
                    Some(json!({"transfer": transfer(entry.number), "tainted": entry.tainted.to_string(), "hop": entry.hop}))
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
                        "tainted": holding.tainted.to_string(), "balance": holding.balance.to_string(),
                        "unexplained": holder.unexplained.to_string(), "hop": holder.hop, "first": transfer(holder.number)}))
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
        Ended::AtLimit { next, .. } => json!(transfer(next)),
    };
    json!({
        "chain": payments.chain(), "method": found.method, "reached": trace.reached(), "not_followed_from": until,
        "thefts": found.thefts.iter().map(|number| transfer(*number)).collect::<Vec<_>>(),
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

/// A payment for programs, from whom the taint came.
pub(super) fn moved(found: &Found<'_>, number: u64) -> Option<Value> {
    found.transfer(number).map(|transfer| transfers::told(found.payments, number, &transfer))
}

/// The tainted payments, one a row.
fn csv(founds: &[Found<'_>]) -> Result<Vec<u8>, Failure> {
    let failed = |error: csv::Error| Failure::new(format!("the table can't be made: {error}"));
    let mut rows = csv::Writer::from_writer(Vec::new());
    let header = ["chain", "time", "block", "transaction", "from", "to", "asset", "amount", "tainted"];
    rows.write_record(header).map_err(failed)?;
    for found in founds {
        let payments = found.payments;
        for (number, tainted) in found.trace.moves() {
            let Some(transfer) = found.transfer(number) else { continue };
            let [from, to] =
                [transfer.from, transfer.to].map(|account| payments.address(account).unwrap_or_default());
            let block = payments.block(number).map(|block| block.to_string()).unwrap_or_default();
            let id = payments.named(number).unwrap_or_default();
            let asset = payments.asset_name(transfer.asset).unwrap_or_default();
            let [time, amount, tainted] =
                [time(transfer.time).to_string(), transfer.amount.to_string(), tainted.to_string()];
            let chain = plain(payments.chain().to_owned());
            let row = [chain, time, block, plain(id), plain(from), plain(to), plain(asset), amount, tainted];
            rows.write_record(row).map_err(failed)?;
        }
    }
    rows.into_inner().map_err(|error| Failure::new(format!("the table can't be made: {error}")))
}

fn edges<'f>(found: &'f Found<'_>) -> impl Iterator<Item = Edge> + 'f {
    let payments = found.payments;
    found.trace.moves().filter_map(move |(number, tainted)| {
        let transfer = found.transfer(number)?;
        Some(Edge {
            from: end(found, transfer.from),
            to: end(found, transfer.to),
            asset: payments.asset_name(transfer.asset).unwrap_or_default(),
            transaction: payments.named(number).unwrap_or_default(),
            time: time(transfer.time).to_string(),
            amount: transfer.amount,
            tainted,
        })
    })
}

/// An end of an edge.
fn end(found: &Found<'_>, account: Account) -> (String, Named) {
    (found.payments.address(account).unwrap_or_else(|| UNKNOWN.to_owned()), named(found, account))
}

/// A crossing as an edge, from where it entered to where it was paid out.
fn crossed(founds: &[Found<'_>], one: &Crossing) -> Option<Edge> {
    let (entered, left) = (founds.get(one.entered.chain)?, founds.get(one.left.chain)?);
    Some(Edge {
        from: end(entered, one.entered.into),
        to: end(left, one.left.out_of),
        asset: left.payments.asset_name(one.left.asset).unwrap_or_default(),
        transaction: left.payments.named(one.left.number).unwrap_or_default(),
        time: time(one.left.time).to_string(),
        amount: one.left.amount,
        tainted: one.carried,
    })
}

fn named(found: &Found<'_>, account: Account) -> Named {
    let address = found.payments.address(account).unwrap_or_else(|| UNKNOWN.to_owned());
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
    let payments = found.payments;
    let unit = short(&payments.asset_name(asset).unwrap_or_default());
    let title = format!("When the stolen {unit} entered services on {}", payments.chain());
    let category = |account: Account| {
        let address = payments.address(account)?;
        found.labels.service(&address).map(|label| label.category)
    };
    let look = timeline::Look { title: &title, unit: &unit, decimals: payments.decimals(asset).unwrap_or(0) };
    timeline::timeline(&found.trace, payments, asset, category).svg(&look)
}

/// The tainted payments, for programs: at most [`MOVES_MAX`], the largest stolen parts first.
pub(crate) fn moves(found: &Found<'_>) -> Vec<Value> {
    let mut all: Vec<(u64, U256)> = found.trace.moves().collect();
    all.sort_by_key(|(number, tainted)| (std::cmp::Reverse(*tainted), *number));
    all.truncate(MOVES_MAX);
    let named = |account: Account| {
        let address = found.payments.address(account)?;
        let label = found.labels.best(&address)?;
        Some(json!({"name": label.name, "category": label.category.as_str()}))
    };
    let of = |(number, tainted): &(u64, U256)| {
        let (mut value, moved) = (moved(found, *number)?, found.transfer(*number)?);
        // The page's graph needs a name for each.
        for end in ["from", "to"] {
            if value[end].is_null() {
                value[end] = json!(UNKNOWN);
            }
        }
        value["tainted"] = json!(tainted.to_string());
        value["chain"] = json!(found.payments.chain());
        value["from_label"] = json!(named(moved.from));
        value["to_label"] = json!(named(moved.to));
        Some(value)
    };
    all.iter().filter_map(of).collect()
}

fn picture(found: &Found<'_>, asset: Asset) -> String {
    let payments = found.payments;
    let name = payments.asset_name(asset).unwrap_or_default();
    let unit = short(&name);
    let title = format!("Where the stolen {unit} went on {}, followed by {}", payments.chain(), found.method);
    let look = Look {
        title: &title,
        unit: &unit,
        decimals: payments.decimals(asset).unwrap_or(0),
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
    sankey(&found.trace, &found.thefts, payments, asset, &look, |account| match nobody.contains(&account) {
        true => Named { text: "burnt".to_owned(), category: None },
        false => named(found, account),
    })
}
