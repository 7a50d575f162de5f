//! The head of an object: the few facts that the system acts on, read beside the bytes.
//!
//! One pass over the raw text checks the JSON strictly and picks up identity, version, markings and
//! references; everything else stays in the bytes, which are the truth and are never written anew.
//! Nothing here judges whether the object is good STIX beyond what sharing it safely needs.
//!
//! Source: STIX 2.1, sections 3.1 to 3.7 (common properties), 5.1 (relationship), 5.2 (sighting).

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::finding::Finding;
use crate::id::ObjectId;
use crate::json::{Checked, Keys, OBJECT_BYTES_MAX, Shape, Text};
use crate::marking::GRANULAR_MARKINGS_MAX;
use crate::time::Timestamp;

/// Most references that one object may hold.
pub const REFERENCES_MAX: usize = 100_000;

/// The specification that an object says it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpecVersion {
    /// STIX 2.0: no `spec_version` on the object.
    V20,
    /// STIX 2.1.
    V21,
}

impl SpecVersion {
    /// `2.0` or `2.1`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V20 => "2.0",
            Self::V21 => "2.1",
        }
    }
}

/// What a reference is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// `source_ref` of a relationship.
    Source,
    /// `target_ref` of a relationship.
    Target,
    /// `sighting_of_ref` of a sighting.
    SightingOf,
    /// One of `object_refs`.
    ObjectRefs,
    /// Any other `*_ref` or `*_refs`, at any depth.
    Other,
}

impl Role {
    /// Whether the object makes no sense to one who may not see what is referred to (rule P-3).
    #[must_use]
    pub const fn essential(self) -> bool {
        matches!(self, Self::Source | Self::Target | Self::SightingOf)
    }
}

/// One reference from an object to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it is for.
    pub role: Role,
    /// Whom it names.
    pub id: ObjectId,
}

/// What the system knows of an object without reading it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The object's id.
    pub id: ObjectId,
    /// The specification it follows.
    pub spec_version: SpecVersion,
    /// `created`, if the type has it.
    pub created: Option<Timestamp>,
    /// `modified`, if the type has it.
    pub modified: Option<Timestamp>,
    /// Whether this version ends the object (STIX 2.1, 3.6.2).
    pub revoked: bool,
    /// `created_by_ref`.
    pub created_by: Option<ObjectId>,
    /// `object_marking_refs`.
    pub markings: Vec<ObjectId>,
    /// Whether there are `granular_markings`.
    pub granular: bool,
    /// Every other `*_ref` and `*_refs`, at any depth, in order.
    pub references: Vec<Reference>,
}

impl Head {
    /// The version: `modified`, else `created`, else [`Timestamp::MIN`] for objects without versions.
    #[must_use]
    pub fn version(&self) -> Timestamp {
        self.modified.or(self.created).unwrap_or(Timestamp::MIN)
    }

    /// The object's type.
    #[must_use]
    pub fn object_type(&self) -> &str {
        self.id.object_type()
    }

    /// The objects without which this one makes no sense to its reader.
    pub fn essential(&self) -> impl Iterator<Item = &ObjectId> {
        self.references.iter().filter(|reference| reference.role.essential()).map(|reference| &reference.id)
    }
}

/// Reads the head of one STIX object from its text.
///
/// Takes STIX 2.0 and 2.1, unknown types and custom properties. About a microsecond per kilobyte.
///
/// # Errors
/// A [`Finding`] when the text is not strict JSON (grammar, a key twice, deeper than
/// [`DEPTH_MAX`](crate::json::DEPTH_MAX), longer than [`OBJECT_BYTES_MAX`]), or a common property is missing or malformed.
pub fn read_head(raw: &str) -> Result<Head, Finding> {
    if raw.len() > OBJECT_BYTES_MAX {
        let message = format!("the object has {} bytes; the limit is {OBJECT_BYTES_MAX}", raw.len());
        return Err(Finding::error("object-too-large", "", message));
    }
    let mut parts = Parts::default();
    let mut json = serde_json::Deserializer::from_str(raw);
    let outcome = Reader { parts: &mut parts }.deserialize(&mut json).and_then(|()| json.end());
    if let Err(error) = outcome {
        return Err(parts.finding.take().unwrap_or_else(|| Finding::error("json", "", error.to_string())));
    }
    parts.finish()
}

#[derive(Default)]
struct Parts<'de> {
    object_type: Option<Cow<'de, str>>,
    id: Option<Cow<'de, str>>,
    spec_version: Option<Cow<'de, str>>,
    created: Option<Timestamp>,
    modified: Option<Timestamp>,
    revoked: bool,
    created_by: Option<ObjectId>,
    markings: Vec<ObjectId>,
    granular: bool,
    references: Vec<Reference>,
    finding: Option<Finding>,
}

