//! Every row of docs/releases.md, and the laws that hold whatever the row.

use std::collections::BTreeSet;

use bongsu_policy::{
    Access, Account, Book, Circle, CircleId, Class, Credential, CredentialKind, Decision, Entry, Invitation,
    Level, Member, MemberId, Onward, Part, Person, PersonId, Reach, Removal, Request, Right, Rights, Role,
    Rule, Setting, Terms, decide, forbidden_selectors, redact, settled_until, used,
};
use proptest::prelude::*;
use stix::marking::{Definition, Iep, Pap, PermittedActions};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

const SENDER: MemberId = MemberId::new(Uuid::from_u128(1));
const READER: MemberId = MemberId::new(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(3));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn member(id: MemberId) -> Member {
    Member {
        name: String::new(),
        level: Level::Exchange,
        clearance: Tlp::Red,
        ..Member::new(id, format!("m{}", id.uuid().as_u128()))
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
    names_source: bool,
    withdrawn: bool,
}

impl Case {
    fn new() -> Self {
        let circle = Circle {
            title: String::new(),
            starts: Some(at(100)),
            ends: Some(at(1_000)),
            members: vec![SENDER, READER],
            ..Circle::new(CIRCLE, "c")
        };
        let (wanted, now, reach) = (Level::Block, at(500), Reach::Member);
        let request = Request { member: READER, circle: CIRCLE, wanted, encrypted: true, now, reach };
        Self {
            sender: member(SENDER),
            reader: member(READER),
            circle,
            request,
            terms: Terms::default(),
            markings: Vec::new(),
            granular: false,
            names_source: false,
            withdrawn: false,
        }
    }

    fn book(&self) -> Book {
        let mut book = Book::default();
        book.apply(Entry::Member(self.sender.clone()));
        book.apply(Entry::Member(self.reader.clone()));
        book.apply(Entry::Circle(self.circle.clone()));
        book
    }

    fn class(&self) -> Class<'_> {
        Class {
            originator: SENDER,
            terms: &self.terms,
            tlp: None,
            definitions: &self.markings,
            unknown_marking: false,
            granular: self.granular,
            names_source: self.names_source,
            withdrawn: self.withdrawn,
        }
    }

    fn decision(&self) -> Decision {
        decide(&self.book(), &self.request, &self.class())
    }
}

