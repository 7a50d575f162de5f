//! An object's own id: its type, its UUID's version, and what an observable's UUID is made of.
//!
//! Source: STIX 2.1, sections 2.9, 3.4 and the tables of section 6.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::check::{At, Check, shown};
use super::code;
use super::format;
use super::table::{Class, Seen, Shape};
use crate::id::{OBSERVABLE_NAMESPACE, observable_id};

/// The properties that contribute to an id, for the types where none of them has to be there.
fn optional_contributors(object_type: &str) -> Option<&'static [&'static str]> {
    Some(match object_type {
        "artifact" => &["hashes", "payload_bin"],
        "email-message" => &["from_ref", "subject", "body"],
        "user-account" => &["account_type", "user_id", "account_login"],
        "windows-registry-key" => &["key", "values"],
        "x509-certificate" => &["hashes", "serial_number"],
        "process" => &[],
        _ => return None,
    })
}

/// The one property that contributes to an id, for the types where it is one and a string.
fn only_contributor(object_type: &str) -> Option<&'static str> {
    Some(match object_type {
        "domain-name" | "email-addr" | "ipv4-addr" | "ipv6-addr" | "mac-addr" | "url" => "value",
        "directory" => "path",
        "mutex" => "name",
        _ => return None,
    })
}

impl Check<'_, '_> {
    /// The value of `id`.
    pub(super) fn own_id(&mut self, section: &'static str, at: &At<'_>) {
        let Some(id) = self.text(at, section) else { return };
        // Inside observed data an id may be any string.
        if self.local.is_some() {
            return;
        }
        let Some((object_type, _)) = format::identifier(&id) else { return self.no_identifier(&id, at) };
        if object_type != self.object.object_type {
            let what = format_args!("`{}` is the id of another type", shown(&id));
            self.report(&code::ID_TYPE, at, what);
        }
    }

    /// The UUID in the object's id, when all of the object is known.
    pub(super) fn identity(&mut self, shape: &'static Shape, seen: &Seen) {
        let at = At::OBJECT.key("id");
        let id = self.object.id.clone();
        let Some((_, version)) = format::identifier(&id) else { return };
        let observable = shape.class == Class::Observable
            || shape.class == Class::Custom && self.object.extended.new_observable;
        if !observable {
            if version != 4 {
                self.report(
                    &code::UUID_VERSION,
                    &at,
                    format_args!("`{id}` has a UUIDv{version}, not a UUIDv4"),
                );
            }
            return;
        }
        let contributors = optional_contributors(&self.object.object_type);
        if contributors.is_some_and(|names| names.iter().all(|name| shape.place(seen, name).is_none())) {
            if version != 4 {
                let what =
                    format_args!("`{id}` has a UUIDv{version}, but nothing that it could be made from");
                self.report(&code::ID_RANDOM, &at, what);
            }
            return;
        }
        if version != 5 {
            let what = format_args!("`{id}` has a UUIDv{version}, not a UUIDv5");
            return self.report(&code::UUID_VERSION, &at, what);
        }
        self.derived(shape, seen, &at, &id);
    }

    fn derived(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>, id: &str) {
        let Some(derived) = self.derived_uuid(shape, seen) else { return };
        let has = id.get(id.len().saturating_sub(36)..).and_then(|uuid| Uuid::try_parse(uuid).ok());
        if has != Some(derived) {
            let what =
                format_args!("`{id}` is not the id that follows from the properties, which has {derived}");
            return self.report(&code::ID_NOT_DERIVED, at, what);
        }
        let versioned = ["created", "modified", "revoked", "created_by_ref"];
        if let Some(name) = versioned.iter().find(|name| shape.place(seen, name).is_some()) {
            let what = format_args!("`{id}` is the id that every sender gives it, and yet it has `{name}`");
            self.report(&code::ID_VERSIONED, at, what);
        }
    }

    /// The UUIDv5 that the contributing properties give.
    fn derived_uuid(&mut self, shape: &'static Shape, seen: &Seen) -> Option<Uuid> {
        if let Some(name) = only_contributor(&self.object.object_type) {
            let mut cursor = self.cursor.moved(shape.place(seen, name)?);
            let from = cursor.place();
            let text = cursor.string()?;
            // Without escapes the string is written here as RFC 8785 writes it.
            if text.len() + 2 == cursor.since(from).len() {
                let canonical = format!("{{\"{name}\":\"{text}\"}}");
                return Some(Uuid::new_v5(&OBSERVABLE_NAMESPACE, canonical.as_bytes()));
            }
        }
        let mut whole = self.cursor.moved(0);
        whole.skip();
        let object: Map<String, Value> = serde_json::from_str(whole.since(0)).ok()?;
        observable_id(&object).map(|id| id.uuid())
    }
}
