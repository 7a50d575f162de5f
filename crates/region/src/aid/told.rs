//! What is shown of projects: those that are asked for, their money, the needs that they serve and what moved beside them; for pages,
//! for programs and as tables.

use std::cmp::Reverse;

use serde::Serialize;
use serde_json::{Value, json};

use jiff::civil::Date;

use super::coverage::{Cell, Coverage, coverage};
use super::cyber::Certainty;
use super::measured::{Measured, Moved, NO_PROOF, moved};
use super::money::Sums;
use super::need::Need;
use super::project::{Phase, Project, is_cyber};
use crate::text::harmless;
use crate::transit::Country;

/// Which projects are asked for, and which needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// For this country.
    pub country: Option<Country>,
    /// That build this capability.
    pub capability: Option<String>,
    /// Of donors with this in their name, whatever its case.
    pub donor: Option<String>,
    /// About cyber security, at least so surely; `None` for all.
    pub cyber: Option<Certainty>,
    /// That stand so.
    pub phase: Option<Phase>,
}

impl Filter {
    /// Whether a project is asked for.
    #[must_use]
    pub fn takes(&self, project: &Project, day: Date) -> bool {
        let is_donors = |wanted: &str| {
            let wanted = wanted.to_lowercase();
            project.donors.iter().any(|donor| donor.to_lowercase().contains(&wanted))
        };
        self.cyber.is_none_or(|least| is_cyber(project, least))
            && self.country.is_none_or(|country| project.countries.contains(&country))
            && self.phase.is_none_or(|phase| project.phase(day) == phase)
            && self.donor.as_deref().is_none_or(is_donors)
            && self.capability.as_deref().is_none_or(|wanted| project.builds.contains(&wanted))
    }

    /// Whether a need is asked for.
    #[must_use]
    pub fn needs(&self, need: &Need) -> bool {
        self.country.is_none_or(|country| need.country == country)
            && self.capability.as_deref().is_none_or(|wanted| need.capability == wanted)
    }
}

/// In which order projects are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// As they were read.
    #[default]
    Read,
    /// By title.
    Title,
    /// By the first donor.
    Donor,
    /// Those that begin last first; those without a day at the end.
    Begins,
    /// Those that end first first; those without a day at the end.
    Ends,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Read, Self::Title, Self::Donor, Self::Begins, Self::Ends];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Title => "title",
            Self::Donor => "donor",
            Self::Begins => "begins",
            Self::Ends => "ends",
        }
    }

    /// That of a name; as they were read, if it is none.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|order| order.name() == name).unwrap_or_default()
    }

    fn apply(self, projects: &mut [&Project]) {
        match self {
            Self::Read => {}
            Self::Title => projects.sort_by_cached_key(|project| project.title.to_lowercase()),
            Self::Donor => projects
                .sort_by_cached_key(|project| project.donors.first().map(|donor| donor.to_lowercase())),
            Self::Begins => {
                projects.sort_by_key(|project| (project.begins.is_none(), Reverse(project.begins)))
            }
            Self::Ends => projects.sort_by_key(|project| (project.ends.is_none(), project.ends)),
        }
    }
}

/// What projects are told from.
#[derive(Debug, Clone, Copy)]
pub struct From<'f> {
    /// All projects that count: the needs of a country are served by them, whichever are asked for.
    pub projects: &'f [Project],
    /// What countries need, each once; `None` if that isn't known.
    pub needs: Option<&'f [Need]>,
    /// What was measured.
    pub measured: &'f [Measured],
    /// The day as of which it is told.
    pub day: Date,
}

/// Projects, as they are asked for.
#[derive(Debug, Clone)]
pub struct Told<'f> {
    /// All projects that count; the numbers in [`Self::coverage`] are their places.
    pub all: &'f [Project],
    /// Those that were asked for.
    pub projects: Vec<&'f Project>,
    /// What they may spend.
    pub budget: Sums,
    /// Need by project.
    pub coverage: Option<Coverage>,
    /// What moved beside those about cyber security.
    pub moved: Vec<(&'f Project, Vec<Moved>)>,
    /// The day as of which it is told.
    pub day: Date,
}

