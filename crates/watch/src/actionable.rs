//! What of a STIX object a device can act on by itself.
//!
//! Only an indicator says "look for this". Of an indicator only those values count each of which alone makes its
//! pattern true: `[domain-name:value = 'a'] OR [ipv4-addr:value = 'b']` gives two, `a AND b` gives none, a
//! negation never. Observables without an indicator are context: nobody said that they are bad.
//!
//! Source: STIX 2.1, sections 4.7 (indicator) and 9 (patterns).

use std::collections::HashSet;

use stix::pattern::{self, Equality, ObjectPath, Step};
use stix::{Head, ObjectId, Timestamp};

use crate::named::is_iban;
use crate::stated::Stated;
use crate::value::{Kind, Value, normalise};

/// What an indicator says to look for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Indicator {
    /// The indicator.
    pub object: ObjectId,
    /// Its name.
    pub name: Option<Box<str>>,
    /// Its confidence, 0 to 100, if it states one.
    pub confidence: Option<u8>,
    /// From when it holds.
    pub valid_from: Option<Timestamp>,
    /// Until when it holds; the instant itself is outside (rule L-3).
    pub valid_until: Option<Timestamp>,
    /// Values each of which may be acted on by itself, each once, in the pattern's order; at least one.
    pub values: Box<[Value]>,
}

/// Something that a device acts on: a value because of an indicator.
pub trait Acts {
    /// The value.
    fn value(&self) -> &Value;

    /// The indicator that says so.
    fn indicator(&self) -> &Indicator;
}

/// One value of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Each<'i> {
    indicator: &'i Indicator,
    value: &'i Value,
}

impl Indicator {
    /// Its values, one by one.
    pub fn each(&self) -> impl Iterator<Item = Each<'_>> {
        self.values.iter().map(|value| Each { indicator: self, value })
    }
}

impl Acts for Each<'_> {
    fn value(&self) -> &Value {
        self.value
    }

    fn indicator(&self) -> &Indicator {
        self.indicator
    }
}

/// What an object says to look for, if each value may be acted on by itself.
///
/// `None` for everything but indicators in force with a STIX pattern, for revoked ones, and for those that say
/// themselves that they are benign. A validity that can't be read counts as ended.
#[must_use]
pub fn actionable(raw: &str, head: &Head) -> Option<Indicator> {
    if head.revoked { None } else { actionable_of(raw, &head.id) }
}

/// As [`actionable`], for an object whose head was read before, as that of everything in a line was: its text is read once.
#[must_use]
pub fn actionable_of(raw: &str, id: &ObjectId) -> Option<Indicator> {
    let stated = Stated::of(raw, id).filter(Stated::is_stix)?;
    let mut values = pattern_values(&stated.pattern);
    if values.len() > 1 {
        let mut seen = HashSet::new();
        values.retain(|value| seen.insert(value.clone()));
    }
    (!values.is_empty()).then(|| Indicator {
        object: id.clone(),
        name: stated.name.map(String::into_boxed_str),
        confidence: stated.confidence,
        valid_from: stated.valid_from,
        valid_until: stated.valid_until,
        values: values.into_boxed_slice(),
    })
}

/// The values each of which alone makes a STIX pattern true; none if the pattern does not parse.
#[must_use]
pub fn pattern_values(text: &str) -> Vec<Value> {
    let Ok(pattern) = pattern::parse_either(text) else {
        return Vec::new();
    };
    pattern.alternatives().unwrap_or_default().iter().filter_map(equality_value).collect()
}

