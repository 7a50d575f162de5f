//! URLs in normal form: the common part of the WHATWG URL standard, for URLs that have a host.
//!
//! Scheme and host are lower case, the host by IDNA or as an address, default ports and dot segments gone,
//! what may not stand in a URL percent-encoded. The text after the host is else as it came: it is compared, not followed.
//! Source: WHATWG URL, sections 3 (hosts) and 4 (URLs).

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::domain;

/// Schemes for which the standard has a default port and takes `\` for `/`.
const SPECIAL: [(&str, u16); 5] = [("http", 80), ("https", 443), ("ftp", 21), ("ws", 80), ("wss", 443)];

/// The normal form of a URL, or what is wrong with it.
pub(crate) fn normal(text: &str) -> Result<String, &'static str> {
    let text: String =
        text.trim_matches(|c: char| c <= ' ').chars().filter(|c| !"\t\r\n".contains(*c)).collect();
    let (scheme, rest) = text.split_once(':').ok_or("no scheme")?;
    let scheme = scheme.to_ascii_lowercase();
    let fine = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !fine {
        return Err("no scheme");
    }
    let port_default = SPECIAL.iter().find(|(name, _)| *name == scheme).map(|(_, port)| *port);
    let special = port_default.is_some();
    let rest = match special {
        true if rest.starts_with(['/', '\\']) => rest.trim_start_matches(['/', '\\']),
        _ => rest.strip_prefix("//").ok_or("no `//` before the host")?,
    };
    let ends: &[char] = if special { &['/', '\\', '?', '#'] } else { &['/', '?', '#'] };
    let (authority, after) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
    let (user, host_port) =
        authority.rsplit_once('@').map_or((None, authority), |(user, rest)| (Some(user), rest));
    let (host, port) = split_port(host_port)?;
    let mut out = format!("{scheme}://");
    if let Some(user) = user.filter(|user| !user.is_empty()) {
        encode(user, b"/:;=@[\\]^|?`{} \"#<>".as_slice(), Some(':'), &mut out);
        out.push('@');
    }
    out.push_str(&normal_host(host)?);
    if let Some(port) = port.filter(|port| Some(*port) != port_default) {
        out.push_str(&format!(":{port}"));
    }
    write_after(after, special, &mut out);
    Ok(out)
}

/// The host of a URL in normal form, an IPv6 address with its brackets.
pub(crate) fn host(normal: &str) -> Option<&str> {
    let (host, _) = split_host(normal)?;
    Some(host)
}

/// What follows host and port of a URL in normal form.
pub(crate) fn after_host(normal: &str) -> Option<&str> {
    let (_, rest) = split_host(normal)?;
    Some(rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]))
}

fn split_host(normal: &str) -> Option<(&str, &str)> {
    let (_, rest) = normal.split_once("://")?;
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let start = rest[..authority_end].rfind('@').map_or(0, |at| at + 1);
    let rest = &rest[start..];
    let end = if rest.starts_with('[') {
        rest.find(']')? + 1
    } else {
        rest.find([':', '/', '?', '#']).unwrap_or(rest.len())
    };
    Some(rest.split_at(end))
}

fn split_port(host_port: &str) -> Result<(&str, Option<u16>), &'static str> {
    let colon = match host_port.rfind(']') {
        Some(bracket) => host_port[bracket..].find(':').map(|at| bracket + at),
        None => host_port.find(':'),
    };
    let Some(colon) = colon else {
        return Ok((host_port, None));
    };
    let (host, digits) = (&host_port[..colon], &host_port[colon + 1..]);
    if digits.is_empty() {
        return Ok((host, None));
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("the port is no number");
    }
    digits.parse().map(|port| (host, Some(port))).map_err(|_| "the port is over 65535")
}

fn normal_host(host: &str) -> Result<String, &'static str> {
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        return address.map(|address| format!("[{address}]")).ok_or("not an IPv6 address in brackets");
    }
    let decoded = decode(host).ok_or("the host is not UTF-8")?;
    let ascii = if decoded.is_ascii() {
        decoded
    } else {
        idna::domain_to_ascii(&decoded).map_err(|_| "not a host")?
    };
    let bare = ascii.strip_suffix('.').unwrap_or(&ascii);
    let last = bare.rsplit('.').next().unwrap_or_default();
    if number(last).is_some() || !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) {
        return ipv4(bare).map(|address| address.to_string()).ok_or("not an IPv4 address");
    }
    domain::normal(&ascii)
}

/// The standard's IPv4 parser: one to four numbers, decimal, octal or hexadecimal.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, front) = parts.split_last()?;
    if front.len() > 3
        || front.iter().any(|part| *part > 255)
        || *last >= 256_u64.pow(4 - u32::try_from(front.len()).ok()?)
    {
        return None;
    }
    let high = front.iter().enumerate().fold(0, |sum, (at, part)| sum | part << (24 - 8 * at));
    u32::try_from(high + last).ok().map(Ipv4Addr::from)
}

fn number(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.strip_prefix("0x") {
        Some("") => return Some(0),
        Some(hex) => (hex, 16),
        None if lower.len() > 1 && lower.starts_with('0') => (&lower[1..], 8),
        None => (lower.as_str(), 10),
    };
    if digits.starts_with('+') { None } else { u64::from_str_radix(digits, radix).ok() }
}

fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn write_after(after: &str, special: bool, out: &mut String) {
    let (after, fragment) = after.split_once('#').map_or((after, None), |(a, f)| (a, Some(f)));
    let (path, query) = after.split_once('?').map_or((after, None), |(p, q)| (p, Some(q)));
    write_path(path, special, out);
    if let Some(query) = query {
        out.push('?');
        encode(query, if special { b" \"#<>'" } else { b" \"#<>" }, None, out);
    }
    if let Some(fragment) = fragment {
        out.push('#');
        encode(fragment, b" \"<>`", None, out);
    }
}

fn write_path(path: &str, special: bool, out: &mut String) {
    if path.is_empty() {
        if special {
            out.push('/');
        }
        return;
    }
    let separators: &[char] = if special { &['/', '\\'] } else { &['/'] };
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.split(separators).skip(1).peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        let dots = part.to_ascii_lowercase().replace("%2e", ".");
        match dots.as_str() {
            "." if last => kept.push(""),
            "." => {}
            ".." => {
                kept.pop();
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(part),
        }
    }
    for part in kept {
        out.push('/');
        encode(part, b" \"#<>?`{}^", None, out);
    }
}

/// Appends `text`, percent-encoding controls, what is not ASCII and `also`, but not `except`.
fn encode(text: &str, also: &[u8], except: Option<char>, out: &mut String) {
    for letter in text.chars() {
        let plain = letter.is_ascii_graphic() && !(letter.is_ascii() && also.contains(&(letter as u8)));
        if plain || Some(letter) == except {
            out.push(letter);
            continue;
        }
        let mut buffer = [0; 4];
        for byte in letter.encode_utf8(&mut buffer).bytes() {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}
