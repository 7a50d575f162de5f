//! A world as it is drawn from a seed: who takes part, who is in which circle, and who shares what under which terms.

use std::collections::BTreeMap;

use policy::{Access, Level, Right, Rights};
use serde_json::json;
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use super::doing::{Call, Notice, Plea, Run};
use super::draw::Draw;
use super::oracle::Canary;
use super::people::Clerk;
use super::seal::{Seal, Sealed};

/// When all is shared: 2026-01-01T00:00:00Z, in seconds since 1970.
pub(super) const SHARED_S: i64 = 1_767_225_600;
/// When it is looked at.
pub(super) const LOOKED_S: i64 = SHARED_S + 3_600;
/// Before the look, and after it.
const SOON_S: i64 = SHARED_S + 600;
const LATE_S: i64 = SHARED_S + 36_000;

pub(super) const MARKS: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) members: Vec<Party>,
    pub(super) circles: Vec<Ring>,
    pub(super) things: Vec<Thing>,
    pub(super) contacts: Vec<Desk>,
    /// What members opened of their capacity.
    pub(super) grants: Vec<Grant>,
    /// What each member says of itself: the level of one parameter of SIM3.
    pub(super) levels: Vec<Option<u8>>,
    /// What members ask originators to let go wider.
    pub(super) pleas: Vec<Plea>,
    /// Playbooks that members carry out.
    pub(super) runs: Vec<Run>,
    /// What members were asked to take down.
    pub(super) notices: Vec<Notice>,
    /// Questions to contacts.
    pub(super) calls: Vec<Call>,
    /// People who act for members.
    pub(super) clerks: Vec<Clerk>,
    /// Whether members' servers fetch zones over DNS.
    pub(super) has_zones: bool,
    /// Whether the node has fonts, and so makes advisories as PDF: what can't be read there is compared, and reading fonts takes a
    /// quarter of a world's time.
    pub(super) has_fonts: bool,
    /// The seed of a key that is nobody's.
    pub(super) stray: [u8; 32],
    /// How many of the things are shared; those after them came of what was asked for and done ([`World::learn`]).
    pub(super) planned: usize,
    /// Each thing as it was signed, if it was.
    pub(super) sealed: Vec<Option<Sealed>>,
    /// Each member's key: its name and itself.
    pub(super) keys: Vec<[Canary; 2]>,
    /// Texts that are as good as canaries: names of keys, keys, signatures.
    pub(super) traces: Vec<Canary>,
    /// Drawn from for what is asked.
    pub(super) draw: Draw,
}

/// A member.
#[derive(Debug, Clone)]
pub(super) struct Party {
    pub(super) id: Uuid,
    pub(super) handle: String,
    pub(super) name: String,
    pub(super) level: Level,
    pub(super) clearance: Tlp,
    /// Whether it leaves once all is shared.
    pub(super) ended: bool,
    /// Whether what it brings malformed waits for operators.
    pub(super) quarantines: bool,
    /// What its token may, if that is less than all.
    pub(super) scopes: Option<Rights>,
    /// The seed of its key for signatures.
    pub(super) seed: [u8; 32],
    /// Why its key is revoked once all is shared, if it is.
    pub(super) revoked: Option<String>,
}

/// Since when and how long a circle is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Term {
    Open,
    /// It ended after things were shared.
    Over,
    /// It has not begun: nothing is taken.
    NotYet,
}

/// A circle.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    pub(super) id: Uuid,
    pub(super) handle: String,
    pub(super) title: String,
    pub(super) ceiling: Tlp,
    pub(super) term: Term,
    pub(super) members: Vec<usize>,
    /// Who of them leaves once all is shared.
    pub(super) left: Option<usize>,
    /// What members may do there, if that is less than all.
    pub(super) access: BTreeMap<usize, Access>,
    pub(super) hidden: bool,
    /// Whether it takes only what its sender has signed.
    pub(super) signed: bool,
    pub(super) onward: policy::Onward,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Domain,
    Url,
    Address,
    Digest,
    Wallet,
    /// A domain name, observed: its id follows from it.
    Observed,
    Identity,
    /// An identity under which somebody applies for work.
    Persona,
    Malware,
    Report,
    /// A course of action that holds a playbook.
    Playbook,
    Note,
    Relationship,
    Sighting,
    /// A marking definition: PAP:AMBER.
    Pap,
}

