//! Lines and pages: where each piece of an advisory stands, and what it is.
//!
//! A small flow layout: blocks under each other, lines broken where Unicode lets them, pages where no line has
//! room. A heading is not left alone at the foot of a page; a table goes on over pages with its head above. Beside the
//! places it makes the tree of tags that tells a reader what is a heading, a list, a table.

use unicode_normalization::UnicodeNormalization as _;

use super::super::breaks::pieces;
use super::super::code;
use super::super::page::{Block, Page, Step, Table, VALUES};
use super::fonts::TypeCase;

/// A4 in points, and the margins; above and below them stands the label.
pub(super) const PAGE: [f32; 2] = [595.28, 841.89];
pub(super) const MARGIN: f32 = 56.0;
const TOP: f32 = 84.0;
const BOTTOM: f32 = PAGE[1] - 84.0;
const WIDTH: f32 = PAGE[0] - 2.0 * MARGIN;
/// Pages of a document. What does not fit is left out; the last page says so, and where the whole is.
const PAGES_MAX: usize = 100;
/// Pages that content may fill.
const FILLED_MAX: usize = PAGES_MAX - 1;
/// Lines of one cell.
const CELL_LINES_MAX: usize = 24;
const LEADING: f32 = 1.42;
const TEXT: Style = Style { size: 10.5, bold: false, ink: Ink::Black };
const SOFT: Style = Style { size: 9.5, bold: false, ink: Ink::Soft };
const STRONG: Style = Style { size: 10.5, bold: true, ink: Ink::Black };
const CELL: Style = Style { size: 9.0, bold: false, ink: Ink::Black };
const HEAD: Style = Style { size: 9.0, bold: true, ink: Ink::Black };
const CODE_SIDE: f32 = 96.0;
/// Lines that a link takes, with what is said of it.
const LINK_LINES: f32 = 4.0;
/// Widths of a table's columns, as parts of the whole.
const COLUMNS: [f32; 4] = [0.16, 0.42, 0.27, 0.15];
const COLUMN_GAP: f32 = 8.0;

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) ink: Ink,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Black,
    Soft,
}

/// A piece of a page.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    /// A line of text on a base line; a part of a leaf, or decoration.
    Line { x: f32, y: f32, style: Style, text: String, leaf: Option<usize>, url: Option<String> },
    /// A rule.
    Rule { x: f32, y: f32, width: f32, strong: bool },
    /// A code to scan.
    Code { x: f32, y: f32, side: f32, rows: Vec<Vec<bool>>, leaf: usize },
}

/// What a part of the document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tag {
    Title(String),
    Heading(u16, String),
    Paragraph,
    Numbered,
    Bulleted,
    Item,
    Label,
    Body,
    Table,
    Row,
    HeadCell,
    Cell,
    Figure(String),
    Link,
}

/// The tree of tags.
#[derive(Debug, Clone)]
pub(super) enum Branch {
    Group(Tag, Vec<Branch>),
    Leaf(usize),
}

/// A document that was laid out.
pub(super) struct Laid {
    pub(super) pages: Vec<Vec<Mark>>,
    pub(super) tree: Vec<Branch>,
    pub(super) leaves: usize,
    /// Headings, with their page and height.
    pub(super) outline: Vec<(String, usize, f32)>,
}

