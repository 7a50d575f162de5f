//! What a signature is over: the RFC 8785 form of an object without the signature.
//!
//! The form knows doubles alone. A whole number that no double holds would have the form of its neighbours, and who reads whole
//! numbers to the digit would see another object under the same signature: so such an object has no form here. STIX 2.1 has no such
//! numbers either (section 2.7).

use serde_json::{Map, Value};

use super::{Broken, EXTENSION};
use crate::head::check_json;
use crate::json::OBJECT_BYTES_MAX;

/// The largest whole number that all readers of JSON hold to the digit: 2^53 − 1 (RFC 7493, section 2.2).
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// The canonical form of an object without its signature, and the signature's extension, if it has one.
pub(super) fn parted(raw: &str) -> Result<(Vec<u8>, Option<Value>), Broken> {
    if raw.len() > OBJECT_BYTES_MAX {
        return Err(Broken::Json(format!(
            "the object has {} bytes; the limit is {OBJECT_BYTES_MAX}",
            raw.len()
        )));
    }
    check_json(raw).map_err(|finding| Broken::Json(finding.message))?;
    if let Some(number) = large_integer(raw) {
        return Err(Broken::Number(number.chars().take(40).collect()));
    }
    let mut object: Map<String, Value> =
        serde_json::from_str(raw).map_err(|error| Broken::Json(error.to_string()))?;
    let mut note = None;
    if let Some(Value::Object(extensions)) = object.get_mut("extensions") {
        note = extensions.remove(EXTENSION);
        // Signed or not yet: extensions without one are none.
        if extensions.is_empty() {
            object.remove("extensions");
        }
    }
    let canonical =
        serde_json_canonicalizer::to_vec(&object).map_err(|error| Broken::Json(error.to_string()))?;
    Ok((canonical, note))
}

/// The first whole number in strict JSON that is beyond what all readers hold to the digit.
fn large_integer(json: &str) -> Option<&str> {
    let bytes = json.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = after_string(bytes, at + 1),
            b'0'..=b'9' => {
                let rest = json.get(at..)?;
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                let number = rest.bytes().take_while(|byte| b"0123456789.eE+-".contains(byte)).count();
                // Sixteen digits at least: fewer are always held.
                if digits == number && digits > 15 {
                    let number = rest.get(..digits)?;
                    if number.parse::<u64>().map_or(true, |number| number > INTEGER_MAX) {
                        return Some(number);
                    }
                }
                at += number;
            }
            _ => at += 1,
        }
    }
    None
}

/// Where a string ends that begins at `at`, past its closing mark.
fn after_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        match bytes.get(at + found) {
            Some(b'"') => return at + found + 1,
            _ => at += found + 2,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_that_no_double_holds_have_no_form() {
        for (json, found) in [
            ("9007199254740991", None),
            ("-9007199254740991", None),
            ("9007199254740992", Some("9007199254740992")),
            ("[1,-9007199254740993]", Some("9007199254740993")),
            (r#"{"a":"\"9999999999999999","b":1e300,"c":9999999999999999.5}"#, None),
            (r#"{"a":"\\","b":99999999999999999999}"#, Some("99999999999999999999")),
        ] {
            assert_eq!(large_integer(json), found, "{json}");
        }
    }

    #[test]
    fn the_form_is_that_of_the_rfc_without_the_signature() {
        let form = |json: &str| String::from_utf8(parted(json).unwrap().0).unwrap();
        assert_eq!(form(r#"{ "b" : 1.0, "a" : "\u20ac", "c":1E3 }"#), r#"{"a":"€","b":1,"c":1000}"#);
        let signed = format!(r#"{{"a":1,"extensions":{{"{EXTENSION}":{{}}}}}}"#);
        assert_eq!(form(&signed), r#"{"a":1}"#);
        assert_eq!(form(r#"{"a":1,"extensions":{}}"#), r#"{"a":1}"#);
        assert!(matches!(parted(r#"{"a":1,"a":1}"#), Err(Broken::Json(_))));
        assert!(matches!(parted(r#"{"a":1e999}"#), Err(Broken::Json(_))));
        assert!(matches!(parted(r#"{"a":"\ud800"}"#), Err(Broken::Json(_))));
    }
}
