//! Small inputs that would become large, deep or long: each is cut off, told, and costs no more than an input may.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::serves;
use crate::node::{Node, Serving, TAXII, bundle, id, indicator};

/// No single attack may take longer; ordinary input takes milliseconds, what grows with the square or worse takes hours.
const PATIENCE: Duration = Duration::from_secs(60);

fn node() -> (Node, Serving) {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let serving = node.serve_with(&[("BONGSU__HTTP__BODY_BYTES_MAX", "20000000")]);
    (node, serving)
}

/// A gzip stream of so many MiB of one byte.
fn gzip(mebibytes: usize, byte: u8) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let block = vec![byte; 1 << 20];
    (0..mebibytes).for_each(|_| encoder.write_all(&block).unwrap());
    encoder.finish().unwrap()
}

#[test]
fn packed_bodies_and_files_do_not_swell() {
    let (node, serving) = node();
    let before = serving.resident_mib();
    let bomb = gzip(2_000, b' ');
    assert!(bomb.len() < 4 << 20);
    for coding in ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip", "identity, gzip"] {
        for path in ["/api/collections/region/objects/", "/events/add", "/screening/values", "/login"] {
            let request = serving
                .client
                .post(format!("{}{path}", serving.url))
                .basic_auth("exchange", node.tokens.get("exchange"));
            let kind = if path.starts_with("/api") { TAXII } else { "application/json" };
            let answer = request
                .header("content-type", kind)
                .header("accept", "*/*")
                .header("content-encoding", coding)
                .body(bomb.clone())
                .send()
                .unwrap();
            let status = answer.status().as_u16();
            assert!((400..500).contains(&status), "{coding} {path}: {status}");
        }
    }
    assert!(serves(&serving));
    let grown = serving.resident_mib().saturating_sub(before);
    assert!(grown < 200, "{grown} MiB more");
    // Files: gzip in gzip is no list, and a file that unpacks without end is cut.
    let nested = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bomb).unwrap();
        encoder.finish().unwrap()
    };
    for (name, bytes) in
        [("bomb.json.gz", &bomb), ("bomb.csv.gz", &gzip(600, b'a')), ("nested.json.gz", &nested)]
    {
        let file = node.file(name, bytes);
        let began = Instant::now();
        let output =
            node.command(&["import", &file, "--circle", "region", "--as", "exchange"]).output().unwrap();
        assert!(
            !output.status.success() || String::from_utf8_lossy(&output.stdout).contains("\"added\":0"),
            "{name}"
        );
        assert!(began.elapsed() < PATIENCE, "{name}: {:?}", began.elapsed());
    }
    assert!(serves(&serving));
}

/// A server that answers all with these bytes, packed.
fn packed(body: Vec<u8>) -> u16 {
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listening.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listening.incoming().map_while(Result::ok) {
            let _read = std::io::Read::read(&mut stream, &mut [0; 4_096]);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {TAXII}\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _gone = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    port
}

#[test]
fn a_source_that_answers_with_a_bomb_is_cut_off() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let port = packed(gzip(4_000, b' '));
    for kind in ["taxii", "misp-feed", "misp", "list"] {
        let text = format!(
            "[[source]]\nname = \"partner\"\nkind = \"{kind}\"\nurl = \"http://127.0.0.1:{port}/x/\"\ncircle = \"region\"\nas = \"exchange\"\n"
        );
        std::fs::write(node.data().join("bongsu.toml"), text).unwrap();
        let inner = node.command(&["source", "pull", "partner"]);
        // Not more memory than an answer may have, whatever it unpacks to.
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", "ulimit -v 3000000 && exec \"$0\" \"$@\""])
            .arg(inner.get_program())
            .args(inner.get_args());
        command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let began = Instant::now();
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success() && said.contains("longer than"), "{kind}: {said}");
        assert!(began.elapsed() < PATIENCE, "{kind}: {:?}", began.elapsed());
    }
}

