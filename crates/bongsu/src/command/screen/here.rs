//! Asking the node of the data folder: is this value known to be bad, who says so, and what is to be done?

use super::exposed;
use crate::answer::Answer;
use crate::cli::ScreenArgs;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use deliver::screening::{Answers, Known, Listed, Outcome, Question, VALUES_MAX};
use serde_json::json;
use std::fmt::Write as _;
use std::io::{BufRead as _, Read as _};

/// Bytes of standard input that are read.
const INPUT_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Reads standard input where `-` stands, before the values go to a node that may be another process.
///
/// # Errors
/// When standard input can't be read, or there are more values than are answered at once.
pub(crate) fn read_input(args: &mut ScreenArgs) -> Result<(), Failure> {
    if args.values.iter().any(|value| value == "-") {
        let unread = |error: std::io::Error| Failure::new(format!("standard input can't be read: {error}"));
        let mut input = std::io::stdin().lock().take(INPUT_BYTES_MAX + 1);
        let lines: Result<Vec<String>, _> = input.by_ref().lines().collect();
        let lines = lines.map_err(unread)?;
        if input.limit() == 0 {
            return Err(Failure::usage(format!("more than {INPUT_BYTES_MAX} bytes on standard input"))
                .hint("ask in parts: `split -l 10000`"));
        }
        args.values.retain(|value| value != "-");
        args.values.extend(lines.into_iter().filter(|line| !line.trim().is_empty()));
    }
    match args.values.len() {
        0 => Err(Failure::usage("no value is asked about")),
        count if count > VALUES_MAX => Err(Failure::usage(format!(
            "{count} values are asked about; at most {VALUES_MAX} are answered at once"
        ))
        .hint("ask in parts: `split -l 10000`")),
        _ => Ok(()),
    }
}

/// Answers what is known of some values.
///
/// # Errors
/// When the member is unknown, or nothing can be said.
pub(crate) fn run(node: &Node, args: &ScreenArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.sender(&book, args.member.as_deref())?;
    let question = |value: &String| {
        let mut question = Question::of(value.as_str());
        (question.kind, question.birth, question.country) =
            (args.kind.clone(), args.birth.clone(), args.country.clone());
        question
    };
    let questions: Vec<Question> = args.values.iter().map(question).collect();
    node.know_values()?;
    // What is asked on the node's own machine travels over no wire.
    let answers = node
        .screening()?
        .ask_exposed(member.id, true, "command", &questions)
        .map_err(|error| Failure::new(error.to_string()))?;
    let is_clear = answers.results.iter().all(|answer| answer.result == Outcome::Clear);
    let exit = if is_clear { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json!(answers), text(&answers)).ending(exit))
}

fn text(answers: &Answers) -> String {
    let mut text = String::new();
    for answer in &answers.results {
        let read_as = answer.read_as.iter().map(|read| match &read.chain {
            Some(chain) => format!("{} of {chain}", read.kind),
            None => read.kind.to_owned(),
        });
        let kinds: Vec<String> = read_as.collect();
        let told = match answer.result {
            Outcome::Match if answer.is_of_name() => "MAY BE LISTED".to_owned(),
            Outcome::Match => "KNOWN".to_owned(),
            Outcome::Past => "known once, and nothing that holds says so now".to_owned(),
            Outcome::Clear => "not known".to_owned(),
            Outcome::Unreadable => {
                format!("can't be read: {}", answer.why.as_deref().unwrap_or("it is no value"))
            }
        };
        let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        line(&mut text, &format!("{}{kinds}: {told}", answer.value));
        answer.matches.iter().for_each(|known| tell(&mut text, known));
        text.extend(answer.exposure.iter().map(exposed::shown));
    }
    let count = |wanted| answers.results.iter().filter(|answer| answer.result == wanted).count();
    let mut lists = answers
        .lists
        .circles()
        .iter()
        .map(|(circle, list)| format!("{circle} at {}", list.size))
        .collect::<Vec<_>>();
    if lists.is_empty() {
        lists.push("no circle".to_owned());
    }
    line(
        &mut text,
        &format!(
            "{} asked: {} known, {} past, {} not known, {} unreadable. Lists: {}.",
            answers.results.len(),
            count(Outcome::Match),
            count(Outcome::Past),
            count(Outcome::Clear),
            count(Outcome::Unreadable),
            lists.join(", ")
        ),
    );
    text
}

fn tell(text: &mut String, known: &Known) {
    let said = match (&known.party, known.confidence) {
        (Some(party), _) => format!("score {:.2}: {}", party.score, party.reasons.join(", ")),
        (None, Some(confidence)) => format!("confidence {confidence}"),
        (None, None) => "confidence not stated".to_owned(),
    };
    line(text, &format!("  {} {} ({}), {said}, {}", known.kind, known.value, known.by, known.tlp));
    if let Some(party) = &known.party {
        line(text, &format!("  {}", about(party)));
    }
    line(text, &format!("  do: {} — {}", known.advice.action, known.advice.say));
    for source in &known.sources {
        let name = source.name.as_deref().unwrap_or("no name");
        let until =
            source.valid_until.as_deref().map_or_else(String::new, |until| format!(", until {until}"));
        let state = if source.in_force { "" } else { ", does not hold now" };
        line(text, &format!("    {name}, {}, {}{until}{state}", source.circle, source.indicator));
    }
}

/// Whom a name may mean, in a line.
fn about(party: &Listed) -> String {
    const NAMES_SHOWN: usize = 6;
    let all = |name: &str, of: &[String]| (!of.is_empty()).then(|| format!("{name} {}", of.join(", ")));
    let others = party.names.iter().skip(1).take(NAMES_SHOWN).cloned().collect::<Vec<_>>();
    let names = party.names.first().cloned();
    let parts = [
        Some(party.schema.to_owned()),
        names,
        all("also", &others),
        (party.names.len() > NAMES_SHOWN + 1)
            .then(|| format!("and {} names more", party.names.len() - NAMES_SHOWN - 1)),
        all("born", &party.born),
        all("of", &party.countries),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What came from outside must not steer a terminal.
fn line(text: &mut String, told: &str) {
    let plain: String =
        told.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    let _always_fits = writeln!(text, "{plain}");
}
