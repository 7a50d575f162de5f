//! Log-in at a provider: a real one (oidc-provider), through its own pages, and one that lies.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

use crate::node::{Node, Serving, port};
use crate::people::{Browser, PASSWORD, Page};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/oidc_provider.mjs");
const PACKAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/oidc/node_modules");
pub(crate) const SECRET: &str = "s3cret, with & signs: of its own";

/// A provider, as its own process, and what it says: it ends when nobody hears it.
pub(crate) struct Provider(
    Child,
    #[expect(dead_code, reason = "it is open as long as this lives")] BufReader<ChildStdout>,
);

impl Drop for Provider {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ended_already = self.0.wait();
    }
}

impl Provider {
    pub(crate) fn start(port: u16, back: &str, algorithm: &str) -> Self {
        let args = [&port.to_string(), back, SECRET, PACKAGES, algorithm];
        let node =
            Command::new("node").arg(SCRIPT).args(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = node.unwrap_or_else(|error| panic!("Node.js: {error}; scripts/setup installs it"));
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "listening", "scripts/setup installs oidc-provider");
        Self(child, out)
    }
}

/// A node that asks the provider at `issuer`, and serves.
fn serving(node: &Node, issuer: &str, claim: &str) -> (Serving, String) {
    serving_with(node, issuer, &[("BONGSU__OIDC__CLAIM", claim)])
}

fn serving_with(node: &Node, issuer: &str, more: &[(&str, &str)]) -> (Serving, String) {
    let port = port();
    let public = format!("http://127.0.0.1:{port}");
    let secret = node.file("oidc.secret", format!("{SECRET}\n"));
    let listen = format!("127.0.0.1:{port}");
    let own = [
        ("BONGSU__HTTP__LISTEN", listen.as_str()),
        ("BONGSU__HTTP__PUBLIC_URL", &public),
        ("BONGSU__OIDC__ISSUER", issuer),
        ("BONGSU__OIDC__CLIENT_ID", "tower"),
        ("BONGSU__OIDC__CLIENT_SECRET_FILE", &secret),
        ("BONGSU__OIDC__NAME", "CERT <id>"),
    ];
    (node.serve_with(&[&own[..], more].concat()), public)
}

/// What stands in the query of an address.
fn query(url: &str) -> HashMap<String, String> {
    let pairs = url.split_once('?').unwrap().1.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            let hex = |digit: Option<u8>| char::from(digit.unwrap()).to_digit(16).unwrap();
            bytes.push(if byte == b'%' {
                u8::try_from(hex(rest.next()) * 16 + hex(rest.next())).unwrap()
            } else {
                byte
            });
        }
        String::from_utf8(bytes).unwrap()
    };
    pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

/// Walks the provider's pages as `name`; gives the address to which it sends the browser back.
pub(crate) fn at_provider(start: &str, issuer: &str, back: &str, name: &str) -> String {
    let client =
        reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut cookies = HashMap::new();
    let (mut url, mut form) = (start.to_owned(), None::<String>);
    for _ in 0..12 {
        let request = match form.take() {
            Some(form) => {
                client.post(&url).header("content-type", "application/x-www-form-urlencoded").body(form)
            }
            None => client.get(&url),
        };
        let shown: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header("cookie", shown.join("; ")).send().unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        if let Some(to) = answer.headers().get("location") {
            let to = to.to_str().unwrap();
            if to.starts_with(back) {
                return to.to_owned();
            }
            url = if to.starts_with('/') { format!("{issuer}{to}") } else { to.to_owned() };
            continue;
        }
        let text = answer.text().unwrap();
        let cut = |begin: &str| {
            text.split_once(begin).unwrap_or_else(|| panic!("{text}")).1.split('"').next().unwrap().to_owned()
        };
        let prompt = cut("name=\"prompt\" value=\"");
        form = Some(format!("prompt={prompt}&login={name}&password=any"));
        url = cut("action=\"");
    }
    panic!("the provider never sent the browser back");
}

/// Goes where the page leads, and comes back.
fn log_in(browser: &mut Browser<'_>, begin: &str, issuer: &str, public: &str, name: &str) -> Page {
    let begun = browser.get(begin);
    assert_eq!(begun.status, 303, "{}", begun.text);
    let back = at_provider(&begun.to.unwrap(), issuer, &format!("{public}/login/oidc/callback"), name);
    browser.get(back.strip_prefix(public).unwrap())
}

