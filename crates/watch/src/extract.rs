//! Values in prose and in cells.
//!
//! [`extract`] undoes defanging first, remembering where each byte came from, then walks over the text once:
//! each run of word characters is asked, in a fixed order, whether it is a URL, an address, a hash, a wallet, a
//! mailbox, a name …. What is found is in normal form, with the place in the original. [`guess`] asks the same of one cell.
//!
//! A name counts only if it ends in a public suffix that is known, so that `report.docx` is no domain.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use crate::domain;
use crate::named;
use crate::print;
use crate::refang::{Armed, refang};
use crate::value::{HIVES, Kind, VALUE_BYTES_MAX, Value, normalise};
use crate::wallet;

/// Endings of file names that are top-level domains too: in prose, the file is meant.
const FILE_ENDINGS: [&str; 12] = ["py", "sh", "rs", "md", "pl", "ps", "so", "zip", "mov", "app", "cab", "ai"];

/// Most words without a backslash in the middle of a registry key.
const KEY_WORDS_MAX: usize = 4;
/// How often a stretch of text without white space is tried as a URL. Beyond that it is none, so that schemes after schemes
/// cost no more than they are long.
const URL_TRIES_MAX: u32 = 8;
/// Longest name of a mailbox, in bytes (RFC 5321, 4.5.3.1.1).
const MAILBOX_NAME_BYTES_MAX: usize = 64;
/// Longest host that is looked at behind an `@`, in bytes: a name has 253, in characters of up to four bytes.
const MAILBOX_HOST_BYTES_MAX: usize = 1_024;

/// A value and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The value, in normal form.
    pub value: Value,
    /// Its place in the text, in bytes.
    pub range: Range<usize>,
}

/// Every value in a text, in order. The host of a URL is not given again by itself.
#[must_use]
pub fn extract(text: &str) -> Vec<Found> {
    let mut armed = Armed::default();
    armed.read(text);
    let mut walk = Walk::new(&armed.text);
    walk.run();
    let place = |at: usize| armed.places.get(at).copied().unwrap_or(text.len());
    let end = |at: usize| at.checked_sub(1).and_then(|at| armed.ends.get(at)).copied().unwrap_or(text.len());
    walk.found
        .into_iter()
        .map(|(value, range)| Found { value, range: place(range.start)..end(range.end) })
        .collect()
}

/// What a URL names behind its host, in its path, query and fragment, each value once: where a phishing page sends its
/// visitors on to, whom it imitates, which technique a reference is about. Such values are told to people; acting on them would
/// harm whoever is named.
#[must_use]
pub fn mentions(url: &Value) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for part in url.after_host().unwrap_or_default().split(['?', '&', '=', '#', ';']) {
        let part = percent_decode_str(part).decode_utf8_lossy();
        let apart = if part.contains("://") { part.into_owned() } else { part.replace('/', " ") };
        for value in extract(&apart).into_iter().map(|found| found.value) {
            if !found.contains(&value) {
                found.push(value);
            }
        }
    }
    found
}

/// What may stand around a cell's value.
const AROUND: [char; 7] = ['"', '\'', '`', '<', '>', ',', ';'];

/// The value in one cell of a table or one line of a list, in whatever spelling; `None` if there is none.
///
/// Takes ports (`1.2.3.4:443`), wildcards (`*.example.com`), and URLs without a scheme (`example.com/a`), which
/// become `http`.
#[must_use]
pub fn guess(cell: &str) -> Option<Value> {
    let cell = cell.trim().trim_matches(AROUND).trim();
    if cell.is_empty() || cell.len() > VALUE_BYTES_MAX {
        return None;
    }
    let clean = refang(cell);
    let mut clean = clean.as_ref();
    // What stands around an address stands behind the scheme as well.
    while let Some(address) = clean.strip_prefix("mailto:").filter(|address| address.contains('@')) {
        clean = address.trim().trim_matches(AROUND).trim();
    }
    if clean.contains("://") {
        return normalise(Kind::Url, clean).ok();
    }
    let in_order = [
        Kind::Md5,
        Kind::Sha1,
        Kind::Sha256,
        Kind::Sha512,
        Kind::Ipv4,
        Kind::Ipv6,
        Kind::Cve,
        Kind::Email,
        Kind::Mac,
        Kind::RegistryKey,
        Kind::Asn,
    ];
    let can_be = |kind: &Kind| match kind {
        Kind::Ipv6 => clean.contains(':'),
        kind => may_be(*kind, clean),
    };
    if let Some(value) = in_order.into_iter().filter(can_be).find_map(|kind| normalise(kind, clean).ok()) {
        return Some(value);
    }
    if wallet::strict_chain(clean).is_some() {
        return normalise(Kind::Wallet, clean).ok();
    }
    if let Some(kind) = told_by_form(clean) {
        return normalise(kind, clean).ok();
    }
    host_and_more(clean).or_else(|| shared_space(clean))
}

