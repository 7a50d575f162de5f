//! An object's extensions, as text: one is put in or taken out, and every other byte stays as it is.
//!
//! Who writes an object anew changes what others have signed or hashed, and loses what its reader did not know. So these
//! functions cut the text itself. They take any JSON object; what is no object, or has `extensions` of another kind, is left
//! alone.
//!
//! Source: STIX 2.1, sections 3.1 (`extensions`) and 7.3 (extension definitions).

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::Text;

/// The text with `value` (JSON) as the extension `id`, which it must not have yet. `None` if the text is no JSON object, or its
/// extensions are none.
#[must_use]
pub fn with(text: &str, id: &str, value: &str) -> Option<String> {
    let entry = format!("\"{id}\":{value}");
    let outer = members(text)?;
    match outer.iter().find(|member| member.key == "extensions") {
        None => put_in(text, 0, &outer, &format!("\"extensions\":{{{entry}}}")),
        Some(found) => {
            let start = found.value.start;
            put_in(text, start, &inner(text, found)?, &entry)
        }
    }
}

/// The text without the extension `id`, and without `extensions` if nothing else is in them. `None` if the text is no JSON
/// object, or has no such extension.
#[must_use]
pub fn without(text: &str, id: &str) -> Option<String> {
    let outer = members(text)?;
    let extensions = outer.iter().position(|member| member.key == "extensions")?;
    let (start, inner) = (outer.get(extensions)?.value.start, inner(text, outer.get(extensions)?)?);
    let at = inner.iter().position(|member| member.key == id)?;
    let gone = match inner.len() {
        1 => extent(text, &outer, extensions, 0)?,
        _ => extent(text, &inner, at, start)?,
    };
    Some(format!("{}{}", text.get(..gone.start)?, text.get(gone.end..)?))
}

/// A member of a JSON object: its key, and where its value stands in the text.
struct Member<'t> {
    key: Cow<'t, str>,
    value: Range<usize>,
}

/// The members of the object that a member's value is, where they stand in the text.
fn inner<'t>(text: &'t str, outer: &Member<'_>) -> Option<Vec<Member<'t>>> {
    let start = outer.value.start;
    let inner = members(text.get(outer.value.clone())?)?.into_iter();
    let moved =
        |member: Member<'t>| Member { value: member.value.start + start..member.value.end + start, ..member };
    Some(inner.map(moved).collect())
}

/// The members of a JSON object, in the text's order.
fn members(text: &str) -> Option<Vec<Member<'_>>> {
    let mut json = serde_json::Deserializer::from_str(text);
    let raw = (&mut json).deserialize_map(Members).ok()?;
    json.end().ok()?;
    let place = |value: &RawValue| {
        // The value is a part of the text, which is what tells where it stands.
        let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
        start..start + value.get().len()
    };
    Some(raw.into_iter().map(|(key, value)| Member { key, value: place(value) }).collect())
}

/// What goes when a member goes: with the comma before it, or, for the first, with the one after it. `start` is where the object
/// begins.
fn extent(text: &str, members: &[Member<'_>], at: usize, start: usize) -> Option<Range<usize>> {
    let end = members.get(at)?.value.end;
    match at.checked_sub(1).and_then(|before| members.get(before)) {
        Some(before) => Some(before.value.end..end),
        None => {
            let open = start + text.get(start..)?.find('{')? + 1;
            let rest = text.get(end..)?;
            let comma = rest.len() - rest.trim_start().len();
            Some(open..if members.len() > 1 { end + comma + 1 } else { end })
        }
    }
}

/// The text with an entry put after the last member of the object that begins at `start`.
fn put_in(text: &str, start: usize, members: &[Member<'_>], entry: &str) -> Option<String> {
    let (at, comma) = match members.last() {
        Some(last) => (last.value.end, ","),
        None => (start + text.get(start..)?.find('{')? + 1, ""),
    };
    Some(format!("{}{comma}{entry}{}", text.get(..at)?, text.get(at..)?))
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key_seed(Text)? {
            members.push((key, map.next_value()?));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_goes_in_and_comes_out_and_nothing_else_changes() {
        for (before, after) in [
            (r#"{"a":1}"#, r#"{"a":1,"extensions":{"e":{"x":2}}}"#),
            ("{}", r#"{"extensions":{"e":{"x":2}}}"#),
            (" { \"a\" : 1.0\n}\n", " { \"a\" : 1.0,\"extensions\":{\"e\":{\"x\":2}}\n}\n"),
            (
                r#"{"extensions" : {"f":{}} , "b":"é\u00e9"}"#,
                r#"{"extensions" : {"f":{},"e":{"x":2}} , "b":"é\u00e9"}"#,
            ),
        ] {
            let made = with(before, "e", r#"{"x":2}"#).unwrap();
            assert_eq!(made, after);
            assert_eq!(without(&made, "e").unwrap(), before);
        }
    }

    #[test]
    fn an_extension_comes_out_wherever_it_stands() {
        let check = |text: &str, left: &str| assert_eq!(without(text, "e").as_deref(), Some(left), "{text}");
        check(r#"{"extensions":{"e":{}},"a":1}"#, r#"{"a":1}"#);
        check(r#"{"extensions":{"e":{}}}"#, "{}");
        check(r#"{"a":1 , "extensions":{ "e":{} } , "b":2}"#, r#"{"a":1 , "b":2}"#);
        check(r#"{"extensions":{ "e":{} , "f":{}}}"#, r#"{"extensions":{ "f":{}}}"#);
        check(r#"{"extensions":{"f":{},"e":{},"g":{}}}"#, r#"{"extensions":{"f":{},"g":{}}}"#);
        check(r#"{"extensions":{"\u0065":{}}}"#, "{}");
    }

    #[test]
    fn what_has_no_such_place_is_left_alone() {
        for text in ["", "[]", "1", r#"{"a":1"#, r#"{"extensions":[]}"#, r#"{"extensions":null}"#, "{} {}"] {
            assert_eq!(with(text, "e", "{}"), None, "{text}");
            assert_eq!(without(text, "e"), None, "{text}");
        }
        assert_eq!(without(r#"{"extensions":{"f":{}},"e":1}"#, "e"), None);
    }
}
