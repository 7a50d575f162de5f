//! Personal data from end to end: what circles say of it, erasure down to the disk, what members are told, restores, what is found of
//! a person, and who looked at what.

use std::path::Path;

use serde_json::{Value, json};

use crate::node::{Node, Serving, bundle, id, in_a_file, indicator};

const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
/// What nobody else is called, and no file may hold in the end.
const CANARY: &str = "Quillon Vantreese";
const DOMAIN: &str = "quillon-canary-k3.top";

fn identity(number: u128, name: &str) -> Value {
    json!({
        "type": "identity", "spec_version": "2.1", "id": id("identity", number), "name": name,
        "identity_class": "individual", "contact_information": format!("{}@example.test", name.replace(' ', ".")),
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z", "object_marking_refs": [GREEN],
    })
}

fn green(mut object: Value) -> Value {
    object["object_marking_refs"] = json!([GREEN]);
    object
}

/// A node with a circle of two, in which alpha has shared a person, an indicator that leads to it, and others.
fn tower() -> Node {
    let mut node = Node::new();
    for handle in ["alpha", "beta"] {
        node.member(handle, "exchange", "amber");
    }
    node.json(&[
        "circle",
        "add",
        "region",
        "--purpose",
        "to stop fraud",
        "--member",
        "alpha",
        "--member",
        "beta",
    ]);
    let mut objects: Vec<Value> = (0..60).map(|at| green(indicator(at, &format!("a{at}-k3.top")))).collect();
    objects.extend([identity(1, CANARY), identity(2, "Somebody Else"), green(indicator(900, DOMAIN))]);
    let file = node.file("import.json", bundle(&objects));
    node.json(&["import", &file, "--circle", "region", "--as", "alpha"]);
    std::fs::remove_file(file).unwrap();
    node
}

/// The files of a folder that hold a text.
pub(crate) fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let bytes = match std::fs::metadata(&path) {
                Ok(about) if about.is_dir() => {
                    waiting.push(path);
                    continue;
                }
                // It may be gone meanwhile.
                Ok(about) if about.is_file() => std::fs::read(&path).unwrap_or_default(),
                _ => continue,
            };
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn collection(node: &Node) -> String {
    node.json(&["circle", "show", "region"])["circle"]["id"].as_str().unwrap().to_owned()
}

fn objects(node: &Node, serving: &Serving, member: &str, collection: &str) -> String {
    node.text(serving, member, &format!("/api/collections/{collection}/objects/?limit=1000"))
}

