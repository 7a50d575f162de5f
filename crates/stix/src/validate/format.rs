//! Forms of strings: addresses, names, URLs, hashes, names in the registries of IANA.
//!
//! Each function says whether a text has the form; none allocates. The registries lie beside this file as sorted
//! lists of words (fetched 2026, public facts of IANA), searched by halving.

use std::net::{Ipv4Addr, Ipv6Addr};

const SERVICES: &str = include_str!("iana/service-names.txt");
const MEDIA_TYPES: &str = include_str!("iana/media-types.txt");
const CHARACTER_SETS: &str = include_str!("iana/character-sets.txt");
const IPFIX: &str = include_str!("iana/ipfix-elements.txt");

/// Longest word of those lists, in bytes; longer ones are in none.
const WORD_BYTES_MAX: usize = 128;
/// Longest domain name, in bytes (RFC 1034, 3.1).
const DOMAIN_BYTES_MAX: usize = 253;
/// Longest label of one, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// Whether a line of the sorted `list` is `word`.
fn listed(list: &str, word: &str) -> bool {
    let (mut from, mut to) = (0, list.len());
    while from < to {
        // The line around the middle; both ends stand at the beginning of a line.
        let middle = from + (to - from) / 2;
        let begin = list.get(from..middle).and_then(|text| text.rfind('\n')).map_or(from, |at| from + at + 1);
        let Some(rest) = list.get(begin..to) else { return false };
        let line = rest.split('\n').next().unwrap_or_default();
        match line.cmp(word) {
            std::cmp::Ordering::Equal => return !word.is_empty(),
            std::cmp::Ordering::Less => from = begin + line.len() + 1,
            std::cmp::Ordering::Greater => to = begin,
        }
    }
    false
}

/// The same for names whose case does not matter; the lists of those are in lower case.
fn listed_in_any_case(list: &str, word: &str) -> bool {
    let mut lower = [0; WORD_BYTES_MAX];
    let Some(lower) = lower.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).is_ok_and(|lower| listed(list, lower))
}

pub(super) fn is_character_set(text: &str) -> bool {
    listed_in_any_case(CHARACTER_SETS, text)
}

/// Whether a MIME type is registered; parameters after `;` are not looked at.
pub(super) fn is_mime_type(text: &str) -> bool {
    listed_in_any_case(MEDIA_TYPES, text.split(';').next().unwrap_or_default().trim())
}

pub(super) fn is_protocol(text: &str) -> bool {
    listed_in_any_case(SERVICES, text)
}

pub(super) fn is_ipfix(text: &str) -> bool {
    listed(IPFIX, text)
}

pub(super) fn is_pdf_info(text: &str) -> bool {
    super::vocab::PDF_INFO.has(text)
}

/// Field names as requests have them. There is no closed list, so this asks for the form: words that begin with a
/// capital, joined by hyphens (`User-Agent`, `DNT`, `X-UIDH`, `X-Forwarded-For`).
pub(super) fn is_http_header(text: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_uppercase() || first.is_ascii_digit())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.split('-').all(word)
}

