//! The pages: overview, circle and its quarantine, member, what was held, objects; and the set of keys that sign objects.

mod accesses;
mod account;
mod acts;
mod aid;
pub(crate) mod asks;
mod case_graph;
mod cases;
mod circle;
mod circles;
mod compare;
mod confidence;
mod contacts;
mod display;
mod drills;
mod edit;
mod find;
mod gaps;
mod guard;
mod held;
mod help;
mod hunt;
mod keys;
mod ladder;
mod live;
mod log_in;
mod member;
mod missing;
mod morning;
mod object;
mod objects;
mod oidc;
mod passkeys;
pub mod peers;
mod people;
mod personas;
mod playbooks;
mod proof;
mod quarantine;
mod recalls;
mod region;
mod releases;
mod rooms;
mod screen;
mod sent;
mod share;
mod start;
pub(crate) mod steps;
mod test;
mod used;
mod view;
mod words;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use deliver::Deliver;
use deliver::screening::Screening;
use exchange::persona::PersonaCheck;
use exchange::transparency::cosign::Cosigned;
use gate::{Gate, Patience};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use line::StorageError;
use policy::{Book, By, Caller, Circle, Fires, Level, Member, MemberId, Use};
use search::Search;
use stix::Timestamp;

/// What the pages are made from.
pub struct Pages {
    /// The log-in: sessions, passwords, codes.
    pub auth: Arc<Auth>,
    /// Says to open pages that lines have grown.
    pub live: Live,
    /// Where the node is reached, if that is known: for links that are handed on.
    pub public_url: Option<String>,
    /// The cases of stolen assets.
    pub cases: Arc<dyn Cases>,
    /// The playbooks that are carried out.
    pub runs: Arc<dyn Runs>,
    /// Contacts and calls.
    pub region: Arc<dyn Region>,
    /// How it stands with other nodes.
    pub peers: Arc<dyn peers::Peers>,
    /// Openings, assessments and public models.
    pub capacity: Arc<dyn Capacities>,
    /// What attacks pass through.
    pub transit: Arc<dyn Transit>,
    /// Aid projects.
    pub aid: Arc<dyn Aid>,
    /// The door to the circles.
    pub gate: Gate,
    /// Makes artefacts.
    pub deliver: Arc<Deliver>,
    /// Answers questions about values.
    pub screening: Arc<Screening>,
    /// Compares applications with personas: the same for programs.
    pub personas: Arc<PersonaCheck>,
    /// The turns in which pasted logs are looked through.
    pub hunting: Hunting,
    /// The node's title.
    pub title: String,
    /// The name under which zones stand, if DNS is served.
    pub zone_origin: Option<String>,
    /// The port on which DNS is served, if it is.
    pub dns_port: Option<u16>,
    /// Finds objects.
    pub search: Arc<Search>,
    /// The checkpoints that witnesses have cosigned.
    pub cosigned: Arc<Cosigned>,
    /// How long recalls may take.
    pub patience: Patience,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

use crate::auth::form::FORM_BYTES_MAX;
use crate::auth::{Actor, Auth};

pub use aid::{Aid, AidFile, Gathered, Reading, paper as plan_paper};
pub use cases::Cases;
pub use contacts::Region;
pub use gaps::{Capacities, as_json as gaps_json};
pub use hunt::Hunting;
pub use live::Live;
pub use playbooks::Runs;
pub use region::{Transit, TransitAsked};

type Shared = axum::extract::State<Arc<Pages>>;

use rooms::Door;
use view::{At, View};

pub(crate) use view::{Who, asking, say, tell};

/// Bytes of a form by which somebody logs in.
const STRANGER_BYTES_MAX: usize = 16 << 10;

/// Who looks at a page, over what channel, and how it is to be shown.
#[derive(Debug, Clone)]
struct Viewer {
    caller: Caller,
    /// Whether what may travel encrypted alone may be shown. An operator reads the node's own store, so to say.
    encrypted: bool,
    /// The person, if one has logged in, and what may be done.
    actor: Actor,
    /// Language, time zone, colours.
    view: Arc<View>,
}

impl Viewer {
    fn of(who: Who) -> Self {
        let Who { caller, channel, actor, view } = who;
        Self { caller, encrypted: channel.encrypted || caller == Caller::Operator, actor, view }
    }

    /// In whose name something is changed.
    fn by(&self) -> By {
        self.actor.by(self.caller)
    }

