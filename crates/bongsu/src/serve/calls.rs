//! Sees to calls: sends what was not delivered yet, and asks the deputy when the agreed time has passed.
//!
//! The node's line is the outbox: a question stands in it before it is sent, and is the same each time it is sent, under the
//! same id, so that a node that is killed loses none. What waits in a member's own outbox does not stand before it. Terms
//! are measured by a clock that can't be set while the node runs; what had passed before it started is taken from the line, and
//! counts for no more than the term.

use crate::command::drill::wires;
use crate::exit::Failure;
use crate::node::Node;
use deliver::calling::{Asked, Calling as Question, Earnest};
use deliver::push::outbox::Message;
use deliver::push::{Channel as _, NotTaken, Position};
use deliver::speech::Language;
use parking_lot::Mutex;
use policy::Book;
use region::drill::{ASKS_MAX, Ask, Call, Event as CallEvent, Purpose, Wire, plan, seconds};
use region::{Event, Register};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stix::Timestamp;
use uuid::Uuid;

/// Rest after a question that was not taken; twice as long after each further time, up to the longest.
const REST: Duration = Duration::from_secs(5);
const REST_MAX: Duration = Duration::from_secs(300);
/// Questions that are on their way at a time.
const SENDING_MAX: usize = 64;
/// Longest reason that is kept, in characters.
const WHY_CHARS_MAX: usize = 500;

/// One question on one wire.
type Key = (u64, usize, Wire);

/// What is known of calls beside the line: nothing that a start does not find again.
#[derive(Default)]
pub(super) struct Calling {
    /// When the term of an ask ends.
    due: Mutex<HashMap<(u64, usize), Instant>>,
    sending: Mutex<HashMap<Key, Sending>>,
    /// Calls to which nothing happens by itself any more.
    settled: Mutex<HashSet<u64>>,
}

struct Sending {
    /// Not before then; `None` while it is on its way.
    again: Option<Instant>,
    rest: Duration,
    /// The other side took it: a turn that began before that was written does not send it again.
    is_taken: bool,
}

impl Calling {
    /// Does what is due.
    ///
    /// # Errors
    /// When the line can't be read or written, or what sends can't be made.
    pub(super) fn run(self: &Arc<Self>, node: &Arc<Node>) -> Result<(), Failure> {
        let register = node.region.register()?;
        let now = node.now();
        let mut open = Vec::new();
        for call in register.calls().iter().filter(|call| !self.settled.lock().contains(&call.number)) {
            let pending = pending(call, now);
            match pending.is_empty() && call.waiting().is_empty() {
                true => self.settle(call.number),
                false => open.push((call, pending)),
            }
        }
        for (call, pending) in &open {
            for (ask, wire) in pending {
                self.send(node, &register, call, *ask, *wire)?;
            }
        }
        for (call, _) in open {
            for ask in call.waiting() {
                if self.is_due(call, ask, now) {
                    self.pass_on(node, call.number, ask)?;
                }
            }
        }
        Ok(())
    }

    fn settle(&self, number: u64) {
        self.sending.lock().retain(|(call, ..), _| *call != number);
        self.due.lock().retain(|(call, _), _| *call != number);
        self.settled.lock().insert(number);
    }

    fn is_due(&self, call: &Call, at: usize, now: Timestamp) -> bool {
        let Some(ask) = call.asks.get(at) else { return false };
        if ask.is_lost() {
            return true;
        }
        let passed_s = seconds(ask.asked, now).min(call.definition.term_s.into());
        let left_s = u64::from(call.definition.term_s) - passed_s;
        let begin = || Instant::now() + Duration::from_secs(left_s);
        let due = *self.due.lock().entry((call.number, at)).or_insert_with(begin);
        Instant::now() >= due
    }

