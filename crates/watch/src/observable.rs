//! A value as a STIX observable.

use serde_json::{Map, json};

use crate::value::{Kind, Value};

/// The observable that a value is, with the id that follows from its content; `None` for kinds that STIX has none for.
///
/// Source: STIX 2.1, section 6; ids: section 2.9.
#[must_use]
pub fn observable(value: &Value) -> Option<Map<String, serde_json::Value>> {
    let text = value.text();
    let (object_type, property, content) = match value.kind() {
        Kind::Domain => ("domain-name", "value", json!(text)),
        Kind::Url => ("url", "value", json!(text)),
        Kind::Ipv4 => ("ipv4-addr", "value", json!(text)),
        Kind::Ipv6 => ("ipv6-addr", "value", json!(text)),
        Kind::Email => ("email-addr", "value", json!(text)),
        Kind::Mac => ("mac-addr", "value", json!(text)),
        Kind::RegistryKey => ("windows-registry-key", "key", json!(text)),
        Kind::Md5 => ("file", "hashes", json!({"MD5": text})),
        Kind::Sha1 => ("file", "hashes", json!({"SHA-1": text})),
        Kind::Sha256 => ("file", "hashes", json!({"SHA-256": text})),
        Kind::Sha512 => ("file", "hashes", json!({"SHA-512": text})),
        Kind::Account => ("user-account", "account_login", json!(text)),
        Kind::FileName => ("file", "name", json!(text)),
        Kind::Certificate => {
            let algorithm = match text.len() {
                32 => "MD5",
                40 => "SHA-1",
                _ => "SHA-256",
            };
            ("x509-certificate", "hashes", json!({algorithm: text}))
        }
        Kind::Wallet
        | Kind::Cve
        | Kind::Asn
        | Kind::Attack
        | Kind::Phone
        | Kind::BankAccount
        | Kind::Ja3
        | Kind::Ja4 => return None,
    };
    let mut object = Map::new();
    object.insert("type".to_owned(), json!(object_type));
    object.insert("spec_version".to_owned(), json!("2.1"));
    object.insert(property.to_owned(), content);
    let id = stix::observable_id(&object)?.to_string();
    object.insert("id".to_owned(), json!(id));
    Some(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise;

    #[test]
    fn observables_are_good_stix_with_ids_from_their_content() {
        for (kind, text) in [
            (Kind::Domain, "example.foo.com"),
            (Kind::Url, "http://example.foo.com/a"),
            (Kind::Ipv4, "198.49.123.10"),
            (Kind::Ipv4, "198.49.123.0/24"),
            (Kind::Ipv6, "2a01:db8::1"),
            (Kind::Email, "m@foo.com"),
            (Kind::Mac, "00:11:22:33:44:55"),
            (Kind::RegistryKey, r"HKCU\Software\Run k"),
            (Kind::Md5, "d41d8cd98f00b204e9800998ecf8427e"),
        ] {
            let object = observable(&normalise(kind, text).unwrap()).unwrap();
            let raw = serde_json::to_string(&object).unwrap();
            assert!(stix::read_head(&raw).is_ok(), "{raw}");
            stix::validate(&raw, &mut |finding| panic!("{raw}: {finding}"));
        }
        let object = observable(&normalise(Kind::Domain, "example.foo.com").unwrap()).unwrap();
        assert_eq!(object["id"], "domain-name--abb3d416-f520-5cee-a95f-26dd017e6c1f");
    }
}
