//! Rules that no table can say: those that depend on values, or on several properties at once.

use std::collections::BTreeSet;

use super::check::{At, Check, shown, shown_sentence};
use super::code;
use super::cursor::Begin;
use super::format;
use super::meta;
use super::relation;
use super::table::{Class, Seen, Shape, Special};
use crate::id::ObjectId;
use crate::marking::Tlp;
use crate::pattern::{self, Comparison, ObjectPath, Observation, Step};

/// The extension that carries TLP 2.0.
const TLP_2_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// The four TLP marking definitions of section 7.2.1: id, name, value.
const TLP_1: [(&str, &str, &str); 4] = [
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "TLP:WHITE", "white"),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "TLP:GREEN", "green"),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "TLP:AMBER", "amber"),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "TLP:RED", "red"),
];
const TLP_1_CREATED: &str = "2017-01-20T00:00:00.000Z";

impl Check<'_, '_> {
    pub(super) fn special(&mut self, special: Special, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        match special {
            Special::EmailMessage => self.email_message(shape, seen, at),
            Special::ExtensionDefinition => self.extension_definition(shape, seen, at),
            Special::Granular => self.granular(shape, seen, at),
            Special::ExternalReference => self.external_reference(shape, seen, at),
            Special::Indicator => self.indicator(shape, seen, at),
            Special::MalwareFamily => self.malware_family(shape, seen, at),
            Special::MarkingDefinition => self.marking_definition(shape, seen, at),
            Special::NetworkTraffic => self.network_traffic(shape, seen, at),
            Special::ObservedData => self.observed_data(shape, seen, at),
            Special::Relationship => self.relationship(shape, seen, at),
        }
    }

    fn word_at(&self, place: Option<usize>) -> Option<&str> {
        Some(self.cursor.moved(place?).scalar())
    }

    fn email_message(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        let (wrong, value) = match self.word_at(shape.place(seen, "is_multipart")) {
            Some("true") => ("body", true),
            Some("false") => ("body_multipart", false),
            _ => return,
        };
        if shape.place(seen, wrong).is_some() {
            let what = format_args!("`{wrong}` is not used when `is_multipart` is {value}");
            self.report_in(&code::PROPERTY_CONFLICT, &at.key(wrong), shape.section, what);
        }
    }

    fn extension_definition(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        if shape.place(seen, "description").is_none() {
            let what = format_args!("the extension is not described; give it a `description`");
            self.report(&code::EXTENSION_DESCRIPTION, &at.key("description"), what);
        }
        let Some(types) = shape.place(seen, "extension_types") else { return };
        let top_level = self.texts_at(types).any(|text| text == "toplevel-property-extension");
        let named = shape.place(seen, "extension_properties").is_some();
        let here = at.key("extension_properties");
        if named && !top_level {
            let what = format_args!("only a top-level property extension has `extension_properties`");
            self.report(&code::EXTENSION_PROPERTIES, &here, what);
        }
        if top_level && !named {
            let what = format_args!("the properties of the extension are not named");
            self.report(&code::EXTENSION_NO_PROPERTIES, &here, what);
        }
    }

