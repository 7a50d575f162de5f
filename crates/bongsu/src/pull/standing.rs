//! Where a source stands, in the node's own line.
//!
//! It is a setting `source.NAME`, with the address beside the cursor: a cursor says nothing about another address.

use crate::config::Source;
use crate::exit::Failure;
use crate::node::Node;
use policy::{Entry, Setting};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Standing {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    collection: Option<String>,
    /// The protocol's own cursor, as text.
    cursor: String,
}

fn name(source: &Source) -> String {
    format!("source.{}", source.name)
}

/// The cursor that was kept last; `None` before the first pull, or of another address.
pub(crate) fn since(node: &Node, source: &Source) -> Option<String> {
    let book = node.gate.book();
    let standing: Standing = serde_json::from_str(book.setting(&name(source))?).ok()?;
    let is_same = standing.url == source.url && standing.collection == source.collection;
    is_same.then_some(standing.cursor)
}

/// Keeps a cursor, durably, if it is another than the one that was kept last.
///
/// # Errors
/// When the line can't be written.
pub(super) fn keep(node: &Node, source: &Source, cursor: String) -> Result<(), Failure> {
    if since(node, source).as_ref() == Some(&cursor) {
        return Ok(());
    }
    let standing = Standing { url: source.url.clone(), collection: source.collection.clone(), cursor };
    let value = serde_json::to_string(&standing).map_err(|error| Failure::new(error.to_string()))?;
    node.record(Entry::Setting(Setting { name: name(source), value: Some(value) }))
}

/// Forgets where a source stands: the next pull begins at its beginning.
///
/// # Errors
/// When the line can't be written.
pub(crate) fn forget(node: &Node, source: &Source) -> Result<(), Failure> {
    node.record(Entry::Setting(Setting { name: name(source), value: None }))
}
