//! Rows of a table as they mostly are, straight from the bytes: no quotation marks, nothing around what stands in a field, times in
//! seconds or as STIX writes them, addresses of IPv4.
//!
//! What is taken here is taken as [`super::words`] take it; whatever is written in another way is left to them, and so is
//! everything that is wrong.

use std::net::{IpAddr, Ipv4Addr};

use stix::Timestamp;

use super::words::{hop_of, victim_of};
use crate::transit::observed::HOPS_MAX;
use crate::transit::place::{Country, Place};
use crate::transit::{Hop, Role};

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Time,
    Source,
    Hops,
    Victim,
    Count,
    /// It isn't read.
    Other,
}

/// What a row says besides its hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) time: i64,
    pub(super) victim: Hop,
    pub(super) count: u32,
}

/// What is known of a victim of which nothing is said.
const NOBODY: Hop = Hop { address: None, place: Place { country: None, network: None }, role: Role::Unknown };

/// Reads the row with which `text` begins, whose columns are `columns` as far as they are read; its hops go into `hops`, which is
/// empty. Gives what follows its line; `None` if it is written in another way, or wrong.
pub(super) fn row<'t>(columns: &[Column], text: &'t [u8], hops: &mut Vec<Hop>) -> Option<(Row, &'t [u8])> {
    let (mut time, mut victim, mut count) = (None, NOBODY, 1);
    let mut rest = text;
    for column in columns {
        rest = match column {
            Column::Time => {
                let (read, rest) = time_of(rest)?;
                time = Some(read);
                rest
            }
            Column::Source => {
                let (source, rest) = source_of(rest)?;
                // It comes before all hops, wherever its column stands.
                if let Some(source) = source {
                    hops.insert(0, source);
                }
                rest
            }
            Column::Hops => hops_of(rest, hops)?,
            Column::Victim => {
                let (read, rest) = of_victim(rest)?;
                victim = read;
                rest
            }
            Column::Count => {
                let (read, rest) = count_of(rest)?;
                count = read;
                rest
            }
            Column::Other => past(rest, is_end_of_field),
        };
        match rest {
            [b',', more @ ..] => rest = more,
            [b'\n', ..] | [b'\r', b'\n', ..] => break,
            _ => return None,
        }
    }
    let after = memchr::memchr(b'\n', rest)? + 1;
    if hops.len() > HOPS_MAX {
        return None;
    }
    Some((Row { time: time?, victim, count }, rest.get(after..)?))
}

fn is_end_of_field(byte: u8) -> bool {
    matches!(byte, b',' | b'\n' | b'\r')
}

fn is_end_of_hop(byte: u8) -> bool {
    matches!(byte, b' ' | b';') || is_end_of_field(byte)
}

/// What follows the bytes before the first at which something ends.
fn past(text: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    split(text, ends).1
}

fn split(text: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| ends(*byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// Whether something ends here; at the end of all bytes it doesn't, so that a last line without its end is left to others.
fn ends(text: &[u8], is_end: impl Fn(u8) -> bool) -> bool {
    text.first().is_some_and(|byte| is_end(*byte))
}

/// The digits with which a text begins, as a number, and how many they are; of more than eighteen none is right.
fn digits(text: &[u8]) -> (u64, usize) {
    let digits = text.iter().take(19).take_while(|byte| byte.is_ascii_digit());
    digits.fold((0, 0), |(sum, count), byte| (sum * 10 + u64::from(byte - b'0'), count + 1))
}

fn time_of(text: &[u8]) -> Option<(i64, &[u8])> {
    let (seconds, count) = digits(text);
    let rest = text.get(count..)?;
    if (1..=18).contains(&count) && ends(rest, is_end_of_field) {
        return Some((i64::try_from(seconds).ok()?, rest));
    }
    let (field, rest) = split(text, is_end_of_field);
    let time = Timestamp::parse(str::from_utf8(field).ok()?).ok()?;
    Some((time.micros().div_euclid(1_000_000), rest))
}

fn count_of(text: &[u8]) -> Option<(u32, &[u8])> {
    let (count, length) = digits(text);
    let rest = text.get(length..).filter(|rest| ends(rest, is_end_of_field))?;
    match length {
        0 => Some((1, rest)),
        1..=18 => Some((u32::try_from(count).ok()?, rest)),
        _ => None,
    }
}

fn source_of(text: &[u8]) -> Option<(Option<Hop>, &[u8])> {
    match text {
        [b'?', rest @ ..] if ends(rest, is_end_of_field) => Some((None, rest)),
        rest if ends(rest, is_end_of_field) => Some((None, rest)),
        text => {
            let (hop, rest) = hop(text, is_end_of_field)?;
            Some((Some(Hop { role: Role::Source, ..hop }), rest))
        }
    }
}

fn hops_of<'t>(text: &'t [u8], hops: &mut Vec<Hop>) -> Option<&'t [u8]> {
    let mut rest = text;
    loop {
        match rest {
            [b' ' | b';', more @ ..] => rest = more,
            rest if ends(rest, is_end_of_field) => return Some(rest),
            text => {
                let (read, more) = hop(text, is_end_of_hop)?;
                // A source may come yet.
                if hops.len() > HOPS_MAX {
                    return None;
                }
                hops.push(read);
                rest = more;
            }
        }
    }
}

fn of_victim(text: &[u8]) -> Option<(Hop, &[u8])> {
    match text {
        [first, second, rest @ ..] if ends(rest, is_end_of_field) => {
            if let Some(country) = Country::of_letters([*first, *second]) {
                let place = Place { country: Some(country), network: None };
                return Some((Hop { place, ..NOBODY }, rest));
            }
        }
        rest if ends(rest, is_end_of_field) => return Some((NOBODY, rest)),
        _ => {}
    }
    let (field, rest) = split(text, is_end_of_field);
    Some((victim_of(str::from_utf8(field).ok()?).ok()?, rest))
}

