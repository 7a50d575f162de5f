//! `bongsu playbook`: playbooks that a member has, carried out as checklists.

use crate::answer::{Answer, table};
use crate::cli::{PlaybookCommand, PlaybookStartArgs, PlaybookStepArgs, SaidArgs, StepArg};
use crate::exit::Failure;
use crate::node::Node;
use deliver::playbook::result::share;
use deliver::playbook::run::{Event, Run, Started, StepState, What, lasted};
use deliver::playbook::{Playbook, read};
use gate::{Object, Query};
use policy::{Book, Member, Reach, Request};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use stix::ObjectId;
use uuid::Uuid;

/// Runs `bongsu playbook …`.
///
/// # Errors
/// When something named is unknown, it can't happen now, or the line can't be read or written.
pub(crate) fn run(node: &Node, command: &PlaybookCommand) -> Result<Answer, Failure> {
    match command {
        PlaybookCommand::List { member } => list(node, member.as_deref()),
        PlaybookCommand::Show { id, circle, member } => {
            match (id.parse::<Uuid>(), circle) {
                (Ok(id), _) => Ok(told(&node.gate.book(), &known(node, id)?, node)),
                (Err(_), Some(circle)) => show(node, id, circle, member.as_deref()),
                (Err(_), None) => Err(Failure::usage("which circle the playbook is in is not said")
                    .hint("name it with --circle")),
            }
        }
        PlaybookCommand::Start(args) => start(node, args),
        PlaybookCommand::Step(args) => step(node, args),
        PlaybookCommand::Finish { run, said } => happens(node, run, What::Finished, said),
        PlaybookCommand::Share { run, said } => shared(node, run, said),
    }
}

fn list(node: &Node, member: Option<&str>) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.sender(&book, member)?;
    let mut rows = Vec::new();
    let mut playbooks = Vec::new();
    for reader in node.gate.readers(member.id, member.level, true, node.now()) {
        let circle =
            book.circle(reader.request().circle).map(|circle| circle.handle.clone()).unwrap_or_default();
        let mut on = |object: policy::Released<Object>| {
            let tlp = object.tlp().to_string();
            let Object { id, version, raw, .. } = object.into_inner();
            if let Some(playbook) = read(&raw) {
                let (id, steps) = (id.to_string(), playbook.steps.len());
                rows.push(vec![
                    playbook.name.clone(),
                    circle.clone(),
                    tlp.clone(),
                    steps.to_string(),
                    id.clone(),
                ]);
                let version = version.to_string();
                playbooks.push(json!({"id": id, "circle": circle, "name": playbook.name, "tlp": tlp, "steps": steps, "version": version}));
            }
            ControlFlow::Continue(())
        };
        reader.each(&["course-of-action"], &mut on).map_err(|error| Failure::new(error.to_string()))?;
    }
    let mut runs = node.runs.all()?;
    runs.retain(|run| run.started.member == member.id);
    let mut text = match rows.is_empty() {
        true => format!("`{}` has no playbook.\n", member.handle),
        false => table(&["PLAYBOOK", "CIRCLE", "TLP", "STEPS", "ID"], &rows),
    };
    if !runs.is_empty() {
        let rows: Vec<Vec<String>> = runs.iter().map(|run| row(run, node)).collect();
        text.push('\n');
        text.push_str(&table(&["BEGAN", "RUN OF", "STATE", "TOOK", "RUN"], &rows));
    }
    let runs: Vec<Value> = runs.iter().map(|run| shown(&book, run, node)).collect();
    Ok(Answer::done(json!({"playbooks": playbooks, "runs": runs}), text))
}

fn row(run: &Run, node: &Node) -> Vec<String> {
    let at = run.began.to_string();
    let state = if run.finished.is_some() { "finished" } else { "under way" };
    vec![
        format!("{}Z", at.get(..16).unwrap_or(&at)),
        run.started.name.clone(),
        state.to_owned(),
        lasted(run.took_micros(node.now())),
        run.id.to_string(),
    ]
}

/// A playbook as a member has it.
fn had(
    node: &Node,
    member: &Member,
    circle: &str,
    id: &str,
) -> Result<(Playbook, Object, policy::CircleId), Failure> {
    let book = node.gate.book();
    let absent = || {
        Failure::usage(format!("`{}` has no playbook `{id}` in circle {circle}", member.handle))
            .hint("`bongsu playbook list` shows those that it has")
    };
    let circle_id = node.circle(&book, circle)?.id;
    let ids = vec![ObjectId::parse(id).map_err(|error| Failure::usage(format!("`{id}`: {error}")))?];
    let (wanted, now) = (member.level, node.now());
    let request =
        Request { member: member.id, circle: circle_id, wanted, encrypted: true, now, reach: Reach::Member };
    let reader = node.gate.reader(request).map_err(|_| absent())?;
    let page = reader.page(&Query { ids, limit: 1, ..Query::default() });
    let page = page.map_err(|error| Failure::new(error.to_string()))?;
    let object = page.items.into_iter().next().ok_or_else(absent)?.into_inner();
    let playbook = read(&object.raw).ok_or_else(absent)?;
    Ok((playbook, object, circle_id))
}

