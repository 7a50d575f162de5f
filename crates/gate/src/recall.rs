//! Recalls: whether what was withdrawn is out everywhere that it went.
//!
//! A withdrawal takes effect at once in all that is made from then on. What was fetched before lies with members' systems and
//! people until they come again: their receipts say up to which number they are, so they say who still has it. An operator's
//! view; it names members and what they had.

use std::collections::BTreeMap;

use line::{Added, Catalogue, LineId, ObjectIx, RecordKind, Seq, StorageError};
use policy::{CircleId, Deed, Level, MemberId, Permit, Reach, Receipt, Request};
use stix::{ObjectId, Timestamp};

use crate::opening::Gate;

const HOUR_MICROS: i64 = 3_600_000_000;
/// Days after which what was fetched, and never asked for again, counts as thrown away.
const KEPT_DAYS: i64 = 30;
/// Most recalls that are given.
pub const RECALLS_MAX: usize = 1_000;

/// How long a recall may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Hours for what people read.
    pub people_hours: u32,
    /// Hours for what systems fetch.
    pub systems_hours: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { people_hours: 72, systems_hours: 24 }
    }
}

impl Patience {
    const fn of(self, level: Level) -> u32 {
        match level {
            Level::Read => self.people_hours,
            _ => self.systems_hours,
        }
    }
}

/// Whether a recall has reached a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whether {
    /// Its receipts show that it never had the object.
    NeverHad,
    /// Everything that it fetched before, it has fetched again since, or it has said that the object is out.
    Confirmed,
    /// It has not come again yet.
    Waiting,
    /// It has not come again, and the time for it is over.
    Overdue,
}

impl Whether {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverHad => "never-had",
            Self::Confirmed => "confirmed",
            Self::Waiting => "waiting",
            Self::Overdue => "overdue",
        }
    }
}

/// An artefact in which a member may still have what was recalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outstanding {
    /// The artefact's name.
    pub what: String,
    /// When the member fetched it last.
    pub at: Timestamp,
    /// When its time is over.
    pub due: Timestamp,
}

/// A member that could see what was recalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The member.
    pub member: MemberId,
    /// Whether it still has it.
    pub whether: Whether,
    /// Where.
    pub outstanding: Vec<Outstanding>,
}

/// An object that was withdrawn, or revoked by a newer version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// The circle.
    pub circle: CircleId,
    /// The object.
    pub id: ObjectId,
    /// The number from which on it could be had.
    pub from: Seq,
    /// The number of the withdrawal.
    pub seq: Seq,
    /// When it was withdrawn.
    pub at: Timestamp,
    /// Why, as the one who withdrew it said; empty if it was revoked, or no reason was given.
    pub reason: String,
    /// Those who could see it, in the order of their identities.
    pub recipients: Vec<Recipient>,
}

impl Recall {
    /// The members that have come to `whether`.
    #[must_use]
    pub fn count(&self, whether: Whether) -> usize {
        self.recipients.iter().filter(|recipient| recipient.whether == whether).count()
    }
}

/// A withdrawal as the catalogue has it.
struct Found {
    object: ObjectIx,
    id: ObjectId,
    from: Seq,
    seq: Seq,
    at: Timestamp,
    is_withdrawal: bool,
}

