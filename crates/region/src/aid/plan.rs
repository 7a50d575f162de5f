//! A plan drafted from what is missing: what, where, why, by which evidence, and how one will see whether it worked.
//!
//! A draft is for people to change. Its order is stated and no score: first what nothing serves, then what ends with nothing after
//! it, then what is planned, then what is covered; among those of one kind first the countries where help removes the largest part of
//! attacks ([`Helped`], from what was seen), then the need that weighs more, then by country and capability.
//!
//! An indicator's baseline is the last value that was measured, and there is none where nothing was measured. Its target follows a
//! rule: one level more, at most the highest; of what should fall, half; of what should rise, half as much again, at most 100 where
//! it is a share.
//!
//! Source: REQUIREMENTS C-5 to C-7.

use std::io::Read;

use jiff::Span;
use jiff::civil::Date;
use serde::Serialize;

use super::capability;
use super::coverage::{Coverage, State};
use super::measured::{FIGURES, Measured};
use super::project::{Phase, Project};
use super::table::{Table, TableError, Wrong};
use super::words;
use crate::capacity::words::Language;
use crate::transit::help::Choice;
use crate::transit::{Country, Spot};

/// Projects that are named beside one part of a plan.
const BESIDE_MAX: usize = 20;

/// How much help for a country removes of all attacks that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Helped {
    /// The country.
    pub country: Country,
    /// The part of all attacks, between 0 and 1, were it helped alone.
    pub share: f64,
}

/// What a choice of where to help says of countries.
#[must_use]
pub fn helped(choice: &Choice) -> Vec<Helped> {
    let total = choice.total.max(1) as f64;
    let of = |one: &crate::transit::help::Chosen| match one.spot {
        Spot::Country(country) => Some(Helped { country, share: (one.alone / total).clamp(0.0, 1.0) }),
        Spot::Network(_) => None,
    };
    choice.chosen.iter().filter_map(of).collect()
}

/// Reads the same from a table with the columns `country` and `share`, a number between 0 and 1.
///
/// # Errors
/// [`TableError`] if it is no such table. What is wrong in a row is told, and the row left out.
pub fn helped_table(from: impl Read) -> Result<(Vec<Helped>, Vec<Wrong>), TableError> {
    let mut table = Table::open(from, &["country", "share"], &[])?;
    let mut all: Vec<Helped> = Vec::new();
    while let Some(row) = table.next_row()? {
        let share = row.cell(1).parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
        match (Country::parse(row.cell(0)), share) {
            (Ok(country), _) if all.iter().any(|one| one.country == country) => {
                table.wrong(format!("{country} stands there twice; the first counts"));
            }
            (Ok(country), Some(share)) => all.push(Helped { country, share }),
            (Err(error), _) => table.wrong(error.to_string()),
            (_, None) => table.wrong(format!("`{}` is no share: a number from 0 to 1", row.cell(1))),
        }
    }
    Ok((all, table.wrongs()))
}

/// Who drafts a plan, as the IATI standard wants to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drafter {
    /// The organisation's identifier: `KR-GOV-010`.
    pub reference: String,
    /// Its name.
    pub name: String,
    /// Its type's code (`OrganisationType`); `10` is a government.
    pub kind: String,
}

/// What a plan is drafted from.
#[derive(Debug, Clone, Copy)]
pub struct From<'f> {
    /// Need by project.
    pub coverage: &'f Coverage,
    /// The projects that it names.
    pub projects: &'f [Project],
    /// Where help removes most.
    pub helped: &'f [Helped],
    /// What was measured.
    pub measured: &'f [Measured],
}

/// What a plan is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Who drafts it.
    pub drafter: Drafter,
    /// The first day of what is planned.
    pub begins: Date,
    /// For how many months.
    pub months: u32,
    /// At most so many parts.
    pub most: usize,
    /// In which language it says what it says; reasons of needs, titles and names stay as they are.
    pub language: Language,
}

/// A project beside a part of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// Its identifier.
    pub identifier: String,
    /// Its title.
    pub title: String,
    /// Who pays.
    pub donors: Vec<String>,
    /// Where it stands.
    pub phase: Phase,
    /// Until when.
    pub ends: Option<Date>,
}

/// How one will see whether it worked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sign {
    /// The figure's name.
    pub figure: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The last value that was measured, and when.
    pub baseline: Option<(Date, f64)>,
    /// The value that is aimed at; none without a baseline.
    pub target: Option<f64>,
    /// Whether more is better.
    pub more_is_better: bool,
}

