//! An intelligence file for Zeek's Intelligence Framework.
//!
//! Source: Zeek's manual, "Intelligence Framework" (input files: tab-separated, types as `Intel::DOMAIN`).

use std::fmt::Write as _;

use policy::{Level, MemberId};
use watch::{Kind, Value};

use crate::artefact::Artefact;
use crate::gather::{Deliver, DeliverError};

const FIELDS: &str = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\n";

impl Deliver {
    /// The member's intelligence file. A domain means itself and what lies below it, which Zeek looks up name by name: subdomains
    /// need a policy script.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn zeek(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let gathered = self.gather(member, Level::Detect, encrypted)?;
        let (mut text, mut count) = (FIELDS.to_owned(), 0);
        for entry in gathered.entries() {
            let Some((value, kind)) = item(entry.value()) else { continue };
            let found = entry.indicator();
            let name = found.name.as_deref().map_or_else(|| "-".to_owned(), field);
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{value}\tIntel::{kind}\t{}\t{name} ({})\tstix/{}",
                field(&self.title),
                entry.tlp(),
                found.object
            );
            count += 1;
        }
        Ok(Artefact::new("text/plain; charset=utf-8", "zeek.intel", text, count))
    }
}

/// How Zeek writes a value, and what it calls its kind.
fn item(value: &Value) -> Option<(String, &'static str)> {
    let text = value.text();
    let kind = match value.kind() {
        Kind::Domain => "DOMAIN",
        Kind::Ipv4 | Kind::Ipv6 if text.contains('/') => "SUBNET",
        Kind::Ipv4 | Kind::Ipv6 => "ADDR",
        Kind::Url => return Some((field(text.split_once("://").map_or(text, |(_, rest)| rest)), "URL")),
        Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 => "FILE_HASH",
        Kind::Email => "EMAIL",
        _ => return None,
    };
    Some((field(text), kind))
}

/// A field without what would end it.
fn field(text: &str) -> String {
    // Direction marks would show an analyst's terminal what is not there.
    let steers = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean: String = text.chars().map(|c| if steers(c) { ' ' } else { c }).take(400).collect();
    if clean.trim().is_empty() { "-".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stays_one_field() {
        assert_eq!(field("a\tb\nc"), "a b c");
        assert_eq!(field(" \t"), "-");
        let url = watch::normalise(Kind::Url, "https://evil-k3.top/a?b").unwrap();
        assert_eq!(item(&url), Some(("evil-k3.top/a?b".to_owned(), "URL")));
    }
}
