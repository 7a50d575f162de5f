//! Kinds of values and their one normal form each.
//!
//! Whatever a sender wrote, `Example.COM.`, `EXAMPLE.com`, `xn--…` or its Unicode form, the same thing gives the
//! same text. Only [`normalise`] makes a [`Value`], so a value that exists is in normal form. Normalising what
//! is normal changes nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::{domain, named, print, quick, refang::refang, url, wallet};

/// The normal form of values, and which of them an indicator gives. Grows with each change to either: what was kept under another
/// form is made anew.
pub const FORM: u32 = 1;

/// Longest text that is looked at as one value, in bytes.
pub const VALUE_BYTES_MAX: usize = 8 * 1024;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A domain or host name: lower case, ASCII (IDNA), no trailing dot.
    Domain,
    /// A URL with a scheme and a host, in the form of the WHATWG standard's common cases.
    Url,
    /// An IPv4 address, or a network as `a.b.c.0/24`.
    Ipv4,
    /// An IPv6 address in the form of RFC 5952, or a network as `2001:db8::/32`.
    Ipv6,
    /// An MD5 hash in lower-case hexadecimal.
    Md5,
    /// A SHA-1 hash in lower-case hexadecimal.
    Sha1,
    /// A SHA-256 hash in lower-case hexadecimal.
    Sha256,
    /// A SHA-512 hash in lower-case hexadecimal.
    Sha512,
    /// An e-mail address, lower case.
    Email,
    /// A virtual-asset address of a main net; [`Value::chain`] says of which chain its form is. See [`wallet`].
    Wallet,
    /// A vulnerability, `CVE-2021-44228`.
    Cve,
    /// An autonomous system, `AS1234`.
    Asn,
    /// A MAC address, lower case with colons.
    Mac,
    /// A Windows registry key with its hive in full.
    RegistryKey,
    /// An ATT&CK technique, tactic, mitigation, group or software id, `T1059.001`.
    Attack,
    /// The name of a user's account at some service, lower case, without an `@` before it.
    Account,
    /// A telephone number in the form of E.164, `+442079460000`.
    Phone,
    /// An IBAN, or a bank's own number of an account: upper case, without spaces.
    BankAccount,
    /// The fingerprint of a certificate in lower-case hexadecimal, by SHA-256, SHA-1 or MD5.
    Certificate,
    /// The JA3 fingerprint of a TLS client's greeting, an MD5 in lower-case hexadecimal.
    Ja3,
    /// The JA4 fingerprint of a TLS client's greeting, `t13d1516h2_8daaf6152771_e5627efa2ab1`.
    Ja4,
    /// The name of a file, lower case, without its folders.
    FileName,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 22] = [
        Self::Domain,
        Self::Url,
        Self::Ipv4,
        Self::Ipv6,
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Email,
        Self::Wallet,
        Self::Cve,
        Self::Asn,
        Self::Mac,
        Self::RegistryKey,
        Self::Attack,
        Self::Account,
        Self::Phone,
        Self::BankAccount,
        Self::Certificate,
        Self::Ja3,
        Self::Ja4,
        Self::FileName,
    ];

    /// The kind's name in addresses and column heads: `domain`, `sha256`, ….
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Email => "email",
            Self::Wallet => "wallet",
            Self::Cve => "cve",
            Self::Asn => "asn",
            Self::Mac => "mac",
            Self::RegistryKey => "registry-key",
            Self::Attack => "attack",
            Self::Account => "account",
            Self::Phone => "phone",
            Self::BankAccount => "bank-account",
            Self::Certificate => "certificate",
            Self::Ja3 => "ja3",
            Self::Ja4 => "ja4",
            Self::FileName => "file-name",
        }
    }

    /// Whether a device can stop traffic, a file or a payment by a value of this kind alone.
    #[must_use]
    pub const fn blockable(self) -> bool {
        matches!(
            self,
            Self::Domain
                | Self::Url
                | Self::Ipv4
                | Self::Ipv6
                | Self::Md5
                | Self::Sha1
                | Self::Sha256
                | Self::Sha512
                | Self::Email
                | Self::Wallet
        )
    }

    /// Whether it can be asked if a value of this kind is known to be bad: of a vulnerability, a technique or a whole network of
    /// a provider it can't.
    #[must_use]
    pub const fn screens(self) -> bool {
        !matches!(self, Self::Cve | Self::Asn | Self::Attack)
    }

    /// Whether values of this kind are hashes of files.
    #[must_use]
    pub const fn is_hash(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1 | Self::Sha256 | Self::Sha512)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| UnknownKind(text.chars().take(40).collect()))
    }
}

