//! An advisory as a mail: plain text and a page as alternatives, and the document as an attachment.
//!
//! The same advisory is the same mail, byte for byte, with the same Message-ID: a mail that is sent again is recognised as
//! the same by the servers on its way. Whoever sends it may set `Date` anew.
//!
//! Source: RFC 5322 (message), RFC 2046 (multipart), RFC 3834 (`Auto-Submitted`).

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use sha2::{Digest as _, Sha256};
use stix::Timestamp;

use super::content::Advisory;
use super::{html, plain};
use crate::gather::DeliverError;
use crate::speech::Put;

/// The member's mail, to the address in its contact.
///
/// # Errors
/// [`DeliverError::Unset`] if the node has no address for answers, or the member's contact no address.
pub fn message(advisory: &Advisory, contact: Option<&str>, pdf: Vec<u8>) -> Result<Message, DeliverError> {
    let unset = |key, why: &str| DeliverError::Unset { key, why: why.to_owned() };
    let from = advisory
        .reply_to
        .as_deref()
        .and_then(address)
        .ok_or_else(|| unset("advisory.reply_to", "mails have no address to come from"))?;
    let to = contact.and_then(address).ok_or_else(|| {
        unset("bongsu member set --contact", "the member's contact has no address to which a mail could go")
    })?;
    let (text, page) = (plain::render(advisory), html::render(advisory)?);
    let tlp = advisory.tlp.to_string();
    let fires = advisory.fires.iter().map(|burning| burning.fires.level).max().unwrap_or(1).to_string();
    let put = [("tlp", Put::Text(&tlp)), ("date", Put::Text(&advisory.date)), ("fires", Put::Text(&fires))];
    let subject = advisory.language.speech().tell("mail-subject", &put);
    let print = print(&[to.as_ref(), &subject, &text, &page]);
    let alternatives = MultiPart::alternative()
        .boundary(format!("alternatives-{print}"))
        .singlepart(SinglePart::plain(text))
        .singlepart(SinglePart::html(page));
    let document = ContentType::parse("application/pdf").map_err(rendering)?;
    let parts = MultiPart::mixed()
        .boundary(format!("parts-{print}"))
        .multipart(alternatives)
        .singlepart(Attachment::new("advisory.pdf".to_owned()).body(pdf, document));
    let id = format!("<{print}@{}>", from.domain());
    let sender = Mailbox::new(Some(advisory.node.clone()), from);
    Message::builder()
        .from(sender.clone())
        .reply_to(sender)
        .to(Mailbox::new(Some(advisory.member.clone()), to))
        .subject(subject)
        .date(UNIX_EPOCH + day(&advisory.date))
        .message_id(Some(id))
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("Content-Language", advisory.language.tag()))
        .multipart(parts)
        .map_err(rendering)
}

fn rendering(error: impl std::fmt::Display) -> DeliverError {
    DeliverError::Render(error.to_string())
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
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

/// From 1970 to the beginning of a day.
fn day(date: &str) -> Duration {
    let at = Timestamp::parse(&format!("{date}T00:00:00Z")).map_or(0, |at| at.seconds());
    Duration::from_secs(u64::try_from(at).unwrap_or_default())
}

fn print(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
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
