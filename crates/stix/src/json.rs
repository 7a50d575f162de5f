//! Strict reading of JSON: no key twice at any depth, bounded depth.
//!
//! `serde_json` checks the grammar; this module adds what it leaves open and what an exchange can't: two
//! readers that pick different ones of two equal keys would see two different objects. Nothing is kept of
//! what is only checked. Source: RFC 8259, section 4; STIX 2.1, section 2 (I-JSON, RFC 7493).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Deepest nesting of arrays and objects in one object.
pub const DEPTH_MAX: usize = 100;
/// Longest object, in bytes.
pub const OBJECT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Up to this many keys are compared one by one; more go through a hash set.
const KEYS_LINEAR_MAX: usize = 24;

/// The keys of one JSON object that were seen so far.
#[derive(Default)]
pub(crate) struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    /// Notes `key`; false if it was there already.
    pub(crate) fn insert(&mut self, key: Cow<'de, str>) -> bool {
        if self.many.is_empty() && self.few.len() < KEYS_LINEAR_MAX {
            let new = !self.few.contains(&key);
            self.few.push(key);
            return new;
        }
        if self.many.is_empty() {
            self.many.extend(self.few.drain(..));
        }
        self.many.insert(key)
    }
}

/// A string, borrowed where it has no escapes.
pub(crate) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// What a checked value is, and how many elements it has itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text, a number, `true`, `false` or `null`.
    Leaf,
    /// A list of so many.
    List(usize),
    /// An object.
    Object,
}

/// Walks a value and checks it; gives its shape.
pub(crate) struct Checked<'n> {
    depth: usize,
    /// Is told of each text under a `*_ref` or `*_refs`, if somebody wants to know.
    named: Option<&'n mut dyn FnMut(&str)>,
    /// Whether the value stands under such a key itself.
    is_reference: bool,
}

impl<'n> Checked<'n> {
    /// Checks a value that stands `depth` levels deep.
    pub(crate) const fn at(depth: usize) -> Self {
        Self { depth, named: None, is_reference: false }
    }

    /// Checks the value of `key` at the top of an object, and tells `named` of each text under a `*_ref` or `*_refs` in it,
    /// at any depth.
    pub(crate) fn of(key: &str, named: &'n mut dyn FnMut(&str)) -> Self {
        Self { depth: 1, named: Some(named), is_reference: is_reference(key) }
    }

    /// What stands in this value under `key`; in a list, under the list's own.
    fn inner<E: Error>(&mut self, key: Option<&str>) -> Result<Checked<'_>, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom(format_args!("nested deeper than {DEPTH_MAX} levels")));
        }
        let is_reference = key.map_or(self.is_reference, is_reference);
        let named = self.named.as_mut().map(|named| &mut **named as &mut dyn FnMut(&str));
        Ok(Checked { depth: self.depth + 1, named, is_reference })
    }
}

/// Whether a property of this name refers to objects (STIX 2.1, section 3.1).
fn is_reference(key: &str) -> bool {
    key.ends_with("_ref") || key.ends_with("_refs")
}

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_> {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Leaf)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Leaf)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Leaf)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Leaf)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Shape, E> {
        if let Some(named) = self.named.filter(|_| self.is_reference) {
            named(text);
        }
        Ok(Shape::Leaf)
    }

    fn visit_unit<E: Error>(self) -> Result<Shape, E> {
        Ok(Shape::Leaf)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Shape, A::Error> {
        let mut count = 0;
        while seq.next_element_seed(self.inner(None)?)?.is_some() {
            count += 1;
        }
        Ok(Shape::List(count))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Shape, A::Error> {
        let mut keys = Keys::default();
        while let Some(key) = map.next_key_seed(Text)? {
            if !keys.insert(key.clone()) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice in one object")));
            }
            map.next_value_seed(self.inner(Some(&key))?)?;
        }
        Ok(Shape::Object)
    }
}
