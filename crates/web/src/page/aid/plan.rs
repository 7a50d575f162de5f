//! A plan drafted from what no project serves: what, where, why, by which evidence, and how one will see whether it worked.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use deliver::sheet::{Piece, Sheet};
use deliver::{DeliverError, Letterhead};
use policy::{Book, Caller};
use region::aid::coverage::coverage;
use region::aid::cyber::Certainty;
use region::aid::document::{self, aim, beside, percent};
use region::aid::export::iati;
use region::aid::plan::{Drafter, From, Part, Plan, Wish, draft, helped, next_year};
use region::aid::project::is_cyber;
use region::aid::words;
use region::capacity::words::Language;
use region::text::line;
use region::transit::help::Bounds;
use region::transit::plan::{Level, Wish as Help};
use region::transit::words::caveat;
use region::transit::{By, Country, NOT_ATTRIBUTION};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use stix::Tlp;

use super::super::objects::encoded;
use super::super::region::file_of;
use super::super::{Frame, Pages, Shared, Viewer, Who, broken, error, render};
use super::{Ground, Reading, Refused, answer, answer_in, country_of};

/// Parts of a plan, unless another number is asked for, and at most.
const PARTS: usize = 20;
const PARTS_MAX: usize = 200;
/// Months, likewise.
const MONTHS: u32 = 36;
const MONTHS_MAX: u32 = 240;
/// Letters of who drafts it.
const NAME_CHARS_MAX: usize = 200;
/// Places of which it is asked what help there removes; and the level that it is asked for.
const HELPED: usize = 60;
const LEVEL: Level = Level::Takedown(7);
/// How a plan on paper is marked: where countries are weak stands in it.
const MARK: Tlp = Tlp::Amber;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    country: String,
    by: String,
    name: String,
    kind: String,
    begins: String,
    months: String,
    most: String,
    /// `sure` leaves out projects that only may be about cyber security.
    about: String,
}

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanPage {
    frame: Frame,
    asked: Asked,
    reading: Option<Reading>,
    caveat: &'static str,
    drafter: String,
    day: String,
    period: (String, String),
    parts: Vec<Shown>,
    left_out: usize,
    query: String,
    faulty: usize,
    has_helped: bool,
}

struct Shown {
    number: usize,
    heading: String,
    state: &'static str,
    removes: Option<String>,
    why: Vec<String>,
    signs: Vec<String>,
    beside: Vec<String>,
    donors: Vec<String>,
    sector: &'static str,
    targets: String,
    identifier: String,
}

impl Asked {
    fn query(&self, language: &str) -> String {
        let fields = [
            ("country", self.country.as_str()),
            ("by", &self.by),
            ("name", &self.name),
            ("kind", &self.kind),
            ("begins", &self.begins),
            ("months", &self.months),
            ("most", &self.most),
            ("about", &self.about),
        ];
        let mut query = format!("lang={language}");
        for (key, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.push_str(&format!("&{key}={}", encoded(value)));
        }
        query
    }

