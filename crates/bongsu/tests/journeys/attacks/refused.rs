//! Inputs that are refused for what they are: the log tells who sent them and where, in few lines, and nothing of what was in them.

use crate::node::{Node, TAXII, client};
use crate::people::{Browser, PASSWORD, person};

const CANARY: &str = "canary-k3-secret";

#[test]
fn refused_inputs_are_told_with_who_and_where_and_without_what_they_were() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let circle = node.json(&["circle", "show", "region"])["circle"]["id"].as_str().unwrap().to_owned();
    let link = person(&node, "kim", "exchange", &["analyst"]);
    let log = node.dir.path().join("log");
    let serving = node.serve_logged(&log, &[("BONGSU__HTTP__BODY_BYTES_MAX", "2000")]);
    let taxii = |body: String| {
        let path = format!("{}/api/collections/{circle}/objects/", serving.url);
        let request = client().post(path).bearer_auth(&node.tokens["exchange"]).header("content-type", TAXII);
        request.header("accept", TAXII).body(body).send().unwrap().status().as_u16()
    };
    assert_eq!(taxii(format!("{{\"objects\":[\"{CANARY}{}\"]}}", "x".repeat(3_000))), 413);
    assert_eq!(taxii(format!("{{\"objects\":[{CANARY}")), 400);
    assert_eq!(taxii(format!("{{\"{CANARY}\":1}}")), 422);
    let screened = client()
        .post(format!("{}/screening/values", serving.url))
        .bearer_auth(&node.tokens["detect"])
        .header("content-type", "application/json")
        .body(format!("[{CANARY}"));
    assert_eq!(screened.send().unwrap().status(), 400);
    let mut kim = Browser::new(&serving);
    assert_eq!(kim.welcome(&link).status, 303);
    // A form of another's page, before the log-in and after it.
    let fields = [("user", CANARY), ("password", PASSWORD)];
    assert_eq!(kim.post_from("https://evil-k3.example", "/login", &fields).status, 403);
    assert_eq!(kim.log_in("kim", PASSWORD, "").status, 303);
    assert_eq!(kim.post_from("https://evil-k3.example", "/screen", &[("values", CANARY)]).status, 403);
    for _ in 0..200 {
        assert_eq!(taxii(format!("{{\"objects\":[{CANARY}")), 400);
    }
    serving.stop();
    let log = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("an input was refused")).collect();
    let holder = |member: &str| {
        let id = node.tokens[member].split('.').next().unwrap();
        uuid::Uuid::parse_str(id).unwrap().to_string()
    };
    let (exchange, detect) = (holder("exchange"), holder("detect"));
    for (who, status, place) in [
        (exchange.as_str(), 413, "Taxii"),
        (&exchange, 400, "Taxii"),
        (&exchange, 422, "Taxii"),
        (&detect, 400, "Screening"),
        ("nobody who is known", 403, "Open"),
    ] {
        let said = format!("POST of {who} from 127.0.0.1, answered with {status}");
        assert!(lines.iter().any(|line| line.contains(&said) && line.contains(place)), "{said}: {lines:#?}");
    }
    let form = lines.iter().find(|line| line.contains("answered with 403") && line.contains("Page"));
    assert!(form.is_some_and(|line| !line.contains("nobody who is known")), "{lines:#?}");
    assert!((6..=30).contains(&lines.len()), "few lines, whatever is sent: {}", lines.len());
    let told = log.lines().find(|line| line.contains(CANARY) || line.contains("evil-k3"));
    assert!(told.is_none(), "{told:?}");
}
