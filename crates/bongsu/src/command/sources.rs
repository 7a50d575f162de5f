//! `bongsu source`: whom the node pulls from.

use crate::answer::{Answer, Watcher, table};
use crate::cli::SourceCommand;
use crate::command::send;
use crate::config::Source;
use crate::exit::{Exit, Failure};
use crate::leading::Work;
use crate::node::Node;
use crate::pull::{self, Pulled};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::sync::mpsc;

/// Runs `bongsu source …`.
///
/// # Errors
/// When no such source is configured, or it can't be pulled; what was taken in before is kept.
pub(crate) fn run(node: &Node, command: SourceCommand, watch: &mut Watcher<'_>) -> Result<Answer, Failure> {
    match command {
        SourceCommand::List => Ok(list(node)),
        SourceCommand::Check { name } => check(node, name.as_deref()),
        SourceCommand::Pull { name, from_start, findings } => {
            for source in named(node, name.as_deref())?.iter().filter(|_| from_start) {
                pull::forget(node, source)?;
            }
            pull_all(node, name.as_deref(), findings, watch)
        }
        SourceCommand::Send { name, member, from_start, findings } => {
            send::run(node, one(node, &name)?, &member, from_start, findings, watch)
        }
    }
}

fn one<'n>(node: &'n Node, name: &str) -> Result<&'n Source, Failure> {
    node.config.sources.iter().find(|source| source.name == name).ok_or_else(|| {
        Failure::new(format!("no source `{name}` is configured")).hint(
            "`bongsu source list` shows all; each is a [[source]] table in bongsu.toml (docs/sources.md)",
        )
    })
}

fn named<'n>(node: &'n Node, name: Option<&str>) -> Result<Vec<&'n Source>, Failure> {
    match name {
        Some(name) => Ok(vec![one(node, name)?]),
        None => Ok(node.config.sources.iter().collect()),
    }
}

fn list(node: &Node) -> Answer {
    let sources = &node.config.sources;
    let (mut rows, mut views) = (Vec::new(), Vec::new());
    for source in sources {
        let (running, last) = node.pulls.of(&source.name);
        let state = match (&last.error, last.ended) {
            _ if running => "being pulled".to_owned(),
            (Some(error), _) => format!("failed: {error}"),
            (None, Some(at)) => format!("pulled at {at}, {} added", last.added),
            (None, None) if pull::since(node, source).is_some() => "pulled before".to_owned(),
            (None, None) => "not pulled yet".to_owned(),
        };
        rows.push(vec![
            source.name.clone(),
            source.kind.name().to_owned(),
            source.circle.clone(),
            source.sender.clone(),
            source.every.to_string(),
            source.objects.name().to_owned(),
            state.clone(),
        ]);
        views.push(json!({
            "name": source.name, "kind": source.kind.name(), "url": source.url, "collection": source.collection,
            "circle": source.circle, "as": source.sender, "every": source.every.to_string(),
            "objects": source.objects.name(), "running": running, "ended": last.ended.map(|at| at.to_string()),
            "added": last.added, "error": last.error, "cursor": pull::since(node, source), "state": state,
        }));
    }
    let text = match rows.is_empty() {
        true => {
            "No sources yet. Next: a [[source]] table in bongsu.toml; docs/sources.md shows how.".to_owned()
        }
        false => table(&["SOURCE", "KIND", "CIRCLE", "AS", "EVERY", "OBJECTS", "STATE"], &rows),
    };
    Answer::done(json!({"sources": views}), text)
}

fn check(node: &Node, name: Option<&str>) -> Result<Answer, Failure> {
    let runtime = pull::runtime()?;
    let (mut text, mut views, mut exit) = (String::new(), Vec::new(), Exit::Done);
    for source in named(node, name)? {
        match runtime.block_on(pull::check(node, source)) {
            Ok((view, told)) => {
                if view.get("reads").and_then(Value::as_bool) != Some(true) {
                    exit = Exit::Findings;
                }
                text.push_str(&told);
                views.push(view);
            }
            // One that was asked for by its name fails; of all, the others are shown as well.
            Err(stopped) if name.is_some() => return Err(stopped.failure(&source.name, 0)),
            Err(stopped) => {
                exit = Exit::Findings;
                text.push_str(&format!("{}: {stopped}\n", source.name));
                views.push(json!({"source": source.name, "reads": false, "error": stopped.to_string()}));
            }
        }
    }
    Ok(Answer::done(json!({"sources": views}), text).ending(exit))
}

fn pull_all(
    node: &Node,
    name: Option<&str>,
    findings: usize,
    watch: &mut Watcher<'_>,
) -> Result<Answer, Failure> {
    let runtime = pull::runtime()?;
    let (mut text, mut views, mut exit) = (String::new(), Vec::new(), Exit::Done);
    for source in named(node, name)? {
        let mut pulled = Pulled::default();
        let outcome = pull_one(&runtime, node, source, &mut pulled, watch);
        let report = &pulled.report;
        if outcome.is_err() || report.refused + report.quarantined > 0 {
            exit = Exit::Findings;
        }
        let error = match outcome {
            Ok(()) => None,
            Err(stopped) if name.is_some() => {
                return Err(stopped.failure(&source.name, report.added + report.present));
            }
            Err(stopped) => Some(stopped.to_string()),
        };
        text.push_str(&format!(
            "{}: {} added, {} there already, {} refused, {} quarantined, {} withdrawn, {} warnings in {} pages.\n",
            source.name,
            report.added,
            report.present,
            report.refused,
            report.quarantined,
            report.withdrawn,
            report.warnings,
            pulled.pages
        ));
        report.findings.iter().take(findings).chain(error.as_ref()).for_each(|line| {
            text.push_str(&format!("  {line}\n"));
        });
        views.push(json!({
            "source": source.name, "added": report.added, "present": report.present, "refused": report.refused,
            "quarantined": report.quarantined, "waiting": report.waiting, "withdrawn": report.withdrawn, "warnings": report.warnings,
            "findings": report.findings, "pages": pulled.pages, "bytes": pulled.bytes,
            "error": error,
        }));
    }
    Ok(Answer::done(json!({"sources": views}), text).ending(exit))
}

/// A pull whose progress is shown from this thread, because what shows it need not be sent to others.
fn pull_one(
    runtime: &tokio::runtime::Runtime,
    node: &Node,
    source: &Source,
    pulled: &mut Pulled,
    watch: &mut Watcher<'_>,
) -> Result<(), pull::Stopped> {
    let (tell, told) = mpsc::channel();
    let mut stopped = ControlFlow::Continue(());
    let work = async {
        let mut note = |progress| match tell.send(progress) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        let mut pulling = std::pin::pin!(pull::pull(node, source, pulled, &mut note));
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
        loop {
            tokio::select! {
                outcome = &mut pulling => return outcome,
                _ = tick.tick() => {
                    while let Ok(progress) = told.try_recv() {
                        stopped = watch(progress);
                    }
                    if stopped.is_break() {
                        return Err(pull::Stopped::Interrupted);
                    }
                }
            }
        }
    };
    node.leads.by_hand(Work::Sources, |_| Ok(runtime.block_on(work)))?
}
