//! Addresses of the web whose parts stand in several fields of a record: the host in one, path and query in another.
//!
//! They are looked for where a host of such an address was found and the address itself does not stand, so that a log in which no
//! such host stands costs nothing. Read are JSON objects (`hostname` and `url` of Suricata's EVE, `host` and `uri` of Zeek,
//! `url.domain` and `url.path` of the Elastic Common Schema), Zeek's tables and the extended log format.
//!
//! Source: W3C, Extended Log File Format (WD-logfile-960323); Zeek, "Log formats"; Suricata, "EVE JSON format"; ECS, "URL fields".

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::needles::Candidate;
use crate::value::{Kind, Value, normalise};

/// Bytes of a record to both sides of its host.
const RECORD_BYTES_MAX: usize = 256 << 10;
/// Objects within one another.
const DEPTH_MAX: u8 = 8;
/// Columns of a table.
const COLUMNS_MAX: usize = 512;

/// Names of the fields for host and path, and for port, query and scheme if there are such.
struct Fields {
    host: &'static str,
    path: &'static str,
    port: &'static str,
    /// Whether the port is in the address only if it is not the usual one: then both are tried.
    is_port_of_connection: bool,
    query: &'static str,
    scheme: &'static str,
    /// Whether what is recorded is HTTP without TLS.
    is_plain: bool,
}

const NONE: &str = "";
/// Zeek's `http.log`, in JSON and as a table. Source: Zeek, `HTTP::Info`.
const ZEEK: Fields = Fields {
    host: "host",
    path: "uri",
    port: "id.resp_p",
    is_port_of_connection: true,
    query: NONE,
    scheme: NONE,
    is_plain: true,
};
const JSON: [Fields; 4] = [
    Fields {
        host: "hostname",
        path: "url",
        port: "http_port",
        is_port_of_connection: false,
        query: NONE,
        scheme: NONE,
        is_plain: true,
    },
    ZEEK,
    Fields {
        host: "host",
        path: "request_uri",
        port: NONE,
        is_port_of_connection: false,
        query: NONE,
        scheme: "scheme",
        is_plain: false,
    },
    Fields {
        host: "domain",
        path: "path",
        port: "port",
        is_port_of_connection: false,
        query: "query",
        scheme: "scheme",
        is_plain: false,
    },
];

/// The same of tables. `cs-host` and `cs(Host)` are what clients sent; what a distribution calls its own name is not.
const TABLES: [Fields; 4] = [
    ZEEK,
    Fields {
        host: "x-host-header",
        path: "cs-uri-stem",
        port: NONE,
        is_port_of_connection: false,
        query: "cs-uri-query",
        scheme: "cs-protocol",
        is_plain: false,
    },
    Fields {
        host: "cs-host",
        path: "cs-uri-stem",
        port: "s-port",
        is_port_of_connection: true,
        query: "cs-uri-query",
        scheme: NONE,
        is_plain: false,
    },
    Fields {
        host: "cs(host)",
        path: "cs-uri-stem",
        port: "s-port",
        is_port_of_connection: true,
        query: "cs-uri-query",
        scheme: NONE,
        is_plain: false,
    },
];

/// Where the parts of an address stand in the lines of a table, as its head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// What is between two fields; nothing if that is a tab or, in lines without one, a space.
    separator: Option<u8>,
    /// Places of host, path, port, query and scheme.
    places: [Option<usize>; 5],
    fields: usize,
}

impl Columns {
    /// The columns that hold behind a text, of those that held before it.
    #[must_use]
    pub fn after(text: &[u8], before: Option<Arc<Self>>) -> Option<Arc<Self>> {
        let is_head = |at: &usize| is_line_start(text, *at) && is_head(&text[*at..]);
        match memchr::memrchr_iter(b'#', text).find(is_head) {
            Some(at) => Self::of(&text[at..]).map(Arc::new),
            None => before,
        }
    }

