//! MISP's object templates and STIX's observables: which property of which type is which role of which object.
//!
//! One table, read in both directions. A property that stands alone is an attribute; several of one thing are an object
//! of the template that its type has.
//!
//! Source: misp-objects (names, UUIDs, versions, roles, types); STIX 2.1, section 6; misp-stix mapping documents.

/// An object template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) name: &'static str,
    pub(super) uuid: &'static str,
    pub(super) version: &'static str,
    pub(super) meta_category: &'static str,
    pub(super) description: &'static str,
    /// The observable that the whole object is; empty if its parts are observables side by side.
    pub(super) object_type: &'static str,
}

/// How a property's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Integer,
    Time,
    Truth,
}

/// A property and its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// `type:path`, as a pattern writes it, `[*]` for any of a list.
    pub(super) path: &'static str,
    /// The attribute type when it stands alone; empty if it means nothing alone.
    pub(super) alone: &'static str,
    /// The template's name.
    pub(super) template: &'static str,
    /// The role in the template.
    pub(super) relation: &'static str,
    /// The attribute type in that role.
    pub(super) kind: &'static str,
    pub(super) form: Form,
}

const fn template(
    name: &'static str,
    uuid: &'static str,
    version: &'static str,
    meta_category: &'static str,
    object_type: &'static str,
    description: &'static str,
) -> Template {
    Template { name, uuid, version, meta_category, description, object_type }
}

const TEMPLATES: &[Template] = &[
    template(
        "artifact",
        "0a46df3a-bd9b-472c-a1e7-6aede7094483",
        "3",
        "file",
        "artifact",
        "Content of a file, or where it is.",
    ),
    template(
        "asn",
        "4ec55cc6-9e49-4c64-b794-03c25c1a6587",
        "6",
        "network",
        "autonomous-system",
        "An autonomous system.",
    ),
    template(
        "coin-address",
        "d0e6997e-78da-4815-a6a1-cfc1c1cb8a46",
        "7",
        "financial",
        "cryptocurrency-wallet",
        "An address of a cryptocurrency.",
    ),
    template("directory", "23ac6a02-1017-4ea6-a4df-148ed563988d", "1", "file", "directory", "A directory."),
    template(
        "domain-ip",
        "43b3b146-77eb-4931-b4cc-b66c60f28734",
        "11",
        "network",
        "",
        "Domains and addresses that belong together.",
    ),
    template("email", "a0c666e0-fc65-4be8-b48f-3423d788b552", "19", "network", "email-message", "An e-mail."),
    template("file", "688c46fb-5edb-40a3-8273-1af7923e2215", "25", "file", "file", "A file."),
    template("mutex", "9f5c1a68-2021-4faa-b409-61c899c86466", "1", "misc", "mutex", "A mutex."),
    template(
        "network-connection",
        "af16764b-f8e5-4603-9de1-de34d272f80b",
        "7",
        "network",
        "network-traffic",
        "A connection.",
    ),
    template("process", "02aeef94-ac23-455c-addb-731757ceafb5", "10", "misc", "process", "A process."),
    template(
        "registry-key",
        "8b3228ad-6d82-4fe6-b2ae-05426308f1d5",
        "5",
        "file",
        "windows-registry-key",
        "A key of a Windows registry.",
    ),
    template(
        "software",
        "b1b5dc0e-73fe-443c-8d9d-0e208de3951e",
        "1",
        "misc",
        "software",
        "A piece of software.",
    ),
    template("stix2-pattern", "0c5bd072-7c3e-4d45-86f7-a8104d9143b9", "4", "misc", "", "A STIX pattern."),
    template("url", "60efb77b-40b5-4c46-871b-ed1ed999fce5", "10", "network", "url", "A URL."),
    template(
        "user-account",
        "49606b06-22f0-4ac8-8eee-2f12ad46f3d3",
        "6",
        "misc",
        "user-account",
        "An account.",
    ),
    template(
        "x509",
        "d1ab756a-26b5-4349-9f43-765630f0911c",
        "14",
        "network",
        "x509-certificate",
        "An X.509 certificate.",
    ),
];

