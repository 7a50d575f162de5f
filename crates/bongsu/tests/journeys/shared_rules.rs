//! Rules that partners wrote reach a member whole: YARA compiles them and finds a file, Suricata and pySigma take theirs.

use std::process::Command;

use serde_json::{Value, json};

use crate::capture;
use crate::node::{Node, Serving, bundle, id, indicator, shared};

const FILE: &str = "rule paper_lantern { strings: $a = \"PAPER-LANTERN-TEST\" condition: $a }";
const SIGMA: &str = "title: Lantern\nlogsource:\n    category: dns_query\n    product: windows\ndetection:\n    \
                     sel:\n        QueryName: lantern.example\n    condition: sel\n";
const SIGNATURE: &str = "alert dns any any -> any any (msg:\"Lantern\"; dns.query; content:\"lantern.example\"; nocase; sid:4001; rev:1;)";

fn rule(number: u128, pattern_type: &str, pattern: &str) -> Value {
    let mut rule = indicator(number, "x");
    rule["name"] = json!(format!("Rule {number}\n*/ rule"));
    rule["pattern_type"] = json!(pattern_type);
    rule["pattern"] = json!(pattern);
    rule["created_by_ref"] = json!(id("identity", 99));
    rule["object_marking_refs"] = json!([id("marking-definition", 98)]);
    rule
}

fn serving() -> (Node, Serving) {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let date = "2026-09-01T00:00:00.000Z";
    let mut objects = vec![
        json!({"type": "identity", "spec_version": "2.1", "id": id("identity", 99), "created": date, "modified": date,
               "name": "CERT of the Tests", "identity_class": "organization"}),
        json!({"type": "marking-definition", "spec_version": "2.1", "id": id("marking-definition", 98), "created": date,
               "definition_type": "statement", "definition": {"statement": "CC BY 4.0: name the author"}}),
        rule(1, "yara", FILE),
        rule(
            2,
            "yara",
            "import \"pe\"\nprivate rule paper_lantern { condition: pe.is_pe or filesize < 1MB }\nrule other { condition: paper_lantern and filesize == 0 }",
        ),
        rule(3, "yara", "rule broken { strings: $a = \"x condition: $a }"),
        rule(4, "yara", "rule needs { condition: filename == \"x\" }"),
        rule(5, "sigma", SIGMA),
        rule(6, "sigma", "title: [broken"),
        rule(7, "suricata", SIGNATURE),
        rule(8, "suricata", "pass ip any any -> any any (msg:\"all\"; sid:4002;)"),
        rule(9, "snort", &SIGNATURE.replace("alert dns", "alert udp").replace("dns.query; ", "")),
    ];
    let mut both = indicator(10, "x");
    both["pattern"] = json!("[domain-name:value = 'a.evil-k3.top' AND ipv4-addr:value = '45.10.20.9']");
    let mut harmless = indicator(11, "x");
    harmless["pattern"] = json!("[domain-name:value = 'google.com']");
    objects.extend([both, harmless]);
    let file = node.file("bundle.json", bundle(&objects));
    assert_eq!(
        node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"],
        objects.len()
    );
    let serving = node.serve();
    (node, serving)
}

fn told(command: &mut Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}; run scripts/setup"));
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{program}: {said}");
    said
}