/// What is shared.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) by: usize,
    pub(super) circle: usize,
    /// Seconds between `created` and `modified`.
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) said: String,
    pub(super) value: String,
    pub(super) mark: Option<Tlp>,
    /// The thing that is its marking definition.
    pub(super) definition: Option<usize>,
    /// The mark of its description alone.
    pub(super) said_mark: Option<Tlp>,
    pub(super) ceiling: Option<Tlp>,
    pub(super) embargo: Option<bool>,
    pub(super) expired: bool,
    pub(super) pseudonymise: bool,
    pub(super) recipients: Vec<usize>,
    /// The things that it names.
    pub(super) names: Vec<usize>,
    /// The identity that made it.
    pub(super) source: Option<usize>,
    pub(super) revoked: bool,
    pub(super) withdrawn: bool,
    pub(super) malformed: bool,
    pub(super) seal: Option<Seal>,
}

/// A contact.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) handle: String,
    pub(super) name: String,
    pub(super) member: usize,
    pub(super) circles: Vec<usize>,
}

/// To whom something is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Member(usize),
    Circle(usize),
}

/// What a member opened of its capacity.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) by: usize,
    pub(super) to: To,
    pub(super) act: String,
    /// Whether it was taken back.
    pub(super) over: bool,
}

impl Kind {
    pub(super) const fn object_type(self) -> &'static str {
        match self {
            Self::Domain | Self::Url | Self::Address | Self::Digest | Self::Wallet => "indicator",
            Self::Observed => "domain-name",
            Self::Identity | Self::Persona => "identity",
            Self::Malware => "malware",
            Self::Report => "report",
            Self::Playbook => "course-of-action",
            Self::Note => "note",
            Self::Relationship => "relationship",
            Self::Sighting => "sighting",
            Self::Pap => "marking-definition",
        }
    }

    /// Whether it makes no sense without all that it names.
    pub(super) const fn needs_ends(self) -> bool {
        matches!(self, Self::Relationship | Self::Sighting)
    }
}

