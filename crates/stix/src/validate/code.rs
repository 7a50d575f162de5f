//! Every rule that [`super`] checks: a stable code, how grave it is, where it stands, and what it says.
//!
//! Codes never change their meaning; a rule that goes takes its code with it. `docs/validation.md` has the same
//! table for people, and a test keeps the two in step.

use crate::finding::Severity;

/// One rule of STIX 2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Its stable name, which findings carry as their code.
    pub name: &'static str,
    /// Error for what the specification says with MUST, warning for SHOULD.
    pub severity: Severity,
    /// The section of STIX 2.1 that says so.
    pub section: &'static str,
    /// The number of the same check in the reference validator (`stix2-validator`), where it has one.
    pub reference: Option<u16>,
    /// What it demands, in one sentence.
    pub says: &'static str,
}

macro_rules! codes {
    ($($id:ident $severity:ident $name:literal $section:literal $reference:expr, $says:literal;)*) => {
        $(pub(super) const $id: Code = Code {
            name: $name,
            severity: Severity::$severity,
            section: $section,
            reference: $reference,
            says: $says,
        };)*

        /// All rules, errors first.
        pub const CODES: &[Code] = &[$($id),*];
    };
}

codes! {
    VALUE_TYPE Error "value-type" "2" None, "A value has the type of its property: a string is a string, a list a list.";
    VALUE_NULL Error "value-null" "2" None, "`null` is a value of no STIX type: a property that says nothing is left out.";
    BINARY Error "binary-malformed" "2.1" None, "A binary value is base64 (RFC 4648) with its padding.";
    DICTIONARY_KEY Error "dictionary-key" "2.3" None, "Dictionary keys have only a-z, A-Z, 0-9, `-` and `_`, and at most 250 of them.";
    DICTIONARY_EMPTY Error "dictionary-empty" "2.3" None, "A dictionary, and an extension, has at least one entry.";
    ENUM Error "enum-unknown" "2.4" None, "A value of an enumeration is one of its terms.";
    REFERENCE_INCOMPLETE Error "external-reference-incomplete" "2.5.2" None, "An external reference has `description`, `url` or `external_id` beside `source_name`.";
    REFERENCE_URL Error "external-reference-url" "2.5.1" None, "The `url` of an external reference is one (RFC 3986).";
    REFERENCE_HASH Error "external-reference-hash-name" "2.5.1" None, "The hashes of an external reference are named as in hash-algorithm-ov.";
    HASH_NAME Error "hash-name" "2.7" None, "The name of a hash has 3 to 250 of a-z, A-Z, 0-9, `-` and `_`.";
    HASH_VALUE Error "hash-value" "10.7" None, "A hash has the length and the characters of its algorithm.";
    HEX Error "hex-malformed" "2.8" None, "A hexadecimal value is an even number of 0-9 and a-f in lower case.";
    IDENTIFIER Error "identifier-malformed" "2.9" None, "An identifier is `type--UUID`, the UUID as in RFC 4122.";
    ID_TYPE Error "id-type-differs" "2.9" None, "The type in an object's id is the object's type.";
    ID_RANDOM Error "id-not-random" "2.9" None, "An observable without any property that contributes to its id has a UUIDv4.";
    ID_VERSIONED Error "id-versioned-observable" "3.6" None, "An observable with `created`, `modified`, `revoked` or `created_by_ref` does not have the default deterministic id.";
    INTEGER Error "integer-malformed" "2.10" None, "An integer is a whole number within ±(2^53 - 1).";
    NUMBER_RANGE Error "number-out-of-range" "2.10" None, "A number lies in the range that its property has.";
    LIST_EMPTY Error "list-empty" "2.12" None, "A list has at least one value.";
    CONTAINER_REFERENCE Error "container-reference" "2.13" None, "A reference inside `objects` of observed data names an object beside it.";
    TIMESTAMP Error "timestamp-malformed" "2.16.1" None, "A timestamp is a date and time that exists, written YYYY-MM-DDTHH:mm:ss[.s+]Z.";
    TIMESTAMP_PRECISION Error "timestamp-precision" "3.2" None, "`created` and `modified` have at least three digits after the second; `time_date_stamp` of a PE file has none.";
    TIMESTAMP_ORDER Error "timestamp-order" "3.2" None, "What comes later is later: `modified` and `created`, `valid_until` and `valid_from`, `last_seen` and `first_seen`, and so on.";
    TYPE_NAME Error "type-name" "3.1" None, "A type name begins with a letter and has 3 to 250 of a-z, 0-9 and single hyphens.";
    PROPERTY_NAME Error "property-name" "3.1" None, "A property name begins with a letter and has 3 to 250 of a-z, 0-9 and `_`.";
    PROPERTY_MISSING Error "property-missing" "3.1" None, "A required property is there.";
    PROPERTY_GROUP Error "property-group" "4" None, "Where at least one of several properties has to be there, one is.";
    PROPERTY_CONFLICT Error "property-conflict" "4" None, "Properties that exclude each other are not there together.";
    PROPERTY_NEEDS Error "property-needs" "4" None, "A property that needs another one has it.";
    PROPERTY_RESERVED Error "property-reserved" "3.8" None, "`severity`, `username`, `phone_number`, `phone_numbers` and `action` are not used.";
    PROPERTY_FORBIDDEN Error "property-forbidden" "3.2" None, "`defanged` is used on observables alone.";
    SPEC_VERSION Error "spec-version" "3.2" None, "`spec_version` is 2.1.";
    LANGUAGE Error "language-tag" "3.2" None, "A language is a language tag (RFC 5646).";
    CHARACTER_SET Error "character-set" "3.9.1" None, "An encoding is a name of the IANA character set registry.";
    EXTENSION_TYPE Error "extension-type" "3.2" None, "An extension by definition has an `extension_type` of the enumeration.";
    EXTENSION_KEY Error "extension-key" "3.2" None, "The key of an extension is the id of an extension definition, or a name that ends with `-ext`.";
    EXTENSION_PLACE Error "extension-place" "3.10" None, "A predefined extension stands on the type that it is made for.";
    CAPEC Error "capec-id" "4.1.1" None, "A CAPEC ID is written CAPEC-[id] under the source name `capec`.";
    CVE Error "cve-id" "4.19.1" None, "A CVE ID is written CVE-[year]-[number] under the source name `cve`.";
    PATTERN Error "pattern-malformed" "9" None, "A pattern of the type `stix` follows the grammar, and the names in it the rules for names.";
    REFERENCE_TYPE Error "reference-type" "3.3" None, "A reference names an object of a type that it may name.";
    RELATIONSHIP_NAME Error "relationship-name" "5.1.1" None, "A relationship type has only a-z, 0-9 and `-`.";
    ADDRESS Error "address-malformed" "6.8.1" None, "An IPv4, IPv6 or MAC address is one, in CIDR notation or with lower-case octets.";
    DOMAIN Error "domain-malformed" "6.4.1" None, "A domain name conforms to RFC 1034, its labels to RFC 5890.";
    EMAIL Error "email-malformed" "6.5.1" None, "An e-mail address is an addr-spec (RFC 5322) without display name.";
    URL Error "url-malformed" "6.15.1" None, "A URL conforms to RFC 3986.";
    CPE Error "cpe-malformed" "6.14.1" None, "A CPE is a formatted string of version 2.3.";
    REGISTRY_HIVE Error "registry-hive" "6.17.1" None, "The hive of a registry key is written out: HKEY_LOCAL_MACHINE, not HKLM.";
    LANGUAGE_CONTENT Error "language-content" "7.1.1" None, "The contents of language content are dictionaries under language tags that mirror properties of the object.";
    MARKING_TLP Error "marking-tlp" "7.2.1" None, "TLP 1 marking definitions are the four of the specification; TLP 2.0 ones the five of its extension.";
    MARKING_CIRCULAR Error "marking-circular" "3.2" None, "A marking definition does not mark itself.";
    GRANULAR Error "granular-marking" "7.2.3" None, "A granular marking has selectors and either `marking_ref` or `lang`.";
    SELECTOR_MALFORMED Error "selector-malformed" "7.2.3" None, "A selector is made of names and indices in brackets, with dots between.";
    SELECTOR_ABSENT Error "selector-absent" "7.2.3" None, "A selector selects something that is there.";
    EXTENSION_PROPERTIES Error "extension-properties" "7.3.1" None, "`extension_properties` are given for top-level property extensions alone, and are property names.";
    BUNDLE Error "bundle-malformed" "8.1" None, "A bundle has type, id and a list of STIX objects.";
    VERSION_CREATED Error "version-created" "3.2" None, "All versions of an object have the same `created`.";
    VERSION_REVOKED Error "version-after-revocation" "3.6" None, "After the version that revokes an object there is none.";
    VERSION_CREATOR Error "version-creator" "3.6" None, "All versions of an object have the same creator.";
    UUID_REUSED Error "uuid-reused" "2.9" None, "A producer does not use a UUID for objects of two types.";

    STIX_20 Warning "stix-2.0" "3.2" None, "An object without `spec_version` is STIX 2.0; only what both versions share is checked.";
    REFERENCE_UUID Warning "reference-uuid" "2.9" None, "What an observable refers to has a UUID of RFC 4122.";
    UUID_VERSION Warning "uuid-version" "2.9" Some(103), "Observables have a UUIDv5, all others a UUIDv4.";
    ID_NOT_DERIVED Warning "id-not-derived" "2.9" None, "The UUIDv5 of an observable is made from its contributing properties.";
    VOCAB_FORMAT Warning "open-vocab-format" "2.14" Some(111), "A term that is not in the vocabulary is in lower case with hyphens between words.";
    KILL_CHAIN Warning "kill-chain-name" "2.11" Some(121), "Names of kill chains and phases are in lower case with hyphens between words.";
    CONTAINER_KEY Warning "container-key" "2.9" Some(141), "Keys in `objects` of observed data are numbers.";
    DICTIONARY_CASE Warning "dictionary-key-case" "2.3" Some(142), "Dictionary keys are in lower case.";
    PRODUCT_NAME Warning "product-name" "4.12.1" Some(143), "The name of an analysis product is in lower case with hyphens between words.";
    PROCESS_PRIORITY Warning "process-priority" "6.13.2" Some(149), "The priority of a Windows process ends with _CLASS.";
    MARKING_TYPE Warning "marking-definition-type" "7.2.1" Some(201), "The type of a marking definition is `statement` or `tlp`.";
    RELATIONSHIP_TYPE Warning "relationship-type" "5.1.1" Some(202), "A relationship type is one that the specification has between the two types.";
    DUPLICATE Warning "version-twice" "3.6" Some(203), "A version of an object is in a bundle once.";
    ATTACK_MOTIVATION Warning "attack-motivation-vocab" "10.2" Some(211), "Motivations come from attack-motivation-ov.";
    ATTACK_RESOURCE_LEVEL Warning "attack-resource-level-vocab" "10.3" Some(212), "Resource levels come from attack-resource-level-ov.";
    IDENTITY_CLASS Warning "identity-class-vocab" "10.8" Some(213), "Identity classes come from identity-class-ov.";
    INDICATOR_TYPE Warning "indicator-type-vocab" "10.10" Some(214), "Indicator types come from indicator-type-ov.";
    INDUSTRY_SECTOR Warning "industry-sector-vocab" "10.11" Some(215), "Sectors come from industry-sector-ov.";
    MALWARE_TYPE Warning "malware-type-vocab" "10.15" Some(216), "Malware types come from malware-type-ov.";
    REPORT_TYPE Warning "report-type-vocab" "10.22" Some(218), "Report types come from report-type-ov.";
    THREAT_ACTOR_TYPE Warning "threat-actor-type-vocab" "10.23" Some(219), "Threat actor types come from threat-actor-type-ov.";
    THREAT_ACTOR_ROLE Warning "threat-actor-role-vocab" "10.24" Some(220), "Threat actor roles come from threat-actor-role-ov.";
    THREAT_ACTOR_SOPHISTICATION Warning "threat-actor-sophistication-vocab" "10.25" Some(221), "Sophistication comes from threat-actor-sophistication-ov.";
    TOOL_TYPE Warning "tool-type-vocab" "10.26" Some(222), "Tool types come from tool-type-ov.";
    REGION Warning "region-vocab" "10.21" Some(223), "Regions come from region-ov.";
    GROUPING_CONTEXT Warning "grouping-context-vocab" "10.6" Some(225), "Contexts of groupings come from grouping-context-ov.";
    IMPLEMENTATION_LANGUAGE Warning "implementation-language-vocab" "10.9" Some(226), "Implementation languages come from implementation-language-ov.";
    INFRASTRUCTURE_TYPE Warning "infrastructure-type-vocab" "10.12" Some(227), "Infrastructure types come from infrastructure-type-ov.";
    MALWARE_CAPABILITY Warning "malware-capability-vocab" "10.13" Some(228), "Capabilities come from malware-capabilities-ov.";
    PROCESSOR_ARCHITECTURE Warning "processor-architecture-vocab" "10.20" Some(230), "Architectures come from processor-architecture-ov.";
    MALWARE_RESULT Warning "malware-result-vocab" "10.14" Some(231), "Results of analyses come from malware-result-ov.";
    HASH_ALGORITHM Warning "hash-algorithm-vocab" "10.7" Some(241), "Names of hashes come from hash-algorithm-ov or begin with `x_`.";
    PE_TYPE Warning "pe-binary-type-vocab" "10.28" Some(243), "Types of PE files come from windows-pebinary-type-ov.";
    ACCOUNT_TYPE Warning "account-type-vocab" "10.1" Some(244), "Account types come from account-type-ov.";
    PATTERN_TYPE Warning "pattern-type-vocab" "10.19" Some(245), "Pattern types come from pattern-type-ov.";
    MIME_TYPE Warning "mime-type" "6.1.1" Some(271), "A MIME type is one of the IANA media type registry.";
    PROTOCOL Warning "protocol-name" "6.12.1" Some(272), "Protocols are service names as IANA registers them.";
    IPFIX Warning "ipfix-element" "6.12.1" Some(273), "Keys of `ipfix` are names of IPFIX elements.";
    HTTP_HEADER Warning "http-header" "6.12.2" Some(274), "Keys of `request_header` are names of HTTP header fields, their case preserved.";
    SOCKET_OPTION Warning "socket-option" "6.12.4" Some(275), "Keys of socket `options` are names of socket options, their case preserved.";
    PDF_INFO Warning "pdf-info-key" "6.7.4" Some(276), "Keys of `document_info_dict` are entries of the document information dictionary, their case preserved.";
    COUNTRY Warning "country-code" "4.10.1" Some(277), "A country is an ISO 3166-1 alpha-2 code.";
    TRAFFIC_PORTS Warning "network-traffic-ports" "6.12" Some(301), "Network traffic has `src_port` and `dst_port`.";
    TRAFFIC_PROTOCOL Warning "network-traffic-protocol" "6.12.1" None, "With an extension for a protocol, `protocols` has that protocol.";
    REFERENCE_NO_HASH Warning "external-reference-hash" "2.5.1" Some(302), "An external reference with a URL has hashes.";
    INDICATOR_NAME Warning "indicator-name" "4.7.1" Some(303), "An indicator has `name` and `description`.";
    DEPRECATED Warning "deprecated-objects" "2.13" Some(304), "Observed data have `object_refs`, not `objects`.";
    EXTENSION_DESCRIPTION Warning "extension-description" "7.3.1" Some(305), "An extension definition has a `description`.";
    EXTENSION_NO_PROPERTIES Warning "extension-no-properties" "7.3.1" Some(306), "A definition of a top-level property extension has `extension_properties`.";
    CUSTOM Warning "custom-without-extension" "11" Some(401), "What the specification does not have is added by an extension.";
    CUSTOM_NAME Warning "custom-name" "11" Some(101), "Names of custom types and extensions begin with `x-`, of custom properties with `x_`.";
    NOT_APPLICABLE Warning "property-not-applicable" "3.2" Some(401), "Common properties stand where they apply.";
    CREATOR Warning "creator-type" "3.2" None, "`created_by_ref` names an identity.";
}
