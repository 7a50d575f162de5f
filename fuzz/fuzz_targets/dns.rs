#![no_main]
//! The DNS server: every answer is a message that answers the query; without a valid signature nothing is told but an error;
//! with one, the client can verify each answer, and the member's own zone alone is given, without what it may not see.
//! The first byte says what is sent: the rest as it is, a signed query of it, or such a query with one byte changed.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bongsu_fuzz::node::{SECRET, TSIG, node, now};
use deliver::zone::server::{Arrival, Server};
use domain::base::iana::{Class, Opcode, Rcode, Rtype};
use domain::base::name::Name;
use domain::base::{Message, MessageBuilder, Serial, Ttl};
use domain::rdata::Soa;
use domain::rdata::tsig::Time48;
use domain::tsig::{Algorithm, ClientSequence, Key, KeyName};
use libfuzzer_sys::fuzz_target;

const ORIGIN: &str = "rpz.test";
const APEX: &str = "isp.rpz.test";

fuzz_target!(|data: &[u8]| {
    let Some((&mode, data)) = data.split_first() else { return };
    let stream = mode & 4 == 0;
    match mode & 3 {
        0 => unsigned(data.to_vec(), stream),
        1 | 2 => drop(Query::of(data).map(|query| query.check(stream))),
        _ => drop(Query::of(data).map(|query| query.tampered(mode >> 3, stream))),
    }
});

/// A new one each time: it remembers with which signatures zones were fetched.
fn server() -> Server {
    Server::new(Arc::clone(&node().deliver), ORIGIN.to_owned(), false)
}

fn time() -> Time48 {
    Time48::from_u64(u64::try_from(now().seconds()).unwrap_or_default())
}

/// The answers as messages, each of which must answer `id`.
fn answers(query: Vec<u8>, stream: bool) -> Vec<Message<Vec<u8>>> {
    let id = query.first_chunk::<2>().map(|id| u16::from_be_bytes(*id));
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let answers = server().answers(query, Arrival { peer, stream, encrypted: false });
    assert!(stream || answers.len() <= 1, "a datagram is answered by one");
    let read = |answer: Vec<u8>| {
        assert!(answer.len() <= 65_535);
        let shown = String::from_utf8_lossy(&answer).into_owned();
        assert!(!shown.contains(SECRET), "it may not see that");
        let message = Message::from_octets(answer).unwrap_or_else(|_| panic!("no message"));
        assert!(message.header().qr() && Some(message.header().id()) == id);
        message
    };
    answers.into_iter().map(read).collect()
}

fn unsigned(query: Vec<u8>, stream: bool) {
    for answer in answers(query, stream) {
        assert_ne!(answer.header().rcode(), Rcode::NOERROR, "told without a signature");
        assert_eq!(answer.header_counts().ancount(), 0, "told without a signature");
    }
}

/// A query with one question, and what signs it.
struct Query {
    bytes: Vec<u8>,
    sequence: ClientSequence<Arc<Key>>,
    /// Whether it asks for what the member may have.
    due: bool,
}

impl Query {
    /// Two bytes of header, type, class, then the name; no name is the zone's own. A type of 4 asks for the difference since a
    /// serial, which then stands where the name does.
    fn of(data: &[u8]) -> Option<Self> {
        let ([a, b, kind_a, kind_b, class], rest) = data.split_first_chunk::<5>()?;
        let (held, name) = match kind_a {
            4 => rest.split_first_chunk::<4>().map(|(held, name)| (Some(u32::from_be_bytes(*held)), name))?,
            _ => (None, rest),
        };
        let kind = match kind_a {
            0 => Rtype::from_int(u16::from(*kind_b)),
            1 => Rtype::AXFR,
            2 | 4 => Rtype::IXFR,
            3 => Rtype::SOA,
            _ => Rtype::from_int(u16::from_be_bytes([*kind_a, *kind_b])),
        };
        let class = if *class == 0 { Class::IN } else { Class::from_int(u16::from(*class)) };
        let apex: Name<Vec<u8>> = APEX.parse().ok()?;
        let name = if name.is_empty() { apex.clone() } else { Name::from_octets(name.to_vec()).ok()? };
        let due = b & 0x78 == 0
            && class == Class::IN
            && name == apex
            && matches!(kind, Rtype::AXFR | Rtype::IXFR | Rtype::SOA);
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_id(u16::from(*a));
        builder.header_mut().set_opcode(Opcode::from_int(b >> 3 & 15));
        builder.header_mut().set_rd(b & 1 == 1);
        let mut question = builder.question();
        question.push((&name, kind, class)).ok()?;
        let mut authority = question.authority();
        if let Some(held) = held {
            let (root, zero) = (Name::<Vec<u8>>::root_vec(), Ttl::from_secs(0));
            let soa = Soa::new(root.clone(), root, Serial(held), zero, zero, zero, zero);
            authority.push((&name, Class::IN, zero, soa)).ok()?;
        }
        let mut additional = authority.additional();
        let (key, secret) = TSIG;
        let key = Key::new(Algorithm::Sha256, &secret, key.parse::<KeyName>().ok()?, None, None).ok()?;
        let sequence = ClientSequence::request(Arc::new(key), &mut additional, time()).ok()?;
        Some(Self { bytes: additional.finish(), sequence, due })
    }

    fn check(mut self, stream: bool) {
        let answers = answers(self.bytes, stream);
        assert!(!answers.is_empty(), "a signed query is not answered");
        for mut answer in answers {
            let told = answer.header().rcode() == Rcode::NOERROR;
            assert_eq!(told, self.due, "{:?}", answer.header().rcode());
            assert_eq!(told, answer.header_counts().ancount() > 0);
            self.sequence.answer(&mut answer, time()).unwrap_or_else(|error| panic!("{error}"));
        }
        self.sequence.done().unwrap_or_else(|error| panic!("{error}"));
    }

    /// Changes one byte. Nothing is told but what the question, as it was signed, asked for.
    fn tampered(mut self, at: u8, stream: bool) {
        let signed = self.bytes.clone();
        // The id is no part of what is signed: who forwards a message may change it.
        let at = 2 + usize::from(at) * 7 % (self.bytes.len() - 2);
        self.bytes[at] ^= 1 << (at % 8);
        let end = signed.len().min(12 + 255);
        let questions = |bytes: &[u8]| {
            let message = Message::from_octets(bytes.to_vec()).ok()?;
            Some((message.header().opcode(), message.sole_question().ok()?.to_string()))
        };
        let same = questions(&signed[..]) == questions(&self.bytes) && end > 12;
        for answer in answers(self.bytes, stream) {
            if answer.header().rcode() == Rcode::NOERROR {
                assert!(same && self.due, "told although byte {at} was changed");
            }
        }
    }
}
