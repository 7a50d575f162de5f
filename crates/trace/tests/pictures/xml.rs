//! What is in a picture, read by a parser of XML.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

/// An element: its name, its attributes, and its text and title.
#[derive(Debug, Clone, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    /// The text directly in it.
    pub(crate) text: String,
    /// What its `title` says.
    pub(crate) title: String,
}

/// All elements, in order. Fails on what is no XML.
pub(crate) fn elements(picture: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(picture);
    let (mut elements, mut open) = (Vec::<Element>::new(), Vec::<usize>::new());
    loop {
        let event = reader.read_event().unwrap_or_else(|error| panic!("{error}: {picture}"));
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                let attributes = tag.attributes().map(|attribute| {
                    let attribute = attribute.unwrap_or_else(|error| panic!("{error}: {picture}"));
                    let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                    (attribute.key.as_ref().to_owned(), value.into_owned())
                });
                let name = tag.name().as_ref().to_owned();
                let attributes = attributes.collect();
                elements.push(Element { name, attributes, ..Element::default() });
                if matches!(event, Event::Start(_)) {
                    open.push(elements.len() - 1);
                }
            }
            Event::End(_) => {
                let closed = open.pop().unwrap();
                if elements[closed].name == "title" {
                    let title = elements[closed].text.clone();
                    elements[*open.last().unwrap()].title = title;
                }
            }
            Event::Text(text) => {
                let text = text.to_string();
                if let Some(at) = open.last() {
                    elements[*at].text.push_str(&text);
                } else {
                    assert!(text.trim().is_empty());
                }
            }
            Event::GeneralRef(reference) => {
                let name = reference.to_string();
                let text = quick_xml::escape::resolve_predefined_entity(&name).unwrap();
                elements[*open.last().unwrap()].text.push_str(text);
            }
            Event::Eof => break,
            other => panic!("{other:?}: {picture}"),
        }
    }
    assert!(open.is_empty(), "{picture}");
    elements
}

/// Nothing of it runs, or comes from elsewhere.
pub(crate) fn is_harmless(elements: &[Element]) {
    for element in elements {
        let known = ["svg", "title", "desc", "style", "text", "tspan", "g", "a", "rect", "path"];
        assert!(known.contains(&element.name.as_str()), "{}", element.name);
        for name in element.attributes.keys() {
            assert!(!name.starts_with("on") && !name.contains("src"), "{name}");
            assert!(name != "href" || element.name == "a");
        }
        if element.name == "style" {
            assert!(!element.text.contains("url(") && !element.text.contains("@import"));
        }
    }
}
