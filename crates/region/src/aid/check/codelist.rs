//! Code lists: which values an attribute may have.
//!
//! Lists are read from the files of the standard; where in a document each is used is known here. A list that says that it is not
//! complete judges nothing. A value that was withdrawn stays good: it was so when it was written.
//!
//! Source: IATI standard 2.03, code lists and their mapping.

use std::io::Read;

use hashbrown::{HashMap, HashSet};

use super::ruleset::Severity;
use super::uses::{USES, Use};
use super::view::{Node, View};
use crate::aid::iati::{IatiError, in_utf8};
use crate::aid::tree::{Document, Next, Tree, XmlError};

/// The most codes of one list.
const CODES_MAX: usize = 200_000;
/// The most lists.
const LISTS_MAX: usize = 1_000;
/// The list of agencies that register organisations.
const AGENCIES: &str = "OrganisationRegistrationAgency";

/// Why a code list can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodelistError {
    /// It is no XML, or the source failed.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// It is not to be decoded.
    #[error(transparent)]
    File(#[from] IatiError),
    /// It is something else.
    #[error("it is no code list: its outermost element is <{0}>, not <codelist>, or it has no name")]
    Other(String),
    /// It has no code.
    #[error("the code list {0} has no code in it")]
    Empty(String),
    /// There is too much.
    #[error("it has more than {CODES_MAX} codes, or it is more than the {LISTS_MAX}th list")]
    Long,
}

/// A list.
#[derive(Debug)]
struct List {
    codes: HashSet<Box<str>>,
    /// How bad a value beside it is: of a list that is part of the standard it is an error.
    severity: Severity,
    is_complete: bool,
}

/// Code lists by their names.
#[derive(Debug, Default)]
pub struct Codelists {
    lists: HashMap<String, List>,
}

/// A value that is on no list.
pub(super) struct Unlisted {
    pub(super) at: Node,
    pub(super) list: &'static str,
    pub(super) severity: Severity,
}

impl Codelists {
    /// Reads one more, and gives its name. Of two with one name the later one counts.
    ///
    /// # Errors
    /// [`CodelistError`].
    pub fn add(&mut self, source: impl Read) -> Result<String, CodelistError> {
        let mut document = Document::new(in_utf8(source)?);
        let mut tree = Tree::default();
        let other = |name: &str| CodelistError::Other(name.chars().take(60).collect());
        if !matches!(document.next(&mut tree)?, Next::Root) {
            return Err(other(""));
        }
        let root = tree.root().ok_or_else(|| other(""))?;
        let name = root.attribute("name").to_owned();
        if root.name() != "codelist" || name.is_empty() || name.len() > 200 {
            return Err(other(root.name()));
        }
        let is_complete = !matches!(root.attribute("complete"), "0" | "false");
        let severity = match root.attribute("embedded") {
            "1" | "true" => Severity::Error,
            _ => Severity::Warning,
        };
        let mut codes = HashSet::new();
        while let Next::Element = document.next(&mut tree)? {
            let Some(items) = tree.root().filter(|element| element.name() == "codelist-items") else {
                continue;
            };
            for item in items.children() {
                let code = item.child("code").map_or("", |code| code.text());
                if !code.is_empty() {
                    codes.insert(code.into());
                }
                if codes.len() > CODES_MAX {
                    return Err(CodelistError::Long);
                }
            }
        }
        if codes.is_empty() {
            return Err(CodelistError::Empty(name));
        }
        if self.lists.len() >= LISTS_MAX && !self.lists.contains_key(&name) {
            return Err(CodelistError::Long);
        }
        self.lists.insert(name.clone(), List { codes, severity, is_complete });
        Ok(name)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Agencies that register organisations, if that list was read.
    pub(super) fn is_agency(&self, code: &str) -> Option<bool> {
        self.lists.get(AGENCIES).map(|list| list.codes.contains(code))
    }

    /// The lists of these by which something is judged, by the name of the element.
    pub(super) fn uses(&self) -> Uses<'_> {
        let mut by_element: HashMap<&str, Vec<(&Use, &List)>> = HashMap::new();
        for one in USES {
            let list = self.lists.get(one.list).filter(|list| list.is_complete);
            let element = one.path.rsplit('/').next().unwrap_or(one.path);
            if let Some(list) = list {
                by_element.entry(element).or_default().push((one, list));
            }
        }
        Uses { by_element }
    }
}

/// Where lists are used.
pub(super) struct Uses<'c> {
    by_element: HashMap<&'static str, Vec<(&'static Use, &'c List)>>,
}

impl Uses<'_> {
    /// The values of an element and all in it that are on no list.
    pub(super) fn unlisted(&self, view: View<'_>, top: Node, mut each: impl FnMut(Unlisted)) {
        if self.by_element.is_empty() {
            return;
        }
        for element in view.within(top) {
            let Some(uses) = self.by_element.get(view.name(element)) else { continue };
            for (one, list) in uses {
                let value = match one.attribute {
                    "" => view.text(element),
                    name => view.attributes(element).find(|attribute| view.name(*attribute) == name),
                };
                let Some(value) = value else { continue };
                let text = view.string(value);
                let text = text.trim();
                if !list.codes.contains(text) && one.is_at(view, element) {
                    each(Unlisted { at: value, list: one.list, severity: list.severity });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(text: &str) -> Result<String, CodelistError> {
        Codelists::default().add(text.as_bytes())
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = add(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("x", "it is no code list");
        check("<iati-activities/>", "its outermost element is <iati-activities>");
        check("<codelist><codelist-items/></codelist>", "or it has no name");
        check(
            "<codelist name='A'><codelist-items><codelist-item><code> </code></codelist-item></codelist-items></codelist>",
            "A has no code",
        );
        check("<codelist name='A'><codelist-items>", "ends within an element");
        let one = "<codelist name='A'><codelist-items><codelist-item><code>1</code></codelist-item></codelist-items></codelist>";
        assert_eq!(add(one).unwrap(), "A");
    }
}
