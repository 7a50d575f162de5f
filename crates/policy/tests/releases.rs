//! Every row of docs/releases.md, and the laws that hold whatever the row.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

use std::collections::BTreeSet;

use bongsu_policy::{
    Book, Circle, CircleId, Class, Entry, Level, Member, MemberId, Onward, Request, Rule, Terms, Verdict,
    release,
};
use proptest::prelude::*;
use stix::marking::{Definition, Iep, Pap, PermittedActions};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

const SENDER: MemberId = MemberId(Uuid::from_u128(1));
const READER: MemberId = MemberId(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId(Uuid::from_u128(3));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn member(id: MemberId) -> Member {
    Member {
        id,
        handle: format!("m{}", id.0.as_u128()),
        name: String::new(),
        country: None,
        language: "en".to_owned(),
        level: Level::Exchange,
        clearance: Tlp::Red,
        sectors: Vec::new(),
        own_assets: Vec::new(),
        confidence_min: 0,
        contact: None,
        ended: false,
    }
}

/// A question whose answer is `circle` until something is changed.
struct Case {
    sender: Member,
    reader: Member,
    circle: Circle,
    request: Request,
    terms: Terms,
    markings: Vec<Definition>,
    granular: bool,
    withdrawn: bool,
}

impl Case {
    fn new() -> Self {
        let circle = Circle {
            id: CIRCLE,
            handle: "c".to_owned(),
            title: String::new(),
            purpose: String::new(),
            ceiling: Tlp::Amber,
            onward: Onward::WithinCircle,
            starts: Some(at(100)),
            ends: Some(at(1_000)),
            members: vec![SENDER, READER],
            hidden_members: false,
            fires: 1,
        };
        let (member_id, wanted, now) = (READER, Level::Block, at(500));
        let request =
            Request { member: member_id, circle: CIRCLE, wanted, encrypted: true, onward: false, now };
        Self {
            sender: member(SENDER),
            reader: member(READER),
            circle,
            request,
            terms: Terms::default(),
            markings: Vec::new(),
            granular: false,
            withdrawn: false,
        }
    }

    fn verdict(&self) -> Verdict {
        let mut book = Book::default();
        book.apply(Entry::Member(self.sender.clone()));
        book.apply(Entry::Member(self.reader.clone()));
        book.apply(Entry::Circle(self.circle.clone()));
        let class = Class {
            originator: SENDER,
            terms: &self.terms,
            markings: &self.markings,
            granular: self.granular,
            withdrawn: self.withdrawn,
        };
        release(&book, &self.request, &class)
    }

    fn rule(&self) -> Rule {
        match self.verdict() {
            Verdict::Held(rule) => rule,
            Verdict::Whole(pass) => pass.seal(()).rule(),
            Verdict::Redacted(_) => Rule::Circle,
        }
    }
}

fn iep(change: fn(&mut Iep)) -> Vec<Definition> {
    let mut iep = Iep {
        name: None,
        tlp: None,
        permitted_actions: None,
        encrypt_in_transit: false,
        attribution_forbidden: false,
        unmodified_resale_forbidden: false,
        start: None,
        end: None,
    };
    change(&mut iep);
    vec![Definition::Iep(Box::new(iep))]
}

/// One change of the question, and the rule that must decide then.
type Row = (Rule, fn(&mut Case));

const ROWS: &[Row] = &[
    (Rule::Circle, |_| {}),
    (Rule::Circle, |c| c.markings = vec![Definition::Tlp(Tlp::Amber), Definition::Tlp(Tlp::Clear)]),
    (Rule::Circle, |c| c.markings = vec![Definition::Statement("Copyright".to_owned())]),
    (Rule::Withdrawn, |c| c.withdrawn = true),
    (Rule::Withdrawn, |c| (c.withdrawn, c.request.member) = (true, SENDER)),
    (Rule::Expired, |c| c.terms.expires = Some(at(500))),
    (Rule::Circle, |c| c.terms.expires = Some(at(501))),
    (Rule::Originator, |c| (c.request.member, c.markings) = (SENDER, vec![Definition::Unknown])),
    (Rule::NotInCircle, |c| c.circle.members = vec![SENDER]),
    (Rule::NotInCircle, |c| c.circle.members = vec![READER]),
    (Rule::NotInCircle, |c| c.request.circle = CircleId(Uuid::from_u128(99))),
    (Rule::NotInCircle, |c| c.reader.ended = true),
    (Rule::CircleNotInForce, |c| c.request.now = at(99)),
    (Rule::CircleNotInForce, |c| c.request.now = at(1_000)),
    (Rule::LevelTooLow, |c| c.reader.level = Level::List),
    (Rule::Circle, |c| (c.reader.level, c.request.wanted) = (Level::Read, Level::Read)),
    (Rule::MarkingUnknown, |c| c.markings = vec![Definition::Unknown]),
    (Rule::OverCeiling, |c| c.markings = vec![Definition::Tlp(Tlp::AmberStrict)]),
    (Rule::OverCeiling, |c| {
        (c.terms.ceiling, c.markings) = (Some(Tlp::Green), vec![Definition::Tlp(Tlp::Amber)])
    }),
    (Rule::OverCeiling, |c| c.markings = iep(|iep| iep.tlp = Some(Tlp::Red))),
    (Rule::OverClearance, |c| c.reader.clearance = Tlp::Green),
    (Rule::OverClearance, |c| {
        (c.circle.ceiling, c.reader.clearance) = (Tlp::Red, Tlp::Amber);
        c.markings = vec![Definition::Tlp(Tlp::AmberStrict)];
    }),
    (Rule::NotNamed, |c| c.terms.recipients = vec![SENDER]),
    (Rule::NotNamed, |c| (c.circle.ceiling, c.markings) = (Tlp::Red, vec![Definition::Tlp(Tlp::Red)])),
    (Rule::Circle, |c| {
        (c.circle.ceiling, c.markings) = (Tlp::Red, vec![Definition::Tlp(Tlp::Red)]);
        c.terms.recipients = vec![READER];
    }),
    (Rule::Embargo, |c| c.terms.embargo_until = Some(at(501))),
    (Rule::Circle, |c| c.terms.embargo_until = Some(at(500))),
    (Rule::OnwardForbidden, |c| (c.request.onward, c.terms.onward) = (true, Some(Onward::Forbidden))),
    (Rule::OnwardForbidden, |c| {
        (c.request.onward, c.circle.onward) = (true, Onward::Forbidden);
        c.terms.onward = Some(Onward::Allowed);
    }),
    (Rule::PapForbidsUse, |c| c.markings = vec![Definition::Pap(Pap::Amber)]),
    (Rule::PapForbidsUse, |c| {
        (c.request.wanted, c.markings) = (Level::List, vec![Definition::Pap(Pap::Red)])
    }),
    (Rule::Circle, |c| (c.request.wanted, c.markings) = (Level::Detect, vec![Definition::Pap(Pap::Red)])),
    (Rule::IepNotInForce, |c| c.markings = iep(|iep| iep.end = Some(at(500)))),
    (Rule::IepNotInForce, |c| c.markings = iep(|iep| iep.start = Some(at(501)))),
    (Rule::IepForbidsUse, |c| c.markings = iep(|iep| iep.permitted_actions = Some(PermittedActions::None))),
    (Rule::Circle, |c| {
        c.request.wanted = Level::Read;
        c.markings = iep(|iep| iep.permitted_actions = Some(PermittedActions::None));
    }),
    (Rule::IepNeedsEncryption, |c| {
        c.request.encrypted = false;
        c.markings = iep(|iep| iep.encrypt_in_transit = true);
    }),
];

#[test]
fn each_row_decides_as_the_table_says() {
    for (number, (expected, change)) in ROWS.iter().enumerate() {
        let mut case = Case::new();
        change(&mut case);
        assert_eq!(case.rule(), *expected, "row {number}");
    }
}

#[test]
fn the_table_in_the_docs_and_the_rows_tried_are_the_same_rules() {
    let docs =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/releases.md")).unwrap();
    let told: BTreeSet<_> = docs
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect();
    let tried: BTreeSet<_> = ROWS.iter().map(|(rule, _)| rule.code().to_owned()).collect();
    assert_eq!(told, tried);
}

#[test]
fn what_is_marked_in_parts_or_anonymous_goes_as_a_redacted_copy() {
    let redacted = |change: fn(&mut Case)| {
        let mut case = Case::new();
        change(&mut case);
        matches!(case.verdict(), Verdict::Redacted(_))
    };
    assert!(!redacted(|_| {}));
    assert!(redacted(|c| c.granular = true));
    assert!(redacted(|c| c.terms.pseudonymise = true));
    assert!(redacted(|c| c.markings = iep(|iep| iep.attribution_forbidden = true)));
}

#[test]
fn hidden_members_see_themselves_alone_and_strangers_nobody() {
    let mut case = Case::new();
    let mut book = Book::default();
    book.apply(Entry::Member(case.sender.clone()));
    book.apply(Entry::Member(case.reader.clone()));
    let seen = |circle: &Circle, viewer| book.visible_members(viewer, circle).len();
    assert_eq!(seen(&case.circle, READER), 2);
    case.circle.hidden_members = true;
    assert_eq!(seen(&case.circle, READER), 1);
    assert_eq!(seen(&case.circle, MemberId(Uuid::from_u128(9))), 0);
}

#[test]
fn entries_are_read_back_as_they_were_written() {
    let case = Case::new();
    for entry in [Entry::Member(case.reader), Entry::Circle(case.circle)] {
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry, "{text}");
    }
}