    /// Reads a head, `#fields` of Zeek or `#Fields:` of the extended log format.
    fn of(text: &[u8]) -> Option<Self> {
        let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (separator, names) = match line.get(HEAD.len()..)? {
            [b':', names @ ..] => (None, names),
            [separator, names @ ..] => (Some(*separator), names),
            [] => return None,
        };
        let split: Vec<&[u8]> = match separator {
            Some(separator) => names.split(|byte| *byte == separator).collect(),
            None => names.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty()).collect(),
        };
        let place = |name: &str| {
            split.iter().take(COLUMNS_MAX).position(|other| other.eq_ignore_ascii_case(name.as_bytes()))
        };
        TABLES.iter().enumerate().find_map(|(fields, names)| {
            let places = [names.host, names.path, names.port, names.query, names.scheme].map(place);
            (places[0].is_some() && places[1].is_some()).then_some(Self { separator, places, fields })
        })
    }

    /// The addresses that a line says, if the host stands `at` there.
    fn addresses(&self, line: &[u8], at: usize) -> Vec<Value> {
        let separator =
            self.separator.unwrap_or(if memchr::memchr(b'\t', line).is_some() { b'\t' } else { b' ' });
        let host = memchr::memchr_iter(separator, &line[..at]).count();
        if self.places[0] != Some(host) {
            return Vec::new();
        }
        let fields: Vec<&[u8]> = line.split(|byte| *byte == separator).take(COLUMNS_MAX).collect();
        let [host, path, port, query, scheme] = self.places.map(|place| {
            let field = unescaped(fields.get(place?)?);
            Some(field).filter(|field| !field.is_empty() && field != "-" && field != "(empty)")
        });
        let (Some(host), Some(path)) = (host, path) else { return Vec::new() };
        TABLES[self.fields].joined(&host, &path, port.as_deref(), query.as_deref(), scheme.as_deref())
    }
}

/// Finds addresses by their parts, in one text.
#[derive(Debug)]
pub struct Parts<'t> {
    text: &'t [u8],
    /// Heads of tables in the text, once they are needed: where they stand, and what they say.
    heads: OnceCell<Vec<(usize, Option<Arc<Columns>>)>>,
    before: Option<Arc<Columns>>,
    /// What was read last: the addresses of the line that begins there (JSON), or of the record whose host stands there, and
    /// which of them were told.
    last: Option<(usize, Vec<(Value, bool)>)>,
}

impl<'t> Parts<'t> {
    /// `before` are the columns that hold at the beginning of the text.
    #[must_use]
    pub const fn of(text: &'t [u8], before: Option<Arc<Columns>>) -> Self {
        Self { text, heads: OnceCell::new(), before, last: None }
    }

    /// Where the host of an address stands whose other parts stand in the same record, and the address as they give it.
    pub fn find(&mut self, at: Candidate, value: &Value) -> Option<(Range<usize>, &str)> {
        if value.kind() != Kind::Url {
            return None;
        }
        let line = self.line(at);
        let name = field(&self.text[line.start..at.word]);
        if name.is_some_and(|name| !JSON.iter().any(|fields| fields.host.as_bytes() == last_part(name))) {
            return None;
        }
        // A line of JSON may hold thousands of records: it is read once, for all of them.
        let key = if name.is_some() { line.start } else { at.word };
        if self.last.as_ref().is_none_or(|(last, _)| *last != key) {
            let read = self.read(at, line.clone(), name.is_some());
            self.last = Some((key, read.into_iter().map(|address| (address, false)).collect()));
        }
        let (_, addresses) = self.last.as_mut()?;
        let (address, is_told) =
            addresses.iter_mut().find(|(address, is_told)| address == value && !is_told)?;
        *is_told = true;
        // Where it stands as a whole as well, it is found by that.
        let is_whole = memchr::memmem::find(&self.text[line], address.text().as_bytes()).is_some();
        (!is_whole).then(|| (at.word..at.end, address.text()))
    }

    /// The line that something stands in, or the part around it.
    fn line(&self, at: Candidate) -> Range<usize> {
        let text = self.text;
        let floor = at.word.saturating_sub(RECORD_BYTES_MAX);
        let roof = text.len().min(at.end + RECORD_BYTES_MAX);
        let start = memchr::memrchr(b'\n', &text[floor..at.word]).map_or(floor, |found| floor + found + 1);
        let end = memchr::memchr(b'\n', &text[at.end..roof]).map_or(roof, |found| at.end + found);
        start..end
    }

