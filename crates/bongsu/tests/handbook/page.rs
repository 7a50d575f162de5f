//! A page of the documentation as what a reader may copy from it: commands, configuration, JSON.
//!
//! Code stands fenced, or indented by four columns more than the text around it. Inside, each part between empty lines is of one
//! kind, which its first line tells: below a command often stands what it prints.

use std::path::{Path, PathBuf};

/// A file in Markdown.
pub(crate) struct Page {
    /// Its path from the root of the project, such as `docs/operate.md`.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Lines of code that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The number of its first line on the page, from 1.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
    pub(crate) lines: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For a shell.
    Commands,
    /// TOML: the node's configuration, or a table of something else.
    Toml,
    Json,
    /// What is printed, other programs' configuration, other languages.
    Other,
}

/// Words with which commands begin that stand in the documentation.
const PROGRAMS: &[&str] = &[
    "[",
    "alias",
    "bongsu",
    "bongsu-cluster",
    "cargo",
    "cd",
    "curl",
    "dig",
    "export",
    "for",
    "git",
    "grep",
    "journalctl",
    "mkdir",
    "mv",
    "named-checkconf",
    "nft",
    "openssl",
    "printf",
    "promtool",
    "python3",
    "rndc",
    "sed",
    "sh",
    "sha256sum",
    "shred",
    "sudo",
    "suricata",
    "systemctl",
    "systemd-analyze",
    "unzip",
    "docker",
    "podman",
    "dpkg",
    "apt-get",
];

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// README.md and all pages of `docs`, in order.
pub(crate) fn pages() -> Vec<Page> {
    let folder = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let names = folder.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut names: Vec<String> =
        names.map(|path| format!("docs/{}", path.file_name().unwrap().to_str().unwrap())).collect();
    names.sort();
    names.insert(0, "README.md".to_owned());
    names.into_iter().map(|name| Page::read(&name)).collect()
}

impl Page {
    pub(crate) fn read(name: &str) -> Self {
        let path = root().join(name);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { name: name.to_owned(), text }
    }

    /// All code of the page, in order.
    pub(crate) fn parts(&self) -> Vec<Part> {
        blocks(&self.text).into_iter().flat_map(apart).collect()
    }

    /// The page's lines that are no code, with their numbers.
    pub(crate) fn prose(&self) -> Vec<(usize, &str)> {
        let code: Vec<(usize, usize)> =
            blocks(&self.text).iter().map(|block| (block[0].0, block[block.len() - 1].0)).collect();
        let is_code = |number: usize| code.iter().any(|(first, last)| (*first..=*last).contains(&number));
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(number, _)| !is_code(*number)).collect()
    }
}

/// A line with its number.
type Line = (usize, String);

/// Blocks of code, without fences and without what they are indented by.
fn blocks(text: &str) -> Vec<Vec<Line>> {
    let mut blocks: Vec<Vec<Line>> = Vec::new();
    let mut open: Vec<Line> = Vec::new();
    let mut fence: Option<usize> = None;
    // Columns at which the text of a list's entry stands.
    let mut column = 0;
    let mut after_empty = true;
    for (index, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let Some(at) = fence {
            if line.trim_start().starts_with("```") {
                fence = None;
                end(&mut open, &mut blocks);
            } else {
                open.push((index + 1, line.get(at.min(indent)..).unwrap_or_default().to_owned()));
            }
            after_empty = true;
            continue;
        }
        if line.trim().is_empty() {
            if !open.is_empty() {
                open.push((index + 1, String::new()));
            }
            after_empty = true;
            continue;
        }
        if indent >= column + 4 && (after_empty || !open.is_empty()) {
            open.push((index + 1, line[column + 4..].to_owned()));
            after_empty = false;
            continue;
        }
        end(&mut open, &mut blocks);
        after_empty = line.starts_with('#');
        if line.trim_start().starts_with("```") {
            fence = Some(indent);
            column = column.min(indent);
        } else if let Some(width) = marker(line.trim_start()) {
            column = indent + width;
        } else if indent == 0 {
            column = 0;
        }
    }
    end(&mut open, &mut blocks);
    blocks
}

