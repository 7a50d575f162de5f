//! Into a circle: who may share there, under which terms.

use std::collections::HashMap;
use std::sync::Arc;

use line::{Added, Draft, Entry, LineId, Outcome, Refusal, Seq, StorageError};
use policy::{
    Book, By, Circle, CircleId, Intake, Known, Level, MemberId, PersonId, Provenance, Reach, Request, Rule,
    Signatures, Terms,
};
use stix::{Finding, Head, ObjectId, Severity, Timestamp, Tlp};

use crate::federation::in_circle;
use crate::intake::{Passage, Way, strictest};
use crate::opening::{Gate, GateError, NotFound};
use crate::parcels::{Bringing, WAITING_OBJECTS_MAX, WAITING_PARCELS_MAX};
use crate::quota::OverQuota;
use crate::reader::{Settled, settle};
use crate::tally::Via;
use crate::view::is_told_by_content;

/// An object to be shared: its text with the head read from it.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Its text, as it came.
    pub raw: String,
    /// Its head.
    pub head: Head,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// It is in the line, durably.
    Appended {
        /// Its number.
        seq: Seq,
        /// Its time.
        added: Added,
        /// What of it breaks a MUST of STIX 2.1.
        findings: Vec<Finding>,
    },
    /// It was there already.
    Present,
    /// It breaks a MUST of STIX 2.1, and is kept apart, durably, until an operator decides.
    Quarantined(Vec<Finding>),
    /// It waits, durably, until a second person of the sender's lets it out: in the parcel with this id.
    Waiting(uuid::Uuid),
    /// It would have to wait for a second person, and as much of the sender's waits as may.
    Crowded,
    /// It breaks a MUST of STIX 2.1, and the source's intake refuses that.
    Invalid(Vec<Finding>),
    /// The line refused it.
    Refused(Refusal),
    /// The circle's rules refuse it.
    Forbidden(Rule),
    /// The circle takes nothing that its sender has not signed, and this is not.
    Unproven(Provenance),
}

/// Why nothing of a submission was taken.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// No such circle for this member.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The circle is not in force.
    #[error("the circle is not in force: it has not begun or has ended, so nothing can be shared in it")]
    NotInForce,
    /// The member may not share in this circle.
    #[error("the member may only read in this circle, so it can share nothing in it")]
    ReadOnly,
    /// As much of the member's waits for a second person as may.
    #[error(
        "as much waits for a second person of yours as may ({WAITING_OBJECTS_MAX} objects in {WAITING_PARCELS_MAX} releases): release or \
         refuse some, and bring it again"
    )]
    Crowded,
    /// The member would have brought more than it may.
    #[error(transparent)]
    OverQuota(#[from] OverQuota),
    /// The store. Safe to repeat.
    #[error("{0}; safe to repeat")]
    Storage(#[from] StorageError),
}

impl From<GateError> for SubmitError {
    fn from(error: GateError) -> Self {
        Self::Storage(error.into())
    }
}

/// By whom, where and how something is shared.
#[derive(Debug, Clone, Copy)]
pub struct Sharing<'t> {
    /// By whom.
    pub member: MemberId,
    /// Which person acts for the member; `None` is one of the member's systems.
    pub person: Option<PersonId>,
    /// Where.
    pub circle: CircleId,
    /// Under which terms.
    pub terms: &'t Terms,
    /// What becomes of malformed objects, if that is stricter than the member's own intake.
    pub intake: Intake,
}

/// What was decided of a submission before it came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// Nothing.
    Brought,
    /// An operator let it out of quarantine, where it came without or after a second person's word.
    OutOfQuarantine,
    /// A second person of the sender's let it out.
    Released,
    /// Its sender's home node says so: whoever has to let it out did so there, and its signature was judged.
    FromHome,
    /// The same, of what takes the place of another text of the same version.
    FromHomeInPlace,
}

impl Passing {
    /// Whether nobody has to be asked any more.
    const fn is_let_out(self) -> bool {
        matches!(self, Self::Released | Self::FromHome | Self::FromHomeInPlace)
    }

    /// Whether its signature was judged already.
    const fn is_judged(self) -> bool {
        matches!(self, Self::FromHome | Self::FromHomeInPlace)
    }
}

/// Is told what became of a submission.
pub type Told = Box<dyn FnOnce(Result<Vec<Submitted>, SubmitError>) + Send>;

