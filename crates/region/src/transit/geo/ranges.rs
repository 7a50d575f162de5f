//! Tables as text: a row for each range, with a country or a network.
//!
//! A row is `first,last,value` or `prefix,value` (`192.0.2.0/24`), and may go on with what isn't read (an organisation's name). A
//! value of two letters is a country; a number, with or without `AS`, a network. Ranges may lie within others and across them: the
//! one that begins later holds, and of two that begin together the shorter, so that the narrower of two nested ones does.

use std::io;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Locate, as_v4};
use crate::rows::Rows;
use crate::transit::place::{Country, Network, Place};

/// The rows that a table may have.
const ROWS_MAX: usize = 20_000_000;
/// The faults that are kept; others are counted.
const FAULTS_MAX: usize = 100;

/// Ranges that don't overlap, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges {
    v4: Disjoint<u32>,
    v6: Disjoint<u128>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Disjoint<A> {
    firsts: Vec<A>,
    lasts: Vec<A>,
    values: Vec<u32>,
}

impl<A> Default for Disjoint<A> {
    fn default() -> Self {
        Self { firsts: Vec::new(), lasts: Vec::new(), values: Vec::new() }
    }
}

/// A row that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its line.
    pub line: u64,
    /// What is wrong.
    pub why: String,
}

/// A table that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// What it says, but for the rows with faults.
    pub ranges: Ranges,
    /// How many rows there were.
    pub rows: usize,
    /// What is wrong with the first hundred that can't be read.
    pub faults: Vec<Fault>,
    /// How many can't be read.
    pub faulty: usize,
}

/// Why a table can't be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RangesError {
    /// The source failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is too long.
    #[error("it has more than {ROWS_MAX} rows")]
    TooLong,
}

/// A row: first, last, value.
type Row = (u128, u128, u32);

impl Ranges {
    /// Reads rows. One that is wrong does not hold up the others.
    ///
    /// # Errors
    /// [`RangesError`].
    pub fn read(source: impl io::Read) -> Result<Read, RangesError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .from_reader(Rows::of(source));
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        let mut read = Read::default();
        let mut record = csv::ByteRecord::new();
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(true) => reader.get_mut().ended(),
                Ok(false) => break,
                Err(error) => match error.into_kind() {
                    csv::ErrorKind::Io(error) => return Err(error.into()),
                    kind => return Err(io::Error::other(format!("{kind:?}")).into()),
                },
            }
            read.rows += 1;
            if read.rows > ROWS_MAX {
                return Err(RangesError::TooLong);
            }
            match row(&record) {
                Ok(Some((IpAddr::V4(first), IpAddr::V4(last), value))) => {
                    v4.push((first.to_bits().into(), last.to_bits().into(), value));
                }
                Ok(Some((IpAddr::V6(first), IpAddr::V6(last), value))) => {
                    v6.push((first.to_bits(), last.to_bits(), value));
                }
                Ok(Some(_)) => read.fault(&record, "it goes from one kind of address to the other".into()),
                Ok(None) => {}
                Err(why) => read.fault(&record, why),
            }
        }
        read.ranges = Self { v4: Disjoint::of(v4), v6: Disjoint::of(v6) };
        Ok(read)
    }

    /// How many ranges there are, made not to overlap.
    #[must_use]
    pub fn len(&self) -> usize {
        self.v4.firsts.len() + self.v6.firsts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Read {
    fn fault(&mut self, record: &csv::ByteRecord, why: String) {
        self.faulty += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { line: record.position().map_or(0, csv::Position::line), why });
        }
    }
}