/// How wide the sign is with which an entry of a list begins.
fn marker(line: &str) -> Option<usize> {
    let sign = line.split(' ').next()?;
    let numbered = sign.strip_suffix('.').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let is_sign = matches!(sign, "-" | "*" | "+") || (sign.len() > 1 && numbered);
    is_sign.then_some(sign.len() + 1)
}

fn end(open: &mut Vec<Line>, blocks: &mut Vec<Vec<Line>>) {
    while open.last().is_some_and(|(_, line)| line.is_empty()) {
        open.pop();
    }
    if !open.is_empty() {
        blocks.push(std::mem::take(open));
    }
}

/// A block's parts: what empty lines divide, but for tables and programs in Python, which go on.
fn apart(block: Vec<Line>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    if ["import ", "from "].iter().any(|word| block[0].1.starts_with(word)) {
        let lines = block.iter().map(|(_, line)| line.clone()).collect();
        return vec![Part { line: block[0].0, kind: Kind::Other, lines }];
    }
    for lines in block.split(|(_, line)| line.is_empty()).filter(|lines| !lines.is_empty()) {
        let texts: Vec<String> = lines.iter().map(|(_, line)| line.clone()).collect();
        let kind = kind(&texts);
        match parts.last_mut().filter(|last| last.kind == Kind::Toml && kind == Kind::Toml) {
            Some(last) => {
                last.lines.push(String::new());
                last.lines.extend(texts);
            }
            None => parts.push(Part { line: lines[0].0, kind, lines: texts }),
        }
    }
    parts
}

fn kind(lines: &[String]) -> Kind {
    let is_note = |line: &&String| line.starts_with('#') && !line.starts_with("#!");
    let first = lines.iter().find(|line| !is_note(line)).map_or("", String::as_str);
    let word = first.split_whitespace().next().unwrap_or_default();
    let named = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    };
    if first.starts_with("#!")
        || first.starts_with("$ ")
        || PROGRAMS.contains(&word)
        || word.contains("scripts/")
        || word.starts_with("fuzz/")
    {
        return Kind::Commands;
    }
    if word.split_once('=').is_some_and(|(name, _)| named(name) && name.to_uppercase() == name) {
        return Kind::Commands;
    }
    if first.starts_with('{') || first.starts_with('"') && first.contains("\": ") {
        return Kind::Json;
    }
    let section = first.trim_start_matches('[').split(']').next().unwrap_or_default();
    let is_section = first.starts_with('[') && named(section) && section.to_lowercase() == section;
    let is_key = first.split_once(" = ").is_some_and(|(key, _)| named(key.trim_matches('"')));
    if is_section || is_key { Kind::Toml } else { Kind::Other }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Page};

    #[test]
    fn code_is_what_is_fenced_or_indented_further_than_the_text_around_it() {
        let text = "# A\n\n    bongsu serve\n\n    Serving.\n\ntext\n    goes on\n\n- entry\n  goes on\n\n      [http]\n      listen = 1\n\n      \
            [dns]\n\n1. one\n\n       bongsu verify\n\n```json\n{\"a\": 1}\n```\n\n    TAXII='x'\n    server {\n";
        let page = Page { name: "a.md".to_owned(), text: text.to_owned() };
        let parts = page.parts();
        let found: Vec<_> = parts.iter().map(|part| (part.line, part.kind, part.lines.join("|"))).collect();
        let wanted = [
            (3, Kind::Commands, "bongsu serve"),
            (5, Kind::Other, "Serving."),
            (13, Kind::Toml, "[http]|listen = 1||[dns]"),
            (20, Kind::Commands, "bongsu verify"),
            (23, Kind::Json, "{\"a\": 1}"),
            (26, Kind::Commands, "TAXII='x'|server {"),
        ];
        assert_eq!(found, wanted.map(|(line, kind, text)| (line, kind, text.to_owned())));
        assert!(
            page.prose().contains(&(8, "    goes on"))
                && page.prose().iter().all(|(number, _)| *number != 14)
        );
    }
}