/// A text that names no [`Kind`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no kind of value; use domain, url, ipv4, ipv6, md5, sha1, sha256, sha512, email, wallet, account, phone, bank-account, certificate, ja3, ja4, file-name, mac or registry-key"
)]
pub struct UnknownKind(pub String);

/// A value in normal form. Ordered by kind, then text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value {
    kind: Kind,
    text: Box<str>,
}

impl Value {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its normal form.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The network, or the address as a network of one, of [`Kind::Ipv4`] and [`Kind::Ipv6`].
    #[must_use]
    pub fn network(&self) -> Option<IpNet> {
        match self.kind {
            Kind::Ipv4 | Kind::Ipv6 if self.text.contains('/') => self.text.parse().ok(),
            Kind::Ipv4 | Kind::Ipv6 => self.text.parse::<IpAddr>().ok().map(IpNet::from),
            _ => None,
        }
    }

    /// The host of a URL as a value of its own, a domain or an address.
    #[must_use]
    pub fn url_host(&self) -> Option<Self> {
        if self.kind != Kind::Url {
            return None;
        }
        let host = url::host(&self.text)?;
        if let Some(inner) = host.strip_prefix('[') {
            return normalise(Kind::Ipv6, inner.trim_end_matches(']')).ok();
        }
        normalise(Kind::Ipv4, host).or_else(|_| normalise(Kind::Domain, host)).ok()
    }

    /// The domain of an address of mail as a value of its own.
    #[must_use]
    pub fn mail_domain(&self) -> Option<Self> {
        let (_, domain) = self.text.rsplit_once('@').filter(|_| self.kind == Kind::Email)?;
        normalise(Kind::Domain, domain).ok()
    }

    /// What stands behind the host of a URL and its port: path, query and fragment.
    #[must_use]
    pub fn after_host(&self) -> Option<&str> {
        if self.kind == Kind::Url { url::after_host(&self.text) } else { None }
    }

    /// Whether a URL names nothing but its host: no path, no query.
    #[must_use]
    pub fn is_whole_host(&self) -> bool {
        self.after_host() == Some("/")
    }

    /// The chain whose address form a wallet has: `btc`, `eth` (all EVM chains), `move` (Aptos, Sui), `xmr`, ….
    #[must_use]
    pub fn chain(&self) -> Option<&'static str> {
        if self.kind == Kind::Wallet { wallet::chain(&self.text) } else { None }
    }

    fn new(kind: Kind, text: impl Into<Box<str>>) -> Self {
        Self { kind, text: text.into() }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text is no value of a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The text does not have the kind's form.
    #[error("not a {kind}: {reason}")]
    Form {
        /// The kind that was asked for.
        kind: Kind,
        /// What is wrong.
        reason: &'static str,
    },
    /// The text is longer than any value.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
}

/// The value that `text` spells, as a value of `kind`. Defanged forms are taken.
///
/// # Errors
/// [`ValueError`] when the text is nothing of that kind.
///
/// Source: RFC 5890 and UTS 46 (domains), RFC 5952 (IPv6), WHATWG URL (URLs), RFC 5321 (addresses of mail).
pub fn normalise(kind: Kind, text: &str) -> Result<Value, ValueError> {
    if quick::is_normal(kind, text) {
        return Ok(Value { kind, text: text.into() });
    }
    normalise_slowly(kind, text)
}

