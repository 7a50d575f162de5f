//! Lists and logs as others publish them, read as sightings: of whom attacks were seen from, and what they use.
//!
//! | form | what | role, unless another is said |
//! | --- | --- | --- |
//! | `list` | an address on each line, with a port or as an address of the Web too; what comes behind a space, a comma or a tab is not read. Lines with names alone, and those after `#`, are passed over: the trails of Maltrail, IPsum, C2-Tracker | command and control |
//! | `feodo` | abuse.ch's table of command and control: `first_seen_utc`, `dst_ip`, `last_online` | command and control |
//! | `cowrie` | a honeypot's events as lines of JSON: each connection is an attack | source |
//! | `sshd` | OpenSSH's lines of a system's log: each password that failed is an attack | source |
//! | `apache` | the error log of Apache's server: each line about a client | source |
//!
//! A list says where something is used, not whom it was used against: its paths have one hop and no victim. System logs have no year;
//! whoever reads them says it.
//!
//! Source: Cowrie's events `cowrie.session.connect`; OpenSSH's `auth.c` (`Failed password for … from …`); Apache HTTP Server 2.4,
//! "Log Files", error log (`[client …]`).

use std::io::{BufRead, Read as _};
use std::net::IpAddr;

use serde::Deserialize;
use stix::Timestamp;

use super::geo::Locate;
use super::observed::Observed;
use super::place::Place;
use super::read::{LINE_BYTES_MAX, ReadError, Report};
use super::{Hop, Role, Sighting};

/// In which form something was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Addresses, one on a line.
    List,
    /// abuse.ch's table.
    Feodo,
    /// Cowrie's events.
    Cowrie,
    /// OpenSSH in a system's log.
    Sshd,
    /// Apache's error log.
    Apache,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::List, Self::Feodo, Self::Cowrie, Self::Sshd, Self::Apache];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Feodo => "feodo",
            Self::Cowrie => "cowrie",
            Self::Sshd => "sshd",
            Self::Apache => "apache",
        }
    }

    /// The form of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// What an address in it is, unless something else is said.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::List | Self::Feodo => Role::CommandAndControl,
            Self::Cowrie | Self::Sshd | Self::Apache => Role::Source,
        }
    }
}

/// What a file does not say of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// What its addresses are.
    pub role: Role,
    /// Where those are who were attacked.
    pub victim: Place,
    /// When what has no time was seen, in seconds since 1970-01-01 UTC: when the file changed last. Lines without a year are of the year
    /// before that.
    pub time: i64,
}

/// What a line is: an attack, with its time and address where they are known, or one that none is.
type Found = Option<(i64, Option<IpAddr>, u32)>;

/// Reads a file into what is observed.
///
/// # Errors
/// [`ReadError`]; what was read before it is taken.
pub fn read(
    observed: &mut Observed,
    form: Form,
    said: Said,
    mut source: impl BufRead,
    tables: &impl Locate,
) -> Result<Report, ReadError> {
    let mut report = Report::default();
    let year = Year::before(said.time);
    let mut columns = None;
    let mut text = Vec::new();
    for line in 1_u64.. {
        text.clear();
        if (&mut source).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        if text.len() >= LINE_BYTES_MAX && text.last() != Some(&b'\n') {
            source.skip_until(b'\n')?;
            report.rows += 1;
            report.fault(line, format!("it has more than {LINE_BYTES_MAX} bytes"));
            continue;
        }
        let row = String::from_utf8_lossy(&text);
        let row = row.trim();
        if row.is_empty() || row.starts_with('#') {
            continue;
        }
        let found = match form {
            Form::List => Ok(of_list(row).map(|address| (said.time, Some(address), 1))),
            Form::Feodo => of_feodo(row, &mut columns),
            Form::Cowrie => of_cowrie(row),
            Form::Sshd => Ok(of_sshd(row, &year)),
            Form::Apache => Ok(of_apache(row)),
        };
        match found {
            Ok(None) => {}
            Ok(Some((time, address, count))) => {
                report.rows += 1;
                let hops = [Hop { address, place: Place::default(), role: said.role }];
                let sighting = Sighting { time, hops: &hops, victim: said.victim, count };
                if let Err(error) = observed.add(&sighting, tables) {
                    report.fault(line, error.to_string());
                }
            }
            Err(why) => {
                report.rows += 1;
                report.fault(line, why);
            }
        }
    }
    Ok(report)
}

/// `192.0.2.1`, `192.0.2.1:81`, `http://192.0.2.1/x`, `[2001:db8::1]:443`.
fn of_list(row: &str) -> Option<IpAddr> {
    let first = row.split([' ', '\t', ',', ';']).next()?.trim_matches('"');
    let host = first.split_once("://").map_or(first, |(_, rest)| rest);
    let host = host.split('/').next()?;
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']')?.0.parse().ok();
    }
    let (address, port) = host.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    address.parse().ok()
}

