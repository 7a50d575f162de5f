//! Suricata rules over datasets (7.0): a dozen rules however many values there are, for sensors that can't hold a rule for each.
//! A million names load in 15 seconds and 200 MB (Suricata 7.0.10, one busy core).
//!
//! The rules name files that lie beside them in `datasets/`: `domain.lst` in base64, one name a line, and hashes as they are. A
//! listed domain means itself and what lies below it, while a dataset knows whole names alone: so for each number of labels that
//! listed names have, a rule cuts that many off the end of what the network shows and looks that up.
//!
//! Source: Suricata user guide 7.0, "Datasets", "Transformations" (`to_lowercase`, `pcrexform`, `to_sha256`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::{Level, MemberId};
use watch::Kind;

use crate::artefact::Artefact;
use crate::entry::Entry;
use crate::gather::{Deliver, DeliverError, Gathered};
use crate::suricata::{FILES_IN, SID_FIRST};

/// What datasets hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// Domains.
    Domain,
    /// MD5 hashes of files.
    Md5,
    /// SHA-256 hashes of files.
    Sha256,
}

/// Most labels of a name that has a rule: `a.b.example` has three.
const LABELS_MAX: usize = 12;
/// Ids of the rules; they stand for sets, not for values.
const SID_NAMES: u32 = SID_FIRST - 900;
const SID_HASHES: u32 = SID_FIRST - 800;
/// Room that Suricata sets aside for a set, in bytes: for each value, and in any case.
const VALUE_BYTES: usize = 192;
const SET_BYTES_MIN: usize = 16 << 20;

/// Slots of a set: Suricata's default and the most that it takes unless its configuration says otherwise (`single-hashsize`).
const SLOTS_MIN: usize = 4_096;
const SLOTS_MAX: usize = 262_144;

/// Where names are looked for: the protocol, its buffer, and what makes it lower case.
const NAMES_IN: [(&str, &str, &str); 3] = [
    ("dns", "dns.query", "to_lowercase; "),
    ("tls", "tls.sni", "to_lowercase; "),
    // Suricata makes this one lower case itself.
    ("http", "http.host", ""),
];

impl Set {
    pub(crate) const ALL: [Self; 3] = [Self::Domain, Self::Md5, Self::Sha256];

    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Domain => Kind::Domain,
            Self::Md5 => Kind::Md5,
            Self::Sha256 => Kind::Sha256,
        }
    }

    /// How rules name the set, with how large it may become.
    fn clause(self, count: usize) -> String {
        let kind = self.kind();
        let of = if self == Self::Domain { "string" } else { kind.as_str() };
        let (slots, room) = (count.next_power_of_two(), SET_BYTES_MIN.max(count * VALUE_BYTES));
        format!(
            "dataset:isset,bongsu-{kind},type {of},load datasets/{kind}.lst,memcap {room},hashsize {}",
            slots.clamp(SLOTS_MIN, SLOTS_MAX)
        )
    }
}

impl Deliver {
    /// The rules.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn suricata_datasets(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let gathered = self.gather(member, Level::Detect, encrypted)?;
        let (mut rules, mut count) = (String::new(), 0);
        let mut rule = |head: &str, conditions: &str, metadata: &str, class: &str, sid: u32| {
            // Writing to a string does not fail.
            let _ = writeln!(
                rules,
                "alert {head} ({conditions}; classtype:{class}; {metadata}; sid:{sid}; rev:1;)"
            );
            count += 1;
        };
        if let Some(metadata) = metadata(&gathered, Kind::Domain) {
            let clause = Set::Domain.clause(gathered.count(Kind::Domain));
            let mut sid = SID_NAMES;
            for (protocol, buffer, lower) in NAMES_IN {
                for (labels, is_there) in labels(&gathered).into_iter().enumerate() {
                    sid += 1;
                    if !is_there {
                        continue;
                    }
                    let name = vec!["[^.]+"; labels].join("[.]");
                    // What has fewer labels passes the transformation as it is, and must not count.
                    let conditions = format!(
                        "msg:\"BONGSU listed domain in {protocol}\"; {buffer}; {lower}pcrexform:\"({name})$\"; pcre:\"/^{name}$/\"; {clause}"
                    );
                    let head = format!("{protocol} $HOME_NET any -> any any");
                    rule(&head, &conditions, &metadata, "bad-unknown", sid);
                }
            }
        }
        let mut sid = SID_HASHES;
        for set in [Set::Md5, Set::Sha256] {
            let metadata = metadata(&gathered, set.kind());
            for protocol in FILES_IN {
                sid += 1;
                let Some(metadata) = &metadata else { continue };
                let conditions = format!(
                    "msg:\"BONGSU listed file by {kind} in {protocol}\"; file.data; to_{kind}; {}",
                    set.clause(gathered.count(set.kind())),
                    kind = set.kind(),
                );
                rule(
                    &format!("{protocol} any any -> any any"),
                    &conditions,
                    metadata,
                    "trojan-activity",
                    sid,
                );
            }
        }
        let head = format!(
            "# {}\n# {}: {count} rules for Suricata 7; their sets lie beside them in datasets/\n",
            gathered.tlp(),
            self.title
        );
        Ok(Artefact::new("text/plain; charset=utf-8", "bongsu-datasets.rules", head + &rules, count))
    }

    /// The file of one set. It has no comments: Suricata would take them for values.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn suricata_dataset(
        &self,
        member: MemberId,
        set: Set,
        encrypted: bool,
    ) -> Result<Artefact, DeliverError> {
        let gathered = self.gather(member, Level::Detect, encrypted)?;
        let kind = set.kind();
        let mut body = String::new();
        for entry in gathered.of_kind(kind) {
            match set {
                Set::Domain => STANDARD.encode_string(entry.value().text(), &mut body),
                Set::Md5 | Set::Sha256 => body.push_str(entry.value().text()),
            }
            body.push('\n');
        }
        Ok(Artefact::new("text/plain; charset=utf-8", format!("{kind}.lst"), body, gathered.count(kind)))
    }
}

/// Which numbers of labels listed domains have, up to [`LABELS_MAX`].
fn labels(gathered: &Gathered) -> [bool; LABELS_MAX + 1] {
    let mut there = [false; LABELS_MAX + 1];
    for entry in gathered.of_kind(Kind::Domain) {
        let labels = entry.value().text().split('.').count();
        if let Some(there) = there.get_mut(labels) {
            *there = true;
        }
    }
    there
}

/// What rules say of a set: its strictest mark and the circles that it comes from; nothing if it is empty.
pub(crate) fn metadata(gathered: &Gathered, kind: Kind) -> Option<String> {
    let tlp = gathered.of_kind(kind).map(Entry::tlp).max()?;
    let circles: BTreeSet<&str> = gathered.of_kind(kind).map(Entry::circle).collect();
    let circles = circles.into_iter().map(|circle| format!(", circle {circle}")).collect::<String>();
    Some(format!("metadata:tlp {}{circles}", tlp.word()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_asks_for_no_more_slots_than_suricata_gives() {
        let slots = |count| Set::Domain.clause(count).rsplit(' ').next().map(str::to_owned);
        assert_eq!(slots(1).as_deref(), Some("4096"));
        assert_eq!(slots(100_000).as_deref(), Some("131072"));
        assert_eq!(slots(1_000_000).as_deref(), Some("262144"), "with more, no rule is loaded");
    }
}