    fn is_operator(&self) -> bool {
        self.caller == Caller::Operator
    }

    /// A text in the viewer's language.
    fn say<'t>(&self, english: &'t str, korean: &'t str) -> &'t str {
        self.view.say(english, korean)
    }

    /// What an advisory's address ends with, so that it speaks as the page does where that is not as the member reads.
    fn advisory_language(&self, member: &Member) -> String {
        let tag = self.view.language.tag();
        if member.language.starts_with(tag) { String::new() } else { format!("?lang={tag}") }
    }
}

/// An operator who looks; for everyone else there is nothing.
struct Operator(Viewer);

impl FromRequestParts<Arc<Pages>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Arc<Pages>) -> Result<Self, Response> {
        let who = Who::from_request_parts(parts, pages).await.map_err(IntoResponse::into_response)?;
        let viewer = Viewer::of(who);
        if viewer.is_operator() { Ok(Self(viewer)) } else { Err(absent()) }
    }
}

/// What stands around every page.
#[derive(Default)]
struct Frame {
    title: String,
    who: String,
    /// The node's title.
    node: String,
    /// When the page was made, if that is said.
    made: Option<At>,
    /// Whether an operator looks.
    operator: bool,
    /// Whether a person has logged in.
    person: bool,
    /// What the session's forms carry.
    form: String,
    view: Arc<View>,
    rooms: Vec<Door>,
    doors: Vec<Door>,
}

impl Frame {
    /// A text in the viewer's language.
    fn say<'t>(&self, english: &'t str, korean: &'t str) -> &'t str {
        self.view.say(english, korean)
    }

    /// A text in the viewer's language, before and after its `{}`.
    fn halves<'t>(&self, english: &'t str, korean: &'t str) -> (&'t str, &'t str) {
        self.view.halves(english, korean)
    }

    /// A time in the viewer's zone.
    fn at(&self, time: &Timestamp) -> At {
        self.view.at(*time)
    }
}

/// A link.
struct Link {
    href: String,
    text: &'static str,
}

/// The routes of the pages.
pub fn router(pages: Arc<Pages>) -> Router {
    let strangers = DefaultBodyLimit::max(STRANGER_BYTES_MAX);
    Router::new()
        .route("/", get(morning::page))
        .route("/circles", get(circles::page))
        .route("/display", get(display::page).post(display::choose))
        .route("/circles/{circle}", get(circle::page))
        .route("/circles/{circle}/quarantine", get(quarantine::page))
        .route("/members/{member}", get(member::page))
        .route("/members/{member}/missing", get(missing::page))
        .route("/members/{member}/test", get(test::page))
        .route("/members/{member}/setup/{server}", get(ladder::setup).post(ladder::test))
        .route("/members/{member}/setup/{server}/key", post(ladder::key::make))
        .route("/ladder", get(ladder::page))
        .route("/start", get(start::page).post(start::add))
        .route("/share", get(share::form).post(share::take))
        .route("/screen", get(screen::form).post(screen::ask))
        .merge(personas::router())
        .merge(hunt::router())
        .route("/recalls", get(recalls::page))
        .route("/cases", get(cases::list))
        .route("/cases/{case}", get(cases::one))
        .route("/cases/{case}/graph", get(case_graph::page))
        .route("/contacts", get(contacts::page))
        .route("/contacts.json", get(contacts::json))
        .route("/contacts.vcf", get(contacts::cards))
        .route("/contacts/{card}", get(contacts::card))
        .route("/confidence", get(confidence::page))
        .route("/calendar.ics", get(confidence::calendar))
        .route("/drills", get(drills::list))
        .route("/drills/{call}", get(drills::one))
        .merge(gaps::router())
        .merge(aid::router())
        .merge(help::router())
        .route("/region", get(region::overview))
        .route("/region/flows", get(region::flows))
        .route("/region/notices", get(region::notices))
        .route("/region/{file}", get(region::file))
        .route("/members/{member}/held", get(held::page))
        .route("/members/{member}/guard", get(guard::page))
        .route("/steps", get(steps::page))
        .route("/steps/{step}/{verdict}", post(steps::settle))
        .route("/asks", get(asks::list).post(asks::ask))
        .route("/asks/{ask}", get(asks::one).post(asks::answer))
        .route("/releases", get(releases::list))
        .route("/releases/{release}", get(releases::one).post(releases::decide))
        .route("/releases/{release}/objects", get(releases::objects))
        .route("/playbooks", get(playbooks::list))
        .route("/playbooks/{circle}/{object}", get(playbooks::one).post(playbooks::start))
        .route("/runs/{run}", get(playbooks::run).post(playbooks::happens))
        .merge(find::router())
        .route("/objects/{circle}/{object}", get(object::page))
        .route("/objects/{circle}/{object}/edit", get(edit::form).post(edit::take))
        .route("/objects/{circle}/{object}/withdraw", post(edit::withdraw))
        .merge(proof::router())
        .merge(compare::router())
        .route(keys::PATH, get(keys::set))
        .route("/login", get(log_in::form).post(log_in::take).layer(strangers))
        .route("/login/oidc", get(oidc::begin))
        .route(crate::auth::oidc::BACK, get(oidc::back))
        .route("/login/passkey", post(passkeys::log_in).layer(strangers))
        .route("/passkey.js", get(passkeys::script))
        .route("/logout", post(log_in::out))
        .route("/with-token", get(|| async { Redirect::to("/") }))
        .route("/welcome/{invitation}", get(log_in::welcome).post(log_in::choose).layer(strangers))
        .route("/account", get(account::page))
        .route("/account/password", post(account::password))
        .route("/account/codes", get(account::codes).post(account::use_codes))
        .route("/account/codes/remove", post(account::remove_codes))
        .route("/account/passkeys", post(passkeys::add))
        .route("/account/passkeys/name", post(passkeys::rename))
        .route("/account/passkeys/remove", post(passkeys::remove))
        .route("/account/sessions/end", post(account::end_sessions))
        .route("/people", get(people::page).post(people::add))
        .route("/people/{user}/{change}", post(people::change))
        .route("/people/tokens", post(people::make_token))
        .route("/people/credentials/{id}/revoke", post(people::revoke))
        .merge(acts::router())
        .route("/peers", get(peers::page))
        .route("/peers.json", get(peers::json))
        .route("/accesses", get(accesses::page))
        .route("/style.css", get(style))
        .route("/page.js", get(script))
        .route("/live", get(live::events))
        .route("/openapi.json", get(crate::openapi::answer))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(|| async { absent() })
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(pages)
}