fn add(node: &Node, user: &str, more: &[&str]) -> Value {
    node.json(&[&["person", "add", user, "--member", "exchange", "--role", "reader"][..], more].concat())
}

/// The same node's commands with the issuer in their configuration.
pub(crate) fn add_bound(node: &Node, issuer: &str, user: &str, subject: &str) -> (Option<i32>, String) {
    let args = ["person", "add", user, "--member", "exchange", "--role", "reader", "--oidc", subject];
    let mut command = node.command(&args);
    command.env("BONGSU__OIDC__ISSUER", issuer).env("BONGSU__OIDC__CLIENT_ID", "tower");
    let output = command.env("BONGSU__HTTP__PUBLIC_URL", "http://127.0.0.1:1").output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn people_log_in_at_a_real_provider_by_each_algorithm() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let node = Node::with_members();
        let at = port();
        let issuer = format!("http://127.0.0.1:{at}");
        assert_eq!(add_bound(&node, &issuer, "kim", "kim-at-id").0, Some(0));
        let (code, said) = add_bound(&node, &issuer, "other", "kim-at-id");
        assert!(code == Some(1) && said.contains("another person here is bound"), "{said}");
        let link = add(&node, "lee", &[])["link"].as_str().unwrap().to_owned();
        let (serving, public) = serving(&node, &issuer, "sub");
        let back = format!("{public}/login/oidc/callback");

        // Before the provider is there, people are told so.
        let mut kim = Browser::new(&serving);
        let page = kim.get("/login");
        assert!(
            page.text.contains("Log in at CERT &#60;id&#62;")
                || page.text.contains("Log in at CERT &lt;id&gt;"),
            "{}",
            page.text
        );
        let page = kim.get("/login/oidc?to=/objects");
        assert!(page.status == 503 && page.text.contains("does not answer as it should"), "{}", page.text);
        let _provider = Provider::start(at, &back, algorithm);

        let page = log_in(&mut kim, "/login/oidc?to=/objects", &issuer, &public, "kim-at-id");
        assert_eq!((page.status, page.to.as_deref()), (303, Some("/objects")), "{algorithm}: {}", page.text);
        assert_eq!(kim.get("/objects").status, 200);
        let own = kim.get("/account");
        assert!(
            own.text.contains("calls you kim-at-id") && own.text.contains("no password here"),
            "{}",
            own.text
        );

        // Who is logged in there and not known here gets nowhere, and is told what to do.
        let mut eve = Browser::new(&serving);
        let page = log_in(&mut eve, "/login/oidc", &issuer, &public, "eve");
        assert!(page.status == 403 && page.text.contains("calls you: eve"), "{}", page.text);
        assert_eq!(eve.get("/objects").status, 303, "no session");

        // An invitation binds, once; nobody takes another's place.
        let mut lee = Browser::new(&serving);
        let begin = lee.get(&link).between("href=\"/login/oidc?invitation=", "\"").to_owned();
        let begin = format!("/login/oidc?invitation={begin}");
        let page = log_in(&mut lee, &begin, &issuer, &public, "kim-at-id");
        assert!(page.status == 403 && page.text.contains("bound to this log-in"), "{}", page.text);
        let page = log_in(&mut lee, &begin, &issuer, &public, "lee-at-id");
        assert_eq!(page.status, 303, "{}", page.text);
        assert_eq!(
            (lee.get("/account").status, lee.get(&begin).status, lee.get(&link).status),
            (200, 404, 404)
        );
        let page = log_in(&mut Browser::new(&serving), "/login/oidc", &issuer, &public, "lee-at-id");
        assert_eq!(page.status, 303, "{}", page.text);

        // Codes beside it are not guessed: what fails counts, and soon the right one is not taken either.
        let recovery = crate::second_factor::set_up(&mut kim);
        for _ in 0..5 {
            assert_eq!(kim.post("/account", "/account/codes/remove", &[("code", "wrong")]).status, 200);
        }
        let page = kim.post("/account", "/account/codes/remove", &[("code", recovery[0].as_str())]);
        assert_eq!((page.status, page.to), (200, None), "{}", page.text);
        assert!(kim.get("/account").text.contains("/account/codes/remove"), "they are there");

        // A person who has ended is not let in, and gets the answer of one who was never there.
        let acts = node.json(&["person", "acts"])["acts"].to_string();
        assert!(acts.contains("set the log-in of lee: it has a log-in elsewhere"), "{acts}");
        node.json(&["person", "end", "kim"]);
        assert_eq!(kim.get("/objects").status, 303, "the session has ended");
        let page = log_in(&mut Browser::new(&serving), "/login/oidc", &issuer, &public, "kim-at-id");
        assert!(page.status == 403 && page.text.contains("nobody here is bound"), "{}", page.text);
    }
}

