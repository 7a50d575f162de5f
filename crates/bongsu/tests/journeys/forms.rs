//! The same intelligence reaches five members in five forms, each taken by what it is for.

use std::process::Command;

use serde_json::{Value, json};

use crate::node::{Node, bundle, client, id, indicator};

fn intelligence() -> String {
    let mut url = indicator(2, "x");
    url["name"] = json!("a page");
    url["pattern"] = json!("[url:value = 'http://files-k3.top/a;b\"c/drop.php?x=1']");
    let mut address = indicator(3, "x");
    address["pattern"] = json!("[ipv4-addr:value = '185.130.44.9'] OR [ipv6-addr:value = '2a0b:1234::9']");
    let mut hash = indicator(4, "x");
    hash["pattern"] = json!(format!("[file:hashes.'SHA-256' = '{}']", "ab".repeat(32)));
    bundle(&[
        indicator(1, "evil-login-k3.top"),
        url,
        address,
        hash,
        indicator(5, "google.com"),
        json!({
            "type": "campaign", "spec_version": "2.1", "id": id("campaign", 6), "created": "2026-09-01T00:00:00.000Z",
            "modified": "2026-09-01T00:00:00.000Z", "name": "Paper Lantern",
            "description": "Forged <b>log-in</b> pages for [ministries](https://example.org).(Citation: X)",
        }),
        json!({
            "type": "course-of-action", "spec_version": "2.1", "id": id("course-of-action", 7),
            "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
            "name": "Second factor", "description": "Ask for a second factor at log-in.",
        }),
    ])
}

fn chromium(url: &str, user: &str, token: &str, more: &[&str]) -> std::process::Output {
    let home = tempfile::tempdir().unwrap();
    let address = url.replace("http://", &format!("http://{user}:{token}@"));
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1100,1600",
    ];
    Command::new("chromium")
        .args(arguments)
        .arg(format!("--user-data-dir={}", home.path().display()))
        .args(more)
        .arg(address)
        .output()
        .unwrap_or_else(|error| panic!("chromium: {error}; run scripts/setup"))
}

