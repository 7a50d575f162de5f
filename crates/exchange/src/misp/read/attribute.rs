//! What a MISP attribute's value is in STIX: comparisons when it is to be looked for, observables when it is context.
//!
//! A value that has a normal form is written in it; the original stays in the attribute that is carried along. Of a
//! composite (`filename|sha256`, `ip-dst|port`) the pattern holds the part that identifies the thing, so that a renamed
//! file is still the file.
//!
//! Source: MISP core format, section 2.4.2 (types); misp-stix mapping documents for the choice of object types.

use serde_json::{Map, Value as Json, json};
use watch::{Kind, Value, normalise};

/// How well a value identifies what is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// By itself: a hash, an address, a name that somebody registered.
    Alone,
    /// Together with others: a file name, a port, a subject.
    Together,
}

/// The STIX side of an attribute's value.
pub(super) struct Shape {
    /// Comparisons without brackets, any of which is the sign; for another language the rule itself.
    pub(super) tests: Vec<String>,
    /// The pattern's language.
    pub(super) language: &'static str,
    /// What the tests are worth.
    pub(super) strength: Strength,
    /// The observables, without ids, the main one first; none for rules and for what no observable holds.
    pub(super) observables: Vec<Map<String, Json>>,
}

impl Shape {
    /// The pattern of the value alone.
    pub(super) fn pattern(&self) -> String {
        if self.language == "stix" { alternatives(&self.tests) } else { self.tests.concat() }
    }
}

/// A pattern that any of the tests satisfies.
pub(super) fn alternatives(tests: &[String]) -> String {
    let parts: Vec<String> = tests.iter().map(|test| format!("[{test}]")).collect();
    parts.join(" OR ")
}

/// The shape of an attribute's value; `None` if STIX has no place for the type or the value is not of it.
pub(super) fn shape(kind: &str, value: &str) -> Option<Shape> {
    if value.is_empty() {
        return None;
    }
    let (first, second) = value.split_once('|').map_or((value, None), |(a, b)| (a, Some(b)));
    match kind {
        "domain" | "hostname" | "onion-address" => one(Kind::Domain, value),
        "hostname|port" => one(Kind::Domain, first),
        "domain|ip" => either(one(Kind::Domain, first)?, address(second?)?),
        "ip-src" | "ip-dst" => address(value),
        "ip-src|port" | "ip-dst|port" => address(first),
        "url" | "uri" | "link" => one(Kind::Url, value).or_else(|| location(value)),
        "filename" | "attachment" => text("file", "name", value, Strength::Together),
        "malware-sample" => {
            second.map_or_else(|| hash("md5", first, None), |digest| hash("md5", digest, Some(first)))
        }
        "email"
        | "email-src"
        | "email-dst"
        | "target-email"
        | "whois-registrant-email"
        | "dns-soa-email"
        | "jabber-id"
        | "eppn" => mail_address(kind, value),
        "btc" | "xmr" | "dash" => one(Kind::Wallet, value),
        "mac-address" => one(Kind::Mac, value),
        "regkey" => one(Kind::RegistryKey, value),
        "regkey|value" => registry_value(first, second?),
        "mutex" => text("mutex", "name", value, Strength::Alone),
        "AS" => {
            number("autonomous-system", "number", value.trim_start_matches(['A', 'S', 'a', 's', 'N', 'n']))
        }
        "port" => number("network-traffic", "dst_port", value).map(Shape::test_only),
        "size-in-bytes" => number("file", "size", value).map(Shape::test_only),
        "mime-type" => text("file", "mime_type", value, Strength::Together).map(Shape::test_only),
        "github-username" => account("github", value),
        "twitter-id" => account("twitter", value),
        "yara" | "sigma" | "snort" | "suricata" => rule(kind, value),
        "stix2-pattern" => pattern(value),
        _ => mail_part(kind, value)
            .or_else(|| header(kind, value))
            .or_else(|| certificate(kind, value))
            .or_else(|| hash(kind, value, None))
            .or_else(|| hash(kind.strip_prefix("filename|")?, second?, Some(first))),
    }
}

impl Shape {
    /// What can be looked for, but makes no observable by itself.
    fn test_only(mut self) -> Self {
        self.observables.clear();
        self
    }
}

fn object(object_type: &str, name: &str, value: Json) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("type".into(), object_type.into());
    object.insert(name.into(), value);
    object
}

fn stix(test: String, strength: Strength, observables: Vec<Map<String, Json>>) -> Shape {
    Shape { tests: vec![test], language: "stix", strength, observables }
}

fn address(text: &str) -> Option<Shape> {
    one(Kind::Ipv4, text).or_else(|| one(Kind::Ipv6, text))
}

