//! What a trace of a case found, in files that the pages show. A trace makes them anew.

use crate::command::trace::found::Found;
use crate::command::trace::out;
use crate::command::trace::transfers::transfer;
use crate::exit::Failure;
use crate::node::Node;
use serde_json::{Value, json};
use std::path::Path;
use trace::cross::Crossing;

use super::across::Followed;

/// Writes what was found: `found.json` with all of it and `moves.json` with every tainted payment, each replaced in one step.
pub(super) fn keep(node: &Node, handle: &str, followed: &Followed<'_>) -> Result<(), Failure> {
    let folder = node.case_files.join(handle);
    let failed = |error: std::io::Error| {
        Failure::new(format!("what was found can't be kept in {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    // A chain to which nothing came has nothing to show.
    let founds = || followed.founds.iter().filter(|found| !found.trace.totals().is_empty());
    let all: Vec<Value> = founds().map(out::json).collect();
    replace(&folder.join("found.json"), Value::Array(all).to_string().as_bytes()).map_err(failed)?;
    let pictures: Vec<Value> = founds().flat_map(flows).collect();
    replace(&folder.join("flows.json"), Value::Array(pictures).to_string().as_bytes()).map_err(failed)?;
    let crossings: Vec<Value> =
        followed.across.crossings.iter().filter_map(|one| crossing(followed, one)).collect();
    let unsure: Vec<Value> =
        followed.across.unsure.iter().filter_map(|one| crossing(followed, one)).collect();
    let crossed = json!({"followed": crossings, "unsure": unsure});
    replace(&folder.join("crossings.json"), crossed.to_string().as_bytes()).map_err(failed)?;
    let moves: Vec<Value> = founds().flat_map(out::moves).collect();
    replace(&folder.join("moves.json"), Value::Array(moves).to_string().as_bytes()).map_err(failed)
}

/// The pictures of each asset on a chain: its way, and what entered services when.
fn flows<'f>(found: &'f Found<'_>) -> impl Iterator<Item = Value> + 'f {
    out::pictures(found).map(move |(asset, svg)| {
        let name = found.store.asset_name(asset).unwrap_or_default();
        json!({"asset": name, "svg": svg, "time": out::over_time(found, asset)})
    })
}

/// A crossing for programs: amounts in the smallest unit, as texts.
fn crossing(followed: &Followed<'_>, one: &Crossing) -> Option<Value> {
    let entered = followed.founds.get(one.entered.chain)?;
    let left = followed.founds.get(one.left.chain)?;
    let by: Vec<Value> =
        one.entered.numbers.iter().filter_map(|number| transfer(entered.store, *number)).collect();
    Some(json!({
        "from_chain": entered.store.chain(), "to_chain": left.store.chain(), "entered": by,
        "tainted": one.entered.tainted.to_string(), "left": transfer(left.store, one.left.number),
        "carried": one.carried.to_string(), "confidence": one.confidence, "delay": one.delay(), "why": one.why.to_string(),
    }))
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(beside, path)
}