impl Parts<'_> {
    fn finish(self) -> Result<Head, Finding> {
        let missing = |name: &str| {
            Finding::error(
                "property-missing",
                name,
                format!("the property `{name}` is required (STIX 2.1, 3.1)"),
            )
        };
        let object_type = self.object_type.ok_or_else(|| missing("type"))?;
        let id = self.id.ok_or_else(|| missing("id"))?;
        let id = ObjectId::parse(&id)
            .map_err(|error| Finding::error("id-malformed", "id", format!("`{}`: {error}", cut(&id))))?;
        if id.object_type() != object_type {
            let message =
                format!("the id's type is `{}`, the object's `{}`", id.object_type(), cut(&object_type));
            return Err(Finding::error("id-type-differs", "id", message));
        }
        if object_type == "bundle" {
            return Err(Finding::error("bundle-inside", "type", "a bundle is no object: send what is in it"));
        }
        let spec_version = match self.spec_version.as_deref() {
            None if crate::id::is_observable(&object_type) => SpecVersion::V21,
            None | Some("2.0") => SpecVersion::V20,
            Some("2.1") => SpecVersion::V21,
            Some(other) => {
                let message = format!("`{}` is not known here; send STIX 2.0 or 2.1", cut(other));
                return Err(Finding::error("spec-version-unknown", "spec_version", message));
            }
        };
        if let (Some(created), Some(modified)) = (self.created, self.modified)
            && modified < created
        {
            let message = format!("modified {modified} is before created {created} (STIX 2.1, 3.2)");
            return Err(Finding::error("modified-before-created", "modified", message));
        }
        Ok(Head {
            id,
            spec_version,
            created: self.created,
            modified: self.modified,
            revoked: self.revoked,
            created_by: self.created_by,
            markings: self.markings,
            granular: self.granular,
            references: self.references,
        })
    }
}

/// The first characters of a text from outside, so that an error stays a line.
fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

struct Reader<'p, 'de> {
    parts: &'p mut Parts<'de>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a STIX object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut keys = Keys::default();
        while let Some(key) = map.next_key_seed(Text)? {
            if !keys.insert(key.clone()) {
                let message = "the key stands twice in one object; which one counts can't be told";
                return Err(self.fail("key-twice", &key, message.to_owned()));
            }
            self.property(&key, &mut map)?;
        }
        Ok(())
    }
}

