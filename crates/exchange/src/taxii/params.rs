//! Query parameters (section 3.4): several values stand in one parameter, with commas between.

use gate::{Query, VersionMatch};
use line::Seq;
use percent_encoding::percent_decode_str;
use stix::{ObjectId, SpecVersion, Timestamp};

use super::error::TaxiiError;
use super::{PAGE_BYTES_MAX, PAGE_OBJECTS_DEFAULT, PAGE_OBJECTS_MAX};

/// The parameters that are known.
const NAMES: [&str; 7] =
    ["added_after", "limit", "next", "match[id]", "match[type]", "match[spec_version]", "match[version]"];
/// Most values of one filter.
const VALUES_MAX: usize = 1_000;

/// A filter that named something, of which nothing can ever match.
pub(super) enum Asked {
    /// Ask the gate.
    For(Box<Query>),
    /// The answer is empty whatever the circle holds.
    Nothing,
}

/// Reads the query string. What is not known is left alone, as the specification wants.
pub(super) fn read(query: Option<&str>) -> Result<Asked, TaxiiError> {
    let mut asked =
        Query { limit: PAGE_OBJECTS_DEFAULT, bytes_max: Some(PAGE_BYTES_MAX), ..Query::default() };
    let mut impossible = false;
    let mut seen = [false; NAMES.len()];
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        // Named twice, one of them would not count (3.4: at most one instance of each).
        if let Some(at) = NAMES.iter().position(|known| *known == name)
            && std::mem::replace(&mut seen[at], true)
        {
            return Err(TaxiiError::bad_request(format!(
                "`{name}` stands there twice; several values go into one, with commas between"
            )));
        }
        let values: Vec<&str> = value.split(',').map(str::trim).filter(|value| !value.is_empty()).collect();
        if values.len() > VALUES_MAX {
            return Err(TaxiiError::bad_request(format!(
                "`{name}` names more than {VALUES_MAX} values; split the request"
            )));
        }
        match name.as_str() {
            "added_after" => asked.added_after = Some(timestamp("added_after", &value)?),
            "limit" => asked.limit = limit(&value)?,
            "next" => asked.after = next(&value)?,
            "match[id]" => {
                asked.ids.extend(values.iter().filter_map(|id| ObjectId::parse(id).ok()));
                impossible |= asked.ids.is_empty();
            }
            "match[type]" => {
                asked.types.extend(values.iter().map(|name| (*name).to_owned()));
                impossible |= asked.types.is_empty();
            }
            "match[spec_version]" => {
                asked.spec_versions.extend(values.iter().filter_map(|version| match *version {
                    "2.0" => Some(SpecVersion::V20),
                    "2.1" => Some(SpecVersion::V21),
                    _ => None,
                }));
                impossible |= asked.spec_versions.is_empty();
            }
            "match[version]" => {
                for version in &values {
                    asked.versions.push(version_match(version)?);
                }
                impossible |= asked.versions.is_empty();
            }
            _ => {}
        }
    }
    Ok(if impossible { Asked::Nothing } else { Asked::For(Box::new(asked)) })
}

fn decoded(text: &str) -> Result<String, TaxiiError> {
    let spaced = text.replace('+', "%2B");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(Into::into).map_err(|_| TaxiiError::bad_request("the query string is not UTF-8"))
}

fn timestamp(name: &str, value: &str) -> Result<Timestamp, TaxiiError> {
    Timestamp::parse(value).map_err(|error| {
        TaxiiError::bad_request(format!(
            "`{name}` is no timestamp ({error}); write 2026-01-31T12:00:00.000000Z"
        ))
    })
}

fn limit(value: &str) -> Result<usize, TaxiiError> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse::<u64>() {
        Ok(limit) if limit > 0 && digits => {
            Ok(usize::try_from(limit).unwrap_or(usize::MAX).min(PAGE_OBJECTS_MAX))
        }
        _ => Err(TaxiiError::bad_request("`limit` is a whole number from 1")),
    }
}

/// A number in a line; those are given out one by one, and so stay below what is read here.
fn next(value: &str) -> Result<Seq, TaxiiError> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse::<u32>().ok().filter(|_| digits);
    number
        .map(|number| Seq(number.into()))
        .ok_or_else(|| TaxiiError::bad_request("`next` is what the page before gave; start without it"))
}

fn version_match(value: &str) -> Result<VersionMatch, TaxiiError> {
    match value {
        "last" => Ok(VersionMatch::Last),
        "first" => Ok(VersionMatch::First),
        "all" => Ok(VersionMatch::All),
        at => Timestamp::parse(at).map(VersionMatch::At).map_err(|_| {
            TaxiiError::bad_request("`match[version]` is `first`, `last`, `all` or a version's own timestamp")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Query {
        match read(Some(query)).unwrap_or_else(|error| panic!("{query}: {error:?}")) {
            Asked::For(query) => *query,
            Asked::Nothing => panic!("{query}: nothing"),
        }
    }

    #[test]
    fn filters_are_read_however_they_are_encoded() {
        let query = asked(
            "match%5Btype%5D=indicator,malware&match[version]=all&limit=5&next=17&added_after=2016-02-01T00:00:01.000001Z",
        );
        assert_eq!(query.types, ["indicator", "malware"]);
        assert_eq!(
            (query.limit, query.after, query.versions.as_slice()),
            (5, Seq(17), &[VersionMatch::All][..])
        );
        assert_eq!(query.added_after.unwrap().to_string(), "2016-02-01T00:00:01.000001Z");
        assert_eq!(asked("limit=99999999").limit, PAGE_OBJECTS_MAX);
        assert_eq!(asked("unknown=1&match[nonsense]=2").limit, PAGE_OBJECTS_DEFAULT);
        assert_eq!(asked("match[version]=first,2016-01-01T00:00:00Z").versions.len(), 2);
    }

    #[test]
    fn what_can_match_nothing_is_no_error_and_what_is_malformed_is() {
        for nothing in ["match[id]=nonsense", "match[type]=", "match[spec_version]=3.0", "match[version]="] {
            assert!(matches!(read(Some(nothing)), Ok(Asked::Nothing)), "{nothing}");
        }
        for bad in [
            "limit=0",
            "limit=-1",
            "limit=x",
            "limit=+5",
            "limit=1&limit=2",
            "next=1&next=2",
            "next=+1",
            "match[id]=nonsense&match%5Bid%5D=indicator--7e0d2f0a-2222-4d5a-9a5e-0d8c0b7c1a01",
            "match[version]=all&match[version]=first",
            "next=x",
            "next=4294967296",
            "next=18446744073709551615",
            "added_after=yesterday",
            "match[id]=%ff",
            "match[version]=newest",
            "match[version]=last,newest",
        ] {
            assert!(read(Some(bad)).is_err(), "{bad}");
        }
    }
}