    /// The strings of the list at `place`.
    fn texts_at(&self, place: usize) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
        let mut cursor = self.cursor.moved(place);
        let list = cursor.begin() == Begin::List;
        cursor.enter();
        std::iter::from_fn(move || (list && cursor.item()).then(|| cursor.string().unwrap_or_default()))
    }

    fn granular(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        match (shape.place(seen, "lang"), shape.place(seen, "marking_ref")) {
            (Some(_), Some(_)) => {
                self.report(&code::GRANULAR, at, format_args!("`lang` and `marking_ref` exclude each other"));
            }
            (None, None) => {
                self.report(
                    &code::GRANULAR,
                    at,
                    format_args!("a granular marking needs `marking_ref` or `lang`"),
                );
            }
            _ => {}
        }
    }

    fn external_reference(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        let there = |name| shape.place(seen, name).is_some();
        if !["description", "url", "external_id"].iter().any(|name| there(name)) {
            let what = format_args!("an external reference needs `description`, `url` or `external_id`");
            self.report(&code::REFERENCE_INCOMPLETE, at, what);
        }
        if there("url") && !there("hashes") && !self.hashless {
            self.hashless = true;
            let what =
                format_args!("the URL has no `hashes`, so nobody can tell whether it still has what it had");
            self.report(&code::REFERENCE_NO_HASH, at, what);
        }
        let Some(id) = self.text_at(shape.place(seen, "external_id")) else { return };
        let source = self.text_at(shape.place(seen, "source_name")).unwrap_or_default();
        let (name, code, fits): (_, _, fn(&str) -> bool) = match &*self.object.object_type {
            "attack-pattern" => ("capec", &code::CAPEC, is_capec),
            "vulnerability" => ("cve", &code::CVE, is_cve),
            _ => return,
        };
        if source == name && !fits(&id) {
            self.report(code, &at.key("external_id"), format_args!("`{}` is no {name} id", shown(&id)));
        } else if source != name && fits(&id) {
            let what =
                format_args!("`{}` has the source name `{name}`, not `{}`", shown(&id), shown(&source));
            self.report(code, &at.key("source_name"), what);
        }
    }

    fn indicator(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        let nameless = ["name", "description"].iter().find(|name| shape.place(seen, name).is_none());
        if let Some(name) = nameless.filter(|_| !self.object.old) {
            let what = format_args!("without `{name}` nobody can tell what the indicator does");
            self.report(&code::INDICATOR_NAME, &at.key(name), what);
        }
        let stix = match self.text_at(shape.place(seen, "pattern_type")) {
            Some(language) => language == "stix",
            None => self.object.old,
        };
        let Some(text) = self.text_at(shape.place(seen, "pattern")).filter(|_| stix) else { return };
        let here = at.key("pattern");
        match pattern::parse(&text) {
            Err(error) => {
                let error = error.to_string();
                let what = format_args!("`{}`: {}", shown(&text), shown_sentence(&error));
                self.report(&code::PATTERN, &here, what);
            }
            Ok(tree) => {
                let mut wrong = BTreeSet::new();
                observation_names(&tree.root, &mut wrong);
                for name in wrong {
                    let what = format_args!("`{}` is no name of a type or property", shown(name));
                    self.report(&code::PATTERN, &here, what);
                }
            }
        }
    }

    fn malware_family(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        let family = self.word_at(shape.place(seen, "is_family")) == Some("true");
        if family && shape.place(seen, "name").is_none() {
            let what = format_args!("a malware family has a `name`");
            self.report_in(&code::PROPERTY_NEEDS, &at.key("is_family"), shape.section, what);
        }
    }

    fn marking_definition(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        let place = |name| shape.place(seen, name);
        let extensions = place("extensions");
        for name in ["definition_type", "definition"] {
            if extensions.is_none() && place(name).is_none() {
                let what = format_args!("without `extensions` a marking definition needs `{name}`");
                self.report_in(&code::PROPERTY_MISSING, &at.key(name), shape.section, what);
            }
        }
        match self.text_at(place("definition_type")).as_deref() {
            Some("statement") => self.statement(shape, place("definition"), at),
            Some("tlp") => self.tlp_1(shape, seen, at),
            Some(other) if !self.object.old => {
                let what = format_args!("`{}` is not `statement` or `tlp`", shown(other));
                self.report(&code::MARKING_TYPE, &at.key("definition_type"), what);
                if extensions.is_none() {
                    let what = format_args!(
                        "markings of another type than `statement` and `tlp` are added by an extension"
                    );
                    self.report_in(&code::CUSTOM, &at.key("definition_type"), shape.section, what);
                }
            }
            _ => {}
        }
        if let Some(label) = self.tlp_2_label(extensions) {
            self.tlp_2(&label, at);
        }
    }

    fn statement(&mut self, shape: &'static Shape, definition: Option<usize>, at: &At<'_>) {
        if definition.is_some() && self.inside(definition, "statement").is_none() {
            let what = format_args!("a statement marking needs the string `statement`");
            self.report_in(&code::PROPERTY_MISSING, &at.key("definition"), shape.section, what);
        }
    }

    /// The string property `name` of the object at `place`.
    fn inside(&self, place: Option<usize>, name: &str) -> Option<String> {
        let mut cursor = self.cursor.moved(place?);
        if cursor.begin() != Begin::Object {
            return None;
        }
        cursor.enter();
        while let Some(key) = cursor.key() {
            if key.raw == name && cursor.begin() == Begin::Text {
                return cursor.string().map(std::borrow::Cow::into_owned);
            }
            cursor.skip();
        }
        None
    }

    fn tlp_1(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        let id = self.object.id.clone();
        let known = TLP_1.iter().find(|(known, ..)| id.eq_ignore_ascii_case(known));
        let text = |name| self.text_at(shape.place(seen, name));
        let fits = known.is_some_and(|(_, name, value)| {
            let named = text("name").map_or(self.object.old, |has| has == *name);
            let created = text("created").is_some_and(|has| has == TLP_1_CREATED || self.object.old);
            let marked =
                ["created_by_ref", "external_references", "object_marking_refs", "granular_markings"]
                    .iter()
                    .any(|name| shape.place(seen, name).is_some());
            let says = self.inside(shape.place(seen, "definition"), "tlp");
            named && created && (!marked || self.object.old) && says.as_deref() == Some(value)
        });
        if !fits {
            let what = format_args!(
                "`{}` is none of the four TLP marking definitions of the specification",
                shown(&id)
            );
            self.report(&code::MARKING_TLP, &at.key("definition"), what);
        }
    }

    /// What the TLP 2.0 extension says, if it is there.
    fn tlp_2_label(&self, extensions: Option<usize>) -> Option<String> {
        let mut cursor = self.cursor.moved(extensions?);
        if cursor.begin() != Begin::Object {
            return None;
        }
        cursor.enter();
        while let Some(key) = cursor.key() {
            if key.raw == TLP_2_EXTENSION {
                let place = cursor.place();
                return Some(self.inside(Some(place), "tlp_2_0").unwrap_or_default());
            }
            cursor.skip();
        }
        None
    }

    fn tlp_2(&mut self, label: &str, at: &At<'_>) {
        let labels = ["clear", "green", "amber", "amber+strict", "red"];
        let says = labels.iter().zip(Tlp::ALL).find(|(word, _)| **word == label).map(|(_, tlp)| tlp);
        let id = ObjectId::parse(&self.object.id).ok();
        let known = Tlp::ALL.into_iter().find(|tlp| id.as_ref() == Some(&tlp.definition_id()));
        if says.is_none() || known.is_some() && known != says {
            let what = format_args!("`{}` is not what this TLP 2.0 marking definition says", shown(label));
            let extensions = at.key("extensions");
            self.report(&code::MARKING_TLP, &extensions.key(TLP_2_EXTENSION), what);
        }
    }

    fn network_traffic(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        let active = self.word_at(shape.place(seen, "is_active")) == Some("true");
        if active && shape.place(seen, "end").is_some() {
            let what = format_args!("traffic that `is_active` has no `end`");
            self.report_in(&code::PROPERTY_CONFLICT, &at.key("end"), shape.section, what);
        }
        if self.object.old {
            return;
        }
        if let Some(name) = ["src_port", "dst_port"].iter().find(|name| shape.place(seen, name).is_none()) {
            self.report(&code::TRAFFIC_PORTS, &at.key(name), format_args!("there is no `{name}`"));
        }
        let (Some(extensions), Some(protocols)) =
            (shape.place(seen, "extensions"), shape.place(seen, "protocols"))
        else {
            return;
        };
        for (extension, protocol) in [("http-request-ext", "http"), ("icmp-ext", "icmp"), ("tcp-ext", "tcp")]
        {
            let there = self.object_at(extensions, extension);
            if there && !self.texts_at(protocols).any(|has| has.eq_ignore_ascii_case(protocol)) {
                let what = format_args!("with {extension} the protocols have `{protocol}`");
                self.report(&code::TRAFFIC_PROTOCOL, &at.key("protocols"), what);
            }
        }
    }

    /// Whether the object at `place` has the key `name`.
    fn object_at(&self, place: usize, name: &str) -> bool {
        let mut cursor = self.cursor.moved(place);
        if cursor.begin() != Begin::Object {
            return false;
        }
        cursor.enter();
        while let Some(key) = cursor.key() {
            if key.raw == name {
                return true;
            }
            cursor.skip();
        }
        false
    }

    fn observed_data(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        if shape.place(seen, "objects").is_some() && !self.object.old {
            let what =
                format_args!("`objects` is deprecated; send the observables beside, and `object_refs`");
            self.report(&code::DEPRECATED, &at.key("objects"), what);
        }
        let Some(refs) = shape.place(seen, "object_refs") else { return };
        let mut any = false;
        let observable = self.texts_at(refs).any(|text| {
            any = true;
            format::identifier(&text).is_none_or(|(name, _)| !matches!(name, "relationship" | "sighting"))
        });
        if any && !observable {
            let what = format_args!("`object_refs` names no observable");
            self.report_in(&code::REFERENCE_TYPE, &at.key("object_refs"), shape.section, what);
        }
    }

    fn relationship(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        if self.object.old {
            return;
        }
        let text = |name| self.text_at(shape.place(seen, name));
        let (Some(name), Some(source), Some(target)) =
            (text("relationship_type"), text("source_ref"), text("target_ref"))
        else {
            return;
        };
        let (Some((from, _)), Some((to, _))) = (format::identifier(&source), format::identifier(&target))
        else {
            return;
        };
        // An end of another sort is an error of its own.
        let related = |name| !matches!(meta::class(name), Class::Relationship | Class::Marking | Class::Meta);
        if related(from) && related(to) && to != "bundle" && !relation::is_suggested(from, &name, to) {
            let what =
                format_args!("{} has no relationship `{}` to {}", shown(from), shown(&name), shown(to));
            self.report(&code::RELATIONSHIP_TYPE, &at.key("relationship_type"), what);
        }
    }

    /// `contents` of language content.
    pub(super) fn contents(&mut self, section: &'static str, at: &At<'_>) {
        if self.cursor.begin() != Begin::Object {
            return self.wrong(at, section, "a dictionary of translations");
        }
        self.cursor.enter();
        let mut languages = 0;
        while let Some(key) = self.cursor.key() {
            languages += 1;
            let language = key.text();
            let here = at.key(&language);
            if !format::is_language(&language) {
                let what = format_args!("`{}` is no language tag of RFC 5646", shown(&language));
                self.report(&code::LANGUAGE_CONTENT, &here, what);
            }
            if self.cursor.begin() != Begin::Object {
                self.wrong(&here, section, "a dictionary of properties");
                continue;
            }
            self.translation(&here);
        }
        if languages == 0 {
            self.report(&code::DICTIONARY_EMPTY, at, format_args!("there are no translations"));
        }
    }

    fn translation(&mut self, at: &At<'_>) {
        self.cursor.enter();
        let mut properties = 0;
        while let Some(key) = self.cursor.key() {
            properties += 1;
            let name = key.text();
            let here = at.key(&name);
            if !format::is_property_name(&name) {
                let what = format_args!("`{}` is no property name", shown(&name));
                self.report(&code::LANGUAGE_CONTENT, &here, what);
            }
            self.any(&here, 0);
        }
        if properties == 0 {
            self.report(&code::DICTIONARY_EMPTY, at, format_args!("there is no translated property"));
        }
    }
}