    /// Asks the deputy, or notes that nobody is left.
    fn pass_on(&self, node: &Node, number: u64, ask: usize) -> Result<(), Failure> {
        let (book, now) = (node.gate.book(), node.now());
        let wires = wires(node, &book)?;
        let told = node.region.happens(|register| {
            // An answer may have come meanwhile.
            let Some(call) = register.call(number).filter(|call| call.waiting().contains(&ask)) else {
                return Ok((Vec::new(), None));
            };
            let deputy = plan::next(register, &book, call, ask, &wires, now);
            let deputy = deputy.filter(|_| call.asks.len() < ASKS_MAX);
            let has_deputy = deputy.is_some();
            let event = deputy.unwrap_or(CallEvent::Exhausted { ask });
            let contact = call.asks.get(ask).map(|ask| ask.contact.clone());
            Ok((vec![Event::Call { call: number, event }], contact.map(|contact| (contact, has_deputy))))
        })?;
        self.due.lock().remove(&(number, ask));
        match told {
            Some((contact, true)) => {
                tracing::info!(
                    call = number,
                    contact,
                    "call {number}: {contact} has not answered or can't be asked, so the deputy is asked"
                )
            }
            Some((contact, false)) => {
                tracing::warn!(
                    call = number,
                    contact,
                    "call {number}: {contact} has not answered or can't be asked, and nobody is left to ask"
                )
            }
            None => {}
        }
        Ok(())
    }

    /// Sends a question, if it is not on its way and has rested.
    fn send(
        self: &Arc<Self>,
        node: &Arc<Node>,
        register: &Register,
        call: &Call,
        at: usize,
        wire: Wire,
    ) -> Result<(), Failure> {
        let key = (call.number, at, wire);
        let Some(doing) = node.leads.begin() else { return Ok(()) };
        // Before it counts as on its way.
        let (mails, webhooks) = (node.mails()?, node.webhooks()?);
        {
            let mut sending = self.sending.lock();
            let on_their_way = sending.values().filter(|sending| sending.again.is_none()).count();
            let one = sending.entry(key).or_insert_with(|| Sending {
                again: Some(Instant::now()),
                rest: REST,
                is_taken: false,
            });
            let rests = one.again.is_none_or(|again| Instant::now() < again);
            if one.is_taken || rests || on_their_way >= SENDING_MAX {
                return Ok(());
            }
            one.again = None;
        }
        let made = message(node, register, call, at, wire);
        let (calling, node) = (Arc::clone(self), Arc::clone(node));
        let member = call.asks.get(at).map(|ask| ask.member);
        let fences = line::beside::under();
        tokio::runtime::Handle::current().spawn(async move {
            // So that a node that stops waits for it: the next one would ask once more what was taken and not noted.
            let _until_noted = doing;
            let outcome = match (made, member) {
                (Ok((to, message)), Some(member)) => match (wire, mails.channel.mailer()) {
                    (Wire::Webhook, _) => webhooks.channel.send(member, &message).await,
                    (Wire::Mail, Some(mailer)) => mailer.send(&to, &message.body).await,
                    (Wire::Mail, None) => Err(gone("the node sends no mails any more")),
                },
                (Err(why), _) => Err(gone(&why)),
                (_, None) => return,
            };
            let note = move || line::beside::within(&fences, || calling.note(&node, key, outcome));
            let noted = tokio::task::spawn_blocking(note).await;
            if let Ok(Err(error)) = noted {
                tracing::error!(%error, "what became of a question could not be written");
            }
        });
        Ok(())
    }

    fn note(&self, node: &Node, key: Key, outcome: Result<(), NotTaken>) -> Result<(), Failure> {
        let (number, ask, wire) = key;
        let noted = node.region.happens(|register| {
            let tried = register.call(number).and_then(|call| call.asks.get(ask)?.wires.get(&wire));
            let event = match &outcome {
                Ok(()) => Some(CallEvent::Delivered { ask, wire }),
                Err(not) => {
                    let why: String = not.why.chars().take(WHY_CHARS_MAX).collect();
                    // Only what is new, so that a server that is away for a day writes no thousand lines.
                    let is_new =
                        tried.is_some_and(|tried| tried.error.as_ref() != Some(&why) || not.is_final);
                    is_new.then_some(CallEvent::NotDelivered { ask, wire, why, is_final: not.is_final })
                }
            };
            Ok((event.map(|event| Event::Call { call: number, event }).into_iter().collect(), ()))
        });
        let mut sending = self.sending.lock();
        if let Some(one) = sending.get_mut(&key) {
            one.is_taken = noted.is_ok() && outcome.is_ok();
            one.again = Some(Instant::now() + one.rest);
            one.rest = one.rest.saturating_mul(2).min(REST_MAX);
        }
        if let Err(not) = &outcome {
            tracing::warn!(
                call = number,
                ask,
                wire = wire.name(),
                "a question of call {number} was not taken: {}",
                not.why
            );
        }
        noted
    }
}

