//! Which projects there are, by country, capability and donor; needs by projects as a matrix; what overlaps, ends and is missing; money.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::civil::Date;
use region::aid::activity::Amount;
use region::aid::coverage::{Cell, Counts, Coverage, State as Served};
use region::aid::cyber::Certainty;
use region::aid::measured::Verdict;
use region::aid::money::Sums;
use region::aid::picture;
use region::aid::project::{Phase, Project, is_cyber};
use region::aid::timeline::timeline;
use region::aid::told::{self, Filter, Order, Told, why};
use region::aid::words;
use region::capacity::words::Language;
use region::transit::Country;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

use super::super::objects::encoded;
use super::super::region::{file_of, picture as drawn};
use super::super::words::transit as wording;
use super::super::{Frame, Pages, Shared, Viewer, Who, absent, render};
use super::{Ground, Reading, Refused, answer, capabilities, country_of};

/// Projects of a page, and of an answer as JSON.
const ROWS: usize = 50;
const JSON_ROWS: usize = 1_000;
/// Lines of each list; the table has all.
const LINES: usize = 50;
/// Reasons of one project that are shown.
const REASONS: usize = 3;
/// Most letters of a donor's name that are asked for.
const DONOR_CHARS_MAX: usize = 100;
/// All phases, for the choice.
const PHASES: [Phase; 5] = [Phase::Active, Phase::Planned, Phase::Ended, Phase::Stopped, Phase::Unknown];

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    country: String,
    capability: String,
    donor: String,
    /// `sure`, `possible` or `all`.
    about: String,
    stands: String,
    sort: String,
    /// From 1.
    page: Option<usize>,
}

impl Asked {
    fn filter(&self) -> Result<Filter, Refused> {
        let phase = match self.stands.as_str() {
            "" => None,
            name => {
                let found = PHASES.into_iter().find(|phase| phase.name() == name);
                Some(found.ok_or_else(|| Refused(format!("`{name}` is nothing that a project can be")))?)
            }
        };
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Filter {
            country: country_of(&self.country)?,
            capability: text(&self.capability),
            donor: text(&self.donor).map(|donor| donor.chars().take(DONOR_CHARS_MAX).collect()),
            cyber: match self.about.as_str() {
                "all" => None,
                "sure" => Some(Certainty::Sure),
                _ => Some(Certainty::Possible),
            },
            phase,
        })
    }

    /// The projects that count: those that may be about cyber security, unless it was asked for the sure ones.
    fn counted<'g>(&self, ground: &'g Ground) -> &'g [Project] {
        match self.about.as_str() {
            "sure" => {
                let all = &ground.gathered.projects;
                let sure = all.partition_point(|project| is_cyber(project, Certainty::Sure));
                all.get(..sure).unwrap_or_default()
            }
            _ => &ground.gathered.projects,
        }
    }

    fn told<'g>(&self, ground: &'g Ground) -> Result<Told<'g>, Refused> {
        Ok(Told::of(ground.from(self.counted(ground)), &self.filter()?, Order::of(&self.sort)))
    }

    /// The same with another order or page, as the query of a link.
    fn query(&self, sort: &str, page: usize) -> String {
        let fields = [
            ("country", self.country.as_str()),
            ("capability", &self.capability),
            ("donor", &self.donor),
            ("about", &self.about),
            ("stands", &self.stands),
            ("sort", sort),
        ];
        let kept = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let page = (page > 1).then(|| format!("page={page}"));
        kept.map(|(key, value)| format!("{key}={}", encoded(value))).chain(page).collect::<Vec<_>>().join("&")
    }
}