/// What a row says; `None` if it says that nobody knows.
fn row(record: &csv::ByteRecord) -> Result<Option<(IpAddr, IpAddr, u32)>, String> {
    let field = |at: usize| {
        let bytes = record.get(at).ok_or_else(|| format!("it has {} of at least 2 fields", record.len()))?;
        str::from_utf8(bytes).map(str::trim).map_err(|_| format!("field {} is not UTF-8", at + 1))
    };
    let start = field(0)?;
    let (first, last, value) = if start.contains('/') {
        let prefix: IpNet = start.parse().map_err(|_| format!("`{}` is no prefix", short(start)))?;
        (prefix.network(), prefix.broadcast(), field(1)?)
    } else {
        let address =
            |text: &str| text.parse::<IpAddr>().map_err(|_| format!("`{}` is no address", short(text)));
        (address(start)?, address(field(1)?)?, field(2)?)
    };
    if last < first {
        return Err(format!("it ends at {last}, before {first}, where it begins"));
    }
    let value = match Country::known(value) {
        Ok(None) => return Ok(None),
        Ok(Some(country)) => of_country(country),
        Err(error) => match Network::parse(value) {
            Some(Network(number)) if number < COUNTRIES => number,
            Some(network) => return Err(format!("{network} is reserved for private use (RFC 6996)")),
            None => return Err(error.to_string()),
        },
    };
    Ok(Some((first, last, value)))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Countries stand where networks can't be: in numbers that are kept for private use (RFC 6996, 4,200,000,000 and above).
const COUNTRIES: u32 = 4_200_000_000;

fn of_country(country: Country) -> u32 {
    let letters = country.code().as_bytes().iter().fold(0, |sum, letter| sum << 8 | u32::from(*letter));
    COUNTRIES + letters
}

fn place(value: u32) -> Place {
    let Some(letters) = value.checked_sub(COUNTRIES) else {
        return Place { country: None, network: Some(Network(value)) };
    };
    let [_, _, first, second] = letters.to_be_bytes();
    let country = str::from_utf8(&[first, second]).ok().and_then(|code| Country::parse(code).ok());
    Place { country, network: None }
}

impl<A: Copy + Ord + TryFrom<u128>> Disjoint<A> {
    /// Makes ranges that overlap into such that don't.
    fn of(mut rows: Vec<Row>) -> Self {
        rows.sort_by_key(|(first, last, _)| (*first, std::cmp::Reverse(*last)));
        let mut made = Self::default();
        // Those that have begun, with their ends, the one that holds on top; and from where nothing is said yet.
        let mut begun: Vec<(u128, u32)> = Vec::new();
        let mut at = 0;
        for (first, last, value) in rows {
            made.say(&mut begun, &mut at, Some(first));
            at = at.max(first);
            begun.push((last, value));
        }
        made.say(&mut begun, &mut at, None);
        made
    }

    /// Says what holds from `at` to before `until`, or to the end.
    fn say(&mut self, begun: &mut Vec<(u128, u32)>, at: &mut u128, until: Option<u128>) {
        while let Some((last, value)) = begun.last().copied() {
            if let Some(until) = until.filter(|until| *until <= last) {
                if *at < until {
                    self.push(*at, until - 1, value);
                    *at = until;
                }
                return;
            }
            if *at <= last {
                self.push(*at, last, value);
            }
            begun.pop();
            match last.checked_add(1) {
                Some(next) => *at = next.max(*at),
                None => begun.clear(),
            }
        }
    }

    fn push(&mut self, first: u128, last: u128, value: u32) {
        // Rows of IPv4 have addresses of IPv4 alone, and so have parts of them.
        if let (Ok(first), Ok(last)) = (A::try_from(first), A::try_from(last)) {
            self.firsts.push(first);
            self.lasts.push(last);
            self.values.push(value);
        }
    }

    fn value(&self, address: A) -> Option<u32> {
        let at = self.firsts.partition_point(|first| *first <= address).checked_sub(1)?;
        self.lasts.get(at).filter(|last| **last >= address)?;
        self.values.get(at).copied()
    }
}

impl Locate for Ranges {
    fn place(&self, address: IpAddr) -> Place {
        let value = match (as_v4(address), address) {
            (Some(address), _) => self.v4.value(address),
            (None, IpAddr::V6(address)) => self.v6.value(address.to_bits()),
            (None, IpAddr::V4(_)) => None,
        };
        value.map(place).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn country(ranges: &Ranges, address: &str) -> String {
        ranges.place(address.parse().unwrap()).country.map(String::from).unwrap_or_default()
    }

    #[test]
    fn rows_of_all_kinds_are_read_and_wrong_ones_named() {
        let text = "1.0.0.0,1.0.0.255,AU\n192.0.2.0/24,kr\n198.51.100.0,198.51.100.9,13335,\"Cloudflare, Inc.\"\n\
            2001:db8::/32,ZZ\n2001:db9::,2001:db9::ff,AS64500\n\
            1.0.0.9,1.0.0.1,AU\n1.0.0,1.0.1,AU\n1.0.0.0/33,AU\n1.0.0.0/24,QQ\n1.0.0.0,::1,AU\n9.9.9.9\n8.8.8.8/32,4200000001\n";
        let read = Ranges::read(text.as_bytes()).unwrap();
        assert_eq!((read.rows, read.faulty, read.ranges.len()), (12, 7, 4));
        let faults: Vec<String> =
            read.faults.iter().map(|fault| format!("{}: {}", fault.line, fault.why)).collect();
        assert_eq!(
            faults,
            [
                "6: it ends at 1.0.0.1, before 1.0.0.9, where it begins",
                "7: `1.0.0` is no address",
                "8: `1.0.0.0/33` is no prefix",
                "9: `QQ` is no country: two letters of ISO 3166-1 stand for one, like KR",
                "10: it goes from one kind of address to the other",
                "11: it has 1 of at least 2 fields",
                "12: AS4200000001 is reserved for private use (RFC 6996)",
            ]
        );
        assert_eq!(country(&read.ranges, "1.0.0.77"), "AU");
        assert_eq!(country(&read.ranges, "::ffff:192.0.2.9"), "KR");
        assert_eq!(country(&read.ranges, "1.0.1.0"), "");
        let network = |address: &str| read.ranges.place(address.parse().unwrap()).network;
        assert_eq!(network("198.51.100.9"), Some(Network(13335)));
        assert_eq!(network("2001:db9::80"), Some(Network(64500)));
        assert_eq!(read.ranges.place("2001:db8::1".parse().unwrap()), Place::default());
    }

    #[test]
    fn the_narrower_range_holds_and_the_whole_space_can_be_said() {
        let text = "0.0.0.0,255.255.255.255,US\n10.0.0.0/8,DE\n10.1.0.0/16,FR\n10.200.0.0,11.0.0.0,KR\n::/0,JP\nffff::/16,CN\n";
        let ranges = Ranges::read(text.as_bytes()).unwrap().ranges;
        let got = [
            "9.0.0.0",
            "10.0.0.0",
            "10.1.2.3",
            "10.2.0.0",
            "10.255.0.0",
            "11.0.0.0",
            "11.0.0.1",
            "255.255.255.255",
        ]
        .map(|address| country(&ranges, address));
        assert_eq!(got, ["US", "DE", "FR", "DE", "KR", "KR", "US", "US"]);
        assert_eq!(["::", "ffff::1"].map(|address| country(&ranges, address)), ["JP", "CN"]);
    }

    proptest! {
        /// Straight from the words above: of all ranges that hold an address the one that begins last, and of those the shortest.
        #[test]
        fn what_holds_is_what_the_rule_says(
            rows in prop::collection::vec((0..60_u32, 0..20_u32, 0..250_usize), 0..25), address in 0..90_u32,
        ) {
            let codes: Vec<Country> = Country::all().collect();
            let text: String = rows
                .iter()
                .map(|(first, length, code)| {
                    let address = |bits: u32| std::net::Ipv4Addr::from_bits(bits);
                    format!("{},{},{}\n", address(*first), address(first + length), codes[*code])
                })
                .collect();
            let ranges = Ranges::read(text.as_bytes()).unwrap().ranges;
            let holds = rows.iter().filter(|(first, length, _)| (*first..=first + length).contains(&address));
            // Of two that are the same, the one that comes last in the file.
            let expected = holds.fold(None, |best: Option<&(u32, u32, usize)>, row| match best {
                Some(best) if (best.0, std::cmp::Reverse(best.1)) > (row.0, std::cmp::Reverse(row.1)) => Some(best),
                _ => Some(row),
            });
            let got = ranges.place(std::net::Ipv4Addr::from_bits(address).into()).country;
            prop_assert_eq!(got, expected.map(|row| codes[row.2]));
        }
    }
}
