//! Addresses of the web are found where a log has them in parts, and only where the parts make the address.

use bongsu_watch as watch;
use watch::hunt::{Columns, Needles, Parts, confirm};
use watch::{Kind, Value, normalise};

const WANTED: &str = "http://drop.example.top:8080/a/b.php?id=7";

/// Addresses that a text says by their parts.
fn found(text: &str, wanted: &[&str]) -> Vec<String> {
    found_in(&[text], wanted)
}

/// The same of a text that comes in pieces of whole lines.
fn found_in(pieces: &[&str], wanted: &[&str]) -> Vec<String> {
    let values: Vec<Value> = wanted.iter().map(|text| normalise(Kind::Url, text).unwrap()).collect();
    let (needles, order) = Needles::of(&values);
    let (mut found, mut columns) = (Vec::new(), None);
    for piece in pieces {
        let text = piece.as_bytes();
        let mut candidates = Vec::new();
        needles.candidates(text, &mut candidates);
        candidates.sort_unstable();
        let mut parts = Parts::of(text, columns.clone());
        for candidate in candidates {
            let value = &values[order[candidate.needle as usize] as usize];
            assert!(confirm(text, candidate, value).is_none(), "the whole address stands there");
            if let Some((range, address)) = parts.find(candidate, value) {
                assert_eq!(address, value.text());
                found.push(format!("{} {address}", &piece[range]));
            }
        }
        columns = Columns::after(text, columns);
    }
    found
}

#[test]
fn the_parts_of_an_address_are_joined_in_logs_of_all_kinds() {
    let zeek =
        "#separator \\x09\n#fields\tts\tuid\tid.orig_h\tid.resp_h\tid.resp_p\tmethod\thost\turi\treferrer\n";
    let iis = "#Software: Some Server\n#Fields: date time cs-method cs-uri-stem cs-uri-query s-port cs-host sc-status\n";
    let logs = [
        // Suricata's EVE, an event of its own and a part of an alert.
        r#"{"timestamp":"2026-02-02T02:40:00.1+0000","event_type":"http","http":{"hostname":"drop.example.top","http_port":8080,"url":"/a/b.php?id=7","http_method":"GET"}}"#.to_owned(),
        r#"{"event_type":"alert","alert":{"signature":"x"},"http":{"url":"/a/b.php?id=7","http_port":8080,"hostname":"DROP.example.top"},"app_proto":"http"}"#.to_owned(),
        r#"{"event_type":"http","http":{"hostname":"drop.example.top","url":"http://drop.example.top:8080\/a/b.php?id=7"}}"#.to_owned(),
        // Zeek, as JSON and as a table.
        r#"{"ts":1.5,"id.orig_h":"10.0.0.1","id.resp_p":8080,"method":"GET","host":"drop.example.top","uri":"/a/b.php?id=7"}"#.to_owned(),
        format!("{zeek}1.5\tC1\t10.0.0.1\t192.0.2.7\t8080\tGET\tdrop.example.top\t/a/b.php?id=7\t-\n"),
        format!("{zeek}1.5\tC1\t10.0.0.1\t192.0.2.7\t8080\tGET\tdrop.example.top\t/a/b.php?\\x69d=7\t-\n"),
        // The Elastic Common Schema, with objects and with dots, and behind a time.
        r#"{"@timestamp":"x","url":{"scheme":"http","domain":"drop.example.top","port":8080,"path":"/a/b.php","query":"id=7"}}"#.to_owned(),
        r#"2026-02-02 {"url.domain": "drop.example.top", "url.port": 8080, "url.path": "/a/b.php", "url.query": "id=7"}"#.to_owned(),
        // The extended log format.
        format!("{iis}2026-02-02 02:40:00 GET /a/b.php id=7 8080 drop.example.top 200\r\n"),
        "#Version: 1.0\n#Fields: date cs(Host) cs-uri-stem cs-uri-query s-port\n2026-02-02\tdrop.example.top\t/a/b.php\tid=7\t8080\n".to_owned(),
    ];
    for log in logs {
        let found = found(&log, &[WANTED]);
        assert_eq!(found.len(), 1, "{log}");
        assert!(
            found[0].to_ascii_lowercase().starts_with("drop.example.top http://drop.example.top:8080/a/b"),
            "{found:?}"
        );
    }
}

