//! What a member may look for: what its watch file would hold, told and looked for without making one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use line::{LineId, Seq};
use policy::{CircleId, Level, MemberId};
use stix::{Timestamp, Tlp};
use watch::hunt::{Found, Needles, finds};
use watch::{Acts as _, Kind, Value};

use super::write::known;
use super::{Known, WatchFileError};
use crate::entry::{Claim, Claimed as _};
use crate::gather::{Deliver, DeliverError, Gathered};

/// What is said of each value, and under which mark.
pub(super) type ByValue<'g> = BTreeMap<&'g Value, Vec<(&'g Claim, Tlp)>>;

/// All that is looked for: what devices refuse, and what nothing but its kind keeps them from refusing.
pub(super) fn said(gathered: &Gathered) -> ByValue<'_> {
    let mut said = ByValue::new();
    for (claim, tlp) in claims(gathered) {
        said.entry(claim.value()).or_default().push((claim, tlp));
    }
    said
}

fn claims(gathered: &Gathered) -> impl Iterator<Item = (&Claim, Tlp)> {
    let refused = gathered.entries().map(|entry| (entry.claim(), entry.mark()));
    let looked_for = gathered.only_looked_for().map(|held| (held.claim(), held.mark()));
    refused.chain(looked_for)
}

/// What a watch file would hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// How many values there are of each kind, of which there are some.
    pub by_kind: Vec<(Kind, usize)>,
    /// The strictest mark in it.
    pub tlp: Tlp,
    /// When what was last added to it came; `None` if it is empty.
    pub newest: Option<Timestamp>,
}

impl Contents {
    /// How many values there are.
    #[must_use]
    pub fn values(&self) -> usize {
        self.by_kind.iter().map(|(_, count)| count).sum()
    }
}

impl Deliver {
    /// What the member's watch file holds at this moment.
    ///
    /// # Errors
    /// [`DeliverError`], as for the file itself.
    pub fn watch_contents(&self, member: MemberId, encrypted: bool) -> Result<Contents, DeliverError> {
        let gathered = self.to_look_for(member, encrypted)?;
        let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
        for kind in Kind::ALL.into_iter().filter(|kind| kind.blockable()) {
            counts.insert(kind, gathered.count(kind));
        }
        let (mut tlp, mut newest) = (gathered.tlp(), HashMap::<CircleId, Seq>::new());
        for (claim, mark) in claims(&gathered) {
            let (circle, seq) = claim.record();
            let last = newest.entry(circle).or_default();
            *last = seq.max(*last);
            let kind = claim.value().kind();
            if !kind.blockable() {
                *counts.entry(kind).or_default() += 1;
                tlp = tlp.max(mark);
            }
        }
        let mut came = None;
        for (circle, seq) in newest {
            let line = LineId::new(circle.uuid());
            let added = self.gate.store().look(line, |catalogue| Some(catalogue.entry(seq)?.added()))?;
            came = came.max(added.map(|added| added.timestamp()));
        }
        counts.retain(|_, count| *count > 0);
        Ok(Contents { by_kind: counts.into_iter().collect(), tlp, newest: came })
    }

    /// Looks in a text for what the member's watch file holds, and gives what stands there to `take`, until that says no. Nothing of
    /// the text is kept.
    ///
    /// # Errors
    /// [`DeliverError`], as for the file itself.
    pub fn look_in(
        &self,
        member: MemberId,
        encrypted: bool,
        text: &[u8],
        take: impl FnMut(Found<Known>) -> bool,
    ) -> Result<(), DeliverError> {
        let gathered = self.to_look_for(member, encrypted)?;
        let said = said(&gathered);
        let (needles, order) = Needles::of(said.keys().copied());
        let values: Vec<(&Value, &Vec<(&Claim, Tlp)>)> =
            said.iter().map(|(value, by)| (*value, by)).collect();
        let mut candidates = Vec::new();
        needles.candidates(text, &mut candidates);
        let known = |needle: u32| {
            let at = order.get(needle as usize).and_then(|at| values.get(*at as usize));
            let missing = || WatchFileError::Changed("the order of values".to_owned());
            let (value, by) = at.ok_or_else(missing)?;
            Ok::<_, WatchFileError>(Arc::new(((*value).clone(), known(value, by))))
        };
        let looked = finds(text, None, &mut candidates, known, take);
        looked.map(drop).map_err(|error| DeliverError::Render(error.to_string()))
    }

    fn to_look_for(&self, member: MemberId, encrypted: bool) -> Result<Gathered, DeliverError> {
        self.offered(&self.gate.book(), member, Level::Detect)?;
        self.gather(member, Level::Detect, encrypted)
    }
}
