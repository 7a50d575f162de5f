//! `bongsu measure`: measures to build confidence, and commitments.

use crate::answer::{Answer, table};
use crate::cli::{MeasureAddArgs, MeasureArgs, MeasureChangeArgs, MeasureCommand};
use crate::command::contact::{QUARTER_DAYS, looking};
use crate::exit::Failure;
use crate::node::Node;
use policy::Book;
use region::measure::{Measure, Registered, known};
use region::norms::Stage;
use region::{Event, text};
use serde_json::{Value, json};

use super::{circles, handles, line, members, wrong};

/// Measures of a node.
const MEASURES_MAX: usize = 10_000;

/// Runs `bongsu measure …`.
///
/// # Errors
/// When a handle is unknown or taken, something does not keep to its form, or the line can't be read or written.
pub(crate) fn run(node: &Node, command: MeasureCommand) -> Result<Answer, Failure> {
    match command {
        MeasureCommand::Add(args) => add(node, &args),
        MeasureCommand::List(args) => list(node, args.viewer.as_deref()),
        MeasureCommand::Change(args) => change(node, &args),
    }
}

fn add(node: &Node, args: &MeasureAddArgs) -> Result<Answer, Failure> {
    let (book, handle) = (node.gate.book(), &args.handle);
    text::handle(handle).map_err(wrong)?;
    let source = args.source.into();
    let short = args.number.and_then(|number| known(source, number)).map(str::to_owned);
    let title = args.title.clone().or(short).ok_or_else(|| {
        Failure::usage("nothing says what it is about")
            .hint("--title TITLE, or --source osce with --number 1 to 16")
    })?;
    let mut measure = Measure {
        source,
        number: args.number,
        title: line("a title", &title)?,
        members: Vec::new(),
        stage: Stage::Planned,
        text: None,
        evidence: Vec::new(),
        due: None,
        circles: Vec::new(),
    };
    take_over(node, &book, &mut measure, &args.measure)?;
    if measure.members.is_empty() {
        return Err(Failure::usage("nobody is named who promised it").hint("--member MEMBER"));
    }
    node.region.happens(|register| {
        if register.measure(handle).is_some() {
            let taken = Failure::new(format!("there is a measure `{handle}` already"));
            return Err(taken.hint(format!("`bongsu measure change {handle}` changes it")));
        }
        text::at_most("measures", register.measures().count() + 1, MEASURES_MAX).map_err(wrong)?;
        Ok((vec![Event::Measure { handle: handle.clone(), measure: measure.clone() }], ()))
    })?;
    Ok(Answer::done(
        json!({"measure": handle, "title": measure.title}),
        format!("Measure {handle} was entered.\n"),
    ))
}

fn change(node: &Node, args: &MeasureChangeArgs) -> Result<Answer, Failure> {
    let (book, handle) = (node.gate.book(), &args.handle);
    node.region.happens(|register| {
        let absent = || {
            Failure::usage(format!("there is no measure `{handle}`")).hint("`bongsu measure list` shows all")
        };
        let before = &register.measure(handle).ok_or_else(absent)?.measure;
        let mut measure = before.clone();
        if let Some(title) = &args.title {
            measure.title = line("a title", title)?;
        }
        take_over(node, &book, &mut measure, &args.measure)?;
        match measure == *before {
            true => Err(Failure::usage("nothing is to be changed")
                .hint("`bongsu measure change --help` lists what can be")),
            false => Ok((vec![Event::Measure { handle: handle.clone(), measure }], ())),
        }
    })?;
    Ok(Answer::done(json!({"measure": handle}), format!("Measure {handle} was changed.\n")))
}

/// Takes over what was typed; members replace those that were there, evidence and circles come beside.
fn take_over(node: &Node, book: &Book, measure: &mut Measure, args: &MeasureArgs) -> Result<(), Failure> {
    if !args.members.is_empty() {
        measure.members = members(node, book, &args.members)?;
    }
    if let Some(stage) = args.stage {
        measure.stage = stage.into();
    }
    if let Some(said) = &args.text {
        measure.text = Some(line("a remark", said)?);
    }
    measure.evidence.extend(args.evidence.iter().cloned());
    if let Some(due) = &args.due {
        measure.due = Some(due.clone());
    }
    for circle in circles(node, book, &args.circles, &measure.members)? {
        if !measure.circles.contains(&circle) {
            measure.circles.push(circle);
        }
    }
    measure.check().map_err(wrong)
}

fn list(node: &Node, viewer: Option<&str>) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let looking = looking(node, &book, viewer, QUARTER_DAYS)?;
    let (all, today) = (register.measures_for(&looking), looking.now.date());
    let rows: Vec<Vec<String>> = all.iter().map(|opened| row(&book, opened.get(), &today)).collect();
    let text = match rows.is_empty() {
        true => {
            "No measures. Next: bongsu measure add MEASURE --title TITLE --member MEMBER --circle CIRCLE\n"
                .to_owned()
        }
        false => table(&["MEASURE", "LIST", "ABOUT", "MEMBERS", "STAGE", "DUE"], &rows),
    };
    let json: Vec<Value> = all.iter().map(|opened| shown(&book, opened.get(), &today)).collect();
    Ok(Answer::done(json!({"measures": json}), text))
}

fn row(book: &Book, registered: &Registered, today: &str) -> Vec<String> {
    let measure = &registered.measure;
    let number = measure.number.map(|number| format!(" {number}")).unwrap_or_default();
    let late = if measure.is_overdue(today) { " (overdue)" } else { "" };
    vec![
        registered.handle.clone(),
        format!("{}{number}", measure.source.name()),
        measure.title.clone(),
        handles(book, &measure.members).join(" "),
        measure.stage.words().to_owned(),
        format!("{}{late}", measure.due.as_deref().unwrap_or("-")),
    ]
}

fn shown(book: &Book, registered: &Registered, today: &str) -> Value {
    let measure = &registered.measure;
    json!({
        "measure": registered.handle, "list": measure.source.name(), "number": measure.number, "title": measure.title,
        "members": handles(book, &measure.members), "stage": measure.stage.words(), "text": measure.text,
        "evidence": measure.evidence, "due": measure.due, "overdue": measure.is_overdue(today),
        "changed": registered.changed.to_string(),
    })
}
