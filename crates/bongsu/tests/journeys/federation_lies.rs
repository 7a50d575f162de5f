//! A peer that lies: what it serves is refused and told, takes nothing from what is true, and holds up nothing. Then the truth, a
//! second version of the agreement whose signatures the nodes bring each other, and signatures that it requires.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use crate::federation::Region;
use crate::node::{Node, bundle, indicator, port, wait};

/// What is answered: the type, the body for a number that was asked behind, and whether it is cut off in the middle.
type Lie = (&'static str, Box<dyn Fn(u64) -> String + Send>, bool);

const TAXII: &str = "application/taxii+json;version=2.1";

/// A server with a peer's certificate that answers every request with the lie of the moment.
struct Liar {
    lie: Arc<Mutex<Lie>>,
    asked: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Liar {
    fn at(port: u16, certificate: &str, key: &str) -> Self {
        crate::node::provide();
        let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
        let config = Arc::new(config.unwrap());
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let lie: Lie = (TAXII, Box::new(|after| page(after, false, &[])), false);
        let (lie, asked, ends) = (Arc::new(Mutex::new(lie)), Arc::new(AtomicU64::new(0)), Arc::default());
        let (told, counted, stop) = (Arc::clone(&lie), Arc::clone(&asked), Arc::<AtomicBool>::clone(&ends));
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                stream.set_nonblocking(false).unwrap();
                let (config, told, counted) = (Arc::clone(&config), Arc::clone(&told), Arc::clone(&counted));
                std::thread::spawn(move || {
                    let connection = rustls::ServerConnection::new(config).unwrap();
                    let mut stream = rustls::StreamOwned::new(connection, stream);
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        let mut byte = [0];
                        match stream.read(&mut byte) {
                            Ok(1) => request.push(byte[0]),
                            _ => return,
                        }
                    }
                    let request = String::from_utf8_lossy(&request).into_owned();
                    let after = request.split("next=").nth(1).and_then(|rest| rest.split('&').next());
                    let after = after.and_then(|number| number.parse().ok()).unwrap_or_default();
                    let (media_type, body, cut) = {
                        let lie = told.lock().unwrap();
                        (lie.0, (lie.1)(after), lie.2)
                    };
                    let length = body.len() + if cut { 1_000 } else { 0 };
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                    );
                    counted.fetch_add(1, Ordering::Relaxed);
                    let _gone_already = stream.write_all(format!("{head}{body}").as_bytes());
                    let _gone_already = stream.flush();
                    stream.conn.send_close_notify();
                    let _gone_already = stream.flush();
                });
            }
        });
        Self { lie, asked, ends, thread: Some(thread) }
    }

    fn says(&self, media_type: &'static str, cut: bool, body: impl Fn(u64) -> String + Send + 'static) {
        *self.lie.lock().unwrap() = (media_type, Box::new(body), cut);
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _panicked_already = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn page(next: u64, more: bool, objects: &[Value]) -> String {
    json!({"more": more, "next": next.to_string(), "objects": objects}).to_string()
}

/// How it stands at a node with its peer `a`.
fn standing(node: &Node) -> Value {
    node.json(&["peer", "show", "a"])["peers"][0]["circles"][0].clone()
}

fn comes_to_say(node: &Node, field: &str, what: &str) {
    let told = wait(Duration::from_secs(60), || {
        standing(node)[field].as_str().is_some_and(|said| said.contains(what)).then_some(())
    });
    assert!(told.is_some(), "{field} does not say `{what}`: {}", standing(node));
}

/// What a node gives its peer, as that one gets it.
fn given(region: &Region, url: &str, circle: &str) -> Vec<Value> {
    let read = |name: &str| std::fs::read(region.path(name)).unwrap();
    let ca = reqwest::Certificate::from_pem(&read("ca.pem")).unwrap();
    let own = reqwest::Identity::from_pem(&[read("b.pem"), read("b.key")].concat()).unwrap();
    let client = reqwest::blocking::Client::builder().tls_certs_only([ca]).identity(own).build().unwrap();
    let answer = client.get(format!("{url}/federation/collections/{circle}/objects/?next=0&agreement=1"));
    let text = answer.send().unwrap().error_for_status().unwrap().text().unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["objects"].as_array().unwrap().clone()
}

#[test]
fn lies_of_a_peer_are_refused_and_told_and_what_is_true_comes_after_them() {
    let ports = [port(), port(), port()];
    let region = Region::new(["127.0.0.1"; 3], ports);
    region.peer(0, 1, true, false);
    region.peer(1, 0, true, false);
    let serve = |at: usize| {
        let listen = format!("127.0.0.1:{}", ports[at]);
        region.nodes[at].serve_with(&[("BONGSU__HTTP__LISTEN", &listen)])
    };
    region.import(0, 1, "a-k3.top");
    region.import(0, 2, "b-k3.top");
    let circle = region.nodes[0].json(&["circle", "show", "sea"])["circle"]["id"].clone();
    let circle = circle.as_str().unwrap();
    let home = serve(0);
    let truth = given(&region, &region.urls[0], circle);
    assert_eq!(truth.len(), 2);
    home.stop();

    let liar = Liar::at(ports[0], &region.path("a.pem"), &region.path("a.key"));
    let other = serve(1);
    let b = &region.nodes[1];
    let id_of = |at: usize| {
        let handle = format!("m{}", ["a", "b", "c"][at]);
        region.nodes[at].json(&["member", "show", &handle])["member"]["id"].as_str().unwrap().to_owned()
    };
    let stranger = "99999999-9999-4999-8999-999999999999";
    let bent = |from: &str, to: &str| -> Value {
        let text = truth[0].to_string();
        assert!(text.contains(from), "{from}: {text}");
        serde_json::from_str(&text.replace(from, to)).unwrap()
    };
    for (lie, why) in [
        (bent("a-k3.top", "x-k3.top"), "not those that its home node signed for"),
        (bent(&id_of(0), stranger), "is not in the circle's agreement"),
        (bent(&id_of(0), &id_of(2)), "is not signed by the home node"),
        (bent(circle, stranger), "about another circle"),
        (indicator(7, "c-k3.top"), "no statement"),
    ] {
        liar.says(TAXII, false, move |after| page(after + 1, false, std::slice::from_ref(&lie)));
        comes_to_say(b, "why", why);
    }
    let held = truth.clone();
    liar.says(TAXII, false, move |after| page(after, true, &held));
    comes_to_say(b, "error", "no progress");
    liar.says("text/html", false, |after| page(after, false, &[]));
    comes_to_say(b, "error", "no TAXII");
    liar.says(TAXII, false, |_| "<html>".to_owned());
    comes_to_say(b, "error", "no envelope");
    let held = truth.clone();
    liar.says(TAXII, true, move |after| page(after + 1, false, &held));
    let cut = wait(Duration::from_secs(60), || {
        let error = standing(b)["error"].as_str().unwrap_or_default().to_owned();
        (!error.is_empty() && !error.contains("envelope")).then_some(())
    });
    assert!(cut.is_some(), "{}", standing(b));
    // Whoever never comes to an end is left and asked again, and commands are answered meanwhile.
    let before = liar.asked.load(Ordering::Relaxed);
    liar.says(TAXII, false, |after| page(after + 1, true, &[]));
    let goes_on = wait(Duration::from_secs(60), || {
        (liar.asked.load(Ordering::Relaxed) > before + 150 && standing(b)["error"].is_null()).then_some(())
    });
    assert!(goes_on.is_some(), "{}", standing(b));
    assert_eq!(region.records(1), 0, "nothing of all that is in the line");

    // The truth counts, and said again and again it counts once.
    let held = truth.clone();
    liar.says(TAXII, false, move |after| page(after + 1, false, &held));
    let both = wait(Duration::from_secs(60), || (region.records(1) == 2).then_some(()));
    assert!(both.is_some(), "{}", standing(b));
    let position = || standing(b)["position"].as_u64().unwrap();
    let now = position();
    assert!(wait(Duration::from_secs(60), || (position() > now + 2).then_some(())).is_some());
    assert_eq!(region.records(1), 2, "a replay adds nothing");
    drop(liar);

    let home = serve(0);
    b.json(&["peer", "again", "a"]);
    second_version(&region);
    home.stop();
    other.stop();
    for node in &region.nodes[..2] {
        node.json(&["verify"]);
    }
}

/// The members agree anew, that signatures are required: nodes bring each other their members' signatures under the draft, stop
/// while they go by two versions, and go on; and what is signed goes from one to the other.
fn second_version(region: &Region) {
    let (a, b) = (&region.nodes[0], &region.nodes[1]);
    let mut draft = vec!["agreement".to_owned(), "draft".to_owned(), "sea".to_owned()];
    for name in ["a", "b", "c"] {
        draft.extend(["--party".to_owned(), region.path(&format!("{name}.party"))]);
    }
    draft.extend(["--signatures".to_owned(), "required".to_owned()]);
    let draft: Vec<&str> = draft.iter().map(String::as_str).collect();
    let drafted = a.json(&draft);
    assert_eq!(drafted["agreement"]["version"], 2);
    let copies = ["a", "b", "c"].map(|name| region.write(&format!("{name}.second"), &drafted));
    for (name, copy) in ["a", "b", "c"].iter().zip(&copies) {
        a.json(&["agreement", "sign", copy, "--key", &region.path(&format!("m{name}.key"))]);
    }
    // The third can't be reached: its signature goes by hand, to one of the others.
    a.json(&["agreement", "join", &copies[0], &copies[2]]);
    assert_eq!(a.json(&["agreement", "propose", &copies[0]])["missing"], json!(["mb"]));
    assert_eq!(b.json(&["agreement", "propose", &copies[1]])["missing"], json!(["ma", "mc"]));
    let signed = |node: &Node| {
        let shown = node.json(&["agreement", "show", "sea", "--proposed"]);
        shown["signatures"].as_object().map(serde_json::Map::len) == Some(3)
    };
    let all = wait(Duration::from_secs(60), || (signed(a) && signed(b)).then_some(()));
    assert!(all.is_some(), "{}", b.json(&["agreement", "show", "sea", "--proposed"]));
    assert_eq!(a.json(&["agreement", "add", "--proposed", "sea"])["version"], 2);
    comes_to_say(b, "error", "version 2 of the agreement counts here");
    assert_eq!(b.json(&["agreement", "add", "--proposed", "sea"])["version"], 2);
    let heals = wait(Duration::from_secs(60), || standing(b)["error"].is_null().then_some(()));
    assert!(heals.is_some(), "{}", standing(b));

    let had = region.records(1);
    let unsigned = a.file("unsigned.json", bundle(&[indicator(20, "d-k3.top")]));
    let told = a.json(&["import", &unsigned, "--circle", "sea", "--as", "ma"]);
    assert_eq!(told["added"], 0, "{told}");
    let (key, out) = (region.path("ma.key"), region.path("signed.json"));
    a.json(&["sign", &unsigned, "--key", &key, "--out", &out]);
    assert_eq!(a.json(&["import", &out, "--circle", "sea", "--as", "ma"])["added"], 1);
    let comes = wait(Duration::from_secs(60), || (region.records(1) == had + 1).then_some(()));
    assert!(comes.is_some(), "{}", standing(b));
    let states = |node: &Node| node.json(&["circle", "signatures", "sea"])["states"].clone();
    assert_eq!(states(a), states(b), "both nodes say the same of whose signatures hold");
}
