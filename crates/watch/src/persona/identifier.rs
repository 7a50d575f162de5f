//! What can be the same of an applicant and a persona, each in one normal form.

use serde::Deserialize;

use super::text::Signature;
use crate::value::{self, Kind};

/// Longest identifier, in bytes.
const IDENTIFIER_BYTES_MAX: usize = 2 * 1024;
/// How often a text is read until it stays as it is.
const ROUNDS_MAX: usize = 8;
/// Hexadecimal digits of a perceptual hash: 64 bits.
const LOOK_DIGITS: usize = 16;
/// Fewest characters of what is to be one alone in the world.
const UNIQUE_CHARS_MIN: usize = 4;

/// What an identifier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[non_exhaustive]
pub enum IdentifierKind {
    /// A name, as written.
    Name,
    /// A mailbox: lower case; what its provider ignores is left out.
    Email,
    /// An account: `service/handle`, lower case. Without a known service, `/handle`.
    Account,
    /// A telephone number: digits, with `+` if the country is known.
    Phone,
    /// A virtual-asset address or its registered name (`name.eth`).
    Wallet,
    /// A bank account: letters and digits.
    BankAccount,
    /// An address on the network.
    Address,
    /// A device: serial number, MAC address or fingerprint.
    Device,
    /// A picture's cryptographic hash.
    Picture,
    /// A picture's perceptual hash, 64 bits in hexadecimal.
    PictureLook,
    /// A document's hash.
    Document,
    /// A page.
    Page,
    /// A repository: `host/owner/name`.
    Repository,
    /// A text's signature.
    Text,
}

/// One of an applicant's or a persona's identifiers, in normal form. Normalising it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    kind: IdentifierKind,
    text: Box<str>,
}

impl Identifier {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> IdentifierKind {
        self.kind
    }

    /// Its normal form.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As a reason shows it: a text's signature says nothing to a person.
    #[must_use]
    pub fn shown(&self) -> &str {
        if self.kind == IdentifierKind::Text { "a text" } else { self.text.trim_start_matches('/') }
    }

    /// The part of a mailbox before the `@`, or the handle of an account.
    #[must_use]
    pub(super) fn handle(&self) -> Option<&str> {
        match self.kind {
            IdentifierKind::Email => self.text.split('@').next(),
            IdentifierKind::Account => self.text.split_once('/').map(|(_, handle)| handle),
            IdentifierKind::Wallet => self.text.strip_suffix(".eth"),
            _ => None,
        }
    }

    /// Reads a text as an identifier of a kind.
    ///
    /// # Errors
    /// What it should have been.
    pub fn read(kind: IdentifierKind, text: &str) -> Result<Self, &'static str> {
        let mut found = Self::read_once(kind, text)?;
        // Cutting can lay bare what is cut again: what is read again must be the same.
        for _ in 0..ROUNDS_MAX {
            let again = Self::read_once(kind, &found.text)?;
            if again == found {
                return Ok(found);
            }
            found = again;
        }
        Err("a text with one reading")
    }

    fn read_once(kind: IdentifierKind, text: &str) -> Result<Self, &'static str> {
        if text.len() > IDENTIFIER_BYTES_MAX {
            return Err("an identifier of at most 2,048 bytes");
        }
        let text = text.trim();
        let normal = match kind {
            IdentifierKind::Name => name(text).ok_or("a name with letters in it")?,
            IdentifierKind::Email => email(text).ok_or("a mailbox, name@domain")?,
            IdentifierKind::Account => {
                account(text).ok_or("a handle, service/handle or the address of a profile")?
            }
            IdentifierKind::Phone => phone(text).ok_or("a telephone number of 7 to 15 digits")?,
            IdentifierKind::Wallet => {
                wallet(text).ok_or("a virtual-asset address of a known chain, its check digits right")?
            }
            IdentifierKind::BankAccount => {
                bank_account(text).ok_or("an account number; of an IBAN, the check digits right")?
            }
            IdentifierKind::Address => address(text).ok_or("one IP address that is not local")?,
            IdentifierKind::Device => device(text).ok_or("a serial number, MAC address or fingerprint")?,
            IdentifierKind::Picture | IdentifierKind::Document => {
                hash(text).ok_or("an MD5, SHA-1, SHA-256 or SHA-512 hash")?
            }
            IdentifierKind::PictureLook => look(text).ok_or("a perceptual hash of 16 hexadecimal digits")?,
            IdentifierKind::Page => page(text).ok_or("an http or https address with more than a host")?,
            IdentifierKind::Repository => repository(text).ok_or("a repository, host/owner/name")?,
            IdentifierKind::Text => Signature::parse(text)
                .map(|signature| signature.to_string())
                .ok_or("a signature of a text")?,
        };
        Ok(Self { kind, text: normal.into() })
    }
}

