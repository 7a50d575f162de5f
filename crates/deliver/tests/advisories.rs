//! Advisories: what is told, in which form, in five languages.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bongsu_deliver::advisory::{Form, Why};
use bongsu_deliver::speech::Language;
use bongsu_deliver::ticket::TicketKey;
use bongsu_deliver::{Deliver, DeliverError, Letterhead};
use gate::{Gate, NodeKey, Submission, Submitted};
use line::{Options, Store};
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use serde_json::{Value, json};
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;

const SENDER: MemberId = MemberId::new(Uuid::from_u128(1));
const GETS: MemberId = MemberId::new(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(3));
const PLAYBOOK: &str = "extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c";

fn now() -> Timestamp {
    Timestamp::parse("2026-09-02T06:00:00Z").unwrap()
}

fn id(object_type: &str, number: u128) -> String {
    format!("{object_type}--{}", Uuid::from_u128(0x4000_8000_0000_0000_0000 + number))
}

fn object(object_type: &str, number: u128, more: Value) -> Value {
    let mut object = json!({
        "type": object_type, "spec_version": "2.1", "id": id(object_type, number),
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
        "object_marking_refs": [Tlp::Green.definition_id().to_string()],
    });
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

fn indicator(number: u128, name: &str, pattern: &str, until: Option<&str>) -> Value {
    let mut indicator = object(
        "indicator",
        number,
        json!({"name": name, "pattern": pattern, "pattern_type": "stix", "valid_from": "2026-08-01T00:00:00Z", "confidence": 80}),
    );
    if let Some(until) = until {
        indicator["valid_until"] = until.into();
    }
    indicator
}

fn playbook() -> Value {
    let playbook = json!({
        "workflow_start": "start--1", "workflow": {
            "start--1": {"type": "start", "on_completion": "action--2"},
            "action--2": {"type": "action", "commands": [{"type": "manual", "command": "Call everyone who got the letter."}],
                "on_completion": "action--3"},
            "action--3": {"type": "action", "description": "Delete the letter from all mailboxes.",
                "commands": [{"type": "powershell", "command": "Search-Mailbox"}]},
        },
    });
    json!({PLAYBOOK: {"extension_type": "property-extension", "playbook_base64": STANDARD.encode(playbook.to_string())}})
}

fn intelligence() -> Vec<Value> {
    vec![
        indicator(1, "=SUM(A1) log-in page", "[domain-name:value = 'evil-login-k3.top']", None),
        indicator(
            2,
            "Second stage",
            "[url:value = 'http://files-k3.top/a;b/drop.php?x=1'] OR [ipv4-addr:value = '185.130.44.9']",
            None,
        ),
        indicator(3, "Loader", &format!("[file:hashes.'SHA-256' = '{}']", "ab".repeat(32)), None),
        indicator(4, "Ended", "[domain-name:value = 'ended-k3.top']", Some("2026-08-31T12:00:00Z")),
        indicator(5, "Ended long ago", "[domain-name:value = 'old-k3.top']", Some("2026-08-20T00:00:00Z")),
        indicator(
            6,
            "Ended, and never was acted on",
            "[domain-name:value = 'google.com']",
            Some("2026-08-31T12:00:00Z"),
        ),
        indicator(7, "Taken back", "[domain-name:value = 'mistake-k3.top']", None),
        object(
            "campaign",
            8,
            json!({"name": "Paper Lantern", "aliases": ["Lantern"], "description": "Forged <b>log-in</b> pages for ministries."}),
        ),
        object(
            "course-of-action",
            9,
            json!({"name": "Second factor", "description": "Ask for a second factor at log-in."}),
        ),
        object(
            "course-of-action",
            10,
            json!({"name": "Forged letter", "description": "What to do about it.", "extensions": playbook()}),
        ),
    ]
}

struct World {
    deliver: Deliver,
    gate: Gate,
    _dir: tempfile::TempDir,
}

fn world(letterhead: Letterhead) -> World {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &Options::default(), Arc::new(|| now().micros())).unwrap();
    let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
    for (id, handle) in [(SENDER, "cert"), (GETS, "port")] {
        let member = Member {
            name: format!("Office of {handle}"),
            level: Level::Exchange,
            contact: Some(format!("duty desk, {handle}@cert.example")),
            ..Member::new(id, handle)
        };
        gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    }
    let circle = Circle { members: vec![SENDER, GETS], ..Circle::new(CIRCLE, "region") };
    gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
    let world = World {
        deliver: Deliver::new(gate.clone(), None, "tower.test".to_owned(), Arc::new(now)).under(letterhead),
        gate,
        _dir: dir,
    };
    world.share(&Terms::default(), intelligence());
    let taken = ObjectId::parse(&id("indicator", 7)).unwrap();
    world.gate.withdraw(SENDER, CIRCLE, &[taken], "a mistake").unwrap();
    world
}

