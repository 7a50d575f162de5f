//! What mails say, in which language, and with which advisory they go.

use std::cell::RefCell;
use std::sync::Arc;

use bongsu_deliver::digest::Enclosure;
use bongsu_deliver::mail::{Content, MAIL_BYTES_MAX};
use bongsu_deliver::push::mailing::{AdvisoryBy, Mailing, Rhythm};
use bongsu_deliver::push::outbox::{DEAD_BYTES_MAX, DEAD_MAX, Message, Outbox, Version, Waiting};
use bongsu_deliver::push::{Before, Position};
use bongsu_deliver::{Deliver, DeliverError, Letterhead};
use gate::{Gate, NodeKey, Submission};
use line::{Options, Store};
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use serde_json::json;
use stix::{Timestamp, Tlp};
use uuid::Uuid;
use watch::Lists;

const A: MemberId = MemberId::new(Uuid::from_u128(1));
const B: MemberId = MemberId::new(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(11));
const NOW: &str = "2026-01-01T00:00:00.000Z";

struct World {
    deliver: Deliver,
    _dir: tempfile::TempDir,
}

impl World {
    /// A shares, B is told in this language, of all up to RED.
    fn new(language: &str, letterhead: Letterhead) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::parse(NOW).unwrap();
        let store = Store::open(dir.path(), &Options::default(), Arc::new(move || now.micros())).unwrap();
        let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
        for (id, handle, level) in [(A, "a", Level::Exchange), (B, "b", Level::Read)] {
            let language = language.to_owned();
            let member = Member { level, clearance: Tlp::Red, language, ..Member::new(id, handle) };
            gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
        }
        let circle = Circle { ceiling: Tlp::Red, members: vec![A, B], ..Circle::new(CIRCLE, "region") };
        gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        let deliver = Deliver::new(gate, Some(Lists::none()), "tower.test".to_owned(), Arc::new(move || now));
        Self { deliver: deliver.under(letterhead), _dir: dir }
    }

    fn share(&self, object_type: &str, number: u128, tlp: Tlp) {
        let id = Uuid::from_u128(0x4000_8000_0000_0000_0000 + number);
        let raw = json!({
            "type": object_type, "spec_version": "2.1", "id": format!("{object_type}--{id}"),
            "created": NOW, "modified": NOW, "name": format!("{object_type} {number}"), "labels": ["severity:critical"],
            "object_marking_refs": [tlp.definition_id().to_string()],
        })
        .to_string();
        let head = stix::read_head(&raw).unwrap();
        let now = (self.deliver.now)();
        // Without a name, what is RED goes to nobody.
        let recipients = if tlp == Tlp::Red { vec![B] } else { Vec::new() };
        let terms = Terms { recipients, ..Terms::default() };
        self.deliver.gate.submit(A, CIRCLE, &terms, vec![Submission { raw, head }], now).unwrap();
    }

    /// What a mail that goes now says, if a message has `bytes` with a document and a few without.
    fn mail(&self, advisory: AdvisoryBy, bytes: usize) -> Result<Content, DeliverError> {
        let now = (self.deliver.now)().micros();
        let mut mailing =
            Mailing::new(Uuid::nil(), "b@b.example".to_owned(), Rhythm::Urgent, Position::default());
        mailing.advisory = advisory;
        let mut waiting = Waiting::new(mailing.id, Position::default(), now);
        let last = RefCell::new(None);
        let make = |content: Content, _| {
            let body = "x".repeat(if !content.attached.is_empty() { bytes } else { 1 });
            last.replace(Some(content));
            Ok(body)
        };
        mailing.draft(&self.deliver, B, &mut waiting, &mut Before::default(), make)?;
        Ok(last.take().unwrap())
    }
}

fn there() -> Letterhead {
    Letterhead::new(Some("https://tower.example/".to_owned()), None, Vec::new(), None)
}

#[test]
fn each_language_tells_of_a_type_in_its_own_words() {
    let says = |language| {
        let world = World::new(language, there());
        for (number, object_type) in
            ["incident", "vulnerability", "vulnerability", "x-kite"].into_iter().enumerate()
        {
            world.share(object_type, number as u128, Tlp::Green);
        }
        let mail = world.mail(AdvisoryBy::Linked, 0).unwrap();
        assert!(mail.html.contains(&format!("<html lang=\"{language}\">")), "{}", mail.html);
        insta::assert_snapshot!(format!("mail.{language}.txt"), mail.text);
        mail.subject
    };
    assert_eq!(
        ["en", "ko", "fr", "id", "vi"].map(says),
        [
            "[TLP:GREEN] [4/5] URGENT: 1 incident, 2 vulnerabilities, 1 object of type x-kite (tower.test)",
            "[TLP:GREEN] [4/5] 긴급: 사고 1건, 취약점 2건, x-kite 유형 객체 1개 (tower.test)",
            "[TLP:GREEN] [4/5] URGENT : 1 incident de sécurité, 2 vulnérabilités, 1 objet de type x-kite (tower.test)",
            "[TLP:GREEN] [4/5] MENDESAK: 1 insiden, 2 kerentanan, 1 objek berjenis x-kite (tower.test)",
            "[TLP:GREEN] [4/5] KHẨN: 1 sự cố, 2 lỗ hổng, 1 đối tượng loại x-kite (tower.test)",
        ]
    );
}

