//! The decision, in DESIGN's order, with the rule that made it. `docs/releases.md` shows it as a table.
//!
//! Decisions are made for a [`Class`], not for an object: what all its objects share. Whether an object's ends may go
//! too is asked by whoever reads the line. What passes is sealed in [`Released`], which nothing else can make.

use std::fmt;

use stix::marking::{Definition, Iep, Pap, PermittedActions};
use stix::{Timestamp, Tlp};

use crate::book::{Book, CircleId, Level, MemberId, Onward, Terms, Use};
use crate::redact::Redacted;

/// Who asks for what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// The member that would get it.
    pub member: MemberId,
    /// In which circle.
    pub circle: CircleId,
    /// In which form.
    pub wanted: Use,
    /// Whether it would travel encrypted.
    pub encrypted: bool,
    /// Whether the member would hand it on as a node of its own.
    pub onward: bool,
    /// When.
    pub now: Timestamp,
}

/// What the objects of a class share.
#[derive(Debug, Clone, Copy)]
pub struct Class<'a> {
    /// The member that submitted them to the circle.
    pub originator: MemberId,
    /// What it asked for.
    pub terms: &'a Terms,
    /// Their marking definitions, TLP included.
    pub markings: &'a [Definition],
    /// Whether some properties are marked by themselves.
    pub granular: bool,
    /// Whether they are withdrawn.
    pub withdrawn: bool,
}

/// The rule that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// It is withdrawn: only the withdrawal travels.
    Withdrawn,
    /// Its terms have expired.
    Expired,
    /// The member brought it itself.
    Originator,
    /// There is no such circle, or one of the two is not in it.
    NotInCircle,
    /// The circle is not in force.
    CircleNotInForce,
    /// The member's level has no such form.
    LevelTooLow,
    /// A marking definition is not known.
    MarkingUnknown,
    /// Its mark is stricter than the ceiling of the circle or of its terms.
    OverCeiling,
    /// Its mark is stricter than what the member may have.
    OverClearance,
    /// Others were named as its recipients, or it is RED and nobody was.
    NotNamed,
    /// Its embargo has not passed.
    Embargo,
    /// The originator or the circle forbids handing it on.
    OnwardForbidden,
    /// PAP forbids this use.
    PapForbidsUse,
    /// The exchange policy (IEP) forbids this use.
    IepForbidsUse,
    /// The exchange policy holds at other times.
    IepNotInForce,
    /// The exchange policy asks for an encrypted channel.
    IepNeedsEncryption,
    /// Both are in the circle, it is in force, and nothing speaks against it.
    Circle,
}

impl Rule {
    /// The rule's stable name, for logs, JSON and auditors.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Originator => "originator",
            Self::NotInCircle => "not-in-circle",
            Self::CircleNotInForce => "circle-not-in-force",
            Self::LevelTooLow => "level-too-low",
            Self::MarkingUnknown => "marking-unknown",
            Self::OverCeiling => "over-ceiling",
            Self::OverClearance => "over-clearance",
            Self::NotNamed => "not-named",
            Self::Embargo => "embargo",
            Self::OnwardForbidden => "onward-forbidden",
            Self::PapForbidsUse => "pap-forbids-use",
            Self::IepForbidsUse => "iep-forbids-use",
            Self::IepNotInForce => "iep-not-in-force",
            Self::IepNeedsEncryption => "iep-needs-encryption",
            Self::Circle => "circle",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may go as it is.
    Whole(Pass),
    /// A redacted copy may go.
    Redacted(RedactingPass),
    /// It may not go.
    Held(Rule),
}

/// Leave to hand something on as it is. Only this module makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    rule: Rule,
}

/// Leave to hand a redacted copy on. Only this module makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedactingPass {
    rule: Rule,
}

impl Pass {
    /// Seals what the leave was given for.
    pub const fn seal<T>(&self, value: T) -> Released<T> {
        Released { value, rule: self.rule }
    }
}

impl RedactingPass {
    /// Seals a redacted copy.
    pub const fn seal(&self, copy: Redacted) -> Released<Redacted> {
        Released { value: copy, rule: self.rule }
    }
}

/// Something that a rule let go to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released<T> {
    value: T,
    rule: Rule,
}

impl<T> Released<T> {
    /// What was released.
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// What was released, to keep.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The rule that let it go.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Something made from what was released, which may go where that may go.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Released<U> {
        Released { value: make(self.value), rule: self.rule }
    }
}

