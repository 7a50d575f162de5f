//! Tickets: links by which a member answers an advisory once, without an account.
//!
//! A ticket names the member, the day of the advisory and its turn on that day and its mark, and is signed under a key of the node
//! (HMAC-SHA-256). All forms of an advisory carry the same ticket until it is used; what is made after that carries the
//! next turn's. So the node has to remember no more than how many turns of which day a member has used: a setting in its
//! own line, which is durable before an answer counts as taken. A ticket opens no more than what the member has at that
//! time and what is marked no stricter than the advisory was, as whoever may have the one may have the other; for the same
//! reason, one that went by mail opens nothing that may only travel encrypted.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use policy::{Book, Entry, MemberId, Setting};
use sha2::Sha256;
use stix::{Timestamp, Tlp};
use uuid::Uuid;

/// Bytes of what is signed of an ask. No ticket has as many, so that neither can stand for the other.
const ASK_BYTES: usize = 19;
const ASK_MARK: &[u8; 3] = b"ask";
/// Characters of a link to an ask: what is signed and the signature, in base64.
const ASK_CHARS: usize = 68;
/// Days for which a ticket works.
pub const DAYS_MAX: u32 = 30;
/// Tickets that a member can use on one day.
pub const TURNS_MAX: u16 = 100;
/// Bytes of what is signed: member, day, turn, mark. [`OPEN`] is set in the mark's byte.
const NAMED_BYTES: usize = 23;
const OPEN: u8 = 0x80;
const MAC_BYTES: usize = 32;
/// Characters of a ticket: both in base64.
const TICKET_CHARS: usize = 74;
const DAY_S: i64 = 86_400;
const MARKS: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

/// The key under which tickets are signed.
#[derive(Clone)]
pub struct TicketKey([u8; 32]);

/// The right to answer an advisory once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Who answers.
    pub member: MemberId,
    /// The day of the advisory, in days since 1970-01-01 (UTC).
    pub day: u32,
    /// Which ticket of that day.
    pub turn: u16,
    /// The mark of the advisory: what is marked stricter, its link does not show.
    pub tlp: Tlp,
    /// Whether the advisory travelled encrypted: else its link does not show what may travel in no other way.
    pub encrypted: bool,
}

/// How a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It can be used.
    Good,
    /// It was used.
    Used,
    /// Its time is over.
    Over,
}

/// The day of an instant, in days since 1970-01-01 (UTC).
#[must_use]
pub fn day_of(at: Timestamp) -> u32 {
    u32::try_from(at.seconds().div_euclid(DAY_S)).unwrap_or_default()
}

/// A day as it is written: `YYYY-MM-DD`.
#[must_use]
pub fn written(day: u32) -> String {
    Timestamp::from_micros(i64::from(day) * DAY_S * 1_000_000).date()
}

impl Ticket {
    /// The ticket that the member's advisories of that day carry, if they travel encrypted; `None` if it has used all of that day.
    #[must_use]
    pub fn next(book: &Book, member: MemberId, day: u32, tlp: Tlp) -> Option<Self> {
        let turn = used(book, member).into_iter().find(|(of, _)| *of == day).map_or(0, |(_, turns)| turns);
        (turn < TURNS_MAX).then_some(Self { member, day, turn, tlp, encrypted: true })
    }

    /// The last day on which it works.
    #[must_use]
    pub const fn until(&self) -> u32 {
        self.day.saturating_add(DAYS_MAX)
    }

    /// How it stands on a day.
    #[must_use]
    pub fn standing(&self, book: &Book, today: u32) -> Standing {
        if today > self.until() {
            return Standing::Over;
        }
        match Self::next(book, self.member, self.day, self.tlp) {
            Some(next) if next.turn <= self.turn => Standing::Good,
            _ => Standing::Used,
        }
    }

    /// The entry for the node's line that uses it up; what is too old to matter is left out of it.
    #[must_use]
    pub fn used_up(&self, book: &Book, today: u32) -> Entry {
        let mut days = used(book, self.member);
        days.retain(|(day, _)| day.saturating_add(DAYS_MAX) >= today && *day != self.day);
        days.push((self.day, self.turn.saturating_add(1)));
        let value = days.iter().map(|(day, turns)| format!("{day}:{turns}")).collect::<Vec<_>>().join(" ");
        Entry::Setting(Setting { name: setting(self.member), value: Some(value) })
    }

    fn bytes(&self) -> [u8; NAMED_BYTES] {
        let mut bytes = [0; NAMED_BYTES];
        bytes[..16].copy_from_slice(self.member.uuid().as_bytes());
        bytes[16..20].copy_from_slice(&self.day.to_be_bytes());
        bytes[20..22].copy_from_slice(&self.turn.to_be_bytes());
        bytes[22] = self.tlp as u8 | if self.encrypted { 0 } else { OPEN };
        bytes
    }
}

fn setting(member: MemberId) -> String {
    format!("answers/{member}")
}

/// How many turns of which day a member has used.
fn used(book: &Book, member: MemberId) -> Vec<(u32, u16)> {
    let kept = book.setting(&setting(member)).unwrap_or_default();
    let pair = |text: &str| {
        let (day, turns) = text.split_once(':')?;
        Some((day.parse().ok()?, turns.parse().ok()?))
    };
    kept.split(' ').filter_map(pair).collect()
}

