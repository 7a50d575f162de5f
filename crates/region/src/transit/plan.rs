//! Where help removes most, told: the choice by what each place adds, beside the naive ranking by volume.
//!
//! For plans of aid: [`plan`] says whom to help first, with what is proved of the choice.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde_json::{Value, json};

use super::help::{Bounds, Choice, blocking, by_volume, choose, sooner};
use super::observed::Observed;
use super::told::{name, percent, quoted, steps};
use super::{By, Country, NOT_ATTRIBUTION, Network, Spot, words};
use crate::capacity::words::Language;
use crate::world::chart::{Beside, Row};
use crate::world::{Map, Shade, Territories, View, step};

/// What all places would be brought to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Level {
    /// What attacks use is gone so many days after it was first seen.
    Takedown(u32),
    /// What attacks use is blocked with this likelihood.
    Blocking(f64),
}

/// Why a text is no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no level: write takedown=DAYS, such as takedown=7, or blocking=PART, such as blocking=0.8")]
pub struct LevelError(String);

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Self, LevelError> {
        let refused = || LevelError(text.chars().take(40).collect());
        match text.split_once('=') {
            Some(("takedown", days)) => match days.parse() {
                Ok(days) if days <= 3_650 => Ok(Self::Takedown(days)),
                _ => Err(refused()),
            },
            Some(("blocking", part)) => match part.parse() {
                Ok(part) if part > 0.0 && part <= 1.0 => Ok(Self::Blocking(part)),
                _ => Err(refused()),
            },
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Takedown(days) => write!(f, "takedown={days}"),
            Self::Blocking(part) => write!(f, "blocking={part}"),
        }
    }
}

impl Level {
    /// What it means, as part of a sentence: `if all that attacks use were gone 7 days after it was first seen`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Takedown(days) => {
                format!("if all that attacks use there were gone {days} days after it was first seen")
            }
            Self::Blocking(part) => {
                format!("if what attacks use there were blocked {} of the time", percent(*part))
            }
        }
    }
}

/// Why a text is no cost of a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no cost of a place: write SG=3 or AS64500=2, with a cost of 1 or more")]
pub struct CostError(String);

/// Reads what a place costs: `SG=3` or `AS64500=2`.
///
/// # Errors
/// [`CostError`].
pub fn place_cost(text: &str) -> Result<(Spot, u64), CostError> {
    let refused = || CostError(text.chars().take(40).collect());
    let (place, cost) = text.split_once('=').ok_or_else(refused)?;
    let spot = match (Country::parse(place), Network::parse(place)) {
        (Ok(country), _) => Spot::Country(country),
        (Err(_), Some(network)) => Spot::Network(network),
        (Err(_), None) => return Err(refused()),
    };
    let cost = cost.parse().ok().filter(|cost| *cost > 0).ok_or_else(refused)?;
    Ok((spot, cost))
}

/// What is asked for: what places would be brought to, what it may cost, and what each costs (1 if nobody says).
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// What they would be brought to.
    pub level: Level,
    /// What is allowed.
    pub bounds: Bounds,
    /// What places cost.
    pub costs: BTreeMap<Spot, u64>,
}

/// A plan: whom to help first.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What is looked at.
    pub by: By,
    /// What they would be brought to.
    pub level: Level,
    /// What was allowed.
    pub bounds: Bounds,
    /// The choice by what each adds.
    pub chosen: Choice,
    /// As many places by volume alone.
    pub naive: Choice,
}

/// Whom to help first; `cost` says what a place costs, and may be chosen says `may`.
#[must_use]
pub fn plan(
    observed: &Observed,
    by: By,
    level: Level,
    bounds: Bounds,
    cost: impl Fn(Spot) -> u64,
    may: impl Fn(Spot) -> bool,
) -> Plan {
    let mut coverage = match level {
        Level::Takedown(days) => sooner(observed, by, days),
        Level::Blocking(part) => blocking(observed, by, part),
    };
    // Who may not be chosen stops nothing.
    let is_in: Vec<bool> = coverage.spots.iter().map(|spot| may(*spot)).collect();
    let keeps = |at: &u32| is_in.get(*at as usize).copied().unwrap_or(false);
    for (group, _) in &mut coverage.groups {
        *group = group.iter().copied().filter(keeps).collect();
    }
    let chosen = choose(&coverage, bounds, cost);
    let naive = by_volume(&coverage, chosen.chosen.len());
    Plan { by, level, bounds, chosen, naive }
}

