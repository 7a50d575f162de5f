//! STIX patterns, one JSON object a line, for tools that match them (`bongsu pattern`, or a SIEM's own).
//!
//! Whole patterns pass that a list can't hold: several conditions together, in sequence, within a time. What the guard holds of a
//! pattern's values holds the pattern.
//!
//! Source: STIX 2.1, sections 4.7 and 9.

use std::ops::ControlFlow;

use policy::{Level, MemberId};
use serde::Serialize;
use stix::{Timestamp, Tlp};
use watch::Stated;

use crate::artefact::{Artefact, HeldRule};
use crate::gather::{Deliver, DeliverError};

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
        let trial = self.trial(&asked.book, member);
        let (mut lines, mut count, mut held) = (String::new(), 0, Vec::new());
        for reader in &asked.readers {
            let Some(circle) = asked.book.circle(reader.request().circle) else { continue };
            reader.each(&["indicator"], &mut |object| {
                let (raw, tlp) = (&object.get().raw, object.tlp());
                match line(raw, tlp, &circle.handle, &asked.profile, &trial, asked.now) {
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
    member: &policy::Member,
    trial: &crate::trial::Trial,
    now: Timestamp,
) -> Option<Result<String, HeldRule>> {
    let head = stix::read_head(raw).ok()?;
    let stated = Stated::read(raw, &head).filter(|stated| stated.is_stix() && stated.is_in_force(now))?;
    let hold = |why: String| HeldRule { object: head.id.to_string(), name: stated.name.clone(), why };
    if let Err(error) = stix::pattern::parse_either(&stated.pattern) {
        return Some(Err(hold(format!("its pattern can't be read: {error}"))));
    }
    let least = member.confidence_min;
    if stated.confidence.is_some_and(|confidence| confidence < least) {
        return Some(Err(hold(format!("its confidence is below the member's threshold, {least}"))));
    }
    if let Some(value) = trial.of(raw, &head).held.into_iter().next() {
        return Some(Err(hold(format!("the guard holds {}: {}", value.value, value.hold))));
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
