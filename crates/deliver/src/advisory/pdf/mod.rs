//! An advisory as a PDF to print: tagged, with its language, its own fonts and the TLP label on each page.
//!
//! Three steps: [`fonts`] finds what letters are drawn with, [`flow`] breaks lines and pages, [`draw`] writes. The result
//! conforms to PDF/UA-1 (ISO 14289-1), as far as a machine can check that. Content is bounded ([`super::VALUES_MAX`] and the
//! limits of a story), and so are pages; no font is shipped with the node.

mod draw;
mod flow;
mod fonts;

pub(crate) use fonts::Fonts;

use super::content::Advisory;
use super::page::Page;
use crate::gather::DeliverError;

/// # Errors
/// [`DeliverError::Unset`] if no font has the letters of the language; [`DeliverError::Render`].
pub(super) fn render(advisory: &Advisory, fonts: &Fonts) -> Result<Vec<u8>, DeliverError> {
    paper(&Page::of(advisory), fonts)
}

/// Blocks of text on paper.
///
/// # Errors
/// As [`render`].
pub(crate) fn paper(page: &Page, fonts: &Fonts) -> Result<Vec<u8>, DeliverError> {
    let type_case = fonts.type_case(page.speech.language())?;
    let laid = flow::lay(page, &type_case);
    draw::draw(page, &laid, &type_case)
}
