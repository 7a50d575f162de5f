//! Log-in: from what a request shows to who asks.
//!
//! One layer ([`around`] with [`admit`]) stands around all HTTP surfaces. It turns credentials into
//! a [`Caller`] in the request's extensions, or answers 401 itself, in the form that the surface speaks
//! (TAXII's error object, plain text, a page). Credentials come in one of three ways: HTTP Basic (user =
//! handle, password = token), Bearer, or a path `/t/TOKEN/…` for devices that can hold nothing but a URL
//! (reading lists, rules and zones only). Where MISP is spoken, a token stands in the header without a scheme's name, or in
//! `X-MISP-AUTH`. A request that shows none of these is the member's that registered the certificate which the listener
//! has verified ([`PeerCertificate`]), if there is one.
//!
//! An operator may look at everything as a member gets it: `/as/HANDLE/…` is answered as to that member,
//! read-only. Absent, wrong, expired and revoked credentials are answered alike. What this must never do:
//! log a credential, or let a request through without a caller. What a caller may do is asked here too, once for all surfaces
//! (`needs`).

pub(crate) mod code;
pub(crate) mod form;
mod known;
mod let_in;
mod limit;
mod lockout;
mod logged_in;
mod needs;
pub(crate) mod oidc;
mod pace;
pub mod passkey;
pub(crate) mod password;
mod proxies;
pub(crate) mod refusal;
mod refused;
mod room;
mod second;
pub(crate) mod session;
pub(crate) mod shared;
mod shown;
mod token;
mod uses;

pub use code::Codes;
pub use form::FormToken;
pub use let_in::{Known, LetIn};
pub use limit::Failures;
pub use lockout::Lockout;
pub use oidc::{Oidc, OidcError, Settings as OidcSettings, is_subject};
pub use pace::{Pace, Paces};
pub use passkey::{Challenges, Relying};
pub use password::Passwords;
pub use proxies::{Proxies, ProxyHeader};
pub use refused::Refused;
pub use second::SecondFactor;
pub use session::{SessionId, Sessions};
pub use shared::{CHALLENGES, CODES, LOCKOUTS, LOG_INS, SESSIONS};
pub use token::{SECRET_BYTES, Token, TokenKey};
pub use uses::Uses;

use self::session::Cookie;
use crate::looks::{self, Look, Looks};
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use gate::Gate;
use limit::Verdict;
use needs::Need;
use policy::{Book, By, Caller, Channel, Credential, CredentialKind, MemberId, PersonId, Right, Rights};
use refusal::Surface;
use refused::Input;
use shown::{Shown, Target, shown, target};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stix::Timestamp;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Time for a request of somebody who is not known: with its body, until it is answered.
const STRANGER_TIME: Duration = Duration::from_secs(60);

/// The user name of the node's operator in HTTP Basic.
pub const OPERATOR: &str = "operator";

/// Everything that log-in needs.
pub struct Auth {
    /// Where members and credentials are known.
    pub gate: Gate,
    /// The key under which tokens are kept.
    pub tokens: TokenKey,
    /// Whether callers on this machine see the operator's pages without log-in.
    pub open_on_loopback: bool,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Failed log-ins so far.
    pub failures: Failures,
    /// Which credentials were used, and is not written down yet.
    pub uses: Uses,
    /// Sessions of people who have logged in.
    pub sessions: Sessions,
    /// Log-ins with passwords that failed.
    pub lockout: Lockout,
    /// Compares passwords.
    pub passwords: Passwords,
    /// Codes that were used.
    pub codes: Codes,
    /// The provider at which people may log in, if there is one.
    pub oidc: Option<Oidc>,
    /// For what address passkeys sign, if they are taken.
    pub relying: Option<Relying>,
    /// Challenges to passkeys that are out.
    pub challenges: Challenges,
    /// Of whom a second factor is demanded.
    pub second: SecondFactor,
    /// Tells of inputs that are refused.
    pub refused: Refused,
    /// How fast requests may come.
    pub pace: Pace,
    /// Random bytes of the system; `None` if it has none.
    pub chance: Chance,
    /// Where it is noted who looked at what.
    pub looks: Option<Arc<Looks>>,
    /// Turns to look a session up in a database.
    look_ups: Semaphore,
}