impl Gate {
    /// Shares objects in a circle; returns when they are durable. Outcomes are in the objects' order.
    ///
    /// # Errors
    /// [`SubmitError`]: then nothing was told to be taken, and repeating adds nothing twice.
    pub fn submit(
        &self,
        by: impl Into<By>,
        circle: CircleId,
        terms: &Terms,
        objects: Vec<Submission>,
        now: Timestamp,
    ) -> Result<Vec<Submitted>, SubmitError> {
        let By { member, person } = by.into();
        self.share(&Sharing { member, person, circle, terms, intake: Intake::Accept }, objects, now)
    }

    /// As [`Gate::submit`], with an intake of its own.
    ///
    /// # Errors
    /// As [`Gate::submit`].
    pub fn share(
        &self,
        sharing: &Sharing<'_>,
        objects: Vec<Submission>,
        now: Timestamp,
    ) -> Result<Vec<Submitted>, SubmitError> {
        self.store().wait_for_room();
        awaited(|told| self.share_then(sharing, objects, now, told))
    }

    /// As [`Gate::share`], but calls `told` when it is durable; `told` must not block. Where more waits to be written than may, it is
    /// told so at once, and nothing is taken.
    pub fn share_then(&self, sharing: &Sharing<'_>, objects: Vec<Submission>, now: Timestamp, told: Told) {
        let intake = strictest(self.book().member(sharing.member), sharing.intake);
        self.pass(&Sharing { intake, ..*sharing }, Passing::Brought, objects, now, told);
    }

    /// Shares what somebody has let out: an operator, whatever the member's intake, a second person, or people at another node.
    pub(crate) fn share_decided(
        &self,
        sharing: &Sharing<'_>,
        passing: Passing,
        objects: Vec<Submission>,
        now: Timestamp,
    ) -> Result<Vec<Submitted>, SubmitError> {
        self.store().wait_for_room();
        awaited(|told| self.pass(sharing, passing, objects, now, told))
    }

    fn pass(
        &self,
        sharing: &Sharing<'_>,
        passing: Passing,
        objects: Vec<Submission>,
        now: Timestamp,
        told: Told,
    ) {
        let Sharing { member, person, circle, terms, intake } = *sharing;
        let told = self.counted(passing, objects.len(), told);
        let book = self.book();
        let agreed = match self.open_circle(&book, member, circle, now) {
            Ok(circle) => circle,
            Err(error) => return told(Err(error)),
        };
        // An embargo that is over says nothing any more; what carries one in a line is still to be announced.
        let over = terms.embargo_until.is_some_and(|until| until <= now);
        let terms = Terms { embargo_until: terms.embargo_until.filter(|_| !over), ..terms.clone() };
        let text: Option<Arc<str>> = (!terms.is_default()).then(|| terms.to_json().into());
        let told = match passing {
            Passing::Brought => match self.within_quota(member, circle, (&objects, text.as_deref()), now) {
                Ok(None) => told,
                Ok(Some(coming)) => Box::new(move |outcome| {
                    drop(coming);
                    told(outcome);
                }),
                Err(error) => return told(Err(error)),
            },
            _ => told,
        };
        let taken = self.taken_by_others(member, circle, &objects, now);
        let refuse = |at: usize, head: &Head| {
            if !agreed.takes(head.spec_version) {
                return Some(Submitted::Forbidden(Rule::SpecVersionNotTaken));
            }
            let marks = head.markings.iter().filter_map(Tlp::of);
            let over = marks.chain(terms.ceiling).max().is_some_and(|mark| mark > agreed.ceiling);
            if over { Some(Submitted::Forbidden(Rule::TlpOverCeiling)) } else { taken.get(&at).cloned() }
        };
        let mut settled = Vec::new();
        let mut rest = Vec::with_capacity(objects.len());
        for (at, object) in objects.into_iter().enumerate() {
            match refuse(at, &object.head) {
                Some(told) => settled.push((at, told)),
                None => rest.push((at, object)),
            }
        }
        let line = LineId::new(circle.uuid());
        let unproven = |object: &Submission| match passing.is_judged() {
            true => None,
            false => self.unproven(agreed, member, object, now),
        };
        // Members of other nodes have no people here: they let out at home.
        let party = book.agreed(circle).and_then(|agreed| agreed.agreement.party(member));
        let is_elsewhere = party.is_some_and(|party| party.home != *self.home());
        if let Some(four_eyes) =
            agreed.four_eyes.filter(|_| !passing.is_let_out() && member != MemberId::NODE && !is_elsewhere)
        {
            let by = By { member, person };
            let bringing = Bringing { by, circle, terms: text.clone(), intake, until: four_eyes.until(now) };
            let is_out = |(_, object): &(usize, Submission)| {
                passing == Passing::OutOfQuarantine && self.was_released(member, circle, object)
            };
            // What two have let out before it came to quarantine need not wait a second time.
            if !rest.iter().all(is_out) {
                let weighed = self.weigh(&bringing, settled, rest, unproven);
                return self.bring(&bringing, weighed, now, told);
            }
        }
        let way = |object: &Submission| match intake {
            Intake::Accept => Way::Circle,
            Intake::Refuse => Way::Nowhere,
            // What was released before is there already.
            Intake::Quarantine if self.has_from(line, member, object) => Way::Circle,
            Intake::Quarantine => Way::Quarantine,
        };
        let mut passage = Passage::new(settled, rest, (member.uuid(), text.as_ref()), way, unproven);
        if passing == Passing::FromHomeInPlace {
            passage.take_places();
        }
        passage.append(self.store(), line, told);
    }

