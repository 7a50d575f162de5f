//! The decision, and the proof that it was made.
//!
//! [`decide`] goes through the rules in one order and stops at the first that settles it; the order is part of the
//! contract, since the rule that is named is what an auditor reads. [`permit`] turns a decision into what allows
//! making a [`Released`] value: a [`Pass`] for whole objects, a [`Cut`] for those that must be redacted first.
//! Source: DESIGN, "Releases"; REQUIREMENTS P-1 to P-9, X-4, X-5; `docs/releases.md`.

use std::collections::HashSet;
use std::sync::Arc;

use stix::json::DEPTH_MAX;
use stix::marking::{Definition, Iep, Pap, PermittedActions};
use stix::{Timestamp, Tlp};

use crate::book::Book;
use crate::circle::{Circle, CircleId, Onward};
use crate::class::{Class, Part};
use crate::member::{Member, MemberId, Use};
use crate::redact::{RedactError, Removal, finds_all, redact};
use crate::rule::Rule;

/// How far what is asked for will travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// To the member itself.
    Member,
    /// Through the member's node to members of the same circle there.
    Circle,
    /// Through the member to others.
    Others,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Request {
    /// By whom.
    pub member: MemberId,
    /// In which circle.
    pub circle: CircleId,
    /// In which form.
    pub wanted: Use,
    /// Whether the channel is encrypted.
    pub encrypted: bool,
    /// When.
    pub now: Timestamp,
    /// How far it will travel.
    pub reach: Reach,
}

/// What was decided, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It may go as it is.
    Release(Rule),
    /// It may go without some of its properties, or with a pseudonym.
    Redact(Rule),
    /// It may not go.
    Hold(Rule),
}

impl Decision {
    /// The rule that settled it.
    #[must_use]
    pub const fn rule(self) -> Rule {
        match self {
            Self::Release(rule) | Self::Redact(rule) | Self::Hold(rule) => rule,
        }
    }

    /// Whether it may not go.
    #[must_use]
    pub const fn is_hold(self) -> bool {
        matches!(self, Self::Hold(_))
    }
}

/// Decides whether what is in `class` may go out as asked, by the first rule that settles it.
#[must_use]
pub fn decide(book: &Book, request: &Request, class: &Class<'_>) -> Decision {
    match judge(book, request, class) {
        Err(rule) => Decision::Hold(rule),
        Ok(Rule::Circle) if conceals_source(class) => Decision::Redact(Rule::SourcePseudonymised),
        Ok(Rule::Circle) if class.granular => Decision::Redact(Rule::PartsRemoved),
        Ok(rule) => Decision::Release(rule),
    }
}

fn judge(book: &Book, request: &Request, class: &Class<'_>) -> Result<Rule, Rule> {
    let hold_if = |holds: bool, rule: Rule| if holds { Err(rule) } else { Ok(()) };
    hold_if(class.withdrawn, Rule::Withdrawn)?;
    hold_if(class.terms.expires.is_some_and(|expires| expires <= request.now), Rule::Expired)?;
    let member = book.member(request.member).filter(|member| !member.ended).ok_or(Rule::MemberEnded)?;
    if class.originator == member.id {
        return Ok(Rule::Originator);
    }
    let circle =
        book.circle(request.circle).filter(|circle| circle.has(member.id)).ok_or(Rule::CircleNotMember)?;
    hold_if(!circle.access(member.id).reads(), Rule::CircleWriteOnly)?;
    hold_if(!takes_part(book, circle, class.originator), Rule::OriginatorNotMember)?;
    hold_if(!circle.in_force(request.now), Rule::CircleNotInForce)?;
    hold_if(request.wanted > member.level, Rule::LevelTooLow)?;
    hold_if(unknown(class), Rule::MarkingUnknown)?;
    judge_tlp(circle, member, class)?;
    judge_use(request, class)?;
    hold_if(class.terms.embargo_until.is_some_and(|until| request.now < until), Rule::Embargo)?;
    hold_if(request.reach > farthest(circle, class), Rule::Onward)?;
    hold_if(class.names_source && conceals_source(class), Rule::SourceNamed)?;
    Ok(Rule::Circle)
}