    /// What the plan is to be like. Who drafts it is whoever looks, if nobody is named.
    fn wish(&self, pages: &Pages, viewer: &Viewer, book: &Book, ground: &Ground) -> Result<Wish, Refused> {
        let refused = |error: &dyn std::fmt::Display| Refused(error.to_string());
        let own = match viewer.caller {
            Caller::Member(member) => {
                book.member(member).map(|member| (member.handle.clone(), member.name.clone()))
            }
            Caller::Operator => None,
        };
        let (handle, title) =
            own.unwrap_or_else(|| (pages.gate.key().name().to_owned(), pages.title.clone()));
        let text = |what, typed: &str, own: String| match typed.trim() {
            "" => Ok(own),
            typed => line(what, typed, NAME_CHARS_MAX).map_err(|error| refused(&error)),
        };
        let number = |what: &str, typed: &str, own: usize, most: usize| match typed.trim() {
            "" => Ok(own),
            typed => match typed.parse() {
                Ok(number) if (1..=most).contains(&number) => Ok(number),
                _ => Err(Refused(format!("{what}: write a number from 1 to {most}, not `{typed}`"))),
            },
        };
        let begins = match self.begins.trim() {
            "" => next_year(ground.day),
            typed => {
                typed.parse().map_err(|_| Refused(format!("`{typed}` is no day: write it as 2027-01-31")))?
            }
        };
        let months = number("months", &self.months, MONTHS as usize, MONTHS_MAX as usize)?;
        let kind = text("a type of organisation", &self.kind, "10".to_owned())?;
        if kind.len() > 3 || !kind.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refused(
                "a type of organisation is a code of two digits, such as 10 for a government".to_owned(),
            ));
        }
        Ok(Wish {
            drafter: Drafter {
                reference: text("an identifier", &self.by, handle)?,
                name: text("a name", &self.name, title)?,
                kind,
            },
            begins,
            months: u32::try_from(months).unwrap_or(MONTHS),
            most: number("parts", &self.most, PARTS, PARTS_MAX)?,
            language: ground.language,
        })
    }
}

/// The plan that is asked for; and whether it says where help removes most.
fn drafted(
    pages: &Pages,
    viewer: &Viewer,
    book: &Book,
    ground: &Ground,
    asked: &Asked,
) -> Result<(Plan, bool), Refused> {
    let wish = asked.wish(pages, viewer, book, ground)?;
    let country = country_of(&asked.country)?;
    let least = if asked.about == "sure" { Certainty::Sure } else { Certainty::Possible };
    let all = &ground.gathered.projects;
    let projects = all.get(..all.partition_point(|project| is_cyber(project, least))).unwrap_or_default();
    let needs: Vec<_> = ground
        .needs
        .iter()
        .filter(|need| country.is_none_or(|country| need.country == country))
        .cloned()
        .collect();
    let coverage = coverage(&needs, projects, ground.day);
    let bounds = Bounds { most: HELPED, budget: None };
    let wanted = Help { level: LEVEL, bounds, costs: BTreeMap::new() };
    let looking = pages.transit_asked(book, viewer, "", By::Country);
    let removes = looking.map(|looking| pages.transit.help(&looking, &wanted)).transpose();
    let removes = removes.unwrap_or_else(|error| {
        tracing::error!(%error, "a plan is drafted without what help removes");
        None
    });
    let helped =
        removes.filter(|plan| plan.chosen.total > 0).map(|plan| helped(&plan.chosen)).unwrap_or_default();
    let from = From { coverage: &coverage, projects, helped: &helped, measured: &ground.measured };
    Ok((draft(from, &wish), !helped.is_empty()))
}

fn shown(pages: &Pages, (at, part): (usize, &Part), language: Language) -> Shown {
    Shown {
        number: at + 1,
        heading: format!("{}: {}", pages.named(part.country, language), part.about),
        state: words::state(part.state, language),
        removes: part.removes.map(percent),
        why: part.why.clone(),
        signs: part.signs.iter().map(|sign| aim(sign, language)).collect(),
        beside: part.beside.iter().map(|one| beside(one, language)).collect(),
        donors: part.donors_there.clone(),
        sector: part.sector,
        targets: part.targets.join(", "),
        identifier: part.identifier.clone(),
    }
}

pub(super) async fn page(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |pages, viewer, book, ground| {
        let language = ground.language;
        let (plan, has_helped) = drafted(pages, viewer, book, &ground, &asked)?;
        Ok(render(&PlanPage {
            frame: pages.frame(book, viewer, language.pick(("Plan", "계획"))),
            reading: ground.reading,
            caveat: caveat(language),
            drafter: plan.drafter.name.clone(),
            day: plan.day.to_string(),
            period: (plan.period.0.to_string(), plan.period.1.to_string()),
            parts: plan.parts.iter().enumerate().map(|part| shown(pages, part, language)).collect(),
            left_out: plan.left_out,
            query: asked.query(language.tag()),
            faulty: ground.faults(viewer).1,
            has_helped,
            asked,
        }))
    })
    .await
}