#[test]
fn a_real_yara_compiles_what_partners_wrote_and_finds_a_file() {
    let (node, serving) = serving();
    let text = node.text(&serving, "detect", "/d/yara.yar");
    for part in ["TLP:AMBER, circle region", ", by CERT of the Tests", "// Terms: CC BY 4.0: name the author"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let rules = node.file("yara.yar", &text);
    let listed = node.file("listed.txt", "here is PAPER-LANTERN-TEST and nothing else");
    let other = node.file("other.txt", "here is nothing");
    let found = told(Command::new("yara").args(["--fail-on-warnings", &rules, &listed]));
    assert_eq!(found.trim(), format!("paper_lantern {listed}"));
    assert_eq!(told(Command::new("yara").args([&rules, &other])), "");
    assert!(
        text.contains("rule paper_lantern_2 ") && text.contains("condition: paper_lantern_2 and"),
        "{text}"
    );

    let held = node.json(&["deliver", "--to", "detect", "--what", "yara.yar"])["held_rules"].clone();
    let why: Vec<&str> = held.as_array().unwrap().iter().map(|held| held["why"].as_str().unwrap()).collect();
    assert_eq!(why.len(), 2, "{why:?}");
    assert!(why[0].contains("does not end") && why[1].contains("`filename`"), "{why:?}");

    node.json(&["withdraw", &id("indicator", 1), "--circle", "region", "--reason", "test"]);
    let rules = node.file("yara.yar", node.text(&serving, "detect", "/d/yara.yar"));
    assert_eq!(told(Command::new("yara").args([&rules, &listed])), "", "what is withdrawn is out at once");
}

#[test]
fn published_rules_compile_beside_each_other() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let (mut objects, mut number) = (Vec::new(), 100);
    let mut folders = vec![shared("detect/yara")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension().and_then(|end| end.to_str()) {
                Some("yar") => {
                    number += 2;
                    let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                    // Twice, so that every name is taken once.
                    objects.push(rule(number, "yara", &text));
                    objects.push(rule(number + 1, "yara", &format!("// again\n{text}")));
                }
                _ if path.is_dir() => folders.push(path),
                _ => {}
            }
        }
    }
    for object in &mut objects {
        for property in ["created_by_ref", "object_marking_refs"] {
            object.as_object_mut().unwrap().remove(property);
        }
    }
    let file = node.file("bundle.json", bundle(&objects));
    assert_eq!(
        node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"],
        objects.len()
    );
    let made = node.json(&["deliver", "--to", "detect", "--what", "yara.yar"]);
    assert_eq!(made["held_rules"].as_array().unwrap().len(), 2, "{}", made["held_rules"]);
    assert_eq!(made["entries"], objects.len() - 2);
    let rules = node.file("yara.yar", made["text"].as_str().unwrap());
    let other = node.file("other.txt", "here is nothing");
    assert!(!told(Command::new("yara").args([&rules, &other])).contains("error"));
}

#[test]
fn what_partners_wrote_for_networks_and_logs_is_taken_by_real_programs() {
    let (node, serving) = serving();
    let rules = node.file("shared.rules", node.text(&serving, "detect", "/d/shared-suricata.rules"));
    let pcap = node.file("sent.pcap", capture::dns("lantern.example"));
    let logs = node.dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let mut suricata = Command::new("suricata");
    let said = told(suricata.args(["-r", &pcap, "-S", &rules, "-k", "none", "-l"]).arg(&logs));
    assert!(!said.contains("E: "), "{said}");
    let alerts = std::fs::read_to_string(logs.join("fast.log")).unwrap();
    assert_eq!(alerts.lines().count(), 1, "{alerts}");
    let snort = node.text(&serving, "detect", "/d/shared-snort.rules");
    assert_eq!(snort.lines().filter(|line| line.starts_with("alert udp")).count(), 1, "{snort}");

    let sigma = node.file("sigma.yml", node.text(&serving, "detect", "/d/shared.sigma.yml"));
    let script = "import sys\nfrom sigma.collection import SigmaCollection\nrules = SigmaCollection.from_yaml(open(sys.argv[1]).read())\n\
                  assert not rules.errors, rules.errors\nprint([rule.title for rule in rules.rules])\n";
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");
    assert_eq!(told(Command::new(python).args(["-c", script, &sigma])).trim(), "['Lantern']");

    let patterns = node.text(&serving, "detect", "/d/patterns.jsonl");
    let patterns: Vec<Value> = patterns.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(patterns.len(), 1, "{patterns:?}");
    assert_eq!((&patterns[0]["id"], &patterns[0]["tlp"]), (&json!(id("indicator", 10)), &json!("TLP:AMBER")));
    let answer = node.json(&["deliver", "--to", "detect", "--what", "patterns.jsonl"]);
    assert!(answer["held_rules"][0]["why"].as_str().unwrap().contains("google.com"), "{answer}");
}

