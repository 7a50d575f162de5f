//! XML as a tree, for formats whose documents fit into memory.
//!
//! Names lose their prefix, text is joined, comments and instructions are passed over. A document type definition is
//! refused, and no entity but the five of the language is known, so that nothing expands and nothing is fetched. Depth and
//! number of elements are limited. What is wrong is said with line and column.
//!
//! Source: W3C, XML 1.0 (fifth edition).

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::ReadError;

/// How deep elements may stand in one another.
const DEPTH_MAX: usize = 128;
/// Most elements and attributes of one document. OFAC's list, the longest there is, has less than a million.
const ELEMENTS_MAX: usize = 3_000_000;

/// One element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its name, without prefix.
    pub(super) name: String,
    /// Its attributes, names without prefix.
    pub(super) attributes: Vec<(String, String)>,
    /// Its own text, less white space around it.
    pub(super) text: String,
    /// The elements in it.
    pub(super) children: Vec<Element>,
    /// The line on which it begins, from 1.
    pub(super) line: usize,
}

impl Element {
    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of this name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name; empty if there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.as_str())
    }

    /// An attribute; empty if there is none.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }
}

/// Lines of a text, counted once from left to right.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, offset: u64) -> usize {
        let offset = usize::try_from(offset).unwrap_or(self.text.len()).min(self.text.len());
        let part = self.text.as_bytes().get(self.at..offset).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', part).count();
        self.at = self.at.max(offset);
        self.line
    }
}

/// Reads a document; gives its outermost element.
pub(super) fn parse(text: &str) -> Result<Element, ReadError> {
    let mut reader = Reader::from_str(text);
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut open: Vec<Element> = Vec::new();
    let mut count = 0_usize;
    let fault = |text: &str, offset: u64, message: String| {
        let offset = usize::try_from(offset).unwrap_or(text.len()).min(text.len());
        let before = text.as_bytes().get(..offset).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        ReadError::Xml { line, column, message }
    };
    loop {
        let at = reader.buffer_position();
        let event =
            reader.read_event().map_err(|error| fault(text, reader.error_position(), error.to_string()))?;
        match event {
            Event::Start(start) | Event::Empty(start) if open.len() >= DEPTH_MAX => {
                let name = start.local_name();
                let message = format!("<{}> stands more than {DEPTH_MAX} elements deep", name.as_ref());
                return Err(fault(text, at, message));
            }
            Event::Start(start) => {
                count += 1;
                let element = element(&start, lines.of(at)).map_err(|message| fault(text, at, message))?;
                count += element.attributes.len();
                open.push(element);
            }
            Event::Empty(start) => {
                count += 1;
                let element = element(&start, lines.of(at)).map_err(|message| fault(text, at, message))?;
                count += element.attributes.len();
                match open.last_mut() {
                    Some(outer) => outer.children.push(element),
                    None => return Ok(element),
                }
            }
            Event::End(_) => {
                let Some(mut element) = open.pop() else { continue };
                element.text = element.text.trim().to_owned();
                match open.last_mut() {
                    Some(outer) => outer.children.push(element),
                    None => return Ok(element),
                }
            }
            Event::Text(said) => add(&mut open, &said.xml10_content()),
            Event::CData(said) => add(&mut open, &said.xml10_content()),
            Event::GeneralRef(said) => match reference(&said) {
                Some(letter) => add(&mut open, letter.encode_utf8(&mut [0; 4])),
                None => {
                    let message =
                        "an entity that is not one of the five of XML; none are defined or expanded here";
                    return Err(fault(text, at, message.to_owned()));
                }
            },
            Event::DocType(_) => {
                let message = "a document type definition, which is not read: nothing may expand";
                return Err(fault(text, at, message.to_owned()));
            }
            Event::Eof => return Err(fault(text, at, "the document ends within an element".to_owned())),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        if count > ELEMENTS_MAX {
            return Err(fault(
                text,
                at,
                format!("more than {ELEMENTS_MAX} elements and attributes; split it"),
            ));
        }
    }
}

fn add(open: &mut [Element], said: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(said);
    }
}

fn reference(said: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if said.is_char_ref() {
        return said.resolve_char_ref().ok().flatten();
    }
    resolve_xml_entity(said)?.chars().next()
}

fn element(start: &BytesStart<'_>, line: usize) -> Result<Element, String> {
    let mut element = Element { name: start.local_name().as_ref().to_owned(), line, ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_tree_without_prefixes() {
        let root = parse("<?xml version=\"1.0\"?><!-- c --><a:x xmlns:a='u'>\n <b id='1&amp;2'>t&lt;&#65;<![CDATA[<c>]]></b><b/></a:x>").unwrap();
        assert_eq!((root.name.as_str(), root.all("b").count()), ("x", 2));
        let b = root.child("b").unwrap();
        assert_eq!((b.attribute("id"), b.text.as_str(), b.line), ("1&2", "t<A<c>", 2));
    }

    #[test]
    fn what_expands_or_does_not_end_is_refused_with_its_place() {
        let check = |text: &str, expected: &str| {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("<!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>", "line 1, column 1: a document type definition");
        check("<a>\n&b;</a>", "line 2, column 1: an entity");
        check("<a>", "ends within an element");
        check("", "ends within an element");
        check("<a></b>", "line 1");
        check(&"<a>".repeat(200), "elements deep");
        check(&"<a>".repeat(DEPTH_MAX + 1), "elements deep");
    }
}
