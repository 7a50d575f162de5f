//! Events of feeds and MISPs: only what is new is fetched, what is wrong with one leaves the others alone, and a walk that
//! breaks off goes on.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bongsu_exchange::misp::pull::{Cursor, Remote, Source, Walk, WalkError};
use bongsu_exchange::pull::{Credentials, Limits, PullError};
use uuid::Uuid;

use super::fake::{http, listen};

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_0000_0000_0000 + number)
}

fn event(number: u128, timestamp: i64) -> String {
    let uuid = uuid(number);
    format!(
        r#"{{"Event":{{"uuid":"{uuid}","timestamp":"{timestamp}","info":"event {number}","Attribute":[]}}}}"#
    )
}

fn put(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn manifest_of(folder: &Path, rows: &[(u128, i64)]) {
    let rows: Vec<String> = rows
        .iter()
        .map(|(number, at)| format!(r#""{}":{{"info":"x","timestamp":{at}}}"#, uuid(*number)))
        .collect();
    put(folder, "manifest.json", &format!("{{{}}}", rows.join(",")));
}

/// The numbers of the events that were given, how many were known, and the codes of the findings.
fn pulled(folder: &Path, cursor: &mut Cursor) -> Result<(Vec<u128>, usize, Vec<&'static str>), WalkError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(walked(Source::Folder(folder.to_owned()), cursor))
}

async fn walked(
    source: Source,
    cursor: &mut Cursor,
) -> Result<(Vec<u128>, usize, Vec<&'static str>), WalkError> {
    let mut walk = Walk::begin(source, Some(cursor.clone()), &|_| None).await?;
    let (mut numbers, mut codes) = (Vec::new(), Vec::new());
    while let Some(page) = walk.page().await? {
        numbers.extend(page.events.iter().map(|raw| raw.uuid.as_u128() - uuid(0).as_u128()));
        codes.extend(page.findings.iter().map(|finding| finding.code));
        cursor.clone_from(walk.cursor());
    }
    cursor.clone_from(walk.cursor());
    numbers.sort_unstable();
    codes.sort_unstable();
    Ok((numbers, walk.unchanged(), codes))
}

#[test]
fn only_what_is_newer_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    (1..=30).for_each(|number| put(folder, &format!("{}.json", uuid(number)), &event(number, 100)));
    manifest_of(folder, &(1..=30).map(|number| (number, 100)).collect::<Vec<_>>());
    let mut cursor = Cursor::default();
    let (numbers, known, codes) = pulled(folder, &mut cursor).unwrap();
    assert_eq!((numbers.len(), known, codes.len()), (30, 0, 0));
    let kept: Cursor = serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
    assert_eq!(kept, cursor, "a cursor is kept as text");
    assert_eq!(pulled(folder, &mut cursor).unwrap().1, 30);
    put(folder, &format!("{}.json", uuid(7)), &event(7, 200));
    let rows: Vec<(u128, i64)> =
        (1..=30).map(|number| (number, if number == 7 { 200 } else { 100 })).collect();
    manifest_of(folder, &rows);
    assert_eq!(pulled(folder, &mut cursor).unwrap().0, [7]);
    assert!(pulled(folder, &mut cursor).unwrap().0.is_empty());
}

#[test]
fn what_is_wrong_with_one_event_leaves_the_others_and_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, &format!("{}.json", uuid(1)), &event(1, 100));
    put(folder, &format!("{}.json", uuid(2)), "{\"Event\": {\"uuid\": ");
    put(folder, &format!("{}.json", uuid(3)), &event(4, 100));
    let mut rows = vec![(1, 100), (2, 100), (3, 100), (5, 100)];
    manifest_of(folder, &rows);
    let text = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    put(folder, "manifest.json", &text.replacen('{', "{\"../../etc/passwd\":{\"timestamp\":1},", 1));
    let mut cursor = Cursor::default();
    let (numbers, _, codes) = pulled(folder, &mut cursor).unwrap();
    assert_eq!(numbers, [1]);
    assert_eq!(codes, ["misp-event", "misp-event", "misp-event-missing", "misp-event-name"]);
    (2..=5).filter(|number| *number != 4).for_each(|number| {
        put(folder, &format!("{}.json", uuid(number)), &event(number, 100));
    });
    rows.retain(|(number, _)| *number != 4);
    manifest_of(folder, &rows);
    assert_eq!(pulled(folder, &mut cursor).unwrap().0, [2, 3, 5]);
}