/// A feed whose names lead out of its folder, to other hosts, or into the node's own files.
#[test]
fn names_in_a_feed_lead_nowhere_else() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listening.local_addr().unwrap().port();
    let (tell, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let names = [
            "../../../../etc/passwd",
            "..%2f..%2fsecret",
            "/etc/passwd",
            "//127.0.0.1:1/x",
            "http://127.0.0.1:1/x",
            "a/../../b",
            "",
            ".",
            "..",
            "x\r\nHost: evil",
            "%00",
        ];
        let about = json!({"info": "x", "date": "2026-05-01", "timestamp": "1780000000", "analysis": "2", "threat_level_id": "2", "Orgc": {"name": "x", "uuid": "55f6ea5e-2c60-40e5-964f-47a8950d210f"}, "Tag": []});
        let manifest: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), about.clone())).collect();
        for mut stream in listening.incoming().map_while(Result::ok) {
            let mut bytes = [0; 4_096];
            let count = std::io::Read::read(&mut stream, &mut bytes).unwrap_or_default();
            let said = String::from_utf8_lossy(&bytes[..count]).into_owned();
            let body = if said.starts_with("GET /feed/manifest.json ") {
                json!(manifest).to_string()
            } else {
                "{}".to_owned()
            };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            if tell.send(said.lines().next().unwrap_or_default().to_owned()).is_err() {
                return;
            }
            let _gone = stream.write_all(answer.as_bytes());
        }
    });
    let text = format!(
        "[[source]]\nname = \"partner\"\nkind = \"misp-feed\"\nurl = \"http://127.0.0.1:{port}/feed/\"\ncircle = \"region\"\nas = \"exchange\"\n"
    );
    std::fs::write(node.data().join("bongsu.toml"), text).unwrap();
    let output = node.command(&["source", "pull", "partner"]).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let lines: Vec<String> = asked.try_iter().collect();
    assert!(lines.iter().any(|line| line.starts_with("GET /feed/manifest.json")), "{lines:?} {said}");
    assert!(lines.iter().all(|line| line.starts_with("GET /feed/") && !line.contains("..")), "{lines:?}");
    assert!(!said.contains("root:"), "{said}");
}

#[test]
fn paths_lead_to_no_file_of_the_machine() {
    let (node, serving) = node();
    let secret = node.data().join("node.key").display().to_string();
    for path in [
        "/../../../../etc/passwd",
        "/..%2f..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/style.css/../../etc/passwd",
        "/d/../../etc/passwd",
        "/d/..%2f..%2fetc%2fpasswd",
        "/d/list/../../node.key",
        "/misp/feed/region/..%2f..%2fnode.key",
        "/misp/feed/region/%2e%2e%2fmanifest.json",
        "/log/..%2f..%2fnode.key/checkpoint",
        "/api/status/..%2f..%2fnode.key/",
        "/contacts/..%2f..%2fnode.key",
        "/cases/..%2fnode.key",
        "/d/%00",
        "/d/list/all.txt%00.html",
        "/static/node.key",
        "/.git/config",
        "/.well-known/../node.key",
        "/bongsu.sqlite",
        "/node.key",
        &format!("/{secret}"),
        &format!("/file:{secret}"),
        "/as/..%2f..%2f/d/list/all.txt",
        "/t/..%2f/d/list/all.txt",
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            node.tokens["exchange"]
        );
        let answer = super::raw(&serving, request.as_bytes(), Duration::from_secs(10));
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = super::statuses(&answer);
        assert!(
            !text.contains("root:") && !text.contains("PRIVATE KEY") && !text.contains("SQLite format"),
            "{path}: {text}"
        );
        assert!(status.first().is_some_and(|status| (400..500).contains(status)), "{path}: {status:?}");
    }
    assert!(serves(&serving));
}