/// Reads a text of which it can't be seen at one glance what it is.
fn normalise_slowly(kind: Kind, text: &str) -> Result<Value, ValueError> {
    let mut value = normalise_once(kind, text)?;
    if !matches!(kind, Kind::Url | Kind::RegistryKey | Kind::Email | Kind::Wallet) {
        return Ok(value);
    }
    // Encoding and cutting can make a defanged spelling of what was none: what is read again must be the same.
    for _ in 0..ROUNDS_MAX {
        let again = normalise_once(kind, &value.text)?;
        if again == value {
            return Ok(value);
        }
        value = again;
    }
    Err(ValueError::Form { kind, reason: "a text with one reading" })
}

const ROUNDS_MAX: usize = 8;

fn normalise_once(kind: Kind, text: &str) -> Result<Value, ValueError> {
    if text.len() > VALUE_BYTES_MAX {
        return Err(ValueError::TooLong { limit: VALUE_BYTES_MAX });
    }
    let clean = refang(text.trim());
    let clean = clean.as_ref();
    let form = |reason| ValueError::Form { kind, reason };
    let normal: Box<str> = match kind {
        Kind::Domain => domain::normal(clean).map_err(form)?.into(),
        Kind::Url => url::normal(clean).map_err(form)?.into(),
        Kind::Ipv4 => ipv4(clean).ok_or_else(|| form("four numbers up to 255, or such a network"))?.into(),
        Kind::Ipv6 => ipv6(clean).ok_or_else(|| form("an IPv6 address or network"))?.into(),
        Kind::Md5 => hex(clean, 32).ok_or_else(|| form("32 hexadecimal digits"))?.into(),
        Kind::Sha1 => hex(clean, 40).ok_or_else(|| form("40 hexadecimal digits"))?.into(),
        Kind::Sha256 => hex(clean, 64).ok_or_else(|| form("64 hexadecimal digits"))?.into(),
        Kind::Sha512 => hex(clean, 128).ok_or_else(|| form("128 hexadecimal digits"))?.into(),
        Kind::Email => email(clean).ok_or_else(|| form("name@domain"))?.into(),
        Kind::Wallet => wallet::normal(clean).map_err(form)?.into(),
        Kind::Cve => cve(clean).ok_or_else(|| form("CVE-year-number"))?.into(),
        Kind::Asn => asn(clean).ok_or_else(|| form("AS and a number"))?.into(),
        Kind::Mac => mac(clean).ok_or_else(|| form("six bytes in hexadecimal"))?.into(),
        Kind::RegistryKey => registry_key(clean).ok_or_else(|| form("hive and key"))?.into(),
        Kind::Attack => attack(clean).ok_or_else(|| form("an id such as T1059.001"))?.into(),
        Kind::Account => {
            named::account(clean).ok_or_else(|| form("an account's name without spaces"))?.into()
        }
        Kind::Phone => {
            named::phone(clean).ok_or_else(|| form("+, the country's number and the rest"))?.into()
        }
        Kind::BankAccount => named::bank_account(clean)
            .ok_or_else(|| form("an IBAN that fits its check digits, or an account's number"))?
            .into(),
        Kind::Certificate => {
            print::certificate(clean).ok_or_else(|| form("32, 40 or 64 hexadecimal digits"))?.into()
        }
        Kind::Ja3 => hex(clean, 32).ok_or_else(|| form("32 hexadecimal digits"))?.into(),
        Kind::Ja4 => print::ja4(clean)
            .ok_or_else(|| form("a JA4 fingerprint such as t13d1516h2_8daaf6152771_e5627efa2ab1"))?
            .into(),
        Kind::FileName => print::file_name(clean).ok_or_else(|| form("the name of a file"))?.into(),
    };
    Ok(Value::new(kind, normal))
}

fn hex(text: &str, digits: usize) -> Option<String> {
    let fine = text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit());
    fine.then(|| text.to_ascii_lowercase())
}