async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, include_str!("../style.css")).into_response()
}

async fn script() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, include_str!("../page.js")).into_response()
}

#[derive(Template)]
#[template(path = "error.html")]
struct Problem<'a> {
    frame: Frame,
    what: &'a str,
}

/// A page that says what went wrong and what to do. What it is given is in the language of the request: see [`say`].
pub(crate) fn error(status: StatusCode, title: &str, what: &str) -> Response {
    let frame = Frame { title: title.to_owned(), view: view::asked(), ..Frame::default() };
    let mut response = render(&Problem { frame, what });
    *response.status_mut() = status;
    response
}

pub(crate) fn absent() -> Response {
    error(
        StatusCode::NOT_FOUND,
        say("Not found", "찾을 수 없음"),
        say("There is nothing here for you.", "여기에는 볼 수 있는 것이 없습니다."),
    )
}

pub(crate) fn broken(error_met: &dyn std::fmt::Display) -> Response {
    tracing::error!(error = %error_met, "a page could not be made");
    error(
        StatusCode::SERVICE_UNAVAILABLE,
        say("Not now", "지금은 안 됨"),
        say(
            "The page could not be made. Try again; the log says why.",
            "화면을 만들지 못했습니다. 다시 시도하십시오. 까닭은 로그에 있습니다.",
        ),
    )
}

/// What was asked for on a page of the region makes no sense; `why` says where it can be mended.
fn not_askable(viewer: &Viewer, why: &str) -> Response {
    let title = viewer.say("That can't be asked for", "요청할 수 없음");
    let what = words::fault(&viewer.view, "적은 것을 고쳐 다시 요청하십시오.", &why);
    error(StatusCode::BAD_REQUEST, title, &what)
}

pub(crate) fn render(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let html = unsteered(html);
            let policy = deliver::style_policy::of_page(&html);
            let mut response = Response::new(html.into());
            if let Some(policy) = policy {
                response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "a template could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page without what turns the direction of writing or steers who prints it: texts of others stand in it, and would show what
/// they are not.
fn unsteered(html: String) -> String {
    let steers = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\r' | '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if html.contains(steers) { html.replace(steers, "\u{fffd}") } else { html }
}

/// Makes a page about a member that the caller may look at, off the threads that serve connections.
async fn about_member<E: std::fmt::Display + 'static>(
    pages: Arc<Pages>,
    who: Who,
    handle: String,
    make: impl FnOnce(&Pages, &Viewer, &Member) -> Result<Response, E> + Send + 'static,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        match pages.members(&book, &viewer).into_iter().find(|member| member.handle == handle) {
            Some(member) => make(&pages, &viewer, member).unwrap_or_else(|error| broken(&error)),
            None => absent(),
        }
    })
    .await
}