/// What a text can only be: an IBAN, a telephone number with its country's, a JA4 fingerprint, a certificate's with colons.
fn told_by_form(clean: &str) -> Option<Kind> {
    let is_phone = clean.starts_with('+');
    let is_fingerprint = matches!(clean.len(), 59 | 95) && clean.as_bytes().get(2) == Some(&b':');
    // An IBAN begins with its country's two letters and two digits.
    let may_be_iban = (15..50).contains(&clean.len())
        && matches!(clean.as_bytes(), [a, b, c, ..] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit());
    // A host's name has dots, and may by chance have the digits and the length of one.
    let is_host = || clean.contains('.') && host_and_more(clean).is_some();
    let is_iban = || named::bank_account(clean).is_some_and(|number| named::is_iban(&number)) && !is_host();
    match () {
        () if is_phone => Some(Kind::Phone),
        () if is_fingerprint => Some(Kind::Certificate),
        () if may_be_iban && is_iban() => Some(Kind::BankAccount),
        () if clean.len() == 36 && print::ja4(clean).is_some() => Some(Kind::Ja4),
        () => None,
    }
}

/// A public suffix that someone lists as a whole: it is a name, and the guard says why nobody should act on it.
fn shared_space(clean: &str) -> Option<Value> {
    normalise(Kind::Domain, clean).ok().filter(|value| domain::is_known_suffix(value.text()))
}

/// A host with a port, a wildcard or a path.
fn host_and_more(clean: &str) -> Option<Value> {
    let bare = clean.strip_prefix("*.").or_else(|| clean.strip_prefix('.')).unwrap_or(clean);
    let host_end = bare.find(['/', '?', '#']).unwrap_or(bare.len());
    let (authority, rest) = bare.split_at(host_end);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !port.is_empty() => {
            (host, Some(port))
        }
        _ => (authority, None),
    };
    if rest.len() > 1 {
        let is_host = normalise(Kind::Ipv4, host).is_ok() || name(host).is_some();
        return is_host.then(|| normalise(Kind::Url, &format!("http://{bare}")).ok()).flatten();
    }
    let address = normalise(Kind::Ipv4, host).ok();
    let address = address.or_else(|| port.and_then(|_| normalise(Kind::Ipv6, host.strip_prefix('[')?).ok()));
    address.or_else(|| name(host))
}

/// A domain name with a public suffix that is known.
fn name(text: &str) -> Option<Value> {
    let value = normalise(Kind::Domain, text).ok()?;
    let known = domain::is_registered_form(value.text()) || value.text().ends_with(".onion");
    known.then_some(value)
}

struct Walk<'t> {
    text: &'t str,
    found: Vec<(Value, Range<usize>)>,
    url_break: Ahead,
    apostrophe: Ahead,
    comma: Ahead,
    /// Where the stretch ends that is tried as a URL, and how often it was.
    tries: (usize, u32),
    /// No registry key begins before this place.
    keys_from: usize,
}

/// The next place of something, remembered: asked from left to right, all questions together cost one pass.
#[derive(Default)]
struct Ahead {
    known: Range<usize>,
}

impl Ahead {
    /// The first place at or after `from` where `is` holds, or the text's end.
    fn find(&mut self, text: &str, from: usize, is: impl Fn(char) -> bool) -> usize {
        if !(self.known.start <= from && from <= self.known.end) || self.known.is_empty() {
            self.known = from..text[from..].find(is).map_or(text.len(), |at| from + at);
        }
        self.known.end
    }
}

