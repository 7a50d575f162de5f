//! Every page that a browser reaches speaks Korean to whoever asks for it: on the demo's data, with contacts, drills, asks, a case
//! and whatever else fills a page, no word of another language stands in a text, but for names, values and codes.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use html5gum::{Token, Tokenizer};
use serde_json::{Value, json};

use stix::Tlp;

use crate::cases;
use crate::node::{Node, Serving, bundle, id, now};
use crate::people::logged_in;

/// Products, standards, codes and units, which Korean writes in Latin letters too: among them levels, STIX types, chains, places in
/// pictures, and the demo's handles.
const KEPT: &str = "AMBER ARF ASN ATT Bongsu CC CERT CK CLEAR CSIRT CSV CVE DD DNS English ETH FIRST Foundation GREEN IANA IATI ID IEP IP JA JSON \
    KH Kosovo KR GOV MAC MD MISP MM OECD OFAC Open OSCE PAP PC DEC PDF PGP POST RED RFC RPZ SG SHA SIM Sigma Somaliland STIX STRICT SVG Suricata \
    TAXII TCP TLP TLS TSIG UN URL UTC VN VPN XML YYYY Zeek bongsu https hunt iCalendar nftables takedown vCard \
    BIND HTTPS Unbound PowerDNS Recursor Resolver Knot Pi hole Windows pfSense OPNsense OpenCTI Microsoft Sentinel Splunk Enterprise Security \
    Intelligence Framework NXDOMAIN TAXII chmod Base Feed Feeds Sync Actions Remote Servers New Add Data connectors Threat Management Line oriented \
    Lists Firewall Aliases Table IPs Services Blocklist pfBlockerNG DNSBL Resume \
    read list block detect exchange campaign identity indicator malware ethereum assets bank cert desk isp jin ministry region";

/// Elements whose text is code, or nothing that is read.
const CODE: [&str; 6] = ["code", "pre", "script", "style", "textarea", "time"];
/// Attributes that are read out or shown.
const SHOWN: [&str; 4] = ["aria-label", "alt", "placeholder", "title"];
/// Pages that are asked of each kind of path: those of many objects are alike.
const OF_A_KIND: usize = 3;

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a page says, without code and texts that say that they are in another language; and the paths on it.
fn said(html: &str) -> (Vec<String>, Vec<String>) {
    const EMPTY: [&str; 7] = ["br", "hr", "img", "input", "link", "meta", "path"];
    let (mut texts, mut paths, mut text) = (Vec::new(), Vec::new(), String::new());
    // The elements that are open, each with whether what stands in it is passed over.
    let mut open: Vec<(String, bool)> = Vec::new();
    for token in Tokenizer::new(html).flatten() {
        match token {
            Token::String(string) if !open.last().is_some_and(|(_, is_over)| *is_over) => {
                text.push_str(&lossy(&string));
            }
            Token::StartTag(tag) => {
                texts.push(std::mem::take(&mut text));
                let name = lossy(&tag.name);
                let attributes: BTreeMap<String, String> =
                    tag.attributes.iter().map(|(name, value)| (lossy(name), lossy(value))).collect();
                let is_over = open.last().is_some_and(|(_, is_over)| *is_over)
                    || CODE.contains(&name.as_str())
                    || name != "html" && attributes.get("lang").is_some_and(|lang| lang != "ko");
                if !is_over {
                    texts.extend(SHOWN.iter().filter_map(|shown| attributes.get(*shown).cloned()));
                }
                if let Some(href) = attributes.get("href").filter(|href| name == "a" && href.starts_with('/'))
                {
                    paths.push(href.split('#').next().unwrap().to_owned());
                }
                if !tag.self_closing && !EMPTY.contains(&name.as_str()) {
                    open.push((name, is_over));
                }
            }
            Token::EndTag(tag) => {
                texts.push(std::mem::take(&mut text));
                let name = lossy(&tag.name);
                if let Some(at) = open.iter().rposition(|(open, _)| *open == name) {
                    open.truncate(at);
                }
            }
            _ => {}
        }
    }
    let texts = texts.into_iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    (texts.filter(|text| !text.is_empty()).collect(), paths)
}

