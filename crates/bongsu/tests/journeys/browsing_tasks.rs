//! The main tasks of a page's users, with nothing but the page, in a real browser: share with two circles and see before what each gets, set a
//! resolver up and see that it protects, screen a wallet, read an advisory on a phone, add the first members; with scripts and without.

use std::time::Duration;

use serde_json::json;

use crate::chromium::{Chromium, Looks};
use crate::node::{Node, Serving, bundle, id, indicator, port, wait};
use crate::resolver::{Named, dig};

const WALLET: &str = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
const LOOKS: [Looks; 2] = [Looks::DESKTOP, Looks { has_scripts: false, ..Looks::PHONE }];

/// The address of a page, with a member's log-in.
pub(crate) fn page(serving: &Serving, node: &Node, member: &str, path: &str) -> String {
    let user = format!("http://{member}:{}@", node.tokens[member]);
    format!("{}{path}", serving.url.replace("http://", &user))
}

fn node() -> Node {
    let node = Node::with_members();
    let members = ["read", "list", "block", "detect", "exchange"];
    let joined: Vec<&str> = members.iter().flat_map(|member| ["--member", member]).collect();
    node.json(&[&["circle", "add", "region", "--title", "Region"][..], &joined].concat());
    node.json(&["circle", "add", "assets", "--title", "Assets", "--member", "exchange", "--member", "list"]);
    node
}

