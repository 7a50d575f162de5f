//! Log-in and log-out of people, and the page behind an invitation.
//!
//! Whatever is wrong (the name, the password, the code, a lock), the answer is the same page, after the same work. These pages
//! are open to all, so their forms are bound to a cookie of their own. A password goes over an encrypted channel, or does not
//! leave this machine.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use axum::extract::{ConnectInfo, Extension, Form, Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use policy::{Account, By, Channel, Entry, MemberId, Person};
use serde::Deserialize;

use super::passkeys::Asking;
use super::view::{self, View, say, tell};
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, error, making, render, words};
use crate::auth::code::{Secret, without_recovery};
use crate::auth::form::{FormToken, is_from_here};
use crate::auth::password::{Busy, PASSWORD_CHARS_MIN, check_choice, hash};
use crate::auth::refusal::{Surface, later, percent_encode};
use crate::auth::session::Cookie;
use crate::auth::{Auth, Token};

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInPage {
    frame: Frame,
    to: String,
    user: String,
    fault: Option<&'static str>,
    /// Whether a password was set just now.
    is_set: bool,
    /// What people call the provider, and where log-in there begins.
    provider: Option<(String, String)>,
    asking: Option<Asking>,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage {
    frame: Frame,
    name: String,
    user: String,
    least: usize,
    /// What is asked of a password.
    asks: String,
    fault: Option<String>,
    /// What people call the provider, and where the one who was invited logs in there.
    provider: Option<(String, String)>,
}

/// Where a request came from.
pub(super) type From = (Extension<Channel>, ConnectInfo<SocketAddr>);

/// Where log-in leads to.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    to: String,
    /// There if a password was set just now.
    set: Option<String>,
    /// Whose.
    #[serde(default)]
    user: String,
}

/// What is filled in.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    user: String,
    password: String,
    code: String,
    to: String,
    form: String,
}

/// What is filled in to set a password.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Chosen {
    pub(super) new: String,
    pub(super) again: String,
    form: String,
}

impl Chosen {
    pub(super) const fn of(new: String, again: String) -> Self {
        Self { new, again, form: String::new() }
    }
}

fn wrong() -> &'static str {
    say(
        "The name, the password or the code is not right; or there were too many tries, and some time must pass.",
        "이름이나 비밀번호, 코드가 맞지 않거나, 시도가 너무 많아 시간이 지나야 합니다.",
    )
}

/// The longest path, in bytes, to which a log-in leads.
const PATH_BYTES_MAX: usize = 2_048;

/// A path of this node, whatever was asked for.
pub(super) fn path_of(to: &str) -> String {
    let is_path = to.len() <= PATH_BYTES_MAX
        && to.starts_with('/')
        && !to.starts_with("//")
        && !to.contains('\\')
        && to.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path { to.to_owned() } else { "/".to_owned() }
}

/// Whether a password may travel over this channel.
pub(super) fn is_safe(channel: Channel, peer: IpAddr) -> bool {
    channel.encrypted || peer.to_canonical().is_loopback()
}

pub(super) fn unsafe_channel() -> Response {
    let what = say(
        "A password travels over TLS alone. Reach this node under https, or ask its operator to set it up.",
        "비밀번호는 TLS로만 보냅니다. https로 접속하거나 노드 운영자에게 설정을 요청하십시오.",
    );
    let title = say("Not over an open channel", "암호화되지 않은 연결로는 안 됨");
    error(StatusCode::FORBIDDEN, title, what)
}

/// A page that no cache keeps, with its cookie.
fn kept_by_nobody(mut page: Response, set: Option<String>) -> Response {
    page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match set {
        Some(set) => with_cookie(page, &set),
        None => page,
    }
}

/// Sets a cookie in an answer.
pub(super) fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