/// A part of a plan: one capability in one country.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Its identifier: the drafter's, the country's and the capability's.
    pub identifier: String,
    /// The country.
    pub country: Country,
    /// The capability.
    pub capability: String,
    /// What that is.
    pub about: String,
    /// How it is served today.
    pub state: State,
    /// Why: the need's reasons, and what is seen of projects.
    pub why: Vec<String>,
    /// What helping the country would remove of all attacks that were seen.
    pub removes: Option<f64>,
    /// Projects there that serve it, under way or to come first.
    pub beside: Vec<Beside>,
    /// Other donors that have projects about cyber security in the country.
    pub donors_there: Vec<String>,
    /// How one will see whether it worked.
    pub signs: Vec<Sign>,
    /// The purpose code of the DAC.
    pub sector: &'static str,
    /// Targets of the goals for sustainable development.
    pub targets: Vec<&'static str>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// In which language it speaks.
    #[serde(skip)]
    pub language: Language,
    /// The day of what it is drafted from.
    pub day: Date,
    /// Who drafts it.
    pub drafter: Drafter,
    /// From when to when.
    pub period: (Date, Date),
    /// Its parts, in their order.
    pub parts: Vec<Part>,
    /// Needs that are in no part, because there are more than were wished for.
    pub left_out: usize,
}

/// Figures, purpose code and targets by capability; what is not here is taught and told by the last row.
const BY_CAPABILITY: &[(&str, &[&str], &str, &[&str])] = &[
    ("incident-response", &["reached", "takedown-days", "level"], "22040", &["16.a", "17.9"]),
    ("point-of-contact", &["reached"], "22040", &["17.9"]),
    ("dns-filtering", &["level", "lag"], "22040", &["9.1", "17.8"]),
    ("network-detection", &["level", "sightings"], "22040", &["9.1", "17.8"]),
    ("mail-filtering", &["level"], "22040", &["9.1", "17.8"]),
    ("log-hunting", &["sightings", "level"], "22040", &["17.8"]),
    ("takedown-handling", &["takedown-days"], "22040", &["9.1", "16.a"]),
    ("vulnerability-handling", &["level"], "22040", &["9.1", "17.8"]),
    ("virtual-asset-screening", &["level"], "15130", &["16.4", "16.a"]),
    ("intelligence-sharing", &["sightings", "lag"], "22040", &["17.6", "17.8"]),
    ("law-and-prosecution", &["takedown-days"], "15130", &["16.4", "16.a"]),
    ("strategy", &["level"], "22010", &["16.6", "17.9"]),
    ("critical-infrastructure", &["level", "takedown-days"], "22040", &["9.1"]),
    ("skills", &["sightings", "level"], "22040", &["4.4", "17.9"]),
];

/// The day on which a plan begins if nobody says another: the first of the next year.
#[must_use]
pub fn next_year(day: Date) -> Date {
    day.first_of_year().checked_add(Span::new().years(1)).unwrap_or(day)
}

/// Drafts a plan.
#[must_use]
pub fn draft(from: From<'_>, wish: &Wish) -> Plan {
    let share = |country: Country| from.helped.iter().find(|one| one.country == country).map(|one| one.share);
    let mut cells: Vec<&super::coverage::Cell> = from.coverage.cells.iter().collect();
    let rank = |cell: &super::coverage::Cell| match (cell.state, cell.endings.is_empty()) {
        (State::Never | State::Over, _) => 0,
        (_, false) => 1,
        (State::Planned, true) => 2,
        (State::Covered, true) => 3,
    };
    cells.sort_by(|one, two| {
        let worth = |cell: &super::coverage::Cell| share(cell.need.country).unwrap_or(0.0);
        rank(one)
            .cmp(&rank(two))
            .then(worth(two).total_cmp(&worth(one)))
            .then(two.need.weight.total_cmp(&one.need.weight))
            .then_with(|| {
                (one.need.country, &one.need.capability).cmp(&(two.need.country, &two.need.capability))
            })
    });
    let left_out = cells.len().saturating_sub(wish.most);
    let parts =
        cells.into_iter().take(wish.most).map(|cell| part(cell, &from, wish, share(cell.need.country)));
    let ends = wish.begins.checked_add(Span::new().months(i64::from(wish.months.clamp(1, 240))));
    let ends = ends.ok().and_then(|day| day.yesterday().ok()).unwrap_or(wish.begins);
    Plan {
        language: wish.language,
        day: from.coverage.day,
        drafter: wish.drafter.clone(),
        period: (wish.begins, ends),
        parts: parts.collect(),
        left_out,
    }
}