impl<'f> Told<'f> {
    /// What is told of what is asked for.
    #[must_use]
    pub fn of(from: From<'f>, filter: &Filter, order: Order) -> Self {
        let From { projects: all, needs, measured, day } = from;
        let mut projects: Vec<&Project> = all.iter().filter(|project| filter.takes(project, day)).collect();
        order.apply(&mut projects);
        let mut budget = Sums::default();
        projects.iter().for_each(|project| budget.add_all(&project.budget));
        let needs =
            needs.map(|needs| needs.iter().filter(|need| filter.needs(need)).cloned().collect::<Vec<Need>>());
        let coverage = needs.map(|needs| coverage(&needs, all, day));
        let about = projects.iter().copied().filter(|project| project.cyber.is_some());
        let beside = about.map(|project| (project, moved(project, measured)));
        let moved = beside.filter(|(_, moved)| !moved.is_empty()).collect();
        Self { all, projects, budget, coverage, moved, day }
    }

    /// How many of those that were asked for are about cyber security: perhaps, and for sure.
    #[must_use]
    pub fn cyber(&self) -> (usize, usize) {
        let count = |least| self.projects.iter().filter(|project| is_cyber(project, least)).count();
        (count(Certainty::Possible), count(Certainty::Sure))
    }

    /// As JSON: the projects from `first` on, at most so many, and all the rest.
    #[must_use]
    pub fn json(&self, first: usize, most: usize) -> Value {
        let moved = self
            .moved
            .iter()
            .map(|(project, moved)| json!({"identifier": project.identifier, "moved": moved}));
        let (cyber, sure) = self.cyber();
        json!({
            "day": self.day, "found": self.projects.len(), "cyber": cyber, "sure": sure, "first": first,
            "projects": self.projects.iter().skip(first).take(most).map(|project| shown(project, self.day)).collect::<Vec<_>>(),
            "budget": self.budget, "coverage": self.coverage.as_ref().map(|coverage| coverage_json(coverage, self.all)),
            "moved": moved.collect::<Vec<_>>(), "caveat": NO_PROOF,
        })
    }

    /// The projects as CSV.
    #[must_use]
    pub fn csv(&self) -> String {
        let head = [
            "identifier",
            "title",
            "donors",
            "countries",
            "begins",
            "ends",
            "stands",
            "cyber",
            "why",
            "builds",
            "targets",
            "budget",
            "spent",
        ];
        let row = |project: &&Project| {
            let found = project.cyber.as_ref();
            [
                project.identifier.clone(),
                project.title.clone(),
                project.donors.join("; "),
                project.countries.iter().map(Country::code).collect::<Vec<_>>().join(" "),
                dated(project.begins),
                dated(project.ends),
                project.phase(self.day).name().to_owned(),
                found.map_or("", |found| found.certainty.name()).to_owned(),
                why(project).join("; "),
                project.builds.join(" "),
                project.targets.join(" "),
                project.budget.told(),
                project.spent.told(),
            ]
        };
        table(&head, self.projects.iter().map(row))
    }
}

/// A project as JSON, with where it stands.
fn shown(project: &Project, day: Date) -> Value {
    #[derive(Serialize)]
    struct Shown<'p> {
        #[serde(flatten)]
        project: &'p Project,
        stands: Phase,
    }
    json!(Shown { project, stands: project.phase(day) })
}

/// Why a project is said to be about cyber security: a place and what was found there, each.
#[must_use]
pub fn why(project: &Project) -> Vec<String> {
    let reasons = project.cyber.iter().flat_map(|found| &found.reasons);
    reasons.map(|why| format!("{}: {}", why.place, why.found)).collect()
}

