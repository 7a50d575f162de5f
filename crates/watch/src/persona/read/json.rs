//! Applications as JSON: our own shape and JSON Resume; one object, a list of them, or one a line.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::field::{Field, field, take};
use super::{APPLICATIONS_MAX, Read, ReadError, resume};
use crate::persona::application::Application;

/// Names of which each marks a JSON Resume.
const RESUME: [&str; 4] = ["basics", "work", "projects", "publications"];
/// An object of which only known names were kept: the values of others are passed over unread.
#[derive(Default)]
struct Known(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Keeping)
    }
}

struct Keeping;

impl<'de> Visitor<'de> for Keeping {
    type Value = Known;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an application, an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Known, A::Error> {
        let mut known = Known::default();
        while let Some(name) = map.next_key::<String>()? {
            if field(&name).is_some() || RESUME.contains(&name.as_str()) {
                known.0.push((name, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(known)
    }
}

pub(super) fn read(text: &str, read: &mut Read) -> Result<(), ReadError> {
    if text.trim_start().starts_with('[') {
        let all: Vec<&RawValue> =
            serde_json::from_str(text).map_err(|error| ReadError::Form(format!("not JSON: {error}")))?;
        if all.len() > APPLICATIONS_MAX {
            return Err(ReadError::TooMany);
        }
        for (at, one) in all.into_iter().enumerate() {
            one_object(one.get(), &format!("[{at}]"), read)?;
        }
        return Ok(());
    }
    // One object over several lines, or one a line.
    match serde_json::from_str::<&RawValue>(text) {
        Ok(one) => one_object(one.get(), "", read),
        Err(whole) => {
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let objects: Vec<(usize, &str)> = lines.collect();
            if objects.len() < 2 || !objects.iter().all(|(_, line)| line.trim_start().starts_with('{')) {
                return Err(ReadError::Form(format!("not JSON: {whole}")));
            }
            objects.into_iter().try_for_each(|(at, line)| one_object(line, &format!("line {}", at + 1), read))
        }
    }
}

fn one_object(text: &str, place: &str, read: &mut Read) -> Result<(), ReadError> {
    let known: Known = match serde_json::from_str(text) {
        Ok(known) => known,
        Err(error) => {
            read.note(stix::Finding::error(
                "application-malformed",
                place,
                format!("is no application: {error}"),
            ));
            return Ok(());
        }
    };
    if known.0.is_empty() {
        let message = "has no known field; left out. docs/personas.md names them";
        read.note(stix::Finding::error("nothing-known", place, message));
        return Ok(());
    }
    let number = read.applications.len() + 1;
    let mut application = Application::new(format!("application {number}"));
    let path = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    for (name, value) in &known.0 {
        match field(name) {
            Some(field) => values(&mut application, field, value, &path(name), read),
            None => resume::take(&mut application, name, value, &path(name), read),
        }
    }
    read.keep(application)
}

/// The fields of an object that was read elsewhere, as an application of their own.
pub(in crate::persona) fn fields(object: &serde_json::Map<String, Value>) -> Application {
    let (mut application, mut read) = (Application::default(), Read::default());
    for (name, value) in object {
        if let Some(field) = field(name) {
            values(&mut application, field, value, name, &mut read);
        }
    }
    application
}

fn values(application: &mut Application, field: Field, value: &Value, path: &str, read: &mut Read) {
    match value {
        Value::Null => {}
        Value::Array(many) => {
            for (at, one) in many.iter().enumerate() {
                single(application, field, one, &format!("{path}[{at}]"), read);
            }
        }
        one => single(application, field, one, path, read),
    }
}

fn single(application: &mut Application, field: Field, value: &Value, path: &str, read: &mut Read) {
    let text = match value {
        Value::Null => return,
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) if field == Field::Id => Some(number.to_string()),
        Value::Object(parts) => joined(field, parts),
        _ => None,
    };
    match text {
        Some(text) => take(application, field, &text, path, read),
        None => read.warn("value-malformed", path, "is no text; left out, the rest is kept"),
    }
}

/// Fields whose values have parts.
fn joined(field: Field, parts: &serde_json::Map<String, Value>) -> Option<String> {
    let part =
        |name: &str| parts.get(name).and_then(Value::as_str).map(str::trim).filter(|part| !part.is_empty());
    match field {
        Field::Identifier(crate::persona::IdentifierKind::Account) => {
            Some(format!("{}/{}", part("service").unwrap_or_default(), part("name")?))
        }
        Field::LogIn => {
            let words = [part("at"), part("address"), part("country")];
            // A country of several words is one word.
            let words = words.into_iter().flatten().map(|word| word.replace(char::is_whitespace, "_"));
            Some(words.collect::<Vec<_>>().join(" "))
        }
        _ => None,
    }
}
