//! A document of others on paper: what it says is theirs, how it looks is as advisories look.

use stix::Tlp;

use crate::advisory::page::{Block, Page, handling};
use crate::advisory::paper;
use crate::advisory::story::visible;
use crate::error::DeliverError;
use crate::letterhead::Letterhead;
use crate::speech::Language;

/// A piece of a sheet: text, no markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A heading.
    Heading(String),
    /// What comes under a heading.
    Subheading(String),
    /// A paragraph.
    Text(String),
    /// What is said beside.
    Soft(String),
    /// Items without an order.
    Bullets(Vec<String>),
}

/// A document to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The language in which it is written.
    pub language: Language,
    /// How it is marked (TLP 2.0); the label stands on each page.
    pub tlp: Tlp,
    /// Its title.
    pub heading: String,
    /// Who says it, and when.
    pub dateline: String,
    /// The day on which it was made, `YYYY-MM-DD`.
    pub date: String,
    /// What it says, in its order.
    pub pieces: Vec<Piece>,
}

impl Sheet {
    /// The document as a PDF, tagged for those who have it read out (PDF/UA-1). What is too long for a hundred pages is left out, and the last
    /// page says so.
    ///
    /// # Errors
    /// [`DeliverError::Unset`] if no font has the letters of the language; [`DeliverError::Render`].
    pub fn pdf(&self, letterhead: &Letterhead) -> Result<Vec<u8>, DeliverError> {
        let block = |piece: &Piece| match piece {
            Piece::Heading(text) => Block::Heading("part", visible(text)),
            Piece::Subheading(text) => Block::Subheading(visible(text)),
            Piece::Text(text) => Block::Text(visible(text)),
            Piece::Soft(text) => Block::Soft(visible(text)),
            Piece::Bullets(items) => Block::Bullets(items.iter().map(|item| visible(item)).collect()),
        };
        let speech = self.language.speech();
        let page = Page {
            speech,
            tlp: self.tlp,
            handling: speech.say(handling(self.tlp)),
            heading: visible(&self.heading),
            dateline: visible(&self.dateline),
            date: self.date.clone(),
            blocks: self.pieces.iter().map(block).collect(),
        };
        paper(&page, letterhead.fonts())
    }
}
