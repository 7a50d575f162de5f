//! Advisories for people: on paper, by mail, in their language, and answered by someone without an account.

use std::process::Command;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::node::{Node, Serving, bundle, id, indicator};

pub(crate) const SETUP: [(&str, &str); 2] = [
    ("BONGSU__HTTP__PUBLIC_URL", "https://tower.example"),
    ("BONGSU__ADVISORY__REPLY_TO", "answers@tower.example"),
];

/// A circle of five, in which `exchange` has shared two indicators, a campaign and what to do.
fn node() -> Node {
    let node = Node::with_members();
    node.json(&["member", "set", "read", "--contact", "duty desk, desk@port.example"]);
    let members = ["read", "list", "block", "detect", "exchange"];
    let joined: Vec<&str> = members.iter().flat_map(|member| ["--member", member]).collect();
    node.json(&[&["circle", "add", "region", "--ceiling", "amber"][..], &joined].concat());
    node.json(&["circle", "add", "pair", "--member", "list", "--member", "exchange"]);
    let more = |object_type: &str, number, name: &str, description: &str| {
        json!({
            "type": object_type, "spec_version": "2.1", "id": id(object_type, number), "created": "2026-09-01T00:00:00.000Z",
            "modified": "2026-09-01T00:00:00.000Z", "name": name, "description": description,
        })
    };
    let shared = bundle(&[
        indicator(1, "evil-login-k3.top"),
        indicator(2, "evil-mail-k3.top"),
        more("campaign", 6, "Paper Lantern", "Forged log-in pages."),
        more("course-of-action", 7, "Second factor", "Ask for a second factor at log-in."),
    ]);
    let file = node.file("bundle.json", shared);
    assert_eq!(node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"], 4);
    let secret = node.file("secret.json", bundle(&[indicator(3, "not-for-read-k3.top")]));
    assert_eq!(node.json(&["import", &secret, "--circle", "pair", "--as", "exchange"])["added"], 1);
    node
}

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; run scripts/setup"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    // Some tools print titles of a document as they stand in it.
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_document_to_print_has_its_letters_and_its_structure() {
    let node = node();
    for (language, words) in [
        ("ko", ["보안 권고", "오늘 할 일", "연락할 곳"]),
        ("vi", ["Cảnh báo an ninh mạng", "Việc cần làm hôm nay", "Gọi cho ai"]),
        ("fr", ["Avis de sécurité", "Que faire aujourd’hui", "Qui appeler"]),
    ] {
        let path = node.dir.path().join("advisory.pdf");
        let file = path.to_str().unwrap();
        let args =
            ["deliver", "--to", "read", "--what", "advisory.pdf", "--language", language, "--out", file];
        let made = node.command(&args).envs(SETUP).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let text = run("pdftotext", &["-layout", file, "-"]);
        for word in words.into_iter().chain(["evil-login-k3[.]top", "Second factor", "Paper Lantern"]) {
            assert!(text.contains(word), "{word}: {text}");
        }
        let pages = text.matches('\x0c').count();
        assert_eq!(
            text.matches("TLP:AMBER").count(),
            2 * pages + 1,
            "at the top, at the foot, and explained: {text}"
        );
        let about = run("pdfinfo", &[file]);
        assert!(about.contains("Tagged:          yes"), "{about}");
        let structure = run("pdfinfo", &["-struct-text", file]);
        assert!(
            structure.contains("H1") && structure.contains("Table") && structure.contains("LBody"),
            "{structure}"
        );
        let fonts = run("pdffonts", &[file]);
        let embedded =
            fonts.lines().skip(2).map(|line| line.split_whitespace().rev().nth(4).unwrap_or_default());
        assert!(embedded.clone().count() > 0 && embedded.into_iter().all(|said| said == "yes"), "{fonts}");
    }
}

#[test]
fn a_mail_is_read_as_one() {
    let node = node();
    let path = node.dir.path().join("advisory.eml");
    let file = path.to_str().unwrap();
    let args = ["deliver", "--to", "read", "--what", "advisory.eml", "--language", "ko", "--out", file];
    let made = node.command(&args).envs(SETUP).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let script = "
import email, email.policy, json, sys
mail = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
names = ['Subject', 'From', 'To', 'Reply-To', 'Message-ID', 'Auto-Submitted', 'Content-Language']
parts = [(part.get_content_type(), part.get_filename()) for part in mail.walk() if not part.is_multipart()]
pdf = [part.get_content() for part in mail.iter_attachments()][0]
print(json.dumps({'headers': {name: str(mail[name]) for name in names}, 'parts': parts, 'type': mail.get_content_type(),
    'text': mail.get_body(('plain',)).get_content(), 'html': mail.get_body(('html',)).get_content(),
    'pdf': pdf[:5].decode(), 'defects': [str(part.defects) for part in mail.walk() if part.defects]}))
";
    let read: Value = serde_json::from_str(&run("python3", &["-c", script, file])).unwrap();
    let header = |name: &str| read["headers"][name].as_str().unwrap().to_owned();
    assert!(header("Subject").starts_with("[TLP:AMBER] [1/5] 보안 권고, 20"), "{read}");
    assert_eq!(header("From"), "\"tower.test\" <answers@tower.example>");
    assert!(
        header("Reply-To").contains("answers@tower.example") && header("To").contains("desk@port.example")
    );
    assert!(header("Message-ID").ends_with("@tower.example>"), "{read}");
    assert_eq!(
        (header("Auto-Submitted"), header("Content-Language")),
        ("auto-generated".into(), "ko".into())
    );
    assert_eq!(read["type"], "multipart/mixed");
    let parts = json!([["text/plain", null], ["text/html", null], ["application/pdf", "advisory.pdf"]]);
    assert_eq!((&read["parts"], &read["pdf"], &read["defects"]), (&parts, &json!("%PDF-"), &json!([])));
    for form in ["text", "html"] {
        let text = read[form].as_str().unwrap();
        assert!(text.contains("evil-login-k3[.]top") && text.contains("오늘 할 일"), "{text}");
    }
}

/// The answer link of a member's advisory, at the address of this test.
pub(crate) fn link(node: &Node, serving: &Serving) -> String {
    let text = node.text(serving, "read", "/d/advisory.txt");
    let link = text.lines().find_map(|line| line.strip_prefix("https://tower.example/answer/"));
    let ticket = link.unwrap_or_else(|| panic!("no answer link: {text}"));
    format!("{}/answer/{ticket}", serving.url)
}

fn shared(node: &Node, serving: &Serving, circle: &str, object_type: &str) -> Vec<Value> {
    let path = format!("/api/collections/{circle}/objects/?match%5Btype%5D={object_type}");
    let envelope: Value = serde_json::from_str(&node.text(serving, "exchange", &path)).unwrap();
    envelope["objects"].as_array().cloned().unwrap_or_default()
}

pub(crate) fn answer(serving: &Serving, link: &str, fields: &[(&str, &str)]) -> reqwest::blocking::Response {
    let body = fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+")));
    let body = body.collect::<Vec<_>>().join("&");
    let request = serving.client.post(link).header("content-type", "application/x-www-form-urlencoded");
    request.body(body).send().unwrap()
}

#[test]
fn an_advisory_is_answered_once_without_an_account() {
    let node = node();
    let serving = node.serve_with(&SETUP);
    let link = link(&node, &serving);
    let ask = |link: &str| serving.client.get(link).send().unwrap();
    let send = |link: &str, fields: &[(&str, &str)]| answer(&serving, link, fields);
    // Looking uses nothing up, and shows what the member has and nothing else.
    for _ in 0..2 {
        let page = ask(&link);
        assert_eq!(page.status(), StatusCode::OK);
        let page = page.text().unwrap();
        assert!(page.contains("evil-login-k3[.]top") && !page.contains("not-for-read"), "{page}");
    }
    let (first, second, other) = (id("indicator", 1), id("indicator", 2), id("indicator", 3));
    let seen = [
        ("seen", first.as_str()),
        ("seen", other.as_str()),
        ("first", "2026-09-02"),
        ("last", "2026-09-03"),
        ("count", "4"),
        ("other", "a caller who asked for codes"),
        ("name", "Kim"),
    ];
    let faulty = send(&link, &[("seen", &first), ("nothing", "1")]);
    assert_eq!(faulty.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(faulty.text().unwrap().contains("checked"), "what was ticked stays ticked");
    let taken = send(&link, &seen);
    assert_eq!(taken.status(), StatusCode::OK);
    let page = taken.text().unwrap();
    assert!(page.contains("One sighting was passed on"), "{page}");
    assert!(page.contains("One of the values is not shared with you any more"), "{page}");

    let sightings = shared(&node, &serving, "region", "sighting");
    assert_eq!(sightings.len(), 1, "{sightings:?}");
    let sighting = &sightings[0];
    assert_eq!((&sighting["sighting_of_ref"], &sighting["count"]), (&json!(first), &json!(4)));
    assert_eq!(sighting["first_seen"], "2026-09-02T00:00:00.000Z");
    let identity = sighting["where_sighted_refs"][0].as_str().unwrap();
    let identities = shared(&node, &serving, "region", "identity");
    assert!(
        identities.iter().any(|found| found["id"] == identity && found["name"] == "read"),
        "{identities:?}"
    );
    let notes = shared(&node, &serving, "region", "note");
    assert_eq!(notes[0]["content"], "a caller who asked for codes");
    assert_eq!(shared(&node, &serving, "pair", "sighting"), [] as [Value; 0]);

    // Not a second time, not after a kill either.
    for response in [ask(&link), send(&link, &[("seen", &second)])] {
        assert_eq!(response.status(), StatusCode::GONE);
        assert!(response.text().unwrap().contains("answers@tower.example"));
    }
    serving.kill();
    let serving = node.serve_with(&SETUP);
    let ticket = link.rsplit('/').next().unwrap();
    let again = format!("{}/answer/{ticket}", serving.url);
    assert_eq!(serving.client.get(&again).send().unwrap().status(), StatusCode::GONE);
    let request = serving.client.post(&again).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.body(format!("seen={second}")).send().unwrap().status(), StatusCode::GONE);
    assert_eq!(shared(&node, &serving, "region", "sighting").len(), 1);

    // A new advisory carries a new link, by which the member says that it found nothing.
    let next = self::link(&node, &serving);
    assert_ne!(next, again);
    let request = serving.client.post(&next).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.body("nothing=1").send().unwrap().status(), StatusCode::OK);
    assert_eq!(serving.client.get(&next).send().unwrap().status(), StatusCode::GONE);

    // What the node has not signed is not there, whatever it is.
    let absent = serving.client.get(format!("{}/answer/x", serving.url)).send().unwrap();
    let said = (absent.status(), absent.text().unwrap());
    assert_eq!(said.0, StatusCode::NOT_FOUND);
    let mut forged = next.clone();
    let at = forged.len() - 3;
    let other = if forged[at..].starts_with('A') { "B" } else { "A" };
    forged.replace_range(at..=at, other);
    let forged = serving.client.get(&forged).send().unwrap();
    assert_eq!((forged.status(), forged.text().unwrap()), said);
    let long = serving.client.post(&next).header("content-type", "application/x-www-form-urlencoded");
    let long = long.body(format!("other={}", "x".repeat(200_000))).send().unwrap();
    assert_eq!(long.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn an_answer_does_not_say_whose_it_is_where_members_are_hidden() {
    let node = node();
    node.json(&["circle", "set", "region", "--hide-members", "true"]);
    let serving = node.serve_with(&SETUP);
    let first = id("indicator", 1);
    let fields = [("seen", first.as_str()), ("other", "a caller"), ("name", "Kim of the ministry")];
    let page = answer(&serving, &link(&node, &serving), &fields).text().unwrap();
    assert!(page.contains("One sighting was passed on"), "{page}");
    let shown = node.json(&["member", "show", "read"]);
    let member = shown["member"]["id"].as_str().or(shown["id"].as_str()).unwrap();
    let path = "/api/collections/region/objects/?match%5Bversion%5D=all";
    let all = node.text(&serving, "exchange", path);
    let sighting = &shared(&node, &serving, "region", "sighting")[0];
    assert_eq!(sighting["sighting_of_ref"], first);
    assert_eq!(shared(&node, &serving, "region", "note")[0]["content"], "a caller");
    for told in [member, "Kim", "\"read\"", "Answer of"] {
        assert!(!all.contains(told), "{told}: {all}");
    }
}

#[test]
fn a_link_shows_nothing_stricter_than_the_advisory_that_it_came_with() {
    let mut node = node();
    node.member("minister", "read", "amber");
    node.json(&[
        "circle",
        "add",
        "few",
        "--ceiling",
        "amber",
        "--member",
        "minister",
        "--member",
        "exchange",
    ]);
    let share = |number: u128, domain: &str, tlp: stix::Tlp| {
        let mut object = indicator(number, domain);
        object["object_marking_refs"] = json!([tlp.definition_id().to_string()]);
        let file = node.file(&format!("{number}.json"), bundle(&[object]));
        assert_eq!(node.json(&["import", &file, "--circle", "few", "--as", "exchange"])["added"], 1);
    };
    share(21, "green-k3.top", stix::Tlp::Green);
    let serving = node.serve_with(&SETUP);
    let link = || {
        let text = node.text(&serving, "minister", "/d/advisory.txt");
        let ticket =
            text.lines().find_map(|line| line.strip_prefix("https://tower.example/answer/")).unwrap();
        let page = serving.client.get(format!("{}/answer/{ticket}", serving.url));
        (text.clone(), move || page.try_clone().unwrap().send().unwrap().text().unwrap())
    };
    let (advisory, page) = link();
    assert!(advisory.contains("TLP:GREEN") && page().contains("green-k3[.]top"), "{advisory}");
    share(22, "amber-k3.top", stix::Tlp::Amber);
    assert!(page().contains("green-k3[.]top") && !page().contains("amber-k3"), "{}", page());
    let (advisory, page) = link();
    assert!(advisory.contains("TLP:AMBER") && page().contains("amber-k3[.]top"), "{advisory}");
}
