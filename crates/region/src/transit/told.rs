//! What is told of pass-through: one row for each country or network, as a table, as JSON, as CSV and as a map.
//!
//! A row joins what crosses a place ([`super::flow`]), how central it is ([`super::between`]) and how long things stay there
//! ([`super::stay`]). What somebody may not see is taken out of the rows ([`Told::seen`]) before anything is made of them; it is told
//! how many are missing, and what they come to together only if enough members stand behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::flow::{Crossing, Options, flows};
use super::observed::Observed;
use super::stay::{Notice, Stay, Terms, stays};
use super::words::caveat;
use super::{By, Country, NOT_ATTRIBUTION, Role, Spot, between};
use crate::capacity::words::Language;
use crate::text::harmless;
use crate::world::{self, Arc, Map, STEPS, Shade, Territories, View};

/// What is told of one country or network.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What crosses it.
    pub crossing: Crossing,
    /// Its betweenness ÷ the most that is possible, 0 to 1; `None` where there are too many places to compute it.
    pub betweenness: Option<f64>,
    /// How long things stay there, if addresses there are known.
    pub stay: Option<Stay>,
    /// The countries in which it is: itself, or those in which a network's addresses and victims were.
    pub countries: BTreeSet<Country>,
}

/// What goes from one place straight to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// From where.
    pub from: Spot,
    /// To where.
    pub to: Spot,
    /// How many attacks.
    pub count: u64,
}

/// What is not shown to whoever looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hidden {
    /// How many places.
    pub places: usize,
    /// Attacks that cross them, each counted once for each place; `None` where too few members stand behind that sum.
    pub through: Option<u64>,
}

/// What is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What is looked at.
    pub by: By,
    /// All attacks.
    pub total: u64,
    /// Of how many of them a hop is unknown, or where they came from or went to.
    pub with_unknown: u64,
    /// The first and the last, in seconds since 1970-01-01 UTC.
    pub times: Option<(u32, u32)>,
    /// When the first period begins, and how many seconds one takes.
    pub period: (u32, u32),
    /// Countries or networks, those that most crosses first.
    pub rows: Vec<Row>,
    /// What flows between them, the most first.
    pub edges: Vec<Edge>,
    /// What is left out.
    pub hidden: Hidden,
}

/// Sums up what was observed; notices say what was asked to be taken down.
#[must_use]
pub fn told(observed: &Observed, notices: &[Notice], options: Options) -> Told {
    let flows = flows(observed, options);
    let centre = between::betweenness(flows.spots.len(), &flows.edges);
    let pairs = (flows.spots.len().saturating_sub(1) * flows.spots.len().saturating_sub(2)).max(1) as f64;
    let mut stays: BTreeMap<Spot, Stay> = stays(observed, notices, options.by, Terms::default())
        .into_iter()
        .map(|stay| (stay.spot, stay))
        .collect();
    let mut countries: BTreeMap<Spot, BTreeSet<Country>> = BTreeMap::new();
    let places =
        observed.infrastructure().iter().map(|one| one.place).chain(observed.victims().iter().copied());
    for place in places {
        if let Some(spot) = Spot::of(place, options.by) {
            countries.entry(spot).or_default().extend(place.country);
        }
    }
    let edge = |(from, to): (u32, u32), count: u64| {
        let spot = |at: u32| flows.spots.get(at as usize).copied();
        Some(Edge { from: spot(from)?, to: spot(to)?, count })
    };
    let mut edges: Vec<Edge> = flows.edges.iter().filter_map(|(ends, count)| edge(*ends, *count)).collect();
    edges.sort_by_key(|edge| (std::cmp::Reverse(edge.count), edge.from, edge.to));
    let mut rows: Vec<Row> = flows
        .crossings
        .into_iter()
        .enumerate()
        .map(|(at, crossing)| Row {
            betweenness: centre.as_ref().and_then(|centre| centre.get(at)).map(|sum| sum / pairs),
            stay: stays.remove(&crossing.spot),
            countries: countries.remove(&crossing.spot).unwrap_or_default(),
            crossing,
        })
        .collect();
    rows.sort_by_key(|row| {
        let hops: u64 = row.crossing.roles.values().sum();
        (std::cmp::Reverse((row.crossing.through, hops)), row.crossing.spot)
    });
    Told {
        by: options.by,
        total: flows.total,
        with_unknown: flows.with_unknown,
        times: observed.times(),
        period: flows.period,
        rows,
        edges,
        hidden: Hidden::default(),
    }
}

