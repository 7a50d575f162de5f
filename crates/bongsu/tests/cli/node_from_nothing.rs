//! From an empty folder to an artefact, as an operator types it; with the shapes of `--json`.

use crate::shell::Shell;
use serde_json::{Value, json};

const LIST: &str =
    "# domains of one campaign\nevil-login-k3[.]top\nhxxp://bad-drop-k3[.]top/drop.php\n185.130.44.9\n";

/// Puts a word in place of what is different in each run.
fn steady(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map.iter_mut() {
                    let changes = matches!(
                        key.as_str(),
                        "id" | "token"
                            | "secret"
                            | "created"
                            | "data"
                            | "config"
                            | "checkpoint"
                            | "root"
                            | "to"
                            | "seconds"
                    );
                    match value {
                        Value::String(text) if changes => *text = format!("<{key}>"),
                        Value::Number(_) if changes || key == "bytes" => *value = json!("<number>"),
                        value => walk(value),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut value);
    value
}

fn shape(name: &str, value: Value) {
    insta::assert_json_snapshot!(name, steady(value));
}

#[test]
fn json_keeps_its_shapes() {
    let shell = Shell::empty();
    shape("init", shell.json(&["init", "--name", "tower.test"]));
    let profile = ["--level", "list", "--name", "An ISP", "--clearance", "amber", "--country", "kr"];
    shape("member-add", shell.json(&[&["member", "add", "isp"][..], &profile].concat()));
    shell.ok(&["member", "add", "cert", "--level", "exchange", "--no-token"]);
    shape("circle-add", shell.json(&["circle", "add", "peers", "--member", "isp", "--title", "Peers"]));
    shape("circle-join", shell.json(&["circle", "join", "peers", "cert"]));
    shape("member-list", shell.json(&["member", "list"]));
    shape("circle-list", shell.json(&["circle", "list"]));
    shape("member-show", shell.json(&["member", "show", "isp"]));
    shape("member-tsig", {
        let mut tsig = shell.json(&["member", "tsig", "isp"]);
        tsig["tsig"]["name"] = json!("<name>");
        tsig
    });
    let list = shell.file("list.txt", LIST);
    shape("import", shell.json(&["import", &list, "--circle", "peers", "--as", "cert"]));
    shape("circle-show", shell.json(&["circle", "show", "peers"]));
    shape("verify", shell.json(&["verify"]));
}

#[test]
fn what_is_imported_reaches_each_member_in_its_form() {
    let shell = Shell::peers();
    let list = shell.file("list.txt", LIST);
    let said = shell.ok(&["import", &list, "--circle", "peers", "--as", "cert"]);
    assert!(said.contains('3'), "{said}");

    let domains = shell.ok(&["deliver", "--to", "isp", "--level", "list", "--kind", "domain"]);
    assert!(domains.contains("evil-login-k3.top"), "{domains}");
    let zone = shell.ok(&["deliver", "--to", "isp", "--level", "block"]);
    assert!(zone.contains("evil-login-k3.top"), "{zone}");
    let advisory = shell.ok(&["deliver", "--to", "ministry", "--level", "read"]);
    assert!(advisory.contains("<html") && advisory.contains("TLP:AMBER"), "{advisory}");
    let rules = shell.ok(&["deliver", "--to", "cert", "--level", "detect"]);
    assert!(rules.contains("evil-login-k3.top"), "{rules}");
    let bundle: Value =
        serde_json::from_str(&shell.ok(&["deliver", "--to", "cert", "--level", "exchange"])).unwrap();
    assert!(bundle["objects"].as_array().unwrap().len() >= 3);

    let (code, err) = shell.fails(&["deliver", "--to", "ministry", "--level", "block"]);
    assert_eq!(code, 1, "a member gets its own level and those below: {err}");
    let out = shell.path("zone.rpz");
    shell.ok(&["deliver", "--to", "isp", "--level", "block", "--out", out.to_str().unwrap()]);
    assert!(std::fs::read_to_string(out).unwrap().contains("evil-login-k3.top"));
    assert!(shell.ok(&["verify"]).contains("holds"));
}

#[test]
fn one_bad_object_does_not_lose_the_good_ones() {
    let shell = Shell::peers();
    let good = |n: u8| {
        format!(
            r#"{{"type":"domain-name","spec_version":"2.1","id":"domain-name--00000000-0000-4000-8000-0000000000{n:02}","value":"a{n}.example"}}"#
        )
    };
    let wrong_type = good(3).replace("domain-name--", "url--");
    let twice = good(4).replace("\"value\"", "\"value\":\"x\",\"value\"");
    let bundle = format!(
        r#"{{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000000","objects":[{},{wrong_type},{},{twice},{}]}}"#,
        good(1),
        good(2),
        good(5)
    );
    let bundle = shell.file("bundle.json", bundle);
    let ended = shell.run(&["--json", "import", &bundle, "--circle", "peers", "--as", "cert"]);
    assert_eq!(ended.code, 3, "{}", ended.err);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&report["added"], &report["refused"]), (&json!(3), &json!(2)), "{report}");
    let again: Value = serde_json::from_str(
        &shell.run(&["--json", "import", &bundle, "--circle", "peers", "--as", "cert"]).out,
    )
    .unwrap();
    assert_eq!((&again["added"], &again["present"]), (&json!(0), &json!(3)), "{again}");
}