/// What is put under a good Sigma rule that no reader of the whole stream would survive.
const BREAKS_SIGMA: [&str; 26] = [
    "x: !foo a",
    "x: !!int abc",
    "x: !!float [a]",
    "x: =",
    "x: <<",
    "<<: a",
    "x: 0x_",
    "x: -0b_",
    "? [a]",
    "? {a: b}\n: c",
    "x: {[a]: b}",
    "date: 2024-02-30",
    "date: 0000-01-01",
    "x: 2024-01-01T25:00:00",
    "x: 2024-1-1 10:00:00 +24:00",
    "# \u{fffe}",
    "x: a\u{ffff}",
    "# \u{2028}[",
    "x: a\u{2028}b: [c",
    "x:\tb",
    "x: &a.b 1",
    "x: &a 1\ny: &a 2",
    ": a",
    "x: [>a]",
    "x: [:a]",
    "x: {a: b? }",
];
/// What is put under one and passes.
const HARMLESS_SIGMA: &str =
    "date: 2024-02-29\nx: 0x1f\ny: '='\nz: \"2024-02-30\"\nu: 2024-01-01 to 2024-02-30\n? v\n: [w, {x: y}]\n";

#[test]
fn no_rule_of_a_partner_breaks_the_stream_of_sigma_rules() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let long = [
        format!("x: {}", "1".repeat(5_000)),
        format!("x: {}1.5", "1:".repeat(200)),
        format!("{}: x", "a".repeat(1_100)),
    ];
    let breaking: Vec<String> = BREAKS_SIGMA.into_iter().map(str::to_owned).chain(long).collect();
    let breaking: Vec<String> = breaking.iter().map(|line| format!("{SIGMA}{line}\n")).collect();
    let harmless = format!("{SIGMA}{HARMLESS_SIGMA}");
    // These say what counts for the rules of others; and what stands behind a mark of its own is read without it.
    let beyond = [format!("{SIGMA}action: global\n"), format!("---- x: y\n{SIGMA}")];
    let mut objects: Vec<Value> = breaking
        .iter()
        .chain(&beyond)
        .chain([&harmless])
        .zip(1..)
        .map(|(text, number)| rule(number, "sigma", text))
        .collect();
    for object in &mut objects {
        object["name"] = json!("Rule\u{ffff}\u{2028}[");
        for property in ["created_by_ref", "object_marking_refs"] {
            object.as_object_mut().unwrap().remove(property);
        }
    }
    let file = node.file("bundle.json", bundle(&objects));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let made = node.json(&["deliver", "--to", "detect", "--what", "shared.sigma.yml"]);
    assert_eq!(made["held_rules"].as_array().unwrap().len(), breaking.len() + beyond.len(), "{made}");
    assert_eq!(made["entries"], 1);

    let alone = node.file("alone.json", json!(breaking).to_string());
    let stream = node.file("sigma.yml", made["text"].as_str().unwrap());
    let script = "import json, sys, yaml\n\
        for text in json.load(open(sys.argv[1])):\n    try:\n        list(yaml.safe_load_all(text))\n\
        \x20   except Exception:\n        continue\n    print('taken', repr(text[-60:]))\n\
        print(len(list(yaml.safe_load_all(open(sys.argv[2], encoding='utf-8').read()))))\n";
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");
    assert_eq!(told(Command::new(python).args(["-c", script, &alone, &stream])).trim(), "1");
}