#[test]
fn types_without_end_do_not_make_a_mail_without_end() {
    let world = World::new("en", there());
    for number in 0..200 {
        world.share(&format!("x-kite-{number:03}"), number, Tlp::Green);
    }
    world.share("incident", 1, Tlp::Green);
    let mail = world.mail(AdvisoryBy::Linked, 0).unwrap();
    assert!(mail.text.contains("x-kite-029") && !mail.text.contains("x-kite-030"), "{}", mail.text);
    assert!(mail.text.contains("170 objects of other types"), "{}", mail.text);
}

#[test]
fn a_mail_goes_without_an_advisory_that_is_too_long_or_can_not_be_made_and_says_where_it_is() {
    let world = World::new("en", there());
    world.share("incident", 1, Tlp::Amber);
    let with = world.mail(AdvisoryBy::Attached, MAIL_BYTES_MAX).unwrap();
    assert!(with.attached.first().is_some_and(|file| file.bytes.starts_with(b"%PDF-")), "{}", with.text);
    assert!(with.text.contains("See the attached advisory;"), "{}", with.text);
    let without = "It could not be attached to this mail";
    let mail = world.mail(AdvisoryBy::Attached, MAIL_BYTES_MAX + 1).unwrap();
    assert!(mail.attached.is_empty() && mail.text.contains(without), "{}", mail.text);
    assert!(mail.text.contains("https://tower.example/d/advisory.html"), "{}", mail.text);

    let world = World::new("ko", Letterhead::new(None, None, vec!["/nonexistent/letters.ttf".into()], None));
    world.share("incident", 1, Tlp::Amber);
    assert!(matches!(world.deliver.enclosure(B), Ok(Enclosure::Missing)));
    let mail = world.mail(AdvisoryBy::Attached, 0).unwrap();
    assert!(mail.attached.is_empty() && mail.text.contains("첨부하지 못했습니다"), "{}", mail.text);
}

/// What is RED need not be new: an advisory that holds it goes by no mail.
#[test]
fn an_advisory_with_red_in_it_is_not_attached() {
    let world = World::new("en", there());
    world.share("report", 1, Tlp::Red);
    world.share("incident", 2, Tlp::Green);
    assert!(matches!(world.deliver.enclosure(B), Ok(Enclosure::Red)));
    let mail = world.mail(AdvisoryBy::Attached, 0).unwrap();
    assert!(mail.attached.is_empty() && !mail.text.contains("report 1"), "{}", mail.text);
    assert!(
        mail.text.contains("not sent by mail") && mail.subject.starts_with("[TLP:GREEN]"),
        "{}",
        mail.text
    );
}

fn message(body: String) -> Message {
    let (upto, at) = (Position::default(), 0);
    let id = body.len().to_string();
    Message { id, body, upto, made_us: at, since_us: at, attempts: 0, next_us: at, error: None }
}

#[test]
fn what_was_given_up_is_kept_within_limits_and_fits_its_file() {
    let mut waiting = Waiting::new(Uuid::nil(), Position::default(), 0);
    for _ in 0..=DEAD_MAX {
        waiting.queue.push_back(message("short".to_owned()));
        waiting.give_up();
    }
    assert_eq!(waiting.dead.len(), DEAD_MAX);
    for bytes in 0..20 {
        // Nothing grows more when it is written as JSON than what a mail may hold.
        waiting.queue.push_back(message("\"".repeat(MAIL_BYTES_MAX - bytes)));
        waiting.give_up();
    }
    let bytes: usize = waiting.dead.iter().map(|message| message.body.len()).sum();
    assert!(bytes <= DEAD_BYTES_MAX && bytes > DEAD_BYTES_MAX - MAIL_BYTES_MAX, "{bytes}");
    assert_eq!(waiting.dead.back().unwrap().id, (MAIL_BYTES_MAX - 19).to_string(), "the newest are kept");
    waiting.queue.push_back(message("\"".repeat(MAIL_BYTES_MAX)));
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(dir.path().to_owned());
    let version = outbox.write(B, &waiting, Version::default()).unwrap();
    assert_eq!(outbox.read(B).unwrap(), Some((waiting, version)));
}
