//! Aid projects: which there are, what needs they serve, and plans drafted from what nothing serves. As pages, and as JSON, CSV, SVG and
//! IATI. In English or Korean, as gaps are.
//!
//! Needs are the gaps that whoever looks may see, by the same rules; what was measured is what members opened to it. Projects are
//! published by their donors, and for all to see.

mod plan;
mod projects;

pub use self::plan::paper;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use jiff::civil::Date;
use policy::Book;
use region::aid::iati::Report;
use region::aid::measured::Measured;
use region::aid::need::joined;
use region::aid::project::Project;
use region::aid::told::From;
use region::aid::{Need, capability};
use region::capacity::country;
use region::capacity::gap::needs;
use region::capacity::opening::Kind;
use region::capacity::words::Language;
use region::transit::Country;
use serde::Serialize;

use super::{Pages, Viewer, Who, broken, making, not_askable};

/// Notices of which the times to takedown are told.
const NOTICES_MAX: usize = 10_000;
const DAY_S: f64 = 86_400.0;

/// A file of aid projects, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AidFile {
    /// Its path.
    pub name: String,
    /// What was wrong in it, or why it could not be read.
    pub read: Result<Report, String>,
}

impl AidFile {
    /// What is wrong with it, for operators.
    fn fault(&self) -> Option<String> {
        match &self.read {
            Err(why) => Some(format!("{}: not read: {why}", self.name)),
            Ok(Report { broken: Some(why), .. }) => {
                Some(format!("{}: read up to where it breaks: {why}", self.name))
            }
            Ok(report) if report.faulty > 0 => {
                let first = report.faults.first().map_or("", |fault| fault.why.as_str());
                Some(format!("{}: {} faults, such as: {first}", self.name, report.faulty))
            }
            Ok(_) => None,
        }
    }
}

/// Aid projects, gathered from files.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The projects, the surest to be about cyber security first.
    pub projects: Vec<Project>,
    /// Activities that were read.
    pub seen: u64,
    /// How many of them stood there before.
    pub repeated: u64,
    /// How many that are not about cyber security there was no room for.
    pub left_out: usize,
    /// The files.
    pub files: Vec<AidFile>,
}

/// How far the reading of files is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Files that were read.
    pub files: usize,
    /// Files that there are.
    pub of: usize,
}

/// Aid projects, as the node knows them.
pub trait Aid: Send + Sync {
    /// The projects as the files have them now; none while they are read for the first time.
    fn gathered(&self) -> Arc<Gathered>;

    /// Whether any files are named.
    fn is_configured(&self) -> bool;

    /// How far files are while they are read for the first time, after a start.
    fn reading(&self) -> Option<Reading>;
}

/// The routes.
pub(super) fn router() -> Router<Arc<Pages>> {
    Router::new()
        .route("/region/projects", get(projects::page))
        .route("/region/projects.csv", get(projects::csv))
        .route("/region/projects.json", get(projects::json))
        .route("/region/coverage.csv", get(projects::coverage_csv))
        .route("/region/coverage.svg", get(projects::coverage_svg))
        .route("/region/timeline.svg", get(projects::timeline_svg))
        .route("/region/plan", get(plan::page))
        .route("/region/plan.csv", get(plan::csv))
        .route("/region/plan.json", get(plan::json))
        .route("/region/plan.pdf", get(plan::pdf))
        .route("/region/plan.txt", get(plan::text))
        .route("/region/plan.xml", get(plan::xml))
}

/// What pages about aid are made from.
struct Ground {
    gathered: Arc<Gathered>,
    /// How far files are that are being read.
    reading: Option<Reading>,
    /// Each capability of a country once.
    needs: Vec<Need>,
    measured: Vec<Measured>,
    day: Date,
    language: Language,
}

impl Ground {
    /// What is told, with the projects that are at least so sure.
    fn from<'g>(&'g self, projects: &'g [Project]) -> From<'g> {
        From { projects, needs: Some(&self.needs), measured: &self.measured, day: self.day }
    }

