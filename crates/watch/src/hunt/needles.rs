//! What is looked for: the keys of values, in a form that a log is held against.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::key::{Reading, address_key, anchor_key, network_key, text_key};
use super::spelling::{Number, bare, behind_escape, colons, number, parts_beside_signs};
use super::word::{Wanted, is_telling, is_word, words};
use crate::domain;
use crate::filter::Filter;
use crate::value::{Kind, Value};

/// Longest part of an address of mail before its `@`. Source: RFC 5321, section 4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;

/// Where a value may stand; [`super::confirm`] says whether it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Where it begins and ends.
    pub start: usize,
    /// The end.
    pub end: usize,
    /// Where the word that it stands in begins.
    pub word: usize,
    /// The number of the value.
    pub needle: u32,
}

/// What finding the values takes: what none of them needs is not looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// Words without a dot, however short.
    all_words: bool,
    /// Names of one label.
    single_labels: bool,
    emails: bool,
    macs: bool,
    ipv6: bool,
    /// Longer things that are found by a word in them.
    anchors: bool,
    /// Lengths of the prefixes of networks, in order: IPv4 and IPv6.
    prefixes: [Vec<u8>; 2],
}

/// Values to look for, by their keys. A value's number is its place in the order of keys ([`Needles::of`]).
#[derive(Debug, Clone)]
pub struct Needles {
    filter: Filter,
    keys: Vec<u64>,
    wanted: Wanted,
    expect: Expect,
}

/// Keys that are not in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keys are not in order")]
pub struct Disorder;

/// How a value is found.
enum Sought {
    Key(u64),
    Network(IpNet),
    /// By something that stands in it, whose key this is.
    Anchor(u64),
}

