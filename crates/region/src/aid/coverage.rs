//! Need by project: what is served, by several at once, by nobody, and what ends with nothing after it.
//!
//! A project serves a need if it is for that country and builds that capability ([`capability::serves`]). A project that is about
//! cyber security and says nothing of what it builds serves none, and is listed beside. Regional projects that name no country serve
//! none either: nobody says whom they reach. The rules:
//!
//! - *covered*: a project that serves it is under way at the day;
//! - *planned*: none is, and one is to come;
//! - *blank*: neither; by a project that is over, or never;
//! - *overlap*: two projects under way or to come whose times touch, paid by different donors: a reason to talk, not a fault;
//! - *ends*: a project ended in the year before the day or ends in the year after it, and no other that serves the need goes on
//!   beyond that end and began no later than a year after it.
//!
//! Source: REQUIREMENTS C-5; Paris Declaration on Aid Effectiveness, harmonisation (what overlaps are looked for).

use hashbrown::{HashMap, HashSet};
use jiff::Span;
use jiff::civil::Date;
use serde::Serialize;

use super::capability;
use super::need::Need;
use super::project::{Phase, Project};
use crate::transit::Country;

/// Overlaps that are listed for one need; more are counted.
const OVERLAPS_MAX: usize = 200;

/// How a need is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// By nothing, and it never was.
    Never,
    /// By nothing any more.
    Over,
    /// By something that is to come.
    Planned,
    /// By something that is under way.
    Covered,
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Over => "over",
            Self::Planned => "planned",
            Self::Covered => "covered",
        }
    }

    /// Whether nothing serves the need, now or soon.
    #[must_use]
    pub const fn is_blank(self) -> bool {
        matches!(self, Self::Never | Self::Over)
    }
}

/// Two projects of different donors on one need at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Overlap {
    /// The projects, by their places among all; the smaller first.
    pub projects: (usize, usize),
    /// The first day on which both are, if that is known.
    pub from: Option<Date>,
    /// The last one.
    pub to: Option<Date>,
}

/// A project after which nothing serves the need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ending {
    /// The project, by its place among all.
    pub project: usize,
    /// Its last day.
    pub ends: Date,
}

/// A need, and what serves it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The need.
    pub need: Need,
    /// How it is served.
    pub state: State,
    /// The projects that serve it or did, by their places among all, with where each stands.
    pub projects: Vec<(usize, Phase)>,
    /// Overlaps; the first 200.
    pub overlaps: Vec<Overlap>,
    /// How many there are.
    pub overlapping: usize,
    /// What ends with nothing after it.
    pub endings: Vec<Ending>,
    /// Projects about cyber security in the country that say nothing of what they build.
    pub unspecific: Vec<usize>,
}

/// How many needs are how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All needs.
    pub needs: usize,
    /// Those that are covered.
    pub covered: usize,
    /// Those that are planned.
    pub planned: usize,
    /// Those that are no more.
    pub over: usize,
    /// Those that never were.
    pub never: usize,
    /// Those with overlaps.
    pub overlapped: usize,
    /// Those with something that ends.
    pub ending: usize,
}

/// Need by project, at a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The day.
    pub day: Date,
    /// Each need, by country and capability.
    pub cells: Vec<Cell>,
    /// How many are how.
    pub counts: Counts,
    /// Projects that serve no need that was named: somebody sees another one, or what they build isn't known.
    pub serving_none: Vec<usize>,
    /// Projects that name no country.
    pub without_country: usize,
}

/// Joins needs with projects, at a day. Projects that are not about cyber security are passed over.
#[must_use]
pub fn coverage(needs: &[Need], projects: &[Project], day: Date) -> Coverage {
    let mut by_country: HashMap<Country, Vec<usize>> = HashMap::new();
    let mut without_country = 0;
    for (at, project) in projects.iter().enumerate().filter(|(_, project)| project.cyber.is_some()) {
        without_country += usize::from(project.countries.is_empty());
        for country in &project.countries {
            by_country.entry(*country).or_default().push(at);
        }
    }
    let mut ordered: Vec<&Need> = needs.iter().collect();
    ordered.sort_by(|one, two| (one.country, &one.capability).cmp(&(two.country, &two.capability)));
    let mut serving = HashSet::new();
    let mut counts = Counts { needs: needs.len(), ..Counts::default() };
    let cells: Vec<Cell> = ordered
        .into_iter()
        .map(|need| {
            let there = by_country.get(&need.country).map(Vec::as_slice).unwrap_or_default();
            let cell = cell(need, there, projects, day);
            serving.extend(cell.projects.iter().map(|(at, _)| *at));
            let count = match cell.state {
                State::Covered => &mut counts.covered,
                State::Planned => &mut counts.planned,
                State::Over => &mut counts.over,
                State::Never => &mut counts.never,
            };
            *count += 1;
            counts.overlapped += usize::from(cell.overlapping > 0);
            counts.ending += usize::from(!cell.endings.is_empty());
            cell
        })
        .collect();
    let serves_none = |at: &usize| {
        !serving.contains(at) && projects.get(*at).is_some_and(|project| project.cyber.is_some())
    };
    let serving_none = (0..projects.len()).filter(serves_none).collect();
    Coverage { day, cells, counts, serving_none, without_country }
}

