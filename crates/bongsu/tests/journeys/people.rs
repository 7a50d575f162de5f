//! People: roles decide what each may do on every surface; log-in with password and codes; who did what.

use std::collections::BTreeMap;
use std::process::Command;

use reqwest::blocking::{Client, Response};
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;

use crate::node::{Node, Serving, bundle, in_a_file, indicator, provide};

pub(crate) const PASSWORD: &str = "a long sentence of mine";

/// A browser: keeps cookies, follows nothing, sends forms as one does.
pub(crate) struct Browser<'s> {
    pub(crate) client: Client,
    pub(crate) serving: &'s Serving,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// What a page answered.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) to: Option<String>,
    pub(crate) cookies: Vec<String>,
    /// What the browser is to let go.
    pub(crate) clears: Option<String>,
    pub(crate) text: String,
}

impl Page {
    /// What stands between two texts.
    pub(crate) fn between(&self, begin: &str, end: &str) -> &str {
        let rest = self.text.split_once(begin).unwrap_or_else(|| panic!("no {begin}: {}", self.text)).1;
        rest.split_once(end).unwrap().0
    }

    pub(crate) fn token(&self) -> String {
        self.between("name=\"form\" value=\"", "\"").to_owned()
    }
}

impl<'s> Browser<'s> {
    pub(crate) fn new(serving: &'s Serving) -> Self {
        provide();
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { client, serving, cookies: BTreeMap::new() }
    }

    fn took(&mut self, response: Response) -> Page {
        let headers = response.headers();
        let cookies: Vec<String> =
            headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect();
        for cookie in &cookies {
            let (name, rest) = cookie.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        let to = headers.get(LOCATION).map(|to| to.to_str().unwrap().to_owned());
        let clears = headers.get("clear-site-data").map(|what| what.to_str().unwrap().to_owned());
        Page { status: response.status().as_u16(), to, cookies, clears, text: response.text().unwrap() }
    }

    pub(crate) fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.serving.url)).header("accept", "text/html");
        let response = request.header(COOKIE, self.cookie()).send().unwrap();
        self.took(response)
    }

    pub(crate) fn post_from(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let encoded = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = self.client.post(format!("{}{path}", self.serving.url)).body(pairs.join("&"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.header(COOKIE, self.cookie()).header(ORIGIN, origin).send().unwrap();
        self.took(response)
    }

    /// Sends a form with the token that the page `on` has.
    pub(crate) fn post(&mut self, on: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.get(on).token();
        let mut all = vec![("form", token.as_str())];
        all.extend_from_slice(fields);
        let origin = self.serving.url.clone();
        self.post_from(&origin, path, &all)
    }

    /// Sets the password behind a link.
    pub(crate) fn welcome(&mut self, link: &str) -> Page {
        self.post(link, link, &[("new", PASSWORD), ("again", PASSWORD)])
    }

    pub(crate) fn log_in(&mut self, user: &str, password: &str, code: &str) -> Page {
        self.post("/login", "/login", &[("user", user), ("password", password), ("code", code)])
    }
}

/// A person of a member, and its link.
pub(crate) fn person(node: &Node, user: &str, member: &str, roles: &[&str]) -> String {
    let mut args = vec!["person", "add", user, "--name", user, "--member", member];
    roles.iter().for_each(|role| args.extend(["--role", role]));
    node.json(&args)["link"].as_str().unwrap().to_owned()
}

/// A person who has logged in.
pub(crate) fn logged_in<'s>(
    node: &Node,
    serving: &'s Serving,
    user: &str,
    member: &str,
    roles: &[&str],
) -> Browser<'s> {
    let link = person(node, user, member, roles);
    let mut browser = Browser::new(serving);
    assert_eq!(browser.welcome(&link).status, 303);
    let page = browser.log_in(user, PASSWORD, "");
    assert_eq!((page.status, page.to.as_deref()), (303, Some("/")), "{}", page.text);
    browser
}

