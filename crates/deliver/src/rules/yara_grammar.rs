//! The grammar of a YARA rule's sections, over tokens: what stands in `meta`, in `strings`, and in `condition`.
//!
//! Types are not told from each other: `filesize and "a"` passes here.
//!
//! Source: YARA 4.2 documentation, "Writing YARA rules" (strings, modifiers, conditions).

use super::yara::Kind;

/// How deep conditions may lie in each other.
const DEPTH_MAX: usize = 64;
const MODIFIERS: [&str; 8] =
    ["ascii", "base64", "base64wide", "fullword", "nocase", "private", "wide", "xor"];
const COMPARED: [&str; 7] =
    ["contains", "endswith", "icontains", "iendswith", "iequals", "istartswith", "startswith"];
const READS: [&str; 12] = [
    "int8", "int16", "int32", "uint8", "uint16", "uint32", "int8be", "int16be", "int32be", "uint8be",
    "uint16be", "uint32be",
];

type Tokens<'t> = [(Kind, &'t str)];

/// A section being read.
struct Section<'t, 's> {
    tokens: &'s Tokens<'t>,
    at: usize,
    depth: usize,
}

/// What is wrong, in words that follow "in the rule".
type Checked = Result<(), String>;

/// Checks a section `meta`.
pub(super) fn meta(tokens: &Tokens<'_>) -> Checked {
    let mut section = Section { tokens, at: 0, depth: 0 };
    while !section.is_done() {
        section.one(Kind::Word)?;
        section.sign("=")?;
        section.skip("-");
        match section.next() {
            Some((Kind::Text, text)) => escapes(text)?,
            Some((Kind::Number, number)) => self::number(number)?,
            Some((Kind::Word, "true" | "false")) => {}
            _ => return Err(section.wrong()),
        }
    }
    Ok(())
}

/// Checks a section `strings`.
pub(super) fn strings(tokens: &Tokens<'_>) -> Checked {
    let mut section = Section { tokens, at: 0, depth: 0 };
    while !section.is_done() {
        section.one(Kind::Id)?;
        section.sign("=")?;
        let kind = match section.next() {
            Some((Kind::Text, text)) if text.len() > 2 => escapes(text).map(|()| Kind::Text)?,
            Some((Kind::Regex, _)) => Kind::Regex,
            Some((Kind::Hex, text)) => hex(text).map(|()| Kind::Hex)?,
            _ => return Err(section.wrong()),
        };
        section.modifiers(kind)?;
    }
    Ok(())
}

/// Checks a section `condition`.
pub(super) fn condition(tokens: &Tokens<'_>) -> Checked {
    let mut section = Section { tokens, at: 0, depth: 0 };
    section.expression()?;
    if section.is_done() { Ok(()) } else { Err(section.wrong()) }
}

