//! A node in which every text that somebody else can write is an attack: each text of each type of STIX, names of members,
//! people and contacts, steps of playbooks, MISP's attributes and tags, questions, titles.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::node::{Node, bundle, id};

/// How texts begin; the rest is the same in all.
const BEGINNINGS: [&str; 14] = [
    "\"><",
    "'><",
    "=cmd|' /C calc'!A1 ",
    "+1+",
    "@SUM(1)",
    "-2+3",
    "javascript:xk3()//",
    "data:text/html,<script>xk3()</script>",
    "</title></textarea></style>",
    "--><",
    "]]><",
    "`<",
    "\u{1b}[31m\u{1b}]0;xk3\u{7}",
    "\r\nX-K3: 1\r\n\r\n",
];

/// Gives one attack after the other. Scripts, if any runs, come to `canary`.
pub(super) struct Attack {
    canary: u16,
    turn: usize,
}

impl Attack {
    pub(super) const fn new(canary: u16) -> Self {
        Self { canary, turn: 0 }
    }

    pub(super) fn text(&mut self) -> String {
        let begin = BEGINNINGS[self.turn % BEGINNINGS.len()];
        self.turn += 1;
        let (turn, to) = (self.turn, format!("http://127.0.0.1:{}", self.canary));
        format!(
            "{begin}xk3-{turn} \"'><xk3 onxk3=1><script>fetch('{to}/s')</script><img src={to}/i onerror=fetch('{to}/e')><svg onload=fetch('{to}/v')>\
             <iframe src={to}/f></iframe><a href=http://evil-k3.example/>x</a> {{{{7919*7907}}}} ${{7919*7907}} {{% raw %}} %0d%0aX-K3:1 \r\nX-K3: 1\r\n\u{1b}[2J\
             BEGIN:VEVENT\nEND:VCARD http://evil-k3.example/a javascript:xk3() \u{202e}\u{2066}\u{200b}\u{7}"
        )
    }

    /// The same in one line, where control characters are refused.
    pub(super) fn line(&mut self) -> String {
        self.text().chars().filter(|c| !c.is_control()).collect()
    }

    /// Puts an attack wherever `@` stands.
    fn fill(&mut self, value: &mut Value) {
        match value {
            Value::String(text) if text == "@" => *text = self.text(),
            Value::Object(map) => map.values_mut().for_each(|value| self.fill(value)),
            Value::Array(all) => all.iter_mut().for_each(|value| self.fill(value)),
            _ => {}
        }
    }

    /// An object of a type with attacks in the fields named, beside what is fixed, where `@` stands for one.
    fn object(&mut self, object_type: &str, texts: &[&str], mut fixed: Value) -> Value {
        self.fill(&mut fixed);
        let Value::Object(fixed) = fixed else { panic!("{fixed}") };
        let mut object = Map::new();
        let number = u128::try_from(self.turn).unwrap() + 10_000;
        for (name, value) in [
            ("type", json!(object_type)),
            ("spec_version", json!("2.1")),
            ("id", json!(id(object_type, number))),
        ] {
            object.insert(name.to_owned(), value);
        }
        for name in texts {
            let text = self.text();
            let value = if name.ends_with("[]") { json!([text]) } else { json!(text) };
            object.insert(name.trim_end_matches("[]").to_owned(), value);
        }
        object.insert("x_attack".to_owned(), json!({self.text(): [self.text(), {"deep": self.text()}]}));
        object.extend(fixed);
        Value::Object(object)
    }

    /// A domain object: with dates, references outside, kill chains, labels.
    fn domain(&mut self, object_type: &str, texts: &[&str], fixed: Value) -> Value {
        let mut object = self.object(object_type, texts, fixed);
        for name in ["created", "modified"] {
            object[name] = json!("2026-09-01T00:00:00.000Z");
        }
        object["labels"] = json!([self.text()]);
        object["external_references"] = json!([
            {"source_name": self.text(), "description": self.text(), "external_id": self.text()},
            {"source_name": self.text(), "url": "javascript:fetch('//evil-k3.example')"},
            {"source_name": "x", "url": "http://evil-k3.example/\"onmouseover=xk3()"},
        ]);
        if matches!(object_type, "attack-pattern" | "indicator" | "infrastructure" | "malware" | "tool") {
            object["kill_chain_phases"] =
                json!([{"kill_chain_name": self.text(), "phase_name": self.text()}]);
        }
        object
    }