fn part(cell: &super::coverage::Cell, from: &From<'_>, wish: &Wish, removes: Option<f64>) -> Part {
    let (country, capability) = (cell.need.country, cell.need.capability.as_str());
    let language = wish.language;
    let mut why = cell.need.reasons.clone();
    match cell.state {
        State::Never => why.push(
            language
                .pick((
                    "no project that was read serves it, now or before",
                    "읽은 사업 가운데 지금이나 과거에 이 역량을 다룬 것이 없음",
                ))
                .to_owned(),
        ),
        State::Over => why.push(
            language
                .pick(("projects served it, and all are over", "이 역량을 다룬 사업이 모두 끝남"))
                .to_owned(),
        ),
        State::Planned | State::Covered => {}
    }
    for ending in &cell.endings {
        if let Some(project) = from.projects.get(ending.project) {
            why.push(ends(project, ending.ends, from.coverage.day, language));
        }
    }
    if cell.overlapping > 0 {
        why.push(overlap(cell.overlapping, language));
    }
    let mut serving = cell.projects.clone();
    serving.sort_by_key(|(at, phase)| (order(*phase), *at));
    let beside = serving.iter().take(BESIDE_MAX).filter_map(|(at, phase)| {
        let project = from.projects.get(*at)?;
        Some(Beside {
            identifier: project.identifier.clone(),
            title: project.title.clone(),
            donors: project.donors.clone(),
            phase: *phase,
            ends: project.ends,
        })
    });
    let mut donors_there: Vec<String> = from
        .projects
        .iter()
        .filter(|project| project.cyber.is_some() && project.countries.contains(&country))
        .filter(|project| matches!(project.phase(from.coverage.day), Phase::Active | Phase::Planned))
        .flat_map(|project| project.donors.iter().cloned())
        .collect();
    donors_there.sort_unstable();
    donors_there.dedup();
    donors_there.truncate(BESIDE_MAX);
    let known = BY_CAPABILITY.iter().find(|(name, ..)| *name == capability).or(BY_CAPABILITY.last());
    let (figures, sector, targets) = known
        .map_or((&[][..], "22040", &[][..]), |(_, figures, sector, targets)| (*figures, *sector, *targets));
    Part {
        identifier: format!("{}-BONGSU-{country}-{}", wish.drafter.reference, safe(capability)),
        country,
        capability: capability.to_owned(),
        about: match language {
            Language::English => capability::about(capability),
            Language::Korean => words::capability(capability, language),
        }
        .to_owned(),
        state: cell.state,
        why,
        removes,
        beside: beside.collect(),
        donors_there,
        signs: figures.iter().filter_map(|figure| sign(figure, country, from.measured, language)).collect(),
        sector,
        targets: targets.to_vec(),
    }
}

/// That a project ends, or ended, with nothing after it.
fn ends(project: &Project, ends: Date, day: Date, language: Language) -> String {
    let (named, is_over) = (named(project), ends < day);
    match language {
        Language::English => {
            let verb = if is_over { "ended" } else { "ends" };
            format!("{named} {verb} on {ends}, and nothing that was read follows it")
        }
        Language::Korean => {
            let verb = if is_over { "끝났고" } else { "끝나며" };
            format!("{named} 사업이 {ends}에 {verb}, 읽은 사업 가운데 뒤를 잇는 것이 없음")
        }
    }
}

/// That several donors serve a need at one time.
fn overlap(pairs: usize, language: Language) -> String {
    match language {
        Language::English => {
            let what = if pairs == 1 { "pair of projects" } else { "pairs of projects" };
            format!("{pairs} {what} of different donors serve it at one time: agree on who does what")
        }
        Language::Korean => {
            format!(
                "서로 다른 공여자의 사업 {pairs}쌍이 같은 때에 이 역량을 다룸: 누가 무엇을 할지 협의할 것"
            )
        }
    }
}

/// A project as a sentence names it.
fn named(project: &Project) -> String {
    match project.identifier.as_str() {
        "" => format!("“{}”", project.title),
        identifier => format!("“{}” ({identifier})", project.title),
    }
}

const fn order(phase: Phase) -> u8 {
    match phase {
        Phase::Active => 0,
        Phase::Planned => 1,
        Phase::Unknown => 2,
        Phase::Ended => 3,
        Phase::Stopped => 4,
    }
}

/// What may stand in an identifier.
fn safe(text: &str) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    text.chars().take(60).map(safe).collect()
}

