//! A second factor that is demanded: who has none sets one up, and does nothing else before. What is logged in at a provider is in `oidc`.

use serde_json::Value;

use crate::node::Node;
use crate::people::{Browser, PASSWORD, code, logged_in, node, person};

/// Sets codes up as a person does, on its page. Gives the recovery codes.
pub(crate) fn set_up(browser: &mut Browser<'_>) -> Vec<String> {
    let page = browser.get("/account/codes");
    let (key, part) = (page.between("id=\"key\">", "<"), page.between("name=\"part\" value=\"", "\""));
    let code = code(key);
    let fields = [("part", part), ("password", PASSWORD), ("code", code.as_str())];
    let page = browser.post("/account/codes", "/account/codes", &fields);
    assert_eq!(page.status, 200, "{}", page.text);
    page.between("id=\"recovery\">", "</pre>").lines().map(str::to_owned).collect()
}

/// Whether the list of people says that somebody needs one.
fn needs(node: &Node, user: &str) -> bool {
    let list = node.json(&["person", "list"]);
    let found = list["people"].as_array().unwrap().iter().find(|one| one["user"] == user);
    found.and_then(|one| one["needs_second_factor"].as_bool()).unwrap_or_else(|| panic!("{user}: {list}"))
}

#[test]
fn whoever_needs_a_second_factor_sets_one_up_and_does_nothing_else_before() {
    let node = node();
    let demanded = [("BONGSU__PEOPLE__SECOND_FACTOR", "[\"administrator\", \"releaser\"]")];
    let serving = node.serve_with(&demanded);
    person(&node, "lee", "exchange", &["releaser"]);
    let mut kim = logged_in(&node, &serving, "kim", "exchange", &["reader"]);
    assert_eq!(kim.get("/objects").status, 200, "nothing is demanded of a reader");
    let mut boss = logged_in(&node, &serving, "boss", "exchange", &["administrator", "analyst"]);
    let made: Value = node.json(&["member", "token", "--person", "boss"]);
    let token = made["token"]["token"].as_str().unwrap().to_owned();
    assert!(needs(&node, "boss") && needs(&node, "lee") && !needs(&node, "kim"));

    for path in ["/", "/objects", "/people", "/share", "/screen", "/acts", "/openapi.json", "/nothing"] {
        let page = boss.get(path);
        assert_eq!((page.status, page.to.as_deref()), (303, Some("/account")), "{path}: {}", page.text);
    }
    for path in
        ["/d/list/all.txt", "/d/advisory.html", "/api/collections/", "/screening/value?value=a", "/ask"]
    {
        let page = boss.get(path);
        assert!(page.status == 403 && page.text.contains("second factor"), "{path}: {}", page.text);
    }
    let people = [("user", "eve"), ("name", "Eve"), ("role", "auditor"), ("scope", "read"), ("days", "9")];
    let own =
        [("password", PASSWORD), ("new", "another sentence of mine"), ("again", "another sentence of mine")];
    for path in [
        "/people",
        "/people/tokens",
        "/people/kim/reset",
        "/screen",
        "/share",
        "/account/password",
        "/account/sessions/end",
        "/account/codes/remove",
        "/account/passkeys/remove",
    ] {
        let page = boss.post("/account", path, &[&people[..], &own].concat());
        assert!(
            page.status == 403 && page.text.contains("A second factor is needed"),
            "{path}: {}",
            page.text
        );
    }
    let page = boss.get("/account");
    assert!(page.text.contains("needs a second factor beside the password"), "{}", page.text);
    for what in ["/account/password", "/account/sessions/end", "href=\"/objects\"", "href=\"/people\""] {
        assert!(!page.text.contains(what), "{what}: {}", page.text);
    }
    let lists = serving.client.get(format!("{}/d/list/all.txt", serving.url)).bearer_auth(&token);
    assert_eq!(lists.send().unwrap().status(), 200, "tokens stay as they are");
    assert_eq!(boss.post("/account", "/logout", &[]).to.as_deref(), Some("/login"), "it can end");

    // The same password gets no further the second time; with codes it does.
    assert_eq!(boss.log_in("boss", PASSWORD, "").status, 303);
    assert_eq!(boss.get("/people").to.as_deref(), Some("/account"));
    let recovery = set_up(&mut boss);
    assert!(!needs(&node, "boss"));
    let page = boss.get("/people");
    assert!(page.status == 200 && page.text.contains("needs a second factor"), "lee does: {}", page.text);
    assert_eq!((boss.get("/objects").status, boss.get("/d/list/all.txt").status), (200, 200));
    assert!(!boss.get("/account").text.contains("needs a second factor"));
    let mut again = Browser::new(&serving);
    assert_eq!(again.log_in("boss", PASSWORD, &recovery[0]).status, 303);
    assert_eq!(again.get("/people").status, 200);

    // Whoever takes them away again is where it was.
    let taken = [("password", PASSWORD), ("code", recovery[1].as_str())];
    assert_eq!(boss.post("/account", "/account/codes/remove", &taken).status, 303);
    assert_eq!(boss.get("/people").to.as_deref(), Some("/account"));

    // A role that somebody gets counts for the session that is open.
    node.json(&["person", "role", "kim", "--add", "releaser"]);
    assert_eq!(kim.get("/objects").to.as_deref(), Some("/account"));
    node.json(&["person", "role", "kim", "--remove", "releaser"]);
    assert_eq!(kim.get("/objects").status, 200);
    serving.stop();
}

#[test]
fn it_is_demanded_of_all_people_of_a_member_and_a_name_that_is_none_is_said() {
    let node = node();
    let log = node.dir.path().join("log");
    let demanded = [("BONGSU__PEOPLE__SECOND_FACTOR_MEMBERS", "[\"detect\", \"detekt\"]")];
    let serving = node.serve_logged(&log, &demanded);
    let mut kim = logged_in(&node, &serving, "kim", "exchange", &["administrator", "reader"]);
    let mut lee = logged_in(&node, &serving, "lee", "detect", &["reader"]);
    assert_eq!((kim.get("/people").status, kim.get("/objects").status), (200, 200));
    assert_eq!(lee.get("/objects").to.as_deref(), Some("/account"));
    set_up(&mut lee);
    assert_eq!(lee.get("/objects").status, 200);
    serving.stop();
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("second_factor_members names detekt, which is no member here"), "{log}");
}