impl<'t> Section<'t, '_> {
    fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn ahead(&self, far: usize) -> Option<(Kind, &'t str)> {
        self.tokens.get(self.at + far).copied()
    }

    fn next(&mut self) -> Option<(Kind, &'t str)> {
        let next = self.ahead(0)?;
        self.at += 1;
        Some(next)
    }

    fn wrong(&self) -> String {
        let near = self.tokens.get(self.at.saturating_sub(1)).or_else(|| self.tokens.last());
        format!("something is wrong at `{}`", near.map_or("its end", |(_, text)| text))
    }

    fn one(&mut self, kind: Kind) -> Checked {
        self.next().filter(|next| next.0 == kind).map(|_| ()).ok_or_else(|| self.wrong())
    }

    fn sign(&mut self, sign: &str) -> Checked {
        self.next().filter(|next| *next == (Kind::Sign, sign)).map(|_| ()).ok_or_else(|| self.wrong())
    }

    /// Passes a sign or a word, if it comes next.
    fn skip(&mut self, text: &str) -> bool {
        let is_next =
            self.ahead(0).is_some_and(|(kind, next)| matches!(kind, Kind::Sign | Kind::Word) && next == text);
        self.at += usize::from(is_next);
        is_next
    }

    /// Passes an operator of several signs, if it comes next.
    fn skip_signs(&mut self, signs: &str) -> bool {
        let is_next = signs.char_indices().all(|(far, sign)| {
            self.ahead(far).is_some_and(|(kind, text)| kind == Kind::Sign && text.starts_with(sign))
        });
        self.at += if is_next { signs.len() } else { 0 };
        is_next
    }

    fn modifiers(&mut self, of: Kind) -> Checked {
        let mut seen = Vec::new();
        while let Some((Kind::Word, word)) = self.ahead(0) {
            let fits = match of {
                Kind::Hex => word == "private",
                Kind::Regex => !word.starts_with("base64") && word != "xor",
                _ => true,
            };
            if !MODIFIERS.contains(&word) || !fits || seen.contains(&word) {
                self.at += 1;
                return Err(self.wrong());
            }
            seen.push(word);
            self.at += 1;
            if matches!(word, "xor" | "base64" | "base64wide") && self.skip("(") {
                while !self.skip(")") {
                    match self.next() {
                        Some((Kind::Number | Kind::Text, _) | (Kind::Sign, "-")) => {}
                        _ => return Err(self.wrong()),
                    }
                }
            }
        }
        let has = |word| seen.contains(&word);
        let changes_bytes = has("xor") || has("base64") || has("base64wide");
        if has("nocase") && changes_bytes || has("fullword") && (has("base64") || has("base64wide")) {
            return Err("a string has modifiers that exclude each other".to_owned());
        }
        Ok(())
    }

    fn deeper(&mut self) -> Checked {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("the condition is more than {DEPTH_MAX} deep"));
        }
        Ok(())
    }

    fn expression(&mut self) -> Checked {
        self.deeper()?;
        loop {
            while self.skip("not") || self.skip("defined") {}
            self.comparison()?;
            if !self.skip("and") && !self.skip("or") {
                self.depth -= 1;
                return Ok(());
            }
        }
    }

    fn comparison(&mut self) -> Checked {
        self.sum()?;
        loop {
            let compares = ["==", "!=", "<=", ">="].into_iter().any(|signs| self.skip_signs(signs))
                || !self.is_shift() && (self.skip("<") || self.skip(">"))
                || COMPARED.into_iter().any(|word| self.skip(word));
            if compares {
                self.sum()?;
            } else if self.skip("matches") {
                self.one(Kind::Regex)?;
            } else {
                return Ok(());
            }
        }
    }

    fn is_shift(&self) -> bool {
        let sign = |far| self.ahead(far).map(|(_, text)| text);
        matches!((sign(0), sign(1)), (Some("<"), Some("<")) | (Some(">"), Some(">")))
    }

    fn sum(&mut self) -> Checked {
        loop {
            while self.skip("-") || self.skip("~") {}
            self.term()?;
            let percent =
                self.ahead(0) == Some((Kind::Sign, "%")) && self.ahead(1) == Some((Kind::Word, "of"));
            if percent {
                self.at += 1;
            }
            if self.skip("of") {
                return self.of_set();
            }
            let goes_on = self.skip_signs("<<")
                || self.skip_signs(">>")
                || ["+", "-", "*", "\\", "%", "&", "|", "^"].into_iter().any(|sign| self.skip(sign));
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn term(&mut self) -> Checked {
        match self.next() {
            Some((Kind::Sign, "(")) => {
                self.expression()?;
                self.sign(")")
            }
            Some((Kind::Number, number)) => {
                self::number(number)?;
                // A fraction, and not the two dots of a range.
                if self.ahead(0) == Some((Kind::Sign, "."))
                    && matches!(self.ahead(1), Some((Kind::Number, _)))
                {
                    self.at += 2;
                }
                Ok(())
            }
            Some((Kind::Text, text)) => escapes(text),
            Some((Kind::Regex, _)) => Ok(()),
            Some((Kind::Id, id)) if !id.ends_with('*') => self.id(id),
            Some((Kind::Word, "true" | "false" | "filesize" | "entrypoint")) => Ok(()),
            Some((Kind::Word, "all" | "any" | "none")) if self.skip("of") => self.of_set(),
            Some((Kind::Word, "for")) => self.loops(),
            Some((Kind::Word, word)) if READS.contains(&word) => {
                self.sign("(")?;
                self.expression()?;
                self.sign(")")
            }
            Some((Kind::Word, word)) if !super::yara::KEYWORDS.contains(&word) => self.path(),
            _ => Err(self.wrong()),
        }
    }

    /// What may follow a string's name: where it is looked for, or which of its places is meant.
    fn id(&mut self, id: &str) -> Checked {
        match id.as_bytes().first() {
            Some(b'$') if self.skip("at") => self.sum(),
            Some(b'$' | b'#') if self.skip("in") => self.range(),
            Some(b'@' | b'!') if self.skip("[") => {
                self.expression()?;
                self.sign("]")
            }
            _ => Ok(()),
        }
    }

    fn range(&mut self) -> Checked {
        self.sign("(")?;
        self.expression()?;
        if !self.skip_signs("..") {
            return Err(self.wrong());
        }
        self.expression()?;
        self.sign(")")
    }

    /// What a module offers: its fields, elements and functions.
    fn path(&mut self) -> Checked {
        loop {
            if self.ahead(0) == Some((Kind::Sign, ".")) && self.ahead(1) != Some((Kind::Sign, ".")) {
                self.at += 1;
                self.one(Kind::Word)?;
            } else if self.skip("[") {
                self.expression()?;
                self.sign("]")?;
            } else if self.skip("(") {
                if !self.skip(")") {
                    self.listed(Self::expression)?;
                }
            } else {
                return Ok(());
            }
        }
    }

    /// One or more of the same, with commas between, up to the parenthesis.
    fn listed(&mut self, mut each: impl FnMut(&mut Self) -> Checked) -> Checked {
        loop {
            each(self)?;
            if !self.skip(",") {
                return self.sign(")");
            }
        }
    }

    fn set(&mut self) -> Checked {
        if self.skip("them") {
            return Ok(());
        }
        self.sign("(")?;
        self.listed(|section| match section.next() {
            Some((Kind::Id, id)) if id.starts_with('$') => Ok(()),
            Some((Kind::Word, word)) if !super::yara::KEYWORDS.contains(&word) => Ok(()),
            _ => Err(section.wrong()),
        })
    }

    fn of_set(&mut self) -> Checked {
        self.set()?;
        if self.skip("in") { self.range() } else { Ok(()) }
    }

    fn loops(&mut self) -> Checked {
        if !["all", "any", "none"].into_iter().any(|word| self.skip(word)) {
            self.term()?;
            self.skip("%");
        }
        if self.skip("of") {
            self.set()?;
        } else {
            self.one(Kind::Word)?;
            while self.skip(",") {
                self.one(Kind::Word)?;
            }
            if !self.skip("in") {
                return Err(self.wrong());
            }
            self.iterated()?;
        }
        self.sign(":")?;
        self.sign("(")?;
        self.expression()?;
        self.sign(")")
    }

    /// What a loop goes through: a range, some numbers, or what a module offers.
    fn iterated(&mut self) -> Checked {
        if !self.skip("(") {
            self.one(Kind::Word)?;
            return self.path();
        }
        self.expression()?;
        if self.skip_signs("..") {
            self.expression()?;
            return self.sign(")");
        }
        if self.skip(",") { self.listed(Self::expression) } else { self.sign(")") }
    }
}

/// Whether a number is one: decimal, hexadecimal or octal, with `KB` or `MB`.
fn number(text: &str) -> Checked {
    let digits = |text: &str, radix| !text.is_empty() && i64::from_str_radix(text, radix).is_ok();
    let is_one = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(rest), _) => digits(rest, 16),
        (_, Some(rest)) => digits(rest, 8),
        _ => digits(text.trim_end_matches("KB").trim_end_matches("MB"), 10),
    };
    if is_one { Ok(()) } else { Err(format!("`{text}` is no number")) }
}

