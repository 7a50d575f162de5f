//! Every name and address that a text mentions, known or not.

use std::net::IpAddr;

use super::spelling::{Number, bare, behind_escape, colons, number, parts_beside_signs};
use super::word::{Wanted, words};

/// Something that stands in a text and may be a name or is an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention<'t> {
    /// A word with a dot in it.
    Word(&'t [u8]),
    /// An address.
    Address(IpAddr),
}

/// Gives what `text` mentions, in no order. Words that the text cuts are not whole: give it whole lines.
pub fn mentions<'t>(text: &'t [u8], mut take: impl FnMut(Mention<'t>)) {
    words(text, Wanted::Telling, |start, end, has_dot| {
        if !has_dot {
            return;
        }
        word(text, start, end, &mut take);
        if let Some(start) = behind_escape(text, start, end) {
            word(text, start, end, &mut take);
        }
    });
    colons(text, |run| {
        if let Some((address, _)) = run.address {
            take(Mention::Address(address.into()));
        }
    });
}

/// What a word with a dot in it mentions.
fn word<'t>(text: &'t [u8], start: usize, end: usize, take: &mut impl FnMut(Mention<'t>)) {
    let (start, end) = bare(text, start, end);
    let word = &text[start..end];
    let (Some(first), Some(last)) = (word.first(), word.last()) else { return };
    if first.is_ascii_digit() && last.is_ascii_digit() {
        match number(word) {
            Number::Address(address, _) => return take(Mention::Address(address.into())),
            Number::Other => return,
            Number::None => {}
        }
    }
    if !word.is_ascii() {
        parts_beside_signs(word, |from, to| {
            if word[from..to].contains(&b'.') {
                self::word(text, start + from, start + to, take);
            }
        });
    }
    take(Mention::Word(word));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_mentioned_wherever_they_stand() {
        let text = b"1.5\t10.0.0.1\t45.83.64.9.443 > 45.83.64.9.053: q=www.evil.top.\t[2a01:db8::1]:53 v1.2.3 nothing\n";
        let (mut named, mut addresses) = (Vec::new(), Vec::new());
        mentions(text, |mention| match mention {
            Mention::Word(word) => named.push(String::from_utf8_lossy(word).into_owned()),
            Mention::Address(address) => addresses.push(address.to_string()),
        });
        assert_eq!(named, ["www.evil.top", "v1.2.3"]);
        assert_eq!(addresses, ["10.0.0.1", "45.83.64.9", "2a01:db8::1"]);
    }

    #[test]
    fn escapes_signs_and_particles_beside_them_hide_nothing() {
        let text = r#"{"m":"Address:\t45.83.64.9\r\nName:\tevil-k3.top\u0022x-k3.top C:\\temp.exe"} “a-k3.top” （45.83.64.10） b-k3.top에 접속, 45.83.64.11에서 müller-k3.top"#;
        let (mut named, mut addresses) = (Vec::new(), Vec::new());
        mentions(text.as_bytes(), |mention| match mention {
            Mention::Word(word) => named.push(String::from_utf8_lossy(word).into_owned()),
            Mention::Address(address) => addresses.push(address.to_string()),
        });
        for name in ["evil-k3.top", "x-k3.top", "a-k3.top", "b-k3.top", "müller-k3.top", "temp.exe"] {
            assert!(named.iter().any(|other| other == name), "{name}: {named:?}");
        }
        for none in ["ller-k3.top", "emp.exe"] {
            assert!(named.iter().all(|other| other != none), "{none}: {named:?}");
        }
        assert_eq!(addresses, ["45.83.64.9", "45.83.64.10", "45.83.64.11"]);
    }
}
