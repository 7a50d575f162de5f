//! An advisory as a page: nothing is loaded from elsewhere, nothing needs a script, and it prints well.

use std::fmt::Write as _;

use askama::Template;
use stix::Tlp;

use super::code;
use super::content::Advisory;
use super::page::{Block, Page, VALUES};
use crate::gather::DeliverError;

#[derive(Template)]
#[template(path = "advisory.html")]
struct Html<'a> {
    lang: &'static str,
    tlp: String,
    tlp_class: &'static str,
    page: &'a Page,
}

/// # Errors
/// [`DeliverError::Render`].
pub(super) fn render(advisory: &Advisory) -> Result<String, DeliverError> {
    let page = Page::of(advisory);
    let html = Html {
        lang: advisory.language.tag(),
        tlp: page.tlp.to_string(),
        tlp_class: class_of(page.tlp),
        page: &page,
    };
    html.render().map_err(|error| DeliverError::Render(error.to_string()))
}

const fn class_of(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "clear",
        Tlp::Green => "green",
        Tlp::Amber | Tlp::AmberStrict => "amber",
        Tlp::Red => "red",
    }
}

impl Html<'_> {
    /// The side of a code's drawing and the path of its dark modules, with the quiet zone of four modules around it.
    fn drawing(&self, url: &str) -> Option<(usize, String)> {
        let rows = code(url)?;
        let mut path = String::new();
        for (y, row) in rows.iter().enumerate() {
            for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
                // Writing to a String does not fail.
                let _written = write!(path, "M{} {}h1v1h-1z", x + 4, y + 4);
            }
        }
        Some((rows.len() + 8, path))
    }
}