/// Whether each backslash of a text begins what YARA knows.
fn escapes(text: &str) -> Checked {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            continue;
        }
        let is_known = match bytes.next() {
            Some(b't' | b'n' | b'r' | b'"' | b'\\') => true,
            Some(b'x') => (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            _ => false,
        };
        if !is_known {
            return Err("a text has a backslash before what needs none".to_owned());
        }
    }
    Ok(())
}

/// Whether a hexadecimal string is one: whole bytes, jumps between them, alternatives.
fn hex(text: &str) -> Checked {
    let wrong = || Err("a hexadecimal string is none".to_owned());
    let rest = without_comments(text);
    let mut chars = rest.trim_matches(['{', '}']).chars();
    // What came last: a byte, a jump, or an opened or parted alternative.
    let (mut depth, mut last) = (0_usize, '(');
    while let Some(c) = chars.next() {
        match c {
            space if space.is_whitespace() => {}
            '?' | '0'..='9' | 'a'..='f' | 'A'..='F' => match chars.next() {
                Some(second) if second == '?' || second.is_ascii_hexdigit() => last = 'b',
                _ => return wrong(),
            },
            '[' if last == 'b' || last == ')' => {
                let inside: String =
                    chars.by_ref().take_while(|c| *c != ']').filter(|c| !c.is_whitespace()).collect();
                let (from, to) = inside.split_once('-').unwrap_or((&inside, &inside));
                let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
                let number = |text: &str| text.parse::<u32>().ok();
                let is_ordered = number(from).zip(number(to)).is_none_or(|(from, to)| from <= to);
                if inside.is_empty()
                    || !digits(from)
                    || !digits(to)
                    || !is_ordered
                    || from == "0" && to == "0"
                {
                    return wrong();
                }
                last = '[';
            }
            '(' if last != '[' || depth == 0 => (depth, last) = (depth + 1, '('),
            '|' if depth > 0 && last != '(' && last != '[' => last = '(',
            ')' if depth > 0 && last != '(' && last != '[' => (depth, last) = (depth - 1, ')'),
            _ => return wrong(),
        }
    }
    if depth > 0 || last == '[' || last == '(' { wrong() } else { Ok(()) }
}

fn without_comments(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('/') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let comment = rest.get(at..).unwrap_or_default();
        let end = match comment.starts_with("/*") {
            true => comment.find("*/").map(|end| end + 2),
            false => comment.find('\n'),
        };
        rest = end.and_then(|end| comment.get(end..)).unwrap_or_default();
    }
    out + rest
}
