//! Originators' signatures: made with the program, passed on by another tool, required by a circle, and what members see when keys are
//! rotated, revoked or unknown.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::node::{Node, Serving, bundle, id, indicator};

/// A node with the members alpha and beta in the circle `ring`, and with gamma in none of theirs; alpha signs with `alpha.key`.
struct Place {
    node: Node,
    circle: String,
}

impl Place {
    fn new(signatures: &str) -> Self {
        let mut node = Node::new();
        for handle in ["alpha", "beta", "gamma"] {
            node.member(handle, "exchange", "amber");
        }
        let members = ["--member", "alpha", "--member", "beta"];
        let circle =
            node.json(&[&["circle", "add", "ring", "--signatures", signatures], &members[..]].concat());
        let circle = circle["circle"]["id"].as_str().unwrap().to_owned();
        let place = Self { node, circle };
        let public = place.new_key("alpha.key");
        place.node.json(&["member", "key", "add", "alpha", &public]);
        place
    }

    fn path(&self, name: &str) -> String {
        self.node.dir.path().join(name).to_str().unwrap().to_owned()
    }

    /// Makes a secret key; the file with its public one.
    fn new_key(&self, name: &str) -> String {
        let made = self.node.json(&["sign", "--new-key", &self.path(name)]);
        self.node.file(&format!("{name}.pub"), made["public"].to_string())
    }

    fn key_id(&self, name: &str) -> String {
        let public: Value =
            serde_json::from_str(&std::fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap())
                .unwrap();
        public["kid"].as_str().unwrap().to_owned()
    }

    /// The objects signed with a key, as a bundle's text.
    fn signed(&self, objects: &[Value], key: &str) -> String {
        let file = self.node.file("bundle.json", bundle(objects));
        let out = self.path("signed.json");
        let told = self.node.json(&["sign", &file, "--key", &self.path(key), "--out", &out]);
        assert_eq!(told["signed"], objects.len(), "{told}");
        std::fs::read_to_string(out).unwrap()
    }

    fn one(&self, number: u128, key: &str) -> String {
        let signed = self.signed(&[indicator(number, &format!("a{number}-k3.top"))], key);
        objects(&signed).remove(0)
    }

    /// The status of a POST.
    fn post(&self, serving: &Serving, member: &str, text: &str) -> Value {
        self.node.post(serving, member, &self.circle, text).send().unwrap().json().unwrap()
    }

    fn page(&self, serving: &Serving, member: &str, number: u128) -> String {
        self.node.text(serving, member, &format!("/objects/ring/{}", id("indicator", number)))
    }

    /// The set of keys as a member is given it, in a file.
    fn keys(&self, serving: &Serving, member: &str) -> (Value, String) {
        let text = self.node.text(serving, member, "/.well-known/jwks.json");
        (serde_json::from_str(&text).unwrap(), self.node.file("jwks.json", text))
    }

