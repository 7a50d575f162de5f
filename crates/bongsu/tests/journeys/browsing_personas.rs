//! What the pages for personas and hunting answer, in a real browser: on a desktop and on a phone, light and dark, in English and Korean.

use serde_json::json;

use crate::browsing::{axe, faults};
use crate::browsing_tasks::page;
use crate::chromium::{Chromium, Looks};
use crate::node::{Node, bundle, id};
use crate::persona_pages::alleged;

#[test]
fn outcomes_contests_and_finds_can_be_read_by_everyone() {
    let axe = axe();
    let node = Node::with_members();
    node.json(&[
        "circle", "add", "region", "--title", "Region", "--member", "exchange", "--member", "detect",
    ]);
    let file = node.file("personas.json", bundle(&alleged()));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let list = node.file("list.txt", "evil-k3.top\n45.83.64.0/24\n");
    node.json(&["import", &list, "--circle", "region", "--as", "exchange"]);
    let contest = ["persona", "contest", &id("identity", 2), "--circle", "region", "--as", "detect"];
    node.json(&[&contest[..], &["--reason", "the wallet is a charity's"]].concat());
    let serving = node.serve();
    let home = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(home.path());
    let shots = std::env::var_os("BONGSU_SHOTS");
    let application = json!([
        {"id": "A-17", "names": ["Ana Pires"], "wallets": ["0x5c411cb174c2e163f6465252ae895f3e3e5a8792"], "tools": ["AnyDesk"],
         "emails": ["x"]},
        {"names": ["Mary Cotter"], "wallets": ["0xf7f89251eaa664993893efea0e55d8ec3306d959"]},
    ]);
    let mut all = Vec::new();
    for looks in [Looks::DESKTOP, Looks { is_dark: true, language: "ko", has_scripts: true, ..Looks::PHONE }]
    {
        chromium.look(looks);
        let mut look = |name: &str| {
            assert_eq!(chromium.run("return document.documentElement.lang"), looks.language, "{name}");
            let found = faults(&chromium, &axe, 200);
            all.extend(found.iter().map(|fault| format!("{name} {}: {fault}", looks.language)));
            if let Some(folder) = &shots {
                chromium.shot(&std::path::Path::new(folder).join(format!("{name}{}.png", looks.width)));
            }
        };
        chromium.go(&page(&serving, &node, "detect", "/personas"));
        chromium.fill("[name=application]", &application.to_string());
        chromium.click("main form button");
        chromium.says("A-17");
        look("personas-outcome");
        chromium.says("Benjamin Nguyen");
        chromium.go(&page(&serving, &node, "exchange", "/personas/contests"));
        chromium.says("the wallet is a charity's");
        chromium.click("main details summary");
        look("personas-contests");
        chromium.go(&page(&serving, &node, "detect", "/hunt"));
        chromium.fill("[name=log]", "10.0.0.1 asked www.evil-k3.top\n45.83.64.9 answered\n");
        chromium.click("main form button");
        chromium.says("45.83.64.0/24");
        look("hunt-found");
    }
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
}