impl Pages {
    /// What an open page's form, or a log-in under way, is bound to, and the cookie to set for it; `None` if there is no chance.
    pub(super) fn bound(&self, headers: &HeaderMap, channel: Channel) -> Option<(String, Option<String>)> {
        if let Some(bound) = Cookie::FORM.of(headers, channel.encrypted) {
            return Some((bound.to_owned(), None));
        }
        let drawn: String = (self.auth.chance)()?.iter().map(|byte| format!("{byte:02x}")).collect();
        let set = Cookie::FORM.set(channel.encrypted, &drawn);
        Some((drawn, Some(set)))
    }

    /// The page on which people log in, after a try that failed.
    pub(super) fn log_in_page(
        &self,
        request: (&HeaderMap, Channel),
        to: String,
        user: String,
        fault: &'static str,
    ) -> Response {
        self.log_in_shown(request, to, user, Some(fault), false)
    }

    /// The page on which people log in.
    fn log_in_shown(
        &self,
        request: (&HeaderMap, Channel),
        to: String,
        user: String,
        fault: Option<&'static str>,
        is_set: bool,
    ) -> Response {
        let begin = || format!("/login/oidc?to={}", percent_encode(&to));
        let provider = self.provider().map(|name| (name, begin()));
        let Some((bound, set)) = self.bound(request.0, request.1) else {
            return broken(&"the system gives no random bytes");
        };
        let (asking, frame) =
            (self.asking(bound.as_bytes()), self.open_frame(say("Log in", "로그인"), &bound));
        let page = render(&LogInPage { frame, to, user, fault, is_set, provider, asking });
        kept_by_nobody(page, set)
    }

    /// The frame of a page for nobody in particular, whose form is bound to a cookie.
    fn open_frame(&self, title: &str, bound: &str) -> Frame {
        let form = FormToken::of(&self.auth.tokens, bound.as_bytes()).to_string();
        let (title, view) = (title.to_owned(), view::asked());
        Frame { title, node: self.title.clone(), form, view, ..Frame::default() }
    }

    /// A page made of such a frame.
    fn open_page<T: Template>(
        &self,
        title: &str,
        (headers, channel): (&HeaderMap, Channel),
        make: impl FnOnce(Frame) -> T,
    ) -> Response {
        let Some((bound, set)) = self.bound(headers, channel) else {
            return broken(&"the system gives no random bytes");
        };
        kept_by_nobody(render(&make(self.open_frame(title, &bound))), set)
    }

    /// Whether a form of an open page was sent from one that was shown to this browser.
    pub(super) fn is_own_form(&self, shown: &str, headers: &HeaderMap, uri: &Uri, channel: Channel) -> bool {
        let bound = Cookie::FORM.of(headers, channel.encrypted);
        let is_bound = |bound: &str| FormToken::of(&self.auth.tokens, bound.as_bytes()).is(shown);
        is_from_here(headers, uri) && bound.is_some_and(is_bound)
    }
}

pub(super) fn not_from_here() -> Response {
    let what = say(
        "The form was not sent from a page of this node that was shown to you. Open the page again and send it there.",
        "이 양식은 이 노드가 보여 준 화면에서 보낸 것이 아닙니다. 화면을 다시 열어 그곳에서 보내십시오.",
    );
    error(StatusCode::FORBIDDEN, say("Not from here", "이곳에서 보낸 것이 아님"), what)
}

pub(super) fn busy() -> Response {
    let what = say(
        "Many people log in at this moment. Try again in a few seconds.",
        "지금 로그인하는 사람이 많습니다. 몇 초 뒤에 다시 시도하십시오.",
    );
    error(StatusCode::SERVICE_UNAVAILABLE, say("Not now", "지금은 안 됨"), what)
}

pub(super) async fn form(
    State(pages): Shared,
    (Extension(channel), ConnectInfo(peer)): From,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    if !is_safe(channel, peer.ip()) {
        return unsafe_channel();
    }
    let user = asked.user.chars().take(policy::person::USER_CHARS_MAX).collect();
    pages.log_in_shown((&headers, channel), path_of(&asked.to), user, None, asked.set.is_some())
}