    /// What another tool says of a bundle, and how it writes it.
    fn through_stix2(&self, bundle: &str, keys: &str) -> Value {
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/signatures_stix2.py");
        let mut command = Command::new(python);
        let child = command.args([script, keys]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{python}: {error}; run scripts/setup"));
        child.stdin.take().unwrap().write_all(bundle.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", output.status);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// The objects of a bundle, each in its own bytes.
fn objects(bundle: &str) -> Vec<String> {
    stix::bundle::envelope(bundle).unwrap().into_iter().map(|raw| raw.get().to_owned()).collect()
}

/// The messages of a status's failures, by object.
fn failures(status: &Value) -> Vec<(String, String)> {
    let failure =
        |one: &Value| (one["id"].as_str().unwrap().to_owned(), one["message"].as_str().unwrap().to_owned());
    status["failures"].as_array().into_iter().flatten().map(failure).collect()
}

#[test]
fn a_signature_goes_through_another_tool_and_holds() {
    let place = Place::new("required");
    let serving = place.node.serve();
    let (keys, file) = place.keys(&serving, "beta");
    assert_eq!(keys["keys"][1]["kid"], place.key_id("alpha.key"), "{keys}");
    // What the library would add is there already.
    let indicator = |number, domain: &str| {
        let mut indicator = indicator(number, domain);
        indicator["pattern_version"] = json!("2.1");
        indicator
    };
    let mut named = indicator(2, "b-k3.top");
    named["name"] = json!("caf\u{e9} \u{20ac} \u{1f525} \"quoted\" \\ and\ttab");
    named["extensions"] = json!({"extension-definition--d83fce45-ef58-4c6c-a3f4-1fbc32e98c6e":
        {"extension_type": "property-extension", "rank": 5, "toxic": true}});
    let signed = place.signed(&[indicator(1, "a-k3.top"), named], "alpha.key");
    let told = place.through_stix2(&signed, &file);
    assert_eq!(told["verified"], json!([id("indicator", 1), id("indicator", 2)]), "OpenSSL says so too");
    let rewritten = told["bundle"].as_str().unwrap();
    assert_ne!(objects(rewritten), objects(&signed), "it is written in another way");
    let status = place.post(&serving, "alpha", &objects(rewritten).join(","));
    assert_eq!(status["success_count"], 2, "{status}");
    // The bytes go out as they came, and a member without the node can check them.
    let path = format!("/api/collections/{}/objects/", place.circle);
    let got = place.node.text(&serving, "beta", &path);
    assert!(objects(rewritten).iter().all(|object| got.contains(object)), "{got}");
    let got = place.node.file("got.json", got);
    let check = place.node.json(&["sign", "--check", &got, "--keys", &file]);
    let states: Vec<&Value> = check["objects"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["signed", "signed"]);
    let unknown = place.node.json(&["sign", "--check", &got]);
    assert_eq!(unknown["objects"][0]["state"], "key-unknown");
    // People who read an advisory are told as well.
    let campaign = json!({"type": "campaign", "spec_version": "2.1", "id": id("campaign", 3), "name": "Cold wind",
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z"});
    let status = place.post(&serving, "alpha", &objects(&place.signed(&[campaign], "alpha.key"))[0]);
    assert_eq!(status["success_count"], 1, "{status}");
    let advisory = place.node.text(&serving, "beta", "/d/advisory.txt");
    assert!(advisory.contains("Signed by alpha; the signature holds."), "{advisory}");
    for number in [1, 2] {
        let page = place.page(&serving, "beta", number);
        assert!(page.contains("signed by alpha, key ") && !page.contains("not signed"), "{page}");
    }
}

#[test]
fn a_circle_that_requires_signatures_says_of_each_object_why_it_is_not_taken() {
    let place = Place::new("required");
    let serving = place.node.serve();
    let bent = place.one(3, "alpha.key").replace("a3-k3.top", "c3-k3.top");
    place.new_key("stranger.key");
    let texts =
        [place.one(1, "alpha.key"), indicator(2, "b.top").to_string(), bent, place.one(4, "stranger.key")];
    let status = place.post(&serving, "alpha", &texts.join(","));
    assert_eq!((&status["success_count"], &status["failure_count"]), (&json!(1), &json!(3)), "{status}");
    let failures = failures(&status);
    for (failure, (number, why)) in
        failures.iter().zip([(2, "it is not signed"), (3, "does not fit"), (4, "not known here")])
    {
        assert!(failure.0 == id("indicator", number) && failure.1.contains(why), "{failure:?}");
    }
    // What another has signed is no proof of who brings it.
    let status = place.post(&serving, "beta", &place.one(5, "alpha.key"));
    assert!(self::failures(&status)[0].1.contains("is not known here as yours"), "{status}");
    // An import says the same, and the organisation that runs the node signs with the node's own key.
    let file = place.node.file("own.json", bundle(&[indicator(6, "d-k3.top")]));
    let import = |more: &[&str]| {
        place
            .node
            .command(&[&["import", &file, "--circle", "ring", "--as", "beta"], more].concat())
            .output()
            .unwrap()
    };
    let told = String::from_utf8(import(&[]).stdout).unwrap();
    assert!(told.contains("it is not signed"), "{told}");
    let refused = import(&["--sign"]);
    assert!(!refused.status.success(), "the node's key is not beta's yet");
    place.node.json(&["member", "key", "add", "beta", "--node"]);
    for (added, present) in [(1, 0), (0, 1)] {
        let told: Value = serde_json::from_slice(&import(&["--sign"]).stdout).unwrap();
        assert_eq!((&told["added"], &told["present"]), (&json!(added), &json!(present)), "{told}");
    }
    assert!(place.page(&serving, "alpha", 6).contains("signed by beta, key "));
}

#[test]
fn keys_are_rotated_and_revoked_and_every_surface_says_so() {
    let place = Place::new("optional");
    let serving = place.node.serve();
    let key = |args: &[&str]| place.node.json(&[&["member", "key"], args].concat());
    let (first, stranger) = (place.one(1, "alpha.key"), place.new_key("stranger.key"));
    let unsigned = indicator(2, "b.top").to_string();
    let bent = place.one(3, "alpha.key").replace("a3-k3.top", "c3-k3.top");
    let unknown = place.one(4, "stranger.key");
    let status = place.post(&serving, "alpha", &[first, unsigned, bent, unknown].join(","));
    assert_eq!(status["success_count"], 4, "whether it is signed is shown, and no more: {status}");
    let shows = |member: &str, number, what: &str| {
        let page = place.page(&serving, member, number);
        assert!(page.contains(what), "{number}: {what} is not in {page}");
    };
    shows("beta", 1, "signed by alpha, key ");
    shows("beta", 2, "not signed");
    shows("beta", 3, "broken: the signature does not fit");
    shows("beta", 4, "which is not known here");
    let list = place.node.text(&serving, "beta", "/objects?circle=ring");
    for state in ["<td>signed</td>", "<td>not-signed</td>", "<td>broken</td>", "<td>key-unknown</td>"] {
        assert!(list.contains(state), "{list}");
    }
    // A second key takes over; the first ends at once, and what arrived under it stays signed.
    let second = place.new_key("second.key");
    let told = key(&["rotate", "alpha", &second, "--overlap-days", "0"]);
    assert_eq!(told["ending"], json!([place.key_id("alpha.key")]));
    place.post(&serving, "alpha", &[place.one(5, "alpha.key"), place.one(6, "second.key")].join(","));
    shows("beta", 1, "signed by alpha, key ");
    shows("beta", 5, "the key had ended at ");
    shows("beta", 6, "signed by alpha, key ");
    // A revocation reaches back to when the key was lost.
    let id = place.key_id("second.key");
    key(&["revoke", &id, "--reason", "the laptop is gone", "--since", "2026-01-01"]);
    shows("beta", 6, "the key was revoked as of 2026-01-01T00:00:00.000Z: the laptop is gone");
    let again = place.node.command(&["member", "key", "add", "alpha", &second]).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("revoked, for good"), "{again:?}");
    let taken = place.node.command(&["member", "key", "add", "beta", &stranger]).output().unwrap();
    assert!(taken.status.success());
    shows("beta", 4, "the key holds only from ");
    let secret =
        place.node.command(&["member", "key", "add", "beta", &place.path("stranger.key")]).output().unwrap();
    assert!(String::from_utf8_lossy(&secret.stderr).contains("secret part"), "{secret:?}");
    let states = place.node.json(&["circle", "signatures", "ring", "--state", "key-revoked"]);
    let expected = json!({"signed": 1, "not-signed": 1, "broken": 1, "key-not-yet": 1, "key-expired": 1, "key-revoked": 1});
    assert_eq!(states["states"], expected, "{states}");
    assert_eq!(states["objects"][0]["id"], crate::node::id("indicator", 6));
    // The set of keys says what is known of each, to those who may know of the member.
    let (keys, _) = place.keys(&serving, "beta");
    let revoked = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *id).unwrap();
    assert_eq!(revoked["revoked"]["reason"], "the laptop is gone", "{keys}");
    let (keys, _) = place.keys(&serving, "gamma");
    let names: Vec<&Value> = keys["keys"].as_array().unwrap().iter().map(|key| &key["name"]).collect();
    assert_eq!(names, ["tower.test"], "gamma knows of nobody here");
    place.node.json(&["circle", "set", "ring", "--hide-members"]);
    let (keys, _) = place.keys(&serving, "beta");
    let known = keys["keys"].as_array().unwrap().iter().any(|key| key["handle"] == "alpha");
    assert!(!known, "{keys}");
    let page = place.page(&serving, "beta", 1);
    assert!(page.contains("signed by a member, key ") && !page.contains("alpha"), "{page}");
    let asked = serving.client.get(format!("{}/.well-known/jwks.json", serving.url)).send().unwrap();
    assert_eq!(asked.status(), 401, "nobody is given keys without a log-in");
    // All of it is in the node's line, and comes back.
    drop(serving);
    let serving = place.node.serve();
    assert!(place.page(&serving, "beta", 6).contains("the laptop is gone"));
}
