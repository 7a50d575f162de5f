//! Passkeys in Chromium, with an authenticator of WebDriver's (Web Authentication, section 11), through the node's own pages.

use std::time::Duration;

use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::node::{Node, Serving, port, wait};
use crate::people::{Browser, PASSWORD, person};

/// A device with a key in it that knows who holds it.
pub(crate) fn authenticator(chromium: &Chromium) -> String {
    let made = chromium.post(
        "webauthn/authenticator",
        &json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true,
        }),
    );
    made.as_str().unwrap().to_owned()
}

pub(crate) fn log_out(chromium: &Chromium) {
    chromium.click("form[action='/logout'] button");
    chromium.says("Log in");
}

pub(crate) fn add(chromium: &Chromium, name: &str) {
    chromium.fill("[data-passkey=make] [name=name]", name);
    chromium.fill("[data-passkey=make] [name=password]", PASSWORD);
    chromium.click("[data-passkey=make] button");
}

fn serving(node: &Node) -> (Serving, String) {
    let port = port();
    let public = format!("http://localhost:{port}");
    let listen = format!("127.0.0.1:{port}");
    let environment =
        [("BONGSU__HTTP__LISTEN", listen.as_str()), ("BONGSU__HTTP__PUBLIC_URL", public.as_str())];
    (node.serve_with(&environment), public)
}

pub(crate) fn passkeys(node: &Node, user: &str) -> Value {
    let people = node.json(&["person", "list"])["people"].clone();
    let found = people.as_array().unwrap().iter().find(|person| person["user"] == user).unwrap();
    found["passkeys"].clone()
}

/// What the browser would send of a passkey that is shown to log in; it is not sent.
pub(crate) fn held(chromium: &Chromium, url: &str) -> Value {
    chromium.go(&format!("{url}/login?to=/account"));
    chromium.run(
        "const form = document.querySelector('[data-passkey=show]');
        form.submit = () => { window.held = Object.fromEntries(new FormData(form)); };",
    );
    chromium.click("[data-passkey=show] button");
    let held = || Some(chromium.run("return window.held ?? null")).filter(|held| held.is_object());
    wait(Duration::from_secs(60), held).unwrap()
}

/// Sends it, with the value of one field changed if another is given. Gives the status.
pub(crate) fn send(chromium: &Chromium, url: &str, held: &Value, (name, value): (&str, Option<&str>)) -> u16 {
    // The browser's cookies, but the session's.
    let all = chromium.get("cookie");
    let cookie = all.as_array().unwrap().iter().find(|cookie| cookie["name"] == "bongsu-form").unwrap();
    let cookie = format!("bongsu-form={}", cookie["value"].as_str().unwrap());
    let pairs = held.as_object().unwrap().iter();
    let pairs = pairs.map(|(key, was)| (key, value.filter(|_| key == name).or(was.as_str()).unwrap()));
    let body: Vec<String> =
        pairs.map(|(name, value)| format!("{name}={}", value.replace('/', "%2F"))).collect();
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client.post(format!("{url}/login/passkey")).header("cookie", cookie).header("origin", url);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"));
    request.send().unwrap().status().as_u16()
}

