//! What goes out beside HTTP: zones over DNS, by each member's key, and packs that are carried.

use std::collections::{BTreeMap, HashSet};
use std::io::Cursor;
use std::sync::Arc;

use deliver::pack::{Extra, Opened};
use deliver::zone::server::{Arrival, Server};
use domain::base::iana::{Class, Rcode};
use domain::base::{Message, MessageBuilder, Name, Rtype, Serial, Ttl};
use domain::rdata::Soa;
use domain::rdata::tsig::Time48;
use domain::tsig::{Algorithm, ClientTransaction, Key};
use policy::{Credential, CredentialKind, Entry, Level, MemberId};
use uuid::Uuid;

use super::crawl::Question;
use super::draw::Draw;
use super::oracle::Canary;
use super::plan::World;
use super::{Crawl, Told, Who, met};
use crate::command::deliver::bundle;
use crate::node::Node;

const ORIGIN: &str = "rpz.test";

/// A server of zones, and how the members' zones were while things were still there that are withdrawn later.
pub(super) struct Zones {
    server: Server,
    /// By member: the serial, and the canaries in it.
    before: BTreeMap<usize, (u32, HashSet<Canary>)>,
}

fn key_name(member: usize) -> String {
    format!("key-{member}.rpz.test")
}

fn secret(member: usize) -> Vec<u8> {
    vec![u8::try_from(member + 40).unwrap(); 32]
}

/// The key by which a member's servers fetch its zone.
pub(super) fn key(world: &World, node: &Node, member: usize) -> Entry {
    let number = 0xabcd_2000_4000_8000_0000_0000_0000_0000 + u128::try_from(member).unwrap();
    Entry::Credential(Credential {
        id: Uuid::from_u128(number),
        member: Some(MemberId::new(world.members[member].id)),
        created: node.now(),
        expires: None,
        revoked: false,
        person: None,
        scopes: None,
        kind: CredentialKind::Tsig {
            name: key_name(member),
            algorithm: "hmac-sha256".to_owned(),
            secret: secret(member),
        },
    })
}

/// A question for a name, signed with a member's key; an IXFR with the serial that is held.
fn query(node: &Node, member: usize, name: &str, (kind, held): (Rtype, u32)) -> Vec<u8> {
    let name: Name<Vec<u8>> = name.parse().unwrap();
    let mut question = MessageBuilder::new_vec().question();
    question.push((&name, kind, Class::IN)).unwrap();
    let mut authority = question.authority();
    if kind == Rtype::IXFR {
        let (root, zero) = (Name::<Vec<u8>>::root_vec(), Ttl::from_secs(0));
        let soa = Soa::new(root.clone(), root, Serial(held), zero, zero, zero, zero);
        authority.push((&name, Class::IN, zero, soa)).unwrap();
    }
    let key_name = key_name(member).parse().unwrap();
    let key = Key::new(Algorithm::Sha256, &secret(member), key_name, None, None).unwrap();
    let mut message = authority.additional();
    let time = Time48::from_u64(u64::try_from(node.now().seconds()).unwrap());
    ClientTransaction::request(Arc::new(key), &mut message, time).unwrap();
    message.finish()
}

impl Zones {
    /// Begins to serve, and has each member fetch its zone.
    pub(super) fn begin(world: &World, node: &Node) -> Self {
        let server = Server::new(node.deliver().unwrap(), ORIGIN.to_owned(), false);
        let mut zones = Self { server, before: BTreeMap::new() };
        for member in 0..world.members.len() {
            let name = format!("{}.{ORIGIN}", world.members[member].handle);
            let (_, serial, text) = zones.ask(node, member, &name, (Rtype::AXFR, 0));
            if let Some(serial) = serial {
                zones.before.insert(member, (serial, met(&text, &[])));
            }
        }
        zones
    }

    /// The code of the first message of an answer, the serial that it begins with, and all messages as text: labels stand in them as they
    /// are.
    fn ask(
        &self,
        node: &Node,
        member: usize,
        name: &str,
        what: (Rtype, u32),
    ) -> (Rcode, Option<u32>, String) {
        let peer = [192, 0, 2, 1].into();
        let arrival = Arrival { peer, stream: true, encrypted: true };
        let answers = self.server.answers(query(node, member, name, what), arrival);
        let text = String::from_utf8_lossy(&answers.concat()).into_owned();
        let Some(first) = answers.into_iter().next() else { return (Rcode::REFUSED, None, text) };
        let first = Message::from_octets(first).unwrap();
        let soa = first.answer().unwrap().limit_to::<Soa<_>>().next();
        let serial = soa.map(|soa| soa.unwrap().data().serial().into_int());
        (first.header().rcode(), serial, text)
    }
}

