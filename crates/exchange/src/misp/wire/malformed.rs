//! What in an element's lists, at any depth, was no element, with its place.

use std::fmt;

use super::{Any, Flag, Many, One, Text};

/// Where something stands: written down only for what is wrong there.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    outer: Option<&'p Place<'p>>,
    name: &'p str,
    at: Option<usize>,
}

impl<'p> Place<'p> {
    /// The outermost place.
    #[must_use]
    pub const fn outermost() -> Self {
        Self { outer: None, name: "", at: None }
    }

    /// The place of a field in what stands here.
    #[must_use]
    pub const fn within(&'p self, name: &'p str) -> Self {
        Self { outer: Some(self), name, at: None }
    }

    /// The place of an element in the list that stands here.
    const fn at(mut self, at: usize) -> Self {
        self.at = Some(at);
        self
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(outer) = self.outer {
            outer.fmt(f)?;
            if !outer.name.is_empty() {
                f.write_str(".")?;
            }
        }
        f.write_str(self.name)?;
        self.at.map_or(Ok(()), |at| write!(f, "[{at}]"))
    }
}

/// What has lists, or has what has lists.
pub trait Malformed {
    /// Tells for each list, here and in all that is inside, the place of the first thing in it that was no element, and how many
    /// there were.
    fn malformed(&self, place: &Place<'_>, on: &mut dyn FnMut(String, usize));
}

impl Malformed for Text {
    fn malformed(&self, _: &Place<'_>, _: &mut dyn FnMut(String, usize)) {}
}

impl Malformed for Flag {
    fn malformed(&self, _: &Place<'_>, _: &mut dyn FnMut(String, usize)) {}
}

impl Malformed for Any {
    fn malformed(&self, _: &Place<'_>, _: &mut dyn FnMut(String, usize)) {}
}

impl<T: Malformed> Malformed for One<T> {
    fn malformed(&self, place: &Place<'_>, on: &mut dyn FnMut(String, usize)) {
        if let Some(one) = self.get() {
            one.malformed(place, on);
        }
    }
}

impl<T: Malformed> Malformed for Many<T> {
    fn malformed(&self, place: &Place<'_>, on: &mut dyn FnMut(String, usize)) {
        if let Some(first) = self.unread.first() {
            on(place.at(*first).to_string(), self.unread.len());
        }
        for (one, at) in self.all.iter().zip(self.places()) {
            one.malformed(&place.at(at), on);
        }
    }
}
