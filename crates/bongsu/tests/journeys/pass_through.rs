//! What attacks pass through: published lists and logs located and ranked, pages with maps, notices until takedown.

use std::process::Command;

use serde_json::{Value, json};

use crate::node::{Node, shared};

/// A table of ranges, unpacked; xz is Python's.
fn ranges(node: &Node, name: &str) -> String {
    let (from, to) =
        (shared("geo/ip").join(format!("{name}.csv.xz")), node.dir.path().join(format!("{name}.csv")));
    let unpack =
        "import lzma,shutil,sys\nshutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], 'wb'))";
    let ran = Command::new("python3").args(["-c", unpack]).arg(from).arg(&to).status().unwrap();
    assert!(ran.success());
    to.display().to_string()
}

/// How many addresses of a published table are in each country, by another program's look-up.
const COUNTED: &str = "import bisect,collections,csv,ipaddress,json,sys\n\
    rows=sorted((int(ipaddress.ip_address(r[0])),int(ipaddress.ip_address(r[1])),r[2]) for r in csv.reader(open(sys.argv[1])))\n\
    starts=[r[0] for r in rows]\n\
    count=collections.Counter()\n\
    for address in sorted(set(r[1] for r in csv.reader(l for l in open(sys.argv[2]) if not l.startswith('#')) if r[1][0].isdigit())):\n\
    \tn=int(ipaddress.ip_address(address)); at=bisect.bisect_right(starts,n)-1\n\
    \tif at>=0 and rows[at][1]>=n: count[rows[at][2]]+=1\n\
    print(json.dumps(count))";

#[test]
fn published_lists_are_located_as_another_program_does() {
    let node = Node::new();
    let countries = ranges(&node, "country-ipv4");
    let feodo = shared("geo/c2/ipblocklist.csv").display().to_string();
    let ran = Command::new("python3").args(["-c", COUNTED, &countries, &feodo]).output().unwrap();
    let counted: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let source = format!("{feodo}=feodo");
    let csv = node.dir.path().join("flows.csv").display().to_string();
    let svg = node.dir.path().join("flows.svg").display().to_string();
    let told = node.json(&[
        "region", "flows", &source, "--geo", &countries, "--top", "300", "--csv", &csv, "--svg", &svg,
    ]);
    let rows = told["rows"].as_array().unwrap();
    let found: serde_json::Map<String, Value> =
        rows.iter().map(|row| (row["spot"].as_str().unwrap().to_owned(), row["addresses"].clone())).collect();
    assert!(found.len() > 5, "{told}");
    assert_eq!(Value::Object(found), counted);
    for file in [csv, svg] {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains("Location is not attribution"));
    }
    // A honeypot's log has attacks' sources and no way through.
    let cowrie = format!("{}=cowrie@LT", shared("geo/honeypot/cowrie.json.2018-06-15.gz").display());
    let told = node.json(&["region", "flows", &cowrie, "--geo", &countries]);
    assert!(told["attacks"].as_u64().unwrap() > 50, "{told}");
    assert!(told["rows"].as_array().unwrap().iter().all(|row| row["through"] == 0), "{told}");
    let planned = node.json(&[
        "region",
        "where",
        &source,
        "--geo",
        &countries,
        "--level",
        "blocking=0.8",
        "--most",
        "3",
    ]);
    assert_eq!(planned["greedy"]["chosen"].as_array().unwrap().len(), 3);
    assert!(planned["notes"][0].as_str().unwrap().contains("63 %"), "{planned}");
}

const SEEN: &str = "time,source,hops,victim,count\n\
    2026-03-01T00:00:00Z,198.51.100.7@RU,203.0.113.9@SG/proxy 192.0.2.1@VN/c2,KR,5\n\
    2026-03-02T00:00:00Z,198.51.100.7@RU,203.0.113.9@SG/proxy,KR,3\n\
    yesterday,,192.0.2.1,KR,1\n";

