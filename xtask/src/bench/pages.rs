//! The pages that a member opens, over many objects: the first time after a start, and again.

use std::time::Instant;

use anyhow::Result;

use super::client::Client;
use super::node::{MEMBER, Node, OBJECTS};
use super::objects;
use super::table::{Figure, Table};

const ENVELOPE: u64 = 1_000;
/// How often each is opened after the first time; the median counts.
const TIMES: usize = 9;
const PAGES: [&str; 11] = [
    "/",
    "/objects",
    "/objects?q=login",
    "/circles",
    "/circles/region",
    "/members/cert",
    "/ladder",
    "/share",
    "/contacts",
    "/playbooks",
    "/region",
];

/// Measures.
pub(crate) fn run(node: &Node, count: u64, table: &mut Table) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let serving = node.serve()?;
    runtime.block_on(async {
        let mut client = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
        for first in (0..count).step_by(ENVELOPE as usize) {
            client.post(OBJECTS, objects::envelope(first, ENVELOPE)).await?;
        }
        anyhow::Ok(())
    })?;
    drop(serving);
    let serving = node.serve()?;
    runtime.block_on(async {
        let mut client = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
        let (mut firsts, mut agains) = (Vec::new(), Vec::new());
        for page in PAGES {
            let mut times = Vec::new();
            for _ in 0..=TIMES {
                let asked = Instant::now();
                client.get(page).await?;
                times.push(asked.elapsed().as_secs_f64() * 1e3);
            }
            let first = times.remove(0);
            times.sort_by(f64::total_cmp);
            let again = times.get(TIMES / 2).copied().unwrap_or_default();
            let add = |name: &str, value, goal, table: &mut Table| {
                table.add(&Figure { name, value, unit: "ms", goal, ratio: None });
            };
            add(&format!("{page} among {count}, the first after a start"), first, "", table);
            add(&format!("{page} among {count}"), again, "≤ 100", table);
            firsts.push(first);
            agains.push(again);
        }
        let most = |times: &[f64]| times.iter().copied().fold(0.0, f64::max);
        let mut add = |name: &str, value| {
            table.add(&Figure { name, value, unit: "ms", goal: "≤ 100", ratio: None });
        };
        add("the slowest page, the first after a start", most(&firsts));
        add("the slowest page", most(&agains));
        add("the fastest page", agains.iter().copied().fold(f64::INFINITY, f64::min));
        anyhow::Ok(())
    })
}
