//! A node among MISPs: synchronised with as a server, read as a feed, and reading feeds.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange::misp::pull::{Cursor, Remote, Source, Walk};
use exchange::pull::{Credentials, Http, Remote as Server};
use serde_json::{Value, json};

use crate::misp_client::{python, region};
use crate::node::{Node, Serving, bundle, id, indicator, shared};

const EVENTS: [&str; 2] = [
    "misp/events/pymisp/reportlab_testfiles/image_event.json",
    "misp/events/pymisp/mispevent_testfiles/sighting_1.json",
];

fn event_files() -> Vec<String> {
    let found = |name: &str| {
        let file = std::path::Path::new(name).file_name().unwrap().to_owned();
        let folder = shared("misp/events/pymisp");
        let folders = [folder.join("reportlab_testfiles"), folder.join("mispevent_testfiles")];
        let found = folders.iter().map(|folder| folder.join(&file)).find(|path| path.exists());
        found.unwrap_or_else(|| panic!("{name} is not there")).to_str().unwrap().to_owned()
    };
    EVENTS.iter().map(|name| found(name)).collect()
}

#[test]
fn a_misp_pushes_to_a_node_and_another_pulls_from_it() {
    let (node, serving) = region();
    let files = event_files();
    let mut arguments = vec![serving.url.as_str(), &node.tokens["source"], &node.tokens["exchange"]];
    arguments.extend(files.iter().map(String::as_str));
    let told = python("misp_sync.py", &arguments);
    let steps: Vec<&str> = told.lines().collect();
    let expected = [
        "connection",
        "push new",
        "push changed",
        "push sightings",
        "push analyst data",
        "pull index",
        "pull events",
        "pull sightings",
        "pull analyst data",
    ];
    assert_eq!(steps, expected);
    serving.stop();
    assert_eq!(node.json(&["verify"])["sound"], true);
}

/// A circle with what came from MISP beside what did not.
fn with_events() -> (Node, Serving) {
    let (node, serving) = region();
    for file in event_files() {
        let told = node.json(&["import", &file, "--circle", "region", "--as", "source"]);
        assert!(told["added"].as_u64().unwrap() > 3, "{told}");
    }
    let report = json!({
        "type": "report", "spec_version": "2.1", "id": id("report", 7), "created": "2026-09-01T00:00:00.000Z",
        "modified": "2026-09-01T00:00:00.000Z", "published": "2026-09-01T00:00:00Z", "name": "Paper Lantern",
        "object_refs": [id("indicator", 1)], "report_types": ["campaign"],
    });
    let file = node
        .file("native.json", bundle(&[indicator(1, "native-k3.top"), report, indicator(2, "alone-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "source"]);
    (node, serving)
}

/// Reads a feed; the events, and how many were known.
async fn pulled(source: &Source, cursor: &mut Cursor) -> (BTreeMap<String, Value>, usize) {
    let mut events = BTreeMap::new();
    let mut walk = Walk::begin(source.clone(), Some(cursor.clone()), &|_| None).await.unwrap();
    while let Some(page) = walk.page().await.unwrap_or_else(|error| panic!("{error}")) {
        assert!(page.findings.is_empty(), "{:?}", page.findings);
        for raw in page.events {
            let mut event: Value = serde_json::from_str(&raw.text).unwrap();
            events.insert(raw.uuid.to_string(), event["Event"].take());
        }
    }
    cursor.clone_from(walk.cursor());
    (events, walk.unchanged())
}

#[tokio::test]
async fn a_feed_is_read_by_pymisp_and_by_another_node_which_fetches_only_what_changed() {
    let (node, serving) = tokio::task::spawn_blocking(with_events).await.unwrap();
    let address = format!("{}/misp/feed/region", serving.url);
    let token = node.tokens["exchange"].clone();
    let folder = node.dir.path().join("feed");
    std::fs::create_dir(&folder).unwrap();
    let arguments = [address.clone(), "exchange".into(), token.clone(), folder.to_str().unwrap().to_owned()];
    let told = tokio::task::spawn_blocking(move || {
        python("misp_feed.py", &arguments.each_ref().map(String::as_str))
    });
    let told = told.await.unwrap();
    // Two MISP events of which one is published or not, the report, and what stands alone.
    let (events, hashes) = told.trim().split_once(' ').unwrap();
    assert!(events.parse::<usize>().unwrap() >= 3 && hashes.parse::<usize>().unwrap() > 40, "{told}");

    // The folder that PyMISP filled is a feed, and so is the node's address: both hold the same.
    let server = Server { credentials: Credentials::Key { key: token }, ..Server::default() };
    let http = Http::new(server, Arc::new(|| stix::Timestamp::from_micros(0))).unwrap();
    let remote = Source::Feed(Remote::new(http, address.parse().unwrap()));
    let local = Source::Folder(folder);
    let mut cursor = Cursor::default();
    let (first, known) = pulled(&remote, &mut cursor).await;
    assert_eq!((first.len(), known), (events.parse().unwrap(), 0));
    let (from_folder, _) = pulled(&local, &mut Cursor::default()).await;
    assert_eq!(first, from_folder);
    let (nothing, known) = pulled(&remote, &mut cursor).await;
    assert!(nothing.is_empty() && known == 0, "the list is as it was, and nothing in it is looked at");

    // One event changes: it alone is fetched.
    let mut changed = indicator(2, "alone-k3.top");
    changed["modified"] = json!("2026-10-01T00:00:00.000Z");
    changed["description"] = json!("seen again");
    let file = node.file("changed.json", bundle(&[changed]));
    let (node, serving) = tokio::task::spawn_blocking(move || {
        node.json(&["import", &file, "--circle", "region", "--as", "source"]);
        (node, serving)
    })
    .await
    .unwrap();
    let (second, known) = pulled(&remote, &mut cursor).await;
    assert_eq!((second.len(), known), (1, first.len() - 1));
    assert!(second.values().next().unwrap().to_string().contains("alone-k3.top"));
    tokio::task::spawn_blocking(move || {
        let outsider = node.get(&serving, "outsider", "/misp/feed/region/manifest.json").send().unwrap();
        let nothing = node.get(&serving, "outsider", "/misp/feed/nowhere/manifest.json").send().unwrap();
        assert_eq!((outsider.status(), nothing.status()), (404.try_into().unwrap(), 404.try_into().unwrap()));
        let text = |response: reqwest::blocking::Response| response.text().unwrap();
        assert_eq!(
            text(outsider).replace("region", "nowhere"),
            text(nothing),
            "absent and forbidden are one answer"
        );
        serving.stop();
    })
    .await
    .unwrap();
}