    /// An object of each type of STIX 2.1.
    pub(super) fn objects(&mut self) -> Vec<Value> {
        let both = ["name", "description"];
        let mut all = vec![
            self.domain("attack-pattern", &["name", "description", "aliases[]"], json!({})),
            self.domain("campaign", &["name", "description", "aliases[]", "objective"], json!({})),
            self.domain("course-of-action", &both, json!({})),
            self.domain("grouping", &["name", "description", "context"], json!({"object_refs": [id("malware", 1)]})),
            self.domain("identity", &["name", "description", "roles[]", "sectors[]", "contact_information"], json!({"identity_class": "organization"})),
            self.domain("incident", &both, json!({})),
            self.domain("infrastructure", &["name", "description", "aliases[]", "infrastructure_types[]"], json!({})),
            self.domain("intrusion-set", &["name", "description", "aliases[]", "goals[]", "resource_level", "primary_motivation"], json!({})),
            self.domain("location", &["name", "description", "city", "street_address", "postal_code", "administrative_area"], json!({"country": "KR"})),
            self.domain("malware", &["name", "description", "aliases[]", "malware_types[]", "architecture_execution_envs[]", "capabilities[]"], json!({"is_family": false})),
            self.domain("malware-analysis", &["product", "version", "configuration_version", "modules[]", "result_name"], json!({"result": "malicious"})),
            self.domain("note", &["abstract", "content", "authors[]"], json!({"object_refs": [id("malware", 1)]})),
            self.domain("observed-data", &[], json!({"first_observed": "2026-09-01T00:00:00Z", "last_observed": "2026-09-01T00:00:00Z", "number_observed": 1, "object_refs": [id("ipv4-addr", 1)]})),
            self.domain("opinion", &["explanation", "authors[]"], json!({"opinion": "agree", "object_refs": [id("malware", 1)]})),
            self.domain("report", &["name", "description", "report_types[]"], json!({"published": "2026-09-01T00:00:00Z", "object_refs": [id("malware", 1)]})),
            self.domain("threat-actor", &["name", "description", "aliases[]", "roles[]", "goals[]", "sophistication", "threat_actor_types[]"], json!({})),
            self.domain("tool", &["name", "description", "aliases[]", "tool_types[]", "tool_version"], json!({})),
            self.domain("vulnerability", &both, json!({})),
            self.domain("x-own-type", &["name", "description", "anything"], json!({})),
            self.domain("relationship", &["relationship_type", "description"], json!({"source_ref": id("malware", 1), "target_ref": id("campaign", 1)})),
            self.domain("sighting", &["description", "summary_text"], json!({"sighting_of_ref": id("malware", 1), "count": 1})),
            self.domain("malware", &both, json!({"id": id("malware", 1), "is_family": true})),
            self.domain("campaign", &both, json!({"id": id("campaign", 1)})),
            self.domain("language-content", &[], json!({"object_ref": id("malware", 1), "contents": {"ko": {"name": "@"}}})),
        ];
        for (number, pattern_type, pattern) in [
            (1, "stix", "[domain-name:value = 'a-k3.top']".to_owned()),
            (2, "stix", format!("[url:value = 'http://b-k3.top/{}']", self.line().replace(['\'', '\\'], ""))),
            (3, "stix", format!("[file:name = '{}']", self.line().replace(['\'', '\\'], ""))),
            (4, "yara", format!("rule xk3 {{ meta: a = \"{}\" condition: true }}", self.line().replace(['"', '\\'], ""))),
            (5, "sigma", format!("title: '{}'\nlogsource: {{product: windows}}\ndetection: {{s: {{a: b}}, condition: s}}\n", self.line().replace('\'', ""))),
            (6, "suricata", "alert dns any any -> any any (msg:\"xk3\"; content:\"<script>xk3()</script>\"; sid:1; rev:1;)".to_owned()),
            (7, "stix", self.text()),
        ] {
            let fixed = json!({"id": id("indicator", number), "pattern_type": pattern_type, "pattern": pattern, "valid_from": "2026-09-01T00:00:00Z", "confidence": 90});
            all.push(self.domain("indicator", &["name", "description", "indicator_types[]"], fixed));
        }
        all.extend(self.observables());
        all.push(self.playbook());
        all
    }