/// A text in Markdown as pages show it: links by their words alone, and without citations.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    for (at, part) in text.split("](").enumerate() {
        let rest = if at == 0 { part } else { part.split_once(')').map_or("", |(_, rest)| rest) };
        plain.push_str(&rest.replace('[', ""));
    }
    let mut parts = plain.split("(Citation: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once(')').map_or("", |(_, rest)| rest))
}

/// The texts of others: what objects hold and what people called themselves.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    /// A text, its lines and its sentences, as they are and without links and citations, and each as pages cut it. A single word in
    /// small letters is no name, or it would hide what is not said in Korean; an address or an identifier is found to be one without that.
    fn add(&mut self, text: &str) {
        let plain = without_links(text);
        for text in [text, &plain] {
            for name in text.split_inclusive(". ").chain(text.lines()).chain([text]) {
                let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
                if name.contains(|c: char| c == ' ' || c.is_ascii_uppercase()) {
                    self.0.insert(name.chars().take(120).collect::<String>().trim_end().to_owned());
                    self.0.insert(name);
                }
            }
        }
    }

    fn add_all(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Array(all) => all.iter().for_each(|one| self.add_all(one)),
            Value::Object(all) => all.values().for_each(|one| self.add_all(one)),
            _ => {}
        }
    }

    /// A text without the names in it, from the left, the longest that stands there first.
    fn without(&self, text: &str) -> String {
        let is_letter = |c: char| c.is_ascii_alphanumeric();
        let edges: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let (mut rest, mut at) = (String::new(), 0);
        while let Some(from) = edges.get(at).copied().filter(|from| *from < text.len()) {
            let begins =
                !text[..from].ends_with(is_letter) && text[from..].starts_with(|c: char| c.is_ascii());
            let ends = (at + 1..edges.len()).rev().filter(|end| !text[edges[*end]..].starts_with(is_letter));
            let name = ends.filter(|_| begins).find(|end| self.0.contains(&text[from..edges[*end]]));
            rest.push_str(if name.is_some() { " " } else { &text[from..edges[at + 1]] });
            at = name.unwrap_or(at + 1);
        }
        rest
    }

    /// Words of a text that are neither names nor kept in Latin letters.
    fn foreign(&self, text: &str) -> Vec<String> {
        if !text.contains(|c: char| c.is_ascii_alphabetic()) {
            return Vec::new();
        }
        let kept: HashSet<&str> = KEPT.split_whitespace().collect();
        // An address, an identifier, a file's name: its letters and signs are of one piece.
        let is_code = |word: &str| {
            let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
            inner.contains(['.', '/', '@', '_', '=', '[']) || inner.contains(|c: char| c.is_ascii_digit())
        };
        // The title of a list stands between marks of its own.
        let quoted = text.split('「').map(|part| part.rsplit('」').next().unwrap_or_default());
        let rest = self.without(&quoted.collect::<String>());
        let words = rest.split_whitespace().filter(|word| !is_code(word));
        let words = words.flat_map(|word| word.split(|c: char| !c.is_ascii_alphabetic()));
        words.filter(|word| word.len() > 1 && !kept.contains(word)).map(str::to_owned).collect()
    }
}

