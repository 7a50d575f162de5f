//! Which events a member's MISP was given whole, and how far in a circle's line that brought it.
//!
//! MISP's questions name no number, and ask for events in many ways: one by one after a manifest or the index, in pages, those
//! changed since a time. So it is kept, for each member and circle, as what each event was given last. Once all events are
//! with the member as they stand in its view, it has what there is up to the number of that view, and a receipt says so.
//! This is in memory; after a start, what a receipt says and what came after it are put together again. What can't be known
//! is not claimed: then all events have to be fetched once more.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;

use gate::{Query, Reader};
use line::Seq;
use parking_lot::Mutex;
use policy::{CircleId, MemberId};
use uuid::Uuid;

use super::filter::{Filter, Subject};
use super::view::{all_attributes, is_deleted};
use super::{MispError, State, View, Who};
use crate::receipt::{Span, known, received};

const PROTOCOL: &str = "misp";
/// Events that are kept, of all members together.
const EVENTS_KEPT_MAX: usize = 1_000_000;
/// Objects that came after a receipt and are looked at to go on from it.
const SINCE_MAX: usize = 10_000;

/// What an event is, by its UUID.
type Given = HashMap<Uuid, u64>;

/// What members were given.
#[derive(Default)]
pub(crate) struct Delivered(Mutex<HashMap<(MemberId, CircleId), Given>>);

impl State {
    /// Notes that the member was given these events of a view whole, and how far it is by that.
    pub(crate) fn delivered(&self, who: &Who, view: &View, events: &[usize]) -> Result<(), MispError> {
        if !who.counts {
            return Ok(());
        }
        let reader = self.reader(who, view.circle)?;
        let states = view.states.get_or_init(|| states(view));
        let key = (who.member, view.circle);
        let first = match self.delivered.0.lock().contains_key(&key) {
            true => None,
            false => Some(self.had_by_receipt(&reader, view, states)?),
        };
        let mut all = self.delivered.0.lock();
        let given = all.entry(key).or_insert_with(|| first.unwrap_or_default());
        for at in events {
            if let (Some(facts), Some(state)) = (view.facts.get(*at), states.get(*at)) {
                given.insert(facts.uuid, *state);
            }
        }
        let mut stand = view.facts.iter().zip(states);
        let is_whole = stand.all(|(facts, state)| given.get(&facts.uuid) == Some(state));
        let there: HashSet<Uuid> = view.facts.iter().map(|facts| facts.uuid).collect();
        given.retain(|uuid, _| there.contains(uuid));
        if all.values().map(HashMap::len).sum::<usize>() > EVENTS_KEPT_MAX {
            all.retain(|other, _| *other == key);
        }
        drop(all);
        if is_whole {
            let span = Span { after: Seq(0), upto: view.head };
            received(&self.misp.gate, PROTOCOL, reader.request(), Some(span));
        }
        Ok(())
    }

    /// Notes that the member was given these events of several views whole.
    pub(super) fn delivered_of(
        &self,
        who: &Who,
        views: &[Arc<View>],
        whole: &[Subject<'_>],
    ) -> Result<(), MispError> {
        views.iter().try_for_each(|view| {
            let of_view = whole.iter().filter(|subject| std::ptr::eq(subject.view, Arc::as_ptr(view)));
            self.delivered(who, view, &of_view.map(|subject| subject.at).collect::<Vec<_>>())
        })
    }

    /// What the member has of a view by its receipt: all events in which nothing has come since; none, if of something that has
    /// come it can't be said in which event it stands.
    fn had_by_receipt(&self, reader: &Reader, view: &View, states: &[u64]) -> Result<Given, MispError> {
        let known = known(&self.misp.gate, PROTOCOL, reader.request());
        if known == 0 {
            return Ok(Given::new());
        }
        let since = reader.manifest(&Query { after: Seq(known), limit: SINCE_MAX, ..Query::default() })?;
        if since.next.is_some() {
            return Ok(Given::new());
        }
        let mut changed = HashSet::new();
        for row in &since.items {
            let id = &row.get().id;
            match view.find(&id.uuid().to_string()) {
                Some(part) => drop(changed.insert(part.event())),
                // These go along with whatever names them.
                None if matches!(id.object_type(), "identity" | "marking-definition") => {}
                None => return Ok(Given::new()),
            }
        }
        let unchanged = view.facts.iter().zip(states).enumerate().filter(|(at, _)| !changed.contains(at));
        Ok(unchanged.map(|(_, (facts, state))| (facts.uuid, *state)).collect())
    }
}

/// What each event is, so that two that say the same are the same.
fn states(view: &View) -> Vec<u64> {
    let state = |(event, facts): (&crate::misp::wire::Event, &super::view::Facts)| {
        let mut hasher = DefaultHasher::new();
        hasher.write(&serde_json::to_vec(event).unwrap_or_default());
        hasher.write(facts.tlp.to_string().as_bytes());
        hasher.finish()
    };
    view.events.iter().zip(&view.facts).map(state).collect()
}

impl Filter {
    /// Whether an event that is found is given with all that is in it.
    pub(super) fn leaves_whole(&self, subject: &Subject<'_>) -> bool {
        let shape = &self.shape;
        let is_cut = shape.metadata || shape.warninglists;
        !is_cut
            && all_attributes(subject.event).all(|(attribute, object)| {
                self.keeps(subject, attribute, object)
                    && (shape.attachments || attribute.data.text().is_none_or(str::is_empty))
            })
            && subject.event.objects.iter().all(|object| self.deleted.has(object.deleted.is_true()))
            && subject.event.reports.iter().all(|report| self.deleted.has(report.deleted.is_true()))
    }
}

/// Whether an event has something that was taken back.
pub(super) fn has_deleted(event: &crate::misp::wire::Event) -> bool {
    all_attributes(event).any(|(attribute, object)| is_deleted(attribute, object))
        || event.objects.iter().any(|object| object.deleted.is_true())
        || event.reports.iter().any(|report| report.deleted.is_true())
}