/// A node with a circle of two members, in which something was shared.
pub(crate) fn node() -> Node {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let file = node.file("bundle.json", bundle(&[indicator(1, "a-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "detect"]);
    node
}

fn circle(node: &Node) -> String {
    node.json(&["circle", "show", "region"])["circle"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_does_what_its_scopes_and_its_person_may_on_every_surface() {
    let mut node = node();
    for role in ["reader", "analyst", "releaser", "administrator", "auditor"] {
        person(&node, role, "exchange", &[role]);
        let made = node.json(&["member", "token", "--person", role]);
        node.tokens.insert(role.to_owned(), made["token"]["token"].as_str().unwrap().to_owned());
    }
    for scope in ["read", "write", "screen", "release"] {
        let made = node.json(&["member", "token", "exchange", "--scope", scope]);
        node.tokens.insert(scope.to_owned(), made["token"]["token"].as_str().unwrap().to_owned());
    }
    let (serving, circle) = (node.serve(), circle(&node));
    let api = format!("/api/collections/{circle}");
    let object = indicator(1, "x")["id"].as_str().unwrap().to_owned();
    // The status; 0 where it was refused for want of a right, which surfaces' own refusals are not.
    let ask = |who: &str, method: reqwest::Method, path: &str, body: &str| -> u16 {
        let request = serving.client.request(method, format!("{}{path}", serving.url));
        let kind = if path.starts_with("/api") { crate::node::TAXII } else { "application/json" };
        let request = request.bearer_auth(&node.tokens[who]).header("content-type", kind);
        let request = request.header("accept", if path.starts_with("/api") { kind } else { "*/*" });
        let response = request.body(body.to_owned()).send().unwrap();
        let (status, text) = (response.status().as_u16(), response.text().unwrap());
        if status == 403 && text.contains("has not the right") { 0 } else { status }
    };
    let mut number = 100;
    for (who, reads, writes, screens, releases) in [
        ("exchange", true, true, true, true),
        ("reader", true, false, false, false),
        ("analyst", true, true, true, false),
        ("releaser", true, true, true, true),
        ("administrator", false, false, false, false),
        ("auditor", false, false, false, false),
        ("read", true, false, false, false),
        ("write", false, true, false, false),
        ("screen", false, false, true, false),
        ("release", false, false, false, true),
    ] {
        let (get, post) = (reqwest::Method::GET, reqwest::Method::POST);
        let check = |may: bool, status: u16, what: &str| {
            assert_eq!(may, status != 0, "{who}: {what} was answered {status}");
            assert_ne!(status, 401, "{who}: {what}");
        };
        for path in ["/", "/d/list/all.txt", "/objects", &format!("{api}/objects/")] {
            check(reads, ask(who, get.clone(), path, ""), path);
        }
        check(reads, ask(who, post.clone(), "/events/restSearch", "{}"), "a search as MISP has it");
        number += 1;
        let envelope = format!("{{\"objects\":[{}]}}", indicator(number, "b-k3.top"));
        check(writes, ask(who, post.clone(), &format!("{api}/objects/"), &envelope), "TAXII POST");
        check(writes, ask(who, post.clone(), "/events/add", "{}"), "events/add");
        check(
            screens,
            ask(who, get.clone(), "/screening/value?value=a-k3.top", ""),
            "the short way to screen",
        );
        check(screens, ask(who, post.clone(), "/screening/values", "{\"values\":[\"a\"]}"), "screening");
        check(releases, ask(who, post.clone(), "/events/delete/1", ""), "events/delete");
        let path = format!("{api}/objects/{object}/");
        check(releases, ask(who, reqwest::Method::DELETE, &path, ""), "TAXII DELETE");
        let manages = who == "administrator";
        check(manages, ask(who, get.clone(), "/people", ""), "people");
        check(who == "auditor", ask(who, get.clone(), "/acts", ""), "acts");
        check(manages || who == "auditor", ask(who, get.clone(), "/peers.json", ""), "peers");
    }
    // A person's token ends with the person, and follows its roles.
    node.json(&["person", "role", "analyst", "--add", "reader", "--remove", "analyst"]);
    assert_eq!(ask("analyst", reqwest::Method::POST, "/screening/values", "{}"), 0);
    node.json(&["person", "end", "analyst"]);
    assert_eq!(ask("analyst", reqwest::Method::GET, "/", ""), 401);
    serving.stop();
    // What was used is known once the node has written it down.
    let shown = node.json(&["member", "show", "exchange"]);
    let of = |id: &str| {
        let id = id.split('.').next().unwrap();
        shown["credentials"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone()
    };
    let read = of(&node.tokens["read"]);
    assert_eq!(read["scopes"], "read");
    assert!(read["used"].as_str().unwrap().contains(":00:00.0"), "{read}");
    assert_eq!(of(&node.tokens["reader"])["person"], "reader");
}

#[test]
fn people_log_in_and_out_and_nobody_in_their_name() {
    let node = node();
    let serving = node.serve();
    let link = person(&node, "kim@cert.example", "exchange", &["analyst"]);
    let mut kim = Browser::new(&serving);
    let page = kim.get("/objects");
    assert_eq!(page.to.as_deref(), Some("/login?to=/objects"), "{}", page.status);
    assert_eq!(kim.get("/with-token").status, 401, "a browser is asked for a token where it wants to be");
    for (new, again, says) in [
        ("short", "short", "at least 12"),
        (PASSWORD, "another one of mine", "not the same"),
        ("1qaz2wsx3EDC", "1qaz2wsx3EDC", "everybody tries first"),
        ("exchange-tower-1", "exchange-tower-1", "too little of the password is left"),
    ] {
        let page = kim.post(&link, &link, &[("new", new), ("again", again)]);
        assert!(page.text.contains(says), "{}", page.text);
    }
    assert_eq!(kim.log_in("kim@cert.example", PASSWORD, "").status, 401, "no password yet");
    assert_eq!(kim.welcome(&link).to.as_deref(), Some("/login?set&user=kim%40cert.example"));
    assert_eq!(kim.get(&link).status, 404, "a link works once");
    assert_eq!(kim.get(&format!("{}x", &link[..link.len() - 1])).status, 404);

    // Whatever is wrong, the answer is the same.
    let wrong = kim.log_in("kim@cert.example", "not the password", "");
    let unknown = kim.log_in("who@cert.example", "not the password", "");
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.text.replace("kim@", "who@"), unknown.text);

    // A cookie from before is not the session's after.
    kim.cookies.insert("bongsu".into(), "set-by-somebody-else".into());
    let page = kim.log_in(" Kim@CERT.example", PASSWORD, "");
    assert_eq!(page.status, 303, "{}", page.text);
    let cookie = page.cookies.iter().find(|cookie| cookie.starts_with("bongsu=")).unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains("set-by"), "{cookie}");
    let page = kim.get("/objects");
    assert_eq!(page.status, 200);
    assert!(page.text.contains("a-k3.top") && page.text.contains("href=\"/account\""), "{}", page.text);
    assert_eq!(kim.get("/d/list/all.txt").status, 200, "a session reads artefacts");
    assert_eq!(kim.get("/people").status, 403);

    // Forms count with their token, from here alone.
    let here = serving.url.clone();
    let token = kim.get("/screen").token();
    let asked = [("form", token.as_str()), ("values", "a-k3.top")];
    assert_eq!(kim.post_from(&here, "/screen", &asked).status, 200);
    for (origin, fields) in [
        ("https://evil.test", &asked[..]),
        ("null", &asked[..]),
        (here.as_str(), &asked[1..]),
        (here.as_str(), &[("form", "AAAA"), ("values", "a-k3.top")][..]),
    ] {
        assert_eq!(kim.post_from(origin, "/screen", fields).status, 403, "{origin} {fields:?}");
    }
    let path = format!("/api/collections/{}/objects/", circle(&node));
    assert_eq!(kim.post_from(&here, &path, &asked).status, 401, "a cookie alone brings nothing to TAXII");

    // Another session is seen and ended; log-out ends this one.
    let mut second = Browser::new(&serving);
    assert_eq!(second.log_in("kim@cert.example", PASSWORD, "").status, 303);
    let page = kim.get("/account");
    let number = page.between("name=\"number\" value=\"", "\"").to_owned();
    let end = |kim: &mut Browser<'_>, fields: &[(&str, &str)]| {
        let all = [&[("number", number.as_str())][..], fields].concat();
        kim.post("/account", "/account/sessions/end", &all)
    };
    for wrong in [&[][..], &[("password", "not the password")]] {
        let page = end(&mut kim, wrong);
        assert!(page.status == 200 && page.text.contains("is not right"), "{}", page.text);
    }
    assert_eq!(second.get("/account").status, 200, "whoever finds a browser open ends nothing elsewhere");
    assert_eq!(end(&mut kim, &[("password", PASSWORD)]).status, 303);
    assert_eq!(kim.get("/account").status, 200, "this one goes on");
    assert_eq!(second.get("/account").to.as_deref(), Some("/login?to=/account"));
    let stolen = kim.cookies.clone();
    let out = kim.post("/account", "/logout", &[]);
    assert_eq!(out.to.as_deref(), Some("/login"));
    assert_eq!(out.clears.as_deref(), Some("\"cache\", \"storage\""));
    kim.cookies = stolen;
    assert_eq!(kim.get("/account").status, 303, "what was copied before log-out is worth nothing");

    // Too many tries lock the account, also for the right password, and answer as ever.
    for _ in 0..5 {
        assert_eq!(kim.log_in("kim@cert.example", "not the password", "").text.len(), wrong.text.len());
    }
    let locked = kim.log_in("kim@cert.example", PASSWORD, "");
    assert_eq!((locked.status, &locked.text), (401, &wrong.text));
    // An operator can take everything away, and make a new link.
    let link = node.json(&["person", "reset", "kim@cert.example"])["link"].as_str().unwrap().to_owned();
    assert_eq!(kim.welcome(&link).status, 303);
    assert_eq!(kim.log_in("kim@cert.example", PASSWORD, "").status, 303, "a new password opens the lock");
    node.json(&["person", "end", "kim@cert.example"]);
    assert_eq!(
        kim.get("/objects").status,
        401,
        "there are no people any more, so programs' log-in is offered"
    );
    serving.stop();
}

/// The code of an authenticator app, by another implementation, for the half minute after this one.
pub(crate) fn code(key: &str) -> String {
    let script = "import base64,hmac,struct,sys,time\n\
        key=base64.b32decode(sys.argv[1]); step=int(time.time())//30+1\n\
        h=hmac.new(key,struct.pack('>q',step),'sha1').digest(); o=h[19]&15\n\
        print('%06d'%((struct.unpack('>I',h[o:o+4])[0]&0x7fffffff)%1000000))";
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");
    let output = Command::new(python).args(["-c", script, key]).output();
    let output = output.unwrap_or_else(|error| panic!("{python}: {error}; run scripts/setup"));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn log_in_asks_for_codes_once_they_are_set_up() {
    let node = in_a_file(node);
    let serving = node.serve();
    let mut kim = logged_in(&node, &serving, "kim", "exchange", &["reader"]);
    let mut elsewhere = Browser::new(&serving);
    assert_eq!(elsewhere.log_in("kim", PASSWORD, "").status, 303);
    let page = kim.get("/account/codes");
    let (key, part) = (
        page.between("id=\"key\">", "<").to_owned(),
        page.between("name=\"part\" value=\"", "\"").to_owned(),
    );
    assert!(page.text.contains("<svg") && key.len() == 32, "{}", page.text);
    let first = code(&key);
    let give = |password: &'static str, code: &str| {
        [("part", part.clone()), ("password", password.to_owned()), ("code", code.to_owned())]
    };
    let send = |browser: &mut Browser<'_>, fields: [(&str, String); 3]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post("/account/codes", "/account/codes", &fields)
    };
    assert!(send(&mut kim, give("not the password", &first)).text.contains("not right"));
    assert!(send(&mut kim, give(PASSWORD, "000000")).text.contains("not right"));
    let page = send(&mut kim, give(PASSWORD, &first));
    let recovery: Vec<String> =
        page.between("id=\"recovery\">", "</pre>").lines().map(str::to_owned).collect();
    assert_eq!(recovery.len(), 10, "{}", page.text);
    assert_eq!(kim.get("/account").status, 200, "this session goes on");
    assert_eq!(elsewhere.get("/account").status, 303, "the others do not");

    let mut again = Browser::new(&serving);
    for wrong in ["", first.as_str(), "AAAA-BBBB-CCCC-DDDD"] {
        assert_eq!(again.log_in("kim", PASSWORD, wrong).status, 401, "{wrong}");
    }
    assert_eq!(again.log_in("kim", "not the password", &recovery[1]).status, 401, "which uses nothing up");
    assert_eq!(again.log_in("kim", PASSWORD, &recovery[0]).status, 303);
    assert_eq!(
        Browser::new(&serving).log_in("kim", PASSWORD, &recovery[0]).status,
        401,
        "a recovery code counts once"
    );
    assert_eq!(Browser::new(&serving).log_in("kim", PASSWORD, &first).status, 401, "a code counts once");
    assert_eq!(Browser::new(&serving).log_in("kim", PASSWORD, &recovery[1]).status, 303);
    assert!(again.get("/account").text.contains("left: 8"));
    let store = std::fs::read(node.data().join("bongsu.sqlite")).unwrap();
    let wal = std::fs::read(node.data().join("bongsu.sqlite-wal")).unwrap_or_default();
    for secret in [key.as_str(), PASSWORD, recovery[5].as_str(), &recovery[5].replace('-', "")] {
        for file in [&store, &wal] {
            assert!(
                !file.windows(secret.len()).any(|part| part == secret.as_bytes()),
                "the store has {secret}"
            );
        }
    }
    serving.stop();
}

#[test]
fn an_administrator_manages_its_own_people_and_an_auditor_sees_it() {
    let node = node();
    let serving = node.serve();
    person(&node, "other", "detect", &["reader"]);
    let mut boss = logged_in(&node, &serving, "boss", "exchange", &["administrator"]);
    assert_eq!(boss.get("/").to.as_deref(), Some("/account"), "there is no overview for who reads nothing");
    let page = boss.get("/people");
    assert!(page.text.contains("boss") && !page.text.contains("other"), "{}", page.text);
    let page =
        boss.post("/people", "/people", &[("user", "Lee"), ("name", "Lee <i>Han"), ("role", "auditor")]);
    let link = page.between("<pre>", "</pre>").to_owned();
    assert!(page.text.contains("Lee &#60;i&#62;Han"), "{}", page.text);
    assert_eq!(
        boss.post("/people", "/people", &[("user", "lee"), ("name", "x"), ("role", "auditor")]).status,
        422
    );
    assert_eq!(
        boss.post("/people", "/people/lee/roles", &[("role", "reader"), ("role", "auditor")]).status,
        303
    );
    for (path, status) in [
        ("/people/other/roles", 404),
        ("/people/other/end", 404),
        ("/people/other/reset", 404),
        ("/people/boss/roles", 422),
        ("/people/boss/end", 422),
    ] {
        assert_eq!(boss.post("/people", path, &[("role", "releaser")]).status, status, "{path}");
    }
    for scope in ["release", "admin", "audit"] {
        let asked = [("scope", "read"), ("scope", scope), ("days", "30")];
        assert_eq!(boss.post("/people", "/people/tokens", &asked).status, 422, "{scope}");
    }
    let page = boss.post("/people", "/people/tokens", &[("scope", "read"), ("days", "30")]);
    let token = page.between("<pre>", "</pre>").to_owned();
    let lists = || serving.client.get(format!("{}/d/list/all.txt", serving.url)).bearer_auth(&token).send();
    assert_eq!(lists().unwrap().status(), 200);
    let id = token.split('.').next().unwrap();
    assert_eq!(boss.post("/people", &format!("/people/credentials/{id}/revoke"), &[]).status, 303);
    assert_eq!(lists().unwrap().status(), 401);
    let foreign = node.tokens["detect"].split('.').next().unwrap().to_owned();
    assert_eq!(boss.post("/people", &format!("/people/credentials/{foreign}/revoke"), &[]).status, 404);

    let mut lee = Browser::new(&serving);
    assert_eq!(lee.welcome(&link).status, 303);
    assert_eq!(lee.log_in("lee", PASSWORD, "").status, 303);
    let page = lee.get("/acts");
    for act in
        ["boss for exchange", "set the person lee: reader, auditor", "made the token", "revoked the token"]
    {
        assert!(page.text.contains(act), "{act}: {}", page.text);
    }
    let acts = page.text.split_once("<tbody>").unwrap().1;
    assert!(!acts.contains("other") && !acts.contains("detect"), "{acts}");
    assert_eq!(lee.get("/people").status, 403);
    serving.stop();
    let acts = node.json(&["person", "acts"])["acts"].to_string();
    for act in
        ["set the person other: reader", "boss for exchange", "set the circle region", "made the token"]
    {
        assert!(acts.contains(act), "{act}: {acts}");
    }
    node.json(&["verify"]);
}
