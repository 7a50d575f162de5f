//! The property tables of domain objects and relationship objects.
//!
//! Source: STIX 2.1, sections 4 and 5.

use super::common::{ANY_OBJECTS, DOMAIN, KILL_CHAIN_PHASES, TEXT, TEXTS, TIME};
use super::table::{
    Class, Form, Kind, Property, Rule, Shape, Special, Table, Targets, optional, required, required_21,
};
use super::vocab;

const NAME: Property = required("name", TEXT);
const DESCRIPTION: Property = optional("description", TEXT);
const ALIASES: Property = optional("aliases", TEXTS);
const FIRST_SEEN: Property = optional("first_seen", TIME);
const LAST_SEEN: Property = optional("last_seen", TIME);
const OBJECT_REFS: Property = required("object_refs", ANY_OBJECTS);
const SEEN_IN_ORDER: Rule = Rule::InOrder("first_seen", "last_seen");

static SOFTWARE: Targets = Targets::Only(&["software"]);
static SAMPLES: Targets = Targets::Only(&["file", "artifact"]);
static ANALYSED: Targets = Targets::Only(&["file", "artifact", "network-traffic"]);
static OBSERVED: Targets = Targets::Only(&["observed-data"]);
static PLACES: Targets = Targets::Only(&["identity", "location"]);

pub(super) static ATTACK_PATTERN: Shape = Shape::new(
    "attack-pattern",
    "4.1.1",
    Class::Domain,
    &DOMAIN,
    &Table::new(&[NAME, DESCRIPTION, ALIASES, KILL_CHAIN_PHASES]),
    &[],
);

pub(super) static CAMPAIGN: Shape = Shape::new(
    "campaign",
    "4.2.1",
    Class::Domain,
    &DOMAIN,
    &Table::new(&[NAME, DESCRIPTION, ALIASES, FIRST_SEEN, LAST_SEEN, optional("objective", TEXT)]),
    &[SEEN_IN_ORDER],
);

pub(super) static COURSE_OF_ACTION: Shape =
    Shape::new("course-of-action", "4.3.1", Class::Domain, &DOMAIN, &Table::new(&[NAME, DESCRIPTION]), &[]);

pub(super) static GROUPING: Shape = Shape::new(
    "grouping",
    "4.4.1",
    Class::NewDomain,
    &DOMAIN,
    &Table::new(&[
        optional("name", TEXT),
        DESCRIPTION,
        required("context", Kind::Word(&vocab::GROUPING_CONTEXT)),
        OBJECT_REFS,
    ]),
    &[],
);

pub(super) static IDENTITY: Shape = Shape::new(
    "identity",
    "4.5.1",
    Class::Domain,
    &DOMAIN,
    &Table::new(&[
        NAME,
        DESCRIPTION,
        optional("roles", TEXTS),
        optional("identity_class", Kind::Word(&vocab::IDENTITY_CLASS)),
        optional("sectors", Kind::List(&Kind::Word(&vocab::INDUSTRY_SECTOR))),
        optional("contact_information", TEXT),
    ]),
    &[],
);

pub(super) static INCIDENT: Shape =
    Shape::new("incident", "4.6.1", Class::NewDomain, &DOMAIN, &Table::new(&[NAME, DESCRIPTION]), &[]);

pub(super) static INDICATOR: Shape = Shape::new(
    "indicator",
    "4.7.1",
    Class::Domain,
    &DOMAIN,
    &Table::new(&[
        optional("name", TEXT),
        DESCRIPTION,
        optional("indicator_types", Kind::List(&Kind::Word(&vocab::INDICATOR_TYPE))),
        required("pattern", TEXT),
        required_21("pattern_type", Kind::Word(&vocab::PATTERN_TYPE)),
        optional("pattern_version", TEXT),
        required("valid_from", TIME),
        optional("valid_until", TIME),
        KILL_CHAIN_PHASES,
    ]),
    &[Rule::After("valid_from", "valid_until"), Rule::Special(Special::Indicator)],
);

pub(super) static INFRASTRUCTURE: Shape = Shape::new(
    "infrastructure",
    "4.8.1",
    Class::NewDomain,
    &DOMAIN,
    &Table::new(&[
        NAME,
        DESCRIPTION,
        optional("infrastructure_types", Kind::List(&Kind::Word(&vocab::INFRASTRUCTURE_TYPE))),
        ALIASES,
        KILL_CHAIN_PHASES,
        FIRST_SEEN,
        LAST_SEEN,
    ]),
    &[SEEN_IN_ORDER],
);

