//! One row of the matrix: for each capability what calls for it and what is known to be there; and all figures of its country.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use region::capacity::gap::{Cell, Row};
use region::capacity::index;
use region::capacity::words::Language;

use super::super::{Frame, Pages, Shared, Viewer, Who, absent, render};
use super::answer;

#[derive(Template)]
#[template(path = "gaps_place.html")]
struct PlacePage {
    frame: Frame,
    title: String,
    cells: Vec<Told>,
    figures: Vec<Figure>,
}

struct Told {
    id: &'static str,
    capability: &'static str,
    sign: &'static str,
    state: &'static str,
    basis: Option<&'static str>,
    reasons: Vec<String>,
}

struct Figure {
    model: String,
    year: u16,
    indicator: String,
    said: String,
    source: String,
}

impl Told {
    fn of(cell: &Cell, language: Language) -> Self {
        Self {
            id: cell.capability.name(),
            capability: cell.capability.words(language),
            sign: cell.state.sign(),
            state: cell.state.words(language),
            basis: cell.basis.map(|basis| basis.words(language)),
            reasons: cell.reasons(language),
        }
    }
}

pub(super) async fn page(State(pages): Shared, who: Who, Path(place): Path<String>) -> Response {
    answer(pages, who, move |pages, viewer, _, language, matrix| {
        match matrix.rows.iter().find(|row| row.place() == place) {
            Some(row) => render(&made(pages, viewer, row, language)),
            None => absent(),
        }
    })
    .await
}

fn made(pages: &Pages, viewer: &Viewer, row: &Row, language: Language) -> PlacePage {
    let indices = pages.capacity.indices();
    let figures = row.country.map(|country| indices.figures(country)).unwrap_or_default();
    let figure = |figure: &index::Figure| Figure {
        model: index::title(&figure.model).to_owned(),
        year: figure.year,
        indicator: figure.indicator.clone(),
        said: figure.said(),
        source: figure.source.clone(),
    };
    PlacePage {
        frame: pages.frame(&pages.gate.book(), viewer, row.title()),
        title: row.title(),
        cells: row.cells.iter().map(|cell| Told::of(cell, language)).collect(),
        figures: figures.iter().map(figure).collect(),
    }
}
