//! README's first command: a node with real intelligence, at once, and nothing left behind.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::node::wait;

/// The demo, begun with what it keeps in a folder.
pub(crate) fn begun(folder: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    command.arg("demo").env_clear().env("TMPDIR", folder);
    command.env("BONGSU__HTTP__LISTEN", "127.0.0.1:0").env("BONGSU__DNS__LISTEN", "127.0.0.1:0");
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn the_demo_shows_what_each_got_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = begun(dir.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = String::new();
    while !said.contains("leaves nothing behind") {
        said += &(lines.next().unwrap_or_else(|| panic!("it ended: {said}")).unwrap() + "\n");
    }
    let url =
        said.split("Open ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().trim_end_matches('/');
    let client = crate::node::client();
    let get = |path: &str| client.get(format!("{url}{path}")).send().unwrap();
    let page = get("/circles").text().unwrap();
    for member in
        ["Ministry of Fisheries", "compliance desk", "Coastal ISP", "Harbour Bank SOC", "National CERT"]
    {
        assert!(page.contains(member), "{member}: {page}");
    }
    let member = get("/members/bank").text().unwrap();
    assert!(member.contains("embargo") && member.contains("tlp-over-clearance"), "{member}");
    assert!(get("/as/ministry/d/advisory.html").text().unwrap().contains("Lazarus"));
    assert_eq!(get("/api/collections/").status(), 401, "TAXII needs a credential all the same");
    // The commands that it prints work as they are printed.
    let curls = said.lines().filter(|line| line.trim_start().starts_with("curl ") && !line.contains('>'));
    for command in curls {
        let output = Command::new("bash").args(["-c", command]).output().unwrap();
        assert!(output.stdout.len() > 100, "{command}: {}", String::from_utf8_lossy(&output.stdout));
    }
    let dig = said.lines().find(|line| line.trim_start().starts_with("dig ")).unwrap();
    let output = Command::new("bash").args(["-c", dig]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("CNAME"), "{dig}");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = wait(Duration::from_secs(30), || child.try_wait().unwrap());
    assert!(ended.unwrap().success());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the folder is gone");
}