impl TicketKey {
    /// The key that grows from a secret of the node.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(mac(secret, b"bongsu answers 1"))
    }

    /// A ticket as it stands in a link.
    #[must_use]
    pub fn sign(&self, ticket: &Ticket) -> String {
        let named = ticket.bytes();
        URL_SAFE_NO_PAD.encode([&named[..], &mac(&self.0, &named)[..]].concat())
    }

    /// Reads a ticket; `None` if this node has not signed it.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Ticket> {
        if text.len() != TICKET_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (named, shown) = bytes.split_at_checked(NAMED_BYTES)?;
        if shown.len() != MAC_BYTES {
            return None;
        }
        // Compares in a time that tells nothing.
        keyed(&self.0)?.chain_update(named).verify_slice(shown).ok()?;
        let mark = named.get(22)?;
        Some(Ticket {
            member: MemberId::new(Uuid::from_slice(named.get(..16)?).ok()?),
            day: u32::from_be_bytes(named.get(16..20)?.try_into().ok()?),
            turn: u16::from_be_bytes(named.get(20..22)?.try_into().ok()?),
            tlp: MARKS.into_iter().find(|tlp| mark & !OPEN == *tlp as u8)?,
            encrypted: mark & OPEN == 0,
        })
    }

    /// The right to answer an ask, as it stands in a link. It works until the ask is answered.
    #[must_use]
    pub fn sign_ask(&self, ask: Uuid) -> String {
        let named = [&ASK_MARK[..], ask.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode([&named[..], &mac(&self.0, &named)[..]].concat())
    }

    /// The ask that a link is for; `None` if this node has not signed it.
    #[must_use]
    pub fn read_ask(&self, text: &str) -> Option<Uuid> {
        if text.len() != ASK_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (named, shown) = bytes.split_at_checked(ASK_BYTES)?;
        keyed(&self.0)?.chain_update(named).verify_slice(shown).ok()?;
        Uuid::from_slice(named.strip_prefix(&ASK_MARK[..])?).ok()
    }

    /// An id that follows from a ticket and what it is about, so that an answer that is sent again says nothing twice.
    #[must_use]
    pub fn id_for(&self, ticket: &Ticket, about: &str) -> Uuid {
        let derived = mac(&self.0, &[&ticket.bytes()[..], about.as_bytes()].concat());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&derived[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

pub(crate) fn keyed(key: &[u8; 32]) -> Option<Hmac<Sha256>> {
    Hmac::<Sha256>::new_from_slice(key).ok()
}

/// HMAC takes keys of any length, so this can't fail; zeros match nothing that is shown.
pub(crate) fn mac(key: &[u8; 32], bytes: &[u8]) -> [u8; MAC_BYTES] {
    keyed(key).map_or([0; MAC_BYTES], |mac| mac.chain_update(bytes).finalize().into_bytes().into())
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: MemberId = MemberId::new(Uuid::from_u128(7));

    #[test]
    fn a_ticket_is_read_back_and_no_other_is() {
        let key = TicketKey::new(&[1; 32]);
        let ticket = Ticket { member: MEMBER, day: 20_000, turn: 3, tlp: Tlp::AmberStrict, encrypted: true };
        let open = Ticket { encrypted: false, ..ticket };
        assert_eq!(key.read(&key.sign(&open)), Some(open));
        let text = key.sign(&ticket);
        assert_eq!((text.len(), key.read(&text)), (TICKET_CHARS, Some(ticket)));
        assert_eq!(TicketKey::new(&[2; 32]).read(&text), None);
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(key.read(&String::from_utf8(other).unwrap()), None, "{at}");
        }
        for bad in ["", "x", &text[1..], &format!("{text}A"), &"ä".repeat(TICKET_CHARS / 2)] {
            assert_eq!(key.read(bad), None, "{bad}");
        }
        assert_eq!(format!("{key:?}"), "TicketKey(…)");
    }

    #[test]
    fn a_link_to_an_ask_is_read_back_and_stands_for_nothing_else() {
        let (key, ask) = (TicketKey::new(&[1; 32]), Uuid::from_u128(9));
        let text = key.sign_ask(ask);
        assert_eq!((text.len(), key.read_ask(&text), key.read(&text)), (ASK_CHARS, Some(ask), None));
        assert_eq!(TicketKey::new(&[2; 32]).read_ask(&text), None);
        let ticket = Ticket { member: MEMBER, day: 1, turn: 0, tlp: Tlp::Green, encrypted: true };
        assert_eq!(key.read_ask(&key.sign(&ticket)), None);
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(key.read_ask(&String::from_utf8(other).unwrap()), None, "{at}");
        }
    }

    #[test]
    fn a_ticket_is_used_once_and_the_next_takes_its_place() {
        let mut book = Book::default();
        let first = Ticket::next(&book, MEMBER, 100, Tlp::Green).unwrap();
        let other_day = Ticket::next(&book, MEMBER, 101, Tlp::Green).unwrap();
        assert_eq!(first.standing(&book, 100), Standing::Good);
        book.apply(first.used_up(&book, 100));
        assert_eq!(first.standing(&book, 100), Standing::Used);
        let second = Ticket::next(&book, MEMBER, 100, Tlp::Green).unwrap();
        assert_eq!((second.turn, second.standing(&book, 130)), (1, Standing::Good));
        assert_eq!(second.standing(&book, 131), Standing::Over);
        assert_eq!(other_day.standing(&book, 101), Standing::Good);
        book.apply(other_day.used_up(&book, 131));
        assert_eq!(used(&book, MEMBER), [(101, 1)], "what is over is forgotten");
        for _ in 0..TURNS_MAX {
            let next = Ticket::next(&book, MEMBER, 140, Tlp::Green).unwrap();
            book.apply(next.used_up(&book, 140));
        }
        assert_eq!(Ticket::next(&book, MEMBER, 140, Tlp::Green), None);
    }
}
