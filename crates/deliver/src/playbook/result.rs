//! The result of a run, for the playbook's circle: a note about the course of action, with figures and without names.
//!
//! What people wrote and who did what stays with the member. The note says which version of the playbook was carried out, what became
//! of each step and how long it took, so that whoever wrote the playbook can better it.
//!
//! Source: STIX 2.1, section 4.10 (note).

use gate::{Gate, GateError, Query, Submission, Submitted};
use line::StorageError;
use policy::{By, Level, PersonId, Reach, Request, Terms};
use serde_json::json;
use stix::{ObjectId, Timestamp, Tlp};

use super::run::{Run, RunError, StepState, lasted};

/// Why a result was not shared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultError {
    /// The run goes on.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The member does not have the playbook any more.
    #[error(
        "the playbook is not in the circle any more, so there is nothing that its result could stand beside"
    )]
    Gone,
    /// The circle did not take it.
    #[error("the circle did not take it: {0}")]
    NotTaken(String),
    /// The store. Safe to repeat.
    #[error("{0}; safe to repeat")]
    Storage(#[from] StorageError),
    /// The line. Safe to repeat.
    #[error("{0}")]
    Gate(#[from] GateError),
}

/// The text of the note about a run that was finished: figures alone.
#[must_use]
pub fn text(run: &Run) -> String {
    let took = lasted(run.took_micros(run.began));
    let count = |state| run.count(state);
    let mut text = format!(
        "Carried out in {took}. Of {} steps {} were done, {} failed, {} were skipped, {} were left open.\n",
        run.steps.len(),
        count(StepState::Done),
        count(StepState::Failed),
        count(StepState::Skipped),
        run.untouched() + count(StepState::Begun),
    );
    for (at, step) in run.steps.iter().enumerate() {
        let state = step.state.map_or("open", |(state, _)| state.name());
        let took =
            if step.took_micros > 0 { format!(", {}", lasted(step.took_micros)) } else { String::new() };
        text.push_str(&format!("{}. {}: {state}{took}\n", at + 1, step.named.name));
    }
    text
}

/// The note itself. The same run makes the same note.
fn note(run: &Run, finished: Timestamp, tlp: Tlp) -> String {
    // The run's id is not the note's: it would say when the run began.
    let id = uuid::Uuid::new_v5(&run.id, b"result");
    let id = uuid::Builder::from_random_bytes(id.into_bytes()).into_uuid();
    let micros = finished.micros() - finished.micros().rem_euclid(1_000);
    let at = Timestamp::from_micros(micros).to_string();
    json!({
        "type": "note", "spec_version": "2.1", "id": format!("note--{id}"), "created": at, "modified": at,
        "abstract": format!("Result of the playbook {}, version {}", run.started.name, run.started.version),
        "content": text(run), "labels": ["playbook-result"], "object_refs": [run.started.object],
        "object_marking_refs": [tlp.definition_id().to_string()],
    })
    .to_string()
}

/// Shares the result of a run in the playbook's circle, as the member that carried it out, marked as the playbook is; gives the note's
/// id. When this returns, it is durable; where four eyes are asked for, it waits for a second person than `person`, who shares it.
///
/// # Errors
/// [`ResultError`]: then nothing was shared.
pub fn share(
    gate: &Gate,
    run: &Run,
    person: Option<PersonId>,
    now: Timestamp,
) -> Result<String, ResultError> {
    let finished = run.finished.ok_or(RunError::Unfinished)?;
    let (member, circle) = (run.started.member, run.started.circle);
    let wanted = gate.book().member(member).map_or(Level::Read, |member| member.level);
    let request = Request { member, circle, wanted, encrypted: true, now, reach: Reach::Member };
    let reader = gate.reader(request).map_err(|_| ResultError::Gone)?;
    let object = ObjectId::parse(&run.started.object).map_err(|_| ResultError::Gone)?;
    let query = Query { ids: vec![object], limit: 1, ..Query::default() };
    let playbook = reader.page(&query)?.items.into_iter().next().ok_or(ResultError::Gone)?;
    let raw = note(run, finished, playbook.tlp());
    let head = stix::read_head(&raw).map_err(|finding| ResultError::NotTaken(finding.to_string()))?;
    let id = head.id.to_string();
    let told =
        gate.submit(By { member, person }, circle, &Terms::default(), vec![Submission { raw, head }], now);
    let told = told.map_err(|error| match error {
        gate::SubmitError::Storage(error) => ResultError::Storage(error),
        error => ResultError::NotTaken(error.to_string()),
    })?;
    match told.first().and_then(Submitted::complaint) {
        // It goes out when a second person has said so.
        Some(_) if matches!(told.first(), Some(Submitted::Waiting(_))) => Ok(id),
        Some(complaint) => Err(ResultError::NotTaken(complaint)),
        None => Ok(id),
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::tests::{at, event, run, step};
    use super::super::run::{StepState, What};
    use super::*;

    #[test]
    fn a_note_has_figures_and_no_names() {
        let mut run = run();
        run.apply(step(1, StepState::Begun), at(60));
        run.apply(step(1, StepState::Done), at(260));
        run.apply(step(2, StepState::Skipped), at(270));
        run.apply(event(What::Finished), at(300));
        insta::assert_snapshot!(text(&run), @r"
        Carried out in 5 min. Of 3 steps 1 were done, 0 failed, 1 were skipped, 1 were left open.
        1. Call: done, 3 min 20 s
        2. Paid?: skipped
        3. action: open
        ");
        let note = note(&run, at(300), Tlp::Green);
        assert!(!note.contains("Kim") && !note.contains("seen"), "{note}");
        assert_eq!(stix::read_head(&note).unwrap().markings, [Tlp::Green.definition_id()]);
    }
}
