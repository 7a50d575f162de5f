//! Several nodes, each with a folder of its own, beside one database: what one takes all give, what one node does at a time is taken
//! over, and a client that asks the next node sees no error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{Node, Serving, id, in_a_file, indicator, wait};
use crate::people::{Browser, PASSWORD, logged_in};
use crate::push::Peer;
use crate::server::Server;

pub(crate) const TIME: Duration = Duration::from_secs(60);
pub(crate) const WITHOUT_DNS: &[(&str, &str)] = &[("BONGSU__DNS__ENABLED", "false")];

/// Nodes beside one database, with a member at each level and a circle of three of them, and where the database is.
pub(crate) fn nodes(server: &Server, count: usize) -> (Vec<Node>, String) {
    let mut first = in_a_file(Node::with_members);
    first.member("reader", "exchange", "amber");
    let members = ["--member", "exchange", "--member", "block", "--member", "reader"];
    first.json(&[&["circle", "add", "region"][..], &members].concat());
    let config = first.data().join("bongsu.toml");
    let address = server.address(&server.database());
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("takeover_s = 10", &format!("takeover_s = 6\nurl = \"{address}\""));
    let text = text.replace("# allow_hosts = [\"hooks.intern.example\"]", "allow_hosts = [\"127.0.0.1\"]");
    assert!(text.contains(&address) && text.contains("allow_hosts = [\"127"));
    std::fs::write(&config, text).unwrap();
    first.json(&["migrate", "database"]);
    let shared = first.dir.path().join("shared.json");
    first.json(&["node", "share", shared.to_str().unwrap()]);
    let mut nodes = vec![first];
    while nodes.len() < count {
        let node = Node::of(tempfile::tempdir().unwrap(), nodes[0].tokens.clone());
        node.json(&["init", "--beside", shared.to_str().unwrap()]);
        nodes.push(node);
    }
    (nodes, address)
}

pub(crate) fn all(nodes: &[Node], environment: &[(&str, &str)]) -> Vec<Serving> {
    nodes.iter().map(|node| node.serve_with(environment)).collect()
}

fn status_of(node: &Node, serving: &Serving, member: &str, path: &str) -> u16 {
    node.get(serving, member, path).send().unwrap().status().as_u16()
}

/// Waits until a page answers so.
pub(crate) fn becomes(node: &Node, serving: &Serving, member: &str, path: &str, status: u16) {
    let became = wait(TIME, || (status_of(node, serving, member, path) == status).then_some(()));
    assert!(became.is_some(), "{member} {path}: {}", status_of(node, serving, member, path));
}

