//! The form of the tables: a type is a shape, a shape is a list of properties and what holds between them.
//!
//! The tables themselves are in [`super::common`], [`super::domain`], [`super::observable`], [`super::predefined`]
//! and [`super::meta`]; they read like the property tables of the specification. Finding a property is one hash
//! of its name and one comparison; the hash tables are made by the compiler.

use super::code::Code;
use super::vocab::Words;

/// What a value has to be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number between two bounds.
    Integer(i64, i64),
    /// A number between two bounds.
    Float(f64, f64),
    /// A date and time.
    Time(Precision),
    /// Octets in hexadecimal.
    Hex,
    /// Octets in base64.
    Binary,
    /// A term that must be in a list, or should be: the list's code says which.
    Word(&'static Words),
    /// A string of some form.
    Form(Form),
    /// The id of an object of some type.
    Ref(&'static Targets),
    /// Hashes by algorithm.
    Hashes(HashNames),
    /// Any keys, each with a value of one kind.
    Dictionary(&'static Kind, Keys),
    /// Properties of a type inside the object.
    Object(&'static Shape),
    /// One or more of a kind.
    List(&'static Kind),
    /// A string or an integer.
    TextOrInteger,
    /// Whatever STIX allows.
    Any,
    /// The object's own `type`, `id` and `spec_version`.
    Type,
    Id,
    SpecVersion,
    /// `extensions`.
    Extensions,
    /// `granular_markings`.
    Granular,
    /// `objects` of observed data.
    Container,
    /// `contents` of language content.
    Contents,
    /// `definition` of a marking definition.
    Definition,
}

/// How exactly a time is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Any,
    /// At least three digits after the second.
    Millisecond,
    /// No digits after the second.
    Second,
}

/// A form that a string has to have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    CharacterSet,
    Country,
    Cpe,
    Domain,
    Email,
    Ipv4,
    Ipv6,
    KillChainName,
    Language,
    Mac,
    MimeType,
    Priority,
    ProductName,
    PropertyName,
    Protocol,
    ReferenceUrl,
    RegistryKey,
    RelationshipType,
    Url,
}

/// Which names of hashes there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HashNames {
    /// Those of the vocabulary should be taken.
    Open,
    /// Those of the vocabulary must be taken.
    Listed,
}

/// What is asked of a dictionary's keys beyond what is asked of all.
#[derive(Clone, Copy)]
pub(super) enum Keys {
    /// Lower case.
    Lower,
    /// Names of another system, in its case.
    Foreign,
    /// As before, and listed there.
    Listed(&'static Code, fn(&str) -> bool),
}

/// Which types a reference may name.
pub(super) enum Targets {
    /// These alone.
    Only(&'static [&'static str]),
    /// These; another one is looked at only with a warning of this code.
    Should(&'static [&'static str], &'static Code),
    /// Domain objects.
    Domain,
    /// Domain objects and observables.
    DomainOrObservable,
    /// Observables.
    Observable,
    /// Observables and relationship objects.
    ObservableOrRelationship,
    /// STIX objects of any type, which bundles are not.
    Object,
}

/// Whether a property has to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    /// Required in STIX 2.1, unknown to STIX 2.0.
    Required21,
    Optional,
    /// A common property that this type does not have.
    NotApplicable,
    /// A property that this type must not have.
    Forbidden,
}

/// One row of a property table.
#[derive(Clone, Copy)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) need: Need,
}

impl Property {
    /// The same row where the property is required.
    pub(super) const fn required(self) -> Self {
        Self { need: Need::Required, ..self }
    }

    /// The same row where the property does not apply.
    pub(super) const fn not_applicable(self) -> Self {
        Self { need: Need::NotApplicable, ..self }
    }
}

pub(super) const fn required(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, need: Need::Required }
}

pub(super) const fn required_21(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, need: Need::Required21 }
}

pub(super) const fn optional(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, need: Need::Optional }
}

