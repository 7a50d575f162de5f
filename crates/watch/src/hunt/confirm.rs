//! Whether a value really stands where its key was found.

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;

use super::needles::Candidate;
use crate::value::{Kind, Value, normalise};

/// Bytes of a line in which an address of the web is looked for, to both sides of its host.
const AROUND_BYTES_MAX: usize = 16 * 1024;

/// By what a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// The value itself.
    Exact,
    /// A name below the domain.
    Below,
    /// An address in the network.
    Inside,
}

impl How {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Below => "below",
            Self::Inside => "inside",
        }
    }
}

/// Where in `text` the value stands and by what it was found, if it does.
#[must_use]
pub fn confirm(text: &[u8], at: Candidate, value: &Value) -> Option<(Range<usize>, How)> {
    let found = text.get(at.word..at.end)?;
    let spelled = || std::str::from_utf8(found).ok();
    let whole = |is: bool| is.then_some((at.word..at.end, How::Exact));
    match value.kind() {
        Kind::Domain => {
            let name = normalise(Kind::Domain, spelled()?).ok()?;
            let above = name.text().strip_suffix(value.text())?;
            let how = match above {
                "" => How::Exact,
                above if above.ends_with('.') => How::Below,
                _ => return None,
            };
            Some((at.word..at.end, how))
        }
        Kind::Ipv4 | Kind::Ipv6 => {
            let address: IpAddr = spelled()?.parse().ok()?;
            let network = value.network()?;
            let how = if value.text().contains('/') { How::Inside } else { How::Exact };
            network.contains(&address).then_some((at.word..at.end, how))
        }
        Kind::Url => address_of_web(text, at, value).map(|range| (range, How::Exact)),
        Kind::RegistryKey => registry_key(text, at, value).map(|range| (range, How::Exact)),
        Kind::Account | Kind::FileName => phrase(text, at, value.text()),
        Kind::Phone => whole(spelled()?.trim_start_matches('+') == value.text().trim_start_matches('+')),
        // A log may write an EVM address in a case that is no checksum: it names the account nevertheless.
        Kind::Wallet if value.text().starts_with("0x") && spelled()?.eq_ignore_ascii_case(value.text()) => {
            whole(true)
        }
        kind => whole(normalise(kind, spelled()?).ok()? == *value),
    }
}

/// Words that stand together, in either case, by one of them.
fn phrase(text: &[u8], at: Candidate, phrase: &str) -> Option<(Range<usize>, How)> {
    let line = around(text, at);
    let spoken = String::from_utf8_lossy(&text[line]).to_lowercase();
    let goes_on = |letter: Option<char>| {
        letter.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'))
    };
    // A full stop behind it may be the sentence's.
    let ends =
        |rest: &str| !goes_on(rest.trim_start_matches('.').chars().next().filter(|_| !rest.is_empty()));
    let stands =
        |found: usize| !goes_on(spoken[..found].chars().next_back()) && ends(&spoken[found + phrase.len()..]);
    let is_there = spoken.match_indices(phrase).any(|(found, _)| stands(found));
    is_there.then_some((at.word..at.end, How::Exact))
}

/// The part of `text` that stands in one line with `at`, up to some length to both sides.
fn around(text: &[u8], at: Candidate) -> Range<usize> {
    let floor = at.word.saturating_sub(AROUND_BYTES_MAX);
    let roof = text.len().min(at.end + AROUND_BYTES_MAX);
    let start = memchr::memrchr(b'\n', &text[floor..at.word]).map_or(floor, |found| floor + found + 1);
    let end = memchr::memchr(b'\n', &text[at.end..roof]).map_or(roof, |found| at.end + found);
    start..end
}

/// An address of the web whose host was found: with its scheme before it, up to what ends such an address in a log.
fn address_of_web(text: &[u8], at: Candidate, value: &Value) -> Option<Range<usize>> {
    let line = around(text, at);
    let before = &text[line.start..at.word];
    // `user:password@` and `[` may stand between the scheme and the host.
    let last = |signs: &[u8]| memchr::memmem::rfind(before, signs);
    let (plain, escaped) = (last(b"://"), last(br":\/\/"));
    let scheme = plain.max(escaped).filter(|found| before.len() - found < 260)?;
    // JSON may write a slash as `\/`. Source: RFC 8259, section 7.
    let is_escaped = escaped > plain;
    let letters =
        before[..scheme].iter().rev().take(12).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let start = line.start + scheme - letters;
    let ends = |byte: &u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'|' | b'\\')
            || byte.is_ascii_control()
    };
    let rest = &text[at.end..line.end];
    let goes_on = |place: usize| is_escaped && rest[place..].starts_with(br"\/");
    let length = (0..rest.len()).find(|place| ends(&rest[*place]) && !goes_on(*place)).unwrap_or(rest.len());
    let longest = at.end + length;
    let is = |end: usize| {
        let spelled = std::str::from_utf8(text.get(start..end)?).ok()?;
        let plain = if is_escaped { Cow::Owned(spelled.replace(r"\/", "/")) } else { Cow::Borrowed(spelled) };
        (normalise(Kind::Url, &plain).ok()? == *value).then_some(start..end)
    };
    // A bracket, comma or full stop at its end is the log's, not its own.
    let mut end = longest;
    loop {
        if let Some(found) = is(end) {
            return Some(found);
        }
        match text.get(end.checked_sub(1)?)? {
            b')' | b']' | b'}' | b',' | b';' | b'.' | b':' if end > at.end => end -= 1,
            _ => return None,
        }
    }
}

/// A key of the registry, with its hive by its long or its short name, and backslashes that are doubled or not.
fn registry_key(text: &[u8], at: Candidate, value: &Value) -> Option<Range<usize>> {
    let line = around(text, at);
    let (hive, path) = value.text().split_once('\\')?;
    let spoken = String::from_utf8_lossy(&text[line.clone()]).replace("\\\\", "\\").to_ascii_lowercase();
    let path = path.to_ascii_lowercase();
    let names = crate::value::HIVES.iter().filter(|(_, long)| *long == hive);
    let mut spellings = names
        .flat_map(|(short, long)| [*short, *long])
        .map(|hive| format!("{}\\{path}", hive.to_ascii_lowercase()));
    let ends = |at: usize| {
        spoken[at..]
            .chars()
            .next()
            .is_none_or(|next| !next.is_alphanumeric() && !matches!(next, '_' | '-' | '.'))
    };
    let is_there = spellings
        .any(|spelling| spoken.match_indices(&spelling).any(|(found, _)| ends(found + spelling.len())));
    is_there.then_some(at.word..at.end)
}
