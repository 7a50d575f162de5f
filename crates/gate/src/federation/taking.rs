//! From another node.

use std::collections::{HashMap, HashSet};

use line::{Draft, LineId, Outcome, RecordKind, Refusal};
use policy::federation::Deed;
use policy::{Agreement, CircleId, Intake, MemberId, Peer, Statement, StatementError, Terms};
use stix::Timestamp;

use super::{FederationError, Version, hex, in_circle, name_of, name_of_object, versions_of};
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

/// What lies here of a version that one member brought.
struct Held {
    raw: String,
    /// The number in the home's line that it came with.
    seq: u64,
    copy: bool,
}

/// What is to be shared of what has come.
struct Fitting {
    object: Submission,
    /// Whether it takes the place of another text of the same version.
    in_place: bool,
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
        let in_order = self.inner.statements.in_order(circle);
        let _in_order = in_order.lock();
        self.alone(&in_circle(circle), || self.take_come(circle, come, now, taken))
    }

    /// Takes what has come and holds, while nobody else takes anything of the circle.
    fn take_come(
        &self,
        circle: CircleId,
        come: Vec<Come>,
        now: Timestamp,
        taken: &mut Taken,
    ) -> Result<(), FederationError> {
        let come = self.noted(come, taken)?;
        let mut rest = come.into_iter().peekable();
        while let Some(first) = rest.next() {
            match &first.statement.deed {
                Deed::Withdrawal { .. } => {
                    // A home says it of each version by itself; here it is one withdrawal, as it was there.
                    let mut run = Vec::new();
                    while let Some(next) = rest.next_if(|next| goes_along(&first.statement, &next.statement))
                    {
                        run.push(next.statement);
                    }
                    run.insert(0, first.statement);
                    self.take_withdrawals(circle, &run, taken)?;
                }
                Deed::Object { .. } => {
                    let mut run = Vec::new();
                    while let Some(next) = rest.next_if(|next| goes_along(&first.statement, &next.statement))
                    {
                        run.push(next);
                    }
                    run.insert(0, first);
                    self.take_objects(circle, run, now, taken)?;
                }
            }
        }
        Ok(())
    }

    /// Withdraws what several statements of one withdrawal name.
    fn take_withdrawals(
        &self,
        circle: CircleId,
        run: &[Statement],
        taken: &mut Taken,
    ) -> Result<(), FederationError> {
        let Some(first) = run.first() else { return Ok(()) };
        match self.withdraw_there(circle, run) {
            Ok(told) => {
                run.iter().for_each(|statement| self.mark_settled(statement));
                told.iter().for_each(|told| taken.tell(first, told));
            }
            Err(error) => taken.refuse(format!("{}: {}", first.id, lasting(error)?)),
        }
        Ok(())
    }

    /// Shares objects of one member under the same terms.
    fn take_objects(
        &self,
        circle: CircleId,
        run: Vec<Come>,
        now: Timestamp,
        taken: &mut Taken,
    ) -> Result<(), FederationError> {
        let book = self.book();
        let Some(agreed) = book.circle(circle) else { return Err(FederationError::NotFound) };
        let Some(Come { statement, .. }) = run.first() else { return Ok(()) };
        let Deed::Object { terms, .. } = &statement.deed else { return Ok(()) };
        let (member, terms) = (statement.member, terms.clone());
        let (mut usual, mut in_place) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for Come { statement, object, .. } in run {
            let is_object = object.is_some();
            let Some(fitting) = self.fitting(circle, &statement, object)? else {
                // New terms of what is not here say nothing of whether it comes.
                if is_object {
                    self.mark_settled(&statement);
                }
                taken.known += 1;
                continue;
            };
            // All nodes judge by when it came to its home, and not by when it came to them.
            let came = Timestamp::from_micros(statement.added);
            let unproven = self.unproven(agreed, member, &fitting.object, came);
            if let Some(why) = unproven.and_then(|told| told.complaint()) {
                taken.refuse(format!("{}: {why}", statement.id));
                continue;
            }
            let lot = if fitting.in_place { &mut in_place } else { &mut usual };
            lot.0.push(statement);
            lot.1.push(fitting.object);
        }
        let intake = strictest(book.member(member), Intake::Accept);
        let sharing = Sharing { member, person: None, circle, terms: &terms, intake };
        for ((statements, objects), passing) in
            [(usual, Passing::FromHome), (in_place, Passing::FromHomeInPlace)]
        {
            if objects.is_empty() {
                continue;
            }
            match self.share_decided(&sharing, passing, objects, now) {
                Ok(all_told) => {
                    for (statement, told) in statements.iter().zip(all_told) {
                        // What is refused for what can change here is taken up once it comes again.
                        let is_settled = matches!(
                            told,
                            Submitted::Appended { .. }
                                | Submitted::Present
                                | Submitted::Quarantined(_)
                                | Submitted::Refused(Refusal::Withdrawn)
                        );
                        if is_settled {
                            self.mark_settled(statement);
                        }
                        taken.tell(statement, &told);
                    }
                }
                Err(error) => {
                    let why = lasting(error.into())?;
                    statements.iter().for_each(|statement| taken.refuse(format!("{}: {why}", statement.id)));
                }
            }
        }
        Ok(())
    }

    /// What is to be shared of what has come, by what lies here of the same version; `None` if nothing is.
    ///
    /// What came later at its home takes the place of what is here, and of the same record what says more does: the whole, or
    /// the longer of two copies, as a copy is made by taking away. Two different wholes are for the line to refuse.
    fn fitting(
        &self,
        circle: CircleId,
        statement: &Statement,
        object: Option<Submission>,
    ) -> Result<Option<Fitting>, FederationError> {
        let Deed::Object { sha256, copy, .. } = &statement.deed else { return Ok(None) };
        let held = self.held(circle, statement)?;
        if held.is_none() && self.is_taken_back(statement) {
            return Ok(None);
        }
        let as_usual = |object| Ok(Some(Fitting { object, in_place: false }));
        match (object, held) {
            (Some(object), None) => as_usual(object),
            (Some(object), Some(held)) if object.raw == held.raw || !copy && !held.copy => as_usual(object),
            (Some(object), Some(held)) => {
                let says_more = match (copy, held.copy) {
                    (true, true) => object.raw.len() > held.raw.len(),
                    (copy, _) => !copy,
                };
                let fits = statement.seq > held.seq || says_more;
                Ok(fits.then_some(Fitting { object, in_place: true }))
            }
            // New terms of what is here.
            (None, Some(held)) if *sha256 == hex(held.raw.as_bytes()) => match stix::read_head(&held.raw) {
                Ok(head) => as_usual(Submission { raw: held.raw, head }),
                Err(_) => Ok(None),
            },
            (None, _) => Ok(None),
        }
    }

    /// What lies here of the version that a statement is about, and counts.
    fn held(&self, circle: CircleId, statement: &Statement) -> Result<Option<Held>, FederationError> {
        let Deed::Object { version, .. } = &statement.deed else { return Ok(None) };
        let line = LineId::new(circle.uuid());
        let found = self.store().look(line, |catalogue| {
            let mut versions = catalogue.newest_first(catalogue.object(&statement.id)?);
            let entry = versions.find(|entry| {
                let is_version = entry.versioned().then(|| entry.version()) == *version;
                is_version && entry.sender() == Some(statement.member.uuid())
            })?;
            let terms = catalogue.class(entry.class()).and_then(|class| class.terms.clone());
            Some((entry.seq, terms))
        })?;
        let Some((seq, terms)) = found else { return Ok(None) };
        let mut raw = None;
        self.store().bodies(line, &[seq], &mut |_, _, body| {
            raw = str::from_utf8(body).ok().map(str::to_owned);
        })?;
        let Some(raw) = raw else { return Ok(None) };
        let terms = terms.as_deref().map_or(Ok(Terms::default()), Terms::from_json).unwrap_or_default();
        let name = name_of_object(circle, statement.member, &statement.id, &hex(raw.as_bytes()), &terms);
        let place = self.inner.statements.kept.lock().places.get(&name).copied();
        let (seq, copy) = place.map_or((0, false), |place| (place.home.0, place.copy));
        Ok(Some(Held { raw, seq, copy }))
    }

    fn is_home_of(&self, agreement: &Agreement, member: MemberId) -> bool {
        agreement.party(member).is_some_and(|party| party.home == *self.home())
    }

    fn mark_settled(&self, statement: &Statement) {
        self.inner.statements.kept.lock().settled.insert(name_of(statement));
    }

    /// Leaves out what is known or overtaken, and keeps the statements of the rest in the node's line.
    fn noted(&self, come: Vec<Come>, taken: &mut Taken) -> Result<Vec<Come>, FederationError> {
        let (mut fresh, mut drafts): (Vec<Come>, Vec<Draft>) = Default::default();
        {
            let kept = self.inner.statements.kept.lock();
            let mut latest: HashMap<Version, u64> = HashMap::new();
            let mut names = HashSet::new();
            for one in come {
                let name = name_of(&one.statement);
                let of = versions_of(&one.statement);
                let seq = one.statement.seq;
                let last = |version: &Version| {
                    let kept = kept.latest.get(version).copied().unwrap_or_default().seq;
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
                }
                names.insert(name);
                fresh.push(one);
            }
        }
        if drafts.is_empty() {
            return Ok(fresh);
        }
        for outcome in self.store().append(LineId::NODE, drafts)? {
            if let Outcome::Refused(refusal) = outcome {
                return Err(FederationError::Refused(refusal));
            }
        }
        self.read_on()?;
        Ok(fresh)
    }

    /// Withdraws of a remote member's object what was not brought again since. All statements are of one withdrawal.
    fn withdraw_there(&self, circle: CircleId, run: &[Statement]) -> Result<Vec<Submitted>, FederationError> {
        let Some(Statement { member, id, seq, deed, .. }) = run.first() else { return Ok(Vec::new()) };
        let Deed::Withdrawal { reason, .. } = deed else { return Ok(Vec::new()) };
        let names_none = |statement: &Statement| matches!(&statement.deed, Deed::Withdrawal { versions, .. } if versions.is_empty());
        if run.iter().any(names_none) {
            return Ok(self.withdraw(*member, circle, std::slice::from_ref(id), reason)?);
        }
        let kept = self.inner.statements.kept.lock();
        let still = |version: &Version| kept.latest.get(version).is_none_or(|last| last.seq <= *seq);
        let all = run.iter().flat_map(versions_of);
        let versions: Vec<Timestamp> = all.filter(still).filter_map(|version| version.3).collect();
        drop(kept);
        Ok(self.withdraw_versions(*member, circle, id, &versions, reason)?)
    }
}

/// Whether what comes next is taken in one step with what came first: objects of one member under the same terms, or parts of one
/// withdrawal.
fn goes_along(first: &Statement, next: &Statement) -> bool {
    match (&first.deed, &next.deed) {
        (Deed::Object { terms, .. }, Deed::Object { terms: next_terms, .. }) => {
            first.member == next.member && terms == next_terms
        }
        (Deed::Withdrawal { .. }, Deed::Withdrawal { .. }) => {
            (first.member, &first.id, first.seq) == (next.member, &next.id, next.seq)
        }
        _ => false,
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
    versions.iter().any(|version| kept.latest.get(version).is_none_or(|last| last.seq < seq))
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
