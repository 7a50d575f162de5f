//! What holds between the objects of a bundle, and for the bundle itself.
//!
//! [`Bundle`] takes objects one after the other, as they come out of [`crate::bundle::read`], and remembers a few
//! numbers of each; [`validate_bundle`] does so for a bundle whose text is in memory. References to objects that are
//! not in the bundle are no fault (STIX 2.1, 3.3).
//!
//! Source: STIX 2.1, sections 2.9, 3.2, 3.6 and 8.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::check::{shown, shown_sentence};
use super::code::{self, Code};
use super::cursor::{Begin, Cursor};
use super::format;
use super::validate;
use crate::finding::{Finding, Severity};
use crate::head::{Head, SpecVersion, check_json, read_head};
use crate::id::ObjectId;
use crate::time::Timestamp;

/// The objects that have come so far.
#[derive(Debug, Default)]
pub struct Bundle {
    known: HashMap<ObjectId, Known>,
    versions: HashSet<(ObjectId, Timestamp)>,
    uuids: HashMap<Uuid, (String, ObjectId)>,
}

/// What is remembered of an object through its versions.
#[derive(Debug)]
struct Known {
    created: Option<Timestamp>,
    creator: Option<ObjectId>,
    revoked: Option<Timestamp>,
    latest: Timestamp,
}

impl Bundle {
    /// A bundle without objects.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks the next object, by itself ([`validate`]) and against those before it.
    ///
    /// `head` is what [`read_head`] gave for `raw`. Paths of findings begin in the object. Remembers some 200 bytes of
    /// each object.
    pub fn object(&mut self, raw: &str, head: &Head, on: &mut dyn FnMut(Finding)) {
        validate(raw, on);
        self.version(head, on);
        self.uuid(head, on);
    }

    /// Reads the head of the next object and checks it as [`Bundle::object`] does, if it has one.
    ///
    /// What [`read_head`] refuses is reported with its finding, made safe to print.
    pub fn text(&mut self, raw: &str, on: &mut dyn FnMut(Finding)) {
        match read_head(raw) {
            Ok(head) => self.object(raw, &head, on),
            Err(finding) => on(printable(finding)),
        }
    }

    fn version(&mut self, head: &Head, on: &mut dyn FnMut(Finding)) {
        let Some(modified) = head.modified else { return };
        if !self.versions.insert((head.id.clone(), modified)) {
            let what = format!("the version {modified} of {} is there before", head.id);
            return on(finding(&code::DUPLICATE, "modified", &what));
        }
        let revoked = head.revoked.then_some(modified);
        let Some(known) = self.known.get_mut(&head.id) else {
            let creator = head.created_by.clone();
            let known = Known { created: head.created, creator, revoked, latest: modified };
            self.known.insert(head.id.clone(), known);
            return;
        };
        if known.created != head.created {
            let what = "another version of the object has another `created`";
            on(finding(&code::VERSION_CREATED, "created", what));
        }
        if known.creator != head.created_by {
            let what = "another version of the object has another `created_by_ref`";
            on(finding(&code::VERSION_CREATOR, "created_by_ref", what));
        }
        known.revoked = known.revoked.into_iter().chain(revoked).min();
        known.latest = known.latest.max(modified);
        if let Some(revoked) = known.revoked.filter(|revoked| *revoked < known.latest) {
            let what = format!("the object was revoked at {revoked}, and has a version of {}", known.latest);
            on(finding(&code::VERSION_REVOKED, "modified", &what));
        }
    }

    fn uuid(&mut self, head: &Head, on: &mut dyn FnMut(Finding)) {
        let Some(creator) = head.created_by.as_ref().filter(|_| head.spec_version == SpecVersion::V21) else {
            return;
        };
        let (object_type, known) = self
            .uuids
            .entry(head.id.uuid())
            .or_insert_with(|| (head.object_type().to_owned(), creator.clone()));
        if known == creator && object_type != head.object_type() {
            let what = format!(
                "the same producer has used the UUID of {} for an object of type {object_type}",
                head.id
            );
            on(finding(&code::UUID_REUSED, "id", &what));
        }
    }
}

