//! How pages are shown to whoever looks: language, time zone, colours, chosen here and kept in a cookie.

use askama::Template;
use axum::extract::{Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::tz;
use serde::Deserialize;

use super::log_in::path_of;
use super::view::{COOKIE, Chosen, Language, Scheme, keep};
use super::{Frame, Shared, Viewer, Who, making, render};

#[derive(Template)]
#[template(path = "display.html")]
struct DisplayPage {
    frame: Frame,
    languages: Vec<(&'static str, &'static str, bool)>,
    schemes: Vec<(&'static str, &'static str, bool)>,
    zones: Vec<(String, bool)>,
    back: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    back: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    language: String,
    zone: String,
    scheme: String,
    back: String,
}

pub(super) async fn page(
    State(pages): Shared,
    who: Who,
    axum::extract::Query(asked): axum::extract::Query<Asked>,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let view = &viewer.view;
        let chosen = view.chosen.language;
        let browser = view.say("As my browser has it", "브라우저 설정대로");
        let scheme = |scheme: Scheme| {
            let text = match scheme {
                Scheme::Auto => view.say("As my device has it", "기기 설정대로"),
                Scheme::Light => view.say("Light", "밝게"),
                Scheme::Dark => view.say("Dark", "어둡게"),
            };
            (scheme.name(), text, scheme == view.chosen.scheme)
        };
        let chosen_zone = view.chosen.zone.as_ref().and_then(tz::TimeZone::iana_name).unwrap_or_default();
        let zones = tz::db().available().map(|name| name.to_string());
        render(&DisplayPage {
            frame: pages.frame(&book, &viewer, view.say("Display", "화면 설정")),
            languages: std::iter::once(("", browser, chosen.is_none()))
                .chain(Language::ALL.map(|one| (one.tag(), one.name(), chosen == Some(one))))
                .collect(),
            schemes: Scheme::ALL.into_iter().map(scheme).collect(),
            zones: zones
                .filter(|name| name.contains('/'))
                .map(|name| (name.clone(), name == chosen_zone))
                .collect(),
            back: path_of(&asked.back),
        })
    })
    .await
}

pub(super) async fn choose(who: Who, Form(given): Form<Given>) -> Response {
    let value = Chosen::of(&given.language, given.zone.trim(), &given.scheme).value();
    keep(Redirect::to(&path_of(&given.back)).into_response(), COOKIE, &value, who.channel.encrypted)
}