impl World {
    /// The world of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let members = (0..4).map(|_| Party::drawn(&mut draw)).collect();
        let mut world = Self {
            members,
            circles: Vec::new(),
            things: Vec::new(),
            contacts: Vec::new(),
            grants: Vec::new(),
            levels: Vec::new(),
            pleas: Vec::new(),
            runs: Vec::new(),
            calls: Vec::new(),
            notices: Vec::new(),
            clerks: Vec::new(),
            has_zones: draw.in_100(10),
            has_fonts: false,
            stray: draw.seed(),
            planned: 0,
            sealed: Vec::new(),
            keys: Vec::new(),
            traces: Vec::new(),
            draw: draw.clone(),
        };
        for _ in 0..2 + draw.below(2) {
            world.circles.push(Ring::drawn(&mut draw));
        }
        for _ in 0..6 + draw.below(7) {
            let thing = world.thing(&mut draw);
            world.things.push(thing);
        }
        for _ in 0..draw.below(4) {
            let circles = (0..world.circles.len()).filter(|_| draw.in_100(40)).collect();
            let desk = Desk { handle: draw.word(), name: draw.word(), member: draw.below(4), circles };
            world.contacts.push(desk);
        }
        for _ in 0..draw.below(4) {
            let by = draw.below(4);
            let own: Vec<usize> =
                (0..world.circles.len()).filter(|at| world.circles[*at].stays(by)).collect();
            let to = match own.is_empty() || draw.in_100(50) {
                true => To::Member((by + 1 + draw.below(3)) % 4),
                false => To::Circle(draw.of(&own)),
            };
            world.grants.push(Grant { by, to, act: draw.word(), over: draw.in_100(25) });
        }
        world.levels = (0..4).map(|_| draw.in_100(60).then(|| draw.of(&[0, 1, 2, 3, 4]))).collect();
        if draw.in_100(25) {
            world.clerks = (0..1 + draw.below(3)).map(|_| Clerk::drawn(&mut draw)).collect();
        }
        world.planned = world.things.len();
        world.do_things(&mut draw);
        world.seal_all();
        world.has_fonts = draw.in_100(10);
        world.draw = draw;
        world
    }

    fn thing(&self, draw: &mut Draw) -> Thing {
        let circle = draw.below(self.circles.len());
        // One in ten is brought by whoever: into circles that it is not in, too.
        let by = if draw.in_100(90) { draw.of(&self.circles[circle].members) } else { draw.below(4) };
        let kind = draw.of(&[
            Kind::Domain,
            Kind::Domain,
            Kind::Domain,
            Kind::Url,
            Kind::Address,
            Kind::Digest,
            Kind::Wallet,
            Kind::Observed,
            Kind::Observed,
            Kind::Identity,
            Kind::Persona,
            Kind::Malware,
            Kind::Report,
            Kind::Report,
            Kind::Playbook,
            Kind::Note,
            Kind::Relationship,
            Kind::Relationship,
            Kind::Sighting,
            Kind::Pap,
        ]);
        let others = |wanted: &dyn Fn(&Thing) -> bool| -> Vec<usize> {
            (0..self.things.len())
                .filter(|at| self.things[*at].circle == circle && wanted(&self.things[*at]))
                .collect()
        };
        let named = others(&|thing| !matches!(thing.kind, Kind::Pap | Kind::Relationship | Kind::Sighting));
        let indicators = others(&|thing| thing.kind.object_type() == "indicator");
        let names = match kind {
            Kind::Report | Kind::Note if !named.is_empty() => {
                (0..1 + draw.below(3)).map(|_| draw.of(&named)).collect()
            }
            Kind::Relationship if !named.is_empty() => vec![draw.of(&named), draw.of(&named)],
            Kind::Sighting if !indicators.is_empty() => vec![draw.of(&indicators)],
            _ => Vec::new(),
        };
        let kind = match kind {
            Kind::Report | Kind::Note | Kind::Relationship | Kind::Sighting if names.is_empty() => {
                Kind::Malware
            }
            kind => kind,
        };
        let mut thing = Thing {
            kind,
            id: format!("{}--{}", kind.object_type(), draw.uuid()),
            by,
            circle,
            version: 0,
            name: draw.word(),
            said: draw.word(),
            value: value(kind, draw),
            mark: draw.in_100(70).then(|| draw.of(&MARKS)),
            definition: None,
            said_mark: draw.in_100(25).then(|| draw.of(&MARKS)),
            ceiling: draw.in_100(10).then(|| draw.of(&MARKS)),
            embargo: draw.in_100(20).then(|| draw.in_100(50)),
            expired: draw.in_100(7),
            pseudonymise: draw.in_100(20),
            recipients: Vec::new(),
            names,
            source: None,
            revoked: draw.in_100(5),
            withdrawn: draw.in_100(8),
            malformed: draw.in_100(5),
            seal: None,
        };
        if draw.in_100(20) {
            thing.recipients = (0..4).filter(|_| draw.in_100(50)).collect();
        }
        let own = others(&|other| other.by == by && other.kind == Kind::Identity);
        if !own.is_empty() && draw.in_100(60) {
            thing.source = Some(draw.of(&own));
        }
        let definitions = others(&|other| other.by == by && other.kind == Kind::Pap);
        if !definitions.is_empty() && draw.in_100(60) {
            thing.definition = Some(draw.of(&definitions));
        }
        if draw.in_100(if self.circles[circle].signed { 90 } else { 15 }) {
            let other = Seal::Of(draw.below(4));
            thing.seal = Some(draw.of(&[Seal::Own, Seal::Own, Seal::Own, Seal::Broken, Seal::Stray, other]));
        }
        // Another version of what is there, or the same id brought by somebody else.
        let same = others(&|other| other.kind == kind && kind != Kind::Pap);
        if !same.is_empty() && draw.in_100(25) {
            let other = &self.things[draw.of(&same)];
            thing.id.clone_from(&other.id);
            thing.version = other.version + 1;
            if kind == Kind::Observed {
                thing.value.clone_from(&other.value);
            }
        }
        thing.settle()
    }
}

