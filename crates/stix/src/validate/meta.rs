//! The property tables of meta objects, and which shape each type has.
//!
//! Source: STIX 2.1, sections 7.1, 7.2.1 and 7.3.

use super::common::{EXTENSION, LANGUAGE, MARKING, TEXT, TIME};
use super::table::{Class, Form, Kind, Rule, Shape, Special, Table, Targets, hash, optional, required};
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

/// All types of the specification.
static TYPES: [&Shape; 42] = [
    &domain::RELATIONSHIP,
    &domain::ATTACK_PATTERN,
    &domain::INDICATOR,
    &domain::MALWARE,
    &observable::FILE,
    &observable::IPV4_ADDR,
    &observable::DOMAIN_NAME,
    &observable::URL,
    &domain::IDENTITY,
    &domain::CAMPAIGN,
    &domain::COURSE_OF_ACTION,
    &domain::GROUPING,
    &domain::INCIDENT,
    &domain::INFRASTRUCTURE,
    &domain::INTRUSION_SET,
    &domain::LOCATION,
    &domain::MALWARE_ANALYSIS,
    &domain::NOTE,
    &domain::OBSERVED_DATA,
    &domain::OPINION,
    &domain::REPORT,
    &domain::THREAT_ACTOR,
    &domain::TOOL,
    &domain::VULNERABILITY,
    &domain::SIGHTING,
    &observable::ARTIFACT,
    &observable::AUTONOMOUS_SYSTEM,
    &observable::DIRECTORY,
    &observable::EMAIL_ADDR,
    &observable::EMAIL_MESSAGE,
    &observable::IPV6_ADDR,
    &observable::MAC_ADDR,
    &observable::MUTEX,
    &observable::NETWORK_TRAFFIC,
    &observable::PROCESS,
    &observable::SOFTWARE,
    &observable::USER_ACCOUNT,
    &observable::WINDOWS_REGISTRY_KEY,
    &observable::X509_CERTIFICATE,
    &LANGUAGE_CONTENT,
    &MARKING_DEFINITION,
    &EXTENSION_DEFINITION,
];

const SLOTS: usize = 256;

/// The number of each type, by the hash of its name; made by the compiler.
static BY_NAME: [u8; SLOTS] = {
    let mut slots = [u8::MAX; SLOTS];
    let mut number = 0;
    while number < TYPES.len() {
        let mut slot = hash(TYPES[number].name.as_bytes()) % SLOTS;
        while slots[slot] != u8::MAX {
            slot = (slot + 1) % SLOTS;
        }
        slots[slot] = number as u8;
        number += 1;
    }
    slots
};

/// The shape of a type of the specification.
pub(super) fn shape(object_type: &str) -> Option<&'static Shape> {
    let mut slot = hash(object_type.as_bytes()) % SLOTS;
    loop {
        let shape = *TYPES.get(usize::from(*BY_NAME.get(slot)?))?;
        if shape.name == object_type {
            return Some(shape);
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// The sort of object that a type is.
pub(super) fn class(object_type: &str) -> Class {
    shape(object_type).map_or(Class::Custom, |shape| shape.class)
}
