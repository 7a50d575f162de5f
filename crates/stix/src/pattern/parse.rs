//! Words to tree, by recursive descent. Precedence, loosest first: `FOLLOWEDBY`, `OR`, `AND`, qualifiers.
//!
//! Source: STIX 2.1, section 9, parser rules of the ANTLR grammar.

use super::lex::{Token, error, lex};
use super::{
    Comparison, Literal, ObjectPath, Observation, Operator, PATTERN_BYTES_MAX, PATTERN_DEPTH_MAX, Pattern,
    PatternError, Qualifier, Step,
};
use crate::time::Timestamp;

/// Reads a pattern.
///
/// # Errors
/// [`PatternError`] at the first word that the grammar does not allow, or when the text is longer or deeper
/// than the limits of this module.
pub fn parse(text: &str) -> Result<Pattern, PatternError> {
    if text.len() > PATTERN_BYTES_MAX {
        return Err(error(PATTERN_BYTES_MAX, "a pattern of at most 1 MiB", &format!("{} bytes", text.len())));
    }
    let mut parser = Parser { tokens: lex(text)?, at: 0, end: text.len(), depth: 0 };
    let root = parser.observations()?;
    match parser.tokens.get(parser.at) {
        None => Ok(Pattern { root }),
        Some(_) => Err(parser.unexpected("`AND`, `OR`, `FOLLOWEDBY`, a qualifier or the end")),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn unexpected(&self, expected: &'static str) -> PatternError {
        match self.tokens.get(self.at) {
            Some((offset, token)) => error(*offset, expected, &token.describe()),
            None => error(self.end, expected, "the end of the pattern"),
        }
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(is);
        is
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(found)) if found == word);
        self.at += usize::from(is);
        is
    }

    fn want_sign(&mut self, sign: &str, expected: &'static str) -> Result<(), PatternError> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn want_word(&mut self, word: &str, expected: &'static str) -> Result<(), PatternError> {
        if self.take_word(word) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, PatternError>,
    ) -> Result<T, PatternError> {
        if self.depth >= PATTERN_DEPTH_MAX {
            return Err(self.unexpected("at most 100 nested parentheses"));
        }
        self.depth += 1;
        let value = inner(self);
        self.depth -= 1;
        value
    }

    fn chain<T>(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<T, PatternError>,
        many: fn(Vec<T>) -> T,
    ) -> Result<T, PatternError> {
        let first = part(self)?;
        if !matches!(self.peek(), Some(Token::Word(found)) if found == word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_word(word) {
            parts.push(part(self)?);
        }
        Ok(many(parts))
    }

    fn observations(&mut self) -> Result<Observation, PatternError> {
        self.chain("FOLLOWEDBY", Self::observation_or, Observation::FollowedBy)
    }

    fn observation_or(&mut self) -> Result<Observation, PatternError> {
        self.chain("OR", Self::observation_and, Observation::Or)
    }

    fn observation_and(&mut self) -> Result<Observation, PatternError> {
        self.chain("AND", Self::qualified, Observation::And)
    }

    fn qualified(&mut self) -> Result<Observation, PatternError> {
        let mut observation = if self.take_sign("[") {
            let comparison = self.comparisons()?;
            self.want_sign("]", "`AND`, `OR` or `]`")?;
            Observation::Test(comparison)
        } else if self.take_sign("(") {
            let inner = self.deeper(Self::observations)?;
            self.want_sign(")", "`)`")?;
            inner
        } else {
            return Err(self.unexpected("`[` or `(`"));
        };
        let mut qualifiers = 0;
        while let Some(qualifier) = self.qualifier()? {
            qualifiers += 1;
            if qualifiers > PATTERN_DEPTH_MAX {
                return Err(self.unexpected("at most 100 qualifiers"));
            }
            observation = Observation::Qualified(Box::new(observation), qualifier);
        }
        Ok(observation)
    }

    fn qualifier(&mut self) -> Result<Option<Qualifier>, PatternError> {
        if self.take_word("WITHIN") {
            let number = match self.peek() {
                Some(Token::Integer(text) | Token::Float(text)) if !text.starts_with('-') => text.clone(),
                _ => return Err(self.unexpected("a number of seconds")),
            };
            self.at += 1;
            self.want_word("SECONDS", "`SECONDS`")?;
            return Ok(Some(Qualifier::Within(number)));
        }
        if self.take_word("REPEATS") {
            let times = match self.peek() {
                Some(Token::Integer(text)) => text.trim_start_matches('+').parse().ok(),
                _ => None,
            };
            let times =
                times.filter(|times| *times > 0).ok_or_else(|| self.unexpected("how many times, from 1"))?;
            self.at += 1;
            self.want_word("TIMES", "`TIMES`")?;
            return Ok(Some(Qualifier::Repeats(times)));
        }
        if self.take_word("START") {
            let start = self.instant()?;
            self.want_word("STOP", "`STOP`")?;
            let stop = self.instant()?;
            return Ok(Some(Qualifier::StartStop(start, stop)));
        }
        Ok(None)
    }

    /// STIX 2.1 writes `t'…'` here; STIX 2.0 wrote a plain string.
    fn instant(&mut self) -> Result<Timestamp, PatternError> {
        let instant = match self.peek() {
            Some(Token::Time(text) | Token::Text(text)) => Timestamp::parse(text).ok(),
            _ => None,
        };
        let instant =
            instant.ok_or_else(|| self.unexpected("a timestamp such as t'2026-01-31T12:00:00Z'"))?;
        self.at += 1;
        Ok(instant)
    }

    fn comparisons(&mut self) -> Result<Comparison, PatternError> {
        self.chain("OR", Self::comparison_and, Comparison::Or)
    }

    fn comparison_and(&mut self) -> Result<Comparison, PatternError> {
        self.chain("AND", Self::comparison, Comparison::And)
    }

    fn comparison(&mut self) -> Result<Comparison, PatternError> {
        if self.take_sign("(") {
            let inner = self.deeper(Self::comparisons)?;
            self.want_sign(")", "`AND`, `OR` or `)`")?;
            return Ok(inner);
        }
        let not_first = self.take_word("NOT");
        if self.take_word("EXISTS") {
            return Ok(Comparison::Exists { path: self.path()?, negated: not_first });
        }
        if not_first {
            return Err(self.unexpected("`EXISTS` (other negations stand after the path)"));
        }
        let path = self.path()?;
        let negated = self.take_word("NOT");
        let operator = self.operator()?;
        let values = self.values(operator)?;
        Ok(Comparison::Test { path, negated, operator, values })
    }

    fn operator(&mut self) -> Result<Operator, PatternError> {
        let operator = match self.peek() {
            Some(Token::Sign("=" | "==")) => Operator::Equal,
            Some(Token::Sign("!=" | "<>")) => Operator::NotEqual,
            Some(Token::Sign("<")) => Operator::Less,
            Some(Token::Sign("<=")) => Operator::LessOrEqual,
            Some(Token::Sign(">")) => Operator::Greater,
            Some(Token::Sign(">=")) => Operator::GreaterOrEqual,
            Some(Token::Word(word)) => match word.as_str() {
                "IN" => Operator::In,
                "LIKE" => Operator::Like,
                "MATCHES" => Operator::Matches,
                "ISSUBSET" => Operator::IsSubset,
                "ISSUPERSET" => Operator::IsSuperset,
                _ => return Err(self.unexpected("a comparison operator")),
            },
            _ => return Err(self.unexpected("a comparison operator")),
        };
        self.at += 1;
        Ok(operator)
    }

    fn values(&mut self, operator: Operator) -> Result<Vec<Literal>, PatternError> {
        if operator == Operator::In {
            return self.set();
        }
        let before = self.at;
        let literal = self.literal()?;
        let allowed = match operator {
            Operator::Like | Operator::Matches | Operator::IsSubset | Operator::IsSuperset => {
                matches!(literal, Literal::Text(_))
            }
            Operator::Equal | Operator::NotEqual | Operator::In => true,
            _ => !matches!(literal, Literal::Boolean(_)),
        };
        if !allowed {
            self.at = before;
            return Err(self.unexpected("a constant of a kind that this operator compares"));
        }
        Ok(vec![literal])
    }

    fn set(&mut self) -> Result<Vec<Literal>, PatternError> {
        self.want_sign("(", "`(` of a set")?;
        let mut values = Vec::new();
        if self.take_sign(")") {
            return Ok(values);
        }
        loop {
            values.push(self.literal()?);
            if self.take_sign(")") {
                return Ok(values);
            }
            self.want_sign(",", "`,` or `)`")?;
        }
    }

    fn literal(&mut self) -> Result<Literal, PatternError> {
        let literal = match self.peek() {
            Some(Token::Text(text)) => Some(Literal::Text(text.clone())),
            Some(Token::Binary(text)) => Some(Literal::Binary(text.clone())),
            Some(Token::Hex(text)) => Some(Literal::Hex(text.clone())),
            Some(Token::Float(text)) => Some(Literal::Float(text.clone())),
            Some(Token::Integer(text)) => text.parse().ok().map(Literal::Integer),
            Some(Token::Time(text)) => Timestamp::parse(text).ok().map(Literal::Timestamp),
            Some(Token::Word(word)) if word == "true" => Some(Literal::Boolean(true)),
            Some(Token::Word(word)) if word == "false" => Some(Literal::Boolean(false)),
            _ => None,
        };
        let literal = literal.ok_or_else(|| self.unexpected("a constant"))?;
        self.at += 1;
        Ok(literal)
    }

    fn path(&mut self) -> Result<ObjectPath, PatternError> {
        let object_type = match self.peek() {
            Some(Token::Word(word)) if !is_keyword(word) => word.clone(),
            _ => return Err(self.unexpected("an object path such as file:name")),
        };
        self.at += 1;
        self.want_sign(":", "`:` after the object type")?;
        let mut steps = vec![Step::Key(self.key()?)];
        loop {
            if self.take_sign(".") {
                steps.push(Step::Key(self.key()?));
            } else if self.take_sign("[") {
                let step = match self.peek() {
                    Some(Token::Sign("*")) => Some(Step::Any),
                    Some(Token::Integer(text)) => text.parse().ok().map(Step::Index),
                    _ => None,
                };
                steps.push(step.ok_or_else(|| self.unexpected("an index or `*`"))?);
                self.at += 1;
                self.want_sign("]", "`]` after the index")?;
            } else {
                return Ok(ObjectPath { object_type, steps });
            }
        }
    }

    fn key(&mut self) -> Result<String, PatternError> {
        let key = match self.peek() {
            Some(Token::Text(text)) => text.clone(),
            Some(Token::Word(word)) if !word.contains('-') && !is_keyword(word) => word.clone(),
            Some(Token::Word(_)) => {
                return Err(
                    self.unexpected("a property name; one with a hyphen or a keyword stands in quotes")
                );
            }
            _ => return Err(self.unexpected("a property name")),
        };
        self.at += 1;
        Ok(key)
    }
}

/// Words that the grammar keeps for itself.
pub(super) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "AND"
            | "OR"
            | "NOT"
            | "FOLLOWEDBY"
            | "LIKE"
            | "MATCHES"
            | "ISSUPERSET"
            | "ISSUBSET"
            | "EXISTS"
            | "LAST"
            | "IN"
            | "START"
            | "STOP"
            | "SECONDS"
            | "true"
            | "false"
            | "WITHIN"
            | "REPEATS"
            | "TIMES"
    )
}
