//! What a query asks for, who asks, and what it gets.

use std::collections::HashMap;
use std::sync::Arc;

use domain::base::iana::{Class, Opcode, Rcode, Rtype};
use domain::base::name::{ToLabelIter as _, ToName as _};
use domain::base::{Message, Serial};
use domain::rdata::Soa;
use domain::rdata::tsig::Time48;
use domain::tsig::{Algorithm, Key, KeyName, ServerSequence};
use policy::{Book, Credential, CredentialKind, Level, Member, MemberId, Right};
use stix::Timestamp;

use super::counts::Answered;
use super::signature::{Mark, refusal};
use super::writer::{Stopped, Writer, ZoneName};
use super::{Arrival, Server, Standing};
use crate::error::DeliverError;
use crate::fires::Burning;
use crate::received::ZONE;
use crate::zone::history::{Step, Zone};
use crate::zone::{catalog_of, fires_of, name_of};

/// The serial of catalogs: what they hold never changes.
const CATALOG_SERIAL: u32 = 1;

/// A key and whose it is.
#[derive(Clone)]
pub(super) struct Held(Arc<(Key, MemberId)>);

impl AsRef<Key> for Held {
    fn as_ref(&self) -> &Key {
        &self.0.0
    }
}

pub(super) type Signed = ServerSequence<Held>;

/// What a member may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Zone,
    Catalog,
    Fires,
}

impl Server {
    /// Answers a query, message by message; `send` says whether there is still somebody to answer.
    pub(super) fn answer(
        &self,
        query: Vec<u8>,
        arrival: Arrival,
        send: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> Standing {
        let Ok(mut message) = Message::from_octets(query) else { return Standing::Stranger };
        if message.header().qr() {
            return Standing::Stranger;
        }
        let book = self.deliver.gate.book();
        let now = (self.deliver.now)();
        let time = time_of(now);
        let mark = Mark::of(&message);
        let signed = match Signed::request(&keys(&book, now), &mut message, time) {
            Ok(signed) => signed,
            Err(error) => {
                self.counts.count(Answered::Refused);
                if let Some((said, answer)) = refusal(error, &message) {
                    let why = format!("the signature does not hold ({said})");
                    self.refusals.log(arrival.peer, &named(&message), &why);
                    send(answer);
                }
                return Standing::Stranger;
            }
        };
        let by_key = signed.as_ref().map(|signed| signed.wrapped_key().0.1);
        let mut writer = Writer::new(&message, signed, time, send);
        let refused = match message.header().opcode() {
            Opcode::QUERY if by_key.is_some() && self.is_replay(mark, &message, arrival, time) => {
                self.refusals.log(arrival.peer, &named(&message), "the same signed query came before");
                Rcode::REFUSED
            }
            Opcode::QUERY => match self.asked(&book, by_key, &message, arrival) {
                Ok((member, apex, wanted)) => {
                    match self.give(member, &apex, wanted, &message, arrival, &mut writer) {
                        Ok(()) => return Standing::Secondary,
                        Err(rcode) => rcode,
                    }
                }
                Err(rcode) => rcode,
            },
            // Whom nobody knows learns nothing, not even what is not implemented.
            _ if by_key.is_none() => Rcode::REFUSED,
            _ => Rcode::NOTIMP,
        };
        if by_key.is_none() && is_transfer(&message) {
            self.refusals.log(
                arrival.peer,
                &named(&message),
                "it names no key, and its address is no member's",
            );
        }
        self.counts.count(Answered::Refused);
        writer.fail(refused);
        Standing::Stranger
    }

    /// Whether a transfer over a connection was asked for with this very signature before.
    fn is_replay(
        &self,
        mark: Option<Mark>,
        message: &Message<Vec<u8>>,
        arrival: Arrival,
        now: Time48,
    ) -> bool {
        arrival.stream && is_transfer(message) && mark.is_some_and(|mark| !self.seen.note(mark, now))
    }

    /// Whose zone is asked for, under which name.
    fn asked<'b>(
        &self,
        book: &'b Book,
        by_key: Option<MemberId>,
        message: &Message<Vec<u8>>,
        arrival: Arrival,
    ) -> Result<(&'b Member, ZoneName, Wanted), Rcode> {
        let question = message.sole_question().map_err(|_| match by_key {
            Some(_) => Rcode::FORMERR,
            None => Rcode::REFUSED,
        })?;
        let named: Option<String> =
            question.qname().iter_labels().next().map(|label| label.to_string().to_ascii_lowercase());
        let member = match by_key {
            Some(member) => book.member(member),
            None => named
                .and_then(|handle| book.member_by_handle(&handle))
                .filter(|member| member.zone.may_fetch(arrival.peer)),
        };
        let member = member.filter(|member| !member.ended).ok_or(Rcode::REFUSED)?;
        let apex = |text: String| text.parse::<ZoneName>().map_err(|_| Rcode::SERVFAIL);
        for (name, wanted) in [
            (apex(name_of(&member.handle, &self.origin))?, Wanted::Zone),
            (apex(catalog_of(&member.handle, &self.origin))?, Wanted::Catalog),
            (apex(fires_of(&member.handle, &self.origin))?, Wanted::Fires),
        ] {
            let is_offered = wanted == Wanted::Fires || member.level >= Level::Block;
            if is_offered && question.qclass() == Class::IN && question.qname().name_eq(&name) {
                return Ok((member, name, wanted));
            }
        }
        Err(Rcode::REFUSED)
    }