static MOTIVATION: Kind = Kind::Word(&vocab::ATTACK_MOTIVATION);
const RESOURCE_LEVEL: Property = optional("resource_level", Kind::Word(&vocab::ATTACK_RESOURCE_LEVEL));
const PRIMARY_MOTIVATION: Property = optional("primary_motivation", Kind::Word(&vocab::ATTACK_MOTIVATION));
const SECONDARY_MOTIVATIONS: Property = optional("secondary_motivations", Kind::List(&MOTIVATION));

pub(super) static INTRUSION_SET: Shape = Shape::new(
    "intrusion-set",
    "4.9.1",
    Class::Domain,
    &DOMAIN,
    &Table::new(&[
        NAME,
        DESCRIPTION,
        ALIASES,
        FIRST_SEEN,
        LAST_SEEN,
        optional("goals", TEXTS),
        RESOURCE_LEVEL,
        PRIMARY_MOTIVATION,
        SECONDARY_MOTIVATIONS,
    ]),
    &[SEEN_IN_ORDER],
);

pub(super) static LOCATION: Shape = Shape::new(
    "location",
    "4.10.1",
    Class::NewDomain,
    &DOMAIN,
    &Table::new(&[
        optional("name", TEXT),
        DESCRIPTION,
        optional("latitude", Kind::Float(-90.0, 90.0)),
        optional("longitude", Kind::Float(-180.0, 180.0)),
        optional("precision", Kind::Float(f64::MIN, f64::MAX)),
        optional("region", Kind::Word(&vocab::REGION)),
        optional("country", Kind::Form(Form::Country)),
        optional("administrative_area", TEXT),
        optional("city", TEXT),
        optional("street_address", TEXT),
        optional("postal_code", TEXT),
    ]),
    &[
        Rule::AnyOf(&["region", "country", "latitude", "longitude"]),
        Rule::Needs("latitude", "longitude"),
        Rule::Needs("longitude", "latitude"),
        Rule::Needs("precision", "latitude"),
        Rule::Needs("precision", "longitude"),
    ],
);

pub(super) static MALWARE: Shape = Shape::new(
    "malware",
    "4.11.1",
    Class::Domain,
    &DOMAIN,
    &Table::new(&[
        optional("name", TEXT),
        DESCRIPTION,
        optional("malware_types", Kind::List(&Kind::Word(&vocab::MALWARE_TYPE))),
        required_21("is_family", Kind::Boolean),
        ALIASES,
        KILL_CHAIN_PHASES,
        FIRST_SEEN,
        LAST_SEEN,
        optional("operating_system_refs", Kind::List(&Kind::Ref(&SOFTWARE))),
        optional("architecture_execution_envs", Kind::List(&Kind::Word(&vocab::PROCESSOR_ARCHITECTURE))),
        optional("implementation_languages", Kind::List(&Kind::Word(&vocab::IMPLEMENTATION_LANGUAGE))),
        optional("capabilities", Kind::List(&Kind::Word(&vocab::MALWARE_CAPABILITY))),
        optional("sample_refs", Kind::List(&Kind::Ref(&SAMPLES))),
    ]),
    &[SEEN_IN_ORDER, Rule::Special(Special::MalwareFamily)],
);

pub(super) static MALWARE_ANALYSIS: Shape = Shape::new(
    "malware-analysis",
    "4.12.1",
    Class::NewDomain,
    &DOMAIN,
    &Table::new(&[
        required("product", Kind::Form(Form::ProductName)),
        optional("version", TEXT),
        optional("host_vm_ref", Kind::Ref(&SOFTWARE)),
        optional("operating_system_ref", Kind::Ref(&SOFTWARE)),
        optional("installed_software_refs", Kind::List(&Kind::Ref(&SOFTWARE))),
        optional("configuration_version", TEXT),
        optional("modules", TEXTS),
        optional("analysis_engine_version", TEXT),
        optional("analysis_definition_version", TEXT),
        optional("submitted", TIME),
        optional("analysis_started", TIME),
        optional("analysis_ended", TIME),
        optional("result_name", TEXT),
        optional("result", Kind::Word(&vocab::MALWARE_RESULT)),
        optional("analysis_sco_refs", Kind::List(&Kind::Ref(&Targets::Observable))),
        optional("sample_ref", Kind::Ref(&ANALYSED)),
    ]),
    &[Rule::AnyOf(&["result", "analysis_sco_refs"])],
);

pub(super) static NOTE: Shape = Shape::new(
    "note",
    "4.13.1",
    Class::NewDomain,
    &DOMAIN,
    &Table::new(&[
        optional("abstract", TEXT),
        required("content", TEXT),
        optional("authors", TEXTS),
        OBJECT_REFS,
    ]),
    &[],
);

