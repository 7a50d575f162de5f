//! Suricata rules (7.0): one signature for each value that the network shows.
//!
//! A domain is looked for with all below it in DNS queries and TLS server names, an address in either direction, a URL by
//! host and path. Files' hashes are looked for by rules of their own, since Suricata takes them as separate lists. Signature ids are made of the
//! value, so that they stay the same while a rule set changes around them.
//!
//! Source: Suricata user guide 7.0, "Rules", "DNS Keywords", "Transformations" (`dotprefix`), "HTTP Keywords".

use std::collections::HashSet;

use policy::{Level, MemberId};
use sha2::{Digest, Sha256};
use watch::{Kind, Value};

use crate::artefact::Artefact;
use crate::entry::Entry;
use crate::gather::{Deliver, DeliverError};
use crate::suricata_datasets::metadata;

/// The first signature id; the last is two thousand million above it.
pub const SID_FIRST: u32 = 1_000_000_000;
/// How many ids one protocol's rules have to themselves.
const SID_SPAN: u32 = 500_000_000;

impl Deliver {
    /// The member's rule set.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn suricata(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let gathered = self.gather(member, Level::Detect, encrypted)?;
        let mut rules = Rules::default();
        gathered.entries().for_each(|entry| rules.add(entry));
        let head = format!(
            "# {}\n# {}: {} rules for Suricata 7 from {} values\n",
            gathered.tlp(),
            self.title,
            rules.count,
            rules.values
        );
        Ok(Artefact::new("text/plain; charset=utf-8", "bongsu.rules", head + &rules.text, rules.count))
    }
}

/// Protocols in which Suricata takes files apart.
pub(crate) const FILES_IN: [&str; 5] = ["http", "http2", "smtp", "smb", "ftp-data"];
/// Kinds of hashes, with Suricata's keywords for lists of them.
const HASHES: [(Kind, &str); 3] =
    [(Kind::Md5, "filemd5"), (Kind::Sha1, "filesha1"), (Kind::Sha256, "filesha256")];
/// Ids of the rules that look for files; they stand for lists, not for values.
const SID_FILES: u32 = SID_FIRST - 1_000;

impl Deliver {
    /// Rules that look for files by their hashes. They name lists that must lie beside them: `sha256.txt` is the member's list
    /// `list/sha256.bare.txt`, and so on; there are rules for those kinds alone of which there are hashes.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn suricata_files(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let gathered = self.gather(member, Level::Detect, encrypted)?;
        let (mut rules, mut count, mut sid) = (String::new(), 0, SID_FILES);
        for (kind, keyword) in HASHES {
            let metadata = metadata(&gathered, kind);
            for protocol in FILES_IN {
                sid += 1;
                let Some(metadata) = &metadata else { continue };
                rules.push_str(&format!(
                    "alert {protocol} any any -> any any (msg:\"BONGSU file by {kind} in {protocol}\"; {keyword}:{kind}.txt; classtype:trojan-activity; {metadata}; sid:{sid}; rev:1;)\n"
                ));
                count += 1;
            }
        }
        let head = format!(
            "# {}\n# {}: {count} rules for Suricata 7 that look for files; their lists lie beside them\n",
            gathered.tlp(),
            self.title
        );
        Ok(Artefact::new("text/plain; charset=utf-8", "bongsu-files.rules", head + &rules, count))
    }
}

#[derive(Default)]
struct Rules {
    text: String,
    count: usize,
    values: usize,
    sids: HashSet<u32>,
}

impl Rules {
    fn add(&mut self, entry: &Entry) {
        let value = entry.value();
        let before = self.count;
        match value.kind() {
            Kind::Domain => self.domain(entry, value.text()),
            Kind::Ipv4 | Kind::Ipv6 => {
                let rule = format!("alert ip $HOME_NET any <> {} any (", value.text());
                self.rule(entry, &rule, "ip", "");
            }
            Kind::Url => self.url(entry, value),
            _ => {}
        }
        self.values += usize::from(self.count > before);
    }

    fn domain(&mut self, entry: &Entry, name: &str) {
        let content = format!("dotprefix; content:\".{}\"; nocase; endswith; ", escaped(name));
        self.rule(entry, "alert dns $HOME_NET any -> any any (", "dns", &format!("dns.query; {content}"));
        self.rule(entry, "alert tls $HOME_NET any -> any any (", "tls", &format!("tls.sni; {content}"));
    }

    fn url(&mut self, entry: &Entry, url: &Value) {
        let Some(host) = url.url_host() else { return };
        let rest = url.text().split_once("://").map_or("", |(_, rest)| rest);
        let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
        let path = path.split('#').next().unwrap_or("/");
        let conditions = format!(
            "http.host; content:\"{}\"; bsize:{}; http.uri; content:\"{}\"; startswith; ",
            escaped(host.text()),
            host.text().len(),
            escaped(path)
        );
        self.rule(entry, "alert http $HOME_NET any -> any any (", "http", &conditions);
    }

    fn rule(&mut self, entry: &Entry, head: &str, protocol: &str, conditions: &str) {
        let (found, value) = (entry.indicator(), entry.value());
        let sid = self.sid(protocol, value.text());
        let what = watch::defang(value);
        let rule = format!(
            "{head}msg:\"BONGSU {} {}\"; {conditions}reference:url,stix/{}; classtype:bad-unknown; metadata:tlp {}, circle {}, confidence {}; sid:{sid}; rev:1;)\n",
            value.kind(),
            message(&what),
            found.object,
            entry.tlp().word(),
            entry.circle(),
            found.confidence.map_or_else(|| "unstated".to_owned(), |confidence| confidence.to_string()),
        );
        self.text.push_str(&rule);
        self.count += 1;
    }

    /// The id of the rule for a value in a protocol; a collision takes the next free one.
    fn sid(&mut self, protocol: &str, value: &str) -> u32 {
        let hash = Sha256::new().chain_update(protocol).chain_update([0]).chain_update(value).finalize();
        let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        let base = match protocol {
            "dns" => 0,
            "tls" => SID_SPAN,
            "ip" => SID_SPAN * 2,
            _ => SID_SPAN * 3,
        };
        let mut offset = number % SID_SPAN;
        while !self.sids.insert(SID_FIRST + base + offset) {
            offset = (offset + 1) % SID_SPAN;
        }
        SID_FIRST + base + offset
    }
}

/// A `content`: what is not a plain letter, digit or harmless sign stands in hexadecimal.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'/' | b'?' | b'=' | b'&' => {
                char::from(byte).to_string()
            }
            byte => format!("|{byte:02X}|"),
        })
        .collect()
}

/// A message without what would end it.
fn message(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '"' | ';' | '\\') && !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_ends_its_content_or_its_message() {
        assert_eq!(escaped("a.b/c\";sid:1;\\|"), "a.b/c|22||3B|sid|3A|1|3B||5C||7C|");
        assert_eq!(message("a\"b;c\\d\ne"), "abcde");
    }

    #[test]
    fn ids_of_different_values_differ_and_stay() {
        let mut rules = Rules::default();
        let first = rules.sid("dns", "a.example");
        assert_ne!(first, rules.sid("dns", "a.example"), "a collision takes the next");
        assert_eq!(first, Rules::default().sid("dns", "a.example"));
        assert!(rules.sid("http", "x") > SID_FIRST + SID_SPAN * 3 - 1);
    }
}
