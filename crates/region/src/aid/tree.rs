//! One element of a long XML document at a time, with all that is in it.
//!
//! A document of any length is gone through; only the element that is asked for lies in memory, in one piece of text. There is no
//! document type definition, and no entity but the five of the language, so that nothing expands and nothing is fetched.
//!
//! Source: W3C, XML 1.0 (fifth edition).

use std::io::{self, BufRead, Read};

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

/// How deep elements may stand in one another.
const DEPTH_MAX: usize = 64;
/// The most elements and attributes in one that is asked for.
const PARTS_MAX: usize = 500_000;
/// The most bytes of text in one that is asked for.
const TEXT_BYTES_MAX: usize = 32 << 20;
/// The most bytes between two tags, or within one.
const PIECE_BYTES_MAX: u64 = 4 << 20;

/// Why a document can't be read on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// The source failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no XML, or not as it should be.
    #[error("at byte {at}: {why}")]
    Malformed {
        /// Where, in bytes from the beginning, as UTF-8.
        at: u64,
        /// What is wrong.
        why: String,
    },
}

/// A part of a tree's text, or of its attributes: four bytes each, since an activity may have half a million parts.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn of(start: usize, end: usize) -> Self {
        // Both are below the limits of what is kept.
        Self { start: start as u32, end: end as u32 }
    }

    const fn is_empty(self) -> bool {
        self.start == self.end
    }

    const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Stands where no element stands.
const NONE: u32 = u32::MAX;

/// An element.
#[derive(Debug)]
struct Node {
    name: Named,
    attributes: Span,
    text: Span,
    parent: u32,
    next: u32,
    first: u32,
}

/// A name, and where in it the part behind the prefix begins.
#[derive(Debug, Clone, Copy)]
struct Named {
    whole: Span,
    local: u32,
}

impl Named {
    const fn local(self) -> Span {
        Span { start: self.local, end: self.whole.end }
    }
}

/// Elements in one another, in one text.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    attributes: Vec<(Named, Span)>,
    text: String,
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(super) struct Element<'t> {
    tree: &'t Tree,
    node: &'t Node,
}

impl<'t> Element<'t> {
    /// Its name, without prefix.
    pub(super) fn name(self) -> &'t str {
        self.tree.part(self.node.name.local())
    }

    /// Its own text, without white space around it.
    pub(super) fn text(self) -> &'t str {
        self.tree.part(self.node.text).trim()
    }

    /// An attribute, by its name without prefix; empty if there is none.
    pub(super) fn attribute(self, name: &str) -> &'t str {
        let attributes = self.tree.attributes.get(self.node.attributes.range()).unwrap_or_default();
        let found = attributes.iter().find(|(known, _)| self.tree.part(known.local()) == name);
        found.map_or("", |(_, value)| self.tree.part(*value).trim())
    }

    /// The elements in it.
    pub(super) fn children(self) -> impl Iterator<Item = Element<'t>> {
        let tree = self.tree;
        let at = move |place: u32| tree.nodes.get(place as usize);
        std::iter::successors(at(self.node.first), move |node| at(node.next))
            .map(move |node| Element { tree, node })
    }

    /// The first element in it of this name.
    pub(super) fn child(self, name: &str) -> Option<Element<'t>> {
        self.children().find(|child| child.name() == name)
    }
}

