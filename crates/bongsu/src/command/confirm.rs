//! Confirms the steps that an import has begun: who imports by hand is the operator whom a step waits for.
//!
//! Only what the import itself brought is confirmed: meanwhile the same sender's objects may come over the network too, and
//! those wait for someone who looks at them.

use crate::exit::Failure;
use crate::node::Node;
use deliver::{Step, StepVerdict};
use line::{Seq, StorageError};
use policy::{CircleId, MemberId};
use stix::Timestamp;

/// Records that are looked at in one go.
const AT_ONCE: u64 = 20_000;

/// The numbers that an import was given in its circle's line, as runs of neighbours in order.
#[derive(Default)]
pub(crate) struct Numbers(Vec<(u64, u64)>);

impl Numbers {
    /// Adds a number; numbers are given in order.
    pub(crate) fn add(&mut self, Seq(number): Seq) {
        match self.0.last_mut() {
            Some((_, last)) if number == *last + 1 => *last = number,
            _ => self.0.push((number, number)),
        }
    }

    /// Adds the numbers of what came after.
    pub(crate) fn append(&mut self, mut later: Self) {
        self.0.append(&mut later.0);
    }

    fn has(&self, Seq(number): Seq) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < number);
        self.0.get(at).is_some_and(|(first, _)| *first <= number)
    }
}

/// An import: who brings something where, and since when.
pub(super) struct Begun {
    sender: MemberId,
    circle: CircleId,
    at: Timestamp,
    /// How long the circle's line was.
    head: Seq,
}

impl Begun {
    pub(super) fn new(node: &Node, sender: MemberId, circle: CircleId) -> Result<Self, Failure> {
        let heads = node.deliver()?.heads(sender);
        let head = heads.iter().find(|head| head.circle == circle).map_or(0, |head| head.seq);
        Ok(Self { sender, circle, at: node.now(), head: Seq(head) })
    }

    /// Confirms the steps that began since, if all that is in them has one of these numbers. Gives what is to be said.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub(super) fn confirm(&self, node: &Node, own: &Numbers) -> Result<Vec<String>, Failure> {
        let failed = |error: StorageError| Failure::new(error.to_string());
        let steps = node.deliver()?.steps().map_err(failed)?;
        let is_of_it =
            |step: &Step| step.sender == self.sender && step.circle == self.circle && step.first >= self.at;
        let mut told = Vec::new();
        for step in steps.into_iter().filter(|step| step.waiting > 0 && is_of_it(step)) {
            if self.is_own(node, &step, own).map_err(failed)? {
                step.settle(&node.gate, MemberId::NODE, StepVerdict::Confirmed)?;
                continue;
            }
            told.push(format!(
                "the step {} is not confirmed: some of it came from this member in another way meanwhile; look at it with `bongsu guard steps`",
                step.id
            ));
        }
        Ok(told)
    }

    fn is_own(&self, node: &Node, step: &Step, own: &Numbers) -> Result<bool, StorageError> {
        let mut after = self.head;
        loop {
            let (arrivals, head) = node.gate.arrivals(self.circle, "indicator", after, AT_ONCE)?;
            if head == after {
                return Ok(true);
            }
            let span = step.first.micros()..=step.last.micros();
            let mut of_step = arrivals.iter().filter(|arrival| {
                // What is announced again stands where it stood.
                arrival.sender == self.sender
                    && span.contains(&arrival.added.0)
                    && arrival.first_added == arrival.added
            });
            if !of_step.all(|arrival| own.has(arrival.seq)) {
                return Ok(false);
            }
            after = head;
        }
    }
}
