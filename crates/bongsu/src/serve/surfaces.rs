//! The surfaces that a node serves over HTTP: who gets a request, and what stands around all of them.

use crate::cases::Shown;
use crate::exit::Failure;
use crate::folder::Folder;
use crate::monitor::ready::Readiness;
use crate::monitor::{Monitor, Route, named};
use crate::node::{self, Node};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::{self, Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use axum::response::Response;
use deliver::private::Private;
use deliver::push::events::Events;
use deliver::screening::Screening;
use deliver::screening::http::{at_once, is_screening};
use exchange::misp::rest::{Misp, is_misp, router as misp};
use exchange::persona::{PersonaCheck, router as personas};
use exchange::taxii::{StatusesIn, Taxii, router as taxii};
use exchange::transparency::cosign::Cosigned;
use exchange::transparency::server::{Log, router as log};
use exchange::transparency::witness::{Witness, router as witness};
use gate::{Cosigner, Via};
use policy::Channel;
use std::net::SocketAddr;
use std::sync::Arc;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate as _};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tracing::Instrument as _;
use web::auth::{Auth, Known, LetIn, Pace, PeerCertificate, Proxies, Relying, around};
use web::page::{Live, Pages};

/// What every answer says to browsers.
const HEADERS: [(&str, &str); 3] = [
    ("content-security-policy", deliver::style_policy::WITHOUT_STYLES),
    ("x-content-type-options", "nosniff"),
    // With `no-referrer`, a browser would not name the origin of what a form sends.
    ("referrer-policy", "same-origin"),
];

/// What every answer over TLS says: come back over TLS alone, for a year. Source: RFC 6797.
const OVER_TLS: (HeaderName, HeaderValue) =
    (http::header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));

/// Where a request came from.
#[derive(Clone, Copy)]
pub(crate) struct From {
    /// The other end; once a request is looked at, from where a trusted proxy says that it came.
    pub peer: SocketAddr,
    /// What it came over.
    pub channel: Channel,
    /// The certificate that it showed, verified.
    pub certificate: Option<PeerCertificate>,
}

/// Whether an answer goes to somebody who was let in: what packs one holds a quarter of a mebibyte until the last of it was taken,
/// which is too much for anybody who asks and does not read.
fn is_for_known(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Known>().is_some()
}

/// The body of a request, from wherever it comes.
pub(crate) trait Sent: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static {}

impl<B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static> Sent for B {}

/// The surfaces of a node.
#[derive(Clone)]
pub(crate) struct Surfaces {
    router: Router,
    auth: Arc<Auth>,
    screening: Arc<Screening>,
    monitor: Arc<Monitor>,
    proxies: Arc<Proxies>,
}