macro_rules! rows {
    ($( $path:literal $alone:literal $template:literal $relation:literal $kind:literal $form:ident; )*) => {
        &[$( Row { path: $path, alone: $alone, template: $template, relation: $relation, kind: $kind, form: Form::$form } ),*]
    };
}

const ROWS: &[Row] = rows! {
    "artifact:decryption_key" "" "artifact" "decryption_key" "text" Text;
    "artifact:encryption_algorithm" "" "artifact" "encryption_algorithm" "text" Text;
    "artifact:hashes.MD5" "md5" "artifact" "md5" "md5" Text;
    "artifact:hashes.SHA-1" "sha1" "artifact" "sha1" "sha1" Text;
    "artifact:hashes.SHA-256" "sha256" "artifact" "sha256" "sha256" Text;
    "artifact:mime_type" "" "artifact" "mime_type" "mime-type" Text;
    "artifact:url" "" "artifact" "url" "url" Text;
    "autonomous-system:name" "" "asn" "description" "text" Text;
    "autonomous-system:number" "AS" "asn" "asn" "AS" Integer;
    "cryptocurrency-wallet:value" "btc" "coin-address" "address" "btc" Text;
    "directory:atime" "" "directory" "access-time" "datetime" Time;
    "directory:ctime" "" "directory" "creation-time" "datetime" Time;
    "directory:mtime" "" "directory" "modification-time" "datetime" Time;
    "directory:path" "" "directory" "path" "text" Text;
    "directory:path_enc" "" "directory" "path-encoding" "text" Text;
    "domain-name:value" "domain" "domain-ip" "domain" "domain" Text;
    "domain-name:resolves_to_refs[*].value" "" "domain-ip" "ip" "ip-dst" Text;
    "email-addr:value" "email" "" "" "email" Text;
    "email-message:additional_header_fields.Reply-To" "email-reply-to" "email" "reply-to" "email-reply-to" Text;
    "email-message:additional_header_fields.X-Mailer" "email-x-mailer" "email" "x-mailer" "email-x-mailer" Text;
    "email-message:bcc_refs[*].value" "email-dst" "email" "bcc" "email-dst" Text;
    "email-message:body" "email-body" "email" "email-body" "email-body" Text;
    "email-message:body_multipart[*].body_raw_ref.name" "email-attachment" "email" "attachment" "email-attachment" Text;
    "email-message:cc_refs[*].value" "email-dst" "email" "cc" "email-dst" Text;
    "email-message:date" "" "email" "send-date" "datetime" Time;
    "email-message:from_ref.value" "email-src" "email" "from" "email-src" Text;
    "email-message:message_id" "email-message-id" "email" "message-id" "email-message-id" Text;
    "email-message:sender_ref.value" "email-src" "email" "return-path" "email-src" Text;
    "email-message:subject" "email-subject" "email" "subject" "email-subject" Text;
    "email-message:to_refs[*].value" "email-dst" "email" "to" "email-dst" Text;
    "file:atime" "" "file" "access-time" "datetime" Time;
    "file:ctime" "" "file" "creation-time" "datetime" Time;
    "file:hashes.AUTHENTIHASH" "authentihash" "file" "authentihash" "authentihash" Text;
    "file:hashes.IMPHASH" "imphash" "file" "imphash" "imphash" Text;
    "file:hashes.MD5" "md5" "file" "md5" "md5" Text;
    "file:hashes.SHA-1" "sha1" "file" "sha1" "sha1" Text;
    "file:hashes.SHA-224" "sha224" "file" "sha224" "sha224" Text;
    "file:hashes.SHA-256" "sha256" "file" "sha256" "sha256" Text;
    "file:hashes.SHA-384" "sha384" "file" "sha384" "sha384" Text;
    "file:hashes.SHA-512" "sha512" "file" "sha512" "sha512" Text;
    "file:hashes.SHA3-256" "sha3-256" "file" "sha3-256" "sha3-256" Text;
    "file:hashes.SHA3-512" "sha3-512" "file" "sha3-512" "sha3-512" Text;
    "file:hashes.SSDEEP" "ssdeep" "file" "ssdeep" "ssdeep" Text;
    "file:hashes.TELFHASH" "telfhash" "file" "telfhash" "telfhash" Text;
    "file:hashes.TLSH" "tlsh" "file" "tlsh" "tlsh" Text;
    "file:hashes.VHASH" "vhash" "file" "vhash" "vhash" Text;
    "file:magic_number_hex" "" "file" "magic" "text" Text;
    "file:mime_type" "mime-type" "file" "mimetype" "mime-type" Text;
    "file:mtime" "" "file" "modification-time" "datetime" Time;
    "file:name" "filename" "file" "filename" "filename" Text;
    "file:name_enc" "" "file" "file-encoding" "text" Text;
    "file:parent_directory_ref.path" "" "file" "path" "text" Text;
    "file:size" "size-in-bytes" "file" "size-in-bytes" "size-in-bytes" Integer;
    "ipv4-addr:value" "ip-dst" "domain-ip" "ip" "ip-dst" Text;
    "ipv6-addr:value" "ip-dst" "domain-ip" "ip" "ip-dst" Text;
    "mac-addr:value" "mac-address" "" "" "mac-address" Text;
    "mutex:name" "mutex" "mutex" "name" "text" Text;
    "network-traffic:dst_byte_count" "" "network-connection" "dst-bytes-count" "size-in-bytes" Integer;
    "network-traffic:dst_packets" "" "network-connection" "dst-packets-count" "counter" Integer;
    "network-traffic:dst_port" "port" "network-connection" "dst-port" "port" Integer;
    "network-traffic:dst_ref.value" "ip-dst" "network-connection" "ip-dst" "ip-dst" Text;
    "network-traffic:end" "" "network-connection" "last-packet-seen" "datetime" Time;
    "network-traffic:protocols[*]" "" "network-connection" "layer4-protocol" "text" Text;
    "network-traffic:src_byte_count" "" "network-connection" "src-bytes-count" "size-in-bytes" Integer;
    "network-traffic:src_packets" "" "network-connection" "src-packets-count" "counter" Integer;
    "network-traffic:src_port" "" "network-connection" "src-port" "port" Integer;
    "network-traffic:src_ref.value" "ip-src" "network-connection" "ip-src" "ip-src" Text;
    "network-traffic:start" "" "network-connection" "first-packet-seen" "datetime" Time;
    "process:command_line" "" "process" "command-line" "text" Text;
    "process:created_time" "" "process" "creation-time" "datetime" Time;
    "process:cwd" "" "process" "current-directory" "text" Text;
    "process:image_ref.name" "" "process" "image" "filename" Text;
    "process:is_hidden" "" "process" "hidden" "boolean" Truth;
    "process:pid" "" "process" "pid" "text" Integer;
    "software:cpe" "cpe" "software" "cpe" "cpe" Text;
    "software:name" "" "software" "name" "text" Text;
    "software:swid" "" "software" "swid" "text" Text;
    "software:vendor" "" "software" "vendor" "text" Text;
    "software:version" "" "software" "version" "text" Text;
    "url:value" "url" "url" "url" "url" Text;
    "user-account:account_created" "" "user-account" "created" "datetime" Time;
    "user-account:account_login" "" "user-account" "username" "text" Text;
    "user-account:account_type" "" "user-account" "account-type" "text" Text;
    "user-account:can_escalate_privs" "" "user-account" "can_escalate_privs" "boolean" Truth;
    "user-account:credential" "" "user-account" "password" "text" Text;
    "user-account:display_name" "" "user-account" "display-name" "text" Text;
    "user-account:is_disabled" "" "user-account" "disabled" "boolean" Truth;
    "user-account:is_privileged" "" "user-account" "privileged" "boolean" Truth;
    "user-account:is_service_account" "" "user-account" "is_service_account" "boolean" Truth;
    "user-account:user_id" "" "user-account" "user-id" "text" Text;
    "windows-registry-key:key" "regkey" "registry-key" "key" "regkey" Text;
    "windows-registry-key:modified_time" "" "registry-key" "last-modified" "datetime" Time;
    "windows-registry-key:values[*].data" "" "registry-key" "data" "text" Text;
    "windows-registry-key:values[*].data_type" "" "registry-key" "data-type" "text" Text;
    "windows-registry-key:values[*].name" "" "registry-key" "name" "text" Text;
    "x509-certificate:hashes.MD5" "x509-fingerprint-md5" "x509" "x509-fingerprint-md5" "x509-fingerprint-md5" Text;
    "x509-certificate:hashes.SHA-1" "x509-fingerprint-sha1" "x509" "x509-fingerprint-sha1" "x509-fingerprint-sha1" Text;
    "x509-certificate:hashes.SHA-256" "x509-fingerprint-sha256" "x509" "x509-fingerprint-sha256" "x509-fingerprint-sha256" Text;
    "x509-certificate:is_self_signed" "" "x509" "self_signed" "boolean" Truth;
    "x509-certificate:issuer" "" "x509" "issuer" "text" Text;
    "x509-certificate:serial_number" "" "x509" "serial-number" "text" Text;
    "x509-certificate:signature_algorithm" "" "x509" "signature_algorithm" "text" Text;
    "x509-certificate:subject" "" "x509" "subject" "text" Text;
    "x509-certificate:subject_public_key_algorithm" "" "x509" "pubkey-info-algorithm" "text" Text;
    "x509-certificate:subject_public_key_modulus" "" "x509" "pubkey-info-modulus" "text" Text;
    "x509-certificate:validity_not_after" "" "x509" "validity-not-after" "datetime" Time;
    "x509-certificate:validity_not_before" "" "x509" "validity-not-before" "datetime" Time;
    "x509-certificate:version" "" "x509" "version" "text" Text;
};

