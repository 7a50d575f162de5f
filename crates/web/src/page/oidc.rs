//! Log-in at the provider that the operator has named: there, and back.
//!
//! A provider's word is as good as a password and a code together: no code is asked for after it. It lets in a person who is
//! bound to whom it names; a person becomes bound at the command line, or by following an invitation and logging in there.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, Extension, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use policy::{Account, Bound, Entry};
use serde::Deserialize;

use super::log_in::{From, NotChanged, by, enter, invited, is_safe, path_of, unsafe_channel, with_cookie};
use super::{Pages, Shared, absent, broken, error, making, say, tell};
use crate::auth::Auth;
use crate::auth::oidc::{Brought, Oidc, OidcError};
use crate::auth::refusal::{Surface, later};
use crate::auth::session::Cookie;

/// For what a log-in is begun.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    to: String,
    invitation: Option<String>,
}

/// Why nobody was let in.
enum Not {
    Provider(OidcError),
    Unknown(Bound),
    Taken,
    Absent,
    Unwritten,
}

/// Sends a browser to the provider.
pub(super) async fn begin(
    State(pages): Shared,
    (Extension(channel), ConnectInfo(peer)): From,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(oidc) = pages.auth.oidc.as_ref() else { return absent() };
    if !is_safe(channel, peer.ip()) {
        return unsafe_channel();
    }
    if asked.invitation.as_ref().is_some_and(|text| invited(&pages.auth, text).is_none()) {
        return absent();
    }
    // Who is led here from elsewhere would be bound to an invitation that somebody else chose: it begins on the page of the invitation.
    let from = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if asked.invitation.is_some() && from.is_some_and(|from| from != b"same-origin") {
        return absent();
    }
    let Some((bound, set)) = pages.bound(&headers, channel) else {
        return broken(&"the system gives no random bytes");
    };
    match oidc.begin(pages.auth.chance, &bound, path_of(&asked.to), asked.invitation).await {
        Ok(url) => {
            let response = Redirect::to(&url).into_response();
            match set {
                Some(set) => with_cookie(response, &set),
                None => response,
            }
        }
        Err(fault) => told(oidc, &Not::Provider(fault)),
    }
}

/// Takes what a browser brings back.
pub(super) async fn back(
    State(pages): Shared,
    (Extension(channel), ConnectInfo(peer)): From,
    headers: HeaderMap,
    Query(brought): Query<Brought>,
) -> Response {
    let (peer, auth) = (peer.ip(), Arc::clone(&pages.auth));
    let Some(oidc) = auth.oidc.as_ref() else { return absent() };
    if !is_safe(channel, peer) {
        return unsafe_channel();
    }
    if let Some(after) = auth.failures.wait(peer, Instant::now()) {
        return later(Surface::Page, after);
    }
    let cookie = Cookie::FORM.of(&headers, channel.encrypted).unwrap_or_default();
    let (bound, flow) = match oidc.end(cookie, &brought, (auth.now)()).await {
        Ok(ended) => ended,
        Err(fault) => {
            if !fault.is_provider() && !fault.is_weak() {
                auth.failures.count(peer, Instant::now());
            }
            return told(oidc, &Not::Provider(fault));
        }
    };
    let (working, invitation) = (Arc::clone(&auth), flow.invitation);
    let answer = making(move || {
        let found = match invitation {
            Some(text) => bind(&working, &text, bound),
            None => known(&working, bound),
        };
        match found {
            Ok(account) => enter(&working, (&account, true), (channel, peer), &headers, &flow.to),
            Err(not) => match working.oidc.as_ref() {
                Some(oidc) => told(oidc, &not),
                None => absent(),
            },
        }
    });
    answer.await
}

/// The account of whom the provider names.
fn known(auth: &Auth, bound: Bound) -> Result<Account, Not> {
    let book = auth.newest_book();
    let account = book.person_by_bound(&bound).and_then(|person| book.account(person.id));
    account.cloned().ok_or(Not::Unknown(bound))
}