/// Decides whether objects of a class may go to a member, in the order of DESIGN.md, "Releases".
#[must_use]
pub fn release(book: &Book, request: &Request, class: &Class<'_>) -> Verdict {
    if class.withdrawn {
        return Verdict::Held(Rule::Withdrawn);
    }
    if class.terms.expires.is_some_and(|expires| expires <= request.now) {
        return Verdict::Held(Rule::Expired);
    }
    if request.member == class.originator {
        return Verdict::Whole(Pass { rule: Rule::Originator });
    }
    match forbidden(book, request, class) {
        Some(rule) => Verdict::Held(rule),
        None if class.granular
            || class.terms.pseudonymise
            || policies(class).any(|iep| iep.attribution_forbidden) =>
        {
            Verdict::Redacted(RedactingPass { rule: Rule::Circle })
        }
        None => Verdict::Whole(Pass { rule: Rule::Circle }),
    }
}

fn policies<'a>(class: &Class<'a>) -> impl Iterator<Item = &'a Iep> {
    class.markings.iter().filter_map(|marking| match marking {
        Definition::Iep(iep) => Some(&**iep),
        _ => None,
    })
}

/// The first rule that speaks against the release.
fn forbidden(book: &Book, request: &Request, class: &Class<'_>) -> Option<Rule> {
    let circle = book.circle(request.circle);
    let Some(circle) = circle.filter(|circle| {
        circle.members.contains(&request.member) && circle.members.contains(&class.originator)
    }) else {
        return Some(Rule::NotInCircle);
    };
    let Some(member) = book.member(request.member).filter(|member| !member.ended) else {
        return Some(Rule::NotInCircle);
    };
    if !circle.in_force(request.now) {
        return Some(Rule::CircleNotInForce);
    }
    if request.wanted > member.level {
        return Some(Rule::LevelTooLow);
    }
    if class.markings.contains(&Definition::Unknown) {
        return Some(Rule::MarkingUnknown);
    }
    let ceiling = class.terms.ceiling.map_or(circle.ceiling, |own| own.min(circle.ceiling));
    let mark = strictest(class).unwrap_or(ceiling);
    if mark > ceiling {
        return Some(Rule::OverCeiling);
    }
    if mark > member.clearance {
        return Some(Rule::OverClearance);
    }
    let named = class.terms.recipients.contains(&request.member);
    if !named && (mark == Tlp::Red || !class.terms.recipients.is_empty()) {
        return Some(Rule::NotNamed);
    }
    if class.terms.embargo_until.is_some_and(|until| request.now < until) {
        return Some(Rule::Embargo);
    }
    let onward = class.terms.onward.map_or(circle.onward, |own| own.max(circle.onward));
    if request.onward && onward == Onward::Forbidden {
        return Some(Rule::OnwardForbidden);
    }
    forbidden_use(request, class)
}

/// The strictest of the TLP marks, an exchange policy's included (rules X-4, P-2).
fn strictest(class: &Class<'_>) -> Option<Tlp> {
    let own = class.markings.iter().filter_map(|marking| match marking {
        Definition::Tlp(tlp) => Some(*tlp),
        _ => None,
    });
    own.chain(policies(class).filter_map(|iep| iep.tlp)).max()
}

fn forbidden_use(request: &Request, class: &Class<'_>) -> Option<Rule> {
    let blocks = matches!(request.wanted, Level::List | Level::Block);
    let passive_only = |marking: &Definition| matches!(marking, Definition::Pap(Pap::Amber | Pap::Red));
    if blocks && class.markings.iter().any(passive_only) {
        return Some(Rule::PapForbidsUse);
    }
    let acts = blocks || request.wanted == Level::Detect;
    for iep in policies(class) {
        let begun = iep.start.is_none_or(|start| start <= request.now);
        if !begun || iep.end.is_some_and(|end| end <= request.now) {
            return Some(Rule::IepNotInForce);
        }
        let allowed = iep.permitted_actions.unwrap_or(PermittedActions::ExternallyVisibleDirect);
        if acts && allowed < PermittedActions::InternallyVisible {
            return Some(Rule::IepForbidsUse);
        }
        if iep.encrypt_in_transit && !request.encrypted {
            return Some(Rule::IepNeedsEncryption);
        }
    }
    None
}