/// 32 random bytes of the system; `None` if it has none.
pub type Chance = fn() -> Option<[u8; 32]>;

/// Who asks, beside the [`Caller`] for which he or she acts, and what may be done; an extension of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The person, if one is known.
    pub person: Option<PersonId>,
    /// What may be done.
    pub rights: Rights,
    /// The session that was shown, and the token that its forms carry.
    pub session: Option<(SessionId, FormToken)>,
}

impl Actor {
    /// In whose name something is done for `caller`.
    #[must_use]
    pub fn by(&self, caller: Caller) -> By {
        let member = match caller {
            Caller::Operator => MemberId::NODE,
            Caller::Member(member) => member,
        };
        By { member, person: self.person }
    }

    /// Whether this is a session of somebody who needs a second factor and has logged in without: it may do nothing but set one up.
    /// Whoever else has logged in has a role, and so a right.
    #[must_use]
    pub fn lacks_second(&self) -> bool {
        self.session.is_some() && self.rights.is_empty()
    }
}

/// Who was let in.
#[derive(Debug, Clone, Copy)]
struct Admitted {
    caller: Caller,
    actor: Actor,
    /// Whose requests are counted together: a credential's, or a person's.
    holder: Option<Uuid>,
}

/// SHA-256 of the certificate (DER) that a client showed on its TLS connection and the listener verified; an extension of
/// the connection's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerCertificate(pub [u8; 32]);

impl Auth {
    /// Log-in with no failures so far.
    pub fn new(
        gate: Gate,
        tokens: TokenKey,
        open_on_loopback: bool,
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
        chance: Chance,
    ) -> Self {
        let codes = Codes::new(now());
        Self {
            gate,
            tokens,
            open_on_loopback,
            now,
            failures: Failures::default(),
            uses: Uses::default(),
            sessions: Sessions::default(),
            lockout: Lockout::default(),
            passwords: Passwords::default(),
            codes,
            oidc: None,
            relying: None,
            challenges: Challenges::default(),
            second: SecondFactor::default(),
            refused: Refused::default(),
            pace: Pace::default(),
            chance,
            looks: None,
            look_ups: Semaphore::new(logged_in::LOOK_UPS),
        }
    }

    /// Notes from now on who looks at what.
    #[must_use]
    pub fn noting(self, looks: Arc<Looks>) -> Self {
        Self { looks: Some(looks), ..self }
    }

    /// Who `token` belongs to. `None` for an unknown, wrong, revoked or expired one, or an ended member's.
    fn caller(&self, book: &Book, token: &Token, user: Option<&str>) -> Option<Admitted> {
        let credential = book.credential(token.id);
        let kept: &[u8] = match credential.map(|credential| &credential.kind) {
            Some(CredentialKind::Token { hash }) => hash,
            _ => &[],
        };
        // The hash is computed for unknown ids too, so that time tells nothing about which ids exist.
        let matches = self.tokens.matches(token, kept);
        self.holder(book, credential.filter(|_| matches)?, user)
    }

    /// The member that asks for a screening, if what it shows holds. `None` says nothing of why: [`admit`] does.
    #[must_use]
    pub fn member(
        &self,
        headers: &HeaderMap,
        certificate: Option<&PeerCertificate>,
        peer: IpAddr,
    ) -> Option<MemberId> {
        let book = self.gate.book();
        let admitted = match shown(headers, Surface::Screening) {
            Shown::Token { token, user } => self.caller(&book, &token, user.as_deref()),
            Shown::Nothing => self.certified(&book, certificate?),
            Shown::Malformed => None,
        };
        // What people look at is noted, which is done on the way through the layers.
        let is_machine = |admitted: &Admitted| admitted.actor.person.is_none();
        let admitted =
            admitted.filter(|admitted| is_machine(admitted) && admitted.actor.rights.has(Right::Screen))?;
        match admitted.caller {
            Caller::Member(_) if self.pace.ask(admitted.holder, peer, Instant::now()).is_some() => None,
            Caller::Member(member) => Some(member),
            Caller::Operator => None,
        }
    }