#[test]
fn what_is_erased_is_gone_from_views_and_disk_and_the_log_holds_all_the_same() {
    let node = in_a_file(tower);
    let (identity, led) = (id("identity", 1), id("indicator", 900));
    let circle = collection(&node);
    let serving = node.serve();
    assert!(objects(&node, &serving, "beta", &circle).contains(CANARY));
    assert!(node.text(&serving, "beta", "/d/list/domain.txt").contains(DOMAIN));
    assert!(!holding(&node.data(), CANARY).is_empty() && !holding(&node.data(), DOMAIN).is_empty());
    let log = |path: &str| node.text(&serving, "beta", &format!("/log/{circle}/{path}"));
    let before = log("checkpoint");

    let dry = node.json(&["privacy", "erase", &identity, &led, "--dry-run"]);
    assert_eq!(dry["would_erase"].as_array().unwrap().len(), 2, "{dry}");
    assert!(dry["would_erase"][0]["in_force"].as_bool().unwrap());
    assert!(objects(&node, &serving, "beta", &circle).contains(CANARY), "nothing was done");

    let done = node.json(&["privacy", "erase", &identity, &led, "--reason", "on request"]);
    assert_eq!((done["erased"].as_array().unwrap().len(), &done["left"]), (2, &json!([])), "{done}");
    for text in [CANARY, DOMAIN, "Quillon.Vantreese"] {
        assert_eq!(holding(&node.data(), text), Vec::<String>::new(), "{text}");
    }
    let left = objects(&node, &serving, "beta", &circle);
    assert!(!left.contains(CANARY) && !left.contains(&identity) && left.contains("Somebody Else"));
    assert!(!node.text(&serving, "beta", "/d/list/domain.txt").contains(DOMAIN));
    // The log goes on from where it was: two withdrawals more, and nothing rewritten.
    let size = |note: &str| note.lines().nth(1).unwrap().parse::<u64>().unwrap();
    assert_eq!(size(&log("checkpoint")), size(&before) + 2);
    let question =
        json!({"objects": [{"id": identity}, {"id": id("indicator", 1)}, {"id": id("identity", 77)}]});
    let ask = serving.client.post(format!("{}/log/{circle}/openings", serving.url));
    let opened: Value =
        ask.basic_auth("beta", node.tokens.get("beta")).json(&question).send().unwrap().json().unwrap();
    assert_eq!(opened["openings"].as_array().unwrap().len(), 1, "{opened}");
    assert_eq!(opened["erased"][0]["id"], json!(identity), "it is said, and not opened: {opened}");
    assert_eq!(opened["erased"].as_array().unwrap().len(), 1, "{opened}");
    drop(serving);

    let verified = node.command(&["verify"]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let serving = node.serve();
    assert_eq!(objects(&node, &serving, "beta", &circle), left, "the same after a start");
    let again = node.json(&["privacy", "erase", &identity]);
    assert_eq!(again["erased"], json!([]), "there is nothing left of it");
    // Whoever brings the same version again is refused, as after any withdrawal.
    let file = node.file("again.json", bundle(&[self::identity(1, CANARY)]));
    node.json(&["import", &file, "--circle", "region", "--as", "alpha"]);
    std::fs::remove_file(file).unwrap();
    assert!(!objects(&node, &serving, "beta", &circle).contains(CANARY));
}

#[test]
fn a_member_that_audited_before_an_erasure_finds_that_everything_holds_after_it() {
    let node = tower();
    let serving = node.serve();
    let key = node.json(&["audit", "key"])["key"].as_str().unwrap().to_owned();
    let state = node.dir.path().join("audits");
    let audit = |serving: &Serving| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.env_clear().current_dir(node.dir.path()).env("BONGSU_TOKEN", &node.tokens["beta"]);
        command.args(["--json", "audit", "line", "--node", &serving.url, "--state", state.to_str().unwrap()]);
        let output = command.args(["--key", &key]).output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str::<Value>(&out).unwrap()["lines"][0].clone()
    };
    let line = audit(&serving);
    assert_eq!(line["objects"], 63, "{line}");
    node.json(&["privacy", "erase", &id("identity", 1)]);
    let line = audit(&serving);
    assert_eq!(
        (&line["findings"], &line["before"], &line["records"]),
        (&json!([]), &json!(63), &json!(64)),
        "{line}"
    );
    drop(serving);
    let serving = node.serve();
    let line = audit(&serving);
    assert_eq!((&line["findings"], &line["records"]), (&json!([]), &json!(64)), "{line}");
}

#[test]
fn a_backup_from_before_has_it_and_a_list_of_erasures_takes_it_out_again() {
    let node = in_a_file(tower);
    let copy = node.dir.path().join("copy.sqlite");
    node.json(&["backup", copy.to_str().unwrap()]);
    let erased = node.json(&["privacy", "erase", &id("identity", 1)]);
    assert_eq!(erased["erased"].as_array().unwrap().len(), 1);
    assert_eq!(holding(&node.data(), CANARY), Vec::<String>::new());
    let list = node.json(&["privacy", "erasures"]);
    assert!(!list.to_string().contains("Quillon"), "ids and hashes alone");
    let list = node.file("erasures.json", list.to_string());
    std::fs::copy(&copy, node.data().join("bongsu.sqlite")).unwrap();
    std::fs::remove_file(copy).unwrap();
    assert!(!holding(&node.data(), CANARY).is_empty(), "the backup has it");
    let again = node.json(&["privacy", "replay", &list]);
    assert_eq!(again["erased"].as_array().unwrap().len(), 1, "{again}");
    assert_eq!(holding(&node.data(), CANARY), Vec::<String>::new());
    let serving = node.serve();
    assert!(!objects(&node, &serving, "beta", &collection(&node)).contains(CANARY));
}