fn show(node: &Node, id: &str, circle: &str, member: Option<&str>) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let (playbook, object, _) = had(node, node.sender(&book, member)?, circle, id)?;
    let mut text = format!("{}\n", playbook.name);
    if !playbook.description.is_empty() {
        text.push_str(&format!("{}\n", playbook.description));
    }
    for (at, step) in playbook.steps.iter().enumerate() {
        let tool = if step.needs_tool { " (needs a tool)" } else { "" };
        text.push_str(&format!("\n{}. {}{tool}\n", at + 1, step.name));
        if !step.text.is_empty() {
            text.push_str(&format!("   {}\n", step.text));
        }
        for way in &step.ways {
            let to = way.to.map_or_else(|| "the end".to_owned(), |to| format!("step {to}"));
            text.push_str(&format!("   {}: {to}\n", way.when.words()));
        }
    }
    let steps: Vec<Value> = playbook
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            let ways: Vec<Value> =
                step.ways.iter().map(|way| json!({"when": way.when.words(), "step": way.to})).collect();
            json!({
                "step": at + 1, "id": step.id, "type": step.kind, "name": step.name, "text": step.text,
                "needs_tool": step.needs_tool, "ways": ways,
            })
        })
        .collect();
    let (name, version) = (&playbook.name, object.version.to_string());
    Ok(Answer::done(
        json!({"id": id, "circle": circle, "name": name, "description": playbook.description, "version": version, "steps": steps}),
        text,
    ))
}

fn start(node: &Node, args: &PlaybookStartArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.sender(&book, args.member.as_deref())?;
    let (playbook, object, circle) = had(node, member, &args.circle, &args.id)?;
    let started = Started::of(&playbook, member.id, circle, &args.id, object.version);
    let event = said(What::Started(started), &args.said);
    let run = node.runs.happens(Uuid::new_v4(), &event)?;
    Ok(told(&book, &run, node))
}

fn said(what: What, said: &SaidArgs) -> Event {
    Event { what, by: said.by.trim().to_owned(), note: said.note.trim().to_owned() }
}

fn known(node: &Node, id: Uuid) -> Result<Run, Failure> {
    node.runs.get(id)?.ok_or_else(|| {
        Failure::usage(format!("there is no run `{id}`")).hint("`bongsu playbook list` shows a member's runs")
    })
}

fn happens(node: &Node, run: &str, what: What, args: &SaidArgs) -> Result<Answer, Failure> {
    let run = node.runs.happens(run_id(run)?, &said(what, args))?;
    Ok(told(&node.gate.book(), &run, node))
}

fn run_id(text: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| {
        Failure::usage(format!("`{text}` is no run")).hint("`bongsu playbook list` shows a member's runs")
    })
}

fn step(node: &Node, args: &PlaybookStepArgs) -> Result<Answer, Failure> {
    let state = match args.state {
        StepArg::Begun => StepState::Begun,
        StepArg::Done => StepState::Done,
        StepArg::Skipped => StepState::Skipped,
        StepArg::Failed => StepState::Failed,
    };
    happens(node, &args.run, What::Step { step: args.step, state }, &args.said)
}

fn shared(node: &Node, run: &str, args: &SaidArgs) -> Result<Answer, Failure> {
    let run = known(node, run_id(run)?)?;
    let id = share(&node.gate, &run, None, node.now())
        .map_err(|error| Failure::new(format!("the result was not shared: {error}")))?;
    match run.shared {
        // The same result is the same note, which is there already.
        Some(_) => Ok(told(&node.gate.book(), &run, node)),
        None => happens(node, &run.id.to_string(), What::Shared(id), args),
    }
}

fn told(book: &Book, run: &Run, node: &Node) -> Answer {
    let state = if run.finished.is_some() { "finished" } else { "under way" };
    let mut text = format!(
        "Run {} of {}: {state}, {}.\n",
        run.id,
        run.started.name,
        lasted(run.took_micros(node.now()))
    );
    for (at, step) in run.steps.iter().enumerate() {
        let became = step.state.map_or("open", |(state, _)| state.name());
        let took =
            if step.took_micros > 0 { format!(", {}", lasted(step.took_micros)) } else { String::new() };
        text.push_str(&format!("  {:>3}. [{became}{took}] {}\n", at + 1, step.named.name));
    }
    if let Some((at, id)) = &run.shared {
        text.push_str(&format!("Its result was shared at {at}: {id}\n"));
    }
    Answer::done(shown(book, run, node), text)
}

fn shown(book: &Book, run: &Run, node: &Node) -> Value {
    let seconds = |micros: i64| micros / 1_000_000;
    let steps: Vec<Value> = run
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            let (state, when) = step.state.map_or(("open", None), |(state, when)| (state.name(), Some(when.to_string())));
            json!({"step": at + 1, "id": step.named.id, "name": step.named.name, "state": state, "at": when, "took_s": seconds(step.took_micros)})
        })
        .collect();
    let events: Vec<Value> = run
        .events
        .iter()
        .map(|(at, event)| {
            let (what, step) = match &event.what {
                What::Started(_) => ("started", None),
                What::Step { step, state } => (state.name(), Some(*step)),
                What::Finished => ("finished", None),
                What::Shared(_) => ("shared", None),
            };
            json!({"at": at.to_string(), "what": what, "step": step, "by": event.by, "note": event.note})
        })
        .collect();
    let member = book.member(run.started.member).map(|member| member.handle.clone());
    let circle = book.circle(run.started.circle).map(|circle| circle.handle.clone());
    json!({
        "run": run.id.to_string(), "member": member, "circle": circle, "playbook": run.started.object,
        "version": run.started.version, "name": run.started.name, "began": run.began.to_string(),
        "finished": run.finished.map(|at| at.to_string()), "took_s": seconds(run.took_micros(node.now())),
        "steps": steps, "events": events, "shared": run.shared.as_ref().map(|(_, id)| id),
    })
}
