//! Words to tree, by recursive descent. Precedence, loosest first: `FOLLOWEDBY`, `OR`, `AND`, qualifiers.
//!
//! Source: STIX 2.1, section 9, parser rules of the ANTLR grammar.

use super::lex::{Lexer, Token, error};
use super::{
    Comparison, Literal, ObjectPath, Observation, Operator, PATTERN_BYTES_MAX, PATTERN_DEPTH_MAX, Pattern,
    PatternError, Qualifier, Step,
};
use crate::time::Timestamp;

/// How instants of `START … STOP …` are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instants {
    /// `t'…'` alone, as STIX 2.1 has it.
    Literals,
    /// Also as plain strings, as STIX 2.0 had it.
    LiteralsOrTexts,
}

/// Reads a pattern of STIX 2.1.
///
/// About half a microsecond for a pattern with one comparison.
///
/// # Errors
/// [`PatternError`] at the first word that the grammar does not allow, or when the text is longer or deeper
/// than the limits of this module.
pub fn parse(text: &str) -> Result<Pattern, PatternError> {
    read(text, Instants::Literals)
}

/// Reads a pattern of STIX 2.0 or 2.1: as [`parse`], and `START '…' STOP '…'` without the `t` is taken too.
///
/// # Errors
/// As [`parse`].
///
/// Source: STIX 2.0, part 5, section 4.1.1 (Observation Expression Qualifiers).
pub fn parse_either(text: &str) -> Result<Pattern, PatternError> {
    read(text, Instants::LiteralsOrTexts)
}

fn read(text: &str, instants: Instants) -> Result<Pattern, PatternError> {
    if text.len() > PATTERN_BYTES_MAX {
        return Err(error(PATTERN_BYTES_MAX, "a pattern of at most 1 MiB", &format!("{} bytes", text.len())));
    }
    let mut lexer = Lexer::new(text);
    let (offset, token) = lexer.next()?;
    let mut parser = Parser { lexer, token, offset, instants, depth: 0, stacked: 0 };
    let root = parser.observations()?;
    match parser.token {
        Token::End => Ok(Pattern { root }),
        _ => Err(parser.unexpected("`AND`, `OR`, `FOLLOWEDBY`, a qualifier or the end")),
    }
}

/// Looks one word ahead.
struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    offset: usize,
    instants: Instants,
    depth: usize,
    /// Most qualifiers that stand around one another in what was read of the innermost open bracket.
    stacked: usize,
}

