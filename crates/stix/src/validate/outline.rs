//! What has to be known of an object before its properties are looked at, found in one pass over its top level.

use std::borrow::Cow;

use super::cursor::{Begin, Cursor, Quoted};
use super::domain;
use super::meta;
use super::table::{Class, Shape};

/// The object in a few facts.
pub(super) struct Outline<'t> {
    pub(super) object_type: Cow<'t, str>,
    pub(super) id: Cow<'t, str>,
    pub(super) shape: &'static Shape,
    /// It follows STIX 2.0.
    pub(super) old: bool,
    /// Its value is written so that nobody clicks on it.
    pub(super) defanged: bool,
    pub(super) extended: Extended,
    /// The members in their order.
    pub(super) members: Vec<Member<'t>>,
}

/// A member at the top level.
#[derive(Clone, Copy)]
pub(super) struct Member<'t> {
    pub(super) key: Quoted<'t>,
    /// Where its value begins.
    pub(super) place: usize,
}

/// Objects of the field have some twenty members.
const MEMBERS: usize = 24;

/// Which kinds of extensions an object has.
#[derive(Clone, Copy, Default)]
pub(super) struct Extended {
    pub(super) new_observable: bool,
    pub(super) new_object: bool,
    pub(super) top_level: bool,
    pub(super) nested: bool,
}

impl<'t> Outline<'t> {
    pub(super) fn read(mut cursor: Cursor<'t>) -> Self {
        let (mut object_type, mut id, mut version) = (Cow::Borrowed(""), Cow::Borrowed(""), None);
        let mut extended = Extended::default();
        let mut defanged = false;
        let mut members = Vec::with_capacity(MEMBERS);
        cursor.enter();
        while let Some(key) = cursor.key() {
            members.push(Member { key, place: cursor.place() });
            // Keys of the specification have no escapes; one that is written with them is not found here and then
            // counts as missing, which is right: section 3.1 wants names exactly as they are.
            match key.raw {
                "type" => object_type = cursor.string().unwrap_or_default(),
                "id" => id = cursor.string().unwrap_or_default(),
                "spec_version" => version = Some(cursor.string().unwrap_or_default()),
                "defanged" if cursor.begin() == Begin::Boolean => defanged = cursor.scalar() == "true",
                "extensions" => extended = Extended::read(&mut cursor),
                _ => cursor.skip(),
            }
        }
        let shape = match meta::shape(&object_type) {
            Some(shape) => shape,
            None if extended.new_observable => &domain::CUSTOM_OBSERVABLE,
            None => &domain::CUSTOM,
        };
        let both_versions = match shape.class {
            Class::Domain | Class::Relationship | Class::Marking => true,
            Class::Custom => !extended.new_object && !extended.new_observable,
            Class::NewDomain | Class::Observable | Class::Meta | Class::Inner => false,
        };
        let old = both_versions && version.as_deref().is_none_or(|version| version == "2.0");
        Self { object_type, id, shape, old, defanged, extended, members }
    }
}

impl Extended {
    fn read(cursor: &mut Cursor<'_>) -> Self {
        let mut found = Self::default();
        if cursor.begin() != Begin::Object {
            cursor.skip();
            return found;
        }
        cursor.enter();
        while cursor.key().is_some() {
            if cursor.begin() != Begin::Object {
                cursor.skip();
                continue;
            }
            cursor.enter();
            while let Some(key) = cursor.key() {
                if key.raw != "extension_type" {
                    cursor.skip();
                    continue;
                }
                match cursor.string().as_deref() {
                    Some("new-sco") => found.new_observable = true,
                    Some("new-sdo" | "new-sro") => found.new_object = true,
                    Some("toplevel-property-extension") => found.top_level = true,
                    Some("property-extension") => found.nested = true,
                    _ => {}
                }
            }
        }
        found
    }
}