fn name(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    text.chars().any(char::is_alphabetic).then(|| words.join(" "))
}

/// Providers that ignore dots before the `@`, and their other names.
///
/// Source: Gmail Help, "Dots don't matter in Gmail addresses".
const DOTLESS: [&str; 2] = ["gmail.com", "googlemail.com"];

fn email(text: &str) -> Option<String> {
    let whole = value::normalise(Kind::Email, text).ok()?;
    let (local, host) = whole.text().rsplit_once('@')?;
    // Sub-addressing (RFC 5233) names the same mailbox.
    let local = local.split('+').next().filter(|local| !local.is_empty()).unwrap_or(local);
    Some(match DOTLESS.contains(&host) {
        true => format!("{}@gmail.com", local.replace('.', "")),
        false => format!("{local}@{host}"),
    })
}

/// Services by the host of their profiles, and what stands before the handle there.
const SERVICES: [(&str, &str, &str); 12] = [
    ("github.com", "github", ""),
    ("gitlab.com", "gitlab", ""),
    ("bitbucket.org", "bitbucket", ""),
    ("linkedin.com", "linkedin", "in/"),
    ("twitter.com", "x", ""),
    ("x.com", "x", ""),
    ("t.me", "telegram", ""),
    ("stackoverflow.com", "stackoverflow", "users/"),
    ("upwork.com", "upwork", "freelancers/"),
    ("freelancer.com", "freelancer", "u/"),
    ("npmjs.com", "npm", "~"),
    ("medium.com", "medium", "@"),
];

fn service(name: &str) -> String {
    let name: String = name.split_whitespace().map(str::to_lowercase).collect();
    let name = name.strip_prefix("www.").unwrap_or(&name);
    let known =
        SERVICES.iter().find(|(host, _, _)| *host == name).map(|(_, service, _)| (*service).to_owned());
    known.unwrap_or_else(|| if name == "twitter" { "x".to_owned() } else { name.to_owned() })
}

fn account(text: &str) -> Option<String> {
    if let Some(found) = profile(text) {
        return account(&found);
    }
    if text.contains("://") {
        return None;
    }
    let (name, handle) = text.split_once('/').unwrap_or(("", text));
    let handle = handle.trim().trim_start_matches('@').trim_end_matches('/').to_lowercase();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '#');
    let name = service(name);
    let fine = handle.chars().any(char::is_alphanumeric) && handle.chars().chain(name.chars()).all(is_plain);
    fine.then(|| format!("{name}/{handle}"))
}

/// The account whose profile an address is.
pub(super) fn profile(address: &str) -> Option<String> {
    let path = bare(address)?;
    let (host, path) = path.split_once('/')?;
    let (_, service, before) = SERVICES.iter().find(|(known, _, _)| *known == host)?;
    let mut steps = path.strip_prefix(before)?.split('/');
    let mut handle = steps.next().filter(|handle| !handle.is_empty())?.to_owned();
    if *service == "stackoverflow" {
        handle = steps.next().filter(|name| !name.is_empty()).map(str::to_owned).unwrap_or(handle);
    }
    Some(format!("{service}/{handle}"))
}

/// An address without its scheme, `www.`, query and last slash, in lower case.
fn bare(address: &str) -> Option<String> {
    let lower = address.trim().to_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).unwrap_or(&lower);
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let rest = rest.split(['?', '#']).next()?.trim_end_matches('/');
    let fine = rest.contains('.') && !rest.contains(|c: char| c.is_whitespace() || c.is_control());
    fine.then(|| rest.to_owned())
}