    /// Counts what becomes of a submission when it is told.
    fn counted(&self, passing: Passing, objects: usize, told: Told) -> Told {
        let via = match passing {
            Passing::Brought => self.via,
            Passing::FromHome | Passing::FromHomeInPlace => Via::Federation,
            Passing::OutOfQuarantine | Passing::Released => Via::Node,
        };
        // The writer's thread must not be the last that holds the store.
        let tally = Arc::clone(&self.inner.tally);
        Box::new(move |outcome| {
            tally.count(via, objects, &outcome);
            told(outcome);
        })
    }

    /// What is said of an object that a circle does not take from a member, because it requires signatures.
    #[must_use]
    pub fn unproven(
        &self,
        circle: &Circle,
        member: MemberId,
        object: &Submission,
        now: Timestamp,
    ) -> Option<Submitted> {
        // A TLP marking is the same everywhere and nobody's to sign.
        let asks = circle.signatures == Signatures::Required && Tlp::of(&object.head.id).is_none();
        let provenance = asks.then(|| self.provenance(&object.raw, now))?;
        // Whose key it is otherwise, or that somebody here has it, is not the sender's to know.
        let as_what = |signer| if signer == member { Known::ByName } else { Known::Not };
        (!self.proves(&provenance, member)).then(|| Submitted::Unproven(provenance.known_as(as_what)))
    }

    /// Whether the line has these very bytes from the member.
    pub(crate) fn has_from(&self, line: LineId, member: MemberId, object: &Submission) -> bool {
        let seqs = self.store().look(line, |catalogue| {
            let known = catalogue.object(&object.head.id)?;
            let own = catalogue.newest_first(known).filter(|entry| entry.sender() == Some(member.uuid()));
            Some(own.map(|entry| entry.seq).collect::<Vec<Seq>>())
        });
        let seqs = seqs.ok().flatten().unwrap_or_default();
        self.is_one_of(line, seqs, &object.raw)
    }

    /// Whether one of the records has this body.
    fn is_one_of(&self, line: LineId, mut seqs: Vec<Seq>, raw: &str) -> bool {
        seqs.sort_unstable();
        let mut found = false;
        let read = self.store().bodies(line, &seqs, &mut |_, _, body| found |= body == raw.as_bytes());
        read.is_ok() && found
    }

