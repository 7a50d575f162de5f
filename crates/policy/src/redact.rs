//! Redaction: a copy without what its reader may not see, its other bytes as they came.
//!
//! Removed properties are absent, not blanked (rule P-5), and a list or object that removal empties goes with them. The
//! text is taken apart only along the paths that change; every other value is copied in its own characters. Keys and ids
//! are compared as JSON means them, not as it spells them: `\u002d` is a hyphen.
//! Source: STIX 2.1, section 7.2.3.1 (selectors).

use std::collections::{HashMap, HashSet};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use stix::ObjectId;
use stix::json::DEPTH_MAX;

/// The property whose marks name marking definitions, which is no reference to an object.
const GRANULAR: &str = "granular_markings";

/// What a copy is to lack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removal {
    /// Properties, as selectors such as `description`, `labels.[1]`, `extensions.x.y`. One that finds nothing removes
    /// nothing.
    pub selectors: Vec<String>,
    /// Objects that `*_ref` and `*_refs` properties must not name, at any depth.
    pub references: HashSet<ObjectId>,
    /// Pseudonyms: wherever a `*_ref` or `*_refs` property names a key of this, its value stands instead.
    pub pseudonyms: HashMap<ObjectId, ObjectId>,
}

/// Why a copy can't be made; then nothing goes out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// The object is no JSON object.
    #[error("the object can't be taken apart: {0}")]
    Json(String),
    /// A selector would remove what makes it an object.
    #[error("without `{0}` it is no object any more")]
    Essential(String),
}

/// Makes the copy of `raw`, a JSON object, without what `removal` names.
///
/// A removal that finds nothing gives the text as it is. `None` if nothing that makes sense would be left: the list
/// `object_refs` would be empty. About linear in the text and the selectors.
///
/// # Errors
/// [`RedactError`]: `type` and `id` can't be removed.
pub fn redact(raw: &str, removal: &Removal) -> Result<Option<String>, RedactError> {
    let paths = paths(removal.selectors.iter().map(String::as_str));
    if let Some(path) = paths.iter().find(|path| matches!(path[..], ["type" | "id"] | [""])) {
        return Err(RedactError::Essential(path.concat()));
    }
    let cutter = Cutter { removal, names: !(removal.references.is_empty() && removal.pseudonyms.is_empty()) };
    Ok(match cutter.object(raw.trim(), Below::new(&paths))? {
        Left::Same => Some(raw.to_owned()),
        Left::Text(text) => Some(text),
        Left::Nothing => None,
    })
}

/// Whether each of the selectors finds something in `raw`, a JSON object (STIX 2.1, 7.2.3.1).
pub(crate) fn finds_all(raw: &str, selectors: &[&str]) -> bool {
    let paths = paths(selectors.iter().copied());
    let asked: HashSet<&str> = selectors.iter().copied().collect();
    // The keys of what is in a line differ; should they not, a second find of one must not count for another.
    let mut found = vec![false; paths.len()];
    let finder = Finder { below: Below::new(&paths), found: &mut found };
    let read = finder.deserialize(&mut serde_json::Deserializer::from_str(raw));
    read.is_ok() && paths.len() == asked.len() && found.into_iter().all(|found| found)
}

/// The objects that `*_ref` and `*_refs` properties of `raw` name, at any depth, `created_by_ref` included.
///
/// # Errors
/// [`RedactError::Json`].
pub fn named(raw: &str) -> Result<HashSet<ObjectId>, RedactError> {
    let mut ids = HashSet::new();
    let names = Names { ids: &mut ids, is_reference: false };
    names.deserialize(&mut serde_json::Deserializer::from_str(raw)).map_err(json)?;
    Ok(ids)
}

/// What became of a value.
enum Left {
    /// It stays in its own characters.
    Same,
    /// This is left of it.
    Text(String),
    /// Removal left nothing of it.
    Nothing,
}

impl Left {
    /// The text in the place of `raw`.
    fn text<'t>(&'t self, raw: &'t str) -> Option<&'t str> {
        match self {
            Self::Same => Some(raw),
            Self::Text(text) => Some(text),
            Self::Nothing => None,
        }
    }
}

/// Takes values apart where something must go.
#[derive(Clone, Copy)]
struct Cutter<'r> {
    removal: &'r Removal,
    /// Whether references are looked at.
    names: bool,
}