    fn read(&self, at: Candidate, range: Range<usize>, is_json: bool) -> Vec<Value> {
        let (text, start) = (self.text, range.start);
        let line = &text[range];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if is_json {
            let mut addresses = Vec::new();
            // Of a line that is longer than any record is, the middle is none.
            if !is_line_start(text, start) {
                return addresses;
            }
            // What stands before an object, such as a time, is no part of it.
            let object = memchr::memchr(b'{', line).map_or(line, |brace| &line[brace..]);
            if let Some(Ok(record)) = serde_json::Deserializer::from_slice(object).into_iter::<Json>().next()
            {
                objects(&record, DEPTH_MAX, &mut addresses);
            }
            return addresses;
        }
        let heads = self.heads.get_or_init(|| {
            let heads = memchr::memchr_iter(b'#', text)
                .filter(|at| is_line_start(text, *at) && is_head(&text[*at..]));
            heads.map(|at| (at, Columns::of(&text[at..]).map(Arc::new))).collect()
        });
        let head = heads.iter().rfind(|(head, _)| *head < start);
        let columns = head.map_or(&self.before, |(_, columns)| columns);
        columns.as_ref().map(|columns| columns.addresses(line, at.word - start)).unwrap_or_default()
    }
}

const HEAD: &[u8] = b"#fields";

fn is_head(text: &[u8]) -> bool {
    text.get(..HEAD.len()).is_some_and(|start| start.eq_ignore_ascii_case(HEAD))
}

fn is_line_start(text: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| text[before] == b'\n')
}

/// The name of the field in whose text, in JSON, something stands at the beginning.
fn field(before: &[u8]) -> Option<&[u8]> {
    let before = before.strip_suffix(b"[").unwrap_or(before).strip_suffix(b"\"")?.trim_ascii_end();
    let before = before.strip_suffix(b":")?.trim_ascii_end().strip_suffix(b"\"")?;
    let start = memchr::memrchr(b'"', before)?;
    Some(&before[start + 1..])
}

fn last_part(name: &[u8]) -> &[u8] {
    memchr::memrchr(b'.', name).map_or(name, |dot| &name[dot + 1..])
}

/// Adds the addresses that an object says, and those within it.
fn objects(record: &Json, depth: u8, addresses: &mut Vec<Value>) {
    match record {
        Json::Object(object) => {
            for name in object.keys() {
                let prefix = name.rfind('.').map_or("", |dot| &name[..=dot]);
                for fields in JSON.iter().filter(|fields| name[prefix.len()..] == *fields.host) {
                    addresses.extend(fields.of(object, prefix));
                }
            }
            if let Some(depth) = depth.checked_sub(1) {
                object.values().for_each(|within| objects(within, depth, addresses));
            }
        }
        Json::Array(list) => {
            if let Some(depth) = depth.checked_sub(1) {
                list.iter().for_each(|within| objects(within, depth, addresses));
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

impl Fields {
    /// The addresses that an object's fields say, whose names have this prefix.
    fn of(&self, object: &Map<String, Json>, prefix: &str) -> Vec<Value> {
        let text = |name: &str| match object.get(&format!("{prefix}{name}"))? {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let (Some(host), Some(path)) = (text(self.host), text(self.path)) else { return Vec::new() };
        let [port, query, scheme] = [self.port, self.query, self.scheme].map(text);
        self.joined(&host, &path, port.as_deref(), query.as_deref(), scheme.as_deref())
    }

    /// The addresses that these parts may be of, each once.
    fn joined(
        &self,
        host: &str,
        path: &str,
        port: Option<&str>,
        query: Option<&str>,
        scheme: Option<&str>,
    ) -> Vec<Value> {
        let mut addresses = Vec::new();
        let mut add = |address: &str| {
            if let Ok(value) = normalise(Kind::Url, address)
                && !addresses.contains(&value)
            {
                addresses.push(value);
            }
        };
        if path.contains("://") {
            // A request to a proxy has all of it.
            add(path);
        }
        if !path.starts_with('/') {
            return addresses;
        }
        let host = match host.parse::<std::net::Ipv6Addr>() {
            Ok(_) => format!("[{host}]"),
            Err(_) => host.to_owned(),
        };
        let query =
            query.filter(|_| !path.contains('?')).map(|query| format!("?{}", query.trim_start_matches('?')));
        let query = query.unwrap_or_default();
        let schemes = match scheme {
            Some(scheme) => vec![scheme],
            None if self.is_plain => vec!["http"],
            None => vec!["http", "https"],
        };
        for scheme in schemes {
            if let Some(port) = port {
                add(&format!("{scheme}://{host}:{port}{path}{query}"));
            }
            if port.is_none() || self.is_port_of_connection {
                add(&format!("{scheme}://{host}{path}{query}"));
            }
        }
        addresses
    }
}

/// A field of a table as it was before the table's separators in it were escaped, as `\x09` is a tab.
fn unescaped(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field);
    let mut parts = text.split("\\x");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        match byte {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(&part[2..]);
            }
            None => plain.extend(["\\x", part]),
        }
    }
    plain
}
