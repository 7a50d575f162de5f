//! `bongsu screen --private`: the node is asked, and does not learn what.
//!
//! The node's signed filter is fetched, or taken from a file; what is asked for is blinded, evaluated by the node, and looked up in
//! the filter here ([`watch::private`]). What was found can then be asked for openly, if whoever asks agrees.

use super::asked::{self, Asked};
use super::show;
use crate::answer::Progress;
use crate::cli::{PrivateArgs, ScreenArgs};
use crate::command::remote::{Node, told};
use crate::exit::{Exit, Failure};
use crate::node;
use crate::terminal::Terminal;
use deliver::private::Filter;
use deliver::screening::VALUES_MAX;
use gate::NoteKey;
use std::collections::HashMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use watch::Value;
use watch::index::Match;
use watch::private::{Answer, ELEMENTS_MAX, Output, PrivateError, Question, Request, probes};

/// What came of one thing that was asked for.
pub(super) enum Outcome {
    /// By what it is known, the nearest first; not at all if there is nothing.
    Answered(Vec<(Match, Value)>),
    /// The filter does not cover its kind.
    NotCovered,
    /// It could not be asked for.
    Fault(String),
}

/// Screens privately.
///
/// # Errors
/// As [`super::run`].
pub(super) fn run(args: &ScreenArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let asked = asked::all(args)?;
    let node = Node::new(&args.node)?;
    let filter = filter(&args.private, &node)?;
    let outcomes = outcomes(&asked, &filter, &node, terminal)?;
    let found: Vec<&Asked> = asked
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| matches!(outcome, Outcome::Answered(by) if !by.is_empty()))
        .map(|(asked, _)| asked)
        .collect();
    let is_whole = !outcomes.iter().any(|outcome| matches!(outcome, Outcome::Fault(_) | Outcome::NotCovered));
    let exit = match (is_whole, found.is_empty()) {
        (_, false) => Exit::Findings,
        (false, true) => Exit::Usage,
        (true, true) => Exit::Done,
    };
    let mut answer = show::answer(&asked, &outcomes, &filter);
    if terminal.json() {
        if args.private.ask && !found.is_empty() {
            match resolve(args, &node, &found) {
                Ok(openly) => answer.json["openly"] = openly,
                // What was answered privately is told all the same.
                Err(failure) => {
                    answer.json["openly_fault"] = failure.message.clone().into();
                    terminal.answer(answer)?;
                    return Err(failure);
                }
            }
        }
        return terminal.answer(answer.ending(exit));
    }
    terminal.answer(answer)?;
    terminal.note(&show::summary(&asked, found.len(), &filter));
    if !found.is_empty() && (args.private.ask || is_agreed(args, found.len(), &filter)) {
        let openly = resolve(args, &node, &found)?;
        terminal.write(format!("{openly:#}\n").as_bytes())?;
    }
    Ok(exit)
}

/// The second question, which tells the node the values: what is known of them.
fn resolve(args: &ScreenArgs, node: &Node, found: &[&Asked]) -> Result<serde_json::Value, Failure> {
    let mut all = serde_json::Value::Null;
    for some in found.chunks(VALUES_MAX) {
        let values: Vec<serde_json::Value> =
            some.iter().map(|asked| serde_json::json!({"value": asked.text, "kind": args.kind})).collect();
        let body = serde_json::json!({ "values": values }).to_string();
        let answer = node.post("screening/values", &body).map_err(|error| {
            let failure = told(&error);
            Failure {
                message: format!("what was found can't be asked for openly: {}", failure.message),
                ..failure
            }
        })?;
        let mut answer: serde_json::Value = serde_json::from_slice(&answer)
            .map_err(|error| Failure::new(format!("the node's open answer is no JSON: {error}")))?;
        match (all["results"].as_array_mut(), answer["results"].as_array_mut()) {
            (Some(results), Some(more)) => results.append(more),
            _ => all = answer,
        }
    }
    Ok(all)
}

/// Asks on a terminal whether the node may be told. Who gives values by standard input is not asked.
fn is_agreed(args: &ScreenArgs, found: usize, filter: &Filter) -> bool {
    let (input, error) = (std::io::stdin(), std::io::stderr());
    if args.values.iter().any(|value| value == "-") || !input.is_terminal() || !error.is_terminal() {
        return false;
    }
    let node = show::plain(&filter.header.node);
    let values = if found == 1 { "the 1 value" } else { &format!("the {found} values") };
    let asked =
        write!(error.lock(), "Ask openly about {values} found? This tells {node} what you asked for. [y/N] ");
    let mut said = String::new();
    asked.is_ok() && input.lock().read_line(&mut said).is_ok() && matches!(said.trim(), "y" | "Y" | "yes")
}

