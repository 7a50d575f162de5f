//! From another node.

use std::collections::{HashMap, HashSet};

use line::{Draft, LineId, Outcome, RecordKind, Refusal, Seq};
use policy::federation::Deed;
use policy::{Agreement, CircleId, Intake, MemberId, Peer, Statement, StatementError, Terms};
use stix::Timestamp;

use super::{FederationError, Version, hex, name_of, versions_of};
use crate::intake::strictest;
use crate::opening::Gate;
use crate::submit::{Passing, Sharing, Submission, SubmitError, Submitted};

/// Most objects of a page.
const PAGE_MAX: usize = 1_000;
/// Refusals of a page that are told; all are counted.
const TOLD_MAX: usize = 20;

/// What became of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Objects and withdrawals that are in the line now, and were not before.
    pub added: u64,
    /// What was here already, or is overtaken by what came later at its home.
    pub known: u64,
    /// What was refused.
    pub refused: u64,
    /// Why, for the first of them.
    pub why: Vec<String>,
}

impl Taken {
    fn refuse(&mut self, why: String) {
        self.refused += 1;
        if self.why.len() < TOLD_MAX {
            self.why.push(why);
        }
    }

    fn tell(&mut self, statement: &Statement, told: &Submitted) {
        match told {
            Submitted::Appended { .. } => self.added += 1,
            Submitted::Present => self.known += 1,
            // It was withdrawn by the page that was cut off, or never came here.
            Submitted::Refused(Refusal::Unknown) if matches!(statement.deed, Deed::Withdrawal { .. }) => {
                self.known += 1;
            }
            other => self.refuse(format!("{}: {}", statement.id, other.complaint().unwrap_or_default())),
        }
    }
}

/// Something that has come and holds.
struct Come {
    statement: Statement,
    signed: String,
    /// The object as it was brought; `None` for a withdrawal, and for new terms of what is here.
    object: Option<Submission>,
}

impl Gate {
    /// Takes what another node brings of a circle; when this returns, it is durable.
    ///
    /// One thing that does not hold never refuses the rest.
    ///
    /// # Errors
    /// [`FederationError`]: safe to repeat.
    pub fn take(
        &self,
        circle: CircleId,
        peer: &Peer,
        texts: &[String],
        now: Timestamp,
    ) -> Result<Taken, FederationError> {
        let mut taken = Taken::default();
        for page in texts.chunks(PAGE_MAX) {
            self.take_page(circle, peer, page, now, &mut taken)?;
        }
        Ok(taken)
    }

