//! What the guard keeps out, by files that change while a node serves, by the limit of a step, and at once when it must.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::node::{Node, Serving, bundle, id, indicator, wait};

/// A node with a circle of two members that share and two that get.
fn node() -> Node {
    let mut node = Node::with_members();
    node.member("desk", "exchange", "amber");
    let mut add = vec!["circle", "add", "region"];
    add.extend(["exchange", "desk", "block", "detect"].iter().flat_map(|member| ["--member", member]));
    node.json(&add);
    node
}

fn share(node: &Node, objects: &[Value]) {
    let file = node.file("bundle.json", bundle(objects));
    let added = node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"].clone();
    assert_eq!(added, objects.len());
}

fn domains(node: &Node, serving: &Serving) -> Vec<String> {
    let list = node.text(serving, "block", "/d/list/domain.bare.txt");
    list.lines().map(str::to_owned).collect()
}

#[test]
fn warning_lists_count_when_they_change_and_a_broken_one_leaves_all_as_it_was() {
    let node = node();
    share(&node, &[indicator(1, "evil-login-k3.top"), indicator(2, "partner-k3.top")]);
    let folder = node.dir.path().join("lists");
    std::fs::create_dir(&folder).unwrap();
    let list = folder.join("ours.json");
    let serving = node.serve_with(&[("BONGSU__GUARD__LISTS", folder.to_str().unwrap())]);
    assert_eq!(domains(&node, &serving).len(), 2);
    let until = |count: usize| {
        wait(Duration::from_secs(20), || (domains(&node, &serving).len() == count).then_some(()))
    };
    std::fs::write(&list, r#"{"name":"Ours","type":"hostname","list":["partner-k3.top"]}"#).unwrap();
    assert!(until(1).is_some(), "the list counts without a restart");
    let checked = serving.client.post(format!("{}/warninglists/checkValue", serving.url));
    let checked = checked
        .header("authorization", &node.tokens["exchange"])
        .header("content-type", "application/json")
        .body(r#"["partner-k3.top"]"#);
    let checked = checked.send().unwrap().text().unwrap();
    assert!(checked.contains("Ours"), "for who comes as to a MISP, too: {checked}");
    let lists = node.json(&["guard", "lists"]);
    let ours = json!({"title": "Ours", "entries": 1, "from": "configured"});
    assert!(lists["lists"].as_array().unwrap().contains(&ours), "{lists}");
    let explained = node.json(&["guard", "explain", "partner-k3.top", "--as", "block"]);
    assert_eq!(explained["passes"], false);
    assert_eq!(explained["indicators"][0]["hold"]["list"], "Ours", "{explained}");
    let other = folder.join("other.json");
    std::fs::write(&other, r#"{"name":"Others","type":"hostname","list":["evil-login-k3.top"]}"#).unwrap();
    assert!(until(0).is_some());
    std::fs::write(&list, "{").unwrap();
    std::fs::remove_file(&other).unwrap();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(domains(&node, &serving), [] as [&str; 0], "all stays as it was");
    std::fs::remove_file(&list).unwrap();
    assert!(until(2).is_some());
}

#[test]
fn a_node_starts_with_what_is_good_of_its_lists_and_says_what_it_was_told() {
    let node = node();
    share(&node, &[indicator(1, "evil-login-k3.top"), indicator(2, "partner-k3.top")]);
    let folder = node.dir.path().join("lists");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("bad.json"), "{").unwrap();
    let good = r#"{"name":"Ours","type":"hostname","list":["partner-k3.top"]}"#;
    std::fs::write(folder.join("good.json"), good).unwrap();
    let model = r#"{"name":"Quick","parameters":{"lifetime":2,"decay_speed":1,"threshold":10}}"#;
    let model = node.file("model.json", model);
    let config = format!(
        "[guard]\nlists = {folder:?}\n[[guard.off]]\nlist = \"Top 1000 website from Alexa\"\nreason = \"test\"\n\
         [guard.decay.url]\nmodel = {model:?}\n[guard.decay.ipv4]\nlifetime_days = 7\n"
    );
    std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
    let lists = node.json(&["guard", "lists"]);
    assert_eq!(lists["off"], json!([{"title": "Top 1000 website from Alexa", "reason": "test"}]));
    let titles: Vec<&str> =
        lists["lists"].as_array().unwrap().iter().map(|list| list["title"].as_str().unwrap()).collect();
    assert!(titles.contains(&"Ours") && !titles.contains(&"Top 1000 website from Alexa"), "{titles:?}");
    let models = node.json(&["guard", "models"]);
    let of = |kind: &str| {
        let models = models["models"].as_array().unwrap();
        models.iter().find(|model| model["kind"] == kind).cloned().unwrap()
    };
    assert_eq!((of("url")["model"].as_str(), of("url")["threshold"].as_u64()), (Some("Quick"), Some(10)));
    assert_eq!(
        (of("ipv4")["model"].as_str(), of("ipv4")["lifetime_days"].as_f64()),
        (Some("configured"), Some(7.0))
    );
    assert_eq!(of("domain")["model"], "built in");
    assert_eq!(node.json(&["guard", "explain", "evil-login-k3.top", "--as", "block"])["passes"], true);
    std::fs::write(node.dir.path().join("model.json"), "[]").unwrap();
    let output = node.command(&["guard", "models"]).output().unwrap();
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert!(
        said.contains("guard.decay.url: the model ") && said.contains("not a MISP decaying model"),
        "{said}"
    );
}

#[test]
fn what_a_member_brings_beyond_the_limit_waits_for_an_operator_over_a_restart() {
    let node = node();
    let limit = [("BONGSU__GUARD__STEP_COUNT_MAX", "2"), ("BONGSU__GUARD__STEP_PERCENT_MAX", "10")];
    let named = |from: u128, name: &str| -> Vec<Value> {
        (from..from + 4).map(|number| indicator(number, &format!("{name}{number}-k3.top"))).collect()
    };
    share(&node, &named(1, "a"));
    let token = node.json(&["member", "token", "--operator"])["token"]["token"].as_str().unwrap().to_owned();
    let serving = node.serve_with(&limit);
    let objects: Vec<String> = named(11, "b").iter().map(Value::to_string).collect();
    assert_eq!(node.post(&serving, "desk", "region", &objects.join(",")).send().unwrap().status(), 202);
    // Two came within the limit.
    assert!(wait(Duration::from_secs(10), || (domains(&node, &serving).len() == 6).then_some(())).is_some());
    let step = || node.json(&["guard", "steps"])["steps"][0].clone();
    assert_eq!((&step()["from"], &step()["waiting"]), (&json!("desk"), &json!(2)));
    let id = step()["id"].as_str().unwrap().to_owned();
    let held = node.json(&["deliver", "--to", "block", "--what", "zone.rpz"])["held"].clone();
    let rules: Vec<&str> =
        held.as_array().unwrap().iter().map(|held| held["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["step-limit", "step-limit"], "{held}");
    serving.kill();
    let serving = node.serve_with(&limit);
    assert_eq!(domains(&node, &serving).len(), 6, "a restart lets nothing out");

    // An operator's page has it with a button, which counts on that page alone; a member has no such page.
    assert_eq!(node.get(&serving, "desk", "/steps").send().unwrap().status(), 404);
    let page = serving.client.get(format!("{}/steps", serving.url)).basic_auth("operator", Some(&token));
    let page = page.send().unwrap().text().unwrap();
    assert!(page.contains(&format!("action=\"/steps/{id}/confirm\"")), "{page}");
    let press = |origin: &str, user: &str, token: &str| {
        let address = format!("{}/steps/{id}/confirm", serving.url);
        let pressed = serving.client.post(address).basic_auth(user, Some(token)).header("origin", origin);
        pressed.send().unwrap().status()
    };
    assert_eq!(press("https://evil.test", "operator", &token), 403);
    assert_eq!(press(&serving.url, "desk", &node.tokens["desk"]), 404);
    assert_eq!(domains(&node, &serving).len(), 6);
    assert_eq!(press(&serving.url, "operator", &token), 200);
    assert_eq!(domains(&node, &serving).len(), 8);
    assert_eq!((&step()["verdict"], &step()["waiting"]), (&json!("confirmed"), &json!(0)));
    serving.kill();
    let serving = node.serve_with(&limit);
    assert_eq!(domains(&node, &serving).len(), 8);
    // Who imports by hand is the one who confirms; and what is refused stays out.
    let file = node.file("by-hand.json", bundle(&named(21, "c")));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    assert_eq!(domains(&node, &serving).len(), 12);
    let objects: Vec<String> = named(31, "d").iter().map(Value::to_string).collect();
    node.post(&serving, "desk", "region", &objects.join(",")).send().unwrap();
    let waits = || step()["waiting"].as_u64().filter(|waiting| *waiting > 0);
    assert!(wait(Duration::from_secs(10), waits).is_some(), "{}", node.json(&["guard", "steps"]));
    let id = step()["id"].as_str().unwrap().to_owned();
    node.json(&["guard", "refuse", &id]);
    let explained = node.json(&["guard", "explain", "d34-k3.top", "--as", "block"]);
    let why = explained["indicators"][0]["hold"]["why"].as_str().unwrap();
    assert!(why.starts_with("an operator has refused the step region."), "{explained}");
}

/// Whoever has the sender's token cannot have what it brings confirmed by the operator's import that is under way.
#[test]
fn an_import_confirms_only_what_it_brought_itself() {
    let node = node();
    share(&node, &[indicator(1, "a1-k3.top"), indicator(2, "a2-k3.top"), indicator(3, "a3-k3.top")]);
    let limit = [("BONGSU__GUARD__STEP_COUNT_MAX", "2"), ("BONGSU__GUARD__STEP_PERCENT_MAX", "10")];
    let serving = node.serve_with(&limit);
    let pipe = node.dir.path().join("by-hand.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let import = ["import", pipe.to_str().unwrap(), "--circle", "region", "--as", "desk", "--format", "stix"];
    let import = node.command(&import).stdout(Stdio::piped()).spawn().unwrap();
    // It has begun, and waits for its file.
    let mut file = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    let objects: Vec<String> =
        (11..15).map(|number| indicator(number, &format!("b{number}-k3.top")).to_string()).collect();
    assert_eq!(node.post(&serving, "desk", "region", &objects.join(",")).send().unwrap().status(), 202);
    let step = || Some(node.json(&["guard", "steps"])["steps"][0].clone()).filter(Value::is_object);
    assert!(wait(Duration::from_secs(10), step).is_some());
    file.write_all(bundle(&[indicator(21, "c21-k3.top")]).as_bytes()).unwrap();
    drop(file);
    let imported: Value = serde_json::from_slice(&import.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(imported["added"], 1, "{imported}");
    let told = imported["unconfirmed"][0].as_str().unwrap();
    assert!(told.contains(step().unwrap()["id"].as_str().unwrap()), "{told}");
    assert_eq!(step().unwrap()["waiting"], 3, "two of the four, and the one of the file");
}

/// What is withdrawn, or whose validity ends, is out of everything that a member can ask for within a second.
#[test]
fn what_is_withdrawn_or_has_expired_is_out_of_every_artefact_within_a_second() {
    let node = node();
    let hash = "aa".repeat(16);
    let of = |number: u128, (language, pattern): (&str, String), until: Option<String>| {
        let mut indicator = indicator(number, "x");
        (indicator["pattern"], indicator["name"]) = (json!(pattern), json!(format!("mark-{number}")));
        indicator["pattern_type"] = json!(language);
        if let Some(until) = until {
            indicator["valid_until"] = json!(until);
        }
        indicator
    };
    let patterns = |domain: &str, address: &str, byte: &str| {
        let (hash, short) = (byte.repeat(32), byte.repeat(16));
        let signature = |from: u32| {
            let sid = from + u32::from_str_radix(byte, 16).unwrap();
            format!(
                "alert udp any any -> any any (msg:\"{domain}\"; content:\"{domain}\"; sid:{sid}; rev:1;)"
            )
        };
        [
            ("stix", format!("[domain-name:value = '{domain}']")),
            ("stix", format!("[ipv4-addr:value = '{address}']")),
            ("stix", format!("[url:value = 'http://{domain}/a.php']")),
            ("stix", format!("[file:hashes.'SHA-256' = '{hash}']")),
            ("stix", format!("[file:hashes.MD5 = '{short}']")),
            ("stix", format!("[email-addr:value = 'x@{domain}']")),
            ("yara", format!("rule mark_{byte} {{ strings: $a = \"{domain}\" condition: $a }}")),
            (
                "sigma",
                format!(
                    "title: {domain}\nlogsource:\n    category: dns_query\n    product: windows\ndetection:\n    sel:\n        QueryName: {domain}\n    condition: sel\n"
                ),
            ),
            ("suricata", signature(4_000)),
            ("snort", signature(5_000)),
        ]
    };
    let (first, second) =
        (patterns("gone-k3.top", "185.130.44.9", "aa"), patterns("late-k3.top", "185.130.44.10", "bb"));
    // Long enough for a machine that is busy; what is waited for is the end itself.
    let ends = stix_time(Duration::from_secs(40));
    let mut objects: Vec<Value> =
        first.iter().zip(1..).map(|(pattern, number)| of(number, pattern.clone(), None)).collect();
    objects.extend(
        second.iter().zip(21..).map(|(pattern, number)| of(number, pattern.clone(), Some(ends.1.clone()))),
    );
    share(&node, &objects);
    let key = node.json(&["member", "tsig", "block"])["tsig"].clone();
    node.json(&["member", "set", "detect", "--contact", "detect@tower.example"]);
    let serving = node.serve_with(&[("BONGSU__ADVISORY__REPLY_TO", "answers@tower.example")]);
    let names = artefacts(&node, &serving);
    let marks = |which: usize| -> [String; 3] {
        match which {
            0 => ["gone-k3.top".to_owned(), "185.130.44.9".to_owned(), hash.clone()],
            _ => ["late-k3.top".to_owned(), "185.130.44.10".to_owned(), "bb".repeat(16)],
        }
    };
    // An address is part of a longer one, and zones write it backwards; advisories write names so that nobody clicks.
    let has = |text: &str, which: usize| {
        // What is no longer valid, an advisory says in a place of its own.
        let (valid, _) = text.split_once("What is no longer valid").unwrap_or((text, ""));
        let defanged = valid.replace("[.]", ".");
        marks(which).iter().any(|mark| {
            let backwards = mark.split('.').rev().collect::<Vec<_>>().join(".");
            [mark, &backwards].into_iter().any(|mark| {
                defanged
                    .match_indices(mark.as_str())
                    .any(|(at, _)| !defanged[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit()))
            })
        })
    };
    let with = |which: usize| -> Vec<String> {
        let parts = |name: &String| {
            let made = node.get(&serving, "detect", &format!("/d/{name}")).send().unwrap();
            parts(&made.error_for_status().unwrap().bytes().unwrap(), name)
        };
        let with = names.iter().filter(|name| parts(name).iter().any(|part| has(part, which)));
        let mut with: Vec<String> = with.cloned().collect();
        if has(&transfer(&serving, &key), which) {
            with.push("the zone over DNS".to_owned());
        }
        with
    };
    let all = with(0);
    // These name no value, but the lists that have them.
    let nameless = ["fires.txt", "fires.json", "suricata-files.rules", "suricata-datasets.rules"];
    let without = |name: &&String| {
        !name.starts_with("list/") && !nameless.contains(&name.as_str()) && !all.contains(name)
    };
    assert_eq!(names.iter().filter(without).collect::<Vec<_>>(), [] as [&String; 0]);
    assert!(all.len() > names.len() / 2, "{all:?}");
    let early = with(1);
    assert!(early == all || Instant::now() >= ends.0, "{early:?}");
    // Where objects are read, what has ended stays, and says so itself.
    let exchanged = || {
        let taxii = node.text(&serving, "exchange", "/api/collections/region/objects/");
        let misp = serving.client.post(format!("{}/events/restSearch", serving.url));
        let misp = misp.header("authorization", node.tokens.get("exchange").unwrap()).json(&json!({}));
        let misp = misp.send().unwrap().error_for_status().unwrap().text().unwrap();
        [taxii, misp].map(|text| has(&text, 0))
    };
    assert_eq!(exchanged(), [true; 2]);
    let ids: Vec<String> = (1..11).map(|number| id("indicator", number)).collect();
    let mut withdraw = vec!["withdraw", "--circle", "region", "--as", "exchange", "--reason", "false alarm"];
    withdraw.extend(ids.iter().map(String::as_str));
    node.json(&withdraw);
    assert_eq!(with(0), [] as [&str; 0], "withdrawn");
    assert_eq!(exchanged(), [false; 2], "withdrawn");
    let gone = |which: usize| {
        let advisory = node.text(&serving, "detect", "/d/advisory.html").replace("[.]", ".");
        advisory.split_once("<h2 id=\"gone\">").is_some_and(|(_, gone)| gone.contains(&marks(which)[0]))
    };
    assert!(gone(0), "the advisory says so");
    assert!(!gone(1) || Instant::now() >= ends.0, "not yet");
    // On a machine that has taken all of that time, what has ended can't be shown to have been there until then.
    if Instant::now() < ends.0 {
        let before = with(1);
        assert!(before == all || Instant::now() >= ends.0, "{before:?}");
    }
    std::thread::sleep(ends.0.saturating_duration_since(Instant::now()) + Duration::from_millis(20));
    assert_eq!(with(1), [] as [&str; 0], "expired");
    assert!(gone(0) && gone(1), "the advisory says so");
}

/// An instant after some time, and how STIX writes it.
fn stix_time(after: Duration) -> (Instant, String) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let whole = Duration::from_secs((now + after).as_secs());
    let text = Command::new("date")
        .args(["-u", "-d", &format!("@{}", whole.as_secs()), "+%Y-%m-%dT%H:%M:%S.000Z"])
        .output()
        .unwrap();
    (Instant::now() + (whole - now), String::from_utf8(text.stdout).unwrap().trim().to_owned())
}

/// The names of all artefacts, as the node tells whoever asks for one that is not there.
fn artefacts(node: &Node, serving: &Serving) -> Vec<String> {
    let told = node.get(serving, "detect", "/d/x").send().unwrap().text().unwrap();
    let words = |text: &str| -> Vec<String> {
        text.split([' ', ',', ';', ':', '(', ')', '\n'])
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let choices = |what: &str| {
        let (_, choices) = told.split_once(&format!("({what}: ")).unwrap_or_else(|| panic!("{what}: {told}"));
        words(choices.split(')').next().unwrap())
    };
    let mut names: Vec<String> = words(&told).into_iter().filter(|word| word.contains('.')).collect();
    for what in ["KIND", "FORM", "SET"] {
        let choices = choices(what);
        let each = |name: String| match name.contains(what) {
            true => choices.iter().map(|choice| name.replace(what, choice)).collect(),
            false => vec![name],
        };
        names = names.into_iter().flat_map(each).collect();
    }
    // What stands between choices, and forms that are not for each kind, are no names.
    names.retain(|name| node.get(serving, "detect", &format!("/d/{name}")).send().unwrap().status() != 404);
    names.sort();
    names.dedup();
    names
}

/// What a hunt with this watch file finds of all that is shared.
fn hunted(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (folder.path().join("watch.bongsu"), folder.path().join("log"));
    std::fs::write(&file, bytes).unwrap();
    let shared = [0xaa_u8, 0xbb].map(|byte| format!("{byte:x}").repeat(16)).join(" ");
    std::fs::write(&log, format!("gone-k3.top late-k3.top 185.130.44.9 185.130.44.10 {shared}\n")).unwrap();
    let mut hunt = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    let output = hunt.arg("hunt").arg("--json").arg("--watch").arg(file).arg(log).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let finds = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    finds.filter_map(|find| Some(find["found"].as_str()?.to_owned() + "\n")).collect()
}

/// What people or programs find in an artefact, each part of a mail for itself.
fn parts(bytes: &[u8], name: &str) -> Vec<String> {
    let decode = "import email, sys\nfor part in email.message_from_binary_file(sys.stdin.buffer).walk():\n    \
                  if part.get_content_maintype() == 'text': sys.stdout.buffer.write(part.get_payload(decode=True) + b'\\0')";
    let names = "import base64, sys\nfor line in sys.stdin: print(base64.b64decode(line).decode())";
    let (program, arguments) = match name.rsplit('.').next() {
        _ if name == "datasets/domain.lst" => ("python3", vec!["-c", names]),
        Some("eml") => ("python3", vec!["-c", decode]),
        Some("pdf") => ("pdftotext", vec!["-layout", "-", "-"]),
        Some("bongsu") => return vec![hunted(bytes)],
        _ => return vec![String::from_utf8_lossy(bytes).into_owned()],
    };
    let mut running = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; run scripts/setup"));
    running.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{name}");
    String::from_utf8_lossy(&output.stdout).split('\0').map(str::to_owned).collect()
}

/// The zone of the member `block`, asked for over DNS.
fn transfer(serving: &Serving, key: &Value) -> String {
    let (address, port) = serving.dns.as_deref().unwrap().rsplit_once(':').unwrap();
    let key = format!("hmac-sha256:{}:{}", key["name"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let output = Command::new("dig")
        .args([&format!("@{address}"), "-p", port, "-y", &key, "block.rpz.bongsu", "AXFR", "+tries=1"])
        .output()
        .unwrap_or_else(|error| panic!("dig: {error}; run scripts/setup"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
