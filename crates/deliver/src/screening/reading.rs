//! What a question can mean.

use serde::Deserialize;
use watch::names::{self, MATCH, NAME_CHARS_MAX};
use watch::wallet::{self, Judged};
use watch::{Kind, Value, guess, normalise};

/// Bytes of a question that are given back, at most: what is longer is no value.
const SHOWN_BYTES_MAX: usize = 512;

/// The kinds under which a name is asked for, beside those of values: of anybody, of a person, of an organisation.
pub const NAME_KINDS: [&str; 3] = [NAME, "person", "organization"];
pub(super) const NAME: &str = "name";

/// A value or a name to ask about.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The value, in any spelling.
    pub value: String,
    /// What kind of value it is; all that it can be, if it is not said.
    #[serde(default)]
    pub kind: Option<String>,
    /// Of a name: when its bearer was born or founded, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[serde(default)]
    pub birth: Option<String>,
    /// Of a name: its bearer's country, by name or by code.
    #[serde(default)]
    pub country: Option<String>,
    /// More that is known of a name's bearer.
    #[serde(skip)]
    pub(crate) more: More,
}

/// What an entity of another's form tells beyond one name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct More {
    pub(crate) names: Vec<String>,
    pub(crate) births: Vec<String>,
    pub(crate) countries: Vec<String>,
    /// From what score on parties are told; that of a match, if it is not said.
    pub(crate) least: Option<f32>,
}

impl Question {
    /// A question about a text of which it is not said what it is.
    #[must_use]
    pub fn of(value: impl Into<String>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }

    /// The values as which it is read; none if it is a name.
    ///
    /// # Errors
    /// Why it is read as nothing.
    pub fn values(&self) -> Result<Vec<Value>, String> {
        match Reading::of(self) {
            Reading::Values(values) => Ok(values),
            Reading::Name => Ok(Vec::new()),
            Reading::Unread(why) => Err(why),
        }
    }

    /// A question about a value of a kind.
    #[must_use]
    pub fn of_kind(value: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { value: value.into(), kind: Some(kind.into()), ..Self::default() }
    }

    /// Whether it may ask for a name, which takes longer than a value.
    pub(super) fn may_be_name(&self) -> bool {
        match self.kind.as_deref().filter(|kind| !kind.is_empty()) {
            Some(kind) => NAME_KINDS.contains(&kind),
            None => is_like_name(self.value.trim()),
        }
    }

    /// Whether it may ask for a wallet that transfers are known of: a guess that costs little, and never says no to one that is asked
    /// for by its plain address.
    pub(super) fn may_be_wallet(&self) -> bool {
        match self.kind.as_deref().filter(|kind| !kind.is_empty()) {
            Some(kind) => kind == Kind::Wallet.as_str(),
            None => !self.value.trim().bytes().any(|byte| matches!(byte, b'.' | b'/' | b'@' | b' ')),
        }
    }

    /// The question to names, of one that was read as a name.
    pub(super) fn of_name(&self) -> names::Question<'_> {
        let more = &self.more;
        names::Question {
            names: std::iter::once(self.value.trim()).chain(more.names.iter().map(String::as_str)).collect(),
            kind: match self.kind.as_deref() {
                Some("person") => names::Kind::Person,
                Some("organization") => names::Kind::Organization,
                _ => names::Kind::Unknown,
            },
            births: filled(&self.birth).chain(more.births.iter().map(String::as_str)).collect(),
            countries: filled(&self.country).chain(more.countries.iter().map(String::as_str)).collect(),
        }
    }

    /// From what score on a party is told.
    pub(super) fn least(&self) -> f32 {
        self.more.least.unwrap_or(MATCH)
    }

    /// The text, cut where it is too long to be a value.
    pub(super) fn shown(&self) -> String {
        let mut end = self.value.len().min(SHOWN_BYTES_MAX);
        while !self.value.is_char_boundary(end) {
            end -= 1;
        }
        match self.value.get(..end) {
            Some(shown) if end < self.value.len() => format!("{shown}…"),
            _ => self.value.clone(),
        }
    }
}

/// What a question was read as.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    /// These values; at least one.
    Values(Vec<Value>),
    /// A name.
    Name,
    /// None, and why.
    Unread(String),
}