/// `SO_…` and its like: a prefix of an operating system's interface and words in capitals.
pub(super) fn is_socket_option(text: &str) -> bool {
    let Some((prefix, rest)) = text.split_once('_') else { return false };
    matches!(prefix, "SO" | "ICMP" | "ICMP6" | "IP" | "IPV6" | "MCAST" | "TCP" | "IRLMP")
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Codes of ISO 3166-1 alpha-2, those assigned and those reserved or in use for what was a country.
const COUNTRIES: &str = "AC AD AE AF AG AI AL AM AN AO AP AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
    BR BS BT BU BV BW BX BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CP CR CS CT CU CV CW CX CY CZ DD DE DG DJ DK DM DO \
    DY DZ EA EC EE EF EG EH EM EP ER ES ET EU EV EW EZ FI FJ FK FL FM FO FQ FR FX GA GB GC GD GE GF GG GH GI GL GM GN \
    GP GQ GR GS GT GU GW GY HK HM HN HR HT HU HV IB IC ID IE IL IM IN IO IQ IR IS IT JA JE JM JO JP JT KE KG KH KI KM \
    KN KP KR KW KY KZ LA LB LC LF LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MI MK ML MM MN MO MP MQ MR MS MT MU MV \
    MW MX MY MZ NA NC NE NF NG NH NI NL NO NP NQ NR NT NU NZ OA OM PA PC PE PF PG PH PI PK PL PM PN PR PS PT PU PW PY \
    PZ QA RA RB RC RE RH RI RL RM RN RO RP RS RU RW SA SB SC SD SE SF SG SH SI SJ SK SL SM SN SO SR SS ST SU SV SX SY \
    SZ TA TC TD TF TG TH TJ TK TL TM TN TO TP TR TT TV TW TZ UA UG UK UM UN US UY UZ VA VC VD VE VG VI VN VU WF WG WK \
    WL WO WS WV YD YE YT YU YV ZA ZM ZR ZW";

/// Whether a country code is one, in either case.
pub(super) fn is_country(text: &str) -> bool {
    text.len() == 2 && COUNTRIES.split_ascii_whitespace().any(|code| code.eq_ignore_ascii_case(text))
}

/// All lower case, hyphens between words: terms outside vocabularies, names of kill chains.
pub(super) fn is_lower_words(text: &str) -> bool {
    let mut letters = false;
    for character in text.chars() {
        if matches!(character, '_' | ' ') || character.is_uppercase() {
            return false;
        }
        letters |= character.is_lowercase() || character.is_alphabetic();
    }
    letters
}

/// A name of a property: begins with a letter, 3 to 250 of a-z, 0-9 and `_` (STIX 2.1, 3.1 and 11.1.1). `id` is one.
pub(super) fn is_property_name(name: &str) -> bool {
    name == "id"
        || (3..=250).contains(&name.len())
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// A name of a type: begins with a letter, 3 to 250 of a-z, 0-9 and single hyphens (STIX 2.1, 3.1 and 11.2.1).
pub(super) fn is_type_name(name: &str) -> bool {
    (3..=250).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !name.contains("--")
}

/// A key of a dictionary (STIX 2.1, 2.3).
pub(super) fn is_dictionary_key(key: &str) -> bool {
    (1..=250).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The type and the UUID's version of an identifier, if it is one: `type--UUID` with a UUID of RFC 4122.
pub(super) fn identifier(text: &str) -> Option<(&str, u8)> {
    let (head, uuid) = text.split_at_checked(text.len().checked_sub(36)?)?;
    let object_type = head.strip_suffix("--")?;
    let uuid: &[u8; 36] = uuid.as_bytes().try_into().ok()?;
    // 32 hexadecimal digits and four hyphens in 36 bytes, and the hyphens where they belong: no branch for each byte.
    let digits: u8 = uuid.iter().map(|byte| u8::from(byte.is_ascii_hexdigit())).sum();
    let hyphens = [uuid[8], uuid[13], uuid[18], uuid[23]] == [b'-'; 4];
    let version = uuid[14].wrapping_sub(b'0');
    let variant = matches!(uuid[19], b'8' | b'9' | b'a' | b'b' | b'A' | b'B');
    let fits = digits == 32 && hyphens && variant && (1..=5).contains(&version);
    (fits && (super::meta::shape(object_type).is_some() || is_type_name(object_type)))
        .then_some((object_type, version))
}

/// The type in what would be an identifier if its UUID were whole: hexadecimal digits and hyphens, but too few or too many.
pub(super) fn dangling(text: &str) -> Option<&str> {
    let (object_type, uuid) = text.split_once("--")?;
    let whole = !uuid.is_empty() && uuid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    (whole && is_type_name(object_type)).then_some(object_type)
}

/// `1.2.3.4` or `1.2.3.4/24`.
pub(super) fn is_ipv4(text: &str) -> bool {
    let (address, prefix) = split_prefix(text);
    address.parse::<Ipv4Addr>().is_ok() && prefix.is_none_or(|prefix| is_prefix(prefix, 32))
}

/// An IPv6 address in any of its forms, with or without zone and prefix.
pub(super) fn is_ipv6(text: &str) -> bool {
    let (address, prefix) = split_prefix(text);
    let address = match address.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => address,
        Some(_) => return false,
        None => address,
    };
    address.parse::<Ipv6Addr>().is_ok() && prefix.is_none_or(|prefix| is_prefix(prefix, 128))
}

fn split_prefix(text: &str) -> (&str, Option<&str>) {
    text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)))
}