pub(super) async fn take(
    State(pages): Shared,
    from: From,
    uri: Uri,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Response {
    let (user, to, form) = (given.user.clone(), path_of(&given.to), given.form.clone());
    let failed = |pages: &Pages, channel, to| {
        let user = user.chars().take(policy::person::USER_CHARS_MAX).collect();
        pages.log_in_page((&headers, channel), to, user, wrong())
    };
    let trial = Trial { from, uri: &uri, headers: &headers, form: &form, to };
    trial.run(&pages, move |auth, _| judge(auth, &given), failed).await
}

/// One try to log in, by whatever is shown.
pub(super) struct Trial<'a> {
    pub(super) from: From,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    /// What binds the form to the page that was shown.
    pub(super) form: &'a str,
    /// Where its person wants to be.
    pub(super) to: String,
}

impl Trial<'_> {
    /// Lets in whomever `judge` gives (it is also told what the form is bound to), and shows the page that `failed` makes
    /// otherwise.
    pub(super) async fn run(
        self,
        pages: &Pages,
        judge: impl FnOnce(&Auth, &[u8]) -> Option<Account> + Send + 'static,
        failed: impl FnOnce(&Pages, Channel, String) -> Response,
    ) -> Response {
        let Self { from: (Extension(channel), ConnectInfo(peer)), uri, headers, form, to } = self;
        let (peer, auth) = (peer.ip(), Arc::clone(&pages.auth));
        if !is_safe(channel, peer) {
            return unsafe_channel();
        }
        if !pages.is_own_form(form, headers, uri, channel) {
            return not_from_here();
        }
        if let Some(after) = auth.failures.wait(peer, Instant::now()) {
            return later(Surface::Page, after);
        }
        let bound = Cookie::FORM.of(headers, channel.encrypted).unwrap_or_default().to_owned();
        let looking = Arc::clone(&auth);
        // Counted where it is judged, so that whoever hangs up before the answer is counted too.
        let judged = auth.passwords.run(move || {
            let account = judge(&looking, bound.as_bytes());
            if account.is_none() {
                tracing::info!(%peer, "a log-in from {peer} failed");
                looking.failures.count(peer, Instant::now());
            }
            account
        });
        match judged.await {
            Err(Busy) => busy(),
            Ok(Some(account)) => enter(&auth, (&account, false), (channel, peer), headers, &to),
            Ok(None) => {
                let mut page = failed(pages, channel, to);
                *page.status_mut() = StatusCode::UNAUTHORIZED;
                page
            }
        }
    }
}

/// Begins a session of an account, and whether it logged in elsewhere; leads to where its person wanted to be.
pub(super) fn enter(
    auth: &Auth,
    (account, elsewhere): (&Account, bool),
    (channel, peer): (Channel, IpAddr),
    headers: &HeaderMap,
    to: &str,
) -> Response {
    // What was shown before counts no more, whoever set it.
    if let Some((id, _)) = Cookie::SESSION
        .of(headers, channel.encrypted)
        .and_then(|cookie| auth.sessions.find(cookie, Instant::now()))
    {
        auth.sessions.end(id);
    }
    match begin(auth, (account, elsewhere), (channel, peer), headers) {
        Some(cookie) => {
            tracing::info!(person.id = %account.person, "a person has logged in");
            with_cookie(Redirect::to(to).into_response(), &cookie)
        }
        None => broken(&"the system gives no random bytes"),
    }
}

/// Begins a session. Gives the cookie to set.
pub(super) fn begin(
    auth: &Auth,
    account: (&Account, bool),
    (channel, peer): (Channel, IpAddr),
    headers: &HeaderMap,
) -> Option<String> {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let times = ((auth.now)(), Instant::now());
    let value = auth.sessions.begin(&(auth.chance)()?, account, (peer, agent), times);
    Some(Cookie::SESSION.set(channel.encrypted, &value))
}

