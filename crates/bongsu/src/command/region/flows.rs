//! `bongsu region flows` and `bongsu region where`.

use super::{looking, named, within};
use crate::answer::{Answer, counted, table};
use crate::cli::{FlowsArgs, WhereArgs};
use crate::exit::{Exit, Failure};
use crate::node::Node;
use region::transit::flow::Options;
use region::transit::help::{Bounds, Choice};
use region::transit::plan::{Level, Plan, place_cost, plan};
use region::transit::told::{Told, lasted, name, percent, told, until_gone};
use region::transit::{By, NOT_ATTRIBUTION, Observed, Spot};
use region::world::Territories;
use serde_json::json;
use std::collections::BTreeMap;

/// Days of a period, where no configuration says it.
const PERIOD_DAYS: u32 = 28;

pub(super) fn of_files(args: &FlowsArgs) -> Result<Answer, Failure> {
    let (observed, notes) = named(&args.ground)?;
    let options = Options { by: args.ground.by.into(), period_days: PERIOD_DAYS };
    shown(args, &told(&observed, &[], options), &Territories::default(), &notes)
}

pub(super) fn of_node(node: &Node, args: &FlowsArgs) -> Result<Answer, Failure> {
    let looking = looking(node, &args.ground)?;
    let notes = unread(node)?;
    let territories = node.transit.territories();
    match (&args.ground.from, &args.ground.to) {
        (None, None) => shown(args, &*node.transit.told(&looking)?, &territories, &notes),
        _ => {
            let all = node.transit.observed(&looking)?;
            let told = node.transit.told_of(&looking, &within(all.observed.clone(), &args.ground)?)?;
            shown(args, &told, &territories, &notes)
        }
    }
}

fn unread(node: &Node) -> Result<Vec<String>, Failure> {
    let (_, ground) = node.transit.ground()?;
    Ok(ground.unread.iter().map(ToString::to_string).collect())
}

/// An answer with what could not be read under it; it ends so that a script sees it.
fn noted(mut answer: Answer, notes: &[String]) -> Answer {
    if let Some(object) = answer.json.as_object_mut() {
        object.insert("unread".to_owned(), json!(notes));
    }
    for note in notes {
        answer.text.push_str(&format!("{note}\n"));
    }
    if notes.is_empty() { answer } else { answer.ending(Exit::Findings) }
}

fn shown(
    args: &FlowsArgs,
    told: &Told,
    territories: &Territories,
    notes: &[String],
) -> Result<Answer, Failure> {
    let mut json = told.json(args.top, territories);
    if args.out.csv.is_some() {
        json["csv"] = json!(told.csv(territories));
    }
    if args.out.svg.is_some() {
        if told.by == By::Network {
            return Err(Failure::usage("networks have no map").hint("leave --by network out, or write --csv"));
        }
        json["svg"] = json!(told.map(args.map.into(), territories));
    }
    Ok(noted(Answer::done(json, text(told, args.top, territories)), notes))
}

