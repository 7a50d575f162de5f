//! Writes a laid out advisory: letters, rules, codes to scan, links, tags.

use std::num::NonZeroU16;

use krilla::action::{Action, LinkAction};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, TableHeaderScope,
    Tag as PdfTag, TagGroup, TagKind, TagTree,
};
use krilla::text::{GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

use super::super::colour;
use super::super::page::Page;
use super::flow::{Branch, Ink, Laid, MARGIN, Mark, PAGE, Style, Tag};
use super::fonts::{Sort, TypeCase};
use crate::gather::DeliverError;
use crate::speech::Put;

/// The label's size. Source: FIRST, TLP 2.0, "Usage": 12 point or more.
const LABEL: Style = Style { size: 12.0, bold: true, ink: Ink::Black };
const FOOT: Style = Style { size: 8.5, bold: false, ink: Ink::Soft };
/// Where the label's base line stands at the top and at the foot.
const LABEL_AT: [f32; 2] = [48.0, PAGE[1] - 40.0];

fn failed(error: impl std::fmt::Debug) -> DeliverError {
    DeliverError::Render(format!("the PDF can't be written: {error:?}"))
}

/// # Errors
/// [`DeliverError::Render`].
pub(super) fn draw(page: &Page, laid: &Laid, case: &TypeCase<'_>) -> Result<Vec<u8>, DeliverError> {
    let accessible = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish();
    let settings =
        SerializeSettings { configuration: accessible.map_err(failed)?, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let mut pen = Pen { page, case, leaves: vec![Vec::new(); laid.leaves] };
    for (at, marks) in laid.pages.iter().enumerate() {
        pen.sheet(&mut document, at + 1, marks)?;
    }
    let mut tree = TagTree::new().with_lang(Some(page.speech.language().tag().to_owned()));
    for branch in &laid.tree {
        if let Some(group) = pen.group(branch) {
            tree.push(group);
        }
    }
    document.set_tag_tree(tree);
    let mut outline = Outline::new();
    for (text, at, y) in laid.outline.iter().filter(|(_, at, _)| *at < laid.pages.len()) {
        let place = XyzDestination::new(*at, Point::from_xy(MARGIN, *y));
        outline.push_child(OutlineNode::new(text.clone(), place));
    }
    document.set_outline(outline);
    document.set_metadata(metadata(page));
    document.finish().map_err(failed)
}

fn metadata(page: &Page) -> Metadata {
    let mut numbers = page.date.split('-').map(|number| number.parse::<u16>().unwrap_or(1));
    let mut next = || numbers.next().unwrap_or(1);
    let (year, month, day) = (next(), next(), next());
    let part = |number: u16| u8::try_from(number).unwrap_or(1);
    Metadata::new()
        .title(format!("{} {} {}", page.tlp, page.heading, page.date))
        .language(page.speech.language().tag().to_owned())
        .creation_date(DateTime::new(year).month(part(month)).day(part(day)))
}

struct Pen<'p> {
    page: &'p Page,
    case: &'p TypeCase<'p>,
    /// What was drawn of each leaf.
    leaves: Vec<Vec<Identifier>>,
}

impl Pen<'_> {
    fn sheet(&mut self, document: &mut Document, number: usize, marks: &[Mark]) -> Result<(), DeliverError> {
        let size = PageSettings::from_wh(PAGE[0], PAGE[1]).ok_or_else(|| failed("page size"))?;
        let mut sheet = document.start_page_with(size);
        let mut surface = sheet.surface();
        let mut links = Vec::new();
        self.frame(&mut surface, number);
        for mark in marks {
            match mark {
                Mark::Line { x, y, style, text, leaf, url } => {
                    self.tagged(&mut surface, *leaf, |pen, surface| pen.text(surface, *x, *y, *style, text));
                    if let (Some(url), Some(leaf)) = (url, leaf) {
                        let width = self.case.width(text, style.size, style.bold);
                        let area = Rect::from_ltrb(*x, y - style.size, x + width, y + 3.0);
                        links.extend(area.map(|area| (area, url.clone(), *leaf)));
                    }
                }
                Mark::Rule { x, y, width, strong } => self.tagged(&mut surface, None, |_, surface| {
                    let (grey, height) = if *strong { (60, 0.9) } else { (200, 0.5) };
                    fill(surface, [grey; 3], &[[*x, *y, *width, height]]);
                }),
                Mark::Code { x, y, side, rows, leaf } => {
                    self.tagged(&mut surface, Some(*leaf), |_, surface| code(surface, [*x, *y], *side, rows));
                }
            }
        }
        surface.finish();
        for (area, url, leaf) in links {
            let target = Target::Action(Action::Link(LinkAction::new(url.clone())));
            let annotation = Annotation::new_link(LinkAnnotation::new(area, target), Some(url));
            let id = sheet.add_tagged_annotation(annotation);
            if let Some(ids) = self.leaves.get_mut(leaf) {
                ids.push(id);
            }
        }
        sheet.finish();
        Ok(())
    }

    /// Draws as a part of a leaf, or as decoration.
    fn tagged(
        &mut self,
        surface: &mut Surface<'_>,
        leaf: Option<usize>,
        draw: impl FnOnce(&Self, &mut Surface<'_>),
    ) {
        let tag = match leaf {
            Some(_) => ContentTag::Span(SpanTag::empty()),
            None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)),
        };
        let id = surface.start_tagged(tag);
        draw(self, surface);
        surface.end_tagged();
        if let Some(ids) = leaf.and_then(|leaf| self.leaves.get_mut(leaf)) {
            ids.push(id);
        }
    }

    /// The label at the top and at the foot, right-aligned, in its colour on black; the page's number.
    fn frame(&mut self, surface: &mut Surface<'_>, number: usize) {
        let label = self.page.tlp.to_string();
        let width = self.case.width(&label, LABEL.size, true);
        let left = PAGE[0] - MARGIN - width;
        let foot = self.page.speech.tell("page-number", &[("number", Put::Count(number))]);
        let foot = format!("{} · {} · {foot}", self.page.heading, self.page.date);
        for at in LABEL_AT {
            self.tagged(surface, None, |pen, surface| {
                fill(surface, [0; 3], &[[left - 6.0, at - 13.0, width + 12.0, 18.0]]);
                pen.letters(surface, [left, at], LABEL, colour(pen.page.tlp), &label);
            });
        }
        self.tagged(surface, None, |pen, surface| pen.text(surface, MARGIN, LABEL_AT[1], FOOT, &foot));
    }

    fn text(&self, surface: &mut Surface<'_>, x: f32, y: f32, style: Style, text: &str) {
        let ink = match style.ink {
            Ink::Black => [0x16; 3],
            Ink::Soft => [0x55; 3],
        };
        self.letters(surface, [x, y], style, ink, text);
    }

    /// Draws letters, those that one font has in one go.
    fn letters(
        &self,
        surface: &mut Surface<'_>,
        [mut x, y]: [f32; 2],
        style: Style,
        ink: [u8; 3],
        text: &str,
    ) {
        surface.set_fill(Some(filling(ink)));
        let sorts: Vec<(usize, char, Sort)> = text
            .char_indices()
            .map(|(at, letter)| (at, letter, self.case.sort(letter, style.bold)))
            .collect();
        for run in sorts.chunk_by(|(.., a), (.., b)| a.face == b.face) {
            let Some((.., first)) = run.first() else { continue };
            let Some(font) = self.case.font(first.face) else { continue };
            let glyph = |(at, letter, sort): &(usize, char, Sort)| {
                let range = *at..at + letter.len_utf8();
                KrillaGlyph::new(GlyphId::new(sort.glyph), sort.advance, 0.0, 0.0, 0.0, range, None)
            };
            let glyphs: Vec<KrillaGlyph> = run.iter().map(glyph).collect();
            surface.draw_glyphs(Point::from_xy(x, y), &glyphs, font, text, style.size, false);
            x += run.iter().map(|(.., sort)| sort.advance * style.size).sum::<f32>();
        }
    }

    /// A branch with what was drawn of it; `None` if nothing was.
    fn group(&self, branch: &Branch) -> Option<Node> {
        let Branch::Group(tag, children) = branch else { return None };
        let mut group = TagGroup::new(kind(tag));
        for child in children {
            match child {
                Branch::Leaf(leaf) => {
                    let drawn = self.leaves.get(*leaf).into_iter().flatten();
                    drawn.for_each(|id| group.push(*id));
                }
                child => {
                    if let Some(child) = self.group(child) {
                        group.push(child);
                    }
                }
            }
        }
        (!group.children.is_empty()).then(|| Node::Group(group))
    }
}

