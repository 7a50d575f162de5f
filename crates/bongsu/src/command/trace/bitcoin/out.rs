//! What was found, in files for others. Amounts are in satoshi, as texts, as in all that `bongsu trace` writes.

use std::path::Path;

use serde_json::{Value, json};
use trace::U256;
use trace::chain::bitcoin::written;
use trace::found::{Edge, Named, graphml};
use trace::taint::Ended;
use trace::taint::outputs::{Fate, Input, Spends as _, TaintedOutput, Transaction};

use super::super::found::method_name;
use super::super::out::{Form, plain, to_file};
use super::super::time;
use super::{DECIMALS, Found};
use crate::exit::Failure;
use crate::terminal::visible;
use trace::units::short;

pub(super) fn write(found: &Found, path: &Path, form: Form) -> Result<(), Failure> {
    match form {
        Form::Json => to_file(path, format!("{:#}\n", json(found)).as_bytes()),
        Form::Csv => to_file(path, &csv(found)?),
        Form::GraphMl => to_file(path, graphml(&edges(found)).as_bytes()),
        // They are made from payments, as on every chain.
        Form::Svg | Form::Stix => Ok(()),
    }
}

fn fate(found: &Found, fate: Fate) -> (&'static str, Option<String>) {
    match fate {
        Fate::Held => ("unspent", None),
        Fate::Spent { by } => ("spent", found.blocks.coins.ledger().id(by).map(|id| written(&id))),
        Fate::Entered => ("entered", None),
        Fate::Burnt => ("burnt", None),
    }
}

/// One tainted output.
fn output(found: &Found, output: &TaintedOutput) -> Value {
    let (fate, by) = fate(found, output.fate);
    let source = output.source().and_then(|at| found.trace.outputs().get(at));
    json!({
        "output": found.outpoint(output.output), "address": found.address(output.owner), "time": time(output.time).to_string(),
        "amount": output.amount.to_string(), "tainted": output.tainted.to_string(), "hop": output.hop, "fate": fate, "spent_by": by,
        "source": source.map(|source| found.outpoint(source.output)),
    })
}

/// All that was found.
pub(super) fn json(found: &Found) -> Value {
    let (ledger, trace, total) = (found.blocks.coins.ledger(), &found.trace, found.trace.total());
    let some = |places: &[usize]| -> Vec<String> {
        let outputs = places.iter().filter_map(|at| trace.outputs().get(*at));
        outputs.map(|output| found.outpoint(output.output)).collect()
    };
    let addresses = |accounts: &[trace::Account]| -> Vec<&str> {
        accounts.iter().map(|account| found.address(Some(*account))).collect()
    };
    let services: Vec<Value> = found
        .services
        .iter()
        .map(|service| {
            json!({"name": service.name, "category": service.category.as_str(), "tainted": service.tainted.to_string(),
                   "outputs": some(&service.outputs)})
        })
        .collect();
    let holders: Vec<Value> = found
        .holders
        .iter()
        .map(|holder| {
            let label = holder.label.as_ref().map(|(name, category)| json!({"name": name, "category": category.as_str()}));
            json!({"addresses": addresses(&holder.addresses), "known_addresses": holder.known, "tainted": holder.tainted.to_string(),
                   "label": label, "outputs": some(&holder.outputs)})
        })
        .collect();
    let joined = found.clusters.as_ref().map(|(_, joined)| {
        let changes: Vec<Value> = joined
            .changes
            .iter()
            .map(|(change, count)| json!({"name": change.as_str(), "joined": count}))
            .collect();
        json!({"inputs_joined": joined.inputs.joined, "coin_joins": joined.inputs.coin_joins, "change": changes})
    });
    let until = match trace.ended() {
        Ended::Complete => Value::Null,
        Ended::AtLimit { next, .. } => ledger.id(next).map(|id| written(&id)).into(),
    };
    let fees: u128 = trace.fees().iter().map(|(_, fee)| fee).sum();
    let ends = |end: Option<&([u8; 32], u32)>| end.map(|(hash, _)| written(hash));
    json!({
        "chain": found.blocks.coins.chain(), "decimals": DECIMALS, "method": method_name(found.method), "not_followed_from": until,
        "blocks": {"count": found.blocks.chain.len(), "first": ends(found.blocks.chain.first()), "last": ends(found.blocks.chain.last()),
                   "beside": found.blocks.beside, "transactions": ledger.len(), "unknown_inputs": ledger.unknown(),
                   "unread": found.blocks.faults},
        "thefts": found.thefts.iter().map(|theft| found.outpoint(theft.output)).collect::<Vec<_>>(),
        "total": {"stolen": total.stolen.to_string(), "held": total.held.to_string(), "entered": total.entered.to_string(),
                  "burnt": total.burnt.to_string(), "fees": fees.to_string()},
        "unexplained": trace.unexplained().to_string(),
        "services": services, "holders": holders, "clusters": joined,
        "outputs": trace.outputs().iter().map(|one| output(found, one)).collect::<Vec<_>>(),
    })
}

/// The tainted outputs, one a row.
fn csv(found: &Found) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("the table can't be made: {error}"));
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record([
        "time", "output", "source", "address", "amount", "tainted", "hop", "fate", "spent_by",
    ])
    .map_err(|error| failed(&error))?;
    for output in found.trace.outputs() {
        let (fate, by) = fate(found, output.fate);
        let source = output.source().and_then(|at| found.trace.outputs().get(at));
        let row = [
            time(output.time).to_string(),
            found.outpoint(output.output),
            source.map(|source| found.outpoint(source.output)).unwrap_or_default(),
            plain(found.address(output.owner).to_owned()),
            output.amount.to_string(),
            output.tainted.to_string(),
            output.hop.to_string(),
            fate.to_owned(),
            by.unwrap_or_default(),
        ];
        rows.write_record(row).map_err(|error| failed(&error))?;
    }
    rows.into_inner().map_err(|error| failed(&error))
}

/// From whose output each tainted one came: of a stolen one, from whom it was stolen.
fn edges(found: &Found) -> Vec<Edge> {
    let ledger = found.blocks.coins.ledger();
    let named = |address: &str| {
        let label = found.labels.best(address);
        let text = match label.filter(|label| !label.name.is_empty()) {
            Some(label) => visible(label.name.as_bytes()),
            None => short(address),
        };
        (address.to_owned(), Named { text, category: label.map(|label| label.category) })
    };
    let mut transaction = Transaction::default();
    let edges = found.trace.outputs().iter().map(|output| {
        let source = output.source().and_then(|at| found.trace.outputs().get(at)?.owner);
        let from = source.or_else(|| {
            let is_there = ledger.read(output.output.transaction, &mut transaction);
            let first = transaction.inputs.iter().find_map(|input| match input {
                Input::Output(id) => ledger.output(*id)?.owner,
                Input::Coinbase | Input::Unknown(_) => None,
            });
            first.filter(|_| is_there)
        });
        Edge {
            from: named(found.address(from)),
            to: named(found.address(output.owner)),
            asset: "BTC".to_owned(),
            transaction: found.outpoint(output.output),
            time: time(output.time).to_string(),
            amount: U256::from(output.amount),
            tainted: U256::from(output.tainted),
        }
    });
    edges.collect()
}
