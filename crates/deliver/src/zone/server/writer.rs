//! Writes answers: records into messages, as many as they need, each signed if the query was.

use std::sync::Arc;

use domain::base::iana::{Class, Rcode};
use domain::base::message_builder::{AdditionalBuilder, AnswerBuilder, HashCompressor, PushError};
use domain::base::name::Name;
use domain::base::record::ComposeRecord;
use domain::base::{Message, MessageBuilder, Serial, Ttl};
use domain::rdata::tsig::Time48;
use domain::rdata::{Cname, Ns, Ptr, Soa, Txt};
use watch::Value;

use super::query::Signed;
use crate::zone::history::{Step, Zone};
use crate::zone::{EXPIRE_S, REFRESH_S, TTL_S, trigger};

/// Bytes of a message before its TSIG; far enough below 65,535 that the signature fits.
const MESSAGE_BYTES_MAX: usize = 60_000;
/// Largest datagram that is said to be taken (RFC 6891, 6.2.5).
const DATAGRAM_BYTES: u16 = 1_232;

pub(super) type Target = HashCompressor<Vec<u8>>;
pub(super) type ZoneName = Name<Vec<u8>>;

/// Bytes of a TXT record beside its text, its owner being compressed; and of a message beside its answers, signature included.
const TEXT_BYTES: usize = 16;
const ROOM_BYTES: usize = 500;

/// Why writing stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The client has gone.
    Gone,
    /// Something does not fit into a message.
    Failed,
}

impl From<PushError> for Stopped {
    fn from(_: PushError) -> Self {
        Self::Failed
    }
}

