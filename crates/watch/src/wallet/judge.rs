//! Which chain's address a text is, by its form and checksum alone.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use hashbrown::HashMap;

use super::base58::{self, Bytes};
use super::check::coin;
use super::currencies::COINS;
use super::form::{Form, Found, Reading, Versions};
use super::{ADDRESS_BYTES_MAX, Address, Fault, Judged, Wrong};
use super::{bech, cardano};

/// A text with what several forms ask of it, found once.
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    base58: OnceCell<Option<Bytes>>,
}

impl<'t> Text<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, base58: OnceCell::new() }
    }

    /// Its bytes, if it is base58 in Bitcoin's alphabet.
    pub(super) fn base58(&self) -> Option<&Bytes> {
        self.base58.get_or_init(|| base58::decode(self.text)).as_ref()
    }
}

impl Found {
    pub(super) fn of(self, chain: &'static str) -> Address {
        let Self { network, normal, evidence, tag } = self;
        Address { chain, normal, network, evidence, tag }
    }
}

/// Which chain's address `text` is.
///
/// Takes a scheme before it and a query behind (`bitcoin:…?amount=1`, BIP 21). Of chains that share a form, the best known
/// is told; [`super::currencies`] tells all. Names of accounts (EOSIO, IOST, NEAR) are not known by themselves. About a
/// microsecond; nothing longer than [`ADDRESS_BYTES_MAX`] is read.
#[must_use]
pub fn judge(text: &str) -> Judged {
    if !is_readable(text) {
        return Judged::Unknown;
    }
    let text = Text::new(bare(text));
    let mut wrong = None;
    for &(coin, form) in INDEX.candidates(&text) {
        match form.read(&text) {
            Reading::Is(found) => return Judged::Address(found.of(COINS[coin].id)),
            Reading::Wrong(why) if wrong.is_none() && is_likely(text.text) => {
                wrong = Some(Wrong { chain: COINS[coin].id, why });
            }
            _ => {}
        }
    }
    if let Some(wrong) = wrong {
        return Judged::Wrong(wrong);
    }
    match text.base58() {
        Some(bytes) if base58::is_secret(bytes) => Judged::Wrong(Wrong { chain: "btc", why: Fault::Secret }),
        Some(_) => cut(text.text).map_or(Judged::Unknown, Judged::Wrong),
        None => Judged::Unknown,
    }
}

/// Whether a text can be an address at all, with what may stand around it.
pub(super) fn is_readable(text: &str) -> bool {
    !text.is_empty() && text.len() <= ADDRESS_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A form and the place of its coin in the table.
type Candidate = (usize, Form);

/// Where in the table a text may be found, so that not each of a hundred coins is asked.
#[derive(Default)]
struct Index {
    /// By human-readable part.
    humans: HashMap<&'static str, Vec<Candidate>>,
    /// By the first byte that a text in base58 stands for.
    versions: HashMap<u8, Vec<Candidate>>,
    /// Those that see for themselves at once.
    others: Vec<Candidate>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index::default();
    for (at, coin) in COINS.iter().enumerate() {
        for form in coin.forms.iter().filter(|form| form.is_told_by_itself()) {
            index.put((at, *form));
        }
    }
    index
});

impl Index {
    fn put(&mut self, candidate: Candidate) {
        let versions = |index: &mut Self, main: Versions, test: Versions| {
            let firsts: BTreeSet<u8> =
                main.iter().chain(test).filter_map(|version| version.first().copied()).collect();
            firsts.into_iter().for_each(|first| index.versions.entry(first).or_default().push(candidate));
        };
        let mut humans = |main: &[&'static str], test: &[&'static str]| {
            for human in main.iter().chain(test) {
                self.humans.entry(human).or_default().push(candidate);
            }
        };
        match candidate.1 {
            Form::Base58 { main, test } | Form::Decred { main, test } => versions(self, main, test),
            Form::Segwit { main, test } => humans(&[main], test),
            Form::Bech { main, test, .. } => humans(main, test),
            Form::Shelley => humans(cardano::HUMANS.map(|(human, ..)| human).as_slice(), &[]),
            _ => self.others.push(candidate),
        }
    }

    /// What `text` may be, in the order of the table.
    fn candidates(&self, text: &Text<'_>) -> impl Iterator<Item = &Candidate> {
        let human = bech::human(text.text).filter(|human| human.len() <= HUMAN_BYTES_MAX);
        let named = human.and_then(|human| self.humans.get(human.to_ascii_lowercase().as_str()));
        let is_short = base58::LENGTHS.contains(&text.text.len());
        let versions = || self.versions.get(is_short.then(|| text.base58()).flatten()?.first()?);
        let (fitting, others) = match named {
            Some(named) => (named.as_slice(), &[][..]),
            None => (versions().map_or(&[][..], Vec::as_slice), self.others.as_slice()),
        };
        let (mut fitting, mut others) = (fitting.iter().peekable(), others.iter().peekable());
        std::iter::from_fn(move || match (fitting.peek(), others.peek()) {
            (Some((fits, _)), Some((other, _))) if other < fits => others.next(),
            (Some(_), _) => fitting.next(),
            (None, _) => others.next(),
        })
    }
}

/// The longest human-readable part in the table is shorter.
const HUMAN_BYTES_MAX: usize = 20;

/// The address in a link of payment: `scheme:address?query`. A name that is part of the address stays.
pub(super) fn bare(text: &str) -> &str {
    let text = text.split_once('?').map_or(text, |(address, _)| address);
    let Some((scheme, rest)) = text.split_once(':') else { return text };
    let named = coin(&scheme.to_ascii_lowercase());
    let is_link = named.is_some_and(|coin| !coin.forms.iter().any(|form| matches!(form, Form::Cash { .. })));
    if is_link { rest } else { text }
}

/// Whether a text with a form but a wrong checksum is more likely an address than a word of something else.
fn is_likely(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    text.len() >= LIKELY_BYTES_MIN && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

/// The shortest text that is called a wrong address: `bc1` with the shortest programme and its checksum.
const LIKELY_BYTES_MIN: usize = 14;

/// Base58 that begins as the best known addresses do, is about as long, and yet holds no 25 bytes of theirs.
fn cut(text: &str) -> Option<Wrong> {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let chain = match (text.as_bytes(), text.len()) {
        ([b'1', ..], 26..=36) | ([b'3', ..], 32..=36) => "btc",
        ([b'T', ..], 33 | 35) => "trx",
        ([b'r', ..], 26..=36) => "xrp",
        _ => return None,
    };
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    mixed.then_some(Wrong { chain, why: Fault::Length })
}