    fn take_page(
        &self,
        circle: CircleId,
        peer: &Peer,
        texts: &[String],
        now: Timestamp,
        taken: &mut Taken,
    ) -> Result<(), FederationError> {
        let book = self.book();
        let agreement = self.agreement(&book, circle)?;
        if peer.ended || agreement.at_home(&peer.key).next().is_none() {
            return Err(FederationError::NotFound);
        }
        let mut come = Vec::with_capacity(texts.len());
        for text in texts {
            match read(text, agreement) {
                Err(error) => taken.refuse(error.to_string()),
                // What one's own members brought comes back: it is here.
                Ok(one) if self.is_home_of(agreement, one.statement.member) => taken.known += 1,
                Ok(one) => come.push(one),
            }
        }
        let _in_order = self.inner.statements.in_order.lock();
        let come = self.noted(come, taken)?;
        let mut rest = come.into_iter().peekable();
        while let Some(first) = rest.next() {
            let member = first.statement.member;
            match &first.statement.deed {
                Deed::Withdrawal { versions, reason } => {
                    match self.withdraw_there(circle, &first.statement, versions, reason) {
                        Ok(told) => {
                            self.mark_settled(&first.statement);
                            told.iter().for_each(|told| taken.tell(&first.statement, told));
                        }
                        Err(error) => taken.refuse(format!("{}: {}", first.statement.id, lasting(error)?)),
                    }
                }
                Deed::Object { terms, .. } => {
                    let terms = Terms::clone(terms);
                    let mut run = vec![first];
                    let goes_along = |next: &Come| {
                        let same =
                            |deed: &Deed| matches!(deed, Deed::Object { terms: of, .. } if *of == terms);
                        next.statement.member == member && same(&next.statement.deed)
                    };
                    while let Some(next) = rest.next_if(goes_along) {
                        run.push(next);
                    }
                    let (mut statements, mut objects) = (Vec::with_capacity(run.len()), Vec::new());
                    for one in run {
                        let object = match one.object {
                            Some(object) => Some(object),
                            None => self.had_here(circle, &one.statement)?,
                        };
                        match object {
                            Some(object) => {
                                statements.push(one.statement);
                                objects.push(object);
                            }
                            None => taken.known += 1,
                        }
                    }
                    let intake = strictest(book.member(member), Intake::Accept);
                    let sharing = Sharing { member, person: None, circle, terms: &terms, intake };
                    match self.share_decided(&sharing, Passing::FromHome, objects, now) {
                        Ok(all_told) => {
                            for (statement, told) in statements.iter().zip(all_told) {
                                self.mark_settled(statement);
                                taken.tell(statement, &told);
                            }
                        }
                        Err(error) => {
                            let why = lasting(error.into())?;
                            statements
                                .iter()
                                .for_each(|statement| taken.refuse(format!("{}: {why}", statement.id)));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn is_home_of(&self, agreement: &Agreement, member: MemberId) -> bool {
        agreement.party(member).is_some_and(|party| party.home == *self.home())
    }

    fn mark_settled(&self, statement: &Statement) {
        self.inner.statements.kept.lock().settled.insert(name_of(statement));
    }

    /// Leaves out what is known or overtaken, and keeps the statements of the rest in the node's line.
    fn noted(&self, come: Vec<Come>, taken: &mut Taken) -> Result<Vec<Come>, FederationError> {
        let (mut fresh, mut drafts, mut at): (Vec<Come>, Vec<Draft>, Vec<usize>) = Default::default();
        {
            let kept = self.inner.statements.kept.lock();
            let mut latest: HashMap<Version, u64> = HashMap::new();
            let mut names = HashSet::new();
            for one in come {
                let name = name_of(&one.statement);
                let of = versions_of(&one.statement);
                let seq = one.statement.seq;
                let last = |version: &Version| {
                    let kept = kept.latest.get(version).copied().unwrap_or_default();
                    latest.get(version).copied().unwrap_or_default().max(kept)
                };
                let overtaken = of.iter().all(|version| last(version) > seq);
                if overtaken
                    || names.contains(&name)
                    || (kept.is_settled(&name, &one.statement) && !is_newer(&kept, &of, seq))
                {
                    taken.known += 1;
                    continue;
                }
                for version in of {
                    let last = latest.entry(version).or_default();
                    *last = seq.max(*last);
                }
                if !kept.places.contains_key(&name) || is_newer(&kept, &versions_of(&one.statement), seq) {
                    let home = one.statement.member.uuid();
                    drafts.push(Draft::note(RecordKind::Statement, home, one.signed.clone().into_bytes()));
                    at.push(fresh.len());
                }
                names.insert(name);
                fresh.push(one);
            }
        }
        if drafts.is_empty() {
            return Ok(fresh);
        }
        let outcomes = self.store().append(LineId::NODE, drafts)?;
        let mut kept = self.inner.statements.kept.lock();
        for (at, outcome) in at.into_iter().zip(outcomes) {
            let seq = match outcome {
                Outcome::Appended { seq, .. } | Outcome::Present { seq } => seq,
                Outcome::Refused(refusal) => return Err(FederationError::Refused(refusal)),
            };
            if let Some(one) = fresh.get(at) {
                kept.note(&one.statement, seq);
            }
        }
        Ok(fresh)
    }

    /// The object of a statement that came without it, as it lies here.
    fn had_here(
        &self,
        circle: CircleId,
        statement: &Statement,
    ) -> Result<Option<Submission>, FederationError> {
        let Deed::Object { sha256, .. } = &statement.deed else { return Ok(None) };
        let line = LineId::new(circle.uuid());
        let mut seqs = self.store().look(line, |catalogue| {
            let versions =
                catalogue.object(&statement.id).into_iter().flat_map(|object| catalogue.newest_first(object));
            let of_sender = versions.filter(|entry| entry.sender() == Some(statement.member.uuid()));
            of_sender.map(|entry| entry.seq).collect::<Vec<Seq>>()
        })?;
        seqs.sort_unstable();
        let mut found = None;
        self.store().bodies(line, &seqs, &mut |_, _, body| {
            if *sha256 == hex(body) {
                found = str::from_utf8(body).ok().map(str::to_owned);
            }
        })?;
        Ok(found.and_then(|raw| Some(Submission { head: stix::read_head(&raw).ok()?, raw })))
    }

    /// Withdraws of a remote member's object what was not brought again since.
    fn withdraw_there(
        &self,
        circle: CircleId,
        statement: &Statement,
        versions: &[String],
        reason: &str,
    ) -> Result<Vec<Submitted>, FederationError> {
        let (member, id) = (statement.member, &statement.id);
        if versions.is_empty() {
            return Ok(self.withdraw(member, circle, std::slice::from_ref(id), reason)?);
        }
        let kept = self.inner.statements.kept.lock();
        let still = |version: &Version| kept.latest.get(version).is_none_or(|last| *last <= statement.seq);
        let versions: Vec<Timestamp> =
            versions_of(statement).into_iter().filter(still).filter_map(|version| version.3).collect();
        drop(kept);
        Ok(self.withdraw_versions(member, circle, id, &versions, reason)?)
    }
}

/// Why something of one member can't be taken here, which holds up nothing of the others': it has ended or left here, or may not
/// share here.
///
/// # Errors
/// What passes: the page is to come again.
fn lasting(error: FederationError) -> Result<String, FederationError> {
    match error {
        FederationError::Submit(error @ (SubmitError::NotFound(_) | SubmitError::ReadOnly)) => {
            Ok(error.to_string())
        }
        passing => Err(passing),
    }
}

/// Whether a number is higher than all that was kept of these versions.
fn is_newer(kept: &super::Kept, versions: &[Version], seq: u64) -> bool {
    versions.iter().any(|version| kept.latest.get(version).is_none_or(|last| *last < seq))
}

fn read(text: &str, agreement: &Agreement) -> Result<Come, StatementError> {
    let (signed, raw) = Statement::taken_out(text)?;
    let statement = Statement::verified(&signed, agreement)?;
    let Deed::Object { sha256, version, .. } = &statement.deed else {
        return Ok(Come { statement, signed, object: None });
    };
    if stix::head::property(&raw, "type").as_deref() == Some(super::TERMS) {
        return Ok(Come { statement, signed, object: None });
    }
    if *sha256 != hex(raw.as_bytes()) {
        return Err(StatementError::Hash);
    }
    let head = stix::read_head(&raw).map_err(|finding| StatementError::Form(finding.to_string()))?;
    if head.id != statement.id || head.modified.or(head.created) != *version {
        return Err(StatementError::Form("it names another object, or another version".to_owned()));
    }
    Ok(Come { statement, signed, object: Some(Submission { raw, head }) })
}