fn hop(text: &[u8], is_end: impl Fn(u8) -> bool + Copy) -> Option<(Hop, &[u8])> {
    if let Some((address, rest)) = v4(text) {
        let (role, rest) = match rest {
            [b'/', rest @ ..] => role(rest),
            rest => (Role::Unknown, rest),
        };
        if ends(rest, is_end) {
            return Some((Hop { address: Some(IpAddr::V4(address)), place: Place::default(), role }, rest));
        }
    }
    let (word, rest) = split(text, is_end);
    Some((hop_of(str::from_utf8(word).ok()?).ok()?, rest))
}

/// The role with whose name a text begins, and what follows; what follows none ends nowhere, and neither does what begins like one.
fn role(text: &[u8]) -> (Role, &[u8]) {
    match text {
        [b'c', b'2', rest @ ..] => (Role::CommandAndControl, rest),
        [b'p', b'r', b'o', b'x', b'y', rest @ ..] => (Role::Proxy, rest),
        [b'v', b'p', b'n', b'-', b'e', b'x', b'i', b't', rest @ ..] | [b'v', b'p', b'n', rest @ ..] => {
            (Role::VpnExit, rest)
        }
        [b'd', b'e', b'v', b'i', b'c', b'e', rest @ ..] => (Role::CompromisedDevice, rest),
        [b'd', b'r', b'o', b'p', rest @ ..] => (Role::Drop, rest),
        [b'h', b'o', b's', b't', b'i', b'n', b'g', rest @ ..] => (Role::Hosting, rest),
        // The longer names are found as words.
        _ => (Role::Unknown, &[]),
    }
}

/// The same in each of sixteen bytes.
const fn each(byte: u8) -> u128 {
    u128::from_le_bytes([byte; 16])
}

/// The address of IPv4 with which a text of at least sixteen bytes begins, and what follows.
///
/// All sixteen bytes are looked at together: how many digits a number has can't be guessed, and a wrong guess costs more than the sums.
fn v4(text: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let word = u128::from_le_bytes(*text.first_chunk()?) ^ each(b'0');
    // A digit is now 0 to 9: its high bit stays clear when 0x76 is added to it.
    let mut others = (((word & each(0x7f)) + each(0x76)) | word) & each(0x80);
    let (mut bits, mut begin, mut is_right) = (0_u32, 0_u32, true);
    for part in 0..4 {
        let end = others.trailing_zeros() / 8;
        others &= others.wrapping_sub(1);
        let length = end.wrapping_sub(begin);
        // The digits, the last of them in the third byte.
        let digits = ((word >> ((begin * 8) & 127)) as u32 & 0x00ff_ffff)
            << (24_u32.wrapping_sub(length.wrapping_mul(8)) & 31);
        let (hundreds, tens, ones) = (digits & 0xff, digits >> 8 & 0xff, digits >> 16 & 0xff);
        let value = hundreds * 100 + tens * 10 + ones;
        // No number but 0 begins with 0.
        is_right &= (1..=3).contains(&length)
            & (value < 256)
            & (value >= [0, 0, 10, 100].get(length as usize).copied().unwrap_or(u32::MAX));
        is_right &= part == 3 || (word >> ((end * 8) & 127)) as u8 == b'.' ^ b'0';
        bits = bits << 8 | (value & 0xff);
        begin = end + 1;
    }
    let rest = text.get(begin as usize - 1..)?;
    is_right.then_some((Ipv4Addr::from_bits(bits), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By the library's own reader: the longest beginning that is an address, if no digit or point follows.
    fn slowly(text: &[u8]) -> Option<(Ipv4Addr, usize)> {
        let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
        Some((str::from_utf8(&text[..end]).ok()?.parse().ok()?, end))
    }

    #[test]
    fn all_forms_of_addresses_are_told_apart() {
        let text = |address: &str| [address.as_bytes(), b"/c2,KR,1\n0123456789"].concat();
        for address in ["0.0.0.0", "255.255.255.255", "1.20.203.4", "192.0.2.1"] {
            let text = text(address);
            let (read, rest) = v4(&text).unwrap();
            assert_eq!((read.to_string().as_str(), &rest[..3]), (address, &b"/c2"[..]));
        }
        for bad in [
            "256.0.0.1",
            "1.2.3",
            "01.2.3.4",
            "1.2.3.04",
            "1..2.3",
            ".1.2.3",
            "1.2.3.",
            "00.0.0.0",
            "1.2.3.1000",
            "a.b.c.d",
        ] {
            assert_eq!(v4(&text(bad)), None, "{bad}");
        }
        assert_eq!(v4(b"192.0.2.1,"), None);
        // No end among all that is looked at, or one too few.
        for digits in [&b"12345678901234567890"[..], b"1.2.345678901234567890", b"................"] {
            assert_eq!(v4(digits), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

        #[test]
        fn an_address_is_read_as_the_library_reads_it(
            parts in prop::collection::vec("(0|[1-9][0-9]{0,2}|[0-9]{0,4}|25[0-9]|[a-f?]|\u{e9})", 3..6),
            end in prop::sample::select(vec![",", " ", "/c2 ", "\n", ";", "@KR "]),
        ) {
            let text = format!("{}{end}................", parts.join("."));
            let read = v4(text.as_bytes()).map(|(address, rest)| (address, text.len() - rest.len()));
            let slow = slowly(text.as_bytes());
            // Five parts are a point after four: that is for who looks at what follows.
            prop_assert_eq!(read.filter(|(_, end)| text.as_bytes()[*end] != b'.'), slow);
        }
    }
}
