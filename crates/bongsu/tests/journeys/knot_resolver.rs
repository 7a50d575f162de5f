//! Knot Resolver refuses by the zone as a file, which is fetched and put in place by the very lines of docs/recipes.md.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::node::{Node, port, wait};
use crate::pihole::Dnsmasq;
use crate::resolver::dig;

const RECIPES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/recipes.md");
const TIME: Duration = Duration::from_secs(40);

struct Kresd(Child);

impl Drop for Kresd {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// The line of the recipe in which something stands, with this test's names.
fn line_of(part: &str, names: &[(&str, &str)]) -> String {
    let recipes = std::fs::read_to_string(RECIPES).unwrap();
    let recipe = recipes.split("\n## ").find(|recipe| recipe.starts_with("Knot Resolver\n")).unwrap();
    let line = recipe.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part}"));
    names.iter().fold(line.to_owned(), |line, (name, here)| line.replace(name, here))
}

#[test]
fn knot_resolver_refuses_by_the_file_that_the_recipe_fetches() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "block"]);
    node.brings(1, "first-k3.top");
    let serving = node.serve();
    let dir = node.dir.path();
    let zones = dir.join("zones");
    std::fs::create_dir(&zones).unwrap();
    let netrc = format!("machine 127.0.0.1\n  login block\n  password {}\n", node.tokens["block"]);
    let netrc = node.file("netrc", netrc);
    let folder = zones.display().to_string();
    let names = [
        ("https://tower.example.org", serving.url.as_str()),
        ("/etc/bongsu-netrc", &netrc),
        ("/srv/dns", &folder),
    ];
    let fetch = line_of("*/5 * * * *", &names);
    let fetch = fetch.trim().strip_prefix("*/5 * * * * root ").unwrap();
    let fetched = || {
        let ran = Command::new("sh").args(["-c", fetch]).output().unwrap();
        assert!(ran.status.success(), "{fetch}: {}", String::from_utf8_lossy(&ran.stderr));
        std::fs::metadata(zones.join("ministry.rpz")).unwrap().modified().unwrap()
    };
    let before = fetched();
    assert_eq!(before, fetched(), "nothing has changed, so nothing is fetched");

    let policy = line_of("policy.add", &names);
    let policy = policy.split('`').find(|part| part.starts_with("policy.add")).unwrap();
    let world = Dnsmasq::start("--address=/top/192.0.2.1");
    let to = port();
    let config = format!(
        "net.listen('127.0.0.1', {to}, {{ kind = 'dns' }})\ntrust_anchors.remove('.')\ncache.size = 10 * MB\n{policy}\n\
         policy.add(policy.suffix(policy.STUB('127.0.0.1@{}'), policy.todnames({{'top.'}})))\n",
        world.port
    );
    let config = node.file("kresd.conf", config);
    let run = dir.join("kresd");
    std::fs::create_dir(&run).unwrap();
    let _kresd = kresd(&config, &run);
    let answers = |name: &str, part: &str| {
        let found = wait(TIME, || dig(to, name).1.contains(part).then_some(()));
        assert!(found.is_some(), "{name} has no {part}: {}", dig(to, name).1);
    };
    answers("www.first-k3.top", "status: NXDOMAIN");
    answers("fine-k3.top", "192.0.2.1");
    node.brings(2, "second-k3.top");
    assert_ne!(before, fetched());
    answers("second-k3.top", "status: NXDOMAIN");
    answers("other-k3.top", "192.0.2.1");
}

fn kresd(config: &str, run: &Path) -> Kresd {
    let child = Command::new("/usr/sbin/kresd")
        .args(["-n", "-q", "-c", config])
        .arg(run)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Kresd(child.unwrap_or_else(|error| panic!("kresd: {error}; run scripts/setup")))
}
