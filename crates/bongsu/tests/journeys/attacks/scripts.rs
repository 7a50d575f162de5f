//! Every page, list, calendar, card, mail and line on a terminal that texts of others reach is read by a real parser: none of them
//! makes an element, an attribute, a formula, a header, or steers a terminal.

use std::collections::{BTreeSet, VecDeque};
use std::io::Read as _;
use std::process::Command;
use std::time::Duration;

use html5gum::{Token, Tokenizer};
use serde_json::Value;

use super::hostile::{Attack, node};
use crate::certificates::certificates;
use crate::node::{Node, Serving, client, id, wait};
use crate::push::Peer;

/// Elements that pages have; none other is there, whoever wrote what is on the page.
const ELEMENTS: &str = "a abbr article aside b blockquote body br button caption circle code col colgroup datalist dd defs del desc details div dl dt em \
    fieldset figcaption figure footer form g h1 h2 h3 h4 h5 h6 head header hr html i img input ins label legend li line link main marker meta nav ol optgroup \
    option p path pattern picture polygon polyline pre q rect s section select small span strong style sub summary sup svg symbol table tbody td text textarea tfoot \
    th thead time title tr tspan u ul use";
/// The scripts that pages load, from the node itself; none stands in a page.
const SCRIPTS: [&str; 4] = ["/page.js", "/passkey.js", "/proof.js", "/search.js"];
/// Attributes whose value a browser follows.
const FOLLOWED: [&str; 11] = [
    "href",
    "src",
    "action",
    "formaction",
    "xlink:href",
    "data",
    "poster",
    "background",
    "srcset",
    "cite",
    "ping",
];

/// What is wrong with a page; and the paths on it.
fn examine(html: &str) -> (Vec<String>, Vec<String>) {
    let (mut faults, mut paths) = (Vec::new(), Vec::new());
    let known: BTreeSet<&str> = ELEMENTS.split_whitespace().collect();
    for token in Tokenizer::new(html).flatten() {
        let Token::StartTag(tag) = token else { continue };
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        let source = tag.attributes.iter().find(|(attribute, _)| attribute.as_slice() == b"src");
        let source = source.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        let is_own = name == "script" && source.is_some_and(|source| SCRIPTS.contains(&source.as_str()));
        if !is_own && !known.contains(name.as_str()) {
            faults.push(format!("an element <{name}>"));
        }
        for (attribute, value) in &tag.attributes {
            let (attribute, value) = (
                String::from_utf8_lossy(attribute).into_owned(),
                String::from_utf8_lossy(value).into_owned(),
            );
            if attribute.starts_with("on")
                || attribute.contains("xk3")
                || attribute.contains(['"', '\'', '<', '>', '='])
                || attribute == "srcdoc"
            {
                faults.push(format!("<{name}> has the attribute {attribute}={value}"));
            }
            if attribute == "style" && value.contains("url(") || attribute == "http-equiv" {
                faults.push(format!("<{name} {attribute}={value}>"));
            }
            if !FOLLOWED.contains(&attribute.as_str()) {
                continue;
            }
            let lower = value.trim().to_ascii_lowercase();
            let own = lower.is_empty()
                || lower.starts_with(['/', '#', '?']) && !lower.starts_with("//")
                || lower.starts_with("data:image/png;base64,");
            let reaches = (lower.starts_with("mailto:") || lower.starts_with("tel:"))
                && name == "a"
                && !lower.contains("bcc=");
            if !own && !reaches || value.contains('\\') {
                faults.push(format!("<{name} {attribute}={value}>"));
            }
            if own && name == "a" && lower.starts_with('/') {
                paths.push(value.split('#').next().unwrap().to_owned());
            }
        }
    }
    if html.contains("62615533") {
        faults.push("a template was worked out".to_owned());
    }
    (faults, paths)
}

struct Crawler<'n> {
    node: &'n Node,
    serving: &'n Serving,
    operator: String,
    faults: Vec<String>,
    pages: usize,
}

