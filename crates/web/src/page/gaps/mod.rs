//! Gaps: the matrix of countries and members by capability, the reasons of each cell, what is opened to whom, and the form by
//! which a member assesses itself. Files speak the viewer's language too, or that of `?lang=ko`.

mod assessment;
mod opened;
mod place;

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;
use policy::{Book, MemberId};
use region::capacity::aggregate::Shown;
use region::capacity::country::Naming;
use region::capacity::evidence::Takedown;
use region::capacity::gap::{Row, State as Stands, needs};
use region::capacity::index::Indices;
use region::capacity::register::Capacity;
use region::capacity::sim3::Assessment;
use region::capacity::words::Language;
use region::capacity::{Capability, picture};
use serde_json::{Value, json};

use super::{Frame, Pages, Shared, Viewer, Who, broken, making, render};
use crate::capacity::{Look, Matrix, Sources, matrix};

/// Openings and assessments, as the node's line has them, and the public models that it was given.
pub trait Capacities: Send + Sync {
    /// Openings and assessments as they stand.
    ///
    /// # Errors
    /// What stands in the way of reading them.
    fn register(&self) -> Result<Arc<Capacity>, String>;

    /// The public models.
    fn indices(&self) -> Arc<Indices>;

    /// How countries are called.
    fn naming(&self) -> &Naming;

    /// How long members took to take things down; nothing of those of whom that isn't known.
    fn takedowns(&self) -> BTreeMap<MemberId, Takedown>;

    /// Keeps a member's assessment of itself; it is durable when this returns.
    ///
    /// # Errors
    /// What is wrong with it, or stands in the way of keeping it.
    fn assess(&self, assessment: Assessment) -> Result<(), String>;
}

/// The routes.
pub(super) fn router() -> Router<Arc<Pages>> {
    Router::new()
        .route("/region/gaps", get(page))
        .route("/region/gaps.csv", get(csv))
        .route("/region/gaps.svg", get(svg))
        .route("/region/gaps.json", get(all))
        .route("/region/gaps/openapi.json", get(openapi))
        .route("/region/gaps/{place}", get(place::page))
        .route("/region/assessment", get(assessment::form).post(assessment::take))
        .route("/region/opened", get(opened::page))
}

/// The language of a page: the viewer's.
pub(super) fn language(viewer: &Viewer) -> Language {
    viewer.view.spoken()
}

/// Makes something of the gaps that the caller may see.
async fn answer(
    pages: Arc<Pages>,
    who: Who,
    make: impl FnOnce(&Pages, &Viewer, &Book, Language, Matrix) -> Response + Send + 'static,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let language = language(&viewer);
        match pages.gaps(&viewer, &book, language) {
            Ok(matrix) => make(&pages, &viewer, &book, language, matrix),
            Err(error) => broken(&error),
        }
    })
    .await
}

impl Pages {
    pub(super) fn gaps(&self, viewer: &Viewer, book: &Book, language: Language) -> Result<Matrix, String> {
        let (register, capacity) = (self.region.register()?, self.capacity.register()?);
        let (indices, takedowns) = (self.capacity.indices(), self.capacity.takedowns());
        let sources = Sources {
            gate: &self.gate,
            register: &register,
            capacity: &capacity,
            indices: &indices,
            naming: self.capacity.naming(),
            takedowns: &takedowns,
        };
        let look = Look { looking: self.looking(book, viewer), encrypted: viewer.encrypted, language };
        matrix(&sources, &look).map_err(|error| error.to_string())
    }
}

#[derive(Template)]
#[template(path = "gaps.html")]
struct GapsPage {
    frame: Frame,
    /// Whether a member looks, who can assess itself.
    is_member: bool,
    capabilities: Vec<&'static str>,
    rows: Vec<Line>,
    aggregates: Vec<Together>,
    states: Vec<(&'static str, &'static str)>,
    svg: String,
}

struct Line {
    href: String,
    title: String,
    cells: Vec<(&'static str, &'static str)>,
}

/// What is said of a circle's members together.
struct Together {
    title: String,
    of: usize,
    short: Vec<String>,
}

impl Together {
    fn new(title: String, shown: &Shown) -> Self {
        let range = |range: &region::capacity::aggregate::Range| format!("{}–{}", range.from, range.to);
        Self { title, of: shown.of, short: shown.short.iter().map(range).collect() }
    }
}

async fn page(State(pages): Shared, who: Who) -> Response {
    answer(pages, who, |pages, viewer, book, language, matrix| {
        let line = |row: &Row| Line {
            href: format!("/region/gaps/{}", row.place()),
            title: row.title(),
            cells: row.cells.iter().map(|cell| (cell.state.sign(), cell.state.words(language))).collect(),
        };
        render(&GapsPage {
            frame: pages.frame(book, viewer, language.pick(("Gaps", "격차"))),
            is_member: !viewer.is_operator(),
            capabilities: Capability::ALL.map(|one| one.words(language)).to_vec(),
            rows: matrix.rows.iter().map(line).collect(),
            aggregates: matrix
                .aggregates
                .iter()
                .map(|(_, title, shown)| Together::new(title.clone(), shown))
                .collect(),
            states: Stands::ALL.map(|state| (state.sign(), state.words(language))).to_vec(),
            svg: if matrix.rows.is_empty() { String::new() } else { picture::svg(&matrix.rows, language) },
        })
    })
    .await
}

fn file(kind: &'static str, body: String) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "private, no-cache")];
    (headers, body).into_response()
}

async fn csv(State(pages): Shared, who: Who) -> Response {
    answer(pages, who, |_, _, _, language, matrix| {
        file("text/csv; charset=utf-8", picture::csv(&matrix.rows, language))
    })
    .await
}

async fn svg(State(pages): Shared, who: Who) -> Response {
    answer(pages, who, |_, _, _, language, matrix| {
        file("image/svg+xml", picture::svg(&matrix.rows, language))
    })
    .await
}

async fn all(State(pages): Shared, who: Who) -> Response {
    answer(pages, who, |_, _, _, language, matrix| {
        file("application/json", as_json(&matrix, language).to_string())
    })
    .await
}

async fn openapi() -> Response {
    file("application/json", include_str!("openapi.json").to_owned())
}

/// The matrix as JSON, as the API and `--json` give it.
#[must_use]
pub fn as_json(matrix: &Matrix, language: Language) -> Value {
    let rows: Vec<Value> = matrix.rows.iter().map(|row| picture::json(row, language)).collect();
    let aggregates = matrix.aggregates.iter().map(|(circle, _, shown)| {
        let short = Capability::ALL.iter().zip(&shown.short);
        let short = short.map(|(capability, range)| {
            json!({"capability": capability.name(), "from": range.from, "to": range.to})
        });
        json!({"circle": circle, "from_members": shown.k, "of": shown.of, "fall_short": short.collect::<Vec<_>>()})
    });
    let needs = needs(&matrix.rows, language);
    json!({
        "rows": rows, "aggregates": aggregates.collect::<Vec<_>>(), "needs": needs,
    })
}
