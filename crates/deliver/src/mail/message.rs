//! How what a mail says becomes a message: the same header fields and the same parts for all mails of the node.
//!
//! The same content is the same message, byte for byte: boundaries come from what stands between them, and the time is handed
//! in.
//!
//! Source: RFC 5322 (message), RFC 2046 sections 5.1.3 and 5.1.4 (multipart/mixed, multipart/alternative), RFC 3834
//! (Auto-Submitted), RFC 3282 (Content-Language).

use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::address::{Address, AddressError};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};
use stix::Timestamp;

use super::MailError;
use crate::hex::hex;
use crate::speech::Language;

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The language of its words.
    pub language: Language,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML, which loads nothing from elsewhere.
    pub html: String,
    /// Files that go along.
    pub attached: Vec<Attached>,
}

/// A file that goes along with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Attached {
    /// An advisory as PDF.
    #[must_use]
    pub fn advisory(pdf: Vec<u8>) -> Self {
        Self { name: "advisory.pdf".to_owned(), content_type: "application/pdf", bytes: pdf }
    }
}

impl Content {
    /// Some paragraphs.
    #[must_use]
    pub fn of(language: Language, subject: String, paragraphs: &[&str]) -> Self {
        let escaped = |text: &&str| text.replace('&', "&amp;").replace('<', "&lt;");
        let html: String = paragraphs.iter().map(|text| format!("<p>{}</p>\n", escaped(text))).collect();
        let html = format!("<!doctype html>\n<html lang=\"{}\">\n{html}</html>\n", language.tag());
        Self { language, subject, text: paragraphs.join("\n\n") + "\n", html, attached: Vec::new() }
    }

    /// What tells it from other content to the same address.
    fn print(&self, to: &Address) -> String {
        let mut hash = Sha256::new();
        let to: &str = to.as_ref();
        for text in [to, &self.subject, &self.text, &self.html] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        hex(&hash.finalize()[..16])
    }
}

/// Between whom a mail goes, and when it was made.
pub(crate) struct Heads {
    pub(crate) from: Mailbox,
    pub(crate) reply_to: Option<Mailbox>,
    pub(crate) to: Mailbox,
    pub(crate) at: Timestamp,
    /// Its Message-ID; `None` makes it from the content, so that the same content has the same.
    pub(crate) id: Option<String>,
}

/// What `content` says as a message.
///
/// # Errors
/// [`MailError`]: an address or the subject can't stand in a header.
pub(crate) fn message(heads: Heads, content: Content) -> Result<Message, MailError> {
    let unmade = |error: &dyn std::fmt::Display| MailError::new("the message", error);
    let print = content.print(&heads.to.email);
    let id = heads.id.unwrap_or_else(|| id(&print, &heads.from.email));
    let since = Duration::from_secs(u64::try_from(heads.at.seconds()).unwrap_or_default());
    let mut message = Message::builder().from(heads.from);
    if let Some(reply_to) = heads.reply_to {
        message = message.reply_to(reply_to);
    }
    let message = message
        .to(heads.to)
        .subject(content.subject)
        .date(UNIX_EPOCH + since)
        .message_id(Some(id))
        // Nobody's absence is answered to it: RFC 3834, section 5.
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("Content-Language", content.language.tag()));
    let alternatives = MultiPart::alternative()
        .boundary(format!("alternatives-{print}"))
        .singlepart(SinglePart::plain(content.text))
        .singlepart(SinglePart::html(content.html));
    let mut parts = alternatives;
    if !content.attached.is_empty() {
        parts = MultiPart::mixed().boundary(format!("parts-{print}")).multipart(parts);
        for file in content.attached {
            let content_type = ContentType::parse(file.content_type).map_err(|error| unmade(&error))?;
            parts = parts.singlepart(Attachment::new(file.name).body(file.bytes, content_type));
        }
    }
    message.multipart(parts).map_err(|error| unmade(&error))
}

/// What identifies a message: `name` at the domain of its sender.
pub(super) fn id(name: &str, from: &Address) -> String {
    format!("<{name}@{}>", from.domain())
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// An address of a person or a list, with or without a name.
///
/// # Errors
/// [`MailError`]: it is none.
pub fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    text.parse().map_err(|error: AddressError| MailError::new(text, error))
}

/// Whether a text is a mail address and nothing else.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

/// The first mail address in a text such as `duty desk, cert@cert.example, +82 2 123`.
#[must_use]
pub fn address(text: &str) -> Option<Address> {
    let between = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')');
    let words = text.split(between).filter(|word| word.contains('@'));
    words.filter_map(|word| word.trim_start_matches("mailto:").parse().ok()).next()
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_found_in_a_contact() {
        let found = |text: &str| address(text).map(|address| address.to_string());
        let some = Some("cert@cert.example".to_owned());
        for text in [
            "cert@cert.example",
            "duty desk, cert@cert.example, +82 2 1",
            "CERT <cert@cert.example>",
            "mailto:cert@cert.example",
        ] {
            assert_eq!(found(text), some, "{text}");
        }
        for text in ["", "duty desk", "@", "a@", "a@b\r\nBcc", "x@@y"] {
            assert_ne!(found(text), some, "{text}");
            assert!(!found(text).is_some_and(|found| found.contains(['\r', '\n'])), "{text}");
        }
    }
}
