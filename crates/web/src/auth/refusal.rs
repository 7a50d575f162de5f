//! Refusals, in the form that each surface speaks.
//!
//! The surfaces have error formats of their own: TAXII's error object, MISP's, plain text for devices, a page for
//! people. Only the form differs; what is said never tells what exists. Programs are told in English, people in the language of
//! their request.

use crate::page::{self, say, tell};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use policy::Rights;
use std::time::Duration;
use uuid::Uuid;

/// Who speaks under a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// TAXII 2.1.
    Taxii,
    /// MISP's REST API, which refuses in a way of its own.
    Misp,
    /// Artefacts for devices and people.
    Artefact,
    /// Private screening.
    Private,
    /// Logs of circles.
    Log,
    /// A MISP feed.
    Feed,
    /// Screening, whose callers show keys in ways of their own.
    Screening,
    /// Asks for a wider release, by programs.
    Asks,
    /// Pages for people.
    Page,
    /// What stands on pages, as JSON for programs.
    Data,
    /// What anyone may see: the style sheet, the health check, and what looks at what is shown itself: the answer form, the page of a call,
    /// the log-in, the page behind an invitation, the witness, which looks at signatures, and what peers ask, who show certificates.
    Open,
}

impl Surface {
    pub(super) fn of(path: &str) -> Self {
        let under =
            |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match path {
            "/healthz" | "/ready" | "/style.css" | "/passkey.js" | "/page.js" | "/search.js"
            | "/proof.js" => Self::Open,
            _ if under("/login") => Self::Open,
            // The link of an invitation is looked at by its page.
            _ if under("/welcome") => Self::Open,
            // Peers are known by their certificates, which are looked at there.
            _ if ["/answer", "/call", "/witness", "/federation"].into_iter().any(under) => Self::Open,
            _ if under("/log") => Self::Log,
            _ if deliver::screening::http::is_screening(path) => Self::Screening,
            _ if under("/taxii2") || under("/api") => Self::Taxii,
            // Calendars that subscribe can often hold nothing but an address.
            "/calendar.ics" => Self::Artefact,
            _ if under("/d") => Self::Artefact,
            _ if under("/private") => Self::Private,
            _ if under("/ask") => Self::Asks,
            _ if under("/misp/feed") => Self::Feed,
            _ if exchange::misp::rest::is_misp(path) => Self::Misp,
            _ if path.ends_with(".json") => Self::Data,
            _ => Self::Page,
        }
    }

    /// Whether people who have logged in look there.
    pub(super) fn is_for_people(self) -> bool {
        matches!(self, Self::Page | Self::Data)
    }
}

/// 401: no credentials, or ones that do not hold. MISP says 403, which is what its partners look for.
pub(super) fn log_in(surface: Surface) -> Response {
    if surface == Surface::Misp {
        let what = "Authentication failed. Please make sure you pass the API key of an API enabled user along in the \
                    Authorization header.";
        return answer(surface, StatusCode::FORBIDDEN, (what, what), (what, what));
    }
    let what = (
        "Log in with your member handle and token (HTTP Basic), or with the token alone (Bearer). \
         Ask the node's operator for a token.",
        "회원의 짧은 이름과 토큰(HTTP Basic), 또는 토큰만으로(Bearer) 로그인하십시오. 토큰은 노드 운영자에게 요청하십시오.",
    );
    let title = ("Log-in needed", "로그인이 필요함");
    let mut response = answer(surface, StatusCode::UNAUTHORIZED, title, what);
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Basic realm=\"bongsu\", charset=\"UTF-8\""),
    );
    response
}

/// 303 to the page on which people log in, and from there back.
pub(super) fn to_log_in(uri: &Uri) -> Response {
    let to: String = percent_encode(uri.path());
    elsewhere(&format!("/login?to={to}"))
}

/// 303 to a person's own page.
pub(super) fn to_account() -> Response {
    elsewhere("/account")
}

fn elsewhere(to: &str) -> Response {
    axum::response::IntoResponse::into_response(axum::response::Redirect::to(to))
}