#[test]
fn a_dry_run_says_who_would_get_what_and_sends_nothing() {
    let shell = Shell::peers();
    let list = shell.file("list.txt", LIST);
    let args = [
        "share",
        &list,
        "--circle",
        "peers",
        "--as",
        "cert",
        "--tlp",
        "red",
        "--recipient",
        "isp",
        "--dry-run",
    ];
    let report = shell.json(&args);
    let rows = report["rows"].as_array().unwrap();
    let decision = |member: &str| {
        rows.iter()
            .find(|row| row["member"] == member)
            .map(|row| (row["decision"].clone(), row["rule"].clone()))
    };
    assert_eq!(decision("ministry"), Some((json!("hold"), json!("tlp-over-ceiling"))), "{report}");
    assert_eq!(shell.json(&["circle", "show", "peers"])["circle"]["records"], 0);

    let args =
        ["share", &list, "--circle", "peers", "--as", "cert", "--embargo-until", "2099-01-01", "--dry-run"];
    let text = shell.ok(&args);
    assert!(text.contains("embargo") && text.contains("ministry"), "{text}");
}

#[test]
fn a_dry_run_asks_the_guard_too() {
    let shell = Shell::peers();
    let list = shell.file("list.txt", "google.com\nevil-login-k3.top\n");
    let report = shell.json(&["share", &list, "--circle", "peers", "--as", "cert", "--dry-run"]);
    let of_isp = |word: &str| {
        let rows = report["rows"].as_array().unwrap().iter().filter(|row| row["member"] == "isp");
        rows.filter(|row| row["decision"] == word).map(|row| row["rule"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of_isp("release"), [json!("circle")], "{report}");
    assert_eq!(of_isp("hold"), [json!("warning-list")], "{report}");
    assert!(report.to_string().contains("\"value\":\"google.com\""), "{report}");
}

#[test]
fn an_undated_list_is_shared_once_however_often_it_is_sent() {
    let shell = Shell::peers();
    let list = shell.file("list.txt", LIST);
    let args = ["share", &list, "--circle", "peers", "--as", "cert"];
    assert_eq!(shell.json(&args)["circles"][0]["added"], 3);
    let again = shell.json(&args);
    let (added, present) = (&again["circles"][0]["added"], &again["circles"][0]["present"]);
    assert_eq!((added, present), (&json!(0), &json!(3)), "{again}");
}

#[test]
fn what_another_has_brought_unseen_is_still_to_be_brought() {
    let shell = Shell::peers();
    let list = shell.file("list.txt", LIST);
    for member in ["cert", "isp"] {
        let args = ["import", &list, "--circle", "peers", "--as", member, "--recipient", "ministry"];
        assert_eq!(shell.json(&args)["added"], 3, "{member} sees nothing of the other's");
        assert_eq!(shell.json(&args)["present"], 3, "{member}'s own is there");
    }
}

#[test]
fn all_that_waits_is_decided_once_and_what_is_refused_waits_on_alone() {
    let shell = Shell::peers();
    let nameless = |number: u8, day: u8| {
        json!({"type": "identity", "spec_version": "2.1", "identity_class": "group",
            "id": format!("identity--00000000-0000-4000-8000-00000000000{number}"),
            "created": "2026-01-01T00:00:00.000Z", "modified": format!("2026-01-0{day}T00:00:00.000Z")})
    };
    for (member, objects) in
        [("cert", [nameless(1, 1), nameless(2, 1)]), ("isp", [nameless(3, 1), nameless(1, 2)])]
    {
        let bundle = json!({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000009",
            "objects": objects});
        let file = shell.file("nameless.json", bundle.to_string());
        shell.run(&["import", &file, "--circle", "peers", "--as", member, "--intake", "quarantine"]);
    }
    let ended = shell.run(&["--json", "quarantine", "release", "peers", "--all"]);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(told["findings"].as_array().unwrap().len(), 1, "{told:#}");
    assert_eq!(told["settled"].as_array().unwrap().len(), 2, "{told:#}");
    let left = shell.json(&["quarantine", "list", "peers"]);
    assert_eq!((&left["total"], &left["quarantined"][0]["from"]), (&json!(1), &json!("isp")), "{left:#}");
}

#[test]
fn who_is_not_in_a_circle_is_told_so_before_anything_is_read() {
    let shell = Shell::peers();
    let list = shell.file("list.txt", LIST);
    shell.ok(&["import", &list, "--circle", "peers", "--as", "cert"]);
    shell.ok(&["member", "add", "outsider", "--level", "exchange"]);
    for command in ["import", "share"] {
        let (code, said) = shell.fails(&[command, &list, "--circle", "peers", "--as", "outsider"]);
        assert!(code == 1 && said.contains("not in circle peers") && said.contains("circle join"), "{said}");
    }
}

#[test]
fn a_folder_that_was_open_to_others_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt as _;

    let shell = Shell::empty();
    std::fs::create_dir(shell.data()).unwrap();
    std::fs::set_permissions(shell.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    shell.ok(&["init"]);
    assert_eq!(std::fs::metadata(shell.data()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn the_operators_tokens_are_listed_and_can_be_revoked() {
    let shell = Shell::node();
    let made = shell.json(&["member", "token", "--operator"]);
    let id = made["token"]["id"].as_str().unwrap();
    assert!(shell.ok(&["member", "show", "operator"]).contains(id));
    shell.ok(&["member", "token", "--revoke", id]);
    assert!(shell.ok(&["member", "show", "operator"]).contains("revoked"));
}

#[test]
fn what_is_withdrawn_is_delivered_no_more() {
    let shell = Shell::peers();
    let list = shell.file("list.txt", LIST);
    shell.ok(&["import", &list, "--circle", "peers", "--as", "cert"]);
    let bundle: Value =
        serde_json::from_str(&shell.ok(&["deliver", "--to", "cert", "--level", "exchange"])).unwrap();
    let ids: Vec<&str> = bundle["objects"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|object| object.to_string().contains("evil-login"))
        .filter_map(|object| object["id"].as_str())
        .collect();
    assert!(!ids.is_empty());
    let args =
        [&["withdraw", "--circle", "peers", "--reason", "a mistake", "--as", "cert"][..], &ids].concat();
    shell.ok(&args);
    let domains = shell.ok(&["deliver", "--to", "isp", "--level", "list", "--kind", "domain"]);
    assert!(!domains.contains("evil-login"), "{domains}");
}

#[test]
fn a_backup_is_a_store_that_verifies() {
    let shell = Shell::peers();
    let list = shell.file("list.txt", LIST);
    shell.ok(&["import", &list, "--circle", "peers", "--as", "cert"]);
    let copy = shell.path("copy.sqlite");
    shell.ok(&["backup", copy.to_str().unwrap()]);
    let (code, _) = shell.fails(&["backup", copy.to_str().unwrap()]);
    assert_eq!(code, 1);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&copy).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "TSIG keys are inside: {mode:o}");
    std::fs::copy(&copy, shell.data().join("bongsu.sqlite")).unwrap();
    shell.ok(&["verify"]);
}
