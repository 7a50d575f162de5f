//! What members do, made to happen at a node: asks and their answers, playbooks carried out, calls.

use deliver::calling::Asked as CallAsked;
use deliver::playbook::result::share;
use deliver::playbook::run::{Event as RunEvent, Started, StepState, What};
use gate::{Answerer, Asking, Grant, Query, Reply};
use policy::{CircleId, MemberId, Reach, Request, Wish};
use region::Event;
use region::contact::Listed;
use region::drill::{Ask, Definition, Event as CallEvent, Wire, plan};
use region::notice::{About, Because, Event as NoticeEvent, State, Step};
use region::transit::Place;
use stix::ObjectId;
use uuid::Uuid;

use super::doing::{Call, Plea, Run, Says, Wider};
use super::plan::{SHARED_S, World};
use crate::node::Node;

/// The id of an ask and its originator's link, if it could be asked; and what was made of it, in which circles.
pub(super) type Asked = (Option<(Uuid, String)>, Vec<(usize, ObjectId)>);

/// What happened of what was drawn, in the order of the drawing.
pub(super) struct Facts {
    /// Under which id something was asked, with the originator's link; and what was made of it in which circles.
    pub(super) pleas: Vec<Asked>,
    /// Whether a playbook was carried out, and as which note its result was shared.
    pub(super) runs: Vec<Option<Option<String>>>,
    /// The link of the first contact that was called.
    pub(super) calls: Vec<Option<String>>,
}

/// Has it all happen.
pub(super) fn happen(world: &World, node: &Node) -> Facts {
    notices(world, node);
    Facts {
        pleas: world.pleas.iter().map(|plea| ask(world, node, plea)).collect(),
        runs: world.runs.iter().map(|run| carry_out(world, node, run)).collect(),
        calls: world.calls.iter().map(|one| call(world, node, one)).collect(),
    }
}

fn notices(world: &World, node: &Node) {
    let seen = u32::try_from(SHARED_S - 60).unwrap();
    for (number, notice) in (1..).zip(&world.notices) {
        let about = About {
            member: member(world, notice.member),
            address: notice.address.parse().unwrap(),
            place: Place::default(),
            roles: Vec::new(),
            seen: (seen, seen),
            count: 1,
            because: Because::Network,
        };
        let (to, note) = (Some(notice.note.clone()), Some(notice.note.clone()));
        let step = Step { state: State::Sent, at: node.now(), to, note };
        let events = vec![NoticeEvent::Drafted(Box::new(about)), NoticeEvent::Step { notice: number, step }];
        node.transit.notices.happens(|_| Ok((events, ()))).unwrap();
    }
}

fn member(world: &World, at: usize) -> MemberId {
    MemberId::new(world.members[at].id)
}

fn circle(world: &World, at: usize) -> CircleId {
    CircleId::new(world.circles[at].id)
}

fn wish(world: &World, wider: Wider) -> Wish {
    let Wider { to, tlp, without_source } = wider;
    Wish { circle: to.map(|at| circle(world, at)), tlp, without_source }
}

fn ask(world: &World, node: &Node, plea: &Plea) -> Asked {
    let thing = &world.things[plea.thing];
    let asking = Asking {
        member: member(world, plea.asker),
        circle: circle(world, thing.circle),
        object: ObjectId::parse(&thing.id).unwrap(),
        wish: wish(world, plea.wish),
        why: plea.why.clone(),
        encrypted: true,
    };
    let Ok(ask) = node.gate.ask(asking, node.now()) else { return (None, Vec::new()) };
    let deliver = node.deliver().unwrap();
    let link = deliver.letterhead().tickets.as_ref().unwrap().sign_ask(ask.id);
    let grant = match plea.says {
        Says::Nothing => return (Some((ask.id, link)), Vec::new()),
        Says::Yes => Grant::Whole,
        Says::Less(less) => Grant::Less(wish(world, less)),
        Says::No => Grant::Nothing,
    };
    let (by, reply) = (Answerer::Member(ask.asked.originator), Reply { grant, said: plea.said.clone() });
    // Whether a circle takes it, and whether it is less, is the gate's to say.
    let answered = node.gate.answer_ask(ask.id, by, reply, node.now()).ok();
    let done = answered.and_then(|ask| ask.done).map(|(_, done)| done).unwrap_or_default();
    let place = |id: CircleId| world.circles.iter().position(|ring| ring.id == id.uuid()).unwrap();
    let done = done.into_iter().filter(|done| done.refused.is_none());
    (Some((ask.id, link)), done.map(|done| (place(done.circle), done.object)).collect())
}

fn carry_out(world: &World, node: &Node, run: &Run) -> Option<Option<String>> {
    let thing = &world.things[run.thing];
    let (whose, place) = (member(world, run.member), circle(world, thing.circle));
    let wanted = node.gate.book().member(whose)?.level;
    let request = Request {
        member: whose,
        circle: place,
        wanted,
        encrypted: true,
        now: node.now(),
        reach: Reach::Member,
    };
    let ids = vec![ObjectId::parse(&thing.id).unwrap()];
    let page = node.gate.reader(request).ok()?.page(&Query { ids, limit: 1, ..Query::default() }).unwrap();
    let object = page.items.into_iter().next()?.into_inner();
    let playbook = deliver::playbook::read(&object.raw)?;
    let said = |what| RunEvent { what, by: run.by.clone(), note: run.note.clone() };
    let started = Started::of(&playbook, whose, place, &thing.id, object.version);
    node.runs.happens(run.id, &said(What::Started(started))).unwrap();
    node.runs.happens(run.id, &said(What::Step { step: 1, state: StepState::Done })).unwrap();
    if !run.shares {
        return Some(None);
    }
    let ended = node.runs.happens(run.id, &said(What::Finished)).unwrap();
    // Whether the circle takes it from this member, and unsigned, is the gate's to say.
    let note = share(&node.gate, &ended, None, node.now()).ok();
    if let Some(note) = &note {
        node.runs.happens(run.id, &said(What::Shared(note.clone()))).unwrap();
    }
    Some(note)
}

fn call(world: &World, node: &Node, one: &Call) -> Option<String> {
    let (book, now) = (node.gate.book(), node.now());
    let definition = Definition {
        purpose: one.purpose,
        circle: circle(world, one.circle),
        caller: one.caller.map(|at| member(world, at)),
        members: Vec::new(),
        functions: Vec::new(),
        question: one.question.clone(),
        term_s: 900,
        valid_s: 86_400,
    };
    let wires = |_: &Listed| vec![Wire::Mail];
    let ring = book.circle(definition.circle)?;
    let number = node.region.happens(|register| {
        let (asks, _) = plan::first(register, &book, &definition, ring, &wires, now);
        let number = (!asks.is_empty()).then(|| register.next_call());
        let began = number.map(|_| CallEvent::Began(definition.clone()));
        let answered = one.answer.clone();
        let answered = answered.map(|(name, text)| CallEvent::Answered { ask: 0, name, text: Some(text) });
        let closed = one.closed.clone().map(|reason| CallEvent::Closed { reason });
        let after = answered.into_iter().chain(closed).filter(|_| number.is_some());
        let events = began.into_iter().chain(asks).chain(after);
        let call = number.unwrap_or_default();
        Ok((events.map(|event| Event::Call { call, event }).collect(), number))
    });
    let number = number.unwrap()?;
    let register = node.region.register().unwrap();
    let first: &Ask = register.call(number).unwrap().asks.first().unwrap();
    Some(node.call_key().sign(CallAsked { call: number, ask: 0, at: first.asked.micros() }))
}
