//! Receipts: what members did with what they were given, kept in the node's own line.
//!
//! What a person or a test says is durable before it is acknowledged. What devices do over and over is coalesced: the newest
//! of each kind is kept in memory and written when it says something new, at most once an hour, so that polling costs nothing.

use std::collections::{BTreeMap, HashMap};

use line::{Draft, LineId, Outcome, Record, RecordKind, Seq};
use parking_lot::Mutex;
use policy::{Deed, Level, MemberId, Receipt, Standing, Upto};
use stix::Timestamp;

use crate::opening::{Gate, GateError};

const SECOND_MICROS: i64 = 1_000_000;
/// Seconds that lie at least between two receipts of one kind that say something new.
const AGAIN_S: i64 = 3_600;
/// Seconds after which a receipt is written although it says what the last one said: so that use is known after a restart.
const SAME_S: i64 = 86_400;
/// Kinds of receipts kept for a member; a new kind beyond it takes the place of the oldest.
const KINDS_MAX: usize = 256;
/// Receipts written at a time.
const WRITTEN_AT_ONCE: usize = 1_000;

/// What receipts of one kind have in common: the artefact and the deed.
type Kind = (String, Deed);

/// The newest receipt of a kind.
#[derive(Debug, Clone)]
struct Kept {
    receipt: Receipt,
    /// As it stands in the line.
    written: Option<Receipt>,
}

impl Kept {
    /// Whether the line is to have it by now.
    fn is_due(&self, all: bool) -> bool {
        let Some(written) = &self.written else { return true };
        let age_s = (self.receipt.at.micros() - written.at.micros()) / SECOND_MICROS;
        let is_new = self.receipt.mark != written.mark || self.receipt.upto != written.upto;
        match is_new {
            true => age_s >= AGAIN_S || all,
            false => age_s >= SAME_S || (all && age_s > 0),
        }
    }
}

/// The newest receipts of all members.
#[derive(Debug, Default)]
pub(crate) struct Receipts(Mutex<HashMap<MemberId, BTreeMap<Kind, Kept>>>);

impl Receipts {
    /// Takes a record of the node's line in. One that can't be read, as a newer program may have written it, is
    /// left out: nothing depends on it but what is shown.
    pub(crate) fn load(&self, record: &Record) {
        if let Ok(receipt) = Receipt::from_json(&String::from_utf8_lossy(&record.body)) {
            self.keep(receipt.clone(), Some(receipt));
        }
    }

    /// Keeps a receipt, of which the line has `written`.
    fn keep(&self, receipt: Receipt, written: Option<Receipt>) {
        let mut members = self.0.lock();
        let kinds = members.entry(receipt.member).or_default();
        let kind = (receipt.what.clone(), receipt.deed);
        if kinds.len() >= KINDS_MAX && !kinds.contains_key(&kind) {
            let oldest = kinds.iter().min_by_key(|(_, kept)| kept.receipt.at).map(|(kind, _)| kind.clone());
            oldest.map(|oldest| kinds.remove(&oldest));
        }
        match kinds.get_mut(&kind) {
            None => {
                kinds.insert(kind, Kept { receipt, written });
            }
            Some(kept) => {
                let receipt = joined(&kept.receipt, receipt);
                kept.written = written.or(kept.written.take());
                kept.receipt = receipt;
            }
        }
    }
}

/// The newer one, with the farthest that either got in each circle: what a member has had, it does not lose by asking again.
fn joined(old: &Receipt, new: Receipt) -> Receipt {
    let mut far: BTreeMap<_, u64> = new.upto.iter().map(|upto| (upto.circle, upto.seq)).collect();
    for upto in &old.upto {
        let seq = far.entry(upto.circle).or_default();
        *seq = (*seq).max(upto.seq);
    }
    let upto = far.into_iter().map(|(circle, seq)| Upto { circle, seq }).collect();
    if new.at < old.at { Receipt { upto, ..old.clone() } } else { Receipt { upto, ..new } }
}

impl Gate {
    /// Notes what a device does over and over; [`Gate::write_receipts`] writes it down.
    pub fn note(&self, receipt: Receipt) {
        self.inner.receipts.keep(receipt, None);
    }

    /// Takes a receipt: what people and tests say. It is in the line when this returns.
    ///
    /// # Errors
    /// [`GateError`]: then nothing has been taken.
    pub fn receive(&self, receipt: Receipt) -> Result<(), GateError> {
        self.append_receipts(std::slice::from_ref(&receipt))
    }

    /// Writes what has been noted and is due; all that is new, if `all`. Gives how many were written.
    ///
    /// # Errors
    /// [`GateError`]: then what is not in the line is tried again the next time.
    pub fn write_receipts(&self, all: bool) -> Result<usize, GateError> {
        let due: Vec<Receipt> = {
            let members = self.inner.receipts.0.lock();
            let kept = members.values().flat_map(BTreeMap::values);
            kept.filter(|kept| kept.is_due(all)).map(|kept| kept.receipt.clone()).collect()
        };
        for some in due.chunks(WRITTEN_AT_ONCE) {
            self.append_receipts(some)?;
        }
        Ok(due.len())
    }

    fn append_receipts(&self, receipts: &[Receipt]) -> Result<(), GateError> {
        let draft = |receipt: &Receipt| {
            Draft::note(RecordKind::Receipt, receipt.member.uuid(), receipt.to_json().into_bytes())
        };
        let drafts = receipts.iter().map(draft).collect();
        for outcome in self.inner.store.append(LineId::NODE, drafts)? {
            if let Outcome::Refused(refusal) = outcome {
                return Err(GateError::Refused(refusal));
            }
        }
        self.read_on()
    }

    /// The newest receipt of each kind of a member's, by the artefact's name.
    #[must_use]
    pub fn receipts(&self, member: MemberId) -> Vec<Receipt> {
        let members = self.inner.receipts.0.lock();
        let kinds = members.get(&member).into_iter().flat_map(BTreeMap::values);
        kinds.map(|kept| kept.receipt.clone()).collect()
    }

    /// A member's receipts as they stand in the line, the newest first, at most `limit`. Reads the whole node's line.
    ///
    /// # Errors
    /// [`GateError`].
    pub fn receipt_history(&self, member: MemberId, limit: usize) -> Result<Vec<Receipt>, GateError> {
        let (mut found, mut after) = (std::collections::VecDeque::new(), Seq(0));
        loop {
            let records = self.inner.store.records(LineId::NODE, after, line::store::RECORDS_MAX)?;
            let Some(last) = records.last() else { return Ok(found.into_iter().rev().collect()) };
            after = last.seq;
            let of_member = records
                .iter()
                .filter(|record| record.kind == RecordKind::Receipt && record.sender == member.uuid());
            for record in of_member {
                found.extend(Receipt::from_json(&String::from_utf8_lossy(&record.body)));
                if found.len() > limit {
                    found.pop_front();
                }
            }
        }
    }

    /// What a member's receipts say about its level.
    #[must_use]
    pub fn standing(&self, member: MemberId) -> Standing {
        Standing::of(&self.receipts(member))
    }

    /// How long the lines of a member's circles are: what an artefact made from now on joins.
    #[must_use]
    pub fn heads(&self, member: MemberId, now: Timestamp) -> Vec<Upto> {
        let readers = self.readers(member, Level::Read, true, now);
        let upto = |reader: &crate::Reader| Upto { circle: reader.request().circle, seq: reader.head().0 };
        readers.iter().map(upto).collect()
    }
}
