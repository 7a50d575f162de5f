//! What a hunt finds goes back to the circle that the indicator came from, over TLS and TAXII, and another member sees it.

use std::process::Output;

use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::certificates::{certificates, config};
use crate::node::{Node, Serving, TAXII, bundle, indicator, provide, shared};

/// A domain that the real logs are full of, an address in them, and what is in none.
const KNOWN: [&str; 3] = ["wrccdc.org", "evil-k3.top", "never-seen-k3.top"];

struct Tower {
    node: Node,
    /// Certificates.
    dir: tempfile::TempDir,
    watch: String,
    token: String,
}

fn tower() -> Tower {
    let mut node = Node::with_members();
    node.member("second", "exchange", "amber");
    let members = ["--member", "exchange", "--member", "detect", "--member", "second", "--member", "list"];
    node.json(&[&["circle", "add", "region"], &members[..]].concat());
    let objects: Vec<Value> = (1..)
        .zip(KNOWN)
        .map(|(number, domain)| {
            let mut object = indicator(number, domain);
            object["object_marking_refs"] =
                json!(["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]);
            object
        })
        .collect();
    let file = node.file("bundle.json", bundle(&objects));
    assert_eq!(node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"], 3);
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    std::fs::write(node.data().join("bongsu.toml"), config(dir.path())).unwrap();
    let watch = node.dir.path().join("watch.bongsu").display().to_string();
    node.json(&["deliver", "--to", "detect", "--what", "watch.bongsu", "--out", &watch]);
    let token = node.file("token", &node.tokens["detect"]);
    Tower { node, dir, watch, token }
}

impl Tower {
    fn hunt(&self, args: &[&str]) -> Output {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bongsu"));
        let command = command.env_clear().current_dir(self.node.dir.path()).arg("hunt");
        command.args(["--json", "--watch", &self.watch]).args(args).output().unwrap()
    }

    fn report(&self, url: &str, args: &[&str]) -> Output {
        let ca = self.dir.path().join("ca.pem").display().to_string();
        let to = ["--report", "--to", url, "--token-file", &self.token, "--ca-file", &ca];
        self.hunt(&[&to[..], args].concat())
    }

    /// The objects of these types that a member has in the circle, the newest version of each.
    fn objects(&self, serving: &Serving, member: &str, types: &str) -> Vec<Value> {
        provide();
        let ca = std::fs::read(self.dir.path().join("ca.pem")).unwrap();
        let ca = reqwest::Certificate::from_pem(&ca).unwrap();
        let client = Client::builder().tls_certs_only([ca]).build().unwrap();
        let url = format!("{}/api/collections/region/objects/?match[type]={types}", serving.url);
        let request =
            client.get(url).basic_auth(member, self.node.tokens.get(member)).header("accept", TAXII);
        let answer: Value = request.send().unwrap().error_for_status().unwrap().json().unwrap();
        answer["objects"].as_array().cloned().unwrap_or_default()
    }
}

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_find_in_real_logs_goes_back_to_the_circle_after_it_was_shown() {
    let tower = tower();
    let serving = tower.node.serve();
    assert!(serving.url.starts_with("https://"));
    let logs = shared("logs/zeek/zeek-default").display().to_string();
    let planted =
        tower.node.file("10.1.2.3-secret.log", "2026-11-02T10:00:00+01:00 bob@10.47.1.100 www.evil-k3.top\n");

    let shown = tower.report(&serving.url, &[&logs, &planted]);
    assert_eq!(shown.status.code(), Some(2), "{}", errors(&shown));
    assert!(errors(&shown).contains("--yes"), "{}", errors(&shown));
    let would = lines(&shown).pop().unwrap()["report"].clone();
    assert_eq!((&would["to"], &would["circles"][0]["circle"]), (&json!("127.0.0.1"), &json!("region")));
    assert!(tower.objects(&serving, "second", "sighting").is_empty(), "nothing is sent unasked");

    let sent = tower.report(&serving.url, &["--yes", &logs, &planted]);
    assert_eq!(sent.status.code(), Some(0), "{}", errors(&sent));
    assert_eq!(lines(&sent).pop().unwrap()["sent"], json!({"to": "127.0.0.1", "taken": 2, "refused": []}));
    let sightings = tower.objects(&serving, "second", "sighting");
    let of = |number: u128| {
        sightings.iter().find(|sighting| sighting["sighting_of_ref"] == crate::node::id("indicator", number))
    };
    let (real, planted_one) = (of(1).unwrap(), of(2).unwrap());
    assert_eq!(real["first_seen"], "2018-03-24T17:15:20.865716Z");
    assert!(real["count"].as_u64().unwrap() > 100, "{real}");
    assert_eq!(
        (&planted_one["first_seen"], &planted_one["count"]),
        (&json!("2026-11-02T09:00:00.000000Z"), &json!(1))
    );
    assert_eq!(
        planted_one["object_marking_refs"],
        json!(["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"])
    );
    let identities = tower.objects(&serving, "second", "identity");
    assert_eq!(planted_one["where_sighted_refs"], json!([identities[0]["id"]]));
    let names = tower.objects(&serving, "second", "domain-name");
    assert!(names.iter().any(|name| name["value"] == "www.evil-k3.top"), "{names:?}");
    assert_eq!(tower.objects(&serving, "second", "observed-data").len(), 2);
    let all = format!("{sightings:?}{names:?}{would}");
    assert!(
        !["10.47.", "10.1.2.3", "bob", "secret"].iter().any(|own| all.contains(own)),
        "values alone: {all}"
    );

    // The same hunt again, and one of the same log that has grown, count once.
    let again = tower.report(&serving.url, &["--yes", &logs, &planted]);
    assert_eq!(again.status.code(), Some(0), "{}", errors(&again));
    std::fs::write(
        &planted,
        "2026-11-02T10:00:00+01:00 www.evil-k3.top\n2026-11-03T10:00:00Z www.evil-k3.top\n",
    )
    .unwrap();
    assert_eq!(tower.report(&serving.url, &["--yes", &planted]).status.code(), Some(0));
    let sightings = tower.objects(&serving, "second", "sighting");
    let counts: Vec<&Value> = sightings.iter().map(|sighting| &sighting["count"]).collect();
    assert_eq!(counts.len(), 2, "{counts:?}");
    assert!(
        counts.contains(&&json!(2))
            && sightings.iter().any(|one| one["last_seen"] == "2026-11-03T10:00:00.000000Z")
    );
    let explained = tower.node.json(&["guard", "explain", "evil-k3.top", "--as", "second"]).to_string();
    assert!(
        explained.contains("\"seen_last\":\"2026-11-03T10:00:00"),
        "it counts for what is refused: {explained}"
    );
    let receipts = tower.node.json(&["member", "receipts", "detect"]);
    let shared = receipts["receipts"].as_array().unwrap().iter().find(|receipt| receipt["did"] == "shared");
    assert_eq!(
        shared.unwrap_or(&receipts)["level"],
        "detect",
        "it tells of hunting, and not of exchanging: {receipts}"
    );
}

#[test]
fn a_member_that_detects_may_tell_what_it_saw_and_nothing_else() {
    let tower = tower();
    std::fs::write(tower.node.data().join("bongsu.toml"), "[dns]\nenabled = false\n").unwrap();
    let serving = tower.node.serve();
    let node = &tower.node;
    let listed: Value = serde_json::from_str(&node.text(&serving, "detect", "/api/collections/")).unwrap();
    let one = &listed["collections"][0];
    assert_eq!(
        (&one["alias"], &one["can_read"], &one["can_write"]),
        (&json!("region"), &json!(false), &json!(true))
    );
    let status =
        |member: &str, path: &str| node.get(&serving, member, path).send().unwrap().status().as_u16();
    assert_eq!(status("detect", "/api/collections/region/objects/"), 403);
    assert_eq!(status("detect", "/api/collections/region/manifest/"), 403);
    assert_eq!(status("detect", "/api/collections/other/objects/"), 404);
    assert_eq!(status("list", "/api/collections/region/objects/"), 404);
    let sighting = json!({
        "type": "sighting", "spec_version": "2.1", "id": crate::node::id("sighting", 1),
        "created": "2026-11-02T00:00:00.000Z", "modified": "2026-11-02T00:00:00.000Z",
        "sighting_of_ref": crate::node::id("indicator", 2), "count": 3,
    });
    let mut other = crate::node::id("identity", 5);
    let stranger = json!({
        "type": "identity", "spec_version": "2.1", "id": std::mem::take(&mut other), "name": "x",
        "created": "2026-11-02T00:00:00.000Z", "modified": "2026-11-02T00:00:00.000Z",
    });
    let objects = format!("{sighting},{},{stranger}", indicator(9, "mine-k3.top"));
    let answer = node.post(&serving, "detect", "region", &objects).send().unwrap();
    let status: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
    assert_eq!((&status["success_count"], &status["failure_count"]), (&json!(1), &json!(2)), "{status}");
    assert!(status["failures"][0]["message"].as_str().unwrap().contains("sightings"), "{status}");
    let told = node.text(&serving, "detect", &format!("/api/status/{}/", status["id"].as_str().unwrap()));
    assert!(told.contains("complete"), "{told}");
    let got = node.text(&serving, "second", "/api/collections/region/objects/?match[type]=sighting");
    assert!(got.contains("\"count\":3"), "{got}");
    assert_eq!(
        node.post(&serving, "list", "region", &sighting.to_string()).send().unwrap().status().as_u16(),
        404
    );
}

#[test]
fn where_members_are_hidden_a_sighting_does_not_say_whose_it_is() {
    let tower = tower();
    let node = &tower.node;
    std::fs::write(node.data().join("bongsu.toml"), "[dns]\nenabled = false\n").unwrap();
    let members = ["--member", "exchange", "--member", "detect", "--member", "second"];
    node.json(&[&["circle", "add", "quiet", "--hide-members"], &members[..]].concat());
    let file = node.file("quiet.json", bundle(&[indicator(7, "quiet-k3.top")]));
    node.json(&["import", &file, "--circle", "quiet", "--as", "exchange"]);
    node.json(&["deliver", "--to", "detect", "--what", "watch.bongsu", "--out", &tower.watch]);
    let log = node.file("a.log", "2026-11-02T10:00:00Z quiet-k3.top\n");
    let identity =
        format!("identity--{}", node.json(&["member", "show", "detect"])["member"]["id"].as_str().unwrap());
    let bundle = String::from_utf8(tower.hunt(&["--stix", "-", &log]).stdout).unwrap();
    assert!(bundle.contains("sighting--") && !bundle.contains("identity--"), "{bundle}");

    let serving = node.serve();
    let sent = tower.report(&serving.url, &["--yes", &log]);
    assert_eq!(sent.status.code(), Some(0), "{}", errors(&sent));
    let got = node.text(&serving, "second", "/api/collections/quiet/objects/?match[type]=sighting");
    assert!(got.contains("sighting--") && !got.contains(&identity), "{got}");
    // Nor does one that names the member.
    let named = json!({
        "type": "sighting", "spec_version": "2.1", "id": crate::node::id("sighting", 3), "created_by_ref": identity,
        "created": "2026-11-02T00:00:00.000Z", "modified": "2026-11-02T00:00:00.000Z",
        "sighting_of_ref": crate::node::id("indicator", 7), "count": 4711,
    });
    let answer = node.post(&serving, "detect", "quiet", &named.to_string()).send().unwrap();
    assert!(answer.text().unwrap().contains("\"success_count\":1"));
    let got = node.text(&serving, "second", "/api/collections/quiet/objects/?match[type]=sighting");
    assert!(got.contains("4711") && !got.contains(&identity), "{got}");
}

#[test]
fn a_bundle_of_sightings_is_good_stix_and_claims_no_time_that_a_wrong_clock_says() {
    let tower = tower();
    let log = tower.node.file(
        "a.log",
        "2026-11-02 10:00:00 www.evil-k3.top\n2026-11-04 10:00:00 ftp.evil-k3.top\nwrccdc.org\n",
    );
    let out = tower.node.dir.path().join("out.json").display().to_string();
    assert_eq!(tower.hunt(&["--stix", &out, &log]).status.code(), Some(0));
    let checked = tower.node.command(&["validate", &out]).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(0), "{said}");
    let read = |text: &[u8]| -> Value { serde_json::from_slice(text).unwrap() };
    let made = read(&std::fs::read(&out).unwrap());
    let find = |bundle: &Value, object_type: &str, number: u128| -> Value {
        let of = crate::node::id("indicator", number);
        let all = bundle["objects"].as_array().unwrap();
        let sighting = all.iter().find(|one| one["sighting_of_ref"] == of.as_str()).unwrap().clone();
        match object_type {
            "sighting" => sighting,
            _ => all
                .iter()
                .find(|one| one["id"] == sighting["observed_data_refs"][0])
                .cloned()
                .unwrap_or_default(),
        }
    };
    let observed = find(&made, "observed-data", 2);
    assert_eq!(
        [&observed["first_observed"], &observed["last_observed"]],
        ["2026-11-02T10:00:00.000000Z", "2026-11-04T10:00:00.000000Z"]
    );
    assert_eq!(
        (observed["number_observed"].as_u64(), observed["object_refs"].as_array().unwrap().len()),
        (Some(2), 2)
    );
    let undated = find(&made, "sighting", 1);
    assert!(undated["first_seen"].is_null() && undated["observed_data_refs"].is_null(), "{undated}");
    assert!(undated["description"].as_str().unwrap().ends_with(": wrccdc.org"), "{undated}");

    for wrong in ["2099-01-01T00:00:00Z", "1970-01-01T00:00:12Z"] {
        let log =
            tower.node.file("b.log", format!("2026-11-02T10:00:00Z evil-k3.top\n{wrong} evil-k3.top\n"));
        let output = tower.hunt(&["--stix", "-", &log]);
        assert!(errors(&output).contains("a clock was wrong"), "{}", errors(&output));
        let sighting = find(&read(&output.stdout), "sighting", 2);
        assert!(sighting["first_seen"].is_null() && sighting["last_seen"].is_null(), "{sighting}");
        assert_eq!(sighting["count"], 2);
    }
    let ids = |bundle: &Value| find(bundle, "sighting", 2)["id"].clone();
    let moved = tower.node.file("moved.txt", std::fs::read(&log).unwrap());
    assert_eq!(
        ids(&read(&tower.hunt(&["--stix", "-", &moved]).stdout)),
        ids(&made),
        "names of files do not matter"
    );
    let later = tower.node.file("later.log", "2026-11-05T10:00:00Z evil-k3.top\n");
    assert_ne!(ids(&read(&tower.hunt(&["--stix", "-", &later]).stdout)), ids(&made));
}

#[test]
fn what_could_not_be_sent_is_kept() {
    let tower = tower();
    let log = tower.node.file("a.log", "2026-11-02T10:00:00Z evil-k3.top\n");
    let sent = tower.report("https://127.0.0.1:1", &["--yes", &log]);
    assert_eq!(sent.status.code(), Some(2));
    let said = errors(&sent);
    assert!(said.contains("the sightings are in sightings-"), "{said}");
    let kept = std::fs::read_dir(tower.node.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = kept.filter(|path| path.to_string_lossy().contains("/sightings-")).collect();
    assert!(std::fs::read_to_string(&kept[0]).unwrap().contains("evil-k3.top"));

    // Another's token, and addresses to which no token goes.
    let serving = tower.node.serve();
    std::fs::write(&tower.token, "bgs_wrong").unwrap();
    let sent = tower.report(&serving.url, &["--yes", &log]);
    assert_eq!(sent.status.code(), Some(2));
    assert!(errors(&sent).contains("token"), "{}", errors(&sent));
    for (url, said) in [
        ("http://tower.example", "not encrypted"),
        ("https://a:b@tower.example", "--token-file"),
        ("nonsense", "no address"),
    ] {
        let sent = tower.report(url, &["--yes", &log]);
        assert_eq!(sent.status.code(), Some(2));
        assert!(errors(&sent).contains(said), "{url}: {}", errors(&sent));
    }
    let nowhere = tower.hunt(&["--report", "--token-file", &tower.token, "--yes", &log]);
    assert!(errors(&nowhere).contains("--to"), "{}", errors(&nowhere));
    let nothing = tower.node.file("empty.log", "nothing\n");
    assert_eq!(
        tower.report("https://127.0.0.1:1", &["--yes", &nothing]).status.code(),
        Some(1),
        "there is nothing to send"
    );
}

#[test]
fn what_is_minimised_says_nothing_of_the_inside() {
    let tower = tower();
    let log = tower.node.file(
        "10.9.9.9.log",
        "2026-11-02T10:00:00Z 10.0.0.17 fd00::17 host7.ministry.example.net ann@city.org from=<bob@evil-k3.top> a.evil-k3.top\n",
    );
    let plain = tower.hunt(&[&log]);
    assert!(String::from_utf8_lossy(&plain.stdout).contains("10.0.0.17"));
    let output = tower.hunt(&["--minimise", "--internal", "ministry.example.net", &log]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for own in ["10.0.0.17", "10.9.9.9", "fd00", "host7", "ministry", "ann", "bob"] {
        assert!(!text.contains(own), "{own}: {text}");
    }
    assert!(
        text.contains("a.evil-k3.top")
            && text.contains("\"file\":\"log 1\"")
            && text.contains("[user]@evil-k3.top"),
        "{text}"
    );
    let bundle = tower.hunt(&["--minimise", "--stix", "-", &log]).stdout;
    let bundle = String::from_utf8_lossy(&bundle).into_owned();
    assert!(bundle.contains("\"evil-k3.top\"") && !bundle.contains("a.evil-k3.top"), "{bundle}");
    let wrong = tower.hunt(&["--minimise", "--internal", "no domain", &log]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(errors(&wrong).contains("--internal"), "{}", errors(&wrong));
}
