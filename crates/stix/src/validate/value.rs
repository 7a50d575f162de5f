//! One value against what its property wants.

use std::borrow::Cow;

use super::check::{At, Check, Names, shown};
use super::code;
use super::common::INTEGER_MAX;
use super::cursor::Begin;
use super::format;
use super::meta;
use super::table::{Class, Form, HashNames, Keys, Kind, Precision, Targets};
use super::vocab::{self, Words};
use crate::finding::Severity;
use crate::json::DEPTH_MAX;
use crate::time::{TimeError, Timestamp};

/// Most terms of a vocabulary that a message shows.
const TERMS_SHOWN: usize = 8;

impl<'t> Check<'t, '_> {
    /// Checks the value that begins here, and moves on behind it.
    pub(super) fn value(&mut self, kind: &Kind, section: &'static str, at: &At<'_>) {
        match kind {
            Kind::Text if self.cursor.peek() == b'"' => {
                self.cursor.quoted();
            }
            Kind::Text => self.wrong(at, section, "a string"),
            Kind::Boolean if self.cursor.begin() == Begin::Boolean => {
                self.cursor.scalar();
            }
            Kind::Boolean => self.wrong(at, section, "`true` or `false`"),
            Kind::Integer(min, max) => self.integer(*min, *max, section, at),
            Kind::Float(min, max) => self.float(*min, *max, section, at),
            Kind::Time(precision) => self.time(*precision, section, at),
            Kind::Hex => {
                let Some(text) = self.text(at, section) else { return };
                if !format::is_hex(&text) {
                    let what = format_args!("`{}` is no even number of 0-9 and a-f", shown(&text));
                    self.report(&code::HEX, at, what);
                }
            }
            Kind::Binary => {
                let Some(text) = self.text(at, section) else { return };
                if !format::is_base64(&text) {
                    self.report(&code::BINARY, at, format_args!("`{}` is no base64", shown(&text)));
                }
            }
            Kind::Word(words) => self.word(words, section, at),
            Kind::Form(form) => self.form(*form, section, at),
            Kind::Ref(targets) => self.reference(targets, section, at),
            Kind::Hashes(names) => self.hashes(*names, section, at),
            Kind::Dictionary(inner, keys) => self.dictionary(inner, *keys, section, at),
            Kind::Object(shape) => {
                if self.cursor.begin() != Begin::Object {
                    return self.wrong(at, section, "an object");
                }
                let seen = self.members(shape, at);
                self.finish(shape, &seen, at);
            }
            Kind::List(inner) => self.list(inner, section, at),
            Kind::TextOrInteger if self.cursor.peek() == b'"' => {
                self.cursor.quoted();
            }
            Kind::TextOrInteger => self.integer(-INTEGER_MAX, INTEGER_MAX, section, at),
            Kind::Any => self.any(at, 0),
            Kind::Type => self.own_type(section, at),
            Kind::Id => self.own_id(section, at),
            Kind::SpecVersion => self.spec_version(section, at),
            Kind::Extensions => self.extensions(section, at),
            Kind::Granular => self.granular_markings(section, at),
            Kind::Container => self.container(section, at),
            Kind::Contents => self.contents(section, at),
            Kind::Definition if self.cursor.begin() == Begin::Object => self.any(at, 0),
            Kind::Definition => self.wrong(at, section, "an object"),
        }
    }

    /// Reports a value of another type than `expected`, and passes over it.
    pub(super) fn wrong(&mut self, at: &At<'_>, section: &'static str, expected: &str) {
        let begin = self.cursor.begin();
        let from = self.cursor.place();
        self.cursor.skip();
        let value = shown(self.cursor.since(from));
        if begin == Begin::Null {
            let what = format_args!("`null` where {expected} belongs; leave the property out");
            self.report_in(&code::VALUE_NULL, at, section, what);
        } else {
            let what = format_args!("`{value}` where {expected} belongs");
            self.report_in(&code::VALUE_TYPE, at, section, what);
        }
    }

    /// The string that begins here; anything else is reported.
    pub(super) fn text(&mut self, at: &At<'_>, section: &'static str) -> Option<Cow<'t, str>> {
        if self.cursor.peek() == b'"' {
            return Some(self.cursor.quoted().text());
        }
        self.wrong(at, section, "a string");
        None
    }

    fn list(&mut self, inner: &Kind, section: &'static str, at: &At<'_>) {
        if self.cursor.begin() != Begin::List {
            return self.wrong(at, section, "a list");
        }
        self.cursor.enter();
        let mut count = 0;
        while self.cursor.item() {
            self.value(inner, section, &at.index(count));
            count += 1;
        }
        if count == 0 {
            self.report(&code::LIST_EMPTY, at, format_args!("the list is empty; leave the property out"));
        }
    }

    fn integer(&mut self, min: i64, max: i64, section: &'static str, at: &At<'_>) {
        if self.cursor.begin() != Begin::Number {
            return self.wrong(at, section, "a whole number");
        }
        let text = self.cursor.scalar();
        match whole(text) {
            Some(number) if number.unsigned_abs() > INTEGER_MAX.unsigned_abs() => {
                let what = format_args!("{} is beyond what 54 bits hold", shown(text));
                self.report(&code::INTEGER, at, what);
            }
            Some(number) if number < min || max < number => {
                let what = format_args!("{number} is not between {min} and {max}");
                self.report_in(&code::NUMBER_RANGE, at, section, what);
            }
            Some(_) => {}
            None => self.report(&code::INTEGER, at, format_args!("{} is no whole number", shown(text))),
        }
    }

    fn float(&mut self, min: f64, max: f64, section: &'static str, at: &At<'_>) {
        if self.cursor.begin() != Begin::Number {
            return self.wrong(at, section, "a number");
        }
        let text = self.cursor.scalar();
        if !text.parse::<f64>().is_ok_and(|number| min <= number && number <= max) {
            let what = format_args!("{} is not between {min} and {max}", shown(text));
            self.report_in(&code::NUMBER_RANGE, at, section, what);
        }
    }

    fn time(&mut self, precision: Precision, section: &'static str, at: &At<'_>) {
        let Some(text) = self.text(at, section) else { return };
        match Timestamp::parse(&text) {
            Ok(_) => {}
            Err(TimeError::Range) if is_leap_second(&text) => {}
            Err(error) => {
                return self.report(&code::TIMESTAMP, at, format_args!("`{}`: {error}", shown(&text)));
            }
        }
        // `YYYY-MM-DDTHH:mm:ssZ` has 20 bytes, the dot is one more.
        let digits = text.len().saturating_sub(21);
        match precision {
            Precision::Millisecond if digits < 3 => {
                let what = format_args!("`{}` has fewer than three digits after the second", shown(&text));
                self.report(&code::TIMESTAMP_PRECISION, at, what);
            }
            Precision::Second if text.len() != 20 => {
                let what = format_args!("`{}` is not precise to the second", shown(&text));
                self.report_in(&code::TIMESTAMP_PRECISION, at, section, what);
            }
            _ => {}
        }
    }

    fn word(&mut self, words: &'static Words, section: &'static str, at: &At<'_>) {
        let Some(text) = self.text(at, section) else { return };
        let warning = words.code.severity == Severity::Warning;
        if words.has(&text) || warning && self.object.old {
            return;
        }
        let some = words.some();
        let terms = Names(some.get(..TERMS_SHOWN.min(some.len())).unwrap_or_default());
        let more = if some.len() > TERMS_SHOWN { ", …" } else { "" };
        let what = format_args!("`{}` is not in {}: {terms}{more}", shown(&text), words.name);
        self.report(words.code, at, what);
        if warning && !format::is_lower_words(&text) {
            let what = format_args!("`{}` is not in lower case with hyphens between words", shown(&text));
            self.report(&code::VOCAB_FORMAT, at, what);
        }
    }

    fn hashes(&mut self, names: HashNames, section: &'static str, at: &At<'_>) {
        if self.cursor.begin() != Begin::Object {
            return self.wrong(at, section, "a dictionary of hashes");
        }
        self.entries(at, "there are no hashes; leave the property out", |check, name, here| {
            check.hash_name(name, names, section, here);
            let Some(value) = check.text(here, section) else { return };
            if !format::is_hash(name, &value) {
                let what = format_args!("`{}` is no {} hash", shown(&value), shown(name));
                check.report(&code::HASH_VALUE, here, what);
            }
        });
    }

    fn hash_name(&mut self, name: &str, names: HashNames, section: &'static str, at: &At<'_>) {
        if name.len() < 3 || !format::is_dictionary_key(name) {
            let what = format_args!("`{}` is no name of a hash", shown(name));
            return self.report(&code::HASH_NAME, at, what);
        }
        if vocab::HASH_ALGORITHM.has(name) {
            return;
        }
        let what = format_args!("`{}` is not in {}", shown(name), vocab::HASH_ALGORITHM.name);
        match names {
            HashNames::Listed if !self.object.old => self.report(&code::REFERENCE_HASH, at, what),
            HashNames::Open if !self.object.old && !name.starts_with("x_") => {
                self.report_in(&code::HASH_ALGORITHM, at, section, what);
            }
            _ => {}
        }
    }

    fn dictionary(&mut self, inner: &Kind, keys: Keys, section: &'static str, at: &At<'_>) {
        if self.cursor.begin() != Begin::Object {
            return self.wrong(at, section, "a dictionary");
        }
        self.entries(at, "the dictionary is empty; leave the property out", |check, name, here| {
            check.dictionary_key(name, keys, section, here);
            check.value(inner, section, here);
        });
    }

    /// Passes through the dictionary that begins here, entry by entry; that there are none is reported as `empty`.
    pub(super) fn entries(
        &mut self,
        at: &At<'_>,
        empty: &str,
        mut entry: impl FnMut(&mut Self, &str, &At<'_>),
    ) {
        self.cursor.enter();
        let mut is_empty = true;
        while let Some(key) = self.cursor.key() {
            is_empty = false;
            let name = key.text();
            entry(self, &name, &at.key(&name));
        }
        if is_empty {
            self.report(&code::DICTIONARY_EMPTY, at, format_args!("{empty}"));
        }
    }

    fn dictionary_key(&mut self, key: &str, keys: Keys, section: &'static str, at: &At<'_>) {
        if !format::is_dictionary_key(key) {
            let what = format_args!(
                "the key `{}` has other characters than a-z, A-Z, 0-9, `-`, `_`, or too many",
                shown(key)
            );
            return self.report(&code::DICTIONARY_KEY, at, what);
        }
        match keys {
            _ if self.object.old => {}
            Keys::Foreign => {}
            Keys::Lower => {
                if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    let what = format_args!("the key `{}` is not in lower case", shown(key));
                    self.report(&code::DICTIONARY_CASE, at, what);
                }
            }
            Keys::Listed(code, listed) => {
                if !listed(key) {
                    let what = format_args!("the key `{}` is none that is known there", shown(key));
                    self.report_in(code, at, section, what);
                }
            }
        }
    }

    /// Whatever STIX allows as a value: no `null`, no empty list or dictionary, keys as dictionaries have them.
    pub(super) fn any(&mut self, at: &At<'_>, depth: usize) {
        match self.cursor.begin() {
            Begin::Null => self.wrong(at, "2", "a value"),
            Begin::List if depth < DEPTH_MAX => {
                self.cursor.enter();
                let mut count = 0;
                while self.cursor.item() {
                    self.any(&at.index(count), depth + 1);
                    count += 1;
                }
                if count == 0 {
                    self.report(&code::LIST_EMPTY, at, format_args!("the list is empty; leave it out"));
                }
            }
            Begin::Object if depth < DEPTH_MAX => {
                self.entries(at, "the dictionary is empty; leave it out", |check, name, here| {
                    check.dictionary_key(name, Keys::Lower, "2.3", here);
                    check.any(here, depth + 1);
                });
            }
            _ => self.cursor.skip(),
        }
    }

    fn reference(&mut self, targets: &'static Targets, section: &'static str, at: &At<'_>) {
        let Some(text) = self.text(at, section) else { return };
        let marking = matches!(targets, Targets::Only(["marking-definition"]));
        let object_type: Cow<'_, str> = match (format::identifier(&text), &self.local) {
            (Some((object_type, _)), _) => Cow::Borrowed(object_type),
            (None, Some(local)) => match local.type_of(&text) {
                Some(object_type) => Cow::Owned(object_type.to_owned()),
                None => {
                    let what = format_args!("`{}` is no object of this observed data", shown(&text));
                    return self.report(&code::CONTAINER_REFERENCE, at, what);
                }
            },
            (None, None) => match format::dangling(&text) {
                Some(object_type) if self.object.shape.class == Class::Observable && !marking => {
                    let what = format_args!("`{}` names no object: its UUID is none", shown(&text));
                    self.report(&code::REFERENCE_UUID, at, what);
                    Cow::Owned(object_type.to_owned())
                }
                _ => return self.no_identifier(&text, at),
            },
        };
        if marking && text == self.object.id {
            let what = format_args!("the marking definition marks itself");
            return self.report(&code::MARKING_CIRCULAR, at, what);
        }
        if let Err((expected, code)) = targets.take(&object_type)
            && (code.severity == Severity::Error || !self.object.old)
        {
            let what = format_args!("`{}` is not the id of {expected}", shown(&text));
            self.report_in(code, at, section, what);
        }
    }

    pub(super) fn no_identifier(&mut self, text: &str, at: &At<'_>) {
        let what =
            format_args!("`{}` is no identifier: `type--UUID`, the UUID of version 1 to 5", shown(text));
        self.report(&code::IDENTIFIER, at, what);
    }

    fn form(&mut self, form: Form, section: &'static str, at: &At<'_>) {
        let Some(text) = self.text(at, section) else { return };
        let (fits, code, expected): (fn(&str) -> bool, _, _) = match form {
            Form::CharacterSet => {
                (format::is_character_set, &code::CHARACTER_SET, "a name of an IANA character set")
            }
            Form::Country => (format::is_country, &code::COUNTRY, "a code of ISO 3166-1 alpha-2"),
            Form::Cpe => (format::is_cpe, &code::CPE, "a CPE 2.3 formatted string"),
            Form::Domain => (format::is_domain, &code::DOMAIN, "a domain name"),
            Form::Email => (format::is_email, &code::EMAIL, "an e-mail address without display name"),
            Form::Ipv4 => (format::is_ipv4, &code::ADDRESS, "an IPv4 address or CIDR block"),
            Form::Ipv6 => (format::is_ipv6, &code::ADDRESS, "an IPv6 address or CIDR block"),
            Form::KillChainName => {
                (format::is_lower_words, &code::KILL_CHAIN, "a name in lower case with hyphens between words")
            }
            Form::Language => (format::is_language, &code::LANGUAGE, "a language tag of RFC 5646"),
            Form::Mac => (format::is_mac, &code::ADDRESS, "a MAC address in lower case with colons"),
            Form::MimeType => (format::is_mime_type, &code::MIME_TYPE, "a registered MIME type"),
            Form::Priority => {
                (|text| text.ends_with("_CLASS"), &code::PROCESS_PRIORITY, "a name that ends with _CLASS")
            }
            Form::ProductName => {
                (is_product, &code::PRODUCT_NAME, "a name in lower case with hyphens between words")
            }
            Form::PropertyName => (format::is_property_name, &code::EXTENSION_PROPERTIES, "a property name"),
            Form::Protocol => (format::is_protocol, &code::PROTOCOL, "a registered service name"),
            Form::ReferenceUrl => (format::is_url, &code::REFERENCE_URL, "a URL of RFC 3986"),
            Form::RegistryKey => {
                (format::is_hive_expanded, &code::REGISTRY_HIVE, "a key with its hive written out")
            }
            Form::RelationshipType => {
                (is_relationship_type, &code::RELATIONSHIP_NAME, "a relationship type of a-z, 0-9 and `-`")
            }
            Form::Url => (format::is_url, &code::URL, "a URL of RFC 3986"),
        };
        if fits(&text) || self.object.defanged && form.can_be_defanged() {
            return;
        }
        if code.severity == Severity::Error || !self.object.old || form == Form::KillChainName {
            self.report_in(code, at, section, format_args!("`{}` is not {expected}", shown(&text)));
        }
    }
}