#[test]
fn countries_are_seen_by_their_own_and_notices_followed_until_takedown() {
    let node = Node::with_members();
    node.json(&["member", "set", "read", "--country", "SG"]);
    node.json(&["member", "set", "list", "--country", "VN", "--asset", "203.0.113.0/28"]);
    let seen = node.file("seen.csv", SEEN);
    let config = format!(
        "[region]\nobserved = [\"{seen}\"]\n[region.territories]\nnames = {{ SG = \"The Lion City\" }}\n"
    );
    std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
    let told = node.json(&["region", "flows"]);
    assert_eq!(
        (told["attacks"].as_u64(), told["unread"].as_array().map(Vec::len)),
        (Some(8), Some(1)),
        "{told}"
    );
    assert_eq!(told["rows"][0]["name"], "The Lion City");

    // A country's own share is its own: members of others are not told.
    let spots = |told: &Value| {
        let rows = told["rows"].as_array().unwrap().iter();
        rows.map(|row| row["spot"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let own = node.json(&["region", "flows", "--as", "read"]);
    assert!(spots(&own).contains(&"SG".to_owned()) && !spots(&own).contains(&"VN".to_owned()), "{own}");
    assert_eq!(
        own["hidden"],
        json!({"places": 1, "through": null}),
        "fewer members than three stand behind it"
    );

    // What is in its networks goes before what is in its country.
    let drafted = node.json(&["region", "notices", "draft"]);
    let of = |member: &str| {
        let all = drafted["drafted"].as_array().unwrap().iter();
        all.filter(|one| one["member"] == member)
            .map(|one| one["address"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (of("list"), of("read")),
        (vec!["203.0.113.9".to_owned(), "192.0.2.1".to_owned()], vec![]),
        "{drafted}"
    );
    let again = node.json(&["region", "notices", "draft"]);
    assert_eq!(again["drafted"], json!([]));
    let report = node.json(&["region", "notices", "show", "1", "--xarf"]);
    assert_eq!(report["source_identifier"], "203.0.113.9");
    let too_early = node.command(&["region", "notices", "state", "1", "taken-down"]).output().unwrap();
    assert_eq!(too_early.status.code(), Some(2));
    node.json(&["region", "notices", "send", "1", "--by-hand", "duty desk"]);
    node.json(&["region", "notices", "state", "1", "acknowledged"]);
    let done = node.json(&["region", "notices", "state", "1", "taken-down"]);
    assert!(done["takedown_s"].as_u64().is_some(), "{done}");

    let serving = node.serve();
    let page = node.as_operator(&serving, "/region/flows");
    assert!(
        page.contains("<svg")
            && page.contains("Location is not attribution")
            && page.contains("The Lion City"),
        "{page}"
    );
    assert!(node.as_operator(&serving, "/region").contains("2 notices"));
    let mine = node.text(&serving, "read", "/region/flows.csv");
    assert!(mine.contains("SG,The Lion City") && !mine.contains("VN,"), "{mine}");
    let keeper = node.text(&serving, "list", "/region/notices.json");
    assert!(keeper.contains("203.0.113.9") && keeper.contains("taken-down"), "{keeper}");
    let other = node.text(&serving, "read", "/region/notices.json");
    assert!(!other.contains("203.0.113.9"), "{other}");
    let svg = node.get(&serving, "read", "/region/flows.svg?map=indo-pacific").send().unwrap();
    assert!(svg.headers()["content-security-policy"].to_str().unwrap().contains("'sha256-"));
    let told = node.json(&["region", "flows", "--top", "1"]);
    assert_eq!(told["rows"][0]["takedown"]["count"], 1, "{told}");
    // How fast a member took something down is its own, also where what it keeps stands in another's country.
    let own = node.json(&["region", "flows", "--as", "read"]);
    let of = |told: &Value, spot: &str| {
        told["rows"].as_array().unwrap().iter().find(|row| row["spot"] == spot).cloned().unwrap_or_default()
    };
    assert!(of(&own, "SG")["takedown"].is_null() && of(&own, "VN").is_null(), "{own}");
    node.json(&["region", "open", "list", "--to", "read", "--what", "pass-through", "--act", "MoU 1"]);
    let own = node.json(&["region", "flows", "--as", "read"]);
    assert!(of(&own, "SG")["takedown"].is_null() && of(&own, "VN").is_object(), "{own}");
    node.json(&["region", "open", "list", "--to", "read", "--what", "takedown", "--act", "MoU 2"]);
    let own = node.json(&["region", "flows", "--as", "read"]);
    assert_eq!(of(&own, "SG")["takedown"]["count"], 1, "{own}");
    serving.stop();
}

/// A notice goes by mail once: what the server did not take stands as being sent and goes again as the same mail.
#[test]
fn a_notice_goes_by_mail_to_the_member_once() {
    let (node, server, fails) = crate::mails::node();
    node.json(&["member", "set", "list", "--country", "VN", "--asset", "203.0.113.0/28", "--language", "ko"]);
    let seen = node.file("seen.csv", SEEN);
    let config = node.data().join("bongsu.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(config, format!("{text}\n[region]\nobserved = [\"{seen}\"]\n")).unwrap();
    node.json(&["region", "notices", "draft", "--member", "list"]);
    let send = |more: &[&str]| {
        let output =
            node.command(&[&["region", "notices", "send", "1"][..], more].concat()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = send(&[]);
    assert!(code == Some(2) && said.contains("no contact of list has an address"), "{said}");

    std::fs::write(&fails, "").unwrap();
    let later = ["--to", "later@ministry.example"];
    let (code, said) = send(&later);
    assert!(code != Some(0) && said.contains("come back later"), "{said}");
    let shown = || node.json(&["region", "notices", "show", "1"]);
    let waits = shown();
    assert_eq!((&waits["state"], &waits["sending"]["to"]), (&json!("drafted"), &json!(later[1])), "{waits}");
    assert!(server.lines.try_recv().is_err());
    std::fs::remove_file(&fails).unwrap();
    assert_eq!(send(&later).0, Some(0));
    let mail = server.next();
    assert_eq!((&mail["id"], &mail["to"]), (&waits["sending"]["id"], &json!([later[1]])));
    assert!(
        mail["language"] == "ko"
            && mail["defects"] == json!([])
            && mail["text"].as_str().unwrap().contains("203.0.113.9"),
        "{mail}"
    );
    let report = std::fs::read(mail["attached"][0]["path"].as_str().unwrap()).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["source_identifier"], "203.0.113.9");
    let sent = shown();
    assert_eq!((&sent["state"], &sent["sending"]), (&json!("sent"), &Value::Null));
    let (code, said) = send(&later);
    assert!(code == Some(2) && said.contains("can't be sent"), "{said}");
    assert!(server.lines.try_recv().is_err(), "once");

    // What is refused for good is no longer on its way, and goes to another as another mail; a contact's address is found.
    let (code, said) = send_two(&node, &["--to", "refused@ministry.example"]);
    assert!(code != Some(0) && said.contains("no such person"), "{said}");
    assert_eq!(node.json(&["region", "notices", "show", "2"])["sending"], Value::Null);
    node.json(&["member", "set", "list", "--contact", "abuse@list.example"]);
    assert_eq!(send_two(&node, &[]).0, Some(0));
    assert_eq!(server.next()["to"], json!(["abuse@list.example"]));

    // What waits counts as long as it does: a figure with one takedown and one that waits says so.
    node.json(&["region", "notices", "state", "1", "taken-down"]);
    let told = node.json(&["region", "flows"]);
    let rows = told["rows"].as_array().unwrap();
    let waiting: u64 = rows.iter().filter_map(|row| row["waiting"].as_u64()).sum();
    assert_eq!(waiting, 1, "{told}");
    let serving = node.serve();
    let told = serde_json::from_str(&node.text(&serving, "list", "/region/notices.json")).unwrap();
    let described = ("/region/notices.json", "get");
    crate::screenings::conforms_to(&serving, &node, "/region/openapi.json", described, &told);
    let page = node.text(&serving, "list", "/region/notices");
    // The member reads Korean: taken down, and not being sent.
    assert!(page.contains("차단됨") && !page.contains("보내는 중"), "{page}");
    serving.stop();
}

fn send_two(node: &Node, more: &[&str]) -> (Option<i32>, String) {
    let output = node.command(&[&["region", "notices", "send", "2"][..], more].concat()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Sightings of circles are in the sums of those to whom they may go, and only in those; what is withdrawn leaves them.
#[test]
fn sightings_of_circles_are_summed_for_those_who_may_have_them() {
    let mut node = Node::with_members();
    node.member("red", "read", "red");
    let members = ["read", "list", "exchange", "red"];
    let joined: Vec<&str> = members.iter().flat_map(|member| ["--member", *member]).collect();
    node.json(&[&["circle", "add", "region", "--ceiling", "red"][..], &joined].concat());
    node.json(&["circle", "add", "few", "--member", "exchange", "--member", "list"]);
    let serving = node.serve();
    let at = crate::node::now();
    let object = |kind: &str, number: u128, more: Value| {
        let mut object = json!({
            "type": kind, "spec_version": "2.1", "id": crate::node::id(kind, number), "created": at, "modified": at,
        });
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object
    };
    let indicator = |number: u128, address: &str, tlp: stix::Tlp| {
        object(
            "indicator",
            number,
            json!({
                "pattern": format!("[ipv4-addr:value = '{address}']"), "pattern_type": "stix", "valid_from": "2026-03-01T00:00:00Z",
                "object_marking_refs": [tlp.definition_id().to_string()],
            }),
        )
    };
    let sighting = |number: u128, of: u128, count: u32, tlp: stix::Tlp| {
        object(
            "sighting",
            number,
            json!({
                "sighting_of_ref": crate::node::id("indicator", of), "count": count, "last_seen": "2026-03-02T00:00:00Z",
                "object_marking_refs": [tlp.definition_id().to_string()],
            }),
        )
    };
    let share = |circle: &str, objects: &[Value]| {
        let file = node.file("seen.json", crate::node::bundle(objects));
        node.json(&["import", &file, "--circle", circle, "--as", "exchange"]);
    };
    let attacks = |member: &str, query: &str| {
        let told: Value =
            serde_json::from_str(&node.text(&serving, member, &format!("/region/flows.json{query}")))
                .unwrap();
        told["attacks"].as_u64().unwrap()
    };
    assert_eq!(attacks("read", ""), 0);
    // An indicator that nobody sighted counts as seen once; its sighting counts as it says.
    share("region", &[indicator(1, "192.0.2.1", stix::Tlp::Green)]);
    assert_eq!((attacks("read", ""), attacks("list", "")), (1, 1));
    share("region", &[sighting(1, 1, 7, stix::Tlp::Green)]);
    assert_eq!((attacks("read", ""), attacks("list", "")), (7, 7));
    // What may go to one only is in that one's sum only, and what is in one circle in that circle's.
    share("region", &[indicator(2, "192.0.2.2", stix::Tlp::Red), sighting(2, 2, 100, stix::Tlp::Red)]);
    share("few", &[indicator(3, "192.0.2.3", stix::Tlp::Green), sighting(3, 3, 20, stix::Tlp::Green)]);
    assert_eq!((attacks("read", ""), attacks("list", ""), attacks("exchange", "")), (7, 27, 127));
    assert_eq!((attacks("list", "?circle=region"), attacks("list", "?circle=few")), (7, 20));
    assert_eq!(node.get(&serving, "read", "/region/flows.json?circle=few").send().unwrap().status(), 404);
    // What says nothing of attacks changes no sum, and what is withdrawn is in none.
    share("region", &[crate::node::indicator(9, "nothing.example")]);
    assert_eq!(attacks("list", ""), 27);
    node.withdraw(&crate::node::id("sighting", 1));
    assert_eq!((attacks("read", ""), attacks("list", "")), (1, 21));
    let places = node.text(&serving, "read", "/region/where.json");
    assert!(places.contains("\"attacks\":1,"), "{places}");
    serving.stop();
}