fn told(body: String) -> Told {
    Told { status: http::StatusCode::OK, headers: std::collections::BTreeSet::new(), body }
}

impl Crawl<'_> {
    /// Has members' servers fetch zones over DNS: their own, what was changed in them, and those of others.
    pub(super) fn transfers(&mut self, draw: &mut Draw) {
        let Some(zones) = &self.built.zones else { return };
        let (world, node, seed) = (self.world, &self.built.node, self.seed);
        for member in 0..world.members.len() {
            let whose = if draw.in_100(60) { member } else { draw.below(4) };
            let handle = &world.members[whose].handle;
            let name = match draw.below(6) {
                0 => format!("{handle}._catalog.{ORIGIN}"),
                1 => format!("{handle}._fires.{ORIGIN}"),
                _ => format!("{handle}.{ORIGIN}"),
            };
            let before = zones.before.get(&member);
            let held = before.map_or(1, |(serial, _)| *serial);
            for kind in [Rtype::AXFR, Rtype::IXFR, Rtype::SOA, Rtype::TXT] {
                let (code, _, text) = zones.ask(node, member, &name, (kind, held));
                let mut question = Question::look(&format!("dns {kind} {name}"));
                if kind == Rtype::IXFR {
                    // What is taken out of a zone is named to the server that has it.
                    question.shows = before.map_or_else(Vec::new, |(_, met)| met.iter().cloned().collect());
                }
                self.check(Who::token(Some(member)), &question, &told(text));
                if code == Rcode::NOERROR && (whose != member || world.members[member].ended) {
                    let why = format!("BONGSU_WORLD={seed}: {question:?} of {whose} is answered to {member}");
                    self.count.leaks.push(why);
                }
                *self.count.routes.entry(("dns", code.to_int().into())).or_default() += 1;
            }
        }
        for (member, (_, before)) in &zones.before {
            let had = world.had_canaries(*member, Level::Block);
            if let Some(leaked) = before.iter().find(|canary| !had.contains(*canary)) {
                let whose = world.whose(leaked);
                self.count.leaks.push(format!("BONGSU_WORLD={seed}: the first zone of {member} has {whose}"));
            }
        }
    }

    /// Makes a member's pack, and reads each file in it as what goes to a member of that file's level.
    pub(super) fn packed(&mut self, member: usize) {
        let (world, node) = (self.world, &self.built.node);
        let id = MemberId::new(world.members[member].id);
        let expires = stix::Timestamp::from_micros(node.now().micros() + 86_400_000_000);
        let bytes = bundle(node, id).unwrap().document.unwrap();
        let all = Extra { name: "bundle.json".to_owned(), level: Level::Exchange, entries: 0, bytes };
        let extras = if world.members[member].level >= Level::Exchange { vec![all] } else { Vec::new() };
        let made = node.deliver().unwrap().pack(id, Uuid::from_u128(0xabcd_8888), expires, extras);
        let Ok((_, bytes)) = made else {
            assert!(world.members[member].ended, "{made:?}");
            return;
        };
        let mut pack = Opened::new(Cursor::new(bytes), None).unwrap();
        let names: Vec<String> = pack.manifest.files.iter().map(|file| file.name.clone()).collect();
        for name in names {
            let mut text = Vec::new();
            pack.copy(&name, &mut text).unwrap();
            let question = Question { route: "pack", ..Question::look(&format!("/d/{name}")) };
            self.check(
                Who::token(Some(member)),
                &question,
                &told(String::from_utf8_lossy(&text).into_owned()),
            );
            *self.count.routes.entry(("pack", 2)).or_default() += 1;
        }
        let question = Question { route: "pack", ..Question::look("/d/manifest.json") };
        let text = format!("{}\n{}", pack.written, pack.note);
        self.check(Who::token(Some(member)), &question, &told(text));
    }
}