impl Told {
    /// What somebody sees who may see the rows that `sees` says. `whose` says which members stand behind one that it may not; what
    /// those come to together is told from `k` members in `k` countries on. As long as it is not, neither is what flows between places,
    /// nor their betweenness: the sums that are shown, less those flows, are what flows over the places that are hidden.
    #[must_use]
    pub fn seen<M: Ord>(
        &self,
        sees: impl Fn(&Row) -> bool,
        whose: impl Fn(&Row) -> BTreeSet<M>,
        k: usize,
    ) -> Self {
        let (rows, hidden): (Vec<&Row>, Vec<&Row>) = self.rows.iter().partition(|row| sees(row));
        let shown: BTreeSet<Spot> = rows.iter().map(|row| row.crossing.spot).collect();
        let edges = self.edges.iter().filter(|edge| shown.contains(&edge.from) && shown.contains(&edge.to));
        let members: BTreeSet<M> = hidden.iter().flat_map(|row| whose(row)).collect();
        let countries: BTreeSet<Country> = hidden.iter().flat_map(|row| row.countries.clone()).collect();
        let is_told = members.len() >= k.max(1) && countries.len() >= k.max(1);
        let through = hidden.iter().map(|row| row.crossing.through).sum();
        let is_whole = hidden.is_empty() || is_told;
        Self {
            edges: edges.copied().filter(|_| is_whole).collect(),
            hidden: Hidden { places: hidden.len(), through: is_told.then_some(through) },
            rows: rows
                .into_iter()
                .map(|row| Row { betweenness: row.betweenness.filter(|_| is_whole), ..row.clone() })
                .collect(),
            ..*self
        }
    }

    /// All of it as JSON, with at most so many rows and edges.
    #[must_use]
    pub fn json(&self, most: usize, territories: &Territories) -> Value {
        let rows: Vec<Value> = self.rows.iter().take(most).map(|row| row_json(row, territories)).collect();
        let edges: Vec<Value> = self
            .edges
            .iter()
            .take(most)
            .map(|edge| json!({"from": edge.from, "to": edge.to, "attacks": edge.count}))
            .collect();
        json!({
            "by": self.by, "attacks": self.total, "with_unknown": self.with_unknown,
            "from": self.times.map(|times| time(times.0)), "to": self.times.map(|times| time(times.1)),
            "periods": {"from": time(self.period.0), "seconds": self.period.1},
            "places": self.rows.len(), "rows": rows, "flows": edges,
            "hidden": {"places": self.hidden.places, "through": self.hidden.through},
            "caveat": NOT_ATTRIBUTION,
        })
    }

    /// All rows as CSV (RFC 4180); the caveat stands in each, so that it is not lost when a table is cut.
    #[must_use]
    pub fn csv(&self, territories: &Territories) -> String {
        let mut text = format!(
            "{},name,share,share_least,share_most,through,from,to,betweenness,trend,addresses,open,used_again,dwell_median_s,dwell_ninth_s,taken_down,takedown_median_s,takedown_at_least,waiting",
            self.by_name()
        );
        for role in Role::ALL {
            let _ = write!(text, ",hops_{}", role.name().replace('-', "_"));
        }
        text.push_str(",caveat\r\n");
        for row in &self.rows {
            let Crossing { spot, share, share_least, share_most, through, from, to, .. } = &row.crossing;
            let stay = row.stay.as_ref();
            let number = |number: Option<String>| number.unwrap_or_default();
            let _ = write!(
                text,
                "{spot},{},{share},{share_least},{share_most},{through},{from},{to},{},{},{},{},{},{},{},{},{},{},{}",
                quoted(&name(*spot, territories)),
                number(row.betweenness.map(|number| number.to_string())),
                number(row.crossing.trend.map(|number| number.to_string())),
                stay.map_or(0, |stay| stay.addresses),
                stay.map_or(0, |stay| stay.open),
                stay.map_or(0, |stay| stay.again),
                number(stay.and_then(|stay| stay.dwell).map(|dwell| dwell.median.to_string())),
                number(stay.and_then(|stay| stay.dwell).map(|dwell| dwell.ninth.to_string())),
                stay.and_then(|stay| stay.takedown).map_or(0, |takedown| takedown.count),
                number(stay.and_then(|stay| stay.until_gone).map(|median| median.seconds.to_string())),
                number(stay.and_then(|stay| stay.until_gone).map(|median| median.at_least.to_string())),
                stay.map_or(0, |stay| stay.waiting),
            );
            for role in Role::ALL {
                let _ = write!(text, ",{}", row.crossing.roles.get(&role).copied().unwrap_or(0));
            }
            let _ = write!(text, ",{}\r\n", quoted(NOT_ATTRIBUTION));
        }
        text
    }

