//! What a line says of its own network, blanked, so that a find can be passed on.

use std::net::IpAddr;
use std::ops::Range;

use super::spelling::{Number, bare, behind_escape, colons, number, parts_beside_signs};
use super::word::{Wanted, is_word, words};
use crate::domain;
use crate::guard::special_purpose;

const ADDRESS: &str = "[internal address]";
const NAME: &str = "[internal name]";
const USER: &str = "[user]";

/// Domains that networks use inside. Source: RFC 6762, appendix G; RFC 8375; ICANN, resolution 2024.07.29.06 (`internal`).
const INSIDE: [&str; 9] =
    ["corp", "home", "home.arpa", "internal", "intranet", "lan", "local", "localdomain", "private"];

/// How often a text is looked through.
const ROUNDS_MAX: usize = 8;

/// Longest part of an address of mail before its `@`. Source: RFC 5321, section 4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;

/// Blanks addresses that are not public, names of users in addresses of mail, and names of one's own domains.
#[derive(Debug, Clone, Default)]
pub struct Blanking {
    domains: Vec<String>,
}

/// A text that is no domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no domain: {1}")]
pub struct NoDomain(String, &'static str);

impl Blanking {
    /// Blanks names of these domains too.
    ///
    /// # Errors
    /// [`NoDomain`].
    pub fn of(domains: &[String]) -> Result<Self, NoDomain> {
        let domains = domains.iter().map(|text| {
            let text = text.trim_start_matches('.');
            domain::normal(text).map_err(|why| NoDomain(text.chars().take(80).collect(), why))
        });
        Ok(Self { domains: domains.collect::<Result<_, _>>()? })
    }

    /// `text` without what tells of the inside; what stands in `keep` stays.
    #[must_use]
    pub fn blanked(&self, text: &[u8], keep: &Range<usize>) -> Vec<u8> {
        let (mut blanked, mut keep) = (text.to_vec(), keep.clone());
        // What stood beside something blanked may be an address by itself now.
        for _ in 0..ROUNDS_MAX {
            let cuts = self.cuts(&blanked, &keep);
            if cuts.is_empty() {
                break;
            }
            (blanked, keep) = without(&blanked, &keep, cuts);
        }
        blanked
    }

    /// What is to be blanked, and by what.
    fn cuts(&self, text: &[u8], keep: &Range<usize>) -> Vec<(Range<usize>, &'static str)> {
        let mut cuts: Vec<(Range<usize>, &'static str)> = Vec::new();
        let mut cut = |range: Range<usize>, what| {
            if range.start >= keep.end || range.end <= keep.start {
                cuts.push((range, what));
            }
        };
        words(text, Wanted::All, |start, end, _| {
            let behind = behind_escape(text, start, end).map(|start| bare(text, start, end));
            let (start, end) = bare(text, start, end);
            for (start, end) in [Some((start, end)), behind].into_iter().flatten() {
                let word = &text[start..end];
                if let Some(what) = self.what(word) {
                    cut(start..end, what);
                }
                if !word.is_ascii() {
                    parts_beside_signs(word, |from, to| {
                        let (start, end) = bare(text, start + from, start + to);
                        if let Some(what) = self.what(&text[start..end]) {
                            cut(start..end, what);
                        }
                    });
                }
            }
            if start > 0 && text[start - 1] == b'@' {
                let local = local(&text[..start - 1]);
                if local > 0 {
                    cut(start - 1 - local..start - 1, USER);
                }
            }
        });
        colons(text, |run| {
            if let Some((_, end)) = run.address.filter(|(address, _)| is_inside((*address).into())) {
                cut(run.start..end, ADDRESS);
            }
        });
        cuts.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        cuts
    }

    /// What a word says of the inside.
    fn what(&self, word: &[u8]) -> Option<&'static str> {
        if let Number::Address(address, _) = number(word) {
            return is_inside(address.into()).then_some(ADDRESS);
        }
        let name = std::str::from_utf8(word).ok()?.to_lowercase();
        let reversed = name.strip_suffix(".in-addr.arpa").map(|name| {
            let mut parts: Vec<&str> = name.split('.').collect();
            parts.reverse();
            parts.join(".")
        });
        if let Some(address) = reversed.and_then(|address| address.parse().ok()) {
            return is_inside(address).then_some(ADDRESS);
        }
        let name = if name.is_ascii() { name } else { domain::normal(&name).ok()? };
        let is_of = |domain: &str| {
            let above = name.strip_suffix(domain);
            above.is_some_and(|above| above.ends_with('.') || (above.is_empty() && domain.contains('.')))
        };
        let own = |domain: &String| is_of(domain) || name == *domain;
        (INSIDE.into_iter().any(is_of) || self.domains.iter().any(own)).then_some(NAME)
    }
}

/// An excerpt of a line, made smaller until it begins and ends between words: what is cut is not known by what is left of it.
#[must_use]
pub fn whole_words(text: &[u8], mut excerpt: Range<usize>, keep: &Range<usize>) -> Range<usize> {
    let is_in_word = |at: usize| {
        let is_part = |byte: &u8| is_word(*byte) || matches!(byte, b':' | b'@' | b'%' | b'+' | b'=');
        at > 0 && text.get(at - 1).is_some_and(is_part) && text.get(at).is_some_and(is_part)
    };
    while excerpt.start < keep.start && is_in_word(excerpt.start) {
        excerpt.start += 1;
    }
    while excerpt.end > keep.end && is_in_word(excerpt.end) {
        excerpt.end -= 1;
    }
    excerpt
}

/// A text with these parts, in order, replaced, and where what is kept stands then.
fn without(text: &[u8], keep: &Range<usize>, cuts: Vec<(Range<usize>, &str)>) -> (Vec<u8>, Range<usize>) {
    let (mut blanked, mut at, mut start) = (Vec::with_capacity(text.len()), 0, None);
    for (range, what) in cuts {
        if range.start >= keep.end && start.is_none() {
            start = Some(blanked.len() + keep.start - at);
        }
        if range.start >= at {
            blanked.extend_from_slice(&text[at..range.start]);
            blanked.extend_from_slice(what.as_bytes());
        }
        at = at.max(range.end);
    }
    let start = start.unwrap_or(blanked.len() + keep.start.saturating_sub(at));
    blanked.extend_from_slice(&text[at..]);
    (blanked, start..start + keep.len())
}

fn is_inside(address: IpAddr) -> bool {
    special_purpose(address).is_some()
}

/// How many bytes at the end of a text can stand before an `@`.
fn local(before: &[u8]) -> usize {
    let is_local =
        |byte: &&u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(byte) || **byte >= 0x80;
    before.iter().rev().take(LOCAL_BYTES_MAX).take_while(is_local).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_of_the_inside_is_blanked_and_the_find_stays() {
        let blanking = Blanking::of(&["ministry.example.net".to_owned(), "Büro.de".to_owned()]).unwrap();
        for (text, find, expected) in [
            ("10.0.0.17 asked evil.top", "evil.top", "[internal address] asked evil.top"),
            (
                "fd00::17 fe80::1%eth0 [::1]:53 2a00:1450::5 evil.top",
                "evil.top",
                "[internal address] [internal address]%eth0 [[internal address]]:53 2a00:1450::5 evil.top",
            ),
            (
                "from=<bob@evil.top> to=<ann.b@city.org>",
                "evil.top",
                "from=<[user]@evil.top> to=<[user]@city.org>",
            ),
            (
                "from=<pay@evil.top> to=<ann@city.org>",
                "pay@evil.top",
                "from=<pay@evil.top> to=<[user]@city.org>",
            ),
            (
                "host7.ministry.example.net MINISTRY.example.net x.büro.de pc.corp evil.top",
                "evil.top",
                "[internal name] [internal name] [internal name] [internal name] evil.top",
            ),
            (
                "17.0.0.10.in-addr.arpa 8.8.8.8.in-addr.arpa evil.top",
                "evil.top",
                "[internal address] 8.8.8.8.in-addr.arpa evil.top",
            ),
            (
                "8.8.8.8 192.168.1.5:443 172.31.0.1/evil.top notministry.example.net",
                "evil.top",
                "8.8.8.8 [internal address]:443 [internal address]/evil.top notministry.example.net",
            ),
            (
                "fd00::1pc.corp 10.1.1.1 evil.top 10.1.1.1",
                "evil.top",
                "[internal address][internal name] [internal address] evil.top [internal address]",
            ),
            (
                "IP 10.1.1.1.51234 > 45.83.64.9.443: evil.top",
                "evil.top",
                "IP [internal address] > 45.83.64.9.443: evil.top",
            ),
            ("a.corp.evil.top", "a.corp.evil.top", "a.corp.evil.top"),
        ] {
            let at = text.find(find).unwrap();
            let blanked = blanking.blanked(text.as_bytes(), &(at..at + find.len()));
            assert_eq!(String::from_utf8(blanked).unwrap(), expected);
        }
    }

    #[test]
    fn an_excerpt_begins_and_ends_between_words() {
        let text = b"host 10.0.0.17 asked evil.top of fd00::17 now";
        let keep = 21..29;
        let range = whole_words(text, 9..38, &keep);
        assert_eq!(&text[range], b" asked evil.top of ");
        assert_eq!(whole_words(text, 0..text.len(), &keep), 0..text.len());
    }
}
