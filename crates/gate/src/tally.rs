//! How much was brought, which way, and what became of it: counts since the start, for whoever watches over the node.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::opening::Gate;
use crate::submit::{SubmitError, Submitted};

/// Which way objects come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Via {
    /// What the node itself does, and whatever names no other way.
    #[default]
    Node,
    /// TAXII.
    Taxii,
    /// MISP's API.
    Misp,
    /// A form of a page.
    Page,
    /// A file that an operator imports.
    Import,
    /// A source that the node pulls.
    Source,
    /// Another node.
    Federation,
}

/// What became of objects.
const FATES: [&str; 6] = ["taken", "present", "waiting", "quarantined", "refused", "failed"];
const WAYS: [(Via, &str); 7] = [
    (Via::Node, "node"),
    (Via::Taxii, "taxii"),
    (Via::Misp, "misp"),
    (Via::Page, "page"),
    (Via::Import, "import"),
    (Via::Source, "source"),
    (Via::Federation, "federation"),
];

/// Counts of objects.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: [[AtomicU64; FATES.len()]; WAYS.len()],
}

impl Tally {
    /// Counts what became of a submission of so many objects.
    pub(crate) fn count(&self, via: Via, objects: usize, told: &Result<Vec<Submitted>, SubmitError>) {
        let mut sums = [0_u64; FATES.len()];
        match told {
            Ok(told) => told.iter().for_each(|one| {
                sums[match one {
                    Submitted::Appended { .. } => 0,
                    Submitted::Present => 1,
                    Submitted::Waiting(_) => 2,
                    Submitted::Quarantined(_) => 3,
                    _ => 4,
                }] += 1;
            }),
            Err(SubmitError::Storage(_)) => sums[5] = objects as u64,
            Err(_) => sums[4] = objects as u64,
        }
        let way = WAYS.iter().position(|(known, _)| *known == via).unwrap_or_default();
        for (count, sum) in self.counts[way].iter().zip(sums).filter(|(_, sum)| *sum > 0) {
            count.fetch_add(sum, Ordering::Relaxed);
        }
    }
}

impl Gate {
    /// The same gate, for what comes in this way.
    #[must_use]
    pub fn via(&self, via: Via) -> Self {
        Self { via, ..self.clone() }
    }

    /// How many objects came which way, and what became of them, since the start: the way, what became of them, how many. `failed` are
    /// those that the store could not keep, `refused` those that some rule keeps out.
    #[must_use]
    pub fn tally(&self) -> Vec<(&'static str, &'static str, u64)> {
        let rows = WAYS.iter().zip(&self.inner.tally.counts);
        rows.flat_map(|((_, way), counts)| {
            FATES.iter().zip(counts).map(|(fate, count)| (*way, *fate, count.load(Ordering::Relaxed)))
        })
        .collect()
    }
}