/// Writes the messages that answer one query.
pub(super) struct Writer<'a> {
    query: &'a Message<Vec<u8>>,
    signed: Option<Signed>,
    time: Time48,
    send: &'a mut dyn FnMut(Vec<u8>) -> bool,
    open: Option<AnswerBuilder<Target>>,
    /// Bytes that a message is given at first: one that grows step by step leaves room of each size behind, in each thread.
    room: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        query: &'a Message<Vec<u8>>,
        signed: Option<Signed>,
        time: Time48,
        send: &'a mut dyn FnMut(Vec<u8>) -> bool,
    ) -> Self {
        Self { query, signed, time, send, open: None, room: 0 }
    }

    /// Says that there is no answer, and why. What was begun is dropped.
    pub(super) fn fail(&mut self, rcode: Rcode) {
        if let Ok(answer) = builder().start_answer(self.query, rcode) {
            self.open = Some(answer);
            // A client that has gone needs no reason.
            let _gone = self.end();
        }
    }

    /// A zone's SOA record alone.
    pub(super) fn soa(&mut self, apex: &ZoneName, serial: u32) -> Result<(), Stopped> {
        self.push((apex, Class::IN, ttl(TTL_S), soa(serial)?))
    }

    /// A whole zone: its SOA, all there is, its SOA (RFC 5936, 2.2).
    pub(super) fn zone(&mut self, apex: &ZoneName, zone: &Zone) -> Result<(), Stopped> {
        self.room = MESSAGE_BYTES_MAX + ROOM_BYTES;
        self.soa(apex, zone.serial)?;
        self.push((apex, Class::IN, ttl(TTL_S), Ns::new(name("localhost.")?)))?;
        let target = name(&zone.rules.target)?;
        for value in zone.gathered.refusable() {
            self.value(apex, zone, &target, value)?;
        }
        self.soa(apex, zone.serial)
    }

    /// What has changed, step by step: for each, what goes after the SOA that it was under, what comes after the one that it
    /// is under now (RFC 1995, section 4).
    pub(super) fn steps(&mut self, apex: &ZoneName, zone: &Zone, steps: &[Arc<Step>]) -> Result<(), Stopped> {
        self.soa(apex, zone.serial)?;
        let target = name(&zone.rules.target)?;
        for step in steps {
            for (serial, values) in [(step.from, &step.difference.gone), (step.to, &step.difference.new)] {
                self.soa(apex, serial)?;
                for value in values {
                    self.value(apex, zone, &target, value)?;
                }
            }
        }
        self.soa(apex, zone.serial)
    }

    /// A catalog with one zone (RFC 9432, section 4).
    pub(super) fn catalog(&mut self, apex: &ZoneName, serial: u32, zone: &str) -> Result<(), Stopped> {
        self.soa(apex, serial)?;
        self.push((apex, Class::IN, ttl(TTL_S), Ns::new(name("invalid.")?)))?;
        let version = Txt::<Vec<u8>>::build_from_slice(b"2").map_err(|_| Stopped::Failed)?;
        self.push((name(&format!("version.{apex}."))?, Class::IN, ttl(TTL_S), version))?;
        let member = name(&format!("policy.zones.{apex}."))?;
        self.push((member, Class::IN, ttl(TTL_S), Ptr::new(name(&format!("{zone}."))?)))?;
        self.soa(apex, serial)
    }

    /// One TXT record for each text, or an answer without records if there is none; over a datagram that they may not fit into,
    /// only that they are to be asked for over TCP.
    pub(super) fn texts(&mut self, owner: &ZoneName, texts: &[String], stream: bool) -> Result<(), Stopped> {
        let bytes: usize = texts.iter().map(|text| text.len() + TEXT_BYTES).sum();
        let fits = stream || bytes <= usize::from(DATAGRAM_BYTES) - ROOM_BYTES;
        let mut answer = self.begin()?;
        answer.header_mut().set_tc(!fits);
        self.open = Some(answer);
        for text in texts.iter().filter(|_| fits) {
            let text = Txt::<Vec<u8>>::build_from_slice(text.as_bytes()).map_err(|_| Stopped::Failed)?;
            self.push((owner, Class::IN, ttl(TTL_S), text))?;
        }
        Ok(())
    }

    /// The rules for a value.
    fn value(
        &mut self,
        apex: &ZoneName,
        zone: &Zone,
        target: &ZoneName,
        value: &Value,
    ) -> Result<(), Stopped> {
        for owner in trigger::of(value, apex.len(), zone.rules.name_servers) {
            // What is no name was no rule in the zone file either.
            let Ok(owner) = name(&format!("{owner}.{apex}.")) else { continue };
            self.push((owner, Class::IN, ttl(TTL_S), Cname::new(target)))?;
        }
        Ok(())
    }

    fn push(&mut self, record: impl ComposeRecord + Clone) -> Result<(), Stopped> {
        if let Some(answer) = &mut self.open {
            if answer.push(record.clone()).is_ok() {
                return Ok(());
            }
            self.end()?;
        }
        let mut answer = self.begin()?;
        answer.push(record)?;
        self.open = Some(answer);
        Ok(())
    }

    /// A message for records.
    fn begin(&self) -> Result<AnswerBuilder<Target>, Stopped> {
        let mut answer = builder_of(self.room).start_answer(self.query, Rcode::NOERROR)?;
        answer.header_mut().set_aa(true);
        answer.set_push_limit(MESSAGE_BYTES_MAX);
        Ok(answer)
    }

    /// Sends the message that is being written, if there is one.
    pub(super) fn end(&mut self) -> Result<(), Stopped> {
        let Some(mut answer) = self.open.take() else { return Ok(()) };
        answer.clear_push_limit();
        let mut additional = answer.additional();
        if self.query.opt().is_some() {
            additional.opt(|opt| {
                opt.set_udp_payload_size(DATAGRAM_BYTES);
                Ok(())
            })?;
        }
        if let Some(signed) = &mut self.signed {
            signed.answer(&mut additional, self.time)?;
        }
        if (self.send)(octets(additional)) { Ok(()) } else { Err(Stopped::Gone) }
    }
}

fn soa(serial: u32) -> Result<Soa<ZoneName>, Stopped> {
    let (server, mailbox) = (name("localhost.")?, name("hostmaster.localhost.")?);
    Ok(Soa::new(server, mailbox, Serial(serial), ttl(REFRESH_S), ttl(REFRESH_S), ttl(EXPIRE_S), ttl(TTL_S)))
}

const fn ttl(seconds: u32) -> Ttl {
    Ttl::from_secs(seconds)
}

fn name(text: &str) -> Result<ZoneName, Stopped> {
    text.parse().map_err(|_| Stopped::Failed)
}

pub(super) fn builder() -> MessageBuilder<Target> {
    builder_of(0)
}

fn builder_of(bytes: usize) -> MessageBuilder<Target> {
    // A fresh vector takes a header, so this does not fail.
    match MessageBuilder::from_target(HashCompressor::new(Vec::with_capacity(bytes))) {
        Ok(builder) => builder,
        Err(never) => match never {},
    }
}

pub(super) fn octets(message: AdditionalBuilder<Target>) -> Vec<u8> {
    let mut octets = message.finish().into_target();
    // It waits for its client, which may be slow.
    octets.shrink_to_fit();
    octets
}
