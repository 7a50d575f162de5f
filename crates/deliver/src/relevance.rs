//! Which indicators belong to what is aimed at the likes of a member: its sectors, its country.
//!
//! A campaign, an intrusion set or whatever else `targets` an identity with one of the member's sectors, or a location in its
//! country, concerns it; so does an indicator that `indicates` such a thing, and one that stands in a report together with it or
//! with such an identity or location. What the member may not see tells nothing here either.
//!
//! Source: STIX 2.1, sections 4.5 (`sectors`), 4.12 (`country`), 4.16 (`object_refs`), and the relationships `targets` and
//! `indicates`.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use gate::Reader;
use line::Seq;
use parking_lot::Mutex;
use policy::{Level, Member, MemberId};
use serde::Deserialize;
use stix::Timestamp;

use crate::entry::Key;
use crate::gather::{Asked, Deliver, DeliverError};

/// Members of which it is remembered; all are forgotten beyond.
const KEPT_MAX: usize = 256;
/// The types that tell what is relevant.
const TYPES: [&str; 4] = ["identity", "location", "relationship", "report"];

#[derive(Deserialize)]
struct Wire {
    id: String,
    #[serde(rename = "type")]
    object_type: String,
    relationship_type: Option<String>,
    source_ref: Option<String>,
    target_ref: Option<String>,
    country: Option<String>,
    #[serde(default)]
    sectors: Vec<String>,
    #[serde(default)]
    object_refs: Vec<String>,
}

/// What was found, and from what.
struct Kept {
    book_version: u64,
    heads: Vec<Seq>,
    at: Timestamp,
    until: Option<Timestamp>,
    found: Arc<HashSet<Key>>,
}

/// Of one member; who asks while it is looked for waits for that.
type Place = Arc<Mutex<Option<Kept>>>;

/// What is relevant to members that asked for it.
#[derive(Default)]
pub(crate) struct Relevance(Mutex<HashMap<(MemberId, bool), Place>>);

impl Relevance {
    fn place(&self, whose: (MemberId, bool)) -> Place {
        let mut places = self.0.lock();
        if places.len() >= KEPT_MAX && !places.contains_key(&whose) {
            places.clear();
        }
        Arc::clone(places.entry(whose).or_default())
    }
}

impl Deliver {
    /// The indicators that concern the member more than others. Reads the relationships and reports of its circles when one of
    /// these, or what they lead to, has changed.
    pub(crate) fn relevant(
        &self,
        member: MemberId,
        encrypted: bool,
    ) -> Result<Arc<HashSet<Key>>, DeliverError> {
        let concerns = |member: &Member| member.country.is_some() || !member.sectors.is_empty();
        if !concerns(self.offered(&self.gate.book(), member, Level::List)?) {
            return Ok(Arc::default());
        }
        let place = self.relevance.place((member, encrypted));
        let mut place = place.lock();
        // The number before the book: what is kept then looks older than it is, never newer.
        let book_version = self.gate.book_version();
        let asked = self.readers(member, Level::List, encrypted)?;
        let kept = place.take().filter(|kept| {
            kept.book_version == book_version
                && kept.heads.len() == asked.readers.len()
                && kept.at <= asked.now
                && kept.until.is_none_or(|until| asked.now < until)
        });
        let kept = match kept.map(|kept| kept.follow(&asked)).transpose()?.flatten() {
            Some(kept) => kept,
            None => {
                // What comes after this is touched again.
                let heads = asked.readers.iter().map(Reader::head).collect();
                let (found, until) = find(&asked)?;
                Kept { book_version, heads, at: asked.now, until, found: Arc::new(found) }
            }
        };
        let found = Arc::clone(&kept.found);
        *place = Some(kept);
        Ok(found)
    }
}

impl Kept {
    /// The same at where the circles are now, unless something that counts here has come since.
    fn follow(mut self, asked: &Asked) -> Result<Option<Self>, DeliverError> {
        for (reader, head) in asked.readers.iter().zip(&mut self.heads) {
            if reader.head() == *head {
                continue;
            }
            let touched = reader.touched(&TYPES, *head, self.at)?;
            if !touched.ids.is_empty() {
                return Ok(None);
            }
            *head = touched.head;
        }
        self.at = asked.now;
        Ok(Some(self))
    }
}

fn find(asked: &Asked) -> Result<(HashSet<Key>, Option<Timestamp>), DeliverError> {
    let (mut found, mut until) = (HashSet::new(), None);
    for reader in &asked.readers {
        let circle = reader.request().circle;
        let (mut links, mut reports, mut aims) = (Vec::new(), Vec::new(), HashSet::new());
        reader.each(&TYPES, &mut |object| {
            if let Ok(wire) = serde_json::from_str::<Wire>(&object.get().raw) {
                match wire.object_type.as_str() {
                    "relationship" => links.push(wire),
                    "report" => reports.push(wire.object_refs),
                    _ if is_like(&asked.profile, &wire) => drop(aims.insert(wire.id)),
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        })?;
        let related = |kind: &str, targets: &HashSet<String>| -> Vec<String> {
            let of_kind = links.iter().filter(|link| link.relationship_type.as_deref() == Some(kind));
            let hit = of_kind.filter(|link| link.target_ref.as_ref().is_some_and(|to| targets.contains(to)));
            hit.filter_map(|link| link.source_ref.clone()).collect()
        };
        let aimed = related("targets", &aims);
        aims.extend(aimed);
        let in_reports = reports.iter().filter(|refs| refs.iter().any(|id| aims.contains(id))).flatten();
        let indicators: Vec<String> = in_reports.cloned().chain(related("indicates", &aims)).collect();
        let ids = indicators.iter().chain(&aims).filter_map(|id| id.strip_prefix("indicator--"));
        found.extend(ids.filter_map(|id| Some((circle, id.parse().ok()?))));
        until = [until, reader.settled_until()?].into_iter().flatten().min();
    }
    Ok((found, until))
}

/// Whether an identity or a location is like the member.
fn is_like(member: &Member, wire: &Wire) -> bool {
    let same_country =
        |country: &String| member.country.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(country));
    wire.sectors.iter().any(|sector| member.sectors.contains(sector))
        || wire.country.as_ref().is_some_and(same_country)
}
