//! The pages for personas, on published allegations: an application is compared and forgotten, with every reason in view; contests are
//! made and answered by those who may.

use std::path::Path;

use serde_json::{Value, json};

use crate::node::{Node, Serving, bundle, id, in_a_file, now, shared};
use crate::people::{Browser, Page, logged_in};

const EXTENSION: &str = "extension-definition--6d0ab6a4-4c0f-4f25-9f57-2c8e1f6e0b3d";
/// What stands nowhere but in an application.
const APPLICANT: &str = "Zanthippe Quillfeather";

/// The alleged personas, as a member would share them.
pub(crate) fn alleged() -> Vec<Value> {
    let text = std::fs::read_to_string(shared("personas/it-workers/personas.jsonl")).unwrap();
    let list = |one: &Value, name: &str| one[name].as_array().cloned().unwrap_or_default();
    let persona = |(number, line): (u128, &str)| {
        let one: Value = serde_json::from_str(line).unwrap();
        let accounts: Vec<String> = list(&one, "code_accounts")
            .iter()
            .map(|name| format!("github/{}", name.as_str().unwrap()))
            .collect();
        let names = [list(&one, "aliases"), vec![one["persona"].clone()]].concat();
        let wallets = [list(&one, "wallets"), list(&one, "ens")].concat();
        json!({
            "type": "identity", "spec_version": "2.1", "id": id("identity", number), "created": now(), "modified": now(),
            "name": one["persona"], "identity_class": "individual", "labels": ["it-worker"],
            "extensions": {(EXTENSION): {
                "extension_type": "property-extension", "names": names, "emails": one["emails"], "accounts": accounts,
                "wallets": wallets,
            }},
        })
    };
    (1..).zip(text.lines()).map(persona).collect()
}

fn node() -> Node {
    let node = Node::with_members();
    node.json(&[
        "circle", "add", "region", "--title", "Region", "--member", "exchange", "--member", "detect",
    ]);
    let file = node.file("personas.json", bundle(&alleged()));
    assert_eq!(node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"], 17);
    node
}

/// The first file below a folder that holds a text.
pub(crate) fn holds(folder: &Path, text: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            match holds(&path, text) {
                Some(found) => return Some(found),
                None => continue,
            }
        }
        // Sockets and pipes hold nothing.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if memchr::memmem::find(&bytes, text.as_bytes()).is_some() {
            return Some(path);
        }
    }
    None
}

