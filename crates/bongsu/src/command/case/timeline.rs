//! `bongsu case timeline`: what happened when.

use crate::answer::{Answer, table};
use crate::command::trace::when;
use crate::exit::Failure;
use crate::node::Node;
use crate::terminal::visible;
use serde_json::{Value, json};

pub(super) fn run(node: &Node, handle: &str) -> Result<Answer, Failure> {
    node.cases.look(|cases| {
        let all = cases.get(handle)?.timeline();
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|one| vec![when(one.at.seconds()), one.kind().to_owned(), visible(one.text().as_bytes())])
            .collect();
        let shown: Vec<Value> = all
            .iter()
            .map(|one| json!({"at": one.at.to_string(), "kind": one.kind(), "text": one.text()}))
            .collect();
        Ok(Answer::done(json!({"case": handle, "timeline": shown}), table(&["TIME (UTC)", "", ""], &rows)))
    })
}
