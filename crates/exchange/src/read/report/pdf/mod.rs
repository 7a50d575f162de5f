//! The text of a PDF document, page by page.
//!
//! Glyphs are put together by where they stand: what follows on the same line without a gap belongs to the word, a gap is a
//! blank, another line is another line. Text that is drawn as a picture, or by a font that says nothing of its letters, is
//! not found; a page without any text says so.
//!
//! A document may be made to be slow or large: its bytes, the values of its objects ([`file`]), its pages, each page's and all
//! pages' decoded content, its fonts ([`font`]) and the text are limited, streams are decoded only up to those limits, and should
//! the library panic, that is a finding like any other.
//!
//! Source: ISO 32000-1, 8.3 (coordinates), 9.2 to 9.4 (text).

mod file;
mod font;

use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::content::Content;
use lopdf::{Document, Object, ObjectId};
use stix::Finding;

use self::file::{VALUES_MAX, values_at_most};
use self::font::{Font, Fonts, PageFonts};

/// Longest document, in bytes.
pub(super) const PDF_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most pages that are read.
const PAGES_MAX: usize = 5_000;
/// Longest content of one page, decoded, in bytes; also of one object stream.
const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest content of all pages together, decoded, in bytes.
const CONTENT_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Longest text, in bytes.
const TEXT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most saved states of drawing within one another.
const STATES_MAX: usize = 256;

/// The title, the text of each page, and what could not be read.
pub(super) struct Pages {
    pub(super) title: Option<String>,
    pub(super) pages: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

/// Reads a document; `Err` says why it can't be read at all.
pub(super) fn read(bytes: &[u8]) -> Result<Pages, String> {
    if bytes.len() > PDF_BYTES_MAX {
        return Err(format!("the PDF has more than {PDF_BYTES_MAX} bytes; split it"));
    }
    guarded(|| read_all(bytes))
        .unwrap_or_else(|| Err("the PDF is broken in a way that its reader does not survive".to_owned()))
}

/// What `work` gives; `None` if it panics.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn read_all(bytes: &[u8]) -> Result<Pages, String> {
    let (document, findings) = file::document(bytes)?;
    let mut pages = Pages { title: title(&document), pages: Vec::new(), findings };
    let mut fonts = Fonts::of(&document);
    let (mut content_bytes, mut text_bytes) = (0, 0);
    for (at, page) in document.page_iter().enumerate() {
        let path = format!("page {}", at + 1);
        if at >= PAGES_MAX || content_bytes >= CONTENT_BYTES_MAX || text_bytes >= TEXT_BYTES_MAX {
            let message =
                "the document is longer than what is read of one; the pages from here on were left out";
            pages.findings.push(Finding::error("pdf-too-large", path, message));
            break;
        }
        let limit = PAGE_BYTES_MAX.min(CONTENT_BYTES_MAX - content_bytes);
        let text = match guarded(|| page_text(&document, page, limit, &mut fonts, &mut content_bytes)) {
            Some(Ok(text)) => text,
            Some(Err(message)) => {
                pages.findings.push(Finding::error("pdf-page", path, message));
                String::new()
            }
            None => {
                pages.findings.push(Finding::error(
                    "pdf-page",
                    path,
                    "the page is broken; its text is not read",
                ));
                String::new()
            }
        };
        // A page costs something even if there is nothing in it.
        content_bytes += 1_024;
        text_bytes += text.len();
        pages.pages.push(text);
    }
    if pages.pages.is_empty() {
        return Err("the PDF has no pages".to_owned());
    }
    if fonts.too_large > 0 {
        let message =
            format!("{} fonts have more letters than are read; what they show is left out", fonts.too_large);
        pages.findings.push(Finding::error("pdf-fonts", "", message));
    }
    if text_bytes == 0 && pages.findings.is_empty() {
        let message =
            "there is no text in the document: its pages are pictures; give it to a reader of scans first";
        pages.findings.push(Finding::error("pdf-no-text", "", message));
    }
    Ok(pages)
}

fn title(document: &Document) -> Option<String> {
    let info = document.trailer.get_deref(b"Info", document).and_then(Object::as_dict).ok()?;
    let title = lopdf::decode_text_string(info.get_deref(b"Title", document).ok()?).ok()?;
    Some(title.trim().to_owned()).filter(|title| !title.is_empty())
}

/// The letters that a font draws as one.
fn ligature(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        _ => return None,
    })
}

fn page_text<'d>(
    document: &'d Document,
    page: ObjectId,
    limit: usize,
    fonts: &mut Fonts<'d>,
    spent: &mut usize,
) -> Result<String, String> {
    let unread = |error: lopdf::Error| format!("the page can't be read: {error}");
    let bytes = document.get_page_content_with_limit(page, limit).map_err(|error| {
        *spent += limit;
        unread(error)
    })?;
    *spent += bytes.len();
    if values_at_most(&bytes) > VALUES_MAX {
        return Err(format!("the page can't be read: it has more than {VALUES_MAX} operators and operands"));
    }
    let of_page = fonts.of_page(page).map_err(unread)?;
    *spent += 1_024 * of_page.len();
    let content = Content::decode(&bytes).map_err(unread)?;
    let mut walk = Walk::new(&of_page);
    for operation in &content.operations {
        walk.step(&operation.operator, &operation.operands);
        if walk.text.len() > TEXT_BYTES_MAX {
            break;
        }
    }
    Ok(walk.text)
}

/// A transformation of the plane: `a b c d e f` of ISO 32000-1, 8.3.3.
type Matrix = [f32; 6];
const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn times(one: &Matrix, two: &Matrix) -> Matrix {
    let [a, b, c, d, e, f] = *one;
    [
        a * two[0] + b * two[2],
        a * two[1] + b * two[3],
        c * two[0] + d * two[2],
        c * two[1] + d * two[3],
        e * two[0] + f * two[2] + two[4],
        e * two[1] + f * two[3] + two[5],
    ]
}