    /// What is to be said of objects that another member has brought before and this one sees: the same is there already,
    /// another version is not its to bring. What it does not see is, for it, not there; what was taken out of its copies is not
    /// confirmed either.
    fn taken_by_others(
        &self,
        member: MemberId,
        circle: CircleId,
        objects: &[Submission],
        now: Timestamp,
    ) -> HashMap<usize, Submitted> {
        let line = LineId::new(circle.uuid());
        let several = self.store().look(line, |catalogue| {
            let mut senders = catalogue.class_ids().filter_map(|class| catalogue.class(class));
            senders.any(|class| class.sender != member.uuid())
        });
        if !several.unwrap_or(false) || member == MemberId::NODE {
            return HashMap::new();
        }
        let request =
            Request { member, circle, wanted: Level::Read, encrypted: true, now, reach: Reach::Member };
        let Ok(reader) = self.reader(request) else { return HashMap::new() };
        let seen = reader.with_view(|view| {
            let catalogue = view.catalogue;
            let mut seen: Vec<(usize, bool, Vec<Seq>)> = Vec::new();
            for (at, object) in objects.iter().enumerate() {
                let Some(known) = catalogue.object(&object.head.id) else { continue };
                let is_own = |entry: &Entry<'_>| entry.sender() == Some(member.uuid());
                let mut others = catalogue.newest_first(known).filter(|entry| !is_own(entry));
                // What one observes is its own to say, whoever else observed the same.
                if !is_observation(object) && others.any(|entry| view.reaches(&entry)) {
                    let (mut is_copy, mut whole) = (false, Vec::new());
                    for entry in catalogue.newest_first(known) {
                        match settle(view, &entry) {
                            _ if is_own(&entry) => whole.push(entry.seq),
                            Settled::Whole(_) => whole.push(entry.seq),
                            Settled::Copy(copy) => is_copy |= *copy.text.get() == object.raw,
                            Settled::Held(_) => {}
                        }
                    }
                    seen.push((at, is_copy, whole));
                }
            }
            seen
        });
        let same = |at: usize, versions: Vec<Seq>| {
            self.is_one_of(line, versions, objects.get(at).map_or("", |object| object.raw.as_str()))
        };
        seen.unwrap_or_default()
            .into_iter()
            .map(|(at, is_copy, versions)| {
                let told = match is_copy || same(at, versions) {
                    true => Submitted::Present,
                    false => Submitted::Forbidden(Rule::OwnedByAnother),
                };
                (at, told)
            })
            .collect()
    }

    /// Withdraws objects from a circle and its quarantine: the member its own, the node's operators ([`MemberId::NODE`]) any.
    ///
    /// # Errors
    /// [`SubmitError`]: then nothing was withdrawn.
    pub fn withdraw(
        &self,
        member: MemberId,
        circle: CircleId,
        ids: &[ObjectId],
        reason: &str,
    ) -> Result<Vec<Submitted>, SubmitError> {
        // What operators take back of what another node brought stays taken back, however often that node says it once more.
        if member != MemberId::NODE {
            return self.withdraw_in_order(member, circle, ids, reason);
        }
        let page = self.inner.statements.in_order(circle);
        let _in_order = page.lock();
        self.alone(&in_circle(circle), || self.withdraw_in_order(member, circle, ids, reason))
    }

    /// As [`Gate::withdraw`]; of the node's operators, while no page of the circle is taken.
    pub(crate) fn withdraw_in_order(
        &self,
        member: MemberId,
        circle: CircleId,
        ids: &[ObjectId],
        reason: &str,
    ) -> Result<Vec<Submitted>, SubmitError> {
        let drafts = ids.iter().map(|id| Draft::withdrawal(member.uuid(), id, reason)).collect();
        self.withdraw_drafts(member, circle, ids, &[], drafts)
    }

    /// Withdraws these versions of an object that the member brought, and no others.
    ///
    /// # Errors
    /// [`SubmitError`]: then nothing was withdrawn.
    pub fn withdraw_versions(
        &self,
        member: MemberId,
        circle: CircleId,
        id: &ObjectId,
        versions: &[Timestamp],
        reason: &str,
    ) -> Result<Vec<Submitted>, SubmitError> {
        if versions.is_empty() {
            return Ok(Vec::new());
        }
        let draft = Draft::withdrawal_of(member.uuid(), id, reason, versions);
        self.withdraw_drafts(member, circle, std::slice::from_ref(id), versions, vec![draft])
    }

    fn withdraw_drafts(
        &self,
        member: MemberId,
        circle: CircleId,
        ids: &[ObjectId],
        versions: &[Timestamp],
        drafts: Vec<Draft>,
    ) -> Result<Vec<Submitted>, SubmitError> {
        let book = self.book();
        let is_in = book.circle(circle).is_some_and(|circle| circle.has(member));
        let takes_part = member == MemberId::NODE || book.member(member).is_some_and(|member| !member.ended);
        if !is_in || !takes_part {
            return Err(NotFound.into());
        }
        if !book.circle(circle).is_some_and(|circle| circle.access(member).writes()) {
            return Err(SubmitError::ReadOnly);
        }
        if member == MemberId::NODE {
            self.note_taken_back(circle, ids)?;
        }
        let line = LineId::new(circle.uuid());
        // First from what waits, so that nothing is released of what is withdrawn here.
        let waited = self.withdraw_waiting(member, circle, ids, versions)?;
        let apart = match self.store().append(line.quarantine(), drafts.clone()) {
            Err(StorageError::NoSuchLine { .. }) => Vec::new(),
            outcomes => outcomes?,
        };
        let mut apart = apart.into_iter();
        let here = self.store().append(line, drafts)?.into_iter();
        let told = here.zip(waited).map(|(here, waited)| match (here, apart.next(), waited) {
            // What only waits is withdrawn there.
            (Outcome::Refused(Refusal::Unknown), Some(Outcome::Refused(_)) | None, Some(waited)) => waited,
            (Outcome::Refused(Refusal::Unknown), Some(apart), _) => apart,
            (here, _, _) => here,
        });
        Ok(told.map(Submitted::of).collect())
    }

