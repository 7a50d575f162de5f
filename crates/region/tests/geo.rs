//! Tables of addresses that are really published: each range asked at its edges, and what another's reader says.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Cursor};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bongsu_region::transit::geo::{Locate, Mmdb, Ranges};
use bongsu_region::transit::{Country, Network, Place};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/geo/ip").join(name)
}

fn peers(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.peers/geo").join(path)
}

/// For each range its first and last address and those beside them, each as a number with what the table says of it, found in
/// Python: `4 16777216 AU`. Of ranges around an address the one holds that begins last, and of those the shortest; some of these
/// tables have hundreds of ranges in others.
const BY_BISECTION: &str = r"
import sys, lzma, csv, bisect, io, itertools, socket
table = csv.reader(io.TextIOWrapper(lzma.open(sys.argv[1]), 'utf-8'))
def number(text):
    form = socket.AF_INET6 if ':' in text else socket.AF_INET
    return int.from_bytes(socket.inet_pton(form, text), 'big')
rows = [(number(row[0]), number(row[1]), row[2], ':' in row[0]) for row in table]
version, most = (6, 2**128) if rows[0][3] else (4, 2**32)
rows.sort(key=lambda row: (row[0], -row[1]))
firsts = [row[0] for row in rows]
reach = list(itertools.accumulate((row[1] for row in rows), max))
def said(at):
    place = bisect.bisect_right(firsts, at) - 1
    while place >= 0 and reach[place] >= at:
        if rows[place][1] >= at:
            return rows[place][2]
        place -= 1
    return ''
out = []
for first, last, _, _ in rows:
    for at in (first - 1, first, last, last + 1):
        if 0 <= at < most:
            out.append(f'{version} {at} {said(at)}\n')
sys.stdout.writelines(out)
";

/// For each network of a table its first and last address with the country, by MaxMind's own reader for Python.
const BY_MAXMIND: &str = r"
import sys
sys.path.insert(0, sys.argv[2])
import maxminddb
out = []
for network, said in maxminddb.open_database(sys.argv[1], maxminddb.MODE_MEMORY):
    code = (said or {}).get('country_code') or ''
    for address in (network[0], network[-1]):
        out.append(f'{network.version} {int(address)} {code}\n')
sys.stdout.writelines(out)
";

/// Asks for each line that the other says; gives how many there were, and the addresses of which the other says something else.
fn ask(
    locate: &impl Locate,
    script: &str,
    arguments: &[&Path],
    place: impl Fn(&str) -> Place,
) -> (usize, BTreeSet<IpAddr>) {
    let mut other =
        Command::new("python3").arg("-c").arg(script).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let (mut count, mut wrong) = (0, BTreeSet::new());
    for line in BufReader::new(other.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let mut parts = line.splitn(3, ' ');
        let (version, number) = (parts.next().unwrap(), parts.next().unwrap());
        let address = match version {
            "4" => IpAddr::V4(number.parse::<u32>().unwrap().into()),
            _ => IpAddr::V6(number.parse::<u128>().unwrap().into()),
        };
        if locate.place(address) != place(parts.next().unwrap_or_default()) {
            wrong.insert(address);
        }
        count += 1;
    }
    assert!(other.wait().unwrap().success(), "{arguments:?}");
    (count, wrong)
}

/// `AN`, the Netherlands Antilles until 2010, stands once in these tables and is no country of today.
fn country(code: &str) -> Place {
    let country = Country::known(code).unwrap_or_else(|error| {
        assert_eq!(code, "AN", "{error}");
        None
    });
    Place { country, network: None }
}

/// 4294967294, for private use (RFC 6996), stands once in these tables, and its row is left out.
fn network(number: &str) -> Place {
    Place { country: None, network: Network::parse(number).filter(|number| number.0 != 4_294_967_294) }
}

fn ranges(path: &Path) -> Ranges {
    let unpacked = Command::new("python3")
        .args(["-c", "import sys, lzma; sys.stdout.buffer.write(lzma.open(sys.argv[1]).read())"])
        .arg(path)
        .output()
        .unwrap();
    let read = Ranges::read(Cursor::new(unpacked.stdout)).unwrap();
    assert!(read.rows > 200_000 && read.faulty <= 1, "{:?}", read.faults);
    let is_known = |why: &str| why.starts_with("`AN`") || why.starts_with("AS4294967294");
    assert!(read.faults.iter().all(|fault| is_known(&fault.why)), "{:?}", read.faults);
    read.ranges
}

#[test]
fn every_range_holds_from_its_first_address_to_its_last() {
    let check = |name: &str, place: fn(&str) -> Place| {
        let path = data(name);
        let (count, wrong) = ask(&ranges(&path), BY_BISECTION, &[&path], place);
        assert!(count > 800_000 && wrong.is_empty(), "{name}: {count} {wrong:?}");
    };
    check("country-ipv4.csv.xz", country);
    check("country-ipv6.csv.xz", country);
    check("asn-ipv4.csv.xz", network);
}

#[test]
fn a_published_table_in_maxminds_form_says_what_maxminds_own_reader_says() {
    let package = "node_modules/@ip-location-db/geo-whois-asn-country-mmdb";
    for name in ["geo-whois-asn-country-ipv4.mmdb", "geo-whois-asn-country-ipv6.mmdb"] {
        let path = peers(package).join(name);
        let bytes = std::fs::read(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; scripts/setup installs it", path.display());
        });
        let arguments = [path.as_path(), &peers("python")];
        let (count, wrong) = ask(&Mmdb::of(bytes).unwrap(), BY_MAXMIND, &arguments, country);
        assert!(count > 400_000 && wrong.is_empty(), "{name}: {count} {wrong:?}");
    }
}

/// The same data in both forms, of one day: they agree wherever a range begins or ends, but for fewer than
/// twenty addresses, where ranges of the text overlap.
#[test]
fn both_forms_of_one_table_say_the_same() {
    let bytes = std::fs::read(peers(
        "node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country-ipv4.mmdb",
    ));
    let mmdb = Mmdb::of(bytes.unwrap()).unwrap();
    let path = data("country-ipv4.csv.xz");
    let (count, wrong) = ask(&mmdb, BY_BISECTION, &[&path], country);
    assert!(count > 800_000 && wrong.len() < 20, "{count} {wrong:?}");
}
