//! A person's own page: its password, its codes, where it is logged in.
//!
//! Whatever changes how one logs in asks for the password again, and for a code where codes are in use; it ends all other
//! sessions and gives this one a new cookie. To end other sessions asks for the same.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use axum::extract::{ConnectInfo, Extension, Form, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use policy::{Account, Channel, Entry, Person};
use serde::Deserialize;
use uuid::Uuid;

use super::log_in::{Chosen, From, NotChanged, begin, busy, fault_of, hashed, second, with_cookie};
use super::passkeys::{self, Asking};
use super::people::drawn_id;
use super::view::{At, View};
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, render, words};
use crate::auth::code::{Secret, recovery};
use crate::auth::password::{Busy, PASSWORD_CHARS_MIN};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    name: String,
    /// For whom the person acts, as what, and what that lets it do.
    acts: String,
    least: usize,
    user: String,
    person: String,
    node: String,
    passkeys: Vec<passkeys::Row>,
    known: String,
    asking: Option<Asking>,
    has_password: bool,
    /// Where the person logs in elsewhere, under which name.
    elsewhere: Option<String>,
    has_codes: bool,
    recovery_left: usize,
    sessions: Vec<Row>,
    /// Whether nothing else can be done before a second factor is set up.
    lacks_second: bool,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct Recovery {
    frame: Frame,
    recovery: Vec<String>,
}

struct Row {
    number: u64,
    begun: At,
    from: String,
    agent: String,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "codes.html")]
struct CodesPage {
    frame: Frame,
    part: String,
    key: String,
    /// The picture, and how many modules it has each way.
    path: Option<String>,
    size: usize,
    has_codes: bool,
    has_password: bool,
    fault: Option<String>,
}

/// What is filled in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    password: String,
    code: String,
    old_code: String,
    part: String,
    new: String,
    again: String,
}

impl Given {
    /// What proves who asks, and nothing else.
    pub(super) fn of(password: &str, code: &str) -> Self {
        Self { password: password.to_owned(), code: code.to_owned(), ..Self::default() }
    }
}

/// Why nothing was changed: by a password and a code, or without a password.
const NOT_RIGHT: (&str, &str) = (
    "The password or the code is not right; or there were too many tries, and some time must pass.",
    "비밀번호나 코드가 맞지 않습니다. 시도가 너무 많았다면 잠시 뒤에 다시 하십시오.",
);

const NOT_FRESH: (&str, &str) = (
    "You log in without a password, and did so more than ten minutes ago; or the code is not right. Log out, log in, and try again.",
    "비밀번호 없이 로그인한 지 10분이 지났거나 코드가 맞지 않습니다. 로그아웃하고 로그인한 뒤 다시 하십시오.",
);

/// Why nothing was changed of an account.
fn not_proven(view: &View, account: &Account) -> &'static str {
    let why = if account.password.is_some() { NOT_RIGHT } else { NOT_FRESH };
    view.say(why.0, why.1)
}

impl Pages {
    /// The person who looks, with its account; `None` for whoever has not logged in as one.
    pub(super) fn own(&self, viewer: &Viewer) -> Option<(Person, Account)> {
        let (book, id) = (self.gate.book(), viewer.actor.person?);
        viewer.actor.session?;
        Some((book.person(id)?.clone(), book.account(id)?.clone()))
    }

