//! That the crawl knows every route there is: they are read from the code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::crawl::{ALL, CHANGING};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
            false => {}
        }
    }
}

/// The text literal that a text begins with.
fn literal(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
}

#[test]
fn the_crawl_knows_every_route() {
    let known: BTreeSet<&str> = ALL.into_iter().flatten().chain(CHANGING).map(|(route, ..)| *route).collect();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for name in ["web", "exchange", "deliver"] {
        sources(&crates.join(name).join("src"), &mut files);
    }
    let (mut routes, mut unread) = (0, Vec::new());
    let mut missing = BTreeSet::new();
    let mut check = |route: &str| {
        routes += 1;
        if !known.contains(route) {
            missing.insert(route.to_owned());
        }
    };
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // What stands behind the tests' mark is no surface.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for call in text.split(".route(").skip(1) {
            match (literal(call), call.split(',').next().unwrap_or_default().trim()) {
                (Some(route), _) => check(route),
                (None, "at_once::PATH") => check(deliver::screening::http::at_once::PATH),
                (None, "keys::PATH") => check("/.well-known/jwks.json"),
                (None, "crate::auth::oidc::BACK") => check("/login/oidc/callback"),
                // TAXII's stand in a list, and are read below.
                (None, "path" | "&format!(\"{path}/\")") => {}
                (None, other) => unread.push(other.to_owned()),
            }
        }
        if file.ends_with("exchange/src/taxii/mod.rs") {
            let list = text.split("MethodRouter<Arc<State>>);").nth(1).unwrap().split("];").next().unwrap();
            list.split('(').filter_map(literal).filter(|route| route.starts_with('/')).for_each(&mut check);
        }
        if file.ends_with("deliver/src/ask.rs") {
            let list = text.split("const NAMED").nth(1).unwrap().split("];").next().unwrap();
            list.split('(').filter_map(literal).for_each(&mut check);
        }
        if file.ends_with("misp/rest/mod.rs") {
            let arms =
                text.split("fn dispatch").nth(1).unwrap().split("(controller, action)").next().unwrap();
            for arm in arms.lines().filter_map(|line| line.trim().strip_prefix("(\"")) {
                let all: Vec<&str> = arm.split(')').next().unwrap().split('"').collect();
                let controller = all[0];
                all.iter().skip(2).step_by(2).filter(|action| !action.trim().is_empty()).for_each(|action| {
                    check(&format!("{controller}/{action}"));
                });
            }
        }
    }
    assert!(unread.is_empty(), "routes that this test can't read: {unread:?}");
    assert!(routes > 120, "{routes}");
    assert!(missing.is_empty(), "add these routes to `crawl`, so that they are crawled: {missing:#?}");
}
