//! Whether something in a view is what a search asks for.
//!
//! Events are searched as MISP searches them: conditions on attributes hold for an event if some attribute of it meets them,
//! each condition for itself, so that `type` and `value` may be met by two attributes. Searching attributes, all conditions
//! hold for the one attribute and its event.

use stix::Tlp;

use super::{Filter, Terms};
use crate::misp::rest::dress::{distribution, is_mark, mark_name, mark_of};
use crate::misp::rest::number;
use crate::misp::rest::view::{Facts, View, all_attributes, is_deleted, seconds, uuid_of};
use crate::misp::wire::{Attribute, Event, Galaxy, Object, Tag, Text};
use crate::read::time::lenient;

/// An event in its view.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'v> {
    pub(crate) view: &'v View,
    pub(crate) at: usize,
    pub(crate) event: &'v Event,
    pub(crate) facts: &'v Facts,
}

impl<'v> Subject<'v> {
    pub(crate) fn new(view: &'v View, at: usize) -> Option<Self> {
        Some(Self { view, at, event: view.events.get(at)?, facts: view.facts.get(at)? })
    }

    /// Whether two are the same event in the same view.
    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.event, other.event)
    }

    /// Names of the event's tags, as they are shown.
    pub(crate) fn tags(&self) -> Vec<String> {
        let mut names = names(&self.event.tags.all, &self.event.galaxies.all, Some(self.facts.tlp));
        names.dedup();
        names
    }

    /// Names of an attribute's own tags, as they are shown.
    pub(crate) fn tags_of(&self, attribute: &Attribute) -> Vec<String> {
        names(&attribute.tags.all, &attribute.galaxies.all, self.view.own_mark(attribute))
    }
}

fn names(tags: &[Tag], galaxies: &[Galaxy], mark: Option<Tlp>) -> Vec<String> {
    let stays = |tag: &&Tag| mark.is_none() || mark_of(tags) >= mark || !is_mark(tag);
    let shown = tags.iter().filter(stays).filter_map(|tag| tag.name.text()).map(str::to_owned);
    let added = mark.filter(|mark| mark_of(tags) < Some(*mark)).map(mark_name);
    let clusters = galaxies.iter().flat_map(|galaxy| galaxy.clusters.iter());
    shown
        .chain(added)
        .chain(clusters.filter_map(|cluster| cluster.tag_name.text()).map(str::to_owned))
        .collect()
}

/// An id in both forms in which it can be asked for.
fn ids(uuid: &Text) -> [String; 2] {
    let number = uuid_of(uuid).map(|uuid| number::of(uuid).to_string());
    [uuid.as_str().to_ascii_lowercase(), number.unwrap_or_default()]
}

fn hold(terms: &Terms, texts: &[String]) -> bool {
    terms.hold_for(texts.iter().map(String::as_str))
}

/// The whole value, and the two parts of a composite one.
fn values(attribute: &Attribute) -> [&str; 3] {
    let value = attribute.value.as_str();
    match value.split_once('|').filter(|_| is_composite(attribute.kind.as_str())) {
        Some((first, second)) => [value, first, second],
        None => [value, value, value],
    }
}

/// Whether values of a type have two parts.
pub(crate) fn is_composite(kind: &str) -> bool {
    kind.contains('|') || kind == "malware-sample"
}

