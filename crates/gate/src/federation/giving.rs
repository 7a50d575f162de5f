//! To another node.

use std::collections::BTreeMap;

use line::{LineId, RecordKind, Seq};
use policy::federation::{Deed, VERSIONS_MAX};
use policy::{Agreement, CircleId, Level, MemberId, Peer, Reach, Released, Request, Rule, Statement, Terms};
use serde::Deserialize;
use serde_json::json;
use stix::{ObjectId, SpecVersion, Timestamp};
use uuid::Uuid;

use super::{FederationError, TERMS, hex, name_of_object};
use crate::opening::Gate;
use crate::query::{Object, Query, VersionMatch};
use crate::reader::Reader;
use crate::redacted;
use crate::view::Fate;

/// Bytes of text after which a page ends.
const PAGE_BYTES: usize = 8 << 20;
/// Records looked at before the line may grow again.
const LOOKED_AT_ONCE: u64 = 10_000;

/// The type of what carries a withdrawal.
const WITHDRAWAL: &str = "x-bongsu-withdrawal";

/// A page for another node.
#[derive(Debug)]
pub struct Given {
    /// Objects and withdrawals, each with its home's statement, in the line's order.
    pub texts: Vec<Released<String>>,
    /// Up to where the line was looked through.
    pub until: Seq,
    /// Whether there is more behind that.
    pub more: bool,
}

/// Something that goes.
enum Going {
    Object(Released<Object>),
    Withdrawal(Released<ObjectId>),
    /// The new terms of what nobody there may see any more.
    Terms(Released<ObjectId>),
}

impl Gate {
    /// What goes to another node of a circle after a number of its line; at most `limit` records are looked for.
    ///
    /// # Errors
    /// [`FederationError`].
    pub fn give(
        &self,
        circle: CircleId,
        peer: &Peer,
        after: Seq,
        limit: usize,
        now: Timestamp,
    ) -> Result<Given, FederationError> {
        let book = self.book();
        let agreement = self.agreement(&book, circle)?;
        let is_there = |id: MemberId| book.circle(circle).is_some_and(|circle| circle.has(id));
        let members: Vec<MemberId> =
            agreement.at_home(&peer.key).map(|party| party.member).filter(|id| is_there(*id)).collect();
        if members.is_empty() || peer.ended {
            return Err(FederationError::NotFound);
        }
        if !book.circle(circle).is_some_and(|circle| circle.in_force(now)) {
            return Err(FederationError::NotInForce);
        }
        let line = LineId::new(circle.uuid());
        let head = self.store().look(line, |catalogue| catalogue.head())?;
        let mut readers = Vec::with_capacity(members.len());
        for member in members {
            let (wanted, reach) = (Level::Read, Reach::Circle);
            let request = Request { member, circle, wanted, encrypted: true, now, reach };
            readers.push(self.reader(request).map_err(|_| FederationError::NotFound)?);
        }
        if after > head {
            return Err(FederationError::Behind { head: head.0, after: after.0 });
        }
        let mut until = head;
        let mut going: BTreeMap<Seq, Going> = BTreeMap::new();
        let query = Query {
            after,
            spec_versions: vec![SpecVersion::V20, SpecVersion::V21],
            versions: vec![VersionMatch::All],
            limit,
            bytes_max: Some(PAGE_BYTES),
            ..Query::default()
        };
        for reader in &readers {
            let page = reader.page(&query)?;
            until = page.next.map_or(until, |next| next.min(until));
            for object in page.items {
                let seq = object.get().seq;
                let (whole, rule) = (object.get().whole, object.rule());
                let better = match going.get(&seq) {
                    Some(Going::Object(known)) => whole && !known.get().whole,
                    _ => whole || goes_as_copy(rule),
                };
                // What is without its source may not go with a statement that names it.
                if better && rule != Rule::SourcePseudonymised {
                    going.insert(seq, Going::Object(object));
                }
            }
        }
        until = self.withdrawn(&readers, line, (after, until), limit, &mut going)?;
        for reader in &readers {
            for (seq, id) in narrowed(reader, after, until)? {
                going.entry(seq).or_insert(Going::Terms(id));
            }
        }
        // Several members, and new terms, together make no longer page than one.
        if let Some(last) = going.keys().nth(limit.max(1) - 1) {
            until = until.min(*last);
        }
        let mut texts = Vec::with_capacity(going.len());
        for (seq, going) in going.into_iter().filter(|(seq, _)| *seq <= until) {
            match going {
                Going::Object(object) => {
                    let (id, raw) = (object.get().id.clone(), object.get().raw.clone());
                    let signed = self.vouched(agreement, peer, (seq, id, &raw), now)?;
                    let text =
                        signed.and_then(|signed| object.and_then(|_| Statement::put_in(&signed, &raw)));
                    texts.extend(text);
                }
                Going::Terms(id) => {
                    let mut raw = String::new();
                    self.store().bodies(line, &[seq], &mut |_, _, body| {
                        raw = String::from_utf8_lossy(body).into_owned();
                    })?;
                    let signed = self.vouched(agreement, peer, (seq, id.get().clone(), &raw), now)?;
                    texts.extend(
                        signed.and_then(|signed| carried(TERMS, agreement.circle, &id, now, &signed)),
                    );
                }
                Going::Withdrawal(id) => self.told(agreement, peer, (seq, &id), now, &mut texts)?,
            }
        }
        Ok(Given { texts, until, more: until < head })
    }