impl Needles {
    /// What finds these values, and the order in which they are numbered: the value with the number `n` is the `order[n]`th. Kinds
    /// that do not stand in logs by themselves, such as vulnerabilities, are left out.
    #[must_use]
    pub fn of<'v>(values: impl IntoIterator<Item = &'v Value>) -> (Self, Vec<u32>) {
        let mut expect = Expect::default();
        let mut keyed: Vec<(u64, u32)> = Vec::new();
        for (value, at) in values.into_iter().zip(0_u32..) {
            if let Some(sought) = sought(value) {
                keyed.push((expect.add(value, &sought), at));
            }
        }
        keyed.sort_unstable();
        let keys = keyed.iter().map(|(key, _)| *key).collect();
        (Self::new(keys, expect), keyed.into_iter().map(|(_, at)| at).collect())
    }

    /// The same from what [`Needles::keys`] and [`Needles::expect`] gave.
    ///
    /// # Errors
    /// [`Disorder`].
    pub fn from_keys(keys: Vec<u64>, expect: Expect) -> Result<Self, Disorder> {
        if keys.is_sorted() { Ok(Self::new(keys, expect)) } else { Err(Disorder) }
    }

    fn new(keys: Vec<u64>, mut expect: Expect) -> Self {
        for (lengths, most) in expect.prefixes.iter_mut().zip([32, 128]) {
            lengths.retain(|length| *length <= most);
            lengths.sort_unstable();
            lengths.dedup();
        }
        let wanted = if expect.all_words { Wanted::All } else { Wanted::Telling };
        Self { filter: Filter::of(&keys), keys, wanted, expect }
    }

    /// The keys, in order.
    #[must_use]
    pub fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// What finding the values takes.
    #[must_use]
    pub const fn expect(&self) -> &Expect {
        &self.expect
    }

    /// How many values they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Where values may stand in `text`, in no order. Words that the text cuts are not whole: give it whole lines.
    pub fn candidates(&self, text: &[u8], found: &mut Vec<Candidate>) {
        if self.is_empty() {
            return;
        }
        words(text, self.wanted, |start, end, has_dot| {
            self.word(text, start, end, has_dot, found);
            if let Some(start) = behind_escape(text, start, end) {
                self.word(text, start, end, has_dot, found);
            }
        });
        if self.expect.ipv6 || self.expect.macs {
            self.with_colons(text, found);
        }
    }

    /// What may stand in a word.
    #[inline]
    fn word(&self, text: &[u8], start: usize, end: usize, has_dot: bool, found: &mut Vec<Candidate>) {
        let (start, end) = bare(text, start, end);
        let word = &text[start..end];
        let (Some(first), Some(last)) = (word.first(), word.last()) else { return };
        if has_dot && first.is_ascii_digit() && last.is_ascii_digit() {
            match number(word) {
                Number::Address(address, length) => {
                    return self.address(address.into(), start, start + length, found);
                }
                Number::Other => return,
                Number::None => {}
            }
        }
        if !word.is_ascii() {
            parts_beside_signs(word, |from, to| {
                let has_dot = word[from..to].contains(&b'.');
                self.word(text, start + from, start + to, has_dot, found);
            });
            return self.foreign(word, start, end, found);
        }
        let mut reading = Reading::new();
        let mut labels = 0;
        for (at, byte) in word.iter().enumerate().rev() {
            if *byte == b'.' {
                labels += 1;
                if labels > 1 || self.expect.single_labels {
                    self.probe(reading.key(), [start + at + 1, end, start], found);
                }
            }
            reading.take(*byte);
        }
        let key = reading.key();
        self.probe(key, [start, end, start], found);
        if self.expect.anchors {
            self.probe(anchor_key(key), [start, end, start], found);
        }
        if self.expect.emails && start > 0 && text[start - 1] == b'@' {
            self.email(text, start, end, reading, found);
        }
        if self.expect.macs && matches!(word.len(), 14 | 17) {
            self.spelled(Kind::Mac, word, start, end, found);
        }
    }

    /// An address of mail whose domain was read.
    fn email(&self, text: &[u8], start: usize, end: usize, mut reading: Reading, found: &mut Vec<Candidate>) {
        reading.take(b'@');
        let is_local = |byte: &&u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(byte);
        let before = &text[..start - 1];
        let local = before.iter().rev().take(LOCAL_BYTES_MAX).take_while(is_local).count();
        let mut at = start - 1;
        // What stands before it may be taken for a part of it, as in `to=a@b.example`: every beginning is tried.
        for byte in before.iter().rev().take(local) {
            reading.take(*byte);
            at -= 1;
            if at == 0 || !is_word(text[at - 1]) {
                self.probe(reading.key(), [at, end, at], found);
            }
        }
    }

    /// A word in letters beyond ASCII: a name in its Unicode form.
    fn foreign(&self, word: &[u8], start: usize, end: usize, found: &mut Vec<Candidate>) {
        let Some(name) = std::str::from_utf8(word).ok().and_then(|text| domain::normal(text).ok()) else {
            return;
        };
        let mut rest = Some(name.as_str());
        while let Some(name) = rest {
            if name.contains('.') || self.expect.single_labels {
                self.probe(text_key(name), [start, end, start], found);
            }
            rest = name.split_once('.').map(|(_, above)| above);
        }
        if self.expect.anchors {
            self.probe(anchor_key(text_key(&name)), [start, end, start], found);
        }
    }

    /// An address, and the networks that it is in.
    #[inline]
    fn address(&self, address: IpAddr, start: usize, end: usize, found: &mut Vec<Candidate>) {
        let key = address_key(address);
        self.probe(key, [start, end, start], found);
        if self.expect.anchors {
            self.probe(anchor_key(key), [start, end, start], found);
        }
        for length in &self.expect.prefixes[usize::from(address.is_ipv6())] {
            if let Ok(network) = IpNet::new(address, *length) {
                self.probe(network_key(network.trunc()), [start, end, start], found);
            }
        }
    }

    /// What is written with colons: IPv6 addresses, and MAC addresses.
    fn with_colons(&self, text: &[u8], found: &mut Vec<Candidate>) {
        colons(text, |run| {
            if let Some((address, end)) = run.address {
                self.address(address.into(), run.start, end, found);
            }
            if self.expect.macs && run.colons == 5 && run.end - run.start == 17 {
                self.spelled(Kind::Mac, &text[run.start..run.end], run.start, run.end, found);
            }
        });
    }

    /// A value that may be spelled in several ways.
    fn spelled(&self, kind: Kind, text: &[u8], start: usize, end: usize, found: &mut Vec<Candidate>) {
        let value = std::str::from_utf8(text).ok().and_then(|text| crate::normalise(kind, text).ok());
        if let Some(value) = value {
            self.probe(text_key(value.text()), [start, end, start], found);
        }
    }

    #[inline]
    fn probe(&self, key: u64, at: [usize; 3], found: &mut Vec<Candidate>) {
        if self.filter.may_have(key) {
            self.look(key, at, found);
        }
    }

    #[cold]
    fn look(&self, key: u64, [start, end, word]: [usize; 3], found: &mut Vec<Candidate>) {
        let first = self.keys.partition_point(|other| *other < key);
        let same = self.keys.iter().skip(first).take_while(|other| **other == key);
        found.extend(
            same.zip(first..)
                .filter_map(|(_, at)| Some(Candidate { start, end, word, needle: u32::try_from(at).ok()? })),
        );
    }
}