impl<'a> Parser<'a> {
    /// Takes the word and looks at the next one.
    fn step(&mut self) -> Result<Token<'a>, PatternError> {
        let (offset, token) = self.lexer.next()?;
        self.offset = offset;
        Ok(std::mem::replace(&mut self.token, token))
    }

    fn unexpected(&self, expected: &'static str) -> PatternError {
        error(self.offset, expected, &self.token.describe())
    }

    fn take_sign(&mut self, sign: &str) -> Result<bool, PatternError> {
        let is = matches!(self.token, Token::Sign(found) if found == sign);
        if is {
            self.step()?;
        }
        Ok(is)
    }

    fn take_word(&mut self, word: &str) -> Result<bool, PatternError> {
        let is = matches!(self.token, Token::Word(found) if found == word);
        if is {
            self.step()?;
        }
        Ok(is)
    }

    fn want_sign(&mut self, sign: &str, expected: &'static str) -> Result<(), PatternError> {
        if self.take_sign(sign)? { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn want_word(&mut self, word: &str, expected: &'static str) -> Result<(), PatternError> {
        if self.take_word(word)? { Ok(()) } else { Err(self.unexpected(expected)) }
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
        if !matches!(self.token, Token::Word(found) if found == word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_word(word)? {
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

    /// Qualifiers are limited through all brackets around one another, as brackets are: each makes the tree one level deeper.
    fn qualified(&mut self) -> Result<Observation, PatternError> {
        let beside = std::mem::take(&mut self.stacked);
        let mut observation = if self.take_sign("[")? {
            let comparison = self.comparisons()?;
            self.want_sign("]", "`AND`, `OR` or `]`")?;
            Observation::Test(comparison)
        } else if self.take_sign("(")? {
            let inner = self.deeper(Self::observations)?;
            self.want_sign(")", "`)`")?;
            inner
        } else {
            return Err(self.unexpected("`[` or `(`"));
        };
        while let Some(qualifier) = self.qualifier()? {
            self.stacked += 1;
            if self.stacked > PATTERN_DEPTH_MAX {
                return Err(self.unexpected("at most 100 qualifiers around one another"));
            }
            observation = Observation::Qualified(Box::new(observation), qualifier);
        }
        self.stacked = self.stacked.max(beside);
        Ok(observation)
    }

    fn qualifier(&mut self) -> Result<Option<Qualifier>, PatternError> {
        let qualifier = match self.token {
            Token::Word("WITHIN") => {
                self.step()?;
                let number = match self.token {
                    Token::Integer(text) | Token::Float(text) if !text.starts_with('-') => text.to_owned(),
                    _ => return Err(self.unexpected("a number of seconds")),
                };
                self.step()?;
                self.want_word("SECONDS", "`SECONDS`")?;
                Qualifier::Within(number)
            }
            Token::Word("REPEATS") => {
                self.step()?;
                let times = match self.token {
                    Token::Integer(text) => text.trim_start_matches('+').parse().ok(),
                    _ => None,
                };
                let times = times
                    .filter(|times| *times > 0)
                    .ok_or_else(|| self.unexpected("how many times, from 1"))?;
                self.step()?;
                self.want_word("TIMES", "`TIMES`")?;
                Qualifier::Repeats(times)
            }
            Token::Word("START") => {
                self.step()?;
                let start = self.instant()?;
                self.want_word("STOP", "`STOP`")?;
                Qualifier::StartStop(start, self.instant()?)
            }
            _ => return Ok(None),
        };
        Ok(Some(qualifier))
    }

    fn instant(&mut self) -> Result<Timestamp, PatternError> {
        let instant = match &self.token {
            Token::Time(text) => Timestamp::parse(text).ok(),
            Token::Text(text) if self.instants == Instants::LiteralsOrTexts => Timestamp::parse(text).ok(),
            _ => None,
        };
        let instant =
            instant.ok_or_else(|| self.unexpected("a timestamp such as t'2026-01-31T12:00:00Z'"))?;
        self.step()?;
        Ok(instant)
    }

    fn comparisons(&mut self) -> Result<Comparison, PatternError> {
        self.chain("OR", Self::comparison_and, Comparison::Or)
    }

    fn comparison_and(&mut self) -> Result<Comparison, PatternError> {
        self.chain("AND", Self::comparison, Comparison::And)
    }

    fn comparison(&mut self) -> Result<Comparison, PatternError> {
        if self.take_sign("(")? {
            let inner = self.deeper(Self::comparisons)?;
            self.want_sign(")", "`AND`, `OR` or `)`")?;
            return Ok(inner);
        }
        let not_first = self.take_word("NOT")?;
        if self.take_word("EXISTS")? {
            return Ok(Comparison::Exists { path: self.path()?, negated: not_first });
        }
        if not_first {
            return Err(self.unexpected("`EXISTS` (other negations stand after the path)"));
        }
        let path = self.path()?;
        let negated = self.take_word("NOT")?;
        let operator = self.operator()?;
        let values = self.values(operator)?;
        Ok(Comparison::Test { path, negated, operator, values })
    }

    fn operator(&mut self) -> Result<Operator, PatternError> {
        let operator = match self.token {
            Token::Sign("=" | "==") => Operator::Equal,
            Token::Sign("!=" | "<>") => Operator::NotEqual,
            Token::Sign("<") => Operator::Less,
            Token::Sign("<=") => Operator::LessOrEqual,
            Token::Sign(">") => Operator::Greater,
            Token::Sign(">=") => Operator::GreaterOrEqual,
            Token::Word("IN") => Operator::In,
            Token::Word("LIKE") => Operator::Like,
            Token::Word("MATCHES") => Operator::Matches,
            Token::Word("ISSUBSET") => Operator::IsSubset,
            Token::Word("ISSUPERSET") => Operator::IsSuperset,
            _ => return Err(self.unexpected("a comparison operator")),
        };
        self.step()?;
        Ok(operator)
    }

    fn values(&mut self, operator: Operator) -> Result<Vec<Literal>, PatternError> {
        if operator == Operator::In {
            return self.set();
        }
        let allowed = match (operator, &self.token) {
            (
                Operator::Like | Operator::Matches | Operator::IsSubset | Operator::IsSuperset,
                Token::Text(_),
            )
            | (Operator::Equal | Operator::NotEqual, _) => true,
            (Operator::Like | Operator::Matches | Operator::IsSubset | Operator::IsSuperset, _)
            | (_, Token::Word(_)) => false,
            _ => true,
        };
        if !allowed {
            return Err(self.unexpected("a constant of a kind that this operator compares"));
        }
        Ok(vec![self.literal()?])
    }

    fn set(&mut self) -> Result<Vec<Literal>, PatternError> {
        self.want_sign("(", "`(` of a set")?;
        let mut values = Vec::new();
        if self.take_sign(")")? {
            return Ok(values);
        }
        loop {
            values.push(self.literal()?);
            if self.take_sign(")")? {
                return Ok(values);
            }
            self.want_sign(",", "`,` or `)`")?;
        }
    }

    fn literal(&mut self) -> Result<Literal, PatternError> {
        let checked = match &self.token {
            Token::Integer(text) => text.parse().ok().map(Literal::Integer),
            Token::Time(text) => Timestamp::parse(text).ok().map(Literal::Timestamp),
            Token::Word("true") => Some(Literal::Boolean(true)),
            Token::Word("false") => Some(Literal::Boolean(false)),
            Token::Float(text) => Some(Literal::Float((*text).to_owned())),
            Token::Text(_) | Token::Binary(_) | Token::Hex(_) => None,
            Token::Word(_) | Token::Sign(_) | Token::End => return Err(self.unexpected("a constant")),
        };
        if checked.is_none() && matches!(self.token, Token::Integer(_) | Token::Time(_)) {
            return Err(self.unexpected("a constant"));
        }
        let literal = match (checked, self.step()?) {
            (None, Token::Text(text)) => Literal::Text(text.into_owned()),
            (None, Token::Binary(text)) => Literal::Binary(text.into_owned()),
            (None, Token::Hex(text)) => Literal::Hex(text.into_owned()),
            (Some(literal), _) => literal,
            (None, _) => return Err(self.unexpected("a constant")),
        };
        Ok(literal)
    }

    fn path(&mut self) -> Result<ObjectPath, PatternError> {
        let object_type = match self.token {
            Token::Word(word) if !is_keyword(word) => word.to_owned(),
            _ => return Err(self.unexpected("an object path such as file:name")),
        };
        self.step()?;
        self.want_sign(":", "`:` after the object type")?;
        // Most paths have one or two steps.
        let mut steps = Vec::with_capacity(2);
        steps.push(Step::Key(self.key()?));
        loop {
            if self.take_sign(".")? {
                steps.push(Step::Key(self.key()?));
            } else if self.take_sign("[")? {
                let step = match self.token {
                    Token::Sign("*") => Some(Step::Any),
                    Token::Integer(text) => text.parse().ok().map(Step::Index),
                    _ => None,
                };
                steps.push(step.ok_or_else(|| self.unexpected("an index or `*`"))?);
                self.step()?;
                self.want_sign("]", "`]` after the index")?;
            } else {
                return Ok(ObjectPath { object_type, steps });
            }
        }
    }

    fn key(&mut self) -> Result<String, PatternError> {
        let expected = match self.token {
            Token::Word(word) if !word.contains('-') && !is_keyword(word) => None,
            Token::Text(_) => None,
            Token::Word(_) => Some("a property name; one with a hyphen or a keyword stands in quotes"),
            _ => Some("a property name"),
        };
        if let Some(expected) = expected {
            return Err(self.unexpected(expected));
        }
        match self.step()? {
            Token::Word(word) => Ok(word.to_owned()),
            Token::Text(text) => Ok(text.into_owned()),
            _ => Err(self.unexpected("a property name")),
        }
    }
}

/// Words that the grammar keeps for itself.
pub(super) fn is_keyword(word: &str) -> bool {
    // Nearly every word is a type or a property in small letters.
    word.starts_with(|c: char| c.is_ascii_uppercase() || matches!(c, 't' | 'f'))
        && matches!(
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