    const fn by_name(&self) -> &'static str {
        match self.by {
            By::Country => "country",
            By::Network => "network",
        }
    }

    /// The map of it; only countries have one.
    #[must_use]
    pub fn map(&self, view: View, territories: &Territories) -> String {
        let mut shades: BTreeMap<Country, Shade> = BTreeMap::new();
        for row in &self.rows {
            if let Spot::Country(country) = row.crossing.spot {
                let crossing = &row.crossing;
                let [share, least, most] =
                    [crossing.share, crossing.share_least, crossing.share_most].map(percent);
                let text = match territories.language {
                    Language::English => {
                        format!("{share} of paths cross it ({least} to {most}), {} attacks", crossing.through)
                    }
                    Language::Korean => {
                        format!("경로의 {share}가 거쳐 감({least} – {most}), 공격 {}건", crossing.through)
                    }
                };
                // What is shown as another's part has its shade, unless that one has a row of its own.
                let counted = territories.counted(country);
                let shade = Shade { step: world::step(crossing.share), text };
                if counted == country {
                    shades.insert(counted, shade);
                } else {
                    shades.entry(counted).or_insert(shade);
                }
            }
        }
        let arc = |edge: &Edge| match (edge.from, edge.to) {
            (Spot::Country(from), Spot::Country(to)) => Some(Arc { from, to, weight: edge.count }),
            _ => None,
        };
        let arcs: Vec<Arc> = self.edges.iter().filter_map(arc).collect();
        let first: Vec<String> = self
            .rows
            .iter()
            .take(3)
            .map(|row| format!("{} {}", name(row.crossing.spot, territories), percent(row.crossing.share)))
            .collect();
        let (of, first) = (view.title(territories.language), first.join(", "));
        let (title, description) = match territories.language {
            Language::English => (
                format!("What attacks pass through: {of}"),
                format!(
                    "Countries shaded by the share of {} attack paths that cross them; most: {first}. The table beside it says the same in numbers.",
                    self.total
                ),
            ),
            Language::Korean => (
                format!("공격이 거쳐 가는 곳: {of}"),
                format!(
                    "공격 경로 {}건 가운데 거쳐 가는 비율에 따라 국가를 색칠했습니다. 가장 많은 곳: {first}. 곁의 표에 같은 내용이 숫자로 있습니다.",
                    self.total
                ),
            ),
        };
        Map {
            view,
            title: &title,
            description: &description,
            territories,
            shades: &shades,
            arcs: &arcs,
            legend: (
                territories.language.pick((
                    "Share of attack paths that cross a country without starting or ending there",
                    "그 국가에서 출발하거나 끝나지 않고 거쳐 가는 공격 경로의 비율",
                )),
                steps(territories.language),
            ),
            counted: territories.language.pick(("attacks", "공격")),
            caveat: caveat(territories.language),
        }
        .svg()
    }
}

/// What the steps of shares are called.
pub(super) fn steps(language: Language) -> [String; STEPS] {
    let bound = |at: usize| world::BOUNDS.get(at).map(|bound| format!("{}", bound * 100.0));
    let korean = language == Language::Korean;
    std::array::from_fn(|at| match (at.checked_sub(1).and_then(bound), bound(at)) {
        (None, Some(upto)) if korean => format!("{upto} % 이하"),
        (None, Some(upto)) => format!("to {upto} %"),
        (Some(from), Some(upto)) => format!("{from} – {upto} %"),
        (Some(from), None) if korean => format!("{from} % 초과"),
        (Some(from), None) => format!("over {from} %"),
        (None, None) => String::new(),
    })
}

fn row_json(row: &Row, territories: &Territories) -> Value {
    let mut value = json!(row.crossing);
    if let Some(object) = value.as_object_mut() {
        object.insert("name".into(), json!(name(row.crossing.spot, territories)));
        object.insert("betweenness".into(), json!(row.betweenness));
        if let Some(stay) = &row.stay {
            let more = [
                ("addresses", json!(stay.addresses)),
                ("open", json!(stay.open)),
                ("again", json!(stay.again)),
                ("dwell", json!(stay.dwell)),
                ("takedown", json!(stay.takedown)),
                ("until_gone", json!(stay.until_gone)),
                ("waiting", json!(stay.waiting)),
            ];
            object.extend(more.map(|(key, value)| (key.to_owned(), value)));
        }
    }
    value
}

