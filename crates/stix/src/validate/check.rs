//! The walk: an object's members along its table, then what holds between them.

use std::fmt;

use super::code::{self, Code};
use super::container::Local;
use super::cursor::{Begin, Cursor, Quoted};
use super::outline::Outline;
use super::table::{Class, Kind, Need, Rule, Seen, Shape};
use crate::finding::{Finding, Severity};
use crate::time::Timestamp;

/// Most characters of a value from outside that a message shows.
const SHOWN_CHARACTERS: usize = 60;

/// Findings of one object that are told. Beyond them only the first error still is, so that none hides behind warnings:
/// with a long path each, a small object's could fill the memory.
const FINDINGS_MAX: usize = 2_000;
/// Longest path that a finding shows, in bytes.
const PATH_BYTES_MAX: usize = 1_000;

/// One object on its way through the rules.
pub(super) struct Check<'t, 'f> {
    pub(super) cursor: Cursor<'t>,
    pub(super) object: Outline<'t>,
    /// The objects beside this one, when it stands inside observed data.
    pub(super) local: Option<Local<'t>>,
    /// An external reference without hashes was reported; one tells it.
    pub(super) hashless: bool,
    on: &'f mut dyn FnMut(Finding),
    /// How many findings there were, and whether one of them was an error.
    found: usize,
    refused: bool,
}

/// A place in an object, from the outside in.
#[derive(Clone, Copy)]
pub(super) struct At<'p> {
    outer: Option<&'p At<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Object,
    Key(&'p str),
    Index(usize),
}

impl<'p> At<'p> {
    pub(super) const OBJECT: At<'static> = At { outer: None, step: Step::Object };

    pub(super) fn key(&'p self, key: &'p str) -> At<'p> {
        At { outer: Some(self), step: Step::Key(key) }
    }

    /// Whether this is the object itself, whose members have all been found before.
    pub(super) fn is_object(&self) -> bool {
        self.outer.is_none()
    }

    pub(super) fn index(&'p self, index: usize) -> At<'p> {
        At { outer: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(outer) = self.outer else { return Ok(()) };
        outer.fmt(f)?;
        match self.step {
            Step::Object => Ok(()),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) if outer.outer.is_none() => shown(key).fmt(f),
            Step::Key(key) => write!(f, ".{}", shown(key)),
        }
    }
}

/// A path as far as it is shown.
struct Path(String);

impl fmt::Write for Path {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > PATH_BYTES_MAX {
            self.0.push('…');
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// A text from outside, short and without characters that a terminal would obey.
pub(super) fn shown(text: &str) -> Shown<'_> {
    Shown { text, characters: SHOWN_CHARACTERS }
}

/// The same for a text that holds words of ours beside what is from outside.
pub(super) fn shown_sentence(text: &str) -> Shown<'_> {
    Shown { text, characters: 5 * SHOWN_CHARACTERS }
}

pub(super) struct Shown<'a> {
    text: &'a str,
    characters: usize,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, character) in self.text.chars().enumerate() {
            if number == self.characters {
                return f.write_str("…");
            }
            match character {
                '\\' | '\'' | '"' => fmt::Write::write_char(f, character)?,
                other => write!(f, "{}", other.escape_debug())?,
            }
        }
        Ok(())
    }
}

impl<'t, 'f> Check<'t, 'f> {
    pub(super) fn new(raw: &'t str, on: &'f mut dyn FnMut(Finding)) -> Self {
        let cursor = Cursor::new(raw);
        Self {
            cursor,
            object: Outline::read(cursor),
            local: None,
            hashless: false,
            on,
            found: 0,
            refused: false,
        }
    }

    pub(super) fn run(mut self) {
        if self.cursor.begin() != Begin::Object {
            return self.report(&code::VALUE_TYPE, &At::OBJECT, format_args!("an object is a JSON object"));
        }
        if self.object.object_type == "bundle" {
            let what = format_args!("a bundle is no STIX object and is not put in one");
            return self.report(&code::BUNDLE, &At::OBJECT.key("type"), what);
        }
        if self.object.old {
            (self.on)(Finding::warning(code::STIX_20.name, "", STIX_20));
        }
        let shape = self.object.shape;
        let mut seen = Seen::new();
        for member in std::mem::take(&mut self.object.members) {
            self.cursor = self.cursor.moved(member.place);
            self.member(shape, member.key, &mut seen, &At::OBJECT);
        }
        self.finish(shape, &seen, &At::OBJECT);
        self.identity(shape, &seen);
    }

    /// Reports with the section of the rule.
    pub(super) fn report(&mut self, code: &Code, at: &At<'_>, what: fmt::Arguments<'_>) {
        self.report_in(code, at, code.section, what);
    }

    /// Reports with the section of the type or property.
    pub(super) fn report_in(&mut self, code: &Code, at: &At<'_>, section: &str, what: fmt::Arguments<'_>) {
        let error = code.severity == Severity::Error;
        self.found += 1;
        if self.found > FINDINGS_MAX && (self.refused || !error) {
            return;
        }
        self.refused |= error;
        let mut path = Path(String::new());
        let mut message = String::with_capacity(128);
        // It stops where the path is long enough; writing to a string does not fail.
        let _ = fmt::write(&mut path, format_args!("{at}"));
        let Path(path) = path;
        let _ = fmt::write(&mut message, format_args!("{what} (STIX 2.1, {section})"));
        (self.on)(match code.severity {
            Severity::Error => Finding::error(code.name, path, message),
            Severity::Warning => Finding::warning(code.name, path, message),
        });
    }