/// The longest start of `text` of at most `bytes` bytes.
fn start_of(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn ends_url(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || "<>\"`|{}^“”’、。，）】".contains(letter)
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_')
}

impl<'t> Walk<'t> {
    fn new(text: &'t str) -> Self {
        let (url_break, apostrophe, comma) = (Ahead::default(), Ahead::default(), Ahead::default());
        Self { text, found: Vec::new(), url_break, apostrophe, comma, tries: (0, 0), keys_from: 0 }
    }

    fn run(&mut self) {
        let mut at = 0;
        while let Some(letter) = self.text[at..].chars().next() {
            if !is_word(letter) && letter != ':' && letter != '[' {
                at += letter.len_utf8();
                continue;
            }
            let run = self.text[at..].find(|c| !is_word(c)).map_or(self.text.len(), |end| at + end);
            at = self.word(at, run).max(at + letter.len_utf8()).max(run);
        }
    }

    /// Looks at the word `start..end`; gives where to go on.
    fn word(&mut self, start: usize, end: usize) -> usize {
        self.url(start, end)
            .or_else(|| self.registry_key(start, end))
            .or_else(|| self.colons(start, end))
            .or_else(|| self.mailbox(start, end))
            .or_else(|| self.network(start, end))
            .or_else(|| self.plain(start, end))
            .unwrap_or(end)
    }

    fn take(&mut self, kind: Kind, range: Range<usize>) -> Option<usize> {
        let value = normalise(kind, &self.text[range.clone()]).ok()?;
        let end = range.end;
        self.found.push((value, range));
        Some(end)
    }

    fn before(&self, at: usize) -> Option<char> {
        self.text[..at].chars().next_back()
    }

    fn after(&self, at: usize) -> &str {
        &self.text[at..]
    }

    fn url(&mut self, start: usize, end: usize) -> Option<usize> {
        if !self.after(end).starts_with("://") {
            return None;
        }
        let letters = self.text[start..end].trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        let start = end - letters.len();
        let known = ["http", "https", "ftp", "ftps", "sftp", "ws", "wss", "tcp", "udp"];
        let scheme = letters.to_ascii_lowercase();
        let scheme_start =
            known.iter().filter(|known| scheme.ends_with(*known)).map(|known| known.len()).max()?;
        let start = start.max(end - scheme_start);
        let stop = self.url_end(start, end + 3, false)?;
        self.take(Kind::Url, start..stop)
    }

    /// Where a URL that begins at `start` ends: at white space or a quote (and at a comma, if it ends one here), less
    /// closing punctuation. `None` if it is longer than any value, or if this stretch of text was tried often enough.
    fn url_end(&mut self, start: usize, from: usize, at_comma: bool) -> Option<usize> {
        let mut end = self.url_break.find(self.text, from, ends_url);
        if self.tries.0 != end {
            self.tries = (end, 0);
        }
        if self.before(start) == Some('\'') {
            end = end.min(self.apostrophe.find(self.text, from, |c| c == '\''));
        }
        if at_comma {
            end = end.min(self.comma.find(self.text, from, |c| c == ','));
        }
        // Some of it is closing punctuation, but not as much as the longest value again.
        if end - start > 2 * VALUE_BYTES_MAX || self.tries.1 >= URL_TRIES_MAX {
            return None;
        }
        self.tries.1 += 1;
        Some(start + without_closing(&self.text[start..end]))
    }

    fn registry_key(&mut self, start: usize, end: usize) -> Option<usize> {
        if start < self.keys_from || !self.after(end).starts_with(['\\', '>']) {
            return None;
        }
        let hive = self.text[start..end].to_ascii_uppercase();
        HIVES.iter().find(|(short, long)| hive == *short || hive == *long)?;
        let rest = self.after(end);
        let rest = rest.strip_prefix('>').unwrap_or(rest);
        let from = self.text.len() - rest.len();
        if !rest.starts_with('\\') {
            return None;
        }
        let ends = ['\n', '\r', '\t', '"', '\'', '`', '<', '>', ',', ';', ')', '|', ':'];
        let rest = start_of(rest, VALUE_BYTES_MAX);
        let line = rest.find(ends).unwrap_or(rest.len());
        // Words after a blank belong to the key if a backslash follows soon: `Windows NT\CurrentVersion`.
        let (mut stop, mut seen, mut since) = (0, 0, 0);
        for part in rest[..line].split_inclusive(' ') {
            if seen > 0 && (part == " " || is_new_key(part) || since > KEY_WORDS_MAX) {
                break;
            }
            seen += part.len();
            since += 1;
            if part.contains('\\') {
                (stop, since) = (seen, 0);
            }
        }
        let key = rest[..stop].trim_end_matches([' ', '.', '\\']);
        let Ok(value) = normalise(Kind::RegistryKey, &format!("{hive}{key}")) else {
            self.keys_from = from + stop;
            return None;
        };
        let stop = from + key.len();
        self.found.push((value, start..stop));
        Some(stop)
    }

    /// IPv6 addresses and networks, MAC addresses.
    fn colons(&mut self, start: usize, end: usize) -> Option<usize> {
        let hexish = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
        let head = &self.text[start..end];
        let mac_dashes = head.matches('-').count() == 5;
        if mac_dashes {
            return self.take(Kind::Mac, start..end);
        }
        let start = if self.after(start).starts_with('[') { start + 1 } else { start };
        if self.before(start).is_some_and(|c| is_word(c) || c == ':')
            || !head.chars().all(|c| hexish(c) || c == '[')
        {
            return None;
        }
        let rest = self.after(start);
        let run = rest.find(|c| !hexish(c)).unwrap_or(rest.len());
        let bare = rest[..run].trim_end_matches(['.', ':']).len();
        // `2001:db8::` ends in colons of its own; `dead::` in somebody's code does too.
        let open = rest[bare..run].starts_with("::")
            && rest[..bare].contains(':')
            && rest[..bare].contains(|c: char| c.is_ascii_digit());
        let bare = if open { bare + 2 } else { bare };
        let run = bare.max(usize::from(rest.starts_with("::")) * 2);
        let stop = start + run;
        if rest[..run].matches(':').count() < 2
            || self.after(stop).starts_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            return None;
        }
        let short = run < 4 && !rest.starts_with("::");
        if let Some(at) = self.take(Kind::Mac, start..stop) {
            return Some(at);
        }
        let prefix = self.prefix_length(stop, 128);
        if short {
            return None;
        }
        self.take(Kind::Ipv6, start..stop + prefix).or_else(|| self.take(Kind::Ipv6, start..stop))
    }

    /// The length of `/24` at `at`, if it is there and no longer path follows.
    fn prefix_length(&self, at: usize, most: u32) -> usize {
        let Some(rest) = self.after(at).strip_prefix('/') else { return 0 };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let ends = !rest[digits..].starts_with(|c: char| c.is_alphanumeric() || c == '/' || c == '_');
        let fits = rest[..digits].parse::<u32>().is_ok_and(|length| length <= most);
        if ends && fits { digits + 1 } else { 0 }
    }

    fn mailbox(&mut self, start: usize, end: usize) -> Option<usize> {
        if !self.after(end).starts_with('@') {
            let near = start_of(self.after(end), MAILBOX_NAME_BYTES_MAX + 1);
            let local = near.find(|c: char| !(is_word(c) || "+%&!#$'*=~".contains(c)))? + end;
            if local == end || !self.after(local).starts_with('@') {
                return None;
            }
            return self.mailbox(start, local);
        }
        let rest = start_of(self.after(end + 1), MAILBOX_HOST_BYTES_MAX);
        let run = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let host = rest[..run].trim_end_matches(['.', '-', '_']);
        name(host)?;
        // No mail goes to a host with an underscore (RFC 5321, 4.1.2); a chat's address may have one.
        if host.contains('_') {
            return self.take(Kind::Domain, end + 1..end + 1 + host.len());
        }
        let lead =
            self.text[start..end].len() - self.text[start..end].trim_start_matches(['.', '-', '_']).len();
        self.take(Kind::Email, start + lead..end + 1 + host.len())
    }

    fn network(&mut self, start: usize, end: usize) -> Option<usize> {
        let lead =
            self.text[start..end].len() - self.text[start..end].trim_start_matches(['.', '-', '_']).len();
        let start = start + lead;
        let stop = start + self.text[start..end].trim_end_matches(['.', '-', '_']).len();
        if self.before(start).is_some_and(|c| c == '/' || c == '\\' || c == '@')
            && lead == 0
            && self.is_path(start)
        {
            return None;
        }
        if !self.text[start..stop].starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        normalise(Kind::Ipv4, &self.text[start..stop]).ok()?;
        let prefix = if stop == end { self.prefix_length(stop, 32) } else { 0 };
        if prefix == 0 && stop == end && self.has_path(stop) {
            return self.schemeless(start, stop);
        }
        self.take(Kind::Ipv4, start..stop + prefix)
    }

    fn plain(&mut self, start: usize, end: usize) -> Option<usize> {
        let word = &self.text[start..end];
        let lead = word.len() - word.trim_start_matches(['.', '-', '_']).len();
        let start = start + lead;
        let end_of_word = start + self.text[start..end].trim_end_matches(['.', '-', '_']).len();
        let word = &self.text[start..end_of_word];
        if (word == "AS" || word.eq_ignore_ascii_case("asn")) && end_of_word == end {
            return self.spaced_number(start, end);
        }
        if word.len() < 4 || self.is_path(start) {
            return None;
        }
        let kinds = [
            Kind::Md5,
            Kind::Sha1,
            Kind::Sha256,
            Kind::Sha512,
            Kind::Cve,
            Kind::Asn,
            Kind::Attack,
            Kind::Mac,
        ];
        let is = |kind: &Kind| may_be(*kind, word) && normalise(*kind, word).is_ok();
        if let Some(kind) = kinds.into_iter().find(is) {
            return if kind.is_hash() && self.is_other_hash(start) {
                Some(end_of_word)
            } else {
                self.take(kind, start..end_of_word)
            };
        }
        if wallet::strict_chain(word).is_some() {
            return self.take(Kind::Wallet, start..end_of_word);
        }
        let domain = name(word)?;
        let labels = domain.text().split('.').count();
        let ending = domain.text().rsplit('.').next().unwrap_or_default();
        if labels == 2 && FILE_ENDINGS.contains(&ending) {
            return None;
        }
        if end_of_word == end && self.has_path(end) {
            return self.schemeless(start, end);
        }
        self.take(Kind::Domain, start..end_of_word)
    }

    /// `ASN 1234`, `AS 1234`; not `as 2014`, a year in a sentence.
    fn spaced_number(&mut self, start: usize, end: usize) -> Option<usize> {
        let digits = self.after(end).strip_prefix(' ')?.bytes().take_while(u8::is_ascii_digit).count();
        let stop = end + 1 + digits;
        let ends = !self.after(stop).starts_with(is_word);
        if ends && digits > 0 { self.take(Kind::Asn, start..stop) } else { None }
    }

    /// Whether the hash at `at` is said to be one of something else than the whole file.
    fn is_other_hash(&self, at: usize) -> bool {
        let before = self.text[..at].trim_end_matches([' ', '\t', '\n', '-', ':', '=', '"', '\'']);
        let tail: String = before.chars().rev().take(16).collect::<Vec<_>>().into_iter().rev().collect();
        let tail = tail.to_ascii_lowercase();
        ["imphash", "import hash", "authentihash", "ssdeep", "tlsh"].iter().any(|label| tail.ends_with(label))
    }

    /// Whether the word at `at` is part of a path.
    fn is_path(&self, at: usize) -> bool {
        matches!(self.before(at), Some('/' | '\\' | '@' | '=' | '%')) && {
            let before = self.text[..at].trim_end_matches(['/', '\\']);
            before.ends_with(|c: char| c.is_alphanumeric() || c == '.' || c == ':') || before.len() + 1 == at
        }
    }

    fn has_path(&self, at: usize) -> bool {
        let rest = self.after(at);
        let port =
            rest.strip_prefix(':').map_or(0, |rest| 1 + rest.bytes().take_while(u8::is_ascii_digit).count());
        rest[port..]
            .strip_prefix('/')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || "_-.~?".contains(c)))
    }

    /// A URL that somebody wrote without its scheme.
    fn schemeless(&mut self, start: usize, end: usize) -> Option<usize> {
        let stop = self.url_end(start, end, true)?;
        let value = normalise(Kind::Url, &format!("http://{}", &self.text[start..stop])).ok()?;
        self.found.push((value, start..stop));
        Some(stop)
    }
}