fn sign(figure: &str, country: Country, measured: &[Measured], language: Language) -> Option<Sign> {
    let (name, _, more_is_better) = FIGURES.into_iter().find(|(name, ..)| *name == figure)?;
    let last = measured
        .iter()
        .filter(|one| one.country == country && one.figure == name)
        .max_by_key(|one| one.at)
        .map(|one| (one.at, one.value));
    let target = last.map(|(_, value)| match (name, more_is_better) {
        ("level", _) => (value.floor() + 1.0).min(5.0),
        (_, false) => (value / 2.0).floor(),
        ("reached", true) => (value * 1.5).ceil().min(100.0),
        (_, true) => (value * 1.5).ceil().max(value + 1.0),
    });
    Some(Sign { figure: name, about: words::figure(name, language), baseline: last, target, more_is_better })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::activity::Activity;
    use crate::aid::coverage::coverage;
    use crate::aid::cyber::{Certainty, Found};
    use crate::aid::need;
    use jiff::civil::date;

    fn project(country: &str, donor: &str, ends: Date, builds: &[&'static str]) -> Project {
        let mut project = Project::of(&Activity::default());
        project.title = format!("{} in {country}", builds.join(" and "));
        project.identifier = format!("{donor}-1");
        project.donors = vec![donor.to_owned()];
        project.countries = vec![Country::parse(country).unwrap()];
        project.cyber = Some(Found { certainty: Certainty::Sure, reasons: Vec::new() });
        (project.begins, project.ends) = (Some(date(2025, 1, 1)), Some(ends));
        project.builds = builds.to_vec();
        project
    }

    #[test]
    fn a_plan_says_what_where_why_and_how_one_will_see() {
        let table = "country,capability,reasons,weight\nKH,dns-filtering,42 sightings,1\nVN,skills,few,9\nLA,skills,few,1\nLA,strategy,,5\nLA,takedown-handling,,1\n";
        let (needs, _) = need::read(table.as_bytes()).unwrap();
        let projects = [
            project("VN", "AU", date(2026, 9, 1), &["skills"]),
            project("LA", "JP", date(2029, 9, 1), &["skills"]),
        ];
        let coverage = coverage(&needs, &projects, date(2026, 6, 1));
        let country = |code: &str| Country::parse(code).unwrap();
        let measured = [("KH", "level", 1.0), ("KH", "lag", 31.0), ("LA", "takedown-days", 20.0)].map(
            |(code, figure, value)| Measured {
                country: country(code),
                figure: figure.into(),
                at: date(2026, 5, 1),
                value,
            },
        );
        let wish = Wish {
            drafter: Drafter { reference: "KR-GOV-010".into(), name: "Korea".into(), kind: "10".into() },
            begins: date(2027, 1, 1),
            months: 36,
            most: 4,
            language: Language::English,
        };
        let helped = [Helped { country: country("LA"), share: 0.25 }];
        let from = From { coverage: &coverage, projects: &projects, helped: &helped, measured: &measured };
        let plan = draft(from, &wish);
        let order: Vec<String> =
            plan.parts.iter().map(|part| format!("{} {}", part.country, part.capability)).collect();
        assert_eq!(order, ["LA strategy", "LA takedown-handling", "KH dns-filtering", "VN skills"]);
        assert_eq!((plan.left_out, plan.period.1), (1, date(2029, 12, 31)));
        let dns = &plan.parts[2];
        assert_eq!(dns.identifier, "KR-GOV-010-BONGSU-KH-dns-filtering");
        assert_eq!(dns.why, ["42 sightings", "no project that was read serves it, now or before"]);
        let targets: Vec<Option<f64>> = dns.signs.iter().map(|sign| sign.target).collect();
        assert_eq!(targets, [Some(2.0), Some(15.0)]);
        let skills = &plan.parts[3];
        assert_eq!(
            skills.why[1],
            "“skills in VN” (AU-1) ends on 2026-09-01, and nothing that was read follows it"
        );
        assert_eq!((skills.donors_there.as_slice(), skills.beside.len()), (&["AU".to_owned()][..], 1));
        assert!(skills.signs.iter().all(|sign| sign.target.is_none()));
        let korean = draft(from, &Wish { language: Language::Korean, ..wish });
        let said = |part: &Part| part.why.last().cloned().unwrap();
        assert_eq!(
            [said(&korean.parts[2]), said(&korean.parts[3])],
            [
                "읽은 사업 가운데 지금이나 과거에 이 역량을 다룬 것이 없음",
                "“skills in VN” (AU-1) 사업이 2026-09-01에 끝나며, 읽은 사업 가운데 뒤를 잇는 것이 없음"
            ]
        );
        assert_eq!(
            (korean.parts[2].about.as_str(), korean.parts[2].why[0].as_str()),
            ("DNS 차단", "42 sightings")
        );
    }
}
