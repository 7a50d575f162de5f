//! The tainted transfers as a graph, for programs that look at graphs. Source: the GraphML specification, 1.0.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::picture::Named;
use super::svg::escaped;
use crate::U256;

/// A tainted transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The address that gave, and how it is shown.
    pub from: (String, Named),
    /// The address that got, and how it is shown.
    pub to: (String, Named),
    /// In what.
    pub asset: String,
    /// The transaction's identifier.
    pub transaction: String,
    /// When, as people write it.
    pub time: String,
    /// How much, in the asset's smallest unit.
    pub amount: U256,
    /// How much of it was tainted.
    pub tainted: U256,
}

/// Writes a graph: a node for each address, an edge for each transfer. Amounts are texts, since its numbers are not exact.
#[must_use]
pub fn graphml(edges: &[Edge]) -> String {
    let mut graph = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
    );
    for (of, key) in [
        ("node", "name"),
        ("node", "category"),
        ("edge", "asset"),
        ("edge", "transaction"),
        ("edge", "time"),
        ("edge", "amount"),
        ("edge", "tainted"),
    ] {
        // Writing to a string does not fail.
        let _ = writeln!(graph, "<key id=\"{key}\" for=\"{of}\" attr.name=\"{key}\" attr.type=\"string\"/>");
    }
    graph.push_str("<graph edgedefault=\"directed\">\n");
    let mut nodes = BTreeMap::new();
    for edge in edges {
        for (address, named) in [&edge.from, &edge.to] {
            nodes.entry(address).or_insert(named);
        }
    }
    for (address, named) in nodes {
        let category = named.category.map_or("", |category| category.as_str());
        let _ = writeln!(
            graph,
            "<node id=\"{}\"><data key=\"name\">{}</data><data key=\"category\">{category}</data></node>",
            escaped(address),
            escaped(&named.text)
        );
    }
    for edge in edges {
        let _ =
            write!(graph, "<edge source=\"{}\" target=\"{}\">", escaped(&edge.from.0), escaped(&edge.to.0));
        let (amount, tainted) = (edge.amount.to_string(), edge.tainted.to_string());
        for (key, value) in [
            ("asset", &edge.asset),
            ("transaction", &edge.transaction),
            ("time", &edge.time),
            ("amount", &amount),
            ("tainted", &tainted),
        ] {
            let _ = write!(graph, "<data key=\"{key}\">{}</data>", escaped(value));
        }
        graph.push_str("</edge>\n");
    }
    graph.push_str("</graph>\n</graphml>\n");
    graph
}
