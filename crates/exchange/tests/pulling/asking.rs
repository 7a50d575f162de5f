//! Single requests: waiting, limits, redirections, other protocols, objects added.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use bongsu_exchange::pull::taxii::{Client, Place, Use, wire::Collection};
use bongsu_exchange::pull::{Credentials, Limits, PullError, Url};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::fake::{TAXII, client, http, listen, object};

fn taxii(body: &str) -> Response {
    ([("content-type", TAXII)], body.to_owned()).into_response()
}

const ROOT: &str =
    r#"{"title":"R","versions":["application/taxii+json;version=2.1"],"max_content_length":400}"#;
const COLLECTIONS: &str = r#"{"collections":[
    {"id":"a","title":"A","alias":"first","can_read":true,"can_write":true},
    {"id":"b","title":"B","can_read":false,"can_write":true}]}"#;

async fn find(url: &str, named: Option<&str>) -> Result<Place, PullError> {
    client(Credentials::Nothing, Limits::default()).find(&url.parse::<Url>().unwrap(), named, Use::Read).await
}

fn node() -> Router {
    Router::new()
        .route(
            "/taxii2/",
            get(async || taxii(r#"{"title":"T","default":"/api/","api_roots":["/gone/","/api/"]}"#)),
        )
        .route("/gone/", get(async || StatusCode::NOT_FOUND))
        .route("/api/", get(async || taxii(ROOT)))
        .route("/api/collections/", get(async || taxii(COLLECTIONS)))
        .route(
            "/api/collections/a/",
            get(async || taxii(r#"{"id":"a","title":"A","can_read":true,"can_write":true}"#)),
        )
}

#[tokio::test]
async fn a_collection_is_found_from_any_of_its_addresses() {
    let url = listen(node()).await;
    for (path, named) in [
        ("/taxii2/", None),
        ("/taxii2", Some("a")),
        ("/api/", Some("first")),
        ("/api", Some("A")),
        ("/api/collections/a", None),
        ("/api/collections/a/objects/?limit=1", None),
    ] {
        let place =
            find(&format!("{url}{path}"), named).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(place.url.as_str(), format!("{url}/api/collections/a/"), "{path}");
        assert_eq!(place.api_root.unwrap().max_content_length, Some(400), "{path}");
    }
    let error = find(&format!("{url}/taxii2/"), Some("x")).await.unwrap_err().to_string();
    assert!(error.contains("there is no collection `x`") && error.contains("a (A), b (B)"), "{error}");
    assert!(find(&url, None).await.is_err());
}

#[tokio::test]
async fn a_busy_server_is_waited_for_and_one_that_asks_for_long_is_left_alone() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let busy =
        |after: &'static str| (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", after)]).into_response();
    let router = Router::new()
        .route(
            "/api/collections/a/",
            get(move || async move {
                match ASKED.fetch_add(1, Ordering::SeqCst) {
                    0 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response(),
                    // A date that has passed: at once.
                    1 => busy("Tue, 24 Nov 2026 12:00:30 GMT"),
                    2 => StatusCode::BAD_GATEWAY.into_response(),
                    _ => taxii(r#"{"id":"a","title":"A","can_read":true}"#),
                }
            }),
        )
        .route("/api/collections/b/", get(move || async move { busy("3600") }));
    let url = listen(router).await;
    let began = std::time::Instant::now();
    find(&format!("{url}/api/collections/a/"), None).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1) && ASKED.load(Ordering::SeqCst) == 4);
    let error = find(&format!("{url}/api/collections/b/"), None).await.unwrap_err();
    assert!(matches!(error, PullError::Busy { after, .. } if after == Duration::from_secs(3_600)), "{error}");
    assert!(error.passes());
}

#[tokio::test]
async fn credentials_go_to_the_configured_host_alone() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let other = listen(Router::new().fallback(any(move |headers: HeaderMap| async move {
        noted.lock().unwrap().push(format!("{headers:?}"));
        taxii(r#"{"id":"a","title":"A","can_read":true}"#)
    })))
    .await;
    let elsewhere = format!("{other}/api/");
    let discovery = format!(r#"{{"title":"T","api_roots":["{elsewhere}"]}}"#);
    let router = Router::new()
        .route("/taxii2/", get(move || async move { taxii(&discovery) }))
        .route("/moved/collections/a/", get(move || async move { Redirect::temporary(&elsewhere) }))
        .route("/slash/collections/a/", get(async || Redirect::permanent("/api/collections/a/")))
        .route(
            "/api/collections/a/",
            get(async |headers: HeaderMap| {
                assert_eq!(headers["authorization"], "Bearer secret");
                taxii(r#"{"id":"a","title":"A","can_read":true}"#)
            }),
        );
    let url = listen(router).await;
    let asks = client(Credentials::Bearer { token: "secret".to_owned() }, Limits::default());
    let find = async |path: &str| asks.find(&format!("{url}{path}").parse().unwrap(), None, Use::Read).await;
    find("/slash/collections/a/").await.unwrap();
    for path in ["/taxii2/", "/moved/collections/a/"] {
        assert!(matches!(find(path).await, Err(PullError::Redirected { .. })), "{path}");
    }
    assert!(seen.lock().unwrap().is_empty(), "the other host was never asked");
}

#[tokio::test]
async fn an_answer_that_unpacks_to_too_much_is_cut_off() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![b' '; 8 << 20]).unwrap();
    let packed = packer.finish().unwrap();
    assert!(packed.len() < 20_000);
    let router = Router::new().fallback(any(move || async move {
        ([("content-type", TAXII), ("content-encoding", "gzip")], packed.clone()).into_response()
    }));
    let url: Url = listen(router).await.parse().unwrap();
    let limits = Limits { answer_bytes_max: 1 << 20, ..Limits::default() };
    let error = http(Credentials::Nothing, limits).get(&url, TAXII).await.unwrap_err();
    assert!(matches!(error, PullError::TooLarge { limit_bytes: 1_048_576, .. }), "{error}");
}

#[tokio::test]
async fn other_protocols_are_told_apart() {
    let old = "application/vnd.oasis.taxii+json; version=2.0";
    let router = Router::new()
        .route(
            "/old/collections/a/",
            get(async move |headers: HeaderMap| match headers["accept"].to_str() {
                Ok(accept) if accept.contains("vnd.oasis") => ([("content-type", old)], "{}").into_response(),
                _ => StatusCode::NOT_ACCEPTABLE.into_response(),
            }),
        )
        .route("/says20/collections/a/", get(async move || ([("content-type", old)], "{}").into_response()))
        .route("/page/collections/a/", get(async || axum::response::Html("<p>Hello</p>").into_response()))
        .route(
            "/spaced/collections/a/",
            get(async |headers: HeaderMap| match headers["accept"].to_str() {
                Ok("application/taxii+json; version=2.1") => {
                    taxii(r#"{"id":"a","title":"A","can_read":true}"#)
                }
                _ => StatusCode::NOT_ACCEPTABLE.into_response(),
            }),
        );
    let url = listen(router).await;
    for path in ["old", "says20"] {
        let error = find(&format!("{url}/{path}/collections/a/"), None).await.unwrap_err();
        assert!(matches!(error, PullError::OldTaxii { .. }), "{path}: {error}");
    }
    let error = find(&format!("{url}/page/collections/a/"), None).await.unwrap_err().to_string();
    assert!(error.contains("is this the address of a TAXII server"), "{error}");
    find(&format!("{url}/spaced/collections/a/"), None).await.unwrap();
}

/// A server that takes 400 bytes, has room for 300, and decides later.
async fn taking() -> (Client, Place, Arc<Mutex<Vec<usize>>>) {
    let sizes: Arc<Mutex<Vec<usize>>> = Arc::default();
    let noted = Arc::clone(&sizes);
    let asked = Arc::new(AtomicUsize::new(0));
    let router = Router::new()
        .route(
            "/api/collections/a/objects/",
            any(move |headers: HeaderMap, body: Bytes| async move {
                assert_eq!(headers["content-type"], TAXII);
                if body.len() > 300 {
                    return StatusCode::PAYLOAD_TOO_LARGE.into_response();
                }
                let envelope: serde_json::Value = serde_json::from_slice(&body).unwrap();
                let count = envelope["objects"].as_array().unwrap().len();
                noted.lock().unwrap().push(count);
                let status = format!(r#"{{"id":"s{count}","status":"pending","total_count":{count},"pending_count":{count},"success_count":0,"failure_count":0}}"#);
                (StatusCode::ACCEPTED, taxii(&status)).into_response()
            }),
        )
        .route(
            "/api/status/s1/",
            get(move || async move {
                match asked.fetch_add(1, Ordering::SeqCst) % 2 {
                    0 => taxii(r#"{"id":"s1","status":"pending","pending_count":1,"success_count":0,"failure_count":0}"#),
                    _ => taxii(r#"{"id":"s1","status":"complete","pending_count":0,"success_count":0,"failure_count":1,"failures":[{"id":"x","message":"no"}]}"#),
                }
            }),
        );
    let url = listen(router).await;
    let root: Url = format!("{url}/api/").parse().unwrap();
    let collection = Collection {
        id: "a".to_owned(),
        title: String::new(),
        alias: None,
        can_read: true,
        can_write: true,
        media_types: Vec::new(),
    };
    let api_root = match bongsu_exchange::pull::taxii::wire::resource(ROOT.as_bytes()) {
        Ok(bongsu_exchange::pull::taxii::wire::Resource::ApiRoot(root)) => Some(root),
        other => panic!("{other:?}"),
    };
    let place =
        Place { url: format!("{url}/api/collections/a/").parse().unwrap(), root, api_root, collection };
    (client(Credentials::Nothing, Limits::default()), place, sizes)
}

#[tokio::test]
async fn objects_are_sent_in_envelopes_that_the_server_takes_and_their_fate_is_waited_for() {
    let (client, place, sizes) = taking().await;
    let mut objects: Vec<String> = (0..5).map(|number| object(number, 1_700_000_000_000_000)).collect();
    objects.push(format!(r#"{{"id":"long","x":"{}"}}"#, "x".repeat(500)));
    let added = client.add(&place, &objects).await.unwrap();
    assert_eq!(sizes.lock().unwrap().iter().sum::<usize>(), 5, "each once");
    assert!(sizes.lock().unwrap().iter().all(|count| *count == 1), "two of them are over 300 bytes");
    assert_eq!((added.successes, added.failures, added.pendings), (0, 6, 0));
    assert!(added.reasons.iter().any(|(id, why)| id == "long" && why.contains("longer")), "{added:?}");
    assert!(added.reasons.iter().filter(|(id, why)| id == "x" && why == "no").count() == 5);
}

#[tokio::test]
async fn a_collection_to_write_to_is_found_and_a_servers_own_spelling_of_the_media_type() {
    let took = async |headers: HeaderMap| match headers["content-type"].to_str() {
        // With a space, as some servers want it.
        Ok("application/taxii+json; version=2.1") => {
            let status = r#"{"id":"s9","status":"pending","total_count":1,"success_count":0,"failure_count":0,"pending_count":1}"#;
            (StatusCode::ACCEPTED, taxii(status)).into_response()
        }
        _ => StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response(),
    };
    let offered = r#"{"collections":[
        {"id":"a","title":"A","can_read":true,"can_write":false},
        {"id":"b","title":"B","can_read":false,"can_write":true}]}"#;
    let waiting = r#"{"id":"s9","status":"pending","pending_count":1,"success_count":0,"failure_count":0}"#;
    let router = Router::new()
        .route("/api/", get(async || taxii(ROOT)))
        .route("/api/collections/", get(move || async move { taxii(offered) }))
        .route("/api/collections/b/objects/", any(took))
        .route("/api/status/s9/", get(move || async move { taxii(waiting) }));
    let url = listen(router).await;
    let limits = Limits { wait_first: Duration::ZERO, wait_max: Duration::ZERO, ..Limits::default() };
    let client = client(Credentials::Nothing, limits);
    let root: Url = format!("{url}/api/").parse().unwrap();
    let place = client.find(&root, None, Use::Write).await.unwrap();
    assert_eq!(place.collection.id, "b", "the one that can be written to");
    let added = client.add(&place, &[object(1, 1_700_000_000_000_000)]).await.unwrap();
    assert_eq!((added.pendings, added.undecided), (1, vec![format!("{url}/api/status/s9/")]));
}

#[tokio::test]
async fn an_answer_that_trickles_on_and_on_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // A request is shorter than that, and comes at once.
        let _request = stream.read(&mut [0; 4_096]).await.unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {TAXII}\r\ncontent-length: 1000000\r\n\r\n");
        let mut sent = stream.write_all(head.as_bytes()).await;
        while sent.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            sent = stream.write_all(b" ").await;
        }
    });
    let limits = Limits { answer_timeout: Duration::from_millis(300), attempts: 1, ..Limits::default() };
    let client = client(Credentials::Nothing, limits);
    let address = format!("{url}/api/collections/a/").parse().unwrap();
    let error = client.find(&address, None, Use::Read).await.unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}