fn is_capec(id: &str) -> bool {
    id.strip_prefix("CAPEC-")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `CVE-`, four digits, and four or more; more than four do not begin with 0.
fn is_cve(id: &str) -> bool {
    let Some((year, number)) = id.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    year.len() == 4
        && digits(year)
        && digits(number)
        && (number.len() == 4 || number.len() > 4 && !number.starts_with('0'))
}

/// Collects the names in a pattern that are none.
fn observation_names<'p>(observation: &'p Observation, wrong: &mut BTreeSet<&'p str>) {
    match observation {
        Observation::Test(comparison) => comparison_names(comparison, wrong),
        Observation::And(parts) | Observation::Or(parts) | Observation::FollowedBy(parts) => {
            parts.iter().for_each(|part| observation_names(part, wrong));
        }
        Observation::Qualified(inner, _) => observation_names(inner, wrong),
    }
}

fn comparison_names<'p>(comparison: &'p Comparison, wrong: &mut BTreeSet<&'p str>) {
    match comparison {
        Comparison::And(parts) | Comparison::Or(parts) => {
            parts.iter().for_each(|part| comparison_names(part, wrong));
        }
        Comparison::Test { path, .. } | Comparison::Exists { path, .. } => path_names(path, wrong),
    }
}

/// The type, and the property that the path begins with; what follows may be keys of dictionaries.
fn path_names<'p>(path: &'p ObjectPath, wrong: &mut BTreeSet<&'p str>) {
    if !format::is_type_name(&path.object_type) {
        wrong.insert(&path.object_type);
    }
    if let Some(Step::Key(name)) = path.steps.first()
        && !format::is_property_name(name)
    {
        wrong.insert(name);
    }
}
