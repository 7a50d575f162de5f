//! How fast one credential may ask, where everything that it asks is right.

use crate::node::Node;
use crate::people::logged_in;

#[test]
fn a_credential_that_asks_too_fast_waits_and_others_do_not() {
    let node = Node::with_members();
    let serving = node.serve_with(&[("BONGSU__PACE__CREDENTIAL_PER_S", "1")]);
    let ask = |member: &str, path: &str| node.get(&serving, member, path).send().unwrap();
    // Two seconds' worth at once, whatever the surface; it is one count for all of them.
    for path in ["/taxii2/", "/d/list/all.txt", "/screening/value?value=a.example", "/taxii2/"] {
        let answer = ask("detect", path);
        if answer.status() == 429 {
            let after: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=2).contains(&after), "{after}");
        }
    }
    // Asked without a pause, far more than its rate: most are refused, in the form that each surface speaks.
    let mut refused = 0;
    for _ in 0..60 {
        for path in ["/taxii2/", "/d/list/all.txt", "/screening/value?value=a.example"] {
            let answer = ask("detect", path);
            if answer.status() == 429 {
                refused += 1;
                let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
                let text = answer.text().unwrap();
                assert!(text.contains("Too fast"), "{path}: {text}");
                assert_eq!(path.starts_with("/d/"), kind.starts_with("text/plain"), "{kind}");
            }
        }
    }
    assert!(refused > 0, "one a second was never exceeded");
    assert_eq!(ask("exchange", "/taxii2/").status(), 200, "another's credential");
    assert_eq!(serving.client.get(format!("{}/healthz", serving.url)).send().unwrap().status(), 200);
}

#[test]
fn all_sessions_of_a_person_count_together() {
    let node = Node::with_members();
    let serving = node.serve_with(&[("BONGSU__PACE__CREDENTIAL_PER_S", "2")]);
    let mut kim = logged_in(&node, &serving, "kim", "exchange", &["reader"]);
    let refused = (0..120).filter(|_| kim.get("/objects").status == 429).count();
    assert!(refused > 0, "two a second were never exceeded");
}

#[test]
fn without_a_limit_nothing_is_refused() {
    let node = Node::with_members();
    let off = [("BONGSU__PACE__CREDENTIAL_PER_S", "0"), ("BONGSU__PACE__ADDRESS_PER_S", "0")];
    let serving = node.serve_with(&off);
    for _ in 0..200 {
        assert_eq!(node.get(&serving, "detect", "/d/list/all.txt").send().unwrap().status(), 200);
    }
}