fn takes_part(book: &Book, circle: &Circle, originator: MemberId) -> bool {
    originator == MemberId::NODE
        || circle.has(originator) && book.member(originator).is_some_and(|member| !member.ended)
}

fn unknown(class: &Class<'_>) -> bool {
    class.unknown_marking || class.definitions.contains(&Definition::Unknown)
}

/// What an object of `class` counts as in `circle`: the strictest of its marks and its terms, the circle's ceiling if
/// it has no mark.
#[must_use]
pub fn counts_as(circle: &Circle, class: &Class<'_>) -> Tlp {
    let marked = strictest(class.definitions).max(class.tlp).unwrap_or(circle.ceiling);
    class.terms.ceiling.map_or(marked, |ceiling| ceiling.max(marked))
}

/// The strictest TLP mark among definitions.
fn strictest(definitions: &[Definition]) -> Option<Tlp> {
    let mark = |definition: &Definition| match definition {
        Definition::Tlp(tlp) => Some(*tlp),
        Definition::Iep(iep) => iep.tlp,
        _ => None,
    };
    definitions.iter().filter_map(mark).max()
}

fn judge_tlp(circle: &Circle, member: &Member, class: &Class<'_>) -> Result<(), Rule> {
    let tlp = counts_as(circle, class);
    let named = class.terms.recipients.contains(&member.id);
    match () {
        () if tlp > circle.ceiling => Err(Rule::TlpOverCeiling),
        () if tlp > member.clearance => Err(Rule::TlpOverClearance),
        () if tlp == Tlp::Red && !named => Err(Rule::TlpRedNotNamed),
        () if !class.terms.recipients.is_empty() && !named => Err(Rule::NotNamed),
        () => Ok(()),
    }
}

fn judge_use(request: &Request, class: &Class<'_>) -> Result<(), Rule> {
    let acts = matches!(request.wanted, Use::List | Use::Block);
    for definition in class.definitions {
        match definition {
            Definition::Pap(Pap::Amber | Pap::Red) if acts => return Err(Rule::PapForbidsUse),
            Definition::Iep(iep) => judge_iep(request, iep)?,
            _ => {}
        }
    }
    Ok(())
}

/// Source: FIRST IEP 2.0, sections on HANDLING, ACTION and the policy's dates.
fn judge_iep(request: &Request, iep: &Iep) -> Result<(), Rule> {
    let begun = iep.start.is_none_or(|start| start <= request.now);
    if !begun || iep.end.is_some_and(|end| end <= request.now) {
        return Err(Rule::IepNotInForce);
    }
    let passive = matches!(request.wanted, Use::Read | Use::Exchange);
    let asks_first = matches!(
        iep.permitted_actions,
        Some(PermittedActions::None | PermittedActions::ContactForInstruction)
    );
    if asks_first && !passive {
        return Err(Rule::IepForbidsUse);
    }
    if iep.encrypt_in_transit && !request.encrypted {
        return Err(Rule::IepNeedsEncryption);
    }
    Ok(())
}

fn farthest(circle: &Circle, class: &Class<'_>) -> Reach {
    let onward = class.terms.onward.map_or(circle.onward, |onward| onward.min(circle.onward));
    match onward {
        Onward::Forbidden => Reach::Member,
        Onward::WithinCircle => Reach::Circle,
        Onward::Allowed => Reach::Others,
    }
}

/// Whether the source must be replaced by a pseudonym, for everyone but itself.
fn conceals_source(class: &Class<'_>) -> bool {
    class.terms.pseudonymise
        || class
            .definitions
            .iter()
            .any(|definition| matches!(definition, Definition::Iep(iep) if iep.attribution_forbidden))
}

/// The next instant at which a decision about `class` in this circle may turn out otherwise, if there is one.
///
/// Until then, and as long as the book stays the same, a decision made at `request.now` holds.
#[must_use]
pub fn settled_until(book: &Book, request: &Request, class: &Class<'_>) -> Option<Timestamp> {
    let circle = book.circle(request.circle);
    let dates = class.definitions.iter().flat_map(|definition| match definition {
        Definition::Iep(iep) => [iep.start, iep.end],
        _ => [None, None],
    });
    [class.terms.expires, class.terms.embargo_until]
        .into_iter()
        .chain([circle.and_then(|circle| circle.starts), circle.and_then(|circle| circle.ends)])
        .chain(dates)
        .flatten()
        .filter(|at| *at > request.now)
        .min()
}