/// Digits as ITU-T E.164 counts them; `00` before them is `+`.
fn phone(text: &str) -> Option<String> {
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let fine =
        |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
    if !text.chars().all(fine) {
        return None;
    }
    let has_plus = text.starts_with('+');
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (has_plus, digits) = match digits.strip_prefix("00") {
        Some(rest) if !has_plus => (true, rest.to_owned()),
        _ => (has_plus, digits),
    };
    (7..=15).contains(&digits.len()).then(|| format!("{}{digits}", if has_plus { "+" } else { "" }))
}

fn wallet(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    if let Some(label) = lower.strip_suffix(".eth") {
        let fine =
            label.len() >= 3 && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
        return fine.then_some(lower);
    }
    value::normalise(Kind::Wallet, text).ok().map(|value| value.text().to_owned())
}

/// Letters and digits. What has the form of an IBAN must have its check digits right (ISO 13616).
fn bank_account(text: &str) -> Option<String> {
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | '/')) {
        return None;
    }
    let normal: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let bytes = normal.as_bytes();
    let is_iban = (15..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit);
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let fine =
        if is_iban { iban_rest(bytes) == Some(1) } else { digits >= UNIQUE_CHARS_MIN && bytes.len() <= 34 };
    fine.then_some(normal)
}

/// The rest on division by 97, the first four characters moved to the end and letters written as 10 to 35.
fn iban_rest(bytes: &[u8]) -> Option<u32> {
    let (head, tail) = bytes.split_at_checked(4)?;
    tail.iter().chain(head).try_fold(0_u32, |rest, byte| {
        let digit = char::from(*byte).to_digit(36)?;
        Some((rest * if digit > 9 { 100 } else { 10 } + digit) % 97)
    })
}

fn address(text: &str) -> Option<String> {
    let found = value::normalise(Kind::Ipv4, text).or_else(|_| value::normalise(Kind::Ipv6, text)).ok()?;
    let ip: std::net::IpAddr = found.text().parse().ok()?;
    let is_local = match ip {
        std::net::IpAddr::V4(v4) => {
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified()
        }
        std::net::IpAddr::V6(v6) => {
            v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local()
        }
    };
    (!is_local).then(|| found.text().to_owned())
}

fn device(text: &str) -> Option<String> {
    if let Ok(mac) = value::normalise(Kind::Mac, text) {
        return Some(mac.text().to_owned());
    }
    let normal: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let fine = normal.chars().filter(|c| c.is_alphanumeric()).count() >= UNIQUE_CHARS_MIN
        && !normal.contains(char::is_control);
    fine.then_some(normal)
}

fn hash(text: &str) -> Option<String> {
    let kinds = [Kind::Sha256, Kind::Sha1, Kind::Md5, Kind::Sha512];
    kinds.into_iter().find_map(|kind| value::normalise(kind, text).ok()).map(|value| value.text().to_owned())
}

fn look(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let fine = digits.len() == LOOK_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    fine.then(|| digits.to_ascii_lowercase())
}

fn page(text: &str) -> Option<String> {
    let whole = bare(text)?;
    let host = whole.split('/').next()?;
    // A host that many share says nothing of one of them.
    let is_own = psl::domain_str(host).is_some() && !SERVICES.iter().any(|(known, _, _)| *known == host);
    (whole.contains('/') || is_own).then_some(whole)
}

fn repository(text: &str) -> Option<String> {
    let text =
        text.strip_prefix("git@").map(|rest| rest.replacen(':', "/", 1)).unwrap_or_else(|| text.to_owned());
    let whole = bare(text.strip_prefix("git+").unwrap_or(&text))?;
    let whole = whole.strip_suffix(".git").unwrap_or(&whole).to_owned();
    let steps: Vec<&str> = whole.split('/').filter(|step| !step.is_empty()).collect();
    (steps.len() >= 3).then(|| steps[..3].join("/"))
}

/// Services that hold repositories.
const FORGES: [&str; 3] = ["github", "gitlab", "bitbucket"];

/// The account that owns a repository of a known service.
pub(super) fn owner(repository: &Identifier) -> Option<Identifier> {
    let mut steps = repository.text().split('/');
    let (host, owner) = (steps.next()?, steps.next()?);
    let account = Identifier::read(IdentifierKind::Account, &format!("{host}/{owner}")).ok()?;
    let is_known = account.text().split_once('/').is_some_and(|(service, _)| FORGES.contains(&service));
    is_known.then_some(account)
}
