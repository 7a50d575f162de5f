//! The property tables of meta objects, and which shape each type has.
//!
//! Source: STIX 2.1, sections 7.1, 7.2.1 and 7.3.

use super::common::{EXTENSION, LANGUAGE, MARKING, TEXT, TIME};
use super::table::{Class, Form, Kind, Rule, Shape, Special, Table, Targets, optional, required};
use super::{domain, observable, vocab};

static LANGUAGE_CONTENT: Shape = Shape::new(
    "language-content",
    "7.1.1",
    Class::Meta,
    &LANGUAGE,
    &Table::new(&[
        required("object_ref", Kind::Ref(&Targets::Object)),
        optional("object_modified", TIME),
        required("contents", Kind::Contents),
    ]),
    &[],
);

static MARKING_DEFINITION: Shape = Shape::new(
    "marking-definition",
    "7.2.1",
    Class::Marking,
    &MARKING,
    &Table::new(&[
        optional("name", TEXT),
        optional("definition_type", TEXT),
        optional("definition", Kind::Definition),
    ]),
    &[Rule::Special(Special::MarkingDefinition)],
);

static EXTENSION_DEFINITION: Shape = Shape::new(
    "extension-definition",
    "7.3.1",
    Class::Meta,
    &EXTENSION,
    &Table::new(&[
        required("name", TEXT),
        optional("description", TEXT),
        required("schema", TEXT),
        required("version", TEXT),
        required("extension_types", Kind::List(&Kind::Word(&vocab::EXTENSION_TYPE))),
        optional("extension_properties", Kind::List(&Kind::Form(Form::PropertyName))),
    ]),
    &[Rule::Special(Special::ExtensionDefinition)],
);

/// The shape of a type of the specification.
pub(super) fn shape(object_type: &str) -> Option<&'static Shape> {
    Some(match object_type {
        "relationship" => &domain::RELATIONSHIP,
        "attack-pattern" => &domain::ATTACK_PATTERN,
        "indicator" => &domain::INDICATOR,
        "malware" => &domain::MALWARE,
        "file" => &observable::FILE,
        "ipv4-addr" => &observable::IPV4_ADDR,
        "domain-name" => &observable::DOMAIN_NAME,
        "url" => &observable::URL,
        "identity" => &domain::IDENTITY,
        "campaign" => &domain::CAMPAIGN,
        "course-of-action" => &domain::COURSE_OF_ACTION,
        "grouping" => &domain::GROUPING,
        "incident" => &domain::INCIDENT,
        "infrastructure" => &domain::INFRASTRUCTURE,
        "intrusion-set" => &domain::INTRUSION_SET,
        "location" => &domain::LOCATION,
        "malware-analysis" => &domain::MALWARE_ANALYSIS,
        "note" => &domain::NOTE,
        "observed-data" => &domain::OBSERVED_DATA,
        "opinion" => &domain::OPINION,
        "report" => &domain::REPORT,
        "threat-actor" => &domain::THREAT_ACTOR,
        "tool" => &domain::TOOL,
        "vulnerability" => &domain::VULNERABILITY,
        "sighting" => &domain::SIGHTING,
        "artifact" => &observable::ARTIFACT,
        "autonomous-system" => &observable::AUTONOMOUS_SYSTEM,
        "directory" => &observable::DIRECTORY,
        "email-addr" => &observable::EMAIL_ADDR,
        "email-message" => &observable::EMAIL_MESSAGE,
        "ipv6-addr" => &observable::IPV6_ADDR,
        "mac-addr" => &observable::MAC_ADDR,
        "mutex" => &observable::MUTEX,
        "network-traffic" => &observable::NETWORK_TRAFFIC,
        "process" => &observable::PROCESS,
        "software" => &observable::SOFTWARE,
        "user-account" => &observable::USER_ACCOUNT,
        "windows-registry-key" => &observable::WINDOWS_REGISTRY_KEY,
        "x509-certificate" => &observable::X509_CERTIFICATE,
        "language-content" => &LANGUAGE_CONTENT,
        "marking-definition" => &MARKING_DEFINITION,
        "extension-definition" => &EXTENSION_DEFINITION,
        _ => return None,
    })
}

/// The sort of object that a type is.
pub(super) fn class(object_type: &str) -> Class {
    shape(object_type).map_or(Class::Custom, |shape| shape.class)
}