/// Whose log-in it is, if all of it is right. Takes as long if there is no such person.
fn judge(auth: &Auth, given: &Given) -> Option<Account> {
    let (book, now) = (auth.newest_book(), Instant::now());
    let user = Person::user_of(&given.user).ok();
    let person = user.and_then(|user| book.person_by_user(&user)).filter(|person| book.acts(person));
    let account = person.and_then(|person| book.account(person.id));
    let locked = auth.lockout.is_locked(&given.user, now);
    // Counted before it is known, so that many at once are no way around the lock.
    auth.lockout.failed(&given.user, now);
    let kept = account.and_then(|account| account.password.as_deref());
    let matches = auth.passwords.matches(&given.password, kept);
    let account = account.filter(|_| matches && !locked)?;
    // Whoever has passkeys and no codes shows one of them beside the password.
    let account = Some(account).filter(|account| account.codes.is_some() || !account.has_second())?;
    let account = second(auth, account, &given.code)?;
    auth.lockout.clear(&given.user);
    Some(account)
}

/// Whether the code beside the password is right, where one is asked for: that of the app, or one of those for recovery, which
/// is then used up. Gives the account as it is after that.
pub(super) fn second(auth: &Auth, account: &Account, typed: &str) -> Option<Account> {
    let Some(part) = account.codes else { return Some(account.clone()) };
    let secret = Secret::of(&auth.tokens, account.person, part);
    if auth.codes.take(account.person, &secret, typed, (auth.now)()) {
        return Some(account.clone());
    }
    let mut left = None;
    without_recovery(&auth.tokens, account, typed)?;
    let changed = auth.gate.change(by(auth, account), |book| {
        let now = book.account(account.person).filter(|now| now.since == account.since);
        left = now.and_then(|now| without_recovery(&auth.tokens, now, typed));
        left.clone().map(Entry::Account).ok_or(NotChanged)
    });
    changed.ok().and(left)
}

/// A change that does not fit any more, or could not be written.
pub(super) struct NotChanged;

impl std::convert::From<gate::GateError> for NotChanged {
    fn from(error: gate::GateError) -> Self {
        tracing::error!(%error, "an account could not be changed");
        Self
    }
}

/// In the name of an account's own person.
pub(super) fn by(auth: &Auth, account: &Account) -> By {
    let member = auth.gate.book().person(account.person).and_then(|person| person.member);
    By { member: member.unwrap_or(MemberId::NODE), person: Some(account.person) }
}

pub(super) async fn out(State(pages): Shared, who: Who, Extension(channel): Extension<Channel>) -> Response {
    if let Some((id, _)) = Viewer::of(who).actor.session {
        pages.auth.sessions.end(id);
    }
    let out =
        with_cookie(Redirect::to("/login").into_response(), &Cookie::SESSION.set(channel.encrypted, ""));
    cleared(out)
}

/// Asks the browser to let go what it holds of the node's pages. Cookies are not among it: those of other services under the same name are
/// not the node's to end.
fn cleared(mut response: Response) -> Response {
    let what = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert("clear-site-data", what);
    response
}

/// Who is invited by what stands in a link, if it is good.
pub(super) fn invited(auth: &Auth, text: &str) -> Option<(Person, Account)> {
    let (token, book) = (Token::read(text)?, auth.newest_book());
    let person = book.person(policy::PersonId::new(token.id)).filter(|person| book.acts(person))?;
    let account = book.account(person.id)?;
    let invitation = account.invitation.as_ref()?;
    let is_good = auth.tokens.matches(&token, &invitation.hash) && (auth.now)() < invitation.expires;
    is_good.then(|| (person.clone(), account.clone()))
}

pub(super) async fn welcome(
    State(pages): Shared,
    (Extension(channel), ConnectInfo(peer)): From,
    headers: HeaderMap,
    Path(text): Path<String>,
) -> Response {
    if !is_safe(channel, peer.ip()) {
        return unsafe_channel();
    }
    match invited(&pages.auth, &text) {
        Some((person, _)) => pages.welcome_page(&person, &text, (&headers, channel), None),
        None => error(
            StatusCode::NOT_FOUND,
            say("This link does not work", "쓸 수 없는 링크"),
            say(
                "It was used already, has run out, or is not whole. If you have a password, log in at /login; else ask whoever sent it for a new one.",
                "이미 썼거나, 기한이 지났거나, 온전하지 않은 링크입니다. 비밀번호를 정했다면 /login에서 로그인하고, 아니면 보낸 사람에게 새 링크를 요청하십시오.",
            ),
        ),
    }
}

