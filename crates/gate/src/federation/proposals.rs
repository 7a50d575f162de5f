//! Drafts of agreements, whose signatures nodes bring each other until all have them.
//!
//! A draft itself goes by hand: what its members are to sign, each must have read. What is exchanged are signatures alone, between
//! nodes that the draft names as homes, and each is verified before it is kept. Nothing counts by that: an agreement counts on a node
//! when its operator adds it.

use std::collections::BTreeMap;

use policy::{Agreed, Agreement, Book, CircleId, Entry, MemberId, Peer};

use super::{FederationError, hex};
use crate::opening::{Gate, GateError};

/// SHA-256 of what is signed of an agreement, in hexadecimal: names this version and no other, and no other draft of it.
#[must_use]
pub fn digest(agreement: &Agreement) -> String {
    hex(agreement.text().as_bytes())
}

/// What is known here under a digest, draft or agreement, if it names both nodes as homes.
fn known<'b>(
    book: &'b Book,
    own: &Gate,
    peer: &Peer,
    circle: CircleId,
    named: &str,
) -> Result<&'b Agreed, FederationError> {
    let known = book.proposal(circle).into_iter().chain(book.agreed(circle));
    known
        .filter(|_| !peer.ended)
        .filter(|known| {
            [&peer.key, own.home()].iter().all(|key| known.agreement.at_home(key).next().is_some())
        })
        .find(|known| digest(&known.agreement) == named)
        .ok_or(FederationError::NotFound)
}

impl Gate {
    /// The drafts that name members of this node and of that one, with their digests and the signatures that are here.
    #[must_use]
    pub fn signatures_with(&self, peer: &Peer) -> Vec<(CircleId, String, BTreeMap<MemberId, String>)> {
        let book = self.book();
        let drafts = book.proposals().filter(|_| !peer.ended);
        let names = |agreed: &&Agreed| {
            let homes = [&peer.key, self.home()];
            homes.iter().all(|key| agreed.agreement.at_home(key).next().is_some())
        };
        drafts
            .filter(names)
            .map(|agreed| (agreed.agreement.circle, digest(&agreed.agreement), agreed.signatures.clone()))
            .collect()
    }

    /// Takes in the signatures that another node has of a draft which is known here; gives those that are here.
    ///
    /// What is no member's signature, or does not hold, is passed over.
    ///
    /// # Errors
    /// [`FederationError::NotFound`] for a draft that is not known here or does not name the other node; [`GateError`] otherwise.
    pub fn exchange_signatures(
        &self,
        circle: CircleId,
        peer: &Peer,
        named: &str,
        brought: BTreeMap<MemberId, String>,
    ) -> Result<BTreeMap<MemberId, String>, ExchangeError> {
        let mut has = {
            let book = self.book();
            known(&book, self, peer, circle, named)?.clone()
        };
        let new = has.take(brought);
        if new.is_empty() {
            return Ok(has.signatures);
        }
        let mut signatures = BTreeMap::new();
        self.change_all(MemberId::NODE, |book| {
            let mut known = known(book, self, peer, circle, named)?.clone();
            let is_draft = book.proposal(circle).is_some_and(|draft| draft.agreement == known.agreement);
            let before = known.signatures.len();
            for (member, jws) in new {
                known.signatures.entry(member).or_insert(jws);
            }
            signatures.clone_from(&known.signatures);
            let is_more = is_draft && known.signatures.len() > before;
            Ok::<_, ExchangeError>(is_more.then(|| Entry::Proposal(Box::new(known))).into_iter().collect())
        })?;
        Ok(signatures)
    }
}

/// Why no signatures were exchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// There is no such draft between the two nodes.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// What came could not be kept.
    #[error(transparent)]
    Gate(#[from] GateError),
}