pub(super) async fn json(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |pages, viewer, book, ground| {
        let (plan, _) = drafted(pages, viewer, book, &ground, &asked)?;
        Ok(file_of(
            "application/json",
            None,
            json!({"plan": plan, "reading": ground.reading, "caveat": NOT_ATTRIBUTION}).to_string(),
        ))
    })
    .await
}

pub(super) async fn csv(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |pages, viewer, book, ground| {
        let (plan, _) = drafted(pages, viewer, book, &ground, &asked)?;
        Ok(file_of("text/csv; charset=utf-8", Some("plan.csv"), document::csv(&plan)))
    })
    .await
}

pub(super) async fn text(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |pages, viewer, book, ground| {
        let (plan, _) = drafted(pages, viewer, book, &ground, &asked)?;
        Ok(file_of("text/plain; charset=utf-8", Some("plan.txt"), text_of(pages, &plan)))
    })
    .await
}

fn text_of(pages: &Pages, plan: &Plan) -> String {
    document::text(plan, |country| pages.named(country, plan.language))
}

/// A plan on paper, marked with `tlp`; `named` says what a country is called.
///
/// # Errors
/// As [`Sheet::pdf`].
pub fn paper(
    plan: &Plan,
    named: impl Fn(Country) -> String,
    tlp: Tlp,
    letterhead: &Letterhead,
) -> Result<Vec<u8>, DeliverError> {
    let document = document::document(plan, named);
    let piece = |piece: document::Piece| match piece {
        document::Piece::Heading(text) => Piece::Heading(text),
        document::Piece::Subheading(text) => Piece::Subheading(text),
        document::Piece::Text(text) => Piece::Text(text),
        document::Piece::Soft(text) => Piece::Soft(text),
        document::Piece::Bullets(items) => Piece::Bullets(items),
    };
    let sheet = Sheet {
        language: deliver::speech::Language::of(plan.language.tag()),
        tlp,
        heading: document.title,
        dateline: document.dateline,
        date: plan.day.to_string(),
        pieces: document.pieces.into_iter().map(piece).collect(),
    };
    sheet.pdf(letterhead)
}

pub(super) async fn pdf(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, move |pages, viewer, book, ground| {
        let (plan, _) = drafted(pages, viewer, book, &ground, &asked)?;
        let named = |country| pages.named(country, plan.language);
        Ok(match paper(&plan, named, MARK, pages.deliver.letterhead()) {
            Ok(bytes) => file_of("application/pdf", Some("plan.pdf"), bytes),
            // No font here has the letters of its language.
            Err(why @ deliver::DeliverError::Unset { .. }) => {
                tracing::error!(error = %why, "a plan could not be made as PDF");
                let what = viewer.say(
                    "This node is not set up to make this form; its operators can see why in its log.",
                    "이 노드는 이 형태를 만들도록 설정되어 있지 않습니다. 까닭은 운영자가 로그에서 볼 수 있습니다.",
                );
                error(http::StatusCode::NOT_IMPLEMENTED, viewer.say("Not set up", "설정되지 않음"), what)
            }
            Err(why) => broken(&why.to_string()),
        })
    })
    .await
}

pub(super) async fn xml(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    // Its narratives are marked as English, whatever language the page has.
    answer_in(pages, who, Some(Language::English), move |pages, viewer, book, ground| {
        let (plan, _) = drafted(pages, viewer, book, &ground, &asked)?;
        let made = jiff::Timestamp::from_microsecond((pages.now)().micros());
        let made = made.map_err(|error| Refused(error.to_string()))?;
        Ok(file_of("application/xml; charset=utf-8", Some("plan.xml"), iati(&plan, made)))
    })
    .await
}