/// The template of this name, if objects of it are made or taken apart here.
pub(super) fn named(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

/// The row of a path.
pub(super) fn row(path: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.path == path)
}

/// The rows of an observable's type, in the order of its properties.
pub(super) fn rows_of(object_type: &str) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.path.split_once(':').is_some_and(|(kind, _)| kind == object_type))
}

/// The row of a role in a template whose objects are one observable.
pub(super) fn role(template: &str, relation: &str) -> Option<&'static Row> {
    // Templates that say the same of a connection with fewer or other words.
    let (template, relation) = match (template, relation) {
        ("ip-port" | "network-socket" | "netflow", "protocol") => ("network-connection", "layer4-protocol"),
        ("ip-port", "ip") => ("network-connection", "ip-dst"),
        ("ip-port" | "network-socket" | "netflow", relation) => ("network-connection", relation),
        (template, relation) => (template, relation),
    };
    ROWS.iter().find(|row| row.template == template && row.relation == relation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::misp::vocab;

    #[test]
    fn every_row_has_its_template_and_types_that_misp_knows() {
        for row in ROWS {
            assert!(row.template.is_empty() || named(row.template).is_some(), "{row:?}");
            assert!(row.alone.is_empty() || vocab::is_type(row.alone), "{row:?}");
            assert!(vocab::is_type(row.kind), "{row:?}");
        }
    }

    #[test]
    fn a_role_is_found_from_either_side() {
        assert_eq!(role("file", "sha1"), row("file:hashes.SHA-1"));
        assert_eq!(role("ip-port", "ip"), row("network-traffic:dst_ref.value"));
        assert_eq!(rows_of("mutex").count(), 1);
    }
}
