//! Tags that carry something of STIX: machine tags `NAMESPACE:PREDICATE="VALUE"`.
//!
//! Marks and confidence have taxonomies of MISP's own (`tlp`, `PAP`, `misp:confidence-level`, `admiralty-scale`,
//! `estimative-language`). What STIX says and MISP has neither field nor taxonomy for stands under `stix2:`, such as
//! `stix2:indicator-types="phishing"`, and is taken back from there.

/// The namespace of tags that hold a STIX property.
pub(super) const NAMESPACE: &str = "stix2";
/// Longest tag that MISP keeps, in characters.
pub(super) const TAG_CHARS_MAX: usize = 255;

/// `stix2:NAME="VALUE"`, the property's underscores as hyphens.
pub(super) fn of(property: &str, value: &str) -> String {
    format!("{NAMESPACE}:{}=\"{}\"", property.replace('_', "-"), value.replace('"', "'"))
}

/// The property and value of a `stix2:` tag.
pub(super) fn property(tag: &str) -> Option<(String, &str)> {
    let rest = tag.strip_prefix(NAMESPACE)?.strip_prefix(':')?;
    let (name, value) = rest.split_once('=')?;
    let value = value.strip_prefix('"')?.strip_suffix('"')?;
    Some((name.replace('-', "_"), value))
}

/// The confidence that a tag states, 0 to 100.
///
/// Source: the numerical values of MISP's taxonomies of these names; for `misp:confidence-level` misp-stix too.
pub(super) fn confidence(tag: &str) -> Option<u8> {
    let (name, value) = tag.split_once('=')?;
    let value = value.trim_matches('"');
    Some(match (name, value) {
        ("misp:confidence-level", "completely-confident")
        | ("admiralty-scale:information-credibility", "1") => 100,
        ("misp:confidence-level", "usually-confident") | ("admiralty-scale:information-credibility", "2") => {
            75
        }
        ("misp:confidence-level", "fairly-confident") | ("admiralty-scale:information-credibility", "3") => {
            50
        }
        ("misp:confidence-level", "rarely-confident") | ("admiralty-scale:information-credibility", "4") => {
            25
        }
        ("misp:confidence-level", "unconfident") | ("admiralty-scale:information-credibility", "5") => 0,
        ("estimative-language:likelihood-probability", "almost-no-chance") => 0,
        ("estimative-language:likelihood-probability", "very-unlikely") => 5,
        ("estimative-language:likelihood-probability", "unlikely") => 20,
        ("estimative-language:likelihood-probability", "roughly-even-chance") => 45,
        ("estimative-language:likelihood-probability", "likely") => 55,
        ("estimative-language:likelihood-probability", "very-likely") => 80,
        ("estimative-language:likelihood-probability", "almost-certain") => 95,
        ("estimative-language:confidence-in-analytic-judgment", "low") => 0,
        ("estimative-language:confidence-in-analytic-judgment", "moderate") => 55,
        ("estimative-language:confidence-in-analytic-judgment", "high") => 95,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_comes_back_from_its_tag() {
        assert_eq!(
            property(&of("indicator_types", "phishing")),
            Some(("indicator_types".into(), "phishing"))
        );
        assert_eq!(property("stix2:x"), None);
        assert_eq!(property("tlp:green"), None);
    }

    #[test]
    fn confidence_is_read_from_three_scales() {
        assert_eq!(confidence("misp:confidence-level=\"usually-confident\""), Some(75));
        assert_eq!(confidence("admiralty-scale:information-credibility=\"2\""), Some(75));
        assert_eq!(confidence("estimative-language:likelihood-probability=\"very-likely\""), Some(80));
        assert_eq!(confidence("admiralty-scale:source-reliability=\"a\""), None);
    }
}
