//! Marking definitions of circles, read once.
//!
//! STIX 2.1 (section 7.2.1) gives marking definitions no versions, so what was read stays; whether the definition is
//! still in the circle is asked each time.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use line::{Catalogue, LineId, Seq, Store};
use parking_lot::Mutex;
use policy::MemberId;
use stix::marking::{Definition, read_definition};
use stix::{ObjectId, Timestamp};

#[derive(Default)]
pub(crate) struct Definitions {
    read: Mutex<HashMap<(LineId, Seq), Arc<Definition>>>,
    /// The dates on which those that were read begin or end to hold.
    dates: Mutex<HashMap<LineId, BTreeSet<Timestamp>>>,
}

impl Definitions {
    /// What the marking says for what `sender` has marked with it; `None` if the sender, or the node, has not brought its
    /// definition. What others say under that id does not count: they could say less.
    pub(crate) fn of(
        &self,
        store: &Store,
        line: LineId,
        catalogue: &Catalogue,
        id: &ObjectId,
        sender: MemberId,
    ) -> Option<Arc<Definition>> {
        let object = catalogue.object(id)?;
        let by = |member: MemberId| {
            catalogue.newest_first(object).find(move |entry| entry.sender() == Some(member.uuid()))
        };
        let seq = by(sender).or_else(|| by(MemberId::NODE))?.seq;
        if let Some(known) = self.read.lock().get(&(line, seq)) {
            return Some(Arc::clone(known));
        }
        let mut definition = None;
        let found = store.bodies(line, &[seq], &mut |_, _, body| {
            let read = std::str::from_utf8(body).ok().and_then(|raw| read_definition(raw).ok());
            definition = Some(Arc::new(read.unwrap_or(Definition::Unknown)));
        });
        found.ok()?;
        let definition = definition?;
        if let Definition::Iep(iep) = &*definition {
            self.dates.lock().entry(line).or_default().extend([iep.start, iep.end].into_iter().flatten());
        }
        self.read.lock().insert((line, seq), Arc::clone(&definition));
        Some(definition)
    }

    /// The first date after `from` on which a definition of a line begins or ends to hold, of those that were read.
    pub(crate) fn next_date(&self, line: LineId, from: Timestamp) -> Option<Timestamp> {
        let dates = self.dates.lock();
        dates.get(&line)?.range((Bound::Excluded(from), Bound::Unbounded)).next().copied()
    }
}
