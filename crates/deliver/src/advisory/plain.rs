//! An advisory as plain text: UTF-8, wrapped at 72 columns.
//!
//! Lines are broken where Unicode lets them, and columns are those of a terminal, where Hangul takes two. An
//! address is never broken.

use unicode_width::UnicodeWidthStr as _;

use super::breaks::pieces;
use super::content::Advisory;
use super::page::{Block, Page, Step, Table, VALUES};

/// Columns of a line.
const COLUMNS: usize = 72;

pub(super) fn render(advisory: &Advisory) -> String {
    text(&Page::of(advisory))
}

/// Blocks as plain text.
pub(crate) fn text(page: &Page) -> String {
    let label = format!("{:>COLUMNS$}\n", page.tlp.to_string());
    let mut out = label.clone();
    out.push('\n');
    underlined(&mut out, &page.heading, '=');
    wrapped(&mut out, "", "", &page.dateline);
    wrapped(&mut out, "", "", &format!("{}: {}", page.tlp, page.handling));
    for block in &page.blocks {
        match block {
            Block::Heading(_, text) => {
                out.push('\n');
                underlined(&mut out, text, '-');
            }
            Block::Subheading(text) => {
                out.push('\n');
                wrapped(&mut out, "", "", text);
            }
            Block::Text(text) | Block::Soft(text) => wrapped(&mut out, "", "", text),
            Block::Bullets(items) => items.iter().for_each(|item| wrapped(&mut out, "- ", "  ", item)),
            Block::Steps(steps) => to_do(&mut out, steps),
            Block::Table(rows) => table(&mut out, rows),
            Block::Link(text, url) => {
                wrapped(&mut out, "", "", text);
                out.push_str(&format!("{url}\n"));
            }
        }
    }
    out.push('\n');
    out.push_str(&label);
    out
}

fn underlined(out: &mut String, text: &str, with: char) {
    wrapped(out, "", "", text);
    out.extend(std::iter::repeat_n(with, text.width().min(COLUMNS)));
    out.push('\n');
}

fn to_do(out: &mut String, steps: &[Step]) {
    for (at, step) in steps.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        wrapped(out, &format!("{:>2}. ", at + 1), "    ", &step.title);
        if !step.text.is_empty() {
            wrapped(out, "    ", "    ", &step.text);
        }
        step.parts.iter().for_each(|part| wrapped(out, "    - ", "      ", part));
    }
}

/// A table as lines: the value first, since it is what is searched for, what else is said of it under it.
fn table(out: &mut String, table: &Table) {
    out.push('\n');
    for row in &table.rows {
        let value = row.get(VALUES).map_or("", String::as_str);
        out.push_str(&format!("{value}\n"));
        let others = table
            .head
            .iter()
            .zip(row)
            .enumerate()
            .filter(|(at, (_, cell))| *at != VALUES && !cell.is_empty());
        let others = others.map(|(_, (head, cell))| format!("{head}: {cell}"));
        wrapped(out, "    ", "    ", &others.collect::<Vec<_>>().join(" · "));
    }
}

/// A paragraph, with something before its first line and before the others.
fn wrapped(out: &mut String, first: &str, others: &str, text: &str) {
    let (mut line, mut is_first) = (String::new(), true);
    let mut end = |line: &mut String| {
        let before = if std::mem::replace(&mut is_first, false) { first } else { others };
        out.push_str(format!("{before}{}", line.trim_end()).trim_end());
        out.push('\n');
        line.clear();
    };
    for (piece, is_forced) in pieces(text) {
        if !line.is_empty() && others.width() + line.width() + piece.trim_end().width() > COLUMNS {
            end(&mut line);
        }
        line.push_str(piece);
        if is_forced {
            end(&mut line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_they_may_be() {
        for text in ["word ".repeat(60), "한국어 문장입니다. ".repeat(20), "Tiếng Việt có dấu ".repeat(20)]
        {
            let mut out = String::new();
            wrapped(&mut out, "- ", "  ", &text);
            assert!(out.lines().all(|line| line.width() <= COLUMNS), "{out}");
            assert!(out.lines().count() > 3 && out.starts_with("- "), "{out}");
            assert_eq!(
                out.split_whitespace().skip(1).collect::<Vec<_>>(),
                text.split_whitespace().collect::<Vec<_>>()
            );
        }
        let mut out = String::new();
        wrapped(&mut out, "", "", &"a".repeat(100));
        assert_eq!(out, format!("{}\n", "a".repeat(100)), "what has no break in it stays whole");
    }
}
