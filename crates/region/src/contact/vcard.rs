//! A contact as vCard 4.0, for address books.
//!
//! Source: RFC 6350, section 6 (properties); section 6.8.1 (KEY); RFC 3966, section 3 (`tel` URIs).

use policy::Opened;

use super::{Channel, Shown, Way};
use crate::content_line::{Lines, escaped};

/// The media type of a vCard. Source: RFC 6350, section 10.1.
pub const MEDIA_TYPE: &str = "text/vcard; charset=utf-8";

/// Contacts as one file of vCards, each ended by CRLF.
#[must_use]
pub fn vcard(contacts: &[Opened<Shown<'_>>]) -> String {
    let mut lines = Lines::default();
    for shown in contacts {
        card(&mut lines, shown.get());
    }
    lines.end()
}

fn card(lines: &mut Lines, shown: &Shown<'_>) {
    let (listed, contact) = (shown.listed, &shown.listed.contact);
    lines.plain("BEGIN", "VCARD");
    lines.plain("VERSION", "4.0");
    lines.plain("PRODID", "-//Bongsu//contacts//EN");
    lines.plain("UID", &listed.id().urn().to_string());
    lines.text("FN", &contact.name);
    lines.text("ORG", &shown.member_name);
    if let Some(role) = &contact.role {
        lines.text("TITLE", role);
    }
    lines.text("ROLE", contact.function.words());
    for (at, language) in contact.languages.iter().enumerate() {
        lines.plain(&format!("LANG;PREF={}", at + 1), language);
    }
    for (at, channel) in contact.channels.iter().enumerate() {
        let (name, value) = property(channel, at + 1);
        lines.plain(&name, &value);
    }
    lines.text("TZ", &contact.zone);
    if let Some(key) = &contact.key {
        lines.plain("KEY", &key.uri());
    }
    lines.plain("CATEGORIES", &escaped(contact.function.words()));
    let verified = listed.verified.map_or_else(|| "never".to_owned(), |at| at.date());
    lines.text("NOTE", &format!("Hours: {} ({}). Last verified: {verified}.", contact.hours, contact.zone));
    lines.time("REV", listed.changed);
    lines.plain("END", "VCARD");
}

/// How a channel stands in a vCard. Mail has its value as text, all else as a URI.
fn property(channel: &Channel, preference: usize) -> (String, String) {
    let value = &channel.value;
    let number = || format!("tel:{}", value.replace(' ', "-"));
    match channel.way {
        Way::Mail => (format!("EMAIL;PREF={preference}"), escaped(value)),
        Way::Phone => (format!("TEL;VALUE=uri;TYPE=\"work,voice\";PREF={preference}"), number()),
        Way::Mobile => (format!("TEL;VALUE=uri;TYPE=\"work,cell\";PREF={preference}"), number()),
        Way::Fax => (format!("TEL;VALUE=uri;TYPE=\"work,fax\";PREF={preference}"), number()),
        Way::Chat => (format!("IMPP;PREF={preference}"), value.clone()),
        Way::Web => (format!("URL;PREF={preference}"), value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::contact;
    use super::super::{Contact, Key, Looking};
    use crate::register::{Event, Register};
    use policy::{Book, Caller, Entry, Member, MemberId};
    use stix::Timestamp;
    use uuid::Uuid;

    #[test]
    fn a_card_has_what_an_address_book_wants() {
        let mut book = Book::default();
        let mut member = Member::new(MemberId::new(Uuid::from_u128(1)), "cert");
        member.name = "CERT; the first, and only".to_owned();
        book.apply(Entry::Member(member));
        let fingerprint = "0".repeat(40);
        let kept = Contact { key: Key::new(&fingerprint, None).ok(), ..contact("Kim, \"Duty\" desk") };
        let mut register = Register::default();
        let at = Timestamp::parse("2026-11-29T08:00:00.123456Z").unwrap();
        register.apply(Event::Contact { handle: "kr-duty".to_owned(), contact: kept }, at);
        register.apply(Event::ContactVerified { handle: "kr-duty".to_owned() }, at);
        let looking = Looking { book: &book, caller: Caller::Operator, since: Timestamp::MIN, now: at };
        let shown = register.contacts_for(&looking);
        let card = super::vcard(&shown).replace("\r\n ", "");
        for line in [
            "BEGIN:VCARD\r\nVERSION:4.0\r\n",
            "FN:Kim\\, \"Duty\" desk\r\n",
            "ORG:CERT\\; the first\\, and only\r\n",
            "TEL;VALUE=uri;TYPE=\"work,voice\";PREF=1:tel:+82-2-555-0100\r\n",
            "EMAIL;PREF=2:duty@cert.example\r\n",
            "LANG;PREF=1:ko\r\n",
            "TZ:Asia/Seoul\r\n",
            "REV:20261129T080000Z\r\n",
            "NOTE:Hours: always (Asia/Seoul). Last verified: 2026-11-29.\r\n",
        ] {
            assert!(card.contains(line), "{line}: {card}");
        }
        assert!(
            card.contains(&format!("KEY:openpgp4fpr:{fingerprint}\r\n")) && card.ends_with("END:VCARD\r\n")
        );
    }
}