#[test]
fn without_a_manifest_hashes_or_file_names_name_the_events() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    (1..=3).for_each(|number| put(folder, &format!("{}.json", uuid(number)), &event(number, 100)));
    let mut cursor = Cursor::default();
    assert_eq!(pulled(folder, &mut cursor).unwrap().0, [1, 2, 3], "by their names");
    assert!(pulled(folder, &mut cursor).unwrap().0.is_empty(), "their own times say that they are known");
    put(folder, &format!("{}.json", uuid(2)), &event(2, 150));
    assert_eq!(pulled(folder, &mut cursor).unwrap().0, [2]);
    put(folder, "hashes.csv", &format!("aa,{}\nbb,{}\nnonsense\n", uuid(1), uuid(3)));
    let (numbers, _, codes) = pulled(folder, &mut Cursor::default()).unwrap();
    assert_eq!((numbers, codes.len()), (vec![1, 3], 1));
}

#[test]
fn what_is_no_feed_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(pulled(folder.path(), &mut Cursor::default()), Err(WalkError::NoFeed { .. })));
    put(folder.path(), "manifest.json", "<html>log in</html>");
    assert!(matches!(pulled(folder.path(), &mut Cursor::default()), Err(WalkError::List { .. })));
    put(folder.path(), "manifest.json", "[]");
    assert_eq!(pulled(folder.path(), &mut Cursor::default()).unwrap(), (vec![], 0, vec![]));
}

#[tokio::test]
async fn a_walk_that_breaks_off_goes_on_where_it_was_and_keeps_nothing_that_the_caller_knows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    (1..=40).for_each(|number| put(folder, &format!("{}.json", uuid(number)), &event(number, 100)));
    manifest_of(folder, &(1..=40).map(|number| (number, 100)).collect::<Vec<_>>());
    let seen = Mutex::new(HashMap::new());
    // Of the odd ones the caller can tell by itself that it has them.
    let held = |one: Uuid| seen.lock().unwrap().get(&one).copied().filter(|_| one.as_u128() % 2 == 1);
    let mut cursor = Cursor::default();
    for _ in 0..10 {
        let mut walk = Walk::begin(Source::Folder(folder.to_owned()), Some(cursor), &held).await.unwrap();
        for raw in walk.page().await.unwrap().into_iter().flat_map(|page| page.events) {
            assert!(
                seen.lock().unwrap().insert(raw.uuid, raw.timestamp).is_none(),
                "{} came twice",
                raw.uuid
            );
        }
        cursor = walk.cursor().clone();
    }
    assert_eq!(seen.lock().unwrap().len(), 40);
    assert_eq!(cursor.events.len(), 20, "what the caller knows need not be kept");
    let mut all = Walk::begin(Source::Folder(folder.to_owned()), None, &held).await.unwrap();
    assert_eq!(all.left(), 40, "from the start");
    assert_eq!(all.page().await.unwrap().unwrap().events.len(), 8);
}

/// Files by their paths, with entity tags; what was asked for and what was answered is noted.
#[derive(Clone, Default)]
struct Server {
    files: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

impl Server {
    async fn start(&self) -> String {
        let server = self.clone();
        let answer = move |uri: Uri, headers: HeaderMap| async move { server.answer(&uri, &headers) };
        listen(Router::new().fallback(answer)).await
    }

    fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response {
        assert_eq!(headers["authorization"], "secret", "the key stands alone");
        let response = match self.files.lock().unwrap().get(uri.path()) {
            None => StatusCode::NOT_FOUND.into_response(),
            Some(text) => {
                let tag = format!("\"{:x}\"", text.len());
                match headers.get("if-none-match").is_some_and(|known| *known == *tag) {
                    true => StatusCode::NOT_MODIFIED.into_response(),
                    false => ([("etag", tag)], text.clone()).into_response(),
                }
            }
        };
        self.asked.lock().unwrap().push((uri.path().to_owned(), response.status().as_u16()));
        response
    }

    fn put(&self, path: &str, text: impl Into<String>) {
        self.files.lock().unwrap().insert(path.to_owned(), text.into());
    }

    fn asked(&self) -> Vec<(String, u16)> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn remote(base: &str) -> Remote {
    let key = Credentials::Key { key: "secret".to_owned() };
    Remote::new(http(key, Limits::default()), base.parse().unwrap())
}

#[tokio::test]
async fn a_list_and_events_that_are_what_they_were_are_not_sent_again() {
    let server = Server::default();
    let url = server.start().await;
    server.put("/f/hashes.csv", format!("aa,{}\n", uuid(1)));
    server.put(&format!("/f/{}.json", uuid(1)), event(1, 100));
    let source = Source::Feed(remote(&format!("{url}/f/manifest.json")));
    let mut cursor = Cursor::default();
    assert_eq!(walked(source.clone(), &mut cursor).await.unwrap().0, [1]);
    server.asked();
    assert_eq!(walked(source.clone(), &mut cursor).await.unwrap(), (vec![], 1, vec![]));
    assert_eq!(server.asked().last().unwrap(), &(format!("/f/{}.json", uuid(1)), 304));
    server.put("/f/manifest.json", format!(r#"{{"{}":{{"timestamp":200}}}}"#, uuid(1)));
    server.put(&format!("/f/{}.json", uuid(1)), event(1, 2000));
    assert_eq!(walked(source.clone(), &mut cursor).await.unwrap().0, [1]);
    server.asked();
    assert_eq!(walked(source, &mut cursor).await.unwrap().0, []);
    assert_eq!(server.asked(), [("/f/manifest.json".to_owned(), 304)]);
}

#[tokio::test]
async fn a_misp_is_asked_for_its_index_and_for_what_is_newer_or_was_sighted() {
    let server = Server::default();
    let url = server.start().await;
    let row = |number: u128, at: i64, sighted: i64| {
        format!(
            r#"{{"id":"{number}","uuid":"{}","timestamp":"{at}","sighting_timestamp":"{sighted}","published":true}}"#,
            uuid(number)
        )
    };
    let view = |number: u128| format!("/misp/events/view/{}/deleted[]:0/deleted[]:1", uuid(number));
    server.put("/misp/events/index", format!("[{},{},{{}}]", row(1, 100, 0), row(2, 100, 0)));
    server.put(&view(1), event(1, 100));
    server.put(&view(2), event(2, 100));
    let source = Source::Server(remote(&format!("{url}/misp")));
    let mut cursor = Cursor::default();
    let told = walked(source.clone(), &mut cursor).await.unwrap();
    assert_eq!(told, (vec![1, 2], 0, vec!["misp-event-name"]));
    server.put("/misp/events/index", format!("[{},{}]", row(1, 100, 0), row(2, 100, 150)));
    assert_eq!(walked(source.clone(), &mut cursor).await.unwrap().0, [2], "it was sighted");
    server.put("/misp/events/index", "<html>");
    assert!(matches!(walked(source, &mut cursor).await, Err(WalkError::List { .. })));
}

#[tokio::test]
async fn a_busy_server_is_left_alone_for_as_long_as_it_asks_also_by_date() {
    for (value, seconds) in [("120", 120), ("Fri, 01 Jan 2100 00:05:00 GMT", 300)] {
        let busy = move || async move { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", value)]) };
        let url = listen(Router::new().fallback(busy)).await;
        let error = walked(Source::Feed(remote(&url)), &mut Cursor::default()).await.unwrap_err();
        let WalkError::Server(PullError::Busy { after, .. }) = error else { panic!("{error}") };
        assert_eq!(after, Duration::from_secs(seconds));
    }
}