#[test]
fn another_claim_can_name_people_but_no_address_that_was_not_verified() {
    let node = Node::with_members();
    let at = port();
    let issuer = format!("http://127.0.0.1:{at}");
    for user in ["kim", "eve"] {
        assert_eq!(add_bound(&node, &issuer, user, &format!("{user}@cert.example")).0, Some(0));
    }
    let (serving, public) = serving(&node, &issuer, "email");
    let _provider = Provider::start(at, &format!("{public}/login/oidc/callback"), "ES256");
    let page = log_in(&mut Browser::new(&serving), "/login/oidc", &issuer, &public, "kim");
    assert_eq!(page.status, 303, "{}", page.text);
    let page = log_in(&mut Browser::new(&serving), "/login/oidc", &issuer, &public, "eve");
    assert_eq!(page.status, 401, "{}", page.text);
}

#[test]
fn a_provider_must_say_that_somebody_logged_in_as_well_as_is_demanded() {
    for (key, wanted, asked) in [
        (
            "BONGSU__OIDC__ACR",
            "[\"urn:tower:mfa\", \"urn:tower:gold\"]",
            Some("urn:tower:mfa urn:tower:gold"),
        ),
        ("BONGSU__OIDC__AMR", "[\"hwk\", \"otp\"]", None),
    ] {
        let node = Node::with_members();
        let at = port();
        let issuer = format!("http://127.0.0.1:{at}");
        for (user, subject) in [("kim", "strong-kim"), ("lee", "lee-at-id")] {
            assert_eq!(add_bound(&node, &issuer, user, subject).0, Some(0));
        }
        let link = add(&node, "eve", &[])["link"].as_str().unwrap().to_owned();
        let demanded = [(key, wanted), ("BONGSU__PEOPLE__SECOND_FACTOR", "[\"reader\"]")];
        let (serving, public) = serving_with(&node, &issuer, &demanded);
        let _provider = Provider::start(at, &format!("{public}/login/oidc/callback"), "ES256");
        let begun = Browser::new(&serving).get("/login/oidc").to.unwrap();
        assert_eq!(query(&begun).get("acr_values").map(String::as_str), asked, "{key}");

        // Who has logged in there with a code needs no other one here.
        let mut kim = Browser::new(&serving);
        let page = log_in(&mut kim, "/login/oidc?to=/objects", &issuer, &public, "strong-kim");
        assert_eq!((page.status, page.to.as_deref()), (303, Some("/objects")), "{key}: {}", page.text);
        assert_eq!(kim.get("/objects").status, 200, "{key}");
        let refused = |page: &Page| {
            assert_eq!(page.status, 403, "{key}: {}", page.text);
            assert!(page.text.contains("not as well as this node asks"), "{key}: {}", page.text);
        };
        let mut lee = Browser::new(&serving);
        refused(&log_in(&mut lee, "/login/oidc", &issuer, &public, "lee-at-id"));
        assert_eq!(lee.get("/objects").to.as_deref(), Some("/login?to=/objects"), "{key}: no session");

        // It binds nobody either, and the link is still good.
        let mut eve = Browser::new(&serving);
        let begin = eve.get(&link).between("href=\"/login/oidc?invitation=", "\"").to_owned();
        let begin = format!("/login/oidc?invitation={begin}");
        refused(&log_in(&mut eve, &begin, &issuer, &public, "eve-at-id"));
        assert_eq!(log_in(&mut eve, &begin, &issuer, &public, "strong-eve").status, 303, "{key}");

        // A password of one's own is no second factor, whoever is bound elsewhere.
        let page = kim.post("/account", "/account/password", &[("new", PASSWORD), ("again", PASSWORD)]);
        assert_eq!(page.status, 303, "{key}: {}", page.text);
        assert_eq!(kim.get("/objects").status, 200, "{key}: this session goes on as it began");
        let mut alone = Browser::new(&serving);
        assert_eq!(alone.log_in("kim", PASSWORD, "").status, 303, "{key}");
        assert_eq!(alone.get("/objects").to.as_deref(), Some("/account"), "{key}");
    }
}

