//! The ways that most attacks took.

use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;
use serde::Serialize;

use super::observed::Observed;
use super::spot::{By, Spot, Spots, Way};

/// A way, and how many attacks took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Countries or networks, neighbours of one place made one; `None` where nobody knows. The last is the victim's.
    pub spots: Vec<Option<Spot>>,
    /// Whether the first is where it came from; else that isn't known.
    pub has_source: bool,
    /// How many attacks.
    pub count: u64,
}

/// The `most` ways that most attacks took, most first.
#[must_use]
pub fn routes(observed: &Observed, by: By, most: usize) -> Vec<Route> {
    let spots = Spots::of(observed, by);
    let way = |at: u32| {
        let mut way = Way::default();
        let at = at as usize;
        spots.way(&observed.sighting(at), observed.victim_number(at), &mut way);
        way
    };
    let state = RandomState::new();
    let hash = |way: &Way| state.hash_one((way.has_source(), way.spots()));
    // A way is known by a sighting that took it, so that nothing is kept twice.
    let mut seen: HashTable<(u32, u64)> = HashTable::new();
    for at in 0..observed.len() as u32 {
        let (taken, count) = (way(at), u64::from(observed.sighting(at as usize).count));
        let is_same = |(other, _): &(u32, u64)| {
            let other = way(*other);
            other.has_source() == taken.has_source() && other.spots() == taken.spots()
        };
        let entry = seen.entry(hash(&taken), is_same, |(other, _)| hash(&way(*other)));
        entry.and_modify(|(_, sum)| *sum += count).or_insert((at, count));
    }
    let mut ranked: Vec<(u32, u64)> = seen.into_iter().collect();
    // Of as many, the one that was seen first.
    ranked.sort_unstable_by_key(|(at, count)| (std::cmp::Reverse(*count), *at));
    let route = |(at, count): (u32, u64)| {
        let way = way(at);
        let spots = way.spots().iter().map(|spot| spots.get(*spot)).collect();
        Route { spots, has_source: way.has_source(), count }
    };
    ranked.into_iter().take(most).map(route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::geo::NoTable;
    use crate::transit::read;

    #[test]
    fn the_ways_of_most_attacks_come_first() {
        let table = "time,source,hops,victim,count\n1,@RU,@DE @DE @FR,KR,2\n2,@RU,@DE ?,KR,4\n3,@RU,@DE @FR,KR,3\n4,,@RU @DE @FR,KR,4\n";
        let mut observed = Observed::default();
        read::table(&mut observed, table.as_bytes(), &NoTable).unwrap();
        let told: Vec<String> = routes(&observed, By::Country, 2)
            .iter()
            .map(|route| {
                let spots = route.spots.iter().map(|spot| spot.map_or("?".into(), |spot| spot.to_string()));
                format!("{} {} {}", route.count, route.has_source, spots.collect::<Vec<_>>().join(">"))
            })
            .collect();
        assert_eq!(told, ["5 true RU>DE>FR>KR", "4 true RU>DE>?>KR"]);
        assert_eq!(routes(&observed, By::Country, 9).len(), 3);
        assert_eq!(routes(&observed, By::Network, 9).len(), 1);
    }
}
