#![no_main]
//! Log-in: a request gets in as a caller only if it shows that caller's token, or comes from this machine to this machine's
//! own name; a token in a path opens artefacts alone. Five lines: method, path, `Authorization`, `Host`, peer.
//! `{isp}` and `{operator}` stand for the tokens; `basic USER:PASSWORD` is encoded.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bongsu_fuzz::node::{ISP, node, now};
use http::{Method, Request};
use libfuzzer_sys::fuzz_target;
use policy::Caller;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use web::auth::{Auth, around};

/// What arrived behind the log-in.
#[derive(Debug, Clone)]
struct Arrived {
    caller: Option<Caller>,
    path: String,
}

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let [method, path, shown, host, peer] = [line(), line(), line(), line(), line()];
    let fill = |text: &str| text.replace("{isp}", &node().isp).replace("{operator}", &node().operator);
    let (path, shown) = (fill(path), fill(shown));
    let header = match shown.strip_prefix("basic ") {
        Some(pair) => format!("Basic {}", STANDARD.encode(pair)),
        None => shown.clone(),
    };
    let mut request = Request::builder().method(method).uri(&path).header("host", host);
    if !header.is_empty() {
        request = request.header("authorization", header);
    }
    let Ok(mut request) = request.body(Body::empty()) else { return };
    let peer: IpAddr = peer.parse().unwrap_or(IpAddr::from([198, 51, 100, 1]));
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 1)));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = answer(request);
    assert!(!response.status().is_server_error(), "{}", response.status());
    let Some(arrived) = response.extensions().get::<Arrived>() else { return };
    let reads = method == Method::GET || method == Method::HEAD;
    let is_local = reads && peer.to_canonical().is_loopback() && !foreign(host);
    let by_path = |token: &str| path.starts_with("/t/") && path.contains(token);
    match arrived.caller {
        None => {
            let is_open =
                ["/healthz", "/style.css", "/page.js", "/passkey.js", "/search.js", "/proof.js", "/answer", "/login", "/welcome"].contains(&arrived.path.as_str());
            let has_link = ["/answer/", "/login/", "/welcome/"].iter().any(|root| arrived.path.starts_with(root));
            assert!(is_open || has_link, "{arrived:?}");
        }
        Some(Caller::Operator) => {
            let by_path = by_path(&node().operator) && reads && arrived.path.starts_with("/d");
            assert!(shown.contains(&node().operator) || by_path || is_local, "{arrived:?}");
        }
        Some(Caller::Member(member)) => {
            let by_path = by_path(&node().isp) && reads && arrived.path.starts_with("/d");
            let looked_at =
                path.starts_with("/as/") && reads && (shown.contains(&node().operator) || is_local);
            let itself = member == ISP && (shown.contains(&node().isp) || by_path);
            assert!(itself || looked_at, "{arrived:?}");
        }
    }
});

/// Whether a name is one that somebody else can give an address to.
fn foreign(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let is_name = !name.is_empty()
        && port.bytes().all(|b| b.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    is_name && name != "localhost" && name.parse::<IpAddr>().is_err()
}

fn answer(request: Request<Body>) -> Response {
    static DOOR: OnceLock<(Router, Runtime)> = OnceLock::new();
    let (router, runtime) = DOOR.get_or_init(|| {
        let inner = Router::new().fallback(async |request: Request<Body>| {
            let caller = request.extensions().get::<Caller>().copied();
            let mut response = ().into_response();
            response.extensions_mut().insert(Arrived { caller, path: request.uri().path().to_owned() });
            response
        });
        let auth =
            Auth::new(node().gate.clone(), node().tokens.clone(), true, Arc::new(now), || Some([7; 32]));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        (around(Arc::new(auth), inner), runtime.unwrap_or_else(|error| panic!("{error}")))
    });
    let Ok(response) = runtime.block_on(router.clone().oneshot(request));
    response
}
