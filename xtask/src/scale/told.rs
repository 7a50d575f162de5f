//! What came of it, as tables.

use std::fmt::Write as _;

use super::day::{DAY_S, Did, Outcome, WORK};
use super::world::Scope;
use super::{Args, Lived};
use crate::bench::costs::Costs;
use crate::bench::table::grouped;

/// Part of a node's cores that may be busy over a day: by day more comes than by night.
const BUSY_MAX: f64 = 0.5;
/// Part of a node's memory that objects may take.
const FULL_MAX: f64 = 0.7;
/// How long a start may take, in seconds.
const START_MAX_S: f64 = 600.0;
/// How long 99 of 100 objects may take to the last node.
const SPREAD_MAX_S: f64 = 60.0;
const GIB: f64 = 1_073_741_824.0;

fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn head(text: &mut String, title: &str, cells: &[&str]) {
    let _ = writeln!(text, "**{title}**\n\n| {} |", cells.join(" | "));
    let _ = writeln!(text, "| --- |{}", " ---: |".repeat(cells.len() - 1));
}

/// Two digits that count, thousands apart.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        below if below < 0.01 => format!("{value:.4}"),
        below if below < 1.0 => format!("{value:.2}"),
        below if below < 10.0 => format!("{value:.1}"),
        _ => grouped(value),
    }
}

/// What it was reckoned with.
pub(super) fn inputs(costs: &Costs) -> String {
    let mut text = String::new();
    head(&mut text, "What one node was measured to take", &["what", "measured"]);
    let mut add = |what: &str, value: String| row(&mut text, &[what.to_owned(), value]);
    add("a million objects posted over TAXII", format!("{} CPU s", number(costs.ingest_cpu_s)));
    add("a million objects read over TAXII", format!("{} CPU s", number(costs.page_cpu_s)));
    add("a million objects handed to another node", format!("{} CPU s", number(costs.give_cpu_s)));
    add("a million objects taken from another node", format!("{} CPU s", number(costs.take_cpu_s)));
    add("a million objects taken that are there already", format!("{} CPU s", number(costs.again_cpu_s)));
    add("a million changes of a member's zone", format!("{} CPU s", number(costs.zone_cpu_s)));
    add("a question that brings nothing", format!("{} CPU ms", number(costs.empty_cpu_s * 1e3)));
    add(
        "a peer in a circle, each second, when nothing happens",
        format!("{} CPU ms", number(costs.idle_peer_cpu_s * 1e3)),
    );
    add(
        "an object: as it comes, on the disk, on the disk of another node",
        format!(
            "{}, {}, {} bytes",
            number(costs.object_bytes),
            number(costs.stored_bytes),
            number(costs.taken_bytes)
        ),
    );
    add(
        "an object in memory; a node without any",
        format!(
            "{} bytes; {} MiB",
            number(costs.memory_bytes),
            number(costs.memory_empty_bytes / 1_048_576.0)
        ),
    );
    add("a start over a million objects", format!("{} s", number(costs.start_s)));
    text + "\n"
}

/// What a million objects cost all nodes together.
pub(super) fn per_million(costs: &Costs, outcome: &Outcome) -> String {
    let mut text = String::new();
    let title = "A million objects brought, at all nodes together (links as a star)";
    head(
        &mut text,
        title,
        &["what goes to", "nodes that have it", "CPU s", "of these for each node", "bytes stored"],
    );
    for scope in Scope::ALL {
        let at = scope as usize;
        let brought = outcome.brought[at].max(1.0);
        let copies = outcome.copies[at] / brought;
        let cpu = outcome.cpu_s[at] / brought * 1e6;
        let bytes = (costs.stored_bytes + (copies - 1.0) * costs.taken_bytes) * 1e6;
        row(
            &mut text,
            &[
                scope.name().to_owned(),
                number(copies),
                number(cpu),
                number(cpu / copies),
                format!("{} GB", number(bytes / 1e9)),
            ],
        );
    }
    text + "\n"
}

/// How long objects are on their way.
pub(super) fn spread(outcome: &Outcome) -> String {
    let mut text = String::new();
    head(
        &mut text,
        "From the post until the last node of the circle has it (star)",
        &["what goes to", "half of the objects", "99 of 100", "all"],
    );
    for scope in Scope::ALL {
        let spread = &outcome.spread[scope as usize];
        let at = |part| format!("{} s", number(quantile(spread, part)));
        row(&mut text, &[scope.name().to_owned(), at(0.5), at(0.99), at(1.0)]);
    }
    text + "\n"
}

/// The time within which a part of the objects came.
fn quantile(spread: &[(f64, f64)], part: f64) -> f64 {
    let mut spread = spread.to_vec();
    spread.sort_by(|one, other| one.0.total_cmp(&other.0));
    let wanted = spread.iter().map(|(_, objects)| objects).sum::<f64>() * part;
    let mut seen = 0.0;
    let found = spread.iter().find(|(_, objects)| {
        seen += objects;
        seen >= wanted
    });
    found.or(spread.last()).map_or(0.0, |(after, _)| *after)
}

