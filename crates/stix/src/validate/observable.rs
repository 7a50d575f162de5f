//! The property tables of observables.
//!
//! Source: STIX 2.1, section 6.

use super::code;
use super::common::{BOOLEAN, COUNT, HASHES, INTEGER, OBSERVABLE, TEXT, TEXTS, TIME};
use super::format;
use super::table::{
    Class, Form, Keys, Kind, Property, Rule, Shape, Special, Table, Targets, inner, optional, required,
};
use super::vocab;

static ARTIFACTS: Targets = Targets::Only(&["artifact"]);
static ACCOUNTS: Targets = Targets::Only(&["user-account"]);
static ADDRESSES: Targets = Targets::Only(&["email-addr"]);
static CONTENTS: Targets = Targets::Only(&["file", "directory"]);
static DIRECTORIES: Targets = Targets::Only(&["directory"]);
static FILES: Targets = Targets::Only(&["file"]);
static HARDWARE: Targets = Targets::Only(&["mac-addr"]);
static HOSTS: Targets = Targets::Only(&["ipv4-addr", "ipv6-addr", "domain-name"]);
static ENDS: Targets = Targets::Only(&["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"]);
static PARTS: Targets = Targets::Only(&["artifact", "file"]);
static PROCESSES: Targets = Targets::Only(&["process"]);
static SYSTEMS: Targets = Targets::Only(&["autonomous-system"]);
static TRAFFIC: Targets = Targets::Only(&["network-traffic"]);

const fn refs(name: &'static str, kind: &'static Kind) -> Property {
    optional(name, Kind::List(kind))
}

pub(super) static ARTIFACT: Shape = Shape::new(
    "artifact",
    "6.1.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        optional("mime_type", Kind::Form(Form::MimeType)),
        optional("payload_bin", Kind::Binary),
        optional("url", Kind::Form(Form::Url)),
        optional("hashes", HASHES),
        optional("encryption_algorithm", Kind::Word(&vocab::ENCRYPTION_ALGORITHM)),
        optional("decryption_key", TEXT),
    ]),
    &[
        Rule::OneOf("payload_bin", "url"),
        Rule::Needs("url", "hashes"),
        Rule::Needs("decryption_key", "encryption_algorithm"),
    ],
);

pub(super) static AUTONOMOUS_SYSTEM: Shape = Shape::new(
    "autonomous-system",
    "6.2.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[required("number", INTEGER), optional("name", TEXT), optional("rir", TEXT)]),
    &[],
);

const CTIME: Property = optional("ctime", TIME);
const MTIME: Property = optional("mtime", TIME);
const ATIME: Property = optional("atime", TIME);

pub(super) static DIRECTORY: Shape = Shape::new(
    "directory",
    "6.3.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        required("path", TEXT),
        optional("path_enc", Kind::Form(Form::CharacterSet)),
        CTIME,
        MTIME,
        ATIME,
        refs("contains_refs", &Kind::Ref(&CONTENTS)),
    ]),
    &[],
);

pub(super) static DOMAIN_NAME: Shape = Shape::new(
    "domain-name",
    "6.4.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[required("value", Kind::Form(Form::Domain)), refs("resolves_to_refs", &Kind::Ref(&HOSTS))]),
    &[],
);

pub(super) static EMAIL_ADDR: Shape = Shape::new(
    "email-addr",
    "6.5.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        required("value", Kind::Form(Form::Email)),
        optional("display_name", TEXT),
        optional("belongs_to_ref", Kind::Ref(&ACCOUNTS)),
    ]),
    &[],
);

static MIME_PART: Shape = inner(
    "email-mime-part-type",
    "6.6.2",
    &Table::new(&[
        optional("body", TEXT),
        optional("body_raw_ref", Kind::Ref(&PARTS)),
        optional("content_type", TEXT),
        optional("content_disposition", TEXT),
    ]),
    &[Rule::OneOf("body", "body_raw_ref")],
);

