//! What a browser may load and run in an answer: nothing but the node's style sheet, and styles that the page itself has.
//!
//! A page or picture with styles in it names them by their hashes, so that a style that found its way in by way of an object's
//! text counts for nothing. Styles on single elements do not count at all. Source: Content Security Policy Level 3, 6.7.3.3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use sha2::{Digest as _, Sha256};

/// What is said of every answer that has no styles of its own.
pub const WITHOUT_STYLES: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// Styles of one page that are named; the pictures of a case have a few each.
const STYLES_MAX: usize = 40;

/// What is said of a page: as [`WITHOUT_STYLES`], with the hashes of the styles that it has itself. `None` if it has none.
#[must_use]
pub fn of(html: &str) -> Option<HeaderValue> {
    let styles = html.split("<style>").skip(1).filter_map(|rest| rest.split_once("</style>"));
    let hash = |(style, _): (&str, &str)| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(style)));
    let mut hashes: Vec<String> = styles.map(hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.truncate(STYLES_MAX);
    if hashes.is_empty() {
        return None;
    }
    let own = format!("style-src 'self'{}", hashes.concat());
    HeaderValue::from_str(&WITHOUT_STYLES.replace("style-src 'self'", &own)).ok()
}

/// What is said of a page that runs the node's own scripts, which may ask the node alone; else as [`of`].
#[must_use]
pub fn of_page(html: &str) -> Option<HeaderValue> {
    let styles = of(html);
    if !html.contains("<script src=\"/") {
        return styles;
    }
    let policy = styles.as_ref().and_then(|styles| styles.to_str().ok()).unwrap_or(WITHOUT_STYLES);
    HeaderValue::from_str(&format!("{policy}; script-src 'self'; connect-src 'self'")).ok()
}

#[cfg(test)]
mod tests {
    use super::{of, of_page};

    #[test]
    fn a_page_with_a_script_of_the_node_may_run_it_and_no_other() {
        assert_eq!(of_page("<p>&lt;script src=\"/x.js\"&gt;</p>"), None);
        let policy = of_page("<style>p{}</style><script src=\"/page.js\" defer></script>").unwrap();
        let policy = policy.to_str().unwrap();
        assert!(policy.contains(HASH_OF_P), "{policy}");
        assert!(policy.ends_with("; script-src 'self'; connect-src 'self'"), "{policy}");
    }

    #[test]
    fn styles_of_a_page_are_named_by_their_hashes() {
        assert_eq!(of("<p>no style</p>"), None);
        let policy = of("<style>p{}</style><svg><style>p{}</style></svg><style>q{}</style>").unwrap();
        let policy = policy.to_str().unwrap();
        // echo -n 'p{}' | openssl dgst -sha256 -binary | base64
        assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
        assert!(policy.contains("style-src 'self' 'sha256-"), "{policy}");
        assert!(policy.contains(HASH_OF_P), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
    }

    const HASH_OF_P: &str = "'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='";
}
