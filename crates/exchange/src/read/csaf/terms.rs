//! Words of other standards that a document uses: weaknesses, languages, package URLs, version ranges.
//!
//! CWE has about a thousand weaknesses; the table here has the ones that advisories name most. A weakness that it lacks is
//! taken as it is said. Languages are the two-letter ones of ISO 639-1; longer ones are taken by form.
//!
//! Source: MITRE CWE 4.x (names); RFC 5646 (language tags); the Package URL specification; CSAF 2.0, 6.1.31.

const CWE: [(u32, &str); 78] = [
    (20, "Improper Input Validation"),
    (22, "Improper Limitation of a Pathname to a Restricted Directory ('Path Traversal')"),
    (23, "Relative Path Traversal"),
    (36, "Absolute Path Traversal"),
    (59, "Improper Link Resolution Before File Access ('Link Following')"),
    (
        74,
        "Improper Neutralization of Special Elements in Output Used by a Downstream Component ('Injection')",
    ),
    (77, "Improper Neutralization of Special Elements used in a Command ('Command Injection')"),
    (78, "Improper Neutralization of Special Elements used in an OS Command ('OS Command Injection')"),
    (79, "Improper Neutralization of Input During Web Page Generation ('Cross-site Scripting')"),
    (88, "Improper Neutralization of Argument Delimiters in a Command ('Argument Injection')"),
    (89, "Improper Neutralization of Special Elements used in an SQL Command ('SQL Injection')"),
    (90, "Improper Neutralization of Special Elements used in an LDAP Query ('LDAP Injection')"),
    (94, "Improper Control of Generation of Code ('Code Injection')"),
    (116, "Improper Encoding or Escaping of Output"),
    (117, "Improper Output Neutralization for Logs"),
    (119, "Improper Restriction of Operations within the Bounds of a Memory Buffer"),
    (120, "Buffer Copy without Checking Size of Input ('Classic Buffer Overflow')"),
    (121, "Stack-based Buffer Overflow"),
    (122, "Heap-based Buffer Overflow"),
    (125, "Out-of-bounds Read"),
    (126, "Buffer Over-read"),
    (131, "Incorrect Calculation of Buffer Size"),
    (134, "Use of Externally-Controlled Format String"),
    (190, "Integer Overflow or Wraparound"),
    (191, "Integer Underflow (Wrap or Wraparound)"),
    (193, "Off-by-one Error"),
    (200, "Exposure of Sensitive Information to an Unauthorized Actor"),
    (203, "Observable Discrepancy"),
    (208, "Observable Timing Discrepancy"),
    (209, "Generation of Error Message Containing Sensitive Information"),
    (250, "Execution with Unnecessary Privileges"),
    (256, "Plaintext Storage of a Password"),
    (259, "Use of Hard-coded Password"),
    (269, "Improper Privilege Management"),
    (276, "Incorrect Default Permissions"),
    (284, "Improper Access Control"),
    (285, "Improper Authorization"),
    (287, "Improper Authentication"),
    (290, "Authentication Bypass by Spoofing"),
    (294, "Authentication Bypass by Capture-replay"),
    (295, "Improper Certificate Validation"),
    (306, "Missing Authentication for Critical Function"),
    (307, "Improper Restriction of Excessive Authentication Attempts"),
    (311, "Missing Encryption of Sensitive Data"),
    (312, "Cleartext Storage of Sensitive Information"),
    (319, "Cleartext Transmission of Sensitive Information"),
    (326, "Inadequate Encryption Strength"),
    (327, "Use of a Broken or Risky Cryptographic Algorithm"),
    (330, "Use of Insufficiently Random Values"),
    (345, "Insufficient Verification of Data Authenticity"),
    (347, "Improper Verification of Cryptographic Signature"),
    (352, "Cross-Site Request Forgery (CSRF)"),
    (362, "Concurrent Execution using Shared Resource with Improper Synchronization ('Race Condition')"),
    (369, "Divide By Zero"),
    (384, "Session Fixation"),
    (400, "Uncontrolled Resource Consumption"),
    (401, "Missing Release of Memory after Effective Lifetime"),
    (415, "Double Free"),
    (416, "Use After Free"),
    (426, "Untrusted Search Path"),
    (427, "Uncontrolled Search Path Element"),
    (434, "Unrestricted Upload of File with Dangerous Type"),
    (476, "NULL Pointer Dereference"),
    (494, "Download of Code Without Integrity Check"),
    (502, "Deserialization of Untrusted Data"),
    (522, "Insufficiently Protected Credentials"),
    (601, "URL Redirection to Untrusted Site ('Open Redirect')"),
    (611, "Improper Restriction of XML External Entity Reference"),
    (639, "Authorization Bypass Through User-Controlled Key"),
    (668, "Exposure of Resource to Wrong Sphere"),
    (732, "Incorrect Permission Assignment for Critical Resource"),
    (770, "Allocation of Resources Without Limits or Throttling"),
    (787, "Out-of-bounds Write"),
    (798, "Use of Hard-coded Credentials"),
    (824, "Access of Uninitialized Pointer"),
    (862, "Missing Authorization"),
    (863, "Incorrect Authorization"),
    (918, "Server-Side Request Forgery (SSRF)"),
];