#[test]
fn passkeys_are_made_shown_named_and_removed_in_a_real_browser() {
    let node = Node::with_members();
    let (serving, url) = serving(&node);
    let path = |link: &str| link.strip_prefix(&url).unwrap_or(link).to_owned();
    for user in ["kim", "lee"] {
        let link = path(&person(&node, user, "exchange", &["reader"]));
        assert_eq!(Browser::new(&serving).welcome(&link).status, 303);
    }
    let chromium = Chromium::start(node.dir.path());
    let device = authenticator(&chromium);

    // A passkey is made, with the password to prove who asks.
    chromium.log_in(&url, "kim");
    chromium.says("Passkeys");
    chromium.fill("[data-passkey=make] [name=name]", "Phone");
    chromium.fill("[data-passkey=make] [name=password]", "not the password");
    chromium.click("[data-passkey=make] button");
    chromium.says("The password or the code is not right");
    assert_eq!(passkeys(&node, "kim"), 0);
    let credentials = format!("webauthn/authenticator/{device}/credentials");
    chromium.delete(&credentials);
    add(&chromium, "Phone");
    chromium.says("the password alone lets nobody in.");
    assert_eq!(passkeys(&node, "kim"), 1);
    let acts = node.json(&["person", "acts"])["acts"].to_string();
    assert!(acts.contains("set the log-in of kim: it has a password, passkeys"), "{acts}");

    // It is called something else.
    chromium.run("document.querySelector('form[action=\"/account/passkeys/name\"] [name=name]').value = 'Blue <phone>'");
    chromium.click("form[action='/account/passkeys/name'] button");
    let named =
        "return document.querySelector('form[action=\"/account/passkeys/name\"] [name=name]')?.value ?? ''";
    assert!(
        wait(Duration::from_secs(60), || (chromium.run(named) == "Blue <phone>").then_some(())).is_some()
    );

    // The password alone lets nobody in any more.
    log_out(&chromium);
    chromium.log_in(&url, "kim");
    chromium.says("Not logged in.");
    let mut browser = Browser::new(&serving);
    assert_eq!(browser.log_in("kim", PASSWORD, "").status, 401);

    // The passkey does, alone.
    chromium.go(&format!("{url}/login?to=/account"));
    chromium.click("[data-passkey=show] button");
    chromium.says("Where you are logged in");
    log_out(&chromium);

    // And beside the password, without the device knowing who holds it; but not beside another's.
    chromium.go(&format!("{url}/login?to=/account"));
    chromium.fill("#by-password [name=user]", "kim");
    chromium.fill("#by-password [name=password]", PASSWORD);
    chromium.click("[data-passkey=show] button");
    chromium.says("Where you are logged in");
    log_out(&chromium);
    for (user, password) in [("lee", PASSWORD), ("kim", "not the password of kim")] {
        chromium.go(&format!("{url}/login"));
        chromium.fill("#by-password [name=user]", user);
        chromium.fill("#by-password [name=password]", password);
        chromium.click("[data-passkey=show] button");
        chromium.says("The passkey, or the name or password beside it, is not right");
    }

    // What was sent once is worth nothing a second time, nor with anything of it changed.
    let send = |held: &Value, name: &str, value: Option<&str>| send(&chromium, &url, held, (name, value));
    let one = held(&chromium, &url);
    assert_eq!((send(&one, "", None), send(&one, "", None)), (303, 401));
    for name in ["id", "client", "data", "signature", "person"] {
        let one = held(&chromium, &url);
        let was = one[name].as_str().unwrap();
        let (first, rest) = was.split_at(1);
        let changed = format!("{}{rest}", if first == "A" { "B" } else { "A" });
        assert_eq!(send(&one, name, Some(&changed)), 401, "{name}");
    }
    // The count that a device tells must grow: a copy of it that has made fewer signatures is not taken.
    let keys = chromium.get(&credentials);
    let mut copy = keys[0].clone();
    assert!(copy["signCount"].as_u64().unwrap() > 1, "{keys}");
    chromium.delete(&credentials);
    copy["signCount"] = json!(0);
    chromium.post(&credentials.replace("credentials", "credential"), &copy);
    chromium.go(&format!("{url}/login"));
    chromium.click("[data-passkey=show] button");
    chromium.says("The passkey, or the name or password beside it, is not right");
    copy["signCount"] = json!(1_000);
    chromium.delete(&credentials);
    chromium.post(&credentials.replace("credentials", "credential"), &copy);

    // A device that does not know who holds it lets nobody in without a password.
    chromium.post(&format!("webauthn/authenticator/{device}/uv"), &json!({"isUserVerified": false}));
    chromium.go(&format!("{url}/login?to=/account"));
    chromium.click("[data-passkey=show] button");
    chromium.says("The browser gave no passkey");
    chromium.post(&format!("webauthn/authenticator/{device}/uv"), &json!({"isUserVerified": true}));

    // It is removed, and the password alone is enough again.
    chromium.click("[data-passkey=show] button");
    chromium.says("Where you are logged in");
    chromium.fill("form[action='/account/passkeys/remove'] [name=password]", PASSWORD);
    chromium.click("form[action='/account/passkeys/remove'] button");
    chromium.says("None yet.");
    assert_eq!(passkeys(&node, "kim"), 0);
    assert_eq!(browser.log_in("kim", PASSWORD, "").status, 303);
    log_out(&chromium);
    chromium.go(&format!("{url}/login"));
    chromium.click("[data-passkey=show] button");
    chromium.says("The passkey, or the name or password beside it, is not right");
}

#[test]
fn passkeys_are_offered_where_browsers_take_them_and_nowhere_else() {
    let node = Node::with_members();
    let link = person(&node, "kim", "exchange", &["reader"]);
    let serving = node.serve();
    let mut kim = Browser::new(&serving);
    assert_eq!(kim.welcome(&link).status, 303);
    assert!(!kim.get("/login").text.contains("passkey"), "no public address");
    assert_eq!(kim.log_in("kim", PASSWORD, "").status, 303);
    let page = kim.get("/account");
    assert!(page.text.contains("takes no passkeys") && !page.text.contains("data-passkey"), "{}", page.text);
    let made = kim.post(
        "/account",
        "/account/passkeys",
        &[("name", "x"), ("password", PASSWORD), ("client", "e30"), ("attestation", "oA")],
    );
    assert!(made.text.contains("was not taken"), "{}", made.text);
}
