//! YARA, as far as it takes to tell whether a partner's rules may stand in one file with others.
//!
//! YARA compiles a file as a whole: one rule that it refuses, and a sensor has none. So whatever it is known to refuse is found
//! here, beside what would change others' rules: a global rule, a name that is there already. This is no compiler. What
//! stays unseen: types in conditions (`"a" + 1`), whether a module has a field or a function and how these are called, and the
//! insides of regular expressions.
//!
//! Source: YARA 4.2 documentation, "Writing YARA rules".

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::yara_grammar;

/// Longest name of a rule, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// Modules that a usual build of YARA has.
const MODULES: [&str; 9] = ["console", "dotnet", "elf", "hash", "macho", "math", "pe", "string", "time"];
pub(super) const KEYWORDS: [&str; 56] = [
    "all",
    "and",
    "any",
    "ascii",
    "at",
    "base64",
    "base64wide",
    "condition",
    "contains",
    "defined",
    "endswith",
    "entrypoint",
    "false",
    "filesize",
    "for",
    "fullword",
    "global",
    "icontains",
    "iendswith",
    "iequals",
    "import",
    "in",
    "include",
    "int16",
    "int16be",
    "int32",
    "int32be",
    "int8",
    "int8be",
    "istartswith",
    "matches",
    "meta",
    "nocase",
    "none",
    "not",
    "of",
    "or",
    "private",
    "rule",
    "startswith",
    "strings",
    "them",
    "true",
    "uint16",
    "uint16be",
    "uint32",
    "uint32be",
    "uint8",
    "uint8be",
    "variables",
    "wide",
    "with",
    "xor",
    "KB",
    "MB",
    "_",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// `$a`, `#a`, `@a`, `!a`, with a wildcard if there is one.
    Id,
    Number,
    Text,
    Regex,
    Hex,
    Sign,
}

#[derive(Debug, Clone)]
struct Token {
    kind: Kind,
    at: Range<usize>,
}

/// Rules that may stand beside others.
#[derive(Debug, Clone)]
pub struct Yara<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// The names of its rules, in their order.
    pub names: Vec<&'t str>,
}

impl<'t> Yara<'t> {
    /// Reads a text of one rule or more.
    ///
    /// # Errors
    /// Why it may not stand in one file with others.
    pub fn read(text: &'t str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        // YARA takes this word for a file's inclusion wherever it stands.
        if let Some(token) = tokens.iter().find(|token| text.get(token.at.clone()) == Some("include")) {
            return Err(format!(
                "line {}: it includes a file that is not here",
                line_of(text, token.at.start)
            ));
        }
        let mut reading =
            Reading { text, tokens: &tokens, at: 0, modules: BTreeSet::new(), names: Vec::new() };
        reading.all()?;
        let names = reading.names;
        if names.is_empty() {
            return Err("there is no rule in it".to_owned());
        }
        Ok(Self { text, tokens, names })
    }

    /// The text with its rules under other names, wherever they stand.
    #[must_use]
    pub fn renamed(&self, names: &BTreeMap<&str, String>) -> String {
        let (mut out, mut done, mut before) = (String::with_capacity(self.text.len()), 0, "");
        let word_of = |token: &Token| self.text.get(token.at.clone()).unwrap_or_default();
        for (number, token) in self.tokens.iter().enumerate() {
            let word = word_of(token);
            let mut behind = self.tokens.iter().skip(number + 1).map(word_of);
            let is_key = behind.next() == Some("=") && behind.next() != Some("=");
            if token.kind == Kind::Word
                && before != "."
                && !is_key
                && let Some(name) = names.get(word)
            {
                out.push_str(self.text.get(done..token.at.start).unwrap_or_default());
                out.push_str(name);
                done = token.at.end;
            }
            before = word;
        }
        out.push_str(self.text.get(done..).unwrap_or_default());
        out
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let while_word = |from: usize| from + bytes.iter().skip(from).take_while(|byte| is_word(**byte)).count();
    let (mut tokens, mut at): (Vec<Token>, usize) = (Vec::new(), 0);
    while at < bytes.len() {
        let open = |what: &str| format!("line {}: {what} does not end", line_of(text, at));
        let (kind, end) = match (byte(at), byte(at + 1)) {
            (space, _) if space.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            (b'/', b'/' | b'*') => {
                at = comment_end(text, at).ok_or_else(|| open("a comment"))?;
                continue;
            }
            (quote @ (b'"' | b'/'), _) => {
                let kind = if quote == b'"' { Kind::Text } else { Kind::Regex };
                let end = quoted_end(bytes, at).ok_or_else(|| open("a text or a regular expression"))?;
                // A regular expression's flags belong to it, in this order.
                let is_i = usize::from(byte(end) == b'i');
                let flags = is_i + usize::from(byte(end + is_i) == b's');
                (kind, end + if quote == b'/' { flags } else { 0 })
            }
            (b'{', _) if tokens.last().is_some_and(|last| text.get(last.at.clone()) == Some("=")) => {
                (Kind::Hex, hex_end(text, at).ok_or_else(|| open("a hexadecimal string"))?)
            }
            (b'$' | b'#' | b'@', _) => (Kind::Id, while_word(at + 1)),
            (b'!', next) if is_word(next) => (Kind::Id, while_word(at + 1)),
            (first, _) if first.is_ascii_digit() => (Kind::Number, while_word(at)),
            (first, _) if is_word(first) => (Kind::Word, while_word(at)),
            (first, _) if first.is_ascii_graphic() => (Kind::Sign, at + 1),
            _ => {
                return Err(format!(
                    "line {}: a character that has no place outside of texts",
                    line_of(text, at)
                ));
            }
        };
        let end = end + usize::from(kind == Kind::Id && byte(end) == b'*');
        tokens.push(Token { kind, at: at..end });
        at = end;
    }
    Ok(tokens)
}

fn comment_end(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at + 2..)?;
    match text.as_bytes().get(at + 1) {
        Some(b'/') => Some(at + 2 + rest.find('\n').unwrap_or(rest.len())),
        _ => Some(at + 4 + rest.find("*/")?),
    }
}