    /// Walks the members of the object that begins here, along the table of `shape`.
    pub(super) fn members(&mut self, shape: &'static Shape, at: &At<'_>) -> Seen {
        let mut seen = Seen::new();
        self.cursor.enter();
        while let Some(key) = self.cursor.key() {
            self.member(shape, key, &mut seen, at);
        }
        seen
    }

    /// Checks the member whose value begins here.
    fn member(&mut self, shape: &'static Shape, key: Quoted<'t>, seen: &mut Seen, at: &At<'_>) {
        let name = key.text();
        let here = at.key(&name);
        let Some((number, property)) = shape.find(&name) else { return self.custom(shape, &name, &here) };
        seen.note(number, self.cursor.place());
        match property.need {
            Need::NotApplicable if !self.object.old => {
                let what = format_args!("`{}` does not apply to {}", property.name, shape.name);
                self.report_in(&code::NOT_APPLICABLE, &here, shape.section, what);
            }
            Need::Forbidden if !self.object.old => {
                let what = format_args!("`{}` is for observables alone; leave it out", property.name);
                self.report(&code::PROPERTY_FORBIDDEN, &here, what);
            }
            _ => {}
        }
        let read = at.is_object() && self.cursor.peek() == b'"';
        if read && matches!(property.kind, Kind::Text) {
            // Its end was found before, and nothing else is asked of it.
            return;
        }
        self.value(&property.kind, shape.section, &here);
    }

    /// Checks what holds between the members that were seen.
    pub(super) fn finish(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        for property in shape.missing(seen, self.object.old) {
            if self.local.is_some() && property.name == "id" {
                continue;
            }
            let what = format_args!("{} needs `{}`, which is missing", shape.name, property.name);
            self.report_in(&code::PROPERTY_MISSING, &at.key(property.name), shape.section, what);
        }
        if matches!(shape.class, Class::Inner) {
            return self.rules(shape, seen, at);
        }
        if shape.place(seen, "created").is_some() {
            self.in_order(shape, seen, at, ("created", "modified"), Order::NotBefore);
        }
        self.rules(shape, seen, at);
    }

    fn rules(&mut self, shape: &'static Shape, seen: &Seen, at: &At<'_>) {
        let there = |name| shape.place(seen, name).is_some();
        for rule in shape.rules {
            match *rule {
                Rule::AnyOf(names) if !names.iter().any(|name| there(name)) => {
                    let what = format_args!("{} needs at least one of {}", shape.name, Names(names));
                    self.report_in(&code::PROPERTY_GROUP, at, shape.section, what);
                }
                Rule::AnyOwn if !Shape::any_own(seen) => {
                    let what = format_args!("{} needs at least one property of its own", shape.name);
                    self.report_in(&code::PROPERTY_GROUP, at, shape.section, what);
                }
                Rule::OneOf(one, other) => match (there(one), there(other)) {
                    (true, true) => {
                        let what = format_args!("`{one}` and `{other}` exclude each other");
                        self.report_in(&code::PROPERTY_CONFLICT, &at.key(other), shape.section, what);
                    }
                    (false, false) => {
                        let what = format_args!("{} needs `{one}` or `{other}`", shape.name);
                        self.report_in(&code::PROPERTY_GROUP, at, shape.section, what);
                    }
                    _ => {}
                },
                Rule::Needs(one, other) if there(one) && !there(other) => {
                    let what = format_args!("`{one}` is there only together with `{other}`");
                    self.report_in(&code::PROPERTY_NEEDS, &at.key(one), shape.section, what);
                }
                Rule::InOrder(first, then) => self.in_order(shape, seen, at, (first, then), Order::NotBefore),
                Rule::After(first, then) => self.in_order(shape, seen, at, (first, then), Order::After),
                Rule::Special(special) => self.special(special, shape, seen, at),
                Rule::AnyOf(_) | Rule::AnyOwn | Rule::Needs(..) => {}
            }
        }
    }

    fn in_order(
        &mut self,
        shape: &'static Shape,
        seen: &Seen,
        at: &At<'_>,
        (first, then): (&'static str, &'static str),
        order: Order,
    ) {
        let time = |name| {
            let text = self.cursor.moved(shape.place(seen, name)?).string()?;
            Timestamp::parse(&text).ok()
        };
        let (Some(from), Some(to)) = (time(first), time(then)) else { return };
        let (fits, word) = match order {
            Order::NotBefore => (from <= to, "before"),
            Order::After => (from < to, "not after"),
        };
        if !fits {
            let what = format_args!("`{then}` ({to}) is {word} `{first}` ({from})");
            let section = if then == "modified" { code::TIMESTAMP_ORDER.section } else { shape.section };
            self.report_in(&code::TIMESTAMP_ORDER, &at.key(then), section, what);
        }
    }

    /// The string at `place`, if there is one.
    pub(super) fn text_at(&self, place: Option<usize>) -> Option<std::borrow::Cow<'t, str>> {
        self.cursor.moved(place?).string()
    }
}

const STIX_20: &str = "the object has no `spec_version` 2.1, so it is STIX 2.0: it was checked for what both versions share; \
     send STIX 2.1 where you can (STIX 2.1, 3.2)";

#[derive(Clone, Copy)]
enum Order {
    NotBefore,
    After,
}

/// `a`, `b` or `c`, for messages.
pub(super) struct Names<'a>(pub(super) &'a [&'a str]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, name) in self.0.iter().enumerate() {
            match number {
                0 => {}
                last if last + 1 == self.0.len() => f.write_str(" or ")?,
                _ => f.write_str(", ")?,
            }
            write!(f, "`{name}`")?;
        }
        Ok(())
    }
}