impl Cutter<'_> {
    fn value(self, raw: &str, below: Below<'_>, is_reference: bool) -> Result<Left, RedactError> {
        let may_name = self.names && (is_reference || raw.contains("_ref") || raw.contains('\\'));
        if below.paths.is_empty() && !may_name {
            return Ok(Left::Same);
        }
        if below.depth > DEPTH_MAX {
            return Err(RedactError::Json(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        match raw.as_bytes().first() {
            Some(b'{') => self.object(raw, below),
            Some(b'[') => self.list(raw, below, is_reference),
            Some(b'"') if is_reference => self.reference(raw),
            _ => Ok(Left::Same),
        }
    }

    fn object(self, raw: &str, below: Below<'_>) -> Result<Left, RedactError> {
        let entries = entries(raw)?;
        let top = below.depth == 0;
        let mut left = Vec::with_capacity(entries.len());
        for (key, value) in &entries {
            let Some(below) = below.step(key) else {
                left.push(Left::Nothing);
                continue;
            };
            let names = self.names && !(top && key == GRANULAR);
            let kept = Self { names, ..self }.value(value.get(), below, is_reference(key))?;
            if top && key == "object_refs" && matches!(kept, Left::Nothing) {
                return Ok(Left::Nothing);
            }
            left.push(kept);
        }
        let mut parts = Vec::with_capacity(entries.len());
        for ((key, value), left) in entries.iter().zip(&left) {
            if let Some(text) = left.text(value.get()) {
                parts.push(format!("{}:{text}", serde_json::to_string(key).map_err(json)?));
            }
        }
        Ok(joined(&left, &parts, ['{', '}']))
    }

    fn list(self, raw: &str, below: Below<'_>, is_reference: bool) -> Result<Left, RedactError> {
        let values: Vec<&RawValue> = serde_json::from_str(raw).map_err(json)?;
        let mut left = Vec::with_capacity(values.len());
        for (at, value) in values.iter().enumerate() {
            left.push(match below.step(&format!("[{at}]")) {
                Some(below) => self.value(value.get(), below, is_reference)?,
                None => Left::Nothing,
            });
        }
        let parts: Vec<&str> =
            values.iter().zip(&left).filter_map(|(value, left)| left.text(value.get())).collect();
        Ok(joined(&left, &parts, ['[', ']']))
    }

    /// Source: RFC 8259, section 7: an id may be spelt with escapes, and names the same object.
    fn reference(self, raw: &str) -> Result<Left, RedactError> {
        let text: String = serde_json::from_str(raw).map_err(json)?;
        let Ok(id) = ObjectId::parse(&text) else { return Ok(Left::Same) };
        Ok(match self.removal.pseudonyms.get(&id) {
            Some(pseudonym) => Left::Text(format!("\"{pseudonym}\"")),
            None if self.removal.references.contains(&id) => Left::Nothing,
            None => Left::Same,
        })
    }
}

fn is_reference(key: &str) -> bool {
    key.ends_with("_ref") || key.ends_with("_refs")
}

/// An object or list of the parts that are left; what was empty before stays so.
fn joined<T: AsRef<str>>(left: &[Left], parts: &[T], [open, close]: [char; 2]) -> Left {
    if left.iter().all(|left| matches!(left, Left::Same)) {
        return Left::Same;
    }
    if parts.is_empty() {
        return Left::Nothing;
    }
    let mut text = String::with_capacity(parts.iter().map(|part| part.as_ref().len() + 1).sum::<usize>() + 1);
    for (at, part) in parts.iter().enumerate() {
        text.push(if at == 0 { open } else { ',' });
        text.push_str(part.as_ref());
    }
    text.push(close);
    Left::Text(text)
}

/// The selectors as paths, sorted, so that those below one property are neighbours. Longer ones than anything nests
/// find nothing and are left out.
fn paths<'s>(selectors: impl Iterator<Item = &'s str>) -> Vec<Vec<&'s str>> {
    let steps = |selector: &'s str| selector.split('.').take(DEPTH_MAX + 2).collect::<Vec<_>>();
    let mut paths: Vec<_> = selectors.map(steps).filter(|path| path.len() <= DEPTH_MAX + 1).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// The paths that lead below a value: neighbours that agree in their first `depth` steps and have more.
#[derive(Clone, Copy)]
struct Below<'p> {
    paths: &'p [Vec<&'p str>],
    /// The place of the first of them among all.
    first: usize,
    depth: usize,
}

