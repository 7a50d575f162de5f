//! A planned world, built: a node with a store of its own, and the surfaces that it serves.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::body::Body;
use deliver::push::Position;
use deliver::push::events::Events;
use exchange::transparency::cosign::Cosigned;
use gate::{GateError, Submission};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use policy::{
    Channel, Circle, CircleId, Credential, CredentialKind, Entry, Intake, Member, MemberId, Revocation,
    Signatures, SigningKey,
};
use region::capacity::opening::{Opening, Target};
use region::capacity::sim3::Assessment;
use region::contact::{Contact, Function, Hours};
use region::register::Event;
use stix::{ObjectId, Timestamp};
use uuid::Uuid;
use web::auth::{LetIn, Token};

use super::happen::{Facts, happen};
use super::people::Session;
use super::plan::{LOOKED_S, SHARED_S, Term, To, World};
use super::wire::Zones;
use crate::config::Config;
use crate::folder::{Folder, Secrets};
use crate::node::Node;
use crate::serve::surfaces::{From, Surfaces};

/// How long events are waited for.
const NEWS: Duration = Duration::from_millis(100);

/// A world that can be asked.
pub(super) struct Built {
    pub(super) node: Arc<Node>,
    pub(super) surfaces: Surfaces,
    /// What each member shows.
    pub(super) tokens: Vec<String>,
    /// How far each member had been told before anything was shared.
    pub(super) told: Vec<Position>,
    /// Serves zones, in some worlds.
    pub(super) zones: Option<Zones>,
    /// What happened beside sharing.
    pub(super) facts: Facts,
    _pulse: tokio::sync::watch::Sender<u64>,
    _stop: tokio::sync::watch::Sender<bool>,
    _folder: tempfile::TempDir,
}

/// What a request shows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shown<'s> {
    Nothing,
    Token(&'s str),
    /// A session, over an encrypted channel.
    Session(&'s Session),
    /// Nothing, over an encrypted channel.
    Safe,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) headers: BTreeSet<String>,
    pub(super) body: String,
}

impl Built {
    pub(super) fn of(world: &World) -> Self {
        // In memory where that can be had: what is tried here is no disk.
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let folder = Folder::new(dir.path());
        let secrets = Secrets { name: "tower.test".into(), node_seed: [7; 32], token_secret: [9; 32] };
        folder.create(&secrets).unwrap();
        folder.private_secret(&[5; 32]).unwrap();
        let clock = Arc::new(AtomicI64::new(SHARED_S * 1_000_000));
        let time = Arc::clone(&clock);
        let mut config = Config::default();
        if !world.has_fonts {
            // None but one that is not there.
            config.advisory.fonts = vec!["no.ttf".into()];
        }
        let node = Node::open_by(Arc::new(move || time.load(Ordering::SeqCst)), &folder, config).unwrap();
        let node = Arc::new(node);
        let tokens = begin(world, &node);
        let deliver = node.deliver().unwrap();
        let told =
            world.members.iter().map(|party| deliver.position(MemberId::new(party.id), false).unwrap());
        let told = told.collect();
        for at in 0..world.planned {
            share(world, &node, at);
        }
        clock.store((LOOKED_S - 60) * 1_000_000, Ordering::SeqCst);
        node.gate.announce_due(node.now()).unwrap();
        let facts = happen(world, &node);
        let zones = world.has_zones.then(|| Zones::begin(world, &node));
        let all = world.things.iter().enumerate().take(world.planned);
        for (at, thing) in all.filter(|(_, thing)| thing.withdrawn) {
            let id = ObjectId::parse(&thing.id).unwrap();
            let (by, circle) = (MemberId::new(world.members[thing.by].id), circle_id(world, thing.circle));
            // What was not taken can't be withdrawn.
            let gone = node.gate.withdraw(by, circle, &[id], "it was wrong");
            assert!(gone.is_ok() || !world.is_taken(at), "{gone:?}");
        }
        end(world, &node);
        clock.store(LOOKED_S * 1_000_000, Ordering::SeqCst);
        let (pulse, grown) = tokio::sync::watch::channel(0);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let cosigned = Arc::new(Cosigned::default());
        let private = crate::serve::private(&node, &folder).unwrap();
        let surfaces = Surfaces::of(&node, &folder, Events::new(grown, stopped), private, cosigned).unwrap();
        Self { node, surfaces, tokens, told, zones, facts, _pulse: pulse, _stop: stop, _folder: dir }
    }