impl Plan {
    /// What is proved of the choice, and what is not.
    #[must_use]
    pub fn guarantee(&self) -> String {
        match self.chosen.guarantee {
            part if part > 0.0 => format!(
                "Proved: the choice removes at least {:.0} % of what the best choice under the same bounds would (Nemhauser, Wolsey and Fisher, 1978).",
                part * 100.0
            ),
            _ => "Nothing is proved of a choice that is bound by a number of places and by a budget with unequal costs.".to_owned(),
        }
    }

    /// What the counterfactual leaves out.
    pub const LIMITS: &'static str = "It is asked of the paths that were recorded: attackers would go elsewhere, and what nobody saw is not in it.";

    /// The title of its pictures.
    fn title(&self, language: Language) -> String {
        let level = words::level(&self.level, language);
        match language {
            Language::English => format!("Where help removes most, {level}"),
            Language::Korean => format!("{level} 지원 효과가 큰 곳"),
        }
    }

    fn part(&self, removes: f64) -> f64 {
        if self.chosen.total == 0 { 0.0 } else { removes / self.chosen.total as f64 }
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self, territories: &Territories) -> Value {
        let side = |choice: &Choice| {
            let mut upto = 0.0;
            let rows: Vec<Value> = choice
                .chosen
                .iter()
                .map(|one| {
                    upto += one.removes;
                    json!({
                        "spot": one.spot, "name": name(one.spot, territories), "cost": one.cost, "removes": one.removes,
                        "alone": one.alone, "share": self.part(one.removes), "share_upto": self.part(upto),
                    })
                })
                .collect();
            json!({"chosen": rows, "removes": choice.removes, "share": self.part(choice.removes)})
        };
        json!({
            "by": self.by, "level": self.level.to_string(), "most": self.bounds.most, "budget": self.bounds.budget,
            "attacks": self.chosen.total, "guarantee": self.chosen.guarantee, "greedy": side(&self.chosen), "by_volume": side(&self.naive),
            "notes": [self.guarantee(), Self::LIMITS], "caveat": NOT_ATTRIBUTION,
        })
    }

    /// As CSV: both choices, one after the other.
    #[must_use]
    pub fn csv(&self, territories: &Territories) -> String {
        let mut text = "choice,rank,place,name,cost,removes,alone,share_upto,caveat\r\n".to_owned();
        for (side, choice) in [("greedy", &self.chosen), ("by-volume", &self.naive)] {
            let mut upto = 0.0;
            for (at, one) in choice.chosen.iter().enumerate() {
                upto += one.removes;
                let _ = write!(
                    text,
                    "{side},{},{},{},{},{},{},{},{}\r\n",
                    at + 1,
                    one.spot,
                    quoted(&name(one.spot, territories)),
                    one.cost,
                    one.removes,
                    one.alone,
                    self.part(upto),
                    quoted(NOT_ATTRIBUTION)
                );
            }
        }
        text
    }

    /// The map of the choice, shaded by what each place would remove; only countries have one.
    #[must_use]
    pub fn map(&self, territories: &Territories) -> Option<String> {
        let language = territories.language;
        let mut shades: BTreeMap<Country, Shade> = BTreeMap::new();
        let mut first = Vec::new();
        for (at, one) in self.chosen.chosen.iter().enumerate() {
            let Spot::Country(country) = one.spot else { return None };
            let part = self.part(one.removes);
            let text = match language {
                Language::English => format!("number {}: removes {} of attacks", at + 1, percent(part)),
                Language::Korean => format!("{}번째: 공격의 {}를 없앰", at + 1, percent(part)),
            };
            if at < 3 {
                first.push(format!("{} {}", name(one.spot, territories), percent(part)));
            }
            shades.entry(territories.counted(country)).or_insert(Shade { step: step(part), text });
        }
        let (title, first) = (self.title(language), first.join(", "));
        let description = match language {
            Language::English => format!(
                "Countries that are chosen, shaded by the share of attacks that each adds to what is removed: {first}. The table beside it says the same in numbers."
            ),
            Language::Korean => format!(
                "고른 국가를, 없앨 수 있는 공격에 저마다 더하는 비율에 따라 색칠했습니다: {first}. 곁의 표에 같은 내용이 숫자로 있습니다."
            ),
        };
        let map = Map {
            view: View::World,
            title: &title,
            description: &description,
            territories,
            shades: &shades,
            arcs: &[],
            legend: (
                language.pick((
                    "Share of attacks that helping a country removes beside those before it",
                    "앞선 국가에 더하여 그 국가를 지원하면 없어지는 공격의 비율",
                )),
                steps(language),
            ),
            counted: language.pick(("attacks", "공격")),
            caveat: words::caveat(language),
        };
        (!shades.is_empty()).then(|| map.svg())
    }

