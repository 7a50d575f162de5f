//! Four nodes beside one database, all of them and the database killed at random: each object that was acknowledged is read
//! exactly once by each reader.
//!
//! In the suite it lasts some seconds; `BONGSU_KILL_SECONDS=600` is ten minutes of it, and `BONGSU_SEED` other chances.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use reqwest::blocking::Client;
use serde_json::Value;

use crate::kill::Dice;
use crate::node::{Node, Serving, TAXII, client, id, indicator};
use crate::server::Server;
use crate::several_nodes::{TIME, WITHOUT_DNS, nodes};

const NODES: usize = 4;
const WRITERS: usize = 16;
const READERS: usize = 16;
/// Objects of an envelope.
const OBJECTS: u128 = 5;

/// What a load balancer knows: where nodes are that were there a moment ago.
struct Balancer {
    urls: RwLock<Vec<Option<String>>>,
    turn: AtomicUsize,
}

impl Balancer {
    fn next(&self) -> Option<String> {
        let urls = self.urls.read();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        (0..NODES).find_map(|at| urls[(turn + at) % NODES].clone())
    }
}

struct World<'w> {
    balancer: &'w Balancer,
    node: &'w Node,
    stop: &'w AtomicBool,
    ended: &'w AtomicBool,
    acknowledged: &'w Mutex<BTreeSet<String>>,
}

impl World<'_> {
    /// Sends envelopes until it is told to stop, each again until it is acknowledged, at whatever node.
    fn write(&self, http: &Client, writer: usize) {
        for first in (writer as u128 * 100_000_000..).step_by(OBJECTS as usize) {
            let objects: Vec<String> = (first..first + OBJECTS)
                .map(|number| indicator(number, &format!("w{number}-k3.top")).to_string())
                .collect();
            let body = format!("{{\"objects\":[{}]}}", objects.join(","));
            loop {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                if self.post(http, &body).is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(30));
            }
            self.acknowledged.lock().extend((first..first + OBJECTS).map(|number| id("indicator", number)));
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    fn post(&self, http: &Client, body: &str) -> Option<()> {
        let url = format!("{}/api/collections/region/objects/", self.balancer.next()?);
        let request = http.post(url).basic_auth("exchange", self.node.tokens.get("exchange"));
        let request = request.header("content-type", TAXII).header("accept", TAXII).body(body.to_owned());
        let answer = request.send().ok()?;
        // What the node can't do while the database is away, it says.
        let status = answer.status().as_u16();
        assert!(matches!(status, 202 | 500 | 503 | 507), "{status}: {}", answer.text().unwrap_or_default());
        let told: Value = answer.json().ok().filter(|_| status == 202)?;
        assert_eq!(told["success_count"], OBJECTS as u64, "{told}");
        Some(())
    }

    /// Reads on behind its cursor, at whatever node, until all is read that was acknowledged. Gives what it read, in its order.
    fn read(&self, http: &Client) -> Vec<String> {
        let (mut seen, mut cursor, mut had) = (Vec::new(), String::new(), BTreeSet::new());
        let mut until: Option<Instant> = None;
        loop {
            match self.page(http, &cursor) {
                Some((ids, last)) if !ids.is_empty() => {
                    had.extend(ids.iter().cloned());
                    seen.extend(ids);
                    cursor = format!("&added_after={last}");
                }
                _ => {
                    if self.ended.load(Ordering::Relaxed) {
                        let until = *until.get_or_insert_with(|| Instant::now() + TIME);
                        let is_all = self.acknowledged.lock().iter().all(|id| had.contains(id));
                        if is_all || Instant::now() > until {
                            return seen;
                        }
                    }
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }

    /// One page behind a cursor: the objects' ids, and the next cursor.
    fn page(&self, http: &Client, cursor: &str) -> Option<(Vec<String>, String)> {
        let url = format!("{}/api/collections/region/objects/?limit=200{cursor}", self.balancer.next()?);
        let request = http.get(url).basic_auth("reader", self.node.tokens.get("reader"));
        let answer = request.header("accept", TAXII).send().ok()?;
        let status = answer.status().as_u16();
        assert!(matches!(status, 200 | 500 | 503), "{status}: {}", answer.text().unwrap_or_default());
        if status != 200 {
            return None;
        }
        let last = answer.headers().get("x-taxii-date-added-last").map(|at| at.to_str().unwrap().to_owned());
        let page: Value = answer.json().ok()?;
        let ids = page["objects"].as_array().into_iter().flatten();
        Some((
            ids.map(|object| object["id"].as_str().unwrap().to_owned()).collect(),
            last.unwrap_or_default(),
        ))
    }
}

/// Lets writers and readers end with what has them work, also where that fails: else they would be waited for without end.
struct Ends<'w>(&'w World<'w>);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
        self.0.ended.store(true, Ordering::Relaxed);
    }
}

fn number_of(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

#[test]
fn whatever_is_killed_each_acknowledged_object_is_read_once_by_each_reader() {
    let (seconds, seed) = (number_of("BONGSU_KILL_SECONDS", 20), number_of("BONGSU_SEED", 0x0b0f_a9d2));
    let mut server = Server::start();
    let (nodes, _) = nodes(&server, NODES);
    let mut serving: Vec<Serving> = nodes.iter().map(|node| node.serve_with(WITHOUT_DNS)).collect();
    let urls = serving.iter().map(|one| Some(one.url.clone())).collect();
    let balancer = Balancer { urls: RwLock::new(urls), turn: AtomicUsize::new(0) };
    let (stop, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    let acknowledged = Mutex::default();
    let world = World {
        balancer: &balancer,
        node: &nodes[0],
        stop: &stop,
        ended: &ended,
        acknowledged: &acknowledged,
    };
    let (mut dice, mut killed, mut restarted) = (Dice(seed | 1), 0, 0);
    let seen: Vec<Vec<String>> = std::thread::scope(|scope| {
        let world = &world;
        let _ends = Ends(world);
        let writers: Vec<_> =
            (0..WRITERS).map(|at| scope.spawn(move || world.write(&client(), at))).collect();
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(move || world.read(&client()))).collect();
        let until = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < until {
            std::thread::sleep(Duration::from_millis(400 + dice.next(1_600)));
            if dice.next(5) == 0 {
                server.order("kill");
                server.wait();
                restarted += 1;
                continue;
            }
            let at = dice.next(NODES as u64) as usize;
            serving[at].kill();
            killed += 1;
            balancer.urls.write()[at] = None;
            std::thread::sleep(Duration::from_millis(dice.next(500)));
            serving[at] = nodes[at].serve_with(WITHOUT_DNS);
            balancer.urls.write()[at] = Some(serving[at].url.clone());
        }
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        ended.store(true, Ordering::Relaxed);
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    let acknowledged = acknowledged.into_inner();
    println!("{} acknowledged, {killed} nodes killed, the database {restarted} times", acknowledged.len());
    assert!(acknowledged.len() > 50 && killed > 2, "{} {killed}", acknowledged.len());
    for seen in &seen {
        let once: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(once.len(), seen.len(), "nothing is read twice");
        let missing: Vec<&String> = acknowledged.iter().filter(|id| !once.contains(id)).collect();
        assert!(
            missing.is_empty(),
            "{} were acknowledged and not read: {:?}",
            missing.len(),
            missing.first()
        );
    }
    let orders: BTreeSet<&[String]> =
        seen.iter().map(|seen| &seen[..acknowledged.len().min(seen.len())]).collect();
    assert_eq!(orders.len(), 1, "all readers read the same, in the same order");
    drop(serving);
    assert_eq!(nodes[1].json(&["verify"])["sound"], true);
}