/// Where a text or a regular expression ends that begins at `at`: on its line, at the same sign without a backslash before it.
fn quoted_end(bytes: &[u8], at: usize) -> Option<usize> {
    let (quote, mut end) = (*bytes.get(at)?, at + 1);
    loop {
        match *bytes.get(end)? {
            b'\\' => end += 2,
            b'\n' => return None,
            byte if byte == quote => return Some(end + 1),
            _ => end += 1,
        }
    }
}

fn hex_end(text: &str, at: usize) -> Option<usize> {
    let mut end = at + 1;
    loop {
        match text
            .as_bytes()
            .get(end..end + 2)
            .unwrap_or_else(|| text.as_bytes().get(end..).unwrap_or_default())
        {
            [] => return None,
            [b'}', ..] => return Some(end + 1),
            [b'/', b'/' | b'*'] => end = comment_end(text, end)?,
            [byte, ..] if byte.is_ascii_hexdigit() || b" \t\r\n?~[]()|-".contains(byte) => end += 1,
            _ => return None,
        }
    }
}

struct Reading<'t, 'r> {
    text: &'t str,
    tokens: &'r [Token],
    at: usize,
    modules: BTreeSet<&'t str>,
    names: Vec<&'t str>,
}

impl<'t> Reading<'t, '_> {
    fn peek(&self) -> Option<(Kind, &'t str)> {
        let token = self.tokens.get(self.at)?;
        Some((token.kind, self.text.get(token.at.clone())?))
    }

    fn next(&mut self) -> Option<(Kind, &'t str)> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    fn wrong(&self, what: impl std::fmt::Display) -> String {
        let at = self.tokens.get(self.at.saturating_sub(1)).map_or(self.text.len(), |token| token.at.start);
        format!("line {}: {what}", line_of(self.text, at))
    }

    fn all(&mut self) -> Result<(), String> {
        while let Some(next) = self.next() {
            match next {
                (Kind::Word, "private") => {}
                (Kind::Word, "global") => {
                    return Err(self.wrong("a global rule would decide about all other rules of the file"));
                }
                (Kind::Word, "import") => self.import()?,
                (Kind::Word, "rule") => self.rule()?,
                (_, other) => return Err(self.wrong(format!("`{other}` stands where a rule should begin"))),
            }
        }
        Ok(())
    }

    fn import(&mut self) -> Result<(), String> {
        let module = match self.next() {
            Some((Kind::Text, module)) => module.trim_matches('"'),
            _ => return Err(self.wrong("an import names no module")),
        };
        if !MODULES.contains(&module) {
            return Err(self.wrong(format!("the module `{module}` is not in every YARA")));
        }
        self.modules.insert(module);
        Ok(())
    }

    fn rule(&mut self) -> Result<(), String> {
        let name = match self.next() {
            Some((Kind::Word, name)) if !KEYWORDS.contains(&name) && name.len() <= NAME_BYTES_MAX => name,
            _ => return Err(self.wrong("a rule has no name that it may have")),
        };
        if self.names.contains(&name) {
            return Err(self.wrong(format!("two rules are called `{name}`")));
        }
        // Tags come behind a colon.
        let (mut is_tagged, mut tags) = (false, BTreeSet::new());
        while let Some(next) = self.next() {
            match next {
                (Kind::Sign, "{") if is_tagged != tags.is_empty() => return self.body(name),
                (Kind::Sign, ":") if !is_tagged => is_tagged = true,
                (Kind::Word, tag) if is_tagged && !KEYWORDS.contains(&tag) => {
                    if !tags.insert(tag) {
                        return Err(self.wrong(format!("the rule `{name}` has the tag `{tag}` twice")));
                    }
                }
                _ => break,
            }
        }
        Err(self.wrong(format!("the rule `{name}` has no body")))
    }

    fn body(&mut self, name: &'t str) -> Result<(), String> {
        let (mut section, mut sections) = ("", BTreeMap::from([("", Vec::new())]));
        loop {
            let Some((kind, text)) = self.next() else {
                return Err(self.wrong(format!("the rule `{name}` does not end")));
            };
            let begins = self.peek() == Some((Kind::Sign, ":"));
            match (kind, text) {
                (Kind::Sign, "}") => break,
                (Kind::Word, "meta" | "strings" | "condition") if begins && section != "condition" => {
                    section = text;
                    self.at += 1;
                    if sections.insert(text, Vec::new()).is_some() {
                        return Err(self.wrong(format!("the rule `{name}` has the section `{text}` twice")));
                    }
                }
                _ if section.is_empty() => return Err(self.wrong(format!("`{text}` stands in no section"))),
                token => sections.entry(section).or_default().push(token),
            }
        }
        let checked = self.sections(&sections);
        checked.map_err(|why| self.wrong(format!("in the rule `{name}`, {why}")))?;
        self.names.push(name);
        Ok(())
    }

    /// Whether each section is written as it must be, and they fit each other.
    fn sections(&self, sections: &BTreeMap<&str, Vec<(Kind, &'t str)>>) -> Result<(), String> {
        for (name, check) in [("meta", yara_grammar::meta as fn(&_) -> _), ("strings", yara_grammar::strings)]
        {
            match sections.get(name) {
                Some(tokens) if tokens.is_empty() => return Err(format!("the section `{name}` is empty")),
                Some(tokens) => check(tokens.as_slice())?,
                None => {}
            }
        }
        let condition = sections.get("condition").ok_or("there is no condition")?;
        yara_grammar::condition(condition, &|name| {
            self.modules.contains(name) || self.names.contains(&name)
        })?;
        let strings = sections.get("strings").map_or(&[][..], Vec::as_slice);
        let ids = strings.iter().zip(strings.iter().skip(1));
        let ids = ids.filter(|((kind, _), next)| *kind == Kind::Id && **next == (Kind::Sign, "="));
        used(&ids.map(|((_, id), _)| *id).collect::<Vec<_>>(), condition)
    }
}