fn dated(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

/// Need by project as JSON, with projects by their identifiers.
#[must_use]
pub fn coverage_json(coverage: &Coverage, projects: &[Project]) -> Value {
    let one = |at: &usize| {
        projects.get(*at).map(|project| json!({"identifier": project.identifier, "title": project.title}))
    };
    let named = |at: usize, more: Value| {
        let mut named = one(&at).unwrap_or_default();
        if let (Some(named), Value::Object(more)) = (named.as_object_mut(), more) {
            named.extend(more);
        }
        named
    };
    let cell = |cell: &Cell| {
        let serving = cell.projects.iter().map(|(at, phase)| named(*at, json!({"stands": phase})));
        let overlaps = cell.overlaps.iter().map(|one| {
            let both = [one.projects.0, one.projects.1].map(|at| named(at, json!({})));
            json!({"projects": both, "from": one.from, "to": one.to})
        });
        let endings = cell.endings.iter().map(|ending| named(ending.project, json!({"ends": ending.ends})));
        json!({
            "country": cell.need.country, "capability": cell.need.capability, "reasons": cell.need.reasons, "weight": cell.need.weight,
            "state": cell.state, "projects": serving.collect::<Vec<_>>(), "overlapping": cell.overlapping,
            "overlaps": overlaps.collect::<Vec<_>>(), "endings": endings.collect::<Vec<_>>(),
            "unspecific": cell.unspecific.iter().filter_map(one).collect::<Vec<_>>(),
        })
    };
    json!({
        "day": coverage.day, "counts": coverage.counts, "cells": coverage.cells.iter().map(cell).collect::<Vec<_>>(),
        "serving_none": coverage.serving_none.iter().filter_map(one).collect::<Vec<_>>(), "without_country": coverage.without_country,
    })
}

/// Need by project as CSV: a line for each need.
#[must_use]
pub fn coverage_csv(coverage: &Coverage, projects: &[Project]) -> String {
    let head =
        ["country", "capability", "state", "projects", "overlaps", "ends", "ending", "reasons", "weight"];
    let named = |at: usize| projects.get(at).map(|project| project.identifier.clone());
    let row = |cell: &Cell| {
        [
            cell.need.country.code().to_owned(),
            cell.need.capability.clone(),
            cell.state.name().to_owned(),
            cell.projects.iter().filter_map(|(at, _)| named(*at)).collect::<Vec<_>>().join("; "),
            cell.overlapping.to_string(),
            cell.endings.first().map(|ending| ending.ends.to_string()).unwrap_or_default(),
            cell.endings.iter().filter_map(|ending| named(ending.project)).collect::<Vec<_>>().join("; "),
            cell.need.reasons.join("; "),
            cell.need.weight.to_string(),
        ]
    };
    table(&head, coverage.cells.iter().map(row))
}

/// A table that no spreadsheet takes for formulas.
pub(super) fn table<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    // What is written to memory does not fail.
    let _ = out.write_record(head);
    for row in rows {
        let _ = out.write_record(row.map(harmless));
    }
    String::from_utf8(out.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::activity::Activity;
    use crate::aid::cyber::Found;
    use jiff::civil::date;

    fn project(identifier: &str, country: &str, donor: &str, certainty: Option<Certainty>) -> Project {
        let mut project = Project::of(&Activity::default());
        (project.identifier, project.title) = (identifier.to_owned(), format!("=Title of {identifier}"));
        (project.donors, project.countries) =
            (vec![donor.to_owned()], vec![Country::parse(country).unwrap()]);
        project.cyber = certainty.map(|certainty| Found { certainty, reasons: Vec::new() });
        (project.begins, project.builds) = (Some(date(2026, 1, 1)), vec!["skills"]);
        project.status = "2".to_owned();
        project
    }

    fn need(country: &str, capability: &str) -> Need {
        let country = Country::parse(country).unwrap();
        Need { country, capability: capability.to_owned(), reasons: vec!["seen".to_owned()], weight: 1.0 }
    }

    #[test]
    fn what_is_asked_for_is_told_and_needs_are_served_by_all() {
        let projects = [
            project("B", "KH", "Korea", Some(Certainty::Sure)),
            project("A", "KH", "Japan", Some(Certainty::Possible)),
            project("C", "VN", "Japan", None),
        ];
        let needs = [need("KH", "skills"), need("VN", "skills"), need("KH", "strategy")];
        let from = From { projects: &projects, needs: Some(&needs), measured: &[], day: date(2026, 6, 1) };
        let names = |filter: Filter, order| {
            let told = Told::of(from, &filter, order);
            told.projects.iter().map(|project| project.identifier.clone()).collect::<Vec<_>>().join("")
        };
        let all = Filter::default();
        assert_eq!(names(all.clone(), Order::Read), "BAC");
        assert_eq!(names(all.clone(), Order::Title), "ABC");
        assert_eq!(names(Filter { donor: Some("JAP".into()), ..all.clone() }, Order::Read), "AC");
        assert_eq!(names(Filter { cyber: Some(Certainty::Sure), ..all.clone() }, Order::Read), "B");
        let only = Filter { country: Country::parse("KH").ok(), donor: Some("japan".into()), ..all };
        let told = Told::of(from, &only, Order::of("nothing"));
        assert_eq!((told.projects.len(), told.cyber()), (1, (1, 0)));
        let shown = told.json(0, 10);
        assert_eq!(shown["coverage"]["cells"].as_array().unwrap().len(), 2);
        assert_eq!(shown["coverage"]["cells"][0]["projects"].as_array().unwrap().len(), 2, "{shown}");
        assert_eq!(shown["projects"][0]["stands"], "active");
        let text = told.csv();
        assert!(text.lines().count() == 2 && text.contains("'=Title of A"), "{text}");
        let text = coverage_csv(told.coverage.as_ref().unwrap(), &projects);
        assert!(text.contains("KH,skills,") && text.contains("KH,strategy,never,"), "{text}");
    }
}
