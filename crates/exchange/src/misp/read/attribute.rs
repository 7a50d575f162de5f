//! What a MISP attribute is in STIX: a pattern when it is to be looked for, an observable when it is context.
//!
//! A value that has a normal form is written in it; the original stands beside it as `x_misp_value`. Of a composite
//! (`filename|sha256`, `ip-dst|port`) the pattern holds the part that identifies the thing, so that a renamed file is
//! still the file; the whole stays in `x_misp_value`.
//!
//! Source: MISP core format, section 2.4.2 (types); misp-stix mapping documents for the choice of object types.

use serde_json::{Map, Value as Json, json};
use watch::{Kind, Value, actionable::pattern_of, normalise};

/// The STIX side of an attribute's value.
pub(super) struct Shape {
    /// The pattern and its language.
    pub(super) pattern: (String, &'static str),
    /// The observables, without ids; none for rules of other languages.
    pub(super) observables: Vec<Map<String, Json>>,
}

/// The shape of an attribute's value; `None` if STIX has no place for the type or the value is not of it.
pub(super) fn shape(kind: &str, value: &str) -> Option<Shape> {
    let (first, second) = value.split_once('|').map_or((value, None), |(a, b)| (a, Some(b)));
    match kind {
        "domain" | "hostname" => one(Kind::Domain, value),
        "hostname|port" => one(Kind::Domain, first),
        "domain|ip" => either(one(Kind::Domain, first)?, address(second?)?),
        "ip-src" | "ip-dst" => address(value),
        "ip-src|port" | "ip-dst|port" => address(first),
        "url" | "uri" | "link" => one(Kind::Url, value),
        "md5" | "sha1" | "sha256" | "sha512" | "sha224" | "sha384" | "sha3-256" | "sha3-512" | "ssdeep"
        | "tlsh" => hash(kind, value, None),
        "filename" => text("file", "name", value),
        "malware-sample" => hash("md5", second?, Some(first)),
        "email" | "email-src" | "email-dst" | "target-email" => one(Kind::Email, value),
        "email-subject" => text("email-message", "subject", value),
        "btc" | "xmr" | "dash" => one(Kind::Wallet, value),
        "mac-address" => one(Kind::Mac, value),
        "regkey" => one(Kind::RegistryKey, value),
        "regkey|value" => one(Kind::RegistryKey, first),
        "mutex" => text("mutex", "name", value),
        "AS" => number(value),
        "yara" | "sigma" | "snort" => {
            let language = if kind == "yara" {
                "yara"
            } else if kind == "sigma" {
                "sigma"
            } else {
                "snort"
            };
            Some(Shape { pattern: (value.to_owned(), language), observables: Vec::new() })
        }
        _ => hash(kind.strip_prefix("filename|")?, second?, Some(first)),
    }
}

fn object(object_type: &str, name: &str, value: Json) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("type".into(), object_type.into());
    object.insert(name.into(), value);
    object
}

fn address(text: &str) -> Option<Shape> {
    one(Kind::Ipv4, text).or_else(|| one(Kind::Ipv6, text))
}

fn one(kind: Kind, text: &str) -> Option<Shape> {
    let value = normalise(kind, text).ok()?;
    let pattern = pattern_of(&value)?;
    Some(Shape { pattern: (pattern, "stix"), observables: vec![observable(&value)?] })
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
        Kind::Wallet => ("cryptocurrency-wallet", "value"),
        _ => return None,
    };
    Some(object(object_type, name, value.text().into()))
}

/// A domain and the address it pointed to: either is the sign.
fn either(mut first: Shape, second: Shape) -> Option<Shape> {
    first.pattern.0 = format!("{} OR {}", first.pattern.0, second.pattern.0);
    first.observables.extend(second.observables);
    Some(first)
}

fn hash(kind: &str, text: &str, file_name: Option<&str>) -> Option<Shape> {
    let (algorithm, digits) = match kind {
        "md5" => ("MD5", 32),
        "sha1" => ("SHA-1", 40),
        "sha224" => ("SHA-224", 56),
        "sha256" => ("SHA-256", 64),
        "sha384" => ("SHA-384", 96),
        "sha512" => ("SHA-512", 128),
        "sha3-256" => ("SHA3-256", 64),
        "sha3-512" => ("SHA3-512", 128),
        "ssdeep" => ("SSDEEP", 0),
        "tlsh" => ("TLSH", 0),
        _ => return None,
    };
    let text = text.trim();
    let is_hex = text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit());
    let fine = if digits == 0 { !text.is_empty() } else { is_hex };
    let normal = if is_hex { text.to_ascii_lowercase() } else { text.to_owned() };
    let key = if algorithm.contains('-') { format!("'{algorithm}'") } else { algorithm.to_owned() };
    let mut file = object("file", "hashes", json!({ algorithm: normal }));
    if let Some(name) = file_name {
        file.insert("name".into(), name.into());
    }
    let pattern = format!("[file:hashes.{key} = '{}']", escaped(&normal));
    fine.then(|| Shape { pattern: (pattern, "stix"), observables: vec![file] })
}

fn text(object_type: &str, name: &str, value: &str) -> Option<Shape> {
    let pattern = format!("[{object_type}:{name} = '{}']", escaped(value));
    let mut observable = object(object_type, name, value.into());
    if object_type == "email-message" {
        observable.insert("is_multipart".into(), false.into());
    }
    (!value.is_empty()).then(|| Shape { pattern: (pattern, "stix"), observables: vec![observable] })
}

fn number(text: &str) -> Option<Shape> {
    let number: u32 = text.trim().trim_start_matches(['A', 'S', 'a', 's']).trim().parse().ok()?;
    let pattern = format!("[autonomous-system:number = {number}]");
    let observable = object("autonomous-system", "number", number.into());
    Some(Shape { pattern: (pattern, "stix"), observables: vec![observable] })
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}