/// The filter: that of the file, or a newer one, which is then kept there.
fn filter(args: &PrivateArgs, node: &Node) -> Result<Filter, Failure> {
    let key = args.key.as_deref().map(str::parse::<NoteKey>).transpose();
    let key = key.map_err(|error| Failure::usage(format!("--key: {error}")))?;
    let kept = match &args.filter {
        Some(path) if args.as_is || path.exists() => Some(read(path, key.as_ref())?),
        _ => None,
    };
    if let Some(kept) = &kept
        && args.as_is
    {
        let until = &kept.header.until;
        if stix::Timestamp::parse(until).is_ok_and(|until| until <= node::now()) {
            return Err(Failure::new(format!("the filter's key answers no more since {until}"))
                .hint("leave --as-is out, so that the filter is fetched again"));
        }
    }
    let known = kept.as_ref().map(Filter::etag);
    let newer = match args.as_is {
        true => None,
        false => node.get("private/filter", known.as_deref()).map_err(|error| told(&error))?,
    };
    match (newer, kept) {
        (Some(bytes), _) => {
            let filter = Filter::read(&bytes, key.as_ref()).map_err(|error| {
                Failure::new(format!("the node's filter: {error}"))
                    .hint("use nothing of it; tell the node's operator")
            })?;
            if let Some(path) = &args.filter {
                keep(path, &bytes)?;
            }
            Ok(filter)
        }
        (None, Some(kept)) => Ok(kept),
        (None, None) => Err(Failure::new("the node says that its filter is known, and it is not")),
    }
}

fn read(path: &Path, key: Option<&NoteKey>) -> Result<Filter, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::new(format!("{shown} can't be read: {error}"))
            .hint("leave --as-is out, so that the filter is fetched")
    })?;
    Filter::read(&bytes, key).map_err(|error| {
        Failure::new(format!("{shown}: {error}"))
            .hint("remove it, so that the filter is fetched again; use nothing of this one")
    })
}

/// Writes the filter for the next run, in one step.
fn keep(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path).map(drop).map_err(|error| error.error)
    };
    write().map_err(|error| Failure::new(format!("{} can't be written: {error}", path.display())))
}

/// What comes of each thing that is asked for. Each value is asked for once, however often it answers.
fn outcomes(
    asked: &[Asked],
    filter: &Filter,
    node: &Node,
    terminal: &mut Terminal,
) -> Result<Vec<Outcome>, Failure> {
    let probed: Vec<Vec<(Match, Value)>> = asked
        .iter()
        .map(|asked| match &asked.values {
            Ok(values) => values.iter().flat_map(|value| probes(value, &filter.header.shape)).collect(),
            Err(_) => Vec::new(),
        })
        .map(|probes| probes.into_iter().filter(|(_, value)| filter.kinds.contains(&value.kind())).collect())
        .collect();
    let mut known: HashMap<&Value, bool> = HashMap::new();
    let mut values: Vec<&Value> = probed.iter().flatten().map(|(_, value)| value).collect();
    values.sort_unstable();
    values.dedup();
    let mut done = 0;
    for some in values.chunks(ELEMENTS_MAX) {
        let outputs = outputs(some, filter, node)?;
        known.extend(some.iter().copied().zip(outputs.into_iter().map(|output| filter.has(output))));
        done += some.len();
        let progress = Progress { what: "asking".to_owned(), done: done as u64, total: values.len() as u64 };
        let _goes_on = terminal.progress(&progress);
    }
    let outcomes = asked.iter().zip(&probed).map(|(asked, probed)| match &asked.values {
        Err(why) => Outcome::Fault(why.clone()),
        Ok(values) => {
            let is_known = |(_, value): &&(Match, Value)| known.get(value).is_some_and(|known| *known);
            let found: Vec<(Match, Value)> = probed.iter().filter(is_known).cloned().collect();
            // What was asked for in part, its host alone or one of its meanings, is not clear of anything.
            let mut probes = values.iter().flat_map(|value| probes(value, &filter.header.shape));
            let is_covered = probes.all(|(_, value)| filter.kinds.contains(&value.kind()));
            if found.is_empty() && !is_covered { Outcome::NotCovered } else { Outcome::Answered(found) }
        }
    });
    Ok(outcomes.collect())
}

/// Asks the node about some values without telling it which.
fn outputs(values: &[&Value], filter: &Filter, node: &Node) -> Result<Vec<Output>, Failure> {
    let failed = |error: PrivateError| Failure::new(format!("the question can't be asked: {error}"));
    let seed = node::seed().ok_or_else(|| Failure::new("the system gives no random bytes"))?;
    let question = Question::new(values.iter().copied(), seed).map_err(failed)?;
    let request = Request { epoch: filter.header.epoch, elements: question.elements().to_vec() };
    let body = serde_json::to_string(&request).map_err(anyhow::Error::from)?;
    let answer = node.post("private/evaluate", &body).map_err(|error| told(&error))?;
    let wrong = |why: &dyn std::fmt::Display| {
        Failure::new(format!("the node's answer is not taken: {why}"))
            .hint("use nothing of it; compare what GET /private/key says with other members")
    };
    let answer: Answer = serde_json::from_slice(&answer).map_err(|error| wrong(&error))?;
    question.outputs(&answer, &filter.header.public).map_err(|error| wrong(&error))
}