/// Where the columns of abuse.ch's table are: first seen, address, last online.
type Columns = Option<[usize; 3]>;

fn of_feodo(row: &str, columns: &mut Columns) -> Result<Found, String> {
    let fields: Vec<&str> = row.split(',').map(|field| field.trim().trim_matches('"')).collect();
    let Some([first, address, last]) = *columns else {
        let column = |name: &str| {
            let at = fields.iter().position(|field| *field == name);
            at.ok_or_else(|| {
                format!("it has no column `{name}`: the first line that is no remark names the columns")
            })
        };
        *columns = Some([column("first_seen_utc")?, column("dst_ip")?, column("last_online")?]);
        return Ok(None);
    };
    let field = |at: usize| fields.get(at).copied().unwrap_or_default();
    let address = field(address).parse().map_err(|_| "its address is none".to_owned())?;
    // Seen last is what counts; one that was never online again was seen once.
    let time = time_of(field(last)).or_else(|| time_of(field(first))).ok_or("it has no time")?;
    Ok(Some((time, Some(address), 1)))
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    eventid: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    src_ip: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    timestamp: Option<std::borrow::Cow<'a, str>>,
}

fn of_cowrie(row: &str) -> Result<Found, String> {
    let event: Event<'_> = serde_json::from_str(row).map_err(|error| error.to_string())?;
    if event.eventid != "cowrie.session.connect" {
        return Ok(None);
    }
    let time = event.timestamp.as_deref().and_then(time_of).ok_or("its `timestamp` is no time")?;
    let address = event.src_ip.as_deref().and_then(|text| text.parse().ok());
    Ok(Some((time, address, 1)))
}

/// The year of lines that do not say it: the last in which they are not after the file's last change.
struct Year {
    last: i16,
    upto: i64,
}

/// By how much a log's clock may be ahead, in seconds: that of any time zone, and some.
const AHEAD_MAX: i64 = 86_400;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Year {
    /// The year that ends with the file's last change.
    fn before(changed: i64) -> Self {
        let upto = changed.saturating_add(AHEAD_MAX);
        let last = jiff::Timestamp::from_second(upto).unwrap_or(jiff::Timestamp::MAX);
        Self { last: jiff::tz::TimeZone::UTC.to_datetime(last).year(), upto }
    }

    /// The time of `Dec 10 06:55:46`.
    fn time(&self, row: &str) -> Option<i64> {
        let mut words = row.split_ascii_whitespace();
        let name = words.next()?;
        let month = MONTHS.iter().position(|month| *month == name)? as i8 + 1;
        let (day, clock) = (words.next()?.parse().ok()?, words.next()?);
        let of = |year: i16| seconds(year, month, day, clock);
        of(self.last).filter(|at| *at <= self.upto).or_else(|| of(self.last.checked_sub(1)?))
    }
}

fn seconds(year: i16, month: i8, day: i8, clock: &str) -> Option<i64> {
    let mut parts = clock.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let at = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(at).ok().map(|at| at.as_second())
}

/// A password that failed. Older systems say it through PAM alone.
fn of_sshd(row: &str, year: &Year) -> Found {
    if !row.contains("sshd") {
        return None;
    }
    let time = year.time(row)?;
    if let Some((before, rest)) = row.split_once("Failed password for ") {
        // What a stranger typed as a name stands before the last `from`.
        let (_, after) = rest.rsplit_once(" from ")?;
        let count =
            before.split_once("message repeated ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
        return Some((time, after.split(' ').next()?.parse().ok(), count.unwrap_or(1)));
    }
    let (_, rest) = row.split_once("sshd(pam_unix)")?;
    if !rest.contains(": authentication failure;") {
        return None;
    }
    let (_, host) = rest.split_once("rhost=")?;
    Some((time, host.split(' ').next()?.parse().ok(), 1))
}

/// `[Sun Dec 04 04:47:44 2005] [error] [client 222.166.160.184] Directory index forbidden`; with a port in newer ones.
fn of_apache(row: &str) -> Found {
    let (_, client) = row.split_once("[client ")?;
    let client = client.split_once(']')?.0;
    let stamp = row.strip_prefix('[')?.split_once(']')?.0;
    let words: Vec<&str> = stamp.split_ascii_whitespace().collect();
    let [_, month, day, clock, year] = words.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name == month)? as i8 + 1;
    let clock = clock.split_once('.').map_or(*clock, |(clock, _)| clock);
    let time = seconds(year.parse().ok()?, month, day.parse().ok()?, clock)?;
    Some((time, of_list(client), 1))
}