#[test]
fn names_and_addresses_of_people_and_contacts_that_are_gone_are_erased() {
    let node = tower();
    node.json(&["person", "add", "quillon.v", "--member", "alpha", "--name", CANARY, "--role", "reader"]);
    node.json(&[
        "contact",
        "add",
        "duty",
        "--member",
        "alpha",
        "--function",
        "technical",
        "--name",
        "Zephyrine Okonkwo-Hale",
        "--zone",
        "Asia/Seoul",
        "--channel",
        "mail:zephyrine@example.test",
        "--circle",
        "region",
    ]);
    let refused = |args: &[&str]| {
        let output = node.command(args).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    };
    refused(&["privacy", "erase", "--person", "quillon.v"]);
    refused(&["privacy", "erase", "--contact", "duty"]);
    node.json(&["person", "end", "quillon.v"]);
    node.json(&["contact", "remove", "duty"]);
    let serving = node.serve();
    node.json(&["privacy", "erase", "--person", "quillon.v"]);
    node.json(&["privacy", "erase", "--contact", "duty"]);
    node.json(&["privacy", "erase", &id("identity", 1)]);
    for text in [CANARY, "quillon.v", "Zephyrine", "zephyrine@"] {
        assert_eq!(holding(&node.data(), text), Vec::<String>::new(), "{text}");
    }
    drop(serving);
    let people = node.json(&["person", "list", "--all"]);
    assert_eq!(
        (&people["people"][0]["name"], &people["people"][0]["ended"]),
        (&json!("erased"), &json!(true)),
        "{people}"
    );
    let verified = node.command(&["verify"]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn what_a_circle_says_of_personal_data_is_told_wherever_it_is_shown() {
    let node = tower();
    node.json(&[
        "circle",
        "set",
        "region",
        "--legal-basis",
        "a task in the public interest",
        "--basis-reference",
        "GDPR 6(1)(e)",
        "--data-kind",
        "names of suspects",
        "--data-kind",
        "mail addresses",
        "--controller",
        "CERT A, dpo@cert-a.example",
        "--keep",
        "365",
        "--keep-type",
        "identity=180",
        "--keep-type",
        "indicator=never",
    ]);
    let shown = node.json(&["circle", "show", "region"]);
    let said = &shown["circle"]["privacy"];
    assert_eq!(said["legal_basis"], "a task in the public interest");
    assert_eq!(said["retention"], json!({"days": 365, "by_type": {"identity": 180, "indicator": null}}));
    let register = node.json(&["privacy", "register"]);
    let activity = &register["activities"][0];
    assert_eq!(activity["purposes"], "to stop fraud");
    assert_eq!(activity["data_categories"], "names of suspects; mail addresses");
    assert!(activity["erasure_time_limits"].as_str().unwrap().contains("identity 180 days"), "{activity}");
    let serving = node.serve();
    let page = node.text(&serving, "beta", "/circles/region");
    assert!(page.contains("GDPR 6(1)(e)") && page.contains("dpo@cert-a.example"), "{page}");
    let collections = node.text(&serving, "beta", "/api/collections/");
    assert!(collections.contains("to stop fraud") && collections.contains("a task in the public interest"));
    let due = node.json(&["privacy", "erase", "--due", "--dry-run"]);
    assert_eq!(due["would_erase"], json!([]), "all came today");
    let wrong = node.command(&["circle", "set", "region", "--keep", "0"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn what_is_held_of_a_person_is_found_and_told_with_its_recipients_and_requests_have_their_times() {
    let node = tower();
    let korean = node.file("korean.json", bundle(&[identity(3, "김정은")]));
    node.json(&["import", &korean, "--circle", "region", "--as", "beta"]);
    let serving = node.serve();
    objects(&node, &serving, "beta", &collection(&node));
    let ids = |found: &Value| -> Vec<String> {
        found["found"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&node.json(&["privacy", "find", "quillon.vantreese@"])), [id("identity", 1)]);
    assert_eq!(ids(&node.json(&["privacy", "find", "Kim Jong Un"])), [id("identity", 3)], "across scripts");
    assert_eq!(ids(&node.json(&["privacy", "find", "Nobody Of That Sort"])), Vec::<String>::new());
    let export = node.json(&["privacy", "export", CANARY]);
    let held = &export["held"][0];
    assert_eq!((&held["source"], &held["purpose"]), (&json!("alpha"), &json!("to stop fraud")), "{export}");
    assert_eq!(held["content"]["name"], CANARY);
    let recipients: Vec<&str> =
        held["recipients"].as_array().unwrap().iter().map(|one| one["member"].as_str().unwrap()).collect();
    assert_eq!(recipients, ["alpha", "beta"]);
    let opened = node.json(&["privacy", "request", "open", "access", "letter of 3 November"]);
    assert_eq!((&opened["request"]["number"], &opened["request"]["overdue"]), (&json!(1), &json!(false)));
    assert!(opened["request"]["due"].as_str().unwrap() > opened["request"]["received"].as_str().unwrap());
    node.json(&["privacy", "request", "answer", "1", "sent the export"]);
    let list = node.json(&["privacy", "request", "list"]);
    assert_eq!(list["requests"][0]["done"], "sent the export");
    assert!(list["requests"][0]["answered"].is_string());
}

#[test]
fn what_people_screen_by_their_own_tokens_is_kept_as_well() {
    let node = crate::people::node();
    let serving = node.serve();
    crate::people::person(&node, "kim", "exchange", &["analyst"]);
    let made = node.json(&["member", "token", "--person", "kim"]);
    let screens = |token: &str, value: &str| {
        let asked = serving.client.get(format!("{}/screening/value?value={value}", serving.url));
        assert_eq!(asked.bearer_auth(token).send().unwrap().status(), 200);
    };
    screens(made["token"]["token"].as_str().unwrap(), "one-k3.top");
    screens(&node.tokens["exchange"], "two-k3.top");
    let looks = node.json(&["privacy", "accesses"]).to_string();
    assert!(looks.contains("one-k3.top") && looks.contains(r#""kim""#), "{looks}");
    assert!(!looks.contains("two-k3.top"), "a machine has receipts: {looks}");
}

#[test]
fn who_looked_at_what_is_kept_and_machines_are_not_in_it() {
    let node = tower();
    let serving = node.serve();
    let circle = collection(&node);
    objects(&node, &serving, "beta", &circle);
    node.as_operator(&serving, &format!("/as/beta/api/collections/{circle}/objects/"));
    node.as_operator(&serving, "/objects?circle=region&q=Quillon");
    let accesses = |args: &[&str]| node.json(&[&["privacy", "accesses"], args].concat());
    let all = accesses(&[]);
    let looks = all["accesses"].as_array().unwrap();
    assert_eq!(looks.len(), 2, "the member's machine has receipts: {all}");
    assert_eq!((&looks[1]["seen_as"], &looks[1]["acts_for"]), (&json!("beta"), &json!("operator")), "{all}");
    assert_eq!(accesses(&["--of", "Quillon"])["accesses"].as_array().unwrap().len(), 1);
    assert_eq!(accesses(&["--by", "somebody"])["accesses"], json!([]));
    let page = node.as_operator(&serving, "/accesses?of=Quillon");
    assert!(page.contains("/objects?circle=region") && !page.contains("/api/collections/"), "{page}");
    drop(serving);
    let serving = node.serve();
    assert!(
        accesses(&["--of", "Quillon"])["accesses"].as_array().unwrap().len() >= 2,
        "also the look at the looks"
    );
    for token in node.tokens.values() {
        assert_eq!(holding(&node.data().join("accesses"), token), Vec::<String>::new());
    }
    drop(serving);
}

#[test]
fn an_erasure_that_is_broken_off_is_taken_up_by_the_serving_node_by_itself() {
    let node = in_a_file(tower);
    let led = id("indicator", 900);
    let log = node.dir.path().join("log");
    let serving = node.serve_logged(&log, &[]);
    // The disk takes no change of a record for a while; and a file that has it is not looked at by then.
    let store = node.data().join("bongsu.sqlite");
    let sql = |text: &str| {
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");
        let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
        let ran = std::process::Command::new(python).args(["-c", script]).arg(&store).arg(text).status();
        assert!(ran.unwrap().success(), "{text}");
    };
    sql("CREATE TRIGGER fault BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'a fault'); END");
    let zones = node.data().join("zones");
    std::fs::create_dir_all(&zones).unwrap();
    std::fs::write(zones.join("kept"), format!("x {DOMAIN} y")).unwrap();
    let output = node.command(&["privacy", "erase", &led]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("takes it up"), "{said}");
    assert!(!holding(&node.data(), DOMAIN).is_empty(), "it is not through");
    sql("DROP TRIGGER fault");
    let told = crate::node::wait(std::time::Duration::from_secs(120), || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.contains("had been broken off").then_some(())
    });
    assert!(told.is_some(), "it is told when it is through");
    assert_eq!(holding(&node.data(), DOMAIN), Vec::<String>::new());
    assert!(!node.text(&serving, "beta", "/d/list/domain.txt").contains(DOMAIN));
    drop(serving);
    assert!(node.command(&["verify"]).output().unwrap().status.success());
}

#[test]
fn a_property_about_a_person_is_corrected_by_a_new_version_and_the_wrong_one_is_handed_out_no_more() {
    let node = tower();
    let (identity, circle) = (id("identity", 1), collection(&node));
    let serving = node.serve();
    let all = |serving: &Serving| {
        let path = format!("/api/collections/{circle}/objects/?match[id]={identity}&match[version]=all");
        let text = node.text(serving, "beta", &path);
        serde_json::from_str::<Value>(&text).unwrap()["objects"].as_array().cloned().unwrap_or_default()
    };
    assert_eq!(all(&serving)[0]["name"], CANARY);
    let correct = |more: &[&str]| {
        node.json(&[&["privacy", "correct", &identity, "--reason", "misspelt"], more].concat())
    };
    let dry = correct(&["--set", "name=Quillon Vantrees", "--dry-run"]);
    assert_eq!(dry["would_correct"].as_array().unwrap().len(), 1, "{dry}");
    assert_eq!(all(&serving)[0]["name"], CANARY, "nothing was done");
    let bad = correct(&["--set", "identity_class=7"]);
    assert!(bad["corrected"].as_array().unwrap().is_empty() && !bad["findings"][0].is_null(), "{bad}");

    let done = correct(&["--set", "name=Q. V. Trees", "--set", "contact_information=q@example.test"]);
    assert_eq!((done["corrected"].as_array().unwrap().len(), &done["findings"]), (1, &json!([])), "{done}");
    let versions = all(&serving);
    assert_eq!(versions.len(), 1, "the wrong version is handed out no more: {versions:?}");
    let now = &versions[0];
    assert_eq!(
        (&now["name"], &now["contact_information"]),
        (&json!("Q. V. Trees"), &json!("q@example.test"))
    );
    assert_eq!(now["object_marking_refs"], json!([GREEN]), "for the same as before");
    assert!(
        now["modified"].as_str().unwrap() > "2026-09-01",
        "whoever had the old one is told as of any new version"
    );
    let listed = node.json(&["privacy", "corrections"]);
    let one = &listed["corrections"][0];
    assert_eq!((&one["id"], &one["member"]), (&json!(identity), &json!("alpha")), "{listed}");
    assert_eq!(
        (&one["properties"], &one["reason"]),
        (&json!(["name", "contact_information"]), &json!("misspelt"))
    );
    assert!(!listed.to_string().contains("Trees"), "what it says is not kept there");
    for wrong in ["id=x", "created_by_ref=x", "=x", "name"] {
        let output = node
            .command(&["privacy", "correct", &identity, "--reason", "r", "--set", wrong])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
    let absent = correct(&["--remove", "x_nothing"]);
    assert!(absent["findings"][0].as_str().unwrap().contains("x_nothing"), "{absent}");
    drop(serving);
    assert!(node.command(&["verify"]).output().unwrap().status.success());
}
