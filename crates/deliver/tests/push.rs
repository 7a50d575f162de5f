//! Members are told of what changed, once, in order, and of nothing that they may not have; whatever the other side does.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use bongsu_deliver::push::mailing::{Mailing, Rhythm};
use bongsu_deliver::push::outbox::{Message, Outbox, Waiting};
use bongsu_deliver::push::webhook::{Wanted, Webhook};
use bongsu_deliver::push::{Before, Channel, Draft, NotTaken, Position, Post};
use bongsu_deliver::{Deliver, DeliverError};
use gate::{Gate, NodeKey, Submission};
use line::{Options, Store};
use parking_lot::Mutex;
use policy::{Circle, CircleId, Deed, Entry, Level, Member, MemberId, Setting, Terms};
use serde_json::{Value, json};
use stix::{ObjectId, Timestamp, Tlp};
use tokio::sync::Notify;
use tokio::sync::watch::channel;
use uuid::Uuid;
use watch::Lists;

const A: MemberId = MemberId::new(Uuid::from_u128(1));
const B: MemberId = MemberId::new(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(11));
/// 2026-01-01T00:00:00Z.
const START_S: i64 = 1_767_225_600;

struct World {
    deliver: Arc<Deliver>,
    clock: Arc<AtomicI64>,
    dir: tempfile::TempDir,
}

impl World {
    /// A shares, B is told; B is cleared for AMBER.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(START_S * 1_000_000));
        let (time, again) = (Arc::clone(&clock), Arc::clone(&clock));
        let options = Options::default();
        let store = Store::open(dir.path(), &options, Arc::new(move || time.load(Ordering::SeqCst))).unwrap();
        let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
        for (id, handle, level, clearance) in
            [(A, "a", Level::Exchange, Tlp::Red), (B, "b", Level::Block, Tlp::Amber)]
        {
            let member = Member { level, clearance, ..Member::new(id, handle) };
            gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
        }
        let circle = Circle { ceiling: Tlp::Red, members: vec![A, B], ..Circle::new(CIRCLE, "region") };
        gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        let now = Arc::new(move || Timestamp::from_micros(again.load(Ordering::SeqCst)));
        let deliver = Arc::new(Deliver::new(gate, Some(Lists::none()), "tower.test".to_owned(), now));
        Self { deliver, clock, dir }
    }

    fn outbox(&self) -> PathBuf {
        self.dir.path().join("push")
    }

    fn pass(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    fn share(&self, number: u128, tlp: Tlp) {
        self.submit(&indicator(number, tlp));
    }

    /// The sender brings a newer version that says that the object is revoked.
    fn revoke(&self, number: u128, tlp: Tlp) {
        let mut object = indicator(number, tlp);
        (object["modified"], object["revoked"]) = (json!("2026-01-02T00:00:00.000Z"), json!(true));
        self.submit(&object);
    }

    fn submit(&self, object: &Value) {
        let raw = object.to_string();
        let head = stix::read_head(&raw).unwrap();
        let now = (self.deliver.now)();
        self.deliver.gate.submit(A, CIRCLE, &Terms::default(), vec![Submission { raw, head }], now).unwrap();
    }

    fn withdraw(&self, number: u128) {
        self.deliver.gate.withdraw(A, CIRCLE, &[ObjectId::parse(&id(number)).unwrap()], "test").unwrap();
    }

    fn subscribe(&self, wanted: Wanted) {
        let from = self.deliver.position(B, true).unwrap();
        let webhook =
            Webhook::new(Uuid::from_u128(9), "https://b.example/".to_owned(), wanted, vec![1; 32], from);
        let setting = Setting { name: Webhook::setting(B), value: Some(webhook.to_json()) };
        self.deliver.gate.record(MemberId::NODE, Entry::Setting(setting)).unwrap();
    }

    fn post(&self, answer: fn(i64) -> Result<(), NotTaken>) -> Arc<Post<Hook>> {
        let hook = Hook { deliver: Arc::clone(&self.deliver), answer, sent: Mutex::default() };
        Arc::new(Post::new(hook, Arc::clone(&self.deliver), Outbox::new(self.outbox()), || 1.0))
    }

    fn deeds(&self) -> Vec<(String, Deed)> {
        self.deliver.gate.receipts(B).into_iter().map(|receipt| (receipt.what, receipt.deed)).collect()
    }
}