fn mail_address(kind: &str, value: &str) -> Option<Shape> {
    let wants = matches!(kind, "email" | "email-src" | "email-dst" | "target-email");
    let mut shape = one(Kind::Email, value).filter(|_| wants)?;
    let role = match kind {
        "email-src" => "email-message:from_ref.value",
        "email-dst" => "email-message:to_refs[*].value",
        _ => return Some(shape),
    };
    for test in &mut shape.tests {
        *test = test.replacen("email-addr:value", role, 1);
    }
    Some(shape)
}

fn one(kind: Kind, text: &str) -> Option<Shape> {
    let value = normalise(kind, text).ok()?;
    let pattern = watch::actionable::pattern_of(&value)?;
    let test = pattern.strip_prefix('[')?.strip_suffix(']')?.to_owned();
    // A wallet's address has no observable of the specification's own.
    let observables = if kind == Kind::Wallet { Vec::new() } else { vec![observable(&value)?] };
    Some(stix(test, Strength::Alone, observables))
}

fn observable(value: &Value) -> Option<Map<String, Json>> {
    let (object_type, name) = match value.kind() {
        Kind::Domain => ("domain-name", "value"),
        Kind::Url => ("url", "value"),
        Kind::Ipv4 => ("ipv4-addr", "value"),
        Kind::Ipv6 => ("ipv6-addr", "value"),
        Kind::Email => ("email-addr", "value"),
        Kind::Mac => ("mac-addr", "value"),
        Kind::RegistryKey => ("windows-registry-key", "key"),
        _ => return None,
    };
    Some(object(object_type, name, value.text().into()))
}

/// A domain and the address it pointed to: either is the sign.
fn either(mut first: Shape, second: Shape) -> Option<Shape> {
    first.tests.extend(second.tests);
    first.observables.extend(second.observables);
    Some(first)
}

/// The key as STIX names a hash algorithm, its length in hexadecimal digits (0: no fixed form), and whether the
/// vocabulary has it, without which no observable may use it.
///
/// Source: STIX 2.1, section 10.7 (hash-algorithm-ov); misp-stix for the names outside of it.
fn algorithm(kind: &str) -> Option<(&'static str, usize, bool)> {
    Some(match kind {
        "md5" => ("MD5", 32, true),
        "sha1" => ("SHA-1", 40, true),
        "sha224" => ("SHA-224", 56, false),
        "sha256" => ("SHA-256", 64, true),
        "sha384" => ("SHA-384", 96, false),
        "sha512" => ("SHA-512", 128, true),
        "sha512/224" => ("SHA-512/224", 56, false),
        "sha512/256" => ("SHA-512/256", 64, false),
        "sha3-224" => ("SHA3-224", 56, false),
        "sha3-256" => ("SHA3-256", 64, true),
        "sha3-384" => ("SHA3-384", 96, false),
        "sha3-512" => ("SHA3-512", 128, true),
        "ssdeep" => ("SSDEEP", 0, true),
        "tlsh" => ("TLSH", 0, true),
        "authentihash" => ("AUTHENTIHASH", 0, false),
        "cdhash" => ("CDHASH", 0, false),
        "imphash" => ("IMPHASH", 0, false),
        "impfuzzy" => ("IMPFUZZY", 0, false),
        "pehash" => ("PEHASH", 0, false),
        "telfhash" => ("TELFHASH", 0, false),
        "vhash" => ("VHASH", 0, false),
        _ => return None,
    })
}

fn hash(kind: &str, text: &str, file_name: Option<&str>) -> Option<Shape> {
    let (algorithm, digits, in_vocabulary) = algorithm(kind)?;
    let text = text.trim();
    let is_hex = text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit());
    let fine = if digits == 0 { !text.is_empty() } else { is_hex };
    let normal = if is_hex { text.to_ascii_lowercase() } else { text.to_owned() };
    let mut file = object("file", "hashes", json!({ algorithm: normal }));
    if let Some(name) = file_name.filter(|name| !name.is_empty()) {
        file.insert("name".into(), name.into());
    }
    let test = format!("file:hashes.{} = '{}'", quoted(algorithm), escaped(&normal));
    let observables = if in_vocabulary { vec![file] } else { Vec::new() };
    (fine && has_form(algorithm, &normal)).then(|| stix(test, Strength::Alone, observables))
}

/// Whether the value has the form that readers demand of the algorithm; TLSH and SSDEEP have one too.
fn has_form(algorithm: &str, value: &str) -> bool {
    match algorithm {
        "TLSH" => {
            let digits = value.strip_prefix("T1").unwrap_or(value);
            digits.len() == 70 && digits.bytes().all(|b| b.is_ascii_hexdigit())
        }
        "SSDEEP" => {
            let mut parts = value.split(':');
            let starts_with_size = parts.next().is_some_and(|size| size.parse::<u64>().is_ok());
            let is_digest =
                |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
            starts_with_size && parts.clone().count() == 2 && parts.all(is_digest)
        }
        _ => true,
    }
}

