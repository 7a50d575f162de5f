//! Sightings of an object over time, by month.

use std::collections::BTreeMap;

use super::sight::Seen;

/// Months that are drawn, the latest.
const MONTHS_MAX: usize = 36;
/// Most that one sighting may say that it counts. Source: STIX 2.1, section 5.2.
const COUNT_MAX: u64 = 999_999_999;

/// One month.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Month {
    /// `2026-11`.
    pub(super) name: String,
    /// How often it was seen, and in how many reports.
    pub(super) seen: u64,
    pub(super) reports: usize,
    /// Percent of the highest.
    pub(super) height: u32,
}

fn following(month: &str) -> Option<String> {
    let (year, month) = month.split_once('-')?;
    let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
    Some(if month >= 12 { format!("{:04}-01", year + 1) } else { format!("{year:04}-{:02}", month + 1) })
}

/// The months from the first sighting to the last.
pub(super) fn months<'s>(sightings: impl Iterator<Item = &'s Seen>) -> Vec<Month> {
    let mut by_month: BTreeMap<String, (u64, usize)> = BTreeMap::new();
    for sighting in sightings {
        let at = sighting.text("last_seen").or(sighting.text("first_seen")).or(sighting.text("created"));
        let Some(month) = at.and_then(|at| at.get(..7)) else { continue };
        let count =
            sighting.value.get("count").and_then(serde_json::Value::as_u64).unwrap_or(1).min(COUNT_MAX);
        let sum = by_month.entry(month.to_owned()).or_default();
        *sum = (sum.0.saturating_add(count), sum.1 + 1);
    }
    let most = by_month.values().map(|(seen, _)| *seen).max().unwrap_or(0).max(1);
    let Some((first, last)) = by_month.keys().next().cloned().zip(by_month.keys().next_back().cloned())
    else {
        return Vec::new();
    };
    let mut months = Vec::new();
    let mut at = Some(first);
    // What is far apart is drawn side by side: a wrong year makes no endless row.
    while let Some(name) = at.filter(|name| *name <= last) {
        let (seen, reports) = by_month.get(&name).copied().unwrap_or_default();
        months.push(Month {
            height: (u128::from(seen) * 100 / u128::from(most)) as u32,
            seen,
            reports,
            name: name.clone(),
        });
        at = match months.len() > 600 {
            true => by_month.range(name.clone()..).map(|(name, _)| name).find(|next| **next > name).cloned(),
            false => following(&name),
        };
    }
    let skip = months.len().saturating_sub(MONTHS_MAX);
    months.split_off(skip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sighting(at: &str, count: u64) -> Seen {
        let value = json!({"last_seen": at, "count": count});
        Seen {
            id: stix::ObjectId::parse("sighting--00000000-0000-4000-8000-000000000001").unwrap(),
            version: stix::Timestamp::from_micros(0),
            raw: value.to_string(),
            value,
            seq: line::Seq(1),
        }
    }

    #[test]
    fn months_between_are_there_with_nothing() {
        let all = [
            sighting("2025-11-02T00:00:00Z", 2),
            sighting("2026-01-02T00:00:00Z", 6),
            sighting("2026-01-30T00:00:00Z", 2),
        ];
        let months = months(all.iter());
        let told: Vec<_> = months
            .iter()
            .map(|month| (month.name.as_str(), month.seen, month.reports, month.height))
            .collect();
        assert_eq!(told, [("2025-11", 2, 1, 25), ("2025-12", 0, 0, 0), ("2026-01", 8, 2, 100)]);
        assert!(super::months([].iter()).is_empty());
        // A year that cannot be makes no endless row.
        let far = [
            sighting("0001-01-01T00:00:00Z", 1),
            sighting("9999-12-01T00:00:00Z", 1),
            sighting("garbage", 1),
        ];
        assert!(super::months(far.iter()).len() <= MONTHS_MAX);
    }
}