/// Whether a weakness has this name.
pub(super) fn cwe(id: &str, name: &str) -> Result<(), String> {
    let number =
        id.strip_prefix("CWE-").and_then(|number| number.parse::<u32>().ok()).filter(|number| *number > 0);
    let number = number.ok_or_else(|| format!("`{id}` is no CWE"))?;
    match CWE.iter().find(|(known, _)| *known == number) {
        Some((_, known)) if *known != name => Err(format!("{id} is called `{known}`, not `{name}`")),
        None if name.is_empty() => Err(format!("{id} has no name")),
        None if CWE.iter().any(|(_, known)| *known == name) => Err(format!("`{name}` is another than {id}")),
        _ => Ok(()),
    }
}

/// ISO 639-1, in one text.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv \
    dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is \
    it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr \
    ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl \
    sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Whether a tag names a language. Source: RFC 5646, section 2.1.
pub(super) fn language(tag: &str) -> Result<(), &'static str> {
    let fine = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default().to_ascii_lowercase();
    if !tag.split('-').all(fine) {
        return Err("parts of one to eight letters or digits, with hyphens between");
    }
    match first.len() {
        1 if matches!(first.as_str(), "x" | "i") && parts.next().is_some() => Ok(()),
        2 if LANGUAGES.split_ascii_whitespace().any(|known| known == first) => Ok(()),
        2 => Err("no language of ISO 639 has these two letters"),
        3 | 5..=8 if first.bytes().all(|b| b.is_ascii_lowercase()) => Ok(()),
        _ => Err("it begins with no language"),
    }
}

/// Whether a part of a language tag is reserved for private use.
///
/// Source: RFC 5646, sections 2.2.1 to 2.2.4 and 2.2.7.
pub(super) fn is_private_use(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let between =
        |part: &str, first: &str, last: &str| part.len() == first.len() && part >= first && part <= last;
    language == "x"
        || between(language, "qaa", "qtz")
        || parts.any(|part| {
            part == "x"
                || matches!(part, "aa" | "zz")
                || between(part, "qm", "qz")
                || between(part, "xa", "xz")
                || between(part, "qaaa", "qabx")
        })
}

/// Whether a text is a package URL: `pkg:type/namespace/name@version`.
pub(super) fn purl(text: &str) -> Result<(), &'static str> {
    let rest = text.strip_prefix("pkg:").ok_or("it does not begin with `pkg:`")?;
    let rest = rest.trim_start_matches('/');
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (kind, path) = rest.split_once('/').ok_or("there is no name after the type")?;
    let fine = kind.starts_with(|c: char| c.is_ascii_alphabetic())
        && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-".contains(&b));
    if !fine {
        return Err("the type has letters, digits, `.`, `+` and `-`");
    }
    let path = path.trim_matches('/');
    let name_at = path.rfind('/').map_or(0, |at| at + 1);
    let name = path.get(name_at..).unwrap_or_default().split('@').next().unwrap_or_default();
    // A scope such as `@angular` is written %40angular.
    if name.is_empty() || path.split('@').next().unwrap_or_default().is_empty() {
        return Err("the name is missing");
    }
    let namespace = path.get(..name_at).unwrap_or_default().trim_end_matches('/');
    if matches!(kind, "maven" | "github" | "composer") && namespace.is_empty() {
        return Err("packages of this type have a namespace");
    }
    Ok(())
}

/// The word or sign that makes a version a range.
pub(super) fn range_word(name: &str) -> Option<&'static str> {
    const WORDS: [&str; 7] = ["after", "all", "before", "earlier", "later", "prior", "versions"];
    if let Some(sign) = ["<=", ">=", "<", ">"].into_iter().find(|sign| name.contains(sign)) {
        return Some(sign);
    }
    let lower = name.to_lowercase();
    // `after-eight` is a name: a hyphen does not end a word.
    let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '-');
    words.find_map(|word| WORDS.into_iter().find(|known| *known == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_standards_are_told() {
        assert!(cwe("CWE-79", "Improper Input Validation").is_err());
        assert!(cwe("CWE-1288", "Improper Validation of Consistency within Input").is_ok());
        assert!(cwe("CWE-0", "").is_err());
        for tag in ["en", "de-AT", "zh-Hant-TW", "x-private", "gsw"] {
            assert_eq!(language(tag), Ok(()), "{tag}");
        }
        for tag in ["EZ", "e", "", "en_US", "en--US"] {
            assert!(language(tag).is_err(), "{tag}");
        }
        for text in ["pkg:maven/org.apache/x@1.3.4", "pkg:npm/%40angular/cli@12", "pkg:oci/debian@sha256:ab"]
        {
            assert_eq!(purl(text), Ok(()), "{text}");
        }
        for text in ["pkg:maven/@1.3.4", "pkg:maven/x@1", "maven/a/b", "pkg:/a", "pkg:npm/"] {
            assert!(purl(text).is_err(), "{text}");
        }
        for tag in ["qtx", "x-secret", "fr-ZZ", "en-QM", "en-Qabc", "de-AT-x-vienna"] {
            assert!(is_private_use(tag), "{tag}");
        }
        for tag in ["en", "aa", "zh-Hant-TW", "qu-PE", "en-QA"] {
            assert!(!is_private_use(tag), "{tag}");
        }
        assert_eq!(range_word("prior to 4.2"), Some("prior"));
        assert_eq!(range_word("3.X versions"), Some("versions"));
        assert_eq!(range_word("4.2"), None);
        assert_eq!(range_word("balloon 2"), None);
        assert_eq!(range_word("after-eight"), None);
    }
}