/// The node that works most.
fn busiest(outcome: &Outcome) -> (usize, Did) {
    let by_work = |one: &(usize, &Did), other: &(usize, &Did)| one.1.cpu().total_cmp(&other.1.cpu());
    outcome.nodes.iter().enumerate().max_by(by_work).map_or((0, Did::default()), |(node, did)| (node, *did))
}

/// What the processors are busy with.
pub(super) fn work(lived: &Lived) -> String {
    let mut text = String::new();
    let (most, did) = busiest(&lived.outcome);
    let what = if lived.world.homes[most].is_hub { "the busiest node, a hub" } else { "the busiest node" };
    head(&mut text, "What processors are busy with in a day (star)", &["what", what, "all nodes"]);
    for (at, name) in WORK.iter().enumerate() {
        let all: f64 = lived.outcome.nodes.iter().map(|did| did.cpu_s[at]).sum();
        row(
            &mut text,
            &[
                (*name).to_owned(),
                format!("{} CPU s", number(did.cpu_s[at])),
                format!("{} CPU s", number(all)),
            ],
        );
    }
    text + "\n"
}

/// How nodes stand after a day.
pub(super) fn nodes(args: &Args, costs: &Costs, lived: &[(&str, &Lived)]) -> String {
    let mut text = String::new();
    head(
        &mut text,
        "Nodes after a day",
        &[
            "links, node",
            "cores busy",
            "objects it has now",
            "came again",
            "on the disk",
            "in memory",
            "sent to nodes",
            "longest wait",
        ],
    );
    for (name, lived) in lived {
        let mut by_work: Vec<&Did> = lived.outcome.nodes.iter().collect();
        by_work.sort_by(|one, other| one.cpu().total_cmp(&other.cpu()));
        let chosen = [
            ("busiest", by_work.last()),
            ("middle", by_work.get(by_work.len() / 2)),
            ("least busy", by_work.first()),
        ];
        for (which, did) in chosen {
            let Some(did) = did else { continue };
            let objects = did.brought + did.taken;
            let stored = did.brought * costs.stored_bytes + did.taken * costs.taken_bytes;
            row(
                &mut text,
                &[
                    format!("{name}, {which}"),
                    format!("{} of {}", number(did.cpu() / DAY_S), args.cores),
                    number(objects),
                    number(did.again),
                    format!("{} GB", number(stored / 1e9)),
                    format!("{} GiB", number(objects * costs.memory_bytes / GIB)),
                    format!("{} GB", number(did.sent / 1e9)),
                    format!("{} s", number(did.longest_wait_s)),
                ],
            );
        }
    }
    text + "\n"
}

/// What breaks first when more is brought.
pub(super) fn growth(
    args: &Args,
    costs: &Costs,
    (title, hub_cores): (&str, f64),
    grown: &[(f64, Lived)],
) -> String {
    let mut text = String::new();
    let kept = format!("memory after {} days", args.days);
    head(
        &mut text,
        title,
        &[
            "objects a day",
            "cores busy, busiest hub",
            "busiest other node",
            &kept,
            "start then",
            "to all nodes, 99 of 100",
            "past its limit",
        ],
    );
    for (more, lived) in grown {
        let homes = || lived.world.homes.iter().zip(&lived.outcome.nodes);
        let cores = |hubs: bool| {
            let of = homes().filter(|(home, _)| home.is_hub == hubs);
            of.map(|(_, did)| did.cpu() / DAY_S).fold(0.0, f64::max)
        };
        let most = homes().map(|(_, did)| did.brought + did.taken).fold(0.0, f64::max) * f64::from(args.days);
        let memory = (most * costs.memory_bytes + costs.memory_empty_bytes) / GIB;
        let start = most / 1e6 * costs.start_s;
        let spread = quantile(&lived.outcome.spread[Scope::World as usize], 0.99);
        let checks = [
            ("memory", memory > f64::from(args.memory) * FULL_MAX),
            ("cores of hubs", cores(true) > hub_cores * BUSY_MAX),
            ("cores of others", cores(false) > f64::from(args.cores) * BUSY_MAX),
            ("start", start > START_MAX_S),
            ("time to all", spread > SPREAD_MAX_S),
        ];
        let past: Vec<&str> = checks.iter().filter(|(_, past)| *past).map(|(name, _)| *name).collect();
        row(
            &mut text,
            &[
                number(f64::from(args.objects) * more),
                number(cores(true)),
                number(cores(false)),
                format!("{} GiB", number(memory)),
                format!("{} s", number(start)),
                format!("{} s", number(spread)),
                if past.is_empty() { "nothing".to_owned() } else { past.join(", ") },
            ],
        );
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_objects_and_not_of_batches_are_counted() {
        let spread = [(9.0, 1.0), (1.0, 98.0), (5.0, 1.0)];
        let at = |part| quantile(&spread, part);
        assert_eq!([at(0.5), at(0.98), at(0.99), at(1.0)], [1.0, 1.0, 5.0, 9.0]);
        assert!(quantile(&[], 0.5).abs() < f64::EPSILON);
        assert_eq!(
            [0.0, 0.004, 0.25, 3.25, 1_234_567.0].map(number),
            ["0", "0.0040", "0.25", "3.2", "1,234,567"]
        );
    }
}