/// The demo's node, as `bongsu demo` leaves it, with texts of its own files.
fn demo() -> (Node, Names) {
    let node = Node::of(tempfile::tempdir().unwrap(), std::collections::HashMap::new());
    let mut child = node.command(&["demo"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_up = lines.map_while(Result::ok).any(|line| line.contains("Ctrl-C ends it"));
    assert!(is_up, "the demo ended");
    child.kill().unwrap();
    child.wait().unwrap();
    let mut names = Names::default();
    let file = |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-data").join(name);
    let gz = std::fs::read(file("attack-dprk.json.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&gz[..]).read_to_string(&mut text).unwrap();
    names.add_all(&serde_json::from_str(&text).unwrap());
    for list in ["member", "circle"] {
        names.add_all(&node.json(&[list, "list"]));
    }
    for word in [
        "wallets of a current theft are moving",
        "LAZARUS GROUP",
        // Which domains come first is a matter of the moment in which they were brought.
        "BlueNoroff",
        // As a picture cuts it.
        "Virtual-asset exchange, compliance des",
        "bongsu member set HANDLE --resolver ADDRESS",
        "N. Cyprus",
    ] {
        names.add(word);
    }
    (node, names)
}

/// Whatever makes rows of tables that the demo leaves empty. What people write is Korean here.
fn filled(node: &mut Node) {
    for handle in ["cert", "bank", "isp", "ministry"] {
        let made = node.json(&["member", "token", handle]);
        node.tokens.insert(handle.to_owned(), made["token"]["token"].as_str().unwrap().to_owned());
    }
    let contact = ["--member", "bank", "--function", "law-enforcement", "--name", "김 담당"];
    let reached =
        ["--channel", "phone:+82 2 555 0100", "--hours", "mon-fri 09:00-18:00", "--zone", "Asia/Seoul"];
    node.json(&[&["contact", "add", "bank-duty"][..], &contact, &reached, &["--circle", "region"]].concat());
    let contact = ["--member", "isp", "--function", "technical", "--name", "이 담당"];
    let reached = ["--channel", "mail:duty@isp.example", "--circle", "region"];
    node.json(&[&["contact", "add", "isp-duty"][..], &contact, &reached].concat());
    let norm =
        ["norms", "report", "ministry", "j", "--stage", "partly", "--text", "절반쯤", "--day", "2026-11-01"];
    node.json(&[&norm[..], &["--circle", "region"]].concat());
    let measure = ["measure", "add", "hotline", "--title", "두 수도를 잇는 전화", "--due", "2026-01-01"];
    node.json(&[&measure[..], &["--member", "isp", "--member", "bank", "--circle", "region"]].concat());
    let when = ["--begins", "2026-12-01T05:00:00Z", "--ends", "2026-12-01T06:00:00Z", "--circle", "region"];
    let who = ["--title", "전력망 협의", "--member", "isp", "--member", "bank"];
    node.json(&[&["consultation", "add", "grid"][..], &who, &when].concat());
    node.json(&["consultation", "cancel", "grid"]);
    node.json(&["region", "open", "isp", "--circle", "region", "--act", "양해각서 1호"]);
    node.json(&["region", "assess", "isp", "--file", &node.file("sim3.txt", "T-8 0\nT-9 3\n")]);
    node.json(&["member", "set", "isp", "--country", "KH"]);
    // One who asks for a wider release.
    let campaign = json!({
        "type": "campaign", "spec_version": "2.1", "id": id("campaign", 7), "created": now(), "modified": now(),
        "name": "비밀 작전", "object_marking_refs": [Tlp::Green.definition_id().to_string()],
    });
    node.json(&["import", &node.file("c.json", bundle(&[campaign])), "--circle", "assets", "--as", "cert"]);
    let ask =
        ["ask", "release", &id("campaign", 7), "--circle", "assets", "--to", "region", "--without-source"];
    node.json(&[&ask[..], &["--why", "지역에 알려야 합니다", "--as", "bank"]].concat());
    // A theft that is traced, with an alert and a request.
    node.json(&["circle", "set", "region", "--ceiling", "amber"]);
    cases::load(node, &cases::transfers(node, &["1", "2", "3", "4"]));
    cases::opened(node, &[]);
    node.json(&["case", "trace", "bybit-2025"]);
    node.json(&["case", "request", "bybit-2025", "Harbour Exchange"]);
    node.json(&["case", "close", "bybit-2025", "시험을 마쳤습니다"]);
    // A drill: it asks for an address that its links lead to.
    let config = node.data().join("bongsu.toml");
    std::fs::write(&config, "[http]\npublic_url = \"https://tower.example/\"\n").unwrap();
    node.json(&["drill", "start", "region", "--question", "받으셨습니까?"]);
    std::fs::remove_file(&config).unwrap();
}

/// A path without what names one thing of many.
fn kind_of(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let depth = path.matches('/').count();
    let first = path.split('/').nth(1).unwrap_or_default();
    if depth < 2 || ["account", "region"].contains(&first) && depth == 2 {
        return path.to_owned();
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    let known = ["compare", "graph", "guard", "held", "missing", "proof", "quarantine", "test"];
    format!("/{first}/{depth}/{}", if known.contains(&last) { last } else { "*" })
}

/// All pages that can be walked to from `/`, as `ask` gets them: each with its path.
fn walked(mut ask: impl FnMut(&str) -> Option<String>) -> Vec<(String, Vec<String>)> {
    let (mut seen, mut of_kind) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    let mut next: VecDeque<String> =
        ["/", "/display", "/account", "/account/codes"].map(str::to_owned).into();
    let mut pages = Vec::new();
    while let Some(path) = next.pop_front() {
        let program =
            ["/api", "/as/", "/d/", "/t/", "/contacts/", "/contacts.", "/calendar", "/logout", "/login"];
        if program.iter().any(|begins| path.starts_with(begins)) || !seen.insert(path.clone()) {
            continue;
        }
        let many = of_kind.entry(kind_of(&path)).or_default();
        *many += 1;
        if *many > OF_A_KIND {
            continue;
        }
        let Some(html) = ask(&path) else { continue };
        let (texts, paths) = said(&html);
        next.extend(paths);
        pages.push((path, texts));
    }
    pages
}

/// Which words of which pages are not Korean.
fn not_korean(names: &Names, pages: &[(String, Vec<String>)]) -> Vec<String> {
    let mut faults = BTreeSet::new();
    for (path, texts) in pages {
        for text in texts {
            let words = names.foreign(text);
            if !words.is_empty() {
                faults.insert(format!("{}: {words:?} in: {text}", kind_of(path)));
            }
        }
    }
    faults.into_iter().collect()
}

fn html(response: reqwest::blocking::Response) -> Option<String> {
    let kind = response.headers().get("content-type")?.to_str().unwrap().to_owned();
    (response.status().is_success() && kind.starts_with("text/html")).then(|| response.text().unwrap())
}

fn as_member(node: &Node, serving: &Serving, member: &str) -> Vec<(String, Vec<String>)> {
    walked(|path| {
        let request = node.get(serving, member, path).header("accept", "text/html");
        html(request.header("accept-language", "ko-KR,ko;q=0.9,en;q=0.5").send().unwrap())
    })
}

#[test]
fn every_page_speaks_korean_to_whoever_asks_for_it() {
    let (mut node, mut names) = demo();
    filled(&mut node);
    for word in
        ["Theft from a cold wallet", "Harbour Exchange", "Night Mixer", "duty desk, desk@cert.example"]
    {
        names.add(word);
    }
    let operator =
        node.json(&["member", "token", "--operator"])["token"]["token"].as_str().unwrap().to_owned();
    let serving = node.serve();
    // Whom a receipt says to have fetched something.
    for path in ["/d/list/all.csv", "/d/zone.rpz"] {
        node.text(&serving, "isp", path);
    }
    let all = walked(|path| {
        let request = serving.client.get(format!("{}{path}", serving.url)).bearer_auth(&operator);
        html(request.header("accept", "text/html").header("accept-language", "ko").send().unwrap())
    });
    let kinds: BTreeSet<String> = all.iter().map(|(path, _)| kind_of(path)).collect();
    for kind in [
        "/",
        "/circles",
        "/members/2/*",
        "/members/3/held",
        "/cases/3/graph",
        "/circles/3/compare",
        "/objects/4/proof",
        "/drills/2/*",
        "/asks/2/*",
        "/acts",
    ] {
        assert!(kinds.contains(kind), "nobody walked to {kind}: {kinds:?}");
    }
    let mut faults = not_korean(&names, &all);
    for member in ["isp", "bank", "cert", "ministry"] {
        faults.extend(not_korean(&names, &as_member(&node, &serving, member)));
    }
    let mut browser = logged_in(&node, &serving, "jin", "bank", &["analyst", "administrator", "auditor"]);
    let own = walked(|path| {
        let page = browser.get(&format!("{path}{}lang=ko", if path.contains('?') { '&' } else { '?' }));
        (page.status == 200 && page.text.starts_with("<!doctype html>")).then_some(page.text)
    });
    assert!(own.iter().any(|(path, _)| path == "/account/codes"), "a person has a page of its own");
    faults.extend(not_korean(&names, &own));
    serving.stop();
    faults.sort();
    faults.dedup();
    println!("{} pages as an operator", all.len());
    assert!(faults.is_empty(), "{} texts are not Korean:\n{}", faults.len(), faults.join("\n"));
}