#[derive(Template)]
#[template(path = "projects.html")]
struct ProjectsPage {
    frame: Frame,
    is_configured: bool,
    reading: Option<Reading>,
    seen: u64,
    repeated: u64,
    left_out: usize,
    faults: Vec<String>,
    faulty: usize,
    asked: Asked,
    capabilities: Vec<(&'static str, &'static str, bool)>,
    phases: Vec<(&'static str, &'static str, bool)>,
    heads: Vec<(&'static str, String, bool)>,
    found: usize,
    cyber: usize,
    sure: usize,
    rows: Vec<Line>,
    before: Option<String>,
    after: Option<String>,
    page: usize,
    pages: usize,
    money: Vec<(String, String)>,
    money_notes: (u64, u64, u64),
    query: String,
    needs: usize,
    counts: Vec<(String, usize)>,
    columns: Vec<String>,
    matrix: Vec<MatrixLine>,
    picture: String,
    overlaps: Vec<Overlapping>,
    overlapped: usize,
    endings: Vec<Ends>,
    ending: usize,
    blanks: Vec<Blank>,
    blank: usize,
    unspecific: usize,
    timeline: Option<String>,
    moved: Vec<(String, String, String, &'static str)>,
    no_proof: &'static str,
}

struct Line {
    title: String,
    donors: String,
    countries: String,
    begins: String,
    ends: String,
    stands: &'static str,
    certainty: &'static str,
    why: Vec<String>,
    builds: String,
    budget: String,
}

struct MatrixLine {
    country: String,
    href: String,
    cells: Vec<(String, &'static str)>,
}

struct Overlapping {
    country: String,
    capability: String,
    projects: [String; 2],
    from: String,
    to: String,
}

struct Ends {
    country: String,
    capability: String,
    project: String,
    ends: String,
}

struct Blank {
    country: String,
    capability: String,
    state: &'static str,
    reasons: Vec<String>,
}

fn dated(day: Option<Date>) -> String {
    day.map_or_else(|| "–".to_owned(), |day| day.to_string())
}

/// A number with a comma before each three digits of its whole part.
fn grouped(number: &str) -> String {
    let (whole, part) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let digits = whole.trim_start_matches('-').len();
    let mut out = String::with_capacity(number.len() + digits / 3);
    for (at, letter) in whole.chars().enumerate() {
        let left = whole.len() - at;
        if left % 3 == 0 && left < digits {
            out.push(',');
        }
        out.push(letter);
    }
    if let Some(part) = part {
        out.push('.');
        out.push_str(part);
    }
    out
}

/// Sums of money, each currency by itself.
fn money(sums: &Sums) -> String {
    let one = |(code, sum): (&String, &Amount)| {
        format!("{} {code}", grouped(&sum.to_string())).trim_end().to_owned()
    };
    sums.by_currency.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A project in a few words.
fn named(project: &Project) -> String {
    match project.title.as_str() {
        "" => project.identifier.clone(),
        title => format!("{title} ({})", project.identifier),
    }
}

impl Line {
    fn of(pages: &Pages, project: &Project, day: Date, language: Language) -> Self {
        let names = project.countries.iter().map(|country| pages.named(*country, language));
        let regional = project.is_regional.then(|| language.pick(("a region", "지역")).to_owned());
        let builds = project.builds.iter().map(|name| words::capability(name, language));
        Self {
            title: named(project),
            donors: project.donors.join(", "),
            countries: names
                .chain(project.places.iter().cloned())
                .chain(regional)
                .collect::<Vec<_>>()
                .join(", "),
            begins: dated(project.begins),
            ends: dated(project.ends),
            stands: words::phase(project.phase(day), language),
            certainty: project
                .cyber
                .as_ref()
                .map_or("–", |found| words::certainty(found.certainty, language)),
            why: why(project).into_iter().take(REASONS).collect(),
            builds: builds.collect::<Vec<_>>().join(", "),
            budget: money(&project.budget),
        }
    }
}

/// What a matrix, its lists and counts are made of.
struct Needed<'t> {
    pages: &'t Pages,
    coverage: &'t Coverage,
    projects: &'t [Project],
    language: Language,
}

impl Needed<'_> {
    fn place(&self, cell: &Cell) -> (String, String) {
        let capability = words::capability(&cell.need.capability, self.language).to_owned();
        (self.pages.named(cell.need.country, self.language), capability)
    }

    fn project(&self, at: usize) -> String {
        self.projects.get(at).map(named).unwrap_or_default()
    }

    fn counts(&self) -> Vec<(String, usize)> {
        let counts = self.coverage.counts;
        let count = |state| match state {
            Served::Covered => counts.covered,
            Served::Planned => counts.planned,
            Served::Over => counts.over,
            Served::Never => counts.never,
        };
        let one =
            |state| (format!("{} {}", words::sign(state), words::state(state, self.language)), count(state));
        picture::STATES.map(one).to_vec()
    }

    fn matrix(&self, asked: &Asked) -> (Vec<String>, Vec<MatrixLine>) {
        let columns = picture::columns(self.coverage);
        let mut rows: BTreeMap<Country, BTreeMap<&str, &Cell>> = BTreeMap::new();
        for cell in &self.coverage.cells {
            rows.entry(cell.need.country).or_default().insert(&cell.need.capability, cell);
        }
        let line = |(country, cells): (Country, BTreeMap<&str, &Cell>)| {
            let only = Asked {
                country: country.code().to_owned(),
                capability: asked.capability.clone(),
                donor: asked.donor.clone(),
                about: asked.about.clone(),
                stands: asked.stands.clone(),
                ..Asked::default()
            };
            let cell = |capability: &&str| {
                cells.get(capability).map_or((String::new(), ""), |cell| {
                    (picture::signs(cell), words::state(cell.state, self.language))
                })
            };
            MatrixLine {
                country: self.pages.named(country, self.language),
                href: format!("/region/projects?{}", only.query(&asked.sort, 1)),
                cells: columns.iter().map(cell).collect(),
            }
        };
        let lines = rows.into_iter().map(line).collect();
        (columns.iter().map(|name| words::capability(name, self.language).to_owned()).collect(), lines)
    }

    fn overlaps(&self) -> Vec<Overlapping> {
        let all =
            self.coverage.cells.iter().flat_map(|cell| cell.overlaps.iter().map(move |one| (cell, one)));
        let one = |(cell, one): (&Cell, &region::aid::coverage::Overlap)| {
            let (country, capability) = self.place(cell);
            let projects = [self.project(one.projects.0), self.project(one.projects.1)];
            Overlapping { country, capability, projects, from: dated(one.from), to: dated(one.to) }
        };
        all.take(LINES).map(one).collect()
    }

    fn endings(&self) -> Vec<Ends> {
        let all = self.coverage.cells.iter().flat_map(|cell| cell.endings.iter().map(move |one| (cell, one)));
        let one = |(cell, ending): (&Cell, &region::aid::coverage::Ending)| {
            let (country, capability) = self.place(cell);
            Ends { country, capability, project: self.project(ending.project), ends: ending.ends.to_string() }
        };
        all.take(LINES).map(one).collect()
    }

    fn blanks(&self) -> (Vec<Blank>, usize) {
        let mut all: Vec<&Cell> = self.coverage.cells.iter().filter(|cell| cell.state.is_blank()).collect();
        all.sort_by(|one, two| two.need.weight.total_cmp(&one.need.weight));
        let one = |cell: &&Cell| {
            let (country, capability) = self.place(cell);
            let state = words::state(cell.state, self.language);
            Blank { country, capability, state, reasons: cell.need.reasons.clone() }
        };
        (all.iter().take(LINES).map(one).collect(), all.len())
    }
}

pub(super) async fn page(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |pages, viewer, book, ground| {
        let frame = pages.frame(book, viewer, ground.language.pick(("Aid projects", "원조 사업")));
        Ok(render(&made(pages, viewer, frame, &ground, asked)?))
    })
    .await
}

fn made(
    pages: &Pages,
    viewer: &Viewer,
    frame: Frame,
    ground: &Ground,
    asked: Asked,
) -> Result<ProjectsPage, Refused> {
    let (told, filter, language) = (asked.told(ground)?, asked.filter()?, ground.language);
    let last = told.projects.len().div_ceil(ROWS).max(1);
    let page = asked.page.unwrap_or(1).clamp(1, last);
    let empty = Coverage {
        day: ground.day,
        cells: Vec::new(),
        counts: Counts::default(),
        serving_none: Vec::new(),
        without_country: 0,
    };
    let coverage = told.coverage.as_ref().unwrap_or(&empty);
    let needed = Needed { pages, coverage, projects: told.all, language };
    let ((columns, matrix), (blanks, blank)) = (needed.matrix(&asked), needed.blanks());
    let link = |to: usize| format!("/region/projects?{}", asked.query(&asked.sort, to));
    let head = |order: Order, text: (&'static str, &'static str)| {
        let href = format!("/region/projects?{}", asked.query(order.name(), 1));
        (language.pick(text), href, Order::of(&asked.sort) == order)
    };
    let about: Vec<&Project> =
        told.projects.iter().copied().filter(|project| project.cyber.is_some()).collect();
    let moved = told.moved.iter().flat_map(|(project, all)| all.iter().map(move |one| (project, one)));
    let moved = moved.filter(|(_, one)| one.verdict != Verdict::NotKnown);
    let is_whole = filter.country.is_none() && filter.capability.is_none();
    let (faults, faulty) = ground.faults(viewer);
    let (cyber, sure) = told.cyber();
    Ok(ProjectsPage {
        frame,
        is_configured: pages.aid.is_configured(),
        reading: ground.reading,
        seen: ground.gathered.seen,
        repeated: ground.gathered.repeated,
        left_out: ground.gathered.left_out,
        faults,
        faulty,
        capabilities: capabilities(&asked.capability, language),
        phases: PHASES
            .map(|phase| (phase.name(), words::phase(phase, language), phase.name() == asked.stands))
            .to_vec(),
        heads: vec![
            head(Order::Title, ("Project", "사업")),
            head(Order::Donor, ("Donors", "공여자")),
            head(Order::Begins, ("Begins", "시작")),
            head(Order::Ends, ("Ends", "종료")),
        ],
        found: told.projects.len(),
        cyber,
        sure,
        rows: told
            .projects
            .iter()
            .skip((page - 1) * ROWS)
            .take(ROWS)
            .map(|project| Line::of(pages, project, ground.day, language))
            .collect(),
        before: (page > 1).then(|| link(page - 1)),
        after: (page < last).then(|| link(page + 1)),
        page,
        pages: last,
        money: told
            .budget
            .by_currency
            .iter()
            .map(|(code, sum)| (code.clone(), grouped(&sum.to_string())))
            .collect(),
        money_notes: (told.budget.count, told.budget.undated, told.budget.negative),
        query: format!("lang={}&{}", language.tag(), asked.query(&asked.sort, 1)),
        needs: coverage.counts.needs,
        counts: needed.counts(),
        columns,
        matrix,
        picture: match coverage.cells.is_empty() {
            true => String::new(),
            false => picture::svg(coverage, |country| pages.named(country, language), language),
        },
        overlaps: needed.overlaps(),
        overlapped: coverage.counts.overlapped,
        endings: needed.endings(),
        ending: coverage.counts.ending,
        blanks,
        blank,
        // Of some needs alone, that nothing serves others says nothing.
        unspecific: if is_whole { coverage.serving_none.len() } else { 0 },
        timeline: filter.country.and_then(|country| over_time(pages, country, &about, ground)),
        moved: moved
            .take(LINES)
            .map(|(project, one)| {
                let moved = wording::verdict(&viewer.view, one.verdict);
                (named(project), pages.named(one.country, language), one.figure.clone(), moved)
            })
            .collect(),
        no_proof: words::no_proof(ground.language),
        asked,
    })
}

pub(super) async fn csv(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |_, _, _, ground| {
        Ok(file_of("text/csv; charset=utf-8", Some("projects.csv"), asked.told(&ground)?.csv()))
    })
    .await
}

