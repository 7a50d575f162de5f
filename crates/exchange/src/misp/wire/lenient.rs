//! How MISP's JSON is read and written: leniently in, exactly out.
//!
//! MISP, PyMISP and the tools around them write numbers as text or text as numbers, truths as `true`, `1` or `"1"`,
//! and leave fields out, set them to null or to an empty list. All are read. What is written is what MISP itself sends:
//! scalars as text, truths as booleans, no field that is not known. Fields that nobody knows here are kept in `extra`
//! and written back. Nothing here fails on a value; only text that is no JSON does.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

/// Most fields of one element that are kept without being known; more are left out.
pub const EXTRA_FIELDS_MAX: usize = 200;

/// A scalar, as text whatever its JSON type was; absent when it was null, missing or no scalar.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub struct Text(Option<Box<str>>);

impl Text {
    /// The text without spaces around it; `None` if nothing is left.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The text as it stands; empty if absent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether there is nothing, not even an empty text.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// `1`, `true`, in any case.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.text().is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true"))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Some(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Some(text.into()))
    }
}

impl<T: Into<Self>> From<Option<T>> for Text {
    fn from(text: Option<T>) -> Self {
        text.map_or_else(Self::default, Into::into)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(text) => serializer.serialize_str(text),
            None => serializer.serialize_none(),
        }
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text::from(text))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Text, E> {
        Ok(Text::from(if truth { "true" } else { "false" }))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
        Ok(Text::from(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
        Ok(Text::from(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
        Ok(Text::from(number.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_none<E>(self) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }
}

/// A truth, which MISP may have written as a boolean, a number or text; absent when it was none of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flag(pub Option<bool>);

impl Flag {
    /// Whether it is there and true.
    #[must_use]
    pub fn is_true(self) -> bool {
        self.0 == Some(true)
    }

    /// Whether nothing was said.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        self.0.is_none()
    }
}

impl From<bool> for Flag {
    fn from(truth: bool) -> Self {
        Self(Some(truth))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        Ok(Self(match text.text() {
            None => None,
            Some("0") => Some(false),
            Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Some(_) => Some(text.is_true() || text.text().is_some_and(|text| text.parse::<u64>().is_ok())),
        }))
    }
}

impl Serialize for Flag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(truth) => serializer.serialize_bool(truth),
            None => serializer.serialize_none(),
        }
    }
}

/// Any JSON, kept as it was.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Any(pub Option<Json>);

impl Any {
    /// Whether there was nothing.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        self.0.is_none()
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Some(Json::deserialize(deserializer)?)))
    }
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// What holds numbers that mean something in one MISP instance alone.
pub trait Strip {
    /// Takes them away, here and in all that is inside.
    fn strip(&mut self);
}

impl Strip for Text {
    fn strip(&mut self) {}
}

impl Strip for Flag {
    fn strip(&mut self) {}
}

impl Strip for Any {
    fn strip(&mut self) {}
}

impl<T: Strip> Strip for One<T> {
    fn strip(&mut self) {
        if let Some(one) = &mut self.0 {
            one.strip();
        }
    }
}

impl<T: Strip> Strip for Many<T> {
    fn strip(&mut self) {
        for one in &mut self.all {
            one.strip();
        }
    }
}

/// What is read from a JSON object field by field.
pub trait Element: Sized {
    /// Reads the fields. Of one that comes twice the last counts.
    ///
    /// # Errors
    /// Only where the text is no JSON.
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

/// One element; absent when it was anything but a JSON object.
#[derive(Debug, Clone, PartialEq)]
pub struct One<T>(pub Option<Box<T>>);

impl<T> One<T> {
    /// What is there.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        self.0.is_none()
    }
}

impl<T> Default for One<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<T> for One<T> {
    fn from(one: T) -> Self {
        Self(Some(Box::new(one)))
    }
}

impl<'de, T: Element> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(deserializer.deserialize_any(ElementVisitor(PhantomData))?.map(Box::new)))
    }
}

impl<T: Serialize> Serialize for One<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A list that may have been absent, null or a single element; the places of what was no element in it are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Many<T> {
    /// The elements, in order.
    pub all: Vec<T>,
    /// Where in the list stood what could not be read, in order.
    pub unread: Vec<usize>,
}

impl<T> Many<T> {
    /// Whether there is none.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        self.all.is_empty()
    }

    /// What was neither a list nor an element.
    fn no_list() -> Self {
        Self { all: Vec::new(), unread: vec![0] }
    }

    /// Where in the list each of the elements stood.
    pub fn places(&self) -> impl Iterator<Item = usize> + use<T> {
        let mut unread = self.unread.clone().into_iter().peekable();
        (0..).filter(move |place| unread.next_if_eq(place).is_none())
    }

    /// The elements.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.all.iter()
    }
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self { all: Vec::new(), unread: Vec::new() }
    }
}