/// What the marks of an object's parts come to for one member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parting {
    /// What must go, as selectors for [`Removal::selectors`].
    pub gone: Vec<String>,
    /// The strictest TLP mark of the parts that stay.
    pub staying: Option<Tlp>,
}

/// What must go from an object of `class` that may go out as asked, so that none of its `parts` (the object's
/// granular markings, in their order) goes where it may not. `raw` is the object.
///
/// A list of which one element is forbidden goes as a whole: without it, the others' places would tell a lie. What is
/// said about a part that goes, goes as well. About linear in the object's text and the selectors.
///
/// # Errors
/// [`Rule::MarkingMalformed`]: a mark that the member may not see selects what is not there, or the marks themselves.
/// What its sender meant to protect can't be told, so nothing goes. Source: rule X-4; STIX 2.1, section 7.2.3.1.
pub fn forbidden_selectors(
    book: &Book,
    request: &Request,
    class: &Class<'_>,
    parts: &[Part],
    raw: &str,
) -> Result<Parting, Rule> {
    let forbidden = forbidden_parts(book, request, class, parts);
    let marks = |selector: &&str| {
        matches!(selector.split('.').next(), Some("granular_markings" | "object_marking_refs"))
    };
    if !forbidden.is_empty() && (forbidden.iter().any(marks) || !finds_all(raw, &forbidden)) {
        return Err(Rule::MarkingMalformed);
    }
    let whole = |selector: &&'_ str| selector.split(".[").next().unwrap_or_default().to_owned();
    let mut seen = HashSet::new();
    let mut gone: Vec<String> =
        forbidden.iter().map(whole).filter(|selector| seen.insert(selector.clone())).collect();
    // What is forbidden was found, so it nests no deeper than anything here.
    let touched = |selector: &str| {
        let ends = selector.match_indices('.').map(|(at, _)| at).take(DEPTH_MAX + 1).chain([selector.len()]);
        ends.filter_map(|end| selector.get(..end)).any(|start| seen.contains(start))
    };
    let mut staying = None;
    for (at, part) in parts.iter().enumerate() {
        let touched: Vec<bool> = part.selectors.iter().map(|selector| touched(selector)).collect();
        if touched.iter().all(|touched| *touched) {
            gone.push(format!("granular_markings.[{at}]"));
            continue;
        }
        // The mark stays for its other properties.
        let selectors = touched.iter().enumerate().filter(|(_, touched)| **touched);
        gone.extend(selectors.map(|(of, _)| format!("granular_markings.[{at}].selectors.[{of}]")));
        staying = staying.max(strictest(&part.definitions).max(part.tlp));
    }
    Ok(Parting { gone, staying })
}

/// The selectors of the parts that may not go.
///
/// A part counts under its own mark and its object's. The object's other marks were asked about with the object, and
/// rules hold or don't mark by mark, so that each part costs its own marks only.
fn forbidden_parts<'p>(book: &Book, request: &Request, class: &Class<'_>, parts: &'p [Part]) -> Vec<&'p str> {
    let held = decide(book, request, class).is_hold();
    let object_tlp = book.circle(request.circle).map(|circle| counts_as(circle, class));
    let is_forbidden = |part: &&Part| {
        let of_part = Class {
            tlp: object_tlp.max(part.tlp),
            definitions: &part.definitions,
            unknown_marking: class.unknown_marking || part.unknown_marking,
            granular: false,
            ..*class
        };
        held || decide(book, request, &of_part).is_hold()
    };
    parts.iter().filter(is_forbidden).flat_map(|part| &part.selectors).map(String::as_str).collect()
}

/// What a decision allows.
#[derive(Debug, Clone, Copy)]
pub enum Permit {
    /// To release as it is.
    Whole(Pass),
    /// To release what is left after redaction.
    Redacted(Cut),
    /// Nothing.
    Hold(Rule),
}