pub(super) static EMAIL_MESSAGE: Shape = Shape::new(
    "email-message",
    "6.6.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        required("is_multipart", BOOLEAN),
        optional("date", TIME),
        optional("content_type", TEXT),
        optional("from_ref", Kind::Ref(&ADDRESSES)),
        optional("sender_ref", Kind::Ref(&ADDRESSES)),
        refs("to_refs", &Kind::Ref(&ADDRESSES)),
        refs("cc_refs", &Kind::Ref(&ADDRESSES)),
        refs("bcc_refs", &Kind::Ref(&ADDRESSES)),
        optional("message_id", TEXT),
        optional("subject", TEXT),
        optional("received_lines", TEXTS),
        optional("additional_header_fields", Kind::Dictionary(&TEXTS, Keys::Foreign)),
        optional("body", TEXT),
        optional("body_multipart", Kind::List(&Kind::Object(&MIME_PART))),
        optional("raw_email_ref", Kind::Ref(&ARTIFACTS)),
    ]),
    &[Rule::Special(Special::EmailMessage)],
);

pub(super) static FILE: Shape = Shape::new(
    "file",
    "6.7.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        optional("hashes", HASHES),
        optional("size", COUNT),
        optional("name", TEXT),
        optional("name_enc", Kind::Form(Form::CharacterSet)),
        optional("magic_number_hex", Kind::Hex),
        optional("mime_type", Kind::Form(Form::MimeType)),
        CTIME,
        MTIME,
        ATIME,
        optional("parent_directory_ref", Kind::Ref(&DIRECTORIES)),
        refs("contains_refs", &Kind::Ref(&Targets::Observable)),
        optional("content_ref", Kind::Ref(&ARTIFACTS)),
    ]),
    &[Rule::AnyOf(&["hashes", "name"]), Rule::Needs("name_enc", "name")],
);

static HARDWARE_REF: Kind = Kind::Ref(&HARDWARE);
static SYSTEM_REF: Kind = Kind::Ref(&SYSTEMS);
const MAC_REFS: Property = refs("resolves_to_refs", &HARDWARE_REF);
const SYSTEM_REFS: Property = refs("belongs_to_refs", &SYSTEM_REF);

pub(super) static IPV4_ADDR: Shape = Shape::new(
    "ipv4-addr",
    "6.8.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[required("value", Kind::Form(Form::Ipv4)), MAC_REFS, SYSTEM_REFS]),
    &[],
);

pub(super) static IPV6_ADDR: Shape = Shape::new(
    "ipv6-addr",
    "6.9.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[required("value", Kind::Form(Form::Ipv6)), MAC_REFS, SYSTEM_REFS]),
    &[],
);

pub(super) static MAC_ADDR: Shape = Shape::new(
    "mac-addr",
    "6.10.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[required("value", Kind::Form(Form::Mac))]),
    &[],
);

pub(super) static MUTEX: Shape = Shape::new(
    "mutex",
    "6.11.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[required("name", TEXT)]),
    &[],
);

pub(super) static NETWORK_TRAFFIC: Shape = Shape::new(
    "network-traffic",
    "6.12.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        optional("start", TIME),
        optional("end", TIME),
        optional("is_active", BOOLEAN),
        optional("src_ref", Kind::Ref(&ENDS)),
        optional("dst_ref", Kind::Ref(&ENDS)),
        optional("src_port", Kind::Integer(0, 65_535)),
        optional("dst_port", Kind::Integer(0, 65_535)),
        required("protocols", Kind::List(&Kind::Form(Form::Protocol))),
        optional("src_byte_count", COUNT),
        optional("dst_byte_count", COUNT),
        optional("src_packets", COUNT),
        optional("dst_packets", COUNT),
        optional(
            "ipfix",
            Kind::Dictionary(&Kind::TextOrInteger, Keys::Listed(&code::IPFIX, format::is_ipfix)),
        ),
        optional("src_payload_ref", Kind::Ref(&ARTIFACTS)),
        optional("dst_payload_ref", Kind::Ref(&ARTIFACTS)),
        refs("encapsulates_refs", &Kind::Ref(&TRAFFIC)),
        optional("encapsulated_by_ref", Kind::Ref(&TRAFFIC)),
    ]),
    &[
        Rule::AnyOf(&["src_ref", "dst_ref"]),
        Rule::InOrder("start", "end"),
        Rule::Special(Special::NetworkTraffic),
    ],
);

pub(super) static PROCESS: Shape = Shape::new(
    "process",
    "6.13.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        // In the table of its own, since an extension alone is enough for a process.
        optional("extensions", Kind::Extensions),
        optional("is_hidden", BOOLEAN),
        optional("pid", INTEGER),
        optional("created_time", TIME),
        optional("cwd", TEXT),
        optional("command_line", TEXT),
        optional("environment_variables", Kind::Dictionary(&TEXT, Keys::Foreign)),
        refs("opened_connection_refs", &Kind::Ref(&TRAFFIC)),
        optional("creator_user_ref", Kind::Ref(&ACCOUNTS)),
        optional("image_ref", Kind::Ref(&FILES)),
        optional("parent_ref", Kind::Ref(&PROCESSES)),
        refs("child_refs", &Kind::Ref(&PROCESSES)),
    ]),
    &[Rule::AnyOwn],
);