pub(super) async fn json(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |_, viewer, _, ground| {
        let first = asked.page.unwrap_or(1).saturating_sub(1).saturating_mul(JSON_ROWS);
        let mut told = asked.told(&ground)?.json(first, JSON_ROWS);
        let (faults, faulty) = ground.faults(viewer);
        let gathered = &ground.gathered;
        told["read"] = json!({
            "activities": gathered.seen, "repeated": gathered.repeated, "left_out": gathered.left_out, "faulty_files": faulty, "faults": faults,
            "reading": ground.reading,
        });
        Ok(file_of("application/json", None, told.to_string()))
    })
    .await
}

pub(super) async fn coverage_csv(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |_, _, _, ground| {
        let told = asked.told(&ground)?;
        let text = told.coverage.as_ref().map(|coverage| told::coverage_csv(coverage, told.all));
        Ok(file_of("text/csv; charset=utf-8", Some("coverage.csv"), text.unwrap_or_default()))
    })
    .await
}

pub(super) async fn coverage_svg(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |pages, _, _, ground| {
        let told = asked.told(&ground)?;
        let named = |country| pages.named(country, ground.language);
        Ok(told
            .coverage
            .as_ref()
            .map_or_else(absent, |coverage| drawn(picture::svg(coverage, named, ground.language))))
    })
    .await
}

pub(super) async fn timeline_svg(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |pages, _, _, ground| {
        let told = asked.told(&ground)?;
        let Some(country) = asked.filter()?.country else {
            return Err(Refused("a timeline is a country's: name one with ?country=".to_owned()));
        };
        let about: Vec<&Project> =
            told.projects.iter().copied().filter(|project| project.cyber.is_some()).collect();
        Ok(over_time(pages, country, &about, &ground).map_or_else(absent, drawn))
    })
    .await
}

/// The timeline of a country.
fn over_time(pages: &Pages, country: Country, about: &[&Project], ground: &Ground) -> Option<String> {
    let named = pages.named(country, ground.language);
    timeline((country, &named), about, &ground.measured, ground.day, ground.language)
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn numbers_are_grouped_by_three() {
        let all = ["0", "12", "999", "1000", "-1000", "-100", "1234567.5", "1000000"].map(grouped);
        assert_eq!(all, ["0", "12", "999", "1,000", "-1,000", "-100", "1,234,567.5", "1,000,000"]);
    }
}