fn text(told: &Told, top: usize, territories: &Territories) -> String {
    let rows: Vec<Vec<String>> = told
        .rows
        .iter()
        .take(top)
        .map(|row| {
            let crossing = &row.crossing;
            let stay = row.stay.as_ref();
            let spread = |spread: Option<region::transit::stay::Spread>| {
                spread.map_or_else(|| "-".to_owned(), |spread| lasted(spread.median))
            };
            let hops: u64 = crossing.roles.values().sum();
            let roles: Vec<String> = crossing
                .roles
                .iter()
                .map(|(role, count)| {
                    format!("{} {}", role.name(), percent(*count as f64 / hops.max(1) as f64))
                })
                .collect();
            vec![
                name(crossing.spot, territories),
                percent(crossing.share),
                format!("{} - {}", percent(crossing.share_least), percent(crossing.share_most)),
                crossing.through.to_string(),
                crossing.from.to_string(),
                row.betweenness.map_or_else(|| "-".to_owned(), |number| format!("{number:.3}")),
                stay.map_or(0, |stay| stay.addresses).to_string(),
                spread(stay.and_then(|stay| stay.dwell)),
                stay.and_then(until_gone).unwrap_or_else(|| "-".to_owned()),
                stay.map_or(0, |stay| stay.again).to_string(),
                crossing.trend.map_or_else(|| "-".to_owned(), |trend| format!("x{trend:.2}")),
                roles.join(", "),
            ]
        })
        .collect();
    let head = [
        "PLACE",
        "SHARE",
        "WITHIN",
        "THROUGH",
        "FROM",
        "BETWEEN",
        "ADDRESSES",
        "DWELL",
        "TAKEDOWN",
        "AGAIN",
        "TREND",
        "HOPS",
    ];
    let mut text = match rows.is_empty() {
        true => "Nothing was observed.\n".to_owned(),
        false => table(&head, &rows),
    };
    text.push_str(&format!(
        "{}; of {} a hop, the start or the end is unknown, which is what keeps shares within their bounds.\n",
        counted(told.total, "attack"),
        told.with_unknown
    ));
    if told.rows.len() > top {
        text.push_str(&format!("{} more places: --top N\n", told.rows.len() - top));
    }
    if told.hidden.places > 0 {
        let through = match told.hidden.through {
            Some(through) => format!("attacks through them, each counted for each place: {through}"),
            None => "too few members stand behind them for a sum".to_owned(),
        };
        text.push_str(&format!(
            "{} are not opened to this member; {through}.\n",
            counted(told.hidden.places as u64, "place")
        ));
    }
    text.push_str(NOT_ATTRIBUTION);
    text.push('\n');
    text
}

pub(super) fn where_of_files(args: &WhereArgs) -> Result<Answer, Failure> {
    let (observed, notes) = named(&args.ground)?;
    planned(args, &observed, &Territories::default(), &notes, |_| true)
}

pub(super) fn where_of_node(node: &Node, args: &WhereArgs) -> Result<Answer, Failure> {
    let looking = looking(node, &args.ground)?;
    let all = node.transit.observed(&looking)?;
    let observed = within(all.observed.clone(), &args.ground)?;
    let hidden = node.transit.hidden(&looking, &observed)?;
    planned(args, &observed, &node.transit.territories(), &unread(node)?, |spot| !hidden.contains(&spot))
}

fn planned(
    args: &WhereArgs,
    observed: &Observed,
    territories: &Territories,
    notes: &[String],
    may: impl Fn(Spot) -> bool,
) -> Result<Answer, Failure> {
    let level: Level = args.level.parse().map_err(|error| Failure::usage(format!("--level: {error}")))?;
    let costs = args.cost.iter().map(|text| place_cost(text)).collect::<Result<BTreeMap<Spot, u64>, _>>();
    let costs = costs.map_err(|error| Failure::usage(format!("--cost: {error}")))?;
    let bounds = Bounds { most: args.most, budget: args.budget };
    let of = |spot: Spot| costs.get(&spot).copied().unwrap_or(1);
    let plan = plan(observed, args.ground.by.into(), level, bounds, of, may);
    let mut json = plan.json(territories);
    if args.out.csv.is_some() {
        json["csv"] = json!(plan.csv(territories));
    }
    if args.out.svg.is_some() {
        json["svg"] = json!(plan.svg(territories));
    }
    Ok(noted(Answer::done(json, plan_text(&plan, territories)), notes))
}

fn plan_text(plan: &Plan, territories: &Territories) -> String {
    let total = plan.chosen.total.max(1) as f64;
    let side = |choice: &Choice| {
        let mut upto = 0.0;
        let row = |(at, one): (usize, &region::transit::help::Chosen)| {
            upto += one.removes;
            vec![
                (at + 1).to_string(),
                name(one.spot, territories),
                percent(one.removes / total),
                percent(upto / total),
                percent(one.alone / total),
            ]
        };
        choice.chosen.iter().enumerate().map(row).collect::<Vec<_>>()
    };
    let head = ["", "PLACE", "ADDS", "IN ALL", "ALONE"];
    format!(
        "Where help removes most, {}:\n{}\nBy volume alone:\n{}\n{}\n{}\n{}\n",
        plan.level.words(),
        table(&head, &side(&plan.chosen)),
        table(&head, &side(&plan.naive)),
        plan.guarantee(),
        Plan::LIMITS,
        NOT_ATTRIBUTION
    )
}
