//! What a request shows of who asks: a token in a header or in the path, and whose view an operator asks for. Pure.

use axum::http::{HeaderMap, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Token;
use super::refusal::Surface;

/// Characters of an `Authorization` header; no scheme of ours needs more.
const AUTHORIZATION_CHARS_MAX: usize = 1024;
/// Where MISP's clients may show their key instead.
const MISP_KEY: &str = "x-misp-auth";
/// Where clients of screening interfaces may.
const API_KEYS: [&str; 2] = ["x-api-key", "token"];

/// What a request shows.
pub(super) enum Shown {
    Nothing,
    /// Something that can't be a credential.
    Malformed,
    Token {
        token: Token,
        user: Option<String>,
    },
}

/// A path without what says who asks.
pub(super) struct Target {
    pub(super) uri: Uri,
    pub(super) token: Option<String>,
    pub(super) as_member: Option<String>,
}

/// What a request's headers show, where a surface looks for it.
pub(super) fn shown(headers: &HeaderMap, surface: Surface) -> Shown {
    let speaks_misp = matches!(surface, Surface::Misp | Surface::Feed);
    let screens = surface == Surface::Screening;
    let other = match surface {
        Surface::Misp | Surface::Feed => headers.get(MISP_KEY),
        Surface::Screening => API_KEYS.iter().find_map(|name| headers.get(*name)),
        _ => None,
    };
    let Some(value) = headers.get(header::AUTHORIZATION).or(other) else { return Shown::Nothing };
    if value.len() > AUTHORIZATION_CHARS_MAX {
        return Shown::Malformed;
    }
    let value = value.to_str().unwrap_or_default();
    let bare = || Token::read(value.trim()).map(|token| Shown::Token { token, user: None });
    let read = read_authorization(value)
        .or_else(|| if screens { read_key(value) } else { None })
        .or_else(|| if speaks_misp || screens { bare() } else { None });
    read.unwrap_or(Shown::Malformed)
}

/// Source: RFC 9110, section 11.4 (schemes are case-insensitive); RFC 7617 (Basic); RFC 6750 (Bearer).
fn read_authorization(value: &str) -> Option<Shown> {
    let (scheme, rest) = value.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Shown::Token { token: Token::read(rest)?, user: None });
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    // Some clients show their key as both.
    let user = (user != password).then(|| user.to_owned());
    Some(Shown::Token { token: Token::read(password)?, user })
}

/// How clients of screening interfaces show a key: by a scheme of that name, or as the user's name in Basic.
fn read_key(value: &str) -> Option<Shown> {
    let (scheme, rest) = value.split_once(' ')?;
    let token = match scheme {
        _ if scheme.eq_ignore_ascii_case("apikey") => Token::read(rest.trim())?,
        _ if scheme.eq_ignore_ascii_case("basic") => {
            let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
            Token::read(pair.split(':').next()?)?
        }
        _ => return None,
    };
    Some(Shown::Token { token, user: None })
}

/// Takes `/t/TOKEN` or `/as/HANDLE` off the path. `None` if what is left is no path.
pub(super) fn target(uri: &Uri) -> Option<Target> {
    let path = uri.path();
    let cut = |prefix: &str| {
        let rest = path.strip_prefix(prefix)?;
        let (name, rest) = rest.split_once('/')?;
        Some((name.to_owned(), format!("/{rest}")))
    };
    let (token, as_member, rest) = match (cut("/t/"), cut("/as/")) {
        (Some((token, rest)), _) => (Some(token), None, rest),
        (None, Some((handle, rest))) => (None, Some(handle), rest),
        (None, None) => return Some(Target { uri: uri.clone(), token: None, as_member: None }),
    };
    // What is left must not start all over again.
    if rest.starts_with("/t/") || rest.starts_with("/as/") || rest.starts_with("//") {
        return None;
    }
    let rest = uri.query().map(|query| format!("{rest}?{query}")).unwrap_or(rest);
    Some(Target { uri: rest.parse().ok()?, token, as_member })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_taken_off_the_path() {
        let check =
            |path: &str| target(&path.parse().unwrap()).map(|t| (t.uri.to_string(), t.token, t.as_member));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(check("/d/list/a.txt?x=1"), Some(("/d/list/a.txt?x=1".into(), None, None)));
        assert_eq!(check("/t/abc/d/x?y=1"), Some(("/d/x?y=1".into(), some("abc"), None)));
        assert_eq!(check("/as/cert/d/x"), Some(("/d/x".into(), None, some("cert"))));
        assert_eq!(check("/as/cert/"), Some(("/".into(), None, some("cert"))));
        for bad in ["/as/a/as/b/d", "/t/a/t/b/", "/as/a//evil", "/t/x/as/b/"] {
            assert_eq!(check(bad), None, "{bad}");
        }
    }

    #[test]
    fn authorization_is_basic_or_bearer() {
        let token = Token::new(uuid::Uuid::from_u128(1), [1; 32]).reveal();
        let basic = |user: &str| STANDARD.encode(format!("{user}:{token}"));
        let user = |value: String| match read_authorization(&value) {
            Some(Shown::Token { user, .. }) => Some(user),
            _ => None,
        };
        assert_eq!(user(format!("Bearer {token}")), Some(None));
        assert_eq!(user(format!("bearer  {token}")), Some(None));
        assert_eq!(user(format!("Basic {}", basic("isp"))), Some(Some("isp".into())));
        for bad in ["", "Bearer", "Bearer x", "Basic !", "Basic eA==", "Digest x", &format!("Basic {token}")]
        {
            assert_eq!(user((*bad).to_owned()), None, "{bad}");
        }
    }
}
