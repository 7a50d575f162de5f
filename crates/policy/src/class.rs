//! What a release depends on, without the object itself.
//!
//! Records that share originator, terms and markings share their decisions; such a set is a class.

use stix::Tlp;
use stix::marking::Definition;

use crate::member::MemberId;
use crate::terms::Terms;

/// What is decided about.
#[derive(Debug, Clone, Copy)]
pub struct Class<'a> {
    /// The member that submitted it.
    pub originator: MemberId,
    /// Its terms.
    pub terms: &'a Terms,
    /// The strictest of its TLP marks; `None` if it has none.
    pub tlp: Option<Tlp>,
    /// What its other markings say.
    pub definitions: &'a [Definition],
    /// Whether one of its markings is not known, or says what can't be kept.
    pub unknown_marking: bool,
    /// Whether some of its properties are marked by themselves.
    pub granular: bool,
    /// Whether it names a source: an identity. It is held where the source is to be hidden.
    pub names_source: bool,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
}

/// Some properties of an object that are marked by themselves (STIX 2.1, 7.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub selectors: Vec<String>,
    /// Their TLP mark; `None` if they have none of their own.
    pub tlp: Option<Tlp>,
    /// What their other marking says.
    pub definitions: Vec<Definition>,
    /// Whether their marking is not known.
    pub unknown_marking: bool,
}
