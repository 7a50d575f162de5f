//! Links between the project's own pages lead to files, and to headings, that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::page::{Page, pages, root};

/// Pages beside those of `docs`.
const OTHERS: &[&str] = &["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

#[test]
fn every_link_leads_somewhere() {
    let pages: Vec<Page> = pages().into_iter().chain(OTHERS.iter().map(|name| Page::read(name))).collect();
    let anchors: BTreeMap<PathBuf, BTreeSet<String>> =
        pages.iter().map(|page| (PathBuf::from(&page.name), anchors(page))).collect();
    let mut faults = Vec::new();
    let mut followed = 0;
    for page in &pages {
        for (number, line) in page.prose() {
            for target in
                targets(line).filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
            {
                followed += 1;
                let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
                let at = match file {
                    "" => PathBuf::from(&page.name),
                    file => plain(&Path::new(&page.name).with_file_name(file)),
                };
                if !root().join(&at).exists() {
                    faults.push(format!("{}:{number}: {target} is not there", page.name));
                } else if !anchor.is_empty() && !anchors.get(&at).is_some_and(|known| known.contains(anchor))
                {
                    faults.push(format!("{}:{number}: {} has no heading #{anchor}", page.name, at.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(followed > 200, "links were found: {followed}");
}

/// Each page of `docs` is in the list of pages.
#[test]
fn the_list_of_pages_is_whole() {
    let list = Page::read("docs/README.md").text;
    let of_docs = pages().into_iter().filter_map(|page| page.name.strip_prefix("docs/").map(str::to_owned));
    let missing: Vec<String> =
        of_docs.filter(|name| name != "README.md" && !list.contains(&format!("({name})"))).collect();
    assert!(missing.is_empty(), "docs/README.md does not list {missing:?}");
}

/// Where the links of a line lead; what stands between backticks is no link.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let plain = line.split('`').enumerate();
    // A link's text may hold code, so that its target begins a piece: look for `](` in the whole line, and leave out code alone.
    let code: Vec<&str> = plain.filter(|(index, _)| index % 2 == 1).map(|(_, piece)| piece).collect();
    let found = line.match_indices("](").filter_map(|(at, _)| line[at + 2..].split(')').next());
    found.filter(move |target| !code.iter().any(|piece| piece.contains(&format!("]({target}"))))
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

/// The names by which a page's headings are led to, as GitHub makes them.
fn anchors(page: &Page) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, line) in page.prose() {
        let Some(heading) = line.strip_prefix('#').map(|line| line.trim_start_matches('#')) else { continue };
        // Of a link in a heading, the text alone counts.
        let text = heading.trim().replace("](", "](\u{0}");
        let text: String = text
            .split("](")
            .map(|piece| {
                piece.split_once(')').filter(|_| piece.starts_with('\u{0}')).map_or(piece, |(_, rest)| rest)
            })
            .collect();
        let slug: String = text
            .to_lowercase()
            .chars()
            .filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'))
            .map(|sign| if sign == ' ' { '-' } else { sign })
            .collect();
        let mut name = slug.clone();
        for number in 1.. {
            if anchors.insert(name.clone()) {
                break;
            }
            name = format!("{slug}-{number}");
        }
    }
    anchors
}

#[test]
fn headings_are_named_as_on_github() {
    let page = Page {
        name: "a.md".to_owned(),
        text: "# A\n\n## Put it back with `bongsu restore`\n\n## A\n\n## See [x](y.md), now!\n".to_owned(),
    };
    let wanted = ["a", "a-1", "put-it-back-with-bongsu-restore", "see-x-now"];
    assert_eq!(anchors(&page), wanted.map(str::to_owned).into_iter().collect());
    assert_eq!(targets("a [`b`](c.md#d) `[e](f)` ![g](h.png)").collect::<Vec<_>>(), ["c.md#d", "h.png"]);
}