/// A time as RFC 3339, or with a space and without a zone (UTC), or as a day.
fn time_of(text: &str) -> Option<i64> {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        19 => format!("{}Z", text.replacen(' ', "T", 1)),
        _ => text.to_owned(),
    };
    Timestamp::parse(&whole).ok().map(|time| time.micros().div_euclid(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::Country;
    use crate::transit::geo::NoTable;
    use proptest::prelude::*;

    fn seen(form: Form, text: &str) -> (Report, Vec<String>) {
        seen_upto(1_000, form, text)
    }

    fn seen_upto(time: i64, form: Form, text: &str) -> (Report, Vec<String>) {
        let victim = Place { country: Country::parse("KR").ok(), network: None };
        let said = Said { role: form.role(), victim, time };
        let mut observed = Observed::default();
        let report = read(&mut observed, form, said, text.as_bytes(), &NoTable).unwrap();
        let told = observed.sightings().map(|kept| {
            let address =
                kept.hops.first().and_then(|hop| observed.infrastructure()[hop.number() as usize].address);
            format!(
                "{} {} {}",
                kept.time,
                address.map_or("?".into(), |address| address.to_string()),
                kept.count
            )
        });
        (report, told.collect())
    }

    #[test]
    fn addresses_of_lists_are_found_and_names_passed_over() {
        let text = "# remark\n192.0.2.1\n192.0.2.2:81\nhttp://192.0.2.3/x.php\nexample.com\n/itsme.daum\n[2001:db8::1]:443\n192.0.2.4\t10\n\"192.0.2.5\",x\n1.2.3\nhttps://example.com:81\n";
        let (report, told) = seen(Form::List, text);
        assert_eq!(report.faulty, 0);
        assert_eq!(
            told,
            [
                "1000 192.0.2.1 1",
                "1000 192.0.2.2 1",
                "1000 192.0.2.3 1",
                "1000 2001:db8::1 1",
                "1000 192.0.2.4 1",
                "1000 192.0.2.5 1"
            ]
        );
    }

    #[test]
    fn the_table_of_command_and_control_has_times() {
        let text = "# a\n\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n\
            \"1970-01-02 00:00:01\",\"192.0.2.1\",\"1194\",\"online\",\"1970-01-03\",\"x\"\n\
            \"1970-01-02 00:00:01\",\"192.0.2.2\",\"1194\",\"offline\",\"\",\"x\"\n\"1970-01-02 00:00:01\",\"192.0.2\",\"1\",\"x\",\"\",\"x\"\n";
        let (report, told) = seen(Form::Feodo, text);
        assert_eq!((report.rows, report.faulty), (3, 1));
        assert_eq!(told, ["172800 192.0.2.1 1", "86401 192.0.2.2 1"]);
    }

    #[test]
    fn attacks_in_logs_are_those_that_the_log_says() {
        let text = "Dec 10 06:55:46 LabSZ sshd[1]: Invalid user webmaster from 173.234.31.186\n\
            Dec 10 06:55:48 LabSZ sshd[1]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=173.234.31.186 \n\
            Dec 10 06:55:48 LabSZ sshd[1]: Failed password for invalid user x from 192.0.2.9 from 173.234.31.186 port 38926 ssh2\n\
            Jan  1 00:00:01 LabSZ sshd[1]: message repeated 5 times: [ Failed password for root from 5.36.59.76 port 42393 ssh2]\n\
            Jan  1 00:00:02 combo sshd(pam_unix)[2]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=host.example \n";
        let (report, told) = seen_upto(1_514_851_200, Form::Sshd, text);
        assert_eq!((report.rows, report.faulty), (3, 0));
        assert_eq!(told, ["1512888948 173.234.31.186 1", "1514764801 5.36.59.76 5", "1514764802 ? 1"]);
        let text = "[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok\n\
            [Sun Dec 04 05:15:09 2005] [error] [client 222.166.160.184] Directory index forbidden by rule\n\
            [Thu May 12 08:28:57.652118 2011] [core:error] [pid 8777:tid 4326490112] [client ::1:58619] File does not exist\n";
        assert_eq!(seen(Form::Apache, text).1, ["1133673309 222.166.160.184 1", "1305188937 ::1 1"]);
        let text = "{\"eventid\": \"cowrie.session.connect\", \"src_ip\": \"85.145.209.59\", \"timestamp\": \"2018-06-15T00:04:39.596202Z\"}\n\
            {\"eventid\": \"cowrie.session.closed\", \"src_ip\": \"85.145.209.59\"}\n{\n";
        let (report, told) = seen(Form::Cowrie, text);
        assert_eq!((report.rows, report.faulty, told), (2, 1, vec!["1529021079 85.145.209.59 1".to_owned()]));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn no_line_breaks_a_reader(text in "(?s).{0,300}", form in 0..Form::ALL.len()) {
            let (report, told) = seen(Form::ALL[form], &text);
            prop_assert!(told.len() as u64 + report.faulty == report.rows);
        }
    }
}