fn cell(need: &Need, there: &[usize], projects: &[Project], day: Date) -> Cell {
    let (mut serving, mut unspecific) = (Vec::new(), Vec::new());
    for at in there {
        let Some(project) = projects.get(*at) else { continue };
        if capability::serves(&project.builds, &project.title, &need.capability) {
            serving.push((*at, project.phase(day)));
        } else if project.builds.is_empty() {
            unspecific.push(*at);
        }
    }
    let has = |phase: Phase| serving.iter().any(|(_, is)| *is == phase);
    let state = match () {
        () if has(Phase::Active) => State::Covered,
        () if has(Phase::Planned) => State::Planned,
        () if serving.is_empty() => State::Never,
        () => State::Over,
    };
    let (overlaps, overlapping) = overlaps(&serving, projects);
    let endings = endings(&serving, projects, day);
    Cell { need: need.clone(), state, projects: serving, overlaps, overlapping, endings, unspecific }
}

fn overlaps(serving: &[(usize, Phase)], projects: &[Project]) -> (Vec<Overlap>, usize) {
    let (mut overlaps, mut count) = (Vec::new(), 0);
    let alive = |(at, phase): &(usize, Phase)| {
        matches!(phase, Phase::Active | Phase::Planned).then(|| Some((*at, projects.get(*at)?))).flatten()
    };
    let alive: Vec<(usize, &Project)> = serving.iter().filter_map(alive).collect();
    for (place, (one, first)) in alive.iter().enumerate() {
        for (two, second) in alive.iter().skip(place + 1) {
            let is_one_donor = first.donors.iter().any(|donor| second.donors.contains(donor));
            if is_one_donor || !first.overlaps(second) {
                continue;
            }
            count += 1;
            if overlaps.len() < OVERLAPS_MAX {
                overlaps.push(Overlap {
                    projects: (*one, *two),
                    from: first.begins.zip(second.begins).map(|(one, two)| one.max(two)),
                    to: match (first.ends, second.ends) {
                        (Some(one), Some(two)) => Some(one.min(two)),
                        (one, two) => one.or(two),
                    },
                });
            }
        }
    }
    (overlaps, count)
}

