//! Applications as vCards, one or several in a file.
//!
//! Lines are unfolded and split into name, parameters and value; of the properties only those below are read, so that a birthday, a
//! birthplace or a gender is passed over.
//!
//! Source: RFC 6350 (vCard 4.0), sections 3.2 to 3.4, 6.2 to 6.7; RFC 2426 (3.0) for folding and escapes, which are the same;
//! RFC 9554, section 4.9 (SOCIALPROFILE).

use super::field::{Field, take};
use super::{Read, ReadError};
use crate::persona::application::Application;
use crate::persona::identifier::IdentifierKind as Kind;

/// Longest line after unfolding, in bytes; a picture within a card is longer and is passed over.
const LINE_BYTES_MAX: usize = 64 * 1024;

pub(super) fn read(text: &str, read: &mut Read) -> Result<(), ReadError> {
    let (mut card, mut count): (Option<Application>, usize) = (None, 0);
    for (number, line) in unfolded(text) {
        let Some(property) = Property::parse(&line) else {
            if !line.trim().is_empty() {
                read.warn("line-malformed", format!("line {number}"), "is no property of a vCard; left out");
            }
            continue;
        };
        match (property.name.as_str(), &mut card) {
            ("BEGIN", open) if property.value.eq_ignore_ascii_case("VCARD") => {
                if open.is_some() {
                    read.warn(
                        "card-unended",
                        format!("line {number}"),
                        "begins a card before the last one ended",
                    );
                }
                count += 1;
                if let Some(before) = open.replace(Application::new(format!("card {count}"))) {
                    read.keep(before)?;
                }
            }
            ("END", open) => {
                if let Some(ended) = open.take() {
                    read.keep(ended)?;
                }
            }
            (_, Some(card)) => property.take(card, number, read),
            (_, None) => {
                read.warn("outside-card", format!("line {number}"), "stands outside a card; left out")
            }
        }
    }
    if let Some(unended) = card {
        read.warn("card-unended", "", "the last card does not end; what there is of it is kept");
        read.keep(unended)?;
    }
    Ok(())
}

/// Lines with those that continue them, by the number of the first. What is beyond the limit is left out.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, last))) if !last.is_empty() => {
                if last.len() + rest.len() <= LINE_BYTES_MAX {
                    last.push_str(rest);
                }
            }
            _ => {
                let fits = line.len() <= LINE_BYTES_MAX;
                lines.push((at + 1, if fits { line.to_owned() } else { String::new() }));
            }
        }
    }
    lines
}

/// One property. Of its parameters, TYPE and SERVICE-TYPE count.
struct Property {
    name: String,
    service: Option<String>,
    value: String,
}

impl Property {
    fn parse(line: &str) -> Option<Self> {
        let mut in_quotes = false;
        let colon = line.char_indices().find(|(_, c)| {
            in_quotes ^= *c == '"';
            *c == ':' && !in_quotes
        });
        let (head, value) = line.split_at_checked(colon?.0)?;
        let mut parts = head.split(';');
        // A group, as in `item1.EMAIL`, joins properties for the eye alone.
        let name = parts.next()?.rsplit('.').next()?.trim().to_ascii_uppercase();
        let service = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            let is_service = ["TYPE", "SERVICE-TYPE", "X-SERVICE-TYPE"]
                .iter()
                .any(|known| key.eq_ignore_ascii_case(known));
            let first = value.trim_matches('"').split(',').next()?;
            (is_service && !["pref", "home", "work"].contains(&first.to_ascii_lowercase().as_str()))
                .then(|| first.to_owned())
        });
        let fine = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fine.then(|| Self { name, service, value: value[1..].to_owned() })
    }

    fn take(&self, card: &mut Application, number: usize, read: &mut Read) {
        let path = format!("line {number}, {}", self.name);
        let plain = unescaped(&self.value);
        match self.name.as_str() {
            "FN" => take(card, Field::Identifier(Kind::Name), &plain, &path, read),
            "EMAIL" => {
                take(card, Field::Identifier(Kind::Email), plain.trim_start_matches("mailto:"), &path, read);
            }
            "TEL" => {
                // `tel:+1-201-555-0123;ext=102`: an extension is no part of the number.
                let number = plain.split(';').next().unwrap_or_default();
                take(card, Field::Identifier(Kind::Phone), number, &path, read);
            }
            "URL" => take(card, Field::Identifier(Kind::Page), &plain, &path, read),
            "UID" => take(card, Field::Id, &plain, &path, read),
            "TZ" => take(card, Field::TimeZone, &plain, &path, read),
            "NOTE" => take(card, Field::FullText, &plain, &path, read),
            "IMPP" | "SOCIALPROFILE" | "X-SOCIALPROFILE" => {
                let account = match (&self.service, plain.split_once(':')) {
                    (_, Some(("http" | "https", _))) => plain.clone(),
                    (Some(service), Some((_, handle))) => format!("{service}/{handle}"),
                    (Some(service), None) => format!("{service}/{plain}"),
                    (None, Some((service, handle))) => format!("{service}/{handle}"),
                    (None, None) => plain.clone(),
                };
                take(card, Field::Identifier(Kind::Account), &account, &path, read);
            }
            _ => {}
        }
    }
}

/// Source: RFC 6350, section 3.4.
fn unescaped(value: &str) -> String {
    let (mut plain, mut chars) = (String::with_capacity(value.len()), value.chars());
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => plain.push('\\'),
            },
            (c, false) => plain.push(c),
        }
    }
    plain
}