/// What a lying provider says next.
struct Says {
    key: SigningKey,
    kid: &'static str,
    header: Value,
    claims: Value,
    status: u16,
    /// What it was asked for a token with.
    asked: Vec<String>,
}

struct Liar {
    says: Arc<Mutex<Says>>,
    issuer: String,
}

impl Liar {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(Says {
            key: SigningKey::from_bytes(&[1; 32]),
            kid: "one",
            header: json!({}),
            claims: json!({}),
            status: 200,
            asked: Vec::new(),
        }));
        let (working, own) = (Arc::clone(&says), issuer.clone());
        std::thread::spawn(move || {
            listener.incoming().flatten().for_each(|stream| answer(stream, &working, &own))
        });
        Self { says, issuer }
    }
}

fn answer(mut stream: TcpStream, says: &Mutex<Says>, issuer: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    if reader.read_line(&mut first).unwrap_or_default() == 0 {
        return;
    }
    let mut head = String::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut says = says.lock().unwrap();
    let (status, text) = match first.split(' ').nth(1).unwrap() {
        "/.well-known/openid-configuration" => (
            200,
            json!({
                "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
                "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
                "authorization_response_iss_parameter_supported": true,
            }),
        ),
        "/jwks" => (
            200,
            json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": says.kid, "x": B64.encode(says.key.verifying_key().as_bytes())}]}),
        ),
        _ => {
            says.asked.push(format!("{head}\n{}", String::from_utf8_lossy(&body)));
            let text =
                format!("{}.{}", B64.encode(says.header.to_string()), B64.encode(says.claims.to_string()));
            let seal = match says.header["alg"].as_str() {
                Some("none") => Vec::new(),
                _ => says.key.sign(text.as_bytes()).to_bytes().to_vec(),
            };
            match says.status {
                200 => (
                    200,
                    json!({"id_token": format!("{text}.{}", B64.encode(seal)), "token_type": "Bearer", "access_token": "x"}),
                ),
                status => (status, json!({"error": "invalid_grant"})),
            }
        }
    };
    let text = text.to_string();
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len()).unwrap();
}

