//! The rules that a member may have, kept up to date as its values are: record by record, and anew when the book changes.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use gate::{Query, Reader};
use line::{Added, Seq};
use parking_lot::Mutex;
use policy::{CircleId, Level, MemberId, Released};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;
use watch::Stated;

use super::Language;
use crate::gather::{Asked, Deliver, DeliverError, Whose};

/// Longest text of one indicator's rules, in bytes.
const RULE_BYTES_MAX: usize = 256 * 1024;
/// Views of rules that are kept; all are dropped beyond.
const SLOTS_MAX: usize = 256;
/// Objects asked for at a time.
const ASKED_AT_ONCE: usize = 1_000;

/// An indicator whose pattern is a rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) circle: CircleId,
    pub(crate) object: ObjectId,
    /// When this version was added: it tells whether it came beyond the limit of a step.
    pub(crate) added: Added,
    pub(crate) language: Language,
    /// What it states of itself; its pattern is the text below.
    pub(crate) stated: Stated,
    pub(crate) created_by: Option<ObjectId>,
    pub(crate) markings: Vec<ObjectId>,
    /// Its text, or how many bytes too long it is.
    pub(crate) text: Result<Box<str>, usize>,
}

impl Rule {
    fn read(circle: CircleId, object: &gate::Object) -> Option<Self> {
        let head = stix::read_head(&object.raw).ok()?;
        let mut stated = Stated::read(&object.raw, &head)?;
        let language = Language::of(&stated.pattern_type)?;
        let pattern = std::mem::take(&mut stated.pattern);
        let text = match pattern.len() {
            length if length > RULE_BYTES_MAX => Err(length - RULE_BYTES_MAX),
            _ => Ok(pattern.into_boxed_str()),
        };
        Some(Self {
            circle,
            object: head.id,
            added: object.added,
            language,
            stated,
            created_by: head.created_by,
            markings: head.markings,
            text,
        })
    }
}

/// The rules of a view, by circle and indicator.
pub(crate) type Rules = BTreeMap<(CircleId, Uuid), Released<Arc<Rule>>>;

struct Slot {
    book_version: u64,
    heads: Vec<Seq>,
    at: Timestamp,
    /// When a date next decides about a release.
    until: Option<Timestamp>,
    rules: Arc<Rules>,
}

type Place = Arc<Mutex<Option<Slot>>>;

/// The views of rules that members have at the moment.
#[derive(Default)]
pub(crate) struct RuleViews(Mutex<HashMap<Whose, Place>>);

impl Deliver {
    /// The rules that a member may have, and what it was asked with.
    pub(super) fn rules(
        &self,
        member: MemberId,
        encrypted: bool,
    ) -> Result<(Arc<Rules>, Asked), DeliverError> {
        loop {
            let meant = self.whose(&self.readers(member, Level::Detect, encrypted)?);
            let place = {
                let mut places = self.rule_views.0.lock();
                if places.len() >= SLOTS_MAX && !places.contains_key(&meant) {
                    places.clear();
                }
                Arc::clone(places.entry(meant.clone()).or_default())
            };
            let mut place = place.lock();
            // The number before the book: what is kept then looks older than it is, never newer.
            let book_version = self.gate.book_version();
            let asked = self.readers(member, Level::Detect, encrypted)?;
            let kept = place.take().filter(|kept| {
                kept.book_version == book_version
                    && kept.heads.len() == asked.readers.len()
                    && kept.at <= asked.now
            });
            let slot = match kept {
                Some(kept) => follow(kept, &asked)?,
                None => begin(&asked, book_version)?,
            };
            // What it brings itself while this goes on, it sees as nobody else does.
            if self.whose(&asked) == meant {
                let rules = Arc::clone(&slot.rules);
                *place = Some(slot);
                return Ok((rules, asked));
            }
        }
    }
}

fn begin(asked: &Asked, book_version: u64) -> Result<Slot, DeliverError> {
    let (mut rules, mut heads, mut until) = (Rules::new(), Vec::new(), None);
    for reader in &asked.readers {
        // What comes after this is touched again.
        heads.push(reader.head());
        let circle = reader.request().circle;
        reader.each(&["indicator"], &mut |object| {
            if let Some(rule) = object.and_then(|object| Rule::read(circle, &object).map(Arc::new)) {
                rules.insert((circle, rule.get().object.uuid()), rule);
            }
            ControlFlow::Continue(())
        })?;
        until = [until, reader.settled_until()?].into_iter().flatten().min();
    }
    Ok(Slot { book_version, heads, at: asked.now, until, rules: Arc::new(rules) })
}

fn follow(mut slot: Slot, asked: &Asked) -> Result<Slot, DeliverError> {
    let dated = slot.until.is_some_and(|until| until <= asked.now);
    let mut until = slot.until.filter(|_| !dated);
    for (reader, head) in asked.readers.iter().zip(&mut slot.heads) {
        if !dated && reader.head() == *head {
            continue;
        }
        let touched = reader.touched(&["indicator"], *head, slot.at)?;
        *head = touched.head;
        change(reader, &touched.ids, &mut slot.rules)?;
        until = [until, reader.settled_until()?].into_iter().flatten().min();
    }
    (slot.until, slot.at) = (until, asked.now);
    Ok(slot)
}

/// Reads again what was touched.
fn change(reader: &Reader, ids: &[ObjectId], rules: &mut Arc<Rules>) -> Result<(), DeliverError> {
    let circle = reader.request().circle;
    for ids in ids.chunks(ASKED_AT_ONCE) {
        let mut found = Rules::new();
        each_of(reader, ids, "indicator", &mut |object| {
            if let Some(rule) = object.and_then(|object| Rule::read(circle, &object).map(Arc::new)) {
                found.insert((circle, rule.get().object.uuid()), rule);
            }
        })?;
        for id in ids {
            let key = (circle, id.uuid());
            match found.remove(&key) {
                Some(rule) => drop(Arc::make_mut(rules).insert(key, rule)),
                None if rules.contains_key(&key) => drop(Arc::make_mut(rules).remove(&key)),
                None => {}
            }
        }
    }
    Ok(())
}

/// Tells `on` of those of a circle's objects that the member may see.
pub(super) fn each_of(
    reader: &Reader,
    ids: &[ObjectId],
    object_type: &str,
    on: &mut dyn FnMut(Released<gate::Object>),
) -> Result<(), DeliverError> {
    let types = vec![object_type.to_owned()];
    let mut query = Query { ids: ids.to_vec(), types, limit: ASKED_AT_ONCE, ..Query::default() };
    loop {
        let page = reader.page(&query)?;
        page.items.into_iter().for_each(&mut *on);
        match page.next {
            Some(next) => query.after = next,
            None => return Ok(()),
        }
    }
}
