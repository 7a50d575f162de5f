//! What a member got and what was held back, and why: for operators, never for members.

use std::collections::BTreeMap;

use line::{Seq, StorageError};
use policy::{Decision, Rule};
use stix::ObjectId;

use crate::reader::{Reader, Settled, settle};
use crate::view::View;

/// Entries explained before the line may grow again.
const AT_ONCE: usize = 20_000;

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

/// Whether an entry is what is to be explained of its object: the newest version, or, where several members brought it, the
/// one that the member sees.
fn is_last(view: &mut View<'_>, entry: &line::Entry<'_>) -> bool {
    let several = entry.object().filter(|object| view.catalogue.is_of_several(*object));
    match several.and_then(|object| view.newest_seen(object, None)) {
        Some(seen) => seen == entry.seq,
        None => entry.last(),
    }
}

/// An explanation that is being made.
#[derive(Default)]
struct Telling {
    only: Option<Rule>,
    skip: usize,
    limit: usize,
    released: BTreeMap<Rule, u64>,
    redacted: BTreeMap<Rule, u64>,
    held: BTreeMap<Rule, u64>,
    items: Vec<HeldItem>,
    passed: usize,
}

impl Telling {
    fn take(&mut self, view: &mut View<'_>, seq: Seq) {
        let Some(entry) = view.catalogue.entry(seq).filter(|entry| is_last(view, entry)) else { return };
        let (counts, rule, is_held) = match settle(view, &entry) {
            Settled::Whole(pass) => (&mut self.released, pass.rule(), false),
            Settled::Copy(copy) => (&mut self.redacted, copy.text.rule(), false),
            Settled::Held(rule) => (&mut self.held, rule, true),
        };
        *counts.entry(rule).or_insert(0) += 1;
        if is_held
            && self.only.is_none_or(|only| only == rule)
            && let Some(id) = entry.id()
        {
            self.passed += 1;
            if self.passed > self.skip && self.items.len() < self.limit {
                self.items.push(HeldItem { id, seq, rule });
            }
        }
    }

    fn told(self) -> Explanation {
        let list = |counts: BTreeMap<Rule, u64>| {
            counts.into_iter().map(|(rule, objects)| Count { rule, objects }).collect()
        };
        let (released, redacted, held) = (list(self.released), list(self.redacted), list(self.held));
        Explanation { released, redacted, held, items: self.items }
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
        let mut telling = Telling { only, skip, limit, ..Telling::default() };
        let head = self.head();
        for first in (1..=head.0).step_by(AT_ONCE) {
            let until = head.0.min(first + AT_ONCE as u64 - 1);
            // Some at a time, so that the line can grow in between.
            self.with_view(|view| (first..=until).for_each(|seq| telling.take(view, Seq(seq))))?;
        }
        Ok(telling.told())
    }

    /// What is decided about one object in its newest version; `None` if it is not in the circle.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn decision(&self, id: &ObjectId) -> Result<Option<Decision>, StorageError> {
        self.with_view(|view| {
            let catalogue = view.catalogue;
            let object = catalogue.object(id)?;
            let newest = catalogue.newest_first(object).next()?;
            let seen = view.newest_seen(object, None).filter(|_| catalogue.is_of_several(object));
            let entry = seen.and_then(|seen| catalogue.entry(seen)).unwrap_or(newest);
            Some(match settle(view, &entry) {
                Settled::Whole(pass) => Decision::Release(pass.rule()),
                Settled::Copy(copy) => Decision::Redact(copy.text.rule()),
                Settled::Held(rule) => Decision::Hold(rule),
            })
        })
    }
}