    /// Asks as it would be asked over a connection.
    pub(super) async fn ask(&self, mut request: Request<Body>, shown: Shown<'_>) -> Told {
        if let Shown::Session(session) = shown {
            request.headers_mut().insert(http::header::COOKIE, session.cookie.parse().unwrap());
        }
        if let Shown::Token(token) = shown {
            let shown = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert(http::header::AUTHORIZATION, shown);
        }
        let from = From {
            // Log-ins come from elsewhere, so that what was refused before does not slow them down.
            peer: ([192, 0, 2, if matches!(shown, Shown::Safe) { 2 } else { 1 }], 4711).into(),
            channel: Channel {
                encrypted: matches!(shown, Shown::Session(_) | Shown::Safe),
                looked_at: false,
            },
            certificate: None,
        };
        let waits = request.headers().contains_key("last-event-id");
        let wait = if waits { NEWS } else { Duration::from_secs(600) };
        let is_stream = request.uri().path().starts_with("/d/events");
        let (parts, mut body) =
            self.surfaces.clone().answer(request, from, LetIn::new(|| ())).await.into_parts();
        let bytes = if is_stream && parts.status == StatusCode::OK {
            // How far it was told. What comes after that is waited for a little only: there may be none.
            let mut all = Vec::new();
            while let Some(piece) = tokio::time::timeout(wait, body.frame()).await.ok().flatten() {
                all.extend_from_slice(&piece.unwrap().into_data().unwrap_or_default());
                if !waits {
                    break;
                }
            }
            all
        } else {
            body.collect().await.unwrap().to_bytes().to_vec()
        };
        let headers = parts
            .headers
            .iter()
            // A number that no two answers share tells nothing.
            .filter(|(name, _)| *name != crate::monitor::REQUEST_ID)
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
        Told {
            status: parts.status,
            headers: headers.collect(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

fn circle_id(world: &World, at: usize) -> CircleId {
    CircleId::new(world.circles[at].id)
}

fn circle(world: &World, at: usize, is_end: bool) -> Circle {
    let ring = &world.circles[at];
    let time = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let id = |at: &usize| MemberId::new(world.members[*at].id);
    let stays = |member: &&usize| !is_end || ring.left != Some(**member);
    Circle {
        title: ring.title.clone(),
        ceiling: ring.ceiling,
        onward: ring.onward,
        starts: (ring.term == Term::NotYet).then(|| time(LOOKED_S + 86_400)),
        ends: (is_end && ring.term == Term::Over).then(|| time(LOOKED_S - 30)),
        members: ring.members.iter().filter(stays).map(id).collect(),
        access: ring.access.iter().map(|(at, access)| (id(at), *access)).collect(),
        hidden_members: ring.hidden,
        aggregate_from: Some(3),
        signatures: if ring.signed { Signatures::Required } else { Signatures::Optional },
        ..Circle::new(CircleId::new(ring.id), ring.handle.clone())
    }
}

fn member(world: &World, at: usize, is_end: bool) -> Member {
    let party = &world.members[at];
    Member {
        name: party.name.clone(),
        level: party.level,
        clearance: party.clearance,
        intake: if party.quarantines { Intake::Quarantine } else { Intake::Accept },
        ended: is_end && party.ended,
        ..Member::new(MemberId::new(party.id), party.handle.clone())
    }
}

/// A member's key for signatures, once it is revoked too.
fn key(world: &World, at: usize, is_end: bool) -> SigningKey {
    let since = Timestamp::from_micros((SHARED_S - 60) * 1_000_000);
    let revoked = world.members[at].revoked.clone().filter(|_| is_end);
    SigningKey {
        key: world.key_of(at),
        member: MemberId::new(world.members[at].id),
        from: Timestamp::from_micros((SHARED_S - 86_400) * 1_000_000),
        expires: None,
        revoked: revoked.map(|reason| Revocation { since, reason }),
    }
}

/// Members, circles, credentials and contacts; gives the members' tokens.
fn begin(world: &World, node: &Node) -> Vec<String> {
    let (mut entries, mut tokens) = (Vec::new(), Vec::new());
    for (at, party) in world.members.iter().enumerate() {
        entries.push(Entry::Member(member(world, at, false)));
        // None begins as canaries do: whoever shows a token may read it.
        let number = 0xabcd_0000_4000_8000_0000_0000_0000_0000 + u128::try_from(at).unwrap();
        let token = Token::new(Uuid::from_u128(number), [u8::try_from(at).unwrap(); 32]);
        entries.push(Entry::Credential(Credential {
            id: token.id,
            member: Some(MemberId::new(party.id)),
            created: node.now(),
            expires: None,
            revoked: false,
            person: None,
            scopes: party.scopes,
            kind: CredentialKind::Token { hash: node.tokens.kept(&token).to_vec() },
        }));
        tokens.push(token.reveal());
        entries.push(Entry::SigningKey(key(world, at, false)));
        entries.push(super::wire::key(world, node, at));
    }
    entries.extend((0..world.clerks.len()).flat_map(|at| world.clerk(at, false, node.now())));
    entries.extend((0..world.circles.len()).map(|at| Entry::Circle(circle(world, at, false))));
    node.gate.change_all::<GateError>(MemberId::NODE, |_| Ok(entries)).unwrap();
    for desk in &world.contacts {
        let contact = Contact {
            member: MemberId::new(world.members[desk.member].id),
            function: Function::Technical,
            name: desk.name.clone(),
            role: None,
            languages: Vec::new(),
            hours: Hours::default(),
            zone: "UTC".to_owned(),
            channels: Vec::new(),
            key: None,
            deputy: None,
            circles: desk.circles.iter().map(|at| circle_id(world, *at)).collect(),
        };
        let event = Event::Contact { handle: desk.handle.clone(), contact };
        node.region.happens(|_| Ok((vec![event], ()))).unwrap();
    }
    said(world, node);
    tokens
}

/// What members say of themselves, and whom they let see it.
fn said(world: &World, node: &Node) {
    use region::capacity::Event;
    let id = |at: usize| MemberId::new(world.members[at].id);
    let happens = |at: usize, event: Event| node.capacity.happens(|_| Ok((id(at), event, ()))).unwrap();
    for (at, level) in world.levels.iter().enumerate() {
        let Some(level) = level else { continue };
        let levels = [("P-9".to_owned(), *level), ("T-9".to_owned(), *level)].into();
        happens(at, Event::Assessed(Assessment { member: id(at), day: "2026-01-01".to_owned(), levels }));
    }
    for (number, grant) in (1..).zip(&world.grants) {
        let to = match grant.to {
            To::Member(at) => Target::Member(id(at)),
            To::Circle(at) => Target::Circle(circle_id(world, at)),
        };
        let (act, kinds) = (grant.act.clone(), BTreeSet::new());
        happens(grant.by, Event::Opened(Opening { owner: id(grant.by), to, kinds, until: None, act }));
        if grant.over {
            happens(grant.by, Event::Withdrawn { opening: number, act: "letter".to_owned() });
        }
    }
}

fn share(world: &World, node: &Node, at: usize) {
    let thing = &world.things[at];
    let raw = world.raw(at);
    let head = stix::read_head(&raw).unwrap();
    let (by, circle) = (MemberId::new(world.members[thing.by].id), circle_id(world, thing.circle));
    let terms = thing.terms(&world.members);
    // What the circle refuses is refused; that none of it shows is what is looked for.
    drop(node.gate.submit(by, circle, &terms, vec![Submission { raw, head }], node.now()));
}

/// Circles end, members leave, and keys are revoked.
fn end(world: &World, node: &Node) {
    let circles = (0..world.circles.len())
        .filter(|at| world.circles[*at].left.is_some() || world.circles[*at].term == Term::Over)
        .map(|at| Entry::Circle(circle(world, at, true)));
    let members = (0..world.members.len())
        .filter(|at| world.members[*at].ended)
        .map(|at| Entry::Member(member(world, at, true)));
    let keys = (0..world.members.len())
        .filter(|at| world.members[*at].revoked.is_some())
        .map(|at| Entry::SigningKey(key(world, at, true)));
    let clerks = (0..world.clerks.len())
        .filter(|at| world.clerks[*at].ended)
        .flat_map(|at| world.clerk(at, true, node.now()).into_iter().take(1));
    let entries: Vec<Entry> = circles.chain(members).chain(keys).chain(clerks).collect();
    if !entries.is_empty() {
        node.gate.change_all::<GateError>(MemberId::NODE, |_| Ok(entries)).unwrap();
    }
}