    /// Who a verified certificate belongs to. `None` for one that nobody registered, as for [`Auth::caller`].
    fn certified(&self, book: &Book, certificate: &PeerCertificate) -> Option<Admitted> {
        self.holder(book, book.certificate(&certificate.0)?, None)
    }

    /// Whose credential it is and what may be done with it, if it holds.
    fn holder(&self, book: &Book, credential: &Credential, user: Option<&str>) -> Option<Admitted> {
        let now = (self.now)();
        let rights = book.rights_of(credential, self.gate.ends_by(now));
        if rights.is_empty() {
            return None;
        }
        let person = credential.person.and_then(|id| book.person(id));
        let is_persons = user.is_some_and(|user| person.is_some_and(|person| person.user == user));
        let caller = match credential.member {
            None if is_persons || user.is_none_or(|user| user == OPERATOR) => Caller::Operator,
            None => return None,
            Some(id) => {
                let member = book.member(id).filter(|member| !member.ended)?;
                let is_members = user.is_none_or(|user| user == member.handle);
                (is_members || is_persons).then_some(Caller::Member(id))?
            }
        };
        self.uses.note(book, credential.id, now);
        let actor = Actor { person: credential.person, rights, session: None };
        Some(Admitted { caller, actor, holder: Some(credential.id) })
    }
}

impl Auth {
    /// What is to be noted of a request, if a person makes it, or an operator: machines have receipts. What is one's own, and where
    /// secrets are typed, is not noted.
    fn look(
        &self,
        book: &Book,
        (caller, actor): (&Caller, &Actor),
        target: &Target,
        asked: Option<String>,
    ) -> Option<Look> {
        const OWN: [&str; 6] = ["account", "logout", "login", "welcome", "with-token", "t"];
        let first = target.uri.path().split('/').nth(1).unwrap_or_default();
        if actor.person.is_none() && *caller != Caller::Operator || OWN.contains(&first) {
            return None;
        }
        let path = target.uri.path_and_query().map_or(target.uri.path(), |path| path.as_str());
        Some(Look {
            at: (self.now)().to_string(),
            person: actor.person.and_then(|id| book.person(id)).map(|person| person.user.clone()),
            acts_for: match caller {
                Caller::Operator => OPERATOR.to_owned(),
                Caller::Member(member) => book.member(*member)?.handle.clone(),
            },
            seen_as: target.as_member.clone(),
            path: looks::cut(path),
            asked,
            status: 0,
        })
    }
}

/// What a form searches for; nothing else of any form is noted.
fn asked_of(path: &str, body: &[u8]) -> Option<String> {
    let first = path.split('/').nth(1).unwrap_or_default();
    let names = if matches!(first, "screen" | "persona") { &["values", "name"][..] } else { &[] };
    names.iter().find_map(|name| form::field(body, name)).map(|asked| looks::cut(&asked))
}

/// Puts `auth` around `router`: what passes has a [`Caller`] in its extensions.
pub fn around(auth: Arc<Auth>, router: Router) -> Router {
    // The layer may rewrite the path, so it must stand before routing: a fallback of an outer router does.
    let inner = tower::Layer::layer(&axum::middleware::from_fn_with_state(auth, admit), router);
    Router::new().fallback_service(inner).layer(axum::middleware::from_fn(crate::page::asking))
}