impl Reading {
    pub(super) fn of(question: &Question) -> Self {
        let text = question.value.trim();
        let kind = question.kind.as_deref().filter(|kind| !kind.is_empty());
        let read = match kind {
            Some(kind) if NAME_KINDS.contains(&kind) => Self::as_name(text),
            Some(kind) => Self::as_kind(kind, text),
            None => Self::guessed(text),
        };
        let birth = filled(&question.birth).next();
        let tells_more = birth.is_some() || filled(&question.country).next().is_some();
        match read {
            Self::Values(_) if tells_more => Self::Unread(
                "only a name has a date of birth or a country; say `name` as its kind if it is one"
                    .to_owned(),
            ),
            Self::Name if birth.is_some_and(|birth| !is_date(birth)) => {
                Self::Unread("the date of birth is none: write YYYY, YYYY-MM or YYYY-MM-DD".to_owned())
            }
            read => read,
        }
    }

    fn as_name(text: &str) -> Self {
        match () {
            () if text.chars().count() > NAME_CHARS_MAX => {
                Self::Unread(format!("a name has at most {NAME_CHARS_MAX} characters"))
            }
            () if text.chars().filter(|letter| letter.is_alphabetic()).count() < 2 => {
                Self::Unread("a name has at least two letters".to_owned())
            }
            () => Self::Name,
        }
    }

    fn as_kind(kind: &str, text: &str) -> Self {
        let kind: Kind = match kind.parse() {
            Ok(kind) => kind,
            Err(error) => return Self::Unread(error.to_string()),
        };
        if !kind.screens() {
            return Self::Unread(format!("values of kind {kind} are not screened"));
        }
        match normalise(kind, text) {
            Ok(value) if kind == Kind::Wallet => Self::Values(with_twin(value)),
            Ok(value) if kind == Kind::Ipv6 => Self::Values(with_mapped(value)),
            Ok(value) => Self::Values(vec![value]),
            Err(error) if kind == Kind::Wallet => {
                Self::Unread(mistyped(text).unwrap_or_else(|| error.to_string()))
            }
            Err(error) => Self::Unread(error.to_string()),
        }
    }

    fn guessed(text: &str) -> Self {
        let also =
            |kinds: &[Kind]| kinds.iter().filter_map(|kind| normalise(*kind, text).ok()).collect::<Vec<_>>();
        if text.is_empty() {
            return Self::Unread("nothing is asked".to_owned());
        }
        if text.starts_with('@') {
            return Self::some(also(&[Kind::Account]));
        }
        let values = match guess(text) {
            // What is a hash of a file may be one of other things.
            Some(value) => match value.kind() {
                Kind::Md5 => also(&[Kind::Md5, Kind::Ja3, Kind::Certificate]),
                Kind::Sha1 => also(&[Kind::Sha1, Kind::Certificate]),
                Kind::Sha256 => also(&[Kind::Sha256, Kind::Certificate]),
                Kind::Wallet => with_twin(value),
                Kind::Ipv6 => with_mapped(value),
                Kind::Domain if is_file_too(text) => also(&[Kind::Domain, Kind::FileName]),
                kind if kind.screens() => vec![value],
                kind => return Self::Unread(format!("values of kind {kind} are not screened")),
            },
            None if is_like_name(text) => return Self::as_name(text),
            None if text.contains('.') && !text.contains(['/', '\\', '@', ':']) => {
                let is_file = ending(text).chars().any(char::is_alphabetic);
                let file: &[Kind] = if is_file { &[Kind::FileName] } else { &[] };
                also(&[&[Kind::Wallet, Kind::Domain], file].concat())
            }
            None => match normalise(Kind::Wallet, text) {
                Ok(value) => with_twin(value),
                Err(_) => match mistyped(text) {
                    Some(why) => return Self::Unread(why),
                    None => Vec::new(),
                },
            },
        };
        Self::some(values)
    }

    fn some(values: Vec<Value>) -> Self {
        if values.is_empty() {
            let why = "it has the form of no value; say with `kind` what it is meant to be, and why it is none is told";
            return Self::Unread(why.to_owned());
        }
        Self::Values(values)
    }

    pub(super) fn values(&self) -> &[Value] {
        match self {
            Self::Values(values) => values,
            Self::Name | Self::Unread(_) => &[],
        }
    }
}