    /// Whether the member may share in the circle now; the circle's ceiling if it may.
    ///
    /// # Errors
    /// [`SubmitError::NotFound`], [`SubmitError::NotInForce`], [`SubmitError::ReadOnly`].
    pub fn may_share(&self, member: MemberId, circle: CircleId, now: Timestamp) -> Result<Tlp, SubmitError> {
        self.open_circle(&self.book(), member, circle, now).map(|circle| circle.ceiling)
    }

    /// The circle, if the member may share in it now.
    pub(crate) fn open_circle<'b>(
        &self,
        book: &'b Book,
        member: MemberId,
        circle: CircleId,
        now: Timestamp,
    ) -> Result<&'b Circle, SubmitError> {
        let circle = book.circle(circle).filter(|circle| circle.has(member)).ok_or(NotFound)?;
        if member != MemberId::NODE && book.member(member).is_none_or(|member| member.ended) {
            return Err(NotFound.into());
        }
        match circle.in_force(now) {
            _ if !circle.access(member).writes() => Err(SubmitError::ReadOnly),
            true => Ok(circle),
            false => Err(SubmitError::NotInForce),
        }
    }
}

/// Waits until what `begin` has begun is told.
pub(crate) fn awaited(begin: impl FnOnce(Told)) -> Result<Vec<Submitted>, SubmitError> {
    let (send, receive) = std::sync::mpsc::sync_channel(1);
    begin(Box::new(move |told| drop(send.send(told))));
    receive.recv().unwrap_or(Err(SubmitError::Storage(StorageError::Closing)))
}

/// Why a circle that requires signatures does not take an object, for the one who brought it.
fn unproven(provenance: &Provenance) -> String {
    let why = match provenance {
        Provenance::KeyUnknown { key } => {
            format!("it is signed with the key {key}, which is not known here as yours")
        }
        Provenance::NotSigned => "it is not signed".to_owned(),
        other => other.sentence(|_| "you".to_owned()),
    };
    format!("this circle takes only what its sender has signed with a key known here: {why}")
}

/// Whether it is an observable whose id follows from its content, and does.
fn is_observation(object: &Submission) -> bool {
    let of_content = || {
        let content: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&object.raw).ok()?;
        stix::observable_id(&content)
    };
    is_told_by_content(&object.head.id) && of_content().as_ref() == Some(&object.head.id)
}

impl Submitted {
    /// Why it is not in the line, as a sentence for the one who brought it; `None` if it is.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let list = |findings: &[Finding]| {
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
            errors.map(Finding::to_string).collect::<Vec<_>>().join("; ")
        };
        match self {
            Self::Appended { .. } | Self::Present => None,
            Self::Refused(refusal) => Some(refusal.to_string()),
            Self::Forbidden(rule) => Some(format!("{rule} [{}]", rule.code())),
            Self::Quarantined(findings) => Some(format!(
                "it breaks STIX 2.1 and waits for the node's operators to look at it: {}",
                list(findings)
            )),
            Self::Waiting(parcel) => Some(format!(
                "it waits until another person of yours releases it, under {parcel}: four eyes are asked for in this circle"
            )),
            Self::Crowded => Some(SubmitError::Crowded.to_string()),
            Self::Invalid(findings) => Some(format!("it breaks STIX 2.1: {}", list(findings))),
            Self::Unproven(provenance) => Some(unproven(provenance)),
        }
    }

    pub(crate) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Appended { seq, added } => Self::Appended { seq, added, findings: Vec::new() },
            Outcome::Present { .. } => Self::Present,
            Outcome::Refused(refusal) => Self::Refused(refusal),
        }
    }
}