fn endings(serving: &[(usize, Phase)], projects: &[Project], day: Date) -> Vec<Ending> {
    let year = |day: Date, sign: i64| day.checked_add(Span::new().days(365 * sign)).unwrap_or(day);
    let (first, last) = (year(day, -1), year(day, 1));
    let live = |phase: &Phase| !matches!(phase, Phase::Stopped);
    let mut endings: Vec<Ending> = serving
        .iter()
        .filter(|(_, phase)| live(phase))
        .filter_map(|(at, _)| Some(Ending { project: *at, ends: projects.get(*at)?.ends? }))
        .filter(|ending| (first..=last).contains(&ending.ends))
        .filter(|ending| {
            let soon = year(ending.ends, 1);
            !serving.iter().any(|(other, phase)| {
                let goes_on = |other: &Project| {
                    other.ends.is_none_or(|ends| ends > ending.ends)
                        && other.begins.is_none_or(|begins| begins <= soon)
                };
                *other != ending.project
                    && !matches!(phase, Phase::Stopped)
                    && !(*phase == Phase::Ended
                        && projects.get(*other).is_some_and(|other| other.ends.is_none()))
                    && projects.get(*other).is_some_and(goes_on)
            })
        })
        .collect();
    endings.sort_unstable_by_key(|ending| (ending.ends, ending.project));
    endings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::activity::Activity;
    use crate::aid::cyber::{Certainty, Found};
    use jiff::civil::date;
    use proptest::prelude::*;

    const DAY: Date = date(2026, 6, 1);

    fn project(donor: &str, begins: Option<Date>, ends: Option<Date>, builds: &[&'static str]) -> Project {
        let mut project = Project::of(&Activity::default());
        project.donors = vec![donor.to_owned()];
        project.countries = vec![Country::parse("KH").unwrap()];
        project.cyber = Some(Found { certainty: Certainty::Sure, reasons: Vec::new() });
        project.status = "2".into();
        (project.begins, project.ends, project.builds) = (begins, ends, builds.to_vec());
        project
    }

    fn need(capability: &str) -> Need {
        Need {
            country: Country::parse("KH").unwrap(),
            capability: capability.to_owned(),
            reasons: Vec::new(),
            weight: 1.0,
        }
    }

    #[test]
    fn a_need_is_covered_or_planned_or_blank() {
        let check = |begins: Date, ends: Option<Date>, expected: State, ending: usize| {
            let projects = [project("KR", Some(begins), ends, &["skills"])];
            let told = coverage(&[need("skills")], &projects, DAY);
            assert_eq!((told.cells[0].state, told.cells[0].endings.len()), (expected, ending), "{begins}");
        };
        check(date(2026, 1, 1), Some(date(2028, 1, 1)), State::Covered, 0);
        check(date(2026, 1, 1), Some(date(2026, 12, 1)), State::Covered, 1);
        check(date(2026, 7, 1), None, State::Planned, 0);
        check(date(2025, 1, 1), Some(date(2026, 5, 1)), State::Over, 1);
        check(date(2020, 1, 1), Some(date(2021, 5, 1)), State::Over, 0);
        let told = coverage(&[need("skills")], &[project("KR", None, None, &[])], DAY);
        assert_eq!((told.cells[0].state, told.cells[0].unspecific.as_slice()), (State::Never, &[0][..]));
        assert_eq!(told.serving_none, [0]);
    }

    #[test]
    fn two_donors_at_one_time_overlap_and_a_follow_up_is_no_end() {
        let projects = [
            project("KR", Some(date(2025, 1, 1)), Some(date(2026, 9, 1)), &["skills"]),
            project("AU", Some(date(2026, 3, 1)), Some(date(2028, 1, 1)), &["skills", "strategy"]),
            project("AU", Some(date(2026, 8, 1)), None, &["skills"]),
            project("JP", Some(date(2026, 10, 1)), None, &["skills"]),
        ];
        let told = coverage(&[need("skills"), need("strategy"), need("dns-filtering")], &projects, DAY);
        assert_eq!(
            told.counts,
            Counts { needs: 3, covered: 2, never: 1, overlapped: 1, ..Counts::default() }
        );
        let skills = told.cells.iter().find(|cell| cell.need.capability == "skills").unwrap();
        let pairs: Vec<(usize, usize)> = skills.overlaps.iter().map(|one| one.projects).collect();
        assert_eq!(pairs, [(0, 1), (0, 2), (1, 3), (2, 3)]);
        assert_eq!(skills.overlaps[0].from, Some(date(2026, 3, 1)));
        assert_eq!(skills.overlaps[0].to, Some(date(2026, 9, 1)));
        assert!(skills.endings.is_empty());
    }

    proptest! {
        #[test]
        fn every_need_is_counted_once_and_every_project_listed_where_it_serves(
            drawn in prop::collection::vec((0..3_usize, 0..4_usize, -900..900_i64, 0..900_i64, prop::bool::ANY, 0..2_usize), 0..24),
            wanted in prop::collection::btree_set((0..3_usize, 0..3_usize), 0..9),
        ) {
            const COUNTRIES: [&str; 3] = ["KH", "VN", "LA"];
            const CAPABILITIES: [&str; 3] = ["skills", "strategy", "dns-filtering"];
            let after = |days: i64| DAY.checked_add(Span::new().days(days)).unwrap();
            let projects: Vec<Project> = drawn.iter().map(|(country, builds, begins, length, ends, donor)| {
                let built: Vec<&'static str> = CAPABILITIES.iter().take(*builds).copied().collect();
                let end = ends.then(|| after(begins + length));
                let mut one = project(["KR", "AU"][*donor], Some(after(*begins)), end, &built);
                one.countries = vec![Country::parse(COUNTRIES[*country]).unwrap()];
                one
            }).collect();
            let needs: Vec<Need> = wanted.iter().map(|(country, capability)| Need {
                country: Country::parse(COUNTRIES[*country]).unwrap(), ..need(CAPABILITIES[*capability])
            }).collect();
            let told = coverage(&needs, &projects, DAY);
            let Counts { needs: all, covered, planned, over, never, .. } = told.counts;
            prop_assert_eq!((all, covered + planned + over + never), (needs.len(), needs.len()));
            for cell in &told.cells {
                let serves = |one: &&Project| one.countries.contains(&cell.need.country) && one.builds.contains(&cell.need.capability.as_str());
                prop_assert_eq!(cell.projects.len(), projects.iter().filter(serves).count());
                let is_alive = |one: &&Project| matches!(one.phase(DAY), Phase::Active | Phase::Planned);
                let alive: Vec<&Project> = projects.iter().filter(serves).filter(is_alive).collect();
                prop_assert_eq!(cell.state.is_blank(), alive.is_empty());
                // The other way round: pairs whose days touch, counted by day.
                let end = |one: &Project| one.ends.unwrap_or(Date::MAX);
                let pairs = (0..alive.len()).flat_map(|one| (0..one).map(move |two| (one, two))).filter(|(one, two)| {
                    let (one, two) = (alive[*one], alive[*two]);
                    one.donors != two.donors && one.begins.max(two.begins) <= Some(end(one).min(end(two)))
                }).count();
                prop_assert_eq!(cell.overlapping, pairs);
                for ending in &cell.endings {
                    let later = |one: &&Project| end(one) > ending.ends && one.begins <= Some(ending.ends.checked_add(Span::new().days(365)).unwrap());
                    prop_assert_eq!(projects.iter().filter(serves).filter(later).count(), 0);
                }
            }
            let nowhere = (0..projects.len()).filter(|at| told.cells.iter().all(|cell| cell.projects.iter().all(|(one, _)| one != at)));
            prop_assert_eq!(nowhere.collect::<Vec<_>>(), told.serving_none);
        }
    }
}