fn is_prefix(text: &str, max: u8) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    plain && text.parse::<u8>().is_ok_and(|bits| bits <= max)
}

/// `00:00:ab:cd:ef:01`, in lower case.
pub(super) fn is_mac(text: &str) -> bool {
    text.len() == 17
        && text.bytes().enumerate().all(|(at, byte)| match at % 3 {
            2 => byte == b':',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// A domain name: labels of letters, digits, hyphens and underscores, or of other scripts (RFC 1034, RFC 5890). One
/// dot at the end and `*` as first label are part of names in the DNS.
pub(super) fn is_domain(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    // The limits hold for the form on the wire; a name in another script is shorter here than there.
    if name.is_empty() || name.is_ascii() && name.len() > DOMAIN_BYTES_MAX {
        return false;
    }
    name.split('.').enumerate().all(|(number, label)| is_label(label) || number == 0 && label == "*")
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && (label.len() <= LABEL_BYTES_MAX || !label.is_ascii())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => true,
            other => !other.is_ascii() && !other.is_whitespace() && !other.is_control(),
        })
}

/// `local@domain`, the local part as dot-atom or in quotes (RFC 5322, 3.4.1; RFC 6532 for other scripts).
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom.chars().all(|character| {
                character.is_ascii_alphanumeric()
                    || "!#$%&'*+-/=?^_`{|}~".contains(character)
                    || !character.is_ascii() && !character.is_whitespace() && !character.is_control()
            })
    };
    let literal =
        domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|rest| !rest.is_empty());
    (quoted || local.split('.').all(atom)) && (literal || is_domain(domain))
}

/// A URL: scheme, colon, and characters of RFC 3986 where it has them.
pub(super) fn is_url(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(colon) = bytes.iter().position(|byte| *byte == b':') else { return false };
    let (Some(scheme), Some(rest)) = (bytes.get(..colon), bytes.get(colon + 1..)) else { return false };
    let scheme_fits = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !scheme_fits || rest.is_empty() {
        return false;
    }
    let Some(after) = rest.strip_prefix(b"//") else { return is_path_query_fragment(rest) };
    let end = after.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(after.len());
    let (authority, rest) = after.split_at_checked(end).unwrap_or((after, &[]));
    std::str::from_utf8(authority).is_ok_and(is_authority) && is_path_query_fragment(rest)
}

/// What follows the authority. `?` may stand anywhere, since the first one ends the path; `#` once.
fn is_path_query_fragment(bytes: &[u8]) -> bool {
    let mut fragment = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            _ if URI[usize::from(*byte)] => {}
            b'/' | b'?' | b':' | b'@' => {}
            b'#' if !fragment => fragment = true,
            b'%' if bytes.get(at..at + 2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)) => at += 2,
            _ => return false,
        }
    }
    true
}

/// The unreserved characters and sub-delimiters of RFC 3986, 2.2 and 2.3.
static URI: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'
            | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=');
        byte += 1;
    }
    table
};

fn is_authority(text: &str) -> bool {
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let user = text.get(..text.len() - host.len()).unwrap_or_default();
    let (host, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let Some((literal, after)) = rest.split_once(']') else { return false };
            let future = literal.starts_with(['v', 'V']) && is_uri_part(literal, ":");
            let address = literal.split_once("%25").map_or(literal, |(address, _)| address);
            if !future && address.parse::<Ipv6Addr>().is_err() {
                return false;
            }
            ("", after.strip_prefix(':').or_else(|| after.is_empty().then_some("")))
        }
        None => host.split_once(':').map_or((host, Some("")), |(host, port)| (host, Some(port))),
    };
    is_uri_part(user, ":@")
        && is_uri_part(host, "")
        && port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Unreserved characters, sub-delimiters, escapes, and what else `also` has (RFC 3986, 2 and 3).
