//! Domain names in normal form: ASCII, lower case, no dot at the end.
//!
//! Underscores are taken, since hosts that malware asks for have them; the last label must not be a number, or
//! the name would be an address. Source: UTS 46 (non-transitional), RFC 1035 section 2.3.4 (lengths).

/// Longest name, in bytes without the last dot.
const NAME_BYTES_MAX: usize = 253;
/// Longest label, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// Names that are set apart from the DNS or from the public, each with all below it.
///
/// Source: IANA, Special-Use Domain Names (RFC 6761 and later), RFC 2606.
const SPECIAL_USE: [&str; 19] = [
    "6tisch.arpa",
    "alt",
    "arpa",
    "example",
    "example.com",
    "example.net",
    "example.org",
    "home",
    "home.arpa",
    "corp",
    "internal",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "test",
];

/// The normal form of a name, or what is wrong with it.
pub(crate) fn normal(text: &str) -> Result<String, &'static str> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && !text
            .split('.')
            .any(|label| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")));
    let ascii = if plain {
        text.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(text).map_err(|_| "not a name that IDNA allows")?
    };
    // One dot at the end is the root's; IDNA has mapped its other forms to it.
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    if ascii.is_empty() || ascii.len() > NAME_BYTES_MAX {
        return Err("a name has 1 to 253 bytes");
    }
    for label in ascii.split('.') {
        let fine = (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-');
        if !fine {
            return Err("labels have 1 to 63 letters, digits, hyphens or underscores");
        }
    }
    let last = ascii.rsplit('.').next().unwrap_or_default();
    // WHATWG URL, 3.5, "ends in a number": `0x1f` too would be read as an address.
    let hex = last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    if hex || last.bytes().all(|b| b.is_ascii_digit()) {
        return Err("the last label is a number");
    }
    Ok(ascii.to_owned())
}

/// Whether the name ends in a public suffix that the Public Suffix List knows, with something before it.
pub(crate) fn is_registered_form(name: &str) -> bool {
    psl::domain(name.as_bytes()).is_some_and(|domain| domain.suffix().is_known())
}

/// Whether the name is itself a public suffix: a whole registry or a provider's shared space.
pub(crate) fn is_public_suffix(name: &str) -> bool {
    psl::suffix_str(name).is_some_and(|suffix| suffix.len() == name.len())
}

/// Whether the name is itself a public suffix that the list knows, such as `co.kr`, and no top-level domain.
pub(crate) fn is_known_suffix(name: &str) -> bool {
    name.contains('.')
        && psl::suffix(name.as_bytes())
            .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() == name.len())
}

/// The special-use name that `name` is or lies below.
pub(crate) fn special_use(name: &str) -> Option<&'static str> {
    SPECIAL_USE.into_iter().find(|special| is_or_below(name, special))
}

/// Whether `name` is `above` or a name below it.
pub(crate) fn is_or_below(name: &str, above: &str) -> bool {
    name.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The name, then each name above it, the registrable domain being the last.
pub(crate) fn upwards(name: &str) -> impl Iterator<Item = &str> {
    let floor = psl::domain_str(name).map_or(name.len(), str::len);
    let mut next = Some(name);
    std::iter::from_fn(move || {
        let this = next?;
        next = this.split_once('.').map(|(_, above)| above).filter(|above| above.len() >= floor);
        Some(this)
    })
}
