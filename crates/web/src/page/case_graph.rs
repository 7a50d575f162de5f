//! A case's way, opened step by step: each link opens or closes one address. For operators.

use std::collections::{BTreeMap, HashMap};

use axum::extract::{Path, Query, State};
use axum::response::Response;

use askama::Template;
use serde::Deserialize;
use trace::U256;
use trace::found::{Flow, Named, Opened, roots, steps};
use trace::label::Category;
use trace::units::short;

use super::{Frame, Operator, Pages, Shared, Viewer, absent, broken, making, render, words};

/// Roots that are open when the page is opened first.
const OPEN_FIRST: usize = 3;

/// What of a case is looked at.
#[derive(Deserialize)]
pub(super) struct Asked {
    /// Which of its assets, from 0.
    #[serde(default)]
    flow: usize,
    /// The addresses that are open, each with how often its fold was opened: `0xa4b2…:0,0xdd90…:1`.
    open: Option<String>,
}

#[derive(Template)]
#[template(path = "case_graph.html")]
struct GraphPage {
    frame: Frame,
    handle: String,
    title: String,
    /// The assets, each with its page and whether it is this one.
    assets: Vec<(String, String, bool)>,
    svg: String,
}

/// A tainted payment, as the last trace of a case left it.
#[derive(Deserialize)]
struct Moved {
    chain: String,
    asset: String,
    decimals: Option<u8>,
    from: String,
    to: String,
    tainted: String,
    from_label: Option<Label>,
    to_label: Option<Label>,
}

#[derive(Deserialize)]
struct Label {
    name: String,
    category: Category,
}

/// The payments of one asset on one chain.
#[derive(Default)]
struct Of {
    decimals: Option<u8>,
    flows: BTreeMap<(String, String), (U256, usize)>,
}

pub(super) async fn page(
    State(pages): Shared,
    Operator(viewer): Operator,
    Path(handle): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    making(move || match pages.case(&handle) {
        Ok(Some(case)) => render(&graph(&pages, &viewer, (&handle, case.definition.title), &asked)),
        Ok(None) => absent(),
        Err(error) => broken(&error),
    })
    .await
}

fn graph(pages: &Pages, viewer: &Viewer, (handle, title): (&str, String), asked: &Asked) -> GraphPage {
    let file = pages.cases.file(handle, "moves.json").unwrap_or_default();
    let moved: Vec<Moved> = serde_json::from_slice(&file).unwrap_or_default();
    let (mut all, mut labels) = (BTreeMap::<(String, String), Of>::new(), HashMap::<String, Label>::new());
    for one in moved {
        labels.extend(one.from_label.map(|label| (one.from.clone(), label)));
        labels.extend(one.to_label.map(|label| (one.to.clone(), label)));
        let of = all.entry((one.chain, one.asset)).or_default();
        of.decimals = one.decimals;
        let sum = of.flows.entry((one.from, one.to)).or_default();
        let tainted = U256::from_str_radix(&one.tainted, 10).unwrap_or_default();
        *sum = (sum.0.saturating_add(tainted), sum.1 + 1);
    }
    let mut all: Vec<((String, String), Of)> = all.into_iter().collect();
    all.sort_by_key(|(_, of)| std::cmp::Reverse(of.flows.len()));
    let href = |flow: usize| format!("/cases/{handle}/graph?flow={flow}");
    let assets = all.iter().enumerate().map(|(at, ((chain, asset), _))| {
        let asset = short(asset);
        let korean = viewer.view.is_korean();
        let text = if korean { format!("{chain}의 {asset}") } else { format!("{asset} on {chain}") };
        (text, href(at), at == asked.flow)
    });
    let assets = assets.collect();
    let svg = match all.into_iter().nth(asked.flow) {
        None => String::new(),
        Some(((_, asset), of)) => {
            let flows = of.flows.into_iter();
            let flows: Vec<Flow> =
                flows.map(|((from, to), (tainted, payments))| Flow { from, to, tainted, payments }).collect();
            let roots = roots(&flows);
            let open = match &asked.open {
                Some(open) => opened(open),
                None => roots.iter().take(OPEN_FIRST).map(|root| (root.clone(), 0)).collect(),
            };
            let named = |address: &str| match labels.get(address) {
                Some(label) => Named { text: label.name.clone(), category: Some(label.category) },
                None => Named { text: short(address), category: None },
            };
            let link = |open: &[(String, usize)]| {
                let open: Vec<String> =
                    open.iter().map(|(address, times)| format!("{address}:{times}")).collect();
                format!("{}&open={}#way", href(asked.flow), open.join(","))
            };
            steps(
                &flows,
                &Opened {
                    roots: &roots,
                    open: &open,
                    asset: &asset,
                    decimals: of.decimals,
                    words: words::cases::drawn(&viewer.view),
                },
                named,
                link,
            )
        }
    };
    let (english, korean) = (format!("The way of {title}"), format!("{title}의 경로"));
    let frame = pages.frame(&pages.gate.book(), viewer, viewer.say(&english, &korean));
    GraphPage { frame, handle: handle.to_owned(), title, assets, svg }
}

/// The addresses that are open. What is not written so is passed over: links of this page alone lead here.
fn opened(text: &str) -> Vec<(String, usize)> {
    let one = |one: &str| {
        let (address, times) = one.rsplit_once(':')?;
        Some((address.to_owned(), times.parse().ok()?))
    };
    text.split(',').filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::opened;

    #[test]
    fn what_is_open_is_read_and_nonsense_passed_over() {
        assert_eq!(
            opened("0xa4:0,bitcoincash:qp:2"),
            [("0xa4".to_owned(), 0), ("bitcoincash:qp".to_owned(), 2)]
        );
        assert!(opened(",,x,y:z,:").is_empty());
    }
}