impl<'p> Below<'p> {
    fn new(paths: &'p [Vec<&'p str>]) -> Self {
        Self { paths, first: 0, depth: 0 }
    }

    /// What remains below `step`; `None` if a path ends there.
    fn step(self, step: &str) -> Option<Self> {
        let (end, below) = self.descend(step);
        end.is_none().then_some(below)
    }

    /// The place of the path that ends at `step`, and those that go on.
    fn descend(self, step: &str) -> (Option<usize>, Self) {
        let at =
            |path: &Vec<&str>| path.get(self.depth).map_or(std::cmp::Ordering::Less, |own| (*own).cmp(step));
        let from = self.paths.partition_point(|path| at(path).is_lt());
        let (_, rest) = self.paths.split_at(from);
        let (same, _) = rest.split_at(rest.partition_point(|path| at(path).is_eq()));
        let (first, depth) = (self.first + from, self.depth + 1);
        match same.split_first() {
            Some((path, paths)) if path.len() == depth => {
                (Some(first), Self { paths, first: first + 1, depth })
            }
            _ => (None, Self { paths: same, first, depth }),
        }
    }
}

fn json(error: serde_json::Error) -> RedactError {
    RedactError::Json(error.to_string())
}

/// The entries of an object in their order, the values in their own text.
pub(crate) fn entries(raw: &str) -> Result<Vec<(String, &RawValue)>, RedactError> {
    let mut json_text = serde_json::Deserializer::from_str(raw);
    let entries = json_text.deserialize_map(Entries).map_err(json)?;
    json_text.end().map_err(json)?;
    Ok(entries)
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

macro_rules! leaves_are_nothing {
    () => {
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a JSON value")
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
            Ok(())
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
            Ok(())
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
            Ok(())
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
            Ok(())
        }

        fn visit_unit<E: Error>(self) -> Result<(), E> {
            Ok(())
        }
    };
}

/// Notes which paths find something.
struct Finder<'f, 'p> {
    below: Below<'p>,
    found: &'f mut Vec<bool>,
}

impl Finder<'_, '_> {
    /// What looks on below `step`; `None` if nothing leads there.
    fn step(&mut self, step: &str) -> Option<Finder<'_, '_>> {
        let (end, below) = self.below.descend(step);
        if let Some(found) = end.and_then(|end| self.found.get_mut(end)) {
            *found = true;
        }
        (!below.paths.is_empty()).then_some(Finder { below, found: self.found })
    }
}

impl<'de> DeserializeSeed<'de> for Finder<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Finder<'_, '_> {
    type Value = ();

