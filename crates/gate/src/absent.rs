//! What is not there takes as long to answer as what is held.
//!
//! Who asks for an id or a value gets the same answer whether nobody has it or it is held from whoever asks. That the two took the
//! same time to come was measured (docs/no-leaks.md): what is held had to be looked up and decided about, what is not there had
//! not. So a decision is made about a record that stands in for what is not there, and goes nowhere.

use std::hint::black_box;

use line::{Entry, Seq};
use policy::Permit;
use stix::ObjectId;

use crate::view::View;

/// A number that follows from a text. Source: FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>).
pub(crate) fn number_of(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A record of a line that is `head` long, by chance, to stand in for one that is not there.
pub(crate) fn stand_in(number: u64, head: Seq) -> Seq {
    Seq(number.checked_rem(head.0).map_or(0, |at| at + 1))
}

impl View<'_> {
    /// Decides about a record in the place of an object that is not here.
    pub(crate) fn pass_by(&mut self, id: &ObjectId) {
        let number = u64::try_from(id.uuid().as_u128() & u128::from(u64::MAX)).unwrap_or_default();
        let seqs = black_box(vec![stand_in(number, self.catalogue.head())]);
        let names_source = id.object_type() == "identity";
        for entry in seqs.into_iter().filter_map(|seq| self.catalogue.entry(seq)) {
            black_box((entry.counts(), entry.spec_version(), entry.object()));
            black_box(self.fate_of_stand_in(&entry, names_source));
        }
    }

    /// Whether some version of the object that a record is about may go, as far as its class tells: no, where nothing of it comes out.
    pub(crate) fn may_come_out(&mut self, seq: Seq) -> bool {
        let catalogue = self.catalogue;
        let Some(object) = catalogue.entry(seq).and_then(|entry| entry.object()) else { return false };
        let mut versions = catalogue.newest_first(object);
        versions.any(|version: Entry<'_>| !matches!(self.permit(&version), Permit::Hold(_)))
    }
}
