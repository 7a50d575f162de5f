//! OpenIOC's search terms and the observables' properties that they mean.
//!
//! OpenIOC has hundreds of terms, and any tool may add its own. These are the ones that name something which an observable
//! has; a term that is not here is a finding, and its item goes into no pattern.
//!
//! Source: Mandiant, OpenIOC 1.1 term documents (common, email, network, registry); STIX 2.1, section 6.

use watch::{Kind, normalise};

/// What stands on the right of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// A text, as it is.
    Text,
    /// A text in the normal form of a kind.
    Value(Kind),
    /// A whole number.
    Number,
    /// An IPv4 or IPv6 address: the path's type is put before it.
    Address,
}

/// A term: where it looks, and for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    pub(super) path: &'static str,
    pub(super) right: Right,
}

const TERMS: [(&str, &str, Right); 66] = [
    ("fileitem/md5sum", "file:hashes.MD5", Right::Value(Kind::Md5)),
    ("fileitem/sha1sum", "file:hashes.'SHA-1'", Right::Value(Kind::Sha1)),
    ("fileitem/sha256sum", "file:hashes.'SHA-256'", Right::Value(Kind::Sha256)),
    ("fileitem/sha512sum", "file:hashes.'SHA-512'", Right::Value(Kind::Sha512)),
    ("fileitem/filename", "file:name", Right::Text),
    ("fileitem/filepath", "file:parent_directory_ref.path", Right::Text),
    ("fileitem/sizeinbytes", "file:size", Right::Number),
    ("fileitem/peinfo/importhash", "file:extensions.'windows-pebinary-ext'.imphash", Right::Text),
    ("fileitem/peinfo/type", "file:extensions.'windows-pebinary-ext'.pe_type", Right::Text),
    (
        "fileitem/peinfo/sections/section/name",
        "file:extensions.'windows-pebinary-ext'.sections[*].name",
        Right::Text,
    ),
    (
        "fileitem/streamlist/stream/name",
        "file:extensions.'ntfs-ext'.alternate_data_streams[*].name",
        Right::Text,
    ),
    ("filedownloadhistoryitem/filename", "file:name", Right::Text),
    ("filedownloadhistoryitem/sourceurl", "url:value", Right::Value(Kind::Url)),
    ("processitem/name", "process:image_ref.name", Right::Text),
    ("processitem/path", "process:image_ref.parent_directory_ref.path", Right::Text),
    ("processitem/arguments", "process:command_line", Right::Text),
    ("processitem/pid", "process:pid", Right::Number),
    ("processitem/parentpid", "process:parent_ref.pid", Right::Number),
    ("processitem/username", "process:creator_user_ref.account_login", Right::Text),
    ("processitem/handlelist/handle/name", "mutex:name", Right::Text),
    ("processitem/portlist/portitem/remoteip", "", Right::Address),
    ("processitem/portlist/portitem/remoteport", "network-traffic:dst_port", Right::Number),
    ("processitem/portlist/portitem/localport", "network-traffic:src_port", Right::Number),
    ("mutexitem/name", "mutex:name", Right::Text),
    ("serviceitem/name", "process:extensions.'windows-service-ext'.service_name", Right::Text),
    ("serviceitem/descriptivename", "process:extensions.'windows-service-ext'.display_name", Right::Text),
    ("serviceitem/description", "process:extensions.'windows-service-ext'.descriptions[*]", Right::Text),
    ("serviceitem/path", "process:image_ref.parent_directory_ref.path", Right::Text),
    ("serviceitem/pathmd5sum", "process:image_ref.hashes.MD5", Right::Value(Kind::Md5)),
    ("serviceitem/servicedllmd5sum", "file:hashes.MD5", Right::Value(Kind::Md5)),
    ("driveritem/drivername", "file:name", Right::Text),
    ("driveritem/md5sum", "file:hashes.MD5", Right::Value(Kind::Md5)),
    ("moduleitem/modulename", "file:name", Right::Text),
    ("registryitem/path", "windows-registry-key:key", Right::Text),
    ("registryitem/keypath", "windows-registry-key:key", Right::Text),
    ("registryitem/valuename", "windows-registry-key:values[*].name", Right::Text),
    ("registryitem/value", "windows-registry-key:values[*].data", Right::Text),
    ("registryitem/text", "windows-registry-key:values[*].data", Right::Text),
    ("dnsentryitem/host", "domain-name:value", Right::Value(Kind::Domain)),
    ("dnsentryitem/recordname", "domain-name:value", Right::Value(Kind::Domain)),
    ("dnsentryitem/recorddata/host", "domain-name:value", Right::Value(Kind::Domain)),
    ("dnsentryitem/recorddata/ipv4address", "", Right::Address),
    ("network/dns", "domain-name:value", Right::Value(Kind::Domain)),
    ("network/uri", "url:value", Right::Text),
    ("network/http_host", "domain-name:value", Right::Value(Kind::Domain)),
    ("network/url", "url:value", Right::Value(Kind::Url)),
    ("network/ip", "", Right::Address),
    (
        "network/useragent",
        "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
        Right::Text,
    ),
    (
        "network/http_referr",
        "network-traffic:extensions.'http-request-ext'.request_header.Referer",
        Right::Text,
    ),
    ("portitem/remoteip", "", Right::Address),
    ("portitem/remoteport", "network-traffic:dst_port", Right::Number),
    ("portitem/localport", "network-traffic:src_port", Right::Number),
    ("portitem/protocol", "network-traffic:protocols[*]", Right::Text),
    ("routeentryitem/destination", "", Right::Address),
    ("arpentryitem/ipv4address", "", Right::Address),
    ("urlhistoryitem/url", "url:value", Right::Value(Kind::Url)),
    ("urlhistoryitem/hostname", "domain-name:value", Right::Value(Kind::Domain)),
    ("cookiehistoryitem/hostname", "domain-name:value", Right::Value(Kind::Domain)),
    ("formhistoryitem/hostname", "domain-name:value", Right::Value(Kind::Domain)),
    ("email/from", "email-message:from_ref.value", Right::Value(Kind::Email)),
    ("email/to", "email-message:to_refs[*].value", Right::Value(Kind::Email)),
    ("email/cc", "email-message:cc_refs[*].value", Right::Value(Kind::Email)),
    ("email/subject", "email-message:subject", Right::Text),
    ("email/body", "email-message:body", Right::Text),
    ("email/attachment/name", "file:name", Right::Text),
    ("useritem/username", "user-account:account_login", Right::Text),
];

/// The term of a name, in whatever case.
pub(super) fn term(search: &str) -> Option<Term> {
    let lower = search.trim().to_ascii_lowercase();
    let (_, path, right) = TERMS.iter().find(|(name, _, _)| *name == lower)?;
    Some(Term { path, right: *right })
}

/// The address's observable and its normal form.
pub(super) fn address(text: &str) -> Option<(&'static str, String)> {
    let kinds = [(Kind::Ipv4, "ipv4-addr:value"), (Kind::Ipv6, "ipv6-addr:value")];
    kinds.into_iter().find_map(|(kind, path)| Some((path, normalise(kind, text).ok()?.text().to_owned())))
}