/// Lays a page of content out on pages of paper.
pub(super) fn lay(page: &Page, case: &TypeCase<'_>) -> Laid {
    let laid = Laid { pages: vec![Vec::new()], tree: Vec::new(), leaves: 0, outline: Vec::new() };
    let mut flow = Flow { case, laid, y: TOP };
    let title = Style { size: 20.0, ..STRONG };
    let branch = flow.paragraph(Tag::Title(page.heading.clone()), &page.heading, title, 0.0);
    flow.laid.tree.push(branch);
    flow.y += 4.0;
    for said in [page.dateline.clone(), format!("{}: {}", page.tlp, page.handling)] {
        let branch = flow.paragraph(Tag::Paragraph, &said, SOFT, 0.0);
        flow.laid.tree.push(branch);
    }
    for (at, block) in page.blocks.iter().enumerate() {
        if flow.laid.pages.len() > FILLED_MAX {
            break;
        }
        // A heading stays with what it stands above.
        if let (Block::Heading(..), Some(Block::Link(_, url))) = (block, page.blocks.get(at + 1)) {
            flow.room(
                64.0 + LINK_LINES * TEXT.size * LEADING
                    + if code(url).is_some() { CODE_SIDE + 16.0 } else { 0.0 },
            );
        }
        flow.block(page, block);
    }
    if flow.laid.pages.len() > FILLED_MAX {
        flow.laid.pages.truncate(FILLED_MAX);
        flow.laid.pages.push(Vec::new());
        flow.y = TOP;
        let cut = page.speech.say("cut");
        let branch = flow.paragraph(Tag::Paragraph, &cut, STRONG, 0.0);
        flow.laid.tree.push(branch);
        // The last block says where the newest version is.
        if let Some(block) = page.blocks.last() {
            flow.block(page, block);
        }
    }
    flow.laid
}

struct Flow<'c> {
    case: &'c TypeCase<'c>,
    laid: Laid,
    /// Where the next line begins.
    y: f32,
}