fn dressed() -> Letterhead {
    let key = TicketKey::new(&[5; 32]);
    Letterhead::new(
        Some("https://tower.example/".to_owned()),
        Some("answers@tower.example".to_owned()),
        Vec::new(),
        Some(key),
    )
}

impl World {
    fn share(&self, terms: &Terms, objects: Vec<Value>) {
        let objects = objects.into_iter().map(|object| {
            let raw = object.to_string();
            Submission { head: stix::read_head(&raw).unwrap(), raw }
        });
        let told = self.gate.submit(SENDER, CIRCLE, terms, objects.collect(), now()).unwrap();
        assert!(told.iter().all(|told| matches!(told, Submitted::Appended { .. })), "{told:?}");
    }

    fn text(&self, form: Form, language: &str) -> String {
        let made = self.deliver.advisory(GETS, form, Some(language.parse().unwrap()), true).unwrap();
        String::from_utf8(made.body.to_vec()).unwrap()
    }
}

#[test]
fn the_same_in_five_languages() {
    let world = world(dressed());
    for language in Language::all().map(Language::tag) {
        insta::assert_snapshot!(format!("advisory.{language}.txt"), world.text(Form::Text, language));
        let html = world.text(Form::Html, language);
        // The codes to scan are as long as all the rest.
        let body = html.split("<body>").nth(1).unwrap();
        let drawn = body
            .split("<path d=\"")
            .map(|piece| piece.split_once("z\" fill").map_or(piece, |(_, rest)| rest));
        insta::assert_snapshot!(format!("advisory.{language}.html"), drawn.collect::<String>());
    }
}

#[test]
fn what_is_not_to_be_acted_on_any_more_is_said_to_those_who_had_it() {
    let world = world(Letterhead::default());
    let gone = world.deliver.advise(GETS, None, true).unwrap().gone;
    let told: Vec<(&str, Why)> = gone.iter().map(|gone| (gone.value.as_str(), gone.why)).collect();
    assert_eq!(told, [("mistake-k3[.]top", Why::Withdrawn), ("ended-k3[.]top", Why::Expired)]);

    // Revoked by a new version, and shared again under another id: the second is still to be acted on.
    let mut revoked = indicator(1, "=SUM(A1) log-in page", "[domain-name:value = 'evil-login-k3.top']", None);
    revoked["revoked"] = true.into();
    revoked["modified"] = "2026-09-01T12:00:00.000Z".into();
    world.share(
        &Terms::default(),
        vec![revoked, indicator(21, "Again", "[domain-name:value = 'mistake-k3.top']", None)],
    );
    let gone = world.deliver.advise(GETS, None, true).unwrap().gone;
    let told: Vec<(&str, Why)> = gone.iter().map(|gone| (gone.value.as_str(), gone.why)).collect();
    assert_eq!(told, [("evil-login-k3[.]top", Why::Withdrawn), ("ended-k3[.]top", Why::Expired)]);
}

#[test]
fn a_withdrawal_says_nothing_to_those_who_never_had_it() {
    let world = world(Letterhead::default());
    let red = Terms { recipients: vec![SENDER], ..Terms::default() };
    world.share(&red, vec![indicator(30, "Not for all", "[domain-name:value = 'secret-k3.top']", None)]);
    let later =
        Terms { embargo_until: Some(Timestamp::parse("2026-09-02T07:00:00Z").unwrap()), ..Terms::default() };
    world.share(&later, vec![indicator(31, "Not yet", "[domain-name:value = 'embargo-k3.top']", None)]);
    let ids = [30, 31].map(|number| ObjectId::parse(&id("indicator", number)).unwrap());
    world.gate.withdraw(SENDER, CIRCLE, &ids, "no").unwrap();
    let text = world.text(Form::Text, "en");
    assert!(text.contains("mistake-k3[.]top"), "{text}");
    assert!(!text.contains("secret-k3") && !text.contains("embargo-k3"), "{text}");
}

#[test]
fn a_document_is_the_same_each_time_and_names_the_key_when_it_can_not_be_made() {
    let world = world(dressed());
    for form in [Form::Pdf, Form::Mail] {
        let make = || world.deliver.advisory(GETS, form, Some(Language::of("vi")), true).unwrap().body;
        assert_eq!(make(), make(), "{form:?}");
    }
    let bare = Letterhead::new(None, None, vec!["/nonexistent/letters.ttf".into()], None);
    let world = self::world(bare);
    for (form, key) in [(Form::Pdf, "advisory.fonts"), (Form::Mail, "advisory.fonts")] {
        match world.deliver.advisory(GETS, form, None, true) {
            Err(DeliverError::Unset { key: named, why }) => {
                assert_eq!(named, key);
                assert!(why.contains("/nonexistent/letters.ttf"), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
    let world = self::world(Letterhead::default());
    let error = world.deliver.advisory(GETS, Form::Mail, None, true).unwrap_err().to_string();
    assert!(error.contains("advisory.reply_to"), "{error}");
}
