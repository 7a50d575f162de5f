//! `bongsu import --format report`: what a report names is shown, and shared once someone has confirmed it.
//!
//! Three ways, none of which asks while it runs: without more, the values are printed and nothing is stored; `--review FILE`
//! writes them as a list; `--accept FILE` shares those with `+` in such a list, `--yes` all that the guard lets through.

use crate::answer::{Answer, Watcher, table};
use crate::cli::ImportArgs;
use crate::command::confirm::Numbers;
use crate::command::import::{Report, Target, batch};
use crate::command::source::Source;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use exchange::read::Format;
use exchange::read::report::{self, Candidate, Survey};
use serde_json::{Value, json};
use std::collections::HashSet;
use watch::{Context, Guard};

/// Values that are printed; all of them are in `--json` and in the list.
const SHOWN_MAX: usize = 500;

/// Runs the command on reports.
///
/// # Errors
/// When one can't be read, the list names nothing that makes sense, or the line can't be written.
pub(crate) fn run(
    node: &Node,
    target: &Target,
    args: &ImportArgs,
    sources: Vec<Source>,
    numbers: &mut Numbers,
    watch: &mut Watcher<'_>,
) -> Result<Answer, Failure> {
    let one = |what: &str| Failure::usage(format!("{what} is for one report at a time"));
    if (args.accept.is_some() || args.review.is_some()) && sources.len() != 1 {
        return Err(one("--accept or --review"));
    }
    if sources.iter().any(|source| source.format != Format::Report) {
        return Err(Failure::usage("reports and other files don't go together")
            .hint("import them one after the other"));
    }
    let guard = guard(node, target)?;
    let context = Context::new(node.now(), 0);
    let (mut text, mut reports, mut exit, mut document) = (String::new(), Vec::new(), Exit::Done, None);
    for source in sources {
        let (name, options) = (source.name.clone(), source.options.clone());
        let survey = report::survey(source.watched(watch), &guard, &context)
            .map_err(|error| Failure::new(format!("{name}: {error}")))?;
        let mut told = Report::default();
        let (accepted, findings) = decided(args, &survey)?;
        survey.findings.iter().chain(&findings).for_each(|finding| told.finding(&name, finding));
        if !accepted.is_empty() {
            let shared = batch(node, target, &name, report::objects(&survey, &accepted, &options), &mut told);
            numbers.append(std::mem::take(&mut told.numbers));
            shared?;
        }
        show(&name, &survey, &accepted, &told, args, &mut text);
        if told.refused > 0 {
            exit = Exit::Findings;
        }
        reports.push(as_json(&name, &survey, &accepted, &told));
        if args.review.is_some() {
            document = Some(report::review(&survey).into_bytes());
        }
    }
    let entries = reports.first().and_then(|report| report["values"].as_array()).map_or(0, Vec::len);
    let json = json!({"circle": args.circle, "reports": reports, "entries": entries});
    let mut answer = Answer::done(json, text).ending(exit);
    answer.document = document;
    Ok(answer)
}

/// The guard as everyone in the circle needs it: no member's own assets count as bad.
fn guard(node: &Node, target: &Target) -> Result<Guard, Failure> {
    let book = node.gate.book();
    let members = book.circle(target.circle).map(|circle| &circle.members).into_iter().flatten();
    let assets: Vec<String> = members
        .filter_map(|id| book.member(*id))
        .flat_map(|member| member.own_assets.iter().cloned())
        .collect();
    let basis = node.deliver()?.basis();
    Ok(Guard::new(basis.lists(), &assets).0.fading(basis.models))
}

fn decided(
    args: &ImportArgs,
    survey: &Survey,
) -> Result<(HashSet<watch::Value>, Vec<stix::Finding>), Failure> {
    if let Some(path) = &args.accept {
        let list = std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        return Ok(report::decisions(survey, &list));
    }
    let passed = survey.candidates.iter().filter(|candidate| args.yes && !candidate.is_held());
    Ok((passed.map(|candidate| candidate.value.clone()).collect(), Vec::new()))
}

fn show(
    name: &str,
    survey: &Survey,
    accepted: &HashSet<watch::Value>,
    told: &Report,
    args: &ImportArgs,
    text: &mut String,
) {
    let title = survey.title.as_deref().map_or_else(String::new, |title| format!(", “{title}”"));
    let mark = survey.tlp.map_or_else(String::new, |tlp| format!(", marked {tlp}"));
    text.push_str(&format!("{name} ({}{title}{mark}): {} values.\n", survey.kind, survey.candidates.len()));
    let row = |candidate: &Candidate| {
        let verdict = match &candidate.hold {
            Some(hold) if candidate.is_held() => hold.rule,
            Some(_) => "context",
            None => "passes",
        };
        let mark = if accepted.contains(&candidate.value) { "+" } else { "-" };
        [
            mark,
            candidate.value.kind().as_str(),
            candidate.value.text(),
            verdict,
            &candidate.place,
            &candidate.context,
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let rows: Vec<Vec<String>> = survey.candidates.iter().take(SHOWN_MAX).map(row).collect();
    if !rows.is_empty() {
        text.push_str(&table(&["", "KIND", "VALUE", "GUARD", "WHERE", "CONTEXT"], &rows));
    }
    if survey.candidates.len() > SHOWN_MAX {
        let more = survey.candidates.len() - SHOWN_MAX;
        text.push_str(&format!("… and {more} more: --json or --review shows them.\n"));
    }
    if accepted.is_empty() {
        text.push_str(
            "Nothing was shared: these are only what the report names. To share, write them to a list \
            with --review FILE and give it back with --accept FILE, or take all that pass with --yes.\n",
        );
    } else {
        text.push_str(&format!(
            "{} added, {} there already, {} refused.\n",
            told.added, told.present, told.refused
        ));
    }
    told.findings.iter().take(args.findings).for_each(|finding| text.push_str(&format!("  {finding}\n")));
}

fn as_json(name: &str, survey: &Survey, accepted: &HashSet<watch::Value>, told: &Report) -> Value {
    let values = survey.candidates.iter().map(|candidate| {
        json!({
            "value": candidate.value.text(),
            "kind": candidate.value.kind().as_str(),
            "place": candidate.place,
            "context": candidate.context,
            "count": candidate.count,
            "held": candidate.is_held(),
            "rule": candidate.hold.as_ref().map(|hold| hold.rule),
            "list": candidate.hold.as_ref().and_then(|hold| hold.list.clone()),
            "why": candidate.hold.as_ref().map(|hold| hold.message.clone()),
            "accepted": accepted.contains(&candidate.value),
        })
    });
    json!({
        "file": name, "kind": survey.kind, "title": survey.title, "tlp": survey.tlp.map(|tlp| tlp.to_string()),
        "values": values.collect::<Vec<_>>(),
        "added": told.added, "present": told.present, "refused": told.refused, "findings": told.findings,
    })
}