#[test]
fn deep_long_and_odd_json_is_refused_in_its_time() {
    let (node, serving) = node();
    let post = |body: String| {
        let request = serving
            .client
            .post(format!("{}/api/collections/region/objects/", serving.url))
            .basic_auth("exchange", node.tokens.get("exchange"));
        let began = Instant::now();
        let answer = request.header("content-type", TAXII).header("accept", TAXII).body(body).send().unwrap();
        let status = answer.status().as_u16();
        let told: Value = answer.json().unwrap_or_default();
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
        (status, told)
    };
    let field = |value: &str| {
        let text = indicator(7, "a-k3.top").to_string();
        format!("{{\"objects\":[{}]}}", text.replacen('{', &format!("{{\"x_k3\":{value},"), 1))
    };
    let deep =
        |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    // Keys that fall into one place of a table that is not keyed at random.
    let keys = (0..200_000).fold(String::new(), |mut text, number| {
        let _never_fails = write!(text, "\"k{:x}\":0,", number * 65_536_u64);
        text
    });
    for (what, value) in [
        ("lists in lists", deep("[", "]", 1_000_000)),
        ("objects in objects", deep("{\"a\":", "}", 1_000_000)),
        ("a number of a million digits", "1".repeat(1_000_000)),
        ("an exponent", "1e999999999".to_owned()),
        ("a fraction", format!("0.{}", "1".repeat(1_000_000))),
        ("many keys", format!("{{{keys}\"z\":0}}")),
        ("many keys twice", format!("{{{}\"a\":1}}", "\"a\":0,".repeat(200_000))),
        ("escapes", format!("\"{}\"", "\\u0041".repeat(500_000))),
        ("half a surrogate", "\"\\ud800\"".to_owned()),
        ("a long text", format!("\"{}\"", "a".repeat(10_000_000))),
        ("a prototype", "{\"__proto__\":{\"admin\":true},\"constructor\":{\"prototype\":{}}}".to_owned()),
    ] {
        let (status, told) = post(field(&value));
        assert!(matches!(status, 202 | 400 | 413 | 422), "{what}: {status} {told}");
        assert!(serves(&serving), "{what}");
    }
    let bad = [
        "{\"objects\":[".to_owned() + &"[".repeat(5_000_000),
        "{\"objects\":".repeat(1_000_000),
        format!("{{\"objects\":[{}1]}}", "1,".repeat(5_000_000)),
        format!("{{\"objects\":[],\"objects\":[{}]}}", indicator(8, "b-k3.top")),
        "\u{feff}{}".to_owned(),
        "{\"objects\":[]}{\"objects\":[]}".to_owned(),
        "NaN".to_owned(),
    ];
    for body in bad {
        let shown: String = body.chars().take(40).collect();
        let (status, told) = post(body);
        assert!(
            matches!(status, 202 | 400 | 413 | 422),
            "{shown}: {status} {}",
            told.to_string().chars().take(300).collect::<String>()
        );
    }
    assert!(serves(&serving));
    assert!(serving.resident_mib() < 600, "{} MiB", serving.resident_mib());
}

