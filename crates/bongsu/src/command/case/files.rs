//! What a trace of a case found, in files that the pages show. A trace makes them anew.

use crate::command::trace::across::Followed;
use crate::command::trace::found::Found;
use crate::command::trace::{crossings, out};
use crate::exit::Failure;
use crate::node::Node;
use serde_json::{Value, json};
use std::path::Path;

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
    let crossed = crossings::json(followed);
    replace(&folder.join("crossings.json"), crossed.to_string().as_bytes()).map_err(failed)?;
    let moves: Vec<Value> = founds().flat_map(out::moves).collect();
    replace(&folder.join("moves.json"), Value::Array(moves).to_string().as_bytes()).map_err(failed)
}

/// The pictures of each asset on a chain: its way, and what entered services when.
fn flows<'f>(found: &'f Found<'_>) -> impl Iterator<Item = Value> + 'f {
    out::pictures(found).map(move |(asset, svg)| {
        let name = found.payments.asset_name(asset).unwrap_or_default();
        json!({"asset": name, "svg": svg, "time": out::over_time(found, asset)})
    })
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(beside, path)
}
