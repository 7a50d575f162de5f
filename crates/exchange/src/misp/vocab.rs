//! MISP's attribute types: where each belongs by default, and whether it is to be looked for.
//!
//! Source: MISP core format, section 2.4.2.3, and `describeTypes` as MISP 2.5 answers it. Some types are of several
//! categories; the one here is what MISP chooses when nothing is said.

/// Where an attribute belongs in an incident. Source: MISP core format, section 2.4.2.2.
pub const CATEGORIES: [&str; 16] = [
    "Internal reference",
    "Targeting data",
    "Antivirus detection",
    "Payload delivery",
    "Artifacts dropped",
    "Payload installation",
    "Persistence mechanism",
    "Network activity",
    "Payload type",
    "Attribution",
    "External analysis",
    "Financial fraud",
    "Support Tool",
    "Social network",
    "Person",
    "Other",
];

/// A category, whether what is in it is to be looked for, and the types for which these are the defaults.
const DEFAULTS: &[(&str, bool, &[&str])] = &[
    ("Internal reference", false, &["git-commit-id"]),
    (
        "Targeting data",
        false,
        &[
            "target-email",
            "target-external",
            "target-location",
            "target-machine",
            "target-org",
            "target-user",
        ],
    ),
    (
        "Payload delivery",
        true,
        &[
            "authentihash",
            "azure-application-id",
            "cdhash",
            "chrome-extension-id",
            "edge-extension-id",
            "email-attachment",
            "email-src",
            "filename",
            "filename|authentihash",
            "filename|impfuzzy",
            "filename|imphash",
            "filename|md5",
            "filename|pehash",
            "filename|sha1",
            "filename|sha224",
            "filename|sha256",
            "filename|sha3-224",
            "filename|sha3-256",
            "filename|sha3-384",
            "filename|sha3-512",
            "filename|sha384",
            "filename|sha512",
            "filename|sha512/224",
            "filename|sha512/256",
            "filename|ssdeep",
            "filename|tlsh",
            "filename|vhash",
            "impfuzzy",
            "imphash",
            "malware-sample",
            "md5",
            "mobile-application-id",
            "pehash",
            "sha1",
            "sha224",
            "sha256",
            "sha3-224",
            "sha3-256",
            "sha3-384",
            "sha3-512",
            "sha384",
            "sha512",
            "sha512/224",
            "sha512/256",
            "ssdeep",
            "telfhash",
            "tlsh",
            "vhash",
        ],
    ),
    (
        "Payload delivery",
        false,
        &[
            "email-body",
            "email-dst-display-name",
            "email-header",
            "email-message-id",
            "email-mime-boundary",
            "email-reply-to",
            "email-src-display-name",
            "email-subject",
            "email-thread-index",
            "email-x-mailer",
            "malware-type",
        ],
    ),
    ("Artifacts dropped", true, &["mutex"]),
    (
        "Artifacts dropped",
        false,
        &[
            "gene",
            "kusto-query",
            "mime-type",
            "named pipe",
            "pdb",
            "process-state",
            "windows-scheduled-task",
            "windows-service-displayname",
            "windows-service-name",
        ],
    ),
    (
        "Payload installation",
        true,
        &["filename-pattern", "pattern-in-file", "pattern-in-memory", "sigma", "stix2-pattern", "yara"],
    ),
    ("Persistence mechanism", true, &["regkey", "regkey|value"]),
    (
        "Network activity",
        true,
        &[
            "bro",
            "community-id",
            "dom-hash",
            "domain",
            "domain|ip",
            "email-dst",
            "eppn",
            "favicon-mmh3",
            "hassh-md5",
            "hasshserver-md5",
            "hostname",
            "hostname|port",
            "ip-dst",
            "ip-dst|port",
            "ip-src",
            "ip-src|port",
            "ja3-fingerprint-md5",
            "jarm-fingerprint",
            "onion-address",
            "pattern-in-traffic",
            "snort",
            "suricata",
            "uri",
            "url",
            "x509-fingerprint-md5",
            "x509-fingerprint-sha1",
            "x509-fingerprint-sha256",
            "zeek",
        ],
    ),
    (
        "Network activity",
        false,
        &[
            "AS",
            "cookie",
            "dkim",
            "dkim-signature",
            "http-method",
            "mac-address",
            "mac-eui-64",
            "port",
            "ssh-fingerprint",
            "user-agent",
        ],
    ),
    (
        "Attribution",
        false,
        &[
            "campaign-id",
            "campaign-name",
            "dns-soa-email",
            "threat-actor",
            "whois-creation-date",
            "whois-registrant-email",
            "whois-registrant-name",
            "whois-registrant-org",
            "whois-registrant-phone",
            "whois-registrar",
        ],
    ),
    ("External analysis", false, &["attachment", "cortex", "cpe", "link", "vulnerability", "weakness"]),
    (
        "Financial fraud",
        true,
        &["aba-rtn", "bank-account-nr", "bic", "bin", "btc", "cc-number", "dash", "iban", "prtn", "xmr"],
    ),
    ("Social network", true, &["email"]),
    (
        "Social network",
        false,
        &["github-organisation", "github-repository", "github-username", "jabber-id", "twitter-id"],
    ),
    (
        "Person",
        false,
        &[
            "country-of-residence",
            "date-of-birth",
            "first-name",
            "frequent-flyer-number",
            "full-name",
            "gender",
            "identity-card-number",
            "issue-date-of-the-visa",
            "last-name",
            "middle-name",
            "nationality",
            "passenger-name-record-locator-number",
            "passport-country",
            "passport-expiration",
            "passport-number",
            "payment-details",
            "pgp-private-key",
            "pgp-public-key",
            "phone-number",
            "place-of-birth",
            "place-port-of-clearance",
            "place-port-of-onward-foreign-destination",
            "place-port-of-original-embarkation",
            "primary-residence",
            "redress-number",
            "special-service-request",
            "travel-details",
            "visa-number",
        ],
    ),
    (
        "Other",
        false,
        &[
            "anonymised",
            "boolean",
            "comment",
            "counter",
            "datetime",
            "float",
            "hex",
            "integer",
            "other",
            "size-in-bytes",
            "text",
            "uuid",
        ],
    ),
];

/// The category and `to_ids` that MISP gives an attribute of this type by default; `None` for types that it does not know.
#[must_use]
pub fn default_of(kind: &str) -> Option<(&'static str, bool)> {
    let row = DEFAULTS.iter().find(|(_, _, kinds)| kinds.contains(&kind))?;
    Some((row.0, row.1))
}

/// Whether MISP knows the type.
#[must_use]
pub fn is_type(kind: &str) -> bool {
    default_of(kind).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_stands_once_and_in_a_category() {
        let mut seen = std::collections::HashSet::new();
        for (category, _, kinds) in DEFAULTS {
            assert!(CATEGORIES.contains(category), "{category}");
            for kind in *kinds {
                assert!(seen.insert(*kind), "{kind}");
            }
        }
        assert_eq!(default_of("ip-dst|port"), Some(("Network activity", true)));
        assert_eq!(default_of("target-org"), Some(("Targeting data", false)));
        assert_eq!(default_of("nothing"), None);
    }
}