fn tlp() -> impl Strategy<Value = Tlp> {
    prop::sample::select(Tlp::ALL.to_vec())
}

proptest! {
    #[test]
    fn a_stricter_rule_never_releases_more(
        marks in prop::collection::vec(tlp(), 0..3),
        more in tlp(),
        (ceiling, lower) in (tlp(), tlp()),
        (clearance, less) in (tlp(), tlp()),
        named in any::<bool>(),
        wanted in prop::sample::select(vec![Level::Read, Level::List, Level::Block, Level::Detect, Level::Exchange]),
    ) {
        let mut case = Case::new();
        case.markings = marks.into_iter().map(Definition::Tlp).collect();
        case.circle.ceiling = ceiling;
        case.reader.clearance = clearance;
        case.request.wanted = wanted;
        if named {
            case.terms.recipients = vec![READER];
        }
        let goes = |case: &Case| !matches!(case.verdict(), Verdict::Held(_));
        let before = goes(&case);
        case.reader.clearance = clearance.min(less);
        prop_assert!(before || !goes(&case));
        case.reader.clearance = clearance;
        if !case.markings.is_empty() {
            case.circle.ceiling = ceiling.min(lower);
            prop_assert!(before || !goes(&case));
            case.circle.ceiling = ceiling;
            case.markings.push(Definition::Tlp(more));
            prop_assert!(before || !goes(&case));
        }
        case.circle.members = vec![SENDER];
        prop_assert!(!goes(&case));
    }
}
