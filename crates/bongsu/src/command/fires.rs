//! `bongsu circle fires`: circles' alert levels, and an analyst's word about one.

use crate::answer::{Answer, table};
use crate::cli::FiresArgs;
use crate::exit::Failure;
use crate::node::Node;
use deliver::fires::Burning;
use policy::fires::REASON_CHARS_MAX;
use policy::{Circle, Fires, MemberId, Word};
use serde_json::json;
use stix::Timestamp;

const HOUR_MICROS: i64 = 3_600_000_000;

/// Shows fires, after having set or cleared a word if that is asked for.
///
/// # Errors
/// When the circle is unknown, a word is incomplete, or the store fails.
pub(crate) fn run(node: &Node, args: &FiresArgs) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let mut circles: Vec<&Circle> = match &args.handle {
        Some(handle) => vec![node.circle(&book, handle)?],
        None => book.circles().collect(),
    };
    circles.sort_by(|a, b| a.handle.cmp(&b.handle));
    if let (Some(circle), true) = (circles.first(), args.set.is_some() || args.clear) {
        let word = args.set.map(|fires| word(args, fires, now)).transpose()?;
        node.gate.say(MemberId::NODE, circle.id, word.as_ref())?;
    }
    let (mut shown, mut rows) = (Vec::new(), Vec::new());
    for circle in circles {
        let fires = node
            .gate
            .fires(circle.id, now)
            .map_err(|error| Failure::new(format!("the fires could not be worked out: {error}")))?;
        rows.push(row(circle, &fires));
        shown.push(Burning::of(circle, fires).json());
    }
    let text = match rows.is_empty() {
        true => "No circles yet. Next: bongsu circle add HANDLE --title TITLE --member MEMBER\n".to_owned(),
        false => table(&["CIRCLE", "FIRES", "SINCE", "UNTIL", "WHY"], &rows),
    };
    Ok(Answer::done(json!({"circles": shown}), text))
}

fn word(args: &FiresArgs, fires: u8, now: Timestamp) -> Result<Word, Failure> {
    let reason = args.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let reason = reason.ok_or_else(|| {
        Failure::usage("no reason is given")
            .hint("members are shown why: --reason \"phishing wave since noon\"")
    })?;
    if reason.chars().count() > REASON_CHARS_MAX || reason.chars().any(char::is_control) {
        let text = format!("a reason is one line of at most {REASON_CHARS_MAX} characters");
        return Err(Failure::usage(text));
    }
    let until = now.micros().saturating_add(i64::from(args.hours).saturating_mul(HOUR_MICROS));
    Ok(Word { fires, reason: reason.to_owned(), at: now, until: Timestamp::from_micros(until) })
}

fn row(circle: &Circle, fires: &Fires) -> Vec<String> {
    let minute = |at: Option<Timestamp>| {
        at.map_or_else(|| "-".to_owned(), |at| format!("{}Z", at.to_string().get(..16).unwrap_or_default()))
    };
    vec![
        circle.handle.clone(),
        fires.level.to_string(),
        minute(fires.since),
        minute(fires.until),
        fires.cause.sentence(),
    ]
}
