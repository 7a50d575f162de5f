//! Lists as a device fetches them again and again: changes since the last time, compressed, only if there is something new.

use serde_json::json;

use crate::node::{Node, Serving, bundle, indicator};

fn serving() -> (Node, Serving) {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "list"]);
    let file = node
        .file("bundle.json", bundle(&[indicator(1, "evil-login-k3.top"), indicator(2, "bad-drop-k3.top")]));
    assert_eq!(node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"], 2);
    let serving = node.serve();
    (node, serving)
}

#[test]
fn a_device_takes_what_has_changed_since_it_last_asked() {
    let (node, serving) = serving();
    let ask = |path: &str| node.get(&serving, "list", path).send().unwrap();
    let number = |response: &reqwest::blocking::Response| {
        response.headers()["bongsu-number"].to_str().unwrap().to_owned()
    };
    let first = ask("/d/list/domain.txt");
    let then = number(&first);
    assert!(first.text().unwrap().contains(&format!("# Number {then}\n")));

    let mut gone = indicator(1, "evil-login-k3.top");
    gone["revoked"] = json!(true);
    gone["modified"] = json!("2026-10-01T00:00:00.000Z");
    let file = node.file("next.json", bundle(&[gone, indicator(3, "new-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let changes = ask(&format!("/d/list/domain.bare.txt?since={then}"));
    let now = number(&changes);
    assert_ne!(now, then);
    assert_eq!(changes.text().unwrap(), "-evil-login-k3.top\n+new-k3.top\n");
    let rows = ask(&format!("/d/list/all.csv?since={then}")).text().unwrap();
    let rows: Vec<&str> = rows.lines().map(|row| row.split(",domain").next().unwrap()).collect();
    assert!(rows[0].starts_with("change,value,kind,"), "{rows:?}");
    assert_eq!(rows[1..], ["-,evil-login-k3.top", "+,new-k3.top"]);
    assert_eq!(ask(&format!("/d/list/domain.bare.txt?since={now}")).text().unwrap(), "");

    // The command line asks the node that serves.
    let whole = node.json(&["deliver", "--to", "list", "--what", "list/domain.txt"]);
    let file = node.file("more.json", bundle(&[indicator(4, "more-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let since = whole["number"].as_str().unwrap();
    let told = node.json(&["deliver", "--to", "list", "--what", "list/domain.bare.txt", "--since", since]);
    assert_eq!(told["text"], "+more-k3.top\n");

    drop(serving);
    let serving = node.serve();
    let forgotten = node.get(&serving, "list", &format!("/d/list/domain.txt?since={now}")).send().unwrap();
    assert_eq!(forgotten.status(), 410);
    assert!(forgotten.text().unwrap().contains("fetch the whole list"));
    let other = node.get(&serving, "list", "/d/list/domain.hosts.txt?since=1").send().unwrap();
    assert_eq!(other.status(), 400);
}

#[test]
fn a_small_device_gets_what_matters_most_and_is_told_what_it_lacks() {
    let (node, serving) = serving();
    let mut faint = indicator(3, "faint-k3.top");
    faint["confidence"] = json!(30);
    let file = node.file("faint.json", bundle(&[faint]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let ask =
        |query: &str| node.get(&serving, "list", &format!("/d/list/domain.txt?{query}")).send().unwrap();
    let cut = ask("bare&entries=2");
    assert_eq!(
        (&cut.headers()["bongsu-kept"], &cut.headers()["bongsu-left-out"]),
        (&"2".parse().unwrap(), &"1".parse().unwrap())
    );
    assert_eq!(cut.text().unwrap(), "bad-drop-k3.top\nevil-login-k3.top\n");
    assert_eq!(ask("bare&entries=2&left-out").text().unwrap(), "faint-k3.top\n");
    assert!(
        ask("device=fortigate").text().unwrap().contains("3 values that go, of 3, for fortigate; 0 left out")
    );
    assert_eq!(ask("device=sonicwall-tz&bare").text().unwrap(), "", "it takes addresses alone");
    for wrong in ["device=toaster", "entries=many", "entries=1&since=x-1"] {
        assert_eq!(ask(wrong).status(), 400, "{wrong}");
    }
    let told = node.json(&["deliver", "--to", "list", "--what", "list/domain.bare.txt", "--entries", "1"]);
    assert_eq!((&told["left_out"], &told["entries"]), (&json!({"kept": 1, "left_out": 2}), &json!(1)));
}

#[test]
fn what_is_compressed_has_the_same_tag_and_is_not_sent_again() {
    let (node, serving) = serving();
    let plain = node.text(&serving, "list", "/d/list/domain.txt");
    // This client would unpack gzip by itself.
    let client = reqwest::blocking::Client::builder().no_gzip().build().unwrap();
    let url = format!("{}/d/list/domain.txt", serving.url);
    for coding in ["gzip", "zstd"] {
        let ask = || {
            let request = client.get(&url).basic_auth("list", node.tokens.get("list"));
            request.header("accept-encoding", coding)
        };
        let first = ask().send().unwrap();
        assert_eq!(first.headers()["content-encoding"], coding);
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        assert!(tag.starts_with("W/\""), "bytes differ, so the tag is a weak one: {tag}");
        let bytes = first.bytes().unwrap();
        let unpacked = match coding {
            "gzip" => {
                let mut text = String::new();
                std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text)
                    .unwrap();
                text
            }
            _ => {
                let file = node.dir.path().join("list.zst");
                std::fs::write(&file, &bytes).unwrap();
                let told = std::process::Command::new("zstd").arg("-dc").arg(&file).output();
                String::from_utf8(told.unwrap().stdout).unwrap()
            }
        };
        assert_eq!(unpacked, plain, "{coding}");
        for known in [
            tag.clone(),
            tag.trim_start_matches("W/").to_owned(),
            format!("\"other\", {tag}"),
            "*".to_owned(),
        ] {
            assert_eq!(
                ask().header("if-none-match", &known).send().unwrap().status(),
                304,
                "{coding} {known}"
            );
        }
        assert_eq!(ask().header("if-none-match", "W/\"other\"").send().unwrap().status(), 200);
    }
}
