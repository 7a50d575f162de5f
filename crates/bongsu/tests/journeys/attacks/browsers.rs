//! A real browser looks at pages full of attacks: no script runs, and nobody is asked for anything.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::hostile::{Attack, node};
use crate::node::id;

#[test]
fn chromium_runs_nothing_that_others_wrote() {
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let canary = listening.local_addr().unwrap().port();
    let came = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&came);
    std::thread::spawn(move || listening.incoming().for_each(|_| _ = counted.fetch_add(1, Ordering::SeqCst)));
    let node = node(&mut Attack::new(canary));
    let serving = node.serve();
    let object = |object_type: &str| format!("/objects/region/{}", id(object_type, 1));
    let paths = [
        "/".to_owned(),
        "/objects".to_owned(),
        "/contacts".to_owned(),
        "/confidence".to_owned(),
        "/playbooks".to_owned(),
        "/asks".to_owned(),
        "/d/advisory.html".to_owned(),
        "/d/advisory.html?lang=ko".to_owned(),
        object("malware"),
        object("indicator"),
        object("course-of-action"),
        format!("/playbooks/region/{}", id("course-of-action", 1)),
        "/objects?q=%3Cscript%3Efetch(%27http://127.0.0.1%27)%3C/script%3E".to_owned(),
    ];
    let browse = |url: &str| {
        let home = tempfile::tempdir().unwrap();
        let output = Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .arg(format!("--user-data-dir={}", home.path().display()))
            .args(["--virtual-time-budget=3000", "--dump-dom"])
            .arg(url)
            .output()
            .unwrap_or_else(|error| panic!("chromium: {error}; run scripts/setup"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // The canary sings where a page lets it: what follows would prove nothing otherwise.
    let open = node.file("open.html", format!("<p>open</p><img src=http://127.0.0.1:{canary}/i>"));
    assert!(browse(&format!("file://{open}")).contains("open"));
    assert!(came.load(Ordering::SeqCst) > 0, "a page without a policy asks for its picture");
    came.store(0, Ordering::SeqCst);
    for path in paths {
        let address = serving.url.replace("http://", &format!("http://detect:{}@", node.tokens["detect"]));
        let dom = browse(&format!("{address}{path}"));
        let dom = ["page", "search"]
            .into_iter()
            .fold(dom, |dom, own| dom.replace(&format!("<script src=\"/{own}.js\" defer=\"\">"), ""));
        assert!(dom.contains("Bongsu") || dom.contains("advisory") || dom.contains("xk3"), "{path}: {dom}");
        for born in ["<xk3", "<script", "<iframe", "onerror=\"", "onload=\""] {
            assert!(!dom.contains(born), "{path}: {born} in {dom}");
        }
        assert_eq!(came.load(Ordering::SeqCst), 0, "{path} asked somebody");
    }
}