fn gone(why: &str) -> NotTaken {
    NotTaken { why: why.to_owned(), is_final: true, after: None }
}

/// What is still to be sent: what was not delivered nor given up, and can still be answered.
fn pending(call: &Call, now: Timestamp) -> Vec<(usize, Wire)> {
    if call.closed.is_some() {
        return Vec::new();
    }
    let open = call
        .asks
        .iter()
        .enumerate()
        .filter(|(_, ask)| ask.answer.is_none() && ask.is_valid(&call.definition, now));
    let wires = open.flat_map(|(at, ask)| ask.wires.iter().map(move |(wire, tried)| (at, *wire, tried)));
    wires
        .filter(|(.., tried)| tried.delivered.is_none() && !tried.is_final)
        .map(|(at, wire, _)| (at, wire))
        .collect()
}

/// What goes out: to which address, if by mail, and the message; or why it can't be made, for good.
fn message(
    node: &Node,
    register: &Register,
    call: &Call,
    at: usize,
    wire: Wire,
) -> Result<(String, Message), String> {
    let ask = call.asks.get(at).ok_or("there is no such question")?;
    let listed = register.contact(&ask.contact).ok_or("the contact was removed")?;
    let book = node.gate.book();
    let root = node.config.http.public_url.as_deref().ok_or("http.public_url is not set")?;
    let place = u32::try_from(at).map_err(|error| error.to_string())?;
    let link = node.call_key().sign(Asked { call: call.number, ask: place, at: ask.asked.micros() });
    let link = format!("{}/call/{link}", root.trim_end_matches('/'));
    let (name, circle) = (node.gate.key().name(), book.circle(call.definition.circle));
    let question = Question {
        earnest: match call.definition.purpose {
            Purpose::Drill => Earnest::Drill,
            Purpose::Emergency => Earnest::Emergency,
        },
        number: call.number,
        node: name,
        caller: caller(&book, call).unwrap_or(name),
        circle: circle.map_or("", |circle| &circle.title),
        contact: &ask.contact,
        is_deputy: ask.instead_of.is_some(),
        question: &call.definition.question,
        link: &link,
        until: until(call, ask),
        term_s: call.definition.term_s,
    };
    let id =
        Uuid::new_v5(&listed.id(), format!("call {} {at} {}", call.number, ask.asked).as_bytes()).simple();
    match wire {
        Wire::Webhook => {
            Ok((String::new(), sent(format!("call-{id}"), question.json(ask.asked).to_string(), ask)))
        }
        Wire::Mail => {
            let to = listed.contact.mail().ok_or("the contact has no mail address any more")?;
            let post = node.mails().map_err(|failure| failure.message)?;
            let mailer = post.channel.mailer().ok_or("the node sends no mails any more")?;
            let language = listed.contact.languages.first().map_or("en", String::as_str);
            let id = mailer.id(&format!("call.{id}"));
            let made = mailer.message(to, &id, ask.asked, question.mail(Language::of(language)));
            Ok((to.to_owned(), sent(id, made.map_err(|error| error.to_string())?, ask)))
        }
    }
}

fn caller<'b>(book: &'b Book, call: &Call) -> Option<&'b str> {
    book.member(call.definition.caller?).map(|member| member.name.as_str())
}

/// Until when a link takes an answer.
fn until(call: &Call, ask: &Ask) -> Timestamp {
    Timestamp::from_micros(ask.asked.micros().saturating_add(i64::from(call.definition.valid_s) * 1_000_000))
}

fn sent(id: String, body: String, ask: &Ask) -> Message {
    let made_us = ask.asked.micros();
    let (attempts, error, upto) = (0, None, Position::default());
    Message { id, body, upto, made_us, since_us: made_us, attempts, next_us: made_us, error }
}