    fn observables(&mut self) -> Vec<Value> {
        let when = json!("2026-09-01T00:00:00Z");
        vec![
            self.object("artifact", &["mime_type", "decryption_key"], json!({"payload_bin": "eGszCg==", "encryption_algorithm": "mime-type-indicated"})),
            self.object("autonomous-system", &["name", "rir"], json!({"number": 64_500})),
            self.object("directory", &["path", "path_enc"], json!({})),
            self.object("domain-name", &["value"], json!({})),
            self.object("email-addr", &["value", "display_name"], json!({})),
            self.object("email-message", &["subject", "body", "message_id", "content_type", "received_lines[]"], json!({"is_multipart": false, "additional_header_fields": {"X-K3": ["@"]}})),
            self.object("file", &["name", "mime_type", "magic_number_hex"], json!({"hashes": {"MD5": "d41d8cd98f00b204e9800998ecf8427e"}})),
            self.object("ipv4-addr", &[], json!({"id": id("ipv4-addr", 1), "value": "185.130.44.9"})),
            self.object("ipv4-addr", &["value"], json!({})),
            self.object("ipv6-addr", &["value"], json!({})),
            self.object("mac-addr", &["value"], json!({})),
            self.object("mutex", &["name"], json!({})),
            self.object("network-traffic", &["protocols[]"], json!({"src_ref": id("ipv4-addr", 1), "extensions": {"http-request-ext": {"request_method": "@", "request_value": "@", "request_header": {"Host": ["@"]}}}})),
            self.object("process", &["cwd", "command_line"], json!({"pid": 1, "environment_variables": {"X": "@"}})),
            self.object("software", &["name", "vendor", "version", "cpe", "languages[]"], json!({})),
            self.object("url", &["value"], json!({})),
            self.object("user-account", &["user_id", "account_login", "display_name", "credential", "account_type"], json!({"account_created": when})),
            self.object("windows-registry-key", &["key"], json!({"values": [{"name": "@", "data": "@", "data_type": "REG_SZ"}]})),
            self.object("x509-certificate", &["serial_number", "issuer", "subject", "signature_algorithm"], json!({"x509_v3_extensions": {"basic_constraints": "@"}})),
            self.object("cryptocurrency-wallet", &["address", "currency", "value"], json!({})),
        ]
    }

    fn playbook(&mut self) -> Value {
        let kept = json!({
            "type": "playbook", "name": self.text(), "description": self.text(), "workflow_start": "start--1",
            "workflow": {
                "start--1": {"type": "start", "on_completion": "action--2"},
                "action--2": {"type": "action", "name": self.text(), "description": self.text(),
                    "commands": [{"type": "manual", "command": self.text()}, {"type": "http-api", "command": self.text()}], "on_completion": "if-condition--3"},
                "if-condition--3": {"type": "if-condition", "name": self.text(), "condition": self.text(), "on_true": "end--5", "on_false": "end--5"},
                "end--5": {"type": "end"},
            },
        });
        let extension = "extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c";
        let fixed = json!({
            "id": id("course-of-action", 1),
            "extensions": {extension: {"extension_type": "property-extension", "playbook_base64": STANDARD.encode(kept.to_string())}},
        });
        self.domain("course-of-action", &["name", "description"], fixed)
    }

    /// An event as MISP has it.
    fn event(&mut self) -> Value {
        let uuid = |number: u32| format!("5f3e7f7c-1c5c-4d8b-9a53-{number:012}");
        let attribute = |number: u32, kind: &str, value: String, comment: String| json!({"uuid": uuid(number), "type": kind, "category": "Other", "to_ids": false, "value": value, "comment": comment, "timestamp": "1780000000"});
        let kinds = ["text", "comment", "link", "url", "filename", "email-subject", "domain", "btc", "other"];
        let attributes: Vec<Value> = (10..)
            .zip(kinds)
            .map(|(number, kind)| attribute(number, kind, self.text(), self.text()))
            .collect();
        json!({"response": [{"Event": {
            "uuid": uuid(1), "info": self.text(), "date": "2026-05-01", "distribution": "1", "published": true, "publish_timestamp": "1780000000",
            "timestamp": "1780000000", "analysis": "2", "threat_level_id": "2", "Orgc": {"name": self.text(), "uuid": uuid(2)},
            "Tag": [{"name": "tlp:green"}, {"name": self.text()}, {"name": format!("misp-galaxy:threat-actor=\"{}\"", self.line().replace('"', ""))}],
            "Attribute": attributes,
            "Object": [{"uuid": uuid(3), "name": self.text(), "meta-category": "misc", "description": self.text(), "template_uuid": uuid(4), "template_version": "1",
                "timestamp": "1780000000", "Attribute": [attribute(30, "text", self.text(), self.text())]}],
        }}]})
    }
}