pub(super) static SOFTWARE: Shape = Shape::new(
    "software",
    "6.14.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        required("name", TEXT),
        optional("cpe", Kind::Form(Form::Cpe)),
        optional("swid", TEXT),
        optional("languages", Kind::List(&Kind::Form(Form::Language))),
        optional("vendor", TEXT),
        optional("version", TEXT),
    ]),
    &[],
);

pub(super) static URL: Shape = Shape::new(
    "url",
    "6.15.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[required("value", Kind::Form(Form::Url))]),
    &[],
);

pub(super) static USER_ACCOUNT: Shape = Shape::new(
    "user-account",
    "6.16.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        // As for processes.
        optional("extensions", Kind::Extensions),
        optional("user_id", TEXT),
        optional("credential", TEXT),
        optional("account_login", TEXT),
        optional("account_type", Kind::Word(&vocab::ACCOUNT_TYPE)),
        optional("display_name", TEXT),
        optional("is_service_account", BOOLEAN),
        optional("is_privileged", BOOLEAN),
        optional("can_escalate_privs", BOOLEAN),
        optional("is_disabled", BOOLEAN),
        optional("account_created", TIME),
        optional("account_expires", TIME),
        optional("credential_last_changed", TIME),
        optional("account_first_login", TIME),
        optional("account_last_login", TIME),
    ]),
    &[Rule::AnyOwn],
);

static REGISTRY_VALUE: Shape = inner(
    "windows-registry-value-type",
    "6.17.2",
    &Table::new(&[
        optional("name", TEXT),
        optional("data", TEXT),
        optional("data_type", Kind::Word(&vocab::REGISTRY_DATATYPE)),
    ]),
    &[Rule::AnyOwn],
);

pub(super) static WINDOWS_REGISTRY_KEY: Shape = Shape::new(
    "windows-registry-key",
    "6.17.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        optional("key", Kind::Form(Form::RegistryKey)),
        optional("values", Kind::List(&Kind::Object(&REGISTRY_VALUE))),
        optional("modified_time", TIME),
        optional("creator_user_ref", Kind::Ref(&ACCOUNTS)),
        optional("number_of_subkeys", INTEGER),
    ]),
    &[Rule::AnyOwn],
);

static X509_V3: Shape = inner(
    "x509-v3-extensions-type",
    "6.18.2",
    &Table::new(&[
        optional("basic_constraints", TEXT),
        optional("name_constraints", TEXT),
        optional("policy_constraints", TEXT),
        optional("key_usage", TEXT),
        optional("extended_key_usage", TEXT),
        optional("subject_key_identifier", TEXT),
        optional("authority_key_identifier", TEXT),
        optional("subject_alternative_name", TEXT),
        optional("issuer_alternative_name", TEXT),
        optional("subject_directory_attributes", TEXT),
        optional("crl_distribution_points", TEXT),
        optional("inhibit_any_policy", TEXT),
        optional("private_key_usage_period_not_before", TIME),
        optional("private_key_usage_period_not_after", TIME),
        optional("certificate_policies", TEXT),
        optional("policy_mappings", TEXT),
    ]),
    &[Rule::AnyOwn],
);

pub(super) static X509_CERTIFICATE: Shape = Shape::new(
    "x509-certificate",
    "6.18.1",
    Class::Observable,
    &OBSERVABLE,
    &Table::new(&[
        optional("is_self_signed", BOOLEAN),
        optional("hashes", HASHES),
        optional("version", TEXT),
        optional("serial_number", TEXT),
        optional("signature_algorithm", TEXT),
        optional("issuer", TEXT),
        optional("validity_not_before", TIME),
        optional("validity_not_after", TIME),
        optional("subject", TEXT),
        optional("subject_public_key_algorithm", TEXT),
        optional("subject_public_key_modulus", TEXT),
        optional("subject_public_key_exponent", INTEGER),
        optional("x509_v3_extensions", Kind::Object(&X509_V3)),
    ]),
    &[Rule::AnyOwn],
);