#[test]
fn what_one_node_takes_all_give_and_who_logs_in_at_one_is_logged_in_at_all() {
    let (mut nodes, address) = nodes(Server::shared(), 3);
    let serving = all(&nodes, WITHOUT_DNS);
    let posted = nodes[0].post(&serving[0], "exchange", "region", &indicator(1, "one-k3.top").to_string());
    let posted: Value = posted.send().unwrap().json().unwrap();
    assert_eq!(posted["success_count"], 1, "{posted}");
    let objects = "/api/collections/region/objects/";
    let read =
        wait(TIME, || nodes[1].text(&serving[1], "reader", objects).contains("one-k3.top").then_some(()));
    assert!(read.is_some());
    let status = format!("/api/status/{}/", posted["id"].as_str().unwrap());
    let told: Value = serde_json::from_str(&nodes[2].text(&serving[2], "exchange", &status)).unwrap();
    assert_eq!((&told["id"], &told["success_count"]), (&posted["id"], &json!(1)), "{told}");
    assert_eq!(status_of(&nodes[2], &serving[2], "reader", &status), 404, "another's is not there");

    // Who takes part is the same everywhere, whoever says so, and all at once.
    let added = nodes[1].json(&["member", "add", "late", "--level", "exchange", "--clearance", "amber"]);
    let (credential, token) =
        (added["token"]["id"].clone(), added["token"]["token"].as_str().unwrap().to_owned());
    nodes.iter_mut().for_each(|node| drop(node.tokens.insert("late".to_owned(), token.clone())));
    nodes[2].json(&["circle", "join", "region", "late"]);
    becomes(&nodes[0], &serving[0], "late", objects, 200);
    std::thread::scope(|scope| {
        for (at, node) in nodes.iter().enumerate() {
            scope.spawn(move || {
                for number in 0..4 {
                    node.json(&["member", "add", &format!("m{at}{number}"), "--level", "list"]);
                }
            });
        }
    });
    for node in &nodes {
        let listed = node.json(&["member", "list"]);
        let count = listed["members"].as_array().unwrap().len();
        assert_eq!(count, 6 + 1 + 12, "no change undid another: {listed}");
    }
    nodes[1].json(&["credential", "revoke", credential.as_str().unwrap()]);
    becomes(&nodes[2], &serving[2], "late", objects, 401);

    // A session, its end, and a lock that no other node is a way around.
    let mut kim = logged_in(&nodes[0], &serving[0], "kim", "exchange", &["analyst"]);
    let known = wait(TIME, || {
        let mut there = Browser::new(&serving[1]);
        there.cookies = kim.cookies.clone();
        (there.get("/objects").status == 200).then_some(there)
    });
    let mut there = known.unwrap();
    assert!(kim.get("/account").text.contains("127.0.0.1"));
    assert_eq!(there.post("/account", "/logout", &[]).status, 303);
    let ended = wait(TIME, || (kim.get("/objects").status == 303).then_some(()));
    assert!(ended.is_some(), "a session that ended at one node has ended at all");
    for at in 0..6 {
        assert_eq!(Browser::new(&serving[at % 3]).log_in("kim", "a wrong sentence of mine", "").status, 401);
    }
    assert_eq!(Browser::new(&serving[0]).log_in("kim", PASSWORD, "").status, 401, "it is locked for a while");

    // A folder with other secrets is none of theirs.
    let stranger = Node::new();
    let mut command = stranger.command(&["member", "list"]);
    let output = command.env("BONGSU__DATABASE__URL", &address).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("bongsu init --beside"), "{said}");
    serving.into_iter().for_each(Serving::stop);
    assert_eq!(nodes[2].json(&["verify"])["sound"], true);
}

/// Which of the logs says last that its node has taken a work over, among those that still serve.
fn leader(logs: &[(usize, PathBuf)], work: &str) -> Option<usize> {
    let says = |path: &Path| {
        std::fs::read_to_string(path).unwrap().contains(&format!("this node has taken over: {work}"))
    };
    logs.iter().find(|(_, path)| says(path)).map(|(at, _)| *at)
}