impl<'de> Reader<'_, 'de> {
    fn fail<E: Error>(&mut self, code: &'static str, path: &str, message: String) -> E {
        self.parts.finding = Some(Finding::error(code, path, message));
        E::custom("")
    }

    fn property<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "type" => self.parts.object_type = Some(self.text(key, map)?),
            "id" => self.parts.id = Some(self.text(key, map)?),
            "spec_version" => self.parts.spec_version = Some(self.text(key, map)?),
            "created" => self.parts.created = Some(self.time(key, map)?),
            "modified" => self.parts.modified = Some(self.time(key, map)?),
            "revoked" => {
                self.parts.revoked = map.next_value::<bool>().map_err(|error| {
                    self.fail("revoked-malformed", key, format!("not true or false: {error}"))
                })?;
            }
            "created_by_ref" => {
                let text = self.text(key, map)?;
                self.parts.created_by = Some(self.id(key, &text)?);
            }
            "object_marking_refs" => {
                for text in self.texts(key, map)? {
                    let id = self.id(key, &text)?;
                    if id.object_type() != "marking-definition" {
                        let message = format!("`{id}` is not a marking definition (STIX 2.1, 7.2.2)");
                        return Err(self.fail("marking-malformed", key, message));
                    }
                    self.parts.markings.push(id);
                }
            }
            "granular_markings" => self.parts.granular = self.has_granular(key, map)?,
            "source_ref" => self.references(key, Role::Source, map)?,
            "target_ref" => self.references(key, Role::Target, map)?,
            "sighting_of_ref" => self.references(key, Role::SightingOf, map)?,
            "object_refs" => self.references(key, Role::ObjectRefs, map)?,
            _ => self.others(key, map)?,
        }
        Ok(())
    }

    /// What is no list can't be read as marks, so it counts as some: whoever reads them holds the object back.
    fn has_granular<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match map.next_value_seed(Checked::at(1))? {
            Shape::List(count) if count > GRANULAR_MARKINGS_MAX => {
                let message = format!("{count} granular markings; the limit is {GRANULAR_MARKINGS_MAX}");
                Err(self.fail("granular-markings-too-many", key, message))
            }
            shape => Ok(shape != Shape::List(0)),
        }
    }

    fn text<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<Cow<'de, str>, A::Error> {
        map.next_value_seed(Text).map_err(|error| self.fail("not-a-string", key, error.to_string()))
    }

    fn time<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<Timestamp, A::Error> {
        let text = self.text(key, map)?;
        Timestamp::parse(&text)
            .map_err(|error| self.fail("timestamp-malformed", key, format!("`{}`: {error}", cut(&text))))
    }

    fn id<E: Error>(&mut self, key: &str, text: &str) -> Result<ObjectId, E> {
        ObjectId::parse(text)
            .map_err(|error| self.fail("reference-malformed", key, format!("`{}`: {error}", cut(text))))
    }

    fn texts<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<Vec<Cow<'de, str>>, A::Error> {
        match map.next_value_seed(OneOrMore)? {
            Some(texts) if texts.len() <= REFERENCES_MAX => Ok(texts),
            Some(texts) => {
                let message = format!("{} references; the limit is {REFERENCES_MAX}", texts.len());
                Err(self.fail("references-too-many", key, message))
            }
            None => Err(self.fail("reference-malformed", key, "not a list of ids".to_owned())),
        }
    }

    /// References under names that the specification gives must be ids.
    fn references<A: MapAccess<'de>>(&mut self, key: &str, role: Role, map: &mut A) -> Result<(), A::Error> {
        let texts = match map.next_value_seed(OneOrMore)? {
            Some(texts) => texts,
            None => return Err(self.fail("reference-malformed", key, "not an id".to_owned())),
        };
        if texts.len() + self.parts.references.len() > REFERENCES_MAX {
            return Err(self.fail("references-too-many", key, format!("the limit is {REFERENCES_MAX}")));
        }
        for text in texts {
            match ObjectId::parse(&text) {
                Ok(id) => self.parts.references.push(Reference { role, id }),
                Err(error) => {
                    let message = format!("`{}`: {error}", cut(&text));
                    return Err(self.fail("reference-malformed", key, message));
                }
            }
        }
        Ok(())
    }

    /// References under any other name, and inside of what else there is, may be ids: STIX 2.0 observed data refers to its own
    /// parts by number ("0"), custom properties by name.
    fn others<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let (references, mut over) = (&mut self.parts.references, false);
        let mut named = |text: &str| match ObjectId::parse(text) {
            Ok(_) if references.len() >= REFERENCES_MAX => over = true,
            Ok(id) => references.push(Reference { role: Role::Other, id }),
            Err(_) => {}
        };
        map.next_value_seed(Checked::of(key, &mut named))?;
        if over {
            return Err(self.fail("references-too-many", key, format!("the limit is {REFERENCES_MAX}")));
        }
        Ok(())
    }
}

/// A string or a list of strings; `None` for any other value, which is still checked.
struct OneOrMore;

impl<'de> DeserializeSeed<'de> for OneOrMore {
    type Value = Option<Vec<Cow<'de, str>>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneOrMore {
    type Value = Option<Vec<Cow<'de, str>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id or a list of ids")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(vec![Cow::Borrowed(text)]))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(vec![Cow::Owned(text.to_owned())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        let mut others = false;
        while let Some(element) = seq.next_element_seed(Element)? {
            match element {
                Some(text) => texts.push(text),
                None => others = true,
            }
        }
        Ok((!others).then_some(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Checked::at(1).visit_map(map)?;
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// An element of such a list: a string, or `None` for any other value, which is still checked.
struct Element;

impl<'de> DeserializeSeed<'de> for Element {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Checked::at(2).visit_seq(seq)?;
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Checked::at(2).visit_map(map)?;
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Whether `raw` is strict JSON of any kind, within the limits of one object.
///
/// # Errors
/// A [`Finding`] that says where the text stops being strict JSON.
pub fn check_json(raw: &str) -> Result<(), Finding> {
    let mut json = serde_json::Deserializer::from_str(raw);
    Checked::at(0)
        .deserialize(&mut json)
        .and_then(|_| json.end())
        .map_err(|error| Finding::error("json", "", error.to_string()))
}

/// The string property `name` at the top level of a JSON object, if there is one.
///
/// For the few places that need one more fact than the head has.
#[must_use]
pub fn property(raw: &str, name: &str) -> Option<String> {
    struct Find<'n>(&'n str);
    impl<'de> Visitor<'de> for Find<'_> {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key_seed(Text)? {
                if key == self.0 && found.is_none() {
                    found = map.next_value::<serde_json::Value>()?.as_str().map(str::to_owned);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    serde_json::Deserializer::from_str(raw).deserialize_map(Find(name)).ok().flatten()
}
