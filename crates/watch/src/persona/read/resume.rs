//! JSON Resume: names, ways to reach somebody, profiles, and texts about work.
//!
//! Places, languages, schools and dates are not read.
//!
//! Source: JSON Resume schema 1.0.0.

use serde_json::Value;

use super::Read;
use super::field::{Field, take as take_field};
use crate::persona::application::Application;
use crate::persona::identifier::IdentifierKind as Kind;

/// Takes one of the parts of a résumé.
pub(super) fn take(application: &mut Application, name: &str, value: &Value, path: &str, read: &mut Read) {
    let mut put = |field, value: Option<&Value>, path: String| {
        if let Some(text) = value.and_then(Value::as_str) {
            take_field(application, field, text, &path, read);
        }
    };
    if name == "basics" {
        for (part, field) in [
            ("name", Field::Identifier(Kind::Name)),
            ("email", Field::Identifier(Kind::Email)),
            ("phone", Field::Identifier(Kind::Phone)),
            ("url", Field::Identifier(Kind::Page)),
            ("summary", Field::FullText),
        ] {
            put(field, value.get(part), format!("{path}.{part}"));
        }
        for (at, profile) in list(value.get("profiles")).enumerate() {
            let path = format!("{path}.profiles[{at}]");
            let part =
                |name: &str| profile.get(name).and_then(Value::as_str).filter(|part| !part.trim().is_empty());
            match (part("network"), part("username")) {
                (Some(network), Some(username)) => {
                    let whole = Value::String(format!("{network}/{username}"));
                    put(Field::Identifier(Kind::Account), Some(&whole), path);
                }
                _ => put(Field::Identifier(Kind::Page), profile.get("url"), format!("{path}.url")),
            }
        }
        return;
    }
    for (at, entry) in list(Some(value)).enumerate() {
        let path = format!("{path}[{at}]");
        if name != "work" {
            put(Field::Identifier(Kind::Page), entry.get("url"), format!("{path}.url"));
        }
        // An employer's page is the employer's, and a short line is nobody's; what is written in full is compared.
        let highlights = list(entry.get("highlights")).filter_map(Value::as_str);
        let parts =
            ["summary", "description"].into_iter().filter_map(|part| entry.get(part).and_then(Value::as_str));
        let text = parts.chain(highlights).collect::<Vec<_>>().join("\n");
        put(Field::FullText, Some(&Value::String(text)), path);
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}