/// A finding of another reader, which may quote the text as it is.
fn printable(finding: Finding) -> Finding {
    let (path, message) = (shown(&finding.path).to_string(), shown_sentence(&finding.message).to_string());
    Finding { path, message, ..finding }
}

fn finding(code: &Code, path: &str, what: &str) -> Finding {
    let message = format!("{what} (STIX 2.1, {})", code.section);
    match code.severity {
        Severity::Error => Finding::error(code.name, path, message),
        Severity::Warning => Finding::warning(code.name, path, message),
    }
}

/// Checks a bundle whose text is in memory: its own properties, and each object as [`Bundle::object`] does.
///
/// What [`read_head`] refuses is reported with its finding, and the other objects are checked all the same. Gives the
/// number of objects.
///
/// Source: STIX 2.1, section 8.
pub fn validate_bundle(raw: &str, on: &mut dyn FnMut(Finding)) -> u64 {
    if let Err(finding) = check_json(raw) {
        on(printable(finding));
        return 0;
    }
    let mut cursor = Cursor::new(raw);
    if cursor.begin() != Begin::Object {
        on(finding(&code::BUNDLE, "", "a bundle is a JSON object"));
        return 0;
    }
    let mut count = 0;
    let mut required = [("type", false), ("id", false)];
    cursor.enter();
    while let Some(key) = cursor.key() {
        let name = key.text();
        for (required, there) in &mut required {
            *there |= *required == name;
        }
        match &*name {
            "type" => own_type(&mut cursor, on),
            "id" => own_id(&mut cursor, on),
            "objects" => count = objects(&mut cursor, on),
            other => {
                custom(other, on);
                cursor.skip();
            }
        }
    }
    for (name, _) in required.iter().filter(|(_, there)| !there) {
        on(finding(&code::BUNDLE, name, &format!("a bundle needs `{name}`")));
    }
    count
}

fn own_type(cursor: &mut Cursor<'_>, on: &mut dyn FnMut(Finding)) {
    if cursor.string().as_deref() != Some("bundle") {
        on(finding(&code::BUNDLE, "type", "the type is not `bundle`"));
    }
}

fn own_id(cursor: &mut Cursor<'_>, on: &mut dyn FnMut(Finding)) {
    let id = cursor.string().unwrap_or_default();
    match format::identifier(&id) {
        Some(("bundle", 4)) => {}
        Some(("bundle", version)) => {
            let what = format!("`{id}` has a UUIDv{version}, not a UUIDv4");
            on(finding(&code::UUID_VERSION, "id", &what));
        }
        _ => on(finding(&code::BUNDLE, "id", &format!("`{}` is no id of a bundle", shown(&id)))),
    }
}

/// A property that bundles do not have. `spec_version` was one in STIX 2.0.
fn custom(name: &str, on: &mut dyn FnMut(Finding)) {
    let path = shown(name).to_string();
    if format::is_property_name(name) {
        on(finding(&code::CUSTOM, &path, &format!("a bundle has no property `{}`", shown(name))));
    } else {
        on(finding(&code::PROPERTY_NAME, &path, &format!("`{}` is no property name", shown(name))));
    }
}

fn objects(cursor: &mut Cursor<'_>, on: &mut dyn FnMut(Finding)) -> u64 {
    if cursor.begin() != Begin::List {
        cursor.skip();
        on(finding(&code::BUNDLE, "objects", "`objects` is not a list"));
        return 0;
    }
    let mut bundle = Bundle::new();
    let mut index = 0;
    cursor.enter();
    while cursor.item() {
        let from = cursor.place();
        cursor.skip();
        let raw = cursor.since(from);
        let here = format!("objects[{index}]");
        bundle.text(raw, &mut |finding| on(finding.within(&here)));
        index += 1;
    }
    if index == 0 {
        on(finding(&code::LIST_EMPTY, "objects", "there are no objects; leave `objects` out"));
    }
    index
}
