//! All pages in a real browser, on the demo's data: as an operator and as members, on a desktop and on a phone, light and dark, in
//! English and Korean, with scripts and without. axe-core, which `scripts/setup` installs, looks for what keeps people out (WCAG 2.2 AA).

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;

use crate::chromium::{Chromium, Looks};
use crate::node::{Node, bundle, indicator, wait};

/// Bytes of a page with its style sheet and script, without pictures, that a poor line carries in a few seconds.
const FIRST_VIEW_MAX: usize = 60_000;
/// Pages that stand for a kind; each is looked at as a whole.
const OPERATOR: &[&str] = &[
    "/",
    "/display",
    "/objects",
    "/objects?type=indicator",
    "/circles",
    "/circles/region",
    "/circles/region/compare",
    "/circles/region/quarantine",
    "/members/bank",
    "/members/isp/missing",
    "/members/isp/test",
    "/members/bank/held",
    "/members/isp/guard",
    "/contacts",
    "/drills",
    "/confidence",
    "/peers",
    "/asks",
    "/playbooks",
    "/steps",
    "/recalls",
    "/start",
    "/share",
    "/ladder?member=isp",
    "/members/isp/setup/bind",
    "/members/ministry/setup/sentinel",
    "/screen",
    "/personas",
    "/personas/contests",
    "/hunt",
    "/cases",
    "/region",
    "/region/flows",
    "/region/where",
    "/region/notices",
    "/region/gaps",
    "/region/projects",
    "/region/plan",
    "/people",
    "/acts",
    "/acts?what=member",
    "/accesses",
    "/nothing-here",
];
const MEMBER: &[&str] = &[
    "/",
    "/objects",
    "/circles",
    "/asks",
    "/members/ministry",
    "/screen",
    "/personas",
    "/hunt",
    "/region/gaps",
];

/// The demo, serving.
struct Demo {
    child: Child,
    url: String,
    _dir: tempfile::TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ended_already = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ended_already = self.child.wait();
    }
}

