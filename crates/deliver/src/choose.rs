//! What of a list goes to a device that does not hold all of it: what matters most first.
//!
//! A value's score is the confidence that is left in it, in whole points, and [`RELEVANT_POINTS`] more where what it belongs to
//! targets the member's sector or country (`relevance.rs`). Of equal scores the fresher one goes first, then the one that comes
//! first by its text: so the choice is the same whenever the list is. The chosen stand in the list's own order.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use stix::Timestamp;
use watch::Kind;

use crate::device::Limits;
use crate::entry::{Claimed as _, Entry, Key};
use crate::gather::Gathered;
use crate::list::{Form, line_bytes, shown};

/// What being aimed at the likes of the member is worth, beside 0 to 100 points of confidence.
const RELEVANT_POINTS: u32 = 25;

/// What was chosen, and what was left out.
#[derive(Debug, Default)]
pub(crate) struct Choice<'g> {
    /// In the list's order.
    pub(crate) kept: Vec<&'g Entry>,
    /// In the list's order.
    pub(crate) left_out: Vec<&'g Entry>,
}

/// How much an entry matters; the least value matters most.
type Rank<'g> = (Reverse<u32>, Reverse<Option<Timestamp>>, &'g watch::Value);

fn rank<'g>(gathered: &Gathered, entry: &'g Entry, relevant: &HashSet<Key>) -> Rank<'g> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let confidence = gathered.confidence(entry).round() as u32;
    let more = if relevant.contains(&entry.claim().key()) { RELEVANT_POINTS } else { 0 };
    let fresh = gathered.seen_last(entry).max(entry.indicator().valid_from);
    (Reverse(confidence + more), Reverse(fresh), entry.value())
}

/// Chooses from `entries`, the list of one kind or of several, what fits `limits`, of which `bytes` may be taken by lines.
///
/// What a device can't take at all is left out; of the rest those that rank highest go, up to the first that has no room. Values
/// that the form shows as the same go together, and take the room of one.
pub(crate) fn choose<'g>(
    gathered: &'g Gathered,
    entries: Vec<&'g Entry>,
    (kind, form): (Option<Kind>, Form),
    limits: &Limits,
    bytes: usize,
    relevant: &HashSet<Key>,
) -> Choice<'g> {
    let takes = |entry: &&&Entry| limits.takes(entry.value(), line_bytes(entry, form));
    let line = |entry: &&'g Entry| (entry.value().kind(), shown(entry.value(), form));
    let mut ranked: Vec<(Rank<'_>, &Entry)> =
        entries.iter().filter(takes).map(|entry| (rank(gathered, entry, relevant), *entry)).collect();
    ranked.sort_by(|a, b| a.0.cmp(&b.0));
    let (mut room, mut of_kind): (usize, HashMap<Kind, usize>) = (bytes, HashMap::new());
    let mut chosen: HashSet<(Kind, &str)> = HashSet::new();
    let most = limits.entries_in_all(kind);
    for (_, entry) in ranked {
        if chosen.contains(&line(&entry)) {
            continue;
        }
        let kind = entry.value().kind();
        let of_kind = of_kind.entry(kind).or_default();
        // A kind that is full leaves room for others; a list that is full does not.
        if *of_kind >= limits.entries_of(kind) && chosen.len() < most {
            continue;
        }
        let needed = line_bytes(entry, form) + 1;
        if chosen.len() >= most || needed > room {
            break;
        }
        room -= needed;
        *of_kind += 1;
        chosen.insert(line(&entry));
    }
    let (kept, left_out) = entries.into_iter().partition(|entry| chosen.contains(&line(entry)));
    Choice { kept, left_out }
}