    fn give(
        &self,
        member: &Member,
        apex: &ZoneName,
        wanted: Wanted,
        message: &Message<Vec<u8>>,
        arrival: Arrival,
        writer: &mut Writer<'_>,
    ) -> Result<(), Rcode> {
        let kind = message.sole_question().map_err(|_| Rcode::FORMERR)?.qtype();
        if wanted == Wanted::Fires {
            return self.give_fires(member, apex, kind, arrival, writer);
        }
        if !matches!(kind, Rtype::AXFR | Rtype::IXFR | Rtype::SOA) {
            return Err(Rcode::REFUSED);
        }
        let upto = self.deliver.heads(member.id);
        let zone = match wanted {
            Wanted::Catalog | Wanted::Fires => None,
            Wanted::Zone => Some(self.deliver.zone(member.id, arrival.encrypted).map_err(|error| {
                if !matches!(error, DeliverError::Elsewhere) {
                    tracing::error!(%error, "a zone could not be made");
                }
                Rcode::SERVFAIL
            })?),
        };
        let serial = zone.as_ref().map_or(CATALOG_SERIAL, |zone| zone.serial);
        let held = if kind == Rtype::IXFR { serial_of(message) } else { None };
        // A transfer over UDP: the SOA alone sends the client to TCP (RFC 1995, section 2). So does one that has it all.
        let is_current = held.is_some_and(|held| Serial(held) >= Serial(serial));
        let written = if kind == Rtype::SOA || !arrival.stream || is_current {
            self.counts.count(Answered::Serial);
            writer.soa(apex, serial)
        } else {
            match &zone {
                None => writer.catalog(apex, serial, &name_of(&member.handle, &self.origin)),
                Some(zone) => {
                    let steps = held.and_then(|held| zone.since(held));
                    self.counts.count(match steps {
                        None => Answered::Whole,
                        Some(_) => Answered::Difference,
                    });
                    transfer(zone, steps, apex, writer)
                }
            }
        };
        match written.and_then(|()| writer.end()) {
            Ok(()) => {
                let (level, mark) = (Level::Block, serial.to_string());
                match wanted {
                    Wanted::Catalog | Wanted::Fires => {}
                    // Who asks by datagram may not be who it says, and who has a later serial has another zone.
                    Wanted::Zone
                        if kind != Rtype::SOA
                            && arrival.stream
                            && held.is_none_or(|held| Serial(held) <= Serial(serial)) =>
                    {
                        self.deliver.fetched(member.id, ZONE, level, upto, &mark);
                    }
                    Wanted::Zone => self.deliver.zone_is_held(member.id, upto, &mark),
                }
                Ok(())
            }
            // Nobody is there to be told.
            Err(Stopped::Gone) => Ok(()),
            Err(Stopped::Failed) => {
                tracing::error!(zone = %apex, "a zone could not be written");
                Err(Rcode::SERVFAIL)
            }
        }
    }