fn indicator(number: u128, tlp: Tlp) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": id(number),
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "pattern": format!("[domain-name:value = 'evil{number}.top']"), "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z", "object_marking_refs": [tlp.definition_id().to_string()],
    })
}

fn id(number: u128) -> String {
    format!("indicator--{}", Uuid::from_u128(0x4000_8000_0000_0000_0000 + number))
}

/// A webhook whose other side is a function of the time since the start, in seconds.
struct Hook {
    deliver: Arc<Deliver>,
    answer: fn(i64) -> Result<(), NotTaken>,
    sent: Mutex<Vec<(String, Value)>>,
}

impl Channel for Hook {
    const NAME: &'static str = "webhook";

    fn subscription(&self, member: MemberId) -> Option<(Uuid, Position)> {
        Webhook::of(&self.deliver.gate.book(), member).map(|webhook| (webhook.id, webhook.from))
    }

    fn id(&self, _member: MemberId, subscription: Uuid, number: u64, _now: Timestamp) -> String {
        format!("{subscription}.{number}")
    }

    fn draft(
        &self,
        member: MemberId,
        _id: &str,
        waiting: &mut Waiting,
        before: &mut Before,
    ) -> Result<Option<Draft>, DeliverError> {
        let webhook = Webhook::of(&self.deliver.gate.book(), member).unwrap();
        webhook.draft(&self.deliver, member, waiting, before)
    }

    async fn send(&self, _member: MemberId, message: &Message) -> Result<(), NotTaken> {
        self.sent.lock().push((message.id.clone(), serde_json::from_str(&message.body).unwrap()));
        (self.answer)((self.deliver.now)().seconds() - START_S)
    }
}

/// A webhook whose other side takes its time.
struct Answering {
    hook: Hook,
    begun: Notify,
    taken: Notify,
}

impl Channel for Answering {
    const NAME: &'static str = Hook::NAME;

    fn subscription(&self, member: MemberId) -> Option<(Uuid, Position)> {
        self.hook.subscription(member)
    }

    fn id(&self, member: MemberId, subscription: Uuid, number: u64, now: Timestamp) -> String {
        self.hook.id(member, subscription, number, now)
    }

    fn draft(
        &self,
        member: MemberId,
        id: &str,
        waiting: &mut Waiting,
        before: &mut Before,
    ) -> Result<Option<Draft>, DeliverError> {
        self.hook.draft(member, id, waiting, before)
    }

    async fn send(&self, member: MemberId, message: &Message) -> Result<(), NotTaken> {
        self.begun.notify_one();
        self.taken.notified().await;
        self.hook.send(member, message).await
    }
}

fn refuse(why: &str) -> Result<(), NotTaken> {
    Err(NotTaken { why: why.to_owned(), is_final: false, after: None })
}

/// Takes turns as long as there is something to do at once.
async fn turns(post: &Arc<Post<Hook>>) -> Duration {
    for _ in 0..20 {
        let wait = post.turn(B).await.unwrap();
        if !wait.is_zero() {
            return wait;
        }
    }
    panic!("it never ends");
}

