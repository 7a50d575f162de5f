//! OpenCTI's TAXII feeds, asked as they ask. OpenCTI itself is not run here: what it asks, and what it keeps from one turn to the next,
//! is written after its source (`ingestionTaxii.ts`).
//!
//! Each turn is one GET: `next` if there is one, with the `added_after` of the walk, and by default no `limit`. While there is `more` with a
//! `next`, the next turn goes on there; else `added_after` becomes `X-TAXII-Date-Added-Last`, cut to milliseconds as JavaScript has them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::node::{Node, Serving, bundle, id, indicator};

/// What OpenCTI keeps of a feed.
#[derive(Default)]
struct Feed {
    current_state_cursor: Option<String>,
    added_after_start: Option<String>,
    /// Whether the newest was added on a millisecond itself: then nothing of it comes again.
    is_whole: bool,
}

/// What a turn brought.
struct Turn {
    ids: Vec<String>,
    /// Whether the next turn goes on in the same walk.
    goes_on: bool,
}

/// A time as `utcDate(…).toISOString()` has it.
fn to_iso(time: &str) -> String {
    let (seconds, rest) = time.split_once('.').unwrap();
    format!("{seconds}.{}Z", &rest[..3])
}

impl Feed {
    fn turn(&mut self, node: &Node, serving: &Serving, collection: &str, limit: Option<&str>) -> Turn {
        // Its URL is what an administrator typed, with a slash put behind it.
        let url = format!("{}/api/collections/{collection}/objects/", serving.url);
        let asked = [
            ("next", self.current_state_cursor.as_deref()),
            ("added_after", self.added_after_start.as_deref()),
            ("limit", limit),
        ];
        // As axios writes it: what is not set is left out, and colons stay as they are.
        let asked: Vec<String> =
            asked.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect();
        let asked = asked.join("&");
        let request = serving.client.get(format!("{url}?{asked}")).header("user-agent", "opencti/6.8.0");
        let request = request.header("accept", "application/taxii+json;version=2.1");
        let answer = request.basic_auth("exchange", node.tokens.get("exchange")).send().unwrap();
        assert_eq!(answer.status(), 200, "{asked}");
        let last =
            answer.headers().get("x-taxii-date-added-last").map(|last| last.to_str().unwrap().to_owned());
        let page: Value = answer.json().unwrap();
        let objects = page["objects"].as_array().cloned().unwrap_or_default();
        let ids: Vec<String> = objects.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        if ids.is_empty() {
            // It keeps what it has, and asks the same again.
            return Turn { ids, goes_on: false };
        }
        let next = page["next"].as_str().filter(|next| page["more"] == true && !next.is_empty());
        match next {
            Some(next) => self.current_state_cursor = Some(next.to_owned()),
            None => {
                self.current_state_cursor = None;
                // Without the header it would take its own clock, and miss what came meanwhile.
                let last = last.unwrap();
                self.is_whole = last.ends_with("000Z");
                self.added_after_start = Some(to_iso(&last));
            }
        }
        Turn { ids, goes_on: next.is_some() }
    }

    /// Turns until a walk is through: how often each object came, in their order.
    fn walk(&mut self, node: &Node, serving: &Serving, collection: &str, limit: Option<&str>) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let turn = self.turn(node, serving, collection, limit);
            all.extend(turn.ids);
            if !turn.goes_on {
                return all;
            }
        }
    }
}

fn share(node: &Node, numbers: std::ops::Range<u128>) {
    let all: Vec<Value> =
        numbers.map(|number| indicator(number, &format!("x{number}.feed-k3.top"))).collect();
    let file = node.file("bundle.json", bundle(&all));
    let told = node.json(&["import", &file, "--circle", "region", "--as", "detect"]);
    assert_eq!(told["added"], all.len(), "{told}");
}

fn expected(numbers: std::ops::Range<u128>) -> Vec<String> {
    numbers.map(|number| id("indicator", number)).collect()
}

#[test]
fn opencti_gets_all_once_and_then_what_is_new() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    share(&node, 0..2_500);
    let serving = node.serve();
    let collections: Value =
        serde_json::from_str(&node.text(&serving, "exchange", "/api/collections/")).unwrap();
    let collection = collections["collections"][0]["id"].as_str().unwrap().to_owned();
    for limit in [None, Some("700")] {
        let mut feed = Feed::default();
        let first = feed.walk(&node, &serving, &collection, limit);
        assert_eq!(first, expected(0..2_500), "each once, in the order in which they came ({limit:?})");
    }

    // What comes later, more than a page of it, while a walk is under way as well.
    let mut feed = Feed::default();
    let mut came = feed.turn(&node, &serving, &collection, Some("1000")).ids;
    share(&node, 2_500..3_200);
    came.extend(feed.walk(&node, &serving, &collection, Some("1000")));
    assert_eq!(came, expected(0..3_200), "a walk that goes on misses nothing, and takes nothing twice");
    share(&node, 3_200..5_500);
    let next = feed.walk(&node, &serving, &collection, Some("1000"));
    // The date is cut to milliseconds: what was added within the last of them comes again, and nothing before it.
    let again: BTreeSet<&String> = next.iter().filter(|id| came.contains(id)).collect();
    let new: Vec<String> = next.iter().filter(|id| !again.contains(id)).cloned().collect();
    assert_eq!(new, expected(3_200..5_500));
    assert!(again.len() < 1_000, "{}", again.len());
    let mut times = BTreeMap::<&String, usize>::new();
    next.iter().for_each(|id| *times.entry(id).or_default() += 1);
    assert!(times.values().all(|times| *times == 1), "nothing twice in one walk");

    // With nothing new, a turn brings what fell into the last millisecond, again and again, and the walk ends.
    let (one, other) =
        (feed.walk(&node, &serving, &collection, None), feed.walk(&node, &serving, &collection, None));
    assert_eq!(one, other);
    assert!(one.is_empty() == feed.is_whole && one.len() < 1_000, "{}", one.len());
    assert!(feed.is_whole || one.last() == expected(3_200..5_500).last(), "the newest is among them");

    // From a day that its administrator chose.
    let mut later =
        Feed { added_after_start: Some("2030-01-01T00:00:00.000Z".to_owned()), ..Feed::default() };
    assert_eq!(later.walk(&node, &serving, &collection, None), Vec::<String>::new());
}