impl Gate {
    /// What was recalled in a circle since `since`, the newest first, at most [`RECALLS_MAX`]. What came back is none.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn recalls(
        &self,
        circle: CircleId,
        since: Timestamp,
        patience: Patience,
        now: Timestamp,
    ) -> Result<Vec<Recall>, StorageError> {
        let line = LineId::new(circle.uuid());
        let found = self.store().look(line, |catalogue| found(catalogue, since))?;
        let mut reasons = BTreeMap::new();
        let mut withdrawals: Vec<Seq> =
            found.iter().filter(|one| one.is_withdrawal).map(|one| one.seq).collect();
        withdrawals.sort_unstable();
        self.store().bodies(line, &withdrawals, &mut |seq, _, body| {
            let reason = stix::head::property(&String::from_utf8_lossy(body), "reason");
            reasons.insert(seq, reason.unwrap_or_default());
        })?;
        let mut recalls: Vec<Recall> = found
            .iter()
            .map(|one| Recall {
                circle,
                id: one.id.clone(),
                from: one.from,
                seq: one.seq,
                at: one.at,
                reason: reasons.remove(&one.seq).unwrap_or_default(),
                recipients: Vec::new(),
            })
            .collect();
        let book = self.book();
        let members = book.circle(circle).map(|circle| circle.members.clone()).unwrap_or_default();
        for member in members {
            let request =
                Request { member, circle, wanted: Level::Read, encrypted: true, now, reach: Reach::Member };
            let Ok(reader) = self.reader(request) else { continue };
            let receipts = self.receipts(member);
            let could_see: Vec<bool> = reader.with_view(|view| {
                let mut see = |one: &Found| {
                    let mut versions =
                        view.catalogue.all_versions(one.object).filter(|version| version.seq < one.seq);
                    // What it brought itself, it does not wait for.
                    versions.any(|version| {
                        version.sender() != Some(member.uuid())
                            && !matches!(view.permit(&version), Permit::Hold(_))
                    })
                };
                found.iter().map(&mut see).collect()
            })?;
            for (recall, _) in recalls.iter_mut().zip(could_see).filter(|(_, could_see)| *could_see) {
                let recipient = recipient(recall, member, &receipts, patience, now);
                recall.recipients.push(recipient);
            }
        }
        Ok(recalls)
    }
}

/// What was withdrawn or revoked since then, and has not come back.
fn found(catalogue: &Catalogue, since: Timestamp) -> Vec<Found> {
    let (first, last) = (catalogue.until(Added(since.micros())).0 + 1, catalogue.head().0);
    let mut found: Vec<Found> = Vec::new();
    for seq in (first..=last).rev().map(Seq) {
        if found.len() >= RECALLS_MAX {
            break;
        }
        let Some(entry) = catalogue.entry(seq) else { continue };
        let is_withdrawal = entry.kind() == RecordKind::Withdrawal;
        let (Some(object), true) = (entry.object(), is_withdrawal || entry.revoked()) else { continue };
        let is_back = catalogue.newest_first(object).any(|version| version.seq > seq && !version.revoked());
        let first =
            catalogue.all_versions(object).map(|version| version.seq).filter(|version| *version < seq).min();
        let (Some(from), Some(id), false) = (first, catalogue.id(object), is_back) else { continue };
        // Of several withdrawals of one object, the last says how it stands.
        if found.iter().all(|known| known.object != object) {
            found.push(Found { object, id, from, seq, at: entry.added().timestamp(), is_withdrawal });
        }
    }
    found
}

fn recipient(
    recall: &Recall,
    member: MemberId,
    receipts: &[Receipt],
    patience: Patience,
    now: Timestamp,
) -> Recipient {
    let upto = |receipt: &Receipt| {
        let upto = receipt.upto.iter().find(|upto| upto.circle == recall.circle)?;
        Some(Seq(upto.seq))
    };
    let given = |receipt: &&Receipt| matches!(receipt.deed, Deed::Fetched | Deed::Delivered);
    let said = receipts.iter().filter(|receipt| matches!(receipt.deed, Deed::Confirmed | Deed::Answered));
    let is_said = said.filter_map(upto).any(|upto| upto >= recall.seq);
    let kept_from = recall.at.micros().saturating_sub(KEPT_DAYS * 24 * HOUR_MICROS);
    let has = |receipt: &&Receipt| upto(receipt).is_some_and(|upto| upto >= recall.from && upto < recall.seq);
    let outstanding: Vec<Outstanding> = receipts
        .iter()
        .filter(given)
        .filter(|receipt| !is_said && receipt.at.micros() > kept_from)
        .filter(has)
        .map(|receipt| {
            let hours = i64::from(patience.of(receipt.level));
            let due = recall.at.micros().saturating_add(hours * HOUR_MICROS);
            Outstanding { what: receipt.what.clone(), at: receipt.at, due: Timestamp::from_micros(due) }
        })
        .collect();
    let has_come = is_said || receipts.iter().filter(given).filter_map(upto).any(|upto| upto >= recall.from);
    let whether = match &outstanding[..] {
        [] if has_come => Whether::Confirmed,
        [] => Whether::NeverHad,
        some if some.iter().any(|one| one.due <= now) => Whether::Overdue,
        _ => Whether::Waiting,
    };
    Recipient { member, whether, outstanding }
}