/// Most properties of one table: a bit of half a word each.
const PROPERTIES_MAX: usize = 32;
const SLOTS: usize = 128;
const FREE: u8 = u8::MAX;

/// A list of properties.
pub(super) struct Table {
    properties: &'static [Property],
}

impl Table {
    pub(super) const fn new(properties: &'static [Property]) -> Self {
        assert!(properties.len() <= PROPERTIES_MAX, "a property is one bit of a word");
        Self { properties }
    }

    /// A bit for each property that `version` requires.
    const fn required(&self, old: bool) -> u64 {
        let mut bits = 0;
        let mut number = 0;
        while number < self.properties.len() {
            match self.properties[number].need {
                Need::Required => bits |= 1 << number,
                Need::Required21 if !old => bits |= 1 << number,
                _ => {}
            }
            number += 1;
        }
        bits
    }
}

/// A hash table over two tables: the numbers of the second go on from [`PROPERTIES_MAX`]. Of two properties with one
/// name that of the second counts.
const fn slots(common: &Table, own: &Table) -> [u8; SLOTS] {
    let mut slots = [FREE; SLOTS];
    let mut number = 2 * PROPERTIES_MAX;
    while number > 0 {
        number -= 1;
        let (table, at) =
            if number < PROPERTIES_MAX { (common, number) } else { (own, number - PROPERTIES_MAX) };
        if at < table.properties.len() {
            let mut slot = hash(table.properties[at].name.as_bytes()) % SLOTS;
            while slots[slot] != FREE {
                slot = (slot + 1) % SLOTS;
            }
            slots[slot] = number as u8;
        }
    }
    slots
}

/// Where to look for a name first. Any function will do; this one has few collisions in the tables.
pub(super) const fn hash(name: &[u8]) -> usize {
    if name.is_empty() {
        return 0;
    }
    let (first, middle, last) =
        (name[0] as usize, name[name.len() / 2] as usize, name[name.len() - 1] as usize);
    name.len() * 5 + first * 31 + middle * 17 + last * 7
}

/// What holds between the properties of a shape, with the section that says so.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// At least one of these is there.
    AnyOf(&'static [&'static str]),
    /// At least one property of the type's own table is there.
    AnyOwn,
    /// Exactly one of the two is there.
    OneOf(&'static str, &'static str),
    /// The first is there only together with the second.
    Needs(&'static str, &'static str),
    /// The second is not before the first.
    InOrder(&'static str, &'static str),
    /// The second is after the first.
    After(&'static str, &'static str),
    /// Something that only code can say.
    Special(Special),
}

/// Rules that are written in [`super::special`].
#[derive(Clone, Copy)]
pub(super) enum Special {
    EmailMessage,
    ExtensionDefinition,
    Granular,
    ExternalReference,
    Indicator,
    MalwareFamily,
    MarkingDefinition,
    NetworkTraffic,
    ObservedData,
    Relationship,
}

/// The property table of a type, or of a type inside one.
pub(super) struct Shape {
    /// Its name in the specification.
    pub(super) name: &'static str,
    /// The section with its properties.
    pub(super) section: &'static str,
    pub(super) class: Class,
    common: &'static Table,
    own: &'static Table,
    pub(super) rules: &'static [Rule],
    slots: [u8; SLOTS],
    required: u64,
    required_20: u64,
}

/// What sort of object a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A domain object that STIX 2.0 has too.
    Domain,
    /// A domain object that came with STIX 2.1.
    NewDomain,
    /// A relationship or sighting.
    Relationship,
    Observable,
    /// A marking definition, which STIX 2.0 has too.
    Marking,
    /// Language content or an extension definition.
    Meta,
    /// A type of someone else.
    Custom,
    /// A type inside an object.
    Inner,
}

