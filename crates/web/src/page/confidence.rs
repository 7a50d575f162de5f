//! What builds confidence: what members say of the 11 norms, what they promised, when they meet; and the calendar feed.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use policy::{Book, MemberId, Opened};
use region::Register;
use region::calendar::{MEDIA_TYPE, feed};
use region::consultation::Arranged;
use region::contact::Looking;
use region::measure::Registered;
use region::norms::{Norm, Reported};

use super::view::{At, View};
use super::words::norms as words;
use super::{Frame, Pages, Shared, Viewer, Who, broken, making, render};

#[derive(Template)]
#[template(path = "confidence.html")]
struct ConfidencePage {
    frame: Frame,
    operator: bool,
    norms: Vec<NormRow>,
    measures: Vec<MeasureRow>,
    consultations: Vec<ConsultationRow>,
}

struct NormRow {
    letter: &'static str,
    title: &'static str,
    reports: Vec<ReportRow>,
}

struct ReportRow {
    member: String,
    stage: &'static str,
    day: String,
    text: String,
    evidence: Vec<Evidence>,
}

/// What shows something, with a link if it is the address of a page.
struct Evidence {
    text: String,
    is_page: bool,
}

struct MeasureRow {
    list: String,
    title: String,
    members: String,
    stage: &'static str,
    text: String,
    due: String,
    overdue: bool,
    evidence: Vec<Evidence>,
}

struct ConsultationRow {
    begins: At,
    ends: At,
    kind: &'static str,
    title: String,
    members: String,
    place: String,
    agenda: String,
    outcome: String,
    cancelled: bool,
}

async fn answer(
    pages: Arc<Pages>,
    who: Who,
    make: impl FnOnce(&Pages, &Viewer, &Looking<'_>, &Register) -> Response + Send + 'static,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        match pages.region.register() {
            Ok(register) => make(&pages, &viewer, &pages.looking(&book, &viewer), &register),
            Err(error) => broken(&error),
        }
    })
    .await
}

pub(super) async fn page(State(pages): Shared, who: Who) -> Response {
    answer(pages, who, |pages, viewer, looking, register| {
        let (book, today, view) = (looking.book, looking.now.date(), &*viewer.view);
        let reports = register.reports_for(looking);
        let norm = |norm: Norm| NormRow {
            letter: norm.letter(),
            title: words::norm(view, norm),
            reports: reports
                .iter()
                .filter(|one| one.get().report.norm == norm)
                .map(|one| report(view, book, one))
                .collect(),
        };
        render(&ConfidencePage {
            frame: pages.frame(book, viewer, view.say("Confidence building", "신뢰 구축")),
            operator: viewer.is_operator(),
            norms: Norm::ALL.into_iter().map(norm).collect(),
            measures: register
                .measures_for(looking)
                .iter()
                .map(|one| measure(view, book, one, &today))
                .collect(),
            consultations: register
                .consultations_for(looking)
                .iter()
                .map(|one| consultation(view, book, one))
                .collect(),
        })
    })
    .await
}

fn names(book: &Book, members: &[MemberId]) -> String {
    members.iter().filter_map(|id| Some(book.member(*id)?.name.as_str())).collect::<Vec<_>>().join(", ")
}

fn evidence(all: &[String]) -> Vec<Evidence> {
    all.iter().map(|text| Evidence { text: text.clone(), is_page: text.starts_with("https://") }).collect()
}

fn report(view: &View, book: &Book, reported: &Opened<&Reported>) -> ReportRow {
    let report = &reported.get().report;
    ReportRow {
        member: names(book, &[report.member]),
        stage: words::stage(view, report.stage),
        day: report.day.clone(),
        text: report.text.clone(),
        evidence: evidence(&report.evidence),
    }
}

fn measure(view: &View, book: &Book, registered: &Opened<&Registered>, today: &str) -> MeasureRow {
    let measure = &registered.get().measure;
    let number = measure.number.map(|number| format!(" {number}")).unwrap_or_default();
    MeasureRow {
        list: format!("{}{number}", words::source(view, measure.source)),
        title: measure.title.clone(),
        members: names(book, &measure.members),
        stage: words::stage(view, measure.stage),
        text: measure.text.clone().unwrap_or_default(),
        due: measure.due.clone().unwrap_or_default(),
        overdue: measure.is_overdue(today),
        evidence: evidence(&measure.evidence),
    }
}

fn consultation(view: &View, book: &Book, arranged: &Opened<&Arranged>) -> ConsultationRow {
    let consultation = &arranged.get().consultation;
    ConsultationRow {
        begins: view.at(consultation.begins),
        ends: view.at(consultation.ends),
        kind: words::kind(view, consultation),
        title: consultation.title.clone(),
        members: names(book, &consultation.members),
        place: consultation.place.clone().unwrap_or_default(),
        agenda: consultation.agenda.clone().unwrap_or_default(),
        outcome: consultation.outcome.clone().unwrap_or_default(),
        cancelled: consultation.cancelled,
    }
}

pub(super) async fn calendar(State(pages): Shared, who: Who) -> Response {
    answer(pages, who, |pages, _, looking, register| {
        let text = feed(pages.gate.key().name(), looking.book, &register.consultations_for(looking));
        let headers = [(header::CONTENT_TYPE, MEDIA_TYPE), (header::CACHE_CONTROL, "private, no-cache")];
        (headers, text).into_response()
    })
    .await
}