/// What is said, if it is more than blanks.
fn filled(said: &Option<String>) -> impl Iterator<Item = &str> {
    said.iter().map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// Whether a text that is no value reads as somebody's name: words of letters, more than one or in another script than Latin. A
/// point may end a word and not stand in it.
fn is_like_name(text: &str) -> bool {
    let is_part = |letter: char| {
        letter.is_alphabetic() || matches!(letter, '-' | '\'' | '’' | '`' | ',' | '·' | '・' | '&')
    };
    let mut words = text.split_whitespace();
    words.clone().count() + usize::from(!text.is_ascii()) > 1
        && words.all(|word| {
            let word = word.strip_suffix([',', '.']).unwrap_or(word);
            word.chars().all(|letter| is_part(letter) || is_mark(letter))
        })
        && text.chars().any(char::is_alphabetic)
}

/// Marks that stand on or under letters, of which some scripts are full.
fn is_mark(letter: char) -> bool {
    unicode_normalization::char::is_combining_mark(letter)
}

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_number =
        |part: &&str, digits: usize| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
    match parts.as_slice() {
        [year, rest @ ..] => {
            is_number(year, 4) && rest.len() <= 2 && rest.iter().all(|part| is_number(part, 2))
        }
        [] => false,
    }
}

/// Endings of files that are also top-level domains. `com` is left out: of the names that end so, hardly any is a file's.
const ENDINGS: [&str; 16] =
    ["app", "bar", "cab", "cc", "foo", "java", "md", "mov", "pl", "ps", "py", "rs", "sh", "so", "zip", "dev"];

/// What stands behind the last point.
fn ending(text: &str) -> &str {
    text.rsplit('.').next().unwrap_or_default()
}

/// Whether a text that is a domain may be a file's name as well.
fn is_file_too(text: &str) -> bool {
    let ending = ending(text);
    !text.contains(['/', ':', '[', '@']) && ENDINGS.iter().any(|file| ending.eq_ignore_ascii_case(file))
}

/// An address, and the IPv4 address that it stands for if it is one in the form of IPv6. Source: RFC 4291, section 2.5.5.2.
fn with_mapped(value: Value) -> Vec<Value> {
    let mapped = value.text().parse::<std::net::Ipv6Addr>().ok().and_then(|address| address.to_ipv4_mapped());
    let mapped = mapped.and_then(|address| normalise(Kind::Ipv4, &address.to_string()).ok());
    std::iter::once(value).chain(mapped).collect()
}

/// A wallet, and its other spelling if it may be one of Bitcoin Cash: an account that is listed under either is known.
fn with_twin(value: Value) -> Vec<Value> {
    let twin = wallet::twin(value.text()).and_then(|twin| normalise(Kind::Wallet, &twin).ok());
    std::iter::once(value).chain(twin).collect()
}

/// What is wrong with a text that is nearly an address.
fn mistyped(text: &str) -> Option<String> {
    match wallet::judge(text) {
        Judged::Wrong(wrong) => Some(format!("it {wrong}")),
        Judged::Address(_) | Judged::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Question, Reading};

    #[test]
    fn what_can_be_no_value_and_reads_as_a_name_is_one() {
        let is_name = |text: &str| matches!(Reading::of(&Question::of(text)), Reading::Name);
        for name in [
            "Kim Jong Un",
            "KIM, Jong Un",
            "김정은",
            "Жанна д'Арк",
            "Dr. J. van der Berg",
            "أحمد علي",
            "Lazarus Group",
            "李 小龙",
        ] {
            assert!(is_name(name), "{name}");
        }
        for other in [
            "",
            "Kim",
            "evil-k3.top",
            "пример.рф",
            "a b.exe",
            "3 Kings",
            "x@y-k3.top",
            "@kim",
            "+82 2 1234 5678",
            "- -",
            "DE89 3704 0044 0532 0130 00",
        ] {
            assert!(!is_name(other), "{other}");
        }
    }

    #[test]
    fn what_is_said_of_a_name_must_fit() {
        let mut question = Question::of_kind("Madonna", "person");
        assert!(matches!(Reading::of(&question), Reading::Name));
        question.birth = Some("1958-08-16".to_owned());
        assert!(matches!(Reading::of(&question), Reading::Name));
        for wrong in ["58", "1958-8", "August", "1958-08-16-01"] {
            question.birth = Some(wrong.to_owned());
            assert!(matches!(Reading::of(&question), Reading::Unread(_)), "{wrong}");
        }
        let long = Question::of_kind("ab ".repeat(200), "name");
        assert!(matches!(Reading::of(&long), Reading::Unread(_)));
        assert!(matches!(Reading::of(&Question::of_kind("7 -", "name")), Reading::Unread(_)));
    }
}