    /// The picture of both choices.
    #[must_use]
    pub fn svg(&self, territories: &Territories) -> String {
        let rows = |choice: &Choice| {
            let mut upto = 0.0;
            let row = |one: &super::help::Chosen| {
                upto += one.removes;
                Row { name: name(one.spot, territories), upto: self.part(upto), adds: self.part(one.removes) }
            };
            choice.chosen.iter().map(row).collect::<Vec<Row>>()
        };
        let (chosen, naive) = (rows(&self.chosen), rows(&self.naive));
        let language = territories.language;
        let (title, guarantee) = (self.title(language), words::guarantee(self, language));
        Beside {
            language,
            title: &title,
            sides: [
                (language.pick(("Chosen by what each adds", "추가 효과순으로 고름")), &chosen),
                (language.pick(("By volume alone", "단순 규모순")), &naive),
            ],
            notes: &[&guarantee, words::limits(language), words::caveat(language)],
        }
        .svg()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::geo::NoTable;
    use crate::transit::read;

    /// Two countries lie on the same paths, a third on fewer of its own.
    const SEEN: &str = "time,source,hops,victim,count\n\
        1772323200,,192.0.2.1@SG 192.0.2.2@NL 192.0.2.3@DE,KR,1\n\
        1774915200,,192.0.2.1@SG 192.0.2.2@NL,KR,10\n\
        1774915200,,192.0.2.3@DE,KR,6\n";

    #[test]
    fn two_on_the_same_paths_are_not_both_chosen() {
        let mut observed = Observed::default();
        read::table(&mut observed, SEEN.as_bytes(), &NoTable).unwrap();
        let bounds = Bounds { most: 2, budget: None };
        let plan =
            |may: fn(Spot) -> bool| plan(&observed, By::Country, Level::Takedown(7), bounds, |_| 1, may);
        let whole = plan(|_| true);
        let names =
            |choice: &Choice| choice.chosen.iter().map(|one| one.spot.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&whole.chosen), ["NL", "DE"]);
        assert_eq!(names(&whole.naive), ["NL", "SG"]);
        assert_eq!((whole.chosen.removes, whole.naive.removes), (16.0, 10.0));
        assert!(whole.guarantee().contains("at least 63 %"));
        let territories = Territories::default();
        assert!(
            whole.svg(&territories).contains(NOT_ATTRIBUTION)
                && whole.csv(&territories).contains(NOT_ATTRIBUTION)
        );
        let map = whole.map(&territories).unwrap();
        assert!(map.contains("number 1: removes") && map.contains(NOT_ATTRIBUTION), "{map}");
        insta::assert_json_snapshot!(whole.json(&territories));
        let without = plan(|spot| spot != Spot::Country(Country::parse("NL").unwrap()));
        assert_eq!(names(&without.chosen), ["SG", "DE"]);
    }

    #[test]
    fn costs_name_a_place_and_a_number() {
        let (spot, cost) = place_cost("AS64500=2").unwrap();
        assert_eq!((spot.to_string().as_str(), cost), ("AS64500", 2));
        assert_eq!(place_cost("SG=3").unwrap().1, 3);
        for bad in ["", "SG", "SG=0", "SG=-1", "QQ=1", "ASx=1"] {
            assert!(place_cost(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn levels_are_read_as_they_are_written() {
        for text in ["takedown=7", "blocking=0.8", "blocking=1"] {
            assert_eq!(text.parse::<Level>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "takedown",
            "takedown=-1",
            "takedown=99999",
            "blocking=0",
            "blocking=1.1",
            "blocking=NaN",
            "speed=1",
        ] {
            assert!(bad.parse::<Level>().is_err(), "{bad}");
        }
    }
}
