//! Properties that all types of a sort have, and the small types inside them.
//!
//! Source: STIX 2.1, sections 2.5, 2.11 and 3.2.

use super::code;
use super::table::{
    Form, HashNames, Kind, Need, Precision, Property, Rule, Shape, Special, Table, Targets, inner, optional,
    required, required_21,
};

pub(super) const TEXT: Kind = Kind::Text;
pub(super) const TEXTS: Kind = Kind::List(&Kind::Text);
pub(super) const BOOLEAN: Kind = Kind::Boolean;
pub(super) const TIME: Kind = Kind::Time(Precision::Any);
pub(super) const HASHES: Kind = Kind::Hashes(HashNames::Open);
/// The largest whole number that a double holds exactly (STIX 2.1, 2.10).
pub(super) const INTEGER_MAX: i64 = (1 << 53) - 1;
pub(super) const INTEGER: Kind = Kind::Integer(-INTEGER_MAX, INTEGER_MAX);
pub(super) const COUNT: Kind = Kind::Integer(0, INTEGER_MAX);
pub(super) const KILL_CHAIN_PHASES: Property = optional("kill_chain_phases", Kind::List(&PHASE));
pub(super) const ANY_OBJECTS: Kind = Kind::List(&Kind::Ref(&Targets::Object));

static PHASE: Kind = Kind::Object(&KILL_CHAIN_PHASE);
static REFERENCE: Kind = Kind::Object(&EXTERNAL_REFERENCE);
static MARKING_REF: Kind = Kind::Ref(&MARKINGS);
/// One granular marking.
pub(super) static GRANULAR: Kind = Kind::Object(&GRANULAR_MARKING);

static IDENTITIES: Targets = Targets::Should(&["identity"], &code::CREATOR);
static MARKINGS: Targets = Targets::Only(&["marking-definition"]);

static KILL_CHAIN_PHASE: Shape = inner(
    "kill-chain-phase",
    "2.11",
    &Table::new(&[
        required("kill_chain_name", Kind::Form(Form::KillChainName)),
        required("phase_name", Kind::Form(Form::KillChainName)),
    ]),
    &[],
);

static EXTERNAL_REFERENCE: Shape = inner(
    "external-reference",
    "2.5.1",
    &Table::new(&[
        required("source_name", TEXT),
        optional("description", TEXT),
        optional("url", Kind::Form(Form::ReferenceUrl)),
        optional("hashes", Kind::Hashes(HashNames::Listed)),
        optional("external_id", TEXT),
    ]),
    &[Rule::Special(Special::ExternalReference)],
);

static GRANULAR_MARKING: Shape = inner(
    "granular-marking",
    "7.2.3",
    &Table::new(&[
        optional("lang", Kind::Form(Form::Language)),
        optional("marking_ref", Kind::Ref(&MARKINGS)),
        required("selectors", TEXTS),
    ]),
    &[Rule::Special(Special::Granular)],
);

const TYPE: Property = required("type", Kind::Type);
const SPEC_VERSION: Property = required_21("spec_version", Kind::SpecVersion);
const ID: Property = required("id", Kind::Id);
const CREATED_BY: Property = optional("created_by_ref", Kind::Ref(&IDENTITIES));
const CREATED: Property = required("created", Kind::Time(Precision::Millisecond));
const MODIFIED: Property = required("modified", Kind::Time(Precision::Millisecond));
const REVOKED: Property = optional("revoked", BOOLEAN);
const LABELS: Property = optional("labels", TEXTS);
const CONFIDENCE: Property = optional("confidence", Kind::Integer(0, 100));
const LANG: Property = optional("lang", Kind::Form(Form::Language));
const EXTERNAL_REFERENCES: Property = optional("external_references", Kind::List(&REFERENCE));
const OBJECT_MARKINGS: Property = optional("object_marking_refs", Kind::List(&MARKING_REF));
const GRANULAR_MARKINGS: Property = optional("granular_markings", Kind::Granular);
const EXTENSIONS: Property = optional("extensions", Kind::Extensions);
const DEFANGED: Property = optional("defanged", BOOLEAN);
const NOT_DEFANGED: Property = Property { need: Need::Forbidden, ..DEFANGED };

/// Domain objects and relationship objects.
pub(super) static DOMAIN: Table = Table::new(&[
    TYPE,
    SPEC_VERSION,
    ID,
    CREATED_BY,
    CREATED,
    MODIFIED,
    REVOKED,
    LABELS,
    CONFIDENCE,
    LANG,
    EXTERNAL_REFERENCES,
    OBJECT_MARKINGS,
    GRANULAR_MARKINGS,
    EXTENSIONS,
    NOT_DEFANGED,
]);

/// Observables.
pub(super) static OBSERVABLE: Table = Table::new(&[
    TYPE,
    optional("spec_version", Kind::SpecVersion),
    ID,
    CREATED_BY.not_applicable(),
    CREATED.not_applicable(),
    MODIFIED.not_applicable(),
    REVOKED.not_applicable(),
    LABELS.not_applicable(),
    CONFIDENCE.not_applicable(),
    LANG.not_applicable(),
    EXTERNAL_REFERENCES.not_applicable(),
    OBJECT_MARKINGS,
    GRANULAR_MARKINGS,
    EXTENSIONS,
    DEFANGED,
]);

/// Marking definitions.
pub(super) static MARKING: Table = Table::new(&[
    TYPE,
    SPEC_VERSION,
    ID,
    CREATED_BY,
    CREATED,
    MODIFIED.not_applicable(),
    REVOKED.not_applicable(),
    LABELS.not_applicable(),
    CONFIDENCE.not_applicable(),
    LANG.not_applicable(),
    EXTERNAL_REFERENCES,
    OBJECT_MARKINGS,
    GRANULAR_MARKINGS,
    EXTENSIONS,
    NOT_DEFANGED,
]);

/// Language content.
pub(super) static LANGUAGE: Table = Table::new(&[
    TYPE,
    SPEC_VERSION,
    ID,
    CREATED_BY,
    CREATED,
    MODIFIED,
    REVOKED,
    LABELS,
    CONFIDENCE,
    LANG.not_applicable(),
    EXTERNAL_REFERENCES,
    OBJECT_MARKINGS,
    GRANULAR_MARKINGS,
    EXTENSIONS,
    NOT_DEFANGED,
]);

/// Extension definitions.
pub(super) static EXTENSION: Table = Table::new(&[
    TYPE,
    SPEC_VERSION,
    ID,
    CREATED_BY.required(),
    CREATED,
    MODIFIED,
    REVOKED,
    LABELS,
    CONFIDENCE.not_applicable(),
    LANG.not_applicable(),
    EXTERNAL_REFERENCES,
    OBJECT_MARKINGS,
    GRANULAR_MARKINGS,
    EXTENSIONS.not_applicable(),
    NOT_DEFANGED,
]);