impl Pages {
    fn welcome_page(
        &self,
        person: &Person,
        text: &str,
        request: (&HeaderMap, Channel),
        fault: Option<String>,
    ) -> Response {
        let asks = tell(
            "Password, at least {} characters; a sentence is a good one",
            "비밀번호, {}자 이상. 문장을 쓰면 좋습니다",
            &[&PASSWORD_CHARS_MIN],
        );
        let begin = || format!("/login/oidc?invitation={}", percent_encode(text));
        let provider = self.provider().map(|name| (name, begin()));
        self.open_page(say("Set your password", "비밀번호 정하기"), request, |frame| WelcomePage {
            frame,
            name: person.name.clone(),
            user: person.user.clone(),
            least: PASSWORD_CHARS_MIN,
            asks,
            fault,
            provider,
        })
    }
}

/// What is wrong with a person's new password, if anything is.
pub(super) fn fault_of(view: &View, auth: &Auth, chosen: &Chosen, person: &Person) -> Option<String> {
    let book = auth.gate.book();
    let member = person.member.and_then(|member| book.member(member));
    let mut place = vec![auth.gate.key().name(), person.name.as_str()];
    place.extend(member.iter().flat_map(|member| [member.handle.as_str(), member.name.as_str()]));
    match check_choice(&chosen.new, &person.user, &place) {
        Err(weak) => Some(words::people::weak(view, weak)),
        Ok(()) if chosen.new != chosen.again => {
            Some(view.say("The two are not the same.", "두 번 적은 것이 서로 다릅니다.").to_owned())
        }
        Ok(()) => None,
    }
}

/// The hash of a new password under a salt drawn at random; `None` if there is no chance or no memory.
pub(super) fn hashed(auth: &Auth, password: &str) -> Option<String> {
    let drawn = (auth.chance)()?;
    hash(password, drawn.first_chunk::<16>()?)
}

pub(super) async fn choose(
    State(pages): Shared,
    (Extension(channel), ConnectInfo(peer)): From,
    uri: Uri,
    headers: HeaderMap,
    Path(text): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Response {
    if !is_safe(channel, peer.ip()) {
        return unsafe_channel();
    }
    if !pages.is_own_form(&chosen.form, &headers, &uri, channel) {
        return not_from_here();
    }
    let auth = Arc::clone(&pages.auth);
    let Some((person, account)) = invited(&auth, &text) else { return absent() };
    if let Some(fault) = fault_of(&view::asked(), &auth, &chosen, &person) {
        return pages.welcome_page(&person, &text, (&headers, channel), Some(fault));
    }
    let hashing = Arc::clone(&auth);
    let hash = match auth.passwords.run(move || hashed(&hashing, &chosen.new)).await {
        Err(Busy) => return busy(),
        Ok(None) => return broken(&"a password could not be hashed"),
        Ok(Some(hash)) => hash,
    };
    making(move || {
        let since = (auth.now)();
        let changed = auth.gate.change(by(&auth, &account), |book| {
            // Somebody else may have followed the link meanwhile.
            let now = book.account(account.person).filter(|now| now.invitation == account.invitation);
            let now = now.ok_or(NotChanged)?.clone();
            Ok::<_, NotChanged>(Entry::Account(Account {
                since,
                password: Some(hash),
                invitation: None,
                ..now
            }))
        });
        match changed {
            Ok(()) => {
                auth.lockout.clear(&person.user);
                Redirect::to(&format!("/login?set&user={}", percent_encode(&person.user))).into_response()
            }
            Err(NotChanged) => absent(),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn log_in_leads_to_this_node_alone() {
        for path in ["/", "/objects?x=1", "/account#codes"] {
            assert_eq!(path_of(path), path);
        }
        for elsewhere in ["", "x", "//evil.test", "https://evil.test", "/\\evil.test", "/a\r\nb", "/a b"] {
            assert_eq!(path_of(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