/// From a notice to takedown in the median, for people: `3 days`, or `at least 3 days; 2 wait`.
#[must_use]
pub fn until_gone(stay: &Stay) -> Option<String> {
    let median = stay.until_gone?;
    let at_least = if median.at_least { "at least " } else { "" };
    let waiting = if stay.waiting > 0 { format!("; {} wait", stay.waiting) } else { String::new() };
    Some(format!("{at_least}{}{waiting}", lasted(median.seconds)))
}

/// What a place is called.
#[must_use]
pub fn name(spot: Spot, territories: &Territories) -> String {
    match spot {
        Spot::Country(country) => territories.name(country),
        Spot::Network(network) => network.to_string(),
    }
}

/// `12.3 %`; small ones with a digit more.
#[must_use]
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        share if share < 0.995 => format!("{share:.2} %"),
        share => format!("{share:.1} %"),
    }
}

/// Seconds as days, hours or minutes: `3.5 d`.
#[must_use]
pub fn lasted(seconds: u32) -> String {
    match f64::from(seconds) {
        seconds if seconds < 3_600.0 => format!("{:.0} min", seconds / 60.0),
        seconds if seconds < 172_800.0 => format!("{:.1} h", seconds / 3_600.0),
        seconds => format!("{:.1} d", seconds / 86_400.0),
    }
}

/// A field of CSV; one that a spreadsheet would compute is none.
pub(super) fn quoted(text: &str) -> String {
    let text = harmless(text.to_owned());
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

fn time(seconds: u32) -> String {
    stix::Timestamp::from_micros(i64::from(seconds) * 1_000_000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::geo::NoTable;
    use crate::transit::read;

    const SEEN: &str = "time,source,hops,victim,count\n\
        1772323200,198.51.100.7@RU,203.0.113.9@SG:AS1/proxy 192.0.2.1@DE/c2,KR,3\n\
        1772496000,198.51.100.7@RU,203.0.113.9@SG:AS1/proxy,KR,4\n\
        1772496000,,? 192.0.2.1@DE/hosting,JP,1\n";

    fn observed() -> Observed {
        let mut observed = Observed::default();
        read::table(&mut observed, SEEN.as_bytes(), &NoTable).unwrap();
        observed
    }

    fn country(code: &str) -> Country {
        Country::parse(code).unwrap()
    }

    #[test]
    fn each_country_is_told_with_its_bounds_and_how_long_things_stay() {
        let told = told(&observed(), &[], Options::by(By::Country));
        insta::assert_snapshot!(told.csv(&Territories::default()));
        insta::assert_json_snapshot!(told.json(2, &Territories::default()));
    }

    #[test]
    fn what_may_not_be_seen_is_in_nothing_that_is_made() {
        let whole = told(&observed(), &[], Options::by(By::Country));
        let territories = Territories::default();
        let hides = |row: &Row| !row.countries.contains(&country("SG"));
        for (k, through) in [(1, Some(7)), (2, None)] {
            let seen = whole.seen(hides, |_| BTreeSet::from([1]), k);
            assert_eq!(seen.edges.is_empty(), through.is_none(), "what is withheld is in no difference");
            assert_eq!(seen.rows.iter().all(|row| row.betweenness.is_none()), through.is_none());
            assert_eq!(seen.hidden, Hidden { places: 1, through });
            let all = format!(
                "{}{}{}",
                seen.csv(&territories),
                seen.json(99, &territories),
                seen.map(View::World, &territories)
            );
            assert!(!all.contains("SG") && !all.contains("Singapore"), "{all}");
        }
        // A network is hidden with the country that it is in.
        let networks =
            told(&observed(), &[], Options::by(By::Network)).seen(hides, |_| BTreeSet::from([1]), 1);
        assert_eq!((networks.rows.len(), networks.hidden.places), (0, 1));
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!([0.0, 0.004_21, 0.123].map(percent), ["0 %", "0.42 %", "12.3 %"]);
        assert_eq!([90, 7_200, 259_200].map(lasted), ["2 min", "2.0 h", "3.0 d"]);
        assert_eq!(quoted("=1+1,\"x\""), "\"'=1+1,\"\"x\"\"\"");
    }
}