pub(super) static OBSERVED_DATA: Shape = Shape::new(
    "observed-data",
    "4.14.1",
    Class::Domain,
    &DOMAIN,
    &Table::new(&[
        required("first_observed", TIME),
        required("last_observed", TIME),
        required("number_observed", Kind::Integer(1, 999_999_999)),
        optional("objects", Kind::Container),
        optional("object_refs", Kind::List(&Kind::Ref(&Targets::ObservableOrRelationship))),
    ]),
    &[
        Rule::InOrder("first_observed", "last_observed"),
        Rule::OneOf("objects", "object_refs"),
        Rule::Special(Special::ObservedData),
    ],
);

pub(super) static OPINION: Shape = Shape::new(
    "opinion",
    "4.15.1",
    Class::NewDomain,
    &DOMAIN,
    &Table::new(&[
        optional("explanation", TEXT),
        optional("authors", TEXTS),
        required("opinion", Kind::Word(&vocab::OPINION)),
        OBJECT_REFS,
    ]),
    &[],
);

pub(super) static REPORT: Shape = Shape::new(
    "report",
    "4.16.1",
    Class::Domain,
    &DOMAIN,
    &Table::new(&[
        NAME,
        DESCRIPTION,
        optional("report_types", Kind::List(&Kind::Word(&vocab::REPORT_TYPE))),
        required("published", TIME),
        OBJECT_REFS,
    ]),
    &[],
);

pub(super) static THREAT_ACTOR: Shape = Shape::new(
    "threat-actor",
    "4.17.1",
    Class::Domain,
    &DOMAIN,
    &Table::new(&[
        NAME,
        DESCRIPTION,
        optional("threat_actor_types", Kind::List(&Kind::Word(&vocab::THREAT_ACTOR_TYPE))),
        ALIASES,
        FIRST_SEEN,
        LAST_SEEN,
        optional("roles", Kind::List(&Kind::Word(&vocab::THREAT_ACTOR_ROLE))),
        optional("goals", TEXTS),
        optional("sophistication", Kind::Word(&vocab::THREAT_ACTOR_SOPHISTICATION)),
        RESOURCE_LEVEL,
        PRIMARY_MOTIVATION,
        SECONDARY_MOTIVATIONS,
        optional("personal_motivations", Kind::List(&Kind::Word(&vocab::ATTACK_MOTIVATION))),
    ]),
    &[SEEN_IN_ORDER],
);

pub(super) static TOOL: Shape = Shape::new(
    "tool",
    "4.18.1",
    Class::Domain,
    &DOMAIN,
    &Table::new(&[
        NAME,
        DESCRIPTION,
        optional("tool_types", Kind::List(&Kind::Word(&vocab::TOOL_TYPE))),
        ALIASES,
        KILL_CHAIN_PHASES,
        optional("tool_version", TEXT),
    ]),
    &[],
);

pub(super) static VULNERABILITY: Shape =
    Shape::new("vulnerability", "4.19.1", Class::Domain, &DOMAIN, &Table::new(&[NAME, DESCRIPTION]), &[]);

pub(super) static RELATIONSHIP: Shape = Shape::new(
    "relationship",
    "5.1.1",
    Class::Relationship,
    &DOMAIN,
    &Table::new(&[
        required("relationship_type", Kind::Form(Form::RelationshipType)),
        DESCRIPTION,
        required("source_ref", Kind::Ref(&Targets::DomainOrObservable)),
        required("target_ref", Kind::Ref(&Targets::DomainOrObservable)),
        optional("start_time", TIME),
        optional("stop_time", TIME),
    ]),
    &[Rule::After("start_time", "stop_time"), Rule::Special(Special::Relationship)],
);

pub(super) static SIGHTING: Shape = Shape::new(
    "sighting",
    "5.2.1",
    Class::Relationship,
    &DOMAIN,
    &Table::new(&[
        DESCRIPTION,
        FIRST_SEEN,
        LAST_SEEN,
        optional("count", Kind::Integer(0, 999_999_999)),
        required("sighting_of_ref", Kind::Ref(&Targets::Domain)),
        optional("observed_data_refs", Kind::List(&Kind::Ref(&OBSERVED))),
        optional("where_sighted_refs", Kind::List(&Kind::Ref(&PLACES))),
        optional("summary", Kind::Boolean),
    ]),
    &[SEEN_IN_ORDER],
);

/// Types of others: what all domain objects have, and whatever else they bring.
pub(super) static CUSTOM: Shape =
    Shape::new("custom object", "11.2.1", Class::Custom, &DOMAIN, &super::table::NOTHING, &[]);

/// Observables of others.
pub(super) static CUSTOM_OBSERVABLE: Shape = Shape::new(
    "custom observable",
    "11.2.1",
    Class::Custom,
    &super::common::OBSERVABLE,
    &super::table::NOTHING,
    &[],
);
