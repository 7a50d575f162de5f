//! Proofs of single objects: downloaded over HTTP, checked with the file and a key alone; whatever is changed in one is seen, by the
//! command line and in a browser. And checkpoints of two members, compared on a page.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::chromium::{Chromium, Looks};
use crate::node::{Node, Serving, bundle, id, in_a_file, indicator};
use crate::people::logged_in;

const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";

/// Two who exchange, one who reads, and one who is in no circle. Indicators 1 to 9 go to all whole; 50 is alpha's under a pseudonym, so
/// that others get a copy; 60 is for alpha alone.
fn tower() -> Node {
    let mut node = Node::new();
    for (handle, level) in
        [("alpha", "exchange"), ("beta", "exchange"), ("gamma", "exchange"), ("delta", "read")]
    {
        node.member(handle, level, "amber");
    }
    let members = ["--member", "alpha", "--member", "beta", "--member", "delta"];
    node.json(&[&["circle", "add", "region"][..], &members, &["--ceiling", "amber+strict"]].concat());
    let many: Vec<Value> = (1..10).map(|at| named(at, "first")).collect();
    import(&node, &many, &[]);
    let mut identity = json!({
        "type": "identity", "spec_version": "2.1", "id": id("identity", 1), "name": "alpha",
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
    });
    let mut source = named(50, "of alpha");
    source["created_by_ref"] = id("identity", 1).into();
    identity["object_marking_refs"] = json!([GREEN]);
    import(&node, &[identity, source], &["--pseudonymise"]);
    import(&node, &[named(60, "strict")], &["--tlp", "amber+strict"]);
    node
}

fn named(number: u128, name: &str) -> Value {
    let mut object = indicator(number, &format!("p{number}-k3.top"));
    object["name"] = name.into();
    object["object_marking_refs"] = json!([GREEN]);
    object
}

fn import(node: &Node, objects: &[Value], args: &[&str]) {
    let file = node.file("import.json", bundle(objects));
    node.json(&[&["import", &file, "--circle", "region", "--as", "alpha"][..], args].concat());
}

fn key(node: &Node) -> String {
    node.json(&["audit", "key"])["key"].as_str().unwrap().to_owned()
}

/// `bongsu audit proof`, with nothing at hand but the file.
fn audited(file: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    command.env_clear().current_dir(file.parent().unwrap()).stdin(Stdio::null());
    command.args(["--json", "audit", "proof", file.to_str().unwrap()]).args(args);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn path_of(number: u128) -> String {
    format!("/objects/region/{}/proof", id("indicator", number))
}

/// Every part of a proof with one character of it changed, by the name of the part.
fn changed(proof: &Value) -> Vec<(String, Value)> {
    fn texts(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::Object(all) => {
                all.iter().for_each(|(name, one)| texts(one, format!("{at}/{name}"), found));
            }
            Value::Array(all) => {
                all.iter().enumerate().for_each(|(place, one)| texts(one, format!("{at}/{place}"), found));
            }
            _ => found.push(at),
        }
    }
    let mut all = Vec::new();
    texts(proof, String::new(), &mut all);
    let mut changes = Vec::new();
    for pointer in all {
        let part = proof.pointer(&pointer).unwrap();
        let places = match part.as_str() {
            // One in each line of the checkpoint: origin, size, root, signature.
            Some(text) if pointer == "/checkpoint" => {
                let lines = text.split('\n').scan(0, |at, line| {
                    let begin = *at;
                    *at += line.len() + 1;
                    Some((begin, line.len()))
                });
                lines
                    .filter(|(_, length)| *length > 0)
                    .map(|(begin, length)| begin + length - 5.min(length))
                    .collect()
            }
            Some(text) => vec![text.len() / 2],
            None => vec![0],
        };
        for place in places {
            let mut other = proof.clone();
            *other.pointer_mut(&pointer).unwrap() = match part.as_str() {
                Some(text) => {
                    let mut bytes = text.as_bytes().to_vec();
                    bytes[place] = match bytes[place] {
                        b'9' => b'8',
                        b'0'..=b'8' => bytes[place] + 1,
                        b'b' => b'c',
                        _ => b'b',
                    };
                    String::from_utf8(bytes).unwrap().into()
                }
                None => (part.as_i64().unwrap() + 1).into(),
            };
            changes.push((format!("{pointer} at {place}"), other));
        }
    }
    changes
}