/// Makes a page off the threads that serve connections.
pub(crate) async fn making(make: impl FnOnce() -> Response + Send + 'static) -> Response {
    tokio::task::spawn_blocking(view::carried(make)).await.unwrap_or_else(|error| broken(&error))
}

impl Pages {
    /// The fires of a circle, if the caller is shown them.
    fn fires(&self, viewer: &Viewer, circle: &Circle) -> Result<Option<Fires>, StorageError> {
        let now = (self.now)();
        let is_shown = match viewer.caller {
            Caller::Operator => true,
            Caller::Member(member) => circle.shows_fires(member, now),
        };
        is_shown.then(|| self.gate.fires(circle.id, now)).transpose()
    }

    fn frame(&self, book: &Book, viewer: &Viewer, title: impl Into<String>) -> Frame {
        let whose = match viewer.caller {
            Caller::Operator => viewer.say("operator", "운영자").to_owned(),
            Caller::Member(member) => {
                book.member(member).map(|member| member.name.clone()).unwrap_or_default()
            }
        };
        let person = viewer.actor.person.and_then(|id| book.person(id));
        let who = person.map_or_else(|| whose.clone(), |person| format!("{}, {whose}", person.name));
        let (rooms, doors) = rooms::around(viewer, &viewer.view);
        Frame {
            title: title.into(),
            who,
            node: self.title.clone(),
            made: Some(viewer.view.at((self.now)())),
            operator: viewer.is_operator(),
            person: viewer.actor.session.is_some(),
            form: viewer.actor.session.map(|(_, form)| form.to_string()).unwrap_or_default(),
            view: Arc::clone(&viewer.view),
            rooms,
            doors,
        }
    }

    /// Where a member's artefacts stand for the caller.
    fn artefact_root(viewer: &Viewer, member: &Member) -> String {
        match viewer.caller {
            Caller::Operator => format!("/as/{}/d", member.handle),
            Caller::Member(_) => "/d".to_owned(),
        }
    }

    /// The members that the caller may look at: an operator all that take part, a member itself.
    fn members<'b>(&self, book: &'b Book, viewer: &Viewer) -> Vec<&'b Member> {
        let mut members: Vec<&Member> = match viewer.caller {
            Caller::Operator => book.members().filter(|member| !member.ended).collect(),
            Caller::Member(id) => book.member(id).into_iter().collect(),
        };
        members.sort_by_key(|member| (member.level, member.handle.clone()));
        members
    }

    fn readers(&self, viewer: &Viewer, member: MemberId, wanted: Use) -> Vec<gate::Reader> {
        self.gate.readers(member, wanted, viewer.encrypted, (self.now)())
    }
}

fn links(viewer: &Viewer, root: &str, level: Level) -> Vec<Link> {
    let all = [
        (Level::Read, "advisory.html", viewer.say("advisory", "권고문")),
        (Level::List, "list/all.csv", viewer.say("list", "목록")),
        (Level::Block, "zone.rpz", viewer.say("zone", "영역")),
        (Level::Detect, "suricata.rules", viewer.say("rules", "탐지 규칙")),
    ];
    let mut links: Vec<Link> = all
        .into_iter()
        .filter(|(needs, ..)| *needs <= level)
        .map(|(_, path, text)| Link { href: format!("{root}/{path}"), text })
        .collect();
    if level == Level::Exchange {
        let href = root.strip_suffix("/d").unwrap_or_default();
        links.push(Link { href: format!("{href}/api/collections/"), text: "TAXII" });
    }
    links
}

/// What an object calls itself: its name, else what it holds, else its id.
fn name_of(raw: &str, id: &str) -> String {
    let named = ["name", "value", "pattern", "relationship_type", "abstract", "opinion"];
    let found = named.into_iter().find_map(|key| stix::head::property(raw, key));
    let name = found.unwrap_or_else(|| id.to_owned());
    name.chars().take(120).collect()
}