/// Patterns, rules and documents that take for ever where a reader goes back and tries again.
#[test]
fn patterns_and_documents_do_not_make_a_node_think_for_ever() {
    let (node, serving) = node();
    let evil = [
        "(a+)+$",
        "(a|a)*b",
        "(.*)*x",
        "([a-zA-Z]+)*!",
        "(a?){500}a{500}",
        "((((((a{100}){100}){100}){100}){100}))",
        "\\\\p{L}{1000}{1000}",
        "(?:(?:(?:x*)*)*)*y",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
    ];
    let mut objects = Vec::new();
    for (number, regex) in (100..).zip(evil) {
        let mut object = indicator(number, "a-k3.top");
        object["pattern"] = json!(format!("[domain-name:value MATCHES '{regex}']"));
        objects.push(object);
    }
    let deep = format!("[{}domain-name:value = 'deep-k3.top'{}]", "(".repeat(50_000), ")".repeat(50_000));
    let wide = format!("[{}]", vec!["domain-name:value = 'wide-k3.top'"; 20_000].join(" OR "));
    let chain = vec!["[domain-name:value = 'c-k3.top']"; 5_000].join(" FOLLOWEDBY ");
    let aliases = (0..9).fold("a: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, number| {
        format!("{text}b{number}: &a{} [{}]\n", number + 1, vec![format!("*a{number}"); 9].join(","))
    });
    for (number, (pattern_type, pattern)) in (200..).zip([
        ("stix", deep),
        ("stix", wide),
        ("stix", chain),
        ("sigma", aliases),
        ("yara", format!("rule a {{ strings: $a = /{}/ condition: $a }}", "(a+)+".repeat(200))),
    ]) {
        let mut object = indicator(number, "a-k3.top");
        (object["pattern"], object["pattern_type"]) = (json!(pattern), json!(pattern_type));
        objects.push(object);
    }
    objects.push(indicator(1, "good-k3.top"));
    let began = Instant::now();
    let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
    let told = node.post(&serving, "exchange", "region", &texts.join(",")).send().unwrap();
    assert_eq!(told.status(), 202);
    for path in [
        "/d/list/domain.txt",
        "/d/sigma.yml",
        "/d/rules.yar",
        "/d/suricata.rules",
        "/d/advisory.txt",
        "/objects",
    ] {
        let answer = node.get(&serving, "detect", path).send().unwrap();
        assert_ne!(answer.status().as_u16(), 500, "{path}");
    }
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert!(node.text(&serving, "exchange", "/d/list/domain.txt").contains("good-k3.top"));
    // Matched against what was observed, over a text that makes an engine that goes back despair.
    let observed = node.file("observed.json", bundle(&[
        json!({"type": "observed-data", "spec_version": "2.1", "id": id("observed-data", 1), "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
            "first_observed": "2026-09-01T00:00:00Z", "last_observed": "2026-09-01T00:00:00Z", "number_observed": 1, "object_refs": [id("domain-name", 1)]}),
        json!({"type": "domain-name", "spec_version": "2.1", "id": id("domain-name", 1), "value": format!("{}!", "a".repeat(50_000))}),
    ]));
    for regex in evil {
        let began = Instant::now();
        let pattern = format!("[domain-name:value MATCHES '{regex}']");
        let output = node.command(&["pattern", "match", &pattern, &observed]).output().unwrap();
        assert!(output.status.code().is_some(), "{regex}");
        assert!(began.elapsed() < PATIENCE, "{regex}: {:?}", began.elapsed());
    }
    // XML whose entities multiply, or lead to files and other hosts.
    let laughs = (1..10).fold("<!ENTITY l0 \"ha\">".to_owned(), |text, number| {
        format!("{text}<!ENTITY l{number} \"{}\">", format!("&l{};", number - 1).repeat(10))
    });
    let ioc = |head: &str, text: &str| {
        format!(
            "<?xml version=\"1.0\"?>{head}<ioc xmlns=\"http://schemas.mandiant.com/2010/ioc\" id=\"a\"><short_description>{text}</short_description><definition><Indicator operator=\"OR\" id=\"b\"><IndicatorItem id=\"c\" condition=\"is\"><Context document=\"DnsEntryItem\" search=\"DnsEntryItem/Host\" type=\"mir\"/><Content type=\"string\">{text}</Content></IndicatorItem></Indicator></definition></ioc>"
        )
    };
    for (name, text) in [
        ("laughs.ioc", ioc(&format!("<!DOCTYPE ioc [{laughs}]>"), "&l9;")),
        ("file.ioc", ioc("<!DOCTYPE ioc [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>", "&x;")),
        ("parameter.ioc", ioc("<!DOCTYPE ioc [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/x\"> %p;]>", "x")),
        ("deep.ioc", format!("{}{}", "<a>".repeat(1_000_000), "</a>".repeat(1_000_000))),
    ] {
        let file = node.file(name, text);
        let began = Instant::now();
        let output =
            node.command(&["import", &file, "--circle", "region", "--as", "exchange"]).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!said.contains("root:") && output.status.code().is_some(), "{name}: {said}");
        assert!(began.elapsed() < PATIENCE, "{name}: {:?}", began.elapsed());
    }
    assert!(serves(&serving));
}