/// Admits a request or refuses it.
pub async fn admit(State(auth): State<Arc<Auth>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let target = match target(request.uri()) {
        Some(target) => target,
        None => return refusal::absent(Surface::of(request.uri().path())),
    };
    let surface = Surface::of(target.uri.path());
    if surface == Surface::Open {
        if let Some(after) = auth.pace.ask(None, peer, Instant::now()) {
            return refusal::too_fast(surface, after);
        }
        *request.uri_mut() = target.uri;
        return open(&auth, request, next, (surface, peer)).await;
    }
    let reads = request.method() == Method::GET || request.method() == Method::HEAD;
    let shown = match &target.token {
        // A token in a path ends up in logs of proxies: it reads artefacts and nothing else.
        Some(_) if !reads || surface != Surface::Artefact => return refusal::absent(surface),
        Some(text) => Token::read(text).map_or(Shown::Malformed, |token| Shown::Token { token, user: None }),
        None => shown(request.headers(), surface),
    };
    let book = auth.gate.book();
    let encrypted = request.extensions().get::<Channel>().is_some_and(|channel| channel.encrypted);
    // A cookie is shown by itself, also for a form of somebody else's: it changes nothing but by the forms of pages.
    let cookie = Cookie::SESSION
        .of(request.headers(), encrypted)
        .filter(|_| matches!(shown, Shown::Nothing) && (reads || surface.is_for_people()));
    let logged_in = match cookie {
        Some(cookie) => match auth.of_session(&book, cookie, peer).await {
            Ok(found) => found,
            Err(after) => return refusal::too_fast(surface, after),
        },
        None => None,
    };
    let certified = request
        .extensions()
        .get::<PeerCertificate>()
        .filter(|_| matches!(shown, Shown::Nothing))
        .and_then(|certificate| auth.certified(&book, certificate));
    let looks = reads || target.uri.path() == "/display";
    let admitted = match &shown {
        Shown::Nothing if logged_in.is_some() => logged_in,
        Shown::Nothing if certified.is_some() => certified,
        Shown::Nothing
            if auth.open_on_loopback && peer.to_canonical().is_loopback() && looks && is_local(&request) =>
        {
            let actor = Actor { person: None, rights: Rights::ALL, session: None };
            let is_shown = surface.is_for_people() || target.as_member.is_some();
            is_shown.then_some(Admitted { caller: Caller::Operator, actor, holder: None })
        }
        Shown::Nothing | Shown::Malformed => None,
        Shown::Token { token, user } => auth.caller(&book, token, user.as_deref()),
    };
    let Some(Admitted { caller, actor, holder }) = admitted else {
        let is_asked = matches!(shown, Shown::Nothing) && surface.is_for_people() && reads;
        if is_asked && is_person(&request, &book) {
            return refusal::to_log_in(&target.uri);
        }
        return refuse(&auth, &shown, peer, surface);
    };
    if let Some(let_in) = request.extensions().get::<LetIn>() {
        let_in.tell();
    }
    if let Some(after) = auth.pace.ask(holder, peer, Instant::now()) {
        return refusal::too_fast(surface, after);
    }
    let sets_up = target.as_member.is_none() && needs::sets_up(request.method(), target.uri.path());
    if actor.lacks_second() && !sets_up {
        return refusal::second_needed(surface, reads);
    }
    if let Need::OneOf(rights) = Need::of(surface, request.method(), target.uri.path())
        && actor.rights.within(rights).is_empty()
    {
        // Whoever manages or audits alone has no overview to begin with.
        if target.uri.path() == "/" && actor.session.is_some() && reads {
            return refusal::to_account();
        }
        return refusal::no_right(surface, rights, holder);
    }
    let mut asked = None;
    if let Some((_, token)) = actor.session.filter(|_| !reads) {
        let method = request.method().clone();
        let read = form::read(request).await.filter(|(read, body)| {
            let shown = form::field(body, form::FIELD).unwrap_or_default();
            token.is(&shown) && form::is_from_here(read.headers(), read.uri())
        });
        let Some((read, body)) = read else {
            let answer = refusal::bad_form();
            let input = Input { surface, method, status: answer.status(), holder, peer };
            auth.refused.note(&input, Instant::now());
            return answer;
        };
        asked = asked_of(target.uri.path(), &body);
        request = read;
    }
    let look = auth
        .looks
        .as_ref()
        .and_then(|looks| Some((looks, auth.look(&book, (&caller, &actor), &target, asked)?)));
    let caller = match &target.as_member {
        None => caller,
        Some(handle) => match looked_at(&book, &caller, handle).filter(|_| reads) {
            Some(member) => {
                if let Some(channel) = request.extensions_mut().get_mut::<Channel>() {
                    channel.looked_at = true;
                }
                Caller::Member(member)
            }
            None => return refusal::absent(surface),
        },
    };
    *request.uri_mut() = target.uri;
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(actor);
    // For the surfaces that know of no log-in, in whose name something is brought.
    request.extensions_mut().insert(actor.by(caller));
    let mut answer = noted(&auth, request, next, (surface, holder, peer)).await;
    answer.extensions_mut().insert(Known);
    if let Some((looks, look)) = look {
        looks.note(&Look { status: answer.status().as_u16(), ..look });
    }
    answer
}

