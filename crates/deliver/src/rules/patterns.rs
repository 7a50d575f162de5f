//! STIX patterns, one JSON object a line, for tools that match them (`bongsu pattern`, or a SIEM's own).
//!
//! Whole patterns pass that a list can't hold: several conditions together, in sequence, within a time. What the guard holds of a
//! pattern's values holds the pattern.
//!
//! Source: STIX 2.1, sections 4.7 and 9.

use std::ops::ControlFlow;

use policy::{Level, MemberId};
use serde::Serialize;
use stix::Tlp;
use watch::{Acts as _, Context, Hold, Stated, actionable};

use crate::artefact::{Artefact, HeldRule};
use crate::gather::{Deliver, DeliverError};
use crate::view::Judge;

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    pattern: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<u8>,
    tlp: String,
    circle: &'a str,
}

impl Deliver {
    /// The patterns of all indicators in force that the member may act on. Reads its circles whole: some seconds for a million.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn patterns(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let asked = self.readers(member, Level::Detect, encrypted)?;
        let view = self.gather(member, Level::Detect, encrypted)?.view;
        let (mut lines, mut count, mut held) = (String::new(), 0, Vec::new());
        for reader in &asked.readers {
            let Some(circle) = asked.book.circle(reader.request().circle) else { continue };
            let mut failed = Ok(());
            reader.each(&["indicator"], &mut |object| {
                let (of, tlp) = (object.get(), object.tlp());
                let limited = match self.limited(circle.id, &of.id, of.added) {
                    Ok(limited) => limited,
                    Err(error) => {
                        failed = Err(error);
                        return ControlFlow::Break(());
                    }
                };
                let stop = limited.and_then(|limited| view.judge.stop_of(&limited, &circle.handle));
                let context = Context {
                    seen_last: view.sightings.last((circle.id, of.id.uuid())),
                    ..view.judge.context(asked.now)
                };
                match line(&of.raw, tlp, &circle.handle, stop, &view.judge, &context) {
                    Some(Ok(line)) => {
                        lines.push_str(&line);
                        lines.push('\n');
                        count += 1;
                    }
                    Some(Err(rule)) => held.push(rule),
                    None => {}
                }
                ControlFlow::Continue(())
            })?;
            failed?;
        }
        let made = Artefact::new("application/jsonl; charset=utf-8", "patterns.jsonl", lines, count);
        Ok(made.holding(held))
    }
}

/// A pattern's line, or why it is held; nothing for what is no pattern in force.
fn line(
    raw: &str,
    tlp: Tlp,
    circle: &str,
    stop: Option<Hold>,
    judge: &Judge,
    context: &Context,
) -> Option<Result<String, HeldRule>> {
    let head = stix::read_head(raw).ok()?;
    let stated =
        Stated::read(raw, &head).filter(|stated| stated.is_stix() && stated.is_in_force(context.now))?;
    let hold = |why: String| HeldRule { object: head.id.to_string(), name: stated.name.clone(), why };
    if let Err(error) = stix::pattern::parse_either(&stated.pattern) {
        return Some(Err(hold(format!("its pattern can't be read: {error}"))));
    }
    if let Some(stop) = stop {
        return Some(Err(hold(stop.to_string())));
    }
    let least = judge.confidence_min;
    if stated.confidence.is_some_and(|confidence| confidence < least) {
        return Some(Err(hold(format!("its confidence is below the member's threshold, {least}"))));
    }
    for each in actionable(raw, &head).iter().flat_map(|indicator| indicator.each()) {
        if let Err(why) = judge.guard.admit(each, context) {
            return Some(Err(hold(format!("the guard holds {}: {why}", each.value()))));
        }
    }
    let line = Line {
        id: head.id.to_string(),
        pattern: &stated.pattern,
        name: stated.name.as_deref(),
        valid_from: stated.valid_from.map(|from| from.to_string()),
        valid_until: stated.valid_until.map(|until| until.to_string()),
        confidence: stated.confidence,
        tlp: tlp.to_string(),
        circle,
    };
    serde_json::to_string(&line).ok().map(Ok)
}