impl Crawler<'_> {
    fn get(&mut self, who: &str, path: &str) -> (String, Vec<u8>) {
        let request = client().get(format!("{}{path}", self.serving.url)).header("accept", "text/html, */*");
        let request = match who {
            "operator" => request.bearer_auth(&self.operator),
            member => request.basic_auth(member, self.node.tokens.get(member)),
        };
        let mut answer = request.send().unwrap_or_else(|error| panic!("{who} {path}: {error}"));
        assert_ne!(answer.status().as_u16(), 500, "{who} {path}");
        if answer.headers().keys().any(|name| name.as_str().starts_with("x-k3")) {
            self.faults.push(format!("{who} {path}: a header from a text: {:?}", answer.headers()));
        }
        let kind = answer
            .headers()
            .get("content-type")
            .map(|kind| kind.to_str().unwrap().to_owned())
            .unwrap_or_default();
        let mut bytes = Vec::new();
        answer.read_to_end(&mut bytes).unwrap();
        (kind, bytes)
    }

    /// Follows all links from `begin`.
    fn crawl(&mut self, who: &str, begin: &[&str]) {
        let mut waiting: VecDeque<String> = begin.iter().map(|path| (*path).to_owned()).collect();
        let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
        while let Some(path) = waiting.pop_front() {
            let (kind, bytes) = self.get(who, &path);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            self.look(who, &path, &kind, &text);
            if !kind.starts_with("text/html") {
                continue;
            }
            self.pages += 1;
            let (faults, paths) = examine(&text);
            self.faults.extend(faults.into_iter().map(|fault| format!("{who} {path}: {fault}")));
            for next in paths {
                if seen.len() < 700 && seen.insert(next.clone()) {
                    waiting.push_back(next);
                }
            }
        }
        assert!(seen.len() > begin.len(), "{who}: links were found");
    }

    /// What is no page.
    fn look(&mut self, who: &str, path: &str, kind: &str, text: &str) {
        let fault = |what: String| format!("{who} {path} ({kind}): {what}");
        if kind.starts_with("text/csv") {
            let mut rows =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let cells: Vec<String> = rows
                .records()
                .flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
                .collect();
            let is_formula = |cell: &&String| {
                cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r'])
                    && cell.parse::<f64>().is_err()
            };
            self.faults
                .extend(cells.iter().filter(is_formula).map(|cell| fault(format!("a formula: {cell}"))));
        }
        if kind.starts_with("text/calendar") || kind.starts_with("text/vcard") {
            let forged = |line: &&str| ["X-K3", "x-k3"].iter().any(|name| line.starts_with(name));
            self.faults
                .extend(text.lines().filter(forged).map(|line| fault(format!("a line from a text: {line}"))));
            for (name, most) in [("END:VCARD", "BEGIN:VCARD"), ("BEGIN:VEVENT", "END:VEVENT")] {
                let count = |name: &str| text.lines().filter(|line| *line == name).count();
                if count(name) != count(most) {
                    self.faults.push(fault(format!("{name} from a text")));
                }
            }
        }
        let is_text = kind.starts_with("text/plain") || kind.starts_with("text/html");
        if is_text && text.contains(['\u{1b}', '\u{7}']) {
            self.faults.push(fault("it steers a terminal".to_owned()));
        }
        if is_text && text.contains(['\u{202e}', '\u{2066}']) {
            self.faults.push(fault("it turns the direction of writing".to_owned()));
        }
    }
}

