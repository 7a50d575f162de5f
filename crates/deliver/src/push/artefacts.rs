//! Which artefacts of a member have changed.
//!
//! What lies behind them is compared, not their bytes: views that are the same are kept once, and of others only what differs
//! is looked at. An artefact that is named may hold the same bytes after all; its entity tag tells.

use std::collections::BTreeSet;

use policy::{Level, MemberId};
use watch::Kind;

use crate::advisory;
use crate::ask::Ask;
use crate::gather::{Deliver, DeliverError, Gathered};
use crate::list::{Form, KINDS};

/// Everything that a member may act on, in each form that it is offered.
#[derive(Debug, Clone)]
pub(crate) struct Seen(Vec<(Level, Gathered)>);

impl Deliver {
    /// What stands behind the member's artefacts now.
    pub(crate) fn seen(&self, member: MemberId, encrypted: bool) -> Result<Seen, DeliverError> {
        let book = self.gate.book();
        let offered = self.offered(&book, member, Level::Read)?.level;
        let levels = [Level::Read, Level::List, Level::Block, Level::Detect];
        let levels = levels.into_iter().filter(|level| *level <= offered);
        let seen = levels.map(|level| Ok((level, self.gather(member, level, encrypted)?)));
        seen.collect::<Result<_, DeliverError>>().map(Seen)
    }
}

impl Seen {
    /// The names of the artefacts that may have changed since `earlier`; of all that are offered, if there is no earlier.
    pub(crate) fn changed_since(&self, earlier: Option<&Self>) -> Vec<String> {
        let mut names = Vec::new();
        for (level, gathered) in &self.0 {
            let before = earlier.and_then(|earlier| earlier.0.iter().find(|(known, _)| known == level));
            let kinds = match before {
                Some((_, before)) => gathered.kinds_since(before),
                None => Kind::ALL.into_iter().collect(),
            };
            names.extend(of(*level, &kinds).into_iter().map(|ask| ask.to_string()));
        }
        names
    }
}

/// The artefacts of a level that hold values of some of these kinds.
fn of(level: Level, kinds: &BTreeSet<Kind>) -> Vec<Ask> {
    let any = |some: &[Kind]| some.iter().any(|kind| kinds.contains(kind));
    let network = [Kind::Domain, Kind::Ipv4, Kind::Ipv6, Kind::Url];
    let files = [Kind::Md5, Kind::Sha1, Kind::Sha256];
    let asks: Vec<(Ask, bool)> = match level {
        Level::Read => vec![(Ask::Advisory(advisory::Form::Html, None), !kinds.is_empty())],
        Level::List => {
            let of_kind = |kind: Kind| (Ask::List(Some(kind), Form::Plain), any(&[kind]));
            let all = (Ask::List(None, Form::Plain), any(&KINDS));
            KINDS.into_iter().map(of_kind).chain([all]).collect()
        }
        Level::Block => vec![
            (Ask::Zone, any(&network)),
            (Ask::Nftables, any(&[Kind::Ipv4, Kind::Ipv6])),
            (Ask::NftablesSets, any(&[Kind::Ipv4, Kind::Ipv6])),
        ],
        Level::Detect => vec![
            (Ask::Suricata, any(&network)),
            (Ask::SuricataFiles, any(&files)),
            (Ask::Zeek, any(&network) || any(&files) || any(&[Kind::Sha512, Kind::Email])),
            (Ask::Sigma, any(&network) || any(&files)),
            (Ask::SuricataDatasets, any(&[Kind::Domain]) || any(&files)),
            (Ask::Patterns, !kinds.is_empty()),
            (Ask::Watch, !kinds.is_empty()),
        ],
        Level::Exchange => Vec::new(),
    };
    asks.into_iter().filter(|(_, is_changed)| *is_changed).map(|(ask, _)| ask).collect()
}
