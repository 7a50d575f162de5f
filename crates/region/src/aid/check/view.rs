//! A document as paths see it: the outermost element, and one of those in it with all that it holds.
//!
//! Others beside that one are not there: no rule of the standard looks from one activity at another.

use std::borrow::Cow;

use crate::aid::tree::Tree;

/// A node of a document, in the document's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Node {
    /// 0 is the document, 1 the outermost element, the others are the tree's.
    element: u32,
    part: Part,
}

/// Which part of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Whole,
    Attribute(u32),
    Text,
}

/// The elements before the tree's own.
const BEFORE: u32 = 2;

impl Node {
    /// The document itself.
    pub(super) const DOCUMENT: Self = Self::whole(0);

    const fn whole(element: u32) -> Self {
        Self { element, part: Part::Whole }
    }

    /// Whether it is an element.
    pub(super) fn is_element(self) -> bool {
        self.element > 0 && self.part == Part::Whole
    }

    /// Whether it is text.
    pub(super) fn is_text(self) -> bool {
        self.part == Part::Text
    }
}

/// What is looked at.
#[derive(Clone, Copy)]
pub(super) struct View<'t> {
    /// The outermost element, alone.
    root: &'t Tree,
    /// The element in it.
    tree: &'t Tree,
}

impl<'t> View<'t> {
    pub(super) fn new(root: &'t Tree, tree: &'t Tree) -> Self {
        Self { root, tree }
    }

    /// The element that is looked at.
    pub(super) fn top(self) -> Node {
        Node::whole(BEFORE)
    }

    /// Where the element lies: in which tree, and its number there.
    fn place(self, element: u32) -> (&'t Tree, u32) {
        match element.checked_sub(BEFORE) {
            Some(at) => (self.tree, at),
            // The document has no such number in any tree, and so no name, text or attribute.
            None => (self.root, element.wrapping_sub(1)),
        }
    }

    /// Its name with its prefix; empty for text and the document.
    pub(super) fn name(self, node: Node) -> &'t str {
        let (tree, at) = self.place(node.element);
        match node.part {
            Part::Whole => tree.name_of(at),
            Part::Attribute(which) => tree.attributes_of(at).nth(which as usize).map_or("", |(name, _)| name),
            Part::Text => "",
        }
    }

    /// In what it stands.
    pub(super) fn parent(self, node: Node) -> Option<Node> {
        if node.part != Part::Whole {
            return Some(Node::whole(node.element));
        }
        let above = match node.element {
            0 => return None,
            1 => 0,
            element => self.tree.parent_of(element - BEFORE).map_or(1, |parent| parent + BEFORE),
        };
        Some(Node::whole(above))
    }

    /// The elements in it.
    pub(super) fn children(self, node: Node) -> impl Iterator<Item = Node> + use<'t> {
        let first = match (node.part, node.element) {
            (Part::Whole, 0) => Some(1),
            (Part::Whole, 1) => (self.tree.len() > 0).then_some(BEFORE),
            (Part::Whole, element) => self.tree.first_of(element - BEFORE).map(|first| first + BEFORE),
            _ => None,
        };
        std::iter::successors(first, move |element| {
            element.checked_sub(BEFORE).and_then(|at| self.tree.next_of(at)).map(|next| next + BEFORE)
        })
        .map(Node::whole)
    }

    /// An element and all that are in it, in order.
    pub(super) fn within(self, node: Node) -> impl Iterator<Item = Node> + use<'t> {
        let all = self.tree.len() + BEFORE;
        let end = match (node.part, node.element) {
            (Part::Whole, element) if element < BEFORE => all,
            (Part::Whole, element) => {
                // Elements stand in the order in which they begin: what is in one goes up to the next that is not.
                let after = |at: u32| {
                    std::iter::successors(Some(at), |at| self.tree.parent_of(*at))
                        .find_map(|at| self.tree.next_of(at))
                };
                after(element - BEFORE).map_or(all, |next| next + BEFORE)
            }
            _ => node.element,
        };
        (node.element..end).map(Node::whole)
    }

    /// Its attributes.
    pub(super) fn attributes(self, node: Node) -> impl Iterator<Item = Node> + use<'t> {
        let (tree, at) = self.place(node.element);
        let count = if node.part == Part::Whole { tree.attributes_of(at).len() as u32 } else { 0 };
        (0..count).map(move |which| Node { element: node.element, part: Part::Attribute(which) })
    }

    /// Its own text, where there is any.
    pub(super) fn text(self, node: Node) -> Option<Node> {
        let (tree, at) = self.place(node.element);
        let is_there = node.part == Part::Whole && !tree.text_of(at).is_empty();
        is_there.then_some(Node { element: node.element, part: Part::Text })
    }

    /// What it says: of an element its text and that of all in it.
    pub(super) fn string(self, node: Node) -> Cow<'t, str> {
        let (tree, at) = self.place(node.element);
        match node.part {
            Part::Attribute(which) => {
                tree.attributes_of(at).nth(which as usize).map_or("", |(_, value)| value).into()
            }
            Part::Text => tree.text_of(at).into(),
            Part::Whole if self.children(node).next().is_none() => tree.text_of(at).into(),
            Part::Whole => {
                let mut all = String::new();
                for node in self.within(node) {
                    let (tree, at) = self.place(node.element);
                    all.push_str(tree.text_of(at));
                }
                all.into()
            }
        }
    }

    /// Where it is, as a path with numbers where there are several of one name.
    pub(super) fn location(self, node: Node) -> String {
        let mut steps = Vec::new();
        let mut at = Some(node);
        while let Some(node) = at {
            let above = self.parent(node);
            if let Some(above) = above {
                let name = self.name(node);
                steps.push(match node.part {
                    Part::Attribute(_) => format!("@{name}"),
                    Part::Text => "text()".to_owned(),
                    Part::Whole => {
                        let of_its_name = || self.children(above).filter(|one| self.name(*one) == name);
                        let place = of_its_name().take_while(|one| *one != node).count() + 1;
                        if of_its_name().nth(1).is_some() {
                            format!("{name}[{place}]")
                        } else {
                            name.to_owned()
                        }
                    }
                });
            }
            at = above;
        }
        steps.reverse();
        format!("/{}", steps.join("/"))
    }
}