/// Runs a command that may refuse a text, but must do neither more nor less than that.
fn may_refuse(node: &Node, args: &[&str]) {
    let output = node.command(args).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.code().is_some_and(|code| code <= 3),
        "{args:?}: {}",
        String::from_utf8_lossy(&said)
    );
}

/// The members `read` to `exchange`, all in a circle with all of it.
pub(super) fn node(attack: &mut Attack) -> Node {
    let node = Node::new();
    let mut node = node;
    let levels = ["read", "list", "block", "detect", "exchange"];
    for level in levels {
        let (name, contact) = (attack.line(), attack.line());
        let added = node.json(&[
            "member",
            "add",
            level,
            "--level",
            level,
            "--clearance",
            "amber",
            &with("--name", &name),
            &with("--contact", &contact),
        ]);
        node.tokens.insert(level.to_owned(), added["token"]["token"].as_str().unwrap().to_owned());
    }
    let members: Vec<&str> = levels.iter().flat_map(|level| ["--member", *level]).collect();
    let (title, purpose) = (with("--title", &attack.line()), with("--purpose", &attack.line()));
    node.json(&[&["circle", "add", "region", &title, &purpose][..], &members].concat());
    let objects = attack.objects();
    let file = node.file("attacks.json", bundle(&objects));
    let told = node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    assert!(told["added"].as_u64().unwrap() > 45, "{told}");
    let event = node.file("event.json", attack.event().to_string());
    let told = node.json(&["import", &event, "--circle", "region", "--as", "detect"]);
    assert!(told["added"].as_u64().unwrap() > 5, "{told}");
    people(&node, attack);
    node.json(&[
        "ask",
        "release",
        &id("malware", 1),
        "--circle",
        "region",
        "--tlp",
        "clear",
        &with("--why", &attack.line()),
        "--as",
        "list",
    ]);
    node.json(&["playbook", "start", &id("course-of-action", 1), "--circle", "region", "--as", "detect"]);
    node.json(&[
        "withdraw",
        &id("indicator", 1),
        "--circle",
        "region",
        "--as",
        "exchange",
        &with("--reason", &attack.line()),
    ]);
    node
}

/// An option with a text that no limit on names refuses.
fn with(option: &str, text: &str) -> String {
    format!("{option}={}", text.chars().take(180).collect::<String>())
}

fn people(node: &Node, attack: &mut Attack) {
    let mut text = |option: &str| with(option, &attack.line());
    let (person, position) = (text("--name"), text("--position"));
    let add = ["contact", "add", "duty", "--member", "read", "--function", "technical", &person, &position];
    node.json(
        &[
            &add[..],
            &[
                "--channel",
                "mail:duty@read.example",
                "--channel",
                "phone:+82 2 555 0100",
                "--circle",
                "region",
            ],
        ]
        .concat(),
    );
    for bad in [
        "javascript:xk3()",
        "mail:a@b.example?bcc=x@evil-k3.example",
        "mail:\"><script>@b.example",
        "phone:\"onmouseover=xk3()",
        "web:javascript:xk3()",
    ] {
        may_refuse(
            node,
            &[
                "contact",
                "add",
                "bad",
                "--member",
                "read",
                "--function",
                "technical",
                "--name",
                "x",
                "--channel",
                bad,
                "--circle",
                "region",
            ],
        );
    }
    let name: String = text("--name").chars().take(80).collect();
    node.json(&["person", "add", "kim", "--member", "exchange", &name, "--role", "analyst"]);
    let (agenda, place, title) = (text("--agenda"), text("--place"), text("--title"));
    let when = [
        "--begins",
        "2026-12-01T05:00:00Z",
        "--ends",
        "2026-12-01T06:30:00Z",
        "--member",
        "read",
        "--member",
        "list",
        "--circle",
        "region",
    ];
    node.json(&[&["consultation", "add", "talk", &title, &agenda, &place][..], &when].concat());
    let evidence = ["--evidence", "javascript:xk3()", "--circle", "region"];
    node.json(
        &[&["norms", "report", "read", "j", "--stage", "kept", &text("--text")][..], &evidence].concat(),
    );
    node.json(
        &[
            &["measure", "add", "promise", &text("--title"), "--member", "read", &text("--text")][..],
            &evidence,
        ]
        .concat(),
    );
}
