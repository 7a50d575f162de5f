//! Signatures that are replayed, forged, weakened or cut off, and words for databases and templates in questions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::node::{Node, bundle, indicator};

struct Place {
    node: Node,
    public: Value,
}

impl Place {
    /// Two circles that require signatures, and `alpha`, whose key is known.
    fn new() -> Self {
        let mut node = Node::new();
        for handle in ["alpha", "beta"] {
            node.member(handle, "exchange", "amber");
        }
        for circle in ["ring", "other"] {
            node.json(&[
                "circle",
                "add",
                circle,
                "--signatures",
                "required",
                "--member",
                "alpha",
                "--member",
                "beta",
            ]);
        }
        let made = node.json(&["sign", "--new-key", node.dir.path().join("alpha.key").to_str().unwrap()]);
        let public = made["public"].clone();
        let file = node.file("alpha.pub", public.to_string());
        node.json(&["member", "key", "add", "alpha", &file]);
        Self { node, public }
    }

    fn signed(&self, object: &Value) -> Value {
        let file = self.node.file("plain.json", bundle(std::slice::from_ref(object)));
        let (key, out) = (self.node.dir.path().join("alpha.key"), self.node.dir.path().join("signed.json"));
        self.node.json(&["sign", &file, "--key", key.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        let signed: Value = serde_json::from_str(&std::fs::read_to_string(out).unwrap()).unwrap();
        signed["objects"][0].clone()
    }
}

/// The signature of an object: the text in its extension that is a JWS, and where it stands.
fn jws(object: &Value) -> (String, String) {
    fn find(value: &Value, at: String) -> Option<(String, String)> {
        match value {
            Value::String(text) if text.split('.').count() == 3 && text.starts_with("ey") => {
                Some((at, text.clone()))
            }
            Value::Object(map) => map.iter().find_map(|(name, value)| {
                find(value, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")))
            }),
            Value::Array(all) => {
                all.iter().enumerate().find_map(|(number, value)| find(value, format!("{at}/{number}")))
            }
            _ => None,
        }
    }
    find(&object["extensions"], "/extensions".to_owned())
        .unwrap_or_else(|| panic!("no signature in {object}"))
}

#[test]
fn forged_weakened_and_replayed_signatures_are_not_taken() {
    let place = Place::new();
    let serving = place.node.serve();
    let good = place.signed(&indicator(1, "a-k3.top"));
    let (at, whole) = jws(&good);
    let parts: Vec<&str> = whole.split('.').collect();
    let header: Value = serde_json::from_slice(&BASE64.decode(parts[0]).unwrap()).unwrap();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut header = header.clone();
        change(&mut header);
        format!("{}.{}.{}", BASE64.encode(header.to_string()), parts[1], parts[2])
    };
    let x = place.public["x"].as_str().unwrap();
    let secret = BASE64.decode(x).unwrap();
    let hmac = |algorithm: &str| {
        // HS256 under the public key, where a verifier would take the key as it is: made by openssl.
        let head = BASE64.encode(json!({"alg": algorithm, "kid": header["kid"]}).to_string());
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let input = place.node.file("input", format!("{head}.{}", parts[1]));
        let output = std::process::Command::new("openssl")
            .args(["dgst", "-sha256", "-binary", "-mac", "HMAC", "-macopt", &format!("hexkey:{hex}"), &input])
            .output()
            .unwrap_or_else(|error| panic!("openssl: {error}; run scripts/setup"));
        format!("{head}.{}.{}", parts[1], BASE64.encode(output.stdout))
    };
    let mut raw = BASE64.decode(parts[2]).unwrap();
    raw[63] ^= 0x80;
    let zeros = BASE64.encode([0; 64]);
    let forged = [
        ("alg none", with(&|header| header["alg"] = json!("none"))),
        ("alg None", with(&|header| header["alg"] = json!("NonE"))),
        ("no alg", with(&|header| _ = header.as_object_mut().unwrap().remove("alg"))),
        ("alg none, nothing signed", format!("{}.{}.", BASE64.encode("{\"alg\":\"none\"}"), parts[1])),
        ("HS256 under the public key", hmac("HS256")),
        ("another algorithm", with(&|header| header["alg"] = json!("ES256"))),
        ("a key in the header", with(&|header| header["jwk"] = place.public.clone())),
        ("a key from elsewhere", with(&|header| header["jku"] = json!("http://127.0.0.1:1/jwks.json"))),
        ("something critical", with(&|header| header["crit"] = json!(["exp"]))),
        ("another key's name", with(&|header| header["kid"] = json!("x"))),
        ("a key's name that is a path", with(&|header| header["kid"] = json!("../../../../dev/null"))),
        ("cut off", whole[..whole.len() - 4].to_owned()),
        ("without its last part", format!("{}.{}.", parts[0], parts[1])),
        ("turned", format!("{}.{}.{}", parts[0], parts[1], BASE64.encode(raw))),
        ("zeros", format!("{}.{}.{zeros}", parts[0], parts[1])),
        ("padded", format!("{whole}==")),
        ("of two", format!("{whole}.{whole}")),
        ("empty", String::new()),
        ("long", format!("{}.{}.{}", parts[0], parts[1], "A".repeat(1_000_000))),
    ];
    let refused = |what: &str, object: &Value| {
        let answer = place.node.post(&serving, "alpha", "ring", &object.to_string()).send().unwrap();
        let status: Value = answer.json().unwrap();
        assert_eq!(status["success_count"], 0, "{what}: {status}");
    };
    for (what, text) in &forged {
        let mut object = good.clone();
        *object.pointer_mut(&at).unwrap() = json!(text);
        refused(what, &object);
    }
    // Replayed on another object, on another version, or on a text that only looks the same.
    let mut other = indicator(2, "b-k3.top");
    other["extensions"] = good["extensions"].clone();
    refused("another object's", &other);
    for (what, name, value) in [
        ("a later version", "modified", json!("2026-09-09T00:00:00.000Z")),
        ("another value", "pattern", json!("[domain-name:value = 'a-k3.t\u{3bf}p']")),
        ("one property more", "x_more", json!(1)),
        ("revoked", "revoked", json!(true)),
        ("another mark", "object_marking_refs", json!([stix::Tlp::Clear.definition_id().to_string()])),
    ] {
        let mut object = good.clone();
        object[name] = value;
        refused(what, &object);
    }
    let stripped = indicator(1, "a-k3.top");
    refused("stripped", &stripped);
    // A key twice: one reader sees the first, another the last.
    let twice = good.to_string().replacen("\"name\":", "\"name\":\"forged\",\"name\":", 1);
    let status: Value = place.node.post(&serving, "alpha", "ring", &twice).send().unwrap().json().unwrap();
    assert_eq!(status["success_count"], 0, "{status}");
    // What alpha signed is no proof for beta, who replays it; and alpha may bring it to both.
    let status: Value =
        place.node.post(&serving, "beta", "other", &good.to_string()).send().unwrap().json().unwrap();
    assert_eq!(status["success_count"], 0, "replayed by another: {status}");
    for circle in ["ring", "other"] {
        let status: Value =
            place.node.post(&serving, "alpha", circle, &good.to_string()).send().unwrap().json().unwrap();
        assert_eq!(status["success_count"], 1, "{status}");
    }
    let again: Value =
        place.node.post(&serving, "alpha", "ring", &good.to_string()).send().unwrap().json().unwrap();
    let manifest: Value = serde_json::from_str(&place.node.text(
        &serving,
        "beta",
        "/api/collections/ring/manifest/?match[version]=all",
    ))
    .unwrap();
    assert_eq!(
        manifest["objects"].as_array().unwrap().len(),
        1,
        "the same again makes no second record: {again}"
    );
}

#[test]
fn words_for_a_database_or_a_template_are_words() {
    let mut node = Node::with_members();
    node.member("bank", "exchange", "amber");
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "bank"]);
    node.json(&["circle", "add", "hidden", "--member", "exchange"]);
    for (circle, number, domain) in [("region", 1, "open-k3.top"), ("hidden", 2, "hidden-k3.top")] {
        let file = node.file("bundle.json", bundle(&[indicator(number, domain)]));
        node.json(&["import", &file, "--circle", circle, "--as", "exchange"]);
    }
    let serving = node.serve();
    let all = node.text(&serving, "bank", "/api/collections/region/objects/");
    let words = [
        "' OR '1'='1",
        "\" OR \"\"=\"",
        "1; DROP TABLE records;--",
        "x' UNION SELECT * FROM records--",
        "%' ESCAPE '\\",
        "*",
        "_%",
        "x\u{0}y",
        "'; ATTACH DATABASE '/tmp/k3' AS k;--",
        "{{7919*7907}}",
        "${7919*7907}",
        "#{7919*7907}",
        "<%= 7919*7907 %>",
        "{% include '/etc/passwd' %}",
        "$(id)",
        "`id`",
        "| id",
        "%s%n%x",
        "../../etc/passwd",
        "\\x00",
        "*)(uid=*))(|(uid=*",
    ];
    for word in words {
        let encoded: String = word.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            format!("/objects?q={encoded}"),
            format!("/objects?circle={encoded}"),
            format!("/objects/region/{encoded}"),
            format!("/screen?values={encoded}"),
            format!("/circles/{encoded}"),
            format!("/members/{encoded}"),
            format!("/contacts/{encoded}"),
            format!("/api/collections/{encoded}/objects/"),
            format!("/api/collections/region/objects/?match[id]={encoded}"),
            format!("/api/collections/region/objects/?match[type]={encoded}"),
            format!("/api/collections/region/objects/?match[version]={encoded}"),
            format!("/api/collections/region/objects/?added_after={encoded}"),
            format!("/api/collections/region/objects/?next={encoded}"),
            format!("/api/collections/region/objects/?match[spec_version]={encoded}"),
            format!("/screening/value?value={encoded}"),
            format!("/events/view/{encoded}"),
            format!("/log/{encoded}/checkpoint"),
            format!("/d/{encoded}"),
            format!("/misp/feed/{encoded}/manifest.json"),
        ] {
            let answer = node.get(&serving, "bank", &path).send().unwrap();
            let status = answer.status().as_u16();
            let text = answer.text().unwrap_or_default();
            assert!(status < 500, "{path}: {status} {text}");
            for told in [
                "hidden-k3",
                "SQLITE",
                "sqlite",
                "syntax error",
                "no such table",
                "root:",
                "uid=0",
                "panicked",
            ] {
                assert!(!text.contains(told) || word.contains(told), "{path} tells {told}: {text}");
            }
            assert!(!text.contains("62615533"), "{path}: {text}");
        }
        for (path, body) in [
            (
                "/events/restSearch",
                json!({"value": word, "tags": [word], "org": word, "page": word, "limit": word, "order": word}),
            ),
            ("/attributes/restSearch", json!({"value": word, "type": word, "last": word, "uuid": word})),
            ("/screening/values", json!({"values": [word]})),
            ("/persona/check", json!({"name": word, "emails": [word]})),
            ("/ask", json!({"object": word, "circle": word, "why": word})),
        ] {
            let request = serving
                .client
                .post(format!("{}{path}", serving.url))
                .basic_auth("bank", node.tokens.get("bank"))
                .json(&body);
            let answer = request.header("accept", "application/json").send().unwrap();
            let status = answer.status().as_u16();
            let text = answer.text().unwrap_or_default();
            assert!(
                status < 500 && !text.contains("hidden-k3") && !text.to_lowercase().contains("sqlite"),
                "{path} {word}: {status} {text}"
            );
        }
    }
    assert_eq!(
        node.text(&serving, "bank", "/api/collections/region/objects/"),
        all,
        "nothing was changed by asking"
    );
    assert!(!std::path::Path::new("/tmp/k3").exists());
    // The same as names of what is made.
    for word in words.iter().filter(|word| !word.contains('\0')) {
        for args in [
            &["member", "add", word, "--level", "read"][..],
            &["circle", "add", word],
            &["person", "add", word, "--member", "list", "--role", "reader"],
            &["contact", "add", word, "--member", "list", "--function", "technical", "--name", "x"],
            &[
                "consultation",
                "add",
                word,
                "--title",
                "x",
                "--begins",
                "2026-12-01T05:00:00Z",
                "--ends",
                "2026-12-01T06:00:00Z",
                "--member",
                "list",
                "--member",
                "read",
            ],
        ] {
            let output = node.command(args).output().unwrap();
            assert_eq!(
                output.status.code(),
                Some(2),
                "{args:?}: {}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    serving.stop();
    // Fails if a line does not hold.
    node.json(&["verify"]);
}