impl Surfaces {
    /// The surfaces as the node's configuration has them.
    ///
    /// # Errors
    /// When what one of them needs can't be had.
    pub(crate) fn of(
        node: &Node,
        folder: &Folder,
        told: Events,
        private: Option<Arc<Private>>,
        cosigned: Arc<Cosigned>,
    ) -> Result<Self, Failure> {
        let now = node.times();
        let deliver = node.deliver()?;
        let title = node.gate.key().name().to_owned();
        let taxii = taxii(Taxii {
            gate: node.gate.via(Via::Taxii),
            now: Arc::clone(&now),
            body_bytes_max: node.config.http.body_bytes_max,
            title: title.clone(),
            contact: None,
            statuses: match node.gate.store().beside() {
                Some(beside) => StatusesIn::Database(beside.clone(), folder.statuses()),
                None => StatusesIn::Folder(folder.statuses()),
            },
        });
        let judge = Arc::clone(&deliver);
        let misp = misp(Misp {
            gate: node.gate.via(Via::Misp),
            now: Arc::clone(&now),
            body_bytes_max: node.config.http.body_bytes_max,
            lists: Arc::new(move || judge.basis().lists()),
        });
        // One for programs and pages, so that both take turns.
        let weights = ::watch::persona::Weights::default();
        let checks = Arc::new(PersonaCheck::new(node.gate.clone(), Arc::clone(&now), weights));
        let personas = personas(Arc::clone(&checks));
        let log =
            log(Log { gate: node.gate.clone(), now: Arc::clone(&now), cosigned: Arc::clone(&cosigned) });
        let witness = witness(Witness {
            cosigner: Cosigner::of(node.gate.key()),
            logs: node.config.transparency.logs()?,
            folder: folder.witness(),
            shared: node.gate.store().beside().map(|beside| beside.room("witness")),
            now: Arc::clone(&now),
            in_order: parking_lot::Mutex::default(),
        });
        let federation = web::federation::Federation { gate: node.gate.clone(), now: Arc::clone(&now) };
        let federation = web::federation::router(federation);
        let zone_origin = node.config.dns.enabled.then(|| node.config.dns.origin().to_owned());
        let cases = Shown { book: Arc::clone(&node.cases), files: node.case_files.clone() };
        let mut auth = Auth::new(
            node.gate.clone(),
            node.tokens.clone(),
            node.config.web.open_on_loopback,
            Arc::clone(&now),
            node::seed,
        );
        auth.oidc = node.config.oidc.provider(&node.config.http)?;
        auth.relying = node.config.http.public_url.as_deref().and_then(Relying::of);
        auth.pace = Pace::new(node.config.pace.paces());
        auth.second = node.config.people.second_factor();
        for handle in auth.second.unknown(&node.gate.book()) {
            tracing::warn!(
                "people.second_factor_members names {handle}, which is no member here: of nobody there is anything demanded"
            );
        }
        if let Some(beside) = node.gate.store().beside() {
            auth = auth.beside(beside);
        }
        let auth = Arc::new(auth.noting(Arc::clone(&node.looks)));
        let pages = Pages {
            auth: Arc::clone(&auth),
            live: Live::new(told.pulse.clone(), told.stopped.clone()),
            public_url: node.config.http.public_url.clone(),
            cases: Arc::new(cases),
            runs: Arc::new(crate::runs::Shown(Arc::clone(&node.runs))),
            region: Arc::clone(&node.region) as Arc<dyn web::page::Region>,
            peers: Arc::new(crate::federation::Shown {
                gate: node.gate.clone(),
                peers: Arc::clone(&node.peers),
                now: Arc::clone(&now),
            }),
            capacity: Arc::clone(&node.capacity) as Arc<dyn web::page::Capacities>,
            transit: Arc::clone(&node.transit) as Arc<dyn web::page::Transit>,
            aid: Arc::clone(&node.aid) as Arc<dyn web::page::Aid>,
            gate: node.gate.via(Via::Page),
            search: Arc::clone(&node.search),
            cosigned,
            deliver: Arc::clone(&deliver),
            screening: node.screening()?,
            personas: checks,
            hunting: web::page::Hunting::default(),
            title,
            zone_origin,
            dns_port: node.config.dns.enabled.then(|| node.config.dns.listen.port()),
            patience: node.config.recall.patience(),
            now,
        };
        let pages = web::page::router(Arc::new(pages));
        let artefacts = deliver::router(Arc::clone(&deliver), Arc::new(told));
        let region: Arc<dyn web::page::Region> = Arc::clone(&node.region) as _;
        let calls = web::call::router(Arc::clone(&deliver), region, node.call_key().clone());
        let answers = web::answer::router(deliver);
        let asks = web::asks::router(node.gate.clone(), node.times());
        let screens = node.screening()?;
        let screening = deliver::screening::http::router(Arc::clone(&screens));
        let private = private.map(deliver::private::router);
        let ready = Readiness::new(node.gate.store().clone()).router();
        let [taxii, artefacts, log, federation, witness, answers, asks, calls] = [
            ("taxii", taxii),
            ("artefacts", artefacts),
            ("log", log),
            ("federation", federation),
            ("witness", witness),
            ("answer", answers),
            ("ask", asks),
            ("call", calls),
        ]
        .map(|(surface, router)| named(surface, router));
        let [screening, personas, misp, pages, ready] = [
            ("screening", screening),
            ("persona", personas),
            ("misp", misp),
            ("pages", pages),
            ("ready", ready),
        ]
        .map(|(surface, router)| named(surface, router));
        let private = private.map(|router| named("private", router));
        // By the first step of the path, untouched: each surface has its own routes and its own way to say no.
        let surfaces = Router::new().fallback_service(tower::service_fn(move |request: Request| {
            let surface = match request.uri().path().split('/').nth(1) {
                _ if is_screening(request.uri().path()) => screening.clone(),
                Some("taxii2" | "api") => taxii.clone(),
                Some("d") => artefacts.clone(),
                Some("log") => log.clone(),
                Some("federation") => federation.clone(),
                Some("witness") => witness.clone(),
                Some("private") => private.clone().unwrap_or_else(|| pages.clone()),
                Some("answer") => answers.clone(),
                Some("ask") => asks.clone(),
                Some("call") => calls.clone(),
                Some("persona") => personas.clone(),
                Some("ready") => ready.clone(),
                _ if is_misp(request.uri().path()) => misp.clone(),
                _ => pages.clone(),
            };
            surface.oneshot(request)
        }));
        let header = |(name, value): (&'static str, &'static str)| {
            SetResponseHeaderLayer::if_not_present(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        let [policy, sniffing, referrer] = HEADERS.map(header);
        let router = around(Arc::clone(&auth), surfaces)
            .layer(
                CompressionLayer::new()
                    .quality(CompressionLevel::Fastest)
                    .compress_when(DefaultPredicate::new().and(is_for_known)),
            )
            .layer(policy)
            .layer(sniffing)
            .layer(referrer)
            .layer(RequestBodyTimeoutLayer::new(node.config.http.body_timeout()))
            .layer(CatchPanicLayer::new());
        let proxies = Arc::new(node.config.http.proxies());
        Ok(Self { router, auth, screening: screens, monitor: Arc::clone(&node.monitor), proxies })
    }

    /// The log-in around them.
    pub(crate) fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    /// What counts requests.
    pub(crate) fn monitor(&self) -> &Arc<Monitor> {
        &self.monitor
    }

    /// Answers a request; `let_in` is told once it is known whose it is.
    pub(crate) async fn answer<B: Sent>(
        self,
        request: http::Request<B>,
        from: From,
        let_in: LetIn,
    ) -> Response {
        let from = From { peer: self.proxies.client(request.headers(), from.peer), ..from };
        let (monitor, asking) = (Arc::clone(&self.monitor), self.monitor.asked(&request));
        let span = tracing::info_span!("request", request_id = asking.id);
        let mut answer = self.answered(request, from, let_in, &span).await;
        span.in_scope(|| monitor.answered(asking, &mut answer));
        if from.channel.encrypted {
            let (name, value) = OVER_TLS;
            answer.headers_mut().insert(name, value);
        }
        answer
    }

    async fn answered<B: Sent>(
        self,
        mut request: http::Request<B>,
        from: From,
        let_in: LetIn,
        span: &tracing::Span,
    ) -> Response {
        if let Some(answer) = self.at_once(&request, &from, &let_in).await {
            return answer;
        }
        request.extensions_mut().insert(let_in);
        request.extensions_mut().insert(ConnectInfo(from.peer));
        request.extensions_mut().insert(from.channel);
        if let Some(certificate) = from.certificate {
            request.extensions_mut().insert(certificate);
        }
        match self.router.oneshot(request.map(Body::new)).instrument(span.clone()).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }

    /// Answers whether one value is known, if that is what a member asks and nothing stands in its way: systems that pay or resolve
    /// ask nothing else, before each thing that they do. All that is not as plain takes the way through the layers, which also
    /// says why something is refused.
    async fn at_once<B>(&self, request: &http::Request<B>, from: &From, let_in: &LetIn) -> Option<Response> {
        if request.method() != Method::GET || request.uri().path() != at_once::PATH {
            return None;
        }
        let member = self.auth.member(request.headers(), from.certificate.as_ref(), from.peer.ip())?;
        let_in.tell();
        let mut answer = at_once::answer(&self.screening, member, from.channel, request.uri()).await?;
        answer.extensions_mut().insert(Route::of(at_once::PATH));
        for (name, value) in HEADERS {
            answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Some(answer)
    }
}
