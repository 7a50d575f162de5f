//! What members brought beyond the limit of one step, and the buttons by which an operator decides. For operators.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use deliver::StepVerdict;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use crate::auth::host;

use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, error, making, render};

/// A step, as a row.
struct Row {
    id: String,
    circle: String,
    from: String,
    since: String,
    count: u64,
    waiting: u64,
    verdict: &'static str,
}

#[derive(Template)]
#[template(path = "steps.html")]
struct StepsPage {
    frame: Frame,
    rows: Vec<Row>,
}

pub(super) async fn page(State(pages): Shared, who: Who) -> Response {
    let viewer = Viewer::of(who);
    if !viewer.is_operator() {
        return absent();
    }
    making(move || make(&pages, &viewer)).await
}

fn make(pages: &Pages, viewer: &Viewer) -> Response {
    let (book, steps) = (pages.gate.book(), pages.deliver.steps());
    let steps = match steps {
        Ok(steps) => steps,
        Err(error) => return broken(&error),
    };
    let row = |step: deliver::Step| Row {
        circle: book.circle(step.circle).map_or_else(String::new, |circle| circle.handle.clone()),
        from: book.member(step.sender).map_or_else(|| "operator".to_owned(), |member| member.handle.clone()),
        since: step.first.to_string(),
        count: step.count,
        waiting: step.waiting,
        verdict: step.verdict.map_or("", StepVerdict::as_str),
        id: step.id,
    };
    let rows = steps.into_iter().map(row).collect();
    let mut response =
        render(&StepsPage { frame: pages.frame(&book, viewer, "Steps beyond the limit"), rows });
    // With the usual `no-referrer`, a browser would not name the origin of what its buttons send.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

pub(super) async fn settle(
    State(pages): Shared,
    who: Who,
    Path((id, verdict)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let viewer = Viewer::of(who);
    let verdict = match verdict.as_str() {
        "confirm" => StepVerdict::Confirmed,
        "refuse" => StepVerdict::Refused,
        _ => return absent(),
    };
    if !viewer.is_operator() {
        return absent();
    }
    if !is_from_here(&headers, &uri) {
        let what = "The button was not pressed on a page of this node. Open the page and press it there.";
        return error(StatusCode::FORBIDDEN, "Not from here", what);
    }
    making(move || {
        let steps = match pages.deliver.steps() {
            Ok(steps) => steps,
            Err(error) => return broken(&error),
        };
        let Some(step) = steps.into_iter().find(|step| step.id == id) else { return absent() };
        match step.settle(&pages.gate, verdict) {
            Ok(()) => Redirect::to("/steps").into_response(),
            Err(error) => broken(&error),
        }
    })
    .await
}

/// Whether a form was sent from a page of this node: a browser names the page's origin with what it posts, and logs in by
/// itself, also for a form on a page of somebody else's. Source: Fetch Standard, 3.2 (`Origin`).
pub(crate) fn is_from_here(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else {
        // Not a browser.
        return text(header::REFERER).is_none();
    };
    let from = origin.split_once("://").map(|(_, host)| host);
    from.is_some() && from == host(headers, uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_on_a_page_of_another_is_not_from_here() {
        let headers = |pairs: &[(header::HeaderName, &'static str)]| -> HeaderMap {
            pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
        };
        let host = (header::HOST, "node.test:8400");
        let path = Uri::from_static("/steps/x/confirm");
        assert!(is_from_here(&headers(&[host.clone(), (header::ORIGIN, "https://node.test:8400")]), &path));
        let authority = Uri::from_static("https://node.test:8400/steps/x/confirm");
        let of_http2 = headers(&[(header::ORIGIN, "https://node.test:8400")]);
        assert!(is_from_here(&of_http2, &authority) && !is_from_here(&of_http2, &path), "HTTP/2 has no Host");
        assert!(is_from_here(&headers(std::slice::from_ref(&host)), &path), "a program");
        for origin in ["https://node.test", "https://evil.test", "null", "node.test:8400"] {
            assert!(!is_from_here(&headers(&[host.clone(), (header::ORIGIN, origin)]), &path), "{origin}");
        }
        assert!(!is_from_here(&headers(&[host, (header::REFERER, "https://evil.test/")]), &path));
    }
}