impl Form {
    /// Whether a value of this form looks otherwise in an object that says it is defanged.
    fn can_be_defanged(self) -> bool {
        matches!(self, Self::Domain | Self::Email | Self::Ipv4 | Self::Ipv6 | Self::Url | Self::Mac)
    }
}

impl Targets {
    /// Whether a reference may name an object of `object_type`; if not, what it may name and which rule says so.
    fn take(&self, object_type: &str) -> Result<(), (Expected, &'static code::Code)> {
        let class = meta::class(object_type);
        let bundle = object_type == "bundle";
        let domain = matches!(class, Class::Domain | Class::NewDomain);
        let custom = class == Class::Custom && !bundle;
        let (fits, expected) = match self {
            Self::Only(types) => (types.contains(&object_type), Expected::Types(types)),
            Self::Should(types, code) => {
                let fits = types.contains(&object_type);
                return if fits { Ok(()) } else { Err((Expected::Types(types), code)) };
            }
            Self::Domain => (domain || custom, Expected::Words("a domain object")),
            Self::DomainOrObservable => (
                domain || custom || class == Class::Observable,
                Expected::Words("a domain object or observable"),
            ),
            Self::Observable => (custom || class == Class::Observable, Expected::Words("an observable")),
            Self::ObservableOrRelationship => (
                custom || matches!(class, Class::Observable | Class::Relationship),
                Expected::Words("an observable or relationship object"),
            ),
            Self::Object => (!bundle, Expected::Words("a STIX object")),
        };
        if fits { Ok(()) } else { Err((expected, &code::REFERENCE_TYPE)) }
    }
}

/// What a reference may name, for messages.
enum Expected {
    Types(&'static [&'static str]),
    Words(&'static str),
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Types(types) => Names(types).fmt(f),
            Self::Words(words) => f.write_str(words),
        }
    }
}

/// A whole number, also one that is written as `1.0` or `1e3` (RFC 7493 knows one kind of number).
fn whole(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    // Beyond 2^53 the sum is not exact any more, and the number is refused for its size.
    (number.fract() == 0.0).then_some(number as i64)
}

/// 23:59:60, which RFC 3339 has.
fn is_leap_second(text: &str) -> bool {
    let Some((day, rest)) = text.split_once("T23:59:60") else { return false };
    Timestamp::parse(&format!("{day}T23:59:59{rest}")).is_ok()
}

fn is_product(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn is_relationship_type(text: &str) -> bool {
    is_product(text)
}