#[test]
fn a_proof_is_checked_with_the_file_and_the_key_alone_and_no_part_of_it_can_be_changed() {
    let node = tower();
    let key = key(&node);
    let serving = node.serve();
    let keyed = ["--key", key.as_str()];
    let file = node.dir.path().join("one.proof.json");
    for (number, shape) in [(3, "whole"), (50, "copy")] {
        let text = node.text(&serving, "beta", &format!("{}.json", path_of(number)));
        std::fs::write(&file, &text).unwrap();
        let (code, told) = audited(&file, &keyed);
        assert_eq!(code, Some(0), "{told}");
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&told["holds"], &told["shape"]), (&json!(true), &json!(shape)), "{told}");
        assert_eq!((&told["id"], &told["records"]), (&json!(id("indicator", number)), &json!(12)));
        let proof: Value = serde_json::from_str(&text).unwrap();
        // The bytes are those that come over TAXII.
        let got = node.text(
            &serving,
            "beta",
            &format!("/api/collections/region/objects/{}/", id("indicator", number)),
        );
        assert!(got.contains(proof["object"].as_str().unwrap()), "{got}");
        assert_eq!(proof["record"].get("content_salt").is_some(), shape == "whole");
        let changes = changed(&proof);
        assert!(changes.len() > 12, "{changes:?}");
        for (part, other) in changes {
            std::fs::write(&file, other.to_string()).unwrap();
            let (code, told) = audited(&file, &keyed);
            assert!(matches!(code, Some(1 | 3)), "{shape}: {part} was changed: {code:?} {told}");
            assert!(code == Some(1) || told.contains("\"step\""), "{told}");
        }
        // What holds for one object proves nothing of another.
        let other = node.text(&serving, "beta", &format!("{}.json", path_of(4)));
        let other: Value = serde_json::from_str(&other).unwrap();
        for part in ["object", "record", "inclusion"] {
            let mut mixed = proof.clone();
            mixed[part] = other[part].clone();
            std::fs::write(&file, mixed.to_string()).unwrap();
            assert_eq!(audited(&file, &keyed).0, Some(3), "{part}");
        }
    }
    // Another node's key, a witness that has not cosigned, a key that is none, a file that is none.
    let text = node.text(&serving, "beta", &format!("{}.json", path_of(3)));
    std::fs::write(&file, &text).unwrap();
    let watch = Node::of(tempfile::tempdir().unwrap(), std::collections::HashMap::new());
    watch.json(&["init", "--name", "watch.test"]);
    let keys = watch.json(&["audit", "key"]);
    let (other, witness) = (keys["key"].as_str().unwrap(), keys["witness_key"].as_str().unwrap());
    let (code, told) = audited(&file, &["--key", other]);
    assert!(code == Some(3) && told.contains("not signed with this key"), "{told}");
    let (code, told) = audited(&file, &["--key", &key, "--witness", witness]);
    assert!(code == Some(3) && told.contains("0 of the witnesses have cosigned; 1 are needed"), "{told}");
    assert_eq!(audited(&file, &["--key", &key, "--witness", witness, "--need", "0"]).0, Some(0));
    assert_eq!(audited(&file, &["--key", "tower.test"]).0, Some(2));
    std::fs::write(&file, "{}").unwrap();
    assert_eq!(audited(&file, &keyed).0, Some(1));
}