fn demo() -> Demo {
    let dir = tempfile::tempdir().unwrap();
    let mut child = crate::demo::begun(dir.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let open = lines.by_ref().map_while(Result::ok).find(|line| line.contains("Open http")).unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    let url = open.split("Open ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    Demo { child, url: url.trim_end_matches('/').to_owned(), _dir: dir }
}

/// The text of axe-core.
pub(crate) fn axe() -> String {
    let axe = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/axe/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(axe).unwrap_or_else(|error| panic!("axe-core: {error}; run scripts/setup"))
}

/// What is wrong with the page that a browser shows: what axe finds, what runs over the edge of the window, what the console says.
pub(crate) fn faults(chromium: &Chromium, axe: &str, status: u16) -> Vec<String> {
    let mut faults = Vec::new();
    let wide = chromium.run(
        "const e = document.scrollingElement; return e.scrollWidth > window.innerWidth + 1 ? e.scrollWidth : 0",
    );
    if wide != 0 {
        faults.push(format!("it is {wide} pixels wide"));
    }
    let asked = format!(
        "{axe}; const done = arguments[arguments.length - 1];
         axe.run(document, {{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}}).then(
             found => done(found.violations.flatMap(one => one.nodes.slice(0, 3).map(
                 node => one.id + ': ' + node.html.slice(0, 160) + ' ' + node.failureSummary.slice(0, 200)))),
             error => done([String(error)]));"
    );
    let found = chromium.run_until(&asked);
    faults.extend(found.as_array().unwrap().iter().map(|one| one.as_str().unwrap_or_default().to_owned()));
    let own = format!("status of {status}");
    faults.extend(chromium.console().into_iter().filter(|said| !said.contains(&own)));
    faults
}

/// What a first view of a page takes: itself without pictures, its style sheet, its scripts.
fn weight(url: &str, path: &str, language: &str) -> usize {
    let client = crate::node::client();
    let get = |path: &str| {
        let answer = client.get(format!("{url}{path}")).header("accept-language", language).send().unwrap();
        answer.text().unwrap()
    };
    let page = get(path);
    let mut plain = String::new();
    for (at, part) in page.split("<svg").enumerate() {
        plain += if at == 0 { part } else { part.split_once("</svg>").unwrap().1 };
    }
    let files =
        page.match_indices(" src=\"/").map(|(at, _)| page[at + 6..].split('"').next().unwrap().to_owned());
    plain.len() + get("/style.css").len() + files.map(|file| get(&file).len()).sum::<usize>()
}

#[test]
fn every_page_can_be_used_by_everyone() {
    let axe = axe();
    let demo = demo();
    let home = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(home.path());
    let shots = std::env::var_os("BONGSU_SHOTS");
    let mut all = Vec::new();
    // What is wrong is found: what follows would prove nothing otherwise.
    chromium.go(&format!("{}/", demo.url));
    chromium.run("document.querySelector('main').append(document.createElement('button'))");
    let found = faults(&chromium, &axe, 200);
    assert!(found.iter().any(|fault| fault.starts_with("button-name")), "{found:?}");
    // An object with much around it.
    let first = || {
        chromium.go(&format!("{}/objects?type=intrusion-set&q=lazarus", demo.url));
        let href = chromium.run("return document.querySelector('#results tbody a')?.getAttribute('href')");
        href.as_str().map(str::to_owned)
    };
    let object = wait(Duration::from_secs(60), first).unwrap();
    let proof = format!("{object}/proof");
    let operator: Vec<&str> = OPERATOR.iter().copied().chain([object.as_str(), proof.as_str()]).collect();
    for looks in [Looks::DESKTOP, Looks { is_dark: true, language: "ko", ..Looks::PHONE }] {
        chromium.look(looks);
        for (who, paths) in [("", operator.as_slice()), ("/as/ministry", MEMBER)] {
            for path in paths {
                let at = format!("{who}{path}");
                chromium.go(&format!("{}{at}", demo.url));
                let language = chromium.run("return document.documentElement.lang");
                assert_eq!(language, looks.language, "{at}");
                let status = if *path == "/nothing-here" { 404 } else { 200 };
                let found = faults(&chromium, &axe, status);
                all.extend(
                    found.iter().map(|fault| format!("{at} {}×{}: {fault}", looks.language, looks.width)),
                );
                let weight = weight(&demo.url, &at, looks.language);
                if weight > FIRST_VIEW_MAX {
                    all.push(format!("{at}: {weight} bytes"));
                }
                if let Some(folder) = &shots {
                    let name = format!("{}{}.png", at.replace(['/', '?', '='], "_"), looks.width);
                    chromium.shot(&Path::new(folder).join(name));
                }
            }
        }
    }
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
}

#[test]
fn pages_are_read_and_forms_are_sent_without_scripts() {
    let demo = demo();
    let home = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(home.path());
    for looks in
        [Looks { has_scripts: false, ..Looks::DESKTOP }, Looks { has_scripts: false, ..Looks::PHONE }]
    {
        chromium.look(looks);
        chromium.forget();
        chromium.go(&format!("{}/", demo.url));
        chromium.says("To decide");
        // Display: the choice counts from the next page on, and the way back leads to where one was.
        chromium.click("footer a");
        chromium.says("Time zone");
        for (name, value) in [("language", "ko"), ("zone", "Asia/Seoul"), ("scheme", "dark")] {
            chromium
                .click(&format!("[name={name}] option[value='{value}'], [name={name}] option:not([value])"));
            chromium.run(&format!("document.querySelector('[name={name}]').value = '{value}'"));
        }
        chromium.click("main form button");
        chromium.says("결정할 일");
        let root = |what: &str| chromium.run(&format!("return document.documentElement.{what}"));
        assert_eq!(root("lang"), "ko");
        assert_eq!(root("dataset.scheme"), "dark");
        assert_eq!(root("dataset.zone"), "Asia/Seoul");
        let ground = chromium.run("return getComputedStyle(document.body).backgroundColor");
        assert_eq!(ground, "rgb(20, 22, 26)", "dark, whatever the device says");
        let times = chromium.run(
            "return [...document.querySelectorAll('footer time')].map(one => [one.dateTime, one.title, one.textContent])",
        );
        let time: Vec<&str> = times[0].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        let utc: jiff::Timestamp = time[0].parse().unwrap();
        let seoul = utc.as_second() + 9 * 3_600;
        let seoul = jiff::Timestamp::from_second(seoul).unwrap().to_string();
        assert_eq!(time[2], seoul[..16].replace('T', " "));
        assert!(time[1].ends_with(" UTC"), "{time:?}");
    }
}

#[test]
fn times_are_in_the_zone_of_the_device_where_none_was_chosen() {
    let demo = demo();
    let home = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(home.path());
    chromium.look(Looks::DESKTOP);
    chromium.zone("America/Bogota");
    chromium.go(&format!("{}/", demo.url));
    let told: Value =
        chromium.run("const t = document.querySelector('footer time'); return [t.dateTime, t.textContent]");
    let utc: jiff::Timestamp = told[0].as_str().unwrap().parse().unwrap();
    let bogota = jiff::Timestamp::from_second(utc.as_second() - 5 * 3_600).unwrap().to_string();
    assert_eq!(told[1].as_str().unwrap(), bogota[..16].replace('T', " "));
    assert_eq!(chromium.run("return document.querySelector('footer .zone').textContent"), "America/Bogota");
}

#[test]
fn an_open_page_shows_what_came_by_itself() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let serving = node.serve();
    let home = tempfile::tempdir().unwrap();
    let chromium = Chromium::start(home.path());
    let url = serving.url.replace("http://", &format!("http://detect:{}@", node.tokens["detect"]));
    chromium.go(&format!("{url}/"));
    chromium.says("Nothing new.");
    chromium.run("document.querySelector('h1').dataset.kept = 'yes'");
    let file = node.file("bundle.json", bundle(&[indicator(1, "live-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    chromium.says("indicator: 1");
    assert_eq!(
        chromium.run("return document.querySelector('h1').dataset.kept"),
        "yes",
        "it is the same page"
    );
    assert_eq!(chromium.console(), Vec::<String>::new());
}