#[test]
fn no_text_of_others_becomes_markup_a_formula_or_a_header() {
    let mut attack = Attack::new(1);
    let node = node(&mut attack);
    let log = node.dir.path().join("log");
    let serving = node.serve_logged(&log, &[("BONGSU__LOG__LEVEL", "debug")]);
    let operator =
        node.json(&["member", "token", "--operator"])["token"]["token"].as_str().unwrap().to_owned();
    let mut crawler = Crawler { node: &node, serving: &serving, operator, faults: Vec::new(), pages: 0 };
    let own = [
        "/",
        "/objects",
        "/asks",
        "/playbooks",
        "/contacts",
        "/contacts.vcf",
        "/drills",
        "/confidence",
        "/screen",
        "/calendar.ics",
        "/people",
        "/acts",
        "/peers",
    ];
    let objects: Vec<String> = attack_paths(&node, &serving);
    let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
    crawler.crawl(
        "operator",
        &[
            &own[..],
            &["/recalls", "/cases", "/steps", "/circles/region/quarantine", "/as/exchange/d/advisory.html"],
            &objects[..],
        ]
        .concat(),
    );
    for member in ["read", "detect"] {
        let artefacts = [
            "/d/advisory.html",
            "/d/advisory.txt",
            "/d/advisory.html?lang=ko",
            "/d/list/all.csv",
            "/d/list/all.txt",
            "/d/fires.json",
        ];
        let written = [
            "/objects?q=%3Cxk3%20onxk3%3D1%3E%22%27",
            "/screen?values=%22%3E%3Cxk3%3E",
            "/nothing/%22%3E%3Cxk3%3E",
            "/objects?circle=%3Cxk3%3E",
            "/objects/region/%3Cxk3%3E",
        ];
        crawler.crawl(member, &[&own[..], &artefacts[..], &written[..], &objects[..]].concat());
    }
    let (faults, pages) = (std::mem::take(&mut crawler.faults), crawler.pages);
    assert!(pages > 150, "{pages} pages were looked at");
    assert!(
        faults.is_empty(),
        "{} faults on {pages} pages:\n{}",
        faults.len(),
        faults.iter().take(60).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
    let (_, pdf) = crawler.get("read", "/d/advisory.pdf");
    let pdf = String::from_utf8_lossy(&pdf).into_owned();
    for active in ["/JavaScript", "/JS ", "/URI (javascript", "/Launch", "/OpenAction", "evil-k3.example)"] {
        assert!(!pdf.contains(active), "the PDF has {active}");
    }
    serving.stop();
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(!log.contains(['\u{1b}', '\u{7}', '\u{202e}']), "the log steers no terminal");
    assert!(!log.lines().any(|line| line.starts_with("X-K3")), "no line of the log is somebody else's");
}

/// The pages of all objects.
fn attack_paths(node: &Node, serving: &Serving) -> Vec<String> {
    let page: Value =
        serde_json::from_str(&node.text(serving, "exchange", "/api/collections/region/objects/?limit=1000"))
            .unwrap();
    let objects = page["objects"].as_array().unwrap();
    let kinds: BTreeSet<&str> = objects.iter().map(|object| object["type"].as_str().unwrap()).collect();
    assert!(kinds.len() > 35, "{} types came through: {kinds:?}", kinds.len());
    objects.iter().map(|object| format!("/objects/region/{}", object["id"].as_str().unwrap())).collect()
}

/// What the program says to a person on a terminal.
fn said(node: &Node, args: &[&str]) -> String {
    let inner = node.command(args);
    let mut command = Command::new(inner.get_program());
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(inner.get_args().filter(|arg| *arg != "--json"));
    let output = command.output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn no_text_of_others_steers_a_terminal() {
    let mut attack = Attack::new(1);
    let node = node(&mut attack);
    let broken = node.file(
        "broken.json",
        crate::node::bundle(&attack.objects()).replacen("\"course-of-action\"", "\"\\u001b[31mtype\"", 1),
    );
    let named = node.file("\u{1b}[31m\u{202e}name.json", "{\"type\":\"\u{7}\"}");
    let malware = id("malware", 1);
    let playbook = id("course-of-action", 1);
    let mut seen = 0;
    for args in [
        &["member", "list"][..],
        &["member", "show", "read"],
        &["circle", "list"],
        &["circle", "show", "region"],
        &["contact", "list"],
        &["contact", "show", "duty"],
        &["consultation", "list"],
        &["norms", "list"],
        &["measure", "list"],
        &["person", "list"],
        &["person", "acts"],
        &["ask", "list"],
        &["playbook", "list", "--as", "detect"],
        &["playbook", "show", &playbook, "--circle", "region", "--as", "detect"],
        &["recall", "list"],
        &["quarantine", "list"],
        &["webhook", "list"],
        &["mail", "list"],
        &["guard", "lists"],
        &["validate", &broken],
        &["validate", &named],
        &["import", &broken, "--circle", "region", "--as", "list"],
        &["import", &named, "--circle", "region", "--as", "list"],
        &["import", "/nowhere/\u{1b}[31m", "--circle", "region", "--as", "list"],
        &["member", "show", "\u{1b}[31m\u{202e}"],
        &["circle", "show", "\u{1b}]0;x\u{7}"],
        &["screen", "\u{1b}[31m\u{202e}", "a-k3.top"],
        &["share", &malware, "--from", "region", "--dry-run"],
        &["pattern", "check", "[a:b = '\u{1b}[31m']"],
        &["deliver", "--to", "read", "--what", "advisory.txt"],
        &["deliver", "--to", "list", "--what", "list/all.txt"],
        &["sign", "--check", &broken],
    ] {
        let text = said(&node, args);
        assert!(!text.is_empty(), "{args:?}");
        seen += usize::from(text.contains("xk3"));
        let steers: BTreeSet<char> = text
            .chars()
            .filter(|c| {
                c.is_control() && !matches!(c, '\n' | '\t')
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            })
            .collect();
        assert!(steers.is_empty(), "{args:?}: {steers:?} in {text:?}");
    }
    assert!(seen > 8, "texts of others were shown by {seen} commands");
}

#[test]
fn no_text_of_others_becomes_a_header_or_markup_of_a_mail() {
    let mut attack = Attack::new(1);
    let node = node(&mut attack);
    certificates(node.dir.path());
    let path = |name: &str| node.dir.path().join(name).display().to_string();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/mail_server.py");
    let server = Peer::run(script, &[&path("server.pem"), &path("server.key"), &path("fails"), "starttls"]);
    let config = format!(
        "[http]\npublic_url = \"https://tower.example\"\n[mail]\nhost = \"127.0.0.1\"\nport = {}\nca_file = \"{}\"\nfrom = \"Tower <tower@tower.example>\"\ntimeout_s = 3\n",
        server.next(),
        path("ca.pem")
    );
    std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
    for bad in [
        "a@b.example\r\nBcc: x@evil-k3.example",
        "\"a\r\nX-K3: 1\"@b.example",
        "a\u{202e}@b.example",
        "\u{1b}[31m, a@b.example",
    ] {
        let output = node.command(&["member", "set", "read", "--contact", bad]).output().unwrap();
        let kept = node.json(&["member", "show", "read"]).to_string();
        assert_eq!(output.status.code(), Some(2), "{bad:?}: {kept}");
    }
    for member in ["read", "exchange"] {
        node.json(&["member", "set", member, "--contact", "\"><xk3 onxk3=1>{{7919*7907}}"]);
        for bad in [
            "a@b.example\r\nBcc: x@evil-k3.example",
            "a@b.example, x@evil-k3.example",
            "a@b.example>\r\nDATA",
        ] {
            let output = node.command(&["member", "mail", member, "--to", bad]).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{bad:?}: {}", String::from_utf8_lossy(&output.stdout));
        }
        let to = format!("{member}@member.example");
        node.json(&["member", "mail", member, "--to", &to, "--digest", "urgent"]);
    }
    let serving = node.serve();
    let question: String = attack.line().chars().take(180).collect();
    node.json(&["drill", "start", "region", &format!("--question={question}")]);
    let incident = serde_json::json!({
        "type": "incident", "spec_version": "2.1", "id": id("incident", 900), "created": crate::node::now(), "modified": crate::node::now(),
        "name": attack.text(), "description": attack.text(), "labels": ["severity:critical"], "confidence": 90,
    });
    let file = node.file("incident.json", crate::node::bundle(&[incident]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let mut mails = Vec::new();
    wait(Duration::from_secs(60), || {
        mails.extend(server.lines.try_recv().ok());
        let has = |to: &str| mails.iter().any(|mail: &Value| mail["to"][0] == to);
        (has("duty@read.example") && has("read@member.example")).then_some(())
    })
    .unwrap_or_else(|| panic!("mails came: {mails:?}; {}", node.json(&["mail", "list"])));
    for mail in &mails {
        assert_eq!(mail["defects"], serde_json::json!([]), "{mail}");
        assert_eq!(mail["to"].as_array().unwrap().len(), 1, "{mail}");
        assert!(
            mail["headers"]
                .as_array()
                .unwrap()
                .iter()
                .all(|name| !name.as_str().unwrap().eq_ignore_ascii_case("x-k3")),
            "{mail}"
        );
        let subject = mail["subject"].as_str().unwrap();
        assert!(!subject.contains(['\r', '\n', '\u{1b}', '\u{202e}']), "{subject:?}");
        let html = mail["html"].as_str().unwrap();
        let (faults, _) = examine(&html.replace("href=\"https://tower.example/", "href=\"/"));
        assert!(faults.is_empty(), "{faults:?}: {html}");
        for text in [html, mail["text"].as_str().unwrap()] {
            assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
        }
    }
    serving.stop();
}