#[tokio::test]
async fn what_changes_is_told_once_and_nothing_that_is_hidden() {
    let world = World::new();
    world.share(1, Tlp::Green);
    world.subscribe(Wanted::All);
    let post = world.post(|_| Ok(()));
    turns(&post).await;
    assert!(post.channel.sent.lock().is_empty(), "what was there before is not news");
    world.share(2, Tlp::Red);
    turns(&post).await;
    assert!(post.channel.sent.lock().is_empty(), "B is not cleared for RED");
    world.share(3, Tlp::Green);
    world.pass(Duration::from_secs(2));
    turns(&post).await;
    let sent = std::mem::take(&mut *post.channel.sent.lock());
    assert_eq!(sent.len(), 1, "{sent:?}");
    let data = &sent[0].1["data"];
    assert_eq!(data["circles"][0]["objects"], json!({"indicator": 1}), "{data}");
    assert_eq!((&data["circles"][0]["circle"], &data["circles"][0]["upto"]), (&json!("region"), &json!(3)));
    let artefacts: BTreeSet<&str> =
        data["artefacts"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(artefacts, BTreeSet::from(["advisory.html", "list/domain.txt", "list/all.txt", "zone.rpz"]));
    world.withdraw(2);
    world.withdraw(3);
    world.pass(Duration::from_secs(2));
    turns(&post).await;
    let sent = std::mem::take(&mut *post.channel.sent.lock());
    assert_eq!(sent[0].1["data"]["withdrawn"], json!([id(3)]), "what was never seen is not named");
    turns(&post).await;
    assert!(post.channel.sent.lock().is_empty());
    assert_eq!(world.deeds(), [("webhook".to_owned(), Deed::Delivered)]);
}

/// What was taken and not noted would be sent again, by the node that takes over or after the start.
#[tokio::test]
async fn what_is_being_sent_when_all_is_to_stop_is_noted_first() {
    let world = World::new();
    world.subscribe(Wanted::All);
    world.share(1, Tlp::Green);
    world.pass(Duration::from_secs(2));
    let hook = Hook { deliver: Arc::clone(&world.deliver), answer: |_| Ok(()), sent: Mutex::default() };
    let slow = Answering { hook, begun: Notify::new(), taken: Notify::new() };
    let post = Arc::new(Post::new(slow, Arc::clone(&world.deliver), Outbox::new(world.outbox()), || 1.0));
    let ((_pulse, pulse), (stop, stopped)) = (channel(0), channel(false));
    let running = tokio::spawn(Arc::clone(&post).run(pulse, stopped));
    post.channel.begun.notified().await;
    stop.send(true).unwrap();
    tokio::task::yield_now().await;
    assert!(!running.is_finished(), "the other side has not answered");
    post.channel.taken.notify_one();
    running.await.unwrap();
    let waiting = post.waiting(B).unwrap().unwrap();
    assert_eq!((waiting.queue.len(), waiting.done.len()), (0, 1));
}

#[tokio::test]
async fn what_is_revoked_is_told_as_withdrawn_once_and_to_nobody_who_never_had_it() {
    let world = World::new();
    world.share(1, Tlp::Green);
    world.share(2, Tlp::Red);
    world.subscribe(Wanted::All);
    let told = world.deliver.position(B, false).unwrap();
    let mailing = Mailing::new(Uuid::from_u128(8), "b@b.example".to_owned(), Rhythm::Urgent, told.clone());
    let post = world.post(|_| Ok(()));
    turns(&post).await;
    world.revoke(2, Tlp::Green);
    world.revoke(3, Tlp::Green);
    world.pass(Duration::from_secs(2));
    turns(&post).await;
    assert!(post.channel.sent.lock().is_empty(), "B had neither before");
    world.revoke(1, Tlp::Green);
    world.pass(Duration::from_secs(2));
    turns(&post).await;
    let sent = std::mem::take(&mut *post.channel.sent.lock());
    assert_eq!(sent.len(), 1, "{sent:?}");
    let data = &sent[0].1["data"];
    assert_eq!((&data["withdrawn"], &data["circles"][0]["objects"]), (&json!([id(1)]), &json!({})), "{data}");
    assert!(data["artefacts"].as_array().unwrap().contains(&json!("list/domain.txt")), "{data}");

    let mut waiting = Waiting::new(mailing.id, told, 0);
    let mailed = std::cell::RefCell::new(None);
    let draft = mailing.draft(&world.deliver, B, &mut waiting, &mut Before::default(), |content, _| {
        *mailed.borrow_mut() = Some(content);
        Ok(String::new())
    });
    let (draft, digest) = (draft.unwrap().unwrap(), mailed.into_inner().unwrap());
    assert!(digest.subject.contains("URGENT: 1 withdrawn ("), "{}", digest.subject);
    assert!(
        digest.text.contains("1 withdrawn: what you were told of earlier") && !digest.text.contains("New")
    );
    waiting.told = draft.upto;

    // To withdraw it as well changes nothing for anybody.
    world.withdraw(1);
    world.pass(Duration::from_secs(2));
    turns(&post).await;
    assert!(post.channel.sent.lock().is_empty());
    let again =
        mailing.draft(&world.deliver, B, &mut waiting, &mut Before::default(), |_, _| Ok(String::new()));
    assert!(again.unwrap().is_none());
}

#[tokio::test]
async fn fires_and_indicators_are_told_to_whom_they_matter() {
    let world = World::new();
    world.subscribe(Wanted::Fires);
    let post = world.post(|_| Ok(()));
    world.share(1, Tlp::Green);
    world.pass(Duration::from_secs(2));
    turns(&post).await;
    let sent = std::mem::take(&mut *post.channel.sent.lock());
    assert_eq!((sent.len(), &sent[0].1["type"]), (1, &json!("fires")));
    assert_eq!(sent[0].1["data"]["fires"][0]["fires"], 2);
    world.share(2, Tlp::Green);
    world.pass(Duration::from_secs(2));
    turns(&post).await;
    assert!(post.channel.sent.lock().is_empty(), "as many fires as before");
}

#[tokio::test]
async fn an_hour_of_failures_is_waited_out_and_what_comes_meanwhile_becomes_one_message() {
    let world = World::new();
    world.subscribe(Wanted::Indicators);
    let post = world.post(|seconds| if seconds < 3_600 { refuse("500") } else { Ok(()) });
    world.share(1, Tlp::Green);
    let mut number = 2;
    loop {
        let wait = turns(&post).await;
        if wait == Duration::from_secs(30) {
            break;
        }
        world.pass(wait);
        world.share(number, Tlp::Green);
        number += 1;
    }
    let sent = std::mem::take(&mut *post.channel.sent.lock());
    let ids: BTreeSet<&str> = sent.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids.len(), 2, "one waits, all that came meanwhile is another");
    let first: Vec<_> = sent.iter().filter(|(id, _)| *id == sent[0].0).collect();
    assert!(first.len() >= 10 && first.iter().all(|one| **one == sent[0]), "the same each time");
    let [.., last] = &sent[..] else { panic!() };
    let told = |message: &Value| message["data"]["circles"][0]["objects"]["indicator"].as_u64().unwrap();
    assert_eq!(u128::from(told(&sent[0].1) + told(&last.1)), number - 1, "nothing is lost");
    assert_eq!(sent.len(), first.len() + 1, "and nothing is told twice");
    assert_eq!(world.deeds(), [("webhook".to_owned(), Deed::Delivered)]);
}