    /// The fires of the member's circles.
    fn give_fires(
        &self,
        member: &Member,
        owner: &ZoneName,
        kind: Rtype,
        arrival: Arrival,
        writer: &mut Writer<'_>,
    ) -> Result<(), Rcode> {
        if kind != Rtype::TXT {
            return Err(Rcode::REFUSED);
        }
        let burning = self.deliver.fires(member.id).map_err(|error| {
            tracing::error!(%error, "fires could not be worked out");
            Rcode::SERVFAIL
        })?;
        let texts: Vec<String> = burning.iter().map(Burning::words).collect();
        match writer.texts(owner, &texts, arrival.stream).and_then(|()| writer.end()) {
            Ok(()) | Err(Stopped::Gone) => Ok(()),
            Err(Stopped::Failed) => Err(Rcode::SERVFAIL),
        }
    }
}

fn is_transfer(message: &Message<Vec<u8>>) -> bool {
    message.sole_question().is_ok_and(|question| matches!(question.qtype(), Rtype::AXFR | Rtype::IXFR))
}

/// What was asked, for the log.
fn named(message: &Message<Vec<u8>>) -> String {
    match message.sole_question() {
        Ok(question) => format!("{} {}", question.qtype(), question.qname()),
        Err(_) => "a query without one question".to_owned(),
    }
}

/// The difference since the serial that the client holds, if there is one, or the whole zone.
fn transfer(
    zone: &Zone,
    steps: Option<Vec<Arc<Step>>>,
    apex: &ZoneName,
    writer: &mut Writer<'_>,
) -> Result<(), Stopped> {
    match steps {
        None => writer.zone(apex, zone),
        Some(steps) => writer.steps(apex, zone, &steps),
    }
}

/// The serial that a client holds (RFC 1995, section 3): that of the SOA in the authority section. Who names none gets the whole
/// zone.
fn serial_of(message: &Message<Vec<u8>>) -> Option<u32> {
    let mut records = message.authority().ok()?.limit_to::<Soa<_>>();
    records.next()?.ok().map(|record| record.data().serial().into_int())
}

/// The time as signatures have it (RFC 8945, 4.2).
pub(crate) fn time_of(now: Timestamp) -> Time48 {
    Time48::from_u64(u64::try_from(now.seconds()).unwrap_or_default() & 0x0000_ffff_ffff_ffff)
}

/// The keys that hold now.
fn keys(book: &Book, now: Timestamp) -> HashMap<(KeyName, Algorithm), Held> {
    let held = holding(book, now)
        .map(|(member, key)| ((key.name().clone(), key.algorithm()), Held(Arc::new((key, member)))));
    held.collect()
}

/// A member's key that holds now: the newest, if it has several.
pub(crate) fn key_of(book: &Book, member: MemberId, now: Timestamp) -> Option<Key> {
    let mut of_member = holding(book, now).filter(|(of, _)| *of == member).map(|(_, key)| key);
    of_member.next()
}

/// The keys that hold now and may be used to read, the newest first, and whose they are.
fn holding(book: &Book, now: Timestamp) -> impl Iterator<Item = (MemberId, Key)> + '_ {
    let reads = |credential: &&Credential| book.rights_of(credential, now).has(Right::Read);
    let mut credentials: Vec<_> = book.tsig_keys().filter(reads).collect();
    credentials.sort_by_key(|credential| std::cmp::Reverse(credential.created));
    credentials.into_iter().filter_map(|credential| {
        let CredentialKind::Tsig { name, algorithm, secret } = &credential.kind else { return None };
        let (name, algorithm) = (name.parse::<KeyName>().ok()?, algorithm.parse::<Algorithm>().ok()?);
        Some((credential.member?, Key::new(algorithm, secret, name, None, None).ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Entry, Rights};
    use uuid::Uuid;

    #[test]
    fn a_key_gets_zones_only_if_it_may_read() {
        let (member, now) = (MemberId::new(Uuid::from_u128(1)), Timestamp::from_micros(1_000_000));
        for (scopes, is_key) in [
            (None, true),
            (Some(Rights::of(&[Right::Read])), true),
            (Some(Rights::of(&[Right::Write, Right::Screen])), false),
        ] {
            let kind = CredentialKind::Tsig {
                name: "port.tower.test".to_owned(),
                algorithm: "hmac-sha256".to_owned(),
                secret: vec![2; 32],
            };
            let mut book = Book::default();
            book.apply(Entry::Credential(Credential {
                id: Uuid::from_u128(4),
                member: Some(member),
                created: now,
                expires: None,
                revoked: false,
                person: None,
                scopes,
                kind,
            }));
            assert_eq!(key_of(&book, member, now).is_some(), is_key, "{scopes:?}");
            assert_eq!(keys(&book, now).is_empty(), !is_key, "{scopes:?}");
        }
    }
}
