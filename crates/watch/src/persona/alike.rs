//! Mailboxes and handles that are made from one stem: `pony.jackal91@…`, `PonyJackal`, `ponyjackal.eth`.
//!
//! A stem that says no more than a name is no sign of its own: everybody's mailbox has their name in it, and names have their own sign.

/// Fewest letters of a stem that says something.
const STEM_CHARS_MIN: usize = 5;
/// Letters beyond a name that make a stem more than that name.
const BEYOND_NAME_MIN: usize = 3;
/// Digits that, after the same letters, make two handles one.
const DIGITS_MIN: usize = 3;
/// Words that many developers put into their handles.
const COMMON: [&str; 24] = [
    "blockchain",
    "fullstack",
    "developer",
    "engineer",
    "frontend",
    "software",
    "official",
    "contact",
    "backend",
    "support",
    "coding",
    "crypto",
    "mobile",
    "senior",
    "coder",
    "hello",
    "admin",
    "codes",
    "work",
    "code",
    "tech",
    "mail",
    "web",
    "dev",
];

/// What a handle is compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stems {
    /// Letters and digits, if the digits make it one's own.
    pub(super) whole: Option<String>,
    /// Letters alone, without common words, doubled letters once.
    pub(super) letters: Option<String>,
}

impl Stems {
    pub(super) fn of(handle: &str) -> Self {
        let handle = handle.split('+').next().unwrap_or(handle);
        let plain: String =
            handle.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let count = |numeric: bool| plain.chars().filter(|c| c.is_numeric() == numeric).count();
        let digits: String = plain.chars().filter(char::is_ascii_digit).collect();
        let own = count(false) >= BEYOND_NAME_MIN && count(true) >= DIGITS_MIN && !is_year(&digits);
        let whole = own.then(|| plain.clone());
        Self { whole, letters: letters(&plain) }
    }
}

/// Digits such as `1996`, which are in many handles.
fn is_year(digits: &str) -> bool {
    digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"))
}

fn letters(plain: &str) -> Option<String> {
    let mut letters: String = plain.chars().filter(|c| !c.is_numeric()).collect();
    for word in COMMON {
        letters = letters.replace(word, "");
    }
    let mut last = None;
    letters.retain(|c| last.replace(c) != Some(c));
    (letters.chars().count() >= STEM_CHARS_MIN).then_some(letters)
}

/// Whether a stem's letters say no more than one of these names.
pub(super) fn is_name_only<'n>(stem: &str, names: impl IntoIterator<Item = &'n str>) -> bool {
    names.into_iter().any(|name| {
        let mut words: Vec<String> = name
            .split(|c: char| !c.is_alphabetic())
            .filter_map(|word| {
                let mut last = None;
                let mut plain: String = word.chars().flat_map(char::to_lowercase).collect();
                plain.retain(|c| last.replace(c) != Some(c));
                (plain.chars().count() >= 2).then_some(plain)
            })
            .collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let left = words.iter().fold(stem.to_owned(), |left, word| left.replacen(word.as_str(), "", 1));
        left.len() < stem.len() && left.chars().count() < BEYOND_NAME_MIN
    })
}
