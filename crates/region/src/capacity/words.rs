//! The words of capacity and gaps in English and Korean.

/// A language of the words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// That of a tag (BCP 47): English for what is not Korean.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("ko") { Self::Korean } else { Self::English }
    }

    /// Its tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }

    /// The one of two texts that is in this language: English, Korean.
    #[must_use]
    pub const fn pick<'t>(self, both: (&'t str, &'t str)) -> &'t str {
        match self {
            Self::English => both.0,
            Self::Korean => both.1,
        }
    }
}