impl Thing {
    /// What can't be together is not: ids that follow from the value, marks of what has none.
    fn settle(mut self) -> Self {
        if self.kind == Kind::Observed {
            let content = json!({"type": "domain-name", "value": format!("{}.top", self.value)});
            let content = content.as_object().unwrap();
            self.id = stix::observable_id(content).unwrap().to_string();
            self.version = 0;
        }
        if self.kind == Kind::Pap {
            self = Self {
                mark: None,
                said_mark: None,
                definition: None,
                ceiling: None,
                embargo: None,
                expired: false,
                pseudonymise: false,
                recipients: Vec::new(),
                source: None,
                revoked: false,
                withdrawn: false,
                malformed: false,
                seal: None,
                ..self
            };
        }
        if self.seal == Some(Seal::Of(self.by)) {
            self.seal = Some(Seal::Own);
        }
        if matches!(self.kind, Kind::Note) {
            self.said_mark = None;
        }
        self
    }

    /// The terms under which it is shared.
    pub(super) fn terms(&self, members: &[Party]) -> policy::Terms {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        policy::Terms {
            ceiling: self.ceiling,
            embargo_until: self.embargo.map(|holds| at(if holds { LATE_S } else { SOON_S })),
            expires: self.expired.then(|| at(SOON_S)),
            onward: None,
            pseudonymise: self.pseudonymise,
            recipients: self.recipients.iter().map(|at| policy::MemberId::new(members[*at].id)).collect(),
        }
    }
}

fn value(kind: Kind, draw: &mut Draw) -> String {
    match kind {
        Kind::Digest => draw.digest(),
        Kind::Address => format!("45.{}.{}.{}", draw.below(250), draw.below(250), 1 + draw.below(250)),
        Kind::Wallet => format!("0x{}", &draw.digest()[..40]),
        _ => draw.word(),
    }
}

impl Party {
    fn drawn(draw: &mut Draw) -> Self {
        let scopes = [
            Rights::of(&[Right::Read]),
            Rights::of(&[Right::Write]),
            Rights::of(&[Right::Screen]),
            Rights::of(&[Right::Read, Right::Audit]),
        ];
        Self {
            id: draw.uuid(),
            handle: draw.word(),
            name: draw.word(),
            level: draw.of(&[
                Level::Read,
                Level::List,
                Level::Block,
                Level::Detect,
                Level::Exchange,
                Level::Exchange,
                Level::Exchange,
                Level::Exchange,
            ]),
            clearance: draw.of(&[Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red, Tlp::Red]),
            ended: draw.in_100(8),
            quarantines: draw.in_100(50),
            scopes: draw.in_100(15).then(|| draw.of(&scopes)),
            seed: draw.seed(),
            revoked: draw.in_100(15).then(|| draw.word()),
        }
    }
}

impl Ring {
    fn drawn(draw: &mut Draw) -> Self {
        let mut members: Vec<usize> = (0..4).filter(|_| draw.in_100(65)).collect();
        if members.is_empty() {
            members.push(draw.below(4));
        }
        let left = draw.in_100(12).then(|| draw.of(&members));
        let less = [Access::Read, Access::Write, Access::None];
        let mut access = BTreeMap::new();
        for at in &members {
            if draw.in_100(15) {
                access.insert(*at, draw.of(&less));
            }
        }
        Self {
            id: draw.uuid(),
            handle: draw.word(),
            title: draw.word(),
            ceiling: draw.of(&[Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red]),
            term: match draw.below(12) {
                0 => Term::NotYet,
                1 => Term::Over,
                _ => Term::Open,
            },
            access,
            members,
            left,
            hidden: draw.in_100(25),
            signed: draw.in_100(10),
            onward: draw.of(&[
                policy::Onward::Forbidden,
                policy::Onward::WithinCircle,
                policy::Onward::Allowed,
            ]),
        }
    }
}