#[test]
fn five_members_take_five_forms_of_the_same() {
    let node = Node::with_members();
    let members = ["read", "list", "block", "detect", "exchange"];
    let joined: Vec<&str> = members.iter().flat_map(|member| ["--member", member]).collect();
    node.json(&[&["circle", "add", "region", "--ceiling", "amber"][..], &joined].concat());
    let file = node.file("bundle.json", intelligence());
    assert_eq!(node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"], 7);
    let serving = node.serve();

    // An operator's look at what a member gets is no use of the member's.
    let operator = node.json(&["member", "token", "--operator"])["token"]["token"].clone();
    let look = format!("{}/as/detect/d/suricata.rules", serving.url);
    let look = client().get(look).bearer_auth(operator.as_str().unwrap()).send().unwrap();
    assert_eq!(look.status(), 200);
    assert_eq!(node.json(&["member", "standing", "detect"])["members"][0]["real"], Value::Null);

    // read: a page in a real browser.
    let url = format!("{}/d/advisory.html", serving.url);
    let token = node.tokens.get("read").unwrap();
    let dom = chromium(&url, "read", token, &["--dump-dom"]);
    let dom = String::from_utf8_lossy(&dom.stdout).into_owned();
    assert!(dom.matches("TLP:AMBER").count() >= 2, "the mark at the top and at the foot: {dom}");
    assert!(dom.contains("Paper Lantern") && dom.contains("Second factor"), "{dom}");
    assert!(dom.contains("Forged &lt;b&gt;log-in&lt;/b&gt; pages for ministries."), "text stays text: {dom}");
    assert!(dom.contains("evil-login-k3[.]top") && !dom.contains("google"), "{dom}");

    // In Korean: without glyphs, all syllables would be one and the same box.
    let page = node.text(&serving, "read", "/d/advisory.html?lang=ko");
    let page = page.replace("href=\"/", &format!("href=\"{}/", serving.url));
    let is_hangul = |c: char| ('\u{ac00}'..='\u{d7a3}').contains(&c);
    assert!(page.chars().filter(|c| is_hangul(*c)).count() > 100, "{page}");
    let shot = |name: &str, page: &str| {
        let page = format!("file://{}", node.file(&format!("{name}.html"), page));
        let shot = node.dir.path().join(format!("{name}.png"));
        chromium(&page, "read", token, &[&format!("--screenshot={}", shot.display())]);
        std::fs::read(shot).unwrap()
    };
    let one = page.replace(is_hangul, "\u{ac00}");
    // A browser on a busy machine may be told to take its picture before it has painted all of the page.
    let steady = |page: &str| {
        let mut last = shot("page", page);
        for _ in 0..5 {
            let next = shot("page", page);
            if next == last {
                return next;
            }
            last = next;
        }
        panic!("a page looks the same each time");
    };
    assert!(steady(&page) != steady(&one), "syllables look like themselves");

    // list: plain and CSV, guarded.
    let plain = node.text(&serving, "list", "/d/list/domain.txt");
    assert_eq!(
        plain.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>(),
        ["evil-login-k3.top"]
    );
    assert_eq!(node.text(&serving, "list", "/d/list/domain.txt?bare"), "evil-login-k3.top\n");
    let table = node.text(&serving, "list", "/d/list/all.csv");
    assert_eq!(table.lines().count(), 1 + 5, "{table}");
    let first = node.get(&serving, "list", "/d/list/all.csv").send().unwrap();
    let etag = first.headers().get("etag").unwrap().clone();
    let again = node.get(&serving, "list", "/d/list/all.csv").header("if-none-match", etag).send().unwrap();
    assert_eq!(again.status(), 304);

    // block: the zone.
    let zone = node.text(&serving, "block", "/d/zone.rpz");
    assert!(
        zone.contains("\nevil-login-k3.top CNAME .\n") && zone.contains("\n*.evil-login-k3.top CNAME .\n"),
        "{zone}"
    );
    assert!(
        zone.contains("32.9.44.130.185.rpz-ip CNAME .") && zone.contains("128.9.zz.1234.2a0b.rpz-ip CNAME .")
    );
    assert!(!zone.contains("files-k3"), "a page's host is not refused for one page: {zone}");

    // detect: rules that a real Suricata accepts.
    let rules = node.text(&serving, "detect", "/d/suricata.rules");
    assert_eq!(rules.lines().filter(|line| line.starts_with("alert ")).count(), 2 + 1 + 2, "{rules}");
    let file = node.file("bongsu.rules", &rules);
    let logs = node.dir.path().join("suricata");
    std::fs::create_dir(&logs).unwrap();
    let tested = Command::new("suricata").args(["-T", "-v", "-S", &file, "-l"]).arg(&logs).output();
    let tested = tested.unwrap_or_else(|error| panic!("suricata: {error}; run scripts/setup"));
    let said = String::from_utf8_lossy(&[tested.stdout, tested.stderr].concat()).into_owned();
    assert!(tested.status.success(), "{said}");
    assert!(said.contains("5 rules successfully loaded, 0 rules failed"), "{said}");

    // exchange: the objects themselves. Who begins in the middle has not had what came before.
    node.text(&serving, "exchange", "/api/collections/region/objects/?added_after=2099-01-01T00:00:00Z");
    let begun = node.json(&["member", "standing", "exchange"])["members"][0].clone();
    assert_eq!((&begun["real"], &begun["circles"][0]["missing"]), (&json!("exchange"), &json!(7)), "{begun}");
    let envelope: Value =
        serde_json::from_str(&node.text(&serving, "exchange", "/api/collections/region/objects/")).unwrap();
    assert_eq!(envelope["objects"].as_array().unwrap().len(), 7);

    // Who asks for the head, or for nothing if there is anything, has got nothing.
    let address = |name: &str| format!("{}/d/list/{name}", serving.url);
    let token = node.tokens.get("list");
    let head = serving.client.head(address("ipv4.txt")).basic_auth("list", token).send().unwrap();
    assert!(head.status().is_success() && head.headers().contains_key("etag"));
    let none = node.get(&serving, "list", "/d/list/url.txt").header("if-none-match", "*").send().unwrap();
    assert_eq!(none.status(), 304);

    // A device without networks is not given the form that is made of them.
    let cidr = |device: &str| node.get(&serving, "list", &format!("/d/list/ipv4.cidr.txt?device={device}"));
    assert_eq!(cidr("sophos-firewall").send().unwrap().status(), 400);

    // What is above a member's level is not offered, in any way of asking.
    for (member, path) in [
        ("read", "/d/list/domain.txt"),
        ("list", "/d/zone.rpz"),
        ("block", "/d/suricata.rules"),
        ("detect", "/api/collections/region/objects/"),
    ] {
        let status = node.get(&serving, member, path).send().unwrap().status().as_u16();
        assert!(matches!(status, 403 | 404), "{member} {path}: {status}");
    }

    // What members' own systems took stands in their receipts, also after a restart.
    node.text(&serving, "read", "/d/advisory.html");
    let standing = |member: &str| node.json(&["member", "standing", member])["members"][0].clone();
    for level in members {
        let found = standing(level);
        assert_eq!((&found["offered"], &found["real"]), (&json!(level), &json!(level)), "{found}");
        assert_eq!(
            (&found["circles"][0]["missing"], &found["circles"][0]["upto"]),
            (&json!(0), &json!(7)),
            "{found}"
        );
    }
    node.json(&[
        "import",
        &node.file("more.json", bundle(&[indicator(9, "later-k3.top")])),
        "--circle",
        "region",
        "--as",
        "exchange",
    ]);
    assert_eq!(standing("list")["circles"][0]["missing"], 1);
    serving.stop();
    let found = standing("list");
    assert_eq!((&found["real"], &found["circles"][0]["missing"]), (&json!("list"), &json!(1)), "{found}");
    let receipts = node.json(&["member", "receipts", "list"]);
    let receipts = receipts["receipts"].as_array().unwrap();
    let whats: Vec<&str> = receipts.iter().filter_map(|receipt| receipt["what"].as_str()).collect();
    assert_eq!(
        whats,
        ["list/all.csv", "list/domain.bare.txt", "list/domain.txt"],
        "what it asked for, and no other"
    );
}