impl Filter {
    /// Whether an event is asked for.
    pub(crate) fn has_event(&self, subject: &Subject<'_>) -> bool {
        let attributes = |event| {
            all_attributes(event)
                .filter(|(attribute, object)| self.deleted.has(is_deleted(attribute, *object)))
        };
        if let Some(pattern) = &self.anywhere {
            let in_attribute =
                |(attribute, _): (&Attribute, _)| self.is_anywhere(pattern, subject, attribute);
            return self.is_in_event(pattern, subject) || attributes(subject.event).any(in_attribute);
        }
        let some = |hold: &dyn Fn(&Attribute, Option<&Object>) -> bool| {
            attributes(subject.event).any(|(attribute, object)| hold(attribute, object))
        };
        let met = |terms: &Terms, hold: &dyn Fn(&Attribute, Option<&Object>) -> bool| {
            terms.is_empty() || some(hold)
        };
        self.holds_for_event(subject)
            && self.timestamp.has(subject.facts.changed)
            && self.has_tags_in_event(subject)
            && self.has_uuid_in_event(subject)
            && met(&self.value, &|attribute, _| self.value.hold_for(values(attribute)))
            && met(&self.kind, &|attribute, _| self.kind.hold_for([attribute.kind.as_str()]))
            && met(&self.category, &|attribute, _| self.category.hold_for([attribute.category.as_str()]))
            && met(&self.relation, &|attribute, _| {
                self.relation.hold_for([attribute.object_relation.as_str()])
            })
            && met(&self.comment, &|attribute, _| self.comment.hold_for([attribute.comment.as_str()]))
            && met(&self.attribute, &|attribute, _| hold(&self.attribute, &ids(&attribute.uuid)))
            && (!self.asks_for_objects()
                || subject.event.objects.iter().any(|object| self.has_object(object)))
            && (matches!(self.to_ids, super::Truth::Either)
                || some(&|attribute, _| self.to_ids.has(attribute.to_ids.is_true())))
            && (self.attribute_timestamp.is_empty()
                || some(&|attribute, _| self.attribute_timestamp.has(seconds(&attribute.timestamp))))
            && (self.first_seen.is_empty()
                || some(&|attribute, _| is_seen(self.first_seen, &attribute.first_seen)))
            && (self.last_seen.is_empty()
                || some(&|attribute, _| is_seen(self.last_seen, &attribute.last_seen)))
            && (self.deleted != super::Truth::Only(true) || some(&|_, _| true))
            && self.has_proposal.has(!subject.event.proposals.all.is_empty())
    }

    /// The search within one event: what the event itself must be is looked at here, once for all its attributes.
    pub(crate) fn within<'f>(&'f self, subject: &Subject<'f>) -> Within<'f> {
        let holds = match &self.anywhere {
            Some(pattern) => self.is_in_event(pattern, subject),
            None => {
                self.holds_for_event(subject)
                    && (self.event_tags.is_empty() || hold(&self.event_tags, &subject.tags()))
            }
        };
        let tags = if self.tags.is_empty() { Vec::new() } else { subject.tags() };
        Within { filter: self, subject: *subject, holds, ids: ids(&subject.event.uuid), tags }
    }

    /// Whether an attribute of an event that is asked for stays in the answer.
    pub(crate) fn keeps(
        &self,
        subject: &Subject<'_>,
        attribute: &Attribute,
        object: Option<&Object>,
    ) -> bool {
        let tolerates = |names: &[String]| self.tags.tolerate(names.iter().map(String::as_str));
        self.deleted.has(is_deleted(attribute, object))
            && self.to_ids.has(attribute.to_ids.is_true())
            && (self.tags.is_empty() || tolerates(&subject.tags_of(attribute)))
    }

    fn holds_for_event(&self, subject: &Subject<'_>) -> bool {
        let event = subject.event;
        let date = event.date.as_str();
        self.info.hold_for([event.info.as_str()])
            && self.published.has(event.published.0.unwrap_or(true))
            && self.from.as_ref().is_none_or(|from| from.as_str() <= date)
            && self.to.as_ref().is_none_or(|to| date <= to.as_str())
            && (self.publish_timestamp.is_empty() || self.publish_timestamp.has(published_at(subject)))
            && self.event_timestamp.has(subject.facts.changed)
            && (self.event.is_empty() || hold(&self.event, &ids(&event.uuid)))
            && (self.org.is_empty() || hold(&self.org, &org(event)))
            && self.threat_level.hold_for([event.threat_level_id.text().unwrap_or("4")])
            && self.analysis.hold_for([event.analysis.text().unwrap_or("2")])
            && self.distribution.hold_for([distribution(subject.view, event)])
            && (self.group.is_empty() || {
                let group = Text::from(subject.view.circle.to_string());
                hold(&self.group, &ids(&group))
            })
    }

    fn asks_for_objects(&self) -> bool {
        !(self.object_name.is_empty() && self.template_uuid.is_empty() && self.template_version.is_empty())
    }

    /// Whether an object is of the kind that is asked for.
    pub(crate) fn has_object(&self, object: &Object) -> bool {
        self.object_name.hold_for([object.name.as_str()])
            && self.template_uuid.hold_for([object.template_uuid.as_str()])
            && self.template_version.hold_for([object.template_version.as_str()])
    }

    fn has_uuid_in_event(&self, subject: &Subject<'_>) -> bool {
        if self.uuid.is_empty() {
            return true;
        }
        let mut all = ids(&subject.event.uuid).to_vec();
        all.extend(all_attributes(subject.event).flat_map(|(attribute, _)| ids(&attribute.uuid)));
        hold(&self.uuid, &all)
    }

