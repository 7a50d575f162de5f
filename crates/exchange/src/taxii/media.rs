//! Media types: lenient in what is asked for, strict in what is sent to us (section 1.6.8).

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, header};

use super::error::TaxiiError;

/// The media type of every answer.
pub const TAXII: &str = "application/taxii+json;version=2.1";
/// The media types of objects, by their specification.
pub(super) const STIX_20: &str = "application/stix+json;version=2.0";
/// As [`STIX_20`].
pub(super) const STIX_21: &str = "application/stix+json;version=2.1";

/// Answers 406 and 415 before anything else is done.
pub(super) async fn negotiate(request: Request, next: Next) -> Response {
    if !accepts(request.headers()) {
        let description = format!("This server answers with {TAXII}; put it, or */*, into Accept.");
        return TaxiiError::new(StatusCode::NOT_ACCEPTABLE, "No such media type", description)
            .into_response();
    }
    if request.method() == Method::POST && !sends_taxii(request.headers()) {
        let description = format!("Send the envelope with Content-Type: {TAXII}.");
        let title = "No such media type";
        return TaxiiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, title, description).into_response();
    }
    next.run(request).await
}

/// A media range: type in lower case, and the version that it names.
fn parts(range: &str) -> (String, Option<String>) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let version = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("version").then(|| value.trim().trim_matches('"').to_owned())
    });
    (name, version)
}

fn accepts(headers: &HeaderMap) -> bool {
    let mut asked = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if asked.peek().is_none() {
        return true;
    }
    asked.flat_map(|value| value.split(',')).any(|range| match parts(range) {
        (name, version) if name == "application/taxii+json" => version.is_none_or(|version| version == "2.1"),
        (name, _) => ["*/*", "application/*", "application/json", ""].contains(&name.as_str()),
    })
}

fn sends_taxii(headers: &HeaderMap) -> bool {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    sent.map(parts).is_some_and(|(name, version)| {
        name == "application/taxii+json" && version.is_none_or(|version| version == "2.1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn what_clients_really_send_is_accepted() {
        for good in [
            "application/taxii+json;version=2.1",
            "application/taxii+json; version=2.1",
            "application/taxii+json",
            "text/html, */*;q=0.1",
            "application/json",
            "Application/TAXII+JSON;Version=\"2.1\"",
        ] {
            assert!(accepts(&headers(header::ACCEPT, good)), "{good}");
        }
        for bad in ["text/html", "application/taxii+json;version=2.0", "application/vnd.oasis.taxii+json"] {
            assert!(!accepts(&headers(header::ACCEPT, bad)), "{bad}");
        }
        assert!(accepts(&HeaderMap::new()));
        assert!(sends_taxii(&headers(header::CONTENT_TYPE, "application/taxii+json; version=2.1")));
        for bad in ["application/json", "application/taxii+json;version=2.0", "text/plain"] {
            assert!(!sends_taxii(&headers(header::CONTENT_TYPE, bad)), "{bad}");
        }
    }
}