#[tokio::test]
async fn after_a_day_a_message_is_put_aside_and_can_be_tried_again() {
    let world = World::new();
    world.subscribe(Wanted::All);
    let post = world.post(|seconds| if seconds < 100_000 { refuse("no answer") } else { Ok(()) });
    world.share(1, Tlp::Green);
    while post.waiting(B).unwrap().unwrap().dead.is_empty() {
        let wait = turns(&post).await;
        world.pass(wait);
    }
    let waited = (world.deliver.now)().seconds() - START_S;
    assert!((80_000..90_000).contains(&waited), "{waited}");
    assert_eq!(world.deeds(), [("webhook".to_owned(), Deed::Failed)]);
    let dead = post.waiting(B).unwrap().unwrap().dead;
    assert_eq!(dead[0].error.as_deref(), Some("no answer"));
    world.pass(Duration::from_secs(20_000));
    let tried = post.channel.sent.lock().len();
    assert_eq!(post.revive(B).unwrap(), 1);
    turns(&post).await;
    let sent = post.channel.sent.lock();
    assert!(sent.len() > tried && sent.iter().filter(|one| one.0 == dead[0].id).all(|one| *one == sent[0]));
    assert!(post.waiting(B).unwrap().unwrap().dead.is_empty());
}

#[tokio::test]
async fn what_is_gone_is_given_up_at_once() {
    let world = World::new();
    world.subscribe(Wanted::All);
    let post = world.post(|_| Err(NotTaken { why: "410".to_owned(), is_final: true, after: None }));
    world.share(1, Tlp::Green);
    turns(&post).await;
    let waiting = post.waiting(B).unwrap().unwrap();
    assert_eq!((waiting.queue.len(), waiting.dead.len(), waiting.dead[0].attempts), (0, 1, 1));
}