/// A path as a value of a query.
pub(crate) fn percent_encode(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// 403: a form that was not sent from a page that was shown to this session.
pub(super) fn bad_form() -> Response {
    let what = (
        "The form was not sent from a page of this node that was shown to you, or it is too long. Open the page again and \
         send it there.",
        "이 양식은 이 노드가 보여 준 화면에서 보낸 것이 아니거나 너무 깁니다. 화면을 다시 열어 그곳에서 보내십시오.",
    );
    answer(Surface::Page, StatusCode::FORBIDDEN, ("Not from here", "이곳에서 보낸 것이 아님"), what)
}

/// 429: too many failed log-ins from one network.
pub(crate) fn later(surface: Surface, after: Duration) -> Response {
    let what = (
        "Too many failed log-ins from your network. Check the token, then try again later.",
        "같은 네트워크에서 로그인 실패가 너무 많았습니다. 토큰을 확인하고 나중에 다시 시도하십시오.",
    );
    let title = ("Try again later", "나중에 다시 시도");
    let mut response = answer(surface, StatusCode::TOO_MANY_REQUESTS, title, what);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
    response
}

/// 429: a credential or an address asks faster than it may.
pub(super) fn too_fast(surface: Surface, after: Duration) -> Response {
    let what = (
        "Requests come faster than this node allows one credential, or one address. Ask again after the time that \
         Retry-After names, and more slowly.",
        "한 인증 수단이나 한 주소에 허용된 것보다 빠르게 요청하고 있습니다. Retry-After가 정한 시간이 지난 뒤 더 천천히 요청하십시오.",
    );
    let mut response = answer(surface, StatusCode::TOO_MANY_REQUESTS, ("Too fast", "요청이 너무 빠름"), what);
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// 408: a stranger's request took too long.
pub(super) fn too_slow(surface: Surface) -> Response {
    let what = (
        "The request took too long to come. Send it again, in one go.",
        "요청이 너무 늦게 도착했습니다. 한 번에 다시 보내십시오.",
    );
    answer(surface, StatusCode::REQUEST_TIMEOUT, ("Too slow", "너무 느림"), what)
}

/// 403: who asks is known, and may not do this. It says nothing of what there is. The log has the id of the credential or person, and not
/// what was asked for: that may be a secret, or name somebody.
pub(super) fn no_right(surface: Surface, rights: Rights, holder: Option<Uuid>) -> Response {
    let who = holder.map_or_else(|| "the operator".to_owned(), |id| id.to_string());
    tracing::warn!(
        holder = who,
        ?surface,
        %rights,
        "{who} was refused something for want of a right: {rights}"
    );
    let english = "This log-in has not the right that is needed: {}. Your administrator, or the node's operator, gives roles and scopes.";
    let what = match surface {
        Surface::Page => tell(
            english,
            "이 로그인에는 필요한 권한({})이 없습니다. 역할과 권한은 기관의 관리자나 노드 운영자가 줍니다.",
            &[&rights],
        ),
        _ => english.replace("{}", &rights.to_string()),
    };
    answer(surface, StatusCode::FORBIDDEN, ("No right to this", "권한이 없음"), (&what, &what))
}

/// What somebody may not do who needs a second factor and has logged in without. A page leads to where one is set up.
pub(super) fn second_needed(surface: Surface, reads: bool) -> Response {
    if surface.is_for_people() && reads {
        return to_account();
    }
    let what = (
        "This log-in has to be made safer before anything else: set up codes from an app, or a passkey, on your own page (/account).",
        "먼저 로그인을 더 안전하게 해야 합니다. 자신의 화면(/account)에서 앱 인증 코드나 패스키를 설정하십시오.",
    );
    answer(surface, StatusCode::FORBIDDEN, ("A second factor is needed", "두 번째 인증 수단이 필요함"), what)
}

/// 404: not there, or not for this caller.
pub(super) fn absent(surface: Surface) -> Response {
    if surface == Surface::Page {
        return page::absent();
    }
    let (title, what) = ("Not found", "There is nothing here for you.");
    answer(surface, StatusCode::NOT_FOUND, (title, title), (what, what))
}

/// A text in English and in Korean.
type Both<'t> = (&'t str, &'t str);

fn answer(surface: Surface, status: StatusCode, titles: Both<'_>, whats: Both<'_>) -> Response {
    let (title, what) = (titles.0, whats.0);
    let (media_type, body) = match surface {
        // Source: TAXII 2.1, section 3.6.1 (error object).
        Surface::Taxii => (
            "application/taxii+json;version=2.1",
            serde_json::json!({"title": title, "description": what, "http_status": status.as_u16().to_string()})
                .to_string(),
        ),
        // Source: MISP 2.5, RestResponseComponent.
        Surface::Misp => ("application/json", serde_json::json!({"name": what, "message": what, "url": ""}).to_string()),
        Surface::Screening | Surface::Asks | Surface::Data => {
            ("application/json", serde_json::json!({"error": format!("{title}. {what}")}).to_string())
        }
        Surface::Artefact | Surface::Private | Surface::Log | Surface::Feed | Surface::Open => ("text/plain; charset=utf-8", format!("{title}. {what}\n")),
        Surface::Page => return page::error(status, say(titles.0, titles.1), say(whats.0, whats.1)),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