#[test]
fn a_provider_or_a_browser_that_lies_lets_nobody_in() {
    let node = Node::with_members();
    let liar = Liar::start();
    assert_eq!(add_bound(&node, &liar.issuer, "kim", "kim").0, Some(0));
    let (serving, _) = serving(&node, &liar.issuer, "sub");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // Begins a log-in; gives what the node asked the provider for.
    let begin = |browser: &mut Browser<'_>| {
        let begun = browser.get("/login/oidc");
        assert_eq!(begun.status, 303, "{}", begun.text);
        query(&begun.to.unwrap())
    };
    let says = |asked: &HashMap<String, String>| {
        let mut says = liar.says.lock().unwrap();
        says.header = json!({"alg": "EdDSA", "kid": says.kid});
        says.claims = json!({"iss": liar.issuer, "sub": "kim", "aud": "tower", "exp": now + 300, "iat": now, "nonce": asked["nonce"]});
        says.status = 200;
    };
    let back = |browser: &mut Browser<'_>, state: &str, iss: &str| {
        browser.get(&format!("/login/oidc/callback?code=c&state={state}&iss={iss}"))
    };
    let refused = |page: &Page, what: &str| {
        assert_eq!(page.status, 401, "{what}: {}", page.text);
        assert!(page.text.contains("did not log you in"), "{what}: {}", page.text);
        assert!(page.cookies.iter().all(|cookie| !cookie.starts_with("bongsu=")), "{what}: a session");
    };

    let mut kim = Browser::new(&serving);
    let asked = begin(&mut kim);
    assert_eq!((asked["response_type"].as_str(), asked["code_challenge_method"].as_str()), ("code", "S256"));
    assert_eq!(asked["redirect_uri"], format!("{}/login/oidc/callback", serving.url));
    says(&asked);
    let page = back(&mut kim, &asked["state"], &liar.issuer);
    assert_eq!(page.status, 303, "what is right is taken: {}", page.text);
    let sent = liar.says.lock().unwrap().asked.pop().unwrap();
    let verifier = sent.split("code_verifier=").nth(1).unwrap().split('&').next().unwrap();
    use sha2::Digest as _;
    assert_eq!(B64.encode(sha2::Sha256::digest(verifier)), asked["code_challenge"]);
    let encoded: String = "s3cret%2C%20with%20%26%20signs%3A%20of%20its%20own".into();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("tower:{encoded}"));
    assert!(sent.contains(&basic), "{sent}");
    refused(&back(&mut kim, &asked["state"], &liar.issuer), "the state a second time");

    // Lies of the provider, or of whoever stands in its place.
    type Lie<'l> = (&'l str, &'l dyn Fn(&mut Says));
    let lies: [Lie<'_>; 12] = [
        ("no algorithm", &|says| says.header = json!({"alg": "none"})),
        ("a shared key's algorithm", &|says| says.header["alg"] = "HS256".into()),
        ("another's nonce", &|says| says.claims["nonce"] = "other".into()),
        ("no nonce", &|says| drop(says.claims.as_object_mut().unwrap().remove("nonce"))),
        ("another client", &|says| says.claims["aud"] = "other".into()),
        ("two clients, none of which asked", &|says| says.claims["aud"] = json!(["tower", "other"])),
        ("another who asked", &|says| says.claims["azp"] = "other".into()),
        ("expired", &|says| says.claims["exp"] = (now - 120).into()),
        ("from the future", &|says| says.claims["iat"] = (now + 7_200).into()),
        ("another issuer", &|says| says.claims["iss"] = "https://id.example".into()),
        ("a foreign key under the known name", &|says| says.key = SigningKey::from_bytes(&[9; 32])),
        ("a code that is not good", &|says| says.status = 400),
    ];
    for (what, lie) in lies {
        let mut browser = Browser::new(&serving);
        let asked = begin(&mut browser);
        says(&asked);
        lie(&mut liar.says.lock().unwrap());
        let page = back(&mut browser, &asked["state"], &liar.issuer);
        liar.says.lock().unwrap().key = SigningKey::from_bytes(&[1; 32]);
        refused(&page, what);
    }

    // Lies of whoever sends a browser here.
    let mut browser = Browser::new(&serving);
    for (what, iss) in [("another's answer", "https://id.example"), ("no issuer", "")] {
        let asked = begin(&mut browser);
        says(&asked);
        refused(&back(&mut browser, &asked["state"], iss), what);
    }
    let asked = begin(&mut browser);
    says(&asked);
    refused(&back(&mut Browser::new(&serving), &asked["state"], &liar.issuer), "another browser");
    refused(&back(&mut browser, "made-up", &liar.issuer), "a state that nobody drew");
    let asked = begin(&mut browser);
    let denied =
        format!("/login/oidc/callback?error=access_denied&state={}&iss={}", asked["state"], liar.issuer);
    refused(&browser.get(&denied), "the provider says no");

    // New keys are looked up.
    let asked = begin(&mut browser);
    {
        let mut says = liar.says.lock().unwrap();
        (says.key, says.kid) = (SigningKey::from_bytes(&[2; 32]), "two");
    }
    says(&asked);
    let page = back(&mut browser, &asked["state"], &liar.issuer);
    assert_eq!((page.status, page.to.as_deref()), (303, Some("/")), "{}", page.text);
    // Log-in leads to this node alone.
    let begun = browser.get("/login/oidc?to=//evil.test");
    let asked = query(&begun.to.unwrap());
    says(&asked);
    assert_eq!(back(&mut browser, &asked["state"], &liar.issuer).to.as_deref(), Some("/"));
}
