//! What a member got and what was held back, and why: for operators, never for members.

use std::collections::BTreeMap;

use line::{Seq, StorageError};
use policy::{Decision, Rule};
use stix::ObjectId;

use crate::reader::{Reader, Settled, settle};

/// How many objects one rule decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The rule.
    pub rule: Rule,
    /// Objects in their newest version.
    pub objects: u64,
}

/// An object that was held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldItem {
    /// Its id.
    pub id: ObjectId,
    /// Its number in the line.
    pub seq: Seq,
    /// The rule that held it.
    pub rule: Rule,
}

/// What a member's view of a circle comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Released whole, by rule.
    pub released: Vec<Count>,
    /// Released as redacted copies, by rule.
    pub redacted: Vec<Count>,
    /// Held back, by rule.
    pub held: Vec<Count>,
    /// Some of what was held back: those after `skip`, at most as many as asked for.
    pub items: Vec<HeldItem>,
}

impl Explanation {
    /// Objects in a list of counts.
    #[must_use]
    pub fn sum(counts: &[Count]) -> u64 {
        counts.iter().map(|count| count.objects).sum()
    }
}

impl Reader {
    /// Explains every object of the circle in its newest version. `only` picks held items of one rule; `skip` and `limit` page
    /// through them.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn explain(
        &self,
        only: Option<Rule>,
        skip: usize,
        limit: usize,
    ) -> Result<Explanation, StorageError> {
        self.with_view(|view| {
            let (mut released, mut redacted, mut held) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
            let (mut items, mut passed) = (Vec::new(), 0);
            let catalogue = view.catalogue;
            for seq in (1..=catalogue.head().0).map(Seq) {
                let Some(entry) = catalogue.entry(seq).filter(line::Entry::last) else { continue };
                let (counts, rule, is_held) = match settle(view, &entry) {
                    Settled::Whole(pass) => (&mut released, pass.rule(), false),
                    Settled::Copy(copy) => (&mut redacted, copy.rule(), false),
                    Settled::Held(rule) => (&mut held, rule, true),
                };
                *counts.entry(rule).or_insert(0_u64) += 1;
                if is_held
                    && only.is_none_or(|only| only == rule)
                    && let Some(id) = entry.id()
                {
                    passed += 1;
                    if passed > skip && items.len() < limit {
                        items.push(HeldItem { id, seq, rule });
                    }
                }
            }
            let list = |counts: BTreeMap<Rule, u64>| {
                counts.into_iter().map(|(rule, objects)| Count { rule, objects }).collect()
            };
            Explanation { released: list(released), redacted: list(redacted), held: list(held), items }
        })
    }

    /// What is decided about one object in its newest version; `None` if it is not in the circle.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn decision(&self, id: &ObjectId) -> Result<Option<Decision>, StorageError> {
        self.with_view(|view| {
            let catalogue = view.catalogue;
            let entry = catalogue.entry(catalogue.latest(catalogue.object(id)?)?)?;
            Some(match settle(view, &entry) {
                Settled::Whole(pass) => Decision::Release(pass.rule()),
                Settled::Copy(copy) => Decision::Redact(copy.rule()),
                Settled::Held(rule) => Decision::Hold(rule),
            })
        })
    }
}