/// Decides as [`decide`] does, and gives what the decision allows.
#[must_use]
pub fn permit(book: &Book, request: &Request, class: &Class<'_>) -> Permit {
    let tlp = book.circle(request.circle).map_or(Tlp::Red, |circle| counts_as(circle, class));
    match decide(book, request, class) {
        Decision::Release(rule) => Permit::Whole(Pass { rule, tlp }),
        Decision::Redact(rule) => {
            Permit::Redacted(Cut { rule, tlp, conceals_source: conceals_source(class) })
        }
        Decision::Hold(rule) => Permit::Hold(rule),
    }
}

/// Allows releasing what was decided about, as it is. Only [`permit`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    rule: Rule,
    tlp: Tlp,
}

impl Pass {
    /// The rule that let it pass.
    #[must_use]
    pub const fn rule(self) -> Rule {
        self.rule
    }

    /// The same right for an object that refers to what the member may not see: those references go first.
    #[must_use]
    pub const fn without_references(self) -> Cut {
        Cut { rule: Rule::ReferencesRemoved, tlp: self.tlp, conceals_source: false }
    }

    /// Releases `value`, which is what the pass was given for.
    #[must_use]
    pub const fn release<T>(self, value: T) -> Released<T> {
        Released { value, rule: self.rule, tlp: self.tlp }
    }
}

/// Allows releasing what is left of an object after redaction. Only [`permit`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    rule: Rule,
    tlp: Tlp,
    conceals_source: bool,
}

impl Cut {
    /// The rule that wants the redaction.
    #[must_use]
    pub const fn rule(self) -> Rule {
        self.rule
    }

    /// Whether the source must be replaced by a pseudonym, which [`Removal::pseudonyms`] then has to hold for an
    /// object that names its source.
    #[must_use]
    pub const fn conceals_source(self) -> bool {
        self.conceals_source
    }

    /// The same right for an object of which parts stay that are marked by themselves, the strictest with `tlp`.
    #[must_use]
    pub fn with_parts(self, tlp: Option<Tlp>) -> Self {
        Self { tlp: tlp.map_or(self.tlp, |tlp| tlp.max(self.tlp)), ..self }
    }

    /// Redacts `raw` and releases what is left. `None` if nothing is left.
    ///
    /// # Errors
    /// [`RedactError`]: the object is then not to be released at all.
    pub fn release(self, raw: &str, removal: &Removal) -> Result<Option<Released<String>>, RedactError> {
        Ok(redact(raw, removal)?.map(|value| Released { value, rule: self.rule, tlp: self.tlp }))
    }
}

/// A value that may go to the member that it was decided for. Nothing but this crate makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released<T> {
    value: T,
    rule: Rule,
    tlp: Tlp,
}

impl<T> Released<T> {
    /// The value.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// The value, out of its wrapping.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The rule by which it was released.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// The mark that it counts as in its circle, with the terms of the one who shared it: under it, it goes.
    #[must_use]
    pub const fn tlp(&self) -> Tlp {
        self.tlp
    }

    /// What is made of a released value, and of nothing else, is released as well.
    #[must_use]
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Released<U> {
        Released { value: make(self.value), rule: self.rule, tlp: self.tlp }
    }

    /// As [`Released::map`], where it may come to nothing.
    pub fn and_then<U>(self, make: impl FnOnce(T) -> Option<U>) -> Option<Released<U>> {
        let Self { value, rule, tlp } = self;
        make(value).map(|value| Released { value, rule, tlp })
    }
}

impl<T> Released<Vec<T>> {
    /// The parts of a released list, each released by the same rule.
    pub fn each(self) -> impl Iterator<Item = Released<T>> {
        let Self { value, rule, tlp } = self;
        value.into_iter().map(move |value| Released { value, rule, tlp })
    }
}

impl<T> Released<Arc<T>> {
    /// Another handle to the same value.
    #[must_use]
    pub fn share(&self) -> Self {
        Self { value: Arc::clone(&self.value), rule: self.rule, tlp: self.tlp }
    }
}