    fn has_tags_in_event(&self, subject: &Subject<'_>) -> bool {
        if self.tags.is_empty() && self.event_tags.is_empty() {
            return true;
        }
        let own = subject.tags();
        let kept = all_attributes(subject.event)
            .filter(|(attribute, object)| self.deleted.has(is_deleted(attribute, *object)));
        let in_attributes = kept.flat_map(|(attribute, _)| subject.tags_of(attribute));
        // What must not be there is looked for on the event; attributes that have it are left out of the answer.
        hold(&self.event_tags, &own)
            && self.tags.tolerate(own.iter().map(String::as_str))
            && (self.tags.asks_for_nothing() || {
                let all: Vec<String> = own.into_iter().chain(in_attributes).collect();
                self.tags.are_met_by(all.iter().map(String::as_str))
            })
    }

    fn is_in_event(&self, pattern: &str, subject: &Subject<'_>) -> bool {
        is_text(pattern, subject.event.info.as_str())
            || subject.event.orgc.get().is_some_and(|org| is_text(pattern, org.name.as_str()))
            || subject.tags().iter().any(|tag| is_text(pattern, tag))
    }

    fn is_anywhere(&self, pattern: &str, subject: &Subject<'_>, attribute: &Attribute) -> bool {
        values(attribute).into_iter().any(|value| is_text(pattern, value))
            || is_text(pattern, attribute.comment.as_str())
            || subject.tags_of(attribute).iter().any(|tag| is_text(pattern, tag))
    }
}

/// A search within one event.
pub(crate) struct Within<'f> {
    filter: &'f Filter,
    subject: Subject<'f>,
    /// Whether the event is one in which attributes are looked for; of a search anywhere, whether it is found itself.
    holds: bool,
    ids: [String; 2],
    /// The event's tags, if tags are asked for.
    tags: Vec<String>,
}

impl Within<'_> {
    /// Whether an attribute of the event is asked for.
    pub(crate) fn has(&self, attribute: &Attribute, object: Option<&Object>) -> bool {
        let Self { filter, subject, .. } = self;
        if let Some(pattern) = &filter.anywhere {
            let found = self.holds || filter.is_anywhere(pattern, subject, attribute);
            return found && filter.deleted.has(is_deleted(attribute, object));
        }
        self.holds
            && filter.value.hold_for(values(attribute))
            && filter.kind.hold_for([attribute.kind.as_str()])
            && filter.category.hold_for([attribute.category.as_str()])
            && filter.relation.hold_for([attribute.object_relation.as_str()])
            && filter.comment.hold_for([attribute.comment.as_str()])
            && (filter.attribute.is_empty() || hold(&filter.attribute, &ids(&attribute.uuid)))
            && (filter.uuid.is_empty() || self.has_uuid(attribute))
            && (!filter.asks_for_objects() || object.is_some_and(|object| filter.has_object(object)))
            && filter.to_ids.has(attribute.to_ids.is_true())
            && filter.deleted.has(is_deleted(attribute, object))
            && filter.timestamp.has(seconds(&attribute.timestamp))
            && filter.attribute_timestamp.has(seconds(&attribute.timestamp))
            && is_seen(filter.first_seen, &attribute.first_seen)
            && is_seen(filter.last_seen, &attribute.last_seen)
            && (filter.tags.is_empty() || self.has_tags(attribute))
    }

    /// Its own id, or its event's.
    fn has_uuid(&self, attribute: &Attribute) -> bool {
        let own = ids(&attribute.uuid);
        self.filter.uuid.hold_for(own.iter().chain(&self.ids).map(String::as_str))
    }

    /// Its own tags and its event's.
    fn has_tags(&self, attribute: &Attribute) -> bool {
        let own = self.subject.tags_of(attribute);
        self.filter.tags.hold_for(self.tags.iter().chain(&own).map(String::as_str))
    }
}

fn is_text(pattern: &str, text: &str) -> bool {
    super::terms::is_one(pattern, &text.to_lowercase())
}

fn is_seen(span: super::Span, text: &Text) -> bool {
    span.is_empty() || text.text().and_then(lenient).is_some_and(|at| span.has(at.seconds()))
}

/// When an event was published; what never was is never found by this.
fn published_at(subject: &Subject<'_>) -> i64 {
    match (subject.event.published.0.unwrap_or(true), seconds(&subject.event.publish_timestamp)) {
        (_, at @ 1..) => at,
        (true, _) => subject.facts.changed,
        (false, _) => 0,
    }
}

fn org(event: &Event) -> [String; 3] {
    let org = crate::misp::rest::dress::org(event.orgc.get());
    [org.name.as_str().to_owned(), org.uuid.as_str().to_owned(), org.id.as_str().to_owned()]
}
