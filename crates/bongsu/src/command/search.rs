//! `bongsu search`: finds objects in all circles, as the operator or as a member sees them.

use crate::answer::{Answer, table};
use crate::cli::SearchArgs;
use crate::exit::Failure;
use crate::node::Node;
use policy::{Book, Caller};
use search::{Asked, Looking, SearchError, Seen};
use serde_json::{Value, json};
use stix::{Timestamp, Tlp};

fn failed(error: &SearchError) -> Failure {
    Failure::new(error.to_string()).hint(format!(
        "the index is the file {} of the data folder; it is made anew if it is removed while nothing has the folder open",
        search::FILE
    ))
}

/// Runs `bongsu search`.
///
/// # Errors
/// When a circle or member is unknown, a time or a mark can't be read, or the index or the lines fail.
pub(crate) fn run(node: &Node, args: &SearchArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let time = |typed: &Option<String>| {
        let read = typed.as_deref().map(|typed| Timestamp::parse(typed).map_err(|error| (typed, error)));
        read.transpose().map_err(|(typed, error)| {
            Failure::usage(format!("`{typed}` is no time: {error}")).hint("write it as 2026-11-29T08:00:00Z")
        })
    };
    let mark = |typed: &String| typed.parse::<Tlp>().map_err(|error| Failure::usage(error.to_string()));
    let member =
        |handle: &Option<String>| handle.as_deref().map(|handle| node.member(&book, handle)).transpose();
    let asked = Asked {
        text: watch::refang(&args.words.join(" ")).into_owned(),
        circle: args
            .circle
            .as_deref()
            .map(|handle| node.circle(&book, handle))
            .transpose()?
            .map(|circle| circle.id),
        types: args.types.clone(),
        tlp: args.tlp.iter().map(mark).collect::<Result<_, _>>()?,
        source: member(&args.source)?.map(|member| member.id),
        from: time(&args.from)?,
        until: time(&args.until)?,
        confidence: args.confidence,
        value: args.value.as_deref().map(|value| watch::refang(value).into_owned()).unwrap_or_default(),
        limit: args.limit.into(),
        ..Asked::default()
    };
    let caller = member(&args.member)?.map_or(Caller::Operator, |member| Caller::Member(member.id));
    // Whoever asks here can wait for what came a moment ago.
    node.search.follow().map_err(|error| failed(&error))?;
    let looking = Looking { caller, encrypted: true, now: node.now() };
    let found =
        node.search.find(&looking, &asked, &|seen| shown(&book, seen)).map_err(|error| failed(&error))?;
    let rows: Vec<Vec<String>> = found.items.iter().map(row).collect();
    let mut text = match rows.is_empty() {
        true => "Nothing found.\n".to_owned(),
        false => table(&["ADDED", "CIRCLE", "TLP", "SOURCE", "OBJECT", "NAME"], &rows),
    };
    let more = found.next.is_some();
    if more {
        text.push_str("There are more; --limit shows them.\n");
    }
    Ok(Answer::done(json!({"objects": found.items, "more": more}), text))
}

fn shown(book: &Book, seen: &Seen<'_>) -> Value {
    let object = seen.object;
    let named = ["name", "value", "pattern", "relationship_type", "abstract", "opinion"];
    let name = named.into_iter().find_map(|key| stix::head::property(&object.raw, key));
    json!({
        "id": object.id.to_string(),
        "type": object.id.object_type(),
        "name": name,
        "circle": book.circle(seen.circle).map(|circle| &circle.handle),
        "tlp": seen.tlp.word().to_ascii_lowercase(),
        "source": seen.source.and_then(|source| book.member(source)).map(|member| &member.handle),
        "confidence": seen.confidence(),
        "number": object.seq.0,
        "added": object.added.timestamp().to_string(),
        "version": object.version.to_string(),
        "signature": seen.provenance().state().name(),
    })
}

fn row(found: &Value) -> Vec<String> {
    const NAME_MAX: usize = 60;
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    let added = text("added");
    // What steers a terminal is not shown.
    let name: String = text("name").chars().filter(|sign| !sign.is_control()).take(NAME_MAX).collect();
    let added = added.get(..19).unwrap_or(&added).replace('T', " ");
    vec![added, text("circle"), text("tlp"), text("source"), text("id"), name]
}