/// The texts of a page's code blocks.
fn blocks(chromium: &Chromium) -> Vec<String> {
    let all = chromium.run("return [...document.querySelectorAll('pre')].map(one => one.textContent)");
    all.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_is_shared_with_two_circles_after_a_look_at_who_gets_what() {
    for (round, looks) in LOOKS.into_iter().enumerate() {
        let node = node();
        let serving = node.serve();
        let home = tempfile::tempdir().unwrap();
        let chromium = Chromium::start(home.path());
        chromium.look(looks);
        chromium.go(&page(&serving, &node, "exchange", "/share"));
        // What is missing is said, and what was typed stays.
        chromium.click("[name=act][value=check]");
        chromium.says("Choose at least one circle.");
        chromium.says("Name at least one value.");
        chromium.fill("[name=values]", &format!("evil-{round}[.]top\n{WALLET}\ngoogle.com\nnonsense here"));
        chromium.click("[name=circle][value=region]");
        chromium.click("[name=circle][value=assets]");
        chromium.click("[name=act][value=check]");
        chromium.says("Send it");
        let shown = chromium.text();
        for what in ["line 4", "passes", "Region", "Assets"] {
            assert!(shown.contains(what), "{what}: {shown}");
        }
        let why = chromium.run(
            "return [...document.querySelectorAll('tr')].find(row => row.textContent.includes('google.com')).textContent",
        );
        assert!(!why.as_str().unwrap().contains("passes"), "the guard says why: {why}");
        chromium.says("the guard keeps it out of lists, zones, rules and advisories");
        assert!(!node.text(&serving, "list", "/d/list/domain.txt").contains("evil-"), "nothing was sent yet");
        // What was not shown is not sent.
        chromium.fill("[name=labels]", "late");
        chromium.click("[name=act][value=send]");
        chromium.says("This is not what was shown.");
        assert!(!node.text(&serving, "list", "/d/list/domain.txt").contains("evil-"), "nor now");
        chromium.click("[name=act][value=send]");
        chromium.says("new: 3");
        let come = || {
            node.text(&serving, "list", "/d/list/domain.txt")
                .contains(&format!("evil-{round}.top"))
                .then_some(())
        };
        assert!(wait(Duration::from_secs(20), come).is_some());
        assert!(!node.text(&serving, "list", "/d/list/domain.txt").contains("google.com"));
        // The same again is a new version of the same, and says so before.
        chromium.go(&page(&serving, &node, "exchange", "/share"));
        chromium.fill("[name=values]", &format!("evil-{round}.top"));
        chromium.click("[name=circle][value=region]");
        chromium.click("[name=act][value=check]");
        chromium.says("yes: this is a new version");
        chromium.click("[name=act][value=send]");
        chromium.says("new: 1");
    }
}

#[test]
fn what_was_shared_is_mended_in_both_circles_and_withdrawn() {
    for looks in LOOKS {
        let node = node();
        let serving = node.serve();
        let home = tempfile::tempdir().unwrap();
        let chromium = Chromium::start(home.path());
        chromium.look(looks);
        let report = json!({
            "type": "report", "spec_version": "2.1", "id": id("report", 9), "created": "2026-10-01T00:00:00.000Z",
            "modified": "2026-10-01T00:00:00.000Z", "published": "2026-10-01T00:00:00.000Z", "name": "Wrong name",
            "report_types": ["indicator"], "object_refs": [id("indicator", 1), id("indicator", 2)],
        });
        let all = bundle(&[indicator(1, "stays-k3.top"), indicator(2, "goes-k3.top"), report]);
        let file = node.file("all.json", all);
        for circle in ["region", "assets"] {
            node.json(&["import", &file, "--circle", circle, "--as", "exchange"]);
        }
        let edit = format!("/objects/region/{}/edit", id("report", 9));
        chromium.go(&page(&serving, &node, "exchange", &edit.replace("/edit", "")));
        chromium.click("a[href$='/edit']");
        let is_there = || chromium.get("url").as_str()?.ends_with("/edit").then_some(());
        assert!(wait(std::time::Duration::from_secs(60), is_there).is_some());
        chromium.run("document.querySelector('[name=name]').value = ''");
        chromium.fill("[name=name]", "Right name");
        chromium.fill("[name=values]", "comes-k3.top");
        chromium.click(&format!("[name=drop][value='{}']", id("indicator", 2)));
        chromium.click("[name=act][value=check]");
        chromium.says("Send it");
        let shown = chromium.text();
        for what in ["Wrong name", "Right name", "object_refs", "Region", "Assets"] {
            assert!(shown.contains(what), "{what}: {shown}");
        }
        // What was not shown is not sent.
        chromium.fill("[name=confidence]", "77");
        chromium.click("[name=act][value=send]");
        chromium.says("This is not what was shown.");
        chromium.click("[name=act][value=send]");
        chromium.says("new: 2");
        for circle in ["region", "assets"] {
            let path = format!("/objects/{circle}/{}", id("report", 9));
            let told = node.text(&serving, "list", &path);
            assert!(told.contains("<h1>Right name</h1>") && told.contains("77"), "{circle}: {told}");
        }
        // Another has nothing to edit there.
        for (member, path) in [("list", edit.as_str()), ("exchange", "/objects/region/report--1/edit")] {
            let status = node.get(&serving, member, path).send().unwrap().status();
            assert_eq!(status, 404, "{member} {path}");
        }

        chromium.go(&page(
            &serving,
            &node,
            "exchange",
            &format!("/objects/region/{}/edit", id("indicator", 2)),
        ));
        chromium.click("details summary");
        chromium.fill("[name=reason]", "It is a bakery's.");
        chromium.click("details form button");
        chromium.says("It is withdrawn: nobody gets it here any more.");
        let status = |circle: &str| {
            let path = format!("/objects/{circle}/{}", id("indicator", 2));
            node.get(&serving, "list", &path).send().unwrap().status().as_u16()
        };
        assert_eq!((status("region"), status("assets")), (404, 200), "it is still said in the other circle");
    }
}

#[test]
fn an_incident_is_written_and_read_as_an_advisory_on_a_phone_and_a_wallet_is_screened() {
    let node = node();
    let serving = node.serve();
    let home = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(home.path());
    chromium.look(Looks { has_scripts: false, ..Looks::PHONE });
    chromium.go(&page(&serving, &node, "exchange", "/share"));
    chromium.click("[name=kind][value=incident]");
    chromium.fill("[name=title]", "Paper Lantern comes back");
    chromium.fill("[name=text]", "<b>Ministries</b> are sent forged log-in pages.");
    chromium.fill("[name=values]", &format!("paper-k3.top\n{WALLET}"));
    chromium.click("[name=circle][value=region]");
    chromium.click("[name=act][value=check]");
    chromium.says("Send it");
    chromium.click("[name=act][value=send]");
    chromium.says("new: 5");
    // On its page, what it is about stands around it.
    chromium.click("main .good a");
    chromium.says("paper-k3.top");
    chromium.go(&page(&serving, &node, "read", "/"));
    chromium.says("read the advisory");
    chromium.click("ul.todo a");
    chromium.says("Paper Lantern comes back");
    chromium.says("<b>Ministries</b>");
    assert_eq!(chromium.run("return document.querySelectorAll('main b').length"), 0, "text stays text");

    chromium.go(&page(&serving, &node, "list", "/screen"));
    chromium.fill("[name=values]", &format!("{WALLET}\n1BoatSLRHtKNngkdXEeobR76b53LETtpyT"));
    chromium.click("main form button");
    chromium.says("not known");
    let rows = chromium.run("return [...document.querySelectorAll('tbody tr')].map(row => row.textContent)");
    let row = |what: &str| {
        let rows = rows.as_array().unwrap().iter().map(|row| row.as_str().unwrap());
        rows.filter(|row| row.contains(what)).collect::<String>()
    };
    assert!(row(WALLET).contains("known") && !row(WALLET).contains("not known"), "{rows}");
    assert!(row("1Boat").contains("not known"), "{rows}");
}

#[test]
fn a_resolver_is_set_up_as_the_page_says_and_the_page_says_that_it_protects() {
    let node = node();
    let dns = port();
    let serving = node.serve_with(&[
        ("BONGSU__TEST__DOMAIN", "test-k3.top"),
        ("BONGSU__DNS__LISTEN", &format!("127.0.0.1:{dns}")),
    ]);
    let dir = node.dir.path().join("bind");
    std::fs::create_dir(&dir).unwrap();
    let resolver = port();
    node.json(&["member", "zone", "block", "--notify", &format!("127.0.0.1:{resolver}")]);
    node.json(&["member", "set", "block", "--resolver", &format!("127.0.0.1:{resolver}")]);
    let home = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(home.path());
    chromium.look(Looks::DESKTOP);
    chromium.go(&page(&serving, &node, "block", "/ladder"));
    chromium.says("BIND 9");
    chromium.click("a[href$='/setup/bind']");
    chromium.says("You have no TSIG key yet. Your administrator makes one on this page");
    let operator = node.json(&["member", "token", "--operator"])["token"]["token"].clone();
    let own = format!("http://operator:{}@", operator.as_str().unwrap());
    chromium.go(&format!("{}/members/block/setup/bind", serving.url.replace("http://", &own)));
    chromium.click("form[action$='/key'] button");
    chromium.says("Your key is made.");
    let secret = blocks(&chromium)[0].clone();
    chromium.go(&page(&serving, &node, "block", "/members/block/setup/bind"));
    chromium.says("Does it work?");
    // Nothing answers there yet.
    chromium.click("main form button");
    chromium.says("Not known:");
    // What the page says, as it says it: with the secret in its place, and around it what this machine needs.
    let told = blocks(&chromium);
    let zone = told[0].replace("PUT-THE-SECRET-HERE", &secret);
    assert!(!told.concat().contains(&secret), "no secret stands on a page but once");
    let world = "$TTL 60\n@ SOA localhost. root.localhost. 1 60 60 60 60\n@ NS localhost.\n* A 192.0.2.1\n";
    std::fs::write(dir.join("world.zone"), world).unwrap();
    let at = dir.display();
    let config = format!(
        "options {{ directory \"{at}\"; pid-file \"{at}/named.pid\"; session-keyfile none; managed-keys-directory \"{at}\";
         listen-on port {resolver} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion yes; allow-query {{ any; }};
         dnssec-validation no; empty-zones-enable no;\n{}\n}};\ncontrols {{ }};\n{zone}\nzone \"top\" {{ type primary; file \"world.zone\"; }};\n",
        told[1]
    );
    let _named = Named::start(&dir, &config);
    let refused = told.last().unwrap().split(' ').nth(2).unwrap().to_owned();
    let is_refused = || (dig(resolver, &refused).0 == "NXDOMAIN").then_some(());
    assert!(wait(Duration::from_secs(40), is_refused).is_some(), "{:?}", dig(resolver, &refused));
    chromium.click("main form button");
    chromium.says("Protected:");
    assert!(chromium.run("return document.querySelector('p.good') !== null").as_bool().unwrap());
    chromium.go(&page(&serving, &node, "block", "/members/block/setup/bind"));
    chromium.says("Protected: the test was passed last");
}