    /// What was wrong in files: in full for operators, and how many there are for others.
    fn faults(&self, viewer: &Viewer) -> (Vec<String>, usize) {
        let all: Vec<String> = self.gathered.files.iter().filter_map(AidFile::fault).collect();
        let count = all.len();
        (if viewer.is_operator() { all } else { Vec::new() }, count)
    }
}

impl Pages {
    fn aid_ground(&self, viewer: &Viewer, book: &Book, language: Language) -> Result<Ground, String> {
        let matrix = self.gaps(viewer, book, language)?;
        let now = (self.now)();
        Ok(Ground {
            // Asked first: what is not being read any more is in what is gathered then.
            reading: self.aid.reading(),
            gathered: self.aid.gathered(),
            needs: joined(needs(&matrix.rows, language)),
            measured: self.measured_takedowns(viewer, book)?,
            day: now.date().parse::<Date>().map_err(|error| format!("the day is none: {error}"))?,
            language,
        })
    }

    /// How many days takedowns took, of the members that opened that to whoever looks: each on the day on which it ended.
    fn measured_takedowns(&self, viewer: &Viewer, book: &Book) -> Result<Vec<Measured>, String> {
        let (register, looking) = (self.capacity.register()?, self.looking(book, viewer));
        let mut measured = Vec::new();
        for notice in self.transit.notices(None, NOTICES_MAX)? {
            let member = notice.about.member;
            let of = book.member(member).and_then(|member| country::of(member.country.as_deref()?).ok());
            let Some(country) = of.filter(|_| register.shows(&looking, member, Kind::Takedown, ()).is_some())
            else {
                continue;
            };
            for (told, gone) in notice.asked() {
                let Some(gone) = gone else { continue };
                let at = stix::Timestamp::from_micros(i64::from(gone) * 1_000_000).date().parse();
                let days = f64::from(gone.saturating_sub(told)) / DAY_S;
                let value = (days * 10.0).round() / 10.0;
                measured.extend(at.ok().map(|at| Measured {
                    country,
                    figure: "takedown-days".to_owned(),
                    at,
                    value,
                }));
            }
        }
        Ok(measured)
    }

    /// What a country is called.
    fn named(&self, country: Country, language: Language) -> String {
        self.capacity.naming().name(country, None, language).to_owned()
    }
}

/// What was asked for makes no sense; said where it can be mended.
struct Refused(String);

/// Answers with what is made of the projects and needs that the caller may see.
async fn answer(
    pages: Arc<Pages>,
    who: Who,
    make: impl FnOnce(&Pages, &Viewer, &Book, Ground) -> Result<Response, Refused> + Send + 'static,
) -> Response {
    answer_in(pages, who, None, make).await
}

/// The same in a language of its own, if one is named.
async fn answer_in(
    pages: Arc<Pages>,
    who: Who,
    language: Option<Language>,
    make: impl FnOnce(&Pages, &Viewer, &Book, Ground) -> Result<Response, Refused> + Send + 'static,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let language = language.unwrap_or(viewer.view.spoken());
        match pages.aid_ground(&viewer, &book, language) {
            Ok(ground) => {
                make(&pages, &viewer, &book, ground).unwrap_or_else(|Refused(why)| not_askable(&viewer, &why))
            }
            Err(error) => broken(&error),
        }
    })
    .await
}

/// A country that was typed; nothing if none was.
fn country_of(text: &str) -> Result<Option<Country>, Refused> {
    match text.trim() {
        "" => Ok(None),
        text => country::of(text).map(Some).map_err(|error| Refused(error.to_string())),
    }
}

/// Capabilities to choose from: a name, what it is called, and whether it is the one.
fn capabilities(chosen: &str, language: Language) -> Vec<(&'static str, &'static str, bool)> {
    let one = |(name, _): (&'static str, &str)| {
        (name, region::aid::words::capability(name, language), name == chosen)
    };
    capability::all().map(one).collect()
}