#[test]
fn a_message_is_taken_once_though_the_node_that_sends_is_killed_and_zones_go_on_with_later_serials() {
    let (nodes, _) = nodes(Server::shared(), 3);
    let secret = nodes[0].file("secret", "");
    let hook = Peer::start(&["hook", &secret]);
    let url = format!("http://127.0.0.1:{}/maybe", hook.next());
    let mut logs: Vec<(usize, PathBuf)> =
        (0..3).map(|at| (at, nodes[at].dir.path().join("serve.log"))).collect();
    let mut serving: Vec<Option<Serving>> =
        logs.iter().map(|(at, log)| Some(nodes[*at].serve_logged(log, &[]))).collect();
    let made = nodes[1].json(&["member", "webhook", "block", "--url", &url]);
    std::fs::write(&secret, made["webhook"]["secret"].as_str().unwrap()).unwrap();
    let post = |serving: &Serving, number: u128| {
        let object = indicator(number, &format!("evil-k{number}.top")).to_string();
        let answer = nodes[0].post(serving, "exchange", "region", &object).send().unwrap();
        assert_eq!(answer.status(), 202);
    };
    let serial = |serving: &Serving| {
        let answer = nodes[0].get(serving, "block", "/d/zone.rpz").send().unwrap();
        if answer.status() == 503 {
            return None;
        }
        let text = answer.error_for_status().unwrap().text().unwrap();
        let after = text.split_once("hostmaster.localhost. ").unwrap().1;
        Some(after.split(' ').next().unwrap().parse::<u32>().unwrap())
    };
    // One of them gives out zones, and one of them posts.
    let first = wait(TIME, || {
        let given: Vec<(usize, u32)> =
            (0..3).filter_map(|at| Some((at, serial(serving[at].as_ref().unwrap())?))).collect();
        (!given.is_empty()).then_some(given)
    });
    let first = first.unwrap();
    assert_eq!(first.len(), 1, "serials are given out in one place: {first:?}");
    post(serving[0].as_ref().unwrap(), 1);
    let mut taken: Vec<Value> = vec![hook.next()];
    std::fs::write(format!("{secret}.fails"), "").unwrap();
    post(serving[1].as_ref().unwrap(), 2);
    // Whether the first was taken may have been forgotten: then it comes again.
    let failed = std::iter::repeat_with(|| hook.next()).find(|told| told["status"] == 500).unwrap();
    assert_ne!(failed["id"], taken[0]["id"]);
    let sends = leader(&logs, "push").unwrap();
    serving[sends].take().unwrap().kill();
    logs.retain(|(at, _)| *at != sends);
    std::fs::remove_file(format!("{secret}.fails")).unwrap();
    let left = *logs.first().map(|(at, _)| at).unwrap();
    post(serving[left].as_ref().unwrap(), 3);
    // Whoever takes over sends what waited, the same under the same id, and then what is new.
    while taken.len() < 3 {
        let told = hook.next();
        if told["status"] == 200 {
            taken.push(told);
        }
    }
    assert_eq!((&taken[1]["id"], &taken[1]["body"]), (&failed["id"], &failed["body"]), "the same message");
    assert_eq!(taken[2]["body"]["data"]["circles"][0]["objects"]["indicator"], 1, "{}", taken[2]);
    let ids: BTreeSet<&str> = taken.iter().map(|told| told["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 3, "each once");
    let next = leader(&logs, "push");
    assert!(next.is_some_and(|next| next != sends));
    // Where the node that gave out zones was killed, another does, and no secondary would take its zone for an older one.
    let again = wait(TIME, || logs.iter().find_map(|(at, _)| serial(serving[*at].as_ref().unwrap())));
    assert!(again.unwrap() > first[0].1, "{again:?} {first:?}");
    // What was told is known to all.
    let listed = nodes[left].json(&["webhook", "list"]);
    let of_block =
        listed["webhooks"].as_array().unwrap().iter().find(|one| one["member"] == "block").unwrap();
    assert_eq!(of_block["taken"].as_array().unwrap().len(), 3, "{of_block}");
    std::thread::sleep(Duration::from_secs(1));
    assert!(hook.lines.try_recv().is_err(), "nothing is told twice");
}

#[test]
fn a_node_that_stood_still_for_a_while_tells_nothing_again_when_it_goes_on() {
    let (nodes, _) = nodes(Server::shared(), 2);
    let secret = nodes[0].file("secret", "");
    let hook = Peer::start(&["hook", &secret]);
    let url = format!("http://127.0.0.1:{}/hook", hook.next());
    let logs: Vec<(usize, PathBuf)> = (0..2).map(|at| (at, nodes[at].dir.path().join("serve.log"))).collect();
    let serving: Vec<Serving> =
        logs.iter().map(|(at, log)| nodes[*at].serve_logged(log, WITHOUT_DNS)).collect();
    let made = nodes[0].json(&["member", "webhook", "block", "--url", &url]);
    std::fs::write(&secret, made["webhook"]["secret"].as_str().unwrap()).unwrap();
    let post = |at: usize, number: u128| {
        let object = indicator(number, &format!("evil-k{number}.top")).to_string();
        let answer = nodes[at].post(&serving[at], "exchange", "region", &object).send().unwrap();
        assert_eq!(answer.status(), 202);
    };
    let sends = wait(TIME, || leader(&logs, "push")).unwrap();
    let other = 1 - sends;
    post(other, 1);
    let mut ids = BTreeSet::from([hook.next()["id"].as_str().unwrap().to_owned()]);
    let taken = |at: usize| {
        let listed = nodes[at].json(&["webhook", "list"]);
        let all = listed["webhooks"].as_array().unwrap();
        all.iter().find(|one| one["member"] == "block").unwrap()["taken"].as_array().unwrap().len()
    };
    // Whose success was not written down yet would be sent again under the same id.
    assert!(wait(TIME, || (taken(other) == 1).then_some(())).is_some());
    // It stands still in the middle of its term, and knows nothing of what the other does meanwhile.
    serving[sends].signal("STOP");
    post(other, 2);
    assert!(ids.insert(hook.next()["id"].as_str().unwrap().to_owned()), "the other tells it");
    serving[sends].signal("CONT");
    post(sends, 3);
    assert!(ids.insert(hook.next()["id"].as_str().unwrap().to_owned()));
    let has_noticed = wait(TIME, || {
        let log = std::fs::read_to_string(&logs[sends].1).unwrap();
        log.contains("another node has taken over: push").then_some(())
    });
    assert!(has_noticed.is_some());
    std::thread::sleep(Duration::from_secs(2));
    assert!(hook.lines.try_recv().is_err(), "nothing is told again");
    assert_eq!(taken(sends), 3);
}

#[test]
fn a_client_that_asks_the_next_node_sees_no_error_while_all_are_started_anew() {
    let (nodes, _) = nodes(Server::shared(), 3);
    let serving: Vec<parking_lot::RwLock<Option<Serving>>> =
        all(&nodes, WITHOUT_DNS).into_iter().map(|one| parking_lot::RwLock::new(Some(one))).collect();
    let stop = AtomicBool::new(false);
    let urls = || -> Vec<String> {
        serving.iter().filter_map(|one| one.read().as_ref().map(|one| one.url.clone())).collect()
    };
    let posted = std::thread::scope(|scope| {
        let (nodes, stop, urls) = (&nodes, &stop, &urls);
        let clients: Vec<_> = (0..3_u128)
            .map(|client| {
                scope.spawn(move || {
                    let http = crate::node::client();
                    let mut sent = Vec::new();
                    for number in client * 1_000_000.. {
                        if stop.load(Ordering::Relaxed) {
                            return sent;
                        }
                        let object = indicator(number, &format!("r{number}-k3.top")).to_string();
                        let mut tries = 0;
                        loop {
                            let urls = urls();
                            let url = &urls[(number as usize + tries) % urls.len()];
                            let request = http
                                .post(format!("{url}/api/collections/region/objects/"))
                                .basic_auth("exchange", nodes[0].tokens.get("exchange"))
                                .header("content-type", crate::node::TAXII)
                                .header("accept", crate::node::TAXII)
                                .body(format!("{{\"objects\":[{object}]}}"));
                            // One that goes away is passed over; one that answers takes it.
                            if let Ok(answer) = request.send() {
                                assert_eq!(answer.status(), 202);
                                let told: Value = answer.json().unwrap();
                                assert_eq!(told["success_count"], 1, "{told}");
                                break;
                            }
                            tries += 1;
                            assert!(tries < 20, "no node takes it");
                            std::thread::sleep(Duration::from_millis(20));
                        }
                        sent.push(id("indicator", number));
                    }
                    sent
                })
            })
            .collect();
        for at in 0..3 {
            let one = serving[at].write().take().unwrap();
            one.stop();
            let anew = nodes[at].serve_with(WITHOUT_DNS);
            *serving[at].write() = Some(anew);
        }
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<String>>()
    });
    assert!(posted.len() > 20, "{}", posted.len());
    for (node, serving) in nodes.iter().zip(&serving) {
        let serving = serving.read();
        let there = wait(TIME, || {
            let text = node.text(
                serving.as_ref().unwrap(),
                "reader",
                "/api/collections/region/objects/?limit=10000",
            );
            posted.iter().all(|id| text.contains(id.as_str())).then_some(())
        });
        assert!(there.is_some(), "all that was taken is there");
    }
}