/// What drawing operators do with text.
struct Walk<'f, 'd> {
    fonts: &'f PageFonts<'d>,
    text: String,
    drawing: Matrix,
    saved: Vec<Matrix>,
    line: Matrix,
    here: Matrix,
    font: Option<&'f Font<'d>>,
    size: f32,
    leading: f32,
    letter_gap: f32,
    word_gap: f32,
    stretch: f32,
    /// Where the last glyph ended, and how high letters were there.
    end: Option<(f32, f32, f32)>,
}

impl<'f, 'd> Walk<'f, 'd> {
    fn new(fonts: &'f PageFonts<'d>) -> Self {
        Self {
            fonts,
            text: String::new(),
            drawing: IDENTITY,
            saved: Vec::new(),
            line: IDENTITY,
            here: IDENTITY,
            font: None,
            size: 1.0,
            leading: 0.0,
            letter_gap: 0.0,
            word_gap: 0.0,
            stretch: 1.0,
            end: None,
        }
    }

    fn step(&mut self, operator: &str, operands: &[Object]) {
        let number = |at: usize| operands.get(at).and_then(|object| object.as_float().ok()).unwrap_or(0.0);
        match operator {
            "q" if self.saved.len() < STATES_MAX => self.saved.push(self.drawing),
            "Q" => self.drawing = self.saved.pop().unwrap_or(self.drawing),
            "cm" => self.drawing = times(&std::array::from_fn(number), &self.drawing),
            "BT" => (self.line, self.here) = (IDENTITY, IDENTITY),
            "Tm" => {
                self.line = std::array::from_fn(number);
                self.here = self.line;
            }
            "Td" => self.next_line(number(0), number(1)),
            "TD" => {
                self.leading = -number(1);
                self.next_line(number(0), number(1));
            }
            "T*" => self.next_line(0.0, -self.leading),
            "TL" => self.leading = number(0),
            "Tc" => self.letter_gap = number(0),
            "Tw" => self.word_gap = number(0),
            "Tz" => self.stretch = number(0) / 100.0,
            "Tf" => {
                let name = operands.first().and_then(|object| object.as_name().ok());
                self.font = name.and_then(|name| self.fonts.get(name)).map(std::rc::Rc::as_ref);
                self.size = number(1);
            }
            "Tj" => self.show_first(operands, 0),
            "'" => {
                self.next_line(0.0, -self.leading);
                self.show_first(operands, 0);
            }
            "\"" => {
                (self.word_gap, self.letter_gap) = (number(0), number(1));
                self.next_line(0.0, -self.leading);
                self.show_first(operands, 2);
            }
            "TJ" => {
                for part in operands.first().and_then(|object| object.as_array().ok()).into_iter().flatten() {
                    match part {
                        Object::String(bytes, _) => self.show(bytes),
                        other => self.forward(-other.as_float().unwrap_or(0.0) / 1_000.0 * self.size),
                    }
                }
            }
            _ => {}
        }
    }

    fn next_line(&mut self, x: f32, y: f32) {
        self.line = times(&[1.0, 0.0, 0.0, 1.0, x, y], &self.line);
        self.here = self.line;
    }

    fn forward(&mut self, by: f32) {
        self.here = times(&[1.0, 0.0, 0.0, 1.0, by * self.stretch, 0.0], &self.here);
    }

    fn show_first(&mut self, operands: &[Object], at: usize) {
        if let Some(Object::String(bytes, _)) = operands.get(at) {
            self.show(bytes);
        }
    }

    fn show(&mut self, bytes: &[u8]) {
        let Some(font) = self.font else { return };
        let Ok(shown) = Document::decode_text(&font.encoding, bytes) else { return };
        let place = times(&self.here, &self.drawing);
        let height = (place[2].hypot(place[3]) * self.size).abs().max(0.1);
        if let Some((x, y, before)) = self.end {
            // Along the direction of writing, and across it.
            let length = place[0].hypot(place[1]).max(f32::MIN_POSITIVE);
            let (along_x, along_y) = (place[0] / length, place[1] / length);
            let (dx, dy) = (place[4] - x, place[5] - y);
            let (along, across) = (dx * along_x + dy * along_y, dx * along_y - dy * along_x);
            let unit = height.max(before);
            if across.abs() > unit * 0.5 || along < -unit * 2.0 {
                // Where a line is broken within a word there is no white space, but one of these.
                let mut last = self.text.chars().rev();
                let joins = last.next().is_some_and(|c| "-_@=&".contains(c))
                    && last.next().is_some_and(char::is_alphanumeric);
                if !(joins && shown.starts_with(char::is_alphanumeric)) {
                    self.text.push('\n');
                }
            } else if along > unit * 0.2 && !self.text.ends_with([' ', '\n']) && !shown.starts_with(' ') {
                self.text.push(' ');
            }
        }
        for letter in shown.chars() {
            match ligature(letter) {
                Some(letters) => self.text.push_str(letters),
                None if matches!(letter, '\0' | '\u{ad}' | '\u{200b}') => {}
                None => self.text.push(letter),
            }
        }
        let (width, glyphs, blanks) = font.widths.advance(bytes);
        #[expect(clippy::cast_precision_loss, reason = "a text has few glyphs")]
        let gaps = self.letter_gap * glyphs as f32 + self.word_gap * blanks as f32;
        self.forward(width / 1_000.0 * self.size + gaps);
        let place = times(&self.here, &self.drawing);
        self.end = Some((place[4], place[5], height));
    }
}