fn iep(change: fn(&mut Iep)) -> Vec<Definition> {
    let mut iep = Iep {
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
    (Rule::Circle, |c| c.markings = vec![Definition::Statement]),
    (Rule::Withdrawn, |c| c.withdrawn = true),
    (Rule::Withdrawn, |c| (c.withdrawn, c.request.member) = (true, SENDER)),
    (Rule::Expired, |c| c.terms.expires = Some(at(500))),
    (Rule::Circle, |c| c.terms.expires = Some(at(501))),
    (Rule::Originator, |c| (c.request.member, c.markings) = (SENDER, vec![Definition::Unknown])),
    (Rule::CircleNotMember, |c| c.circle.members = vec![SENDER]),
    (Rule::CircleWriteOnly, |c| c.circle.access = [(READER, Access::Write)].into()),
    (Rule::CircleWriteOnly, |c| c.circle.access = [(READER, Access::None)].into()),
    (Rule::Circle, |c| c.circle.access = [(READER, Access::Read)].into()),
    (Rule::Circle, |c| c.circle.access = [(SENDER, Access::Read)].into()),
    (Rule::OriginatorNotMember, |c| c.circle.members = vec![READER]),
    (Rule::CircleNotMember, |c| c.request.circle = CircleId::new(Uuid::from_u128(99))),
    (Rule::MemberEnded, |c| c.reader.ended = true),
    (Rule::OriginatorNotMember, |c| c.sender.ended = true),
    (Rule::CircleNotInForce, |c| c.request.now = at(99)),
    (Rule::CircleNotInForce, |c| c.request.now = at(1_000)),
    (Rule::LevelTooLow, |c| c.reader.level = Level::List),
    (Rule::Circle, |c| (c.reader.level, c.request.wanted) = (Level::Read, Level::Read)),
    (Rule::MarkingUnknown, |c| c.markings = vec![Definition::Unknown]),
    (Rule::TlpOverCeiling, |c| c.markings = vec![Definition::Tlp(Tlp::AmberStrict)]),
    (Rule::TlpOverCeiling, |c| {
        (c.terms.ceiling, c.markings) = (Some(Tlp::AmberStrict), vec![Definition::Tlp(Tlp::Green)])
    }),
    (Rule::TlpOverCeiling, |c| c.markings = iep(|iep| iep.tlp = Some(Tlp::Red))),
    (Rule::TlpOverClearance, |c| c.reader.clearance = Tlp::Green),
    (Rule::TlpOverClearance, |c| {
        (c.circle.ceiling, c.reader.clearance) = (Tlp::Red, Tlp::Amber);
        c.markings = vec![Definition::Tlp(Tlp::AmberStrict)];
    }),
    (Rule::NotNamed, |c| c.terms.recipients = vec![SENDER]),
    (Rule::TlpRedNotNamed, |c| (c.circle.ceiling, c.markings) = (Tlp::Red, vec![Definition::Tlp(Tlp::Red)])),
    (Rule::Circle, |c| {
        (c.circle.ceiling, c.markings) = (Tlp::Red, vec![Definition::Tlp(Tlp::Red)]);
        c.terms.recipients = vec![READER];
    }),
    (Rule::Embargo, |c| c.terms.embargo_until = Some(at(501))),
    (Rule::Circle, |c| c.terms.embargo_until = Some(at(500))),
    (Rule::Circle, |c| c.request.reach = Reach::Circle),
    (Rule::Onward, |c| c.request.reach = Reach::Others),
    (Rule::Onward, |c| (c.request.reach, c.terms.onward) = (Reach::Circle, Some(Onward::Forbidden))),
    (Rule::Onward, |c| {
        (c.request.reach, c.circle.onward) = (Reach::Circle, Onward::Forbidden);
        c.terms.onward = Some(Onward::Allowed);
    }),
    (Rule::SourcePseudonymised, |c| c.terms.pseudonymise = true),
    (Rule::SourcePseudonymised, |c| c.markings = iep(|iep| iep.attribution_forbidden = true)),
    (Rule::SourceNamed, |c| (c.terms.pseudonymise, c.names_source) = (true, true)),
    (Rule::Circle, |c| c.names_source = true),
    (Rule::PartsRemoved, |c| c.granular = true),
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
        assert_eq!(case.decision().rule(), *expected, "row {number}");
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
    let tried = ROWS.iter().map(|(rule, _)| rule.code().to_owned());
    // These need the object or what it refers to; the gate's tests try them.
    let object = [
        Rule::MarkingMalformed,
        Rule::EndNotReleasable,
        Rule::NothingLeft,
        Rule::ReferencesRemoved,
        Rule::OwnedByAnother,
        Rule::SpecVersionNotTaken,
    ];
    let all: BTreeSet<_> = tried.chain(object.map(|rule| rule.code().to_owned())).collect();
    assert_eq!(told, all);
    assert_eq!(all.len(), Rule::ALL.len());
}

#[test]
fn what_is_released_redacted_and_held_differ() {
    let decided = |change: fn(&mut Case)| {
        let mut case = Case::new();
        change(&mut case);
        case.decision()
    };
    assert_eq!(decided(|_| {}), Decision::Release(Rule::Circle));
    assert_eq!(decided(|c| c.granular = true), Decision::Redact(Rule::PartsRemoved));
    assert_eq!(decided(|c| c.terms.pseudonymise = true), Decision::Redact(Rule::SourcePseudonymised));
    assert_eq!(decided(|c| c.withdrawn = true), Decision::Hold(Rule::Withdrawn));
}

#[test]
fn a_decision_says_until_when_it_holds() {
    let mut case = Case::new();
    let until = |case: &Case| settled_until(&case.book(), &case.request, &case.class());
    assert_eq!(until(&case), Some(at(1_000)), "the circle's end");
    case.terms.embargo_until = Some(at(700));
    assert_eq!(until(&case), Some(at(700)));
    case.request.now = at(700);
    assert_eq!(until(&case), Some(at(1_000)));
    case.request.now = at(1_000);
    assert_eq!(until(&case), None);
}

#[test]
fn parts_under_a_stricter_mark_go_with_what_is_said_about_them() {
    let mut case = Case::new();
    (case.reader.clearance, case.granular) = (Tlp::Green, true);
    case.markings = vec![Definition::Tlp(Tlp::Green)];
    let part = |selectors: &[&str], tlp: Tlp| Part {
        selectors: selectors.iter().map(|s| (*s).to_owned()).collect(),
        tlp: Some(tlp),
        definitions: Vec::new(),
        unknown_marking: false,
    };
    let parts = [
        part(&["description"], Tlp::Clear),
        part(&["labels.[1]", "name"], Tlp::Amber),
        part(&["labels.[0]"], Tlp::Clear),
    ];
    let raw = r#"{"name":"n","description":"d","labels":["a","b"]}"#;
    let parted = |parts: &[Part]| {
        forbidden_selectors(&case.book(), &case.request, &case.class(), parts, raw)
            .map(|parting| (parting.gone, parting.staying))
    };
    let told = |gone: &[&str], staying| Ok((gone.iter().map(|s| (*s).to_owned()).collect(), staying));
    let marks = ["labels", "name", "granular_markings.[1]", "granular_markings.[2]"];
    assert_eq!(parted(&parts), told(&marks, Some(Tlp::Clear)));
    assert_eq!(parted(&parts[..1]), told(&[], Some(Tlp::Clear)));
    // What is said about two properties of which one goes still holds for the other.
    let shared = [part(&["name"], Tlp::Amber), part(&["name", "description"], Tlp::Green)];
    let marks = ["name", "granular_markings.[0]", "granular_markings.[1].selectors.[0]"];
    assert_eq!(parted(&shared), told(&marks, Some(Tlp::Green)));
}

/// AMBER on `$.description` or a misspelt name found nothing, and the description went out.
#[test]
fn a_forbidden_mark_on_what_is_not_there_holds_and_an_allowed_one_does_not() {
    let mut case = Case::new();
    (case.reader.clearance, case.granular) = (Tlp::Green, true);
    case.markings = vec![Definition::Tlp(Tlp::Green)];
    let raw = r#"{"description":"d","labels":["a"],"e":{"x":{"y":1}},"granular_markings":[{}]}"#;
    let parted = |case: &Case, selector: &str, tlp| {
        let selectors = vec!["description".to_owned(), selector.to_owned()];
        let part = Part { selectors, tlp: Some(tlp), definitions: Vec::new(), unknown_marking: false };
        forbidden_selectors(&case.book(), &case.request, &case.class(), &[part], raw).map(drop)
    };
    for selector in ["labels", "labels.[0]", "e.x", "e.x.y"] {
        assert_eq!(parted(&case, selector, Tlp::Amber), Ok(()), "{selector}");
    }
    let deep = vec!["a"; 1_000].join(".");
    let nowhere = [
        "$.description",
        "descripton",
        "Description",
        "",
        ".",
        "description.",
        "description.x",
        "labels.[1]",
        "labels.[00]",
        "labels.0",
        "labels[0]",
        "e.x.y.z",
        "e..x",
        "granular_markings.[0]",
        &deep,
    ];
    for selector in nowhere {
        assert_eq!(parted(&case, selector, Tlp::Amber), Err(Rule::MarkingMalformed), "{selector}");
        assert_eq!(parted(&case, selector, Tlp::Clear), Ok(()), "nothing to protect: {selector}");
    }
    case.request.member = SENDER;
    assert_eq!(parted(&case, "$.description", Tlp::Amber), Ok(()), "it is the originator's own");
}

/// Eight thousand marks took seconds, each comparing itself with all others, under the line's lock.
#[test]
fn many_marks_cost_about_as_much_as_their_text() {
    let mut case = Case::new();
    (case.reader.clearance, case.granular) = (Tlp::Green, true);
    case.markings = vec![Definition::Tlp(Tlp::Green); 20_000];
    let count = 20_000;
    let names: Vec<String> = (0..count).map(|n| format!("\"p{n}\":[{n}]")).collect();
    let raw = format!("{{\"type\":\"tool\",{}}}", names.join(","));
    let part = |n| Part {
        selectors: vec![format!("p{n}.[0]")],
        tlp: Some(Tlp::Amber),
        definitions: Vec::new(),
        unknown_marking: false,
    };
    let parts: Vec<Part> = (0..count).map(part).collect();
    let begun = std::time::Instant::now();
    let parting = forbidden_selectors(&case.book(), &case.request, &case.class(), &parts, &raw).unwrap();
    let removal = Removal { selectors: parting.gone, ..Removal::default() };
    assert_eq!(redact(&raw, &removal).unwrap().unwrap(), "{\"type\":\"tool\"}");
    // Comparing each with each takes minutes here without optimisation.
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn hidden_members_see_themselves_alone_and_strangers_nobody() {
    let mut case = Case::new();
    let seen = |case: &Case, viewer| case.book().visible_members(viewer, CIRCLE).len();
    assert_eq!(seen(&case, READER), 2);
    case.circle.hidden_members = true;
    assert_eq!(seen(&case, READER), 1);
    assert_eq!(seen(&case, MemberId::new(Uuid::from_u128(9))), 0);
}

#[test]
fn entries_are_read_back_as_they_were_written() {
    let case = Case::new();
    let credential = |kind| Credential {
        id: Uuid::from_u128(5),
        member: Some(READER),
        created: at(1),
        expires: Some(at(9)),
        revoked: false,
        person: None,
        scopes: None,
        kind,
    };
    let token = credential(CredentialKind::Token { hash: vec![1; 32] });
    assert!(token.holds(at(8)) && !token.holds(at(9)));
    let tsig =
        CredentialKind::Tsig { name: "k".into(), algorithm: "hmac-sha256".into(), secret: vec![2; 32] };
    let entries = [
        Entry::Member(case.reader.clone()),
        Entry::Circle(case.circle.clone()),
        Entry::Credential(token),
        Entry::Credential(credential(tsig)),
        Entry::Credential(credential(CredentialKind::Certificate { sha256: vec![3; 32] })),
        Entry::Setting(Setting { name: "a".into(), value: Some("b".into()) }),
    ];
    for entry in entries {
        let text = entry.to_json();
        assert_eq!(Entry::from_json(&text).unwrap(), entry, "{text}");
        assert!(Entry::from_json(&text.replacen("\"v\":1", "\"v\":5", 1)).is_err());
        assert!(Entry::from_json(&text.replacen("\"v\":1", "\"v\":0", 1)).is_err());
    }
    let scopes = Some(Rights::of(&[Right::Read]));
    let scoped =
        Entry::Credential(Credential { scopes, ..credential(CredentialKind::Token { hash: vec![1; 32] }) });
    let text = scoped.to_json();
    assert!(text.starts_with("{\"v\":3,"), "an older program would let it do everything: {text}");
    assert_eq!(Entry::from_json(&text).unwrap(), scoped);
    let id = PersonId::new(Uuid::from_u128(7));
    let person = Person {
        id,
        member: Some(READER),
        user: "kim".into(),
        name: "Kim".into(),
        roles: [Role::Reader].into(),
        ended: false,
    };
    let mut account = Account::new(id, at(2));
    account.invitation = Some(Invitation { hash: vec![1; 32], expires: at(3) });
    for entry in [Entry::Person(person), Entry::Account(account)] {
        assert_eq!(Entry::with_person(&entry.to_json_by(Some(id))).unwrap(), (entry, Some(id)));
    }
    let mut book = case.book();
    book.apply(Entry::Setting(used(Uuid::from_u128(5), 7)));
    assert_eq!((book.used(Uuid::from_u128(5)), book.used(Uuid::from_u128(6))), (Some(7), None));
    let mut restricted = case.circle.clone();
    restricted.access.insert(READER, Access::Write);
    restricted.spec_versions = vec![stix::SpecVersion::V20, stix::SpecVersion::V21];
    let text = Entry::Circle(restricted.clone()).to_json();
    assert!(text.starts_with("{\"v\":2,"), "an older program would let the member read: {text}");
    assert_eq!(Entry::from_json(&text).unwrap(), Entry::Circle(restricted));
    let requiring =
        bongsu_policy::Circle { signatures: bongsu_policy::Signatures::Required, ..case.circle.clone() };
    let text = Entry::Circle(requiring.clone()).to_json();
    assert!(text.starts_with("{\"v\":3,"), "an older program would take what is not signed: {text}");
    assert_eq!(Entry::from_json(&text).unwrap(), Entry::Circle(requiring));
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
        let goes = |case: &Case| !case.decision().is_hold();
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