impl<T> From<Vec<T>> for Many<T> {
    fn from(all: Vec<T>) -> Self {
        Self { all, unread: Vec::new() }
    }
}

impl<'a, T> IntoIterator for &'a Many<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl<T: Serialize> Serialize for Many<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl<'de, T: Element> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor(PhantomData))
    }
}

struct ManyVisitor<T>(PhantomData<T>);

impl<'de, T: Element> Visitor<'de> for ManyVisitor<T> {
    type Value = Many<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Many<T>, A::Error> {
        let mut many = Many::default();
        while let Some(Maybe(element)) = list.next_element::<Maybe<T>>()? {
            match element {
                Some(element) => many.all.push(element),
                None => many.unread.push(many.all.len() + many.unread.len()),
            }
        }
        Ok(many)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Many<T>, A::Error> {
        Ok(Many::from(vec![T::from_map(map)?]))
    }

    fn visit_unit<E>(self) -> Result<Many<T>, E> {
        Ok(Many::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Many<T>, E> {
        Ok(if text.is_empty() { Many::default() } else { Many::no_list() })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Many<T>, E> {
        Ok(Many::no_list())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Many<T>, E> {
        Ok(Many::no_list())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Many<T>, E> {
        Ok(Many::no_list())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Many<T>, E> {
        Ok(Many::no_list())
    }
}

/// An element of a list, if it is one.
struct Maybe<T>(Option<T>);

impl<'de, T: Element> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementVisitor(PhantomData)).map(Self)
    }
}

struct ElementVisitor<T>(PhantomData<T>);

impl<'de, T: Element> Visitor<'de> for ElementVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::from_map(map).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Option<T>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }
}

/// A field's name, read into a buffer that is used again and again.
pub(super) struct Key<'k>(pub(super) &'k mut String);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.clear();
        self.0.push_str(text);
        Ok(())
    }
}

/// Defines an element of the format: a field, its type and its name on the wire; `always` for what is written even when
/// empty, `here` for what means something in one instance alone. Reading, writing and stripping follow from the one table.
macro_rules! element {
    (
        $(#[$doc:meta])*
        $name:ident { $( $(#[$field_doc:meta])* $field:ident: $kind:ty = $wire:literal $($mark:ident)?; )* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Default, Clone, PartialEq)]
        pub struct $name {
            $( $(#[$field_doc])* pub $field: $kind, )*
            /// Fields that are not known here, as they came.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl $crate::misp::wire::Element for $name {
            fn from_map<'de, A: serde::de::MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
                let mut made = Self::default();
                let mut key = String::new();
                while map.next_key_seed($crate::misp::wire::lenient::Key(&mut key))?.is_some() {
                    match key.as_str() {
                        $( $wire => made.$field = map.next_value()?, )*
                        _ if made.extra.len() < $crate::misp::wire::EXTRA_FIELDS_MAX => {
                            made.extra.insert(std::mem::take(&mut key), map.next_value()?);
                        }
                        _ => { map.next_value::<serde::de::IgnoredAny>()?; }
                    }
                }
                Ok(made)
            }
        }

        impl $crate::misp::wire::Strip for $name {
            fn strip(&mut self) {
                $( element!(@strip self.$field $($mark)?); )*
            }
        }

        impl $crate::misp::wire::Malformed for $name {
            fn malformed(&self, place: &$crate::misp::wire::Place<'_>, on: &mut dyn FnMut(String, usize)) {
                $( $crate::misp::wire::Malformed::malformed(&self.$field, &place.within($wire), on); )*
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visit;
                impl<'de> serde::de::Visitor<'de> for Visit {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a MISP ", stringify!($name)))
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        $crate::misp::wire::Element::from_map(map)
                    }
                }
                deserializer.deserialize_map(Visit)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $( if element!(@shown self.$field $($mark)?) { map.serialize_entry($wire, &self.$field)?; } )*
                for (key, value) in &self.extra { map.serialize_entry(key, value)?; }
                map.end()
            }
        }
    };
    (@strip $self:ident.$field:ident here) => { $self.$field = Default::default(); };
    (@strip $self:ident.$field:ident $($mark:ident)?) => { $crate::misp::wire::Strip::strip(&mut $self.$field); };
    (@shown $self:ident.$field:ident always) => { true };
    (@shown $self:ident.$field:ident here) => { !$self.$field.is_absent() };
    (@shown $self:ident.$field:ident) => { !$self.$field.is_absent() };
}
pub(super) use element;
