//! What a member's hunts reported, by indicator, the newest first.

use std::collections::BTreeMap;

use line::Added;
use policy::{Caller, CircleId, Level, Member};
use search::{Asked, Looking, Seen};
use serde_json::Value;
use stix::{ObjectId, Timestamp};

use super::super::view::At;
use super::super::{Pages, Viewer, name_of, objects};
use super::HuntError;

/// Sightings of the member that are looked at, the newest.
const SIGHTINGS_MAX: usize = 500;
/// Indicators that are shown.
const ROWS: usize = 100;

/// What hunts reported of one indicator.
pub(super) struct Reported {
    pub(super) name: String,
    pub(super) indicator: String,
    /// The circle's handle.
    pub(super) circle: String,
    /// How often it was found, over all reports.
    pub(super) count: u64,
    /// How many reports.
    pub(super) reports: usize,
    /// When it was seen last, if the logs said so.
    pub(super) seen: Option<At>,
    /// When that was reported.
    pub(super) at: At,
    /// The newest sighting.
    pub(super) sighting: String,
}

/// The reports that are shown, and whether there may be more.
pub(super) struct Reports {
    pub(super) rows: Vec<Reported>,
    pub(super) has_more: bool,
}

/// A sighting that a hunt gave.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sighting {
    id: ObjectId,
    of: ObjectId,
    circle: CircleId,
    count: u64,
    seen: Option<Timestamp>,
    added: Added,
}

impl Sighting {
    fn of(seen: &Seen<'_>, value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        Some(Self {
            id: seen.object.id.clone(),
            of: ObjectId::parse(text("sighting_of_ref")?).ok()?,
            circle: seen.circle,
            count: value.get("count").and_then(Value::as_u64).unwrap_or(1),
            seen: text("last_seen").and_then(|at| Timestamp::parse(at).ok()),
            added: seen.object.added,
        })
    }
}

/// Sightings of one indicator: the newest of them, how many they are, how often it was found, and when it was seen last.
struct Group {
    newest: Sighting,
    reports: usize,
    count: u64,
    seen: Option<Timestamp>,
}

/// Sightings by what they are of, the newest first.
fn by_indicator(sightings: Vec<Sighting>) -> Vec<Group> {
    let mut groups: BTreeMap<(CircleId, ObjectId), Group> = BTreeMap::new();
    for one in sightings {
        let (count, seen) = (one.count, one.seen);
        let group = groups.entry((one.circle, one.of.clone()));
        let group = group.or_insert_with(|| Group { newest: one.clone(), reports: 0, count: 0, seen: None });
        group.reports += 1;
        group.count = group.count.saturating_add(count);
        group.seen = group.seen.max(seen);
        if one.added > group.newest.added {
            group.newest = one;
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.newest.added));
    groups
}

impl Pages {
    /// What the member's hunts reported, as far as the member sees it.
    pub(super) fn reported(&self, viewer: &Viewer, member: &Member) -> Result<Reports, HuntError> {
        let looking =
            Looking { caller: Caller::Member(member.id), encrypted: viewer.encrypted, now: (self.now)() };
        let asked = Asked {
            types: vec!["sighting".to_owned()],
            source: Some(member.id),
            limit: SIGHTINGS_MAX,
            ..Asked::default()
        };
        let of_hunt = |seen: &Seen<'_>| {
            let value: Value = serde_json::from_str(&seen.object.raw).ok()?;
            self.deliver.is_of_hunt(member.id, seen.circle, &value).then(|| Sighting::of(seen, &value))?
        };
        let found = self.search.find(&looking, &asked, &of_hunt)?;
        let groups = by_indicator(found.items.into_iter().flatten().collect());
        let has_more = found.next.is_some() || groups.len() > ROWS;
        let mut rows = Vec::new();
        for Group { newest, reports, count, seen } in groups.into_iter().take(ROWS) {
            let indicator = newest.of.to_string();
            let book = self.gate.book();
            let Some(circle) = book.circle(newest.circle) else { continue };
            // What is not seen any more keeps its id, which the member itself has said.
            let mut name = String::new();
            if let Some(reader) = objects::reader(self, viewer, member.id, circle, Level::Detect) {
                let query = gate::Query { ids: vec![newest.of.clone()], limit: 1, ..gate::Query::default() };
                let object = reader.page(&query)?.items.into_iter().next();
                name = object.map(|object| name_of(&object.get().raw, &indicator)).unwrap_or_default();
            }
            rows.push(Reported {
                name,
                indicator,
                circle: circle.handle.clone(),
                count,
                reports,
                seen: seen.map(|at| viewer.view.at(at)),
                at: viewer.view.at(newest.added.timestamp()),
                sighting: newest.id.to_string(),
            });
        }
        Ok(Reports { rows, has_more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sightings_are_summed_up_by_indicator_the_newest_first() {
        let id = |object_type: &str, number: u128| {
            let uuid = uuid::Uuid::from_u128(0x4000_8000_0000_0000_0000 + number);
            ObjectId::new(object_type, uuid).unwrap()
        };
        let day = |day: u8| Timestamp::parse(&format!("2026-11-{day:02}T00:00:00Z")).unwrap();
        let one = |number: u128, of: u128, added: i64, seen: Option<u8>| Sighting {
            id: id("sighting", number),
            of: id("indicator", of),
            circle: CircleId::new(uuid::Uuid::nil()),
            count: 3,
            seen: seen.map(day),
            added: Added(added),
        };
        let told = by_indicator(vec![one(1, 1, 10, Some(3)), one(2, 2, 30, None), one(3, 1, 20, Some(2))]);
        let told = told.into_iter().map(|group| (group.newest.id, group.reports, group.count, group.seen));
        let told: Vec<_> = told.collect();
        assert_eq!(told, [(id("sighting", 2), 1, 3, None), (id("sighting", 3), 2, 6, Some(day(3)))]);
    }
}
