//! What letters are drawn with: fonts of the system, or those that the configuration names.
//!
//! A letter is drawn with the first font that has it. Letters are not shaped: the languages that the node speaks are
//! written with precomposed letters side by side, which need none (text is normalised to NFC first).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use krilla::text::Font;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider as _};

use crate::gather::DeliverError;
use crate::speech::Language;

/// Folders in which systems keep fonts, how deep is looked, and at how many files.
const FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];
const DEPTH_MAX: usize = 5;
const FILES_MAX: usize = 20_000;
/// Bytes of a font file.
const FONT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Fonts that are looked for, by the names of their files, each with its bold cut: for Latin letters, then for Hangul.
const LATIN: [[&str; 2]; 4] = [
    ["NotoSans-Regular", "NotoSans-Bold"],
    ["DejaVuSans", "DejaVuSans-Bold"],
    ["LiberationSans-Regular", "LiberationSans-Bold"],
    ["FreeSans", "FreeSansBold"],
];
const HANGUL: [[&str; 2]; 5] = [
    ["NotoSansKR-Regular", "NotoSansKR-Bold"],
    ["NotoSansCJK-Regular", "NotoSansCJK-Bold"],
    ["NanumGothic", "NanumGothicBold"],
    ["NanumBarunGothic", "NanumBarunGothicBold"],
    ["UnDotum", "UnDotumBold"],
];

/// A font that was read.
struct Face {
    font: Font,
    data: Arc<Vec<u8>>,
    bold: bool,
}

/// The fonts that the node has.
pub(crate) struct Fonts {
    faces: Vec<Face>,
    /// What could not be read of what the configuration names.
    unread: Vec<String>,
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fonts({})", self.faces.len())
    }
}

impl Fonts {
    /// Reads these files, or looks for fonts if none is named.
    pub(crate) fn load(named: &[PathBuf]) -> Self {
        let mut fonts = Self { faces: Vec::new(), unread: Vec::new() };
        let found = if named.is_empty() { search() } else { named.to_vec() };
        for path in found {
            match face(&path) {
                Ok(face) => fonts.faces.push(face),
                Err(why) => fonts.unread.push(format!("{} {why}", path.display())),
            }
        }
        fonts
    }

    /// What a language is drawn with.
    ///
    /// # Errors
    /// [`DeliverError::Unset`] if no font has its letters.
    pub(super) fn type_case(&self, language: Language) -> Result<TypeCase<'_>, DeliverError> {
        let probe = probe(language);
        let mut letters: Vec<Letters<'_>> = self.faces.iter().filter_map(Letters::of).collect();
        // A font that has the language's own letters draws the others beside them as well, so that they look alike.
        letters.sort_by_key(|face| probe.chars().any(|c| face.charmap.map(c).is_none()));
        let missing = probe.chars().find(|c| !letters.iter().any(|face| face.charmap.map(*c).is_some()));
        match missing {
            None => Ok(TypeCase { letters }),
            Some(missing) => {
                let tag = language.tag();
                let unread = match self.unread.is_empty() {
                    true => String::new(),
                    false => format!(" ({})", self.unread.join("; ")),
                };
                let why = format!(
                    "no font for PDF in the language `{tag}` was found: none has `{missing}`{unread}"
                );
                Err(DeliverError::Unset { key: "advisory.fonts", why })
            }
        }
    }
}

/// Letters that tell whether a font can write a language.
fn probe(language: Language) -> &'static str {
    match language.tag() {
        "ko" => "가힣A1",
        "vi" => "ệữẵđA1",
        "fr" => "éœçA1",
        _ => "AzZ19·…",
    }
}

fn face(path: &Path) -> Result<Face, String> {
    let size = std::fs::metadata(path).map_err(|error| format!("can't be read: {error}"))?.len();
    if size > FONT_BYTES_MAX {
        return Err(format!("has {size} bytes; the limit is {FONT_BYTES_MAX}"));
    }
    let data = Arc::new(std::fs::read(path).map_err(|error| format!("can't be read: {error}"))?);
    let is_font = FontRef::from_index(&data, 0).is_ok();
    let font = is_font.then(|| Font::new(Arc::clone(&data).into(), 0)).flatten();
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let bold = stem.to_ascii_lowercase().contains("bold");
    font.map(|font| Face { font, data, bold })
        .ok_or_else(|| "is no font in TrueType or OpenType form".to_owned())
}