fn checked(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> Page {
    browser.post("/personas", "/personas", fields)
}

/// A form that a program sends with a credential.
pub(crate) fn sent(serving: &Serving, token: &str, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let encoded = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let request = serving.client.post(format!("{}{path}", serving.url)).bearer_auth(token);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let response = request.body(pairs.join("&")).send().unwrap();
    let cache = response.headers()["cache-control"].to_str().unwrap().to_owned();
    assert!(cache.contains("no-store"), "{cache}");
    (response.status().as_u16(), response.text().unwrap())
}

#[test]
fn an_application_is_compared_with_every_reason_in_view_and_forgotten() {
    let node = in_a_file(node);
    let log = node.dir.path().join("node.log");
    let serving = node.serve_logged(&log, &[]);
    let mut jin = logged_in(&node, &serving, "jin", "detect", &["analyst"]);
    const CAVEAT: &str = "A score is a reason to look again, and no finding about a person.";
    assert!(jin.get("/personas").text.contains(CAVEAT));

    // What is filled in: a mailbox with another tag, under another name.
    let page = checked(
        &mut jin,
        &[("names", APPLICANT), ("emails", "BenGuyen0214+cv@gmail.com\nnonsense"), ("phones", "")],
    );
    assert_eq!(page.status, 200, "{}", page.text);
    for what in
        [CAVEAT, "look</span>", "Benjamin Nguyen", "<code>email</code>", "exchange", "<code>emails[1]</code>"]
    {
        assert!(page.text.contains(what), "{what}: {}", page.text);
    }
    assert!(page.text.contains(&id("identity", 1)) && page.text.contains("0 of 1 applications"));

    // What is pasted, in two formats; what the employer saw beside what a partner says crosses.
    let wallet = "0x5c411cb174c2e163f6465252ae895f3e3e5a8792";
    let application = json!({"id": "A-17", "names": [APPLICANT], "wallets": [wallet], "tools": ["AnyDesk"]});
    let page = checked(&mut jin, &[("application", &application.to_string())]);
    for what in ["A-17: ", "review</span>", "<code>remote-desktop</code>", "G22", "the employer"] {
        assert!(page.text.contains(what), "{what}: {}", page.text);
    }
    let csv =
        format!("name,email,wallet\n{APPLICANT},jo@example.org,{wallet}\nMary Cotter,mary@example.org,\n");
    let page = checked(&mut jin, &[("application", &csv)]);
    assert!(
        page.text.contains("0 of 2 applications") && page.text.contains("Benjamin Nguyen"),
        "{}",
        page.text
    );
    assert!(page.text.contains("No reason to look again is known here."), "{}", page.text);
    // The same as programs are told.
    let request = serving.client.post(format!("{}/persona/check", serving.url));
    let told: Value = request.bearer_auth(&node.tokens["detect"]).body(csv).send().unwrap().json().unwrap();
    let points = told["outcomes"][0]["score"].as_u64().unwrap();
    assert!(page.text.contains(&format!(": {points} points")), "{told}");

    // In Korean, with no English of the program's own.
    let page = jin.post("/personas", "/personas?lang=ko", &[("application", &application.to_string())]);
    for what in ["다시 검토할 것", "지갑이 위장 인력의 것입니다.", "고용주"] {
        assert!(page.text.contains(what), "{what}: {}", page.text);
    }
    assert!(!page.text.contains("points") && !page.text.contains("The wallet"), "{}", page.text);

    // Long, and too long.
    let many = |count: usize| "name\n".to_owned() + &format!("{APPLICANT}\n").repeat(count);
    let page = checked(&mut jin, &[("application", &many(1_000))]);
    assert!(page.text.contains("0 of 1000 applications") && page.text.contains("950 with fewer points"));
    let page = checked(&mut jin, &[("application", &many(1_001))]);
    assert_eq!(page.status, 422);
    assert!(page.text.contains("1001 applications at once"), "{}", page.text);
    let long = "x".repeat((4 << 20) + 1);
    let (status, text) = sent(&serving, &node.tokens["detect"], "/personas", &[("application", &long)]);
    assert!(status == 422 && text.contains("at most 4194304 are read"), "{status}");
    for (fields, says) in [
        (vec![], "Nothing is given to compare."),
        (vec![("application", "{"), ("names", "x")], "not both"),
        (vec![("application", "{")], "Not checked."),
    ] {
        let page = checked(&mut jin, &fields);
        assert!(page.status == 422 && page.text.contains(says), "{says}: {}", page.text);
    }

    // Who is not in the circle knows nothing; an operator says for whom; a reader may not ask.
    let fields = [("application", application.to_string())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (_, outside) = sent(&serving, &node.tokens["block"], "/personas", &fields);
    assert!(!outside.contains("Benjamin") && outside.contains("<code>remote-desktop</code>"), "{outside}");
    let operator = node.json(&["member", "token", "--operator"])["token"]["token"].clone();
    let operator = operator.as_str().unwrap();
    let (status, text) = sent(&serving, operator, "/personas", &fields);
    assert!(status == 422 && text.contains("Say as which member you ask."), "{text}");
    let as_member = [&fields[..], &[("member", "detect")]].concat();
    let (status, text) = sent(&serving, operator, "/personas", &as_member);
    assert!(status == 200 && text.contains("Benjamin Nguyen"), "{text}");
    let mut reader = logged_in(&node, &serving, "rea", "detect", &["reader"]);
    assert_eq!(reader.get("/personas").status, 403);
    assert!(!reader.get("/").text.contains("href=\"/personas\""));

    serving.stop();
    assert_eq!(holds(&node.data(), APPLICANT), None, "nothing of an application is kept");
    assert!(holds(&node.data(), "Benjamin Nguyen").is_some(), "what was shared is");
    let logged = std::fs::read_to_string(log).unwrap();
    assert!(!logged.contains("Zanthippe") && !logged.contains(wallet), "{logged}");
}

#[test]
fn a_contest_is_made_and_answered_on_its_page() {
    let node = node();
    let serving = node.serve();
    let mut jin = logged_in(&node, &serving, "jin", "detect", &["analyst"]);
    let mut ana = logged_in(&node, &serving, "ana", "exchange", &["analyst"]);
    let mut rel = logged_in(&node, &serving, "rel", "exchange", &["releaser"]);
    let about = id("identity", 1);
    let fields = [("emails", "benguyen0214@gmail.com"), ("names", "Ana Pires")];
    let contests = "/personas/contests";

    // From the reason to the form, with what it is about filled in.
    let page = checked(&mut jin, &fields);
    let link = page.between("<a href=\"/personas/contests?about=", "#make\"");
    assert_eq!(link, about);
    let page = jin.get(&format!("{contests}?about={about}"));
    assert!(page.text.contains("No contest is open.") && page.text.contains(&format!("value=\"{about}\"")));
    assert!(page.text.contains("<option value=\"region\" selected>Region</option>"), "{}", page.text);
    let why = "the mailbox was <b>taken over</b>";
    let made = [("about", about.as_str()), ("circle", "region"), ("reason", why)];
    for (bad, says) in [
        ([("about", about.as_str()), ("circle", "region"), ("reason", " ")], "A reason has 1 to 8192 bytes."),
        ([("about", "indicator--x"), ("circle", "region"), ("reason", why)], "There is no such object"),
        ([("about", &id("identity", 99)), ("circle", "region"), ("reason", why)], "There is no such object"),
        (
            [("about", &id("malware", 1)), ("circle", "region"), ("reason", why)],
            "A malware can&#39;t be contested.",
        ),
        ([("about", about.as_str()), ("circle", "nowhere"), ("reason", why)], "There is no such object"),
    ] {
        let page = jin.post(contests, contests, &bad);
        assert!(page.status == 422 && page.text.contains(says), "{says}: {}", page.text);
    }
    let page = jin.post(contests, contests, &made);
    assert_eq!(page.status, 200, "{}", page.text);
    for what in
        ["It is contested.", "Benjamin Nguyen", "&#60;b&#62;taken over", "waits for the one who shared it"]
    {
        assert!(page.text.contains(what), "{what}: {}", page.text);
    }
    assert!(!page.text.contains("/personas/contests/uphold"), "it is not the member's own");
    let korean = jin.get(&format!("{contests}?lang=ko")).text;
    assert!(korean.contains("공유한 쪽의 답을 기다림") && !korean.contains("waits for"), "{korean}");
    let page = checked(&mut jin, &fields);
    for what in ["Contested, under review: it counts nothing.", "by detect", ": 0 points"] {
        assert!(page.text.contains(what), "{what}: {}", page.text);
    }
    assert_eq!(node.json(&["persona", "contests", "--as", "exchange"])["contests"][0]["explanation"], why);

    // The originator answers: who may write upholds, and who may release withdraws.
    let page = ana.get(contests);
    assert!(page.text.contains("/personas/contests/uphold") && page.text.contains("detect"), "{}", page.text);
    assert!(!page.text.contains("/personas/contests/withdraw"));
    let answer =
        [("about", about.as_str()), ("circle", "region"), ("reason", "the provider says that it was not")];
    assert_eq!(ana.post(contests, "/personas/contests/withdraw", &answer).status, 403);
    let page = ana.post(contests, "/personas/contests/uphold", &answer);
    assert!(
        page.text.contains("It is upheld.") && page.text.contains("No contest is open."),
        "{}",
        page.text
    );
    assert!(!checked(&mut jin, &fields).text.contains("under review"), "it counts again");
    // Another's word settles nothing, and another's objects are not withdrawn.
    jin.post(contests, contests, &made);
    jin.post(contests, "/personas/contests/uphold", &answer);
    assert!(checked(&mut jin, &fields).text.contains("under review"));
    let mut other = logged_in(&node, &serving, "oth", "detect", &["releaser"]);
    assert_eq!(other.post(contests, "/personas/contests/withdraw", &answer).status, 422);
    assert!(rel.get(contests).text.contains("/personas/contests/withdraw"));
    let page = rel.post(contests, "/personas/contests/withdraw", &answer);
    assert!(page.text.contains("It is withdrawn everywhere.") && page.text.contains("No contest is open."));
    assert!(!checked(&mut jin, &fields).text.contains("Benjamin"), "it is gone");
    let recalls = node.json(&["recall", "list", "--all"]);
    assert_eq!(recalls["recalls"][0]["reason"], "the provider says that it was not");

    // Whoever is not in the circle sees no contest, and can't make one; an operator chooses for whom.
    let (_, outside) = sent(&serving, &node.tokens["block"], contests, &made);
    assert!(
        outside.contains("There is no such object") && outside.contains("No contest is open."),
        "{outside}"
    );
    let page = node.as_operator(&serving, "/personas/contests?member=detect&lang=ko");
    assert!(
        page.contains("처리 중인 이의가 없습니다.") && page.contains("value=\"detect\" selected"),
        "{page}"
    );
}
