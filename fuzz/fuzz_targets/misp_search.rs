#![no_main]
//! The MISP server, asked by a member: never an error of ours, never what the member may not see, and searches that keep
//! their laws: a page is a part of the whole, one condition more never finds more, and a count is how many there are.
//! The first line is method and path; the rest is the body.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bongsu_fuzz::node::{ISP, SECRET, node, now};
use exchange::misp::rest::{Misp, router};
use http::Request;
use http_body_util::BodyExt as _;
use libfuzzer_sys::fuzz_target;
use policy::{Caller, Channel};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use watch::Lists;

fuzz_target!(|text: &str| {
    let (target, body) = text.split_once('\n').unwrap_or((text, ""));
    let Some((method, path)) = target.split_once(' ') else { return };
    // What changes the node would make one input depend on another.
    let reads = method != "POST" || path.to_ascii_lowercase().contains("search") || path.contains("index");
    if !reads || !matches!(method, "GET" | "HEAD" | "POST") {
        return;
    }
    let Some((status, answer, _)) = ask(method, path, body) else { return };
    assert!(status < 500, "{status} {answer}");
    assert!(text.contains(SECRET) || !answer.contains(SECRET), "it may not see that");
    if status == 200 && path == "/attributes/restSearch" {
        search(body);
    }
});

/// The attributes that a search finds, by UUID.
fn found(search: &Value) -> Option<(Vec<String>, Option<usize>)> {
    let (status, answer, count) = ask("POST", "/attributes/restSearch", &search.to_string())?;
    let answer: Value = serde_json::from_str(&answer).ok().filter(|_| status == 200)?;
    let rows = answer["response"]["Attribute"].as_array()?;
    Some((rows.iter().filter_map(|row| row["uuid"].as_str().map(str::to_owned)).collect(), count))
}

fn search(body: &str) {
    let Ok(Value::Object(mut search)) = serde_json::from_str(body) else { return };
    let paging = ["limit", "page", "returnFormat", "request"];
    // Names are read however they are written, so the law's own names must not be there in another spelling.
    let plain = |key: &String| key.to_ascii_lowercase().replace(['_', '[', ']'], "");
    let named = |search: &Map<String, Value>, name: &str| search.keys().any(|key| plain(key) == name);
    if named(&search, "returnformat") {
        return;
    }
    paging.iter().for_each(|name| drop(search.remove(*name)));
    let Some((all, count)) = found(&Value::Object(search.clone())) else { return };
    assert_eq!(count, Some(all.len()), "{body}");
    let with = |name: &str, value: Value| {
        let mut more = search.clone();
        more.insert(name.to_owned(), value);
        found(&Value::Object(more))
    };
    if search.keys().any(|key| plain(key).contains("limit")) {
        return;
    }
    if let Some((page, count)) = with("limit", json!(2)) {
        assert!(
            count == Some(all.len()) && page == all.iter().take(2).cloned().collect::<Vec<_>>(),
            "{body}"
        );
    }
    let anywhere = named(&search, "searchall") || named(&search, "quickfilter");
    if !anywhere
        && !named(&search, "type")
        && let Some((narrowed, _)) = with("type", json!(["domain"]))
    {
        assert!(narrowed.iter().all(|uuid| all.contains(uuid)), "{body}: a condition more finds more");
    }
}

fn ask(method: &str, path: &str, body: &str) -> Option<(u16, String, Option<usize>)> {
    static SERVER: OnceLock<(Router, Runtime)> = OnceLock::new();
    let (router, runtime) = SERVER.get_or_init(|| {
        let misp = Misp {
            gate: node().gate.clone(),
            now: Arc::new(now),
            body_bytes_max: 64 * 1024,
            lists: Arc::new(Lists::none),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        (router(misp), runtime.unwrap_or_else(|error| panic!("{error}")))
    });
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let mut request = request.body(Body::from(body.to_owned())).ok()?;
    request.extensions_mut().insert(Caller::Member(ISP));
    request.extensions_mut().insert(Channel { encrypted: true, looked_at: false });
    Some(runtime.block_on(async {
        let Ok(response): Result<Response, _> = router.clone().oneshot(request).await;
        let status = response.status().as_u16();
        let count =
            response.headers().get("x-result-count").and_then(|count| count.to_str().ok()?.parse().ok());
        let body = response.into_body().collect().await.unwrap_or_else(|error| panic!("{error}"));
        (status, String::from_utf8_lossy(&body.to_bytes()).into_owned(), count)
    }))
}