/// Decimal, no leading zeros beyond `0` itself: `010` is eight to some programs and ten to others.
fn ipv4(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Some(address.to_string());
    }
    let network = text.parse::<Ipv4Net>().ok()?.trunc();
    Some(if network.prefix_len() == 32 { network.addr().to_string() } else { network.to_string() })
}

fn ipv6(text: &str) -> Option<String> {
    let text = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Some(address.to_string());
    }
    let network = text.parse::<Ipv6Net>().ok()?.trunc();
    Some(if network.prefix_len() == 128 { network.addr().to_string() } else { network.to_string() })
}

fn email(text: &str) -> Option<String> {
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (name, host) = text.rsplit_once('@')?;
    let fine = (1..=64).contains(&name.len())
        && !name.starts_with('.')
        && !name.ends_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b));
    let host = domain::normal(host).ok()?;
    (fine && host.contains('.')).then(|| format!("{}@{host}", name.to_ascii_lowercase()))
}

fn cve(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase().replace('_', "-");
    let (year, number) = upper.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (year.len() == 4 && digits(year) && (4..=10).contains(&number.len()) && digits(number)).then_some(upper)
}

fn asn(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    let digits = upper.strip_prefix("ASN").or_else(|| upper.strip_prefix("AS"))?.trim();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // The first and the last number are reserved (RFC 7607, RFC 7300).
    let number = digits.parse::<u32>().ok().filter(|number| (1..u32::MAX).contains(number))?;
    Some(format!("AS{number}"))
}

fn mac(text: &str) -> Option<String> {
    let separator = text.bytes().find(|b| !b.is_ascii_hexdigit())?;
    let (groups, digits) = match separator {
        b':' | b'-' => (6, 2),
        b'.' => (3, 4),
        _ => return None,
    };
    let parts: Vec<&str> = text.split(char::from(separator)).collect();
    let fine = parts.len() == groups
        && parts.iter().all(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_hexdigit()));
    if !fine {
        return None;
    }
    let lower = parts.concat().to_ascii_lowercase();
    let pairs: Vec<&str> = (0..6).filter_map(|at| lower.get(at * 2..at * 2 + 2)).collect();
    Some(pairs.join(":"))
}

/// The hives' names, short and long.
pub(crate) const HIVES: [(&str, &str); 6] = [
    ("HKLM", "HKEY_LOCAL_MACHINE"),
    ("HKCU", "HKEY_CURRENT_USER"),
    ("HKCR", "HKEY_CLASSES_ROOT"),
    ("HKU", "HKEY_USERS"),
    ("HKCC", "HKEY_CURRENT_CONFIG"),
    ("HKPD", "HKEY_PERFORMANCE_DATA"),
];

fn registry_key(text: &str) -> Option<String> {
    let (hive, rest) = text.split_once('\\')?;
    let upper = hive.to_ascii_uppercase();
    let (_, long) = HIVES.iter().find(|(short, long)| upper == *short || upper == *long)?;
    let rest = rest.trim_matches('\\');
    (!rest.is_empty()).then(|| format!("{long}\\{rest}"))
}

fn attack(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    let at = upper.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) = upper.split_at(at);
    let (main, sub) = digits.split_once('.').map_or((digits, None), |(main, sub)| (main, Some(sub)));
    let number = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    let fine = number(main, 4)
        && match sub {
            None => matches!(letters, "T" | "TA" | "M" | "G" | "S" | "C" | "DS"),
            Some(sub) => letters == "T" && number(sub, 3),
        };
    fine.then_some(upper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_normal_at_one_glance_is_so_at_a_second(
            text in prop_oneof![
                "[a-z0-9._-]{1,12}",
                "([a-c0-1_-]{0,5}\\.){0,3}[a-z0-9x-]{1,3}",
                "[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}",
                "([0-9]{1,3}\\.){3}[0-9]{1,3}",
            ],
        ) {
            for kind in Kind::ALL.into_iter().filter(|kind| quick::is_normal(*kind, &text)) {
                prop_assert_eq!(normalise_slowly(kind, &text).map(|value| value.text), Ok(text.clone().into()));
            }
        }
    }
}
