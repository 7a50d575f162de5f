//! The grammar of a YARA rule's sections, over tokens: what stands in `meta`, in `strings`, and in `condition`.
//!
//! Types are not told from each other: `"a" + 1 == 2` and `true == true` pass here, and so does a field that a module does not have.
//!
//! Source: YARA 4.2 documentation, "Writing YARA rules" (strings, modifiers, conditions).

use super::yara::Kind;
use super::yara_literals::{escapes, hex, is_decimal, number};

/// How deep conditions may lie in each other.
const DEPTH_MAX: usize = 64;
/// How deep YARA takes loops in each other.
const LOOPS_MAX: usize = 4;
/// Bits that constants may have together which are added, multiplied or shifted: YARA computes them, and refuses what overflows.
const BITS_MAX: u32 = 62;
/// Characters of an alphabet of base64.
const ALPHABET_CHARS: usize = 64;
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
    /// The loops around what is read, from the outermost on.
    loops: Vec<Loop<'t>>,
    /// Modules, and rules that stand before.
    known: &'s dyn Fn(&str) -> bool,
}

/// What a loop goes through.
enum Loop<'t> {
    /// Strings, which `$` means within.
    Strings,
    /// Values, by the names that they have within.
    Values(Vec<&'t str>),
}

/// What YARA computes when it reads a rule.
#[derive(Clone, Copy)]
struct Constant {
    /// Bits that it has at most.
    bits: u32,
    /// The number, if it stands there as one.
    number: Option<i64>,
}

/// What is wrong, in words that follow "in the rule".
type Checked = Result<(), String>;

/// Checks a section `meta`.
pub(super) fn meta(tokens: &Tokens<'_>) -> Checked {
    let mut section = Section::of(tokens, &|_| false);
    while !section.is_done() {
        section.one(Kind::Word)?;
        section.sign("=")?;
        let is_negative = section.skip("-");
        match section.next() {
            Some((Kind::Number, text)) => drop(number(text)?),
            _ if is_negative => return Err(section.wrong()),
            Some((Kind::Text, text)) => drop(escapes(text)?),
            Some((Kind::Word, "true" | "false")) => {}
            _ => return Err(section.wrong()),
        }
    }
    Ok(())
}

/// Checks a section `strings`.
pub(super) fn strings(tokens: &Tokens<'_>) -> Checked {
    let mut section = Section::of(tokens, &|_| false);
    while !section.is_done() {
        section.one(Kind::Id)?;
        section.sign("=")?;
        let kind = match section.next() {
            Some((Kind::Text, text)) if text.len() > 2 => escapes(text).map(|_| Kind::Text)?,
            Some((Kind::Regex, _)) => Kind::Regex,
            Some((Kind::Hex, text)) => hex(text).map(|()| Kind::Hex)?,
            _ => return Err(section.wrong()),
        };
        section.modifiers(kind)?;
    }
    Ok(())
}

/// Checks a section `condition`, in which the names are known that `known` says.
pub(super) fn condition(tokens: &Tokens<'_>, known: &dyn Fn(&str) -> bool) -> Checked {
    let mut section = Section::of(tokens, known);
    section.expression()?;
    if section.is_done() { Ok(()) } else { Err(section.wrong()) }
}