impl Flow<'_> {
    fn block(&mut self, page: &Page, block: &Block) {
        let branch = match block {
            Block::Heading(_, text) => {
                self.y += 16.0;
                self.room(72.0);
                let (at, top) = (self.laid.pages.len() - 1, self.y);
                self.laid.outline.push((text.clone(), at, top));
                let branch =
                    self.paragraph(Tag::Heading(1, text.clone()), text, Style { size: 13.5, ..STRONG }, 0.0);
                self.mark(Mark::Rule { x: MARGIN, y: self.y + 1.0, width: WIDTH, strong: true });
                self.y += 7.0;
                branch
            }
            Block::Subheading(text) => {
                self.y += 5.0;
                self.room(48.0);
                self.paragraph(Tag::Heading(2, text.clone()), text, Style { size: 11.0, ..STRONG }, 0.0)
            }
            Block::Text(text) => self.paragraph(Tag::Paragraph, text, TEXT, 0.0),
            Block::Soft(text) => self.paragraph(Tag::Paragraph, text, SOFT, 0.0),
            Block::Bullets(items) => {
                Branch::Group(Tag::Bulleted, items.iter().map(|item| self.item("•", item, 0.0)).collect())
            }
            Block::Steps(steps) => {
                let items = steps.iter().enumerate().map(|(at, step)| self.step(at + 1, step)).collect();
                Branch::Group(Tag::Numbered, items)
            }
            Block::Table(table) => self.table(table),
            Block::Link(text, url) => return self.link(page, text, url),
        };
        self.laid.tree.push(branch);
    }

    /// Makes sure that there is room; a new page begins if not.
    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > TOP {
            self.laid.pages.push(Vec::new());
            self.y = TOP;
        }
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.laid.pages.last_mut() {
            page.push(mark);
        }
    }

    fn leaf(&mut self) -> usize {
        self.laid.leaves += 1;
        self.laid.leaves - 1
    }

    fn paragraph(&mut self, tag: Tag, text: &str, style: Style, indent: f32) -> Branch {
        let leaf = self.leaf();
        self.lines(text, style, indent, leaf, None);
        self.y += 3.0;
        Branch::Group(tag, vec![Branch::Leaf(leaf)])
    }

    fn lines(&mut self, text: &str, style: Style, indent: f32, leaf: usize, url: Option<&str>) {
        for line in self.broken(text, style, WIDTH - indent) {
            self.room(style.size * LEADING);
            self.y += style.size * LEADING;
            let (y, url) = (self.y - style.size * (LEADING - 1.0), url.map(str::to_owned));
            self.mark(Mark::Line { x: MARGIN + indent, y, style, text: line, leaf: Some(leaf), url });
        }
    }

    /// An item of a list, with its bullet or number.
    fn item(&mut self, label: &str, text: &str, indent: f32) -> Branch {
        let label = self.label(label, TEXT, indent);
        let leaf = self.leaf();
        self.lines(text, TEXT, indent + 16.0, leaf, None);
        self.y += 2.0;
        Branch::Group(Tag::Item, vec![label, Branch::Group(Tag::Body, vec![Branch::Leaf(leaf)])])
    }

    fn label(&mut self, label: &str, style: Style, indent: f32) -> Branch {
        self.room(style.size * LEADING);
        let leaf = self.leaf();
        let (x, y) = (MARGIN + indent, self.y + style.size);
        self.mark(Mark::Line { x, y, style, text: format!("{label} "), leaf: Some(leaf), url: None });
        Branch::Group(Tag::Label, vec![Branch::Leaf(leaf)])
    }

    fn step(&mut self, number: usize, step: &Step) -> Branch {
        self.y += 3.0;
        self.room(36.0);
        let label = self.label(&format!("{number}."), STRONG, 0.0);
        let indent = 20.0;
        let mut body = vec![self.paragraph(Tag::Paragraph, &step.title, STRONG, indent)];
        if !step.text.is_empty() {
            body.push(self.paragraph(Tag::Paragraph, &step.text, TEXT, indent));
        }
        if !step.parts.is_empty() {
            let parts = step.parts.iter().map(|part| self.item("•", part, indent)).collect();
            body.push(Branch::Group(Tag::Bulleted, parts));
        }
        Branch::Group(Tag::Item, vec![label, Branch::Group(Tag::Body, body)])
    }

    fn link(&mut self, page: &Page, text: &str, url: &str) {
        let code = code(url);
        // What is read, what is typed and what is scanned stand together.
        self.y += 3.0;
        self.room(LINK_LINES * TEXT.size * LEADING + if code.is_some() { CODE_SIDE + 16.0 } else { 0.0 });
        let said = self.paragraph(Tag::Paragraph, text, TEXT, 0.0);
        self.laid.tree.push(said);
        let leaf = self.leaf();
        self.lines(url, Style { size: 9.0, ..TEXT }, 0.0, leaf, Some(url));
        let link = Branch::Group(Tag::Link, vec![Branch::Leaf(leaf)]);
        self.laid.tree.push(Branch::Group(Tag::Paragraph, vec![link]));
        let Some(rows) = code else { return };
        self.y += 8.0;
        self.room(CODE_SIDE + 8.0);
        let leaf = self.leaf();
        self.mark(Mark::Code { x: MARGIN, y: self.y, side: CODE_SIDE, rows, leaf });
        self.y += CODE_SIDE + 8.0;
        let alt = page.code_alt(url);
        self.laid.tree.push(Branch::Group(Tag::Figure(alt), vec![Branch::Leaf(leaf)]));
    }

    fn table(&mut self, table: &Table) -> Branch {
        self.y += 4.0;
        let head = self.row(&table.head, HEAD, Some(Tag::HeadCell), true);
        let mut rows = vec![Branch::Group(Tag::Row, head)];
        for row in &table.rows {
            if self.y + self.height(row, CELL) > BOTTOM && self.y > TOP {
                self.laid.pages.push(Vec::new());
                self.y = TOP;
                if self.laid.pages.len() > FILLED_MAX {
                    break;
                }
                // The head stands above each part, and is read out once.
                self.row(&table.head, HEAD, None, true);
            }
            let cells = self.row(row, CELL, Some(Tag::Cell), false);
            rows.push(Branch::Group(Tag::Row, cells));
        }
        self.y += 6.0;
        Branch::Group(Tag::Table, rows)
    }

    fn cell_lines(&self, at: usize, text: &str, style: Style) -> Vec<String> {
        let width = WIDTH * COLUMNS.get(at).copied().unwrap_or(0.2) - COLUMN_GAP;
        let mut lines = self.broken(text, style, width);
        if lines.len() > CELL_LINES_MAX {
            lines.truncate(CELL_LINES_MAX);
            lines.push("…".to_owned());
        }
        lines
    }

    fn height(&self, row: &[String], style: Style) -> f32 {
        let lines = row.iter().enumerate().map(|(at, cell)| self.cell_lines(at, cell, style).len());
        let lines = u16::try_from(lines.max().unwrap_or(1)).unwrap_or(u16::MAX);
        f32::from(lines) * style.size * LEADING + 5.0
    }

    /// Sets a row and gives its cells; none if it is decoration.
    fn row(&mut self, row: &[String], style: Style, tag: Option<Tag>, strong: bool) -> Vec<Branch> {
        let height = self.height(row, style);
        self.room(height);
        let (top, mut x, mut cells) = (self.y, MARGIN, Vec::new());
        for (at, cell) in row.iter().enumerate() {
            let leaf = tag.as_ref().map(|_| self.leaf());
            // A cell without text is a cell all the same.
            let lines = self.cell_lines(at, cell, style);
            let lines = if lines.is_empty() { vec![" ".to_owned()] } else { lines };
            let mut y = top + style.size + 1.0;
            for text in lines {
                self.mark(Mark::Line { x, y, style, text, leaf, url: None });
                y += style.size * LEADING;
            }
            if let (Some(tag), Some(leaf)) = (&tag, leaf) {
                cells.push(Branch::Group(tag.clone(), vec![Branch::Leaf(leaf)]));
            }
            x += WIDTH * COLUMNS.get(at).copied().unwrap_or(0.2);
        }
        self.y = top + height;
        self.mark(Mark::Rule { x: MARGIN, y: self.y - 2.0, width: WIDTH, strong });
        cells
    }

    /// A text in lines; what has no break in it is broken where the line ends.
    fn broken(&self, text: &str, style: Style, width: f32) -> Vec<String> {
        let text: String = text.nfc().collect();
        let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0.0);
        for (piece, _) in pieces(&text) {
            let needs = self.case.width(piece.trim_end(), style.size, style.bold);
            if used + needs > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            if needs <= width {
                line.push_str(piece);
                used += self.case.width(piece, style.size, style.bold);
                continue;
            }
            for letter in piece.chars() {
                let advance = self.case.sort(letter, style.bold).advance * style.size;
                if used + advance > width && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                line.push(letter);
                used += advance;
            }
        }
        if !line.trim().is_empty() {
            lines.push(line);
        }
        lines
    }
}