/// Passes on what anyone may ask. Who is known by a certificate is known here too: peers are. A stranger's request, its body and all,
/// has so much time in all; what it has sent until then is held.
async fn open(auth: &Auth, request: Request, next: Next, (surface, peer): (Surface, IpAddr)) -> Response {
    let is_known =
        request.extensions().get::<PeerCertificate>().is_some_and(|certificate| auth.is_known(certificate));
    if is_known && let Some(let_in) = request.extensions().get::<LetIn>() {
        let_in.tell();
    }
    let answered = noted(auth, request, next, (surface, None, peer));
    if is_known {
        let mut answer = answered.await;
        answer.extensions_mut().insert(Known);
        return answer;
    }
    let in_time = tokio::time::timeout(STRANGER_TIME, answered).await;
    in_time.unwrap_or_else(|_| refusal::too_slow(surface))
}

/// Has a request answered, and the log told if it is refused for what it is.
async fn noted(
    auth: &Auth,
    request: Request,
    next: Next,
    (surface, holder, peer): (Surface, Option<Uuid>, IpAddr),
) -> Response {
    let method = request.method().clone();
    let answer = next.run(request).await;
    let status = answer.status();
    if refused::is_refusal(surface, status) {
        auth.refused.note(&Input { surface, method, status, holder, peer }, Instant::now());
    }
    answer
}

/// Whether a person seems to look for a page of a node on which people log in; programs are asked for credentials.
fn is_person(request: &Request, book: &Book) -> bool {
    // Whoever has a token asks to be asked for it. Browsers then show it below the root (RFC 7617, section 2.2).
    if request.uri().path() == "/with-token" {
        return false;
    }
    let accepts = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accepts.is_some_and(|accept| accept.contains("text/html")) && book.people().any(|person| !person.ended)
}

fn refuse(auth: &Auth, shown: &Shown, peer: IpAddr, surface: Surface) -> Response {
    if matches!(shown, Shown::Nothing) {
        return refusal::log_in(surface);
    }
    tracing::info!(peer = %peer, "a log-in from {peer} failed");
    match auth.failures.count(peer, Instant::now()) {
        Verdict::Answer => refusal::log_in(surface),
        Verdict::Later { after } => refusal::later(surface, after),
    }
}

/// The member whose view an operator asks for.
fn looked_at(book: &Book, caller: &Caller, handle: &str) -> Option<MemberId> {
    match caller {
        Caller::Operator => book.member_by_handle(handle).map(|member| member.id),
        Caller::Member(_) => None,
    }
}

/// The host and port that a request was made for: HTTP/1 says so in `Host`, HTTP/2 in `:authority`.
pub(crate) fn host<'r>(headers: &'r HeaderMap, uri: &'r Uri) -> Option<&'r str> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// Whether the request was made for this machine by name, so that no foreign page can reach an open loopback
/// node by giving its own name the address 127.0.0.1 (DNS rebinding).
fn is_local(request: &Request) -> bool {
    let Some(host) = host(request.headers(), request.uri()) else { return false };
    let name = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