    fn account_page(&self, viewer: &Viewer, fault: Option<String>) -> Response {
        let Some((person, account)) = self.own(viewer) else { return absent() };
        let book = self.gate.book();
        let here = viewer.actor.session.map(|(id, _)| id);
        let sessions = self.auth.sessions.of(person.id, Instant::now());
        let row = |(id, session): (_, crate::auth::session::Session)| Row {
            number: session.number,
            begun: viewer.view.at(session.begun),
            from: session.from.to_string(),
            agent: session.agent,
            is_this: Some(id) == here,
        };
        let whose = person.member.and_then(|id| book.member(id)).map(|member| member.name.clone());
        let asking = viewer.actor.session.and_then(|(id, _)| self.asking(id.bytes()));
        let known: Vec<&str> = account.passkeys.iter().map(|key| key.id.as_str()).collect();
        let roles = person.roles.iter().map(|role| words::people::role(&viewer.view, *role));
        let roles = roles.collect::<Vec<_>>().join(", ");
        let whose = whose.unwrap_or_else(|| viewer.say("the node", "노드").to_owned());
        let rights = words::people::rights(&viewer.view, person.rights());
        let acts = viewer.view.tell(
            "You act for {} as {}; that is the right to: {}.",
            "{} 소속으로 활동합니다. 역할: {}. 권한: {}.",
            &[&whose, &roles, &rights],
        );
        let not_asked = || {
            let none =
                ("a provider that this node does not ask any more", "이 노드가 더 이상 묻지 않는 인증 기관");
            viewer.say(none.0, none.1).to_owned()
        };
        let elsewhere = account.bound.map(|bound| {
            viewer.view.tell(
                "You log in at {}, which calls you {}.",
                "{}에서 로그인하며, 그곳에서 쓰는 이름은 {}입니다.",
                &[&self.provider().unwrap_or_else(not_asked), &bound.subject],
            )
        });
        let mut page = render(&AccountPage {
            frame: self.frame(&book, viewer, person.name.clone()),
            acts,
            name: person.name,
            least: PASSWORD_CHARS_MIN,
            user: person.user,
            person: URL_SAFE_NO_PAD.encode(person.id.uuid().as_bytes()),
            node: self.title.clone(),
            passkeys: account.passkeys.iter().map(|key| passkeys::Row::of(&viewer.view, key)).collect(),
            known: known.join(" "),
            asking,
            has_password: account.password.is_some(),
            elsewhere,
            has_codes: account.codes.is_some(),
            recovery_left: account.recovery.len(),
            sessions: sessions.into_iter().map(row).collect(),
            lacks_second: viewer.actor.lacks_second(),
            fault,
        });
        page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        page
    }

    fn codes_page(&self, viewer: &Viewer, part: Uuid, fault: Option<String>) -> Response {
        let Some((person, account)) = self.own(viewer) else { return absent() };
        let secret = Secret::of(&self.auth.tokens, person.id, part);
        let (path, size) = picture(&secret.uri(&self.title, &person.user)).unzip();
        let mut page = render(&CodesPage {
            frame: self.frame(&self.gate.book(), viewer, viewer.say("Codes from an app", "앱 인증 코드")),
            part: part.to_string(),
            key: secret.text(),
            path,
            size: size.unwrap_or_default(),
            has_codes: account.codes.is_some(),
            has_password: account.password.is_some(),
            fault,
        });
        page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        page
    }
}

