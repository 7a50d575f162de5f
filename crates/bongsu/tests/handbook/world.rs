//! The world in which a page's commands are run, read from `worlds/`.
//!
//! A world is a file in TOML beside this one, so that who writes a page can say what its commands need without writing Rust:
//!
//! ```toml
//! begin = '''bongsu init --name tower.example.org'''   # shell, before the page's first command
//! swap = [["/etc/mine", "{W}/mine"]]                    # what of the page's text is another here
//!
//! [[file]]                                              # code of the page that belongs in a file
//! begins = "format = \"csv\""                           # by its first line
//! nth = 2                                               # the second that begins so; the first if it is not said
//! to = "feed.toml"
//!
//! [[line]]                                              # what must be known of one command
//! is = "bongsu ca list"                                 # a star at the end: all that begin so
//! before = '''…'''                                      # shell, before it
//! code = 3                                              # how it ends, if not with 0
//! says = ["ministry"]                                   # what stands in what it prints
//! background = "Serving"                                # it goes on running; what it prints when it is ready
//! why = "…"
//!
//! [[not_run]]                                           # what can't be run here
//! lines = ["sudo systemctl start bongsu"]
//! why = "no systemd runs where tests run"
//! test = "journeys/rpz.rs::a_test"                      # what runs the like instead
//! ```
//!
//! `{W}` is the world's folder, `{http}` the address of its node with the scheme, `{port}` the same's port, `{dns}` the port of its
//! DNS server, `{shared}` the folder of real data, `{peers}` that of installed peers, `{docs}` that of the pages. What a world says about something that the page
//! has no longer fails its test.

use std::path::Path;

use serde::Deserialize;

use crate::page::{Page, Part, root};
use crate::statement::{Statement, statements};

/// What stands the same on all pages, and is another here.
const EVERYWHERE: &[(&str, &str)] = &[
    ("/usr/local/bin/bongsu", "{W}/bin/bongsu"),
    ("/usr/bin/bongsu", "{W}/bin/bongsu"),
    ("/var/lib/", "{W}/var/lib/"),
    ("/var/backups/", "{W}/var/backups/"),
    ("/var/log/", "{W}/var/log/"),
    ("/srv/", "{W}/srv/"),
    ("/etc/bongsu", "{W}/etc/bongsu"),
    ("/root/", "{W}/root/"),
    ("https://tower.example.org", "{http}"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct World {
    pub(crate) begin: String,
    pub(crate) swap: Vec<(String, String)>,
    pub(crate) file: Vec<File>,
    pub(crate) line: Vec<Line>,
    pub(crate) not_run: Vec<NotRun>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) begins: String,
    #[serde(default)]
    pub(crate) nth: usize,
    pub(crate) to: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Line {
    pub(crate) is: String,
    pub(crate) before: String,
    pub(crate) code: i32,
    pub(crate) says: Vec<String>,
    pub(crate) background: String,
    pub(crate) why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotRun {
    pub(crate) lines: Vec<String>,
    pub(crate) why: String,
    pub(crate) test: Option<String>,
}

/// What a world's names stand for.
pub(crate) struct Names {
    pub(crate) folder: String,
    pub(crate) http: u16,
    pub(crate) dns: u16,
}

impl Names {
    fn put(&self, text: &str) -> String {
        let at = |path: &Path| path.to_str().unwrap().to_owned();
        let names = [
            ("{W}", self.folder.clone()),
            ("{http}", format!("http://127.0.0.1:{}", self.http)),
            ("{port}", self.http.to_string()),
            ("{dns}", self.dns.to_string()),
            ("{shared}", at(&root().join("../shared/data"))),
            ("{peers}", at(&root().join(".peers"))),
            ("{docs}", at(&root().join("docs"))),
        ];
        names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

/// Where a page's world is described; `None` if it has none.
pub(crate) fn described(page: &str) -> Option<String> {
    let name = page.trim_start_matches("docs/").trim_end_matches(".md").to_lowercase();
    std::fs::read_to_string(root().join(format!("crates/bongsu/tests/handbook/worlds/{name}.toml"))).ok()
}

impl World {
    /// The world of a page.
    pub(crate) fn read(page: &str, names: &Names) -> Self {
        let text = described(page)
            .unwrap_or_else(|| panic!("{page} has commands, and no world in which they are run"));
        let mut world: Self =
            toml::from_str(&names.put(&text)).unwrap_or_else(|error| panic!("the world of {page}: {error}"));
        let everywhere = EVERYWHERE.iter().map(|(from, to)| ((*from).to_owned(), names.put(to)));
        world.swap.extend(everywhere);
        world
    }

    /// A text of the page as it is here.
    ///
    /// Of swaps that fit at one place the first counts, and what it puts there is not swapped again.
    pub(crate) fn swapped(&self, text: &str) -> String {
        let mut swapped = String::new();
        let mut rest = text;
        while let Some(sign) = rest.chars().next() {
            let fits = self.swap.iter().find(|(from, _)| !from.is_empty() && rest.starts_with(from.as_str()));
            let taken = match fits {
                Some((from, to)) => {
                    swapped.push_str(to);
                    from.len()
                }
                None => {
                    swapped.push(sign);
                    sign.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
        swapped
    }

    /// What is known of a statement.
    pub(crate) fn about(&self, statement: &Statement) -> Vec<&Line> {
        let name = statement.name();
        self.line.iter().filter(|line| means(&line.is, &name)).collect()
    }

    /// Why a statement is not run.
    pub(crate) fn left_out(&self, statement: &Statement) -> Option<&NotRun> {
        let name = statement.name();
        self.not_run.iter().find(|one| one.lines.iter().any(|line| means(line, &name)))
    }

    /// The code of the page that belongs in a file.
    pub(crate) fn part<'a>(&self, file: &File, parts: &'a [Part]) -> Option<&'a Part> {
        parts.iter().filter(|part| part.lines[0] == file.begins).nth(file.nth.saturating_sub(1))
    }

    /// What the world says about something that is not on the page.
    pub(crate) fn stale(&self, page: &Page) -> Vec<String> {
        let statements = statements(page);
        let parts = page.parts();
        let names: Vec<String> = statements.iter().map(Statement::name).collect();
        let is_there = |line: &str| names.iter().any(|name| means(line, name));
        let mut stale = Vec::new();
        let said =
            self.line.iter().map(|line| &line.is).chain(self.not_run.iter().flat_map(|one| &one.lines));
        stale.extend(said.filter(|line| !is_there(line)).map(|line| format!("no command `{line}`")));
        for file in &self.file {
            if self.part(file, &parts).is_none() {
                stale.push(format!("no code that begins with `{}`", file.begins));
            }
        }
        let own = &self.swap[..self.swap.len() - EVERYWHERE.len()];
        let stands = |text: &str| parts.iter().any(|part| part.lines.join("\n").contains(text));
        stale.extend(own.iter().filter(|(from, _)| !stands(from)).map(|(from, _)| format!("no `{from}`")));
        for one in &self.not_run {
            if one.why.trim().is_empty() {
                stale.push(format!("no reason why {:?} are not run", one.lines));
            }
        }
        for line in self.line.iter().filter(|line| line.code != 0 && line.why.trim().is_empty()) {
            stale.push(format!("no reason why `{}` ends with {}", line.is, line.code));
        }
        stale
    }
}

/// Whether a line of a world means a statement.
fn means(line: &str, name: &str) -> bool {
    match line.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => line == name,
    }
}