impl Tree {
    /// The element in which all others are.
    pub(super) fn root(&self) -> Option<Element<'_>> {
        Some(Element { tree: self, node: self.nodes.first()? })
    }

    /// How many elements there are. They are numbered from 0 in the order of the document.
    pub(super) fn len(&self) -> u32 {
        self.nodes.len() as u32
    }

    fn node(&self, at: u32) -> Option<&Node> {
        self.nodes.get(at as usize)
    }

    /// An element's name with its prefix, as it is written.
    pub(super) fn name_of(&self, at: u32) -> &str {
        self.node(at).map_or("", |node| self.part(node.name.whole))
    }

    /// An element's own text, as it is written.
    pub(super) fn text_of(&self, at: u32) -> &str {
        self.node(at).map_or("", |node| self.part(node.text))
    }

    /// An element's attributes: their names with prefix, and their values.
    pub(super) fn attributes_of(&self, at: u32) -> impl ExactSizeIterator<Item = (&str, &str)> {
        let range = self.node(at).map_or(0..0, |node| node.attributes.range());
        let attributes = self.attributes.get(range).unwrap_or_default();
        attributes.iter().map(|(name, value)| (self.part(name.whole), self.part(*value)))
    }

    /// The element in which one stands; none for the outermost.
    pub(super) fn parent_of(&self, at: u32) -> Option<u32> {
        self.node(at).map(|node| node.parent).filter(|parent| *parent != NONE)
    }

    /// The first element in one.
    pub(super) fn first_of(&self, at: u32) -> Option<u32> {
        self.node(at).map(|node| node.first).filter(|first| *first != NONE)
    }

    /// The next element beside one.
    pub(super) fn next_of(&self, at: u32) -> Option<u32> {
        self.node(at).map(|node| node.next).filter(|next| *next != NONE)
    }

    fn part(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.attributes.clear();
        self.text.clear();
    }

    fn say(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span::of(start, self.text.len())
    }

    fn say_name(&mut self, whole: &str, local: &str) -> Named {
        let whole = self.say(whole);
        Named { whole, local: whole.end - local.len() as u32 }
    }

    fn open(&mut self, start: &BytesStart<'_>, parent: u32) -> Result<(), String> {
        let first = self.attributes.len();
        let name = self.say_name(start.name().as_ref(), start.local_name().as_ref());
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            let key = self.say_name(attribute.key.as_ref(), attribute.key.local_name().as_ref());
            let value = self.say(&value);
            self.attributes.push((key, value));
        }
        let attributes = Span::of(first, self.attributes.len());
        self.nodes.push(Node { name, attributes, text: Span::default(), parent, next: NONE, first: NONE });
        Ok(())
    }

    /// Adds to the own text of an element. Text that stands in pieces, between other elements, is laid together.
    fn add(&mut self, node: u32, text: &str) {
        let Some(before) = self.node(node).map(|node| node.text) else { return };
        let said = if before.end as usize == self.text.len() || before.is_empty() {
            let said = self.say(text);
            if before.is_empty() { said } else { Span { start: before.start, end: said.end } }
        } else if text.trim().is_empty() {
            return;
        } else {
            let start = self.text.len();
            self.text.extend_from_within(before.range());
            self.text.push_str(text);
            Span::of(start, self.text.len())
        };
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.text = said;
        }
    }

    fn is_full(&self) -> bool {
        self.nodes.len() + self.attributes.len() > PARTS_MAX || self.text.len() > TEXT_BYTES_MAX
    }
}

/// What comes next in a document.
pub(super) enum Next {
    /// The outermost element begins; the tree has its name and attributes.
    Root,
    /// An element in it, whole.
    Element,
    /// The document is over.
    End,
}

/// A document that is gone through.
pub(super) struct Document<R> {
    reader: Reader<Pieces<R>>,
    buffer: Vec<u8>,
    is_open: bool,
}

impl<R: BufRead> Document<R> {
    /// A document in UTF-8.
    pub(super) fn new(source: R) -> Self {
        let mut reader = Reader::from_reader(Pieces { source, since: 0 });
        reader.config_mut().check_end_names = true;
        Self { reader, buffer: Vec::new(), is_open: false }
    }

    /// Where it is, in bytes.
    pub(super) fn at(&self) -> u64 {
        self.reader.buffer_position()
    }

    /// Reads on, into a tree that is made empty first.
    pub(super) fn next(&mut self, tree: &mut Tree) -> Result<Next, XmlError> {
        tree.clear();
        self.go(tree, Vec::new())
    }

    /// Reads all that is in the outermost element, which the tree has, into the tree.
    pub(super) fn rest(&mut self, tree: &mut Tree) -> Result<(), XmlError> {
        if self.is_open {
            self.go(tree, vec![(0, None)])?;
            self.is_open = false;
        }
        Ok(())
    }

