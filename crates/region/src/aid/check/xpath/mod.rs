//! The part of XPath that rule sets are written in: abbreviated paths with predicates, comparisons, sums, and a few functions.
//!
//! Anything else of the language is an error that says what it is, so that no rule is taken for something that it isn't. What `$1`
//! stands for in a loop is a value, never a piece of the expression, so that no file can change what a rule asks.
//!
//! Source: W3C, XML Path Language (XPath) 1.0.

mod evaluate;
mod parse;

pub(super) use evaluate::{Look, TooMuch};

/// The longest expression, in bytes.
const EXPRESSION_BYTES_MAX: usize = 4_096;
/// How deep parts of an expression may stand in one another.
const DEPTH_MAX: usize = 32;

/// Why an expression can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}`, at character {at}: {why}")]
pub struct XpathError {
    /// The expression.
    pub expression: String,
    /// Where in it, from 1.
    pub at: usize,
    /// What is wrong, or not read here.
    pub why: String,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Xpath {
    expression: Expression,
    /// Whether `$1` stands for what the loop is about.
    has_group: bool,
}

impl Xpath {
    /// Reads one.
    ///
    /// # Errors
    /// [`XpathError`].
    pub(super) fn parse(text: &str) -> Result<Self, XpathError> {
        Ok(Self { expression: parse::expression(text)?, has_group: true })
    }

    /// Whether it finds nodes.
    pub(super) fn is_path(&self) -> bool {
        matches!(self.expression, Expression::Path { .. } | Expression::Union(_))
    }

    /// The same, in which `$1` stands for itself.
    pub(super) fn alone(mut self) -> Self {
        self.has_group = false;
        self
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    Add(Box<Expression>, Box<Expression>),
    Subtract(Box<Expression>, Box<Expression>),
    Union(Vec<Expression>),
    Path { from: From, steps: Vec<Step> },
    Literal(String),
    Number(f64),
    Call(Function, Vec<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// At the node that is looked at.
    Here,
    /// At the document.
    Document,
}

#[derive(Debug, Clone, PartialEq)]
struct Step {
    axis: Axis,
    test: Test,
    predicates: Vec<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Child,
    Attribute,
    Parent,
    Itself,
    /// An element and all that are in it: what `//` stands for.
    Within,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Name(String),
    Any,
    Text,
    Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Count,
    Not,
    Number,
    String,
    Boolean,
    StartsWith,
    Contains,
    StringLength,
    NormalizeSpace,
    True,
    False,
}

impl Function {
    /// By its name, with the least and the most of its arguments.
    fn named(name: &str) -> Option<(Self, usize, usize)> {
        Some(match name {
            "count" => (Self::Count, 1, 1),
            "not" => (Self::Not, 1, 1),
            "number" => (Self::Number, 0, 1),
            "string" => (Self::String, 0, 1),
            "boolean" => (Self::Boolean, 1, 1),
            "starts-with" => (Self::StartsWith, 2, 2),
            "contains" => (Self::Contains, 2, 2),
            "string-length" => (Self::StringLength, 0, 1),
            "normalize-space" => (Self::NormalizeSpace, 0, 1),
            "true" => (Self::True, 0, 0),
            "false" => (Self::False, 0, 0),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
