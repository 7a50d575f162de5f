//! What a trace of a case found, in files that the pages show. A trace makes them anew.

use crate::command::trace::found::Found;
use crate::command::trace::out;
use crate::exit::Failure;
use crate::node::Node;
use serde_json::Value;
use std::path::Path;

/// Writes what was found: `found.json` with all of it and `moves.json` with every tainted payment, each replaced in one step.
pub(super) fn keep(node: &Node, handle: &str, founds: &[Found<'_>]) -> Result<(), Failure> {
    let folder = node.case_files.join(handle);
    let failed = |error: std::io::Error| {
        Failure::new(format!("what was found can't be kept in {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let all: Vec<Value> = founds.iter().map(out::json).collect();
    replace(&folder.join("found.json"), Value::Array(all).to_string().as_bytes()).map_err(failed)?;
    let pictures: Vec<Value> = founds
        .iter()
        .flat_map(out::pictures)
        .map(|(asset, svg)| serde_json::json!({"asset": asset, "svg": svg}))
        .collect();
    replace(&folder.join("flows.json"), Value::Array(pictures).to_string().as_bytes()).map_err(failed)?;
    let moves: Vec<Value> = founds.iter().flat_map(out::moves).collect();
    replace(&folder.join("moves.json"), Value::Array(moves).to_string().as_bytes()).map_err(failed)
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(beside, path)
}