// The values of a table stand in the widest column.
const _: () = assert!(COLUMNS[VALUES] > 0.4);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::pdf::{Fonts, draw};
    use crate::speech::Language;

    #[test]
    fn what_does_not_fit_is_said_with_the_place_of_the_whole() {
        let row = |_| vec!["Domain".to_owned(), "w".repeat(2_000), String::new(), String::new()];
        let table = Table { head: vec!["Kind".to_owned(); 4], rows: (0..400).map(row).collect() };
        let link = "https://tower.example/d/advisory.html";
        let page = Page {
            speech: Language::of("en").speech(),
            tlp: stix::Tlp::Green,
            handling: String::new(),
            heading: "Advisory".to_owned(),
            dateline: String::new(),
            date: "2026-11-28".to_owned(),
            blocks: vec![Block::Table(table), Block::Link("Here".to_owned(), link.to_owned())],
        };
        let fonts = Fonts::load(&[]);
        let case = fonts.type_case(page.speech.language()).unwrap();
        let laid = lay(&page, &case);
        let says = |mark: &Mark, what: &str| matches!(mark, Mark::Line { text, .. } if text.contains(what));
        let shown = |what: &str| laid.pages.iter().flatten().filter(|mark| says(mark, what)).count();
        assert_eq!((laid.pages.len(), shown("left out"), shown(link)), (PAGES_MAX, 1, 1));
        assert!(laid.pages[PAGES_MAX - 1].iter().any(|mark| says(mark, "left out")));
        draw::draw(&page, &laid, &case).unwrap();
    }
}
