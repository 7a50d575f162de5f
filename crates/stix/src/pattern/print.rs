//! Tree to text: the shortest form that reads back as the same tree. Source: STIX 2.1, section 9.

use std::fmt::{self, Display, Formatter};

use super::parse::is_keyword;
use super::{Comparison, Literal, ObjectPath, Observation, Operator, Pattern, Qualifier, Step};

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

fn joined<T: Display>(
    f: &mut Formatter<'_>,
    parts: &[T],
    word: &str,
    grouped: impl Fn(&T) -> bool,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            write!(f, " {word} ")?;
        }
        if grouped(part) { write!(f, "({part})")? } else { write!(f, "{part}")? }
    }
    Ok(())
}

impl Display for Observation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(comparison) => write!(f, "[{comparison}]"),
            Self::And(parts) => {
                joined(f, parts, "AND", |part| !matches!(part, Self::Test(_) | Self::Qualified(..)))
            }
            Self::Or(parts) => {
                joined(f, parts, "OR", |part| matches!(part, Self::Or(_) | Self::FollowedBy(_)))
            }
            Self::FollowedBy(parts) => {
                joined(f, parts, "FOLLOWEDBY", |part| matches!(part, Self::FollowedBy(_)))
            }
            Self::Qualified(inner, qualifier) => match **inner {
                Self::Test(_) | Self::Qualified(..) => write!(f, "{inner} {qualifier}"),
                _ => write!(f, "({inner}) {qualifier}"),
            },
        }
    }
}

impl Display for Qualifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Within(seconds) => write!(f, "WITHIN {seconds} SECONDS"),
            Self::Repeats(times) => write!(f, "REPEATS {times} TIMES"),
            Self::StartStop(start, stop) => write!(f, "START t'{start}' STOP t'{stop}'"),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let not = |negated: bool| if negated { "NOT " } else { "" };
        match self {
            Self::And(parts) => joined(f, parts, "AND", |part| matches!(part, Self::And(_) | Self::Or(_))),
            Self::Or(parts) => joined(f, parts, "OR", |part| matches!(part, Self::Or(_))),
            Self::Exists { path, negated } => write!(f, "{}EXISTS {path}", not(*negated)),
            Self::Test { path, negated, operator: Operator::In, values } => {
                write!(f, "{path} {}IN (", not(*negated))?;
                joined(f, values, ",", |_| false)?;
                f.write_str(")")
            }
            Self::Test { path, negated, operator, values } => {
                write!(f, "{path} {}{operator}", not(*negated))?;
                values.iter().try_for_each(|value| write!(f, " {value}"))
            }
        }
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "IN",
            Self::Like => "LIKE",
            Self::Matches => "MATCHES",
            Self::IsSubset => "ISSUBSET",
            Self::IsSuperset => "ISSUPERSET",
        })
    }
}

impl Display for ObjectPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.object_type)?;
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    f.write_str(if at > 0 { "." } else { "" })?;
                    if is_plain(key) { f.write_str(key)? } else { quoted(f, "", key)? }
                }
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Any => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

fn is_plain(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !is_keyword(key)
}

fn quoted(f: &mut Formatter<'_>, prefix: &str, text: &str) -> fmt::Result {
    write!(f, "{prefix}'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => quoted(f, "", text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Float(number) => f.write_str(number),
            Self::Boolean(truth) => write!(f, "{truth}"),
            Self::Binary(text) => quoted(f, "b", text),
            Self::Hex(text) => quoted(f, "h", text),
            Self::Timestamp(instant) => write!(f, "t'{instant}'"),
        }
    }
}