fn certificate(kind: &str, value: &str) -> Option<Shape> {
    let (name, digits) = match kind.strip_prefix("x509-fingerprint-")? {
        "md5" => ("MD5", 32),
        "sha1" => ("SHA-1", 40),
        "sha256" => ("SHA-256", 64),
        _ => return None,
    };
    let normal: String =
        value.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let fine = normal.len() == digits && normal.bytes().all(|b| b.is_ascii_hexdigit());
    let test = format!("x509-certificate:hashes.{} = '{normal}'", quoted(name));
    fine.then(|| {
        stix(test, Strength::Alone, vec![object("x509-certificate", "hashes", json!({ name: normal }))])
    })
}

fn text(object_type: &str, name: &str, value: &str, strength: Strength) -> Option<Shape> {
    let test = format!("{object_type}:{name} = '{}'", escaped(value));
    (!value.is_empty()).then(|| stix(test, strength, vec![object(object_type, name, value.into())]))
}

/// A location that is no usual URL. One without a scheme can be looked for, but no URL object may have it (STIX 2.1, 6.15.1).
fn location(value: &str) -> Option<Shape> {
    let scheme = value.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let mut shape = text("url", "value", value, Strength::Alone)?;
    if !scheme.is_some_and(is_scheme) {
        shape.observables.clear();
    }
    Some(shape)
}

fn account(service: &str, value: &str) -> Option<Shape> {
    let test = format!(
        "user-account:account_type = '{service}' AND user-account:account_login = '{}'",
        escaped(value)
    );
    let mut account = object("user-account", "account_type", service.into());
    account.insert("account_login".into(), value.into());
    Some(stix(test, Strength::Alone, vec![account]))
}

fn mail_part(kind: &str, value: &str) -> Option<Shape> {
    let (path, property): (&str, Option<(&str, Json)>) = match kind {
        "email-subject" => ("subject", Some(("subject", value.into()))),
        "email-body" => ("body", Some(("body", value.into()))),
        "email-message-id" => ("message_id", Some(("message_id", value.into()))),
        "email-header" => ("received_lines", Some(("received_lines", json!([value])))),
        "email-reply-to" => (
            "additional_header_fields.'Reply-To'",
            Some(("additional_header_fields", json!({ "Reply-To": [value] }))),
        ),
        "email-x-mailer" => (
            "additional_header_fields.'X-Mailer'",
            Some(("additional_header_fields", json!({ "X-Mailer": [value] }))),
        ),
        "email-attachment" => ("body_multipart[*].body_raw_ref.name", None),
        _ => return None,
    };
    let observables = property.map_or_else(Vec::new, |(name, json)| {
        let mut mail = object("email-message", name, json);
        mail.insert("is_multipart".into(), false.into());
        vec![mail]
    });
    Some(stix(format!("email-message:{path} = '{}'", escaped(value)), Strength::Together, observables))
}

fn header(kind: &str, value: &str) -> Option<Shape> {
    let path = match kind {
        "user-agent" => "extensions.'http-request-ext'.request_header.'User-Agent'",
        "http-method" => "extensions.'http-request-ext'.request_method",
        _ => return None,
    };
    Some(stix(format!("network-traffic:{path} = '{}'", escaped(value)), Strength::Together, Vec::new()))
}

fn registry_value(key: &str, data: &str) -> Option<Shape> {
    let mut shape = one(Kind::RegistryKey, key)?;
    let data = data.trim();
    if let Some(observable) = shape.observables.first_mut() {
        observable.insert("values".into(), json!([{ "data": data }]));
    }
    if let Some(test) = shape.tests.first_mut() {
        test.push_str(&format!(" AND windows-registry-key:values[*].data = '{}'", escaped(data)));
    }
    Some(shape)
}

fn number(object_type: &str, name: &str, text: &str) -> Option<Shape> {
    let number: u32 = text.trim().parse().ok()?;
    let test = format!("{object_type}:{name} = {number}");
    Some(stix(test, Strength::Together, vec![object(object_type, name, number.into())]))
}

fn rule(kind: &str, value: &str) -> Option<Shape> {
    let language = match kind {
        "yara" => "yara",
        "sigma" => "sigma",
        "suricata" => "suricata",
        _ => "snort",
    };
    Some(Shape {
        tests: vec![value.to_owned()],
        language,
        strength: Strength::Alone,
        observables: Vec::new(),
    })
}

/// A pattern as it stands, if it is one.
fn pattern(value: &str) -> Option<Shape> {
    stix::pattern::parse(value).ok()?;
    Some(Shape {
        tests: vec![value.to_owned()],
        language: "stix-verbatim",
        strength: Strength::Alone,
        observables: Vec::new(),
    })
}

fn quoted(algorithm: &str) -> String {
    if algorithm.bytes().all(|b| b.is_ascii_alphanumeric()) {
        algorithm.to_owned()
    } else {
        format!("'{algorithm}'")
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}
