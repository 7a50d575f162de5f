//! From text to an expression, by descent; how deep is limited.

use super::{
    Axis, Comparison, DEPTH_MAX, EXPRESSION_BYTES_MAX, Expression, From, Function, Step, Test, XpathError,
};

/// Reads an expression.
pub(super) fn expression(text: &str) -> Result<Expression, XpathError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    if text.len() > EXPRESSION_BYTES_MAX {
        let shown: String = text.chars().take(60).collect();
        let why = format!("it is longer than {EXPRESSION_BYTES_MAX} bytes");
        return Err(XpathError { expression: shown, at: 1, why });
    }
    let found = parser.or()?;
    parser.space();
    if parser.rest().is_empty() { Ok(found) } else { Err(parser.wrong(NOT_READ)) }
}

const NOT_READ: &str = "here stands what is not read: paths, predicates, comparisons, + and - are";

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

type Parsed = Result<Expression, XpathError>;

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, why: impl Into<String>) -> XpathError {
        let at = self.text.get(..self.at).unwrap_or_default().chars().count() + 1;
        XpathError { expression: self.text.to_owned(), at, why: why.into() }
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes a sign, if it stands here.
    fn take(&mut self, sign: &str) -> bool {
        self.space();
        let is_here = self.rest().starts_with(sign);
        if is_here {
            self.at += sign.len();
        }
        is_here
    }

    fn expect(&mut self, sign: &str) -> Result<(), XpathError> {
        if self.take(sign) { Ok(()) } else { Err(self.wrong(format!("`{sign}` is expected"))) }
    }

    /// Takes a word that stands between two operands.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let is_here = name(self.rest()) == word;
        if is_here {
            self.at += word.len();
        }
        is_here
    }

    fn deeper(&mut self) -> Result<(), XpathError> {
        self.depth += 1;
        if self.depth <= DEPTH_MAX {
            Ok(())
        } else {
            Err(self.wrong(format!("more than {DEPTH_MAX} parts in one another")))
        }
    }

    fn or(&mut self) -> Parsed {
        self.deeper()?;
        let mut left = self.and()?;
        while self.word("or") {
            left = Expression::Or(left.into(), self.and()?.into());
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let mut left = self.equality()?;
        while self.word("and") {
            left = Expression::And(left.into(), self.equality()?.into());
        }
        Ok(left)
    }

    fn equality(&mut self) -> Parsed {
        let mut left = self.relation()?;
        loop {
            let comparison = if self.take("!=") {
                Comparison::Unequal
            } else if self.take("=") {
                Comparison::Equal
            } else {
                return Ok(left);
            };
            left = Expression::Compare(comparison, left.into(), self.relation()?.into());
        }
    }

    fn relation(&mut self) -> Parsed {
        let mut left = self.sum()?;
        loop {
            let comparison = if self.take("<=") {
                Comparison::LessOrEqual
            } else if self.take(">=") {
                Comparison::GreaterOrEqual
            } else if self.take("<") {
                Comparison::Less
            } else if self.take(">") {
                Comparison::Greater
            } else {
                return Ok(left);
            };
            left = Expression::Compare(comparison, left.into(), self.sum()?.into());
        }
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.union()?;
        loop {
            if self.take("+") {
                left = Expression::Add(left.into(), self.union()?.into());
            } else if self.take("-") {
                left = Expression::Subtract(left.into(), self.union()?.into());
            } else {
                return Ok(left);
            }
        }
    }

    fn union(&mut self) -> Parsed {
        let first = self.operand()?;
        let mut all = vec![first];
        while self.take("|") {
            all.push(self.operand()?);
        }
        match all.len() {
            1 => all.pop().ok_or_else(|| self.wrong(NOT_READ)),
            _ if all.iter().all(|one| matches!(one, Expression::Path { .. })) => Ok(Expression::Union(all)),
            _ => Err(self.wrong("`|` joins paths alone")),
        }
    }

    fn operand(&mut self) -> Parsed {
        self.space();
        let rest = self.rest();
        match rest.chars().next() {
            Some('(') => {
                self.at += 1;
                let inside = self.or()?;
                self.expect(")")?;
                Ok(inside)
            }
            Some(quote @ ('"' | '\'')) => {
                let inside = rest.get(1..).unwrap_or_default();
                let Some((literal, _)) = inside.split_once(quote) else {
                    return Err(self.wrong("a text without its second quotation mark"));
                };
                self.at += literal.len() + 2;
                Ok(Expression::Literal(literal.to_owned()))
            }
            Some(digit) if digit.is_ascii_digit() || is_fraction(rest) => {
                let is_part = |letter: char| letter.is_ascii_digit() || letter == '.';
                let number: String = rest.chars().take_while(|letter| is_part(*letter)).collect();
                let read = number.parse().map_err(|_| self.wrong(format!("`{number}` is no number")))?;
                self.at += number.len();
                Ok(Expression::Number(read))
            }
            _ => self.call_or_path(),
        }
    }

    fn call_or_path(&mut self) -> Parsed {
        let name = name(self.rest());
        let behind = self.rest().get(name.len()..).unwrap_or_default().trim_start();
        if name.is_empty() || !behind.starts_with('(') || matches!(name, "text" | "node") {
            return self.path();
        }
        let Some((function, least, most)) = Function::named(name) else {
            return Err(self.wrong(format!("the function `{name}` is not read")));
        };
        self.at += name.len();
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.take(")") {
            loop {
                arguments.push(self.or()?);
                if !self.take(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        if !(least..=most).contains(&arguments.len()) {
            return Err(self.wrong(format!("`{name}` has {} arguments", arguments.len())));
        }
        let is_path = |one: &Expression| matches!(one, Expression::Path { .. } | Expression::Union(_));
        if function == Function::Count && !arguments.iter().all(is_path) {
            return Err(self.wrong("`count` is about a path"));
        }
        Ok(Expression::Call(function, arguments))
    }

    fn path(&mut self) -> Parsed {
        let mut steps = Vec::new();
        let from = if self.take("//") {
            steps.push(Step { axis: Axis::Within, test: Test::Node, predicates: Vec::new() });
            From::Document
        } else if self.take("/") {
            From::Document
        } else {
            From::Here
        };
        loop {
            steps.push(self.step()?);
            if self.take("//") {
                steps.push(Step { axis: Axis::Within, test: Test::Node, predicates: Vec::new() });
            } else if !self.take("/") {
                return Ok(Expression::Path { from, steps });
            }
        }
    }

    fn step(&mut self) -> Result<Step, XpathError> {
        if self.take("..") {
            return Ok(Step { axis: Axis::Parent, test: Test::Node, predicates: Vec::new() });
        }
        if self.take(".") {
            return Ok(Step { axis: Axis::Itself, test: Test::Node, predicates: Vec::new() });
        }
        let axis = if self.take("@") { Axis::Attribute } else { Axis::Child };
        let test = self.test()?;
        let mut predicates = Vec::new();
        while self.take("[") {
            predicates.push(self.or()?);
            self.expect("]")?;
        }
        Ok(Step { axis, test, predicates })
    }

    fn test(&mut self) -> Result<Test, XpathError> {
        if self.take("*") {
            return Ok(Test::Any);
        }
        self.space();
        let name = name(self.rest());
        if name.is_empty() {
            return Err(self.wrong(NOT_READ));
        }
        let before = self.at;
        self.at += name.len();
        if self.rest().starts_with("::") {
            self.at = before;
            return Err(self.wrong(format!("the axis `{name}` is not read; write the path without it")));
        }
        match name {
            "text" | "node" if self.take("(") => {
                self.expect(")")?;
                Ok(if name == "text" { Test::Text } else { Test::Node })
            }
            _ => Ok(Test::Name(name.to_owned())),
        }
    }
}

/// The name at the beginning of a text, with its prefix; empty if there is none.
fn name(text: &str) -> &str {
    let is_first = |letter: char| letter.is_alphabetic() || letter == '_';
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
    if !text.starts_with(is_first) {
        return "";
    }
    let part = |text: &str| text.find(|letter| !is_part(letter)).unwrap_or(text.len());
    let first = part(text);
    let behind = text.get(first..).unwrap_or_default();
    let end = match behind.strip_prefix(':') {
        Some(local) if local.starts_with(is_first) => first + 1 + part(local),
        _ => first,
    };
    text.get(..end).unwrap_or_default()
}

fn is_fraction(text: &str) -> bool {
    text.strip_prefix('.').is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}