impl<'t, 's> Section<'t, 's> {
    fn of(tokens: &'s Tokens<'t>, known: &'s dyn Fn(&str) -> bool) -> Self {
        Self { tokens, at: 0, depth: 0, loops: Vec::new(), known }
    }

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
                && (far == 0 || self.touches(far))
        });
        self.at += if is_next { signs.len() } else { 0 };
        is_next
    }

    /// Whether no space lies before what comes so far ahead.
    fn touches(&self, far: usize) -> bool {
        let before = self.at.checked_add(far).and_then(|at| self.tokens.get(at.checked_sub(1)?));
        let ends = before.map(|(_, text)| text.as_bytes().as_ptr_range().end);
        ends.is_some() && ends == self.ahead(far).map(|(_, text)| text.as_ptr())
    }

    fn modifiers(&mut self, of: Kind) -> Checked {
        let (mut seen, mut alphabets) = (Vec::new(), Vec::new());
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
            match word {
                "xor" if self.skip("(") => self.keys()?,
                "base64" | "base64wide" if self.skip("(") => alphabets.push(self.alphabet()?),
                _ => {}
            }
        }
        if alphabets.windows(2).any(|two| two.first() != two.last()) {
            return Err("a string has two alphabets of base64".to_owned());
        }
        let has = |word| seen.contains(&word);
        let is_base64 = has("base64") || has("base64wide");
        if has("nocase") && (has("xor") || is_base64) || is_base64 && (has("fullword") || has("xor")) {
            return Err("a string has modifiers that exclude each other".to_owned());
        }
        Ok(())
    }

    /// The keys of `xor`: one, or the first and the last.
    fn keys(&mut self) -> Checked {
        let first = self.literal()?;
        let last = if self.skip("-") { self.literal()? } else { first };
        self.sign(")")?;
        match first <= last && last <= i64::from(u8::MAX) {
            true => Ok(()),
            false => Err("the keys of `xor` are not 0 to 255 in their order".to_owned()),
        }
    }

    fn literal(&mut self) -> Result<i64, String> {
        match self.next() {
            Some((Kind::Number, text)) => number(text),
            _ => Err(self.wrong()),
        }
    }

    /// An alphabet of base64.
    fn alphabet(&mut self) -> Result<&'t str, String> {
        let Some((Kind::Text, text)) = self.next() else { return Err(self.wrong()) };
        self.sign(")")?;
        match escapes(text)? {
            ALPHABET_CHARS => Ok(text),
            chars => Err(format!("an alphabet of base64 has {chars} characters, not {ALPHABET_CHARS}")),
        }
    }

    /// An expression; what YARA computes of it, if it is a sum.
    fn expression(&mut self) -> Result<Option<Constant>, String> {
        loop {
            while self.skip("not") || self.skip("defined") {}
            let constant = self.comparison()?;
            if !self.skip("and") && !self.skip("or") {
                return Ok(constant);
            }
        }
    }

    fn comparison(&mut self) -> Result<Option<Constant>, String> {
        let constant = self.sum()?;
        loop {
            let compares = ["==", "!=", "<=", ">="].into_iter().any(|signs| self.skip_signs(signs))
                || !self.is_shift() && (self.skip("<") || self.skip(">"))
                || COMPARED.into_iter().any(|word| self.skip(word));
            if compares {
                self.sum()?;
            } else if self.skip("matches") {
                self.one(Kind::Regex)?;
            } else {
                return Ok(constant);
            }
        }
    }

    fn is_shift(&self) -> bool {
        let sign = |far| self.ahead(far).map(|(_, text)| text);
        matches!((sign(0), sign(1)), (Some("<"), Some("<")) | (Some(">"), Some(">")))
    }

    /// What is computed; what YARA computes of it itself.
    fn sum(&mut self) -> Result<Option<Constant>, String> {
        // The constant up to here, and the operator before what comes.
        let (mut run, mut is_first, mut operator) = (None::<Constant>, true, "");
        let mut is_constant = true;
        loop {
            let from = self.at;
            while self.skip("-") || self.skip("~") {}
            let signs = u32::try_from(self.at - from).unwrap_or(BITS_MAX);
            let mut term = self.term()?;
            if let Some(constant) = term.as_mut().filter(|_| signs > 0) {
                *constant = Constant { bits: constant.bits.saturating_add(signs), number: None };
            }
            is_constant &= term.is_some();
            run = computed(run, operator, term)?;
            if is_first
                && term.is_some()
                && self.is_percent()
                && !matches!(term, Some(Constant { number: Some(1..=100), .. }))
            {
                return Err("a percentage is not 1 to 100".to_owned());
            }
            is_first = false;
            self.at += usize::from(self.is_percent());
            if self.skip("of") {
                return self.of_set().map(|()| None);
            }
            let shifts = ["<<", ">>"].into_iter().find(|signs| self.skip_signs(signs));
            let Some(next) = shifts.or_else(|| OPERATORS.into_iter().find(|sign| self.skip(sign))) else {
                return Ok(run.filter(|_| is_constant));
            };
            operator = next;
        }
    }

    fn is_percent(&self) -> bool {
        self.ahead(0) == Some((Kind::Sign, "%")) && matches!(self.ahead(1), Some((Kind::Word, "of")))
    }

    /// A part of a sum; what YARA computes of it itself. Whatever lies in something else comes through here, so here it is counted how
    /// deep.
    fn term(&mut self) -> Result<Option<Constant>, String> {
        if self.depth >= DEPTH_MAX {
            return Err(format!("the condition is more than {DEPTH_MAX} deep"));
        }
        self.depth += 1;
        let constant = self.operand()?;
        self.depth -= 1;
        Ok(constant)
    }

    fn operand(&mut self) -> Result<Option<Constant>, String> {
        let none = match self.next() {
            Some((Kind::Sign, "(")) => {
                let constant = self.expression()?;
                self.sign(")")?;
                return Ok(constant.map(|constant| Constant { number: None, ..constant }));
            }
            Some((Kind::Number, text)) => {
                let whole = number(text)?;
                // A fraction, and not the two dots of a range.
                let Some((Kind::Number, fraction)) =
                    self.ahead(1).filter(|_| self.ahead(0) == Some((Kind::Sign, ".")))
                else {
                    return Ok(Some(Constant {
                        bits: i64::BITS - whole.leading_zeros(),
                        number: Some(whole),
                    }));
                };
                if !self.touches(0) || !self.touches(1) || !is_decimal(text) || !is_decimal(fraction) {
                    return Err(self.wrong());
                }
                self.at += 2;
                return Ok(Some(Constant { bits: 0, number: None }));
            }
            Some((Kind::Text, text)) => escapes(text).map(drop),
            Some((Kind::Regex, _)) => Ok(()),
            Some((Kind::Id, id)) if !id.ends_with('*') && (id.len() > 1 || self.is_of_strings()) => {
                self.id(id)
            }
            Some((Kind::Word, "true" | "false" | "filesize" | "entrypoint")) => Ok(()),
            Some((Kind::Word, "all" | "any" | "none")) if self.skip("of") => self.of_set(),
            Some((Kind::Word, "for")) => self.loops(),
            Some((Kind::Word, word)) if READS.contains(&word) => {
                self.sign("(")?;
                self.expression()?;
                self.sign(")")
            }
            Some((Kind::Word, word)) => self.path(word),
            _ => Err(self.wrong()),
        };
        none.map(|()| None)
    }

    /// Whether a loop goes through strings here.
    fn is_of_strings(&self) -> bool {
        self.loops.iter().any(|each| matches!(each, Loop::Strings))
    }

    /// Whether a name is a loop's.
    fn is_of_loop(&self, name: &str) -> bool {
        self.loops.iter().any(|each| matches!(each, Loop::Values(names) if names.contains(&name)))
    }

    /// What may follow a string's name: where it is looked for, or which of its places is meant.
    fn id(&mut self, id: &str) -> Checked {
        match id.as_bytes().first() {
            Some(b'$') if self.skip("at") => self.sum().map(drop),
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

    /// What a name means: a rule, what a loop goes through, or what a module offers with its fields, elements and functions.
    fn path(&mut self, name: &str) -> Checked {
        if super::yara::KEYWORDS.contains(&name) {
            return Err(self.wrong());
        }
        if !self.is_of_loop(name) && !(self.known)(name) {
            return Err(format!("`{name}` is nothing that YARA knows by itself"));
        }
        loop {
            if self.ahead(0) == Some((Kind::Sign, ".")) && self.ahead(1) != Some((Kind::Sign, ".")) {
                self.at += 1;
                self.one(Kind::Word)?;
            } else if self.skip("[") {
                self.expression()?;
                self.sign("]")?;
            } else if self.skip("(") {
                if !self.skip(")") {
                    self.listed(|section| section.expression().map(drop))?;
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
            Some((Kind::Id, id)) if id.starts_with('$') && id.len() > 1 => Ok(()),
            Some((Kind::Word, word)) if (section.known)(word) => Ok(()),
            _ => Err(section.wrong()),
        })
    }

    fn of_set(&mut self) -> Checked {
        self.set()?;
        if self.skip("in") { self.range() } else { Ok(()) }
    }

    fn loops(&mut self) -> Checked {
        if !["all", "any", "none"].into_iter().any(|word| self.skip(word)) {
            let often = self.term()?;
            if self.skip("%") && !matches!(often, None | Some(Constant { number: Some(1..=100), .. })) {
                return Err("a percentage is not 1 to 100".to_owned());
            }
        }
        let inner = if self.skip("of") {
            if self.is_of_strings() {
                return Err("a loop through strings lies in another".to_owned());
            }
            self.set()?;
            Loop::Strings
        } else {
            let names = self.bound()?;
            if !self.skip("in") {
                return Err(self.wrong());
            }
            self.iterated(names.len())?;
            Loop::Values(names)
        };
        self.sign(":")?;
        self.sign("(")?;
        if self.loops.len() >= LOOPS_MAX {
            return Err(format!("more than {LOOPS_MAX} loops lie in each other"));
        }
        self.loops.push(inner);
        self.expression()?;
        self.loops.pop();
        self.sign(")")
    }

    /// The names that a loop gives to what it goes through.
    fn bound(&mut self) -> Result<Vec<&'t str>, String> {
        let mut names = Vec::new();
        loop {
            let Some((Kind::Word, name)) =
                self.next().filter(|next| !super::yara::KEYWORDS.contains(&next.1))
            else {
                return Err(self.wrong());
            };
            if names.contains(&name) || self.is_of_loop(name) {
                return Err(format!("two loops in each other call something `{name}`"));
            }
            names.push(name);
            if !self.skip(",") {
                return Ok(names);
            }
        }
    }

    /// What a loop goes through: a range, some numbers, or what a module offers.
    fn iterated(&mut self, names: usize) -> Checked {
        if !self.skip("(") {
            return match self.next() {
                Some((Kind::Word, word)) if names <= 2 => self.path(word),
                _ => Err(self.wrong()),
            };
        }
        if names > 1 {
            return Err("a loop through numbers names several things".to_owned());
        }
        self.expression()?;
        if self.skip_signs("..") {
            self.expression()?;
            return self.sign(")");
        }
        if self.skip(",") { self.listed(|section| section.expression().map(drop)) } else { self.sign(")") }
    }
}

/// Signs between the parts of a sum, beside shifts.
const OPERATORS: [&str; 8] = ["+", "-", "*", "\\", "%", "&", "|", "^"];

/// What YARA computes of a constant, an operator and what stands behind it; it refuses what has no result.
fn computed(
    run: Option<Constant>,
    operator: &str,
    term: Option<Constant>,
) -> Result<Option<Constant>, String> {
    let Some(next) = term else { return Ok(None) };
    match (operator, next.number) {
        ("\\" | "%", None | Some(0)) => return Err("it divides by what may be zero".to_owned()),
        ("<<" | ">>", None) => return Err("it shifts by what may be less than nothing".to_owned()),
        _ => {}
    }
    let Some(run) = run else { return Ok(term) };
    // After a shift, numbers may belong to how far it goes.
    let bits = match (operator, next.number) {
        ("<<" | ">>", far) => {
            far.and_then(|far| u32::try_from(far).ok()).map_or(u32::MAX, |far| run.bits.saturating_add(far))
        }
        ("+" | "-" | "*", _) => run.bits.saturating_add(next.bits),
        _ => run.bits.max(next.bits),
    };
    match bits > BITS_MAX && matches!(operator, "+" | "-" | "*" | "<<" | ">>") {
        true => Err("its constants may overflow".to_owned()),
        false => Ok(Some(Constant { bits, number: None })),
    }
}
