#![no_main]
//! The TAXII server, asked by a member: never an error of ours, always JSON, never what the member may not see, pages whose
//! objects have heads, and statuses that add up. Three lines: method and path, `Accept`, `Content-Type`; then the body.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bongsu_fuzz::node::{ISP, SECRET, node, now};
use exchange::taxii::{Taxii, router};
use http::Request;
use http_body_util::BodyExt as _;
use libfuzzer_sys::fuzz_target;
use policy::{Caller, Channel};
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

fuzz_target!(|text: &str| {
    // The member may see what it has posted itself, now and in all that follows.
    if text.contains(SECRET) {
        return;
    }
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let [target, accept, content_type, body] = [line(), line(), line(), line()];
    let Some((method, path)) = target.split_once(' ') else { return };
    let path = path.replace("{c}", "/api/collections/00000000-0000-0000-0000-0000000000cc");
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in [("accept", accept), ("content-type", content_type)] {
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    let Ok(mut request) = request.body(Body::from(body.to_owned())) else { return };
    request.extensions_mut().insert(Caller::Member(ISP));
    request.extensions_mut().insert(Channel { encrypted: true, looked_at: false });
    let is_head = request.method() == http::Method::HEAD;
    let gives_objects = gives_objects(request.uri().path());
    let (status, answer) = answer(request);
    assert!(!status.is_server_error(), "{status} {answer}");
    assert!(!answer.contains(SECRET), "it may not see that");
    if is_head {
        return;
    }
    let value: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
    if status == 202 {
        let count = |name: &str| value[name].as_u64();
        let sum = count("success_count").zip(count("failure_count")).map(|(good, bad)| good + bad);
        assert!(sum.is_some() && sum == count("total_count"), "{answer}");
    }
    if status == 200 && gives_objects {
        for raw in stix::bundle::envelope(&answer).unwrap_or_else(|finding| panic!("{finding}")) {
            assert!(stix::read_head(raw.get()).is_ok(), "no head: {raw}");
        }
    }
});

/// Whether what a path names are objects, and not what is said about them.
fn gives_objects(path: &str) -> bool {
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    matches!(steps[..], [_, "collections", _, "objects"] | [_, "collections", _, "objects", _])
}

fn answer(request: Request<Body>) -> (http::StatusCode, String) {
    static SERVER: OnceLock<(Router, Runtime)> = OnceLock::new();
    let (router, runtime) = SERVER.get_or_init(|| {
        let taxii = Taxii {
            gate: node().gate.clone(),
            now: Arc::new(now),
            body_bytes_max: 64 * 1024,
            title: "Fuzz".to_owned(),
            contact: None,
            statuses: exchange::taxii::StatusesIn::Memory,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        (router(taxii), runtime.unwrap_or_else(|error| panic!("{error}")))
    });
    runtime.block_on(async {
        let Ok(response): Result<Response, _> = router.clone().oneshot(request).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap_or_else(|error| panic!("{error}"));
        (status, String::from_utf8(body.to_bytes().into()).unwrap_or_else(|error| panic!("{error}")))
    })
}