/// The STIX pattern that a value alone makes true; `None` for kinds that no observable holds.
#[must_use]
pub fn pattern_of(value: &Value) -> Option<String> {
    let path = match value.kind() {
        Kind::Domain => "domain-name:value",
        Kind::Url => "url:value",
        Kind::Ipv4 => "ipv4-addr:value",
        Kind::Ipv6 => "ipv6-addr:value",
        Kind::Md5 => "file:hashes.MD5",
        Kind::Sha1 => "file:hashes.'SHA-1'",
        Kind::Sha256 => "file:hashes.'SHA-256'",
        Kind::Sha512 => "file:hashes.'SHA-512'",
        Kind::Email => "email-addr:value",
        Kind::Wallet => "cryptocurrency-wallet:value",
        Kind::Mac => "mac-addr:value",
        Kind::RegistryKey => "windows-registry-key:key",
        Kind::Account => "user-account:account_login",
        Kind::Phone => "phone-number:value",
        Kind::BankAccount if is_iban(value.text()) => "bank-account:iban",
        Kind::BankAccount => "bank-account:account_number",
        Kind::Certificate => match value.text().len() {
            32 => "x509-certificate:hashes.MD5",
            40 => "x509-certificate:hashes.'SHA-1'",
            _ => "x509-certificate:hashes.'SHA-256'",
        },
        Kind::Ja3 => "network-traffic:x_ja3",
        Kind::Ja4 => "network-traffic:x_ja4",
        Kind::FileName => "file:name",
        Kind::Cve | Kind::Asn | Kind::Attack => return None,
    };
    let escaped = value.text().replace('\\', "\\\\").replace('\'', "\\'");
    Some(format!("[{path} = '{escaped}']"))
}

fn equality_value(equality: &Equality<'_>) -> Option<Value> {
    let kind = path_kind(equality.path)?;
    let other = if kind == Kind::Ipv4 { Some(Kind::Ipv6) } else { None };
    // Numbers of telephones are also written by their digits alone, the country's first.
    let with_plus = |text: &str| normalise(Kind::Phone, &format!("+{text}")).ok();
    normalise(kind, equality.value)
        .ok()
        .or_else(|| normalise(other?, equality.value).ok())
        .or_else(|| if kind == Kind::Phone { with_plus(equality.value) } else { None })
}

/// What a device would look for where the path points.
fn path_kind(path: &ObjectPath) -> Option<Kind> {
    let keys: Vec<&str> = path
        .steps
        .iter()
        .map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) | Step::Any => None,
        })
        .collect::<Option<_>>()?;
    match (path.object_type.as_str(), keys.as_slice()) {
        ("domain-name" | "hostname", ["value"]) => Some(Kind::Domain),
        ("url", ["value"]) => Some(Kind::Url),
        ("ipv4-addr", ["value"]) | ("network-traffic", ["dst_ref" | "src_ref", "value"]) => Some(Kind::Ipv4),
        ("ipv6-addr", ["value"]) => Some(Kind::Ipv6),
        ("email-addr", ["value"]) | ("email-message", ["from_ref" | "sender_ref", "value"]) => {
            Some(Kind::Email)
        }
        ("mac-addr", ["value"]) => Some(Kind::Mac),
        ("windows-registry-key", ["key"]) => Some(Kind::RegistryKey),
        ("user-account", ["account_login" | "user_id"]) => Some(Kind::Account),
        ("phone-number", ["value"]) => Some(Kind::Phone),
        ("bank-account", ["iban" | "account_number"]) => Some(Kind::BankAccount),
        ("x509-certificate", ["hashes", _]) => Some(Kind::Certificate),
        ("network-traffic", ["x_ja3" | "x_ja3_hash"]) => Some(Kind::Ja3),
        ("network-traffic", ["x_ja4" | "x_ja4_hash"]) => Some(Kind::Ja4),
        ("file", ["name"]) => Some(Kind::FileName),
        ("cryptocurrency-wallet" | "x-cryptocurrency-wallet", ["value" | "address"]) => Some(Kind::Wallet),
        ("file" | "artifact", ["hashes", algorithm]) => hash_kind(algorithm),
        _ => None,
    }
}

fn hash_kind(algorithm: &str) -> Option<Kind> {
    match algorithm.to_ascii_uppercase().replace(['-', '_'], "").as_str() {
        "MD5" => Some(Kind::Md5),
        "SHA1" => Some(Kind::Sha1),
        "SHA256" => Some(Kind::Sha256),
        "SHA512" => Some(Kind::Sha512),
        _ => None,
    }
}