    /// Adds the withdrawals up to a number that a member had something of; the number up to which there was room.
    fn withdrawn(
        &self,
        readers: &[Reader],
        line: LineId,
        (after, until): (Seq, Seq),
        limit: usize,
        going: &mut BTreeMap<Seq, Going>,
    ) -> Result<Seq, FederationError> {
        let seqs: Vec<Seq> = self.store().look(line, |catalogue| {
            let taken = catalogue.takings(after, until);
            let withdrawals = taken.filter(|entry| entry.kind() == RecordKind::Withdrawal);
            withdrawals.map(|entry| entry.seq).take(limit.max(1)).collect()
        })?;
        let until = if seqs.len() == limit.max(1) { seqs.last().copied().unwrap_or(until) } else { until };
        for seq in seqs {
            for reader in readers {
                if let Some(id) = had(reader, seq)? {
                    going.insert(seq, Going::Withdrawal(id));
                    break;
                }
            }
        }
        Ok(until)
    }

    /// What its originator's home says of an object; `None` for what the peer has itself, and what nobody vouches for.
    fn vouched(
        &self,
        agreement: &Agreement,
        peer: &Peer,
        (seq, id, raw): (Seq, ObjectId, &str),
        now: Timestamp,
    ) -> Result<Option<String>, FederationError> {
        let circle = agreement.circle;
        let known = self.store().look(LineId::new(circle.uuid()), |catalogue| {
            let entry = catalogue.entry(seq)?;
            let class = catalogue.class(entry.class())?;
            let version = entry.versioned().then(|| entry.version());
            Some((class.sender, class.terms.clone(), version, entry.added()))
        })?;
        let Some((sender, terms, version, added)) = known else { return Ok(None) };
        let member = MemberId::new(sender);
        let Some(party) = agreement.party(member).filter(|party| party.home != peer.key) else {
            return Ok(None);
        };
        let Ok(terms) = terms.map_or(Ok(Terms::default()), |text| Terms::from_json(&text)) else {
            return Ok(None);
        };
        let sha256 = hex(raw.as_bytes());
        if party.home == *self.home() {
            let deed = Deed::Object { sha256, version, terms };
            let statement = Statement::new(circle, member, id, (seq.0, added.0), deed);
            return Ok(statement.sign(self.key().object_key(), now).ok());
        }
        let name = name_of_object(circle, member, &id, &sha256, &terms);
        let at = self.inner.statements.kept.lock().places.get(&name).copied();
        Ok(at.map(|at| self.statement_at(at)).transpose()?.flatten())
    }

    /// What its originator's home says of a withdrawal.
    fn told(
        &self,
        agreement: &Agreement,
        peer: &Peer,
        (seq, id): (Seq, &Released<ObjectId>),
        now: Timestamp,
        texts: &mut Vec<Released<String>>,
    ) -> Result<(), FederationError> {
        let circle = agreement.circle;
        let line = LineId::new(circle.uuid());
        let known = self.store().look(line, |catalogue| {
            let entry = catalogue.entry(seq)?;
            Some((entry.sender()?, entry.added()))
        })?;
        let Some((sender, added)) = known else { return Ok(()) };
        let member = MemberId::new(sender);
        let say = |member: MemberId| -> Result<Option<String>, FederationError> {
            let deed = self.withdrawal_of(line, seq, member, id.get())?;
            let statement = Statement::new(circle, member, id.get().clone(), (seq.0, added.0), deed);
            Ok(statement.sign(self.key().object_key(), now).ok())
        };
        if member == MemberId::NODE {
            // What the operators took away of this node's members; what others' nodes say of theirs is theirs to say.
            for party in agreement.at_home(self.home()) {
                if self.brought(line, (seq, id.get()), party.member)? {
                    let signed = say(party.member)?;
                    texts.extend(signed.and_then(|signed| carried(WITHDRAWAL, circle, id, now, &signed)));
                }
            }
            return Ok(());
        }
        let Some(party) = agreement.party(member).filter(|party| party.home != peer.key) else {
            return Ok(());
        };
        let signed: Vec<String> = if party.home == *self.home() {
            say(member)?.into_iter().collect()
        } else {
            let of = (circle, member, id.get().clone());
            let at = self.inner.statements.kept.lock().withdrawals.get(&of).cloned().unwrap_or_default();
            let mut signed = Vec::with_capacity(at.len());
            for at in at {
                signed.extend(self.statement_at(at)?);
            }
            signed
        };
        texts.extend(signed.iter().filter_map(|signed| carried(WITHDRAWAL, circle, id, now, signed)));
        Ok(())
    }

