//! What shows that a form was sent from a page of this node, by the one to whom the page was shown.
//!
//! Each form that changes something carries a token that follows from the session (before log-in: from a cookie of its own) and
//! the node's key. A page of somebody else's can make a browser send a form with the cookie, but does not know the token.
//! Beside it, the browser's own word about where the form came from must not speak against it.

use std::fmt;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::host;
use super::token::TokenKey;

/// Bytes of a form.
pub(crate) const FORM_BYTES_MAX: usize = 256 << 10;
/// Bytes of a log, or of a part of one, that is pasted.
pub(crate) const LOG_BYTES_MAX: usize = 1 << 20;
/// The field's name.
pub(crate) const FIELD: &str = "form";

/// The token of one session's forms.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FormToken([u8; 32]);

impl FormToken {
    /// The token that is bound to a session, or to the cookie of a form before log-in.
    pub(crate) fn of(key: &TokenKey, bound: &[u8]) -> Self {
        Self(key.bound(b"bongsu form 1", &[bound]))
    }

    pub(crate) fn is(&self, shown: &str) -> bool {
        self.to_string().as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

impl fmt::Display for FormToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for FormToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormToken(…)")
    }
}

/// The field of a form with this name; the first, if there are several.
pub(crate) fn field(body: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.find(|(known, _)| *known == name)?.1.replace('+', " ");
    percent_encoding::percent_decode_str(&value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Bytes of the form under a path: more where something is pasted whole, each byte of which may come escaped, as three.
pub(crate) fn bytes_max(path: &str) -> usize {
    let pasted = match path {
        "/hunt" => LOG_BYTES_MAX,
        "/personas" => exchange::persona::BODY_BYTES_MAX,
        _ => 0,
    };
    3 * pasted + FORM_BYTES_MAX
}

/// Reads a request's form and puts it back; `None` if it is too long or breaks off.
pub(crate) async fn read(request: Request) -> Option<(Request, Bytes)> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, bytes_max(parts.uri.path())).await.ok()?;
    Some((Request::from_parts(parts, Body::from(bytes.clone())), bytes))
}

/// Whether a form was sent from a page of this node: a browser names the page's origin with what it posts, and logs in by
/// itself, also for a form on a page of somebody else's. Sources: Fetch Standard, 3.2 (`Origin`); Fetch Metadata, 2.3
/// (`Sec-Fetch-Site`).
pub(crate) fn is_from_here(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return false;
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else {
        // Not a browser.
        return text(header::REFERER.as_str()).is_none();
    };
    let from = origin.split_once("://").map(|(_, host)| host);
    from.is_some() && from == host(headers, uri)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_form_on_a_page_of_another_is_not_from_here() {
        let headers = |pairs: &[(header::HeaderName, &'static str)]| -> HeaderMap {
            pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
        };
        let host = (header::HOST, "node.test:8400");
        let here = (header::ORIGIN, "https://node.test:8400");
        let path = Uri::from_static("/steps/x/confirm");
        assert!(is_from_here(&headers(&[host.clone(), here.clone()]), &path));
        let authority = Uri::from_static("https://node.test:8400/steps/x/confirm");
        let of_http2 = headers(std::slice::from_ref(&here));
        assert!(is_from_here(&of_http2, &authority) && !is_from_here(&of_http2, &path), "HTTP/2 has no Host");
        assert!(is_from_here(&headers(std::slice::from_ref(&host)), &path), "a program");
        for origin in ["https://node.test", "https://evil.test", "null", "node.test:8400"] {
            assert!(!is_from_here(&headers(&[host.clone(), (header::ORIGIN, origin)]), &path), "{origin}");
        }
        assert!(!is_from_here(&headers(&[host.clone(), (header::REFERER, "https://evil.test/")]), &path));
        let site = header::HeaderName::from_static("sec-fetch-site");
        for (told, good) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false)]
        {
            let headers = headers(&[host.clone(), here.clone(), (site.clone(), told)]);
            assert_eq!(is_from_here(&headers, &path), good, "{told}");
        }
    }

    #[test]
    fn a_token_is_its_sessions_alone() {
        let key = TokenKey::new([1; 32]);
        let token = FormToken::of(&key, b"a session");
        assert!(token.is(&token.to_string()));
        for other in [FormToken::of(&key, b"another"), FormToken::of(&TokenKey::new([2; 32]), b"a session")] {
            assert!(!token.is(&other.to_string()));
        }
        assert!(!token.is(""));
    }

    #[test]
    fn what_is_pasted_whole_may_be_long() {
        assert_eq!(bytes_max("/share"), FORM_BYTES_MAX);
        assert!(bytes_max("/hunt") > 3 * LOG_BYTES_MAX);
        assert!(bytes_max("/personas") > 12 << 20 && bytes_max("/personas/contests") == FORM_BYTES_MAX);
    }

    #[test]
    fn a_field_is_read_from_a_form() {
        let body = b"a=1&form=x%2By&form=z&b=%EC%95%88";
        assert_eq!(field(body, FIELD).as_deref(), Some("x+y"));
        assert_eq!(field(body, "b").as_deref(), Some("\u{c548}"));
        assert_eq!(field(body, "c"), None);
        for bad in [&b"\xff"[..], b"form", b"form=%ff", b""] {
            assert_eq!(field(bad, FIELD), None);
        }
    }
}