fn is_uri_part(text: &str, also: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => {
                let two = (bytes.next(), bytes.next());
                matches!(two, (Some(high), Some(low)) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
            }
            other => URI[usize::from(other)] || also.as_bytes().contains(&other),
        };
        if !fits {
            return false;
        }
    }
    true
}

/// `cpe:2.3:` and eleven parts, in the bound form of NISTIR 7695, 6.2.
pub(super) fn is_cpe(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:") else { return false };
    let mut parts = 0;
    let mut part = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next() {
            Some('\\') => match characters.next() {
                Some(escaped) if escaped.is_ascii_punctuation() => part.push('_'),
                _ => return false,
            },
            Some(':') | None if !is_cpe_part(&part, parts) => return false,
            Some(':') => {
                parts += 1;
                part.clear();
            }
            None => return parts == 10,
            Some(other) => part.push(other),
        }
    }
}

/// One part, with its escapes replaced.
fn is_cpe_part(part: &str, number: usize) -> bool {
    if matches!(part, "*" | "-") {
        return true;
    }
    let core = part.trim_matches(['?', '*']);
    match number {
        0 => matches!(part, "a" | "o" | "h"),
        _ => {
            !core.is_empty()
                && core.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        }
    }
}

/// A language tag whose parts are registered (RFC 5646, 2.2.9).
pub(super) fn is_language(text: &str) -> bool {
    language_tags::LanguageTag::parse(text).is_ok_and(|tag| tag.is_valid())
}

/// The hive written out, or none.
pub(super) fn is_hive_expanded(key: &str) -> bool {
    let hive = key.split('\\').next().unwrap_or_default();
    !["HKLM", "HKCC", "HKCR", "HKCU", "HKU"].iter().any(|short| hive.eq_ignore_ascii_case(short))
}