#[test]
fn nothing_is_proven_to_whoever_is_opened_nothing() {
    let node = tower();
    let (first, second) = (id("indicator", 3), named(3, "second"));
    let serving = node.serve();
    let status = |member: &str, path: &str| {
        let answer = node.get(&serving, member, path).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    for ends in ["", ".json"] {
        let absent = status("beta", &format!("/objects/region/{}/proof{ends}", id("indicator", 9_999)));
        assert_eq!(absent.0, 404);
        assert_eq!(status("beta", &format!("{}{ends}", path_of(60))), absent, "hidden and absent are one");
        assert_eq!(status("beta", &format!("{}{ends}?record=13", path_of(3))).0, 404);
        assert_eq!(
            status("beta", &format!("{}{ends}?record=12", path_of(3))).0,
            404,
            "another object's record"
        );
        assert_eq!(status("gamma", &format!("{}{ends}", path_of(3))).0, 404, "who is not in the circle");
        assert_eq!(status("alpha", &format!("{}{ends}", path_of(60))).0, 200);
    }
    // Who gets the object in another form than over TAXII is told that no record is opened to it.
    let (code, page) = status("delta", &path_of(3));
    assert!(code == 200 && page.contains("is not opened to you") && !page.contains("proof.json"), "{page}");
    assert_eq!(status("delta", &format!("{}.json", path_of(3))).0, 403);
    // Who looks with a member's eyes gets what the member gets; operators what lies in the line. Nobody is told who brought it.
    let part = |text: &str, part: &str| serde_json::from_str::<Value>(text).unwrap()[part].clone();
    let copy = status("beta", &format!("{}.json", path_of(50))).1;
    let seen = node.as_operator(&serving, &format!("/as/beta{}.json", path_of(50)));
    assert_eq!(
        (part(&seen, "object"), part(&seen, "record")),
        (part(&copy, "object"), part(&copy, "record"))
    );
    let whole = node.as_operator(&serving, &format!("{}.json", path_of(50)));
    let own = status("alpha", &format!("{}.json", path_of(50))).1;
    assert_eq!(part(&whole, "record"), part(&own, "record"), "what alpha brought it is opened too");
    assert_ne!(part(&copy, "object"), part(&own, "object"));
    let page = status("beta", &path_of(3)).1;
    for what in ["proof.json?record=3", "/proof.js", "bongsu audit proof region-3.proof.json", "not-signed"] {
        assert!(page.contains(what), "{what}: {page}");
    }
    drop(serving);
    // A second version: both are proven, each by its record; what is withdrawn is opened no more.
    let mut second = second;
    second["modified"] = crate::node::now().into();
    import(&node, &[second], &[]);
    let serving = node.serve();
    let page = node.text(&serving, "beta", &path_of(3));
    assert!(page.contains("proof?record=3\"") && page.contains("proof.json?record=13"), "{page}");
    let key = key(&node);
    let file = node.dir.path().join("versions.proof.json");
    for (record, name) in [("3", "first"), ("13", "second")] {
        let text = node.text(&serving, "beta", &format!("{}.json?record={record}", path_of(3)));
        std::fs::write(&file, &text).unwrap();
        assert_eq!(audited(&file, &["--key", &key]).0, Some(0));
        assert!(part(&text, "object").as_str().unwrap().contains(name), "{text}");
    }
    let gone = serving.client.delete(format!("{}/api/collections/region/objects/{first}/", serving.url));
    let gone = gone.basic_auth("alpha", node.tokens.get("alpha")).header("accept", crate::node::TAXII).send();
    assert!(gone.unwrap().status().is_success());
    for ends in ["", ".json", ".json?record=3"] {
        assert_eq!(
            node.get(&serving, "beta", &format!("{}{ends}", path_of(3))).send().unwrap().status(),
            404
        );
    }
}

/// The same node, that goes its own way from now on.
fn fork(node: &Node) -> Node {
    let copy = Node::of(tempfile::tempdir().unwrap(), node.tokens.clone());
    assert!(Command::new("cp").arg("-a").arg(node.data()).arg(copy.data()).status().unwrap().success());
    copy
}

fn checkpoint(node: &Node, serving: &Serving, member: &str) -> String {
    node.text(serving, member, "/circles/region/checkpoint")
}

#[test]
fn members_compare_what_they_were_shown_on_a_page() {
    let one = in_a_file(tower);
    let two = fork(&one);
    let before = checkpoint(&one, &one.serve(), "beta");
    import(&one, &[named(70, "one")], &[]);
    import(&two, &[named(71, "two"), named(72, "two")], &[]);
    let other = two.serve();
    let theirs = checkpoint(&two, &other, "beta");
    let serving = one.serve();
    let mut ann = logged_in(&one, &serving, "ann", "alpha", &["reader"]);
    let mut compared = |note: &str| {
        let page = ann.post("/circles/region/compare", "/circles/region/compare", &[("note", note)]);
        assert_eq!(page.status, 200, "{}", page.text);
        page
    };
    let own = checkpoint(&one, &serving, "alpha");
    assert_ne!(own, before);
    assert!(compared(&own).text.contains("One history."));
    // As a browser sends it.
    let page = compared(&before.replace('\n', "\r\n"));
    assert!(page.text.contains("One history.") && page.text.contains("The proof, hashes:"), "{}", page.text);
    for (bad, why) in [
        ("nothing", "no checkpoint"),
        (&before.replacen("\n12\n", "\n11\n", 1), "was changed"),
        (&before.replacen("\u{2014} tower.test ", "\u{2014} other.test ", 1), "has not signed it"),
    ] {
        let page = compared(bad);
        assert!(page.text.contains("Not compared.") && page.text.contains(why), "{why}: {}", page.text);
    }
    // The other history is longer by one, and this one grows up to it.
    assert!(compared(&theirs).text.contains("shorter than what the node has signed"));
    drop(serving);
    import(&one, &[named(73, "one"), named(74, "one")], &[]);
    let serving = one.serve();
    let mut ben = logged_in(&one, &serving, "ben", "beta", &["reader"]);
    let page = ben.post("/circles/region/compare", "/circles/region/compare", &[("note", &theirs)]);
    assert!(page.text.contains("Two histories."), "{}", page.text);
    let evidence =
        page.between("<pre tabindex=\"0\">", "</pre>").replace("&quot;", "\"").replace("&#34;", "\"");
    let evidence: Value =
        serde_json::from_str(&evidence).unwrap_or_else(|error| panic!("{error}: {evidence}"));
    assert_eq!(evidence["first"], theirs, "{evidence}");
    assert!(evidence["proof"].as_array().unwrap().len() > 1);
    // Whoever is not in the circle can't ask.
    let gamma = one.get(&serving, "gamma", "/circles/region/checkpoint").send().unwrap();
    assert_eq!(gamma.status(), 404);
}

#[test]
fn a_browser_verifies_in_place_and_shows_what_was_changed() {
    let node = tower();
    let (key, serving) = (key(&node), node.serve());
    let home = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(home.path());
    chromium.look(Looks::DESKTOP);
    let url = serving.url.replace("http://", &format!("http://beta:{}@", node.tokens["beta"]));
    let states = || {
        let told = chromium.run(
            "return [...document.querySelectorAll('#verify-steps li')].map(one => one.dataset.step + ' ' + one.dataset.state)",
        );
        told.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let verify = |says: &str| {
        chromium.click("#verify-now");
        chromium.says(says);
        states()
    };
    let held = ["key holds", "object holds", "inclusion holds", "checkpoint holds"];
    for number in [3, 50] {
        chromium.go(&format!("{url}{}", path_of(number)));
        assert_eq!(verify("is open is not proven"), held[1..], "with the file's own key");
        chromium.fill("#verify-keys", &key);
        assert_eq!(verify("It holds."), held);
        // A file in which one part was changed.
        let text = node.text(&serving, "beta", &format!("{}.json", path_of(number)));
        let proof: Value = serde_json::from_str(&text).unwrap();
        let mut seen = 0;
        for (part, other) in changed(&proof) {
            let step = match part.split(' ').next().unwrap() {
                "/object" | "/record/content_salt" => "object fails",
                part if part.starts_with("/inclusion") || part.starts_with("/record") => "inclusion fails",
                "/checkpoint" => "checkpoint fails",
                _ => continue,
            };
            let file = node.file("changed.proof.json", other.to_string());
            chromium.run("document.getElementById('verify-file').value = ''");
            chromium.fill("#verify-file", &file);
            chromium.click("#verify-now");
            let is_told = || {
                let told = chromium.run(
                    "const v = document.getElementById('verify-verdict'); return v.className + v.textContent",
                );
                let told = told.as_str().unwrap().to_owned();
                (!told.is_empty()
                    && !chromium
                        .run("return document.getElementById('verify-now').disabled")
                        .as_bool()
                        .unwrap())
                .then_some(told)
            };
            let told = crate::node::wait(std::time::Duration::from_secs(30), is_told).unwrap();
            assert!(told.starts_with("fault"), "{part}: {told}");
            if told.contains("It does NOT hold.") {
                seen += 1;
                assert!(states().iter().any(|state| state == step), "{part}: {:?}", states());
            }
        }
        assert!(seen > 5, "{seen} changes were computed");
        // The key of somebody else.
        chromium.go(&format!("{url}{}", path_of(number)));
        let other = Node::of(tempfile::tempdir().unwrap(), std::collections::HashMap::new());
        other.json(&["init", "--name", "other.test"]);
        let keys = other.json(&["audit", "key"]);
        chromium.fill("#verify-keys", keys["key"].as_str().unwrap());
        let told = verify("It does NOT hold.");
        assert!(
            told.contains(&"key fails".to_owned()) && told.contains(&"checkpoint fails".to_owned()),
            "{told:?}"
        );
    }
    assert_eq!(chromium.console(), Vec::<String>::new());
    // Without scripts the page says all that the node knows, and hands the file out.
    chromium.look(Looks { has_scripts: false, ..Looks::PHONE });
    chromium.go(&format!("{url}{}", path_of(3)));
    chromium.says("What follows from what");
    assert!(!chromium.text().contains("Verify in place"));
}

#[test]
fn acts_are_filtered_and_handed_out_with_their_record_numbers() {
    let node = tower();
    let serving = node.serve();
    let json = |path: &str| serde_json::from_str::<Value>(&node.as_operator(&serving, path)).unwrap();
    let all = json("/acts.json");
    let all = all["acts"].as_array().unwrap();
    assert!(all.len() > 8, "{all:?}");
    let numbers: Vec<u64> = all.iter().map(|act| act["number"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|one, other| one > other), "{numbers:?}");
    let circles = json("/acts.json?what=circle&who=operator&from=2026-01-01");
    let circles = circles["acts"].as_array().unwrap();
    assert!(circles.len() == 1 && all.contains(&circles[0]), "{circles:?}");
    assert_eq!(json("/acts.json?to=2026-01-01")["acts"], json!([]));
    assert_eq!(json("/acts.json?who=nobody")["acts"], json!([]));
    let csv = node.as_operator(&serving, "/acts.csv?what=circle");
    let line = format!("\r\n{},{},circle,", circles[0]["number"], circles[0]["at"].as_str().unwrap());
    assert!(csv.starts_with("number,at,kind,who,what\r\n") && csv.contains(&line), "{csv}");
    let page = node.as_operator(&serving, "/acts?what=member");
    assert!(
        page.contains("/acts.csv?what=member") && page.contains("alpha") && !page.contains("set the circle"),
        "{page}"
    );
    assert!(node.as_operator(&serving, "/acts?from=yesterday").contains("role=\"alert\""));
    // A member has what is about it alone.
    let mut aud = logged_in(&node, &serving, "aud", "beta", &["auditor"]);
    let own = aud.get("/acts.json");
    assert!(own.status == 200 && own.text.contains("beta") && !own.text.contains("alpha"), "{}", own.text);
    assert_eq!(aud.get("/acts.csv?what=nothing").status, 400);
}