/// The first known fonts of the system for Latin letters and for Hangul.
fn search() -> Vec<PathBuf> {
    let mut files = Vec::new();
    FOLDERS.iter().for_each(|folder| collect(Path::new(folder), 0, &mut files));
    let find =
        |name: &str| files.iter().find(|path| path.file_stem().is_some_and(|stem| stem == name)).cloned();
    let first = |known: &[[&str; 2]]| {
        let mut pairs = known.iter().filter_map(|[regular, bold]| Some([Some(find(regular)?), find(bold)]));
        pairs.next().into_iter().flatten().flatten().collect::<Vec<_>>()
    };
    [first(&LATIN), first(&HANGUL)].concat()
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    // A folder that is not there, or not for us, has no fonts.
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if files.len() == FILES_MAX {
            return;
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("ttf" | "otf" | "ttc") => files.push(path),
            _ if depth < DEPTH_MAX && path.is_dir() => collect(&path, depth + 1, files),
            _ => {}
        }
    }
}

/// The letters of one font.
struct Letters<'f> {
    font: &'f Font,
    bold: bool,
    charmap: Charmap<'f>,
    metrics: GlyphMetrics<'f>,
    units_per_em: f32,
}

impl<'f> Letters<'f> {
    fn of(face: &'f Face) -> Option<Self> {
        let read = FontRef::from_index(&face.data, 0).ok()?;
        let metrics = read.glyph_metrics(Size::unscaled(), LocationRef::default());
        let (font, bold) = (&face.font, face.bold);
        Some(Self { font, bold, charmap: read.charmap(), metrics, units_per_em: font.units_per_em() })
    }
}

/// The fonts of one language, the first to be tried first.
pub(super) struct TypeCase<'f> {
    letters: Vec<Letters<'f>>,
}

/// A letter as it is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sort {
    /// Which font of the type case.
    pub(super) face: usize,
    pub(super) glyph: u32,
    /// Its width, as a part of the font's size.
    pub(super) advance: f32,
}

impl TypeCase<'_> {
    /// How a letter is drawn; one that no font has is drawn as a question mark.
    pub(super) fn sort(&self, letter: char, bold: bool) -> Sort {
        let found = self.find(letter, bold).or_else(|| self.find('?', bold));
        found.unwrap_or(Sort { face: 0, glyph: 0, advance: 0.5 })
    }

    fn find(&self, letter: char, bold: bool) -> Option<Sort> {
        let of = |wanted: bool| {
            self.letters.iter().enumerate().filter(move |(_, face)| face.bold == wanted).find_map(
                |(at, face)| {
                    let glyph = face.charmap.map(letter)?;
                    let advance = face.metrics.advance_width(glyph)? / face.units_per_em;
                    Some(Sort { face: at, glyph: glyph.to_u32(), advance })
                },
            )
        };
        of(bold).or_else(|| of(!bold))
    }

    /// The font of a sort.
    pub(super) fn font(&self, face: usize) -> Option<Font> {
        self.letters.get(face).map(|letters| letters.font.clone())
    }

    /// How wide a text is in points.
    pub(super) fn width(&self, text: &str, size: f32, bold: bool) -> f32 {
        text.chars().map(|letter| self.sort(letter, bold).advance * size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_font_is_named_with_the_key_that_mends_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("letters.ttf");
        std::fs::write(&path, b"no font").unwrap();
        let fonts = Fonts::load(&[path, dir.path().join("absent.ttf")]);
        let error = fonts.type_case(Language::of("ko")).err().unwrap().to_string();
        assert!(error.contains("advisory.fonts") && error.contains("letters.ttf is no font"), "{error}");
        assert!(error.contains("absent.ttf can't be read") && error.contains("`ko`"), "{error}");
    }
}