/// How long a URL is without the punctuation that closes the sentence around it.
fn without_closing(text: &str) -> usize {
    let count = |letter| text.matches(letter).count();
    let [round_open, round_close, square_open, square_close] = ['(', ')', '[', ']'].map(count);
    let (mut round, mut square) = ((round_open, round_close), (square_open, square_close));
    let mut end = text.len();
    while let Some(last) = text[..end].chars().next_back() {
        match last {
            ')' if round.0 < round.1 => round.1 -= 1,
            ']' if square.0 < square.1 => square.1 -= 1,
            '(' => round.0 -= 1,
            '[' => square.0 -= 1,
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '\\' => {}
            _ => break,
        }
        end -= last.len_utf8();
    }
    end
}

/// Whether a word has the length and the first letter of a kind: most have not, and need not be read.
fn may_be(kind: Kind, word: &str) -> bool {
    let begins = |letters: [char; 2]| word.starts_with(letters);
    match kind {
        Kind::Md5 => word.len() == 32,
        Kind::Sha1 => word.len() == 40,
        Kind::Sha256 => word.len() == 64,
        Kind::Sha512 => word.len() == 128,
        Kind::Cve => begins(['C', 'c']),
        Kind::Asn => begins(['A', 'a']),
        Kind::Attack => word.len() < 12 && word.bytes().any(|b| b.is_ascii_digit()),
        Kind::Mac => word.len() < 18,
        Kind::Ipv4 => word.starts_with(|c: char| c.is_ascii_digit()),
        Kind::Email => word.contains('@'),
        Kind::RegistryKey => word.contains('\\'),
        _ => true,
    }
}

fn is_new_key(part: &str) -> bool {
    let hive = part.split('\\').next().unwrap_or_default().to_ascii_uppercase();
    HIVES.iter().any(|(short, long)| hive == *short || hive == *long)
}
