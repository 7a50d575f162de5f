//! `bongsu persona check`: outcomes for people, with every reason, and for programs.

use super::{Known, applications};
use crate::answer::Answer;
use crate::cli::PersonaCheckArgs;
use crate::exit::{Exit, Failure};
use crate::node;
use crate::terminal::visible;
use serde_json::json;
use watch::persona::{Outcome, Reason, check_all};

pub(super) fn run(args: &PersonaCheckArgs, known: &Known) -> Result<Answer, Failure> {
    let (mut all, mut findings) = (Vec::new(), known.findings.clone());
    for path in &args.files {
        let read = applications(path)?;
        let name = path.display();
        findings.extend(read.findings.iter().map(|finding| format!("{name}: {finding}")));
        if read.findings_more > 0 {
            findings.push(format!("{name}: and {} more findings", read.findings_more));
        }
        all.extend(read.applications);
    }
    let outcomes = check_all(&all, &known.personas, &known.weights, node::now());
    let crosses = outcomes.iter().filter(|outcome| outcome.crosses).count();
    let mut text: String = outcomes.iter().map(shown).collect();
    text.push_str(&format!(
        "{} of {} applications at or above {} points; compared with {} personas. A score is a reason to look again, no finding about \
        a person; each reason can be contested (`bongsu persona contest`).\n",
        crosses,
        outcomes.len(),
        known.weights.threshold,
        known.personas.len()
    ));
    findings.iter().for_each(|finding| text.push_str(&format!("finding: {}\n", visible(finding.as_bytes()))));
    let json = json!({
        "outcomes": outcomes.iter().map(exchange::persona::outcome).collect::<Vec<_>>(), "crossing": crosses,
        "threshold": known.weights.threshold, "personas": known.personas.len(), "findings": findings,
    });
    let exit = if crosses == 0 && findings.is_empty() { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json, text).ending(exit))
}

fn shown(outcome: &Outcome) -> String {
    let id = visible(outcome.application.as_bytes());
    let mut text = format!("{id}: {} points, {}\n", outcome.score, outcome.word);
    outcome.reasons.iter().for_each(|reason| text.push_str(&told(reason)));
    for also in &outcome.also {
        let name = visible(also.name.as_bytes());
        text.push_str(&format!("     also like {name} ({}): {} points\n", also.persona, also.score));
    }
    text
}

/// A reason in two lines: what and how much, then who says it and until when.
fn told(reason: &Reason) -> String {
    let [given, known, who] = [&reason.matched.given, &reason.matched.known, &reason.source.who]
        .map(|part| visible(part.as_bytes()));
    let persona = reason.persona.as_ref();
    let persona = persona.map(|(_, name)| format!(" of {}", visible(name.as_bytes()))).unwrap_or_default();
    let object = reason.source.object.as_ref().map(|id| format!(", {id}")).unwrap_or_default();
    let [date, expiry] = [reason.date, reason.expiry].map(|at| at.date());
    let mut text = format!(
        "  {:>2}  {}: {given} — {known}{persona} ({}). {}\n",
        reason.points,
        reason.sign.code(),
        visible(reason.matched.how.as_bytes()),
        reason.sign.sentence(),
    );
    text.push_str(&format!(
        "      {} points at {}%; said by {who}{object}, {date}, until {expiry}; {}\n",
        reason.weight,
        reason.percent,
        visible(reason.source.from.as_bytes())
    ));
    if let Some(contest) = &reason.contested {
        text.push_str(&format!(
            "      contested by {} on {}, under review: it counts nothing ({})\n",
            visible(contest.who.as_bytes()),
            contest.at.date(),
            contest.id
        ));
    }
    text
}
