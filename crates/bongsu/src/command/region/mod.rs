//! `bongsu region`: what attacks pass through and where help removes most; where members and countries fall short, and who may see
//! it; aid projects and plans.

pub(crate) mod assess;
mod check;
mod flows;
mod gaps;
mod notices;
mod open;
mod plan;
mod projects;
mod read;

use super::cluster::hand_over;
use crate::answer::Answer;
use crate::cli::{FlowsArgs, GroundArgs, OutputArgs, RegionCommand};
use crate::exit::{Exit, Failure};
use crate::node::Node;
use crate::terminal::Terminal;
use crate::transit::{Looking, Source, geo, observed};
use policy::Caller;
use region::transit::{By, Observed};
use std::ffi::OsString;
use std::path::Path;
use stix::Timestamp;

/// Runs `bongsu region …`.
///
/// # Errors
/// When a handle, code or number is unknown, something does not keep to its form, or a file or a line can't be read or written.
pub(crate) fn run(node: &Node, command: RegionCommand) -> Result<Answer, Failure> {
    match command {
        RegionCommand::Flows(args) => flows::of_node(node, &args),
        RegionCommand::Where(args) => flows::where_of_node(node, &args),
        RegionCommand::Notices(command) => notices::run(node, &command),
        RegionCommand::Gaps(args) => gaps::run(node, &args),
        RegionCommand::Open(args) => open::open(node, &args),
        RegionCommand::Close { opening, act } => open::close(node, opening, &act),
        RegionCommand::Opened { viewer } => open::opened(node, viewer.as_deref()),
        RegionCommand::Assess(args) => assess::run(node, *args),
        RegionCommand::Projects(_) | RegionCommand::Check(_) | RegionCommand::Plan(_) => {
            Err(Failure::usage("projects and plans are read from files, without a node"))
        }
    }
}

/// Runs one that is about files alone.
///
/// # Errors
/// As [`run`].
pub(crate) fn alone(command: &RegionCommand, terminal: &mut Terminal) -> Result<Answer, Failure> {
    match command {
        RegionCommand::Flows(args) => written(flows::of_files(args)?, &args.out),
        RegionCommand::Where(args) => written(flows::where_of_files(args)?, &args.out),
        RegionCommand::Projects(args) => projects::run(args, terminal),
        RegionCommand::Check(args) => check::run(args, terminal),
        RegionCommand::Plan(args) => plan::run(args, terminal),
        _ => Err(Failure::usage("this is a node's to answer")),
    }
}

/// Has archives summed up on a cluster.
///
/// # Errors
/// When `bongsu-cluster` is not installed.
pub(crate) fn on_cluster(args: &FlowsArgs, json: bool) -> Result<Exit, Failure> {
    let by = match args.ground.by.into() {
        By::Country => "country",
        By::Network => "network",
    };
    let mut asked: Vec<OsString> = vec![format!("--by={by}").into(), format!("--top={}", args.top).into()];
    asked.extend(json.then(|| "--json".into()));
    for table in &args.ground.geo {
        asked.extend(["--geo".into(), table.clone().into()]);
    }
    asked.push("--".into());
    asked.extend(args.ground.files.iter().map(Into::into));
    hand_over("flows", args.cluster.as_deref().unwrap_or_default(), &asked)
}

/// Writes the table and the picture where they were asked for, and takes them out of the answer.
///
/// # Errors
/// When a file can't be written.
pub(crate) fn written(mut answer: Answer, out: &OutputArgs) -> Result<Answer, Failure> {
    for (key, path) in [("csv", &out.csv), ("svg", &out.svg)] {
        let text = answer.json.as_object_mut().and_then(|object| object.remove(key));
        let (Some(path), Some(text)) = (path, text) else { continue };
        write(path, text.as_str().unwrap_or_default().as_bytes())?;
        answer.text.push_str(&format!("{} is written.\n", path.display()));
    }
    Ok(answer)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::new(format!("{} can't be written: {error}", path.display())))
}

/// What named files say, and what could not be read of them, in words.
fn named(ground: &GroundArgs) -> Result<(Observed, Vec<String>), Failure> {
    let tables = geo(&ground.geo)?;
    let (mut all, mut notes) = (Observed::default(), Vec::new());
    for text in &ground.files {
        let source: Source = text.parse().map_err(Failure::usage)?;
        notes.extend(observed(&mut all, &source, &tables)?.iter().map(ToString::to_string));
    }
    Ok((within(all, ground)?, notes))
}

/// What of it was seen within the time that was asked for.
fn within(observed: Observed, ground: &GroundArgs) -> Result<Observed, Failure> {
    let bound = |name: &str, text: &Option<String>| {
        let Some(text) = text else { return Ok(None) };
        let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.clone() };
        match Timestamp::parse(&whole) {
            Ok(time) => Ok(Some(u32::try_from(time.seconds()).unwrap_or(0))),
            Err(error) => Err(Failure::usage(format!("--{name} `{text}`: {error}"))
                .hint("write it as 2026-11-29 or 2026-11-29T08:00:00Z")),
        }
    };
    let (from, to) = (bound("from", &ground.from)?, bound("to", &ground.to)?);
    match (from, to) {
        (None, None) => Ok(observed),
        _ => Ok(observed.within(from.unwrap_or(0), to.unwrap_or(u32::MAX))),
    }
}

/// Who looks at what of a node.
fn looking(node: &Node, ground: &GroundArgs) -> Result<Looking, Failure> {
    let book = node.gate.book();
    let caller = match &ground.viewer {
        Some(handle) => Caller::Member(node.active(&book, handle)?.id),
        None => Caller::Operator,
    };
    let circle = ground.circle.as_deref().map(|handle| node.circle(&book, handle).map(|circle| circle.id));
    Ok(Looking {
        caller,
        encrypted: true,
        circle: circle.transpose()?,
        by: ground.by.into(),
        now: node.now(),
    })
}
