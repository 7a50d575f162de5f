//! kill -9 at random moments during ingest loses nothing that was acknowledged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::node::{Node, indicator};

/// How often the node is killed.
const KILLS: u64 = 500;
/// Clients that post meanwhile.
const CLIENTS: u64 = 3;

/// A small generator (xorshift64*), so that a failure can be repeated.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below another.
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        // The lowest bits are the poorest.
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % below
    }
}

#[test]
fn five_hundred_kills_lose_nothing_that_was_acknowledged() {
    let node = Arc::new({
        let node = Node::with_members();
        node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
        node
    });
    let acknowledged = Arc::new(Mutex::new(HashMap::new()));
    let mut dice = Dice(0x0b0f_a9d2);
    let mut number = 0_u128;
    for _ in 0..KILLS {
        let serving = Arc::new(node.serve_with(&[("BONGSU__DNS__ENABLED", "false")]));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let first = number;
                number += 1_000_000;
                let (node, serving, acknowledged) =
                    (Arc::clone(&node), Arc::clone(&serving), Arc::clone(&acknowledged));
                std::thread::spawn(move || post_until_it_fails(&node, &serving, first, &acknowledged))
            })
            .collect();
        std::thread::sleep(Duration::from_micros(dice.next(60_000)));
        serving.kill();
        clients.into_iter().for_each(|client| client.join().unwrap());
    }
    let told = node.json(&["verify"]);
    assert_eq!(told["sound"], true, "{told}");
    let serving = node.serve_with(&[("BONGSU__DNS__ENABLED", "false")]);
    let mut there = HashMap::new();
    let mut next = String::new();
    loop {
        let text =
            node.text(&serving, "exchange", &format!("/api/collections/region/objects/?limit=5000{next}"));
        let page: Value = serde_json::from_str(&text).unwrap();
        for object in page["objects"].as_array().into_iter().flatten() {
            let seen = there.insert(object["id"].as_str().unwrap().to_owned(), object.to_string());
            assert_eq!(seen, None, "once");
        }
        match page["next"].as_str() {
            Some(at) => next = format!("&next={at}"),
            None => break,
        }
    }
    let acknowledged = acknowledged.lock().unwrap();
    assert!(acknowledged.len() > 500, "{} were acknowledged", acknowledged.len());
    for (id, text) in acknowledged.iter() {
        let kept = there.get(id).unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
        let (kept, sent): (Value, Value) =
            (serde_json::from_str(kept).unwrap(), serde_json::from_str(text).unwrap());
        assert_eq!(kept, sent);
    }
}

fn post_until_it_fails(
    node: &Node,
    serving: &crate::node::Serving,
    first: u128,
    acknowledged: &Mutex<HashMap<String, String>>,
) {
    for number in (first..).step_by(5) {
        let objects: Vec<Value> = (number..number + 5).map(|number| indicator(number, "a-k3.top")).collect();
        let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
        let Ok(response) = node.post(serving, "exchange", "region", &texts.join(",")).send() else { return };
        let Ok(status) = response.json::<Value>() else { return };
        assert_eq!(status["failure_count"], 0, "{status}");
        let mut acknowledged = acknowledged.lock().unwrap();
        for success in status["successes"].as_array().into_iter().flatten() {
            let id = success["id"].as_str().unwrap().to_owned();
            let text = objects.iter().find(|object| object["id"] == id.as_str()).unwrap().to_string();
            acknowledged.insert(id, text);
        }
    }
}