#[test]
fn what_is_of_another_record_or_another_field_makes_no_address() {
    let zeek = "#fields\tts\thost\turi\treferrer\n";
    let logs = [
        r#"{"http":{"hostname":"drop.example.top","http_port":80,"url":"/a/b.php?id=7"}}"#.to_owned(),
        r#"{"http":{"hostname":"drop.example.top","http_port":8080,"url":"/a/b.php?id=8"}}"#.to_owned(),
        r#"{"http":{"hostname":"www.drop.example.top","http_port":8080,"url":"/a/b.php?id=7"}}"#.to_owned(),
        r#"{"http":{"hostname":"other.example","http_port":8080,"url":"/a/b.php?id=7","http_refer":"drop.example.top"}}"#.to_owned(),
        r#"{"tls":{"sni":"drop.example.top"},"http":{"http_port":8080,"url":"/a/b.php?id=7"}}"#.to_owned(),
        "{\"http\":{\"hostname\":\"drop.example.top\"}}\n{\"http\":{\"http_port\":8080,\"url\":\"/a/b.php?id=7\"}}\n".to_owned(),
        r#"{"http":{"hostname":"drop.example.top","http_port":8080,"url":"/a/b.php?id=7""#.to_owned(),
        format!("{zeek}1.5\tother.example\t/a/b.php?id=7\tdrop.example.top:8080\n"),
        format!("{zeek}1.5\tdrop.example.top\n"),
        "1.5\tdrop.example.top\t/a/b.php?id=7\n".to_owned(),
        "#fields\n1.5\tdrop.example.top\t/a/b.php?id=7\n".to_owned(),
    ];
    for log in logs {
        assert_eq!(found(&log, &[WANTED]), [""; 0], "{log}");
    }
}

#[test]
fn what_the_head_of_a_table_says_holds_until_the_next() {
    let wanted = ["http://a.example/1", "http://b.example/2", "http://c.example/3", "http://d.example/4"];
    let pieces = [
        "#separator \\x09\n#fields\thost\turi\n",
        "a.example\t/1\n#fields\turi\tx\thost\n/2\t-\tb.example\n",
        "/3\t-\tc.example\nc.example\t/3\t-\n#fields\tquery\tanswer\nd.example\t/4\n",
        "d.example\t/4\n",
    ];
    let expected =
        ["a.example http://a.example/1", "b.example http://b.example/2", "c.example http://c.example/3"];
    assert_eq!(found_in(&pieces, &wanted), expected);
    assert_eq!(found(&pieces.concat(), &wanted), expected);
}

#[test]
fn an_address_that_stands_there_as_a_whole_too_is_found_once() {
    let log = r#"{"url":{"full":"http://a.example/1","domain":"a.example","path":"/1"}}"#;
    let value = normalise(Kind::Url, "http://a.example/1").unwrap();
    let (needles, _) = Needles::of([&value]);
    let mut candidates = Vec::new();
    needles.candidates(log.as_bytes(), &mut candidates);
    let mut parts = Parts::of(log.as_bytes(), None);
    let whole = candidates.iter().filter(|at| confirm(log.as_bytes(), **at, &value).is_some()).count();
    let joined = candidates.iter().filter(|at| parts.find(**at, &value).is_some()).count();
    assert_eq!((candidates.len(), whole, joined), (2, 1, 0));
}

#[test]
fn many_addresses_of_one_host_are_told_apart() {
    let wanted: Vec<String> = (0..2_000).map(|at| format!("https://files.example/{at}")).collect();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let log = r#"{"url":{"domain":"files.example","path":"/1234"}}"#;
    assert_eq!(found(log, &wanted), ["files.example https://files.example/1234"]);
}
