//! What the specification does not name: custom properties, custom types, extensions.
//!
//! Source: STIX 2.1, sections 3.2 (extensions), 3.8, 3.10, 7.3 and 11.

use super::check::{At, Check, shown};
use super::code;
use super::cursor::Begin;
use super::format;
use super::predefined;
use super::table::{Class, Kind, Shape};
use super::vocab;

/// Names that no property may have (section 3.8; the first edition has `phone_numbers`, errata 01 `phone_number`).
const RESERVED: [&str; 5] = ["severity", "username", "phone_number", "phone_numbers", "action"];

const DEFINITION: &str = "extension-definition--";

impl Check<'_, '_> {
    /// A member that the table of `shape` does not have; its value begins here.
    pub(super) fn custom(&mut self, shape: &'static Shape, name: &str, at: &At<'_>) {
        let inner = shape.class == Class::Inner;
        if !inner && RESERVED.contains(&name) {
            let what = format_args!("the name `{name}` is reserved; use another one");
            self.report(&code::PROPERTY_RESERVED, at, what);
        } else if !format::is_property_name(name) {
            self.property_name(name, at);
        } else if !(self.object.old
            || shape.class == Class::Custom
            || !inner && self.object.extended.top_level)
        {
            let what =
                format_args!("{} has no property `{}`; add it by an extension", shape.name, shown(name));
            self.report(&code::CUSTOM, at, what);
        }
        let known = matches!(shape.class, Class::Custom | Class::Inner) || self.object.extended.top_level;
        if !known && !name.starts_with("x_") && self.local.is_none() && format::is_property_name(name) {
            let what = format_args!("the name `{}` does not begin with `x_`", shown(name));
            self.report_in(&code::CUSTOM_NAME, at, "11.1.1", what);
        }
        self.custom_value(name, at);
    }

    fn property_name(&mut self, name: &str, at: &At<'_>) {
        let what = format_args!(
            "`{}` is no property name: a letter, then a-z, 0-9, `_`, 3 to 250 of them",
            shown(name)
        );
        self.report(&code::PROPERTY_NAME, at, what);
    }

    /// The end of a name says what some values are (section 3.1).
    fn custom_value(&mut self, name: &str, at: &At<'_>) {
        match self.cursor.begin() {
            Begin::Text if name.ends_with("_bin") => self.value(&Kind::Binary, "2.1", at),
            Begin::Text if name.ends_with("_hex") => self.value(&Kind::Hex, "2.8", at),
            _ => self.any(at, 0),
        }
    }

    /// The value of `type`.
    pub(super) fn own_type(&mut self, section: &'static str, at: &At<'_>) {
        let Some(name) = self.text(at, section) else { return };
        if !format::is_type_name(&name) {
            let what = format_args!(
                "`{}` is no type name: a letter, then a-z, 0-9, single hyphens, 3 to 250 of them",
                shown(&name)
            );
            return self.report(&code::TYPE_NAME, at, what);
        }
        if self.object.shape.class != Class::Custom || self.local.is_some() {
            return;
        }
        let extended = self.object.extended.new_object || self.object.extended.new_observable;
        if !extended && !self.object.old {
            let what = format_args!("STIX has no type `{}`; add it by an extension", shown(&name));
            self.report(&code::CUSTOM, at, what);
        }
        if !extended && !name.starts_with("x-") {
            let what = format_args!("the name `{}` does not begin with `x-`", shown(&name));
            self.report_in(&code::CUSTOM_NAME, at, "11.2.1", what);
        }
    }

    /// The value of `spec_version`.
    pub(super) fn spec_version(&mut self, section: &'static str, at: &At<'_>) {
        let Some(version) = self.text(at, section) else { return };
        if version != "2.1" && !(self.object.old && version == "2.0") {
            let what = format_args!("`{}` is not `2.1`", shown(&version));
            self.report(&code::SPEC_VERSION, at, what);
        }
    }

    /// The value of `extensions`.
    pub(super) fn extensions(&mut self, section: &'static str, at: &At<'_>) {
        if self.cursor.begin() != Begin::Object {
            return self.wrong(at, section, "a dictionary of extensions");
        }
        self.entries(at, "there are no extensions; leave the property out", |check, name, here| {
            if check.cursor.begin() != Begin::Object {
                check.wrong(here, "3.2", "an object");
            } else if name.starts_with(DEFINITION) {
                check.defined_extension(name, here);
            } else if let Some((shape, object_type)) = predefined::find(name) {
                check.predefined_extension(shape, object_type, here);
            } else {
                check.custom_extension(name, here);
            }
        });
    }

    /// One by an extension definition: it says its type, and its properties have the names that properties have.
    fn defined_extension(&mut self, name: &str, at: &At<'_>) {
        if format::identifier(name).is_none() {
            let what = format_args!("`{}` is no identifier", shown(name));
            self.report(&code::EXTENSION_KEY, at, what);
        }
        self.cursor.enter();
        let mut typed = false;
        while let Some(key) = self.cursor.key() {
            let name = key.text();
            let here = at.key(&name);
            if name == "extension_type" {
                typed = true;
                self.value(&Kind::Word(&vocab::EXTENSION_TYPE), "3.2", &here);
                continue;
            }
            if !format::is_property_name(&name) {
                self.property_name(&name, &here);
            }
            self.custom_value(&name, &here);
        }
        if !typed {
            let what = format_args!("the extension has no `extension_type`");
            self.report(&code::EXTENSION_TYPE, at, what);
        }
    }

    fn predefined_extension(&mut self, shape: &'static Shape, object_type: &str, at: &At<'_>) {
        let fits = match &self.local {
            Some(local) => local.holder == object_type,
            None => self.object.object_type == object_type,
        };
        if !fits {
            let what = format_args!("{} is an extension of {object_type}", shape.name);
            self.report_in(&code::EXTENSION_PLACE, at, shape.section, what);
        }
        self.value(&Kind::Object(shape), shape.section, at);
    }

    /// One as section 11.3 has it.
    fn custom_extension(&mut self, name: &str, at: &At<'_>) {
        let fits = format::is_dictionary_key(name)
            && name.ends_with("-ext")
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && self.object.shape.class != Class::Marking;
        if !fits {
            let what = format_args!(
                "`{}` is neither the id of an extension definition nor a name that ends with `-ext`",
                shown(name)
            );
            self.report(&code::EXTENSION_KEY, at, what);
        } else if !self.object.old {
            if !self.object.extended.nested {
                let what = format_args!("`{}` is defined by no extension definition", shown(name));
                self.report(&code::CUSTOM, at, what);
            }
            if !name.starts_with("x-") {
                let what = format_args!("the name `{}` does not begin with `x-`", shown(name));
                self.report_in(&code::CUSTOM_NAME, at, "11.3.1", what);
            }
        }
        self.entries(at, "the extension has no property", |check, name, here| {
            if !format::is_property_name(name) {
                check.property_name(name, here);
            }
            check.custom_value(name, here);
        });
    }
}