impl Shape {
    pub(super) const fn new(
        name: &'static str,
        section: &'static str,
        class: Class,
        common: &'static Table,
        own: &'static Table,
        rules: &'static [Rule],
    ) -> Self {
        let required = common.required(false) | own.required(false) << PROPERTIES_MAX;
        let required_20 = common.required(true) | own.required(true) << PROPERTIES_MAX;
        Self { name, section, class, common, own, rules, slots: slots(common, own), required, required_20 }
    }

    /// The property of that name, and its number among the shape's.
    #[inline]
    pub(super) fn find(&self, name: &str) -> Option<(usize, &'static Property)> {
        let mut slot = hash(name.as_bytes()) % SLOTS;
        loop {
            let number = usize::from(*self.slots.get(slot)?);
            let property = match number.checked_sub(PROPERTIES_MAX) {
                Some(own) => self.own.properties.get(own)?,
                None => self.common.properties.get(number)?,
            };
            if property.name == name {
                return Some((number, property));
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// The required properties that are not among `seen`.
    pub(super) fn missing(&self, seen: &Seen, old: bool) -> impl Iterator<Item = &'static Property> {
        let bits = if old { self.required_20 } else { self.required } & !seen.bits;
        let common = self.common.properties.iter().enumerate();
        let own = self.own.properties.iter().enumerate().map(|(number, one)| (number + PROPERTIES_MAX, one));
        common.chain(own).filter(move |(number, _)| bits >> number & 1 == 1).map(|(_, property)| property)
    }

    /// Whether a property of the type's own table is among `seen`.
    pub(super) fn any_own(seen: &Seen) -> bool {
        seen.bits >> PROPERTIES_MAX != 0
    }

    /// Where the value of `name` stands, if the property is there.
    pub(super) fn place(&self, seen: &Seen, name: &str) -> Option<usize> {
        let (number, _) = self.find(name)?;
        (seen.bits >> number & 1 == 1).then(|| seen.places.get(number).map_or(0, |place| *place as usize))
    }
}

/// Which properties of an object were there, and where their values stand.
pub(super) struct Seen {
    bits: u64,
    places: [u32; 2 * PROPERTIES_MAX],
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { bits: 0, places: [0; 2 * PROPERTIES_MAX] }
    }

    #[inline]
    pub(super) fn note(&mut self, number: usize, place: usize) {
        self.bits |= 1 << number;
        if let Some(entry) = self.places.get_mut(number) {
            // Objects are shorter than 4 GiB: `crate::json::OBJECT_BYTES_MAX`.
            *entry = u32::try_from(place).unwrap_or(u32::MAX);
        }
    }
}

/// No properties.
pub(super) static NOTHING: Table = Table::new(&[]);

/// The shape of a type inside an object.
pub(super) const fn inner(
    name: &'static str,
    section: &'static str,
    own: &'static Table,
    rules: &'static [Rule],
) -> Shape {
    Shape::new(name, section, Class::Inner, &NOTHING, own, rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: Table = Table::new(&[
        required("name", Kind::Text),
        optional("eman", Kind::Text),
        required_21("mane", Kind::Text),
    ]);
    static SHAPE: Shape = inner("test", "0", &TABLE, &[]);

    #[test]
    fn a_property_is_found_by_its_whole_name() {
        for (number, property) in TABLE.properties.iter().enumerate() {
            assert_eq!(SHAPE.find(property.name).unwrap().0, number + PROPERTIES_MAX);
        }
        for name in ["", "nam", "names", "Name", "nome"] {
            assert!(SHAPE.find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn what_is_missing_depends_on_the_version() {
        let mut seen = Seen::new();
        let names = |seen: &Seen, old| SHAPE.missing(seen, old).map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names(&seen, false), ["name", "mane"]);
        assert_eq!(names(&seen, true), ["name"]);
        seen.note(PROPERTIES_MAX, 7);
        assert_eq!(names(&seen, true), [""; 0]);
        assert_eq!(SHAPE.place(&seen, "name"), Some(7));
        assert_eq!(SHAPE.place(&seen, "mane"), None);
    }
}