#[tokio::test]
async fn what_waits_is_the_same_after_a_restart_and_what_was_taken_does_not_come_again() {
    let world = World::new();
    world.subscribe(Wanted::All);
    world.share(1, Tlp::Green);
    let post = world.post(|_| refuse("500"));
    turns(&post).await;
    let before = post.channel.sent.lock()[0].clone();
    drop(post);
    world.share(2, Tlp::Green);
    world.pass(Duration::from_secs(10));
    let post = world.post(|_| Ok(()));
    turns(&post).await;
    let sent = std::mem::take(&mut *post.channel.sent.lock());
    assert_eq!(sent[0], before, "what a receiver may have is not said otherwise under the same id");
    assert_eq!(sent[1].1["data"]["circles"][0]["objects"], json!({"indicator": 1}));
    drop(post);
    let post = world.post(|_| Ok(()));
    turns(&post).await;
    assert!(post.channel.sent.lock().is_empty());
}

/// A channel whose messages take as long to make as the test wants.
struct Slow {
    started: Mutex<mpsc::Sender<()>>,
    go_on: Mutex<mpsc::Receiver<()>>,
}

impl Channel for Slow {
    const NAME: &'static str = "webhook";

    fn subscription(&self, _member: MemberId) -> Option<(Uuid, Position)> {
        Some((Uuid::nil(), Position::default()))
    }

    fn id(&self, _member: MemberId, _subscription: Uuid, number: u64, _now: Timestamp) -> String {
        number.to_string()
    }

    fn draft(
        &self,
        _member: MemberId,
        _id: &str,
        _waiting: &mut Waiting,
        _before: &mut Before,
    ) -> Result<Option<Draft>, DeliverError> {
        self.started.lock().send(()).unwrap();
        let went_on = self.go_on.lock().recv_timeout(Duration::from_secs(10));
        let late = |_| DeliverError::Render("who looks waits for what is made".to_owned());
        went_on.map_err(late)?;
        Ok(Some(Draft { body: "made".to_owned(), upto: Position::default() }))
    }

    async fn send(&self, _member: MemberId, _message: &Message) -> Result<(), NotTaken> {
        refuse("later")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_at_what_waits_does_not_wait_for_what_is_being_made() {
    let world = World::new();
    let (started, is_started) = mpsc::channel();
    let (go, go_on) = mpsc::channel();
    let slow = Slow { started: Mutex::new(started), go_on: Mutex::new(go_on) };
    let post = Post::new(slow, Arc::clone(&world.deliver), Outbox::new(world.outbox()), || 1.0);
    let post = Arc::new(post);
    let making = Arc::clone(&post);
    let turn = tokio::spawn(async move { making.turn(B).await });
    tokio::task::block_in_place(|| is_started.recv_timeout(Duration::from_secs(10)).unwrap());
    assert!(post.waiting(B).unwrap().unwrap().queue.is_empty());
    assert_eq!(post.revive(B).unwrap(), 0);
    go.send(()).unwrap();
    turn.await.unwrap().unwrap();
    let waiting = post.waiting(B).unwrap().unwrap();
    assert_eq!((waiting.made, waiting.queue[0].body.as_str()), (1, "made"));
}
