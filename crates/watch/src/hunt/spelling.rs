//! How values are spelled in logs: words with what is no part of them, numbers with dots, and what is written with colons.

use std::net::Ipv6Addr;

use super::word::is_word;

/// Longest that is written with colons: an IPv6 address with an IPv4 address in it, and something at its end.
const COLONS_BYTES_MAX: usize = 64;

/// Hexadecimal digits, dots and colons, with something else around them.
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) colons: usize,
    /// The address that it is, and where that ends.
    pub(super) address: Option<(Ipv6Addr, usize)>,
}

/// Gives each run with a colon in it.
pub(super) fn colons(text: &[u8], mut take: impl FnMut(Run)) {
    let is_part = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let mut from = 0;
    for colon in memchr::memchr_iter(b':', text) {
        if colon < from {
            continue;
        }
        let before = text[from..colon].iter().rev().take(COLONS_BYTES_MAX).take_while(is_part).count();
        let after = text[colon..].iter().take(COLONS_BYTES_MAX).take_while(is_part).count();
        let (mut start, end) = (colon - before, colon + after);
        from = end;
        let is_cut = |at: Option<&u8>| at.is_some_and(|byte| is_word(*byte));
        if start > 0 && is_cut(text.get(start - 1)) {
            // `src:2001:db8::1` has the name of a field before it.
            let colon = start + text[start..end].iter().take_while(|byte| **byte != b':').count();
            if text.get(colon + 1) == Some(&b':') {
                continue;
            }
            start = colon + 1;
        }
        if is_cut(text.get(end)) {
            continue;
        }
        let run = &text[start..end];
        let colons = memchr::memchr_iter(b':', run).count();
        // An address may be followed by a colon or a dot that is none of it.
        let cut = run.strip_suffix(b":").or_else(|| run.strip_suffix(b".")).unwrap_or(run);
        let address = |part: &[u8]| std::str::from_utf8(part).ok()?.parse::<Ipv6Addr>().ok();
        let addresses = [run, cut].into_iter().filter(|_| colons > 1);
        let address = addresses.filter_map(|part| Some((address(part)?, start + part.len()))).next();
        take(Run { start, end, colons, address });
    }
}

/// The bounds of a word without what is no part of it: dots and hyphens at its ends, and what the end of an escape before it has
/// left (`%2F`, the colours of a terminal).
#[inline]
pub(super) fn bare(text: &[u8], mut start: usize, mut end: usize) -> (usize, usize) {
    if start > 0 {
        start += match text[start - 1] {
            b'%' if text[start..end].iter().take(2).filter(|byte| byte.is_ascii_hexdigit()).count() == 2 => 2,
            b'[' | b';' if is_escape(&text[..start]) => {
                let digits = text[start..end].iter().take_while(|byte| byte.is_ascii_digit()).count();
                (digits + 1).min(end - start)
            }
            _ => 0,
        };
    }
    while start < end && matches!(text[start], b'.' | b'-') {
        start += 1;
    }
    while start < end && matches!(text[end - 1], b'.' | b'-') {
        end -= 1;
    }
    (start, end)
}

/// Where a word begins if the backslash before it and its first letters are an escape, as in the strings of JSON: `\tevil.example`.
/// It may as well be a path, `C:\temp`, so that both are read. Source: RFC 8259, section 7.
#[inline]
pub(super) fn behind_escape(text: &[u8], start: usize, end: usize) -> Option<usize> {
    if start == 0 || text[start - 1] != b'\\' {
        return None;
    }
    let slashes = text[..start].iter().rev().take_while(|byte| **byte == b'\\').count();
    let length = match text.get(start..end)? {
        [b'b' | b'f' | b'n' | b'r' | b't', _, ..] => 1,
        [b'u', digits @ ..] if digits.len() > 4 && digits[..4].iter().all(u8::is_ascii_hexdigit) => 5,
        _ => return None,
    };
    (slashes % 2 == 1).then_some(start + length)
}

/// The parts of a word with letters or signs beyond ASCII that can stand for themselves: names and addresses with quotation marks or
/// Korean particles right beside them. What touches a letter that can be its own (`müller.example`) is none.
pub(super) fn parts_beside_signs(word: &[u8], mut take: impl FnMut(usize, usize)) {
    let Ok(text) = std::str::from_utf8(word) else { return };
    let mut rest = 0;
    for part in text.split(|letter: char| !letter.is_ascii()) {
        let (start, end) = (rest, rest + part.len());
        let before = text[..start].chars().next_back();
        let after = text[end..].chars().next();
        rest = end + after.map_or(0, char::len_utf8);
        // Particles of Korean and Japanese stand behind a word, never before it.
        let is_particle = |letter: char| matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
        // A name that goes on behind it is another name.
        let goes_on = || text[end..].trim_end_matches('.').contains('.');
        let stands = !before.is_some_and(char::is_alphanumeric)
            && !after.is_some_and(|letter| letter.is_alphanumeric() && (!is_particle(letter) || goes_on()));
        if stands && part.len() > 3 {
            take(start, end);
        }
    }
}

/// Whether a text ends within a control sequence of a terminal. Source: ECMA-48, section 5.4.
#[cold]
fn is_escape(before: &[u8]) -> bool {
    let parameters =
        before.iter().rev().take(16).take_while(|byte| matches!(byte, b'0'..=b'9' | b';')).count();
    before.get(..before.len() - parameters).is_some_and(|before| before.ends_with(b"\x1b["))
}

/// What a word that begins and ends with a digit is.
pub(super) enum Number {
    /// An address, and how long it is: tcpdump writes a port behind it, `192.0.2.1.443`.
    Address(std::net::Ipv4Addr, usize),
    /// Digits and dots, and no address: a time, a version.
    Other,
    None,
}

/// Reads digits and dots. A part does not begin with a zero, as in [`crate::normalise`].
#[inline]
pub(super) fn number(word: &[u8]) -> Number {
    let (mut octets, mut dots, mut part, mut digits, mut fits) = (0_u32, 0_u32, 0_u32, 0_u32, true);
    for byte in word {
        match byte {
            b'0'..=b'9' => {
                fits &= digits == 0 || part != 0;
                part = part.saturating_mul(10).saturating_add(u32::from(byte - b'0'));
                digits += 1;
                fits &= part < 256;
            }
            b'.' => {
                fits &= digits > 0;
                octets = octets << 8 | part & 0xff;
                (dots, part, digits) = (dots + 1, 0, 0);
            }
            _ => return Number::None,
        }
    }
    match fits && dots == 3 {
        true => Number::Address((octets << 8 | part).into(), word.len()),
        false if dots == 4 => with_port(word),
        false => Number::Other,
    }
}

/// The same for an address with a port behind it.
#[cold]
fn with_port(word: &[u8]) -> Number {
    let dot = memchr::memrchr(b'.', word).unwrap_or_default();
    let port = std::str::from_utf8(&word[dot + 1..]).ok().filter(|port| !port.starts_with('0'));
    match port.and_then(|port| port.parse::<u16>().ok()) {
        Some(_) => number(&word[..dot]),
        None => Number::Other,
    }
}
