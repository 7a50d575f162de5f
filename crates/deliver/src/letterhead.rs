//! What a node's advisories have beside their content: where they link to, whom they name for answers, in which fonts.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::advisory::Fonts;
use crate::gather::Deliver;
use crate::ticket::TicketKey;

/// How a node signs and dresses its advisories. The default has no links, no address, and looks for fonts itself.
#[derive(Debug, Default)]
pub struct Letterhead {
    /// The address under which members reach the node, without a slash at its end.
    pub public_url: Option<String>,
    /// The address for answers by mail, from which mails come as well.
    pub reply_to: Option<String>,
    /// Font files for PDF, the one to be used first before the others; none means those of the system.
    pub fonts: Vec<PathBuf>,
    /// The key under which answer links are signed.
    pub tickets: Option<TicketKey>,
    loaded: OnceLock<Fonts>,
}

impl Letterhead {
    /// A letterhead with links to `public_url`, answers to `reply_to`, fonts from these files, answer links under `tickets`.
    #[must_use]
    pub fn new(
        public_url: Option<String>,
        reply_to: Option<String>,
        fonts: Vec<PathBuf>,
        tickets: Option<TicketKey>,
    ) -> Self {
        let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
        Self { public_url, reply_to, fonts, tickets, loaded: OnceLock::new() }
    }

    /// The fonts, read when they are first asked for.
    pub(crate) fn fonts(&self) -> &Fonts {
        self.loaded.get_or_init(|| Fonts::load(&self.fonts))
    }
}

impl Deliver {
    /// The same, with advisories under `letterhead`.
    #[must_use]
    pub fn under(mut self, letterhead: Letterhead) -> Self {
        self.letterhead = letterhead;
        self
    }

    /// What advisories stand under, for who takes the answers to them.
    #[must_use]
    pub const fn letterhead(&self) -> &Letterhead {
        &self.letterhead
    }
}