/// base64 with padding (RFC 4648, 4).
pub(super) fn is_base64(text: &str) -> bool {
    let core = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - core.len() <= 2
        && core.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// Pairs of hexadecimal digits in lower case (STIX 2.1, 2.8).
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty()
        && text.len().is_multiple_of(2)
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether `value` can be a hash of `algorithm` (STIX 2.1, 10.7). Unknown algorithms take anything.
pub(super) fn is_hash(algorithm: &str, value: &str) -> bool {
    let hex = |digits: usize| value.len() == digits && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    match algorithm {
        "MD5" => hex(32),
        "SHA-1" => hex(40),
        "SHA-256" | "SHA3-256" => hex(64),
        "SHA-512" | "SHA3-512" => hex(128),
        "SSDEEP" => is_ssdeep(value),
        // 35 bytes; version 4 writes `T1` before them.
        "TLSH" => {
            hex(70) || value.strip_prefix("T1").is_some_and(|rest| rest.len() == 70 && is_hash("TLSH", rest))
        }
        _ => true,
    }
}

/// `block size:hash:hash of twice the block size`.
fn is_ssdeep(value: &str) -> bool {
    let mut parts = value.splitn(3, ':');
    let (Some(size), Some(one), Some(two)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let digest = |text: &str| {
        text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b))
    };
    !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit()) && digest(one) && digest(two)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(fits: impl Fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(fits(text), "{text} is refused");
        }
        for text in bad {
            assert!(!fits(text), "{text} is taken");
        }
    }

    #[test]
    fn lists_are_sorted_and_each_of_their_words_is_found() {
        for list in [SERVICES, MEDIA_TYPES, CHARACTER_SETS, IPFIX] {
            assert!(list.lines().is_sorted() && list.ends_with('\n'));
            assert!(list.lines().all(|word| listed(list, word) && word.len() <= WORD_BYTES_MAX));
            assert!(!listed(list, "") && !listed(list, "zzzzz") && !listed(list, "\n") && !listed(list, "!"));
        }
        all(is_protocol, &["tcp", "http", "HTTPS", "ipv6"], &["no such protocol", ""]);
        all(is_mime_type, &["application/zip", "text/html; charset=utf-8"], &["bla/blabla", "zip"]);
        all(is_character_set, &["windows-1252", "UTF-8"], &["bla.bla.bla"]);
    }

    #[test]
    fn addresses() {
        all(
            is_ipv4,
            &["1.2.3.4", "10.0.0.0/8", "0.0.0.0/0"],
            &["1.2.3", "1.2.3.4/33", "01.2.3.4", "1.2.3.4/", "1.2.3.4/08"],
        );
        all(
            is_ipv6,
            &["::", "fe80::1%eth0", "2001:db8::/32", "::ffff:1.2.3.4"],
            &["fe80::/129", "::/", "::/03", "1.2.3.4", "::%"],
        );
        all(is_mac, &["00:00:ab:cd:ef:01"], &["00:00:AB:cd:ef:01", "0000abcdef01", "00-00-ab-cd-ef-01"]);
        all(
            is_domain,
            &[
                "example.com",
                "_dmarc.example.com.",
                "bücher.example",
                "*.example.com",
                "xn--bcher-kva.example",
            ],
            &["", ".", "a..b", "-a.com", "evil[.]com", "http://a.com", "a b.com", "a.*.com", "a/b"],
        );
        all(
            is_email,
            &["jdoe@example.com", "\"j d\"@example.com", "a+b.c@[192.0.2.1]"],
            &["John Doe <jdoe@example.com>", "jdoe", "@example.com", "a..b@example.com", "a@b c"],
        );
    }

    #[test]
    fn urls() {
        all(
            is_url,
            &[
                "https://example.com/a?b=c#d",
                "http://[::1]:8080/",
                "ftp://user:pass@h/",
                "mailto:a@b",
                "http://h/%20",
                "urn:x:y",
                "file:///etc",
            ],
            &[
                "foo",
                "",
                ":",
                "http://a b/",
                "http://h/%2",
                "http://h/<>",
                "1http://h",
                "http://é/",
                "http://h/a#b#c",
                "http://h:x/",
                "http://h/?a[]=1",
            ],
        );
    }

    #[test]
    fn cpes_hashes_and_the_rest() {
        all(
            is_cpe,
            &["cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*", r"cpe:2.3:a:b\:c:d:-:*:*:en-us:*:*:*:x86"],
            &[
                "cpe:/a:microsoft:word:2000",
                "cpe:2.3:a:b",
                "cpe:2.3:z:a:b:*:*:*:*:*:*:*:*",
                "cpe:2.3:a::b:*:*:*:*:*:*:*:*",
            ],
        );
        all(
            |value| is_hash("SSDEEP", value),
            &["3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C"],
            &["abc", "3:a", "x:a:b"],
        );
        all(is_base64, &["", "YQ==", "YWI=", "YWJj"], &["YQ=", "a", "failing test", "===="]);
        all(is_hex, &["00ff"], &["", "0", "FF", "0x"]);
        all(is_language, &["en", "de-AT", "zh-Hant-TW", "x-own"], &["español", "foo", "", "en_US"]);
        all(is_lower_words, &["a-b", "bücher", "c2"], &["A", "a b", "a_b", " ", "1", ""]);
        all(is_hive_expanded, &[r"HKEY_LOCAL_MACHINE\a", "", r"Software\HKLM"], &[r"HKLM\a", "hkcu"]);
        all(
            is_http_header,
            &["User-Agent", "DNT", "X-Forwarded-For"],
            &["x-foobar", "User Agent", "", "User-agent", "-"],
        );
        all(is_socket_option, &["SO_ACCEPTCONN", "IPV6_V6ONLY"], &["so_linger", "FOO_BAR", "SO_", "SO"]);
        all(is_country, &["us", "KR"], &["USA", "xx", ""]);
        let v4 = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
        assert_eq!(identifier(v4), Some(("indicator", 4)));
        for bad in [
            "indicator",
            "in--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "tool--00000000-0000-0000-0000-000000000000",
            "é--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "tool--8e2e2d2b-17d4-4cbf-738f-98ee46b3cd3f",
        ] {
            assert_eq!(identifier(bad), None, "{bad}");
        }
    }
}