    leaves_are_nothing!();

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut at = 0;
        while seq.next_element_seed(Element { list: &mut self, at })?.is_some() {
            at += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match self.step(&key) {
                Some(below) => map.next_value_seed(below)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// An element of a list that a finder goes through: only what is there is found.
struct Element<'l, 'f, 'p> {
    list: &'l mut Finder<'f, 'p>,
    at: usize,
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.list.step(&format!("[{}]", self.at)) {
            Some(below) => below.deserialize(deserializer),
            None => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
        }
    }
}

/// Collects the ids that references name.
struct Names<'n> {
    ids: &'n mut HashSet<ObjectId>,
    is_reference: bool,
}

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    leaves_are_nothing!();

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.is_reference {
            self.ids.extend(ObjectId::parse(text));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let is_reference = self.is_reference;
        while seq.next_element_seed(Names { ids: &mut *self.ids, is_reference })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(Names { ids: &mut *self.ids, is_reference: is_reference(&key) })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> ObjectId {
        ObjectId::new("malware", uuid::Uuid::from_u128(number)).unwrap()
    }

    #[test]
    fn what_is_removed_is_absent_and_the_rest_keeps_its_text() {
        let raw = r#"{"type":"x-a","id":"x","n":1.50e3,"labels":["a","b","c"],"e":{"keep":{"z":1,"a":2},"go":"secret"},"s":"\u00e9"}"#;
        let check = |selectors: &[&str], expected: &str| {
            let selectors = selectors.iter().map(|selector| (*selector).to_owned()).collect();
            let removal = Removal { selectors, ..Removal::default() };
            assert_eq!(redact(raw, &removal).unwrap().as_deref(), Some(expected));
        };
        check(&[], raw);
        check(&["nothing"], raw);
        check(
            &["e.go", "labels.[1]", "s"],
            r#"{"type":"x-a","id":"x","n":1.50e3,"labels":["a","c"],"e":{"keep":{"z":1,"a":2}}}"#,
        );
        check(
            &["e", "labels.[0]", "labels.[1]", "labels.[2]", "n"],
            r#"{"type":"x-a","id":"x","s":"\u00e9"}"#,
        );
        let essential = Removal { selectors: vec!["id".to_owned()], ..Removal::default() };
        assert!(redact(raw, &essential).is_err() && redact("{", &Removal::default()).is_err());
    }

    #[test]
    fn forbidden_references_go_and_a_report_of_nothing_else_with_them() {
        let report = |refs: &[u128]| {
            let refs: Vec<_> = refs.iter().map(|n| format!("\"{}\"", id(*n))).collect();
            format!(r#"{{"type":"report","object_refs":[{}],"sample_ref":"{}"}}"#, refs.join(", "), id(9))
        };
        let removal = Removal { references: HashSet::from([id(1), id(9)]), ..Removal::default() };
        let left = redact(&report(&[1, 2]), &removal).unwrap().unwrap();
        assert_eq!(left, format!(r#"{{"type":"report","object_refs":["{}"]}}"#, id(2)));
        assert_eq!(redact(&report(&[1]), &removal).unwrap(), None);
    }

    /// `indicator\u002d-…` was no id to the one who read it without its escapes, and went out.
    #[test]
    fn an_id_is_the_same_however_it_is_spelt_and_however_deep_it_stands() {
        let escaped = id(1).to_string().replace('-', r"\u002d");
        let raw = format!(
            r#"{{"object_ref":"{escaped}","a\u005frefs":["{escaped}","{0}"],"e":{{"in_ref":"{1}","n":[{{"x_refs":["{escaped}"]}}, 1]}},"s" : "{1}"}}"#,
            id(2),
            id(1),
        );
        assert_eq!(named(&raw).unwrap(), HashSet::from([id(1), id(2)]));
        let removal = Removal { references: HashSet::from([id(1)]), ..Removal::default() };
        let expected = format!(r#"{{"a_refs":["{}"],"e":{{"n":[1]}},"s":"{}"}}"#, id(2), id(1));
        assert_eq!(redact(&raw, &removal).unwrap().unwrap(), expected);
        let removal = Removal { pseudonyms: HashMap::from([(id(1), id(7))]), ..Removal::default() };
        let copy = redact(&raw, &removal).unwrap().unwrap();
        assert_eq!(named(&copy).unwrap(), HashSet::from([id(7), id(2)]));
    }

    #[test]
    fn what_is_not_touched_keeps_its_spaces_and_what_was_empty_stays() {
        let raw = r#"{ "type" : "x-a", "l" : [ ], "e" : { "f" : { }, "g" : 1 } }"#;
        let copy = |selector: &str| {
            let removal = Removal { selectors: vec![selector.to_owned()], ..Removal::default() };
            redact(raw, &removal).unwrap().unwrap()
        };
        assert_eq!(copy("l.[0]"), raw);
        assert_eq!(copy("e.g"), r#"{"type":"x-a","l":[ ],"e":{"f":{ }}}"#);
    }

    #[test]
    fn a_pseudonym_stands_wherever_the_source_was_referred_to() {
        let raw =
            format!(r#"{{"created_by_ref":"{0}","object_refs":["{0}","{1}"],"name":"{0}"}}"#, id(1), id(2));
        let removal = Removal { pseudonyms: HashMap::from([(id(1), id(7))]), ..Removal::default() };
        let expected = format!(
            r#"{{"created_by_ref":"{0}","object_refs":["{0}","{1}"],"name":"{2}"}}"#,
            id(7),
            id(2),
            id(1)
        );
        assert_eq!(redact(&raw, &removal).unwrap().unwrap(), expected);
    }
}
