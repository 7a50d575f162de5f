//! To another node.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use line::{Catalogue, Entry, LineId, ObjectIx, RecordKind, Seq};
use policy::federation::Deed;
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
/// From so many bytes on, with statements, a page takes up no more.
const GIVEN_BYTES: usize = 12 << 20;
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
    Withdrawal(Gone),
    /// The new terms of what nobody there may see any more.
    Terms(Released<ObjectId>),
}

/// What was taken away of an object: of each member that had brought it, the versions that the peer's members had. `None` is an
/// object without versions.
struct Gone {
    id: Released<ObjectId>,
    of: BTreeMap<MemberId, BTreeSet<Option<Timestamp>>>,
}

/// A part of a line: behind the first number, up to the second.
type Part = (Seq, Seq);

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
                put(&mut going, object);
            }
        }
        until = self.withdrawn(&readers, line, (after, until), limit, &mut going)?;
        until = narrowed(&readers, (after, until), limit, &mut going)?;
        // Several members, and new terms, together make no longer page than one.
        if let Some(last) = going.keys().nth(limit.max(1) - 1) {
            until = until.min(*last);
        }
        let (fuller, mut until) = fuller(&readers, (after, until), limit)?;
        let mut texts = Vec::with_capacity(fuller.len() + going.len());
        let room = fuller.len() + 2 * limit.max(1);
        let (mut bytes, mut is_on) = (0, false);
        going.retain(|seq, _| *seq <= until);
        for (seq, going) in fuller.into_iter().chain(going) {
            // One withdrawal can be several texts: what has no room begins the next page.
            if seq > after && (texts.len() >= room || is_on && bytes >= GIVEN_BYTES) {
                until = Seq(seq.0 - 1);
                break;
            }
            (is_on, bytes) =
                (seq > after, texts.iter().map(|text: &Released<String>| text.get().len()).sum());
            match going {
                Going::Object(object) => {
                    let (id, raw) = (object.get().id.clone(), object.get().raw.clone());
                    let signed = self.vouched(agreement, peer, (seq, id, &raw), object.get().whole, now)?;
                    let text =
                        signed.and_then(|signed| object.and_then(|_| Statement::put_in(&signed, &raw)));
                    texts.extend(text);
                }
                Going::Terms(id) => {
                    let mut raw = String::new();
                    self.store().bodies(line, &[seq], &mut |_, _, body| {
                        raw = String::from_utf8_lossy(body).into_owned();
                    })?;
                    let signed = self.vouched(agreement, peer, (seq, id.get().clone(), &raw), true, now)?;
                    texts.extend(
                        signed.and_then(|signed| carried(TERMS, agreement.circle, &id, now, &signed)),
                    );
                }
                Going::Withdrawal(gone) => self.told(agreement, peer, (seq, &gone), now, &mut texts)?,
            }
        }
        Ok(Given { texts, until, more: until < head })
    }

    /// Adds the withdrawals in a part of the line that a member had something of; the number up to which there was room.
    fn withdrawn(
        &self,
        readers: &[Reader],
        line: LineId,
        (after, until): Part,
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
            let mut gone: Option<Gone> = None;
            for reader in readers {
                had(reader, seq, &mut gone)?;
            }
            if let Some(gone) = gone {
                going.insert(seq, Going::Withdrawal(gone));
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
        whole: bool,
        now: Timestamp,
    ) -> Result<Option<String>, FederationError> {
        let circle = agreement.circle;
        let known = self.store().look(LineId::new(circle.uuid()), |catalogue| {
            let entry = catalogue.entry(seq)?;
            let class = catalogue.class(entry.class())?;
            let version = entry.versioned().then(|| entry.version());
            Some((class.sender, class.terms.clone(), version, entry.first_added()))
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
            let deed = Deed::Object { sha256, version, terms, copy: !whole };
            let statement = Statement::new(circle, member, id, (seq.0, added.0), deed);
            return Ok(statement.sign(self.key().object_key(), now).ok());
        }
        let name = name_of_object(circle, member, &id, &sha256, &terms);
        let place = self.inner.statements.kept.lock().places.get(&name).copied();
        Ok(place.map(|place| self.statement_at(place.at)).transpose()?.flatten())
    }

    /// What its originator's home says of a withdrawal: of each version by itself, so that a node in the middle can pass on what its
    /// peer had, and nothing else.
    fn told(
        &self,
        agreement: &Agreement,
        peer: &Peer,
        (seq, gone): (Seq, &Gone),
        now: Timestamp,
        texts: &mut Vec<Released<String>>,
    ) -> Result<(), FederationError> {
        let (circle, id) = (agreement.circle, gone.id.get());
        let line = LineId::new(circle.uuid());
        let known = self.store().look(line, |catalogue| {
            let entry = catalogue.entry(seq)?;
            Some((entry.sender()?, entry.added()))
        })?;
        let Some((sender, added)) = known else { return Ok(()) };
        let (reason, named) = self.withdrawal_at(line, seq)?;
        for (member, versions) in &gone.of {
            let Some(party) = agreement.party(*member).filter(|party| party.home != peer.key) else {
                continue;
            };
            let mut signed = Vec::new();
            if party.home == *self.home() {
                let is_meant = |version: &&Option<Timestamp>| {
                    named.is_empty() || version.is_some_and(|version| named.contains(&version))
                };
                for version in versions.iter().filter(is_meant) {
                    let versions = version.iter().map(ToString::to_string).collect();
                    let deed = Deed::Withdrawal { versions, reason: reason.clone() };
                    let statement = Statement::new(circle, *member, id.clone(), (seq.0, added.0), deed);
                    signed.extend(statement.sign(self.key().object_key(), now).ok());
                }
            } else if !sender.is_nil() {
                // What this node's operators took away of others' objects is their homes' to say.
                let of = (circle, *member, id.clone());
                let kept = self.inner.statements.kept.lock().withdrawals.get(&of).cloned();
                let had = |names: &[Timestamp]| {
                    names.is_empty() || names.iter().any(|version| versions.contains(&Some(*version)))
                };
                for (at, _) in kept.unwrap_or_default().into_iter().filter(|(_, names)| had(names)) {
                    signed.extend(self.statement_at(at)?);
                }
            }
            texts.extend(
                signed.iter().filter_map(|signed| carried(WITHDRAWAL, circle, &gone.id, now, signed)),
            );
        }
        Ok(())
    }

    /// What those who had it are told of a withdrawal, and the versions that it names; none for all.
    fn withdrawal_at(
        &self,
        line: LineId,
        seq: Seq,
    ) -> Result<(String, BTreeSet<Timestamp>), FederationError> {
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
        let named = body.versions.iter().filter_map(|text| Timestamp::parse(text).ok()).collect();
        Ok((body.reason, named))
    }
}

/// Puts an object among what goes, unless another member there has it as whole already.
fn put(going: &mut BTreeMap<Seq, Going>, object: Released<Object>) {
    let (seq, whole, rule) = (object.get().seq, object.get().whole, object.rule());
    let better = match going.get(&seq) {
        Some(Going::Object(known)) => whole && !known.get().whole,
        _ => whole || goes_as_copy(rule),
    };
    // What is without its source may not go with a statement that names it.
    if better && rule != Rule::SourcePseudonymised {
        going.insert(seq, Going::Object(object));
    }
}

/// Whether what is left of an object may stand for it at another node. A copy without its source may not: its statement would
/// name it.
const fn goes_as_copy(rule: Rule) -> bool {
    matches!(rule, Rule::PartsRemoved | Rule::ReferencesRemoved)
}

/// Adds what a withdrawal took away that the member had something of. The node's operators take away whoever's it is.
fn had(reader: &Reader, seq: Seq, gone: &mut Option<Gone>) -> Result<(), FederationError> {
    reader.with_view(|view| {
        let catalogue = view.catalogue;
        let taken = catalogue.entry(seq)?;
        let (object, sender) = (taken.object()?, taken.sender()?);
        let id = catalogue.id(object)?;
        let versions = catalogue
            .all_versions(object)
            .filter(|version| sender.is_nil() || version.sender() == Some(sender))
            // What was withdrawn before was said then, to whoever was there.
            .filter(|version| catalogue.taking(version).is_some_and(|by| by.seq == seq));
        for version in versions {
            let member = MemberId::new(version.sender()?);
            let named = version.versioned().then(|| version.version());
            let is_known = gone.as_ref().and_then(|gone| gone.of.get(&member));
            if is_known.is_some_and(|known| known.contains(&named)) {
                continue;
            }
            let id = match view.fate_until(&version, taken.added()) {
                Fate::Whole(pass) => pass.release(id.clone()),
                Fate::Redacted(cut, forbidden) if goes_as_copy(cut.rule()) => {
                    match redacted::id_of(view, &version, cut, &forbidden) {
                        Some(id) => id,
                        None => continue,
                    }
                }
                Fate::Redacted(..) | Fate::Held(_) => continue,
            };
            let gone = gone.get_or_insert_with(|| Gone { id, of: BTreeMap::new() });
            gone.of.entry(member).or_default().insert(named);
        }
        Some(())
    })?;
    Ok(())
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

/// Adds the records of a part of the line that nobody there may see, and that say again, under other terms, what one of them had; the
/// number up to which there was room.
fn narrowed(
    readers: &[Reader],
    (after, until): Part,
    limit: usize,
    going: &mut BTreeMap<Seq, Going>,
) -> Result<Seq, FederationError> {
    let Some(first) = readers.first() else { return Ok(until) };
    let (mut at, mut found) = (after, 0);
    while at < until {
        let end = Seq(until.0.min(at.0 + LOOKED_AT_ONCE));
        let candidates = first.with_view(|view| said_before(view.catalogue, (at, end)))?;
        for (seq, before) in candidates {
            if going.contains_key(&seq) {
                continue;
            }
            for reader in readers {
                let id = reader.with_view(|view| {
                    let catalogue = view.catalogue;
                    let entry = catalogue.entry(seq)?;
                    let id = catalogue.id(entry.object()?)?;
                    before.iter().find_map(|before| {
                        match view.fate_until(&catalogue.entry(*before)?, entry.added()) {
                            Fate::Whole(pass) if pass.rule() != Rule::Originator => {
                                Some(pass.release(id.clone()))
                            }
                            _ => None,
                        }
                    })
                })?;
                if let Some(id) = id {
                    going.insert(seq, Going::Terms(id));
                    found += 1;
                    break;
                }
            }
            if found == limit.max(1) {
                return Ok(seq);
            }
        }
        at = end;
    }
    Ok(until)
}

/// The records of a part of a line that count and say again, under other terms, what their senders said before, and where that was. Each
/// object's versions are looked through once.
fn said_before(catalogue: &Catalogue, (after, until): Part) -> Vec<(Seq, Vec<Seq>)> {
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    for object in objects_in(catalogue, (after, until)) {
        if !seen.insert(object) {
            continue;
        }
        let mut texts: HashMap<_, Vec<Entry<'_>>> = HashMap::new();
        for version in catalogue.all_versions(object) {
            texts.entry((version.sender(), version.fingerprint())).or_default().push(version);
        }
        for same in texts.values().filter(|same| same.len() > 1) {
            let newest =
                same.iter().filter(|entry| entry.counts() && after < entry.seq && entry.seq <= until);
            for entry in newest {
                let is_before = |other: &&Entry<'_>| {
                    other.seq < entry.seq && other.class() != entry.class() && !other.withdrawn()
                };
                let before: Vec<Seq> = same.iter().filter(is_before).map(|other| other.seq).collect();
                if !before.is_empty() {
                    found.push((entry.seq, before));
                }
            }
        }
    }
    found.sort_unstable();
    found
}

/// The objects that the records of a part of a line are about and that count, as often as they come.
fn objects_in(catalogue: &Catalogue, (after, until): Part) -> impl Iterator<Item = ObjectIx> + '_ {
    let entries = (after.0 + 1..=until.0).filter_map(|seq| catalogue.entry(Seq(seq)));
    entries.filter(Entry::counts).filter_map(|entry| entry.object())
}

