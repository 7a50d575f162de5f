//! Sigma rules: one for each kind of value, in as many parts as its length needs.
//!
//! Source: Sigma specification 2.0 (rules, modifiers `endswith`, `cidr`), its taxonomy (`dns_query`, `proxy`, `firewall`,
//! `process_creation`).

use std::fmt::Write as _;

use policy::{Level, MemberId};
use stix::Tlp;
use uuid::Uuid;
use watch::Kind;

use crate::artefact::Artefact;
use crate::entry::Entry;
use crate::gather::{Deliver, DeliverError, Gathered};

/// Most values in one rule: backends turn each into a term of a query.
const VALUES_MAX: usize = 500;
/// Names rules by what they look for (UUIDv5).
const NAMESPACE: Uuid = Uuid::from_u128(0x8d0b_4c5e_2f7a_4b53_9d5c_6e1a_70b2_c4f9);

/// Where a kind of value is looked for.
struct Place {
    kinds: &'static [Kind],
    what: &'static str,
    source: &'static str,
    /// The fields with their modifiers, and how a value stands in each.
    fields: &'static [(&'static str, Written)],
}

/// How a value is written.
type Written = fn(&str) -> String;

const PLACES: [Place; 4] = [
    Place {
        kinds: &[Kind::Domain],
        what: "domain",
        source: "    category: dns_query\n    product: windows\n",
        fields: &[("QueryName", same), ("QueryName|endswith", below)],
    },
    Place {
        kinds: &[Kind::Ipv4, Kind::Ipv6],
        what: "network address",
        source: "    category: firewall\n",
        fields: &[("dst_ip|cidr", network)],
    },
    Place {
        kinds: &[Kind::Url],
        what: "web page",
        source: "    category: proxy\n",
        fields: &[("c-uri", same)],
    },
    Place {
        kinds: &[Kind::Md5, Kind::Sha1, Kind::Sha256],
        what: "file",
        source: "    category: process_creation\n    product: windows\n",
        fields: &[("Hashes|contains", same)],
    },
];

fn same(value: &str) -> String {
    value.to_owned()
}

fn below(value: &str) -> String {
    format!(".{value}")
}

fn network(value: &str) -> String {
    let length = if value.contains(':') { 128 } else { 32 };
    if value.contains('/') { value.to_owned() } else { format!("{value}/{length}") }
}

impl Deliver {
    /// The member's rules, one document each.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn sigma(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let gathered = self.gather(member, Level::Detect, encrypted)?;
        let mut text = format!("# {}\n# {}: Sigma rules\n", gathered.tlp(), self.title);
        let mut count = 0;
        for place in &PLACES {
            for (part, entries) in in_parts(&gathered, place).iter().enumerate() {
                if count > 0 {
                    text.push_str("---\n");
                }
                text.push_str(&rule(place, part, entries, &self.title));
                count += 1;
            }
        }
        Ok(Artefact::new("application/yaml; charset=utf-8", "sigma.yml", text, count))
    }
}

fn in_parts<'g>(gathered: &'g Gathered, place: &Place) -> Vec<Vec<&'g Entry>> {
    let entries: Vec<&Entry> = place.kinds.iter().flat_map(|kind| gathered.of_kind(*kind)).collect();
    entries.chunks(VALUES_MAX).map(<[&Entry]>::to_vec).collect()
}

fn rule(place: &Place, part: usize, entries: &[&Entry], title: &str) -> String {
    let tlp = entries.iter().map(|entry| entry.tlp()).max().unwrap_or(Tlp::Clear);
    let id = Uuid::new_v5(&NAMESPACE, format!("{}/{part}", place.what).as_bytes());
    let mut detection = String::new();
    for (number, (field, written)) in place.fields.iter().enumerate() {
        // Writing to a string does not fail.
        let _ = writeln!(detection, "    listed{number}:\n        {field}:");
        for entry in entries {
            let value = written(entry.value().text());
            let _ = writeln!(detection, "            - {}", scalar(&value, field.contains("cidr")));
        }
    }
    format!(
        "title: Listed {}, part {}\nid: {id}\nstatus: experimental\ndescription: {}\nauthor: {}\ntags:\n    - tlp.{}\n\
         logsource:\n{}detection:\n{detection}    condition: 1 of listed*\nlevel: high\n",
        place.what,
        part + 1,
        quoted("Values that partners have shared; past the guard."),
        quoted(title),
        tlp.word().to_ascii_lowercase(),
        place.source,
    )
}

/// A value as a scalar of YAML. In Sigma, `*` and `?` stand for other characters unless a backslash comes before them.
fn scalar(value: &str, is_network: bool) -> String {
    if is_network {
        return quoted(value);
    }
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '*' | '?' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    quoted(&escaped)
}

/// A text in double quotes: JSON's strings are YAML's (YAML 1.2, 1.3).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_is_taken_for_a_pattern_or_ends_it() {
        assert_eq!(scalar("http://a/b?c=*", false), r#""http://a/b\\?c=\\*""#);
        assert_eq!(scalar("a\"\n- b", false), r#""a\"\n- b""#);
        assert_eq!(network("192.0.2.1"), "192.0.2.1/32");
        assert_eq!(network("2001:db8::/32"), "2001:db8::/32");
    }
}