impl Expect {
    /// Notes what finding a value takes, and gives its key.
    fn add(&mut self, value: &Value, sought: &Sought) -> u64 {
        match value.kind() {
            Kind::Domain => self.single_labels |= !value.text().contains('.'),
            Kind::Email => self.emails = true,
            Kind::Ipv6 => self.ipv6 = true,
            Kind::Mac => (self.macs, self.all_words) = (true, true),
            Kind::RegistryKey | Kind::Phone | Kind::BankAccount => self.all_words = true,
            Kind::Account | Kind::FileName => {
                self.all_words |= longest_word(value.text()).is_some_and(|word| !is_telling(word));
            }
            _ => {}
        }
        match sought {
            Sought::Key(key) => *key,
            Sought::Anchor(key) => {
                self.anchors = true;
                anchor_key(*key)
            }
            Sought::Network(network) => {
                let lengths = &mut self.prefixes[usize::from(network.addr().is_ipv6())];
                if let Err(at) = lengths.binary_search(&network.prefix_len()) {
                    lengths.insert(at, network.prefix_len());
                }
                network_key(*network)
            }
        }
    }
}

fn sought(value: &Value) -> Option<Sought> {
    let text = value.text();
    match value.kind() {
        Kind::Domain
        | Kind::Md5
        | Kind::Sha1
        | Kind::Sha256
        | Kind::Sha512
        | Kind::Email
        | Kind::Wallet
        | Kind::Certificate
        | Kind::Ja3
        | Kind::Ja4
        | Kind::Mac => Some(Sought::Key(text_key(text))),
        Kind::Ipv4 | Kind::Ipv6 => match value.network()? {
            network if text.contains('/') => Some(Sought::Network(network)),
            network => Some(Sought::Key(address_key(network.addr()))),
        },
        Kind::Url => {
            let host = value.url_host()?;
            let key =
                host.network().map_or_else(|| text_key(host.text()), |network| address_key(network.addr()));
            Some(Sought::Anchor(key))
        }
        Kind::RegistryKey => {
            let (_, path) = text.split_once('\\')?;
            longest_word(path).map(|word| Sought::Anchor(text_key(word)))
        }
        Kind::BankAccount => Some(Sought::Key(text_key(text))),
        // In logs the plus may be missing, or be no part of the word.
        Kind::Phone => Some(Sought::Key(text_key(text.trim_start_matches('+')))),
        Kind::Account | Kind::FileName => longest_word(text).map(|word| Sought::Anchor(text_key(word))),
        Kind::Cve | Kind::Asn | Kind::Attack => None,
    }
}

/// The longest word of a text, by which the whole is found.
fn longest_word(text: &str) -> Option<&str> {
    let mut longest = "";
    words(text.as_bytes(), Wanted::All, |start, end, _| {
        let (start, end) = bare(text.as_bytes(), start, end);
        let word = text.get(start..end).filter(|word| word.is_ascii()).unwrap_or_default();
        if word.len() > longest.len() {
            longest = word;
        }
    });
    (!longest.is_empty()).then_some(longest)
}