/// What went before without the name of an object, or not at all, because nobody there saw that object, and goes now that it comes
/// in a part of the line; and the number up to which there was room.
///
/// Of one object at most `limit` records go again, the newest, and of all together about [`PAGE_BYTES`]: the rest stays as it is until
/// the next version of the agreement.
fn fuller(
    readers: &[Reader],
    (after, until): Part,
    limit: usize,
) -> Result<(BTreeMap<Seq, Going>, Seq), FederationError> {
    let (mut going, mut until) = (BTreeMap::new(), until);
    let mut bytes = 0;
    for reader in readers {
        let mut at = after;
        let mut named: HashMap<ObjectId, BTreeSet<Seq>> = HashMap::new();
        let mut found = 0;
        while at < until && found < limit.max(1) {
            let end = Seq(until.0.min(at.0 + LOOKED_AT_ONCE));
            let until = reader.with_view(|view| {
                let (catalogue, mut seen) = (view.catalogue, HashSet::new());
                for seq in at.0 + 1..=end.0 {
                    let Some(entry) = catalogue.entry(Seq(seq)).filter(Entry::counts) else { continue };
                    let Some(object) = entry.object().filter(|object| seen.insert(*object)) else { continue };
                    let before = |seq: &Seq| *seq <= after;
                    let referrers: Vec<Seq> =
                        catalogue.referrers(object).filter(before).take(limit.max(1)).collect();
                    if referrers.is_empty() {
                        continue;
                    }
                    let mut was_here = false;
                    let was_seen = catalogue.all_versions(object).filter(|version| before(&version.seq)).any(
                        |version| {
                            was_here = true;
                            view.had(&version, entry.added())
                        },
                    );
                    // What was not here was not taken out, and what waited for it is announced again.
                    if was_seen || !was_here || !catalogue.newest_first(object).any(|one| view.reaches(&one))
                    {
                        continue;
                    }
                    for referrer in referrers {
                        let entry = catalogue.entry(referrer).filter(Entry::counts);
                        if let Some(id) = entry.and_then(|entry| entry.id()) {
                            found += usize::from(named.entry(id).or_default().insert(referrer));
                        }
                    }
                    if found >= limit.max(1) {
                        return Seq(seq);
                    }
                }
                end
            })?;
            at = until;
        }
        until = until.min(at);
        let ids: Vec<ObjectId> = named.keys().cloned().collect();
        let mut query = Query {
            ids,
            spec_versions: vec![SpecVersion::V20, SpecVersion::V21],
            versions: vec![VersionMatch::All],
            limit: 2 * limit.max(1),
            bytes_max: Some(PAGE_BYTES),
            ..Query::default()
        };
        while !query.ids.is_empty() {
            let page = reader.page(&query)?;
            for object in page.items {
                let is_named =
                    named.get(&object.get().id).is_some_and(|seqs| seqs.contains(&object.get().seq));
                if is_named {
                    bytes += object.get().raw.len();
                    put(&mut going, object);
                }
            }
            match page.next {
                Some(next) if bytes < PAGE_BYTES => query.after = next,
                _ => break,
            }
        }
    }
    Ok((going, until))
}
