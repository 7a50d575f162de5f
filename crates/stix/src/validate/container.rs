//! `objects` of observed data: observables that know each other by keys of their own.
//!
//! What stands in there may be as STIX 2.0 has it, so it is held to what both versions share.
//!
//! Source: STIX 2.1, sections 2.9, 2.13 and 4.14.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use super::check::{At, Check, shown};
use super::code;
use super::cursor::{Begin, Cursor};
use super::domain;
use super::format;
use super::meta;
use super::table::Class;

/// The object that is looked at, and those beside it.
#[derive(Clone)]
pub(super) struct Local<'t> {
    /// The type of the object that is looked at.
    pub(super) holder: Cow<'t, str>,
    types: Rc<HashMap<Cow<'t, str>, Cow<'t, str>>>,
}

impl Local<'_> {
    /// The type of the object under `key`, if there is one.
    pub(super) fn type_of(&self, key: &str) -> Option<&str> {
        self.types.get(key).map(|object_type| &**object_type)
    }
}

impl Check<'_, '_> {
    /// The value of `objects`.
    pub(super) fn container(&mut self, section: &'static str, at: &At<'_>) {
        if self.cursor.begin() != Begin::Object {
            return self.wrong(at, section, "a dictionary of observables");
        }
        let types = Rc::new(types(self.cursor));
        let old = self.object.old;
        self.entries(at, "there are no observables", |check, name, here| {
            if check.cursor.begin() != Begin::Object {
                return check.wrong(here, "2.13", "an observable");
            }
            if !old && !name.bytes().all(|byte| byte.is_ascii_digit()) {
                let what = format_args!("the key `{}` is no number", shown(name));
                check.report(&code::CONTAINER_KEY, here, what);
            }
            let holder = types.get(name).cloned().unwrap_or_default();
            check.object.old = true;
            check.local = Some(Local { holder, types: Rc::clone(&types) });
            check.contained(here);
            check.local = None;
            check.object.old = old;
        });
    }

    fn contained(&mut self, at: &At<'_>) {
        let holder = self.local.as_ref().map(|local| local.holder.clone()).unwrap_or_default();
        let shape = match meta::shape(&holder) {
            Some(shape) if shape.class == Class::Observable => shape,
            None if format::is_type_name(&holder) => &domain::CUSTOM_OBSERVABLE,
            _ => {
                let what = format_args!("`{}` is no type of observables", shown(&holder));
                self.report_in(&code::REFERENCE_TYPE, &at.key("type"), "2.13", what);
                return self.cursor.skip();
            }
        };
        let seen = self.members(shape, at);
        self.finish(shape, &seen, at);
    }
}

/// The type of each object in the container.
fn types<'t>(mut cursor: Cursor<'t>) -> HashMap<Cow<'t, str>, Cow<'t, str>> {
    let mut types = HashMap::new();
    cursor.enter();
    while let Some(key) = cursor.key() {
        if cursor.begin() != Begin::Object {
            cursor.skip();
            continue;
        }
        cursor.enter();
        let mut object_type = Cow::Borrowed("");
        while let Some(name) = cursor.key() {
            if name.raw == "type" {
                object_type = cursor.string().unwrap_or_default();
            } else {
                cursor.skip();
            }
        }
        types.insert(key.text(), object_type);
    }
    types
}
