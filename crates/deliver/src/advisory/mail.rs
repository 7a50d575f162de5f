//! An advisory as a mail: plain text and a page as alternatives, and the document as an attachment.
//!
//! The same advisory is the same mail, byte for byte, with the same Message-ID: a mail that is sent again is recognised as
//! the same by the servers on its way. Whoever sends it may set `Date` anew.

use lettre::Message;
use lettre::message::Mailbox;
use stix::Timestamp;

use super::content::Advisory;
use super::{html, plain};
use crate::gather::DeliverError;
use crate::mail::message::{Heads, message as dressed};
use crate::mail::{Attached, Content, address};
use crate::speech::Put;

/// The member's mail, to the address in its contact.
///
/// # Errors
/// [`DeliverError::Unset`] if the node has no address for answers, or the member's contact no address.
pub(super) fn message(
    advisory: &Advisory,
    contact: Option<&str>,
    pdf: Vec<u8>,
) -> Result<Message, DeliverError> {
    let unset = |key, why: &str| DeliverError::Unset { key, why: why.to_owned() };
    let from = advisory
        .reply_to
        .as_deref()
        .and_then(address)
        .ok_or_else(|| unset("advisory.reply_to", "mails have no address to come from"))?;
    let to = contact.and_then(address).ok_or_else(|| {
        unset("bongsu member set --contact", "the member's contact has no address to which a mail could go")
    })?;
    let tlp = advisory.tlp.to_string();
    let fires = advisory.fires.iter().map(|burning| burning.fires.level).max().unwrap_or(1).to_string();
    let put = [("tlp", Put::Text(&tlp)), ("date", Put::Text(&advisory.date)), ("fires", Put::Text(&fires))];
    let content = Content {
        language: advisory.language,
        subject: advisory.language.speech().tell("mail-subject", &put),
        text: plain::render(advisory),
        html: html::render(advisory)?,
        attached: vec![Attached::advisory(pdf)],
    };
    let from = Mailbox::new(Some(advisory.node.clone()), from);
    let heads = Heads {
        reply_to: Some(from.clone()),
        from,
        to: Mailbox::new(Some(advisory.member.clone()), to),
        at: day(&advisory.date),
        id: None,
    };
    dressed(heads, content).map_err(|error| DeliverError::Render(error.to_string()))
}

/// When a day begins.
fn day(date: &str) -> Timestamp {
    Timestamp::parse(&format!("{date}T00:00:00Z")).unwrap_or(Timestamp::from_micros(0))
}