/// Rules that YARA refuses, and with them the whole file.
const BREAKS_YARA: [&str; 28] = [
    "rule a : t t { condition: true }",
    "rule a : { condition: true }",
    "rule a { strings: $a = \"abc\" xor(300) condition: $a }",
    "rule a { strings: $a = \"abc\" xor(9-2) condition: $a }",
    "rule a { strings: $a = \"abc\" xor(1KB) condition: $a }",
    "rule a { strings: $a = \"abc\" xor() condition: $a }",
    "rule a { strings: $a = \"abc\" base64(\"short\") condition: $a }",
    "rule a { strings: $a = \"abc\" base64 xor condition: $a }",
    "rule a { strings: $a = { (42 [1-300] 43 | 44) 44 } condition: $a }",
    "rule a { strings: $a = /abc/si condition: $a }",
    "rule a { strings: $a = \"abc\" condition: $ and $a }",
    "rule a { strings: $a = \"abc\" condition: # > 1 and $a }",
    "rule a { strings: $a = \"abc\" condition: 101% of them }",
    "rule a { strings: $a = \"abc\" condition: for any of them : (for any of ($a) : ($)) }",
    "rule a { condition: for any i in (1..2):(for any j in (1..2):(for any k in (1..2):(for any l in (1..2):(for any m in (1..2):(true))))) }",
    "rule a { condition: for any i in (1..2):(for any i in (1..2):(true)) }",
    "rule a { condition: for any i in (1..2):(true) and i == 1 }",
    "rule a { condition: for any i in (1..i):(true) }",
    "rule a { condition: for any i, j in (1..2):(true) }",
    "rule a { condition: filesize < 9223372036854775807KB }",
    "rule a { condition: filesize < 1KBMB }",
    "rule a { condition: filesize < 1 \\ 0 }",
    "rule a { condition: filesize < 1 % (1-1) }",
    "rule a { condition: filesize < 1 << -1 }",
    "rule a { condition: filesize < 9223372036854775807 + 1 }",
    "rule a { condition: filesize < 9223372036854775807 * 2 }",
    "rule a { condition: filesize = = 1 }",
    "rule a { meta: b = -true condition: true }",
];
/// Rules near these that it takes.
const TAKEN_YARA: [&str; 6] = [
    "rule b : t u { strings: $a = \"abc\" xor(0-255) condition: $a }",
    "rule c { strings: $a = \"abc\" base64(\"!@#$%^&*(){}[].,|ABCDEFGHIJ\\x09LMNOPQRSTUVWXYZabcdefghijklmnopqrstu\") condition: $a }",
    "rule d { condition: for any i in (1..2):(for any j in (1..2):(for any k in (1..2):(for any l in (1..2):(i + j + k + l == 0)))) }",
    "rule e { condition: for any i in (1..2):(i == 3) and for any i in (1..2):(i == 3) }",
    "rule f { strings: $a = \"abc\" condition: for any of them : (for any i in (1..2) : ($ at i and # > 1)) and 50% of them }",
    "rule g { condition: 1 \\ filesize + 5 % 2 == (1 << 3) - 1 and filesize < 1.5 }",
];

#[test]
fn no_rule_of_a_partner_breaks_the_file_of_yara_rules() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let mut objects: Vec<Value> = BREAKS_YARA
        .iter()
        .chain(&TAKEN_YARA)
        .zip(1..)
        .map(|(text, number)| rule(number, "yara", text))
        .collect();
    for object in &mut objects {
        for property in ["created_by_ref", "object_marking_refs"] {
            object.as_object_mut().unwrap().remove(property);
        }
    }
    let file = node.file("bundle.json", bundle(&objects));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let made = node.json(&["deliver", "--to", "detect", "--what", "yara.yar"]);
    assert_eq!(made["held_rules"].as_array().unwrap().len(), BREAKS_YARA.len(), "{made}");
    assert_eq!(made["entries"], TAKEN_YARA.len());
    let other = node.file("other.txt", "here is nothing");
    let rules = node.file("yara.yar", made["text"].as_str().unwrap());
    assert!(!told(Command::new("yara").args([&rules, &other])).contains("error"));
    for text in BREAKS_YARA {
        let alone = node.file("alone.yar", text);
        let output = Command::new("yara").args([&alone, &other]).output().unwrap();
        assert!(!output.status.success(), "yara takes what is held: {text}");
    }
}