    /// Whether a member had brought something of an object before a record took it away.
    fn brought(
        &self,
        line: LineId,
        (seq, id): (Seq, &ObjectId),
        member: MemberId,
    ) -> Result<bool, FederationError> {
        Ok(self.store().look(line, |catalogue| {
            let mut versions =
                catalogue.object(id).into_iter().flat_map(|object| catalogue.all_versions(object));
            versions.any(|version| {
                version.sender() == Some(member.uuid()) && version.withdrawn() && version.seq < seq
            })
        })?)
    }

    /// What one of this node's members withdrew by a record.
    fn withdrawal_of(
        &self,
        line: LineId,
        seq: Seq,
        member: MemberId,
        id: &ObjectId,
    ) -> Result<Deed, FederationError> {
        #[derive(Default, Deserialize)]
        struct Body {
            #[serde(default)]
            reason: String,
            #[serde(default)]
            versions: Vec<String>,
        }
        let mut body = Body::default();
        self.store().bodies(line, &[seq], &mut |_, _, bytes| {
            body = serde_json::from_slice(bytes).unwrap_or_default();
        })?;
        if body.versions.is_empty() {
            body.versions = self.store().look(line, |catalogue| {
                let versions =
                    catalogue.object(id).into_iter().flat_map(|object| catalogue.all_versions(object));
                let mut withdrawn: Vec<Timestamp> = versions
                    .filter(|entry| {
                        entry.sender() == Some(member.uuid()) && entry.seq < seq && entry.versioned()
                    })
                    .map(|entry| entry.version())
                    .collect();
                withdrawn.sort_unstable();
                withdrawn.dedup();
                withdrawn.iter().rev().take(VERSIONS_MAX).map(ToString::to_string).collect()
            })?;
        }
        Ok(Deed::Withdrawal { versions: body.versions, reason: body.reason })
    }
}

/// Whether what is left of an object may stand for it at another node. A copy without its source may not: its statement would
/// name it.
const fn goes_as_copy(rule: Rule) -> bool {
    matches!(rule, Rule::PartsRemoved | Rule::ReferencesRemoved)
}

/// The object that a withdrawal took away, if the member had something of it. The node's operators take away whoever's it is.
fn had(reader: &Reader, seq: Seq) -> Result<Option<Released<ObjectId>>, FederationError> {
    let found = reader.with_view(|view| {
        let catalogue = view.catalogue;
        let taken = catalogue.entry(seq)?;
        let (object, sender) = (taken.object()?, taken.sender()?);
        let id = catalogue.id(object)?;
        let mut versions = catalogue
            .all_versions(object)
            .filter(|version| sender.is_nil() || version.sender() == Some(sender))
            .filter(|version| version.withdrawn() && version.seq < seq);
        versions.find_map(|version| match view.fate_until(&version, taken.added()) {
            Fate::Whole(pass) => Some(pass.release(id.clone())),
            Fate::Redacted(cut, forbidden) if goes_as_copy(cut.rule()) => {
                redacted::copy(view, &version, cut, &forbidden).ok().map(|copy| copy.text.map(|_| id.clone()))
            }
            Fate::Redacted(..) | Fate::Held(_) => None,
        })
    })?;
    Ok(found)
}

/// A statement without its object, as an object of a type of our own.
fn carried(
    kind: &str,
    circle: CircleId,
    id: &Released<ObjectId>,
    now: Timestamp,
    signed: &str,
) -> Option<Released<String>> {
    let (name, at) = (Uuid::new_v5(&circle.uuid(), signed.as_bytes()), now.to_string());
    let carrier = json!({
        "type": kind, "spec_version": "2.1", "id": format!("{kind}--{name}"), "created": at, "modified": at,
        "object_ref": id.get().to_string(),
    });
    let text = Statement::put_in(signed, &carrier.to_string())?;
    Some(Released::clone(id).map(|_| text))
}

/// The records of a part of the line that a member may not see, and that say again, under other terms, what it had.
fn narrowed(
    reader: &Reader,
    after: Seq,
    until: Seq,
) -> Result<Vec<(Seq, Released<ObjectId>)>, FederationError> {
    let mut found = Vec::new();
    let mut at = after;
    while at < until {
        let end = Seq(until.0.min(at.0 + LOOKED_AT_ONCE));
        reader.with_view(|view| {
            let catalogue = view.catalogue;
            for entry in (at.0 + 1..=end.0).filter_map(|seq| catalogue.entry(Seq(seq))) {
                let Some(object) = entry.object().filter(|_| entry.counts()) else { continue };
                let Some(id) = catalogue.id(object) else { continue };
                let mut before = catalogue.all_versions(object).filter(|other| {
                    let same = other.sender() == entry.sender() && other.says_the_same(&entry);
                    same && other.seq < entry.seq && other.class() != entry.class() && !other.withdrawn()
                });
                let pass = before.find_map(|other| match view.fate_until(&other, entry.added()) {
                    Fate::Whole(pass) if pass.rule() != Rule::Originator => Some(pass),
                    _ => None,
                });
                found.extend(pass.map(|pass| (entry.seq, pass.release(id))));
            }
        })?;
        at = end;
    }
    Ok(found)
}