#[test]
fn an_empty_node_gets_its_first_members_and_circle_on_the_page() {
    for looks in LOOKS {
        let node = Node::new();
        let serving = node.serve();
        let operator = node.json(&["member", "token", "--operator"])["token"]["token"].clone();
        let own = format!("http://operator:{}@", operator.as_str().unwrap());
        let own = serving.url.replace("http://", &own);
        let home = tempfile::tempdir().unwrap();
        let chromium = Chromium::start(home.path());
        chromium.look(looks);
        chromium.go(&format!("{own}/"));
        chromium.says("first steps are left");
        chromium.click("ul.todo a");
        chromium.says("0 / 7");
        let mut tokens = Vec::new();
        for (handle, name, level) in [("cert", "National CERT", "exchange"), ("ministry", "Ministry", "list")]
        {
            chromium.fill("[name=what][value=member] ~ .fields [name=name]", name);
            chromium.fill("[name=what][value=member] ~ .fields [name=handle]", handle);
            chromium.click(&format!("[name=level][value={level}]"));
            chromium.click("[name=what][value=member] ~ p button");
            chromium.says(&format!("Token of {name}"));
            tokens.push(blocks(&chromium)[0].clone());
        }
        // A handle that is taken, and what was there stays.
        chromium.fill("[name=what][value=member] ~ .fields [name=name]", "Another");
        chromium.fill("[name=what][value=member] ~ .fields [name=handle]", "cert");
        chromium.click("[name=what][value=member] ~ p button");
        chromium.says("That handle is taken");
        chromium.fill("[name=what][value=circle] ~ .fields [name=name]", "Region");
        chromium.fill("[name=what][value=circle] ~ .fields [name=handle]", "region");
        chromium.click("[name=member][value=cert]");
        chromium.click("[name=member][value=ministry]");
        chromium.click("[name=what][value=circle] ~ p button");
        chromium.says("3 / 7");
        chromium.go(&format!("{own}/share"));
        chromium.fill("[name=values]", "first-k3.top");
        chromium.click("[name=circle][value=region]");
        chromium.click("[name=act][value=check]");
        chromium.says("Send it");
        chromium.click("[name=act][value=send]");
        chromium.says("new: 1");
        // The member takes its first list, as its page says.
        let list = || {
            let asked = crate::node::client().get(format!("{}/d/list/domain.txt", serving.url));
            let list = asked.basic_auth("ministry", Some(&tokens[1])).send().unwrap().text().unwrap();
            list.contains("first-k3.top").then_some(())
        };
        assert!(wait(Duration::from_secs(20), list).is_some());
        let page = || {
            chromium.go(&format!("{own}/start"));
            chromium.text().contains("5 / 7").then_some(())
        };
        assert!(wait(Duration::from_secs(20), page).is_some(), "{}", chromium.text());
    }
}
