//! Every name and address that a text mentions, known or not.

use std::net::IpAddr;

use super::spelling::{Number, bare, colons, number};
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
        let (start, end) = bare(text, start, end);
        let word = &text[start..end];
        let (Some(first), Some(last)) = (word.first(), word.last()) else { return };
        if first.is_ascii_digit() && last.is_ascii_digit() {
            match number(word) {
                Number::Address(address) => return take(Mention::Address(address.into())),
                Number::Other => return,
                Number::None => {}
            }
        }
        take(Mention::Word(word));
    });
    colons(text, |run| {
        if let Some((address, _)) = run.address {
            take(Mention::Address(address.into()));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_mentioned_wherever_they_stand() {
        let text = b"1.5\t10.0.0.1\tq=www.evil.top.\t[2a01:db8::1]:53 v1.2.3 nothing\n";
        let (mut named, mut addresses) = (Vec::new(), Vec::new());
        mentions(text, |mention| match mention {
            Mention::Word(word) => named.push(String::from_utf8_lossy(word).into_owned()),
            Mention::Address(address) => addresses.push(address.to_string()),
        });
        assert_eq!(named, ["www.evil.top", "v1.2.3"]);
        assert_eq!(addresses, ["10.0.0.1", "2a01:db8::1"]);
    }
}