/// Whether all strings that are asked about are there, and all that are there are asked about: YARA refuses both.
fn used(strings: &[&str], condition: &[(Kind, &str)]) -> Result<(), String> {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    if let Some(twice) = strings.iter().find(|id| **id != "$" && !named.insert(id)) {
        return Err(format!("two strings are called {twice}"));
    }
    let them = condition.contains(&(Kind::Word, "them"));
    let asked: Vec<&str> =
        condition.iter().filter(|(kind, _)| *kind == Kind::Id).filter_map(|(_, id)| id.get(1..)).collect();
    let means = |asked: &str, id: &str| match asked.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => id == asked,
    };
    let bare = |id: &&str| id.get(1..).unwrap_or_default().to_owned();
    let ids: Vec<String> = strings.iter().map(bare).collect();
    if let Some(asked) =
        asked.iter().find(|asked| !asked.is_empty() && !ids.iter().any(|id| means(asked, id)))
    {
        return Err(format!("${asked} is asked about and not there"));
    }
    if them && ids.is_empty() {
        return Err("its strings are asked about, and it has none".to_owned());
    }
    let idle = ids.iter().find(|id| {
        !them && !id.starts_with('_') && !asked.iter().any(|asked| means(asked, id) && !(asked.is_empty()))
    });
    idle.map_or(Ok(()), |id| Err(format!("the string ${id} is never asked about")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        Yara::read(text).err().unwrap_or_default()
    }

    #[test]
    fn what_yara_would_refuse_is_found() {
        let check = |text: &str, part: &str| {
            let why = why(text);
            assert!(why.contains(part), "{text}: {why:?}");
        };
        check("", "no rule");
        check("rule a { condition: true", "does not end");
        check("rule a { strings: $x = \"a\n condition: $x }", "line 1");
        check("rule a { strings: $x = { 41 4 zz } condition: $x }", "hexadecimal");
        check("rule a { condition: true } }", "where a rule should begin");
        check("rule a { condition: true }\nrule a { condition: true }", "line 2: two rules");
        check("global rule a { condition: true }", "global");
        check("include \"x.yar\"", "includes");
        check("rule a { condition: include \"x.yar\" true }", "includes");
        check("import \"cuckoo\" rule a { condition: true }", "cuckoo");
        check("rule rule { condition: true }", "no name");
        check("rule a { strings: $x = \"a\" condition: true }", "never");
        check("rule a { strings: $x = \"a\" condition: $y or $x }", "$y");
        check("rule a { condition: any of them }", "has none");
        check("rule a { condition: filename == \"x\" }", "`filename`");
        check("rule a { condition: pe.is_pe }", "`pe`");
        check("rule a { meta: x = 1 }", "no condition");
        check("rule a { condition: true } /* ", "comment");
        check("rule a { strings: $x = /a", "does not end");
        check("rule a : t t { condition: true }", "tag `t` twice");
        check("rule a : { condition: true }", "no body");
        let of_string =
            |modifiers: &str| format!("rule a {{ strings: $x = \"abc\" {modifiers} condition: $x }}");
        check(&of_string("xor(300)"), "0 to 255");
        check(&of_string("xor(9-2)"), "0 to 255");
        check(&of_string("xor(1KB)"), "0 to 255");
        check(&of_string("xor()"), "wrong at");
        check(&of_string("base64(\"short\")"), "5 characters");
        check(&of_string("base64 xor"), "exclude");
        let of_condition =
            |condition: &str| format!("rule a {{ strings: $x = \"abc\" condition: $x and {condition} }}");
        for (condition, part) in [
            ("$", "wrong at `$`"),
            ("# > 1", "wrong at `#`"),
            ("for any of ($x) : (for any of them : ($))", "lies in another"),
            ("for any i in (1..2) : (for any i in (1..2) : (true))", "call something `i`"),
            ("for any i in (1..2) : (true) and i == 1", "`i` is nothing"),
            ("for any i in (1..i) : (true)", "`i` is nothing"),
            ("for any i, j in (1..2) : (true)", "several things"),
            ("filesize < 9223372036854775807KB", "no number"),
            ("filesize < 1KBMB", "no number"),
            ("filesize < 1 \\ 0", "divides"),
            ("filesize < 1 % 0", "divides"),
            ("filesize < 1 % (1-1)", "divides"),
            ("filesize < 1 << -1", "shifts"),
            ("filesize < 9223372036854775807 + 1", "overflow"),
            ("filesize < 9223372036854775807 * 2", "overflow"),
            ("101% of them", "percentage"),
            ("filesize = = 1", "wrong at"),
        ] {
            check(&of_condition(condition), part);
        }
        let nested = |depth| {
            format!(
                "{}true{}",
                (0..depth).map(|i| format!("for any i{i} in (1..2) : (")).collect::<String>(),
                ")".repeat(depth)
            )
        };
        check(&of_condition(&nested(5)), "more than 4 loops");
        for begun in ["for ", "$x at ", "$x in (", "(", "for any i in (", "-(", "not (", "@x[", "uint8("] {
            let told = why(&of_condition(&format!("{}1", begun.repeat(20_000))));
            assert!(told.contains("more than 64 deep"), "{begun}: {told}");
        }
        let good = [
            of_string("xor(0-255)"),
            of_string("xor"),
            of_string("base64(\"!@#$%^&*(){}[].,|ABCDEFGHIJ\\x09LMNOPQRSTUVWXYZabcdefghijklmnopqrstu\")"),
            of_condition(&nested(4)),
            of_condition("for any of them : (for any i in (1..2) : ($ at i and # > 1))"),
            of_condition("for any i in (1..2) : (i == 1) and for any i in (1..2) : (i == 1)"),
            of_condition("1 \\ filesize + 5 % 2 == (1 << 3) - 1 and 50% of them and filesize < 1.5"),
        ];
        assert_eq!(good.iter().map(|text| why(text)).collect::<String>(), "");
    }

    #[test]
    fn what_yara_takes_is_taken_and_renamed_where_it_is_named() {
        let text = r#"import "pe"
            // rule b { in a comment }
            private rule b : tag { meta: b = "b { \" }" strings: $b = { b1 ?? [2-4] ( 00 | 0b ) } $c = /b\/{1,2}"/i $_d = "b" condition: $b and #c > 1 }
            rule a { strings: $x1 = "a" wide $x2 = "}" condition: b and pe.b and for any i in (1..#x1) : ( @x1[i] != 3KB ) and 1 of ($x*) and filesize < 1MB }"#;
        let yara = Yara::read(text).unwrap();
        assert_eq!(yara.names, ["b", "a"]);
        let renamed = yara.renamed(&[("b", "b_2".to_owned())].into());
        assert_eq!(
            renamed,
            text.replace("rule b : tag", "rule b_2 : tag")
                .replace("condition: b and pe.b", "condition: b_2 and pe.b")
        );
        assert_eq!(Yara::read(&renamed).unwrap().names, ["b_2", "a"]);
    }
}