    /// Reads on, up to the end of the element that is open or opens. `open` are the elements that are open, and the last one in each.
    fn go(&mut self, tree: &mut Tree, mut open: Vec<(u32, Option<u32>)>) -> Result<Next, XmlError> {
        loop {
            let at = self.reader.buffer_position();
            let malformed = |why: String| XmlError::Malformed { at, why };
            self.buffer.clear();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => {
                    return Err(match error.kind() {
                        io::ErrorKind::InvalidData => malformed(error.to_string()),
                        _ => io::Error::new(error.kind(), error.to_string()).into(),
                    });
                }
                Err(error) => return Err(malformed(error.to_string())),
            };
            match event {
                Event::Start(start) if !self.is_open => {
                    self.is_open = true;
                    tree.open(&start, NONE).map_err(malformed)?;
                    return Ok(Next::Root);
                }
                Event::Empty(start) if !self.is_open => {
                    tree.open(&start, NONE).map_err(malformed)?;
                    return Ok(Next::Root);
                }
                Event::Start(ref start) | Event::Empty(ref start) => {
                    let place = tree.nodes.len() as u32;
                    tree.open(start, open.last().map_or(NONE, |(outer, _)| *outer)).map_err(malformed)?;
                    if let Some((outer, last)) = open.last_mut() {
                        let before = match last.replace(place) {
                            Some(last) => tree.nodes.get_mut(last as usize).map(|node| &mut node.next),
                            None => tree.nodes.get_mut(*outer as usize).map(|node| &mut node.first),
                        };
                        if let Some(before) = before {
                            *before = place;
                        }
                    }
                    if matches!(event, Event::Start(_)) {
                        open.push((place, None));
                    } else if open.is_empty() {
                        return Ok(Next::Element);
                    }
                    if open.len() > DEPTH_MAX {
                        return Err(malformed(format!("more than {DEPTH_MAX} elements in one another")));
                    }
                    if tree.is_full() {
                        return Err(malformed(format!(
                            "an element with more than {PARTS_MAX} parts or {TEXT_BYTES_MAX} bytes"
                        )));
                    }
                }
                Event::End(_) => match open.pop() {
                    Some(_) if open.is_empty() => return Ok(Next::Element),
                    Some(_) => {}
                    None => self.is_open = false,
                },
                Event::Text(said) => put(tree, &open, &said.xml10_content()),
                Event::CData(said) => put(tree, &open, &said.xml10_content()),
                Event::GeneralRef(said) => match reference(&said) {
                    Some(letter) => put(tree, &open, letter.encode_utf8(&mut [0; 4])),
                    None => {
                        return Err(malformed(
                            "an entity that is none of the five of XML; none are expanded".into(),
                        ));
                    }
                },
                Event::DocType(_) => {
                    return Err(malformed(
                        "a document type definition, which is not read: nothing may expand".into(),
                    ));
                }
                Event::Eof if self.is_open || !open.is_empty() => {
                    return Err(malformed("it ends within an element".into()));
                }
                Event::Eof => return Ok(Next::End),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
            if tree.text.len() > TEXT_BYTES_MAX {
                return Err(malformed(format!("an element with more than {TEXT_BYTES_MAX} bytes of text")));
            }
        }
    }
}

fn put(tree: &mut Tree, open: &[(u32, Option<u32>)], text: &str) {
    if let Some((node, _)) = open.last() {
        tree.add(*node, text);
    }
}

fn reference(said: &BytesRef<'_>) -> Option<char> {
    if said.is_char_ref() {
        return said.resolve_char_ref().ok().flatten();
    }
    resolve_xml_entity(said)?.chars().next()
}

/// A source whose pieces between two tags are not endless: the reader keeps such a piece whole.
struct Pieces<R> {
    source: R,
    since: u64,
}

impl<R: BufRead> Read for Pieces<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Pieces<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > PIECE_BYTES_MAX {
            let why = format!("more than {PIECE_BYTES_MAX} bytes without a tag");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What was given last is looked at again: it lies in memory.
        let given = self.source.fill_buf().unwrap_or_default();
        self.since = match given.get(..count).and_then(|taken| memchr::memrchr(b'<', taken)) {
            Some(at) => (count - at) as u64,
            None => self.since + count as u64,
        };
        self.source.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, XmlError> {
        let mut document = Document::new(text.as_bytes());
        let (mut tree, mut told) = (Tree::default(), Vec::new());
        loop {
            match document.next(&mut tree)? {
                Next::End => return Ok(told),
                Next::Root => told.push(format!("root {}", tree.root().unwrap().name())),
                Next::Element => told.push(tell(tree.root().unwrap())),
            }
        }
    }

    fn tell(element: Element<'_>) -> String {
        let inside: Vec<String> = element.children().map(tell).collect();
        format!("{}={}[{}]", element.name(), element.text(), inside.join(" "))
    }

    #[test]
    fn elements_come_one_after_the_other() {
        let text = "<?xml version='1.0'?><!-- c --><x:as v='1'>\n <a i='&lt;'> t&amp;u <b/> v<c>w<![CDATA[<]]></c></a>text<d/></x:as>\n<!-- e -->";
        assert_eq!(read(text).unwrap(), ["root as", "a=t&u  v[b=[] c=w<[]]", "d=[]"]);
        assert_eq!(read("<as/>").unwrap(), ["root as"]);
        let mut document = Document::new("<a z:i=' &lt;1'><b/></a>".as_bytes());
        let mut tree = Tree::default();
        assert!(matches!(document.next(&mut tree), Ok(Next::Root)));
        assert_eq!(tree.root().unwrap().attribute("i"), "<1");
        assert_eq!(tree.root().unwrap().attribute("z:i"), "");
    }

    #[test]
    fn what_expands_or_does_not_end_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("<!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>", "a document type definition");
        check("<a><b>&c;</b></a>", "an entity");
        check("<a><b>", "ends within an element");
        check("<a><b></a>", "at byte");
        check(&format!("<a>{}", "<b>".repeat(100)), "elements in one another");
        check(&format!("<a><b>{}", " ".repeat(9 << 20)), "without a tag");
        check(&format!("<a><b c='{}", "x".repeat(9 << 20)), "without a tag");
        check(&format!("<a><b>{}", "<c/>".repeat(PARTS_MAX)), "parts");
        assert!(read("not xml").unwrap().is_empty());
    }
}