/// The modules of a code to scan (QR, ISO/IEC 18004) as a path, four light ones around it, and how many there are each way.
fn picture(text: &str) -> Option<(String, usize)> {
    const QUIET: usize = 4;
    let code = fast_qr::QRBuilder::new(text).ecl(fast_qr::ECL::M).build().ok()?;
    let mut path = String::new();
    for (y, x) in (0..code.size).flat_map(|y| (0..code.size).map(move |x| (y, x))) {
        if code[y].get(x).is_some_and(|module| module.value()) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    Some((path, code.size + 2 * QUIET))
}

/// The account, if password and code are right; what fails counts as a log-in that fails does. Where there is no password, the
/// log-in itself must have been a short time ago.
fn proven(pages: &Pages, account: &Account, user: &str, proof: &Proof) -> Option<Account> {
    let (auth, now) = (&pages.auth, Instant::now());
    let (password, code) = (proof.password.as_str(), proof.code.as_str());
    let has_password = account.password.is_some();
    let is_fresh = |(session, _)| auth.sessions.is_fresh(session, now);
    if !has_password && !proof.viewer.actor.session.is_some_and(is_fresh) {
        return None;
    }
    // Codes are guessed as passwords are. Whoever does not know the account's id locks nobody out of it.
    let named = if has_password { user.to_owned() } else { format!("codes of {}", account.person) };
    let locked = auth.lockout.is_locked(&named, now);
    auth.lockout.failed(&named, now);
    let matches = !has_password || auth.passwords.matches(password, account.password.as_deref());
    let account = Some(account).filter(|_| matches && !locked)?;
    let account = second(auth, account, code)?;
    auth.lockout.clear(&named);
    Some(account)
}

pub(super) async fn page(State(pages): Shared, who: Who) -> Response {
    making(move || pages.account_page(&Viewer::of(who), None)).await
}

/// Whose account is changed, from where, and what proves that it is the person who asks.
pub(super) struct Proof {
    pub(super) viewer: Viewer,
    channel: Channel,
    peer: SocketAddr,
    headers: HeaderMap,
    password: String,
    code: String,
}

impl Proof {
    pub(super) fn of(
        who: Who,
        (Extension(channel), ConnectInfo(peer)): From,
        headers: HeaderMap,
        given: &Given,
    ) -> Self {
        let (password, code) = (given.password.clone(), given.code.clone());
        Self { viewer: Viewer::of(who), channel, peer, headers, password, code }
    }
}

/// What a change came to.
pub(super) enum Changed {
    /// It is done; the session goes on under this cookie.
    Done(String),
    /// It is not, for this reason.
    Not(String),
    /// Nothing more can be said than this.
    Broken(Response),
}

/// Changes the account of who asks, once password and code are right. All other sessions end.
pub(super) async fn change(
    pages: &Arc<Pages>,
    proof: Proof,
    make: impl FnOnce(&Pages, &mut Account) -> Result<(), String> + Send + 'static,
) -> Changed {
    let Some((person, before)) = pages.own(&proof.viewer) else { return Changed::Broken(absent()) };
    let (working, by) = (Arc::clone(pages), proof.viewer.by());
    let (channel, peer, headers) = (proof.channel, proof.peer.ip(), proof.headers.clone());
    let (view, here) = (Arc::clone(&proof.viewer.view), proof.viewer.actor.session);
    let done = pages.auth.passwords.run(move || {
        let proved = proven(&working, &before, &person.user, &proof);
        let proved = proved.ok_or_else(|| not_proven(&view, &before).to_owned())?;
        let mut account = proved.clone();
        make(&working, &mut account)?;
        account.since = (working.auth.now)();
        let written = working.gate.change(by, |book| {
            // What came meanwhile stands: a reset, another change, a recovery code that was used.
            let now = book.account(account.person).filter(|now| **now == proved);
            now.ok_or(NotChanged).map(|_| Entry::Account(account.clone()))
        });
        let not = |NotChanged| {
            let english = "It was changed meanwhile, or could not be written. Try again.";
            view.say(english, "그사이에 바뀌었거나 저장하지 못했습니다. 다시 하십시오.").to_owned()
        };
        written.map(|()| account).map_err(not)
    });
    let account = match done.await {
        Err(Busy) => return Changed::Broken(busy()),
        Ok(Err(fault)) => return Changed::Not(fault),
        Ok(Ok(account)) => account,
    };
    let elsewhere = here.is_some_and(|(id, _)| pages.auth.sessions.is_elsewhere(id, Instant::now()));
    pages.auth.sessions.end_of(account.person, None, None);
    match begin(&pages.auth, (&account, elsewhere), (channel, peer), &headers) {
        Some(cookie) => Changed::Done(cookie),
        None => Changed::Broken(broken(&"the system gives no random bytes")),
    }
}

/// The answer to a change after which the person's page is shown.
pub(super) async fn answered(pages: Arc<Pages>, viewer: Viewer, changed: Changed) -> Response {
    match changed {
        Changed::Done(cookie) => with_cookie(Redirect::to("/account").into_response(), &cookie),
        Changed::Not(fault) => making(move || pages.account_page(&viewer, Some(fault))).await,
        Changed::Broken(response) => response,
    }
}

pub(super) async fn password(
    State(pages): Shared,
    who: Who,
    from: From,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Response {
    let proof = Proof::of(who, from, headers, &given);
    let viewer = proof.viewer.clone();
    let chosen = Chosen::of(given.new, given.again);
    let Some((person, _)) = pages.own(&viewer) else { return absent() };
    if let Some(fault) = fault_of(&viewer.view, &pages.auth, &chosen, &person) {
        return answered(pages, viewer, Changed::Not(fault)).await;
    }
    let view = Arc::clone(&viewer.view);
    let changed = change(&pages, proof, move |pages, account| {
        account.password = hashed(&pages.auth, &chosen.new);
        let not =
            || view.say("The password could not be kept.", "비밀번호를 저장하지 못했습니다.").to_owned();
        account.password.is_some().then_some(()).ok_or_else(not)
    });
    let changed = changed.await;
    answered(pages, viewer, changed).await
}

pub(super) async fn codes(State(pages): Shared, who: Who) -> Response {
    let Some(drawn) = (pages.auth.chance)() else { return broken(&"the system gives no random bytes") };
    let part = drawn_id(&drawn);
    making(move || pages.codes_page(&Viewer::of(who), part, None)).await
}

/// Has log-in ask for codes from an app, once one of its codes was right.
pub(super) async fn use_codes(
    State(pages): Shared,
    who: Who,
    from: From,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Response {
    let (Ok(part), Some(seed)) = (given.part.parse::<Uuid>(), (pages.auth.chance)()) else { return absent() };
    let typed = given.code.clone();
    // What proves is the code until now; the app's new code is what is set up.
    let proof = Proof::of(who, from, headers, &Given { code: given.old_code.clone(), ..given });
    let viewer = proof.viewer.clone();
    let Some((person, _)) = pages.own(&viewer) else { return absent() };
    let (shown, kept) = recovery(&pages.auth.tokens, person.id, &seed);
    let view = Arc::clone(&viewer.view);
    let changed = change(&pages, proof, move |pages, account| {
        let secret = Secret::of(&pages.auth.tokens, account.person, part);
        if !pages.auth.codes.take_first(account.person, &secret, &typed, (pages.auth.now)()) {
            let english = "The code of the app is not right. Look at its clock, and type the next one.";
            let korean = "앱의 코드가 맞지 않습니다. 기기의 시계를 확인하고 다음 코드를 입력하십시오.";
            return Err(view.say(english, korean).to_owned());
        }
        (account.codes, account.recovery) = (Some(part), kept);
        Ok(())
    });
    match changed.await {
        Changed::Not(fault) => making(move || pages.codes_page(&viewer, part, Some(fault))).await,
        Changed::Broken(response) => response,
        Changed::Done(cookie) => {
            let page = making(move || {
                let title = viewer.say("Recovery codes", "복구 코드").to_owned();
                let frame = Frame { title, view: Arc::clone(&viewer.view), ..Frame::default() };
                let mut page = render(&Recovery { frame, recovery: shown });
                page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                page
            });
            with_cookie(page.await, &cookie)
        }
    }
}

pub(super) async fn remove_codes(
    State(pages): Shared,
    who: Who,
    from: From,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Response {
    let proof = Proof::of(who, from, headers, &given);
    let viewer = proof.viewer.clone();
    let changed = change(&pages, proof, |_, account| {
        (account.codes, account.recovery) = (None, Vec::new());
        Ok(())
    });
    let changed = changed.await;
    answered(pages, viewer, changed).await
}

/// Which session is to end, none named means all others; and what proves who asks.
#[derive(Deserialize)]
pub(super) struct Ended {
    number: Option<u64>,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
}

/// Ends other sessions, once password and code are right.
pub(super) async fn end_sessions(
    State(pages): Shared,
    who: Who,
    from: From,
    headers: HeaderMap,
    Form(ended): Form<Ended>,
) -> Response {
    let proof = Proof::of(who, from, headers, &Given::of(&ended.password, &ended.code));
    let viewer = proof.viewer.clone();
    let (Some((person, account)), Some((here, _))) = (pages.own(&viewer), viewer.actor.session) else {
        return absent();
    };
    let (working, user, judged) = (Arc::clone(&pages), person.user, account.clone());
    match pages.auth.passwords.run(move || proven(&working, &judged, &user, &proof).is_some()).await {
        Err(Busy) => busy(),
        Ok(false) => {
            let fault = not_proven(&viewer.view, &account).to_owned();
            answered(pages, viewer, Changed::Not(fault)).await
        }
        Ok(true) => {
            pages.auth.sessions.end_of(person.id, ended.number, Some(here));
            Redirect::to("/account#sessions").into_response()
        }
    }
}
