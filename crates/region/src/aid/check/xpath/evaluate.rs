//! What an expression comes to at a node.

use std::borrow::Cow;
use std::cell::Cell;

use super::{Axis, Comparison, Expression, From, Function, Step, Test, Xpath};
use crate::aid::check::view::{Node, View};

/// A document asks for more work than is given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::aid::check) struct TooMuch;

/// So much text is as much work as a node.
const TEXT_BYTES_A_NODE: usize = 64;

type Evaluated<T> = Result<T, TooMuch>;

/// What is looked at, and how much may still be done.
pub(in crate::aid::check) struct Look<'v> {
    pub(in crate::aid::check) view: View<'v>,
    /// What `$1` stands for.
    pub(in crate::aid::check) group: Option<Cow<'v, str>>,
    /// Nodes that may still be looked at.
    pub(in crate::aid::check) left: &'v Cell<u64>,
}

enum Value<'v> {
    Nodes(Vec<Node>),
    Text(Cow<'v, str>),
    Number(f64),
    Truth(bool),
}

/// A node, and its place among those beside which it is looked at.
#[derive(Clone, Copy)]
struct Context {
    node: Node,
    place: usize,
}

impl<'v> Look<'v> {
    /// The nodes that a path finds; none if the expression is no path.
    pub(in crate::aid::check) fn nodes(&self, path: &Xpath, at: Node) -> Evaluated<Vec<Node>> {
        match self.whole(path, at)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Ok(Vec::new()),
        }
    }

    /// Whether an expression holds.
    pub(in crate::aid::check) fn holds(&self, expression: &Xpath, at: Node) -> Evaluated<bool> {
        let value = self.whole(expression, at)?;
        Ok(self.truth(&value))
    }

    /// What a node says; long texts are more work.
    pub(in crate::aid::check) fn say(&self, node: Node) -> Evaluated<Cow<'v, str>> {
        let text = self.view.string(node);
        let parts = if node.is_element() { self.view.within(node).count() } else { 0 };
        self.work(parts + text.len() / TEXT_BYTES_A_NODE)?;
        Ok(text)
    }

    fn whole(&self, xpath: &Xpath, at: Node) -> Evaluated<Value<'v>> {
        let context = Context { node: at, place: 1 };
        if xpath.has_group {
            return self.of(&xpath.expression, context);
        }
        let alone = Look { view: self.view, group: None, left: self.left };
        alone.of(&xpath.expression, context)
    }

    /// Takes so much of the work that may be done.
    pub(in crate::aid::check) fn work(&self, much: usize) -> Evaluated<()> {
        let left = self.left.get().checked_sub(much as u64 + 1).ok_or(TooMuch)?;
        self.left.set(left);
        Ok(())
    }

    fn of(&self, expression: &Expression, at: Context) -> Evaluated<Value<'v>> {
        self.work(0)?;
        let truth = |one: &Expression| self.of(one, at).map(|value| self.truth(&value));
        let number = |one: &Expression| self.of(one, at).and_then(|value| self.number(&value));
        Ok(match expression {
            Expression::Or(left, right) => Value::Truth(truth(left)? || truth(right)?),
            Expression::And(left, right) => Value::Truth(truth(left)? && truth(right)?),
            Expression::Compare(how, left, right) => {
                Value::Truth(self.compare(*how, &self.of(left, at)?, &self.of(right, at)?)?)
            }
            Expression::Add(left, right) => Value::Number(number(left)? + number(right)?),
            Expression::Subtract(left, right) => Value::Number(number(left)? - number(right)?),
            Expression::Union(paths) => {
                let mut all = Vec::new();
                for path in paths {
                    if let Value::Nodes(nodes) = self.of(path, at)? {
                        all.extend(nodes);
                    }
                }
                all.sort_unstable();
                all.dedup();
                Value::Nodes(all)
            }
            Expression::Path { from, steps } => {
                let mut nodes = vec![match from {
                    From::Here => at.node,
                    From::Document => Node::DOCUMENT,
                }];
                for step in steps {
                    nodes = self.step(step, &nodes)?;
                }
                Value::Nodes(nodes)
            }
            Expression::Literal(text) => Value::Text(match &self.group {
                Some(group) if text == "$1" => group.clone(),
                Some(group) => text.replace("$1", group).into(),
                None => text.clone().into(),
            }),
            Expression::Number(number) => Value::Number(*number),
            Expression::Call(function, arguments) => self.call(*function, arguments, at)?,
        })
    }

    fn call(&self, function: Function, arguments: &[Expression], at: Context) -> Evaluated<Value<'v>> {
        // What has no argument is about the node itself.
        let argument = |which: usize| match arguments.get(which) {
            Some(argument) => self.of(argument, at),
            None => Ok(Value::Nodes(vec![at.node])),
        };
        let first = argument(0)?;
        Ok(match function {
            Function::Count => match first {
                Value::Nodes(nodes) => Value::Number(nodes.len() as f64),
                _ => Value::Number(f64::NAN),
            },
            Function::Not => Value::Truth(!self.truth(&first)),
            Function::Number => Value::Number(self.number(&first)?),
            Function::String => Value::Text(self.text(&first)?),
            Function::Boolean => Value::Truth(self.truth(&first)),
            Function::StartsWith => {
                Value::Truth(self.text(&first)?.starts_with(self.text(&argument(1)?)?.as_ref()))
            }
            Function::Contains => {
                Value::Truth(self.text(&first)?.contains(self.text(&argument(1)?)?.as_ref()))
            }
            Function::StringLength => Value::Number(self.text(&first)?.chars().count() as f64),
            Function::NormalizeSpace => {
                let words: Vec<String> =
                    self.text(&first)?.split_ascii_whitespace().map(str::to_owned).collect();
                Value::Text(words.join(" ").into())
            }
            Function::True => Value::Truth(true),
            Function::False => Value::Truth(false),
        })
    }

    fn step(&self, step: &Step, from: &[Node]) -> Evaluated<Vec<Node>> {
        let view = self.view;
        let mut found = Vec::new();
        for node in from {
            let first = found.len();
            let mut looked = 0;
            let mut take = |one: Node| {
                looked += 1;
                if is(view, &step.test, step.axis, one) {
                    found.push(one);
                }
            };
            match step.axis {
                Axis::Child => {
                    view.children(*node).for_each(&mut take);
                    view.text(*node).into_iter().for_each(&mut take);
                }
                Axis::Attribute => view.attributes(*node).for_each(&mut take),
                Axis::Parent => view.parent(*node).into_iter().for_each(&mut take),
                Axis::Itself => take(*node),
                Axis::Within => view.within(*node).for_each(&mut take),
            }
            self.work(looked)?;
            for predicate in &step.predicates {
                let before = found.split_off(first);
                for (place, node) in before.into_iter().enumerate() {
                    let context = Context { node, place: place + 1 };
                    let holds = match self.of(predicate, context)? {
                        Value::Number(number) => number == context.place as f64,
                        value => self.truth(&value),
                    };
                    if holds {
                        found.push(node);
                    }
                }
            }
        }
        if from.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
        Ok(found)
    }

    fn compare(&self, how: Comparison, left: &Value<'v>, right: &Value<'v>) -> Evaluated<bool> {
        match (left, right) {
            (Value::Nodes(nodes), Value::Nodes(others)) => {
                let others = others.iter().map(|other| self.say(*other)).collect::<Evaluated<Vec<_>>>()?;
                for node in nodes {
                    let text = self.say(*node)?;
                    self.work(others.len())?;
                    if others.iter().any(|other| texts_compare(how, &text, other)) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Value::Nodes(_), Value::Truth(truth)) => {
                Ok(numbers_compare(how, f64::from(self.truth(left)), f64::from(*truth)))
            }
            (Value::Truth(truth), Value::Nodes(_)) => {
                Ok(numbers_compare(how, f64::from(*truth), f64::from(self.truth(right))))
            }
            (Value::Nodes(nodes), other) => self.any(nodes, |text| match other {
                Value::Number(of) => numbers_compare(how, number(text), *of),
                Value::Text(of) => texts_compare(how, text, of),
                _ => false,
            }),
            (other, Value::Nodes(nodes)) => self.any(nodes, |text| match other {
                Value::Number(of) => numbers_compare(how, *of, number(text)),
                Value::Text(of) => texts_compare(how, of, text),
                _ => false,
            }),
            _ if matches!(how, Comparison::Equal | Comparison::Unequal) => Ok(match (left, right) {
                (Value::Truth(_), _) | (_, Value::Truth(_)) => {
                    numbers_compare(how, f64::from(self.truth(left)), f64::from(self.truth(right)))
                }
                (Value::Text(left), Value::Text(right)) => texts_compare(how, left, right),
                _ => numbers_compare(how, self.number(left)?, self.number(right)?),
            }),
            _ => Ok(numbers_compare(how, self.number(left)?, self.number(right)?)),
        }
    }

    /// Whether something holds of what one of the nodes says.
    fn any(&self, nodes: &[Node], holds: impl Fn(&str) -> bool) -> Evaluated<bool> {
        for node in nodes {
            if holds(&self.say(*node)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn truth(&self, value: &Value<'v>) -> bool {
        match value {
            Value::Nodes(nodes) => !nodes.is_empty(),
            Value::Text(text) => !text.is_empty(),
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Truth(truth) => *truth,
        }
    }

    fn number(&self, value: &Value<'v>) -> Evaluated<f64> {
        Ok(match value {
            Value::Nodes(nodes) => match nodes.first() {
                Some(node) => number(&self.say(*node)?),
                None => f64::NAN,
            },
            Value::Text(text) => number(text),
            Value::Number(number) => *number,
            Value::Truth(truth) => f64::from(*truth),
        })
    }

    fn text(&self, value: &Value<'v>) -> Evaluated<Cow<'v, str>> {
        Ok(match value {
            Value::Nodes(nodes) => match nodes.first() {
                Some(node) => self.say(*node)?,
                None => "".into(),
            },
            Value::Text(text) => text.clone(),
            Value::Number(number) if number.is_nan() => "NaN".into(),
            Value::Number(number) => number.to_string().into(),
            Value::Truth(truth) => truth.to_string().into(),
        })
    }
}

fn is(view: View<'_>, test: &Test, axis: Axis, node: Node) -> bool {
    match test {
        Test::Node => true,
        Test::Text => node.is_text(),
        Test::Any => axis == Axis::Attribute || node.is_element(),
        Test::Name(name) => view.name(node) == name,
    }
}

/// A number as the language has them: digits with a point and perhaps a minus. Anything else is none (NaN).
fn number(text: &str) -> f64 {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_one = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().any(|byte| byte.is_ascii_digit());
    if is_one { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

#[expect(clippy::float_cmp, reason = "the language compares numbers as they are")]
fn numbers_compare(how: Comparison, left: f64, right: f64) -> bool {
    match how {
        Comparison::Equal => left == right,
        Comparison::Unequal => left != right,
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
    }
}

fn texts_compare(how: Comparison, left: &str, right: &str) -> bool {
    match how {
        Comparison::Equal => left == right,
        Comparison::Unequal => left != right,
        _ => numbers_compare(how, number(left), number(right)),
    }
}