/// Binds the person who was invited to whom the provider names. The invitation is spent.
fn bind(auth: &Auth, invitation: &str, bound: Bound) -> Result<Account, Not> {
    let (_, account) = invited(auth, invitation).ok_or(Not::Absent)?;
    let (since, mut taken, mut made) = ((auth.now)(), false, None);
    let changed = auth.gate.change(by(auth, &account), |book| {
        let now = book.account(account.person).filter(|now| now.invitation == account.invitation);
        let now = now.ok_or(NotChanged)?.clone();
        taken = book.person_by_bound(&bound).is_some_and(|person| person.id != account.person);
        if taken {
            return Err(NotChanged);
        }
        let account = Account { since, bound: Some(bound), invitation: None, ..now };
        made = Some(account.clone());
        Ok::<_, NotChanged>(Entry::Account(account))
    });
    match changed {
        Ok(()) => made.ok_or(Not::Unwritten),
        Err(NotChanged) if taken => Err(Not::Taken),
        Err(NotChanged) => Err(Not::Absent),
    }
}

/// The page that says why nobody was let in, and what to do.
fn told(oidc: &Oidc, not: &Not) -> Response {
    let name = oidc.name();
    let (status, title, what) = match not {
        Not::Provider(fault) => {
            tracing::info!(%fault, "a log-in at the provider failed");
            match fault {
                fault if fault.is_provider() => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    say("Not now", "지금은 안 됨"),
                    tell(
                        "{0} does not answer as it should. Try again in a minute; if it goes on, tell the node's operator: the log says why.",
                        "{0}이(가) 제대로 답하지 않습니다. 1분 뒤에 다시 시도하십시오. 계속되면 노드 운영자에게 알리십시오. 까닭은 로그에 있습니다.",
                        &[&name],
                    ),
                ),
                OidcError::NoChance => return broken(fault),
                fault if fault.is_weak() => (
                    StatusCode::FORBIDDEN,
                    say("More is needed", "더 강한 인증이 필요함"),
                    tell(
                        "You have logged in at {0}, but not as well as this node asks: with a second factor, say. Set one up there, or choose it \
                             when you log in, and begin again here. If {0} has none, tell the node's operator.",
                        "{0}에서 로그인했지만, 두 번째 인증 수단처럼 이 노드가 요구하는 방식이 아니었습니다. 그곳에서 설정하거나 로그인할 때 골라 이곳에서 다시 \
                             시작하십시오. {0}에 그런 방식이 없으면 노드 운영자에게 알리십시오.",
                        &[&name],
                    ),
                ),
                _ => (
                    StatusCode::UNAUTHORIZED,
                    say("Not logged in", "로그인하지 못함"),
                    tell(
                        "{0} did not log you in, or this browser did not begin it within the last ten minutes. Go to the log-in page and begin again.",
                        "{0}에서 로그인되지 않았거나, 이 브라우저에서 10분 안에 시작한 것이 아닙니다. 로그인 화면에서 다시 시작하십시오.",
                        &[&name],
                    ),
                ),
            }
        }
        Not::Unknown(bound) => (
            StatusCode::FORBIDDEN,
            say("Not known here", "이곳에서 모르는 사람"),
            tell(
                "You have logged in at {0}, but nobody here is bound to that. If you were sent a link, open it and choose {0} there. Else \
                     ask your administrator for one, or tell the node's operator that {0} calls you: {1}",
                "{0}에서 로그인했지만 이곳에 연결된 사람이 없습니다. 링크를 받았다면 그 링크를 열어 {0}을(를) 고르십시오. 아니면 \
                     기관의 관리자에게 링크를 요청하거나, {0}에서 쓰는 이름을 노드 운영자에게 알리십시오: {1}",
                &[&name, &bound.subject],
            ),
        ),
        Not::Taken => (
            StatusCode::FORBIDDEN,
            say("Somebody else's", "다른 사람의 것"),
            tell(
                "Another person here is bound to this log-in at {0}. Log out there, and log in as yourself; the link is still good.",
                "이곳의 다른 사람이 {0}의 이 로그인에 연결되어 있습니다. 그곳에서 로그아웃하고 본인으로 로그인하십시오. 링크는 아직 쓸 수 있습니다.",
                &[&name],
            ),
        ),
        Not::Absent => return absent(),
        Not::Unwritten => return broken(&"the account could not be written"),
    };
    error(status, title, &what)
}

impl Pages {
    /// What people call the provider of log-ins, if there is one.
    pub(super) fn provider(&self) -> Option<String> {
        self.auth.oidc.as_ref().map(|oidc| oidc.name().to_owned())
    }
}
