//! Numbers, escapes and hexadecimal strings, as far as YARA takes them.
//!
//! Source: YARA 4.2 documentation, "Writing YARA rules" (strings, conditions).

/// Longest jump within an alternative of a hexadecimal string.
const JUMP_MAX: u32 = 200;

/// Whether a number has decimal digits alone.
pub(super) fn is_decimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number: decimal, hexadecimal or octal, with `KB` or `MB`.
pub(super) fn number(text: &str) -> Result<i64, String> {
    let (digits, radix, times) = match text.get(..2) {
        Some("0x") => (text.get(2..), 16, 1),
        Some("0o") => (text.get(2..), 8, 1),
        _ => match (text.strip_suffix("KB"), text.strip_suffix("MB")) {
            (Some(digits), _) => (Some(digits), 10, 1 << 10),
            (_, Some(digits)) => (Some(digits), 10, 1 << 20),
            _ => (Some(text), 10, 1),
        },
    };
    let read = digits.and_then(|digits| i64::from_str_radix(digits, radix).ok()?.checked_mul(times));
    read.ok_or_else(|| format!("`{text}` is no number that YARA has"))
}

/// How many bytes a text in quotes stands for, if each backslash of it begins what YARA knows.
pub(super) fn escapes(text: &str) -> Result<usize, String> {
    let (mut bytes, mut count) = (text.get(1..text.len().saturating_sub(1)).unwrap_or_default().bytes(), 0);
    while let Some(byte) = bytes.next() {
        count += 1;
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
    Ok(count)
}

/// Whether a hexadecimal string is one: whole bytes, jumps between them, alternatives.
pub(super) fn hex(text: &str) -> Result<(), String> {
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
                let is_long = number(to).is_none_or(|to| to > JUMP_MAX);
                if inside.is_empty()
                    || depth > 0 && is_long
                    || [from, to].iter().any(|end| !end.is_empty() && number(end).is_none())
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