fn kind(tag: &Tag) -> TagKind {
    match tag {
        Tag::Title(title) => PdfTag::Hn(NonZeroU16::MIN, Some(title.clone())).into(),
        Tag::Heading(depth, title) => {
            PdfTag::Hn(NonZeroU16::MIN.saturating_add(*depth), Some(title.clone())).into()
        }
        Tag::Paragraph => PdfTag::P.into(),
        Tag::Numbered => PdfTag::L(ListNumbering::Decimal).into(),
        Tag::Bulleted => PdfTag::L(ListNumbering::Disc).into(),
        Tag::Item => PdfTag::LI.into(),
        Tag::Label => PdfTag::Lbl.into(),
        Tag::Body => PdfTag::LBody.into(),
        Tag::Table => PdfTag::Table.into(),
        Tag::Row => PdfTag::TR.into(),
        Tag::HeadCell => PdfTag::TH(TableHeaderScope::Column).into(),
        Tag::Cell => PdfTag::TD.into(),
        Tag::Figure(alt) => PdfTag::Figure(Some(alt.clone())).into(),
        Tag::Link => PdfTag::Link.into(),
    }
}

fn filling([red, green, blue]: [u8; 3]) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::default(),
    }
}

/// Fills rectangles: left, top, width, height.
fn fill(surface: &mut Surface<'_>, ink: [u8; 3], areas: &[[f32; 4]]) {
    let mut path = PathBuilder::new();
    for [x, y, width, height] in areas {
        if let Some(area) = Rect::from_xywh(*x, *y, *width, *height) {
            path.push_rect(area);
        }
    }
    if let Some(path) = path.finish() {
        surface.set_fill(Some(filling(ink)));
        surface.draw_path(&path);
    }
}

/// Draws a code to scan, with dark modules that are one in each row as one rectangle.
fn code(surface: &mut Surface<'_>, [x, y]: [f32; 2], side: f32, rows: &[Vec<bool>]) {
    let module = side / f32::from(u16::try_from(rows.len().max(1)).unwrap_or(u16::MAX));
    let mut areas = Vec::new();
    for (row, top) in rows.iter().zip(0_u16..) {
        let mut at = 0_u16;
        for run in row.chunk_by(|a, b| a == b) {
            let length = u16::try_from(run.len()).unwrap_or(u16::MAX);
            if run.first() == Some(&true) {
                let (left, top) = (x + f32::from(at) * module, y + f32::from(top) * module);
                areas.push([left, top, f32::from(length) * module, module]);
            }
            at += length;
        }
    }
    fill(surface, [0; 3], &areas);
}
